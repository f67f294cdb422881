package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
)

// HeadRequest asks for one repository's head.
type HeadRequest struct {
	Repository string        // "kubernetes/kubernetes"
	Ref        string        // branch, tag, commit; "" or "HEAD" is the default branch
	Paths      []string      // whose object ids are wanted
	Releases   int           // how many of the newest releases are wanted, at most 100
	Milestones bool          // whether milestones are wanted: the open ones, and those closed last
	Tickets    []TicketQuery // whose first pages are wanted
	// Issues are wanted, and nothing else of the repository; only a token reads them.
	Issues []IssueRequest
	// Texts are small files that are wanted whole, with a token only.
	Texts []string
	// Live asks GitHub itself, whatever mirror stands for the repository, also offline: for a state that is kept there.
	Live bool
}

// HeadResult is the answer to one HeadRequest: a Head, or why there is none.
type HeadResult struct {
	Head Head
	Err  error
	// ReleasesErr is why the releases that were asked for could not be read. The head is right without
	// them, and its Releases say nothing then.
	ReleasesErr error
	// MilestonesErr and TicketsErr are the like for milestones and tickets.
	MilestonesErr, TicketsErr error
	// Issues are those that were asked for and exist, by number.
	Issues map[int]github.Issue
}

// headResult is a HeadResult, with the ids of those of its paths that are folders.
type headResult struct {
	HeadResult
	folders map[string]string
}

// maxPathsPerDocument bounds one document. A usual configuration has a dozen paths for each upstream.
const maxPathsPerDocument = 400

// readHeads asks for all heads by GraphQL, as many as fit into one document.
func readHeads(ctx context.Context, client *github.Client, requests []HeadRequest) []headResult {
	results := make([]headResult, len(requests))
	for start := 0; start < len(requests); {
		end, paths := start, 0
		for end < len(requests) && (end == start || paths+len(requests[end].Paths) <= maxPathsPerDocument) {
			paths += len(requests[end].Paths)
			end++
		}
		readHeadDocument(ctx, client, requests[start:end], results[start:end])
		start = end
	}
	return results
}

func readHeadDocument(ctx context.Context, client *github.Client, requests []HeadRequest, results []headResult) {
	doc := newDocument("Heads")
	asked := 0
	var read []string
	for i, r := range requests {
		add := addHead
		if len(r.Issues) > 0 {
			add = addIssues
		}
		if err := add(doc, i, r); err != nil {
			results[i].Err = err
			continue
		}
		if asked++; len(r.Issues) == 0 {
			read = append(read, r.Repository)
		}
	}
	if asked == 0 {
		return
	}
	op := "read issues of " + requests[0].Repository
	switch len(read) {
	case 0:
	case 1:
		op = "read " + read[0]
	default:
		op = fmt.Sprintf("read %d repositories", len(read))
	}
	var answer map[string]*repositoryNode
	err := client.GraphQL(ctx, github.Query{Op: op, Document: doc.String(), Variables: doc.vars}, &answer)
	partial, isPartial := errors.AsType[*github.GraphQLErrors](err)
	for i, r := range requests {
		switch {
		case results[i].Err != nil:
		case err != nil && !isPartial:
			results[i].Err = err
		case len(r.Issues) > 0:
			results[i].Issues, results[i].Err = issuesOf(i, r, answer, partial)
		default:
			alias := fmt.Sprintf("r%d", i)
			results[i] = headOf(r, answer[alias], errorsAt(partial, alias))
			if r.Releases > 0 && results[i].Err == nil {
				alias = fmt.Sprintf("s%d", i)
				results[i].Head.Releases, results[i].ReleasesErr = releasesOf(r, answer[alias].releases(), errorsAt(partial, alias))
			}
			for j := range r.Tickets {
				if results[i].Err != nil || results[i].TicketsErr != nil {
					break
				}
				alias = ticketAlias(i, j)
				var page TicketPage
				page, results[i].TicketsErr = ticketsOf(r.Repository, answer[alias].tickets(), errorsAt(partial, alias))
				results[i].Head.Tickets = append(results[i].Head.Tickets, page)
			}
			if r.Milestones && results[i].Err == nil {
				alias = fmt.Sprintf("m%d", i)
				results[i].Head.Milestones, results[i].MilestonesErr = answer[alias].milestones().read(r, errorsAt(partial, alias))
			}
		}
	}
}

