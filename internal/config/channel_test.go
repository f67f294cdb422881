package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/config"
)

const chats = `
digests:
  - name: chat
    channels:
      - {type: slack, webhook_env: SLACK_WEBHOOK_URL}
      - {type: webhook, webhook_env: HOOK, secret_env: HOOK_SECRET}
      - {type: email, server: "smtp.example.com:587", from: a@example.com, to: [b@example.com], username: a, password_env: SMTP_PASSWORD}
`

// TestSecretsOfChannels: they come from variables and files, are never printed, and what is missing is named when
// something is to be sent, not before.
func TestSecretsOfChannels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("verysecret-pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, chats, "SLACK_WEBHOOK_URL= https://hooks.slack.com/services/verysecret \n", "HOOK=https://verysecret.example.com", "SMTP_PASSWORD_FILE="+file)
	list := c.Digests[0].Channels
	for i, want := range []string{"https://hooks.slack.com/services/verysecret", "https://verysecret.example.com", "verysecret-pw"} {
		if got := list[i].Secret(list[i].Variables()[0]).Reveal(); got != want {
			t.Errorf("channel %d: %q", i, got)
		}
	}
	if list[2].Security != "starttls" {
		t.Errorf("security is %q where nobody says", list[2].Security)
	}
	shown, err := config.Resolved(c)
	if err != nil || strings.Contains(string(shown), "verysecret") || !strings.Contains(string(shown), "webhook_env: SLACK_WEBHOOK_URL") {
		t.Errorf("config show: %v\n%s", err, shown)
	}
	err = c.Deliverable()
	if err == nil || !strings.Contains(err.Error(), "HOOK_SECRET, and it is not set") || strings.Contains(err.Error(), "SMTP_PASSWORD") {
		t.Errorf("what is missing: %v", err)
	}
	again := mustLoad(t, string(shown))
	if len(again.Digests[0].Channels) != 3 {
		t.Error("config show does not load again")
	}
}

// TestBadSecretsOfChannels are refused without being shown.
func TestBadSecretsOfChannels(t *testing.T) {
	load := func(env ...string) error {
		lookup, names := config.Environ(env)
		_, err := config.Load(config.Source{Dir: t.TempDir(), Data: []byte(chats), EnvNames: names}, lookup)
		return err
	}
	for what, value := range map[string]string{"two lines": "verysecret\nverysecret", "much too long": strings.Repeat("verysecret", 1000)} {
		err := load("HOOK=" + value)
		if err == nil || strings.Contains(err.Error(), "verysecret") || !strings.Contains(err.Error(), "HOOK: holds no secret") {
			t.Errorf("%s: %v", what, err)
		}
	}
	var gone *config.NotFoundError
	if err := load("HOOK_FILE=/does/not/exist"); !errors.As(err, &gone) || !strings.Contains(err.Error(), "HOOK_FILE") {
		t.Errorf("a file that is gone: %v", err)
	}
}
