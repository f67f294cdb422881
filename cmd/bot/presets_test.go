package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/golden"
)

// unversioned is a file of gates as most other projects write them.
func unversioned(pkg, imported, rows string, names ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport %q\n\nconst (\n", pkg, imported)
	for _, n := range names {
		fmt.Fprintf(&b, "\t// Owner: @amy\n\t// Alpha: v1.1\n\t//\n\t// %s makes widgets.\n\t%[1]s featuregate.Feature = %[1]q\n\n", n)
	}
	return b.String() + ")\n\nfunc init() { must(mutable.Add(defaults)) }\n\nvar defaults = map[featuregate.Feature]featuregate.FeatureSpec{\n" + rows + "}\n"
}

const componentBase = "k8s.io/component-base/featuregate"

// otherPresets are upstreams in the form that each project has, and the gates they have.
var otherPresets = []struct {
	name, repository string
	files            map[string]string
	want             string
}{
	{
		"kueue", "kubernetes-sigs/kueue", map[string]string{
			"pkg/features/kube_features.go": `package features

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/featuregate"
)

const (
	// owner: @amy
	//
	// issue: https://github.com/kubernetes-sigs/kueue/issues/9
	// Enables fast queues.
	FastQueue featuregate.Feature = "FastQueue"
	// owner: @bob
	SlowQueue featuregate.Feature = "SlowQueue"
)

func init() {
	runtime.Must(utilfeature.DefaultMutableFeatureGate.AddVersioned(defaultVersionedFeatureGates))
}

var defaultVersionedFeatureGates = map[featuregate.Feature]featuregate.VersionedSpecs{
	FastQueue: {
		{Version: version.MustParse("0.8"), Default: false, PreRelease: featuregate.Alpha},
		{Version: version.MustParse("0.9"), Default: true, PreRelease: featuregate.Beta}, // GA in 0.20
	},
	SlowQueue: {
		{Version: version.MustParse("0.9"), Default: true, PreRelease: featuregate.GA, LockToDefault: true}, // remove in 0.11
	},
}

var dependencies = map[featuregate.Feature][]featuregate.Feature{FastQueue: {SlowQueue}}
`,
		}, "FastQueue beta true kueue 0.9\nSlowQueue ga true kueue 0.9",
	},
	{
		"cluster-api", "kubernetes-sigs/cluster-api", map[string]string{
			"feature/feature.go": unversioned("feature", componentBase, "\t// Every gate has a line.\n\tFastPool: {Default: true, PreRelease: featuregate.Beta},\n\tSlowPool: {Default: false, PreRelease: featuregate.Alpha},\n", "FastPool", "SlowPool"),
			"feature/gates.go":   "package feature\n\nimport \"k8s.io/component-base/featuregate\"\n\nvar (\n\tMutableGates = featuregate.NewFeatureGate()\n\tGates featuregate.FeatureGate = MutableGates\n)\n",
		}, "FastPool beta true cluster-api \nSlowPool alpha false cluster-api ",
	},
	{
		"cert-manager", "cert-manager/cert-manager", map[string]string{
			"internal/controller/feature/features.go": unversioned("feature", componentBase, "\tFastCert: {Default: true, PreRelease: featuregate.GA},\n\tSlowCert: {Default: false, PreRelease: featuregate.Alpha},\n", "FastCert", "SlowCert"),
			"internal/webhook/feature/features.go":    unversioned("feature", componentBase, "\tFastCert: {Default: true, PreRelease: featuregate.GA},\n", "FastCert"),
			"internal/cainjector/feature/features.go": unversioned("feature", componentBase, "\tSlowCert: {Default: true, PreRelease: featuregate.Beta},\n", "SlowCert"),
		}, "FastCert ga true controller+webhook \nSlowCert alpha false controller \nSlowCert beta true cainjector ",
	},
	{
		"etcd", "etcd-io/etcd", map[string]string{
			"server/features/etcd_features.go": strings.ReplaceAll(unversioned("features", "go.etcd.io/etcd/pkg/v3/featuregate", "\tFastLease: {Default: false, PreRelease: featuregate.Alpha},\n", "FastLease"), "var defaults", "var DefaultEtcdServerFeatureGates"),
		}, "FastLease alpha false etcd ",
	},
	{
		"karmada", "karmada-io/karmada", map[string]string{
			"pkg/features/features.go": `package features

import (
	"k8s.io/component-base/featuregate"
	logsv1 "k8s.io/component-base/logs/api/v1"
)

const (
	// FastPolicy makes policies.
	FastPolicy featuregate.Feature = "FastPropagationPolicy"
	// LoggingOptions is another project's.
	LoggingOptions = logsv1.LoggingOptions
)

var (
	FeatureGate featuregate.MutableFeatureGate = featuregate.NewFeatureGate()

	DefaultFeatureGates = map[featuregate.Feature]featuregate.FeatureSpec{
		FastPolicy:     {Default: false, PreRelease: featuregate.Alpha},
		LoggingOptions: {Default: true, PreRelease: featuregate.Beta},
	}
)
`,
		}, "FastPropagationPolicy alpha false karmada \nLoggingOptions beta true karmada ",
	},
	{
		"volcano", "volcano-sh/volcano", map[string]string{
			"pkg/features/volcano_features.go": unversioned("features", componentBase, "\tFastJob: {Default: true, PreRelease: featuregate.Alpha},\n", "FastJob"),
		}, "FastJob alpha true volcano ",
	},
	{
		"kruise", "openkruise/kruise", map[string]string{
			"pkg/features/kruise_features.go": `package features

import "k8s.io/component-base/featuregate"

const (
	// FastSet makes sets.
	FastSet featuregate.Feature = "FastSet"
	// SlowSetGate makes others.
	SlowSetGate = "SlowSet"
)

var defaultFeatureGates = map[featuregate.Feature]featuregate.FeatureSpec{
	FastSet:     {Default: true, PreRelease: featuregate.Beta},
	SlowSetGate: {Default: false, PreRelease: featuregate.Alpha},
}
`,
		}, "FastSet beta true kruise \nSlowSet alpha false kruise ",
	},
}

func gatesIn(t *testing.T, out string) string {
	t.Helper()
	var doc struct {
		Gates []struct {
			Name, Stage, Since string
			Default            bool
			Components         []string
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []string
	for _, g := range doc.Gates {
		got = append(got, fmt.Sprintf("%s %s %t %s %s", g.Name, g.Stage, g.Default, strings.Join(g.Components, "+"), g.Since))
	}
	slices.Sort(got)
	return strings.Join(got, "\n")
}

// TestPresetsReadTheirProjects: each preset reads what its project writes, and all presets are here.
func TestPresetsReadTheirProjects(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../internal/config/presets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var presets []struct{ Name string }
	if err := yaml.Unmarshal(data, &presets); err != nil {
		t.Fatal(err)
	}
	for _, p := range presets {
		i := slices.IndexFunc(otherPresets, func(o struct {
			name, repository string
			files            map[string]string
			want             string
		},
		) bool {
			return o.name == p.Name
		})
		if i < 0 && p.Name != "kubernetes" {
			t.Errorf("the preset %s has no test", p.Name)
		}
	}
	w := newWorld(t)
	config := "upstreams:\n"
	for _, o := range otherPresets {
		bare := filepath.Join(w.dir, o.name+".git")
		c := newClone(t, bare)
		for name, text := range o.files {
			c.write(name, text)
		}
		c.commit("first", "README.md")
		c.push()
		w.gh.AddRepository(ghtest.Repository{Name: o.repository, GitDir: bare})
		config += "  - preset: " + o.name + "\n"
	}
	w.wholeConfig(config)
	for _, o := range otherPresets {
		r := w.ok("gates", "--upstream", o.name, "--format", "json")
		if got := gatesIn(t, r.stdout); got != o.want {
			t.Errorf("%s: got\n%s\nwant\n%s\n%s", o.name, got, o.want, r.stderr)
		}
		if r := w.ok("config", "show"); !strings.Contains(r.stdout, "repository: "+o.repository+" # preset "+o.name) {
			t.Errorf("%s: config show has not %s:\n%s", o.name, o.repository, r.stdout)
		}
	}
}

// TestThreeUpstreamsInOneDigest: each has its chapter, and says what is its own way.
func TestThreeUpstreamsInOneDigest(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-01-21", 0)
	const kubelet = "pkg/kubelet/kubelet.go"
	w.push(kubernetes, map[string][]byte{kubelet: []byte("package kubelet\n")})
	kueue, certs := newClone(t, filepath.Join(w.dir, "kueue.git")), newClone(t, filepath.Join(w.dir, "cert-manager.git"))
	w.gh.AddRepository(ghtest.Repository{Name: "kubernetes-sigs/kueue", GitDir: kueue.bare})
	w.gh.AddRepository(ghtest.Repository{Name: "cert-manager/cert-manager", GitDir: certs.bare})
	publish := func(c *clone, repository, tag string) {
		c.git("tag", tag)
		c.push()
		w.gh.AddRelease(repository, ghtest.Release{Tag: tag, Created: c.when, Published: c.when})
	}
	const keps, gates = "keps/9-fast-queues/kep.yaml", "pkg/features/kube_features.go"
	kueue.write(gates, strings.Replace(otherPresets[0].files[gates], "\t\t{Version: version.MustParse(\"0.9\"), Default: true, PreRelease: featuregate.Beta}, // GA in 0.20\n", "", 1))
	kueue.write(keps, "title: Fast queues\nkep-number: 9\nstatus: implementable\nstage: alpha\nlatest-milestone: \"v0.8\"\n")
	kueue.write("keps/NNNN-template/kep.yaml", "title: Your title\nkep-number: NNNN\nstatus: provisional|implementable\n")
	kueue.write("CHANGELOG/CHANGELOG-0.8.md", "## v0.8.0\n\n## Changes by Kind\n\n### Feature\n\n- The first. (#1, @amy)\n")
	kueue.commit("first", "README.md")
	publish(kueue, "kubernetes-sigs/kueue", "v0.8.0")
	for name, text := range otherPresets[2].files {
		certs.write(name, text)
	}
	certs.commit("first", "README.md")
	publish(certs, "cert-manager/cert-manager", "v1.20.0")
	w.threeSources("upstreams:\n  - preset: kubernetes\n    sources: {paths: {enabled: true, paths: [pkg/kubelet/kubelet.go]}}\n  - preset: kueue\n  - preset: cert-manager\n")
	first := w.ok("run")
	t.Logf("first run: %d requests", first.api)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet: %d requests", r.api)
	}

	w.advance("2026-01-28")
	w.push(kubernetes, map[string][]byte{kubelet: []byte("package kubelet // turns faster\n")})
	kueue.write(gates, otherPresets[0].files[gates])
	kueue.write(keps, "title: Fast queues\nkep-number: 9\nstatus: implementable\nstage: beta\nlatest-milestone: \"v0.9\"\nfeature-gates:\n  - name: FastQueue\n")
	kueue.write("CHANGELOG/CHANGELOG-0.9.md", "## v0.9.0\n\nChanges since `v0.8.0`:\n\n## Actions Required Before Upgrading\n\n### (Read it)\n\n- **Minor releases:** Read those of [v0.8.0](https://github.com/kubernetes-sigs/kueue/releases/tag/v0.8.0).\n"+
		"- Queues: give each a size before you upgrade. (#12, @amy)\n\n## Changes by Kind\n\n### Feature\n\n- Queues: turn faster. (#13, @bob)\n\n### Bug or Regression\n\n- Queues: no longer stand still. (#14, @amy)\n")
	kueue.commit("faster", "README.md")
	publish(kueue, "kubernetes-sigs/kueue", "v0.9.0")
	const controller = "internal/controller/feature/features.go"
	certs.write(controller, strings.Replace(otherPresets[2].files[controller], "\tSlowCert: {Default: false, PreRelease: featuregate.Alpha},\n", "", 1))
	certs.commit("give up slow certificates", "README.md")
	publish(certs, "cert-manager/cert-manager", "v1.21.0")

	r := w.ok("run", "--dry-run", "--format", "markdown")
	t.Logf("a week: %d requests", r.api)
	golden.Check(t, "testdata/three-upstreams.golden", []byte(settled(r.stdout)))
	if strings.Contains(r.stdout, "kep.k8s.io/9)") {
		t.Error("a proposal of Kueue's is linked to Kubernetes' short links")
	}
	if r := w.ok("run"); r.code != exitDone {
		t.Fatal(r.stderr)
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again: %d requests", r.api)
	}
}
