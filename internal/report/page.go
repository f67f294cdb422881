package report

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

// chapter is one upstream's part of the digest in reading order, before any format.
type chapter struct {
	title    string   // the upstream's name
	lead     phrase   // what was compared, and how much there is
	failures []phrase // sources that could not be read; they stand above all else
	sections []section
	foot     []phrase // baselines, what was compared
	faults   []phrase // what the parser could not read
}

// section is a heading and its entries. Every change of the digest is in exactly one.
type section struct {
	heading string
	intro   phrase // above the entries: what to do next, where it is the same for all
	fold    bool   // may be folded away: nobody has to read it
	brief   bool   // one line an entry
	own     bool   // asks for action, entry by entry
	alarm   bool   // something breaks
	boxed   string // said above the entries where they have boxes
	entries []entry
}

// entry is one change for the reader, or several that are told in one line.
type entry struct {
	id     string // the gate's string; "" for several
	also   string // which registration, where components disagree
	about  phrase // what the gate does
	change phrase // what happened
	why    phrase // why the reader must act, or why it is the reader's
	next   step
	proof  []span
	hoist  bool  // next is said by the section
	gates  int   // how many changes it tells of
	box    *Open // what is open of it; nil: it is not the reader's
}

// foldFrom is the number of entries from which a section that asks for nothing is folded.
const foldFrom = 16

// chapterOf sorts one upstream's changes into sections. now is when the digest is read, zero where nobody knows.
func chapterOf(u Upstream, now time.Time) chapter {
	ch := chapter{
		title:    displayName(u.Upstream),
		lead:     leadOf(u, now),
		failures: failuresOf(u),
		faults:   faultsOf(u),
		foot:     footOf(u),
	}
	shelves := plan()
	bins := make([][]entry, len(shelves))
	moves := map[[2]string][]string{}
	var rewritten []string
	urgent, releases := releaseShelves(u)
	for i, c := range u.Changes {
		if c.Release != nil || c.Gate == nil && !c.Mine {
			continue // they have shelves of their own
		}
		from := u.origin(i)
		if quiet(c) && c.Has(diff.GateMoved) {
			from, to := place(c)
			moves[[2]string{from, to}] = append(moves[[2]string{from, to}], c.ID)
			continue
		}
		if quiet(c) && c.Has(diff.GateHistoryRewritten) {
			rewritten = append(rewritten, c.ID)
			continue
		}
		at := slices.IndexFunc(shelves, func(p shelfPlan) bool { return p.takes(c) })
		bins[at] = append(bins[at], anyEntry(u, c, from))
	}
	for i, p := range shelves {
		entries := bins[i]
		if p.moves {
			entries = append(entries, moveEntries(moves)...)
		}
		if p.history {
			entries = append(entries, listEntries(say(count(len(rewritten), "gate", "gates")+": "), say("Also: "), rewritten)...)
		}
		if len(entries) == 0 {
			continue
		}
		s := section{heading: p.heading, intro: say(p.intro), brief: p.brief, fold: p.brief, own: p.own, boxed: p.boxed, entries: entries}
		if !p.own {
			s.fold = s.fold || (len(entries) >= foldFrom && !p.open)
			s.hoistSteps(p.step)
		}
		ch.sections = append(ch.sections, s)
	}
	// What breaks stands first, then what is the reader's, then the rest by source.
	own := 0
	for own < len(ch.sections) && ch.sections[own].own {
		own++
	}
	ch.sections = slices.Concat(ch.sections[:own], vulnerabilitySection(u), urgent, ch.sections[own:], releases, proposalSections(u),
		milestoneSections(u), ticketSections(u), pathSections(u), docSections(u), feedSections(u))
	return ch
}

// anyEntry is the entry of a change, of whatever source.
func anyEntry(u Upstream, c diff.Change, from origin) entry {
	switch {
	case c.Proposal != nil:
		return proposalEntry(u, c)
	case c.Milestone != nil:
		return milestoneEntry(u, c)
	case c.Deadline != nil:
		return deadlineEntry(u, c)
	case c.Ticket != nil:
		return ticketEntry(u, c)
	case c.Path != nil:
		return pathEntry(u, c)
	case c.Feed != nil:
		return feedEntry(u, c)
	case c.Doc != nil:
		return docEntry(u, c)
	}
	return entryOf(u, c, from)
}

