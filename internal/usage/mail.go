package usage

import (
	"encoding/base64"
	"strings"
)

// isMail reports whether text is a mail in parts, as clouds take the data of several programs for a node.
func isMail(s string) bool {
	s = s[:min(len(s), 16)]
	return hasFold(s, "MIME-Version:") || hasFold(s, "Content-Type:")
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// mail reads each part of a mail for itself. One without a boundary is one part.
func (r *reader) mail(t text, c context) {
	header, body := split(t)
	boundary := ""
	for line := range strings.Lines(header.s) {
		if k := strings.Index(line, "boundary="); k >= 0 {
			value, _, _ := strings.Cut(line[k+len("boundary="):], ";")
			boundary = unquoted(strings.TrimSpace(value))
		}
	}
	if boundary == "" {
		r.part(header.s, body, c)
		return
	}
	from := -1 // no part before the first boundary
	for i := 0; i < len(body.s) && !r.full; {
		to := len(body.s)
		if k := strings.IndexByte(body.s[i:], '\n'); k >= 0 {
			to = i + k + 1
		}
		line := strings.TrimRight(body.s[i:to], " \t\r\n")
		last := line == "--"+boundary+"--" || to == len(body.s)
		if last || line == "--"+boundary {
			if from >= 0 {
				if !strings.HasPrefix(line, "--"+boundary) {
					i = to // a mail that was cut off
				}
				header, content := split(body.sub(from, i))
				r.part(header.s, content, c)
			}
			if from = to; last {
				return
			}
		}
		i = to
	}
}

// part reads what stands in a part. The text of one that is packed has the line where it begins.
func (r *reader) part(header string, t text, c context) {
	for line := range strings.Lines(header) {
		key, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(key, "Content-Transfer-Encoding") || !strings.EqualFold(strings.TrimSpace(value), "base64") {
			continue
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(t.s), ""))
		if err != nil {
			r.problem(t.trim().line(0), "is no valid base64 here: this part of the mail was not read")
			return
		}
		t = text{s: decode(data), at: marks{{0, t.trim().line(0)}}}
	}
	if mentions(t.s) {
		r.inner("", t, c)
	}
}

// split takes the header off, which an empty line ends. What has none is all content.
func split(t text) (header, content text) {
	for i := 0; i < len(t.s); {
		k := strings.IndexByte(t.s[i:], '\n')
		if k < 0 {
			break
		}
		line := strings.TrimSpace(t.s[i : i+k])
		if line == "" {
			return t.sub(0, i), t.sub(i+k+1, len(t.s))
		}
		if !strings.Contains(line, ":") && t.s[i] != ' ' && t.s[i] != '\t' {
			break
		}
		i += k + 1
	}
	return t.sub(0, 0), t
}
