package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

const kubeletFile = `# made for cluster a
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 110
authentication:
  anonymous:
    enabled: false
cgroupDriver: systemd
clusterDomain: cluster.local
failSwapOn: false
featureGates:
  DRAAdminAccess: true
`

// platform gives acme/platform the clusters' files on its default branch, which is not the one it began with.
func (w *testWorld) platform() {
	w.t.Helper()
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	git := filepath.Join(w.t.TempDir(), "platform.git")
	err := sample.Repository(w.t.Context(), git, []sample.Step{
		{Message: "old", Time: day, Files: map[string][]byte{"clusters/a/kubelet.yaml": []byte("featureGates: {ImageVolumeWithDigest: true}\n")}},
		{Message: "new", Branch: "trunk", Time: day.Add(time.Hour), Files: map[string][]byte{
			"clusters/a/kubelet.yaml": []byte(kubeletFile),
			"clusters/a/README.md":    []byte("Start it with --feature-gates=ImageVolumeWithDigest=true\n"),
			"clusters/b/broken.yaml":  []byte("featureGates:\n\tA: true\n"),
			"kubelet.env":             []byte("KUBELET_EXTRA_ARGS=--feature-gates=DRAAdminAccess=true\n"),
		}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.gh.AddRepository(ghtest.Repository{Name: "acme/platform", GitDir: git, DefaultBranch: "trunk"})
}

// yoursIn configures names of files in a repository.
func (w *testWorld) yoursIn(repository string, names ...string) {
	w.t.Helper()
	w.config(fmt.Sprintf("target:\n  repository: acme/platform\nwatch:\n  manifests: [\"%s\"]\n  manifests_repository: %q\n", strings.Join(names, `", "`), repository))
}

// TestWhatARepositorySetsIsYours: files on the default branch of a repository make a change yours, with the place. A
// quiet run does not read them, and another takes three requests for them.
func TestWhatARepositorySetsIsYours(t *testing.T) {
	w := released(t)
	w.platform()
	w.config("target:\n  repository: acme/platform\n")
	w.ok("run")
	w.yoursIn("acme/platform", "clusters/*/kubelet.yaml", "clusters/c")
	if r := w.ok("run"); r.api != 1 || strings.Contains(r.stderr, "watch.manifests") {
		t.Errorf("a quiet run: %d requests\n%s", r.api, r.stderr)
	}
	w.commit("v1.36", both(promoteVolume, promoteAdmin))
	with := w.ok("run", "--dry-run")
	w.config("target:\n  repository: acme/platform\n")
	if without := w.ok("run", "--dry-run"); with.api != without.api+3 {
		t.Errorf("%d requests with the manifests, %d without", with.api, without.api)
	}
	w.yoursIn("acme/platform", "clusters/*/kubelet.yaml", "clusters/c")
	_, r := w.replayed(t, exitDone, "run")
	if !strings.Contains(r.stderr, `no file of acme/platform matches "clusters/c"`) {
		t.Errorf("a name that matches nothing is not told: %s", r.stderr)
	}
	w.wantIssues(2)
	body := w.issues()[1].Body
	for _, want := range []string{"acme/platform:clusters/a/kubelet.yaml:12", `no file of acme/platform matches "clusters/c"`} {
		if !strings.Contains(unbroken(body), want) {
			t.Errorf("the digest does not say %q:\n%s", want, body)
		}
	}
	yours, rest := strings.Index(body, "## Yours"), strings.Index(body, "ImageVolumeWithDigest")
	if mine := strings.Index(body, "DRAAdminAccess"); yours < 0 || mine < yours || rest < mine {
		t.Errorf("what is yours does not stand first and alone:\n%s", body)
	}
}

// TestARepositoryIsReadOnceForAllDigests: two definitions that are due cost no more than one.
func TestARepositoryIsReadOnceForAllDigests(t *testing.T) {
	w := released(t)
	w.platform()
	const digests = "target:\n  repository: acme/platform\ndigests:\n  - name: a\n    channels: [{type: stdout}]\n  - name: b\n    channels: [{type: stdout}]\n"
	without := w.config(digests).ok("run", "--dry-run").api
	w.config(digests + "watch:\n  manifests: [\"clusters\"]\n  manifests_repository: acme/platform\n")
	r := w.ok("run", "--dry-run")
	if n := strings.Count(r.stdout, "broken.yaml:2"); r.api != without+3 || n != 2 {
		t.Errorf("%d requests, %d without the manifests; told %d times, want 2:\n%s", r.api, without, n, r.stdout)
	}
}

// unbroken is Markdown without what keeps names from becoming mentions and links.
func unbroken(s string) string {
	return strings.NewReplacer("\u200b", "", "`", "", "\\", "").Replace(s)
}

// TestHowFilesOfARepositoryAreNamed: files, patterns and folders, and what of it is told as missing.
func TestHowFilesOfARepositoryAreNamed(t *testing.T) {
	w := released(t)
	w.platform()
	w.config("target:\n  repository: acme/platform\n")
	w.ok("run")
	w.commit("v1.36", both(promoteVolume, promoteAdmin))
	const admin, volume = "acme/platform:clusters/a/kubelet.yaml:12", "acme/platform:clusters/a/README.md:1"
	for _, tt := range []struct {
		names []string
		api   int // more than without
		says  []string
		not   []string
	}{
		{[]string{"clusters/a/kubelet.yaml"}, 3, []string{admin}, []string{"watch.manifests", volume, "kubelet.env"}},
		{[]string{"./clusters/a/"}, 3, []string{admin}, []string{"watch.manifests", volume}}, // prose in a folder is not read
		{[]string{"/clusters"}, 3, []string{admin, "acme/platform:clusters/b/broken.yaml:2: "}, []string{volume}},
		{[]string{"clusters/*/*.md", "clusters/a"}, 3, []string{admin, volume}, []string{"watch.manifests"}},
		{[]string{"*.env"}, 3, []string{"acme/platform:kubelet.env:1 (kubelet)"}, []string{"watch.manifests", admin}},
		{[]string{"."}, 3, []string{admin + " (kubelet) and one more place", "acme/platform:clusters/b/broken.yaml:2: "}, []string{volume, "no file of"}},
		{[]string{"clusters/a/absent.yaml", "fleet/*.yaml"}, 2, []string{`matches "clusters/a/absent.yaml"`, `matches "fleet/*.yaml"`}, []string{"you set it in"}},
		{[]string{"../other/kubelet.yaml", "clusters/a"}, 3, []string{`"../other/kubelet.yaml" leads out of acme/platform`, admin}, []string{"no file of"}},
	} {
		t.Run(strings.Join(tt.names, " "), func(t *testing.T) {
			w.config("target:\n  repository: acme/platform\n")
			without := w.ok("run", "--dry-run").api
			w.yoursIn("acme/platform", tt.names...)
			r := w.ok("run", "--dry-run", "--format", "markdown")
			if r.api != without+tt.api {
				t.Errorf("%d requests more, want %d", r.api-without, tt.api)
			}
			text := unbroken(r.stdout)
			if cost := fmt.Sprintf("Cost: %d requests", r.api); !strings.Contains(text, cost) {
				t.Errorf("the digest does not say %q:\n%s", cost, text)
			}
			for _, want := range tt.says {
				if !strings.Contains(text, want) {
					t.Errorf("the digest does not say %q:\n%s", want, text)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) {
					t.Errorf("the digest says %q:\n%s", not, text)
				}
			}
		})
	}
}

// TestARepositoryThatCannotBeRead: the digest is filed all the same, says what it does not know, and the run succeeds:
// upstream was read, and the digest arrived.
func TestARepositoryThatCannotBeRead(t *testing.T) {
	for _, tt := range []struct {
		name, repository string
		fault            *ghtest.Fault
	}{
		{"it does not exist", "acme/absent", nil},
		{"GitHub fails", "acme/platform", &ghtest.Fault{Kind: ghtest.ServerError, Path: "/repos/acme/platform/git/trees/*", Times: -1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := released(t)
			w.platform()
			w.yoursIn(tt.repository, "clusters")
			if tt.fault != nil {
				w.gh.AddFault(*tt.fault)
			}
			r := w.ok("run")
			const says = "what is set there is not marked as yours"
			if !strings.Contains(r.stderr, "bot: warning: watch.manifests: "+tt.repository+" could not be read (") || !strings.Contains(r.stderr, says) {
				t.Errorf("the run says\n%s", r.stderr)
			}
			w.wantIssues(1)
			if body := w.issues()[0].Body; !strings.Contains(unbroken(body), tt.repository+" could not be read") || !strings.Contains(body, says) {
				t.Errorf("the digest:\n%s", body)
			}
			if r := w.ok("run"); r.api != 1 {
				t.Errorf("the quiet run after it: %d requests\n%s", r.api, r.stderr)
			}
		})
	}
}
