package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileChannel writes a digest to a file, whole or not at all: exactly once. A file that holds something else is
// never written over (numbers start anew with a lost state, and a path need not hold one): then the digest goes
// to the first free name beside it.
type FileChannel struct{}

// Deliver writes each part that is not there yet. The name that a part got is its ResultURL.
func (FileChannel) Deliver(_ context.Context, parts []Delivery, record Record) error {
	return EachOwed(parts, record, func(d *Delivery) error {
		path, err := writeFile(*d)
		if err != nil {
			return fmt.Errorf("write digest to %s: %w", d.Target, err)
		}
		d.ResultURL = path
		return nil
	})
}

// maxBeside bounds the search for a free name.
const maxBeside = 10_000

// writeFile gives the name under which a part stands then: its target, or a numbered one beside it.
func writeFile(d Delivery) (string, error) {
	path, body := d.Target, d.Body
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// Named after the part: what a run that died has left is used again.
	tmp := filepath.Join(dir, ".digest-"+d.Nonce+".tmp")
	defer os.Remove(tmp)
	if err := writeTemp(tmp, body); err != nil {
		return "", err
	}
	for n := 1; n <= maxBeside; n++ {
		name := beside(path, n)
		// A link never takes the place of anything. What is there already may be ours: a run that died
		// between writing and recording, or one that slept meanwhile.
		err := os.Link(tmp, name)
		if err == nil {
			return name, nil
		}
		old, rerr := os.ReadFile(name)
		switch {
		case rerr == nil && string(old) == body:
			return name, nil
		case rerr == nil || errors.Is(err, fs.ErrExist): // holds something else, or is a folder
		case errors.Is(rerr, fs.ErrNotExist):
			// No hard links in this file system. The lock keeps other runs away.
			return name, os.Rename(tmp, name)
		default:
			return "", rerr
		}
	}
	return "", fmt.Errorf("%d files stand there already; set a path with {seq} or {date} in it", maxBeside)
}

// beside is the n-th name for path: digest.md, digest-2.md, digest-3.md.
func beside(path string, n int) string {
	if n == 1 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
}

func writeTemp(path, body string) error {
	tmp, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.WriteString(tmp, body)
	return errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
}

// PageChannel keeps a digest for the service's pages: the state holds it, and nothing is sent.
type PageChannel struct{}

// Deliver takes what is there.
func (PageChannel) Deliver(_ context.Context, parts []Delivery, record Record) error {
	return EachOwed(parts, record, func(*Delivery) error { return nil })
}

// WriterChannel prints a digest. A death between printing and recording prints it again: at least once.
type WriterChannel struct{ W io.Writer }

// Deliver prints each part that was not printed yet.
func (c WriterChannel) Deliver(_ context.Context, parts []Delivery, record Record) error {
	return EachOwed(parts, record, func(d *Delivery) error {
		if _, err := io.WriteString(c.W, d.Body+"\n"); err != nil {
			return fmt.Errorf("print digest: %w", err)
		}
		return nil
	})
}
