package trace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/sample"
	"github.com/upstream-digest/bot/internal/trace"
)

// goldHistory is the git history of a gold world: a commit for each row, and all that makes blame hard.
type goldHistory struct {
	t       testing.TB
	w       *goldWorld
	table   *facts.Table
	steps   []sample.Step
	made    []int // the pull request of each step, 0 for none
	at      time.Time
	rows    map[string]facts.Row
	grammar string
	removed map[string]int // gate to the pull request that took it out

	dir  string
	tags map[string]string // "1.36" to its commit
	head string
	pull map[string]int // commit to pull request

	requests func() int // that the stand-in has answered
}

// commit writes the rows as they are.
func (h *goldHistory) commit(pr int, title string, change func(map[string][]byte), tags ...string) {
	h.t.Helper()
	files, err := sample.Files(h.grammar, slices.Collect(maps.Values(h.rows)), sample.Options{})
	if err != nil {
		h.t.Fatalf("%s: %v", title, err)
	}
	if change != nil {
		change(files)
	}
	message := title
	switch {
	case pr > 0 && pr%3 == 0:
		message = fmt.Sprintf("Merge pull request #%d from sample/branch\n\n%s", pr, title)
	case pr > 0:
		message = fmt.Sprintf("%s (#%d)", title, pr)
	}
	h.at = h.at.Add(6 * time.Hour)
	h.steps = append(h.steps, sample.Step{Message: message, Time: h.at, DeleteAll: true, Files: files, Tags: tags})
	h.made = append(h.made, pr)
}

// became is a row as a release has it; gates that v1.37 changed come from the gold rows.
func (h *goldHistory) became(release string) map[string]facts.Row {
	out := map[string]facts.Row{}
	from := release
	if release == "v1.37" {
		from = "v1.36"
	}
	for _, r := range h.table.Rows(from) {
		out[r.Gate] = r
	}
	for _, g := range h.w.rows {
		if r, ok := out[g.gate]; ok && release == "v1.37" && g.version == "1.37" {
			r.Specs = append(slices.Clone(r.Specs), gate.Spec{Since: "1.37", Stage: g.stage, Default: true, Locked: g.stage == gate.GA})
			out[g.gate] = r
		}
	}
	return out
}

func newGoldHistory(tb testing.TB, w *goldWorld) *goldHistory {
	tb.Helper()
	table, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	h := &goldHistory{t: tb, w: w, table: table, at: time.Date(2020, 12, 1, 0, 0, 0, 0, time.UTC), removed: map[string]int{}, tags: map[string]string{}, pull: map[string]int{}}
	h.rows, h.grammar = h.became("v1.20"), "v1.20"
	h.commit(0, "All gates", nil, "v1.20.0")
	for _, release := range append(table.Releases()[1:], "v1.37") {
		h.release(release)
	}
	h.dir = filepath.Join(tb.TempDir(), "kubernetes.git")
	if err := sample.Repository(tb.Context(), h.dir, h.steps); err != nil {
		tb.Fatal(err)
	}
	ids := strings.Fields(h.git("rev-list", "--reverse", "master"))
	for i, id := range ids {
		h.pull[id] = h.made[i]
		for _, tag := range h.steps[i].Tags {
			h.tags[gate.MinorOf(tag)] = id
		}
		h.head = id
	}
	return h
}

func (h *goldHistory) git(args ...string) string {
	h.t.Helper()
	var errs bytes.Buffer
	c := exec.Command("git", append([]string{"-C", h.dir}, args...)...)
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		h.t.Fatalf("git %v: %v %s", args, err, errs.String())
	}
	return string(out)
}

