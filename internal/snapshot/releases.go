package snapshot

import (
	"time"

	"github.com/upstream-digest/bot/internal/changelog"
)

// ReleaseSet is the item set of the releases source: the newest releases, and what their notes say.
type ReleaseSet struct {
	Releases []Release `json:"releases"` // newest first
}

// NotesState says what is known of a release's notes.
type NotesState string

// The states of notes.
const (
	NotesRead    NotesState = "read"    // they are in Notes, all of them
	NotesPending NotesState = "pending" // the file has no section for the release yet: it is written after the release
	NotesUnread  NotesState = "unread"  // nobody looked: an old release, or a past state
)

// Release is one published version.
type Release struct {
	Tag        string    `json:"tag"` // "v1.36.0-rc.1"
	URL        string    `json:"url"` // its page
	Prerelease bool      `json:"prerelease,omitempty"`
	Published  time.Time `json:"published"`
	// Gone says that the release is no longer listed, though newer than others that are: it was taken back, or GitHub
	// leaves it out for a moment. It is kept so that it is not told twice.
	Gone bool `json:"gone,omitempty"`

	State NotesState `json:"state"`
	// File is where the notes stand ("CHANGELOG/CHANGELOG-1.36.md"), Line where the release's section begins.
	File       string               `json:"file,omitempty"`
	Line       int                  `json:"line,omitempty"`
	Notes      []Note               `json:"notes,omitempty"` // in the file's order
	Advisories []changelog.Advisory `json:"advisories,omitempty"`
	// Skipped counts the bullets of the section that are no notes, by reason.
	Skipped []SkipCount `json:"skipped,omitempty"`
}

// Note is a release note, and the earliest version of the same file whose notes name its pull request.
type Note struct {
	changelog.Note
	// First is "1.36.0-alpha.2" where the note stood in that pre-release's notes before, in whatever words; ""
	// where it stands here first.
	First string `json:"first,omitempty"`
}

// SkipCount is a number of bullets that are no notes, and why.
type SkipCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// NoteDataSet is the item set of the note-data source: what the release notes' data files say of pull requests
// beyond the text.
type NoteDataSet struct {
	Notes []NoteData `json:"notes"` // by pull request
}

// NoteData is what is known of one note.
type NoteData struct {
	File           string   `json:"file"` // "releases/release-1.37/release-notes/release-notes-draft.json"
	PR             int      `json:"pr"`
	KEPs           []string `json:"keps,omitempty"` // numbers
	SIGs           []string `json:"sigs,omitempty"`
	Kinds          []string `json:"kinds,omitempty"`
	ActionRequired bool     `json:"action_required,omitempty"`
}
