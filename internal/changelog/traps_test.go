package changelog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/changelog"
)

// TestTraps names what a simpler reader gets wrong, with the file that has it and a line of [brief] that shows it
// read right. A want that begins with "no " must not occur.
func TestTraps(t *testing.T) {
	for _, tc := range []struct{ trap, file, want string }{
		{"the table of contents is a list", "modern.md", "no Urgent Upgrade Notes"},
		{"a table of contents inside a section, without marks", "website.md", "12 table of contents | [Urgent Upgrade Notes](#urgent-upgrade-notes)"},
		{"front matter of the website's copy", "website.md", "21 #70001 @amy | Widgets stick"},
		{"a marked table of contents inside a section", "website.md", "16 table of contents | Known Issues, without a link"},
		{"a table of contents that is never closed", "odd-frame.md", "13 #91001 @amy node bug | Kept"},
		{"a first-level heading that is no version: 1.16", "1.16.md", "11 #80001 @amy deprecation | Widget API v1alpha1 is gone"},
		{"a first-level heading that is no version: 1.11", "1.11.md", "9 #60001 @amy urgent act | Widgets need two engines"},
		{"all headings one level higher", "1.10.md", "5 #57962 @amy urgent act | Widgets are set as a map now. For example://Widgets Before:"},
		{"the heading that ends it", "1.10.md", "30 #59898 @cat | [Alpha] Widgets log to files"},
		{"a list numbered with hashes", "1.12.md", "11 theme told in prose | Widgets scale"},
		{"a section goes on further below", "odd-frame.md", "50 #91008 @amy feature | Came later"},
		{"download tables", "modern.md", "no kubernetes.tar.gz"},
		{"container images", "modern.md", "no registry.k8s.io"},
		{"changes since and changelog since", "1.2.md", "54 | Widgets in colour."},
		{"headings of bold text", "1.2.md", "60 kubernetes/kubernetes#30010 | 1.9.1 stops at night"},
		{"dependencies, added and changed", "modern.md", "149 dependency list | example.io/b: v1.0.0 → v1.1.0"},
		{"the kind Dependency is no list of them", "modern.md", "67 #90010 @amy architecture dependency | Updated widget to v2."},
		{"dependencies with pull requests are notes", "1.16.md", "15 #80002 @ben | Widget was bumped to 2.0"},
		{"details of go dependencies", "1.16.md", "21 dependency list | example.io/widget"},
		{"external dependencies", "1.5.md", "48 dependency list | Docker versions"},
		{"and those with a pull request", "1.5.md", "49 #36022 @ben | etcd 3.0.14"},
		{"releases that are included", "1.5.md", "53 list of releases | [v1.5.0-beta.1]"},
		{"advisories in prose", "cve.md", "28 CVE-2022-3162 | Unauthorized read of Widgets"},
		{"an advisory with two ids", "cve.md", "40 CVE-2022-3294,CVE-2022-3295 | Two at once"},
		{"an advisory without a heading", "cve.md", "60 CVE-2021-25741 | Symlinks of widgets"},
		{"an advisory's own list", "cve.md", "33 part of a security advisory | kube-widget v1.23.0"},
		{"the fix of one is a note all the same", "cve.md", "48 #113002 @amy widget bug | Fixed CVE-2022-3162"},
		{"bold group with proposals by number", "1.5.md", "26 kubernetes/features#120,kubernetes/features#121 feature | **API Widgets**/- [beta] Widgets explain themselves ([docs](http://kubernetes.io/docs/widgets/))/- [alpha] Widgets sleep"},
		{"an advisory of 1.13", "cve.md", "54 CVE-2018-1002105 | a critical issue of widgets, is resolved. See #71411."},
		{"code on one line at the margin", "1.11.md", "19 #62695 @ben urgent act | Widgets answer in one line:/```{\"kind\":\"Widget\"}```/They had many before."},
		{"a block at the margin inside a nested bullet", "1.11.md", "* If you need the old one, write:/```/engine:/- name: old/```"},
		{"one blank in front amid the list", "1.11.md", "33 #62697 #62698 @dan deprecation | One blank, at last"},
		{"what can wait stands below Before Upgrading", "1.11.md", "38 kubernetes/features#579 | Widget logs"},
		{"the word ref as a link's name", "1.11.md", "38 kubernetes/features#579 | Widget logs"},
		{"bold inside a heading, tabs before paragraphs", "1.7-tabs.md", "7 #39164 @amy urgent act | WidgetPolicy moved to another group.//  **Action Required:**"},
		{"nested twice, with tabs and pull requests for each", "1.7-tabs.md", "21 #40001 #40002 @cat urgent act | kubewidget//* New//  * `kubewidget turn`"},
		{"headings below the fourth level", "1.9-warning.md", "19 #55003 feature | Widgets of widgets"},
		{"themes are prose", "1.16.md", "7 theme told in prose | **Widgets** grew up"},
		{"known issues are notes", "1.5.md", "34 kubernetes/kubernetes#38593 | Widgets have no gate and/are thus on by default./"},
		{"a heading that lost its letters", "1.14-mixed.md", "20 #72216 @fay | Widget metrics are slower."},
		{"a blank behind Urgent Upgrade Notes", "modern.md", "43 #90001 @amy widget urgent act"},
		{"one blank before an urgent note", "modern.md", "44 #90002 @ben node urgent act | Widgets drop old engines./ACTION REQUIRED: drain the nodes.//"},
		{"lines of two blanks, code, and a list as deep as its own bullet's text", "modern.md", "out of range//Pick one:/- wait, or/- drain."},
		{"a block of code with a list at the margin", "modern.md", "54 #90003 @cat node,widget urgent act | Third one, with a block://```yaml/a:/- b/```//until then."},
		{"a table in a note", "modern.md", "87 #90017 @eve widget feature | Widgets with a table://name | speed"},
		{"the reference on the last nested bullet", "modern.md", "76 #120780 @cat widget api-change | The widget agent gains two alpha gates/- first gate/- second gate."},
		{"the reference on the parent, action required on the child", "1.10.md", "32 #64503 @dan act | Widgets restart//  - action required: restart the agent"},
		{"a blank line between all bullets", "1.10.md", "22 #57963 @ben urgent act | The flag --widget is gone."},
		{"the reference by itself after a blank line", "website.md", "22 #70002 @ben | Widgets rust"},
		{"the reference by itself after a block of code", "1.10.md", "```/kind: Widget/- not: a bullet/```//Widgets After://```/kind: Widget/```"},
		{"the reference on a line of its own, never closed", "1.10.md", "36 #64504 | Turn widgets off"},
		{"a block of code behind a note", "1.10.md", "39 | A widget's log, see//```/  Version 2/    * turned/```"},
		{"a parenthesis too many", "1.10.md", "46 #58367 @eve | Widget addresses"},
		{"a reference that is never closed", "1.10.md", "48 #58375 @fay | Never closed"},
		{"a mistyped author", "1.10.md", "49 #58433 @gil | A bracket too many"},
		{"notes on container images", "1.10.md", "53 #58434 @hal | The widget's image is smaller"},
		{"pull requests of other repositories", "1.10.md", "57 kubernetes-incubator/widget#7 | A parser"},
		{"a link to an issue is no pull request", "1.10.md", "58 kubernetes/kubernetes#61041 | Fixes the widget issue"},
		{"two pull requests", "1.9-warning.md", "15 #55001 #55002 @amy feature | Widgets turn both ways."},
		{"an author with a blank", "1.2.md", "32 #30001 @amy urgent act | Widgets count from one"},
		{"a bare reference", "1.2.md", "38 #30003 @cat | Oil widgets"},
		{"a bare reference ends a note too", "1.2.md", "39 #30004 @cat | Grease widgets"},
		{"a bare reference in the text is not the note's", "modern.md", "111 #99613 @hal widget bug | Fixed (#99225, @xh4n3) for real this time."},
		{"not even at the end of a line", "modern.md", "112 #99614 @hal widget bug | Changed widget sort, see/(#99226, @xh4n3)"},
		{"a pull request at the end without parentheses", "1.5.md", "40 #36760 deprecation | The flag --widget-old is deprecated [#36760]"},
		{"a reference inside the sentence", "modern.md", "118 #90022 bug | Name without its at, but"},
		{"an author without the at", "modern.md", "119 #90023 @joe widget bug | Same there"},
		{"the tag inside the parenthesis", "modern.md", "120 #90024 @joe api-machinery,node bug | Tag inside"},
		{"a reference over two lines", "1.12.md", "21 #66960 @ben widget,release,testing | Widget arches are gone."},
		{"courtesy in a paragraph of its own", "1.12.md", "18 #66959 @amy widget,cluster-lifecycle | Widgets rest at night."},
		{"a hyphen without its blank", "1.12.md", "23 #66817 @cat | The flag `-w` is gone."},
		{"a bullet that was lost", "1.12.md", "24 #67074 #67697 | Bump widget to v2"},
		{"a lazy line and a point behind the tag", "modern.md", "116 #90021 @ian widget bug | Updated the first metric./Updated the second metric, lazily."},
		{"asterisks that are a list inside a note", "1.14-mixed.md", "5 #74997 @amy | New \"widget\" metric label has been added into the metrics:/* widget_request_total/* widget_request_seconds/New value for the label."},
		{"and are no notes", "1.14-mixed.md", "6 list inside the note above | widget_request_total"},
		{"asterisks between hyphens that are notes", "1.14-mixed.md", "10 #74999 @cat | A real note with an asterisk"},
		{"references on each nested line stay there", "1.14-mixed.md", "14 #72214 #72215 @eve | widget-client/- One thing moved ([#72214]("},
		{"a plus as bullet", "modern.md", "99 #90018 @gil widget feature | With a plus"},
		{"three blanks behind the bullet", "1.8.md", "19 #50002 @ben feature | With three blanks/- and nested by four"},
		{"one blank in front in 1.8", "1.8.md", "24 #50004 @dan feature | One blank in front"},
		{"zero-width and hard blanks", "1.8.md", "5 #50001 @amy urgent act | Widgets move. Stop them first."},
		{"a hard blank behind the bullet", "1.8.md", "22 #50003 @cat feature"},
		{"CRLF", "crlf.md", "8 #92001 @amy node feature | A note/of two lines"},
		{"a bullet indented below a paragraph", "1.18.md", "21 #94809 @cat node api-change | FastWidget"},
		{"double quotes of YAML", "modern.md", "83 #90013 @dan widget feature | Promoted widgets to GA."},
		{"single quotes of YAML", "modern.md", "84 #90014 @dan widget feature | The widget's `x: y` is gone, and nobody's hurt."},
		{"single quotes put by hand", "modern.md", "85 #90015 @dan widget feature | A widget's quotes were left by hand."},
		{"quotes that are the note's", "modern.md", "86 #90016 @dan widget feature | \"One\" and \"two\" stay quoted as in \"three\""},
		{"the same words of two pull requests", "modern.md", "98 #121477 @fay widget feature | Redone"},
		{"the same note under two kinds", "modern.md", "75 #90012 @ben api-machinery,apps,widget api-change,feature | Added `FastWidget`."},
		{"is counted once", "modern.md", "82 listed before | Added `FastWidget`."},
		{"one heading for two kinds", "1.18.md", "13 #94808 @ben cli bug,cleanup | Widgets no longer leak"},
		{"the kind stands above the nearest heading", "1.18.md", "9 #94807 @amy api-machinery,apps,widget deprecation | All"},
		{"no action required", "modern.md", "121 #90025 @kim widget bug | Faster widgets. No further action required."},
		{"other links", "modern.md", "122 #90027 @kim kubernetes/enhancements#9999,kubernetes/kubernetes#90026 widget bug | Sorted out."},
		{"backticks that look like a block", "modern.md", "125 #90029 @kim widget bug | After an odd fence"},
		{"a template for a note", "modern.md", "129 pull request template without a note"},
		{"with a list in a comment", "modern.md", "no [KEP]: <link>"},
		{"a heading in a bullet", "modern.md", "136 #90031 @leo apps cleanup | #### Heading in a note"},
		{"nothing but a bullet", "modern.md", "137 empty | -"},
		{"a kind that nobody knows", "modern.md", "141 #90032 @leo apps | Sorted nowhere"},
		{"comments", "odd-frame.md", "no commented out"},
		{"code at the margin", "odd-frame.md", "no code at the margin"},
		{"a rule", "odd-frame.md", "no * *"},
		{"a comment that is never closed", "odd-frame.md", "29 #91005 @amy bug | Still read"},
		{"a block that is never closed", "odd-frame.md", "34 #91006 @amy bug | Still read too"},
		{"highlights, and important steps", "1.3-headings.md", "12 urgent act | Stop all widgets first."},
		{"a number sign is no heading", "1.3-headings.md", "no 30020"},
	} {
		t.Run(tc.trap, func(t *testing.T) {
			var lines []string
			for _, s := range parse(t, tc.file).Sections {
				lines = append(lines, brief(s)...)
			}
			unwanted, not := strings.CutPrefix(tc.want, "no ")
			found := slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, unwanted) })
			if found == not {
				t.Errorf("want %q in\n%s", tc.want, strings.Join(lines, "\n"))
			}
		})
	}
}

