package ghtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

const newIssue = `{"title": "T", "body": "B", "labels": ["l"]}`

func TestFaultsThatAnswer(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	for _, one := range []struct {
		fault   ghtest.Fault
		status  int
		text    string
		headers map[string]string
	}{
		{ghtest.Fault{Kind: ghtest.ServerError}, 500, `"Server Error"`, nil},
		{ghtest.Fault{Kind: ghtest.ServerError, Status: 503}, 503, "", nil},
		{ghtest.Fault{Kind: ghtest.BadGateway}, 502, "<html>", map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		{ghtest.Fault{Kind: ghtest.HTML}, 200, "<html>", nil},
		{ghtest.Fault{Kind: ghtest.Empty}, 200, "", map[string]string{"Content-Length": "0"}},
		{ghtest.Fault{Kind: ghtest.SecondaryLimit, RetryAfter: "7"}, 403, "secondary rate limit", map[string]string{"Retry-After": "7", "X-RateLimit-Remaining": "*"}},
		{ghtest.Fault{Kind: ghtest.SecondaryLimit, Status: 429}, 429, "secondary rate limit", map[string]string{"Retry-After": ""}},
		{ghtest.Fault{Kind: ghtest.PrimaryLimit, Reset: time.Minute}, 403, "API rate limit exceeded", map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1769947260", "Retry-After": ""}},
		{ghtest.Fault{Kind: ghtest.PrimaryLimit, Status: 429}, 429, "API rate limit exceeded", map[string]string{"X-RateLimit-Remaining": "0"}},
		{ghtest.Fault{Kind: ghtest.GraphQLLimit}, 200, "RATE_LIMITED", map[string]string{"X-RateLimit-Remaining": "0"}},
		{ghtest.Fault{Kind: ghtest.GraphQLErrors}, 200, `"data":null`, nil},
		{ghtest.Fault{Kind: ghtest.Redirect, Location: "http://other.example/x"}, 302, "", map[string]string{"Location": "http://other.example/x"}},
	} {
		f.AddFault(one.fault)
		r := f.as("POST", "/repos/acme/platform/issues", newIssue)
		if r.StatusCode != one.status || !strings.Contains(string(r.body), one.text) {
			t.Errorf("%s: %s %s", one.fault.Kind, r.Status, r.body)
		}
		for k, v := range one.headers {
			if got := r.Header.Get(k); got != v && (v != "*" || got == "" || got == "0") {
				t.Errorf("%s: %s is %q, want %q", one.fault.Kind, k, got, v)
			}
		}
	}
	if n := len(f.Issues("acme/platform")); n != 0 {
		t.Errorf("%d issues were created behind a fault", n)
	}
	log := f.Requests()
	if last := log[len(log)-1]; last.Fault != "redirect" || last.Status != 302 {
		t.Errorf("log says %+v", last)
	}
	if r := f.as("POST", "/repos/acme/platform/issues", newIssue); r.StatusCode != http.StatusCreated || f.Faults() != 0 {
		t.Errorf("after the script: %s, %d faults left", r.Status, f.Faults())
	}
}

func TestFaultsThatBreakTheConnection(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddFault(ghtest.Fault{Kind: ghtest.Reset, Method: "POST"})
	if _, err := f.try("POST", "/repos/acme/platform/issues", newIssue, "Authorization: Bearer "+token); err == nil {
		t.Error("reset: no error")
	}
	if n := len(f.Issues("acme/platform")); n != 0 {
		t.Errorf("reset: %d issues", n)
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Path: "/repos/*/*/issues"})
	if _, err := f.try("POST", "/repos/acme/platform/issues", newIssue, "Authorization: Bearer "+token); err == nil {
		t.Error("created but reset: no error")
	}
	if n := len(f.Issues("acme/platform")); n != 1 {
		t.Errorf("created but reset: %d issues", n)
	}
	if log := f.Requests(); log[len(log)-1].Status != 0 {
		t.Errorf("an answer was logged that was not sent: %+v", log[len(log)-1])
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Process: true})
	if r := f.as("POST", "/repos/acme/platform/issues", newIssue); r.StatusCode != http.StatusBadGateway || len(f.Issues("acme/platform")) != 2 {
		t.Errorf("processed 502: %s, %d issues", r.Status, len(f.Issues("acme/platform")))
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.Truncated})
	r, err := f.try("GET", "/repos/acme/platform/issues", "", "Authorization: Bearer "+token)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(r.body) == 0 || json.Valid(r.body) {
		t.Errorf("truncated: %v, %d bytes", err, len(r.body))
	}
}

func TestHangEndsWithClientOrServer(t *testing.T) {
	s := ghtest.New(ghtest.Options{})
	s.AddFault(ghtest.Fault{Kind: ghtest.Hang, Times: -1})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{})
	s.OnRequest(func(ghtest.Request) { close(arrived) })
	done := make(chan error)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/rate_limit", nil)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	<-arrived
	select {
	case err := <-done:
		t.Fatalf("answered: %v", err)
	default:
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("a hanging request was answered")
	}
}

