package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/report"
)

// session is one connection to the server. The conversation is held step by step, and not by the library's own
// client, which sends to all recipients or to none.
type session struct {
	c         *Channel
	conn      net.Conn // the bare connection
	smtp      *smtp.Client
	encrypted bool
	loopback  bool
	stage     string
}

// try holds one conversation. Who got the letter is added to has, who was refused for good to refused; later are those
// who were refused for the moment. An error is about the whole: then nobody got it, as far as is known.
func (c *Channel) try(ctx context.Context, l *letter, to []string, has map[string]bool, refused map[string]string) (later map[string]string, err error) {
	if err := github.MaySend(ctx); err != nil {
		return nil, err
	}
	s := &session{c: c}
	// Whatever happens, the connection ends with the context: every step is a read or a write on it.
	defer func() {
		if s.conn != nil {
			_ = s.conn.Close()
		}
	}()
	if err := s.open(ctx); err != nil {
		return nil, s.explain(ctx, err)
	}
	later, accepted := map[string]string{}, []string(nil)
	if err := s.step(ctx, "the message's sender", c.o.Timeout, func(context.Context) error { return s.envelope(l) }); err != nil {
		return nil, s.explain(ctx, err)
	}
	for _, a := range to {
		err := s.step(ctx, "the recipient "+a, c.o.Timeout, func(context.Context) error { return s.smtp.Rcpt("<" + a + ">") })
		var said *textproto.Error
		switch {
		case err == nil:
			accepted = append(accepted, a)
		case errors.As(err, &said) && said.Code/100 == 4 && said.Code != 421:
			later[a] = s.said(said)
		case errors.As(err, &said) && said.Code/100 == 5:
			refused[a] = s.said(said)
		default:
			return nil, s.explain(ctx, err)
		}
	}
	if len(accepted) > 0 {
		if err := s.text(ctx, l); err != nil {
			return nil, err
		}
		for _, a := range accepted {
			has[a] = true
		}
	}
	// It is done: what the server says to a good-bye changes nothing.
	_ = s.step(ctx, "the good-bye", c.o.Timeout, func(context.Context) error { return s.smtp.Quit() })
	return later, nil
}

// maxSaid is how many bytes a server may say in one conversation; a usual one says less than a hundredth of it.
const maxSaid = 1 << 20

// boundedConn ends when the other side has said too much: what reads answers would take all of the memory.
type boundedConn struct {
	net.Conn
	left int
}

// Read implements io.Reader.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errEndless
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

var errEndless = errors.New("its answer has no end")

// step does one thing within its time. The connection is closed when that is over.
func (s *session) step(ctx context.Context, stage string, limit time.Duration, do func(context.Context) error) error {
	s.stage = stage
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if s.conn != nil {
		conn := s.conn
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
	}
	err := do(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &slowError{limit}
	}
	return err
}

// slowError is a step that took too long.
type slowError struct{ limit time.Duration }

func (e *slowError) Error() string { return fmt.Sprintf("no answer within %s", e.limit) }

// open connects, and goes on until mail may be sent.
func (s *session) open(ctx context.Context) error {
	o := s.c.o
	err := s.step(ctx, "the connection", o.Timeout, func(ctx context.Context) error {
		conn, err := o.Dial(ctx, "tcp", o.Server)
		if err == nil {
			s.conn = &boundedConn{conn, maxSaid}
		}
		return err
	})
	if err != nil {
		return err
	}
	loopback, private := nearness(s.conn)
	s.loopback = loopback
	if o.Security == None && !private {
		return &finalError{fmt.Sprintf("%s stands at %s, which is no private address, and security none would send the digest there for anybody to read; set security to starttls or tls", o.Server, s.conn.RemoteAddr())}
	}
	config := &tls.Config{ServerName: s.c.host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12, Time: o.Now}
	conn := s.conn
	if o.Security == TLS {
		secure := tls.Client(s.conn, config)
		if err := s.step(ctx, "the TLS handshake", o.Timeout, secure.HandshakeContext); err != nil {
			return err
		}
		conn, s.encrypted = secure, true
	}
	if err := s.step(ctx, "the greeting", o.Timeout, func(context.Context) (err error) { s.smtp, err = smtp.NewClient(conn, s.c.host); return err }); err != nil {
		return err
	}
	s.smtp.SkipSMTPUTF8(true) // our addresses and headers are ASCII: asking for it makes some servers refuse to pass it on
	if err := s.step(ctx, "EHLO", o.Timeout, func(context.Context) error { return s.smtp.Hello(s.hello()) }); err != nil {
		return err
	}
	if o.Security == StartTLS {
		if ok, _ := s.smtp.Extension("STARTTLS"); !ok {
			return &finalError{fmt.Sprintf("%s offers no STARTTLS, so nothing was sent; set security to tls if it encrypts from the start (port 465). If it should offer it, something between may take it away", o.Server)}
		}
		if err := s.step(ctx, "STARTTLS", o.Timeout, func(context.Context) error { return s.smtp.StartTLS(config) }); err != nil {
			return err
		}
		if state, ok := s.smtp.TLSConnectionState(); !ok || !state.HandshakeComplete {
			return &finalError{o.Server + " did not encrypt, so nothing was sent"}
		}
		s.encrypted = true
	}
	if o.Username == "" {
		return nil
	}
	a, err := s.auth()
	if err != nil {
		return err
	}
	return s.step(ctx, "signing in", o.Timeout, func(context.Context) error { return s.smtp.Auth(a) })
}

