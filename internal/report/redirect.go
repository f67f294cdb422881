package report

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/kep"
)

// redirectHost is GitHub's own host for links that must leave no back-link on their target.
const redirectHost = "redirect.github.com"

// maxURL bounds an address that is shown: longer ones are hostile or useless.
const maxURL = 1000

// ticketPath matches the path of an issue, pull request or discussion.
var ticketPath = regexp.MustCompile(`(?i)^/([^/]+)/([^/]+)/(issues?|pulls?|discussions?)/([0-9]+)(.*)$`)

// link is an address that is safe to print.
type link struct {
	url string
	// ticket is "owner/repo#N" where the address is of an issue, pull request or discussion, else "".
	ticket string
}

// safeLink reads an address of upstream's and writes it anew, from known parts and characters only. It
// reports false for what is no absolute http(s) address. With redirect set, the links that GitHub would
// answer with a back-link go to redirect.github.com, the ones that already do stay, and those of the same
// form on other hosts are refused.
func safeLink(raw string, redirect bool) (link, bool) {
	if len(raw) > 8*maxURL {
		return link{}, false
	}
	raw = clean(raw)
	if archived, ok := kep.ArchiveURL(raw); ok {
		raw = archived // old notes and comments link to where design proposals lay before they were archived
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return link{}, false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(strings.TrimRight(u.Host, "."))
	if (scheme != "http" && scheme != "https") || !validHost.MatchString(host) {
		return link{}, false
	}
	out := link{}
	escaped := u.EscapedPath()
	if isGitHub(strings.TrimRight(u.Hostname(), ".")) {
		clean := path.Clean("/" + u.Path)
		if m := ticketPath.FindStringSubmatch(clean); m != nil {
			out.ticket = m[1] + "/" + m[2] + "#" + m[4]
			if strings.EqualFold(m[1], "orgs") { // an organisation's discussion
				out.ticket = m[2] + "#" + m[4]
			}
			if redirect {
				scheme, host = "https", redirectHost
			}
			escaped = (&url.URL{Path: clean}).EscapedPath()
		} else if redirect && ticketPath.MatchString(u.Path) {
			return link{}, false // "/./b/issues/1": who knows how it is read
		}
	} else if redirect && ticketPath.MatchString(path.Clean("/"+u.Path)) {
		// It may be of the server that the digest is filed on, which has no host for redirects.
		return link{}, false
	}
	var b strings.Builder
	b.WriteString(scheme + "://" + host)
	writeURL(&b, escaped)
	if u.RawQuery != "" {
		b.WriteByte('?')
		writeURL(&b, u.RawQuery)
	}
	if f := u.EscapedFragment(); f != "" {
		b.WriteByte('#')
		writeURL(&b, f)
	}
	out.url = b.String()
	return out, len(out.url) <= maxURL
}

var validHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)

func isGitHub(host string) bool {
	switch strings.ToLower(host) {
	case "github.com", "www.github.com", "to.github.com", redirectHost:
		return true
	}
	return false
}

// writeURL keeps the characters that mean nothing to Markdown and HTML and percent-encodes the rest;
// what is encoded already stays.
func writeURL(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/?#,=:+%", c) >= 0:
			b.WriteByte(c)
		case c == '&':
			b.WriteByte(c)
		default:
			b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
}

// blobURL is the address of a line of a file at a commit; "" when a part of it is not known.
func blobURL(webURL, sha, file string, line int) string {
	if webURL == "" || sha == "" || file == "" {
		return ""
	}
	u := strings.TrimRight(webURL, "/") + "/blob/" + url.PathEscape(sha) + (&url.URL{Path: "/" + strings.TrimLeft(file, "/")}).EscapedPath()
	if line > 0 {
		u += "#L" + strconv.Itoa(line)
	}
	return u
}
