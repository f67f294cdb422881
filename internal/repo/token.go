package repo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/github"
)

const (
	// batchBytes bounds the files of one document. GitHub gives up (502) on much larger answers.
	batchBytes = 2 << 20
	// batchObjects bounds their number.
	batchObjects = 350
	// guessedSize stands for a file whose size no listing told.
	guessedSize = 64 << 10
	// rawBytes is the size above which GraphQL is not even tried: it cuts long texts about there.
	rawBytes = 500_000
	// tagPages bounds the search for the highest stable tag: 100 tags each.
	tagPages = 5
)

// tokenReader is the engine for the API with a token: GraphQL, many things in one document.
type tokenReader struct {
	client      *github.Client
	repository  string
	owner, name string

	mu      sync.Mutex
	sizes   map[string]int // bytes by object id, from listings; they bound the batches
	seen    map[string]int // bytes by path, of files that were read at many commits
	folders []folderIDs    // of the last commits, newest last
	logs    []*pathLog     // newest last
}

// folderIDs are the object ids of folders at a commit, as a head told them.
type folderIDs struct {
	sha string
	ids map[string]string
}

func newTokenReader(client *github.Client, repository string) (*tokenReader, error) {
	owner, name, err := splitName(repository)
	if err != nil {
		return nil, err
	}
	return &tokenReader{client: client, repository: repository, owner: owner, name: name, sizes: map[string]int{}, seen: map[string]int{}}, nil
}

// Head implements Reader by one document.
func (r *tokenReader) Head(ctx context.Context, ref string, paths []string) (Head, error) {
	got := readHeads(ctx, r.client, []HeadRequest{{Repository: r.repository, Ref: ref, Paths: paths}})
	r.know(got[0])
	return got[0].Head, got[0].Err
}

// know keeps what a head told of folders.
func (r *tokenReader) know(h headResult) {
	if h.Err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.folders {
		if f.sha == h.Head.SHA {
			maps.Copy(f.ids, h.folders)
			return
		}
	}
	r.folders = append(r.folders, folderIDs{sha: h.Head.SHA, ids: h.folders})
	if len(r.folders) > keptTrees {
		r.folders = slices.Delete(r.folders, 0, 1)
	}
}

// folderID is a folder's object id at a commit, "" where there is none: as a head told it, else by one
// document.
func (r *tokenReader) folderID(ctx context.Context, sha, folder string) (string, error) {
	r.mu.Lock()
	for _, f := range r.folders {
		if id := f.ids[folder]; f.sha == sha && id != "" {
			r.mu.Unlock()
			return id, nil
		}
	}
	r.mu.Unlock()
	if folder == "" {
		return sha, nil // GitHub takes a commit for its root tree
	}
	doc := newDocument("Folder")
	doc.repository("r", r.owner, r.name)
	fmt.Fprintf(&doc.fields, "    object(oid: %s) { ... on Commit { oid file(path: %s) { oid type } } }\n  }\n",
		doc.bind("GitObjectID!", sha), doc.bind("String!", folder))
	var answer struct {
		R *struct {
			Object *struct {
				OID  string
				File *fileNode
			}
		}
	}
	err := r.query(ctx, doc, 0, &answer)
	switch {
	case err != nil:
		return "", err
	case answer.R == nil:
		return "", &NotFoundError{Repository: r.repository}
	case answer.R.Object == nil || answer.R.Object.OID == "":
		return "", &NotFoundError{Repository: r.repository, Ref: sha}
	case answer.R.Object.File == nil || answer.R.Object.File.Type != "tree":
		return "", nil
	}
	return answer.R.Object.File.OID, nil
}

