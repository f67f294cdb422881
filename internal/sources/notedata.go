package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// NoteData collects what the data files of the release notes say of pull requests beyond the text: proposals,
// and whether the reader must act. It tells nothing by itself; the notes of releases are told with it.
type NoteData struct {
	Repository string // "kubernetes/sig-release"
	// Path is the data file of a minor, {minor} standing for "1.36".
	Path string
}

// Name is the section's name.
func (NoteData) Name() string { return snapshot.SourceNoteData }

// Parser is the number of the parser behind the items.
func (NoteData) Parser() int { return changelog.ParserVersion }

// Setup is the place: from another one comes other data.
func (s NoteData) Setup() string { return s.Repository + ":" + s.Path }

// Watch asks for the files of the minor in the making and of its neighbours. A file that is not there yet is
// no fault.
func (s NoteData) Watch(version string) Watch {
	return Watch{Repository: s.Repository, Paths: around(s.Path, version, 1, 2)}
}

// Collect reads the files that there are. A past state has none: only what is new is told with them.
func (s NoteData) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	sec.Items.NoteData = &snapshot.NoteDataSet{}
	if !at.AsOf.IsZero() {
		return sec, nil
	}
	for path, oid := range at.OIDs {
		if oid != "" && strings.HasPrefix(path, s.prefix()) {
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: path, OID: oid})
		}
	}
	slices.SortFunc(sec.Inputs, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	var want []snapshot.Object
	for _, o := range sec.Inputs {
		if at.Last.Items.NoteData != nil && at.Last.Parser == sec.Parser && slices.Contains(at.Last.Inputs, o) {
			for _, n := range at.Last.Items.NoteData.Notes {
				if n.File == o.Path {
					sec.Items.NoteData.Notes = append(sec.Items.NoteData.Notes, n)
				}
			}
			continue
		}
		want = append(want, o)
	}
	return s.read(ctx, r, sec, want)
}

// prefix is what all of the files begin with.
func (s NoteData) prefix() string { p, _, _ := strings.Cut(s.Path, minorPlace); return p }

// Reread parses the recorded files once more.
func (s NoteData) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	sec.Parser, sec.Items.NoteData = s.Parser(), &snapshot.NoteDataSet{}
	return s.read(ctx, r, sec, sec.Inputs)
}

func (s NoteData) read(ctx context.Context, r repo.Reader, sec snapshot.Section, want []snapshot.Object) (snapshot.Section, error) {
	if len(want) == 0 {
		return sec, nil
	}
	blobs, err := blobsOf(ctx, r, sec.SHA, want)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read the data of release notes: %w", err)
	}
	for _, b := range blobs {
		notes, err := changelog.ParseJSON(b.Path, b.Data)
		if err != nil {
			return snapshot.Section{}, fmt.Errorf("parse the data of release notes: %w", err)
		}
		for _, n := range notes {
			if n.DoNotPublish {
				continue
			}
			sec.Items.NoteData.Notes = append(sec.Items.NoteData.Notes, snapshot.NoteData{
				File: b.Path, PR: n.PR, KEPs: n.KEPs(), SIGs: n.SIGs, Kinds: n.Kinds, ActionRequired: n.ActionRequired,
			})
		}
	}
	return sec, nil
}
