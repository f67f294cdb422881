package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/docpage"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Docs collects the pages of a web site that describe the gates of one upstream.
type Docs struct {
	Repository string // "kubernetes/website"
	// Path is the folder of the pages; those in folders below are others.
	Path string
	// URL is the address of a gate on the web site, RemovedURL of one that is gone; {gate} stands for its name. "" is
	// none.
	URL, RemovedURL string
	// NoToken: there is no token, and no mirror of the repository. Then the pages are left out: at 60 requests an hour
	// they would take from what matters more.
	NoToken bool
}

// Name is the section's name.
func (Docs) Name() string { return snapshot.SourceDocs }

// Parser is the number of the parser behind the items.
func (Docs) Parser() int { return docpage.ParserVersion }

// Setup is the place: in another one stand other pages.
func (s Docs) Setup() string { return s.Repository + ":" + s.Path }

// Watch asks for the folder, or for nothing where the pages are left out.
func (s Docs) Watch(string) Watch {
	w := Watch{Repository: s.Repository}
	if !s.NoToken {
		w.Paths = []string{s.Path}
	}
	return w
}

// Collect lists the folder at the commit and reads the pages whose files changed since the last reading.
func (s Docs) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: s.Name(), Status: snapshot.Complete, Parser: s.Parser(), Ref: at.Ref, SHA: at.SHA}
	if s.NoToken {
		return snapshot.Section{}, &SkippedError{NeedsToken}
	}
	if at.OIDs[s.Path] == "" {
		return snapshot.Section{}, &AbsentError{fmt.Sprintf("%s has no folder %s at %s; check sources.docs of this upstream", s.Repository, s.Path, short(at.SHA))}
	}
	entries, err := r.Tree(ctx, at.SHA, s.Path)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("list docs pages: %w", err)
	}
	for _, e := range entries {
		if e.Type == "blob" && docpage.IsPage(s.Path, e.Path) {
			sec.Inputs = append(sec.Inputs, snapshot.Object{Path: e.Path, OID: e.OID})
		}
	}
	if len(sec.Inputs) == 0 {
		return snapshot.Section{}, &AbsentError{fmt.Sprintf("there is no page in %s of %s; check sources.docs of this upstream", s.Path, s.Repository)}
	}
	sortObjects(sec.Inputs)
	return s.read(ctx, r, sec, at.Last)
}

// Reread parses all recorded files once more. A page that stands in none of them could not be read then, and stays as
// it was kept: the other side of a comparison has it too.
func (s Docs) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	last := sec
	last.Inputs = nil
	sec.Parser = s.Parser()
	again, err := s.read(ctx, r, sec, last)
	if set := last.Items.Docs; err == nil && set != nil {
		now := again.Items.Docs
		for _, p := range set.Pages {
			if !slices.ContainsFunc(sec.Inputs, func(o snapshot.Object) bool { return o.Path == p.Path }) {
				now.Pages = append(now.Pages, p)
			}
		}
		now.Unread = append(now.Unread, set.Unread...)
		sortPages(now)
	}
	return again, err
}

// read parses the inputs of sec. What last has of the same file is taken over; where a file can't be parsed, what
// last has of the page is kept, and its file stays out of the inputs, so that the next reading tries it again.
func (s Docs) read(ctx context.Context, r repo.Reader, sec, last snapshot.Section) (snapshot.Section, error) {
	before := map[string][]snapshot.DocPage{}
	if set := last.Items.Docs; set != nil {
		for _, p := range set.Pages {
			p.URL = s.url(p)
			before[p.Path] = append(before[p.Path], p)
		}
	}
	parsed := map[snapshot.Object]bool{}
	if last.Parser == s.Parser() {
		for _, o := range last.Inputs {
			parsed[o] = true
		}
	}
	set := &snapshot.DocSet{}
	var want, inputs []snapshot.Object
	for _, o := range sec.Inputs {
		if !parsed[o] {
			want = append(want, o)
			continue
		}
		set.Pages, inputs = append(set.Pages, before[o.Path]...), append(inputs, o)
	}
	blobs, err := blobsOf(ctx, r, sec.SHA, want)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read docs pages: %w", err)
	}
	for _, b := range blobs {
		p, err := docpage.Parse(b.Path, b.Data)
		if err == nil || errors.Is(err, docpage.ErrOtherPage) {
			set.Pages, inputs = append(set.Pages, s.pages(b.Path, p)...), append(inputs, snapshot.Object{Path: b.Path, OID: b.OID})
			continue
		}
		what := "it is not told of until it can be"
		if old := before[b.Path]; len(old) > 0 {
			set.Pages, what = append(set.Pages, old...), "the page is kept as it was"
		} else {
			set.Unread = append(set.Unread, b.Path)
		}
		d := gate.Diagnostic{File: b.Path, Message: fmt.Sprintf("could not be read (%v); %s", err, what)}
		if at := (*docpage.Error)(nil); errors.As(err, &at) {
			d.Line, d.Message = at.Line, fmt.Sprintf("could not be read (%s); %s", at.Message, what)
		}
		set.Diagnostics = append(set.Diagnostics, d)
	}
	if len(set.Pages) == 0 {
		reason := "none says that it is about a gate"
		if len(set.Diagnostics) > 0 {
			reason = fmt.Sprintf("%s:%d: %s", set.Diagnostics[0].File, set.Diagnostics[0].Line, set.Diagnostics[0].Message)
		}
		return snapshot.Section{}, fmt.Errorf("parse docs pages: of %d files none could be read as the page of a gate: %s", len(sec.Inputs), reason)
	}
	sortPages(set)
	set.Diagnostics = append(set.Diagnostics, twice(set.Pages)...)
	sortObjects(inputs)
	sec.Inputs, sec.Items.Docs = inputs, set
	return sec, nil
}

// pages are what a file says, one for each gate that it is about.
func (s Docs) pages(file string, p docpage.Page) []snapshot.DocPage {
	var out []snapshot.DocPage
	for _, g := range p.Gates {
		page := snapshot.DocPage{Path: file, Gate: g, Removed: p.Removed}
		for _, st := range p.Stages {
			page.Stages = append(page.Stages, snapshot.DocStage{Stage: gate.Stage(st.Stage), Default: st.Default, Locked: st.Locked, From: st.From, To: st.To})
		}
		page.URL = s.url(page)
		out = append(out, page)
	}
	return out
}

func (s Docs) url(p snapshot.DocPage) string {
	pattern := s.URL
	if p.Removed {
		pattern = s.RemovedURL
	}
	return strings.ReplaceAll(pattern, "{gate}", p.Gate)
}

// twice names the gates that more than one page is about.
func twice(pages []snapshot.DocPage) []gate.Diagnostic {
	first := map[string]string{}
	var out []gate.Diagnostic
	for _, p := range pages {
		key := strings.ToLower(p.Gate)
		if other, ok := first[key]; ok {
			out = append(out, gate.Diagnostic{File: p.Path, Message: fmt.Sprintf("is about %s, as %s is, which counts", p.Gate, other)})
			continue
		}
		first[key] = p.Path
	}
	return out
}

func sortPages(set *snapshot.DocSet) {
	slices.SortStableFunc(set.Pages, func(a, b snapshot.DocPage) int { return strings.Compare(a.Path, b.Path) })
}

func sortObjects(list []snapshot.Object) {
	slices.SortFunc(list, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
}
