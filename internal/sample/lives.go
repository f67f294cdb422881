package sample

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// Merged is a pull request of a sample repository.
type Merged struct {
	Number      int
	Title, Body string
	Commit      string // by which it came
	At          time.Time
}

// firstReleases are the days of the .0 releases, from the oldest that a traced pull request is of.
func firstReleases() map[string]time.Time {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }
	out := map[string]time.Time{
		"v1.10": day(2018, time.March, 26), "v1.11": day(2018, time.June, 27), "v1.18": day(2020, time.March, 25), "v1.19": day(2020, time.August, 26),
		"v1.20": day(2020, time.December, 8), "v1.21": day(2021, time.April, 8), "v1.22": day(2021, time.August, 4), "v1.23": day(2021, time.December, 7),
		"v1.24": day(2022, time.May, 3), "v1.25": day(2022, time.August, 23), "v1.26": day(2022, time.December, 9), "v1.27": day(2023, time.April, 11),
		"v1.28": day(2023, time.August, 15), "v1.29": day(2023, time.December, 13), "v1.30": day(2024, time.April, 17),
	}
	for _, r := range []string{"v1.31", "v1.32", "v1.33", "v1.34", "v1.35", "v1.36"} {
		if at, err := released(r); err == nil {
			out[r] = at
		}
	}
	return out
}

// lives writes the history of the gates: each traced pull request is a commit of its own, the rest of a release comes
// in a few.
type lives struct {
	*notebook
	options map[string]string
	rows    map[string]facts.Row
	grammar string
	at      time.Time
	steps   []Step
	pulls   []Merged       // by step; Number 0 for none
	fills   []func() error // each writes the files of a step
}

