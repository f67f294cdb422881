package mail_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/mailtest"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/mail"
	"github.com/upstream-digest/bot/internal/report"
)

const (
	password = "correct horse battery"
	nonce    = "0123456789abcdef0123456789abcdef"
)

var queued = time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC)

func start(t *testing.T, o mailtest.Options) *mailtest.Server {
	t.Helper()
	s, err := mailtest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close()
		if v := s.Violations(); len(v) > 0 {
			t.Errorf("rules broken: %q", v)
		}
	})
	return s
}

// waits are how long the channel wanted to wait.
type waits []time.Duration

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	*w = append(*w, d)
	return ctx.Err()
}

func optionsFor(s *mailtest.Server, w *waits) mail.Options {
	return mail.Options{
		Server: s.Addr(), Security: mail.None, From: "Upstream digest <digests@acme.example>", To: "ops@acme.example", Roots: s.Roots(), Env: "SMTP_PASSWORD",
		Now: func() time.Time { return queued.Add(time.Hour) }, Sleep: w.sleep, Hello: "bot.acme.example",
	}
}

func channel(t *testing.T, o mail.Options) *mail.Channel {
	t.Helper()
	c, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func part(t *testing.T, target, title string, m report.MailText) publish.Delivery {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return publish.Delivery{QueuedAt: queued, Part: publish.Part{
		Channel: "email:team", Type: publish.TypeEmail, Target: target, Title: title, Body: string(body), Number: 1, Of: 1, Nonce: nonce,
	}}
}

var short = report.MailText{Text: "Two gates were removed.\n", HTML: "<p>Two gates were removed.</p>\n"}

// deliver delivers one part, and gives it as it was recorded last. Nothing recorded: it is as it was.
func deliver(t *testing.T, c *mail.Channel, d publish.Delivery) (publish.Delivery, error) {
	t.Helper()
	err := c.Deliver(t.Context(), []publish.Delivery{d}, func(r publish.Delivery) error {
		if r.Status == publish.Unclear {
			t.Error("recorded as unclear: nobody can look for a mail")
		}
		d = r
		return nil
	})
	if err != nil && strings.Contains(err.Error(), password) {
		t.Errorf("the error holds the password: %v", err)
	}
	if strings.Contains(d.Problem, password) || strings.Contains(d.ResultURL, password) {
		t.Errorf("recorded with the password: %+v", d)
	}
	return d, err
}

func TestMessage(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.StartTLS, Users: map[string]string{"bot": password}})
	var w waits
	o := optionsFor(s, &w)
	o.Security, o.Username, o.Password = mail.StartTLS, "bot", password
	text := report.MailText{
		Text: "Kubernetes v1.35.0 → v1.36.0: 2 things to act on.\n\n.a line that begins with a dot\nFrom the start\n" + strings.Repeat("a long line ", 20) + "\n",
		HTML: "<!doctype html>\n<p>Kubernetes v1.35.0 → v1.36.0: <a href=\"https://kep.k8s.io/1\">KEP-1</a></p>\n",
	}
	d := part(t, `ops@acme.example, "Müller, Jürgen" <juergen@muenchen.example>, Zoë <zoe@bücher.example>, ops@acme.example`, "Kubernetes upstream digest: v1.35.0 → v1.36.0 — 2 to act on, 2026-05-04", text)
	got, err := deliver(t, channel(t, o), d)
	if err != nil {
		t.Fatal(err)
	}
	if want := "mid:" + nonce + "@acme.example"; got.Status != publish.Filed || got.ResultURL != want || got.Problem != "" {
		t.Errorf("recorded as %+v", got)
	}
	if len(s.Messages()) != 1 {
		t.Fatalf("%d messages", len(s.Messages()))
	}
	m := s.Messages()[0]
	if !m.TLS || m.User != "bot" || m.From != "digests@acme.example" || !slices.Equal(m.To, []string{"ops@acme.example", "juergen@muenchen.example", "zoe@xn--bcher-kva.example"}) {
		t.Errorf("envelope %+v", m)
	}
	if m.Subject != d.Title || m.Text != text.Text || m.HTML != text.HTML {
		t.Errorf("subject %q\ntext %q\nHTML %q", m.Subject, m.Text, m.HTML)
	}
	golden.Check(t, "testdata/message.golden.eml", []byte(strings.ReplaceAll(string(m.Raw), "\r\n", "\n")))

	// The same part again is the same message, to the byte: programs know a double by it.
	if _, err := deliver(t, channel(t, o), d); err != nil {
		t.Fatal(err)
	}
	if string(s.Messages()[1].Raw) != string(m.Raw) {
		t.Error("the second try is another message")
	}
}

