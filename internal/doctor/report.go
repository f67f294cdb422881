package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Schema is the name of the JSON document, the $id of its JSON Schema in docs/schema.
const Schema = "https://raw.githubusercontent.com/upstream-digest/bot/main/docs/schema/doctor.v1.json"

// Report is what `bot doctor` tells.
type Report struct {
	At       time.Time
	Version  string // of the bot
	Checks   []Check
	Requests int // to GitHub, the free ones too
	ExitCode int
}

// Tally counts the checks by how they ended.
type Tally struct {
	OK      int `json:"ok"`
	Warning int `json:"warning"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Tally counts.
func (r Report) Tally() Tally {
	var t Tally
	for _, c := range r.Checks {
		switch c.Status {
		case OK:
			t.OK++
		case Warning:
			t.Warning++
		case Failed:
			t.Failed++
		case Skipped:
			t.Skipped++
		}
	}
	return t
}

// Harms reports whether a check of that harm failed.
func (r Report) Harms(h Harm) bool {
	for _, c := range r.Checks {
		if c.Status == Failed && c.Harm == h {
			return true
		}
	}
	return false
}

// JSON renders the report as docs/schema/doctor.v1.json describes it.
func (r Report) JSON() ([]byte, error) {
	doc := struct {
		Schema   string  `json:"schema"`
		At       string  `json:"at"`
		Version  string  `json:"version"`
		ExitCode int     `json:"exit_code"`
		Requests int     `json:"requests"`
		Tally    Tally   `json:"tally"`
		Checks   []Check `json:"checks"`
	}{Schema, r.At.UTC().Format(time.RFC3339), r.Version, r.ExitCode, r.Requests, r.Tally(), r.Checks}
	if doc.Checks == nil {
		doc.Checks = []Check{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return b.Bytes(), nil
}

// The terminal's own colours, so that they fit any theme.
const (
	bold  = "\x1b[1m"
	reset = "\x1b[0m"
)

// sgr is how a status looks beside its word.
var sgr = map[Status]string{OK: "\x1b[32m", Warning: "\x1b[33m", Failed: "\x1b[31m", Skipped: "\x1b[2m"}

// Text renders the report for people, in that many columns (at least 60), with colours or without. The words are the
// same.
func (r Report) Text(width int, colour bool) string {
	width = max(width, 60)
	paint := func(sgr, s string) string {
		if !colour || sgr == "" {
			return s
		}
		return sgr + s + reset
	}
	const status, gap = 7, 2
	name := 0
	for _, c := range r.Checks {
		name = max(name, utf8.RuneCountInString(c.Name))
	}
	indent := gap + status + gap + name + gap
	var b strings.Builder
	area := ""
	for _, c := range r.Checks {
		if c.Area != area {
			if area != "" {
				b.WriteByte('\n')
			}
			area = c.Area
			b.WriteString(paint(bold, title(area)) + "\n")
		}
		word := string(c.Status)
		if c.Status == Failed {
			word = "FAILED"
		}
		fmt.Fprintf(&b, "  %s  %-*s  ", paint(sgr[c.Status], fmt.Sprintf("%-*s", status, word)), name, c.Name)
		paragraph(&b, c.Finding, "", indent, width)
		if c.Advice != "" {
			b.WriteString(strings.Repeat(" ", indent))
			paragraph(&b, c.Advice, "→ ", indent, width)
		}
	}
	b.WriteByte('\n')
	if failed := r.failed(); failed != "" {
		var words strings.Builder
		paragraph(&words, "failed: "+failed, "", 0, width)
		for l := range strings.Lines(words.String()) {
			b.WriteString(paint(sgr[Failed], strings.TrimSuffix(l, "\n")) + "\n")
		}
	}
	t := r.Tally()
	paragraph(&b, fmt.Sprintf("%d ok, %s, %d failed, %d skipped; %s to GitHub; exit code %d",
		t.OK, count(t.Warning, "warning"), t.Failed, t.Skipped, count(r.Requests, "request"), r.ExitCode), "", 0, width)
	return b.String()
}

// failed names the checks that failed, so that nobody has to look for them.
func (r Report) failed() string {
	var names []string
	for _, c := range r.Checks {
		if c.Status != Failed {
			continue
		}
		name := c.Name
		if c.Subject != "" {
			name += " (" + line(c.Subject) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// paragraph writes text from column indent on; a word that does not fit is broken.
func paragraph(b *strings.Builder, text, mark string, indent, width int) {
	room := max(width-indent-utf8.RuneCountInString(mark), 20)
	// The library breaks words at hyphens too; commands and addresses stay whole, as long as they fit.
	const hyphen = "\ue000"
	wrapped := strings.ReplaceAll(ansi.Wrap(strings.ReplaceAll(text, "-", hyphen), room, ""), hyphen, "-")
	for i, l := range strings.Split(wrapped, "\n") {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent+utf8.RuneCountInString(mark)))
		} else {
			b.WriteString(mark)
		}
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
}

func title(area string) string {
	if area == areaGitHub {
		return "GitHub"
	}
	return strings.ToUpper(area[:1]) + area[1:]
}
