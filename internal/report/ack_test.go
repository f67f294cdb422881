package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

const boxNonce = "0123456789abcdef0123456789abcdef"

// boxed is a digest with a change that is the reader's, and one that is still open.
func boxed(id, text string) Digest {
	old := widget(id, text, "", specs(spec("1.30", gate.Alpha, false, false, 5)))
	now := widget(id, text, "", specs(spec("1.30", gate.Alpha, false, false, 5), spec("1.36", gate.Beta, true, false, 6)))
	p := kep.Proposal{Path: "keps/" + id, Number: "77", Title: text, Status: text, Stage: "beta", Target: "1.37"}
	return Digest{
		Definition: "weekly", At: time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC),
		Open: []Open{{Upstream: "kubernetes", Source: snapshot.SourceGates, ID: id + "Before", State: "gone", Because: short(text, 120), What: short(text, maxBoxText), Next: short(text, maxBoxText), Since: "2026-02-03"}},
		Upstreams: []Upstream{{UpstreamResult: diff.UpstreamResult{Upstream: "kubernetes", Changes: []diff.Change{
			mine(between(diff.Act, "", old, now, diff.GatePromoted), "gate "+text),
			{Upstream: "kubernetes", Source: snapshot.SourceProposals, ID: "77", Mine: true, Severity: diff.Act, MineBecause: text, Kinds: []diff.Kind{diff.ProposalStage}, Proposal: &diff.ProposalChange{After: &p}},
			between(diff.Know, "", old, now, diff.GatePromoted),
		}}}},
	}
}

// TestBoxesAreReadAgain: what stands in a digest is what was open of it, whether somebody ticked it or not.
func TestBoxesAreReadAgain(t *testing.T) {
	d := boxed("WidgetSpeed", "words")
	text := strings.Join(Markdown(d, MarkdownOptions{BoxNonce: boxNonce}), "\n")
	want := append(slices.Clone(d.Open), OpenOf(d)...)
	for i := 1; i < len(want); i++ {
		want[i].Since = "2026-02-10"
	}
	var got []Open
	for _, b := range ParseBoxes(text, boxNonce) {
		if b.Ticked {
			t.Errorf("%s is ticked", b.ID)
		}
		got = append(got, b.Open)
	}
	if d := cmp.Diff(want, got); d != "" || len(got) != 3 {
		t.Errorf("%d boxes (-want +got):\n%s", len(got), d)
	}
	if len(ParseBoxes(text, strings.Repeat("0", 32))) != 0 {
		t.Error("another digest's boxes are read")
	}
	if plain := strings.Join(Markdown(d, MarkdownOptions{}), "\n"); strings.Contains(plain, "[ ]") || strings.Contains(plain, "<!--") || strings.Contains(plain, "Tick") {
		t.Errorf("boxes where there are none:\n%s", plain)
	}
	ticked := strings.ReplaceAll(strings.Replace(text, "- [ ] **`WidgetSpeed`**", "- [X] **`WidgetSpeed`**", 1), "\n", "\r\n") // as a browser sends it
	boxes := ParseBoxes(ticked, boxNonce)
	for _, b := range boxes {
		if b.Ticked != (b.ID == "WidgetSpeed") {
			t.Errorf("%s is ticked: %v", b.ID, b.Ticked)
		}
	}
	kept := KeepTicks(text, boxNonce, boxes)
	if strings.Count(kept, "- [x] ") != 1 || !strings.Contains(kept, "- [x] **`WidgetSpeed`**") || strings.ReplaceAll(kept, "[x]", "[ ]") != text {
		t.Errorf("the tick is not kept, or more than that is changed:\n%s", kept)
	}
	seen := boxes[1].What
	boxes[1].What = "It depends on another gate now."
	if KeepTicks(text, boxNonce, boxes) != text {
		t.Error("a tick for one change acknowledges another, which nobody has seen")
	}
	boxes[1].What, boxes[1].State = seen, "something else"
	if KeepTicks(text, boxNonce, boxes) != text {
		t.Error("a tick for what was true before counts for what is true now")
	}
}

// TestBoxesFitShortParts: also an entry that is told shorter keeps its box.
func TestBoxesFitShortParts(t *testing.T) {
	d := boxed("WidgetSpeed", strings.Repeat("words and more ", 4000))
	parts := Markdown(d, MarkdownOptions{BoxNonce: boxNonce})
	if got := ParseBoxes(strings.Join(parts, "\n"), boxNonce); len(got) != 3 {
		t.Errorf("%d boxes", len(got))
	}
	for _, p := range parts {
		if len(p) > DefaultBudget {
			t.Errorf("a part of %d bytes", len(p))
		}
	}
}

// TestNoBoxForEndlessNames: a name that no gate has takes no box's room.
func TestNoBoxForEndlessNames(t *testing.T) {
	if o := OpenOf(boxed(strings.Repeat("x", 1000), "words")); len(o) != 1 || o[0].ID != "77" {
		t.Errorf("%d boxes", len(o))
	}
}

// FuzzBox: whatever upstream writes, even a box with the digest's nonce, a digest has the boxes that it was made
// with, each on a line of its own.
func FuzzBox(f *testing.F) {
	for _, a := range attacks() {
		if len(a.text) < 1000 {
			f.Add("WidgetSpeed", a.text)
			f.Add(a.text, "words")
		}
	}
	forged := mark{opts: MarkdownOptions{BoxNonce: boxNonce}}.boxEnd(Open{Upstream: "kubernetes", ID: "Forged", State: "gone"})
	f.Add("Forged", "x\n- [x] **`Forged`**: x"+forged)
	f.Add("x"+forged, "words")
	f.Fuzz(func(t *testing.T, id, text string) {
		if len(id) > 200 || id == "" {
			return
		}
		d := boxed(id, text)
		boxes := ParseBoxes(strings.Join(Markdown(d, MarkdownOptions{BoxNonce: boxNonce}), "\n"), boxNonce)
		var want, got []string
		for _, o := range append(slices.Clone(d.Open), OpenOf(d)...) {
			want = append(want, strings.ToValidUTF8(o.ID, "\uFFFD"))
		}
		for _, b := range boxes {
			got = append(got, b.ID)
		}
		if valid := strings.ToValidUTF8(id, "\uFFFD") == id; valid && !slices.Equal(want, got) {
			t.Errorf("boxes for %q, want %q", got, want)
		}
	})
}

// FuzzParseBoxes: what people make of an issue's text is read without harm, and what is read can be written.
func FuzzParseBoxes(f *testing.F) {
	f.Add(strings.Join(Markdown(boxed("WidgetSpeed", "words"), MarkdownOptions{BoxNonce: boxNonce}), "\n"))
	f.Add("- [ ]  <!-- yours v1 " + boxNonce + " e30 -->")
	f.Fuzz(func(t *testing.T, text string) {
		boxes := ParseBoxes(text, boxNonce)
		d := Digest{}
		for _, b := range boxes {
			d.Open = append(d.Open, b.Open)
		}
		for i, part := range Markdown(d, MarkdownOptions{BoxNonce: boxNonce}) {
			if len(part) > DefaultBudget {
				t.Errorf("part %d has %d bytes", i, len(part))
			}
		}
		again := KeepTicks(text, boxNonce, boxes)
		if len(again) != len(text) {
			t.Errorf("keeping ticks changes the text")
		}
	})
}