// What the HTML leaves out goes along as a file, where it stands nowhere else.
func TestAttachment(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	var w waits
	text := report.MailText{Text: "All of it → here.\n", HTML: "<p>Some of it</p>\n", Attach: true}
	if _, err := deliver(t, channel(t, optionsFor(s, &w)), part(t, "ops@acme.example", "Big", text)); err != nil {
		t.Fatal(err)
	}
	m := s.Messages()[0]
	if m.Files[report.MailFile] != text.Text || m.HTML != text.HTML || m.Text != text.Text {
		t.Errorf("files %q, text %q, HTML %q", m.Files, m.Text, m.HTML)
	}
	golden.Check(t, "testdata/attachment.golden.eml", []byte(strings.ReplaceAll(string(m.Raw), "\r\n", "\n")))
}

func TestSigningIn(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"} {
		s := start(t, mailtest.Options{Security: mailtest.TLS, Users: map[string]string{"bot@acme.example": password}, Mechanisms: []string{"XOAUTH2", mechanism}})
		var w waits
		o := optionsFor(s, &w)
		o.Security, o.Username, o.Password = mail.TLS, "bot@acme.example", password
		if _, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short)); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		if got := s.SignedIn(); !slices.Equal(got, []string{mechanism + " bot@acme.example"}) {
			t.Errorf("%s: signed in %q", mechanism, got)
		}
		o.Password = "wrong " + password
		_, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short))
		if err == nil || !strings.Contains(err.Error(), "refuses user \"bot@acme.example\"") || !strings.Contains(err.Error(), "renew the environment variable SMTP_PASSWORD") {
			t.Errorf("%s: a wrong password is told as: %v", mechanism, err)
		}
	}
	// On this machine itself there need be no TLS.
	s := start(t, mailtest.Options{Security: mailtest.None, Clear: true, Users: map[string]string{"bot": password}, Mechanisms: []string{"LOGIN", "PLAIN"}})
	var w waits
	o := optionsFor(s, &w)
	o.Username, o.Password = "bot", password
	if _, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short)); err != nil {
		t.Error(err)
	}
	if got := s.SignedIn(); !slices.Equal(got, []string{"PLAIN bot"}) {
		t.Errorf("signed in %q", got)
	}
}

