package kep_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/upstream-digest/bot/internal/kep"
)

const where = "keps/sig-widget/9999-fast-widgets/kep.yaml"

// with is the smallest proposal, and what a row adds to it.
func with(lines ...string) string {
	return "title: Fast widgets\nkep-number: 9999\nowning-sig: sig-widget\nstatus: implementable\n" + strings.Join(lines, "\n") + "\n"
}

// plain is how the smallest proposal shows itself.
const plain = "9999 | Fast widgets | sig-widget | implementable"

// TestTraps has one row for every way in which real files surprise, and for every way to break a reader that
// we could think of.
func TestTraps(t *testing.T) {
	for _, row := range []struct{ trap, path, src, want string }{
		{"all keys in the usual form", where, with("participating-sigs: [sig-node]", "stage: stable", `latest-milestone: "v1.91"`,
			`milestone: {alpha: "v1.88", beta: "v1.89", stable: "v1.91"}`, "feature-gates:", "  - name: FastWidget", "    components:", "      - kubelet", "      - kube-proxy",
			"disable-supported: true", "metrics: [widget_seconds]", `creation-date: "2025-01-30"`, "last-updated: 2026-02-01", "see-also:", "  - /keps/sig-node/1-x", "replaces: []", "superseded-by: keps/sig-node/2-y"),
			plain + " | with sig-node | stable 1.91 | alpha 1.88 beta 1.89 stable 1.91 | FastWidget(kubelet,kube-proxy) | created 2025-01-30 updated 2026-02-01 | see /keps/sig-node/1-x | superseded by keps/sig-node/2-y"},

		{"number quoted", where, "title: W\nkep-number: \"9999\"\nowning-sig: s\nstatus: implemented\n", "9999 | W | s | implemented"},
		{"number with leading zeros is not octal", "keps/sig-a/0127-x/kep.yaml", "title: W\nkep-number: 0127\nowning-sig: s\nstatus: implemented\n", "127 | W | s | implemented"},
		{"number 0000 means none", "keps/sig-a/0000-x/kep.yaml", "title: W\nkep-number: 0000\nowning-sig: s\nstatus: implemented\n", " | W | s | implemented"},
		{"number differs from the folder's", "keps/sig-a/2043-x/kep.yaml", "title: W\nkep-number: 1884\nowning-sig: s\nstatus: implemented\n", `1884 | W | s | implemented | 2: kep-number is "1884"; the folder says "2043"`},
		{"number as KEP-9999", where, "title: W\nkep-number: KEP-9999\nowning-sig: s\nstatus: implemented\n", "9999 | W | s | implemented"},
		{"number left at the template's", where, "title: W\nkep-number: NNNN\nowning-sig: s\nstatus: implemented\n", "9999 | W | s | implemented | 2: kep-number is no number; the folder says 9999"},
		{"number absent", where, "title: W\nowning-sig: s\nstatus: implemented\n", `9999 | W | s | implemented | 0: no kep-number; the folder says "9999"`},
		{"number that no issue will have", where, "title: W\nkep-number: 99999999999999999999\nowning-sig: s\nstatus: implemented\n", "9999 | W | s | implemented | 2: kep-number is no number; the folder says 9999"},
		{"number is a list", where, "title: W\nkep-number: [1, 2]\nowning-sig: s\nstatus: implemented\n", "9999 | W | s | implemented | 2: kep-number is no number; the folder says 9999"},
		{"folder deeper than sig/number", "keps/sig-a/tools/sub/9999-x/kep.yaml", with(), plain},

		{"status with a stage in brackets", where, with("status: implemented (alpha)"), strings.Replace(plain, "implementable", "implemented", 1) + ` | 5: key "status" stands twice; the last one counts | 5: status "implemented (alpha)" is read as implemented`},
		{"status with letters swapped", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: imlpemented\n", `9999 | W | s | implemented | 4: status "imlpemented" is read as implemented`},
		{"status with a capital letter", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: Implemented\n", "9999 | W | s | implemented"},
		{"status superseded, outside the enum", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: Superseded\n", `9999 | W | s | superseded | 4: status "Superseded" is none of upstream's`},
		{"status removed, a stage's word", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: removed\n", `9999 | W | s | removed | 4: status "removed" is none of upstream's`},
		{"status is the template's choice", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: provisional|implementable|implemented\n", `9999 | W | s |  | 4: status "provisional|implementable|implemented" says nothing`},
		{"status empty", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus:\n", "9999 | W | s |  | 4: status (nothing) says nothing"},
		{"status with a comment behind it", where, "title: W\nkep-number: 9999\nowning-sig: s\nstatus: deferred # until 2027\n", "9999 | W | s | deferred"},

		{"stage absent", where, with(), plain},
		{"stage empty", where, with("stage:"), plain},
		{"stage quoted empty", where, with(`stage: ""`), plain},
		{"stage is the template's choice", where, with("stage: alpha|beta|stable"), plain + ` | 5: stage "alpha|beta|stable" is none of upstream's`},
		{"stage with a remark in brackets", where, with("stage: alpha (deprecated)"), plain + ` | alpha  | 5: stage "alpha (deprecated)" is read as alpha`},
		{"stage deprecated is legal", where, with("stage: deprecated"), plain + " | deprecated "},
		{"stage disabled is legal", where, with("stage: disabled"), plain + " | disabled "},
		{"stage removed is legal", where, with("stage: removed"), plain + " | removed "},
		{"stage GA as the code says it", where, with("stage: GA"), plain + ` | stable  | 5: stage "GA" is read as stable`},

		{"latest-milestone 0.0", where, with(`latest-milestone: "0.0"`), plain},
		{"latest-milestone v0.0", where, with("latest-milestone: v0.0"), plain},
		{"latest-milestone without v", where, with(`latest-milestone: "1.30"`), plain + " |  1.30"},
		{"latest-milestone 1.30 unquoted is not 1.3", where, with("latest-milestone: 1.30"), plain + " |  1.30"},
		{"latest-milestone with a patch number", where, with("latest-milestone: v1.38.2"), plain + " |  1.38"},
		{"latest-milestone TBD", where, with("latest-milestone: TBD"), plain},
		{"latest-milestone n/a", where, with("latest-milestone: n/a"), plain},
		{"latest-milestone null", where, with("latest-milestone: null"), plain},
		{"latest-milestone empty", where, with("latest-milestone:"), plain},
		{"latest-milestone that names none", where, with("latest-milestone: next year"), plain + ` | 5: latest-milestone "next year" names no release`},
		{"milestone TBD, TODO, never and x.y", where, with("milestone:", "  alpha: TBD", "  beta: TODO", "  stable: never", "  deprecated: x.y"), plain},
		{"milestone is two releases in a text", where, with(`milestone: {alpha: "v1.21, v1.37"}`), plain + ` | alpha 1.37 | 5: milestone.alpha "v1.21, v1.37" names several releases and is read as 1.37`},
		{"milestone is two releases in a list, the later first", where, with("milestone: {alpha: [v1.100, 1.9]}"), plain + ` | alpha 1.100 | 5: milestone.alpha "v1.100, 1.9" names several releases and is read as 1.100`},
		{"milestone removed and disabled", where, with("milestone: {deprecated: 1.30, disabled: 1.31, removed: 1.40}"), plain + " | deprecated 1.30 disabled 1.31 removed 1.40"},
		{"milestone null", where, with("milestone:"), plain},
		{"milestone empty text", where, with(`milestone: ""`), plain},
		{"milestone is one release", where, with("milestone: v1.30"), plain + ` | 5: milestone "v1.30" belongs to no stage`},
		{"milestone is a list", where, with("milestone: [v1.30]"), plain + " | 5: milestone is not a mapping of stages to releases"},
		{"milestone of a stage that is none", where, with("milestone: {gamma: v1.30}"), plain + ` | 5: milestone has the unknown stage "gamma"`},

		{"gates absent", where, with(), plain},
		{"gates null", where, with("feature-gates: null"), plain},
		{"gates empty", where, with("feature-gates:"), plain},
		{"gates an empty list", where, with("feature-gates: []"), plain},
		{"gates a list of names", where, with("feature-gates: [FastWidget, SlowWidget]"), plain + " | FastWidget SlowWidget"},
		{"gates one name", where, with("feature-gates: FastWidget"), plain + " | FastWidget"},
		{"gates names in one text", where, with("feature-gates: FastWidget, SlowWidget"), plain + " | FastWidget SlowWidget"},
		{"gates a mapping", where, with("feature-gates: {name: FastWidget, components: kubelet}"), plain + " | FastWidget(kubelet)"},
		{"gates from name to components", where, with("feature-gates:", "  FastWidget: [kubelet]", "  SlowWidget:"), plain + " | FastWidget(kubelet) SlowWidget"},
		{"gates a list of mappings from name to components", where, with("feature-gates:", "- FastWidget:", "    components: [kubelet]"), plain + " | FastWidget(kubelet)"},
		{"gate n/a", where, with("feature-gates: [{name: n/a}]"), plain + ` | 5: "n/a" is no gate's name and is left out`},
		{"gate NA and None", where, with("feature-gates: [{name: NA}, {name: None}]"), plain + ` | 5: "NA" is no gate's name and is left out | 5: "None" is no gate's name and is left out`},
		{"gate without a name", where, with("feature-gates:", "  - name: ''", "    components: [kubelet]"), plain + " | 6: a gate without a name is left out"},
		{"gate is an environment variable", where, with("feature-gates: [{name: KUBECTL_WIDGETS, components: [kubectl]}]"), plain + ` | 5: "KUBECTL_WIDGETS" is no gate's name and is left out`},
		{"gate is a pattern", where, with("feature-gates:", "- name: WidgetMigration{vendor}", "- name: InTree{vendor}Unregister"), plain + ` | 6: "WidgetMigration{vendor}" is no gate's name and is left out | 7: "InTree{vendor}Unregister" is no gate's name and is left out`},
		{"gate begins with a small letter", where, with("feature-gates: [{name: setWidgetAsFQDN}]"), plain + ` | setWidgetAsFQDN | 5: the gate's name "setWidgetAsFQDN" begins with a small letter`},
		{"gate of capitals only", where, with("feature-gates: [{name: HTTP3}]"), plain + " | HTTP3"},
		{"gate is the template's", where, with("feature-gates: [{name: MyFeature}]"), plain + ` | 5: "MyFeature" is no gate's name and is left out`},
		{"gate listed twice, in other case", where, with("feature-gates:", "- {name: FastWidgetRBD, components: [kubelet]}", "- {name: FastWidgetRbd, components: [kube-proxy, kubelet]}"), plain + " | FastWidgetRBD(kubelet,kube-proxy) | 7: the gate FastWidgetRbd is listed twice"},
		{"gate with components null, empty, in one text", where, with("feature-gates:", "- {name: A12, components: }", "- {name: B12, components: ['']}", "- {name: C12, components: ['kubelet,kube-proxy']}"), plain + " | A12 B12 C12(kubelet,kube-proxy)"},

		{"date that is none, month and day swapped", where, with("creation-date: 2025-30-01", "last-updated: 2023-14-05"), plain + " | created 2025-30-01 updated 2023-14-05"},
		{"date of the template", where, with("creation-date: yyyy-mm-dd"), plain},
		{"sigs a text, with the owner among them", where, with("participating-sigs: sig-node, sig-widget"), plain + " | with sig-node"},
		{"sigs empty, and only the owner", where, with("participating-sigs: [sig-widget]"), plain},
		{"sigs of the template", where, with("participating-sigs: [sig-aaa, sig-node]"), plain + ` | with sig-node | 5: participating-sigs has the template's "sig-aaa"`},
		{"lists as null, n/a and one text", where, with("see-also: n/a", "replaces: 'null'", "superseded-by: keps/sig-node/2-y"), plain + " | superseded by keps/sig-node/2-y"},
		{"list with a mapping in it", where, with("see-also:", "- KEP: 1", "- keps/sig-node/1-x"), plain + " | see keps/sig-node/1-x | 6: see-also has an entry that is not a text"},
		{"title over several lines", where, "title: >\n  Fast\n  widgets\nkep-number: 9999\nowning-sig: sig-widget\nstatus: implementable\n", plain},
		{"title is a list", where, "title: [a, b]\nkep-number: 9999\nowning-sig: s\nstatus: deferred\n", "9999 |  | s | deferred | 1: title is not a text | 0: no title"},
		{"title with control characters", where, "title: \"Fast\\e[31m\\0 \\u2028widgets\"\nkep-number: 9999\nowning-sig: sig-widget\nstatus: deferred\n", "9999 | Fast [31m widgets | sig-widget | deferred"},

		{"key unknown to upstream", where, "name: fast-widgets\n" + with("id: 7"), plain + ` | 1: unknown key "name" | 6: unknown key "id"`},
		{"key twice", where, with("stage: alpha", "stage: beta"), plain + ` | beta  | 6: key "stage" stands twice; the last one counts`},
		{"gates twice do not add up", where, with("feature-gates: [OldWidget]", "feature-gates: [FastWidget]"), plain + ` | FastWidget | 6: key "feature-gates" stands twice; the last one counts`},
		{"key with an underscore and capitals", where, with("Latest_Milestone: v1.38"), plain + " |  1.38"},
		{"key that is no text", where, with("? [a, b]", ": c"), plain + " | 5: unknown key (nothing)"},
		{"merge key", where, "x: &x {stage: beta}\n" + with("<<: *x"), plain + ` | 1: unknown key "x" | 6: unknown key "<<"`},
		{"begins with three dashes", where, "---\n" + with(), plain},
		{"an empty document before it", where, "---\n---\n" + with(), plain},
		{"a second document after it", where, with("---", "title: other"), plain + " | 0: more follows the first YAML document; it is not read"},
		{"broken after the first document", where, with("---", "title: b", "see-also: ["), plain + " | 0: more follows the first YAML document; it is not read"},
		{"ends in three dots", where, with("..."), plain},
		{"line ends of Windows", where, strings.ReplaceAll(with("stage: beta", `latest-milestone: "v1.38"`), "\n", "\r\n"), plain + " | beta 1.38"},
		{"byte order mark", where, "\ufeff" + with("stage: beta"), plain + " | beta "},
		{"UTF-16", where, inUTF16(with("stage: beta")), plain + " | beta "},
		{"bytes that are not UTF-8", where, with("authors: [\"J\xf6rg\"]", "stage: beta"), plain + " | beta  | 0: bytes that are not UTF-8 are replaced"},
		{"tab after the colon", where, with("stage:\tbeta"), plain + " | beta "},
		{"alias is followed once", where, with("see-also: &a [keps/sig-node/1-x]", "replaces: *a"), plain + " | see keps/sig-node/1-x | replaces keps/sig-node/1-x"},
		{"anchor that holds itself", where, with("see-also: &a [*a, keps/sig-node/1-x]", "feature-gates: &b {FastWidget: *b}"), plain + " | FastWidget | see keps/sig-node/1-x | 5: see-also has an entry that is not a text"},
	} {
		t.Run(row.trap, func(t *testing.T) {
			p, err := kep.Parse(row.path, []byte(row.src))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(p); got != row.want {
				t.Errorf("\n got %s\nwant %s", got, row.want)
			}
		})
	}
}

// TestBomb reads nine lists, each of ten times the one before: expanded, a thousand million entries.
func TestBomb(t *testing.T) {
	p, err := kep.Parse(where, []byte(with(bomb()...)))
	if err != nil {
		t.Fatal(err)
	}
	if p.SeeAlso != nil || p.Gates != nil || p.SIGs != nil || p.Number != "9999" {
		t.Errorf("read as %s", show(p))
	}
	if n := len(p.Problems); n != 21 || p.Problems[20].Message != "20 more problems" {
		t.Errorf("%d problems, the last %q", n, p.Problems[n-1].Message)
	}
}

// TestNotAProposal has what is refused. The error is all that a digest can say of the file, so it names the
// file, the line and the reason.
func TestNotAProposal(t *testing.T) {
	for _, row := range []struct{ what, src, want string }{
		{"nothing", "", ":1: is empty"},
		{"white space", " \n\t\n", ":1: is empty"},
		{"only a byte order mark", "\ufeff", ":1: is empty"},
		{"only comments", "# title: x\n", ":1: holds no value"},
		{"only empty documents", "---\n---\n", ":1: holds no value"},
		{"a web page", "\n<!DOCTYPE html>\n<title>Not found</title>", ":1: is a web page, not YAML"},
		{"a list", "# x\n- title: x\n", ":2: is not a mapping of keys to values"},
		{"a text", "404: Not Found x\n", ": has none of the keys"},
		{"a link to a large file's content", "version https://git-lfs.github.com/spec/v1\n", ":1: is not a mapping of keys to values"},
		{"an error of the API", `{"message": "Not Found", "status_code": 404}`, ":1: has none of the keys title, kep-number, owning-sig and status, so it is no proposal"},
		{"tab as indent", "title: x\nmilestone:\n\talpha: v1.1\n", ":3: is not YAML: found character that cannot start any token"},
		{"an open bracket", "title: x\nsee-also: [a,\n", " is not YAML: "},
		{"conflict marks of git", "title: x\n<<<<<<< HEAD\nstage: beta\n=======\nstage: alpha\n>>>>>>> x\n", " is not YAML: "},
		{"an alias of nothing", "title: x\nsee-also: *a\n", " is not YAML: unknown anchor 'a' referenced"},
		{"NUL bytes", "title: x\x00\n", " is not YAML: "},
		{"more than any proposal", "title: " + strings.Repeat("x", 1<<20), " bytes, more than any proposal"},
	} {
		t.Run(row.what, func(t *testing.T) {
			p, err := kep.Parse(where, []byte(row.src))
			if err == nil {
				t.Fatalf("read as %s", show(p))
			}
			if !strings.HasPrefix(err.Error(), where+":") || !strings.Contains(err.Error(), row.want) {
				t.Errorf("\n got %v\nwant %s…%s", err, where, row.want)
			}
		})
	}
}

// show puts a proposal into a line: what is empty does not stand there.
func show(p kep.Proposal) string {
	parts := []string{p.Number, p.Title, p.OwningSIG, p.Status}
	add := func(label string, values ...string) {
		if s := strings.Join(values, " "); strings.TrimSpace(s) != "" {
			parts = append(parts, label+s)
		}
	}
	add("with ", p.SIGs...)
	add("", p.Stage, p.Target)
	var miles []string
	m := p.Milestones
	for _, x := range [][2]string{{"alpha", m.Alpha}, {"beta", m.Beta}, {"stable", m.Stable}, {"deprecated", m.Deprecated}, {"disabled", m.Disabled}, {"removed", m.Removed}} {
		if x[1] != "" {
			miles = append(miles, x[0]+" "+x[1])
		}
	}
	add("", miles...)
	var gates []string
	for _, g := range p.Gates {
		s := g.Name
		if g.Components != nil {
			s += "(" + strings.Join(g.Components, ",") + ")"
		}
		gates = append(gates, s)
	}
	add("", gates...)
	var dates []string
	if p.Created != "" {
		dates = append(dates, "created "+p.Created)
	}
	if p.Updated != "" {
		dates = append(dates, "updated "+p.Updated)
	}
	add("", dates...)
	add("see ", p.SeeAlso...)
	add("replaces ", p.Replaces...)
	add("superseded by ", p.SupersededBy...)
	for _, q := range p.Problems {
		parts = append(parts, fmt.Sprintf("%d: %s", q.Line, q.Message))
	}
	return strings.Join(parts, " | ")
}

// bomb is nine keys, each a list of ten times the one before.
func bomb() []string {
	out := []string{"b0: &b0 [x, x, x, x, x, x, x, x, x, x]"}
	for i := 1; i < 9; i++ {
		out = append(out, fmt.Sprintf("b%d: &b%d [%s]", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*b%d, ", i-1), 10), ", ")))
	}
	return append(out, "see-also: *b8", "feature-gates: *b8", "milestone: *b8", "participating-sigs: *b7")
}

func inUTF16(s string) string {
	out := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}
