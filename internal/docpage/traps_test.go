package docpage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/docpage"
)

const where = "content/gates/FastWidget.md"

// front is a page with these lines of front matter.
func front(lines ...string) string {
	return "---\n" + strings.Join(lines, "\n") + "\n---\nOne line of prose about widgets.\n"
}

func stages(p docpage.Page) string {
	var out []string
	for _, s := range p.Stages {
		line := s.Stage + " " + s.Default + " " + s.From + "-" + s.To
		if s.Locked {
			line += " locked"
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestForms(t *testing.T) {
	const alpha = "alpha false 1.10-1.10"
	tests := []struct {
		name, src, want string
	}{
		{"as upstream writes it", front("# Removed from Kubernetes", "title: FastWidget", "content_type: feature_gate", "_build:", "  list: never", "  render: false", "",
			"stages:", "  - stage: alpha ", "    defaultValue: false", "    fromVersion: \"1.10\" ", "    toVersion: \"1.10\"",
			"  - stage: stable", "    locked: true", "    defaultValue: true", "    fromVersion: \"1.30\"", "", "removed: true  "),
			"FastWidget gone: " + alpha + "; ga true 1.30- locked"},
		{"versions without quotes stay as written", front("title: FastWidget", "stages:", "- {stage: beta, defaultValue: true, fromVersion: 1.30, toVersion: 1.3}"), "FastWidget: beta true 1.30-1.3"},
		{"versions with v, patch and blanks", front("title: FastWidget", "stages:", "- {stage: beta, fromVersion: ' v1.09.2 ', toVersion: v1.10}"), "FastWidget: beta  1.9-1.10"},
		{"booleans as strings", front("title: FastWidget", "removed: \"False\"", "stages:", "- {stage: GA, defaultValue: 'True', locked: \"true\", fromVersion: '1.10'}"), "FastWidget: ga true 1.10- locked"},
		{"no default, and an open end in three ways", front("title: FastWidget", "stages:", "- {stage: alpha, fromVersion: '1.8', toVersion: ''}", "- {stage: beta, fromVersion: '1.9', toVersion: ~}", "- {stage: deprecated, fromVersion: '1.10', toVersion: '–'}"),
			"FastWidget: alpha  1.8-; beta  1.9-; deprecated  1.10-"},
		{"several gates", front("title: FastWidget, `SlowWidget` and OldWidget"), "FastWidget+SlowWidget+OldWidget: "},
		{"the title in quotes", front("title: \"FastWidget\" "), "FastWidget: "},
		{"BOM", "\ufeff" + front("title: FastWidget"), "FastWidget: "},
		{"CRLF", strings.ReplaceAll(front("title: FastWidget", "stages:", "- stage: alpha", "  defaultValue: false", "  fromVersion: \"1.10\"", "  toVersion: \"1.10\""), "\n", "\r\n"), "FastWidget: " + alpha},
		{"blanks after the dashes, blank lines before", "\n\n---  \ntitle: FastWidget\n--- \nprose", "FastWidget: "},
		{"nothing after it", "---\ntitle: FastWidget\n---", "FastWidget: "},
		{"keys that are not ours", front("title: FastWidget", "former_titles: [OldWidget]", "weight: 3", "cascade: {a: {b: [c]}}"), "FastWidget: "},
		{"an alias is followed", front("title: FastWidget", "x: &s {stage: alpha, defaultValue: &f false, fromVersion: '1.10', toVersion: '1.10'}", "stages: [*s]"), "FastWidget: " + alpha},
		{"no stages", front("title: FastWidget", "stages:"), "FastWidget: "},
	}
	for _, tt := range tests {
		p, err := docpage.Parse(where, []byte(tt.src))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := strings.Join(p.Gates, "+")
		if p.Removed {
			got += " gone"
		}
		if d := cmp.Diff(tt.want, got+": "+stages(p)); d != "" {
			t.Errorf("%s:\n%s", tt.name, d)
		}
	}
}

// bomb is YAML that has a billion values once its aliases are expanded.
func bomb() []string {
	out := []string{"title: FastWidget", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"}
	for i := 1; i < 10; i++ {
		out = append(out, fmt.Sprintf("a%d: &a%d [%s]", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", ")))
	}
	return out
}

func TestTrapsNameTheLine(t *testing.T) {
	tests := []struct {
		name, src, want string
	}{
		{"nothing", "", ":1: is empty"},
		{"blank lines", "\n\n  \n", ":3: is empty"},
		{"prose", "# A page\n", ":1: has no front matter"},
		{"a web page", "<!DOCTYPE html><html>login</html>", ":1: is a web page"},
		{"TOML", "+++\ntitle = 'x'\n+++\n", ":1: its front matter is not YAML between"},
		{"JSON", "{\"title\": \"x\"}\n", ":1: its front matter is not YAML between"},
		{"no end", "---\ntitle: FastWidget\n", ":1: its front matter has no end"},
		{"cut off within a stage", "---\ntitle: FastWidget\nstages:\n  - stage: al", ":1: its front matter has no end"},
		{"empty", "---\n---\n", ":1: its front matter is empty"},
		{"a list", front("- title: x"), ":2: its front matter is not a mapping"},
		{"broken", front("title: FastWidget", "stages: [", "x: }"), "its front matter is not YAML"},
		{"a tab", front("title: FastWidget", "stages:", "\t- stage: alpha"), "its front matter is not YAML"},
		{"two documents", front("title: FastWidget", "...", "removed: true"), "more than one YAML document"},
		{"Latin-1", front("title: FastWidget", "x: \xe9"), "is not UTF-8"},
		{"no title", front("removed: true"), ":2: has no title"},
		{"an empty title", front("title:"), ":2: has no title"},
		{"a title of another kind", front("", "title: [a, b]"), ":3: has no title"},
		{"a title that is none", front("title: Feature Gates (removed)"), ":2: its title \"Feature Gates (removed)\" is not the name of a gate"},
		{"a title with markup", front("title: \"<img src=x onerror=y>\""), "is not the name of a gate"},
		{"a key twice", front("title: FastWidget", "removed: true", "Removed: false"), ":4: the key \"Removed\" stands twice"},
		{"stages twice", front("title: FastWidget", "stages: []", "stages: []"), ":4: the key \"stages\" stands twice"},
		{"merged", front("title: FastWidget", "x: &x {stage: alpha, fromVersion: '1.1'}", "stages:", "- <<: *x"), ":5: merges another mapping"},
		{"stages are no list", front("title: FastWidget", "stages: {stage: alpha}"), ":3: stages is not a list"},
		{"a stage is no mapping", front("title: FastWidget", "stages:", "- alpha"), ":4: a stage is not a mapping"},
		{"a stage that is none", front("title: FastWidget", "stages:", "- stage: gamma", "  fromVersion: '1.1'"), ":4: stage \"gamma\" is none of"},
		{"no stage", front("title: FastWidget", "stages:", "- fromVersion: '1.1'"), ":4: a stage has no key stage"},
		{"no fromVersion", front("title: FastWidget", "stages:", "- stage: alpha"), ":4: a stage has no fromVersion"},
		{"an empty one", front("title: FastWidget", "stages:", "- stage: alpha", "  fromVersion: ''"), ":5: a stage has no fromVersion"},
		{"a version that is none", front("title: FastWidget", "stages:", "- stage: alpha", "  fromVersion: soon"), ":5: fromVersion \"soon\" is not a release"},
		{"a number that is none", front("title: FastWidget", "stages:", "- stage: alpha", "  fromVersion: 1e1"), ":5: fromVersion \"1e1\" is not a release"},
		{"a default that is none", front("title: FastWidget", "stages:", "- stage: alpha", "  fromVersion: '1.1'", "  defaultValue: maybe"), ":6: defaultValue \"maybe\" is neither"},
		{"removed when", front("title: FastWidget", "removed: 1.22"), ":3: removed \"1.22\" is neither"},
		{"too many stages", front("title: FastWidget", "stages:", strings.Repeat("- {stage: alpha, fromVersion: '1.1'}\n", 60)), ":4: has 60 stages"},
		{"a megabyte of front matter", front("title: FastWidget", "x: "+strings.Repeat("y", 900<<10)), ":1: its front matter is longer"},
		{"more than that", front("title: FastWidget", "x: "+strings.Repeat("y", 1<<20)), "more than any page"},
		{"a bomb that is used", front(append(bomb(), "stages: *a9")...), "a stage is not a mapping"},
		{"an alias of itself", front("title: FastWidget", "stages: &s [*s]"), "a stage is not a mapping"},
		{"deep", front("title: FastWidget", "x: "+strings.Repeat("[", 30000)), "its front matter is not YAML"},
	}
	for _, tt := range tests {
		_, err := docpage.Parse(where, []byte(tt.src))
		var e *docpage.Error
		if err == nil || !errors.As(err, &e) || !strings.HasPrefix(err.Error(), where+":") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d bytes", tt.name, len(err.Error()))
		}
	}
	if _, err := docpage.Parse(where, []byte(front(bomb()...))); err != nil {
		t.Errorf("a bomb that nobody uses is passed over: %v", err)
	}
}

func TestOtherPages(t *testing.T) {
	_, err := docpage.Parse(where, []byte(front("title: Feature Gates", "content_type: concept")))
	if !errors.Is(err, docpage.ErrOtherPage) || !strings.Contains(err.Error(), where+":3:") {
		t.Errorf("a concept: %v", err)
	}
	for file, want := range map[string]bool{
		where: true, "content/gates/index.md": false, "content/gates/_index.md": false, "content/gates/README.md": false,
		"content/gates/sub/FastWidget.md": false, "content/gates/FastWidget.html": false, "content/gates/.md": false, "content/FastWidget.md": false,
	} {
		if got := docpage.IsPage("content/gates/", file); got != want {
			t.Errorf("IsPage(%s) = %t", file, got)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	src := []byte(front("title: FastWidget", "content_type: feature_gate", "_build:", "  list: never", "stages:", "- {stage: alpha, defaultValue: false, fromVersion: '1.30', toVersion: '1.31'}",
		"- {stage: beta, defaultValue: true, fromVersion: '1.32', toVersion: '1.35'}", "- {stage: stable, defaultValue: true, locked: true, fromVersion: '1.36'}"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := docpage.Parse(where, src); err != nil {
			b.Fatal(err)
		}
	}
}
