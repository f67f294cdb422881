package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/report"
)

// Issues is what the issue channel needs of GitHub.
type Issues interface {
	// Target reads what stands in a repository: its labels and the issues updated since, with comments.
	Target(ctx context.Context, repository string, since time.Time, label string) (github.Target, error)
	CreateLabel(ctx context.Context, repository, name, color, description string) error
	CreateIssue(ctx context.Context, repository string, req github.IssueRequest) (github.Issue, error)
	CreateComment(ctx context.Context, repository string, number int, body string) (github.Comment, error)
}

// IssueChannel files a digest as an issue; its further parts are comments on that issue. Exactly once,
// wherever it dies: see the package comment.
type IssueChannel struct {
	Issues Issues
	// Own lists our issues, where the listing of a busy repository is cut before it shows what is looked
	// for. Nil: then it stays unclear.
	Own Owner
	// Edit closes the issue before, where a delivery names one; nil: none is closed.
	Edit Editor
	// Settle is how long a part whose outcome is unclear is looked for before the run gives up on it.
	Settle time.Duration
}

// lookBack is added to the time a delivery was queued: clocks of servers differ a little.
const lookBack = 10 * time.Minute

// looks is how often an unclear part is looked for within Settle.
const looks = 4

// ownLimit is how many of our issues are listed.
const ownLimit = 100

// Deliver files the parts of one digest in one repository, in order.
func (c *IssueChannel) Deliver(ctx context.Context, parts []Delivery, record Record) error {
	if !slices.ContainsFunc(parts, func(d Delivery) bool { return d.Status != Filed }) {
		return nil
	}
	if parts[0].Number != 1 || parts[0].Status == Filed && parts[0].ResultID == 0 {
		return fmt.Errorf("deliver to %s: the digest's first part is missing from the store", parts[0].Target)
	}
	found, err := c.look(ctx, parts)
	if err != nil {
		return err
	}
	var problems []error
	err = found.adopt(parts, func(d Delivery) error { return c.closeAndRecord(ctx, &d, record) })
	if _, ok := errors.AsType[*PartialError](err); ok {
		problems = append(problems, err)
	} else if err != nil {
		return err
	}
	if parts[0].Status != Filed {
		if err := found.checkState(parts); err != nil {
			return err
		}
	}
	for i := range parts {
		if parts[i].Status == Filed {
			continue
		}
		if parts[i].Number == 1 {
			err = c.createIssue(ctx, &parts[i], found.hasLabel, record)
		} else {
			err = c.createComment(ctx, int(parts[0].ResultID), &parts[i], record)
		}
		var partial *PartialError
		if errors.As(err, &partial) {
			problems = append(problems, err)
		} else if err != nil {
			return errors.Join(append(problems, err)...)
		}
	}
	return errors.Join(problems...)
}

// look reads the target until every unclear part is found or Settle is over. A part that a run before
// left unclear and that stays away for that long did not arrive: it is owed again.
func (c *IssueChannel) look(ctx context.Context, parts []Delivery) (standing, error) {
	first := parts[0]
	label := ""
	if len(first.Labels) > 0 {
		label = first.Labels[0]
	}
	for try := 1; ; try++ {
		t, err := c.Issues.Target(ctx, first.Target, first.QueuedAt.Add(-lookBack), label)
		if err != nil {
			return standing{}, fmt.Errorf("look for the digest in %s: %w", first.Target, err)
		}
		if err := t.Ready(); err != nil {
			return standing{}, err
		}
		s := standing{byNonce: map[string]place{}, hasLabel: t.HasLabel}
		s.index(t.Newest)
		s.index(t.Issues) // after the others, for these have labels and comments
		missing := func() bool {
			return slices.ContainsFunc(parts, func(d Delivery) bool {
				_, there := s.byNonce[d.Nonce]
				return d.Status == Unclear && !there
			})
		}
		if !missing() {
			return s, nil
		}
		if try == looks {
			// Not to be in a list that was cut says nothing.
			if !t.Complete {
				err = c.lookAtOwn(ctx, first, &s)
			}
			return s, err
		}
		if err := github.Sleep(ctx, c.Settle/(looks-1)); err != nil {
			return standing{}, err
		}
	}
}

// lookAtOwn adds our newest issues to what stands there. They are proof of absence only where they reach back to
// when the digest was queued.
func (c *IssueChannel) lookAtOwn(ctx context.Context, first Delivery, s *standing) error {
	unclear := fmt.Errorf("look for the digest in %s: more issues changed since than can be listed: %w", first.Target, ErrUnclear)
	if c.Own == nil {
		return unclear
	}
	own, err := c.Own.OwnIssues(ctx, first.Target, ownLimit)
	if err != nil {
		return fmt.Errorf("look for the digest in %s: %w", first.Target, err)
	}
	s.index(own)
	_, there := s.byNonce[first.Nonce]
	if !there && len(own) >= ownLimit && own[len(own)-1].CreatedAt.After(first.QueuedAt.Add(-lookBack)) {
		return unclear
	}
	return nil
}

