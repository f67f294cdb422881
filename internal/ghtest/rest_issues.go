package ghtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of texts, in characters.
const (
	maxBody  = 65536
	maxTitle = 256
	maxLabel = 50
)

// issuesRepo is the gate before all issue requests: 410 where they are switched off.
func (c *call) issuesOff(r *repository) (answer, bool) {
	if r.IssuesDisabled {
		return c.failDoc(http.StatusGone, "Issues has been disabled in this repository.", "https://docs.github.com/v3/issues/"), true
	}
	return answer{}, false
}

func (c *call) listIssues(r *repository) answer {
	if a, off := c.issuesOff(r); off {
		return a
	}
	q := c.r.URL.Query()
	since, err := c.moment("since")
	if err != nil {
		return c.invalid(invalidField{Resource: "Issue", Code: "invalid", Field: "since", Value: q.Get("since")})
	}
	query := issueQuery{
		since: since, creator: q.Get("creator"), assignee: q.Get("assignee"), mentioned: q.Get("mentioned"),
		milestone: q.Get("milestone"), sort: q.Get("sort"), ascending: q.Get("direction") == "asc", pulls: true,
	}
	switch state := q.Get("state"); state {
	case "", "open":
		query.states = []string{"open"}
	case "closed":
		query.states = []string{"closed"}
	case "all":
	default:
		return c.invalid(invalidField{Resource: "Issue", Code: "invalid", Field: "state", Value: state})
	}
	for l := range strings.SplitSeq(q.Get("labels"), ",") {
		if l = strings.TrimSpace(l); l != "" {
			query.labels = append(query.labels, l)
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return page(c, r, c.s.selectIssues(r, query), func(is *issue) any { return c.issueJSON(is) })
}

// issueFields is the body of POST and PATCH; nil is absent.
type issueFields struct {
	Title       *json.RawMessage `json:"title"` // a string or a number
	Body        *string          `json:"body"`
	State       *string          `json:"state"`
	StateReason *string          `json:"state_reason"`
	Labels      *[]labelName     `json:"labels"`
	Assignees   *[]string        `json:"assignees"`
	Milestone   *json.RawMessage `json:"milestone"` // a number or null
}

// labelName is a label given as a string or as an object with a name.
type labelName string

// UnmarshalJSON takes both forms.
func (l *labelName) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*l = labelName(s)
		return nil
	}
	var o struct{ Name string }
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	*l = labelName(o.Name)
	return nil
}

// decode reads a JSON body; what cannot be read is answered as GitHub does.
func (c *call) decode(v any) (answer, bool) {
	if err := json.Unmarshal(c.body, v); err != nil {
		return c.fail(http.StatusBadRequest, "Problems parsing JSON"), false
	}
	return answer{}, true
}

func (f issueFields) title() (string, bool) {
	if f.Title == nil {
		return "", false
	}
	var s string
	if json.Unmarshal(*f.Title, &s) == nil {
		return s, true
	}
	return string(*f.Title), true
}

// checkTexts finds what is too long or empty. Bodies are left out where an edit keeps the old one.
func (c *call) checkTexts(f issueFields, body bool) []invalidField {
	var errs []invalidField
	if t, ok := f.title(); ok {
		if strings.TrimSpace(t) == "" {
			errs = append(errs, invalidField{Resource: "Issue", Code: "missing_field", Field: "title"})
		}
		if utf8.RuneCountInString(t) > maxTitle {
			errs = append(errs, tooLong("Issue", "title", maxTitle))
		}
	}
	if body && f.Body != nil && utf8.RuneCountInString(*f.Body) > maxBody {
		errs = append(errs, tooLong("Issue", "body", maxBody))
	}
	if f.Labels != nil {
		for _, l := range *f.Labels {
			if utf8.RuneCountInString(string(l)) > maxLabel {
				errs = append(errs, tooLong("Label", "name", maxLabel))
			}
		}
		if len(*f.Labels) > 100 {
			errs = append(errs, invalidField{Resource: "Issue", Code: "custom", Field: "labels", Message: "labels is too long (maximum is 100 labels)"})
		}
	}
	return errs
}

func tooLong(resource, field string, n int) invalidField {
	return invalidField{
		Resource: resource, Code: "custom", Field: field,
		Message: field + " is too long (maximum is " + strconv.Itoa(n) + " characters)",
	}
}

