package kep

import (
	"regexp"
	"slices"
	"strings"
)

// Compiled once and never changed.
var (
	urlForm = regexp.MustCompile(`(?i)\b(?:https?://|www\.|(?:github|raw\.githubusercontent)\.com/|[a-z]+\.k8s\.io/)[^\s<>"'` + "`" + `|]+`)
	// 2019-01-28, 2019/1/28, 20190128, 2020-09, 12/2020, 01-21-2019, 5/1/2020, Jan 29 2019, 22nd of December 2023.
	dateForm = regexp.MustCompile(`(?i)\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}/\d{1,2}/\d{2}|` +
		`20\d{2}[-/]\d{1,2}|20[0-3]\d[01]\d[0-3]\d|\d{1,2}/20\d{2}|` + month + `\.? \d{1,2}(?:st|nd|rd|th)?(?:, ?| )\d{4}|\d{1,2}(?:st|nd|rd|th)?(?: of)? ` + month + `\.?,? \d{4}|` + month + `\.?,? \d{4})\b`)
	// A pull request of kubernetes/kubernetes.
	prURL = regexp.MustCompile(`(?i)(?:(?:\bgithub\.com/|^|[^\w/.-])kubernetes/kubernetes/pull/|\bpr\.(?:k8s|kubernetes)\.io/)(\d{1,7})\b`)
	// #59898, with the repository that stands before it, if one does: "kubernetes/website PR #21210", "kops#950".
	numberForm = regexp.MustCompile(`(?i)(?:\b([\w-]+/[\w.-]+)(?:,? (?:PRs?|issues?|pull requests?))? ?|\b([\w.-]+))?#(\d{1,7})\b`)
)

const month = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`

func withoutURLs(s string) string { return urlForm.ReplaceAllString(s, " ") }

func dateIn(s string) string {
	for _, at := range dateForm.FindAllStringIndex(s, -1) {
		if at[0] == 0 || s[at[0]-1] != '#' {
			return s[at[0]:at[1]]
		}
	}
	return ""
}

// isLabel reports whether a bullet names a date, a release or a stage and nothing else: "v1.23:".
func isLabel(s string) bool {
	s = withoutURLs(s)
	s = strings.Replace(s, dateIn(s), "", 1)
	for _, f := range slices.Backward(findReleases(s)) {
		s = s[:f.start] + s[f.end:]
	}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return c < 0x80 && !isWordByte(byte(c)) }) {
		switch w {
		case "kubernetes", "k8s", "version", "release", "alpha", "beta", "ga", "stable":
		default:
			return false
		}
	}
	return true
}

// stagesIn finds the stages a text names as words of their own: not v1beta1, not unstable.
func stagesIn(s string) []string {
	var out []string
	put := func(stage string) {
		if !slices.Contains(out, stage) {
			out = append(out, stage)
		}
	}
	words := strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return c < 0x80 && !isWordByte(byte(c)) })
	for i, w := range words {
		switch w {
		case "alpha", "beta", "stable", "deprecated":
			put(w)
		case "ga":
			put("stable")
		case "availability":
			if i > 0 && words[i-1] == "general" {
				put("stable")
			}
		}
	}
	return out
}

// kubernetesReleases finds 1.x releases, but for those that another program's name stands before.
func kubernetesReleases(s string) []string {
	var out []string
	for _, f := range findReleases(s) {
		if !strings.HasPrefix(f.name, "1.") || slices.Contains(out, f.name) || strings.HasSuffix(s[:f.start], "$") {
			continue
		}
		before := strings.Fields(s[:f.start])
		if len(before) > 0 {
			switch strings.ToLower(strings.Trim(before[len(before)-1], "(),:")) {
			case "go", "golang", "etcd", "containerd", "cri-o", "runc", "crun", "coredns", "csi", "cni", "cri", "grpc", "docker", "cadvisor", "section", "kernel":
				continue
			}
		}
		out = append(out, f.name)
	}
	return out
}

// ownNumbers is where kubernetes/kubernetes' numbers begin to be none of kubernetes/enhancements, whose README this is
// and whose own are still below 10,000: GitHub would read a bare #1936 as its own.
const ownNumbers = 20000

// numbers finds the pull requests an entry links to, and the numbers it only writes.
func (f flat) numbers() (prs, mentioned []int) {
	put := func(to *[]int, digits string) {
		if n := atoi(digits); n > 0 && !slices.Contains(*to, n) && !slices.Contains(prs, n) && len(*to) < maxList {
			*to = append(*to, n)
		}
	}
	for _, m := range prURL.FindAllStringSubmatch(f.bare, -1) {
		put(&prs, m[1])
	}
	for _, l := range f.links {
		if m := prURL.FindStringSubmatch(l); m != nil {
			put(&prs, m[1])
		}
	}
	ours := true // no other repository was named before
	for _, m := range numberForm.FindAllStringSubmatch(withoutURLs(f.bare), -1) {
		named := false
		switch repo := strings.ToLower(m[1] + m[2]); repo {
		case "", "pr", "prs", "issue":
		case "kubernetes/kubernetes", "k/k", "kubernetes", "k8s":
			ours, named = true, true
		default:
			ours = false
		}
		if n := m[3]; ours && (named || atoi(n) >= ownNumbers) {
			put(&mentioned, n)
		}
	}
	return prs, mentioned
}
