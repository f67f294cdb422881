package publish

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
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
	// Kind tells comments on a rolling issue apart; "" is a digest's own text.
	Kind Kind
	// At is when the digest was made, in whole seconds, where the issue's own times do not tell: a rolling one is
	// older. Zero: not said.
	At       time.Time
	Compared []Compared
}

// Kind of a comment on a rolling issue.
type Kind string

// The kinds.
const (
	News  Kind = "news"  // what is new to act on
	Spare Kind = "spare" // held a further part of a digest, and holds none now
)

// Compared are the commits of one upstream. From is "" for a baseline.
type Compared struct{ Upstream, From, To string }

const markerPrefix = "<!-- upstream-digest v1 "

// String renders the marker: one line, no newline. Whatever the names are, it is read again: a marker
// that could not be would let a digest be filed twice. What is no commit's id is left out.
func (m Marker) String() string {
	var b strings.Builder
	b.WriteString(markerPrefix)
	fmt.Fprintf(&b, "definition=%s seq=%d channel=%s part=%d/%d nonce=%s", word(m.Definition, ":"), m.Seq, word(m.Channel, ":"), m.Part, m.Of, m.Nonce)
	if m.Kind == News || m.Kind == Spare {
		b.WriteString(" kind=" + string(m.Kind))
	}
	if at := m.At.Unix(); !m.At.IsZero() && at > 0 {
		fmt.Fprintf(&b, " at=%d", at)
	}
	for _, c := range m.Compared {
		if shaRE.MatchString(c.From) && shaRE.MatchString(c.To) && c.Upstream != "" {
			fmt.Fprintf(&b, " compared=%s:%s..%s", word(c.Upstream, ""), c.From, c.To)
		}
	}
	b.WriteString(" -->")
	return b.String()
}

// word writes a name with plain signs and those of also; the others become "%XX". Names from the
// configuration have no others.
func word(s, also string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', i > 0 && strings.IndexByte("._/#-"+also, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// unword reads what word wrote.
func unword(s string) (string, bool) {
	if !wordRE.MatchString(s) {
		return "", false
	}
	out, err := url.PathUnescape(s)
	return out, err == nil
}

var (
	wordRE  = regexp.MustCompile(`^[A-Za-z0-9%][A-Za-z0-9._:/#%-]*$`)
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

func (m *Marker) set(key, value string) (ok bool) {
	switch key {
	case "definition":
		m.Definition, ok = unword(value)
		return ok
	case "channel":
		m.Channel, ok = unword(value)
		return ok
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
	case "kind":
		m.Kind = Kind(value)
		return m.Kind == News || m.Kind == Spare
	case "at":
		n, err := strconv.ParseInt(value, 10, 64)
		m.At = time.Unix(n, 0).UTC()
		return err == nil && n > 0
	case "compared":
		name, commits, ok1 := strings.Cut(value, ":")
		from, to, ok2 := strings.Cut(commits, "..")
		name, ok = unword(name)
		m.Compared = append(m.Compared, Compared{name, from, to})
		return ok && ok1 && ok2 && shaRE.MatchString(from) && shaRE.MatchString(to)
	}
	return false
}
