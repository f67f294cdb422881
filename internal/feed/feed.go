// Package feed reads RSS, Atom and JSON Feed: bytes in, entries out.
//
// gofeed does the reading, and is only ever handed bytes: fetching is not its business here. What it does not know is
// done around it:
//
//   - A page of HTML, a JSON document that is no feed, an empty answer are named as what they are: a feed that moved
//     behind a login is a page, and not a feed without entries.
//   - What would take all memory is refused before gofeed sees it: deep nesting, masses of elements or entries.
//   - Kubernetes' feed of vulnerabilities says whether one is fixed in a field of its own (JSON) or in an attribute
//     (RSS). Its entries are known by their CVE ids: several may share one issue, and so one address.
//   - A feed with one entry for each day, as Google's release notes are, edits entries in place. They are split into
//     notes, so that what came later can be told.
//   - A body of HTML becomes a short text. Addresses are made whole, and lose what only counts readers.
//
// Nothing is judged here: which entry is new is the business of those who know the last reading.
package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

// ParserVersion is the number of this parser: it rises when the same bytes give other entries.
const ParserVersion = 1

// Feed is what a feed says.
type Feed struct {
	Title   string
	Entries []Entry // in the feed's order
}

// Entry is one entry of a feed.
type Entry struct {
	// ID is the CVE's id of a vulnerability, else the feed's own id, else the link, else title and date. No two
	// entries of one feed share it.
	ID      string
	Title   string // plain text
	URL     string // absolute, http or https; "" for none
	Summary string // plain text, short
	// Published is zero where the feed gives no date that can be read. Updated is zero where it says nothing of it.
	Published, Updated time.Time
	// CVE says that the entry is a vulnerability, Status what became of it: "fixed", "open", "unknown".
	CVE    bool
	Status string
	// Parts are the notes of a day; nil for entries of other kinds.
	Parts []Part
}

// Part is one note of an entry that stands for a day.
type Part struct {
	Kind string // its heading: "Feature"; "" for none
	Text string // plain text, short
	Hash string // of the whole text
}

// Lengths, in runes, of what is kept.
const (
	maxTitle   = 300
	maxSummary = 240
	maxID      = 500
)

// The most that is read of one feed. Real ones are far below; what is above takes memory and no more.
const (
	maxEntries  = 50_000
	maxElements = 500_000
	maxDepth    = 1000
)

// Parse reads a feed. address is where it came from; relative links are resolved by it. Errors are for the one who
// configured the feed.
func Parse(data []byte, address string) (Feed, error) {
	data, err := decoded(data)
	if err != nil {
		return Feed{}, err
	}
	base, err := url.Parse(address)
	if err != nil {
		base = &url.URL{}
	}
	var x extras
	switch {
	case len(data) == 0:
		return Feed{}, errors.New("the answer is empty")
	case data[0] == '{' || data[0] == '[':
		data, x, err = fromJSON(data)
	case data[0] == '<':
		x, err = fromXML(data)
	default:
		err = fmt.Errorf("this is no feed: it begins with %q", short(string(data[:min(len(data), 200)]), 40))
	}
	if err != nil {
		return Feed{}, err
	}
	raw, err := gofeed.NewParser().Parse(bytes.NewReader(data))
	if err != nil {
		return Feed{}, fmt.Errorf("it can't be read as a feed, it may be cut off: %w", err)
	}
	out := Feed{Title: plainTitle(raw.Title), Entries: make([]Entry, 0, len(raw.Items))}
	for i, item := range raw.Items {
		if item == nil {
			continue
		}
		status := ""
		if len(x.status) == len(raw.Items) {
			status = x.status[i]
		}
		out.Entries = append(out.Entries, entryOf(item, base, status))
	}
	distinguish(out.Entries)
	out.Entries = unique(out.Entries)
	return out, nil
}

// cveID is the id of a vulnerability, and nothing else; cveRecord an address of its record.
var (
	cveID     = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,}$`)
	cveRecord = regexp.MustCompile(`^https?://(?:www\.)?cve\.org/CVERecord\?id=(CVE-[0-9]{4}-[0-9]{4,})$`)
)

