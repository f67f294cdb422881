package github

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
)

const (
	// maxUnpacked is the most that is unpacked of one archive: kubernetes/kubernetes has less than half.
	maxUnpacked = 1 << 30
	// archiveTries is how often an archive is asked for when it comes cut.
	archiveTries = 3
	// archivePatience is how many times Options.Timeout an archive may take.
	archivePatience = 4
)

// stream reads an answer while it comes, instead of having it whole. Its error is about the answer, and may
// be helped by asking again.
type stream func(header http.Header, body io.Reader) error

// ArchiveFile is one file of an archive.
type ArchiveFile struct {
	Path    string // from the repository's root
	Size    int64
	Content io.Reader // of a symbolic link where it leads to
}

// Archive hands the files of a commit to file, one after the other as they come: one request to the API, and
// one to where it redirects. Nothing is kept. Where it comes cut it is asked for again, and files come again
// then. file ends it early by [fs.SkipAll]; its other errors are returned. What a repository excludes from
// its archives does not come, and nothing here is checked against object ids.
func (c *Client) Archive(ctx context.Context, repository, sha string, file func(ArchiveFile) error) error {
	owner, name, err := splitRepository(repository)
	if err != nil {
		return err
	}
	if !isOID(sha) {
		return fmt.Errorf("read %s: %q is no commit id", repository, clip(sha, 80))
	}
	ctx, k := c.begin(ctx, "read the archive of "+repository)
	var refused error // by file
	k.tries = archiveTries
	k.stream = func(h http.Header, body io.Reader) error {
		err := readArchive(h, body, maxUnpacked, file)
		if f, ok := err.(*fileError); ok { //nolint:errorlint // made by readArchive, never wrapped
			refused = f.err
			return nil // the answer is as it should be
		}
		return err
	}
	req, err := c.rest.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/tarball/%s", owner, name, sha), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", k.op, err)
	}
	if err := c.do(ctx, k, req, nil, subject{repository: repository, what: "commit " + sha}); err != nil {
		return err
	}
	if refused != nil && !errors.Is(refused, fs.SkipAll) {
		return refused
	}
	return nil
}

// archiveError says what is wrong with an archive; the transport adds the host.
type archiveError struct {
	reason string
	quote  string
}

func (e *archiveError) Error() string { return e.reason }

// fileError is an error of whoever takes the files.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }

// readArchive unpacks a gzipped tar. Its errors are *fileError, *archiveError and the body's.
func readArchive(h http.Header, body io.Reader, most int64, file func(ArchiveFile) error) error {
	in := bufio.NewReaderSize(body, 64<<10)
	start, err := in.Peek(2)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case len(start) == 0:
		return &archiveError{reason: "the answer is empty, not an archive"}
	case len(start) < 2 || start[0] != 0x1f || start[1] != 0x8b:
		what := "the answer is not a gzipped archive"
		begin, _ := in.Peek(quoteBytes) // what there is
		text := strings.TrimSpace(string(begin))
		if strings.HasPrefix(text, "<") || strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			what = "the answer is HTML, not an archive"
		}
		return &archiveError{reason: what, quote: clip(text, quoteBytes)}
	}
	unzip, err := gzip.NewReader(in)
	if err != nil {
		return damaged(err)
	}
	unpacked := &countedReader{r: io.LimitReader(unzip, most)}
	files := tar.NewReader(unpacked)
	for any := false; ; {
		entry, err := files.Next()
		switch {
		case unpacked.n >= most:
			return &archiveError{reason: tooLargeUnpacked}
		case errors.Is(err, io.EOF) && !any:
			return &archiveError{reason: "the archive is empty"}
		case errors.Is(err, io.EOF):
			// What stands behind the tar's end is its checksum, which tells a cut from an end.
			if _, err := io.Copy(io.Discard, unpacked); err != nil {
				return damaged(err)
			}
			return nil
		case err != nil:
			return damaged(err)
		}
		f, ok := archiveFile(entry, files)
		any = any || ok
		if !ok {
			continue
		}
		watched := &countedReader{r: f.Content}
		f.Content = watched
		if err := file(f); err != nil {
			switch {
			case watched.err == nil:
				return &fileError{err}
			case unpacked.n >= most:
				return &archiveError{reason: tooLargeUnpacked}
			default:
				return damaged(watched.err) // the cause, rather than what file made of it
			}
		}
	}
}

const tooLargeUnpacked = "the archive unpacks to more than 1 GiB"

// archiveFile is an entry as a file of the repository. All stand in one folder, named after the commit.
func archiveFile(entry *tar.Header, content io.Reader) (ArchiveFile, bool) {
	_, path, ok := strings.Cut(entry.Name, "/")
	f := ArchiveFile{Path: path, Size: entry.Size, Content: content}
	switch entry.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink:
		f.Size, f.Content = int64(len(entry.Linkname)), strings.NewReader(entry.Linkname)
	default:
		ok = false
	}
	return f, ok && path != ""
}

// damaged words an error of unpacking; those of the body itself stay.
func damaged(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, tar.ErrHeader):
		return &archiveError{reason: "the archive is damaged: " + err.Error()}
	case strings.HasPrefix(err.Error(), "flate: "):
		return &archiveError{reason: "the archive is damaged: " + err.Error()}
	}
	return err
}

// countedReader counts what is read, and keeps the error that ended it.
type countedReader struct {
	r   io.Reader
	n   int64
	err error
}

// Read implements io.Reader.
func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
