package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/doctor"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/pipeline"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// doctorFlags are the flags of bot doctor.
type doctorFlags struct {
	notify         bool
	only           []string // the channels to try; none: all
	format, output string
}

var doctorFormats = []string{"text", "json"}

// Who asks what is wrong wants to hear it: the doctor waits less than a run does.
const (
	doctorWait    = 5 * time.Second  // for limits and between tries
	doctorRequest = 10 * time.Second // for one answer
	doctorTimeout = 2 * time.Minute  // in all
)

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:   "doctor [--notify [NAME…]]",
		Short: "Say what is wrong with token, network, targets and state",
		Long: `Looks at the configuration, the network, the token and its rights, GitHub's limits,
upstreams, targets, schedules and the state, and says of each how it is and what to
do. It changes nothing, asks GitHub three times and each feed once. With --notify it also sends a
test message to each channel, or to those that are named: by a digest's name, a channel's,
or both (alerts/slack). A test issue is closed at once.

The exit code is that of a run with this set-up: 0 all is well (warnings too),
2 configuration, 3 an upstream can't be read, 4 a digest would not arrive,
6 the state can't be used.`,
		Example: `  bot doctor
  bot doctor --notify
  bot doctor --notify alerts/slack
  bot doctor --format json | jq '.checks[] | select(.status=="failed")'`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && !f.notify {
				return &usageError{fmt.Errorf("%q names a channel to try: put --notify before it", args[0])}
			}
			f.only = args
			return a.doctor(c.Context(), f)
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.notify, "notify", false, "send a test message to each channel, or to those named")
	fl.StringVar(&f.format, "format", "text", "print as `FORMAT`: "+strings.Join(doctorFormats, ", "))
	fl.StringVarP(&f.output, "output", "o", "", "print to `FILE` instead of standard output")
	return c
}

func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	if err := checkFormat(f.format, doctorFormats); err != nil {
		return err
	}
	if _, err := a.log(); err != nil { // flags are no part of the set-up
		return err
	}
	report := doctor.Report{At: a.env.now(), Version: version()}
	cfg, err := a.load()
	var w *world
	if err == nil {
		cfg.GitHub.MaxWait = min(cfg.GitHub.MaxWait, doctorWait)
		cfg.GitHub.RequestTimeout = min(cfg.GitHub.RequestTimeout, doctorRequest)
		w, err = a.world(cfg)
	}
	if err != nil {
		report.Checks = doctor.BadConfiguration(err)
	} else {
		w.sendWait = doctorWait
		m := doctor.Messenger{Config: cfg, Issues: w.client, Now: a.env.now, Version: "bot " + version(), Only: f.only, Send: w.testMessage}
		if unknown, there := m.Unknown(); len(unknown) > 0 {
			return &usageError{fmt.Errorf("--notify: there is no channel %s; there are %s", strings.Join(unknown, ", "), strings.Join(there, ", "))}
		}
		within, cancel := context.WithTimeout(ctx, doctorTimeout)
		defer cancel()
		a.live.say("asking GitHub, the upstreams and the state")
		report.Checks = doctor.Examine(within, a.patient(w))
		if f.notify {
			a.live.say("sending test messages")
			if f.format == "text" || !toScreen(f.output) {
				m.Stdout = a.env.stdout
			}
			report.Checks = append(report.Checks, m.Notify(within, report.Checks)...)
		}
		report.Requests = w.client.Cost().Requests()
	}
	if ctx.Err() != nil {
		return ctx.Err() // half an examination misleads
	}
	report.ExitCode = doctorExit(report)
	text := report.Text(a.textOptions(f.output).Width, a.coloured(f.output))
	if f.format == "json" {
		b, err := report.JSON()
		if err != nil {
			return err
		}
		text = string(b)
	}
	if err := a.write(f.output, text); err != nil {
		return err
	}
	if report.ExitCode != exitDone {
		return &exitError{report.ExitCode}
	}
	return nil
}

