package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/trace"
)

// Explanation is what `bot explain` tells.
type Explanation struct {
	Query string
	Pull  bool // it means a pull request
	Hits  []ExplainedGate
	// List are gates that fit the query, where there are too many to tell all lives.
	List []Candidate
	// Proposals are those that the query means, with or without gates.
	Proposals []ExplainedProposal
	// Suggestions are what a misspelt name may have meant.
	Suggestions []string
	// Read says what was read, NotAsked what was not, and why; sentences without a full stop.
	Read, NotAsked []string
}

// ExplainedGate is one gate's life.
type ExplainedGate struct {
	trace.Life
	Description string // upstream's first sentence, "" where nobody has it
	Components  []string
	Oldest      string            // the oldest release that is known
	NoProposals bool              // no proposal could be looked at
	Titles      map[string]string // of proposals and pull requests, by target ("KEP-2411")
	Removal     *insight.Removal  // when it goes, where that is foreseen
	Remark      string            // what the reader's configuration says beside it
}

// ExplainedProposal is a proposal that was asked for.
type ExplainedProposal struct {
	Number, Title, Path string
	Status, Stage       string
	Gates               []string // as it lists them
	Unknown             []string // of these, the ones that no release has
}

// Candidate is a gate that fits a query.
type Candidate struct {
	Gate string `json:"gate"`
	Now  string `json:"now"` // "stable, locked on since 1.21", "gone since 1.22"
}

// ExplainText renders an explanation for a terminal.
func ExplainText(e Explanation, opts TextOptions) string {
	if opts.Width == 0 {
		opts.Width = 80
	}
	t := &terminal{opts: opts, width: max(opts.Width, 40)}
	for _, p := range e.lead() {
		t.para("", "", p, "")
	}
	for i, h := range e.Hits {
		if i > 0 || len(e.lead()) > 0 {
			t.b.WriteString("\n")
		}
		t.life(h)
	}
	for _, s := range e.sections() {
		t.section(s)
	}
	t.b.WriteString("\n")
	t.rule()
	for _, p := range e.foot() {
		t.para("", "", p, sgrDim)
	}
	return t.b.String()
}

// ExplainMarkdown renders an explanation in GitHub's Markdown, in parts as [Markdown] does.
func ExplainMarkdown(e Explanation, opts MarkdownOptions) []string {
	s := sheet{title: "Explained", lead: e.lead(), foot: e.foot()}
	if len(e.Hits) == 1 {
		s.title = humanise(short(e.Hits[0].Gate, maxName))
	}
	for _, h := range e.Hits {
		life := section{heading: "Its way", brief: true}
		if len(e.Hits) > 1 {
			life.heading = "The way of " + shownName(h.Gate)
		} else {
			s.lead = append(s.lead, h.about(), h.now())
		}
		if len(e.Hits) > 1 {
			life.intro = say(h.about(), " ", h.now())
		}
		for _, st := range h.Stages {
			change := say(bold(h.when(st.Step)), ": ", stepWords(st.Step))
			for i, l := range st.PRs {
				sep := ". "
				if i > 0 {
					sep = "; "
				}
				change = say(change, sep, h.linkPhrase(l))
			}
			if len(st.PRs) == 0 {
				change = say(change, ". ", noPull)
			}
			life.entries = append(life.entries, entry{change: change})
		}
		s.sections = append(s.sections, life)
		s.sections = append(s.sections, h.rest()...)
	}
	s.sections = append(s.sections, e.sections()...)
	return sheetMarkdown(s, opts)
}

const noPull = "No pull request is known."

