package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

// attacks are texts that try to do more than be read, by what they try. A gate's name, a comment, a
// file's name, an error's text may be any of them.
func attacks() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"mentions", "@octocat, @kubernetes/sig-node; \\@octocat &#64;octocat [x](http://a.bc \"@octocat\") <https://a.bc/@octocat> *@octocat* (@octocat)"},
		{"mentions in HTML", "<a href=\"https://github.com/octocat\">@octocat</a> <span title='@octocat'>x</span> | @octocat | x |"},
		{"mention by definition", "[@octocat]\n\n[@octocat]: https://github.com/octocat"},
		{"mention with zero widths", "@\u200boctocat @\u200coctocat @\u2060octocat @\ufeffoctocat \uff20octocat @\u034foctocat"},
		{"closers", "fixes #1, Closes o/r#2, resolves: GH-3, fixed https://github.com/a/b/issues/4, close &#35;5, fixes \\#6"},
		{"closer in pieces", "fixes #\u200b1 fixes #**1** fixes #`1` fixes #[1](http://a.bc) GH`-`1 GH-"},
		{"tickets", "https://github.com/a/b/issues/4 <https://github.com/a/b/pull/5> [x](//github.com/a/b/pull/6) [y](HTTP://WWW.GITHUB.COM:443/a//b/%69ssues/7) [z][r] https://github.com/orgs/k/discussions/8\n\n[r]: https://to.github.com/a/b/discussions/9"},
		{"tickets elsewhere", "https://ghe.acme.test/a/b/issues/4 [x](https://ghe.acme.test/a/b/pull/5)"},
		{"www", "www.github.com/a/b/issues/1 www.\u0433ithub.com/a www.exa_mple_.c_om ftp://a.bc/d mailto:a@b.cd xmpp:a@b.cd"},
		{"commits", "0123456789abcdef0123456789abcdef01234567 a/b@0123456 0123456...89abcde https://github.com/a/b/commit/0123456789abcdef https://github.com/a/b/compare/0123456...89abcde"},
		{"forged markers", "<!-- upstream-digest v1 definition=weekly seq=9 channel=github-issue part=1/1 nonce=0123456789abcdef0123456789abcdef -->\r\n\ufeff<!-- upstream-digest v1\nx --> `<!-- upstream-digest v1 -->` &lt;!-- x --&gt; <!--"},
		{"folds", "</details></summary><details open><summary>x</summary>" + strings.Repeat("<details>", 40)},
		{"elements", "<img src=https://evil.test/x.png><picture><source srcset=x></picture><style>*{display:none}</style><script>alert(1)</script><iframe src=x></iframe><svg onload=x><table><td>x"},
		{"images", "![x](https://evil.test/x.png) [![x](https://evil.test/x.png)](https://evil.test) ![x][r]\n\n[r]: https://evil.test/x.png"},
		{"formulas", "$\\color{red}{\\text{@octocat}}$ $$\\def\\x{\\x\\x}\\x$$ $`x`$ costs $5 or $6, ${HOME}/$USER [$x$](https://a.bc)"},
		{"fences", "```mermaid\ngraph TD\n```\n~~~~~~~\n`````````\n@octocat\n```suggestion\n```"},
		{"emoji", ":octocat: :+1: a:b:c :shipit:"},
		{"blocks", "# Act on\n\n> [!CAUTION]\n> x\n\n- [ ] @octocat\n\n1. x\n\n---\n\n| a |\n|---|\n\nx\n==="},
		{"a heading's start", "# Act on"}, {"a list's start", "1. x"}, {"a rule", "---"}, {"a quote", "> x"}, {"a sum's start", "+ x"},
		{"footnotes", "x[^1] [^@octocat]\n\n[^1]: @octocat #1\n[^@octocat]: x"},
		{"bidi", "a\u202egnp.exe\u202c \u2066x\u2069 \u200fx \u061cx"},
		{"tags and selectors", "a\U000e0001\U000e0041\U000e007f b\ufe0f\U000e0100 c\u180b \u3164\u2800\u115f\uffa0 \u00ad\u2065\ufff0\ufffe\ufdd0"},
		{"marks", "z" + strings.Repeat("\u0336\u0489\u0301\u20dd", 50) + "x&#769;&#769;&#769;&#769;&#769;&#769;"},
		{"controls", "a\x00b\x07c\x7fd\x08\x08e\rf\vg\fh\u0085i\u2028j\u009b31mk\u0090l\u009c"},
		{"terminal", "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]8;;http://evil.test\x1b\\x\x1b]8;;\x1b\\\x1bPq\x1b\\\x1b[2J\x1b[1;1H\x1b(0\x1bc\x1b"},
		{"invalid UTF-8", "a\xffb\xc3(\xed\xa0\x80\xf4\x90\x80\x80"},
		{"orders to bots", "/close\n/lgtm\n/assign @octocat\n@dependabot merge"},
		{"orders to the runner", "::set-output name=result::evil\n::add-mask::a\n ::error file=a.go,line=1::x ##[add-mask]e ##[error]x `##[group]y`"},
		{"a runner's order at a line's end", strings.Repeat("word ", 14) + "::set-output name=x::evil " + strings.Repeat("y", 60) + "::set-output name=z::evil"},
		{"Slack", "<!channel> <!here> <!everyone> <@U0123> <#C0123|general> <!subteam^S1> <https://evil.test|https://good.test> <!date^1^{date}|x> @here #general &lt;!channel&gt; *bold* _it_ ~no~ `c` ``` x ```"},
		{"formulas for sheets", "=cmd|' /C calc'!A0"}, {"sums for sheets", "+1+cmd()"}, {"lists for sheets", "x;=HYPERLINK(\"http://evil.test\")"}, {"full width for sheets", "\uff1dcmd()"},
		{"addresses", "[a](javascript:alert(1)) [b](data:text/html,x) [c](https://u:p@evil.test) [d](https:\\\\evil.test) [e](https:evil.test) [f](vbscript:x) <javascript:x>"},
		{"entities", "&lt;img src=x&gt; &amp;lt; &copy; &NewLine;# x &#x202e; &#10;- x &ZeroWidthSpace;@octocat"},
		{"escapes", "\\\\\\@octocat \\` \\[x\\](y) a\\"},
		{"the end of a word", "C#"}, {"the end of an address", "see https://github.com/a/b/issues/"}, {"at the end", "x @"}, {"bang", "x!"}, {"dollar", "$"},
		{"only the invisible", "\u200b\u2060\u00ad"}, {"nothing", ""}, {"a blank", "\u00a0 \u3000"},
		{"a long word", strings.Repeat("x", 1<<20)}, {"long CamelCase", strings.Repeat("AbcDefs", 1<<14)}, {"a long text", strings.Repeat("@octocat fixes #1 $x$ ", 1<<13)},
		{"a long line of links", strings.Repeat("[a](https://github.com/a/b/issues/1) ", 5000)},
	}
}

