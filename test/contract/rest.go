package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Exchange is one request with its answer, bodies whole. Status 0 is a request without an answer.
type Exchange struct {
	Method      string
	URL         *url.URL
	Header      http.Header
	Body        []byte
	Status      int
	AnswerHead  http.Header
	AnswerBody  []byte
	described   string // path as described: without /api/v3, with /repos/ for /repositories/
	graphqlCall bool
}

// Check is nil when both halves fit GitHub's descriptions; otherwise all that does not, joined, after a
// line that names the request.
func (v *Validator) Check(ctx context.Context, e Exchange) error {
	path := e.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/api/v3/"); ok {
		path = "/" + rest
	}
	var err error
	switch {
	case strings.HasPrefix(path, "/raw/"), strings.HasSuffix(path, "/releases.atom"), strings.HasPrefix(path, "/__ghtest/"):
		return nil
	case path == "/graphql", path == "/api/graphql":
		e.graphqlCall = true
		err = v.checkGraphQL(e)
	default:
		e.described = described(path)
		err = v.checkREST(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.Method, e.URL.RequestURI(), err)
	}
	return nil
}

// described turns a path into the form of the description's templates, where every name stands for
// one segment: the rest of a file's path or of a ref becomes one.
func described(path string) string {
	if id, rest, ok := cutID(path); ok {
		path = "/repos/id/" + id + "/" + rest
		path = strings.TrimSuffix(path, "/")
	}
	tail := regexp.MustCompile(`^(/repos/[^/]+/[^/]+/(?:contents|commits|compare|branches|tarball|git/trees|git/refs|git/ref|git/matching-refs|releases/tags)/)(.+)$`)
	m := tail.FindStringSubmatch(path)
	if m == nil {
		return strings.TrimSuffix(path, "/contents") + map[bool]string{true: "/contents/-"}[strings.HasSuffix(path, "/contents")]
	}
	if strings.HasSuffix(m[1], "/commits/") && strings.HasSuffix(m[2], "/pulls") {
		return m[1] + strings.ReplaceAll(strings.TrimSuffix(m[2], "/pulls"), "/", "%2F") + "/pulls"
	}
	return m[1] + strings.ReplaceAll(m[2], "/", "%2F")
}

// cutID splits /repositories/ID/rest, the form of Link headers.
func cutID(path string) (id, rest string, ok bool) {
	tail, ok := strings.CutPrefix(path, "/repositories/")
	if !ok {
		return "", "", false
	}
	id, rest, _ = strings.Cut(tail, "/")
	return id, rest, true
}

func (v *Validator) checkREST(ctx context.Context, e Exchange) error {
	u := *e.URL
	u.Scheme, u.Host = "", ""
	var err error
	u.RawPath = e.described
	if u.Path, err = url.PathUnescape(e.described); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, e.Method, u.String(), bytes.NewReader(e.Body))
	if err != nil {
		return err
	}
	req.Header = e.Header.Clone()
	if len(e.Body) > 0 && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json") // GitHub reads it as JSON whatever is said
	}
	route, params, err := v.router.FindRoute(req)
	if err != nil {
		return fmt.Errorf("route is not described (or not among paths() of test/contract): %w", err)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	in.Options.WithCustomSchemaErrorFunc(brief)
	var errs []error
	errs = append(errs, undeclared(route, u.Query()))
	// A request that GitHub refuses may well be wrong: that is what the refusal says.
	if refused := e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity; !refused {
		errs = append(errs, openapi3filter.ValidateRequest(ctx, in))
	}
	errs = append(errs, checkAnswer(ctx, in, e))
	return errors.Join(errs...)
}

// brief says where a value does not fit and why, without the whole schema.
func brief(err *openapi3.SchemaError) string {
	return "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
}

// undeclared finds query parameters that the description does not know.
func undeclared(route *routers.Route, query url.Values) error {
	var known []string
	for _, p := range append(slices.Clone(route.PathItem.Parameters), route.Operation.Parameters...) {
		if p.Value != nil && p.Value.In == "query" {
			known = append(known, p.Value.Name)
		}
	}
	var errs []error
	for name := range query {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("query parameter %q is not described; known are %v", name, known))
		}
	}
	return errors.Join(errs...)
}

