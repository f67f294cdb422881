package report

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
)

func TestMarkdown(t *testing.T) {
	for name, d := range map[string]Digest{
		"every-kind": digestOf(everyKind()), "nothing": digestOf(nil), "failed-source": failed(), "two-upstreams": two(), "hostile": hostile(),
	} {
		t.Run(name, func(t *testing.T) {
			parts := Markdown(d, MarkdownOptions{RedirectLinks: true})
			if len(parts) != 1 {
				t.Fatalf("%d parts", len(parts))
			}
			golden.Check(t, "testdata/"+name+".md.golden", []byte(Title(d)+"\n\n"+parts[0]))
		})
	}
}

func TestMarkdownInParts(t *testing.T) {
	d := huge(500)
	parts := Markdown(d, MarkdownOptions{Budget: 20000, Reserve: 500, RedirectLinks: true})
	if len(parts) < 5 {
		t.Fatalf("only %d parts", len(parts))
	}
	golden.Check(t, "testdata/second-part.md.golden", []byte(parts[1]))
	for i, p := range parts {
		if len(p) > 20000-500 {
			t.Errorf("part %d has %d bytes", i+1, len(p))
		}
		if want := fmt.Sprintf("Part %d of %d", i+1, len(parts)); !strings.Contains(p, want) {
			t.Errorf("part %d does not say %q", i+1, want)
		}
		if o, c := strings.Count(p, "<details>"), strings.Count(p, "</details>"); o != c {
			t.Errorf("part %d opens %d details and closes %d", i+1, o, c)
		}
	}
	everyOnce(t, d, parts)
}

// everyOnce asserts that each change is told, and told once.
func everyOnce(t *testing.T, d Digest, parts []string) {
	t.Helper()
	told := map[string]int{}
	all := strings.Join(parts, "\n")
	for _, m := range regexp.MustCompile("(?m)^- (?:\\*\\*)?`([^`]+)`(?:\\*\\*)?: ").FindAllStringSubmatch(all, -1) {
		told[m[1]]++
	}
	for _, m := range regexp.MustCompile(`(?m)^- (?:[0-9]+ gates?|Also)[ :].*$`).FindAllString(all, -1) {
		for _, id := range regexp.MustCompile("`([^`]+Nr[0-9]+X)`").FindAllStringSubmatch(m, -1) {
			told[id[1]]++
		}
	}
	for _, u := range d.Upstreams {
		for _, c := range u.Changes {
			if told[c.ID] != 1 {
				t.Errorf("%s is told %d times", c.ID, told[c.ID])
			}
		}
	}
}

// TestMarkdownFitsAnyBudget renders random digests with random budgets.
func TestMarkdownFitsAnyBudget(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 25 {
		d := huge(r.IntN(120))
		u := &d.Upstreams[0]
		for i := range u.Changes {
			if g := u.Changes[i].Gate.After; g != nil && r.IntN(10) == 0 {
				g.Description = strings.Repeat("@long <word> ", r.IntN(400))
				for range r.IntN(400) {
					g.DependsOn = append(g.DependsOn, fmt.Sprintf("Dep%d", r.Int()))
				}
			}
		}
		for range r.IntN(30) {
			u.Sections[0].Diagnostics = append(u.Sections[0].Diagnostics, gate.Diagnostic{File: strings.Repeat("f", r.IntN(500)), Line: 1, Message: strings.Repeat("m ", r.IntN(500))})
		}
		budget, reserve := MinBudget+r.IntN(20000), r.IntN(MinBudget/2)
		parts := Markdown(d, MarkdownOptions{Budget: budget, Reserve: reserve, RedirectLinks: r.IntN(2) == 0})
		for i, p := range parts {
			if len(p)+reserve > budget {
				t.Fatalf("part %d of %d: %d bytes and %d reserved of %d", i+1, len(parts), len(p), reserve, budget)
			}
		}
		everyOnce(t, d, parts)
	}
}

func TestMarkdownShortensWhatFitsNoPart(t *testing.T) {
	c := everyKind()[21]
	if !c.Has(diff.GateDependenciesChanged) {
		t.Fatal("the fixture moved")
	}
	for i := range 4000 {
		c.Gate.After.DependsOn = append(c.Gate.After.DependsOn, fmt.Sprintf("WidgetNumber%d", i))
	}
	parts := Markdown(digestOf([]diff.Change{c}), MarkdownOptions{})
	all := strings.Join(parts, "\n")
	if !strings.Contains(all, "`WidgetTopology`**: too long to be told in full here") || !strings.Contains(all, "See [kube_features.go:901](") {
		t.Errorf("no word of the shortened entry, or no link:\n%.2000s", all)
	}
}