// lead answers where there is no life to tell, or many.
func (e Explanation) lead() []phrase {
	switch {
	case len(e.Hits) == 0 && len(e.List) == 0 && len(e.Proposals) == 0 && len(e.Suggestions) > 0:
		return []phrase{say("Nothing is known as ", name(e.Query), ". Did you mean ", names(e.Suggestions, 0), "?")}
	case len(e.Hits) == 0 && len(e.List) == 0 && len(e.Proposals) == 0 && e.Pull:
		return []phrase{say("No feature gate is known to be behind ", name(e.Query), ".")}
	case len(e.Hits) == 0 && len(e.List) == 0 && len(e.Proposals) == 0:
		return []phrase{say("Nothing is known as ", name(e.Query), ". Ask for a gate's name, KEP-2411, a pull request (#59898), an address of one of these, or words of a gate's name.")}
	case len(e.List) > 0:
		return []phrase{say(count(len(e.List), "gate fits ", "gates fit "), name(e.Query), ". Ask for one by its name.")}
	}
	var out []phrase
	for _, p := range e.Proposals {
		words := say(linkTo("KEP-"+short(p.Number, 20), "https://kep.k8s.io/"+p.Number))
		if t := short(p.Title, 200); t != "" {
			words = say(words, ", ", quote(t))
		}
		switch {
		case len(p.Gates) == 0:
			words = say(words, ", lists no feature gate.")
		case len(p.Unknown) == len(p.Gates):
			words = say(words, ", lists ", names(p.Gates, 0), ", which no release has had: not merged yet, never merged, or named otherwise.")
		case len(p.Unknown) > 0:
			words = say(words, ", lists ", names(p.Gates, 0), ". No release has had ", names(p.Unknown, 0), ".")
		default:
			words = say(words, ", lists ", names(p.Gates, 0), ".")
		}
		if p.Stage != "" && p.Status != "" {
			words = say(words, " It aims at "+short(p.Stage, 40)+"; its status is "+short(p.Status, 40)+".")
		}
		out = append(out, words)
	}
	return out
}

func (e Explanation) sections() []section {
	if len(e.List) == 0 {
		return nil
	}
	s := section{heading: "Gates", brief: true}
	for _, c := range e.List {
		s.entries = append(s.entries, entry{id: c.Gate, gates: 1, about: say(sentence(humanise(short(c.Gate, maxName)))), change: say(upper(short(c.Now, 200)) + ".")})
	}
	return []section{s}
}

func (e Explanation) foot() []phrase {
	var out []phrase
	if len(e.Read) > 0 {
		out = append(out, say("Read: "+shorts(e.Read)+"."))
	}
	for _, n := range e.NotAsked {
		out = append(out, say("Not asked: "+short(n, 400)+"."))
	}
	return out
}

func shorts(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, short(s, 200))
	}
	return strings.Join(out, "; ")
}

// about is what the gate does.
func (h ExplainedGate) about() phrase {
	if d := short(h.Description, 400); d != "" {
		return say(quote(d))
	}
	return say(sentence(humanise(short(h.Gate, maxName))))
}

// now is what the gate is today, who has it, and which proposal is behind it.
func (h ExplainedGate) now() phrase {
	var out phrase
	if n := len(h.Stages); n > 0 {
		out = say(bold(upper(Standing(h.Stages[n-1].Step)) + "."))
		if h.Stages[n-1].Has(trace.Removed) {
			out = say(out, " A component that still sets it does not start.")
		}
	} else {
		out = say(bold("No release that is known has had it."))
	}
	if len(h.Components) > 0 && len(h.Stages) > 0 {
		verb := " Registered in "
		if h.Stages[len(h.Stages)-1].Has(trace.Removed) {
			verb = " It was registered in "
		}
		out = say(out, verb, names(h.Components, 6), ".")
	}
	if h.Removal != nil {
		out = say(out, " "+h.Removal.Words()+".")
	}
	switch {
	case len(h.KEPs) == 0 && h.NoProposals:
	case len(h.KEPs) == 0:
		out = say(out, " No proposal was found for it.")
	case len(h.KEPs) > 1:
		out = say(out, " "+count(len(h.KEPs), "proposal names it.", "proposals name it."))
	}
	if h.Remark != "" {
		out = say(out, " By your configuration: ", quote(sentence(short(h.Remark, 300))))
	}
	if len(h.Former) > 0 {
		out = say(out, " It was called ", names(h.Former, 0), " before.")
	}
	return out
}

// Standing is where a step left the gate: "stable, locked on since 1.21", "gone since 1.22".
func Standing(st trace.Step) string {
	since := ""
	if st.Version != "" {
		since = " since " + version(st.Version)
	}
	if st.Has(trace.Removed) {
		return "gone" + since
	}
	return stepWords(st).plain() + since
}

// when is a step's release: at most the oldest that is known, where nobody knows it.
func (h ExplainedGate) when(st trace.Step) string {
	if st.Version == "" {
		return "≤ " + version(h.Oldest)
	}
	return version(st.Version)
}

// stepWords is what the gate is after a step.
func stepWords(st trace.Step) phrase {
	switch {
	case st.Has(trace.Removed):
		return say("removed")
	case !st.Stated:
		return say(stageWord(st.Stage))
	}
	return say(standing(insight.State{Stage: st.Stage, Default: st.Default, Locked: st.Locked}))
}

