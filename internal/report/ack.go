package report

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Open is something of the reader's that a digest told and nobody has acknowledged yet. The digest itself keeps it,
// in its box: a line with a box that GitHub lets people tick, and at its end a comment that holds this value and the
// nonce of the digest. So it outlives the store, it is read with the issue, and upstream's text can't forge it: in that
// no comment begins, and nobody knows the nonce.
type Open struct {
	Upstream string `json:"upstream"`
	Source   string `json:"source"` // "gates" or "proposals"
	ID       string `json:"id"`
	Variant  string `json:"variant,omitempty"`
	// State is what it was about, by GateState or ProposalState: when that is so no longer, it is history.
	State   string `json:"state"`
	Because string `json:"because"` // why it is the reader's, as in diff.Change.MineBecause
	// What and Next are what was told, in plain words, which may quote upstream.
	What  string `json:"what"`
	Next  string `json:"next"`
	Since string `json:"since"` // the day it was first told: "2026-02-10"
}

// Same reports whether two are about one thing, in whatever state.
func (o Open) Same(p Open) bool {
	return o.Upstream == p.Upstream && o.Source == p.Source && o.ID == p.ID && o.Variant == p.Variant
}

// Box is an Open as it stands in a digest.
type Box struct {
	Open
	Ticked bool
}

// Settled is what was open and is so no longer.
type Settled struct {
	ID  string `json:"id"`
	Why string `json:"why"` // in words
}

// GateState says in a word what a gate is; nil: it is not there.
func GateState(g *gate.Gate, version string) string {
	if g == nil {
		return "gone"
	}
	s, ok := g.Effective(version)
	if !ok {
		return "not in force"
	}
	return specState(s)
}

func specState(s gate.Spec) string {
	word := short(string(s.Stage), 40) + ", " + onOff(s.Default)
	if s.Locked {
		word += ", locked"
	}
	return word
}

// ProposalState says in a word what a proposal is; nil: it is not there.
func ProposalState(p *kep.Proposal) string {
	if p == nil {
		return "gone"
	}
	return strings.Join([]string{short(p.Status, 40), short(p.Stage, 40), short(p.Target, 40)}, ", ")
}

const (
	maxBoxName = 400 // bytes: what is called something longer has no box, and no component has such a gate
	maxBoxText = 200 // characters of each text
)

// openOf is a change that is the reader's, as it is kept in its box; nil for others.
func openOf(c diff.Change) *Open {
	if !c.Mine || len(c.Upstream)+len(c.ID)+len(c.Variant) > maxBoxName {
		return nil
	}
	o := &Open{Upstream: c.Upstream, Source: c.Source, ID: c.ID, Variant: c.Variant, Because: cut(clean(c.MineBecause), 120)}
	switch {
	case c.Proposal != nil:
		o.State, o.What = ProposalState(c.Proposal.After), proposalWords(c).plain()
	case c.Gate != nil && c.Gate.After == nil:
		o.State = GateState(nil, "")
	case c.Gate != nil && c.Gate.AfterSpec == nil:
		o.State = "not in force"
	case c.Gate != nil:
		o.State = specState(*c.Gate.AfterSpec)
	default:
		return nil
	}
	if c.Gate != nil {
		o.What, o.Next = whatChanged(c).plain(), nextStep(c).one.plain()
	}
	o.What, o.Next = short(o.What, maxBoxText), short(o.Next, maxBoxText)
	return o
}

// OpenOf are the changes of a digest that are the reader's, each as what is open of it.
func OpenOf(d Digest) []Open {
	var out []Open
	for _, u := range d.Upstreams {
		for _, c := range u.Changes {
			if o := openOf(c); o != nil {
				out = append(out, *o)
			}
		}
	}
	return out
}

// toldOn is the day of a digest, as its boxes keep it.
func toldOn(d Digest) string {
	if d.At.IsZero() {
		return ""
	}
	return d.At.UTC().Format("2006-01-02")
}

