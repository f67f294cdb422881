package sample

import (
	"bytes"
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// Changelogs writes the CHANGELOG folder as it stands when the releases of a list ([Releases]) are out:
// path to content, a file for each minor release and the index.
func Changelogs(table *facts.Table, releases []Published) (map[string][]byte, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("write changelogs: %w", err)
	}
	return n.changelogs(releases)
}

func (n *notebook) changelogs(releases []Published) (map[string][]byte, error) {
	var minors []string
	for _, r := range releases {
		if minor := "v" + gate.MinorOf(r.Tag); !slices.Contains(minors, minor) {
			minors = append(minors, minor)
		}
	}
	slices.SortFunc(minors, gate.CompareVersions)
	files := map[string][]byte{}
	index := "# CHANGELOGs\n\nWritten by internal/sample from facts about Kubernetes; fixes and advisories are made up.\n\n"
	for _, minor := range slices.Backward(minors) {
		text, err := n.changelog(minor, releases)
		if err != nil {
			return nil, err
		}
		name := changelogName(minor)
		files["CHANGELOG/"+name] = text
		index += fmt.Sprintf("- [%s](./%s)\n", name, name)
	}
	files["CHANGELOG/README.md"] = []byte(index)
	return files, nil
}

// Changelog writes CHANGELOG-1.X.md of one minor release ("v1.36") with a section for each of its
// releases in the list, in upstream's modern form. What changed, and in which pull request where that is
// known, are facts; the other numbers are above 900000, and sentences, fixes and advisories are made up.
func Changelog(table *facts.Table, minor string, releases []Published) ([]byte, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("write changelog of %s: %w", minor, err)
	}
	return n.changelog(minor, releases)
}

func changelogName(minor string) string { return "CHANGELOG-" + gate.MinorOf(minor) + ".md" }

func (n *notebook) changelog(minor string, releases []Published) ([]byte, error) {
	if n.notes[minor] == nil {
		return nil, fmt.Errorf("write changelog of %s: the facts give it no notes (want %s or later, in the form v1.36)", minor, firstNoted)
	}
	own := slices.DeleteFunc(slices.Clone(releases), func(r Published) bool { return "v"+gate.MinorOf(r.Tag) != minor })
	slices.SortFunc(own, func(a, b Published) int { return gate.CompareVersions(b.Tag, a.Tag) }) // newest first
	if len(own) == 0 {
		return nil, fmt.Errorf("write changelog of %s: none of its releases is in the list", minor)
	}
	page := &page{anchors: map[string]int{}}
	for i, r := range own {
		since := fmt.Sprintf("v1.%d.0", minorNumber(minor)-1)
		switch {
		case isPatch(r.Tag):
			since = fmt.Sprintf("%s.%d", minor, patchNumber(r.Tag)-1)
		case i+1 < len(own) && !isFinal(r.Tag):
			since = own[i+1].Tag
		}
		n.section(page, r.Tag, since)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!-- BEGIN MUNGE: GENERATED_TOC -->\n\n%s\n<!-- END MUNGE: GENERATED_TOC -->\n\n", page.contents.String())
	out.Write(page.body.Bytes())
	return out.Bytes(), nil
}

func isFinal(tag string) bool { return tag == "v"+gate.MinorOf(tag)+".0" }

func isPatch(tag string) bool { return !strings.Contains(tag, "-") && !isFinal(tag) }

// patchNumber is 4 for "v1.34.4"; isPatch has seen the tag.
func patchNumber(tag string) int {
	var patch int
	_, _ = fmt.Sscanf(tag[strings.LastIndexByte(tag, '.')+1:], "%d", &patch)
	return patch
}

// page is a file in the making: its headings go into the table of contents too.
type page struct {
	contents, body bytes.Buffer
	anchors        map[string]int
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(&p.body, format, args...) }

func (p *page) heading(level int, title string) {
	anchor := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
	seen := p.anchors[anchor]
	p.anchors[anchor]++
	if seen > 0 {
		anchor = fmt.Sprintf("%s-%d", anchor, seen)
	}
	fmt.Fprintf(&p.contents, "%s- [%s](#%s)\n", strings.Repeat("  ", level-1), title, anchor)
	p.printf("%s %s\n\n", strings.Repeat("#", level), title)
}

// section writes one release.
func (n *notebook) section(p *page, tag, since string) {
	p.heading(1, tag)
	if isFinal(tag) {
		p.printf("[Documentation](https://docs.k8s.io)\n\n")
	}
	p.downloads(tag)
	p.heading(2, "Changelog since "+since)
	if isPatch(tag) {
		p.advisory(tag)
	}
	n.entries(p, tag)
	p.heading(2, "Dependencies")
	p.dependencies(tag)
}

// downloads are tables that hold no notes.
func (p *page) downloads(tag string) {
	p.heading(2, "Downloads for "+tag)
	for _, table := range []struct {
		title string
		files []string
	}{
		{"Source Code", []string{"kubernetes.tar.gz", "kubernetes-src.tar.gz"}},
		{"Client Binaries", []string{"kubernetes-client-darwin-arm64.tar.gz", "kubernetes-client-linux-amd64.tar.gz", "kubernetes-client-windows-amd64.tar.gz"}},
		{"Server Binaries", []string{"kubernetes-server-linux-amd64.tar.gz", "kubernetes-server-linux-arm64.tar.gz"}},
		{"Node Binaries", []string{"kubernetes-node-linux-amd64.tar.gz", "kubernetes-node-windows-amd64.tar.gz"}},
	} {
		p.heading(3, table.title)
		p.printf("filename | sha512 hash\n-------- | -----------\n")
		for _, name := range table.files {
			hash := fmt.Sprintf("%x", sha512.Sum512([]byte(tag+"/"+name)))
			if !strings.Contains(tag, "-") {
				hash = "`" + hash + "`"
			}
			p.printf("[%s](https://dl.k8s.io/%s/%s) | %s\n", name, tag, name, hash)
		}
		p.printf("\n")
	}
	p.heading(3, "Container Images")
	p.printf("Each image is there for all architectures, and on its own for each.\n\nname | architectures\n---- | -------------\n")
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"} {
		p.printf("registry.k8s.io/%s:%s | amd64, arm64\n", name, tag)
	}
	p.printf("\n")
}