// shelfPlan is one section of the digest, in reading order.
type shelfPlan struct {
	heading string
	intro   string
	own     bool // each entry says its own next step; never folded
	boxed   string
	open    bool // never folded
	brief   bool
	step    bool // the common next step stands above the entries
	moves   bool
	history bool
	takes   func(diff.Change) bool
}

// plan is the order of the digest. A change goes to the first section that takes it; the last takes all.
func plan() []shelfPlan {
	has := func(k diff.Kind) func(diff.Change) bool { return func(c diff.Change) bool { return c.Has(k) } }
	stage := func(c diff.Change, s gate.Stage) bool {
		return c.Gate != nil && c.Gate.AfterSpec != nil && c.Gate.AfterSpec.Stage == s
	}
	on := func(c diff.Change) bool { return c.Gate != nil && c.Gate.AfterSpec != nil && c.Gate.AfterSpec.Default }
	return []shelfPlan{
		{heading: "Act on", own: true, takes: func(c diff.Change) bool { return c.Severity == diff.Act && !c.Mine }},
		{heading: "Yours", own: true, boxed: boxIntro, takes: func(c diff.Change) bool { return c.Mine }},
		{heading: "Removed: a component that still sets one of these will not start", open: true, step: true, takes: has(diff.GateRemoved)},
		{heading: "Now stable", step: true, takes: func(c diff.Change) bool { return c.Has(diff.GatePromoted) && stage(c, gate.GA) }},
		{heading: "Now on by default", step: true, takes: func(c diff.Change) bool { return c.Has(diff.GateDefaultChanged) && on(c) }},
		{heading: "Now beta", step: true, takes: func(c diff.Change) bool { return c.Has(diff.GatePromoted) && stage(c, gate.Beta) }},
		{heading: "New in beta, on by default", step: true, takes: func(c diff.Change) bool { return c.Has(diff.GateAdded) && stage(c, gate.Beta) && on(c) }},
		{heading: "New in beta, off by default", step: true, takes: func(c diff.Change) bool { return c.Has(diff.GateAdded) && stage(c, gate.Beta) }},
		{heading: "Deprecated", step: true, takes: func(c diff.Change) bool {
			return c.Has(diff.GateDeprecated) || (c.Has(diff.GateAdded) && stage(c, gate.Deprecated))
		}},
		{heading: "Locked", step: true, takes: has(diff.GateLocked)},
		{heading: "Also changed", step: true, takes: func(c diff.Change) bool { return c.Severity == diff.Know }},
		{heading: "New in alpha", intro: "Off until somebody turns them on.", brief: true, takes: func(c diff.Change) bool { return c.Has(diff.GateAdded) && stage(c, gate.Alpha) && !on(c) }},
		{heading: "Other new gates", brief: true, takes: func(c diff.Change) bool { return c.Has(diff.GateAdded) && c.Gate != nil && c.Gate.AfterSpec != nil }},
		{heading: "Scheduled", intro: "Announced in the source, not in force yet.", brief: true, takes: func(c diff.Change) bool { return c.Has(diff.GateScheduled) || c.Has(diff.GateAdded) }},
		{heading: "Dependencies", intro: "What a gate needs to be on before it may be turned on.", brief: true, takes: has(diff.GateDependenciesChanged)},
		{heading: "Moved", intro: "Nothing that you set changes by this.", brief: true, moves: true, takes: has(diff.GateMoved)},
		{heading: "Rewritten history", intro: "Upstream says something else of the past; what is in force is as it was.", brief: true, history: true, takes: has(diff.GateHistoryRewritten)},
		{heading: "Other changes", brief: true, takes: func(diff.Change) bool { return true }},
	}
}

// quiet: the change is of one kind, and asks nothing, so that it may be told together with its like.
func quiet(c diff.Change) bool {
	return !c.Mine && c.Severity == diff.FYI && len(c.Kinds) == 1 &&
		c.Gate != nil && c.Gate.Before != nil && c.Gate.After != nil && len(c.Gate.Scheduled) == 0
}

// moveEntries tells the moves between two places in one line.
func moveEntries(moves map[[2]string][]string) []entry {
	var out []entry
	for _, k := range slices.SortedFunc(maps.Keys(moves), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		first := say(count(len(moves[k]), "gate", "gates")+" moved from ", name(k[0]), " to ", name(k[1]), ": ")
		out = append(out, listEntries(first, say("Also to ", name(k[1]), ": "), moves[k])...)
	}
	return out
}

