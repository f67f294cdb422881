package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/store"
)

// tarpit is a channel that hangs until its time is up.
type tarpit struct{ asked int }

func (c *tarpit) Deliver(ctx context.Context, _ []publish.Delivery, _ publish.Record) error {
	c.asked++
	<-ctx.Done()
	return fmt.Errorf("mail.example.com: interrupted: %w", ctx.Err())
}

// TestHangingChannelsLeaveTimeForTheRest: seven mail servers that hang as long as they may, which stand in the configuration
// before the issue, do not keep the run from reading upstream and filing it; and each is tried, which counts.
func TestHangingChannelsLeaveTimeForTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		issue := w.r.Definitions[0]
		w.r.Definitions = nil
		var pits []*tarpit
		for i := range 7 {
			d := pipeline.Definition{Name: fmt.Sprintf("mail%d", i), Destinations: []publish.Destination{{Type: publish.TypeEmail, Target: fmt.Sprintf("a%d@example.com", i)}}}
			w.r.Definitions = append(w.r.Definitions, d)
			pits = append(pits, &tarpit{})
			w.r.Channels[pipeline.ChannelKey(d.Name, publish.TypeEmail)] = pits[i]
		}
		w.r.Definitions = append(w.r.Definitions, issue)
		w.push("Zero:alpha")
		w.ok(0)
		words := []string{"Zero:alpha"}
		for run := range 3 {
			words = append(words, fmt.Sprintf("Gate%c:beta+", 'A'+run))
			w.push(words...)
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
			w.now = w.now.Add(day)
			_, err := w.r.Run(ctx, pipeline.Options{})
			if ctx.Err() != nil {
				t.Errorf("run %d took all its time", run)
			}
			cancel()
			var failed *pipeline.DeliveryError
			if !errors.As(err, &failed) {
				t.Errorf("run %d: %v", run, err)
			}
			w.want(w.issue, run+1, words[len(words)-1][:5])
			if run > 0 {
				continue
			}
			all, err := w.st.Deliveries(t.Context(), "", store.Pending)
			if err != nil || len(all) != 7 {
				t.Fatalf("%d are owed, want 7: %v", len(all), err)
			}
			for _, d := range all {
				if d.Tries != 1 {
					t.Errorf("%s: %d tries are counted", d.Key, d.Tries)
				}
			}
		}
		for i, p := range pits {
			if p.asked < 3 {
				t.Errorf("channel %d was tried %d times in three runs", i, p.asked)
			}
		}
	})
}
