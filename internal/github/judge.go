package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// verdict is what an answer means. The zero value: hand it to the caller.
type verdict struct {
	limit *limitSeen
	// begun says that part of the request was executed before the limit was met. A query may still be
	// sent again; the outcome of a write is unclear.
	begun bool
	// again says that a read should be sent again, and is the error when that does not help. For a
	// write it means that its outcome is unclear.
	again error
	after time.Duration // least wait before that, 0 not said
}

// judge is the one place that tells a good answer from a bad one. accept is the request's header.
func judge(d destination, accept string, a answer, now time.Time) verdict {
	if d.kind == kindGraphQL {
		if v, ok := judgeGraphQL(d, a, now); ok {
			return v
		}
	}
	switch {
	case a.status == http.StatusForbidden || a.status == http.StatusTooManyRequests:
		var e struct {
			Message string `json:"message"`
		}
		isJSON := json.Unmarshal(a.body, &e) == nil
		if !isJSON {
			e.Message = clip(string(a.body), 400)
		}
		if seen, ok := readLimit(a.status, a.header, e.Message, isJSON, now); ok {
			return verdict{limit: &seen}
		}
		return verdict{}
	case a.status >= 500:
		after, _ := retryAfter(a.header, now)
		return verdict{again: &ServerError{Host: d.host, Status: a.status}, after: after}
	case a.status >= 200 && a.status < 300 && a.status != http.StatusNoContent && a.status != http.StatusResetContent && expectsJSON(accept):
		if err := checkJSON(d, a); err != nil {
			return verdict{again: err}
		}
	}
	return verdict{}
}

// expectsJSON tells by the Accept header whether the answer must be JSON. The raw, sha and diff media
// types give the bytes themselves.
func expectsJSON(accept string) bool {
	for _, other := range []string{".raw", ".sha", ".diff", ".patch", ".html"} {
		if strings.Contains(accept, other) {
			return false
		}
	}
	return strings.Contains(accept, "json")
}

func checkJSON(d destination, a answer) error {
	e := &DecodeError{Host: d.host, Status: a.status}
	trimmed := bytes.TrimSpace(a.body)
	switch {
	case len(trimmed) == 0:
		e.Reason = "the answer is empty"
	case trimmed[0] == '<':
		e.Reason, e.Quote = "the answer is HTML, not JSON", clip(string(trimmed), quoteBytes)
	case json.Valid(trimmed):
		return nil
	default:
		e.Reason, e.Quote = "the answer is not JSON", clip(string(trimmed), quoteBytes)
		var raw json.RawMessage
		syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(trimmed, &raw))
		if ok && syntax.Offset >= int64(len(trimmed)) {
			e.Reason = fmt.Sprintf("the answer is cut off after %d bytes", len(a.body))
		}
	}
	return e
}

// judgeGraphQL finds the troubles that GraphQL tells with any status, 200 above all.
func judgeGraphQL(d destination, a answer, now time.Time) (verdict, bool) {
	if !bytes.Contains(a.body, []byte(`"errors"`)) && !bytes.Contains(a.body, []byte(`"message"`)) {
		return verdict{}, false
	}
	var g struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
		Errors  []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(a.body, &g) != nil {
		return verdict{}, false
	}
	noData := len(g.Data) == 0 || string(g.Data) == "null"
	if noData && len(g.Errors) == 0 && a.status == http.StatusOK {
		// The form of REST's refusals, under GraphQL's status.
		if seen, ok := readLimit(http.StatusForbidden, a.header, g.Message, true, now); ok && g.Message != "" {
			return verdict{limit: &seen}, true
		}
		return verdict{}, false
	}
	for _, e := range g.Errors {
		low := strings.ToLower(e.Message)
		limited := e.Type == "RATE_LIMITED" || e.Type == "RATE_LIMIT" ||
			e.Type == "" && (strings.Contains(low, "secondary rate limit") || strings.Contains(low, "api rate limit"))
		switch {
		case limited:
			// With a 403's rules the headers say the rest.
			seen, ok := readLimit(http.StatusForbidden, a.header, e.Message, true, now)
			if !ok {
				seen = limitSeen{kind: SecondaryLimit, resource: clip(a.header.Get("X-Ratelimit-Resource"), 40)}
				if e.Type != "" && !strings.Contains(low, "secondary") {
					seen.kind, seen.wait = PrimaryLimit, untilReset(a.header, now)
				}
			}
			return verdict{limit: &seen, begun: !noData && len(dataFields(g.Data)) > 0}, true
		case e.Type == "RESOURCE_LIMITS_EXCEEDED":
			// The document is too dear for GitHub, not for our hour: a part of it may be had.
			return verdict{again: &ServerError{Host: d.host}}, true
		case noData && a.status < 400 && (strings.Contains(low, "something went wrong") || strings.Contains(low, "timeout") || strings.Contains(low, "timed out")):
			return verdict{again: &ServerError{Host: d.host}}, true
		}
	}
	return verdict{}, false
}

// dataFields lists the fields of a GraphQL answer that are not null.
func dataFields(data json.RawMessage) []string {
	var m map[string]json.RawMessage
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	var names []string
	for k, v := range m {
		if string(v) != "null" {
			names = append(names, k)
		}
	}
	return names
}
