package pipeline

// Stage is a part of a run, as who watches it sees it.
type Stage string

// The stages.
const (
	StageHeads   Stage = "heads"   // asking what has moved
	StageBase    Stage = "base"    // looking for what a first digest is compared with
	StageRead    Stage = "read"    // a source of an upstream is being read
	StageNotes   Stage = "notes"   // the notes of releases on the way between two commits
	StageTrace   Stage = "trace"   // looking for where changes come from
	StageDeliver Stage = "deliver" // a digest goes to a channel
)

// Event says what a run begins to do, or is done with, for who watches it. It is data, and nothing that a run does
// follows from it.
type Event struct {
	Stage    Stage
	Upstream string // of StageRead, StageNotes and StageTrace; the others are of all
	Source   string // of StageRead: the section's name
	Channel  string // of StageDeliver
	Ended    bool   // of StageRead: this source is done
	// Of is how many there are: sources to read in all, changes to trace, parts to deliver.
	Of int
}

// progress tells who watches, if anybody does.
func (r *Runner) progress(e Event) {
	if r.Progress != nil {
		r.Progress(e)
	}
}
