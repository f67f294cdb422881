package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/report"
)

// Editor reads one issue and changes what we filed.
type Editor interface {
	// Issue reads an issue with its comments; the target has none where it is gone.
	Issue(ctx context.Context, repository string, number int, label string) (github.Target, error)
	EditIssue(ctx context.Context, repository string, number int, e github.IssueEdit) (github.Issue, error)
	EditComment(ctx context.Context, repository string, id int64, body string) (github.Comment, error)
}

// RollingChannel keeps one issue for a definition and edits each digest into it. Its further parts are edited into the
// comments that held those of the last one; what is new to act on is a comment of its own, for edits notify nobody.
//
// Once and true, as with IssueChannel, by the same nonces; an edit is safe to repeat besides. A digest never takes the
// place of a later one: what comes late is a comment. What people do to the issue: one that was closed is opened again
// by the next digest, for one that was deleted or locked another is opened, a text that was edited is written anew, but
// for the boxes that were ticked: the issue is read right before it is written.
type RollingChannel struct {
	IssueChannel // files the issue where there is none; Edit and Own must be set
}

// Deliver brings the parts of one digest to the issue, in order.
func (c *RollingChannel) Deliver(ctx context.Context, parts []Delivery, record Record) error {
	if !slices.ContainsFunc(parts, func(d Delivery) bool { return d.Status != Filed }) {
		return nil
	}
	if parts[0].Number != 1 || parts[0].Status == Filed && parts[0].ResultID == 0 {
		return fmt.Errorf("deliver to %s: the digest's first part is missing from the store", parts[0].Target)
	}
	s, err := c.find(ctx, parts)
	if err != nil {
		return err
	}
	if parts[0].Status != Filed {
		if err := s.checkState(parts); err != nil {
			return err
		}
	}
	var problems []error
	for i := range parts {
		d := &parts[i]
		if d.Status == Filed {
			continue
		}
		var partial *PartialError
		if err := c.part(ctx, d, &s, parts, record); errors.As(err, &partial) {
			problems = append(problems, err)
		} else if err != nil {
			return errors.Join(append(problems, err)...)
		}
	}
	return errors.Join(problems...)
}

// part delivers one part, or adopts it where it is there.
func (c *RollingChannel) part(ctx context.Context, d *Delivery, s *rolling, parts []Delivery, record Record) error {
	ours, _ := ParseMarker(d.Body)
	if p, there := s.byNonce[d.Nonce]; there {
		if d.Number == 1 {
			if err := c.spare(ctx, s, parts); err != nil {
				return err
			}
		}
		d.Status, d.ResultID, d.ResultURL = Filed, p.id, p.url
		if d.Number == 1 { // perhaps as a comment on it
			d.ResultID = int64(s.issue.Number)
		}
		return record(*d)
	}
	if s.issue == nil {
		if d.Number > 1 { // the first part is there, and its issue is gone
			return c.fileAnew(d, record)
		}
		return c.open(ctx, d, s, record)
	}
	switch slot := s.slot(d.Number); {
	case s.later(ours), ours.Kind == News:
		return c.comment(ctx, d, s, record)
	case d.Number == 1:
		return c.edit(ctx, d, s, parts, record)
	case slot == nil:
		return c.comment(ctx, d, s, record)
	default:
		return c.editComment(ctx, d, s, slot, parts, record)
	}
}

// rolling is the issue as it stands.
type rolling struct {
	standing
	issue  *github.Issue // nil: there is none that could be edited
	marker Marker        // of the digest that stands in it; zero where somebody took it out
	slots  []slot        // the comments that hold further parts, oldest first
	boxes  []report.Box  // of the digest that stands in it, wherever
}

// slot is a comment of ours that holds, or held, a further part of a digest.
type slot struct {
	github.Comment
	marker Marker
}

// find reads the issue: the one that the delivery names, else the newest of ours for this definition and channel. It
// looks again while something that may be there is not seen yet.
func (c *RollingChannel) find(ctx context.Context, parts []Delivery) (rolling, error) {
	for try := 1; ; try++ {
		s, err := c.findOnce(ctx, parts)
		if err != nil {
			return rolling{}, fmt.Errorf("look for the digest in %s: %w", parts[0].Target, err)
		}
		// An edit that is not there did not happen, or is repeated; what was created may only show late.
		hidden := slices.ContainsFunc(parts, func(d Delivery) bool {
			_, there := s.byNonce[d.Nonce]
			return d.Status == Unclear && !there && (d.Number > 1 || d.Standing == 0)
		})
		if !hidden || try == looks {
			return s, nil
		}
		if err := github.Sleep(ctx, c.Settle/(looks-1)); err != nil {
			return rolling{}, err
		}
	}
}

