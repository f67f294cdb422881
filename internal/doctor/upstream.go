package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// staleMirror is the age from which a mirror tells old news; bot run says the same.
const staleMirror = 7 * 24 * time.Hour

// upstreams reads each upstream's head, all of them in one request.
func (x *examination) upstreams(ctx context.Context) {
	var requests []repo.HeadRequest
	var asked []int
	for i, u := range x.Watched {
		if x.Config.Mirror(u.Repository) == "" && !x.Config.Offline && !x.reached {
			continue
		}
		requests = append(requests, repo.HeadRequest{Repository: u.Repository, Ref: u.Ref, Paths: slices.Concat(u.Paths, u.Named)})
		asked = append(asked, i)
	}
	results := map[int]repo.HeadResult{}
	if len(requests) > 0 {
		for i, r := range x.Heads.Heads(ctx, requests) {
			results[asked[i]] = r
		}
	}
	for i, u := range x.Watched {
		r, ok := results[i]
		if !ok {
			x.skip(areaUpstreams, "upstream", u.Name, u.Repository+": "+x.why, "")
			continue
		}
		x.upstream(u, r)
	}
	for _, m := range x.Mirrors {
		x.mirror(ctx, m)
	}
}

func (x *examination) upstream(u Watched, r repo.HeadResult) {
	var offline *repo.OfflineError
	var missing *repo.NotFoundError
	var mirror *repo.MirrorError
	switch {
	case errors.As(r.Err, &offline):
		x.skip(areaUpstreams, "upstream", u.Name, u.Repository+": offline is set and it has no mirror, so it is not read", "add one below mirrors, or remove offline")
		return
	case errors.As(r.Err, &mirror):
		x.fail(areaUpstreams, "upstream", u.Name, HarmSource, u.Repository+": its mirror can't be read", "see the mirror below")
		return
	case errors.As(r.Err, &missing) && missing.Ref == "":
		advice := fmt.Sprintf("correct %s; for a private one the token needs %s", u.RepositoryKey, Permissions()[3].FineGrained)
		x.fail(areaUpstreams, "upstream", u.Name, HarmSource, line(r.Err.Error()), advice)
		return
	case errors.As(r.Err, &missing):
		x.fail(areaUpstreams, "upstream", u.Name, HarmSource, line(r.Err.Error()), fmt.Sprintf("correct %s.ref: a branch, tag or commit, or HEAD for the default branch", u.Key))
		return
	case r.Err != nil:
		x.fail(areaUpstreams, "upstream", u.Name, HarmSource, line(r.Err.Error()), adviceFor(r.Err))
		return
	}
	at := r.Head.Ref
	if r.Head.Branch != "" {
		at = r.Head.Branch
	}
	x.ok(areaUpstreams, "upstream", u.Name, fmt.Sprintf("%s at %s is %.12s of %s", u.Repository, line(at), r.Head.SHA, r.Head.Time.UTC().Format("2006-01-02")))
	x.paths(u, r.Head)
	x.named(u, r.Head)
}

func adviceFor(err error) string {
	if _, ok := errors.AsType[*github.LimitError](err); ok {
		return "run again when the limit is over"
	}
	return "run bot doctor again; if it stays, bot run -v shows each request"
}

// paths looks whether what is watched is there. A folder of another release may be missing; that is what
// presets count on.
func (x *examination) paths(u Watched, head repo.Head) {
	var gone []string
	for _, p := range u.Paths {
		if head.OIDs[p] == "" {
			gone = append(gone, p)
		}
	}
	there := len(u.Paths) - len(gone)
	names := line(strings.Join(gone, ", "))
	key := u.PathsKey
	switch {
	case len(u.Paths) == 0:
	case len(gone) == 0:
		x.ok(areaUpstreams, "paths", u.Name, fmt.Sprintf("all %d watched paths are there", there))
	case there == 0:
		x.fail(areaUpstreams, "paths", u.Name, HarmSource, "none of the watched paths is there: "+names, "correct "+key)
	case strings.HasPrefix(x.Config.Origin(key).From, "preset "):
		x.ok(areaUpstreams, "paths", u.Name, fmt.Sprintf("%d of %d watched paths are there; the preset has also those of other releases: %s", there, len(u.Paths), names))
	default:
		x.warn(areaUpstreams, "paths", u.Name, "not there at this commit: "+names, "correct "+key+", or leave it: a path of another release is no fault")
	}
}

// named looks whether the paths are there whose changes are told. No other release has another one of these.
func (x *examination) named(u Watched, head repo.Head) {
	var gone []string
	for _, p := range u.Named {
		if head.OIDs[p] == "" {
			gone = append(gone, p)
		}
	}
	switch {
	case len(u.Named) == 0:
	case len(gone) == 0:
		x.ok(areaUpstreams, "watched paths", u.Name, fmt.Sprintf("all %d are there", len(u.Named)))
	default:
		x.warn(areaUpstreams, "watched paths", u.Name, fmt.Sprintf("%d of %d are not there: %s", len(gone), len(u.Named), line(strings.Join(gone, ", "))),
			"correct "+u.NamedKey+"; bot run --dry-run says in its last part where they went, if they ever were there")
	}
}

// mirror tells how old a clone is.
func (x *examination) mirror(ctx context.Context, m Mirror) {
	fetched, err := m.Fetched(ctx)
	switch {
	case err != nil:
		x.fail(areaUpstreams, "mirror", m.Repository(), HarmSource, line(err.Error()), "correct its path below mirrors, or make it: git clone --mirror")
	case fetched.IsZero():
		x.warn(areaUpstreams, "mirror", m.Repository(), line(m.Path())+": it can't be told when it was last fetched", "fetch it: git -C "+line(m.Path())+" fetch")
	case x.now.Sub(fetched) > staleMirror:
		x.warn(areaUpstreams, "mirror", m.Repository(), fmt.Sprintf("%s was last fetched %s; what happened since is not told", line(m.Path()), age(x.now.Sub(fetched))),
			"fetch it before each run: git -C "+line(m.Path())+" fetch")
	default:
		x.ok(areaUpstreams, "mirror", m.Repository(), fmt.Sprintf("%s was last fetched %s", line(m.Path()), age(x.now.Sub(fetched))))
	}
}
