package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/hooktest"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/webhook"
)

const (
	env       = "HOOK_URL"
	secretEnv = "HOOK_SECRET"
	secret    = "whsec_aG9va3Rlc3QgaG9va3Rlc3QgaG9va3Rlc3QgaG9v"
)

var start = time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC)

// clock stands still but where something waits.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	c.waits = append(c.waits, d)
	return ctx.Err()
}

// world is a channel of a kind and its receiver, on one clock.
type world struct {
	*clock
	receiver *hooktest.Receiver
	channel  *webhook.Channel
}

var receivers = map[webhook.Kind]func(hooktest.Options) *hooktest.Receiver{
	webhook.Slack: hooktest.Slack, webhook.Discord: hooktest.Discord, webhook.Teams: hooktest.Teams, webhook.Generic: hooktest.Generic,
}

var kinds = []webhook.Kind{webhook.Slack, webhook.Discord, webhook.Teams, webhook.Generic}

// bodies are small messages as the receivers take them.
var bodies = map[webhook.Kind]string{
	webhook.Slack:   `{"text":"News","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"News"}}]}`,
	webhook.Discord: `{"content":"News","allowed_mentions":{"parse":[]}}`,
	webhook.Teams:   `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlock","text":"News"}]}}]}`,
	webhook.Generic: `{"type":"digest"}`,
}

func worldOf(t *testing.T, k webhook.Kind, change func(*webhook.Options, *egress.PostOptions)) *world {
	t.Helper()
	w := &world{clock: &clock{now: start}}
	w.receiver = receivers[k](hooktest.Options{Now: w.Now, Secrets: []string{secret}})
	t.Cleanup(w.receiver.Close)
	o := webhook.Options{Kind: k, URL: w.receiver.URL(), Env: env, Now: w.Now, SecretEnv: secretEnv, ID: func() string { return "TESTTESTTESTTESTTESTTESTTE" }}
	if k == webhook.Generic {
		o.Secret = secret
	}
	po := egress.PostOptions{Sleep: w.Sleep, Now: w.Now, Jitter: func() float64 { return 0 }, UserAgent: "bot/1"}
	if change != nil {
		change(&o, &po)
	}
	way, err := egress.ForAddress(o.URL, egress.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.CloseIdleConnections)
	o.Post = egress.NewPoster(way, po)
	if w.channel, err = webhook.New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// part is what a digest owes the channel.
func part(k webhook.Kind) publish.Delivery {
	return publish.Delivery{Part: publish.Part{Type: string(k), Body: bodies[k], Number: 1, Of: 1, Nonce: "n0nceN0nceN0nce"}}
}

// deliver hands over what is owed, and gives what was recorded.
func (w *world) deliver(t *testing.T, d publish.Delivery) (recorded []publish.Delivery, err error) {
	t.Helper()
	err = w.channel.Deliver(t.Context(), []publish.Delivery{d}, func(p publish.Delivery) error {
		recorded = append(recorded, p)
		return nil
	})
	if err != nil {
		for _, leak := range []string{"s3cret", "S1gnature", "T0HOOKTEST", "0123456789abcdef", "112233445566778899", "whsec"} {
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), leak) {
				t.Errorf("the error shows the address or the secret: %v", err)
			}
		}
	}
	return recorded, err
}

// TestDelivers: what is taken is recorded, once, with the id that Discord gives; what is filed is not sent again.
func TestDelivers(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			w := worldOf(t, k, nil)
			recorded, err := w.deliver(t, part(k))
			if err != nil || len(recorded) != 1 || recorded[0].Status != publish.Filed {
				t.Fatalf("%+v, %v", recorded, err)
			}
			took := w.receiver.Took()
			if len(took) != 1 || string(took[0].Body) != bodies[k] || took[0].Failed != "" {
				t.Errorf("%+v", took)
			}
			if recorded[0].ResultID != took[0].ID || k == webhook.Discord && took[0].ID == 0 {
				t.Errorf("result %d, the message is %d", recorded[0].ResultID, took[0].ID)
			}
			if _, err := w.deliver(t, recorded[0]); err != nil || w.receiver.Requests() != 1 {
				t.Errorf("what is filed was sent again: %v", err)
			}
		})
	}
}

