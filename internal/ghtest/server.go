package ghtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// schemaSDL is the subset of GitHub's GraphQL schema that is served.
//
//go:embed schema.graphql
var schemaSDL string

// Options are the server's constants. The zero value is GitHub's behaviour with a clock of its own.
type Options struct {
	// Now is the server's clock: Date headers, createdAt, updatedAt, windows of limits. Nil: a clock
	// that starts at 2026-01-01T00:00:00Z and moves one second with each write, which is only good
	// where the client does not compare server times with its own.
	Now func() time.Time
	// WebURL is what html_url and GraphQL's url begin with; "" is "https://github.com".
	WebURL string
	// Enterprise serves the API under /api/v3 and /api/graphql too, as GitHub Enterprise Server does.
	Enterprise bool
	// Control serves /__ghtest/... for scripts in other processes; see control.go.
	Control bool
	// BlobTextLimit is the number of bytes after which GraphQL cuts Blob.text; 0 is 512000.
	BlobTextLimit int
	// ContentsLimit is the number of bytes above which /contents gives no content but in raw form; 0 is 1 MiB.
	ContentsLimit int
	// TreeLimit is the number of entries after which a recursive tree is truncated; 0 is 100000.
	TreeLimit int
	// GraphQLMaxBytes is the size of an answer above which GraphQL gives the 502 page that GitHub
	// gives on its timeouts; 0 is 8 MiB.
	GraphQLMaxBytes int
	// BlameLimit is the number of ranges that one GraphQL document may blame before it gets the 502 page that
	// GitHub gives on its timeouts; 0 is as many as it likes.
	BlameLimit int
	// NodeLimit is the number of nodes one GraphQL query may ask for; 0 is 500000.
	NodeLimit int
	// Limits per hour (search: per minute) of a token without limits of its own.
	// 0 is GitHub's: 5000, 5000 points, 30; and 60 and 10 without a token.
	CoreLimit, GraphQLLimit, SearchLimit, AnonymousLimit int
}

func (o Options) withDefaults() Options {
	or := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if o.WebURL == "" {
		o.WebURL = "https://github.com"
	}
	o.WebURL = strings.TrimSuffix(o.WebURL, "/")
	or(&o.BlobTextLimit, 512000)
	or(&o.ContentsLimit, 1<<20)
	or(&o.TreeLimit, 100000)
	or(&o.GraphQLMaxBytes, 8<<20)
	or(&o.NodeLimit, 500000)
	or(&o.CoreLimit, 5000)
	or(&o.GraphQLLimit, 5000)
	or(&o.SearchLimit, 30)
	or(&o.AnonymousLimit, 60)
	return o
}

// Server is the stand-in: an http.Handler with state. Make one with [New], or [Start] in a test.
type Server struct {
	opts      Options
	schema    *ast.Schema
	routes    []route
	resolvers map[string]map[string]resolver

	ctx    context.Context // ends at Close: git programs and hanging requests end with it
	cancel context.CancelFunc

	mu        sync.Mutex
	ticks     time.Duration // of the clock used without Options.Now
	repos     map[string]*repository
	order     []*repository
	users     map[string]*user
	tokens    map[string]Token
	budgets   map[string]*budget
	nextID    int64
	seq       int
	log       []Request
	writes    []Written
	faults    []*Fault
	before    []func(Request)
	after     []func(Request)
	pages     map[string]webPage // by path
	listener  net.Listener
	pipes     *pipeListener // of a server in memory
	http      *http.Server
	serveDone chan struct{}
}

// New returns a server without repositories and tokens. It panics only when the embedded schema is
// broken, which a test would have shown. Close it to end the git programs it started.
func New(opts Options) *Server {
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: schemaSDL})
	if err != nil {
		panic("ghtest: schema.graphql: " + err.Error())
	}
	schema, err := validator.ValidateSchemaDocument(doc)
	if err != nil {
		panic("ghtest: schema.graphql: " + err.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		opts: opts.withDefaults(), schema: schema, ctx: ctx, cancel: cancel,
		repos: map[string]*repository{}, users: map[string]*user{}, tokens: map[string]Token{},
		budgets: map[string]*budget{}, nextID: 1000,
	}
	s.resolvers = newResolvers()
	s.routes = newRoutes()
	return s
}

// TB is what [Start] needs of a *testing.T.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

// Start returns a server that listens on a free port of 127.0.0.1 until the test ends.
func Start(tb TB, opts Options) *Server {
	tb.Helper()
	s := New(opts)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		tb.Fatalf("ghtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Fatalf("ghtest: close: %v", err)
		}
	})
	return s
}

// Listen starts serving on addr, "127.0.0.1:0" for a free port. [Server.URL] says where.
func (s *Server) Listen(addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(s.ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	s.serve(l)
	return nil
}

func (s *Server) serve(l net.Listener) {
	srv := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	s.mu.Lock()
	s.listener, s.http, s.serveDone = l, srv, done
	s.mu.Unlock()
	go func() {
		defer close(done)
		_ = srv.Serve(l) // always ErrServerClosed: Close is the only way out
	}()
}

// URL is the base URL without a trailing slash, "" before [Server.Listen].
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String()
}

// Close stops listening, drops open connections, lets hanging requests go and ends the git programs.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	srv, done := s.http, s.serveDone
	repos := append([]*repository(nil), s.order...)
	s.mu.Unlock()
	var errs []error
	if srv != nil {
		errs = append(errs, srv.Close())
		<-done
	}
	for _, r := range repos {
		if r.git != nil {
			r.git.close()
		}
	}
	return errors.Join(errs...)
}

// now is the server's time. Callers hold s.mu or do not care for ticks.
func (s *Server) now() time.Time {
	if s.opts.Now != nil {
		return s.opts.Now().UTC().Truncate(time.Second)
	}
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(s.ticks)
}

// stamp is now for a write: without a clock handed in, no two writes have the same time.
func (s *Server) stamp() time.Time {
	if s.opts.Now == nil {
		s.ticks += time.Second
	}
	return s.now()
}

// id hands out the next database id. Callers hold s.mu.
func (s *Server) id() int64 {
	s.nextID++
	return s.nextID
}

// Schema is the GraphQL schema that is served, as text.
func Schema() string { return schemaSDL }
