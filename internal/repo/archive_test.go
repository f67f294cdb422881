package repo_test

import (
	"crypto/sha1" //nolint:gosec // git's object ids are SHA-1
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/repo"
)

// objectsOf are the first n proposals of a repository.
func objectsOf(t *testing.T, dir string, n int) (sha string, objects []repo.Object) {
	t.Helper()
	for _, e := range filesBelow(t, dir, "main", "keps") {
		if e.Name == "kep.yaml" && len(objects) < n {
			objects = append(objects, repo.Object{Path: e.Path, OID: e.OID})
		}
	}
	return git(t, dir, "rev-parse", "main"), objects
}

func TestFewFilesAreFetchedOneByOne(t *testing.T) {
	dir, _ := proposals(t, 30)
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	for n, want := range map[int]github.Cost{20: {Raw: 20}, 21: {REST: 1, Raw: 1}} {
		c := client(t, gh, anonymous)
		r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		sha, objects := objectsOf(t, dir, n)
		if got, err := r.Blobs(t.Context(), sha, objects); err != nil || len(got) != n {
			t.Fatalf("%d, %v", len(got), err)
		}
		if got := c.Cost(); got != want {
			t.Errorf("%d files cost %+v, want %+v", n, got, want)
		}
	}
}

// What a repository keeps out of its archives, or changes in them, is fetched from elsewhere; where that is
// most of it, it is said.
func TestFilesThatTheArchiveLacks(t *testing.T) {
	dir, files := proposals(t, 60)
	attributes := func(text string) {
		t.Helper()
		write(t, dir, map[string]string{".gitattributes": text})
		git(t, dir, "add", ".gitattributes")
		git(t, dir, "commit", "--quiet", "--message", "attributes")
	}
	read := func() error {
		t.Helper()
		gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
		r, err := newSet(t, repo.SetOptions{Client: client(t, gh, anonymous)}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		return readProposals(t, r, files, 60)
	}
	write(t, dir, map[string]string{"keps/sig-01/0001-proposal/kep.yaml": "commit: $Format:%H$\n"})
	files["keps/sig-01/0001-proposal/kep.yaml"] = "commit: $Format:%H$\n"
	git(t, dir, "add", "keps")
	attributes("keps/sig-00/** export-ignore\nkeps/sig-01/** export-subst\n")
	if err := read(); err != nil {
		t.Error(err)
	}
	attributes("keps/*/*/kep.yaml export-ignore\n")
	err := read()
	if e := must[*repo.IncompleteError](t, err); !strings.Contains(e.Error(), "lacks 60 of them") {
		t.Error(e)
	}
}

// An archive that is none is an error that says so: neither less files nor hundreds of single requests.
func TestArchivesThatFailAreAnError(t *testing.T) {
	dir, _ := proposals(t, 40)
	sha, objects := objectsOf(t, dir, 40)
	for want, fault := range map[string]ghtest.Fault{
		"cut off after":        {Kind: ghtest.ArchiveCut, Path: "/raw/_codeload/**"},
		"is cut off":           {Kind: ghtest.Truncated, Path: "/raw/_codeload/**"},
		"HTML, not an archive": {Kind: ghtest.HTML, Path: "/raw/_codeload/**"},
		"answer is empty":      {Kind: ghtest.Empty, Path: "/raw/_codeload/**"},
		"status 503":           {Kind: ghtest.ServerError, Status: 503, Path: "/raw/_codeload/**"},
		"redirects to example": {Kind: ghtest.Redirect, Location: "http://example.com/x", Path: "/repos/**"},
	} {
		gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
		gh.AddFault(fault)
		c := client(t, gh, anonymous, func(o *github.Options) { o.MaxWait = -1 })
		r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Blobs(t.Context(), sha, objects)
		if err == nil || len(got) != 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d files, %v; want an error with %q", fault.Kind, len(got), err, want)
		}
		if cost := c.Cost(); cost.Requests()+cost.Raw > 2 {
			t.Errorf("%s: cost %+v: something was read all the same", fault.Kind, cost)
		}
	}
	gh := serve(t, ghtest.Options{}, map[string]string{"up/stream": dir})
	r, err := newSet(t, repo.SetOptions{Client: client(t, gh, anonymous)}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	nothing := strings.Repeat("0", 39) + "1"
	if e := must[*repo.NotFoundError](t, errOf(r.Blobs(t.Context(), nothing, objects))); e.Ref != nothing {
		t.Errorf("%+v", e)
	}
}

// blobID is git's id of a file.
func blobID(t *testing.T, text string) string {
	t.Helper()
	h := sha1.New() //nolint:gosec // git's object ids are SHA-1
	_, _ = fmt.Fprintf(h, "blob %d\x00%s", len(text), text)
	return hex.EncodeToString(h.Sum(nil))
}

// A commit of much more than is wanted is not fetched whole.
func TestLargeCommitsAreNotFetchedWhole(t *testing.T) {
	sha, objects := strings.Repeat("a", 40), []repo.Object(nil)
	var tree []string
	for i := range 25 {
		text := fmt.Sprintf("file %d\n", i)
		objects = append(objects, repo.Object{Path: fmt.Sprintf("f%02d", i), OID: blobID(t, text)})
		tree = append(tree, fmt.Sprintf(`{"path":"f%02d","mode":"100644","type":"blob","sha":%q,"size":10000000}`, i, objects[i].OID))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.Contains(req.URL.Path, "/git/trees/"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"sha":"` + sha + `","truncated":false,"tree":[` + strings.Join(tree, ",") + `]}`))
		case strings.HasPrefix(req.URL.Path, "/raw/"):
			var i int
			if _, err := fmt.Sscanf(req.URL.Path[len(req.URL.Path)-2:], "%d", &i); err != nil {
				t.Error(err)
			}
			_, _ = fmt.Fprintf(w, "file %d\n", i)
		default:
			t.Errorf("asked for %s", req.URL.Path)
		}
	}))
	defer srv.Close()
	c := client(t, &ghtest.Server{}, anonymous, func(o *github.Options) { o.APIURL, o.RawURL = srv.URL, srv.URL+"/raw" })
	r, err := newSet(t, repo.SetOptions{Client: c}).Reader("up/stream")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Tree(t.Context(), sha, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Blobs(t.Context(), sha, objects); err != nil || len(got) != 25 {
		t.Errorf("%d, %v", len(got), err)
	}
	if got := c.Cost(); got != (github.Cost{REST: 1, Raw: 25}) {
		t.Errorf("cost %+v", got)
	}
}
