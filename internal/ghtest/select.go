package ghtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// issueQuery is what REST lists, GraphQL connections and search ask for.
type issueQuery struct {
	states    []string // "open", "closed"; empty is all
	labels    []string // all of them (REST, search) ...
	anyLabels bool     // ... or one of them (GraphQL)
	since     time.Time
	creator   string
	assignee  string // login, "*" any, "none"
	mentioned string
	milestone string   // number, title, "*" any, "none"
	words     []string // whole words or phrases, all of them, in ...
	in        []string // ... "title", "body"; empty is both
	merged    string   // "merged", "unmerged": pull requests of that kind
	base      string   // pull requests into that branch
	sort      string   // "created", "updated", "comments"
	ascending bool
	pulls     bool // pull requests too, as REST has it
}

// selectIssues lists what a query asks for. It counts as one look at the list for things that lag.
// Callers hold s.mu.
func (s *Server) selectIssues(r *repository, q issueQuery) []*issue {
	var all []*issue
	for _, is := range r.issues {
		if is.hidden > 0 {
			is.hidden--
			continue
		}
		all = append(all, is)
	}
	if q.pulls {
		for _, p := range r.pulls {
			all = append(all, s.pullAsIssue(r, p))
		}
	}
	all = slices.DeleteFunc(all, func(is *issue) bool { return !q.matches(is) })
	slices.SortStableFunc(all, func(a, b *issue) int {
		var by int
		switch q.sort {
		case "updated":
			by = a.Updated.Compare(b.Updated)
		case "comments":
			by = cmp.Compare(len(a.comments), len(b.comments))
		default:
			by = a.Created.Compare(b.Created)
		}
		if by == 0 {
			by = cmp.Compare(a.Number, b.Number)
		}
		if !q.ascending {
			return -by
		}
		return by
	})
	return all
}

func (q issueQuery) matches(is *issue) bool {
	if len(q.states) > 0 && !slices.Contains(q.states, is.State) {
		return false
	}
	if !q.since.IsZero() && is.Updated.Before(q.since) {
		return false
	}
	if q.creator != "" && !strings.EqualFold(q.creator, is.Author) {
		return false
	}
	has := func(label string) bool {
		return slices.ContainsFunc(is.Labels, func(l string) bool { return strings.EqualFold(l, label) })
	}
	if len(q.labels) > 0 && q.anyLabels && !slices.ContainsFunc(q.labels, has) {
		return false
	}
	if !q.anyLabels && slices.ContainsFunc(q.labels, func(l string) bool { return !has(l) }) {
		return false
	}
	switch q.assignee {
	case "":
	case "*":
		if len(is.Assignees) == 0 {
			return false
		}
	case "none":
		if len(is.Assignees) > 0 {
			return false
		}
	default:
		if !slices.ContainsFunc(is.Assignees, func(a string) bool { return strings.EqualFold(a, q.assignee) }) {
			return false
		}
	}
	switch q.milestone {
	case "":
	case "*":
		if is.Milestone == "" {
			return false
		}
	case "none":
		if is.Milestone != "" {
			return false
		}
	default:
		m := is.repo.milestone(is.Milestone)
		if m == nil || m.Title != q.milestone && strconv.Itoa(m.Number) != q.milestone {
			return false
		}
	}
	if q.mentioned != "" && !strings.Contains(strings.ToLower(is.Body), "@"+strings.ToLower(q.mentioned)) {
		return false
	}
	if q.merged != "" && (is.pull == nil || (is.pull.State == "merged") != (q.merged == "merged")) {
		return false
	}
	if q.base != "" && (is.pull == nil || cmp.Or(is.pull.Base, is.repo.DefaultBranch, "main") != q.base) {
		return false
	}
	var text string
	if len(q.in) == 0 || slices.Contains(q.in, "title") {
		text += tokens(is.Title)
	}
	if len(q.in) == 0 || slices.Contains(q.in, "body") {
		text += tokens(is.Body)
	}
	for _, w := range q.words {
		if !strings.Contains(text, tokens(w)) {
			return false
		}
	}
	return true
}

// tokens is a text as search has it, " word word ": a part of a word finds nothing.
func tokens(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
	}), " ") + " "
}

// selectComments lists an issue's comments; those that lag are one look nearer. Callers hold s.mu.
func selectComments(is *issue) []*comment {
	var out []*comment
	for _, k := range is.comments {
		if k.hidden > 0 {
			k.hidden--
			continue
		}
		out = append(out, k)
	}
	return out
}

// words splits a search at spaces outside quotes, and takes the quotes off.
func words(q string) []string {
	var out []string
	var b strings.Builder
	quoted := false
	for _, c := range q + " " {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			if b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
		default:
			b.WriteRune(c)
		}
	}
	return out
}

// search answers the qualifiers repo, is, state, type, in, base, label, author, assignee, milestone, updated:>=;
// created is not served; other words are looked for as whole words in title and body. Callers hold s.mu.
func (s *Server) search(who *Token, q string) []*issue {
	query := issueQuery{pulls: true}
	var repos []string
	kind := ""
	for _, w := range words(q) {
		key, value, ok := strings.Cut(w, ":")
		if !ok {
			query.words = append(query.words, w)
			continue
		}
		switch key {
		case "repo":
			repos = append(repos, strings.ToLower(value))
		case "is", "state", "type":
			switch value {
			case "open", "closed":
				query.states = []string{value}
			case "issue", "pr":
				kind = value
			case "merged", "unmerged":
				query.merged = value
			}
		case "label":
			query.labels = append(query.labels, value)
		case "author":
			query.creator = value
		case "assignee":
			query.assignee = value
		case "milestone":
			query.milestone = value
		case "in":
			query.in = strings.Split(value, ",")
		case "base":
			query.base = value
		case "updated":
			query.since = searchDate(strings.TrimLeft(value, ">="))
		default:
			query.words = append(query.words, w)
		}
	}
	var out []*issue
	for _, r := range s.order {
		if access(who, r) < Read || len(repos) > 0 && !slices.Contains(repos, strings.ToLower(r.Name)) {
			continue
		}
		for _, is := range s.selectIssues(r, query) {
			if kind == "issue" && is.pull != nil || kind == "pr" && is.pull == nil {
				continue
			}
			out = append(out, is)
		}
	}
	return out
}

// searchDate reads a date or a date-time; others are no bound.
func searchDate(v string) time.Time {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, v); err == nil {
			return t
		}
	}
	return time.Time{}
}
