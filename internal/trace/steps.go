package trace

import (
	"slices"

	"github.com/upstream-digest/bot/internal/gate"
)

// State is what a gate was from a release on.
type State struct {
	Version string // "1.21"; "" for the oldest release that is known, which may have had it so for long
	Removed bool
	Stage   gate.Stage
	Default bool
	Locked  bool
	Source  string
}

// Steps makes steps of the states that a gate went through, oldest first: each says what it did.
func Steps(states []State) []Step {
	var out []Step
	var last *State
	for _, now := range states {
		st := Step{Stage: now.Stage, Default: now.Default, Locked: now.Locked, Stated: !now.Removed, Version: now.Version, Source: now.Source}
		switch {
		case now.Removed && last == nil:
			continue
		case now.Removed:
			st.Roles, st.Stage = []Role{Removed}, ""
		case last == nil && now.Version == "":
		case last == nil:
			st.Roles = []Role{Introduced}
		default:
			st.Roles = turned(*last, now)
		}
		if last != nil && len(st.Roles) == 0 {
			continue // nothing that anybody would notice
		}
		out = append(out, st)
		last = nil
		if !now.Removed {
			last = &now
		}
	}
	return out
}

// turned is what differs between two states.
func turned(from, to State) []Role {
	var out []Role
	order := []gate.Stage{gate.PreAlpha, gate.Alpha, gate.Beta, gate.GA, gate.Deprecated}
	switch a, b := slices.Index(order, from.Stage), slices.Index(order, to.Stage); {
	case b > a:
		out = append(out, Promoted)
	case b < a:
		out = append(out, Demoted)
	}
	if from.Default != to.Default {
		out = append(out, Flipped)
	}
	if from.Locked != to.Locked {
		if to.Locked {
			out = append(out, Locked)
		} else {
			out = append(out, Unlocked)
		}
	}
	return out
}
