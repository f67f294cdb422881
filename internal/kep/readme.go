package kep

import (
	"bytes"
	"html"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/yuin/goldmark"
)

// History is what a proposal's README tells beyond its kep.yaml.
type History struct {
	// Path is the proposal's folder, as in Proposal.
	Path string `json:"path"`
	// Gates are the names given as "Feature gate name".
	Gates []string `json:"gates,omitempty"`
	// Lines are the entries of the implementation history, from the top.
	Lines []Line `json:"lines,omitempty"`
}

// Line is one entry of an implementation history: a bullet, a line of plain text, a row of a table.
type Line struct {
	// Line counts from 1 in the README.
	Line int    `json:"line"`
	Text string `json:"text"`
	// Date is as written, in whatever form and order, and may be no date of the calendar.
	Date string `json:"date,omitempty"`
	// PRs are pull requests of kubernetes/kubernetes that the entry links to.
	PRs []int `json:"prs,omitempty"`
	// Mentioned are numbers of kubernetes/kubernetes that are only written (#59898): a pull request or an
	// issue, the text does not say which.
	Mentioned []int `json:"mentioned,omitempty"`
	// Releases ("1.38") and Stages (alpha, beta, stable, deprecated) are the ones named. An entry that names
	// no release or no date has that of the heading or bullet above it; that of a heading also for stages.
	Releases []string `json:"releases,omitempty"`
	Stages   []string `json:"stages,omitempty"`
}

// ParseReadme reads the README.md at path. It has no error: any text is Markdown, and a README without a
// history has no lines.
func ParseReadme(file string, src []byte) History {
	h := History{Path: path.Dir(file)}
	if len(src) > maxSize {
		return h
	}
	src = bytes.ToValidUTF8(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\uFFFD"))
	src, breaks := bounded(src)
	md := goldmark.New(goldmark.WithExtensions(extension.Table))
	doc := md.Parser().Parse(text.NewReader(src))
	r := readme{src: src, h: &h, breaks: breaks}
	open := 0 // the level of the history's heading, while we are below it
	var above context
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		heading, ok := n.(*ast.Heading)
		switch {
		case ok && isHistoryHeading(r.flat(heading)):
			open, above = heading.Level, context{}
		case ok && open > 0 && heading.Level <= open:
			open = 0
		case ok && open > 0:
			above = contextOf(r.flat(heading).line())
			above.stagesToo = true
		case open > 0:
			r.collect(n, above)
		}
		r.gateNames(n)
	}
	return h
}

func isHistoryHeading(f flat) bool {
	return strings.EqualFold(strings.Trim(f.line(), " :*_#"), "implementation history")
}

type readme struct {
	src    []byte
	h      *History
	breaks []int // where the lines end
}

// context is what an entry takes from the heading and the bullets above it.
// A bullet that is a mere label ("v1.23: Beta") and has bullets below is no entry, only their context.
type context struct {
	date      string
	releases  []string
	stages    []string
	stagesToo bool
}

func contextOf(s string) context {
	plain := withoutURLs(s)
	return context{date: dateIn(plain), releases: kubernetesReleases(plain), stages: stagesIn(plain)}
}

// with is the context of what stands below an entry that names these.
func (c context) with(own context) context {
	if own.date != "" {
		c.date = own.date
	}
	if own.releases != nil {
		if c.releases != nil { // the stage above was that release's, not this one's
			c.stages, c.stagesToo = nil, false
		}
		c.releases = own.releases
	}
	return c
}

// collect reads the entries of one block of the history.
func (r *readme) collect(n ast.Node, above context) {
	switch n := n.(type) {
	case *ast.List:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			r.item(item, above)
		}
	case *ast.Paragraph, *ast.TextBlock:
		for _, f := range r.flat(n).entries() {
			r.add(f, above)
		}
	case *ast.Blockquote:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			r.collect(c, above)
		}
	case *east.Table:
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			if _, head := row.(*east.TableHeader); !head {
				r.row(row, above)
			}
		}
	}
}

// item reads one bullet: its own text is one entry, however it is wrapped; bullets inside are further ones.
func (r *readme) item(item ast.Node, above context) {
	var own flat
	below := above
	told := false
	tell := func(more bool) {
		if told {
			return
		}
		told = true
		if more && own.links == nil && isLabel(own.line()) {
			label := contextOf(own.line())
			below = above.with(label)
			if label.stages != nil {
				below.stages, below.stagesToo = label.stages, true
			}
			return
		}
		below = above.with(r.add(own, above))
	}
	for c := item.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			if told {
				r.collect(c, below)
				continue
			}
			own.join(r.flat(c))
		case *ast.List, *ast.Blockquote, *east.Table:
			tell(true)
			r.collect(c, below)
		}
	}
	tell(false)
}

