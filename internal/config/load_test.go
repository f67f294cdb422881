package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/golden"
)

// load reads text as the only configuration, with the variables given as "NAME=value".
func load(tb testing.TB, text string, env ...string) (config.Config, error) {
	tb.Helper()
	lookup, names := config.Environ(env)
	return config.Load(config.Source{Dir: tb.TempDir(), Name: "config.yaml", Data: []byte(text), EnvNames: names}, lookup)
}

func mustLoad(tb testing.TB, text string, env ...string) config.Config {
	tb.Helper()
	c, err := load(tb, text, env...)
	if err != nil {
		tb.Fatalf("Load: %v\n%s", err, text)
	}
	return c
}

// values leaves out where values came from.
func values() cmp.Option { return cmpopts.IgnoreFields(config.Config{}, "File", "Origins") }

// TestBadFiles holds the messages as users get them. Read a golden file as one of them would.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = load(t, string(data))
			if err == nil {
				t.Fatal("the file was accepted")
			}
			for _, secret := range []string{"abcdefghij", "hunter2"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the message holds a secret: %v", err)
				}
			}
			golden.Check(t, strings.TrimSuffix(file, ".yaml")+".golden", []byte(err.Error()+"\n"))
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	for name, env := range map[string][]string{
		"misspelt":      {"BOT_STORE_PAHT=x"},
		"unrelated":     {"BOT_XYZZY_PLUGH=x"},
		"list":          {"BOT_TARGET_LABELS=a,b"},
		"not-a-bool":    {"BOT_OFFLINE=yes"},
		"not-a-number":  {"BOT_RUN_KEEP_SNAPSHOTS=many"},
		"no-unit":       {"BOT_RUN_TIMEOUT=5"},
		"out-of-range":  {"BOT_RUN_TIMEOUT=25h"},
		"repository":    {"GITHUB_REPOSITORY=platform"},
		"api":           {"GITHUB_API_URL=example.com"},
		"token-broken":  {"GITHUB_TOKEN=ghp_abcdefghij\nklmnop"},
		"token-missing": {"GITHUB_TOKEN_FILE=testdata/no-such-file"},
		"token-folder":  {"GITHUB_TOKEN_FILE=testdata"},
		"config":        {"BOT_CONFIG=testdata/no-such-file.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "", env...)
			if err == nil {
				t.Fatalf("%s was accepted", env)
			}
			if strings.Contains(err.Error(), "abcdefghij") {
				t.Errorf("the message holds a secret: %v", err)
			}
			golden.Check(t, "testdata/env/"+name+".golden", []byte(err.Error()+"\n"))
		})
	}
}

// TestFaultsAreErrors: callers find the key of a fault without reading its text.
func TestFaultsAreErrors(t *testing.T) {
	_, err := load(t, "digests:\n  - name: a\n  - name: b\n    schedule: never\nstore: {driver: x}\n")
	var all *config.Error
	if !errors.As(err, &all) || len(all.Faults) != 2 {
		t.Fatalf("got %v, want two faults", err)
	}
	if f := all.Faults[0]; f.Key != "digests[1].schedule" || f.Origin.String() != "config.yaml:4" || f.Advice == "" {
		t.Errorf("first fault is %+v", f)
	}
	var one config.Fault
	if !errors.As(err, &one) || one.Key != "digests[1].schedule" {
		t.Errorf("errors.As gives %+v", one)
	}
}

