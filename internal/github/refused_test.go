package github_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/github"
)

func TestRefusedWritesAreTyped(t *testing.T) {
	is := func(match func(error) bool) func(error) bool { return match }
	for name, c := range map[string]struct {
		reply reply
		match func(error) bool
		words []string // in the message
	}{
		"bad token": {
			reply{status: 401, body: `{"message":"Bad credentials"}`},
			is(func(err error) bool { e, ok := errors.AsType[*github.AuthError](err); return ok && !e.Missing }),
			[]string{"token", "expired", "Bad credentials"},
		},
		"read-only token": {
			reply{status: 403, body: `{"message":"Resource not accessible by personal access token"}`},
			is(func(err error) bool {
				e, ok := errors.AsType[*github.PermissionError](err)
				return ok && e.Repository == "a/b" && e.Needs == "issues: write"
			}),
			[]string{"a/b", "issues: write", "not accessible"},
		},
		"proxy's 403": {
			reply{status: 403, body: "<html>blocked by policy</html>"},
			is(func(err error) bool { _, ok := errors.AsType[*github.PermissionError](err); return ok }),
			[]string{"blocked by policy"},
		},
		"archived": {
			reply{status: 403, body: `{"message":"Repository was archived so is read-only."}`},
			is(func(err error) bool { _, ok := errors.AsType[*github.ArchivedError](err); return ok }),
			[]string{"a/b", "archived"},
		},
		"unknown repository": {
			reply{status: 404, body: `{"message":"Not Found"}`},
			is(func(err error) bool {
				e, ok := errors.AsType[*github.NotFoundError](err)
				return ok && e.Repository == "a/b"
			}),
			[]string{"a/b", "may not see"},
		},
		"issues disabled": {
			reply{status: 410, body: `{"message":"Issues are disabled for this repo"}`},
			is(func(err error) bool {
				e, ok := errors.AsType[*github.IssuesDisabledError](err)
				return ok && e.Repository == "a/b"
			}),
			[]string{"a/b", "disabled", "settings"},
		},
		"too long": {
			reply{status: 422, body: `{"message":"Validation Failed","errors":[{"resource":"Issue","code":"custom","field":"body","message":"body is too long (maximum is 65536 characters)"},{"resource":"Issue","code":"missing_field","field":"title"}]}`},
			is(func(err error) bool {
				e, ok := errors.AsType[*github.ValidationError](err)
				return ok && len(e.Fields) == 2
			}),
			[]string{"Validation Failed", "body is too long", "title: missing_field"},
		},
		"conflict": {
			reply{status: 409, body: `{"message":"Conflict"}`},
			is(func(err error) bool { e, ok := errors.AsType[*github.StatusError](err); return ok && e.Status == 409 }),
			[]string{"409"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{replies: []reply{c.reply}}
			err := openIssue(t, newClient(t, s))
			if err == nil || !c.match(err) {
				t.Fatalf("%T: %v", errors.Unwrap(err), err)
			}
			for _, w := range append(c.words, "create issue in a/b") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in %q", w, err)
				}
			}
			if !github.NotExecuted(err) || s.count() != 1 {
				t.Errorf("sent %d times; not executed: %v", s.count(), github.NotExecuted(err))
			}
		})
	}
}

func TestLabelThatExistsIsFine(t *testing.T) {
	s := &script{replies: []reply{{status: 422, body: `{"message":"Validation Failed","errors":[{"resource":"Label","code":"already_exists","field":"name"}]}`}}}
	if err := newClient(t, s).CreateLabel(t.Context(), "a/b", "digest", "#AABBCC", "d"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.log[0].body, `"color":"AABBCC"`) {
		t.Errorf("sent %s, want the colour without #", s.log[0].body)
	}
	s = &script{replies: []reply{{status: 422, body: `{"message":"Validation Failed","errors":[{"resource":"Label","code":"invalid","field":"color"}]}`}}}
	_ = as[*github.ValidationError](t, newClient(t, s).CreateLabel(t.Context(), "a/b", "digest", "red", "d"))
}

func TestServersMessageCannotShowTheToken(t *testing.T) {
	s := &script{replies: []reply{{status: 422, body: `{"message":"you sent ` + token + `","errors":[{"message":"` + token + `"}]}`}}}
	if err := openIssue(t, newClient(t, s)); strings.Contains(err.Error(), token) {
		t.Error(err)
	}
}

func TestCreatedIssueIsWhatGitHubSays(t *testing.T) {
	s := &script{replies: []reply{{status: 201, body: `{"number":7,"id":99,"title":"kept","body":"other","html_url":"https://github.com/a/b/issues/7","state":"open","labels":[],"created_at":"2026-01-02T03:04:05Z"}`}}}
	got, err := newClient(t, s).CreateIssue(t.Context(), "a/b", github.IssueRequest{Title: "t", Body: "b", Labels: []string{"digest"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Number != 7 || got.ID != 99 || got.Title != "kept" || got.Body != "other" || len(got.Labels) != 0 || got.URL == "" || got.State != "open" || !got.ViewerDidAuthor || got.CreatedAt.Hour() != 3 {
		t.Errorf("%+v; a caller must see what was stored, not what was sent", got)
	}
	if !strings.Contains(s.log[0].body, `"labels":["digest"]`) {
		t.Errorf("sent %s", s.log[0].body)
	}
}

func TestBadRepositoryNamesSendNothing(t *testing.T) {
	s := &script{replies: []reply{ok(`{}`)}}
	c := newClient(t, s)
	for _, name := range []string{"", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/b?x=y", "a b/c", "a/b#1"} {
		if _, err := c.DefaultBranch(t.Context(), name); err == nil || !strings.Contains(err.Error(), "owner/name") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if s.count() != 0 {
		t.Errorf("%d requests", s.count())
	}
}
