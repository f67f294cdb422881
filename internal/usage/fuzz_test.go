package usage_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/usage"
)

// FuzzRead gives any bytes under any name. Whatever they are, Read ends, and what it finds is whole: a gate
// with a name, at a line that the file has.
func FuzzRead(f *testing.F) {
	for name, data := range corpus(f) {
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		settings, problems := usage.Read(name, data)
		lines := 1 + strings.Count(string(data), "\n")
		if len(data) > 1 && (data[0] == 0xff || data[0] == 0xfe) {
			lines = len(data) + 1 // UTF-16 may hold a newline in any two bytes
		}
		for _, s := range settings {
			if s.File != name || s.Gate == "" || s.Format == "" || s.Line < 1 || s.Line > lines {
				t.Errorf("not whole: %+v of %d lines", s, lines)
			}
		}
		for _, p := range problems {
			if p.File != name || p.Message == "" || p.Line < 0 || p.Line > lines {
				t.Errorf("not whole: %+v of %d lines", p, lines)
			}
		}
		// A setting needs at least a letter; kind and its like give five for one, an anchor one for each who uses it.
		if len(settings) > 10000 || len(problems) > 100 {
			t.Errorf("%d settings and %d problems of %d bytes", len(settings), len(problems), len(data))
		}
		if len(data) < 4096 {
			again, wrong := usage.Read(name, data)
			if !reflect.DeepEqual(again, settings) || !reflect.DeepEqual(wrong, problems) {
				t.Error("a second reading differs")
			}
		}
	})
}
