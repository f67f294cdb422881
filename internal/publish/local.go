package publish

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FileChannel writes a digest to a file, whole or not at all. Its path holds the digest's number, so
// delivering twice leaves one file: exactly once.
type FileChannel struct{}

// Deliver writes each part that is not there yet.
func (FileChannel) Deliver(_ context.Context, parts []Delivery, record Record) error {
	for _, d := range parts {
		if d.Status == Filed {
			continue
		}
		if err := writeFile(d.Target, d.Body); err != nil {
			return fmt.Errorf("write digest to %s: %w", d.Target, err)
		}
		d.Status, d.ResultURL = Filed, d.Target
		if err := record(d); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path, body string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".digest-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	if _, err := io.WriteString(tmp, body); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// WriterChannel prints a digest. A death between printing and recording prints it again: at least once.
type WriterChannel struct{ W io.Writer }

// Deliver prints each part that was not printed yet.
func (c WriterChannel) Deliver(_ context.Context, parts []Delivery, record Record) error {
	for _, d := range parts {
		if d.Status == Filed {
			continue
		}
		if _, err := io.WriteString(c.W, d.Body+"\n"); err != nil {
			return fmt.Errorf("print digest: %w", err)
		}
		d.Status = Filed
		if err := record(d); err != nil {
			return err
		}
	}
	return nil
}
