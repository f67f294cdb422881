package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// snapshot is where the loop is and what there is to show, at one moment.
func (s *Service) snapshot() (loopState, View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.view
}

// alive says whether the loop still turns. "" is yes; else what is wrong.
func (s *Service) alive() string {
	state, _ := s.snapshot()
	now, longest := s.opts.Now(), s.plan.Load().Longest
	if !state.running.IsZero() && longest > 0 && now.Sub(state.running) > longest+margin {
		return fmt.Sprintf("a run hangs since %s", stamp(state.running))
	}
	if state.running.IsZero() && !state.next.IsZero() && now.Sub(state.next) > margin {
		return fmt.Sprintf("the run of %s did not begin", stamp(state.next))
	}
	return ""
}

// margin is what the loop may be late.
const margin = 2 * time.Minute

// ready says what keeps the service from being trusted; nothing where it can be.
func (s *Service) ready() []string {
	state, view := s.snapshot()
	var out []string
	if state.last.IsZero() {
		out = append(out, "the first run has not ended yet")
	}
	if state.viewErr != nil {
		out = append(out, "the state can't be read: "+state.viewErr.Error())
	}
	if state.lastErr != nil && len(view.Sources) == 0 {
		out = append(out, "nothing was ever read: "+state.lastErr.Error())
	}
	p, now := s.plan.Load(), s.opts.Now()
	for _, src := range view.Sources {
		switch {
		case p.Stale <= 0 || src.Status == "skipped":
		case src.CurrentAt.IsZero() && src.Status == "failed":
			out = append(out, fmt.Sprintf("%s: %s was never read: %s", src.Upstream, src.Source, src.Reason))
		case !src.CurrentAt.IsZero() && now.Sub(src.CurrentAt) > p.Stale:
			out = append(out, fmt.Sprintf("%s: %s is of %s", src.Upstream, src.Source, stamp(src.CurrentAt)))
		}
	}
	return out
}

func (s *Service) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if wrong := s.alive(); wrong != "" {
		plain(w, http.StatusServiceUnavailable, wrong+"\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

// serveReady tells the age of each source, whether that is too old or not.
func (s *Service) serveReady(w http.ResponseWriter, _ *http.Request) {
	wrong := s.ready()
	if a := s.alive(); a != "" {
		wrong = append(wrong, a)
	}
	_, view := s.snapshot()
	now := s.opts.Now()
	var b strings.Builder
	status := http.StatusOK
	if len(wrong) > 0 {
		status = http.StatusServiceUnavailable
		b.WriteString("not ready: " + strings.Join(wrong, "; ") + "\n")
	} else {
		b.WriteString("ready\n")
	}
	for _, src := range view.Sources {
		age := "never read"
		if !src.CurrentAt.IsZero() {
			age = "current " + ago(now.Sub(src.CurrentAt))
		}
		fmt.Fprintf(&b, "%s %s: %s, %s\n", src.Upstream, src.Source, src.Status, age)
	}
	plain(w, status, b.String())
}

func plain(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a visitor who left is no concern
}

// stamp is a time as people read it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// ago is a span as people say it.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
