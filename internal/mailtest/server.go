// Package mailtest is a mail server on 127.0.0.1 for tests. It is strict: what breaks a rule of SMTP or MIME is refused,
// and kept as a violation. It keeps what it takes, and can be told to fail at each step of a conversation, for the
// moment, for good, or by hanging up before or after it did what was asked.
package mailtest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The securities, as the channel names them.
const (
	StartTLS = "starttls"
	TLS      = "tls"
	None     = "none"
)

// Options are how the server is.
type Options struct {
	Security string // StartTLS, TLS or None
	// Users are who may sign in, with their passwords; then nobody else may send. Nil: nobody has to.
	Users map[string]string
	// Mechanisms are how one may sign in, in the order they are offered. Nil: all that it knows.
	Mechanisms []string
	// Clear offers signing in without TLS, too.
	Clear bool
	// MaxBytes is the longest message; 0 is no limit.
	MaxBytes int64
	Cert     Cert
}

// Server is a running server.
type Server struct {
	o     Options
	smtp  *smtp.Server
	addr  string
	roots *x509.CertPool

	mu         sync.Mutex
	messages   []*Message
	violations []string
	faults     []Fault
	refused    map[string]smtp.SMTPError
	grey       map[string]int // how often an address was put off
	greyTimes  int
	dead       bool
	seen       []string // commands, "" is a connection
	signedIn   []string
}

// Start runs a server until Close.
func Start(o Options) (*Server, error) {
	s := &Server{o: o, refused: map[string]smtp.SMTPError{}, grey: map[string]int{}}
	config, roots, err := certificate(o.Cert)
	if err != nil {
		return nil, err
	}
	s.roots = roots
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, conn: c}, nil }))
	s.smtp.Domain = "mail.test"
	s.smtp.MaxMessageBytes = o.MaxBytes
	s.smtp.AllowInsecureAuth = o.Clear
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = time.Minute, time.Minute
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	if o.Security == StartTLS {
		s.smtp.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is open at once
	if err != nil {
		return nil, err
	}
	s.addr = l.Addr().String()
	l = &listener{l, s}
	if o.Security == TLS {
		l = newTLSListener(l, config)
	}
	go func() { _ = s.smtp.Serve(l) }()
	return s, nil
}

// Close stops the server and ends its connections.
func (s *Server) Close() error { return s.smtp.Close() }

// Addr is where it listens: "127.0.0.1:port". Its certificate is for 127.0.0.1 and localhost.
func (s *Server) Addr() string { return s.addr }

// Roots are the authority of its certificate.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Messages are those it took, oldest first.
func (s *Server) Messages() []*Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Violations are the rules that were broken, in words.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Connections counts the connections that were opened.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.seen {
		if c == "" {
			n++
		}
	}
	return n
}

// Commands are the commands that were heard in clear, without what follows them.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.seen), func(c string) bool { return c == "" })
}

// SignedIn are who signed in, as "MECHANISM user".
func (s *Server) SignedIn() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.signedIn)
}

// Dead makes the server hang up on everybody, or no longer.
func (s *Server) Dead(dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = dead
}

// Greylist makes the server put each recipient off so many times.
func (s *Server) Greylist(times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greyTimes, s.grey = times, map[string]int{}
}

// Refuse makes the server answer a recipient with a code and words. Code 0 takes it again.
func (s *Server) Refuse(address string, code int, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code == 0 {
		delete(s.refused, address)
		return
	}
	s.refused[address] = smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: words}
}

// Fail makes the server fail at a step, so many times as faults are given for it, in that order.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// take gives the next fault of a step, once.
func (s *Server) take(at Step) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.At == at {
			s.faults = slices.Delete(s.faults, i, i+1)
			return f, true
		}
	}
	return Fault{}, false
}

func (s *Server) heard(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, command)
}

