package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	// Key is the path of the setting: "digests[1].schedule"; "" for the file as a whole.
	Key string
	// Origin is where the value stands.
	Origin Origin
	// Problem says what is wrong, Advice what to do. Neither ever holds a secret.
	Problem, Advice string
}

// Error gives "config.yaml:12: digests[1].schedule: problem; advice".
func (f Fault) Error() string {
	var b strings.Builder
	if at := f.Origin.place(); at != "" {
		b.WriteString(at + ": ")
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Problem)
	if f.Advice != "" {
		b.WriteString("; " + f.Advice)
	}
	return b.String()
}

// Error holds the faults of a configuration, by file and line.
type Error struct {
	Faults []Fault
	// More is how many there are beyond those: of a file that is something else altogether nobody reads
	// thousands.
	More int
}

// Error gives one line a fault.
func (e *Error) Error() string {
	if len(e.Faults) == 1 && e.More == 0 {
		return e.Faults[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d faults:", len(e.Faults)+e.More)
	for _, f := range e.Faults {
		b.WriteString("\n  " + f.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n  and %d more", e.More)
	}
	return b.String()
}

// Unwrap gives the faults to errors.As.
func (e *Error) Unwrap() []error {
	out := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		out[i] = f
	}
	return out
}

// NotFoundError says that a file which was asked for by name is not there.
type NotFoundError struct {
	Path string
	// By says who named it: "--config", "BOT_CONFIG", "GITHUB_TOKEN_FILE".
	By  string
	Err error // the cause, an fs.ErrNotExist
}

func (e *NotFoundError) Error() string {
	advice := "write one with `bot config init`, or leave " + e.By + " away to use the defaults"
	if e.By == envTokenFile {
		advice = "correct the path, or give the token in " + envToken
	} else if name, ok := strings.CutSuffix(e.By, "_FILE"); ok {
		advice = "correct the path, or give what is secret in " + name
	}
	return fmt.Sprintf("%s names the file %s, which does not exist; %s", e.By, e.Path, advice)
}

// Unwrap gives the cause.
func (e *NotFoundError) Unwrap() error { return e.Err }

// Origin says where a value comes from.
type Origin struct {
	// From is a file's name, an environment variable, or words: "default", "preset kubernetes".
	From string
	// Line is the line in the file, from 1; 0 where From is no file.
	Line int
}

// String gives "config.yaml:12", "BOT_STORE_PATH", "default".
func (o Origin) String() string {
	if o.Line > 0 {
		return o.From + ":" + strconv.Itoa(o.Line)
	}
	return o.From
}

// place is what an error message names: files and variables, but not "default".
func (o Origin) place() string {
	if o.Line == 0 && strings.ContainsFunc(o.From, isLower) { // variables have capitals only
		return ""
	}
	return o.String()
}

func isLower(r rune) bool { return r >= 'a' && r <= 'z' }

// origins maps a key's path to where its value stands.
type origins map[string]Origin

// find returns the origin of path, else that of the nearest thing that holds it.
func (o origins) find(path string) Origin {
	for p := path; ; p = parent(p) {
		if at, ok := o[p]; ok || p == "" {
			return at
		}
	}
}

// findPlace is find for an error message: what is "default" itself is to be mended where it belongs.
func (o origins) findPlace(path string) Origin {
	for p := path; p != ""; p = parent(p) {
		if at, ok := o[p]; ok && at.place() != "" {
			return at
		}
	}
	return Origin{}
}

// parent cuts the last element: "a.b[1]" gives "a.b", then "a", then "".
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}

// faults collects what is wrong.
type faults struct {
	list []Fault
	more int // not kept
	at   origins
}

// mostFaults bounds what a hostile file can cost.
const mostFaults = 100

func (f *faults) add(key, problem, advice string) {
	f.addAt(key, f.at.findPlace(key), problem, advice)
}

func (f *faults) addAt(key string, at Origin, problem, advice string) {
	if len(f.list) == mostFaults {
		f.more++
		return
	}
	f.list = append(f.list, Fault{Key: key, Origin: at, Problem: problem, Advice: advice})
}

// blames reports whether a fault was found at key, inside it or around it: then more of them there would
// only be consequences.
func (f *faults) blames(key string) bool {
	return slices.ContainsFunc(f.list, func(x Fault) bool {
		return x.Key == key || inside(x.Key, key) || inside(key, x.Key)
	})
}

// inside reports whether path lies within holder.
func inside(path, holder string) bool {
	rest, ok := strings.CutPrefix(path, holder)
	return ok && holder != "" && rest != "" && (rest[0] == '.' || rest[0] == '[')
}

// err returns all faults in the order of the file, or nil.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(min(b.Origin.Line, 1), min(a.Origin.Line, 1)),
			cmp.Compare(a.Origin.Line, b.Origin.Line), cmp.Compare(a.Origin.From, b.Origin.From))
	})
	return &Error{Faults: slices.Compact(f.list), More: f.more}
}

// quote shows a value in a message: short, on one line, and never what may be a secret.
func quote(value string) string {
	const limit = 60
	if looksSecret(value) {
		return redacted
	}
	if r := []rune(value); len(r) > limit {
		value = string(r[:limit]) + "…"
	}
	return strconv.Quote(value)
}

// looksSecret knows GitHub's tokens, Slack's tokens and addresses with a password or a webhook's path.
func looksSecret(value string) bool { return secretLike.MatchString(value) }

var secretLike = regexp.MustCompile(`(?i)gh[a-z]_[a-z0-9]{8}|github_pat_|xox[a-z]-|hooks\.slack\.com|://[^/\s]*@`)

// nearest returns the candidate that name was probably meant to be, or "".
func nearest(name string, candidates []string) string {
	best, bestAt := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours from a to b.
func distance(a, b string) int {
	const longest = 64 // keeps hostile names cheap
	if len(a) > longest || len(b) > longest {
		return longest
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// orElse builds the advice for a misspelt name.
func orElse(name string, candidates []string, otherwise string) string {
	if n := nearest(name, candidates); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	return otherwise
}
