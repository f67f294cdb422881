package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
)

// teamsTaken reads the answer of a flow. 202 says that it was started, and no more: a card that Teams does not take fails
// within the flow, where its owner sees it. The connectors of old answered 200 and told failures in the text.
func teamsTaken(c *Channel, a egress.Answer, sent int) (int64, *Error) {
	text := strings.TrimSpace(string(a.Body))
	if a.Taken() {
		switch {
		case a.IsPage():
			return 0, c.page(a)
		case strings.Contains(text, "delivery failed"):
			return 0, c.refused(a, "it took nothing, "+a.Said(), c.quoted(text))
		}
		return 0, nil
	}
	var j struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &j)
	said := c.quoted(strings.TrimPrefix(j.Error.Code+": "+j.Error.Message, ": "))
	if u, err := url.Parse(c.address); err == nil && strings.HasSuffix(u.Hostname(), "webhook.office.com") && a.Status < 500 && a.Status != 429 {
		return 0, c.refused(a, fmt.Sprintf("it answers %s; connectors of Office 365 were retired: make a flow (\"Send webhook alerts to a channel\" in Teams' Workflows) and write its address into %s", a.Said(), c.o.Env), said)
	}
	switch {
	case strings.Contains(j.Error.Code, "NotEnabled") || strings.Contains(j.Error.Code, "Disabled") || strings.Contains(j.Error.Code, "Suspended"):
		return 0, c.refused(a, "the flow is switched off, "+a.Said()+": its owner can switch it on in Power Automate", said)
	case a.Status == 400:
		return 0, c.refused(a, fmt.Sprintf("the flow can't read the message, %s: it should begin with \"When a Teams webhook request is received\", and the address in %s be whole", a.Said(), c.o.Env), said)
	case a.Status == 401 || a.Status == 403:
		return 0, c.refused(a, fmt.Sprintf("the flow does not let the bot in, %s: in the flow set who can trigger it to anyone, and copy its address into %s anew with all that stands behind the question mark", a.Said(), c.o.Env), said)
	case a.Status == 404 || a.Status == 410:
		return 0, c.refused(a, fmt.Sprintf("there is no such flow, %s: it was removed; make a new one and write its address into %s", a.Said(), c.o.Env), said)
	}
	return 0, c.byStatus(a, sent, said)
}

type card struct {
	Type    string      `json:"type"`
	Schema  string      `json:"$schema"`
	Version string      `json:"version"`
	Body    []textBlock `json:"body"`
}

type textBlock struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Wrap   bool   `json:"wrap"`
}

func teamsTest(_ string, m publish.Message) ([]byte, error) {
	type attachment struct {
		ContentType string `json:"contentType"`
		Content     card   `json:"content"`
	}
	return json.Marshal(struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}{"message", []attachment{{"application/vnd.microsoft.card.adaptive", card{
		Type: "AdaptiveCard", Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Version: "1.4",
		Body: []textBlock{{"TextBlock", m.Title, "Bolder", true}, {"TextBlock", m.Text, "", true}},
	}}}})
}
