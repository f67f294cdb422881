package trace

import (
	"regexp"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// A registration file is read by its lines here, not by the parser of package gate: what is wanted is the line that
// blame is asked for, of one file alone, in every era and at hundreds of commits.

// Compiled once and never changed.
var (
	keyForm     = regexp.MustCompile(`^\s*(?:\w+\.)?(\w+):\s*\{(.*)$`)
	versionForm = regexp.MustCompile(`MustParse\("v?(\d+\.\d+)"\)`)
	stageForm   = regexp.MustCompile(`\bPreRelease:\s*(?:\w+\.)?(\w+)`)
	defaultForm = regexp.MustCompile(`\bDefault:\s*(true|false)\b`)
	lockForm    = regexp.MustCompile(`\bLockToDefault:\s*true\b`)
)

// spot is one spec as it stands in a file.
type spot struct {
	version string // "" in eras without versions
	stage   gate.Stage
	on      bool
	locked  bool
	line    int
}

// spots reads the specs of all gates of a file, by the constant's name.
func spots(src []byte) map[string][]spot {
	out := map[string][]spot{}
	key := ""
	n := 0
	for line := range strings.Lines(string(src)) {
		n++
		code, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "//")
		body := code
		if m := keyForm.FindStringSubmatch(code); m != nil && m[1] != "FeatureSpec" {
			key, body = m[1], m[2]
		} else if strings.TrimSpace(code) == "}," || strings.TrimSpace(code) == "}" {
			key = ""
			continue
		}
		if key == "" || !strings.Contains(body, "Default:") {
			continue
		}
		s := spot{line: n, stage: gate.GA, locked: lockForm.MatchString(body)}
		if m := versionForm.FindStringSubmatch(body); m != nil {
			s.version = m[1]
		}
		if m := stageForm.FindStringSubmatch(body); m != nil {
			s.stage = stageCalled(m[1])
		}
		if m := defaultForm.FindStringSubmatch(body); m != nil {
			s.on = m[1] == "true"
		}
		out[key] = append(out[key], s)
	}
	return out
}

func stageCalled(identifier string) gate.Stage {
	switch strings.ToLower(identifier) {
	case "prealpha":
		return gate.PreAlpha
	case "alpha":
		return gate.Alpha
	case "beta":
		return gate.Beta
	case "deprecated":
		return gate.Deprecated
	}
	return gate.GA
}

// find is the spec that a step made, where the file has it: by its version, or in eras without by what was in
// force.
func find(list []spot, st Step) (spot, bool) {
	for _, s := range list {
		if s.stage != st.Stage || st.Stated && (s.on != st.Default || s.locked != st.Locked) {
			continue
		}
		if s.version == "" || s.version == st.Version {
			return s, true
		}
	}
	return spot{}, false
}
