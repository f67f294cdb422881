package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// yoursWorld is one in whose second issue a gate of the reader's stands with its box.
func yoursWorld(t *testing.T, config string) *testWorld {
	t.Helper()
	w := released(t)
	w.config(config)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	if !strings.Contains(w.issue(2).Body, "- [ ] **`"+volumeGate+"`**") {
		t.Fatalf("it is not there:\n%s", w.issue(2).Body)
	}
	return w
}

const watchesVolume = "watch:\n  gates: [ImageVolumeWithDigest]\n"

// TestOpenAndReadAgain: what is read back decides, and what can't be read is taken for nothing that it may not be.
func TestOpenAndReadAgain(t *testing.T) {
	t.Parallel()
	next := func(w *testWorld) string {
		w.t.Helper()
		w.commit("v1.36", both(promoteVolume, one("Next")))
		w.ok("run")
		all := w.issues()
		return all[len(all)-1].Body
	}
	is := func(t *testing.T, body string, open bool, more ...string) {
		t.Helper()
		if strings.Contains(body, "Still yours, not acknowledged (1)") != open {
			t.Errorf("open: want %v\n%s", open, body)
		}
		for _, m := range more {
			if !strings.Contains(body, m) {
				t.Errorf("it lacks %q\n%s", m, body)
			}
		}
	}
	t.Run("the state is lost", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		w.loseState()
		is(t, next(w), true)
	})
	t.Run("the state is lost, and it was ticked", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		w.tick(2, volumeGate)
		w.loseState()
		is(t, next(w), false, "Acknowledged")
	})
	t.Run("the issue is deleted", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		w.gh.DeleteIssue("acme/platform", 2)
		is(t, next(w), true)
	})
	t.Run("the issue can't be read", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		w.tick(2, volumeGate)
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Field: "issue", Contains: "query Heads"})
		is(t, next(w), true, "The boxes of issue 2 in acme/platform could not be read")
		w.gh.ClearFaults()
		w.tick(3, volumeGate)
		w.commit("v1.36", both(promoteVolume, one("Next"), one("Second")))
		w.ok("run")
		is(t, w.issue(4).Body, false, "Acknowledged")
	})
	t.Run("it is not so any more", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		// It changes once more, and what was is history: only the new entry stands there.
		w.commit("v1.36", func(rows []facts.Row) []facts.Row { return rows })
		w.ok("run")
		body := w.issue(3).Body
		is(t, body, false, "- [ ] **`"+volumeGate+"`**", "## Yours (1)")
	})
	t.Run("another kind of channel", func(t *testing.T) {
		t.Parallel()
		w := yoursWorld(t, watchesVolume)
		w.config(watchesVolume + "digests:\n  - name: digest\n    channels: [{type: rolling-issue}]\n")
		is(t, next(w), true)
		w.wantIssues(3)
	})
	t.Run("manifests", func(t *testing.T) {
		t.Parallel()
		w := released(t)
		dir := filepath.Join(w.dir, "clusters")
		write := func(text string) {
			if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "kubelet.yaml"), []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfeatureGates:\n  %s: true\n"
		write(fmt.Sprintf(kubelet, volumeGate))
		w.config("watch:\n  manifests: [" + dir + "]\n")
		w.ok("run")
		w.commit("v1.36", promoteVolume)
		w.ok("run")
		is(t, next(w), true, "Yours: you set it in ")
		// A file that can't be read is none that sets nothing.
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		w.commit("v1.36", both(promoteVolume, one("Next"), one("Second")))
		w.ok("run")
		is(t, w.issue(4).Body, true)
		write(fmt.Sprintf(kubelet, "NodeSwap"))
		w.commit("v1.36", both(promoteVolume, one("Next"), one("Second"), one("Third")))
		w.ok("run")
		is(t, w.issue(5).Body, false, "No longer open, for your configuration does not name them any more: `"+volumeGate+"`.")
	})
}

// TestDoctorKnowsTheRollingIssue: its target is looked at, and a test message leaves the issue alone.
func TestDoctorKnowsTheRollingIssue(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	before := w.rolling()
	if out := w.ok("doctor").stdout; !strings.Contains(out, "acme/platform is there") || !strings.Contains(out, "the token may file issues there") {
		t.Errorf("%s", out)
	}
	if out := w.ok("doctor", "--notify").stdout; !strings.Contains(out, "filed and closed") {
		t.Errorf("%s", out)
	}
	if after := w.issue(1); after.Body != before.Body || after.State != "open" {
		t.Error("the test message changes the rolling issue")
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
}

// What is open of the reader's goes on where the digest repository gets another name, or another one takes its place.
func TestOpenGoesOnInAnotherRepository(t *testing.T) {
	t.Parallel()
	for _, ticked := range []bool{false, true} {
		w := yoursWorld(t, watchesVolume)
		if ticked {
			w.tick(2, volumeGate)
		}
		w.gh.AddRepository(ghtest.Repository{Name: "acme/infra"})
		w.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write, "acme/infra": ghtest.Write}})
		w.config(watchesVolume + "target:\n  repository: acme/infra\n")
		w.commit("v1.36", both(promoteVolume, one("Next")))
		w.ok("run")
		all := w.gh.Issues("acme/infra")
		if len(all) != 1 {
			t.Fatalf("%d issues", len(all))
		}
		if body := all[0].Body; strings.Contains(body, "Still yours, not acknowledged (1)") == ticked || ticked && !strings.Contains(body, "Acknowledged since the last digest: `"+volumeGate+"`.") {
			t.Errorf("ticked: %v\n%s", ticked, body)
		}
		if r := w.ok("run"); r.api != 1 {
			t.Errorf("a quiet run costs %d requests", r.api)
		}
	}
}

// What stands in a part that is still owed when the next digest is made is open, too.
func TestOpenOfAnOwedPart(t *testing.T) {
	whole(t)
	t.Parallel()
	w := released(t)
	w.ok("run")
	var names []string
	for _, r := range invented(150)(nil) {
		names = append(names, r.Gate)
	}
	w.config("watch:\n  gates: [" + strings.Join(names, ", ") + "]\n")
	w.commit("v1.36", invented(150))
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "POST", Path: "/repos/*/*/issues/*/comments", Times: -1})
	w.code(exitDelivery, "run")
	w.commit("v1.36", both(invented(150), one("Second")))
	w.code(exitDelivery, "run")
	w.gh.ClearFaults()
	w.ok("run")
	for _, n := range []int{2, 3} {
		i := w.issue(n)
		boxes := strings.Count(i.Body, "\n- [ ] ")
		if boxes == 0 || boxes == 150 {
			t.Errorf("issue %d has %d boxes in its first part", n, boxes)
		}
		for _, c := range i.Comments {
			boxes += strings.Count(c.Body, "\n- [ ] ")
		}
		if boxes != 150 {
			t.Errorf("issue %d has %d boxes", n, boxes)
		}
	}
}