// listEntries tells gates by name only, 40 in an entry, so that a part can be cut between them.
func listEntries(first, later phrase, ids []string) []entry {
	const atATime = 40
	var out []entry
	for group := range slices.Chunk(ids, atATime) {
		out = append(out, entry{gates: len(group), change: say(first, names(group, 0), ".")})
		first = later
	}
	return out
}

// hoistSteps says the most common next step once, above the entries, and leaves only others with them.
func (s *section) hoistSteps(above bool) {
	if s.brief {
		for i := range s.entries {
			s.entries[i].hoist = true
		}
		return
	}
	counts := map[string]int{}
	best := -1
	for i, e := range s.entries {
		counts[e.next.id]++
		if e.next.id != "" && (best < 0 || counts[e.next.id] > counts[s.entries[best].next.id]) {
			best = i
		}
	}
	if best < 0 || !above || len(s.entries) == 1 || counts[s.entries[best].next.id] < 2 {
		return
	}
	common := s.entries[best].next
	if len(s.intro) > 0 {
		s.intro = say(s.intro, " ")
	}
	s.intro = say(s.intro, common.many)
	for i := range s.entries {
		if s.entries[i].hoist = s.entries[i].next.id == common.id; s.entries[i].hoist {
			s.entries[i].change = s.entries[i].change.withoutAsides()
		}
	}
	// Those that the sentence above is about stand right under it.
	slices.SortStableFunc(s.entries, func(a, b entry) int {
		switch {
		case a.hoist == b.hoist:
			return 0
		case a.hoist:
			return -1
		}
		return 1
	})
}

// origin is where a change comes from, as far as it was traced.
type origin struct {
	evidence         []trace.Evidence
	untraced, remark string
}

func (u Upstream) origin(i int) origin {
	var o origin
	if i < len(u.Evidence) {
		o.evidence = u.Evidence[i]
	}
	if i < len(u.Untraced) {
		o.untraced = u.Untraced[i]
	}
	if i < len(u.Remarks) {
		o.remark = u.Remarks[i]
	}
	return o
}

func entryOf(u Upstream, c diff.Change, from origin) entry {
	e := entry{gates: 1, id: c.ID, also: c.Variant, change: whatChanged(c), next: nextStep(c), proof: proofOf(u, c, from)}
	e.about = aboutOf(c)
	e.why, e.box = whyMine(c), openOf(c)
	if c.Has(diff.GateRemoved) && c.Why != "" && c.Severity == diff.Act {
		// Other reasons repeat what the change says; this one tells an early removal from an announced one.
		e.change = say(e.change, " "+sentence(upper(short(c.Why, 300))))
	}
	if c.Has(diff.GateAdded) && len(c.Kinds) == 1 && len(c.Gate.Scheduled) == 0 && e.change.plain() == newAlpha(*c.Gate) {
		e.change = nil // its section says exactly this
	}
	if note := noteWords(c.Gate); note != nil {
		e.change = say(e.change, " ", note)
	}
	if words := gateDocWords(c.Gate); words != nil {
		e.change = say(e.change, words)
	}
	if from.remark != "" {
		e.change = say(e.change, " By your configuration: ", quote(sentence(short(from.remark, 300))))
	}
	return e
}

// whyMine says why a change is the reader's own; nothing where it is not.
func whyMine(c diff.Change) phrase {
	switch {
	case c.Mine && strings.HasPrefix(c.MineBecause, diff.SetIn):
		return say("Yours: you set it in " + strings.TrimPrefix(short(c.MineBecause, 200), diff.SetIn) + ".")
	case c.Mine && c.MineBecause != "":
		return say("Yours because you watch " + short(c.MineBecause, 200) + ".")
	case c.Mine:
		return say("Yours because it is on your watch list.")
	}
	return nil
}

// newAlpha is what the section of new alpha gates says of each.
func newAlpha(g diff.GateChange) string {
	return "New in " + version(gate.MinorOf(g.ToVersion)) + ": alpha, off by default."
}

// aboutOf is what the gate does: upstream's own first sentence, else its name in words.
func aboutOf(c diff.Change) phrase {
	if c.Gate != nil {
		for _, g := range []*gate.Gate{c.Gate.After, c.Gate.Before} {
			if g != nil && clean(g.Description) != "" {
				return say(quote(sentence(g.Description)))
			}
		}
	}
	return say(sentence(humanise(short(c.ID, maxName))))
}

