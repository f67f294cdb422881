package report

// sheet is a check or a brief in reading order, before any format.
type sheet struct {
	title    string // of Markdown; ours, without anything of others
	lead     []phrase
	sections []section
	foot     []phrase
}

func (c Check) sheet() sheet {
	return sheet{lead: c.lead(), sections: append(c.sections(), c.problems()...), foot: c.foot()}
}

// CheckText renders a check for a terminal.
func CheckText(c Check, opts TextOptions) string { return sheetText(c.sheet(), opts) }

// CheckMarkdown renders a check in GitHub's Markdown, in parts as [Markdown] does.
func CheckMarkdown(c Check, opts MarkdownOptions) []string { return sheetMarkdown(c.sheet(), opts) }

func sheetText(s sheet, opts TextOptions) string {
	if opts.Width == 0 {
		opts.Width = 80
	}
	t := &terminal{opts: opts, width: max(opts.Width, 40)}
	for _, p := range s.lead {
		t.para("", "", p, "")
	}
	if len(s.lead) > 0 && len(s.sections) > 0 {
		t.rule()
	}
	for _, sec := range s.sections {
		t.section(sec)
	}
	if len(s.sections) > 0 {
		t.b.WriteString("\n")
	}
	t.rule()
	for _, p := range s.foot {
		t.para("", "", p, sgrDim)
	}
	return t.b.String()
}

func sheetMarkdown(s sheet, opts MarkdownOptions) []string {
	if opts.Budget == 0 {
		opts.Budget = DefaultBudget
	}
	m := mark{opts: opts}
	p := packer{room: max(max(opts.Budget, MinBudget)-max(opts.Reserve, 0), MinBudget/2)}
	if s.title != "" {
		p.add(block{entries: []string{"# " + m.words(s.title, false) + "\n"}})
	}
	for _, l := range s.lead {
		p.add(block{entries: []string{m.inline(l) + "\n"}})
	}
	for _, sec := range s.sections {
		p.add(m.section(sec, "## "))
	}
	foot := block{lead: "---\n\n"}
	for _, f := range s.foot {
		foot.entries = append(foot.entries, "- "+m.inline(f)+"\n")
	}
	p.add(foot)
	return p.finish()
}
