// Package slacktest is a stand-in for Slack's Web API, for tests: auth.test, chat.postMessage, chat.update,
// chat.getPermalink, conversations.history, conversations.replies and conversations.info, on 127.0.0.1.
//
// It keeps every message, and holds to what Slack documents: errors are HTTP 200 with "ok": false, but for a rate limit,
// which is HTTP 429 with Retry-After; one message a second in a channel, by the clock that is handed in; a ts is unique and
// rises; a reply stands in its thread, and in the channel only when it was broadcast; a reply to a message that is gone is
// posted into the channel (slack-go/slack#1571); metadata is shown to those who ask for it; pages have cursors. It refuses
// what is over the limits of a message: 50 blocks, 3,000 characters of a section, 150 of a header, 10 elements of a context,
// 40,000 of text, and some 13,200 in all blocks, which Slack enforces and does not document (slackapi/bolt-js#2509).
//
// It can fail as Slack and the way to it do: see Fault. What would ping somebody, and what is not escaped, it notes.
package slacktest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options are what a Server is made with.
type Options struct {
	Token string // default "xoxb-test"
	// Scopes that the token has. Nil: chat:write, channels:history, groups:history, channels:read, groups:read.
	Scopes []string
	// Now is the clock that limits and timestamps go by.
	Now func() time.Time
	// PageSize is how many messages a page holds at most, whatever was asked for. Default 999. Apps that are sold outside
	// of Slack's marketplace get 15.
	PageSize int
}

// Who the token belongs to.
const (
	UserID   = "UBOT0001"
	BotID    = "BBOT0001"
	AppID    = "ABOT0001"
	UserName = "digest"
)

// Channel is a conversation.
type Channel struct {
	ID, Name string
	Private  bool
	Archived bool
	Absent   bool // the bot is not a member
	// ReadOnly: the channel's settings keep the bot from posting.
	ReadOnly bool
}

// Message is one that stands in a channel, or stood.
type Message struct {
	Channel   string
	TS        string
	ThreadTS  string // "" where it is in no thread
	Broadcast bool
	User, Bot string
	Text      string
	Blocks    json.RawMessage
	Metadata  json.RawMessage
	Edits     int // how often it was edited
	Deleted   bool
	listed    int // the listing from which on it is shown
}

// Call is a request that was received.
type Call struct {
	Method string
	Form   url.Values // without the token
}

// Server is the stand-in.
type Server struct {
	URL  string // of the API, with the slash at its end
	http *httptest.Server
	o    Options

	mu       sync.Mutex
	channels map[string]Channel
	messages []*Message
	calls    []Call
	faults   []*Fault
	lastTS   int64
	lastPost map[string]time.Time
	listings int
	late     int
	notes    []string
}

// New starts a Server. Close ends it.
func New(o Options) *Server {
	if o.Token == "" {
		o.Token = "xoxb-test"
	}
	if o.Scopes == nil {
		o.Scopes = []string{"chat:write", "channels:history", "groups:history", "channels:read", "groups:read"}
	}
	if o.PageSize <= 0 {
		o.PageSize = 999
	}
	s := &Server{o: o, channels: map[string]Channel{}, lastPost: map[string]time.Time{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL + "/api/"
	return s
}

// Close ends the server.
func (s *Server) Close() { s.http.Close() }

// AddChannel adds a channel, or sets one anew.
func (s *Server) AddChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[c.ID] = c
}

// SetScopes gives the token other scopes.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Scopes = scopes
}

// Late makes each message that is posted from now on show only in the listing after the n next.
func (s *Server) Late(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = n
}

// Post lets somebody else post a message, at the clock's time and without any limit. It gives the message's ts.
func (s *Server) Post(m Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.TS = s.stamp()
	s.messages = append(s.messages, &m)
	return m.TS
}

// Delete deletes a message.
func (s *Server) Delete(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(channel, ts); m != nil {
		m.Deleted = true
	}
}

// Messages are the messages of a channel that stand there, the oldest first, replies among them.
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if m.Channel == channel && !m.Deleted {
			out = append(out, *m)
		}
	}
	return out
}

// Calls are the requests that were received, in order; those that were cut off before their effect too.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Notes are what the messages hold and should not: pings, and signs that are not escaped.
func (s *Server) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

