package trace

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
)

// What was asked of git and of pull requests does not change, so it is kept: an [Answer] for each gate, and a [Pull] for
// each pull request, each as JSON under a key.

// answerSchema stands in the keys: answers of another form are not found, and asked anew.
const answerSchema = "1"

// GateKey is the key of a gate's answer.
func GateKey(repository, gate, variant string) string {
	return strings.TrimSuffix("trace/"+answerSchema+"/"+strings.ToLower(repository)+"/gate/"+gate+"/"+variant, "/")
}

// PullKey is the key of a pull request.
func PullKey(repo Repository, number int) string {
	target, _ := repo.pull(number)
	return "trace/" + answerSchema + "/" + strings.ToLower(target)
}

// Answer is what was found out about a gate. What is said of a state counts as long as the gate has it: one that comes
// back after it was gone was made anew.
type Answer struct {
	// Made says by state (since, stage, default, lock, or what is gone) who made it; an empty list: it was looked for,
	// and nothing found.
	Made map[string][]Claim `json:"made"`
	// Earlier are the claims for the stages before, by the state that was traced.
	Earlier map[string][]Claim `json:"earlier,omitempty"`
	// Docs says by state whether there was a page.
	Docs map[string]bool `json:"docs,omitempty"`
}

// State names what a change made of its gate, for [Answer].
func (q Question) State() string {
	switch {
	case q.Lost != nil:
		return "without " + q.Lost.key()
	case q.Gone:
		return "gone"
	case q.Apart != "":
		return q.Apart + ": " + q.Step.key()
	}
	return q.Step.key()
}

func (s Step) key() string {
	on, locked := "off", "open"
	if s.Default {
		on = "on"
	}
	if s.Locked {
		locked = "locked"
	}
	return strings.Join([]string{s.Version, string(s.Stage), on, locked}, " ")
}

// DecodeAnswer reads what was kept; nothing, or what can't be read, is an empty answer.
func DecodeAnswer(data []byte) Answer {
	var a Answer
	if err := json.Unmarshal(data, &a); err != nil {
		a = Answer{}
	}
	if a.Made == nil {
		a.Made = map[string][]Claim{}
	}
	return a
}

// Prune forgets the states that a gate has no more after a change, and reports whether there were any.
func (a *Answer) Prune(c diff.Change) bool {
	q, ok := QuestionOf(c)
	if c.Gate == nil || !ok {
		return false
	}
	keep := map[string]bool{q.State(): true}
	if g := c.Gate.After; g != nil {
		for _, s := range g.Specs {
			keep[stepOf(s, nil).key()] = true
		}
	}
	pruned := false
	for state := range a.Made {
		if !keep[state] {
			delete(a.Made, state)
			pruned = true
		}
	}
	for state := range a.Earlier {
		if !keep[state] {
			delete(a.Earlier, state)
		}
	}
	for state := range a.Docs {
		if !keep[state] {
			delete(a.Docs, state)
		}
	}
	return pruned
}

// keptText bounds what is kept of a pull request's text.
const keptText = 2000

// keptPull is a pull request as it is kept.
type keptPull struct {
	None   bool      `json:"none,omitempty"` // there is no such pull request
	Title  string    `json:"title,omitempty"`
	Body   string    `json:"body,omitempty"`
	Merged time.Time `json:"merged,omitzero"`
	Base   string    `json:"base,omitempty"`
	Closes []Issue   `json:"closes,omitempty"`
}

// keptTitle bounds what is kept of a title: GitHub's are shorter.
const keptTitle = 500

func titleOf(p Pull) string {
	title := strings.ToValidUTF8(p.Title, "\uFFFD")
	return strings.ToValidUTF8(title[:min(len(title), keptTitle)], "")
}

// EncodePull makes of a pull request what is kept: of its text only the lines that a rule may read.
func EncodePull(p Pull, there bool) []byte {
	k := keptPull{None: true}
	if there {
		k = keptPull{Title: titleOf(p), Body: telling(strings.ToValidUTF8(p.Body, "\uFFFD")), Merged: p.Merged, Base: p.Base, Closes: p.Closes}
	}
	data, err := json.Marshal(k)
	if err != nil {
		panic("trace: a pull request that is no JSON") // it is made of strings, numbers and a time
	}
	return data
}

// DecodePull reads what EncodePull made. known is false where it is nothing, there where it is none.
func DecodePull(number int, data []byte) (p Pull, there, known bool) {
	var k keptPull
	if len(data) == 0 || json.Unmarshal(data, &k) != nil {
		return Pull{}, false, false
	}
	return Pull{Number: number, Title: k.Title, Body: k.Body, Merged: k.Merged, Base: k.Base, Closes: k.Closes}, !k.None, true
}

// telling are the lines of a text that say something to a rule.
func telling(body string) string {
	var b strings.Builder
	body = fenceForm.ReplaceAllString(commentForm.ReplaceAllString(body, ""), "")
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if !closeForm.MatchString(line) && !proposalForm.MatchString(line) && !undoneForm.MatchString(line) && !pickForm.MatchString(line) &&
			!strings.HasPrefix(strings.ToLower(line), "cherry pick") {
			continue
		}
		if b.Len()+len(line) >= keptText {
			continue // a long one is no reason to lose those behind it
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
