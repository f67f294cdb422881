package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
)

// TestBadInput: one clear message that names what is wrong and the next step, the right exit code, no
// stack trace, no token, and a state that was not touched.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(w *testWorld)
		args  []string
		code  int
		says  []string
	}{
		{"unknown key", func(w *testWorld) { w.config("target:\n  repo: acme/platform\n") }, nil, exitUsage, []string{"target.repo", "config.yaml"}},
		{"wrong type", func(w *testWorld) { w.config("offline: 7\n") }, nil, exitUsage, []string{"offline"}},
		{"bad range", func(w *testWorld) { w.config("run:\n  timeout: -5m\n") }, nil, exitUsage, []string{"run.timeout"}},
		{"missing named file", nil, []string{"--config", "/nowhere/bot.yaml", "run"}, exitUsage, []string{"/nowhere/bot.yaml"}},
		{"unknown flag", nil, []string{"run", "--dryrun"}, exitUsage, []string{"--dryrun", "--help"}},
		{"unknown digest", nil, []string{"run", "--digest", "monthly"}, exitUsage, []string{"monthly"}},
		{"unknown ref", nil, []string{"diff", "v1.35.0", "v9.9.9"}, exitSource, []string{"v9.9.9", "kubernetes/kubernetes"}},
		{"unknown repository", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    repository: kubernetes/nope\n")
		}, nil, exitSource, []string{"kubernetes/nope"}},
		{"no gate files", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    version_file: \"\"\n    sources:\n      gates:\n        packages:\n          - {path: nowhere, component: kubernetes}\n")
		}, nil, exitSource, []string{"nowhere", "sources.gates.packages"}},
		{"no Go", func(w *testWorld) {
			w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
		}, nil, exitSource, []string{"pkg/features/kube_features.go:3:"}},
		{"HTML", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.HTML, Path: "/graphql", Times: -1})
		}, nil, exitDelivery, []string{"acme/platform", "HTML"}},
		{"truncated", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Truncated, Path: "/graphql", Times: -1})
		}, nil, exitDelivery, []string{"acme/platform", "cut off"}},
		{"bad token", func(w *testWorld) { w.gh.RevokeToken(secret) }, nil, exitDelivery, []string{"token", "GITHUB_TOKEN"}},
		{"read-only token", func(w *testWorld) {
			w.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Read}})
		}, nil, exitDelivery, []string{"issues: write", "acme/platform"}},
		{"issues disabled", func(w *testWorld) {
			w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", IssuesDisabled: true})
		}, nil, exitDelivery, []string{"acme/platform", "issues"}},
		{"damaged state", func(w *testWorld) {
			_ = os.MkdirAll(filepath.Dir(w.state()), 0o755)
			_ = os.WriteFile(w.state(), []byte("this is no database, and it is long enough to be read as one"), 0o600)
		}, nil, exitState, []string{"bot.db"}},
		{"no network", func(w *testWorld) {
			w.set("GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_GRAPHQL_URL=http://127.0.0.1:1/graphql", "BOT_GITHUB_RAW_URL=http://127.0.0.1:1/raw", "BOT_GITHUB_MAX_WAIT=10ms")
		}, []string{"run", "--dry-run"}, exitSource, []string{"bot demo"}},
	}
	for i, tt := range tests {
		if !sampled(i, 4) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := released(t)
			if tt.spoil != nil {
				tt.spoil(w)
			}
			args := tt.args
			if args == nil {
				args = []string{"run"}
			}
			r := w.run(args...)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the message lacks %q", want)
				}
			}
			if strings.Contains(r.stderr, "goroutine") || strings.Contains(r.stderr, "panic") {
				t.Error("a stack trace")
			}
			w.wantIssues(0)
			t.Logf("%s", r.stderr)
		})
	}
}