// infested is a digest in which every field that upstream, a server or a file name can reach is taken
// from texts in turn, beginning with the shape-th. It has changes of every form, in n copies.
func infested(texts []string, shape, n int) Digest { return infestedBy(texts, shape, n, 1) }

// infestedBy is infested with one in so many forms of change.
func infestedBy(texts []string, shape, n, oneIn int) Digest {
	start := shape
	next := func() string { shape++; return texts[shape%len(texts)] }
	bit := func() bool { shape++; return shape*2654435761>>7&1 == 1 }
	stage := func() gate.Stage {
		return []gate.Stage{gate.Alpha, gate.Beta, gate.GA, gate.Deprecated, gate.Stage(next())}[shape%5]
	}
	evilGate := func() *gate.Gate {
		g := widget(next(), next(), next(), specs(spec(next(), stage(), bit(), bit(), shape%3), spec("1.36", stage(), bit(), bit(), 9)))
		g.Const, g.Component, g.Variant, g.Declared.File, g.RemoveIn = next(), next(), next(), next(), next()
		g.Registered[0].Component, g.Registered[0].File = next(), next()
		g.DependsOn, g.Owners = []string{next(), next()}, []string{next()}
		return g
	}
	var changes []diff.Change
	severities := []diff.Severity{diff.Act, diff.Know, diff.FYI}
	for i := range n {
		for j, kind := range []diff.Kind{
			diff.GateRemoved, diff.GateAdded, diff.GatePromoted, diff.GateDefaultChanged, diff.GateRenamed, diff.GateMoved,
			diff.GateHistoryRewritten, diff.GateDependenciesChanged, diff.GateLocked, diff.GateScheduled, diff.Kind("x." + next()),
		} {
			if (j+start)%oneIn != 0 {
				continue
			}
			before, after := evilGate(), evilGate()
			switch kind {
			case diff.GateRemoved:
				after = nil
			case diff.GateAdded:
				before = nil
			}
			c := between(severities[(i+j+shape)%3], next(), before, after, kind)
			c.ID, c.Variant, c.Gate.FromVersion, c.Gate.ToVersion = next(), next(), next(), next()
			if kind == diff.GateScheduled {
				c.Gate.Scheduled = specs(spec(next(), stage(), true, true, 1))
			}
			if shape%4 == 1 {
				c = mine(c, next())
			}
			changes = append(changes, c)
		}
	}
	d := digestOf(changes)
	u := &d.Upstreams[0]
	for i := range u.Evidence {
		u.Evidence[i] = []trace.Evidence{
			{Rule: next(), Target: next(), URL: next(), Source: next(), Confidence: trace.Confidence(next())},
			{Target: next(), URL: "https://github.com/a/b/issues/1", Confidence: trace.Certain},
		}
	}
	u.Upstream, u.From.Ref, u.To.Ref, u.From.SHA, u.To.SHA, u.From.Version, u.To.Version = next(), next(), next(), next(), next(), next(), next()
	u.FirstRun = bit()
	for i := range 3 {
		u.Sections = append(u.Sections,
			diff.SectionResult{Source: next(), Status: snapshot.Failed, Reason: next()},
			diff.SectionResult{Source: next(), Status: snapshot.Skipped, Reason: next()},
			diff.SectionResult{Source: next(), Status: snapshot.Carried},
			diff.SectionResult{Source: next(), Status: snapshot.Complete, Baseline: true, Diagnostics: []gate.Diagnostic{
				{File: next(), Line: i, Message: next(), Lost: bit()}, {File: next(), Line: 3, Message: next()},
			}},
		)
	}
	d.Alerts = []Alert{{ID: next(), What: next(), Why: next(), Next: next()}, {What: next(), Next: next()}}
	d.Open = []Open{
		{Upstream: next(), Source: snapshot.SourceGates, ID: next(), Variant: next(), State: next(), Because: next(), What: next(), Next: next(), Since: next()},
		{Upstream: next(), Source: snapshot.SourceProposals, ID: next(), Because: diff.SetIn + next(), What: next(), Since: next()},
	}
	d.Settled = []Settled{{ID: next(), Why: next()}, {ID: next(), Why: next()}}
	d.Notices, d.Definition, d.Severities = []string{next(), next()}, next(), []diff.Severity{diff.Severity(next())}
	return d
}

