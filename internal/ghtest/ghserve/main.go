// Command ghserve runs the GitHub stand-in of package ghtest for scripts and by hand.
//
//	ghserve --repo kubernetes/kubernetes=/srv/kubernetes.git --issues acme/platform --token t0ken=bot:write --port-file url.txt
//
// It prints its URL on standard output (and writes it to --port-file, once it listens), and serves until
// it is interrupted: the API under /, GraphQL under /graphql, the raw host under /raw, and the control
// requests that control.go of ghtest lists under /__ghtest/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/upstream-digest/bot/internal/ghtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "ghserve:", err)
		os.Exit(2)
	}
}

// many collects a flag that may be given several times.
type many []string

func (m *many) String() string     { return strings.Join(*m, " ") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	fs := flag.NewFlagSet("ghserve", flag.ContinueOnError)
	fs.SetOutput(errOut)
	addr := fs.String("addr", "127.0.0.1:0", "`host:port` to listen on; port 0 is a free one")
	portFile := fs.String("port-file", "", "write the URL to this `file` once it listens")
	control := fs.Bool("control", true, "serve the control requests under /__ghtest/")
	enterprise := fs.Bool("enterprise", false, "serve /api/v3 and /api/graphql too")
	var repos, issues, private, tokens many
	fs.Var(&repos, "repo", "`owner/name=dir`: a repository whose code is the git directory dir; repeatable")
	fs.Var(&issues, "issues", "`owner/name`: a repository without code, for issues; repeatable")
	fs.Var(&private, "private", "`owner/name`: makes a repository of the others private; repeatable")
	fs.Var(&tokens, "token", "`value=login:level`: level is none, read, report or write, and holds for the --issues repositories; repeatable")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	s := ghtest.New(ghtest.Options{Now: time.Now, Control: *control, Enterprise: *enterprise})
	defer s.Close()
	if err := fill(s, repos, issues, private, tokens); err != nil {
		return err
	}
	if err := s.Listen(*addr); err != nil {
		return err
	}
	if *portFile != "" {
		if err := writeWhole(*portFile, s.URL()+"\n"); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(out, s.URL()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// fill adds what the flags name.
func fill(s *ghtest.Server, repos, issues, private, tokens []string) error {
	hidden := map[string]bool{}
	for _, p := range private {
		hidden[p] = true
	}
	add := func(flagName, name, dir string) error {
		if owner, repo, ok := strings.Cut(name, "/"); !ok || owner == "" || repo == "" || strings.Contains(repo, "/") {
			return fmt.Errorf("--%s %s: want owner/name", flagName, name)
		}
		s.AddRepository(ghtest.Repository{Name: name, GitDir: dir, Private: hidden[name]})
		return nil
	}
	coded := map[string]bool{}
	for _, v := range repos {
		name, dir, ok := strings.Cut(v, "=")
		if !ok || dir == "" {
			return fmt.Errorf("--repo %s: want owner/name=dir", v)
		}
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("--repo %s: %w", name, err)
		}
		if err := add("repo", name, dir); err != nil {
			return err
		}
		coded[name] = true
	}
	for _, name := range issues {
		if coded[name] {
			continue // it has issues already
		}
		if err := add("issues", name, ""); err != nil {
			return err
		}
	}
	levels := map[string]ghtest.Access{"none": ghtest.None, "read": ghtest.Read, "report": ghtest.Report, "write": ghtest.Write}
	for i, v := range tokens {
		value, who, ok := strings.Cut(v, "=")
		login, word, ok2 := strings.Cut(who, ":")
		level, known := levels[word]
		if !ok || !ok2 || !known || value == "" || login == "" {
			// The value is a secret even here: name the flag by its position.
			return fmt.Errorf("--token number %d: want value=login:level, level one of none, read, report, write", i+1)
		}
		access := map[string]ghtest.Access{}
		for _, name := range issues {
			access[name] = level
		}
		s.AddToken(ghtest.Token{Value: value, Login: login, Access: access})
	}
	return nil
}

// writeWhole writes a file that readers find whole or not at all.
func writeWhole(name, text string) error {
	tmp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".tmp")
	if err := os.WriteFile(tmp, []byte(text), 0o644); err != nil { //nolint:gosec // holds a URL
		return err
	}
	return os.Rename(tmp, name)
}
