package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/test/contract"
)

// restCalls names the request behind each place where internal/github asks go-github to send one. A place that
// is not here fails the test: add it, and a scenario below that sends it.
var restCalls = map[string]string{
	"Repositories.GetCommit":                  "GET …/commits/{ref...}?per_page",
	"Repositories.Get":                        "GET …",
	"Repositories.ListTags":                   "GET …/tags?per_page",
	"Repositories.ListCommits":                "GET …/commits?per_page&until",
	"Repositories.ListReleases":               "GET …/releases?per_page",
	"Issues.ListMilestones":                   "GET …/milestones?direction&per_page&sort&state",
	"Issues.GetMilestone":                     "GET …/milestones/{number}",
	"PullRequests.ListPullRequestsWithCommit": "GET …/commits/{ref}/pulls",
	"Git.GetTree":                             "GET …/git/trees/{sha...}",
	"Git.GetBlobRaw":                          "GET …/git/blobs/{sha}",
	"Git.ListMatchingRefs":                    "GET …/git/matching-refs/{ref...}",
	"Issues.ListByRepo":                       "GET …/issues?creator&direction&labels&page&per_page&since&sort&state",
	"Git.CreateBlob":                          "POST …/git/blobs",
	"Git.CreateTree":                          "POST …/git/trees",
	"Git.CreateCommit":                        "POST …/git/commits",
	"Git.CreateRef":                           "POST …/git/refs",
	"Git.UpdateRef":                           "PATCH …/git/refs/{ref...}",
	"Issues.Create":                           "POST …/issues",
	"Issues.CreateComment":                    "POST …/issues/{number}/comments",
	"Issues.CreateLabel":                      "POST …/labels",
	"Issues.Edit":                             "PATCH …/issues/{number}",
	"Issues.EditComment":                      "PATCH …/issues/comments/{id}",
	`NewRequest "rate_limit"`:                 "GET /rate_limit",
	"NewRequest graphql":                      "query Viewer",
	"http.NewRequestWithContext ✓":            "GET file, raw host", // no API: there is no description of it
}

// TestEveryCallFitsGitHubsDescription plays every scenario of the fault matrix, GitHub's own refusals, and
// what only a client can ask for, with a checker between program and stand-in: what we send and what the
// stand-in answers must be what GitHub's own descriptions say. Then it reads the source, and misses every
// request and document that was not among them.
func TestEveryCallFitsGitHubsDescription(t *testing.T) {
	t.Parallel()
	v, err := contract.Open("../../test/contract")
	if errors.Is(err, contract.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &contractLog{v: v, calls: map[string]map[int]int{}}
	m := newMatrix(t)
	m.check = c.between
	c.scenarios(t, m)
	onBranch := newBranchMatrix(t)
	onBranch.check = c.between
	c.scenarios(t, onBranch)
	c.commits(t, onBranch)
	c.refusals(t, m.scenarios[0].git)
	c.commands(t, m.scenarios[0].git)
	c.readers(t)
	for _, err := range c.problems {
		t.Error(err)
	}

	places, operations := sourceCalls(t)
	for _, place := range places {
		if call, known := restCalls[place]; !known {
			t.Errorf("internal/github sends a request by %s, which is not in restCalls", place)
		} else if c.calls[call] == nil && call != "GET file, raw host" {
			t.Errorf("%s (%s) was never sent here: add a scenario that does", call, place)
		}
	}
	for _, op := range operations {
		if c.calls[op] == nil {
			t.Errorf("the document %q was never sent here, so nobody knows whether it is valid: add a scenario that does", op)
		}
	}
	if c.calls[noName] != nil {
		t.Errorf("a %s was sent: name its operation, so that logs and the fault matrix can tell it", noName)
	}
	c.print(t, len(places), len(operations))
}

// contractLog checks exchanges and counts what was checked.
type contractLog struct {
	v        *contract.Validator
	mu       sync.Mutex
	calls    map[string]map[int]int // by call, answers by status; 0 is no answer
	requests int
	problems []error
}

func (c *contractLog) between(next http.RoundTripper) http.RoundTripper {
	return c.v.Transport(counting{c, next}, func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.problems = append(c.problems, err)
	})
}

type counting struct {
	log  *contractLog
	next http.RoundTripper
}

