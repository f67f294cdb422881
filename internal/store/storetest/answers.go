//nolint:thelper // these are the tests themselves: a failure must show their line
package storetest

import (
	"fmt"
	"testing"

	"github.com/upstream-digest/bot/internal/store"
)

// testAnswers: an answer is kept with the update that brought it or not at all, a newer one of the same key takes its
// place, and only the newest are kept.
func testAnswers(t *testing.T, f *fixture) {
	s, lease := f.locked(t)
	ask := func(s Store, keys ...string) map[string]string {
		t.Helper()
		got, err := s.Answers(t.Context(), keys...)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for k, v := range got {
			out[k] = string(v)
		}
		return out
	}
	same(t, "of an empty store", map[string]string{}, ask(s, "a"))
	commit(t, s, lease, store.Update{
		Answers: []store.Answer{{Key: "a", Value: []byte("{ \"x\": \"<&>\" }\n")}, {Key: "b/ü", Value: []byte("[1]")}}, Run: &store.Run{Outcome: "told"},
	})
	same(t, "in another process", map[string]string{"a": `{"x":"<&>"}`, "b/ü": "[1]"}, ask(f.open(t), "a", "b/ü", "c"))
	same(t, "of no question", map[string]string{}, ask(s))
	refused(t, s, lease, store.Update{Answers: []store.Answer{{Key: "c", Value: []byte("1")}, {Value: []byte("2")}}}, "key must be named")
	refused(t, s, lease, store.Update{Answers: []store.Answer{{Key: "c", Value: []byte("{")}}}, "answer c")
	refused(t, s, lease, store.Update{Answers: []store.Answer{{Key: "c", Value: []byte("3")}}, Cursors: []store.Cursor{{Definition: "weekly", Seq: 1, Snapshot: 4711}}}, "4711")
	same(t, "after refused updates", map[string]string{}, ask(s, "c"))

	// "a" is written again, so it is newer than "b/ü", which goes first.
	u := store.Update{Answers: []store.Answer{{Key: "a", Value: []byte("7")}}}
	for i := range store.KeptAnswers - 1 {
		u.Answers = append(u.Answers, store.Answer{Key: fmt.Sprint("more ", i), Value: []byte("0")})
	}
	commit(t, s, lease, u)
	same(t, "the newest", map[string]string{"a": "7", "more 0": "0", "more 1998": "0"}, ask(s, "a", "b/ü", "more 0", "more 1998"))
	var all []string
	for _, a := range u.Answers {
		all = append(all, a.Key)
	}
	if n := len(ask(s, all...)); n != store.KeptAnswers {
		t.Errorf("%d answers are kept, want %d", n, store.KeptAnswers)
	}
	e, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Answers) != store.KeptAnswers || e.Answers[0].Key != "a" || e.Answers[1].Key != "more 0" {
		t.Errorf("%d answers are exported, not the oldest first", len(e.Answers))
	}
	commit(t, s, lease, store.Update{Answers: []store.Answer{{Key: "last", Value: []byte("0")}}})
	same(t, "after one more", map[string]string{"more 0": "0", "last": "0"}, ask(s, "a", "more 0", "last"))
	if err := s.Import(t.Context(), lease, &store.Export{}); err != nil {
		t.Fatal(err)
	}
	same(t, "after an import without any", map[string]string{}, ask(s, "more 0", "last"))
}
