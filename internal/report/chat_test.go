package report

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/snapshot"
)

const chatPage = "https://github.com/acme/platform/issues/7"

// checkChats asserts of a digest what holds of it in every chat but Slack's single message.
func checkChats(t *testing.T, d Digest) {
	t.Helper()
	chapters := chaptersOf(d.Upstreams, d.At)
	checkThread(t, d, chapters)
	checkDiscord(t, d, chapters)
	checkTeams(t, d, chapters)
	checkShort(t, d, chapters)
}

func discordOf(t *testing.T, d Digest, opts ChatOptions) discordMessage {
	t.Helper()
	b, err := Discord(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "Discord", string(b))
	var m discordMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if compact := regexp.MustCompile(`\s+`).ReplaceAllString(string(b), ""); !strings.Contains(compact, `"allowed_mentions":{"parse":[]}`) || strings.Contains(compact, `"flags":`) {
		t.Error("somebody may be called, or there are flags")
	}
	return m
}

func (m discordMessage) text() string {
	var all []string
	for _, e := range m.Embeds {
		all = append(all, e.Description)
	}
	return strings.Join(all, "\n")
}

func checkDiscord(t *testing.T, d Digest, chapters []chapter) {
	t.Helper()
	units := func(s string) int { return len(utf16.Encode([]rune(s))) }
	m := discordOf(t, d, ChatOptions{URL: chatPage})
	if n := units(m.Content); n == 0 || n > 2000 {
		t.Errorf("content of %d characters", n)
	}
	if len(m.Embeds) == 0 || len(m.Embeds) > 10 {
		t.Errorf("%d embeds", len(m.Embeds))
	}
	total := 0
	for _, e := range m.Embeds {
		n := units(e.Description)
		if n == 0 || n > 4096 {
			t.Errorf("an embed of %d characters", n)
		}
		total += n
		checkDiscordText(t, e.Description)
	}
	if total > 6000 {
		t.Errorf("%d characters in all embeds", total)
	}
	checkDiscordText(t, m.Content)
	checkTold(t, d, chapters, m.text())
	if !strings.Contains(m.text(), "[The whole digest]("+chatPage+")") {
		t.Error("no link to the whole digest")
	}
}

var (
	discordSteps = regexp.MustCompile("^(?:" +
		`\\[^0-9A-Za-z\s]` + // 1 an escaped sign
		"|`[^`\n]+`" + // code
		`|\[((?:\\.|[^\[\]\n\\])+)\]\(https?://[^\s()<>]+\)` + // a link
		")")
	discordLine = regexp.MustCompile(`(?m)^[ \t\x{200b}]*(?:#{1,3} |-# |>|[-*+] |\d+[.)] )`)
	chatCalls   = regexp.MustCompile(`@[A-Za-z0-9_]|#[A-Za-z]|://|:[A-Za-z0-9_+]+:|\bwww\.`)
)

// checkDiscordText reads text as Discord does: escapes, code, links, bold, and nothing else may be in it.
func checkDiscordText(t *testing.T, s string) {
	t.Helper()
	if m := discordLine.FindString(s); m != "" {
		t.Errorf("a line begins with %q in %.200q", m, s)
	}
	for line := range strings.Lines(s) {
		words, bold := "", 0
		for rest := line; rest != ""; {
			m := discordSteps.FindStringSubmatch(rest)
			switch {
			case m != nil && m[1] != "":
				checkDiscordText(t, m[1])
				words += "."
			case m != nil && m[0][0] == '\\':
				words += m[0][1:]
				if strings.ContainsRune("*_~`|<>[]\\", rune(m[0][1])) {
					words = words[:len(words)-1] + "."
				}
			case m != nil:
				words += "."
			case strings.HasPrefix(rest, "**"):
				bold++
				words += "·"
				rest = rest[2:]
				continue
			default:
				r, n := utf8.DecodeRuneInString(rest)
				words += string(r)
				rest = rest[n:]
				continue
			}
			rest = rest[len(m[0]):]
		}
		if i := strings.IndexAny(words, "*_~`|<>[]\\"); i >= 0 || bold%2 != 0 {
			t.Errorf("%q is alive, or bold stays open (%d), in %.200q", words[max(i, 0):min(max(i, 0)+1, len(words))], bold, line)
		}
		if m := chatCalls.FindString(words); m != "" {
			t.Errorf("%q in %.200q", m, line)
		}
	}
}

