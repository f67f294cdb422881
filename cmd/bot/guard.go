package main

import (
	"io"

	"github.com/upstream-digest/bot/internal/report"
)

// guard is standard error: errors and log lines quote file names, server answers and Go source, and none
// of these may steer the terminal or give GitHub's runner an order. The formats on standard output take
// care of that themselves, for they have colours of their own.
type guard struct{ w io.Writer }

func (g guard) Write(p []byte) (int, error) {
	if _, err := io.WriteString(g.w, report.Printable(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
