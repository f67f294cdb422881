package egress

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path"
	"sync"
)

// Doer sends one request: a Client, or what stands around one.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Around is what is done around each request of a library that is handed a Client. name is the last element of the URL's
// path. Both may be nil.
type Around struct {
	// Before is asked whether a request may be sent, when the connection is there and wants the body: a process can be
	// stopped at any moment and wake when it may not any more. Do returns its error then, and the request, whose body is not
	// whole, is not executed. A request without a body is not asked about.
	Before func(ctx context.Context, name string) error
	// Reread makes of an answer of status 200 what the library is shown. It is for libraries that fail as a whole over
	// one field that nobody needs.
	Reread func(name string, body io.Reader) ([]byte, error)
}

// With is c with a put around it.
func (c *Client) With(a Around) Doer { return &around{c, a} }

type around struct {
	client *Client
	Around
}

// Do implements Doer.
func (a *around) Do(req *http.Request) (*http.Response, error) {
	name := path.Base(req.URL.Path)
	var asked *askedBody
	if a.Before != nil && req.Body != nil {
		asked = &askedBody{body: req.Body, ask: func() error { return a.Before(req.Context(), name) }}
		req = req.Clone(req.Context())
		req.Body, req.GetBody = asked, asked.again(req.GetBody)
	}
	resp, err := a.client.Do(req)
	if held := asked.refused(); held != nil {
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, held
	}
	if err != nil || resp.StatusCode != http.StatusOK || a.Reread == nil {
		return resp, err
	}
	defer resp.Body.Close() // this one, and not what takes its place
	body, err := a.Reread(name, resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// askedBody asks before it hands anything out.
type askedBody struct {
	ask  func() error
	mu   sync.Mutex
	body io.ReadCloser
	err  error
}

// Read implements io.Reader.
func (b *askedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = b.ask()
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.body.Read(p)
}

// Close implements io.Closer.
func (b *askedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.body.Close()
}

// again is for a body that was not begun: the transport sends it over another connection.
func (b *askedBody) again(get func() (io.ReadCloser, error)) func() (io.ReadCloser, error) {
	if get == nil {
		return nil
	}
	return func() (io.ReadCloser, error) {
		body, err := get()
		if err != nil {
			return nil, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.body = body
		return b, nil
	}
}

func (b *askedBody) refused() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
