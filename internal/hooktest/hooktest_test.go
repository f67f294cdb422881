package hooktest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/upstream-digest/bot/internal/hooktest"
)

// post sends a value, and gives status and text.
func post(t *testing.T, url string, v any) (int, string) {
	t.Helper()
	body, err := json.Marshal(v)
	if s, ok := v.(string); ok {
		body = []byte(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

type m = map[string]any

type l = []any

func long(n int) string { return strings.Repeat("é", n) }

func times(n int, v any) l {
	var out l
	for range n {
		out = append(out, v)
	}
	return out
}

// TestLimits: what is at a limit is taken, what is beyond it is not.
func TestLimits(t *testing.T) {
	section := func(n int) m { return m{"type": "section", "text": m{"type": "mrkdwn", "text": long(n)}} }
	blocks := func(b ...any) m { return m{"text": "x", "blocks": b} }
	embed := func(e m) m { return m{"embeds": l{e}} }
	card := func(version string, body ...any) m {
		return m{"type": "message", "attachments": l{m{"contentType": "application/vnd.microsoft.card.adaptive", "content": m{"type": "AdaptiveCard", "version": version, "body": body}}}}
	}
	for name, tt := range map[string]struct {
		receiver func(hooktest.Options) *hooktest.Receiver
		good     l
		bad      map[string]any // by what is answered, or why the flow fails
	}{
		"slack": {hooktest.Slack, l{
			m{"text": "x"}, blocks(section(3000)), m{"text": "x", "blocks": times(50, section(10))},
			blocks(m{"type": "header", "text": m{"type": "plain_text", "text": long(150)}}, m{"type": "divider"}),
			blocks(section(3000), section(3000), section(3000), section(3000), section(1200)),
			blocks(m{"type": "section", "fields": times(10, m{"type": "mrkdwn", "text": "x"})}, m{"type": "context", "elements": times(10, m{"type": "plain_text", "text": "x"})}),
			blocks(m{"type": "markdown", "text": long(12000)}), blocks(m{"type": "actions", "elements": l{m{"type": "button", "text": m{"type": "plain_text", "text": "Open"}, "url": "https://example.com"}}}),
		}, map[string]any{
			"400 invalid_payload": "{", "400 no_text": m{}, "400 invalid_blocks 1": m{"text": "x", "blocks": times(51, section(10))}, "400 invalid_blocks 2": blocks(section(3001)), "400 invalid_blocks 3": blocks(section(0)),
			"400 invalid_blocks 4": blocks(m{"type": "header", "text": m{"type": "plain_text", "text": long(151)}}), "400 invalid_blocks 5": blocks(m{"type": "header", "text": m{"type": "mrkdwn", "text": "x"}}),
			"400 msg_blocks_too_long": blocks(section(3000), section(3000), section(3000), section(3000), section(1201)), "400 invalid_blocks 6": blocks(m{"type": "sektion"}),
			"400 invalid_blocks 7": blocks(m{"type": "section", "fields": times(11, m{"type": "mrkdwn", "text": "x"})}), "400 invalid_blocks 8": blocks(m{"type": "context", "elements": times(11, m{"type": "mrkdwn", "text": "x"})}),
			"400 invalid_blocks 9": blocks(m{"type": "markdown", "text": long(12001)}),
		}},
		"discord": {hooktest.Discord, l{
			m{"content": long(2000)}, m{"embeds": times(10, m{"title": "x"})}, embed(m{"title": long(256), "description": long(4096), "footer": m{"text": long(1648)}}),
			embed(m{"fields": times(25, m{"name": "a", "value": "b"})}), embed(m{"title": "x", "url": "https://example.com", "color": 0xffffff, "timestamp": "2026-05-04T07:17:00Z"}),
		}, map[string]any{
			"400 50109": "{", "400 50006": m{}, "400 50035.*2000 or fewer": m{"content": long(2001)}, "400 50035.*10 or fewer": m{"embeds": times(11, m{"title": "x"})},
			"400 50035.*256 or fewer": embed(m{"title": long(257)}), "400 50035.*4096 or fewer": embed(m{"description": long(4097)}), "400 50035.*2048 or fewer": embed(m{"footer": m{"text": long(2049)}}),
			"400 50035.*25 or fewer": embed(m{"fields": times(26, m{"name": "a", "value": "b"})}), "400 50035.*1024 or fewer": embed(m{"fields": l{m{"name": "a", "value": long(1025)}}}),
			"400 50035.*field is required": embed(m{"fields": l{m{"name": "a", "value": " "}}}), "400 50035.*maximum size of 6000": m{"embeds": l{m{"description": long(4000)}, m{"description": long(2001)}}},
			"400 50035.*well formed": embed(m{"title": "x", "url": "javascript:x"}), "400 50035.*16777215": embed(m{"title": "x", "color": 0x1000000}), "400 50035.*ISO8601": embed(m{"title": "x", "timestamp": "yesterday"}),
		}},
		"teams": {hooktest.Teams, l{
			card("1.4", m{"type": "TextBlock", "text": "x"}, m{"type": "FactSet", "facts": l{m{"title": "a", "value": "b"}}}, m{"type": "Container", "items": l{m{"type": "TextBlock", "text": "x"}}},
				m{"type": "ColumnSet", "columns": l{m{"type": "Column", "items": l{m{"type": "TextBlock", "text": "x"}}}}}, m{"type": "ActionSet", "actions": l{m{"type": "Action.OpenUrl", "title": "Open", "url": "https://example.com"}}}),
			card("1.2", m{"type": "TextBlock", "text": strings.Repeat("x", 28000)}),
		}, map[string]any{
			"400 InvalidRequestContent": "{", "413 RequestEntityTooLarge": card("1.4", m{"type": "TextBlock", "text": strings.Repeat("x", 28<<10)}),
			"202 no attachment": m{"text": "x"}, "202 version": card("1.5", m{"type": "TextBlock", "text": "x"}), "202 unknown type Sektion": card("1.4", m{"type": "Sektion"}), "202 no text": card("1.4", m{"type": "TextBlock"}),
			"202 no address": card("1.4", m{"type": "ActionSet", "actions": l{m{"type": "Action.OpenUrl", "title": "Open", "url": "javascript:x"}}}),
		}},
		"generic": {hooktest.Generic, nil, map[string]any{"400 webhook-id is missing": m{}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := tt.receiver(hooktest.Options{})
			t.Cleanup(r.Close)
			for i, v := range tt.good {
				status, text := post(t, r.URL()+"", v)
				if took := r.Took(); status/100 != 2 || len(took) != i+1 || took[i].Failed != "" {
					t.Errorf("good %d: %d %s %+v", i, status, text, took)
				}
			}
			for want, v := range tt.bad {
				n := len(r.Took())
				status, text := post(t, r.URL(), v)
				if took := r.Took(); len(took) > n {
					text = took[n].Failed
				} else if len(took) != n {
					t.Error("lost a message")
				}
				code, words, _ := strings.Cut(want, " ")
				words = strings.TrimRight(words, " 0123456789")
				if name == "discord" {
					words = want[len("400 "):]
				}
				for _, w := range strings.Split(words, ".*") {
					if fmt.Sprint(status) != code || !strings.Contains(text, w) || text == "" {
						t.Errorf("want %s, got %d %s", want, status, text)
					}
				}
			}
		})
	}
}

// TestPings: who would be called by a text that was not escaped, or not told to call nobody.
func TestPings(t *testing.T) {
	for _, tt := range []struct {
		receiver func(hooktest.Options) *hooktest.Receiver
		message  m
		want     string
	}{
		{hooktest.Slack, m{"text": "<!channel> <@U012|you> <!subteam^S1> <https://example.com|here> @here"}, "[<!channel> <@U012|you> <!subteam^S1>]"},
		{hooktest.Slack, m{"text": "&lt;!channel&gt; @you a@b.example"}, "[]"},
		{hooktest.Slack, m{"text": "hello @you a@b.example", "link_names": 1}, "[@you]"},
		{hooktest.Slack, m{"text": "x", "blocks": l{m{"type": "header", "text": m{"type": "plain_text", "text": "<!here>"}}, m{"type": "section", "text": m{"type": "mrkdwn", "text": "<!here>"}}}}, "[<!here>]"},
		{hooktest.Discord, m{"content": "@everyone <@7> <@&8>"}, "[@everyone <@7> <@&8>]"},
		{hooktest.Discord, m{"content": "@everyone <@7> <@&8>", "allowed_mentions": m{"parse": l{"users"}}}, "[<@7>]"},
		{hooktest.Discord, m{"content": "@here <@7>", "allowed_mentions": m{"parse": l{}}, "embeds": l{m{"title": "@everyone"}}}, "[]"},
	} {
		r := tt.receiver(hooktest.Options{})
		t.Cleanup(r.Close)
		if status, text := post(t, r.URL(), tt.message); status/100 != 2 {
			t.Fatal(status, text)
		}
		if got := fmt.Sprint(r.Took()[0].Pings); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.message, got, tt.want)
		}
	}
}

// TestAddressesAndTimes: another address is refused, and so is what comes too fast.
func TestAddressesAndTimes(t *testing.T) {
	now := time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC)
	o := hooktest.Options{Now: func() time.Time { return now }}
	slack, discord, teams := hooktest.Slack(o), hooktest.Discord(o), hooktest.Teams(o)
	for _, r := range []*hooktest.Receiver{slack, discord, teams} {
		t.Cleanup(r.Close)
	}
	for url, want := range map[string]string{
		slack.URL() + "x":                          "404 no_service",
		discord.URL() + "x":                        `401 {"code":50027,"message":"Invalid Webhook Token"}`,
		"http://" + discord.Host() + "/api/x":      `404 {"code":10015,"message":"Unknown Webhook"}`,
		teams.URL()[:len(teams.URL())-4]:           "401 ",
		"http://" + teams.Host() + "/workflows/no": "404 ",
	} {
		if status, text := post(t, url, m{"text": "x", "content": "x"}); !strings.HasPrefix(fmt.Sprint(status, " ", text), want) {
			t.Errorf("%s: %d %s", url, status, text)
		}
	}
	for i, want := range []int{200, 429, 200} {
		if status, text := post(t, slack.URL(), m{"text": "x"}); status != want {
			t.Error(i, status, text)
		}
		if i == 1 {
			now = now.Add(time.Second)
		}
	}
	for i, want := range []int{204, 204, 204, 204, 204, 429, 200} {
		url := discord.URL()
		if i == 6 {
			now, url = now.Add(2*time.Second), url+"?wait=true"
		}
		if status, text := post(t, url, m{"content": "x"}); status != want {
			t.Error(i, status, text)
		}
	}
}

