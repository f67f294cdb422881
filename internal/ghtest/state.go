package ghtest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Repository describes one repository to serve.
type Repository struct {
	Name           string // "owner/name"
	GitDir         string // work tree or bare directory; "" serves no code (an empty repository)
	DefaultBranch  string // "" is what HEAD points to, or "main"
	Private        bool   // visible only to tokens that name it in Access
	Archived       bool   // writes answer 403
	IssuesDisabled bool   // issue requests answer 410
	Description    string
}

// Issue is an issue as it is kept. What [Server.AddIssue] is given empty gets a value.
type Issue struct {
	ID        int64      `json:"id"`
	Number    int        `json:"number"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	State     string     `json:"state"` // "open" or "closed"
	Reason    string     `json:"state_reason,omitempty"`
	Locked    bool       `json:"locked,omitempty"` // who may not push may not comment
	Author    string     `json:"author"`           // login; "" is a deleted account
	Labels    []string   `json:"labels"`
	Assignees []string   `json:"assignees,omitempty"`
	Milestone string     `json:"milestone,omitempty"` // title
	Created   time.Time  `json:"created_at"`
	Updated   time.Time  `json:"updated_at"`
	Closed    *time.Time `json:"closed_at,omitempty"`
	Comments  []Comment  `json:"comments"`
}

// Comment is a comment on an issue.
type Comment struct {
	ID      int64     `json:"id"`
	Body    string    `json:"body"`
	Author  string    `json:"author"`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

// Label is a label of a repository. Names are compared without case, as GitHub does.
type Label struct {
	ID          int64
	Name        string
	Color       string // six hex digits, no "#"; "" is "ededed"
	Description string
	Created     time.Time
}

// Milestone is a milestone of a repository.
type Milestone struct {
	ID          int64
	Number      int // 0: the next
	Title       string
	Description string
	State       string     // "open" (also "") or "closed"
	Due         *time.Time // its day in UTC counts
	Created     time.Time
	Updated     time.Time
	ClosedAt    *time.Time
	// OpenIssues and ClosedIssues are pull requests that are counted and not kept. Issues that name the milestone are
	// counted beside them.
	OpenIssues, ClosedIssues int
}

// Release is a published release.
type Release struct {
	ID         int64
	Tag        string
	Name       string
	Body       string
	Author     string
	Draft      bool
	Prerelease bool
	Created    time.Time
	Published  time.Time
}

// PullRequest is as much of a pull request as tracing needs.
type PullRequest struct {
	ID       int64
	Number   int
	Title    string
	Body     string
	Author   string
	State    string // "merged" (also ""), "closed" or "open"
	Labels   []string
	Base     string // branch; "" is the default branch
	MergeOID string // the merge (or squashed) commit
	// Commits that it brought, those of a rebase say. If empty and MergeOID is a merge commit, those that
	// its other parents add to the first are found through git.
	Commits []string
	// Files are the paths that it changes. If nil, they are those of MergeOID against its first parent.
	Files []string
	// Closes are the issues that it is linked to and closes: "#12", or "owner/name#12" of another repository.
	// They must have been added before.
	Closes  []string
	Created time.Time
	Merged  *time.Time
}

type repository struct {
	Repository
	id            int64
	owner, name   string
	created       time.Time
	git           *gitDir // nil without code
	issues        []*issue
	comments      map[int64]*comment
	labels        []*Label
	milestones    []*Milestone
	releases      []*Release
	pulls         []*PullRequest
	brought       map[string][]string // commits by merge commit, see Server.brought
	nextNumber    int
	nextMilestone int
}

type issue struct {
	Issue
	repo     *repository
	comments []*comment
	hidden   int          // list requests that do not see it yet
	pull     *PullRequest // set where this is a pull request seen as an issue
}

type comment struct {
	Comment
	issue  *issue
	hidden int
}

type user struct {
	id      int64
	login   string
	app     bool
	created time.Time
}

// AddRepository adds a repository; one of that name is replaced. It panics on a name without owner:
// tests are the only callers.
func (s *Server) AddRepository(r Repository) {
	owner, name, ok := strings.Cut(r.Name, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		panic(fmt.Sprintf("ghtest: repository %q: want owner/name", r.Name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := &repository{
		Repository: r, id: s.id(), owner: owner, name: name, created: s.now(),
		comments: map[int64]*comment{}, brought: map[string][]string{}, nextNumber: 1, nextMilestone: 1,
	}
	if r.GitDir != "" {
		repo.git = newGitDir(s.ctx, r.GitDir)
	}
	s.account(owner)
	key := strings.ToLower(r.Name)
	if old := s.repos[key]; old != nil {
		s.order = slices.DeleteFunc(s.order, func(x *repository) bool { return x == old })
		if old.git != nil {
			old.git.close()
		}
	}
	s.repos[key] = repo
	s.order = append(s.order, repo)
}

// account returns the user of a login, made if needed; nil for "". Callers hold s.mu.
func (s *Server) account(login string) *user {
	if login == "" {
		return nil
	}
	key := strings.ToLower(login)
	u := s.users[key]
	if u == nil {
		u = &user{id: s.id(), login: login, app: strings.HasSuffix(login, "[bot]"), created: s.now()}
		s.users[key] = u
	}
	return u
}

// mustRepo is for helpers that tests call with a name they have just added.
func (s *Server) mustRepo(name string) *repository {
	r := s.repos[strings.ToLower(name)]
	if r == nil {
		panic(fmt.Sprintf("ghtest: repository %q was not added", name))
	}
	return r
}

// AddIssue adds an issue as it stands, without permission checks, and returns it as kept: number,
// times and state are filled in where empty, labels are made.
func (s *Server) AddIssue(repo string, in Issue) Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	is := s.newIssue(r, in)
	return is.snapshot()
}

// newIssue keeps an issue. Callers hold s.mu.
func (s *Server) newIssue(r *repository, in Issue) *issue {
	now, updated := s.stamp(), in.Updated
	if in.Number == 0 {
		in.Number = r.nextNumber
	}
	r.nextNumber = max(r.nextNumber, in.Number+1)
	if in.State == "" {
		in.State = "open"
	}
	if in.Created.IsZero() {
		in.Created = now
	}
	if in.Updated.IsZero() {
		in.Updated = in.Created
	}
	if in.State == "closed" && in.Closed == nil {
		at := in.Updated
		in.Closed = &at
	}
	in.ID = s.id()
	s.account(in.Author)
	in.Labels = slices.Clone(in.Labels) // the caller may keep his
	for i, l := range in.Labels {
		in.Labels[i] = s.ensureLabel(r, l).Name
	}
	is := &issue{Issue: in, repo: r}
	is.Comments = nil
	for _, c := range in.Comments {
		s.newComment(is, c)
	}
	if !updated.IsZero() { // as given, whatever its comments say
		is.Updated = updated
	}
	r.issues = append(r.issues, is)
	slices.SortStableFunc(r.issues, func(a, b *issue) int { return cmp.Compare(a.Number, b.Number) })
	return is
}

// AddComment adds a comment to an issue; the issue counts as updated.
func (s *Server) AddComment(repo string, number int, c Comment) Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mustRepo(repo).issue(number)
	if is == nil {
		panic(fmt.Sprintf("ghtest: %s has no issue %d", repo, number))
	}
	return s.newComment(is, c).Comment
}

func (s *Server) newComment(is *issue, c Comment) *comment {
	if c.Created.IsZero() {
		c.Created = s.stamp()
	}
	if c.Updated.IsZero() {
		c.Updated = c.Created
	}
	c.ID = s.id()
	s.account(c.Author)
	kept := &comment{Comment: c, issue: is}
	is.comments = append(is.comments, kept)
	is.repo.comments[c.ID] = kept
	if c.Created.After(is.Updated) {
		is.Updated = c.Created
	}
	return kept
}

// UpdateIssue changes an issue in place, as a person at the web page would. The update time moves
// unless f sets it.
func (s *Server) UpdateIssue(repo string, number int, f func(*Issue)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mustRepo(repo).issue(number)
	if is == nil {
		panic(fmt.Sprintf("ghtest: %s has no issue %d", repo, number))
	}
	was := is.Updated
	f(&is.Issue)
	for i, l := range is.Labels {
		is.Labels[i] = s.ensureLabel(is.repo, l).Name
	}
	if is.Updated.Equal(was) {
		is.Updated = s.stamp()
	}
	s.settleState(is)
}

// DeleteIssue takes an issue away with its comments, as its repository's administrators can, or as it goes when it is
// transferred to another repository. Its number is not given again.
func (s *Server) DeleteIssue(repo string, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	r.issues = slices.DeleteFunc(r.issues, func(is *issue) bool {
		if is.Number != number {
			return false
		}
		for _, k := range is.comments {
			delete(r.comments, k.ID)
		}
		return true
	})
}

// SetIssuesDisabled switches the issues of a repository off or on again.
func (s *Server) SetIssuesDisabled(repo string, off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepo(repo).IssuesDisabled = off
}

// settleState keeps the closing time in step with the state. Callers hold s.mu.
func (s *Server) settleState(is *issue) {
	switch {
	case is.State == "closed" && is.Closed == nil:
		at := is.Updated
		is.Closed = &at
	case is.State == "open":
		is.Closed = nil
	}
}

// AddLabel adds a label to a repository, or changes the one of that name.
func (s *Server) AddLabel(repo string, l Label) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.ensureLabel(s.mustRepo(repo), l.Name)
	if l.Color != "" {
		kept.Color = l.Color
	}
	kept.Description = l.Description
}

func (s *Server) ensureLabel(r *repository, name string) *Label {
	if l := r.label(name); l != nil {
		return l
	}
	l := &Label{ID: s.id(), Name: name, Color: "ededed", Created: s.now()}
	r.labels = append(r.labels, l)
	return l
}

// AddMilestone adds a milestone, or replaces the one with the same number.
func (s *Server) AddMilestone(repo string, m Milestone) Milestone {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	if m.Number == 0 {
		m.Number = r.nextMilestone
	}
	r.nextMilestone = max(r.nextMilestone, m.Number+1)
	if m.State == "" {
		m.State = "open"
	}
	if m.Created.IsZero() {
		m.Created = s.now()
	}
	if m.Updated.IsZero() {
		m.Updated = s.now()
	}
	if m.State == "closed" && m.ClosedAt == nil {
		at := m.Updated
		m.ClosedAt = &at
	}
	m.ID = s.id()
	for i, old := range r.milestones {
		if old.Number == m.Number {
			m.ID = old.ID
			r.milestones[i] = &m
			return m
		}
	}
	r.milestones = append(r.milestones, &m)
	return m
}

// Milestone is a milestone as it is, by its number.
func (s *Server) Milestone(repo string, number int) (Milestone, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mustRepo(repo).milestones {
		if m.Number == number {
			return *m, true
		}
	}
	return Milestone{}, false
}

// DeleteMilestone takes a milestone away, as its maintainers can. Its issues stay, without it.
func (s *Server) DeleteMilestone(repo string, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	for _, m := range r.milestones {
		for _, is := range r.issues {
			if m.Number == number && is.Milestone == m.Title {
				is.Milestone = ""
			}
		}
	}
	r.milestones = slices.DeleteFunc(r.milestones, func(m *Milestone) bool { return m.Number == number })
}

// AddRelease adds a release. The tag is not made.
func (s *Server) AddRelease(repo string, rel Release) Release {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	rel.ID = s.id()
	if rel.Created.IsZero() {
		rel.Created = s.now()
	}
	if rel.Published.IsZero() && !rel.Draft {
		rel.Published = rel.Created
	}
	if rel.Author == "" {
		rel.Author = r.owner
	}
	s.account(rel.Author)
	r.releases = append(r.releases, &rel)
	return rel
}

// DeleteRelease takes a release of a tag away, as its maintainers can. The tag stays.
func (s *Server) DeleteRelease(repo, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	r.releases = slices.DeleteFunc(r.releases, func(x *Release) bool { return x.Tag == tag })
}

// AddPullRequest adds a pull request. Its number may not be that of an issue.
func (s *Server) AddPullRequest(repo string, p PullRequest) PullRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mustRepo(repo)
	p.ID = s.id()
	if p.Number == 0 {
		p.Number = r.nextNumber
	}
	r.nextNumber = max(r.nextNumber, p.Number+1)
	if p.State == "" {
		p.State = "merged"
	}
	if p.Created.IsZero() {
		p.Created = s.now()
	}
	if p.State == "merged" && p.Merged == nil {
		at := p.Created
		p.Merged = &at
	}
	s.account(p.Author)
	for _, c := range p.Closes {
		if owner, n := closes(r, c); s.repos[owner] == nil || s.repos[owner].issue(n) == nil {
			panic(fmt.Sprintf("ghtest: pull request %d closes %s, which was not added", p.Number, c))
		}
	}
	p.Labels = slices.Clone(p.Labels) // the caller may keep his
	for i, l := range p.Labels {
		p.Labels[i] = s.ensureLabel(r, l).Name
	}
	r.pulls = append(r.pulls, &p)
	return p
}

// closes reads one entry of PullRequest.Closes: the repository's key and the number.
func closes(r *repository, text string) (key string, n int) {
	repo, number, _ := strings.Cut(text, "#")
	n, _ = strconv.Atoi(number)
	return strings.ToLower(cmp.Or(repo, r.Name)), n
}

// Issues returns copies of a repository's issues with their comments, by number.
func (s *Server) Issues(repo string) []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	for _, is := range s.mustRepo(repo).issues {
		out = append(out, is.snapshot())
	}
	return out
}

// Labels returns copies of a repository's labels in the order they were made.
func (s *Server) Labels(repo string) []Label {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Label
	for _, l := range s.mustRepo(repo).labels {
		out = append(out, *l)
	}
	return out
}

func (is *issue) snapshot() Issue {
	out := is.Issue
	out.Labels = slices.Clone(is.Labels)
	out.Assignees = slices.Clone(is.Assignees)
	out.Comments = nil
	for _, c := range is.comments {
		out.Comments = append(out.Comments, c.Comment)
	}
	return out
}

func (r *repository) issue(number int) *issue {
	for _, is := range r.issues {
		if is.Number == number {
			return is
		}
	}
	return nil
}

func (r *repository) label(name string) *Label {
	for _, l := range r.labels {
		if strings.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

func (r *repository) milestone(title string) *Milestone {
	for _, m := range r.milestones {
		if m.Title == title {
			return m
		}
	}
	return nil
}

func (r *repository) pull(number int) *PullRequest {
	for _, p := range r.pulls {
		if p.Number == number {
			return p
		}
	}
	return nil
}

// counts are a milestone's open and closed issues as shown. Callers hold s.mu.
func (r *repository) counts(m *Milestone) (open, closed int) {
	open, closed = m.OpenIssues, m.ClosedIssues
	for _, is := range r.issues {
		if is.Milestone != m.Title {
			continue
		}
		if is.State == "open" {
			open++
		} else {
			closed++
		}
	}
	return open, closed
}
