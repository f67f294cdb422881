package changelog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// JSONNote is one entry of sig-release's release-notes-draft.json.
type JSONNote struct {
	PR             int            `json:"pr"`
	Text           string         `json:"text"`
	Author         string         `json:"author,omitempty"`
	Kinds          []string       `json:"kinds,omitempty"` // as [Note] has them
	SIGs           []string       `json:"sigs,omitempty"`
	ActionRequired bool           `json:"action_required,omitempty"`
	DoNotPublish   bool           `json:"do_not_publish,omitempty"` // such a note is not in the changelog
	Links          []DocumentLink `json:"links,omitempty"`
}

// DocumentLink is a link that the author of a pull request gave to its documentation.
type DocumentLink struct {
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	Type        string `json:"type,omitempty"` // "KEP", "official", "external", as upstream sorted it
	// KEP is the proposal's number where the address holds one. Of upstream's links of type KEP every eleventh names
	// a pull request instead, and links of type external name proposals too.
	KEP string `json:"kep,omitempty"`
}

// KEPs are the numbers of the proposals that the note links, in its order.
func (n JSONNote) KEPs() []string {
	var found []string
	for _, l := range n.Links {
		if l.KEP != "" {
			found = union(found, []string{l.KEP})
		}
	}
	return found
}

// jsonNote has what is read of an entry. Upstream leaves out what is empty; nothing is required.
type jsonNote struct {
	Text           string   `json:"text"`
	Author         string   `json:"author"`
	PRNumber       int      `json:"pr_number"`
	Kinds          []string `json:"kinds"`
	SIGs           []string `json:"sigs"`
	ActionRequired bool     `json:"action_required"`
	DoNotPublish   bool     `json:"do_not_publish"`
	Documentation  []struct {
		Description string `json:"description"`
		URL         string `json:"url"`
		Type        string `json:"type"`
	} `json:"documentation"`
}

// ParseJSON reads release notes as JSON: an object by pull request. They come sorted by number. An entry's own
// number counts, for a key was mistyped in 1.32. Errors name the line, or the entry.
func ParseJSON(name string, src []byte) ([]JSONNote, error) {
	if len(src) > MaxFile {
		return nil, fmt.Errorf("%s: has %d bytes, more than the %d that release notes may have", name, len(src), MaxFile)
	}
	first, line := firstLine(string(src))
	switch {
	case first == "":
		return nil, fmt.Errorf("%s:1: the file is empty, release notes as JSON were expected", name)
	case looksLikeHTML(first):
		return nil, fmt.Errorf("%s:%d: this is a web page, not release notes: read the raw file", name, line)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(src, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + bytes.Count(src[:min(int(syntax.Offset), len(src))], []byte("\n"))
			return nil, fmt.Errorf("%s:%d: no JSON, or cut off: %w", name, line, err)
		}
		return nil, fmt.Errorf("%s:%d: not an object of notes by pull request: %w", name, line, err)
	}
	if raw == nil {
		return nil, fmt.Errorf("%s:%d: not an object of notes by pull request, but null", name, line)
	}
	notes := make([]JSONNote, 0, len(raw))
	seen := map[int]string{}
	for key, entry := range raw {
		var j jsonNote
		if err := json.Unmarshal(entry, &j); err != nil {
			return nil, fmt.Errorf("%s: entry %q: %w", name, key, err)
		}
		pr := j.PRNumber
		if pr <= 0 {
			pr, _ = strconv.Atoi(key)
		}
		if pr <= 0 {
			return nil, fmt.Errorf("%s: entry %q: neither its key nor pr_number is the number of a pull request", name, key)
		}
		if other, ok := seen[pr]; ok {
			return nil, fmt.Errorf("%s: entries %q and %q are both of pull request %d", name, min(key, other), max(key, other), pr)
		}
		seen[pr] = key
		notes = append(notes, j.note(pr))
	}
	slices.SortFunc(notes, func(a, b JSONNote) int { return a.PR - b.PR })
	return notes, nil
}

func (j jsonNote) note(pr int) JSONNote {
	n := JSONNote{PR: pr, Text: clean(j.Text), Author: j.Author, ActionRequired: j.ActionRequired, DoNotPublish: j.DoNotPublish}
	for _, k := range j.Kinds {
		n.Kinds = union(n.Kinds, []string{kindOf(k)})
	}
	for _, s := range j.SIGs {
		n.SIGs = union(n.SIGs, sigNames(s))
	}
	for _, d := range j.Documentation {
		n.Links = append(n.Links, DocumentLink{Description: d.Description, URL: d.URL, Type: d.Type, KEP: KEPNumber(d.URL)})
	}
	return n
}

// kindOf gives a label's kind as headings have it: those of one heading are one kind.
func kindOf(label string) string {
	switch label {
	case "regression":
		return "bug"
	case "flake":
		return "cleanup"
	}
	return label
}

// KEPNumber gives the number of the proposal that an address names, "" where there is none. A pull request of
// kubernetes/enhancements has a number that is no proposal's, and so have old files ("0009-…", "20190226-…").
func KEPNumber(url string) string {
	if i := strings.Index(url, "kep.k8s.io/"); i >= 0 && i <= len("https://") {
		return proposal(strings.TrimPrefix(url[i+len("kep.k8s.io/"):], "KEP-"), false)
	}
	if repo, kind, n, ok := ticketOf(url); ok {
		if kind == "issues" && (repo == "kubernetes/enhancements" || repo == "kubernetes/features") {
			return strconv.Itoa(n)
		}
		return ""
	}
	_, path, ok := strings.Cut(url, "/keps/")
	if !ok || !strings.Contains(url, "/enhancements/") {
		return ""
	}
	if strings.Contains(url, "/pull/") || strings.Contains(url, "/commit/") {
		return ""
	}
	for part := range strings.SplitSeq(path, "/") {
		if n := proposal(part, true); n != "" {
			return n
		}
	}
	return ""
}

// proposal reads a proposal's number in front of s; dashed, it must be followed by a hyphen, as in the name of a
// folder. A number with a leading zero is of the numbering before 2019.
func proposal(s string, dashed bool) string {
	n, end := numberAt(s, 0)
	if n == 0 || end > 5 || s[0] == '0' || dashed && (end >= len(s) || s[end] != '-') {
		return ""
	}
	if end < len(s) && (isLetter(s[end]) || s[end] == '_') {
		return ""
	}
	return s[:end]
}
