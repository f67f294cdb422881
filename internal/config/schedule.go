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
// zero time. In a zone with summer time, times between 01:00 and 03:00 may be skipped once a year and come
// twice on another day: callers tell a boundary apart by its period, not by counting.
func Schedule(expression, timezone string) (cron.Schedule, error) {
	location, problem := zone(timezone)
	if problem != "" {
		return nil, fmt.Errorf("timezone: %s; %s", problem, ianaName)
	}
	spec, problem, advice := readSchedule(expression)
	if problem != "" {
		return nil, fmt.Errorf("schedule: %s; %s", problem, advice)
	}
	spec.Location = location
	return spec, nil
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
