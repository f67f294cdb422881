// Package egress is the program's way out: which hosts it may speak to, at which addresses, and what an
// error may say about it. GitHub's client, feeds and webhooks send through it; the latter two, whose
// addresses come from others, are what its rules are made for.
//
//   - https only; http only towards this machine, and only where that is allowed.
//   - Only the hosts that are listed, on the ports that are listed. Every hop of a redirect is a request
//     of its own and is checked like the first.
//   - A listed host that is not named in Options.Private must stand at a public address. That is asked of
//     the address a connection is about to be made to, after its name was resolved (net.Dialer's
//     ControlContext), so a name that resolves differently the second time gains nothing. Addresses that
//     carry another one inside (IPv4 in IPv6, NAT64, 6to4) are judged by what they carry.
//   - TLS 1.2 or better, always verified: there is no switch.
//   - A proxy comes from the environment that was handed in, never from that of the process. It is the
//     operator's, so it may stand at a private address; names are then resolved by the proxy, which has
//     to guard its own network. Addresses written as numbers are refused before it is asked.
//   - An error names the host and never the rest of a URL: the path of a webhook is a secret, and
//     net/http prints it in every error.
//
// A Transport is an http.RoundTripper for those who bring a client of their own; a Client adds the rules
// of redirects, a limit of time and one of size, and the errors. A Fetcher reads documents, and a Poster sends what must
// arrive; the way of the latter leads to the one host of an address that the operator wrote ([ForAddress]).
package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say where a Transport may lead.
type Options struct {
	// Hosts are the hosts it may speak to: "api.github.com" is port 443 (and 80 where http is allowed),
	// "ghe.example.com:8443" that port, "*.githubusercontent.com" every name below it. None means none.
	Hosts []string
	// Private are hosts, in the forms of Hosts, that may stand at private addresses: on this machine or in
	// this network. They must be in Hosts too.
	Private []string
	// Public lets through to every host on port 443 beside Hosts, if it stands at a public address: for reading, without
	// any secret, what may send elsewhere. Private ones must be listed all the same.
	Public bool
	// LoopbackHTTP lets http through towards "localhost" and loopback addresses.
	LoopbackHTTP bool
	// Proxy is what ProxyFrom read; the zero value is none.
	Proxy Proxy
	// HeaderTimeout is how long an answer's header may take. Default 30 s.
	HeaderTimeout time.Duration
	// Roots are the certificates that are believed; nil means the system's.
	Roots *x509.CertPool
}

// RefusedError says that a request was not sent because the rules forbid where it would go.
type RefusedError struct {
	Host   string // with port, if the URL had one
	Reason string // "its address 10.0.0.7 is private"
	Advice string
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("%s is not spoken to: %s", e.Host, e.Reason)
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

// Transport is the http.RoundTripper. It is safe for concurrent use.
type Transport struct {
	hosts, private []pattern
	public         bool
	loopbackHTTP   bool
	proxy          Proxy
	base           *http.Transport
}

// New makes a Transport. Its errors name the entry at fault.
func New(o Options) (*Transport, error) {
	t := &Transport{public: o.Public, loopbackHTTP: o.LoopbackHTTP, proxy: o.Proxy}
	var err error
	if t.hosts, err = patterns(o.Hosts); err != nil {
		return nil, err
	}
	if t.private, err = patterns(o.Private); err != nil {
		return nil, err
	}
	if o.HeaderTimeout <= 0 {
		o.HeaderTimeout = 30 * time.Second
	}
	t.base = &http.Transport{
		Proxy:                  o.Proxy.choose,
		DialContext:            t.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		ForceAttemptHTTP2:      true, // a dialer of one's own switches it off
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           20,
		MaxResponseHeaderBytes: 1 << 20,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &proxyRefusal{answer.StatusCode}
			}
			return nil
		},
	}
	return t, nil
}

// RoundTrip implements http.RoundTripper. A request that the rules forbid is a *RefusedError.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.Check(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes it, also when it sends nothing
		}
		return nil, err
	}
	return t.base.RoundTrip(req)
}

