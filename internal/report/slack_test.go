package report

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/golden"
)

func slackOf(t *testing.T, d Digest, opts SlackOptions) slackMessage {
	t.Helper()
	b, err := Slack(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, "Slack", string(b))
	var m slackMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// texts are all texts of a message, with the fallback first.
func (m slackMessage) texts() []string {
	out := []string{m.Text}
	for _, b := range m.Blocks {
		if b.Text != nil {
			out = append(out, b.Text.Text)
		}
		for _, e := range b.Elements {
			out = append(out, e.Text)
		}
	}
	return out
}

var (
	slackOurs  = regexp.MustCompile(`<https?://[^<>|\s]+\|[^<>|\n]*>`)
	slackSigns = regexp.MustCompile(`&(amp|lt|gt);`)
	slackNames = regexp.MustCompile(`@[A-Za-z0-9]|#[A-Za-z]`)
	slackQuiet = regexp.MustCompile("<[^|>]*|`[^`]*`") // addresses and code
	slackGates = regexp.MustCompile(`(?m)^• `)
	slackLeft  = regexp.MustCompile(`\*([0-9]+) entr(?:y is|ies are) left out here\*`)
)

// checkSlack asserts what Slack and its readers rely on, for any digest.
func checkSlack(t *testing.T, d Digest) {
	t.Helper()
	const page = "https://github.com/acme/platform/issues/7"
	for _, opts := range []SlackOptions{{}, {URL: page}} {
		m := slackOf(t, d, opts)
		checkSlackMessage(t, m)
		checkCount(t, d, m, opts)
	}
}

// checkSlackMessage asserts what holds of any message.
func checkSlackMessage(t *testing.T, m slackMessage) {
	t.Helper()
	if len(m.Blocks) > 50 {
		t.Errorf("%d blocks", len(m.Blocks))
	}
	total := 0
	for i, b := range m.Blocks {
		limit := 3000
		switch {
		case b.Type == "header" && i == 0 && b.Text.Type == "plain_text":
			limit = 150
		case b.Type == "section" && b.Text.Type == "mrkdwn" && b.Text.Verbatim:
		case b.Type == "context" && len(b.Elements) == 1 && b.Elements[0].Verbatim:
		default:
			t.Errorf("block %d is %+v", i, b)
		}
		for _, s := range (slackMessage{Blocks: []slackBlock{b}}).texts()[1:] {
			if n := utf8.RuneCountInString(s); n > limit || n == 0 {
				t.Errorf("block %d (%s) has %d characters", i, b.Type, n)
			}
			total += len(s)
		}
	}
	if total += len(m.Text); total > 12000 {
		t.Errorf("%d bytes in all", total)
	}
	if m.UnfurlLinks || m.UnfurlMedia {
		t.Error("links are unfolded")
	}
	for i, s := range m.texts() {
		if i == 1 && m.Blocks[0].Type == "header" {
			continue // which is plain text to Slack
		}
		if rest := slackOurs.ReplaceAllString(s, ""); strings.ContainsAny(rest, "<>") {
			t.Errorf("a sign of Slack's in %.200q", rest)
		}
		if rest := slackSigns.ReplaceAllString(s, ""); strings.Contains(rest, "&") {
			t.Errorf("a bare & in %.200q", rest)
		}
		s = strings.ReplaceAll(s, "`"+zwsp, "") // which opens nothing
		if m := slackNames.FindString(slackQuiet.ReplaceAllString(s, "")); m != "" {
			t.Errorf("%q in %.200q", m, s)
		}
		if strings.Count(s, "`")%2 != 0 {
			t.Errorf("code stays open in %.200q", s)
		}
	}
}

// checkCount asserts that each change is shown or counted as left out.
func checkCount(t *testing.T, d Digest, m slackMessage, opts SlackOptions) {
	t.Helper()
	all := strings.Join(m.texts(), "\n")
	left, shown, entries := 0, len(slackGates.FindAllString(all, -1)), 0
	if n := slackLeft.FindStringSubmatch(all); n != nil {
		left, _ = strconv.Atoi(n[1])
	}
	gates := 0
	sections := alertsOf(d)
	for _, u := range d.Upstreams {
		sections = append(sections, chapterOf(u, d.At).sections...)
	}
	for _, s := range sections {
		entries += len(s.entries)
		gates += s.size()
	}
	switch {
	case left == 0 && shown != entries:
		t.Errorf("%d of %d entries are shown and none is said to be left out", shown, entries)
	case left+shown > gates || left > gates:
		t.Errorf("%d shown and %d left out of %d", shown, left, gates)
	case gates == entries && left+shown != gates:
		t.Errorf("%d shown and %d left out of %d", shown, left, gates)
	}
	if opts.URL != "" && !strings.Contains(all, "<"+opts.URL+"|The whole digest>") {
		t.Error("no link to the whole digest")
	}
}

func TestSlack(t *testing.T) {
	for name, d := range map[string]Digest{"every-kind": digestOf(everyKind()), "hostile": hostile(), "failed-source": failed()} {
		b, err := Slack(d, SlackOptions{URL: "https://github.com/acme/platform/issues/7"})
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name+".slack.golden", b)
		checkSlack(t, d)
	}
}

