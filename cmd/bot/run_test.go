package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// TestOneIssueForEachChange is the life of the bot in short: first run, nothing, one promotion, nothing.
func TestOneIssueForEachChange(t *testing.T) {
	w := released(t)
	reading := w.set("BOT_TRACE_MAX_REQUESTS=0").ok("run", "--dry-run")
	first := w.set("BOT_TRACE_MAX_REQUESTS=40").ok("run")
	w.wantIssues(1)
	if reading.api > 25 {
		t.Errorf("reading cost the first run %d requests, at most 25", reading.api)
	}
	if most := reading.api + 40 + 4; first.api > most {
		t.Errorf("the first run cost %d requests, at most %d to read, to trace and to publish", first.api, most)
	}

	// What is not watched moves all day.
	w.push(map[string][]byte{"README.md": []byte("moved\n")})
	w.gh.AddMilestone("kubernetes/kubernetes", ghtest.Milestone{Title: "v1.37"})
	w.gh.AddIssue("kubernetes/kubernetes", ghtest.Issue{Title: "something"})
	quiet := w.ok("run")
	w.wantIssues(1)
	if quiet.api != 1 {
		t.Errorf("a quiet run cost %d requests, want 1", quiet.api)
	}

	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	changed := w.ok("run")
	w.wantIssues(2)
	body := w.issues()[1].Body
	if !strings.Contains(body, "ImageVolumeWithDigest") || strings.Contains(body, "MemoryManager") {
		t.Errorf("the second issue tells of something else:\n%s", body)
	}
	if changed.api > 10+4 {
		t.Errorf("a changed run cost %d requests, at most 10 to read and 4 to publish", changed.api)
	}

	again := w.ok("run")
	w.wantIssues(2)
	if again.api != 1 {
		t.Errorf("the last quiet run cost %d requests, want 1", again.api)
	}
	t.Logf("requests: first %d (reading %d), quiet %d, one gate promoted %d, quiet %d", first.api, reading.api, quiet.api, changed.api, again.api)
}

func TestDryRunChangesNothing(t *testing.T) {
	w := released(t)
	r := w.ok("run", "--dry-run")
	w.wantIssues(0)
	if !missing(filepath.Dir(w.state())) {
		t.Error("a dry run made the state's folder")
	}
	for _, want := range []string{"MemoryManager", "Plan (dry run", "acme/platform"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("standard output lacks %q:\n%s", want, r.stdout)
		}
	}
	w.ok("run")
	before, err := os.ReadFile(w.state())
	if err != nil {
		t.Fatal(err)
	}
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta}))
	if r := w.ok("run", "--dry-run"); !strings.Contains(r.stdout, "ImageVolumeWithDigest") {
		t.Errorf("the dry run does not tell the change:\n%s", r.stdout)
	}
	after, err := os.ReadFile(w.state())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(w.state()))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) || len(entries) != 1 {
		t.Errorf("a dry run touched the state: %d files beside each other", len(entries))
	}
	w.wantIssues(1)
}

func TestAnonymousDryRun(t *testing.T) {
	w := released(t).set("GITHUB_TOKEN=")
	r := w.ok("run", "--dry-run", "--format", "json")
	if r.api > 25 {
		t.Errorf("it cost %d requests, at most 25 of 60 an hour", r.api)
	}
	t.Logf("anonymous dry run: %d requests", r.api)
	if r := w.run("run"); r.code != exitUsage || !strings.Contains(r.stderr, "GITHUB_TOKEN") {
		t.Errorf("a real run without a token: exit code %d, %s", r.code, r.stderr)
	}
}

// TestKilledBetweenCreationAndRecord kills the process when GitHub has created the issue and before the
// answer is on its way.
func TestKilledBetweenCreationAndRecord(t *testing.T) {
	for _, kill := range []string{"after the issue was created", "before GitHub saw the request"} {
		t.Run(kill, func(t *testing.T) {
			w := released(t)
			c := w.command("run")
			started := make(chan *os.Process, 1)
			var once sync.Once
			hook := func(r ghtest.Request) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues") {
					once.Do(func() { _ = (<-started).Signal(syscall.SIGKILL) })
				}
			}
			want := 1
			if kill == "after the issue was created" {
				w.gh.AfterRequest(hook)
			} else {
				w.gh.OnRequest(hook)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			started <- c.Process
			if err := c.Wait(); err == nil {
				t.Fatal("the process was not killed")
			}
			w.ok("run")
			w.wantIssues(want)
			w.ok("run")
			w.wantIssues(want)
		})
	}
}

func TestCreatedButTheAnswerWasLost(t *testing.T) {
	w := released(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Method: "POST", Path: "/repos/*/*/issues"})
	r := w.run("run")
	w.wantIssues(1)
	if r.code != exitDone {
		t.Errorf("it was found by its marker, so all is well; exit code %d\n%s", r.code, r.stderr)
	}
	w.ok("run")
	w.wantIssues(1)
}

