package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/kep"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Texts of notes longer than these are cut; the pull request behind has them whole.
const (
	maxUrgentNote = 1500
	maxNote       = 320
)

// releaseShelves are the sections of what new releases bring: what to do before an upgrade, the releases
// themselves, and their notes by kind.
func releaseShelves(u Upstream) (urgent, rest []section) {
	var releases section
	var notes []toldNote
	releases.heading, releases.brief = "Releases", true
	for _, c := range releasesOf(u) {
		rc := c.Release
		releases.entries = append(releases.entries, releaseEntry(u, c))
		if s, ok := urgentSection(u, *rc); ok {
			urgent = append(urgent, s)
		}
		for _, n := range rc.Notes {
			if !n.ActionRequired && len(n.Gates) == 0 {
				notes = addNote(notes, rc.Release.Tag, n)
			}
		}
	}
	if len(releases.entries) == 0 {
		return nil, nil
	}
	if s := securitySection(u); len(s.entries) > 0 {
		urgent = slices.Insert(urgent, 0, s)
	}
	releases.fold = len(releases.entries) >= foldFrom
	rest = append(rest, releases)
	several := len(releases.entries) > 1
	for _, k := range noteKinds {
		s := section{heading: k.heading, brief: true}
		for _, n := range notes {
			if noteKind(n.note) == k.kind {
				s.entries = append(s.entries, noteEntry(u, n, several))
			}
		}
		if len(s.entries) > 0 {
			s.fold = k.fold || len(s.entries) >= foldFrom
			rest = append(rest, s)
		}
	}
	return urgent, rest
}

// releasesOf are the changes of releases, the highest version first.
func releasesOf(u Upstream) []diff.Change {
	var out []diff.Change
	for _, c := range u.Changes {
		if c.Release != nil {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b diff.Change) int { return gate.CompareVersions(b.ID, a.ID) })
	return out
}

// noteKinds are the kinds of notes in reading order. The last takes what has none of the others.
var noteKinds = []struct {
	kind, heading string
	fold          bool
}{
	{"deprecation", "Release notes: deprecations", false},
	{"api-change", "Release notes: changes of the API", false},
	{"feature", "Release notes: features", false},
	{"", "Release notes: the rest", true},
}

func noteKind(n diff.ReleaseNote) string {
	for _, k := range noteKinds {
		if slices.Contains(n.Kinds, k.kind) {
			return k.kind
		}
	}
	return ""
}

// toldNote is a note with all the releases that have it: what is picked into several patch releases has other
// pull requests there, and the same words.
type toldNote struct {
	note diff.ReleaseNote
	tags []string
}

func addNote(notes []toldNote, tag string, n diff.ReleaseNote) []toldNote {
	i := slices.IndexFunc(notes, func(x toldNote) bool { return x.note.Text == n.Text })
	if i < 0 {
		return append(notes, toldNote{n, []string{tag}})
	}
	if !slices.Contains(notes[i].tags, tag) {
		notes[i].tags = append(notes[i].tags, tag)
	}
	return notes
}

func noteEntry(u Upstream, n toldNote, several bool) entry {
	p := say(quote(noteText(n.note.Text, maxNote)))
	var more []phrase
	for _, pr := range n.note.PRs {
		more = append(more, phrase{prLink(u, pr)})
	}
	for _, k := range n.note.KEPs {
		more = append(more, phrase{linkTo("KEP-"+short(k, 12), kep.URL(k))})
	}
	if several {
		more = append(more, say(strings.Join(shortAll(n.tags), ", ")))
	}
	for i, m := range more {
		switch i {
		case 0:
			p = say(p, " (", m)
		default:
			p = say(p, ", ", m)
		}
	}
	if len(more) > 0 {
		p = say(p, ")")
	}
	return entry{gates: 1, change: p}
}

func shortAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = short(s, 60)
	}
	return out
}

