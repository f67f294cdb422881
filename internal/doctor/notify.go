package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
)

// Issues files and closes test issues.
type Issues interface {
	Anonymous() bool
	CreateIssue(ctx context.Context, repository string, r github.IssueRequest) (github.Issue, error)
	CloseIssue(ctx context.Context, repository string, number int) error
}

// Messenger sends test messages: the one thing about the doctor that changes something, and only when
// asked to.
type Messenger struct {
	Config  config.Config
	Issues  Issues
	Stdout  io.Writer // nil: standard output holds something else
	Now     func() time.Time
	Version string
	// Only are the channels to try, as a definition's name, a channel's, or "definition/channel"; none: all.
	Only []string
	// Send sends one message to a channel whose address is a secret, and says who took it.
	Send func(ctx context.Context, ch config.Channel, title, text string) (where string, err error)
}

// meant reports whether a name on the command line stands for a channel.
func meant(name, digest string, ch config.Channel) bool {
	return name == digest || name == ch.Name || name == digest+"/"+ch.Name || name == digest+"/"+ch.Type+":"+ch.Name
}

// Unknown are the names of Only that stand for no channel, with what there is instead.
func (m Messenger) Unknown() (unknown, there []string) {
	for _, d := range m.Config.Digests {
		for _, ch := range d.Channels {
			there = append(there, d.Name+"/"+ch.Name)
		}
	}
	for _, name := range m.Only {
		found := false
		for _, d := range m.Config.Digests {
			for _, ch := range d.Channels {
				found = found || meant(name, d.Name, ch)
			}
		}
		if !found {
			unknown = append(unknown, name)
		}
	}
	return unknown, there
}

func (m Messenger) wants(digest string, ch config.Channel) bool {
	return len(m.Only) == 0 || slices.ContainsFunc(m.Only, func(name string) bool { return meant(name, digest, ch) })
}

// Notify sends one test message to each channel, to channels that share a place one. Before are the checks
// so far: a target that is known to take none is left alone.
func (m Messenger) Notify(ctx context.Context, before []Check) []Check {
	x := &examination{}
	hopeless := map[string]bool{}
	for _, c := range before {
		if c.Status == Failed && (c.Name == "target" || c.Name == "network" || c.Name == "token") {
			hopeless[strings.ToLower(c.Subject)] = true
			hopeless["github"] = hopeless["github"] || c.Name != "target"
		}
	}
	seen := map[string]bool{}
	for _, d := range m.Config.Digests {
		for _, ch := range d.Channels {
			place := strings.Join([]string{kindOf(ch.Type), strings.ToLower(ch.Repository), ch.Path, strings.Join(ch.Variables(), " "), ch.Channel, ch.Server, strings.Join(ch.To, " ")}, "\x00")
			if seen[place] || !m.wants(d.Name, ch) {
				continue
			}
			seen[place] = true
			if ctx.Err() != nil {
				name := d.Name + "/" + ch.Name
				x.skip(areaTestMessages, "test message", name, name+": not tried, for the time of this examination is over", "try it alone: bot doctor --notify "+name)
				continue
			}
			switch ch.Type {
			case config.ChannelIssue, config.ChannelRolling: // whose own issue is left alone
				if hopeless["github"] || hopeless[strings.ToLower(ch.Repository)] || ch.Repository == "" {
					x.skip(areaTestMessages, "test message", ch.Repository, "nothing is filed before what failed above is mended", "")
					continue
				}
				m.issue(ctx, x, d.Name, ch)
			case config.ChannelFile:
				m.file(x, d.Name, ch.Path)
			case config.ChannelStdout:
				m.print(x, d.Name)
			default:
				m.send(ctx, x, d.Name, ch)
			}
		}
	}
	return x.checks
}

// kindOf is what channels that share a place have in common.
func kindOf(channelType string) string {
	if config.IsIssue(channelType) {
		return config.ChannelIssue
	}
	return channelType
}

// testTitle is that of each test message.
const testTitle = "Test message of bot doctor: nothing to do"

