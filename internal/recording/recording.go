// Package recording keeps one run in a folder, and plays it again without the network.
//
// A [Recorder] stands around all that a run takes from outside: the answers of GitHub and of feeds, what the
// git program and the file system say of mirrors, clocks, random numbers. A [Replay] gives the same again. Between the
// two lies everything the bot does: limits, retries, parsing, comparing, rendering, delivering. So a replay
// is the run, and not an imitation of it.
//
// # The folder
//
//	README.txt          for whoever finds it
//	recording.json      what the other files belong to: times, nonces, flags, and a hash of every file
//	state.json          the state as the run found it, as bot state export writes it
//	config.yaml         the configuration that counted
//	answers/001.json    one request and how it was answered; bodies lie beside it, as they came
//	git/001.json        one start of the git program; its output lies beside it
//	result/…            what came of it: digests in every format, plan, outcome, messages
//	log.txt             what the bot logged, everything
//
// A test of the replayed run compares with result/, byte for byte.
//
// # Matching
//
// An answer belongs to a method, an address and a body; equal requests get their answers in the order in
// which they were sent. The order of different ones does not matter, for files are fetched side by side. A
// request that was not recorded is an error that names it, never a request to the network. Clocks and
// random numbers come in the order in which they were asked for.
//
// # Secrets
//
// Of a request only named headers are kept, Authorization never; cookies neither. Every text that is written
// is searched for the secrets, plain, escaped and in base64, whoever sent them; and before the recorder is
// done it reads the folder once more, and fails if it finds one ([Scrubber]).
package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// Schema is the number of the folder's form.
const Schema = 1

const (
	document   = "bot recording"
	metaFile   = "recording.json"
	stateFile  = "state.json"
	configFile = "config.yaml"
	logFile    = "log.txt"
	readmeFile = "README.txt"
	answersDir = "answers"
	gitDir     = "git"
	resultDir  = "result"
)

// meta is recording.json.
type meta struct {
	Document string `json:"document"`
	Schema   int    `json:"schema"`
	Bot      string `json:"bot"` // version
	System   System `json:"system"`
	// Ended is false until the run has ended and all was written.
	Ended bool `json:"ended"`
	// Stopped says that it was ended from outside: kindInterrupted, or kindTimeout when its time was up.
	Stopped string    `json:"stopped,omitempty"`
	Started time.Time `json:"started"`
	// Token names the variable that the token came from; "" for an anonymous run.
	Token string `json:"token"`
	// Variables are those of channels that were set, Sent what these channels did.
	Variables []string        `json:"variables,omitempty"`
	Sent      []Sent          `json:"sent,omitempty"`
	Flags     json.RawMessage `json:"flags"`
	// Lock is who held the state's lock, where that ended the run.
	Lock    *store.Lease           `json:"lock,omitempty"`
	Clocks  map[string][]time.Time `json:"clocks"`
	Nonces  []string               `json:"nonces"`
	Jitter  []float64              `json:"jitter"`
	Folders []folder               `json:"mirrors,omitempty"`
	Changes []changed              `json:"mirror_changes,omitempty"`
	Files   map[string]string      `json:"files"` // SHA-256 by name
}

// System is where the run took place.
type System struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	Go   string `json:"go"`
}

// exchange is answers/NNN.json.
type exchange struct {
	Number  int      `json:"number"` // in the order of sending
	Request request  `json:"request"`
	At      string   `json:"at"` // when the answer was whole, or the request had failed
	Answer  *answer  `json:"answer,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

type request struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body,omitempty"` // file
}

type answer struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header"`
	Body   string              `json:"body,omitempty"` // file
	Cut    *failure            `json:"cut,omitempty"`  // the body ended like this
}

// failure is an error of the network, with what the client asks of it.
type failure struct {
	Text string `json:"text"`
	// Unsent: surely nothing was sent.
	Unsent bool   `json:"unsent,omitempty"`
	Kind   string `json:"kind,omitempty"`
}

// The kinds of failures.
const (
	kindTimeout     = "timeout"     // the request's own limit, or the run's
	kindInterrupted = "interrupted" // the run was ended
	kindEOF         = "cut off"
	kindMissing     = "missing"
	kindNotFolder   = "no folder"
	kindNoGit       = "no git"
)

// gitCall is git/NNN.json.
type gitCall struct {
	Number int      `json:"number"`
	Dir    string   `json:"dir"`
	Args   []string `json:"args"`
	Input  string   `json:"input,omitempty"`
	Output string   `json:"output,omitempty"` // file
	Stderr string   `json:"stderr,omitempty"`
	Failed string   `json:"failed,omitempty"`
	Error  *failure `json:"error,omitempty"`
}

// folder is where a mirror was.
type folder struct {
	Path  string   `json:"path"`
	Dir   string   `json:"dir,omitempty"`
	Error *failure `json:"error,omitempty"`
}

// changed is when a mirror was last fetched.
type changed struct {
	GitDir    string    `json:"git_dir"`
	CommonDir string    `json:"common_dir"`
	At        time.Time `json:"at,omitzero"`
	Error     *failure  `json:"error,omitempty"`
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
