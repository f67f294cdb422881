package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/golden"
)

func TestResolved(t *testing.T) {
	c := mustLoad(t, `target:
  repository: acme/platform
upstreams:
  - preset: kubernetes
    ref: "1.30"
    sources:
      gates:
        packages:
          - path: pkg/features
            component: kubernetes
digests:
  - name: weekly
    schedule: "17 7 * * 1"
    severities: [act, know]
    channels:
      - type: github-issue
        labels: []
      - type: file
        path: out/digest.md
`, "BOT_RUN_TIMEOUT=90m", "GITHUB_SERVER_URL=https://github.com", "GH_TOKEN=hunter2")
	text, err := config.Resolved(c)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/resolved.golden", text)
	again := mustLoad(t, string(text), "GH_TOKEN=hunter2")
	if d := cmp.Diff(c, again, values()); d != "" {
		t.Errorf("what is shown gives something else (-first +again):\n%s", d)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "hunter2"
	type holder struct {
		Public config.Secret
		secret config.Secret
	}
	c := mustLoad(t, "", "GITHUB_TOKEN= "+value+"\n")
	if c.GitHub.Token.Reveal() != value || c.GitHub.TokenFrom != "GITHUB_TOKEN" {
		t.Fatalf("the token was not read, or not trimmed: from %q", c.GitHub.TokenFrom)
	}
	s := c.GitHub.Token
	h := holder{Public: s, secret: s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10v"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", &h)
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", []any{s, h.secret})
	}
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		logger.Info("a", "secret", s, "holder", h, "config", c)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		for _, v := range []any{s, h, c, map[string]any{"a": s}} {
			data, err := marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(data)
		}
	}
	shown, err := config.Resolved(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(shown)
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if i := strings.Index(out.String(), form); i >= 0 {
			t.Errorf("the secret was printed: …%s", out.String()[max(0, i-80):i+len(form)])
		}
	}
	if !strings.Contains(out.String(), "REDACTED") {
		t.Error("nothing says that a secret was left out")
	}
}

func TestWhichToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"GITHUB_TOKEN=a", "BOT_GITHUB_TOKEN=b", "GH_TOKEN=c", "GITHUB_TOKEN_FILE=" + file}
	for i, want := range []string{"a", "b", "c", "from-file", ""} {
		c := mustLoad(t, "", env[i:]...)
		if c.GitHub.Token.Reveal() != want {
			t.Errorf("with %v the token is %q, want %q", env[i:], c.GitHub.Token.Reveal(), want)
		}
		if name := append(env, "=")[i]; !strings.HasPrefix(name, c.GitHub.TokenFrom) {
			t.Errorf("with %v the token is said to be from %q", env[i:], c.GitHub.TokenFrom)
		}
	}
}