var chatLeft = regexp.MustCompile(`([0-9]+) entr(?:y is|ies are) left out here`)

// checkTold asserts that each entry is shown or counted as left out.
func checkTold(t *testing.T, d Digest, chapters []chapter, all string) {
	t.Helper()
	left, shown, entries, changes := 0, len(slackGates.FindAllString(all, -1)), 0, 0
	if m := chatLeft.FindStringSubmatch(all); m != nil {
		left, _ = strconv.Atoi(m[1])
	}
	for _, s := range chatSections(d, chapters) {
		entries += len(s.entries)
		changes += s.size()
	}
	switch {
	case left == 0 && shown != entries,
		changes == entries && left+shown != changes,
		left+shown > changes:
		t.Errorf("%d shown and %d left out of %d entries with %d changes", shown, left, entries, changes)
	}
}

func teamsOf(t *testing.T, d Digest, opts ChatOptions) (m struct {
	Type, Summary string
	Attachments   []struct {
		ContentType string
		ContentURL  any
		Content     struct {
			Type, Version, FallbackText string
			Body                        []struct {
				Type, Text string
				Wrap       bool
			}
			Actions []teamsAction
			MSTeams map[string]any
		}
	}
},
) {
	t.Helper()
	b, err := Teams(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "Teams", string(b))
	if n := wireLen(string(b)); n > teamsTotal {
		t.Errorf("%d bytes on the wire", n)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func checkTeams(t *testing.T, d Digest, chapters []chapter) {
	t.Helper()
	m := teamsOf(t, d, ChatOptions{URL: chatPage})
	c := m.Attachments[0].Content
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || m.Attachments[0].ContentURL != nil ||
		c.Type != "AdaptiveCard" || c.Version != "1.4" || c.FallbackText == "" || m.Summary == "" {
		t.Errorf("the message is %+v", m)
	}
	if len(c.MSTeams) != 1 || c.MSTeams["width"] != "Full" {
		t.Errorf("msteams is %v", c.MSTeams)
	}
	if len(c.Actions) != 1 || c.Actions[0].URL != chatPage {
		t.Errorf("actions %v", c.Actions)
	}
	var all []string
	for _, b := range c.Body {
		if b.Type != "TextBlock" || b.Text == "" || !b.Wrap || strings.Contains(b.Text, "\n") {
			t.Errorf("block %+v", b)
		}
		checkTeamsText(t, b.Text)
		all = append(all, b.Text)
	}
	checkTold(t, d, chapters, strings.Join(all, "\n"))
}

var (
	teamsReader  = goldmark.New(goldmark.WithExtensions(extension.GFM))
	teamsEscaped = regexp.MustCompile(`\\[!-/:-@\[-` + "`" + `{-~]`)
	teamsTag     = regexp.MustCompile(`<[A-Za-z/!?]|\{\{|&(?:#|[A-Za-z]+;)`)
)

// checkTeamsText reads text as the most generous of Teams' clients may, with GitHub's extensions too.
func checkTeamsText(t *testing.T, s string) {
	t.Helper()
	src := []byte(s)
	doc := teamsReader.Parser().Parse(text.NewReader(src))
	words := ""
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Emphasis, *ast.Link:
			words += "·"
		}
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Document, *ast.Paragraph, *ast.String:
		case *ast.Text:
			words += teamsEscaped.ReplaceAllStringFunc(string(n.Segment.Value(src)), func(m string) string { return m[1:] })
		case *ast.Emphasis:
			if n.Level != 2 {
				t.Errorf("italics in %.200q", s)
			}
		case *ast.Link:
			if !strings.HasPrefix(string(n.Destination), "http") {
				t.Errorf("a link to %q", n.Destination)
			}
		default:
			t.Errorf("%s in %.200q", n.Kind(), s)
		}
		return ast.WalkContinue, nil
	})
	if m := teamsTag.FindString(words); m != "" {
		t.Errorf("%q in %.200q", m, s)
	}
	if m := chatCalls.FindString(words); m != "" {
		t.Errorf("%q in %.200q", m, s)
	}
	bare := teamsEscaped.ReplaceAllString(s, ".")
	if strings.Count(bare, "**")%2 != 0 || strings.ContainsAny(strings.ReplaceAll(bare, "**", ""), "*`") {
		t.Errorf("%.200q has open signs", s)
	}
}