// linkPhrase is a link with its title and what speaks for it.
func (h ExplainedGate) linkPhrase(l trace.Link) phrase {
	out := say(linkTo(short(l.Target, 120), l.URL))
	if t := short(h.Titles[l.Target], 200); t != "" {
		out = say(out, " ", quote(t))
	}
	out = say(out, ", ")
	if l.Remark != "" {
		out = say(out, short(l.Remark, 120), ", ")
	}
	return say(out, string(l.Confidence), ": ", reasons(l))
}

// reasons are the rules that found a link, each with one place.
func reasons(l trace.Link) phrase {
	var out phrase
	var told []string
	all := append([]trace.Reason{{Rule: l.Rule, Source: l.Source}}, l.Also...)
	for i, r := range all {
		word := reasonWords(r)
		if key := ruleWord(r.Rule); slices.Contains(told, key) {
			continue
		} else if told = append(told, key); len(told) > 3 {
			return say(out, fmt.Sprintf(", and %d more", len(all)-i))
		}
		if len(out) > 0 {
			out = say(out, "; ")
		}
		out = say(out, word)
	}
	return out
}

// reasonWords are a rule and its place, in the words of people who know where these things stand. The whole path is in
// the JSON.
func reasonWords(r trace.Reason) phrase {
	source, line, _ := strings.Cut(short(r.Source, 200), ".md:")
	switch r.Rule {
	case trace.RuleOverride:
		return say(ruleWord(r.Rule))
	case trace.RuleHistory:
		if n := kep.FolderNumber(r.Source); n != "" && line != "" {
			return say("README of KEP-" + n + ", line " + line)
		}
	case trace.RuleProposalGates:
		if n := kep.FolderNumber(r.Source); n != "" {
			return say("kep.yaml of KEP-" + n + " lists it")
		}
	case trace.RuleKEPNumber:
		return say("the proposal's tracking issue")
	case trace.RuleDocsPage, trace.RuleSearch:
		return say(ruleWord(r.Rule))
	case trace.RuleBlame, trace.RulePathHistory, trace.RuleRemoval:
		if file, at, ok := strings.Cut(source, " at "); ok {
			return say(ruleWord(r.Rule)+" (", name(path.Base(file)+" at "+at), ")")
		}
	case trace.RuleNoteWords, trace.RuleReleaseNote, trace.RuleNoteData:
		if strings.HasPrefix(source, "CHANGELOG") && line != "" {
			return say(ruleWord(r.Rule)+" (", name(path.Base(source)+".md:"+line), ")")
		}
	}
	if source = short(r.Source, 160); source == "" {
		return say(ruleWord(r.Rule))
	}
	return say(ruleWord(r.Rule)+" (", name(source), ")")
}

// ruleWord names a rule for people.
func ruleWord(rule string) string {
	switch rule {
	case trace.RuleKEPComment:
		return "its comment in the source"
	case trace.RuleProposalGates:
		return "kep.yaml"
	case trace.RuleHistory:
		return "README of the proposal"
	case trace.RuleNoteWords, trace.RuleReleaseNote:
		return "release note"
	case trace.RuleNoteData:
		return "data of the release notes"
	case trace.RuleBlame:
		return "git blame"
	case trace.RulePathHistory:
		return "history of the file"
	case trace.RuleRemoval:
		return "the commit that took it out"
	case trace.RulePullBody:
		return "what the pull request says"
	case trace.RuleKEPNumber:
		return "the proposal's number"
	case trace.RuleDocsPage:
		return "a page of its name"
	case trace.RuleSearch:
		return "search"
	case trace.RuleOverride:
		return "by your configuration"
	}
	return clean(rule)
}

// rest are the links beside the timeline.
func (h ExplainedGate) rest() []section {
	var out []section
	add := func(heading string, links []trace.Link, words func(trace.Link) phrase) {
		if len(links) == 0 {
			return
		}
		s := section{heading: heading, brief: true}
		for _, l := range links {
			s.entries = append(s.entries, entry{change: words(l)})
		}
		out = append(out, s)
	}
	add("Proposal", h.KEPs, h.linkPhrase)
	add("Tickets", h.Tickets, h.linkPhrase)
	add("Release notes", h.Notes, func(l trace.Link) phrase {
		return say(linkTo(short(l.Target, 120), l.URL), ": ", name(short(l.Source, 160)))
	})
	add("Documentation", h.Docs, h.linkPhrase)
	return out
}

