package ghtest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// writableGit is why nothing can be written to a repository's git data, if so. GitHub has no place for the first
// object of a repository without any.
func (c *call) writableGit(r *repository) (answer, bool) {
	if a, refused := c.refuse(r, Write); refused {
		return a, true
	}
	if r.git == nil || c.s.empty(r) {
		return c.emptyRepository(), true
	}
	return answer{}, false
}

func (c *call) unprocessable(message string) answer {
	return c.fail(http.StatusUnprocessableEntity, message)
}

// read decodes the body of a write.
func (c *call) read(into any) (answer, bool) {
	if err := json.Unmarshal(c.body, into); err != nil {
		return c.fail(http.StatusBadRequest, "Problems parsing JSON"), false
	}
	return answer{}, true
}

func (c *call) createBlob(r *repository) answer {
	if a, refused := c.writableGit(r); refused {
		return a
	}
	var in struct{ Content, Encoding string }
	if a, ok := c.read(&in); !ok {
		return a
	}
	data := []byte(in.Content)
	if in.Encoding == "base64" {
		var err error
		if data, err = base64.StdEncoding.DecodeString(in.Content); err != nil {
			return c.invalid(invalidField{Resource: "Blob", Code: "invalid", Field: "content"})
		}
	}
	oid, err := r.git.write("blob", data)
	if err != nil {
		return c.broken(err)
	}
	return jsonAnswer(http.StatusCreated, object{"sha": oid, "url": c.repoURL(r) + "/git/blobs/" + oid})
}

func (c *call) createTree(r *repository) answer {
	if a, refused := c.writableGit(r); refused {
		return a
	}
	var in struct {
		BaseTree string `json:"base_tree"`
		Tree     []struct {
			Path, Mode, Type string
			SHA              *string
			Content          *string
		}
	}
	if a, ok := c.read(&in); !ok {
		return a
	}
	base := ""
	if in.BaseTree != "" {
		var err error
		if base, err = c.treeOf(r, in.BaseTree); err != nil {
			return c.absent(r, err, c.unprocessable("base_tree is not a valid tree oid"))
		}
	}
	edits := map[string]treeEdit{}
	for _, e := range in.Tree {
		switch {
		case e.SHA != nil && e.Content != nil:
			return c.unprocessable("Must supply either tree.sha or tree.content, not both")
		case e.Content != nil:
			oid, err := r.git.write("blob", []byte(*e.Content))
			if err != nil {
				return c.broken(err)
			}
			edits[e.Path] = treeEdit{e.Mode, oid}
		case e.SHA == nil:
			at, err := c.inTree(r, base, e.Path)
			if err != nil {
				return c.broken(err)
			}
			if !at {
				return c.unprocessable("GitRPC::BadObjectState")
			}
			edits[e.Path] = treeEdit{}
		default:
			if _, _, _, err := r.git.resolve(*e.SHA); err != nil {
				return c.absent(r, err, c.unprocessable("tree.sha "+*e.SHA+" is not a valid "+e.Type))
			}
			edits[e.Path] = treeEdit{e.Mode, *e.SHA}
		}
	}
	oid, err := r.git.edit(base, edits)
	var bad *queryError
	switch {
	case errors.As(err, &bad):
		return c.unprocessable(bad.message)
	case err != nil:
		return c.broken(err)
	}
	entries, err := r.git.tree(oid)
	if err != nil {
		return c.broken(err)
	}
	out := []any{}
	for _, e := range entries {
		o := object{"path": e.name, "mode": e.mode, "type": e.kind, "sha": e.oid, "url": c.repoURL(r) + "/git/" + e.kind + "s/" + e.oid}
		if e.kind == "blob" {
			n, err := r.git.size(e.oid)
			if err != nil {
				return c.broken(err)
			}
			o["size"] = n
		}
		out = append(out, o)
	}
	return jsonAnswer(http.StatusCreated, object{"sha": oid, "url": c.repoURL(r) + "/git/trees/" + oid, "tree": out, "truncated": false})
}

// inTree reports whether a path is in a tree.
func (c *call) inTree(r *repository, tree, path string) (bool, error) {
	if tree == "" {
		return false, nil
	}
	_, err := r.git.entry(tree, path)
	if errors.Is(err, errNoObject) {
		return false, nil
	}
	return err == nil, err
}

