package report

import (
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/usage"
)

// SchemaCheck is the name of the document of [CheckJSON].
const SchemaCheck = schemaBase + "check.v1.json"

type checkDocument struct {
	Schema   string            `json:"schema"`
	From     string            `json:"from"` // "" when not given
	To       string            `json:"to"`
	Source   string            `json:"source"`
	Files    int               `json:"files"`
	Summary  string            `json:"summary"`
	Findings []findingDocument `json:"findings"`
	Problems []usage.Problem   `json:"problems"`
}

type findingDocument struct {
	File       string           `json:"file"`
	Line       int              `json:"line"`
	Component  string           `json:"component"`
	Gate       string           `json:"gate"`
	Value      string           `json:"value"`
	Format     string           `json:"format"`
	Guess      bool             `json:"guess"`
	Verdict    insight.Verdict  `json:"verdict"`
	Breaks     bool             `json:"breaks"`
	Since      string           `json:"since"`
	Evidence   []string         `json:"evidence"`
	Advice     string           `json:"advice"`
	Suggestion string           `json:"suggestion"`
	KEPs       []string         `json:"keps"`
	Removal    *insight.Removal `json:"removal"`
	Switches   []string         `json:"switches"`
}

// CheckJSON renders a check as docs/schema/check.v1.json describes it. Names and values stand in it as
// they were written: whoever shows them must escape them.
func CheckJSON(c Check) ([]byte, error) {
	return encode(checkDocument{
		Schema: SchemaCheck, From: c.From, To: c.To, Source: c.Source, Files: c.Files, Summary: CheckSummary(c),
		Findings: findingDocuments(c), Problems: list(sortedProblems(c.Problems)),
	})
}

func findingDocuments(c Check) []findingDocument {
	out := []findingDocument{}
	for _, f := range c.sorted() {
		out = append(out, findingDocument{
			File: f.File, Line: f.Line, Component: f.Component, Gate: f.Gate, Value: f.Value, Format: f.Format, Guess: f.Guess,
			Verdict: f.Verdict, Breaks: f.Verdict.Breaks(), Since: f.Since, Evidence: list(f.Evidence), Advice: f.Advice,
			Suggestion: f.Suggestion, KEPs: list(f.KEPs), Removal: f.Removal, Switches: list(f.Switches),
		})
	}
	return out
}
