package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

const equals = "the replay equals the recorded run, byte for byte"

// replayed records a run, takes upstream, network, token, mirror and state away, and does it again.
func (w *testWorld) replayed(t *testing.T, code int, args ...string) (folder string, recorded result) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "report")
	recorded = w.run(append(args, "--record", folder)...)
	if recorded.code != code {
		t.Fatalf("the recorded run: exit code %d, want %d\n%s", recorded.code, code, recorded.stderr)
	}
	w.elsewhere(t).replays(t, folder)
	w.gh.ClearFaults()
	return folder, recorded
}

// elsewhere is another machine: nothing of this world is there.
func (w *testWorld) elsewhere(t *testing.T) *testWorld {
	t.Helper()
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: "**", Times: -1, Match: func(r ghtest.Request) bool {
		t.Errorf("a replay sends %s %s", r.Method, r.Path)
		return false
	}})
	t.Cleanup(w.gh.ClearFaults)
	return &testWorld{t: t, gh: w.gh, dir: t.TempDir(), env: []string{"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1"}}
}

// replays expects a replay to come to the same, and to print it in these formats (default: Markdown).
func (w *testWorld) replays(t *testing.T, folder string, formats ...string) {
	t.Helper()
	before := contentsOf(t, folder)
	if formats == nil {
		formats = []string{"markdown"}
	}
	for _, format := range formats {
		r := w.run("run", "--replay", folder, "--format", format, "--full")
		if r.code != exitDone || !strings.Contains(r.stderr, equals) {
			t.Fatalf("the replay: exit code %d\n%s", r.code, r.stderr)
		}
		var outcome outcomeDocument
		if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "result", "outcome.json"))), &outcome); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, name := range outcome.Digests {
			want = append(want, read(t, filepath.Join(folder, "result", name+"."+extension(format))))
		}
		got, _, _ := strings.Cut(r.stdout, "\nPlan (dry run")
		if d := cmp.Diff(strings.Join(want, "\n"), got); d != "" {
			t.Errorf("--format %s prints another digest (-recorded +replayed):\n%.3000s", format, d)
		}
	}
	if after := contentsOf(t, folder); after != before {
		t.Error("a replay changes the recording")
	}
	if entries, err := os.ReadDir(w.dir); err != nil || len(entries) > 0 {
		t.Errorf("a replay leaves something behind: %v, %v", entries, err)
	}
}