// proofOf lists the evidence, and the line at the commit that says so.
func proofOf(u Upstream, c diff.Change, from origin) []span {
	var out []span
	if from.untraced != "" {
		out = append(out, span{text: "not traced (" + short(from.untraced, 120) + ")"})
	}
	seen := map[string]bool{}
	for _, e := range from.evidence {
		label := short(e.Target, maxName)
		if label == "" || seen[label] {
			continue
		}
		seen[label] = true
		if e.Rule == trace.RuleDocsPage {
			label = "docs"
		}
		switch e.About {
		case "", trace.AboutChange, trace.AboutTicket:
		default:
			label = short(e.About, 40) + ": " + label
		}
		var asides []string
		if e.Confidence != "" && e.Confidence != trace.Certain {
			asides = append(asides, clean(string(e.Confidence)))
		}
		if e.Rule == trace.RuleOverride {
			asides = append(asides, "by your configuration")
		}
		if e.Remark != "" {
			asides = append(asides, short(e.Remark, 120))
		}
		if len(asides) > 0 {
			label += " (" + strings.Join(asides, "; ") + ")"
		}
		out = append(out, linkTo(label, e.URL))
	}
	if c.Gate == nil {
		return out
	}
	if p := c.Gate.Page; p != nil {
		out = append(out, docLink(u, *p, false))
	}
	g, sha, old := c.Gate.After, u.To.SHA, ""
	if g == nil {
		g, sha, old = c.Gate.Before, u.From.SHA, " (before)"
	}
	file, line := g.Declared.File, g.Declared.Line
	if s := c.Gate.AfterSpec; s != nil && s.Line > 0 && len(g.Registered) > 0 {
		file, line = g.Registered[0].File, s.Line
	} else if s := c.Gate.BeforeSpec; c.Gate.After == nil && s != nil && s.Line > 0 && len(g.Registered) > 0 {
		file, line = g.Registered[0].File, s.Line
	}
	if file == "" {
		return out
	}
	label := path.Base(clean(file))
	if line > 0 {
		label += ":" + strconv.Itoa(line)
	}
	return append(out, linkTo(cut(label, maxName)+old, blobURL(u.WebURL, sha, file, line)))
}

func leadOf(u Upstream, now time.Time) phrase {
	lead := say(bold(strings.TrimSpace(displayName(u.Upstream)+" "+compared(u.From, u.To))), ": ", tallyOf(u.Changes).words(), ".")
	if u.FirstRun {
		lead = say(lead, " This is the first digest, so it is compared with the highest stable release.")
	}
	if next := nextDue(u.Ahead, now); next != nil {
		lead = say(lead, " ", next)
	}
	return lead
}

// failuresOf says which sources could not be read, and what that means for the reader.
func failuresOf(u Upstream) []phrase {
	var out []phrase
	for _, s := range u.Sections {
		if s.Status != snapshot.Failed {
			continue
		}
		reason := short(s.Reason, 300)
		if reason == "" {
			reason = "no reason was given"
		}
		out = append(out, say(bold(displayName(u.Upstream)+": "+sourceWord(s.Source)+" could not be read."), " "+sentence(upper(reason))+
			" Nothing about them is told here, and nothing is read as removed. What changed meanwhile is told when they can be read again."))
	}
	return out
}

// UpstreamWords is what an upstream is called in a sentence: "Kubernetes".
func UpstreamWords(name string) string { return displayName(name) }

// SourceWords is what a source is called in a sentence: "feature gates".
func SourceWords(source string) string { return sourceWord(source) }

func sourceWord(source string) string {
	switch source {
	case snapshot.SourceGates:
		return "feature gates"
	case snapshot.SourceNoteData:
		return "data of release notes"
	case snapshot.SectionCycle:
		return "dates of the release cycle"
	case snapshot.SourcePaths:
		return "watched paths"
	case snapshot.SourceDocs:
		return "docs pages"
	}
	if repository, ok := strings.CutPrefix(source, snapshot.SourceTickets+"/"); ok {
		return "tickets of " + short(repository, 100)
	}
	if key, ok := strings.CutPrefix(source, snapshot.SourceFeeds+"/"); ok {
		return "entries of the feed " + short(key, 60)
	}
	return short(source, 60)
}

