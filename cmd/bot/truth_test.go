package main

import (
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// TestFailedSourceIsNoEmptyOne: a file that cannot be read today removes nothing, and what changed
// meanwhile is told when it can be read again.
func TestFailedSourceIsNoEmptyOne(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
	for range 2 {
		if r := w.run("run"); r.code != exitSource || !strings.Contains(r.stderr, "kube_features.go:3:") {
			t.Fatalf("exit code %d, %s", r.code, r.stderr)
		}
		w.wantIssues(1)
	}
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	w.ok("run")
	w.wantIssues(2)
	if body := w.issues()[1].Body; !strings.Contains(body, "1 to know") || !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("it tells more or less than the one change:\n%s", body)
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests", r.api)
	}
}

func TestMassRemovalIsTakenForALayoutChange(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.commit("v1.36", func(rows []facts.Row) []facts.Row {
		var kept []facts.Row
		for i, r := range rows {
			if i%2 == 0 || r.Component != "kubernetes" {
				kept = append(kept, r)
			}
		}
		return kept
	})
	if r := w.run("run"); r.code != exitSource || !strings.Contains(r.stderr, "looks like a change of layout") {
		t.Fatalf("exit code %d, %s", r.code, r.stderr)
	}
	w.wantIssues(1)
	w.ok("run", "--accept-removals", "gates")
	w.wantIssues(2)
}

// TestUnreadableGateIsNotRemoved: one row in a form the parser does not know, everything else is told.
func TestUnreadableGateIsNotRemoved(t *testing.T) {
	w := released(t)
	w.ok("run")
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	const path = "pkg/features/kube_features.go"
	src := string(w.all[len(w.all)-1].Files[path])
	i := strings.Index(src, "\tDRAAdminAccess: {")
	if i < 0 {
		t.Fatal("the fixture has no row of DRAAdminAccess")
	}
	end := i + strings.Index(src[i:], "\n\t},\n")
	w.push(map[string][]byte{path: []byte(src[:i] + "\tDRAAdminAccess: specsOf(3),\n" + src[end+5:])})
	w.ok("run")
	w.wantIssues(2)
	body := w.issues()[1].Body
	if strings.Contains(body, "Removed") || !strings.Contains(body, "ImageVolumeWithDigest") {
		t.Errorf("an unreadable gate is told as removed, or hides the others:\n%s", body)
	}
	if !strings.Contains(body, "kube_features.go") || !strings.Contains(body, "DRAAdminAccess") {
		t.Errorf("what could not be read is not named:\n%s", body)
	}
}

// TestThereAndBackTwice: A to B to A to B is a digest each time; keys hold no content.
func TestThereAndBackTwice(t *testing.T) {
	w := released(t)
	w.ok("run")
	there := promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true})
	for i := range 2 {
		w.commit("v1.36", there)
		w.ok("run")
		w.wantIssues(2 + 2*i)
		w.commit("v1.36", nil)
		w.ok("run")
		w.wantIssues(3 + 2*i)
	}
}

// TestDeliveryIsTriedAgain: a refused delivery is owed, and the next run files it before anything else.
func TestDeliveryIsTriedAgain(t *testing.T) {
	w := released(t)
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues"})
	if r := w.run("run"); r.code != exitDelivery {
		t.Fatalf("exit code %d, %s", r.code, r.stderr)
	}
	w.wantIssues(0)
	w.ok("run")
	w.wantIssues(1)
	w.ok("run")
	w.wantIssues(1)
}

// TestSchedulesAreKept: a definition whose schedule had no boundary since it last told is not due.
func TestSchedulesAreKept(t *testing.T) {
	w := released(t)
	w.config("target:\n  repository: acme/platform\ndigests:\n  - name: yearly\n    schedule: \"17 7 1 1 *\"\n    channels: [{type: github-issue}]\n")
	w.ok("run")
	w.wantIssues(1)
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	if r := w.ok("run"); !strings.Contains(r.stderr, "not due") {
		t.Errorf("it does not say so: %s", r.stderr)
	}
	w.wantIssues(1)
	w.ok("run", "--digest", "yearly")
	w.wantIssues(2)
}
