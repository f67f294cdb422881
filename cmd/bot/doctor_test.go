package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/upstream-digest/bot/internal/doctor"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/store"
)

// examined is a JSON report, and how the program ended.
type examined struct {
	result
	Checks   []doctor.Check
	ExitCode int `json:"exit_code"`
}

// examine runs bot doctor, as JSON and as text, and holds the one against its schema and the other against
// its columns.
func (w *testWorld) examine(args ...string) examined {
	w.t.Helper()
	var e examined
	e.result = w.run(append([]string{"doctor", "--format", "json"}, args...)...)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(e.stdout))
	if err != nil {
		w.t.Fatalf("no JSON: %v\n%s%s", err, e.stdout, e.stderr)
	}
	if err := doctorSchema(w.t).Validate(doc); err != nil {
		w.t.Error(err)
	}
	if err := json.Unmarshal([]byte(e.stdout), &e); err != nil {
		w.t.Fatal(err)
	}
	if e.ExitCode != e.code {
		w.t.Errorf("the report says exit code %d, the program ends with %d", e.ExitCode, e.code)
	}
	if e.stderr != "" {
		w.t.Errorf("what was told is told again: %s", e.stderr)
	}
	for _, c := range e.Checks {
		if strings.Contains(c.Finding+c.Advice, "\n") || c.Finding == "" {
			w.t.Errorf("a finding is one line: %+v", c)
		}
		if (c.Status == doctor.Warning || c.Status == doctor.Failed) && c.Advice == "" {
			w.t.Errorf("nothing to do about %+v", c)
		}
	}
	return e
}

func doctorSchema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	b, err := os.ReadFile("../../docs/schema/doctor.v1.json")
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(doctor.Schema, doc); err != nil {
		tb.Fatal(err)
	}
	s, err := c.Compile(doctor.Schema)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func (e examined) find(tb testing.TB, name, subject string) doctor.Check {
	tb.Helper()
	i := slices.IndexFunc(e.Checks, func(c doctor.Check) bool {
		return c.Name == name && (subject == "" || c.Subject == subject)
	})
	if i < 0 {
		tb.Fatalf("there is no check %s %s in\n%s", name, subject, e.stdout)
	}
	return e.Checks[i]
}

func (w *testWorld) token(change func(*ghtest.Token)) {
	k := ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}}
	change(&k)
	w.gh.AddToken(k)
}

func readOnly(w *testWorld) {
	w.token(func(k *ghtest.Token) { k.Access["acme/platform"] = ghtest.Read })
}

func (w *testWorld) sql(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		w.t.Fatal(err)
	}
}

func sqlTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	const fineGrained = "github_pat_averysecrettoken0123456789"
	tests := []struct {
		name    string
		spoil   func(w *testWorld)
		code    int
		check   string
		subject string
		status  doctor.Status
		says    []string // in finding or advice
		skipped []string // checks that depend on it
	}{
		{"good", func(*testWorld) {}, 0, "permission", "", doctor.OK, []string{"may file issues", "role write"}, nil},
		{"read-only classic token", readOnly, exitDelivery, "permission", "acme/platform", doctor.Failed, []string{"but not file issues", "no scope", "public_repo", "Issues: read and write"}, nil},
		{"read-only in a private target", func(w *testWorld) {
			w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", Private: true})
			w.token(func(k *ghtest.Token) { k.Scopes = []string{"public_repo", "read:org"} })
		}, exitDelivery, "permission", "acme/platform", doctor.Failed, []string{"public_repo, read:org", "give it the scope repo"}, nil},
		{"role too low for labels", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Access["acme/platform"] = ghtest.Report })
		}, 0, "labels", "acme/platform", doctor.Warning, []string{"upstream-digest", "dropped in silence", "triage"}, nil},
		{"fine-grained token", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Value = fineGrained })
			w.set("GITHUB_TOKEN=" + fineGrained)
		}, 0, "permission", "acme/platform", doctor.Skipped, []string{"does not tell", "Issues: read and write", "--notify"}, nil},
		{"fine-grained token that has filed", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Value = fineGrained })
			w.set("GITHUB_TOKEN=" + fineGrained)
			w.ok("run")
		}, 0, "permission", "acme/platform", doctor.OK, []string{"a digest was filed there", "a fine-grained token"}, nil},
		{"fine-grained token that may only read", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Value = fineGrained; k.Access["acme/platform"] = ghtest.Read })
			w.set("GITHUB_TOKEN=" + fineGrained).run("run")
		}, 0, "permission", "acme/platform", doctor.Warning, []string{"the last try failed", "issues: write", "Issues: read and write"}, nil},
		{"token of an Actions job", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Value, k.Login, k.Integration = "ghs_job", "github-actions[bot]", true })
			w.set("GITHUB_TOKEN=ghs_job", "GITHUB_ACTIONS=true")
		}, 0, "token", "GITHUB_TOKEN", doctor.OK, []string{"the token of this Actions job of github-actions[bot]"}, nil},
		{"missing token", func(w *testWorld) { w.set("GITHUB_TOKEN=") }, exitUsage, "token", "", doctor.Failed,
			[]string{"none is set", "set GITHUB_TOKEN", "acme/platform", "--dry-run"}, []string{"permission"}},
		{"no token needed", func(w *testWorld) {
			w.set("GITHUB_TOKEN=").config("digests:\n  - name: d\n    channels: [{type: stdout}]\n")
		}, 0, "token", "", doctor.OK, []string{"60 requests an hour"}, nil},
		{"bad token", func(w *testWorld) { w.gh.RevokeToken(secret) }, exitDelivery, "token", "GITHUB_TOKEN", doctor.Failed,
			[]string{"does not accept", "Issues: read and write on acme/platform"}, []string{"upstream", "target"}},
		{"bad token, files only", func(w *testWorld) {
			w.gh.RevokeToken(secret)
			w.config("digests:\n  - name: d\n    channels: [{type: stdout}]\n")
		}, exitSource, "token", "GITHUB_TOKEN", doctor.Failed, []string{"does not accept"}, []string{"upstream"}},
		{"token expires soon", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Expires = time.Now().Add(75 * time.Hour) })
		}, 0, "token", "GITHUB_TOKEN", doctor.Warning, []string{"expires in 3 days", "make a new one"}, nil},
		{"token expires some day", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Expires = time.Now().Add(60 * 24 * time.Hour) })
		}, 0, "token", "GITHUB_TOKEN", doctor.OK, []string{"good until"}, nil},
		{"token file others may read", func(w *testWorld) {
			path := filepath.Join(w.dir, "token")
			if err := os.WriteFile(path, []byte(secret+"\n"), 0o644); err != nil {
				w.t.Fatal(err)
			}
			w.set("GITHUB_TOKEN=", "GITHUB_TOKEN_FILE="+path)
		}, 0, "token file", "", doctor.Warning, []string{"-rw-r--r--", "chmod 600"}, nil},
		{"missing token file", func(w *testWorld) { w.set("GITHUB_TOKEN=", "GITHUB_TOKEN_FILE=/nowhere/token") }, exitUsage, "configuration", "", doctor.Failed,
			[]string{"GITHUB_TOKEN_FILE", "/nowhere/token"}, nil},
		{"archived target", func(w *testWorld) {
			w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", Archived: true})
		}, exitDelivery, "target", "acme/platform", doctor.Failed, []string{"archived", "choose another"}, nil},
		{"issues disabled", func(w *testWorld) {
			w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", IssuesDisabled: true})
		}, exitDelivery, "target", "acme/platform", doctor.Failed, []string{"switched off", "Settings"}, nil},
		{"target missing", func(w *testWorld) { w.set("GITHUB_REPOSITORY=acme/nowhere") }, exitDelivery, "target", "acme/nowhere", doctor.Failed,
			[]string{"does not exist, or the token may not see it"}, nil},
		{"no target", func(w *testWorld) { w.set("GITHUB_REPOSITORY=") }, exitUsage, "target", "digest", doctor.Failed, []string{"target.repository"}, nil},
		{"upstream missing", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    repository: kubernetes/nope\n")
		}, exitSource, "upstream", "kubernetes", doctor.Failed, []string{"kubernetes/nope", "upstreams[0].repository"}, nil},
		{"ref missing", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    ref: release-9.9\n")
		}, exitSource, "upstream", "kubernetes", doctor.Failed, []string{"release-9.9", "upstreams[0].ref"}, nil},
		{"a preset's path missing", func(*testWorld) {}, 0, "paths", "kubernetes", doctor.OK, []string{"preset", "pkg/util/config/feature_gate.go"}, nil},
		{"own path missing", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    sources:\n      gates:\n        packages:\n          - {path: pkg/features, component: kubernetes}\n          - {path: nowhere, component: kubernetes}\n")
		}, 0, "paths", "kubernetes", doctor.Warning, []string{"nowhere", "packages"}, nil},
		{"no path there", func(w *testWorld) {
			w.config("upstreams:\n  - preset: kubernetes\n    version_file: \"\"\n    sources:\n      gates:\n        packages:\n          - {path: nowhere, component: kubernetes}\n")
		}, exitSource, "paths", "kubernetes", doctor.Failed, []string{"none of the watched paths", "nowhere"}, nil},
		{"no network", func(w *testWorld) {
			w.set("GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_GRAPHQL_URL=http://127.0.0.1:1/graphql", "BOT_GITHUB_MAX_WAIT=10ms")
		}, exitSource, "network", "127.0.0.1:1", doctor.Failed, []string{"cannot reach 127.0.0.1:1", "HTTPS_PROXY", "bot demo"}, []string{"upstream", "target"}},
		{"something else answers", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.HTML, Path: "/rate_limit", Times: -1})
		}, exitSource, "network", "", doctor.Failed, []string{"HTML", "captive portal"}, []string{"upstream", "target"}},
		{"GitHub is down", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Path: "/rate_limit", Times: -1})
		}, exitSource, "network", "", doctor.Failed, []string{"githubstatus"}, []string{"upstream", "target"}},
		{"GraphQL is down", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Path: "/graphql", Times: -1})
		}, exitSource, "upstream", "kubernetes", doctor.Failed, []string{"502"}, []string{"target"}},
		{"limit used up", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.SecondaryLimit, Path: "/rate_limit", RetryAfter: "600", Times: -1})
		}, 0, "limit", "secondary", doctor.Warning, []string{"slow down", "wait until then"}, []string{"upstream", "target"}},
		{"low limit", func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.GraphQLLimit = 45 })
			w.ok("run")
		}, 0, "limit", "graphql", doctor.Warning, []string{"of 45 left", "a run may need 40"}, nil},
		{"damaged state", func(w *testWorld) {
			_ = os.MkdirAll(filepath.Dir(w.state()), 0o755)
			_ = os.WriteFile(w.state(), []byte("this is no database, and it is long enough to be read as one"), 0o600)
		}, exitState, "state", "", doctor.Failed, []string{"bot.db"}, nil},
		{"a damaged row", func(w *testWorld) {
			w.ok("run")
			w.sql(`UPDATE sections SET items = x'00'`)
		}, exitState, "state", "", doctor.Failed, []string{"damaged"}, nil},
		{"a state in a file's place", func(w *testWorld) {
			w.set("BOT_STORE_PATH=" + filepath.Join(w.git, "HEAD", "bot.db"))
		}, exitState, "state", "", doctor.Failed, []string{"HEAD"}, nil},
		{"locked state", func(w *testWorld) {
			w.ok("run")
			w.sql(`UPDATE lock SET held = 1, holder = ?, expires = ?`, "host a\x1b[31m, process 7", sqlTime(time.Now().Add(time.Hour)))
		}, 0, "lock", "", doctor.Warning, []string{"held by host a[31m, process 7 until", "exit code 5"}, nil},
		{"a dead holder's lock", func(w *testWorld) {
			w.ok("run")
			w.sql(`UPDATE lock SET held = 1, holder = ?, expires = ?`, "host a, process 7", sqlTime(time.Now().Add(-time.Hour)))
		}, 0, "lock", "", doctor.OK, []string{"host a, process 7, who died", "1 hour ago"}, nil},
		{"pending delivery", func(w *testWorld) {
			readOnly(w)
			w.run("run")
			w.token(func(*ghtest.Token) {})
		}, 0, "deliveries", "digest/1/github-issue/1-of-1", doctor.Warning, []string{"pending", "1 try", "acme/platform", "issues: write", "next run"}, nil},
		{"unknown delivery", func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Method: "POST", Path: "/repos/*/*/issues"})
			w.set("BOT_GITHUB_SETTLE_TIMEOUT=0s").run("run")
		}, 0, "deliveries", "digest/1/github-issue/1-of-1", doctor.Warning, []string{"unknown", "may be there", "looks for it"}, nil},
		{"given up delivery", func(w *testWorld) {
			readOnly(w)
			w.run("run")
			w.token(func(*ghtest.Token) {})
			w.sql(`UPDATE deliveries SET state = ?, tries = 10`, string(store.GivenUp))
		}, 0, "deliveries", "digest/1/github-issue/1-of-1", doctor.Warning, []string{"given up", "10 tries", "bot state retry digest/1/github-issue/1-of-1"}, nil},
		{"a source that fails", func(w *testWorld) {
			w.ok("run")
			w.push(map[string][]byte{"pkg/features/kube_features.go": []byte("package features\n\nvar = {\n")})
			w.run("run")
			w.run("run")
		}, 0, "data", "kubernetes/gates", doctor.Warning, []string{"failed in the last 2 runs", "kube_features.go:3"}, nil},
		{"a schedule that nobody follows", func(w *testWorld) {
			w.config("digests:\n  - name: daily\n    schedule: \"17 7 * * *\"\n").ok("run", "--digest", "daily")
			w.sql(`UPDATE cursors SET told_at = ?`, sqlTime(time.Now().Add(-10*24*time.Hour)))
		}, 0, "schedule", "daily", doctor.Warning, []string{"10 times due", "60 days"}, nil},
		{"a schedule that is followed", func(w *testWorld) {
			w.config("digests:\n  - name: daily\n    schedule: \"17 7 * * *\"\n    timezone: Europe/Berlin\n").ok("run", "--digest", "daily")
		}, 0, "schedule", "daily", doctor.OK, []string{"next due", "07:17 CE"}, nil},
		{"a file below a file", func(w *testWorld) {
			w.config("digests:\n  - name: d\n    channels: [{type: file, path: \"" + w.git + "/HEAD/{date}/x.md\"}]\n")
		}, exitDelivery, "channel", "", doctor.Failed, []string{"HEAD is no folder"}, nil},
		{"a file in a folder to be", func(w *testWorld) {
			w.config("digests:\n  - name: d\n    channels: [{type: file, path: \"" + w.dir + "/new/{date}/x.md\"}]\n")
		}, 0, "channel", "", doctor.OK, []string{"can be written"}, nil},
		{"offline without a mirror", func(w *testWorld) {
			w.config("offline: true\n")
		}, 0, "upstream", "kubernetes", doctor.Skipped, []string{"offline", "mirrors"}, nil},
		{"nothing needs GitHub", func(w *testWorld) {
			w.set("GITHUB_TOKEN=", "GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_GRAPHQL_URL=").config("offline: true\nmirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\ndigests:\n  - name: d\n    channels: [{type: stdout}]\n")
		}, 0, "network", "", doctor.Skipped, []string{"needs GitHub"}, nil},
		{"mirror", func(w *testWorld) {
			w.config("mirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\n")
		}, 0, "mirror", "kubernetes/kubernetes", doctor.OK, []string{"last fetched just now"}, nil},
		{"stale mirror", func(w *testWorld) {
			old := time.Now().Add(-20 * 24 * time.Hour)
			err := filepath.Walk(w.git, func(p string, _ os.FileInfo, err error) error {
				if err != nil {
					return err
				}
				return os.Chtimes(p, old, old)
			})
			if err != nil {
				w.t.Fatal(err)
			}
			w.config("mirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\n")
		}, 0, "mirror", "kubernetes/kubernetes", doctor.Warning, []string{"20 days ago", "fetch"}, nil},
		{"mirror missing", func(w *testWorld) {
			w.config("mirrors: [{repository: kubernetes/kubernetes, path: /nowhere/k.git}]\n")
		}, exitSource, "mirror", "kubernetes/kubernetes", doctor.Failed, []string{"/nowhere/k.git", "git clone --mirror"}, nil},
		{"no git for the mirror", func(w *testWorld) {
			w.set("PATH=/nowhere").config("mirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\n")
		}, exitSource, "git", "", doctor.Failed, []string{"git program", "install git"}, nil},
		{"bad configuration", func(w *testWorld) { w.config("target:\n  repo: acme/platform\n") }, exitUsage, "configuration", "", doctor.Failed,
			[]string{"config.yaml:2", "target.repo: unknown key", "repository, labels"}, nil},
		{"bad proxy", func(w *testWorld) { w.set("HTTPS_PROXY=ftp://user:hunter2@proxy") }, exitUsage, "configuration", "", doctor.Failed, []string{"HTTPS_PROXY"}, nil},
		{"everything at once", func(w *testWorld) {
			w.set("GITHUB_REPOSITORY=acme/nowhere").config("upstreams:\n  - preset: kubernetes\n    ref: nope\n")
			_ = os.MkdirAll(filepath.Dir(w.state()), 0o755)
			_ = os.WriteFile(w.state(), []byte("this is no database, and it is long enough to be read as one"), 0o600)
		}, exitState, "target", "acme/nowhere", doctor.Failed, []string{"does not exist"}, nil},
	}
	for i, tt := range tests {
		if !sampled(i, 6) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := released(t)
			tt.spoil(w)
			before := w.fingerprint()
			e := w.examine()
			if e.code != tt.code {
				t.Errorf("exit code %d, want %d", e.code, tt.code)
			}
			c := e.find(t, tt.check, tt.subject)
			if c.Status != tt.status {
				t.Errorf("%s is %s, want %s: %s", tt.check, c.Status, tt.status, c.Finding)
			}
			for _, want := range tt.says {
				if !strings.Contains(c.Finding+"\n"+c.Advice, want) {
					t.Errorf("%s does not say %q:\n%s\n→ %s", tt.check, want, c.Finding, c.Advice)
				}
			}
			for _, name := range tt.skipped {
				if c := e.find(t, name, ""); c.Status != doctor.Skipped {
					t.Errorf("%s is %s (%s); a cause is told once", name, c.Status, c.Finding)
				}
			}
			if strings.Contains(e.stdout, "hunter2") || strings.Contains(e.stdout, fineGrained) {
				t.Error("a secret is printed")
			}
			text := w.run("doctor")
			for line := range strings.Lines(text.stdout) {
				if n := ansi.StringWidth(strings.TrimRight(line, "\n")); n > 80 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			if strings.ContainsFunc(text.stdout, func(r rune) bool { return r < ' ' && r != '\n' }) {
				t.Errorf("a control character reaches the terminal:\n%q", text.stdout)
			}
			if after := w.fingerprint(); after != before {
				t.Errorf("it changed something:\n%s\nwas\n%s", after, before)
			}
			t.Logf("\n%s", text.stdout)
		})
	}
}

