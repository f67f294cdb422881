package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

const token = "ghp_0123456789secret"

// sent is one request as the base transport saw it.
type sent struct {
	method, url, auth, body string
	at                      time.Time
}

// reply is one scripted answer.
type reply struct {
	status  int
	header  map[string]string
	body    string
	err     error // instead of an answer
	bodyErr error // after body, instead of its end
	hang    bool  // until the request's context ends
}

func ok(body string) reply { return reply{status: 200, body: body} }

// script answers requests in memory, so that synctest's clock can run. After its last reply it repeats
// that one.
type script struct {
	mu      sync.Mutex
	replies []reply
	log     []sent
	headers http.Header // of the last request
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	s.mu.Lock()
	s.log = append(s.log, sent{method: req.Method, url: req.URL.String(), auth: req.Header.Get("Authorization"), body: string(body), at: time.Now()})
	s.headers = req.Header.Clone()
	r := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	s.mu.Unlock()
	if r.hang {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if r.err != nil {
		return nil, r.err
	}
	resp := &http.Response{
		StatusCode: r.status, Status: fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Request: req, ContentLength: -1,
		Body: io.NopCloser(io.MultiReader(strings.NewReader(r.body), errReader{r.bodyErr})),
	}
	for k, v := range r.header {
		resp.Header.Set(k, v)
	}
	return resp, nil
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	return 0, io.EOF
}

// newClient is a client of api.github.com over a script, with a token and without random waits.
func newClient(t *testing.T, base http.RoundTripper, change ...func(*github.Options)) *github.Client {
	t.Helper()
	o := github.Options{Token: github.NewSecret(token), Base: base, Now: time.Now, Jitter: func() float64 { return 0 }, WriteInterval: -1}
	for _, f := range change {
		f(&o)
	}
	c, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// logTo makes a client log everything into a buffer.
func logTo(b *bytes.Buffer) func(*github.Options) {
	return func(o *github.Options) {
		o.Logger = slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

func as[E error](t *testing.T, err error) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("error is %T (%v), want a %T", err, err, *new(E))
	}
	return e
}

// rate is the header of an answer in the middle of an hour.
func rate(remaining int, reset time.Time, more ...string) map[string]string {
	h := map[string]string{
		"X-Ratelimit-Limit": "5000", "X-Ratelimit-Remaining": fmt.Sprint(remaining), "X-Ratelimit-Reset": fmt.Sprint(reset.Unix()), "X-Ratelimit-Resource": "core",
	}
	for i := 0; i+1 < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}