// contentsOf is all that stands in a folder.
func contentsOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fmt.Fprintf(&b, "== %s\n%s\n", path, read(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// holdsNoToken looks for the token in a folder, in the ways in which it may be written.
func holdsNoToken(t *testing.T, dir string) {
	t.Helper()
	text := contentsOf(t, dir)
	forms := []string{secret, strings.ToUpper(secret), "\"Authorization\": "}
	for i := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", i) + secret + "tail"))
		forms = append(forms, encoded[4:len(encoded)-12])
	}
	for _, form := range forms {
		if at := strings.Index(text, form); at >= 0 {
			file := text[:at]
			file = file[strings.LastIndex(file, "== "):]
			name, _, _ := strings.Cut(file, "\n")
			t.Errorf("%s holds %q", name, form)
		}
	}
}

func TestRecordedRunsAreReplayed(t *testing.T) {
	t.Parallel()
	t.Run("first run", func(t *testing.T) {
		w := released(t)
		folder, r := w.replayed(t, exitDone, "run")
		w.wantIssues(1)
		w.elsewhere(t).replays(t, folder, formats...)
		holdsNoToken(t, folder)
		if !strings.Contains(r.stderr, "recorded in "+folder) || !strings.Contains(r.stdout, "/issues/1") {
			t.Errorf("a recorded run says something else than one that is not: %s%s", r.stdout, r.stderr)
		}
		for _, name := range []string{"README.txt", "state.json", "config.yaml", "answers/001.json", "log.txt", "recording.json", "result/digest.md", "result/digest.json", "result/plan.json"} {
			if missing(filepath.Join(folder, name)) {
				t.Errorf("%s is missing", name)
			}
		}
		if again := w.run("run", "--record", folder); again.code != exitUsage || !strings.Contains(again.stderr, "not empty") {
			t.Errorf("recording into a folder with something in it: exit code %d, %s", again.code, again.stderr)
		}
	})
	t.Run("first run, dry", func(t *testing.T) {
		whole(t)
		w := released(t)
		folder, _ := w.replayed(t, exitDone, "run", "--dry-run")
		if !missing(filepath.Dir(w.state())) {
			t.Error("a recorded dry run made the state's folder")
		}
		if r := w.elsewhere(t).ok("run", "--replay", folder); !strings.Contains(r.stdout, "Plan (dry run") || !strings.Contains(r.stdout, "acme/platform") {
			t.Errorf("the plan is not printed:\n%s", r.stdout)
		}
	})
	t.Run("changed run", func(t *testing.T) {
		w := released(t)
		w.ok("run")
		w.commit("v1.36", promoteVolume)
		w.replayed(t, exitDone, "run", "--format", "json")
		w.wantIssues(2)
	})
	t.Run("quiet run", func(t *testing.T) {
		whole(t)
		w := released(t)
		w.ok("run")
		w.replayed(t, exitDone, "run")
	})
	t.Run("anonymous dry run", func(t *testing.T) {
		whole(t)
		w := released(t).set("GITHUB_TOKEN=")
		w.replayed(t, exitDone, "run", "--dry-run", "--since", "v1.35.0")
	})
	t.Run("several digests and parts", func(t *testing.T) {
		w := newWorld(t)
		w.config(strings.NewReplacer("%A", "weekly", "%B", "alerts").Replace(twoDigests))
		w.commit("v1.35", nil, "v1.35.0")
		w.commit("v1.36", func(rows []facts.Row) []facts.Row {
			for i := range 400 {
				name := fmt.Sprintf("InventedWidgetNumber%04d", i)
				rows = append(rows, facts.Row{Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
					Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}})
			}
			return rows
		})
		w.replayed(t, exitDone, "run")
		w.wantIssues(2)
	})
	t.Run("a file and standard output", func(t *testing.T) {
		whole(t)
		w := released(t)
		target := filepath.Join(w.dir, "digests", "{seq}.md")
		w.config("digests:\n  - name: local\n    channels: [{type: file, path: \"" + target + "\"}, {type: stdout}]\n")
		folder := filepath.Join(t.TempDir(), "report")
		w.ok("run", "--record", folder)
		written := filepath.Join(w.dir, "digests", "1.md")
		if err := os.Remove(written); err != nil {
			t.Fatal(err)
		}
		w.elsewhere(t).replays(t, folder)
		if !missing(written) {
			t.Error("the replay wrote the file again")
		}
	})
}

