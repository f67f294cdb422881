package trace

import (
	"slices"
	"strings"
)

// RegistrationFiles are the files in which Kubernetes' components register their gates, or did at some time, in the order in
// which to look for a gate of theirs. Other projects have none here.
func RegistrationFiles(components ...string) []string {
	const staging = "staging/src/k8s.io/"
	var out []string
	for _, c := range components {
		var files []string
		switch c {
		case "kubernetes":
			files = []string{"pkg/features/kube_features.go", "pkg/features/versioned_kube_features.go"}
		case "apiserver", "apiextensions-apiserver", "controller-manager":
			files = []string{staging + c + "/pkg/features/kube_features.go"}
		case "client-go":
			files = []string{staging + "client-go/features/known_features.go"}
		case "component-base":
			files = []string{staging + "component-base/metrics/features/kube_features.go", staging + "component-base/logs/api/v1/kube_features.go", staging + "component-base/zpages/features/kube_features.go"}
		case "kubeadm":
			files = []string{"cmd/kubeadm/app/features/features.go"}
		}
		for _, f := range files {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// RuleDocsPage is a page of the documentation that bears the gate's name.
const RuleDocsPage = "docs-page"

// The pages of gates in the repository of the documentation, and where readers find them.
const (
	DocsRepository = "kubernetes/website"
	docsFolder     = "content/en/docs/reference/command-line-tools-reference/feature-gates/"
	docsURL        = "https://kubernetes.io/docs/reference/command-line-tools-reference/"
)

// HasDocs reports whether the gates of a repository have pages in the documentation.
func HasDocs(repository string) bool { return strings.EqualFold(repository, "kubernetes/kubernetes") }

// DocsPath is the file that a gate's page would have.
func DocsPath(gate string) string { return docsFolder + gate + ".md" }

// FromDocs is the claim of a page that is there. Gates that are gone stand on a page of their own.
func FromDocs(s Subject) Claim {
	page := "feature-gates/"
	if n := len(s.Steps); n > 0 && s.Steps[n-1].Has(Removed) {
		page = "feature-gates-removed/"
	}
	return Claim{What: ToDocs, Evidence: Evidence{
		Rule: RuleDocsPage, Target: "kubernetes.io: " + s.Gate, URL: docsURL + page + "#" + s.Gate, Source: DocsPath(s.Gate), Confidence: Certain,
	}}
}
