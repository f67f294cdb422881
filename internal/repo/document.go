package repo

import (
	"fmt"
	"strings"
)

// document builds a GraphQL document. Texts become variables: nothing from outside is ever pasted into
// it.
type document struct {
	name      string // of the operation: logs and the fault matrix tell calls apart by it
	vars      map[string]any
	params    []string
	fields    strings.Builder
	fragments strings.Builder
}

func newDocument(name string) *document { return &document{name: name, vars: map[string]any{}} }

// bind makes a variable of a value and returns its name with the "$".
func (d *document) bind(graphQLType string, value any) string {
	name := fmt.Sprintf("v%d", len(d.params))
	d.params = append(d.params, "$"+name+": "+graphQLType)
	d.vars[name] = value
	return "$" + name
}

// repository opens a repository field under an alias. The caller closes it with "}".
func (d *document) repository(alias, owner, name string) {
	fmt.Fprintf(&d.fields, "  %s: repository(owner: %s, name: %s) {\n", alias, d.bind("String!", owner), d.bind("String!", name))
}

func (d *document) String() string {
	return "query " + d.name + "(" + strings.Join(d.params, ", ") + ") {\n" + d.fields.String() + "}\n" + d.fragments.String()
}
