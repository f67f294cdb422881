package branchstore

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// maxHeadline is where git's own tools begin to cut.
const maxHeadline = 100

// headline is the first line of a commit's message. What stands in it may come from elsewhere: it pings nobody and
// refers to nothing.
func headline(said []string) string {
	text := strings.Join(said, "; ")
	if text == "" {
		text = "state"
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '@' || r == '#':
			return -1
		case r < ' ':
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxHeadline {
		text = strings.TrimRight(string(runes[:maxHeadline-1]), " ;,") + "…"
	}
	return text
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// shortHolder is a holder's name without what only a program can read.
func shortHolder(name string) string {
	name, _, _ = strings.Cut(name, " [")
	return name
}

// tell says what an update does, in words.
func (c *change) tell(u store.Update, seq int64) {
	var names []string
	if u.Snapshot != nil {
		for _, up := range u.Snapshot.Upstreams {
			names = append(names, up.Name)
			c.note("snapshot %d: %s at %.12s%s", seq, up.Name, up.SHA, versioned(up.Version))
		}
	}
	queued := c.tellDeliveries(u.Deliveries)
	for _, cur := range u.Cursors {
		if !queued[cur.Definition] && u.Run == nil {
			c.say("nothing to tell for %s", cur.Definition)
		}
	}
	if u.Run != nil {
		c.tellRun(*u.Run)
	}
	if len(c.said) == 0 && u.Snapshot != nil {
		c.say("read upstream: %s", strings.Join(names, ", "))
	}
}

func versioned(v string) string {
	if v == "" {
		return ""
	}
	return ", version " + v
}

// tellDeliveries says what becomes of deliveries, digest by digest. It gives the definitions that queue any.
func (c *change) tellDeliveries(list []store.Delivery) map[string]bool {
	queued := map[string]bool{}
	type digest struct {
		definition, channel string
		seq                 int64
	}
	var order []digest
	parts := map[digest][]store.Delivery{}
	for _, d := range list {
		k := digest{d.Key.Definition, d.Key.Channel, d.Key.Seq}
		if parts[k] == nil {
			order = append(order, k)
		}
		parts[k] = append(parts[k], d)
	}
	for _, k := range order {
		d := parts[k][0]
		to := d.Target
		if to == "" {
			to = d.Key.Channel
		}
		what := fmt.Sprintf("%s: digest %d", k.definition, k.seq)
		if k.definition == "digest" { // the default's name says it already
			what = fmt.Sprintf("digest %d", k.seq)
		}
		if len(parts[k]) < d.Key.Parts {
			what += fmt.Sprintf(", part %d of %d,", d.Key.Part, d.Key.Parts)
		}
		switch {
		case d.State == store.Pending && d.Tries == 0 && d.RetriedAt.IsZero():
			queued[k.definition] = true
			text := what + " queued"
			if gist := gist(d.Title); gist != "" {
				text += ", " + gist
			}
			c.say("%s", text)
			c.note("%s goes to %s (%s)", what, to, k.channel)
		case d.State == store.Pending:
			c.say("%s still owed to %s", what, to)
		case d.State == store.Unknown && d.Tries == 0:
			c.say("%s on its way to %s", what, to)
		case d.State == store.Unknown:
			c.say("%s may have arrived at %s", what, to)
		case d.State == store.Done:
			c.say("%s delivered to %s%s", what, to, issueOf(d))
		case d.State == store.GivenUp:
			c.say("%s given up after %d tries", what, d.Tries)
		case d.State == store.Superseded:
			c.note("%s is told by a later one", what)
		}
		if d.LastError != "" && d.State != store.Done {
			c.note("%s", oneLine(d.LastError))
		}
	}
	return queued
}

// gist is what a digest's title says of how much there is to act on: "3 to act on".
func gist(title string) string {
	_, tail, ok := cutLast(title, " — ")
	if !ok {
		return ""
	}
	tail, _, _ = strings.Cut(tail, ",")
	return strings.TrimSpace(tail)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// issueOf names the issue without making a reference.
func issueOf(d store.Delivery) string {
	page, _, _ := strings.Cut(d.ResultURL, "#")
	if number := path.Base(page); strings.Contains(page, "/issues/") {
		return ", issue " + number
	}
	return ""
}

func (c *change) tellRun(r store.Run) {
	n := c.v.state.Numbers.Run
	switch {
	case r.Outcome == "quiet" && r.ExitCode == 0:
		c.say("looked: nothing changed (run %d)", n)
	case r.Outcome == "told" && r.ExitCode == 0:
		c.say("run %d done", n)
	case len(r.Failed) > 0:
		var what []string
		for _, f := range r.Failed {
			if name := f.Upstream + " " + f.Source; !slices.Contains(what, name) {
				what = append(what, name)
			}
		}
		c.say("run %d: %s could not be read", n, strings.Join(what, ", "))
	case r.ExitCode != 0:
		c.say("run %d: %s, exit code %d", n, r.Outcome, r.ExitCode)
	default:
		c.say("run %d: %s", n, r.Outcome)
	}
	for _, f := range r.Failed {
		c.note("%s %s: %s", f.Upstream, f.Source, oneLine(f.Reason))
	}
	requests := "1 request"
	if r.Requests != 1 {
		requests = fmt.Sprintf("%d requests", r.Requests)
	}
	c.note("%s to GitHub, from %s to %s", requests, r.StartedAt.UTC().Format("2006-01-02 15:04:05"), r.EndedAt.UTC().Format("15:04:05 UTC"))
}

// oneLine keeps a text that came from elsewhere on one line of a message.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if r == '@' || r == '#' || r < ' ' {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 300 {
		s = string(runes[:299]) + "…"
	}
	return s
}
