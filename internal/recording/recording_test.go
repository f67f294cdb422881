package recording

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/repo"
)

const token = `ghs_16C7e42F292c6912E7710c838347Ae178B4a+/"<x>`

func TestScrubberFindsEveryForm(t *testing.T) {
	s := NewScrubber(token, "")
	for name, text := range map[string]string{
		"plain":       "Bearer " + token,
		"JSON":        fmt.Sprintf(`{"a": %q}`, token),
		"query":       "https://x/?t=" + url.QueryEscape(token),
		"path":        "https://x/" + url.PathEscape(token) + "/y",
		"hexadecimal": fmt.Sprintf("%x", token),
		"basic, 0":    base64.StdEncoding.EncodeToString([]byte(token + ":x-oauth-basic")),
		"basic, 1":    base64.StdEncoding.EncodeToString([]byte("x" + token)),
		"basic, 2":    base64.StdEncoding.EncodeToString([]byte("xx" + token + "yy")),
		"basic, 15":   base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token)),
		"for URLs":    base64.URLEncoding.EncodeToString([]byte("x-access-token:" + token)),
	} {
		got := string(s.Text([]byte("before " + text + " after")))
		if !strings.Contains(got, redacted) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
			t.Errorf("%s: %q becomes %q", name, text, got)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("\x00\xff"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Search(dir); err != nil || len(found) != 1 || found[0] != "file" {
			t.Errorf("%s is not found in a file: %q, %v", name, found, err)
		}
	}
	for _, text := range []string{"nothing here", "", base64.StdEncoding.EncodeToString([]byte("another token of the same length, or more"))} {
		if got := string(s.Text([]byte(text))); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestScrubberCleansAddresses(t *testing.T) {
	s := NewScrubber(token)
	for in, want := range map[string]string{
		"https://user:pass@host/x":                   "https://REDACTED@host/x",
		"https://raw.host/a/b?token=AAAB&ref=x":      "https://raw.host/a/b?token=REDACTED&ref=x",
		"https://s3/x?X-Amz-Signature=00ff&y=1":      "https://s3/x?X-Amz-Signature=REDACTED&y=1",
		"https://api.github.com/x?per_page=100#a":    "https://api.github.com/x?per_page=100#a",
		`<https://h/x?sig=abc>; rel="next", <other>`: `<https://h/x?sig=REDACTED>; rel="next", <other>`,
	} {
		if got := s.address(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

type base func(*http.Request) (*http.Response, error)

func (f base) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func start(t *testing.T) (*Recorder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	r, err := Start(Options{Dir: dir, Bot: "v1", Token: "GITHUB_TOKEN", Secrets: []string{token}, Flags: map[string]bool{"dry_run": true}, Config: []byte("offline: false\n"),
		Now: func() time.Time { now = now.Add(time.Second); return now }})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func get(t *testing.T, rt http.RoundTripper, method, address, body string) (int, string, error) {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

// TestAnswersAreMatched: equal requests in the order of sending, others in any, also side by side.
func TestAnswersAreMatched(t *testing.T) {
	r, dir := start(t)
	n := 0
	rec := r.Around(base(func(req *http.Request) (*http.Response, error) {
		n++
		body := ""
		if req.Body != nil {
			data, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			body = string(data)
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader(fmt.Sprintf("%d %s %s", n, req.URL, body)))}, nil
	}))
	want := map[string][]string{}
	ask := func(rt http.RoundTripper, i int) (string, string, error) {
		address, body := fmt.Sprintf("https://h/%d", i%3), ""
		if i%2 == 0 {
			body = fmt.Sprintf("body %d", i%4)
		}
		_, text, err := get(t, rt, "POST", address, body)
		return address + body, text, err
	}
	for i := range 24 {
		key, text, err := ask(rec, i)
		if err != nil {
			t.Fatal(err)
		}
		want[key] = append(want[key], text)
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for i := 23; i >= 0; i-- { // the other way round: within a key the order of sending counts
		key, text, err := ask(p, i)
		if err != nil {
			t.Fatal(err)
		}
		got[key] = append(got[key], text)
	}
	for key := range want {
		if strings.Join(want[key], ";") != strings.Join(got[key], ";") {
			t.Errorf("%s: recorded %q, replayed %q", key, want[key], got[key])
		}
	}
	if left := p.Unused(); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	if p.Answers() != 24 || p.Now().Before(p.Started().Add(24*time.Second)) {
		t.Errorf("%d answers, the clock says %s", p.Answers(), p.Now())
	}
	_, _, err = ask(p, 0)
	var u *UnrecordedError
	if !errors.As(err, &u) || !strings.Contains(err.Error(), "POST https://h/0") || p.Missed() == nil {
		t.Errorf("a request too many: %v", err)
	}
	if p, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for i := range 24 {
		g.Go(func() error {
			_, _, err := ask(p, i)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// TestOtherTextGetsTheAnswerInItsPlace: a write may have another body in another version of the bot; a
// query may not.
func TestOtherTextGetsTheAnswerInItsPlace(t *testing.T) {
	r, dir := start(t)
	rec := r.Around(base(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: http.NoBody}, nil
	}))
	for _, body := range []string{"old text", `{"query":"query A { x }"}`} {
		if _, _, err := get(t, rec, "POST", "https://h/issues", body); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, p, "POST", "https://h/issues", `{"query":"query B { x }"}`); err == nil {
		t.Error("another query got an answer")
	}
	if status, _, err := get(t, p, "POST", "https://h/issues", "new text"); err != nil || status != http.StatusCreated || len(p.Replaced()) != 1 {
		t.Errorf("another text: %d, %v, %q", status, err, p.Replaced())
	}
}

// TestFailuresKeepTheirKind: the client asks errors for their kind, and prints their text.
func TestFailuresKeepTheirKind(t *testing.T) {
	r, dir := start(t)
	failures := map[string]error{
		"https://h/dial":    &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")},
		"https://h/dns":     &net.DNSError{Err: "no such host", Name: "h"},
		"https://h/reset":   errors.New("read: connection reset by peer, for " + token),
		"https://h/timeout": fmt.Errorf("slow: %w", context.DeadlineExceeded),
	}
	rec := r.Around(base(func(req *http.Request) (*http.Response, error) {
		if err := failures[req.URL.String()]; err != nil {
			return nil, err
		}
		body := &endsWith{strings.NewReader("half of i"), io.ErrUnexpectedEOF}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {"x"}, "Set-Cookie": {"c"}, "X-Github-Request-Id": {token}}, Body: body}, nil
	}))
	for address := range failures {
		if _, _, err := get(t, rec, "GET", address, ""); err == nil {
			t.Fatal("no error")
		}
	}
	if _, text, err := get(t, rec, "GET", "https://h/cut", ""); text != "half of i" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%q, %v", text, err)
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range failures {
		_, _, err := get(t, p, "GET", address, "")
		if text := strings.ReplaceAll(want.Error(), token, redacted); err == nil || err.Error() != text {
			t.Errorf("%s: %v, want %s", address, err, text)
		}
		if unsent := strings.HasSuffix(address, "dial") || strings.HasSuffix(address, "dns"); isDialError(err) != unsent {
			t.Errorf("%s: dial error %v", address, !unsent)
		}
		if timeout := strings.HasSuffix(address, "timeout"); errors.Is(err, context.DeadlineExceeded) != timeout {
			t.Errorf("%s: timeout %v", address, !timeout)
		}
	}
	if _, text, err := get(t, p, "GET", "https://h/cut", ""); text != "half of i" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", text, err)
	}
}

// TestSecretLeftInTheFolderIsLoud: should a file ever hold the token, whoever wrote it there.
func TestSecretLeftInTheFolderIsLoud(t *testing.T) {
	r, dir := start(t)
	if err := os.WriteFile(filepath.Join(dir, answersDir, "other"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	err := r.Finish(nil, nil)
	if err == nil || !strings.Contains(err.Error(), "TOKEN") || !strings.Contains(err.Error(), filepath.Join(answersDir, "other")) || strings.Contains(err.Error(), token) {
		t.Errorf("%v", err)
	}
}

// TestRecordingThatCannotBeWritten: a full disk does not stop the run, and is not kept quiet.
func TestRecordingThatCannotBeWritten(t *testing.T) {
	r, dir := start(t)
	if err := os.RemoveAll(filepath.Join(dir, answersDir)); err != nil {
		t.Fatal(err)
	}
	rec := r.Around(base(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("x"))}, nil
	}))
	if _, text, err := get(t, rec, "GET", "https://h/", ""); err != nil || text != "x" {
		t.Errorf("the run sees it: %q, %v", text, err)
	}
	if err := r.Finish(nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestClocksNoncesAndJitter(t *testing.T) {
	r, dir := start(t)
	at := time.Date(2026, 4, 1, 12, 0, 0, 123456789, time.UTC)
	local, server := r.Clock("local", func() time.Time { at = at.Add(time.Minute); return at }), r.Clock("server", func() time.Time { return at })
	want := []time.Time{local(), server(), local()}
	nonce := r.Nonce(func() string { return "00ff" })()
	jitter := []float64{r.Jitter(), r.Jitter()}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, s := p.Clock("local"), p.Clock("server")
	for i, got := range []time.Time{l(), s(), l()} {
		if !got.Equal(want[i]) {
			t.Errorf("reading %d is %s, was %s", i, got, want[i])
		}
	}
	if again := l(); !again.Equal(want[2]) { // asked too often it stands still
		t.Errorf("after the last: %s", again)
	}
	if other := p.Clock("other")(); !other.Equal(p.Now()) {
		t.Errorf("a clock that nobody recorded says %s", other)
	}
	if p.Nonce() != nonce || p.Nonce() == nonce || p.Jitter() != jitter[0] || p.Jitter() != jitter[1] || p.Jitter() != 0 {
		t.Error("nonces or jitter differ")
	}
	now := p.Now()
	p.Sleep(time.Hour)
	if p.Now().Sub(now) != time.Hour {
		t.Error("what would be waited for does not move the clock")
	}
}

// TestMirrorsFailAsTheyDid: the errors that a mirror can give are told apart by what reads them.
func TestMirrorsFailAsTheyDid(t *testing.T) {
	r, dir := start(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clone := t.TempDir()
	real := repo.ThisMachine(repo.GitOptions{Env: os.Environ()})
	noGit := repo.ThisMachine(repo.GitOptions{Env: []string{"PATH=" + t.TempDir()}})
	look := func(m, without repo.Machine) []error {
		_, missing := m.Locate("/nowhere/mirror.git")
		_, noFolder := m.Locate(file)
		_, there := m.Locate(clone)
		out, err := m.Git(t.Context(), clone, []string{"rev-parse", "HEAD"}, nil)
		if err == nil && out.Failed == "" {
			t.Error("a folder that is no repository has a HEAD")
		}
		_, without2 := without.Git(t.Context(), clone, []string{"log"}, nil)
		_, changed := m.Changed(clone, clone)
		return []error{missing, noFolder, there, err, without2, changed, errors.New(out.Failed + out.Stderr)}
	}
	want := look(r.Machine(real), r.Machine(noGit))
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := look(p.Machine(), p.Machine())
	for i := range want {
		if fmt.Sprint(want[i]) != fmt.Sprint(got[i]) {
			t.Errorf("%d: recorded %v, replayed %v", i, want[i], got[i])
		}
		for _, kind := range []error{fs.ErrNotExist, repo.ErrNotFolder, repo.ErrNoGit} {
			if errors.Is(want[i], kind) != errors.Is(got[i], kind) {
				t.Errorf("%d: %v: %v is no longer %v", i, want[i], got[i], kind)
			}
		}
	}
}
