package report

import (
	"regexp"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
)

// tally counts changes for the lead sentence. What is the reader's own always asks for action.
type tally struct{ act, mine, know, rest int }

func tallyOf(changes []diff.Change) tally {
	var t tally
	mended := map[string]bool{}
	for _, c := range changes {
		switch {
		case c.Rides: // it moves all day
		case c.Release != nil:
			// A release is told; what it asks for stands above it, each thing once.
			t.act += len(c.Release.Urgent())
			for _, a := range c.Release.Release.Advisories {
				if toldByFeed(Upstream{UpstreamResult: diff.UpstreamResult{Changes: changes}}, a.CVEs) {
					continue
				}
				mended[advisoryKey(a)] = true
			}
			if c.Release.Release.Prerelease {
				t.rest++
			} else {
				t.know++
			}
		case c.Mine:
			t.act++
			t.mine++
		case c.Severity == diff.Act:
			t.act++
		case c.Severity == diff.Know:
			t.know++
		default:
			t.rest++
		}
	}
	t.act += len(mended)
	return t
}

// words is "2 things to act on (1 of them yours), 45 to know, 43 more".
func (t tally) words() string {
	if t == (tally{}) {
		return "nothing changed"
	}
	var out []string
	act := "nothing to act on"
	if t.act > 0 {
		act = count(t.act, "thing to act on", "things to act on")
		switch {
		case t.mine == t.act:
			act += " (yours)"
		case t.mine > 0:
			act += " (" + count(t.mine, "is yours", "are yours") + ")"
		}
	}
	out = append(out, act)
	if t.know > 0 {
		out = append(out, count(t.know, "to know", "to know"))
	}
	if t.rest > 0 {
		out = append(out, count(t.rest, "more", "more"))
	}
	return strings.Join(out, ", ")
}

// displayName is an upstream's name as a heading: "kubernetes" is "Kubernetes", "cert-manager" stays.
func displayName(s string) string {
	s = short(s, 100)
	if strings.ContainsAny(s, "-_/.") {
		return s
	}
	return upper(s)
}

var (
	tagLike = regexp.MustCompile(`^v?[0-9]+\.[0-9]+`)
	shaLike = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
)

// compared is "v1.35.0 → v1.36.0". A branch goes by the version it stands for, and where that is the
// same on both sides the commits tell them apart: "1.37 (a1b2c3d → e4f5a6b)".
func compared(from, to diff.Ref) string {
	a, b := refName(from), refName(to)
	if from.SHA == to.SHA && a == b {
		return a // nothing moved there; what changed stands elsewhere
	}
	if a == b && from.SHA != to.SHA {
		x, y := shortSHA(from.SHA), shortSHA(to.SHA)
		if a == x || a == "" {
			return x + " → " + y
		}
		return a + ", " + x + " → " + y
	}
	return a + " → " + b
}

// refName is the name a reader knows a commit by: a tag's name, else the version, else the ref.
func refName(r diff.Ref) string {
	ref := short(r.Ref, 60)
	switch {
	case tagLike.MatchString(ref):
		return ref
	case r.Version != "":
		return version(r.Version)
	case ref == "" || shaLike.MatchString(ref):
		return shortSHA(r.SHA)
	}
	return ref
}

func shortSHA(sha string) string {
	sha = clean(sha)
	if len(sha) > 7 && shaLike.MatchString(sha) {
		return sha[:7]
	}
	return cut(sha, 40)
}