// TestFaults: what each kind says of each wrong answer, how often it tried, and whether the part stays owed. The table is
// for reading: it is what a person gets to see.
func TestFaults(t *testing.T) {
	common := []struct {
		name   string
		faults []hooktest.Fault
	}{
		{"301", []hooktest.Fault{hooktest.Redirect(301, "https://elsewhere.example.com/s3cret")}},
		{"307", []hooktest.Fault{hooktest.Redirect(307, "/login")}},
		{"400, empty", []hooktest.Fault{hooktest.Answer(400, "")}},
		{"401, empty", []hooktest.Fault{hooktest.Answer(401, "")}},
		{"403, a page", []hooktest.Fault{hooktest.Page(403)}},
		{"404, empty", []hooktest.Fault{hooktest.Answer(404, "")}},
		{"408, once", []hooktest.Fault{hooktest.Answer(408, "")}},
		{"410, empty", []hooktest.Fault{hooktest.Answer(410, "")}},
		{"413, empty", []hooktest.Fault{hooktest.Answer(413, "")}},
		{"418, a text with the address", []hooktest.Fault{hooktest.Echo(418)}},
		{"425, once", []hooktest.Fault{hooktest.Answer(425, "")}},
		{"429, 3 s, once", []hooktest.Fault{hooktest.Answer(429, "", "Retry-After", "3")}},
		{"429, an hour", []hooktest.Fault{hooktest.Answer(429, "", "Retry-After", "3600")}},
		{"429, always", []hooktest.Fault{hooktest.Answer(429, ""), hooktest.Answer(429, ""), hooktest.Answer(429, ""), hooktest.Answer(429, "")}},
		{"500, once", []hooktest.Fault{hooktest.Answer(500, "")}},
		{"501, a page", []hooktest.Fault{hooktest.Page(501)}},
		{"502, a page, once", []hooktest.Fault{hooktest.Page(502)}},
		{"503, always", []hooktest.Fault{hooktest.Answer(503, ""), hooktest.Answer(503, ""), hooktest.Answer(503, ""), hooktest.Answer(503, "")}},
		{"504 after it was taken, once", []hooktest.Fault{hooktest.But(hooktest.Page(504))}},
		{"200, empty", []hooktest.Fault{hooktest.Answer(200, "")}},
		{"200, a page", []hooktest.Fault{hooktest.Page(200)}},
		{"200, half a body", []hooktest.Fault{hooktest.Truncated()}},
		{"reset", []hooktest.Fault{hooktest.Reset()}},
		{"reset after it was taken", []hooktest.Fault{hooktest.Lost()}},
		{"slow", []hooktest.Fault{hooktest.Slow()}},
		{"dead", nil},
	}
	own := map[webhook.Kind][]hooktest.Fault{}
	for _, s := range []struct {
		status int
		words  string
	}{
		{400, "invalid_payload user_not_found no_text invalid_blocks msg_blocks_too_long too_many_attachments"},
		{403, "action_prohibited posting_to_general_channel_denied invalid_token no_service_id team_disabled something_new"},
		{404, "channel_not_found no_service no_team"}, {410, "channel_is_archived"}, {500, "rollup_error"},
	} {
		for _, word := range strings.Fields(s.words) {
			own[webhook.Slack] = append(own[webhook.Slack], hooktest.Answer(s.status, word, "Content-Type", "text/html"))
		}
	}
	own[webhook.Slack] = append(own[webhook.Slack],
		hooktest.Answer(400, `{"id":"web.incoming_webhook.channel.app_error","message":"Couldn't find the channel.","status_code":400}`),
		hooktest.Answer(200, `{"success":false,"error":"Invalid message"}`), hooktest.Answer(200, `{"success":true}`))
	own[webhook.Discord] = []hooktest.Fault{
		hooktest.Answer(404, `{"message": "Unknown Webhook", "code": 10015}`), hooktest.Answer(401, `{"message": "Invalid Webhook Token", "code": 50027}`),
		hooktest.Answer(400, `{"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"description": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 4096 or fewer in length."}]}}}}}`),
		hooktest.Answer(400, `{"message": "Cannot send an empty message", "code": 50006}`),
		hooktest.Answer(400, `{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}`),
		hooktest.Answer(404, `{"message": "Unknown Channel", "code": 10003}`),
		hooktest.Answer(429, `{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}`),
		hooktest.Answer(429, `{"message": "You are being rate limited.", "retry_after": 900, "global": true}`, "X-RateLimit-Global", "true"),
		hooktest.Answer(400, `{"message": "half`),
	}
	own[webhook.Teams] = []hooktest.Fault{
		hooktest.Answer(400, `{"error":{"code":"InvalidRequestContent","message":"The request content is not valid and could not be deserialized."}}`),
		hooktest.Answer(400, `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"Could not execute workflow '0123456789abcdef0123456789abcdef' trigger 'manual' with state 'Disabled'."}}`),
		hooktest.Answer(401, `{"error":{"code":"DirectApiAuthorizationRequired","message":"The request must be authenticated only by Shared Access scheme."}}`),
		hooktest.Answer(404, `{"error":{"code":"WorkflowNotFound","message":"The workflow '0123456789abcdef0123456789abcdef' could not be found."}}`),
		hooktest.Answer(413, `{"error":{"code":"RequestEntityTooLarge","message":"Too large."}}`),
		hooktest.Answer(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413"), hooktest.Answer(200, "1"),
	}
	own[webhook.Generic] = []hooktest.Fault{
		hooktest.Answer(200, "thanks"), hooktest.Answer(202, `{"error":"ignored"}`), hooktest.Answer(400, `{"error":"unknown definition"}`),
		hooktest.Answer(401, "bad signature"), hooktest.Answer(422, `{"title":"Unprocessable","detail":"no such field"}`),
	}
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel() // each waits once for what does not come
			var out bytes.Buffer
			play := func(name string, faults []hooktest.Fault) {
				w := worldOf(t, k, func(_ *webhook.Options, po *egress.PostOptions) {
					if name == "slow" {
						po.Timeout = 500 * time.Millisecond
					}
				})
				w.receiver.Fail(faults...)
				if name == "dead" {
					w.receiver.Die()
				}
				recorded, err := w.deliver(t, part(k))
				state := "owed"
				if len(recorded) > 0 {
					state = "filed"
				}
				fmt.Fprintf(&out, "%s\n    %s; requests: %d, waits: %v, taken by the receiver: %d\n", name, state, w.receiver.Requests(), w.waits, len(w.receiver.Took()))
				if err != nil {
					fmt.Fprintf(&out, "    %s\n", strings.ReplaceAll(err.Error(), w.receiver.Host(), "HOST"))
				}
				if (err == nil) != (len(recorded) == 1) {
					t.Errorf("%s: %d records and the error %v", name, len(recorded), err)
				}
			}
			for _, c := range common {
				play(c.name, c.faults)
			}
			for _, f := range own[k] {
				play(f.String(), []hooktest.Fault{f})
			}
			golden.Check(t, "testdata/faults-"+string(k)+".golden", out.Bytes())
		})
	}
}