// row reads a table's row. Tables in histories hold all sorts of things: only a row with a pull request is
// an entry.
func (r *readme) row(row ast.Node, above context) {
	var own flat
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		own.join(r.flat(cell))
	}
	if prs, mentioned := own.numbers(); len(prs)+len(mentioned) > 0 {
		r.add(own, above)
	}
}

// add keeps an entry and returns what it names itself.
func (r *readme) add(f flat, above context) context {
	text := oneLine(withoutBox(f.line()))
	if text == "" || f.insideOnly() || len(r.h.Lines) >= maxLines {
		return context{}
	}
	own := contextOf(f.line())
	l := Line{Line: f.at, Text: text, Date: own.date, Releases: own.releases, Stages: own.stages}
	l.PRs, l.Mentioned = f.numbers()
	if l.Date == "" && l.PRs == nil && l.Releases == nil && isTemplateText(text) {
		return context{}
	}
	if l.Date == "" {
		l.Date = above.date
	}
	if l.Releases == nil {
		l.Releases = above.releases
		if l.Stages == nil && above.stagesToo {
			l.Stages = above.stages
		}
	}
	r.h.Lines = append(r.h.Lines, l)
	return own
}

// isTemplateText knows the template's explanation of what a history should hold, which some leave in.
func isTemplateText(s string) bool {
	s = strings.ToLower(s)
	for _, p := range []string{
		"major milestones ", "the `summary` and `motivation`", "the `proposal` section", "the date implementation",
		"the first kubernetes release where", "the version of kubernetes where", "when the kep was retired",
	} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// withoutBox drops the box of a task list.
func withoutBox(s string) string {
	if len(s) > 3 && s[0] == '[' && s[2] == ']' && strings.IndexByte(" xX", s[1]) >= 0 {
		return strings.TrimSpace(s[3:])
	}
	return s
}

// flat is a block's text with what it links to.
type flat struct {
	at    int    // the line it begins in
	shown string // all that a reader sees; line breaks are those of the source
	bare  string // the same without the texts of links
	links []string
	lines []int // where in the source each line of shown begins
	ends  []int // for each line of shown, how many links stand before its end
	bares []int // and how long bare is there
}

func (r *readme) flat(block ast.Node) flat {
	f := flat{at: r.lineOf(block)}
	var shown, bare strings.Builder
	line, began := f.at, f.at
	cut := func() {
		f.lines, f.ends, f.bares = append(f.lines, began), append(f.ends, len(f.links)), append(f.bares, bare.Len())
		line++
		began = line
	}
	var walk func(n ast.Node, linked bool)
	write := func(s string, linked bool) {
		shown.WriteString(s)
		if !linked {
			bare.WriteString(s)
		}
	}
	walk = func(n ast.Node, linked bool) {
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			switch c := c.(type) {
			case *ast.Text:
				write(html.UnescapeString(string(util.UnescapePunctuations(c.Value(r.src)))), linked)
				switch {
				case !c.SoftLineBreak() && !c.HardLineBreak():
				case linked:
					shown.WriteByte(' ')
					line++
				default:
					cut()
					write("\n", false)
				}
			case *ast.String:
				write(string(c.Value), linked)
			case *ast.CodeSpan:
				write("`", linked)
				walk(c, linked)
				write("`", linked)
			case *ast.AutoLink:
				f.links = append(f.links, string(c.URL(r.src)))
				shown.Write(c.URL(r.src))
				bare.WriteByte(' ')
			case *ast.Link:
				f.links = append(f.links, string(c.Destination))
				bare.WriteByte(' ')
				walk(c, true)
			case *ast.Image: // its text is for those who don't see it
			default:
				walk(c, linked)
			}
		}
	}
	walk(block, false)
	cut()
	f.shown, f.bare = shown.String(), bare.String()
	return f
}

// lineOf is the source line in which a block's text begins.
func (r *readme) lineOf(block ast.Node) int {
	at := -1
	if block.Type() == ast.TypeBlock && block.Lines() != nil && block.Lines().Len() > 0 {
		at = block.Lines().At(0).Start
	} else if t, ok := block.FirstChild().(*ast.Text); ok {
		at = t.Segment.Start
	}
	if at < 0 {
		return 1
	}
	n, _ := slices.BinarySearch(r.breaks, at)
	return n + 1
}

func (f *flat) join(g flat) {
	if f.shown == "" && f.links == nil {
		*f = g
		return
	}
	f.shown += " " + g.shown
	f.bare += " " + g.bare
	f.links = append(slices.Clip(f.links), g.links...)
}

// line is the whole text in one line.
func (f flat) line() string { return strings.Join(strings.Fields(f.shown), " ") }

