package store

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RetryError says why nothing can be put back under a key.
type RetryError struct {
	Key, Reason string
}

func (e *RetryError) Error() string { return fmt.Sprintf("retry %s: %s", e.Key, e.Reason) }

// MayBeThere begins the last error of a delivery that was given up without anybody knowing whether it had
// arrived.
const MayBeThere = "it may have arrived: "

// Retry puts deliveries that were given up back in line: pending, or unknown where they may have arrived,
// with no tries and an age that counts from now. key is a delivery's key as [Key.String] writes it, or its beginning up to a slash
// ("weekly/7": all parts and channels of that digest). An earlier part of the same digest that was given
// up too comes with it, for a comment needs its issue.
//
// all are the deliveries of the store; those to be written are returned. The error is a *RetryError:
// nothing has that key, or nothing under it was given up.
func Retry(all []Delivery, key string, now time.Time) ([]Delivery, error) {
	key = strings.TrimSuffix(key, "/")
	var named, out []Delivery
	for _, d := range all {
		if k := d.Key.String(); k == key || strings.HasPrefix(k, key+"/") {
			named = append(named, d)
		}
	}
	if len(named) == 0 {
		return nil, &RetryError{key, "there is no delivery with this key; bot state show lists those that can be retried"}
	}
	for _, d := range all {
		wanted := slices.ContainsFunc(named, func(n Delivery) bool {
			return n.State == GivenUp && n.Key.Definition == d.Key.Definition && n.Key.Seq == d.Key.Seq &&
				n.Key.Channel == d.Key.Channel && n.Key.Part >= d.Key.Part
		})
		if !wanted || d.State != GivenUp {
			continue
		}
		d.State, d.Tries, d.RetriedAt, d.DoneAt = Pending, 0, now.UTC(), time.Time{}
		if strings.HasPrefix(d.LastError, MayBeThere) {
			d.State = Unknown // to be looked for, and told anew by no other digest
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, &RetryError{key, notGivenUp(named)}
	}
	return out, nil
}

// notGivenUp says in words what the deliveries are instead.
func notGivenUp(named []Delivery) string {
	has := func(s State) (Delivery, bool) {
		i := slices.IndexFunc(named, func(d Delivery) bool { return d.State == s })
		if i < 0 {
			return Delivery{}, false
		}
		return named[i], true
	}
	for _, s := range []State{Pending, Unknown} {
		if d, ok := has(s); ok {
			return fmt.Sprintf("it was not given up: %s is %s, and the next run tries it again by itself", d.Key, d.State)
		}
	}
	if d, ok := has(Superseded); ok {
		return fmt.Sprintf("%s was superseded: a later digest tells the same and more", d.Key)
	}
	if d, ok := has(Done); ok && d.ResultURL != "" {
		return "it is delivered already: " + d.ResultURL
	}
	return "it is delivered already"
}
