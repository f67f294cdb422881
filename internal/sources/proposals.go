package sources

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Proposals collects the design proposals of one upstream.
type Proposals struct {
	Repository string // "kubernetes/enhancements"
	// Path is the folder below which proposals stand, at any depth: "keps".
	Path string
}

// Name is the section's name.
func (Proposals) Name() string { return snapshot.SourceProposals }

// Parser is the number of the parser behind the items.
func (Proposals) Parser() int { return kep.ParserVersion }

// Setup is the place: in another one stand other proposals.
func (s Proposals) Setup() string { return s.Repository + ":" + s.Path }

// Watch asks for the folder.
func (s Proposals) Watch(string) Watch {
	return Watch{Repository: s.Repository, Paths: []string{s.Path}}
}

// Collect lists the folder at the commit and reads the proposals whose files changed since the last reading.
func (s Proposals) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	if at.OIDs[s.Path] == "" {
		return snapshot.Section{}, &AbsentError{fmt.Sprintf("%s has no folder %s at %s; check sources.proposals of this upstream", s.Repository, s.Path, short(at.SHA))}
	}
	entries, err := r.Tree(ctx, at.SHA, s.Path)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("list proposals: %w", err)
	}
	for _, e := range entries {
		if e.Type == "blob" && kep.IsProposal(e.Path) {
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: e.Path, OID: e.OID})
		}
	}
	if len(sec.Inputs) == 0 {
		return snapshot.Section{}, &AbsentError{fmt.Sprintf("no kep.yaml found under %s of %s; check sources.proposals of this upstream", s.Path, s.Repository)}
	}
	slices.SortFunc(sec.Inputs, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	return s.read(ctx, r, sec, at.Last)
}

// Reread parses all recorded files once more.
func (s Proposals) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	last := sec
	last.Inputs = nil
	sec.Parser = s.Parser()
	return s.read(ctx, r, sec, last)
}

// read parses the inputs of sec. What last has of the same file is taken over; where a file can't be parsed,
// what last has of the proposal is kept, and its file stays out of the inputs, so that the next reading
// tries it again.
func (s Proposals) read(ctx context.Context, r repo.Reader, sec, last snapshot.Section) (snapshot.Section, error) {
	before := map[string]kep.Proposal{}
	if set := last.Items.Proposals; set != nil {
		for _, p := range set.Proposals {
			before[p.Path] = p
		}
	}
	parsed := map[snapshot.Object]bool{}
	if last.Parser == s.Parser() {
		for _, o := range last.Inputs {
			parsed[o] = true
		}
	}
	set := &snapshot.ProposalSet{}
	var want, inputs []snapshot.Object
	for _, o := range sec.Inputs {
		if p, ok := before[path.Dir(o.Path)]; ok && parsed[o] {
			set.Proposals, inputs = append(set.Proposals, p), append(inputs, o)
			continue
		}
		want = append(want, o)
	}
	blobs, err := blobsOf(ctx, r, sec.SHA, want)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read proposals: %w", err)
	}
	there := map[string]bool{}
	for _, o := range sec.Inputs {
		there[path.Dir(o.Path)] = true
	}
	for _, b := range blobs {
		p, err := kep.Parse(b.Path, b.Data)
		if err == nil {
			set.Proposals, inputs = append(set.Proposals, p), append(inputs, snapshot.Object{Path: b.Path, OID: b.OID})
			continue
		}
		dir, what := path.Dir(b.Path), "it is not told of until it can be"
		if old, ok := before[dir]; ok {
			set.Proposals, what = append(set.Proposals, old), "the proposal is kept as it was"
		} else if old, ok := movedTo(dir, before, there); ok {
			delete(before, old.Path)
			set.Proposals, what = append(set.Proposals, old), "the proposal is kept as it was in "+old.Path
		} else {
			set.Unread = append(set.Unread, dir)
		}
		set.Diagnostics = append(set.Diagnostics, gate.Diagnostic{File: b.Path, Message: fmt.Sprintf("could not be read (%v); %s", err, what)})
	}
	if len(want) > 0 && len(set.Unread) == len(sec.Inputs) {
		return snapshot.Section{}, fmt.Errorf("parse proposals: none of %d files could be read: %s", len(set.Unread), set.Diagnostics[0].Message)
	}
	slices.SortFunc(set.Proposals, func(a, b kep.Proposal) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(inputs, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	sec.Inputs, sec.Items.Proposals = inputs, set
	return sec, nil
}

// movedTo finds the one proposal with the number of a folder whose own folder is gone.
func movedTo(dir string, before map[string]kep.Proposal, there map[string]bool) (found kep.Proposal, ok bool) {
	number := kep.FolderNumber(dir)
	if number == "" {
		return found, false
	}
	for _, p := range before {
		if p.Number == number && !there[p.Path] {
			if ok {
				return found, false
			}
			found, ok = p, true
		}
	}
	return found, ok
}
