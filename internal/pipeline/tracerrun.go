package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/trace"
)

// Tracing says how changes are traced to where they come from. The zero value tells what the snapshot holds alone.
type Tracing struct {
	// MaxRequests is how many requests a run may spend on it; 0: git is not asked.
	MaxRequests int
	// Repositories gives what knows histories; nil: nobody.
	Repositories Tracers
	// Answers are those of earlier runs; nil: there are none.
	Answers Answers
	// Overrides are links that people know better, by upstream; those under "" are for all.
	Overrides map[string][]trace.Override
}

// Tracers knows the histories of repositories.
type Tracers interface {
	Tracer(repository string) (repo.Tracer, error)
}

// Answers is what was asked in earlier runs.
type Answers interface {
	Answers(ctx context.Context, keys ...string) (map[string][]byte, error)
}

// traceTime bounds how long a run traces: what waits for a limit must not hold up the digest.
const traceTime = 3 * time.Minute

// The words for why something was not traced.
const (
	notBudget = "budget"
	notTime   = "it took too long"
)

// tracing is one run's: what it may cost, and what it asked.
type tracing struct {
	Tracing
	r       *Runner
	ctx     context.Context // of the requests: it carries what they may cost
	cancel  context.CancelFunc
	stopped string                   // why nothing more is asked; "" goes on
	unable  map[string]string        // repositories that nobody can be asked of, and why
	files   map[string]*trace.Files  // by repository, commit and paths
	known   map[string][]byte        // answers by key, stored ones and new
	gates   map[string]*trace.Answer // by key
	changed []string                 // keys of what is to be kept, in order
}

func (r *Runner) newTracing(ctx context.Context) *tracing {
	t := &tracing{Tracing: r.Tracing, r: r, unable: map[string]string{}, files: map[string]*trace.Files{}, known: map[string][]byte{}, gates: map[string]*trace.Answer{}}
	t.ctx, t.cancel = context.WithTimeout(github.WithRequests(ctx, r.Tracing.MaxRequests), traceTime)
	return t
}

// end frees what it holds.
func (t *tracing) end() { t.cancel() }

// answers are what is to be kept.
func (t *tracing) answers() []store.Answer {
	var out []store.Answer
	for _, key := range t.changed {
		if a, ok := t.gates[key]; ok {
			value, err := json.Marshal(a)
			if err != nil { // it is made of strings
				continue
			}
			t.known[key] = value
		}
		out = append(out, store.Answer{Key: key, Value: t.known[key]})
	}
	return out
}

func (t *tracing) keep(key string) {
	if !slices.Contains(t.changed, key) {
		t.changed = append(t.changed, key)
	}
}

// recall makes sure of the answers of earlier runs.
func (t *tracing) recall(ctx context.Context, keys []string) {
	var ask []string
	for _, k := range keys {
		if _, have := t.known[k]; !have && !slices.Contains(ask, k) {
			ask = append(ask, k)
		}
	}
	if len(ask) == 0 || t.Answers == nil {
		return
	}
	got, err := t.Answers.Answers(ctx, ask...)
	if err != nil { // it is asked anew
		t.r.log().WarnContext(ctx, "answers of earlier runs can't be read", "error", err)
		return
	}
	for _, k := range ask {
		t.known[k] = got[k]
	}
}

// asked is a change that git is asked of.
type asked struct {
	index  int // of the change
	change diff.Change
	q      trace.Question
	key    string
	answer *trace.Answer
	why    string // why it was not traced
}

// settled reports whether it needs no more asking.
func (a *asked) settled() bool { _, ok := a.answer.Made[a.q.State()]; return ok }

