package config

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	nameForm       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
	repositoryURL  = regexp.MustCompile(`[/:]([A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+?)(\.git)?/?$`)
)

// filled complains about an empty value.
func (k checker) filled(key, value, advice string) bool {
	if strings.TrimSpace(value) != "" {
		return true
	}
	k.missing(key, advice)
	return false
}

// missing says whether a key is absent or empty.
func (k checker) missing(key, advice string) {
	if k.at[key].Line > 0 {
		k.wrong(key, "is empty", advice)
		return
	}
	k.wrong(key, "is missing", advice)
}

// name checks the name of an entry, and that no entry before it has the same.
func (k checker) name(key, name, list string, i int, seen map[string]int) {
	if !k.slug(key, name) {
		return
	}
	if first, ok := seen[name]; ok {
		k.wrong(key, fmt.Sprintf("%s is the name of %s[%d] already", quote(name), list, first), "give each a name of its own")
		return
	}
	seen[name] = i
}

// slug checks a name that becomes part of keys, markers and file names.
func (k checker) slug(key, name string) bool {
	const form = "lower case letters, digits and dashes, at most 40, beginning with a letter or digit"
	if !k.filled(key, name, "write one: "+form) {
		return false
	}
	if !nameForm.MatchString(name) {
		k.wrong(key, quote(name)+" can't be a name", "use "+form)
		return false
	}
	return true
}

// repository checks "owner/name".
func (k checker) repository(key, value string) {
	if !k.filled(key, value, "write it as owner/name") {
		return
	}
	if repositoryForm.MatchString(value) && path.Base(value) != "." && path.Base(value) != ".." {
		return
	}
	advice := "write it as owner/name"
	if m := repositoryURL.FindStringSubmatch(value); m != nil && strings.Contains(value, ":") {
		advice = "write " + m[1]
	}
	k.wrong(key, quote(value)+" is no repository", advice)
}

// ref checks what is given to git and GitHub as a ref.
func (k checker) ref(key, value string) {
	const advice = "write a branch, tag or commit, or HEAD for the default branch"
	if !k.filled(key, value, advice) {
		return
	}
	// git itself refuses these; a dash in front would be read as an option.
	if strings.HasPrefix(value, "-") || strings.ContainsAny(value, " ~^:?*[\\") || strings.Contains(value, "..") || strings.Contains(value, "@{") {
		k.wrong(key, quote(value)+" is no ref", advice)
	}
}

// branch checks the name of a branch that is to be made.
func (k checker) branch(key, value string) {
	const advice = "write a branch's name without refs/heads/, such as upstream-digest-state"
	if !k.filled(key, value, advice) {
		return
	}
	if value == "HEAD" || value == "@" || value != path.Clean(value) || path.IsAbs(value) || strings.HasPrefix(value, "-") || strings.HasPrefix(value, "refs/") ||
		strings.ContainsAny(value, " ~^:?*[\\") || strings.Contains(value, "..") || strings.Contains(value, "@{") || strings.HasPrefix(value, ".") ||
		strings.Contains(value, "/.") || strings.HasSuffix(value, ".") || strings.HasSuffix(value, ".lock") || strings.ContainsFunc(value, unicode.IsControl) {
		k.wrong(key, quote(value)+" is no name of a branch", advice)
	}
}

// inRepository checks a path from a repository's root.
func (k checker) inRepository(key, value string) {
	const advice = "write a path from the repository's root, with / and without . or .. or a / at either end"
	if !k.filled(key, value, advice) {
		return
	}
	if value != path.Clean(value) || path.IsAbs(value) || value == "." || strings.HasPrefix(value, "..") || strings.HasPrefix(value, "-") || strings.ContainsAny(value, "\\:") {
		k.wrong(key, quote(value)+" is no path in a repository", advice)
	}
}

func (k checker) importPath(key, value string) {
	if value != path.Clean(value) || path.IsAbs(value) || strings.HasPrefix(value, ".") || strings.ContainsAny(value, " \\:\"'") {
		k.wrong(key, quote(value)+" is no Go import path", "write it as an import statement has it, such as k8s.io/kubernetes")
	}
}

// labels checks against GitHub's limits: 50 characters each, 100 an issue.
func (k checker) labels(key string, list []string) {
	const most, longest = 100, 50
	if len(list) > most {
		k.wrong(key, fmt.Sprintf("lists %d labels; GitHub accepts %d", len(list), most), "remove some")
		return
	}
	k.each(key, list, func(s string) (string, string) {
		switch {
		case strings.TrimSpace(s) == "":
			return "the label is empty", "fill it or remove it"
		case utf8.RuneCountInString(s) > longest:
			return fmt.Sprintf("%s has more than %d characters, which GitHub refuses", quote(s), longest), "shorten it"
		default:
			return "", ""
		}
	})
}

// each checks every element of a list, and that none stands there twice.
func (k checker) each(key string, list []string, test func(string) (problem, advice string)) {
	seen := map[string]bool{}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		if problem, advice := test(s); problem != "" {
			k.wrong(at, problem, advice)
			continue
		}
		if folded := strings.ToLower(s); seen[folded] {
			k.wrong(at, quote(s)+" is listed twice", "keep one")
		} else {
			seen[folded] = true
		}
	}
}

// known makes a test for words out of a set.
func known(what string, set []string) func(string) (problem, advice string) {
	return func(s string) (string, string) {
		switch {
		case slices.Contains(set, s):
			return "", ""
		case s == "":
			return "the " + what + " is missing", "known: " + strings.Join(set, ", ")
		default:
			return "there is no " + what + " " + quote(s), orElse(s, set, "known: "+strings.Join(set, ", "))
		}
	}
}

// address checks an address of GitHub. A token must not travel in the clear, so http is for loopback only.
func (k checker) address(key, value string) *url.URL {
	const advice = "write an address such as https://github.example.com/api/v3"
	if !k.filled(key, value, advice) {
		return nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		k.wrong(key, quote(value)+" is no web address", advice)
	case u.User != nil:
		k.wrong(key, "holds a user name or password", "remove it; the token is given in the environment as "+envToken)
	case u.RawQuery != "" || u.Fragment != "":
		k.wrong(key, quote(value)+" has a part after ? or #", "remove that part")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		k.wrong(key, quote(value)+" is not encrypted", "write https; http is accepted only towards a loopback address")
	default:
		return u
	}
	return nil
}

// loopback reports whether a host is this machine by its very name.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// durationText writes a duration without zero parts: "15m", not "15m0s".
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var sigForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// sig checks the name of a SIG, in the form that complete gives it.
func sig(s string) (problem, advice string) {
	if sigForm.MatchString(s) {
		return "", ""
	}
	return quote(s) + " is no SIG", "write its name, such as node or api-machinery"
}
