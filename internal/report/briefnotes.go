package report

import (
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// BriefNotes are the release notes of a brief. Those that ask for action are told. The zero value tells nothing,
// not even that they are missing.
type BriefNotes struct {
	Releases []snapshot.Release // those that were read, in the order in which an upgrade passes them
	Source   string             // "kubernetes/kubernetes at HEAD (1234567)"
	WebURL   string             // of the repository, for links
	Missing  string             // why not all is here and how to get it: "add --notes"; "" where all is
}

// urgent are the releases that ask for something, with only the notes that do.
func (n BriefNotes) urgent() []diff.ReleaseChange {
	var out []diff.ReleaseChange
	for _, r := range n.Releases {
		rc := diff.ReleaseChange{Release: r}
		for _, note := range r.Notes {
			if note.ActionRequired {
				note.First = "" // where it stood before is no matter of an upgrade
				rc.Notes = append(rc.Notes, diff.ReleaseNote{Note: note})
			}
		}
		if len(rc.Notes) > 0 {
			out = append(out, rc)
		}
	}
	return out
}

// sections are what each release asks for.
func (n BriefNotes) sections() []section {
	u := Upstream{UpstreamResult: diff.UpstreamResult{WebURL: n.WebURL}}
	var out []section
	for _, rc := range n.urgent() {
		if s, ok := urgentSection(u, rc); ok {
			out = append(out, s)
		}
	}
	return out
}

// steps say what to do with them.
func (n BriefNotes) steps() []entry {
	var out []entry
	total := 0
	var tags []string
	for _, rc := range n.urgent() {
		total += len(rc.Notes)
		tags = append(tags, short(rc.Release.Tag, 60))
	}
	switch {
	case total == 1:
		out = append(out, entry{change: say("Do what the urgent release note of " + tags[0] + " below asks for.")})
	case total > 1:
		out = append(out, entry{change: say("Do what the " + strconv.Itoa(total) + " urgent release notes of " + enumerate(tags) + " below ask for.")})
	}
	if s := n.missing(); s != "" {
		out = append(out, entry{change: say(s)})
	}
	return out
}

// missing says in a sentence what is not here.
func (n BriefNotes) missing() string {
	switch {
	case n.Missing == "":
		return ""
	case len(n.Releases) == 0:
		return "The urgent release notes are not in here: " + sentence(short(n.Missing, 500))
	}
	return "Not all urgent release notes are in here: " + sentence(short(n.Missing, 500))
}

// enumerate is "a, b and c".
func enumerate(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

func (n BriefNotes) foot() []phrase {
	if n.Source == "" {
		return nil
	}
	var tags []string
	for _, r := range n.Releases {
		tags = append(tags, short(r.Tag, 60))
	}
	if len(tags) == 0 {
		return nil
	}
	return []phrase{say("Release notes of " + enumerate(tags) + ": " + short(n.Source, 200) + ".")}
}

type briefNotesDocument struct {
	Source   string                 `json:"source"`
	Missing  string                 `json:"missing"`
	Read     []string               `json:"read"`
	Releases []briefReleaseDocument `json:"releases"`
}

type briefReleaseDocument struct {
	Tag   string              `json:"tag"`
	Notes []briefNoteDocument `json:"notes"`
}

type briefNoteDocument struct {
	Text  string   `json:"text"`
	PRs   []int    `json:"prs"`
	Links []string `json:"links"`
	SIGs  []string `json:"sigs"`
}

func (n BriefNotes) document() briefNotesDocument {
	u := Upstream{UpstreamResult: diff.UpstreamResult{WebURL: n.WebURL}}
	out := briefNotesDocument{Source: n.Source, Missing: n.missing(), Read: []string{}, Releases: []briefReleaseDocument{}}
	for _, r := range n.Releases {
		out.Read = append(out.Read, r.Tag)
	}
	for _, rc := range n.urgent() {
		r := briefReleaseDocument{Tag: rc.Release.Tag}
		for _, note := range rc.Notes {
			d := briefNoteDocument{Text: note.Text, PRs: list(note.PRs), Links: []string{}, SIGs: list(note.SIGs)}
			for _, pr := range note.PRs {
				d.Links = append(d.Links, prLink(u, pr).url)
			}
			r.Notes = append(r.Notes, d)
		}
		out.Releases = append(out.Releases, r)
	}
	return out
}