func TestLostStateTellsNothingTwice(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.loseState()
	r := w.ok("run")
	w.wantIssues(1)
	if !strings.Contains(r.stderr, "state was lost") {
		t.Errorf("the loss is not mentioned: %s", r.stderr)
	}
	w.loseState()
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta}))
	w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; strings.Contains(body, "MemoryManager") || !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("the second issue does not start where the first ended:\n%s", body)
	}
}

// TestEnginesAgree reads the same upstream through the API with a token, without one, and from a mirror.
func TestEnginesAgree(t *testing.T) {
	w := released(t)
	w.push(map[string][]byte{"README.md": []byte("x\n")}, "v1.36.0")
	changes := func(env ...string) any {
		t.Helper()
		w.set(env...)
		r := w.ok("diff", "v1.35.0", "v1.36.0", "--format", "json")
		var doc map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
			t.Fatal(err)
		}
		return doc["changes"]
	}
	token := changes()
	if n := len(token.([]any)); n < 80 {
		t.Fatalf("only %d changes", n)
	}
	if d := cmp.Diff(token, changes("GITHUB_TOKEN=")); d != "" {
		t.Errorf("anonymous differs: %s", d)
	}
	w.config("offline: true\nmirrors:\n  - repository: kubernetes/kubernetes\n    path: " + w.git + "\nupstreams:\n  - preset: kubernetes\n")
	before := w.gh.Count().API()
	if d := cmp.Diff(token, changes()); d != "" {
		t.Errorf("the mirror differs: %s", d)
	}
	if n := w.gh.Count().API() - before; n != 0 {
		t.Errorf("reading a mirror cost %d requests", n)
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	w := released(t)
	second := make(chan result, 1)
	var once sync.Once
	w.gh.OnRequest(func(ghtest.Request) {
		// Inside Once the second run's own requests must not come here: it leaves before it sends any.
		once.Do(func() { second <- w.run("run") })
	})
	w.ok("run")
	w.wantIssues(1)
	inner := <-second
	if inner.code != exitLocked || !strings.Contains(inner.stderr, "process") {
		t.Errorf("the second run: exit code %d, %s", inner.code, inner.stderr)
	}
}

// TestStateLostBetweenParts: the comments that were not posted yet are lost with the state. Which, and how to see
// what stood in them, is told once: by the next digest and on standard error.
func TestStateLostBetweenParts(t *testing.T) {
	whole(t)
	w := released(t)
	w.commit("v1.36", invented(800))
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues/*/comments"})
	w.code(exitDelivery, "run")
	w.wantIssues(1)
	w.loseState()
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	w.code(exitDelivery, "run") // and the digest that tells it fails at first
	w.commit("v1.36", both(invented(800), promoteVolume))
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	w.code(exitDelivery, "run")
	w.ok("run")
	w.wantIssues(3)
	body := w.issues()[1].Body
	for _, want := range []string{"Digest 1 of digest, issue 1 in acme/platform, lacks of its", "parts: 2", "state was lost", "bot diff"} {
		if !strings.Contains(body, want) {
			t.Errorf("the next digest lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(w.issues()[2].Body, "lacks of its") {
		t.Error("it is told twice")
	}
	words := strings.Fields(strings.ReplaceAll(body[strings.Index(body, "bot diff "):], "`", ""))
	if r := w.ok("diff", words[2], strings.Trim(words[3], ".")); !strings.Contains(r.stdout, "InventedWidgetNumber0799") {
		t.Errorf("what it says to do does not show the missing parts: %.500s", r.stdout)
	}
	w.loseState()
	if r := w.ok("run"); strings.Contains(r.stderr, "lacks") {
		t.Errorf("the state is lost once more, and what was told is told again: %s", r.stderr)
	}
	w.wantIssues(3)
}

// TestStateLostWithTwoRepositories: where one of them missed a digest, the numbers go on behind the newest of
// both. Else the other would look as if the state were an old copy, for ever.
func TestStateLostWithTwoRepositories(t *testing.T) {
	w := released(t)
	w.gh.AddRepository(ghtest.Repository{Name: "acme/other"})
	w.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write, "acme/other": ghtest.Write}})
	w.config(`
digests:
  - name: weekly
    channels: [{type: github-issue, repository: acme/platform}, {type: github-issue, name: other, repository: acme/other}]
`)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/acme/platform/issues"})
	w.code(exitDelivery, "run")
	w.loseState()
	w.commit("v1.36", both(promoteVolume, invented(1)))
	r := w.ok("run")
	if n, m := len(w.issues()), len(w.gh.Issues("acme/other")); n != 2 || m != 3 {
		t.Errorf("%d and %d issues", n, m)
	}
	if !strings.Contains(r.stderr, "may never have reached acme/platform") {
		t.Errorf("nobody is told: %s", r.stderr)
	}
}
