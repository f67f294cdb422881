package ghtest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// item is one node of a list that can be paged: its key orders it and is its cursor, so that a page
// goes on where the last one ended even when the list has moved meanwhile.
type item struct {
	key  string
	node any
}

// connection is one page of a list.
type connection struct {
	typ      string
	items    []item
	more     bool // after the page
	earlier  bool // before it
	total    func() (int, error)
	repoHits int // of a search
}

type edge struct {
	typ string
	item
}

type pageInfo struct{ connection }

const cursorPrefix = "cursor:v2:"

func cursor(key string) string {
	return base64.StdEncoding.EncodeToString([]byte(cursorPrefix + key))
}

// bounds are the paging arguments of a connection, checked.
type bounds struct {
	first, last   int // -1 is absent
	after, before string
	hasAfter      bool
	hasBefore     bool
}

// limits checks first and last as GitHub does: one of them is needed, 1 to 100.
func limits(name string, args arguments) (bounds, error) {
	b := bounds{first: -1, last: -1}
	for _, arg := range []string{"first", "last"} {
		if !args.has(arg) {
			continue
		}
		dst := &b.first
		if arg == "last" {
			dst = &b.last
		}
		n := args.int(arg)
		if n > 100 {
			return b, &queryError{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `%s` limit of 100 records.", n, name, arg)}
		}
		if n < 0 {
			return b, &queryError{"INVALID_PAGINATION", fmt.Sprintf("`%s` on the `%s` connection cannot be less than zero.", arg, name)}
		}
		*dst = n
	}
	switch {
	case b.first < 0 && b.last < 0:
		return b, &queryError{"MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", name)}
	case b.first >= 0 && b.last >= 0:
		return b, &queryError{"UNPROCESSABLE", fmt.Sprintf("Passing both `first` and `last` to paginate the `%s` connection is not supported.", name)}
	}
	for _, arg := range []string{"after", "before"} {
		v, ok := args[arg].(string)
		if !ok {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(v)
		key, known := strings.CutPrefix(string(raw), cursorPrefix)
		if err != nil || !known {
			return b, &queryError{"INVALID_CURSOR_ARGUMENTS", fmt.Sprintf("`%s` does not appear to be a valid cursor.", v)}
		}
		if arg == "after" {
			b.after, b.hasAfter = key, true
		} else {
			b.before, b.hasBefore = key, true
		}
	}
	return b, nil
}

// paged sorts items by key and cuts out the page asked for.
func paged(typ, name string, args arguments, descending bool, all []item) (*connection, error) {
	b, err := limits(name, args)
	if err != nil {
		return nil, err
	}
	order := strings.Compare
	if descending {
		order = func(a, b string) int { return strings.Compare(b, a) }
	}
	slices.SortStableFunc(all, func(x, y item) int { return order(x.key, y.key) })
	n := len(all)
	from, to := 0, n
	if b.hasAfter {
		from, _ = slices.BinarySearchFunc(all, b.after, func(x item, key string) int {
			if order(x.key, key) <= 0 {
				return -1
			}
			return 1
		})
	}
	if b.hasBefore {
		to, _ = slices.BinarySearchFunc(all, b.before, func(x item, key string) int { return order(x.key, key) })
		to = max(to, from)
	}
	if b.first >= 0 {
		to = min(to, from+b.first)
	} else {
		from = max(from, to-b.last)
	}
	return &connection{
		typ: typ, items: all[from:to], more: to < n, earlier: from > 0,
		total: func() (int, error) { return n, nil },
	}, nil
}

// number makes an integer a key.
func number[T ~int | ~int64](n T) string { return fmt.Sprintf("%020d", int64(n)) }
