package github_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/upstream-digest/bot/internal/github"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// pack makes an archive as codeload does, its files in order.
func pack(t *testing.T, level int, entries ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	entries = append([]tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": commit}},
		{Typeflag: tar.TypeDir, Name: "up-stream-0123456/", Mode: 0o755},
	}, entries...)
	for _, e := range entries {
		text := e.Uname // stands for the content
		e.Uname = ""
		if e.Typeflag == tar.TypeReg {
			e.Name, e.Size, e.Mode = "up-stream-0123456/"+e.Name, int64(len(text)), 0o644
		}
		if err := w.WriteHeader(&e); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func file(name, text string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Uname: text}
}

var toCodeload = reply{status: 302, header: map[string]string{"Location": "https://codeload.github.com/up/stream/legacy.tar.gz/" + commit}}

func gz(body string) reply {
	return reply{status: 200, body: body, header: map[string]string{"Content-Type": "application/x-gzip"}}
}

// collect reads an archive into a map.
func collect(t *testing.T, c *github.Client) (map[string]string, error) {
	t.Helper()
	got := map[string]string{}
	err := c.Archive(t.Context(), "up/stream", commit, func(f github.ArchiveFile) error {
		data, err := io.ReadAll(f.Content)
		if err == nil && int64(len(data)) != f.Size {
			t.Errorf("%s: %d bytes, said %d", f.Path, len(data), f.Size)
		}
		got[f.Path] = string(data)
		return err
	})
	return got, err
}

func TestArchiveComesFromWhereItRedirects(t *testing.T) {
	whole := pack(t, gzip.BestSpeed, file("README.md", "# x\n"), file("keps/a/kep.yaml", "a"),
		tar.Header{Typeflag: tar.TypeSymlink, Name: "up-stream-0123456/link", Linkname: "README.md"}, file("empty", ""))
	for name, change := range map[string]func(*github.Options){"token": func(*github.Options) {}, "anonymous": func(o *github.Options) { o.Token = github.Secret{} }} {
		s := &script{replies: []reply{toCodeload, gz(whole)}}
		c := newClient(t, s, change)
		got, err := collect(t, c)
		if want := map[string]string{"README.md": "# x\n", "keps/a/kep.yaml": "a", "link": "README.md", "empty": ""}; err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if len(s.log) != 2 || s.log[0].url != "https://api.github.com/repos/up/stream/tarball/"+commit || s.log[1].auth != "" || (s.log[0].auth != "") != (name == "token") {
			t.Errorf("%s: sent %+v; the token is the API's alone", name, s.log)
		}
		if got := c.Cost(); got != (github.Cost{REST: 1, Raw: 1}) {
			t.Errorf("%s: cost %+v", name, got)
		}
	}
}

func TestArchiveEndsWhereItsReaderEndsIt(t *testing.T) {
	whole := pack(t, gzip.BestSpeed, file("a", "1"), file("b", "2"), file("c", "3"))
	mine := errors.New("mine")
	for _, c := range []struct{ end, want error }{{fs.SkipAll, nil}, {mine, mine}} {
		s := &script{replies: []reply{toCodeload, gz(whole)}}
		n := 0
		err := newClient(t, s).Archive(t.Context(), "up/stream", commit, func(github.ArchiveFile) error {
			if n++; n == 2 {
				return c.end
			}
			return nil
		})
		if !errors.Is(err, c.want) || c.want == nil && err != nil || n != 2 || s.count() != 2 {
			t.Errorf("%v after %d files and %d requests; want %v after 2 and 2", err, n, s.count(), c.want)
		}
	}
}

