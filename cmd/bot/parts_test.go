package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// TestLongDigestIsCompletedOnce: a digest of several parts whose follow-up comments fail is completed by
// the next run, without a second issue and without a doubled comment.
func TestLongDigestIsCompletedOnce(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.35", nil, "v1.35.0")
	w.commit("v1.36", func(rows []facts.Row) []facts.Row {
		for i := range 400 {
			name := fmt.Sprintf("InventedWidgetNumber%04d", i)
			rows = append(rows, facts.Row{Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
				Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}})
		}
		return rows
	})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Method: "POST", Path: "/repos/*/*/issues/*/comments"})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues/*/comments", Times: 1})
	first := w.run("run")
	w.wantIssues(1)
	for range 3 {
		w.run("run")
	}
	w.wantIssues(1)
	issue := w.issues()[0]
	if len(issue.Comments) == 0 {
		t.Fatalf("the digest has one part; the test needs several (exit code %d)\n%s", first.code, first.stderr)
	}
	all := issue.Body
	seen := map[string]bool{}
	for _, c := range issue.Comments {
		marker, _, _ := strings.Cut(c.Body, "\n")
		if seen[marker] {
			t.Errorf("a comment is there twice: %s", marker)
		}
		seen[marker] = true
		all += c.Body
	}
	for i := range 400 {
		if name := fmt.Sprintf("InventedWidgetNumber%04d", i); !strings.Contains(all, name) {
			t.Errorf("%s is lost", name)
		}
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("all is delivered, and yet a run costs %d requests", r.api)
	}
}
