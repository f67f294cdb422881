package slackbot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/github"
)

// outcome says what is known of a call that failed.
type outcome int

const (
	unclear outcome = iota // it may have been executed
	refused                // surely not executed
	limited                // surely not executed: Slack asks to wait
)

// fault is a call that failed, in words for people.
type fault struct {
	outcome outcome
	code    string // Slack's word for it; "" where it gave none
	text    string
	wait    time.Duration // of limited
	cause   error         // what callers branch on, or nil
}

// Error implements error.
func (f *fault) Error() string { return f.text }

// Unwrap gives the context's error, or why a run may not send any more.
func (f *fault) Unwrap() error { return f.cause }

// final reports whether asking again soon is no use: Slack itself has refused.
func (f *fault) final() bool { return f.outcome != unclear && f.code != "" }

func (c *Channel) fault(o outcome, format string, args ...any) *fault {
	return &fault{outcome: o, text: c.host + ": " + fmt.Sprintf(format, args...)}
}

// unsaid is how long is waited where Slack asks to wait and does not say how long.
const unsaid = 30 * time.Second

// explain says what a call's error means. nil stays nil.
func (c *Channel) explain(err error) *fault {
	if err == nil {
		return nil
	}
	if held, ok := errors.AsType[*github.HeldBackError](err); ok {
		return &fault{outcome: refused, text: held.Error(), cause: held}
	}
	if rate, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		if rate.RetryAfter < 0 { // a number that is too large
			return c.limited("", 24*time.Hour)
		}
		return c.limited("", max(rate.RetryAfter, time.Second))
	}
	if said, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return c.said(said)
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		switch code := status.Code; {
		case code == 429:
			return c.limited("", unsaid)
		case code >= 400 && code < 500 && code != 408:
			return c.fault(refused, "it answers %d, which Slack's API does not: is a proxy or another address in the way?", code)
		default:
			return c.fault(unclear, "it answers %d", code)
		}
	}
	if way, ok := errors.AsType[*egress.Error](err); ok {
		f := &fault{text: way.Error(), cause: way.Unwrap()}
		if way.NotSent {
			f.outcome = refused
		}
		return f
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		f := c.fault(unclear, "interrupted")
		f.cause = err
		return f
	}
	return c.fault(unclear, "its answer is none of Slack's API (is a proxy in the way?)")
}

func (c *Channel) limited(code string, wait time.Duration) *fault {
	f := c.fault(limited, "Slack asks to wait %s before the next request; the next run tries again", wait)
	f.code, f.wait = code, wait
	return f
}

// said explains an answer with "ok": false.
func (c *Channel) said(e slack.SlackErrorResponse) *fault {
	code := c.plain(e.Err)
	if code == "ratelimited" || code == "rate_limited" {
		return c.limited(code, unsaid)
	}
	f := c.fault(unclear, "Slack answers %s", code)
	f.code = code
	if advice, known := adviceFor(code, c.o.Env); known {
		f.outcome = refused
		if scopes := c.plain(e.Needed); code == "missing_scope" && scopes != "" {
			which := "the scope "
			if strings.Contains(scopes, ",") { // one for each kind of channel
				which = "that of these scopes which fits the channel: "
			}
			advice = fmt.Sprintf("give the Slack app %s%s (OAuth & Permissions), and install it again", which, strings.ReplaceAll(scopes, ",", ", "))
		}
		if advice != "" {
			f.text += ": " + advice
		}
	}
	if where := c.pointers(e.ResponseMetadata.Messages); where != "" {
		f.text += " (" + where + ")"
	}
	return f
}

// ownName stands for the bot's name in an advice until it is known.
const ownName = "@its-name"

// adviceFor gives what to do about a refusal. known is false for words after which a message may stand there all the
// same: fatal_error, internal_error, service_unavailable, request_timeout, and all that are not known here.
func adviceFor(code, env string) (advice string, known bool) {
	switch code {
	case "not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive":
		return "the token in " + env + " is not taken: copy the bot token of the Slack app anew (OAuth & Permissions), or install the app again", true
	case "not_allowed_token_type":
		return "the token in " + env + " is of another kind: copy the bot token of the Slack app (xoxb-…, under OAuth & Permissions)", true
	case "no_permission", "access_denied", "accesslimited", "org_login_required", "two_factor_setup_required",
		"team_access_not_granted", "enterprise_is_restricted", "ekm_access_denied", "posting_to_channel_denied", "messages_tab_disabled":
		return "the workspace does not allow it to the app of the token in " + env + ": ask its administrators", true
	case "missing_scope":
		return "give the Slack app the scope chat:write (OAuth & Permissions), and install it again", true
	case "not_in_channel":
		return "invite the bot: type /invite " + ownName + " in the channel", true
	case "channel_not_found":
		return "there is no such channel, or it is private and the bot is not in it: type /invite " + ownName + " there; the id, like C0123ABCD, stands at the end of the channel's details", true
	case "is_archived":
		return "the channel is archived: set another one, or bring it back", true
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel",
		"restricted_action_thread_locked":
		return "the channel's settings keep the bot from posting there: ask who manages it", true
	case "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "no_text", "too_many_attachments", "invalid_arguments",
		"invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "invalid_form_data", "invalid_json", "invalid_charset", "invalid_arg_name",
		"invalid_array_arg", "invalid_post_type", "missing_post_type", "markdown_text_conflict":
		return "Slack does not take the message as it is; that is a fault of the bot: please report it", true
	case "message_limit_exceeded":
		return "the workspace has reached its limit of messages: the next run tries again", true
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message", "slack_connect_canvas_sharing_blocked",
		"deprecated_endpoint", "method_deprecated", "unknown_method":
		return "", true
	}
	return "", false
}

// gone are the words that say that a message can't be edited any more, and another one takes its place.
var gone = []string{"message_not_found", "cant_update_message", "edit_window_closed"}

func isGone(f *fault) bool { return f != nil && slices.Contains(gone, f.code) }

// noThread: the message that a thread hangs on is not there.
func noThread(f *fault) bool {
	return f != nil && (f.code == "thread_not_found" || f.code == "message_not_found")
}

var plainRE = regexp.MustCompile(`^[A-Za-z0-9_.,:\- ]{1,200}$`)

// plain lets through what has the form of a word for an error, a scope or a name. The token has that too, and may be said
// back by who stands in Slack's place.
func (c *Channel) plain(s string) string {
	if s != "" && !plainRE.MatchString(s) || egress.Echoes(s, c.o.Token) {
		return "(unreadable)"
	}
	return s
}

var pointerRE = regexp.MustCompile(`^\[ERROR\] ([a-z0-9 ,_'-]{1,120}?) ?\[json-pointer:(/[a-z0-9_/]{1,120})\]$`)

// pointers are Slack's words on which block it does not like.
func (c *Channel) pointers(messages []string) string {
	var out []string
	for _, m := range messages {
		if p := pointerRE.FindStringSubmatch(m); p != nil && len(out) < 3 && !egress.Echoes(m, c.o.Token) {
			out = append(out, p[1]+" at "+p[2])
		}
	}
	return strings.Join(out, "; ")
}
