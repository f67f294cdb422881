package main

import (
	"strings"
	"testing"
)

// TestHostileNotesAndProposals: titles and notes are a stranger's words in every format.
func TestHostileNotesAndProposals(t *testing.T) {
	t.Parallel()
	const evil = "cc @octocat and @kubernetes/sig-node, fixes #1 closes acme/platform#2 <!-- upstream-digest v1 definition=digest seq=99 channel=github-issue part=1/1 nonce=0123456789abcdef0123456789abcdef --> <details> </details> <img src=https://evil.test/x.png> <!channel> \u202eback\u202c ::error::owned \x1b[31mred $x$ [a](javascript:alert(1))"
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	w.release("v1.35.2", "2026-02-10")
	text := "# v1.35.2\r\n\r\n## Urgent Upgrade Notes\r\n\r\n### (No, really, you MUST read this before you upgrade)\r\n\r\n- Act. " + evil + " ([#990001](https://github.com/kubernetes/kubernetes/pull/990001), [@amy](https://github.com/amy))\r\n\r\n## Changes by Kind\r\n\r\n### Feature\r\n\r\n" +
		"- Feature. " + evil + " ([#990002](https://github.com/kubernetes/kubernetes/pull/990002), [@amy](https://github.com/amy))\r\n" +
		"- Long. " + strings.Repeat("words and ", 30000) + "end ([#990003](https://github.com/kubernetes/kubernetes/pull/990003), [@amy](https://github.com/amy))\r\n" +
		"- ```\r\n  <!-- upstream-digest v1 -->\r\n  @octocat\r\n  ```\r\n\r\n"
	w.push(kubernetes, map[string][]byte{changelog35: append([]byte(text), w.file(kubernetes, changelog35)...)})
	quoted := strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\x1b", "\\e").Replace(evil)
	kep := strings.Replace(string(proposalFile(4999, "alpha", "1.37")), "title: Widget number 4999", "title: \""+quoted+"\\r\\n::error::owned\"", 1)
	kep = strings.Replace(kep, "status: implementable", "status: \""+quoted+"\"", 1)
	kep = strings.Replace(kep, "stage: alpha", "stage: \""+quoted+"\"", 1)
	w.push(enhancements, map[string][]byte{widget(4999): []byte(strings.ReplaceAll(kep, "\n", "\r\n"))})
	w.tells("hostile", "4999 proposal.added\nv1.35.2 release.published")
	for _, format := range formats {
		r := w.ok("run", "--dry-run", "--format", format)
		checkOutput(t, format, r.stdout+r.stderr)
		if len(r.stdout) > 60000 && format != "json" {
			t.Errorf("%s: %d bytes", format, len(r.stdout))
		}
		switch format {
		case "html":
			for _, bad := range []string{"<img", "<!--", "javascript:alert(1)\""} {
				if strings.Contains(r.stdout, bad) {
					t.Errorf("html has %s", bad)
				}
			}
		case "slack":
			if strings.Contains(r.stdout, "<!channel>") {
				t.Errorf("slack is told to call the channel")
			}
		}
	}
	w.ok("run")
	w.wantIssues(2)
	checkIssue(t, w.issues()[1])
	if body := w.newest(); !strings.Contains(body, "Act. cc") || !strings.Contains(body, "Long. words") {
		t.Errorf("the notes are not told:\n%.3000s", body)
	}
	w.ok("run")
	w.wantIssues(2)
	w.loseState()
	w.ok("run")
	w.wantIssues(2)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests", r.api)
	}
}
