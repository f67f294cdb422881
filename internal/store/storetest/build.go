package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
)

// Snapshot builds a snapshot of one upstream with that many gates, of about the size that Kubernetes's
// gates have. Snapshots of one era have equal items; provenance differs by run.
func Snapshot(gates, era, run int) *snapshot.Snapshot {
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(run) * time.Hour)
	sha := fmt.Sprintf("%040x", 1000*era+run)
	set := &snapshot.GateSet{Version: fmt.Sprintf("1.%d", 30+era%9), Gates: make([]gate.Gate, gates)}
	for i := range set.Gates {
		name := fmt.Sprintf("Widget%03dTurnsInEra%d", i, era)
		set.Gates[i] = gate.Gate{
			Name: name, Const: name, Component: "kubernetes",
			Description: fmt.Sprintf("%s lets widget number %d turn at %d times the speed it had before.", name, i, i*i%97),
			Declared:    gate.Position{File: "pkg/features/kube_features.go", Line: 10 * i},
			Registered: []gate.Registration{
				{Component: "apiserver", File: "staging/src/k8s.io/apiserver/pkg/features/kube_features.go", Line: 5 * i},
				{Component: "kubernetes", File: "pkg/features/kube_features.go", Line: 2000 + 5*i},
			},
			Specs: []gate.Spec{
				{Since: "1.27", Stage: gate.Alpha, Line: 2001 + 5*i},
				{Since: "1.30", Stage: gate.Beta, Default: i%2 == 0, Line: 2002 + 5*i},
				{Since: "1.33", Stage: gate.GA, Default: true, Locked: i%3 == 0, Line: 2003 + 5*i},
			},
			Owners: []string{fmt.Sprintf("@owner%d", i%40)}, KEPs: []string{fmt.Sprint(1000 + i)}, DependsOn: []string{},
		}
	}
	return &snapshot.Snapshot{
		TakenAt: at,
		Upstreams: []snapshot.Upstream{{
			Name: "kubernetes", Repository: "kubernetes/kubernetes", WebURL: "https://github.com/kubernetes/kubernetes",
			Ref: "master", SHA: sha, Version: set.Version,
			Sections: []snapshot.Section{{
				Source: snapshot.SourceGates, Status: snapshot.Complete, Parser: gate.ParserVersion,
				Ref: "master", SHA: sha, Version: set.Version, ReadAt: at,
				Watched: []snapshot.Object{{Path: "pkg/features", OID: sha}, {Path: "staging/src/k8s.io/cri-api/pkg/features"}},
				Inputs:  []snapshot.Object{{Path: "pkg/features/kube_features.go", OID: sha}},
				Items:   snapshot.Items{Gates: set},
			}},
		}},
	}
}

func small(era, run int) *snapshot.Snapshot { return Snapshot(3, era, run) }

func queued(definition string, seq int64, channel string, part, parts int, base int64) store.Delivery {
	return store.Delivery{
		Key:    store.Key{Definition: definition, Seq: seq, Channel: channel, Part: part, Parts: parts},
		Nonce:  fmt.Sprintf("%s-%d-%s-%d", definition, seq, channel, part),
		State:  store.Pending,
		Target: "acme/platform", Title: "What changed", Body: "<!-- marker -->\nFastWidget is on by default.",
		Labels: []string{"upstream", "digest"}, Base: base,
		QueuedAt: time.Date(2026, 4, 1, 12, 0, 0, 123456789, time.UTC),
	}
}

// contents is everything a store can be asked for, to compare before and after.
type contents struct {
	Latest     *snapshot.Snapshot
	Cursors    []store.Cursor
	Deliveries []store.Delivery
	Runs       []store.Run
}

func read(t *testing.T, s Store) contents {
	t.Helper()
	c, err := readAll(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readAll(ctx context.Context, s Store) (c contents, err error) {
	if c.Latest, err = s.Latest(ctx); err != nil {
		return c, err
	}
	if c.Cursors, err = s.Cursors(ctx); err != nil {
		return c, err
	}
	if c.Deliveries, err = s.Deliveries(ctx, ""); err != nil {
		return c, err
	}
	c.Runs, err = s.Runs(ctx, 0)
	return c, err
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// number is the run that small and Snapshot were told to build, read from the time; 0 for none.
func number(s *snapshot.Snapshot) int {
	if s == nil {
		return 0
	}
	return int(s.TakenAt.Sub(newClock().now()) / time.Hour)
}
