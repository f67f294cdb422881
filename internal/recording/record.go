package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// Options of a recording.
type Options struct {
	Dir string // is made; must not exist, or be empty
	Bot string // version
	// Token names the variable that the token came from; "" for none.
	Token string
	// Variables are the names of the variables of channels that are set.
	Variables []string
	// Secrets must not be found in the folder: the token, passwords of proxies.
	Secrets []string
	Flags   any    // as JSON; whoever plays the recording reads them
	Config  []byte // without secrets
	Now     func() time.Time
}

// Recorder writes a run into a folder while it goes on. It is safe for concurrent use. An error of writing
// does not disturb the run; Finish tells it.
type Recorder struct {
	dir   string
	made  bool // by us
	now   func() time.Time
	scrub *Scrubber

	mu       sync.Mutex
	meta     meta
	answers  int
	gitCalls int
	log      bytes.Buffer
	err      error
}

// Start makes the folder and writes what is known before the run.
func Start(o Options) (*Recorder, error) {
	flags, err := json.Marshal(o.Flags)
	if err != nil {
		return nil, fmt.Errorf("record: flags: %w", err)
	}
	r := &Recorder{
		dir: o.Dir, now: o.Now, scrub: NewScrubber(o.Secrets...),
		meta: meta{
			Document: document, Schema: Schema, Bot: o.Bot, Started: o.Now().UTC(), Token: o.Token, Variables: o.Variables, Flags: flags,
			System: System{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()},
			Clocks: map[string][]time.Time{}, Nonces: []string{}, Jitter: []float64{}, Files: map[string]string{},
		},
	}
	entries, err := os.ReadDir(o.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.made = true
	case err != nil:
		return nil, fmt.Errorf("record: %w", err)
	case len(entries) > 0:
		return nil, fmt.Errorf("record: %s is not empty: a recording needs a folder of its own", o.Dir)
	}
	for _, sub := range []string{answersDir, resultDir} {
		if err := os.MkdirAll(filepath.Join(o.Dir, sub), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("record: %w", err), r.Abandon())
		}
	}
	r.write(configFile, o.Config)
	r.writeMeta()
	if r.err != nil {
		return nil, errors.Join(r.err, r.Abandon())
	}
	return r, nil
}

// Abandon removes what was written: the run never began.
func (r *Recorder) Abandon() error {
	var err error
	for _, name := range []string{answersDir, resultDir, gitDir, configFile, metaFile, stateFile, logFile, readmeFile} {
		err = errors.Join(err, os.RemoveAll(filepath.Join(r.dir, name)))
	}
	if r.made {
		err = errors.Join(err, skipMissing(os.Remove(r.dir)))
	}
	return err
}

func skipMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Clock is now, with all that it said kept under a name.
func (r *Recorder) Clock(name string, now func() time.Time) func() time.Time {
	return func() time.Time {
		t := now()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.meta.Clocks[name] = append(r.meta.Clocks[name], t)
		return t
	}
}

// Nonce is next, with all that it gave kept.
func (r *Recorder) Nonce(next func() string) func() string {
	return func() string {
		n := next()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.meta.Nonces = append(r.meta.Nonces, n)
		return n
	}
}

// Jitter gives random numbers and keeps them.
func (r *Recorder) Jitter() float64 {
	v := rand.Float64() //nolint:gosec // it spreads waits
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meta.Jitter = append(r.meta.Jitter, v)
	return v
}

// State keeps the state as the run found it. It is the one thing that can't be scrubbed, for its hashes
// would no longer fit: a secret in it is an error.
func (r *Recorder) State(e *store.Export) error {
	data, err := e.Encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(r.scrub.Text(data), data) {
		return errors.New("record: the state holds the token, or what a channel's variable holds, so it can't be recorded; make a new one, for it is known elsewhere, or is a word that stands in digests too")
	}
	r.write(stateFile, data)
	return nil
}

// Locked keeps who held the lock, where that ended the run; nil: it was had after all.
func (r *Recorder) Locked(lease *store.Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meta.Lock = lease
}

