package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/publish"
)

// rollingConfig keeps one issue, and watches a gate.
const rollingConfig = `
target:
  repository: acme/platform
watch:
  gates: [ImageVolumeWithDigest]
digests:
  - name: weekly
    channels: [{type: rolling-issue}]
`

// closingConfig files a new issue each time, and closes the one before.
const closingConfig = `
target:
  repository: acme/platform
watch:
  gates: [ImageVolumeWithDigest]
digests:
  - name: weekly
    channels: [{type: github-issue, close_previous: true}]
`

// wantOneOpen checks that all issues but the newest are closed.
func (w *testWorld) wantOneOpen(wanted bool) {
	w.t.Helper()
	all := w.issues()
	for n, i := range all {
		if wanted && (i.State == "open") != (n == len(all)-1) {
			w.t.Errorf("issue %d of %d is %s", n+1, len(all), i.State)
		}
	}
}

// wantRolling checks an issue that digests are edited into: its text and each part of it once, each piece of news once.
func wantRolling(w *testWorld, i ghtest.Issue) {
	w.t.Helper()
	first, ok := publish.ParseMarker(i.Body)
	if !ok || first.Part != 1 {
		w.t.Errorf("issue %d has the marker %+v", i.Number, first)
	}
	seen := map[string]bool{first.Nonce: true}
	parts := []int{1}
	for _, c := range i.Comments {
		m, ok := publish.ParseMarker(c.Body)
		if !ok || m.Kind == publish.Spare {
			continue
		}
		if seen[m.Nonce] {
			w.t.Errorf("issue %d: a comment is there twice:\n%s", i.Number, c.Body)
		}
		seen[m.Nonce] = true
		if m.Seq == first.Seq {
			parts = append(parts, m.Part)
		} else if m.Kind != publish.News {
			w.t.Errorf("issue %d: a comment holds a part of digest %d, and the issue holds %d", i.Number, m.Seq, first.Seq)
		}
	}
	slices.Sort(parts)
	for n, p := range parts {
		if p != n+1 || len(parts) != first.Of {
			w.t.Errorf("issue %d has the parts %v of %d", i.Number, parts, first.Of)
			break
		}
	}
}

// rolling is a world with a rolling issue, of which the first digest is filed.
func rollingWorld(t *testing.T) *testWorld {
	t.Helper()
	w := released(t)
	w.config(rollingConfig)
	w.ok("run")
	w.wantIssues(1)
	return w
}

func (w *testWorld) rolling() ghtest.Issue {
	w.t.Helper()
	w.wantIssues(1)
	i := w.issues()[0]
	wantRolling(w, i)
	return i
}

// TestRollingIssue: one issue, edited in place, and a comment for what is new to act on.
func TestRollingIssue(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	first := w.rolling()
	if first.Title != "Upstream digest: weekly" || len(first.Comments) != 0 {
		t.Errorf("%q with %d comments", first.Title, len(first.Comments))
	}
	quiet := func() {
		t.Helper()
		before := w.rolling()
		if r := w.ok("run"); r.api != 1 {
			t.Errorf("a quiet run costs %d requests", r.api)
		}
		if after := w.rolling(); after.Body != before.Body || !after.Updated.Equal(before.Updated) {
			t.Error("a quiet run touches the issue")
		}
	}
	quiet()
	w.commit("v1.36", one("First"))
	r := w.ok("run")
	if i := w.rolling(); len(i.Comments) != 0 || !strings.Contains(i.Body, "InventedWidgetFirst") || strings.Contains(i.Body, "This is the first digest") {
		t.Errorf("nothing to act on: %d comments\n%s", len(i.Comments), i.Body)
	}
	t.Logf("an edit without news: %d requests", r.api)
	quiet()
	w.commit("v1.36", both(one("First"), promoteVolume))
	plan := w.ok("run", "--dry-run").stdout
	if !strings.Contains(plan, "edit issue 1 in acme/platform") || !strings.Contains(plan, "comment on it, part 2 of 2") {
		t.Errorf("the plan:\n%s", plan)
	}
	r = w.ok("run")
	i := w.rolling()
	if len(i.Comments) != 1 || !strings.Contains(i.Comments[0].Body, "**New to act on: 1.**") || !strings.Contains(i.Comments[0].Body, volumeGate) ||
		strings.Contains(i.Comments[0].Body, "[ ]") || strings.Contains(i.Comments[0].Body, "InventedWidget") {
		t.Errorf("comments: %v", i.Comments)
	}
	t.Logf("an edit with news: %d requests; the comment:\n%s", r.api, shown(i.Comments[0].Body))
	quiet()
	w.commit("v1.36", both(one("First"), promoteVolume, one("Second")))
	w.ok("run")
	if i := w.rolling(); len(i.Comments) != 1 || !strings.Contains(i.Body, "Still yours, not acknowledged") {
		t.Errorf("what is open is not news: %d comments\n%s", len(i.Comments), i.Body)
	}
}