// told is how many list items a digest has in Markdown: one for each entry, failure, complaint and line of
// the foot, and one for each upstream's lead where there are several.
func told(d Digest) int {
	n := len(endOf(d)) + len(d.Alerts) + len(d.Open)
	for _, u := range d.Upstreams {
		ch := chapterOf(u, d.At)
		n += len(ch.failures) + len(ch.faults) + len(ch.foot)
		for _, s := range ch.sections {
			n += len(s.entries)
		}
		if len(d.Upstreams) > 1 {
			n++
		}
	}
	return n
}

// checkDigest renders a digest in every format and asserts what holds of any.
func checkDigest(t *testing.T, d Digest, budget, reserve int) {
	t.Helper()
	opts := MarkdownOptions{Budget: budget, Reserve: reserve, RedirectLinks: true}
	parts := Markdown(d, opts)
	shown := 0
	for i, p := range parts {
		checkPart(t, p)
		checkPrinted(t, "Markdown", p)
		if len(p)+reserve > budget {
			t.Errorf("part %d of %d: %d bytes and %d reserved of %d", i+1, len(parts), len(p), reserve, budget)
		}
		shown += items(t, p)
	}
	if news := News(d, opts); news != "" {
		checkPart(t, news)
		checkPrinted(t, "News", news)
		if len(news) > newsBytes+1000 {
			t.Errorf("news of %d bytes", len(news))
		}
	}
	if want := told(d); shown != want {
		t.Errorf("%d list items are shown, want %d", shown, want)
	}
	if again := Markdown(d, opts); strings.Join(again, "\x00") != strings.Join(parts, "\x00") {
		t.Error("rendered twice it differs")
	}

	title := Title(d)
	if n := utf8.RuneCountInString(title); n > 256 || strings.ContainsAny(title, "@#<>`[]$\n") || liveNumber.MatchString(title) || strings.Contains(title, "://") {
		t.Errorf("title of %d characters: %q", n, title)
	}
	checkPrinted(t, "the title", title)

	plain := Text(d, TextOptions{Width: 80})
	checkPrinted(t, "text", plain)
	coloured := Text(d, TextOptions{Width: 80, Color: true, Hyperlinks: true})
	for line := range strings.Lines(coloured) {
		if commandLine(line) {
			t.Errorf("coloured text has a command to GitHub's runner: %q", line)
		}
		checkPrinted(t, "coloured text", "|"+ansi.Strip(line))
	}
	if rest := ourSequence.ReplaceAllString(coloured, ""); strings.Contains(rest, "\x1b") {
		t.Errorf("the terminal gets a sequence that is not ours: %.200q", rest[strings.Index(rest, "\x1b"):])
	}

	page, err := HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "HTML", page)
	checkPage(t, page)

	doc, err := JSON(d)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "JSON", string(doc))
	var back digestDocument
	if err := json.Unmarshal(doc, &back); err != nil {
		t.Fatal(err)
	}
	for i, u := range d.Upstreams {
		for j, c := range u.Changes {
			if got, want := back.Upstreams[i].Changes[j].ID, strings.ToValidUTF8(c.ID, "\ufffd"); got != want && utf8.ValidString(c.ID) {
				t.Errorf("JSON says %.80q for %.80q", got, want)
			}
		}
	}
	checkSlack(t, d)
	checkChats(t, d)
}

