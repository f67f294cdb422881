package report

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// forMail rewrites a page's body, rendered from our own Markdown, for mail programs. Only plain elements without
// attributes stay, and links, cleaned. A link's words never name another place than it leads to, which filters take
// for phishing; and outside of links nothing looks like an address, or a mail program makes a link of it.
func forMail(body, whole string) (string, error) {
	root := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(body), root)
	if err != nil {
		return "", err
	}
	w := mailWriter{whole: whole}
	for _, n := range nodes {
		w.node(n)
	}
	return forLogs(w.b.String()), nil
}

type mailWriter struct {
	b     strings.Builder
	whole string
}

// mailTags are the elements a mail keeps; of any other the content stays.
var mailTags = []atom.Atom{
	atom.P, atom.Br, atom.Ul, atom.Ol, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.Strong, atom.B, atom.Em, atom.Del, atom.Code, atom.Pre, atom.Blockquote, atom.Hr,
}

func (w *mailWriter) node(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		w.b.WriteString(html.EscapeString(unlinked(n.Data, n.Parent != nil && n.Parent.DataAtom == atom.Code)))
	case n.Type != html.ElementNode:
	case n.DataAtom == atom.A:
		w.link(n)
	case !slices.Contains(mailTags, n.DataAtom):
		w.children(n)
	default:
		w.b.WriteString("<" + n.Data + ">")
		w.children(n)
		if n.DataAtom != atom.Br && n.DataAtom != atom.Hr {
			w.b.WriteString("</" + n.Data + ">")
		}
	}
}

func (w *mailWriter) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.node(c)
	}
}

// link writes a link. Where its words name another place, they stand beside it, and it is called what it is.
func (w *mailWriter) link(n *html.Node) {
	href := ""
	for _, a := range n.Attr {
		if a.Key == "href" {
			href = a.Val
		}
	}
	to, ok := href, href != "" && href == w.whole // our own address is as the reader's team set it
	if !ok {
		to, ok = mailLink(href)
	}
	if !ok {
		w.children(n)
		return
	}
	label := textOf(n)
	if strings.Trim(label, zwsp+" ") != "" && honest(label, to) {
		w.b.WriteString(`<a href="` + html.EscapeString(to) + `">`)
		w.asTheyAre(n)
		w.b.WriteString("</a>")
		return
	}
	w.children(n)
	w.b.WriteString(` (<a href="` + html.EscapeString(to) + `">` + html.EscapeString(hostOf(to)) + `</a>)`)
}