// fingerprint is everything that the doctor must not change: what stands at GitHub, and every file.
func (w *testWorld) fingerprint() string {
	w.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%d writes at GitHub\n", len(w.gh.Writes()))
	err := filepath.Walk(w.dir, func(p string, info os.FileInfo, err error) error {
		if err == nil && !strings.HasPrefix(p, w.git) {
			fmt.Fprintf(&b, "%s %s %d %s\n", p, info.Mode(), info.Size(), info.ModTime().Format(time.RFC3339Nano))
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// TestDoctorsCost: three requests with a token, whatever the number of targets and upstreams, and no write.
func TestDoctorsCost(t *testing.T) {
	w := released(t)
	w.gh.AddRepository(ghtest.Repository{Name: "acme/other"})
	w.config("upstreams:\n  - preset: kubernetes\n  - {preset: kubernetes, name: again, ref: v1.35.0}\n" +
		"digests:\n  - name: a\n    channels: [{type: github-issue, labels: [one, two]}]\n  - name: b\n    channels: [{type: github-issue, repository: acme/other}]\n")
	w.gh.ClearLog()
	e := w.examine()
	if e.code != 0 || e.api != 3 {
		t.Errorf("exit code %d, %d requests, want 0 and 3\n%s", e.code, e.api, e.stdout)
	}
	for _, r := range w.gh.Requests() {
		if r.Method != http.MethodGet && (r.Path != "/graphql" || strings.Contains(r.Document, "mutation")) {
			t.Errorf("it writes: %s %s", r.Method, r.Path)
		}
	}
	if c := e.find(t, "labels", "acme/other"); c.Status != doctor.Warning { // the token has no role there but read
		t.Errorf("labels of acme/other: %s %s", c.Status, c.Finding)
	}
	if c := e.find(t, "upstream", "again"); c.Status != doctor.OK || !strings.Contains(c.Finding, "v1.35.0") {
		t.Errorf("the second upstream: %+v", c)
	}
}

// TestDoctorSeesAWrongClock: schedules are told by this machine's.
func TestDoctorSeesAWrongClock(t *testing.T) {
	w := released(t)
	var out, errs bytes.Buffer
	ahead := func() time.Time { return time.Now().Add(3 * time.Hour) }
	execute(t.Context(), environment{args: []string{"doctor"}, stdout: &out, stderr: &errs, environ: w.env, now: ahead})
	if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), "3 hours ahead of GitHub's → set it") && !strings.Contains(out.String(), "2 hours ahead") {
		t.Errorf("the clock is three hours ahead, and it says\n%s", out.String())
	}
}

// TestDoctorSendsTestMessages: one to each place, and only when asked.
func TestDoctorSendsTestMessages(t *testing.T) {
	w := released(t)
	w.config("digests:\n  - name: weekly\n    channels:\n      - type: github-issue\n      - {type: file, path: \"" + w.dir + "/out/{seq}.md\"}\n      - type: stdout\n" +
		"  - name: alerts\n    channels: [{type: github-issue}]\n")
	r := w.ok("doctor", "--notify")
	w.wantIssues(1)
	is := w.issues()[0]
	if is.State != "closed" || !slices.Contains(is.Labels, "upstream-digest") || !strings.Contains(is.Title, "Test message") || strings.Contains(is.Body, "<!--") {
		t.Errorf("the test issue: %+v", is)
	}
	if b, err := os.ReadFile(filepath.Join(w.dir, "out", "bot-doctor-test.md")); err != nil || !strings.Contains(string(b), "weekly") {
		t.Errorf("the test file: %q, %v", b, err)
	}
	if !strings.HasPrefix(r.stdout, "This is a test message") {
		t.Errorf("nothing was printed to the stdout channel:\n%s", r.stdout)
	}
	e := w.examine("--notify")
	if c := e.find(t, "test message", "weekly"); c.Status != doctor.Skipped {
		t.Errorf("JSON and a message on one stream: %+v", c)
	}
	if r := w.ok("doctor", "--notify", "stdout", "--format", "json", "--output", "-"); !strings.HasPrefix(r.stdout, "{") {
		t.Errorf("a message stands before the document:\n%.300s", r.stdout)
	}
	// A test message is no digest: the first run still tells.
	if r := w.ok("run"); !strings.Contains(r.stderr, "filed github-issue") {
		t.Errorf("the run after it: %s", r.stderr)
	}
}

func TestDoctorsTestMessagesThatFail(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil  func(w *testWorld)
		code   int
		status doctor.Status
		says   string
		issues int
	}{
		"read-only fine-grained token": {func(w *testWorld) {
			w.token(func(k *ghtest.Token) { k.Value = "github_pat_read"; k.Access["acme/platform"] = ghtest.Read })
			w.set("GITHUB_TOKEN=github_pat_read")
		}, exitDelivery, doctor.Failed, "Issues: read and write", 0},
		"read-only app token": {func(w *testWorld) {
			w.token(func(k *ghtest.Token) {
				k.Value, k.Integration = "ghs_read", true
				k.Access["acme/platform"] = ghtest.Read
			})
			w.set("GITHUB_TOKEN=ghs_read")
		}, exitDelivery, doctor.Failed, "Issues: read and write", 0},
		"labels dropped": {func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.DropLabels, Method: "POST", Path: "/repos/*/*/issues"})
		}, 0, doctor.Warning, "dropped the labels upstream-digest", 1},
		"answer lost": {func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.CreatedButReset, Method: "POST", Path: "/repos/*/*/issues"})
		}, exitDelivery, doctor.Failed, "look in acme/platform for an open issue", 1},
		"can't be closed": {func(w *testWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Method: "PATCH", Path: "/repos/*/*/issues/*"})
		}, 0, doctor.Warning, "could not be closed", 1},
		"target archived": {func(w *testWorld) {
			w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", Archived: true})
		}, exitDelivery, doctor.Skipped, "what failed above", 0},
		"no token": {func(w *testWorld) { w.set("GITHUB_TOKEN=") }, exitUsage, doctor.Skipped, "what failed above", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := released(t)
			tt.spoil(w)
			e := w.examine("--notify")
			c := e.find(t, "test message", "acme/platform")
			if e.code != tt.code || c.Status != tt.status || !strings.Contains(c.Finding+c.Advice, tt.says) {
				t.Errorf("exit code %d, %+v; want %d, %s and %q", e.code, c, tt.code, tt.status, tt.says)
			}
			w.wantIssues(tt.issues)
		})
	}
}

