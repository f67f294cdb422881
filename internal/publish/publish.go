// Package publish plans what a digest sends where, and applies plans.
//
// A plan is pure data: what would be sent, to whom, with which marker. A dry run prints it; it is the
// absence of the applier, not an `if`. Once queued, a plan is frozen: a new binary, template or
// configuration does not change what is owed.
//
// How a digest is filed once: each part carries a [Marker] with a random nonce that the store keeps.
// Before anything is created the target is searched for that nonce in something written by us; what is
// found is adopted. The intent is recorded before the effect: a part is `unknown` from just before the
// request until its answer is recorded, so that whoever comes after a death knows that it may be there.
package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Channel types.
const (
	TypeGitHubIssue = "github-issue"
	TypeRolling     = "rolling-issue"
	TypeFile        = "file"
	TypeStdout      = "stdout"
	TypeSlack       = "slack"
	TypeDiscord     = "discord"
	TypeTeams       = "teams"
	TypeWebhook     = "webhook"
	TypeEmail       = "email"
	TypeShoutrrr    = "shoutrrr"
	// TypePage keeps a digest for the service's pages, where no other channel of the definition keeps all of it.
	TypePage = "page"
)

// IsMarkdown reports whether channels of a type are told a digest whole, in Markdown.
func IsMarkdown(channelType string) bool {
	return IsIssue(channelType) || channelType == TypeFile || channelType == TypeStdout || channelType == TypePage
}

// IsIssue reports whether channels of a type file what they are told in an issue on GitHub.
func IsIssue(channelType string) bool {
	return channelType == TypeGitHubIssue || channelType == TypeRolling
}

// Part is one part of a digest for one channel: an issue, a follow-up comment, a file.
type Part struct {
	Channel string // "type", or "type:name" where the destination has a name of its own
	Type    string
	Target  string // repository, path; "" for stdout
	Title   string // part 1 only, where the channel has titles
	Body    string // with the marker on its first line, where the channel keeps one
	Labels  []string
	Number  int // from 1
	Of      int
	Nonce   string
	// Standing is, in a first part, the issue that was there when the digest was made and that it is about: a rolling
	// issue is edited, and the one before a new one closed where the channel does that. 0: none.
	Standing int64
}

// Status of a part at its channel.
type Status int

// The statuses.
const (
	Owed    Status = iota // surely not there yet
	Unclear               // may be there: an answer was lost, or a run died
	Filed                 // there, and read back
)

// Delivery is a part with what is known of it.
type Delivery struct {
	Part
	Status   Status
	QueuedAt time.Time // server's time
	// Newest is the number of the definition's newest digest that the state knows of; 0: not said.
	Newest int64
	// ResultID and ResultURL name what was made of it: an issue's or comment's number and page.
	ResultID  int64
	ResultURL string
	// Problem is set when the part is filed, but not as asked: dropped labels, another body.
	Problem string
}

// Record saves the state of a delivery before and after an effect. When it fails nothing more is sent.
type Record func(Delivery) error

// Channel delivers the parts of one digest, in order. It leaves each part's outcome through record and
// returns the first error. Parts that are filed already are skipped.
type Channel interface {
	Deliver(ctx context.Context, parts []Delivery, record Record) error
}

// EachOwed hands each part that is not there yet to send, which may set its result, and records it as filed. It is for
// channels in which nothing is ever in doubt, or nobody can be asked: a part stays owed until send says that it arrived.
func EachOwed(parts []Delivery, record Record, send func(*Delivery) error) error {
	for _, d := range parts {
		if d.Status == Filed {
			continue
		}
		if err := send(&d); err != nil {
			return err
		}
		d.Status = Filed
		if err := record(d); err != nil {
			return err
		}
	}
	return nil
}

// Message is a test message: one line for a title, and plain text.
type Message struct{ Title, Text string }

// Tester is a channel that can send a test message. Where says in words who took it: "hooks.slack.com took it". The
// error is told to people as it stands: without a secret, and with what to do where that is known.
type Tester interface {
	Test(ctx context.Context, m Message) (where string, err error)
}

// ErrUnclear says that a part may or may not be there, and looking for it did not tell. The next run looks again.
var ErrUnclear = errors.New("it is not known whether it arrived; the next run looks for it before it sends anything")

// PartialError says that a digest is filed, but not as asked.
type PartialError struct{ URL, Problem string }

func (e *PartialError) Error() string { return fmt.Sprintf("%s: filed, but %s", e.URL, e.Problem) }

// OldStateError says that the state is older than what it has filed: a backup that was put back, or a second bot with
// a state of its own. What it would file may stand there already.
type OldStateError struct {
	Definition string
	Seq        int64  // of the digest that proves it
	Known      int64  // the newest that the state knows of
	URL        string // where it stands
}

func (e *OldStateError) Error() string {
	return fmt.Sprintf("the state is older than what was filed with it: %s is digest %d of %s, and the state has not filed it (it counts to %d). "+
		"Nothing was filed, or it might be told twice. Put the newest copy of the state back; without one move the state away, and the bot starts where that issue ended. "+
		"If another bot files there under the same name, give this digest a name of its own",
		e.URL, e.Seq, e.Definition, e.Known)
}

// TypeOf is the type of the channel called channel in a delivery's key.
func TypeOf(channel string) string {
	t, _, _ := strings.Cut(channel, ":")
	return t
}
