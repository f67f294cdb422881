package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/store"
	"github.com/upstream-digest/bot/internal/store/storetest"
)

func export(t *testing.T) *store.Export {
	t.Helper()
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	one, two := storetest.Snapshot(2, 0, 1), storetest.Snapshot(2, 0, 2)
	one.Seq, two.Seq = 4, 7
	delivery := func(seq int64, part int, state store.State) store.Delivery {
		return store.Delivery{
			Key: store.Key{Definition: "weekly", Seq: seq, Channel: "github-issue", Part: part, Parts: 3}, Nonce: "00ff", State: state,
			Target: "acme/platform", Title: "What changed", Body: "<b> & \"c\"", Labels: []string{"upstream"}, Base: 4, QueuedAt: at,
		}
	}
	return &store.Export{
		Numbers:    store.Numbers{Snapshot: 7, Run: 12, Fence: 12},
		Snapshots:  []*snapshot.Snapshot{two, one},
		Cursors:    []store.Cursor{{Definition: "weekly", Seq: 9, Snapshot: 7, ToldAt: at}, {Definition: "alerts", Seq: 2, Snapshot: 4}},
		Deliveries: []store.Delivery{delivery(9, 2, store.Pending), delivery(9, 1, store.Done), delivery(8, 1, store.GivenUp)},
		Runs: []store.Run{
			{ID: 12, StartedAt: at, EndedAt: at, Outcome: "failed", ExitCode: 3, Failed: []store.FailedSource{{Upstream: "kubernetes", Source: "gates", Reason: "502"}}},
			{ID: 11, Outcome: "quiet"},
		},
		Answers: []store.Answer{{Key: "z", Value: []byte(`{"a":"<b>"}`)}, {Key: "a", Value: []byte(`[1]`)}},
	}
}