// upstream adds to what changed in an upstream where it comes from. It fails never: what can't be had is said. The notices say
// what nobody could be asked of.
func (t *tracing) upstream(ctx context.Context, res diff.UpstreamResult, current snapshot.Upstream, firstRun bool) (report.Upstream, []string) {
	u := report.Upstream{UpstreamResult: res, FirstRun: firstRun}
	repository := trace.Repository{Name: res.Repository, WebURL: res.WebURL}
	var list []*asked
	for i, c := range res.Changes {
		u.Evidence = append(u.Evidence, trace.Explain(c, trace.Found{}, repository))
		q, ok := trace.QuestionOf(c)
		if ok && t.MaxRequests > 0 && t.Repositories != nil {
			list = append(list, &asked{index: i, change: c, q: q, key: trace.GateKey(res.Repository, c.Gate.Name(), c.Variant)})
		}
	}
	u.Untraced = make([]string, len(res.Changes))
	var notices []string
	if len(list) > 0 {
		t.r.progress(Event{Stage: StageTrace, Upstream: res.Upstream, Of: len(list)})
		// The most severe first, and of these what is the reader's own.
		slices.SortStableFunc(list, func(a, b *asked) int {
			return cmp.Or(severity(a.change)-severity(b.change), mine(a.change)-mine(b.change))
		})
		t.load(ctx, list)
		t.fromGit(ctx, list, res, current)
		pulls := t.pulls(ctx, list, repository)
		t.docs(ctx, list, res)
		for _, a := range list {
			u.Evidence[a.index] = trace.Explain(a.change, trace.Found{
				Change: a.answer.Made[a.q.State()], Earlier: a.answer.Earlier[a.q.State()], Pulls: pulls, Docs: a.answer.Docs[a.q.State()],
			}, repository)
			if u.Untraced[a.index] = a.why; slices.ContainsFunc(u.Evidence[a.index], func(e trace.Evidence) bool { return e.About == trace.AboutChange && e.Confidence == trace.Certain }) {
				u.Untraced[a.index] = "" // the notes knew it
			}
		}
		if why := t.unable[res.Repository]; why != "" && slices.ContainsFunc(list, func(a *asked) bool { return !a.settled() }) {
			notices = append(notices, fmt.Sprintf("%s: by which pull requests the changes came was not traced: %s.", res.Upstream, why))
		}
	}
	return t.override(u), notices
}

// override puts in what the reader's configuration knows better.
func (t Tracing) override(u report.Upstream) report.Upstream {
	u.Remarks = make([]string, len(u.Changes))
	for i, c := range u.Changes {
		u.Evidence[i] = ownProposals(u.UpstreamResult, u.Evidence[i])
		if c.Gate == nil {
			continue
		}
		for _, o := range slices.Concat(t.Overrides[""], t.Overrides[u.Upstream]) {
			if o.Gate == c.Gate.Name() {
				u.Evidence[i] = o.Apply(c, u.Evidence[i], trace.Repository{Name: u.Repository, WebURL: u.WebURL})
				u.Remarks[i] = cmp.Or(o.Note, u.Remarks[i])
			}
		}
	}
	return u
}

// log is where a run says what it met.
func (r *Runner) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

func severity(c diff.Change) int {
	return slices.Index([]diff.Severity{diff.Act, diff.Know, diff.FYI}, c.Severity)
}

func mine(c diff.Change) int {
	if c.Mine {
		return 0
	}
	return 1
}

// load takes the answers of earlier runs, and forgets what the changes made untrue.
func (t *tracing) load(ctx context.Context, list []*asked) {
	var keys []string
	for _, a := range list {
		keys = append(keys, a.key)
	}
	t.recall(ctx, keys)
	for _, a := range list {
		if t.gates[a.key] == nil {
			answer := trace.DecodeAnswer(t.known[a.key])
			t.gates[a.key] = &answer
		}
		a.answer = t.gates[a.key]
		if a.answer.Prune(a.change) {
			t.keep(a.key)
		}
	}
}

// tracedAtOnce bounds how many changes are asked of together, so that the most severe ones are answered before the others cost
// anything.
const tracedAtOnce = 50

// fromGit asks by which pull requests the changes came, of those that no earlier run asked of.
func (t *tracing) fromGit(ctx context.Context, list []*asked, res diff.UpstreamResult, current snapshot.Upstream) {
	open := slices.DeleteFunc(slices.Clone(list), func(a *asked) bool { return a.settled() })
	if len(open) == 0 {
		return
	}
	var from, to string
	for _, s := range res.Sections {
		if s.Source == snapshot.SourceGates {
			from, to = s.From.SHA, s.To.SHA
		}
	}
	tr, err := t.Repositories.Tracer(res.Repository)
	if err != nil || to == "" {
		t.fail(res.Repository, open, cmp.Or(err, errNoCommit))
		return
	}
	var known []gate.Gate
	there := func(string) bool { return true }
	if sec, ok := current.Section(snapshot.SourceGates); ok && sec.Items.Gates != nil && sec.SHA == to {
		known = sec.Items.Gates.Gates
		there = func(path string) bool {
			return slices.ContainsFunc(sec.Inputs, func(o snapshot.Object) bool { return o.Path == path }) || slices.ContainsFunc(list, func(a *asked) bool { return registeredIn(a.change.Gate.Before, path) })
		}
	}
	git := &blamedOnce{Git: GitHistory{tr}, blames: map[[2]string][]trace.Range{}}
	others := map[string][]string{} // by the file that a gate stands in, where gates of that file may have come from
	for _, a := range open {
		for _, p := range a.q.Paths {
			if first := a.q.Paths[0]; !slices.Contains(others[first], p) {
				others[first] = append(others[first], p)
			}
		}
	}
	for len(open) > 0 {
		n := 1
		for n < len(open) && n < tracedAtOnce && open[n].change.Severity == open[0].change.Severity {
			n++
		}
		groups := map[string][]*asked{}
		var order []string
		for _, a := range open[:n] {
			if len(a.q.Paths) > 1 { // one that was moved is looked for where it is, alone
				a.q.Paths = others[a.q.Paths[0]]
			}
			k := fmt.Sprint(a.q.Gone, a.q.Paths)
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], a)
		}
		for _, k := range order {
			t.group(ctx, groups[k], git, res, from, to, known, there)
		}
		open = open[n:]
	}
}

