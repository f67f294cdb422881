package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Local reads a clone or bare mirror on this machine through the git program. It implements Reader, and
// never writes, fetches, or runs anything that the clone's configuration names.
//
// A ref is looked for as a tag, then a branch, then a branch of origin, then a commit id. "HEAD" of a
// clone is what origin's HEAD was when it was last fetched, else its own.
type Local struct {
	repository string
	path       string // as configured
	opts       GitOptions

	mu  sync.Mutex
	git *git // nil until opened
	// gitDir and commonDir differ in a linked work tree.
	gitDir, commonDir string

	tracing  sync.Mutex
	isDeep   bool       // it is known not to be shallow
	lineages []*lineage // newest last
}

// NewLocal returns a reader of the repository at path. Nothing is looked at before the first call.
func NewLocal(repository, path string, opts GitOptions) *Local {
	return &Local{repository: repository, path: path, opts: opts}
}

// Repository is the repository's name, "kubernetes/kubernetes".
func (l *Local) Repository() string { return l.repository }

// Path is where it stands, as configured.
func (l *Local) Path() string { return l.path }

// MirrorError says that what is configured as a mirror cannot be read as one.
type MirrorError struct {
	Repository string
	Path       string
	Reason     string
	Err        error // may be nil
}

func (e *MirrorError) Error() string {
	return fmt.Sprintf("mirror %s of %s: %s", e.Path, e.Repository, e.Reason)
}

// Unwrap gives the cause.
func (e *MirrorError) Unwrap() error { return e.Err }

// open finds out once what the path is.
func (l *Local) open(ctx context.Context) (*git, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.git != nil {
		return l.git, nil
	}
	fail := func(reason string, err error) error {
		return &MirrorError{Repository: l.repository, Path: l.path, Reason: reason, Err: err}
	}
	abs, err := l.opts.machine().Locate(l.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail("there is no such folder: make it with git clone --mirror, or correct the path", err)
	case err != nil:
		return nil, fail(err.Error(), err)
	}
	g := &git{opts: l.opts, dir: abs}
	out, err := g.output(ctx, "rev-parse", "--absolute-git-dir", "--git-common-dir")
	if err != nil {
		if e, ok := errors.AsType[*GitError](err); ok {
			reason := "it is not a git repository"
			if !strings.Contains(e.Stderr, "not a git repository") {
				reason = "git cannot read it: " + e.Stderr
			}
			return nil, fail(reason, err)
		}
		if errors.Is(err, ErrNoGit) {
			return nil, fail(err.Error(), err)
		}
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 2 {
		return nil, fail("git does not say where its folder is", nil)
	}
	l.gitDir, l.commonDir = lines[0], lines[1]
	if !filepath.IsAbs(l.commonDir) {
		l.commonDir = filepath.Join(abs, l.commonDir)
	}
	l.git = g
	return g, nil
}

// Head implements Reader.
func (l *Local) Head(ctx context.Context, ref string, paths []string) (Head, error) {
	if err := checkRef(ref); err != nil {
		return Head{}, err
	}
	clean, err := cleanPaths(paths)
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", l.repository, err)
	}
	g, err := l.open(ctx)
	if err != nil {
		return Head{}, err
	}
	commit, err := l.resolve(ctx, g, ref)
	if err != nil {
		return Head{}, err
	}
	head := Head{Ref: ref, SHA: commit.sha, Time: commit.time, OIDs: map[string]string{}}
	if isHeadRef(ref) {
		if head.Branch, err = l.defaultBranch(ctx, g, commit.name); err != nil {
			return Head{}, err
		}
	}
	listed := map[string]string{"": commit.tree}
	if wanted := slices.DeleteFunc(slices.Clone(clean), func(p string) bool { return p == "" }); len(wanted) > 0 {
		entries, err := l.lsTree(ctx, g, commit.sha, wanted, "-t")
		if err != nil {
			return Head{}, err
		}
		for _, e := range entries {
			if isFileOrFolder(e.Type) {
				listed[e.Path] = e.OID
			}
		}
	}
	for i, p := range paths {
		head.OIDs[p] = listed[clean[i]]
	}
	return head, nil
}

