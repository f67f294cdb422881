package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/usage"
)

// Brief is what `bot brief` tells: what an upgrade means for feature gates, the reader's own first.
type Brief struct {
	Upgrade  insight.Upgrade
	Source   string          // "embedded table v1.20–v1.36"
	Mine     []Finding       // what the reader's files set
	Problems []usage.Problem // what could not be read of them
	Files    int             // how many files were read; 0: none was named
	Notes    BriefNotes      // what the releases on the way ask for
}

// check is the reader's part.
func (b Brief) check() Check {
	return Check{From: b.Upgrade.From, To: b.Upgrade.To, Findings: b.Mine, Problems: b.Problems, Files: b.Files, Source: b.Source}
}

// BriefTitle is the brief's title, plain.
func BriefTitle(b Brief) string {
	return "Feature gates from Kubernetes " + minorWord(b.Upgrade.From) + " to " + minorWord(b.Upgrade.To)
}

// BriefText renders a brief for a terminal, with nothing folded away.
func BriefText(b Brief, opts TextOptions) string {
	s := b.sheet(false)
	s.lead = append([]phrase{say(bold(BriefTitle(b) + "."))}, s.lead...)
	return sheetText(s, opts)
}

// BriefMarkdown renders a brief in GitHub's Markdown, with the title as its heading, in parts as
// [Markdown] does.
func BriefMarkdown(b Brief, opts MarkdownOptions) []string {
	s := b.sheet(true)
	s.title = BriefTitle(b)
	return sheetMarkdown(s, opts)
}

// BriefHTML renders a brief as a page that needs nothing else.
func BriefHTML(b Brief) (string, error) {
	md := sheetMarkdown(b.sheet(true), MarkdownOptions{Budget: 1 << 30, plainAlerts: true})
	page, err := pageOf(BriefTitle(b), md[0])
	if err != nil {
		return "", fmt.Errorf("render the brief as HTML: %w", err)
	}
	return page, nil
}

// sheet lays the brief out. With folds set, long lists are folded and named first.
func (b Brief) sheet(folds bool) sheet {
	u := b.Upgrade
	w := briefWriter{u: u, mine: map[string][]Finding{}, notes: b.Notes, folds: folds}
	for _, f := range b.check().sorted() {
		w.mine[f.Gate] = append(w.mine[f.Gate], f)
	}
	s := sheet{lead: w.lead(), foot: append(w.foot(b.Source), b.Notes.foot()...)}
	s.sections = append(s.sections, w.todo(b))
	own := append(b.check().sections(), b.check().problems()...)
	for i := range own {
		own[i].heading = "Yours, " + lower(own[i].heading)
	}
	s.sections = append(s.sections, own...)
	for _, sec := range w.groups() {
		if len(sec.entries) > 0 {
			s.sections = append(s.sections, sec)
		}
	}
	return s
}

type briefWriter struct {
	u     insight.Upgrade
	mine  map[string][]Finding
	notes BriefNotes
	folds bool
}

// lead counts what the upgrade does.
func (w briefWriter) lead() []phrase {
	on, off := splitDefault(w.u.DefaultChanged)
	var parts []string
	tell := func(n int, one, many, more string) {
		if n > 0 {
			parts = append(parts, count(n, one, many)+more)
		}
	}
	var flips []string
	for _, to := range []bool{true, false} {
		if n := countOf(w.u.Locked, func(p insight.Passage) bool { return p.After.Default == to && p.Before.Default != to }); n > 0 {
			flips = append(flips, strconv.Itoa(n)+" of them "+onOff(to)+", and "+onOff(!to)+" before")
		}
	}
	flipped := ""
	if len(flips) > 0 {
		flipped = " (" + strings.Join(flips, "; ") + ")"
	}
	tell(len(w.u.Removed), "gate is gone", "gates are gone", "")
	tell(len(w.u.Locked), "is locked now", "are locked now", flipped)
	tell(len(on), "more is on by default now", "more are on by default now", "")
	tell(len(off), "more is off by default now", "more are off by default now", "")
	tell(len(w.u.NewOn), "is new and on", "are new and on", "")
	tell(len(w.u.Deprecated), "is deprecated now", "are deprecated now", "")
	if len(parts) == 0 {
		return []phrase{say("No gate is gone, locked, deprecated, or has another default.")}
	}
	return []phrase{say(strings.Join(parts, ", ") + ".")}
}

