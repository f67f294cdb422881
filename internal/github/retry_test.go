package github_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

const html502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>"

// bad are answers that say nothing of whether the request was executed.
func bad() map[string]reply {
	return map[string]reply{
		"500":              {status: 500, body: `{"message":"Server Error"}`},
		"502 HTML":         {status: 502, body: html502, header: map[string]string{"Content-Type": "text/html"}},
		"503":              {status: 503},
		"504":              {status: 504},
		"200 HTML":         ok("<!DOCTYPE html><html><body>Sign in</body></html>"),
		"empty":            ok(""),
		"white space":      ok(" \n"),
		"cut JSON":         ok(`{"default_branch":"ma`),
		"cut body":         {status: 200, body: `{"default_branch":`, bodyErr: io.ErrUnexpectedEOF},
		"reset":            {err: &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}},
		"reset in body":    {status: 200, body: `{"n`, bodyErr: &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}},
		"closed":           {err: io.EOF},
		"no answer in 30s": {hang: true},
	}
}

func TestReadsAreSentAgain(t *testing.T) {
	for name, b := range bad() {
		for act, do := range map[string]func(*testing.T, *github.Client) error{"read": readBranch, "query": askViewer} {
			t.Run(name+" "+act, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{replies: []reply{b, b, ok(`{"default_branch":"main","data":{"viewer":{"login":"b"}}}`)}}
					c := newClient(t, s)
					if err := do(t, c); err != nil {
						t.Fatalf("%v, want success with the third", err)
					}
					if got := c.Cost(); got.Requests() != 3 || got.Retries != 2 {
						t.Errorf("cost %+v, want 3 requests, 2 of them again", got)
					}
				})
			})
		}
	}
}

func TestReadsGiveUp(t *testing.T) {
	for name, b := range bad() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{replies: []reply{b}}
				start := time.Now()
				err := readBranch(t, newClient(t, s))
				if err == nil {
					t.Fatal("no error")
				}
				for _, word := range []string{"http://", "https://api", "\r", "\n", token} {
					if strings.Contains(err.Error(), word) {
						t.Errorf("%q in %q", word, err)
					}
				}
				_, server := errors.AsType[*github.ServerError](err)
				_, decode := errors.AsType[*github.DecodeError](err)
				_, network := errors.AsType[*github.NetworkError](err)
				if !server && !decode && !network {
					t.Errorf("untyped: %v", err)
				}
				if s.count() != 6 || time.Since(start) > 6*30*time.Second+time.Minute {
					t.Errorf("%d requests in %s", s.count(), time.Since(start))
				}
			})
		})
	}
}

func TestBackoffDoublesAndHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 502}, {status: 502}, {status: 503, header: map[string]string{"Retry-After": "9"}}, ok(`{}`)}}
		if err := readBranch(t, newClient(t, s)); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, 9 * time.Second}
		for i, w := range want {
			if d := s.log[i+1].at.Sub(s.log[i].at); d != w {
				t.Errorf("wait %d is %s, want %s", i, d, w)
			}
		}
	})
}

func TestRetriesEndWithTheBudgetAndTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 503, header: map[string]string{"Retry-After": "3600"}}}}
		start := time.Now()
		_ = as[*github.ServerError](t, readBranch(t, newClient(t, s)))
		if time.Since(start) != 0 {
			t.Errorf("waited %s for what is beyond the budget", time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := newClient(t, &script{replies: []reply{{status: 502}}}).DefaultBranch(ctx, "a/b")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the context's error", err)
		}
	})
}

func TestOtherStatusesAreNotRetried(t *testing.T) {
	for _, status := range []int{400, 404, 409, 451, 501} {
		s := &script{replies: []reply{{status: status, body: `{"message":"no"}`}}}
		if err := readBranch(t, newClient(t, s)); err == nil || s.count() != 1 {
			t.Errorf("%d: %v after %d requests, want an error after one", status, err, s.count())
		}
	}
}

// The heart of "once": whatever happens to a write after it was sent, it is sent once.
func TestWritesAreNeverSentAgain(t *testing.T) {
	for name, b := range bad() {
		for act, do := range map[string]func(*testing.T, *github.Client) error{
			"issue": openIssue,
			"comment": func(t *testing.T, c *github.Client) error {
				t.Helper()
				_, err := c.CreateComment(t.Context(), "a/b", 7, "b")
				return err
			},
			"label": func(t *testing.T, c *github.Client) error {
				t.Helper()
				return c.CreateLabel(t.Context(), "a/b", "l", "#aabbcc", "d")
			},
			"mutation": func(t *testing.T, c *github.Client) error {
				t.Helper()
				return c.GraphQL(t.Context(), github.Query{Document: `mutation { x }`, Mutation: true}, nil)
			},
		} {
			t.Run(name+" "+act, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{replies: []reply{b, {status: 201, body: `{"number":7,"id":8,"data":{"x":1}}`}}}
					err := do(t, newClient(t, s))
					_ = as[*github.UnclearError](t, err)
					if s.count() != 1 {
						t.Errorf("sent %d times", s.count())
					}
					if github.NotExecuted(err) {
						t.Errorf("%v counts as not executed", err)
					}
				})
			})
		}
	}
}

