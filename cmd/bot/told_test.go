package main

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/publish"
)

// told counts, for each definition and channel, how often each gate has an entry of its own.
func (w *testWorld) told() map[string]int {
	w.t.Helper()
	out := map[string]int{}
	for _, i := range w.issues() {
		m, ok := publish.ParseMarker(i.Body)
		if !ok {
			w.t.Fatalf("an issue without a marker:\n%s", i.Body)
		}
		countEntries(out, "issue "+m.Definition, i.Body)
		for _, c := range i.Comments {
			countEntries(out, "issue "+m.Definition, c.Body)
		}
	}
	for _, path := range w.digestFiles() {
		body, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		definition, _, _ := strings.Cut(filepath.Base(path), "-")
		countEntries(out, "file "+definition, string(body))
	}
	return out
}

func (w *testWorld) digestFiles() []string {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "out", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// entryRE is the beginning of an entry of the Markdown digest.
var entryRE = regexp.MustCompile("(?m)^- (?:\\[[ x]\\] )?(?:\\*\\*)?`([^`]+)`(?:\\*\\*)?(?: \\(as registered in [^)]*\\))?: ")

func countEntries(out map[string]int, where, body string) {
	for _, m := range entryRE.FindAllStringSubmatch(body, -1) {
		out[where+": "+m[1]]++
	}
}

// compareTold says what was told more, and what less often than wanted.
func compareTold(want, got map[string]int) (duplicates, missing []string) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] < want[k] {
			missing = append(missing, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if got[k] > want[k] {
			duplicates = append(duplicates, k)
		}
	}
	return duplicates, missing
}

// wantWhole checks that so many digests stand there, each one once and with all its parts.
func (w *testWorld) wantWhole(issues, files int) {
	w.t.Helper()
	w.wantIssues(issues)
	if got := w.digestFiles(); len(got) != files {
		w.t.Errorf("%d files, want %d: %v", len(got), files, got)
	}
	keys, nonces := map[string]bool{}, map[string]bool{}
	for _, i := range w.issues() {
		if m, _ := publish.ParseMarker(i.Body); publish.TypeOf(m.Channel) == publish.TypeRolling {
			wantRolling(w, i)
			continue
		}
		bodies := []string{i.Body}
		for _, c := range i.Comments {
			bodies = append(bodies, c.Body)
		}
		for n, body := range bodies {
			m, ok := publish.ParseMarker(body)
			if !ok || m.Part != n+1 || m.Of != len(bodies) {
				w.t.Errorf("issue %d: comment %d of %d has the marker %+v", i.Number, n, len(bodies)-1, m)
			}
			key := fmt.Sprintf("%s/%d/%s/%d", m.Definition, m.Seq, m.Channel, m.Part)
			if keys[key] || nonces[m.Nonce] {
				w.t.Errorf("issue %d: %s is there twice", i.Number, key)
			}
			keys[key], nonces[m.Nonce] = true, true
		}
	}
}

// number asks the state for one number.
func (w *testWorld) number(query string) int64 {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.state())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var n int64
	if err := db.QueryRow(query).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}
