package changelog

import (
	"slices"
	"strconv"
	"strings"
)

// News is what of a section a reader does not know yet, and what became of the rest.
type News struct {
	Version string `json:"version"`
	// New are the notes that the reader meets for the first time.
	New []Note `json:"new,omitempty"`
	// Known are the notes that the reader was told with an earlier section, in this one's words.
	Known []Met `json:"known,omitempty"`
	// Later are the notes that a newer section told in the same go has too, and there in their final words.
	Later []Met `json:"later,omitempty"`
	// Gone are, for a final release, the notes of its pre-releases that it does not have: reverted, sent to an older
	// branch, or dropped as noise. They must not be told as shipped.
	Gone []Met `json:"gone,omitempty"`
}

// Met is a note with the sections that have it too.
type Met struct {
	Note     Note     `json:"note"`
	In       []string `json:"in"`                 // their versions, newest first; for Gone the pre-releases that have it
	Reworded bool     `json:"reworded,omitempty"` // all of them have other words
}

// TellOnce sorts the notes of the fresh sections, given the sections that the reader was told of before, both newest
// first. A note is the same in the pre-releases of x.y.0 and in x.y.0 itself when its pull requests are; without any,
// when its words are. The newest words win. Across releases nothing is the same: a patch release has pull requests of
// its own. The order of notes and sections stays.
func TellOnce(told, fresh []Section) []News {
	all := slices.Concat(fresh, told)
	index := indexOf(all)
	news := make([]News, len(fresh))
	for i, s := range fresh {
		out := News{Version: s.Version}
		for _, n := range s.Notes {
			if m, ok := index.meet(s.Version, n, func(j int) bool { return j < i }); ok {
				out.Later = append(out.Later, m)
			} else if m, ok := index.meet(s.Version, n, func(j int) bool { return j >= len(fresh) }); ok {
				out.Known = append(out.Known, m)
			} else {
				out.New = append(out.New, n)
			}
		}
		if !preRelease(s.Version) {
			out.Gone = index.gone(i)
		}
		news[i] = out
	}
	return news
}

// index finds notes by what makes them the same.
type index struct {
	sections []Section
	where    map[string][]spot
}

// spot is a note in a section.
type spot struct{ section, note int }

func indexOf(sections []Section) index {
	x := index{sections, map[string][]spot{}}
	for i, s := range sections {
		for j, n := range s.Notes {
			for _, k := range keysOf(s.Version, n) {
				x.where[k] = append(x.where[k], spot{i, j})
			}
		}
	}
	return x
}

// meet finds the note in those sections that count. A note of several pull requests is met where all of them are.
func (x index) meet(version string, n Note, counts func(section int) bool) (Met, bool) {
	m := Met{Note: n, Reworded: true}
	var in []int
	for _, k := range keysOf(version, n) {
		found := false
		for _, at := range x.where[k] {
			if counts(at.section) {
				found = true
				in = union(in, []int{at.section})
				m.Reworded = m.Reworded && x.sections[at.section].Notes[at.note].Text != n.Text
			}
		}
		if !found {
			return Met{}, false
		}
	}
	slices.Sort(in)
	for _, i := range in {
		m.In = union(m.In, []string{x.sections[i].Version})
	}
	return m, true
}

// gone are the notes of a final release's pre-releases none of whose pull requests it has, each once.
func (x index) gone(final int) []Met {
	var found []Met
	version := x.sections[final].Version
	at := map[string]int{}
	for i, s := range x.sections {
		if i == final || !preRelease(s.Version) || baseOf(s.Version) != version {
			continue
		}
	notes:
		for _, n := range s.Notes {
			keys := keysOf(s.Version, n)
			if len(n.PRs) == 0 {
				continue // other words would make it look gone
			}
			for _, k := range keys {
				if slices.ContainsFunc(x.where[k], func(o spot) bool { return o.section == final }) {
					continue notes
				}
			}
			if f, ok := at[keys[0]]; ok {
				found[f].In = union(found[f].In, []string{s.Version})
				continue
			}
			at[keys[0]] = len(found)
			found = append(found, Met{Note: n, In: []string{s.Version}})
		}
	}
	return found
}

// keysOf are what a note has in common with itself elsewhere.
func keysOf(version string, n Note) []string {
	base := baseOf(version)
	if len(n.PRs) == 0 {
		return []string{base + "=" + n.Text}
	}
	keys := make([]string, len(n.PRs))
	for i, pr := range n.PRs {
		keys[i] = base + "#" + strconv.Itoa(pr)
	}
	return keys
}

func baseOf(version string) string {
	base, _, _ := strings.Cut(version, "-")
	return base
}

func preRelease(version string) bool { return strings.Contains(version, "-") }
