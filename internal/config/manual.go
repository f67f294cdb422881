package config

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown returns docs/configuration.md, made from the same tree of keys. A test keeps the file equal.
func Markdown() []byte {
	var p page
	p.WriteString(manualHead)
	p.line("```yaml")
	p.WriteString(starterYAML)
	p.line("```")
	for _, f := range schema() {
		p.line("\n## " + f.name + "\n")
		p.line(f.doc + "\n")
		p.line("| key | type | default | variable | meaning |")
		p.line("|---|---|---|---|---|")
		p.rows([]field{f}, "", true)
	}
	p.WriteString(manualPresets)
	p.presetTables()
	p.WriteString(manualVariables)
	return []byte(p.String())
}

// rows writes the table of the keys below path.
func (p *page) rows(fields []field, path string, outside bool) {
	for _, f := range fields {
		at := join(path, f.name)
		switch f.kind {
		case section:
			p.rows(f.fields, at, outside)
		case entries:
			if path != "" {
				p.row(at, f, false)
			}
			p.rows(f.fields, at+"[]", false)
		default:
			p.row(at, f, outside)
		}
	}
}

func (p *page) row(at string, f field, outside bool) {
	def, name := f.without, ""
	switch {
	case f.required:
		def = "required"
	case f.kind == entries && f.def != nil:
		def = "one entry: `{type: " + ChannelIssue + "}`"
	case f.def != nil:
		def = "`" + yamlText(f.def) + "`"
	}
	if f.ambient != "" {
		def = strings.TrimSuffix("`$"+f.ambient+"`, else "+def, ", else ")
	}
	if outside && f.scalar() {
		name = "`" + variable(at) + "`"
	}
	meaning := f.doc
	if f.hi != 0 {
		meaning += " From " + bounds(f) + "."
	}
	p.line("| `" + at + "` | " + f.kind.String() + " | " + def + " | " + name + " | " + strings.ReplaceAll(meaning, "|", "\\|") + " |")
}

// presetTables lists what each preset reads.
func (p *page) presetTables() {
	known, err := presets()
	if err != nil {
		p.line("The presets can't be read: " + err.Error())
		return
	}
	var list []string
	for name := range known {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		c, err := parse(name, []byte("upstreams:\n  - preset: "+name+"\n"), nil, nil)
		if err != nil {
			p.line("The preset " + name + " can't be read: " + err.Error())
			continue
		}
		u := c.Upstreams[0]
		p.line("\n### " + name + "\n")
		p.preset(u)
	}
}

// preset lists what one preset reads.
func (p *page) preset(u Upstream) {
	about := fmt.Sprintf("Repository `%s`, ref `%s`, module `%s`", u.Repository, u.Ref, u.Module)
	if u.StagingRoot != "" {
		about += fmt.Sprintf(", staging root `%s`", u.StagingRoot)
	}
	if u.VersionFile != "" {
		about += fmt.Sprintf(", version file `%s`", u.VersionFile)
	}
	p.line(about + ".")
	if g := u.Sources.Gates; g != nil {
		p.line("\n| path | component | import path |")
		p.line("|---|---|---|")
		for _, g := range g.Packages {
			p.line(fmt.Sprintf("| `%s` | %s | `%s` |", g.Path, g.Component, g.Import))
		}
	}
	if r := u.Sources.Releases; r != nil {
		notes := "those that stand with the releases are not read"
		if r.Notes != "" {
			notes = "`" + r.Notes + "`"
		}
		if r.Data != "" {
			notes += fmt.Sprintf("; their data: `%s` of `%s`", r.Data, r.DataRepository)
		}
		p.line("\nRelease notes: " + notes + ".")
	}
	if x := u.Sources.Proposals; x != nil {
		p.line(fmt.Sprintf("\nProposals: every `kep.yaml` below `%s` of `%s`.", x.Path, x.Repository))
	}
	if m := u.Sources.Milestones; m != nil {
		line := "\nMilestones" + unlessOn("milestones", m.Enabled)
		if m.Cycle != "" {
			line += fmt.Sprintf(", with the dates in `%s` of `%s`", m.Cycle, m.CycleRepository)
		}
		p.line(line + ".")
	}
	if x := u.Sources.Tickets; x != nil {
		var rules []string
		for _, r := range x.Rules {
			rules = append(rules, fmt.Sprintf("%s (`%s`)", r.Name, strings.Join(r.Labels, "`, `")))
		}
		p.line("\nTickets" + unlessOn("tickets", x.Enabled) + ": " + strings.Join(rules, ", ") + ".")
	}
	if x := u.Sources.Docs; x != nil {
		p.line("\nDocs pages" + unlessOn("docs", x.Enabled) + fmt.Sprintf(": `%s` of `%s`.", x.Path, x.Repository))
	}
	if len(u.Sources.Feeds) > 0 {
		p.line("\n| feed | read | address |")
		p.line("|---|---|---|")
		for _, f := range u.Sources.Feeds {
			read := "yes"
			if !f.Enabled {
				read = "where switched on"
			}
			p.line(fmt.Sprintf("| %s (`%s`) | %s | %s |", f.Title, f.Name, read, f.URL))
		}
	}
	if x := u.Sources.Paths; x != nil {
		p.line("\nWatched paths" + unlessOn("paths", x.Enabled) + ": `" + strings.Join(x.Paths, "`, `") + "`.")
	}
}

