package ghtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRequestBody bounds what is read of a request; GitHub's own bound is of this order.
const maxRequestBody = 25 << 20

// call is one request on its way.
type call struct {
	s     *Server
	r     *http.Request
	seq   int
	path  string // without the Enterprise prefix
	base  string // URL that API links begin with
	root  string // URL of the server itself
	who   *Token // nil without a token
	body  []byte
	fault *Fault // nil, or one of the kinds under which requests are processed
}

// answer is what is to be sent, as a whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	etag   string // "" lets one be made from the body
}

func (c *call) suffers(k FaultKind) bool { return c.fault != nil && c.fault.Kind == k }

// lag is from how many lists that which is being created stays hidden.
func (c *call) lag() int {
	switch {
	case c.fault == nil:
		return 0
	case c.fault.Kind == LagLists:
		return max(1, c.fault.Lists)
	}
	return c.fault.Lists
}

// resource is the limit that the request counts against.
func (c *call) resource() string {
	switch {
	case c.path == "/graphql":
		return graphql
	case strings.HasPrefix(c.path, "/search/"):
		return search
	default:
		return core
	}
}

// ServeHTTP answers one request: log, hooks, faults, authentication, limits, route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, prefix := r.URL.EscapedPath(), ""
	if s.opts.Enterprise {
		if rest, ok := strings.CutPrefix(path, "/api/v3"); ok && strings.HasPrefix(rest, "/") {
			path, prefix = rest, "/api/v3"
		} else if path == "/api/graphql" {
			path, prefix = "/graphql", "/api"
		}
	}
	if strings.HasPrefix(path, "/__ghtest/") && s.opts.Control {
		s.control(w, r, path)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody))
	if err != nil {
		return // the client went away while sending
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	root := scheme + "://" + r.Host
	c := &call{s: s, r: r, path: path, base: root + prefix, root: root, body: body}
	req := newRequest(r, path)
	if req.Kind == GraphQL {
		req.Document, req.Variables = document(body)
	} else {
		req.Body = string(body)
	}
	who, good := s.identify(r)
	c.who = who
	if who != nil {
		req.Login = who.Login
	}

	s.mu.Lock()
	req.Seq, req.Time = s.logSeq(), s.now()
	s.log = append(s.log, req)
	before := s.before
	after := s.after
	s.mu.Unlock()
	c.seq = req.Seq
	for _, f := range before {
		f(req)
	}

	fault := s.faultFor(req)
	if fault != nil {
		req.Fault = string(fault.Kind)
		s.update(req)
	}
	var a answer
	if fault == nil || fault.processed() {
		c.fault = fault
		a = s.process(c, good)
		req.Status, req.Bytes = a.status, len(a.body)
		s.update(req)
		for _, f := range after {
			f(req)
		}
	}
	if fault == nil {
		send(w, r, a, len(a.body))
		return
	}
	s.spoil(w, c, req, fault, a)
}

// spoil sends what the fault makes of an answer; a is empty where the request was not processed.
func (s *Server) spoil(w http.ResponseWriter, c *call, req Request, f *Fault, a answer) {
	switch f.Kind {
	case Hang:
		s.forgetStatus(req)
		select {
		case <-c.r.Context().Done():
		case <-s.ctx.Done():
		}
		breakOff(w)
		return
	case Reset, CreatedButReset:
		s.forgetStatus(req)
		breakOff(w)
		return
	case Truncated:
		send(w, c.r, a, len(a.body)/2)
		hangUp(w, false)
		return
	case LowRemaining:
		reset := f.Reset
		if reset == 0 {
			reset = time.Hour
		}
		s.exhaust(&a, c, reset)
	case DropLabels, LagLists, BlobTruncated, ArchiveCut, FieldError, TreeTruncated: // met while processing
	default:
		a = s.instead(f, c)
		s.decorate(&a, c)
		req.Status, req.Bytes = a.status, len(a.body)
		s.update(req)
	}
	send(w, c.r, a, len(a.body))
}

// process does what GitHub would.
func (s *Server) process(c *call, good bool) answer {
	switch {
	case strings.HasPrefix(c.path, archives):
		return c.finish(c.archive())
	case strings.HasPrefix(c.path, "/raw/"):
		return c.finish(c.raw(good))
	case strings.HasPrefix(c.path, pages):
		return c.webPage()
	case isFeed(c.path):
		return c.finish(c.releasesFeed())
	}
	if !good {
		a := c.fail(http.StatusUnauthorized, "Bad credentials")
		s.decorate(&a, c)
		return a
	}
	if c.path == "/graphql" {
		a := c.graphql()
		s.decorate(&a, c)
		return a
	}
	free := c.path == "/rate_limit"
	if !free && !s.spend(c.who, c.resource(), 1) {
		text := "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)"
		if c.who != nil {
			text = fmt.Sprintf("API rate limit exceeded for user ID %d.", s.userID(c.who.Login))
		}
		a := c.failDoc(http.StatusForbidden, text, "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api")
		s.decorate(&a, c)
		return a
	}
	a := c.finish(c.route())
	if a.status == http.StatusNotModified && c.who != nil && !free {
		s.refund(c.who, c.resource(), 1)
	}
	s.decorate(&a, c)
	return a
}

