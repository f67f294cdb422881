package trace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

// Question is what the git history is asked of a change of a gate: by which pull request it came.
type Question struct {
	Wanted
	// Gone: what was taken out is asked for ([Files.Removed]), else what was put in ([Files.Made]).
	Gone bool
	// Paths are the files that register the gate: first the one that its specs stand in, then those that it may have
	// come from.
	Paths []string
	// Apart tells what is asked from what made the spec: that it came to a file, or by a constant. "" where it is just that.
	Apart string
	// Earlier are the stages before, as far as the file still has them.
	Earlier []Wanted
}

// QuestionOf makes a question of a change. Changes that no line of a spec made (of dependencies, of history that was
// rewritten) have none.
func QuestionOf(c diff.Change) (Question, bool) {
	g := c.Gate
	if g == nil {
		return Question{}, false
	}
	to := gate.MinorOf(g.ToVersion)
	if g.After == nil {
		q := Question{Gone: true, Paths: pathsOf(*g.Before), Wanted: Wanted{Const: g.Before.Const, Step: Step{Roles: []Role{Removed}, Version: to}}}
		return q, len(q.Paths) > 0 && q.Const != ""
	}
	q := Question{Paths: pathsOf(*g.After), Wanted: Wanted{Const: g.After.Const}}
	if g.Before != nil && len(q.Paths) > 0 {
		for _, r := range g.Before.Registered {
			if r.File != "" && !slices.Contains(q.Paths, r.File) {
				q.Paths = append(q.Paths, r.File)
			}
		}
	}
	if len(q.Paths) == 0 || q.Const == "" {
		return q, false
	}
	spec := g.AfterSpec
	roles := rolesOf(c)
	switch {
	case len(roles) > 0:
	case c.Has(diff.GateScheduled) && len(g.Scheduled) > 0:
		spec, roles = &g.Scheduled[len(g.Scheduled)-1], []Role{Promoted}
	case c.Has(diff.GateRenamed):
		q.Apart, roles = "called "+q.Const, []Role{Introduced}
	case c.Has(diff.GateMoved):
		// Where it came from is no news. What stands where it stood was registered elsewhere, or is so no more: no line of it
		// tells of that.
		q.Paths = newPaths(g)
		if len(q.Paths) == 0 {
			return q, false
		}
		q.Apart, roles = "in "+q.Paths[0], []Role{Introduced}
	default:
		return q, false
	}
	if spec == nil {
		return q, false
	}
	q.Step = stepOf(*spec, roles)
	for _, s := range g.After.Specs {
		if s == *spec {
			break
		}
		q.Earlier = append(q.Earlier, Wanted{Const: q.Const, Step: stepOf(s, []Role{Promoted})})
	}
	if b := g.BeforeSpec; b != nil && !hasSpec(g.After.Specs, *b) && hasSpec(g.Before.Specs, *spec) {
		// What is in force now stood there before: the change is that something was taken out.
		lost := stepOf(*b, nil)
		q.Gone, q.Lost, q.Earlier = true, &lost, nil
	}
	return q, true
}

// newPaths is the first file that registers a gate since a change, where there is one.
func newPaths(g *diff.GateChange) []string {
	for _, r := range g.After.Registered {
		if r.File != "" && !slices.ContainsFunc(g.Before.Registered, func(o gate.Registration) bool { return o.File == r.File }) {
			return []string{r.File}
		}
	}
	return nil
}

// rolesOf are what a change did to the spec in force.
func rolesOf(c diff.Change) []Role {
	var out []Role
	for _, k := range c.Kinds {
		switch k {
		case diff.GateAdded:
			out = append(out, Introduced)
		case diff.GatePromoted, diff.GateDeprecated:
			out = append(out, Promoted)
		case diff.GateDemoted:
			out = append(out, Demoted)
		case diff.GateDefaultChanged:
			out = append(out, Flipped)
		case diff.GateLocked:
			out = append(out, Locked)
		case diff.GateUnlocked:
			out = append(out, Unlocked)
		}
	}
	return out
}

func stepOf(s gate.Spec, roles []Role) Step {
	return Step{Roles: roles, Stage: s.Stage, Default: s.Default, Locked: s.Locked, Stated: true, Version: s.Since}
}

func hasSpec(list []gate.Spec, s gate.Spec) bool {
	return slices.ContainsFunc(list, func(o gate.Spec) bool { return stateKey(o) == stateKey(s) })
}

func stateKey(s gate.Spec) string {
	return fmt.Sprintf("%s %s %t %t", s.Since, s.Stage, s.Default, s.Locked)
}

