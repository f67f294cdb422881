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

// TestVariablesOfChannels: any name that a channel gives its secret may be had, also one that begins as those of the
// settings do, and each message names the variable that it is about.
func TestVariablesOfChannels(t *testing.T) {
	load := func(data string, env ...string) (config.Config, error) {
		lookup, names := config.Environ(env)
		return config.Load(config.Source{Dir: t.TempDir(), Data: []byte(data), EnvNames: names}, lookup)
	}
	one := func(variable string) string {
		return "digests:\n  - name: chat\n    channels: [{type: discord, webhook_env: " + variable + "}]\n"
	}
	file := filepath.Join(t.TempDir(), "address")
	if err := os.WriteFile(file, []byte("\ufeff https://verysecret.example.com\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"BOT_CHAT_URL=https://verysecret.example.com", "BOT_CHAT_URL_FILE=" + file} {
		c, err := load(one("BOT_CHAT_URL"), env)
		if err != nil {
			t.Errorf("%s: %v", env, err)
			continue
		}
		if got := c.Digests[0].Channels[0].Secret("BOT_CHAT_URL").Reveal(); got != "https://verysecret.example.com" {
			t.Errorf("%s: %q", env, got)
		}
	}
	if _, err := load(one("OTHER"), "BOT_CHAT_URL=x"); err == nil || !strings.Contains(err.Error(), "BOT_CHAT_URL: no setting") {
		t.Errorf("a variable that nobody names: %v", err)
	}
	if _, err := load(one("chat_url"), "chat_url=verysecret\nverysecret"); err == nil || !strings.Contains(err.Error(), "chat_url: holds no secret") {
		t.Errorf("a name in small letters: %v", err)
	}
	_, err := load(one("CHAT_URL"), "CHAT_URL_FILE=/does/not/exist")
	if err == nil || strings.Contains(err.Error(), "config init") || !strings.Contains(err.Error(), "correct the path, or give what is secret in CHAT_URL") {
		t.Errorf("a file that is gone: %v", err)
	}
}

// TestSecretsInTheFile: what stands where a variable's name belongs is told in the order of the keys, and not as if it were
// GitHub's token.
func TestSecretsInTheFile(t *testing.T) {
	load := func(channel string) string {
		_, err := config.Load(config.Source{Dir: t.TempDir(), Data: []byte("digests:\n  - name: chat\n    channels: [" + channel + "]\n")}, nil)
		if err == nil {
			t.Fatalf("%s is taken", channel)
		}
		return err.Error()
	}
	if s := load("{type: slack, webhook_env: https://hooks.slack.com/services/verysecret}"); strings.Contains(s, "verysecret") || !strings.Contains(s, "webhook_env name") {
		t.Errorf("an address for a name: %s", s)
	}
	first := load(`{type: webhook, webhook_env: "a b", secret_env: "c d"}`)
	if webhook, secret := strings.Index(first, "webhook_env:"), strings.Index(first, "secret_env:"); webhook < 0 || secret < webhook {
		t.Errorf("the order is not that of the keys: %s", first)
	}
	for range 50 {
		if again := load(`{type: webhook, webhook_env: "a b", secret_env: "c d"}`); again != first {
			t.Fatalf("first it says\n%s\nand then\n%s", first, again)
		}
	}
}