// TestFailures fails at each step. told says what stands in the error, tries how many connections there are, and then
// whether the next run sends again, and how many messages there are after it: 2 is a double, which has the same
// Message-ID.
func TestFailures(t *testing.T) {
	hangUp := func(at mailtest.Step) mailtest.Fault { return mailtest.Fault{At: at} }
	says := func(at mailtest.Step, code int, words string) mailtest.Fault {
		return mailtest.Fault{At: at, Code: code, Words: words}
	}
	for _, c := range []struct {
		name   string
		fault  mailtest.Fault
		told   string // "" is delivered
		tries  int    // connections of the first run
		before int    // messages that are there after it
		after  int    // after the next run
	}{
		{"hangs up at the greeting", hangUp(mailtest.AtGreeting), "the greeting failed", 6, 0, 1},
		{"hangs up at EHLO", hangUp(mailtest.AtHello), "EHLO failed", 6, 0, 1},
		{"hangs up at signing in", hangUp(mailtest.AtAuth), "signing in failed", 6, 0, 1},
		{"hangs up at the sender", hangUp(mailtest.AtMail), "the message's sender failed", 6, 0, 1},
		{"hangs up at a recipient", hangUp(mailtest.AtRcpt), "the recipient ops@acme.example failed", 6, 0, 1},
		{"hangs up at DATA", hangUp(mailtest.AtData), "DATA failed", 6, 0, 1},
		{"hangs up in the text", hangUp(mailtest.AtText), "it may have arrived", 1, 0, 1}, // who has written all can't know
		{"hangs up before it took it", hangUp(mailtest.AtEnd), "it may have arrived; the next run sends it again as the same message (Message-ID <" + nonce + "@acme.example>)", 1, 0, 1},
		{"hangs up after it took it", mailtest.Fault{At: mailtest.AtEnd, Done: true}, "it may have arrived", 1, 1, 2},
		{"hangs up at the good-bye", hangUp(mailtest.AtQuit), "", 1, 1, 1},

		{"too busy to greet", says(mailtest.AtGreeting, 421, "too busy"), "does not take it now: to the greeting it says 421 too busy", 6, 0, 1},
		{"too busy for a recipient", says(mailtest.AtRcpt, 421, "closing"), "does not take it now", 6, 0, 1},
		{"no sender now", says(mailtest.AtMail, 451, "come later"), "does not take it now: to the message's sender it says 451 come later", 6, 0, 1},
		{"no DATA now", says(mailtest.AtData, 451, "come later"), "to DATA it says 451", 6, 0, 1},
		{"not taken now", says(mailtest.AtEnd, 452, "disk full"), "to the message's end it says 452 disk full; the next run tries again", 6, 0, 1},
		{"no signing in now", says(mailtest.AtAuth, 454, "directory is down"), "to signing in it says 454", 6, 0, 1},

		{"takes nothing from here", says(mailtest.AtGreeting, 554, "no service for you"), "it takes no mail from this machine at all", 1, 0, 1},
		{"wrong password", says(mailtest.AtAuth, 535, "5.7.8 bad credentials"), "renew the environment variable SMTP_PASSWORD. With two-step sign-in", 1, 0, 1},
		{"says the password back", says(mailtest.AtAuth, 535, "no such login: AGJvdABjb3JyZWN0IGhvcnNlIGJhdHRlcnk= "+password), "no such login: [password] [password]", 1, 0, 1},
		{"sender not allowed", says(mailtest.AtMail, 550, "not yours"), "the sender digests@acme.example may not send through it", 1, 0, 1},
		{"too long", says(mailtest.AtEnd, 552, "message too big"), "the message is too long for it, or a mailbox is full", 1, 0, 1},
		{"spam", says(mailtest.AtEnd, 554, "5.7.1 looks like spam"), "it does not like the content", 1, 0, 1},
		{"nobody there", says(mailtest.AtRcpt, 550, "no such user"), "takes it for nobody: ops@acme.example did not get it (550 no such user): look whether the address is right", 1, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, mailtest.Options{Security: mailtest.None, Clear: true, Users: map[string]string{"bot": password}, Mechanisms: []string{"PLAIN"}})
			for range c.tries {
				s.Fail(c.fault)
			}
			var w waits
			o := optionsFor(s, &w)
			o.Username, o.Password = "bot", password
			ch := channel(t, o)
			d, err := deliver(t, ch, part(t, "ops@acme.example", "x", short))
			if c.told == "" {
				if err != nil || d.Status != publish.Filed {
					t.Errorf("recorded %v, told %v", d.Status, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.told) || !strings.HasPrefix(err.Error(), s.Addr()) || d.Status != publish.Owed {
				t.Errorf("recorded %v, told\n %v\nwant\n %v", d.Status, err, c.told)
			}
			if s.Connections() != c.tries || len(w) != c.tries-1 {
				t.Errorf("%d connections, waited %v; want %d", s.Connections(), w, c.tries)
			}
			if n := len(s.Messages()); n != c.before {
				t.Errorf("%d messages are there, want %d", n, c.before)
			}
			if d, err = deliver(t, ch, d); err != nil || d.Status != publish.Filed {
				t.Errorf("the next run: recorded %v, told %v", d.Status, err)
			}
			if n := len(s.Messages()); n != c.after {
				t.Errorf("%d messages are there after the next run, want %d", n, c.after)
			}
			for _, m := range s.Messages() {
				if string(m.Raw) != string(s.Messages()[0].Raw) {
					t.Error("the double is another message")
				}
			}
		})
	}
}

