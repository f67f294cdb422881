package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

// knowledge is what bot explain can look things up in. What can't be read is told in notAsked, once, and not tried
// again.
type knowledge struct {
	w         *world
	repo      trace.Repository
	ref, sha  string // of the tracked repository; sha is "" where that was not read
	notesPath string // "CHANGELOG/CHANGELOG-{minor}.md", "" none
	kepRepo   string // of the proposals, "" none
	kepSHA    string // its commit, "" where it was not read

	history   *insight.History
	source    string
	gates     map[string]gate.Gate // at the newest reading
	names     []string
	known     map[string]bool
	index     kep.Lookup
	proposals int                    // how many the index has
	readmes   map[string]kep.History // by folder
	notes     map[string][]trace.ReleaseNote
	stored    []trace.ReleaseNote // that the state remembers
	tags      map[string]string   // "1.21" to the commit of v1.21.0
	git       *pipeline.GitHistory

	gone           map[string]bool // repositories that could not be read
	read, notAsked []string
}

// tracers are repositories whose history can be asked.
type tracers interface {
	Tracer(repository string) (repo.Tracer, error)
}

// knowledge reads what the program, the state and the upstream know.
func (a *app) knowledge(ctx context.Context) (*knowledge, error) {
	h, source, err := embedded()
	if err != nil {
		return nil, err
	}
	w, err := a.openOne(ctx, tracked)
	if err != nil {
		return nil, err
	}
	k := &knowledge{
		w: w, history: h, source: source, read: []string{source}, gates: map[string]gate.Gate{}, known: map[string]bool{},
		readmes: map[string]kep.History{}, notes: map[string][]trace.ReleaseNote{}, tags: map[string]string{}, gone: map[string]bool{},
	}
	up := w.runner.Upstreams[0]
	k.repo, k.ref = trace.Repository{Name: up.Repository, WebURL: up.WebURL}, up.Ref
	for _, u := range w.cfg.Upstreams {
		if u.Name != tracked {
			continue
		}
		if r := u.Sources.Releases; r != nil && r.Enabled {
			k.notesPath = r.Notes
		}
		if p := u.Sources.Proposals; p != nil && p.Enabled {
			k.kepRepo = p.Repository
		}
	}
	if err := k.open(ctx); err != nil {
		return nil, err
	}
	if set, ok := w.runner.Repositories.(tracers); ok && !k.gone[k.repo.Name] {
		if tr, err := set.Tracer(k.repo.Name); err == nil {
			k.git = &pipeline.GitHistory{Tracer: tr}
		}
	}
	return k, nil
}