// Tree implements Reader by one REST request, and one document more where no head told the folder's id.
func (r *tokenReader) Tree(ctx context.Context, sha, folder string) ([]Entry, error) {
	ctx = r.client.OneStep(ctx)
	folder, err := cleanFolder(r.repository, sha, folder)
	if err != nil {
		return nil, err
	}
	oid, err := r.folderID(ctx, sha, folder)
	if err != nil || oid == "" {
		return nil, err
	}
	w := &treeWalk{client: r.client, repository: r.repository, known: map[string][]github.TreeEntry{}}
	files, err := w.filesOf(ctx, folder, oid)
	if _, ok := errors.AsType[*github.NotFoundError](err); ok {
		return nil, &NotFoundError{Repository: r.repository, Ref: sha}
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range files {
		r.sizes[f.OID] = f.Size
	}
	return files, nil
}

// query runs a document of this repository, under the alias "r", and refuses anything unknown: the
// errors it lets pass say that something does not exist.
func (r *tokenReader) query(ctx context.Context, doc *document, tries int, out any) error {
	err := r.client.GraphQL(ctx, github.Query{Op: "read " + r.repository, Document: doc.String(), Variables: doc.vars, Tries: tries}, out)
	partial, ok := errors.AsType[*github.GraphQLErrors](err)
	if !ok {
		return err
	}
	for _, e := range partial.Errors {
		switch {
		case e.Type != "NOT_FOUND":
			return err
		case len(e.Path) <= 1:
			return &NotFoundError{Repository: r.repository}
		}
	}
	return nil
}

// Entries implements Reader by one document.
func (r *tokenReader) Entries(ctx context.Context, sha string, folders []string) (map[string][]Entry, error) {
	out := map[string][]Entry{}
	if len(folders) == 0 {
		return out, nil
	}
	if !isObjectID(sha) {
		return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	clean, err := cleanPaths(folders)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.repository, err)
	}
	const entries = "{ entries { name type oid size } }"
	doc := newDocument("Folders")
	doc.repository("r", r.owner, r.name)
	fmt.Fprintf(&doc.fields, "    object(oid: %s) { ... on Commit {\n      oid\n", doc.bind("GitObjectID!", sha))
	for i, f := range clean {
		if f == "" {
			fmt.Fprintf(&doc.fields, "      d%d: tree %s\n", i, entries)
		} else {
			fmt.Fprintf(&doc.fields, "      d%d: file(path: %s) { type object { ... on Tree %s } }\n", i, doc.bind("String!", f), entries)
		}
	}
	doc.fields.WriteString("    } }\n  }\n")
	var answer struct {
		R *struct{ Object map[string]*folderNode }
	}
	if err := r.query(ctx, doc, 0, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.R == nil:
		return nil, &NotFoundError{Repository: r.repository}
	case answer.R.Object["oid"] == nil:
		return nil, &NotFoundError{Repository: r.repository, Ref: sha}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range folders {
		out[f] = nil
		node := answer.R.Object[fmt.Sprintf("d%d", i)]
		if node == nil || (clean[i] != "" && node.Type != "tree") {
			continue
		}
		listed := node.Entries
		if clean[i] != "" {
			if node.Object == nil {
				return nil, &IncompleteError{Repository: r.repository, What: "folder " + clean[i], Reason: "its tree was not sent"}
			}
			listed = node.Object.Entries
		}
		for _, e := range listed {
			if !isFileOrFolder(e.Type) {
				continue
			}
			entry := Entry{Name: e.Name, Path: join(clean[i], e.Name), OID: e.OID, Type: e.Type}
			if e.Type == "blob" {
				entry.Size = e.Size
				r.sizes[e.OID] = e.Size
			}
			out[f] = append(out[f], entry)
		}
		sortEntries(out[f])
	}
	return out, nil
}

// folderNode is a folder in an answer. The commit's "oid" beside them is a text.
type folderNode struct {
	Type    string
	Entries []entryNode // of the root
	Object  *struct{ Entries []entryNode }
}

type entryNode struct {
	Name, Type, OID string
	Size            int
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *folderNode) UnmarshalJSON(data []byte) error { return unmarshalFolder(data, f) }

func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
}

// Blobs implements Reader: files by object id in batches, each checked against its id. What GraphQL
// cannot give whole (long, binary, not UTF-8) is fetched by REST.
func (r *tokenReader) Blobs(ctx context.Context, _ string, objects []Object) ([]Blob, error) {
	ctx = r.client.OneStep(ctx)
	return collectBlobs(r.repository, objects, func(wanted []Object) (map[string][]byte, error) {
		found := map[string][]byte{}
		if err := r.measure(ctx, wanted); err != nil {
			return nil, err
		}
		for _, batch := range r.batches(wanted) {
			if err := r.fetch(ctx, batch, found); err != nil {
				return nil, err
			}
		}
		for _, o := range wanted {
			if _, ok := found[o.OID]; ok {
				continue
			}
			data, err := wholeBlob(ctx, r.client, r.repository, o)
			if err != nil {
				return nil, err
			}
			found[o.OID] = data
		}
		return found, nil
	})
}

