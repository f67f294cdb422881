package publish_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/trace"
)

const nonce = "0123456789abcdef0123456789abcdef"

func marker() publish.Marker {
	return publish.Marker{
		Definition: "weekly", Seq: 7, Channel: "github-issue", Part: 1, Of: 2, Nonce: nonce,
		Compared: []publish.Compared{{Upstream: "kubernetes", From: "abcdef0", To: "1234567"}, {Upstream: "kueue", To: "1234567"}},
	}
}

func TestMarkerRoundTrip(t *testing.T) {
	m := marker()
	got, ok := publish.ParseMarker(m.String() + "\nbody")
	if !ok || got.String() != m.String() {
		t.Fatalf("%v: %s", ok, got)
	}
	for name, bad := range map[string]string{
		"not on the first line": "x\n" + m.String(),
		"another order":         strings.Replace(m.String(), "definition=weekly seq=7", "seq=7 definition=weekly", 1),
		"a field twice":         strings.Replace(m.String(), "seq=7", "seq=7 seq=8", 1),
		"a short nonce":         strings.Replace(m.String(), nonce, nonce[1:], 1),
		"an unknown field":      strings.Replace(m.String(), " -->", " x=y -->", 1),
		"no end":                strings.TrimSuffix(m.String(), " -->"),
		"no nonce":              strings.Replace(m.String(), " nonce="+nonce, "", 1),
	} {
		if _, ok := publish.ParseMarker(bad); ok {
			t.Errorf("%s: believed: %s", name, bad)
		}
	}
}

func FuzzMarker(f *testing.F) {
	f.Add(marker().String())
	f.Add("<!-- upstream-digest v1 -->")
	f.Fuzz(func(t *testing.T, body string) {
		m, ok := publish.ParseMarker(body)
		if !ok {
			return
		}
		if again, ok := publish.ParseMarker(m.String()); !ok || again.String() != m.String() {
			t.Errorf("%q is read as %+v, which is not read again", body, m)
		}
	})
}

func digest(changes int) report.Digest {
	u := report.Upstream{UpstreamResult: diff.UpstreamResult{Upstream: "kubernetes", Repository: "kubernetes/kubernetes", From: diff.Ref{SHA: "abcdef0"}, To: diff.Ref{SHA: "1234567"}}}
	for i := range changes {
		g := gate.Gate{Name: fmt.Sprintf("Widget%04d", i), Description: strings.Repeat("Makes widgets fast and good. ", 5), Component: "kubernetes",
			Specs: []gate.Spec{{Since: "1.36", Stage: gate.Beta, Default: true}}, Registered: []gate.Registration{{Component: "kubernetes"}}}
		u.Changes = append(u.Changes, diff.Gates(snapshotOf("1.35"), snapshotOf("1.36", g))...)
		u.Evidence = append(u.Evidence, []trace.Evidence{})
	}
	return report.Digest{Definition: "weekly", Upstreams: []report.Upstream{u}}
}

func TestPlanFitsAndIsUnique(t *testing.T) {
	n := 0
	id := publish.Identity{Seq: 3, Nonce: func() string { n++; return fmt.Sprintf("%032x", n) }}
	to := []publish.Destination{{Type: publish.TypeGitHubIssue, Target: "acme/platform"}, {Type: publish.TypeFile, Target: "out/{definition}-{seq}.md"}}
	if plan := planOf(t, digest(0), to, id); len(plan) != 0 {
		t.Errorf("an empty digest plans %d parts", len(plan))
	}
	plan := planOf(t, digest(600), to, id)
	nonces, all := map[string]bool{}, ""
	for _, p := range plan {
		if p.Type == publish.TypeFile {
			if p.Target != "out/weekly-3.md" || p.Of != 1 {
				t.Errorf("file %s, %d parts", p.Target, p.Of)
			}
			continue
		}
		all += p.Body
		m, ok := publish.ParseMarker(p.Body)
		if !ok || m.Nonce != p.Nonce || m.Part != p.Number || m.Of != p.Of || m.Seq != 3 {
			t.Errorf("part %d: marker %v", p.Number, m)
		}
		if nonces[p.Nonce] || len(p.Body) > report.DefaultBudget {
			t.Errorf("part %d: nonce seen %v, %d bytes", p.Number, nonces[p.Nonce], len(p.Body))
		}
		nonces[p.Nonce] = true
	}
	if len(nonces) < 2 {
		t.Fatalf("%d parts; the test needs several", len(nonces))
	}
	for i := range 600 {
		if name := fmt.Sprintf("`Widget%04d`", i); strings.Count(all, name) == 0 {
			t.Errorf("%s was dropped", name)
		}
	}
}

// fake is a target repository in memory.
type fake struct {
	issues    []github.Issue
	creates   int
	create    func(*github.Issue) error // may change what is kept
	loseFirst int                       // look-ups that do not see the issues yet
}

func (f *fake) Target(context.Context, string, time.Time, string) (github.Target, error) {
	t := github.Target{Repository: "acme/platform", HasIssues: true, HasLabel: true, Complete: true}
	if f.loseFirst > 0 {
		f.loseFirst--
		return t, nil
	}
	t.Issues = f.issues
	return t, nil
}

