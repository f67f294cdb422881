package changelog

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// ownPulls is what a link to one of Kubernetes' own pull requests holds.
const ownPulls = "kubernetes/kubernetes/pull/"

// maxReference bounds how far back a reference is looked for, in bytes. Ten pull requests with their authors need
// less than half of it.
const maxReference = 2048

// reference is what stands behind a note or a line of it: "([#1](…/pull/1), [@amy](…)) [SIG Node]".
type reference struct {
	start, end int // in the text
	prs        []int
	bare       []int    // "(#1, @amy)": counts where nothing is linked
	refs       []string // issues, and pull requests of others
	author     string
	sigs       []string
}

func (r *reference) empty() bool {
	return len(r.prs) == 0 && len(r.bare) == 0 && len(r.refs) == 0 && r.author == "" && len(r.sigs) == 0
}

// references finds those at the ends of lines, in the text's order. Where none names a pull request, a bare link
// that ends the text is taken, else the last linked parenthesis inside.
func references(text string) []reference {
	var found []reference
	from := 0
	for from <= len(text) {
		end := len(text)
		if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
			end = from + i
		}
		floor := 0
		if len(found) > 0 {
			floor = found[len(found)-1].end
		}
		if r, ok := referenceAt(text, max(floor, end-maxReference), end); ok {
			found = append(found, r)
		}
		from = end + 1
	}
	if !slices.ContainsFunc(found, func(r reference) bool { return len(r.prs)+len(r.bare) > 0 }) {
		r, ok := trailingLink(text)
		if !ok {
			r, ok = innerReference(text)
		}
		if ok {
			found = append(found, r)
			slices.SortStableFunc(found, func(a, b reference) int { return a.start - b.start })
		}
	}
	if slices.ContainsFunc(found, func(r reference) bool { return len(r.prs) > 0 }) {
		found = slices.DeleteFunc(found, func(r reference) bool { return len(r.bare) > 0 }) // part of the text
	}
	return found
}

// referenceAt reads backwards from the end of a line.
func referenceAt(text string, floor, end int) (reference, bool) {
	r := reference{end: end}
	at := trimEnd(text, floor, end)
	line := floor + strings.LastIndexByte(text[floor:at], '\n') + 1
	if i := lastFold(text[line:at], "courtesy of "); i >= 0 {
		r.sigs = sigNames(text[line+i+len("courtesy of ") : at])
		at = trimEnd(text, floor, line+i)
	}
	if close := trimPoints(text, floor, at); close > floor && text[close-1] == ']' {
		if open := strings.LastIndexByte(text[floor:close], '['); open >= 0 {
			if tag := text[floor+open+1 : close-1]; strings.HasPrefix(tag, "SIG ") {
				r.sigs = union(sigNames(tag), r.sigs)
				at = trimEnd(text, floor, floor+open)
			}
		}
	}
	tagged := at
	for {
		close := trimPoints(text, floor, at)
		if close <= floor || text[close-1] != ')' {
			break
		}
		open := openingOf(text, floor, close)
		if open < 0 {
			break
		}
		if open > floor && text[open-1] == ']' || !r.add(text[open+1:close-1]) {
			break
		}
		at = trimEnd(text, floor, open)
	}
	if r.empty() {
		return r, false
	}
	r.start = min(at, tagged)
	return r, true
}

// trailingLink takes a link to a pull request that ends the text without a parenthesis: "… recycler [#1](…/pull/1)".
// It is part of the sentence, and stays there.
func trailingLink(text string) (reference, bool) {
	end := trimPoints(text, 0, len(text))
	label := strings.LastIndex(text, "[#")
	if label < 0 || len(text)-label > maxReference {
		return reference{}, false
	}
	name, url, stop, ok := linkAt(text, label)
	if !ok || stop != end || strings.Trim(name, "#0123456789") != "" {
		return reference{}, false
	}
	r := reference{start: len(text), end: len(text)}
	if label > 0 && text[label-1] == '(' { // the closing parenthesis was forgotten
		r.start = trimEnd(text, 0, label-1)
	}
	ok = r.addURL(url) && len(r.prs) > 0
	return r, ok
}

