package main

import (
	"slices"
	"testing"
)

func TestRowsIn(t *testing.T) {
	for name, tc := range map[string]struct {
		src  string
		want []string
	}{
		"versioned, a selector, and a spec is no row": {
			src: "var m = map[featuregate.Feature]featuregate.VersionedSpecs{\n" +
				"\tFastWidget: {\n\t\t{Version: version.MustParse(\"1.33\"), Default: true},\n\t},\n" +
				"\twidgetfeatures.SlowWidget: {\n\t},\n}\n",
			want: []string{"FastWidget", "SlowWidget"},
		},
		"one line, aligned": {
			src:  "var m = map[featuregate.Feature]featuregate.FeatureSpec{\n\tFastWidget:   {Default: true},\n\tX: {Default: true},\n}\n",
			want: []string{"FastWidget", "X"},
		},
		"no gate map": {src: "var m = map[string]limits{\n\tLarge: {1, 2},\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(map[string]bool)
			rowsIn([]byte(tc.src), got)
			if d := without(got, nil); !slices.Equal(d, tc.want) {
				t.Errorf("got %v, want %v", d, tc.want)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"8080":                   "http://127.0.0.1:8080",
		"127.0.0.1:8080":         "http://127.0.0.1:8080",
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) = %q, want %q", in, got, want)
		}
	}
}
