package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/store"
)

// silentAfter is how long a channel takes nothing until the others say so. What is given up is told anyway, but where
// each digest takes the place of the one before, nothing ever is.
const silentAfter = 72 * time.Hour

// silent is a channel that takes nothing, with the newest digest that it did not take.
type silent struct {
	store.Delivery
	since time.Time // when the first of what it has not taken was queued
	tries int
}

// silents are the channels that have not taken anything of all that was sent since some time.
func silents(sent []store.Delivery) []silent {
	all := slices.Clone(sent)
	slices.SortStableFunc(all, func(a, b store.Delivery) int {
		return cmp.Or(cmp.Compare(a.Key.Definition, b.Key.Definition), cmp.Compare(a.Key.Channel, b.Key.Channel), cmp.Compare(a.Key.Seq, b.Key.Seq))
	})
	var out []silent
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(d store.Delivery) bool {
			return d.Key.Definition != all[0].Key.Definition || d.Key.Channel != all[0].Key.Channel
		})
		if n < 0 {
			n = len(all)
		}
		if s, ok := silentOf(all[:n]); ok {
			out = append(out, s)
		}
		all = all[n:]
	}
	return out
}

// silentOf looks at what one channel was sent, oldest first.
func silentOf(sent []store.Delivery) (silent, bool) {
	newest := sent[len(sent)-1]
	if !newest.State.Open() {
		return silent{}, false
	}
	s := silent{Delivery: newest}
	for _, d := range slices.Backward(sent) {
		if d.State == store.Done || begun(d) {
			break
		}
		s.since = d.QueuedAt
		s.tries += d.Tries
		if s.LastError == "" && d.State != store.Superseded { // which says by what
			s.LastError = d.LastError
		}
	}
	return s, s.tries > 0
}

// silentAlerts says which other channels have been silent for so long since a channel was last told: each is told once,
// for it gets so old once.
func silentAlerts(all []silent, definition, channel string, since, now time.Time) []report.Alert {
	var out []report.Alert
	for _, s := range all {
		at := s.since.Add(silentAfter)
		if at.After(since) && !at.After(now) && (s.Key.Definition != definition || s.Key.Channel != channel) {
			out = append(out, silentAlert(s))
		}
	}
	return out
}

func silentAlert(s silent) report.Alert {
	return report.Alert{
		ID: s.Key.Definition + "/" + s.Key.Channel,
		What: fmt.Sprintf("The channel %s of %s has taken nothing since %s.",
			whereTo(s.Delivery), s.Key.Definition, s.since.UTC().Format("2 January 2006")),
		Why:  "The last try: " + strings.TrimPrefix(s.LastError, store.MayBeThere),
		Next: "mend it, and try it by bot doctor --notify " + s.Key.Definition + "; nothing is lost: when it takes something again, one digest tells all of it.",
	}
}