// innerReference takes the last parenthesis inside the text that begins with a linked pull request. Its end may be
// missing, and its author may be mistyped: "([#1](…/pull/1), [@amy]](…))".
func innerReference(text string) (reference, bool) {
	at := strings.LastIndex(text, "([#")
	if at < 0 || len(text)-at > 2*maxReference {
		return reference{}, false
	}
	r := reference{start: trimEnd(text, 0, at), end: len(text)}
	depth := 0
	for i := at; i < len(text) && r.end == len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				r.end = i + 1
			}
		}
	}
	if r.add(strings.TrimSuffix(text[at+1:r.end], ")")) || r.add(text[at+1:r.end]) {
		return r, len(r.prs) > 0
	}
	_, url, end, ok := linkAt(text, at+1)
	if !ok || !r.addURL(url) || len(r.prs) == 0 || !strings.HasPrefix(text[end:], ", [@") {
		return reference{}, false
	}
	r.author = loginOf(text[end+len(", [@"):])
	r.end = len(text)
	if i := strings.IndexByte(text[end:], '\n'); i >= 0 {
		r.end = end + i
	}
	return r, true
}

// add takes what stands between the parentheses of a reference. It reports whether that is nothing but links to
// issues, pull requests and people.
func (r *reference) add(inside string) bool {
	var got reference
	var numbers []int
	for i := 0; i < len(inside); {
		switch inside[i] {
		case ' ', ',', ';', '&', '\n', '/':
			i++
		case '[':
			label, url, end, ok := linkAt(inside, i)
			if !ok {
				// "[SIG Node]" inside the parenthesis, or "[@amy]" without a link
				close := strings.IndexByte(inside[i:], ']')
				if close < 0 {
					return false
				}
				label, end = inside[i+1:i+close], i+close+1
				if strings.HasPrefix(label, "SIG ") {
					got.sigs = union(got.sigs, sigNames(label))
					i = end
					continue
				}
			}
			if name, isUser := userOf(label, url); isUser {
				got.author = first(got.author, loginOf(name))
			} else if !got.addURL(url) {
				return false
			}
			i = end
		case '#':
			n, end := numberAt(inside, i+1)
			if n == 0 {
				return false
			}
			numbers = append(numbers, n)
			i = end
		case '@':
			name := loginOf(inside[i+1:])
			got.author = first(got.author, name)
			i += 1 + len(name)
		default:
			end := i
			for end < len(inside) && !strings.ContainsRune(" ,;\n", rune(inside[end])) {
				end++
			}
			word := inside[i:end]
			switch {
			case word == "and" || word == "by" || word == "via":
			case strings.HasPrefix(word, "http"):
				if !got.addURL(word) {
					return false
				}
			case !got.addShort(word):
				return false
			}
			i = end
		}
	}
	if got.author != "" && len(got.prs) == 0 {
		got.bare = numbers
	} else if len(numbers) > 0 && len(got.prs) == 0 {
		return false // "(#1)" may be an issue, or a step
	}
	if got.empty() || len(got.bare) > 0 && len(r.prs) > 0 { // "(#1, @amy) ([#2](…), …)": the first is part of the text
		return false
	}
	// It stands before what was read already.
	r.prs = union(got.prs, r.prs)
	r.bare = union(got.bare, r.bare)
	r.refs = union(got.refs, r.refs)
	r.author = first(got.author, r.author)
	r.sigs = union(got.sigs, r.sigs)
	return true
}

// userOf recognises a link to a person: "[@amy](…)", or "[amy](https://github.com/amy)".
func userOf(label, url string) (string, bool) {
	label = strings.TrimSpace(label)
	if name, ok := strings.CutPrefix(label, "@"); ok {
		return name, true
	}
	return label, label != "" && strings.TrimSuffix(url, "/") == "https://github.com/"+label && loginOf(label) == label
}

// addURL takes the address of an issue or pull request.
func (r *reference) addURL(url string) bool {
	repo, kind, n, ok := ticketOf(url)
	switch {
	case !ok:
		return false
	case repo == "kubernetes/kubernetes" && kind == "pull":
		r.prs = union(r.prs, []int{n})
	default:
		r.refs = union(r.refs, []string{repo + "#" + strconv.Itoa(n)})
	}
	return true
}

// addShort takes "kubernetes/features#1".
func (r *reference) addShort(word string) bool {
	repo, number, ok := strings.Cut(word, "#")
	n, end := numberAt(number, 0)
	if !ok || n == 0 || end != len(number) || strings.Count(repo, "/") != 1 {
		return false
	}
	r.refs = union(r.refs, []string{word})
	return true
}

// tickets adds to refs all issues and pull requests that a text links, "kubernetes/enhancements#1", in its order,
// without the pull requests that are the note's own.
func tickets(text string, own []int, refs []string) []string {
	for rest := text; ; {
		i := strings.Index(rest, "github.com/")
		if i < 0 {
			return refs
		}
		rest = rest[i:]
		// A number that is a note's own is not told as an issue either: links mistake one for the other.
		if repo, _, n, ok := ticketOf(rest); ok && (repo != "kubernetes/kubernetes" || !slices.Contains(own, n)) && len(refs) < maxTickets {
			refs = union(refs, []string{repo + "#" + strconv.Itoa(n)})
		}
		rest = rest[len("github.com/"):]
	}
}

