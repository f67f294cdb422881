package pipeline

import (
	"context"

	"github.com/upstream-digest/bot/internal/diff"
)

// yours is what the reader's own files set, where reading them costs requests: it is asked for once in a run, and only
// when something changed.
type yours struct {
	ask      func(context.Context) ([]diff.WatchedSetting, []string)
	asked    bool
	settings []diff.WatchedSetting
	notices  []string
}

func (y *yours) get(ctx context.Context) ([]diff.WatchedSetting, []string) {
	if y.ask != nil && !y.asked {
		y.asked = true
		y.settings, y.notices = y.ask(ctx)
	}
	return y.settings, y.notices
}
