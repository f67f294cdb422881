//go:build !unix

package doctor

import (
	"errors"
	"os"
)

// permissionsCount: a file's mode says nothing here.
const permissionsCount = false

// writable knows no more than the read-only flag. Nothing is touched.
func writable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() && info.Mode().Perm()&0o200 == 0 {
		return errors.New("it is read-only")
	}
	return nil
}
