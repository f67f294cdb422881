package repo

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// commitText is what a commit object says.
type commitText struct {
	parents []string
	when    time.Time
	message string
}

func (c commitText) headline() string {
	first, _, _ := strings.Cut(strings.TrimLeft(c.message, "\n"), "\n")
	return strings.TrimSpace(first)
}

// commits reads commits by their ids. All must be there.
func (l *Local) commits(ctx context.Context, g *git, shas []string) (map[string]commitText, error) {
	out := map[string]commitText{}
	err := g.stream(ctx, []byte(strings.Join(shas, "\n")+"\n"), func(r *bufio.Reader) error {
		for _, sha := range shas {
			o, err := readObject(r)
			if err != nil {
				return err
			}
			if o.kind != "commit" {
				return &NotFoundError{Repository: l.repository, Ref: sha}
			}
			_, when, err := parseCommit(o.data)
			if err != nil {
				return fmt.Errorf("%s: commit %s: %w", l.repository, sha, err)
			}
			header, message, _ := bytes.Cut(o.data, []byte("\n\n"))
			k := commitText{when: when, message: strings.ToValidUTF8(string(message), "\uFFFD")}
			for line := range strings.Lines(string(header)) {
				if p, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "parent "); ok {
					k.parents = append(k.parents, p)
				}
			}
			out[sha] = k
		}
		return nil
	}, "cat-file", "--batch")
	return out, err
}

// history is open for what walks a history, which a shallow clone has not.
func (l *Local) history(ctx context.Context, sha string) (*git, error) {
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.deep(ctx, g); err != nil {
		return nil, err
	}
	if sha != "" {
		_, err = l.commits(ctx, g, []string{sha})
	}
	return g, err
}

// wholeHistory is what a shallow clone lacks.
const wholeHistory = "its history"

func (l *Local) deep(ctx context.Context, g *git) error {
	l.tracing.Lock()
	defer l.tracing.Unlock()
	if l.isDeep {
		return nil
	}
	out, err := g.output(ctx, "rev-parse", "--is-shallow-repository")
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(string(out)) != "false":
		return &IncompleteError{Repository: l.repository, What: wholeHistory, Reason: l.path + " is a shallow clone: make it whole with git fetch --unshallow"}
	}
	l.isDeep = true
	return nil
}

// Blame implements Tracer.
func (l *Local) Blame(ctx context.Context, sha, path string) (Blame, error) {
	got, err := l.Blames(ctx, sha, []string{path})
	if err != nil {
		return nil, err
	}
	b, ok := got[path]
	if !ok {
		return nil, &NotFoundError{Repository: l.repository, Ref: sha, Path: path}
	}
	return b, nil
}

// Blames implements Tracer by git blame, file by file.
func (l *Local) Blames(ctx context.Context, sha string, paths []string) (map[string]Blame, error) {
	clean, err := cleanTrace(l.repository, []string{sha}, paths...)
	if err != nil {
		return nil, err
	}
	out := map[string]Blame{}
	g, err := l.history(ctx, sha)
	if err != nil || len(paths) == 0 {
		return out, err
	}
	named := slices.DeleteFunc(unique(clean), func(p string) bool { return p == "" })
	var entries []Entry
	if len(named) > 0 { // no path at all would list the root
		if entries, err = l.lsTree(ctx, g, sha, named); err != nil {
			return nil, err
		}
	}
	files := map[string][]BlameRange{}
	var shas []string
	for _, p := range named {
		if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Path == p && e.Type == "blob" }) {
			continue
		}
		ranges, err := l.blame(ctx, g, sha, p)
		if err != nil {
			return nil, err
		}
		files[p] = ranges
		for _, r := range ranges {
			shas = append(shas, r.Commit.SHA)
		}
	}
	infos, err := l.infos(ctx, g, sha, shas)
	if err != nil {
		return nil, err
	}
	for i, p := range paths {
		ranges, ok := files[clean[i]]
		if !ok {
			continue
		}
		known := slices.Clone(ranges)
		for j := range known {
			known[j].Commit = infos[known[j].Commit.SHA]
		}
		out[p] = merged(known)
	}
	return out, nil
}

// blame is one file's ranges, of whose commits only the ids are told yet. git prints them as it finds
// them, without the file's lines.
func (l *Local) blame(ctx context.Context, g *git, sha, path string) ([]BlameRange, error) {
	var ranges []BlameRange
	err := g.stream(ctx, nil, eachLine(func(line string) error {
		// "ID, line in that commit, line now, number of lines"; all others begin with a key.
		f := strings.Fields(line)
		if len(f) != 4 || !isObjectID(f[0]) {
			return nil
		}
		from, err1 := strconv.Atoi(f[2])
		n, err2 := strconv.Atoi(f[3])
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("%s: git blame: line %q", l.repository, line)
		}
		ranges = append(ranges, BlameRange{From: from, To: from + n - 1, Commit: CommitInfo{SHA: f[0]}})
		return nil
	}), "blame", "--incremental", "--root", "--no-textconv", "--ignore-revs-file=", sha, "--", path)
	if e, ok := errors.AsType[*GitError](err); ok && ctx.Err() == nil {
		return nil, l.lacks("blame of "+path, e)
	}
	slices.SortFunc(ranges, func(a, b BlameRange) int { return cmp.Compare(a.From, b.From) })
	return ranges, err
}

// PathHistory implements Tracer.
func (l *Local) PathHistory(ctx context.Context, sha, path string, n int) ([]CommitInfo, error) {
	clean, err := cleanTrace(l.repository, []string{sha}, path)
	if err != nil {
		return nil, err
	}
	g, err := l.history(ctx, sha)
	if err != nil || n <= 0 {
		return nil, err
	}
	args := []string{"rev-list", "--max-count=" + strconv.Itoa(min(n, historyMost)), sha, "--"}
	if clean[0] != "" {
		args = append(args, clean[0])
	}
	listed, err := g.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	shas := strings.Fields(string(listed))
	infos, err := l.infos(ctx, g, sha, shas)
	if err != nil {
		return nil, err
	}
	var out []CommitInfo
	for _, s := range shas {
		out = append(out, infos[s])
	}
	return out, nil
}