func TestRecordedFaultsAreReplayed(t *testing.T) {
	t.Parallel()
	t.Run("a failed source", func(t *testing.T) {
		whole(t)
		w := released(t)
		w.ok("run")
		w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
		folder, _ := w.replayed(t, exitSource, "run")
		if !strings.Contains(read(t, filepath.Join(folder, "result", "outcome.json")), "kube_features.go:3:") {
			t.Error("the outcome does not name what failed")
		}
	})
	t.Run("502 and again", func(t *testing.T) {
		w := released(t).set("BOT_GITHUB_MAX_WAIT=20s")
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Path: "/graphql", Times: 1})
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Truncated, Path: "/graphql", Skip: 1, Times: 1})
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Path: "/graphql", Skip: 2, Times: 1})
		w.replayed(t, exitDone, "run")
		w.wantIssues(1)
	})
	t.Run("a limit is waited for", func(t *testing.T) {
		whole(t)
		w := released(t).set("BOT_GITHUB_MAX_WAIT=5s")
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Path: "/graphql", RetryAfter: "1", Times: 1})
		folder := filepath.Join(t.TempDir(), "report")
		w.ok("run", "--record", folder)
		w.elsewhere(t).replays(t, folder)
		w.wantIssues(1)
	})
	t.Run("a limit is too long", func(t *testing.T) {
		whole(t)
		w := released(t)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.PrimaryLimit, Path: "/graphql", Times: -1})
		folder := filepath.Join(t.TempDir(), "report")
		if r := w.run("run", "--record", folder); r.code != exitDelivery {
			t.Fatal(r.code, r.stderr)
		}
		w.gh.ClearFaults()
		w.elsewhere(t).replays(t, folder)
	})
	t.Run("the answer of a create is lost", func(t *testing.T) {
		w := released(t)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Method: "POST", Path: "/repos/*/*/issues"})
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.LagLists, Method: "POST", Path: "/repos/*/*/issues", Lists: 2})
		w.replayed(t, exitDone, "run")
		w.wantIssues(1)
	})
	t.Run("a delivery is refused, and owed", func(t *testing.T) {
		whole(t)
		w := released(t)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
		w.replayed(t, exitDelivery, "run")
		w.replayed(t, exitDone, "run")
		w.wantIssues(1)
	})
	t.Run("no network", func(t *testing.T) {
		whole(t)
		w := released(t).offline().set("GITHUB_TOKEN="+secret, "BOT_GITHUB_MAX_WAIT=10ms")
		w.replayed(t, exitSource, "run", "--dry-run")
	})
	t.Run("no answer in time", func(t *testing.T) {
		w := released(t).set("BOT_GITHUB_REQUEST_TIMEOUT=1s")
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "/graphql", Times: 1})
		folder := filepath.Join(t.TempDir(), "report")
		w.ok("run", "--dry-run", "--record", folder)
		w.gh.ClearFaults()
		w.elsewhere(t).replays(t, folder)
	})
	t.Run("the lock is held", func(t *testing.T) {
		whole(t)
		w := released(t)
		w.ok("run")
		s, err := sqlite.Open(t.Context(), w.state(), sqlite.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		lease, err := s.Acquire(t.Context(), "another host", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.replayed(t, exitLocked, "run")
		if err := s.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
	})
}

// TestInterruptedRunIsReplayed: ended by a person, or by its own limit, while GitHub does not answer.
func TestInterruptedRunIsReplayed(t *testing.T) {
	t.Run("by a person", func(t *testing.T) {
		w := released(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asked := 0
		w.gh.OnRequest(func(ghtest.Request) {
			if asked++; asked == 4 {
				cancel()
			}
		})
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "**", Skip: 3, Times: 1})
		folder := filepath.Join(t.TempDir(), "report")
		var errs bytes.Buffer
		code := execute(ctx, environment{args: []string{"run", "--record", folder}, stdout: &errs, stderr: &errs, environ: w.env, now: time.Now})
		if code != exitInterrupted {
			t.Fatalf("exit code %d, %s", code, errs.String())
		}
		w.gh.ClearFaults()
		w.elsewhere(t).replays(t, folder)
	})
	t.Run("by its own limit", func(t *testing.T) {
		w := released(t).set("BOT_RUN_TIMEOUT=2s")
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.Hang, Path: "**", Skip: 3, Times: -1})
		folder := filepath.Join(t.TempDir(), "report")
		if r := w.run("run", "--record", folder); r.code != exitSource || !strings.Contains(r.stderr, "run.timeout") {
			t.Fatalf("exit code %d, %s", r.code, r.stderr)
		}
		w.gh.ClearFaults()
		w.elsewhere(t).replays(t, folder)
	})
}

// TestMirrorIsReplayedWithoutIt: what git said is in the folder; the mirror, and git, need not be there.
func TestMirrorIsReplayedWithoutIt(t *testing.T) {
	w := released(t)
	mirror := filepath.Join(w.dir, "mirror.git")
	if err := os.CopyFS(mirror, os.DirFS(w.git)); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-20 * 24 * time.Hour)
	touch(t, mirror, old)
	w.config("mirrors:\n  - repository: kubernetes/kubernetes\n    path: " + mirror + "\n  - {repository: kubernetes/enhancements, path: " + filepath.Join(w.dir, "gone") + "}\nupstreams:\n  - preset: kubernetes\n")
	folder := filepath.Join(t.TempDir(), "report")
	if r := w.ok("run", "--record", folder); !strings.Contains(r.stderr, "20 days ago") {
		t.Errorf("the mirror's age is not told: %s", r.stderr)
	}
	w.wantIssues(1)
	if err := os.RemoveAll(mirror); err != nil {
		t.Fatal(err)
	}
	w.elsewhere(t).replays(t, folder)
	if !strings.Contains(read(t, filepath.Join(folder, "result", "digest.md")), "20 days ago") {
		t.Error("the digest does not tell the mirror's age")
	}
}