func (f *fake) CreateLabel(context.Context, string, string, string, string) error { return nil }

func (f *fake) CreateIssue(_ context.Context, _ string, r github.IssueRequest) (github.Issue, error) {
	f.creates++
	i := github.Issue{Number: len(f.issues) + 1, Title: r.Title, Body: r.Body, Labels: r.Labels, ViewerDidAuthor: true, URL: "https://example.com/1"}
	var err error
	if f.create != nil {
		err = f.create(&i)
	}
	if i.Number > 0 {
		f.issues = append(f.issues, i)
	}
	return i, err
}

func (f *fake) CreateComment(_ context.Context, _ string, number int, body string) (github.Comment, error) {
	k := github.Comment{ID: 5, Body: body, ViewerDidAuthor: true, URL: "https://example.com/1#5"}
	f.issues[number-1].Comments = append(f.issues[number-1].Comments, k)
	return k, nil
}

func parts(tb testing.TB) []publish.Delivery {
	tb.Helper()
	n := 0
	id := publish.Identity{Seq: 3, Nonce: func() string { n++; return fmt.Sprintf("%032x", n) }}
	var out []publish.Delivery
	for _, p := range planOf(tb, digest(600), []publish.Destination{{Type: publish.TypeGitHubIssue, Target: "acme/platform", Labels: []string{"upstream-digest"}}}, id) {
		out = append(out, publish.Delivery{Part: p})
	}
	return out
}

func TestIssueChannel(t *testing.T) {
	lost := &github.UnclearError{}
	tests := []struct {
		name    string
		fake    fake
		before  publish.Status // of part 1
		want    publish.Status
		issues  int
		creates int
		fails   func(error) bool
	}{
		{name: "filed", want: publish.Filed, issues: 1, creates: 1},
		{name: "dropped labels are told", fake: fake{create: func(i *github.Issue) error { i.Labels = nil; return nil }}, want: publish.Filed, issues: 1, creates: 1,
			fails: func(err error) bool {
				var p *publish.PartialError
				return errors.As(err, &p) && strings.Contains(p.Problem, "labels")
			}},
		{name: "another body is told", fake: fake{create: func(i *github.Issue) error { i.Body = "old"; return nil }}, want: publish.Filed, issues: 1, creates: 1,
			fails: func(err error) bool {
				var p *publish.PartialError
				return errors.As(err, &p) && strings.Contains(p.Problem, "body")
			}},
		{name: "the answer was lost, the issue is there", fake: fake{create: func(*github.Issue) error { return lost }}, want: publish.Filed, issues: 1, creates: 1},
		{name: "the answer was lost, so is the issue", fake: fake{create: func(i *github.Issue) error { i.Number = 0; return lost }}, want: publish.Unclear, issues: 0, creates: 1,
			fails: func(err error) bool { return errors.Is(err, publish.ErrUnclear) }},
		{name: "refused", fake: fake{create: func(i *github.Issue) error { i.Number = 0; return &github.PermissionError{} }}, want: publish.Owed, issues: 0, creates: 1,
			fails: func(err error) bool { var p *github.PermissionError; return errors.As(err, &p) }},
		{name: "left unclear by a run before, lists lag", fake: fake{loseFirst: 2}, before: publish.Unclear, want: publish.Filed, issues: 1, creates: 0},
		{name: "left unclear by a run before, never arrived", before: publish.Unclear, want: publish.Filed, issues: 1, creates: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := tt.fake
				ps := parts(t)
				ps[0].Status = tt.before
				if tt.fake.loseFirst > 0 {
					f.issues = []github.Issue{{Number: 1, Body: ps[0].Body, ViewerDidAuthor: true, URL: "https://example.com/1"}}
				}
				state := map[int]publish.Status{}
				c := publish.IssueChannel{Issues: &f, Settle: 30 * time.Second}
				err := c.Deliver(t.Context(), ps, func(d publish.Delivery) error { state[d.Number] = d.Status; return nil })
				if tt.fails == nil && err != nil || tt.fails != nil && !tt.fails(err) {
					t.Errorf("error %v", err)
				}
				if state[1] != tt.want || len(f.issues) != tt.issues || f.creates != tt.creates {
					t.Errorf("part 1 is %v, %d issues, %d creates; want %v, %d, %d", state[1], len(f.issues), f.creates, tt.want, tt.issues, tt.creates)
				}
				if tt.want == publish.Filed && len(f.issues[0].Comments) != len(ps)-1 {
					t.Errorf("%d comments for %d further parts", len(f.issues[0].Comments), len(ps)-1)
				}
			})
		})
	}
}

// TestForeignMarkersAreNotBelieved: whoever can write in the repository can copy a marker.
func TestForeignMarkersAreNotBelieved(t *testing.T) {
	ps := parts(t)
	f := fake{issues: []github.Issue{{Number: 1, Body: ps[0].Body, ViewerDidAuthor: false}}}
	c := publish.IssueChannel{Issues: &f}
	if err := c.Deliver(t.Context(), ps, func(publish.Delivery) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if f.creates != 1 {
		t.Error("somebody else's issue was adopted")
	}
}
