package ghtest

import (
	"encoding/json"
	"time"
)

// logSeq is the next request's number. Callers hold s.mu. It goes on after ClearLog.
func (s *Server) logSeq() int {
	s.seq++
	return s.seq
}

// update rewrites the log's entry of a request, if it is still there.
func (s *Server) update(req Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.log) - 1; i >= 0; i-- {
		if s.log[i].Seq == req.Seq {
			s.log[i] = req
			return
		}
	}
}

// forgetStatus notes that no answer was sent.
func (s *Server) forgetStatus(req Request) {
	req.Status, req.Bytes = 0, 0
	s.update(req)
}

// wrote notes a write. Callers hold s.mu.
func (s *Server) wrote(c *call, w Written) {
	w.Seq = c.seq
	s.writes = append(s.writes, w)
}

// clock is now for callers without the lock.
func (s *Server) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) userID(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(login).id
}

// document takes the GraphQL document and its variables out of a body, for the log.
func document(body []byte) (doc, vars string) {
	var q struct {
		Query     string          `json:"query"`
		Variables json.RawMessage `json:"variables"`
	}
	if json.Unmarshal(body, &q) != nil {
		return string(body), ""
	}
	return q.Query, string(q.Variables)
}
