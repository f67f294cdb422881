// Package changelog reads Kubernetes' CHANGELOG-1.X.md, of all eras from 1.2 to today, and the release-notes JSON
// of sig-release. It is pure: bytes in, values out.
//
// # What is a note
//
// A section begins at a heading "# v1.2.3" or "# v1.2.3-beta.1"; other first-level headings stand inside one. In a file
// without such a heading it is "## v1.2.3" that begins one, as in the changelogs of other projects. In a
// section each top-level bullet, with all that is nested in it or continues it, is exactly one of these:
//
//   - a [Note];
//   - a duplicate: the same words with the same pull requests were listed before, mostly under another kind;
//   - skipped, with the reason: tables of contents, downloads, dependency lists, themes told in prose, advisories.
//
// So [Section.Bullets] is their sum, and a test counts the bullets a second time by other means. A bullet that is
// indented by one blank is a top-level one: from 1.19 on all urgent notes but the first are.
//
// # Whose pull request
//
// A note's own pull requests are those its reference names: a parenthesis of links at the end of the note, or of a
// line in it (upstream sets it behind the last nested bullet, or behind the first line, or behind each). A bare
// "(#1, @amy)" counts only where no linked one stands. What else is linked is in Refs.
//
// # What holds for all
//
// Third-party text is read, never obeyed or executed. Work is linear in the input. A file that is no changelog is an
// error, never "no notes". What can't be sorted in is a note: it is better to tell too much than to lose one.
package changelog

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ParserVersion rises whenever the same bytes would be read as other values.
const ParserVersion = 1

// MaxFile is the largest file that is read, in bytes. Upstream's largest has less than 1 MB.
const MaxFile = 16 << 20

// File is one CHANGELOG-1.X.md.
type File struct {
	Sections []Section `json:"sections"` // in the file's order, which is newest first
	// Skipped are the bullets above the first section: the table of contents.
	Skipped []Skip `json:"skipped,omitempty"`
}

// Section is what the file says of one release.
type Section struct {
	Version    string     `json:"version"` // "1.36.0-beta.1", no v
	Line       int        `json:"line"`    // of its heading, from 1
	Notes      []Note     `json:"notes,omitempty"`
	Skipped    []Skip     `json:"skipped,omitempty"`
	Duplicates []Skip     `json:"duplicates,omitempty"` // listed before in this section; the Note there has their kinds too
	Advisories []Advisory `json:"advisories,omitempty"`
}

// Bullets is the number of top-level bullets of the section.
func (s Section) Bullets() int { return len(s.Notes) + len(s.Duplicates) + len(s.Skipped) }

// Note is one entry of a section.
type Note struct {
	// Text is the note's Markdown, de-indented, with its nested bullets and continuation lines, without reference,
	// author and SIG tag. Where several lines have references to different pull requests, these stay.
	Text string `json:"text"`
	// PRs are the pull requests of kubernetes/kubernetes that the note's reference names, in its order.
	PRs  []int    `json:"prs,omitempty"`
	Refs []string `json:"refs,omitempty"` // all other issues and pull requests it links: "kubernetes/enhancements#1234"
	// KEPs are numbers of proposals, as text. Parse leaves them empty: they stand in the JSON.
	KEPs   []string `json:"keps,omitempty"`
	Author string   `json:"author,omitempty"` // login, no @
	SIGs   []string `json:"sigs,omitempty"`   // "api-machinery", in the tag's order; editors often drop the tag in finals
	// Kinds are "deprecation", "api-change", "feature", "documentation", "failing-test", "bug", "cleanup",
	// "dependency", "design", from the nearest heading that names one. None in eras that had no kinds.
	Kinds   []string `json:"kinds,omitempty"`
	Heading []string `json:"heading,omitempty"` // the headings it stands under within the section, outermost first
	// Urgent says that it stands under Urgent Upgrade Notes, Action Required or Before Upgrading.
	Urgent bool `json:"urgent,omitempty"`
	// ActionRequired says that it is urgent or has the marker, wherever that hides.
	ActionRequired bool `json:"action_required,omitempty"`
	Line           int  `json:"line"`
}

// Skip is a top-level bullet that is no note of its own.
type Skip struct {
	Line   int    `json:"line"`
	Text   string `json:"text"` // its beginning
	Reason string `json:"reason"`
}

// Reasons of a [Skip].
const (
	ReasonContents   = "table of contents"
	ReasonDownloads  = "downloads"
	ReasonDependency = "dependency list"
	ReasonTheme      = "theme told in prose"
	ReasonReleases   = "list of releases"
	ReasonAdvisory   = "part of a security advisory"
	ReasonInner      = "list inside the note above"
	ReasonTemplate   = "pull request template without a note"
	ReasonEmpty      = "empty"
	ReasonDuplicate  = "listed before"
)

// Advisory is a vulnerability that a patch release tells in a section of its own.
type Advisory struct {
	CVEs  []string `json:"cves"`
	Title string   `json:"title"` // without the ids
	Line  int      `json:"line"`
}

// Parse reads a changelog. The name is for errors, which say the line too. An empty file, a web page, and a file
// without any section are errors.
func Parse(name string, src []byte) (File, error) {
	if len(src) > MaxFile {
		return File{}, fmt.Errorf("%s: has %d bytes, more than the %d a changelog may have", name, len(src), MaxFile)
	}
	text := clean(string(src))
	first, line := firstLine(text)
	switch {
	case first == "":
		return File{}, fmt.Errorf("%s:1: the file is empty, a changelog was expected", name)
	case looksLikeHTML(first):
		return File{}, fmt.Errorf("%s:%d: this is a web page, not a changelog: read the raw file", name, line)
	}
	r := &reader{src: text, top: 1}
	r.read()
	if len(r.file.Sections) == 0 {
		r = &reader{src: text, top: 2}
		r.read()
	}
	if len(r.file.Sections) == 0 {
		return File{}, fmt.Errorf("%s:%d: no section: none of the %d lines is a heading like \"# v1.36.0\"", name, line, r.line)
	}
	return r.file, nil
}

// clean makes valid text of one kind of line end, without the invisible characters that editors paste: they would
// hide a bullet or split a word.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	for _, zeroWidth := range []string{"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"} {
		s = strings.ReplaceAll(s, zeroWidth, "")
	}
	return strings.ReplaceAll(s, "\u00a0", " ")
}

func firstLine(s string) (line string, number int) {
	for l := range strings.SplitSeq(s, "\n") {
		number++
		if l = strings.TrimSpace(l); l != "" {
			return l, number
		}
	}
	return "", 1
}

func looksLikeHTML(line string) bool {
	line = strings.ToLower(line)
	for _, start := range []string{"<!doctype", "<html", "<?xml", "<head", "<body"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
