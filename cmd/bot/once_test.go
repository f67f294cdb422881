package main

import (
	"strings"
	"testing"
	"time"

)

// TestChannelTakenOutWhileOwed: a dead channel is taken out of the configuration. The run says that something is owed to it,
// and not for ever.
func TestChannelTakenOutWhileOwed(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only("slack", "discord")
	w.dead("slack", true)
	w.code(exitDelivery, "run")
	w.only("discord")
	runs := 0
	for r := w.code(exitDelivery, "run"); r.code != exitDone; r = w.run("run") {
		if runs == 0 && !strings.Contains(r.stderr, "put it back") {
			t.Error(r.stderr)
		}
		if runs++; runs > 20 {
			t.Fatalf("after %d days it still ends with %d:\n%s", runs, r.code, r.stderr)
		}
		w.pass(24 * time.Hour)
	}
	n := 0
	for _, i := range w.issues() {
		n += strings.Count(i.Body, "was never delivered to slack")
	}
	if n != 1 {
		t.Errorf("%d issues say that it was given up", n)
	}
}

// TestSlackWebhookBecomesBot: what a dead webhook owes is posted by the bot that takes its place.
func TestSlackWebhookBecomesBot(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.only("slack")
	w.dead("slack", true)
	w.code(exitDelivery, "run")
	w.config("digests:\n  - {name: issues, channels: [{type: github-issue}]}\n  - {name: chat, channels: [{type: slack, token_env: SLACK_BOT_TOKEN, channel: " + slackChannel + "}]}\n")
	r := w.run("run")
	if got := w.texts("bot"); r.code != 0 || len(got) != 1 || !strings.Contains(got[0], "GitRepoVolumeDriver") {
		t.Errorf("exit code %d, %d messages\n%s", r.code, len(got), r.stderr)
	}
}