// standing is what of ours stands in the target, by nonce.
type standing struct {
	byNonce  map[string]place
	filed    []filedIssue
	hasLabel bool
}

// filedIssue is a digest of ours, of whatever definition.
type filedIssue struct {
	Marker
	url string
}

type place struct {
	id        int64
	url, body string
	labels    []string
}

func (s *standing) index(issues []github.Issue) {
	for _, i := range issues {
		if m, ok := ParseMarker(i.Body); ok && i.ViewerDidAuthor {
			s.byNonce[m.Nonce] = place{int64(i.Number), i.URL, i.Body, i.Labels}
			s.filed = append(s.filed, filedIssue{m, i.URL})
		}
		for _, k := range i.Comments {
			if m, ok := ParseMarker(k.Body); ok && k.ViewerDidAuthor {
				s.byNonce[m.Nonce] = place{k.ID, k.URL, k.Body, nil}
			}
		}
	}
}

// checkState looks for a digest of ours that this state can't have filed: under the number of the one that is about
// to be, or under a later one than any it knows.
func (s *standing) checkState(parts []Delivery) error {
	ours, ok := ParseMarker(parts[0].Body)
	if !ok {
		return nil // queued by something that had no markers
	}
	for _, f := range s.filed {
		if f.Definition != ours.Definition || f.Channel != ours.Channel || f.Nonce == ours.Nonce {
			continue
		}
		if f.Seq == ours.Seq || f.Seq > max(ours.Seq, parts[0].Newest) {
			return &OldStateError{Definition: ours.Definition, Seq: f.Seq, Known: max(ours.Seq, parts[0].Newest), URL: f.url}
		}
	}
	return nil
}

// adopt records as filed what is found.
func (s *standing) adopt(parts []Delivery, record Record) error {
	var partial error
	for i := range parts {
		p, there := s.byNonce[parts[i].Nonce]
		if !there || parts[i].Status == Filed {
			continue
		}
		parts[i].Status, parts[i].ResultID, parts[i].ResultURL = Filed, p.id, p.url
		err := record(parts[i])
		if _, ok := errors.AsType[*PartialError](err); ok {
			partial = errors.Join(partial, err)
		} else if err != nil {
			return err
		}
	}
	return partial
}

func (c *IssueChannel) createIssue(ctx context.Context, d *Delivery, hasLabel bool, record Record) error {
	if len(d.Labels) > 0 && !hasLabel {
		// Without the right to make labels the issue is still worth filing; the labels that come
		// back tell the rest.
		err := c.Issues.CreateLabel(ctx, d.Target, d.Labels[0], "1d76db", "Digest of upstream changes, filed by bot")
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
	closing := func(f Delivery) error { return c.closeAndRecord(ctx, &f, record) }
	return create(ctx, c.look, d, closing, func() (place, error) {
		i, err := c.Issues.CreateIssue(ctx, d.Target, github.IssueRequest{Title: d.Title, Body: d.Body, Labels: d.Labels})
		return place{int64(i.Number), i.URL, i.Body, i.Labels}, err
	})
}

// closeAndRecord records a part. Once the first is filed, the issue before it is closed, and only then is it recorded: who
// dies in between comes here again, and closing twice is closing once. An issue that can't be closed is told of; it costs
// no digest.
func (c *IssueChannel) closeAndRecord(ctx context.Context, d *Delivery, record Record) error {
	if d.Status != Filed || d.Number != 1 || d.Standing == 0 || d.Standing == d.ResultID || c.Edit == nil {
		return record(*d)
	}
	_, err := c.Edit.EditIssue(ctx, d.Target, int(d.Standing), github.IssueEdit{State: "closed"})
	var gone *github.NotFoundError
	var problem error
	if err != nil && !errors.As(err, &gone) {
		problem = fmt.Errorf("the issue before it, %d, could not be closed: %w", d.Standing, err)
		d.Problem = strings.TrimPrefix(d.Problem+"; "+problem.Error(), "; ")
	}
	if err := record(*d); err != nil {
		return err
	}
	if problem != nil {
		return &PartialError{URL: d.ResultURL, Problem: problem.Error()}
	}
	return nil
}

func (c *IssueChannel) createComment(ctx context.Context, issue int, d *Delivery, record Record) error {
	return create(ctx, c.look, d, record, func() (place, error) {
		k, err := c.Issues.CreateComment(ctx, d.Target, issue, d.Body)
		return place{k.ID, k.URL, k.Body, d.Labels}, err
	})
}

// looker reads what stands in the target, until every unclear part is found or the time for that is over.
type looker func(ctx context.Context, parts []Delivery) (standing, error)

// create records the intent, sends, records the outcome, and compares what came back with what was sent.
func create(ctx context.Context, look looker, d *Delivery, record Record, send func() (place, error)) error {
	d.Status = Unclear
	if err := record(*d); err != nil {
		return err
	}
	got, err := send()
	var unclear *github.UnclearError
	switch {
	case errors.As(err, &unclear):
		return settle(ctx, look, d, record, err)
	case github.NotExecuted(err):
		d.Status = Owed
		return errors.Join(err, record(*d))
	case err != nil: // only what is known not to have happened is sent again
		return err
	}
	return filed(d, got, record)
}

// filed records that a part is there, and says what is not as it was sent.
func filed(d *Delivery, got place, record Record) error {
	d.Status, d.ResultID, d.ResultURL = Filed, got.id, got.url
	d.Problem = differs(*d, got)
	if err := record(*d); err != nil {
		return err
	}
	if d.Problem != "" {
		return &PartialError{URL: got.url, Problem: d.Problem}
	}
	return nil
}

// settle looks for a part whose answer was lost. It never sends again in this run.
func settle(ctx context.Context, look looker, d *Delivery, record Record, cause error) error {
	found, err := look(ctx, []Delivery{*d})
	if err != nil {
		return errors.Join(cause, err)
	}
	if p, ok := found.byNonce[d.Nonce]; ok {
		if d.Number > 1 {
			p.labels = d.Labels // comments have none
		}
		return filed(d, p, record)
	}
	return fmt.Errorf("%s part %d of %d: %w (%w)", d.Target, d.Number, d.Of, ErrUnclear, cause)
}

func differs(d Delivery, got place) string {
	var out []string
	if missing := without(d.Labels, got.labels); len(missing) > 0 {
		out = append(out, fmt.Sprintf("GitHub dropped the labels %s (labels need a token with triage or write access)", strings.Join(missing, ", ")))
	}
	if normal(got.body) != normal(d.Body) {
		out = append(out, "GitHub kept another body than the one sent")
	}
	return strings.Join(out, "; ")
}

func without(want, have []string) []string {
	var out []string
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, w) }) {
			out = append(out, w)
		}
	}
	return out
}