func registeredIn(g *gate.Gate, path string) bool {
	return g != nil && slices.ContainsFunc(g.Registered, func(r gate.Registration) bool { return r.File == path })
}

var errNoCommit = errors.New("it is not known at which commit the gates were read")

// blamedOnce asks for the blame of a file once.
type blamedOnce struct {
	trace.Git
	blames map[[2]string][]trace.Range
}

// Blame implements trace.Git.
func (b *blamedOnce) Blame(ctx context.Context, sha, path string) ([]trace.Range, error) {
	key := [2]string{sha, path}
	if known, ok := b.blames[key]; ok {
		return known, nil
	}
	got, err := b.Git.Blame(ctx, sha, path)
	if err == nil {
		b.blames[key] = got
	}
	return got, err
}

// group asks of changes in the same files.
func (t *tracing) group(ctx context.Context, list []*asked, git trace.Git, res diff.UpstreamResult, from, to string, known []gate.Gate, there func(path string) bool) {
	if why := cmp.Or(t.stopped, t.unable[res.Repository]); why != "" {
		t.leave(res.Repository, list)
		return
	}
	q := list[0].q
	repository := trace.Repository{Name: res.Repository, WebURL: res.WebURL}
	key := strings.Join(append([]string{res.Repository, to}, q.Paths...), " ")
	files := t.files[key]
	if files == nil {
		files = trace.NewFiles(git, to, q.Paths, repository)
		files.Know(q.Paths[0], known)
		files.Beside(there)
		t.files[key] = files
	}
	wanted := make([]trace.Wanted, len(list))
	for i, a := range list {
		wanted[i] = a.q.Wanted
	}
	ask := files.Made
	if q.Gone {
		ask = func(ctx context.Context, w []trace.Wanted) (map[int][]trace.Claim, error) {
			return files.Removed(ctx, from, w)
		}
	}
	found, err := ask(t.ctx, wanted)
	for i, a := range list {
		if claims := found[i]; len(claims) > 0 || err == nil {
			a.answer.Made[a.q.State()] = claims
			if earlier := files.Glance(q.Paths[0], a.q.Earlier); len(earlier) > 0 {
				if a.answer.Earlier == nil {
					a.answer.Earlier = map[string][]trace.Claim{}
				}
				a.answer.Earlier[a.q.State()] = earlier
			}
			t.keep(a.key)
		}
	}
	if err != nil && ctx.Err() == nil {
		t.fail(res.Repository, slices.DeleteFunc(slices.Clone(list), func(a *asked) bool { return a.settled() }), err)
	}
}

// fail says of changes why they were not traced, and whether asking on is any use.
func (t *tracing) fail(repository string, list []*asked, err error) {
	why, all := reasonNot(err)
	switch {
	case t.ctx.Err() != nil:
		t.stopped = notTime
	case isUnable(err):
		t.unable[repository] = why
		if _, mirror := errors.AsType[*repo.IncompleteError](err); mirror {
			t.r.log().WarnContext(t.ctx, "changes were not traced", "repository", repository, "error", err)
		}
	case all:
		t.stopped = why
	default:
		for _, a := range list {
			a.why = why
		}
		t.r.log().WarnContext(t.ctx, "changes were not traced", "repository", repository, "error", err)
		return
	}
	t.leave(repository, list)
}

// leave marks changes that are not asked of any more. Where nobody can be asked that is said once, and of none.
func (t *tracing) leave(repository string, list []*asked) {
	for _, a := range list {
		if t.unable[repository] == "" {
			a.why = t.stopped
		}
	}
}

// isUnable reports whether an error says that nobody can be asked, today and tomorrow.
func isUnable(err error) bool {
	_, token := errors.AsType[*repo.NeedsTokenError](err)
	_, offline := errors.AsType[*repo.OfflineError](err)
	_, incomplete := errors.AsType[*repo.IncompleteError](err)
	return token || offline || incomplete || errors.Is(err, errors.ErrUnsupported)
}

