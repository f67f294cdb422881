package publish

import (
	"fmt"
	"strings"

	"github.com/upstream-digest/bot/internal/report"
)

// Destination is one channel of a digest definition, resolved.
type Destination struct {
	Name   string // tells the channels of a definition apart; part of every delivery's key
	Type   string
	Target string // repository or path; "" for stdout
	Labels []string
	// ClosePrevious closes the issue before, once the next one is filed (github-issue only).
	ClosePrevious bool
	// Public is the page address of the host an issue is filed on ("https://github.com"); it decides
	// whether references can be sent through redirect.github.com.
	Public string
}

// Identity is what makes a plan's parts unique.
type Identity struct {
	Seq int64 // the cursor's number after this digest
	// Nonce returns 32 fresh random hex digits at each call.
	Nonce func() string
	// Standing is the issue of a destination that the last digest stands in; 0: there is none. Nil: nowhere is.
	Standing func(Destination) int64
}

// markerReserve is what a marker line takes of a part's budget at least: bytes. With many upstreams it
// takes more.
const markerReserve = 2000

// Plan says what is to be sent for a digest: nothing for an empty one. It is pure but for the nonces it
// is handed.
func Plan(d report.Digest, to []Destination, id Identity) []Part {
	if d.Empty() {
		return nil
	}
	var plan []Part
	for _, dest := range to {
		plan = append(plan, planFor(d, dest, id)...)
	}
	return plan
}

func planFor(d report.Digest, dest Destination, id Identity) []Part {
	channel, first, standing := ChannelOf(dest), id.Nonce(), int64(0)
	if id.Standing != nil && (dest.Type == TypeRolling || dest.Type == TypeGitHubIssue && dest.ClosePrevious) {
		standing = id.Standing(dest)
	}
	bodies := render(d, dest, reserve(d, channel, id.Seq), first)
	whole := len(bodies)
	if dest.Type == TypeRolling && standing > 0 { // a new issue is news enough
		if news := report.News(d, options(dest)); news != "" {
			bodies = append(bodies, news)
		}
	}
	plan := make([]Part, 0, len(bodies))
	for n, body := range bodies {
		p := Part{
			Channel: channel, Type: dest.Type, Target: target(dest, d, id.Seq), Labels: dest.Labels,
			Number: n + 1, Of: len(bodies), Nonce: first, Body: body,
		}
		if n == 0 {
			p.Title, p.Standing = title(d, dest), standing
		} else {
			p.Nonce = id.Nonce()
		}
		if IsIssue(dest.Type) {
			m := marker(d, p, id.Seq)
			if n >= whole {
				m.Kind = News
			}
			p.Body = m.String() + "\n" + body
		}
		plan = append(plan, p)
	}
	return plan
}

// title is that of a new issue. A rolling one is named after its definition, for its digests change.
func title(d report.Digest, dest Destination) string {
	if dest.Type != TypeRolling {
		return report.Title(d)
	}
	if d.Definition == "digest" { // the one of a configuration that names none
		return "Upstream digest"
	}
	return "Upstream digest: " + report.Line(d.Definition)
}

func reserve(d report.Digest, channel string, seq int64) int {
	longest := Part{Channel: channel, Number: 9999, Of: 9999, Nonce: strings.Repeat("0", 32)}
	return max(markerReserve, len(marker(d, longest, seq).String())+1)
}

func render(d report.Digest, dest Destination, reserve int, nonce string) []string {
	opts := options(dest)
	opts.Reserve = reserve
	if IsIssue(dest.Type) {
		opts.BoxNonce = nonce
	} else { // files and terminals have no limit
		opts.Budget = 1 << 30
	}
	return report.Markdown(d, opts)
}

func options(dest Destination) report.MarkdownOptions {
	return report.MarkdownOptions{RedirectLinks: dest.Public == "" || strings.TrimSuffix(dest.Public, "/") == "https://github.com"}
}

// target fills the placeholders of a file's path. It is the same whenever a part is delivered, so that
// delivering twice leaves one file.
func target(dest Destination, d report.Digest, seq int64) string {
	if dest.Type != TypeFile {
		return dest.Target
	}
	return strings.NewReplacer(
		"{definition}", d.Definition,
		"{seq}", fmt.Sprint(seq),
		"{date}", d.At.UTC().Format("2006-01-02"),
	).Replace(dest.Target)
}

func marker(d report.Digest, p Part, seq int64) Marker {
	m := Marker{Definition: d.Definition, Seq: seq, Channel: p.Channel, Part: p.Number, Of: p.Of, Nonce: p.Nonce}
	if TypeOf(p.Channel) == TypeRolling {
		m.At = d.At
	}
	for _, u := range d.Upstreams {
		m.Compared = append(m.Compared, Compared{Upstream: u.Upstream, From: u.From.SHA, To: u.To.SHA})
	}
	return m
}

// ChannelOf is what a destination is called in delivery keys: its type, and its name where it has one of
// its own. [TypeOf] gives the type back.
func ChannelOf(d Destination) string {
	if d.Name != "" && d.Name != d.Type {
		return d.Type + ":" + d.Name
	}
	return d.Type
}
