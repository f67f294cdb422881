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
		{"values as written, but YAML 1.1's booleans", "a.yaml", kubeletHead + "featureGates: {A: yes, B: True, C: Off, D: , E: ~, F: maybe so, G: !!bool on, I: trUe}\n",
			[]string{"3 kubelet A=true", "3 kubelet B=True", "3 kubelet C=false", "3 kubelet D=false", "3 kubelet E=false", "3 kubelet F=maybe so", "3 kubelet G=true", "3 kubelet I=trUe"}, ""},
		{"a flag knows no yes", "a.yaml", "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer:\n  extraArgs: {feature-gates: A=yes}\n", []string{"4 kube-apiserver A=yes"}, ""},
		{"quotes round TRUE", "a.yaml", kubeletHead + "featureGates: {A: 'TRUE'}\n", []string{"3 kubelet A=TRUE"}, "3 has quotes round TRUE"},
		{"a letter where a boolean must be", "a.yaml", kubeletHead + "featureGates: {A: t}\n", []string{"3 kubelet A=t"}, "3 has t: KubeletConfiguration takes true or false"},
		{"a number that a chart makes a flag of", "values.yaml", "kubelet:\n  featureGates: {A: 1}\n", []string{"2 kubelet A=1"}, ""},
		{"the field misspelt", "a.yaml", kubeletHead + "feature-gates:\n  A: true\n", []string{"4 kubelet A=true"}, "3 sets feature-gates in a KubeletConfiguration, which has no such field: write featureGates"},
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
		{"a broken document that is a template", "a.yaml", "{{ if .x }}\nkubelet:\n  featureGates:\n    A: true\n    {{ .y }}: false\n{{ end }}\n", []string{"4 kubelet A=true ?"}, "5 takes gates from a template"},
		{"a template that is YAML all the same", "a.yaml", "kubelet:\n  featureGates:\n    A: \"{{ .a }}\"\n    \"{{ .b }}\": true\n", []string{"3 kubelet A={{ .a }}"}, "4 takes gates from a template"},
		{"the whole flag as a key's value", "a.yaml", "FeatureGates: --feature-gates=A=true,B=false\nkubelet:\n  featureGates: >-\n    --feature-gates=C=true\n    --v=2\n", []string{"1  A=true", "1  B=false", "4 kubelet C=true"}, ""},
		{"the whole flag of a template", "a.yaml", "FeatureGates: --feature-gates={{ .gates }}\n", nil, "1 takes gates from a template"},
		{"a template for the whole map", "a.yaml", "kubelet:\n  featureGates: {{ .Values.gates }}\n", nil, "2 takes gates from a template"},
		{"a template for the whole map that is no YAML", "a.yaml", "kubelet:\n  featureGates: {{- toYaml .Values.gates | nindent 4 }}\n", nil, "2 takes gates from a template"},
		{"a template for the flag", "a.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: kubelet\n    args: ['--feature-gates={{ join \",\" .gates }}']\n", nil, "6 takes gates from a template"},
		{"a template in a block", "a.yaml", "data:\n  x: |\n    kind: KubeletConfiguration\n    featureGates:\n      {{- range $k, $v := .g }}\n      {{ $k }}: {{ $v }}\n      {{- end }}\n      A: true\n", []string{"8 kubelet A=true ?"}, "6 takes gates from a template"},
		{"a template that only chooses", "a.yaml", "kubelet:\n  featureGates:\n  {{- if .x }}\n    A: true\n  {{- else if .y}}\n    B: true\n  {{- end }}\n", []string{"4 kubelet A=true ?", "6 kubelet B=true ?"}, ""},
		{"Jinja", "kubelet.conf.j2", "kind: KubeletConfiguration\nfeatureGates:\n{% for g in gates %}\n  {{ g }}\n{% endfor %}\n  A: true\n", []string{"6 kubelet A=true ?"}, "4 takes gates from a template"},
		{"what a README writes in braces", "a.md", "Start it with --feature-gates={{ .Values.gates }}\n", nil, ""},
		{"Terraform's variables", "a.tf", "a = \"--feature-gates=${join(\",\", var.gates)}\"\n", nil, "1 takes gates from a variable"},
		{"Terraform's list", "a.tf", "kubelet_args = [\"--feature-gates\", \"A=true\"]\n", []string{"1 kubelet A=true ?"}, ""},
		{"Nix", "kubelet.nix.txt", "kubelet.featureGates = { A = true; B = false; };\n", []string{"1 kubelet A=true ?", "1 kubelet B=false ?"}, ""},
		{"a help text", "a.txt", "  --feature-gates mapStringBool   pairs\n  --feature-gates=mapStringBool\n", nil, ""},
		{"JSON with comments", "a.json", "{\n  // ours\n  \"kind\": \"KubeletConfiguration\",\n  \"featureGates\": {\"A\": true},\n}\n", []string{"4 kubelet A=true ?"}, "2 is no valid YAML here"},
		{"a broken document in a block", "a.yaml", "data:\n  kubelet.yaml: |\n    kind: KubeletConfiguration\n    featureGates:\n      A: true\n       B: false\n", []string{"5 kubelet A=true ?", "6 kubelet B=false ?"}, "6 is no valid YAML here"},
		{"a command line for another flag", "a.sh", "/etc/eks/bootstrap.sh c --kubelet-extra-args '--feature-gates=A=true --max-pods=10' --kubelet-extra-args=\"--v=2 --feature-gates=B=true\" --x-args '--feature-gates=C=true --y'\n",
			[]string{"1 kubelet A=true", "1 kubelet B=true", "1 bootstrap C=true"}, ""},
		{"a command line in one argument", "a.yaml", "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: kubelet\n    args: ['--feature-gates=A=true --v=2']\n", []string{"6 kubelet A=true --v=2"}, ""},
		{"k0s' arguments", "k0sctl.yaml", "kind: Cluster\napiVersion: k0sctl.k0sproject.io/v1beta1\nspec:\n  hosts:\n  - installFlags:\n    - --kubelet-extra-args=\"--feature-gates=A=true\"\n    - --debug\n", []string{"6 kubelet A=true"}, ""},
		{"k0s' worker profiles", "a.yaml", "apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nspec:\n  workerProfiles:\n  - name: w\n    values: {featureGates: {A: true}}\n", []string{"6 kubelet A=true"}, ""},
		{"flags without dashes in a list", "a.yaml", "kind: RKE2ControlPlane\napiVersion: controlplane.cluster.x-k8s.io/v1beta1\nspec:\n  agentConfig:\n    kubelet:\n      extraArgs: [max-pods=1, feature-gates=A=true]\n", []string{"6 kubelet A=true"}, ""},
		{"kOps' external controllers", "a.yaml", "kind: Cluster\napiVersion: kops.k8s.io/v1alpha2\nspec:\n  externalCloudControllerManager: {featureGates: {A: 'true'}}\n", []string{"4 cloud-controller-manager A=true"}, ""},
		{"a patch of kubeadm's as operations", "patches/kube-apiserver0+json.yaml", "- op: add\n  path: /spec/containers/0/command/-\n  value: --feature-gates=A=true\n", []string{"3 kube-apiserver A=true"}, ""},
		{"Ansible", "roles/x/tasks/main.yml", "- shell: kubeadm init --feature-gates=A=true\n- replace:\n    path: /etc/kubernetes/manifests/kube-scheduler.yaml\n    regexp: '--feature-gates=(.*)'\n    replace: '--feature-gates=B=true'\n", []string{"1 kubeadm A=true", "5 kube-scheduler B=true"}, ""},
		{"kubespray's arguments", "group_vars/all.yml", "kube_kubeadm_apiserver_extra_args: {feature-gates: A=true}\nkube_kubeadm_controller_extra_args: {feature-gates: B=true}\nkube_kubeadm_scheduler_extra_args: {feature-gates: C=true}\n",
			[]string{"1 kube-apiserver A=true", "2 kube-controller-manager B=true", "3 kube-scheduler C=true"}, ""},
		{"a unit's program", "-", "[Service]\nExecStart=/usr/bin/kube-proxy --v=2 --feature-gates=A=true\nExecStartPost=-/bin/sh -c 'kubelet --feature-gates=B=true'\n", []string{"2 kube-proxy A=true", "3 kubelet B=true"}, ""},
		{"a unit's specifier", "-", "[Service]\nExecStart=/usr/bin/kubelet --feature-gates=A=true,%i\n", []string{"2 kubelet A=true"}, "2 takes gates from a variable (%i)"},
		{"a shell's case, and what is looked for", "a.sh", "case $1 in\n--feature-gates=*) X=1 ;;\nesac\ngrep -q feature-gates=A=true /etc/kubernetes/manifests/kube-apiserver.yaml && kubelet --feature-gates=B=true\n", []string{"4 kubelet B=true"}, ""},
		{"configuration that echo writes", "a.sh", "echo 'featureGates: {A: true}' >> x\nyq -i '.featureGates.B = false' /var/lib/kubelet/config.yaml\nhelm install x y --set kubelet.featureGates.C=true,featureGates.D=false\n",
			[]string{"1  A=true ?", "2 kubelet B=false ?", "3 kubelet C=true ?", "3 kubelet D=false ?"}, ""},
		{"a configuration that echo writes whole", "a.sh", "echo \"kind: KubeletConfiguration\nfeatureGates:\n  A: true\" > x\n", []string{"3 kubelet A=true"}, ""},
		{"a chart's parameters", "a.yaml", "kind: Application\napiVersion: argoproj.io/v1alpha1\nspec:\n  source:\n    helm:\n      parameters:\n      - {name: kubelet.featureGates.A, value: 'true'}\n", []string{"7 kubelet A=true"}, ""},
		{"gates that only their users own", "a.yaml", "x-gates: &g\n  featureGates: {A: true}\nkubelet:\n  <<: *g\nother: {featureGates: {B: true}}\n", []string{"2 kubelet A=true", "5  B=true"}, ""},
		{"a ConfigMap's binary data", "a.yaml", "kind: ConfigMap\napiVersion: v1\nbinaryData:\n  kubelet.yaml: " + base64.StdEncoding.EncodeToString([]byte(kubeletHead+"featureGates: {A: true}\n")) + "\n", []string{"4 kubelet A=true"}, ""},
		{"files in URLs", "a.ign", `{"ignition": {"version": "3.4.0"}, "storage": {"files": [` + "\n" +
			`{"path": "/etc/x", "contents": {"source": "data:text/plain;base64,` + base64.StdEncoding.EncodeToString([]byte(kubeletHead+"featureGates: {A: true}\n")) + `"}},` + "\n" +
			`{"path": "/etc/default/kubelet", "contents": {"source": "data:,FLAGS%3D--feature-gates%3DB%3Dtrue%0A"}}]}}` + "\n", []string{"2 kubelet A=true", "3 kubelet B=true"}, ""},
		{"a mail in parts", "user-data", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\nContent-Type: application/node.eks.aws\n\nkind: NodeConfig\napiVersion: node.eks.aws/v1alpha1\nspec:\n  kubelet:\n    config:\n      featureGates: {A: true}\n--//\r\nContent-Type: text/x-shellscript\r\n\r\n#!/bin/sh\r\nkubelet --feature-gates=B=true\r\n--//\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nkube-proxy --feature-gates=C=true\n")) + "\n--//--\nkubelet --feature-gates=NOT=true\n",
			[]string{"12 kubelet A=true", "17 kubelet B=true", "21 kube-proxy C=true"}, ""},
		{"a mail within YAML", "a.yaml", "kind: EC2NodeClass\napiVersion: karpenter.k8s.aws/v1\nspec:\n  userData: |\n    MIME-Version: 1.0\n    Content-Type: multipart/mixed; boundary=B\n\n    --B\n\n    kind: KubeletConfiguration\n    featureGates:\n      A: true\n    --B--\n", []string{"12 kubelet A=true"}, ""},
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
	long := "x: &x \"feature" + strings.Repeat("64", 1<<18) + "\"\ny:\n"
	small := "x: &x \"feature" + strings.Repeat("a", 5<<10) + "\"\ny: [" + strings.Repeat("*x,", 1500) + "]\n---\n"
	for _, tc := range []struct {
		name, file, in string
		settings       int // at most
		problem        string
	}{
		// Each alias costs a letter: none of these may be looked at as often as it is named.
		{"an alias of a long string", "a.yaml", long + strings.Repeat("- {a: *x}\n", 40000), 0, "aliases beyond all measure"},
		{"an alias of a long string in a list", "a.yaml", long + "- [" + strings.Repeat("*x,", 80000) + "]\n", 0, "aliases beyond all measure"},
		{"an alias of a long string as key", "a.yaml", long + strings.Repeat("- {*x : a}\n", 40000), 0, "aliases beyond all measure"},
		{"an alias of a long command", "a.yaml", long + strings.Repeat("- {name: a, image: b, args: [*x]}\n", 20000), 0, "aliases beyond all measure"},
		{"an alias of a long base64", "a.yaml", long + strings.Repeat("- {content: *x, encoding: b64}\n", 20000), 0, "aliases beyond all measure"},
		{"an alias of a long value of feature gates", "a.yaml", long + strings.Repeat("- {featureGates: *x}\n", 40000), 1, "aliases beyond all measure"},
		{"aliases in many documents", "a.yaml", strings.Repeat(small, 1500), 0, "aliases beyond all measure"},
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