// footOf says what was compared, and what is only watched from now on.
func footOf(u Upstream) []phrase {
	var out []phrase
	for _, s := range u.Sections {
		switch {
		case s.Baseline && snapshot.SourceOf(s.Source) == snapshot.SourceFeeds:
			out = append(out, say(displayName(u.Upstream)+": now watching the "+strings.TrimPrefix(sourceWord(s.Source), "entries of the ")+" ("+count(s.Items, "entry", "entries")+")."))
		case s.Baseline:
			out = append(out, say(displayName(u.Upstream)+": now watching "+strconv.Itoa(s.Items)+" "+strings.TrimPrefix(sourceWord(s.Source), "watched ")+reasonIn(s)+"."))
		case s.Status == snapshot.Skipped:
			out = append(out, say(displayName(u.Upstream)+": "+sourceWord(s.Source)+" skipped ("+short(s.Reason, 200)+")."))
		case s.Status == snapshot.Complete && s.Reason != "":
			out = append(out, say(displayName(u.Upstream)+": "+sourceWord(s.Source)+" are not complete ("+short(s.Reason, 200)+")."))
		case s.Status == snapshot.Carried:
			out = append(out, say(displayName(u.Upstream)+": "+sourceWord(s.Source)+" not asked for this time."))
		}
	}
	for _, s := range u.Sections {
		if s.Disagreements > 0 {
			out = append(out, differFoot(u.Upstream, s.Disagreements))
		}
	}
	for _, s := range u.Sections {
		if s.Source != snapshot.SourcePaths {
			continue
		}
		for _, d := range s.Diagnostics {
			out = append(out, say(displayName(u.Upstream)+": of the watched paths, ", name(d.File), ": "+sentence(short(d.Message, 300))))
		}
	}
	for _, line := range agesOf(u) {
		out = append(out, say(displayName(u.Upstream)+": "+line+"."))
	}
	web := strings.TrimRight(u.WebURL, "/")
	commit := func(r diff.Ref) phrase {
		p := say(refName(r) + " at ")
		if refName(r) == shortSHA(r.SHA) {
			p = nil
		}
		if web == "" || r.SHA == "" {
			return say(p, shortSHA(r.SHA))
		}
		return say(p, linkTo(shortSHA(r.SHA), web+"/commit/"+clean(r.SHA)))
	}
	line := say(displayName(u.Upstream)+": compared ", commit(u.From), " with ", commit(u.To))
	if u.From.SHA != "" && u.From.SHA == u.To.SHA {
		line = say(displayName(u.Upstream)+": the code is unchanged: ", commit(u.To))
		if pathsMoved(u) { // it is not: only what the gates are read of
			line = say(displayName(u.Upstream)+": the code of the gates is unchanged: ", commit(u.To))
		}
	}
	if web != "" && u.From.SHA != "" && u.To.SHA != "" && u.From.SHA != u.To.SHA {
		line = say(line, " (", linkTo("all commits between", web+"/compare/"+clean(u.From.SHA)+"..."+clean(u.To.SHA)), ")")
	}
	out = append(out, say(line, "."))
	for _, s := range u.Sections {
		if s.Repository == u.Repository && s.Source != snapshot.SourcePaths || s.Source == snapshot.SourceNoteData || s.From.SHA == "" || s.To.SHA == "" {
			continue
		}
		web := strings.TrimRight(s.WebURL, "/")
		at := func(r diff.Ref) span { return linkTo(shortSHA(r.SHA), web+"/commit/"+clean(r.SHA)) }
		what := displayName(u.Upstream) + ": " + sourceWord(s.Source)
		if s.Repository == u.Repository && !pathsMoved(u) {
			continue
		}
		if s.Repository != u.Repository {
			what += " of " + short(s.Repository, 100)
		}
		line := say(what+" are unchanged, at ", at(s.To))
		if s.From.SHA != s.To.SHA {
			line = say(what+" compared at ", at(s.From), " and ", at(s.To), " (", linkTo("all commits between", web+"/compare/"+clean(s.From.SHA)+"..."+clean(s.To.SHA)), ")")
		}
		out = append(out, say(line, "."))
	}
	var read []string
	for _, c := range releasesOf(u) {
		if w := readWords(c.Release.Release); w != "" {
			read = append(read, w)
		}
	}
	if len(read) > 0 {
		out = append(out, say("Release notes read: "+strings.Join(read, "; ")+"."))
	}
	return out
}

