package usage_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/upstream-digest/bot/internal/usage"
)

// brief writes a setting as one line: "3 kubelet A=true", with a question mark where it is a guess.
func brief(s usage.Setting) string {
	out := fmt.Sprintf("%d %s %s=%s", s.Line, s.Component, s.Gate, s.Value)
	if s.Guess {
		out += " ?"
	}
	return out
}

func read(name, in string) (settings, problems []string) {
	found, wrong := usage.Read(name, []byte(in))
	for _, s := range found {
		settings = append(settings, brief(s))
	}
	for _, p := range wrong {
		problems = append(problems, fmt.Sprintf("%d %s", p.Line, p.Message))
	}
	return settings, problems
}

const kubeletHead = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"

// TestTraps has what a simpler reader gets wrong. problem is a part of the only problem, "" none.
func TestTraps(t *testing.T) {
	utf16le := "\xff\xfe"
	for _, u := range utf16.Encode([]rune(kubeletHead + "featureGates: {A: true}\n")) {
		utf16le += string([]byte{byte(u), byte(u >> 8)})
	}
	for _, tc := range []struct {
		name, file, in string
		want           []string
		problem        string
	}{
		{"nothing", "a.yaml", "", nil, ""},
		{"only comments", "a.yaml", "# featureGates: {A: true}\n", nil, ""},
		{"twice in a map", "a.yaml", kubeletHead + "featureGates:\n  A: true\n  A: false\n", []string{"4 kubelet A=true", "5 kubelet A=false"}, ""},
		{"the field twice", "a.yaml", kubeletHead + "featureGates: {A: true}\nfeatureGates: {A: false}\n", []string{"3 kubelet A=true", "4 kubelet A=false"}, ""},
		{"the flag twice", "a.sh", "kubelet --feature-gates=A=true --feature-gates A=false\n", []string{"1 kubelet A=true", "1 kubelet A=false"}, ""},
		{"values as the kubelet takes them", "a.yaml", kubeletHead + "featureGates: {A: yes, B: True, D: , E: ~, F: maybe so}\n",
			[]string{"3 kubelet A=true", "3 kubelet B=True", "3 kubelet D=false", "3 kubelet E=false", "3 kubelet F=maybe so"}, ""},
		{"quoted where it must not be", "a.yaml", kubeletHead + "featureGates:\n  A: \"true\"\n", []string{"4 kubelet A=true"}, "4 has quotes round true"},
		{"booleans of YAML 1.1", "a.yaml", kubeletHead + "featureGates:\n  A: yes\n  B: Off\n  C: 'no'\n  D: yEs\n", []string{"4 kubelet A=true", "5 kubelet B=false", "6 kubelet C=no", "7 kubelet D=yEs"}, "6 has quotes round no"},
		{"a number where it must be a boolean", "a.yaml", kubeletHead + "featureGates: {A: 1}\n", []string{"3 kubelet A=1"}, "3 has the number 1"},
		{"what looks like a boolean to YAML 1.1 is none to a flag", "a.sh", "kubelet --feature-gates=A=yes\n", []string{"1 kubelet A=yes"}, ""},
		{"the last of a flag's value counts", "a.sh", "kubelet --feature-gates=A=false,B=true,A=true\n", []string{"1 kubelet B=true", "1 kubelet A=true"}, ""},
		{"two flags are two", "a.sh", "kubelet --feature-gates=A=false\nkubelet --feature-gates=A=true\n", []string{"1 kubelet A=false", "2 kubelet A=true"}, ""},
		{"empty entries, blanks, no value", "a.sh", "kubelet --feature-gates=' A = true,,B , C=false,'\n", []string{"1 kubelet A=true", "1 kubelet B=", "1 kubelet C=false"}, ""},
		{"no name", "a.sh", "kubelet --feature-gates==true\n", nil, "1 has an entry without a gate's name"},
		{"quotes that no shell takes off", "a.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: kubelet\n    args:\n    - --feature-gates=\"A=true,B=false\"\n",
			[]string{"7 kubelet A=true", "7 kubelet B=false"}, "7 has quotes inside"},
		{"a blank behind the comma", "a.sh", "kubelet --feature-gates=A=true, B=false --v=2\n", []string{"1 kubelet A=true", "1 kubelet B=false"}, ""},
		{"an underscore", "a.sh", "kubelet --feature_gates=A=true\n", []string{"1 kubelet A=true"}, ""},
		{"another flag of the kind", "a.sh", "kubelet --feature-gates-file=x --my-feature-gates=A=true\n", nil, ""},
		{"a flag without value", "a.sh", "kubelet --feature-gates --v=2\n", nil, ""},
		{"a variable", "a.sh", "kubelet --feature-gates=A=true,$MORE\n", []string{"1 kubelet A=true"}, "1 takes gates from a variable ($MORE)"},
		{"another program after the first", "a.sh", "kubelet --v=2; ls --feature-gates=A=true\n", []string{"1 ls A=true"}, ""},
		{"two programs in a line", "a.sh", "kubelet --feature-gates=A=true && kube-proxy --feature-gates=B=true\n", []string{"1 kubelet A=true", "1 kube-proxy B=true"}, ""},
		{"an apostrophe in a comment", "a.sh", "# it's here\nkubelet --feature-gates=A=true\n# and it's there\n", []string{"2 kubelet A=true"}, ""},
		{"an apostrophe that never ends", "a.sh", "echo it's\nkubelet --feature-gates=A=true\n", []string{"2 kubelet A=true"}, ""},
		{"folded, kept and indented blocks", "a.yaml", "a: &x >-\n    first\n\n    kubelet\n    --feature-gates=A=true,B=true\n\n    --v=2\n", []string{"5 kubelet A=true", "5 kubelet B=true"}, ""},
		{"a quoted string over lines", "a.yaml", "a: \"kubelet \\\n  --feature-gates=\\\"A=true,\\\n  B=true\\\"\\u0020\"\n", []string{"2 kubelet A=true", "3 kubelet B=true"}, ""},
		{"a single-quoted string over lines", "a.yaml", "a: 'it''s\n\n  kubelet --feature-gates=A=true'\n", []string{"3 kubelet A=true"}, ""},
		{"a plain string over lines", "a.yaml", "a: kubelet --v=2\n  --feature-gates=A=true\n  --x\n", []string{"2 kubelet A=true"}, ""},
		{"an escaped document in JSON", "a.json", `{"kind":"ConfigMap","apiVersion":"v1","data":{"k":"{\"kind\":\"KubeletConfiguration\",\"featureGates\":{\"A\":true}}"}}`, []string{"1 kubelet A=true"}, ""},
		{"JSON with tabs and CRLF", "a.json", "{\r\n\t\"kind\": \"KubeletConfiguration\",\r\n\t\"featureGates\": {\r\n\t\t\"A\": true\r\n\t}\r\n}\r\n", []string{"4 kubelet A=true"}, ""},
		{"UTF-16", "a.yaml", utf16le, []string{"3 kubelet A=true"}, ""},
		{"a comment in Latin-1", "a.yaml", kubeletHead + "# f\xfcr uns\nfeatureGates: {A: true}\n", []string{"4 kubelet A=true"}, ""},
		{"letters of many bytes before it", "a.yaml", "x: {ä: ö, \"\U0001f680\": é, cmd: \"kubelet --feature-gates=A=true\"}\n", []string{"1 kubelet A=true"}, ""},
		{"a line of many-byte letters", "a.yaml", "x: [\"" + strings.Repeat("\u00e4\u6f22", 5000) + "\", {featureGates: {A: true}}, \"kubelet --feature-gates=B=true,\\\n  C=true\"]\n",
			[]string{"1  A=true", "1 kubelet B=true", "2 kubelet C=true"}, ""},
		{"a program's separators", "a.yaml", "x: \"\u2028\"\nkubelet: {featureGates: {A: true}}\n", []string{"2 kubelet A=true"}, ""},
		{"directives and document ends", "a.yaml", "%YAML 1.2\n---\nkubelet: {featureGates: {A: true}}\n...\n# between\n---\nkubelet: {featureGates: {B: true}}\n", []string{"3 kubelet A=true", "7 kubelet B=true"}, ""},
		{"a broken document costs itself", "a.yaml", "a: b: c\n---\nkubelet: {featureGates: {B: true}}\n", []string{"3 kubelet B=true"}, "1 is no valid YAML here"},
		{"a broken document that is a template", "a.yaml", "{{ if .x }}\nkubelet:\n  featureGates:\n    A: true\n    {{ .y }}: false\n{{ end }}\n", []string{"4 kubelet A=true ?"}, ""},
		{"a template that is YAML all the same", "a.yaml", "kubelet:\n  featureGates:\n    A: \"{{ .a }}\"\n    \"{{ .b }}\": true\n", []string{"3 kubelet A={{ .a }}"}, ""},
		{"a patch of kubeadm's, by its name", "patches/kubeletconfiguration0+merge.yaml", "featureGates: {A: true}\n", []string{"1 kubelet A=true"}, ""},
		{"Cluster API's own operator", "a.yaml", "apiVersion: operator.cluster.x-k8s.io/v1alpha2\nkind: CoreProvider\nspec:\n  manager:\n    featureGates: {ClusterTopology: true}\n",
			[]string{"5 operator.cluster.x-k8s.io ClusterTopology=true"}, ""},
		{"broken at its very end", "a.yaml", "a: 1\nb: \"x\n\n", nil, "2 is no valid YAML here"},
		{"a description", "a.yaml", "kind: X\napiVersion: v1\ndescription: use --feature-gates=A=true\n", nil, ""},
		{"managed fields and the applied copy", "a.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata:\n  annotations: {last: '{\"featureGates\":{\"A\":true}}'}\n  managedFields:\n  - fieldsV1: {\"f:featureGates\": {\"f:A\": {}}}\n", nil, ""},
		{"a schema", "values.schema.json", `{"properties":{"featureGates":{"type":"object","additionalProperties":{"type":"boolean"}}}}`, nil, ""},
		{"a switch of that name", "values.yaml", "featureGates: true\nb:\n  featureGates: {}\nc:\n  featureGates:\n", nil, ""},
		{"a stranger's scheduler", "values.yaml", "scheduler:\n  featureGates: {A: true}\n", []string{"2  A=true"}, ""},
		{"a scheduler among its kin", "values.yaml", "scheduler:\n  featureGates: {A: true}\nkubelet: {}\n", []string{"2 kube-scheduler A=true"}, ""},
		{"a stranger's container", "a.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - image: quay.io/jetstack/cert-manager-controller:v1\n    name: c\n    args: [--feature-gates=A=true]\n", []string{"7 cert-manager-controller A=true"}, ""},
		{"a JSON patch to one gate", "p.json", `[{"op":"add","path":"/spec/kubelet/featureGates/A","value":true},{"op":"remove","path":"/spec/kubelet/featureGates/B"}]`, []string{"1 kubelet A=true"}, ""},
		{"init configuration has no such field", "a.yaml", "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nfeatureGates: {A: true}\n", []string{"3 kubeadm A=true"}, "3 sets featureGates in a kubeadm InitConfiguration"},
		{"a container's own environment", "a.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: c\n    image: x/y:1\n    env:\n    - {name: KUBE_FEATURE_A, value: 'false'}\n    - {name: KUBE_FEATURE_GATES, value: 'B=true'}\n",
			[]string{"8 client-go A=false", "9 y B=true"}, ""},
		{"no text", "a.bin", "\x00\x01feature-gates", nil, "0 is no text"},
		{"no text and no gates", "a.bin", "\x00\x01", nil, ""},
		{"standard input", "-", "kind: KubeletConfiguration\nfeatureGates: {A: true}\n", []string{"2 kubelet A=true"}, ""},
		{"a line of shell on standard input", "-", "kubelet --feature-gates=A=true,B=false\n", []string{"1 kubelet A=true ?", "1 kubelet B=false ?"}, ""},
		{"prose", "a.txt", "The flag --feature-gates takes pairs. Feature gates: many. See featureGates.\n", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings, problems := read(tc.file, tc.in)
			if !slices.Equal(settings, tc.want) {
				t.Errorf("found %q\nwant  %q", settings, tc.want)
			}
			if tc.problem == "" && len(problems) > 0 || tc.problem != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0], tc.problem)) {
				t.Errorf("problems %q, want one: %q", problems, tc.problem)
			}
		})
	}
}