// v60 puts the context's error in the place of what the transport says, when both are there.
func TestWriteCutByTheContextIsUnclear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{hang: true}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := newClient(t, s).CreateIssue(ctx, "a/b", github.IssueRequest{Title: "t"})
		e := as[*github.UnclearError](t, err)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(e.Error(), "create issue in a/b") {
			t.Errorf("%v; want the cause and the write's name", err)
		}
	})
}

func TestWriteNotSentBecauseTheContextEndedIsClear(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &script{replies: []reply{ok(`{}`)}}
	_, err := newClient(t, s).CreateIssue(ctx, "a/b", github.IssueRequest{Title: "t"})
	if s.count() != 0 || !errors.Is(err, context.Canceled) || !github.NotExecuted(err) {
		t.Errorf("%v after %d requests, want a clear cancellation", err, s.count())
	}
}

func TestSuccessThatDoesNotSayWhatWasMadeIsUnclear(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `{"number":"seven"}`, `null`} {
		s := &script{replies: []reply{{status: 201, body: body}}}
		_ = as[*github.UnclearError](t, openIssue(t, newClient(t, s)))
	}
}

// Nothing listens: nothing was sent, and the write may be tried again.
func TestUnreachableHost(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	url := srv.URL
	srv.Close()
	c := newClient(t, nil, func(o *github.Options) { o.Base, o.APIURL = nil, url })
	for name, do := range map[string]func(*testing.T, *github.Client) error{"read": readBranch, "query": askViewer, "write": openIssue} {
		before := c.Cost()
		err := do(t, c)
		e := as[*github.NetworkError](t, err)
		if !github.NotExecuted(err) || !strings.Contains(err.Error(), "cannot reach "+e.Host) || strings.Contains(err.Error(), "http:") {
			t.Errorf("%s: %v; want a clear sentence with the host", name, err)
		}
		if n := c.Cost().Minus(before).Requests(); n != 3 {
			t.Errorf("%s: %d tries, want 3", name, n)
		}
	}
}

// A real socket that closes after it read the request: net/http must not resend a POST either, not
// even over a kept-alive connection.
func TestResetAfterTheRequestWasReadIsUnclear(t *testing.T) {
	var posts atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"default_branch":"main"}`)
			return
		}
		posts.Add(1)
		_, _ = io.Copy(io.Discard, req.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	defer srv.Close()
	c := newClient(t, nil, func(o *github.Options) { o.Base, o.APIURL = nil, srv.URL })
	if err := readBranch(t, c); err != nil { // the connection is warm now
		t.Fatal(err)
	}
	_ = as[*github.UnclearError](t, openIssue(t, c))
	if n := posts.Load(); n != 1 {
		t.Errorf("%d POSTs arrived, want 1", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type endless struct{}

func (endless) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(zeros{}), Request: req}, nil
}

func TestEndlessAnswerIsCutOff(t *testing.T) {
	e := as[*github.DecodeError](t, readBranch(t, newClient(t, endless{})))
	if !strings.Contains(e.Reason, "64 MiB") {
		t.Errorf("%v, want the limit named", e)
	}
}

func TestForeignTextIsCutAndCleaned(t *testing.T) {
	page := "<html>\x1b[31m\x07\u202e " + token + strings.Repeat(" Sign in to the hotel network", 20)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := as[*github.DecodeError](t, readBranch(t, newClient(t, &script{replies: []reply{ok(page)}}, logTo(&log))))
		if len(e.Quote) > 80+len("…") || strings.ContainsAny(e.Quote, "\x1b\x07\u202e") {
			t.Errorf("quote %q", e.Quote)
		}
		for _, text := range []string{e.Error(), log.String()} {
			if strings.Contains(text, token) {
				t.Errorf("the token shows: %s", text)
			}
		}
		if log.Len() == 0 {
			t.Error("nothing was logged")
		}
	})
}

func TestProxyPasswordDoesNotShow(t *testing.T) {
	s := &script{replies: []reply{{err: &net.OpError{Op: "dial", Err: errors.New(`parse proxy "http://me:hunter2@proxy:3128"`)}}}}
	synctest.Test(t, func(t *testing.T) {
		err := readBranch(t, newClient(t, s))
		if strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	})
}
