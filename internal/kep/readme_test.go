package kep_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/kep"
)

const pull = "https://github.com/kubernetes/kubernetes/pull/"

// history is a README with a table of contents, the sections around, and these lines as its history.
func history(lines ...string) string {
	return "# KEP-9999: Fast widgets\n\n<!-- toc -->\n- [Summary](#summary)\n- [Implementation History](#implementation-history)\n  - [Beta](#beta)\n<!-- /toc -->\n\n" +
		"## Summary\n\nAlpha in 1.1, see " + pull + "1.\n\n## Implementation History\n\n" + strings.Join(lines, "\n") +
		"\n\n## Drawbacks\n\n- 2020-01-01: not of the history, " + pull + "2\n"
}

// TestHistoryTraps has one row for every form of an implementation history.
func TestHistoryTraps(t *testing.T) {
	for _, row := range []struct {
		trap, src string
		want      []string
	}{
		{"a bullet with date, release, stage and link", history("- 2025-01-30: beta in v1.33 ([#99999](" + pull + "99999))"),
			[]string{"2025-01-30: beta in v1.33 (#99999) | 2025-01-30 | prs 99999 | 1.33 | beta"}},
		{"the table of contents is no history", history(), nil},
		{"a table of contents in the section", history("- [Beta](#beta)", "- real"), []string{"real"}},
		{"what the template says in a comment", history("<!--", "- 2020-01-01 v1.1 alpha", "", "## Not a heading", "-->", "- real"), []string{"real"}},
		{"a comment inside a line", history("- real <!-- 2020-01-01 --> thing"), []string{"real thing"}},
		{"a comment that is never closed", "## Implementation History\n\n- real\n\n<!-- \n- 2020-01-01\n", []string{"real"}},
		{"the template's text, left in without its comment", history("Major milestones in words", "- the `Summary` and `Motivation` being there", "- 2020-01-01: the `Summary` and `Motivation` sections merged", "- the version of Kubernetes where it was GA"),
			[]string{"2020-01-01: the `Summary` and `Motivation` sections merged | 2020-01-01"}},
		{"other sections below", history("- real"), []string{"real"}},
		{"a section of the first level ends it", "## Implementation History\n- real\n# Alternatives\n- no\n", []string{"real"}},
		{"the heading underlined, in other case, with a colon", "Implementation history:\n---\n\n- real\n", []string{"real"}},
		{"a heading of the fifth level", "##### Implementation History\n- real\n##### Next\n- no\n", []string{"real"}},
		{"a heading in a block of code", "```\n## Implementation History\n- no\n```\n", nil},
		{"code in the history", history("- real", "", "```", "- 2020-01-01", "```"), []string{"real"}},
		{"no history", "# x\n\n- 2020-01-01\n", nil},
		{"nothing", "", nil},

		{"a line a fact, without bullets", history("First PR: "+pull+"59898", "Graduation to Beta: "+pull+"64046"),
			[]string{"First PR: " + pull + "59898 | prs 59898", "Graduation to Beta: " + pull + "64046 | prs 64046 | beta"}},
		{"a sentence over several lines, without bullets", history("Started as alpha", "and went on ([#77777](", pull+"77777))", "v1.20: done"),
			[]string{"Started as alpha and went on (#77777) | prs 77777 | alpha", "v1.20: done | 1.20"}},
		{"a bullet over several lines, with a link over two", history("- 2020-01-01: [the first", "  implementation]("+pull+"77777) is", "  merged"),
			[]string{"2020-01-01: the first implementation is merged | 2020-01-01 | prs 77777"}},
		{"a bullet of two paragraphs", history("- one", "", "  two "+pull+"77777"), []string{"one two " + pull + "77777 | prs 77777"}},
		{"bullets in bullets take date and release", history("* 2020-01 - v1.18 work", "  * alpha", "  * 2020-02: more in 1.19", "* next"),
			[]string{"2020-01 - v1.18 work | 2020-01 | 1.18", "alpha | 2020-01 | 1.18 | alpha", "2020-02: more in 1.19 | 2020-02 | 1.19", "next"}},
		{"a bullet that is only a label", history("- 1.23: Beta", "  - on by default", "  - stable in 1.24"),
			[]string{"on by default | 1.23 | beta", "stable in 1.24 | 1.24 | stable"}},
		{"a heading that is a label", history("### K8s 1.9: Alpha", "- text", "### Next", "- text"), []string{"text | 1.9 | alpha", "text"}},
		{"a release below a stage, and below another release", history("### Beta", "- 1.38", "  - on", "### 1.36: Alpha", "- 1.37", "  - off"), []string{"on | 1.38 | beta", "off | 1.37"}},
		{"a numbered list", history("1. one", "2. two"), []string{"one", "two"}},
		{"a task list", history("- [x] one", "- [ ] two"), []string{"one", "two"}},
		{"a quotation", history("> - one"), []string{"one"}},
		{"a table: rows with a pull request", history("| what | PR |", "|--|--|", "| a thing | "+pull+"77777 |", "| 0,0 | 0,0 |"), []string{"a thing " + pull + "77777 | prs 77777"}},
		{"bold and code", history("- **2020-01-01:** `FastWidget` is *on*"), []string{"2020-01-01: `FastWidget` is on | 2020-01-01"}},
		{"line ends of Windows", strings.ReplaceAll(history("- 2020-01-01 one", "- two"), "\n", "\r\n"), []string{"2020-01-01 one | 2020-01-01", "two"}},
		{"bytes that are not UTF-8", history("- J\xf6rg"), []string{"J\ufffdrg"}},

		{"links by reference, defined at the end", history("- one [#77777]", "- two [#88888][]", "- three [text][ref]") + "\n[#77777]: " + pull + "77777\n[#88888]: " + pull + "88888/files\n[ref]: " + pull + "99999#issuecomment-1\n",
			[]string{"one #77777 | prs 77777", "two #88888 | prs 88888", "three text | prs 99999"}},
		{"a reference without its definition", history("- one [#77777]"), []string{"one [#77777] | mentions 77777"}},
		{"a number with the repository", history("- kubernetes/kubernetes#1234, k/k#1235, kubernetes/kubernetes #91699"), []string{"kubernetes/kubernetes#1234, k/k#1235, kubernetes/kubernetes #91699 | mentions 1234 1235 91699"}},
		{"a bare number that only kubernetes/kubernetes can have", history("- merged as #59898"), []string{"merged as #59898 | mentions 59898"}},
		{"a bare number of enhancements' own", history("- KEP merged (#1936)"), []string{"KEP merged (#1936)"}},
		{"numbers of other repositories", history("- kubernetes/website #21210 and #22712", "- kubernetes-sigs/kind PR #30000", "- kops#40000", "- a PR#50000"), []string{
			"kubernetes/website #21210 and #22712", "kubernetes-sigs/kind PR #30000", "kops#40000", "a PR#50000 | mentions 50000"}},
		{"links to other things", history("- [#79980](https://github.com/kubernetes/kubernetes/issues/79980)", "- https://github.com/kubernetes/enhancements/pull/4678", "- https://github.com/notkubernetes/kubernetes/pull/77777", "- https://example.org/github.com/kubernetes/kubernetes/pulls"),
			[]string{"#79980", "https://github.com/kubernetes/enhancements/pull/4678", "https://github.com/notkubernetes/kubernetes/pull/77777", "https://example.org/github.com/kubernetes/kubernetes/pulls"}},
		{"one pull request named three ways", history("- [#77777](" + pull + "77777) " + pull + "77777 #77777 <https://pr.k8s.io/88888>"),
			[]string{"#77777 " + pull + "77777 #77777 https://pr.k8s.io/88888 | prs 77777 88888"}},

		{"dates in all orders", history("- 2019/1/28", "- 01-21-2019", "- 5/1/2020", "- May 3, 2019", "- Dec 22nd 2023", "- 29th of January 2019", "- 20180305 -", "- 12/2019", "- July 20,2019", "- 2025-30-01"), []string{
			"2019/1/28 | 2019/1/28", "01-21-2019 | 01-21-2019", "5/1/2020 | 5/1/2020", "May 3, 2019 | May 3, 2019", "Dec 22nd 2023 | Dec 22nd 2023",
			"29th of January 2019 | 29th of January 2019", "20180305 - | 20180305", "12/2019 | 12/2019", "July 20,2019 | July 20,2019", "2025-30-01 | 2025-30-01"}},
		{"dates that are none", history("- 2021-2022", "- 2026-??-??", "- #20180305 of 120180305"), []string{"2021-2022", "2026-??-??", "#20180305 of 120180305"}},
		{"releases and what looks like one", history("- 1.18, v1.19.2 and release-1.20", "- Go 1.21, etcd v3.5, containerd 1.7", "- v1beta1, 10.1.3, x1.5, 1.2.3.4, 1.5x", "- https://example.org/v1.30/beta"), []string{
			"1.18, v1.19.2 and release-1.20 | 1.18 1.19 1.20", "Go 1.21, etcd v3.5, containerd 1.7", "v1beta1, 10.1.3, x1.5, 1.2.3.4, 1.5x", "https://example.org/v1.30/beta"}},
		{"stages and what looks like one", history("- GA, general availability, Beta", "- v1alpha1, unstable, Gamma", "- Deprecated and removed"), []string{
			"GA, general availability, Beta | stable beta", "v1alpha1, unstable, Gamma", "Deprecated and removed | deprecated"}},
		{"a text longer than anybody reads", history("- " + strings.Repeat("ä", 400)), []string{strings.Repeat("ä", 248) + "…"}},
	} {
		t.Run(row.trap, func(t *testing.T) {
			h := kep.ParseReadme("keps/sig-widget/9999-fast-widgets/README.md", []byte(row.src))
			var got []string
			for _, l := range h.Lines {
				got = append(got, showLine(l))
				if text := strings.Split(row.src, "\n"); l.Line < 1 || l.Line > len(text) {
					t.Errorf("line %d of %d", l.Line, len(text))
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(row.want, "\n     "))
			}
		})
	}
}

