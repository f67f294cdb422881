package trace_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/trace"
)

// The last resort takes what was merged, says what was done, and is nearest; it says nothing where others know.
func TestSearch(t *testing.T) {
	s := trace.Subject{Gate: "CRIContainerLogRotation"}
	alpha := trace.Stage{Step: trace.Step{Roles: []trace.Role{trace.Introduced}, Stage: gate.Alpha, Version: "1.10"}}
	beta := trace.Stage{Step: trace.Step{Roles: []trace.Role{trace.Promoted}, Stage: gate.Beta, Version: "1.11"}}
	gone := trace.Stage{Step: trace.Step{Roles: []trace.Role{trace.Removed}, Version: "1.22"}}
	known := beta
	known.PRs = []trace.Link{{Evidence: trace.Evidence{Target: "kubernetes/kubernetes#1"}}}
	at := time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)
	pull := func(n int, title string, files ...string) trace.Pull {
		return trace.Pull{Number: n, Title: title, Merged: at, Files: files}
	}
	unmerged := pull(9, "Add container log rotation for CRI runtimes, first try")
	unmerged.Merged = time.Time{}
	found := []trace.Pull{
		pull(10, "Fix container log rotation in CRI tests"), unmerged,
		pull(11, "Enable container log rotation for CRI runtimes"),
		pull(12, "Add log rotation of a CRI container", "pkg/features/kube_features.go"),
		pull(13, "Promote CRIContainerLogRotation to beta"), pull(14, "Promote CRI container log rotation to GA"),
		pull(15, "Revert \"Promote CRIContainerLogRotation to beta\""), pull(16, "Automated cherry pick of #13: Promote CRIContainerLogRotation to beta"),
		pull(17, "Rotate logs by default"), pull(18, "Remove the CRIContainerLogRotation gate"),
	}
	isGate := func(w string) bool { return w == s.Gate }
	for name, tt := range map[string]struct {
		stages []trace.Stage
		want   string
	}{
		"alpha":                  {[]trace.Stage{alpha}, "#12 #11"},
		"beta":                   {[]trace.Stage{beta}, "#13"},
		"removed":                {[]trace.Stage{gone}, "#18"},
		"one that others know":   {[]trace.Stage{known}, ""},
		"nothing is known of it": {nil, ""},
	} {
		var got []string
		for _, c := range trace.FromSearch(s, tt.stages, found, kubernetes, isGate) {
			got = append(got, strings.TrimPrefix(c.Target, "kubernetes/kubernetes"))
			if c.Confidence != trace.Possible || c.Rule != trace.RuleSearch {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
	if q := trace.Searches(s); !slices.Equal(q, []string{`"CRIContainerLogRotation" in:title,body`, "cri container log rotation in:title"}) {
		t.Errorf("%q", q)
	}
}