var shortAlive = regexp.MustCompile("[*`<>\\[\\]~|\\\\]|@[A-Za-z0-9_]|#[A-Za-z0-9]|://|:[A-Za-z0-9_+]+:|\\{\\{|&[#A-Za-z]|(?m:^[#>+-] )|(?:^|\\s)/[A-Za-z]+(?:\\s|$)|(?:^|\\s)_|_(?:\\s|$)")

func checkShort(t *testing.T, d Digest, chapters []chapter) {
	t.Helper()
	acts, all := 0, 0
	for _, s := range chatSections(d, chapters) {
		all += len(s.entries)
		if s.own {
			acts += len(s.entries)
		}
	}
	for _, limit := range []int{0, 30, 140, 1000, 1 << 20} {
		s := Short(d, ChatOptions{URL: chatPage}, limit)
		if len(s) > limit || !utf8.ValidString(s) {
			t.Errorf("limit %d: %d bytes, %.200q", limit, len(s), s)
		}
		checkPrinted(t, "the short text", s)
		text, linked := strings.CutSuffix(s, chatPage)
		if m := shortAlive.FindString(text); m != "" {
			t.Errorf("limit %d: %q in %.300q", limit, m, s)
		}
		if limit < 1000 {
			continue
		}
		left := 0
		if m := regexp.MustCompile(`(?m)^… and ([0-9]+) more to act on\.$`).FindStringSubmatch(s); m != nil {
			left, _ = strconv.Atoi(m[1])
		}
		want := acts
		if limit == 1<<20 { // there is room for everything
			want = all
		}
		if shown := len(slackGates.FindAllString(s, -1)); shown+left != want && (limit != 1000 || shown != all) && len(d.Upstreams) < 3 || !linked {
			t.Errorf("limit %d: %d shown and %d left of %d; linked: %v", limit, shown, left, acts, linked)
		}
	}
}

func TestChats(t *testing.T) {
	for name, d := range map[string]Digest{"every-kind": digestOf(everyKind()), "hostile": hostile(), "failed-source": failed(), "two-upstreams": two()} {
		opts := ChatOptions{URL: chatPage}
		b, err := Discord(d, opts)
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name+".discord.golden", b)
		if b, err = Teams(d, opts); err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		if b, err = encode(json.RawMessage(b)); err != nil { // with line ends, to be read
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name+".teams.golden", b)
		golden.Check(t, "testdata/"+name+".short.golden", []byte(Short(d, opts, 1000)+"\n"))
		checkChats(t, d)
	}
}

func TestChatsKeepTheirLimits(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 17, 40, 150, 2000} {
		if raceDetector && n > 40 {
			continue
		}
		d := huge(n)
		checkSlack(t, d)
		checkChats(t, d)
	}
	d := huge(0)
	d.Upstreams = nil
	checkChats(t, d)
	for range 300 {
		d.Upstreams = append(d.Upstreams, two().Upstreams...)
	}
	checkChats(t, d)
	d.Upstreams = nil
	for i := range 90 { // many blocks of little text
		u := digestOf(everyKind()[24:25]).Upstreams[0]
		u.Upstream = "u" + strconv.Itoa(i)
		d.Upstreams = append(d.Upstreams, u)
	}
	checkSlack(t, d)
	checkChats(t, d)
}

func TestDiscordColours(t *testing.T) {
	colours := func(d Digest) []int {
		var out []int
		for _, e := range discordOf(t, d, ChatOptions{}).Embeds {
			out = append(out, e.Color)
		}
		return out
	}
	if got, want := colours(digestOf(everyKind())), []int{discordRed, discordRed, discordBlue, discordGrey}; !slices.Equal(got, want) {
		t.Errorf("colours %x, want %x", got, want)
	}
	if got, want := colours(digestOf(everyKind()[4:6])), []int{discordBlue, discordBlue, discordGrey}; !slices.Equal(got, want) {
		t.Errorf("colours where nothing asks for action %x, want %x", got, want)
	}
}

