package repo

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/upstream-digest/bot/internal/github"
)

// Mirror says that a repository is read from a clone or bare mirror on this machine.
type Mirror struct {
	Repository string
	Path       string
}

// SetOptions say where repositories are read from.
type SetOptions struct {
	// Client reads what has no mirror; nil is as good as Offline.
	Client *github.Client
	// Mirrors are read instead of the API.
	Mirrors []Mirror
	// Offline means mirrors only.
	Offline bool
	// Git starts the git program, for mirrors.
	Git GitOptions
}

// Set gives each repository its engine: a mirror, else GraphQL with a token, else REST without. It is
// safe for concurrent use.
type Set struct {
	opts    SetOptions
	mirrors []*Local // in configuration order

	mu      sync.Mutex
	readers map[string]Reader // by key
}

// NewSet checks the mirrors' names; it opens nothing.
func NewSet(opts SetOptions) (*Set, error) {
	s := &Set{opts: opts, readers: map[string]Reader{}}
	for _, m := range opts.Mirrors {
		if _, _, err := splitName(m.Repository); err != nil {
			return nil, fmt.Errorf("mirrors: %w", err)
		}
		if m.Path == "" {
			return nil, fmt.Errorf("mirrors: %s has no path", m.Repository)
		}
		k := key(m.Repository)
		if s.readers[k] != nil {
			return nil, fmt.Errorf("mirrors: %s is named twice", m.Repository)
		}
		l := NewLocal(m.Repository, m.Path, opts.Git)
		s.readers[k] = l
		s.mirrors = append(s.mirrors, l)
	}
	return s, nil
}

// key compares names as GitHub does.
func key(repository string) string { return strings.ToLower(repository) }

// Mirrors are the local engines, in configuration order, for telling their age.
func (s *Set) Mirrors() []*Local { return s.mirrors }

// Reader is the engine of a repository. Its errors are *OfflineError and malformed names.
func (s *Set) Reader(repository string) (Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.readers[key(repository)]; r != nil {
		return r, nil
	}
	if s.opts.Offline || s.opts.Client == nil {
		return nil, &OfflineError{Repository: repository}
	}
	var r Reader
	var err error
	if s.opts.Client.Anonymous() {
		r, err = newAnonymousReader(s.opts.Client, repository)
	} else {
		r, err = newTokenReader(s.opts.Client, repository)
	}
	if err != nil {
		return nil, err
	}
	s.readers[key(repository)] = r
	return r, nil
}

// Heads reads many heads, in the order asked for. All that are read with a token share one GraphQL
// document, so that a run in which nothing moved costs one request whatever the number of upstreams.
func (s *Set) Heads(ctx context.Context, requests []HeadRequest) []HeadResult {
	results := make([]HeadResult, len(requests))
	var together []HeadRequest
	var place []int
	var readers []*tokenReader
	for i, q := range requests {
		if len(q.Issues) > 0 { // no mirror has them
			if results[i].Err = s.issuesUnread(q.Repository); results[i].Err == nil {
				together, place, readers = append(together, q), append(place, i), append(readers, nil)
			}
			continue
		}
		r, err := s.Reader(q.Repository)
		if q.Live && s.opts.Client != nil && !s.opts.Client.Anonymous() {
			r, err = newTokenReader(s.opts.Client, q.Repository)
		}
		if err != nil {
			results[i].Err = err
			continue
		}
		if t, ok := r.(*tokenReader); ok {
			together, place, readers = append(together, q), append(place, i), append(readers, t)
			continue
		}
		results[i].Head, results[i].Err = r.Head(ctx, q.Ref, q.Paths)
		if e, ok := r.(releaser); ok && q.Releases > 0 && results[i].Err == nil {
			results[i].Head.Releases, results[i].ReleasesErr = e.releases(ctx, q.Releases)
		}
		if len(q.Tickets) > 0 && results[i].Err == nil {
			results[i].Head.Tickets, results[i].TicketsErr = firstTickets(ctx, r, q)
		}
		if e, ok := r.(milestoner); ok && q.Milestones && results[i].Err == nil {
			results[i].Head.Milestones, results[i].MilestonesErr = e.milestones(ctx)
		}
	}
	if len(together) > 0 {
		for i, res := range readHeads(ctx, s.opts.Client, together) {
			results[place[i]] = res.HeadResult
			if readers[i] != nil {
				readers[i].know(res)
			}
		}
	}
	return results
}
