package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/usage"
)

// Finding is one setting and what becomes of it.
type Finding struct {
	usage.Setting
	insight.Judgement
}

// Check is what `bot check` found. File names, gates and values in it are as somebody else wrote them.
type Check struct {
	From, To string // "1.33"; From is "" when not given
	Findings []Finding
	Problems []usage.Problem // what could not be read
	Files    int             // how many files were read
	Source   string          // what the verdicts are from: "embedded table v1.20–v1.36"
}

// verdictWords is how a verdict is told.
type verdictWords struct {
	verdict insight.Verdict
	heading string // of its section; %s is the version
	tally   string // within "2 removed, 1 locked"
	title   string // of an annotation; %s is the gate, then the version
	rule    string // what it means, for SARIF
	help    string // what to do about it, for SARIF
	level   string // SARIF's: error, warning, note
	brief   bool   // one line each
	quiet   bool   // nobody has to look: no annotation, no alert
}

// verdicts are all verdicts in the order in which they are told.
func verdicts() []verdictWords {
	return []verdictWords{
		{
			verdict: insight.Removed, heading: "Will not start at %s: the gate is gone", tally: "removed", level: "error",
			title: "%s is gone at %s: the component will not start",
			rule:  "The gate was removed. A component that is told to set a gate that it does not know exits at its start.",
			help:  "Remove the setting from flags and configuration files before you upgrade.",
		},
		{
			verdict: insight.Unknown, heading: "Will not start at %s: there is no such gate", tally: "unknown", level: "error",
			title: "%s is unknown at %s: the component will not start",
			rule:  "The component has no gate of this name: it is misspelt, or it belongs to another component.",
			help:  "Correct the name, or move the setting to the component that has the gate.",
		},
		{
			verdict: insight.Locked, heading: "Will not start at %s: the gate is locked to the other value", tally: "locked", level: "error",
			title: "%s is locked at %s: the component will not start",
			rule:  "The gate is locked to its default. A component that is told to set the other value exits at its start.",
			help:  "Remove the setting before you upgrade, and see that nothing depends on the old behaviour.",
		},
		{
			verdict: insight.InvalidValue, heading: "Will not start: the value is neither true nor false", tally: "with an invalid value", level: "error",
			title: "%s has a value that is neither true nor false: the component will not start at %s",
			rule:  "A gate's value is true or false. A component that is given anything else exits at its start.",
			help:  "Write true or false.",
		},
		{
			verdict: insight.DefaultChanged, heading: "The default changes on the way to %s", tally: "whose default changes", level: "warning",
			title: "%s changes its default on the way to %s",
			rule:  "The gate's default is another one at the version you go to.",
			help:  "See whether the setting is still what you want.",
		},
		{
			verdict: insight.Deprecated, heading: "Deprecated at %s", tally: "deprecated", level: "warning",
			title: "%s is deprecated at %s",
			rule:  "The gate is deprecated: it will be removed, and then a component that sets it does not start.",
			help:  "Plan to do without it.",
		},
		{
			verdict: insight.RemovalPlanned, heading: "Works at %s, and will be removed", tally: "to be removed later", level: "warning",
			title: "%s works at %s, and will be removed",
			rule:  "The gate still works, and a later release will remove it. Then a component that sets it does not start.",
			help:  "Remove the setting before you upgrade to the release that is named.",
		},
		{
			verdict: insight.AlphaInUse, heading: "Alpha at %s: may change or go without notice", tally: "alpha", level: "note",
			title: "%s is alpha at %s",
			rule:  "The gate switches on an alpha feature, which may change or go without notice.",
			help:  "Know that you use it, and read its proposal before each upgrade.",
		},
		{
			verdict: insight.NoData, heading: "Nobody can say what becomes of these at %s", tally: "not known", level: "note",
			title: "Nobody can say what becomes of %s at %s",
			rule:  "What is known about gates does not cover this component at this version, or nothing shows that this is a gate of Kubernetes: so there is no verdict.",
			help:  "Ask again with a mirror of the upstream, or read the documentation of the component.",
		},
		{
			verdict: insight.Redundant, heading: "Redundant at %s: it is so without the setting", tally: "redundant", level: "note", brief: true,
			title: "%s is redundant at %s",
			rule:  "The value that is set is the default, or the gate is locked to it: the setting does nothing.",
			help:  "Remove the setting when it suits you. It keeps a component from starting once the gate is removed.",
		},
		{
			verdict: insight.Fine, heading: "Fine at %s", tally: "fine", level: "note", brief: true, quiet: true,
			title: "%s is fine at %s",
			rule:  "The setting works as before.", help: "Nothing to do.",
		},
	}
}

