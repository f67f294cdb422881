// Package kep reads Kubernetes' design proposals: a proposal's kep.yaml, the implementation history in the
// README beside it, and links to the proposals of the time before, which were archived.
//
// It is lenient. Of 655 real files 179 break some rule of upstream's own, so a slip costs one value and is
// told as a Problem with its line; only what can't be a proposal at all is an error. It does not believe
// more than is written, either: a milestone that names no release is none, and what can't be a gate's
// name is left out and told.
//
// Two things about the data. Stage and Target are what the current cycle is aimed at, not what shipped. And
// proposals and gates are N:M: a milestone belongs to the proposal, and its gates may move at another pace.
//
// Everything read is a stranger's text. A file is bounded, an alias is followed once and never expanded.
package kep

// ParserVersion rises whenever the same file would be read as other values.
const ParserVersion = 1

// Proposal is what a kep.yaml says. An empty field means that nothing usable is written there.
type Proposal struct {
	// Path is the folder: "keps/sig-node/2411-cri-container-log-rotation". It is the identity; a number
	// may occur twice.
	Path string `json:"path"`
	// Number is kep-number without leading zeros, the folder's where the file has none. "" stands for 0000.
	Number    string `json:"number,omitempty"`
	Title     string `json:"title,omitempty"`
	OwningSIG string `json:"owning_sig,omitempty"`
	// SIGs are the participating ones, without the owning one.
	SIGs []string `json:"sigs,omitempty"`
	// Status is one of upstream's seven where it clearly is one, else as written, in lower case.
	Status string `json:"status,omitempty"`
	// Stage is alpha, beta, stable, deprecated, disabled, removed or "": what Target is aimed at.
	Stage string `json:"stage,omitempty"`
	// Target is latest-milestone as "1.38"; "" where no release is named (absent, 0.0, TBD).
	Target     string     `json:"target,omitempty"`
	Milestones Milestones `json:"milestones,omitzero"`
	Gates      []Gate     `json:"gates,omitempty"`
	// Created and Updated are as written. Some are no dates.
	Created      string    `json:"created,omitempty"`
	Updated      string    `json:"updated,omitempty"`
	SeeAlso      []string  `json:"see_also,omitempty"`
	Replaces     []string  `json:"replaces,omitempty"`
	SupersededBy []string  `json:"superseded_by,omitempty"`
	Problems     []Problem `json:"problems,omitempty"`
}

// Milestones are the releases in which the proposal as a whole reached a stage or is meant to, as "1.38".
type Milestones struct {
	Alpha      string `json:"alpha,omitempty"`
	Beta       string `json:"beta,omitempty"`
	Stable     string `json:"stable,omitempty"`
	Deprecated string `json:"deprecated,omitempty"`
	Disabled   string `json:"disabled,omitempty"`
	Removed    string `json:"removed,omitempty"`
}

// Gate is one entry of feature-gates. The case of Name may differ from the real gate's: see FoldGate.
type Gate struct {
	Name       string   `json:"name"`
	Components []string `json:"components,omitempty"`
}

// Problem is something that was read leniently, and where. Line counts from 1; 0 is the file as a whole.
type Problem struct {
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}
