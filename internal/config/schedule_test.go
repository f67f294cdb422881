package config_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/config"
)

func TestSchedule(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct{ expression, zone, after, next string }{
		{"17 7 * * 1", "", "2026-11-24T00:00:00Z", "2026-11-30T07:17:00Z"},
		{"17 7 * * 1", "Europe/Berlin", "2026-11-24T00:00:00Z", "2026-11-30T06:17:00Z"}, // winter: +1
		{"17 7 * * 1", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-06T05:17:00Z"}, // summer: +2
		{"0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T12:00:00Z"},
		{"*/15 9-17 * * mon-fri", "UTC", "2026-11-27T17:50:00Z", "2026-11-30T09:00:00Z"},
	} {
		s, err := config.Schedule(tt.expression, tt.zone)
		if err != nil {
			t.Errorf("%q: %v", tt.expression, err)
			continue
		}
		if got := s.Next(at(tt.after)); !got.Equal(at(tt.next)) {
			t.Errorf("%q in %q after %s is due at %s, want %s", tt.expression, tt.zone, tt.after, got.UTC().Format(time.RFC3339), tt.next)
		}
	}
	// Each of these panics in robfig/cron, never fires, or means something else than it seems to.
	for _, bad := range []string{"", "TZ=Europe/Berlin", "CRON_TZ=UTC 1 1 * * *", "0 0 31 2 *", "0 0 30 feb *", "@every 1h", "0 0 1 * * *", ", * * * *", "60 * * * *", "*/0 * * * *"} {
		if _, err := config.Schedule(bad, ""); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	for _, zone := range []string{"Local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := config.Schedule("1 1 * * *", zone); err == nil {
			t.Errorf("the zone %q was accepted", zone)
		}
	}
}

// TestScheduleWhereClocksChange: nothing is lost in the hour that is skipped, and nothing doubled in the one that comes twice.
func TestScheduleWhereClocksChange(t *testing.T) {
	for _, tt := range []struct {
		what, expression, zone, from string
		want                         []string
	}{
		{"clocks go forward over it", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"once a week, and just then", "30 2 * * 0", "Europe/Berlin", "2026-03-23T00:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-04-05T00:30:00Z"}},
		{"at the moment of the change itself", "0 2 29 3 *", "Europe/Berlin", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2027-03-29T00:00:00Z"}},
		{"just after", "0 3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"}},
		{"clocks go back over it", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"every hour is every hour, forward", "23 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T00:23:00Z", "2026-03-29T01:23:00Z", "2026-03-29T02:23:00Z"}},
		{"every hour is every hour, back", "23 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
			[]string{"2026-10-25T00:23:00Z", "2026-10-25T01:23:00Z", "2026-10-25T02:23:00Z"}},
		{"America too", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
		{"America, back", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"half an hour only", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"midnight is skipped", "0 0 * * *", "America/Asuncion", "2024-10-05T12:00:00Z",
			[]string{"2024-10-06T04:00:00Z", "2024-10-07T03:00:00Z"}},
	} {
		s, err := config.Schedule(tt.expression, tt.zone)
		if err != nil {
			t.Fatalf("%s: %v", tt.what, err)
		}
		at, err := time.Parse(time.RFC3339, tt.from)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range tt.want {
			at = s.Next(at)
			got = append(got, at.UTC().Format(time.RFC3339))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q in %s is due at %v, want %v", tt.what, tt.expression, tt.zone, got, tt.want)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("17 7 * * 1", "Europe/Berlin")
	f.Add("TZ=", "")
	f.Add("0 0 31 2 *", "UTC")
	f.Fuzz(func(t *testing.T, expression, zone string) {
		s, err := config.Schedule(expression, zone)
		if err == nil && s.Next(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
			t.Errorf("%q was accepted and never fires", expression)
		}
	})
}

func ExampleSchedule() {
	weekly, err := config.Schedule("17 7 * * 1", "Europe/Berlin")
	if err != nil {
		panic(err)
	}
	fmt.Println(weekly.Next(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)))
	// Output: 2026-11-30 06:17:00 +0000 UTC
}
