package kep_test

import (
	"testing"

	"github.com/upstream-digest/bot/internal/kep"
)

func TestIsProposal(t *testing.T) {
	for path, want := range map[string]bool{
		"keps/sig-node/2411-x/kep.yaml":                      true,
		"keps/sig-cluster-lifecycle/kubeadm/2568-x/kep.yaml": true,
		"keps/sig-a/b/c/d/1-x/kep.yaml":                      true,
		"keps/sig-architecture/1194-prod-readiness/kep.yaml": true, // a proposal of that name
		"keps/prod-readiness/sig-node/2411.yaml":             false,
		"keps/prod-readiness/sig-node/2411/kep.yaml":         false,
		"keps/NNNN-kep-template/kep.yaml":                    false,
		"keps/sig-a/NNNN-kep-template/kep.yaml":              false,
		"keps/sig-cloud-provider/0000-provider-x/kep.yaml":   true,
		"keps/sig-node/2411-x/README.md":                     false,
		"keps/sig-node/2411-x/my-kep.yaml":                   false,
		"keps/sig-node/2411-x/kep.yaml.orig":                 false,
		"keps/sig-node/2411-x/KEP.yaml":                      false,
		"keps/kep.yaml":                                      false,
		"vendor/keps/sig-node/2411-x/kep.yaml":               false,
		"/keps/sig-node/2411-x/kep.yaml":                     false,
		"keps/sig-node/../kep.yaml":                          false,
		"keps//kep.yaml":                                     false,
		"pkg/kepval/testdata/kep.yaml":                       false,
		"kep.yaml":                                           false,
		"":                                                   false,
	} {
		if got := kep.IsProposal(path); got != want {
			t.Errorf("IsProposal(%q) = %t", path, got)
		}
	}
}

func TestFolderNumber(t *testing.T) {
	for path, want := range map[string]string{
		"keps/sig-node/2411-x/kep.yaml": "2411",
		"keps/sig-node/2411-x":          "2411",
		"keps/sig-node/0127-x/kep.yaml": "127",
		"keps/sig-node/0000-x/kep.yaml": "",
		"keps/sig-a/2411":               "2411",
		"keps/sig-a/1-x/sub/kep.yaml":   "1",
		"keps/sig-a/x/kep.yaml":         "",
		"keps/sig-a/2411_x/kep.yaml":    "",
		"keps/sig-a/3d-x/kep.yaml":      "",
		"keps/sig-a/20180415123-x":      "",
		"":                              "",
	} {
		if got := kep.FolderNumber(path); got != want {
			t.Errorf("FolderNumber(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestURLs(t *testing.T) {
	for got, want := range map[string]string{
		kep.URL("2411"): "https://kep.k8s.io/2411",
		kep.URL("") + kep.URL("24a") + kep.URL("../x"):       "",
		kep.FolderURL("keps/sig-node/2411-x"):                "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2411-x",
		kep.FolderURL("keps/sig-node/2411-x/kep.yaml"):       "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2411-x",
		kep.FolderURL("keps/sig-node/1-a b)[x](#?/kep.yaml"): "https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/1-a%20b%29%5Bx%5D%28%23%3F",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestArchiveURL(t *testing.T) {
	const to = "https://github.com/kubernetes/design-proposals-archive"
	for link, want := range map[string]string{
		"https://git.k8s.io/community/contributors/design-proposals/node/kubelet-cri-logging.md":                                        to + "/blob/main/node/kubelet-cri-logging.md",
		"http://git.k8s.io/community/contributors/design-proposals/node/x.md":                                                           to + "/blob/main/node/x.md",
		"git.k8s.io/community/contributors/design-proposals/x.md":                                                                       to + "/blob/main/x.md",
		"https://github.com/kubernetes/community/blob/master/contributors/design-proposals/node/x.md#the-plan":                          to + "/blob/main/node/x.md#the-plan",
		"https://github.com/kubernetes/community/blob/4026287dc3a2d16762353b62ca2fe4b82680960a/contributors/design-proposals/node/x.md": to + "/blob/main/node/x.md",
		"https://github.com/kubernetes/community/blob/release-1.9/contributors/design-proposals/node/x.md?raw=true":                     to + "/blob/main/node/x.md",
		"https://www.github.com/Kubernetes/Community/tree/master/contributors/design-proposals/multicluster/registry/":                  to + "/tree/main/multicluster/registry",
		"https://raw.githubusercontent.com/kubernetes/community/master/contributors/design-proposals/storage/x.png":                     to + "/blob/main/storage/x.png",
		"https://github.com/kubernetes/community/tree/master/contributors/design-proposals":                                             to,
		"https://github.com/kubernetes/community/blob/master/contributors/design-proposals/README.md":                                   to,
		"kubernetes/community/contributors/design-proposals/node/x.md":                                                                  to + "/blob/main/node/x.md",
		"community/contributors/design-proposals/node/x.md":                                                                             to + "/blob/main/node/x.md",
		"contributors/design-proposals/node/x.md":                                                                                       to + "/blob/main/node/x.md",
		"../../contributors/design-proposals/node/x.md":                                                                                 to + "/blob/main/node/x.md",
		"/contributors/design-proposals/node/x.md":                                                                                      to + "/blob/main/node/x.md",
		"<https://git.k8s.io/community/contributors/design-proposals/node/x.md>":                                                        to + "/blob/main/node/x.md",
		"https://git.k8s.io/community/contributors/design-proposals/node/x.md.":                                                         to + "/blob/main/node/x.md",

		"https://github.com/kubernetes/design-proposals-archive/blob/main/node/x.md":                            "",
		"https://github.com/someone/community/blob/master/contributors/design-proposals/node/x.md":              "",
		"https://example.org/?u=github.com/kubernetes/community/blob/master/contributors/design-proposals/x.md": "",
		"https://evil.example/github.com/kubernetes/community/blob/a/contributors/design-proposals/x.md":        "",
		"https://git.k8s.io/community/contributors/design-proposals/../../../evil/x.md":                         "",
		"https://git.k8s.io/community/contributors/design-proposals-old/x.md":                                   "",
		"https://git.k8s.io/community/contributors/design-proposals/x y.md":                                     "",
		"javascript://git.k8s.io/community/contributors/design-proposals/x.md":                                  "",
		"https://github.com/kubernetes/community/blob/master/contributors/guide/x.md":                           "",
		"https://github.com/kubernetes/kubernetes/blob/release-1.3/docs/proposals/x.md":                         "",
		"": "",
	} {
		got, ok := kep.ArchiveURL(link)
		if got != want || ok != (want != "") {
			t.Errorf("ArchiveURL(%q)\n got %q %t\nwant %q", link, got, ok, want)
		}
	}
}
