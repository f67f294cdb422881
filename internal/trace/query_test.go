package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]Query{
		"FastWidget":                   {Gate: "FastWidget"},
		"FastWidget=true":              {Gate: "FastWidget"},
		"KEP-0127":                     {Proposal: "127"},
		"kep 9001":                     {Proposal: "9001"},
		"9001":                         {Proposal: "9001"},
		"https://kep.k8s.io/9001":      {Proposal: "9001"},
		"kubernetes/enhancements#9001": {Proposal: "9001"},
		"https://github.com/kubernetes/enhancements/issues/9001#issuecomment-1":                             {Proposal: "9001"},
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/kubeadm/0127-user-namespaces": {Proposal: "127"},
		"https://github.com/kubernetes/kubernetes/pull/900001/files":                                        {Pull: 900001},
		"#900001":                      {Pull: 900001},
		"PR 900001":                    {Pull: 900001},
		"PR #900001":                   {Pull: 900001},
		"pr#900001":                    {Pull: 900001},
		"900001":                       {Pull: 900001},
		"kubernetes/kubernetes#900001": {Pull: 900001},
		"https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/#FastWidget": {Gate: "FastWidget"},
		"fast widget": {Words: "fast widget"},
		"IP":          {Words: "IP"},
	} {
		if d := cmp.Diff(want, ParseQuery(text)); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestFit(t *testing.T) {
	gates := []string{"CRIContainerLogRotation", "ContainerLogLimits", "FastWidget", "WidgetsFastAndSlow", "CSIMigration"}
	about := func(g string) string {
		if g == "CSIMigration" {
			return "Moves in-tree volume plugins"
		}
		return ""
	}
	for words, want := range map[string][]string{
		"container log rotation":        {"CRIContainerLogRotation"},
		"Enable container log rotation": {"CRIContainerLogRotation"},
		"container logs":                {"ContainerLogLimits", "CRIContainerLogRotation"},
		"fast widgets":                  {"FastWidget", "WidgetsFastAndSlow"},
		"in-tree plugins":               {"CSIMigration"}, // by what is known of it
		"the feature gate":              nil,
		"teapot":                        nil,
	} {
		if d := cmp.Diff(want, Fit(words, gates, about)); d != "" {
			t.Errorf("%s: %s", words, d)
		}
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string][]string{
		"CRIContainerLogRotation": {"CRI", "Container", "Log", "Rotation"},
		"DRAAdminAccess":          {"DRA", "Admin", "Access"},
		"IPv6DualStack":           {"IPv6", "Dual", "Stack"},
		"ComponentSLIs":           {"Component", "SLIs"},
		"HPAScaleToZero":          {"HPA", "Scale", "To", "Zero"},
		"CSIMigrationRBD":         {"CSI", "Migration", "RBD"},
		"KMSv2":                   {"KMSv2"},
		"WinDSR":                  {"Win", "DSR"},
		"":                        nil,
	} {
		if d := cmp.Diff(want, Words(name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