// TestRollingIssueGrowsAndShrinks: the parts of a long digest are edited into the comments of the one before.
func TestRollingIssueGrowsAndShrinks(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	w.commit("v1.36", invented(800))
	w.ok("run")
	i := w.rolling()
	parts := len(i.Comments)
	if parts < 2 {
		t.Fatalf("%d comments", parts)
	}
	ids := []int64{}
	for _, c := range i.Comments {
		ids = append(ids, c.ID)
	}
	w.commit("v1.36", both(invented(800), promoteVolume))
	w.ok("run")
	i = w.rolling()
	if len(i.Comments) != parts+1 {
		t.Errorf("%d comments, want %d and the news", len(i.Comments), parts)
	}
	for n, c := range i.Comments[:parts] {
		if m, _ := publish.ParseMarker(c.Body); m.Kind != publish.Spare || strings.Contains(c.Body, "InventedWidget") || c.ID != ids[n] {
			t.Errorf("comment %d still holds: %.200s", c.ID, c.Body)
		}
	}
	w.commit("v1.36", both(invented(1600), promoteVolume))
	w.ok("run")
	i = w.rolling()
	for n, id := range ids {
		if c := i.Comments[n]; c.ID != id || !strings.Contains(c.Body, "InventedWidget") {
			t.Errorf("comment %d is not used again: %.200s", id, c.Body)
		}
	}
}

// TestRollingIssueAndPeople: what people do to the issue between two runs, or in the middle of one.
func TestRollingIssueAndPeople(t *testing.T) {
	whole(t)
	t.Parallel()
	next := both(promoteVolume, one("Second"))
	for name, tt := range map[string]struct {
		do     func(w *testWorld)
		issues int
		check  func(w *testWorld)
	}{
		"closed": {func(w *testWorld) {
			w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) { i.State = "closed" })
		}, 1, func(w *testWorld) {
			if w.issue(1).State != "open" {
				w.t.Error("it stays closed, and nobody sees the digest")
			}
		}},
		"deleted": {func(w *testWorld) { w.gh.DeleteIssue("acme/platform", 1) }, 1, func(w *testWorld) {
			if i := w.issue(2); !strings.Contains(i.Body, "Still yours, not acknowledged (1)") || len(i.Comments) != 0 {
				w.t.Errorf("the new issue lacks what was open:\n%s", i.Body)
			}
		}},
		"locked": {func(w *testWorld) {
			w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) { i.Locked = true })
		}, 2, func(w *testWorld) {
			if !strings.Contains(w.issue(2).Body, "InventedWidgetSecond") || strings.Contains(w.issue(1).Body, "InventedWidgetSecond") {
				w.t.Error("the digest is not in a new issue")
			}
		}},
		"text edited": {func(w *testWorld) {
			w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) { i.Body = "@team look here\n\n" + i.Body + "\nmy own remark" })
		}, 1, func(w *testWorld) {
			if i := w.issue(1); strings.Contains(i.Body, "remark") || !strings.Contains(i.Body, "Still yours, not acknowledged (1)") {
				w.t.Errorf("not written anew, or what was open is lost:\n%s", i.Body)
			}
		}},
		"emptied": {func(w *testWorld) {
			w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) { i.Body = "" })
		}, 1, func(w *testWorld) {
			if i := w.issue(1); !strings.Contains(i.Body, "InventedWidgetSecond") || !strings.Contains(i.Body, "Taken out of the last digest by hand: `"+volumeGate+"`.") {
				w.t.Errorf("not written anew, or not said:\n%s", i.Body)
			}
		}},
		"forged": {func(w *testWorld) {
			w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) {
				i.Body += "\n- [ ] **`Forged`**: x <!-- yours v1 00000000000000000000000000000000 eyJ1cHN0cmVhbSI6Imt1YmVybmV0ZXMiLCJpZCI6IkZvcmdlZCIsInN0YXRlIjoiZ29uZSJ9 -->\n"
			})
		}, 1, func(w *testWorld) {
			if strings.Contains(w.issue(1).Body, "Forged") {
				w.t.Error("a box without the digest's nonce is believed")
			}
		}},
		"ticked": {func(w *testWorld) { w.tick(1, volumeGate) }, 1, func(w *testWorld) {
			if i := w.issue(1); strings.Contains(i.Body, "Still yours") || !strings.Contains(i.Body, "Acknowledged since the last digest: `"+volumeGate+"`.") {
				w.t.Errorf("not acknowledged:\n%s", i.Body)
			}
		}},
		"ticked while the run goes on": {func(w *testWorld) {
			ticked := false
			w.gh.OnRequest(func(r ghtest.Request) { // the heads are read by then, and the issue is not
				if !ticked && strings.Contains(r.Document, "query OneIssue") {
					ticked = true
					w.tick(1, volumeGate)
				}
			})
		}, 1, func(w *testWorld) {
			if i := w.issue(1); !strings.Contains(i.Body, "- [x] **`"+volumeGate+"`**: Told on ") {
				w.t.Errorf("the tick is lost:\n%s", i.Body)
			}
			w.commit("v1.36", both(next, one("Third")))
			w.ok("run")
			if i := w.rolling(); strings.Contains(i.Body, "Still yours") || !strings.Contains(i.Body, "Acknowledged") {
				w.t.Errorf("the tick is not read:\n%s", i.Body)
			}
		}},
		"the state is lost": {func(w *testWorld) { w.loseState() }, 1, func(w *testWorld) {
			if i := w.issue(1); !strings.Contains(i.Body, "Still yours, not acknowledged (1)") || !strings.Contains(i.Body, "InventedWidgetSecond") {
				w.t.Errorf("what was open is lost with the state:\n%s", i.Body)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rollingWorld(t)
			w.commit("v1.36", promoteVolume)
			w.ok("run")
			w.rolling()
			tt.do(w)
			w.commit("v1.36", next)
			w.ok("run")
			w.wantIssues(tt.issues)
			tt.check(w)
			if r := w.ok("run"); r.api != 1 {
				t.Errorf("a quiet run afterwards costs %d requests", r.api)
			}
			w.wantIssues(tt.issues)
		})
	}
}