// errorsAt is At of an answer that may have had no errors.
func errorsAt(e *github.GraphQLErrors, path ...string) []github.GraphQLError {
	if e == nil {
		return nil
	}
	return e.At(path...)
}

// repositoryNode is the answer for one repository: its head, its releases, its milestones, some of its issues, or one.
type repositoryNode struct {
	headNode
	releasesNode
	milestonesNode
	ticketsNode
	issueNode
}

func ticketAlias(i, j int) string { return fmt.Sprintf("t%dx%d", i, j) }

func (n *repositoryNode) tickets() *ticketsNode {
	if n == nil {
		return nil
	}
	return &n.ticketsNode
}

func (n *repositoryNode) releases() *releasesNode {
	if n == nil {
		return nil
	}
	return &n.releasesNode
}

func (n *repositoryNode) milestones() *milestonesNode {
	if n == nil {
		return nil
	}
	return &n.milestonesNode
}

type headNode struct {
	DefaultBranchRef *struct {
		Name   string
		Target *commitNode
	}
	Object *commitNode
}

// commitNode is a Commit, or a Tag that leads to one, with an alias for each path.
type commitNode struct {
	typename string
	oid      string
	time     time.Time
	tree     string
	target   *commitNode
	files    map[string]*fileNode // by alias
}

type fileNode struct {
	OID, Type string
	Object    *textNode // where a text was asked for
}

type textNode struct {
	ByteSize              *int
	IsBinary, IsTruncated *bool
	Text                  *string
}

// text is a file's content, whole or not at all: GitHub cuts long ones.
func (f *fileNode) text() Text {
	t := Text{OID: f.OID}
	o := f.Object
	if o == nil || o.Text == nil || o.ByteSize == nil || o.IsTruncated == nil || *o.IsTruncated || o.IsBinary != nil && *o.IsBinary || len(*o.Text) != *o.ByteSize {
		return t
	}
	t.Data, t.Whole = []byte(*o.Text), true
	return t
}

