package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/hooktest"
	"github.com/upstream-digest/bot/internal/mailtest"
	"github.com/upstream-digest/bot/internal/slacktest"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// chatWorld has a receiver of each kind beside GitHub. Its clock moves by hand, and by what is waited.
type chatWorld struct {
	*testWorld
	slack, discord, teams, hook *hooktest.Receiver
	web                         *slacktest.Server
	mail                        *mailtest.Server
	ntfy                        *plainReceiver

	mu sync.Mutex
	at time.Time
}

const (
	signingSecret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
	mailPassword  = "averysecretpassword"
	slackChannel  = "C0123456789"
)

func chats(t *testing.T) *chatWorld {
	t.Helper()
	w := &chatWorld{testWorld: released(t), at: time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)}
	w.clock = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.at
	}
	w.waits = w.pass
	o := hooktest.Options{Now: w.clock}
	w.slack, w.discord, w.teams = hooktest.Slack(o), hooktest.Discord(o), hooktest.Teams(o)
	o.Secrets = []string{signingSecret}
	w.hook = hooktest.Generic(o)
	w.web = slacktest.New(slacktest.Options{Now: w.clock})
	w.web.AddChannel(slacktest.Channel{ID: slackChannel, Name: "platform"})
	mail, err := mailtest.Start(mailtest.Options{Security: mailtest.None, Clear: true, Users: map[string]string{"digest": mailPassword}})
	if err != nil {
		t.Fatal(err)
	}
	w.mail = mail
	w.ntfy = newPlainReceiver()
	t.Cleanup(func() {
		_ = mail.Close()
		for _, r := range []interface{ Close() }{w.slack, w.discord, w.teams, w.hook, w.web, w.ntfy} {
			r.Close()
		}
	})
	w.set(
		"SLACK_WEBHOOK_URL="+w.slack.URL(), "DISCORD_WEBHOOK_URL="+w.discord.URL(), "TEAMS_WEBHOOK_URL="+w.teams.URL(),
		"HOOK_URL="+w.hook.URL(), "HOOK_SECRET="+signingSecret, "SLACK_BOT_TOKEN=xoxb-test", "SLACK_API_URL="+w.web.URL,
		"SMTP_PASSWORD="+mailPassword, "NTFY_URL=generic://"+strings.TrimPrefix(w.ntfy.URL, "http://")+"/topic?disabletls=yes",
	)
	w.secrets = []string{w.slack.URL(), w.discord.URL(), w.teams.URL(), w.hook.URL(), signingSecret, "xoxb-test", mailPassword}
	return w
}

func (w *chatWorld) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// channels are the entries of the configuration, by kind.
func (w *chatWorld) channels() map[string]string {
	return map[string]string{
		"slack":    "{type: slack, webhook_env: SLACK_WEBHOOK_URL}",
		"bot":      "{type: slack, name: bot, token_env: SLACK_BOT_TOKEN, channel: " + slackChannel + "}",
		"discord":  "{type: discord, webhook_env: DISCORD_WEBHOOK_URL}",
		"teams":    "{type: teams, webhook_env: TEAMS_WEBHOOK_URL}",
		"webhook":  "{type: webhook, webhook_env: HOOK_URL, secret_env: HOOK_SECRET}",
		"email":    "{type: email, server: \"" + w.mail.Addr() + "\", security: none, username: digest, password_env: SMTP_PASSWORD, from: \"Digest <digest@example.com>\", to: [platform@example.com]}",
		"shoutrrr": "{type: shoutrrr, url_env: NTFY_URL}",
	}
}

// only sets a configuration of one definition, called chat, with channels of these kinds, beside one that files issues.
func (w *chatWorld) only(kinds ...string) {
	w.t.Helper()
	var list []string
	for _, k := range kinds {
		list = append(list, w.channels()[k])
	}
	w.config("digests:\n  - {name: issues, channels: [{type: github-issue}]}\n  - {name: chat, channels: [" + strings.Join(list, ", ") + "]}\n")
}

