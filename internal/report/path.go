package report

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// toldPulls is how many pull requests of one path are named; its history has them all.
const toldPulls = 3

// pathSections tells the changes of paths that are not the reader's own: first what went and came, then what changed.
func pathSections(u Upstream) []section {
	places := section{heading: "Watched paths: gone or new", brief: true}
	changed := section{heading: "Watched paths", brief: true, fold: true}
	for _, c := range u.Changes {
		switch {
		case c.Path == nil || c.Mine:
		case c.Has(diff.PathChanged):
			changed.entries = append(changed.entries, pathEntry(u, c))
		default:
			places.entries = append(places.entries, pathEntry(u, c))
		}
	}
	return slices.DeleteFunc([]section{places, changed}, func(s section) bool { return len(s.entries) == 0 })
}

// pathEntry tells what became of a path and what touched it, and leads to its history.
func pathEntry(u Upstream, c diff.Change) entry {
	e := entry{gates: 1, id: c.ID, about: pathWords(*c.Path), why: whyMine(c)}
	if c.Has(diff.PathChanged) {
		e.change = pullWords(u, c.Path.Commits)
	} else {
		e.change = placeWords(u, c)
	}
	if h := historyURL(u, c.ID); h != "" {
		e.proof = []span{linkTo("history", h)}
	}
	return e
}

// pathWords counts what touched a path, and says where that can't be counted.
func pathWords(p diff.PathChange) phrase {
	n := len(p.Commits)
	switch {
	case p.After.OID == "":
		return say("Gone.")
	case p.Before.OID == "" && len(p.Before.Commits) == 0:
		return say("New.")
	case p.Before.OID == "":
		return say("It is there again.")
	case n == 0:
		return say("Changed. Which commits did it is not known.")
	case p.Rewritten:
		return say("Its history was written anew, so what is new in it can't be told.")
	}
	words := count(n, "commit", "commits")
	if pulls := len(byPull(p.Commits)); pulls < n {
		words += " in " + count(pulls, "pull request", "pull requests")
	}
	if p.More {
		words = "More than " + words
	}
	if p.Before.OID == p.After.OID {
		words += "; what it holds is as it was"
	}
	return say(words + ".")
}

// placeWords tells by what a path went or came, and where it went.
func placeWords(u Upstream, c diff.Change) phrase {
	p := c.Path
	var last phrase
	if len(p.Commits) > 0 {
		last = commitWords(u, p.Commits[0])
	}
	switch {
	case p.After.OID != "" && last == nil:
		return nil
	case p.After.OID != "":
		return say("It came with ", last, ".")
	case p.After.MovedTo != "" && last != nil:
		return say("It moved to ", name(p.After.MovedTo), " with ", last, "; to go on, watch that.")
	case p.After.MovedTo != "":
		return say("It moved to ", name(p.After.MovedTo), "; to go on, watch that.")
	case last != nil:
		return say("It went with ", last, ".")
	}
	return say("Where it went is not known.")
}

// pullWords names the newest pull requests, or commits that came without one.
func pullWords(u Upstream, commits []snapshot.PathCommit) phrase {
	var out phrase
	groups := byPull(commits)
	for i, k := range groups {
		switch i {
		case toldPulls:
			return say(out, "; and "+count(len(groups)-i, "more", "more")+".")
		case 0:
			out = say("Newest: ")
			if len(groups) == 1 {
				out = nil
			}
		default:
			out = say(out, "; ")
		}
		out = say(out, commitWords(u, k))
	}
	if len(groups) > 0 {
		out = say(out, ".")
	}
	return out
}

// commitWords is "“title” (#123)".
func commitWords(u Upstream, k snapshot.PathCommit) phrase {
	title := strings.TrimRight(short(k.Title, 120), ".")
	p := say("“", quote(title), "”")
	if len(k.PRs) > 0 {
		return say(p, " (", prLink(u, k.PRs[0]), ")")
	}
	return say(p, " (", linkTo(shortSHA(k.SHA), strings.TrimRight(u.WebURL, "/")+"/commit/"+clean(k.SHA)), ")")
}

// byPull is one commit of each pull request, and all that came without one.
func byPull(commits []snapshot.PathCommit) []snapshot.PathCommit {
	var out []snapshot.PathCommit
	for _, k := range commits {
		if len(k.PRs) > 0 && slices.ContainsFunc(out, func(o snapshot.PathCommit) bool { return len(o.PRs) > 0 && o.PRs[0] == k.PRs[0] }) {
			continue
		}
		out = append(out, k)
	}
	return out
}

// historyURL is the page with a path's commits, down from the commit that was read.
func historyURL(u Upstream, path string) string {
	for _, s := range u.Sections {
		if s.Source == snapshot.SourcePaths && s.To.SHA != "" && s.WebURL != "" {
			return strings.TrimRight(s.WebURL, "/") + "/commits/" + url.PathEscape(s.To.SHA) + (&url.URL{Path: "/" + path}).EscapedPath()
		}
	}
	return ""
}

// pathsMoved reports whether watched paths were read at another commit than before.
func pathsMoved(u Upstream) bool {
	return slices.ContainsFunc(u.Sections, func(s diff.SectionResult) bool {
		return s.Source == snapshot.SourcePaths && s.From.SHA != "" && s.From.SHA != s.To.SHA
	})
}

// pathHeadline is the change in a few words.
func pathHeadline(c diff.Change) string {
	words := say(pathWords(*c.Path))
	if !c.Has(diff.PathChanged) {
		words = say(words, " ", placeWords(Upstream{}, c))
	}
	return strings.TrimSuffix(strings.TrimSpace(words.plain()), ".")
}

// pathDocument is a watched path as it is printed. Commits are those that touched it since.
type pathDocument struct {
	Path      string           `json:"path"`
	OID       string           `json:"oid"` // "" where it is gone
	MovedTo   string           `json:"moved_to"`
	Commits   []commitDocument `json:"commits"`
	More      bool             `json:"more"`
	Rewritten bool             `json:"history_rewritten"`
}

type commitDocument struct {
	SHA    string `json:"sha"`
	Title  string `json:"title"`
	Author string `json:"author"`
	When   string `json:"when"` // RFC 3339, UTC
	PRs    []int  `json:"prs"`
}

// pathDocuments are the two sides of a change as they are printed in JSON; nil where the path was not there.
func pathDocuments(c diff.PathChange) (before, after any) {
	if c.Before.OID != "" {
		before = pathDocument{Path: c.Before.Path, OID: c.Before.OID, Commits: []commitDocument{}}
	}
	doc := pathDocument{Path: c.After.Path, OID: c.After.OID, MovedTo: c.After.MovedTo, Commits: []commitDocument{}, More: c.More, Rewritten: c.Rewritten}
	for _, k := range c.Commits {
		doc.Commits = append(doc.Commits, commitDocument{SHA: k.SHA, Title: k.Title, Author: k.Author, When: k.When.UTC().Format(time.RFC3339), PRs: list(k.PRs)})
	}
	return before, doc
}