// release makes the commits of one release.
func (h *goldHistory) release(release string) {
	version := strings.TrimPrefix(release, "v")
	after := h.became(release)
	// The conversion: what has versions now gets them, and the grammar is the new one's.
	for name, r := range h.rows {
		now, still := after[name]
		if !still || now.Specs[0].Since == "" || r.Specs[0].Since != "" {
			continue
		}
		var specs []gate.Spec
		for _, s := range now.Specs {
			if gate.CompareVersions(s.Since, version) < 0 {
				specs = append(specs, s)
			}
		}
		if len(specs) > 0 {
			r.Specs, r.RegisteredIn, r.Component = specs, now.RegisteredIn, now.Component
			h.rows[name] = r
		}
	}
	if release != "v1.37" {
		h.grammar = release
	}
	h.commit(other("convert", release), "Convert the registrations", nil)
	if release == "v1.27" || release == "v1.35" { // sorted otherwise, and back
		h.commit(other("shuffle", release), "Group the rows", func(files map[string][]byte) {
			for path, src := range files {
				if strings.Contains(path, "features") {
					files[path] = shuffled(src)
				}
			}
		})
		h.commit(other("sort", release), "Sort the rows", nil)
	}
	gold := map[string]goldRow{}
	for _, r := range h.w.rows {
		if r.version == version {
			gold[r.gate] = r
		}
	}
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		before, had := h.rows[name]
		now := after[name]
		if had && cmp.Equal(before.Specs, now.Specs) && before.RemoveIn == now.RemoveIn {
			h.rows[name] = now
			continue
		}
		if r, ok := gold[name]; ok {
			if reverted(r) && had {
				h.rows[name] = now
				h.commit(other("undone", r.gate, string(r.stage)), "Promote "+name, nil)
				h.rows[name] = before
				h.commit(other("revert", r.gate, string(r.stage)), `Revert "Promote `+name+`"`, nil)
			}
			h.rows[name] = now
			h.commit(r.pr(0), "Bring "+name+" on", nil)
			if dice(2, "remark", name, version) == 0 { // the line is written once more, for a comment
				commented := now
				commented.RemoveIn = "1.90"
				h.rows[name] = commented
				h.commit(other("remark", name, version), "Say when "+name+" goes", nil)
			}
			continue
		}
		rest = append(rest, name)
	}
	for name := range h.rows {
		if _, still := after[name]; !still {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	n := 0
	for part := range slices.Chunk(rest, 8) { // several gates in one pull request
		n++
		pr := other("batch", release, strconv.Itoa(n))
		for _, name := range part {
			if now, still := after[name]; still {
				h.rows[name] = now
				continue
			}
			delete(h.rows, name)
			h.removed[name] = pr
		}
		h.commit(pr, "Several gates", nil)
	}
	var tags []string
	if release != "v1.37" {
		tags = []string{release + ".0"}
	}
	h.commit(0, "Release "+release, func(files map[string][]byte) { files["VERSION"] = []byte(release) }, tags...)
}

// shuffled turns the blocks of a file's last map around.
func shuffled(src []byte) []byte {
	start := bytes.LastIndex(src, []byte("{\n\t"))
	blocks := strings.Split(string(src[start+2:]), "\n\n")
	if len(blocks) < 6 {
		return src
	}
	slices.Reverse(blocks[1 : len(blocks)-1])
	return append(slices.Clone(src[:start+2]), strings.Join(blocks, "\n\n")...)
}

// engines are a mirror and the stand-in's API, over the same history.
func (h *goldHistory) engines() map[string]pipeline.GitHistory {
	h.t.Helper()
	gh := ghtest.Start(h.t, ghtest.Options{Now: time.Now})
	gh.AddRepository(ghtest.Repository{Name: "kubernetes/kubernetes", GitDir: h.dir})
	gh.AddToken(ghtest.Token{Value: "t", Login: "bot"})
	commits := map[int][]string{}
	for id, n := range h.pull {
		commits[n] = append(commits[n], id)
	}
	delete(commits, 0)
	for n, ids := range commits {
		p := h.w.pulls[n]
		merged := h.at
		gh.AddPullRequest("kubernetes/kubernetes", ghtest.PullRequest{Number: n, Title: p.Title, Body: p.Body, MergeOID: ids[0], Commits: ids, Merged: &merged})
	}
	client, err := github.New(github.Options{Token: github.NewSecret("t"), APIURL: gh.URL(), GraphQLURL: gh.URL() + "/graphql", RawURL: gh.URL() + "/raw", UserAgent: "test", Now: time.Now})
	if err != nil {
		h.t.Fatal(err)
	}
	h.requests = func() int { return gh.Count().API() }
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.t.TempDir()}
	out := map[string]pipeline.GitHistory{}
	for name, mirrors := range map[string][]repo.Mirror{"api": nil, "mirror": {{Repository: "kubernetes/kubernetes", Path: h.dir}}} {
		set, err := repo.NewSet(repo.SetOptions{Client: client, Mirrors: mirrors, Git: repo.GitOptions{Env: env}})
		if err != nil {
			h.t.Fatal(err)
		}
		tr, err := set.Tracer("kubernetes/kubernetes")
		if err != nil {
			h.t.Fatal(err)
		}
		out[name] = pipeline.GitHistory{Tracer: tr}
	}
	return out
}