// open reads gates and proposals: of the upstream today, where that fails from the state.
func (k *knowledge) open(ctx context.Context) error {
	want := []string{snapshot.SourceGates}
	if k.kepRepo != "" {
		want = append(want, snapshot.SourceProposals)
	}
	sections := map[string]snapshot.Section{}
	take := func(snap *snapshot.Snapshot) {
		for _, up := range snap.Upstreams {
			if up.Name != tracked {
				continue
			}
			for _, s := range up.Sections {
				if _, had := sections[s.Source]; !had && !s.Items.Empty() {
					sections[s.Source] = s
				}
			}
		}
	}
	snap, err := k.w.runner.At(ctx, "", want...)
	var bad *pipeline.SourceError
	if errors.As(err, &bad) && !bad.All { // the others can be read
		for _, f := range bad.Failed {
			want = slices.DeleteFunc(want, func(s string) bool { return s == f.Source })
		}
		if len(want) > 0 {
			snap, _ = k.w.runner.At(ctx, "", want...)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if snap != nil {
		take(snap)
		for _, up := range snap.Upstreams {
			if _, ok := sections[snapshot.SourceGates]; ok {
				k.sha = up.SHA
			}
			k.kepSHA = sections[snapshot.SourceProposals].SHA
		}
	}
	for name, s := range sections {
		repository := s.Repository
		if repository == "" {
			repository = k.repo.Name
		}
		k.read = append(k.read, place(repository, s.Ref, s.SHA)+", "+report.SourceWords(name))
	}
	slices.Sort(k.read[1:])
	if err != nil {
		for _, s := range []string{snapshot.SourceGates, snapshot.SourceProposals} {
			if _, ok := sections[s]; !ok {
				k.gone[map[string]string{snapshot.SourceGates: k.repo.Name, snapshot.SourceProposals: k.kepRepo}[s]] = true
			}
		}
		why := []string{err.Error()}
		if errors.As(err, &bad) {
			why = nil
			for _, f := range bad.Failed {
				why = append(why, report.SourceWords(f.Source)+" ("+f.Reason+")")
			}
		}
		for _, w := range why {
			k.notAsked = append(k.notAsked, report.Line(w))
		}
	}
	if old := k.remembered(ctx); old != nil {
		had := len(sections)
		take(old)
		if len(sections) > had {
			k.read = append(k.read, "the state's snapshot of "+old.TakenAt.UTC().Format("2006-01-02"))
		}
	}
	k.take(sections)
	return ctx.Err()
}

// remembered is the state's newest snapshot, nil where there is none.
func (k *knowledge) remembered(ctx context.Context) *snapshot.Snapshot {
	snap, _, err := k.w.memory(ctx)
	if err != nil {
		k.notAsked = append(k.notAsked, "the state at "+statePlace(k.w.cfg)+", which can't be read: "+report.Line(err.Error()))
		return nil
	}
	return snap
}

func (k *knowledge) take(sections map[string]snapshot.Section) {
	names := k.history.Names()
	if s, ok := sections[snapshot.SourceGates]; ok && s.Items.Gates != nil {
		k.history = k.history.With(s.Version, s.Ref, covered(k.w.cfg, s.Items.Gates), s.Items.Gates.Gates)
		names = k.history.Names()
		for _, g := range s.Items.Gates.Gates {
			k.gates[g.Name] = g
		}
	}
	if s, ok := sections[snapshot.SourceProposals]; ok && s.Items.Proposals != nil {
		k.index, k.proposals = kep.Index(s.Items.Proposals.Proposals), len(s.Items.Proposals.Proposals)
		for _, p := range s.Items.Proposals.Proposals {
			for _, g := range p.Gates {
				if !slices.ContainsFunc(names, func(n string) bool { return kep.FoldGate(n) == kep.FoldGate(g.Name) }) {
					names = append(names, g.Name)
				}
			}
		}
	} else {
		k.index = kep.Index(nil)
	}
	if s, ok := sections[snapshot.SourceReleases]; ok && s.Items.Releases != nil {
		for _, r := range s.Items.Releases.Releases {
			for _, n := range r.Notes {
				k.stored = append(k.stored, trace.ReleaseNote{Version: strings.TrimPrefix(r.Tag, "v"), File: r.File, Note: n.Note})
			}
		}
	}
	slices.Sort(names)
	k.names = slices.Compact(names)
	for _, n := range k.names {
		k.known[n] = true
	}
}

func (k *knowledge) isGate(word string) bool { return k.known[word] }

func (k *knowledge) mentions(text string) []string { return changelog.Mentions(text, k.isGate) }

// lost notes that something could not be asked, and that its repository is not to be tried again.
func (k *knowledge) lost(repository, what string, err error) {
	k.gone[repository] = true
	k.notAsked = append(k.notAsked, report.Line(failed(what, err)))
}

// files reads files of a repository at its newest commit, those that are there.
func (k *knowledge) files(ctx context.Context, repository, ref, what string, paths []string) map[string][]byte {
	if repository == "" || k.gone[repository] || len(paths) == 0 {
		return nil
	}
	res := k.w.runner.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: repository, Ref: ref, Paths: paths}})[0]
	if res.Err != nil {
		k.lost(repository, what, res.Err)
		return nil
	}
	var ask []repo.Object
	for _, p := range paths {
		if oid := res.Head.OIDs[p]; oid != "" {
			ask = append(ask, repo.Object{Path: p, OID: oid})
		}
	}
	if len(ask) == 0 {
		return nil
	}
	r, err := k.w.runner.Repositories.Reader(repository)
	if err == nil {
		var blobs []repo.Blob
		if blobs, err = r.Blobs(ctx, res.Head.SHA, ask); err == nil {
			out := map[string][]byte{}
			for _, b := range blobs {
				out[b.Path] = b.Data
			}
			return out
		}
	}
	k.lost(repository, what, err)
	return nil
}