// texts are what a channel's readers have seen, message by message, in its own form.
func (w *chatWorld) texts(kind string) []string {
	w.t.Helper()
	hooks := map[string]*hooktest.Receiver{"slack": w.slack, "discord": w.discord, "teams": w.teams, "webhook": w.hook}
	var out []string
	switch kind {
	case "bot":
		for _, m := range w.web.Messages(slackChannel) {
			if m.ThreadTS == "" || m.ThreadTS == m.TS {
				out = append(out, "")
			}
			out[len(out)-1] += m.Text + string(m.Blocks)
		}
	case "email":
		for _, m := range w.mail.Messages() {
			out = append(out, m.Text)
		}
	case "shoutrrr":
		out = w.ntfy.texts()
	default:
		for _, p := range hooks[kind].Took() {
			if len(p.Pings) > 0 {
				w.t.Errorf("%s would call %v", kind, p.Pings)
			}
			out = append(out, p.Text+"\n"+string(p.Body))
		}
	}
	return out
}

var chatKinds = []string{"slack", "bot", "discord", "teams", "webhook", "email", "shoutrrr"}

// dead switches a kind of channel off or on.
func (w *chatWorld) dead(kind string, off bool) {
	hooks := map[string]*hooktest.Receiver{"slack": w.slack, "discord": w.discord, "teams": w.teams, "webhook": w.hook}
	switch {
	case kind == "bot" && off:
		w.web.Fail(slacktest.Fault{Method: "chat.postMessage", Error: "channel_not_found", Times: -1})
	case kind == "bot":
		w.web.Heal()
	case kind == "email" && off:
		w.mail.Dead(true)
	case kind == "email":
		w.mail.Dead(false)
	case kind == "shoutrrr":
		w.ntfy.die(off)
	case off:
		hooks[kind].Die()
	default:
		hooks[kind].Revive()
	}
}

// TestEveryChannel: a digest goes to each of them once, in the form that it takes, and a quiet run after it costs one
// request and sends nothing.
func TestEveryChannel(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only(chatKinds...)
	w.commit("v1.36", promoteVolume)
	r := w.ok("run")
	for _, k := range chatKinds {
		got := w.texts(k)
		if len(got) != 1 || !strings.Contains(strings.Join(got, ""), "GitRepoVolumeDriver") {
			t.Errorf("%s took %d messages: %.2000s", k, len(got), got)
		}
		if !strings.Contains(r.stderr, "sent "+map[string]string{"bot": "slack:bot"}[k]) {
			t.Errorf("nothing is said of %s:\n%s", k, r.stderr)
		}
	}
	w.wantIssues(1)
	var doc struct {
		Type, ID, Definition string
		Digest               json.RawMessage
	}
	if err := json.Unmarshal(w.hook.Took()[0].Body, &doc); err != nil || doc.Definition != "chat" || doc.ID != w.hook.Took()[0].Key || len(doc.Digest) == 0 {
		t.Errorf("the webhook's document: %v, %.500s", err, w.hook.Took()[0].Body)
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("a quiet run costs %d requests", r.api)
	}
	for _, k := range chatKinds {
		if n := len(w.texts(k)); n != 1 {
			t.Errorf("after a quiet run %s has %d messages", k, n)
		}
	}
	w.wantIssues(1)
}

