package sample_test

import (
	"bytes"

	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/sample"
)

// kepFile is as much of a kep.yaml as these tests look at.
type kepFile struct {
	Title     string            `yaml:"title"`
	Number    string            `yaml:"kep-number"`
	SIG       string            `yaml:"owning-sig"`
	Status    string            `yaml:"status"`
	Stage     string            `yaml:"stage"`
	Latest    string            `yaml:"latest-milestone"`
	Milestone map[string]string `yaml:"milestone"`
	Gates     []struct {
		Name       string   `yaml:"name"`
		Components []string `yaml:"components"`
	} `yaml:"feature-gates"`
}

// keps reads the kep.yaml of a tree, by folder; the template is none of them.
func keps(tb testing.TB, files map[string][]byte) map[string]kepFile {
	tb.Helper()
	out := map[string]kepFile{}
	for name, text := range files {
		if path.Base(name) != "kep.yaml" || strings.Contains(name, "NNNN-") || text == nil {
			continue
		}
		var k kepFile
		if err := yaml.Unmarshal(text, &k); err != nil {
			tb.Errorf("%s: %v", name, err)
		}
		out[path.Dir(name)] = k
	}
	return out
}

func enhancements(tb testing.TB, release string, total int) map[string][]byte {
	tb.Helper()
	files, err := sample.Enhancements(loadFacts(tb), release, sample.EnhancementOptions{Total: total})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func enhancementSteps(tb testing.TB, total int) []sample.Step {
	tb.Helper()
	steps, err := sample.EnhancementSteps(loadFacts(tb), sample.EnhancementOptions{Total: total})
	if err != nil {
		tb.Fatal(err)
	}
	return steps
}

// trees are the whole trees after each step.
func trees(steps []sample.Step) []map[string][]byte {
	var out []map[string][]byte
	tree := map[string][]byte{}
	for _, step := range steps {
		tree = maps.Clone(tree)
		for name, text := range step.Files {
			if tree[name] = text; text == nil {
				delete(tree, name)
			}
		}
		out = append(out, tree)
	}
	return out
}

// folders are the folders of proposals, by number without zeros; the one without a number is "".
func folders(tb testing.TB, files map[string][]byte) map[string]string {
	tb.Helper()
	pattern := regexp.MustCompile(`^keps/sig-.*/0*(\d*)-[^/]+/kep\.yaml$`)
	out := map[string]string{}
	for name := range files {
		if m := pattern.FindStringSubmatch(name); m != nil {
			if out[m[1]] != "" {
				tb.Errorf("KEP %s lies at %s and at %s", m[1], out[m[1]], path.Dir(name))
			}
			out[m[1]] = path.Dir(name)
		}
	}
	return out
}

func TestEveryProposalOfTheFactsHasAFolder(t *testing.T) {
	table := loadFacts(t)
	for _, release := range []string{"v1.30", "v1.34", "v1.36"} {
		files := enhancements(t, release, 0)
		folder := folders(t, files)
		seen := map[string]bool{}
		for _, r := range table.Releases() {
			if gate.CompareVersions(r, release) > 0 {
				break
			}
			for _, row := range table.Rows(r) {
				for _, number := range row.KEPs {
					seen[number] = true
					if !bytes.Contains(files[folder[number]+"/README.md"], []byte("Feature gate name: "+row.Gate+"\n")) {
						t.Errorf("%s: README of KEP %s does not name %s", release, number, row.Gate)
					}
				}
			}
		}
		if release == "v1.36" && len(seen) < 180 {
			t.Errorf("only %d proposals seen", len(seen))
		}
	}
}

func TestProposalsReadAsYAML(t *testing.T) {
	sig := regexp.MustCompile(`^keps/(sig-[a-z-]+)/(?:[a-z]+/)?0*(\d+)-[a-z0-9-]+$`)
	all := keps(t, enhancements(t, "v1.36", 0))
	if len(all) != 200 {
		t.Errorf("%d proposals, want 200: the 199 that the facts name and one without a number", len(all))
	}
	for folder, k := range all {
		m := sig.FindStringSubmatch(folder)
		if m == nil {
			t.Errorf("folder %q is not of the form keps/SIG/NUMBER-WORDS", folder)
			continue
		}
		if number := strings.TrimLeft(k.Number, "0"); m[1] != k.SIG || m[2] != number && number != "" {
			t.Errorf("%s: says SIG %s and number %s", folder, k.SIG, k.Number)
		}
		if k.Title == "" || k.Status == "" {
			t.Errorf("%s: title %q, status %q", folder, k.Title, k.Status)
		}
	}
}

// The law for proposals with one gate: stage and releases are the gate's.
func TestProposalSaysWhatItsGateIs(t *testing.T) {
	table := loadFacts(t)
	faulty := []string{"563", "902", "961", "1435", "1490", "1507", "1610", "1860", "2053", "2395", "2570", "4004", "4603", "752"}
	gatesOf := map[string][]string{}
	for _, r := range table.Releases() {
		for _, row := range table.Rows(r) {
			for _, number := range row.KEPs {
				if !slices.Contains(gatesOf[number], row.Gate) {
					gatesOf[number] = append(gatesOf[number], row.Gate)
				}
			}
		}
	}
	compared := 0
	for _, release := range []string{"v1.34", "v1.35", "v1.36"} {
		files := enhancements(t, release, 0)
		all, folder := keps(t, files), folders(t, files)
		for _, row := range table.Rows(release) {
			if len(row.KEPs) != 1 || len(gatesOf[row.KEPs[0]]) != 1 || slices.Contains(faulty, row.KEPs[0]) || row.Stage == gate.Deprecated {
				continue
			}
			number := row.KEPs[0]
			k := all[folder[number]]
			if len(k.Gates) != 1 {
				continue // gold-trace has another gate of it
			}
			compared++
			if k.Stage != stageWord(row.Stage) {
				t.Errorf("%s: KEP %s is %s, its gate %s is %s", release, number, k.Stage, row.Gate, row.Stage)
			}
			first := slices.IndexFunc(row.Specs, func(s gate.Spec) bool { return s.Stage == row.Stage })
			if since := row.Specs[first].Since; since != "" && k.Milestone[k.Stage] != "v"+since {
				t.Errorf("%s: KEP %s reached %s in %s, its gate %s in %s", release, number, k.Stage, k.Milestone[k.Stage], row.Gate, since)
			}
			if want := k.Milestone[k.Stage]; k.Latest != want {
				t.Errorf("%s: KEP %s has latest-milestone %q and reached its stage in %q", release, number, k.Latest, want)
			}
		}
	}
	if compared < 150 {
		t.Errorf("only %d gates compared", compared)
	}
}

// With several gates a proposal has the highest stage, and each stage from the first gate that reached it.
func TestProposalOfSeveralGates(t *testing.T) {
	files := enhancements(t, "v1.36", 0)
	k := keps(t, files)[folders(t, files)["4381"]]
	if len(k.Gates) < 3 {
		t.Fatalf("KEP 4381 has the gates %v, want three", k.Gates)
	}
	got := fmt.Sprintln(k.Stage, k.Latest, k.Status, k.Milestone)
	// DynamicResourceAllocation went first; DRAAdminAccess, which the source names too, is stable in v1.36
	// alone; DRASchedulerFilterTimeout is still beta.
	if want := "stable v1.36 implementable map[alpha:v1.26 beta:v1.32 stable:v1.34]\n"; got != want {
		t.Errorf("KEP 4381 is %swant %s", got, want)
	}
}

func stageWord(s gate.Stage) string {
	if s == gate.GA {
		return "stable"
	}
	return string(s)
}

func TestProposalsHaveUpstreamsFaults(t *testing.T) {
	files := enhancements(t, "v1.36", 0)
	folder := folders(t, files)
	for _, c := range []struct{ name, number, has, hasNot string }{
		{"quoted number", "563", `kep-number: "563"`, ""},
		{"leading zeros in the folder", "752", "kep-number: 752", ""},
		{"no gates key", "902", "", "feature-gates"},
		{"gates without a value", "1507", "feature-gates:\ndisable-supported", ""},
		{"milestone without v", "1610", `latest-milestone: "1.`, ""},
		{"milestone 0.0", "1490", `latest-milestone: "0.0"`, ""},
		{"no stage", "1435", "", "stage: "},
		{"status misspelt", "2053", "status: imlpemented", ""},
		{"status with a stage", "2570", "status: implemented (alpha)", ""},
		{"deeper path", "2395", "kep-number: 2395", ""},
		{"key that the schema does not have", "4004", "\nid: 4004\n", ""},
		{"gate in other capitals", "4603", "ReduceDefaultCrashLoopBackoffDecay", "BackOffDecay"},
		{"a word for a milestone", "5677", `stable: "TBD"`, ""},
		{"a list in a milestone", "1860", `alpha: "v1.21, v1.`, ""},
		{"an impossible date", "5075", "creation-date: 2025-30-01", ""},
		{"number 0000", "", "kep-number: 0000", ""},
	} {
		text := string(files[folder[c.number]+"/kep.yaml"])
		if text == "" || !strings.Contains(text, c.has) || c.hasNot != "" && strings.Contains(text, c.hasNot) {
			t.Errorf("%s: KEP %s is\n%s", c.name, c.number, text)
		}
	}
	if got := folder["2395"]; !strings.HasPrefix(got, "keps/sig-cloud-provider/providers/") {
		t.Errorf("KEP 2395 lies at %s, want it one folder deeper", got)
	}
	if got := folder["752"]; !strings.Contains(got, "/0752-") {
		t.Errorf("KEP 752 lies at %s, want its number with a zero", got)
	}
	for _, name := range []string{"keps/NNNN-kep-template/kep.yaml", "keps/prod-readiness/sig-node/127.yaml"} {
		if files[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	// A gate that has another name later.
	if old := enhancements(t, "v1.34", 0); !bytes.Contains(old[folders(t, old)["4222"]+"/kep.yaml"], []byte("CBORSerializer")) {
		t.Error("KEP 4222 has no CBORSerializer in v1.34")
	}
}

func TestStepsOfProposals(t *testing.T) {
	steps := enhancementSteps(t, 0)
	all := trees(steps)
	for i := 1; i < len(steps); i++ {
		if !steps[i].Time.After(steps[i-1].Time) {
			t.Errorf("step %q is not after %q", steps[i].Message, steps[i-1].Message)
		}
		for name := range all[i-1] {
			if all[i][name] == nil {
				t.Errorf("%s: %s is gone; no proposal moves", steps[i].Message, name)
			}
		}
	}
	for i, release := range map[int]string{sample.EnhancementsV134: "v1.34", sample.EnhancementsV135: "v1.35"} {
		want := enhancements(t, release, 0)
		if !maps.EqualFunc(all[i], want, bytes.Equal) {
			t.Errorf("%s: the tree is not what Enhancements writes for %s", steps[i].Message, release)
		}
	}

	type moved struct{ added, changed, retargeted, raised, lowered int }
	for i, want := range map[int]moved{
		sample.NewProposals: {added: 16},
		sample.QuietWeek:    {changed: 2},
		sample.FreezeWeek:   {changed: 50, retargeted: sample.Retargeted, raised: 30},
	} {
		before, after := keps(t, all[i-1]), keps(t, all[i])
		var got moved
		order := []string{"", "alpha", "beta", "stable"}
		for folder, k := range after {
			old, had := before[folder]
			if !had {
				got.added++
				continue
			}
			if fmt.Sprint(old) != fmt.Sprint(k) {
				got.changed++
			}
			if old.Latest != k.Latest {
				got.retargeted++
				if k.Latest != "v1.36" {
					t.Errorf("%s aims at %s", folder, k.Latest)
				}
			}
			switch was, is := slices.Index(order, old.Stage), slices.Index(order, k.Stage); {
			case is > was:
				got.raised++
			case is < was:
				got.lowered++
			}
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", steps[i].Message, got, want)
		}
	}
	if n := len(steps[sample.QuietWeek].Files); n != 2 {
		t.Errorf("the quiet week edits %d files, want two", n)
	}
}

func TestPaddingFillsUpAndStaysStill(t *testing.T) {
	steps := enhancementSteps(t, 650)
	all := trees(steps)
	if n := len(keps(t, all[len(all)-1])); n != 650 {
		t.Errorf("%d proposals in the end, want 650", n)
	}
	if n := len(keps(t, enhancements(t, "v1.36", 650))); n != 650 {
		t.Errorf("%d proposals at v1.36, want 650", n)
	}
	for i, step := range steps[1:] {
		for name := range step.Files {
			if strings.Contains(name, "/9") && strings.Contains(name, "sample-widget") {
				t.Fatalf("step %d changes %s", i+1, name)
			}
		}
	}
	if n := len(keps(t, enhancements(t, "v1.36", 3))); n != 200 {
		t.Errorf("a total below what there is gives %d proposals, want all 200", n)
	}
}

func TestEnhancementsNeedFacts(t *testing.T) {
	_, err := sample.Enhancements(loadFacts(t), "v1.99", sample.EnhancementOptions{})
	if err == nil || !strings.Contains(err.Error(), `release "v1.99"`) {
		t.Errorf("error is %v, want one that names the release", err)
	}
}

func TestDemoIsTheSameEachTime(t *testing.T) {
	refs := map[string][]string{}
	for range 2 {
		all, err := sample.Demo(loadFacts(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range all {
			dir := filepath.Join(t.TempDir(), "demo.git")
			// As the demo does: the stand-in serves what there is at the first look, and then comes the rest.
			first, _ := sample.DemoMoments()
			before, after := sample.Until(h.Steps, first)
			if err := sample.Repository(t.Context(), dir, before); err != nil {
				t.Fatalf("%s: %v", h.Repository, err)
			}
			if err := sample.Append(t.Context(), dir, after); err != nil {
				t.Fatalf("%s: %v", h.Repository, err)
			}
			refs[h.Repository] = append(refs[h.Repository], run(t, dir, "for-each-ref"))
			if got := run(t, dir, "fsck", "--strict", "--no-dangling"); got != "" {
				t.Errorf("git fsck of %s: %s", h.Repository, got)
			}
		}
	}
	for name, x := range refs {
		if x[0] != x[1] {
			t.Errorf("%s differs from time to time:\n%s\n%s", name, x[0], x[1])
		}
	}
}

func TestGoldenProposal(t *testing.T) {
	files := enhancements(t, "v1.36", 0)
	folder := folders(t, files)["4639"]
	for _, name := range []string{"kep.yaml", "README.md"} {
		golden.Check(t, filepath.Join("testdata", path.Base(folder)+"."+name), files[folder+"/"+name])
	}
}

func BenchmarkEnhancements650(b *testing.B) {
	table, err := facts.Load()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sample.Enhancements(table, "v1.36", sample.EnhancementOptions{Total: 650}); err != nil {
			b.Fatal(err)
		}
	}
}