// withHistories adds to proposals what their READMEs tell.
func (k *knowledge) withHistories(ctx context.Context, proposals []kep.Proposal) []trace.Proposal {
	var ask []string
	for _, p := range proposals {
		if _, have := k.readmes[p.Path]; !have {
			ask = append(ask, p.Path+"/README.md")
		}
	}
	for file, src := range k.files(ctx, k.kepRepo, "", "the READMEs of proposals", ask) {
		k.readmes[path.Dir(file)] = kep.ParseReadme(file, src)
	}
	var out []trace.Proposal
	for _, p := range proposals {
		out = append(out, trace.Proposal{Proposal: p, History: k.readmes[p.Path]})
	}
	return out
}

// versionsAsked is how many versions of a proposal are looked at for the names that its gate had.
const versionsAsked = 40

// former are the names that proposals gave a gate before, by the history of their kep.yaml. It is only asked where
// a token or a mirror allows.
func (k *knowledge) former(ctx context.Context, name string, proposals []kep.Proposal) []string {
	set, ok := k.w.runner.Repositories.(tracers)
	if !ok || k.git == nil || k.kepSHA == "" || k.gone[k.kepRepo] {
		return nil
	}
	tr, err := set.Tracer(k.kepRepo)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range proposals {
		file := p.Path + "/kep.yaml"
		log, err := tr.PathHistory(ctx, k.kepSHA, file, versionsAsked)
		if err != nil || len(log) < 2 {
			continue
		}
		var shas []string
		for _, c := range log {
			shas = append(shas, c.SHA)
		}
		texts, err := tr.FilesAt(ctx, shas, file)
		if err != nil {
			continue
		}
		after := p
		for _, c := range log {
			before, err := kep.Parse(file, texts[c.SHA])
			if err != nil {
				continue
			}
			for _, r := range kep.Renamed(before, after) {
				if (r.To == name || slices.Contains(out, r.To)) && !slices.Contains(out, r.From) {
					out = append(out, r.From)
				}
			}
			after = before
		}
	}
	return out
}

// notesFor are the release notes of minors; where they can't be read, those that the state has.
func (k *knowledge) notesFor(ctx context.Context, minors []string) []trace.ReleaseNote {
	if k.notesPath != "" {
		var ask []string
		for _, m := range minors {
			if _, have := k.notes[m]; !have {
				ask = append(ask, strings.ReplaceAll(k.notesPath, "{minor}", m))
			}
		}
		for file, src := range k.files(ctx, k.repo.Name, k.ref, "release notes", ask) {
			parsed, err := changelog.Parse(file, src)
			if err != nil {
				k.notAsked = append(k.notAsked, report.Line(err.Error()))
				continue
			}
			for _, s := range parsed.Sections {
				minor := gate.MinorOf(s.Version)
				for _, n := range s.Notes {
					k.notes[minor] = append(k.notes[minor], trace.ReleaseNote{Version: s.Version, File: file, Note: n})
				}
			}
		}
	}
	var out []trace.ReleaseNote
	for _, m := range minors {
		list := k.notes[m]
		if list == nil {
			for _, n := range k.stored {
				if gate.MinorOf(n.Version) == m {
					list = append(list, n)
				}
			}
		}
		out = append(out, list...)
	}
	return out
}

// notesOf are the notes at hand that name a pull request: those of the newest releases.
func (k *knowledge) notesOf(pr int) []trace.ReleaseNote {
	var out []trace.ReleaseNote
	all := slices.Clone(k.stored)
	for _, m := range slices.Sorted(maps.Keys(k.notes)) {
		all = append(all, k.notes[m]...)
	}
	for _, n := range all {
		if slices.Contains(n.PRs, pr) {
			out = append(out, n)
		}
	}
	return out
}

