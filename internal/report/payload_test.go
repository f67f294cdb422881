package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/golden"
)

func TestPayloadObeysItsSchema(t *testing.T) {
	all := schemas(t)
	for name, d := range map[string]Digest{
		"every kind": digestOf(everyKind()), "empty": {}, "nothing changed": digestOf(nil), "two upstreams": two(), "failed": failed(),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Payload(d, PayloadOptions{ID: "0123456789abcdef", Seq: 7, URL: "https://github.com/acme/platform/issues/7"})
			if err != nil {
				t.Fatal(err)
			}
			checkPrinted(t, "payload", string(b))
			valid(t, all, b)
		})
	}
	b, err := PayloadOfTest("0123", "A <test>", "of the bot")
	if err != nil {
		t.Fatal(err)
	}
	valid(t, all, b)
	golden.Check(t, "testdata/payload-test.json", b)
}

// TestPayloadHoldsWhatRunPrints: what reads one can read the other.
func TestPayloadHoldsWhatRunPrints(t *testing.T) {
	d := digestOf(everyKind())
	d.Alerts = []Alert{{ID: "kubernetes/gates", What: "Gates were not read."}}
	b, err := Payload(d, PayloadOptions{ID: "0123", Seq: 7, URL: "javascript:alert(1)"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Type, ID, Definition, Title, Text, URL string
		Seq                                    int64
		Counts                                 map[string]int
		Digest                                 json.RawMessage
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	printed, err := JSON(d)
	if err != nil {
		t.Fatal(err)
	}
	var x, y bytes.Buffer
	if json.Compact(&x, got.Digest) != nil || json.Compact(&y, printed) != nil || x.String() != y.String() {
		t.Error("digest is not what bot run --format json prints")
	}
	if got.Type != "digest" || got.ID != "0123" || got.Seq != 7 || got.Definition != d.Definition || got.Title != Title(d) || got.Text == "" || got.URL != "" {
		t.Errorf("%+v", got)
	}
	tally := tallyOf(d.Upstreams[0].Changes)
	if got.Counts["act"] != tally.act+1 || got.Counts["yours"] != tally.mine || got.Counts["know"] != tally.know || got.Counts["fyi"] != tally.rest || tally.mine == 0 {
		t.Errorf("%v, want %+v and one alert", got.Counts, tally)
	}
}

// TestPayloadOfOneChange is what the page for receivers shows.
func TestPayloadOfOneChange(t *testing.T) {
	var one []diff.Change
	for _, c := range everyKind() {
		if c.Gate != nil && c.Mine && len(one) == 0 {
			one = append(one, c)
		}
	}
	b, err := Payload(digestOf(one), PayloadOptions{ID: "3q7tw5dzbkf0", Seq: 12, URL: "https://github.com/acme/platform/issues/7"})
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/payload.json", b)
}