func (k counting) RoundTrip(r *http.Request) (*http.Response, error) {
	call := sentCall(r)
	resp, err := k.next.RoundTrip(r)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	k.log.mu.Lock()
	defer k.log.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/raw/") {
		return resp, err
	}
	k.log.requests++
	if k.log.calls[call] == nil {
		k.log.calls[call] = map[int]int{}
	}
	k.log.calls[call][status]++
	return resp, err
}

// scenarios plays them undisturbed, and once with each error answer that GitHub gives in good form.
func (c *contractLog) scenarios(t *testing.T, m *matrix) {
	t.Helper()
	var cells []*cell
	for _, s := range m.scenarios {
		cells = append(cells, m.cells(t, s)...)
	}
	t.Run("error answers", func(t *testing.T) {
		for i, cell := range cells {
			// Once is enough to see the answer; a call's first place is as good as its last.
			if cell.ever || cell.nth > 1 || !cell.fault.wellFormed || raceDetector && i%10 != 0 {
				continue
			}
			t.Run(cell.name(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := m.enter(t, cell.s)
					f := cell.fault.Fault
					f.Match = func(r ghtest.Request) bool { return callName(r) == cell.call }
					b.gh.AddFault(f)
					b.run(cell.s.args...)
				})
			})
		}
	})
}

// refusals are what GitHub says to those who may not, or who ask for what is not there.
func (c *contractLog) refusals(t *testing.T, git string) {
	t.Helper()
	for name, spoil := range map[string]func(b *bubble){
		"bad token": func(b *bubble) { b.gh.RevokeToken(secret) },
		"read-only token": func(b *bubble) {
			b.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Read}})
		},
		"token of an app": func(b *bubble) {
			b.gh.AddToken(ghtest.Token{Value: secret, Login: "helper[bot]", Integration: true, Access: map[string]ghtest.Access{"acme/platform": ghtest.Read}})
		},
		"no such target":   func(b *bubble) { b.env = append(b.env, "GITHUB_REPOSITORY=acme/nope") },
		"issues are off":   func(b *bubble) { b.gh.AddRepository(ghtest.Repository{Name: "acme/platform", IssuesDisabled: true}) },
		"archived":         func(b *bubble) { b.gh.AddRepository(ghtest.Repository{Name: "acme/platform", Archived: true}) },
		"no such upstream": func(b *bubble) { b.upstream("kubernetes/nope") },
		"empty upstream": func(b *bubble) {
			b.gh.AddRepository(ghtest.Repository{Name: "kubernetes/empty"})
			b.upstream("kubernetes/empty")
		},
		"anonymous, no such": func(b *bubble) { b.env = append(b.env, "GITHUB_TOKEN="); b.upstream("kubernetes/nope") },
		"anonymous, empty": func(b *bubble) {
			b.gh.AddRepository(ghtest.Repository{Name: "kubernetes/empty"})
			b.env = append(b.env, "GITHUB_TOKEN=")
			b.upstream("kubernetes/empty")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, git, ghtest.Options{})
				b.check = c.between
				spoil(b)
				for _, args := range [][]string{{"run"}, {"run", "--dry-run"}} {
					if r := b.run(args...); r.code == exitDone && args[len(args)-1] == "run" {
						t.Errorf("it leaves with 0\n%s", r.stderr)
					}
				}
			})
		})
	}
}