// plainVersion is a tag of which nothing can be made but a version.
var plainVersion = regexp.MustCompile(`^v?[0-9]{1,6}(\.[0-9]{1,6}){1,3}(-[a-z]{1,6}\.[0-9]{1,6})?$`)

// urgentSection is what a release asks of its users before they upgrade.
func urgentSection(u Upstream, rc diff.ReleaseChange) (section, bool) {
	s := section{heading: "Before you upgrade", own: true, alarm: true}
	if plainVersion.MatchString(rc.Release.Tag) { // a heading is not neutralised
		s.heading += " to " + rc.Release.Tag
	}
	for _, n := range rc.Urgent() {
		p := say(quote(noteText(n.Text, maxUrgentNote)))
		for i, pr := range n.PRs {
			p = say(p, []string{" (", ", "}[min(i, 1)], prLink(u, pr))
		}
		if len(n.PRs) > 0 {
			p = say(p, ")")
		}
		if n.First != "" {
			p = say(p, " It stood in the notes of v"+short(n.First, 40)+" before.")
		}
		s.entries = append(s.entries, entry{gates: 1, change: p})
	}
	return s, len(s.entries) > 0
}

// securitySection lists the vulnerabilities that new releases mend, each once with all of these releases.
func securitySection(u Upstream) section {
	type mended struct {
		title string
		tags  []string
		proof []span
	}
	var order []string
	all := map[string]*mended{}
	for _, c := range releasesOf(u) {
		for _, a := range c.Release.Release.Advisories {
			if toldByFeed(u, a.CVEs) { // with the releases that mend it
				continue
			}
			key := advisoryKey(a)
			m := all[key]
			if m == nil {
				m = &mended{title: a.Title}
				all[key], order = m, append(order, key)
			}
			if tag := short(c.Release.Release.Tag, 60); !slices.Contains(m.tags, tag) {
				m.tags = append(m.tags, tag)
				m.proof = append(m.proof, notesLink(u, c.Release.Release, a.Line, "notes of "+tag)...)
			}
		}
	}
	slices.Sort(order)
	s := section{heading: "Vulnerabilities mended", own: true, alarm: true}
	for _, key := range order {
		m := all[key]
		s.entries = append(s.entries, entry{
			gates: 1, id: key, about: say(quote(sentence(upper(short(m.title, 300))))), change: say("Mended in " + strings.Join(m.tags, ", ") + "."),
			next: step{one: say("Upgrade what runs an older patch release of the same minor; the notes say who is affected.")}, proof: m.proof,
		})
	}
	return s
}

// nested begins a bullet within a note.
var nested = regexp.MustCompile(`\n\s*[-*+]\s+`)

// noteText is a note on one line, its inner list set off by dots.
func noteText(text string, most int) string {
	return sentence(short(nested.ReplaceAllString(text, " • "), most))
}

// advisoryKey tells vulnerabilities apart: by their ids, by the title where there are none.
func advisoryKey(a changelog.Advisory) string { return cmp.Or(strings.Join(a.CVEs, ", "), a.Title) }

// notesLink leads to a line of a release's notes.
func notesLink(u Upstream, r snapshot.Release, line int, label string) []span {
	for _, s := range u.Sections {
		if s.Source == snapshot.SourceReleases && r.State == snapshot.NotesRead && r.File != "" {
			return []span{linkTo(label, blobURL(s.WebURL, s.To.SHA, r.File, line))}
		}
	}
	return nil
}

// releaseEntry tells of a release: what it is, and how much its notes say.
func releaseEntry(u Upstream, c diff.Change) entry {
	r := c.Release.Release
	e := entry{
		gates: 1, id: r.Tag,
		about: say(releaseWords(r) + ", " + r.Published.UTC().Format("2 January 2006") + "."), change: notesWords(*c.Release),
	}
	if r.Published.IsZero() { // only its notes are known
		e.about = say(releaseWords(r) + ".")
	}
	if c.Has(diff.ReleaseNotes) {
		e.about = say("Its notes are there now.")
	}
	if l := linkTo("release", r.URL); r.URL != "" {
		e.proof = append(e.proof, l)
	}
	e.proof = append(e.proof, notesLink(u, r, r.Line, "notes")...)
	return e
}

