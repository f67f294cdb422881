package trace

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/changelog"
	"github.com/upstream-digest/bot/internal/gate"
)

// RuleNoteWords is a release note that says in words what was done to the gate.
const RuleNoteWords = "note-words"

// ReleaseNote is a note and where it stands.
type ReleaseNote struct {
	Version string // "1.36.0-beta.1"
	File    string // "CHANGELOG/CHANGELOG-1.36.md"
	changelog.Note
}

func (n ReleaseNote) source() string {
	if n.File == "" {
		return "release notes of v" + strings.TrimPrefix(n.Version, "v")
	}
	return fmt.Sprintf("%s:%d", n.File, n.Line)
}

// Repository names a repository and its address.
type Repository struct {
	Name   string // "kubernetes/kubernetes"
	WebURL string // "https://github.com/kubernetes/kubernetes"
}

func (r Repository) pull(n int) (target, url string) {
	return r.Name + "#" + strconv.Itoa(n), strings.TrimRight(r.WebURL, "/") + "/pull/" + strconv.Itoa(n)
}

// Issue is the target and the address of an issue of any repository of the same host.
func (r Repository) issue(repository string, n int) (target, url string) {
	server := strings.TrimSuffix(strings.TrimRight(r.WebURL, "/"), "/"+r.Name)
	return repository + "#" + strconv.Itoa(n), server + "/" + repository + "/issues/" + strconv.Itoa(n)
}

// FromNotes reads the release notes that name a gate. A note that says what was done is likely its pull
// request's doing; one that says it in a sentence beside the name, or in the notes of a patch, whose pull
// requests are copies with numbers of their own, is possible. So is one that only a pre-release has: what it tells of may have been
// undone before the release, and where the release itself names another pull request for the same, it was. One that only
// mentions the gate is a note, and says nothing of pull requests. The proposals that a note's data links are likely.
func FromNotes(s Subject, notes []ReleaseNote, repo Repository, isGate func(string) bool) []Claim {
	var out []Claim
	final := finals(notes)
	told := map[doing]bool{} // by final notes
	var early []Claim
	for _, n := range notes {
		named := changelog.Mentions(n.Text, s.names)
		if len(named) == 0 {
			continue
		}
		version := gate.MinorOf(n.Version)
		out = append(out, Claim{What: ToNote, Version: version, Evidence: Evidence{
			Rule: RuleReleaseNote, Target: "v" + strings.TrimPrefix(n.Version, "v"), URL: strings.TrimRight(repo.WebURL, "/") + "/releases/tag/v" + strings.TrimPrefix(n.Version, "v"),
			Source: n.source(), Confidence: Certain,
		}})
		for _, k := range n.KEPs {
			if isNumber(k) {
				out = append(out, Claim{What: ToProposal, Evidence: kepEvidence(k, RuleNoteData, n.source(), Likely)})
			}
		}
		for _, t := range Tell(n.Text, s, isGate) {
			how := Likely
			if t.Beside || t.Role == Flipped && t.Stage == "" || isPatch(n.Version) || len(n.PRs) > 2 {
				how = Possible
			}
			for _, pr := range n.PRs {
				target, url := repo.pull(pr)
				c := Claim{What: ToPull, Role: t.Role, Stage: t.Stage, Version: version, Evidence: Evidence{
					Rule: RuleNoteWords, Target: target, URL: url, Source: n.source(), Confidence: how,
				}}
				shipped, known := final[version]
				switch {
				case known && isPre(n.Version) && !shipped[pr]:
					c.Confidence = Possible
					early = append(early, c)
					continue
				case known && !isPre(n.Version) && !isPatch(n.Version):
					told[doing{version, t.Role, t.Stage}] = true
				}
				out = append(out, c)
			}
		}
	}
	for _, c := range early {
		if !told[doing{c.Version, c.Role, c.Stage}] {
			out = append(out, c)
		}
	}
	return out
}

// doing is what was done in a release.
type doing struct {
	version string
	role    Role
	stage   gate.Stage
}

// finals are the pull requests that the notes of each minor's first release name, for the minors whose are known.
func finals(notes []ReleaseNote) map[string]map[int]bool {
	out := map[string]map[int]bool{}
	for _, n := range notes {
		if isPre(n.Version) || isPatch(n.Version) {
			continue
		}
		minor := gate.MinorOf(n.Version)
		if out[minor] == nil {
			out[minor] = map[int]bool{}
		}
		for _, pr := range n.PRs {
			out[minor][pr] = true
		}
	}
	return out
}

func isPre(version string) bool { return strings.Contains(version, "-") }

// isPatch reports whether a version is a patch release: "1.36.3", not "1.36.0" nor "1.36.0-rc.1".
func isPatch(version string) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return len(parts) == 3 && !strings.HasPrefix(parts[2], "0")
}
