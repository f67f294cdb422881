package trace_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/trace"
)

// line is a history without merges of files whose lines are all different: commit n is pull request n+1.
type line []map[string]string

func (l line) sha(n int) string { return fmt.Sprintf("%040x", n+1) }

func (l line) at(sha string) int {
	for n := range l {
		if l.sha(n) == sha {
			return n
		}
	}
	panic("no commit " + sha)
}

func (l line) commit(n int) trace.Commit {
	return trace.Commit{SHA: l.sha(n), PRs: []int{n + 1}, Title: fmt.Sprintf("Change %d", n+1)}
}

func (l line) Blame(_ context.Context, sha, path string) ([]trace.Range, error) {
	var out []trace.Range
	i := 0
	for text := range strings.Lines(l[l.at(sha)][path]) {
		i++
		n := l.at(sha)
		for n > 0 && slices.Contains(strings.SplitAfter(l[n-1][path], "\n"), text) {
			n--
		}
		out = append(out, trace.Range{From: i, To: i, Commit: l.commit(n)})
	}
	return out, nil
}

func (l line) PathHistory(_ context.Context, sha, path string, most int) ([]trace.Commit, error) {
	var out []trace.Commit
	for n := l.at(sha); n >= 0 && len(out) < most; n-- {
		if n == 0 && l[n][path] != "" || n > 0 && l[n][path] != l[n-1][path] {
			out = append(out, l.commit(n))
		}
	}
	return out, nil
}

func (l line) FilesAt(_ context.Context, shas []string, path string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, sha := range shas {
		if text := l[l.at(sha)][path]; text != "" {
			out[sha] = []byte(text)
		}
	}
	return out, nil
}

func (l line) FilesBefore(_ context.Context, shas []string, path string) (map[string]trace.Version, error) {
	out := map[string]trace.Version{}
	for _, sha := range shas {
		if n := l.at(sha); n > 0 {
			v := trace.Version{SHA: l.sha(n - 1)}
			if text := l[n-1][path]; text != "" {
				v.Data = []byte(text)
			}
			out[sha] = v
		}
	}
	return out, nil
}

// then adds a commit that changes files.
func (l line) then(files map[string]map[string][]string) line {
	now := map[string]string{}
	if len(l) > 0 {
		now = maps.Clone(l[len(l)-1])
	}
	for path, gates := range files {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(gates)) {
			fmt.Fprintf(&b, "\t%s: { // %s\n", name, path)
			for _, spec := range gates[name] {
				fmt.Fprintf(&b, "\t\t%s // %s of %s\n", spec, name, path)
			}
			fmt.Fprintf(&b, "\t},\n")
		}
		now[path] = b.String()
	}
	return append(l, now)
}

const otherRegistrations = "pkg/features/versioned_kube_features.go"

// What moved a gate, or wrote its line in another form, did not make its stage; nobody is named for sure who did not do it.
func TestWhatOnlyMovedAGate(t *testing.T) {
	t.Parallel()
	alpha, beta := specLine("1.30", "false", "Alpha"), specLine("1.31", "true", "Beta")
	type files = map[string]map[string][]string
	type gates = map[string][]string
	rest := gates{"Bystander": {alpha}}
	with := func(specs ...string) gates { return gates{"Bystander": {alpha}, "FastWidget": specs} }
	paths := []string{otherRegistrations, registrations}
	made := func(l line, constant string, step trace.Step) string {
		t.Helper()
		got, err := trace.NewFiles(l, l.sha(len(l)-1), paths, kubernetes).Made(t.Context(), []trace.Wanted{{Const: constant, Step: step}})
		if err != nil {
			t.Fatal(err)
		}
		return told(got[0])
	}
	gone := func(l line) string {
		t.Helper()
		step := trace.Step{Roles: []trace.Role{trace.Removed}, Version: "1.31"}
		got, err := trace.NewFiles(l, l.sha(len(l)-1), []string{registrations, otherRegistrations}, kubernetes).
			Removed(t.Context(), l.sha(0), []trace.Wanted{{Const: "FastWidget", Step: step}})
		if err != nil {
			t.Fatal(err)
		}
		return told(got[0])
	}
	start := line{}.then(files{registrations: with(alpha), otherRegistrations: rest}) // #1
	got := map[string]string{
		"promoted, then moved": made(start.then(files{registrations: with(alpha, beta)}).
			then(files{registrations: rest, otherRegistrations: with(alpha, beta)}), "FastWidget", betaStep()),
		"added, then moved": made(line{}.then(files{registrations: rest, otherRegistrations: rest}).then(files{registrations: with(alpha)}).
			then(files{registrations: rest, otherRegistrations: with(alpha)}), "FastWidget", alphaStep()),
		"moved and promoted at once": made(start.then(files{registrations: rest, otherRegistrations: with(alpha, beta)}), "FastWidget", betaStep()),
		"moved, then removed":        gone(start.then(files{registrations: rest, otherRegistrations: with(alpha)}).then(files{otherRegistrations: rest})),
		"removed":                    gone(start.then(files{registrations: rest})),
		"its stage before, by what wrote the history": made(line{}.then(files{otherRegistrations: gates{"Bystander": {alpha}, "FastWidget": {"{Default: true, PreRelease: featuregate.Beta},"}}}).
			then(files{otherRegistrations: with(alpha, beta)}), "FastWidget", alphaStep()),
		"promoted, then its constant renamed": made(start.then(files{registrations: with(alpha, beta)}).
			then(files{registrations: gates{"Bystander": {alpha}, "FasterWidget": {alpha, beta}}}), "FasterWidget", betaStep()),
	}
	want := map[string]string{
		"promoted, then moved":                        "#2 certain",
		"added, then moved":                           "#2 certain",
		"moved and promoted at once":                  "#2 certain",
		"moved, then removed":                         "#3 certain",
		"removed":                                     "#2 certain",
		"its stage before, by what wrote the history": "#2 possible",
		"promoted, then its constant renamed":         "#3 possible",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