func entryOf(item *gofeed.Item, base *url.URL, status string) Entry {
	e := Entry{
		Title: plainTitle(item.Title), URL: absolute(item.Link, base),
		Published: date(item.PublishedParsed, item.Published), Updated: date(item.UpdatedParsed, item.Updated),
	}
	guid := fold(item.GUID)
	if e.URL == "" { // a permalink is a link
		e.URL = absolute(guid, &url.URL{})
	}
	body := item.Description
	if strings.TrimSpace(body) == "" {
		body = item.Content
	}
	e.Summary = short(plain(body), maxSummary)
	if e.Published.IsZero() {
		e.Published = e.Updated
	}
	e.ID = limitID(first(guid, e.URL, strings.TrimSpace(e.Title+" "+stamp(e.Published))))
	if id := vulnerability(guid, e.Title); id != "" {
		e.ID, e.CVE, e.Status = id, true, first(strings.ToLower(short(status, 40)), "unknown")
		if e.Title == "" || e.Title == id { // the words are the summary
			e.Title = first(short(plain(item.Description), maxTitle), id)
		}
		e.Summary = ""
		return e
	}
	if day, ok := dayOf(guid, e.URL); ok {
		body := item.Content
		if strings.TrimSpace(body) == "" {
			body = item.Description
		}
		e.Parts, e.Published = parts(body), day // its date moves with each edit
	}
	if e.Title == "" {
		e.Title = first(short(e.Summary, 100), short(e.URL, maxTitle), short(e.ID, maxTitle))
	}
	return e
}

// vulnerability is the CVE's id where an entry is one, and not merely about one.
func vulnerability(guid, title string) string {
	switch m := cveRecord.FindStringSubmatch(guid); {
	case cveID.MatchString(guid):
		return guid
	case m != nil:
		return m[1]
	case cveID.MatchString(title):
		return title
	}
	return ""
}

// dayAnchor is the end of an id or address that stands for a day: "…#August_18_2026".
var dayAnchor = regexp.MustCompile(`#([A-Z][a-z]{2,8}_[0-9]{1,2}_[0-9]{4})$`)

func dayOf(guid, link string) (time.Time, bool) {
	for _, s := range []string{guid, link} {
		if m := dayAnchor.FindStringSubmatch(s); m != nil {
			if t, err := time.Parse("January 2 2006", strings.ReplaceAll(m[1], "_", " ")); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// distinguish gives entries with the same id ids of their own, made of what they say and not of where they stand. Of
// equal ones the first stays.
func distinguish(entries []Entry) {
	count := map[string]int{}
	for _, e := range entries {
		count[e.ID]++
	}
	for i := range entries {
		if e := &entries[i]; count[e.ID] > 1 && !e.CVE {
			e.ID = limitID(e.ID + " " + first(e.URL, e.Title, stamp(e.Published)))
		}
	}
}

// unique are the entries without those that repeat another's id.
func unique(entries []Entry) []Entry {
	seen := map[string]bool{}
	out := make([]Entry, 0, len(entries))
	for _, e := range entries {
		if !seen[e.ID] {
			seen[e.ID] = true
			out = append(out, e)
		}
	}
	return out
}

// limitID keeps an id that nobody can store from being stored whole.
func limitID(id string) string {
	id = strings.ToValidUTF8(id, "\uFFFD")
	if len(id) <= maxID {
		return id
	}
	return strings.ToValidUTF8(id[:maxID/2], "") + " " + hash(id)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// absolute is a link as an address that can be followed, without user, password and the parameters that count
// readers; "" for what is no web address.
func absolute(link string, base *url.URL) string {
	const most = 2000
	link = strings.TrimSpace(link)
	if link == "" || len(link) > most {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	u = base.ResolveReference(u)
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	u.User = nil
	if u.RawQuery != "" {
		var kept []string
		for _, pair := range strings.Split(u.RawQuery, "&") {
			if !strings.HasPrefix(strings.ToLower(pair), "utm_") {
				kept = append(kept, pair)
			}
		}
		u.RawQuery = strings.Join(kept, "&")
	}
	return strings.ToValidUTF8(u.String(), "")
}