// maxTickets bounds the issues and pull requests of one note. The longest of upstream has some dozens.
const maxTickets = 200

// ticketOf reads the address of an issue or pull request; what follows the number does not matter.
func ticketOf(url string) (repo, kind string, number int, ok bool) {
	i := strings.Index(url, "github.com/")
	if i < 0 || i > len("https://www.") {
		return "", "", 0, false
	}
	url = url[i+len("github.com/"):]
	owner, rest, _ := strings.Cut(url[:min(len(url), 200)], "/")
	name, rest, _ := strings.Cut(rest, "/")
	kind, rest, ok = strings.Cut(rest, "/")
	if !ok || !isName(owner) || !isName(name) {
		return "", "", 0, false
	}
	switch kind {
	case "issues", "pull":
	case "pulls":
		kind = "pull"
	default:
		return "", "", 0, false
	}
	number, _ = numberAt(rest, 0)
	return url[:len(owner)+1+len(name)], kind, number, number > 0
}

// linkAt reads the Markdown link that begins at s[i].
func linkAt(s string, i int) (label, url string, end int, ok bool) {
	close := strings.IndexByte(s[i:], ']')
	if close < 0 || i+close+1 >= len(s) || s[i+close+1] != '(' {
		return "", "", 0, false
	}
	label = s[i+1 : i+close]
	from := i + close + 2
	depth := 1
	for j := from; j < len(s); j++ {
		switch s[j] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return label, s[from:j], j + 1, true
			}
		}
	}
	return "", "", 0, false
}

// openingOf gives the parenthesis that the one right before close belongs to.
func openingOf(text string, floor, close int) int {
	depth := 0
	for i := close - 1; i >= floor; i-- {
		switch text[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// onlyReference reports whether a line at the margin is a reference by itself.
func onlyReference(line string) bool {
	if !strings.HasPrefix(line, "(") || !strings.Contains(line, ownPulls) || len(line) > maxReference {
		return false
	}
	r, ok := referenceAt(line, 0, len(line))
	return ok && r.start == 0
}

// sigNames splits "SIG API Machinery, Apps and Node" or "SIG A, and SIG B".
func sigNames(s string) []string {
	names := make([]string, 0, strings.Count(s, ",")+2)
	for s != "" {
		var part string
		part, s, _ = strings.Cut(s, ",")
		for part != "" {
			var name string
			name, part, _ = strings.Cut(part, " and ")
			if name = sigName(name); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return names
}

// maxSIG is the longest name of a group, in letters.
const maxSIG = 40

// sigName makes "api-machinery" of " SIG API Machinery". What holds anything but words is no group.
func sigName(s string) string {
	s = strings.Trim(s, " .[]()*\n")
	s = strings.TrimPrefix(s, "and ")
	var buffer [maxSIG]byte
	name := buffer[:0]
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c == ' ' || c == '\n':
			if s[i-1] == c {
				continue
			}
			c = '-'
		case !isLetter(c) && !isDigit(c) && c != '-':
			return ""
		}
		if len(name) == maxSIG {
			return ""
		}
		name = append(name, c)
	}
	if rest, ok := bytes.CutPrefix(name, []byte("sig-")); ok {
		name = rest
	} else if string(name) == "sig" {
		return ""
	}
	return string(name)
}

func trimEnd(s string, floor, end int) int {
	for end > floor && (s[end-1] == ' ' || s[end-1] == '\t' || s[end-1] == '\n') {
		end--
	}
	return end
}

// trimPoints goes before what people write behind a reference.
func trimPoints(s string, floor, end int) int {
	for end > floor && (s[end-1] == ' ' || s[end-1] == '.' || s[end-1] == ',' || s[end-1] == ';') {
		end--
	}
	return end
}

func lastFold(s, lower string) int {
	for i := len(s) - len(lower); i >= 0; i-- {
		if s[i]|0x20 == lower[0] && strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// numberAt reads a number of at most seven digits; 0 is none.
func numberAt(s string, i int) (n, end int) {
	for end = i; end < len(s) && isDigit(s[end]); end++ {
		if end-i >= 7 {
			return 0, i
		}
		n = n*10 + int(s[end]-'0')
	}
	return n, end
}

func loginOf(s string) string {
	end := 0
	for end < len(s) && isLogin(s[end]) {
		end++
	}
	if strings.HasPrefix(s[end:], "[bot]") {
		end += len("[bot]")
	}
	return s[:end]
}

func isLogin(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' && c != '/' {
			return false
		}
	}
	return s != ""
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