// Lives makes a kubernetes/kubernetes at dir with the history that `bot demo explain` looks into: from the first release of
// which the facts have a pull request to v1.36, tagged as upstream is. It gives the pull requests that made it.
// Titles and texts are ours; numbers above 900000 are made up, as [Changelogs] has them.
func Lives(ctx context.Context, dir string) ([]Merged, error) {
	table, err := facts.Load()
	if err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	l := &lives{notebook: n, rows: map[string]facts.Row{}, grammar: table.Releases()[0]}
	if l.options, err = Descriptions(); err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	if err := l.write(); err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, fill := range l.fills {
		g.Go(fill)
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	if err := Repository(ctx, dir, l.steps); err != nil {
		return nil, err
	}
	out, err := command(ctx, dir, "rev-list", "--reverse", defaultBranch).Output()
	if err != nil {
		return nil, fmt.Errorf("make lives: %w", err)
	}
	ids := strings.Fields(string(out))
	if len(ids) != len(l.pulls) {
		return nil, fmt.Errorf("make lives: %d commits, want %d", len(ids), len(l.pulls))
	}
	var pulls []Merged
	for i, p := range l.pulls {
		if p.Number > 0 {
			p.Commit = ids[i]
			pulls = append(pulls, p)
		}
	}
	return pulls, nil
}

func (l *lives) write() error {
	days := firstReleases()
	l.at = days["v1.10"].AddDate(-1, 0, 0)
	l.put(Step{Message: "Begin", Files: map[string][]byte{"README.md": []byte("# A sample of Kubernetes\n")}}, Merged{})
	first := l.releases[0]
	early := map[string][]event{} // before the table
	for e := range l.notebook.pulls {
		if gate.CompareVersions(e.release, first) < 0 {
			early[e.release] = append(early[e.release], e)
		}
	}
	last := l.releases[len(l.releases)-1]
	for _, release := range slices.SortedFunc(maps.Keys(days), gate.CompareVersions) {
		events := early[release]
		switch {
		case gate.CompareVersions(release, first) < 0:
			slices.SortFunc(events, func(a, b event) int { return strings.Compare(a.gate, b.gate) })
			l.at = days[release].AddDate(0, 0, -2*len(events)-1)
			for _, e := range events {
				row, ok := l.book.rows[first][e.gate]
				if !ok {
					continue
				}
				row.Specs = []gate.Spec{{Stage: e.stage, Default: e.stage != gate.Alpha}}
				l.rows[e.gate] = row
				l.commit(e, 0)
			}
		case release == first:
			l.at = days[release].AddDate(0, 0, -10)
			l.rows = maps.Clone(l.book.rows[first])
			l.commit(event{release: release}, 0)
		default:
			l.release(release, days[release])
		}
		l.at = days[release].Add(-24 * time.Hour)
		step := Step{Message: "Release " + release, Files: map[string][]byte{"VERSION": []byte(release + "\n")}}
		if release == last { // HEAD, with the notes that are out
			notes, err := l.changelogs(DemoReleases())
			if err != nil {
				return err
			}
			step = step.With(notes)
		} else {
			step.Tags = []string{release + ".0"}
		}
		l.put(step, Merged{})
	}
	return nil
}

// release writes what a release changed: first what takes another form, then each traced pull request, then the rest.
func (l *lives) release(release string, day time.Time) {
	after := l.book.rows[release]
	version := strings.TrimPrefix(release, "v")
	var traced, rest []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		now, before := after[name], l.rows[name]
		if now.Specs[0].Since != "" && len(before.Specs) > 0 && before.Specs[0].Since == "" {
			specs := slices.DeleteFunc(slices.Clone(now.Specs), func(s gate.Spec) bool { return gate.CompareVersions(s.Since, version) >= 0 })
			if len(specs) > 0 {
				before.Specs, before.RegisteredIn, before.Component = specs, now.RegisteredIn, now.Component
				l.rows[name] = before
			}
		}
		switch {
		case slices.Equal(before.Specs, now.Specs):
			l.rows[name] = now
		case len(l.notebook.pulls[event{name, now.Stage, release}]) > 0 && before.Stage != now.Stage:
			traced = append(traced, name)
		default:
			rest = append(rest, name)
		}
	}
	for name := range l.rows {
		if _, still := after[name]; !still {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	var changed []string
	var gone []string
	for _, name := range rest {
		if _, still := after[name]; still {
			changed = append(changed, name)
		} else {
			gone = append(gone, name)
		}
	}
	parts := append(slices.Collect(slices.Chunk(gone, 10)), changed)
	l.at = day.AddDate(0, 0, -2*(len(traced)+len(parts)+2))
	l.grammar = release
	l.commit(event{release: release}, 800)
	for _, name := range traced {
		l.rows[name] = after[name]
		l.commit(event{name, after[name].Stage, release}, 0)
	}
	for i, part := range parts {
		for _, name := range part {
			delete(l.rows, name)
			if now, still := after[name]; still {
				l.rows[name] = now
			}
		}
		l.commit(event{release: release}, 801+i)
	}
}

// commit writes the rows as they are: for an event by its pull request, else by a made-up one (0: by none, as old commits
// came).
func (l *lives) commit(e event, made int) {
	message := "The feature gates of " + e.release
	p := Merged{Title: "Tidy up the feature gates for " + e.release, Number: madeUp(e.release, made)}
	if made == 0 && e.gate == "" {
		p = Merged{}
	}
	if e.gate != "" {
		verb := "Promote"
		stage := map[gate.Stage]string{gate.Beta: "to beta", gate.GA: "to GA", gate.Deprecated: "to deprecated"}[e.stage]
		if e.stage == gate.Alpha {
			verb, stage = "Add", "as an alpha feature gate"
		}
		p = Merged{Title: fmt.Sprintf("%s %s %s", verb, e.gate, stage), Number: l.notebook.pulls[e][0]}
		p.Body = "#### What this PR does\n\nThis text stands in for the real one.\n"
		if e.stage == gate.Alpha {
			p.Body += fmt.Sprintf("\nFixes #%d\n", p.Number+madeUpPulls)
		}
		for _, kep := range slices.Sorted(maps.Keys(l.keps)) {
			if slices.Contains(l.keps[kep], e.gate) {
				p.Body += fmt.Sprintf("\n- [KEP]: https://github.com/kubernetes/enhancements/issues/%d\n", kep)
			}
		}
	}
	if p.Number > 0 {
		message = fmt.Sprintf("Merge pull request #%d from sample/branch\n\n%s", p.Number, p.Title)
	}
	step := Step{Message: message, DeleteAll: true}
	l.put(step, p)
	i, grammar, rows := len(l.steps)-1, l.grammar, slices.Collect(maps.Values(l.rows))
	l.fills = append(l.fills, func() (err error) {
		l.steps[i].Files, err = Files(grammar, rows, Options{Descriptions: l.options})
		return err
	})
}

func (l *lives) put(step Step, p Merged) {
	l.at = l.at.Add(36 * time.Hour)
	step.Time, p.At = l.at, l.at
	l.steps, l.pulls = append(l.steps, step), append(l.pulls, p)
}

// Pages are pages of the documentation, for the gates of which a pull request is traced: path to content.
func Pages(folder string) (map[string][]byte, error) {
	table, err := facts.Load()
	if err != nil {
		return nil, err
	}
	b, err := newBook(table)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for e := range b.pulls {
		out[folder+e.gate+".md"] = fmt.Appendf(nil, "---\ntitle: %s\ncontent_type: feature_gate\n---\nThis text stands in for the real one.\n", e.gate)
	}
	return out, nil
}
