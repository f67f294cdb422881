// Package doctor looks at everything a run needs, changes none of it, and says of each thing how it is
// and what to do about it: `bot doctor`.
//
// A check asks one question, and its answer is one finding and one piece of advice. Where an answer
// depends on another that was bad, the check is skipped and says so: a missing network is told once, as
// that, and not as ten repositories that do not exist. What a failed check would make fail in a run
// (Harm) decides the exit code, which is the one that such a run would end with.
//
// It asks GitHub three times with a token, whatever the number of repositories: for the limits (which is
// free, and whose header tells about the token), for the targets, and for the upstreams. Without a token it
// is one request for each target and three for each upstream.
//
// What GitHub does not tell is not guessed: the rights of fine-grained and app tokens show when they are
// used. What the state knows of earlier deliveries stands in for it; --notify ([Notify]) tries it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// Status is how a check ended.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it works, but look at it
	Failed  Status = "failed"  // a run would fail
	Skipped Status = "skipped" // could not or need not be told; the finding says why
)

// Harm is what a failed check makes fail in a run.
type Harm string

// The harms.
const (
	NoHarm       Harm = ""
	HarmUsage    Harm = "configuration" // a run does not start
	HarmSource   Harm = "source"        // an upstream is not read
	HarmDelivery Harm = "delivery"      // a digest does not arrive
	HarmState    Harm = "state"         // nothing can be remembered
)

// The areas, in which checks are told together.
const (
	areaConfig       = "configuration"
	areaGitHub       = "github"
	areaUpstreams    = "upstreams"
	areaDigests      = "digests"
	areaState        = "state"
	areaTestMessages = "test messages"
)

// Check is one question and its answer.
type Check struct {
	Area    string `json:"area"`
	Name    string `json:"check"`
	Subject string `json:"subject"` // the repository, digest, file … it is about; "" where there is but one
	Status  Status `json:"status"`
	Finding string `json:"finding"`
	Advice  string `json:"advice"` // what to do; "" where there is nothing to do
	Harm    Harm   `json:"harm"`   // of a failed check
}

// GitHub is what is asked of the client.
type GitHub interface {
	Anonymous() bool
	Probe(ctx context.Context) (github.Probe, error)
	Standings(ctx context.Context, requests []github.StandingRequest) (login string, _ []github.Standing, _ error)
}

// Upstreams reads heads.
type Upstreams interface {
	Heads(ctx context.Context, requests []repo.HeadRequest) []repo.HeadResult
}

// Mirror is a local clone.
type Mirror interface {
	Repository() string
	Path() string
	Fetched(ctx context.Context) (time.Time, error)
}

// State is the store, opened for reading.
type State interface {
	Latest(ctx context.Context) (*snapshot.Snapshot, error)
	Cursors(ctx context.Context) ([]store.Cursor, error)
	Standing(ctx context.Context, definition string, states ...store.State) ([]store.Delivery, error)
	Runs(ctx context.Context, limit int) ([]store.Run, error)
}

// Place is what a State tells that is no file.
type Place interface {
	Exists(ctx context.Context) (bool, error)
}

// Lock is what a State may tell besides.
type Lock interface {
	Lock(ctx context.Context) (lease store.Lease, held bool, err error)
	Schema(ctx context.Context) (int64, error)
}

// Watched is one upstream with the paths that its sources watch.
type Watched struct {
	Name, Repository, Ref string
	Paths                 []string
	// Key is where the configuration tells of it: "upstreams[0]", or "upstreams[0].sources.proposals". RepositoryKey and
	// PathsKey are where it names the repository and the paths.
	Key, RepositoryKey, PathsKey string
	// Named are the paths whose changes are told, and NamedKey where the configuration names them.
	Named    []string
	NamedKey string
}

// Feed is a feed that is read.
type Feed struct {
	Upstream, Name string
	// Key is where the configuration tells of it: "upstreams[0].sources.feeds[1]".
	Key string
	// Look reads it once; nil where nothing is fetched. moved is its new address where it moved for good.
	Look func(ctx context.Context) (entries int, newest time.Time, moved string, _ error)
}

// Patient is the set-up that is looked at.
type Patient struct {
	Config  config.Config
	GitHub  GitHub
	Watched []Watched // in configuration order
	Heads   Upstreams
	Mirrors []Mirror
	Feeds   []Feed
	// Git gives the version of the git program.
	Git func(ctx context.Context) (string, error)
	// Channel says what is wrong with the set-up of a channel whose address is a secret, and sends nothing; nil: nobody
	// can say.
	Channel func(config.Channel) error
	// OpenState opens the state without changing it. A missing file is an empty state.
	OpenState func(ctx context.Context) (State, error)
	Now       func() time.Time
	// Token is what sort of token there is, TokenFile the file it was read from, "" for none.
	Token     github.TokenKind
	TokenFile string
	// APIHost is GitHub's, for messages; Proxy is "host:port" of the proxy before it, "" for none.
	APIHost, Proxy string
	// InActions: this is a job of GitHub Actions.
	InActions bool
}