// TestHostileFiles reads what was made to exhaust a reader: it ends at once, with little found.
func TestHostileFiles(t *testing.T) {
	laughs := "a0: &a0 {featureGates: {A: true}}\n"
	for i := 1; i < 60; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	merges := "m0: &m0 {featureGates: {A: true}}\n"
	for i := 1; i < 60; i++ {
		merges += fmt.Sprintf("m%d: &m%d {<<: [%s*m%d]}\n", i, i, strings.Repeat(fmt.Sprintf("*m%d, ", i-1), 9), i-1)
	}
	nested := "kind: KubeletConfiguration\nfeatureGates: {A: true}\n"
	for range 40 {
		nested = "b64: x\nfiles:\n- path: a.yaml\n  encoding: base64\n  content: " + base64.StdEncoding.EncodeToString([]byte(nested)) + "\n"
		if len(nested) > 1<<20 {
			break
		}
	}
	contexts := "x: &x [" + strings.Repeat("feature,", 50000) + "]\n"
	for i := range 1000 {
		contexts += fmt.Sprintf("y%d: {image: a, name: b%d, args: *x}\n", i, i)
	}
	for _, tc := range []struct {
		name, file, in string
		settings       int // at most
		problem        string
	}{
		{"a billion laughs", "a.yaml", laughs, 1, ""},
		{"a billion merges", "a.yaml", merges, 200, ""},
		{"an anchor in itself", "a.yaml", "a: &a\n  b: *a\n  featureGates: {A: true}\n", 1, ""},
		{"a merge of itself", "a.yaml", "a: &a\n  <<: *a\n  featureGates: {A: true}\n", 1, ""},
		{"deep brackets", "a.yaml", "featureGates: " + strings.Repeat("[", 100000), 0, "is no valid YAML"},
		{"deep maps", "a.yaml", strings.Repeat("{a: ", 5000) + "featureGates" + strings.Repeat("}", 5000), 0, "levels deep"},
		{"deep dashes", "a.yaml", "feature\n" + strings.Repeat("- ", 100000), 0, ""},
		{"documents in documents", "a.yaml", nested, 0, ""},
		{"too large", "a.yaml", strings.Repeat("#", usage.MaxFile+1), 0, "larger than 16 MiB"},
		{"many documents", "a.yaml", strings.Repeat("---\n---\n", 100000), 0, "more than 10000 documents"},
		{"an alias of a long list, often", "a.yaml", "x: &x [" + strings.Repeat("feature,", 100000) + "]\ny: [" + strings.Repeat("*x,", 1000) + "]", 0, ""},
		{"an alias in ever new contexts", "a.yaml", contexts, 0, "aliases beyond all measure"},
		{"many entries", "a.yaml", "featureGates: {A: true}\n" + strings.Repeat("a:\n", 300000), 1, "more than 262144 entries"},
		{"many gates", "a.sh", "kubelet --feature-gates=" + strings.Repeat("A=true,", 200000), 10000, "more than 10000 gates"},
		{"a long name", "a.sh", "kubelet --feature-gates=" + strings.Repeat("A", 1<<20), 0, "more than 253 letters"},
		{"many quotes", "a.sh", "feature " + strings.Repeat("'\"\\", 1<<18), 0, ""},
		{"many newlines", "a.yaml", "featureGates:\n" + strings.Repeat("\n", 1<<22), 0, ""},
		{"many broken documents", "a.yaml", strings.Repeat("---\n[\n", 5000), 0, "is no valid YAML"},
		{"many mentions", "a.txt", strings.Repeat("featureGates: ", 1<<18), 0, ""},
		{"many open braces", "a.txt", strings.Repeat("featureGates: {", 1<<15), 10000, ""},
		{"many heredocs", "a.sh", strings.Repeat("cat <<A feature\n", 1<<13), 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings, problems := usage.Read(tc.file, []byte(tc.in))
			if len(settings) > tc.settings || len(problems) > 100 {
				t.Errorf("%d settings, %d problems", len(settings), len(problems))
			}
			if tc.problem != "" && !slices.ContainsFunc(problems, func(p usage.Problem) bool { return strings.Contains(p.Message, tc.problem) }) {
				t.Errorf("problems %v, want %q", problems, tc.problem)
			}
		})
	}
}