// TestDeadForTenWeeks: all these channels are dead for ten weeks, each of which has news. The issue is not held up, and
// says once of each that it is dead; when they take something again each gets one message for all of it.
func TestDeadForTenWeeks(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only(chatKinds...)
	w.ok("run")
	before := map[string]int{}
	for _, k := range chatKinds {
		before[k] = len(w.texts(k))
		w.dead(k, true)
	}
	for i := range 10 {
		var rows []func([]facts.Row) []facts.Row
		for n := range i + 1 {
			rows = append(rows, one(fmt.Sprintf("Week%c", 'A'+n)))
		}
		w.commit("v1.36", both(rows...))
		w.pass(7 * 24 * time.Hour)
		r := w.code(exitDelivery, "run")
		for _, k := range chatKinds {
			if name := map[string]string{"bot": "slack:bot"}[k]; !strings.Contains(r.stderr, "bot: chat/"+cmp.Or(name, k)+": ") {
				t.Fatalf("week %d, nothing is said of %s:\n%s", i, k, r.stderr)
			}
		}
	}
	silent := 0
	for _, i := range w.issues() {
		silent += strings.Count(i.Body, "has taken nothing since")
	}
	if n := len(w.issues()); n != 11 || silent != len(chatKinds) {
		t.Errorf("%d issues, which tell %d times of a dead channel", n, silent)
	}
	for _, k := range chatKinds {
		w.dead(k, false)
	}
	w.pass(24 * time.Hour)
	w.ok("run")
	for range 2 {
		for _, k := range chatKinds {
			got := w.texts(k)
			if len(got) != before[k]+1 {
				t.Fatalf("%s has %d messages, want one more than %d", k, len(got), before[k])
			}
			for _, name := range []string{"WeekA", "WeekJ"} {
				if !strings.Contains(got[before[k]], name) {
					t.Errorf("%s: the message lacks %s:\n%s", k, name, got[before[k]])
				}
			}
		}
		w.ok("run") // quiet
	}
}

// TestOneDeadChannelHoldsUpNoOther: the rest arrives, and the run says which did not and why, without its address.
func TestOneDeadChannelHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for _, kind := range chatKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := chats(t)
			w.only(chatKinds...)
			w.dead(kind, true)
			r := w.code(exitDelivery, "run")
			for _, k := range chatKinds {
				if n := len(w.texts(k)); n != 1 && k != kind || n != 0 && k == kind {
					t.Errorf("%s has %d messages", k, n)
				}
			}
			w.wantIssues(1)
			w.dead(kind, false)
			w.ok("run")
			for _, k := range chatKinds {
				if n := len(w.texts(k)); n != 1 {
					t.Errorf("%s has %d messages in the end", k, n)
				}
			}
			t.Log(r.stderr)
		})
	}
}

