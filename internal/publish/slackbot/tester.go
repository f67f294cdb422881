package slackbot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/publish"
)

// maxTest is how many bytes of a test message are sent.
const maxTest = 3000

// escapes are the three signs by which Slack knows its own.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Test implements publish.Tester: it posts in Options.Channel, and says what the bot lacks to tell whether a message arrived.
func (c *Channel) Test(ctx context.Context, m publish.Message) (string, error) {
	if c.o.Channel == "" {
		return "", errors.New("slack: no channel is set to post in; its id, like C0123ABCD, stands at the end of the channel's details")
	}
	r := &run{c: c, target: c.o.Channel, left: max(c.o.MaxWait, 0)}
	self, f := r.who(ctx)
	if f != nil {
		return "", f
	}
	text := m.Title + "\n" + m.Text
	if len(text) > maxTest {
		text = strings.ToValidUTF8(text[:maxTest], "") + "…"
	}
	text = escapes.Replace(strings.ToValidUTF8(text, string(utf8.RuneError)))
	if err := c.pace(ctx, r.target); err != nil {
		return "", err
	}
	var ts string
	f = r.ask(ctx, func() (err error) {
		_, ts, err = c.api.PostMessageContext(ctx, r.target, slack.MsgOptionText(text, false),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		return err
	})
	if f == nil && ts == "" {
		f = c.fault(unclear, "Slack's answer does not name the message it made")
	}
	if f != nil {
		return "", f
	}
	return fmt.Sprintf("posted in %s, as @%s%s", r.named(ctx), self.name, r.lacks(ctx)), nil
}

// named is the channel with its name, where the bot may know it.
func (r *run) named(ctx context.Context) string {
	info, err := r.c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: r.target})
	if err != nil || info == nil || info.Name == "" {
		return r.target
	}
	return fmt.Sprintf("#%s (%s)", r.c.plain(info.Name), r.target)
}

// lacks says why an answer that is lost could not be looked for, "" where it could.
func (r *run) lacks(ctx context.Context) string {
	f := r.ask(ctx, func() error {
		_, err := r.c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: r.target, Limit: 1})
		return err
	})
	if f == nil {
		return ""
	}
	return "; but it can't read the channel, so a digest whose answer is lost stays open, and none is edited: " + f.text
}
