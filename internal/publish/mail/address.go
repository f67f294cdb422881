package mail

import (
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// maxRecipients is what every server takes of one message (RFC 5321, 4.5.3.1.8).
const maxRecipients = 100

// Recipients reads addresses joined by commas, with names or without. Each is there once. A domain in letters beyond
// ASCII is written as every server understands it; such a local part is refused, for few servers take one.
func Recipients(list string) ([]netmail.Address, error) {
	if hasControl(list) {
		return nil, fmt.Errorf("recipients %s: there is a line end or another control character in them", show(list))
	}
	parsed, err := netmail.ParseAddressList(list)
	if err != nil {
		return nil, fmt.Errorf("recipients %s: %w; write addresses like name@example.com, joined by commas", show(list), plainer(err))
	}
	var out []netmail.Address
	for _, a := range parsed {
		got, err := checked(*a)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(b netmail.Address) bool { return b.Address == got.Address }) {
			out = append(out, got)
		}
	}
	if len(out) > maxRecipients {
		return nil, fmt.Errorf("%d recipients: one message goes to %d at most; make a mailing list, or several channels", len(out), maxRecipients)
	}
	return out, nil
}

func address(s string) (netmail.Address, error) {
	if hasControl(s) {
		return netmail.Address{}, fmt.Errorf("address %s: there is a line end or another control character in it", show(s))
	}
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return netmail.Address{}, fmt.Errorf("address %s: %w; write one like digests@example.com", show(s), plainer(err))
	}
	return checked(*a)
}

// plainer drops the library's prefix.
func plainer(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "mail: ")) }

// checked gives an address as it may stand in a command and a header: no sign in it ends either.
func checked(a netmail.Address) (netmail.Address, error) {
	at := strings.LastIndexByte(a.Address, '@')
	if at < 1 {
		return a, fmt.Errorf("address %s: there is no name before the @", show(a.Address))
	}
	local, domain := a.Address[:at], a.Address[at+1:]
	for _, r := range local {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()[]\,;:"@`, r) {
			return a, fmt.Errorf("address %s: the part before the @ may hold letters, digits and signs of ASCII only; ask for a plain address of that mailbox", show(a.Address))
		}
	}
	// What is no name of a host stays out, but for the literal of an address.
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		if _, err := netip.ParseAddr(strings.TrimPrefix(strings.TrimSuffix(literal, "]"), "IPv6:")); err != nil {
			return a, fmt.Errorf("address %s: there is no such host", show(a.Address))
		}
	} else {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil || ascii == "" {
			return a, fmt.Errorf("address %s: there is no such domain", show(a.Address))
		}
		domain = ascii
	}
	a.Address = local + "@" + domain
	a.Name = strings.Join(strings.FieldsFunc(a.Name, unicode.IsSpace), " ")
	if hasControl(a.Name) || len(a.Name) > 200 || len(a.Address) > 254 {
		return a, fmt.Errorf("address %s: it is too long, or its name holds a control character", show(a.Address))
	}
	return a, nil
}

// domainOf is an address's domain, without the brackets of a literal.
func domainOf(a netmail.Address) string {
	return strings.Trim(a.Address[strings.LastIndexByte(a.Address, '@')+1:], "[]")
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
	})
}

// show quotes a value for an error: short, and on one line.
func show(s string) string {
	r := []rune(s)
	if len(r) > 120 {
		s = string(r[:119]) + "…"
	}
	return strconv.Quote(s)
}

// namesThisMachine reports whether a host is this machine whatever a name server says.
func namesThisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// nearness says how far away the other end of a connection is.
func nearness(conn net.Conn) (loopback, private bool) {
	t, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return false, false
	}
	return t.IP.IsLoopback(), t.IP.IsLoopback() || t.IP.IsPrivate() || t.IP.IsLinkLocalUnicast()
}

func of(env string) string {
	if env == "" {
		return ""
	}
	return " (" + env + ")"
}

func setEnv(env, verb string) string {
	if env == "" {
		return verb + " the password"
	}
	return verb + " the environment variable " + env
}
