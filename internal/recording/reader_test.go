package recording_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/recording"
	"github.com/upstream-digest/bot/internal/repo"
)

// asked is all that a reader gave.
type asked struct {
	Heads []repo.HeadResult
	Tree  []repo.Entry
	Files []repo.Blob
	SHA   string
	When  time.Time
}

// ask reads a repository in every way, more files at once than are fetched one by one.
func ask(t *testing.T, set *repo.Set) (a asked) {
	t.Helper()
	a.Heads = set.Heads(t.Context(), []repo.HeadRequest{{Repository: "up/stream", Paths: []string{"keps"}, Releases: 10}})
	r, err := set.Reader("up/stream")
	if err = errors.Join(err, a.Heads[0].Err, a.Heads[0].ReleasesErr); err != nil {
		t.Fatal(err)
	}
	if a.Tree, err = r.Tree(t.Context(), a.Heads[0].Head.SHA, "keps"); err != nil {
		t.Fatal(err)
	}
	var objects []repo.Object
	for _, e := range a.Tree {
		objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
	}
	if a.Files, err = r.Blobs(t.Context(), a.Heads[0].Head.SHA, objects); err != nil {
		t.Fatal(err)
	}
	if a.SHA, a.When, err = r.CommitAt(t.Context(), "", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return a
}

// upstream makes a repository of 30 small files, a tag and a release.
func upstream(t *testing.T) (string, *ghtest.Server) {
	t.Helper()
	dir := t.TempDir()
	for i := range 30 {
		p := filepath.Join(dir, "keps", fmt.Sprintf("%02d", i), "kep.yaml")
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, fmt.Appendf(nil, "title: %d\n", i), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet", "--initial-branch=main"}, {"add", "--all"}, {"commit", "--quiet", "--message", "x"}, {"tag", "v1.0.0"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
			"GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	gh := ghtest.Start(t, ghtest.Options{Now: time.Now})
	gh.AddRepository(ghtest.Repository{Name: "up/stream", GitDir: dir})
	gh.AddToken(ghtest.Token{Value: "good", Login: "bot"})
	gh.AddRelease("up/stream", ghtest.Release{Tag: "v1.0.0", Name: "One"})
	return dir, gh
}

// TestReadersAreReplayed: releases, trees, archives and histories of each engine, without network or mirror.
func TestReadersAreReplayed(t *testing.T) {
	dir, gh := upstream(t)
	for name, token := range map[string]string{"token": "good", "anonymous": "", "mirror": ""} {
		into := filepath.Join(t.TempDir(), "report")
		rec, err := recording.Start(recording.Options{Dir: into, Bot: "v1", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		set := func(around func(http.RoundTripper) http.RoundTripper, m repo.Machine) *repo.Set {
			t.Helper()
			c, err := github.New(github.Options{Token: github.NewSecret(token), APIURL: gh.URL(), RawURL: gh.URL() + "/raw", Around: around, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			o := repo.SetOptions{Client: c}
			if name == "mirror" {
				o = repo.SetOptions{Offline: true, Mirrors: []repo.Mirror{{Repository: "up/stream", Path: dir}}, Git: repo.GitOptions{Machine: m}}
			}
			s, err := repo.NewSet(o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		want := ask(t, set(rec.Around, rec.Machine(repo.ThisMachine(repo.GitOptions{Env: os.Environ()}))))
		if len(want.Files) != 30 || len(want.Heads[0].Head.Releases) != 1 {
			t.Fatalf("%s: %d files, %+v", name, len(want.Files), want.Heads)
		}
		if err := rec.Finish(nil, nil); err != nil {
			t.Fatal(err)
		}
		gh.AddFault(ghtest.Fault{Kind: ghtest.Reset, Times: -1})
		play, err := recording.Open(into)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, ask(t, set(play.Around, play.Machine()))); d != "" {
			t.Errorf("%s (-recorded +replayed):\n%s", name, d)
		}
		if err := play.Missed(); err != nil || len(play.Unused()) != 0 {
			t.Errorf("%s: missed %v, unused %v", name, err, play.Unused())
		}
		gh.ClearFaults()
	}
}
