package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// A phrase is a sentence before any format. Every renderer says the same phrases in its own way, so no
// format can say more or less than another, and none can forget to disarm upstream's text.
type phrase []span

type span struct {
	kind spanKind
	text string
	url  string // linked only
	// aside: the span says what the common next step of a section says too, and goes where that stands.
	aside bool
}

type spanKind int

const (
	said   spanKind = iota // plain words, ours or a value within ours; never Markdown
	coded                  // a name as a user types it
	quoted                 // upstream's own prose, perhaps with Markdown in it
	linked                 // words with an address
	strong                 // words that carry the sentence
)

// say makes a phrase of strings, spans and phrases.
func say(parts ...any) phrase {
	var out phrase
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			if p != "" {
				out = append(out, span{text: p})
			}
		case span:
			out = append(out, p)
		case phrase:
			out = append(out, p...)
		default:
			panic("report: say takes strings, spans and phrases") // a fault of this package's own code
		}
	}
	return out
}

// asides marks all of p as repeating the next step.
func asides(p phrase) phrase {
	for i := range p {
		p[i].aside = true
	}
	return p
}

// withoutAsides is p where the next step has been said already.
func (p phrase) withoutAsides() phrase {
	return slices.DeleteFunc(slices.Clone(p), func(s span) bool { return s.aside })
}

// plain is the phrase's words without any form.
func (p phrase) plain() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteString(s.text)
	}
	return b.String()
}

// Names longer than this are no names; they are cut where shown, never where compared.
const maxName = 120

// shownName is a name as it is shown. One that is all invisible is said to be so, lest an entry have none.
func shownName(s string) string {
	if c := short(s, maxName); c != "" || s == "" {
		return c
	}
	return "(a name of invisible characters)"
}

func name(s string) span            { return span{kind: coded, text: shownName(s)} }
func quote(s string) span           { return span{kind: quoted, text: s} }
func bold(s string) span            { return span{kind: strong, text: s} }
func linkTo(label, url string) span { return span{kind: linked, text: label, url: url} }

// version is an upstream's version within our words.
func version(v string) string { return short(v, 40) }

// names lists names with commas and an "and", and no more than limit of them (0: all).
func names(list []string, limit int) phrase {
	var out phrase
	for i, n := range list {
		if limit > 0 && i == limit {
			return say(out, " and ", strconv.Itoa(len(list)-limit), " more")
		}
		switch {
		case i == 0:
		case i == len(list)-1:
			out = say(out, " and ")
		default:
			out = say(out, ", ")
		}
		out = say(out, name(n))
	}
	return out
}

// count writes a number with its noun: "1 gate", "12 gates".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// upper makes the first letter a capital.
func upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// stageWord is how the digest names a stage; readers know "ga" as stable.
func stageWord(s gate.Stage) string {
	switch s {
	case gate.GA:
		return "stable"
	case gate.PreAlpha, gate.Alpha, gate.Beta, gate.Deprecated:
		return string(s)
	case "":
		return "of unknown stage"
	default:
		return clean(string(s))
	}
}

// onOff is a gate's value in words.
func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

// boolWord is a gate's value as users type it.
func boolWord(v bool) span { return name(strconv.FormatBool(v)) }

// sentence ends s with a full stop unless it ends a sentence already.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
