package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// hiccup fails one reading again of a recorded section.
type hiccup struct {
	*source
	at, n int
}

func (h *hiccup) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	if h.n++; h.n == h.at {
		return snapshot.Section{}, &github.NetworkError{}
	}
	return h.source.Reread(ctx, r, sec)
}

// TestFirstBaseSurvivesAFailure: a definition whose base can't be read on its first day starts from it on the next,
// though the other one was told.
func TestFirstBaseSurvivesAFailure(t *testing.T) {
	w := newWorld(t)
	w.push("Zero:alpha")
	lease, err := w.st.Acquire(t.Context(), "first", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	// A first run died between storing its base and telling; then the bot was updated.
	base, err := w.r.At(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.st.Commit(t.Context(), lease, &store.Update{Snapshot: base}); err != nil {
		t.Fatal(err)
	}
	if err := w.st.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	w.r.Definitions = append(w.r.Definitions, w.r.Definitions[0])
	w.r.Definitions[1].Name = "alerts"
	w.r.Definitions[1].Destinations = []publish.Destination{{Type: publish.TypeFile, Target: "out/{seq}.md"}}
	w.source().parser++
	w.r.Upstreams[0].Sources[0] = &hiccup{source: w.source(), at: 1}
	w.push("Zero:beta+")
	if _, err := w.run(day); err == nil {
		t.Fatal("no error")
	}
	w.want(w.file, 1, "Zero")
	w.ok(day)
	w.want(w.issue, 1, "Zero")
	w.want(w.file, 1, "Zero")
}
