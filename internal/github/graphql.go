package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	gh "github.com/google/go-github/v60/github"
)

// Query is one GraphQL document.
type Query struct {
	Document  string
	Variables map[string]any
	// Mutation says that the document writes: it is then sent once, and its doubts are *UnclearError.
	Mutation bool
	// Op names it in errors and logs, "read kubernetes/kubernetes". Default "query GitHub".
	Op string
	// Tries is how often a query may be sent when GitHub fails (5xx, cut answer). 0 is the usual number.
	// 1 suits a document that can be cut in two instead.
	Tries int
}

// GraphQLError is one error of an answer, as GitHub says it.
type GraphQLError struct {
	Type    string // "NOT_FOUND", "FORBIDDEN", …; "" for faults of the document
	Path    []string
	Message string // one line, at most 300 bytes
}

// GraphQLErrors says that a document was answered, but not fully. What could be had was decoded all the
// same: a field that is null without an error at its path is absent, one with an error is unknown.
type GraphQLErrors struct{ Errors []GraphQLError }

func (e *GraphQLErrors) Error() string {
	first := e.Errors[0]
	s := "GitHub answers"
	if len(first.Path) > 0 {
		s += " for " + strings.Join(first.Path, ".")
	}
	s += fmt.Sprintf(": %q", first.Message)
	if more := len(e.Errors) - 1; more > 0 {
		s += fmt.Sprintf(" (and %d more)", more)
	}
	return s
}

// At gives the errors that concern the value at path: at it, below it, above it, or without a path.
func (e *GraphQLErrors) At(path ...string) []GraphQLError {
	var found []GraphQLError
	for _, g := range e.Errors {
		n := min(len(g.Path), len(path))
		if strings.Join(g.Path[:n], "\x00") == strings.Join(path[:n], "\x00") {
			found = append(found, g)
		}
	}
	return found
}

// GraphQL runs one document and decodes its data into out (a pointer, or nil). Errors within the answer
// come as *GraphQLErrors, with the rest decoded. Without a token it is an *AuthError.
func (c *Client) GraphQL(ctx context.Context, q Query, out any) error {
	if q.Op == "" {
		q.Op = "query GitHub"
	}
	if c.Anonymous() {
		return fmt.Errorf("%s: %w", q.Op, &AuthError{Missing: true})
	}
	ctx, call := c.begin(ctx, q.Op)
	call.query, call.tries = !q.Mutation, q.Tries

	payload := map[string]any{"query": q.Document}
	if len(q.Variables) > 0 {
		payload["variables"] = q.Variables
	}
	req, err := c.rest.NewRequest(http.MethodPost, c.urls.graphql.String(), payload)
	if err != nil {
		return fmt.Errorf("%s: %w", q.Op, err)
	}
	req.Header.Set("Accept", "application/json")
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Type       string `json:"type"`
			Path       []any  `json:"path"`
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := c.do(ctx, call, req, &answer, subject{}); err != nil {
		return err
	}
	bad := func(reason string) error {
		err := error(&DecodeError{Host: c.urls.graphql.Host, Status: http.StatusOK, Reason: reason})
		if q.Mutation {
			return &UnclearError{Op: q.Op, Cause: err}
		}
		return fmt.Errorf("%s: %w", q.Op, err)
	}
	hasData := len(answer.Data) > 0 && string(answer.Data) != "null"
	if !hasData && len(answer.Errors) == 0 {
		return bad("the answer has neither data nor errors")
	}
	if hasData && out != nil {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return bad("the data has another shape than asked for: " + clip(err.Error(), 200))
		}
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	errs := &GraphQLErrors{}
	for _, e := range answer.Errors {
		g := GraphQLError{Type: e.Type, Message: clip(c.transport.scrub.text(e.Message), 300)}
		if g.Type == "" {
			g.Type = e.Extensions.Code
		}
		for _, p := range e.Path {
			g.Path = append(g.Path, fmt.Sprint(p))
		}
		errs.Errors = append(errs.Errors, g)
	}
	return fmt.Errorf("%s: %w", q.Op, errs)
}

// subject is what an error message needs to know of a request.
type subject struct {
	repository string
	what       string // "issue 7"
	needs      string // "issues: write"
	issues     bool   // 410 then means that issues are disabled
}

// do sends a request through go-github and gives errors of this package only, wrapped in the op.
func (c *Client) do(ctx context.Context, k *call, req *http.Request, out any, s subject) error {
	resp, err := c.rest.Do(ctx, req, out)
	return c.conclude(k, k.isWrite(req.Method), resp, err, s)
}

// conclude turns what v60 returned into an error of this package; nil when all is well.
func (c *Client) conclude(k *call, write bool, resp *gh.Response, err error, s subject) error {
	if k.failure != nil {
		err = k.failure
	}
	if err == nil {
		return nil
	}
	err = c.explain(resp, err, s)
	if u, ok := err.(*UnclearError); ok { //nolint:errorlint // only a bare one is to be completed
		u.Op = k.op
		return u
	}
	if _, shape := err.(*DecodeError); shape && write { //nolint:errorlint // made by explain
		return &UnclearError{Op: k.op, Cause: err}
	}
	return fmt.Errorf("%s: %w", k.op, err)
}