// resolved is a commit that a ref led to.
type resolved struct {
	name string // the ref as it was found: "refs/tags/v1.36.0"
	sha  string
	tree string
	time time.Time
}

// candidates are the meanings of a ref, in the order in which they are tried.
func candidates(ref string) []string {
	if isHeadRef(ref) {
		return []string{"refs/remotes/origin/HEAD", "HEAD"}
	}
	var names []string
	if strings.HasPrefix(ref, "refs/") {
		names = append(names, ref)
	}
	names = append(names, "refs/tags/"+ref, "refs/heads/"+ref, "refs/remotes/origin/"+ref)
	if len(ref) >= 4 && len(ref) <= 64 && isHex(ref) {
		names = append(names, ref)
	}
	return names
}

// resolve reads the commits that the ref may mean and takes the first. Names go through standard
// input, where nothing is an option.
func (l *Local) resolve(ctx context.Context, g *git, ref string) (resolved, error) {
	var stdin bytes.Buffer
	names := candidates(ref)
	for _, n := range names {
		stdin.WriteString(n + "^{commit}\n")
	}
	var found *resolved
	err := g.stream(ctx, stdin.Bytes(), func(r *bufio.Reader) error {
		for _, n := range names {
			o, err := readObject(r)
			if err != nil {
				return err
			}
			if found == nil && o.kind == "commit" {
				found = &resolved{name: n, sha: o.oid}
				if found.tree, found.time, err = parseCommit(o.data); err != nil {
					return fmt.Errorf("%s: commit %s: %w", l.repository, o.oid, err)
				}
			}
		}
		return nil
	}, "cat-file", "--batch")
	switch {
	case err != nil:
		return resolved{}, err
	case found != nil:
		return *found, nil
	case !isHeadRef(ref):
		return resolved{}, &NotFoundError{Repository: l.repository, Ref: ref}
	}
	refs, err := g.output(ctx, "for-each-ref", "--count=1", "--format=%(refname)")
	switch {
	case err != nil:
		return resolved{}, err
	case len(refs) == 0:
		return resolved{}, &EmptyError{Repository: l.repository}
	}
	return resolved{}, &MirrorError{Repository: l.repository, Path: l.path, Reason: "its HEAD leads to no commit: name a branch or tag as ref, or set HEAD (git remote set-head origin --auto)"}
}

// defaultBranch is the branch that HEAD, found under name, stands for; "" when it is detached.
func (l *Local) defaultBranch(ctx context.Context, g *git, name string) (string, error) {
	out, err := g.output(ctx, "symbolic-ref", "--quiet", name)
	if err != nil {
		if e, ok := errors.AsType[*GitError](err); ok && e.Stderr == "" {
			return "", nil // detached; with --quiet that is all it says
		}
		return "", err
	}
	branch := strings.TrimSpace(string(out))
	for _, prefix := range []string{"refs/heads/", "refs/remotes/origin/"} {
		if b, ok := strings.CutPrefix(branch, prefix); ok {
			return b, nil
		}
	}
	return branch, nil
}

// object is one answer of cat-file --batch. kind is "" when it does not exist.
type object struct {
	oid, kind string
	data      []byte
}

// maxObject is the most that is read of one file, as through the API.
const maxObject = 64 << 20

