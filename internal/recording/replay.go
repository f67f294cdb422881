package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/store"
)

// Error says that a recording can't be played, and why.
type Error struct {
	Dir, Reason string
	Err         error
}

func (e *Error) Error() string {
	return fmt.Sprintf("recording %s can't be replayed: %s", e.Dir, e.Reason)
}
func (e *Error) Unwrap() error { return e.Err }

// UnrecordedError says what a replayed run asked for that the recorded one did not.
type UnrecordedError struct{ What, Bot string }

func (e *UnrecordedError) Error() string {
	return fmt.Sprintf("the recording has no answer to %s; it was made by bot %s: this one asks for something else", e.What, e.Bot)
}

// Replay plays a recording. It is safe for concurrent use.
type Replay struct {
	dir  string
	meta meta
	// End ends the run's context with an error, where the recorded run was ended; nil: it goes on.
	End func(error)

	mu       sync.Mutex
	now      time.Time
	answers  map[string][]exchange // by key, in the order of sending
	git      map[string][]gitCall
	clocks   map[string]int // how many were given
	nonces   int
	jitter   int
	sent     int              // how many of the recorded deliveries of other channels were played
	missed   *UnrecordedError // the first
	replaced []string         // requests that had another body
}

// Open reads a recording and checks that it is whole. The error is an *Error.
func Open(dir string) (*Replay, error) {
	p := &Replay{dir: dir, answers: map[string][]exchange{}, git: map[string][]gitCall{}, clocks: map[string]int{}}
	data, err := os.ReadFile(filepath.Join(dir, metaFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, p.broken("it holds no "+metaFile+": is it a folder that bot run --record made?", err)
	case err != nil:
		return nil, p.broken(err.Error(), err)
	}
	var head struct {
		Document string
		Schema   int
		Bot      string
	}
	err = json.Unmarshal(data, &head)
	switch {
	case err == nil && head.Document != document:
		return nil, p.broken(metaFile+" was not written by bot run --record", nil)
	case err == nil && head.Schema > Schema:
		return nil, p.broken(fmt.Sprintf("it was made by a newer bot (%s, schema %d; this one knows %d); update bot", head.Bot, head.Schema, Schema), nil)
	case err == nil:
		err = json.Unmarshal(data, &p.meta)
	}
	if err != nil {
		return nil, p.broken(metaFile+" is damaged: "+err.Error(), err)
	}
	if !p.meta.Ended {
		return nil, p.broken("the recorded run did not end: it was killed, or goes on still. What there is can be read, but not replayed", nil)
	}
	for _, name := range slices.Sorted(maps.Keys(p.meta.Files)) {
		data, err := p.file(name)
		if err != nil {
			return nil, err
		}
		if hashOf(data) != p.meta.Files[name] {
			return nil, p.broken(name+" is damaged, or was changed after it was recorded", nil)
		}
	}
	p.now = p.meta.Started
	return p, p.load()
}

// load sorts what was recorded by what asks for it.
func (p *Replay) load() error {
	for _, name := range slices.Sorted(maps.Keys(p.meta.Files)) {
		switch {
		case strings.HasPrefix(name, answersDir+"/") && isNumber(name):
			var x exchange
			if err := p.decode(name, &x); err != nil {
				return err
			}
			body, err := p.optional(x.Request.Body)
			if err != nil {
				return err
			}
			key := requestKey(x.Request.Method, x.Request.URL, body)
			p.answers[key] = append(p.answers[key], x)
		case strings.HasPrefix(name, gitDir+"/") && isNumber(name):
			var c gitCall
			if err := p.decode(name, &c); err != nil {
				return err
			}
			key := gitKey(c.Dir, c.Args, c.Input)
			p.git[key] = append(p.git[key], c)
		}
	}
	for _, list := range p.answers { // 1000 stands before 999
		slices.SortFunc(list, func(a, b exchange) int { return a.Number - b.Number })
	}
	for _, list := range p.git {
		slices.SortFunc(list, func(a, b gitCall) int { return a.Number - b.Number })
	}
	return nil
}

// isNumber tells "answers/001.json" from the bodies beside it.
func isNumber(name string) bool {
	base, ok := strings.CutSuffix(name, ".json")
	return ok && !strings.Contains(base, ".")
}

func (p *Replay) decode(name string, v any) error {
	data, err := p.file(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return p.broken(name+" is damaged: "+err.Error(), err)
	}
	return nil
}

func (p *Replay) optional(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return p.file(name)
}

// file reads a file of the recording. Names are those of the recording itself, and lead nowhere else.
func (p *Replay) file(name string) ([]byte, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, p.broken(fmt.Sprintf("%q is no name of a file in it", name), nil)
	}
	data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, p.broken(name+" is missing", err)
	}
	if err != nil {
		return nil, p.broken(err.Error(), err)
	}
	return data, nil
}

