package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
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

// TestPageOfMissedDigests: a message that tells of several digests at once does not lead to the page of the last one alone.
func TestPageOfMissedDigests(t *testing.T) {
	t.Parallel()
	w := chats(t)
	w.config("server: {public_url: \"https://digests.example.com\"}\ndigests: [{name: chat, channels: [{type: slack, webhook_env: SLACK_WEBHOOK_URL}]}]\n")
	w.ok("run")
	w.dead("slack", true)
	w.commit("v1.36", invented(200))
	w.pass(7 * 24 * time.Hour)
	w.code(exitDelivery, "run")
	w.commit("v1.36", both(invented(200), promoteVolume))
	w.pass(7 * 24 * time.Hour)
	w.code(exitDelivery, "run")
	w.dead("slack", false)
	w.ok("run")
	got := w.texts("slack")
	last := got[len(got)-1]
	if !strings.Contains(last, "ImageVolumeWithDigest") || !strings.Contains(last, "https://digests.example.com/") {
		t.Fatalf("%.500s", last)
	}
	for _, d := range w.deliveries() {
		page := fmt.Sprintf("https://digests.example.com/digests/chat/%d", d.Key.Seq)
		if d.Key.Channel == "page" && strings.Contains(last, page) && strings.Count(d.Body, "InventedWidget") < 200 {
			t.Errorf("it leads to %s, which tells of %d gates of 200", page, strings.Count(d.Body, "InventedWidget"))
		}
	}
}

// TestMailboxThatIsFull: somebody whose mailbox takes nothing for weeks costs the others neither a digest nor time, and
// they get nothing twice.
func TestMailboxThatIsFull(t *testing.T) {
	t.Parallel()
	w := chats(t)
	mail := strings.ReplaceAll(w.channels()["email"], "platform@example.com", "full@example.com, well@example.com")
	w.config("digests: [{name: chat, channels: [" + mail + "]}]\n")
	w.mail.Refuse("full@example.com", 452, "4.2.2 mailbox full")
	for i, widgets := range [][]func([]facts.Row) []facts.Row{{one("First")}, {one("First"), one("Second")}, {one("First"), one("Second"), one("Third")}} {
		w.commit("v1.36", both(widgets...))
		w.pass(7 * 24 * time.Hour)
		w.code(exitDelivery, "run")
		got := w.mail.Messages()
		if len(got) != i+1 || got[i].To[0] != "well@example.com" {
			t.Fatalf("in week %d the well one has %d mails", i+1, len(got))
		}
		if strings.Contains(got[i].Text, "InventedWidgetFirst") != (i == 0) {
			t.Errorf("in week %d the well one reads:\n%s", i+1, got[i].Text)
		}
	}
	w.mail.Refuse("full@example.com", 0, "")
	w.pass(24 * time.Hour)
	w.ok("run")
	n := map[string]int{}
	for _, m := range w.mail.Messages() {
		for _, to := range m.To {
			n[to]++
		}
	}
	if n["well@example.com"] != 3 || n["full@example.com"] != 3 {
		t.Errorf("mails in the end: %v", n)
	}
}