func readObject(r *bufio.Reader) (object, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return object{}, io.ErrUnexpectedEOF
	}
	line = strings.TrimSuffix(line, "\n")
	parts := strings.Split(line, " ")
	if len(parts) != 3 || !isObjectID(parts[0]) {
		return object{}, nil // "NAME missing", "NAME ambiguous", "ID submodule"
	}
	size, err := strconv.Atoi(parts[2])
	if err != nil || size < 0 {
		return object{}, fmt.Errorf("git cat-file: line %q", line)
	}
	o := object{oid: parts[0], kind: parts[1]}
	if size > maxObject {
		return object{}, fmt.Errorf("object %s has %d bytes, more than 64 MiB", o.oid, size)
	}
	o.data = make([]byte, size+1) // and the line break that ends it
	if _, err := io.ReadFull(r, o.data); err != nil {
		return object{}, io.ErrUnexpectedEOF
	}
	o.data = o.data[:size]
	return o, nil
}

// parseCommit reads a commit object's tree and committer time. It is read here rather than by git log,
// which a configuration can make start a signature checker.
func parseCommit(data []byte) (tree string, at time.Time, err error) {
	header, _, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range strings.Lines(string(header)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			tree = value
		case "committer":
			_, stamp, _ := strings.Cut(value, "> ")
			seconds, _, _ := strings.Cut(stamp, " ")
			n, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				return "", time.Time{}, fmt.Errorf("committer's time %q is no number", stamp)
			}
			at = time.Unix(n, 0).UTC()
		}
	}
	if tree == "" || at.IsZero() {
		return "", time.Time{}, errors.New("no tree or committer")
	}
	return tree, at, nil
}

