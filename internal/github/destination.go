package github

import (
	"net/url"
	"strings"
)

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
	api := o == origin(e.api)
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
