package mail

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
)

// letter is a message, ready to be sent any number of times.
type letter struct {
	id   string // the Message-ID, without brackets
	to   []netmail.Address
	data []byte
}

func (l *letter) addresses() []string {
	var out []string
	for _, a := range l.to {
		out = append(out, a.Address)
	}
	return out
}

// resultURL names the message (RFC 2392), and who has it while somebody else still waits.
func (l *letter) resultURL(has map[string]bool) string {
	u := "mid:" + l.id
	var got []string
	for _, a := range l.addresses() {
		if has[a] {
			got = append(got, url.QueryEscape(a))
		}
	}
	if len(got) > 0 {
		u += "?has=" + strings.Join(got, ",")
	}
	return u
}

// progress reads who has a letter already.
func progress(resultURL string, l *letter) map[string]bool {
	has := map[string]bool{}
	list, ok := strings.CutPrefix(resultURL, "mid:"+l.id+"?has=")
	if !ok {
		return has
	}
	for part := range strings.SplitSeq(list, ",") {
		if a, err := url.QueryUnescape(part); err == nil && slices.Contains(l.addresses(), a) {
			has[a] = true
		}
	}
	return has
}

var nonceForm = regexp.MustCompile(`^[0-9A-Za-z._-]{8,64}$`)

// letterOf makes the message of a part. It is the same at every try.
func (c *Channel) letterOf(d publish.Delivery) (*letter, error) {
	var body report.MailText
	if err := json.Unmarshal([]byte(d.Body), &body); err != nil {
		return nil, fmt.Errorf("what was queued is no mail: %w", err)
	}
	if !nonceForm.MatchString(d.Nonce) {
		return nil, errors.New("what was queued has no nonce to make a Message-ID of")
	}
	to, err := Recipients(d.Target)
	if err != nil {
		return nil, err
	}
	at := d.QueuedAt
	if at.IsZero() {
		at = c.o.Now()
	}
	return c.write(d.Nonce, d.Channel, d.Title, at, to, body)
}

func (c *Channel) testLetter(m publish.Message) (*letter, error) {
	if c.o.To == "" {
		return nil, errors.New("there are no recipients to send a test to")
	}
	to, err := Recipients(c.o.To)
	if err != nil {
		return nil, err
	}
	at := c.o.Now()
	// Two tests are two messages: a program that drops doubles must show each.
	nonce := "test-" + strings.ReplaceAll(at.UTC().Format("20060102-150405.000000000"), ".", "-")
	return c.write(nonce, publish.TypeEmail, m.Title, at, to, report.MailText{Text: m.Text + "\n"})
}

// write makes the bytes. Nothing of what is handed in can end a header: addresses were checked, and the subject is one
// line, encoded by the library.
func (c *Channel) write(nonce, channel, subject string, at time.Time, to []netmail.Address, body report.MailText) (*letter, error) {
	domain := domainOf(c.from)
	l := &letter{id: nonce + "@" + domain, to: to}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(&c.from)
	var all []*netmail.Address
	for i := range to {
		all = append(all, &to[i])
	}
	msg.ToMailAddress(all...)
	msg.SetGenHeaderPreformatted(gomail.HeaderSubject, encoded(oneLine(subject)))
	msg.SetMessageIDWithValue(l.id)
	// When the digest was made, not when it got through: it is what the digest is as of, and the same at each try.
	msg.SetDateWithValue(at.UTC())
	// No machine shall answer (RFC 3834, and what Exchange and older programs know).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBulk()
	// One list for each channel, so that a reader can sort them.
	msg.SetGenHeader("List-Id", fmt.Sprintf("Upstream digests <%s.upstream-digest.%s>", listName(channel), domain))
	msg.SetBodyString(gomail.TypeTextPlain, body.Text)
	if body.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, body.HTML)
	}
	if body.Attach {
		if err := msg.AttachReader(report.MailFile, strings.NewReader(body.Text), gomail.WithFileContentType("text/plain; charset=UTF-8")); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	l.data = steady(out.Bytes(), nonce)
	return l, nil
}

// steady puts boundaries made of the nonce in the place of the library's random ones. (One that is given to it is
// used for each level, and so for none.)
func steady(data []byte, nonce string) []byte {
	for i, m := range boundaryParameter.FindAllSubmatch(data, -1) {
		data = bytes.ReplaceAll(data, m[1], fmt.Appendf(nil, "digest-%d-%s", i+1, nonce))
	}
	return data
}

var boundaryParameter = regexp.MustCompile(`(?m)^ boundary=([0-9a-f]{40,})\r$`)

// oneLine makes a subject of one line without controls, and without what would be decoded.
func oneLine(s string) string {
	s = strings.ReplaceAll(report.Line(s), "=?", "= ?")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:199]) + "…"
	}
	return cmp.Or(s, "Upstream digest")
}

// encoded writes a line as encoded words (RFC 2047) where it is not ASCII. The library's words are as long as they may be,
// so that the first one would not fit on the line of the header's name, which some servers think is empty then.
func encoded(s string) string {
	const (
		longest = 60
		begin   = "=?UTF-8?Q?"
		end     = "?="
	)
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s
	}
	var out strings.Builder
	word := begin
	for _, r := range s {
		c := string(r)
		switch {
		case r == ' ':
			c = "_"
		case r > '~' || r < ' ' || strings.ContainsRune("=?_", r):
			c = ""
			for _, b := range []byte(string(r)) {
				c += fmt.Sprintf("=%02X", b)
			}
		}
		if len(word)+len(c)+len(end) > longest {
			out.WriteString(word + end + "\r\n ")
			word = begin
		}
		word += c
	}
	return out.String() + word + end
}

// listName is a channel's name as a part of a domain.
func listName(channel string) string {
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(channel), "-"), "-")
	return cmp.Or(name[:min(len(name), 63)], publish.TypeEmail)
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)