// lsTree lists what stands at paths; where a path ends in "/", what that folder holds. Flags are git's:
// -t adds the folders on the way, -r goes into those below, --long adds sizes.
func (l *Local) lsTree(ctx context.Context, g *git, sha string, paths []string, flags ...string) ([]Entry, error) {
	long := slices.Contains(flags, "--long")
	args := append([]string{"ls-tree", "-z", "--full-tree"}, flags...)
	args = append(args, sha, "--")
	out, err := g.output(ctx, append(args, paths...)...)
	if err != nil {
		if e, ok := errors.AsType[*GitError](err); ok && strings.Contains(e.Stderr, "not a tree object") {
			return nil, &NotFoundError{Repository: l.repository, Ref: sha}
		}
		return nil, err
	}
	var entries []Entry
	for record := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if record == "" {
			continue
		}
		meta, path, ok := strings.Cut(record, "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) < 3 {
			return nil, fmt.Errorf("git ls-tree in %s: record %q", l.path, record)
		}
		e := Entry{Name: path[strings.LastIndexByte(path, '/')+1:], Path: path, OID: fields[2], Type: fields[1]}
		if long && e.Type == "blob" {
			e.Size = -1 // "BAD": a partial clone without the file
			if n, err := strconv.Atoi(fields[len(fields)-1]); err == nil {
				e.Size = n
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// lsTreeSized is lsTree with the sizes of files, where they can be had.
func (l *Local) lsTreeSized(ctx context.Context, g *git, sha string, paths []string, flag string) ([]Entry, error) {
	listed, err := l.lsTree(ctx, g, sha, paths, flag, "--long")
	if _, ok := errors.AsType[*GitError](err); ok {
		// A partial clone has the trees but not the files, and so not their sizes.
		if listed, err = l.lsTree(ctx, g, sha, paths, flag); err == nil {
			for i := range listed {
				if listed[i].Type == "blob" {
					listed[i].Size = -1
				}
			}
		}
	}
	return listed, err
}

// Tree implements Reader.
func (l *Local) Tree(ctx context.Context, sha, folder string) ([]Entry, error) {
	folder, err := cleanFolder(l.repository, sha, folder)
	if err != nil {
		return nil, err
	}
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	var below []string
	if folder != "" {
		below = []string{folder + "/"}
	}
	listed, err := l.lsTreeSized(ctx, g, sha, below, "-r")
	if err != nil {
		return nil, err
	}
	var files []Entry
	for _, e := range listed {
		if e.Type == "blob" {
			files = append(files, e)
		}
	}
	sortByPath(files)
	return files, nil
}

// Entries implements Reader.
func (l *Local) Entries(ctx context.Context, sha string, folders []string) (map[string][]Entry, error) {
	out := map[string][]Entry{}
	if len(folders) == 0 {
		return out, nil
	}
	if !isObjectID(sha) {
		return nil, &RefError{Text: sha, Reason: "a whole commit id is wanted"}
	}
	clean, err := cleanPaths(folders)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.repository, err)
	}
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	var below []string // an empty list means the root
	inside := map[string][]Entry{}
	add := func(paths []string) error {
		listed, err := l.lsTreeSized(ctx, g, sha, paths, "-t")
		if err != nil {
			return err
		}
		for _, e := range listed {
			if f := parent(e.Path); isFileOrFolder(e.Type) {
				inside[f] = append(inside[f], e)
			}
		}
		return nil
	}
	root := slices.Contains(clean, "")
	for _, f := range clean {
		if f != "" {
			below = append(below, f+"/")
		}
	}
	if len(below) > 0 {
		if err := add(below); err != nil {
			return nil, err
		}
	}
	if root {
		delete(inside, "") // the folders on the way
		if err := add(nil); err != nil {
			return nil, err
		}
	}
	for i, f := range folders {
		out[f] = slices.Clone(inside[clean[i]])
		sortEntries(out[f])
	}
	return out, nil
}

// Blobs implements Reader. A partial clone that lacks a file is an *IncompleteError.
func (l *Local) Blobs(ctx context.Context, _ string, objects []Object) ([]Blob, error) {
	return collectBlobs(l.repository, objects, func(wanted []Object) (map[string][]byte, error) {
		g, err := l.open(ctx)
		if err != nil {
			return nil, err
		}
		var stdin bytes.Buffer
		for _, o := range wanted {
			stdin.WriteString(o.OID + "\n")
		}
		found := map[string][]byte{}
		absent := func(o Object, more string) error {
			return &IncompleteError{Repository: l.repository, What: "blob " + o.Path, Reason: "object " + o.OID + " is not in " + l.path + " (a partial or damaged clone? use git clone --mirror)" + more}
		}
		at := 0
		err = g.stream(ctx, stdin.Bytes(), func(r *bufio.Reader) error {
			for i, o := range wanted {
				at = i
				got, err := readObject(r)
				switch {
				case err != nil:
					return err
				case got.kind == "":
					return absent(o, "")
				case got.kind != "blob" || !isBlob(o.OID, got.data):
					return &IncompleteError{Repository: l.repository, What: "blob " + o.Path, Reason: "object " + o.OID + " is no file, or damaged"}
				}
				found[o.OID] = got.data
			}
			return nil
		}, "cat-file", "--batch")
		if e, ok := errors.AsType[*GitError](err); ok && errors.Is(err, io.ErrUnexpectedEOF) {
			err = absent(wanted[at], ": "+e.Stderr) // git ended there
		}
		return found, err
	})
}

// Tags implements Reader: all tags.
func (l *Local) Tags(ctx context.Context) ([]string, error) {
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	out, err := g.output(ctx, "for-each-ref", "--format=%(refname)", "refs/tags/")
	if err != nil {
		return nil, err
	}
	var tags []string
	for line := range strings.Lines(string(out)) {
		tags = append(tags, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "refs/tags/"))
	}
	slices.Sort(tags)
	return tags, nil
}

// Fetched is when the mirror last got something: the newest change of its refs. A fetch that brought
// nothing counts where git noted it (FETCH_HEAD).
func (l *Local) Fetched(ctx context.Context) (time.Time, error) {
	if _, err := l.open(ctx); err != nil {
		return time.Time{}, err
	}
	newest, err := l.opts.machine().Changed(l.gitDir, l.commonDir)
	if err != nil {
		return time.Time{}, &MirrorError{Repository: l.repository, Path: l.path, Reason: "its age cannot be told: " + err.Error(), Err: err}
	}
	return newest, ctx.Err()
}