func (c *RollingChannel) findOnce(ctx context.Context, parts []Delivery) (rolling, error) {
	first := parts[0]
	label := ""
	if len(first.Labels) > 0 {
		label = first.Labels[0]
	}
	if n := cmp.Or(first.ResultID, first.Standing); n > 0 {
		t, err := c.Edit.Issue(ctx, first.Target, int(n), label)
		if err == nil {
			err = t.Ready()
		}
		if err != nil {
			return rolling{}, err
		}
		for i := range t.Issues {
			if usable(t.Issues[i]) || first.Status == Filed { // the rest goes where the beginning is
				return standIn(&t.Issues[i], t.HasLabel), nil
			}
		}
	}
	ours, _ := ParseMarker(first.Body)
	t, err := c.Issues.Target(ctx, first.Target, first.QueuedAt.Add(-lookBack), label)
	if err == nil {
		err = t.Ready()
	}
	if err != nil {
		return rolling{}, err
	}
	own, err := c.Own.OwnIssues(ctx, first.Target, ownLimit)
	if err != nil {
		return rolling{}, err
	}
	best, bestSeq := -1, int64(-1)
	all := slices.Concat(t.Issues, own)
	for i, x := range all {
		m, ok := ParseMarker(x.Body)
		if ok && usable(x) && m.Definition == ours.Definition && m.Channel == ours.Channel && m.Seq > bestSeq {
			best, bestSeq = i, m.Seq
		}
	}
	if best < 0 {
		return rolling{standing: standing{byNonce: map[string]place{}, hasLabel: t.HasLabel}}, nil
	}
	return standIn(&all[best], t.HasLabel), nil
}

// usable reports whether an issue can be kept up: it is ours, and can be commented on.
func usable(i github.Issue) bool { return i.ViewerDidAuthor && !i.Locked }

