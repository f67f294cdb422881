package sources_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// shelfOfPages is a repository of files at one commit, and counts what is read of it.
type shelfOfPages struct {
	repo.Reader
	files map[string]string
	asked []string // paths of files that were read
}

func oid(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (s *shelfOfPages) Tree(_ context.Context, _, folder string) ([]repo.Entry, error) {
	var out []repo.Entry
	for path, text := range s.files {
		if strings.HasPrefix(path, folder+"/") {
			out = append(out, repo.Entry{Path: path, OID: oid(text), Type: "blob"})
		}
	}
	return out, nil
}

func (s *shelfOfPages) Blobs(_ context.Context, _ string, objects []repo.Object) ([]repo.Blob, error) {
	var out []repo.Blob
	for _, o := range objects {
		s.asked = append(s.asked, o.Path)
		out = append(out, repo.Blob{Path: o.Path, OID: o.OID, Data: []byte(s.files[o.Path])})
	}
	return out, nil
}

const pages = "content/gates"

func docs() sources.Docs {
	return sources.Docs{Repository: "acme/site", Path: pages, URL: "https://acme.example/gates/#{gate}", RemovedURL: "https://acme.example/gone/#{gate}"}
}

func docPage(name, stage, from string) string {
	return fmt.Sprintf("---\ntitle: %s\ncontent_type: feature_gate\nstages:\n  - stage: %s\n    defaultValue: true\n    fromVersion: %q\n---\nProse.\n", name, stage, from)
}

// collect reads the shelfOfPages and says in words what there is.
func (s *shelfOfPages) collect(t *testing.T, src sources.Docs, last snapshot.Section) (snapshot.Section, string) {
	t.Helper()
	s.asked = nil
	sec, err := src.Collect(t.Context(), s, sources.Commit{Ref: "HEAD", SHA: strings.Repeat("a", 40), OIDs: map[string]string{pages: "t"}, Last: last})
	if err != nil {
		return sec, err.Error()
	}
	var out []string
	for _, p := range sec.Items.Docs.Pages {
		line := p.Gate + " " + p.URL
		for _, st := range p.Stages {
			line += fmt.Sprintf(" %s:%s", st.Stage, st.From)
		}
		out = append(out, line)
	}
	for _, u := range sec.Items.Docs.Unread {
		out = append(out, "unread "+u)
	}
	for _, d := range sec.Items.Docs.Diagnostics {
		out = append(out, fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message))
	}
	slices.Sort(s.asked)
	return sec, strings.Join(out, "\n")
}

func TestDocs(t *testing.T) {
	s := &shelfOfPages{files: map[string]string{
		pages + "/FastWidget.md": docPage("FastWidget", "beta", "1.10"),
		pages + "/OldWidget.md":  "---\ntitle: OldWidget\nremoved: true\n---\n",
		pages + "/index.md":      "---\ntitle: All\ncontent_type: concept\n---\n",
		pages + "/about.md":      "---\ntitle: About gates\ncontent_type: concept\n---\n",
		pages + "/sub/Deep.md":   docPage("Deep", "beta", "1.1"),
		pages + "/Pair.md":       docPage("LeftWidget and RightWidget", "alpha", "1.9"),
	}}
	first, got := s.collect(t, docs(), snapshot.Section{})
	want := `FastWidget https://acme.example/gates/#FastWidget beta:1.10
OldWidget https://acme.example/gone/#OldWidget
LeftWidget https://acme.example/gates/#LeftWidget alpha:1.9
RightWidget https://acme.example/gates/#RightWidget alpha:1.9`
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	again, got := s.collect(t, docs(), first)
	if d := cmp.Diff(want, got); d != "" || len(s.asked) > 0 || !slices.Equal(first.Inputs, again.Inputs) {
		t.Errorf("nothing changed, and it reads %s:\n%s", s.asked, d)
	}
	// One page breaks, a broken one comes, another goes, and one is changed.
	s.files[pages+"/FastWidget.md"] = "---\ntitle: FastWidget\nstages: soon\n---\n"
	s.files[pages+"/NewWidget.md"] = "---\ntitle: NewWidget\n"
	s.files[pages+"/Pair.md"] = docPage("LeftWidget", "beta", "1.11")
	delete(s.files, pages+"/OldWidget.md")
	second, got := s.collect(t, docs(), again)
	want = `FastWidget https://acme.example/gates/#FastWidget beta:1.10
LeftWidget https://acme.example/gates/#LeftWidget beta:1.11
unread content/gates/NewWidget.md
content/gates/FastWidget.md:3: could not be read (stages is not a list); the page is kept as it was
content/gates/NewWidget.md:1: could not be read (its front matter has no end: there is no second line ---); it is not told of until it can be`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{pages + "/FastWidget.md", pages + "/NewWidget.md", pages + "/Pair.md"}, s.asked); d != "" {
		t.Errorf("it reads what has not changed:\n%s", d)
	}
	third, got := s.collect(t, docs(), second)
	if d := cmp.Diff(want, got); d != "" || len(s.asked) != 2 {
		t.Errorf("what can't be read is tried again, and nothing else: %s\n%s", s.asked, d)
	}
	// Another bot reads the same once more, and keeps what was kept.
	re, err := docs().Reread(t.Context(), s, third)
	if err != nil || len(re.Items.Docs.Pages) != 2 || len(re.Items.Docs.Unread) != 1 {
		t.Errorf("read again: %+v, %v", re.Items.Docs, err)
	}
	s.files[pages+"/FastWidget.md"] = docPage("FastWidget", "stable", "1.12")
	delete(s.files, pages+"/NewWidget.md")
	if _, got = s.collect(t, docs(), third); strings.Contains(got, "could not be read") || !strings.Contains(got, "FastWidget https://acme.example/gates/#FastWidget ga:1.12") {
		t.Errorf("readable again:\n%s", got)
	}
	s.files[pages+"/Fast.md"] = docPage("fastwidget", "alpha", "1.1")
	if _, got = s.collect(t, docs(), third); !strings.Contains(got, "content/gates/FastWidget.md:0: is about FastWidget, as content/gates/Fast.md is") {
		t.Errorf("two pages of one gate:\n%s", got)
	}
}

func TestDocsThatAreNotThere(t *testing.T) {
	s := &shelfOfPages{files: map[string]string{pages + "/README.md": "x"}}
	var absent *sources.AbsentError
	_, err := docs().Collect(t.Context(), s, sources.Commit{SHA: "abc", OIDs: map[string]string{}})
	if !errors.As(err, &absent) || !strings.Contains(err.Error(), "acme/site has no folder content/gates at abc; check sources.docs") {
		t.Errorf("no folder: %v", err)
	}
	_, err = docs().Collect(t.Context(), s, sources.Commit{SHA: "abc", OIDs: map[string]string{pages: "t"}})
	if !errors.As(err, &absent) || !strings.Contains(err.Error(), "check sources.docs") {
		t.Errorf("no page: %v", err)
	}
	s.files[pages+"/A.md"] = "<html>"
	if _, got := s.collect(t, docs(), snapshot.Section{}); !strings.Contains(got, "of 1 files none could be read as the page of a gate: content/gates/A.md:1:") {
		t.Errorf("none can be read: %s", got)
	}
	src := docs()
	src.NoToken = true
	_, err = src.Collect(t.Context(), s, sources.Commit{})
	var skipped *sources.SkippedError
	if !errors.As(err, &skipped) || skipped.Reason != "needs a token" || src.Watch("").Asks() {
		t.Errorf("without a token: %v, %+v", err, src.Watch(""))
	}
}
