package insight_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"text/tabwriter"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/insight"
)

// tally counts forecasts by what became of them.
type tally struct {
	right int
	early int // the gate stayed longer than forecast, and went
	still int // it should have gone, and is there in the last release
	late  int // it went before
	open  int // forecast for a release that the table does not have
}

func (t tally) judged() int { return t.right + t.early + t.still + t.late }

func (t tally) rate() int {
	if t.judged() == 0 {
		return 0
	}
	return (100*t.right + t.judged()/2) / t.judged()
}

func (t *tally) add(o tally) {
	t.right, t.early, t.still, t.late, t.open = t.right+o.right, t.early+o.early, t.still+o.still, t.late+o.late, t.open+o.open
}

// backTest makes, at each release of the table, a history that ends there, asks it for a forecast of each
// gate, and compares that with what the whole table knows. Only gates that a component registers which is
// covered in all releases take part, so that a gap in the table is never read as a removal.
func backTest(t *testing.T) (byRelease map[string]tally, byConfidence, since132 map[string]tally, told, untold int) {
	t.Helper()
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	releases := table.Releases()
	always := func(c string) bool {
		return !slices.ContainsFunc(releases, func(r string) bool { return !table.Covered(c, r) })
	}
	has := map[string]map[string]bool{}
	for _, r := range releases {
		has[r] = map[string]bool{}
		for _, row := range table.Rows(r) {
			if slices.ContainsFunc(row.RegisteredIn, always) {
				has[r][row.Gate] = true
			}
		}
	}
	last := insight.Minor(releases[len(releases)-1])
	byRelease, byConfidence, since132 = map[string]tally{}, map[string]tally{}, map[string]tally{}
	full := insight.FromTable(table)
	for i, r := range releases[:len(releases)-1] {
		past := full.Until(r)
		for name := range has[r] {
			gone := ""
			for _, later := range releases[i+1:] {
				if !has[later][name] {
					gone = insight.Minor(later)
					break
				}
			}
			removal, ok := past.Removal("", name, r)
			if next := gone != "" && gone == insight.Minor(releases[i+1]); next && ok && removal.Release == gone {
				told++
			} else if next {
				untold++
			}
			if !ok {
				continue
			}
			var one tally
			switch order := gate.CompareVersions(gone, removal.Release); {
			case gone == "" && gate.CompareVersions(removal.Release, last) > 0:
				one.open++
			case gone == "":
				one.still++
			case order == 0:
				one.right++
			case order > 0:
				one.early++
			default:
				one.late++
			}
			sum := func(m map[string]tally, key string) {
				x := m[key]
				x.add(one)
				m[key] = x
			}
			sum(byRelease, r)
			sum(byConfidence, removal.Confidence)
			if gate.CompareVersions(r, "1.32") >= 0 {
				sum(since132, removal.Confidence)
			}
		}
	}
	return byRelease, byConfidence, since132, told, untold
}

// TestBackTest measures the forecast on the embedded history, and holds it to what it was when this was
// written: a change of the rules may not make it worse.
func TestBackTest(t *testing.T) {
	byRelease, byConfidence, since132, told, untold := backTest(t)
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, x tally) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d%%\t%d\t\n", name, x.right, x.early, x.still, x.late, x.rate(), x.open)
	}
	fmt.Fprintf(w, "made at\tright\tearly\tstill there\tlate\trate\topen\t\n")
	var all tally
	for _, r := range slices.SortedFunc(keys(byRelease), gate.CompareVersions) {
		row(r, byRelease[r])
		all.add(byRelease[r])
	}
	row("all", all)
	for _, c := range []string{insight.Likely, insight.Possible} {
		row(c, byConfidence[c])
	}
	for _, c := range []string{insight.Likely, insight.Possible} {
		row(c+" since 1.32", since132[c])
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "removals that the release before foretold: %d of %d\n", told, told+untold)
	t.Log("\n" + b.String())
	golden.Check(t, "testdata/backtest.golden", b.Bytes())

	floor := func(name string, x tally, right, rate, late int) {
		if x.right < right || x.rate() < rate || x.late > late {
			t.Errorf("%s: %d right, %d %%, %d late; it was %d, %d %% and %d", name, x.right, x.rate(), x.late, right, rate, late)
		}
	}
	floor("all", all, 317, 66, 1)
	floor("likely", byConfidence[insight.Likely], 218, 80, 0)
	floor("possible", byConfidence[insight.Possible], 99, 47, 1)
	floor("likely since 1.32", since132[insight.Likely], 27, 56, 0)
	floor("possible since 1.32", since132[insight.Possible], 42, 43, 1)
	if told < 171 {
		t.Errorf("%d removals were foretold, it was 171", told)
	}
	if n := byConfidence[insight.Certain].judged(); n > 0 {
		t.Errorf("%d forecasts are certain: the past looks into the future", n)
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
