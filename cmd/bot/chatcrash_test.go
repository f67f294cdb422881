//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/hooktest"
	"github.com/upstream-digest/bot/internal/slacktest"
)

// TestKilledWhileItSendsToChats: the program is killed when a message is there and its store does not know yet. A bot's
// thread is there once in the end, and what a webhook takes twice at most.
func TestKilledWhileItSendsToChats(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a message takes a second")
	}
	w := &chatWorld{testWorld: released(t), web: slacktest.New(slacktest.Options{Now: time.Now}), hook: hooktest.Generic(hooktest.Options{Now: time.Now, Secrets: []string{signingSecret}})}
	t.Cleanup(w.web.Close)
	t.Cleanup(w.hook.Close)
	w.web.AddChannel(slacktest.Channel{ID: slackChannel, Name: "platform"})
	w.set("HOOK_URL="+w.hook.URL(), "HOOK_SECRET="+signingSecret, "SLACK_BOT_TOKEN=xoxb-test", "SLACK_API_URL="+w.web.URL, "BOT_GITHUB_SETTLE_TIMEOUT=40ms", "BOT_TRACE_MAX_REQUESTS=0")
	const bot = "{type: slack, name: bot, token_env: SLACK_BOT_TOKEN, channel: " + slackChannel + "}"
	const hook = "{type: webhook, webhook_env: HOOK_URL, secret_env: HOOK_SECRET}"
	w.config("digests: [{name: chat, channels: [" + bot + ", " + hook + "]}]\n")
	log := filepath.Join(t.TempDir(), "writes")
	c := w.command("run")
	c.Env = append(c.Env, trapVariable+"=LOG "+log)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	writes := strings.Split(strings.TrimSpace(string(data)), "\n")
	want := len(w.web.Messages(slackChannel))
	if want != 4 {
		t.Fatalf("%d messages", want)
	}
	seen := func() (map[string]int, int) {
		out := map[string]int{}
		for _, m := range w.web.Messages(slackChannel) {
			out[string(m.Blocks)]++
		}
		return out, len(w.hook.Took())
	}
	killed := 0
	for n := 1; n <= len(writes); n++ {
		if strings.Count(writes[n-1], "chat/") != 1 || !strings.Contains(writes[n-1], "slack:bot/2-of-4 done") && !strings.Contains(writes[n-1], "webhook/1-of-1 done") {
			continue // in a process a message takes a second: only where something is there and nobody knows yet
		}
		for _, when := range []string{"before"} {
			w.loseState()
			for _, m := range w.web.Messages(slackChannel) {
				w.web.Delete(slackChannel, m.TS)
			}
			_, hooks := seen()
			c := w.command("run")
			c.Env = append(c.Env, fmt.Sprintf("%s=KILL %s %d", trapVariable, when, n))
			_ = c.Run()
			killed++
			runs := 0
			for r := w.run("run"); r.code != 0; r = w.run("run") {
				if runs++; runs > 3 {
					t.Fatalf("%s %d: %s", when, n, r.stderr)
				}
			}
			got, h := seen()
			total := 0
			for _, k := range got {
				total += k
			}
			if h -= hooks; h < 1 || h > 2 || total != want {
				t.Errorf("killed %s write %d (%s): %d messages of %d, %d posts", when, n, writes[n-1], total, want, h)
			}
		}
	}
	if killed != 2 {
		t.Errorf("it was killed %d times, of these writes:\n%s", killed, strings.Join(writes, "\n"))
	}
}
