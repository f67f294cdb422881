package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// ErrNotInstalled says that the descriptions are not there; its text says how to get them.
var ErrNotInstalled = errors.New("GitHub's descriptions are not installed: run `npm ci --ignore-scripts` in test/contract")

// Validator holds the descriptions. It is not changed after Open and safe for concurrent use.
type Validator struct {
	router routers.Router
	schema *ast.Schema
}

// paths are the templates that are kept of the OpenAPI document. A call to any other route fails the
// check: add it here when the client learns it.
func paths() []string {
	repo := []string{
		"", "/commits", "/commits/{ref}", "/commits/{commit_sha}/pulls", "/compare/{basehead}",
		"/git/trees/{tree_sha}", "/git/blobs/{file_sha}", "/git/matching-refs/{ref}", "/git/ref/{ref}", "/git/commits/{commit_sha}",
		"/git/blobs", "/git/trees", "/git/commits", "/git/refs", "/git/refs/{ref}",
		"/contents/{path}", "/tags", "/branches/{branch}", "/releases", "/releases/latest", "/releases/tags/{tag}", "/tarball/{ref}", "/milestones", "/milestones/{milestone_number}",
		"/issues", "/issues/{issue_number}", "/issues/{issue_number}/comments", "/issues/{issue_number}/labels",
		"/issues/comments", "/issues/comments/{comment_id}", "/labels", "/labels/{name}",
	}
	out := []string{"/rate_limit", "/user", "/meta", "/search/issues"}
	for _, p := range repo {
		out = append(out, "/repos/{owner}/{repo}"+p)
	}
	return out
}

// Open reads the descriptions from the node_modules folder in dir (the folder of this package).
func Open(dir string) (*Validator, error) {
	octokit := filepath.Join(dir, "node_modules", "@octokit")
	api, err := os.ReadFile(filepath.Join(octokit, "openapi", "generated", "api.github.com.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotInstalled
	}
	if err != nil {
		return nil, err
	}
	sdl, err := os.ReadFile(filepath.Join(octokit, "graphql-schema", "schema.graphql"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotInstalled
	}
	if err != nil {
		return nil, err
	}
	v := &Validator{}
	if v.router, err = openAPI(api, paths()); err != nil {
		return nil, fmt.Errorf("OpenAPI description: %w", err)
	}
	if v.schema, err = LoadSchema(string(sdl)); err != nil {
		return nil, fmt.Errorf("GraphQL schema: %w", err)
	}
	return v, nil
}

// Schema is GitHub's GraphQL schema.
func (v *Validator) Schema() *ast.Schema { return v.schema }

// LoadSchema parses a GraphQL schema. GitHub's own defines a few fields twice; the second is dropped.
func LoadSchema(sdl string) (*ast.Schema, error) {
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		return nil, err
	}
	for _, def := range doc.Definitions {
		seen := map[string]bool{}
		var once ast.FieldList
		for _, f := range def.Fields {
			if !seen[f.Name] {
				once = append(once, f)
			}
			seen[f.Name] = true
		}
		def.Fields = once
	}
	return validator.ValidateSchemaDocument(doc)
}

// openAPI prunes the document to some paths with what they refer to, and makes a router of it.
func openAPI(data []byte, keep []string) (routers.Router, error) {
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	all, _ := doc["paths"].(map[string]any)
	kept := map[string]any{}
	for _, p := range keep {
		if all[p] == nil {
			return nil, fmt.Errorf("path %s is not described", p)
		}
		kept[p] = all[p]
	}
	components, _ := doc["components"].(map[string]any)
	used := map[string]map[string]any{}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				visit(one)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				parts := strings.Split(ref, "/") // #/components/schemas/issue
				if len(parts) == 4 && parts[1] == "components" {
					section, _ := components[parts[2]].(map[string]any)
					if used[parts[2]] == nil {
						used[parts[2]] = map[string]any{}
					}
					if _, done := used[parts[2]][parts[3]]; !done {
						used[parts[2]][parts[3]] = section[parts[3]]
						visit(section[parts[3]])
					}
				}
			}
			for key, one := range v {
				if key != "example" && key != "examples" {
					visit(one)
				}
			}
		}
	}
	visit(kept)
	stripExamples(kept)
	for _, section := range used {
		stripExamples(section)
	}
	pruned, err := json.Marshal(map[string]any{
		"openapi": doc["openapi"], "info": doc["info"], "paths": kept, "components": used,
	})
	if err != nil {
		return nil, err
	}
	parsed, err := openapi3.NewLoader().LoadFromData(pruned)
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(parsed)
}

// stripExamples takes examples out: they refer to components that nothing else needs. A property may
// be called "example"; only those of known form go.
func stripExamples(v any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			stripExamples(one)
		}
	case map[string]any:
		for key, one := range v {
			if key == "examples" || key == "example" {
				if m, ok := one.(map[string]any); !ok || m["type"] == nil {
					delete(v, key)
					continue
				}
			}
			stripExamples(one)
		}
	}
}
