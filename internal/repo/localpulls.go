package repo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxFiles is how many changed paths are told of a pull request, as through the API.
const maxFiles = 100

// PullRequests implements Tracer as far as a mirror can: the merges and squashed commits on the branches' own
// lines that name a pull request. What they lack is lacking, so all are Partial.
func (l *Local) PullRequests(ctx context.Context, numbers []int) (map[int]PullRequest, error) {
	out := map[int]PullRequest{}
	wanted := uniqueNumbers(numbers)
	if len(wanted) == 0 {
		return out, nil
	}
	g, err := l.history(ctx, "")
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(wanted, 500) {
		if err := l.pulls(ctx, g, batch, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pulls looks on the default branch's own line, and for what is not there on those of all branches.
func (l *Local) pulls(ctx context.Context, g *git, numbers []int, out map[int]PullRequest) error {
	tip, err := l.resolve(ctx, g, "HEAD")
	if err != nil {
		return err
	}
	found, err := l.naming(ctx, g, numbers, tip.sha)
	if err != nil {
		return err
	}
	if rest := slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return found[n] != nil }); len(rest) > 0 {
		// --all would add every pull request's own branch, which a mirror has too.
		elsewhere, err := l.naming(ctx, g, rest, "--branches", "--remotes=origin")
		if err != nil {
			return err
		}
		if len(elsewhere) > 0 {
			if err := l.dropBrought(ctx, g, tip.sha, elsewhere); err != nil {
				return err
			}
			maps.Copy(found, elsewhere)
		}
	}
	commits := map[string]commitText{}
	for n, k := range found {
		out[n] = pullOfCommit(n, k)
		commits[k.sha] = k.commitText
	}
	files, err := l.changed(ctx, g, commits)
	if err != nil {
		return err
	}
	for n, k := range found {
		p := out[n]
		p.Files = files[k.sha]
		if len(p.Files) > maxFiles {
			p.Files, p.MoreFiles = p.Files[:maxFiles], true
		}
		out[n] = p
	}
	return nil
}

// namingCommit is the commit by which a mirror knows a pull request.
type namingCommit struct {
	sha string
	commitText
}

// naming finds the commits whose headlines name pull requests, on the first parents' line of some tips.
func (l *Local) naming(ctx context.Context, g *git, numbers []int, tips ...string) (map[int]*namingCommit, error) {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	one := "(" + strings.Join(texts, "|") + ")"
	listed, err := g.output(ctx, append([]string{
		"rev-list", "--first-parent", "--extended-regexp", "--grep=^Merge pull request #" + one + " from ", `--grep=\(#` + one + `\)$`,
	}, tips...)...)
	if err != nil {
		return nil, err
	}
	shas := strings.Fields(string(listed))
	found := map[int]*namingCommit{}
	if len(shas) == 0 {
		return found, nil
	}
	commits, err := l.commits(ctx, g, shas)
	if err != nil {
		return nil, err
	}
	for _, sha := range shas {
		n := pullOf(commits[sha].headline())
		if _, ok := slices.BinarySearch(numbers, n); !ok {
			continue // named elsewhere in the message
		}
		if old := found[n]; old == nil || isLikelier(commits[sha], old.commitText) {
			found[n] = &namingCommit{sha, commits[sha]}
		}
	}
	return found, nil
}

// dropBrought leaves out what a pull request brought to the default branch: the numbers in it are a fork's.
func (l *Local) dropBrought(ctx context.Context, g *git, tip string, found map[int]*namingCommit) error {
	var shas []string
	for _, k := range found {
		shas = append(shas, k.sha)
	}
	lineage, err := l.lineageOf(ctx, g, tip)
	if err != nil {
		return err
	}
	var merges []string
	for _, sha := range shas {
		merges = append(merges, lineage.merges(sha)...)
	}
	if len(merges) == 0 {
		return nil
	}
	messages, err := l.commits(ctx, g, unique(merges))
	if err != nil {
		return err
	}
	maps.DeleteFunc(found, func(_ int, k *namingCommit) bool {
		return slices.ContainsFunc(lineage.merges(k.sha), func(m string) bool { return pullOf(messages[m].headline()) > 0 })
	})
	return nil
}

// isLikelier prefers a merge to a commit that names a number in brackets, and the earlier one: a commit
// that was picked to another branch keeps its brackets.
func isLikelier(a, b commitText) bool {
	if isMerge := mergeHeadline.MatchString(a.headline()); isMerge != mergeHeadline.MatchString(b.headline()) {
		return isMerge
	}
	return a.when.Before(b.when)
}

// pullOfCommit reads a merge's message, "Merge pull request #N from OWNER/BRANCH", below it the title; some
// merge bots write a paragraph of their own first, and what the pull request said last. Of a squashed
// commit it is the headline without the number.
func pullOfCommit(n int, k *namingCommit) PullRequest {
	p := PullRequest{Number: n, Merged: k.when, MergeCommit: k.sha, Partial: true}
	_, rest, _ := strings.Cut(strings.TrimLeft(k.message, "\n"), "\n")
	m := mergeHeadline.FindStringSubmatch(k.headline())
	if m == nil {
		p.Title = strings.TrimSpace(squashHeadline.ReplaceAllString(k.headline(), ""))
		p.Body = strings.TrimSpace(rest)
		return p
	}
	p.Author, _, _ = strings.Cut(m[2], "/")
	rest = strings.TrimSpace(rest)
	if strings.HasPrefix(rest, "Automatic merge from submit-queue") {
		_, rest, _ = strings.Cut(rest, "\n\n")
	}
	p.Title, p.Body, _ = strings.Cut(strings.TrimSpace(rest), "\n")
	p.Title, p.Body = strings.TrimSpace(p.Title), strings.TrimSpace(p.Body)
	return p
}

// changed lists the paths that commits changed against their first parents.
func (l *Local) changed(ctx context.Context, g *git, commits map[string]commitText) (map[string][]string, error) {
	out := map[string][]string{}
	if len(commits) == 0 {
		return out, nil
	}
	var stdin strings.Builder
	for _, sha := range slices.Sorted(maps.Keys(commits)) {
		stdin.WriteString(sha)
		if parents := commits[sha].parents; len(parents) > 0 {
			stdin.WriteString(" " + parents[0])
		}
		stdin.WriteString("\n")
	}
	err := g.stream(ctx, []byte(stdin.String()), func(r *bufio.Reader) error {
		at := ""
		for {
			text, err := r.ReadString('\x00')
			if errors.Is(err, io.EOF) && text == "" {
				return nil
			}
			if err != nil {
				return io.ErrUnexpectedEOF
			}
			text = strings.TrimSuffix(text, "\x00")
			_, isCommit := commits[text]
			switch {
			case isCommit:
				at = text
			case len(out[at]) <= maxFiles:
				out[at] = append(out[at], text)
			}
		}
	}, "diff-tree", "--stdin", "-z", "-r", "--root", "--no-renames", "--name-only", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
	return out, err
}

// SearchPullRequests implements Tracer: a mirror has no search.
func (l *Local) SearchPullRequests(context.Context, string, int) ([]PullRequest, error) {
	return nil, &UnsupportedError{Repository: l.repository, What: "search for pull requests"}
}
