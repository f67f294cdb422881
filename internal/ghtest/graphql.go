package ghtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// graphqlError is one entry of errors, in GitHub's order and form.
type graphqlError struct {
	Type       string              `json:"type,omitempty"`
	Path       []any               `json:"path,omitempty"`
	Extensions map[string]any      `json:"extensions,omitempty"`
	Locations  []gqlerror.Location `json:"locations,omitempty"`
	Message    string              `json:"message"`
}

// graphql answers POST /graphql: parse, validate, charge, execute.
func (c *call) graphql() answer {
	const doc = "https://docs.github.com/graphql"
	if c.r.Method != http.MethodPost {
		return c.notFound()
	}
	if c.who == nil {
		return c.failDoc(http.StatusUnauthorized, "This endpoint requires you to be authenticated.", doc)
	}
	var in struct {
		Query         *string        `json:"query"`
		Variables     map[string]any `json:"variables"`
		OperationName string         `json:"operationName"`
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	if err := dec.Decode(&in); err != nil {
		return c.failDoc(http.StatusBadRequest, "Problems parsing JSON", doc)
	}
	if in.Query == nil {
		return c.failDoc(http.StatusBadRequest, "A query attribute must be specified and must be a string.", doc)
	}
	query, err := parser.ParseQuery(&ast.Source{Input: *in.Query})
	if err != nil {
		return refusal(gqlErrors(err)...)
	}
	if errs := validator.ValidateWithRules(c.s.schema, query, nil); len(errs) > 0 {
		return refusal(gqlErrors(errs)...)
	}
	op := query.Operations.ForName(in.OperationName)
	if op == nil {
		return refusal(graphqlError{Message: fmt.Sprintf("No operation named %q", in.OperationName)})
	}
	vars, err := validator.VariableValues(c.s.schema, op, in.Variables)
	if err != nil {
		return refusal(gqlErrors(err)...)
	}
	x := &execution{c: c, s: c.s, vars: vars, doc: query}
	x.nodes, x.cost = x.weigh(op)
	if x.nodes > c.s.opts.NodeLimit {
		return refusal(graphqlError{
			Type:    "MAX_NODE_LIMIT_EXCEEDED",
			Message: "This query requests up to " + grouped(x.nodes) + " possible nodes which exceeds the maximum limit of " + grouped(c.s.opts.NodeLimit) + ".",
		})
	}
	if !c.s.spend(c.who, graphql, x.cost) {
		return refusal(graphqlError{Type: "RATE_LIMITED", Message: fmt.Sprintf("API rate limit already exceeded for user ID %d.", c.s.userID(c.who.Login))})
	}
	data := x.operation(op)
	if x.broken != nil {
		return c.broken(x.broken)
	}
	if limit := c.s.opts.BlameLimit; limit > 0 && x.blamed > limit {
		return htmlAnswer(http.StatusBadGateway)
	}
	out := struct {
		Data   any            `json:"data"`
		Errors []graphqlError `json:"errors,omitempty"`
	}{data, x.errs}
	a := jsonAnswer(http.StatusOK, out)
	if len(a.body) > c.s.opts.GraphQLMaxBytes {
		return htmlAnswer(http.StatusBadGateway)
	}
	return a
}

// refusal is a document that was not executed: 200 with errors and no data.
func refusal(errs ...graphqlError) answer {
	return jsonAnswer(http.StatusOK, map[string]any{"errors": errs})
}

// gqlErrors words the parser's and validator's errors as GitHub does, as far as clients look at them.
func gqlErrors(err error) []graphqlError {
	var list gqlerror.List
	if !errors.As(err, &list) {
		var one *gqlerror.Error
		if !errors.As(err, &one) {
			return []graphqlError{{Message: err.Error()}}
		}
		list = gqlerror.List{one}
	}
	var out []graphqlError
	for _, e := range list {
		g := graphqlError{Message: e.Message, Locations: e.Locations}
		for _, p := range e.Path {
			switch p := p.(type) {
			case ast.PathName:
				g.Path = append(g.Path, string(p))
			case ast.PathIndex:
				g.Path = append(g.Path, int(p))
			}
		}
		var field, typ string
		if n, _ := fmt.Sscanf(e.Message, "Cannot query field %q on type %q", &field, &typ); n == 2 {
			g.Message = fmt.Sprintf("Field '%s' doesn't exist on type '%s'", field, typ)
			g.Extensions = map[string]any{"code": "undefinedField", "typeName": typ, "fieldName": field}
		}
		out = append(out, g)
	}
	return out
}

// grouped writes 1000000 as 1,000,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