// doctorExit is the code that a run with this set-up would end with.
func doctorExit(r doctor.Report) int {
	for _, x := range []struct {
		harm doctor.Harm
		code int
	}{
		{doctor.HarmState, exitState}, {doctor.HarmUsage, exitUsage}, {doctor.HarmDelivery, exitDelivery}, {doctor.HarmSource, exitSource},
	} {
		if r.Harms(x.harm) {
			return x.code
		}
	}
	return exitDone
}

// patient is what the doctor looks at.
func (a *app) patient(w *world) doctor.Patient {
	p := doctor.Patient{
		Config: w.cfg, GitHub: w.client, Heads: w.runner.Repositories, Now: a.env.now,
		Token: github.NewSecret(w.cfg.GitHub.Token.Reveal()).Kind(),
		Git:   func(ctx context.Context) (string, error) { return repo.GitVersion(ctx, a.git()) },
		OpenState: func(ctx context.Context) (doctor.State, error) {
			return a.openToRead(ctx, w.cfg, w.client)
		},
	}
	lookup, _ := config.Environ(a.env.environ)
	actions, _ := lookup("GITHUB_ACTIONS")
	p.InActions = actions == "true"
	if w.cfg.GitHub.TokenFrom == "GITHUB_TOKEN_FILE" {
		p.TokenFile, _ = lookup(w.cfg.GitHub.TokenFrom)
	}
	if u, err := url.Parse(w.cfg.GitHub.APIURL); err == nil {
		p.APIHost, p.Proxy = u.Host, w.proxy.For(u)
	}
	for i, u := range w.runner.Upstreams {
		p.Watched = append(p.Watched, watchedOf(i, u)...)
	}
	p.Feeds = patientFeeds(w)
	p.Channel = func(ch config.Channel) error {
		_, err := w.sender(ch)
		return err
	}
	if set, ok := w.runner.Repositories.(*repo.Set); ok {
		for _, m := range set.Mirrors() {
			p.Mirrors = append(p.Mirrors, m)
		}
	}
	return p
}

// watchedOf are the repositories of an upstream that are read: its own, and those of its sources.
func watchedOf(i int, u pipeline.Upstream) []doctor.Watched {
	key := fmt.Sprintf("upstreams[%d]", i)
	out := []doctor.Watched{{Name: u.Name, Repository: u.Repository, Ref: u.Ref, Key: key, RepositoryKey: key + ".repository", PathsKey: key + ".sources.gates.packages"}}
	for _, s := range u.Sources {
		w := s.Watch("")
		if s.Name() == snapshot.SourcePaths {
			out[0].Named, out[0].NamedKey = w.Paths, key+".sources.paths.paths"
			continue
		}
		at := slices.IndexFunc(out, func(x doctor.Watched) bool { return x.Repository == cmp.Or(w.Repository, u.Repository) })
		if at < 0 {
			at = len(out)
			x := doctor.Watched{Name: u.Name, Repository: w.Repository, Ref: "HEAD", Key: key + ".sources." + s.Name()}
			x.RepositoryKey, x.PathsKey = x.Key+".repository", x.Key+".path"
			switch s.Name() {
			case snapshot.SourceNoteData:
				x.RepositoryKey = key + ".sources.releases.data_repository"
			case snapshot.SectionCycle:
				x.RepositoryKey, x.PathsKey = key+".sources.milestones.cycle_repository", key+".sources.milestones.cycle"
			}
			if snapshot.SourceOf(s.Name()) == snapshot.SourceTickets {
				x.Key = key + ".sources.tickets"
				x.RepositoryKey = x.Key + ".rules"
			}
			out = append(out, x)
		}
		out[at].Paths = append(out[at].Paths, w.Paths...)
	}
	for i := range out {
		slices.Sort(out[i].Paths)
		out[i].Paths = slices.Compact(out[i].Paths)
	}
	return out
}
