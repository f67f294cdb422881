package trace

import (
	"fmt"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
)

// RuleKEPComment is the rule that reads the `kep:` lines of a gate's doc comment.
const RuleKEPComment = "kep-comment"

// FromComments gives one piece of evidence for each proposal that the doc comment of the changed gate
// names, in the comment's order and each once. The newest side counts: of a removed gate the base
// commit's comment, otherwise the new one, so that a corrected number is not shown beside the wrong one.
//
// It is Certain, because the gate's owners wrote the number themselves. A change that is not of a gate,
// or whose comment names none, gives nil: untraced, never a guess.
func FromComments(c diff.Change) []Evidence {
	g := newest(c)
	if g == nil {
		return nil
	}
	source := g.Declared.File
	if g.Declared.Line > 0 {
		source = fmt.Sprintf("%s:%d", source, g.Declared.Line)
	}
	var out []Evidence
	seen := make(map[string]bool, len(g.KEPs))
	for _, n := range g.KEPs {
		if !isNumber(n) || seen[n] {
			continue
		}
		seen[n] = true
		out = append(out, kepEvidence(n, RuleKEPComment, source, Certain))
	}
	return out
}

func newest(c diff.Change) *gate.Gate {
	switch {
	case c.Gate == nil:
		return nil
	case c.Gate.After != nil:
		return c.Gate.After
	default:
		return c.Gate.Before
	}
}

// isNumber keeps what stands in upstream's comments from becoming part of an address.
func isNumber(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 9
}

// FromComment is the claim of a doc comment that names a proposal, for a gate that is no change.
func FromComment(number, source string) Claim {
	return Claim{What: ToProposal, Evidence: kepEvidence(number, RuleKEPComment, source, Certain)}
}
