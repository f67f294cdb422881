package publish_test

import (
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func snapshotOf(version string, gates ...gate.Gate) snapshot.GateSet {
	return snapshot.GateSet{Version: version, Gates: gates}
}

func planOf(tb testing.TB, d report.Digest, to []publish.Destination, id publish.Identity) []publish.Part {
	tb.Helper()
	plan, err := publish.Plan(d, to, id)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}
