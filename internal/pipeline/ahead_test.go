package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/sources"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/sqlite"
)

// remote makes the world's state one that is read with the heads. It counts requests, and readings of whole snapshots.
type remote struct {
	*world
	*sqlite.Store
	requests, whole int
	told            []repo.HeadResult
	broken          error
	asked           [][]repo.HeadRequest
}

func (r *remote) Wants() []repo.HeadRequest {
	return []repo.HeadRequest{{Repository: "acme/platform", Ref: "refs/heads/state"}}
}

func (r *remote) Told(_ context.Context, results []repo.HeadResult) error {
	r.told = results
	return r.broken
}

func (r *remote) Heads(ctx context.Context, reqs []repo.HeadRequest) []repo.HeadResult {
	r.requests++
	r.asked = append(r.asked, reqs)
	return r.world.Heads(ctx, reqs)
}

func (r *remote) Latest(ctx context.Context) (*snapshot.Snapshot, error) {
	r.whole++
	return r.Store.Latest(ctx)
}

// byVersion is a source that watches another folder for each version.
type byVersion struct{ *source }

func (s byVersion) Watch(version string) sources.Watch {
	return sources.Watch{Paths: append([]string{"notes-" + version}, s.paths...)}
}

func onRemote(t *testing.T) (*world, *remote) {
	t.Helper()
	w := newWorld(t)
	r := &remote{world: w, Store: w.st}
	w.r.Repositories, w.r.State, w.r.Remote = r, r, r
	return w, r
}

// A quiet run asks once, for the state and upstream together, and reads no snapshot whole. What it guesses wrong of the
// version it asks for again.
func TestQuietRunAsksOnce(t *testing.T) {
	for name, one := range map[string]struct {
		likely []string
		want   int
	}{
		"guessed":            {[]string{"1.35", "1.36", "1.37"}, 1},
		"guessed wrongly":    {[]string{"1.40"}, 2},
		"not guessed at all": {nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := onRemote(t)
			src := byVersion{&source{w: w, name: "gates", parser: 1, paths: []string{"a"}}}
			w.r.Upstreams[0].Sources, w.r.Upstreams[0].Likely = []pipeline.Source{src}, one.likely
			w.push("Alpha:alpha")
			w.ok(0)
			w.ok(week) // its version is known now, and the notes of that are watched
			before, whole := r.requests, r.whole
			out := w.ok(week)
			if n := r.requests - before; n != one.want || r.whole != whole {
				t.Errorf("%d requests for heads, want %d, and %d whole snapshots", n, one.want, r.whole-whole)
			}
			if !out.Unchanged || len(out.Quiet) != 1 || out.Current == nil || out.Current.Seq == 0 {
				t.Errorf("outcome %+v", out)
			}
			if len(r.told) != 1 || r.asked[len(r.asked)-one.want][0].Repository != "acme/platform" {
				t.Errorf("the state was told %+v of %+v", r.told, r.asked[len(r.asked)-1])
			}
			n := len(w.issue.got)
			w.push("Alpha:beta+")
			w.ok(week)
			w.want(w.issue, n+1, "Alpha")
		})
	}
}

// A state that can't be used ends the run before anything is read, locked or sent.
func TestUnusableRemoteEndsTheRun(t *testing.T) {
	w, r := onRemote(t)
	w.push("Alpha:alpha")
	r.broken = &store.UnusableError{Path: "there", Reason: "it is damaged", Advice: "mend it"}
	out, err := w.run(0)
	var unusable *store.UnusableError
	if !errors.As(err, &unusable) || r.whole != 0 || r.requests != 1 || len(out.Digests) != 0 {
		t.Errorf("%v after %d requests", err, r.requests)
	}
	if _, held, err := w.st.Lock(t.Context()); held || err != nil {
		t.Errorf("the lock is held: %v", err)
	}
}
