package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/snapshot"
)

// ExportSchema is the number of the exported document. It rises with every field that is added, renamed
// or given another meaning, for reading refuses fields it does not know. Snapshots and items have a
// number of their own (snapshot.Schema). Number 2 has answers.
const ExportSchema = 2

// exportDocument tells a state from any other JSON file.
const exportDocument = "bot state"

// Export is all that a store holds, in a form that belongs to no kind of store: what `bot state export`
// writes, what a bug report contains, and how a state moves to another machine or another kind of store.
//
// Who holds the lock is left out: it holds at one place only.
type Export struct {
	Numbers    Numbers
	Snapshots  []*snapshot.Snapshot // by number
	Cursors    []Cursor             // by definition
	Deliveries []Delivery           // by definition, sequence, channel and part
	Runs       []Run                // oldest first
	Answers    []Answer             // oldest first
}

// Numbers are the highest ever given, also to what was pruned since. A store goes on from here: a number
// that is given twice would make one thing look like another.
type Numbers struct {
	Snapshot int64 `json:"snapshot"`
	Run      int64 `json:"run"`
	Fence    int64 `json:"fence"`
}

// Empty reports whether nothing was ever kept. Having been locked is nothing.
func (e *Export) Empty() bool {
	return e.Numbers.Snapshot == 0 && e.Numbers.Run == 0 && len(e.Cursors) == 0 && len(e.Deliveries) == 0
}

// exported is the document. Items lie beside the snapshots, each distinct one once, as in a store.
type exported struct {
	Document   string                     `json:"document"`
	Schema     int                        `json:"schema"`
	Numbers    Numbers                    `json:"numbers"`
	Cursors    []Cursor                   `json:"cursors"`
	Deliveries []Delivery                 `json:"deliveries"`
	Runs       []Run                      `json:"runs"`
	Answers    []Answer                   `json:"answers"`
	Snapshots  []json.RawMessage          `json:"snapshots"`
	Sections   map[string]json.RawMessage `json:"sections"`
	Checksum   string                     `json:"checksum"`
}

// Encode gives the canonical bytes: equal states give equal bytes, whichever store they lie in. The
// error is that of a state which Check refuses.
func (e *Export) Encode() ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("export state: %w", err)
	}
	doc := exported{
		Document: exportDocument, Schema: ExportSchema, Numbers: e.Numbers,
		Cursors: sorted(e.Cursors, compareCursors), Deliveries: sorted(e.Deliveries, compareDeliveries),
		Runs:      sorted(e.Runs, func(a, b Run) int { return cmp.Compare(a.ID, b.ID) }),
		Answers:   append([]Answer{}, e.Answers...), // in their order: it says which go first
		Snapshots: []json.RawMessage{}, Sections: map[string]json.RawMessage{},
	}
	for i := range doc.Cursors {
		doc.Cursors[i].ToldAt = doc.Cursors[i].ToldAt.UTC()
	}
	for i := range doc.Deliveries {
		d := &doc.Deliveries[i]
		d.Labels = append([]string{}, d.Labels...)
		d.QueuedAt, d.RetriedAt, d.DoneAt = d.QueuedAt.UTC(), d.RetriedAt.UTC(), d.DoneAt.UTC()
	}
	for i := range doc.Runs {
		doc.Runs[i].StartedAt, doc.Runs[i].EndedAt = doc.Runs[i].StartedAt.UTC(), doc.Runs[i].EndedAt.UTC()
	}
	for _, s := range sorted(e.Snapshots, compareSnapshots) {
		p, err := snapshot.Pack(s)
		if err != nil {
			return nil, fmt.Errorf("export state: snapshot %d: %w", s.Seq, err)
		}
		doc.Snapshots = append(doc.Snapshots, p.Head)
		for hash, items := range p.Sections {
			doc.Sections[hash] = items
		}
	}
	plain, err := marshalExport(doc)
	if err != nil {
		return nil, fmt.Errorf("export state: %w", err)
	}
	if doc.Checksum, err = checksum(plain); err != nil {
		return nil, fmt.Errorf("export state: %w", err)
	}
	return marshalExport(doc)
}

func marshalExport(doc exported) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(doc)
	return b.Bytes(), err
}

