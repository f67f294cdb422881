package trace

import (
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
)

// Told is one thing that a text says was done to a gate.
type Told struct {
	Role  Role
	Stage gate.Stage // "" where the text names none
	// Beside says that the words stand in another sentence than the gate's name. The text is then of one
	// gate only.
	Beside bool
}

// The marks that stand for names while a sentence is read.
const (
	thisGate  = "\x01"
	otherGate = "\x02"
)

// Tell reads what a text, a release note mostly, says was done to a gate: "Promoted the X feature gate to beta",
// "X is stable now", "Removed X". A text that only mentions the gate ("Fixed a crash when X is on") says
// nothing. isGate knows the names of all gates, so that each gets its own words: "Promoted X to beta and Y to GA".
func Tell(text string, subject Subject, isGate func(word string) bool) []Told {
	var own, beside []Told
	named, others := false, false
	for _, c := range clauses(text) {
		words, here, other := mark(c, subject, isGate)
		others = others || other
		if here {
			named = true
			own = append(own, tellOf(words)...)
			continue
		}
		if !other {
			beside = append(beside, besideOf(words)...)
		}
	}
	if !named {
		return nil
	}
	out := compact(own)
	hasStage := slices.ContainsFunc(out, func(t Told) bool { return t.Stage != "" || t.Role == Removed })
	if !hasStage && !others && !slices.ContainsFunc(own, func(t Told) bool { return t.Role == mentioned }) {
		out = append(out, compact(beside)...)
	}
	if out = slices.DeleteFunc(out, func(t Told) bool { return t.Role == mentioned }); len(out) == 0 {
		return nil
	}
	return out
}

// mentioned marks a sentence that says of itself that it is about something else.
const mentioned Role = "mentioned"

func compact(list []Told) []Told {
	var out []Told
	for _, t := range list {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// clauses cuts a text into sentences, bullets and parts between semicolons. A point within a word or a number
// ("v1.2", "etcd.io") ends nothing.
func clauses(text string) []string {
	var out []string
	start := 0
	put := func(end int) {
		if c := strings.TrimSpace(text[start:end]); c != "" {
			out = append(out, c)
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n' || c == ';':
		case (c == '.' || c == ':' || c == '!') && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n'):
			if c == ':' && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(text[start:i])), "action required") {
				continue
			}
		default:
			continue
		}
		put(i)
		start = i + 1
	}
	put(len(text))
	return out
}

// mark makes small words of a sentence, with marks for gates' names.
func mark(clause string, subject Subject, isGate func(string) bool) (words []string, here, other bool) {
	for _, w := range strings.FieldsFunc(clause, func(r rune) bool {
		return r != '_' && r != '-' && r != '\'' && r != '/' && r != '=' && r != '.' && r < 0x80 && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		w = strings.Trim(w, ".-'/")
		name, _, _ := strings.Cut(w, "=")
		switch {
		case w == "":
		case subject.names(name):
			words, here = append(words, thisGate), true
		case isGate(name):
			words, other = append(words, otherGate), true
		default:
			words = append(words, strings.ToLower(w))
		}
	}
	return words, here, other
}

func stageOf(word string) (gate.Stage, bool) {
	switch word {
	case "alpha", "alpha-level":
		return gate.Alpha, true
	case "beta", "beta-level":
		return gate.Beta, true
	case "ga", "stable", "ga'd", "ga-ed", "gaed", "v1":
		return gate.GA, word != "v1"
	case "deprecated", "deprecation":
		return gate.Deprecated, true
	}
	return "", false
}

func among(word string, list ...string) bool { return slices.Contains(list, word) }

// verb says what a word does to what follows it.
func verb(w string) Role {
	switch {
	case among(w, "promote", "promotes", "promoted", "promoting", "graduate", "graduates", "graduated", "graduating", "graduation", "promotion", "move", "moves", "moved", "advance", "advanced", "advances", "bump", "bumped", "bumps", "mark", "marked", "upgraded", "transitioned"):
		return Promoted
	case among(w, "remove", "removes", "removed", "removing", "drop", "drops", "dropped", "delete", "deletes", "deleted", "cleanup", "removal"):
		return Removed
	case among(w, "lock", "locks", "locked", "locking", "locktodefault"):
		return Locked
	case among(w, "unlock", "unlocks", "unlocked"):
		return Unlocked
	case among(w, "add", "adds", "added", "adding", "introduce", "introduces", "introduced", "introducing", "new", "create", "created"):
		return Introduced
	case among(w, "deprecate", "deprecates", "deprecating"):
		return Demoted // a word for the stage deprecated; see tellOf
	case among(w, "revert", "reverts", "reverted", "reverting", "fix", "fixes", "fixed", "fixing", "bug", "bugfix", "regression"):
		return mentioned
	}
	return ""
}

// filler are the words that may stand between a verb and the gate it is done to.
func filler(w string) bool {
	if _, ok := stageOf(w); ok {
		return true
	}
	return w == otherGate || w == thisGate || among(w, "the", "a", "an", "and", "of", "feature", "features", "feature-gate", "featuregate", "gate", "gates", "gated", "kubelet", "scheduler", "kube-apiserver", "apiserver",
		"generally", "available", "now", "unused", "locked", "following", "obsolete", "old", "graduated", "called", "named", "support", "for", "from", "to", "its", "on", "default", "enabled", "by", "up", "or", "both", "defunct", "long", "general", "availability", "up")
}

// tellOf reads a sentence that has the gate.
func tellOf(words []string) []Told {
	words = general(words)
	first := slices.Index(words, thisGate)
	head, tail := words[:first], words[first+1:]
	// Gates in a row share what is said of them; what follows another name after that is that one's.
	rest := tail
	for len(rest) > 0 && (rest[0] == otherGate || rest[0] == thisGate || among(rest[0], "and", "feature", "features", "gate", "gates", "feature-gate", "featuregate", "the")) {
		rest = rest[1:]
	}
	row := tail[:len(tail)-len(rest)]
	if i := slices.Index(rest, otherGate); i >= 0 && !slices.Contains(row, otherGate) {
		rest = rest[:ownPart(rest, i)]
	}
	if i := lastIndex(head, otherGate); i >= 0 && !allFill(head[i:]) {
		// Before the name only what follows the last other one is ours, but for its verb, which may be shared:
		// "Promoted A to GA and B to beta".
		shared := ""
		for _, w := range head[:i] {
			if r := verb(w); r != "" {
				shared = w
			}
		}
		head = head[i+1:]
		if shared != "" && !slices.ContainsFunc(head, func(w string) bool { return verb(w) != "" }) {
			head = append([]string{shared}, slices.DeleteFunc(slices.Clone(head), func(w string) bool { _, ok := stageOf(w); return ok })...)
		}
	}
	return judge(head, rest)
}

// general makes one word of "general availability" and "generally available".
func general(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		if i+1 < len(words) && (words[i] == "general" && words[i+1] == "availability" || words[i] == "generally" && words[i+1] == "available") {
			out, i = append(out, "ga"), i+1
			continue
		}
		out = append(out, words[i])
	}
	return out
}