func (p *Replay) broken(reason string, err error) *Error {
	return &Error{Dir: p.dir, Reason: reason, Err: err}
}

// Bot is the version that made the recording.
func (p *Replay) Bot() string { return p.meta.Bot }

// Started is when the recorded run started.
func (p *Replay) Started() time.Time { return p.meta.Started }

// HadToken reports whether the recorded run had one.
func (p *Replay) HadToken() bool { return p.meta.Token != "" }

// Flags reads the flags of the recorded run into v.
func (p *Replay) Flags(v any) error {
	if err := json.Unmarshal(p.meta.Flags, v); err != nil {
		return p.broken(metaFile+" is damaged: flags: "+err.Error(), err)
	}
	return nil
}

// Config is the path of the recorded configuration.
func (p *Replay) Config() string { return filepath.Join(p.dir, configFile) }

// State is the state as the recorded run found it.
func (p *Replay) State() (*store.Export, error) {
	data, err := p.file(stateFile)
	if err != nil {
		return nil, err
	}
	return store.DecodeExport(filepath.Join(p.dir, stateFile), data)
}

// Lock is who held the lock where that ended the recorded run; else nil.
func (p *Replay) Lock() *store.Lease { return p.meta.Lock }

// Results are what came of the recorded run, by name.
func (p *Replay) Results() (map[string][]byte, error) {
	out := map[string][]byte{}
	for name := range p.meta.Files {
		if short, ok := strings.CutPrefix(name, resultDir+"/"); ok {
			data, err := p.file(name)
			if err != nil {
				return nil, err
			}
			out[short] = data
		}
	}
	return out, nil
}

// Now is the clock of the replayed run: it moves with the answers and with what would be waited for.
func (p *Replay) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Sleep moves the clock instead of waiting.
func (p *Replay) Sleep(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// Clock gives what the recorded run's clock of that name said, one after the other. One that is asked more
// often stands still.
func (p *Replay) Clock(name string) func() time.Time {
	return func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		said := p.meta.Clocks[name]
		if len(said) == 0 {
			return p.now
		}
		n := min(p.clocks[name], len(said)-1)
		p.clocks[name]++
		return said[n]
	}
}

// Nonce gives the recorded nonces, one after the other, and zeros after the last.
func (p *Replay) Nonce() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nonces++
	if p.nonces > len(p.meta.Nonces) {
		return fmt.Sprintf("%032x", p.nonces)
	}
	return p.meta.Nonces[p.nonces-1]
}

// Jitter gives the recorded random numbers.
func (p *Replay) Jitter() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jitter++; p.jitter > len(p.meta.Jitter) {
		return 0
	}
	return p.meta.Jitter[p.jitter-1]
}

// Missed is the first thing that the replayed run asked for in vain, or nil.
func (p *Replay) Missed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.missed == nil {
		return nil
	}
	return p.missed
}

// Unused lists the recorded requests that were not made again, and Replaced those that were made with
// another body than the recorded one.
func (p *Replay) Unused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []exchange
	for _, list := range p.answers {
		left = append(left, list...)
	}
	slices.SortFunc(left, func(a, b exchange) int { return a.Number - b.Number })
	var out []string
	for _, x := range left {
		out = append(out, fmt.Sprintf("%s %s (%s/%03d.json)", x.Request.Method, x.Request.URL, answersDir, x.Number))
	}
	return out
}

// Replaced lists the requests that got the answer to a request of another body.
func (p *Replay) Replaced() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.replaced)
}

// Answers is how many requests were recorded.
func (p *Replay) Answers() int {
	n := 0
	for name := range p.meta.Files {
		if strings.HasPrefix(name, answersDir+"/") && isNumber(name) {
			n++
		}
	}
	return n
}

func (p *Replay) unrecorded(what string) error {
	if err := p.stopped(); err != nil {
		return err // the recorded run did not come so far either
	}
	e := &UnrecordedError{What: what, Bot: p.meta.Bot}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.missed == nil {
		p.missed = e
	}
	return e
}

