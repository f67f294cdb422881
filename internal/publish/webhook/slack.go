package webhook

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
)

// slackWord is how Slack says what is wrong.
var slackWord = regexp.MustCompile(`^[a-z][a-z0-9_]{2,60}$`)

// slackTaken reads an answer of Slack, or of a program that speaks Slack's form: "ok", or JSON in its own words.
func slackTaken(c *Channel, a egress.Answer, sent int) (int64, *Error) {
	text := strings.TrimSpace(string(a.Body))
	if a.Taken() {
		switch said, refused := slackRefusal(text); {
		case a.IsPage():
			return 0, c.page(a)
		case refused:
			return 0, c.refused(a, "it took nothing, "+a.Said(), c.quoted(said))
		}
		return 0, nil
	}
	if a.IsPage() || !slackWord.MatchString(text) {
		said, _ := slackRefusal(text)
		return 0, c.byStatus(a, sent, c.quoted(said))
	}
	if what := slackMeans(text, c.o.Env); what != "" {
		return 0, c.refused(a, fmt.Sprintf("%s (%s, %d)", what, text, a.Status), "")
	}
	return 0, c.byStatus(a, sent, c.quoted(text))
}

// slackRefusal reads an answer that is not Slack's "ok": whether it says that nothing was taken, and why.
func slackRefusal(text string) (said string, refused bool) {
	var j struct {
		OK      *bool  `json:"ok"`
		Success *bool  `json:"success"`
		Error   any    `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal([]byte(text), &j) != nil {
		return "", false
	}
	said = j.Message
	if e, ok := j.Error.(string); ok && e != "" {
		said = e
	}
	return said, j.OK != nil && !*j.OK || j.Success != nil && !*j.Success
}

// slackMeans is what one of Slack's words means, and what to do; "" for a word that means nothing more than its status.
func slackMeans(word, env string) string {
	const ours = "Slack does not take a message of this form, which is a fault of the bot: please report it with what bot run --dry-run --format slack prints"
	another := "; make a webhook for another channel and write its address into " + env
	switch word {
	case "invalid_payload", "invalid_blocks", "invalid_blocks_format", "invalid_attachments", "no_text",
		"missing_text_or_fallback_or_attachments", "msg_too_long", "msg_blocks_too_long", "too_many_attachments", "too_many_blocks":
		return ours
	case "user_not_found", "channel_not_found":
		return "the channel or person that the webhook posts to is not there any more" + another
	case "channel_is_archived", "is_archived":
		return "the channel that the webhook posts to is archived: restore it, or" + strings.TrimPrefix(another, ";")
	case "action_prohibited":
		return "the workspace does not let this webhook post there: ask an administrator of the workspace, or" + strings.TrimPrefix(another, ";")
	case "posting_to_general_channel_denied":
		return "the webhook may not post to the channel of everybody: ask an administrator of the workspace, or" + strings.TrimPrefix(another, ";")
	case "no_service", "no_service_id", "no_active_hooks", "invalid_token", "token_revoked":
		return "Slack knows no such webhook: it was removed or switched off, or the address in " + env + " is not whole; make a new one and write its address there"
	case "no_team", "team_disabled", "team_not_found":
		return "the workspace of the webhook is not there any more, or switched off; make a webhook in another and write its address into " + env
	}
	return ""
}

var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func slackTest(_ string, m publish.Message) ([]byte, error) {
	return json.Marshal(struct {
		Text        string `json:"text"`
		Mrkdwn      bool   `json:"mrkdwn"`
		UnfurlLinks bool   `json:"unfurl_links"`
		UnfurlMedia bool   `json:"unfurl_media"`
	}{Text: slackEscapes.Replace(m.Title + "\n" + m.Text)})
}
