package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// FilesAt implements Tracer: by one document where the versions fit into it, each checked against its id.
// What GraphQL cannot give whole is fetched by REST.
func (r *tokenReader) FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error) {
	ctx = r.client.OneStep(ctx)
	clean, err := cleanTrace(r.repository, shas, path)
	if err != nil {
		return nil, err
	}
	found, ids := map[string][]byte{}, map[string]string{}
	wanted := unique(shas)
	for len(wanted) > 0 {
		n := min(len(wanted), r.versionsPerDocument(clean[0]))
		if err := r.versions(ctx, wanted[:n], clean[0], found, ids, nil); err != nil {
			return nil, err
		}
		wanted = wanted[n:]
	}
	return found, r.fillIn(ctx, clean[0], found, ids)
}

// fillIn fetches what the documents did not give whole, each content once: versions are often equal.
func (r *tokenReader) fillIn(ctx context.Context, path string, found map[string][]byte, ids map[string]string) error {
	whole := map[string][]byte{}
	for _, sha := range slices.Sorted(maps.Keys(ids)) {
		oid := ids[sha]
		if _, ok := found[sha]; ok {
			continue
		}
		data, ok := whole[oid]
		if !ok {
			var err error
			if data, err = wholeBlob(ctx, r.client, r.repository, Object{Path: path, OID: oid}); err != nil {
				return err
			}
			whole[oid] = data
		}
		found[sha] = data
	}
	return nil
}

// FilesBefore implements Tracer: as FilesAt does, at the parents, which the same document finds.
func (r *tokenReader) FilesBefore(ctx context.Context, shas []string, path string) (map[string]Version, error) {
	ctx = r.client.OneStep(ctx)
	clean, err := cleanTrace(r.repository, shas, path)
	if err != nil {
		return nil, err
	}
	found, ids, parents := map[string][]byte{}, map[string]string{}, map[string]string{}
	wanted := unique(shas)
	for len(wanted) > 0 {
		n := min(len(wanted), r.versionsPerDocument(clean[0]))
		if err := r.versions(ctx, wanted[:n], clean[0], found, ids, parents); err != nil {
			return nil, err
		}
		wanted = wanted[n:]
	}
	if err := r.fillIn(ctx, clean[0], found, ids); err != nil {
		return nil, err
	}
	out := map[string]Version{}
	for sha, parent := range parents {
		out[sha] = Version{parent, found[sha]}
	}
	return out, nil
}