func TestWhichFile(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	write := func(name, path string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("store: {path: "+path+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("config.yaml", "from-dir.db")
	named, inEnv := write("named.yaml", "named.db"), write("env.yaml", "env.db")
	embedded := []byte("store: {path: embedded.db}\n")
	for name, tt := range map[string]struct {
		src  config.Source
		env  []string
		want string
		file string
	}{
		"flag first":        {config.Source{Path: named, Dir: dir, Data: embedded}, []string{"BOT_CONFIG=" + inEnv}, "named.db", named},
		"then variable":     {config.Source{Dir: dir, Data: embedded}, []string{"BOT_CONFIG=" + inEnv}, "env.db", inEnv},
		"then folder":       {config.Source{Dir: dir, Data: embedded}, []string{"BOT_CONFIG="}, "from-dir.db", filepath.Join(dir, "config.yaml")},
		"then embedded":     {config.Source{Dir: empty, Data: embedded}, nil, "embedded.db", ""},
		"then what is code": {config.Source{Dir: empty}, nil, "state/bot.db", ""},
	} {
		t.Run(name, func(t *testing.T) {
			env, names := config.Environ(tt.env)
			tt.src.EnvNames = names
			c, err := config.Load(tt.src, env)
			if err != nil {
				t.Fatal(err)
			}
			if c.Store.Path != tt.want || c.File != tt.file {
				t.Errorf("path %q of file %q, want %q of %q", c.Store.Path, c.File, tt.want, tt.file)
			}
		})
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	var missing *config.NotFoundError
	_, err := config.Load(config.Source{Path: filepath.Join(dir, "x.yaml")}, nil)
	if !errors.As(err, &missing) || missing.By != "--config" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a named file that is missing gives %v", err)
	}
	// A config.yaml that is there and can't be read must not be taken for one that is missing.
	if err := os.Mkdir(filepath.Join(dir, "config.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Source{Dir: dir}, nil); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder as config.yaml gives %v", err)
	}
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, []byte("store:\n  path: a\n"+strings.Repeat("# padding\n", 120000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Source{Path: big}, nil); err == nil || !strings.Contains(err.Error(), "larger than 1024 KiB") {
		t.Errorf("a huge file gives %v", err)
	}
}

// TestViperTraps names what viper would do by itself, as measured on v1.21.0.
func TestViperTraps(t *testing.T) {
	t.Run("case of values and names survives", func(t *testing.T) {
		c := mustLoad(t, "watch: {gates: [FastWidget], owners: [SomeOne]}\ntarget: {repository: Acme/Platform}\n")
		if got := []string{c.Watch.Gates[0], c.Watch.Owners[0], c.Target.Repository}; !slices.Equal(got, []string{"FastWidget", "@SomeOne", "Acme/Platform"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a variable reaches a key that no file names", func(t *testing.T) {
		c := mustLoad(t, "", "BOT_STORE_PATH=/var/lib/bot.db", "BOT_OFFLINE=true", "BOT_RUN_TIMEOUT=20m", "BOT_RUN_KEEP_SNAPSHOTS=7", "BOT_GITHUB_RAW_URL=https://raw.example.com")
		if c.Store.Path != "/var/lib/bot.db" || !c.Offline || c.Run.Timeout != 20*time.Minute || c.Run.KeepSnapshots != 7 || c.GitHub.RawURL != "https://raw.example.com" {
			t.Errorf("got %+v %v %+v %q", c.Store, c.Offline, c.Run, c.GitHub.RawURL)
		}
	})
	t.Run("a variable beats the file and leaves its neighbours", func(t *testing.T) {
		c := mustLoad(t, "run: {timeout: 1h, keep_snapshots: 9}\noffline: true\n", "BOT_RUN_TIMEOUT=30m", "BOT_OFFLINE=false")
		if c.Run.Timeout != 30*time.Minute || c.Run.KeepSnapshots != 9 || c.Offline {
			t.Errorf("got %+v, offline %v", c.Run, c.Offline)
		}
	})
	t.Run("an empty variable is unset", func(t *testing.T) {
		c := mustLoad(t, "store: {path: a.db}\n", "BOT_STORE_PATH=", "BOT_NONSENSE=", "GITHUB_REPOSITORY=", "GITHUB_TOKEN=")
		if c.Store.Path != "a.db" || c.Target.Repository != "" || !c.GitHub.Token.IsZero() {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("a list in the file replaces the default", func(t *testing.T) {
		c := mustLoad(t, "target: {labels: []}\n")
		if len(c.Target.Labels) != 0 || len(c.Digests[0].Channels[0].Labels) != 0 {
			t.Errorf("labels are %v and %v", c.Target.Labels, c.Digests[0].Channels[0].Labels)
		}
	})
	t.Run("a section with nothing below it is not set", func(t *testing.T) {
		got := mustLoad(t, "target:\nstore:\nwatch:\n  gates:\nmirrors:\nupstreams:\ndigests:\n")
		if d := cmp.Diff(mustLoad(t, ""), got, values()); d != "" {
			t.Errorf("differs from the defaults (-want +got):\n%s", d)
		}
	})
	// Types are never guessed: TestBadFiles/wrong-types. Unknown keys in lists, keys with a dot:
	// TestBadFiles/unknown-keys. A named file that is missing: TestUnreadableFiles.
}

func TestActionsEnvironment(t *testing.T) {
	actions := []string{"GITHUB_REPOSITORY=acme/platform", "GITHUB_API_URL=https://ghe.example.com/api/v3",
		"GITHUB_GRAPHQL_URL=https://ghe.example.com/api/graphql", "GITHUB_SERVER_URL=https://ghe.example.com"}
	type addresses struct{ repository, api, graphql, raw, server string }
	for name, tt := range map[string]struct {
		text string
		env  []string
		want addresses
	}{
		"counts": {"", actions,
			addresses{"acme/platform", "https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql", "", "https://ghe.example.com"}},
		"counts beside the reference file": {string(config.Reference()), actions,
			addresses{"acme/platform", "https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql", "", "https://ghe.example.com"}},
		"file before it": {"target: {repository: a/b}\ngithub: {api_url: https://api.github.com/}\n", actions,
			addresses{"a/b", "https://api.github.com", "https://api.github.com/graphql", "https://raw.githubusercontent.com", "https://github.com"}},
		"variable before the file": {"target: {repository: a/b}\n", append([]string{"BOT_TARGET_REPOSITORY=c/d"}, actions...),
			addresses{"c/d", "https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql", "", "https://ghe.example.com"}},
		"only the API": {"", []string{"GITHUB_API_URL=http://127.0.0.1:4010"},
			addresses{"", "http://127.0.0.1:4010", "http://127.0.0.1:4010/graphql", "", "http://127.0.0.1:4010"}},
		"data residency": {"github: {api_url: https://api.acme.ghe.com}", nil,
			addresses{"", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql", "", "https://acme.ghe.com"}},
		"a bad one that does not count": {"target: {repository: a/b}\n", []string{"GITHUB_REPOSITORY=nonsense"},
			addresses{"a/b", "https://api.github.com", "https://api.github.com/graphql", "https://raw.githubusercontent.com", "https://github.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, tt.text, tt.env...)
			got := addresses{c.Target.Repository, c.GitHub.APIURL, c.GitHub.GraphQLURL, c.GitHub.RawURL, c.GitHub.ServerURL}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	if at := mustLoad(t, "target: {repository: a/b}\n", actions...).Origins["target.repository"]; at.String() != "config.yaml:1" {
		t.Errorf("the repository is said to be from %s", at)
	}
	if c := mustLoad(t, "github: {write_interval: 0s}\n", "GITHUB_API_URL=http://localhost:1"); c.GitHub.WriteInterval != 0 {
		t.Errorf("write_interval is %v towards a loopback address", c.GitHub.WriteInterval)
	}
}

func TestPreset(t *testing.T) {
	c := mustLoad(t, `
upstreams:
  - preset: kubernetes
  - preset: kubernetes
    name: stable
    ref: release-1.36
    sources:
      gates:
        packages:
          - {path: pkg/features, component: kubernetes}
          - {path: staging/src/k8s.io/apiserver/pkg/features, component: apiserver, import: example.com/fork}
  - preset: kubernetes
    name: again
  - name: widgets
    repository: acme/widgets
    module: example.com/widgets
    sources:
      gates:
        packages: [{path: internal/gates.go, component: widgets}]
digests:
  - {name: all}
  - {name: one, upstreams: [stable]}
`)
	full, stable, again, widgets := c.Upstreams[0], c.Upstreams[1], c.Upstreams[2], c.Upstreams[3]
	imports := map[string]string{}
	for _, p := range full.Sources.Gates.Packages {
		imports[p.Path] = p.Import
	}
	for path, want := range map[string]string{
		"pkg/features":                          "k8s.io/kubernetes/pkg/features",
		"staging/src/k8s.io/client-go/features": "k8s.io/client-go/features",
		"pkg/util/config/feature_gate.go":       "k8s.io/kubernetes/pkg/util/config",
		"cmd/kubeadm/app/features":              "k8s.io/kubernetes/cmd/kubeadm/app/features",
	} {
		if imports[path] != want {
			t.Errorf("%s has the import path %q, want %q", path, imports[path], want)
		}
	}
	if full.Name != "kubernetes" || full.Title != "Kubernetes" || full.Ref != "HEAD" || !full.Sources.Gates.Enabled || len(full.Sources.Gates.Packages) != 10 {
		t.Errorf("the preset gives %+v with %d packages", full, len(full.Sources.Gates.Packages))
	}
	if stable.Repository != full.Repository || stable.Ref != "release-1.36" || stable.VersionFile != full.VersionFile ||
		len(stable.Sources.Gates.Packages) != 2 || stable.Sources.Gates.Packages[1].Import != "example.com/fork" || !stable.Sources.Gates.Enabled {
		t.Errorf("the overridden preset gives %+v %+v", stable, stable.Sources.Gates)
	}
	again.Name = full.Name
	if d := cmp.Diff(full, again); d != "" {
		t.Errorf("an entry changed the preset for those after it (-first +later):\n%s", d)
	}
	if widgets.Title != "widgets" || widgets.Ref != "HEAD" || widgets.Sources.Gates.Packages[0].Import != "example.com/widgets/internal" {
		t.Errorf("the upstream without a preset is %+v %+v", widgets, widgets.Sources.Gates)
	}
	if got := c.UpstreamsOf(c.Digests[0]); len(got) != 4 {
		t.Errorf("a digest without upstreams tells of %d", len(got))
	}
	if got := c.UpstreamsOf(c.Digests[1]); len(got) != 1 || got[0].Name != "stable" {
		t.Errorf("the digest of one upstream tells of %+v", got)
	}
}

func TestNormalForms(t *testing.T) {
	c := mustLoad(t, "watch: {keps: [2411, \"KEP-1287\", kep-0127, 0064], owners: [\"@a\", b/c]}\nmirrors: [{repository: Kubernetes/Kubernetes, path: /m}]\n")
	if d := cmp.Diff([]string{"2411", "1287", "127", "64"}, c.Watch.KEPs); d != "" {
		t.Errorf("keps (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"@a", "@b/c"}, c.Watch.Owners); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	if c.Mirror("kubernetes/kubernetes") != "/m" || c.Mirror("a/b") != "" {
		t.Error("Mirror does not find the mirror, or finds too much")
	}
	if ttl := c.Run.LockTTL(); ttl <= c.Run.Timeout {
		t.Errorf("the lock expires after %v, within a run's %v", ttl, c.Run.Timeout)
	}
}

func TestDeliverable(t *testing.T) {
	const text = "digests:\n  - {name: issue}\n  - {name: file, channels: [{type: file, path: x.md}]}\n"
	c := mustLoad(t, text)
	if err := c.Deliverable("file"); err != nil {
		t.Errorf("a file needs neither repository nor token: %v", err)
	}
	err := c.Deliverable()
	if err == nil || !strings.Contains(err.Error(), "GITHUB_REPOSITORY") || !strings.Contains(err.Error(), "--dry-run") {
		t.Errorf("without target and token: %v", err)
	}
	err = mustLoad(t, text, "GITHUB_REPOSITORY=acme/platform").Deliverable()
	if err == nil || !strings.Contains(err.Error(), "GITHUB_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	if err := mustLoad(t, text, "GITHUB_REPOSITORY=acme/platform", "GITHUB_TOKEN=x").Deliverable(); err != nil {
		t.Errorf("with target and token: %v", err)
	}
}

func TestValidate(t *testing.T) {
	c := mustLoad(t, "")
	if err := c.Validate(); err != nil {
		t.Fatalf("a loaded configuration is refused: %v", err)
	}
	c.Run.KeepSnapshots = 0
	c.Digests[0].Schedule = "nonsense"
	var all *config.Error
	if err := c.Validate(); !errors.As(err, &all) || len(all.Faults) != 2 {
		t.Errorf("got %v, want two faults", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(config.Reference(), "")
	f.Add(config.Init(), "5m")
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "x")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		env := func(name string) (string, bool) { return value, name == "BOT_RUN_TIMEOUT" }
		c, err := config.Load(config.Source{Dir: dir, Data: data}, env)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		text, err := config.Resolved(c)
		if err != nil {
			t.Fatalf("an accepted configuration can't be shown: %v", err)
		}
		again, err := config.Load(config.Source{Dir: dir, Data: text}, nil)
		if err != nil {
			t.Fatalf("what is shown is refused: %v\n%s", err, text)
		}
		if d := cmp.Diff(c, again, values()); d != "" {
			t.Errorf("what is shown gives something else (-first +again):\n%s", d)
		}
	})
}

// What an override does not give stays as it was found; an empty list says that there is none.
func TestOverrides(t *testing.T) {
	c := mustLoad(t, "trace: {max_requests: 0, overrides: [{gate: FastWidget, keps: [\"KEP-0064\"], prs: [{stage: beta, version: \"1.33\", pull: a/b#7}]}, {gate: MildWidget, keps: [], tickets: []}]}\n")
	want := config.Trace{Overrides: []config.Override{
		{Gate: "FastWidget", KEPs: []string{"64"}, PRs: []config.OverridePull{{Stage: "beta", Version: "1.33", Pull: "a/b#7"}}},
		{Gate: "MildWidget", KEPs: []string{}, Tickets: []string{}},
	}}
	if d := cmp.Diff(want, c.Trace); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := mustLoad(t, "").Trace.MaxRequests; n != 40 {
		t.Errorf("%d requests by default", n)
	}
}
