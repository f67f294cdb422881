package sources_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
)

// reader is a repository of files by object id, and of milestones.
type reader struct {
	repo.Reader
	files  map[string]string
	by     map[int]repo.Milestone
	read   []string // paths that were read
	asked  []int    // numbers that were looked up
	broken bool
}

func (r *reader) Blobs(_ context.Context, _ string, objects []repo.Object) ([]repo.Blob, error) {
	var out []repo.Blob
	for _, o := range objects {
		r.read = append(r.read, o.Path)
		out = append(out, repo.Blob{Path: o.Path, OID: o.OID, Data: []byte(r.files[o.OID])})
	}
	return out, nil
}

func (r *reader) MilestonesByNumber(_ context.Context, numbers []int) (map[int]repo.Milestone, error) {
	if r.asked = append(r.asked, numbers...); r.broken {
		return nil, errors.New("no answer")
	}
	return r.by, nil
}

// TestVanishedMilestones: what is not listed any more is kept where it was closed, and looked up where it was open.
func TestVanishedMilestones(t *testing.T) {
	src := sources.Milestones{Repository: "acme/widgets"}
	last := snapshot.Section{Setup: src.Setup(), Items: snapshot.Items{Milestones: &snapshot.MilestoneSet{Milestones: []snapshot.Milestone{
		{Number: 1, Title: "old", Closed: true}, {Number: 2, Title: "closed since"}, {Number: 3, Title: "deleted"}, {Number: 4, Title: "listed"},
	}}}}
	r := &reader{by: map[int]repo.Milestone{2: {Number: 2, Title: "closed since", Closed: true}}}
	at := sources.Commit{Last: last, Milestones: repo.Milestones{List: []repo.Milestone{{Number: 4, Title: "listed"}}}}
	sec, err := src.Collect(t.Context(), r, at)
	if err != nil {
		t.Fatal(err)
	}
	want := []snapshot.Milestone{{Number: 1, Title: "old", Closed: true}, {Number: 2, Title: "closed since", Closed: true}, {Number: 4, Title: "listed"}}
	if d := cmp.Diff(want, sec.Items.Milestones.Milestones); d != "" || fmt.Sprint(r.asked) != "[2 3]" {
		t.Errorf("asked for %v (-want +got)\n%s", r.asked, d)
	}
	r.broken = true
	if _, err := src.Collect(t.Context(), r, at); err == nil {
		t.Error("what can't be looked up is taken for deleted")
	}
	if _, err := src.Collect(t.Context(), struct{ repo.Reader }{}, at); err == nil {
		t.Error("what can't be looked up is taken for deleted")
	}
	at.Last.Setup = "acme/another"
	if sec, err := src.Collect(t.Context(), r, at); err != nil || len(sec.Items.Milestones.Milestones) != 1 {
		t.Errorf("another repository's milestones are taken over: %v %v", sec.Items.Milestones, err)
	}
	at.Last, at.Milestones.Partial = snapshot.Section{}, true
	if sec, err := src.Collect(t.Context(), r, at); err != nil || !sec.Items.Milestones.Partial || !strings.Contains(sec.Reason, "more than 1 are open") {
		t.Errorf("that there are more is not said: %q %v", sec.Reason, err)
	}
}

// cycleAt is a commit with files of dates, by minor version; "" is a file that is not there.
func cycleAt(last snapshot.Section, oids map[string]string) sources.Commit {
	at := sources.Commit{Last: last, OIDs: map[string]string{"releases/release-1.37/notes.json": "x", "elsewhere/1.37/README.md": "y"}}
	for minor, oid := range oids {
		at.OIDs["releases/release-"+minor+"/README.md"] = oid
	}
	return at
}

func wordsOf(sec snapshot.Section) string {
	var out []string
	for _, d := range sec.Items.Cycle.Deadlines {
		out = append(out, d.Key()+" "+d.At.Format(time.DateOnly))
	}
	for _, d := range sec.Items.Cycle.Diagnostics {
		out = append(out, fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message))
	}
	for _, u := range sec.Items.Cycle.Unread {
		out = append(out, "unread "+u)
	}
	return strings.Join(out, "\n")
}

