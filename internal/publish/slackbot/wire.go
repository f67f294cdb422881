package slackbot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/upstream-digest/bot/internal/publish"
)

// eventType is the name of our metadata: Slack shows it to developers.
const eventType = "upstream_digest"

// body is a part as it was frozen. It goes out as it is, but for what unfolds links.
type body struct {
	Text           string            `json:"text"`
	Blocks         []json.RawMessage `json:"blocks"`
	ReplyBroadcast bool              `json:"reply_broadcast"`
}

func readBody(d publish.Delivery) (body, error) {
	var b body
	if err := json.Unmarshal([]byte(d.Body), &b); err != nil {
		return b, fmt.Errorf("deliver to %s: part %d of %d is no message for Slack: %w", d.Target, d.Number, d.Of, err)
	}
	if b.Text == "" && len(b.Blocks) == 0 {
		return b, fmt.Errorf("deliver to %s: part %d of %d is no message for Slack: it has neither text nor blocks", d.Target, d.Number, d.Of)
	}
	return b, nil
}

// frozen is a block that is sent as it is.
type frozen struct {
	raw  json.RawMessage
	kind slack.MessageBlockType
}

// BlockType implements slack.Block.
func (b frozen) BlockType() slack.MessageBlockType { return b.kind }

// ID implements slack.Block.
func (frozen) ID() string { return "" }

// MarshalJSON implements json.Marshaler.
func (b frozen) MarshalJSON() ([]byte, error) { return b.raw, nil }

// options are what posting and editing have in common.
func (b body) options(d publish.Delivery) []slack.MsgOption {
	blocks := make([]slack.Block, 0, len(b.Blocks))
	for _, raw := range b.Blocks {
		var k struct {
			Type slack.MessageBlockType `json:"type"`
		}
		_ = json.Unmarshal(raw, &k) // what has no type Slack refuses
		blocks = append(blocks, frozen{raw, k.Type})
	}
	return []slack.MsgOption{
		slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: map[string]any{
			"nonce": d.Nonce, "part": d.Number, "of": d.Of, "queued": d.QueuedAt.UTC().Format(time.RFC3339Nano),
		}}),
	}
}

// queuedOf is when the digest that a message holds was queued; zero where it does not say.
func queuedOf(m slack.Message) time.Time {
	s, _ := m.Metadata.EventPayload["queued"].(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || m.Metadata.EventType != eventType {
		return time.Time{}
	}
	return t
}

func nonceOf(m slack.Message) string {
	if m.Metadata.EventType != eventType {
		return ""
	}
	s, _ := m.Metadata.EventPayload["nonce"].(string)
	return s
}

// micro is the digits behind the point of a message's ts.
const micro = 6

// idOf reads a ts, which names a message in its channel: "1503435956.000247" is 1503435956000247.
func idOf(ts string) (int64, bool) {
	secs, frac, ok := strings.Cut(ts, ".")
	if !ok || len(frac) != micro {
		return 0, false
	}
	n, err := strconv.ParseInt(secs+frac, 10, 64)
	return n, err == nil && n > 0
}

// tsOf writes what idOf reads.
func tsOf(id int64) string {
	return fmt.Sprintf("%d.%0*d", id/1e6, micro, id%1e6)
}

// tsAt is the ts of a moment.
func tsAt(t time.Time) string { return tsOf(max(t.UnixMicro(), 0)) }

// lean is what of an answer the library is shown. A field of another type than this is dropped, not an error.
type lean struct {
	OK       bool       `json:"ok"`
	Error    lax        `json:"error,omitempty"`
	Needed   lax        `json:"needed,omitempty"`
	Provided lax        `json:"provided,omitempty"`
	Channel  lax        `json:"channel,omitempty"`
	TS       lax        `json:"ts,omitempty"`
	Message  *leanMsg   `json:"message,omitempty"`
	Messages []leanMsg  `json:"messages,omitempty"` // nil where the answer has no list
	HasMore  laxBool    `json:"has_more,omitempty"`
	Meta     leanParams `json:"response_metadata"`
}

type leanParams struct {
	Cursor   lax   `json:"next_cursor,omitempty"`
	Messages []lax `json:"messages,omitempty"`
}

type leanMsg struct {
	Type     lax      `json:"type,omitempty"`
	SubType  lax      `json:"subtype,omitempty"`
	User     lax      `json:"user,omitempty"`
	BotID    lax      `json:"bot_id,omitempty"`
	TS       lax      `json:"ts,omitempty"`
	ThreadTS lax      `json:"thread_ts,omitempty"`
	Metadata leanMeta `json:"metadata,omitzero"`
}

// lax is a string; what is none is read as "".
type lax string

// UnmarshalJSON implements json.Unmarshaler.
func (l *lax) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*l = lax(s)
	}
	return nil
}

// laxBool is true only where it says so.
type laxBool bool

// UnmarshalJSON implements json.Unmarshaler.
func (l *laxBool) UnmarshalJSON(data []byte) error {
	*l = string(data) == "true"
	return nil
}

// leanMeta is metadata of ours; that of others is dropped.
type leanMeta slack.SlackMetadata

// UnmarshalJSON implements json.Unmarshaler.
func (l *leanMeta) UnmarshalJSON(data []byte) error {
	var m slack.SlackMetadata
	if json.Unmarshal(data, &m) == nil && m.EventType == eventType {
		*l = leanMeta(m)
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (l leanMeta) MarshalJSON() ([]byte, error) { return json.Marshal(slack.SlackMetadata(l)) }

// IsZero is asked by omitzero.
func (l leanMeta) IsZero() bool { return l.EventType == "" }

// errNotSlack: an answer that has not the form of Slack's.
var errNotSlack = errors.New("not an answer of Slack's API")

// reread makes an answer lean, where it holds messages. What is neither ok nor an error is refused here: the library takes
// it for a success, and a list that is missing for an empty one, from which would follow that nothing arrived.
func reread(method string, r io.Reader) ([]byte, error) {
	whole, err := io.ReadAll(r) // the client limits its size
	if err != nil {
		return nil, err
	}
	var l lean
	if err := json.Unmarshal(whole, &l); err != nil || !l.OK && l.Error == "" {
		return nil, errNotSlack
	}
	switch method {
	case "conversations.history", "conversations.replies":
		if l.OK && l.Messages == nil {
			return nil, errNotSlack
		}
		return json.Marshal(l)
	case "chat.postMessage", "chat.update":
		return json.Marshal(l)
	}
	return whole, nil
}
