package github

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"
)

// explain gives the error of this package for what v60 or http.Client returned.
func (c *Client) explain(resp *gh.Response, err error, s subject) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text has the URL
	}
	switch e := err.(type) { //nolint:errorlint // these are never wrapped, and wrapped ones are not ours
	case *UnclearError, *LimitError, *NetworkError, *ServerError, *DecodeError, *MovedError, *StrayError, *HeldBackError, *SpentError:
		return err
	case *gh.ErrorResponse:
		return c.refusal(e, s)
	case *gh.TwoFactorAuthError:
		return &AuthError{Message: "two-factor authentication is wanted, which a token does not need"}
	case *gh.AcceptedError:
		return &StatusError{Host: c.urls.api.Host, Status: http.StatusAccepted, Message: "not ready yet"}
	}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case resp != nil && resp.Response != nil:
		// The answer was whole and JSON, but of another shape.
		return &DecodeError{Host: c.urls.api.Host, Status: resp.StatusCode, Reason: "the answer has another shape than asked for: " + clip(c.transport.scrub.text(err.Error()), 200)}
	}
	return errors.New(clip(c.transport.scrub.text(err.Error()), 300))
}

// refusal names a status that GitHub chose with care: 4xx.
func (c *Client) refusal(e *gh.ErrorResponse, s subject) error {
	r := e.Response
	clean := func(t string) string { return clip(c.transport.scrub.text(t), 200) }
	message := clean(e.Message)
	if message == "" && r.Body != nil {
		// Not from the API, then: a proxy, say. Reading from memory does not fail.
		if data, err := io.ReadAll(r.Body); err == nil && !json.Valid(data) {
			message = clip(c.transport.scrub.text(string(data)), quoteBytes)
		}
	}
	switch r.StatusCode {
	case http.StatusUnauthorized:
		return &AuthError{Missing: c.Anonymous(), Message: message}
	case http.StatusForbidden:
		if strings.Contains(strings.ToLower(message), "archived") {
			return &ArchivedError{Repository: s.repository}
		}
		p := &PermissionError{Repository: s.repository, Needs: s.needs, Message: message}
		if p.Needs == "" {
			// "issues=write; contents=read", where fine-grained tokens and apps are told.
			p.Needs = strings.ReplaceAll(clean(r.Header.Get("X-Accepted-Github-Permissions")), "=", ": ")
		}
		return p
	case http.StatusNotFound:
		return &NotFoundError{Repository: s.repository, What: s.what}
	case http.StatusGone:
		if s.issues {
			return &IssuesDisabledError{Repository: s.repository}
		}
	case http.StatusUnprocessableEntity:
		v := &ValidationError{Repository: s.repository, Message: message}
		for _, f := range e.Errors {
			text := f.Message
			if text == "" {
				text = f.Code
			}
			if f.Field != "" && !strings.HasPrefix(text, f.Field) {
				text = f.Field + ": " + text
			}
			v.Fields = append(v.Fields, clean(text))
		}
		return v
	}
	return &StatusError{Host: r.Request.URL.Host, Status: r.StatusCode, Message: message}
}