// openSection is what is still open of earlier digests; nil where nothing is.
func openSection(d Digest) []section {
	if len(d.Open) == 0 {
		return nil
	}
	s := section{heading: "Still yours, not acknowledged", own: true, boxed: "Told before; what your configuration no longer names leaves this list by itself. " + boxIntro}
	for i := range d.Open {
		o := d.Open[i]
		e := entry{gates: 1, id: o.Name(), also: o.Variant, change: say(quote(sentence(short(o.What, maxBoxText)))), box: &o}
		e.about = say("Not acknowledged yet.")
		if o.Since != "" {
			e.about = say("Told on " + short(o.Since, 10) + ", not acknowledged yet.")
		}
		e.why = whyMine(diff.Change{Mine: true, MineBecause: o.Because})
		if o.Next != "" {
			e.next = step{one: say(quote(sentence(short(o.Next, maxBoxText))))}
		}
		s.entries = append(s.entries, e)
	}
	return []section{s}
}

const boxIntro = "Tick a box when you have dealt with it: until then it stands on top of every digest."

// Name is what it is called in a digest.
func (o Open) Name() string {
	if o.Source == snapshot.SourceProposals && allDigits([]rune(o.ID)) {
		return "KEP-" + o.ID
	}
	return o.ID
}

// settledWords are the lines about what is open no longer, by reason.
func settledWords(d Digest) []phrase {
	var reasons []string
	ids := map[string][]string{}
	for _, s := range d.Settled {
		if ids[s.Why] == nil {
			reasons = append(reasons, s.Why)
		}
		ids[s.Why] = append(ids[s.Why], s.ID)
	}
	var out []phrase
	for _, why := range reasons {
		out = append(out, say(upper(short(why, 100))+": ", names(ids[why], 40), "."))
	}
	return out
}

// boxEnd ends the line of a box.
func (m mark) boxEnd(o Open) string {
	if o.Since == "" {
		o.Since = m.day
	}
	data, err := json.Marshal(o)
	if err != nil {
		panic("report: " + err.Error()) // a struct of strings
	}
	return " " + boxOpen + m.opts.BoxNonce + " " + base64.RawStdEncoding.EncodeToString(data) + " -->"
}

const (
	boxOpen   = "<!-- yours v1 "
	unticked  = "- [ ] "
	maxBoxLen = 8192 // of what one holds, encoded: ours stay below
)

var boxLine = regexp.MustCompile(`(?m)^- \[([ xX])\] .* <!-- yours v1 ([0-9a-f]{32}) ([A-Za-z0-9+/]+) -->[ \r]*$`)

// ParseBoxes reads the boxes of a digest from the text of an issue or comment, of which people may have edited anything:
// those that carry the digest's nonce and hold what a box holds. The first of two about one thing counts.
func ParseBoxes(text, nonce string) []Box {
	var out []Box
	for _, m := range boxLine.FindAllStringSubmatch(text, -1) {
		o, ok := decodeBox(m[3])
		if m[2] != nonce || !ok || slices.ContainsFunc(out, func(b Box) bool { return b.Same(o) }) {
			continue
		}
		out = append(out, Box{Open: o, Ticked: m[1] != " "})
	}
	return out
}

func decodeBox(text string) (Open, bool) {
	var o Open
	if len(text) > maxBoxLen {
		return o, false
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(data, &o) != nil {
		return o, false
	}
	return o, o.Upstream != "" && o.ID != "" && o.State != ""
}

// KeepTicks is text, a digest that is about to take another's place, with those boxes ticked that are ticked in the
// place: somebody ticked them after the digest was made. What is told anew of the same thing nobody has seen yet, even
// where it is in the same state: only the very box that was ticked is.
func KeepTicks(text, nonce string, standing []Box) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		m := boxLine.FindStringSubmatch(l)
		if m == nil || m[2] != nonce || m[1] != " " {
			continue
		}
		o, ok := decodeBox(m[3])
		if ok && slices.ContainsFunc(standing, func(b Box) bool { return b.Ticked && b.Open == o }) {
			lines[i] = "- [x] " + strings.TrimPrefix(l, unticked)
		}
	}
	return strings.Join(lines, "\n")
}