func TestGreylisting(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	s.Greylist(2)
	var w waits
	d, err := deliver(t, channel(t, optionsFor(s, &w)), part(t, "a@acme.example, b@acme.example", "x", short))
	if err != nil || d.Status != publish.Filed {
		t.Fatalf("%+v, %v", d, err)
	}
	if !slices.Equal(w, waits{5 * time.Second, 10 * time.Second}) || len(s.Messages()) != 1 {
		t.Errorf("waited %v for %d messages", w, len(s.Messages()))
	}

	// Beyond the bound it stays owed, and is not asked for more.
	s.Greylist(100)
	w = nil
	d, err = deliver(t, channel(t, optionsFor(s, &w)), part(t, "a@acme.example", "x", short))
	if err == nil || d.Status != publish.Owed || !strings.Contains(err.Error(), "a@acme.example (451 4.7.1 Greylisted, please try again later); the next run tries again") {
		t.Errorf("%v, %v", d.Status, err)
	}
	sum := time.Duration(0)
	for _, d := range w {
		sum += d
	}
	if sum != 2*time.Minute {
		t.Errorf("waited %v, in all %v", w, sum)
	}
}

// Of three, one is refused for good and one for the moment. Nobody gets it twice, and nobody is forgotten.
func TestSomeRecipientsAreRefused(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	s.Refuse("b@acme.example", 550, "no such user")
	s.Refuse("c@acme.example", 452, "mailbox full")
	var w waits
	ch := channel(t, optionsFor(s, &w))
	d, err := deliver(t, ch, part(t, "a@acme.example, b@acme.example, c@acme.example", "x", short))
	if err == nil || d.Status != publish.Owed || !strings.Contains(err.Error(), "c@acme.example (452 mailbox full); the next run tries again; a@acme.example got it, and will not get it twice") {
		t.Errorf("%v, %v", d.Status, err)
	}
	if len(s.Messages()) != 1 || !slices.Equal(s.Messages()[0].To, []string{"a@acme.example"}) {
		t.Fatalf("messages %+v", s.Messages())
	}
	s.Refuse("c@acme.example", 0, "")
	d, err = deliver(t, ch, d)
	var partial *publish.PartialError
	if !errors.As(err, &partial) || d.Status != publish.Filed || !strings.Contains(d.Problem, "b@acme.example did not get it (550 no such user)") || strings.Contains(d.ResultURL, "has=") {
		t.Errorf("%+v, %v", d, err)
	}
	if m := s.Messages(); len(m) != 2 || !slices.Equal(m[1].To, []string{"c@acme.example"}) || string(m[0].Raw) != string(m[1].Raw) {
		t.Errorf("messages %+v", m)
	}
	if _, err := deliver(t, ch, d); err != nil || len(s.Messages()) != 2 {
		t.Error("what is filed was sent again", err)
	}
}

// A run that dies after some have it, and one whose record fails, send to the others only.
func TestDeathBetweenRecipients(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	s.Refuse("b@acme.example", 451, "later")
	var w waits
	ch := channel(t, optionsFor(s, &w))
	var kept publish.Delivery
	err := ch.Deliver(t.Context(), []publish.Delivery{part(t, "a@acme.example, b@acme.example", "x", short)}, func(d publish.Delivery) error {
		kept = d
		return errors.New("the store is gone")
	})
	if err == nil || len(w) > 0 {
		t.Errorf("went on without a store: %v, waited %v", err, w)
	}
	s.Refuse("b@acme.example", 0, "")
	if d, err := deliver(t, ch, kept); err != nil || d.Status != publish.Filed {
		t.Errorf("%+v, %v", d, err)
	}
	if m := s.Messages(); len(m) != 2 || !slices.Equal(m[1].To, []string{"b@acme.example"}) {
		t.Errorf("messages %+v", m)
	}
}