// stopped ends a run that was ended from outside when it was recorded; nil where it ended by itself.
func (p *Replay) stopped() error {
	var err error
	switch p.meta.Stopped {
	case "":
		return nil
	case kindTimeout:
		err = context.DeadlineExceeded
	default:
		err = context.Canceled
	}
	if p.End != nil {
		p.End(err)
	}
	return err
}

// Around takes the place of base, which is never asked.
func (p *Replay) Around(http.RoundTripper) http.RoundTripper { return p }

// RoundTrip implements http.RoundTripper from the recording alone.
func (p *Replay) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		if err = errors.Join(err, req.Body.Close()); err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	x, ok := p.take(req, body)
	if !ok {
		return nil, p.unrecorded(req.Method + " " + req.URL.String())
	}
	if err := p.reach(x.At); err != nil {
		return nil, err
	}
	if x.Failure != nil {
		return nil, p.errorOf(x.Failure)
	}
	if x.Answer == nil {
		return nil, p.broken(fmt.Sprintf("%s/%03d.json holds neither an answer nor a failure", answersDir, x.Number), nil)
	}
	data, err := p.optional(x.Answer.Body)
	if err != nil {
		return nil, err
	}
	resp := &http.Response{
		StatusCode: x.Answer.Status, Status: fmt.Sprintf("%d %s", x.Answer.Status, http.StatusText(x.Answer.Status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(data)),
		Header: http.Header(x.Answer.Header).Clone(), Body: io.NopCloser(bytes.NewReader(data)),
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if x.Answer.Cut != nil {
		resp.Body = &endsWith{bytes.NewReader(data), p.errorOf(x.Answer.Cut)}
	}
	return resp, nil
}

// take finds the answer to a request. What is written may have another text than the recorded one, in
// another version of the bot or with another template: it gets the answer to what was written there in its
// place, so that such a run can be followed to its end.
func (p *Replay) take(req *http.Request, body []byte) (exchange, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	url := req.URL.String()
	key := requestKey(req.Method, url, body)
	if len(p.answers[key]) == 0 && len(body) > 0 && !bytes.Contains(body, []byte(`"query":`)) {
		best := -1
		for k, list := range p.answers {
			if len(list) > 0 && list[0].Request.Method == req.Method && list[0].Request.URL == url && (best < 0 || list[0].Number < best) {
				key, best = k, list[0].Number
			}
		}
		if best >= 0 {
			p.replaced = append(p.replaced, fmt.Sprintf("%s %s (%s/%03d.json)", req.Method, url, answersDir, best))
		}
	}
	list := p.answers[key]
	if len(list) == 0 {
		return exchange{}, false
	}
	p.answers[key] = list[1:]
	return list[0], true
}

func requestKey(method, url string, body []byte) string {
	return method + " " + url + " " + hashOf(body)
}

// reach moves the clock to when an answer came, never back: answers come side by side.
func (p *Replay) reach(at string) error {
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return p.broken(fmt.Sprintf("%q is no time", at), err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.After(p.now) {
		p.now = t
	}
	return nil
}

// replayed is a recorded error: its text, and what is asked of its kind.
type replayed struct {
	text   string
	causes []error
}

func (e *replayed) Error() string   { return e.text }
func (e *replayed) Unwrap() []error { return e.causes }

// errorOf makes an error of a recorded failure, nil of none.
func (p *Replay) errorOf(f *failure) error {
	if f == nil {
		return nil
	}
	e := &replayed{text: f.Text}
	if f.Unsent {
		e.causes = append(e.causes, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New(f.Text)})
	}
	switch f.Kind {
	case kindTimeout:
		e.causes = append(e.causes, context.DeadlineExceeded)
		if p.meta.Stopped == kindTimeout && len(p.Unused()) == 0 { // the last thing that it waited for
			_ = p.stopped()
		}
	case kindInterrupted:
		e.causes = append(e.causes, context.Canceled)
		_ = p.stopped()
	case kindEOF:
		e.causes = append(e.causes, io.ErrUnexpectedEOF)
	case kindMissing:
		e.causes = append(e.causes, fs.ErrNotExist)
	case kindNotFolder:
		return repo.ErrNotFolder
	case kindNoGit:
		e.causes = append(e.causes, repo.ErrNoGit)
	}
	return e
}