// unlessOn says of a source that it must be switched on.
func unlessOn(source string, enabled bool) string {
	if enabled {
		return ""
	}
	return ", where `sources." + source + ".enabled` is set"
}

// The prose of docs/configuration.md around its tables.
const (
	manualHead = `# Configuration

This page is made from the code (` + "`internal/config`" + `); a test keeps it equal. The file [config.yaml](../config.yaml) says the
same as a file to copy from.

**Where the file is.** ` + "`--config FILE`, else the variable `BOT_CONFIG`, else `config.yaml`" + ` in the working directory, else the
defaults built into the program. A file that was named and is missing is an error.

**What counts.** For each setting the first of these that gives it:

1. a variable ` + "`BOT_SECTION_KEY`" + ` (settings outside lists that hold one value);
2. the file;
3. what GitHub Actions sets (` + "`GITHUB_REPOSITORY`, `GITHUB_API_URL`" + ` and the like);
4. the default.

An empty variable counts as unset. ` + "`bot config show`" + ` prints the configuration that counts, and for each value where it comes from.

**It is strict.** An unknown key, a wrong type and a value out of range are errors; so is a ` + "`BOT_`" + ` variable that no setting
belongs to. ` + "`bot config validate`" + ` names them all at once, with file, line and key. Durations carry their unit (` + "`30s`, `2m`, `1h`" + `), truth
values are ` + "`true` and `false`" + `, and text that looks like a number needs quotes (` + "`ref: \"1.30\"`" + `). Aliases and merge keys of YAML are not
read. The limit is 1 MiB.

**Secrets are not configuration.** The token comes from the environment: ` + "`GITHUB_TOKEN`, else `BOT_GITHUB_TOKEN`, else `GH_TOKEN`" + `,
else from the file that ` + "`GITHUB_TOKEN_FILE`" + ` names. A token in the file is refused. See [SECURITY.md](../SECURITY.md) for the
permissions it needs.

A file to begin with, as ` + "`bot config init`" + ` writes it:

`

	manualPresets = `
## Presets

A preset is an entry of ` + "`upstreams`" + ` that is built in. A key beside ` + "`preset`" + ` takes the place of the preset's; so does a list.
`

	manualVariables = `
## Variables without a key

| variable | meaning |
|---|---|
| ` + "`BOT_CONFIG`" + ` | the configuration file, where ` + "`--config`" + ` is not given |
| ` + "`GITHUB_TOKEN`" + ` | the token; it may write issues in the target repository |
| ` + "`BOT_GITHUB_TOKEN`, `GH_TOKEN`" + ` | the token, where ` + "`GITHUB_TOKEN`" + ` is not set |
| ` + "`GITHUB_TOKEN_FILE`" + ` | a file that holds the token, where none of those is set |
`
)