// todo says what to do next, the most urgent first.
func (w briefWriter) todo(b Brief) section {
	s := section{heading: "What to do", own: true}
	step := func(p phrase) { s.entries = append(s.entries, entry{change: p}) }
	from, to := minorWord(w.u.From), minorWord(w.u.To)
	if b.Files == 0 {
		step(say("Let ", span{kind: coded, text: "bot check --from " + from + " --to " + to + " FILE…"}, " look at your flags and configuration files: it finds the settings that are told of here."))
	} else {
		step(say(CheckSummary(b.check()), " They come first here."))
	}
	if len(w.u.Removed) > 0 {
		first := byRelease(w.u.Removed)[0]
		step(say("Remove settings of gates that are gone before the release that they go in: a component that sets an unknown gate does not start. The first of these go in " + first.release + "."))
	}
	if on, off := split(w.u.Locked, func(p insight.Passage) bool { return p.After.Default }); len(on)+len(off) > 0 {
		step(say("Remove settings against a lock: ", name("false"), " for the gates that are locked on, ", name("true"), " for those that are locked off."))
	}
	on, _ := splitDefault(w.u.DefaultChanged)
	switched := slices.Concat(on, keep(w.u.Locked, func(p insight.Passage) bool { return p.After.Default && !p.Before.Default }), w.u.NewOn)
	if len(switched) > 0 {
		step(say("Test with what is on now and was not: "+count(len(switched), "gate", "gates")+" below. All but the locked ones can be turned off with ", name("=false"), " while you look."))
	}
	s.entries = append(s.entries, b.Notes.steps()...)
	return s
}

// groups are the lists, the one that breaks most first.
func (w briefWriter) groups() []section {
	from, to := minorWord(w.u.From), minorWord(w.u.To)
	on, off := splitDefault(w.u.DefaultChanged)
	lockedOn, lockedOff := split(w.u.Locked, func(p insight.Passage) bool { return p.After.Default })
	forced := keep(lockedOn, func(p insight.Passage) bool { return !p.Before.Default })
	stayed := keep(lockedOn, func(p insight.Passage) bool { return p.Before.Default })
	var out []section
	add := func(heading string, intro phrase, list []insight.Passage, fold bool) {
		s := section{heading: heading, intro: intro, brief: true, fold: fold && w.folds && len(list) > 5, entries: w.entries(list)}
		out = append(out, s)
	}
	gone := say("Remove these from ", name("--feature-gates"), " and configuration files.")
	if w.folds && len(w.u.Removed) > 8 {
		names := section{heading: "Gone: a component that sets one does not start", intro: gone, alarm: true, brief: true}
		for _, r := range byRelease(w.u.Removed) {
			ids := make([]string, 0, len(r.passages))
			for _, p := range r.passages {
				ids = append(ids, p.Gate)
			}
			names.entries = append(names.entries, listEntries(say(bold("Gone in "+r.release), ": "), say("Also in "+r.release+": "), ids)...)
		}
		out = append(out, names)
		add("What these were", nil, w.u.Removed, true)
		out[len(out)-1].fold = true
	} else {
		add("Gone: a component that sets one does not start", gone, w.u.Removed, false)
		out[len(out)-1].alarm = true
	}
	add("Switched on for good: off at "+from+", locked on at "+to, say("Nothing turns these off any more, and a component that sets one to ", boolWord(false), " does not start. Test with them on before you upgrade."), forced, false)
	add("Locked off: a component that sets one to true does not start", nil, lockedOff, false)
	out = append(out, w.notes.sections()...)
	add("Now on by default", say("Set to ", boolWord(false), " a gate is off again. Test with these on before you upgrade."), on, false)
	add("Now off by default", say("If you rely on one, set it to ", boolWord(true), ", and plan to do without."), off, false)
	add("New and on by default", say("Not there at "+from+". Set to ", boolWord(false), " a gate is off, unless it is said to be locked."), w.u.NewOn, true)
	add("Deprecated", say("Plan to do without them: a deprecated gate is removed in a later release."), w.u.Deprecated, false)
	add("Locked on, as they were by default", say("Nothing changes, unless you set one to ", boolWord(false), ": then the component does not start."), stayed, true)
	add("Changed on the way, and back", say("At "+to+" these are as at "+from+"; the releases between differ."), w.u.ChangedBack, true)
	add("Of a later stage, same default", say("Nothing to do."), w.u.Promoted, true)
	add("Changed otherwise", nil, w.u.Other, true)
	add("New, off by default", say("Off until somebody turns them on."), w.u.NewOff, true)
	alpha := section{heading: "New in alpha, off by default", intro: say("Off until somebody turns them on."), brief: true, fold: w.folds, entries: w.entries(w.u.NewAlpha)}
	return append(out, alpha)
}

// entries are a line for each gate.
func (w briefWriter) entries(list []insight.Passage) []entry {
	var out []entry
	for _, p := range list {
		e := entry{id: p.Gate, gates: 1, hoist: true, about: say(sentence(humanise(short(p.Gate, maxName)))), change: say(wayOf(p, w.u.To)), proof: w.proof(p)}
		if slices.Equal(p.Registered, []string{"kubeadm"}) {
			own := " A gate of kubeadm's own."
			if p.After != nil && p.After.Locked {
				own = " A gate of kubeadm's own, which does not look at locks."
			}
			e.about = say(e.about, own)
		}
		if mine := w.mine[p.Gate]; len(mine) > 0 {
			e.change = say(bold("Yours"), ", set in ", placesOf(mine), ". ", e.change)
		}
		if e.about.plain() == p.Gate+"." { // one word in words, too
			e.about, e.change = e.change, nil
		}
		out = append(out, e)
	}
	return out
}

