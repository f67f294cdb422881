package hooktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// What Discord takes. In which units it counts is not documented; UTF-16 counts no less than characters.
const (
	discordContent     = 2000
	discordEmbeds      = 10
	discordTitle       = 256
	discordDescription = 4096
	discordFields      = 25
	discordValue       = 1024
	discordFooter      = 2048
	discordAll         = 6000
	discordUser        = 80
)

// DiscordPath is the path of its address.
const DiscordPath = "/api/webhooks/112233445566778899/s3cret-T0ken_s3cret-T0ken"

// Discord is a webhook of Discord's: five messages in two seconds, and all limits of embeds.
func Discord(o Options) *Receiver { return start(o, discord{}, DiscordPath) }

type discord struct{}

type discordMessage struct {
	Content  string `json:"content"`
	Username string `json:"username"`
	Embeds   []struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		URL         string `json:"url"`
		Color       *int   `json:"color"`
		Timestamp   string `json:"timestamp"`
		Fields      []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"fields"`
		Footer struct {
			Text string `json:"text"`
		} `json:"footer"`
		Author struct {
			Name string `json:"name"`
			URL  string `json:"url"`
		} `json:"author"`
	} `json:"embeds"`
	AllowedMentions *struct {
		Parse []string `json:"parse"`
		Users []string `json:"users"`
		Roles []string `json:"roles"`
	} `json:"allowed_mentions"`
}

func (discord) judge(r *Receiver, req *http.Request, body []byte) (Posted, answer) {
	say := func(status int, v any) (Posted, answer) {
		text, _ := json.Marshal(v)
		return Posted{}, answer{status, map[string]string{"Content-Type": "application/json"}, string(text)}
	}
	fails := func(status, code int, message string) (Posted, answer) {
		return say(status, map[string]any{"message": message, "code": code})
	}
	if req.URL.Path != DiscordPath {
		if strings.HasPrefix(req.URL.Path, DiscordPath[:strings.LastIndex(DiscordPath, "/")]) {
			return fails(401, 50027, "Invalid Webhook Token")
		}
		return fails(404, 10015, "Unknown Webhook")
	}
	if wait := r.crowded(5, 2*time.Second); wait > 0 {
		p, a := say(429, map[string]any{"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": false})
		a.header["Retry-After"] = strconv.Itoa(int(wait.Seconds()) + 1)
		a.header["X-Ratelimit-Reset-After"] = strconv.FormatFloat(wait.Seconds(), 'f', 3, 64)
		return p, a
	}
	var m discordMessage
	if json.Unmarshal(body, &m) != nil {
		return fails(400, 50109, "The request body contains invalid JSON.")
	}
	if m.Content == "" && len(m.Embeds) == 0 {
		return fails(400, 50006, "Cannot send an empty message")
	}
	if e := m.wrong(); len(e) > 0 {
		return say(400, map[string]any{"message": "Invalid Form Body", "code": 50035, "errors": e})
	}
	posted := Posted{ID: 1400000000000000000 + int64(len(r.took)) + 1, Text: m.text(), Pings: m.pings()}
	if req.URL.Query().Get("wait") != "true" {
		return Posted{ID: posted.ID, Text: posted.Text, Pings: posted.Pings}, answer{status: 204}
	}
	_, a := say(200, map[string]any{"id": fmt.Sprint(posted.ID), "type": 0, "channel_id": "998877665544332211", "content": m.Content})
	return posted, a
}

// wrong are the errors in Discord's nested form.
func (m discordMessage) wrong() map[string]any {
	root := map[string]any{}
	tell := func(code, message string, path ...string) {
		at := root
		for _, p := range path {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at["_errors"] = []map[string]string{{"code": code, "message": message}}
	}
	fits := func(text string, most int, required bool, path ...string) int {
		n := len(utf16.Encode([]rune(text)))
		switch {
		case n > most:
			tell("BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", most), path...)
		case required && strings.TrimSpace(text) == "":
			tell("BASE_TYPE_REQUIRED", "This field is required", path...)
		}
		return n
	}
	link := func(text string, path ...string) {
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			tell("URL_TYPE_INVALID_URL", "Not a well formed URL.", path...)
		}
	}
	fits(m.Content, discordContent, false, "content")
	fits(m.Username, discordUser, false, "username")
	if strings.Contains(strings.ToLower(m.Username), "discord") {
		tell("USERNAME_INVALID_CONTAINS", `Username cannot contain "discord"`, "username")
	}
	if len(m.Embeds) > discordEmbeds {
		tell("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.", "embeds")
	}
	total := 0
	for i, e := range m.Embeds {
		at := func(names ...string) []string { return append([]string{"embeds", strconv.Itoa(i)}, names...) }
		if e.Title == "" && e.Description == "" && len(e.Fields) == 0 && e.Author.Name == "" && e.Footer.Text == "" {
			tell("BASE_TYPE_REQUIRED", "This field is required", at("description")...)
		}
		total += fits(e.Title, discordTitle, false, at("title")...)
		total += fits(e.Description, discordDescription, false, at("description")...)
		total += fits(e.Footer.Text, discordFooter, false, at("footer", "text")...)
		total += fits(e.Author.Name, discordTitle, false, at("author", "name")...)
		link(e.URL, at("url")...)
		link(e.Author.URL, at("author", "url")...)
		if e.Color != nil && (*e.Color < 0 || *e.Color > 0xffffff) {
			tell("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.", at("color")...)
		}
		if _, err := time.Parse(time.RFC3339, e.Timestamp); e.Timestamp != "" && err != nil {
			tell("DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601.", at("timestamp")...)
		}
		if len(e.Fields) > discordFields {
			tell("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.", at("fields")...)
		}
		for j, f := range e.Fields {
			total += fits(f.Name, discordTitle, true, at("fields", strconv.Itoa(j), "name")...)
			total += fits(f.Value, discordValue, true, at("fields", strconv.Itoa(j), "value")...)
		}
	}
	if total > discordAll {
		tell("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000", "embeds")
	}
	return root
}

// text is what a reader sees.
func (m discordMessage) text() string {
	lines := []string{m.Content}
	for _, e := range m.Embeds {
		lines = append(lines, e.Author.Name, e.Title, e.Description)
		for _, f := range e.Fields {
			lines = append(lines, f.Name, f.Value)
		}
		lines = append(lines, e.Footer.Text)
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

var discordCalls = regexp.MustCompile(`@everyone|@here|<@!?[0-9]+>|<@&[0-9]+>`)

// pings are those of the content; mentions in an embed call nobody. Without allowed_mentions all call.
func (m discordMessage) pings() []string {
	var out []string
	for _, call := range discordCalls.FindAllString(m.Content, -1) {
		kind := "users"
		switch {
		case call[0] == '@':
			kind = "everyone"
		case strings.HasPrefix(call, "<@&"):
			kind = "roles"
		}
		id := strings.Trim(call, "<@!&>")
		if a := m.AllowedMentions; a == nil || slices.Contains(a.Parse, kind) || kind == "users" && slices.Contains(a.Users, id) || kind == "roles" && slices.Contains(a.Roles, id) {
			out = append(out, call)
		}
	}
	return out
}
