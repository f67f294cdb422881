package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// served is a process of `bot serve` and where it answers.
type served struct {
	*process
	url string
}

// serve starts the service with the world's configuration.
func (w *testWorld) serve(t *testing.T) *served {
	t.Helper()
	p := w.start(t, "serve")
	s := &served{process: p}
	line := p.line("msg=serving")
	_, rest, ok := strings.Cut(line, "address=")
	if !ok {
		t.Fatalf("no address in %q", line)
	}
	s.url, _, _ = strings.Cut(rest, " ")
	return s
}

func (s *served) get(path string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.said())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (s *served) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

const servedConfig = "server: {address: \"127.0.0.1:0\", jitter: 0s}\ndigests:\n  - {name: weekly, schedule: \"17 7 * * 1\", channels: [{type: github-issue}]}\n"

// TestServe: the service tells at its start what is due, shows it, reads its configuration again when asked, and ends
// when told.
func TestServe(t *testing.T) {
	w := released(t).config(servedConfig)
	s := w.serve(t)
	s.until(`msg="the run is done"`, "told=[weekly]", "exit_code=0")
	w.wantIssues(1)
	for path, want := range map[string]string{
		"/":                                 `href="/digests/weekly/1"`,
		"/digests/weekly/1":                 "will not start",
		"/digests.atom":                     "<title>Kubernetes upstream digest",
		"/digests.json?upstream=kubernetes": "content_html",
		"/healthz":                          "ok",
		"/readyz":                           "ready\nkubernetes gates: complete, current",
		"/metrics":                          `bot_runs_total{result="ok"} 1`,
	} {
		if status, body := s.get(path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, lacks %q:\n%.3000s", path, status, want, body)
		}
	}
	path := filepath.Join(w.dir, "config.yaml")
	good := read(t, path)
	if err := os.WriteFile(path, []byte("digests: nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.until("the configuration is refused", "digests")
	if _, body := s.get("/"); !strings.Contains(body, "The new configuration is refused") {
		t.Error("the page does not say that the configuration is refused")
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	s.until("the configuration was read again")
	s.signal(syscall.SIGTERM)
	if state := s.wait(); state.ExitCode() != exitDone {
		t.Errorf("told to end, it ends with %s\n%s", state, s.said())
	}
	if !strings.Contains(s.said(), "msg=stopped") {
		t.Errorf("it does not say that it stopped:\n%s", s.said())
	}
	w.wantIssues(1)
}

// TestServeEndedInMidRun: SIGTERM while a run reads. The next start tells once.
func TestServeEndedInMidRun(t *testing.T) {
	w := patient(t)
	w.config(servedConfig)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "/graphql", Contains: "query Files"})
	hangs := make(chan struct{}, 1)
	w.gh.OnRequest(func(r ghtest.Request) {
		if strings.Contains(r.Document, "query Files") {
			select {
			case hangs <- struct{}{}:
			default:
			}
		}
	})
	s := w.serve(t)
	<-hangs
	if _, body := s.get("/"); !strings.Contains(body, "one goes on now") {
		t.Errorf("the page does not say that a run goes on:\n%s", body)
	}
	s.signal(syscall.SIGTERM)
	if state := s.wait(); state.ExitCode() != exitDone {
		t.Errorf("it ends with %s\n%s", state, s.said())
	}
	w.hasty()
	w.wantIssues(0)
	again := w.serve(t)
	again.until(`msg="the run is done"`, "told=[weekly]")
	w.wantIssues(1)
	again.signal(syscall.SIGTERM)
	again.wait()
}

// TestServeWithoutWhatItNeeds: it starts without a target and a token, says what is missing, and tries again.
func TestServeWithoutWhatItNeeds(t *testing.T) {
	w := released(t).config(servedConfig).set("GITHUB_REPOSITORY=")
	s := w.serve(t)
	s.until("the run failed", "set target.repository")
	if status, body := s.get("/"); status != http.StatusOK || !strings.Contains(body, "set target.repository") {
		t.Errorf("the page does not say what is missing: status %d\n%s", status, body)
	}
	if status, _ := s.get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("it is ready, status %d", status)
	}
	s.signal(syscall.SIGTERM)
	s.wait()
	bad := released(t).config("server: {address: nonsense}\n")
	if r := bad.run("serve"); r.code != exitUsage || !strings.Contains(r.stderr, "server.address") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