func TestChatNamesAndCode(t *testing.T) {
	for _, c := range []struct{ in, discord, teams, short string }{
		{"<!channel> <@1> @here", `\<!channel\> \<@·1\> @·here`, "<·!channel> <·@·1> @·here", "‹!channel› ‹@·1› @·here"},
		{"a *b* _c_ d_e ~f~ `g` ||h||", `a \*b\* \_c\_ d\_e \~f\~ ` + "\\`g\\`" + ` \|\|h\|\|`, `a \*b\* \_c\_ d_e \~f\~ 'g' ||h||`, "a ∗b∗ ＿c＿ d_e ∼f∼ 'g' ¦¦h¦¦"},
		{"# x", `\# x`, `\# x`, "·#· x"},
		{"12. x 3. y", `12\. x 3. y`, `12\. x 3. y`, "12·. x 3. y"},
		{"--feature-gates", "--feature-gates", "--feature-gates", "--feature-gates"},
		{"- x", `\- x`, `\- x`, "·- x"},
		{"/close /etc/x :tada: https://a.bc {{DATE(x)}}", "/close /etc/x :·tada: https:·//a.bc {{DATE(x)}}", "/close /etc/x :·tada: https:·//a.bc {·{DATE(x)}}", "/·close /etc/x :·tada: https:·//a.bc {·{DATE(x)}}"},
		{"[a](https://b.cd) <at>x</at>", `\[a\]\(https:·//b.cd) \<at\>x\</at\>`, `\[a\](https:·//b.cd) <·at>x<·/at>`, "(a)(https:·//b.cd) ‹at›x‹/at›"},
	} {
		for _, got := range []struct{ service, got, want string }{
			{"Discord", discordWords(c.in), c.discord}, {"Teams", teamsWords(c.in), c.teams}, {"short", shortWords(c.in), c.short},
		} {
			if want := strings.ReplaceAll(got.want, "·", zwsp); got.got != want {
				t.Errorf("%s: %q becomes %q, want %q", got.service, c.in, got.got, want)
			}
		}
	}
	if got := discordLink("[a](b)|c", "https://a.bc/?x=1&y=2"); got != `[(a)(b)\|c](https://a.bc/?x=1&y=2)` {
		t.Errorf("link %q", got)
	}
}

// fuzzChat asserts that whatever a dialect writes of two texts is read as words.
func fuzzChat(f *testing.F, d dialect, check func(*testing.T, string)) {
	f.Helper()
	for _, a := range attacks() {
		if len(a.text) < 10000 {
			f.Add(a.text, "Widget")
			f.Add("1", a.text)
		}
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if len(one)+len(two) > 5000 {
			return
		}
		check(t, d.words(one))
		check(t, d.words(one)+" "+d.words(two))
		e := entry{id: one, also: two, about: say(quote(one)), change: say(name(two), " ", one, " ", bold(two)), why: say(two), proof: []span{linkTo(one, two), linkTo(two, "https://a.bc/"+one)}}
		check(t, d.entry(e, section{own: true}))
		check(t, d.heading(chatSection{section: section{heading: one, intro: say(quote(two))}, of: two}))
	})
}

func FuzzDiscord(f *testing.F) { fuzzChat(f, discordDialect(), checkDiscordText) }

func FuzzTeams(f *testing.F) {
	fuzzChat(f, teamsDialect(), func(t *testing.T, s string) {
		t.Helper()
		for l := range strings.SplitSeq(s, "\n") {
			checkTeamsText(t, l)
		}
	})
}

func FuzzShort(f *testing.F) {
	fuzzChat(f, shortDialect(), func(t *testing.T, s string) {
		t.Helper()
		if m := shortAlive.FindString(s); m != "" {
			t.Errorf("%q in %.300q", m, s)
		}
	})
}

