package branchstore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/branchstore"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

const (
	token      = "ghp_averysecrettoken0123456789"
	repository = "acme/platform"
	branch     = "upstream-digest-state"
)

// TestConformance runs the contract of all stores. It asks for a lock that holds at once, so the lease is claimed by an
// empty update, as the pipeline does before it delivers; lock_test.go has what is special here.
func TestConformance(t *testing.T) { storetest.Run(t, newHarness) }

func TestVictim(t *testing.T) {
	storetest.Victim(t, os.Getenv(storetest.PlaceVariable), func(place string, now func() time.Time) (storetest.Store, error) {
		return openAt(place, branchstore.Options{Now: now})
	})
}

// claiming takes the lock at once.
type claiming struct{ *branchstore.Store }

func (c claiming) Acquire(ctx context.Context, holder string, ttl time.Duration) (store.Lease, error) {
	lease, err := c.Store.Acquire(ctx, holder, ttl)
	if err != nil {
		return lease, err
	}
	err = c.Commit(ctx, lease, &store.Update{})
	if errors.Is(err, store.ErrFenced) {
		if now, held, lerr := c.Lock(ctx); lerr == nil && held {
			err = &store.HeldError{Lease: now}
		}
	}
	return lease, err
}

// openAt opens the state of the stand-in at an address.
func openAt(url string, o branchstore.Options) (storetest.Store, error) {
	s, err := open(url, o)
	if err != nil {
		return nil, err
	}
	return claiming{s}, nil
}

func open(url string, o branchstore.Options) (*branchstore.Store, error) {
	return openWith(url, o, func(h branchstore.Heads) branchstore.Heads { return h })
}

// openWith puts something before who reads.
func openWith(url string, o branchstore.Options, before func(branchstore.Heads) branchstore.Heads) (*branchstore.Store, error) {
	client, err := github.New(github.Options{
		Token: github.NewSecret(token), APIURL: url, GraphQLURL: url + "/graphql", Now: time.Now, WriteInterval: -1, MaxWait: time.Second,
	})
	if err != nil {
		return nil, err
	}
	set, err := repo.NewSet(repo.SetOptions{Client: client})
	if err != nil {
		return nil, err
	}
	o.Repository, o.Branch, o.Heads = repository, branch, before(set)
	if o.Commits == nil {
		o.Commits = client
	}
	return branchstore.Open(o)
}

// place is a stand-in with a repository that has code and no state yet.
type place struct {
	t   testing.TB
	gh  *ghtest.Server
	dir string
}

func newPlace(tb testing.TB) *place {
	tb.Helper()
	p := &place{t: tb, dir: filepath.Join(tb.TempDir(), "platform.git")}
	p.run(".", "init", "--quiet", "--bare", "--initial-branch=main", p.dir)
	tree := p.git("mktree")
	p.git("update-ref", "refs/heads/main", p.git("commit-tree", "-m", "first", tree))
	p.gh = ghtest.Start(tb, ghtest.Options{Now: time.Now, CoreLimit: 1e6, GraphQLLimit: 1e6})
	p.gh.AddRepository(ghtest.Repository{Name: repository, GitDir: p.dir})
	p.gh.AddToken(ghtest.Token{Value: token, Login: "bot", Access: map[string]ghtest.Access{repository: ghtest.Write}})
	return p
}

func (p *place) git(args ...string) string {
	p.t.Helper()
	return p.run(p.dir, args...)
}

func (p *place) run(dir string, args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(p.t.Context()), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// edit commits to the state as a person would.
func (p *place) edit(f func(dir string)) {
	p.t.Helper()
	dir := filepath.Join(p.t.TempDir(), "work")
	p.git("worktree", "add", "--quiet", dir, branch)
	f(dir)
	p.run(dir, "add", "--all")
	p.run(dir, "commit", "--quiet", "--allow-empty", "-m", "by hand")
	p.git("worktree", "remove", "--force", dir)
}

// replace changes a text in a file of the state. The first file that matches the pattern is changed.
func (p *place) replace(pattern, from, to string) {
	p.t.Helper()
	p.edit(func(dir string) {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			p.t.Fatalf("no file is called %s", pattern)
		}
		data, err := os.ReadFile(names[0])
		if err != nil || !strings.Contains(string(data), from) {
			p.t.Fatalf("%s does not hold %q: %v", names[0], from, err)
		}
		if err := os.WriteFile(names[0], []byte(strings.Replace(string(data), from, to, 1)), 0o600); err != nil {
			p.t.Fatal(err)
		}
	})
}

// lose removes what matches the pattern.
func (p *place) lose(pattern string) {
	p.t.Helper()
	p.edit(func(dir string) {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			p.t.Fatalf("nothing is called %s", pattern)
		}
		for _, n := range names {
			if err := os.RemoveAll(n); err != nil {
				p.t.Fatal(err)
			}
		}
	})
}

func newHarness(t *testing.T) storetest.Harness {
	t.Helper()
	p := newPlace(t)
	return storetest.Harness{
		Place: p.gh.URL(),
		Open: func(now func() time.Time) (storetest.Store, error) {
			s, err := openAt(p.gh.URL(), branchstore.Options{Now: now})
			if err != nil {
				return nil, err
			}
			if _, err := s.(claiming).Exists(context.WithoutCancel(t.Context())); err != nil {
				return nil, err // this store opens when it first looks
			}
			return s, nil
		},
		Sections: func(testing.TB) int {
			return len(strings.Fields(p.git("ls-tree", "-r", "--name-only", branch, "items/")))
		},
		Victim: "TestVictim",
		Newer:  func(testing.TB) { p.replace("state.json", `"schema": 1`, `"schema": 99`) },
		Spoil: map[string]func(t testing.TB){
			"no JSON":            func(testing.TB) { p.replace("state.json", "{", "gates: [") },
			"a number changed":   func(testing.TB) { p.replace("state.json", `"seq": 5`, `"seq": 6`) },
			"another's":          func(testing.TB) { p.replace("state.json", `"bot state on a branch"`, `"my notes"`) },
			"schema 0":           func(testing.TB) { p.replace("state.json", `"schema": 1`, `"schema": 0`) },
			"state lost":         func(testing.TB) { p.lose("state.json") },
			"items changed":      func(testing.TB) { p.replace("items/*.json", "Widget", "Gadget") },
			"items lost":         func(testing.TB) { p.lose("items/*.json") },
			"a snapshot lost":    func(testing.TB) { p.lose("snapshots/000003.json") },
			"a snapshot changed": func(testing.TB) { p.replace("snapshots/000002.json", "kubernetes", "kubernetse") },
			"newest changed":     func(testing.TB) { p.replace("newest.json", "master", "main") },
			"index changed":      func(testing.TB) { p.replace("index.json", `"seq": 1`, `"seq": 9`) },
			"runs lost":          func(testing.TB) { p.lose("runs.json") },
			"a body changed":     func(testing.TB) { p.replace("deliveries/weekly/000001-slack-1.md", "FastWidget", "SlowWidget") },
			"a body added": func(testing.TB) {
				p.replace("README.md", "", "")
				p.edit(func(dir string) { write(t, filepath.Join(dir, "deliveries", "x.md")) })
			},
			"a file where a folder": func(testing.TB) { p.lose("items"); p.edit(func(dir string) { write(t, filepath.Join(dir, "items")) }) },
			"something else pushed": func(testing.TB) { p.git("update-ref", "refs/heads/"+branch, "refs/heads/main") },
		},
	}
}

func write(tb testing.TB, path string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte("by hand\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
}