// trace makes the claims of git's history for all steps of the gates of the gold rows, each at the release that made it.
func (h *goldHistory) trace(git trace.Git) map[string][]trace.Claim {
	h.t.Helper()
	type asked struct {
		gates  []string
		wanted []trace.Wanted
	}
	out := map[string][]trace.Claim{}
	by := map[[3]string]*asked{} // commit, paths, and for those removed the release before
	seen := map[string]bool{}
	for _, r := range h.w.rows {
		if seen[r.gate] {
			continue
		}
		seen[r.gate] = true
		s := h.w.subject(r.gate)
		row, ok := h.latest(r.gate)
		if !ok {
			h.t.Fatalf("%s is in no release", r.gate)
		}
		paths := trace.RegistrationFiles(append([]string{row.Component}, row.RegisteredIn...)...)
		for _, st := range s.Steps {
			if st.Version == "" || gate.CompareVersions(st.Version, "1.20") <= 0 {
				continue
			}
			sha := h.tags[st.Version]
			if sha == "" {
				sha = h.head
			}
			how := ""
			if st.Has(trace.Removed) {
				how = h.tags[before(st.Version)]
			}
			key := [3]string{sha, strings.Join(paths, " "), how}
			if by[key] == nil {
				by[key] = &asked{}
			}
			by[key].gates = append(by[key].gates, r.gate)
			by[key].wanted = append(by[key].wanted, trace.Wanted{Const: row.Const, Step: st})
		}
	}
	for key, a := range by {
		var got map[int][]trace.Claim
		var err error
		if key[2] != "" {
			got, err = trace.NewFiles(git, key[0], strings.Fields(key[1]), kubernetes).Removed(h.t.Context(), key[2], a.wanted)
		} else {
			got, err = trace.NewFiles(git, key[0], strings.Fields(key[1]), kubernetes).Made(h.t.Context(), a.wanted)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		for i, claims := range got {
			out[a.gates[i]] = append(out[a.gates[i]], claims...)
		}
	}
	return out
}

// before is the minor before one.
func before(version string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(version, "1."))
	return fmt.Sprintf("1.%d", n-1)
}

func (h *goldHistory) latest(name string) (facts.Row, bool) {
	if r, ok := h.rows[name]; ok {
		return r, true
	}
	for _, release := range slices.Backward(h.table.Releases()) {
		for _, r := range h.table.Rows(release) {
			if r.Gate == name {
				return r, true
			}
		}
	}
	return facts.Row{}, false
}

// knowHead lets the world know what HEAD has beyond the embedded table.
func (h *goldHistory) knowHead() {
	var gates []gate.Gate
	for _, r := range h.rows {
		g := gate.Gate{Name: r.Gate, Const: r.Const, Component: r.Component, Specs: r.Specs}
		for _, c := range r.RegisteredIn {
			g.Registered = append(g.Registered, gate.Registration{Component: c})
		}
		gates = append(gates, g)
	}
	h.w.history = h.w.history.With("1.37", "head", nil, gates)
}

// All rules together, by both engines: the floor that issue 6 sets.
func TestGold(t *testing.T) {
	t.Parallel()
	w := newGoldWorld(t)
	h := newGoldHistory(t, w)
	h.knowHead()
	lives := map[string]map[string]trace.Life{}
	engines := h.engines()
	for name, git := range engines {
		found := h.trace(git)
		all := map[string]trace.Life{}
		s := measure(w, func(name string) trace.Life {
			l := w.explain(name, true, func(trace.Subject) []trace.Claim { return found[name] })
			all[name] = l
			return l
		})
		lives[name] = all
		t.Logf("%s: %s", name, s)
		floor := func(what string, n, of int, least float64) {
			if got := ratio(n, of); got < least {
				t.Errorf("%s: %s %.3f, want %.2f", name, what, got, least)
			}
		}
		floor("precision of proposals", s.kepRight, s.kepRight+s.kepWrong, 0.98)
		floor("recall of proposals", s.kepRight, s.kepRight+s.kepMiss, 0.95)
		floor("the stage's pull request first", s.first, s.rows, 0.85)
		floor("the stage's pull request within three", s.three, s.rows, 0.95)
		if n := s.wrongCertain(); n > 0 {
			t.Errorf("%s: %d certain links are wrong", name, n)
		}
		for name, l := range all { // what was removed, and by whom, is known here of all
			for _, st := range l.Stages {
				want := fmt.Sprintf("kubernetes/kubernetes#%d", h.removed[name])
				if st.Has(trace.Removed) && (len(st.PRs) != 1 || st.PRs[0].Target != want) {
					t.Errorf("%s was removed by %v, want %s", name, st.PRs, want)
				}
			}
		}
	}
	if d := cmp.Diff(lives["mirror"], lives["api"]); d != "" {
		t.Errorf("the engines differ (-mirror +api):\n%s", d)
	}
	t.Run("without blame", func(t *testing.T) { h.withoutBlame(t, engines["mirror"]) })
	t.Run("cost", func(t *testing.T) { h.cost(t, engines["api"]) })
}

