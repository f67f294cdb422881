package ghtest

import (
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// Kinds that answer instead of GitHub. The request is not processed, unless Fault.Process is set:
// then it is, and only its answer is lost.
const (
	// ServerError answers Status (0: 500) with GitHub's JSON body for it.
	ServerError FaultKind = "server-error"
	// BadGateway answers 502 with an HTML page.
	BadGateway FaultKind = "bad-gateway"
	// SecondaryLimit answers Status (0: 403; 429 is common too) as GitHub's secondary limits do, with
	// Retry-After only when RetryAfter is set. The primary limit's headers look healthy.
	SecondaryLimit FaultKind = "secondary-limit"
	// PrimaryLimit answers Status (0: 403) with x-ratelimit-remaining 0 and a reset after Reset (0: 1 h).
	PrimaryLimit FaultKind = "primary-limit"
	// GraphQLLimit answers 200 with an error of type RATE_LIMITED and remaining 0.
	GraphQLLimit FaultKind = "graphql-limit"
	// GraphQLErrors answers 200 with data null and one untyped error, as on internal failures.
	GraphQLErrors FaultKind = "graphql-errors"
	// Empty answers 200 with an empty body.
	Empty FaultKind = "empty"
	// HTML answers 200 with an HTML page, as a captive portal or a proxy does.
	HTML FaultKind = "html"
	// Hang answers nothing until the client goes away or the server is closed.
	Hang FaultKind = "hang"
	// Reset breaks the connection without an answer.
	Reset FaultKind = "reset"
	// Redirect answers Status (0: 302) to Location, to see whether the token follows.
	Redirect FaultKind = "redirect"
)

// Kinds under which the request is processed.
const (
	// CreatedButReset processes the request, then breaks the connection: the write happened, and
	// nobody was told. The same as Reset with Process.
	CreatedButReset FaultKind = "created-but-reset"
	// Truncated sends half of the answer under the full Content-Length, then breaks the connection.
	Truncated FaultKind = "truncated"
	// LowRemaining lets the answer through with x-ratelimit-remaining 0 and a reset after Reset.
	LowRemaining FaultKind = "low-remaining"
	// DropLabels drops the labels of an issue that is being created or changed, in silence.
	DropLabels FaultKind = "drop-labels"
	// LagLists hides an issue or comment that is being created from the next Lists list requests (0: 1).
	// Lists does the same under the other kinds of this group: a lost answer whose issue shows late.
	LagLists FaultKind = "lag-lists"
	// BlobTruncated cuts every Blob.text of a GraphQL answer to half, with isTruncated.
	BlobTruncated FaultKind = "blob-truncated"
	// ArchiveCut sends half of a tarball as if it were whole.
	ArchiveCut FaultKind = "archive-cut"
	// FieldError makes one field of a GraphQL document fail as on GitHub's internal failures: Field (""
	// is releases) is null with an untyped error at its path, and so is what may not hold that null.
	FieldError FaultKind = "field-error"
	// TreeTruncated cuts a REST tree to half, with truncated.
	TreeTruncated FaultKind = "tree-truncated"
)

// Fault is one entry of the script. For each request the first entry that matches is used.
type Fault struct {
	Kind FaultKind `json:"kind"`
	// Method and Path choose requests: "" is any. Path is a path.Match pattern over the whole path
	// without /api/v3 ("/repos/*/*/issues"); a pattern that ends in "**" matches every path that
	// begins like it.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Match chooses among those; nil is all.
	Match func(Request) bool `json:"-"`
	// Contains chooses those whose body or GraphQL document holds the text; for scripts.
	Contains string `json:"contains,omitempty"`
	// Skip lets that many matching requests through first.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests it meets; 0 is one, negative is all.
	Times int `json:"times,omitempty"`

	Process    bool          `json:"process,omitempty"`
	Status     int           `json:"status,omitempty"`
	RetryAfter string        `json:"retry_after,omitempty"` // header as sent: seconds or a date
	Reset      time.Duration `json:"reset,omitempty"`       // from the server's now
	Location   string        `json:"location,omitempty"`
	Lists      int           `json:"lists,omitempty"`
	Field      string        `json:"field,omitempty"`
}

// processed says whether the request reaches GitHub's own code.
func (f *Fault) processed() bool {
	switch f.Kind {
	case CreatedButReset, Truncated, LowRemaining, DropLabels, LagLists, BlobTruncated, ArchiveCut, FieldError, TreeTruncated:
		return true
	default:
		return f.Process
	}
}

// FaultKinds lists every kind.
func FaultKinds() []FaultKind {
	return []FaultKind{
		ServerError, BadGateway, SecondaryLimit, PrimaryLimit, GraphQLLimit, GraphQLErrors, Empty, HTML, Hang, Reset,
		Redirect, CreatedButReset, Truncated, LowRemaining, DropLabels, LagLists, BlobTruncated, ArchiveCut,
		FieldError, TreeTruncated,
	}
}

func (f *Fault) known() bool { return slices.Contains(FaultKinds(), f.Kind) }

func (f *Fault) matches(r Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if begin, all := strings.CutSuffix(f.Path, "**"); all {
		if !strings.HasPrefix(r.Path, begin) {
			return false
		}
	} else if f.Path != "" {
		if ok, err := path.Match(f.Path, r.Path); err != nil || !ok {
			return false
		}
	}
	if f.Contains != "" && !strings.Contains(r.Body, f.Contains) && !strings.Contains(r.Document, f.Contains) {
		return false
	}
	return f.Match == nil || f.Match(r)
}

// AddFault appends to the script. It panics on an unknown kind or a malformed pattern.
func (s *Server) AddFault(f Fault) {
	if err := s.addFault(f); err != nil {
		panic("ghtest: " + err.Error())
	}
}

func (s *Server) addFault(f Fault) error {
	if !f.known() {
		return fmt.Errorf("fault: unknown kind %q", f.Kind)
	}
	if _, err := path.Match(strings.TrimSuffix(f.Path, "**"), ""); err != nil {
		return fmt.Errorf("fault %s: path %q: %w", f.Kind, f.Path, err)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// Faults is the number of entries of the script that can still meet a request. Entries for ever
// (Times negative) count.
func (s *Server) Faults() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults)
}

// ClearFaults empties the script.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// faultFor takes the next fault for a request from the script. Match is called under the lock: it
// must not use the server.
func (s *Server) faultFor(r Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.matches(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		taken := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		return &taken
	}
	return nil
}

const htmlPage = "<!DOCTYPE html>\n<html>\n<head><title>Unicorn!</title></head>\n<body><h1>This page is taking too long to load.</h1></body>\n</html>\n"

// instead is the answer of the kinds that replace GitHub's.
func (s *Server) instead(f *Fault, c *call) answer {
	status := func(d int) int {
		if f.Status != 0 {
			return f.Status
		}
		return d
	}
	reset := f.Reset
	if reset == 0 {
		reset = time.Hour
	}
	a := answer{header: http.Header{}}
	switch f.Kind {
	case ServerError:
		a = c.fail(status(http.StatusInternalServerError), "Server Error")
	case BadGateway:
		a = htmlAnswer(status(http.StatusBadGateway))
	case HTML:
		a = htmlAnswer(status(http.StatusOK))
	case Empty:
		a.status = status(http.StatusOK)
		a.header.Set("Content-Type", "application/json; charset=utf-8")
	case SecondaryLimit:
		a = c.failDoc(status(http.StatusForbidden), "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits")
		if f.RetryAfter != "" {
			a.header.Set("Retry-After", f.RetryAfter)
		}
	case PrimaryLimit:
		a = c.fail(status(http.StatusForbidden), "API rate limit exceeded for user ID 1.")
		s.exhaust(&a, c, reset)
		if f.RetryAfter != "" {
			a.header.Set("Retry-After", f.RetryAfter)
		}
	case GraphQLLimit:
		a = jsonAnswer(http.StatusOK, map[string]any{"errors": []any{map[string]any{
			"type": "RATE_LIMITED", "code": "graphql_rate_limit", "message": "API rate limit already exceeded for user ID 1.",
		}}})
		s.exhaust(&a, c, reset)
	case GraphQLErrors:
		a = jsonAnswer(http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]any{
			"message": "Something went wrong while executing your query. Please include a request id when reporting this issue.",
		}}})
	case Redirect:
		a = c.fail(status(http.StatusFound), "Moved")
		a.header.Set("Location", f.Location)
	}
	return a
}

// exhaust makes an answer say that nothing is left until reset has passed.
func (s *Server) exhaust(a *answer, c *call, reset time.Duration) {
	limit := s.limitOf(c.who, c.resource())
	a.header.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	a.header.Set("X-Ratelimit-Remaining", "0")
	a.header.Set("X-Ratelimit-Used", strconv.Itoa(limit))
	a.header.Set("X-Ratelimit-Reset", strconv.FormatInt(s.now().Add(reset).Unix(), 10))
	a.header.Set("X-Ratelimit-Resource", c.resource())
}

func htmlAnswer(status int) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: []byte(htmlPage)}
}

// breakOff ends the connection without an answer: with a TCP reset where the connection can be
// had, else as net/http aborts.
func breakOff(w http.ResponseWriter) {
	hangUp(w, true)
}

// hangUp closes the connection; reset throws away what is still on its way.
func hangUp(w http.ResponseWriter, reset bool) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0) // makes Close send a reset
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