func TestMarkdownRedirectsOnlyWhereAsked(t *testing.T) {
	d := digestOf(everyKind()[:1])
	d.Upstreams[0].Evidence[0][0].URL = "https://github.com/kubernetes/enhancements/issues/4321"
	if got := Markdown(d, MarkdownOptions{RedirectLinks: true})[0]; !strings.Contains(got, "(https://redirect.github.com/kubernetes/enhancements/issues/4321)") {
		t.Error("a ticket's link leaves a back-link")
	}
	if got := Markdown(d, MarkdownOptions{})[0]; strings.Contains(got, "redirect.github.com") {
		t.Error("redirected although not asked")
	}
}

func TestMarkdownOfHostileUpstream(t *testing.T) {
	for _, d := range []Digest{hostile(), {Upstreams: append(hostile().Upstreams, two().Upstreams...)}} {
		for _, budget := range []int{0, MinBudget} {
			for _, part := range Markdown(d, MarkdownOptions{Budget: budget, RedirectLinks: true}) {
				checkPart(t, part)
			}
		}
	}
}

func TestTitle(t *testing.T) {
	at := time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC)
	one := func(from, to diff.Ref) Digest {
		return Digest{At: at, Upstreams: []Upstream{{UpstreamResult: diff.UpstreamResult{Upstream: "kubernetes", From: from, To: to, Changes: everyKind()}}}}
	}
	tests := []struct {
		name string
		d    Digest
		want string
	}{
		{"a tag and a branch", one(diff.Ref{Ref: "v1.35.0", SHA: oldSHA, Version: "1.35"}, diff.Ref{Ref: "master", SHA: newSHA, Version: "1.36"}),
			"Kubernetes upstream digest: v1.35.0 → 1.36 — 4 to act on, 2026-05-04"},
		{"one branch, two commits", one(diff.Ref{Ref: "master", SHA: oldSHA, Version: "1.36"}, diff.Ref{Ref: "HEAD", SHA: newSHA, Version: "1.36"}),
			"Kubernetes upstream digest: 1.36, 1111111 → 2222222 — 4 to act on, 2026-05-04"},
		{"no versions at all", one(diff.Ref{Ref: "main", SHA: oldSHA}, diff.Ref{Ref: "main", SHA: newSHA}),
			"Kubernetes upstream digest: main, 1111111 → 2222222 — 4 to act on, 2026-05-04"},
		{"two upstreams", two(), "Upstream digest: Kubernetes and cert-manager — nothing to act on, 2026-05-04"},
		{"nothing", Digest{}, "Upstream digest — nothing to act on"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Title(tt.d); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	got := Title(hostile())
	if n := len([]rune(got)); n > 200 || strings.ContainsAny(got, "@#<>`[]\n\x1b") {
		t.Errorf("%d characters: %q", n, got)
	}
}

func TestEntryTitle(t *testing.T) {
	want := map[string]string{
		"WidgetOverlay":      "Widget overlay (WidgetOverlay): removed in 1.36 (was alpha)",
		"WidgetRestartRules": "Widget restart rules (WidgetRestartRules): from beta to stable in 1.36, locked on",
		"WidgetFlagz":        "Widget flagz (WidgetFlagz): from alpha to beta in 1.36, now on by default",
		"WidgetApi":          "Widget api (WidgetApi): renamed from WidgetAPI",
		"WidgetFIFO":         "Widget FIFO (WidgetFIFO): new in beta, on by default",
		"WidgetPast":         "Widget past (WidgetPast): history rewritten",
		"WidgetPlanned":      "Widget planned (WidgetPlanned): scheduled for 1.38: stable",
	}
	for _, c := range everyKind() {
		got := EntryTitle(c)
		if strings.ContainsAny(got, "\n") || strings.HasSuffix(got, ": ") {
			t.Errorf("%q", got)
		}
		if w, ok := want[c.ID]; ok && got != w {
			t.Errorf("got  %q\nwant %q", got, w)
		}
	}
}

func TestHTML(t *testing.T) {
	got, err := HTML(failed())
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/failed-source.html.golden", []byte(got))
	evil, err := HTML(hostile())
	if err != nil {
		t.Fatal(err)
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(got)[1]
	sum := sha256.Sum256([]byte(style))
	if want := "style-src &#39;sha256-" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;") + "&#39;"; !strings.Contains(got, want) {
		t.Errorf("the page's policy forbids its own style: no %s", want)
	}
	for _, bad := range []string{"<img", "<!-- ", `="javascript:`, "<script", "</details><"} {
		if strings.Contains(evil, bad) {
			t.Errorf("%q in the page", bad)
		}
	}
	if o, c := strings.Count(evil, "<details>"), strings.Count(evil, "</details>"); o != c || o == 0 {
		t.Errorf("%d details opened, %d closed", o, c)
	}
}

func BenchmarkMarkdown500(b *testing.B) {
	d := huge(500)
	b.ReportAllocs()
	for b.Loop() {
		Markdown(d, MarkdownOptions{RedirectLinks: true})
	}
}

func ExampleEntryTitle() {
	fmt.Println(EntryTitle(everyKind()[2]))
	// Output: Widget restart rules (WidgetRestartRules): from beta to stable in 1.36, locked on
}