// commits are those that a state on a branch makes, and is refused, beyond the usual.
func (c *contractLog) commits(t *testing.T, m *matrix) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, m.scenarios[0].git, ghtest.Options{})
		b.check = c.between
		b.onBranch(m.platform)
		b.gh.AddRepository(ghtest.Repository{Name: "acme/empty"})
		b.gh.AddRepository(ghtest.Repository{Name: "acme/read", GitDir: filepath.Join(b.dir, "platform.git")})
		b.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{"acme/platform": ghtest.Write, "acme/empty": ghtest.Write}})
		client, err := github.New(github.Options{
			Token: github.NewSecret(secret), APIURL: "http://127.0.0.1:1", GraphQLURL: "http://127.0.0.1:1/graphql", Base: b.transport(), Now: time.Now, WriteInterval: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		big := func(fill string) []github.File {
			return []github.File{{Path: "a/big.json", Data: []byte(strings.Repeat(fill, 6<<20))}, {Path: "b.json", Data: []byte("{}")}}
		}
		ask := func(r github.CommitRequest, want bool) string {
			t.Helper()
			r.Headline, r.Branch = "a commit", "state"
			oid, err := client.CommitFiles(t.Context(), r)
			if (err == nil) != want {
				t.Fatalf("%s at %q: %v", r.Repository, r.Head, err)
			}
			return oid
		}
		const repository = "acme/platform"
		first := ask(github.CommitRequest{Repository: repository, Write: big("x")}, true)
		ask(github.CommitRequest{Repository: repository, Write: big("x")}, false) // it is there already
		second := ask(github.CommitRequest{Repository: repository, Head: first, Tree: first, Write: big("y"), Delete: []string{"b.json"}}, true)
		ask(github.CommitRequest{Repository: repository, Head: first, Tree: first, Write: big("z")}, false) // no fast forward
		ask(github.CommitRequest{Repository: repository, Head: second, Tree: second, Delete: []string{"none"}}, false)
		for _, r := range []string{"acme/empty", "acme/read", "acme/nope"} {
			ask(github.CommitRequest{Repository: r, Write: big("x")}, false)
			ask(github.CommitRequest{Repository: r, Head: first, Delete: []string{"b.json"}}, false)
		}
		b.via.next.CloseIdleConnections()
	})
}

// upstream sets a configuration with another upstream.
func (b *bubble) upstream(repository string) {
	b.config("target:\n  repository: acme/platform\nupstreams:\n  - preset: kubernetes\n    repository: " + repository + "\n")
}

// commands are what no run asks for: the other commands, and what the client alone can be asked.
func (c *contractLog) commands(t *testing.T, git string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, git, ghtest.Options{AnonymousLimit: 600})
		b.check = c.between
		for _, args := range [][]string{{"diff", "v1.35.0", "HEAD"}, {"gates", "--at", "v1.35.0"}, {"doctor"}, {"doctor", "--notify"}} {
			if r := b.run(args...); r.code != exitDone {
				t.Errorf("bot %v leaves with %d\n%s", args, r.code, r.stderr)
			}
		}
		b.env = append(b.env, "GITHUB_TOKEN=")
		for _, args := range [][]string{{"diff", "v1.35.0", "HEAD"}, {"gates", "--at", "no-such-tag"}, {"doctor"}} {
			b.run(args...)
		}
		client, err := github.New(github.Options{
			Token: github.NewSecret(secret), APIURL: "http://127.0.0.1:1", GraphQLURL: "http://127.0.0.1:1/graphql",
			Base: b.transport(), Now: time.Now, WriteInterval: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		issue, err := client.CreateIssue(ctx, "acme/platform", github.IssueRequest{Title: "x", Body: "y"})
		if err != nil {
			t.Fatal(err)
		}
		// Refusals of writes, 410, 403, 404 and 422; none of them is an accident of the client's.
		b.gh.AddRepository(ghtest.Repository{Name: "acme/off", IssuesDisabled: true})
		b.gh.AddRepository(ghtest.Repository{Name: "acme/old", Archived: true})
		b.gh.AddRepository(ghtest.Repository{Name: "acme/read"})
		b.gh.AddToken(ghtest.Token{Value: secret, Login: "bot", Access: map[string]ghtest.Access{
			"acme/platform": ghtest.Write, "acme/off": ghtest.Write, "acme/old": ghtest.Write, "acme/read": ghtest.Read,
		}})
		refused := func(repository string, number int, body string) {
			t.Helper()
			_, issueErr := client.CreateIssue(ctx, repository, github.IssueRequest{Title: "x", Body: body})
			_, commentErr := client.CreateComment(ctx, repository, number, body)
			labelErr := client.CreateLabel(ctx, repository, strings.Repeat("l", 60), "0e8a16", "d")
			_, editErr := client.EditIssue(ctx, repository, number, github.IssueEdit{Body: body, State: "closed"})
			_, editCommentErr := client.EditComment(ctx, repository, 999, body)
			_, lookErr := client.Issue(ctx, repository, number, "l")
			if issueErr == nil && commentErr == nil && labelErr == nil && editErr == nil && editCommentErr == nil && lookErr == nil {
				t.Errorf("%s refuses nothing", repository)
			}
		}
		refused("acme/off", 1, "y")
		refused("acme/old", 1, "y")
		refused("acme/read", 1, "y")
		refused("acme/nope", 1, "y")
		refused("acme/platform", 999, "y")
		refused("acme/platform", issue.Number, strings.Repeat("y", 300_000))
		_, _ = client.Comments(ctx, "acme/platform", 999)
		_, _ = client.Blob(ctx, "kubernetes/kubernetes", strings.Repeat("0", 40))
		_, _ = client.Tree(ctx, "kubernetes/kubernetes", strings.Repeat("0", 40), false)
		b.via.next.CloseIdleConnections()
	})
}