// entries cuts plain text, which has no bullets, into entries: each line of the source is one, unless it
// goes on with the one before.
func (f flat) entries() []flat {
	lines := strings.Split(f.shown, "\n")
	if len(lines) == 1 || len(lines) != len(f.lines) {
		return []flat{f}
	}
	var out []flat
	links, bare := 0, 0
	for i, s := range lines {
		one := flat{at: f.lines[i], shown: s, bare: strings.TrimPrefix(f.bare[bare:f.bares[i]], "\n"), links: f.links[links:f.ends[i]]}
		links, bare = f.ends[i], f.bares[i]
		if len(out) > 0 && goesOn(s) {
			out[len(out)-1].join(one)
			continue
		}
		out = append(out, one)
	}
	return out
}

// goesOn reports whether a line of plain text is the rest of a sentence and not an entry of its own.
func goesOn(s string) bool {
	s = strings.TrimSpace(s)
	if s == "" {
		return true
	}
	if s[0] == '(' && dateIn(s) == "" {
		return true
	}
	if s[0] == 'v' && digits(s[1:]) > 0 || strings.HasPrefix(s, "http") {
		return false
	}
	return s[0] >= 'a' && s[0] <= 'z'
}

// insideOnly reports whether a block is nothing but a link into the page: a row of a table of contents.
func (f flat) insideOnly() bool {
	return strings.TrimSpace(f.bare) == "" && len(f.links) == 1 && strings.HasPrefix(f.links[0], "#")
}

// gateNames reads "Feature gate name: X" wherever it stands, and the list below where nothing follows the colon.
func (r *readme) gateNames(block ast.Node) {
	_ = ast.Walk(block, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.(type) {
		case *ast.Paragraph, *ast.TextBlock:
		default:
			return ast.WalkContinue, nil
		}
		f := r.flat(n)
		lines := strings.Split(f.shown, "\n")
		for i, l := range lines {
			rest, ok := afterGateLabel(l)
			if !ok {
				continue
			}
			names := leadingGates(rest)
			switch blank := strings.TrimSpace(rest) == ""; {
			case blank && i+1 < len(lines):
				names = leadingGates(lines[i+1])
			case blank:
				names = r.listedGates(n.NextSibling())
			}
			for _, name := range names {
				if !slices.Contains(r.h.Gates, name) && len(r.h.Gates) < maxList {
					r.h.Gates = append(r.h.Gates, name)
				}
			}
		}
		return ast.WalkSkipChildren, nil
	})
}

func (r *readme) listedGates(n ast.Node) []string {
	list, ok := n.(*ast.List)
	if !ok {
		return nil
	}
	var out []string
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		if c := item.FirstChild(); c != nil {
			out = append(out, leadingGates(r.flat(c).line())...)
		}
	}
	return out
}

// afterGateLabel returns what follows "Feature gate name:", in any case and number.
func afterGateLabel(s string) (rest string, ok bool) {
	s = withoutBox(strings.TrimSpace(s))
	label, rest, ok := strings.Cut(s, ":")
	if !ok || len(label) > 40 {
		return "", false
	}
	switch strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(label, "-", " "))), " ") {
	case "feature gate name", "feature gate names", "feature gate name(s)", "feature gates name", "name of the feature gate", "featuregate name":
		return rest, true
	}
	return "", false
}

// leadingGates reads the names that a text begins with: "`A`", "A, B", "`A` (beta in 1.30) and `B`". It
// stops where prose begins. A name of one hump ("Sysctls") could be a word: it counts only in backticks
// or alone.
func leadingGates(s string) []string {
	var out []string
	s = strings.TrimSpace(s)
	for s != "" {
		var name string
		quoted := s[0] == '`' || s[0] == '"' || s[0] == '\''
		if quoted {
			end := strings.IndexByte(s[1:], s[0])
			if end < 0 {
				break
			}
			name, s = s[1:1+end], s[2+end:]
			name, _, _ = strings.Cut(name, "=")
		} else {
			end := 0
			for end < len(s) && isWordByte(s[end]) {
				end++
			}
			name, s = s[:end], s[end:]
		}
		alone := strings.Trim(s, " .,;") == "" && out == nil
		if !isGateName(name) || !quoted && !alone && !humps(name) {
			break
		}
		out = append(out, name)
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, "(") {
			end := strings.IndexByte(s, ')')
			if end < 0 {
				break
			}
			s = strings.TrimSpace(s[end+1:])
		}
		next := s
		for _, sep := range []string{",", "&", "/", ";", "+", "and ", "or "} {
			next = strings.TrimSpace(strings.TrimPrefix(next, sep))
		}
		if next == s {
			break
		}
		s = next
	}
	return out
}

// humps reports whether a name has small letters and a capital one beyond its first, as no word has.
func humps(s string) bool {
	return strings.ToUpper(s) != s && strings.ToLower(s[1:]) != s[1:]
}