// TestDoctorIsReadable: three reports as their readers see them, at 80 columns.
func TestDoctorIsReadable(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(w *testWorld){
		"good":      func(w *testWorld) { w.ok("run") },
		"read-only": readOnly,
		"missing":   func(w *testWorld) { w.set("GITHUB_TOKEN=") },
	} {
		t.Run(name, func(t *testing.T) {
			w := released(t)
			t.Chdir(w.dir)
			w.set("BOT_STORE_PATH=state/bot.db", "BOT_CONFIG=") // config.yaml stands in the folder
			spoil(w)
			text := w.run("doctor").stdout
			for pattern, with := range map[string]string{
				`127\.0\.0\.1:\d{5}`: "127.0.0.1:12345", `\d{4}-\d\d-\d\d \d\d:\d\d UTC`: "2026-01-02 03:04 UTC", `at \d\d:\d\d UTC`: "at 03:04 UTC", `\d+ KiB`: "148 KiB",
				`\d{4} of 5000`: "5000 of 5000", `, \d+ requests`: ", 13 requests", `\b[0-9a-f]{12}\b`: "0123456789ab",
			} {
				text = regexp.MustCompile(pattern).ReplaceAllString(text, with)
			}
			golden.Check(t, filepath.Join(here, "testdata", "doctor-"+name+".golden"), []byte(text))
		})
	}
}

// TestDoctorWaitsLess: mail servers that are not there do not use up the time for those that are.
func TestDoctorWaitsLess(t *testing.T) {
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	var mails strings.Builder
	for i := range 4 {
		fmt.Fprintf(&mails, "      - {type: email, name: m%d, server: \"127.0.0.1:1\", security: none, from: a@example.com, to: [m%d@example.com]}\n", i, i)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{})
		b.config("digests:\n  - name: d\n    channels:\n" + mails.String())
		began := time.Now()
		r := b.run("doctor", "--notify")
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it takes %s", took)
		}
		if n := strings.Count(r.stdout, "connection refused"); r.code != exitDelivery || n != 4 {
			t.Errorf("exit code %d; %d of 4 were tried:\n%s", r.code, n, r.stdout)
		}
	})
}