// examination is one visit: what was found so far, for the checks that depend on it.
type examination struct {
	Patient
	now    time.Time
	checks []Check

	reached bool   // GitHub answers
	why     string // why not, for what is skipped
	probe   github.Probe
	login   string
	// standings are by lower-case repository; nil where nothing is known.
	standings map[string]github.Standing

	cursors []store.Cursor
	runs    []store.Run       // newest first
	filed   map[string]filing // by lower-case target
	refused map[string]string // why the newest digest since is not there, by the same
	opened  bool              // the state could be read
	latest  *snapshot.Snapshot
	owed    []store.Delivery // pending, unknown and given up
}

// filing is the last digest that is known to have been filed somewhere.
type filing struct{ at time.Time }

// Examine does all checks, in the order in which they are told.
func Examine(ctx context.Context, p Patient) []Check {
	x := &examination{Patient: p, now: p.Now(), filed: map[string]filing{}, refused: map[string]string{}}
	x.configuration(ctx)
	head := x.checks
	x.checks = nil
	// The state is read first and told last: what was filed in a target says what the token may do there.
	x.state(ctx)
	state := x.checks
	x.checks = nil
	x.github(ctx)
	x.upstreams(ctx)
	x.feeds(ctx)
	x.digests()
	return append(append(head, x.checks...), state...)
}

// BadConfiguration is the examination of a set-up whose configuration can't be read.
func BadConfiguration(err error) []Check {
	const then = "bot config validate checks it again; until it is good nothing else can be looked at"
	x := &examination{}
	faults, ok := errors.AsType[*config.Error](err)
	if !ok {
		x.fail(areaConfig, "configuration", "", HarmUsage, line(err.Error()), "correct it; "+then)
		return x.checks
	}
	for _, f := range faults.Faults {
		advice := line(f.Advice)
		f.Advice = ""
		x.fail(areaConfig, "configuration", f.Key, HarmUsage, line(f.Error()), advice)
	}
	if faults.More > 0 {
		x.fail(areaConfig, "configuration", "", HarmUsage, fmt.Sprintf("and %d more faults", faults.More), then)
	}
	return x.checks
}

func (x *examination) add(area, name, subject string, s Status, harm Harm, finding, advice string) {
	if s != Failed {
		harm = NoHarm
	}
	x.checks = append(x.checks, Check{Area: area, Name: name, Subject: subject, Status: s, Finding: finding, Advice: advice, Harm: harm})
}

func (x *examination) ok(area, name, subject, finding string) {
	x.add(area, name, subject, OK, NoHarm, finding, "")
}

func (x *examination) warn(area, name, subject, finding, advice string) {
	x.add(area, name, subject, Warning, NoHarm, finding, advice)
}

func (x *examination) skip(area, name, subject, finding, advice string) {
	x.add(area, name, subject, Skipped, NoHarm, finding, advice)
}

func (x *examination) fail(area, name, subject string, harm Harm, finding, advice string) {
	x.add(area, name, subject, Failed, harm, finding, advice)
}

// configuration tells what counts, and looks at the programs it needs.
func (x *examination) configuration(ctx context.Context) {
	c := x.Config
	from := c.File
	if from == "" {
		from = "no file, so the built-in defaults count"
	}
	x.ok(areaConfig, "configuration", "", fmt.Sprintf("%s: %s, %s", from, count(len(c.Upstreams), "upstream"), count(len(c.Digests), "digest")))
	if len(x.Mirrors) == 0 {
		return
	}
	version, err := x.Git(ctx)
	if err != nil {
		x.fail(areaConfig, "git", "", HarmSource, line(err.Error()), "install git, or remove the mirrors to read through the API")
		return
	}
	x.ok(areaConfig, "git", "", "git "+line(version)+", for the mirrors")
}

// issueTargets are the repositories that issues are filed in, each with the labels of all digests there,
// and whether one is missing.
func (x *examination) issueTargets() (targets []github.StandingRequest, nowhere []string) {
	at := map[string]int{}
	for _, d := range x.Config.Digests {
		for _, ch := range d.Channels {
			if !config.IsIssue(ch.Type) {
				continue
			}
			if ch.Repository == "" {
				nowhere = append(nowhere, d.Name)
				continue
			}
			key := strings.ToLower(ch.Repository)
			if _, ok := at[key]; !ok {
				at[key] = len(targets)
				targets = append(targets, github.StandingRequest{Repository: ch.Repository})
			}
			t := &targets[at[key]]
			for _, l := range ch.Labels {
				if !containsFold(t.Labels, l) {
					t.Labels = append(t.Labels, l)
				}
			}
		}
	}
	return targets, nowhere
}

// needsGitHub reports whether anything in the configuration does.
func (x *examination) needsGitHub() bool {
	targets, nowhere := x.issueTargets()
	if len(targets)+len(nowhere) > 0 {
		return true
	}
	for _, u := range x.Config.Upstreams {
		if !x.Config.Offline && x.Config.Mirror(u.Repository) == "" {
			return true
		}
	}
	return false
}

// sourceOrDelivery is the harm of what concerns the way to GitHub as a whole.
func (x *examination) sourceOrDelivery() Harm {
	if targets, _ := x.issueTargets(); len(targets) > 0 {
		return HarmDelivery
	}
	return HarmSource
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// line makes a text that came from elsewhere fit to print: one line, no control characters, not endless.
func line(s string) string {
	const most = 400
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// age says how long ago a time is, roughly, as one says it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "in the future"
	case d < time.Minute:
		return "just now"
	}
	return span(d) + " ago"
}

// span is a length of time, roughly.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

func clockTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