// What is no whole archive is an error that says what it is instead, and is asked for again.
func TestArchiveThatIsNone(t *testing.T) {
	whole := pack(t, gzip.BestSpeed, file("a", strings.Repeat("abc", 1000)), file("b", strings.Repeat("xyz", 5000)))
	flipped := []byte(whole)
	flipped[len(flipped)-6] ^= 0xff // of the checksum
	html := reply{status: 200, body: "<!DOCTYPE html><p>Sign in", header: map[string]string{"Content-Type": "text/html"}}
	for name, c := range map[string]struct {
		reply reply
		want  string
	}{
		"cut":                  {gz(whole[:len(whole)/2]), "cut off after"},
		"cut at its end":       {gz(whole[:len(whole)-4]), "cut off after"},
		"cut in its beginning": {gz(whole[:5]), "cut off after 5 bytes"},
		"connection broken":    {reply{status: 200, body: whole[:len(whole)/2], bodyErr: io.ErrUnexpectedEOF}, "cut off after"},
		"html":                 {html, "HTML, not an archive"},
		"json":                 {reply{status: 200, body: `{"message":"x"}`}, "not a gzipped archive"},
		"empty":                {gz(""), "empty"},
		"damaged":              {gz(string(flipped)), "damaged"},
		"no files":             {gz(pack(t, gzip.BestSpeed)), "the archive is empty"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{replies: []reply{toCodeload, c.reply}}
			got, err := collect(t, newClient(t, s))
			e := as[*github.DecodeError](t, err)
			if !strings.Contains(e.Error(), c.want) || !strings.Contains(e.Error(), "codeload.github.com") {
				t.Errorf("%s: %v (%d files), want %q and the host", name, err, len(got), c.want)
			}
			if s.count() != 4 {
				t.Errorf("%s: %d requests, want the API's and three tries", name, s.count())
			}
			// And good at the next try.
			s = &script{replies: []reply{toCodeload, c.reply, gz(whole)}}
			if got, err := collect(t, newClient(t, s)); err != nil || len(got["b"]) != 15000 {
				t.Errorf("%s, then whole: %d files, %v", name, len(got), err)
			}
		})
	}
}

func TestArchiveErrorsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{replies: []reply{{status: 404, body: `{"message":"Not Found"}`}}}
		_, err := collect(t, newClient(t, s))
		if e := as[*github.NotFoundError](t, err); e.Repository != "up/stream" {
			t.Errorf("%+v", e)
		}
		s = &script{replies: []reply{{status: 302, header: map[string]string{"Location": "https://example.com/x.tar.gz"}}}}
		_, err = collect(t, newClient(t, s))
		if _ = as[*github.StrayError](t, err); s.count() != 1 {
			t.Errorf("%d requests: it was followed", s.count())
		}
		s = &script{replies: []reply{toCodeload, {status: 502, body: "<html>"}}}
		_, err = collect(t, newClient(t, s))
		_ = as[*github.ServerError](t, err)
		s = &script{replies: []reply{toCodeload, {status: 429, header: map[string]string{"Retry-After": "3600"}}}}
		_, err = collect(t, newClient(t, s))
		_ = as[*github.LimitError](t, err)
		s = &script{replies: []reply{toCodeload, {hang: true}}}
		_, err = collect(t, newClient(t, s))
		if e := as[*github.NetworkError](t, err); !strings.Contains(e.Error(), "2m0s") {
			t.Errorf("%v, want the limit of an archive", e)
		}
		if err := newClient(t, s).Archive(t.Context(), "up/stream", "main", nil); err == nil {
			t.Error("a branch was taken for a commit")
		}
	})
}

// An archive of more than 64 MiB is not read to its end, and not asked for again.
func TestArchiveOfLargeSize(t *testing.T) {
	s := &script{replies: []reply{toCodeload, gz(pack(t, gzip.NoCompression, file("large", strings.Repeat("x", 65<<20))))}}
	_, err := collect(t, newClient(t, s))
	if e := as[*github.DecodeError](t, err); !strings.Contains(e.Reason, "64 MiB") || s.count() != 2 || e.Status != http.StatusOK {
		t.Errorf("%v after %d requests", err, s.count())
	}
}

// waitsFor is a reader that has nothing before a channel is closed.
type waitsFor struct {
	io.Reader
	ready chan struct{}
}

func (w *waitsFor) Read(p []byte) (int, error) {
	<-w.ready
	return w.Reader.Read(p)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The first file is had before the rest has come: nothing waits for the whole.
func TestArchiveIsReadWhileItComes(t *testing.T) {
	noise := make([]byte, 1<<20) // does not pack
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	whole := pack(t, gzip.BestSpeed, file("first", "1"), file("noise", string(noise)))
	synctest.Test(t, func(t *testing.T) { // a deadlock ends it
		begun := make(chan struct{})
		s := &script{replies: []reply{toCodeload}}
		base := roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.URL.Host == "api.github.com" {
				return s.RoundTrip(req)
			}
			rest := &waitsFor{strings.NewReader(whole[len(whole)/2:]), begun}
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{}, Request: req, Body: io.NopCloser(io.MultiReader(strings.NewReader(whole[:len(whole)/2]), rest)),
			}, nil
		})
		n := 0
		err := newClient(t, base).Archive(t.Context(), "up/stream", commit, func(f github.ArchiveFile) error {
			if n++; n == 1 {
				close(begun)
			}
			_, err := io.Copy(io.Discard, f.Content)
			return err
		})
		if err != nil || n != 2 {
			t.Errorf("%d files, %v", n, err)
		}
	})
}
