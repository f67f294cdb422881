package egress

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxy is which proxy serves which host. The zero value is none.
type Proxy struct {
	pick  func(*url.URL) (*url.URL, error)
	addrs []string // host:port of each
}

// ProxyFrom reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY, upper or lower case, from an environment that
// is handed in. This machine is never reached through a proxy. An error names the variable and not its
// value, which may hold a password.
func ProxyFrom(lookup func(name string) (string, bool)) (Proxy, error) {
	get := func(name string) (value, from string) {
		for _, n := range []string{name, strings.ToLower(name)} {
			if v, _ := lookup(n); v != "" {
				return v, n
			}
		}
		return "", name
	}
	var p Proxy
	c := httpproxy.Config{}
	for name, to := range map[string]*string{"HTTPS_PROXY": &c.HTTPSProxy, "HTTP_PROXY": &c.HTTPProxy} {
		value, from := get(name)
		if value == "" {
			continue
		}
		u, err := parseProxy(value)
		if err != nil {
			return Proxy{}, fmt.Errorf("%s: %w", from, err)
		}
		*to = u.String()
		p.addrs = append(p.addrs, address(u))
	}
	if len(p.addrs) == 0 {
		return Proxy{}, nil
	}
	c.NoProxy, _ = get("NO_PROXY")
	p.pick = c.ProxyFunc()
	return p, nil
}

// parseProxy reads "http://proxy:3128" or "proxy:3128".
func parseProxy(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("the proxy's address can't be read: write it like http://proxy.example.com:3128")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, fmt.Errorf("a proxy is spoken to by http, https or socks5: write it like http://proxy.example.com:3128")
}

// address is what a transport dials for a proxy.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// choose is http.Transport's Proxy.
func (p Proxy) choose(req *http.Request) (*url.URL, error) {
	if p.pick == nil {
		return nil, nil
	}
	return p.pick(req.URL)
}

// For is the host and port of the proxy that serves u, "" where none does.
func (p Proxy) For(u *url.URL) string {
	if p.pick == nil {
		return ""
	}
	via, err := p.pick(u)
	if err != nil || via == nil {
		return ""
	}
	return address(via)
}

func (p Proxy) is(addr string) bool {
	for _, a := range p.addrs {
		if strings.EqualFold(a, addr) {
			return true
		}
	}
	return false
}
