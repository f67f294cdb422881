package github

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ours reports whether u is on a host that belongs to this GitHub: one of the configured ones, or for
// github.com one of those that serve its files and archives.
func (e endpoints) ours(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	o := origin(u)
	bases := []*url.URL{e.api, e.graphql, e.raw}
	if server, err := url.Parse(e.server); err == nil {
		bases = append(bases, server)
	}
	for _, b := range bases {
		if b != nil && o == origin(b) {
			return true
		}
	}
	if e.api.Hostname() != "api.github.com" {
		return false
	}
	return o == "https://codeload.github.com:443" ||
		strings.HasPrefix(o, "https://") && strings.HasSuffix(o, ".githubusercontent.com:443")
}

// Hosts are the hosts that a client with these options may speak to, for whoever guards its way out: those
// that were configured, with their ports if they have one, and those besides that github.com serves files
// from ("*.x" stands for every name below x).
func (o Options) Hosts() (configured, content []string, err error) {
	e, err := o.endpoints()
	if err != nil {
		return nil, nil, fmt.Errorf("github: %w", err)
	}
	configured, content = e.hosts()
	return configured, content, nil
}

func (e endpoints) hosts() (configured, content []string) {
	configured = []string{e.api.Host, e.graphql.Host}
	if e.raw != nil {
		configured = append(configured, e.raw.Host)
	}
	if server, err := url.Parse(e.server); err == nil {
		configured = append(configured, server.Host)
	}
	slices.Sort(configured)
	if e.api.Hostname() == "api.github.com" {
		content = []string{"codeload.github.com", "*.githubusercontent.com"}
	}
	return slices.Compact(configured), content
}

// kind says which of our URLs a request goes to.
type kind int

const (
	kindREST kind = iota
	kindGraphQL
	kindRaw   // files at a commit
	kindOther // where a redirect led
)

// destination is what a URL means to the transport.
type destination struct {
	kind     kind
	trusted  bool   // may be given the token
	resource string // key of its limit
	host     string // for errors and logs
}

func (d destination) isAPI() bool { return d.kind == kindREST || d.kind == kindGraphQL }

// destination tells what u is. The longest matching base wins, so that the raw host may be a path of
// the API's host, as it is in tests.
func (e endpoints) destination(u *url.URL) destination {
	d := destination{kind: kindOther, host: u.Host}
	o := origin(u)
	// A server of one's own has the API below a path, and archives and web pages beside it.
	api := o == origin(e.api) && strings.HasPrefix(u.Path, e.api.Path)
	isGraphQL := o == origin(e.graphql) && strings.TrimSuffix(u.Path, "/") == e.graphql.Path
	isRaw := e.raw != nil && o == origin(e.raw) && strings.HasPrefix(u.Path, e.raw.Path) &&
		(!api || len(e.raw.Path) > len(e.api.Path))
	switch {
	case isGraphQL:
		d.kind, d.trusted, d.resource = kindGraphQL, true, "graphql"
	case isRaw:
		d.kind, d.resource = kindRaw, "raw"
	case api:
		d.kind, d.trusted = kindREST, true
		rest := strings.TrimPrefix(u.Path, e.api.Path)
		switch {
		case rest == "rate_limit":
			d.resource = "rate_limit" // asking is free, so no other limit holds it up
		case strings.HasPrefix(rest, "search/"):
			d.resource = "search"
		default:
			d.resource = "core"
		}
	default:
		d.resource = "host " + u.Host
	}
	return d
}