// TestCycle goes through the life of the files: read only when they changed, kept where they are gone or can't be read.
func TestCycle(t *testing.T) {
	src := sources.Cycle{Repository: "acme/releases", Path: "releases/release-{minor}/README.md"}
	r := &reader{files: map[string]string{
		"a": "- Code Freeze: 24 July 2026\n- Release day: 26 August 2026\n", "b": "- Code Freeze: 31 June 2026\n- Test Freeze: 32 July 2026\n",
		"empty": "# Nothing yet\n", "c": "- Code Freeze: 20 November 2026\n",
	}}
	const file = "releases/release-1.37/README.md"
	var last snapshot.Section
	var skipped *sources.SkippedError
	if _, err := src.Collect(t.Context(), r, cycleAt(last, nil)); !errors.As(err, &skipped) {
		t.Errorf("of no known version: %v", err)
	}
	for i, step := range []struct {
		oids       map[string]string
		want, read string
		releases   string
	}{
		{oids: map[string]string{"1.36": "", "1.37": "empty", "1.38": ""}, read: file, releases: "[1.36 1.37 1.38]"},
		{oids: map[string]string{"1.36": "", "1.37": "a", "1.38": ""}, want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26", read: file, releases: "[1.36 1.37 1.38]"},
		{oids: map[string]string{"1.36": "", "1.37": "a", "1.38": ""}, want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26", releases: "[1.36 1.37 1.38]"},
		{oids: map[string]string{"1.36": "", "1.37": "b", "1.38": ""}, read: file, releases: "[1.36 1.37 1.38]", want: "1.37 Code Freeze 2026-07-24\n" +
			file + ":1: the date of Code Freeze could not be read (there is no such day): Code Freeze: 31 June 2026\n" +
			file + ":2: the date of Test Freeze could not be read (there is no such day): Test Freeze: 32 July 2026\nunread 1.37 Test Freeze"},
		{oids: map[string]string{"1.36": "", "1.37": "a", "1.38": ""}, want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26", read: file, releases: "[1.36 1.37 1.38]"},
		{oids: map[string]string{"1.36": "", "1.37": "empty", "1.38": ""}, read: file, releases: "[1.36 1.37 1.38]",
			want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26\n" + file + ":0: no date is found in it any more; the dates of 1.37 are kept as they were"},
		{oids: map[string]string{"1.36": "", "1.37": "", "1.38": ""}, releases: "[1.36 1.37 1.38]",
			want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26\n" +
				file + ":0: the file is gone; the dates of 1.37 are kept as they were"},
		{oids: map[string]string{"1.37": "a", "1.38": "c", "1.39": ""}, read: file + " releases/release-1.38/README.md", releases: "[1.37 1.38 1.39]",
			want: "1.37 Code Freeze 2026-07-24\n1.37 Release 2026-08-26\n1.38 Code Freeze 2026-11-20"},
	} {
		r.read = nil
		sec, err := src.Collect(t.Context(), r, cycleAt(last, step.oids))
		if err != nil {
			t.Fatal(err)
		}
		sec.Setup = src.Setup()
		data, err := snapshot.EncodeItems(sec.Items) // as it is stored
		if err == nil {
			sec.Items, err = snapshot.DecodeItems(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(step.want, wordsOf(sec)); d != "" {
			t.Errorf("step %d: (-want +got)\n%s", i, d)
		}
		if got := strings.Join(r.read, " "); got != step.read {
			t.Errorf("step %d: read %q, want %q", i, got, step.read)
		}
		if got := fmt.Sprint(sec.Items.Cycle.Releases); got != step.releases || sec.Reason != "" {
			t.Errorf("step %d: releases %s, want %s; reason %q", i, got, step.releases, sec.Reason)
		}
		again, err := src.Reread(t.Context(), r, sec)
		if err != nil {
			t.Fatal(err)
		}
		if again.Items, err = decoded(again.Items); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sec.Items, again.Items); d != "" {
			t.Errorf("step %d: reading it again gives something else (-want +got)\n%s", i, d)
		}
		last = sec
	}
}

func decoded(items snapshot.Items) (snapshot.Items, error) {
	data, err := snapshot.EncodeItems(items)
	if err != nil {
		return items, err
	}
	return snapshot.DecodeItems(data)
}
