package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"github.com/upstream-digest/bot/internal/report"
)

// passingError is one that may be gone in a minute.
type passingError struct{ error }

func (e *passingError) Unwrap() error { return e.error }

func isPassing(err error) bool {
	_, ok := errors.AsType[*passingError](err)
	return ok
}

// finalError is told as it stands.
type finalError struct{ text string }

func (e *finalError) Error() string { return e.text }

// explain says in words what failed and what to do. The cause's text is handed on only scrubbed.
func (s *session) explain(ctx context.Context, err error) error {
	server := s.c.o.Server
	if final, ok := errors.AsType[*finalError](err); ok {
		return final
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: interrupted at %s: %w", server, s.stage, ctx.Err())
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return s.reply(said)
	}
	if why := s.certificate(err); why != "" {
		return &finalError{fmt.Sprintf("%s: %s; nothing was sent", server, why)}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok && s.c.o.Security == TLS {
		return &finalError{fmt.Sprintf("%s does not speak TLS from the start; set security to starttls (port 587)", server)}
	}
	why := s.c.scrub(err.Error())
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		why = "there is no host of that name"
		if dns.IsTemporary || dns.IsTimeout {
			why = "its name could not be looked up"
		}
	}
	if _, slow := errors.AsType[*slowError](err); slow && s.stage == "the greeting" && s.c.o.Security != TLS {
		why += "; if it speaks TLS from the start (port 465), set security to tls"
	}
	return &passingError{fmt.Errorf("%s: %s failed: %s; the next run tries again", server, s.stage, why)}
}

// certificate says what is wrong with the server's certificate; "" if it is not that.
func (s *session) certificate(err error) string {
	host, ok := errors.AsType[x509.HostnameError](err)
	if ok {
		names := host.Certificate.DNSNames
		if len(names) > 5 {
			names = append(names[:5:5], "…")
		}
		return fmt.Sprintf("its certificate is for %s and not for %s; write the server's name as it stands in the certificate", report.Line(strings.Join(names, ", ")), s.c.host)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate comes from an authority that is not known here; give the bot that authority's certificate (the system's list, or SSL_CERT_FILE)"
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if bad.Reason == x509.Expired {
			return "its certificate is not valid at this time (" + report.Line(bad.Detail) + "); have it renewed, and look at this machine's clock"
		}
		return "its certificate is not valid: " + report.Line(bad.Error())
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not valid: " + report.Line(bad.Error())
	}
	if strings.Contains(err.Error(), "protocol version") { // the library has no type for it
		return "it knows no TLS of version 1.2 or newer, and older ones are not safe"
	}
	return ""
}

// reply explains what the server answered.
func (s *session) reply(said *textproto.Error) error {
	server, words, what := s.c.o.Server, s.said(said), s.stage
	if said.Code/100 == 4 {
		return &passingError{fmt.Errorf("%s does not take it now: to %s it says %s; the next run tries again", server, what, words)}
	}
	var do string
	switch {
	case what == "signing in":
		return &finalError{fmt.Sprintf("%s refuses user %s: %s; look at the user name, and %s. With two-step sign-in many providers want an app password", server, show(s.c.o.Username), words, setEnv(s.c.o.Env, "renew"))}
	case said.Code == 530 && s.c.o.Username == "", said.Code == 550 && s.c.o.Username == "" && strings.Contains(strings.ToLower(said.Msg), "auth"):
		do = "it wants a sign-in: set user name and password"
	case said.Code == 552:
		do = "the message is too long for it, or a mailbox is full: make the digest smaller (severities, upstreams), or have the limit raised"
	case said.Code == 554 && what == "the greeting":
		do = "it takes no mail from this machine at all: ask its operator, or send through another relay"
	case what == "the message's end" && (said.Code == 554 || said.Code == 550):
		do = "it does not like the content: look for its reason in its words, and let it take mail from this sender"
	case what == "the message's sender":
		do = "the sender " + s.c.from.Address + " may not send through it: set one that belongs to the user, or have it allowed"
	default:
		do = "ask the server's operator"
	}
	return &finalError{fmt.Sprintf("%s refuses it: to %s it says %s; %s", server, what, words, do)}
}

// said is an answer of the server's on one line: upstream of nothing, but not ours either.
func (s *session) said(e *textproto.Error) string {
	words := s.c.scrub(e.Msg)
	if r := []rune(words); len(r) > 300 {
		words = string(r[:299]) + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, words))
}

// scrub makes one line of a text, and takes out the password in the forms it is sent in: a server may say back what
// it heard.
func (c *Channel) scrub(text string) string {
	return report.Line(c.withoutPassword(report.Line(c.withoutPassword(text))))
}

func (c *Channel) withoutPassword(text string) string {
	if c.o.Password == "" {
		return text
	}
	for _, secret := range []string{
		base64.StdEncoding.EncodeToString([]byte("\x00" + c.o.Username + "\x00" + c.o.Password)),
		base64.StdEncoding.EncodeToString([]byte(c.o.Password)), c.o.Password,
	} {
		text = strings.ReplaceAll(text, secret, "[password]")
	}
	return text
}
