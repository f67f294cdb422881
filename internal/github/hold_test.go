package github_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

var errLost = errors.New("the lock was lost")

// TestHeldBack: a write goes out only while the condition holds, asked when the connection wants the body.
func TestHeldBack(t *testing.T) {
	for _, tt := range []struct {
		name     string
		body     int // bytes
		grants   int32
		unclear  bool
		executed int32
	}{
		{"granted", 10, 1 << 20, false, 1},
		{"refused", 10, 0, false, 0},
		{"refused when a piece had left", 1 << 20, 2, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var executed, asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					return // a request whose body is not whole does nothing
				}
				executed.Add(1)
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write([]byte(`{"number": 7}`))
			}))
			defer server.Close()
			c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: server.URL, Now: time.Now, WriteInterval: -1})
			if err != nil {
				t.Fatal(err)
			}
			ctx := github.SendOnlyWhile(t.Context(), func() error {
				if asked.Add(1) > tt.grants {
					return errLost
				}
				return nil
			})
			_, err = c.CreateIssue(ctx, "acme/platform", github.IssueRequest{Title: "T", Body: strings.Repeat("x", tt.body)})
			server.CloseClientConnections()
			if n := executed.Load(); n != tt.executed {
				t.Errorf("executed %d times, want %d", n, tt.executed)
			}
			if tt.executed == 1 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, errLost) || github.NotExecuted(err) == tt.unclear {
				t.Errorf("error %v; not executed: %v", err, github.NotExecuted(err))
			}
		})
	}
}

// TestHeldBackAfterWaiting: what held before the wait for a limit is asked again after it. Reads do not ask.
func TestHeldBackAfterWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(time.Minute)
		limit := reply{status: 403, header: map[string]string{"Retry-After": "70"}, body: `{"message":"You have exceeded a secondary rate limit."}`}
		s := &script{replies: []reply{limit, {status: 201, body: `{"number":7}`}}}
		c := newClient(t, wholeBodies{s}, func(o *github.Options) { o.MaxWait = 2 * time.Minute })
		ctx := github.SendOnlyWhile(t.Context(), func() error {
			if time.Now().After(until) {
				return errLost
			}
			return nil
		})
		_, err := c.CreateIssue(ctx, "acme/platform", github.IssueRequest{Title: "T", Body: "B"})
		if !errors.Is(err, errLost) || !github.NotExecuted(err) || s.count() != 1 {
			t.Errorf("error %v after %d requests", err, s.count())
		}
		s.replies = []reply{ok(`{"data":{"viewer":{"login":"b"}}}`)}
		if _, err := c.User(ctx); err != nil {
			t.Errorf("a read was held back: %v", err)
		}
	})
}

// wholeBodies sends nothing whose body can't be read to its end.
type wholeBodies struct{ to http.RoundTripper }

func (w wholeBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(data)))
	}
	return w.to.RoundTrip(r)
}

// Those who send to somebody else than GitHub ask the same condition.
func TestMaySend(t *testing.T) {
	if err := github.MaySend(t.Context()); err != nil {
		t.Errorf("without a condition: %v", err)
	}
	gone := errors.New("the lock is another's")
	var held *github.HeldBackError
	if err := github.MaySend(github.SendOnlyWhile(t.Context(), func() error { return gone })); !errors.As(err, &held) || !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	if err := github.MaySend(github.SendOnlyWhile(t.Context(), func() error { return nil })); err != nil {
		t.Errorf("while it holds: %v", err)
	}
}
