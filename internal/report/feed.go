package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Lengths of what is told of an entry of a feed.
const (
	maxFeedTitle   = 200
	maxFeedSummary = 160
	maxFeedParts   = 8
)

// vulnerabilitySection tells what feeds say of vulnerabilities; it stands near the top.
func vulnerabilitySection(u Upstream) []section {
	s := section{heading: "Vulnerabilities", own: true, alarm: true}
	for _, c := range u.Changes {
		if c.Feed != nil && c.Feed.After.CVE && !c.Mine {
			s.entries = append(s.entries, feedEntry(u, c))
		}
	}
	if len(s.entries) == 0 {
		return nil
	}
	return []section{s}
}

// feedSections tells the other entries of feeds that are not the reader's own: a section for each feed, the newest
// entry first.
func feedSections(u Upstream) []section {
	var sources []string
	of := map[string][]diff.Change{}
	for _, c := range u.Changes {
		if c.Feed == nil || c.Feed.After.CVE || c.Mine {
			continue
		}
		if of[c.Source] == nil {
			sources = append(sources, c.Source)
		}
		of[c.Source] = append(of[c.Source], c)
	}
	slices.Sort(sources)
	var out []section
	for _, source := range sources {
		changes := of[source]
		slices.SortStableFunc(changes, func(a, b diff.Change) int {
			return cmp.Or(b.Feed.After.Published.Compare(a.Feed.After.Published), cmp.Compare(a.ID, b.ID))
		})
		s := section{heading: feedHeading(changes[0]), brief: true, fold: len(changes) >= foldFrom}
		for _, c := range changes {
			s.entries = append(s.entries, feedEntry(u, c))
		}
		out = append(out, s)
	}
	return out
}

// feedHeading is what the configuration calls a feed. A heading is not neutralised, so it is letters and digits with
// little between them, and no word that GitHub would make a link of.
func feedHeading(c diff.Change) string {
	_, key, _ := strings.Cut(c.Source, "/")
	for _, name := range []string{c.Feed.Feed, key} {
		words := strings.FieldsFunc(short(name, 80), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-(),.'", r)
		})
		for i, w := range words {
			if w = strings.ReplaceAll(w, "www.", "www "); commitLike.MatchString(w) {
				w = "…"
			}
			words[i] = w
		}
		if h := plainTitle(strings.Join(words, " "), 80); h != "" {
			return h
		}
	}
	return "Feed"
}

// commitLike is a word that GitHub may take for a commit.
var commitLike = regexp.MustCompile(`(?i)[0-9a-f]{7}`)

// feedEntry tells one entry: a vulnerability with what to do, others in one line with date and link.
func feedEntry(u Upstream, c diff.Change) entry {
	item := c.Feed.After
	if item.CVE {
		return vulnerabilityEntry(u, c)
	}
	p := say(feedDate(item.Published)+": ", feedLine(*c.Feed))
	if item.URL != "" {
		p = say(p, " (", linkTo("read it", item.URL), ")")
	}
	if why := whyMine(c); len(why) > 0 {
		p = say(p, " ", why)
	}
	return entry{gates: 1, change: p}
}

// feedDate is the day of an entry.
func feedDate(t time.Time) string {
	if t.IsZero() {
		return "Undated"
	}
	return t.UTC().Format("2 January 2006")
}

// feedLine is what an entry says: its title and how it begins, or the notes of a day that are new.
func feedLine(f diff.FeedChange) phrase {
	item := f.After
	if len(f.Parts) == 0 {
		p := say(quote(sentence(short(item.Title, maxFeedTitle))))
		if s := short(item.Summary, maxFeedSummary); s != "" && !strings.EqualFold(s, short(item.Title, maxFeedSummary)) {
			p = say(p, " ", quote(sentence(s)))
		}
		return p
	}
	p := say(count(len(f.Parts), "note", "notes") + ".")
	if f.Before != nil {
		p = say("the day was written on: " + count(len(f.Parts), "note is new or reworded", "notes are new or reworded") + ".")
	}
	for i, part := range f.Parts {
		if i == maxFeedParts {
			return say(p, " "+count(len(f.Parts)-i, "more note", "more notes")+" there.")
		}
		text := sentence(short(part.Text, maxFeedSummary))
		if kind := short(part.Kind, 60); kind != "" {
			text = strings.TrimSpace(kind + ": " + text)
		}
		p = say(p, " • ", quote(text))
	}
	return p
}

