package sample

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// pathEdit is a pull request that touched the code beside the gates. All of it is made up.
type pathEdit struct {
	number int
	title  string
	at     time.Time
	files  map[string]string
}

// demoTree is what stands beside the gates: the places that the preset watches. The code is ours.
func demoTree() map[string][]byte {
	out := map[string][]byte{}
	for path, pkg := range map[string]string{
		"pkg/kubelet/kubelet.go":                                                         "kubelet",
		"staging/src/k8s.io/kubectl/pkg/cmd/cmd.go":                                      "cmd",
		"staging/src/k8s.io/kubectl/pkg/describe/describe.go":                            "describe",
		"staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/rest.go": "customresource",
		"staging/src/k8s.io/cloud-provider/cloud.go":                                     "cloudprovider",
	} {
		out[path] = fmt.Appendf(nil, "// Package %[1]s stands in for upstream's.\npackage %[1]s\n", pkg)
	}
	return out
}

func demoEdits() []pathEdit {
	day := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 15, 0, 0, 0, time.UTC) }
	return []pathEdit{
		{936901, "kubelet: stop in the order of the dependencies", day(time.January, 20), map[string]string{"pkg/kubelet/kubelet.go": "// Pods stop before what they need.\n"}},
		{936902, "kubectl describe: name the node's conditions first", day(time.February, 17), map[string]string{"staging/src/k8s.io/kubectl/pkg/describe/describe.go": "// Conditions come first.\n"}},
		{936903, "kubelet: tell why a pod waits", day(time.March, 9), map[string]string{"pkg/kubelet/kubelet.go": "// A pod that waits says what for.\n"}},
		{936904, "kubectl: one word for a time that is out", day(time.May, 6), map[string]string{"staging/src/k8s.io/kubectl/pkg/cmd/cmd.go": "// Times are told in one way.\n"}},
	}
}

func (e pathEdit) message() string {
	return fmt.Sprintf("Merge pull request #%d from sample/branch\n\n%s", e.number, e.title)
}

// withPaths puts the demo's tree and its edits into a history of the gates: a step that empties the tree keeps them.
func withPaths(steps []Step) []Step {
	for _, e := range demoEdits() {
		steps = append(steps, Step{Message: e.message(), Time: e.at, Branch: defaultBranch})
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.Time.Compare(b.Time) })
	tree := demoTree()
	edits := demoEdits()
	begun := false
	for i, s := range steps {
		if len(edits) > 0 && s.Message == edits[0].message() {
			fresh := map[string][]byte{}
			for path, line := range edits[0].files {
				tree[path] = append(slices.Clone(tree[path]), line...)
				fresh[path] = tree[path]
			}
			steps[i].Files, edits = fresh, edits[1:]
			continue
		}
		if s.DeleteAll || !begun {
			steps[i] = s.With(maps.Clone(tree))
		}
		begun = true
	}
	return steps
}

// DemoPulls are the pull requests that touched the demo's watched paths until now, with their commits in the repository
// at dir.
func DemoPulls(ctx context.Context, dir string) ([]Merged, error) {
	out, err := command(ctx, dir, "log", "--format=%H %s", defaultBranch).Output()
	if err != nil {
		return nil, fmt.Errorf("list commits of the demo: %w", err)
	}
	var pulls []Merged
	for _, e := range demoEdits() {
		subject, _, _ := strings.Cut(e.message(), "\n")
		for line := range strings.Lines(string(out)) {
			if sha, s, _ := strings.Cut(strings.TrimSpace(line), " "); s == subject {
				pulls = append(pulls, Merged{Number: e.number, Title: e.title, Commit: sha, At: e.at})
			}
		}
	}
	return pulls, nil
}

// cycleDates is the file of a release's dates, in the form of sig-release's. The sentences are ours.
func cycleDates(minor, enhancements, code, docs, release string) []byte {
	return fmt.Appendf(nil, `# Kubernetes %[1]s

A sample of the release team's page.

- **%[2]s**: Week 5 — [Enhancements Freeze](../phases.md#enhancements-freeze)
- **%[3]s**: Week 10 — [Code Freeze](../phases.md#code-freeze)
- **%[4]s**: Week 11 - Docs deadline - PRs ready for review
- **%[5]s**: Week 15 - Kubernetes v%[1]s.0 released
`, minor, enhancements, code, docs, release)
}