func TestTLSFaults(t *testing.T) {
	for _, c := range []struct {
		name     string
		server   mailtest.Options
		security string
		told     string
	}{
		{"wrong host", mailtest.Options{Security: mailtest.StartTLS, Cert: mailtest.WrongHost}, mail.StartTLS, "its certificate is for mail.elsewhere.test and not for 127.0.0.1"},
		{"by nobody", mailtest.Options{Security: mailtest.StartTLS, Cert: mailtest.SelfSigned}, mail.StartTLS, "an authority that is not known here"},
		{"expired", mailtest.Options{Security: mailtest.StartTLS, Cert: mailtest.Expired}, mail.StartTLS, "its certificate is not valid at this time"},
		{"old TLS", mailtest.Options{Security: mailtest.StartTLS, Cert: mailtest.OldTLS}, mail.StartTLS, "no TLS of version 1.2 or newer"},
		{"wrong host from the start", mailtest.Options{Security: mailtest.TLS, Cert: mailtest.WrongHost}, mail.TLS, "its certificate is for mail.elsewhere.test"},
		{"by nobody from the start", mailtest.Options{Security: mailtest.TLS, Cert: mailtest.SelfSigned}, mail.TLS, "an authority that is not known here"},
		{"expired from the start", mailtest.Options{Security: mailtest.TLS, Cert: mailtest.Expired}, mail.TLS, "its certificate is not valid at this time"},
		{"old TLS from the start", mailtest.Options{Security: mailtest.TLS, Cert: mailtest.OldTLS}, mail.TLS, "no TLS of version 1.2 or newer"},
		{"no STARTTLS", mailtest.Options{Security: mailtest.None, Clear: true}, mail.StartTLS, "offers no STARTTLS, so nothing was sent; set security to tls"},
		{"in clear", mailtest.Options{Security: mailtest.None, Clear: true}, mail.TLS, "does not speak TLS from the start; set security to starttls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.Users = map[string]string{"bot": password}
			s := start(t, c.server)
			var w waits
			o := optionsFor(s, &w)
			o.Security, o.Username, o.Password = c.security, "bot", password
			d, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short))
			if err == nil || !strings.Contains(err.Error(), c.told) || d.Status != publish.Owed {
				t.Errorf("told %v, want %s", err, c.told)
			}
			if len(w) > 0 || len(s.SignedIn()) > 0 || len(s.Messages()) > 0 {
				t.Errorf("waited %v, signed in %v, sent %d", w, s.SignedIn(), len(s.Messages()))
			}
			if got := s.Commands(); slices.Contains(got, "MAIL") || slices.Contains(got, "AUTH") {
				t.Errorf("in clear it heard %q", got)
			}
		})
	}
}

// elsewhere is a connection that seems to lead to another address.
type elsewhere struct {
	net.Conn
	ip string
}

func (e elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(e.ip), Port: 25} }

func TestInClearOnlyNearby(t *testing.T) {
	for ip, told := range map[string]string{"10.1.2.3": "", "fd00::7": "", "203.0.113.9": "is no private address", "2001:db8::1": "is no private address"} {
		s := start(t, mailtest.Options{Security: mailtest.None})
		var w waits
		o := optionsFor(s, &w)
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return elsewhere{c, ip}, err
		}
		_, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short))
		if (err == nil) != (told == "") || err != nil && !strings.Contains(err.Error(), told) {
			t.Errorf("%s: %v", ip, err)
		}
		if len(s.Messages()) > 0 != (told == "") {
			t.Errorf("%s: %d messages", ip, len(s.Messages()))
		}
		// A name that is this machine's on paper, and leads elsewhere: no proof of a password goes there.
		s = start(t, mailtest.Options{Security: mailtest.None, Clear: true, Users: map[string]string{"bot": password}})
		o.Server, o.Username, o.Password = s.Addr(), "bot", password
		if _, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short)); err == nil || told == "" && !strings.Contains(err.Error(), "a password is not sent without encryption") {
			t.Errorf("%s: with a password: %v", ip, err)
		}
		if slices.Contains(s.Commands(), "AUTH") || len(s.SignedIn()) > 0 {
			t.Errorf("%s: it signed in, in clear", ip)
		}
	}
}

// A server that is silent is left in time, and an interrupted run at once.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var w waits
	o := mail.Options{Server: l.Addr().String(), Security: mail.StartTLS, From: "a@b.example", MaxWait: -1, Timeout: 20 * time.Millisecond, Now: time.Now, Sleep: w.sleep}
	_, err = deliver(t, channel(t, o), part(t, "ops@acme.example", "x", short))
	if err == nil || !strings.Contains(err.Error(), "no answer within 20ms; if it speaks TLS from the start (port 465), set security to tls") {
		t.Errorf("told %v", err)
	}
	o.Timeout = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		cancel()
		return c, err
	}
	err = channel(t, o).Deliver(ctx, []publish.Delivery{part(t, "ops@acme.example", "x", short)}, func(publish.Delivery) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("told %v", err)
	}
}

