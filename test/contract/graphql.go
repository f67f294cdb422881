package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// checkGraphQL checks the document against the schema, and an answer's data against the document.
func (v *Validator) checkGraphQL(e Exchange) error {
	var in struct {
		Query         string         `json:"query"`
		Variables     map[string]any `json:"variables"`
		OperationName string         `json:"operationName"`
	}
	if err := json.Unmarshal(e.Body, &in); err != nil {
		if e.Status == http.StatusBadRequest {
			return nil
		}
		return fmt.Errorf("request body: %w", err)
	}
	answered, data, refused := graphqlAnswer(e)
	doc, err := parser.ParseQuery(&ast.Source{Input: in.Query})
	if err != nil {
		if refused {
			return nil
		}
		return fmt.Errorf("document: %w", err)
	}
	if errs := validator.ValidateWithRules(v.schema, doc, nil); len(errs) > 0 {
		if refused {
			return nil
		}
		return fmt.Errorf("document: %w", errs)
	}
	op := doc.Operations.ForName(in.OperationName)
	if op == nil {
		return fmt.Errorf("document has no operation %q", in.OperationName)
	}
	vars, err := validator.VariableValues(v.schema, op, in.Variables)
	if err != nil {
		if refused {
			return nil
		}
		return fmt.Errorf("variables: %w", err)
	}
	if !answered {
		return nil
	}
	root := v.schema.Query
	if op.Operation == ast.Mutation {
		root = v.schema.Mutation
	}
	w := walker{schema: v.schema, vars: vars}
	if data != nil {
		w.object(root, []ast.SelectionSet{op.SelectionSet}, data, "data")
	}
	return errors.Join(w.problems...)
}

// graphqlAnswer takes an answer apart: answered is false where nothing can be checked (no answer, an
// error status, a page), refused is an answer with errors and no data.
func graphqlAnswer(e Exchange) (answered bool, data any, refused bool) {
	if e.Status != http.StatusOK || !strings.HasPrefix(e.AnswerHead.Get("Content-Type"), "application/json") || len(e.AnswerBody) == 0 {
		return false, nil, e.Status >= http.StatusBadRequest
	}
	var out map[string]any
	dec := json.NewDecoder(bytes.NewReader(e.AnswerBody))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return false, nil, false
	}
	errs, _ := out["errors"].([]any)
	return true, out["data"], len(errs) > 0 && out["data"] == nil
}