// advisory is the part on vulnerabilities, in two of the patch releases. Numbers of seven digits that
// begin with 99 stand for no real advisory.
func (p *page) advisory(tag string) {
	if tag != "v1.34.4" && tag != "v1.35.1" {
		return
	}
	p.heading(2, "Important Security Information")
	p.printf("This release mends the following. The advisory is made up, as this is a sample.\n\n")
	p.heading(3, "CVE-2026-9900001: sample advisory, a crafted volume path leads out of the pod's folder")
	p.printf("A user who may create pods can make the kubelet read a file of the node. Clusters in which only administrators create pods are not affected.\n\n")
	p.printf("**Affected Versions**:\n  - kubelet before %s\n\n**Fixed Versions**:\n  - kubelet %s\n\n", tag, tag)
	p.printf("**CVSS Rating:** Medium (6.5)\n\n")
}

// entries writes the notes of a release; a release candidate has none.
func (n *notebook) entries(p *page, tag string) {
	notes := n.notesOf(tag)
	var urgent []string
	byKind := map[string][]string{}
	for _, one := range notes {
		for _, kind := range one.kinds {
			if kind == urgentKind {
				urgent = append(urgent, one.bullet(tag))
			} else {
				byKind[kind] = append(byKind[kind], one.bullet(tag))
			}
		}
	}
	if len(urgent) > 0 {
		p.heading(2, urgentKind+" ")
		p.heading(3, "(No, really, you MUST read this before you upgrade)")
		// All but the first stand one blank in, and a line of one blank ends them: so upstream's tool does.
		p.printf("%s\n", strings.Join(urgent, "\n "))
		p.printf(" \n")
	}
	if len(byKind) == 0 {
		return
	}
	p.heading(2, "Changes by Kind")
	for _, kind := range noteKinds() {
		if len(byKind[kind]) > 0 {
			p.heading(3, kind)
			slices.Sort(byKind[kind])
			p.printf("%s\n\n", strings.Join(byKind[kind], "\n"))
		}
	}
}

// notesOf are a release's notes, each in the wording that it has there.
func (n *notebook) notesOf(tag string) []note {
	minor := "v" + gate.MinorOf(tag)
	var out []note
	if isPatch(tag) {
		return picks(tag)
	}
	for _, one := range n.notes[minor] {
		switch {
		case isFinal(tag) && one.final != "":
			out = append(out, one)
		case !isFinal(tag) && one.early != "" && strings.HasSuffix(tag, "-"+one.in):
			one.final = one.early
			out = append(out, one)
		}
	}
	return out
}

// picks are fixes of the next minor release, brought to a patch release by pull requests of their own.
func picks(tag string) []note {
	patch := patchNumber(tag)
	var bugs []note
	for _, f := range fixes(minorNumber(tag) + 1) {
		if f.final != "" && f.kinds[0] == bugKind {
			bugs = append(bugs, f)
		}
	}
	var out []note
	for i := range 2 {
		one := bugs[(patch+i)%len(bugs)]
		one.pulls = []int{madeUp(tag, 900+10*patch+i)}
		out = append(out, one)
	}
	return out
}

// bullet is a note as a list item, with references and, where upstream would keep it, the SIGs.
func (o note) bullet(tag string) string {
	chance := len(o.gate)
	text := o.final
	if chance%13 == 0 && chance > 0 && !strings.Contains(text, "\n") && len(o.bullets) == 0 {
		text = `"` + text + `"` // left over from a map in YAML
	}
	text = strings.ReplaceAll(text, "\n", "\n  ")
	for _, b := range o.bullets {
		text += "\n  - " + b
	}
	// References end the whole note, so after nested bullets they stand on the last of them.
	var refs []string
	for _, pull := range o.pulls {
		refs = append(refs, fmt.Sprintf("[#%d](%s)", pull, pullURL(pull)))
	}
	author := []string{"sample-author", "sample-contributor", "sample-developer"}[chance%3]
	refs = append(refs, fmt.Sprintf("[@%s](https://github.com/%s)", author, author))
	text = "- " + text + " (" + strings.Join(refs, ", ") + ")"
	// Up to v1.35 editors dropped most of the SIGs in final sections.
	if !isFinal(tag) || gate.CompareVersions(tag, "v1.36") >= 0 || chance%5 == 0 {
		var names []string
		for _, sig := range o.sigs {
			names = append(names, sigName(sig))
		}
		text += " [SIG " + andJoin(names) + "]"
	}
	return text
}

func andJoin(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// dependencies are bullets that are no notes.
func (p *page) dependencies(tag string) {
	p.heading(3, "Added")
	if isFinal(tag) {
		p.printf("- example.com/sample/gear: v1.2.0\n\n")
	} else {
		p.printf("_Nothing has changed._\n\n")
	}
	p.heading(3, "Changed")
	if isFinal(tag) {
		p.printf("- example.com/sample/lever: v0.8.1 → v0.9.0\n- example.com/sample/wheel: v1.10.0 → v1.11.2\n\n")
	} else {
		p.printf("- example.com/sample/wheel: v1.10.0 → v1.10.1\n\n")
	}
	p.heading(3, "Removed")
	p.printf("_Nothing has changed._\n\n")
}
