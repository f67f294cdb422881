package report

import "strconv"

const (
	newsEntries = 20
	newsBytes   = 16000
)

// News is a comment on a digest that was edited into an issue, for edits notify nobody: what there is to act on that is
// new with this digest, shortly. "" where there is nothing. What does not fit is counted; the issue has everything.
func News(d Digest, opts MarkdownOptions) string {
	opts.BoxNonce = "" // boxes are in the issue
	m := mark{opts: opts}
	d.Open = nil // not new
	sections := alertsOf(d)
	for _, u := range d.Upstreams {
		for _, s := range chapterOf(u, d.At).sections {
			if s.own {
				sections = append(sections, s)
			}
		}
	}
	body, shown, all := "", 0, 0
	for _, s := range sections {
		for _, e := range s.entries {
			text := m.entry(e, false)
			if all++; shown < newsEntries && len(body)+len(text) <= newsBytes {
				body += text
				shown++
			}
		}
	}
	if all == 0 {
		return ""
	}
	head := "**New to act on: " + strconv.Itoa(all) + ".** The issue above has the whole digest, edited in place.\n\n"
	if rest := all - shown; rest > 0 {
		body += "\n" + count(rest, "more is", "more are") + " in the issue.\n"
	}
	return head + body
}
