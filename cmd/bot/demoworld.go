package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

const demoUpstream = "kubernetes/kubernetes"

// demoWorld is the upstream of `bot demo`, on this machine and at a moment of its own.
type demoWorld struct {
	dir      string
	clock    *movedClock
	gh       *ghtest.Server
	history  []sample.History
	made     map[string]int // steps, by repository
	releases []sample.Published
	pulled   map[int]bool // pull requests that are there
	opened   map[int]bool // issues that are there
	// feedPaths are where feeds stand, by name.
	feedPaths map[string]string
}

// movedClock is the machine's clock, moved to another moment. It goes on from there.
type movedClock struct {
	now func() time.Time
	mu  sync.Mutex
	by  time.Duration
}

func (c *movedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.by)
}

func (c *movedClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = t.Sub(c.now())
}

// newDemoWorld starts the stand-in, at the moment of the first look, with nothing upstream yet.
func newDemoWorld(ctx context.Context, dir string, now func() time.Time) (*demoWorld, error) {
	table, err := facts.Load()
	if err != nil {
		return nil, err
	}
	d := &demoWorld{dir: dir, clock: &movedClock{now: now}, made: map[string]int{}, releases: sample.Releases(), pulled: map[int]bool{}, opened: map[int]bool{}}
	first, _ := sample.DemoMoments()
	d.clock.set(first)
	if d.history, err = sample.Demo(table); err != nil {
		return nil, err
	}
	platform := d.repository("acme/platform")
	if err := sample.Repository(ctx, platform, []sample.Step{{
		Message: "Begin", Time: first.AddDate(-1, 0, 0), Files: map[string][]byte{"README.md": []byte("# The platform team\n")},
	}}); err != nil {
		return nil, err
	}
	d.gh = ghtest.New(ghtest.Options{Now: d.clock.Now})
	d.gh.AddRepository(ghtest.Repository{Name: "acme/platform", GitDir: platform})
	d.gh.AddToken(ghtest.Token{Value: "demo", Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write}})
	return d, d.gh.Listen("127.0.0.1:0")
}

// until brings the upstream to a moment, and the clock with it.
func (d *demoWorld) until(ctx context.Context, t time.Time) error {
	d.clock.set(t)
	for _, h := range d.history {
		dir := d.repository(h.Repository)
		done, _ := sample.Until(h.Steps, t)
		fresh := done[d.made[h.Repository]:]
		var err error
		switch {
		case d.made[h.Repository] > 0:
			err = sample.Append(ctx, dir, fresh)
		default:
			if err = sample.Repository(ctx, dir, fresh); err == nil {
				d.gh.AddRepository(ghtest.Repository{Name: h.Repository, GitDir: dir})
			}
		}
		if err != nil {
			return err
		}
		d.made[h.Repository] = len(done)
	}
	if err := d.beside(ctx, t); err != nil {
		return err
	}
	for len(d.releases) > 0 && !d.releases[0].At.After(t) {
		r := d.releases[0]
		d.releases = d.releases[1:]
		d.gh.AddRelease(demoUpstream, ghtest.Release{Tag: r.Tag, Name: "Kubernetes " + r.Tag, Prerelease: r.Prerelease, Created: r.At, Published: r.At})
	}
	return nil
}

// repository is where a repository is made.
func (d *demoWorld) repository(name string) string {
	return filepath.Join(d.dir, strings.ReplaceAll(name, "/", "-")+".git")
}

// app is the program in this world: other addresses, another token, another state and clock; the same code.
func (d *demoWorld) app(a *app) *app {
	inner := a.child()
	inner.config = filepath.Join(d.dir, "config.yaml")
	inner.env.now = d.clock.Now
	inner.env.environ = []string{
		"GITHUB_TOKEN=demo", "GITHUB_REPOSITORY=acme/platform",
		"GITHUB_API_URL=" + d.gh.URL(), "GITHUB_GRAPHQL_URL=" + d.gh.URL() + "/graphql",
		"BOT_GITHUB_RAW_URL=" + d.gh.URL() + "/raw", "BOT_GITHUB_WRITE_INTERVAL=0s",
		"BOT_STORE_PATH=" + filepath.Join(d.dir, "bot.db"),
	}
	return inner
}

// configure writes the world's configuration.
func (d *demoWorld) configure(text string) error {
	return os.WriteFile(filepath.Join(d.dir, "config.yaml"), []byte(text), 0o600)
}

// host is the stand-in's, as configurations name hosts.
func (d *demoWorld) host() string { return strings.TrimPrefix(d.gh.URL(), "http://") }

func (d *demoWorld) issues() []ghtest.Issue { return d.gh.Issues("acme/platform") }

func (d *demoWorld) close() error { return errors.Join(d.gh.Close()) }
