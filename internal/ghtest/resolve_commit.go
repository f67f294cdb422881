package ghtest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// commitOnBranch is the mutation createCommitOnBranch: files are changed and the branch moves, both or neither, and
// only if the branch stood where the caller thinks.
func (x *execution) commitOnBranch(in arguments) (any, error) {
	r, name, err := x.committable(in.object("branch"))
	if err != nil {
		return nil, err
	}
	if access(x.c.who, r) < Write {
		message := "Resource not accessible by personal access token"
		if x.c.who.Integration {
			message = "Resource not accessible by integration"
		}
		return nil, &queryError{"FORBIDDEN", message}
	}
	if r.Archived {
		return nil, &queryError{"UNPROCESSABLE", "Repository was archived so is read-only."}
	}
	if r.git == nil {
		return nil, &queryError{"UNPROCESSABLE", "The repository is empty."}
	}
	ctx, full := x.c.r.Context(), "refs/heads/"+name
	head, err := r.git.refNow(full)
	if err != nil {
		return nil, err
	}
	if head == "" {
		return nil, notResolved("No such branch: %s", name)
	}
	expected := in.text("expectedHeadOid")
	stale := &queryError{"STALE_DATA", fmt.Sprintf("Expected branch to point to %q but it did not.  Pull and try again.", expected)}
	if head != expected {
		return nil, stale
	}
	k, err := r.git.commit(head)
	if err != nil {
		return nil, err
	}
	edits, err := x.fileChanges(r, k, in.object("fileChanges"))
	if err != nil {
		return nil, err
	}
	tree := k.tree
	if len(edits) > 0 {
		if tree, err = r.git.edit(k.tree, edits); err != nil {
			return nil, err
		}
	}
	message := in.object("message").text("headline")
	if body := in.object("message").text("body"); body != "" {
		message += "\n\n" + body
	}
	author := x.c.signer()
	oid, err := r.git.newCommit(tree, []string{head}, author, machine(author.when), message)
	if err != nil {
		return nil, err
	}
	if err := r.git.setRef(ctx, full, oid, head); err != nil {
		if errors.Is(err, errMoved) {
			return nil, stale
		}
		return nil, err
	}
	x.c.pushed(r, full, oid)
	made, err := r.git.commit(oid)
	if err != nil {
		return nil, err
	}
	return committedNode{commitNode{r, made}, refNode{r, gitRef{full, oid, "commit"}}, in["clientMutationId"]}, nil
}

// committable finds the branch: by the id of its ref, or by the names of repository and branch.
func (x *execution) committable(b arguments) (*repository, string, error) {
	if id := b.text("id"); id != "" {
		n, err := x.node(id)
		if err != nil {
			return nil, "", err
		}
		f, ok := n.(refNode)
		if !ok || !strings.HasPrefix(f.name, "refs/heads/") {
			return nil, "", notResolved("Could not resolve to a branch with the global id of '%s'", id)
		}
		return f.r, strings.TrimPrefix(f.name, "refs/heads/"), nil
	}
	name := b.text("repositoryNameWithOwner")
	r := x.c.repository(name)
	if r == nil {
		return nil, "", notResolved("Could not resolve to a Repository with the name '%s'.", name)
	}
	return r, b.text("branchName"), nil
}

// fileChanges reads what becomes of each path. What is to go must be there.
func (x *execution) fileChanges(r *repository, k *commitData, changes arguments) (map[string]treeEdit, error) {
	edits := map[string]treeEdit{}
	for _, d := range changes.objects("deletions") {
		path := d.text("path")
		e, err := r.git.entry(k.tree, path)
		if errors.Is(err, errNoObject) || err == nil && e.kind == "tree" {
			return nil, &queryError{"UNPROCESSABLE", fmt.Sprintf("A path was requested for deletion which does not exist as of commit oid `%s`", k.oid)}
		}
		if err != nil {
			return nil, err
		}
		edits[path] = treeEdit{}
	}
	for _, a := range changes.objects("additions") {
		data, err := base64.StdEncoding.DecodeString(a.text("contents"))
		if err != nil {
			return nil, &queryError{"UNPROCESSABLE", "The contents of " + a.text("path") + " are not valid base64."}
		}
		oid, err := r.git.write("blob", data)
		if err != nil {
			return nil, err
		}
		edits[a.text("path")] = treeEdit{"100644", oid}
	}
	return edits, nil
}

// objects is a list of input objects.
func (a arguments) objects(name string) []arguments {
	var out []arguments
	list, _ := a[name].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// pushed notes that a branch moved.
func (c *call) pushed(r *repository, ref, oid string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.wrote(c, Written{What: "ref", Action: "moved", Repository: r.Name, Title: ref, Body: oid})
}