// pathsOf are the files of a gate's registrations, and those that its components have or had.
func pathsOf(g gate.Gate) []string {
	var out, components []string
	for _, r := range g.Registered {
		if r.File != "" && !slices.Contains(out, r.File) {
			out = append(out, r.File)
		}
		components = append(components, r.Component)
	}
	for _, f := range RegistrationFiles(components...) {
		if len(out) > 0 && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Know tells what the registrations of a file are at the commit of [NewFiles], so that it need not be read.
func (t *Files) Know(path string, gates []gate.Gate) {
	at := place{path, t.sha}
	if _, known := t.files[at]; known {
		return
	}
	have := map[string][]spot{}
	lines := false
	for _, g := range gates {
		i := slices.IndexFunc(g.Registered, func(r gate.Registration) bool { return r.File == path })
		if i < 0 {
			continue
		}
		for _, s := range g.Specs {
			line := 0 // where it is registered once more its lines are not told
			if i == 0 {
				line, lines = s.Line, lines || s.Line > 0
			}
			have[g.Const] = append(have[g.Const], spot{version: s.Since, stage: s.Stage, on: s.Default, locked: s.Locked, line: line})
		}
	}
	if lines {
		t.files[at] = have
	}
}

// few is how many gates a landing may write lines of and still be taken for what made them, unseen.
const few = 3

// Glance says who wrote lines last, by the blame that was asked for already: nothing is asked. It is likely who made
// the steps, for it may have been a comment.
func (t *Files) Glance(path string, wanted []Wanted) []Claim {
	at := place{path, t.sha}
	ranges := t.blames[at]
	wrote := t.wrote(at, ranges)
	before := t.found
	t.found = map[int][]Claim{}
	for i, w := range wanted {
		s, ok := find(t.files[at][w.Const], w.Step)
		j := slices.IndexFunc(ranges, func(r Range) bool { return r.From <= s.line && s.line <= r.To })
		if !ok || j < 0 || wrote[ranges[j].Commit.landed()] > few || undoes(ranges[j].Commit.Title) {
			continue
		}
		t.claim(i, w, ranges[j].Commit, RuleBlame, path, Likely)
	}
	var out []Claim
	for i := range wanted {
		out = append(out, t.found[i]...)
	}
	t.found = before
	return out
}

// Found is what is known of a change beyond the snapshot.
type Found struct {
	Change  []Claim // by which pull request it came
	Earlier []Claim // by which the stages before came
	Pulls   map[int]Pull
	Docs    bool // there is a page
}

// Explain puts together what is known of a change: first by which pull request it came, then proposals, tickets
// and documentation, at last other pull requests, those of earlier stages among them.
func Explain(c diff.Change, found Found, repo Repository) []Evidence {
	rest := Of(c, repo.Name, repo.WebURL)
	q, ok := QuestionOf(c)
	if !ok {
		return rest
	}
	s := Subject{Gate: c.Gate.Name(), Steps: []Step{q.Step}}
	claims, remarks := Settle(append(slices.Clone(found.Change), notesOf(c, s, repo)...), found.Pulls, repo)
	life := Combine(s, claims, remarks)
	life = Combine(s, append(claims, FromPulls(s, life.Stages, found.Pulls, repo)...), remarks)
	var out []Evidence
	certain := false
	targets := map[string]bool{}
	put := func(l Link, about string) {
		e := l.Evidence
		e.About, e.Remark = about, l.Remark
		out = append(out, e)
		targets[e.Target] = true
	}
	for _, l := range life.Stages[0].PRs {
		certain = certain || l.Confidence == Certain
		put(l, AboutChange)
	}
	isPull := func(e Evidence) bool { _, is := repo.number(e.Target); return is }
	keps := false
	for _, e := range rest {
		if !isPull(e) {
			out = append(out, e)
			keps, targets[e.Target] = true, true
		}
	}
	if !keps { // what pull requests link is told where the source and the proposals name none
		for _, l := range life.KEPs {
			put(l, "")
		}
	}
	for _, l := range life.Tickets {
		if l.Rule == RulePullBody && !targets[l.Target] {
			put(l, AboutTicket)
		}
	}
	if found.Docs {
		if c.Gate.After == nil {
			s.Steps = []Step{{Roles: []Role{Removed}}}
		}
		out = append(out, FromDocs(s).Evidence)
	}
	for _, e := range rest {
		if isPull(e) && !targets[e.Target] && (!certain || e.Confidence != Possible) {
			out = append(out, e)
		}
	}
	earlier, remarks := Settle(found.Earlier, found.Pulls, repo)
	for _, w := range q.Earlier {
		life := Combine(Subject{Gate: s.Gate, Steps: []Step{w.Step}}, earlier, remarks)
		for _, l := range life.Stages[0].PRs {
			if !targets[l.Target] {
				put(l, AboutStage(w.Step))
			}
		}
	}
	return out
}

// notesOf are the release notes of a change, as far as they say what was done.
func notesOf(c diff.Change, s Subject, repo Repository) []Claim {
	var notes []ReleaseNote
	for _, n := range c.Gate.Notes {
		notes = append(notes, ReleaseNote{Version: strings.TrimPrefix(n.Tag, "v"), Note: n.Note.Note})
	}
	var out []Claim
	for _, claim := range FromNotes(s, notes, repo, likeGate) {
		if claim.What == ToPull {
			claim.Rule = RuleReleaseNote
			out = append(out, claim)
		}
	}
	return out
}