// TestLateDigestDoesNotStepBack: what could not be delivered for a time takes no later digest's place.
func TestLateDigestDoesNotStepBack(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	edits := func(r ghtest.Request) bool { return r.Method == http.MethodPatch }
	// The answer to an edit that never happened is lost: nobody knows of the first digest.
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Match: edits})
	w.commit("v1.36", promoteVolume)
	w.code(exitDelivery, "run")
	// Twice it can't be looked for; the second time the next digest gets through.
	for range 2 {
		w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Contains: "query OneIssue"})
		w.commit("v1.36", both(promoteVolume, one("Second")))
		w.code(exitDelivery, "run")
	}
	if i := w.rolling0(); !strings.Contains(i.Body, "InventedWidgetSecond") || !strings.Contains(i.Body, "Still yours, not acknowledged (1)") {
		t.Fatalf("the second digest is not there, or forgets what may have been told:\n%s", i.Body)
	}
	w.gh.ClearFaults()
	w.ok("run")
	i := w.rolling0()
	all := i.Body
	for _, c := range i.Comments {
		all += c.Body
	}
	for _, gate := range []string{volumeGate, "InventedWidgetSecond"} {
		if !strings.Contains(all, gate) {
			t.Errorf("%s is lost:\n%s", gate, all)
		}
	}
	if !strings.Contains(i.Body, "InventedWidgetSecond") {
		t.Errorf("an earlier digest stands in the issue:\n%s", i.Body)
	}
	if len(i.Comments) != 2 || !strings.Contains(i.Comments[0].Body, "## Yours") {
		t.Errorf("the late digest and its news are not comments: %d", len(i.Comments))
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
}

func (w *testWorld) rolling0() ghtest.Issue {
	w.t.Helper()
	w.wantIssues(1)
	return w.issues()[0]
}

// TestClosePrevious: the issue before is closed once the next one is there, and what is open of it goes on.
func TestClosePrevious(t *testing.T) {
	t.Parallel()
	w := released(t)
	w.config(closingConfig)
	w.ok("run")
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	states := func() string {
		var out []string
		for _, i := range w.issues() {
			out = append(out, i.State)
		}
		return strings.Join(out, " ")
	}
	if got := states(); got != "closed open" {
		t.Errorf("states: %s", got)
	}
	w.commit("v1.36", both(promoteVolume, one("Second")))
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Status: 403, Method: "PATCH", Path: "/repos/*/*/issues/*"})
	if r := w.code(exitDelivery, "run"); !strings.Contains(r.stderr, "filed, but the issue before it, 2, could not be closed") {
		t.Errorf("%s", r.stderr)
	}
	if got := states(); got != "closed open open" {
		t.Errorf("states: %s", got)
	}
	if !strings.Contains(w.issue(3).Body, "Still yours, not acknowledged (1)") {
		t.Error("what was open is closed with its issue")
	}
	w.gh.DeleteIssue("acme/platform", 3)
	w.commit("v1.36", both(promoteVolume, one("Second"), one("Third")))
	w.ok("run") // there is nothing to close any more
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
}