func standIn(i *github.Issue, hasLabel bool) rolling {
	s := rolling{issue: i, standing: standing{byNonce: map[string]place{}, hasLabel: hasLabel}}
	s.index([]github.Issue{*i})
	s.marker, _ = ParseMarker(i.Body)
	s.boxes = BoxesOf(*i, s.marker.Nonce)
	for _, k := range i.Comments {
		m, ok := ParseMarker(k.Body)
		if !ok || !k.ViewerDidAuthor {
			continue
		}
		if m.Kind == Spare {
			delete(s.byNonce, m.Nonce)
		}
		if m.Kind != News && m.Part > 1 && k.ID > 0 {
			s.slots = append(s.slots, slot{k, m})
		}
	}
	slices.SortFunc(s.slots, func(a, b slot) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// later reports whether a digest stands there that comes after m.
func (s *rolling) later(m Marker) bool { return s.marker.Seq > m.Seq }

// slot is the comment for a further part; nil: there is none yet.
func (s *rolling) slot(part int) *slot {
	if i := part - 2; i >= 0 && i < len(s.slots) {
		return &s.slots[i]
	}
	return nil
}

func (s *rolling) isSpare(comment int64) bool {
	return slices.ContainsFunc(s.slots, func(k slot) bool { return k.ID == comment && k.marker.Kind == Spare })
}

// open files the issue.
func (c *RollingChannel) open(ctx context.Context, d *Delivery, s *rolling, record Record) error {
	d.Standing = 0 // what it named is gone
	err := c.createIssue(ctx, d, s.hasLabel, record)
	if d.Status == Filed {
		s.issue = &github.Issue{Number: int(d.ResultID), URL: d.ResultURL, State: "open", ViewerDidAuthor: true}
		s.marker, _ = ParseMarker(d.Body)
	}
	return err
}

// fileAnew says that the rest of a digest has nowhere to stand.
func (c *RollingChannel) fileAnew(d *Delivery, record Record) error {
	d.Status, d.Problem = Filed, "the issue was deleted or locked before this part was posted"
	if err := record(*d); err != nil {
		return err
	}
	return &PartialError{URL: d.Target, Problem: d.Problem}
}

// edit puts the digest into the issue, with the ticks that were made since it was planned.
func (c *RollingChannel) edit(ctx context.Context, d *Delivery, s *rolling, parts []Delivery, record Record) error {
	e := github.IssueEdit{Body: report.KeepTicks(d.Body, d.Nonce, s.boxes)}
	if s.issue.State == "closed" {
		e.State = "open"
	}
	d.Standing = int64(s.issue.Number)
	sent := *d
	sent.Body = e.Body
	err := write(d, record, c.seen(ctx, d, parts), func() (place, error) {
		got, err := c.Edit.EditIssue(ctx, d.Target, s.issue.Number, e)
		return place{int64(got.Number), got.URL, got.Body, d.Labels}, err
	}, func(got place) error {
		if err := c.spare(ctx, s, parts); err != nil {
			return err
		}
		d.Problem = differs(sent, got)
		return nil
	})
	if d.Status == Filed {
		s.marker, _ = ParseMarker(d.Body)
	}
	return err
}

func (c *RollingChannel) editComment(ctx context.Context, d *Delivery, s *rolling, at *slot, parts []Delivery, record Record) error {
	sent := *d
	sent.Body = report.KeepTicks(d.Body, parts[0].Nonce, s.boxes)
	return write(d, record, c.seen(ctx, d, parts), func() (place, error) {
		k, err := c.Edit.EditComment(ctx, d.Target, at.ID, sent.Body)
		return place{k.ID, k.URL, k.Body, d.Labels}, err
	}, func(got place) error {
		d.Problem = differs(sent, got)
		return nil
	})
}

// seen looks for a part whose edit may have happened.
func (c *RollingChannel) seen(ctx context.Context, d *Delivery, parts []Delivery) func() (place, bool) {
	return func() (place, bool) {
		s, err := c.findOnce(ctx, parts)
		p, there := s.byNonce[d.Nonce]
		p.labels = d.Labels
		return p, err == nil && there
	}
}

// write records the intent, edits, does what belongs to it, and records the outcome. An edit whose answer was lost is
// looked for; where it is not there the next run repeats it.
func write(d *Delivery, record Record, seen func() (place, bool), send func() (place, error), then func(place) error) error {
	d.Status = Unclear
	if err := record(*d); err != nil {
		return err
	}
	got, err := send()
	var unclear *github.UnclearError
	if errors.As(err, &unclear) {
		if p, there := seen(); there {
			got, err = p, nil
		}
	}
	if err == nil {
		if m, ok := ParseMarker(got.body); !ok || m.Nonce != d.Nonce {
			err = fmt.Errorf("%s: GitHub kept the old text, though it says that it was edited", got.url)
			d.Status = Owed
			return errors.Join(err, record(*d))
		}
		if err = then(got); err != nil {
			return err
		}
		d.Status, d.ResultID, d.ResultURL = Filed, got.id, got.url
		if err := record(*d); err != nil {
			return err
		}
		if d.Problem != "" {
			return &PartialError{URL: got.url, Problem: d.Problem}
		}
		return nil
	}
	switch {
	case errors.As(err, &unclear):
		return fmt.Errorf("%s part %d of %d: %w (%w)", d.Target, d.Number, d.Of, ErrUnclear, err)
	case github.NotExecuted(err):
		d.Status = Owed
		return errors.Join(err, record(*d))
	}
	return err
}

// comment posts a part that has no comment to be edited into: once, like those of IssueChannel.
func (c *RollingChannel) comment(ctx context.Context, d *Delivery, s *rolling, record Record) error {
	number := s.issue.Number
	name := func(p place) place {
		if d.Number == 1 { // a digest that comes late; what it names is its issue all the same
			p.id = int64(number)
		}
		p.labels = d.Labels // comments have none
		return p
	}
	look := func(ctx context.Context, one []Delivery) (standing, error) {
		one[0].Standing = int64(number)
		found, err := c.find(ctx, one)
		if p, there := found.byNonce[d.Nonce]; there {
			found.byNonce[d.Nonce] = name(p)
		}
		return found.standing, err
	}
	return create(ctx, look, d, record, func() (place, error) {
		k, err := c.Issues.CreateComment(ctx, d.Target, number, d.Body)
		return name(place{k.ID, k.URL, k.Body, nil}), err
	})
}

const spareText = "The digest needs no further part at present; the next long one is edited in here.\n"

// spare empties the comments that held parts of an earlier digest and that this one does not need. It comes before the
// first part is recorded, so that whoever dies in between comes here again.
func (c *RollingChannel) spare(ctx context.Context, s *rolling, parts []Delivery) error {
	ours, _ := ParseMarker(parts[0].Body)
	whole := 0
	for _, d := range parts {
		if m, ok := ParseMarker(d.Body); ok && m.Kind == "" {
			whole++
		}
	}
	for i := range s.slots {
		k := &s.slots[i]
		if i+2 <= whole || k.marker.Kind == Spare || k.marker.Seq >= ours.Seq {
			continue
		}
		m := k.marker
		m.Kind, m.Compared = Spare, nil
		_, err := c.Edit.EditComment(ctx, parts[0].Target, k.ID, m.String()+"\n"+spareText)
		var unclear *github.UnclearError
		if errors.As(err, &unclear) {
			if now, ferr := c.findOnce(ctx, parts); ferr == nil && now.isSpare(k.ID) {
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("empty a comment on %s that an earlier digest needed: %w", parts[0].Target, err)
		}
		k.marker = m
	}
	return nil
}