// CloseIdleConnections closes what is open and unused.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// Check says whether u may be asked for, by all that is known before its name is resolved. The error is a
// *RefusedError.
func (t *Transport) Check(u *url.URL) error {
	refuse := func(reason, advice string) error {
		return &RefusedError{Host: shown(u.Host), Reason: reason, Advice: advice}
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case host == "" || u.Opaque != "":
		return refuse("the address names no host", "")
	case u.User != nil:
		return refuse("the address holds a user or password", "give secrets by themselves")
	case u.Scheme == "http" && (!t.loopbackHTTP || !isLoopback(host)):
		return refuse("http is not encrypted", "use https")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("only https is spoken", "use https")
	}
	port := portOf(u)
	if a, err := netip.ParseAddr(host); err == nil && t.public && !matches(t.private, host, port) {
		if err := t.judge(host, a); err != nil { // says more than that nobody listed it
			return err
		}
	}
	if !matches(t.hosts, host, port) && (!t.public || u.Scheme != "https" || port != "443") {
		return refuse("it is not one of the configured hosts", "")
	}
	if a, err := netip.ParseAddr(host); err == nil && !matches(t.private, host, port) {
		return t.judge(host, a)
	}
	return nil
}

// judge refuses an address that is not public.
func (t *Transport) judge(host string, a netip.Addr) error {
	why := notPublic(a)
	if why == "" {
		return nil
	}
	return &RefusedError{
		Host: shown(host), Reason: fmt.Sprintf("its address %s is %s", a, why),
		Advice: "if that is meant, list the host in network.allow_private",
	}
}

// dial connects, and looks at each address just before it does.
func (t *Transport) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !t.proxy.is(addr) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		private := matches(t.private, host, port)
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			switch {
			case err != nil:
				return &RefusedError{Host: shown(host), Reason: "its address cannot be read"}
			case host == "localhost" && !to.Addr().Unmap().IsLoopback():
				return &RefusedError{Host: host, Reason: "it does not resolve to this machine"}
			case private:
				return nil
			}
			return t.judge(host, to.Addr())
		}
	}
	return d.DialContext(ctx, network, addr)
}

// pattern is one entry of Hosts.
type pattern struct {
	host  string // lower case
	below bool   // names below host, not host itself
	port  string // "" is the usual one
}

func patterns(list []string) ([]pattern, error) {
	out := make([]pattern, 0, len(list))
	for _, text := range list {
		p, err := readPattern(text)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func readPattern(text string) (pattern, error) {
	bad := func() (pattern, error) {
		return pattern{}, fmt.Errorf("egress: %q is no host: write a name or address alone, with :port if it has one", shown(text))
	}
	host := strings.ToLower(text)
	var p pattern
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		p.below, host = true, rest
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil { // an IPv6 address has colons, but no port
		p.host = a.String()
		return p, nil
	}
	if h, port, err := net.SplitHostPort(host); err == nil {
		host, p.port = h, port
	}
	p.host = strings.TrimSuffix(host, ".")
	if p.port != "" {
		if _, err := strconv.ParseUint(p.port, 10, 16); err != nil {
			return bad()
		}
	}
	if p.host == "" || strings.ContainsAny(p.host, "/@?#* ") || strings.Contains(p.host, ":") && p.port == "" {
		return bad()
	}
	return p, nil
}

func matches(list []pattern, host, port string) bool {
	for _, p := range list {
		if p.port != port && (p.port != "" || port != "443" && port != "80") {
			continue
		}
		if p.host == host && !p.below || p.below && strings.HasSuffix(host, "."+p.host) {
			return true
		}
	}
	return false
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// isLoopback reports whether a host is this machine by its very name.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// shown makes a host that came from outside fit to print.
func shown(host string) string {
	const most = 100
	host = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return -1
		}
		return r
	}, host)
	if len(host) > most {
		return host[:most] + "…"
	}
	return host
}
