// Command bot tells a team what changed in Kubernetes upstream since it last looked.
//
// This package is the only place that reads flags, environment, clock and terminal, and the only one
// that knows exit codes. Everything else is handed in.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
)

// environment is everything the program takes from outside, so that tests can hand in another world.
type environment struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string // "NAME=value"
	now            func() time.Time
	// out and err are what stdout and stderr end at; none is a terminal where they are not set.
	out, err screen
	// live is the line that says what is being done; nil: execute makes one of what it is handed.
	live *live
	// hangup asks bot serve to read the configuration again; nil: nobody does.
	hangup <-chan os.Signal
	// github changes how GitHub is reached; nil: over the network.
	github func(*github.Options)
	// armed may change a runner that is about to write. Only tests have one: it kills the process between
	// two writes, or lets the lock run out.
	armed func(*pipeline.Runner)
}

func main() { os.Exit(run(nil)) }

func run(armed func(*pipeline.Runner)) int {
	egress.BoundDefault(time.Minute) // what a library sends on its own
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	line := newLive(os.Stderr, screenOf(os.Stderr), time.Now)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(asked)
	go func() {
		select {
		case <-asked:
			// The first Ctrl-C asks; from then on signals do what they do by default, so that the second one kills. That is
			// told before anything ends by it: the end may come at once.
			signal.Stop(asked)
			fmt.Fprintln(line.around(os.Stderr), "bot: interrupted: writing down what was done; once more ends at once")
			cancel()
		case <-ctx.Done():
		}
	}()
	env := environment{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), now: time.Now, armed: armed, out: screenOf(os.Stdout), err: line.screen, live: line}
	hangup := make(chan os.Signal, 1)
	if len(env.args) > 0 && slices.Contains(env.args, "serve") { // other commands end by it, as is usual
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
	}
	env.hangup = hangup
	return execute(ctx, env)
}

// execute runs one command line and returns its exit code. It prints every error, once.
func execute(ctx context.Context, env environment) int {
	if env.live == nil {
		env.live = newLive(env.stderr, env.err, env.now)
	}
	defer env.live.end() // a panic is told on a line of its own
	env.stderr = guard{env.live.around(env.stderr)}
	if env.out.terminal {
		env.stdout = env.live.around(env.stdout)
	}
	// A command line that can't be read is an outcome, too.
	a := &app{env: env, live: env.live, job: actionRun{run: len(env.args) > 0 && env.args[0] == "run"}}
	root := a.root()
	root.SetArgs(append([]string{}, env.args...)) // of nil cobra makes the process's own
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	err := root.ExecuteContext(ctx)
	a.live.end()
	if cerr := a.close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	var trouble []string
	if err != nil {
		trouble = explain(err)
		for _, line := range trouble {
			fmt.Fprintln(env.stderr, line)
		}
	}
	code := exitCode(ctx, err)
	a.tellJob(code, trouble)
	return code
}
