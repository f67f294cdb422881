package report

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

// maxTitle is below GitHub's limit of 256 characters for an issue's title.
const maxTitle = 200

// Title is a digest's title, at most 200 characters: the upstream, what was compared, how much there is
// to act on, and the day. Several upstreams are named without what was compared, and counted from three on.
func Title(d Digest) string { return titleOf(d, maxTitle) }

// titleOf is the title in at most most characters; what was compared gives way first.
func titleOf(d Digest, most int) string {
	act, changes := len(d.Alerts), 0
	for _, u := range d.Upstreams {
		act += tallyOf(u.Changes).act
		if u.HasNews() {
			changes++
		}
	}
	var subject string
	switch n := len(d.Upstreams); {
	case n == 0:
		subject = "Upstream digest"
	case changes == 0 && len(d.Alerts) > 0:
		subject = "Upstream digest: the bot itself needs a look"
	case n == 1:
		u := d.Upstreams[0]
		subject = plainTitle(displayName(u.Upstream), 60) + " upstream digest: " + plainTitle(compared(u.From, u.To), 90)
	default:
		var all []string
		for _, u := range d.Upstreams {
			all = append(all, plainTitle(displayName(u.Upstream), 40))
		}
		if n > 3 {
			all = append(all[:2], count(n-2, "more", "more"))
		}
		subject = "Upstream digest: " + strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
	}
	tail := "nothing to act on"
	if act > 0 {
		tail = count(act, "to act on", "to act on")
	}
	tail = " — " + tail
	if !d.At.IsZero() {
		tail += ", " + d.At.UTC().Format("2006-01-02")
	}
	return disarm(cut(subject, most-len([]rune(tail))) + tail)
}

// plainTitle makes a value safe where there is no Markdown but mentions and references may still live.
func plainTitle(s string, n int) string {
	var b strings.Builder
	for _, r := range clean(s) {
		switch r {
		case '@', '#', '<', '>', '`', '[', ']', '$':
			continue
		}
		b.WriteRune(r)
	}
	s = strings.ReplaceAll(b.String(), "://", ": //")
	return cut(ticketWord.ReplaceAllString(s, "$1 $2"), n)
}

// ticketWord is the form of a reference that has no sign: "GH-1".
var ticketWord = regexp.MustCompile(`(?i)\b(gh)-([0-9])`)

// EntryTitle is a change in one line of words: what the gate is called, and the most important thing
// that happened to it. It is plain text and may hold upstream's names.
func EntryTitle(c diff.Change) string {
	switch {
	case c.Release != nil:
		return cut(shownName(c.ID)+": "+headline(c), 300)
	case c.Proposal != nil:
		p := c.Proposal.Newest()
		return cut(shownName(proposalName(*p))+" ("+short(p.Title, 120)+"): "+headline(c), 300)
	case c.Ticket != nil:
		return cut(shownName(c.ID)+" ("+short(c.Ticket.After.Title, 120)+"): "+headline(c), 300)
	case c.Path != nil:
		return cut(shownName(c.ID)+": "+headline(c), 300)
	case c.Feed != nil:
		return cut(headline(c), 300)
	}
	if m := c.Milestone; m != nil {
		return cut(shownName(m.Newest().Title)+": "+headline(c), 300)
	}
	if d := c.Deadline; d != nil {
		return cut(deadlineName(*d.Newest())+": "+headline(c), 300)
	}
	id := shownName(c.ID)
	title := humanise(id)
	if strings.ReplaceAll(title, " ", "") != id || strings.Contains(title, " ") {
		title += " (" + id + ")"
	}
	if c.Variant != "" {
		title += " in " + shownName(c.Variant)
	}
	return cut(title+": "+headline(c), 300)
}

// headline is the change in a few words, without a full stop.
func headline(c diff.Change) string {
	g := c.Gate
	switch {
	case c.Release != nil:
		return strings.TrimSuffix(notesWords(*c.Release).plain(), ".")
	case c.Proposal != nil:
		return strings.TrimSuffix(strings.TrimSpace(proposalWords(c).plain()), ".")
	case c.Ticket != nil:
		return strings.TrimSuffix(ticketWords(c).plain(), ".")
	case c.Milestone != nil:
		words := strings.TrimSpace(milestoneWords(c).plain() + " " + progressWords(*c.Milestone))
		return cmp.Or(strings.TrimSuffix(words, "."), strings.ToLower(kindWords(c.Kinds)))
	case c.Deadline != nil:
		return strings.TrimSuffix(deadlineWords(*c.Deadline), ".")
	case c.Path != nil:
		return pathHeadline(c)
	case c.Feed != nil && c.Feed.After.CVE:
		return shownName(c.ID) + " (" + statusWords(*c.Feed.After) + "): " + short(c.Feed.After.Title, 200)
	case c.Feed != nil:
		return feedHeading(c) + ": " + strings.TrimSuffix(feedLine(*c.Feed).plain(), ".")
	case c.Doc != nil:
		return "docs: " + lower(strings.TrimSuffix(strings.TrimSpace(docWords(c).plain()), "."))
	case g == nil:
		return strings.ToLower(kindWords(c.Kinds))
	}
	in := ""
	if v := version(gate.MinorOf(g.ToVersion)); v != "" {
		in = " in " + v
	}
	b, a := g.BeforeSpec, g.AfterSpec
	switch {
	case c.Has(diff.GateRemoved):
		if b == nil {
			return "removed" + in
		}
		return "removed" + in + " (was " + stageWord(b.Stage) + ")"
	case c.Has(diff.GateAdded) && a != nil:
		return "new in " + stageWord(a.Stage) + ", " + values(*a)
	case c.Has(diff.GateRenamed) && g.Before != nil && g.After != nil && g.Before.Name != g.After.Name:
		return "renamed from " + clean(g.Before.Name)
	}
	if c.Has(diff.GateScheduled) && len(g.Scheduled) > 0 {
		s := g.Scheduled[0]
		return "scheduled for " + version(s.Since) + ": " + stageWord(s.Stage)
	}
	if a == nil || b == nil {
		return strings.ToLower(kindWords(c.Kinds))
	}
	var out []string
	if a.Stage != b.Stage {
		out = append(out, "from "+stageWord(b.Stage)+" to "+stageWord(a.Stage)+inVersion(*a, g.ToVersion))
	}
	if a.Default != b.Default {
		out = append(out, "now "+onOff(a.Default)+" by default")
	}
	switch {
	case a.Locked && !b.Locked:
		out = append(out, "locked "+onOff(a.Default))
	case b.Locked && !a.Locked:
		out = append(out, "no longer locked")
	}
	if len(out) == 0 {
		return strings.ToLower(kindWords(c.Kinds))
	}
	return strings.Join(out, ", ")
}
