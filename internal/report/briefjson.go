package report

import (
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/usage"
)

// SchemaBrief is the name of the document of [BriefJSON].
const SchemaBrief = schemaBase + "brief.v1.json"

type briefDocument struct {
	Schema         string            `json:"schema"`
	From           string            `json:"from"`
	To             string            `json:"to"`
	Source         string            `json:"source"`
	Files          int               `json:"files"`
	Findings       []findingDocument `json:"findings"`
	Problems       []usage.Problem   `json:"problems"`
	Removed        []passageDocument `json:"removed"`
	Locked         []passageDocument `json:"locked"`
	DefaultChanged []passageDocument `json:"default_changed"`
	NewOn          []passageDocument `json:"new_on"`
	Deprecated     []passageDocument `json:"deprecated"`
	ChangedBack    []passageDocument `json:"changed_back"`
	NewOff         []passageDocument `json:"new_off"`
	Promoted       []passageDocument `json:"promoted"`
	Other          []passageDocument `json:"other"`
	NewAlpha       []passageDocument `json:"new_alpha"`
	Passing        []string          `json:"passing"`
	NotCovered     []string          `json:"not_covered"`

	UrgentNotes briefNotesDocument `json:"urgent_notes"`
}

type passageDocument struct {
	Gate       string         `json:"gate"`
	Words      string         `json:"words"`
	Registered []string       `json:"registered_in"`
	Before     *insight.State `json:"before"`
	After      *insight.State `json:"after"`
	Steps      []insight.Step `json:"steps"`
	History    string         `json:"history"`
	KEPs       []string       `json:"keps"`
	RemoveIn   string         `json:"remove_in"`
	Proof      string         `json:"proof"`
}

// BriefJSON renders a brief as docs/schema/brief.v1.json describes it.
func BriefJSON(b Brief) ([]byte, error) {
	u := b.Upgrade
	w := briefWriter{u: u}
	passages := func(in []insight.Passage) []passageDocument {
		out := []passageDocument{}
		for _, p := range in {
			d := passageDocument{
				Gate: p.Gate, Words: humanise(short(p.Gate, maxName)), Registered: list(p.Registered), Before: p.Before, After: p.After,
				Steps: list(p.Steps), History: wayOf(p, u.To), KEPs: list(p.KEPs), RemoveIn: p.RemoveIn, Proof: w.source(p),
			}
			out = append(out, d)
		}
		return out
	}
	return encode(briefDocument{
		Schema: SchemaBrief, From: u.From, To: u.To, Source: b.Source, Files: b.Files,
		Findings: findingDocuments(b.check()), Problems: list(sortedProblems(b.Problems)),
		Removed: passages(u.Removed), Locked: passages(u.Locked), DefaultChanged: passages(u.DefaultChanged), NewOn: passages(u.NewOn),
		Deprecated: passages(u.Deprecated), ChangedBack: passages(u.ChangedBack), NewOff: passages(u.NewOff), Promoted: passages(u.Promoted),
		Other: passages(u.Other), NewAlpha: passages(u.NewAlpha), Passing: list(u.Passing), NotCovered: list(u.NotCovered),
		UrgentNotes: b.Notes.document(),
	})
}
