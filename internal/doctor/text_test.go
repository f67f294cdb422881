package doctor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/upstream-digest/bot/internal/config"
)

// TestTextFits: at each width no line is wider, and colours add no word.
func TestTextFits(t *testing.T) {
	r := Report{Requests: 3, ExitCode: 4, Checks: []Check{
		{Area: areaGitHub, Name: "network", Status: OK, Finding: "api.github.com answers in 120 ms, through no proxy."},
		{Area: areaGitHub, Name: "token", Status: Warning, Finding: strings.Repeat("It may do more than it needs. ", 6), Advice: strings.Repeat("Make one that may write issues alone. ", 5)},
		{Area: "digests", Name: "target acme/platform", Subject: "acme/platform", Status: Failed, Finding: "It has no issues.", Advice: "Turn them on."},
		{Area: "digests", Name: "schedule", Status: Skipped, Finding: "Not asked."},
	}}
	for _, width := range []int{60, 80, 120} {
		plain, coloured := r.Text(width, false), r.Text(width, true)
		if ansi.Strip(coloured) != plain || coloured == plain || strings.Contains(plain, "\x1b") {
			t.Errorf("%d columns: in colour it says\n%s", width, coloured)
		}
		for line := range strings.Lines(plain) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("%d columns: %d: %q", width, w, line)
			}
		}
	}
	for _, want := range []string{"\x1b[31mFAILED", "\x1b[33mwarning", "\x1b[2mskipped", "\x1b[31mfailed: target acme/platform (acme/platform)\x1b[0m\n"} {
		if !strings.Contains(r.Text(80, true), want) {
			t.Errorf("it lacks %q", want)
		}
	}
}

// TestCommandsStayWhole: what is to be copied is not broken within a word.
func TestCommandsStayWhole(t *testing.T) {
	for pad := range 40 {
		r := Report{Checks: []Check{{Area: areaDigests, Name: "channel", Status: OK, Finding: strings.Repeat("x", pad) + " bot doctor --notify weekly-alerts/my-slack tries it"}}}
		if text := r.Text(80, false); !strings.Contains(text, "--notify") || !strings.Contains(text, "weekly-alerts/my-slack") {
			t.Fatalf("broken:\n%s", text)
		}
	}
}

// TestOutOfTime: what could not be tried is told as that, and not as having failed.
func TestOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var sent []string
	m := Messenger{
		Config: config.Config{Digests: []config.Digest{{Name: "d", Channels: []config.Channel{
			{Type: config.ChannelEmail, Name: "slow", Server: "a:25"}, {Type: config.ChannelEmail, Name: "good", Server: "b:25"},
		}}}},
		Now: time.Now,
		Send: func(ctx context.Context, ch config.Channel, _, _ string) (string, error) {
			sent = append(sent, ch.Name)
			cancel()
			return "", ctx.Err()
		},
	}
	got := m.Notify(ctx, nil)
	if len(got) != 2 || got[0].Status != Failed || got[1].Status != Skipped || got[1].Subject != "d/good" || !strings.Contains(got[1].Finding, "time") || len(sent) != 1 {
		t.Errorf("sent to %v: %+v", sent, got)
	}
}
