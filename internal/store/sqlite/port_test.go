package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/upstream-digest/bot/internal/store"
)

// TestFirstSchemaIsRead: a file of the first version of the bot, made here as that version made it, is
// exported as it is, and opened for writing without a loss.
func TestFirstSchemaIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	begin(t, path)
	first, err := os.ReadFile("migrations/00001_state.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, path, string(first)+`
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 1);
		INSERT INTO runs VALUES (3, '2026-04-01T12:00:00Z', '2026-04-01T12:00:01Z', 'told', 0, 0, 7, 'null');
		INSERT INTO deliveries VALUES ('weekly', 7, 'github-issue', 1, 1, '00ff', 'given_up', 'acme/platform', 'What changed', 'body', '["upstream"]', 0,
			'2026-04-01T12:00:00Z', 10, '403', 0, '', '');
		UPDATE lock SET fence = 4;`)
	ro := readOnly(t, path)
	before, err := ro.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed(t, ro)
	want := store.Numbers{Run: 3, Fence: 4}
	if before.Numbers != want || len(before.Deliveries) != 1 || before.Deliveries[0].Nonce != "00ff" || !before.Deliveries[0].RetriedAt.IsZero() || len(before.Runs) != 1 {
		t.Errorf("%+v", before)
	}
	s := open(t, path)
	defer closed(t, s)
	after, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := before.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := after.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("before the migration:\n%s\nafter:\n%s", a, b)
	}
}
