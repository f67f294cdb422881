package config

import (
	"testing"
	"time"
)

// TestEveryWallTimeIsDueOnce goes minute by minute through the days on which clocks change: what a schedule names is due
// once, at its time, or when the clocks have moved over it. Lord Howe's clocks move by half an hour, those of Cairo, Santiago,
// Havana and Beirut at midnight, and Troll's by two hours.
func TestEveryWallTimeIsDueOnce(t *testing.T) {
	for _, name := range []string{
		"Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "America/Havana", "Asia/Beirut", "Antarctica/Troll",
		"Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, expression := range []string{
			"0 0 * * *", "30 0 * * *", "0 1 * * *", "15 2 * * *", "0 3 * * *", "45 23 * * *", "0 2 * * 0", "17 7 * * 1", "0 0 1 * 1",
			"0 */2 * * *", "5 1,2,3 * * *", "*/20 2 * * *",
		} {
			s, err := Schedule(expression, name)
			if err != nil {
				t.Fatal(err)
			}
			spec, _, _ := readSchedule(expression)
			_, change := time.Date(2026, 1, 1, 12, 0, 0, 0, zone).ZoneBounds()
			for ; change.Year() < 2029; _, change = change.ZoneBounds() {
				day := 24 * time.Hour
				from, to := change.Add(-3*day), change.Add(10*day)
				var want []time.Time
				seen := wallClock(from.Add(-time.Minute), zone)
				due := spec.Next(seen)
				for x := from; x.Before(to); x = x.Add(time.Minute) {
					w := wallClock(x, zone)
					if w.After(seen) {
						seen = w
					}
					if !due.After(seen) {
						want, due = append(want, x), spec.Next(seen)
					}
				}
				last := from.Add(-time.Second)
				for i := 0; ; i++ {
					got := s.Next(last)
					if !got.Before(to) && i == len(want) {
						break
					}
					if i == len(want) || !got.Equal(want[i]) {
						t.Errorf("%s, %q: after %s comes %s, want %v", name, expression, last.In(zone), got.In(zone), want[min(i, len(want)):min(i+1, len(want))])
						break
					}
					last = got
				}
			}
		}
	}
}
