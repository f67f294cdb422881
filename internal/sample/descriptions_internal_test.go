package sample

import (
	"strings"
	"testing"
)

func TestDamagedDescriptionsNameTheLine(t *testing.T) {
	const good = "FastWidget\tMakes widgets fast.\n"
	for _, c := range []struct{ name, text, want string }{
		{"no tab", good + "SlowWidget Makes widgets slow.\n", "d.tsv:2: want a gate, one tab"},
		{"no gate", good + "\tMakes widgets slow.\n", "d.tsv:2: want a gate, one tab"},
		{"two tabs", good + "SlowWidget\tMakes\twidgets slow.\n", "d.tsv:2: want a gate, one tab"},
		{"no period", good + "SlowWidget\tMakes widgets slow\n", "d.tsv:2: SlowWidget: want one sentence"},
		{"two sentences", good + "SlowWidget\tMakes widgets slow. Really.\n", "d.tsv:2: SlowWidget: want one sentence"},
		{"twice", good + good, "d.tsv:2: FastWidget: stands twice"},
	} {
		if _, err := parseDescriptions("d.tsv", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}
