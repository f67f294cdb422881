package branchstore

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // git's object ids are SHA-1
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/store"
)

// Schema is the number of the stored form. It rises with every field that is added, renamed or given another meaning:
// an old bot must not drop what a new one wrote.
const Schema = 1

// document tells our state from any other state.json.
const document = "bot state on a branch"

// The files and folders whose object ids stand in state.json.
const (
	stateFile   = "state.json"
	newestFile  = "newest.json"
	indexFile   = "index.json"
	runsFile    = "runs.json"
	toldFile    = "told.json"
	answersFile = "answers.json"
	readmeFile  = "README.md"

	snapshotsFolder  = "snapshots"
	itemsFolder      = "items"
	deliveriesFolder = "deliveries"
)

func tracked() []string {
	return []string{newestFile, indexFile, runsFile, toldFile, answersFile, snapshotsFolder, itemsFolder, deliveriesFolder}
}

const readme = `# State of the upstream digest bot

This branch is the bot's memory: what upstream was when it last looked, what it told whom, and what it still owes.
It has nothing in common with the other branches; never merge it, and keep it out of branch protection.

| file | what it is |
|---|---|
| state.json | how far each digest is told, what is owed, who writes now |
| newest.json | where and when upstream was last read |
| runs.json | the runs, newest first; runs that found nothing are noted once a day |
| told.json | what was delivered, and where |
| answers.json | what tracing asked once, so that it asks nobody twice |
| deliveries/ | the digests as they were sent |
| snapshots/, items/ | what was read, each distinct set once |

The history says what happened: one commit for each step. Do not edit files here: the bot notices, and stops.
To look, use bot state show and bot state history; to move it elsewhere, bot state export. To start anew, delete the
branch: the bot then finds its place from the digests it has filed.
`

// state is state.json.
type state struct {
	Document string         `json:"document"`
	Schema   int            `json:"schema"`
	Write    string         `json:"write"` // which write this is
	Numbers  store.Numbers  `json:"numbers"`
	Lock     *store.Lease   `json:"lock"` // null: free
	Cursors  []store.Cursor `json:"cursors"`
	Owed     []delivery     `json:"owed"` // open, or given up
	LastRun  *store.Run     `json:"last_run"`
	// Newest is the newest snapshot's number, 0 where there is none; Kept is how much there is.
	Newest int64             `json:"newest_snapshot"`
	Kept   kept              `json:"kept"`
	Files  map[string]string `json:"files"`
	// Checksum covers all the rest.
	Checksum string `json:"checksum"`
}

type kept struct {
	Snapshots int `json:"snapshots"`
	Told      int `json:"told"`
}

// delivery is a delivery whose body lies in a file.
type delivery struct {
	store.Delivery
	Body    string `json:"body"`     // the file
	BodyOID string `json:"body_oid"` // its object id
}

// index is index.json.
type index struct {
	Snapshots []indexed         `json:"snapshots"` // by number
	Items     map[string]string `json:"items"`     // object ids by hash
}

type indexed struct {
	Seq   int64    `json:"seq"`
	OID   string   `json:"oid"`
	Items []string `json:"items"` // hashes, sorted
}

func (x *index) find(seq int64) (indexed, bool) {
	i, ok := slices.BinarySearchFunc(x.Snapshots, seq, func(e indexed, seq int64) int { return cmp.Compare(e.Seq, seq) })
	if !ok {
		return indexed{}, false
	}
	return x.Snapshots[i], true
}

// runList is runs.json, toldList told.json, answerList answers.json.
type (
	runList struct {
		Runs []store.Run `json:"runs"` // newest first
	}
	toldList struct {
		Told []delivery `json:"told"`
	}
	answerList struct {
		Answers []store.Answer `json:"answers"` // oldest first
	}
)

func snapshotPath(seq int64) string { return fmt.Sprintf("%s/%06d.json", snapshotsFolder, seq) }

func itemsPath(hash string) string { return itemsFolder + "/" + hash + ".json" }

func bodyPath(k store.Key) string {
	return fmt.Sprintf("%s/%s/%06d-%s-%d.md", deliveriesFolder, segment(k.Definition), k.Seq, segment(k.Channel), k.Part)
}

// segment makes any text one part of a path, and different texts different ones.
func segment(s string) string {
	s = url.PathEscape(s)
	if strings.HasPrefix(s, ".") {
		s = "%2E" + s[1:]
	}
	return s
}

// encode gives the canonical bytes of a file.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// decode reads what encode wrote, and nothing else.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document")
	}
	return nil
}

// encodeState seals a state with its checksum.
func encodeState(st state) ([]byte, error) {
	sum, err := checksum(st)
	if err != nil {
		return nil, err
	}
	st.Checksum = sum
	return encode(st)
}

func checksum(st state) (string, error) {
	st.Checksum = ""
	data, err := encode(st)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// newerError says that a later bot wrote the state.
type newerError struct{ schema int }

func (e *newerError) Error() string {
	return fmt.Sprintf("it was written by a newer bot (schema %d, this one knows %d)", e.schema, Schema)
}

func decodeState(data []byte) (state, error) {
	var head struct {
		Document string
		Schema   int
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return state{}, err
	}
	switch {
	case head.Document != document:
		return state{}, errors.New("it is not the bot's")
	case head.Schema > Schema:
		return state{}, &newerError{head.Schema}
	case head.Schema < 1:
		return state{}, fmt.Errorf("schema %d does not exist", head.Schema)
	}
	var st state
	if err := decode(data, &st); err != nil {
		return state{}, err
	}
	sum, err := checksum(st)
	if err == nil && sum != st.Checksum {
		err = errors.New("its checksum does not fit")
	}
	return st, err
}

// blobID is the object id that git gives a file.
func blobID(data []byte) string { return objectID("blob", data) }

func objectID(kind string, data []byte) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write([]byte(kind + " " + strconv.Itoa(len(data)) + "\x00"))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// treeID is the object id that git gives a folder with these files, by path within it; "" for none.
func treeID(files map[string]string) string {
	if len(files) == 0 {
		return ""
	}
	type entry struct{ mode, name, oid, order string }
	var entries []entry
	below := map[string]map[string]string{}
	for path, oid := range files {
		name, rest, deeper := strings.Cut(path, "/")
		if !deeper {
			entries = append(entries, entry{"100644", name, oid, name})
			continue
		}
		if below[name] == nil {
			below[name] = map[string]string{}
		}
		below[name][rest] = oid
	}
	for name, f := range below {
		entries = append(entries, entry{"40000", name, treeID(f), name + "/"})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.order, b.order) })
	var b bytes.Buffer
	for _, e := range entries {
		raw, err := hex.DecodeString(e.oid)
		if err != nil {
			return "" // no id that git gave
		}
		b.WriteString(e.mode + " " + e.name + "\x00")
		b.Write(raw)
	}
	return objectID("tree", b.Bytes())
}

func compareKeys(a, b store.Key) int {
	return cmp.Or(strings.Compare(a.Definition, b.Definition), cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Channel, b.Channel), cmp.Compare(a.Part, b.Part))
}

func compareDeliveries(a, b delivery) int { return compareKeys(a.Key, b.Key) }