// ownPart cuts what is said before another gate's name to where that one's part begins: at the last "and".
func ownPart(rest []string, i int) int {
	if j := lastIndex(rest[:i], "and"); j > 0 {
		return j
	}
	return i
}

func allFill(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !filler(w) })
}

func lastIndex(words []string, w string) int {
	for i, x := range slices.Backward(words) {
		if x == w {
			return i
		}
	}
	return -1
}

// judge says what head and tail, the words around the name, tell.
func judge(head, tail []string) []Told {
	// The last verb of the head decides, unless the gate stands in a condition.
	role, at := Role(""), -1
	for i, w := range head {
		if w == "deprecated" && (i == 0 || !among(head[i-1], "is", "are", "was", "the", "a")) {
			role, at = Demoted, i
			continue
		}
		if r := verb(w); r != "" {
			if r == Promoted && among(w, "move", "moves", "moved", "mark", "marked", "bump", "bumped", "bumps") && !hasStageAfter(append(slices.Clone(head[i:]), tail...)) {
				continue
			}
			if role == mentioned { // "Fixed …, and removed …" is still about the fix
				continue
			}
			role, at = r, i
		}
	}
	if role == mentioned {
		return []Told{{Role: mentioned}}
	}
	var between []string
	if at >= 0 {
		between = head[at+1:]
	}
	conditional := slices.ContainsFunc(lastOf(head, 5), func(w string) bool {
		return among(w, "when", "if", "unless", "without", "while", "whenever", "requires", "require")
	}) ||
		slices.ContainsFunc(lastOf(head, 4), func(w string) bool { return w == "with" }) && len(tail) > 0 && among(firstReal(tail), "enabled", "disabled", "on", "off", "set")
	var out []Told
	switch role {
	case Promoted:
		if s, ok := target(tail); ok {
			out = append(out, promotedTo(s))
		} else if s, ok := target(between); ok && !conditional {
			out = append(out, promotedTo(s))
		}
	case Removed:
		if allFill(between) {
			out = append(out, Told{Role: Removed})
		}
	case Locked, Unlocked:
		if allFill(between) {
			out = append(out, Told{Role: role})
		}
	case Introduced:
		named := allFill(between) || slices.Contains(lastOf(between, 5), "gate") || slices.Contains(firstOf(tail, 3), "gate") || slices.Contains(firstOf(tail, 3), "featuregate")
		stage, ok := anyStage(slices.Concat(between, firstOf(tail, 6)))
		switch {
		case conditional:
		case named && ok:
			out = append(out, Told{Role: Introduced, Stage: stage})
		case named && !slices.Contains(between, "flag"):
			out = append(out, Told{Role: Introduced})
		case ok && stage == gate.Alpha:
			out = append(out, Told{Role: Introduced, Stage: stage})
		}
	case Demoted:
		if allFill(between) {
			out = append(out, Told{Role: Promoted, Stage: gate.Deprecated})
		}
	}
	if conditional && role != Promoted {
		return out
	}
	return append(out, predicate(tail, role)...)
}