// pulls reads pull requests; nil where nobody may be asked.
func (k *knowledge) pulls(ctx context.Context, numbers []int) (map[int]trace.Pull, error) {
	if k.git == nil || len(numbers) == 0 {
		return nil, ctx.Err()
	}
	got, err := k.git.Pulls(ctx, numbers)
	if err != nil {
		k.lostGit(err)
	}
	return got, ctx.Err()
}

// lostGit says why the history of the source was not asked.
func (k *knowledge) lostGit(err error) {
	if k.git == nil {
		return
	}
	k.git = nil
	var token *repo.NeedsTokenError
	if errors.As(err, &token) {
		k.notAsked = append(k.notAsked, "the history of "+k.repo.Name+" in git and the pull requests, which needs a token (GITHUB_TOKEN) or a mirror")
		return
	}
	k.notAsked = append(k.notAsked, report.Line(failed("the history of "+k.repo.Name+" in git", err)))
}

// life tells one gate's life.
func (k *knowledge) life(ctx context.Context, name string) (report.ExplainedGate, error) {
	known, _ := k.history.Life(name)
	releases := k.history.Releases()
	bare := trace.Subject{Gate: name, Steps: k.stepsOf(name), Latest: releases[len(releases)-1]}
	proposals := k.proposalsOf(name, known.KEPs)
	bare.Former = k.former(ctx, name, proposals)
	mine := k.withHistories(ctx, proposals)
	s := trace.Complete(bare, mine, nil, k.isGate)
	notes := k.notesFor(ctx, minorsOf(s))
	s = trace.Complete(bare, mine, notes, k.isGate)

	claims := trace.FromProposals(s, mine)
	for _, n := range known.KEPs {
		claims = append(claims, trace.FromComment(n, k.declared(name)))
	}
	claims = append(claims, trace.FromNotes(s, notes, k.repo, k.isGate)...)
	claims = append(claims, trace.FromHistory(s, mine, k.repo, k.isGate)...)
	claims = append(claims, k.fromGit(ctx, s, known)...)
	claims = append(claims, k.fromDocs(ctx, s)...)

	pulls, err := k.pulls(ctx, trace.Numbers(claims, k.repo))
	if err != nil {
		return report.ExplainedGate{}, err
	}
	claims, remarks := trace.Settle(claims, pulls, k.repo)
	life := trace.Combine(s, claims, remarks)
	claims = append(claims, trace.FromPulls(s, life.Stages, pulls, k.repo)...)
	hit := report.ExplainedGate{Life: trace.Combine(s, claims, remarks), Description: k.gates[name].Description, Components: known.Registered, Oldest: releases[0], Titles: map[string]string{}, NoProposals: k.proposals == 0}
	for _, p := range mine {
		hit.Titles["KEP-"+p.Number] = p.Title
	}
	if r, ok := k.history.Removal("", name, releases[len(releases)-1]); ok && len(s.Steps) > 0 && !s.Steps[len(s.Steps)-1].Has(trace.Removed) {
		hit.Removal = &r
	}
	return hit, ctx.Err()
}

// declared is where the comment with a gate's proposals stands.
func (k *knowledge) declared(name string) string {
	if g, ok := k.gates[name]; ok && g.Declared.File != "" {
		return fmt.Sprintf("%s:%d", g.Declared.File, g.Declared.Line)
	}
	return k.source
}

// minorsOf are the releases of a gate's steps, and those after the newest that is known while the gate lives.
func minorsOf(s trace.Subject) []string {
	var out []string
	for _, st := range s.Steps {
		if st.Version != "" && !slices.Contains(out, st.Version) {
			out = append(out, st.Version)
		}
	}
	return out
}

