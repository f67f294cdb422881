package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Subset says where a schema is no true part of GitHub's: a type, field, argument, value or union
// member that is not there or is of another type, or a demanded argument that it leaves out.
func (v *Validator) Subset(part *ast.Schema) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for name, ours := range part.Types {
		if ours.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		theirs := v.schema.Types[name]
		if theirs == nil || theirs.Kind != ours.Kind {
			bad("%s: no such %s", name, ours.Kind)
			continue
		}
		for _, i := range ours.Interfaces {
			if !slices.Contains(theirs.Interfaces, i) {
				bad("%s does not implement %s", name, i)
			}
		}
		for _, t := range ours.Types {
			if !slices.Contains(theirs.Types, t) {
				bad("%s has no member %s", name, t)
			}
		}
		for _, e := range ours.EnumValues {
			if theirs.EnumValues.ForName(e.Name) == nil {
				bad("%s has no value %s", name, e.Name)
			}
		}
		for _, f := range ours.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			if g := theirs.Fields.ForName(f.Name); g == nil {
				bad("%s has no field %s", name, f.Name)
			} else {
				errs = append(errs, sameField(name, f, g))
			}
		}
		if ours.Kind == ast.InputObject {
			for _, g := range theirs.Fields {
				if g.Type.NonNull && g.DefaultValue == nil && ours.Fields.ForName(g.Name) == nil {
					bad("%s leaves out %s, which is demanded", name, g.Name)
				}
			}
		}
	}
	return errors.Join(errs...)
}

func sameField(owner string, ours, theirs *ast.FieldDefinition) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s.%s: "+format, append([]any{owner, ours.Name}, args...)...))
	}
	if ours.Type.String() != theirs.Type.String() {
		bad("is %s, want %s", ours.Type, theirs.Type)
	}
	if text(ours.DefaultValue) != text(theirs.DefaultValue) {
		bad("default is %s, want %s", text(ours.DefaultValue), text(theirs.DefaultValue))
	}
	for _, a := range ours.Arguments {
		b := theirs.Arguments.ForName(a.Name)
		switch {
		case b == nil:
			bad("has no argument %s", a.Name)
		case a.Type.String() != b.Type.String():
			bad("argument %s is %s, want %s", a.Name, a.Type, b.Type)
		case text(a.DefaultValue) != text(b.DefaultValue):
			bad("argument %s has default %s, want %s", a.Name, text(a.DefaultValue), text(b.DefaultValue))
		}
	}
	for _, b := range theirs.Arguments {
		if b.Type.NonNull && b.DefaultValue == nil && ours.Arguments.ForName(b.Name) == nil {
			bad("leaves out argument %s, which is demanded", b.Name)
		}
	}
	return errors.Join(errs...)
}

func text(v *ast.Value) string {
	if v == nil {
		return "(none)"
	}
	return v.String()
}