func checkAnswer(ctx context.Context, in *openapi3filter.RequestValidationInput, e Exchange) error {
	if e.Status == 0 {
		return nil
	}
	declared := in.Route.Operation.Responses.Status(e.Status)
	if declared == nil {
		if e.Status < 300 {
			return fmt.Errorf("status %d is not described", e.Status)
		}
		return nil
	}
	media, _, _ := strings.Cut(e.AnswerHead.Get("Content-Type"), ";")
	if strings.HasPrefix(media, "application/vnd.github.raw") {
		return nil // files come raw from routes that describe JSON only
	}
	switch media {
	case "application/vnd.github.sha":
		if !regexp.MustCompile(`^[0-9a-f]{40}$`).Match(e.AnswerBody) {
			return fmt.Errorf("answer %d: %q is no commit id", e.Status, e.AnswerBody)
		}
		return nil
	case "application/vnd.github.object+json":
		return checkObject(declared, e)
	}
	if media == "text/html" && e.Status >= 500 {
		return nil
	}
	if e.Method == http.MethodHead || e.Status == http.StatusNotModified {
		return nil
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: e.Status, Header: e.AnswerHead,
		Options: &openapi3filter.Options{MultiError: true},
	}
	out.Options.WithCustomSchemaErrorFunc(brief)
	out.SetBodyBytes(e.AnswerBody)
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return fmt.Errorf("answer %d: %w", e.Status, err)
	}
	return nil
}

// checkObject checks an answer in the object media type, which has a schema of its own.
func checkObject(declared *openapi3.ResponseRef, e Exchange) error {
	described := declared.Value.Content["application/vnd.github.object"]
	if described == nil {
		return fmt.Errorf("answer %d: the object media type is not described", e.Status)
	}
	var v any
	if err := json.Unmarshal(e.AnswerBody, &v); err != nil {
		return fmt.Errorf("answer %d: %w", e.Status, err)
	}
	if err := described.Schema.Value.VisitJSON(v, openapi3.MultiErrors(), openapi3.SetSchemaErrorMessageCustomizer(brief)); err != nil {
		return fmt.Errorf("answer %d: %w", e.Status, err)
	}
	return nil
}

// Transport checks every exchange of a client and reports what does not fit. The answer is passed on
// whole; a request that gets no answer is checked alone.
func (v *Validator) Transport(next http.RoundTripper, report func(error)) http.RoundTripper {
	return transport{v, next, report}
}

type transport struct {
	v      *Validator
	next   http.RoundTripper
	report func(error)
}

// RoundTrip sends a request and checks it with its answer.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	e := Exchange{Method: r.Method, URL: r.URL, Header: r.Header.Clone()}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		e.Body = body
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		t.note(r.Context(), e)
		return resp, err
	}
	data, readErr := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data), failing{readErr}))
	if readErr == nil {
		e.Status, e.AnswerHead, e.AnswerBody = resp.StatusCode, resp.Header, data
	}
	t.note(r.Context(), e)
	return resp, nil
}

func (t transport) note(ctx context.Context, e Exchange) {
	if err := t.v.Check(ctx, e); err != nil {
		t.report(err)
	}
}

// failing hands on the error that ended a body.
type failing struct{ err error }

// Read ends with the error, or with io.EOF.
func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// Handler checks every exchange of a server and reports what does not fit.
func (v *Validator) Handler(next http.Handler, report func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		e := Exchange{Method: r.Method, URL: r.URL, Header: r.Header.Clone(), Body: body}
		tee := &recorder{ResponseWriter: w}
		next.ServeHTTP(tee, r)
		e.Status, e.AnswerHead, e.AnswerBody = tee.status, w.Header(), tee.body.Bytes()
		if err := v.Check(r.Context(), e); err != nil {
			report(err)
		}
	})
}

// recorder keeps what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps the bytes.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.NewResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