func (c *call) createIssue(r *repository) answer {
	if a, refused := c.refuse(r, Report); refused {
		return a
	}
	if a, off := c.issuesOff(r); off {
		return a
	}
	var f issueFields
	if a, ok := c.decode(&f); !ok {
		return a
	}
	title, ok := f.title()
	if !ok {
		return c.fail(http.StatusUnprocessableEntity, "Invalid request.\n\n\"title\" wasn't supplied.")
	}
	if errs := c.checkTexts(f, true); len(errs) > 0 {
		return c.invalid(errs...)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	in := Issue{Title: title, Author: c.who.Login}
	if f.Body != nil {
		in.Body = *f.Body
	}
	is := c.s.newIssue(r, in)
	c.applyTriage(is, f)
	is.hidden = c.lag()
	c.s.wrote(c, Written{What: "issue", Action: "create", Repository: r.Name, Number: is.Number, ID: is.ID, Title: is.Title, Body: is.Body})
	a := jsonAnswer(http.StatusCreated, c.issueJSON(is))
	a.header.Set("Location", c.repoURL(r)+"/issues/"+strconv.Itoa(is.Number))
	return a
}

// applyTriage sets labels, assignees and milestone, which without push access GitHub drops without
// a word. Labels that do not exist are made. Callers hold s.mu.
func (c *call) applyTriage(is *issue, f issueFields) {
	if access(c.who, is.repo) < Write {
		return
	}
	if f.Labels != nil && !c.suffers(DropLabels) {
		is.Labels = nil
		for _, l := range *f.Labels {
			name := c.s.ensureLabel(is.repo, string(l)).Name
			if !slices.Contains(is.Labels, name) {
				is.Labels = append(is.Labels, name)
			}
		}
	}
	if f.Assignees != nil {
		is.Assignees = slices.Clone(*f.Assignees)
	}
	if f.Milestone != nil {
		is.Milestone = ""
		if n, err := strconv.Atoi(string(*f.Milestone)); err == nil {
			for _, m := range is.repo.milestones {
				if m.Number == n {
					is.Milestone = m.Title
				}
			}
		}
	}
}

// issueAt finds the issue of the path, under the lock.
func (c *call) issueAt(r *repository) *issue {
	n, err := strconv.Atoi(c.r.PathValue("number"))
	if err != nil {
		return nil
	}
	if is := r.issue(n); is != nil {
		return is
	}
	if p := r.pull(n); p != nil && c.r.Method == http.MethodGet {
		return c.s.pullAsIssue(r, p)
	}
	return nil
}

func (c *call) getIssue(r *repository) answer {
	if a, off := c.issuesOff(r); off {
		return a
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	is := c.issueAt(r)
	if is == nil {
		return c.notFound()
	}
	return jsonAnswer(http.StatusOK, c.issueJSON(is))
}

func (c *call) editIssue(r *repository) answer {
	if a, refused := c.refuse(r, Report); refused {
		return a
	}
	if a, off := c.issuesOff(r); off {
		return a
	}
	var f issueFields
	if a, ok := c.decode(&f); !ok {
		return a
	}
	if errs := c.checkTexts(f, false); len(errs) > 0 {
		return c.invalid(errs...)
	}
	if f.State != nil && *f.State != "open" && *f.State != "closed" {
		return c.invalid(invalidField{Resource: "Issue", Code: "invalid", Field: "state", Value: *f.State})
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	is := c.issueAt(r)
	if is == nil {
		return c.notFound()
	}
	if !strings.EqualFold(is.Author, c.who.Login) {
		if a, refused := c.refuse(r, Write); refused {
			return a
		}
	}
	if t, ok := f.title(); ok {
		is.Title = t
	}
	if f.Body != nil && utf8.RuneCountInString(*f.Body) <= maxBody { // else the old one stays, and the answer is 200
		is.Body = *f.Body
	}
	if f.State != nil {
		is.State = *f.State
		is.Reason = ""
		if is.State == "closed" {
			is.Reason = "completed"
		}
	}
	if f.StateReason != nil {
		is.Reason = *f.StateReason
	}
	c.applyTriage(is, f)
	is.Updated = c.s.stamp()
	c.s.settleState(is)
	c.s.wrote(c, Written{What: "issue", Action: "edit", Repository: r.Name, Number: is.Number, ID: is.ID, Title: is.Title, Body: is.Body})
	return jsonAnswer(http.StatusOK, c.issueJSON(is))
}

func (c *call) listComments(r *repository) answer {
	if a, off := c.issuesOff(r); off {
		return a
	}
	since, err := c.moment("since")
	if err != nil {
		return c.invalid(invalidField{Resource: "IssueComment", Code: "invalid", Field: "since"})
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	is := c.issueAt(r)
	if is == nil {
		return c.notFound()
	}
	list := slices.DeleteFunc(selectComments(is), func(k *comment) bool { return k.Updated.Before(since) })
	return page(c, r, list, func(k *comment) any { return c.commentJSON(k) })
}

func (c *call) listRepoComments(r *repository) answer {
	if a, off := c.issuesOff(r); off {
		return a
	}
	since, err := c.moment("since")
	if err != nil {
		return c.invalid(invalidField{Resource: "IssueComment", Code: "invalid", Field: "since"})
	}
	q := c.r.URL.Query()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var list []*comment
	for _, is := range r.issues {
		list = append(list, selectComments(is)...)
	}
	list = slices.DeleteFunc(list, func(k *comment) bool { return k.Updated.Before(since) })
	slices.SortStableFunc(list, func(a, b *comment) int {
		by := a.Created.Compare(b.Created)
		if q.Get("sort") == "updated" {
			by = a.Updated.Compare(b.Updated)
		}
		if q.Get("direction") == "desc" {
			return -by
		}
		return by
	})
	return page(c, r, list, func(k *comment) any { return c.commentJSON(k) })
}

// commentBody reads and checks the body of a comment.
func (c *call) commentBody() (string, answer, bool) {
	var f struct {
		Body *string `json:"body"`
	}
	if a, ok := c.decode(&f); !ok {
		return "", a, false
	}
	if f.Body == nil {
		return "", c.fail(http.StatusUnprocessableEntity, "Invalid request.\n\n\"body\" wasn't supplied."), false
	}
	if strings.TrimSpace(*f.Body) == "" {
		return "", c.invalid(invalidField{Resource: "IssueComment", Code: "unprocessable", Field: "data", Message: "Body cannot be blank"}), false
	}
	if utf8.RuneCountInString(*f.Body) > maxBody {
		return "", c.invalid(tooLong("IssueComment", "body", maxBody)), false
	}
	return *f.Body, answer{}, true
}

func (c *call) createComment(r *repository) answer {
	if a, refused := c.refuse(r, Report); refused {
		return a
	}
	if a, off := c.issuesOff(r); off {
		return a
	}
	body, a, ok := c.commentBody()
	if !ok {
		return a
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	is := c.issueAt(r)
	if is == nil {
		return c.notFound()
	}
	if is.Locked && access(c.who, r) < Write {
		return c.fail(http.StatusForbidden, "Unable to create comment because issue is locked.")
	}
	k := c.s.newComment(is, Comment{Body: body, Author: c.who.Login})
	k.hidden = c.lag()
	c.s.wrote(c, Written{What: "comment", Action: "create", Repository: r.Name, Number: is.Number, ID: k.ID, Body: body})
	a = jsonAnswer(http.StatusCreated, c.commentJSON(k))
	a.header.Set("Location", c.repoURL(r)+"/issues/comments/"+strconv.FormatInt(k.ID, 10))
	return a
}

// commentAt finds the comment of the path, under the lock.
func (c *call) commentAt(r *repository) *comment {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return nil
	}
	return r.comments[id]
}

func (c *call) getComment(r *repository) answer {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	k := c.commentAt(r)
	if k == nil {
		return c.notFound()
	}
	return jsonAnswer(http.StatusOK, c.commentJSON(k))
}

func (c *call) editComment(r *repository) answer {
	if a, refused := c.refuse(r, Report); refused {
		return a
	}
	body, a, ok := c.commentBody()
	if !ok {
		return a
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	k := c.commentAt(r)
	if k == nil {
		return c.notFound()
	}
	if !strings.EqualFold(k.Author, c.who.Login) {
		if a, refused := c.refuse(r, Write); refused {
			return a
		}
	}
	k.Body, k.Updated = body, c.s.stamp()
	k.issue.Updated = k.Updated
	c.s.wrote(c, Written{What: "comment", Action: "edit", Repository: r.Name, Number: k.issue.Number, ID: k.ID, Body: body})
	return jsonAnswer(http.StatusOK, c.commentJSON(k))
}

func (c *call) deleteComment(r *repository) answer {
	if a, refused := c.refuse(r, Report); refused {
		return a
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	k := c.commentAt(r)
	if k == nil {
		return c.notFound()
	}
	if !strings.EqualFold(k.Author, c.who.Login) {
		if a, refused := c.refuse(r, Write); refused {
			return a
		}
	}
	delete(r.comments, k.ID)
	k.issue.comments = slices.DeleteFunc(k.issue.comments, func(x *comment) bool { return x == k })
	c.s.wrote(c, Written{What: "comment", Action: "delete", Repository: r.Name, Number: k.issue.Number, ID: k.ID})
	return answer{status: http.StatusNoContent, header: http.Header{}}
}