func releaseWords(r snapshot.Release) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.Tag, "v"), ".")
	switch {
	case r.Prerelease:
		return "Pre-release"
	case strings.HasSuffix(rest, ".0"):
		return "New minor release"
	}
	return "Patch release"
}

// notesWords counts the notes of a release. Every note is counted once.
func notesWords(rc diff.ReleaseChange) phrase {
	r := rc.Release
	switch r.State {
	case snapshot.NotesPending:
		return say("Its notes are not written yet; they are told when they are.")
	case snapshot.NotesUnread:
		if r.File == "" && r.URL != "" {
			return say("Its notes stand with the release.")
		}
		return say("Its notes were not read.")
	}
	if len(r.Notes) == 0 {
		return say("It has no notes.")
	}
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, count(n, one, many))
		}
	}
	urgent, withGate := 0, 0
	kinds := map[string]int{}
	for _, n := range rc.Notes {
		switch {
		case len(n.Gates) > 0:
			withGate++
		case n.ActionRequired:
			urgent++
		default:
			kinds[noteKind(n)]++
		}
	}
	if kinds[""] == len(r.Notes) {
		return say(count(len(r.Notes), "note", "notes") + ".")
	}
	add(urgent, "asks for action before you upgrade", "ask for action before you upgrade")
	add(withGate, "is told with its gate", "are told with their gates")
	add(kinds["deprecation"], "deprecation", "deprecations")
	add(kinds["api-change"], "change of the API", "changes of the API")
	add(kinds["feature"], "feature", "features")
	add(kinds[""], "other", "others")
	add(rc.InFinal, "is told in the words of the final release", "are told in the words of the final release")
	add(rc.Before, "stood in the notes of an earlier pre-release", "stood in the notes of earlier pre-releases")
	return say(count(len(r.Notes), "note", "notes") + ": " + strings.Join(parts, ", ") + ".")
}

// readWords says what was read of a release's notes, down to the last bullet.
func readWords(r snapshot.Release) string {
	if r.State != snapshot.NotesRead {
		return ""
	}
	total := 0
	var why []string
	for _, s := range r.Skipped {
		total += s.Count
		why = append(why, fmt.Sprintf("%s %d", short(s.Reason, 60), s.Count))
	}
	line := short(r.Tag, 60) + ": " + count(len(r.Notes), "note", "notes")
	if total > 0 {
		line += " and " + count(total, "bullet", "bullets") + " that are no notes (" + strings.Join(why, ", ") + ")"
	}
	return line
}

func prLink(u Upstream, pr int) span {
	n := strconv.Itoa(pr)
	return linkTo("#"+n, strings.TrimRight(u.WebURL, "/")+"/pull/"+n)
}

// maxGateNotes is how many notes of one gate are told; more were never seen.
const maxGateNotes = 6

// noteWords are upstream's own notes of what happened to a gate, each wording once, of the highest release first.
func noteWords(g *diff.GateChange) phrase {
	if g == nil {
		return nil
	}
	notes := slices.Clone(g.Notes)
	slices.SortStableFunc(notes, func(a, b diff.GateNote) int { return gate.CompareVersions(b.Tag, a.Tag) })
	var out phrase
	seen := map[string]bool{}
	for _, n := range notes {
		text := noteText(n.Note.Text, maxNote)
		if seen[text] {
			continue
		}
		seen[text] = true
		if len(seen) > maxGateNotes {
			continue
		}
		if len(out) > 0 {
			out = say(out, " ")
		}
		out = say(out, "Note of "+short(n.Tag, 60)+": ", quote(text))
	}
	if more := len(seen) - maxGateNotes; more > 0 {
		out = say(out, " "+count(more, "more note names", "more notes name")+" it; its release has them.")
	}
	return out
}
