package main

import (
	"os"
	"strings"
	"testing"
)

// TestCheckLinks: a link to nothing that a pattern matches is told, and the other files are read; a folder may be
// named by a link to it.
func TestCheckLinks(t *testing.T) {
	cluster(t, map[string]string{"units/kubelet.nix": "kubelet.featureGates = { NodeSwap = false; };\n"})
	for name, to := range map[string]string{"nodes/gone.yaml": "absent.yaml", "linked": "nodes"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skip(err)
		}
	}
	r := bare(t, "", "check", "nodes/*.yaml", "--to", "1.36")
	if r.code != exitSource || !strings.Contains(r.stdout, "nodes/gone.yaml: is a link to something that is not there") || !strings.Contains(r.stdout, "NodeSwap=false") {
		t.Errorf("a link to nothing: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := bare(t, "", "check", "nodes/gone.yaml", "--to", "1.36"); r.code != exitUsage || !strings.Contains(r.stderr, "nodes/gone.yaml") {
		t.Errorf("a link to nothing that is named: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := bare(t, "", "check", "linked", "--to", "1.36"); r.code != exitFound || !strings.Contains(r.stdout, "linked/kubelet.yaml:4") {
		t.Errorf("a link to a folder: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := bare(t, "", "check", "units", "--to", "1.36"); r.code != exitFound || !strings.Contains(r.stdout, "units/kubelet.nix:1") {
		t.Errorf("a Nix file in a folder: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestCheckAChart: a chart's own gates and its templates keep nobody's pipeline from passing. What stands in the
// files is judged, and what a template puts in is named with what to do.
func TestCheckAChart(t *testing.T) {
	cluster(t, map[string]string{
		"chart/values.yaml":              "featureGates: \"\"\nsettings:\n  featureGates:\n    nodeRepair: false\n    spotToSpotConsolidation: true\n",
		"chart/templates/kubelet.yaml":   "kind: KubeletConfiguration\nfeatureGates:\n  {{- toYaml .Values.gates | nindent 2 }}\n",
		"chart/templates/apiserver.yaml": "{{- if .Values.on }}\nkind: Pod\nspec:\n  containers:\n    - name: kube-apiserver\n      args:\n        - --feature-gates={{ .Values.gates }}\n        - --feature-gates=KMSv1=true\n{{- end }}\n",
		"script/start.sh":                "kubelet --feature-gates=$GATES\n",
	})
	r := bare(t, "", "check", "chart", "script", "--to", "1.36")
	warning := "bot: warning: 3 places take gates from a template or a variable, and are not judged " +
		"(chart/templates/apiserver.yaml:7, chart/templates/kubelet.yaml:3, script/start.sh:1): check what comes of them, for example helm template … | bot check -\n"
	if r.code != exitDone || r.stderr != warning {
		t.Errorf("exit code %d, it says\n%swant\n%s", r.code, r.stderr, warning)
	}
	for _, want := range []string{
		"DEPRECATED AT 1.36 (1)\n\n  KMSv1=true", "NOBODY CAN SAY WHAT BECOMES OF THESE AT 1.36 (2)", "Nothing shows that this is a gate of Kubernetes",
		"3 places take gates from a template or a variable, and are not judged. See the end.", "NOT JUDGED: gates that come from elsewhere (3)",
		"chart/templates/kubelet.yaml:3: takes gates from a template, which is not",
	} {
		if !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "WILL NOT START") || strings.Contains(r.stdout, "could not be read") {
		t.Errorf("it says more than is known:\n%s", r.stdout)
	}
	if r := bare(t, "", "check", "chart", "nodes", "--to", "1.36"); r.code != exitFound {
		t.Errorf("with a setting that breaks: exit code %d", r.code)
	}
	if r := bare(t, "", "brief", "chart", "--from", "1.33", "--to", "1.36"); r.code != exitDone || !strings.Contains(r.stderr, "helm template") {
		t.Errorf("bot brief: exit code %d\n%s", r.code, r.stderr)
	}
	for format, want := range map[string]string{"sarif": `"executionSuccessful": true`, "github": "title=Not judged::takes gates from a template", "json": `"elsewhere": true`} {
		if r := bare(t, "", "check", "chart", "--to", "1.36", "--format", format); r.code != exitDone || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: exit code %d, no %q in\n%s", format, r.code, want, r.stdout)
		}
	}
}