// proof is the proposal, and the row of the table that the last step is read from.
func (w briefWriter) proof(p insight.Passage) []span {
	out := kepLinks(p.KEPs)
	source := w.source(p)
	if source == "" {
		return out
	}
	if len(out) == 0 {
		return []span{{text: "Source: " + source}}
	}
	return append(out, span{text: "source: " + source})
}

// source names what the last step is read from: "table v1.35".
func (w briefWriter) source(p insight.Passage) string {
	release := w.u.To
	if n := len(p.Steps); n > 0 {
		release = p.Steps[n-1].Release
	}
	if s := short(w.u.Sources[release], 100); s != "" {
		return s + " v" + minorWord(release)
	}
	return ""
}

func (w briefWriter) foot(source string) []phrase {
	var out []phrase
	if s := short(source, 200); s != "" {
		out = append(out, say("By the "+s+": which gates each release has, at which stage, default and lock."))
	}
	if len(w.u.Passing) > 0 {
		out = append(out, say("Came and went between the two: ", names(w.u.Passing, 0), "."))
	}
	if s := notJudged(w.u.To); s != "" {
		out = append(out, say(s))
	}
	for _, c := range w.u.NotCovered {
		out = append(out, say("Not known, so perhaps missing here: gates of "+short(c, 200)+"."))
	}
	return out
}

// wayOf tells a gate's way in words: "Beta, off by default at 1.33; on by default in 1.34; stable and
// locked on in 1.35." to is the release that it leads to.
func wayOf(p insight.Passage, to string) string {
	var parts []string
	prev := p.Before
	if prev != nil {
		at := " at " + minorWord(p.BeforeAt)
		if since := minorWord(prev.Since); prev.Since != "" && prev.Since != "1.0" {
			at = " since " + since
		}
		parts = append(parts, standing(*prev)+at)
	}
	for _, s := range p.Steps {
		release := minorWord(s.Release)
		now := insight.State{Stage: s.Stage, Default: s.Default, Locked: s.Locked}
		switch {
		case s.Removed:
			parts = append(parts, "gone in "+release)
			prev = nil
			continue
		case prev == nil:
			word := "new in "
			if len(parts) > 0 {
				word = "again in "
			}
			parts = append(parts, word+release+": "+standing(now))
		default:
			parts = append(parts, moved(*prev, now)+" in "+release)
		}
		prev = &now
	}
	out := upper(strings.Join(parts, "; ")) + "."
	switch {
	case p.After == nil || p.RemoveIn == "":
	case gate.CompareVersions(p.RemoveIn, to) <= 0:
		out += " It was planned to go in " + minorWord(p.RemoveIn) + "."
	default:
		out += " Planned to go in " + minorWord(p.RemoveIn) + "."
	}
	return out
}

// standing is "beta, off by default", "stable, locked on".
func standing(s insight.State) string {
	if s.Locked {
		return stageWord(s.Stage) + ", locked " + onOff(s.Default)
	}
	return stageWord(s.Stage) + ", " + onOff(s.Default) + " by default"
}

// moved is what differs: "on by default", "stable and locked on".
func moved(from, to insight.State) string {
	var out []string
	if from.Stage != to.Stage {
		out = append(out, stageWord(to.Stage))
	}
	switch {
	case to.Locked && (!from.Locked || from.Default != to.Default):
		out = append(out, "locked "+onOff(to.Default))
	case from.Default != to.Default:
		out = append(out, onOff(to.Default)+" by default")
	}
	if from.Locked && !to.Locked {
		out = append(out, "no longer locked")
	}
	return strings.Join(out, " and ")
}

// endedIn are passages that ended in one release.
type endedIn struct {
	release  string
	passages []insight.Passage
}

func byRelease(list []insight.Passage) []endedIn {
	by := map[string][]insight.Passage{}
	for _, p := range list {
		r := ""
		if n := len(p.Steps); n > 0 {
			r = p.Steps[n-1].Release
		}
		by[r] = append(by[r], p)
	}
	var out []endedIn
	for _, r := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(gate.CompareVersions(a, b), cmp.Compare(a, b)) }) {
		out = append(out, endedIn{minorWord(r), by[r]})
	}
	return out
}

func keep(list []insight.Passage, want func(insight.Passage) bool) []insight.Passage {
	yes, _ := split(list, want)
	return yes
}

func split(list []insight.Passage, want func(insight.Passage) bool) (yes, no []insight.Passage) {
	for _, p := range list {
		if p.Before != nil && p.After != nil && want(p) {
			yes = append(yes, p)
		} else {
			no = append(no, p)
		}
	}
	return yes, no
}

func splitDefault(list []insight.Passage) (on, off []insight.Passage) {
	return split(list, func(p insight.Passage) bool { return p.After.Default })
}

func countOf(list []insight.Passage, want func(insight.Passage) bool) int {
	return len(keep(list, want))
}

// lower makes the first letter small.
func lower(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]-'A'+'a') + s[1:]
}
