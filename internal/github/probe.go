package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// TokenKind says what sort of token one is, by the prefix that GitHub gives it.
type TokenKind string

// The kinds of tokens. They differ in what GitHub tells of their rights.
const (
	NoToken           TokenKind = ""
	ClassicToken      TokenKind = "classic"      // ghp_, or 40 hex digits of before 2021: has scopes
	FineGrainedToken  TokenKind = "fine-grained" // github_pat_
	OAuthToken        TokenKind = "OAuth app"    // gho_: has scopes
	UserToServerToken TokenKind = "app user"     // ghu_
	InstallationToken TokenKind = "app"          // ghs_: of an app, or of a job in Actions
	UnknownToken      TokenKind = "unknown"      // another server's, perhaps
)

// HasScopes reports whether GitHub names the rights of such a token in each answer (X-OAuth-Scopes).
func (k TokenKind) HasScopes() bool { return k == ClassicToken || k == OAuthToken }

// Kind tells the kind of a token without asking anybody.
func (s Secret) Kind() TokenKind {
	text := s.Reveal()
	for prefix, kind := range map[string]TokenKind{
		"ghp_": ClassicToken, "github_pat_": FineGrainedToken, "gho_": OAuthToken, "ghu_": UserToServerToken, "ghs_": InstallationToken,
	} {
		if strings.HasPrefix(text, prefix) {
			return kind
		}
	}
	switch {
	case text == "":
		return NoToken
	case len(text) == 40 && isOID(text):
		return ClassicToken
	}
	return UnknownToken
}

// Probe is what one request, which no limit counts, tells of server and token.
type Probe struct {
	// Limits are by resource: "core", "graphql", "search".
	Limits map[string]Rate
	// Skew is how far the server's clock is ahead of ours, in whole seconds.
	Skew time.Duration
	// SkewTold is false where the answer had no date.
	SkewTold bool
	// Expires is when the token stops being good; zero where GitHub does not say, or never.
	Expires time.Time
	// Scopes are those of a classic token. ScopesTold is false where the answer does not name them, as it
	// never does for other kinds.
	Scopes     []string
	ScopesTold bool
}

// Probe asks for the limits and keeps what the answer's header says. A bad token is an *AuthError.
func (c *Client) Probe(ctx context.Context) (Probe, error) {
	var p Probe
	ctx, k := c.begin(ctx, "ask for limits and token")
	req, err := c.rest.NewRequest(http.MethodGet, "rate_limit", nil)
	if err != nil {
		return p, fmt.Errorf("%s: %w", k.op, err)
	}
	var got limitsAnswer
	resp, err := c.rest.Do(ctx, req, &got)
	err = c.conclude(k, false, resp, err, subject{})
	// An Enterprise Server without limits answers 404, and that is all that is wrong with it.
	if _, off := errors.AsType[*NotFoundError](err); err != nil && (!off || resp == nil) {
		return p, err
	}
	p.Limits = got.rates()
	if _, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		p.Skew, p.SkewTold = time.Duration(c.transport.clock.skew.Load()), true
	}
	p.Expires = tokenExpiry(resp.Header.Get("Github-Authentication-Token-Expiration"))
	if values, ok := resp.Header["X-Oauth-Scopes"]; ok {
		p.ScopesTold = true
		for s := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if s = clip(s, 60); s != "" {
				p.Scopes = append(p.Scopes, s)
			}
		}
	}
	return p, nil
}