// readers are what the other sources and the tracer ask for, which the scenarios above leave out.
func (c *contractLog) readers(t *testing.T) {
	t.Helper()
	w := at(t, "2026-02-11", 0)
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, w.git, ghtest.Options{AnonymousLimit: 600})
		b.check = c.between
		for _, h := range w.repositories[1:] {
			b.gh.AddRepository(ghtest.Repository{Name: h.name, GitDir: h.dir})
		}
		b.gh.AddRelease("kubernetes/kubernetes", ghtest.Release{Tag: "v1.35.0"})
		due := time.Date(2026, 4, 22, 0, 0, 0, 0, time.UTC)
		for _, m := range []ghtest.Milestone{{Title: "v1.36", Due: &due, OpenIssues: 8, ClosedIssues: 1132}, {Title: "v1.35", State: "closed"}} {
			b.gh.AddMilestone("kubernetes/kubernetes", m)
		}
		for i := range 3 {
			b.gh.AddIssue("kubernetes/kubernetes", ghtest.Issue{Title: "Widgets turn", Author: "amy", Labels: []string{"kind/regression"}, Milestone: "v1.36"})
			b.gh.AddIssue("kubernetes/kubernetes", ghtest.Issue{Title: "Widgets turned", State: "closed", Reason: []string{"completed", "not_planned", ""}[i]})
		}
		b.gh.AddPullRequest("kubernetes/kubernetes", ghtest.PullRequest{Title: "Turn them", State: "open", Labels: []string{"kind/regression"}})
		for _, token := range []string{secret, ""} {
			client, err := github.New(github.Options{
				Token: github.NewSecret(token), APIURL: "http://127.0.0.1:1", GraphQLURL: "http://127.0.0.1:1/graphql", RawURL: "http://127.0.0.1:1/raw",
				Base: b.transport(), Now: time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			// GitHub gives up on a blame with its pull requests: it is asked for without them then.
			tooMuch := func() {
				b.gh.AddFault(ghtest.Fault{Kind: ghtest.BadGateway, Contains: "query Blame", Times: 2})
			}
			if err := readAll(t.Context(), client, tooMuch); err != nil {
				t.Error(err)
			}
		}
		b.via.next.CloseIdleConnections()
	})
}