// wordsOf gives a verdict's words and its place in the order. One that is not known comes behind all.
func wordsOf(v insight.Verdict) (verdictWords, int) {
	all := verdicts()
	for i, w := range all {
		if w.verdict == v {
			return w, i
		}
	}
	word := short(string(v), 40)
	return verdictWords{
		verdict: v, heading: "Other verdicts at %s", tally: word, level: "warning", title: "%s: " + strings.ReplaceAll(word, "%", "%%") + " at %s",
		rule: "A verdict that this report has no words for.", help: "Read what is said with it.",
	}, len(all)
}

// sorted gives the findings worst first, each once, and the same for any order they come in.
func (c Check) sorted() []Finding {
	out := slices.Clone(c.Findings)
	rank := map[insight.Verdict]int{}
	for _, f := range out {
		_, rank[f.Verdict] = wordsOf(f.Verdict)
	}
	whole := func(f Finding) string {
		return fmt.Sprintf("%q %q %q", f.foldKey(), f.Advice, f.Evidence) + strconv.FormatBool(f.Guess) + f.Format
	}
	slices.SortFunc(out, func(a, b Finding) int {
		order := cmp.Or(
			cmp.Compare(rank[a.Verdict], rank[b.Verdict]), cmp.Compare(a.Verdict, b.Verdict),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Gate, b.Gate),
			cmp.Compare(a.Component, b.Component), cmp.Compare(a.Value, b.Value),
		)
		if order != 0 {
			return order
		}
		return cmp.Compare(whole(a), whole(b))
	})
	return slices.CompactFunc(out, func(a, b Finding) bool {
		return a.Setting == b.Setting && slices.Equal(a.foldKey(), b.foldKey())
	})
}

// foldKey is all that a finding says but for where it was found, and for whom. Findings with equal keys are
// one entry.
func (f Finding) foldKey() []string {
	f = f.told("\x00")
	key := []string{string(f.Verdict), f.Gate, f.Value, f.Since, f.Advice, f.Suggestion}
	if r := f.Removal; r != nil {
		key = append(key, r.Release, r.Rule, r.Confidence)
	}
	for _, list := range [][]string{f.Evidence, f.KEPs, f.Switches} {
		key = append(key, strconv.Itoa(len(list)))
		key = append(key, list...)
	}
	return key
}

// told is f with its component called otherwise in what is said of it.
func (f Finding) told(component string) Finding {
	if f.Component == "" {
		return f
	}
	f.Advice = replaceWord(f.Advice, f.Component, component)
	f.Evidence = slices.Clone(f.Evidence)
	for i := range f.Evidence {
		f.Evidence[i] = replaceWord(f.Evidence[i], f.Component, component)
	}
	return f
}

// replaceWord replaces a word where it stands alone: "kubelet", and not what begins with it.
func replaceWord(s, word, with string) string {
	inWord := func(r rune) bool { return r == '-' || r == '_' || isWord(r) }
	var b strings.Builder
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		i += at
		end := i + len(word)
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[end:])
		b.WriteString(s[at:i])
		if inWord(before) || inWord(after) {
			b.WriteString(word)
		} else {
			b.WriteString(with)
		}
		at = end
	}
}

// written is a setting in a file, whatever number of components it is given to.
type written struct {
	file        string
	line        int
	gate, value string
}

func (f Finding) written() written { return written{f.File, f.Line, f.Gate, f.Value} }

// tallies counts settings, each once however many components get it.
func (c Check) tallies() (all, breaks int, by map[insight.Verdict]int) {
	seen := map[written]bool{}
	broken := map[written]bool{}
	with := map[insight.Verdict]map[written]bool{}
	for _, f := range c.Findings {
		seen[f.written()] = true
		if f.Verdict.Breaks() {
			broken[f.written()] = true
		}
		if with[f.Verdict] == nil {
			with[f.Verdict] = map[written]bool{}
		}
		with[f.Verdict][f.written()] = true
	}
	by = map[insight.Verdict]int{}
	for v, places := range with {
		by[v] = len(places)
	}
	return len(seen), len(broken), by
}

