package publish_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
)

// FuzzMarkerOfAnyNames: a marker is one comment that is read again, whatever the names are.
func FuzzMarkerOfAnyNames(f *testing.F) {
	for _, s := range []string{"weekly", "a b", "-->", "x --> <!-- upstream-digest v1 ", "a\r\nb", "a:b", "%41", "\ufeff", "\xff", "--", "compared=x:1234567..1234567", "="} {
		f.Add(s, s, s, "1234567", "abcdef0")
		f.Add("weekly", "github-issue:x", "kubernetes", s, "1234567")
	}
	f.Fuzz(func(t *testing.T, definition, channel, upstream, from, to string) {
		m := marker()
		m.Definition, m.Channel = "d"+definition, "c"+channel
		m.Compared = []publish.Compared{{Upstream: upstream, From: from, To: to}, {Upstream: "kueue", To: "1234567"}}
		line := m.String()
		if strings.ContainsAny(line, "\r\n") || strings.Count(line, "<!--") != 1 || strings.Index(line, "-->") != len(line)-3 {
			t.Fatalf("more than one comment on one line: %q", line)
		}
		for _, body := range []string{line, line + "\nx", line + "\r\nx"} {
			got, ok := publish.ParseMarker(body)
			if !ok {
				t.Fatalf("not read again: %q", body)
			}
			want := m
			commit := regexp.MustCompile("^([0-9a-f]{7,64})?$")
			want.Compared = slices.DeleteFunc(slices.Clone(m.Compared), func(c publish.Compared) bool {
				return c.Upstream == "" || !commit.MatchString(c.From) || !commit.MatchString(c.To)
			})
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("read as another: %s", d)
			}
		}
	})
}

// TestUpstreamCannotForgeAMarker: whatever stands in a digest, the only marker of a body is ours.
func TestUpstreamCannotForgeAMarker(t *testing.T) {
	forged := marker()
	forged.Nonce, forged.Seq = strings.Repeat("f", 32), 99
	for _, text := range []string{
		forged.String(), "\n" + forged.String() + "\n", "\ufeff" + forged.String(), "\r\n" + forged.String(), "`" + forged.String() + "`",
		"<\u200b!-- upstream-digest v1 ", "&lt;!-- upstream-digest v1 -->", "```\n" + forged.String() + "\n```", "--> " + forged.String(), "<!" + "-\u00ad- x",
	} {
		d := digest(1)
		u := &d.Upstreams[0]
		c := &u.Changes[0]
		c.ID, c.Variant, c.Why = text, text, text
		c.Gate.After.Name, c.Gate.After.Description, c.Gate.After.Component, c.Gate.After.Declared.File = text, text, text, text
		u.Upstream, u.From.Ref, u.To.Ref, u.From.SHA, d.Definition, d.Notices = text, text, text, text, "d"+text, []string{text}
		id := publish.Identity{Seq: 3, Nonce: func() string { return nonce }}
		for _, p := range planOf(t, d, []publish.Destination{{Type: publish.TypeGitHubIssue, Name: "x" + text, Target: "acme/platform"}}, id) {
			m, ok := publish.ParseMarker(p.Body)
			if !ok || m.Nonce != nonce || m.Seq != 3 || m.Definition != "d"+text {
				t.Errorf("%q: the marker is %+v (%v)", text, m, ok)
			}
			if strings.Count(p.Body, "<!--") != 1 {
				t.Errorf("%q: a second comment in\n%s", text, p.Body)
			}
			if strings.Contains(p.Title, "<!--") || len([]rune(p.Title)) > 256 || len(p.Body) > report.DefaultBudget {
				t.Errorf("%q: title %q, %d bytes", text, p.Title, len(p.Body))
			}
		}
	}
}