func encode(t *testing.T, e *store.Export) []byte {
	t.Helper()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExportObeysItsSchema(t *testing.T) {
	raw, err := os.ReadFile("../../docs/schema/state.v2.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("state", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("state")
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*store.Export{"filled": export(t), "empty": {}} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(encode(t, e)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A field that the schema does not know must not pass.
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(encode(t, export(t))), `"nonce"`, `"nuance"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(v) == nil {
		t.Error("the schema lets everything through")
	}
}

func TestExportDoesNotDependOnOrderOrLayout(t *testing.T) {
	e := export(t)
	want := encode(t, e)
	e.Snapshots[0], e.Snapshots[1] = e.Snapshots[1], e.Snapshots[0]
	e.Cursors[0], e.Cursors[1] = e.Cursors[1], e.Cursors[0]
	e.Deliveries[0], e.Deliveries[2] = e.Deliveries[2], e.Deliveries[0]
	e.Runs[0], e.Runs[1] = e.Runs[1], e.Runs[0]
	e.Cursors[1].ToldAt = e.Cursors[1].ToldAt.In(time.FixedZone("", 3600))
	if got := encode(t, e); !bytes.Equal(want, got) {
		t.Errorf("another order gives other bytes:\n%s", got)
	}
	var flat bytes.Buffer
	if err := json.Compact(&flat, want); err != nil {
		t.Fatal(err)
	}
	back, err := store.DecodeExport("flat", flat.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, back); !bytes.Equal(want, got) {
		t.Error("another layout is another state")
	}
	if n := bytes.Count(want, []byte(`"Widget000TurnsInEra0"`)); n != 2 { // name and const
		t.Errorf("equal items stand there %d times", n/2)
	}
}

// TestDamagedExportIsRefused: whatever is wrong, one sentence says what and what to do.
func TestDamagedExportIsRefused(t *testing.T) {
	good := string(encode(t, export(t)))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in\n%s", old, good)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, tt := range map[string]struct{ data, says string }{
		"empty file":         {"", "not a state"},
		"another file":       {"upstreams: []\n", "not a state"},
		"another document":   {`{"schema": 1}`, "not a state"},
		"cut off":            {good[:len(good)/2], "damaged"},
		"newer":              {replace(`"schema": 2`, `"schema": 3`), "newer bot (schema 3, this one knows 2); update bot"},
		"no schema":          {replace(`"schema": 2`, `"schema": 0`), "schema 0"},
		"a changed body":     {replace(`What changed`, `What chanced`), "checksum"},
		"a changed item":     {replace(`speed it had`, `speed it has`), "checksum"},
		"a missing number":   {replace(`"fence": 12`, `"fence": 11`), "checksum"},
		"two of them":        {good + good, "damaged"},
		"checksum taken out": {replace(`"checksum"`, `"sum"`), "checksum"},
	} {
		_, err := store.DecodeExport("state.json", []byte(tt.data))
		var u *store.UnusableError
		if !errors.As(err, &u) || u.Path != "state.json" || u.Advice == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", name, err, tt.says)
		}
	}
}

// TestImpossibleStatesAreNotExported: what a store can't have given out would lose or repeat something.
func TestImpossibleStatesAreNotExported(t *testing.T) {
	for says, spoil := range map[string]func(*store.Export){
		"cursor weekly names snapshot 5":              func(e *store.Export) { e.Cursors[0].Snapshot = 5 },
		"cursor weekly is there twice":                func(e *store.Export) { e.Cursors[1].Definition = "weekly" },
		"snapshot 7: numbers given so far end at 6":   func(e *store.Export) { e.Numbers.Snapshot = 6 },
		"snapshot 4 is there twice":                   func(e *store.Export) { e.Snapshots[0].Seq = 4; e.Cursors[0].Snapshot = 4 },
		"run 12: numbers given so far end at 11":      func(e *store.Export) { e.Numbers.Run = 11 },
		"run 12 is there twice":                       func(e *store.Export) { e.Runs[1].ID = 12 },
		"weekly/9/github-issue/2-of-3 starts from":    func(e *store.Export) { e.Deliveries[0].Base = 5 },
		"weekly/9/github-issue/1-of-3 is there twice": func(e *store.Export) { e.Deliveries[0].Key.Part = 1 },
		`"lost" is no state`:                          func(e *store.Export) { e.Deliveries[0].State = "lost" },
		"answer z is there twice":                     func(e *store.Export) { e.Answers[1].Key = "z" },
		`answer "z" has no key, or is no JSON`:        func(e *store.Export) { e.Answers[0].Value = []byte("{") },
	} {
		e := export(t)
		spoil(e)
		if _, err := e.Encode(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
	// A closed delivery outlives the snapshot it started from.
	e := export(t)
	e.Deliveries[1].Base = 1
	encode(t, e)
	// And so may one that was given up for long, and then put back in line.
	e.Deliveries[0].Base, e.Deliveries[0].RetriedAt = 1, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	encode(t, e)
}

// TestFirstDocumentIsRead: an export of schema 1, which knew no answers, is still read.
func TestFirstDocumentIsRead(t *testing.T) {
	data, err := os.ReadFile("testdata/state-schema-1.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := store.DecodeExport("state.json", data)
	if err != nil {
		t.Fatal(err)
	}
	want := export(t)
	want.Answers = nil
	if got := encode(t, e); string(got) != string(encode(t, want)) {
		t.Errorf("it reads as\n%s", got)
	}
}

func TestBehind(t *testing.T) {
	old, e := export(t), export(t)
	if out := e.Behind(old); len(out) != 0 {
		t.Errorf("the same state is behind: %q", out)
	}
	e.Cursors[0].Seq = 7
	if out := e.Behind(old); len(out) != 1 || !strings.Contains(out[0], "weekly stood at number 9") || !strings.Contains(out[0], "now at 7") {
		t.Errorf("%q", out)
	}
}

func TestRetry(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	d := func(definition string, seq int64, channel string, part int, state store.State) store.Delivery {
		return store.Delivery{
			Key: store.Key{Definition: definition, Seq: seq, Channel: channel, Part: part, Parts: 2}, State: state, Tries: 10,
			Nonce: "n", LastError: "403", QueuedAt: at.AddDate(0, -1, 0), DoneAt: at.AddDate(0, 0, -1), ResultURL: "https://x/" + string(state),
		}
	}
	all := []store.Delivery{
		d("weekly", 7, "file", 1, store.GivenUp),
		d("weekly", 7, "github-issue", 1, store.GivenUp), d("weekly", 7, "github-issue", 2, store.GivenUp),
		d("weekly", 8, "github-issue", 1, store.Done), d("weekly", 8, "github-issue", 2, store.GivenUp),
		d("weekly", 70, "file", 1, store.GivenUp),
		d("alerts", 1, "file", 1, store.Pending), d("alerts", 2, "file", 1, store.Done), d("alerts", 3, "file", 1, store.Superseded), d("alerts", 4, "file", 1, store.Unknown),
	}
	for _, tt := range []struct {
		key  string
		want []string
		says string
	}{
		{"weekly/7", []string{"weekly/7/file/1-of-2", "weekly/7/github-issue/1-of-2", "weekly/7/github-issue/2-of-2"}, ""},
		{"weekly/7/", []string{"weekly/7/file/1-of-2", "weekly/7/github-issue/1-of-2", "weekly/7/github-issue/2-of-2"}, ""},
		{"weekly/7/github-issue/1-of-2", []string{"weekly/7/github-issue/1-of-2"}, ""},
		{"weekly/7/github-issue/2-of-2", []string{"weekly/7/github-issue/1-of-2", "weekly/7/github-issue/2-of-2"}, ""}, // a comment needs its issue
		{"weekly/8", []string{"weekly/8/github-issue/2-of-2"}, ""},
		{"weekly/9", nil, "no delivery with this key"},
		{"week", nil, "no delivery with this key"},
		{"", nil, "no delivery with this key"},
		{"alerts/1", nil, "alerts/1/file/1-of-2 is pending, and the next run tries it again"},
		{"alerts/2", nil, "it is delivered already: https://x/done"},
		{"alerts/3", nil, "superseded: a later digest tells the same"},
		{"alerts/4", nil, "is unknown"},
	} {
		got, err := store.Retry(all, tt.key, at)
		if tt.says != "" {
			var r *store.RetryError
			if !errors.As(err, &r) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q: %v, want %q", tt.key, err, tt.says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.key, err)
		}
		var keys []string
		for _, g := range got {
			keys = append(keys, g.Key.String())
			if g.State != store.Pending || g.Tries != 0 || !g.OwedSince().Equal(at) || !g.DoneAt.IsZero() || g.LastError != "403" {
				t.Errorf("%q: %+v", tt.key, g)
			}
			was := g
			was.State, was.Tries = store.GivenUp, 10
			if err := store.CheckDelivery(&was, g); err != nil {
				t.Errorf("a store would refuse it: %v", err)
			}
		}
		if strings.Join(keys, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%q: %q, want %q", tt.key, keys, tt.want)
		}
	}
}