// reasonNot says in a few words why something could not be asked; all: and the rest neither.
func reasonNot(err error) (why string, all bool) {
	var limit *github.LimitError
	var spent *github.SpentError
	var network *github.NetworkError
	var server *github.ServerError
	var much *repo.TooMuchError
	var token *repo.NeedsTokenError
	var offline *repo.OfflineError
	var incomplete *repo.IncompleteError
	var local *repo.GitError
	switch {
	case errors.As(err, &spent):
		return notBudget, true
	case errors.As(err, &token):
		return "it needs a token (GITHUB_TOKEN) or a mirror", true
	case errors.As(err, &offline):
		return "the bot is offline, and has no mirror of " + offline.Repository, true
	case errors.As(err, &incomplete): // where it lies is for the log
		return "its mirror is a shallow, partial or damaged clone; git fetch --unshallow or a new git clone --mirror mends it", true
	case errors.As(err, &local):
		return "git failed at its mirror", false
	case errors.As(err, &limit):
		return "a limit of GitHub", true
	case errors.As(err, &much):
		return "it was too much for GitHub", false
	case errors.As(err, &network):
		return "no answer from GitHub", true
	case errors.As(err, &server):
		return "GitHub failed", true
	}
	return report.Line(err.Error()), false
}

// pulls reads the pull requests of the changes, those that no earlier run read.
func (t *tracing) pulls(ctx context.Context, list []*asked, repository trace.Repository) map[int]trace.Pull {
	var numbers []int
	var keys []string
	for _, a := range list {
		for _, n := range trace.Numbers(a.answer.Made[a.q.State()], repository) {
			if !slices.Contains(numbers, n) {
				numbers, keys = append(numbers, n), append(keys, trace.PullKey(repository, n))
			}
		}
	}
	t.recall(ctx, keys)
	var ask []int
	for i, n := range numbers {
		if _, _, known := trace.DecodePull(n, t.known[keys[i]]); !known {
			ask = append(ask, n)
		}
	}
	if tr, err := t.Repositories.Tracer(repository.Name); err == nil && t.stopped == "" && t.unable[repository.Name] == "" {
		_, mirror := tr.(*repo.Local)
		for part := range slices.Chunk(ask, pullsAtOnce) {
			got, err := GitHistory{tr}.Pulls(t.ctx, part)
			if err != nil {
				if why, all := reasonNot(err); all {
					t.stopped = why
				}
				t.r.log().WarnContext(ctx, "pull requests were not read", "repository", repository.Name, "error", err)
				break
			}
			for _, n := range part {
				p, there := got[n]
				key := trace.PullKey(repository, n)
				t.known[key] = trace.EncodePull(p, there)
				if !mirror && !p.Partial { // a mirror is asked again: it may know more one day, and costs nothing
					t.keep(key)
				}
			}
		}
	}
	out := map[int]trace.Pull{}
	for i, n := range numbers {
		if p, there, known := trace.DecodePull(n, t.known[keys[i]]); known && there {
			out[n] = p
		}
	}
	return out
}

// pullsAtOnce is how many pull requests are one document.
const pullsAtOnce = 25

// docs asks which gates have a page in the documentation, of all in one question.
func (t *tracing) docs(ctx context.Context, list []*asked, res diff.UpstreamResult) {
	// Where the pages are a source of their own, they are at hand.
	if slices.ContainsFunc(res.Sections, func(s diff.SectionResult) bool { return s.Source == snapshot.SourceDocs && s.Items > 0 }) {
		return
	}
	if !trace.HasDocs(res.Repository) || t.stopped != "" || t.unable[res.Repository] != "" {
		return
	}
	var paths []string
	var of []*asked
	for _, a := range list {
		if _, known := a.answer.Docs[a.q.State()]; !known && a.settled() {
			paths, of = append(paths, trace.DocsPath(a.change.Gate.Name())), append(of, a)
		}
	}
	if len(paths) == 0 {
		return
	}
	got := t.r.Repositories.Heads(t.ctx, []repo.HeadRequest{{Repository: trace.DocsRepository, Paths: paths}})[0]
	if _, none := errors.AsType[*repo.NotFoundError](got.Err); got.Err != nil && !none { // on another host there may be no such repository
		if why, all := reasonNot(got.Err); all && !isUnable(got.Err) {
			t.stopped = why
		}
		t.r.log().DebugContext(ctx, "the documentation was not asked", "error", got.Err)
		return
	}
	for i, a := range of {
		if a.answer.Docs == nil {
			a.answer.Docs = map[string]bool{}
		}
		a.answer.Docs[a.q.State()] = got.Head.OIDs[paths[i]] != ""
		t.keep(a.key)
	}
}