// readAll asks for everything that a reader and a tracer can be asked; after tooMuch a blame is too much for GitHub.
func readAll(ctx context.Context, client *github.Client, tooMuch func()) error {
	set, err := repo.NewSet(repo.SetOptions{Client: client})
	if err != nil {
		return err
	}
	code, err := set.Reader("kubernetes/kubernetes")
	if err != nil {
		return err
	}
	keps, err := set.Reader("kubernetes/enhancements")
	if err != nil {
		return err
	}
	head := set.Heads(ctx, []repo.HeadRequest{{Repository: "kubernetes/kubernetes", Releases: 3, Milestones: true}})[0]
	finder, ok := code.(interface {
		MilestonesByNumber(ctx context.Context, numbers []int) (map[int]repo.Milestone, error)
	})
	if !ok {
		return errors.New("this reader finds no milestones")
	}
	if found, err := finder.MilestonesByNumber(ctx, []int{1, 2, 999}); err != nil || len(found) != 2 || len(head.Head.Milestones.List) != 2 {
		return fmt.Errorf("milestones: %v, %v, %w", head.Head.Milestones, found, err)
	}
	sha, _, at := keps.CommitAt(ctx, "HEAD", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	files, tree := keps.Tree(ctx, sha, "keps")
	fresh, again := repo.NewSet(repo.SetOptions{Client: client}) // one that no listing told sizes to
	if err := errors.Join(head.Err, head.ReleasesErr, head.MilestonesErr, at, tree, again); err != nil {
		return err
	}
	unlisted, err := fresh.Reader("kubernetes/enhancements")
	if err != nil {
		return err
	}
	var objects []repo.Object
	for _, f := range files[:min(len(files), 60)] {
		objects = append(objects, repo.Object{Path: f.Path, OID: f.OID})
	}
	_, blobs := unlisted.Blobs(ctx, sha, objects)
	_, entries := code.Entries(ctx, head.Head.SHA, []string{"pkg/features"})
	tickets := readTickets(ctx, set)
	if client.Anonymous() {
		return errors.Join(blobs, entries, tickets) // nothing is traced without a token
	}
	tracer, err := set.Tracer("kubernetes/kubernetes")
	if err != nil {
		return err
	}
	const file = "pkg/features/kube_features.go"
	_, blame := tracer.Blame(ctx, head.Head.SHA, file)
	tooMuch()
	_, light := tracer.Blame(ctx, head.Head.SHA, file)
	_, history := tracer.PathHistory(ctx, head.Head.SHA, file, 5)
	_, versions := tracer.FilesAt(ctx, []string{head.Head.SHA}, file)
	_, before := tracer.FilesBefore(ctx, []string{head.Head.SHA}, file)
	_, pulls := tracer.PullRequests(ctx, []int{1})
	_, search := tracer.SearchPullRequests(ctx, "widgets", 3)
	log, ok := code.(repo.PathLogger)
	if !ok {
		return errors.New("the reader has no histories of paths")
	}
	_, pages := log.PathPages(ctx, head.Head.SHA, []repo.PathQuery{{Path: file, Count: 2}, {Path: "pkg", Count: 1}})
	_, moves := log.Moves(ctx, head.Head.SHA)
	return errors.Join(blobs, entries, tickets, blame, light, history, versions, before, pulls, search, pages, moves)
}

// readTickets asks for the first pages of issues with the head of their repository, and for the pages after them.
func readTickets(ctx context.Context, set *repo.Set) error {
	const repository = "kubernetes/kubernetes"
	since := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	queries := []repo.TicketQuery{{First: 2}, {Label: "kind/regression", First: 2}, {Label: "kind/regression", Author: "amy", Since: since, First: 2}, {Since: since, First: 2}}
	head := set.Heads(ctx, []repo.HeadRequest{{Repository: repository, Tickets: queries}})[0]
	reader, err := set.Reader(repository)
	if err := errors.Join(head.Err, head.TicketsErr, err); err != nil {
		return err
	}
	for i, page := range head.Head.Tickets {
		if page.Next == "" {
			return fmt.Errorf("query %d has one page only, of %d issues", i, len(page.Tickets))
		}
		if _, err := reader.(repo.TicketReader).Tickets(ctx, queries[i], page.Next); err != nil {
			return err
		}
	}
	return nil
}

// sentCall names a request as the client sends it.
func sentCall(r *http.Request) string {
	req := ghtest.Request{Kind: ghtest.REST, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	switch {
	case strings.HasPrefix(req.Path, "/raw/"):
		req.Kind = ghtest.Raw
	case req.Path == "/graphql":
		req.Kind = ghtest.GraphQL
		req.Document = bodyOf(r)
	}
	return callName(req)
}

// bodyOf is a request's GraphQL document; the request can still be sent.
func bodyOf(r *http.Request) string {
	var in struct{ Query string }
	if r.GetBody == nil {
		return ""
	}
	body, err := r.GetBody()
	if err != nil {
		return ""
	}
	defer body.Close()
	_ = json.NewDecoder(body).Decode(&in)
	return in.Query
}

// print is the table of calls.
func (c *contractLog) print(t *testing.T, places, operations int) {
	t.Helper()
	statuses := map[int]bool{}
	answers := 0
	var b strings.Builder
	for _, call := range slices.Sorted(maps.Keys(c.calls)) {
		fmt.Fprintf(&b, "  %-45s", call)
		for _, status := range slices.Sorted(maps.Keys(c.calls[call])) {
			fmt.Fprintf(&b, " %d×%d", status, c.calls[call][status])
			statuses[status] = true
			answers++
		}
		fmt.Fprintln(&b)
	}
	t.Logf("%d distinct calls in %d requests fit GitHub's descriptions (%d pairs of call and status); the source has %d places and %d documents\n%s",
		len(c.calls), c.requests, answers, places, operations, b.String())
	for _, want := range []int{401, 403, 404, 409, 410, 422, 429, 500} {
		if !statuses[want] {
			t.Errorf("no answer with status %d was checked", want)
		}
	}
}

// sourceCalls reads from the source where requests are made: the calls of go-github in internal/github, and the
// GraphQL documents anywhere.
func sourceCalls(t *testing.T) (places, operations []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "testdata" || path == "internal/ghtest" || path == "test"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", path), nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if place := restPlace(n); place != "" && strings.HasPrefix(path, "internal/github/") {
					places = append(places, place)
				}
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "newDocument" {
					operations = append(operations, "query "+literal(n.Args[0]))
				}
			case *ast.BasicLit:
				text := literal(n)
				if m := operation.FindStringSubmatch(text); m != nil && strings.Contains(text, "{") {
					operations = append(operations, m[1]+" "+m[2])
				} else if unnamed.MatchString(text) {
					t.Errorf("%s: a document has no name: %.60q", path, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(places)
	slices.Sort(operations)
	if len(places) == 0 || len(operations) == 0 {
		t.Fatal("nothing was found in the source: has the client another shape?")
	}
	return slices.Compact(places), slices.Compact(operations)
}

// restPlace names a call of go-github that sends a request, or one that makes a request by hand; "" for others.
func restPlace(n *ast.CallExpr) string {
	method, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := method.X.(*ast.Ident); ok && x.Name == "http" && strings.HasPrefix(method.Sel.Name, "NewRequest") {
		return "http." + method.Sel.Name + " ✓"
	}
	inner, ok := method.X.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if inner.Sel.Name == "rest" && method.Sel.Name == "NewRequest" {
		if lit, ok := n.Args[1].(*ast.BasicLit); ok {
			return "NewRequest " + lit.Value
		}
		return "NewRequest graphql"
	}
	if owner, ok := inner.X.(*ast.SelectorExpr); ok && owner.Sel.Name == "rest" {
		return inner.Sel.Name + "." + method.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

// TestContractFindsFaults: the checker between program and stand-in sees what is not described. Each change
// is made to requests that the program really sends.
func TestContractFindsFaults(t *testing.T) {
	v, err := contract.Open("../../test/contract")
	if errors.Is(err, contract.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.commit("v1.35", few, "v1.35.0")
	w.commit("v1.36", few)
	for name, one := range map[string]struct {
		change func(r *http.Request)
		want   string
	}{
		"undeclared parameter": {func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "per_page", "perpage", 1) }, `"perpage"`},
		"unknown route":        {func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "/labels", "/lables", 1) }, "not described"},
		"unknown field":        {func(r *http.Request) { replaceBody(r, "committedDate", "comittedDate") }, "comittedDate"},
		"unknown argument":     {func(r *http.Request) { replaceBody(r, "refPrefix:", "prefix:") }, "refPrefix"},
		"unknown field of a body": {func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/issues") {
				replaceBody(r, `"title":`, `"titel":`)
			}
		}, "title"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, w.git, ghtest.Options{})
				var mu sync.Mutex
				var found []string
				b.check = func(next http.RoundTripper) http.RoundTripper {
					// It asks the stand-in the good request and checks the bad one: the stand-in would refuse it.
					return roundTrip(func(r *http.Request) (*http.Response, error) {
						bad := r.Clone(context.WithoutCancel(r.Context()))
						if r.GetBody != nil {
							bad.Body, _ = r.GetBody()
						}
						one.change(bad)
						checked := v.Transport(roundTrip(func(*http.Request) (*http.Response, error) { return next.RoundTrip(r) }), func(err error) {
							mu.Lock()
							defer mu.Unlock()
							found = append(found, err.Error())
						})
						return checked.RoundTrip(bad)
					})
				}
				b.run("run")
				b.env = append(b.env, "GITHUB_TOKEN=")
				b.run("run", "--dry-run")
				if !strings.Contains(strings.Join(found, "\n"), one.want) {
					t.Errorf("%q is not among what was found: %v", one.want, found)
				}
			})
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func replaceBody(r *http.Request, from, to string) {
	if r.Body == nil {
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(data), from, to, 1)))
}
