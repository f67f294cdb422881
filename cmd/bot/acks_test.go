package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// shown is a text as its reader sees it: without comments, and without the foot.
func shown(body string) string {
	body = regexp.MustCompile(`<!--.*?-->`).ReplaceAllString(body, "")
	body, _, _ = strings.Cut(body, "\n---\n\n")
	return strings.TrimSpace(body)
}

// tick does what GitHub does when somebody ticks the box of a gate.
func (w *testWorld) tick(number int, name string) {
	w.t.Helper()
	w.gh.UpdateIssue("acme/platform", number, func(i *ghtest.Issue) {
		from := "- [ ] **`" + name + "`**"
		if strings.Count(i.Body, from) != 1 {
			w.t.Fatalf("issue %d has no box to tick for %s:\n%s", number, name, i.Body)
		}
		i.Body = strings.Replace(i.Body, from, "- [x] **`"+name+"`**", 1)
	})
}

func (w *testWorld) issue(number int) ghtest.Issue {
	w.t.Helper()
	for _, i := range w.issues() {
		if i.Number == number {
			return i
		}
	}
	w.t.Fatalf("there is no issue %d", number)
	return ghtest.Issue{}
}

func removeAdmin(rows []facts.Row) []facts.Row {
	return slices.DeleteFunc(rows, func(r facts.Row) bool { return r.Gate == adminGate })
}

const (
	volumeGate = "ImageVolumeWithDigest"
	adminGate  = "DRAAdminAccess"
)

// TestLifeOfWhatIsYours: it appears with a box, stays on top, is acknowledged, and closes itself.
func TestLifeOfWhatIsYours(t *testing.T) {
	t.Parallel()
	w := released(t)
	watching := func(gates ...string) {
		w.config(fmt.Sprintf("watch:\n  gates: [%s]\n", strings.Join(gates, ", ")))
	}
	watching()
	w.ok("run") // what was before
	quiet := func() {
		t.Helper()
		if r := w.ok("run"); r.api != 1 {
			t.Errorf("a quiet run costs %d requests", r.api)
		}
	}
	text := func(number int, want []string, not ...string) string {
		t.Helper()
		got := w.issue(number).Body
		for _, s := range want {
			if !strings.Contains(got, s) {
				t.Errorf("issue %d lacks %q", number, s)
			}
		}
		for _, s := range not {
			if strings.Contains(got, s) {
				t.Errorf("issue %d has %q", number, s)
			}
		}
		return shown(got)
	}
	var life []string

	watching(volumeGate, adminGate)
	w.commit("v1.36", both(promoteVolume, removeAdmin))
	w.ok("run")
	life = append(life, "1. appears\n\n"+text(2, []string{"- [ ] **`" + volumeGate + "`**", "- [ ] **`" + adminGate + "`**"}, "Still yours"))
	quiet()

	w.commit("v1.36", both(both(promoteVolume, removeAdmin), one("First")))
	w.ok("run")
	life = append(life, "2. stays\n\n"+text(3, []string{"## Still yours, not acknowledged (2)", "- [ ] **`" + volumeGate + "`**", "- [ ] **`" + adminGate + "`**"}))
	quiet()

	w.tick(3, volumeGate)
	quiet()
	w.commit("v1.36", both(both(both(promoteVolume, removeAdmin), one("First")), one("Second")))
	w.ok("run")
	life = append(life, "3. one is acknowledged\n\n"+text(4, []string{"not acknowledged (1)", "- [ ] **`" + adminGate + "`**", "Acknowledged since the last digest: `" + volumeGate + "`."}, "**`"+volumeGate+"`**"))

	watching(volumeGate)
	quiet()
	w.commit("v1.36", both(both(both(both(promoteVolume, removeAdmin), one("First")), one("Second")), one("Third")))
	w.ok("run")
	life = append(life, "4. the other closes itself\n\n"+text(5, []string{"No longer open, for your configuration does not name them any more: `" + adminGate + "`."}, "Still yours", "**`"+adminGate+"`**"))
	for _, l := range life {
		t.Log("\n\n" + l + "\n")
	}
	t.Log("foot of the last: " + foot(w.issue(5).Body))
}

func foot(body string) string {
	_, f, _ := strings.Cut(body, "\n---\n\n")
	return f
}

// one adds a gate that is news, and nobody's.
func one(name string) func([]facts.Row) []facts.Row {
	return func(rows []facts.Row) []facts.Row {
		name := "InventedWidget" + name
		return append(rows, facts.Row{
			Gate: name, Const: name, Component: "kubernetes", RegisteredIn: []string{"kubernetes"},
			Specs: []gate.Spec{{Since: "1.36", Stage: gate.Alpha}},
		})
	}
}
