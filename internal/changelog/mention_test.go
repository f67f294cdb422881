package changelog_test

import (
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/changelog"
)

func TestMentions(t *testing.T) {
	names := map[string]bool{"Foo": true, "FooBar": true, "SlowWidget": true}
	known := func(w string) bool { return names[w] }
	for text, want := range map[string]string{
		"":                                 "",
		"Foo":                              "Foo",
		"the FooBar gate":                  "FooBar",
		"FooBarBaz and BarFoo and foo":     "",
		"`Foo`, (FooBar). Foo again":       "Foo FooBar",
		"--feature-gates=Foo=true,X=false": "Foo",
		"Foo's, Foo-like, Foo/FooBar":      "Foo FooBar",
		"Foo_bar, Fooé":                    "",
		"**SlowWidget**\n- Foo":            "SlowWidget Foo",
		"see https://example.io/#Foo and [x](http://example.io/Foo) FooBar": "FooBar",
	} {
		if got := strings.Join(changelog.Mentions(text, known), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestCVEs(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"CVE-2022-3162: a": "CVE-2022-3162",
		"cve-2020-8559 (Medium), CVE-2020-8559, CVE-2021-25741.": "CVE-2020-8559 CVE-2021-25741",
		"fixes CVE-2015-8271/CVE-2016-7543":                      "CVE-2015-8271 CVE-2016-7543",
		"CVE-2022-316, CVE-22-3162, XCVE-2022-3162, CVE-2022-":   "",
	} {
		if got := strings.Join(changelog.CVEs(text), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
