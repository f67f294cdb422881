package repo_test

import (
	"testing"

	"github.com/upstream-digest/bot/internal/repo"
)

func TestDefaultKubeBinaryVersion(t *testing.T) {
	for src, want := range map[string]string{
		"package version\n\nconst (\n\t// x\n\tDefaultKubeBinaryVersion = \"1.37\"\n)\n":   "1.37",
		"package version\n\nconst Other, DefaultKubeBinaryVersion = \"9\", `1.36`\n":       "1.36",
		"package version\n\nvar DefaultKubeBinaryVersion string = \"1.31\"\n":              "1.31",
		"package version\n\nconst DefaultKubeBinaryVersion = \"1.38\"\n\nfunc broken( {\n": "1.38",
		"package version\n\nvar gitVersion = \"v0.0.0\"\n":                                 "",
		"package version\n\nfunc f() { const DefaultKubeBinaryVersion = \"1.2\" }\n":       "",
		"package version\n\nconst DefaultKubeBinaryVersion = prefix + \"1.2\"\n":           "",
		"package version\n\n// DefaultKubeBinaryVersion = \"1.2\"\nvar x = 1\n":            "",
		"package version\n\nconst DefaultKubeBinaryVersion = \"\"\n":                       "",
		"":                "",
		"<!DOCTYPE html>": "",
	} {
		got, ok := repo.DefaultKubeBinaryVersion([]byte(src))
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", src, got, ok, want)
		}
	}
}

func TestHighestStable(t *testing.T) {
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{"v1.9.0", "v1.36.0", "v1.36.2", "v1.35.9", "v1.37.0-rc.1", "v1.37.0-alpha.3"}, "v1.36.2"},
		{[]string{"1.2.3", "v1.2.3"}, "v1.2.3"},
		{[]string{"v1.2.3", "1.2.3"}, "v1.2.3"},
		{[]string{"0.9.0", "0.10.0"}, "0.10.0"},
		{[]string{"v0.0.0"}, "v0.0.0"},
		{[]string{"v2", "v2.0", "release-3.0.0", "vv4.0.0", "v5.0.0+build", "v01.0.0", "kubernetes-1.9.0"}, ""},
		{nil, ""},
	} {
		got, ok := repo.HighestStable(c.tags)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%v: %q, %v; want %q", c.tags, got, ok, c.want)
		}
	}
}
