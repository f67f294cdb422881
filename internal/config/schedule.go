package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule reads a cron expression of five fields (minute, hour, day of month, month, day of week) for a
// time zone by its IANA name ("" is UTC). Of the returned value only Next is needed: it gives the first
// boundary after a time. It is computed in that zone and returned in the zone of the argument.
//
// It refuses what robfig/cron takes badly: a TZ= prefix (it panics without a space after it), descriptors
// such as @daily, empty list elements, and dates that never come ("0 0 31 2 *"), for which Next gives the
// zero time. Where clocks change, a boundary at a time that the day does not have comes when the clocks have
// moved, and one at a time that the day has twice comes once; only where every hour is meant does each hour count.
func Schedule(expression, timezone string) (cron.Schedule, error) {
	location, problem := zone(timezone)
	if problem != "" {
		return nil, fmt.Errorf("timezone: %s; %s", problem, ianaName)
	}
	spec, problem, advice := readSchedule(expression)
	if problem != "" {
		return nil, fmt.Errorf("schedule: %s; %s", problem, advice)
	}
	return clockwise{wall: spec, zone: location}, nil
}

// clockwise is a schedule that loses nothing and doubles nothing where clocks change. It asks robfig/cron for times on
// clocks that never change only: in a zone it passes over times that a day does not have, and over whole days where clocks
// change by half an hour or at midnight.
type clockwise struct {
	wall *cron.SpecSchedule
	zone *time.Location
}

// everyHour is robfig/cron's mark of a field that was a star.
const everyHour = 1 << 63

// Next is the first boundary after t.
func (c clockwise) Next(t time.Time) time.Time {
	each := c.wall.Hour&everyHour != 0
	seen := wallClock(t, c.zone) // the latest time that clocks have shown
	in := t.In(c.zone)
	start, change := in.ZoneBounds()
	if before := wallClock(start.Add(-time.Second), c.zone); !each && !start.IsZero() && before.After(seen) {
		seen = before
	}
	for {
		due := c.wall.Next(seen)
		if due.IsZero() {
			return due
		}
		_, offset := in.Zone()
		at := due.Add(-time.Duration(offset) * time.Second)
		if at.Before(start) { // clocks went forward over it
			at = start
		}
		if change.IsZero() || at.Before(change) {
			return at.In(t.Location())
		}
		in = change.In(c.zone)
		if each { // what clocks pass over is made up for by the next hour, and what they show twice counts twice
			seen = wallClock(in, c.zone).Add(-time.Second)
		}
		start, change = in.ZoneBounds()
	}
}

// wallClock is what clocks in a zone show, as a time in UTC.
func wallClock(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// readSchedule reads an expression for UTC, or says what is wrong and what to do.
func readSchedule(expression string) (spec *cron.SpecSchedule, problem, advice string) {
	fields := strings.Fields(expression)
	switch {
	case strings.Contains(expression, "="):
		return nil, quote(expression) + " holds a time zone", "give it as timezone, and five fields here"
	case strings.HasPrefix(expression, "@"):
		return nil, quote(expression) + " is no cron expression", fiveFields
	case len(fields) != 5:
		return nil, fmt.Sprintf("%s has %d fields", quote(expression), len(fields)), fiveFields
	}
	for _, f := range fields {
		if strings.HasPrefix(f, ",") || strings.HasSuffix(f, ",") || strings.Contains(f, ",,") {
			return nil, fmt.Sprintf("%s has an empty element in %s", quote(expression), quote(f)), fiveFields
		}
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parsed, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, fmt.Sprintf("%s is no cron expression: %v", quote(expression), err), fiveFields
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, quote(expression) + " is no cron expression", fiveFields
	}
	spec.Location = time.UTC
	// Five years from any date hold every date that exists, but for 29 February around 2100.
	if spec.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, quote(expression) + " names a date that never comes", "correct the day of month or the month"
	}
	return spec, "", ""
}

const (
	fiveFields = `write five fields (minute hour day-of-month month day-of-week, Sunday is 0), such as "17 7 * * 1"`
	ianaName   = "write an IANA name such as Europe/Berlin, or UTC"
)

// zone finds a time zone, or says what is wrong. "Local" is refused: it would mean another schedule on
// every machine.
func zone(name string) (location *time.Location, problem string) {
	if name == "" {
		return time.UTC, ""
	}
	location, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, quote(name) + " is no time zone"
	}
	return location, ""
}