func TestSlackTellsWhatAsksForActionFirst(t *testing.T) {
	d := two()
	// The second upstream has something to act on, the first has not.
	d.Upstreams[1].Changes = append(everyKind()[:1], d.Upstreams[1].Changes...)
	all := strings.Join(slackOf(t, d, SlackOptions{}).texts(), "\n")
	act, know := strings.Index(all, "*cert-manager: Act on*"), strings.Index(all, "*Kubernetes: ")
	if act < 0 || know < act {
		t.Errorf("act on at %d, the rest at %d:\n%s", act, know, all)
	}
}

func TestSlackSaysWhatItLeavesOut(t *testing.T) {
	d := huge(500)
	m := slackOf(t, d, SlackOptions{})
	checkCount(t, d, m, SlackOptions{})
	if all := strings.Join(m.texts(), "\n"); !slackLeft.MatchString(all) || !strings.Contains(all, "Other formats and the pages of bot serve tell all of it.") {
		t.Error("nothing said of what is left out")
	}
	if all := strings.Join(slackOf(t, digestOf(everyKind()[:3]), SlackOptions{}).texts(), "\n"); slackLeft.MatchString(all) {
		t.Error("nothing is left out, and it says so")
	}
}

func TestSlackNamesAndCode(t *testing.T) {
	for in, want := range map[string]string{
		"<!channel> & @here":    "&lt;!channel&gt; &amp; @\u200bhere",
		"a *b* _c_ d_e ~f~ `g`": "a *\u200bb*\u200b _\u200bc_\u200b d_e ~\u200bf~\u200b `\u200bg`\u200b",
		"#general 5 # x":        "#\u200bgeneral 5 # x",
		"::tada: :tada:":        "::\u200btada: :\u200btada:",
	} {
		if got := slackWords(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := slackCode("a`b<!here>"); got != "`a'b&lt;!here&gt;`" {
		t.Errorf("code %q", got)
	}
	if got := slackLink("a|b>c", "https://a.bc/?x=1&y=2"); got != "<https://a.bc/?x=1&amp;y=2|a¦b&gt;c>" {
		t.Errorf("link %q", got)
	}
}

func TestSlackHeaderKeepsWhatThereIsToDo(t *testing.T) {
	d := two()
	d.Upstreams = append(d.Upstreams, digestOf(everyKind()).Upstreams[0])
	for i := range d.Upstreams {
		d.Upstreams[i].Upstream = "an-upstream-with-quite-a-long-name-no-" + strconv.Itoa(i)
	}
	b, err := Slack(d, SlackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	thread, err := SlackThread(d, SlackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range [][]byte{b, thread[0]} {
		var m slackMessage
		if err := json.Unmarshal(doc, &m); err != nil {
			t.Fatal(err)
		}
		if head := m.Blocks[0].Text.Text; !strings.HasSuffix(head, " — 4 to act on, 2026-05-04") || utf8.RuneCountInString(head) > slackHeader {
			t.Errorf("the header is %q", head)
		}
	}
}
