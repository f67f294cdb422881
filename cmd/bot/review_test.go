package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

const twoDigests = `
target:
  repository: acme/platform
digests:
  - name: %A
    channels: [{type: github-issue}]
  - name: %B
    channels: [{type: github-issue}]
`

func both(changes ...func([]facts.Row) []facts.Row) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		for _, c := range changes {
			rows = c(rows)
		}
		return rows
	}
}

var (
	promoteVolume = promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true})
	promoteAdmin  = promote("DRAAdminAccess", gate.Spec{Since: "1.37", Stage: gate.Alpha})
)

// TestEachDefinitionIsRecoveredFromItsOwnDigest: weekly was told of more than alerts when the store was
// lost. Neither may lose what it was not told, nor tell it twice, whatever their order.
func TestEachDefinitionIsRecoveredFromItsOwnDigest(t *testing.T) {
	for _, names := range [][2]string{{"weekly", "alerts"}, {"alerts", "weekly"}} {
		t.Run(names[0]+" first", func(t *testing.T) {
			w := released(t)
			w.config(strings.NewReplacer("%A", names[0], "%B", names[1]).Replace(twoDigests))
			w.ok("run")
			w.wantIssues(2)
			w.commit("v1.36", promoteVolume)
			w.ok("run", "--digest", "weekly")
			w.wantIssues(3)
			w.loseState()
			w.commit("v1.36", both(promoteVolume, promoteAdmin))
			w.ok("run")
			w.wantIssues(5)
			for _, issue := range w.issues()[3:] {
				weekly := strings.Contains(issue.Body, "definition=weekly")
				if !strings.Contains(issue.Body, "DRAAdminAccess") {
					t.Errorf("the new change is missing:\n%s", issue.Body)
				}
				if twice := strings.Contains(issue.Body, "ImageVolumeWithDigest"); twice == weekly {
					t.Errorf("weekly %v tells the earlier change: %v", weekly, twice)
				}
			}
			w.ok("run")
			w.wantIssues(5)
		})
	}
}

// TestFirstRunOfOneDigest: the definition that was left out of the first run is no late comer. It starts
// from the release too, and is due whatever its schedule.
func TestFirstRunOfOneDigest(t *testing.T) {
	w := released(t)
	w.config(strings.NewReplacer("%A", "weekly", "%B", "yearly\n    schedule: \"17 7 1 1 *\"").Replace(twoDigests))
	w.ok("run", "--digest", "weekly")
	w.wantIssues(1)
	w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; !strings.Contains(body, "definition=yearly") || !strings.Contains(body, "MemoryManager") {
		t.Errorf("yearly does not start from the release:\n%s", body)
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run cost %d requests", r.api)
	}
	w.wantIssues(2)
}

// TestRecoveryThatDiedIsRepeated: the recovered base was stored, the cursor was not.
func TestRecoveryThatDiedIsRepeated(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.loseState()
	w.ok("run")
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`DELETE FROM cursors`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	w.ok("run")
	w.wantIssues(1)
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	w.wantIssues(2)
}

// withoutPackage is the default configuration with one package of gates taken out.
func (w *testWorld) withoutPackage(path string) string {
	w.t.Helper()
	shown := w.ok("config", "show").stdout
	var out []string
	skip := false
	for line := range strings.SplitSeq(shown, "\n") {
		if item := strings.TrimSpace(line); strings.HasPrefix(item, "- path:") {
			skip = strings.Contains(item, path)
		} else if !strings.HasPrefix(item, "component:") && !strings.HasPrefix(item, "import:") {
			skip = false
		}
		if !skip {
			out = append(out, line)
		}
	}
	text := strings.Join(out, "\n")
	if text == shown {
		w.t.Fatalf("no package %s in\n%s", path, shown)
	}
	return text
}

const kubeadm = "cmd/kubeadm/app/features"

// TestConfiguredPathsAreNoChange: what the configuration takes in or leaves out happened here, not
// upstream. What did happen upstream meanwhile is told.
func TestConfiguredPathsAreNoChange(t *testing.T) {
	w := released(t)
	less, all := w.withoutPackage(kubeadm), w.ok("config", "show").stdout
	w.config(less)
	w.ok("run")
	w.wantIssues(1)

	w.config(all)
	w.ok("run")
	w.wantIssues(1)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run cost %d requests", r.api)
	}

	w.config(less)
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; strings.Contains(body, "Removed") || !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("the second issue:\n%s", body)
	}
}