// reasonIn is what a section that is watched from now on leaves out, in brackets; "" where it has all.
func reasonIn(s diff.SectionResult) string {
	if s.Status != snapshot.Complete || s.Reason == "" {
		return ""
	}
	return " (" + short(s.Reason, 200) + ")"
}

// agesOf says as of when each source is told; those of one moment together.
func agesOf(u Upstream) []string {
	var order []string
	sources := map[string][]string{}
	for _, s := range u.Sections {
		if s.CurrentAt.IsZero() {
			continue
		}
		what := " as of "
		if s.Status != snapshot.Complete {
			what = " last known at "
		}
		when := what + minute(s.CurrentAt)
		if sources[when] == nil {
			order = append(order, when)
		}
		sources[when] = append(sources[when], sourceWord(s.Source))
	}
	out := make([]string, len(order))
	for i, when := range order {
		list := sources[when]
		out[i] = list[len(list)-1] + when
		if len(list) > 1 {
			out[i] = strings.Join(list[:len(list)-1], ", ") + " and " + out[i]
		}
	}
	return out
}

// minute is a time as the foot tells it.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// aboutTheBot is the section of what is wrong with the bot.
const aboutTheBot = "About the bot itself"

// alertsOf are the sections above all upstreams: about the bot itself, and what is still open of the reader's.
func alertsOf(d Digest) []section {
	if len(d.Alerts) == 0 {
		return openSection(d)
	}
	s := section{heading: aboutTheBot, own: true}
	for _, a := range d.Alerts {
		e := entry{gates: 1, change: say(bold(short(a.What, 300)))}
		if a.Why != "" {
			e.change = say(e.change, " "+sentence(short(a.Why, 500)))
		}
		if a.Next != "" {
			e.next = step{one: say(upper(sentence(short(a.Next, 300))))}
		}
		s.entries = append(s.entries, e)
	}
	return append([]section{s}, openSection(d)...)
}

// maxFaults is how many of the parser's complaints a digest lists; `bot gates` lists all.
const maxFaults = 50

func faultsOf(u Upstream) []phrase {
	var out []phrase
	total := 0
	for _, s := range u.Sections {
		if s.Source == snapshot.SourcePaths {
			continue // the foot has them: nothing could not be read
		}
		for _, d := range s.Diagnostics {
			total++
			if total > maxFaults {
				continue
			}
			where := clean(d.File)
			if d.Line > 0 {
				where += ":" + strconv.Itoa(d.Line)
			}
			p := say(linkTo(cut(where, 200), blobURL(cmp.Or(s.WebURL, u.WebURL), cmp.Or(s.To.SHA, u.To.SHA), d.File, d.Line)), ": ", short(d.Message, 300))
			if d.Lost {
				p = say(p, " ", bold("(a gate may be missing)"))
			}
			out = append(out, p)
		}
	}
	if total > maxFaults {
		out = append(out, say(strconv.Itoa(total-maxFaults)+" more; ", name("bot gates --format json"), " lists them all."))
	}
	return out
}

// endOf is the digest's last line: what it cost, what it leaves out, and which definition it is.
func endOf(d Digest) []phrase {
	var out []phrase
	out = append(out, settledWords(d)...)
	for _, n := range d.Notices {
		out = append(out, say("Note: "+sentence(short(n, 500))))
	}
	if h := d.Heartbeat; !h.Last.IsZero() {
		failed := ""
		if h.Failed > 0 {
			failed = ", " + strconv.Itoa(h.Failed) + " of them failed"
		}
		least, last := "", "; the last on "
		if h.AtLeast {
			least, last = "at least ", "; the last that was written down on "
		}
		out = append(out, say("Watched: "+least+count(h.Runs, "run", "runs")+" in the "+count(h.Days, "day", "days")+" before this one"+failed+
			last+minute(h.Last)+"."))
	}
	line := "Cost: " + count(d.Cost.Requests, "request", "requests")
	if d.Cost.Raw > 0 {
		line += " and " + count(d.Cost.Raw, "file", "files") + " from the raw host (not counted)"
	}
	if d.Definition != "" {
		line += ". Digest " + short(d.Definition, 60)
	}
	if len(d.Severities) > 0 {
		var s []string
		for _, x := range d.Severities {
			s = append(s, clean(string(x)))
		}
		line += ", filtered: only severity " + strings.Join(s, ", ")
	}
	return append(out, say(line+"."))
}
