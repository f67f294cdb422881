package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
)

// discordTaken reads an answer of Discord: the message with its id, or what is wrong, as JSON.
func discordTaken(c *Channel, a egress.Answer, sent int) (int64, *Error) {
	if a.Taken() {
		var message struct {
			ID string `json:"id"`
		}
		if a.IsPage() {
			return 0, c.page(a)
		}
		// It was taken, also where the rest of the answer did not arrive.
		_ = json.Unmarshal(a.Body, &message)
		id, _ := strconv.ParseInt(message.ID, 10, 64)
		return id, nil
	}
	var j struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Errors  json.RawMessage `json:"errors"`
		Global  bool            `json:"global"`
	}
	_ = json.Unmarshal(a.Body, &j)
	said := c.quoted(j.Message)
	switch {
	case a.Status == 429:
		e := c.byStatus(a, sent, said)
		if j.Global {
			e.Reason += "; this holds for all that this machine sends to Discord"
		}
		return 0, e
	case j.Code == 10015 || j.Code == 50027: // Unknown Webhook, Invalid Webhook Token
		return 0, c.gone(a, said)
	case j.Code == 10003 || j.Code == 50083 || j.Code == 160005: // Unknown Channel; the thread is archived, locked
		return 0, c.refused(a, fmt.Sprintf("the channel or thread is not there, or closed, %s: look at thread_id in the address in %s", a.Said(), c.o.Env), said)
	case j.Code == 220001: // a forum wants to know which thread
		return 0, c.refused(a, fmt.Sprintf("the webhook belongs to a forum, %s: add ?thread_id=… with the id of a thread to the address in %s", a.Said(), c.o.Env), said)
	case a.Status == 400:
		if wrong := discordErrors("", j.Errors); len(wrong) > 0 {
			said = c.quoted(strings.Join(wrong, "; "))
		}
		return 0, c.refused(a, fmt.Sprintf("Discord does not take a message of this form, %s, which is a fault of the bot: please report it", a.Said()), said)
	}
	return 0, c.byStatus(a, sent, said)
}

// discordErrors reads {"embeds": {"0": {"title": {"_errors": [{"message": …}]}}}} as "embeds.0.title: …".
func discordErrors(at string, raw json.RawMessage) []string {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	var out []string
	for key, v := range m {
		if key != "_errors" {
			out = append(out, discordErrors(strings.TrimPrefix(at+"."+key, "."), v)...)
			continue
		}
		var list []struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(v, &list)
		for _, e := range list {
			out = append(out, strings.TrimPrefix(at+": ", ": ")+e.Message)
		}
	}
	slices.Sort(out)
	return out
}

func discordTest(_ string, m publish.Message) ([]byte, error) {
	type mentions struct {
		Parse []string `json:"parse"`
	}
	const most, noPreviews = 2000, 1 << 2
	text := []rune(m.Title + "\n" + m.Text)
	return json.Marshal(struct {
		Content         string   `json:"content"`
		AllowedMentions mentions `json:"allowed_mentions"`
		Flags           int      `json:"flags"`
	}{string(text[:min(len(text), most)]), mentions{[]string{}}, noPreviews})
}