// TestChannelsInRecordings: a recorded run sends, its replay does not, and does the same otherwise; nothing secret is kept.
func TestChannelsInRecordings(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only(chatKinds...)
	w.dead("teams", true)
	dir := w.dir + "/recording"
	w.code(exitDelivery, "run", "--record", dir)
	if n := len(w.texts("slack")); n != 1 {
		t.Fatalf("the recorded run sent %d", n)
	}
	for _, s := range w.secrets {
		wantNowhere(t, dir, s)
	}
	for _, r := range []interface{ Close() }{w.slack, w.discord, w.hook, w.web, w.ntfy} {
		r.Close()
	}
	if r := w.run("run", "--replay", dir); r.code != 0 || !strings.Contains(r.stderr, "byte for byte") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

// TestSlackKeepsOneMessage: with update the message before is edited into the next digest, and what is new to act on is
// told in its thread, for all to see.
func TestSlackKeepsOneMessage(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.config("digests: [{name: chat, channels: [{type: slack, token_env: SLACK_BOT_TOKEN, channel: " + slackChannel + ", update: true}]}]\n")
	w.ok("run")
	w.commit("v1.36", removeAdmin)
	w.pass(7 * 24 * time.Hour)
	w.ok("run")
	var roots, broadcasts int
	for _, m := range w.web.Messages(slackChannel) {
		switch {
		case m.ThreadTS == "" || m.ThreadTS == m.TS:
			roots++
			if m.Edits != 1 || !strings.Contains(string(m.Blocks), "DRAAdminAccess") {
				t.Errorf("the message, edited %d times: %s", m.Edits, m.Blocks)
			}
		case m.Broadcast:
			broadcasts++
			if !strings.Contains(string(m.Blocks), "DRAAdminAccess") {
				t.Errorf("what is new: %s", m.Blocks)
			}
		}
	}
	if roots != 1 || broadcasts != 1 {
		t.Errorf("%d messages, %d announcements", roots, broadcasts)
	}
}

// TestSecretsThatAreMissing: a run says what is not set before it does anything; a dry run and the doctor do without.
func TestSecretsThatAreMissing(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only("slack", "webhook")
	w.set("SLACK_WEBHOOK_URL=", "HOOK_SECRET=")
	r := w.code(exitUsage, "run")
	if !strings.Contains(r.stderr, "SLACK_WEBHOOK_URL") || !strings.Contains(r.stderr, "HOOK_SECRET") {
		t.Error(r.stderr)
	}
	w.wantIssues(0)
	if r := w.ok("run", "--dry-run"); !strings.Contains(r.stdout, "send it by slack to $SLACK_WEBHOOK_URL") {
		t.Error(r.stdout)
	}
	if r := w.code(exitUsage, "doctor"); !strings.Contains(r.stdout, "SLACK_WEBHOOK_URL is not set") {
		t.Error(r.stdout)
	}
	w.set("SLACK_WEBHOOK_URL=not an address", "HOOK_SECRET=short")
	w.secrets = append(w.secrets, "not an address")
	if r := w.code(exitUsage, "run"); !strings.Contains(r.stderr, "SLACK_WEBHOOK_URL") {
		t.Error(r.stderr)
	}
}

// TestDoctorNotifiesChannels: by name, one message each, and what is wrong is said.
func TestDoctorNotifiesChannels(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only(chatKinds...)
	if r := w.ok("doctor", "--notify", "chat"); strings.Count(r.stdout, "chat/") < len(chatKinds) {
		t.Error(r.stdout)
	}
	for _, k := range chatKinds {
		if got := w.texts(k); len(got) != 1 || !strings.Contains(got[0], "est message") {
			t.Errorf("%s took %d: %.500s", k, len(got), got)
		}
	}
	w.wantIssues(0)
	w.ok("doctor", "--notify", "chat/discord")
	if n, m := len(w.texts("discord")), len(w.texts("teams")); n != 2 || m != 1 {
		t.Errorf("discord has %d, teams %d", n, m)
	}
	if r := w.code(exitUsage, "doctor", "--notify", "discrod"); !strings.Contains(r.stderr, "there is no channel discrod") || !strings.Contains(r.stderr, "chat/discord") {
		t.Error(r.stderr)
	}
	if r := w.code(exitUsage, "doctor", "chat"); !strings.Contains(r.stderr, "--notify") {
		t.Error(r.stderr)
	}
	w.dead("discord", true)
	if r := w.code(exitDelivery, "doctor", "--notify", "chat/discord"); !strings.Contains(r.stdout, "chat/discord") {
		t.Error(r.stdout)
	}
}

// TestPageOfAChatOnly: a definition that is told in chats alone keeps its digest whole for the service's pages.
func TestPageOfAChatOnly(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.config("server: {public_url: \"https://digests.example.com\"}\ndigests: [{name: chat, channels: [{type: slack, webhook_env: SLACK_WEBHOOK_URL}]}]\n")
	w.commit("v1.36", invented(300))
	w.ok("run")
	got := w.texts("slack")
	if len(got) != 1 || !strings.Contains(got[0], "https://digests.example.com/digests/chat/1") {
		t.Errorf("the message does not lead to the page: %.3000s", got)
	}
	var page string
	for _, d := range w.deliveries() {
		if d.Key.Channel == "page" && d.State == store.Done {
			page = d.Body
		}
	}
	if strings.Count(page, "InventedWidget") < 300 {
		t.Errorf("the page has %d of 300 gates", strings.Count(page, "InventedWidget"))
	}
}

// plainReceiver takes anything, as services behind shoutrrr do.
type plainReceiver struct {
	*httptest.Server
	mu   sync.Mutex
	took []string
	off  bool
}

func newPlainReceiver() *plainReceiver {
	r := &plainReceiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.off {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.took = append(r.took, string(body))
	}))
	return r
}

func (r *plainReceiver) die(off bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = off
}

func (r *plainReceiver) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.took)
}

// deliveries are those of the state.
func (w *testWorld) deliveries() []store.Delivery {
	w.t.Helper()
	st, err := sqlite.Open(w.t.Context(), w.state(), sqlite.Options{Now: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	list, err := st.Deliveries(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// wantNowhere looks for a secret in all files of a folder.
func wantNowhere(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
