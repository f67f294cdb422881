package ghtest

import (
	"encoding/json"
	"io"
	"net/http"
)

// control answers /__ghtest/..., for scripts that run the stand-in in another process:
//
//	GET    issues[?repo=o/r]  issues with their comments, by repository
//	GET    labels             labels by repository
//	GET    requests           the request log
//	GET    writes             what requests have written
//	GET    counts             numbers of requests by kind
//	POST   faults             adds a Fault, or a list of them, as JSON (reset in nanoseconds)
//	DELETE faults             empties the script
//	DELETE requests           clears log and writes
//
// Control requests are not logged and meet no faults.
func (s *Server) control(w http.ResponseWriter, r *http.Request, path string) {
	reply := func(status int, v any) {
		a := jsonAnswer(status, v)
		send(w, r, a, len(a.body))
	}
	names := func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		var out []string
		for _, repo := range s.order {
			if only := r.URL.Query().Get("repo"); only == "" || only == repo.Name {
				out = append(out, repo.Name)
			}
		}
		return out
	}
	switch r.Method + " " + path {
	case "GET /__ghtest/issues":
		out := map[string][]Issue{}
		for _, name := range names() {
			out[name] = s.Issues(name)
		}
		reply(http.StatusOK, out)
	case "GET /__ghtest/labels":
		out := map[string][]Label{}
		for _, name := range names() {
			out[name] = s.Labels(name)
		}
		reply(http.StatusOK, out)
	case "GET /__ghtest/requests":
		reply(http.StatusOK, append([]Request{}, s.Requests()...))
	case "GET /__ghtest/writes":
		reply(http.StatusOK, append([]Written{}, s.Writes()...))
	case "GET /__ghtest/counts":
		c := s.Count()
		reply(http.StatusOK, map[string]int{"rest": c.REST, "graphql": c.GraphQL, "raw": c.Raw, "api": c.API()})
	case "DELETE /__ghtest/requests":
		s.ClearLog()
		reply(http.StatusOK, map[string]string{"status": "cleared"})
	case "DELETE /__ghtest/faults":
		s.ClearFaults()
		reply(http.StatusOK, map[string]string{"status": "cleared"})
	case "POST /__ghtest/faults":
		faults, err := readFaults(r.Body)
		for _, f := range faults {
			if err == nil {
				err = s.addFault(f)
			}
		}
		if err != nil {
			reply(http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
		reply(http.StatusCreated, map[string]int{"added": len(faults)})
	default:
		reply(http.StatusNotFound, map[string]string{"message": "no such control: " + r.Method + " " + path})
	}
}

// readFaults takes one fault or a list.
func readFaults(body io.Reader) ([]Fault, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxRequestBody))
	if err != nil {
		return nil, err
	}
	var list []Fault
	if json.Unmarshal(data, &list) == nil {
		return list, nil
	}
	var one Fault
	if err := json.Unmarshal(data, &one); err != nil {
		return nil, err
	}
	return []Fault{one}, nil
}
