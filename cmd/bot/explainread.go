package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
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
	looked    map[string]repo.Head // by repository: the ids that were asked for

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
		readmes: map[string]kep.History{}, notes: map[string][]trace.ReleaseNote{}, tags: map[string]string{}, gone: map[string]bool{}, looked: map[string]repo.Head{},
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
			if _, mirror := tr.(*repo.Local); !mirror && w.client.Anonymous() {
				k.lostGit(&repo.NeedsTokenError{Repository: k.repo.Name})
			}
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
	old := k.remembered(ctx)
	snap, err := k.w.runner.Current(ctx, old, want...)
	var bad *pipeline.SourceError
	if errors.As(err, &bad) && !bad.All { // the others can be read
		for _, f := range bad.Failed {
			want = slices.DeleteFunc(want, func(s string) bool { return s == f.Source })
		}
		if len(want) > 0 {
			snap, _ = k.w.runner.Current(ctx, old, want...)
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
	if old != nil {
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
	head := k.looked[repository]
	if slices.ContainsFunc(paths, func(p string) bool { _, known := head.OIDs[p]; return !known }) {
		res := k.w.runner.Repositories.Heads(ctx, []repo.HeadRequest{{Repository: repository, Ref: ref, Paths: paths}})[0]
		if res.Err != nil {
			k.lost(repository, what, res.Err)
			return nil
		}
		head = res.Head
	}
	var ask []repo.Object
	for _, p := range paths {
		if oid := head.OIDs[p]; oid != "" {
			ask = append(ask, repo.Object{Path: p, OID: oid})
		}
	}
	if len(ask) == 0 {
		return nil
	}
	r, err := k.w.runner.Repositories.Reader(repository)
	if err == nil {
		var blobs []repo.Blob
		if blobs, err = r.Blobs(ctx, head.SHA, ask); err == nil {
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
	var plain []trace.Proposal
	for _, p := range proposals {
		plain = append(plain, trace.Proposal{Proposal: p})
	}
	k.look(ctx, trace.Complete(bare, plain, nil, k.isGate), proposals)
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
	claims = append(claims, k.fromDocs(s)...)

	pulls, err := k.pulls(ctx, trace.Numbers(claims, k.repo))
	if err != nil {
		return report.ExplainedGate{}, err
	}
	claims, remarks := trace.Settle(claims, pulls, k.repo)
	life := trace.Combine(s, claims, remarks)
	if found := k.search(ctx, s, life); len(found) > 0 {
		claims = append(claims, trace.FromSearch(s, life.Stages, found, k.repo, k.isGate)...)
		life = trace.Combine(s, claims, remarks)
	}
	claims = append(claims, trace.FromPulls(s, life.Stages, pulls, k.repo)...)
	remark := ""
	told := trace.Combine(s, claims, remarks)
	for _, o := range slices.Concat(k.w.runner.Tracing.Overrides[""], k.w.runner.Tracing.Overrides[tracked]) {
		if o.Gate == name {
			told = o.Correct(told, k.repo)
			remark = cmp.Or(o.Note, remark)
		}
	}
	hit := report.ExplainedGate{Life: told, Remark: remark, Description: k.gates[name].Description, Components: known.Registered, Oldest: releases[0], Titles: map[string]string{}, NoProposals: k.proposals == 0}
	for _, p := range mine {
		hit.Titles["KEP-"+p.Number] = p.Title
	}
	for n, p := range pulls {
		hit.Titles[fmt.Sprintf("%s#%d", k.repo.Name, n)] = p.Title
	}
	if r, ok := k.history.Removal("", name, releases[len(releases)-1]); ok && len(s.Steps) > 0 && !s.Steps[len(s.Steps)-1].Has(trace.Removed) {
		hit.Removal = &r
	}
	return hit, ctx.Err()
}

// searchFound is how many pull requests a search may bring.
const searchFound = 20

// search is the last resort for steps that nobody knows a pull request of: at most two questions, and their failure is
// no loss.
func (k *knowledge) search(ctx context.Context, s trace.Subject, life trace.Life) []trace.Pull {
	missing := func(stages []trace.Stage) bool {
		return slices.ContainsFunc(stages, func(st trace.Stage) bool { return len(st.PRs) == 0 && st.Version != "" })
	}
	if k.git == nil || !missing(life.Stages) {
		return nil
	}
	var found []trace.Pull
	for _, q := range trace.Searches(s) {
		got, err := k.git.Search(ctx, q, searchFound)
		if err != nil {
			if ctx.Err() == nil {
				k.notAsked = append(k.notAsked, report.Line(failed("a search for pull requests", err)))
			}
			break
		}
		found = append(found, got...)
		if claims := trace.FromSearch(s, life.Stages, found, k.repo, k.isGate); !missing(trace.Combine(s, claims, nil).Stages) {
			break
		}
	}
	return found
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

// fromGit looks for the commits behind the steps: where the newest source still has a step's spec there, else at the
// release that made it.
func (k *knowledge) fromGit(ctx context.Context, s trace.Subject, l insight.Life) []trace.Claim {
	now := k.gates[s.Gate]
	var paths []string
	for _, r := range now.Registered {
		paths = append(paths, r.File)
	}
	for _, p := range trace.RegistrationFiles(l.Registered...) {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	if k.git == nil || k.sha == "" || len(paths) == 0 {
		return nil
	}
	k.tagged(ctx, k.tagsFor(s))
	constant := cmp.Or(now.Const, s.Gate)
	var made []trace.Wanted
	var out []trace.Claim
	for _, st := range s.Steps {
		at := k.tags[st.Version]
		switch {
		case st.Version == "":
			continue
		case k.stands(now, st):
			at = k.sha
		case at == "" && gate.CompareVersions(st.Version, s.Latest) < 0:
			continue // an old release that the repository has no tag of
		case at == "":
			at = k.sha
		}
		if !st.Has(trace.Removed) {
			made = append(made, trace.Wanted{Const: constant, Step: st, At: at})
			continue
		}
		from := ""
		if i := slices.Index(k.history.Releases(), st.Version); i > 0 {
			from = k.tags[k.history.Releases()[i-1]]
		}
		got, err := k.filesAt(at, paths).Removed(ctx, from, []trace.Wanted{{Const: constant, Step: st}})
		if out = append(out, got[0]...); err != nil {
			k.lostGit(err)
			return out
		}
	}
	got, err := k.filesAt(k.sha, paths).Made(ctx, made)
	for i := range made {
		out = append(out, got[i]...)
	}
	if err != nil {
		k.lostGit(err)
	}
	return out
}

// filesAt are files that gates stood in, at a commit.
func (k *knowledge) filesAt(sha string, paths []string) *trace.Files {
	files := trace.NewFiles(k.git, sha, paths, k.repo)
	files.Beside(func(path string) bool {
		for _, g := range k.gates {
			if slices.ContainsFunc(g.Registered, func(r gate.Registration) bool { return r.File == path }) {
				return true
			}
		}
		return false
	})
	return files
}

// stands reports whether the newest source has the spec of a step in a line of its own.
func (k *knowledge) stands(now gate.Gate, st trace.Step) bool {
	return !st.Has(trace.Removed) && slices.ContainsFunc(now.Specs, func(s gate.Spec) bool { return s.Since != "" && s.Since == st.Version && s.Stage == st.Stage })
}

// tagsFor are the releases whose tags are needed to look for a gate's steps.
func (k *knowledge) tagsFor(s trace.Subject) []string {
	var out []string
	for _, st := range s.Steps {
		if st.Version == "" || k.stands(k.gates[s.Gate], st) {
			continue
		}
		out = append(out, st.Version)
		if i := slices.Index(k.history.Releases(), st.Version); i > 0 && st.Has(trace.Removed) {
			out = append(out, k.history.Releases()[i-1])
		}
	}
	return out
}

// oldestNotes is the first minor that has a file of notes in that form.
const oldestNotes = 4

// look asks in one question for what the rest needs to know of a gate: which READMEs, release notes and pages there are,
// and where tags stand.
func (k *knowledge) look(ctx context.Context, s trace.Subject, proposals []kep.Proposal) {
	var asked []string
	var requests []repo.HeadRequest
	put := func(repository, ref string, paths ...string) {
		if repository == "" || k.gone[repository] || len(paths) == 0 {
			return
		}
		have := k.looked[repository].OIDs
		paths = slices.DeleteFunc(paths, func(p string) bool { _, known := have[p]; return known })
		if len(paths) > 0 {
			asked, requests = append(asked, repository), append(requests, repo.HeadRequest{Repository: repository, Ref: ref, Paths: paths})
		}
	}
	var notes, readmes []string
	if latest := strings.Split(s.Latest, "."); k.notesPath != "" && len(latest) == 2 {
		last, _ := strconv.Atoi(latest[1]) // of a table whose releases are versions
		for n := oldestNotes; n <= last+1; n++ {
			notes = append(notes, strings.ReplaceAll(k.notesPath, "{minor}", latest[0]+"."+strconv.Itoa(n)))
		}
	}
	for _, p := range proposals {
		readmes = append(readmes, p.Path+"/README.md")
	}
	put(k.repo.Name, k.ref, notes...)
	put(k.kepRepo, "", readmes...)
	if !k.gone[k.repo.Name] {
		put(trace.DocsRepository, "", trace.DocsPath(s.Gate))
	}
	tags := k.unknownTags(k.tagsFor(s))
	if k.git == nil {
		tags = nil
	}
	for _, m := range tags {
		requests = append(requests, repo.HeadRequest{Repository: k.repo.Name, Ref: "v" + m + ".0"})
	}
	if len(requests) == 0 {
		return
	}
	results := k.w.runner.Repositories.Heads(ctx, requests)
	for i, repository := range asked {
		res := results[i]
		if res.Err != nil {
			k.lost(repository, map[string]string{k.repo.Name: "release notes", k.kepRepo: "the READMEs of proposals", trace.DocsRepository: "the documentation"}[repository], res.Err)
			continue
		}
		head := k.looked[repository]
		if head.OIDs == nil {
			head = repo.Head{SHA: res.Head.SHA, OIDs: map[string]string{}}
		}
		maps.Copy(head.OIDs, res.Head.OIDs)
		k.looked[repository] = head
	}
	k.tell(tags, results[len(asked):])
}

// tagged looks up the commits of the first releases of minors, in one question.
func (k *knowledge) tagged(ctx context.Context, minors []string) {
	ask := k.unknownTags(minors)
	if len(ask) == 0 {
		return
	}
	var requests []repo.HeadRequest
	for _, m := range ask {
		requests = append(requests, repo.HeadRequest{Repository: k.repo.Name, Ref: "v" + m + ".0"})
	}
	k.tell(ask, k.w.runner.Repositories.Heads(ctx, requests))
}

func (k *knowledge) unknownTags(minors []string) []string {
	var out []string
	for _, m := range minors {
		if _, have := k.tags[m]; !have && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func (k *knowledge) tell(minors []string, results []repo.HeadResult) {
	for i, res := range results {
		k.tags[minors[i]] = ""
		if res.Err == nil {
			k.tags[minors[i]] = res.Head.SHA
		}
	}
}

// fromDocs is the page of the documentation, where there is one.
func (k *knowledge) fromDocs(s trace.Subject) []trace.Claim {
	if k.looked[trace.DocsRepository].OIDs[trace.DocsPath(s.Gate)] == "" {
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
