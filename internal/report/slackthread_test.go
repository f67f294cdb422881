package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/golden"
)

func threadOf(t *testing.T, d Digest, opts SlackOptions) []slackMessage {
	t.Helper()
	list, err := SlackThread(d, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out []slackMessage
	for _, b := range list {
		checkPrinted(t, "Slack's thread", string(b))
		var m slackMessage
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// checkThread asserts that a thread is within the limits and tells everything once, in order.
func checkThread(t *testing.T, d Digest, chapters []chapter) {
	t.Helper()
	thread := threadOf(t, d, SlackOptions{URL: "https://github.com/acme/platform/issues/7"})
	var all []string
	foot := false
	for i, m := range thread {
		checkSlackMessage(t, m)
		all = append(all, m.texts()[1:]...)
		for j, b := range m.Blocks {
			if foot && b.Type != "context" {
				t.Errorf("message %d of %d tells more under the foot, in block %d", i+1, len(thread), j+1)
			}
			foot = foot || b.Type == "context"
		}
	}
	if !foot {
		t.Error("no foot")
	}
	text := strings.Join(all, "\n")
	sl := slackDialect()
	for _, own := range []bool{true, false} {
		for _, s := range chatSections(d, chapters) {
			if s.own != own {
				continue
			}
			for _, e := range s.entries {
				entry := sl.entry(e, s.section)
				_, after, ok := strings.Cut(text, entry)
				if !ok {
					t.Fatalf("not told, or not in order: %.200q", entry)
				}
				text = after
			}
		}
	}
	text = strings.Join(all, "\n")
	lines := sl.foot(d, chapters)
	for _, l := range topOf(chapters) {
		lines = append(lines, sl.inline(l))
	}
	for _, l := range lines {
		if len(l) <= slackFoot && !strings.Contains(text, l) {
			t.Errorf("not told: %.200q", l)
		}
	}
	if news, err := SlackNews(d, SlackOptions{}); err != nil {
		t.Fatal(err)
	} else if news != nil {
		checkPrinted(t, "Slack's news", string(news))
		var m slackMessage
		if err := json.Unmarshal(news, &m); err != nil {
			t.Fatal(err)
		}
		checkSlackMessage(t, m)
		size := 0
		for _, s := range m.texts() {
			size += len(s)
		}
		if !m.Broadcast || size > slackNewsTotal+2000 {
			t.Errorf("news of %d bytes, broadcast: %v", size, m.Broadcast)
		}
	}
}

func TestSlackThread(t *testing.T) {
	for name, d := range map[string]Digest{"every-kind": digestOf(everyKind()), "two-upstreams": two(), "failed-source": failed()} {
		list, err := SlackThread(d, SlackOptions{URL: "https://github.com/acme/platform/issues/7"})
		if err != nil {
			t.Fatal(err)
		}
		var all []json.RawMessage
		for _, b := range list {
			all = append(all, b)
		}
		b, err := encode(all)
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/"+name+".slack-thread.golden", b)
		checkChats(t, d)
	}
}

func TestSlackThreadTellsAllOfALongDigest(t *testing.T) {
	checkChats(t, huge(700))
	d := two()
	for range 60 { // what was compared does not fit into the first message
		d.Upstreams = append(d.Upstreams, two().Upstreams[1])
	}
	checkChats(t, d)
}

func TestSlackThreadIsOneMessageWhereAllAsksForAction(t *testing.T) {
	if n := len(threadOf(t, digestOf(everyKind()[:4]), SlackOptions{})); n != 1 {
		t.Errorf("%d messages", n)
	}
	if n := len(threadOf(t, digestOf(everyKind()[:5]), SlackOptions{})); n != 2 {
		t.Errorf("%d messages with one entry that asks for nothing", n)
	}
}

func TestSlackNews(t *testing.T) {
	d := digestOf(everyKind())
	d.Open = []Open{{Upstream: "kubernetes", Source: "gates", ID: "WidgetOld", State: "gone", What: "It was told before."}}
	b, err := SlackNews(d, SlackOptions{URL: "https://github.com/acme/platform/issues/7"})
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/every-kind.slack-news.golden", b)
	if strings.Contains(string(b), "WidgetOld") {
		t.Error("what was told before is not new")
	}
	if b, err := SlackNews(digestOf(everyKind()[4:]), SlackOptions{}); b != nil || err != nil {
		t.Errorf("nothing to act on gives %s, %v", b, err)
	}
	d.Upstreams[0].Changes = nil
	for _, c := range huge(400).Upstreams[0].Changes {
		d.Upstreams[0].Changes = append(d.Upstreams[0].Changes, mine(c, "your list"))
	}
	if b, _ = SlackNews(d, SlackOptions{}); !strings.Contains(string(b), "more are in the whole digest.") {
		t.Error("what does not fit is not counted")
	}
}

func TestThreadNamesWhatCouldNotBeReadWell(t *testing.T) {
	all := ""
	for _, m := range threadOf(t, failed(), SlackOptions{}) { // of which all else fits into the first message
		all += strings.Join(m.texts(), "\n")
	}
	if !strings.Contains(all, "pkg/features/odd.go:7") || !strings.Contains(all, "a gate may be missing") {
		t.Errorf("the place is not told:\n%s", all)
	}
}