func vulnerabilityEntry(u Upstream, c diff.Change) entry {
	item := c.Feed.After
	e := entry{gates: 1, id: item.ID, about: say(quote(sentence(upper(short(item.Title, 300))))), why: whyMine(c)}
	if was := c.Feed.Before; was != nil {
		e.change = say("Its status is ", bold(statusWords(*item)), " now; it was "+statusWords(*was)+".")
	} else {
		made := ""
		if !item.Published.IsZero() {
			made = ", published " + feedDate(item.Published)
		}
		e.change = say("New in the feed"+made+"; its status is ", bold(statusWords(*item)), ".")
	}
	e.next = step{one: say("Read whether you are affected, and what to do until it is fixed.")}
	if item.Status == "fixed" {
		e.next = step{one: say("Read which versions are affected, and upgrade what runs one of them to a version that mends it.")}
	}
	if item.URL != "" {
		e.proof = append(e.proof, linkTo("issue", item.URL))
	}
	if tags, proof := mendedIn(u, item.ID); len(tags) > 0 {
		e.change = say(e.change, " Mended in "+strings.Join(tags, ", ")+".")
		e.proof = append(e.proof, proof...)
	}
	return e
}

func statusWords(item snapshot.FeedItem) string { return cmp.Or(short(item.Status, 40), "unknown") }

// mendedIn are the new releases of a digest that say they mend a vulnerability.
func mendedIn(u Upstream, id string) (tags []string, proof []span) {
	for _, c := range releasesOf(u) {
		for _, a := range c.Release.Release.Advisories {
			if tag := short(c.Release.Release.Tag, 60); slices.Contains(a.CVEs, id) && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
				proof = append(proof, notesLink(u, c.Release.Release, a.Line, "notes of "+tag)...)
			}
		}
	}
	return tags, proof
}

// toldByFeed reports whether all of some vulnerabilities are told because a feed has news of them.
func toldByFeed(u Upstream, ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(u.Changes, func(c diff.Change) bool { return c.Feed != nil && c.Feed.After.CVE && c.ID == id }) {
			return false
		}
	}
	return len(ids) > 0
}

// feedDocument is an entry of a feed as it is printed.
type feedDocument struct {
	Feed      string             `json:"feed"`
	ID        string             `json:"id"`
	Title     string             `json:"title"`
	URL       string             `json:"url"`
	Summary   string             `json:"summary"`
	Published string             `json:"published"` // RFC 3339, UTC; "" when not known
	CVE       bool               `json:"cve"`
	Status    string             `json:"status"` // of a vulnerability; ""
	Parts     []feedPartDocument `json:"parts"`
}

type feedPartDocument struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// feedDocuments are the two sides of a change as they are printed in JSON; nil where there is none.
func feedDocuments(c diff.FeedChange) (before, after any) {
	doc := func(item *snapshot.FeedItem, parts []snapshot.FeedPart) any {
		d := feedDocument{Feed: c.Feed, ID: item.ID, Title: item.Title, URL: item.URL, Summary: item.Summary, CVE: item.CVE, Status: item.Status, Parts: []feedPartDocument{}}
		if !item.Published.IsZero() {
			d.Published = item.Published.UTC().Format(time.RFC3339)
		}
		for _, p := range parts {
			d.Parts = append(d.Parts, feedPartDocument{Kind: p.Kind, Text: p.Text})
		}
		return d
	}
	if c.Before != nil {
		before = doc(c.Before, c.Before.Parts)
	}
	return before, doc(c.After, c.After.Parts)
}
