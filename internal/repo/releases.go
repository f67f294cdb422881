package repo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/upstream-digest/bot/internal/github"
)

// maxReleases is what GitHub gives at once.
const maxReleases = 100

// releaser is an engine that has releases apart from heads.
type releaser interface {
	releases(ctx context.Context, n int) ([]Release, error)
}

// newestReleases sorts releases and cuts them to n.
func newestReleases(list []Release, n int) []Release {
	slices.SortFunc(list, func(a, b Release) int {
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), strings.Compare(a.Tag, b.Tag))
	})
	return list[:min(n, len(list))]
}

// addReleases asks for releases in a document of heads, beside the repository's head: GitHub makes all of
// a repository null where its releases fail, and the head is not to go with them.
func addReleases(doc *document, alias, owner, name string, n int) {
	doc.repository(alias, owner, name)
	fmt.Fprintf(&doc.fields, "    releases(first: %d, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { tagName name url isDraft isPrerelease publishedAt } }\n  }\n",
		min(n, maxReleases))
}

// releasesNode is the answer to it.
type releasesNode struct {
	Releases *struct {
		Nodes []*struct {
			TagName, Name, URL    string
			IsDraft, IsPrerelease bool
			PublishedAt           time.Time
		}
	}
}

// releasesOf reads it. What is null for whatever reason is never taken for none.
func releasesOf(r HeadRequest, node *releasesNode, errs []github.GraphQLError) ([]Release, error) {
	switch {
	case len(errs) > 0 && errs[0].Type == "NOT_FOUND" && len(errs[0].Path) <= 1:
		return nil, &NotFoundError{Repository: r.Repository}
	case len(errs) > 0:
		return nil, fmt.Errorf("read the releases of %s: %w", r.Repository, &github.GraphQLErrors{Errors: errs})
	case node == nil || node.Releases == nil:
		return nil, &IncompleteError{Repository: r.Repository, What: "the releases", Reason: "they were not sent"}
	}
	var out []Release
	for _, n := range node.Releases.Nodes {
		if n == nil || n.TagName == "" {
			return nil, &IncompleteError{Repository: r.Repository, What: "the releases", Reason: "one of them was not sent"}
		}
		if !n.IsDraft {
			out = append(out, Release{Tag: n.TagName, Name: n.Name, URL: n.URL, Prerelease: n.IsPrerelease, PublishedAt: n.PublishedAt.UTC()})
		}
	}
	return newestReleases(out, r.Releases), nil
}

// releases implements releaser by one request.
func (r *anonymousReader) releases(ctx context.Context, n int) ([]Release, error) {
	got, err := r.client.Releases(ctx, r.repository, min(n, maxReleases))
	if err != nil {
		return nil, r.notFound(err, "")
	}
	var out []Release
	for _, g := range got {
		if !g.Draft {
			out = append(out, Release{Tag: g.Tag, Name: g.Name, URL: g.URL, Prerelease: g.Prerelease, PublishedAt: g.PublishedAt})
		}
	}
	return newestReleases(out, n), nil
}

// releases implements releaser: the tags that are versions, at the time of the tag, or of the commit where
// the tag has none.
func (l *Local) releases(ctx context.Context, n int) ([]Release, error) {
	g, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	out, err := g.output(ctx, "for-each-ref", "--format=%(refname) %(creatordate:unix)", "refs/tags/")
	if err != nil {
		return nil, err
	}
	var list []Release
	for line := range strings.Lines(string(out)) {
		name, stamp, _ := strings.Cut(strings.TrimSpace(line), " ")
		tag := strings.TrimPrefix(name, "refs/tags/")
		version := "v" + strings.TrimPrefix(tag, "v")
		if semver.Canonical(version) != version {
			continue
		}
		at, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			continue // the tag of a tree or file: no release
		}
		list = append(list, Release{Tag: tag, Name: tag, Prerelease: semver.Prerelease(version) != "", PublishedAt: time.Unix(at, 0).UTC()})
	}
	return newestReleases(list, min(n, maxReleases)), nil
}
