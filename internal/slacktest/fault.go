package slacktest

import (
	"net/http"
	"strconv"
)

// Fault is one answer that goes wrong. Exactly one of Cut, Status, Error and Body is set.
type Fault struct {
	Method string // "" is every method
	// Skip is how many calls of the method pass before it strikes. Times is how often it strikes then: 0 is once,
	// negative for ever.
	Skip, Times int
	// After: the call has its effect, and then its answer goes wrong.
	After bool
	// Cut closes the connection.
	Cut bool
	// Status answers with an HTTP status, with a page of HTML as Slack does, and RetryAfter in seconds unless that is 0.
	Status, RetryAfter int
	// Error answers with "ok": false.
	Error string
	// Body answers 200 with this.
	Body string
	// Do is called when it strikes, before the answer.
	Do func()
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// faultFor is the first fault that strikes a call.
func (s *Server) faultFor(method string) *Fault {
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times >= 0 {
			f.Times--
			if f.Times <= 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		return f
	}
	return nil
}

func (f *Fault) answer(w http.ResponseWriter) {
	if f.Do != nil {
		f.Do()
	}
	switch {
	case f.Cut:
		cut(w)
	case f.Status != 0:
		if f.RetryAfter != 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><body>Server error</body></html>"))
	case f.Error != "":
		failed(f.Error).write(w)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(f.Body))
	}
}