// predicate reads what follows the name: "is beta now", "has been removed", "can no longer be turned off".
func predicate(tail []string, role Role) []Told {
	var out []Told
	is := false
	for i, w := range tail {
		if i > 12 {
			break
		}
		switch {
		case among(w, "is", "are", "was", "were", "goes", "reaches", "reached", "becomes", "became", "been", "being", "now", "gets", "has", "have"):
			is = true
			continue
		case among(w, "will", "would", "planned", "later", "next", "future", "if", "when", "unless"):
			return out
		}
		if verb(w) == Promoted && role != Promoted {
			if s, ok := target(tail[i+1:]); ok {
				return append(out, promotedTo(s))
			}
		}
		if !is {
			if s, ok := stageOf(w); ok && i <= 2 && role == "" {
				out = append(out, promotedTo(s))
			}
			continue
		}
		if s, ok := stageOf(w); ok && role != Promoted && role != Introduced && role != Removed {
			out = append(out, promotedTo(s))
			continue
		}
		switch {
		case among(w, "removed", "dropped", "deleted", "gone") && role != Removed:
			out = append(out, Told{Role: Removed})
		case among(w, "locked") && role != Locked:
			out = append(out, Told{Role: Locked})
		case among(w, "added", "introduced") && role != Introduced:
			out = append(out, Told{Role: Introduced})
		}
	}
	if role == Removed {
		return out
	}
	text := strings.Join(tail, " ")
	switch {
	case strings.Contains(text, "no longer be") || strings.Contains(text, "can not be disabled") || strings.Contains(text, "cannot be disabled") || strings.Contains(text, "locktodefault") || strings.Contains(text, "locked to"):
		if role != Locked {
			out = append(out, Told{Role: Locked})
		}
	case strings.Contains(text, "by default") && (strings.Contains(text, "enabled") || strings.Contains(text, "disabled") || strings.Contains(text, "on by") || strings.Contains(text, "off by")):
		if role != Introduced && !strings.Contains(text, "stays") && !strings.Contains(text, "remains") {
			out = append(out, Told{Role: Flipped})
		}
	}
	return compact(out)
}

// besideOf reads a sentence without any gate's name.
func besideOf(words []string) []Told {
	words = general(words)
	for i, w := range words {
		switch verb(w) {
		case mentioned:
			return nil
		case Promoted:
			if s, ok := target(words[i+1:]); ok {
				return []Told{{Role: Promoted, Stage: s, Beside: true}}
			}
		}
	}
	for i, w := range words {
		if s, ok := stageOf(w); ok && i > 0 && among(words[i-1], "is", "are", "now", "as", "in", "goes", "reached", "an", "a", "new") {
			t := promotedTo(s)
			t.Beside = true
			return []Told{t}
		}
	}
	return nil
}

// promotedTo is introduced where the stage is the first there can be. Beta and stable may be the first, too:
// whoever matches it with a step asks for the stage alone.
func promotedTo(s gate.Stage) Told {
	if s == gate.Alpha {
		return Told{Role: Introduced, Stage: s}
	}
	return Told{Role: Promoted, Stage: s}
}

// target is the stage that "to" leads to, else the first named that is not "from".
func target(words []string) (gate.Stage, bool) {
	for i, w := range words {
		if s, ok := stageOf(w); ok && i > 0 && (among(words[i-1], "to", "into", "as") || i > 1 && among(words[i-2], "to", "into", "as")) {
			return s, true
		}
	}
	for i, w := range words {
		if s, ok := stageOf(w); ok && (i == 0 || words[i-1] != "from") && i <= 8 {
			return s, true
		}
	}
	return "", false
}

func anyStage(words []string) (gate.Stage, bool) {
	for _, w := range words {
		if s, ok := stageOf(w); ok {
			return s, true
		}
	}
	return "", false
}

func hasStageAfter(words []string) bool {
	_, ok := target(words)
	return ok
}

func lastOf(words []string, n int) []string { return words[max(0, len(words)-n):] }

func firstOf(words []string, n int) []string { return words[:min(n, len(words))] }

func firstReal(words []string) string {
	for _, w := range words {
		if !among(w, "feature", "gate", "gates", "featuregate", "feature-gate", "is", "are", "being") {
			return w
		}
	}
	return ""
}
