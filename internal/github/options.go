package github

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Defaults of Options.
const (
	DefaultAPIURL    = "https://api.github.com"
	DefaultRawURL    = "https://raw.githubusercontent.com"
	DefaultServerURL = "https://github.com"

	DefaultWriteInterval = time.Second
	DefaultMaxWait       = 2 * time.Minute
	DefaultTimeout       = 30 * time.Second
)

// Options say which GitHub, as whom, and how patiently. Only Now has no default.
type Options struct {
	// Token is the token; none means anonymous: reading by REST only, 60 requests an hour.
	Token Secret
	// APIURL is where REST lives, as in GITHUB_API_URL: https://api.github.com, or
	// https://HOST/api/v3 of GitHub Enterprise Server.
	APIURL string
	// GraphQLURL is as in GITHUB_GRAPHQL_URL. Default: made from APIURL (/graphql, or /api/graphql
	// where APIURL ends in /api/v3).
	GraphQLURL string
	// RawURL is the host of files at a commit, which costs no counted request. Default:
	// https://raw.githubusercontent.com for api.github.com, none elsewhere.
	RawURL string
	// ServerURL is the web site, as in GITHUB_SERVER_URL; it is only put into links.
	ServerURL string
	// UserAgent is sent with every request. Default "upstream-digest-bot".
	UserAgent string
	// WriteInterval is the least time from the end of one write to the start of the next.
	// Default 1 s, which is what GitHub asks for; negative means none.
	WriteInterval time.Duration
	// MaxWait is the total time that one call may spend waiting for limits and between retries.
	// Default 2 min; negative means not to wait at all.
	MaxWait time.Duration
	// Timeout is that of one request, body included. Default 30 s.
	Timeout time.Duration
	// Logger gets waits and retries (warn) and requests (debug). Default: nothing is logged.
	Logger *slog.Logger
	// Waiting, when set, is told of a wait for a limit or between tries when it begins; what it returns is called when
	// that is over. Several requests may wait at once. Who shows people what goes on wants it.
	Waiting func(Wait) (over func())
	// Base sends the requests. Default: a copy of net/http's own with TLS 1.2 or better, and without a
	// proxy.
	Base http.RoundTripper
	// Around, when set, is put around Base: it sees every request as it is sent, with the token, and
	// every answer. Recording a run is what it is for.
	Around func(http.RoundTripper) http.RoundTripper
	// Now is the clock. It must be set.
	Now func() time.Time
	// Jitter gives numbers in [0,1) that spread the waits between retries. Default: random.
	Jitter func() float64
}

// Wait is a wait that was begun.
type Wait struct {
	For   time.Duration
	Limit bool // GitHub asks for it; else a request failed, and is tried again
}

// endpoints are the parsed URLs.
type endpoints struct {
	api     *url.URL // path ends in "/"
	graphql *url.URL
	raw     *url.URL // nil when there is none; path ends in "/"
	server  string   // no "/" at the end
}

func (o Options) endpoints() (endpoints, error) {
	var e endpoints
	var errs []error
	parse := func(option, text string) *url.URL {
		u, err := parseURL(option, text)
		if err != nil {
			errs = append(errs, err)
		}
		return u
	}
	isDefault := o.APIURL == "" || strings.TrimSuffix(o.APIURL, "/") == DefaultAPIURL
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.ServerURL == "" {
		o.ServerURL = DefaultServerURL
	}
	if o.RawURL == "" && isDefault {
		o.RawURL = DefaultRawURL
	}
	e.api = parse("APIURL", o.APIURL)
	if server := parse("ServerURL", o.ServerURL); server != nil {
		e.server = strings.TrimSuffix(server.String(), "/")
	}
	if o.RawURL != "" {
		e.raw = parse("RawURL", o.RawURL)
	}
	switch {
	case o.GraphQLURL != "":
		if u := parse("GraphQLURL", o.GraphQLURL); u != nil {
			u.Path = strings.TrimSuffix(u.Path, "/")
			e.graphql = u
		}
	case e.api != nil:
		u := *e.api
		if base, ok := strings.CutSuffix(u.Path, "/api/v3/"); ok {
			u.Path = base + "/api/graphql"
		} else {
			u.Path += "graphql"
		}
		e.graphql = &u
	}
	return e, errors.Join(errs...)
}

// parseURL demands what a base URL must be. The text is not repeated in the error where it may hold a
// password.
func parseURL(option, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("option %s: not a URL: write it like %s", option, DefaultAPIURL)
	case u.User != nil:
		return nil, fmt.Errorf("option %s: a URL must not hold a user or password: give the token by itself", option)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("option %s: %q must begin with https:// (or http://)", option, clip(text, 80))
	case u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("option %s: %q has no host", option, clip(text, 80))
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("option %s: a base URL must not have a query or fragment", option)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// origin is scheme, host and port of a URL, comparable.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
