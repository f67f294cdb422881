package gate

import (
	"slices"
	"strconv"
)

// View is a gate as the commands print it in JSON, at one version. Lists are never null, but for
// DependsOn, where null means that upstream declares nothing.
type View struct {
	Name        string   `json:"name"`
	Variant     string   `json:"variant"`
	Const       string   `json:"const"`
	Description string   `json:"description"`
	URL         string   `json:"url"` // of the declaration's line; "" where no address is known
	Components  []string `json:"components"`
	// Stage, Default, Locked and Since are those of the spec in force. Stage is "" when every spec
	// lies above the version; Since is "" then too, and where registrations have no versions.
	Stage      Stage          `json:"stage"`
	Default    bool           `json:"default"`
	Locked     bool           `json:"locked"`
	Since      string         `json:"since"`
	Introduced string         `json:"introduced"`
	Specs      []Spec         `json:"specs"`
	Owners     []string       `json:"owners"`
	KEPs       []string       `json:"keps"`
	Removal    *Removal       `json:"removal"`
	DependsOn  []string       `json:"depends_on"`
	Declared   Position       `json:"declared"`
	Registered []Registration `json:"registered"`
}

// Removal is a forecast: the release in which a gate goes, by which rule, and how sure that is.
type Removal struct {
	Release    string `json:"release"`    // "1.38"
	Rule       string `json:"rule"`       // in words: "upstream's rule: three minors after it was locked in 1.36"
	Confidence string `json:"confidence"` // "certain", "likely" or "possible"
}

// View returns the gate as it stands at version ("1.36"; "" for the newest known). urlBase is where
// the upstream's files are seen at the commit ("https://github.com/kubernetes/kubernetes/blob/SHA").
// The forecast of its removal is the caller's: this package knows no rules. nil: there is none.
func (g Gate) View(version, urlBase string, removal *Removal) View {
	v := View{
		Name: g.Name, Const: g.Const, Description: g.Description,
		Components: g.Components(), Introduced: g.Introduced(),
		Specs: listed(g.Specs), Owners: listed(g.Owners), KEPs: listed(g.KEPs),
		Declared: g.Declared, Registered: listed(g.Registered), Variant: g.Variant,
		DependsOn: slices.Clone(g.DependsOn), Removal: removal,
	}
	if urlBase != "" {
		v.URL = urlBase + "/" + g.Declared.File + "#L" + strconv.Itoa(g.Declared.Line)
	}
	if s, ok := g.Effective(version); ok {
		v.Stage, v.Default, v.Locked, v.Since = s.Stage, s.Default, s.Locked, s.Since
	}
	return v
}

// listed copies a list so that JSON shows [] and never null.
func listed[T any](in []T) []T { return append(make([]T, 0, len(in)), in...) }
