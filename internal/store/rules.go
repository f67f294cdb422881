package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrReadOnly is the answer to a write on a store that was opened for a dry run.
var ErrReadOnly = errors.New("the state was opened for reading only")

// Open reports whether the delivery is still owed.
func (s State) Open() bool { return s == Pending || s == Unknown }

// CheckDelivery is what every store asks of a delivery before writing it. old is the stored one under
// the same definition, sequence, channel and part, or nil.
//
// Nonce, target, title, body, labels, base, number of parts and queueing time are frozen: a retry must
// look for, and send, exactly what was queued. Done and superseded are final, and an unknown delivery
// is never superseded: it may be there, and its successor would tell the same again.
func CheckDelivery(old *Delivery, d Delivery) error {
	k := d.Key
	switch {
	case k.Definition == "" || k.Channel == "":
		return fmt.Errorf("delivery %s: definition and channel must be named", k)
	case k.Part < 1 || k.Part > k.Parts:
		return fmt.Errorf("delivery %s: part %d of %d does not exist", k, k.Part, k.Parts)
	case !slices.Contains([]State{Pending, Unknown, Done, Superseded, GivenUp}, d.State):
		return fmt.Errorf("delivery %s: %q is no state", k, d.State)
	case old == nil:
		return nil
	}
	if fields := thawed(*old, d); len(fields) > 0 {
		return fmt.Errorf("delivery %s: what is queued is frozen, but the update changes its %s", k, strings.Join(fields, ", "))
	}
	if old.State == d.State {
		return nil
	}
	if old.State == Done || old.State == Superseded || (old.State == Unknown && d.State == Superseded) {
		return fmt.Errorf("delivery %s: it is %s and can't become %s", k, old.State, d.State)
	}
	return nil
}

func thawed(old, d Delivery) []string {
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"number of parts", old.Key.Parts == d.Key.Parts},
		{"nonce", old.Nonce == d.Nonce},
		{"target", old.Target == d.Target},
		{"title", old.Title == d.Title},
		{"body", old.Body == d.Body},
		{"labels", slices.Equal(old.Labels, d.Labels)},
		{"base", old.Base == d.Base},
		{"queueing time", old.QueuedAt.Equal(d.QueuedAt)},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// CheckCursor is what every store asks of a cursor before writing it. old is the stored one or nil.
func CheckCursor(old *Cursor, c Cursor) error {
	switch {
	case c.Definition == "":
		return errors.New("cursor: its definition must be named")
	case old != nil && c.Seq < old.Seq:
		return fmt.Errorf("cursor %s: its number would go back from %d to %d, and delivery keys would repeat", c.Definition, old.Seq, c.Seq)
	}
	return nil
}

// cleanAnswers is a copy without white space. An answer without a key, or that is no JSON, is an error.
func cleanAnswers(list []Answer) ([]Answer, error) {
	var out []Answer
	for _, a := range list {
		if a.Key == "" {
			return nil, errors.New("answer: its key must be named")
		}
		var b bytes.Buffer
		if err := json.Compact(&b, a.Value); err != nil {
			return nil, fmt.Errorf("answer %s: %w", a.Key, err)
		}
		out = append(out, Answer{a.Key, b.Bytes()})
	}
	return out, nil
}

// Resolved is a copy of the update in which CurrentSnapshot is replaced by seq, and answers are without white space. With seq 0, for an update
// without a snapshot, it is an error to name CurrentSnapshot.
func (u *Update) Resolved(seq int64) (Update, error) {
	out := *u
	out.Cursors = slices.Clone(u.Cursors)
	out.Deliveries = slices.Clone(u.Deliveries)
	resolve := func(field *int64, what string) error {
		if *field != CurrentSnapshot {
			return nil
		}
		if seq == 0 {
			return fmt.Errorf("%s names the snapshot of this update, which has none", what)
		}
		*field = seq
		return nil
	}
	for i := range out.Cursors {
		if err := resolve(&out.Cursors[i].Snapshot, "cursor "+out.Cursors[i].Definition); err != nil {
			return Update{}, err
		}
	}
	for i := range out.Deliveries {
		if err := resolve(&out.Deliveries[i].Base, "delivery "+out.Deliveries[i].Key.String()); err != nil {
			return Update{}, err
		}
	}
	var err error
	if out.Answers, err = cleanAnswers(u.Answers); err != nil {
		return Update{}, err
	}
	if u.Run != nil {
		run := *u.Run
		if err := resolve(&run.Snapshot, "run"); err != nil {
			return Update{}, err
		}
		out.Run = &run
	}
	return out, nil
}
