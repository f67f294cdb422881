package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"path"
	"strings"
	"sync/atomic"
	"time"
)

// maxBody is the most that is kept of an answer: a byte more than the client takes.
const maxBody = 64<<20 + 1

// Around records what base answers.
func (r *Recorder) Around(base http.RoundTripper) http.RoundTripper {
	return &recordingTransport{r: r, base: base}
}

type recordingTransport struct {
	r    *Recorder
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper: it hands everything through, and keeps it.
func (t *recordingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	r := t.r
	r.mu.Lock()
	r.answers++
	number := r.answers
	r.mu.Unlock()
	name := fmt.Sprintf("%s/%03d", answersDir, number)
	x := exchange{Number: number, Request: request{Method: req.Method, URL: r.scrub.address(req.URL.String()), Header: map[string]string{}}}
	for _, h := range []string{"Accept", "Content-Type", "If-None-Match", "If-Modified-Since", "User-Agent", "X-Github-Api-Version"} {
		if v := req.Header.Get(h); v != "" {
			x.Request.Header[h] = v
		}
	}
	var asked, gotten atomic.Bool
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { gotten.Store(true) },
	}))
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err = errors.Join(err, req.Body.Close()); err != nil {
			return nil, err
		}
		out.Body = io.NopCloser(bytes.NewReader(body))
		x.Request.Body = r.body(name+".request", req.Header.Get("Content-Type"), "", body)
	}
	resp, err := t.base.RoundTrip(out)
	if err != nil {
		unsent := asked.Load() && !gotten.Load() || isDialError(err)
		// A base may wrap what ended it in words alone.
		x.At, x.Failure = r.stamp(), r.failureOf(err, unsent)
		if x.Failure.Kind == "" && req.Context().Err() != nil {
			x.Failure.Kind = r.failureOf(req.Context().Err(), false).Kind
		}
		r.writeJSON(name+".json", x)
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	cerr := resp.Body.Close()
	x.At = r.stamp()
	x.Answer = &answer{Status: resp.StatusCode, Header: r.headers(resp.Header)}
	if len(data) > 0 {
		x.Answer.Body = r.body(name+".answer", resp.Header.Get("Content-Type"), req.URL.Path, data)
	}
	if err == nil {
		err = cerr
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if err != nil {
		x.Answer.Cut = r.failureOf(err, false)
		resp.Body = &endsWith{bytes.NewReader(data), err}
	}
	r.writeJSON(name+".json", x)
	return resp, nil
}

// stamp is now, as it is kept with an answer.
func (r *Recorder) stamp() string { return r.now().UTC().Format(time.RFC3339Nano) }

// body writes a body into a file whose name says what it is.
func (r *Recorder) body(name, contentType, urlPath string, data []byte) string {
	ext := path.Ext(urlPath)
	switch {
	case strings.Contains(contentType, "json"):
		ext = ".json"
	case strings.Contains(contentType, "html"):
		ext = ".html"
	case strings.Contains(contentType, "gzip"):
		ext = ".gz"
	case len(ext) < 2 || len(ext) > 6 || strings.ContainsFunc(ext[1:], func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }):
		ext = ".txt"
	}
	r.write(name+ext, data)
	return name + ext
}

// headers are those of an answer that anybody needs, without secrets. What is not named is left out:
// nobody knows what it holds.
func (r *Recorder) headers(h http.Header) map[string][]string {
	out := map[string][]string{}
	for name, values := range h {
		switch {
		case name == "X-Github-Sso": // an address that signs somebody in
			continue
		case strings.HasPrefix(name, "X-Ratelimit-"), strings.HasPrefix(name, "X-Github-"):
		default:
			switch name {
			case "Content-Type", "Content-Encoding", "Date", "Deprecation", "Etag", "Last-Modified", "Link", "Location", "Retry-After",
				"Server", "Sunset", "X-Accepted-Github-Permissions", "X-Accepted-Oauth-Scopes", "X-Oauth-Scopes", "X-Poll-Interval":
			default:
				continue
			}
		}
		for _, v := range values {
			out[name] = append(out[name], r.scrub.address(v))
		}
	}
	return out
}

// endsWith is a body that ends in an error.
type endsWith struct {
	io.Reader
	err error
}

func (b *endsWith) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

func (b *endsWith) Close() error { return nil }

func isDialError(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns
}