// TestDeadForTenWeeks: nothing is recorded while nobody answers, and one digest arrives in the end.
func TestDeadForTenWeeks(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			w := worldOf(t, k, nil)
			w.receiver.Die()
			for range 10 {
				if recorded, err := w.deliver(t, part(k)); err == nil || len(recorded) != 0 {
					t.Fatalf("%+v, %v", recorded, err)
				}
				w.Advance(7 * 24 * time.Hour)
			}
			w.receiver.Revive()
			if recorded, err := w.deliver(t, part(k)); err != nil || len(recorded) != 1 || len(w.receiver.Took()) != 1 {
				t.Errorf("%+v, %v, %d", recorded, err, len(w.receiver.Took()))
			}
		})
	}
}

// TestAtLeastOnce: an answer that was lost, and a state that could not be written, make it be sent again; a generic
// receiver drops the second, for it has the same webhook-id.
func TestAtLeastOnce(t *testing.T) {
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			w := worldOf(t, k, nil)
			w.receiver.Fail(hooktest.Lost())
			if recorded, err := w.deliver(t, part(k)); err == nil || len(recorded) != 0 || !strings.Contains(err.Error(), "it may have arrived all the same; the next run sends it again") {
				t.Fatalf("%+v, %v", recorded, err)
			}
			w.Advance(time.Hour)
			full := errors.New("disk full")
			if err := w.channel.Deliver(t.Context(), []publish.Delivery{part(k)}, func(publish.Delivery) error { return full }); !errors.Is(err, full) {
				t.Fatal(err)
			}
			w.Advance(time.Hour)
			if _, err := w.deliver(t, part(k)); err != nil {
				t.Fatal(err)
			}
			want := 3
			if k == webhook.Generic {
				want = 1
			}
			if got := len(w.receiver.Took()); got != want || w.receiver.Requests() != 3 || w.receiver.Doubles() != 3-want {
				t.Errorf("%d taken, %d requests, %d doubles", got, w.receiver.Requests(), w.receiver.Doubles())
			}
		})
	}
}