// touch sets the time of all that stands in a folder.
func touch(t *testing.T, dir string, at time.Time) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoTokenIsRecorded: GitHub, or who stands between, sends the token back wherever something can stand.
func TestNoTokenIsRecorded(t *testing.T) {
	t.Parallel()
	w := released(t).set("HTTPS_PROXY=http://user:proxypassword99@127.0.0.1:1", "NO_PROXY=127.0.0.1")
	target, err := url.Parse(w.gh.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + secret))
	var mu sync.Mutex
	sent := 0
	proxy.ModifyResponse = func(r *http.Response) error {
		mu.Lock()
		defer mu.Unlock()
		sent++
		r.Header.Set("X-Github-Request-Id", "id-"+secret)
		r.Header.Set("X-Github-Media-Type", "Basic "+basic)
		r.Header.Set("Link", `<https://api.github.com/x?page=2&token=signed>; rel="next"`)
		r.Header.Set("Set-Cookie", "session=verysecretcookie")
		r.Header.Set("X-Unknown", secret)
		if sent%3 == 0 { // an error that quotes what was sent
			body := fmt.Sprintf(`<html>you sent Bearer %s, or Basic %s</html>`, secret, basic)
			r.StatusCode, r.Body, r.ContentLength = http.StatusBadGateway, http.NoBody, 0
			r.Header.Del("Content-Encoding")
			r.Header.Set("Content-Type", "text/html; "+secret)
			r.Header.Set("Content-Length", fmt.Sprint(len(body)))
			r.Body, r.ContentLength = &textBody{strings.NewReader(body)}, int64(len(body))
		}
		return nil
	}
	srv := httptest.NewServer(proxy)
	defer srv.Close()
	w.set("GITHUB_API_URL="+srv.URL, "GITHUB_GRAPHQL_URL="+srv.URL+"/graphql", "BOT_GITHUB_RAW_URL="+srv.URL+"/raw", "BOT_GITHUB_MAX_WAIT=30s")
	folder := filepath.Join(t.TempDir(), "report")
	r := w.run("run", "-v", "--record", folder)
	srv.Close()
	if sent < 6 {
		t.Fatalf("only %d answers; the test says nothing", sent)
	}
	if !strings.Contains(r.stderr, "recorded in") {
		t.Fatalf("%s", r.stderr)
	}
	holdsNoToken(t, folder)
	text := contentsOf(t, folder)
	for _, s := range []string{"verysecretcookie", "proxypassword99", "token=signed", "X-Unknown"} {
		if strings.Contains(text, s) {
			t.Errorf("%q is recorded", s)
		}
	}
	if !strings.Contains(text, "Bearer REDACTED") {
		t.Error("the hostile answers are not in the folder; the test says nothing")
	}
	w.elsewhere(t).replays(t, folder)
}

type textBody struct{ *strings.Reader }

func (textBody) Close() error { return nil }

// TestRecordingThatCannotBeReplayed: what is wrong is named, and the way out.
func TestRecordingThatCannotBeReplayed(t *testing.T) {
	w := released(t)
	good := filepath.Join(t.TempDir(), "report")
	w.ok("run", "--record", good)
	for name, tt := range map[string]struct {
		spoil func(dir string) error
		says  []string
	}{
		"no folder":     {os.RemoveAll, []string{"recording.json", "bot run --record"}},
		"body changed":  {edit("answers/002.answer.json", `"data"`, `"dada"`), []string{"answers/002.answer.json is damaged"}},
		"body missing":  {func(dir string) error { return os.Remove(filepath.Join(dir, "answers", "002.answer.json")) }, []string{"answers/002.answer.json is missing"}},
		"state changed": {edit("state.json", `"fence": 1`, `"fence": 7`), []string{"state.json is damaged"}},
		"cut":           {func(dir string) error { return os.Truncate(filepath.Join(dir, "recording.json"), 200) }, []string{"recording.json is damaged"}},
		"newer":         {edit("recording.json", `"schema": 1`, `"schema": 8`), []string{"newer bot", "update bot"}},
		"not ended":     {edit("recording.json", `"ended": true`, `"ended": false`), []string{"did not end"}},
		"another file":  {edit("recording.json", `"document": "bot recording"`, `"document": "x"`), []string{"not written by bot run --record"}},
		"leads outside": {edit("recording.json", `"config.yaml":`, `"../../../etc/passwd":`), []string{"no name of a file in it"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "report")
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			r := w.elsewhere(t).run("run", "--replay", dir)
			if r.code != exitUsage || r.stdout != "" {
				t.Errorf("exit code %d\n%s", r.code, r.stdout)
			}
			for _, s := range append(tt.says, dir) {
				if !strings.Contains(r.stderr, s) {
					t.Errorf("%q does not say %q", r.stderr, s)
				}
			}
		})
	}
}

