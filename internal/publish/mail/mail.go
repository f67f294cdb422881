// Package mail sends digests by SMTP: one message to all recipients, as text and HTML.
//
// At least once. A mail can't be looked for, so a part stays owed until the server's answer to the whole message says
// that it was taken; a run that dies before, or loses that answer, sends again. Every try sends the same bytes: the
// Message-ID and the boundaries are made of the part's nonce, and the Date is when the digest was queued. Many programs
// and servers show a message once that they get twice under one Message-ID.
//
// Each recipient gets it who can. Who is refused for good costs the others nothing: the part is filed, and the refusal
// told. Who is refused for the moment (greylisting) is asked again within a bound and by later runs, alone: who has
// the message stands in the delivery's ResultURL meanwhile.
//
// Secrets and digests go over TLS. With "starttls" and "tls" nothing is sent before the certificate was found good;
// there is no falling back. "none" is for a relay at a private address, and signs in only on this machine itself.
package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
)

// The securities.
const (
	StartTLS = "starttls" // in clear until the server's certificate is asked for: port 587
	TLS      = "tls"      // from the first byte: port 465
	None     = "none"     // never: for a relay at a private address
)

// Options are how mail is sent.
type Options struct {
	Server   string // "host:port"
	Security string // StartTLS, TLS or None
	Username string // "": no signing in
	Password string
	Env      string // the environment variable that gave the password, for errors
	From     string // "digests@acme.example", with a name or without
	// To are the recipients of test messages, joined by commas. What is delivered goes to the part's own.
	To string
	// Timeout is that of each step, but for the answer to the whole message, which may take five times as long: servers
	// look for viruses then. Default a minute.
	Timeout time.Duration
	// MaxWait is the longest to wait between all tries together. Default two minutes; negative: not at all.
	MaxWait time.Duration
	// Dial opens the connection. Default: a net.Dialer's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roots are the authorities that the server's certificate must come from. Nil: the system's.
	Roots *x509.CertPool
	// Hello is this machine's name for EHLO. Default: its address, in brackets.
	Hello string
	// Now is the clock, for certificates and for the date of test messages.
	Now func() time.Time
	// Sleep waits. Default: a timer that ends with the context.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Channel sends mail through one server.
type Channel struct {
	o    Options
	host string
	from netmail.Address
}

const (
	firstWait   = 5 * time.Second // doubled at each try
	answerTimes = 5               // of Timeout, for the answer to the whole message
	answerGrace = 5 * time.Second // for that answer, in a run that is interrupted
)

// New checks the options. Its errors say which one is wrong and what to write.
func New(o Options) (*Channel, error) {
	c := &Channel{o: o}
	host, port, err := net.SplitHostPort(o.Server)
	if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 || hasControl(o.Server) {
		return nil, fmt.Errorf("server %s: write host:port, such as smtp.example.com:587 with security starttls, or :465 with tls", show(o.Server))
	}
	c.host = host
	switch o.Security {
	case StartTLS, TLS:
	case None:
		if o.Username != "" && !namesThisMachine(host) {
			return nil, fmt.Errorf("server %s: a password is not sent without encryption; set security to starttls or tls, or leave the user name out", o.Server)
		}
	default:
		return nil, fmt.Errorf("security %s: write starttls, tls or none", show(o.Security))
	}
	switch {
	case o.Username != "" && o.Password == "":
		return nil, fmt.Errorf("user name %s: there is no password; %s", show(o.Username), setEnv(o.Env, "set"))
	case o.Username == "" && o.Password != "":
		return nil, fmt.Errorf("there is a password%s and no user name to sign in with", of(o.Env))
	}
	if c.from, err = address(o.From); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if o.To != "" {
		if _, err := Recipients(o.To); err != nil {
			return nil, err
		}
	}
	if hasControl(o.Hello) || strings.Contains(o.Hello, " ") {
		return nil, fmt.Errorf("name %s: this machine's name for EHLO is a host's name", show(o.Hello))
	}
	if o.Now == nil {
		return nil, errors.New("mail needs a clock")
	}
	if c.o.Timeout <= 0 {
		c.o.Timeout = time.Minute
	}
	if c.o.MaxWait == 0 {
		c.o.MaxWait = 2 * time.Minute
	}
	if c.o.Dial == nil {
		c.o.Dial = (&net.Dialer{}).DialContext
	}
	if c.o.Sleep == nil {
		c.o.Sleep = github.Sleep
	}
	return c, nil
}

// Deliver sends the parts that are not filed yet.
func (c *Channel) Deliver(ctx context.Context, parts []publish.Delivery, record publish.Record) error {
	var partial error
	for _, d := range parts {
		if d.Status == publish.Filed {
			continue
		}
		err := c.deliver(ctx, d, record)
		if _, ok := errors.AsType[*publish.PartialError](err); ok {
			partial = errors.Join(partial, err)
		} else if err != nil {
			return errors.Join(partial, err)
		}
	}
	return partial
}

// deliver sends one part to who does not have it yet, and files it once nobody is left who may still get it.
func (c *Channel) deliver(ctx context.Context, d publish.Delivery, record publish.Record) error {
	l, err := c.letterOf(d)
	if err != nil {
		return fmt.Errorf("mail to %s: %w", show(d.Target), err)
	}
	has := progress(d.ResultURL, l)
	outcome, err := c.post(ctx, l, has, func() error {
		d.Status, d.ResultURL = publish.Owed, l.resultURL(has)
		return record(d)
	})
	if err != nil {
		return err
	}
	d.Status, d.ResultURL, d.Problem = publish.Filed, l.resultURL(nil), outcome.refusals()
	if err := record(d); err != nil {
		return err
	}
	if d.Problem != "" {
		return &publish.PartialError{URL: c.o.Server, Problem: d.Problem}
	}
	return nil
}

// Test sends a test message to the recipients of Options.To.
func (c *Channel) Test(ctx context.Context, m publish.Message) (string, error) {
	l, err := c.testLetter(m)
	if err != nil {
		return "", err
	}
	outcome, err := c.post(ctx, l, map[string]bool{}, func() error { return nil })
	if err != nil {
		return "", err
	}
	if p := outcome.refusals(); p != "" {
		return "", fmt.Errorf("%s took it, but %s", c.o.Server, p)
	}
	return fmt.Sprintf("%s took it, for %s", c.o.Server, strings.Join(l.addresses(), ", ")), nil
}

// outcome is who was refused for good, with the server's words, in the order of the recipients.
type outcome []rejection

type rejection struct{ to, said string }

func (o outcome) refusals() string {
	var out []string
	for _, r := range o {
		out = append(out, fmt.Sprintf("%s did not get it (%s)", r.to, r.said))
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "; ") + ": look whether the address is right, or take it out of the channel"
}

// post sends a letter to everybody in it who does not have it, and adds to has who got it. keep is called when somebody
// has it and somebody else still waits. Without an error everybody has it or was refused for good, and somebody has it.
func (c *Channel) post(ctx context.Context, l *letter, has map[string]bool, keep func() error) (outcome, error) {
	refused := map[string]string{}
	next, left := firstWait, c.o.MaxWait
	for {
		var to []string
		for _, a := range l.addresses() {
			if _, no := refused[a]; !no && !has[a] {
				to = append(to, a)
			}
		}
		if len(to) == 0 {
			break
		}
		later, err := c.try(ctx, l, to, has, refused)
		if err == nil && len(later) == 0 {
			continue // nobody is left, or it was refused before it was sent to anybody
		}
		if len(has) > 0 && len(later) > 0 && len(later) < len(to) {
			if kerr := keep(); kerr != nil {
				return nil, kerr
			}
		}
		if err == nil {
			err = c.waiting(l, later, has, refused)
		} else if !isPassing(err) {
			return nil, err
		}
		wait := min(next, left)
		if wait <= 0 {
			return nil, err
		}
		if serr := c.o.Sleep(ctx, wait); serr != nil {
			return nil, errors.Join(err, serr)
		}
		next, left = 2*next, left-wait
	}
	var out outcome
	for _, a := range l.addresses() {
		if said, no := refused[a]; no {
			out = append(out, rejection{a, said})
		}
	}
	if len(has) == 0 {
		return nil, fmt.Errorf("%s takes it for nobody: %s", c.o.Server, out.refusals())
	}
	return out, nil
}

// waiting says who is still to get it.
func (c *Channel) waiting(l *letter, later map[string]string, has map[string]bool, refused map[string]string) error {
	var wait, got []string
	for _, a := range l.addresses() {
		if said, ok := later[a]; ok {
			wait = append(wait, fmt.Sprintf("%s (%s)", a, said))
		} else if _, no := refused[a]; !no && has[a] {
			got = append(got, a)
		}
	}
	end := "the next run tries again"
	if len(got) > 0 {
		end += "; " + strings.Join(got, ", ") + " got it, and will not get it twice"
	}
	return &passingError{fmt.Errorf("%s does not take it now for %s; %s", c.o.Server, strings.Join(wait, ", "), end)}
}
