package github_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/github"
)

const someLimits = `{"resources":{"core":{"limit":5000,"used":1,"remaining":4999,"reset":1767225600}},"rate":{}}`

func TestProbeReadsWhatTheHeaderSays(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		reply reply
		want  github.Probe
	}{
		"classic": {
			reply{status: 200, body: someLimits, header: map[string]string{
				"Date": now.Add(-90 * time.Second).Format(http.TimeFormat), "X-Oauth-Scopes": "read:org, repo",
				"Github-Authentication-Token-Expiration": "2026-02-01 09:30:00 UTC",
			}},
			github.Probe{Skew: -90 * time.Second, SkewTold: true, Scopes: []string{"read:org", "repo"}, ScopesTold: true, Expires: time.Date(2026, 2, 1, 9, 30, 0, 0, time.UTC)},
		},
		"no scopes, expiry with an offset": {
			reply{status: 200, body: someLimits, header: map[string]string{"X-Oauth-Scopes": "", "Github-Authentication-Token-Expiration": "2026-02-01 09:30:00 -0700"}},
			github.Probe{ScopesTold: true, Expires: time.Date(2026, 2, 1, 16, 30, 0, 0, time.UTC)},
		},
		"nothing told": {
			reply{status: 200, body: someLimits, header: map[string]string{"Date": "yesterday", "Github-Authentication-Token-Expiration": "soon"}},
			github.Probe{},
		},
		"an Enterprise Server without limits": {
			reply{status: 404, body: `{"message":"Rate limiting is not enabled."}`, header: map[string]string{"X-Oauth-Scopes": "repo"}},
			github.Probe{ScopesTold: true, Scopes: []string{"repo"}, Limits: map[string]github.Rate{}},
		},
	} {
		if tt.want.Limits == nil {
			tt.want.Limits = map[string]github.Rate{"core": {Limit: 5000, Remaining: 4999, Reset: time.Unix(1767225600, 0).UTC()}}
		}
		s := &script{replies: []reply{tt.reply}}
		got, err := newClient(t, s, func(o *github.Options) { o.Now = func() time.Time { return now } }).Probe(t.Context())
		if err != nil || cmp.Diff(tt.want, got) != "" {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(tt.want, got))
		}
		if s.count() != 1 || !strings.HasSuffix(s.log[0].url, "/rate_limit") {
			t.Errorf("%s: sent %v", name, s.log)
		}
	}
	_, err := newClient(t, &script{replies: []reply{{status: 401, body: `{"message":"Bad credentials"}`}}}).Probe(t.Context())
	_ = as[*github.AuthError](t, err)
}

func TestTokensAreToldApartByTheirPrefix(t *testing.T) {
	for text, want := range map[string]github.TokenKind{
		"": github.NoToken, "ghp_abc": github.ClassicToken, "github_pat_abc": github.FineGrainedToken, "gho_abc": github.OAuthToken,
		"ghu_abc": github.UserToServerToken, "ghs_abc": github.InstallationToken, strings.Repeat("a1", 20): github.ClassicToken, "demo": github.UnknownToken,
	} {
		if got := github.NewSecret(text).Kind(); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestStandingsKeepWhatIsKnown: one repository that can't be seen hides nothing of the others.
func TestStandingsKeepWhatIsKnown(t *testing.T) {
	s := &script{replies: []reply{ok(`{"data":{"viewer":{"login":"bot"},
		"r0":{"nameWithOwner":"Acme/Platform","isPrivate":true,"isArchived":false,"hasIssuesEnabled":true,"viewerPermission":null,"l0":{"name":"One"},"l1":null},
		"r1":null,"r2":null},
		"errors":[{"type":"NOT_FOUND","path":["r1"],"message":"Could not resolve"},{"type":"FORBIDDEN","path":["r2"],"message":"protected by SAML"}]}`)}}
	login, got, err := newClient(t, s).Standings(t.Context(), []github.StandingRequest{
		{Repository: "acme/platform", Labels: []string{"one", "two"}}, {Repository: "acme/gone"}, {Repository: "acme/closed"},
	})
	if err != nil || login != "bot" || len(got) != 3 {
		t.Fatalf("%q, %v, %v", login, got, err)
	}
	want := github.Standing{Repository: "Acme/Platform", Private: true, HasIssues: true, Labels: []string{"one"}}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	_ = as[*github.NotFoundError](t, got[1].Err)
	if e := as[*github.PermissionError](t, got[2].Err); !strings.Contains(e.Error(), "SAML") {
		t.Errorf("GitHub's own word is lost: %v", e)
	}
	if s.count() != 1 {
		t.Errorf("%d requests", s.count())
	}
	// Names travel as variables, never in the document.
	var sent struct {
		Query     string
		Variables map[string]string
	}
	if err := json.Unmarshal([]byte(s.log[0].body), &sent); err != nil || strings.Contains(sent.Query, "acme") || len(sent.Variables) != 8 {
		t.Errorf("%v, %+v", err, sent)
	}
}

func TestCloseIssue(t *testing.T) {
	s := &script{replies: []reply{ok(`{"number":7,"state":"closed"}`)}}
	if err := newClient(t, s).CloseIssue(t.Context(), "a/b", 7); err != nil {
		t.Fatal(err)
	}
	if got := s.log[0]; got.method != "PATCH" || !strings.HasSuffix(got.url, "/repos/a/b/issues/7") || !strings.Contains(got.body, `"state":"closed"`) || strings.Contains(got.body, "body") {
		t.Errorf("sent %+v", got)
	}
	err := newClient(t, s, func(o *github.Options) { o.Token = github.Secret{} }).CloseIssue(t.Context(), "a/b", 7)
	_ = as[*github.AuthError](t, err)
}