// life draws a gate's timeline.
func (t *terminal) life(h ExplainedGate) {
	t.wrap("", "", t.paint(sgrBold, shownName(h.Gate)))
	t.para("", "", h.about(), "")
	t.para("", "", h.now(), "")
	t.b.WriteString("\n")
	wide := 0
	for _, st := range h.Stages {
		wide = max(wide, len([]rune(h.when(st.Step))))
	}
	for i, st := range h.Stages {
		sign, colour := "◌", sgrDim
		switch {
		case st.Has(trace.Removed):
			sign, colour = "✕", sgrRed
		case st.Stated && st.Default:
			sign, colour = "●", sgrGreen
		case st.Stated:
			sign, colour = "○", sgrYellow
		}
		rail := "│"
		if i == len(h.Stages)-1 {
			rail = " "
		}
		when := h.when(st.Step)
		gap := strings.Repeat(" ", wide-len([]rune(when)))
		below := "  " + strings.Repeat(" ", wide) + "  " + t.paint(sgrDim, rail) + "   "
		t.para("  "+gap+t.paint(sgrBold, when)+"  "+t.paint(colour, sign)+"  ", below, stepWords(st.Step), sgrBold)
		if len(st.PRs) == 0 {
			t.para(below, below, say(noPull), sgrDim)
		}
		for _, l := range st.PRs {
			t.para(below, below+"  ", h.linkPhrase(l), "")
		}
	}
	for _, s := range h.rest() {
		t.section(s)
	}
}

// explainDocument is docs/schema/explain.v1.json.
type explainDocument struct {
	Schema      string          `json:"schema"`
	Query       string          `json:"query"`
	Hits        []hitDocument   `json:"hits"`
	Candidates  []Candidate     `json:"candidates"`
	Proposals   []askedProposal `json:"proposals"`
	Suggestions []string        `json:"suggestions"`
	Read        []string        `json:"read"`
	NotAsked    []string        `json:"not_asked"`
}

type hitDocument struct {
	Gate        string          `json:"gate"`
	Former      []string        `json:"former"`
	Description string          `json:"description"`
	Remark      string          `json:"remark"` // what the reader's configuration says beside it
	Components  []string        `json:"components"`
	KEPs        []trace.Link    `json:"keps"`
	Stages      []stageDocument `json:"stages"`
	Tickets     []trace.Link    `json:"tickets"`
	Notes       []trace.Link    `json:"notes"`
	Docs        []trace.Link    `json:"docs"`
}

type stageDocument struct {
	Stage   gate.Stage   `json:"stage"`
	Version string       `json:"version"`
	Roles   []trace.Role `json:"roles"`
	Default *bool        `json:"default"`
	Locked  *bool        `json:"locked"`
	Source  string       `json:"source"`
	PRs     []trace.Link `json:"prs"`
}

type askedProposal struct {
	Number  string   `json:"number"`
	Title   string   `json:"title"`
	Path    string   `json:"path"`
	Status  string   `json:"status"`
	Stage   string   `json:"stage"`
	Gates   []string `json:"gates"`
	Unknown []string `json:"unknown"`
}

// SchemaExplain is the name of the document of [ExplainJSON].
const SchemaExplain = schemaBase + "explain.v1.json"

// ExplainJSON renders an explanation as docs/schema/explain.v1.json describes it.
func ExplainJSON(e Explanation) ([]byte, error) {
	d := explainDocument{
		Schema: SchemaExplain, Query: e.Query, Hits: []hitDocument{}, Candidates: list(e.List), Proposals: []askedProposal{},
		Suggestions: list(e.Suggestions), Read: list(e.Read), NotAsked: list(e.NotAsked),
	}
	for _, h := range e.Hits {
		hit := hitDocument{
			Gate: h.Gate, Former: list(h.Former), Description: h.Description, Remark: h.Remark, Components: list(h.Components), KEPs: list(h.KEPs),
			Stages: []stageDocument{}, Tickets: list(h.Tickets), Notes: list(h.Notes), Docs: list(h.Docs),
		}
		for _, st := range h.Stages {
			s := stageDocument{Stage: st.Stage, Version: st.Version, Roles: list(st.Roles), Source: st.Source, PRs: list(st.PRs)}
			if st.Stated {
				s.Default, s.Locked = &st.Default, &st.Locked
			}
			hit.Stages = append(hit.Stages, s)
		}
		d.Hits = append(d.Hits, hit)
	}
	for _, p := range e.Proposals {
		d.Proposals = append(d.Proposals, askedProposal{p.Number, p.Title, p.Path, p.Status, p.Stage, list(p.Gates), list(p.Unknown)})
	}
	return encode(d)
}
