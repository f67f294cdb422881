package trace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

func TestBodyProposals(t *testing.T) {
	for body, want := range map[string][]string{
		"- [KEP]: https://github.com/kubernetes/enhancements/issues/9001":                                                  {"9001"},
		"KEP: https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/kubeadm/0127-user-namespaces/README.md": {"127"},
		"see https://kep.k8s.io/9001 and KEP-9002, kubernetes/enhancements#9001":                                           {"9001", "9002"},
		"https://github.com/kubernetes/enhancements/pull/9003":                                                             nil, // a pull request's number is no proposal's
		"<!-- https://github.com/kubernetes/enhancements/issues/9001 -->":                                                  nil,
		"kubernetes/kubernetes#90001":                                                                                      nil,
	} {
		if d := cmp.Diff(want, BodyProposals(body)); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
}

func TestBodyTickets(t *testing.T) {
	const own = "up/stream"
	for body, want := range map[string][]Issue{
		"Fixes #12":                                    {{own, 12}},
		"closes: #12, resolves other/repo#13":          {{own, 12}, {"other/repo", 13}},
		"Fixes https://github.com/up/stream/issues/12": {{own, 12}},
		"This prefixes #12":                            nil,
		"<!-- Fixes #1 -->":                            nil,
		"```release-note\nFixes #12\n```":              nil,
		"see #12":                                      nil,
	} {
		if d := cmp.Diff(want, BodyTickets(body, own)); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
}

func TestOriginalsAndReverts(t *testing.T) {
	if got := Originals("Automated cherry pick of #101: bring it on", ""); !cmp.Equal(got, []int{101}) {
		t.Errorf("an automated one: %v", got)
	}
	if got := Originals("[1.30] Bring it on (cherry-pick)", "Cherry pick of #101, #102 and #103 on release-1.30.\n\n#104: other"); !cmp.Equal(got, []int{101, 102, 103}) {
		t.Errorf("one by its body: %v", got)
	}
	if got := Originals("Fix what the cherry tree shows", "see #101"); got != nil {
		t.Errorf("no cherry-pick: %v", got)
	}
	if got := Originals("Bring it on", "Cherry picking of #101 failed"); got != nil {
		t.Errorf("one that speaks of them: %v", got)
	}
	if got, undoes := Reverts(`Revert "Bring it on"`, "Reverts kubernetes/kubernetes#101"); !undoes || !cmp.Equal(got, []int{101}) {
		t.Errorf("a revert: %v, %v", got, undoes)
	}
	if got, undoes := Reverts("Bring it on again", "It was reverted by #102."); undoes || got != nil {
		t.Errorf("one that tells of a revert: %v, %v", got, undoes)
	}
}

func subjectOf(steps ...Step) Subject {
	return Subject{Gate: "FastWidget", Steps: steps, Latest: "1.36"}
}

func pullClaim(rule string, pr string, stage gate.Stage, version string, how Confidence) Claim {
	return Claim{What: ToPull, Stage: stage, Version: version, Evidence: Evidence{Rule: rule, Target: "up/stream#" + pr, Source: rule, Confidence: how}}
}

func TestCombine(t *testing.T) {
	alpha := Step{Roles: []Role{Introduced}, Stage: gate.Alpha, Version: "1.30", Stated: true}
	beta := Step{Roles: []Role{Promoted}, Stage: gate.Beta, Version: "1.32", Stated: true}
	on := Step{Roles: []Role{Flipped}, Stage: gate.Beta, Version: "1.33", Default: true, Stated: true}
	s := subjectOf(alpha, beta, on)
	links := func(claims []Claim, remarks map[string]string) []string {
		var out []string
		for _, st := range Combine(s, claims, remarks).Stages {
			for _, l := range st.PRs {
				out = append(out, st.Version+" "+l.Target+" "+string(l.Confidence))
			}
		}
		return out
	}
	tests := []struct {
		name   string
		claims []Claim
		want   []string
	}{
		{"two families make it certain", []Claim{pullClaim(RuleHistory, "1", gate.Beta, "1.32", Likely), pullClaim(RuleNoteWords, "1", gate.Beta, "1.32", Likely)}, []string{"1.32 up/stream#1 certain"}},
		{"one family twice does not", []Claim{pullClaim(RuleHistory, "1", gate.Beta, "1.32", Likely), {What: ToPull, Stage: gate.Beta, Version: "1.32", Evidence: Evidence{Rule: RuleHistory, Target: "up/stream#1", Source: "elsewhere", Confidence: Likely}}}, []string{"1.32 up/stream#1 likely"}},
		{"two guesses of two families", []Claim{pullClaim(RuleHistory, "1", gate.Beta, "1.32", Possible), pullClaim(RuleNoteWords, "1", gate.Beta, "1.32", Possible)}, []string{"1.32 up/stream#1 likely"}},
		{"a search confirms nothing", []Claim{pullClaim("search", "1", gate.Beta, "1.32", Possible), pullClaim(RuleNoteWords, "1", gate.Beta, "1.32", Possible)}, []string{"1.32 up/stream#1 possible"}},
		{"the likelier first, the same step keeps several", []Claim{pullClaim(RuleNoteWords, "2", gate.Beta, "1.32", Possible), pullClaim(RuleNoteWords, "1", gate.Beta, "1.32", Likely)}, []string{"1.32 up/stream#1 likely", "1.32 up/stream#2 possible"}},
		{"a certain one silences guesses", []Claim{pullClaim(RuleNoteWords, "2", gate.Beta, "1.32", Possible), pullClaim(RuleBlame, "1", gate.Beta, "1.32", Certain)}, []string{"1.32 up/stream#1 certain"}},
		{"a stage that never was is not invented", []Claim{pullClaim(RuleNoteWords, "1", gate.GA, "1.34", Likely)}, nil},
		{"nor a release far off", []Claim{pullClaim(RuleNoteWords, "1", gate.Alpha, "1.25", Likely)}, nil},
		{"a plan that slipped by one release", []Claim{pullClaim(RuleHistory, "1", gate.Alpha, "1.29", Likely)}, []string{"1.30 up/stream#1 possible"}},
		{"a stage without a release is the promotion, not the flip", []Claim{pullClaim(RuleHistory, "1", gate.Beta, "", Likely)}, []string{"1.32 up/stream#1 likely"}},
		{"a release without words", []Claim{pullClaim(RuleHistory, "1", "", "1.33", Likely)}, []string{"1.33 up/stream#1 possible"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, links(tt.claims, nil)); d != "" {
				t.Error(d)
			}
			back := []Claim{}
			for i := range tt.claims {
				back = append(back, tt.claims[len(tt.claims)-1-i])
			}
			if d := cmp.Diff(tt.want, links(back, nil)); d != "" {
				t.Errorf("in another order: %s", d)
			}
		})
	}
	undone := links([]Claim{pullClaim(RuleBlame, "1", gate.Beta, "1.32", Certain), pullClaim(RuleNoteWords, "2", gate.Beta, "1.32", Likely)}, map[string]string{"up/stream#1": "reverted by up/stream#3"})
	if d := cmp.Diff([]string{"1.32 up/stream#2 likely", "1.32 up/stream#1 possible"}, undone); d != "" {
		t.Errorf("what was undone: %s", d)
	}
}

func TestSettle(t *testing.T) {
	repo := Repository{Name: "up/stream", WebURL: "https://x.test/up/stream"}
	at := time.Unix(1, 0)
	pulls := map[int]Pull{
		1: {Number: 1, Title: "Promote FastWidget", Merged: at},
		2: {Number: 2, Title: "Automated cherry pick of #1: promote", Merged: at},
		3: {Number: 3, Title: `Revert "Promote FastWidget"`, Body: "Reverts #1", Merged: at},
		4: {Number: 4, Title: "Promote FastWidget, never merged"},
	}
	var claims []Claim
	for _, n := range []string{"2", "3", "4", "5"} {
		claims = append(claims, pullClaim(RuleNoteWords, n, gate.Beta, "1.32", Likely))
	}
	settled, remarks := Settle(claims, pulls, repo)
	var got []string
	for _, c := range settled {
		got = append(got, c.Target+" "+c.Source)
	}
	if d := cmp.Diff([]string{"up/stream#1 note-words, through its cherry-pick up/stream#2", "up/stream#5 note-words"}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"up/stream#1": "reverted by up/stream#3"}, remarks); d != "" {
		t.Error(d)
	}
}