// UnmarshalJSON implements json.Unmarshaler: the names of the fields depend on the request.
func (c *commitNode) UnmarshalJSON(data []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	c.files = map[string]*fileNode{}
	for key, raw := range m {
		var err error
		switch key {
		case "__typename":
			err = json.Unmarshal(raw, &c.typename)
		case "oid":
			err = json.Unmarshal(raw, &c.oid)
		case "committedDate":
			err = json.Unmarshal(raw, &c.time)
		case "tree":
			var t struct{ OID string }
			err = json.Unmarshal(raw, &t)
			c.tree = t.OID
		case "target":
			err = json.Unmarshal(raw, &c.target)
		default:
			var f *fileNode
			err = json.Unmarshal(raw, &f)
			c.files[key] = f
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func addHead(doc *document, i int, r HeadRequest) error {
	owner, name, err := splitName(r.Repository)
	if err != nil {
		return err
	}
	if err := checkRef(r.Ref); err != nil {
		return err
	}
	paths, err := cleanPaths(r.Paths)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Repository, err)
	}
	fragment := fmt.Sprintf("commit%d", i)
	doc.repository(fmt.Sprintf("r%d", i), owner, name)
	if isHeadRef(r.Ref) {
		fmt.Fprintf(&doc.fields, "    defaultBranchRef { name target { __typename ...%s } }\n", fragment)
	} else {
		// A tag may point to a tag. git allows any depth; more than two were never seen.
		fmt.Fprintf(&doc.fields, "    object(expression: %s) { __typename ...%[2]s ... on Tag { target { __typename ...%[2]s ... on Tag { target { __typename ...%[2]s } } } } }\n",
			doc.bind("String!", r.Ref), fragment)
	}
	doc.fields.WriteString("  }\n")
	fmt.Fprintf(&doc.fragments, "fragment %s on Commit {\n  oid committedDate tree { oid }\n", fragment)
	for j, p := range paths {
		if p != "" {
			fmt.Fprintf(&doc.fragments, "  f%d: file(path: %s) { oid type }\n", j, doc.bind("String!", p))
		}
	}
	for j, p := range r.Texts {
		fmt.Fprintf(&doc.fragments, "  t%d: file(path: %s) { oid type object { ... on Blob { byteSize isBinary isTruncated text } } }\n", j, doc.bind("String!", p))
	}
	doc.fragments.WriteString("}\n")
	if r.Releases > 0 {
		addReleases(doc, fmt.Sprintf("s%d", i), owner, name, r.Releases)
	}
	for j, q := range r.Tickets {
		addTickets(doc, ticketAlias(i, j), owner, name, q, "")
	}
	if r.Milestones {
		addMilestones(doc, fmt.Sprintf("m%d", i), owner, name)
	}
	return nil
}

// headOf reads the answer for one request. A value that is null because of an error is never taken as
// absent, unless the error says just that.
func headOf(r HeadRequest, node *repositoryNode, errs []github.GraphQLError) headResult {
	fail := func(err error) headResult { return headResult{HeadResult: HeadResult{Err: err}} }
	for _, e := range errs {
		switch {
		case e.Type == "NOT_FOUND" && len(e.Path) <= 1:
			return fail(&NotFoundError{Repository: r.Repository})
		case e.Type != "NOT_FOUND":
			return fail(fmt.Errorf("read %s: %w", r.Repository, &github.GraphQLErrors{Errors: []github.GraphQLError{e}}))
		}
	}
	if node == nil {
		return fail(&NotFoundError{Repository: r.Repository})
	}
	head := Head{Ref: r.Ref, OIDs: map[string]string{}}
	commit := node.Object
	if isHeadRef(r.Ref) {
		if node.DefaultBranchRef == nil {
			return fail(&EmptyError{Repository: r.Repository})
		}
		head.Branch = node.DefaultBranchRef.Name
		commit = node.DefaultBranchRef.Target
	}
	for commit != nil && commit.typename == "Tag" {
		commit = commit.target
	}
	if commit == nil || commit.typename != "Commit" || commit.oid == "" {
		return fail(&NotFoundError{Repository: r.Repository, Ref: r.Ref})
	}
	head.SHA, head.Time = commit.oid, commit.time.UTC()
	folders := map[string]string{"": commit.tree}
	for j, p := range r.Paths {
		head.OIDs[p] = ""
		clean, err := cleanPath(p)
		if err == nil && clean == "" {
			head.OIDs[p] = commit.tree
		} else if f := commit.files[fmt.Sprintf("f%d", j)]; f != nil && isFileOrFolder(f.Type) {
			head.OIDs[p] = f.OID
			if f.Type == "tree" {
				folders[clean] = f.OID
			}
		}
	}
	for j, p := range r.Texts {
		if f := commit.files[fmt.Sprintf("t%d", j)]; f != nil && f.Type == "blob" {
			if head.Texts == nil {
				head.Texts = map[string]Text{}
			}
			head.Texts[p] = f.text()
		}
	}
	return headResult{HeadResult: HeadResult{Head: head}, folders: folders}
}

// isFileOrFolder leaves out submodules, whose ids name commits of another repository.
func isFileOrFolder(objectType string) bool { return objectType == "blob" || objectType == "tree" }

// splitName cuts "owner/name".
func splitName(repository string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return "", "", fmt.Errorf("%q is no repository: write it as owner/name", repository)
	}
	return owner, name, nil
}
