package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/report"
)

// screen is what a stream of the program ends at.
type screen struct {
	terminal bool
	pipe     bool // another program reads it, which may be a pager
	// columns is how wide it is now, for windows are resized; nil or 0: nobody knows.
	columns func() int
}

func screenOf(f *os.File) screen {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		info, err := f.Stat()
		return screen{pipe: err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0}
	}
	return screen{terminal: true, columns: func() int {
		w, _, err := term.GetSize(fd)
		if err != nil {
			return 0
		}
		return w
	}}
}

// width is the screen's width; 80 where it is none or does not say.
func (s screen) width() int {
	if s.columns != nil {
		if n := s.columns(); n > 0 {
			return n
		}
	}
	return 80
}

// The least that texts are made for, and the widest lines that are read with ease. Tables may be wider.
const (
	narrowest = 40
	readable  = 100
)

// style is how results look, as flags, environment and terminal have it.
type style struct {
	colour, links bool
	always        bool // in files too
}

// colours are the words of --color.
var colours = []string{"auto", "always", "never"}

// styleOf decides. A flag is nearer than the environment, and NO_COLOR nearer than what asks for colours; see
// https://no-color.org and https://bixense.com/clicolors.
func styleOf(flag string, lookup config.Lookup, out screen) (style, error) {
	get := func(name string) string { v, _ := lookup(name); return v }
	on := func(name string) bool { return !slices.Contains([]string{"", "0", "false"}, get(name)) }
	var s style
	switch flag {
	case "always":
		s.colour, s.always = true, true
	case "never":
	case "auto":
		switch {
		case get("NO_COLOR") != "":
		case on("CLICOLOR_FORCE"), on("FORCE_COLOR"):
			s.colour = true
		default:
			s.colour = out.terminal && get("TERM") != "dumb" && get("CLICOLOR") != "0"
		}
	default:
		return s, &usageError{fmt.Errorf("--color is %s, not %q", strings.Join(colours, ", "), flag)}
	}
	s.links = s.colour && (on("FORCE_HYPERLINK") || get("FORCE_HYPERLINK") == "" && out.terminal && knowsLinks(get))
	return s, nil
}

// knowsLinks reports whether a terminal is one of those that show OSC 8 links. Who stands between them and the program
// hands its own environment on, and may show anything else: then nobody knows.
func knowsLinks(get func(string) string) bool {
	if get("TMUX") != "" || get("STY") != "" || strings.HasPrefix(get("TERM"), "screen") || strings.HasPrefix(get("TERM"), "tmux") {
		return false
	}
	if vte, err := strconv.Atoi(get("VTE_VERSION")); err == nil && vte >= 5002 { // 0.50.0 and 0.50.1 crash on them
		return true
	}
	return slices.Contains([]string{"iTerm.app", "WezTerm", "vscode", "ghostty"}, get("TERM_PROGRAM")) ||
		get("TERM") == "xterm-kitty" || get("WT_SESSION") != "" || get("KONSOLE_VERSION") != ""
}

// look settles how results look, before a command begins.
func (a *app) look() error {
	lookup, _ := config.Environ(a.env.environ)
	var err error
	if a.style, err = styleOf(a.color, lookup, a.env.out); err != nil {
		return err
	}
	if a.logFormat != "text" && a.logFormat != "json" {
		return errLogFormat(a.logFormat)
	}
	a.live.on = a.shows()
	return nil
}

func errLogFormat(format string) error {
	return &usageError{errors.New("--log-format is text or json, not " + strconv.Quote(format))}
}

// toScreen reports whether a result goes to standard output.
func toScreen(output string) bool { return output == "" || output == "-" }

// textOptions are how a text looks that is written to output, "" and "-" being standard output.
func (a *app) textOptions(output string) report.TextOptions {
	width := 80
	if toScreen(output) {
		width = max(min(a.env.out.width(), readable), narrowest)
	}
	return report.TextOptions{Width: width, Color: a.coloured(output), Hyperlinks: a.style.links && toScreen(output)}
}

// coloured reports whether what is written to output has colours. A file has them only when it is asked for.
func (a *app) coloured(output string) bool {
	return a.style.always || a.style.colour && toScreen(output)
}

// tableOptions are how a table looks on standard output: as wide as the screen is.
func (a *app) tableOptions() report.TextOptions {
	opts := a.textOptions("")
	opts.Width = max(a.env.out.width(), narrowest)
	return opts
}

// child is the program for one run in a world of its own: what it opens it closes. It looks as this one does.
func (a *app) child() *app {
	return &app{env: a.env, config: a.config, logFormat: a.logFormat, serving: a.serving, verbose: a.verbose, color: a.color, style: a.style, live: a.live}
}
