package egress

import (
	"net/http"
	"testing"
)

// TestRetryAfterBeyondNumbers: who asks to be left alone for longer than a number holds is left alone.
func TestRetryAfterBeyondNumbers(t *testing.T) {
	f := NewFetcher(&Transport{}, FetchOptions{})
	for _, wait := range []string{"99999999999", "99999999999999999999999"} {
		resp := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {wait}}}
		if again, reason := f.refusal(resp); again >= 0 {
			t.Errorf("%s: it is asked again after %s: %s", wait, again, reason)
		}
	}
}