var (
	ourSequence = regexp.MustCompile("\x1b\\[[0-9]+m|\x1b\\]8;;[!-~]*\x07|\x1b\\]8;;[!-~]*\x1b\\\\")
	pageTag     = regexp.MustCompile(`</?(?:main|body|html|h1|h2|h3|p|ul|li|code|blockquote|strong|em|details|summary|b)>|<(?:hr|br) ?/?>|</a>|<a href="https?://[^"<>]*">`)
	liveFormula = regexp.MustCompile(`^[=+@\-＝＋－＠]|;[ "]*[=+@\-＝＋－＠]`)
)

// checkPage asserts that a page holds nothing but text, folds and links.
func checkPage(t *testing.T, page string) {
	t.Helper()
	body := page[strings.Index(page, "<main>"):]
	if rest := pageTag.ReplaceAllString(body, ""); strings.Contains(rest, "<") {
		t.Errorf("%.100q in the page", rest[strings.Index(rest, "<"):])
	}
	if o, c := strings.Count(body, "<details>"), strings.Count(body, "</details>"); o != c {
		t.Errorf("%d details opened, %d closed", o, c)
	}
}

func TestAttacksDoNothing(t *testing.T) {
	for i, a := range attacks() {
		if raceDetector && (i%4 > 0 || len(a.text) > 10000) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			checkNeutral(t, "", Neutralise(a.text))
			checkPart(t, Neutralise(a.text))
			if once := Neutralise(a.text); Neutralise(once) != once {
				t.Error("neutralised twice it differs")
			}
			once := NeutraliseBlock(a.text)
			checkNeutral(t, "", once)
			if NeutraliseBlock(once) != once {
				t.Error("neutralised twice as a block it differs")
			}
			for line := range strings.Lines(once) {
				if orderLine.MatchString(line) || commandLine(line) {
					t.Errorf("an order: %.80q", line)
				}
			}
			texts, shapes := []string{a.text}, 2
			if len(a.text) > 10000 { // not everywhere at once, or a machine is busy for minutes
				texts, shapes = append(texts, slices.Repeat([]string{"Widget"}, 60)...), 1
			}
			for shape := range shapes {
				checkDigest(t, infested(texts, shape, 1), DefaultBudget, 2000)
			}
			checkDigest(t, infested(append(texts, "Widget"), 0, 1), MinBudget, MinBudget/2-1)
			checkGates(t, texts...)
		})
	}
}

