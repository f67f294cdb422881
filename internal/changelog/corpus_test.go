package changelog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/golden"
)

// corpus is every changelog under testdata/corpus, by its name.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob("testdata/corpus/*.md")
	if err != nil || len(names) < 15 {
		tb.Fatalf("only %d files: %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		files[filepath.Base(name)] = data
	}
	return files
}

func parse(tb testing.TB, name string) changelog.File {
	tb.Helper()
	f, err := changelog.Parse(name, corpus(tb)[name])
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// TestCorpus holds what each file is read as against its golden file, and what is stored against what is read.
func TestCorpus(t *testing.T) {
	for name, data := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			f, err := changelog.Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(f); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata/corpus", name+".golden"), b.Bytes())
			var stored changelog.File
			if err := json.Unmarshal(b.Bytes(), &stored); err != nil || !reflect.DeepEqual(stored, f) {
				t.Errorf("what is stored reads back as something else: %v", err)
			}
		})
	}
}

// TestCountLaw counts the top-level bullets by other means: no bullet is lost, none is invented.
func TestCountLaw(t *testing.T) {
	all := 0
	for name, data := range corpus(t) {
		f, err := changelog.Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		got := len(f.Skipped)
		for _, s := range f.Sections {
			got += s.Bullets()
			lines := map[int]bool{}
			for _, n := range s.Notes {
				lines[n.Line] = true
			}
			for _, k := range append(append([]changelog.Skip{}, s.Skipped...), s.Duplicates...) {
				if k.Reason == "" {
					t.Errorf("%s:%d: skipped without a reason", name, k.Line)
				}
				lines[k.Line] = true
			}
			if len(lines) != s.Bullets() {
				t.Errorf("%s: %s: %d bullets at %d lines", name, s.Version, s.Bullets(), len(lines))
			}
		}
		want := countBullets(string(data))
		if got != want {
			t.Errorf("%s: %d bullets are accounted for, the file has %d", name, got, want)
		}
		all += want
	}
	if all < 100 {
		t.Errorf("only %d bullets in the corpus", all)
	}
}

// countBullets counts lines that begin a list item at the margin, or indented by one blank, outside of code
// and comments. A list that follows a paragraph may be indented by up to three.
func countBullets(src string) int {
	src = strings.NewReplacer("\r\n", "\n", "\u00a0", " ", "\ufeff", "", "\u200b", "").Replace(src)
	n, inList, listIndent, blank := 0, false, 0, true
	lines := strings.Split(src, "\n")
	closing := ""
	for i, line := range lines {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if closing != "" {
			if strings.Contains(line, closing) {
				closing = ""
			}
			continue
		}
		isBullet := len(text) > 0 && strings.Contains("-*+", text[:1]) && (len(text) == 1 || text[1] == ' ') && strings.TrimSpace(text) != "* * *"
		switch {
		case text == "":
			blank = true
			continue
		case strings.HasPrefix(text, "<!--") && !strings.Contains(text, "-->"), strings.HasPrefix(text, "```"):
			closing = "-->"
			if text[0] == '`' {
				closing = "```"
			}
			if !strings.Contains(untilVersion(lines[i+1:]), closing) {
				closing = ""
			}
		case isBullet && (indent <= 1 || indent <= 3 && (!inList || listIndent == indent)), strings.HasPrefix(line, "-The flag"):
			n++
			inList, listIndent = true, indent
		case strings.HasPrefix(line, "#") && strings.Contains(line, "# ") && (blank || !strings.HasPrefix(line, "# ")):
			inList = false
		case indent <= 1 && blank:
			inList = false
		}
		blank = false
	}
	return n
}

func untilVersion(lines []string) string {
	for i, l := range lines {
		if strings.HasPrefix(l, "# v") {
			return strings.Join(lines[:i], "\n")
		}
	}
	return strings.Join(lines, "\n")
}

// brief writes what is read of a section as a line each.
func brief(s changelog.Section) []string {
	var out []string
	for _, n := range s.Notes {
		line := fmt.Sprint(n.Line)
		for _, pr := range n.PRs {
			line += fmt.Sprintf(" #%d", pr)
		}
		if n.Author != "" {
			line += " @" + n.Author
		}
		for _, list := range [][]string{n.Refs, n.KEPs, n.SIGs, n.Kinds} {
			if len(list) > 0 {
				line += " " + strings.Join(list, ",")
			}
		}
		if n.Urgent {
			line += " urgent"
		}
		if n.ActionRequired {
			line += " act"
		}
		out = append(out, line+" | "+strings.ReplaceAll(n.Text, "\n", "/"))
	}
	for _, k := range append(append([]changelog.Skip{}, s.Duplicates...), s.Skipped...) {
		out = append(out, fmt.Sprintf("%d %s | %s", k.Line, k.Reason, k.Text))
	}
	for _, a := range s.Advisories {
		out = append(out, fmt.Sprintf("%d %s | %s", a.Line, strings.Join(a.CVEs, ","), a.Title))
	}
	return out
}