// checksum covers every field but itself, whatever the white space: a document that somebody laid out
// anew is still the same. Later schemas keep to it, so that damage is told from age.
func checksum(data []byte) (string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return "", err
	}
	delete(fields, "checksum")
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var b bytes.Buffer
		if err := json.Compact(&b, fields[name]); err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q:", name)
		h.Write(b.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// DecodeExport reads what Encode wrote, at this schema number or an older one. name is what errors call
// it. A document that is damaged, of a newer bot, or no state at all, is an *UnusableError.
func DecodeExport(name string, data []byte) (*Export, error) {
	e, err := decodeExport(data)
	if err == nil {
		return e, nil
	}
	var u *UnusableError
	if errors.As(err, &u) {
		u.Path = name
		return nil, u
	}
	return nil, &UnusableError{Path: name, Reason: "it is damaged: " + err.Error(), Advice: "make a new one with bot state export", Err: err}
}

func decodeExport(data []byte) (*Export, error) {
	var head struct {
		Document string
		Schema   int
		Checksum string
	}
	err := json.Unmarshal(data, &head)
	switch {
	case err != nil && !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")), err == nil && head.Document != exportDocument:
		return nil, &UnusableError{Reason: "it is not a state that bot state export wrote", Advice: "check the name of the file", Err: err}
	case err != nil:
		return nil, err
	case head.Schema > ExportSchema:
		return nil, &UnusableError{
			Reason: fmt.Sprintf("it was written by a newer bot (schema %d, this one knows %d)", head.Schema, ExportSchema),
			Advice: "update bot",
		}
	case head.Schema < 1:
		return nil, fmt.Errorf("schema %d does not exist", head.Schema)
	}
	if sum, err := checksum(data); err != nil {
		return nil, err
	} else if sum != head.Checksum {
		return nil, errors.New("its checksum does not fit: it was changed after it was written")
	}
	var doc exported
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one document")
	}
	e := &Export{Numbers: doc.Numbers, Cursors: doc.Cursors, Deliveries: doc.Deliveries, Runs: doc.Runs}
	if e.Answers, err = cleanAnswers(doc.Answers); err != nil {
		return nil, err
	}
	for i, s := range doc.Snapshots {
		snap, err := snapshot.Unpack(s, func(hash string) ([]byte, error) {
			items, ok := doc.Sections[hash]
			if !ok {
				return nil, fmt.Errorf("items %.12s are missing", hash)
			}
			return canonicalItems(items)
		})
		if err != nil {
			return nil, fmt.Errorf("entry %d of snapshots: %w", i+1, err)
		}
		e.Snapshots = append(e.Snapshots, snap)
	}
	return e, e.Check()
}

// canonicalItems lays items out as snapshot.EncodeItems does, for the hash is over those bytes.
func canonicalItems(items json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, items, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Check finds what no store can have given out: a state with it would lose or repeat something later.
func (e *Export) Check() error {
	known := map[int64]bool{}
	for _, s := range e.Snapshots {
		switch {
		case s.Seq < 1 || s.Seq > e.Numbers.Snapshot:
			return fmt.Errorf("snapshot %d: numbers given so far end at %d", s.Seq, e.Numbers.Snapshot)
		case known[s.Seq]:
			return fmt.Errorf("snapshot %d is there twice", s.Seq)
		}
		known[s.Seq] = true
	}
	cursors := map[string]bool{}
	for _, c := range e.Cursors {
		if err := CheckCursor(nil, c); err != nil {
			return err
		}
		switch {
		case cursors[c.Definition]:
			return fmt.Errorf("cursor %s is there twice", c.Definition)
		case !known[c.Snapshot]:
			return fmt.Errorf("cursor %s names snapshot %d, which is not there", c.Definition, c.Snapshot)
		}
		cursors[c.Definition] = true
	}
	deliveries := map[Key]bool{}
	for _, d := range e.Deliveries {
		if err := CheckDelivery(nil, d); err != nil {
			return err
		}
		k := d.Key
		k.Parts = 0 // no part of what a delivery is found by
		switch {
		case deliveries[k]:
			return fmt.Errorf("delivery %s is there twice", d.Key)
		case d.State.Open() && d.RetriedAt.IsZero() && d.Base != 0 && !known[d.Base]: // one that was given up may have lost its base
			return fmt.Errorf("delivery %s starts from snapshot %d, which is not there", d.Key, d.Base)
		}
		deliveries[k] = true
	}
	runs := map[int64]bool{}
	for _, r := range e.Runs {
		switch {
		case r.ID < 1 || r.ID > e.Numbers.Run:
			return fmt.Errorf("run %d: numbers given so far end at %d", r.ID, e.Numbers.Run)
		case runs[r.ID]:
			return fmt.Errorf("run %d is there twice", r.ID)
		}
		runs[r.ID] = true
	}
	answers := map[string]bool{}
	for _, a := range e.Answers {
		switch {
		case a.Key == "" || !json.Valid(a.Value):
			return fmt.Errorf("answer %q has no key, or is no JSON", a.Key)
		case answers[a.Key]:
			return fmt.Errorf("answer %s is there twice", a.Key)
		}
		answers[a.Key] = true
	}
	return nil
}

// Behind lists what the definitions of old were told and those of e were not, in words: what would be told
// a second time if e took old's place.
func (e *Export) Behind(old *Export) []string {
	told := map[string]Cursor{}
	for _, c := range e.Cursors {
		told[c.Definition] = c
	}
	var out []string
	for _, c := range sorted(old.Cursors, compareCursors) {
		if now := told[c.Definition]; now.Seq < c.Seq {
			out = append(out, fmt.Sprintf("digest %s stood at number %d (told %s) and is now at %d: what was told in between may be told again",
				c.Definition, c.Seq, c.ToldAt.UTC().Format(time.RFC3339), now.Seq))
		}
	}
	return out
}

func compareCursors(a, b Cursor) int { return strings.Compare(a.Definition, b.Definition) }

func compareSnapshots(a, b *snapshot.Snapshot) int { return cmp.Compare(a.Seq, b.Seq) }

func compareDeliveries(a, b Delivery) int {
	return cmp.Or(strings.Compare(a.Key.Definition, b.Key.Definition), cmp.Compare(a.Key.Seq, b.Key.Seq),
		strings.Compare(a.Key.Channel, b.Key.Channel), cmp.Compare(a.Key.Part, b.Key.Part))
}

// sorted is a sorted copy, and never nil.
func sorted[T any](s []T, compare func(a, b T) int) []T {
	out := append([]T{}, s...)
	slices.SortFunc(out, compare)
	return out
}