// TestAttacksTogether mixes all of them, in one and in two upstreams.
func TestAttacksTogether(t *testing.T) {
	var texts []string
	for _, a := range attacks() {
		if len(a.text) < 10000 {
			texts = append(texts, a.text)
		}
	}
	d := infested(texts, 0, 4)
	checkDigest(t, d, DefaultBudget, 2000)
	checkDigest(t, d, 8000, 2000)
	d.Upstreams = append(d.Upstreams, infested(texts, 7, 1).Upstreams...)
	checkDigest(t, d, DefaultBudget, 2000)
}

// checkGates asserts that the list of gates can be printed and opened.
func checkGates(t *testing.T, texts ...string) {
	t.Helper()
	d, text := infested(texts, 0, 1), texts[0]
	l := GateList{Upstream: text, Ref: text, SHA: text, Version: "1.36", BlobURL: "https://github.com/a/b/blob/" + newSHA}
	for _, c := range d.Upstreams[0].Changes {
		if g := c.Gate.After; g != nil {
			l.Gates = append(l.Gates, *g)
		}
	}
	for _, width := range []int{40, 120} {
		checkPrinted(t, "the table", GatesTable(l, TextOptions{Width: width}))
		for line := range strings.Lines(GatesTable(l, TextOptions{Width: width, Color: true})) {
			checkPrinted(t, "the coloured table", "|"+ansi.Strip(line))
			if rest := ourSequence.ReplaceAllString(line, ""); strings.Contains(rest, "\x1b") || commandLine(line) {
				t.Errorf("the coloured table: %q", line)
			}
		}
	}
	checkPrinted(t, "the rows", GatesRows(l))
	doc, err := GatesJSON(l)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "the list as JSON", string(doc))
	sheet, err := GatesCSV(l)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "the sheet", string(sheet))
	rows, err := csv.NewReader(strings.NewReader(string(sheet))).ReadAll()
	if err != nil || len(rows) != len(l.Gates)+1 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		for _, field := range row {
			if liveFormula.MatchString(field) {
				t.Errorf("a formula: %.80q", field)
			}
		}
	}
}

