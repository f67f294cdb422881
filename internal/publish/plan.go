package publish

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/upstream-digest/bot/internal/report"
)

// Destination is one channel of a digest definition, resolved.
type Destination struct {
	Name   string // tells the channels of a definition apart; part of every delivery's key
	Type   string
	Target string // repository, path, Slack's id of a channel, mail addresses, or who takes a webhook; "" for stdout
	Labels []string
	// Thread: details go into a thread of the message (slack with a bot's token). Update: the message of the digest
	// before is edited into the next.
	Thread, Update bool
	// Limit is how many bytes title and text together may have (shoutrrr only); 0: nobody knows.
	Limit int
	// Whole is where the whole digest stands, for channels that can't hold it: an address in which {definition} and
	// {seq} are filled in; "" where nobody knows.
	Whole string
	// ClosePrevious closes the issue before, once the next one is filed (github-issue only).
	ClosePrevious bool
	// Public is the page address of the host an issue is filed on ("https://github.com"); it decides
	// whether references can be sent through redirect.github.com.
	Public string
}

// PagePath is where the service's page of a digest is, under its public address.
const PagePath = "/digests/{definition}/{seq}"

// OfSeveral is where a digest leads that tells what earlier ones would have told: the page of its own number tells the last
// part alone, so the list of all pages stands in its place.
func (d Destination) OfSeveral() Destination {
	if public, ok := strings.CutSuffix(d.Whole, PagePath); ok {
		d.Whole = public + "/"
	}
	return d
}

// Identity is what makes a plan's parts unique.
type Identity struct {
	Seq int64 // the cursor's number after this digest
	// Nonce returns 32 fresh random hex digits at each call.
	Nonce func() string
	// Standing is the issue or message of a destination that the last digest stands in; 0: there is none. Nil: nowhere is.
	Standing func(Destination) int64
}

// markerReserve is what a marker line takes of a part's budget at least: bytes. With many upstreams it
// takes more.
const markerReserve = 2000

// Plan says what is to be sent for a digest: nothing for an empty one. It is pure but for the nonces it
// is handed.
func Plan(d report.Digest, to []Destination, id Identity) ([]Part, error) {
	if d.Empty() {
		return nil, nil
	}
	var plan []Part
	for _, dest := range to {
		parts, err := planFor(d, dest, id)
		if err != nil {
			return nil, fmt.Errorf("plan digest %d of %s for %s: %w", id.Seq, d.Definition, ChannelOf(dest), err)
		}
		plan = append(plan, parts...)
	}
	return plan, nil
}

func planFor(d report.Digest, dest Destination, id Identity) ([]Part, error) {
	channel, first, standing := ChannelOf(dest), id.Nonce(), int64(0)
	if id.Standing != nil && (dest.Type == TypeRolling || dest.Type == TypeGitHubIssue && dest.ClosePrevious || dest.Update) {
		standing = id.Standing(dest)
	}
	bodies, err := render(d, dest, id.Seq, first, standing)
	if err != nil {
		return nil, err
	}
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
	return plan, nil
}

// title is that of a new issue. A rolling one is named after its definition, for its digests change.
func title(d report.Digest, dest Destination) string {
	if dest.Type != TypeRolling { // a mail's subject, too
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

// shortLimit is how many bytes title and text for a service may have where nobody says.
const shortLimit = 3500

// render makes the bodies of a digest's parts in the form that the destination takes.
func render(d report.Digest, dest Destination, seq int64, nonce string, standing int64) ([]string, error) {
	chat := report.ChatOptions{URL: whole(dest, d, seq)}
	switch dest.Type {
	case TypeSlack:
		return slack(d, dest, chat, standing)
	case TypeDiscord:
		return one(report.Discord(d, chat))
	case TypeTeams:
		return one(report.Teams(d, chat))
	case TypeWebhook:
		return one(report.Payload(d, report.PayloadOptions{ID: nonce, Seq: seq, URL: chat.URL}))
	case TypeEmail:
		m, err := report.Mail(d, chat)
		if err != nil {
			return nil, err
		}
		body, err := m.Body()
		return []string{body}, err
	case TypeShoutrrr:
		return []string{report.Short(d, chat, cmp.Or(dest.Limit, shortLimit)-len(report.Title(d))-1)}, nil
	}
	opts := options(dest)
	opts.Reserve = reserve(d, ChannelOf(dest), seq)
	if IsIssue(dest.Type) {
		opts.BoxNonce = nonce
	} else { // files and terminals have no limit
		opts.Budget = 1 << 30
	}
	return report.Markdown(d, opts), nil
}

// slack makes one message for a webhook; for a bot one with its thread, and where the message before is edited, what is
// new to act on, for edits notify nobody.
func slack(d report.Digest, dest Destination, chat report.ChatOptions, standing int64) ([]string, error) {
	if !dest.Thread {
		return one(report.Slack(d, chat))
	}
	messages, err := report.SlackThread(d, chat)
	if err != nil {
		return nil, err
	}
	if standing > 0 {
		news, err := report.SlackNews(d, chat)
		if err != nil {
			return nil, err
		}
		if news != nil {
			messages = append(messages, news)
		}
	}
	out := make([]string, len(messages))
	for i, m := range messages {
		out[i] = string(m)
	}
	return out, nil
}

func one(body []byte, err error) ([]string, error) { return []string{string(body)}, err }

// whole is where the whole digest stands.
func whole(dest Destination, d report.Digest, seq int64) string {
	return strings.NewReplacer("{definition}", url.PathEscape(d.Definition), "{seq}", fmt.Sprint(seq)).Replace(dest.Whole)
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
