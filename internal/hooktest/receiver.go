// Package hooktest holds local receivers of webhooks, for tests: they take what Slack, Discord, a flow of Teams and a
// receiver of Standard Webhooks take, refuse what those refuse in their words and statuses, and keep what they took. What
// they know are the documented limits; where a service is known to do otherwise, the comment says so.
//
// A Receiver listens on this machine. It can be told to answer wrongly for a while ([Receiver.Fail]) or to be gone
// altogether ([Receiver.Die]).
package hooktest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Options are what all receivers have.
type Options struct {
	// Now is the clock; it is asked from other goroutines. With one the services' limits of messages per time are enforced, and the age of signatures is
	// checked; nil: they are not.
	Now func() time.Time
	// Secrets are those a generic receiver knows, in the forms of Standard Webhooks; one of them must have signed. None:
	// signatures are not looked at.
	Secrets []string
}

// Posted is a message that was taken.
type Posted struct {
	ID     int64  // the message's, where the service gives one
	Key    string // the header webhook-id, by which a generic receiver drops what it has
	Query  string
	Header http.Header
	Body   []byte
	// Text is all that a reader sees, by lines.
	Text string
	// Pings are the people and groups that would be called, as the service writes them: "<!channel>", "@everyone".
	Pings []string
	// Failed is why a flow of Teams fails after it said 202: what was posted is not seen then. "" elsewhere.
	Failed string
}

// answer is what a service says.
type answer struct {
	status int
	header map[string]string
	body   string
}

// service judges a message. A posted message has the status 2xx.
type service interface {
	judge(r *Receiver, req *http.Request, body []byte) (Posted, answer)
}

// Receiver is one webhook.
type Receiver struct {
	o       Options
	service service
	path    string
	address string

	mu       sync.Mutex
	server   *http.Server
	listener net.Listener
	closed   chan struct{}
	faults   []Fault
	took     []Posted
	requests int
	doubles  int
	last     []time.Time // when messages were taken, newest last
}

func start(o Options, s service, path string) *Receiver {
	r := &Receiver{o: o, service: s, path: path}
	r.listen("127.0.0.1:0")
	return r
}

func (r *Receiver) listen(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(fmt.Sprintf("hooktest: %v", err)) // a test can't go on
	}
	if r.address == "" {
		r.address = l.Addr().String()
	}
	r.listener, r.closed = l, make(chan struct{})
	r.server = &http.Server{Handler: http.HandlerFunc(r.serve), ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(l) }(r.server)
}

// URL is the webhook's address, with its secret.
func (r *Receiver) URL() string { return "http://" + r.address + r.path }

// Host is the address' host and port.
func (r *Receiver) Host() string { return r.address }

// Close ends it.
func (r *Receiver) Close() { r.Die() }

// Die closes the port: no connection comes about any more.
func (r *Receiver) Die() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return
	}
	close(r.closed)
	_ = r.listener.Close() // the server may not have taken it up yet
	_ = r.server.Close()
	r.server = nil
}

// Revive listens at the same address again.
func (r *Receiver) Revive() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		r.listen(r.address)
	}
}

// Fail makes the next requests meet these faults, one each.
func (r *Receiver) Fail(faults ...Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, faults...)
}

// Took are the messages that were taken, oldest first.
func (r *Receiver) Took() []Posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Posted(nil), r.took...)
}

// Requests is how many came, taken or not.
func (r *Receiver) Requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

// Doubles is how many a generic receiver dropped because it had their id.
func (r *Receiver) Doubles() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.doubles
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 16<<20))
	if err != nil {
		return
	}
	fault, a, closed := r.take(req, body)
	if fault.slow {
		select {
		case <-closed:
		case <-req.Context().Done():
		}
		return
	}
	if fault.echo {
		a.body = "Cannot POST " + req.URL.RequestURI()
	}
	if fault.reset {
		reset(w)
		return
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if fault.truncated {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+100))
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// take counts a request and judges it, unless a fault comes before.
func (r *Receiver) take(req *http.Request, body []byte) (Fault, answer, chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	var f Fault
	if len(r.faults) > 0 {
		f, r.faults = r.faults[0], r.faults[1:]
		if !f.after {
			return f, f.answer, r.closed
		}
	}
	p, a := r.service.judge(r, req, body)
	if a.status < 300 && a.status >= 200 && !r.double(p) {
		p.Query, p.Header, p.Body = req.URL.RawQuery, req.Header.Clone(), body
		r.took = append(r.took, p)
		if r.o.Now != nil {
			r.last = append(r.last, r.o.Now())
		}
	}
	if f.answer.status != 0 { // it was taken, and something between says otherwise
		a = f.answer
	}
	return f, a, r.closed
}

// double reports whether a generic receiver has it already.
func (r *Receiver) double(p Posted) bool {
	if _, generic := r.service.(generic); !generic {
		return false
	}
	for _, t := range r.took {
		if t.Key == p.Key {
			r.doubles++
			return true
		}
	}
	return false
}

// crowded is how long to wait, where at most n messages may be taken in a time.
func (r *Receiver) crowded(n int, in time.Duration) time.Duration {
	if r.o.Now == nil || len(r.last) < n {
		return 0
	}
	return max(r.last[len(r.last)-n].Add(in).Sub(r.o.Now()), 0)
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}