// text says what a message is, so that nobody who meets it wonders.
func (m Messenger) text(digest string) string {
	return fmt.Sprintf("This is a test message of `bot doctor --notify` (%s, %s): digests of the definition %s arrive here. There is nothing to do.",
		m.Version, clockTime(m.Now()), digest)
}

func (m Messenger) issue(ctx context.Context, x *examination, digest string, ch config.Channel) {
	got, err := m.Issues.CreateIssue(ctx, ch.Repository, github.IssueRequest{
		Title: testTitle, Body: m.text(digest) + " The issue is closed at once; it may be deleted.\n", Labels: ch.Labels,
	})
	if _, unclear := errors.AsType[*github.UnclearError](err); unclear {
		x.fail(areaTestMessages, "test message", ch.Repository, HarmDelivery, line(err.Error()),
			fmt.Sprintf("look in %s for an open issue %q, and close it", ch.Repository, testTitle))
		return
	}
	if err != nil {
		x.fail(areaTestMessages, "test message", ch.Repository, HarmDelivery, line(err.Error()), "give the token "+Permissions()[0].FineGrained+" on "+ch.Repository)
		return
	}
	var dropped []string
	for _, l := range ch.Labels {
		if !containsFold(got.Labels, l) {
			dropped = append(dropped, l)
		}
	}
	if err := m.Issues.CloseIssue(ctx, ch.Repository, got.Number); err != nil {
		x.warn(areaTestMessages, "test message", ch.Repository, fmt.Sprintf("filed %s, but it could not be closed: %s", line(got.URL), line(err.Error())), "close it")
		return
	}
	if len(dropped) > 0 {
		x.warn(areaTestMessages, "test message", ch.Repository, fmt.Sprintf("filed and closed %s, but GitHub dropped the labels %s", line(got.URL), line(strings.Join(dropped, ", "))),
			"labels need a token whose owner has the role triage or write, or set target.labels: []")
		return
	}
	x.ok(areaTestMessages, "test message", ch.Repository, "filed and closed "+line(got.URL))
}

// send tries a channel whose address is a secret.
func (m Messenger) send(ctx context.Context, x *examination, digest string, ch config.Channel) {
	subject := digest + "/" + ch.Name
	if len(ch.Missing()) > 0 || m.Send == nil {
		x.skip(areaTestMessages, "test message", subject, subject+": nothing is sent before what failed above is mended", "")
		return
	}
	where, err := m.Send(ctx, ch, testTitle, strings.ReplaceAll(m.text(digest), "`", ""))
	if err != nil {
		x.fail(areaTestMessages, "test message", subject, HarmDelivery, line(subject+": "+err.Error()), "mend it, and try again by bot doctor --notify "+subject)
		return
	}
	x.ok(areaTestMessages, "test message", subject, line(subject+": "+where))
}

// file writes beside where digests go, and never over one.
func (m Messenger) file(x *examination, digest, path string) {
	dir := strings.NewReplacer("{definition}", digest, "{seq}", "0", "{date}", m.Now().UTC().Format("2006-01-02")).Replace(filepath.Dir(path))
	name := filepath.Join(dir, "bot-doctor-test.md")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(m.text(digest)+"\n"), 0o644)
	}
	if err != nil {
		x.fail(areaTestMessages, "test message", path, HarmDelivery, line(err.Error()), "give this user permission, or choose another place")
		return
	}
	x.ok(areaTestMessages, "test message", path, "wrote "+line(name)+"; it may be deleted")
}

func (m Messenger) print(x *examination, digest string) {
	if m.Stdout == nil {
		x.skip(areaTestMessages, "test message", digest, "not printed, for standard output holds this document", "")
		return
	}
	if _, err := io.WriteString(m.Stdout, m.text(digest)+"\n"); err != nil {
		x.fail(areaTestMessages, "test message", digest, HarmDelivery, line(err.Error()), "look where standard output goes")
		return
	}
	x.ok(areaTestMessages, "test message", digest, "printed above")
}
