package pipeline

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/store"
)

// owner is a store whose lock nobody takes.
type owner struct{ Writer }

func (owner) Commit(context.Context, store.Lease, *store.Update) error { return nil }

// TestNothingIsSentWhenTheLockRunsOut: nobody has taken the lock yet, but the next moment somebody may. A clock that was
// set back, or that stood still while the machine slept, does not make the lock last longer.
func TestNothingIsSentWhenTheLockRunsOut(t *testing.T) {
	const ttl = 20 * time.Minute
	start := time.Now()
	for _, tt := range []struct {
		name    string
		passed  time.Duration // since the lock was asked for
		expires time.Duration // from the start, as the wall clock shows it then
		sent    bool
	}{
		{"at once", 0, ttl, true},
		{"with time enough left", ttl - 2*sendMargin, ttl, true},
		{"with too little left", ttl - sendMargin/2, ttl, false},
		{"after it ran out", 2 * ttl, ttl, false},
		{"the wall clock was set back", ttl, ttl + 24*time.Hour, false},
		{"the other clock stood still", 0, sendMargin / 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var executed atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					return // the head of a request may arrive; without its body it does nothing
				}
				executed.Add(1)
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write([]byte(`{"number": 7}`))
			}))
			defer server.Close()
			c, err := github.New(github.Options{Token: github.NewSecret("secret"), APIURL: server.URL, Now: time.Now, WriteInterval: -1})
			if err != nil {
				t.Fatal(err)
			}
			lease := store.Lease{Holder: "me", Fence: 1, Expires: start.Add(tt.expires).Round(0)}
			w := &writing{
				r:     &Runner{Writer: owner{}, Now: func() time.Time { return start.Add(tt.passed) }},
				lease: lease, held: holding{lease: lease, asked: start, ttl: ttl},
			}
			_, err = c.CreateIssue(w.sending(t.Context()), "acme/platform", github.IssueRequest{Title: "T", Body: "B"})
			if sent := executed.Load() == 1; sent != tt.sent || (err == nil) != tt.sent {
				t.Errorf("sent: %v, error %v", sent, err)
			}
			if err != nil && (!errors.Is(err, store.ErrFenced) || !github.NotExecuted(err)) {
				t.Errorf("error %v: it is not that of a lost lock, or leaves open whether something was sent", err)
			}
		})
	}
}