// TestSignatures: only what one of the secrets signed, and lately; what was there before is dropped.
func TestSignatures(t *testing.T) {
	const secret = "whsec_aG9va3Rlc3QgaG9va3Rlc3QgaG9va3Rlc3QgaG9v"
	now := time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC)
	r := hooktest.Generic(hooktest.Options{Now: func() time.Time { return now }, Secrets: []string{"another-secret-of-plain-text", secret}})
	t.Cleanup(r.Close)
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		id     string
		age    time.Duration
		body   string // what is signed is {"a":1}
		status int
	}{
		{"one", 0, `{"a":1}`, 204}, {"one", time.Minute, `{"a":1}`, 204}, {"two", 5 * time.Minute, `{"a":1}`, 204},
		{"three", 0, `{"a":2}`, 401}, {"three", 6 * time.Minute, `{"a":1}`, 401}, {"three", -6 * time.Minute, `{"a":1}`, 401},
	} {
		at := now.Add(-tt.age)
		signature, err := signer.Sign(tt.id, at, []byte(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL(), strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{"Content-Type": "application/json", "webhook-id": tt.id, "webhook-timestamp": fmt.Sprint(at.Unix()), "webhook-signature": "v1,no " + signature} {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%d: %d, want %d", i, resp.StatusCode, tt.status)
		}
	}
	if took := r.Took(); len(took) != 2 || took[0].Key != "one" || took[1].Key != "two" || r.Doubles() != 1 || r.Requests() != 6 {
		t.Errorf("%+v, %d doubles, %d requests", took, r.Doubles(), r.Requests())
	}
}