// TestBodiesFit: whatever comes, parts fit and nothing is dropped.
func TestBodiesFit(t *testing.T) {
	many := func(n int, s string) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf("%d %s", i, s))
		}
		return out
	}
	noticed := digestOf(everyKind())
	noticed.Notices = many(300, strings.Repeat("a word @x <b> ", 60))
	failing := digestOf(everyKind())
	for i := range 300 {
		failing.Upstreams[0].Sections = append(failing.Upstreams[0].Sections, diff.SectionResult{
			Source: fmt.Sprint("s", i), Status: snapshot.Failed, Reason: strings.Repeat("<@&#1 ", 1<<16),
		})
	}
	lost := digestOf(nil)
	for range 500 {
		lost.Upstreams[0].Sections[0].Diagnostics = append(lost.Upstreams[0].Sections[0].Diagnostics, gate.Diagnostic{File: strings.Repeat("<", 1000), Message: strings.Repeat("&<@", 1000), Lost: true})
	}
	linked := digestOf(everyKind())
	for i := range linked.Upstreams[0].Changes {
		if g := linked.Upstreams[0].Changes[i].Gate.After; g != nil {
			g.Description = strings.Repeat("[a](https://evil.test/"+strings.Repeat("x", 900)+") ", 150)
		}
	}
	crowd := digestOf(everyKind())
	for i := range 40 {
		u := digestOf(everyKind()).Upstreams[0]
		u.Upstream = strings.Repeat("<&", 50) + fmt.Sprint(i)
		crowd.Upstreams = append(crowd.Upstreams, u)
	}
	wide := digestOf(nil)
	for i := range 40 {
		c := between(diff.FYI, "", nil, widget(strings.Repeat("&", 118)+fmt.Sprint(i), "", "", specs(spec("1.36", gate.Alpha, false, false, 1))), diff.GateAdded)
		wide.Upstreams[0].Changes = append(wide.Upstreams[0].Changes, c)
	}
	wide.Upstreams = append(wide.Upstreams, wide.Upstreams[0])
	wide.Upstreams[0].Upstream, wide.Upstreams[1].Upstream = strings.Repeat("<", 100), strings.Repeat("@", 100)
	for name, d := range map[string]Digest{
		"wide names": wide, "ten thousand changes": huge(10000), "notices": noticed, "failures": failing, "diagnostics": lost,
		"entries longer than a part": linked, "forty upstreams": crowd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raceDetector && name != "wide names" {
				t.Skip("make test-whole plays it, without the race detector")
			}
			for _, budget := range []int{DefaultBudget, MinBudget} {
				if budget == MinBudget && name == "ten thousand changes" {
					continue
				}
				reserve := min(2000, budget/2-1)
				shown := 0
				for i, p := range Markdown(d, MarkdownOptions{Budget: budget, Reserve: reserve, RedirectLinks: true}) {
					if len(p)+reserve > budget {
						t.Fatalf("part %d: %d bytes and %d reserved of %d", i+1, len(p), reserve, budget)
					}
					shown += items(t, p)
				}
				if want := told(d); shown != want {
					t.Errorf("budget %d: %d items are shown, want %d", budget, shown, want)
				}
			}
			checkSlack(t, d)
			checkChats(t, d)
		})
	}
}

// FuzzDigest asserts of whole digests, in every format, what checkDigest says.
func FuzzDigest(f *testing.F) {
	for i, a := range attacks() {
		if len(a.text) < 10000 {
			f.Add(a.text, "Widget", uint16(i), uint16(i*997))
		}
	}
	f.Add("#", "1", uint16(3), uint16(0))
	f.Add("gh-", "1", uint16(4), uint16(0))
	f.Fuzz(func(t *testing.T, one, two string, shape, budget uint16) {
		if raceDetector && shape%3 > 0 {
			t.Skip("make test-whole plays it, without the race detector")
		}
		d := infestedBy([]string{one, two, one + two}, int(shape), 1, 4)
		if shape%5 == 0 {
			d.Upstreams = append(d.Upstreams, infestedBy([]string{two}, int(shape), 1, 6).Upstreams...)
		}
		checkDigest(t, d, MinBudget+int(budget), min(int(shape), MinBudget/2-1))
		if shape%4 == 0 {
			checkGates(t, one)
		}
	})
}

// TestHostileGolden keeps the digest of all attacks beside the page that GitHub would make of it, for a
// person to look at.
func TestHostileGolden(t *testing.T) {
	d := hostile()
	title, body := Title(d), Markdown(d, MarkdownOptions{RedirectLinks: true})[0]
	shown := "<!doctype html>\n<meta charset=\"utf-8\">\n<title>hostile.md.golden as GitHub shows it</title>\n" +
		"<style>body{max-width:60rem;margin:2rem auto;font:16px/1.5 sans-serif;overflow-wrap:anywhere}code,pre{background:#eee}blockquote{border-left:4px solid #b80;padding-left:1rem}</style>\n" +
		"<h1>" + escapeHTML(title) + "</h1>\n" + rendered(t, body)
	golden.Check(t, "testdata/hostile.html.golden", []byte(shown))
}
