package shout

import (
	"fmt"
	"slices"
	"strings"
)

// unknown says that there is no such service, and which it may be. A scheme is shown only if it looks like a name: what
// stands before a colon may be a part of a secret too.
func unknown(name, env string) error {
	all := services()
	var near []string
	for _, s := range all {
		if distance(name, s) <= 2 || len(name) > 2 && (strings.HasPrefix(s, name) || strings.HasPrefix(name, s)) {
			near = append(near, s)
		}
	}
	switch name {
	case "http", "https":
		return fmt.Errorf("%s holds a web address: shoutrrr's begin with the name of a service (ntfy://…); use a channel of type webhook for any other address", env)
	case "mailto":
		near = []string{"smtp"}
	}
	if len(near) > 0 {
		return fmt.Errorf("%s begins with the name of no service of shoutrrr's: is it %s?", env, strings.Join(near, ", or "))
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "logger" })
	return fmt.Errorf("%s begins with the name of no service of shoutrrr's: they are %s", env, strings.Join(all, ", "))
}

// distance is how many letters must be changed, added or left out to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}
