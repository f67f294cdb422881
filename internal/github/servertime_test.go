package github_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

func TestServerTimeIsGitHubs(t *testing.T) {
	there := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", there.Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":{"viewer":{"login":"bot"}}}`))
	}))
	defer srv.Close()
	here := there.Add(-40 * time.Minute)
	c, err := github.New(github.Options{Token: github.NewSecret("t"), APIURL: srv.URL, Now: func() time.Time { return here }})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ServerTime(); !got.Equal(here) {
		t.Errorf("before any answer it is %v, want ours", got)
	}
	if _, err := c.User(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.ServerTime(); !got.Equal(there) {
		t.Errorf("server time %v, want %v", got, there)
	}
}