func (s *Server) violated(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// session is one connection, from one EHLO to the next.
type session struct {
	s    *Server
	conn *smtp.Conn
	user string
	from string
	body smtp.BodyType
	to   []string
}

func (x *session) Reset()        { x.from, x.body, x.to = "", "", nil }
func (x *session) Logout() error { return nil }

// fault answers or hangs up as it was told to. done says that what was asked is done already.
func (x *session) fault(at Step) error {
	f, ok := x.s.take(at)
	if !ok {
		return nil
	}
	if f.Code == 0 {
		_ = x.conn.Conn().Close()
		return errors.New("hung up")
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.NoEnhancedCode, Message: f.Words}
}

func (x *session) Mail(from string, opts *smtp.MailOptions) error {
	if err := x.fault(AtMail); err != nil {
		return err
	}
	if x.s.o.Users != nil && x.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if opts.UTF8 {
		x.s.violated("SMTPUTF8 was asked for, and nothing needs it")
	}
	x.from, x.body = from, opts.Body
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := x.fault(AtRcpt); err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if r, ok := x.s.refused[to]; ok {
		return &r
	}
	if x.s.grey[to] < x.s.greyTimes {
		x.s.grey[to]++
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, please try again later"}
	}
	x.to = append(x.to, to)
	return nil
}

func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // broken off: nothing is kept
	}
	m, err := parse(raw, x.body)
	if err != nil {
		x.s.violated("%v", err)
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	m.From, m.To, m.User = x.from, slices.Clone(x.to), x.user
	_, m.TLS = x.conn.TLSConnectionState()
	f, ok := x.s.take(AtEnd)
	if !ok || f.Done {
		x.s.mu.Lock()
		x.s.messages = append(x.s.messages, m)
		x.s.mu.Unlock()
	}
	switch {
	case ok && f.Code == 0:
		_ = x.conn.Conn().Close()
	case ok:
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.NoEnhancedCode, Message: f.Words}
	}
	return nil
}

// AuthMechanisms implements smtp.AuthSession.
func (x *session) AuthMechanisms() []string {
	if x.s.o.Users == nil {
		return nil
	}
	if x.s.o.Mechanisms != nil {
		return x.s.o.Mechanisms
	}
	return []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}
}

// Auth implements smtp.AuthSession.
func (x *session) Auth(mechanism string) (sasl.Server, error) {
	if _, secure := x.conn.TLSConnectionState(); !secure && !x.s.o.Clear {
		x.s.violated("signing in without TLS")
	}
	if err := x.fault(AtAuth); err != nil {
		return nil, err
	}
	return authServer(mechanism, x.s.o.Users, func(user string) {
		x.user = user
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		x.s.signedIn = append(x.s.signedIn, mechanism+" "+user)
	})
}

// Step is a step of a conversation.
type Step string

// The steps. Those before a message can fail by their answer only in clear; AtText only hangs up.
const (
	AtGreeting Step = "greeting"
	AtHello    Step = "EHLO"
	AtStartTLS Step = "STARTTLS"
	AtAuth     Step = "AUTH"
	AtMail     Step = "MAIL"
	AtRcpt     Step = "RCPT"
	AtData     Step = "DATA"
	AtText     Step = "text" // in the middle of the message
	AtEnd      Step = "end"  // of the message
	AtQuit     Step = "QUIT"
)

// Fault is one failure: an answer, or, with Code 0, hanging up without one.
type Fault struct {
	At    Step
	Code  int
	Words string
	Done  bool // AtEnd: the message is taken all the same
}

// listener puts a wire under each connection.
type listener struct {
	net.Listener
	s *Server
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.s.heard("")
		l.s.mu.Lock()
		dead := l.s.dead
		l.s.mu.Unlock()
		if dead {
			_ = c.Close()
			continue
		}
		return &wire{Conn: c, s: l.s, at: AtGreeting, clear: l.s.o.Security != TLS}, nil
	}
}

// wire listens to a connection as long as it is in clear, and fails where the library gives no place to.
type wire struct {
	net.Conn
	s     *Server
	clear bool
	mu    sync.Mutex
	at    Step // what was asked last
	data  bool // a message is under way
	gone  bool // hung up
	line  []byte
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.clear {
		return n, err
	}
	for _, b := range p[:n] {
		w.line = append(w.line, b)
		if b != '\n' {
			continue
		}
		line := string(bytes.TrimRight(w.line, "\r\n"))
		w.line = nil
		switch {
		case w.data && line == ".":
			w.data, w.at = false, AtEnd
		case w.data && strings.HasPrefix(line, "Subject:"): // as good a place as any, and one that each message has
			if _, ok := w.s.take(AtText); ok {
				w.gone = true
				_ = w.Close()
				return 0, io.ErrUnexpectedEOF
			}
		case !w.data:
			word, _, _ := strings.Cut(line, " ")
			w.at = Step(strings.ToUpper(word))
			w.s.heard(string(w.at))
		}
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.gone:
		return 0, net.ErrClosed
	case !w.clear:
		return w.Conn.Write(p)
	}
	switch w.at {
	case AtGreeting, AtHello, AtStartTLS, AtData, AtQuit:
		if f, ok := w.s.take(w.at); ok {
			if f.Code != 0 {
				fmt.Fprintf(w.Conn, "%d %s\r\n", f.Code, f.Words)
			}
			// After another answer than it gave, the library would not know where it is.
			w.gone = true
			_ = w.Close()
			return 0, net.ErrClosed
		}
	}
	switch w.at {
	case AtStartTLS:
		w.clear = false
	case AtData:
		w.data = bytes.HasPrefix(p, []byte("354"))
	}
	return w.Conn.Write(p)
}
