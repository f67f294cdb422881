//go:build unix

package doctor

import "golang.org/x/sys/unix"

// permissionsCount: a file's mode says who may read it.
const permissionsCount = true

// writable asks whether this user may write to a file or make files in a folder. Nothing is touched.
func writable(path string) error { return unix.Access(path, unix.W_OK) }