// stamp gives the next ts.
func (s *Server) stamp() string {
	s.lastTS = max(s.lastTS+1, s.o.Now().UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

func (s *Server) find(channel, ts string) *Message {
	for _, m := range s.messages {
		if m.Channel == channel && m.TS == ts && !m.Deleted {
			return m
		}
	}
	return nil
}

// answer is what a method says: fields beside "ok": true, or an error.
type answer struct {
	fields           map[string]any
	err              string
	needed, provided string
	messages         []string
	retryAfter       time.Duration // HTTP 429
}

func failed(code string) answer { return answer{err: code} }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return // the body broke off: not executed
	}
	method := path.Base(r.URL.Path)
	token := r.Form.Get("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		token = bearer
	}
	r.Form.Del("token")
	s.mu.Lock()
	s.calls = append(s.calls, Call{method, r.Form})
	f := s.faultFor(method)
	if f != nil && !f.After {
		s.mu.Unlock()
		f.answer(w)
		return
	}
	a := s.call(method, token, r.Form)
	scopes := strings.Join(s.o.Scopes, ",")
	s.mu.Unlock()
	if f != nil {
		f.answer(w)
		return
	}
	w.Header().Set("X-OAuth-Scopes", scopes)
	a.write(w)
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(a.retryAfter/time.Second)))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"ok":false,"error":"ratelimited"}`))
		return
	}
	out := map[string]any{"ok": a.err == ""}
	for k, v := range a.fields {
		out[k] = v
	}
	if a.err != "" {
		out["error"] = a.err
		if a.needed != "" {
			out["needed"], out["provided"] = a.needed, a.provided
		}
		if len(a.messages) > 0 {
			out["response_metadata"] = map[string]any{"messages": a.messages}
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) call(method, token string, form url.Values) answer {
	if token == "" {
		return failed("not_authed")
	}
	if token != s.o.Token {
		return failed("invalid_auth")
	}
	switch method {
	case "auth.test":
		return answer{fields: map[string]any{
			"url": "https://example.slack.com/", "team": "Example", "team_id": "T0001", "user": UserName, "user_id": UserID, "bot_id": BotID,
			"is_enterprise_install": false,
		}}
	case "chat.postMessage":
		return s.post(form)
	case "chat.update":
		return s.update(form)
	case "chat.getPermalink":
		return s.permalink(form)
	case "conversations.history", "conversations.replies":
		return s.list(method, form)
	case "conversations.info":
		return s.info(form)
	}
	return failed("unknown_method")
}

// lacks is the refusal where the token has none of the scopes that a method wants.
func (s *Server) lacks(scopes ...string) (answer, bool) {
	for _, want := range scopes {
		if slices.Contains(s.o.Scopes, want) {
			return answer{}, false
		}
	}
	return answer{err: "missing_scope", needed: strings.Join(scopes, ","), provided: strings.Join(s.o.Scopes, ",")}, true
}

// kind is how scopes name a channel's kind.
func (c Channel) kind() string {
	if c.Private {
		return "groups"
	}
	return "channels"
}

// channel is the one a call names, if the bot may see it.
func (s *Server) channel(form url.Values) (Channel, answer, bool) {
	c, ok := s.channels[form.Get("channel")]
	if !ok || c.Private && c.Absent {
		return c, failed("channel_not_found"), false
	}
	return c, answer{}, true
}

func (s *Server) post(form url.Values) answer {
	if a, lacks := s.lacks("chat:write"); lacks {
		return a
	}
	c, a, ok := s.channel(form)
	switch {
	case !ok:
		return a
	case c.Archived:
		return failed("is_archived")
	case c.Absent && !slices.Contains(s.o.Scopes, "chat:write.public"):
		return failed("not_in_channel")
	case c.ReadOnly:
		return failed("restricted_action")
	}
	if a, bad := checkMessage(form); bad {
		return a
	}
	now := s.o.Now()
	if last, ok := s.lastPost[c.ID]; ok && now.Sub(last) < time.Second {
		return answer{retryAfter: time.Second}
	}
	thread := form.Get("thread_ts")
	if thread != "" {
		switch root := s.find(c.ID, thread); {
		case root == nil:
			thread = "" // as Slack does, without a word
		case root.ThreadTS != "":
			return failed("cannot_reply_to_message")
		}
	}
	s.lastPost[c.ID] = now
	m := &Message{
		Channel: c.ID, TS: s.stamp(), ThreadTS: thread, Broadcast: thread != "" && form.Get("reply_broadcast") == "true",
		User: UserID, Bot: BotID, listed: s.listings + s.late,
	}
	m.fill(form)
	s.messages = append(s.messages, m)
	s.note(m)
	return answer{fields: map[string]any{"channel": c.ID, "ts": m.TS, "message": s.show(m, true)}}
}

func (m *Message) fill(form url.Values) {
	m.Text = form.Get("text")
	m.Blocks, m.Metadata = nil, nil
	if b := form.Get("blocks"); b != "" {
		m.Blocks = json.RawMessage(b)
	}
	if b := form.Get("metadata"); b != "" {
		m.Metadata = json.RawMessage(b)
	}
}

func (s *Server) update(form url.Values) answer {
	if a, lacks := s.lacks("chat:write"); lacks {
		return a
	}
	c, a, ok := s.channel(form)
	if !ok {
		return a
	}
	if c.Archived {
		return failed("is_archived")
	}
	m := s.find(c.ID, form.Get("ts"))
	switch {
	case m == nil:
		return failed("message_not_found")
	case m.Bot != BotID:
		return failed("cant_update_message")
	}
	if a, bad := checkMessage(form); bad {
		return a
	}
	old := m.Metadata
	m.fill(form)
	if m.Metadata == nil {
		m.Metadata = old // what is not said stays
	}
	m.Edits++
	s.note(m)
	return answer{fields: map[string]any{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": s.show(m, true)}}
}

func (s *Server) permalink(form url.Values) answer {
	c, a, ok := s.channel(form)
	if !ok {
		return a
	}
	m := s.find(c.ID, form.Get("message_ts"))
	if m == nil {
		return failed("message_not_found")
	}
	link := "https://example.slack.com/archives/" + c.ID + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + c.ID
	}
	return answer{fields: map[string]any{"channel": c.ID, "permalink": link}}
}

func (s *Server) info(form url.Values) answer {
	c, a, ok := s.channel(form)
	if !ok {
		return a
	}
	if a, lacks := s.lacks(c.kind() + ":read"); lacks {
		return a
	}
	return answer{fields: map[string]any{"channel": map[string]any{
		"id": c.ID, "name": c.Name, "is_channel": true, "is_private": c.Private, "is_archived": c.Archived, "is_member": !c.Absent,
	}}}
}

// list is conversations.history, the newest first, or conversations.replies, the thread's first message and then the oldest.
func (s *Server) list(method string, form url.Values) answer {
	c, a, ok := s.channel(form)
	if !ok {
		return a
	}
	if a, lacks := s.lacks(c.kind() + ":history"); lacks {
		return a
	}
	if c.Absent {
		return failed("not_in_channel")
	}
	thread := method == "conversations.replies"
	root := form.Get("ts")
	if thread && s.find(c.ID, root) == nil {
		return failed("thread_not_found")
	}
	offset, ok := readCursor(form.Get("cursor"))
	if !ok {
		return failed("invalid_cursor")
	}
	if offset == 0 {
		s.listings++
	}
	var all []*Message
	for _, m := range s.messages {
		switch {
		case m.Channel != c.ID || m.Deleted || s.listings <= m.listed:
		case thread && m.TS == root:
			all = append(all, m)
		case !inRange(m.TS, form):
		case thread && m.ThreadTS == root, !thread && (m.ThreadTS == "" || m.Broadcast):
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b *Message) int {
		if thread {
			return compareTS(a.TS, b.TS)
		}
		return compareTS(b.TS, a.TS)
	})
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil || limit <= 0 {
		limit = 100
	}
	limit = min(limit, s.o.PageSize)
	rest := all[min(offset, len(all)):]
	shown := make([]any, 0, limit)
	for _, m := range rest[:min(limit, len(rest))] {
		shown = append(shown, s.show(m, form.Get("include_all_metadata") == "1" || form.Get("include_all_metadata") == "true"))
	}
	fields := map[string]any{"messages": shown, "has_more": len(rest) > limit}
	if len(rest) > limit {
		fields["response_metadata"] = map[string]any{"next_cursor": base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(offset+limit)))}
	}
	return answer{fields: fields}
}

func readCursor(c string) (int, bool) {
	if c == "" {
		return 0, true
	}
	b, err := base64.StdEncoding.DecodeString(c)
	text, ok := strings.CutPrefix(string(b), "next:")
	if err != nil || !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0
}

func inRange(ts string, form url.Values) bool {
	inclusive := form.Get("inclusive") == "1" || form.Get("inclusive") == "true"
	if o := form.Get("oldest"); o != "" {
		if n := compareTS(ts, o); n < 0 || n == 0 && !inclusive {
			return false
		}
	}
	if l := form.Get("latest"); l != "" {
		if n := compareTS(ts, l); n > 0 || n == 0 && !inclusive {
			return false
		}
	}
	return true
}

func compareTS(a, b string) int {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return strings.Compare(a, b)
}

// show is a message as Slack shows it.
func (s *Server) show(m *Message, metadata bool) map[string]any {
	out := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS}
	if m.Bot != "" {
		out["bot_id"] = m.Bot
		out["app_id"] = AppID
		out["bot_profile"] = map[string]any{"id": m.Bot, "app_id": AppID, "name": UserName}
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
		out["parent_user_id"] = UserID
		if m.Broadcast {
			out["subtype"] = "thread_broadcast"
		}
	} else if n := s.replies(m); n > 0 {
		out["thread_ts"], out["reply_count"] = m.TS, n
	}
	if m.Edits > 0 {
		out["edited"] = map[string]any{"user": m.Bot, "ts": m.TS}
	}
	if m.Metadata != nil && metadata {
		out["metadata"] = m.Metadata
	}
	return out
}

func (s *Server) replies(root *Message) int {
	n := 0
	for _, m := range s.messages {
		if m.Channel == root.Channel && m.ThreadTS == root.TS && !m.Deleted {
			n++
		}
	}
	return n
}

// cut closes a connection without an answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	}
}
