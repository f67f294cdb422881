package slackbot_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/slackbot"
	"github.com/upstream-digest/bot/internal/slacktest"
)

var statuses = map[publish.Status]string{publish.Owed: "owed", publish.Unclear: "unclear", publish.Filed: "filed"}

// What is told of each way to fail, and what state the part is left in. Where Slack refused it is owed; nothing is lost:
// once the cause is gone, it is delivered once.
func TestFaults(t *testing.T) {
	type scene struct {
		name  string
		set   func(f *fixture)
		fault slacktest.Fault
	}
	is := func(c slacktest.Channel) func(f *fixture) {
		c.ID = channelID
		return func(f *fixture) { f.slack.AddChannel(c) }
	}
	long := func(f *fixture) {
		f.saved[0].Body = `{"text":"x","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 3001) + `"}}]}`
	}
	scenes := []scene{
		{"not invited", is(slacktest.Channel{Absent: true}), slacktest.Fault{}},
		{"private, not invited", is(slacktest.Channel{Absent: true, Private: true}), slacktest.Fault{}},
		{"archived", is(slacktest.Channel{Archived: true}), slacktest.Fault{}},
		{"read only", is(slacktest.Channel{ReadOnly: true}), slacktest.Fault{}},
		{"no scope", func(f *fixture) { f.slack.SetScopes("channels:history") }, slacktest.Fault{}},
		{"block too long", long, slacktest.Fault{}},
	}
	for _, code := range []string{"invalid_auth", "token_revoked", "not_authed", "msg_too_long", "msg_blocks_too_long", "restricted_action", "message_limit_exceeded", "ratelimited", "not_allowed_token_type"} {
		scenes = append(scenes, scene{code, nil, slacktest.Fault{Error: code}})
	}
	for _, code := range []string{"internal_error", "fatal_error", "service_unavailable", "request_timeout", "something_new", "<!here> odd"} {
		scenes = append(scenes, scene{code, nil, slacktest.Fault{Error: code}})
	}
	for _, status := range []int{400, 403, 404, 408, 500, 502, 503} {
		scenes = append(scenes, scene{fmt.Sprintf("HTTP %d", status), nil, slacktest.Fault{Status: status}})
	}
	scenes = append(scenes,
		scene{"HTTP 429 for an hour", nil, slacktest.Fault{Status: 429, RetryAfter: 3600}},
		scene{"connection cut", nil, slacktest.Fault{Cut: true}},
		scene{"no JSON", nil, slacktest.Fault{Body: "<html>welcome to the hotel's network</html>"}},
		scene{"redirect", nil, slacktest.Fault{Status: 302}},
	)
	var out strings.Builder
	for _, s := range scenes {
		f := newFixture(t)
		f.queue("a", 0)
		body := f.saved[0].Body
		if s.set != nil {
			s.set(f)
		}
		if f1 := s.fault; f1.Cut || f1.Status != 0 || f1.Error != "" || f1.Body != "" {
			f1.Method, f1.Times = "chat.postMessage", -1
			f.slack.Fail(f1)
		}
		err := f.deliver(t.Context())
		if err == nil {
			t.Errorf("%s: no error", s.name)
			continue
		}
		told := strings.ReplaceAll(err.Error(), hostOf(f), "slack.com")
		if strings.Contains(told, "verysecret") || strings.Contains(told, "xoxb-1") || strings.Contains(told, "<") {
			t.Errorf("%s: the error shows what it should not: %s", s.name, told)
		}
		fmt.Fprintf(&out, "%s: %s\n    %s\n", s.name, statuses[f.saved[0].Status], strings.ReplaceAll(told, "\n", "\n    "))
		f.slack.Heal()
		f.slack.AddChannel(slacktest.Channel{ID: channelID})
		f.slack.SetScopes("chat:write", "channels:history")
		f.saved[0].Body = body
		f.mustDeliver()
		f.checkOnce("a")
	}
	golden.Check(t, filepath.Join("testdata", "faults.golden"), []byte(out.String()))
}

func hostOf(f *fixture) string {
	return strings.TrimSuffix(strings.TrimPrefix(f.slack.URL, "http://"), "/api/")
}

func TestTestMessage(t *testing.T) {
	var out strings.Builder
	say := func(name string, f *fixture) {
		where, err := f.channel().Test(t.Context(), publish.Message{Title: "A test", Text: "of <!channel> & all\n" + strings.Repeat("é", 3000)})
		told := where
		if err != nil {
			told = "error: " + err.Error()
		}
		fmt.Fprintf(&out, "%s\n    %s\n", name, strings.ReplaceAll(told, hostOf(f), "slack.com"))
	}
	f := newFixture(t)
	say("all well", f)
	if notes := f.slack.Notes(); len(notes) > 0 {
		t.Error(notes)
	}
	if m := f.slack.Messages(channelID); len(m) != 1 || !strings.HasPrefix(m[0].Text, "A test\nof &lt;!channel&gt; &amp; all\n") {
		t.Errorf("messages %+v", m)
	}
	f = newFixture(t)
	f.slack.SetScopes("chat:write")
	say("can only post", f)
	f.slack.SetScopes("channels:history")
	say("can't post", f)
	f = newFixture(t)
	f.slack.SetScopes("chat:write", "chat:write.public", "channels:history", "channels:read")
	f.slack.AddChannel(slacktest.Channel{ID: channelID, Name: "platform", Absent: true})
	say("posts without being a member", f)
	f.slack.SetScopes("chat:write")
	say("not invited", f)
	f = newFixture(t)
	f.slack.Fail(slacktest.Fault{Error: "invalid_auth", Times: -1})
	say("a wrong token", f)
	golden.Check(t, filepath.Join("testdata", "test.golden"), []byte(out.String()))
}

func TestTokens(t *testing.T) {
	f := newFixture(t)
	for value, want := range map[string]string{
		"":                                   "SLACK_BOT_TOKEN is empty",
		"https://hooks.slack.com/verysecret": "incoming webhook",
		"xapp-1-verysecret":                  "app-level token",
		"xoxb-verysecret\n":                  "copy the token anew",
	} {
		_, err := slackbot.New(slackbot.Options{Token: value, Env: env, HTTP: f.client, Now: f.Now})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), env) || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%q: got %v, want %q", value, err, want)
		}
	}
	if _, err := slackbot.New(slackbot.Options{Token: token, Env: env, HTTP: f.client, Now: f.Now}); err != nil {
		t.Error(err)
	}
}

var (
	_ publish.Channel = (*slackbot.Channel)(nil)
	_ publish.Tester  = (*slackbot.Channel)(nil)
)
