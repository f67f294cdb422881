package sample

import (
	"context"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/facts"
)

// released are the days on which the .0 releases of the demo came out.
func released(release string) (time.Time, error) {
	switch release {
	case "v1.31":
		return time.Date(2024, time.August, 13, 12, 0, 0, 0, time.UTC), nil
	case "v1.32":
		return time.Date(2024, time.December, 11, 12, 0, 0, 0, time.UTC), nil
	case "v1.33":
		return time.Date(2025, time.April, 23, 12, 0, 0, 0, time.UTC), nil
	case "v1.34":
		return time.Date(2025, time.August, 27, 12, 0, 0, 0, time.UTC), nil
	case "v1.35":
		return time.Date(2025, time.December, 17, 12, 0, 0, 0, time.UTC), nil
	case "v1.36":
		return time.Date(2026, time.April, 22, 12, 0, 0, 0, time.UTC), nil
	}
	return time.Time{}, fmt.Errorf("release %q: its date is not known here (v1.31 to v1.36 are)", release)
}

// Release is the step that turns the tree into one release ("v1.36"), with our descriptions and the
// known edges, dated as the real one, and tagged ("v1.36.0") if so wished. The facts are those of a
// late patch release, for the table has no others.
func Release(table *facts.Table, release string, tagged bool) (Step, error) {
	date, err := released(release)
	if err != nil {
		return Step{}, err
	}
	rows := table.Rows(release)
	if rows == nil {
		return Step{}, fmt.Errorf("release %q: the table of facts has no rows for it", release)
	}
	descriptions, err := Descriptions()
	if err != nil {
		return Step{}, err
	}
	files, err := Files(release, rows, Options{Descriptions: descriptions, DependsOn: Edges(release, rows)})
	if err != nil {
		return Step{}, err
	}
	step := Step{Message: "Feature gates of Kubernetes " + release, Time: date, DeleteAll: true, Files: files}
	if tagged {
		step.Tags = []string{release + ".0"}
	}
	return step, nil
}

// Demo makes the upstream of `bot demo` at dir, a bare repository: releases v1.34.0 and v1.35.0 as
// tags, and on branch master, not tagged, what became v1.36. A first run there compares v1.35.0 with
// HEAD.
func Demo(ctx context.Context, dir string) error {
	table, err := facts.Load()
	if err != nil {
		return fmt.Errorf("make demo upstream: %w", err)
	}
	var steps []Step
	for _, release := range []string{"v1.34", "v1.35", "v1.36"} {
		step, err := Release(table, release, release != "v1.36")
		if err != nil {
			return fmt.Errorf("make demo upstream: %w", err)
		}
		steps = append(steps, step)
	}
	return Repository(ctx, dir, steps)
}