// measure asks for the sizes that no listing told, where guessing them would make more documents.
func (r *tokenReader) measure(ctx context.Context, objects []Object) error {
	r.mu.Lock()
	var unknown []Object
	for _, o := range objects {
		if _, ok := r.sizes[o.OID]; !ok {
			unknown = append(unknown, o)
		}
	}
	r.mu.Unlock()
	if len(unknown) <= batchBytes/guessedSize {
		return nil
	}
	for batch := range slices.Chunk(unknown, batchObjects) {
		doc := newDocument("Sizes")
		doc.repository("r", r.owner, r.name)
		for i, o := range batch {
			fmt.Fprintf(&doc.fields, "    b%d: object(oid: %s) { ... on Blob { byteSize } }\n", i, doc.bind("GitObjectID!", o.OID))
		}
		doc.fields.WriteString("  }\n")
		var answer struct {
			R map[string]*struct{ ByteSize *int }
		}
		if err := r.query(ctx, doc, 0, &answer); err != nil {
			return err
		}
		r.mu.Lock()
		for i, o := range batch {
			if b := answer.R[fmt.Sprintf("b%d", i)]; b != nil && b.ByteSize != nil {
				r.sizes[o.OID] = *b.ByteSize
			}
		}
		r.mu.Unlock()
	}
	return nil
}

// batches cuts objects into documents by their sizes; those too long for GraphQL are in none.
func (r *tokenReader) batches(objects []Object) [][]Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out [][]Object
	var batch []Object
	bytes := 0
	for _, o := range objects {
		size, ok := r.sizes[o.OID]
		if !ok {
			size = guessedSize
		}
		if size > rawBytes {
			continue
		}
		if len(batch) > 0 && (bytes+size > batchBytes || len(batch) == batchObjects) {
			out, batch, bytes = append(out, batch), nil, 0
		}
		batch = append(batch, o)
		bytes += size
	}
	if len(batch) > 0 {
		out = append(out, batch)
	}
	return out
}

// fetch reads a batch, or its halves when GitHub fails on the whole. It adds what is whole and right to
// found; the rest is left to REST.
func (r *tokenReader) fetch(ctx context.Context, batch []Object, found map[string][]byte) error {
	doc := newDocument("Files")
	doc.repository("r", r.owner, r.name)
	for i, o := range batch {
		fmt.Fprintf(&doc.fields, "    b%d: object(oid: %s) { __typename ... on Blob { byteSize isBinary isTruncated text } }\n", i, doc.bind("GitObjectID!", o.OID))
	}
	doc.fields.WriteString("  }\n")
	type blobNode struct {
		ByteSize              int
		IsBinary, IsTruncated bool
		Text                  *string
	}
	var answer struct{ R map[string]*blobNode }
	const triesBeforeHalving = 2
	err := r.query(ctx, doc, triesBeforeHalving, &answer)
	if err != nil && isTooMuch(err) {
		if len(batch) == 1 {
			return nil
		}
		half := len(batch) / 2
		if err := r.fetch(ctx, batch[:half], found); err != nil {
			return err
		}
		return r.fetch(ctx, batch[half:], found)
	}
	if err != nil {
		return err
	}
	if answer.R == nil {
		return &NotFoundError{Repository: r.repository}
	}
	for i, o := range batch {
		b := answer.R[fmt.Sprintf("b%d", i)]
		if b == nil || b.Text == nil || b.IsBinary || b.IsTruncated || b.ByteSize != len(*b.Text) || !isBlob(o.OID, []byte(*b.Text)) {
			continue
		}
		found[o.OID] = []byte(*b.Text)
	}
	return nil
}

// isTooMuch reports whether a smaller document may succeed.
func isTooMuch(err error) bool {
	_, server := errors.AsType[*github.ServerError](err)
	_, decode := errors.AsType[*github.DecodeError](err)
	return server || decode
}

// Tags implements Reader: the newest tags by the time of their commits, 100 a document, until a whole
// page brought no higher stable version, at most 500.
func (r *tokenReader) Tags(ctx context.Context) ([]string, error) {
	ctx = r.client.OneStep(ctx)
	var tags []string
	best, after := "", (*string)(nil)
	for range tagPages {
		doc := newDocument("Tags")
		doc.repository("r", r.owner, r.name)
		fmt.Fprintf(&doc.fields, "    refs(refPrefix: \"refs/tags/\", first: 100, after: %s, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { nodes { name } pageInfo { hasNextPage endCursor } }\n  }\n",
			doc.bind("String", after))
		var answer struct {
			R *struct {
				Refs *struct {
					Nodes    []struct{ Name string }
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		if err := r.query(ctx, doc, 0, &answer); err != nil {
			return nil, err
		}
		if answer.R == nil {
			return nil, &NotFoundError{Repository: r.repository}
		}
		if answer.R.Refs == nil {
			break
		}
		for _, n := range answer.R.Refs.Nodes {
			tags = append(tags, n.Name)
		}
		before := best
		if top, ok := HighestStable(tags); ok {
			best, _ = stableVersion(top)
		}
		page := answer.R.Refs.PageInfo
		if !page.HasNextPage || (before != "" && semver.Compare(best, before) == 0) {
			break
		}
		after = &page.EndCursor
	}
	slices.Sort(tags)
	return tags, nil
}