func edit(name, old, with string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(data, []byte(old)) {
			return fmt.Errorf("%s does not hold %q", name, old)
		}
		return os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(with), 1), 0o600)
	}
}

// TestReplayTellsWhatDiffers: a recording whose digest is another one, as if a later bot rendered it.
func TestReplayTellsWhatDiffers(t *testing.T) {
	w := released(t)
	folder := filepath.Join(t.TempDir(), "report")
	w.ok("run", "--record", folder)
	rehash := func(t *testing.T, name, old, with string) {
		t.Helper()
		before := hashText(t, filepath.Join(folder, name))
		if err := edit(name, old, with)(folder); err != nil {
			t.Fatal(err)
		}
		if err := edit("recording.json", before, hashText(t, filepath.Join(folder, name)))(folder); err != nil {
			t.Fatal(err)
		}
	}
	rehash(t, "result/digest.md", "MemoryManager", "MemoryMangler")
	r := w.elsewhere(t).run("run", "--replay", folder)
	if r.code != exitFound || !strings.Contains(r.stderr, "differs") || !strings.Contains(r.stderr, "digest.md") || !strings.Contains(r.stderr, "MemoryMangler") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	if !strings.Contains(r.stdout, "MemoryManager") {
		t.Error("the digest is not printed")
	}

	// An answer that is not there: the request is named, and nothing is sent instead.
	rehash(t, "answers/002.json", "/graphql", "/other")
	r = w.elsewhere(t).run("run", "--replay", folder)
	if r.code != exitFound || !strings.Contains(r.stderr, "has no answer to POST") || !strings.Contains(r.stderr, "/graphql") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
}

// TestReplayTakesNoOtherFlags: a replay does what was recorded.
func TestReplayTakesNoOtherFlags(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"--dry-run"}, {"--since", "v1.35.0"}, {"--record", "x"}, {"--digest", "weekly"}} {
		if r := w.run(append([]string{"run", "--replay", "x"}, args...)...); r.code != exitUsage || !strings.Contains(r.stderr, args[0]) {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.stderr)
		}
	}
}

// TestNothingIsRecordedOfARunThatDoesNotBegin: the error says it all, and no folder is left.
func TestNothingIsRecordedOfARunThatDoesNotBegin(t *testing.T) {
	w := released(t)
	folder := filepath.Join(t.TempDir(), "report")
	for name, spoil := range map[string]func(*testWorld){
		"no token":  func(w *testWorld) { w.set("GITHUB_TOKEN=") },
		"no target": func(w *testWorld) { w.set("GITHUB_REPOSITORY=") },
		"bad state": func(w *testWorld) {
			_ = os.MkdirAll(filepath.Dir(w.state()), 0o755)
			_ = os.WriteFile(w.state(), bytes.Repeat([]byte("no database"), 50), 0o600)
		},
	} {
		env := w.env
		spoil(w)
		if r := w.run("run", "--record", folder); r.code != exitUsage && r.code != exitState || !missing(folder) {
			t.Errorf("%s: exit code %d, folder left: %v, %s", name, r.code, !missing(folder), r.stderr)
		}
		w.env = env
	}
}

func hashText(t *testing.T, path string) string {
	t.Helper()
	return fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, path))))
}

// TestReplayOfAFileBesideAnother: the recorded run found another file under the name, and the replay writes none.
func TestReplayOfAFileBesideAnother(t *testing.T) {
	w := released(t)
	out := filepath.Join(w.dir, "digest.md")
	w.config("digests:\n  - name: weekly\n    channels: [{type: file, path: \"" + out + "\"}]\n")
	if err := os.WriteFile(out, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "report")
	w.ok("run", "--record", dir)
	w.ok("run", "--replay", dir)
}

// TestProxyPasswords: they are looked for in a recording, also where an address has no scheme.
func TestProxyPasswords(t *testing.T) {
	t.Parallel()
	got := proxyPasswords([]string{"HTTPS_PROXY=http://u:one@proxy:3128", "http_proxy=u:two@proxy:3128", "NO_PROXY=a:b@c", "HOME=u:three@x"})
	if !slices.Contains(got, "one") || !slices.Contains(got, "two") || slices.Contains(got, "three") {
		t.Errorf("%q", got)
	}
}
