package cycle

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	months   = `(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)`
	weekdays = `(Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:rs?(?:day)?)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)`
	noZone   = 99 * time.Hour
)

var (
	isoDate   = regexp.MustCompile(`\b(20\d\d)-(\d{1,2})-(\d{1,2})(?:T|\b)`)
	dayFirst  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?` + months + `\b\.?(?:,?\s+(20\d\d)\b)?`)
	dayLast   = regexp.MustCompile(`(?i)\b` + months + `\b\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(20\d\d)\b)?`)
	weekday   = regexp.MustCompile(`(?i)\b` + weekdays + `\b\.?,?`)
	clock     = regexp.MustCompile(`(?i)(?:\b|T)(\d{1,2})(?::([0-5]\d)(?::[0-5]\d)?\s*(am|pm)?|\s*(am|pm))(?:\b|Z)`)
	endOfDay  = regexp.MustCompile(`(?i)\b(EOD|end of day|23:59)\b`)
	zone      = regexp.MustCompile(`\b(UTC|GMT)([+-]\d{1,2})\b|\b(UTC|GMT|PST|PDT|PT|MST|MDT|CST|CDT|EST|EDT|ET|CET|CEST|BST|IST|JST|AEST|AEDT)\b|(?i:\b(AoE|anywhere on earth)\b)`)
	zoneAfter = regexp.MustCompile(`^\s*\(?([A-Z]{2,5})\b`)
	either    = regexp.MustCompile(`\s/\s|\s+or\s+|;`)
	movedTo   = regexp.MustCompile(`(?i)→|->|=>|\b(moved|changed|postponed|delayed|rescheduled|shifted)( out)? to\b|\bnow\b`)
	dateLike  = regexp.MustCompile(`(?i)\b` + months + `\b|\b` + weekdays + `\b|\b20\d\d\b|\b\d{1,2}[/.]\d{1,2}\b`)
)

// Zones by how far they are ahead of UTC. PT and ET follow the American summer.
var zones = map[string]time.Duration{
	"UTC": 0, "GMT": 0, "PST": -8 * time.Hour, "PDT": -7 * time.Hour, "MST": -7 * time.Hour, "MDT": -6 * time.Hour,
	"CST": -6 * time.Hour, "CDT": -5 * time.Hour, "EST": -5 * time.Hour, "EDT": -4 * time.Hour, "CET": time.Hour, "CEST": 2 * time.Hour,
	"BST": time.Hour, "IST": 5*time.Hour + 30*time.Minute, "JST": 9 * time.Hour, "AEST": 10 * time.Hour, "AEDT": 11 * time.Hour,
}

// moment is a date, with the time of day where that is known.
type moment struct {
	at  time.Time
	day bool
	// rank orders what is said twice: UTC, anywhere on Earth, another zone, the day alone.
	rank int
}

func (m moment) isZero() bool { return m.at.IsZero() }

// day is a date as it is written.
type date struct {
	year, month, day int // year 0: not said
	weekday          string
	from, to         int // in the text
}

// readMoment reads the one date of a text. Where there is none it is zero, with the problem where there is something
// like one. A problem beside a date is a contradiction in the text.
func readMoment(text string, years []int) (moment, string) {
	if len(text) > longestItem {
		return moment{}, "it is too long for a date"
	}
	var best moment
	problem := ""
	note := func(p string) {
		if problem == "" {
			problem = p
		}
	}
	var all []moment
	for _, part := range either.Split(text, -1) {
		if loc := movedTo.FindAllStringIndex(part, -1); loc != nil && hasDate(part[loc[len(loc)-1][1]:]) {
			part = part[loc[len(loc)-1][1]:]
		}
		dates := datesIn(part)
		if len(dates) == 0 {
			continue
		}
		if slices.ContainsFunc(dates[1:], func(d date) bool {
			return d.month != dates[0].month || d.day != dates[0].day || d.year != dates[0].year
		}) {
			note("there are several dates")
			continue
		}
		m, p := dates[0].moment(part, years)
		if p != "" {
			note(p)
		}
		if !m.isZero() {
			all = append(all, m)
		}
	}
	for _, m := range all {
		if best.isZero() || m.rank < best.rank {
			best = m
		}
	}
	for _, m := range all { // summer and winter time are often mistaken for each other
		if apart := m.at.Sub(best.at).Abs(); !m.day && !best.day && apart > time.Hour || m.day != best.day && apart > 36*time.Hour || m.day && best.day && apart != 0 {
			note("it gives times that are not the same")
		}
	}
	if best.isZero() && problem == "" && dateLike.MatchString(text) && !undecided(text) && looksDated(text) {
		problem = "the form of its date is not known"
	}
	return best, problem
}

// datesIn are the dates of a text, in its order.
func datesIn(text string) []date {
	text = text[:min(len(text), longestItem)] // each date is compared with each other
	var out []date
	num := func(s string) int { n, _ := strconv.Atoi(s); return n } // digits only: 0 where there are none
	group := func(loc []int, i int) string {
		if loc[2*i] < 0 {
			return ""
		}
		return text[loc[2*i]:loc[2*i+1]]
	}
	add := func(loc []int, y, m, d int) {
		for _, o := range out {
			if loc[0] < o.to && o.from < loc[1] {
				return
			}
		}
		out = append(out, date{year: y, month: m, day: d, from: loc[0], to: loc[1]})
	}
	for _, loc := range isoDate.FindAllStringSubmatchIndex(text, -1) {
		add(loc, num(group(loc, 1)), num(group(loc, 2)), num(group(loc, 3)))
	}
	for _, loc := range dayFirst.FindAllStringSubmatchIndex(text, -1) {
		add(loc, num(group(loc, 3)), monthOf(group(loc, 2)), num(group(loc, 1)))
	}
	for _, loc := range dayLast.FindAllStringSubmatchIndex(text, -1) {
		add(loc, num(group(loc, 3)), monthOf(group(loc, 1)), num(group(loc, 2)))
	}
	slices.SortFunc(out, func(a, b date) int { return a.from - b.from })
	start := 0
	for i := range out {
		if w := weekday.FindAllStringSubmatch(text[start:out[i].from], -1); w != nil {
			out[i].weekday = w[len(w)-1][1]
		}
		start = out[i].to
	}
	return out
}

// monthOf is 0 for what only looks like one.
func monthOf(s string) int {
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(s)[:3])
	if i < 0 {
		return 0
	}
	return i/3 + 1
}

func weekdayOf(s string) time.Weekday {
	return time.Weekday(strings.Index("sunmontuewedthufrisat", strings.ToLower(s)[:3]) / 3)
}

// moment is when a date is, with the time and zone of the text it stands in.
func (d date) moment(text string, years []int) (moment, string) {
	if d.year == 0 {
		var fit []int
		for _, y := range years {
			if t, ok := calendarDay(y, d.month, d.day); ok && (d.weekday == "" || t.Weekday() == weekdayOf(d.weekday)) {
				fit = append(fit, y)
			}
		}
		if len(fit) != 1 {
			return moment{}, "it has no year"
		}
		d.year = fit[0]
	}
	day, ok := calendarDay(d.year, d.month, d.day)
	if !ok {
		return moment{}, "there is no such day"
	}
	problem := ""
	if d.weekday != "" && day.Weekday() != weekdayOf(d.weekday) {
		problem = fmt.Sprintf("it is a %s, and not a %s", day.Weekday(), weekdayOf(d.weekday))
	}
	rest := text[:d.from] + strings.Repeat(" ", d.to-d.from) + text[d.to:]
	if isoDate.MatchString(text[d.from:d.to]) && strings.HasSuffix(text[d.from:d.to], "T") {
		rest = text[:d.from] + strings.Repeat(" ", d.to-d.from-1) + text[d.to-1:]
	}
	since, has, after := timeOfDay(rest)
	ahead, rank, known := zoneOf(rest, day, after)
	switch {
	case rank == 1 && !has: // anywhere on Earth: when the day ends in the last place
		since, has = 24*time.Hour, true
	case has && !known && ahead == noZone:
		if m := zoneAfter.FindStringSubmatch(after); m != nil {
			if problem == "" {
				problem = "the time zone " + m[1] + " is not known, so only the day is taken"
			}
		}
		has = false
	}
	if !has {
		return moment{at: day, day: true, rank: 3}, problem
	}
	return moment{at: day.Add(since - ahead), rank: rank}, problem
}

// calendarDay is midnight UTC of a day that exists.
func calendarDay(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, m >= 1 && m <= 12 && d >= 1 && t.Day() == d && int(t.Month()) == m && y >= 2014 && y < 2100
}

// timeOfDay reads the first time of day of a text, and what follows it.
func timeOfDay(text string) (since time.Duration, has bool, after string) {
	if loc := endOfDay.FindStringIndex(text); loc != nil {
		return 24 * time.Hour, true, text[loc[1]:]
	}
	loc := clock.FindStringSubmatchIndex(text)
	if loc == nil {
		return 0, false, ""
	}
	m := clock.FindStringSubmatch(text[loc[0]:])
	hour, _ := strconv.Atoi(m[1]) // one or two digits
	minute, _ := strconv.Atoi(m[2])
	switch half := strings.ToLower(m[3] + m[4]); {
	case half != "" && (hour < 1 || hour > 12):
		return 0, false, ""
	case half == "pm" && hour < 12:
		hour += 12
	case half == "am" && hour == 12:
		hour = 0
	}
	if hour > 24 || hour == 24 && minute > 0 {
		return 0, false, ""
	}
	end := loc[1]
	if strings.HasSuffix(m[0], "Z") {
		end--
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, true, text[end:]
}

// zoneOf reads the zone of a text: how far it is ahead of UTC, and how good it is.
func zoneOf(text string, day time.Time, after string) (ahead time.Duration, rank int, known bool) {
	if strings.HasPrefix(after, "Z") {
		return 0, 0, true
	}
	m := zone.FindStringSubmatch(text)
	switch {
	case m == nil:
		return noZone, 3, false
	case m[4] != "":
		return -12 * time.Hour, 1, true
	case m[2] != "":
		n, _ := strconv.Atoi(m[2]) // a sign and digits
		if n < -12 || n > 14 {
			return noZone, 3, false
		}
		return time.Duration(n) * time.Hour, 2, true
	case m[3] == "UTC" || m[3] == "GMT":
		return 0, 0, true
	case m[3] == "PT" || m[3] == "ET":
		ahead := map[string]time.Duration{"PT": -8 * time.Hour, "ET": -5 * time.Hour}[m[3]]
		if americanSummer(day) {
			ahead += time.Hour
		}
		return ahead, 2, true
	}
	return zones[m[3]], 2, true
}

// americanSummer: from the second Sunday of March to the first of November.
func americanSummer(day time.Time) bool {
	sunday := func(month time.Month, nth int) time.Time {
		first := time.Date(day.Year(), month, 1, 0, 0, 0, 0, time.UTC)
		return first.AddDate(0, 0, (7-int(first.Weekday()))%7+7*(nth-1))
	}
	return !day.Before(sunday(time.March, 2)) && day.Before(sunday(time.November, 1))
}

func hasDate(text string) bool { return len(datesIn(text)) > 0 }

// looksDated: somebody wrote something like a date, so that none must be lost in silence.
func looksDated(text string) bool {
	return hasDate(text) || regexpDigits.MatchString(text) && dateLike.MatchString(text)
}

var regexpDigits = regexp.MustCompile(`\d`)

// withoutMoments is a text without dates, times and zones: what is left says what they are of.
func withoutMoments(text string) string {
	b := []byte(text)
	for _, d := range datesIn(text) {
		for i := d.from; i < d.to; i++ {
			b[i] = ' '
		}
	}
	s := string(b)
	for _, r := range []*regexp.Regexp{clock, endOfDay, zone, weekday} {
		s = r.ReplaceAllString(s, " ")
	}
	return s
}

// yearsIn are the years of the dates of a file.
func yearsIn(places []found) []int {
	var out []int
	for _, p := range places {
		for _, d := range datesIn(p.when) {
			if d.year > 0 && !slices.Contains(out, d.year) {
				out = append(out, d.year)
			}
		}
	}
	slices.Sort(out)
	return out
}
