package cycle

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The names of deadlines.
const (
	ProductionReadinessFreeze = "Production Readiness Freeze"
	EnhancementsFreeze        = "Enhancements Freeze"
	CodeFreeze                = "Code Freeze"
	TestFreeze                = "Test Freeze"
	DocsPlaceholder           = "Docs: placeholder pull requests"
	DocsReview                = "Docs: ready for review"
	DocsFreeze                = "Docs Freeze"
	Release                   = "Release"
)

// longestLabel is how long the words beside a date may be: what is longer is prose about a deadline.
const longestLabel = 120

var (
	// about are the words of lines that tell of a deadline, and are none.
	about = regexp.MustCompile(`(?i)\b(coming|approach\w*|exceptions?|remind\w*|thaw\w*|lift\w*|ends?|ended|ending|prep\w*|announce\w*|e-?mails?|brace|retro\w*|tracking|` +
		`(before|after|until|to) (the )?(code|test|enhancements?|docs?|documentation|production|prr|release))\b`)

	productionWords   = regexp.MustCompile(`(?i)\b(production[ -]readiness|prr)( review)? freeze\b`)
	enhancementsWords = regexp.MustCompile(`(?i)\benhancements? freeze\b`)
	codeWords         = regexp.MustCompile(`(?i)\bcode( ?(and|&|/|\+) ?test)? freeze\b`)
	testWords         = regexp.MustCompile(`(?i)\btest freeze\b`)
	docsWords         = regexp.MustCompile(`(?i)\b(docs?|documentation)\b`)
	docsPlaceholder   = regexp.MustCompile(`(?i)\bplaceholder`)
	docsReview        = regexp.MustCompile(`(?i)\bready (for|to) review\b`)
	docsEnd           = regexp.MustCompile(`(?i)\b(freeze|complet\w+|reviewed|merged?|deadline|finali[sz]ed|finish\w*)\b`)
	releaseDay        = regexp.MustCompile(`(?i)^(target(ed)? )?(release day|release date|final release)$`)
)

// namesIn are the deadlines that a label names.
func (p *parser) namesIn(label string) []string {
	label = strings.Join(strings.Fields(label), " ")
	if label == "" || len(label) > longestLabel || about.MatchString(label) {
		return nil
	}
	var out []string
	add := func(name string, is bool) {
		if is && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	add(ProductionReadinessFreeze, productionWords.MatchString(label))
	add(EnhancementsFreeze, enhancementsWords.MatchString(label))
	add(CodeFreeze, codeWords.MatchString(label))
	add(TestFreeze, testWords.MatchString(label))
	if docsWords.MatchString(label) {
		switch {
		case docsPlaceholder.MatchString(label):
			add(DocsPlaceholder, true)
		case docsReview.MatchString(label):
			add(DocsReview, true)
		default:
			add(DocsFreeze, docsEnd.MatchString(label))
		}
	}
	add(Release, len(out) == 0 && p.isRelease(label))
	return out
}

// isRelease reports whether a label is the release of this minor, and no pre-release or patch.
func (p *parser) isRelease(label string) bool {
	if releaseDay.MatchString(label) {
		return true
	}
	rest := strings.ToLower(label)
	for _, lead := range []string{"target release of ", "release of ", "kubernetes ", "k8s ", "v"} {
		rest = strings.TrimPrefix(rest, lead)
	}
	rest, ok := strings.CutPrefix(rest, p.minor)
	if !ok || p.minor == "" {
		return false
	}
	rest = strings.TrimPrefix(rest, ".0")
	switch strings.TrimLeft(strings.TrimRightFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " :") {
	case "released", "release", "is released", "release day", "release date", "final release", "ga", "general availability", "is out":
		return true
	case "":
		return strings.HasPrefix(strings.ToLower(label), "release of ") || strings.HasPrefix(strings.ToLower(label), "target release of ")
	}
	return false
}