// hello is what this machine is called: a name that was given, else its address.
func (s *session) hello() string {
	if s.c.o.Hello != "" {
		return s.c.o.Hello
	}
	if t, ok := s.conn.LocalAddr().(*net.TCPAddr); ok && t.IP != nil {
		if t.IP.To4() == nil {
			return "[IPv6:" + t.IP.String() + "]"
		}
		return "[" + t.IP.String() + "]"
	}
	return "localhost"
}

// auth chooses how to sign in: by proof of the password before sending it. CRAM-MD5 comes after what sends it over
// TLS, for many servers that offer it can't do it. On this machine itself there may be no TLS.
func (s *session) auth() (smtp.Auth, error) {
	o := s.c.o
	if !s.encrypted && !s.loopback {
		return nil, &finalError{fmt.Sprintf("%s: a password is not sent without encryption; set security to starttls or tls", o.Server)}
	}
	_, list := s.smtp.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(list))
	for _, m := range []struct {
		name string
		auth func() smtp.Auth
	}{
		{"SCRAM-SHA-256", func() smtp.Auth { return smtp.ScramSHA256Auth(o.Username, o.Password) }},
		{"SCRAM-SHA-1", func() smtp.Auth { return smtp.ScramSHA1Auth(o.Username, o.Password) }},
		{"PLAIN", func() smtp.Auth {
			return smtp.PlainAuth("", o.Username, o.Password, s.c.host, !s.encrypted && s.loopback)
		}},
		{"LOGIN", func() smtp.Auth { return smtp.LoginAuth(o.Username, o.Password, s.c.host, !s.encrypted && s.loopback) }},
		{"CRAM-MD5", func() smtp.Auth { return smtp.CRAMMD5Auth(o.Username, o.Password) }},
	} {
		if slices.Contains(offered, m.name) {
			return m.auth(), nil
		}
	}
	if len(offered) == 0 {
		return nil, &finalError{fmt.Sprintf("%s offers no signing in; leave the user name out if it wants none, or use the port for sending mail (587 or 465)", o.Server)}
	}
	return nil, &finalError{fmt.Sprintf("%s signs in by %s only; this bot knows SCRAM, PLAIN, LOGIN and CRAM-MD5: ask for an app password or another relay", o.Server, report.Line(list))}
}

// envelope names the sender, once it is known that the message is not too long.
func (s *session) envelope(l *letter) error {
	if ok, size := s.smtp.Extension("SIZE"); ok {
		if most, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64); err == nil && most > 0 && int64(len(l.data)) > most {
			return &finalError{fmt.Sprintf("%s takes messages of %d bytes at most, and this one has %d: let the server take more, or make the digest smaller (severities, upstreams)", s.c.o.Server, most, len(l.data))}
		}
	}
	return s.smtp.Mail("<" + s.c.from.Address + ">")
}

// text sends the message. Until its end is sent, nobody has it; after that only the answer says.
func (s *session) text(ctx context.Context, l *letter) error {
	var w io.WriteCloser
	err := s.step(ctx, "DATA", s.c.o.Timeout, func(context.Context) (err error) { w, err = s.smtp.Data(); return err })
	if err != nil {
		return s.explain(ctx, err)
	}
	if err := s.step(ctx, "the message's text", s.c.o.Timeout, func(context.Context) error {
		if _, err := w.Write(l.data); err != nil {
			return err
		}
		return s.smtp.Text.W.Flush() // all but the end: so that what follows is short
	}); err != nil {
		return s.explain(ctx, err)
	}
	// A process can stand still for any time: so it is asked as late as can be whether the message may be sent.
	if err := github.MaySend(ctx); err != nil {
		return err
	}
	// The answer decides whether it is sent twice: an interrupted run waits for it a little longer.
	ctx, stop := outlasting(ctx, answerGrace)
	defer stop()
	err = s.step(ctx, "the message's end", answerTimes*s.c.o.Timeout, func(context.Context) error { return w.Close() })
	var said *textproto.Error
	if err != nil && !errors.As(err, &said) {
		return fmt.Errorf("%s: the whole message was sent and the answer was lost (%s), so it may have arrived; the next run sends it again as the same message (Message-ID <%s>)",
			s.c.o.Server, s.c.scrub(err.Error()), l.id)
	}
	if err != nil {
		return s.explain(ctx, err)
	}
	return nil
}

// outlasting is a context that ends so long after ctx was cancelled.
func outlasting(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() { stop(); cancel() }
}