// fromGit looks for the commits behind the steps: each at the release that made it, where its line was last touched for
// it.
func (k *knowledge) fromGit(ctx context.Context, s trace.Subject, l insight.Life) []trace.Claim {
	paths := trace.RegistrationFiles(l.Registered...)
	if k.git == nil || k.sha == "" || len(paths) == 0 {
		return nil
	}
	var versions []string
	for _, v := range minorsOf(s) {
		versions = append(versions, v)
		if i := slices.Index(k.history.Releases(), v); i > 0 {
			versions = append(versions, k.history.Releases()[i-1])
		}
	}
	k.tagged(ctx, versions)
	constant := k.gates[s.Gate].Const
	if constant == "" {
		constant = s.Gate
	}
	var out []trace.Claim
	for _, st := range s.Steps {
		if st.Version == "" || k.git == nil {
			continue
		}
		sha := k.tags[st.Version]
		if sha == "" {
			if gate.CompareVersions(st.Version, s.Latest) < 0 {
				continue // an old release that the repository has no tag of
			}
			sha = k.sha
		}
		var got map[int][]trace.Claim
		var err error
		wanted := []trace.Wanted{{Const: constant, Step: st}}
		if st.Has(trace.Removed) {
			from := ""
			if i := slices.Index(k.history.Releases(), st.Version); i > 0 {
				from = k.tags[k.history.Releases()[i-1]]
			}
			got, err = trace.NewFiles(k.git, sha, paths, k.repo).Removed(ctx, from, wanted)
		} else {
			got, err = trace.NewFiles(k.git, sha, paths, k.repo).Made(ctx, wanted)
		}
		if err != nil {
			k.lostGit(err)
			continue
		}
		out = append(out, got[0]...)
	}
	return out
}

// tagged looks up the commits of the first releases of minors, in one question.
func (k *knowledge) tagged(ctx context.Context, minors []string) {
	var ask []string
	var requests []repo.HeadRequest
	for _, m := range minors {
		if _, have := k.tags[m]; !have && !slices.Contains(ask, m) {
			ask = append(ask, m)
			requests = append(requests, repo.HeadRequest{Repository: k.repo.Name, Ref: "v" + m + ".0"})
		}
	}
	if len(ask) == 0 {
		return
	}
	for i, res := range k.w.runner.Repositories.Heads(ctx, requests) {
		k.tags[ask[i]] = ""
		if res.Err == nil {
			k.tags[ask[i]] = res.Head.SHA
		}
	}
}

// fromDocs looks whether the documentation has a page for the gate.
func (k *knowledge) fromDocs(ctx context.Context, s trace.Subject) []trace.Claim {
	if k.gone[trace.DocsRepository] || k.gone[k.repo.Name] {
		return nil
	}
	file := trace.DocsPath(s.Gate)
	res := k.w.runner.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: trace.DocsRepository, Paths: []string{file}}})[0]
	if res.Err != nil {
		k.lost(trace.DocsRepository, "the documentation", res.Err)
		return nil
	}
	if res.Head.OIDs[file] == "" {
		return nil
	}
	return []trace.Claim{trace.FromDocs(s)}
}

// searchHistories finds the gates whose proposals' READMEs name a pull request. It reads at most so many READMEs as one
// document of files holds.
func (k *knowledge) searchHistories(ctx context.Context, pr int) ([]string, error) {
	var all []kep.Proposal
	for _, g := range k.names {
		for _, p := range k.index.Listing(g) {
			if !slices.ContainsFunc(all, func(o kep.Proposal) bool { return o.Path == p.Path }) {
				all = append(all, p)
			}
		}
	}
	var out []string
	for _, p := range k.withHistories(ctx, all) {
		for _, l := range p.History.Lines {
			if !slices.Contains(l.PRs, pr) && !slices.Contains(l.Mentioned, pr) {
				continue
			}
			named := k.mentions(l.Text)
			if len(named) == 0 {
				for _, g := range p.Gates {
					if n, ok := k.gateCalled(g.Name); ok {
						named = append(named, n)
					}
				}
			}
			for _, g := range named {
				if !slices.Contains(out, g) {
					out = append(out, g)
				}
			}
		}
	}
	return out, ctx.Err()
}
