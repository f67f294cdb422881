package config_test

import (
	"fmt"
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
