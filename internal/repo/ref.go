package repo

import (
	"fmt"
	"path"
	"strings"
)

// RefError says that a text cannot be a ref or path at all, so that nothing was asked.
type RefError struct {
	Text   string
	Reason string
}

func (e *RefError) Error() string {
	return fmt.Sprintf("%q is no ref: %s; name a branch, tag, commit or HEAD", e.Text, e.Reason)
}

// checkRef refuses what no branch, tag or commit can be called. All engines then understand the same:
// neither an option of git nor a revision expression ("v1~3", "a..b", ":/text") gets through.
func checkRef(ref string) error {
	var reason string
	switch {
	case isHeadRef(ref):
		return nil
	case strings.HasPrefix(ref, "-"):
		reason = "it begins with a dash"
	case strings.ContainsFunc(ref, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }):
		reason = `it holds white space, a control character or one of ~^:?*[\`
	case strings.Contains(ref, "..") || strings.Contains(ref, "@{") || strings.Contains(ref, "//") || ref == "@":
		reason = `it holds "..", "@{" or "//"`
	case strings.HasPrefix(ref, "/") || strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") || strings.HasSuffix(ref, ".lock"):
		reason = `it begins or ends as no ref may`
	case len(ref) > 400:
		ref, reason = ref[:40]+"…", "it is too long"
	default:
		return nil
	}
	return &RefError{Text: ref, Reason: reason}
}

// isHeadRef reports whether ref asks for the default branch.
func isHeadRef(ref string) bool { return ref == "" || ref == "HEAD" }

// cleanPath is path as git has it: no slash at either end, "" for the root.
func cleanPath(p string) (string, error) {
	if strings.ContainsAny(p, "\x00\n") {
		return "", fmt.Errorf("path %q holds a line break or NUL", p)
	}
	c := path.Clean("/" + p)[1:]
	if strings.HasPrefix(p, "../") || strings.Contains(p, "/../") || p == ".." {
		return "", fmt.Errorf("path %q leads out of the repository", p)
	}
	return c, nil
}

func cleanPaths(paths []string) ([]string, error) {
	out := make([]string, len(paths))
	for i, p := range paths {
		c, err := cleanPath(p)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// join is folder/name, where the root is "".
func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// parent is the folder of a path, "" for the root's entries.
func parent(p string) string {
	i := strings.LastIndexByte(p, '/')
	return p[:max(i, 0)]
}