// asTheyAre writes what stands in a link: words, some of them code or strong.
func (w *mailWriter) asTheyAre(n *html.Node) {
	for c := range n.ChildNodes() {
		keep := c.Type == html.ElementNode && slices.Contains(mailTags, c.DataAtom)
		switch {
		case c.Type == html.TextNode:
			w.b.WriteString(html.EscapeString(c.Data))
		case keep:
			w.b.WriteString("<" + c.Data + ">")
			w.asTheyAre(c)
			w.b.WriteString("</" + c.Data + ">")
		case c.Type == html.ElementNode:
			w.asTheyAre(c)
		}
	}
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// mailLink makes an address fit for a mail: https, absolute, straight to its page, without what follows a reader
// about. False where that is not possible.
func mailLink(raw string) (string, bool) {
	l, ok := safeLink(raw, false)
	if !ok {
		return "", false
	}
	u, err := url.Parse(l.url)
	if err != nil || u.Host == "" {
		return "", false
	}
	if u.Scheme == "http" {
		if u.Port() != "" && u.Port() != "80" {
			return "", false // what answers there in clear does not encrypt
		}
		u.Scheme, u.Host = "https", u.Hostname()
	}
	if u.Host == redirectHost { // a detour for GitHub's back-links; a mail leaves none
		u.Host = "github.com"
	}
	if u.RawQuery != "" {
		kept := slices.DeleteFunc(strings.Split(u.RawQuery, "&"), func(pair string) bool {
			key, _, _ := strings.Cut(pair, "=")
			return tracks.MatchString(key)
		})
		u.RawQuery = strings.Join(kept, "&")
	}
	return u.String(), true
}

// tracks matches the parameters by which campaigns and advertisers follow a reader.
var tracks = regexp.MustCompile(`(?i)^(utm_.*|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hs(enc|mi)|vero_id|oly_(anon|enc)_id|trk|ref_src|wt_mc)$`)

// siteName matches what a reader or a mail program may take for an address.
var siteName = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*:/*|www\.|@)?((?:[\p{L}\p{N}_-]+\.)+(\p{L}{2,}|xn--[a-z0-9-]+))`)

// fileEnds are ends of files' names in upstream's repositories that are, or look like, domains.
var fileEnds = []string{
	"go", "md", "rst", "yaml", "yml", "json", "txt", "sh", "py", "rs", "proto", "html", "htm", "css", "js", "ts", "toml", "lock", "mod", "sum", "conf", "cfg", "svg",
	"png", "xml", "sql", "cc", "tpl", "tmpl", "gz", "tar", "zip", "log", "service", "sock", "in", "pb", "bash", "ps", "bat", "csv", "pem", "key", "crt",
}

// places are the hosts that words name.
func places(words string) []string {
	var out []string
	for _, m := range siteName.FindAllStringSubmatch(strings.ReplaceAll(words, zwsp, ""), -1) {
		if m[1] == "" && slices.Contains(fileEnds, strings.ToLower(m[3])) {
			continue
		}
		out = append(out, strings.TrimPrefix(strings.ToLower(m[2]), "www."))
	}
	return out
}

// honest reports whether a link's words name no place but the one it leads to.
func honest(label, to string) bool {
	host := hostOf(to)
	for _, m := range schemeHost.FindAllStringSubmatch(strings.ReplaceAll(label, zwsp, ""), -1) {
		if h := strings.TrimPrefix(strings.ToLower(m[1]), "www."); h != host {
			return false // also one that is cut, or no name: "https://192.0.2.1"
		}
	}
	for _, p := range places(label) {
		if p != host && !strings.HasSuffix(host, "."+p) {
			return false
		}
	}
	return true
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// unlinked breaks what a mail program would make a link of. Names in code stay whole, for they are copied; only
// whole addresses are broken there.
func unlinked(words string, code bool) string {
	words = wwwStart.ReplaceAllString(schemeEnd.ReplaceAllString(words, "${1}"+zwsp+"//"), "${1}"+zwsp+".")
	if code {
		return words
	}
	return siteName.ReplaceAllStringFunc(words, func(s string) string {
		m := siteName.FindStringSubmatch(s)
		if m[1] == "" && slices.Contains(fileEnds, strings.ToLower(m[3])) {
			return s
		}
		at := len(s) - len(m[3])
		return s[:at] + zwsp + s[at:]
	})
}

var (
	// schemeHost finds the host after a scheme, whatever stands there.
	schemeHost = regexp.MustCompile(`(?i)[a-z]:/+(?:[^\s/?#]*@)?([^\s/?#:)\]>"']*)`)
	schemeEnd  = regexp.MustCompile(`(?i)([a-z]:)//`)
	wwwStart   = regexp.MustCompile(`(?i)\b(www)\.`)
)

// mailPage puts a body into a page. No colour is set but greys that can be read on any ground: so a program in dark mode
// has nothing to guess. Without its style sheet it is plain headings and lists.
func mailPage(title, body string) string {
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>` + html.EscapeString(title) + `</title>
<style>` + mailStyle + `</style>
</head>
<body>
<div style="max-width:720px;margin:0 auto;padding:4px 12px 24px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;word-wrap:break-word;overflow-wrap:anywhere">
` + body + `</div>
</body>
</html>
`
}

const mailStyle = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 0; }
h2 { font-size: 20px; line-height: 1.3; margin: 30px 0 8px; padding-bottom: 4px; border-bottom: 1px solid #8b949e; }
h3 { font-size: 17px; line-height: 1.3; margin: 24px 0 6px; }
ul { margin: 8px 0; padding-left: 20px; }
li { margin: 0 0 10px; }
code { font-family: SFMono-Regular, Menlo, Consolas, monospace; font-size: 14px; }
blockquote { margin: 12px 0; padding: 2px 14px; border-left: 4px solid #b8860b; }
hr { border: 0; border-top: 1px solid #8b949e; margin: 32px 0 12px; }
hr ~ ul, hr ~ p { font-size: 14px; }
`
