package mailtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-smtp"
)

// Message is one that was taken.
type Message struct {
	From    string   // of the envelope
	To      []string // of the envelope
	User    string   // who had signed in
	TLS     bool
	Raw     []byte
	Header  netmail.Header
	Subject string // decoded
	Text    string // the parts, decoded; line ends are "\n"
	HTML    string
	Files   map[string]string // attachments, by name
}

// maxLine is RFC 5321's limit, without the line end.
const maxLine = 998

// parse checks a message and reads it. What breaks a rule is an error.
func parse(raw []byte, body smtp.BodyType) (*Message, error) {
	for i, line := range strings.Split(string(raw), "\r\n") {
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("line %d has %d bytes", i+1, len(line))
		case strings.ContainsAny(line, "\r\n\x00"):
			return nil, fmt.Errorf("line %d has a bare CR, LF or NUL", i+1)
		case !ascii(line) && body != smtp.Body8BitMIME:
			return nil, fmt.Errorf("line %d has 8-bit bytes, and that was not said", i+1)
		}
	}
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		return nil, errors.New("the last line has no end")
	}
	head, _, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("there is no end of the header")
	}
	if !ascii(string(head)) {
		return nil, errors.New("8-bit bytes in the header")
	}
	for _, line := range strings.Split(string(head), "\r\n") {
		if strings.TrimSpace(line) == "" {
			return nil, errors.New("a header line of blanks")
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	for _, h := range []string{"From", "Date", "Message-Id", "To", "Subject", "Mime-Version", "Content-Type"} {
		if n := len(m.Header[h]); n != 1 {
			return nil, fmt.Errorf("%d headers %s", n, h)
		}
	}
	for _, h := range []string{"Bcc", "Cc"} {
		if len(m.Header[h]) > 0 {
			return nil, fmt.Errorf("a header %s", h)
		}
	}
	for _, h := range []string{"From", "To"} {
		if _, err := m.Header.AddressList(h); err != nil {
			return nil, fmt.Errorf("header %s: %w", h, err)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		return nil, fmt.Errorf("header Date: %w", err)
	}
	if id := m.Header.Get("Message-Id"); !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") || strings.Count(id, "@") != 1 || strings.ContainsAny(id, " \t") {
		return nil, fmt.Errorf("header Message-ID %q", id)
	}
	out := &Message{Raw: raw, Header: m.Header, Files: map[string]string{}}
	if out.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return nil, fmt.Errorf("header Subject: %w", err)
	}
	if err := out.part(textproto.MIMEHeader(m.Header), m.Body); err != nil {
		return nil, err
	}
	if out.Text == "" {
		return nil, errors.New("there is no text part")
	}
	return out, nil
}

// part reads a part with all below it.
func (m *Message) part(h textproto.MIMEHeader, r io.Reader) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q: %w", h.Get("Content-Type"), err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		mr := multipart.NewReader(r, params["boundary"])
		n := 0
		for ; ; n++ {
			p, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			if err := m.part(p.Header, p); err != nil {
				return err
			}
		}
		if n < 2 {
			return fmt.Errorf("%s of %d parts", kind, n)
		}
		return nil
	}
	disposition, file, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	attached := err == nil && disposition == "attachment"
	switch got := h.Get("Content-Transfer-Encoding"); {
	case got == "quoted-printable":
		r = quotedprintable.NewReader(r)
	case got == "base64" && attached:
		r = base64.NewDecoder(base64.StdEncoding, r)
	default:
		return fmt.Errorf("%s in the encoding %q", kind, got)
	}
	if cs := params["charset"]; !strings.EqualFold(cs, "utf-8") {
		return fmt.Errorf("%s in the charset %q", kind, cs)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%s is no UTF-8", kind)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	if attached {
		m.Files[file["filename"]] = text
		return nil
	}
	switch {
	case kind == "text/plain" && m.Text == "" && m.HTML == "": // the plainest stands first
		m.Text = text
	case kind == "text/html" && m.HTML == "":
		m.HTML = text
	default:
		return fmt.Errorf("a part too many, or out of order: %s", kind)
	}
	return nil
}

func ascii(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b >= 0x80 })
}