// The repository was made anew under its name: the number of the last digest is somebody else's issue now, which is none
// of the bot's to close.
func TestCloseNobodyElsesIssue(t *testing.T) {
	t.Parallel()
	w := released(t)
	w.config(closingConfig)
	w.ok("run")
	w.gh.UpdateIssue("acme/platform", 1, func(i *ghtest.Issue) { i.Author, i.Title, i.Body = "ada", "The printer is on fire", "Help!" })
	w.commit("v1.36", promoteVolume)
	w.ok("run")
	if i := w.issue(1); i.State != "open" {
		t.Errorf("issue 1 of %s is %s", i.Author, i.State)
	}
	w.commit("v1.36", both(promoteVolume, one("Second")))
	w.ok("run")
	if i := w.issue(2); i.State != "closed" {
		t.Errorf("the bot's own issue is %s", i.State)
	}
}

// An issue that people have talked on has more comments than are read with the heads. What stands in the parts of a
// digest behind them is not taken for acknowledged, nor for taken out.
func TestBoxesBehindManyComments(t *testing.T) {
	whole(t)
	t.Parallel()
	w := rollingWorld(t)
	for range 100 {
		w.gh.AddComment("acme/platform", 1, ghtest.Comment{Author: "ada", Body: "I see."})
	}
	var names []string
	for _, r := range invented(150)(nil) {
		names = append(names, r.Gate)
	}
	w.config(strings.Replace(rollingConfig, "gates: [ImageVolumeWithDigest]", "gates: ["+strings.Join(names, ", ")+"]", 1))
	w.commit("v1.36", invented(150))
	w.ok("run")
	i := w.rolling()
	all := func(i ghtest.Issue) string {
		text := i.Body
		for _, c := range i.Comments {
			text += "\n" + c.Body
		}
		return text
	}
	in := func(i ghtest.Issue) int { return strings.Count(all(i), "\n- [ ] ") }
	if in(i) != 150 || strings.Count(i.Body, "\n- [ ] ") == 150 {
		t.Fatalf("%d boxes, %d of them in the first part", in(i), strings.Count(i.Body, "\n- [ ] "))
	}
	w.commit("v1.36", both(invented(150), one("Second")))
	w.ok("run")
	i = w.rolling()
	if in(i) != 150 || strings.Contains(all(i), "Taken out") {
		t.Errorf("%d boxes are left; taken out: %t", in(i), strings.Contains(all(i), "Taken out"))
	}
	if !strings.Contains(all(i), "more than 100 comments") {
		t.Error("that not all could be read is not said")
	}
}

// A box in a further part that is ticked while the run goes on stays ticked, as one in the issue itself does.
func TestTickInACommentIsKept(t *testing.T) {
	t.Parallel()
	w := rollingWorld(t)
	var names []string
	for _, r := range invented(150)(nil) {
		names = append(names, r.Gate)
	}
	w.config(strings.Replace(rollingConfig, "gates: [ImageVolumeWithDigest]", "gates: ["+strings.Join(names, ", ")+"]", 1))
	w.commit("v1.36", invented(150))
	w.ok("run")
	comment := w.rolling().Comments[0]
	at := strings.LastIndex(comment.Body, "\n- [ ] **`InventedWidgetNumber")
	if at < 0 {
		t.Fatalf("no box in it: %.300s", comment.Body)
	}
	data, err := json.Marshal(map[string]string{"body": comment.Body[:at] + "\n- [x]" + comment.Body[at+len("\n- [ ]"):]})
	if err != nil {
		t.Fatal(err)
	}
	done := false
	w.gh.OnRequest(func(r ghtest.Request) { // the heads are read by then, and the issue is not
		if done || !strings.Contains(r.Document, "query OneIssue") {
			return
		}
		done = true
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, fmt.Sprintf("%s/repos/acme/platform/issues/comments/%d", w.gh.URL(), comment.ID), bytes.NewReader(data))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Body.Close() != nil {
			t.Errorf("the tick: %v, %v", resp, err)
		}
	})
	w.commit("v1.36", both(invented(150), one("Second")))
	w.ok("run")
	text := w.rolling().Body
	for _, c := range w.rolling().Comments {
		text += "\n" + c.Body
	}
	if n := strings.Count(text, "\n- [x] **`InventedWidgetNumber"); !done || n != 1 {
		t.Errorf("%d boxes are ticked", n)
	}
}
