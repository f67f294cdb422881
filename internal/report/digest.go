// Package report is the digest: a model first, then renderers. Rendering is the last step and cannot
// change what is said. The package is pure; time is an argument.
//
// Upstream's text is untrusted everywhere: see Neutralise.
package report

import (
	"slices"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/trace"
)

// Digest is what one digest definition tells at one time.
type Digest struct {
	Definition string // name of the digest definition
	At         time.Time
	Upstreams  []Upstream
	Cost       Cost
	// Notices are things about the bot itself that the reader must know, in words: a base that had to
	// be read anew, a mirror older than seven days, a lost state.
	Notices []string
	// Severities keeps only changes of these severities; empty keeps all. It is recorded so that the
	// foot can say that the digest is filtered.
	Severities []diff.Severity
	// Alerts are what is wrong with the watching itself and needs somebody: a source that has been failing,
	// a digest that was given up. They stand above all changes, and make a digest by themselves.
	Alerts []Alert
	// Open is what earlier digests told of the reader's and nobody has acknowledged; it stands on top, and makes no
	// digest by itself. Settled is what was open in the last one and is so no longer.
	Open    []Open
	Settled []Settled
	// Heartbeat says how often the bot looked lately.
	Heartbeat Heartbeat
}

// Alert is one thing about the bot itself that somebody has to act on. Its texts are plain words, and may
// quote what a server said.
type Alert struct {
	ID   string `json:"id"`   // what it is about: "kubernetes/gates", a delivery's key
	What string `json:"what"` // one sentence
	Why  string `json:"why"`  // what is known of it, in sentences
	Next string `json:"next"` // what to do
}

// Heartbeat is how often the bot ran before this run. The zero value: it never did.
type Heartbeat struct {
	Days   int       `json:"days"`   // the time looked at
	Runs   int       `json:"runs"`   // in that time
	Failed int       `json:"failed"` // of these
	Last   time.Time `json:"last"`   // start of the last one, also before that time
	// AtLeast says that not every run that found nothing was kept: there were more, and later ones.
	AtLeast bool `json:"at_least,omitempty"`
}

// Upstream is one upstream's part of a digest.
type Upstream struct {
	diff.UpstreamResult
	// Evidence by change, aligned with UpstreamResult.Changes.
	Evidence [][]trace.Evidence
	// Untraced says by change why it was not looked for where it comes from ("budget"), and Remarks what the reader's
	// configuration says beside it; "" is nothing, and so is a list that is too short.
	Untraced, Remarks []string
	// FirstRun: the base is the highest stable tag, because nothing was told before.
	FirstRun bool
}

// Cost is what a run cost.
type Cost struct {
	Requests int           `json:"requests"` // to GitHub, counted against a limit
	Raw      int           `json:"raw"`      // files from the raw host, not counted
	Duration time.Duration `json:"-"`
}

// Empty reports whether the digest has no news: no alert, and no change but those that only ride along with others.
func (d Digest) Empty() bool {
	return len(d.Alerts) == 0 && !slices.ContainsFunc(d.Upstreams, func(u Upstream) bool { return u.HasNews() })
}

// Riders reports whether there are changes that wait for others to ride along with.
func (d Digest) Riders() bool {
	return slices.ContainsFunc(d.Upstreams, func(u Upstream) bool {
		return slices.ContainsFunc(u.Changes, func(c diff.Change) bool { return c.Rides })
	})
}