func TestGateNamesOfReadme(t *testing.T) {
	for _, row := range []struct{ form, src, want string }{
		{"in the questionnaire", "- [x] Feature gate (also in kep.yaml)\n  - Feature gate name: FastWidget\n  - Components depending on the feature gate: kubelet\n", "FastWidget"},
		{"in backticks, with a full stop", "  - Feature gate name: `FastWidget`.\n", "FastWidget"},
		{"several", "- Feature gate names: FastWidget, `SlowWidget` and OldWidget\n", "FastWidget SlowWidget OldWidget"},
		{"with remarks", "- Feature gate name: `FastWidget` (alpha in 1.30), SlowWidget (GA)\n", "FastWidget SlowWidget"},
		{"prose behind it", "- Feature gate name: `FastWidget` is a new feature gate for\n    OtherThing\n", "FastWidget"},
		{"prose instead of it", "- Feature gate name: There is none, but PodSecurity helps\n", ""},
		{"nothing", "- Feature gate name:\n- Components: Kubelet\n", ""},
		{"in the list below", "- Feature gate name:\n  - FastWidget\n  - `SlowWidget`: more\n", "FastWidget SlowWidget"},
		{"in the next line", "- Feature gate name:\n  FastWidget\n", "FastWidget"},
		{"n/a, None and TBD", "- Feature gate name: n/a\n- Feature gate name: None\n- Feature gate name: TBD\n", ""},
		{"one hump, alone", "- Feature gate name: Sysctls\n", "Sysctls"},
		{"one hump, as a word", "- Feature gate name: Depends on it\n", ""},
		{"bold label, a dash in it", "**Feature-gate name:** FastWidget\n", "FastWidget"},
		{"with its value", "- Feature gate name: `FastWidget=true`\n", "FastWidget"},
		{"an environment variable", "- Feature gate name: `KUBECTL_WIDGETS`\n", ""},
		{"in a comment and in code", "<!--\n- Feature gate name: A1b\n-->\n\n    Feature gate name: A1b\n", ""},
		{"twice", "- Feature gate name: FastWidget\n\nFeature gate name: FastWidget\n", "FastWidget"},
	} {
		t.Run(row.form, func(t *testing.T) {
			if got := strings.Join(kep.ParseReadme("a/README.md", []byte(row.src)).Gates, " "); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// TestLineNumbers counts as the README's author does, also where a blank line was put in to bound the work.
func TestLineNumbers(t *testing.T) {
	src := "## Implementation History\n" + strings.Repeat("- "+strings.Repeat("x", 98)+"\n", 60) + strings.Repeat("> ", 40) + "\n- last\n"
	h := kep.ParseReadme("a/README.md", []byte(src))
	if n := len(h.Lines); n != 61 || h.Lines[0].Line != 2 || h.Lines[59].Line != 61 || h.Lines[60].Line != 63 {
		t.Errorf("%d lines, the last %+v", n, h.Lines[n-1])
	}
}

// TestLineNumbersOfPlainText counts on where a link stands over two lines.
func TestLineNumbersOfPlainText(t *testing.T) {
	h := kep.ParseReadme("a/README.md", []byte("## Implementation History\n\nOne [link\nof two]("+pull+"77777)\nTwo\n"))
	if len(h.Lines) != 2 || h.Lines[0].Line != 3 || h.Lines[1].Line != 5 {
		t.Errorf("%+v", h.Lines)
	}
}

func showLine(l kep.Line) string {
	parts := []string{l.Text}
	for _, s := range []string{l.Date, numbers("prs", l.PRs), numbers("mentions", l.Mentioned), strings.Join(l.Releases, " "), strings.Join(l.Stages, " ")} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " | ")
}

func numbers(label string, ns []int) string {
	if ns == nil {
		return ""
	}
	return label + " " + strings.Trim(fmt.Sprint(ns), "[]")
}
