package publish_test

import (
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
)

func snapshotOf(version string, gates ...gate.Gate) snapshot.GateSet {
	return snapshot.GateSet{Version: version, Gates: gates}
}
