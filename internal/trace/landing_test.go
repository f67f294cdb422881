package trace_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/trace"
)

const registrations = "pkg/features/kube_features.go"

// merges is a history as upstream's is: every pull request lands by a merge, days or months after its commit was made
// upon what the branch was then.
type merges struct {
	t     *testing.T
	dir   string
	in    bytes.Buffer
	marks int
	day   int // the last landing
	main  []landed
	pulls []pulled
}

type landed struct {
	mark, day int
	gates     map[string][]string // by name, the specs' lines
}

type pulled struct {
	number, mark int
	title        string
	day          int
}

func newMerges(t *testing.T, gates map[string][]string) *merges {
	t.Helper()
	h := &merges{t: t, dir: filepath.Join(t.TempDir(), "kubernetes.git")}
	h.main = []landed{{h.commit(1, "All gates", gates), 1, gates}}
	return h
}

func (h *merges) commit(day int, message string, gates map[string][]string, parents ...int) int {
	h.marks++
	fmt.Fprintf(&h.in, "commit refs/heads/master\nmark :%d\ncommitter c <c@example.com> %d +0000\ndata %d\n%s\n", h.marks, 1700000000+day*86400, len(message), message)
	for i, p := range parents {
		fmt.Fprintf(&h.in, "%s :%d\n", map[bool]string{true: "from", false: "merge"}[i == 0], p)
	}
	var b strings.Builder
	b.WriteString("package features\n\nvar gates = map[featuregate.Feature]featuregate.VersionedSpecs{\n")
	for _, name := range slices.Sorted(maps.Keys(gates)) {
		fmt.Fprintf(&b, "\t%s: {\n\t\t%s\n\t},\n\n", name, strings.Join(gates[name], "\n\t\t"))
	}
	b.WriteString("}\n")
	fmt.Fprintf(&h.in, "M 100644 inline %s\ndata %d\n%s\n", registrations, b.Len(), b.String())
	return h.marks
}

// pull is a pull request whose commit was made on one day and landed on another. The change is given what there was.
func (h *merges) pull(number int, title string, made, lands int, change func(gates map[string][]string)) {
	h.t.Helper()
	h.pullFrom(made, number, title, made, lands, change)
}

// pullFrom is pull of a branch that was begun on an older day than its commit was made.
func (h *merges) pullFrom(begun, number int, title string, made, lands int, change func(gates map[string][]string)) {
	h.t.Helper()
	if lands <= h.day {
		h.t.Fatalf("#%d lands before the one before it", number)
	}
	h.day = lands
	base := h.main[0]
	for _, l := range h.main {
		if l.day <= begun {
			base = l
		}
	}
	changed := func(gates map[string][]string) map[string][]string {
		out := map[string][]string{}
		for k, v := range gates {
			out[k] = slices.Clone(v)
		}
		change(out)
		return out
	}
	tip := h.main[len(h.main)-1]
	leaf := h.commit(made, title, changed(base.gates), base.mark)
	now := changed(tip.gates)
	merge := h.commit(lands, fmt.Sprintf("Merge pull request #%d from someone/branch\n\n%s", number, title), now, tip.mark, leaf)
	h.main = append(h.main, landed{merge, lands, now})
	h.pulls = append(h.pulls, pulled{number, merge, title, lands})
}

// engines are both, and the commits of the branch by day.
func (h *merges) engines() (map[string]trace.Git, func(day int) string) {
	h.t.Helper()
	run := func(stdin []byte, args ...string) string {
		c := exec.Command("git", append([]string{"-C", h.dir}, args...)...)
		c.Stdin = bytes.NewReader(stdin)
		out, err := c.CombinedOutput()
		if err != nil {
			h.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=master", h.dir).CombinedOutput(); err != nil {
		h.t.Fatalf("%v %s", err, out)
	}
	run(h.in.Bytes(), "fast-import", "--quiet", "--force", "--export-marks=marks")
	ids := map[int]string{}
	data, err := os.ReadFile(filepath.Join(h.dir, "marks"))
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var mark int
		var id string
		if _, err := fmt.Sscanf(line, ":%d %s", &mark, &id); err != nil {
			h.t.Fatal(err)
		}
		ids[mark] = id
	}
	run(nil, "update-ref", "refs/heads/master", ids[h.main[len(h.main)-1].mark])
	gh := ghtest.Start(h.t, ghtest.Options{Now: time.Now})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: h.dir})
	gh.AddToken(ghtest.Token{Value: "t", Login: "bot"})
	for _, p := range h.pulls {
		at := time.Unix(int64(1700000000+p.day*86400), 0)
		gh.AddPullRequest("kubernetes/kubernetes", ghtest.PullRequest{Number: p.number, Title: p.title, MergeOID: ids[p.mark], Merged: &at, Created: at})
	}
	client, err := github.New(github.Options{Token: github.NewSecret("t"), APIURL: gh.URL(), GraphQLURL: gh.URL() + "/graphql", RawURL: gh.URL() + "/raw", UserAgent: "test", Now: time.Now})
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]trace.Git{}
	for name, mirrors := range map[string][]repo.Mirror{"api": nil, "mirror": {{Repository: "kubernetes/kubernetes", Path: h.dir}}} {
		set, err := repo.NewSet(repo.SetOptions{Client: client, Mirrors: mirrors, Git: repo.GitOptions{Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.t.TempDir()}}})
		if err != nil {
			h.t.Fatal(err)
		}
		tr, err := set.Tracer("kubernetes/kubernetes")
		if err != nil {
			h.t.Fatal(err)
		}
		out[name] = pipeline.GitHistory{Tracer: tr}
	}
	return out, func(day int) string {
		id := ""
		for _, l := range h.main {
			if l.day <= day {
				id = ids[l.mark]
			}
		}
		return id
	}
}