// tokenExpiry reads GitHub's "2026-12-01 09:00:00 UTC", which is also seen with an offset. Zero where it
// cannot be read.
func tokenExpiry(text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// limitsAnswer is that of /rate_limit.
type limitsAnswer struct {
	Resources map[string]struct {
		Limit     int   `json:"limit"`
		Remaining int   `json:"remaining"`
		Reset     int64 `json:"reset"`
	} `json:"resources"`
}

func (a limitsAnswer) rates() map[string]Rate {
	rates := map[string]Rate{}
	for name, r := range a.Resources {
		rates[name] = Rate{Limit: r.Limit, Remaining: r.Remaining, Reset: time.Unix(r.Reset, 0).UTC()}
	}
	return rates
}

// Standing is what a repository is, and what it is to the token.
type Standing struct {
	Repository string // as GitHub spells it; as asked for where Err is set
	Private    bool
	Archived   bool
	HasIssues  bool
	// Permission is as in Target: the role of the token's owner, "" where GitHub does not say.
	Permission string
	// Labels are those asked for that exist. Nil where it could not be asked (without a token).
	Labels []string
	// Err is why nothing is known: a *NotFoundError or *PermissionError.
	Err error
}

// StandingRequest asks for one repository and some of its labels.
type StandingRequest struct {
	Repository string
	Labels     []string
}

// Standings asks for repositories, in their order, and for the login of the token's owner ("" without a
// token). With a token it is one GraphQL document; without, one REST request for each.
func (c *Client) Standings(ctx context.Context, requests []StandingRequest) (login string, _ []Standing, _ error) {
	ctx = c.budgeted(ctx)
	out := make([]Standing, len(requests))
	if c.Anonymous() {
		for i, r := range requests {
			s, err := c.publicStanding(ctx, r.Repository)
			if err != nil {
				if !isRefusal(err) {
					return "", nil, err
				}
				s.Err = err
			}
			out[i] = s
		}
		return "", out, nil
	}
	doc, vars, err := standingDocument(requests)
	if err != nil {
		return "", nil, err
	}
	op := "ask who the token is"
	if len(requests) > 0 {
		op = "look at " + requests[0].Repository
	}
	var got standingsAnswer
	err = c.GraphQL(ctx, Query{Op: op, Document: doc, Variables: vars}, &got)
	partial, isPartial := errors.AsType[*GraphQLErrors](err)
	if err != nil && !isPartial {
		return "", nil, err
	}
	if isPartial && got.login == "" {
		return "", nil, err
	}
	c.knowViewer(got.login)
	for i, r := range requests {
		alias := fmt.Sprintf("r%d", i)
		out[i] = got.nodes[alias].standing(r, alias, partial)
	}
	return got.login, out, nil
}

// isRefusal reports whether an error is about one repository, and not about the way to GitHub.
func isRefusal(err error) bool {
	_, missing := errors.AsType[*NotFoundError](err)
	_, forbidden := errors.AsType[*PermissionError](err)
	return missing || forbidden
}

func (c *Client) publicStanding(ctx context.Context, repository string) (Standing, error) {
	s := Standing{Repository: repository}
	owner, name, err := splitRepository(repository)
	if err != nil {
		return s, err
	}
	ctx, k := c.begin(ctx, "look at "+repository)
	got, resp, err := c.rest.Repositories.Get(ctx, owner, name)
	if err := c.conclude(k, false, resp, err, subject{repository: repository}); err != nil {
		return s, err
	}
	s.Repository, s.Private, s.Archived, s.HasIssues = got.GetFullName(), got.GetPrivate(), got.GetArchived(), got.GetHasIssues()
	return s, nil
}

// CloseIssue closes an issue of ours. It is a write like any other, but one that may be repeated.
func (c *Client) CloseIssue(ctx context.Context, repository string, number int) error {
	op := fmt.Sprintf("close %s#%d", repository, number)
	owner, name, err := c.writable(op, repository)
	if err != nil {
		return err
	}
	ctx, k := c.begin(ctx, op)
	state, reason := "closed", "not_planned"
	_, resp, err := c.rest.Issues.Edit(ctx, owner, name, number, &gh.IssueRequest{State: &state, StateReason: &reason})
	return c.conclude(k, true, resp, err, subject{repository: repository, what: fmt.Sprintf("issue %d", number), needs: needsIssues, issues: true})
}

// HasScope reports whether the token has one of the scopes.
func (p Probe) HasScope(any ...string) bool {
	return slices.ContainsFunc(p.Scopes, func(s string) bool { return slices.Contains(any, s) })
}
