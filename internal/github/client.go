package github

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v60/github"
	"golang.org/x/oauth2"
)

// Client speaks to one GitHub as one user. It is safe for concurrent use.
type Client struct {
	opts      Options
	urls      endpoints
	transport *transport
	http      *http.Client
	rest      *gh.Client

	mu     sync.Mutex
	viewer string // login of the token's owner, once known
}

// New checks the options and returns a client. It sends nothing. Its errors name the option at fault.
func New(o Options) (*Client, error) {
	urls, err := o.endpoints()
	if err != nil {
		return nil, fmt.Errorf("github: %w", err)
	}
	if o.Now == nil {
		return nil, errors.New("github: option Now: no clock given")
	}
	if strings.ContainsFunc(o.Token.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("github: option Token: the token holds white space or a control character: was it copied whole and alone?")
	}
	if o.UserAgent == "" {
		o.UserAgent = "upstream-digest-bot"
	}
	setDuration(&o.WriteInterval, DefaultWriteInterval)
	setDuration(&o.MaxWait, DefaultMaxWait)
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Base == nil {
		o.Base, err = baseTransport(o.Timeout)
		if err != nil {
			return nil, fmt.Errorf("github: %w", err)
		}
	}
	if o.Around != nil {
		o.Base = o.Around(o.Base)
	}

	c := &Client{opts: o, urls: urls}
	c.transport = newTransport(o, urls)
	if !o.Token.IsZero() {
		c.transport.tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: o.Token.Reveal()})
	}
	c.http = &http.Client{Transport: c.transport, CheckRedirect: urls.checkRedirect}
	c.rest = gh.NewClient(c.http)
	c.rest.BaseURL = urls.api
	c.rest.UserAgent = o.UserAgent
	return c, nil
}

// setDuration puts in the default for 0 and 0 for a negative value.
func setDuration(d *time.Duration, def time.Duration) {
	switch {
	case *d == 0:
		*d = def
	case *d < 0:
		*d = 0
	}
}

func baseTransport(timeout time.Duration) (http.RoundTripper, error) {
	std, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("net/http's default transport was replaced: set option Base")
	}
	t := std.Clone()
	t.Proxy = nil // the program's environment is nothing that a package reads; hand in a Base that has one
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.MinVersion = tls.VersionTLS12
	t.ResponseHeaderTimeout = timeout
	return t, nil
}

// Anonymous reports whether there is no token: GraphQL and writes are then refused with an *AuthError,
// without asking GitHub.
func (c *Client) Anonymous() bool { return c.opts.Token.IsZero() }

// ServerURL is the web site's base URL without a slash at the end, for links.
func (c *Client) ServerURL() string { return c.urls.server }

// Cost is what was sent so far. Retries are counted in the other numbers too.
type Cost struct {
	REST    int // requests to the API, counted against its limit unless they are answered 304
	GraphQL int // documents
	Raw     int // requests to other hosts: files at a commit, redirects; not counted by GitHub's limits
	Retries int // requests that repeated an earlier one
}

// Requests is the number of counted requests.
func (c Cost) Requests() int { return c.REST + c.GraphQL }

// Minus is the difference of two readings of Cost.
func (c Cost) Minus(b Cost) Cost {
	return Cost{REST: c.REST - b.REST, GraphQL: c.GraphQL - b.GraphQL, Raw: c.Raw - b.Raw, Retries: c.Retries - b.Retries}
}

// Cost is what this client has sent since it was made.
func (c *Client) Cost() Cost { return c.transport.cost.read() }

// splitRepository cuts "owner/name".
func splitRepository(repository string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || !isSlug(owner) || !isSlug(name) {
		return "", "", fmt.Errorf("%q is no repository: write it as owner/name", clip(repository, 80))
	}
	return owner, name, nil
}

// isSlug reports whether s may be an owner or a repository name. It matters because both are put into
// paths.
func isSlug(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 100 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}
