// Package store keeps what the bot must not forget: snapshots, cursors, runs, deliveries and the lock.
//
// All writes of a step go through one Commit, which is atomic and checks the lease's fencing number: a
// holder that slept past its expiry and was overtaken cannot write. The types here know nothing of SQL,
// so that a branch of a git repository and PostgreSQL can stand behind the same conformance test
// (package storetest).
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// Cursor is how far one digest definition has been told.
type Cursor struct {
	Definition string    `json:"definition"`
	Seq        int64     `json:"seq"`      // rises by one at each move; part of every delivery key
	Snapshot   int64     `json:"snapshot"` // Seq of the snapshot last told of
	ToldAt     time.Time `json:"told_at"`  // when the cursor last moved or was found current
}

// State of a delivery.
type State string

// The states. Pending and unknown ones are open.
const (
	Pending    State = "pending"    // surely not there yet
	Unknown    State = "unknown"    // the answer of a write was lost: it may be there
	Done       State = "done"       // there, and read back
	Superseded State = "superseded" // a later digest tells the same and more
	GivenUp    State = "given_up"   // too many tries or too old
)

// Key identifies a delivery for ever. It never holds content: A to B to A to B is two digests.
type Key struct {
	Definition string `json:"definition"`
	Seq        int64  `json:"seq"`     // the cursor's number
	Channel    string `json:"channel"` // "github-issue"
	Part       int    `json:"part"`    // from 1
	Parts      int    `json:"parts"`
}

func (k Key) String() string {
	return fmt.Sprintf("%s/%d/%s/%d-of-%d", k.Definition, k.Seq, k.Channel, k.Part, k.Parts)
}

// Delivery is one part of a digest owed to one channel. Once queued its content is frozen.
type Delivery struct {
	Key   Key    `json:"key"`
	Nonce string `json:"nonce"` // in the marker; proves that what we find is this delivery
	State State  `json:"state"`

	// Frozen content.
	Target string   `json:"target"` // "acme/platform", a file's path, …
	Title  string   `json:"title"`
	Body   string   `json:"body"` // with its marker
	Labels []string `json:"labels"`
	Base   int64    `json:"base"` // snapshot the digest starts from; 0 where the base is not stored

	// What happened.
	QueuedAt time.Time `json:"queued_at"`
	// RetriedAt is when a person put it back in line; zero: never.
	RetriedAt time.Time `json:"retried_at,omitzero"`
	Tries     int       `json:"tries"`
	LastError string    `json:"last_error,omitempty"`
	// Result names what the channel made of it: an issue's or a comment's number and address.
	ResultID  int64  `json:"result_id,omitempty"`
	ResultURL string `json:"result_url,omitempty"`
	// DoneAt is when it was closed: delivered, superseded or given up.
	DoneAt time.Time `json:"done_at,omitzero"`
}

// OwedSince is when its age counts from: when it was queued, or put back in line.
func (d Delivery) OwedSince() time.Time {
	if d.RetriedAt.After(d.QueuedAt) {
		return d.RetriedAt
	}
	return d.QueuedAt
}

// Run records one run, also one that found nothing (the heartbeat).
type Run struct {
	ID        int64          `json:"id"` // assigned by the store
	StartedAt time.Time      `json:"started_at"`
	EndedAt   time.Time      `json:"ended_at"`
	Outcome   string         `json:"outcome"` // "quiet", "told", "failed", "partial": left sources out on purpose
	ExitCode  int            `json:"exit_code"`
	Snapshot  int64          `json:"snapshot"` // current after the run
	Requests  int            `json:"requests"` // to GitHub
	Failed    []FailedSource `json:"failed,omitempty"`
}

// FailedSource is a source that could not be read in a run.
type FailedSource struct {
	Upstream string `json:"upstream"`
	Source   string `json:"source"`
	Reason   string `json:"reason"`
}

// Lease is the right to write, until it expires. Whoever learns a lease from a HeldError may release it: that
// is how the lock of a dead holder is freed. Its fence then keeps the holder out, should it live after all.
type Lease struct {
	Holder  string    `json:"holder"` // "build-7, process 4711 […]": see package holder
	Fence   int64     `json:"fence"`  // rises with every new holder
	Expires time.Time `json:"expires"`
}

// Update is everything one step writes, together or not at all. Zero fields write nothing: an empty update
// only asks whether the lease still is the last one.
type Update struct {
	// Snapshot is stored; the store gives it the next Seq and writes that back into it. A cursor in the
	// same update whose Snapshot is CurrentSnapshot names it.
	Snapshot *snapshot.Snapshot
	Cursors  []Cursor
	// Deliveries are inserted, or replaced where the key exists. Frozen fields of an existing one
	// must not change: the store refuses that.
	Deliveries []Delivery
	Run        *Run // the store assigns its ID
	// Answers are kept, each in the place of an older one of its key. The oldest beyond KeptAnswers go.
	Answers []Answer
	// End gives the lease back and clears away what is old, in the same step.
	End *End
	// Idle says that the update only tells that somebody looked and found all well. A store to which writing is dear
	// may leave it out where the last run that it keeps says the same and is less than a day old.
	Idle bool
}

// End is how a run ends.
type End struct {
	Keep int // snapshots, as for Prune
}

// Empty reports whether the update writes nothing: it only asks for the lease.
func (u *Update) Empty() bool {
	return u.Snapshot == nil && len(u.Cursors) == 0 && len(u.Deliveries) == 0 && u.Run == nil && len(u.Answers) == 0 && u.End == nil
}

// Answer is what was asked once and will not change, such as which pull request a line came by: kept so that
// nobody is asked twice. The store does not know what it means, and nothing is lost with it but time.
type Answer struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"` // JSON; white space in it is not kept
}

// KeptAnswers is how many answers a store keeps: the newest.
const KeptAnswers = 2000

// CurrentSnapshot in Cursor.Snapshot, Delivery.Base or Run.Snapshot stands for the snapshot of the same update.
const CurrentSnapshot int64 = -1

// HeldError says who holds the lock.
type HeldError struct{ Lease Lease }

func (e *HeldError) Error() string {
	return fmt.Sprintf("another run holds the lock: %s, until %s", e.Lease.Holder, e.Lease.Expires.UTC().Format(time.RFC3339))
}

// UnusableError says that the state can't be used, and what to do about it.
type UnusableError struct {
	Path   string
	Reason string // "it was written by a newer bot (schema 7, this one knows 3)"
	Advice string // "update bot, or move the file away to start anew"
	Err    error
}

func (e *UnusableError) Error() string {
	s := fmt.Sprintf("state %s can't be used: %s", e.Path, e.Reason)
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

func (e *UnusableError) Unwrap() error { return e.Err }

// Errors that callers branch on.
var (
	// ErrFenced: the lease was lost to another holder; nothing was written.
	ErrFenced = errors.New("the lock was lost to another run; nothing was written")
	// ErrNotFound: the store has no such thing.
	ErrNotFound = errors.New("not in the store")
)