// TestWaitsForTheServicesLimits: several digests in a row are not refused for good.
func TestWaitsForTheServicesLimits(t *testing.T) {
	for k, want := range map[webhook.Kind]string{webhook.Slack: "[1s 1s 1s 1s 1s]", webhook.Discord: "[2s]"} {
		w := worldOf(t, k, nil)
		for range 6 {
			if _, err := w.deliver(t, part(k)); err != nil {
				t.Fatal(k, err)
			}
		}
		if got := fmt.Sprint(w.waits); got != want || len(w.receiver.Took()) != 6 {
			t.Errorf("%s waited %s, %d taken", k, got, len(w.receiver.Took()))
		}
	}
}

// TestIsInterrupted: nothing is recorded, and no next run is promised.
func TestIsInterrupted(t *testing.T) {
	w := worldOf(t, webhook.Slack, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.channel.Deliver(ctx, []publish.Delivery{part(webhook.Slack)}, func(publish.Delivery) error { t.Error("recorded"); return nil })
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "next run") || w.receiver.Requests() != 0 {
		t.Error(err)
	}
}

// TestSigns: each secret signs, at the time of each try; the library of Standard Webhooks verifies it.
func TestSigns(t *testing.T) {
	const plain = "an-older-secret-of-plain-text"
	w := worldOf(t, webhook.Generic, func(o *webhook.Options, _ *egress.PostOptions) { o.Secret = plain + " " + secret + "\n" })
	w.receiver.Fail(hooktest.Answer(503, "", "Retry-After", "30"))
	if _, err := w.deliver(t, part(webhook.Generic)); err != nil {
		t.Fatal(err)
	}
	p := w.receiver.Took()[0]
	for _, s := range []string{plain, secret} {
		if at := verified(t, s, p); !at.Equal(start.Add(30 * time.Second)) {
			t.Errorf("signed at %s", at)
		}
	}
	if p.Key != "n0nceN0nceN0nce" || p.Header.Get("Content-Type") != "application/json" || p.Header.Get("User-Agent") != "bot/1" {
		t.Errorf("%v", p.Header)
	}
	unsigned := worldOf(t, webhook.Generic, func(o *webhook.Options, _ *egress.PostOptions) { o.Secret = "" })
	if _, err := unsigned.deliver(t, part(webhook.Generic)); err == nil || !strings.Contains(err.Error(), "nothing is signed, for HOOK_SECRET is not set") {
		t.Error(err)
	}
	wrong := worldOf(t, webhook.Generic, func(o *webhook.Options, _ *egress.PostOptions) { o.Secret = plain })
	if _, err := wrong.deliver(t, part(webhook.Generic)); err == nil || !strings.Contains(err.Error(), "knows the secret in HOOK_SECRET") {
		t.Error(err)
	}
}

// TestTestMessages are small, in each kind's form, and call nobody.
func TestTestMessages(t *testing.T) {
	m := publish.Message{Title: "bot doctor: a test message", Text: "If you can read this, digests of <weekly> & @everyone arrive here."}
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			w := worldOf(t, k, nil)
			where, err := w.channel.Test(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			took := w.receiver.Took()
			if len(took) != 1 || len(took[0].Pings) != 0 || took[0].Failed != "" || k != webhook.Generic && took[0].Text != m.Title+"\n"+m.Text {
				t.Fatalf("%+v", took)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, took[0].Body, "", "  "); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&pretty, "\n%s\n", strings.ReplaceAll(where, w.receiver.Host(), "HOST"))
			golden.Check(t, "testdata/test-"+string(k)+".golden", pretty.Bytes())

			w.receiver.Fail(hooktest.Answer(404, ""))
			if _, err := w.channel.Test(t.Context(), m); err == nil || !strings.Contains(err.Error(), env) || strings.Contains(err.Error(), "next run") {
				t.Error(err)
			}
		})
	}
}