// LogHandler keeps what is logged, everything.
func (r *Recorder) LogHandler() slog.Handler {
	return slog.NewTextHandler(logWriter{r}, &slog.HandlerOptions{Level: slog.LevelDebug})
}

type logWriter struct{ r *Recorder }

func (w logWriter) Write(p []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.log.Write(p)
}

// Finish writes what came of the run, by name, and looks through the folder for secrets. stopped is the
// error of the run's context, nil where it ended by itself. Finish's error is all that went wrong with the
// recording.
func (r *Recorder) Finish(results map[string][]byte, stopped error) error {
	for _, name := range slices.Sorted(maps.Keys(results)) {
		r.write(resultDir+"/"+name, results[name])
	}
	r.mu.Lock()
	log := bytes.Clone(r.log.Bytes())
	r.meta.Ended = true
	switch {
	case errors.Is(stopped, context.DeadlineExceeded):
		r.meta.Stopped = kindTimeout
	case stopped != nil:
		r.meta.Stopped = kindInterrupted
	}
	r.mu.Unlock()
	r.writePlain(logFile, log)
	r.writePlain(readmeFile, []byte(r.readme()))
	r.writeMeta()
	found, err := r.scrub.Search(r.dir)
	if err != nil {
		return errors.Join(r.err, fmt.Errorf("record: look for secrets in %s: %w", r.dir, err))
	}
	if len(found) > 0 {
		return errors.Join(r.err, fmt.Errorf("record: your TOKEN, or a channel's secret, IS IN THE FOLDER: in %s of %s; delete the folder, send it to nobody, and report this as a weakness of bot (SECURITY.md)",
			strings.Join(found, ", "), r.dir))
	}
	return r.err
}

// write writes one file without secrets, and notes its hash.
func (r *Recorder) write(name string, data []byte) {
	data = r.scrub.Text(data)
	r.writePlain(name, data)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meta.Files[name] = hashOf(data)
}

// writePlain writes one file without secrets that may be edited later.
func (r *Recorder) writePlain(name string, data []byte) {
	err := os.WriteFile(filepath.Join(r.dir, filepath.FromSlash(name)), r.scrub.Text(data), 0o600)
	r.fail(err)
}

func (r *Recorder) writeJSON(name string, v any) {
	data, err := marshal(v)
	if err != nil {
		r.fail(err)
		return
	}
	r.write(name, data)
}

func (r *Recorder) writeMeta() {
	r.mu.Lock()
	data, err := marshal(r.meta)
	r.mu.Unlock()
	r.fail(err)
	r.writePlain(metaFile, data)
}

// fail keeps the first error.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("record: %w", err)
	}
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// failureOf is an error as it is kept.
func (r *Recorder) failureOf(err error, unsent bool) *failure {
	f := &failure{Text: r.scrub.address(err.Error()), Unsent: unsent}
	switch {
	case errors.Is(err, context.Canceled):
		f.Kind = kindInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		f.Kind = kindTimeout
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.Kind = kindEOF
	}
	return f
}

func (r *Recorder) readme() string {
	return fmt.Sprintf(`One run of bot, recorded %s by %s on %s/%s.

Play it again, without network or token:

    bot run --replay .

It does what that run did and compares the digest with the recorded one, byte for byte. Nothing
outside a temporary folder changes.

What is inside
  state.json     what the bot remembered before the run (bot state export)
  config.yaml    the configuration that counted
  answers/       every request that was sent, and its answer
  git/           what the git program said, where a local mirror was read
  result/        the digests in every format, the plan, the outcome, the messages
  log.txt        everything that was logged
  recording.json times, nonces, flags, and a hash of every file that a replay needs

What may be private
  No token: Authorization headers and cookies are never kept, and every file was searched for the
  token and for what the variables of channels hold. But state.json, answers/ and result/ hold bodies
  of issues and comments of the repository that digests are filed in, and of others that stand there;
  they and config.yaml name who gets mail; config.yaml and git/ name paths on your machine. Where that repository is private, send the folder only to people who may read it. Do not
  edit it: a replay refuses files that were changed.
`, r.meta.Started.Format("2006-01-02 15:04 UTC"), r.meta.Bot, r.meta.System.OS, r.meta.System.Arch)
}