// CheckSummary is the result in a sentence or two: "3 of 8 settings break at 1.36: 2 removed, 1 locked."
func CheckSummary(c Check) string {
	all, breaks, by := c.tallies()
	to := minorWord(c.To)
	if all == 0 {
		read := "in the " + count(c.Files, "file that was", "files that were") + " read"
		switch c.Files {
		case 0:
			read = "there: no file was read"
		case 1:
			read = "in the file that was read"
		}
		return "No feature gate is set " + read + "."
	}
	var broken, rest []string
	told := map[insight.Verdict]bool{}
	tell := func(v insight.Verdict) {
		if told[v] || by[v] == 0 {
			return
		}
		told[v] = true
		w, _ := wordsOf(v)
		s := strconv.Itoa(by[v]) + " " + w.tally
		if v.Breaks() {
			broken = append(broken, s)
		} else {
			rest = append(rest, s)
		}
	}
	for _, w := range verdicts() {
		tell(w.verdict)
	}
	for _, f := range c.sorted() { // verdicts that have no words
		tell(f.Verdict)
	}
	var out string
	switch {
	case breaks == 0 && all == 1:
		out = "The one setting that was found does not break at " + to
	case breaks == 0:
		out = "None of " + strconv.Itoa(all) + " settings breaks at " + to
	case all == 1:
		out = "The one setting that was found breaks at " + to
	case breaks == 1:
		out = "1 of " + strconv.Itoa(all) + " settings breaks at " + to
	default:
		out = strconv.Itoa(breaks) + " of " + strconv.Itoa(all) + " settings break at " + to
	}
	if breaks == 0 {
		return out + ": " + strings.Join(rest, ", ") + "."
	}
	out += ": " + strings.Join(broken, ", ") + "."
	if len(rest) > 0 {
		out += " The others: " + strings.Join(rest, ", ") + "."
	}
	return out
}

