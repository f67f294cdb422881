package main

import (
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// TestOneDigestNeedsOnlyItsOwnChannel: a digest that goes to a file needs neither token nor target, though
// its neighbour does, and leaves the neighbour's debts alone.
func TestOneDigestNeedsOnlyItsOwnChannel(t *testing.T) {
	w := released(t)
	w.config("target:\n  repository: acme/platform\ndigests:\n" +
		"  - name: weekly\n    channels: [{type: github-issue}]\n" +
		"  - name: notes\n    channels: [{type: file, path: '" + w.dir + "/notes-{seq}.md'}]\n")
	w.set("GITHUB_TOKEN=")
	r := w.ok("run", "--digest", "notes")
	if !strings.Contains(r.stdout, "notes-1.md") {
		t.Errorf("no digest was written: %s%s", r.stdout, r.stderr)
	}
	if r := w.run("run"); r.code != exitUsage || !strings.Contains(r.stderr, "weekly") && !strings.Contains(r.stderr, "GITHUB_TOKEN") {
		t.Errorf("all digests without a token: exit code %d, %s", r.code, r.stderr)
	}
	w.set("GITHUB_TOKEN=" + secret)
	w.ok("run")
	w.wantIssues(1)
	if body := w.issues()[0].Body; !strings.Contains(body, "MemoryManager") {
		t.Errorf("weekly does not start from the release:\n%.500s", body)
	}
}

// TestRunsAreRemembered: each run is kept with the exit code it left with, and the digest's foot tells how
// often the bot looked and of when its data is.
func TestRunsAreRemembered(t *testing.T) {
	w := released(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatalf("exit code %d, %s", r.code, r.stderr)
	}
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	st, err := sqlite.OpenReadOnly(t.Context(), w.state())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	runs, err := st.Runs(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []int
	for _, r := range runs {
		codes = append(codes, r.ExitCode)
	}
	if len(codes) != 3 || codes[0] != exitDone || codes[1] != exitDone || codes[2] != exitDelivery {
		t.Errorf("exit codes, newest first: %v", codes)
	}
	body := w.issues()[1].Body
	for _, want := range []string{"Watched: 2 runs in the 30 days before this one, 1 of them failed", "feature gates as of "} {
		if !strings.Contains(body, want) {
			t.Errorf("the foot lacks %q:\n%s", want, body)
		}
	}
}

// TestFailedRunsEndInOneIssue: what could not be filed is filed as one digest, with what came later.
func TestFailedRunsEndInOneIssue(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues", Times: -1})
	w.commit("v1.36", promoteVolume)
	for range 2 {
		if r := w.run("run"); r.code != exitDelivery {
			t.Fatalf("exit code %d, %s", r.code, r.stderr)
		}
	}
	w.commit("v1.36", both(promoteVolume, promoteAdmin))
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatalf("exit code %d, %s", r.code, r.stderr)
	}
	r := w.ok("run", "--dry-run")
	if !strings.Contains(r.stderr, "still owed") {
		t.Errorf("a dry run does not say what is owed: %s", r.stderr)
	}
	w.gh.ClearFaults()
	w.ok("run")
	w.wantIssues(2)
	body := w.issues()[1].Body
	for _, name := range []string{"ImageVolumeWithDigest", "DRAAdminAccess", "Earlier digests could not be delivered"} {
		if !strings.Contains(body, name) {
			t.Errorf("the merged digest lacks %s:\n%s", name, body)
		}
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run cost %d requests", r.api)
	}
}
