package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/golden"
)

// everyCommand lists the program's commands, each as its words without "bot".
func everyCommand() [][]string {
	var out [][]string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		out = append(out, strings.Fields(c.CommandPath())[1:])
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	a := &app{env: environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: time.Now}}
	walk(a.root())
	return out
}

// TestHelpPages keeps the page of every command as a reader finds it.
func TestHelpPages(t *testing.T) {
	var all strings.Builder
	for _, words := range everyCommand() {
		r := bare(t, "", append(words, "--help")...)
		name := strings.Join(append([]string{"bot"}, words...), " ")
		if r.code != exitDone || r.stderr != "" {
			t.Errorf("%s --help: exit code %d\n%s", name, r.code, r.stderr)
		}
		for line := range strings.Lines(r.stdout) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > helpWidth || strings.HasSuffix(line, " \n") {
				t.Errorf("%s --help has a line of %d columns: %q", name, w, line)
			}
		}
		if !strings.Contains(r.stdout, "\nExamples:\n  bot") {
			t.Errorf("%s --help has no examples", name)
		}
		if by := bare(t, "", append([]string{"help"}, words...)...); by.stdout != r.stdout {
			t.Errorf("bot help %s prints another page", strings.Join(words, " "))
		}
		all.WriteString("$ " + name + " --help\n" + r.stdout + "\n")
	}
	golden.Check(t, "testdata/help.golden", []byte(all.String()))
	if r := bare(t, ""); r.code != exitDone || r.stdout != bare(t, "", "help").stdout {
		t.Error("bot alone does not print the first page")
	}
}

// TestMisspelt: who slips is told what may be meant, and nothing is done.
func TestMisspelt(t *testing.T) {
	for line, want := range map[string]string{
		"rnu":                      `there is no command "rnu" under bot; did you mean run?; see bot --help`,
		"state shwo":               `there is no command "shwo" under bot state; did you mean show?; see bot state --help`,
		"help gate":                `there is no command "gate" under bot; did you mean gates or state?`,
		"help state retyr":         `did you mean retry?`,
		"run --dryrun":             `unknown flag: --dryrun; did you mean --dry-run?; see bot run --help`,
		"gates --stages beta":      `unknown flag: --stages; did you mean --stage?`,
		"check x --colour never":   `unknown flag: --colour; did you mean --color?`,
		"run --nothing-like-it":    `unknown flag: --nothing-like-it; see bot run --help`,
		"run -x":                   `unknown shorthand flag: 'x' in -x; see bot run --help`,
		"completion tcsh":          `SHELL is one of bash, zsh, fish, powershell, not "tcsh"`,
		"version --log-format xml": `--log-format is text or json, not "xml"`,
	} {
		if r := bare(t, "", strings.Fields(line)...); r.code != exitUsage || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("bot %s: exit code %d, want %q\n%s%s", line, r.code, want, r.stdout, r.stderr)
		}
	}
}
