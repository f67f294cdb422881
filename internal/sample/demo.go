package sample

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// released are the days on which the .0 releases of the demo came out.
func released(release string) (time.Time, error) {
	switch release {
	case "v1.31":
		return time.Date(2024, time.August, 13, 12, 0, 0, 0, time.UTC), nil
	case "v1.32":
		return time.Date(2024, time.December, 11, 12, 0, 0, 0, time.UTC), nil
	case "v1.33":
		return time.Date(2025, time.April, 23, 12, 0, 0, 0, time.UTC), nil
	case "v1.34":
		return time.Date(2025, time.August, 27, 12, 0, 0, 0, time.UTC), nil
	case "v1.35":
		return time.Date(2025, time.December, 17, 12, 0, 0, 0, time.UTC), nil
	case "v1.36":
		return time.Date(2026, time.April, 22, 12, 0, 0, 0, time.UTC), nil
	}
	return time.Time{}, fmt.Errorf("release %q: its date is not known here (v1.31 to v1.36 are)", release)
}

// Release is the step that turns the tree into one release ("v1.36"), with our descriptions and the
// known edges, dated as the real one, and tagged ("v1.36.0") if so wished. The facts are those of a
// late patch release, for the table has no others.
func Release(table *facts.Table, release string, tagged bool) (Step, error) {
	date, err := released(release)
	if err != nil {
		return Step{}, err
	}
	rows := table.Rows(release)
	if rows == nil {
		return Step{}, fmt.Errorf("release %q: the table of facts has no rows for it", release)
	}
	descriptions, err := Descriptions()
	if err != nil {
		return Step{}, err
	}
	files, err := Files(release, rows, Options{Descriptions: descriptions, DependsOn: Edges(release, rows)})
	if err != nil {
		return Step{}, err
	}
	step := Step{Message: "Feature gates of Kubernetes " + release, Time: date, DeleteAll: true, Files: files}
	if tagged {
		step.Tags = []string{release + ".0"}
	}
	return step, nil
}

// With adds files to a step; what the step names already is overwritten.
func (s Step) With(files map[string][]byte) Step {
	all := maps.Clone(s.Files)
	if all == nil {
		all = map[string][]byte{}
	}
	maps.Copy(all, files)
	s.Files = all
	return s
}

// The moments of `bot demo`: the first look, the morning after v1.35.0 came out, and the digest, when v1.36 is out and
// its first patch too.
var (
	demoFirstLook = time.Date(2025, time.December, 18, 8, 17, 0, 0, time.UTC)
	demoDigest    = time.Date(2026, time.May, 18, 8, 17, 0, 0, time.UTC)
)

// DemoMoments are the moments at which `bot demo` looks.
func DemoMoments() (firstLook, digest time.Time) { return demoFirstLook, demoDigest }

// Until parts steps at a moment.
func Until(steps []Step, t time.Time) (before, after []Step) {
	n := 0
	for n < len(steps) && !steps[n].Time.After(t) {
		n++
	}
	return steps[:n], steps[n:]
}

// DemoSteps are the history of tests' kubernetes/kubernetes: releases v1.34.0 and v1.35.0 as tags
// and, not tagged, what became v1.36, each with the notes of what is out by then. Between them lie the
// pre-releases on master, whose commits bring their notes alone, and the patches of v1.34 on a
// branch of their own. A first run compares v1.35.0 with HEAD.
func DemoSteps(table *facts.Table) ([]Step, error) { return stepsOf(table, DemoReleases()) }

// stepsOf are the history of v1.34 to v1.36 with the releases of a list, which are tagged.
func stepsOf(table *facts.Table, list []Published) ([]Step, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, err
	}
	var steps []Step
	lists := func(tag string) bool {
		return slices.ContainsFunc(list, func(r Published) bool { return r.Tag == tag })
	}
	for i, r := range list {
		if isFinal(r.Tag) {
			continue // written with its gates below
		}
		notes, err := n.changelogs(list[:i+1])
		if err != nil {
			return nil, err
		}
		step := Step{Message: "Notes of " + r.Tag, Time: r.At, Tags: []string{r.Tag}, Files: notes}
		if isPatch(r.Tag) {
			step.Branch = "release-" + gate.MinorOf(r.Tag)
		}
		steps = append(steps, step)
	}
	for _, release := range []string{"v1.34", "v1.35", "v1.36"} {
		step, err := Release(table, release, lists(release+".0"))
		if err != nil {
			return nil, err
		}
		out := slices.DeleteFunc(slices.Clone(list), func(r Published) bool {
			// The list is of the day; a release's own notes are in its commit.
			return r.At.After(step.Time) && r.Tag != release+".0"
		})
		notes, err := n.changelogs(out)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step.With(notes))
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.Time.Compare(b.Time) })
	if last := steps[len(steps)-1]; last.Branch != "" { // master gets the notes of a patch, too
		notes, err := n.changelogs(list)
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{Message: "Notes of " + list[len(list)-1].Tag + " on master", Time: last.Time.Add(time.Hour), Branch: defaultBranch, Files: notes})
	}
	return steps, nil
}

// History is a repository and the steps it is made of.
type History struct {
	Repository string // "kubernetes/kubernetes"
	Steps      []Step
}

// Demo is the upstream of `bot demo`: the code with all of [Releases], and the repositories beside it. Each has a step
// before the first of [DemoMoments].
func Demo(table *facts.Table) ([]History, error) {
	code, err := stepsOf(table, Releases())
	if err != nil {
		return nil, fmt.Errorf("make demo upstream: %w", err)
	}
	proposals, err := EnhancementSteps(table, EnhancementOptions{})
	if err != nil {
		return nil, fmt.Errorf("make demo proposals: %w", err)
	}
	data, err := noteDataSteps(table)
	if err != nil {
		return nil, fmt.Errorf("make demo note data: %w", err)
	}
	return []History{
		{"kubernetes/kubernetes", code}, {"kubernetes/enhancements", proposals}, {"kubernetes/sig-release", data},
	}, nil
}
