package feed

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// plain is the text of a piece of HTML, one space between words.
func plain(source string) string {
	if !strings.ContainsAny(source, "<&") {
		return fold(source)
	}
	var b strings.Builder
	walk(source, func(t html.Token) { b.WriteString(t.Data) }, func(html.Token) { b.WriteByte(' ') })
	return fold(b.String())
}

// inline elements break no word.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "code": true, "em": true, "i": true, "kbd": true, "mark": true, "s": true, "small": true,
	"span": true, "strong": true, "sub": true, "sup": true, "tt": true, "u": true, "var": true,
}

// walk goes through a piece of HTML: its texts, but those that nobody sees, and the tags that part them.
func walk(source string, said func(html.Token), parted func(html.Token)) {
	z := html.NewTokenizer(strings.NewReader(source))
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden == "" {
				said(z.Token())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			t := z.Token()
			switch {
			case t.Data == "script" || t.Data == "style" || t.Data == "template":
				if hidden == "" && t.Type == html.StartTagToken {
					hidden = t.Data
				} else if t.Type == html.EndTagToken && hidden == t.Data {
					hidden = ""
				}
			case hidden == "" && !inline[t.Data]:
				parted(t)
			}
		}
	}
}

// tag is what a title may hold of HTML. Other things between angle brackets are words: "List<String>".
var tag = regexp.MustCompile(`(?i)</?(?:a|abbr|b|br|code|em|i|kbd|mark|p|small|span|strong|sub|sup|tt|u)(?:\s[^<>]*)?/?>`)

// plainTitle is a title without the HTML in it.
func plainTitle(s string) string {
	return short(html.UnescapeString(tag.ReplaceAllString(s, "")), maxTitle)
}

// fold makes one line of a text.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
}

// short is at most n runes of a text on one line, cut between words where that is near.
func short(s string, n int) string {
	if len(s) > 64*n+1024 { // of megabytes only the beginning is looked at
		s = strings.ToValidUTF8(s[:64*n+1024], "")
	}
	s = fold(s)
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)*3/4 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.-") + "…"
}

// maxParts is how many notes one day is split into; the last takes the rest.
const maxParts = 100

// parts splits the notes of a day at their headings. What stands below a heading of a lower rank belongs to the note.
func parts(source string) []Part {
	type note struct{ kind, text strings.Builder }
	notes := []*note{{}}
	rank, heading := "", false
	last := func() *note { return notes[len(notes)-1] }
	walk(source, func(t html.Token) {
		if heading {
			last().kind.WriteString(t.Data)
		} else {
			last().text.WriteString(t.Data)
		}
	}, func(t html.Token) {
		if len(t.Data) == 2 && t.Data[0] == 'h' && t.Data[1] >= '1' && t.Data[1] <= '6' && (rank == "" || t.Data == rank) {
			rank = t.Data
			if heading = t.Type == html.StartTagToken; heading && len(notes) < maxParts {
				notes = append(notes, &note{})
			}
			return
		}
		last().text.WriteByte(' ')
	})
	var out []Part
	for _, n := range notes {
		kind, text := short(n.kind.String(), 60), fold(n.text.String())
		if kind != "" || text != "" {
			out = append(out, Part{Kind: kind, Text: short(text, maxSummary), Hash: hash(kind + "\n" + text)})
		}
	}
	return out
}

// pageTitle is the title of a page of HTML.
var pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// looksHTML looks at the beginning of a document.
func looksHTML(data []byte) bool {
	head := bytes.ToLower(data[:min(len(data), 4096)])
	return bytes.Contains(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<head>")) || bytes.Contains(head, []byte("<body"))
}

// htmlPage says that a page came instead of a feed, and which.
func htmlPage(data []byte) error {
	title := "it has no title"
	if m := pageTitle.FindSubmatch(data[:min(len(data), 64<<10)]); m != nil {
		title = fmt.Sprintf("its title is %q", short(html.UnescapeString(string(m[1])), 80))
	}
	return fmt.Errorf("this is an HTML page, not a feed: %s; the feed may have moved, or ask for a login", title)
}
