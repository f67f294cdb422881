package changelog_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/changelog"
)

func draft(tb testing.TB) []changelog.JSONNote {
	tb.Helper()
	data, err := os.ReadFile("testdata/json/draft.json")
	if err != nil {
		tb.Fatal(err)
	}
	notes, err := changelog.ParseJSON("draft.json", data)
	if err != nil {
		tb.Fatal(err)
	}
	return notes
}

func TestParseJSON(t *testing.T) {
	want := []changelog.JSONNote{
		{PR: 90001, Text: "Promoted the `FastWidget` gate to Beta.", Author: "amy", Kinds: []string{"api-change", "feature", "bug", "cleanup"},
			SIGs: []string{"api-machinery", "node"}, Links: []changelog.DocumentLink{
				{Description: "[KEP]", URL: "https://github.com/kubernetes/enhancements/issues/9999", Type: "KEP", KEP: "9999"},
				{Description: "[KEP]: [KEP]", URL: "https://kep.k8s.io/9999", Type: "external", KEP: "9999"},
				{URL: "https://kubernetes.io/docs/widgets/", Type: "official"},
			}},
		{PR: 90002, Text: "Widgets need a new flag.", ActionRequired: true, Links: []changelog.DocumentLink{
			{Description: "[KEP]", URL: "https://github.com/kubernetes/enhancements/pull/6086", Type: "KEP"}}},
		{PR: 90003, Text: "Key cut off by hand."},
		{PR: 90004, Text: "For nobody.", DoNotPublish: true, ActionRequired: true, SIGs: []string{"node"}},
	}
	if diff := cmp.Diff(want, draft(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := draft(t)[0].KEPs(); len(got) != 1 || got[0] != "9999" {
		t.Errorf("a proposal that is linked twice: %v", got)
	}
}

func TestNoReleaseNotesJSON(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", "x.json:1: the file is empty"},
		{"a web page", "<html>", "x.json:1: this is a web page"},
		{"cut off", "{\n\"1\": {\"text\": \"a\"},\n\"2\": {\"te", "x.json:3: no JSON, or cut off"},
		{"a list", `[{"text": "a"}]`, "x.json:1: not an object of notes"},
		{"null", "null", "x.json:1: not an object of notes by pull request, but null"},
		{"two documents", "{}\n{}", "x.json:2: no JSON, or cut off"},
		{"no number", `{"abc": {"text": "a"}}`, `x.json: entry "abc": neither its key nor pr_number`},
		{"a negative number", `{"-1": {"text": "a"}}`, `x.json: entry "-1": neither`},
		{"text that is none", `{"1": {"text": 5}}`, `x.json: entry "1": `},
		{"the same pull request twice", `{"1": {"text": "a"}, "2": {"text": "b", "pr_number": 1}}`, `x.json: entries "1" and "2" are both of pull request 1`},
	} {
		if _, err := changelog.ParseJSON("x.json", []byte(tc.in)); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
	if notes, err := changelog.ParseJSON("x.json", []byte("{}")); err != nil || len(notes) != 0 {
		t.Errorf("an empty object is a draft without notes: %v %v", notes, err)
	}
}

func TestKEPNumber(t *testing.T) {
	const e = "https://github.com/kubernetes/enhancements/"
	for url, want := range map[string]string{
		e + "issues/4020":                                  "4020",
		e + "issues/4020#issuecomment-1":                   "4020",
		e + "issues/4020)":                                 "4020",
		e + "issues/4020>":                                 "4020",
		e + "tree/master/keps/sig-widget/4020-fast-widget": "4020",
		e + "blob/master/keps/sig-widget/4020-fast-widget/README.md#risks":      "4020",
		e + "blob/0123abc/keps/sig-cluster-lifecycle/kubeadm/970-config/kep.md": "970",
		"https://github.com/amy/enhancements/blob/x/keps/sig-widget/9-a/README": "9",
		"https://git.k8s.io/enhancements/keps/sig-widget/4020-fast-widget":      "4020",
		"http://kep.k8s.io/4020":                                 "4020",
		"kep.k8s.io/4020>":                                       "4020",
		"https://github.com/kubernetes/features/issues/120":      "120",
		e + "pull/6086":                                          "", // a pull request's number
		e + "pull/6086, " + e + "pull/6087":                      "",
		e + "pull/6086/changes/keps/sig-widget/4020-fast-widget": "",
		e + "issue/4193":                                         "", // no such address
		e + "commit/0123abc":                                     "",
		e + "commit/0123abc/keps/sig-widget/4020-x":              "",
		e + "tree/master/keps/sig-autoscaling":                   "",
		e + "blob/master/keps/sig-widget/0034-tracing.md":        "", // numbering of old
		e + "blob/master/keps/sig-widget/20190424-widget.md":     "", // a date
		e + "tree/master/keps/NNNN-kep-template":                 "",
		"https://github.com/kubernetes/kubernetes/issues/4020":   "",
		"https://example.io/?u=https://kep.k8s.io/4020":          "",
		"https://github.com/kubernetes/website/tree/keps/1-a/x":  "",
		"": "",
	} {
		if got := changelog.KEPNumber(url); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}
