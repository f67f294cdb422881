package branchstore

import (
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/store"
)

// FuzzState: whatever stands in state.json, reading it does not panic; what is read was sealed, and says the same when it
// is written again.
func FuzzState(f *testing.F) {
	st := emptyView().state
	st.Numbers = store.Numbers{Snapshot: 3, Run: 2, Fence: 5}
	st.Cursors = []store.Cursor{{Definition: "weekly", Seq: 4, Snapshot: 3, ToldAt: time.Date(2026, 4, 1, 12, 0, 0, 1, time.UTC)}}
	st.Lock = &store.Lease{Holder: "build-7, process 12", Fence: 5}
	st.Owed = []delivery{{Delivery: store.Delivery{Key: store.Key{Definition: "weekly", Seq: 4, Channel: "file", Part: 1, Parts: 1}, State: store.Pending}, Body: "deliveries/weekly/000004-file-1.md"}}
	good, err := encodeState(st)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(strings.Replace(string(good), `"seq": 4`, `"seq": 3`, 1)))
	f.Add([]byte(`{"document": "bot state on a branch", "schema": 2}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := decodeState(data)
		if err != nil {
			return
		}
		again, err := encodeState(st)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeState(again)
		if err != nil || back.Checksum != st.Checksum {
			t.Fatalf("written again, it is another state: %v", err)
		}
	})
}

// FuzzNames: any definition and channel makes one file below the folder of deliveries, different ones different files;
// and a headline is one line that pings nobody and refers to nothing.
func FuzzNames(f *testing.F) {
	f.Add("weekly", "github-issue", "alerts", "slack")
	f.Add("..", ".", "", "/")
	f.Add("a/b", "c", "a", "b/c")
	f.Add("%2E", "é\n@x", ".", "#1")
	f.Fuzz(func(t *testing.T, d1, c1, d2, c2 string) {
		a, b := store.Key{Definition: d1, Seq: 1, Channel: c1, Part: 1}, store.Key{Definition: d2, Seq: 1, Channel: c2, Part: 1}
		p, q := bodyPath(a), bodyPath(b)
		if a != b && p == q {
			t.Errorf("%+v and %+v share %s", a, b, p)
		}
		parts := strings.Split(p, "/")
		if len(parts) != 3 || parts[0] != deliveriesFolder || parts[1] == "." || parts[1] == ".." {
			t.Errorf("%+v lies at %s", a, p)
		}
		if h := headline([]string{d1, c1, d2, c2}); strings.ContainsAny(h, "@#\n\r\x00") || h == "" || len([]rune(h)) > maxHeadline {
			t.Errorf("headline %q", h)
		}
	})
}
