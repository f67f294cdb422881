package publish

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Marker is the hidden first line of what we file on GitHub. It names the delivery and the commits that
// were compared, so that a lost store can be rebuilt from the newest issue. It can't be forged by
// upstream text, in which `<!--` is neutralised, and it is believed only on what we wrote ourselves.
type Marker struct {
	Definition string
	Seq        int64
	Channel    string
	Part, Of   int
	Nonce      string // 32 hex digits
	Compared   []Compared
}

// Compared are the commits of one upstream. From is "" for a baseline.
type Compared struct{ Upstream, From, To string }

const markerPrefix = "<!-- upstream-digest v1 "

// String renders the marker: one line, no newline.
func (m Marker) String() string {
	var b strings.Builder
	b.WriteString(markerPrefix)
	fmt.Fprintf(&b, "definition=%s seq=%d channel=%s part=%d/%d nonce=%s", m.Definition, m.Seq, m.Channel, m.Part, m.Of, m.Nonce)
	for _, c := range m.Compared {
		fmt.Fprintf(&b, " compared=%s:%s..%s", c.Upstream, c.From, c.To)
	}
	b.WriteString(" -->")
	return b.String()
}

var (
	wordRE  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/#-]*$`)
	nonceRE = regexp.MustCompile(`^[0-9a-f]{32}$`)
	shaRE   = regexp.MustCompile(`^([0-9a-f]{7,64})?$`)
)

// ParseMarker reads the marker from the first line of a body. It refuses anything that String would not
// have written.
func ParseMarker(body string) (Marker, bool) {
	line, _, _ := strings.Cut(body, "\n")
	line = strings.TrimRight(line, "\r ")
	inner, ok := strings.CutPrefix(line, markerPrefix)
	if !ok {
		return Marker{}, false
	}
	inner, ok = strings.CutSuffix(inner, " -->")
	if !ok {
		return Marker{}, false
	}
	var m Marker
	for field := range strings.SplitSeq(inner, " ") {
		key, value, ok := strings.Cut(field, "=")
		if !ok || !m.set(key, value) {
			return Marker{}, false
		}
	}
	if m.String() != line { // a missing, doubled or reordered field
		return Marker{}, false
	}
	return m, m.Definition != "" && m.Nonce != ""
}

func (m *Marker) set(key, value string) bool {
	switch key {
	case "definition":
		m.Definition = value
		return wordRE.MatchString(value)
	case "channel":
		m.Channel = value
		return wordRE.MatchString(value)
	case "nonce":
		m.Nonce = value
		return nonceRE.MatchString(value)
	case "seq":
		n, err := strconv.ParseInt(value, 10, 64)
		m.Seq = n
		return err == nil && n >= 0
	case "part":
		part, of, ok := strings.Cut(value, "/")
		p, err1 := strconv.Atoi(part)
		o, err2 := strconv.Atoi(of)
		m.Part, m.Of = p, o
		return ok && err1 == nil && err2 == nil
	case "compared":
		name, commits, ok1 := strings.Cut(value, ":")
		from, to, ok2 := strings.Cut(commits, "..")
		m.Compared = append(m.Compared, Compared{name, from, to})
		return ok1 && ok2 && wordRE.MatchString(name) && shaRE.MatchString(from) && shaRE.MatchString(to)
	}
	return false
}
