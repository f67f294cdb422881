package docpage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/docpage"
)

// FuzzParse gives any bytes as a page. It must neither panic nor hang; an error names the file; what was read is
// bounded and clean, and the same when it is written as a clean page.
func FuzzParse(f *testing.F) {
	f.Add(front("title: FastWidget", "stages:", "- {stage: beta, defaultValue: true, fromVersion: 1.30, toVersion: '1.31'}", "removed: true"))
	f.Add("\ufeff---\r\ntitle: &t A, B\r\nstages: [{stage: GA, fromVersion: v1.2.3, locked: on}]\r\n---\r\n")
	f.Add(front(bomb()...))
	f.Fuzz(func(t *testing.T, src string) {
		p, err := docpage.Parse(where, []byte(src))
		if err != nil {
			var e *docpage.Error
			if !strings.HasPrefix(err.Error(), where+":") || !errors.As(err, &e) && !errors.Is(err, docpage.ErrOtherPage) {
				t.Errorf("error %v", err)
			}
			if e != nil && (e.Line < 1 || e.Line > 2+len(src) || !utf8.ValidString(e.Message) || strings.ContainsAny(e.Message, "\n\r\x00\x1b")) {
				t.Errorf("error %+q", e.Error())
			}
			return
		}
		if len(p.Gates) == 0 || len(p.Gates) > 20 || len(p.Stages) > 50 {
			t.Errorf("%d gates, %d stages", len(p.Gates), len(p.Stages))
		}
		for _, g := range p.Gates {
			if len(g) > 120 || strings.ContainsAny(g, " <>@#\n\r&") {
				t.Errorf("gate %q", g)
			}
		}
		lines := []string{"title: " + strings.Join(p.Gates, ", "), fmt.Sprintf("removed: %t", p.Removed), "stages:"}
		for _, s := range p.Stages {
			if !slices.Contains([]string{"alpha", "beta", "ga", "deprecated"}, s.Stage) || !slices.Contains([]string{"", "true", "false"}, s.Default) || s.From == "" {
				t.Errorf("stage %+v", s)
			}
			lines = append(lines, fmt.Sprintf("- {stage: %s, defaultValue: %s, locked: %t, fromVersion: %q, toVersion: %q}", s.Stage, s.Default, s.Locked, s.From, s.To))
		}
		again, err := docpage.Parse(where, []byte(front(lines...)))
		if d := cmp.Diff(p, again); err != nil || d != "" {
			t.Errorf("written and read again: %v\n%s", err, d)
		}
	})
}
