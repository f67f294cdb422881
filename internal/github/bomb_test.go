package github

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"testing"
)

// A few kilobytes that unpack without end are not unpacked to it, whoever reads the file or skips it.
func TestArchiveThatUnpacksWithoutEnd(t *testing.T) {
	const most = 1 << 20
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x/zeros", Size: 8 * most, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 8*most)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]func(ArchiveFile) error{
		"read": func(f ArchiveFile) error {
			n, err := io.Copy(io.Discard, f.Content)
			if n > most {
				t.Errorf("%d bytes were unpacked", n)
			}
			return err
		},
		"skipped": func(ArchiveFile) error { return nil },
	} {
		err := readArchive(http.Header{}, bytes.NewReader(packed.Bytes()), most, file)
		if e, ok := errors.AsType[*archiveError](err); !ok || e.reason != tooLargeUnpacked {
			t.Errorf("%s: %v", name, err)
		}
	}
}