// cut is a connection that breaks after so many bytes were written.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		_ = c.Close()
		return 0, errors.New("connection reset by peer")
	}
	return c.Conn.Write(p)
}

// What broke before the end of the message was sent was surely not taken, and is sent again at once.
func TestBrokenInTheText(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	var w waits
	o := optionsFor(s, &w)
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if len(w) == 0 {
			c = &cut{c, 5000}
		}
		return c, err
	}
	long := report.MailText{Text: strings.Repeat("A line of text.\n", 1000), HTML: "<p>x</p>"}
	if d, err := deliver(t, channel(t, o), part(t, "ops@acme.example", "x", long)); err != nil || d.Status != publish.Filed || len(w) != 1 || len(s.Messages()) != 1 {
		t.Errorf("%v, %v, waited %v, %d messages", d.Status, err, w, len(s.Messages()))
	}
}

// ending is a connection that calls done once the end of a message was written.
type ending struct {
	net.Conn
	done func()
}

func (e ending) Write(p []byte) (int, error) {
	n, err := e.Conn.Write(p)
	if strings.HasSuffix(string(p), ".\r\n") && !strings.Contains(string(p), "MAIL") && len(p) < 10 {
		e.done()
	}
	return n, err
}

// Who is interrupted when all is sent waits for the answer: else it would be sent twice.
func TestInterruptedAtTheEnd(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	var w waits
	o := optionsFor(s, &w)
	ctx, cancel := context.WithCancel(t.Context())
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return ending{c, cancel}, err
	}
	var got publish.Delivery
	err := channel(t, o).Deliver(ctx, []publish.Delivery{part(t, "ops@acme.example", "x", short)}, func(d publish.Delivery) error { got = d; return nil })
	if ctx.Err() == nil || err != nil || got.Status != publish.Filed || len(s.Messages()) != 1 {
		t.Errorf("%v, recorded %v, %d messages, interrupted: %v", err, got.Status, len(s.Messages()), ctx.Err())
	}
}

// A digest arrives as it was rendered, whatever upstream and servers wrote.
func TestDigestArrives(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	var w waits
	ch := channel(t, optionsFor(s, &w))
	for _, evil := range []string{
		".\r\n.\r\nQUIT\r\n", "--digest-1-" + nonce + "--\r\n\r\nx", "\r\nContent-Type: text/html\r\n\r\n<script>x</script>", "Zoë → 日本語 \U0001f600 \u202e", "<b>&amp;</b> =3D =\n", "a\x00b\xff", strings.Repeat("long", 5000), "From x",
	} {
		d := report.Digest{Definition: evil, At: queued, Alerts: []report.Alert{{ID: evil, What: evil, Why: evil, Next: evil}}, Notices: []string{evil}}
		m, err := report.Mail(d, report.ChatOptions{URL: evil})
		if err != nil {
			t.Fatal(err)
		}
		p := part(t, "ops@acme.example", m.Subject, m)
		if body, err := m.Body(); err != nil || body != p.Body {
			t.Errorf("body %q, %v", body, err)
		}
		if _, err := deliver(t, ch, p); err != nil {
			t.Errorf("%q: %v", evil, err)
			continue
		}
		got := s.Messages()[len(s.Messages())-1]
		if got.Subject != m.Subject || got.Text != m.Text || got.HTML != m.HTML {
			t.Errorf("%q arrives as %q\n%q\n%q", evil, got.Subject, got.Text, got.HTML)
		}
	}
}

func TestDeadServer(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	s.Dead(true)
	var w waits
	ch := channel(t, optionsFor(s, &w))
	d, err := deliver(t, ch, part(t, "ops@acme.example", "x", short))
	if err == nil || d.Status != publish.Owed || len(w) == 0 {
		t.Errorf("%v, %v", d.Status, err)
	}
	s.Dead(false)
	if d, err = deliver(t, ch, d); err != nil || d.Status != publish.Filed {
		t.Errorf("%v, %v", d.Status, err)
	}
}

