package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// feeds looks whether each feed answers and can be read. They are asked side by side.
func (x *examination) feeds(ctx context.Context) {
	type seen struct {
		entries int
		newest  time.Time
		moved   string
		err     error
	}
	found := make([]seen, len(x.Feeds))
	var wg sync.WaitGroup
	for i, f := range x.Feeds {
		if f.Look != nil {
			wg.Go(func() { found[i].entries, found[i].newest, found[i].moved, found[i].err = f.Look(ctx) })
		}
	}
	wg.Wait()
	for i, f := range x.Feeds {
		subject, s := f.Upstream+"/"+f.Name, found[i]
		what := count(s.entries, "entry")
		if s.entries != 1 {
			what = fmt.Sprintf("%d entries", s.entries)
		}
		if !s.newest.IsZero() {
			what += ", the newest of " + s.newest.UTC().Format(time.DateOnly)
		}
		switch {
		case f.Look == nil:
			x.skip(areaUpstreams, "feed", subject, "offline is set, so it is not read", "")
		case s.err != nil:
			x.fail(areaUpstreams, "feed", subject, HarmSource, line(s.err.Error()), "open "+f.Key+".url in a browser and correct it, or set "+f.Key+".enabled to false; the other sources are told all the same")
		case s.moved != "":
			x.warn(areaUpstreams, "feed", subject, what+"; it moved to "+line(s.moved), "write that address in "+f.Key+".url")
		case s.entries == 0:
			x.warn(areaUpstreams, "feed", subject, "it has no entries", "look whether "+f.Key+".url is the right address")
		default:
			x.ok(areaUpstreams, "feed", subject, what)
		}
	}
}