func TestChatsLinkOnlyToAddresses(t *testing.T) {
	for _, url := range []string{"", "javascript:alert(1)"} {
		d, opts := huge(300), ChatOptions{URL: url}
		if all := discordOf(t, d, opts).text(); strings.Contains(all, "The whole digest") || !strings.Contains(all, "Other formats and the pages of bot serve tell all of it.") {
			t.Errorf("Discord with %q: %.300q", url, all)
		}
		c := teamsOf(t, d, opts).Attachments[0].Content
		if last := c.Body[len(c.Body)-3].Text; len(c.Actions) > 0 || !strings.Contains(last, "Other formats and the pages of bot serve tell all of it.") {
			t.Errorf("Teams with %q: %v, %q", url, c.Actions, last)
		}
		if s := Short(d, opts, 500); strings.Contains(s, "javascript") || strings.Contains(s, "://") {
			t.Errorf("short with %q: %s", url, s)
		}
		for _, m := range threadOf(t, d, opts) {
			if strings.Contains(strings.Join(m.texts(), ""), "The whole digest") {
				t.Errorf("Slack links to %q", url)
			}
		}
	}
}

func TestAlertsWithoutAnyUpstream(t *testing.T) {
	d := failed()
	d.Upstreams = nil
	checkSlack(t, d)
	checkChats(t, d)
	if m := discordOf(t, d, ChatOptions{}); m.Embeds[0].Color != discordAmber {
		t.Errorf("embeds %+v", m.Embeds)
	}
	mailOf(t, d, ChatOptions{})
}

func TestChatLinksAreCalledWhatTheyAre(t *testing.T) {
	for _, c := range []struct{ in, slack, discord, teams string }{
		{"[https://kubernetes.io/x](https://evil.test/y)", "https:·//kubernetes.io/x (<https://evil.test/y|evil.test>)", "https:·//kubernetes.io/x ([evil.test](https://evil.test/y))", "https:·//kubernetes.io/x ([evil.test](https://evil.test/y))"},
		{"[github.com/a](https://github.com.evil.test/)", "github.com/a (<https://github.com.evil.test/|github.com.evil.test>)", "github.com/a ([github.com.evil.test](https://github.com.evil.test/))", "github.com/a ([github.com.evil.test](https://github.com.evil.test/))"},
		{"[the page](https://evil.test/y)", "<https://evil.test/y|the page>", "[the page](https://evil.test/y)", "[the page](https://evil.test/y)"},
		{"https://a.test/b", "<https://a.test/b|a.test/b>", "[a.test/b](https://a.test/b)", "[a.test/b](https://a.test/b)"},
	} {
		for _, got := range []struct {
			d    dialect
			want string
		}{{slackDialect(), c.slack}, {discordDialect(), c.discord}, {teamsDialect(), c.teams}} {
			if text := got.d.inline(phrase{quote(c.in)}); text != strings.ReplaceAll(got.want, "·", zwsp) {
				t.Errorf("%s: %q becomes %q, want %q", got.d.service, c.in, text, got.want)
			}
		}
	}
}

func TestChatsNameEachSourceThatFailed(t *testing.T) {
	d := failed()
	u := &d.Upstreams[0]
	u.Sections = u.Sections[1:2]
	names := []string{"releases", "proposals", "docs", "tickets", "paths", "milestones", "feeds", "cycle"}
	for _, n := range names {
		u.Sections = append(u.Sections, diff.SectionResult{Source: n, Status: snapshot.Failed, Reason: "HTTP 403: " + strings.Repeat("you have exceeded a limit ", 12)})
	}
	slack, teams := strings.Join(slackOf(t, d, SlackOptions{}).texts(), "\n"), ""
	for _, b := range teamsOf(t, d, ChatOptions{}).Attachments[0].Content.Body {
		teams += b.Text + "\n"
	}
	for service, all := range map[string]string{"Slack": slack, "Discord": discordOf(t, d, ChatOptions{}).text(), "Teams": teams} {
		for _, f := range failuresOf(*u) {
			if !strings.Contains(all, f[:1].plain()) {
				t.Errorf("%s does not say %q", service, f[:1].plain())
			}
		}
		if !strings.Contains(all, "1 thing to act on") {
			t.Errorf("%s does not say what was compared", service)
		}
	}
}
