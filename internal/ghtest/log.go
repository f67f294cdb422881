package ghtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind says what sort of request one was.
type Kind string

// The kinds of requests. Raw ones are not counted as API requests by GitHub.
const (
	REST    Kind = "rest"
	GraphQL Kind = "graphql"
	Raw     Kind = "raw"
)

// Request is one request as logged. The token itself is never kept.
type Request struct {
	Seq        int       `json:"seq"` // from 1
	Time       time.Time `json:"time"`
	Kind       Kind      `json:"kind"`
	Method     string    `json:"method"`
	Path       string    `json:"path"` // without /api/v3
	Query      string    `json:"query,omitempty"`
	Accept     string    `json:"accept,omitempty"`
	UserAgent  string    `json:"user_agent,omitempty"`
	IfNone     string    `json:"if_none_match,omitempty"`
	Authorized bool      `json:"authorized"`          // carried an Authorization header, good or bad
	Login      string    `json:"login,omitempty"`     // whose token it was
	Document   string    `json:"document,omitempty"`  // GraphQL
	Variables  string    `json:"variables,omitempty"` // GraphQL, as sent
	Body       string    `json:"body,omitempty"`      // REST
	Status     int       `json:"status"`              // as sent; 0 while running, or when none was sent
	Bytes      int       `json:"bytes"`               // of the answer's body
	Fault      string    `json:"fault,omitempty"`     // kind of the fault that met it
}

// Written is one thing that a request created, changed or deleted.
type Written struct {
	Seq        int    `json:"seq"`  // of the request
	What       string `json:"what"` // "issue", "comment", "label"
	Action     string `json:"action"`
	Repository string `json:"repository"`
	Number     int    `json:"number,omitempty"` // of the issue
	ID         int64  `json:"id"`
	Title      string `json:"title,omitempty"` // issue's title, label's name
	Body       string `json:"body,omitempty"`
}

// Requests returns the log, oldest first. Control requests are not in it.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Writes returns what requests have written, oldest first. Helpers such as AddIssue are not in it.
func (s *Server) Writes() []Written {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// ClearLog forgets requests and writes; state stays.
func (s *Server) ClearLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.writes = nil, nil
}

// Counts are numbers of requests by kind.
type Counts struct {
	REST, GraphQL, Raw int
}

// API is the number of requests that GitHub counts: all but those to the raw host and to pages.
func (c Counts) API() int { return c.REST + c.GraphQL }

// Count counts the logged requests, whatever their answer was.
func (s *Server) Count() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Counts
	for _, r := range s.log {
		switch r.Kind {
		case REST:
			c.REST++
		case GraphQL:
			c.GraphQL++
		case Raw:
			c.Raw++
		}
	}
	return c
}

// OnRequest adds a hook that sees each request before it is processed (and before faults). It is
// called without locks, so it may use the server, and may block.
func (s *Server) OnRequest(f func(Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = append(s.before, f)
}

// AfterRequest adds a hook that sees each request after it was processed and before the answer is
// sent: where a crash test kills the client whose issue has just been created.
func (s *Server) AfterRequest(f func(Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}

func newRequest(r *http.Request, path string) Request {
	req := Request{
		Kind: REST, Method: r.Method, Path: path, Query: r.URL.RawQuery,
		Accept: r.Header.Get("Accept"), UserAgent: r.UserAgent(), IfNone: r.Header.Get("If-None-Match"),
		Authorized: r.Header.Get("Authorization") != "",
	}
	switch {
	case path == "/graphql":
		req.Kind = GraphQL
	case strings.HasPrefix(path, "/raw/"), strings.HasPrefix(path, pages), isFeed(path):
		req.Kind = Raw
	}
	return req
}