// A run whose lock ran out meanwhile sends nothing: neither before it connects, nor the end of what it sent.
func TestNothingWithoutTheLock(t *testing.T) {
	for asked := range 2 {
		s := start(t, mailtest.Options{Security: mailtest.None})
		var w waits
		n := 0
		lost := errors.New("the lock is another's")
		ctx := github.SendOnlyWhile(t.Context(), func() error {
			if n++; n > asked {
				return lost
			}
			return nil
		})
		err := channel(t, optionsFor(s, &w)).Deliver(ctx, []publish.Delivery{part(t, "ops@acme.example", "x", short)}, func(publish.Delivery) error { return nil })
		if !errors.Is(err, lost) || len(s.Messages()) > 0 || n != asked+1 {
			t.Errorf("after %d answers: %v, %d messages", asked, err, len(s.Messages()))
		}
	}
}

func TestTooLongForTheServer(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None, MaxBytes: 4000})
	var w waits
	long := report.MailText{Text: strings.Repeat("A line of text.\n", 400), HTML: "<p>x</p>"}
	_, err := deliver(t, channel(t, optionsFor(s, &w)), part(t, "ops@acme.example", "x", long))
	if err == nil || !strings.Contains(err.Error(), "takes messages of 4000 bytes at most, and this one has") || slices.Contains(s.Commands(), "MAIL") {
		t.Errorf("told %v after %q", err, s.Commands())
	}
}

func TestNoHeaderIsInjected(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.None})
	var w waits
	ch := channel(t, optionsFor(s, &w))
	for _, title := range []string{
		"x\r\nBcc: evil@evil.test", "x\nBcc: evil@evil.test\n\n<p>", "x\rBcc: e@e.test", "x\u2028Bcc: e@e.test", "x\x00y", "=?utf-8?q?x=0D=0ABcc:_e@e.test?=", "é\r\n\r\nbody",
		strings.Repeat("x", 5000), strings.Repeat("é", 5000), "\xff\xfe", "", " ", "\u202egnp.exe", strings.Repeat("word ", 300),
	} {
		if _, err := deliver(t, ch, part(t, "ops@acme.example", title, short)); err != nil {
			t.Errorf("%q: %v", title, err)
			continue
		}
		m := s.Messages()[len(s.Messages())-1]
		if m.Header.Get("Bcc") != "" || len(m.Header) != 11 || m.Text != short.Text || len(m.To) != 1 || strings.ContainsAny(m.Subject, "\r\n\x00") || m.Subject == "" {
			t.Errorf("%q becomes %q with %v", title, m.Subject, m.Header)
		}
	}
	// A name that was encoded is a name on one line.
	if _, err := deliver(t, ch, part(t, "=?utf-8?q?a=0D=0ABcc=3A_e=40e.test?= <a@b.example>", "x", short)); err != nil {
		t.Error(err)
	} else if got := s.Messages()[len(s.Messages())-1].Header.Get("To"); got != `"a Bcc: e@e.test" <a@b.example>` {
		t.Errorf("To: %s", got)
	}
	n := len(s.Messages())
	for _, target := range []string{
		"", "a", "a@", "@b.example", "a@b.example\r\nBcc: e@e.test", "a@b.example,\r\n e@e.test", "\"a\r\nb\" <a@b.example>", "a@b.example\x00", "a b@c.example", "<a@b.example> SIZE=1",
		"\"a>\r\nRCPT TO:<e\"@b.example", "\"a b\"@c.example", "jürgen@b.example", "a@b example", "a@[b]", "a@b..example", strings.Repeat("x", 300) + "@b.example",
		"group: a@b.example, c@d.example;\r\n",
	} {
		d, err := deliver(t, ch, part(t, target, "x", short))
		if err == nil || d.Status != publish.Owed {
			t.Errorf("%q is a recipient", target)
		}
		o := optionsFor(s, &w)
		o.From = target
		if _, err := mail.New(o); err == nil {
			t.Errorf("%q is a sender", target)
		}
	}
	if len(s.Messages()) != n {
		t.Error("something was sent")
	}
	for _, bad := range []publish.Part{{Nonce: "x\r\ny"}, {Nonce: ""}, {Nonce: "a>b@c"}, {Body: "no JSON"}} {
		d := part(t, "ops@acme.example", "x", short)
		if bad.Body != "" {
			d.Body = bad.Body
		} else {
			d.Nonce = bad.Nonce
		}
		if _, err := deliver(t, ch, d); err == nil {
			t.Errorf("%+v is sent", bad)
		}
	}
	d := part(t, "ops@acme.example", "x", short)
	d.Channel = "email:Ünter\r\nBcc: e@e.test"
	if _, err := deliver(t, ch, d); err != nil {
		t.Error(err)
	}
	if got := s.Messages()[n].Header.Get("List-Id"); got != "Upstream digests <email-nter-bcc-e-e-test.upstream-digest.acme.example>" {
		t.Errorf("List-Id %q", got)
	}
}

