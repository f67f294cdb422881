package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/usage"
)

// CheckGitHub renders a check as workflow commands, which GitHub's runner turns into annotations at the
// files' lines. The first line, which is no command, is the summary for the log. The worst stand first:
// GitHub shows ten errors, ten warnings and ten notices of a step. What is fine is not annotated.
func CheckGitHub(c Check) string {
	var b strings.Builder
	b.WriteString(Line(CheckSummary(c)) + "\n")
	for _, f := range c.sorted() {
		w, _ := wordsOf(f.Verdict)
		if w.quiet {
			continue
		}
		command := w.level
		if command == "note" {
			command = "notice"
		}
		annotate(&b, command, usage.Problem{File: f.File, Line: f.Line, Message: alertMessage(f, c.To)}, fmt.Sprintf(w.title, shownName(f.Gate), minorWord(c.To)))
	}
	for _, p := range sortedProblems(c.Problems) {
		p.Message = sentence(short(p.Message, 500))
		title := "Could not be read"
		if p.Elsewhere {
			title = "Not judged"
		}
		annotate(&b, "warning", p, title)
	}
	return b.String()
}

func annotate(b *strings.Builder, command string, at usage.Problem, title string) {
	message := at.Message
	var where string
	if at.File == standardInput || at.File == "" {
		message = located(at.File, at.Line).text + ": " + message
	} else {
		where = "file=" + property(at.File) + ","
		if at.Line > 0 {
			where += "line=" + strconv.Itoa(at.Line) + ","
		}
	}
	b.WriteString("::" + command + " " + where + "title=" + property(clean(title)) + "::" + data(clean(message)) + "\n")
}

// data escapes a workflow command's text as the runner unescapes it. What it does not know an escape for
// and no log should get is taken out, and so is the sign of the older form of commands.
func data(s string) string {
	s = strings.ReplaceAll(strip(s, false), "##[", "## [")
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes the value of a workflow command's property.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
