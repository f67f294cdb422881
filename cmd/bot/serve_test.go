package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/server"
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

// TestADayOfSchedules is a day and a week of the service in a bubble: hourly alerts and a weekly digest, one change
// upstream. It prints what that cost.
func TestADayOfSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, err := releasedOrigin()
		if err != nil {
			t.Fatal(err)
		}
		git := filepath.Join(quickDir(t), "kubernetes.git")
		if err := os.CopyFS(git, u.git); err != nil {
			t.Fatal(err)
		}
		b := newBubble(t, git, ghtest.Options{})
		b.config("server: {jitter: 0s}\ndigests:\n  - {name: weekly, schedule: \"17 7 * * 1\", channels: [{type: github-issue}]}\n" +
			"  - {name: alerts, schedule: \"23 * * * *\", severities: [act], channels: [{type: github-issue, name: alerts}]}\n")
		a := &app{env: environment{
			stdout: io.Discard, stderr: io.Discard, environ: b.env, now: time.Now,
			github: func(o *github.Options) { o.Base = b.transport() },
		}, logFormat: "text"}
		var runs atomic.Int64
		heap := []uint64{}
		svc, err := server.New(t.Context(), server.Options{
			Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Plan: func(ctx context.Context) (*server.Plan, error) {
				p, err := a.plan(ctx)
				if err != nil {
					return nil, err
				}
				run := p.Run
				p.Run = func(ctx context.Context) (server.Result, error) {
					runs.Add(1)
					res, err := run(ctx)
					b.via.next.CloseIdleConnections()
					return res, err
				}
				return p, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { svc.Loop(ctx); close(done) }()
		measure := func() {
			synctest.Wait()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = append(heap, m.HeapAlloc)
		}
		<-time.NewTimer(30 * time.Minute).C
		measure()
		first, filed := b.gh.Count().API(), len(b.issues())
		if runs.Load() != 2 || filed != 2 { // at once, and at 00:23
			t.Errorf("after the start: %d runs, %d issues", runs.Load(), filed)
		}
		<-time.NewTimer(24 * time.Hour).C
		measure()
		day := b.gh.Count().API() - first
		if runs.Load() != 2+24 || len(b.issues()) != filed {
			t.Errorf("after a day: %d runs, %d issues", runs.Load(), len(b.issues()))
		}
		if day != 24 {
			t.Errorf("24 quiet runs cost %d requests, want one each", day)
		}
		t.Logf("the start: 2 runs, %d requests, %d issues; a quiet day: 24 runs, %d requests; live heap %.1f MB at the start, %.1f MB a day later",
			first, filed, day, float64(heap[0])/1e6, float64(heap[1])/1e6)
		stop()
		<-done
	})
}