func specLine(version, def, stage string) string {
	return fmt.Sprintf("{Version: version.MustParse(%q), Default: %s, PreRelease: featuregate.%s},", version, def, stage)
}

func alphaStep() trace.Step {
	return trace.Step{Roles: []trace.Role{trace.Introduced}, Stage: gate.Alpha, Stated: true, Version: "1.30"}
}

func betaStep() trace.Step {
	return trace.Step{Roles: []trace.Role{trace.Promoted, trace.Flipped}, Stage: gate.Beta, Default: true, Stated: true, Version: "1.31"}
}

// told are targets with confidence and remark.
func told(claims []trace.Claim) string {
	var out []string
	for _, c := range claims {
		s := strings.TrimPrefix(c.Target, "kubernetes/kubernetes") + " " + string(c.Confidence)
		if c.Remark != "" {
			s += ", " + strings.ReplaceAll(c.Remark, "kubernetes/kubernetes", "")
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// A branch that is all merges, of commits made on whatever the branch was when they were begun.
func newBusyHistory(t *testing.T) *merges {
	t.Helper()
	alpha := specLine("1.30", "false", "Alpha")
	beta := specLine("1.31", "true", "Beta")
	gates := map[string][]string{}
	for i := range 20 {
		gates[fmt.Sprintf("Bystander%02d", i)] = []string{alpha}
	}
	for _, name := range []string{"GoneWidget", "TwiceGoneWidget", "UndoneWidget", "DemotedWidget"} {
		gates[name] = []string{alpha}
	}
	h := newMerges(t, gates)
	next := 200
	stir := func(begun, lands int) { // somebody else's work, on an old base and of the day before
		n := next
		next++
		h.pullFrom(begun, n, fmt.Sprintf("Stir %d", n), lands-1, lands, func(g map[string][]string) {
			name := fmt.Sprintf("Bystander%02d", n%20)
			g[name] = append([]string{alpha}, "// stirred by "+fmt.Sprint(n))
		})
	}
	for day := 2; day < 12; day++ {
		stir(day-1, day)
	}
	h.pull(1, "Add the late widget", 3, 20, func(g map[string][]string) { g["LateWidget"] = []string{alpha} }) // made long before it landed
	h.pull(2, "Remove the gone widget", 4, 24, func(g map[string][]string) { delete(g, "GoneWidget") })
	// Made on what was there before the two, and before the commits that landed since; it still has the gone widget.
	stir(5, 26)
	h.pull(3, "Remove the widget", 26, 27, func(g map[string][]string) { delete(g, "TwiceGoneWidget") })
	stir(6, 28)
	h.pull(4, `Revert "Remove the widget"`, 28, 29, func(g map[string][]string) { g["TwiceGoneWidget"] = []string{alpha} })
	stir(13, 30)
	h.pull(5, "Promote the undone widget", 29, 31, func(g map[string][]string) { g["UndoneWidget"] = append(g["UndoneWidget"], beta) })
	h.pull(6, "Remove the widget for good", 25, 32, func(g map[string][]string) { delete(g, "TwiceGoneWidget") })
	stir(7, 33)
	h.pull(7, "Revert #5: Promote the undone widget", 32, 34, func(g map[string][]string) { g["UndoneWidget"] = []string{alpha} })
	h.pull(8, "Promote to beta", 33, 35, func(g map[string][]string) { g["DemotedWidget"] = append(g["DemotedWidget"], beta) })
	stir(14, 36)
	h.pull(9, "Promote the undone widget, mended", 30, 37, func(g map[string][]string) { g["UndoneWidget"] = append(g["UndoneWidget"], beta) })
	// A sorting touches every line.
	h.pull(10, "Say more of each gate", 37, 38, func(g map[string][]string) {
		for name, specs := range g {
			for i := range specs {
				if strings.HasPrefix(specs[i], "{") {
					specs[i] = strings.TrimSuffix(strings.TrimSuffix(specs[i], " // see the page"), " ") + " // see the page"
				}
			}
			g[name] = specs
		}
	})
	stir(15, 39)
	for i := range 6 { // removed, brought back and removed in three days, and much work in between
		name, day := fmt.Sprintf("Flicker%d", i), 40+14*i
		h.pull(20+10*i, "Add "+name, day-1, day, func(g map[string][]string) { g[name] = []string{alpha} })
		for k := range 5 + i {
			stir(day-3, day+1+k)
		}
		h.pull(21+10*i, "Drop "+name, day+i+5, day+i+6, func(g map[string][]string) { delete(g, name) })
		h.pull(22+10*i, "Revert \"Drop "+name+"\"", day+i+6, day+i+7, func(g map[string][]string) { g[name] = []string{alpha} })
		h.pull(23+10*i, "Drop "+name+" again", day+i+7, day+i+8, func(g map[string][]string) { delete(g, name) })
	}
	return h
}

func TestHistoryOfMerges(t *testing.T) {
	t.Parallel()
	h := newBusyHistory(t)
	engines, at := h.engines()
	removed := trace.Step{Roles: []trace.Role{trace.Removed}, Version: "1.31"}
	answers := map[string]map[string]string{}
	for name, git := range engines {
		got := map[string]string{}
		answers[name] = got
		made := func(what, constant string, step trace.Step, day int, git trace.Git) {
			t.Helper()
			claims, err := trace.NewFiles(git, at(day), []string{registrations}, kubernetes).Made(t.Context(), []trace.Wanted{{Const: constant, Step: step}})
			if err != nil {
				t.Fatal(err)
			}
			got[what] = told(claims[0])
		}
		gone := func(what, constant string, lost *trace.Step, from, day int) {
			t.Helper()
			step := removed
			if lost != nil {
				step = trace.Step{Roles: []trace.Role{trace.Demoted}, Stage: gate.Alpha, Stated: true, Version: "1.30"}
			}
			base := ""
			if from > 0 {
				base = at(from)
			}
			claims, err := trace.NewFiles(git, at(day), []string{registrations}, kubernetes).Removed(t.Context(), base, []trace.Wanted{{Const: constant, Step: step, Lost: lost}})
			if err != nil {
				t.Fatal(err)
			}
			got[what] = told(claims[0])
		}
		beta := betaStep()
		made("made long before it landed", "LateWidget", alphaStep(), 39, git)
		made("promoted, undone, and promoted again", "UndoneWidget", betaStep(), 39, git)
		made("the stage before, brought back by a revert", "UndoneWidget", alphaStep(), 36, git)
		made("brought back by a revert", "TwiceGoneWidget", alphaStep(), 30, git)
		made("before it was undone", "UndoneWidget", betaStep(), 31, git)
		made("without blame: long before it landed", "LateWidget", alphaStep(), 37, noBlame{git})
		made("without blame: promoted again", "UndoneWidget", betaStep(), 37, noBlame{git})
		gone("removed, and an old branch landed behind", "GoneWidget", nil, 11, 39)
		gone("removed, from nowhere", "GoneWidget", nil, 0, 39)
		gone("removed, brought back, removed again", "TwiceGoneWidget", nil, 11, 39)
		gone("removed once so far", "TwiceGoneWidget", nil, 11, 28)
		gone("demoted by a revert", "UndoneWidget", &beta, 31, 36)
		for i := range 6 {
			gone(fmt.Sprintf("flickering %d", i), fmt.Sprintf("Flicker%d", i), nil, 40+14*i, 140)
		}
		gone("still there", "UndoneWidget", nil, 11, 39)
	}
	want := map[string]string{
		"made long before it landed":                 "#1 certain",
		"promoted, undone, and promoted again":       "#9 certain",
		"the stage before, brought back by a revert": "",
		"brought back by a revert":                   "",
		"before it was undone":                       "#5 certain",
		"without blame: long before it landed":       "#1 likely",
		"without blame: promoted again":              "#9 likely",
		"removed, and an old branch landed behind":   "#2 certain",
		"removed, from nowhere":                      "#2 certain",
		"removed, brought back, removed again":       "#6 certain",
		"removed once so far":                        "#3 certain",
		"demoted by a revert":                        "#7 certain, it reverts #5",
		"still there":                                "",
	}
	for i := range 6 {
		want[fmt.Sprintf("flickering %d", i)] = fmt.Sprintf("#%d certain", 23+10*i)
	}
	for name, got := range answers {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
