package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/gate"
)

// Several picks in one are named in the body, while the title has the first before its own title: none of them may be
// told for sure.
func TestPicksOfSeveral(t *testing.T) {
	for title, body := range map[string]string{
		"Automated cherry pick of #101: bring it on #102: mend it": "Cherry pick of #101 #102 on release-1.30.\n\n#101: bring it on\n#102: mend it",
		"Cherry pick of #101: bring it on, #102: mend it":          "",
	} {
		if d := cmp.Diff([]int{101, 102}, Originals(title, body)); d != "" {
			t.Errorf("%s: %s", title, d)
		}
	}
}

// A copy says by itself what it is a copy of; so the link to that is as sure as words are.
func TestOriginalsAreWords(t *testing.T) {
	repo := Repository{Name: "up/stream", WebURL: "https://github.com/up/stream"}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	claims, _ := Settle([]Claim{pullClaim(RuleBlame, "7", gate.Beta, "1.31", Certain)}, map[int]Pull{7: {Number: 7, Title: "Cherry pick of #12 from the other project", Merged: at}}, repo)
	if len(claims) != 1 || claims[0].Target != "up/stream#12" || claims[0].Confidence != Likely {
		t.Errorf("%+v", claims)
	}
}

// Whatever a pull request's text is, little of it is kept, and a long line hides none of the others.
func TestKeptPullIsBounded(t *testing.T) {
	p := Pull{Number: 7, Title: strings.Repeat("a", 1<<20), Body: "Fixes #1 " + strings.Repeat("b", 1<<20) + "\n" + strings.Repeat("Fixes #2\n", 1<<17), Closes: make([]Issue, 10)}
	data := EncodePull(p, true)
	if len(data) > 8000 {
		t.Errorf("%d bytes are kept", len(data))
	}
	if kept, _, _ := DecodePull(7, data); !strings.Contains(kept.Body, "Fixes #2") {
		t.Error("the line behind the long one is lost")
	}
}
