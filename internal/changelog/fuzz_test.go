package changelog_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/upstream-digest/bot/internal/changelog"
)

// FuzzParse gives any bytes. What is read of them is whole, the same each time, and each bullet is in one place.
func FuzzParse(f *testing.F) {
	for _, data := range corpus(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		file, err := changelog.Parse("x.md", data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if len(file.Sections) != 0 || !strings.HasPrefix(err.Error(), "x.md:") {
				t.Errorf("%d sections with the error %v", len(file.Sections), err)
			}
			return
		}
		lines := 1 + bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r"))
		taken := map[int]bool{}
		take := func(line int, text string) {
			if line < 1 || line > lines || taken[line] || !utf8.ValidString(text) {
				t.Errorf("line %d of %d is taken twice, is none, or holds invalid text %q", line, lines, text)
			}
			taken[line] = true
		}
		if len(file.Sections) == 0 {
			t.Error("neither a section nor an error")
		}
		versions := map[string]bool{}
		for _, s := range file.Sections {
			take(s.Line, s.Version)
			if versions[s.Version] || s.Version == "" {
				t.Errorf("version %q twice", s.Version)
			}
			versions[s.Version] = true
			if s.Bullets() != len(s.Notes)+len(s.Skipped)+len(s.Duplicates) {
				t.Error("the sum is wrong")
			}
			for _, n := range s.Notes {
				take(n.Line, n.Text)
				if n.Urgent && !n.ActionRequired || strings.TrimSpace(n.Text) == "" && len(n.PRs)+len(n.Refs) == 0 {
					t.Errorf("not whole: %+v", n)
				}
				for _, pr := range n.PRs {
					if pr <= 0 {
						t.Errorf("pull request %d", pr)
					}
				}
				for _, list := range [][]string{n.Refs, n.SIGs, n.Kinds, n.Heading} {
					for _, v := range list {
						if !utf8.ValidString(v) {
							t.Errorf("invalid: %q", v)
						}
					}
				}
				if unique := slices.Compact(slices.Sorted(slices.Values(n.PRs))); len(unique) != len(n.PRs) {
					t.Errorf("twice in %v", n.PRs)
				}
			}
			for _, k := range slices.Concat(s.Skipped, s.Duplicates) {
				take(k.Line, k.Text)
				if k.Reason == "" {
					t.Errorf("skipped without a reason: %+v", k)
				}
			}
			for _, a := range s.Advisories {
				if len(a.CVEs) == 0 || a.Line < 1 || a.Line > lines {
					t.Errorf("not whole: %+v", a)
				}
			}
		}
		if again, err := changelog.Parse("x.md", data); err != nil || !reflect.DeepEqual(again, file) {
			t.Errorf("a second reading differs: %v", err)
		}
	})
}

// FuzzParseJSON gives any bytes. What is read is sorted, whole, and the same each time.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"1": null}`, `{"1": {"pr_number": 2, "kinds": null, "sigs": ["x"], "documentation": [{"url": "https://kep.k8s.io/5"}]}}`,
		`{"90001": {"text": "a", "documentation": [{"url": "https://github.com/kubernetes/enhancements/tree/master/keps/sig-a/12-b", "type": "KEP"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		notes, err := changelog.ParseJSON("x.json", data)
		if err != nil {
			if notes != nil || !strings.HasPrefix(err.Error(), "x.json:") {
				t.Errorf("%d notes with the error %v", len(notes), err)
			}
			return
		}
		last := 0
		for _, n := range notes {
			if n.PR <= last || !utf8.ValidString(n.Text) {
				t.Errorf("pull request %d behind %d, text %q", n.PR, last, n.Text)
			}
			last = n.PR
			for _, k := range n.KEPs() {
				if k == "" || strings.Trim(k, "0123456789") != "" || k[0] == '0' {
					t.Errorf("proposal %q", k)
				}
			}
		}
		if again, err := changelog.ParseJSON("x.json", data); err != nil || !reflect.DeepEqual(again, notes) {
			t.Errorf("a second reading differs: %v", err)
		}
	})
}
