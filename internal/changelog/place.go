package changelog

import "strings"

// place is what the headings above a line say of it.
type place struct {
	path   []string // titles, outermost first; shared by all notes below, never changed
	levels []int
	kinds  []string
	urgent bool
	skip   string // why bullets here are no notes; "" they are
	cve    bool   // a heading names a vulnerability
}

// below gives the place under a further heading.
func (p place) below(level int, title string) place {
	keep := len(p.levels)
	for keep > 0 && p.levels[keep-1] >= level {
		keep--
	}
	next := place{
		path:   append(append(make([]string, 0, keep+1), p.path[:keep]...), title),
		levels: append(append(make([]int, 0, keep+1), p.levels[:keep]...), level),
	}
	for _, t := range next.path {
		t = simple(t)
		if k := kindsOf(t); k != nil {
			next.kinds = k
		}
		if urgentTitle(t) {
			next.urgent = true
		} else if calmTitle(t) {
			next.urgent = false
		}
		if why := skipTitle(t); why != "" {
			next.skip = why
		}
		if len(CVEs(t)) > 0 {
			next.skip, next.cve = ReasonAdvisory, true
		}
	}
	return next
}

// simple folds what editors vary in titles: case, apostrophes, a colon, blanks.
func simple(title string) string {
	title = strings.ToLower(strings.Join(strings.Fields(title), " "))
	title = strings.ReplaceAll(title, "’", "'")
	return strings.TrimRight(title, ": ")
}

// kindsOf knows the headings under "Changes by Kind", and those of older eras that mean the same.
func kindsOf(title string) []string {
	switch title {
	case "deprecation", "deprecations", "deprecations and removals", "new deprecations", "removed deprecations":
		return []string{"deprecation"}
	case "api change", "api changes":
		return []string{"api-change"}
	case "feature", "features", "notable features", "new features":
		return []string{"feature"}
	case "documentation":
		return []string{"documentation"}
	case "failing test":
		return []string{"failing-test"}
	case "bug or regression", "bug fixes":
		return []string{"bug"}
	case "other (cleanup or flake)":
		return []string{"cleanup"}
	case "other (bug, cleanup or flake)": // 1.18
		return []string{"bug", "cleanup"}
	case "dependency":
		return []string{"dependency"}
	case "design":
		return []string{"design"}
	}
	return nil
}

func urgentTitle(title string) bool {
	return strings.HasPrefix(title, "urgent upgrade notes") || strings.HasPrefix(title, "action required") ||
		strings.Contains(title, "before upgrading") || strings.Contains(title, "before you upgrade")
}

// calmTitle knows what 1.3 and 1.11 put below Before Upgrading although it can wait.
func calmTitle(title string) bool {
	return strings.HasPrefix(title, "graduated to ") || strings.HasPrefix(title, "new ") || strings.HasSuffix(title, "known issues")
}

// skipTitle says why bullets under a title are no notes.
func skipTitle(title string) string {
	switch title {
	case "source code", "client binaries", "server binaries", "node binaries", "container images":
		return ReasonDownloads
	case "dependency": // a kind since 1.36
		return ""
	}
	switch {
	case title == "downloads", strings.HasPrefix(title, "downloads for "):
		return ReasonDownloads
	case strings.Contains(title, "dependenc"):
		return ReasonDependency
	case strings.Contains(title, "what's new"), strings.Contains(title, "major theme"), strings.Contains(title, "release themes"),
		strings.HasPrefix(title, "highlights"), strings.HasPrefix(title, "introduction to "):
		return ReasonTheme
	case strings.HasPrefix(title, "previous releases included"):
		return ReasonReleases
	case strings.Contains(title, "security information"), title == "security content": // 1.13
		return ReasonAdvisory
	}
	return ""
}
