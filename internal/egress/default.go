package egress

import (
	"io"
	"net/http"
	"time"
)

// BoundDefault sets limits for the client that a process has by default: how long a request takes in all, and how much is read
// of its answer. It is for libraries that send through that client and can be handed no other. Call it once, before
// anything is sent.
func BoundDefault(timeout time.Duration) {
	http.DefaultClient.Timeout, http.DefaultClient.Transport = timeout, bounded{http.DefaultTransport}
}

// bounded ends a body after [maxAnswer]. A library that reads all of an answer would take all of the memory else.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
