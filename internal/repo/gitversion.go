package repo

import (
	"context"
	"strings"
)

// GitVersion is what the git program says it is ("2.47.1"). The cause of an error is ErrNoGit where there
// is none.
func GitVersion(ctx context.Context, opts GitOptions) (string, error) {
	g := &git{opts: opts, dir: "/"}
	out, err := g.output(ctx, "--version")
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "git version "), nil
}
