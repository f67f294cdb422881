package kep_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/kep"
)

// many writes n proposals of the size and the mix of upstream's: 860 bytes on average, comments of the template
// left in, two of three with gates, some with slips.
func many(n int) (paths []string, srcs [][]byte) {
	for i := range n {
		var b strings.Builder
		number := 100 + i*9
		fmt.Fprintf(&b, "title: Widget number %d turns by itself\nkep-number: %d\nauthors:\n  - \"@author%d\"\n  - \"@second%d\"\nowning-sig: sig-widget-%d\n", i, number, i, i, i%20)
		fmt.Fprintf(&b, "participating-sigs:\n  - sig-node\n  - sig-widget-%d\nstatus: %s\ncreation-date: 2024-%02d-%02d\nreviewers:\n  - \"@reviewer%d\"\napprovers:\n  - \"@approver%d\"\n\n",
			i%7, []string{"implemented", "implementable", "provisional", "implemented (alpha)"}[i%4], 1+i%12, 1+i%28, i%30, i%10)
		fmt.Fprintf(&b, "see-also:\n  - \"/keps/sig-node/%d-earlier-widget\"\nreplaces: []\n\n# What this work is aimed at in the cycle that is going on.\nstage: %s\n\n# The release that work was last done for, which\n# may be the one that is coming.\nlatest-milestone: %q\n\n",
			number-9, []string{"alpha", "beta", "stable"}[i%3], []string{"v1.37", "1.30", "0.0", "v1.36"}[i%4])
		b.WriteString("# When each stage was reached, or is meant to be.\nmilestone:\n  alpha: \"v1.30\"\n  beta: \"v1.33\"\n  stable: TBD\n\n")
		if i%3 > 0 {
			fmt.Fprintf(&b, "# All gates and the components\n# that need them.\nfeature-gates:\n  - name: WidgetNumber%d\n    components:\n      - kube-apiserver\n      - kubelet\n", i)
		}
		b.WriteString("disable-supported: true\n\nmetrics:\n  - widget_turns_total\n")
		paths = append(paths, fmt.Sprintf("keps/sig-widget-%d/%d-widget/kep.yaml", i%20, number))
		srcs = append(srcs, []byte(b.String()))
	}
	return paths, srcs
}

// BenchmarkRatio650 reads as many proposals as upstream has, each in turn with Parse and with the library's own
// decoding into its cheapest form, and reports how many times the latter Parse costs: the aim is 1.3 at most. Of each
// file the fastest reading counts, so that a busy machine shows the same.
func BenchmarkRatio650(b *testing.B) {
	paths, srcs := many(650)
	best := [2][]time.Duration{slices.Repeat([]time.Duration{time.Hour}, len(srcs)), slices.Repeat([]time.Duration{time.Hour}, len(srcs))}
	for b.Loop() {
		for i, src := range srcs {
			start := time.Now()
			if _, err := kep.Parse(paths[i], src); err != nil {
				b.Fatal(err)
			}
			parsed := time.Now()
			var n yaml.Node
			if err := yaml.Unmarshal(src, &n); err != nil {
				b.Fatal(err)
			}
			best[0][i], best[1][i] = min(best[0][i], parsed.Sub(start)), min(best[1][i], time.Since(parsed))
		}
	}
	var sum [2]time.Duration
	for i := range srcs {
		sum[0], sum[1] = sum[0]+best[0][i], sum[1]+best[1][i]
	}
	b.ReportMetric(float64(sum[0])/float64(sum[1]), "times-bare")
	b.ReportMetric(float64(sum[0].Microseconds())/1000, "parse-ms")
	b.ReportMetric(float64(sum[1].Microseconds())/1000, "bare-ms")
}

// BenchmarkParse650 and BenchmarkBareDecode650 are the two sides alone, with what they allocate.
func BenchmarkParse650(b *testing.B) {
	paths, srcs := many(650)
	b.SetBytes(size(srcs))
	b.ReportAllocs()
	for b.Loop() {
		for i, src := range srcs {
			if _, err := kep.Parse(paths[i], src); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkBareDecode650(b *testing.B) {
	_, srcs := many(650)
	b.SetBytes(size(srcs))
	b.ReportAllocs()
	for b.Loop() {
		for _, src := range srcs {
			var n yaml.Node
			if err := yaml.Unmarshal(src, &n); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParseReadme(b *testing.B) {
	lines := make([]string, 40)
	for i := range lines {
		lines[i] = fmt.Sprintf("- 2024-01-%02d: work on `WidgetNumber%d` for v1.%d ([#%d](%s%d))", 1+i%28, i, 20+i%17, 90000+i, pull, 90000+i)
	}
	src := []byte(strings.Repeat("## Design\n\nWidgets turn by *themselves*, and `kubelet` lets [them](#design).\n\n- one\n- two\n\n", 300) + history(lines...))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		kep.ParseReadme("a/README.md", src)
	}
}

func size(srcs [][]byte) int64 {
	n := 0
	for _, s := range srcs {
		n += len(s)
	}
	return int64(n)
}
