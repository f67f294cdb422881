package trace_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/trace"
)

// explain is how the rules are used together.
func (w *goldWorld) explain(name string, withPulls bool, more func(trace.Subject) []trace.Claim) trace.Life {
	s := w.subject(name)
	var mine []trace.Proposal
	for _, p := range w.proposals {
		if len(trace.FromProposals(s, []trace.Proposal{p})) > 0 {
			mine = append(mine, p)
		}
	}
	s = trace.Complete(s, mine, w.notes, w.isGate)
	claims := trace.FromProposals(s, mine)
	if n := w.comments[name]; n != "" {
		claims = append(claims, trace.FromComment(n, "pkg/features/kube_features.go:1"))
	}
	claims = append(claims, trace.FromNotes(s, w.notes, kubernetes, w.isGate)...)
	claims = append(claims, trace.FromHistory(s, mine, kubernetes, w.isGate)...)
	if more != nil {
		claims = append(claims, more(s)...)
	}
	var pulls map[int]trace.Pull
	if withPulls {
		pulls = w.pulls
	}
	settled, remarks := trace.Settle(claims, pulls, kubernetes)
	life := trace.Combine(s, settled, remarks)
	settled = append(settled, trace.FromPulls(s, life.Stages, pulls, kubernetes)...)
	return trace.Combine(s, settled, remarks)
}

// score counts how well the links of lives are.
type score struct {
	rows, staged, first, three  int
	kepRight, kepWrong, kepMiss int
	certain                     int
	wrong                       []string // certain links that are not right, and stages that have the wrong first
	byRule                      map[string][2]int
}

func measure(w *goldWorld, life func(name string) trace.Life) score {
	s := score{byRule: map[string][2]int{}}
	lives := map[string]trace.Life{}
	for _, r := range w.rows {
		l, done := lives[r.gate]
		if !done {
			l = life(r.gate)
			lives[r.gate] = l
			found := false
			for _, k := range l.KEPs {
				if k.Target == "KEP-"+r.kep {
					s.kepRight, found = s.kepRight+1, true
					continue
				}
				s.kepWrong++
				s.wrong = append(s.wrong, fmt.Sprintf("%s: %s by %s (%s)", r.gate, k.Target, k.Rule, k.Confidence))
			}
			if !found {
				s.kepMiss++
				s.wrong = append(s.wrong, r.gate+": KEP-"+r.kep+" was not found")
			}
		}
		s.rows++
		i := slices.IndexFunc(l.Stages, func(st trace.Stage) bool { return st.Stage == r.stage && st.Version == r.version })
		if i < 0 {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: has no %s in %s", r.gate, r.stage, r.version))
			continue
		}
		s.staged++
		prs := l.Stages[i].PRs
		for _, p := range prs {
			right := slices.Contains(r.prs, p.Target)
			n := s.byRule[p.Rule]
			if right {
				n[0]++
			} else {
				n[1]++
			}
			s.byRule[p.Rule] = n
			if p.Confidence == trace.Certain {
				s.certain++
				if !right {
					s.wrong = append(s.wrong, fmt.Sprintf("%s: certain of %s for %s in %s by %s at %s, want %v", r.gate, p.Target, r.stage, r.version, p.Rule, p.Source, r.prs))
				}
			}
		}
		if len(prs) > 0 && slices.Contains(r.prs, prs[0].Target) {
			s.first++
		}
		if slices.ContainsFunc(prs[:min(3, len(prs))], func(p trace.Link) bool { return slices.Contains(r.prs, p.Target) }) {
			s.three++
		}
	}
	return s
}

func (s score) String() string {
	of := func(n, all int) string { return fmt.Sprintf("%d/%d (%.3f)", n, all, float64(n)/float64(max(all, 1))) }
	var b strings.Builder
	fmt.Fprintf(&b, "stages known %s, PR first %s, within three %s, certain %d; KEP precision %s, recall %s\n",
		of(s.staged, s.rows), of(s.first, s.rows), of(s.three, s.rows), s.certain, of(s.kepRight, s.kepRight+s.kepWrong), of(s.kepRight, s.kepRight+s.kepMiss))
	for _, r := range slices.Sorted(maps.Keys(s.byRule)) {
		fmt.Fprintf(&b, "  %-14s right %3d, wrong %3d\n", r, s.byRule[r][0], s.byRule[r][1])
	}
	for _, line := range s.wrong {
		fmt.Fprintf(&b, "  ! %s\n", line)
	}
	return b.String()
}

// wrongCertain are the certain links that are not right.
func (s score) wrongCertain() int {
	n := 0
	for _, line := range s.wrong {
		if strings.Contains(line, "certain") {
			n++
		}
	}
	return n
}

func ratio(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// What texts alone tell: notes and proposals, without a token and without git's history. Half of the stages are not
// told of by anybody, as upstream.
func TestTextsAlone(t *testing.T) {
	w := newGoldWorld(t)
	s := measure(w, func(name string) trace.Life { return w.explain(name, false, nil) })
	t.Log(s)
	if p := ratio(s.kepRight, s.kepRight+s.kepWrong); p < 0.98 {
		t.Errorf("precision of proposals %.3f, want 0.98", p)
	}
	if r := ratio(s.kepRight, s.kepRight+s.kepMiss); r < 0.95 {
		t.Errorf("recall of proposals %.3f, want 0.95", r)
	}
	if s.wrongCertain() > 0 {
		t.Error("a certain link is wrong")
	}
}