// TestNewSaysWhatIsWrong: it names the variable, and shows nothing of what stands in it.
func TestNewSaysWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	for _, tt := range []struct {
		kind        webhook.Kind
		url, secret string
	}{
		{webhook.Slack, "https://hooks.slack.com/services/T0/B0/verysecret\n", ""},
		{webhook.Slack, "https://mattermost.example.com/hooks/verysecret", ""},
		{webhook.Slack, "https://discord.com/api/webhooks/1/verysecret/slack", ""},
		{webhook.Slack, "http://127.0.0.1:8065/hooks/verysecret", ""},
		{webhook.Slack, "", ""},
		{webhook.Slack, "xoxb-verysecret", ""},
		{webhook.Slack, "https://%zzverysecret", ""},
		{webhook.Slack, "http://hooks.slack.com/services/T0/B0/verysecret", ""},
		{webhook.Slack, "https://u:verysecret@hooks.slack.com/services/T0", ""},
		{webhook.Slack, "https://hooks.slack.com/triggers/T0/1/verysecret", ""},
		{webhook.Slack, "https://discord.com/api/webhooks/1/verysecret", ""},
		{webhook.Slack, "https://hooks.slack.com/services/T0/B0/verysecret", "verysecret-verysecret-verysecret"},
		{webhook.Discord, "https://discord.com/api/webhooks/1/verysecret?thread_id=7", ""},
		{webhook.Discord, "https://canary.discord.com/api/v10/webhooks/1/verysecret/slack", ""},
		{webhook.Discord, "https://discord.com/api/webhooks/1/verysecret/github", ""},
		{webhook.Discord, "https://hooks.slack.com/services/T0/B0/verysecret", ""},
		{webhook.Teams, "https://prod-1.westeurope.logic.azure.com:443/workflows/verysecret/triggers/manual/paths/invoke?sig=verysecret", ""},
		{webhook.Teams, "https://default0.1.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/verysecret", ""},
		{webhook.Teams, "https://hooks.slack.com/services/T0/B0/verysecret", ""},
		{webhook.Generic, "https://prod-1.westeurope.logic.azure.com/workflows/verysecret", ""},
		{webhook.Generic, "https://example.com/verysecret", "whsec_dmVyeXNlY3JldHZlcnlzZWNyZXR2ZXJ5c2VjcmV0 another-verysecret-of-text"},
		{webhook.Generic, "https://example.com/verysecret", "verysecret"},
		{webhook.Generic, "https://example.com/verysecret", "whsec_verysecret!"},
		{webhook.Generic, "https://example.com/verysecret", "whsec_dmVyeXNlY3JldA=="},
		{webhook.Generic, "https://hooks.slack.com/services/T0/B0/verysecret", ""},
		{"pigeon", "https://example.com/verysecret", ""},
	} {
		_, err := webhook.New(webhook.Options{Kind: tt.kind, URL: tt.url, Env: env, Secret: tt.secret, SecretEnv: secretEnv})
		told := "taken"
		if err != nil {
			told = err.Error()
		}
		if strings.Contains(told, "verysecret") || strings.Contains(told, "dmVy") {
			t.Errorf("%s shows the secret: %s", tt.url, told)
		}
		fmt.Fprintf(&out, "%s %s\n    %s\n", tt.kind, strings.TrimSpace(tt.url+" "+tt.secret), told)
	}
	golden.Check(t, "testdata/addresses.golden", out.Bytes())
}

// TestDiscordsAddressKeepsItsParameters: the thread stays, and wait is added.
func TestDiscordsAddressKeepsItsParameters(t *testing.T) {
	w := worldOf(t, webhook.Discord, func(o *webhook.Options, _ *egress.PostOptions) { o.URL += "?thread_id=778899&wait=false" })
	if _, err := w.deliver(t, part(webhook.Discord)); err != nil {
		t.Fatal(err)
	}
	if q := w.receiver.Took()[0].Query; q != "thread_id=778899&wait=true" {
		t.Error(q)
	}
}

// verified is the time of a signature that the library believes.
func verified(t *testing.T, secret string, p hooktest.Posted) time.Time {
	t.Helper()
	w, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if strings.HasPrefix(secret, "whsec_") {
		w, err = standardwebhooks.NewWebhook(secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.VerifyIgnoringTimestamp(p.Body, p.Header); err != nil {
		t.Error(err)
	}
	if err := w.VerifyIgnoringTimestamp(append(p.Body, ' '), p.Header); err == nil {
		t.Error("another body is believed")
	}
	at, err := strconv.ParseInt(p.Header.Get("webhook-timestamp"), 10, 64)
	if err != nil {
		t.Error(err)
	}
	return time.Unix(at, 0)
}
