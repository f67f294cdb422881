package slackbot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/slacktest"
)

// TestAnEchoOfTheTokenIsNotTold: a token has the form of a word, and who says it back, as a proxy for debugging or a server
// in Slack's place, must not get it into errors and the state.
func TestAnEchoOfTheTokenIsNotTold(t *testing.T) {
	for _, body := range []string{
		`{"ok":false,"error":"` + token + `"}`,
		`{"ok":false,"error":"invalid_auth: ` + token + `"}`,
		`{"ok":false,"error":"` + strings.ToUpper(token) + `"}`,
		`{"ok":false,"error":"eG94Yi0xMTExLTIyMjItdmVyeXNlY3JldA=="}`,
		`{"ok":false,"error":"missing_scope","needed":"` + token + `"}`,
		`{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] ` + token + ` [json-pointer:/blocks/0]"]}}`,
		`{"ok":true,"user_id":"U1","user":"` + token + `","permalink":"https://example.com/?token=` + token + `"}`,
	} {
		for _, method := range []string{"", "chat.postMessage", "chat.getPermalink", "auth.test"} {
			f := newFixture(t)
			f.slack.Fail(slacktest.Fault{Method: method, Body: body, Times: -1})
			f.queue("a", 0)
			err := f.deliver(t.Context())
			where, terr := f.channel().Test(t.Context(), publish.Message{Title: "A test"})
			told := strings.ToLower(fmt.Sprint(err, where, terr, f.saved[0].ResultURL, f.saved[0].Problem))
			if strings.Contains(told, "verysecret") || strings.Contains(told, "eg94yi0xmtex") {
				t.Errorf("%s after %s: %s", method, body, told)
			}
		}
	}
}

// TestAWaitBeyondNumbers: the library's seconds overflow; who asks to be left alone for ever is not asked each second.
func TestAWaitBeyondNumbers(t *testing.T) {
	f := newFixture(t)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 9223372037, Times: -1})
	f.queue("a", 0)
	before := len(f.slack.Calls())
	err := f.deliver(t.Context())
	if n := len(f.slack.Calls()) - before; err == nil || n > 3 {
		t.Errorf("%d calls, %v", n, err)
	}
}
