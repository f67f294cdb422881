package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// LimitKind says which of GitHub's limits was met.
type LimitKind string

// The kinds of limits.
const (
	PrimaryLimit   LimitKind = "primary"   // requests or points an hour
	SecondaryLimit LimitKind = "secondary" // too much at once
)

// LimitError says that GitHub refused a request because of a limit, and that waiting for it would
// take longer than the call may wait. The request was not executed, writes too.
type LimitError struct {
	Kind     LimitKind
	Resource string    // "core", "graphql", "search", "raw"; "" unknown
	Until    time.Time // when it is worth trying again
}

func (e *LimitError) Error() string {
	until := e.Until.UTC().Format("2006-01-02 15:04:05 UTC")
	if e.Kind == PrimaryLimit {
		return fmt.Sprintf("GitHub's hourly limit (%s) is used up until %s: run again then, or use a token with a limit of its own", orUnknown(e.Resource), until)
	}
	return fmt.Sprintf("GitHub asked to slow down (secondary limit, %s) until %s: run again then", orUnknown(e.Resource), until)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown resource"
	}
	return s
}

// NetworkError says that no answer came: no network, no such host, connection refused or broken, or
// the request's time limit. Err never shows a URL.
type NetworkError struct {
	Host string // host, with port if it has one
	Err  error
	text string // Err, scrubbed
}

func (e *NetworkError) Error() string {
	return fmt.Sprintf("cannot reach %s: %s (is there a network?)", e.Host, e.text)
}

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// ServerError says that GitHub failed (5xx) on a read, each time it was tried.
type ServerError struct {
	Host   string
	Status int // 0 where GraphQL said it with status 200
	Tries  int
}

func (e *ServerError) Error() string {
	status := fmt.Sprintf("status %d", e.Status)
	if e.Status == 0 {
		status = "something went wrong"
	}
	return fmt.Sprintf("%s failed (%s, %s): see https://www.githubstatus.com, run again later", e.Host, status, times(e.Tries))
}

func times(n int) string {
	if n == 1 {
		return "tried once"
	}
	return fmt.Sprintf("tried %d times", n)
}

// DecodeError says that an answer is not what the API gives: HTML, empty, cut off, too large, or JSON of
// another shape. It may come from a proxy.
type DecodeError struct {
	Host   string
	Status int
	Reason string // "the answer is HTML, not JSON"
	Quote  string // at most 80 bytes of it, cleaned; may be ""
}

func (e *DecodeError) Error() string {
	s := fmt.Sprintf("unusable answer from %s (status %d): %s", e.Host, e.Status, e.Reason)
	if e.Quote != "" {
		s += fmt.Sprintf(": %q", e.Quote)
	}
	return s
}

// UnclearError says that a write was sent and that nobody knows whether GitHub executed it. It must not
// be sent again before looking.
type UnclearError struct {
	Op    string // "create issue in acme/platform"; may be ""
	Cause error
}

func (e *UnclearError) Error() string {
	op := e.Op
	if op == "" {
		op = "write"
	}
	return fmt.Sprintf("%s: it is not known whether GitHub did it: %v", op, e.Cause)
}

// Unwrap gives the cause: a *NetworkError, *ServerError, *DecodeError, or the context's error.
func (e *UnclearError) Unwrap() error { return e.Cause }

// AuthError says that the token is bad, expired, or missing where one is needed.
type AuthError struct {
	Missing bool   // there is no token at all; nothing was sent
	Message string // GitHub's own
}

func (e *AuthError) Error() string {
	if e.Missing {
		return "this needs a GitHub token, and none is set"
	}
	return "GitHub does not accept the token (bad, expired or revoked): set a new one" + said(e.Message)
}

// PermissionError says that the token is good but may not do this (403).
type PermissionError struct {
	Repository string // "acme/platform"; "" unknown
	Needs      string // "issues: write"; "" unknown
	Message    string // GitHub's own
}

func (e *PermissionError) Error() string {
	var b strings.Builder
	b.WriteString("the token may not do this")
	if e.Repository != "" {
		b.WriteString(" in " + e.Repository)
	}
	if e.Needs != "" {
		b.WriteString(": give it the permission " + e.Needs)
	}
	return b.String() + said(e.Message)
}

// IssuesDisabledError says that the repository has no issues (410).
type IssuesDisabledError struct{ Repository string }

func (e *IssuesDisabledError) Error() string {
	return fmt.Sprintf("issues are disabled in %s: enable them in its settings, or choose another repository", e.Repository)
}

// ArchivedError says that the repository is archived and takes no writes.
type ArchivedError struct{ Repository string }

func (e *ArchivedError) Error() string {
	return fmt.Sprintf("%s is archived and takes no issues: unarchive it, or choose another repository", e.Repository)
}

// ValidationError says that GitHub refused what was sent (422).
type ValidationError struct {
	Repository string
	Message    string   // "Validation Failed"
	Fields     []string // "body: is too long (maximum is 65536 characters)", "name: already_exists"
}

func (e *ValidationError) Error() string {
	s := "GitHub refused the content"
	if e.Repository != "" {
		s += " for " + e.Repository
	}
	return s + said(strings.Join(append([]string{e.Message}, e.Fields...), "; "))
}

// NotFoundError says that something does not exist, or that the token may not see it: GitHub does not
// tell which.
type NotFoundError struct {
	Repository string // "acme/platform"
	What       string // "issue 7"; "" the repository itself
}

func (e *NotFoundError) Error() string {
	switch {
	case e.Repository == "" && e.What == "":
		return "GitHub says: not found"
	case e.Repository == "":
		return e.What + " does not exist, or the token may not see it"
	case e.What == "":
		return fmt.Sprintf("repository %s does not exist, or the token may not see it", e.Repository)
	}
	return fmt.Sprintf("%s: %s does not exist, or the token may not see it", e.Repository, e.What)
}

// MovedError says that a write was answered with a redirect: the repository was renamed or moved. It was
// not followed and not executed.
type MovedError struct {
	Host string // where the redirect led
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("GitHub answers with a redirect to %s, which a write does not follow: was the repository renamed? Set its new name", e.Host)
}

// StrayError says that a redirect led to a host that is not one of this GitHub's. It was not followed.
type StrayError struct{ From, To string }

func (e *StrayError) Error() string {
	return fmt.Sprintf("%s redirects to %s, which is no host of the configured GitHub, so it is not followed: check the repository's name, and github.api_url and github.server_url", e.From, e.To)
}

// StatusError is any other refusal.
type StatusError struct {
	Host    string
	Status  int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers with status %d", e.Host, e.Status) + said(e.Message)
}

func said(message string) string {
	if message == "" {
		return ""
	}
	return fmt.Sprintf(" (GitHub says: %q)", message)
}

// NotExecuted reports whether err, of a write, says that GitHub surely did not do it: it refused, or
// nothing was sent. Trying again later can then not do it twice. False for nil and for anything unclear.
func NotExecuted(err error) bool {
	if err == nil {
		return false
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch e.(type) { //nolint:errorlint // the loop unwraps, for the outermost of ours decides
		case *UnclearError:
			return false
		case *LimitError, *NetworkError, *AuthError, *PermissionError, *IssuesDisabledError, *ArchivedError,
			*ValidationError, *NotFoundError, *MovedError, *StrayError, *StatusError, *HeldBackError, *StaleError:
			return true
		}
	}
	// A context that ended before the request was sent comes back bare; one that ended after it is
	// wrapped in an UnclearError.
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
