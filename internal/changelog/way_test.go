package changelog

import (
	"strings"
	"testing"
)

func TestWay(t *testing.T) {
	out := strings.Fields(`1.34.0-rc.1 1.34.0 1.34.1 1.35.0-alpha.1 1.35.0-rc.0 1.35.0 1.35.1 1.35.2 1.35.10
		1.36.0-alpha.1 1.36.0-beta.0 1.36.0 1.36.1 1.37.0-alpha.1 1.37.0-alpha.2 notaversion`)
	for _, tt := range []struct{ name, from, to, want, minors string }{
		{"a minor further: its first release, in its own words", "1.35.0", "1.36.0", "1.36.0", "1.36"},
		{"patches of the minor that is left are not passed", "1.35.1", "1.36.0", "1.36.0", "1.36"},
		{"patches of the minor that is gone to are, up to it", "1.35.1", "1.36.1", "1.36.0 1.36.1", "1.36"},
		{"patches of minors on the way are not", "1.34.0", "1.36.0", "1.35.0 1.36.0", "1.35 1.36"},
		{"within a minor: by version, not by text", "1.35.1", "1.35.10", "1.35.2 1.35.10", "1.35"},
		{"to a pre-release: those before it", "1.35.0", "1.36.0-beta.0", "1.36.0-alpha.1 1.36.0-beta.0", "1.36"},
		{"from a pre-release to its final: the final", "1.36.0-alpha.1", "1.36.0", "1.36.0", "1.36"},
		{"from a pre-release further: its final too", "1.35.0-alpha.1", "1.36.0", "1.35.0 1.36.0", "1.35 1.36"},
		{"a minor in the making: its pre-releases so far", "1.36.0", "1.37", "1.37.0-alpha.1 1.37.0-alpha.2", "1.37"},
		{"a minor that is out: its releases so far", "1.35.0", "1.36", "1.36.0 1.36.1", "1.36"},
		{"between minors", "1.34", "1.36", "1.35.0 1.36.0 1.36.1", "1.35 1.36"},
		{"within a minor in the making", "1.37.0-alpha.1", "1.37", "1.37.0-alpha.2", "1.37"},
		{"back", "1.36.0", "1.35.0", "", ""},
		{"nowhere", "1.36.0", "1.36.0", "", "1.36"},
		{"no versions", "", "master", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := Way{tt.from, tt.to}
			if got := strings.Join(w.Passed(out), " "); got != tt.want {
				t.Errorf("passed %q, want %q", got, tt.want)
			}
			if got := strings.Join(w.Minors(), " "); got != tt.minors {
				t.Errorf("minors %q, want %q", got, tt.minors)
			}
		})
	}
	for way, want := range map[Way]bool{
		{"1.36.0", "1.36.0"}: true, {"1.36.0", "1.35"}: true, {"1.36.0", "1.36"}: false, {"1.35.0", "1.35.1"}: false, {"1.36.0", "1.36.0-rc.1"}: true,
	} {
		if way.Empty() != want {
			t.Errorf("%v: empty is %t", way, !want)
		}
	}
}
