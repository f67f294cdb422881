package feed

import (
	"strings"
	"time"
)

// moreForms are dates that gofeed does not know, and that feeds have all the same.
var moreForms = []string{
	"2006-01-02", "2006/01/02", "2006.01.02", "02.01.2006", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "20060102",
	"2006-01-02 15:04 MST", "2006-01-02T15:04Z07:00", "January 2, 2006 15:04 MST",
}

// date is a time as it is kept: in UTC, to the second, zero where nobody can tell it or no calendar has it.
func date(parsed *time.Time, text string) time.Time {
	var t time.Time
	if parsed != nil {
		t = *parsed
	} else {
		text = strings.TrimSpace(text)
		for _, form := range moreForms {
			if x, err := time.Parse(form, text); err == nil {
				t = x
				break
			}
		}
	}
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 1970 || t.Year() > 9999 { // year 1 is how some programs write none
		return time.Time{}
	}
	return t
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
