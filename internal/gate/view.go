package gate

import "fmt"

// View is a gate as the JSON interface shows it (docs/schema): the specs in force at a version, and what
// follows from them.
type View struct {
	Name        string         `json:"name"`
	Variant     string         `json:"variant"` // "" unless components register the name with unequal specs
	Const       string         `json:"const"`
	Description string         `json:"description"`
	URL         string         `json:"url"` // the declaration at the commit; "" where it is not known
	Components  []string       `json:"components"`
	Stage       Stage          `json:"stage"` // "" when every spec is only scheduled
	Default     bool           `json:"default"`
	Locked      bool           `json:"locked"`
	Since       string         `json:"since"`      // version of the spec in force; "" where registrations have none
	Introduced  string         `json:"introduced"` // version of the first spec that says something new
	Specs       []Spec         `json:"specs"`
	Owners      []string       `json:"owners"`
	KEPs        []string       `json:"keps"`
	Removal     *Removal       `json:"removal"`
	DependsOn   []string       `json:"depends_on"` // null: upstream declares nothing at this commit
	Declared    Position       `json:"declared"`
	Registered  []Registration `json:"registered"`
}

// Removal is a removal that is planned, and why we think so.
type Removal struct {
	Release    string `json:"release"`    // "1.36"
	Rule       string `json:"rule"`       // "trailing-comment"
	Confidence string `json:"confidence"` // "certain", "likely" or "possible"
}

// View shows the gate as of version. base is the address of the commit's files
// ("https://github.com/kubernetes/kubernetes/blob/SHA"), or "".
func (g Gate) View(version, base string) View {
	v := View{
		Name: g.Name, Variant: g.Variant, Const: g.Const, Description: g.Description, Components: g.Components(),
		Introduced: g.Introduced(), Specs: notNil(g.Specs), Owners: notNil(g.Owners), KEPs: notNil(g.KEPs),
		DependsOn: g.DependsOn, Declared: g.Declared, Registered: notNil(g.Registered),
	}
	if s, ok := g.Effective(version); ok {
		v.Stage, v.Default, v.Locked, v.Since = s.Stage, s.Default, s.Locked, s.Since
	}
	if base != "" && g.Declared.File != "" {
		v.URL = fmt.Sprintf("%s/%s#L%d", base, g.Declared.File, g.Declared.Line)
	}
	if g.RemoveIn != "" {
		v.Removal = &Removal{Release: g.RemoveIn, Rule: "trailing-comment", Confidence: "likely"}
	}
	return v
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