func TestFaultsWithinAnswers(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddFault(ghtest.Fault{Kind: ghtest.DropLabels, Method: "POST"})
	if r := f.as("POST", "/repos/acme/platform/issues", newIssue); r.StatusCode != http.StatusCreated || len(at(t, r.json(t), "labels").([]any)) != 0 {
		t.Errorf("drop labels: %s %s", r.Status, r.body)
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.LagLists, Method: "POST", Lists: 2})
	f.as("POST", "/repos/acme/platform/issues", newIssue)
	listed := func() int { return len(f.as("GET", "/repos/acme/platform/issues", "").json(t).([]any)) }
	data, _ := f.query(`{ repository(owner: "acme", name: "platform") { issues(first: 5) { totalCount } } }`, nil)
	want(t, at(t, data, "repository", "issues", "totalCount"), `1`)
	if a, b := listed(), listed(); a != 1 || b != 2 {
		t.Errorf("lagging lists showed %d, %d issues", a, b)
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Path: "/repos/up/stream/git/**"})
	tree := f.as("GET", "/repos/up/stream/git/trees/main", "").json(t)
	want(t, at(t, tree, "truncated"), `true`)
	if n := len(at(t, tree, "tree").([]any)); n != 2 {
		t.Errorf("truncated tree has %d entries", n)
	}
	f.AddFault(ghtest.Fault{Kind: ghtest.BlobTruncated, Contains: "isTruncated"})
	data, _ = f.query(`{ repository(owner: "up", name: "stream") { object(expression: "main:docs/old.md") { ... on Blob { text isTruncated byteSize } } } }`, nil)
	want(t, at(t, data, "repository", "object"), `{"text": "ol", "isTruncated": true, "byteSize": 4}`)
	f.AddFault(ghtest.Fault{Kind: ghtest.LowRemaining, Reset: time.Minute})
	if r := f.as("GET", "/repos/up/stream", ""); r.StatusCode != http.StatusOK || r.Header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("low remaining: %s %v", r.Status, r.Header)
	}
}

func TestFaultMatching(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	f.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Method: "GET", Path: "/repos/*/*", Skip: 1, Times: 2})
	f.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Times: -1, Match: func(r ghtest.Request) bool { return r.Kind == ghtest.Raw }})
	var got []int
	for _, p := range []string{"/repos/up/stream", "/repos/up/stream", "/repos/up/stream/tags", "/repos/up/stream", "/repos/up/stream", "/raw/up/stream/main/a.go", "/raw/up/stream/main/a.go"} {
		got = append(got, f.as("GET", p, "").StatusCode)
	}
	for i, wanted := range []int{200, 500, 200, 500, 200, 502, 502} {
		if got[i] != wanted {
			t.Errorf("statuses %v", got)
			break
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown kind must not pass")
		}
	}()
	f.AddFault(ghtest.Fault{Kind: "no-such"})
}

func TestHooksSeeTheStateAroundProcessing(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	var before, after int
	f.OnRequest(func(r ghtest.Request) {
		if r.Method == http.MethodPost {
			before = len(f.Issues("acme/platform"))
		}
	})
	f.AfterRequest(func(r ghtest.Request) {
		if r.Method == http.MethodPost {
			after = len(f.Issues("acme/platform"))
			if r.Status != 201 {
				t.Errorf("status %d", r.Status)
			}
		}
	})
	f.as("POST", "/repos/acme/platform/issues", newIssue)
	if before != 0 || after != 1 {
		t.Errorf("hooks saw %d before and %d after", before, after)
	}
}

func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, ghtest.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				f.as("POST", "/repos/acme/platform/issues", newIssue)
				f.as("GET", "/repos/acme/platform/issues", "")
				f.as("GET", "/repos/up/stream/git/trees/main?recursive=1", "")
				f.query(`{ repository(owner: "acme", name: "platform") { issues(first: 100) { nodes { title comments(first: 1) { totalCount } labels(first: 1) { nodes { name } } } } }
					up: repository(owner: "up", name: "stream") { object(expression: "main:a.go") { ... on Blob { text } } } }`, nil)
				f.UpdateIssue("acme/platform", 1, func(is *ghtest.Issue) { is.Labels = append(is.Labels, "more") })
				f.Requests()
			}
		})
	}
	wg.Wait()
	if n := len(f.Issues("acme/platform")); n != 20 {
		t.Errorf("%d issues", n)
	}
}

func TestControl(t *testing.T) {
	off := newFixture(t, ghtest.Options{})
	if r := off.do("GET", "/__ghtest/issues", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("control without Control: %s", r.Status)
	}
	f := newFixture(t, ghtest.Options{Control: true})
	f.as("POST", "/repos/acme/platform/issues", newIssue)
	want(t, at(t, f.do("GET", "/__ghtest/issues?repo=acme/platform", "").json(t), "acme/platform", 0, "body"), `"B"`)
	want(t, at(t, f.do("GET", "/__ghtest/counts", "").json(t), "api"), `1`)
	if r := f.do("POST", "/__ghtest/faults", `{"kind": "bad-gateway", "method": "GET"}`); r.StatusCode != http.StatusCreated {
		t.Errorf("%s %s", r.Status, r.body)
	}
	if r := f.as("GET", "/repos/up/stream", ""); r.StatusCode != http.StatusBadGateway {
		t.Errorf("fault by JSON: %s", r.Status)
	}
	if r := f.do("POST", "/__ghtest/faults", `[{"kind": "nope"}]`); r.StatusCode != http.StatusBadRequest {
		t.Errorf("unknown kind: %s", r.Status)
	}
	f.do("DELETE", "/__ghtest/requests", "")
	want(t, f.do("GET", "/__ghtest/requests", "").json(t), `[]`)
}

// recorder is no connection: a server used as a plain handler must abort, not answer.
func TestResetWithoutConnection(t *testing.T) {
	s := ghtest.New(ghtest.Options{})
	defer s.Close()
	s.AddFault(ghtest.Fault{Kind: ghtest.Reset})
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/rate_limit", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	s.ServeHTTP(nowhere{}, req)
}

type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
