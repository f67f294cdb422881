package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish/webhook"
)

func verify(secret string, h http.Header, body []byte, now time.Time) bool {
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return false
		}
	}
	id, sent := h.Get("webhook-id"), h.Get("webhook-timestamp")
	at, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, sent, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(s), []byte(want)) {
			return true
		}
	}
	return false
}

// fixture is a signed request, as the programs on the page are handed it.
type fixture struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Now     int64             `json:"now"`
	Want    bool              `json:"want"`
}

// fixtures are requests that the bot sends, and such that somebody else may.
func fixtures(t *testing.T) []fixture {
	t.Helper()
	const plain = "an-older-secret-of-plain-text"
	w := worldOf(t, webhook.Generic, func(o *webhook.Options, _ *egress.PostOptions) { o.Secret = plain + " " + secret })
	d := part(webhook.Generic)
	d.Body = `{"type":"digest","title":"Widgets → 1 to act on"}`
	if _, err := w.deliver(t, d); err != nil {
		t.Fatal(err)
	}
	p, now := w.receiver.Took()[0], start.Unix()
	with := func(change func(*fixture)) fixture {
		f := fixture{Secret: secret, Headers: map[string]string{}, Body: string(p.Body), Now: now}
		for _, h := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			f.Headers[h] = p.Header.Get(h)
		}
		change(&f)
		return f
	}
	return []fixture{
		with(func(f *fixture) { f.Want = true }),
		with(func(f *fixture) { f.Secret, f.Want = plain, true }),
		with(func(f *fixture) { f.Now, f.Want = now+299, true }),
		with(func(f *fixture) { f.Now = now + 301 }),
		with(func(f *fixture) { f.Now = now - 301 }),
		with(func(f *fixture) {
			f.Secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32)))
		}),
		with(func(f *fixture) { f.Body += " " }),
		with(func(f *fixture) { f.Headers["webhook-id"] = "another" }),
		with(func(f *fixture) { f.Headers["webhook-timestamp"] = fmt.Sprint(now + 1) }),
		with(func(f *fixture) { f.Headers["webhook-signature"] = "v1,AAAA" }),
		with(func(f *fixture) { f.Headers["webhook-signature"] = "" }),
	}
}

// page is a program on the page for receivers: what is indented below a line.
func page(t *testing.T, heading string) string {
	t.Helper()
	b, err := os.ReadFile("../../../docs/webhook.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), heading+":\n\n")
	if !found {
		t.Fatalf("docs/webhook.md has no program below %q", heading)
	}
	var out strings.Builder
	for line := range strings.Lines(rest) {
		code, indented := strings.CutPrefix(line, "    ")
		if !indented && strings.TrimSpace(line) != "" {
			break
		}
		out.WriteString(code)
	}
	return strings.TrimSpace(out.String())
}

// TestGoOfThePage: the page holds the function above, and that believes what it should.
func TestGoOfThePage(t *testing.T) {
	source, err := os.ReadFile("page_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(string(source), "\t", "    "), page(t, "Go")) {
		t.Error("docs/webhook.md does not hold the function verify of page_test.go as it is")
	}
	for i, f := range fixtures(t) {
		h := http.Header{}
		for k, v := range f.Headers {
			h.Set(k, v)
		}
		if got := verify(f.Secret, h, []byte(f.Body), time.Unix(f.Now, 0)); got != f.Want {
			t.Errorf("%d: %t", i, got)
		}
	}
}

// TestScriptsOfThePage runs what the page says in other languages, where these are installed.
func TestScriptsOfThePage(t *testing.T) {
	in, err := json.Marshal(fixtures(t))
	if err != nil {
		t.Fatal(err)
	}
	var want []bool
	for _, f := range fixtures(t) {
		want = append(want, f.Want)
	}
	for _, l := range []struct{ heading, program, file, rest string }{
		{"Python", "python3", "verify.py", `
import json, sys
print(json.dumps([verify(f["secret"], f["headers"], f["body"].encode(), f["now"]) for f in json.load(sys.stdin)], separators=(",", ":")))
`},
		{"Node", "node", "verify.mjs", `
import { readFileSync } from 'node:fs'
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(f => verify(f.secret, f.headers, Buffer.from(f.body), f.now))))
`},
	} {
		t.Run(l.heading, func(t *testing.T) {
			program, err := exec.LookPath(l.program)
			if err != nil {
				t.Skip(l.program + " is not installed")
			}
			file := filepath.Join(t.TempDir(), l.file)
			if err := os.WriteFile(file, []byte(page(t, l.heading)+"\n"+l.rest), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program, file)
			cmd.Stdin = strings.NewReader(string(in))
			out, err := cmd.CombinedOutput()
			expected, _ := json.Marshal(want)
			if err != nil || strings.TrimSpace(string(out)) != string(expected) {
				t.Errorf("%v: %s\nwant %s", err, out, expected)
			}
		})
	}
}