// TestNotesOfNobody has sections that hold no note, and says so by holding none.
func TestNotesOfNobody(t *testing.T) {
	for _, tc := range []struct {
		file, version string
		skipped       int
	}{{"norelease-notes.md", "1.40.0-rc.1", 0}, {"norelease-notes.md", "1.40.0-rc.0", 0}, {"1.5.md", "1.5.5", 0}} {
		f := parse(t, tc.file)
		i := slices.IndexFunc(f.Sections, func(s changelog.Section) bool { return s.Version == tc.version })
		if i < 0 || len(f.Sections[i].Notes) != 0 || len(f.Sections[i].Skipped) != tc.skipped {
			t.Errorf("%s of %s: %+v", tc.version, tc.file, f.Sections)
		}
	}
}

func TestHeadingsOfANote(t *testing.T) {
	s := parse(t, "1.18.md").Sections[0]
	if got := strings.Join(s.Notes[0].Heading, " > "); got != "Changes by Kind > Deprecation > kube-widget:" {
		t.Error(got)
	}
	if got := strings.Join(s.Notes[1].Heading, " > "); got != "Changes by Kind > Other (Bug, Cleanup or Flake)" {
		t.Error(got)
	}
}

// TestNoChangelog: what is no changelog is an error that says where, never a file without notes.
func TestNoChangelog(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", "x.md:1: the file is empty"},
		{"blanks", " \n\t\n", "x.md:1: the file is empty"},
		{"a web page", "\n<!DOCTYPE html>\n<h1>v1.2.3</h1>\n# v1.2.3\n", "x.md:2: this is a web page"},
		{"an index", "# Releases\n\n- [CHANGELOG-1.2.md](x)\n", "x.md:1: no section: none of the 3 lines"},
		{"not found", "404: Not Found", "x.md:1: no section"},
		{"versions on the third level", "### v1.2.3\n- a\n", "x.md:1: no section"},
		{"a minor", "# v1.2\n", "x.md:1: no section"},
		{"a pre-release without a name", "# v1.2.3-\n", "x.md:1: no section"},
		{"too large", strings.Repeat("x", changelog.MaxFile+1), "x.md: has 16777217 bytes"},
	} {
		if _, err := changelog.Parse("x.md", []byte(tc.in)); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}