// noBlame is GitHub on a bad day: blame is too much for it.
type noBlame struct{ trace.Git }

func (noBlame) Blame(context.Context, string, string) ([]trace.Range, error) {
	return nil, errors.New("502 Bad Gateway")
}

// Without blame the file's history is halved: the links are the right ones, and likely.
func (h *goldHistory) withoutBlame(t *testing.T, git trace.Git) {
	t.Helper()
	for version, want := range map[string]int{"1.26": 0, "1.36": 0} {
		var wanted []trace.Wanted
		var rows []goldRow
		for _, r := range h.w.rows {
			row, _ := h.latest(r.gate)
			if r.version != version || row.Component != "kubernetes" {
				continue
			}
			for _, st := range h.w.subject(r.gate).Steps {
				if st.Version == version {
					wanted, rows = append(wanted, trace.Wanted{Const: row.Const, Step: st}), append(rows, r)
				}
			}
		}
		got, err := trace.NewFiles(noBlame{git}, h.tags[version], trace.RegistrationFiles("kubernetes"), kubernetes).Made(t.Context(), wanted)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if len(got[i]) != 1 || got[i][0].Target != r.prs[0] || got[i][0].Confidence != trace.Likely || got[i][0].Rule != trace.RulePathHistory {
				t.Errorf("%s in %s: %+v, want %s", r.gate, version, got[i], r.prs[0])
				continue
			}
			want++
		}
		if want < 3 {
			t.Errorf("only %d gates of %s were looked for", want, version)
		}
	}
}

// What tracing may cost: design section 6.
func (h *goldHistory) cost(t *testing.T, git trace.Git) {
	t.Helper()
	spent := func(what string, most int, ask func() (map[int][]trace.Claim, error), found int) {
		t.Helper()
		before := h.requests()
		got, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		n := h.requests() - before
		t.Logf("%s: %d requests, %d found", what, n, len(got))
		if n > most {
			t.Errorf("%s: %d requests, want %d at most", what, n, most)
		}
		if len(got) < found {
			t.Errorf("%s: %d found, want %d at least", what, len(got), found)
		}
	}
	paths := trace.RegistrationFiles("kubernetes")[:1]
	file := trace.NewFiles(git, h.tags["1.36"], paths, kubernetes)
	steps := func(version string, removed bool) (wanted []trace.Wanted) {
		for _, name := range h.w.history.Names() {
			row, ok := h.latest(name)
			if !ok || !slices.Equal(row.RegisteredIn, []string{"kubernetes"}) || row.Component != "kubernetes" {
				continue
			}
			for _, st := range h.w.subject(name).Steps {
				if st.Has(trace.Removed) == removed && (st.Version == version || version == "") {
					wanted = append(wanted, trace.Wanted{Const: row.Const, Step: st})
				}
			}
		}
		return wanted
	}
	changed := steps("1.36", false)
	if len(changed) < 15 {
		t.Fatalf("%d gates changed", len(changed))
	}
	spent("15 changed gates", 6, func() (map[int][]trace.Claim, error) {
		return file.Made(t.Context(), changed[:15])
	}, 15)
	gone := steps("1.36", true)
	spent(fmt.Sprintf("%d removals", len(gone)), 4, func() (map[int][]trace.Claim, error) {
		return file.Removed(t.Context(), h.tags["1.35"], gone)
	}, len(gone))
	var all []trace.Wanted
	for _, w := range steps("", false) {
		if gate.CompareVersions(w.Step.Version, "1.33") >= 0 {
			all = append(all, w)
		}
	}
	spent(fmt.Sprintf("%d steps", len(all)), 40, func() (map[int][]trace.Claim, error) {
		return trace.NewFiles(git, h.tags["1.36"], paths, kubernetes).Made(t.Context(), all)
	}, len(all)/2)
}
