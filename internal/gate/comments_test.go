package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocComments(t *testing.T) {
	for _, tc := range []struct{ name, doc, want string }{
		{"the usual form", "owner: @amy @ben\nkep: https://kep.k8s.io/2411\n\nMakes widgets\n  fast. And then some.", "@amy @ben | 2411 | Makes widgets fast."},
		{"old stage lines are not prose", "owner: @amy\nalpha: v1.4\nbeta: 1.25\nGA: see below.\nstable: v1.9\ndeprecated: v1.30\nbeta (off by default until 1.25): v1.24\nOnly this counts.", "@amy |  | Only this counts."},
		{"data after the text", "Makes widgets fast.\n\nowner: @amy\nalpha: v1.1\n\nDeprecated: use SlowWidget.", "@amy |  | Makes widgets fast."},
		{"data right below the text", "Makes widgets fast\nowner: @amy\nAnd more", "@amy |  | Makes widgets fast"},
		{"deprecation in prose stays", "owner: @amy\n\nDeprecated: use SlowWidget instead. It is better.", "@amy |  | Deprecated: use SlowWidget instead."},
		{"owners by comma, glued, with nick and remark", "owner: @amy,@ben, @cat(kitty) (for GA graduation)\nowner: @amy", "@amy @ben @cat |  | "},
		{"an owner without mark, a team, capitals", "Owner: serathius\nAlpha: v1.2\nowners: @kubernetes/sig-node.\n", "@serathius @kubernetes/sig-node |  | "},
		{"several names; a group's title is none", "owner: amy and ben, SIG Node", "@amy @ben |  | "},
		{"an address is no owner", "owner: amy@example.com @ben", "@ben |  | "},
		{"keps in all spellings", "kep:  http://kep.k8s.io/0012\nkep: https://github.com/kubernetes/enhancements/issues/34\nkep: KEP-56, kep.k8s.io/34\nkep: #78\nhttps://github.com/kubernetes/enhancements/tree/master/keps/sig-node/90-x\n\nFast.", " | 12 34 56 78 90 | Fast."},
		{"other numbers are no keps", "See https://github.com/kubernetes/enhancements/pull/11, https://github.com/example/x/tree/main/keps/22-y, sub-kep-33x/kep-44.", " |  | See https://github.com/kubernetes/enhancements/pull/11, https://github.com/example/x/tree/main/keps/22-y, sub-kep-33x/kep-44."},
		{"abbreviations and versions end no sentence", "Sets e.g. the widget (v1.2 vs. v1.3), i.e. fast ones. More.", " |  | Sets e.g. the widget (v1.2 vs. v1.3), i.e. fast ones."},
		{"the second paragraph is not the description", "Makes widgets fast\n\nSecond.", " |  | Makes widgets fast"},
		{"a colon in prose", "Widgets: make them fast. Yes.", " |  | Widgets: make them fast."},
		{"a task is no description", "owner: @amy\nTODO: write this down.", "@amy |  | "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for form, comment := range map[string]string{
				"lines": "\t// " + strings.ReplaceAll(tc.doc, "\n", "\n\t// ") + "\n",
				"block": "\t/* " + strings.ReplaceAll(tc.doc, "\n", "\n\t * ") + " */\n",
			} {
				g := one(t, "-- pkg/features/gates.go --\npackage features\nconst (\n"+comment+
					"\tFastWidget featuregate.Feature = \"FastWidget\"\n)\nvar gates = map[featuregate.Feature]featuregate.FeatureSpec{\n"+
					"\t// A heading of several rows. owner: @nobody\n\tFastWidget: {PreRelease: featuregate.Beta},\n}\n")
				got := strings.Join(g.Owners, " ") + " | " + strings.Join(g.KEPs, " ") + " | " + g.Description
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", form, diff)
				}
				if g.Specs[0].Stage != "beta" || g.Specs[0].Since != "" {
					t.Errorf("the comment changed the spec: %+v", g.Specs[0])
				}
			}
		})
	}
}

func TestDocCommentOfAnUngroupedConstant(t *testing.T) {
	g := one(t, `-- pkg/features/gates.go --
package features

//nolint:revive
// Makes widgets fast.
//go:generate true
const FastWidget featuregate.Feature = "FastWidget"

var gates = map[featuregate.Feature]featuregate.FeatureSpec{FastWidget: {}}
`)
	if g.Description != "Makes widgets fast." {
		t.Errorf("got %q", g.Description)
	}
}

func TestPlannedRemoval(t *testing.T) {
	for comment, want := range map[string]string{
		"// remove in 1.36":        "1.36",
		"// remove in 1.36.":       "1.36",
		"//remove in 1.22":         "1.22",
		"// remov in 1.29":         "1.29",
		"// remove in v1.27":       "1.27",
		"// To be removed in 1.41": "1.41",
		"// remove after 1.30":     "1.30",
		"// lock to default and remove after v1.9, see KEP #1": "1.9",
		"// deprecated in 1.22, remove no early than 1.23":     "1.23",
		"// remove no earlier than v1.24":                      "1.24",
		"// GA in 1.33; remove in 1.35":                        "1.35",
		"// GA in 1.33 -> remove in 1.36":                      "1.36",
		"// GA and LockToDefault in 1.31, remove in 1.33":      "1.33",
		"/* remove in 1.36 */":                                 "1.36",
		"// remove after SlowWidget is GA":                     "",
		"// remove when done, remove in 1.38":                  "1.38",
		"// GA in 0.20":                                        "",
		"// on by default in 1.24":                             "",
		"// removes things in 1.2x":                            "",
		"// remove in 1":                                       "",
		"// https://example.io/issues/1.36":                    "",
	} {
		for place, src := range map[string]string{
			"the row":       "FastWidget: {{PreRelease: featuregate.GA}}, " + comment,
			"the key":       "FastWidget: { " + comment + "\n{PreRelease: featuregate.GA},\n},",
			"a spec":        "FastWidget: {\n{PreRelease: featuregate.GA}, " + comment + "\n},",
			"the end":       "FastWidget: {\n{PreRelease: featuregate.GA},\n}, " + comment,
			"the only line": "FastWidget: {{PreRelease: featuregate.GA}}} " + comment + "\nvar _ = []int{",
		} {
			g := one(t, "-- pkg/features/gates.go --\npackage features\nconst FastWidget = \"FastWidget\"\nvar gates = map[featuregate.Feature]featuregate.VersionedSpecs{\n"+src+"\n}\n")
			if g.RemoveIn != want {
				t.Errorf("%q at %s: got %q, want %q", comment, place, g.RemoveIn, want)
			}
		}
	}
}

// A comment on a line of its own, and the comment of a neighbour, say nothing about a row.
func TestRemovalBelongsToItsRow(t *testing.T) {
	res := parse(t, `-- pkg/features/gates.go --
package features

var gates = map[featuregate.Feature]featuregate.VersionedSpecs{ // remove in 1.10
	// remove in 1.11
	"A": {
		// remove in 1.12
		{Version: version.MustParse("1.1")}, // remove in 1.13
		{Version: version.MustParse("1.2")}, // remove in 1.14
	},
	// remove in 1.15
	"B": {{}}, "C": {{}}, // remove in 1.16
	"D": {{}},
} // remove in 1.17
`)
	want := map[string]string{"A": "1.14", "B": "", "C": "1.16", "D": ""}
	got := map[string]string{}
	for _, g := range res.Gates {
		got[g.Name] = g.RemoveIn
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
