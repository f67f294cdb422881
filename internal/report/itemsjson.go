package report

import (
	"time"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// releaseDocument is a release as it is printed: its notes are those that are told.
type releaseDocument struct {
	Tag        string               `json:"tag"`
	URL        string               `json:"url"`
	Prerelease bool                 `json:"prerelease"`
	Published  string               `json:"published"` // RFC 3339, UTC; "" when not known
	NotesState snapshot.NotesState  `json:"notes_state"`
	Notes      []noteDocument       `json:"notes"`
	Advisories []advisoryDocument   `json:"advisories"`
	InFinal    int                  `json:"notes_in_final"`
	Before     int                  `json:"notes_before"`
	Total      int                  `json:"notes_total"`
	Skipped    []snapshot.SkipCount `json:"skipped"`
}

type noteDocument struct {
	Text           string   `json:"text"`
	PRs            []int    `json:"prs"`
	SIGs           []string `json:"sigs"`
	Kinds          []string `json:"kinds"`
	KEPs           []string `json:"keps"`
	Gates          []string `json:"gates"` // changed gates that it names
	ActionRequired bool     `json:"action_required"`
	First          string   `json:"first"` // the earliest pre-release that had it; ""
}

type advisoryDocument struct {
	CVEs  []string `json:"cves"`
	Title string   `json:"title"`
}

func releaseDocumentOf(rc diff.ReleaseChange) releaseDocument {
	r := rc.Release
	out := releaseDocument{
		Tag: r.Tag, URL: r.URL, Prerelease: r.Prerelease, NotesState: r.State,
		Notes: []noteDocument{}, Advisories: []advisoryDocument{}, InFinal: rc.InFinal, Before: rc.Before, Total: len(r.Notes), Skipped: list(r.Skipped),
	}
	if !r.Published.IsZero() {
		out.Published = r.Published.UTC().Format(time.RFC3339)
	}
	for _, n := range rc.Notes {
		out.Notes = append(out.Notes, noteDocumentOf(n))
	}
	for _, a := range r.Advisories {
		out.Advisories = append(out.Advisories, advisoryOf(a))
	}
	return out
}

func advisoryOf(a changelog.Advisory) advisoryDocument {
	return advisoryDocument{CVEs: list(a.CVEs), Title: a.Title}
}

// proposalDocument is a proposal as it is printed. Stage and target are what it aims at.
type proposalDocument struct {
	Number     string            `json:"number"`
	Path       string            `json:"path"`
	Title      string            `json:"title"`
	OwningSIG  string            `json:"owning_sig"`
	Status     string            `json:"status"`
	Stage      string            `json:"stage"`
	Target     string            `json:"target"`
	Milestones map[string]string `json:"milestones"`
	Gates      []string          `json:"gates"`
}

func proposalDocumentOf(p kep.Proposal) proposalDocument {
	out := proposalDocument{
		Number: p.Number, Path: p.Path, Title: p.Title, OwningSIG: p.OwningSIG, Status: p.Status, Stage: p.Stage, Target: p.Target,
		Milestones: map[string]string{}, Gates: []string{},
	}
	for stage, v := range map[string]string{
		"alpha": p.Milestones.Alpha, "beta": p.Milestones.Beta, "stable": p.Milestones.Stable,
		"deprecated": p.Milestones.Deprecated, "disabled": p.Milestones.Disabled, "removed": p.Milestones.Removed,
	} {
		if v != "" {
			out.Milestones[stage] = v
		}
	}
	for _, g := range p.Gates {
		out.Gates = append(out.Gates, g.Name)
	}
	return out
}

// gateNote is a note that names a changed gate, and the release it belongs to.
type gateNote struct {
	Release string       `json:"release"`
	Note    noteDocument `json:"note"`
}

func noteDocumentOf(n diff.ReleaseNote) noteDocument {
	return noteDocument{
		Text: n.Text, PRs: list(n.PRs), SIGs: list(n.SIGs), Kinds: list(n.Kinds), KEPs: list(n.KEPs), Gates: list(n.Gates),
		ActionRequired: n.ActionRequired, First: n.First,
	}
}