// normal evens out what GitHub may change in a body that it keeps: line ends and trailing space.
func normal(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

// Owner lists what we filed in a repository.
type Owner interface {
	OwnIssues(ctx context.Context, repository string, limit int) ([]github.Issue, error)
}

// FiledDigest is a digest of ours as it stands in a repository.
type FiledDigest struct {
	Marker
	Repository, URL string
	Issue           int
	At              time.Time
	Missing         []int // parts that should be comments on it, and are not there
	// Places are the newest issues of the definition's channels, this one among them.
	Places []Place
}

// Place is where a channel's last digest stands, with what is the reader's in it.
type Place struct {
	Channel, Repository string
	Issue               int
	Boxes               []report.Box
}

// LastFiled finds the newest digest of a definition that we filed in a repository: what a lost store is
// rebuilt from. False when there is none.
func LastFiled(ctx context.Context, o Owner, repository, definition string) (FiledDigest, bool, error) {
	issues, err := o.OwnIssues(ctx, repository, ownLimit)
	if err != nil {
		return FiledDigest{}, false, fmt.Errorf("look for the last digest in %s: %w", repository, err)
	}
	var last FiledDigest
	places := map[string]Marker{}
	for _, i := range issues {
		m, ok := ParseMarker(i.Body)
		if !ok || !i.ViewerDidAuthor || m.Definition != definition {
			continue
		}
		if m.Seq >= last.Seq {
			at := i.CreatedAt
			if !m.At.IsZero() {
				at = m.At
			}
			last = FiledDigest{Marker: m, Repository: repository, URL: i.URL, Issue: i.Number, At: at, Missing: missingParts(m, i.Comments), Places: last.Places}
		}
		if p, ok := places[m.Channel]; !ok || m.Seq > p.Seq {
			places[m.Channel] = m
			last.Places = slices.DeleteFunc(last.Places, func(p Place) bool { return p.Channel == m.Channel })
			last.Places = append(last.Places, Place{m.Channel, repository, i.Number, BoxesOf(i, m.Nonce)})
		}
	}
	return last, last.Nonce != "", nil
}

// BoxesOf are the boxes of a digest as they stand in its issue and in our comments on it.
func BoxesOf(i github.Issue, nonce string) []report.Box {
	text := i.Body
	for _, k := range i.Comments {
		if k.ViewerDidAuthor {
			text += "\n" + k.Body
		}
	}
	return report.ParseBoxes(text, nonce)
}

// missingParts are those of a digest that stand in no comment on its issue.
func missingParts(first Marker, comments []github.Comment) []int {
	there := map[int]bool{first.Part: true}
	for _, k := range comments {
		m, ok := ParseMarker(k.Body)
		if ok && k.ViewerDidAuthor && m.Definition == first.Definition && m.Seq == first.Seq && m.Channel == first.Channel {
			there[m.Part] = true
		}
	}
	var out []int
	for n := 1; n <= first.Of; n++ {
		if !there[n] {
			out = append(out, n)
		}
	}
	return out
}
