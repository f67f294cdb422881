package report

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func table(t *testing.T) *facts.Table {
	t.Helper()
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// upgrade is a real one: what the embedded table says.
func upgrade(t *testing.T, from, to string) insight.Upgrade {
	t.Helper()
	u, err := insight.FromTable(table(t)).Upgrade(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func briefOf(t *testing.T, mine bool) Brief {
	t.Helper()
	b := Brief{Upgrade: upgrade(t, "1.33", "1.36"), Source: "embedded table v1.20–v1.36"}
	if mine {
		c := cluster()
		b.Mine, b.Problems, b.Files = c.Findings, c.Problems, c.Files
	}
	return b
}

func TestBriefGoldens(t *testing.T) {
	b := briefOf(t, false)
	md := BriefMarkdown(b, MarkdownOptions{RedirectLinks: true})
	if len(md) != 1 {
		t.Fatalf("%d parts", len(md))
	}
	golden.Check(t, "testdata/brief.md.golden", []byte(md[0]))
	golden.Check(t, "testdata/brief.80.golden", []byte(BriefText(b, TextOptions{Width: 80})))
	page, err := BriefHTML(b)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/brief.html.golden", []byte(page))
	golden.Check(t, "testdata/brief-mine.md.golden", []byte(BriefMarkdown(briefOf(t, true), MarkdownOptions{RedirectLinks: true})[0]))
	near := Brief{Upgrade: upgrade(t, "1.35", "1.36"), Source: "embedded table v1.20–v1.36"}
	doc, err := BriefJSON(near)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/brief.json.golden", doc)
}

// TestBriefIsTwoPages: what is not folded is about two pages to read.
func TestBriefIsTwoPages(t *testing.T) {
	visible, folded := 0, false
	for line := range strings.Lines(BriefMarkdown(briefOf(t, false), MarkdownOptions{})[0]) {
		switch strings.TrimSpace(line) {
		case "<details>":
			folded = true
			visible++
		case "</details>":
			folded = false
		case "":
		default:
			if !folded {
				visible++
			}
		}
	}
	if visible > 100 {
		t.Errorf("%d lines are not folded", visible)
	}
}

// lists are an upgrade's lists by name.
func lists(u insight.Upgrade) map[string][]insight.Passage {
	out := map[string][]insight.Passage{}
	v := reflect.ValueOf(u)
	for i := range v.NumField() {
		if l, ok := v.Field(i).Interface().([]insight.Passage); ok {
			out[v.Type().Field(i).Name] = l
		}
	}
	return out
}

// TestUpgradeSaysWhatTheTableSays compares every upgrade between two releases of the table with the two
// releases' rows, read without any of the code that made the upgrade.
func TestUpgradeSaysWhatTheTableSays(t *testing.T) {
	tab := table(t)
	releases := tab.Releases()
	at := map[string]map[string]facts.Row{}
	for _, r := range releases {
		at[r] = map[string]facts.Row{}
		for _, row := range tab.Rows(r) {
			at[r][row.Gate] = row
		}
	}
	surelyAbsent := func(row facts.Row, r string) bool {
		return !slices.ContainsFunc(row.RegisteredIn, func(c string) bool { return !tab.Covered(c, r) })
	}
	for i, from := range releases {
		for j, to := range releases[i+1:] {
			if raceDetector && (i+j)%5 > 0 {
				continue
			}
			u := upgrade(t, strings.TrimPrefix(from, "v"), strings.TrimPrefix(to, "v"))
			in := map[string]string{}
			for list, passages := range lists(u) {
				if !slices.IsSortedFunc(passages, func(a, b insight.Passage) int { return strings.Compare(a.Gate, b.Gate) }) {
					t.Errorf("%s to %s: %s is not sorted", from, to, list)
				}
				for _, p := range passages {
					if in[p.Gate] != "" {
						t.Errorf("%s to %s: %s is in %s and in %s", from, to, p.Gate, in[p.Gate], list)
					}
					in[p.Gate] = list
				}
			}
			for name, a := range at[from] {
				b, there := at[to][name]
				last := a // who has it in the end has to be known, to say that it is gone
				for _, r := range releases[i:slices.Index(releases, to)] {
					if row, ok := at[r][name]; ok {
						last = row
					}
				}
				want := ""
				switch {
				case !there && surelyAbsent(last, to):
					want = "Removed"
				case !there:
				case b.Locked && (!a.Locked || a.Default != b.Default):
					want = "Locked"
				case a.Default != b.Default:
					want = "DefaultChanged"
				case a.Stage != gate.Deprecated && b.Stage == gate.Deprecated:
					want = "Deprecated"
				case a.Stage == b.Stage && a.Locked == b.Locked:
					if in[name] == "ChangedBack" {
						continue
					}
				default:
					want = "Promoted"
					if in[name] == "Other" {
						want = "Other"
					}
				}
				if in[name] != want {
					t.Errorf("%s to %s: %s is in %q, want %q", from, to, name, in[name], want)
				}
			}
			for name, b := range at[to] {
				if _, there := at[from][name]; there || !surelyAbsent(b, from) {
					continue
				}
				want := "NewOff"
				switch {
				case b.Stage == gate.Deprecated:
					want = "Deprecated"
				case b.Default:
					want = "NewOn"
				case b.Stage == gate.Alpha:
					want = "NewAlpha"
				}
				if in[name] != want {
					t.Errorf("%s to %s: new gate %s is in %q, want %q", from, to, name, in[name], want)
				}
			}
			for _, p := range u.Removed {
				if _, there := at[to][p.Gate]; there {
					t.Errorf("%s to %s: %s is told as removed", from, to, p.Gate)
				}
			}
		}
	}
}

// TestUpgradeIsNoGuess: kubeadm's gates are known since 1.33 only, controller-manager's not at 1.27.
func TestUpgradeIsNoGuess(t *testing.T) {
	u := upgrade(t, "1.26", "1.34")
	all := lists(u)
	for _, list := range []string{"NewOn", "NewOff", "NewAlpha"} {
		for _, p := range all[list] {
			if slices.Equal(p.Registered, []string{"kubeadm"}) && p.Steps[0].Release == "1.33" {
				t.Errorf("%s is told as new, but nobody knows since when kubeadm has it", p.Gate)
			}
		}
	}
	if got := strings.Join(u.NotCovered, "; "); !strings.Contains(got, "kubeadm at 1.26, 1.27, 1.28, 1.29, 1.30, 1.31, 1.32") || !strings.Contains(got, "controller-manager at 1.27") {
		t.Errorf("not covered: %s", got)
	}
	h := insight.FromTable(table(t))
	for _, v := range [][2]string{{"1.36", "1.36"}, {"1.36", "1.33"}, {"1.19", "1.33"}, {"1.33", "1.99"}, {"", "1.36"}} {
		if _, err := h.Upgrade(v[0], v[1]); err == nil {
			t.Errorf("%v: no error", v)
		}
	}
	// A release that was read elsewhere, of which only a part is known.
	g := gate.Gate{Name: "Fresh", Registered: []gate.Registration{{Component: "kubernetes"}}, Specs: specs(spec("1.37", gate.Beta, true, false, 1))}
	u, err := h.With("1.37", "mirror", []string{"kubernetes"}, []gate.Gate{g}).Upgrade("1.36", "1.37")
	if err != nil {
		t.Fatal(err)
	}
	if len(u.NewOn) != 1 || u.NewOn[0].Gate != "Fresh" {
		t.Errorf("new and on: %v", u.NewOn)
	}
	for _, p := range u.Removed {
		if !slices.Equal(p.Registered, []string{"kubernetes"}) {
			t.Errorf("%s of %v is told as removed", p.Gate, p.Registered)
		}
	}
	if text := BriefText(Brief{Upgrade: u}, TextOptions{Width: 200}); !strings.Contains(text, "New in 1.37: beta, on by default. (Source: mirror v1.37)") {
		t.Errorf("no proof in\n%s", text)
	}
}

// TestToldOnceInTheEnd: what flipped and was then removed is told once, with its history in words.
func TestToldOnceInTheEnd(t *testing.T) {
	on := insight.State{Stage: gate.Beta, Since: "1.30"}
	p := insight.Passage{Gate: "FastWidget", BeforeAt: "1.33", Before: &on, KEPs: []string{"1234"}, Steps: []insight.Step{
		{Release: "1.34", Stage: gate.Beta, Default: true}, {Release: "1.35", Stage: gate.GA, Default: true, Locked: true}, {Release: "1.36", Removed: true},
	}}
	const want = "Beta, off by default since 1.30; on by default in 1.34; stable and locked on in 1.35; gone in 1.36."
	if got := wayOf(p, "1.36"); got != want {
		t.Errorf("got %s", got)
	}
	b := Brief{Upgrade: insight.Upgrade{From: "1.33", To: "1.36", Removed: []insight.Passage{p}, Sources: map[string]string{"1.36": "table"}}}
	for format, out := range briefFormats(t, b) {
		if format != "json" && strings.Count(out, "FastWidget") != 1 {
			t.Errorf("%s: told %d times", format, strings.Count(out, "FastWidget"))
		}
	}
	for _, tt := range []struct {
		p    insight.Passage
		want string
	}{
		{insight.Passage{BeforeAt: "1.33", Steps: []insight.Step{{Release: "1.34", Stage: gate.Alpha}, {Release: "1.35", Removed: true}, {Release: "1.36", Stage: gate.Beta}}, After: &on, RemoveIn: "1.40"}, "New in 1.34: alpha, off by default; gone in 1.35; again in 1.36: beta, off by default. Planned to go in 1.40."},
		{insight.Passage{BeforeAt: "1.33", Before: &on, Steps: []insight.Step{{Release: "1.36", Stage: gate.GA}}, After: &on, RemoveIn: "1.36"}, "Beta, off by default since 1.30; stable in 1.36. It was planned to go in 1.36."},
		{insight.Passage{BeforeAt: "1.33", Before: &insight.State{Stage: gate.GA, Default: true, Locked: true, Since: "1.0"}, Steps: []insight.Step{{Release: "1.34", Stage: gate.GA, Default: true}}}, "Stable, locked on at 1.33; no longer locked in 1.34."},
	} {
		if got := wayOf(tt.p, "1.36"); got != tt.want {
			t.Errorf("got %s\nwant %s", got, tt.want)
		}
	}
}

func briefFormats(t *testing.T, b Brief) map[string]string {
	t.Helper()
	page, err := BriefHTML(b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := BriefJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"text": BriefText(b, TextOptions{Width: 80}), "html": page, "json": string(doc),
		"markdown": strings.Join(BriefMarkdown(b, MarkdownOptions{RedirectLinks: true}), "\n"),
	}
}

// TestEveryGateIsInEveryFormat: no list is forgotten by any.
func TestEveryGateIsInEveryFormat(t *testing.T) {
	for _, pair := range [][2]string{{"1.33", "1.36"}, {"1.20", "1.36"}, {"1.31", "1.32"}} {
		b := Brief{Upgrade: upgrade(t, pair[0], pair[1]), Source: "table"}
		for format, out := range briefFormats(t, b) {
			flat := strings.Join(strings.Fields(out), " ")
			for list, passages := range lists(b.Upgrade) {
				for _, p := range passages {
					if !strings.Contains(flat, p.Gate) || !strings.Contains(flat, wayOf(p, b.Upgrade.To)) {
						t.Errorf("%v as %s: no %s of %s", pair, format, p.Gate, list)
					}
				}
			}
			for _, g := range b.Upgrade.Passing {
				if !strings.Contains(flat, g) {
					t.Errorf("%v as %s: no %s, which came and went", pair, format, g)
				}
			}
		}
	}
}

func TestBriefPutsTheReaderFirst(t *testing.T) {
	b := briefOf(t, true)
	want := briefFormats(t, b)
	md := want["markdown"]
	yours, gone := strings.Index(md, "## Yours, will not start at 1.36: the gate is gone (2)"), strings.Index(md, "## Gone: ")
	if yours < 0 || gone < yours {
		t.Errorf("yours at %d, gone at %d", yours, gone)
	}
	if !strings.Contains(md, "- `LegacySidecarContainers`: Legacy sidecar containers. **Yours**, set in `nodes/kubelet.yaml:7` (kubelet). Deprecated,") {
		t.Error("the list of gates that are gone does not say which are the reader's")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		r.Shuffle(len(b.Mine), func(i, j int) { b.Mine[i], b.Mine[j] = b.Mine[j], b.Mine[i] })
		for format, out := range briefFormats(t, b) {
			if out != want[format] {
				t.Errorf("%s differs by the order of findings", format)
			}
		}
	}
}

func TestBriefJSONObeysItsSchema(t *testing.T) {
	all := schemas(t)
	for _, b := range []Brief{briefOf(t, true), {}, {Upgrade: upgrade(t, "1.20", "1.36")}, hostileBrief(attackTexts(), 0)} {
		doc, err := BriefJSON(b)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, all, doc)
	}
	// A list that the document forgets would be missed by the schema, too.
	doc, err := BriefJSON(Brief{Upgrade: upgrade(t, "1.20", "1.36")})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]json.RawMessage
	if err := json.Unmarshal(doc, &back); err != nil {
		t.Fatal(err)
	}
	n := 0
	for list, passages := range lists(upgrade(t, "1.20", "1.36")) {
		if len(passages) > 0 {
			n++
		}
		_ = list
	}
	told := 0
	for _, raw := range back {
		var l []passageDocument
		if json.Unmarshal(raw, &l) == nil && len(l) > 0 && l[0].Gate != "" && l[0].History != "" {
			told++
		}
	}
	if told != n {
		t.Errorf("%d lists are told of %d", told, n)
	}
}

// hostileBrief has texts in turn in every field.
func hostileBrief(texts []string, shape int) Brief {
	next := func() string { shape++; return texts[shape%len(texts)] }
	passage := func() insight.Passage {
		s := insight.State{Stage: gate.Stage(next()), Since: next()}
		return insight.Passage{
			Gate: next(), Registered: []string{next()}, Before: &s, BeforeAt: next(), After: &insight.State{Stage: gate.Stage(next()), Default: true, Locked: shape%2 == 0},
			Steps: []insight.Step{{Release: next(), Stage: gate.Stage(next())}, {Release: next(), Removed: true}, {Release: next(), Stage: gate.Stage(next()), Locked: true}},
			KEPs:  []string{next()}, RemoveIn: next(),
		}
	}
	c := hostileCheck(texts, shape)
	b := Brief{Mine: c.Findings, Problems: c.Problems, Files: 3, Source: next()}
	u := &b.Upgrade
	u.From, u.To = next(), next()
	for _, l := range []*[]insight.Passage{&u.Removed, &u.Locked, &u.DefaultChanged, &u.NewOn, &u.Deprecated, &u.ChangedBack, &u.NewOff, &u.Promoted, &u.Other, &u.NewAlpha} {
		for range 6 { // enough to be folded
			*l = append(*l, passage())
		}
	}
	u.Removed = append(u.Removed, passage(), passage(), passage())
	u.Passing, u.NotCovered, u.Sources = []string{next(), next()}, []string{next()}, map[string]string{u.To: next()}
	for _, p := range u.Removed {
		u.Sources[p.Steps[2].Release] = next()
	}
	b.Notes = BriefNotes{Source: next(), Missing: next(), WebURL: "https://github.com/kubernetes/kubernetes"}
	for range 2 {
		note := snapshot.Note{Note: changelog.Note{Text: next(), PRs: []int{1, 2}, SIGs: []string{next()}, ActionRequired: true}, First: next()}
		b.Notes.Releases = append(b.Notes.Releases, snapshot.Release{Tag: next(), File: next(), State: snapshot.NotesRead, Notes: []snapshot.Note{note}})
	}
	return b
}

func TestAttacksInBriefsDoNothing(t *testing.T) {
	for shape, a := range attacks() {
		if len(a.text) > 10000 || raceDetector && shape%4 > 0 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			checkBrief(t, hostileBrief([]string{a.text}, shape))
		})
	}
	checkBrief(t, hostileBrief(attackTexts(), 5))
}

func checkBrief(t *testing.T, b Brief) {
	t.Helper()
	text := BriefText(b, TextOptions{Width: 57})
	checkPrinted(t, "text", text)
	for line := range strings.Lines(text) {
		if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > 57 && !strings.Contains(line, "://") {
			t.Errorf("%d columns: %.200q", w, line)
		}
	}
	for _, part := range BriefMarkdown(b, MarkdownOptions{Budget: 12000, RedirectLinks: true}) {
		checkPrinted(t, "Markdown", part)
		if title, rest, ok := strings.Cut(part, "\n"); ok && strings.HasPrefix(title, "# Feature gates from Kubernetes ") {
			checkPart(t, title[2:])
			part = rest // the one heading of its size that is ours
		}
		checkPart(t, part)
	}
	all := briefFormats(t, b)
	checkPrinted(t, "HTML", all["html"])
	checkPage(t, all["html"])
	checkPrinted(t, "JSON", all["json"])
	if again := BriefText(b, TextOptions{Width: 80}); again != all["text"] {
		t.Error("rendered twice it differs")
	}
}