// TestBaseThatCannotBeReadTodayIsKept: the old base must be read anew, and the network fails. A baseline
// instead would lose what changed.
func TestBaseThatCannotBeReadTodayIsKept(t *testing.T) {
	w := released(t).set("BOT_GITHUB_MAX_WAIT=10ms")
	less, all := w.withoutPackage(kubeadm), w.ok("config", "show").stdout
	w.config(less)
	w.ok("run")
	out, err := exec.Command("git", "-C", w.git, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	w.config(all)
	w.commit("v1.36", promoteVolume)
	base := strings.TrimSpace(string(out))
	w.gh.AddFault(ghtest.Fault{
		Kind: ghtest.BadGateway, Path: "/graphql", Times: -1,
		Match: func(r ghtest.Request) bool { return strings.Contains(fmt.Sprint(r.Variables), base) },
	})
	if r := w.run("run"); r.code != exitSource {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	w.wantIssues(1)
	w.gh.ClearFaults()
	w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("the second issue:\n%s", body)
	}
}

// TestNothingReadIsNotNothingChanged: offline and without a mirror, nothing can be said.
func TestNothingReadIsNotNothingChanged(t *testing.T) {
	w := released(t).set("BOT_OFFLINE=true")
	for _, args := range [][]string{{"diff", "v1.35.0", "v1.36.0"}, {"gates"}} {
		if r := w.run(args...); r.code != exitSource || r.stdout != "" || !strings.Contains(r.stderr, "offline") {
			t.Errorf("bot %v: exit code %d, %s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	if r := w.ok("run"); strings.Contains(r.stderr, "nothing to tell") || !strings.Contains(r.stderr, "offline") {
		t.Errorf("bot run: %s", r.stderr)
	}
	// What was not read is no base either: the first run that reads tells from the release.
	w.set("BOT_OFFLINE=false")
	w.ok("run")
	w.wantIssues(1)
}

// TestSinceReadsOnlyWhatIsAskedFor: the other upstream need not have such a tag.
func TestSinceReadsOnlyWhatIsAskedFor(t *testing.T) {
	w := released(t)
	w.config("upstreams:\n  - preset: kubernetes\n  - {preset: kubernetes, name: fork, repository: acme/nope}\n")
	r := w.ok("run", "--dry-run", "--since", "v1.35.0", "--upstream", "kubernetes", "--format", "json")
	if !strings.Contains(r.stdout, "MemoryManager") || strings.Contains(r.stdout, "acme/nope") {
		t.Errorf("%.2000s", r.stdout)
	}
}

func TestUnknownCommands(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"rum"}, {"config", "valdiate"}} {
		if r := w.run(args...); r.code != exitUsage || !strings.Contains(r.stderr, "did you mean") {
			t.Errorf("bot %v: exit code %d, %s", args, r.code, r.stderr)
		}
	}
	if r := w.ok("config"); !strings.Contains(r.stdout, "validate") {
		t.Errorf("bot config shows no help: %s", r.stdout)
	}
}

// TestOutputIsWholeOrUntouched: a failed run leaves what a good one wrote, and a full disk is no success.
func TestOutputIsWholeOrUntouched(t *testing.T) {
	w := released(t).set("BOT_GITHUB_MAX_WAIT=10ms")
	path := filepath.Join(w.dir, "digest.md")
	w.ok("run", "--dry-run", "--output", path)
	before, err := os.ReadFile(path)
	if err != nil || len(before) == 0 {
		t.Fatal(err, len(before))
	}
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Path: "**", Times: -1})
	if r := w.run("run", "--dry-run", "--output", path); r.code != exitSource {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("%v, %d bytes are left of %d", err, len(after), len(before))
	}
	w.gh.ClearFaults()
	for _, args := range [][]string{{"run", "--dry-run"}, {"gates"}, {"diff", "v1.35.0", "HEAD"}} {
		code := execute(t.Context(), environment{args: args, stdout: full{}, stderr: io.Discard, environ: w.env, now: time.Now})
		if code == exitDone {
			t.Errorf("bot %v: nothing could be written, and it leaves with 0", args)
		}
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