// route finds the handler of a REST request.
func (c *call) route() answer {
	path := strings.Split(strings.TrimPrefix(c.repositoryPath(c.path), "/"), "/")
	for _, rt := range c.s.routes {
		if values, ok := rt.match(c.r.Method, path); ok {
			for name, v := range values {
				c.r.SetPathValue(name, v)
			}
			return rt.answer(c)
		}
	}
	return c.notFound()
}

// finish gives an answer its ETag and honours If-None-Match. The ETag depends on Accept and on the
// token, as on GitHub: a new token makes all of them stale.
func (c *call) finish(a answer) answer {
	if a.status != http.StatusOK || c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return a
	}
	if a.etag == "" {
		h := sha256.New()
		fmt.Fprintf(h, "%s\x00%s\x00", c.r.Header.Get("Accept"), c.r.Header.Get("Authorization"))
		h.Write(a.body)
		a.etag = fmt.Sprintf(`W/"%x"`, h.Sum(nil))
	}
	a.header.Set("ETag", a.etag)
	a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With")
	if matchesETag(c.r.Header.Get("If-None-Match"), a.etag) {
		a.status, a.body = http.StatusNotModified, nil
		a.header.Del("Content-Type")
	}
	return a
}

// matchesETag compares weakly; the sha form is accepted with and without quotes, as clients send both.
func matchesETag(header, etag string) bool {
	bare := func(s string) string { return strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`) }
	if header == "" {
		return false
	}
	for one := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(one) == "*" || bare(one) == bare(etag) {
			return true
		}
	}
	return false
}

// decorate adds the headers that every API answer has.
func (s *Server) decorate(a *answer, c *call) {
	h := a.header
	if h.Get("X-Ratelimit-Limit") == "" {
		st := s.limitState(c.who, c.resource())
		h.Set("X-Ratelimit-Limit", strconv.Itoa(st.Limit))
		h.Set("X-Ratelimit-Remaining", strconv.Itoa(st.Remaining))
		h.Set("X-Ratelimit-Used", strconv.Itoa(st.Used))
		h.Set("X-Ratelimit-Reset", strconv.FormatInt(st.Reset, 10))
		h.Set("X-Ratelimit-Resource", c.resource())
	}
	c.who.tokenHeaders(h)
	media := "github.v3; format=json"
	if _, after, ok := strings.Cut(c.r.Header.Get("Accept"), "application/vnd.github."); ok {
		form, _, _ := strings.Cut(after, ",")
		form, _, _ = strings.Cut(form, "+")
		if form != "v3" && form != "json" {
			media = "github.v3; param=" + form
		}
	}
	h.Set("X-Github-Media-Type", media)
	h.Set("X-Github-Api-Version-Selected", "2022-11-28")
	h.Set("X-Github-Request-Id", fmt.Sprintf("%04X:%04X:%08X", c.seq&0xffff, 0xbeef, c.seq))
	h.Set("Date", s.clock().Format(http.TimeFormat))
	h.Set("Server", "github.com")
}

func send(w http.ResponseWriter, r *http.Request, a answer, n int) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.status != http.StatusNotModified && a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(a.body[:n]) // fails only when the client has gone
	if n < len(a.body) {
		_ = http.NewResponseController(w).Flush()
	}
}

func jsonAnswer(status int, v any) answer {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("ghtest: answer cannot be encoded: " + err.Error())
	}
	return answer{
		status: status, body: bytes.TrimSuffix(buf.Bytes(), []byte("\n")),
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
	}
}

// fail is an error in GitHub's form.
func (c *call) fail(status int, message string) answer {
	return c.failDoc(status, message, "https://docs.github.com/rest")
}

func (c *call) failDoc(status int, message, doc string) answer {
	return jsonAnswer(status, map[string]any{"message": message, "documentation_url": doc, "status": strconv.Itoa(status)})
}

func (c *call) notFound() answer { return c.fail(http.StatusNotFound, "Not Found") }

// invalidField is one entry of a 422's errors.
type invalidField struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field"`
	Value    any    `json:"value,omitempty"`
	Message  string `json:"message,omitempty"`
}

func (c *call) invalid(errs ...invalidField) answer {
	return jsonAnswer(http.StatusUnprocessableEntity, map[string]any{
		"message": "Validation Failed", "errors": errs,
		"documentation_url": "https://docs.github.com/rest", "status": "422",
	})
}

// broken is the answer when the stand-in itself fails (git is missing, a repository is corrupt): the
// text says so, for it is a fault of the test's set-up.
func (c *call) broken(err error) answer {
	return c.fail(http.StatusInternalServerError, "ghtest: "+err.Error())
}