func unique(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// versionsPerDocument bounds a document by the size that the file had when it was last seen.
func (r *tokenReader) versionsPerDocument(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	size, ok := r.seen[path]
	if !ok {
		size = guessedSize
	}
	return max(1, min(batchObjects, batchBytes/max(size, 1)))
}

// versions reads one document, or its halves when it is too much for GitHub. It adds what is whole and right
// to found, and the id of each file that there is to ids. With parents it reads the files before the commits, and adds at
// which.
func (r *tokenReader) versions(ctx context.Context, shas []string, path string, found map[string][]byte, ids, parents map[string]string) error {
	doc, open, shut := newDocument("FilesAt"), "", ""
	if parents != nil {
		doc, open, shut = newDocument("FilesBefore"), "parents(first: 1) { nodes { oid ", " } }"
	}
	doc.repository("r", r.owner, r.name)
	at := doc.bind("String!", path)
	for i, sha := range shas {
		fmt.Fprintf(&doc.fields, "    c%d: object(oid: %s) { ... on Commit { oid %sfile(path: %s) { oid type object { ... on Blob { byteSize isBinary isTruncated text } } }%s } }\n",
			i, doc.bind("GitObjectID!", sha), open, at, shut)
	}
	doc.fields.WriteString("  }\n")
	type file struct {
		OID, Type string
		Object    *struct {
			ByteSize              int
			IsBinary, IsTruncated bool
			Text                  *string
		}
	}
	type version struct {
		OID     string
		File    *file
		Parents struct {
			Nodes []*struct {
				OID  string
				File *file
			}
		}
	}
	var answer struct{ R map[string]*version }
	tries := 0
	if len(shas) > 1 {
		tries = 1
	}
	if err := r.query(ctx, doc, tries, &answer); err != nil {
		if !tooMuch(err) {
			return err
		}
		if len(shas) == 1 {
			return &TooMuchError{Repository: r.repository, What: path + " at " + shas[0], Err: err}
		}
		half := len(shas) / 2
		if err := r.versions(ctx, shas[:half], path, found, ids, parents); err != nil {
			return err
		}
		return r.versions(ctx, shas[half:], path, found, ids, parents)
	}
	if answer.R == nil {
		return &NotFoundError{Repository: r.repository}
	}
	for i, sha := range shas {
		v := answer.R[fmt.Sprintf("c%d", i)]
		if v == nil || v.OID == "" {
			return &NotFoundError{Repository: r.repository, Ref: sha}
		}
		f := v.File
		if parents != nil {
			if len(v.Parents.Nodes) == 0 || v.Parents.Nodes[0] == nil {
				continue
			}
			parents[sha], f = v.Parents.Nodes[0].OID, v.Parents.Nodes[0].File
		}
		if f == nil || f.Type != "blob" {
			continue
		}
		ids[sha] = f.OID
		b := f.Object
		if b == nil {
			continue
		}
		r.mu.Lock()
		r.seen[path] = b.ByteSize
		r.mu.Unlock()
		if b.Text != nil && !b.IsBinary && !b.IsTruncated && b.ByteSize == len(*b.Text) && isBlob(f.OID, []byte(*b.Text)) {
			found[sha] = []byte(*b.Text)
		}
	}
	return nil
}

// FilesBefore implements Tracer.
func (l *Local) FilesBefore(ctx context.Context, shas []string, path string) (map[string]Version, error) {
	if _, err := cleanTrace(l.repository, shas, path); err != nil {
		return nil, err
	}
	g, err := l.history(ctx, "")
	if err != nil || len(shas) == 0 {
		return map[string]Version{}, err
	}
	commits, err := l.commits(ctx, g, unique(shas))
	if err != nil {
		return nil, err
	}
	var parents []string
	for _, k := range commits {
		if len(k.parents) > 0 {
			parents = append(parents, k.parents[0])
		}
	}
	files, err := l.FilesAt(ctx, parents, path)
	if err != nil {
		return nil, err
	}
	out := map[string]Version{}
	for sha, k := range commits {
		if len(k.parents) > 0 {
			out[sha] = Version{k.parents[0], files[k.parents[0]]}
		}
	}
	return out, nil
}

// FilesAt implements Tracer.
func (l *Local) FilesAt(ctx context.Context, shas []string, path string) (map[string][]byte, error) {
	clean, err := cleanTrace(l.repository, shas, path)
	if err != nil {
		return nil, err
	}
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	wanted := unique(shas)
	var stdin bytes.Buffer
	for _, sha := range wanted {
		stdin.WriteString(sha + "^{commit}\n" + sha + ":" + clean[0] + "\n")
	}
	found := map[string][]byte{}
	var absent []string
	at := ""
	err = g.stream(ctx, stdin.Bytes(), func(r *bufio.Reader) error {
		for _, sha := range wanted {
			at = sha
			commit, err := readObject(r)
			if err != nil {
				return err
			}
			if commit.kind != "commit" {
				return &NotFoundError{Repository: l.repository, Ref: sha}
			}
			file, err := readObject(r)
			switch {
			case err != nil:
				return err
			case file.kind == "":
				absent = append(absent, sha)
			case file.kind == "blob" && !isBlob(file.oid, file.data):
				return &IncompleteError{Repository: l.repository, What: clean[0] + " at " + sha, Reason: "object " + file.oid + " is damaged"}
			case file.kind == "blob":
				found[sha] = file.data
			}
		}
		return nil
	}, "cat-file", "--batch")
	if e, ok := errors.AsType[*GitError](err); ok && errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, l.lacks(clean[0]+" at "+at, e) // git ended there
	}
	if err != nil {
		return nil, err
	}
	// A clone that lacks a file says just what it says of one that never was.
	for _, sha := range absent {
		entries, err := l.lsTree(ctx, g, sha, clean)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(entries, func(e Entry) bool { return e.Type == "blob" }) {
			return nil, l.lacks(clean[0]+" at "+sha, nil)
		}
	}
	return found, nil
}

// lacks says that a clone does not have all that its history names.
func (l *Local) lacks(what string, e *GitError) error {
	reason := "it is not in " + l.path + " (a partial, shallow or damaged clone? use git clone --mirror)"
	if e != nil && e.Stderr != "" {
		reason += ": " + e.Stderr
	}
	return &IncompleteError{Repository: l.repository, What: what, Reason: reason}
}