func TestOptions(t *testing.T) {
	good := mail.Options{Server: "smtp.acme.example:587", Security: mail.StartTLS, From: "a@acme.example", Env: "SMTP_PASSWORD", Now: time.Now}
	for told, change := range map[string]func(*mail.Options){
		"":                                  func(*mail.Options) {},
		"write host:port":                   func(o *mail.Options) { o.Server = "smtp.acme.example" },
		"server \":25\": write host:port":   func(o *mail.Options) { o.Server = ":25" },
		"server \"a:0\": write host:port":   func(o *mail.Options) { o.Server = "a:0" },
		"server \"a:smtp\"":                 func(o *mail.Options) { o.Server = "a:smtp" },
		"write starttls, tls or none":       func(o *mail.Options) { o.Security = "ssl" },
		"set the environment variable SMTP": func(o *mail.Options) { o.Username = "bot" },
		"(SMTP_PASSWORD) and no user name":  func(o *mail.Options) { o.Password = password },
		"not sent without encryption": func(o *mail.Options) {
			o.Security, o.Username, o.Password = mail.None, "bot", password
		},
		"sender: address \"nobody\"":  func(o *mail.Options) { o.From = "nobody" },
		"recipients \"a@b, c\"":       func(o *mail.Options) { o.To = "a@b, c" },
		"101 recipients":              func(o *mail.Options) { o.To = many(101) },
		"name for EHLO":               func(o *mail.Options) { o.Hello = "a b" },
		"mail needs a clock":          func(o *mail.Options) { o.Now = nil },
		"letters, digits and signs":   func(o *mail.Options) { o.To = "jürgen@b.example" },
		"there is no such domain":     func(o *mail.Options) { o.To = "a@b_c.example, a@-.example" },
		"a line end or another contr": func(o *mail.Options) { o.From = "a@b.example\n" },
	} {
		o := good
		change(&o)
		_, err := mail.New(o)
		if (err == nil) != (told == "") || err != nil && (!strings.Contains(err.Error(), told) || strings.Contains(err.Error(), password)) {
			t.Errorf("want %q, got %v", told, err)
		}
	}
	got, err := mail.Recipients(`Zoë <zoe@Bücher.example>, a@B.example, <a@b.example>`)
	if want := []netmail.Address{{Name: "Zoë", Address: "zoe@xn--bcher-kva.example"}, {Address: "a@b.example"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("recipients %v, %v", got, err)
	}
}

func many(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("a%d@b.example", i))
	}
	return strings.Join(out, ", ")
}

func TestTestMessage(t *testing.T) {
	s := start(t, mailtest.Options{Security: mailtest.StartTLS})
	var w waits
	o := optionsFor(s, &w)
	o.Security = mail.StartTLS
	var ch publish.Tester = channel(t, o)
	where, err := ch.Test(t.Context(), publish.Message{Title: "A test", Text: "It works.\nReally."})
	if err != nil || where != s.Addr()+" took it, for ops@acme.example" {
		t.Errorf("%q, %v", where, err)
	}
	if m := s.Messages()[0]; m.Subject != "A test" || m.Text != "It works.\nReally.\n" || m.HTML != "" {
		t.Errorf("%+v", m)
	}
	s.Refuse("ops@acme.example", 550, "no such user")
	if _, err := ch.Test(t.Context(), publish.Message{Title: "A test", Text: "x"}); err == nil || !strings.Contains(err.Error(), "ops@acme.example did not get it (550") {
		t.Error(err)
	}
}
