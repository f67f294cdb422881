package github_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/upstream-digest/bot/internal/github"
)

func TestPartialAnswerIsDecodedAndItsErrorsAreTyped(t *testing.T) {
	s := &script{replies: []reply{ok(`{"data":{"r0":null,"r1":{"name":"b"}},"errors":[
		{"type":"NOT_FOUND","path":["r0"],"message":"Could not resolve to a Repository with the name 'x/y'."},
		{"type":"FORBIDDEN","path":["r1","issues",0,"title"],"message":"no"}]}`)}}
	var out struct{ R0, R1 *struct{ Name string } }
	err := newClient(t, s).GraphQL(t.Context(), github.Query{Document: "query { x }", Variables: map[string]any{"a": 1}}, &out)
	e := as[*github.GraphQLErrors](t, err)
	if out.R0 != nil || out.R1 == nil || out.R1.Name != "b" {
		t.Errorf("decoded %+v, want what was there", out)
	}
	if len(e.Errors) != 2 || e.Errors[0].Type != "NOT_FOUND" || strings.Join(e.Errors[1].Path, ".") != "r1.issues.0.title" {
		t.Errorf("%+v", e.Errors)
	}
	if at := e.At("r1", "issues"); len(at) != 1 || at[0].Type != "FORBIDDEN" {
		t.Errorf("At(r1, issues) = %+v", at)
	}
	if at := e.At("r2"); len(at) != 0 {
		t.Errorf("At(r2) = %+v", at)
	}
	if want := `{"query":"query { x }","variables":{"a":1}}`; strings.TrimSpace(s.log[0].body) != want {
		t.Errorf("sent %s, want %s", s.log[0].body, want)
	}
}

func TestErrorWithoutPathConcernsEverything(t *testing.T) {
	e := &github.GraphQLErrors{Errors: []github.GraphQLError{{Message: "x"}}}
	if len(e.At("r7", "y")) != 1 {
		t.Error("it was not found at r7")
	}
}

// GitHub's time-out comes with status 200 at times.
func TestSomethingWentWrongIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := ok(`{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout."}]}`)
		s := &script{replies: []reply{wrong, ok(`{"data":{"viewer":{"login":"b"}}}`)}}
		if err := askViewer(t, newClient(t, s)); err != nil || s.count() != 2 {
			t.Errorf("%v after %d requests", err, s.count())
		}
		s = &script{replies: []reply{wrong}}
		err := newClient(t, s).GraphQL(t.Context(), github.Query{Document: "query { x }", Tries: 1}, nil)
		if _ = as[*github.ServerError](t, err); s.count() != 1 {
			t.Errorf("%d requests, want 1 as asked", s.count())
		}
		s = &script{replies: []reply{wrong}}
		_ = as[*github.UnclearError](t, newClient(t, s).GraphQL(t.Context(), github.Query{Document: "mutation { x }", Mutation: true}, nil))
	})
}

// A mutation of which a part was executed before the limit must not be sent again.
func TestLimitInTheMiddleOfAMutationIsUnclear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{ok(`{"data":{"a":{"id":"1"},"b":null},"errors":[{"type":"RATE_LIMITED","path":["b"],"message":"API rate limit exceeded"}]}`), ok(`{"data":{}}`)}}
		_ = as[*github.UnclearError](t, newClient(t, s).GraphQL(t.Context(), github.Query{Document: "mutation { x }", Mutation: true}, nil))
		if s.count() != 1 {
			t.Errorf("sent %d times", s.count())
		}
	})
}

func TestAnswerWithoutDataIsAnError(t *testing.T) {
	for _, body := range []string{`{}`, `{"data":null}`, `{"message":"hello"}`} {
		_ = as[*github.DecodeError](t, askViewer(t, newClient(t, &script{replies: []reply{ok(body)}})))
	}
	var out struct{ Viewer struct{ Login int } }
	s := &script{replies: []reply{ok(`{"data":{"viewer":{"login":"b"}}}`)}}
	_ = as[*github.DecodeError](t, newClient(t, s).GraphQL(t.Context(), github.Query{Document: "query { viewer { login } }"}, &out))
}

func TestWordsOfFilesAreNoErrors(t *testing.T) {
	s := &script{replies: []reply{ok(`{"data":{"b":{"text":"\"errors\":[{\"type\":\"RATE_LIMITED\"}]"}}}`)}}
	if err := askViewer(t, newClient(t, s)); err != nil {
		t.Error(err)
	}
}