func (c *call) createCommit(r *repository) answer {
	if a, refused := c.writableGit(r); refused {
		return a
	}
	type person struct {
		Name, Email string
		Date        time.Time
	}
	var in struct {
		Message, Tree     string
		Parents           []string
		Author, Committer *person
	}
	if a, ok := c.read(&in); !ok {
		return a
	}
	if !isOID(in.Tree) {
		return c.unprocessable("The tree parameter must be exactly 40 characters and contain only [0-9a-f].")
	}
	if _, err := r.git.tree(in.Tree); err != nil {
		return c.absent(r, err, c.unprocessable("Tree SHA does not exist"))
	}
	for _, p := range in.Parents {
		if _, err := r.git.commit(p); err != nil {
			return c.absent(r, err, c.unprocessable("Parent SHA does not exist or is not a commit object"))
		}
	}
	by := func(p *person, otherwise signature) signature {
		if p == nil {
			return otherwise
		}
		s := signature{name: p.Name, email: p.Email, when: p.Date}
		if s.when.IsZero() {
			s.when = otherwise.when
		}
		return s
	}
	author := by(in.Author, c.signer())
	oid, err := r.git.newCommit(in.Tree, in.Parents, author, by(in.Committer, author), in.Message)
	if err != nil {
		return c.broken(err)
	}
	k, err := r.git.commit(oid)
	if err != nil {
		return c.broken(err)
	}
	api := c.repoURL(r)
	parents := []any{}
	for _, p := range k.parents {
		parents = append(parents, object{"sha": p, "url": api + "/git/commits/" + p, "html_url": c.webURL(r) + "/commit/" + p})
	}
	return jsonAnswer(http.StatusCreated, object{
		"sha": oid, "node_id": nodeID("C", r.Name, oid), "url": api + "/git/commits/" + oid, "html_url": c.webURL(r) + "/commit/" + oid,
		"author": signatureJSON(k.author), "committer": signatureJSON(k.committer), "message": k.message, "parents": parents,
		"tree":         object{"sha": k.tree, "url": api + "/git/trees/" + k.tree},
		"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
	})
}

func (c *call) createRef(r *repository) answer {
	if a, refused := c.writableGit(r); refused {
		return a
	}
	var in struct{ Ref, SHA string }
	if a, ok := c.read(&in); !ok {
		return a
	}
	if !strings.HasPrefix(in.Ref, "refs/") || strings.Count(in.Ref, "/") < 2 {
		return c.unprocessable("Reference name must start with 'refs/' and have at least two slashes")
	}
	if _, err := r.git.commit(in.SHA); err != nil {
		return c.absent(r, err, c.unprocessable("Object does not exist"))
	}
	if err := r.git.setRef(c.r.Context(), in.Ref, in.SHA, ""); err != nil {
		if errors.Is(err, errMoved) {
			return c.unprocessable("Reference already exists")
		}
		return c.unprocessable("Reference update failed")
	}
	c.pushed(r, in.Ref, in.SHA)
	return jsonAnswer(http.StatusCreated, c.refJSON(r, gitRef{in.Ref, in.SHA, "commit"}))
}

func (c *call) updateRef(r *repository) answer {
	if a, refused := c.writableGit(r); refused {
		return a
	}
	var in struct {
		SHA   string
		Force bool
	}
	if a, ok := c.read(&in); !ok {
		return a
	}
	ctx, name := c.r.Context(), "refs/"+c.r.PathValue("ref")
	now, err := r.git.refNow(name)
	if err != nil {
		return c.broken(err)
	}
	if now == "" {
		return c.unprocessable("Reference does not exist")
	}
	if _, err := r.git.commit(in.SHA); err != nil {
		return c.absent(r, err, c.unprocessable("Object does not exist"))
	}
	if !in.Force {
		forward, err := r.git.descends(in.SHA, now)
		if err != nil {
			return c.broken(err)
		}
		if !forward {
			return c.unprocessable("Update is not a fast forward")
		}
	}
	if err := r.git.setRef(ctx, name, in.SHA, now); err != nil {
		if errors.Is(err, errMoved) { // somebody was quicker: this would go back behind them
			return c.unprocessable("Update is not a fast forward")
		}
		return c.unprocessable("Reference update failed")
	}
	c.pushed(r, name, in.SHA)
	return jsonAnswer(http.StatusOK, c.refJSON(r, gitRef{name, in.SHA, "commit"}))
}
