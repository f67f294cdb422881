package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/slacktest"
)

type server struct {
	*slacktest.Server
	t   *testing.T
	now time.Time
}

func start(t *testing.T, o slacktest.Options) *server {
	t.Helper()
	s := &server{t: t, now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return s.now }
	s.Server = slacktest.New(o)
	t.Cleanup(s.Close)
	s.AddChannel(slacktest.Channel{ID: "C1", Name: "one"})
	return s
}

type result struct {
	status     int
	retryAfter string
	OK         bool
	Error      string
	TS         string
	HasMore    bool `json:"has_more"`
	Messages   []struct {
		TS, Text string
		Metadata json.RawMessage
	}
	Meta struct {
		Cursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

func (s *server) call(method string, form ...string) result {
	s.t.Helper()
	v := url.Values{"token": {"xoxb-test"}, "channel": {"C1"}}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	resp, err := http.PostForm(s.URL+method, v)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	r := result{status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After")}
	if err := json.Unmarshal(b, &r); err != nil {
		s.t.Fatalf("%s: %s", method, b)
	}
	return r
}

func (s *server) post(form ...string) result {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	return s.call("chat.postMessage", form...)
}

func blocks(n int, block string) string {
	return "[" + strings.Join(slices.Repeat([]string{block}, n), ",") + "]"
}

func section(n int) string {
	return `{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", n) + `"}}`
}

func TestLimits(t *testing.T) {
	s := start(t, slacktest.Options{})
	header := func(n int) string {
		return `[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("é", n) + `"}}]`
	}
	context := func(n int) string {
		return `[{"type":"context","elements":` + blocks(n, `{"type":"mrkdwn","text":"x"}`) + `}]`
	}
	for _, c := range []struct{ text, blocks, want string }{
		{strings.Repeat("x", 40000), "", ""},
		{strings.Repeat("x", 40001), "", "msg_too_long"},
		{"", "", "no_text"},
		{"x", blocks(50, `{"type":"divider"}`), ""},
		{"x", blocks(51, `{"type":"divider"}`), "invalid_blocks"},
		{"x", blocks(1, section(3000)), ""},
		{"x", blocks(1, section(3001)), "invalid_blocks"},
		{"x", blocks(1, section(0)), "invalid_blocks"},
		{"x", blocks(4, section(3000)), ""},
		{"x", blocks(5, section(2700)), "msg_blocks_too_long"},
		{"x", header(150), ""},
		{"x", header(151), "invalid_blocks"},
		{"x", context(10), ""},
		{"x", context(11), "invalid_blocks"},
		{"x", "{", "invalid_blocks_format"},
		{"x", `[{"type":"nonsense"}]`, "invalid_blocks"},
	} {
		form := []string{"text", c.text}
		if c.blocks != "" {
			form = append(form, "blocks", c.blocks)
		}
		if r := s.post(form...); r.Error != c.want || r.OK != (c.want == "") || r.status != 200 {
			t.Errorf("text of %d, blocks %.60s: %d %v %q, want %q", len(c.text), c.blocks, r.status, r.OK, r.Error, c.want)
		}
	}
}

func TestOneASecond(t *testing.T) {
	s := start(t, slacktest.Options{})
	a := s.post("text", "x")
	s.now = s.now.Add(999 * time.Millisecond)
	if r := s.call("chat.postMessage", "text", "x"); r.status != 429 || r.retryAfter != "1" {
		t.Errorf("got %d, Retry-After %q", r.status, r.retryAfter)
	}
	s.now = s.now.Add(-500 * time.Millisecond) // a clock that was set back
	s.AddChannel(slacktest.Channel{ID: "C2"})
	if b := s.call("chat.postMessage", "text", "x", "channel", "C2"); b.TS <= a.TS {
		t.Errorf("%s after %s", b.TS, a.TS)
	}
}

func TestPagesAndThreads(t *testing.T) {
	s := start(t, slacktest.Options{PageSize: 2})
	root := s.post("text", "root", "metadata", `{"event_type":"e","event_payload":{"k":1}}`).TS
	s.post("text", "hidden", "thread_ts", root)
	s.post("text", "shown", "thread_ts", root, "reply_broadcast", "true")
	s.post("text", "last")
	read := func(method string, form ...string) string {
		var out []string
		cursor := ""
		for {
			r := s.call(method, append(form, "cursor", cursor, "limit", "50")...)
			for _, m := range r.Messages {
				out = append(out, m.Text)
			}
			if cursor = r.Meta.Cursor; cursor == "" {
				return strings.Join(out, " ")
			}
			if !r.HasMore {
				t.Error("a cursor, and no more")
			}
		}
	}
	if got := read("conversations.history"); got != "last shown root" {
		t.Error(got)
	}
	if got := read("conversations.replies", "ts", root); got != "root hidden shown" {
		t.Error(got)
	}
	if got := read("conversations.history", "oldest", root, "latest", root, "inclusive", "1"); got != "root" {
		t.Error(got)
	}
	if got := read("conversations.history", "oldest", root); got != "last shown" {
		t.Error(got)
	}
	one := []string{"oldest", root, "latest", root, "inclusive", "1"}
	if r := s.call("conversations.history", one...); r.Messages[0].Metadata != nil {
		t.Error("metadata that nobody asked for")
	}
	if r := s.call("conversations.history", append(one, "include_all_metadata", "1")...); r.Messages[0].Metadata == nil {
		t.Error("no metadata")
	}
	s.Delete("C1", root)
	if r := s.call("conversations.replies", "ts", root); r.Error != "thread_not_found" {
		t.Error(r.Error)
	}
	s.post("text", "orphan", "thread_ts", root)
	if got := read("conversations.history"); !strings.HasPrefix(got, "orphan ") {
		t.Error(got)
	}
}

func TestNotes(t *testing.T) {
	s := start(t, slacktest.Options{})
	for text, want := range map[string]string{
		"<https://example.com|a &amp; b> &lt;x&gt;": "",
		"<!channel>": "ping: <!channel>",
		"<@U1> hi":   "ping: <@U1>",
		"a & b":      `not escaped: "& b"`,
		"a < b":      `not escaped: "< b"`,
		"<script>":   "not escaped: <script>",
	} {
		before := len(s.Notes())
		raw, _ := json.Marshal([]any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text}}})
		s.post("text", "x", "blocks", string(raw))
		if got := strings.Join(s.Notes()[before:], ""); got != want {
			t.Errorf("%s: noted %q, want %q", text, got, want)
		}
	}
}
