package sample

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// noteEntry is an entry of release-notes-draft.json.
type noteEntry struct {
	Commit         string     `json:"commit"`
	Text           string     `json:"text"`
	Markdown       string     `json:"markdown"`
	Documentation  []noteLink `json:"documentation,omitempty"`
	Author         string     `json:"author"`
	PRURL          string     `json:"pr_url"`
	PRNumber       int        `json:"pr_number"`
	Kinds          []string   `json:"kinds"`
	SIGs           []string   `json:"sigs"`
	ActionRequired bool       `json:"action_required,omitempty"`
	Feature        bool       `json:"feature,omitempty"`
}

type noteLink struct {
	Description string `json:"description"`
	URL         string `json:"url"`
	Type        string `json:"type"`
}

// NoteData writes release-notes-draft.json of a minor release ("v1.36"), as kubernetes/sig-release has it: the
// notes of its changelog by pull request, with the proposals of their gates.
func NoteData(table *facts.Table, minor string) ([]byte, error) {
	n, err := newNotebook(table)
	if err != nil {
		return nil, fmt.Errorf("write note data of %s: %w", minor, err)
	}
	if n.notes[minor] == nil {
		return nil, fmt.Errorf("write note data of %s: the facts give it no notes", minor)
	}
	proposals := map[string][]int{} // of a gate
	for _, k := range slices.Sorted(maps.Keys(n.keps)) {
		for _, g := range n.keps[k] {
			proposals[g] = append(proposals[g], k)
		}
	}
	out := map[string]noteEntry{}
	for _, one := range n.notes[minor] {
		if one.final == "" || len(one.pulls) == 0 {
			continue
		}
		number := one.pulls[0]
		e := noteEntry{
			Commit: fmt.Sprintf("%040x", number), Text: one.final, Markdown: one.final, Author: "sample-author",
			PRURL: pullURL(number), PRNumber: number, SIGs: one.sigs,
			ActionRequired: strings.Contains(strings.ToLower(one.final), "action required"),
		}
		for _, k := range one.kinds {
			e.Kinds = append(e.Kinds, strings.ToLower(strings.ReplaceAll(k, " ", "-")))
		}
		for _, k := range proposals[one.gate] {
			e.Documentation = append(e.Documentation, noteLink{"[KEP]", fmt.Sprintf("https://github.com/kubernetes/enhancements/issues/%d", k), "KEP"})
		}
		out[strconv.Itoa(number)] = e
	}
	return json.MarshalIndent(out, "", "  ")
}

// noteDataSteps are the history of `bot demo`'s kubernetes/sig-release: the data of v1.36's notes comes a week before
// the release.
func noteDataSteps(table *facts.Table) ([]Step, error) {
	const minor = "v1.36"
	data, err := NoteData(table, minor)
	if err != nil {
		return nil, err
	}
	date, err := released(minor)
	if err != nil {
		return nil, err
	}
	return []Step{
		{Message: "A sample of kubernetes/sig-release", Time: date.AddDate(-1, 0, 0), Files: map[string][]byte{
			"README.md": []byte("# SIG Release\n\nA sample of kubernetes/sig-release, written from facts by internal/sample.\n"),
		}},
		{Message: "Data of the release notes of " + minor, Time: date.AddDate(0, 0, -7), Files: map[string][]byte{
			"releases/release-" + gate.MinorOf(minor) + "/release-notes/release-notes-draft.json": data,
		}},
	}, nil
}
