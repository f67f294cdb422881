package ghtest

import (
	"net/http"
	"strings"
	"time"
)

// Access is what a token may do with a repository.
type Access int

// Levels of access, each including those before it.
const (
	None   Access = iota // sees nothing of it: 404
	Read                 // reads; writes answer 403
	Report               // may also open issues and comment, as anyone with an account; labels are dropped
	Write                // may also push, label and edit
)

// Token is one credential.
type Token struct {
	Value string
	Login string // whose it is; "name[bot]" for an app's
	// Access by "owner/name". Repositories that are not named: Read when public, None when private.
	Access map[string]Access
	// Integration words refusals as for GITHUB_TOKEN and apps instead of personal access tokens.
	Integration bool
	// Expires is when the token stops being good; zero is never.
	Expires time.Time
	// Scopes are what X-OAuth-Scopes says of a classic token (ghp_); nil is "repo", or none where Access
	// names nothing that it may write to. Other kinds have no scopes.
	Scopes []string
	// Limits of this login, 0 is the server's.
	CoreLimit, GraphQLLimit, SearchLimit int
}

// AddToken makes a token good. Several tokens of one login share its limits, as on GitHub.
func (s *Server) AddToken(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := make(map[string]Access, len(t.Access))
	for repo, a := range t.Access {
		named[strings.ToLower(repo)] = a
	}
	t.Access = named
	u := s.account(t.Login)
	u.app = u.app || t.Integration && strings.HasSuffix(t.Login, "[bot]")
	s.tokens[t.Value] = t
}

// RevokeToken makes a token bad.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, value)
}

// identify finds whose request it is. A header with a bad token is an error, no header is the
// anonymous viewer: a nil token.
func (s *Server) identify(r *http.Request) (*Token, bool) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return nil, true
	}
	scheme, value, _ := strings.Cut(h, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
	case "basic":
		_, pass, _ := r.BasicAuth()
		value = pass
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[strings.TrimSpace(value)]
	if !ok || !t.Expires.IsZero() && !s.now().Before(t.Expires) {
		return nil, false
	}
	return &t, true
}

// access is what a viewer may do with a repository.
func access(who *Token, r *repository) Access {
	if who != nil {
		if a, ok := who.Access[strings.ToLower(r.Name)]; ok {
			return a
		}
	}
	if r.Private {
		return None
	}
	return Read
}

// tokenHeaders are what GitHub says of a token in each answer.
func (t *Token) tokenHeaders(h http.Header) {
	if t == nil {
		return
	}
	if !t.Expires.IsZero() {
		h.Set("Github-Authentication-Token-Expiration", t.Expires.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if !strings.HasPrefix(t.Value, "ghp_") {
		return
	}
	scopes := t.Scopes
	if scopes == nil {
		for _, a := range t.Access {
			if a >= Report {
				scopes = []string{"repo"}
			}
		}
	}
	h.Set("X-Oauth-Scopes", strings.Join(scopes, ", "))
}

// budget counts what a login has used of one resource in the running window.
type budget struct {
	used  int
	reset time.Time
}

// Resources that are limited apart.
const (
	core    = "core"
	graphql = "graphql"
	search  = "search"
)

func (s *Server) limitOf(who *Token, resource string) int {
	pick := func(own, all int) int {
		if own != 0 {
			return own
		}
		return all
	}
	switch {
	case who == nil && resource == search:
		return 10
	case who == nil && resource == graphql:
		return 0
	case who == nil:
		return s.opts.AnonymousLimit
	case resource == search:
		return pick(who.SearchLimit, s.opts.SearchLimit)
	case resource == graphql:
		return pick(who.GraphQLLimit, s.opts.GraphQLLimit)
	default:
		return pick(who.CoreLimit, s.opts.CoreLimit)
	}
}

// budgetOf returns the running window. Callers hold s.mu.
func (s *Server) budgetOf(who *Token, resource string) *budget {
	login := ""
	if who != nil {
		login = strings.ToLower(who.Login)
	}
	window := time.Hour
	if resource == search {
		window = time.Minute
	}
	key := resource + " " + login
	b := s.budgets[key]
	if b == nil {
		b = &budget{}
		s.budgets[key] = b
	}
	if now := s.now(); !now.Before(b.reset) {
		*b = budget{reset: now.Add(window)}
	}
	return b
}

// spend takes cost from the viewer's budget; false means that it was already used up.
func (s *Server) spend(who *Token, resource string, cost int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.budgetOf(who, resource)
	if b.used >= s.limitOf(who, resource) {
		return false
	}
	b.used = min(b.used+cost, s.limitOf(who, resource))
	return true
}

// refund gives back what a request took that turned out to be free.
func (s *Server) refund(who *Token, resource string, cost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.budgetOf(who, resource)
	b.used = max(0, b.used-cost)
}

// limitState is one resource's numbers as shown.
type limitState struct {
	Limit     int   `json:"limit"`
	Used      int   `json:"used"`
	Remaining int   `json:"remaining"`
	Reset     int64 `json:"reset"`
}

func (s *Server) limitState(who *Token, resource string) limitState {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.budgetOf(who, resource)
	limit := s.limitOf(who, resource)
	return limitState{Limit: limit, Used: b.used, Remaining: max(0, limit-b.used), Reset: b.reset.Unix()}
}
