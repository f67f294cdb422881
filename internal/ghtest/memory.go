package ghtest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// StartInMemory returns a server without a network, for testing/synctest: inside a bubble its hangs, limits
// and the client's waits cost no time. Clients reach it through [Server.Transport], under any host name.
// It lives until the test (of the bubble) ends.
func StartInMemory(tb TB, opts Options) *Server {
	tb.Helper()
	s := New(opts)
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	s.pipes = l
	s.serve(l)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Fatalf("ghtest: close: %v", err)
		}
	})
	return s
}

// Transport is how clients send requests to a server in memory: net/http's own, over pipes. The caller
// closes its idle connections.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.pipes.dial(ctx) }}
}

// pipeListener hands the server's ends of pipes to the server.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

// Network implements net.Addr.
func (pipeAddr) Network() string { return "pipe" }

// String implements net.Addr.
func (pipeAddr) String() string { return "github.test" }
