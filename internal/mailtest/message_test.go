package mailtest

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

const good = "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nDate: Mon, 04 May 2026 07:17:00 +0000\r\nMessage-ID: <a@b.example>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=z\r\n\r\n--z\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nplain\r\n" +
	"--z\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>\r\n--z--\r\n"

// A server that lets everything pass would prove nothing.
func TestRules(t *testing.T) {
	m, err := parse([]byte(good), "")
	if err != nil || m.Text != "plain" || m.HTML != "<p>" || m.Subject != "x" {
		t.Fatalf("%+v, %v", m, err)
	}
	for name, c := range map[string]struct{ from, to, told string }{
		"long line":           {"\r\nplain", "\r\n" + strings.Repeat("x", 999), "has 999 bytes"},
		"bare LF":             {"\r\nplain\r\n", "\r\nplain\n", "bare CR, LF or NUL"},
		"bare CR":             {"\r\nplain", "\r\n" + "pl\rain", "bare CR"},
		"8 bit":               {"\r\nplain", "\r\n" + "plän", "8-bit bytes, and that was not said"},
		"8 bit in the header": {"Subject: x", "Subject: ä", "8-bit"},
		"two senders":         {"Subject: x", "Subject: x\r\nFrom: a@b.example", "2 headers From"},
		"two dates":           {"Subject: x", "Subject: x\r\nDate: Mon, 04 May 2026 07:17:00 +0000", "2 headers Date"},
		"no id":               {"Message-ID: <a@b.example>\r\n", "", "0 headers Message-Id"},
		"an id of blanks":     {"<a@b.example>", "<a b@b.example>", "header Message-ID"},
		"a bad date":          {"Mon, 04 May", "Soon, 04 May", "header Date"},
		"a bad address":       {"To: c@d.example", "To: c", "header To"},
		"a hidden recipient":  {"Subject: x", "Subject: x\r\nBcc: e@f.example", "a header Bcc"},
		"a broken part":       {"--z--", "--y--", "unexpected EOF"},
		"HTML first":          {"text/plain", "text/html", "out of order"},
		"a charset":           {"charset=utf-8", "charset=latin1", "in the charset"},
		"an encoding":         {"quoted-printable", "8bit", "in the encoding"},
		"no UTF-8":            {"\r\nplain", "\r\n" + "pl=FFin", "is no UTF-8"},
		"no end":              {"--z--\r\n", "--z--", "the last line has no end"},
	} {
		raw := strings.Replace(good, c.from, c.to, 1)
		if _, err := parse([]byte(raw), ""); err == nil || !strings.Contains(err.Error(), c.told) {
			t.Errorf("%s: %v, want %q", name, err, c.told)
		}
	}
	if m, err := parse([]byte(strings.Replace(good, "\r\nplain", "\r\nplän", 1)), smtp.Body8BitMIME); err != nil || m.Text != "plän" {
		t.Errorf("8 bit, and it was said: %v", err)
	}
}
