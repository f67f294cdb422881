package github

import (
	"encoding/json"
	"fmt"
	"strings"
)

// standingDocument asks for each repository under an alias of its own: r0, r1, …, its labels l0, l1, ….
func standingDocument(requests []StandingRequest) (doc string, vars map[string]any, err error) {
	vars = map[string]any{}
	var params, fields strings.Builder
	bind := func(value string) string {
		name := fmt.Sprintf("v%d", len(vars))
		vars[name] = value
		if params.Len() > 0 {
			params.WriteString(", ")
		}
		params.WriteString("$" + name + ": String!")
		return "$" + name
	}
	for i, r := range requests {
		owner, name, err := splitRepository(r.Repository)
		if err != nil {
			return "", nil, err
		}
		fmt.Fprintf(&fields, "  r%d: repository(owner: %s, name: %s) {\n    nameWithOwner isPrivate isArchived hasIssuesEnabled viewerPermission\n", i, bind(owner), bind(name))
		for j, l := range r.Labels {
			fmt.Fprintf(&fields, "    l%d: label(name: %s) { name }\n", j, bind(l))
		}
		fields.WriteString("  }\n")
	}
	head := "query Standings"
	if params.Len() > 0 {
		head += "(" + params.String() + ")"
	}
	return head + " {\n  viewer { login }\n" + fields.String() + "}\n", vars, nil
}

// standingNode is the answer for one repository.
type standingNode struct {
	NameWithOwner    string `json:"nameWithOwner"`
	IsPrivate        bool   `json:"isPrivate"`
	IsArchived       bool   `json:"isArchived"`
	HasIssuesEnabled bool   `json:"hasIssuesEnabled"`
	ViewerPermission string `json:"viewerPermission"`
	labels           map[string]bool
}

// UnmarshalJSON implements json.Unmarshaler: the labels' aliases depend on the request.
func (n *standingNode) UnmarshalJSON(data []byte) error {
	type plain standingNode
	if err := json.Unmarshal(data, (*plain)(n)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	n.labels = map[string]bool{}
	for key, raw := range all {
		n.labels[key] = string(raw) != "null"
	}
	return nil
}

func (n *standingNode) standing(r StandingRequest, alias string, errs *GraphQLErrors) Standing {
	s := Standing{Repository: r.Repository, Labels: []string{}}
	if n == nil {
		s.Err = &NotFoundError{Repository: r.Repository}
		if errs != nil {
			for _, e := range errs.At(alias) {
				if e.Type != "NOT_FOUND" {
					s.Err = &PermissionError{Repository: r.Repository, Message: e.Message}
				}
			}
		}
		return s
	}
	s.Repository, s.Private, s.Archived, s.HasIssues = n.NameWithOwner, n.IsPrivate, n.IsArchived, n.HasIssuesEnabled
	s.Permission = n.ViewerPermission
	for j, l := range r.Labels {
		if n.labels[fmt.Sprintf("l%d", j)] {
			s.Labels = append(s.Labels, l)
		}
	}
	return s
}

// standingsAnswer is a document's answer: who asks, and each repository by its alias.
type standingsAnswer struct {
	login string
	nodes map[string]*standingNode
}

// UnmarshalJSON implements json.Unmarshaler: the repositories' aliases depend on the request.
func (a *standingsAnswer) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	a.nodes = map[string]*standingNode{}
	for key, raw := range all {
		if key == "viewer" {
			var v struct{ Login string }
			if err := json.Unmarshal(raw, &v); err != nil {
				return err
			}
			a.login = v.Login
			continue
		}
		var n *standingNode
		if err := json.Unmarshal(raw, &n); err != nil {
			return err
		}
		a.nodes[key] = n
	}
	return nil
}
