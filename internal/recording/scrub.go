package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const redacted = "REDACTED"

// Scrubber takes secrets out of texts, whoever wrote them.
type Scrubber struct {
	forms [][]byte // longest first
	// userinfo is a password in an address; query a secret in its query, as signed addresses have.
	userinfo, query *regexp.Regexp
}

// NewScrubber knows the secrets in plain, escaped for JSON and for addresses, in hexadecimal, and in base64
// at any place within a longer text.
func NewScrubber(secrets ...string) *Scrubber {
	s := &Scrubber{
		userinfo: regexp.MustCompile(`(://)[^/@\s"'<>\\]+@`),
		query:    regexp.MustCompile(`(?i)([?&](?:access_token|token|sig|signature|jwt|x-amz-signature|x-amz-credential|x-amz-security-token|authorization_request)=)[^&\s"'<>\\]+`),
	}
	seen := map[string]bool{}
	add := func(form string) {
		if form != "" && !seen[form] {
			seen[form] = true
			s.forms = append(s.forms, []byte(form))
		}
	}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		add(secret)
		for _, form := range inJSON(secret) {
			add(form)
		}
		add(url.QueryEscape(secret))
		add(url.PathEscape(secret))
		add(hex.EncodeToString([]byte(secret)))
		for _, form := range inBase64(secret) {
			add(form)
		}
	}
	slices.SortStableFunc(s.forms, func(a, b []byte) int { return len(b) - len(a) })
	return s
}

// inJSON are the ways in which JSON may hold a secret between its quotes: with and without what HTML needs
// escaped, and with escaped slashes.
func inJSON(secret string) []string {
	inner := func(quoted []byte) string {
		text := strings.TrimSpace(string(quoted))
		return text[1 : len(text)-1]
	}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(secret)             // a string always can be
	escaped, _ := json.Marshal(secret) // likewise
	forms := []string{inner(plain.Bytes()), inner(escaped)}
	for _, f := range forms {
		forms = append(forms, strings.ReplaceAll(f, "/", `\/`))
	}
	return forms
}

// inBase64 is what of a secret's base64 does not depend on what stands before and behind it, for each of
// the three places it may start at, in both alphabets. "user:token" of a basic authorization is found so.
func inBase64(secret string) []string {
	const least = 10 // less would be found everywhere
	var out []string
	for before := range 3 {
		plain := append(bytes.Repeat([]byte{0}, before), secret...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(plain)
			first := []int{0, 2, 3}[before] // characters that hold bits of what stands before
			last := len(plain) * 8 / 6      // and of what stands behind
			if last-first >= least {
				out = append(out, text[first:last])
			}
		}
	}
	return out
}

// Text is data without the secrets.
func (s *Scrubber) Text(data []byte) []byte {
	for _, form := range s.forms {
		if bytes.Contains(data, form) {
			data = bytes.ReplaceAll(data, form, []byte(redacted))
		}
	}
	return data
}

// address is a URL without secrets, also without those that it was signed with.
func (s *Scrubber) address(u string) string {
	u = string(s.Text([]byte(u)))
	u = s.userinfo.ReplaceAllString(u, "${1}"+redacted+"@")
	return s.query.ReplaceAllString(u, "${1}"+redacted)
}

// Search lists the files below dir, by name within it, in which a secret stands, or whose name has one. It
// does not mind the case of long ones.
func (s *Scrubber) Search(dir string) ([]string, error) {
	var found []string
	inside := func(data []byte) bool {
		lower := bytes.ToLower(data)
		return slices.ContainsFunc(s.forms, func(form []byte) bool {
			return bytes.Contains(data, form) || len(form) >= 12 && bytes.Contains(lower, bytes.ToLower(form))
		})
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if inside(data) || inside([]byte(name)) {
			found = append(found, name)
		}
		return nil
	})
	return found, err
}