var minorLike = regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,4}$`)

// minorWord is a version within our own words. What is no version does not get there.
func minorWord(v string) string {
	v = strings.TrimPrefix(v, "v")
	if minorLike.MatchString(v) {
		return v
	}
	return "the version asked for"
}

// lead is what stands above the sections of a check.
func (c Check) lead() []phrase {
	out := []phrase{say(bold(CheckSummary(c)))}
	if n := len(c.unread()); n > 0 {
		out = append(out, say(count(n, "place", "places")+" could not be read: what is set there is not known. See the end."))
	}
	if n := len(c.elsewhere()); n > 0 {
		out = append(out, say(count(n, "place takes", "places take")+" gates from a template or a variable, and "+are(n)+" not judged. See the end."))
	}
	return out
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// unread are the problems that somebody has to mend.
func (c Check) unread() []usage.Problem { return problemsOf(c.Problems, false) }

// elsewhere are the places that get their gates from a template or a variable: nothing is wrong with them, but that
// nobody can judge them as they are.
func (c Check) elsewhere() []usage.Problem { return problemsOf(c.Problems, true) }

func problemsOf(in []usage.Problem, elsewhere bool) []usage.Problem {
	out := sortedProblems(in)
	return slices.DeleteFunc(out, func(p usage.Problem) bool { return p.Elsewhere != elsewhere })
}

// Unread reports whether something could not be read that should have been. A template's place is none such: a
// chart is full of them.
func (c Check) Unread() bool { return len(c.unread()) > 0 }

// Unjudged says in a sentence which places get their gates from elsewhere, and what to do; "" for none.
func (c Check) Unjudged() string {
	places := c.elsewhere()
	if len(places) == 0 {
		return ""
	}
	var names []string
	for _, p := range places[:min(len(places), maxUnjudged)] {
		names = append(names, fmt.Sprintf("%s:%d", p.File, p.Line))
	}
	if n := len(places) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return Line(count(len(places), "place takes", "places take") + " gates from a template or a variable, and " + are(len(places)) + " not judged (" +
		strings.Join(names, ", ") + "): check what comes of them, for example helm template … | bot check -")
}

// maxUnjudged is how many of such places a warning names.
const maxUnjudged = 5

// foot says what was asked, and of whom.
func (c Check) foot() []phrase {
	asked := "To " + minorWord(c.To)
	if c.From != "" {
		asked = "From " + minorWord(c.From) + " to " + minorWord(c.To)
	}
	if s := short(c.Source, 200); s != "" {
		asked += ", by the " + s
	}
	out := []phrase{say(asked + "; " + count(c.Files, "file", "files") + " read.")}
	if s := notJudged(c.To); s != "" && len(c.Findings) > 0 {
		out = append(out, say(s))
	}
	return out
}

// notJudged says what else keeps a component from starting at a version, "" for nothing that is known.
func notJudged(to string) string {
	if gate.CompareVersions(minorWord(to), needsChecked) < 0 {
		return ""
	}
	return "Not judged: what gates need. Since " + needsChecked + " a component does not start either while a gate is on and one that it needs is off."
}

// needsChecked is the first minor whose gates say which others they need. The table does not have that.
const needsChecked = "1.35"

// sections puts the findings in order, a section for each verdict, with equal ones folded into an entry.
func (c Check) sections() []section {
	var out []section
	findings := c.sorted()
	for len(findings) > 0 {
		w, rank := wordsOf(findings[0].Verdict)
		n := 0
		for n < len(findings) {
			if _, r := wordsOf(findings[n].Verdict); r != rank {
				break
			}
			n++
		}
		s := section{heading: headingAt(w.heading, c.To), alarm: w.verdict.Breaks(), brief: w.brief}
		s.entries = foldFindings(findings[:n], w.brief)
		if !w.brief {
			s.hoistSteps(true)
		}
		out = append(out, s)
		findings = findings[n:]
	}
	return out
}

func headingAt(format, to string) string {
	if !strings.Contains(format, "%s") {
		return format
	}
	return fmt.Sprintf(format, minorWord(to))
}

// problems are the sections of what could not be read, and of what could not be judged as it stands.
func (c Check) problems() []section {
	var out []section
	for _, of := range []struct {
		heading string
		list    []usage.Problem
	}{{"Could not be read", c.unread()}, {"Not judged: gates that come from elsewhere", c.elsewhere()}} {
		s := section{heading: of.heading}
		for _, p := range of.list {
			s.entries = append(s.entries, entry{gates: 1, change: say(located(p.File, p.Line), ": ", sentence(short(p.Message, 500)))})
		}
		if len(s.entries) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func sortedProblems(in []usage.Problem) []usage.Problem {
	out := slices.Clone(in)
	slices.SortFunc(out, func(a, b usage.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(out)
}

// foldFindings makes an entry of findings that are equal but for their place or component.
func foldFindings(findings []Finding, brief bool) []entry {
	at := map[string]int{}
	var groups [][]Finding
	for _, f := range findings {
		key := fmt.Sprintf("%q", f.foldKey())
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	slices.SortStableFunc(groups, func(a, b []Finding) int {
		return cmp.Or(cmp.Compare(a[0].Gate, b[0].Gate), cmp.Compare(a[0].Value, b[0].Value))
	})
	var out []entry
	for _, g := range groups {
		out = append(out, entryOfFindings(g, brief))
	}
	return out
}

func entryOfFindings(same []Finding, brief bool) entry {
	f := same[0]
	var components []string
	for _, s := range same {
		if s.Component != "" && !slices.Contains(components, s.Component) {
			components = append(components, s.Component)
		}
	}
	if len(components) > 1 {
		slices.Sort(components)
		f = f.told(names(components, 0).plain())
	}
	places := map[written]bool{}
	for _, s := range same {
		places[s.written()] = true
	}
	e := entry{id: settingWords(f.Setting), gates: len(places), about: placesOf(same), proof: kepLinks(f.KEPs)}
	if brief {
		e.hoist = true
		if len(f.Evidence) > 0 {
			e.about = say(e.about, ".")
			e.change = say(sentence(upper(short(f.Evidence[0], 300))))
		}
		return e
	}
	e.change = judged(f)
	if advice := sentence(upper(short(f.Advice, 500))); advice != "" {
		e.next = step{id: advice, one: say(advice), many: say(advice)}
	}
	return e
}

// judged says why, in the words of the judgement.
func judged(f Finding) phrase {
	var said []string
	for _, ev := range f.Evidence {
		said = append(said, sentence(upper(short(ev, 300))))
	}
	all := strings.Join(said, " ")
	if f.Suggestion != "" && !strings.Contains(f.Advice, f.Suggestion) && !strings.Contains(all, f.Suggestion) {
		said = append(said, "Perhaps "+short(f.Suggestion, maxName)+" is meant.")
	}
	if r := f.Removal; r != nil && r.Release != "" && f.Verdict != insight.Removed && (r.Rule == "" || !strings.Contains(all, r.Rule)) {
		said = append(said, removalWords(*r))
	}
	out := say(strings.Join(said, " "))
	if n := len(f.Switches); n > 0 {
		if len(out) > 0 {
			out = say(out, " ")
		}
		out = say(out, "It stands for "+count(n, "gate", "gates")+": ", names(f.Switches, 12), ".")
	}
	return out
}

func removalWords(r insight.Removal) string {
	r.Release = version(r.Release)
	s := r.Words()
	if r.Rule != "" {
		s += " (" + short(r.Rule, 200) + ")"
	}
	return s + "."
}

// settingWords is a setting as users type it: "FastWidget=true".
func settingWords(s usage.Setting) string {
	return shownName(s.Gate) + "=" + cut(clean(s.Value), 60)
}

// standardInput is the name of what has no file.
const standardInput = "<stdin>"

// located is a place as compilers write it, for people and for editors.
func located(file string, line int) span {
	f := short(file, 300)
	switch {
	case file == standardInput:
		f = "standard input"
	case f == "":
		f = "(a file without a visible name)"
	}
	if line > 0 {
		f += ":" + strconv.Itoa(line)
	}
	return span{kind: coded, text: f}
}

// placesOf lists where the same thing was found: each place with the components that get it there.
func placesOf(same []Finding) phrase {
	type spot struct {
		file  string
		line  int
		guess bool
	}
	var order []spot
	given := map[spot][]string{}
	for _, f := range same {
		s := spot{f.File, f.Line, f.Guess}
		if _, ok := given[s]; !ok {
			order = append(order, s)
			given[s] = []string{}
		}
		if c := short(f.Component, maxName); c != "" && !slices.Contains(given[s], c) {
			given[s] = append(given[s], c)
		}
	}
	var out phrase
	for i, s := range order {
		if i > 0 {
			out = say(out, ", ")
		}
		out = say(out, located(s.file, s.line))
		notes := given[s]
		if s.guess {
			notes = append(notes, "found in plain text")
		}
		if i+1 < len(order) && slices.Equal(notes, noted(given[order[i+1]], order[i+1].guess)) {
			continue // the next place says it for both
		}
		if len(notes) > 0 {
			out = say(out, " ("+strings.Join(notes, ", ")+")")
		}
	}
	return out
}

func noted(components []string, guess bool) []string {
	if guess {
		return append(slices.Clone(components), "found in plain text")
	}
	return components
}

// kepLinks are links to proposals by number. What is no number is only named.
func kepLinks(keps []string) []span {
	var out []span
	for _, k := range keps {
		if k = short(k, 20); k == "" {
			continue
		}
		url := ""
		if allDigits([]rune(k)) {
			url = "https://kep.k8s.io/" + k
		}
		out = append(out, linkTo("KEP-"+k, url))
	}
	return out
}

// FailOn says for which verdicts a check fails.
type FailOn map[insight.Verdict]bool

// failLevels are the thresholds, by name.
func failLevels() map[string][]insight.Verdict {
	breaks := []insight.Verdict{insight.Removed, insight.Unknown, insight.Locked, insight.InvalidValue}
	var all []insight.Verdict
	for _, w := range verdicts() {
		if w.verdict != insight.Fine {
			all = append(all, w.verdict)
		}
	}
	return map[string][]insight.Verdict{
		"breaks": breaks,
		// What stops working now or in a later release.
		"deprecated": append(slices.Clone(breaks), insight.Deprecated, insight.RemovalPlanned),
		"any":        all,
		"never":      nil,
	}
}

// FailOnWords is what --fail-on takes, for its help.
func FailOnWords() string {
	return "breaks, deprecated (breaks, or will once the gate is removed), any, never, or verdicts: " + strings.Join(verdictNames(), ", ")
}

// verdictNames are the words for what becomes of a setting.
func verdictNames() []string {
	var out []string
	for _, w := range verdicts() {
		out = append(out, string(w.verdict))
	}
	slices.Sort(out)
	return out
}

// FailOns are the words that ParseFailOn takes.
func FailOns() []string {
	out := append(slices.Collect(maps.Keys(failLevels())), verdictNames()...)
	slices.Sort(out)
	return slices.Compact(out) // one is both
}

// ParseFailOn reads thresholds and verdicts, separated by commas; the check fails for any of them.
// "deprecated" is the threshold, which holds the verdict of that name too.
func ParseFailOn(s string) (FailOn, error) {
	out := FailOn{}
	levels := failLevels()
	for word := range strings.SplitSeq(s, ",") {
		word = strings.ReplaceAll(strings.TrimSpace(word), "-", "_")
		list, level := levels[word]
		_, rank := wordsOf(insight.Verdict(word))
		switch {
		case level:
		case word != "" && rank < len(verdicts()):
			list = []insight.Verdict{insight.Verdict(word)}
		default:
			return nil, fmt.Errorf("%q is no verdict and no threshold; take one or more of %s", short(word, 60), FailOnWords())
		}
		for _, v := range list {
			out[v] = true
		}
	}
	return out, nil
}

// Fails reports whether a check has a finding that it shall fail for.
func (f FailOn) Fails(c Check) bool {
	return slices.ContainsFunc(c.Findings, func(x Finding) bool { return f[x.Verdict] })
}

// Worst is the worst verdict of a check; "" when it has no finding.
func (c Check) Worst() insight.Verdict {
	if s := c.sorted(); len(s) > 0 {
		return s[0].Verdict
	}
	return ""
}
