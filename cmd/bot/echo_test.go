package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEchoesOfChannels: receivers that say back what they were asked, in each way, and redirect to it: nothing of an address or
// a token stands in what is printed, in the state, or in the issue that tells of dead channels.
func TestEchoesOfChannels(t *testing.T) {
	t.Parallel()
	const part = "zzSECRETzzpath"
	w := chats(t)
	w.only("slack", "discord", "teams", "webhook", "bot", "shoutrrr")
	disguise := []func(string) string{
		func(s string) string { return s }, url.QueryEscape,
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return hex.EncodeToString([]byte(s)) },
		func(s string) string { return s[:strings.Index(s, part)+len(part)] }, // cut off
	}
	mode := 0
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked := r.URL.String() + " " + r.Header.Get("Authorization")
		if strings.Contains(string(b), "token=") {
			asked += string(b)
		}
		if mode == len(disguise) {
			rw.Header().Set("Location", "http://evil.example/"+asked)
			rw.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		if !strings.Contains(asked, part) {
			asked += part
		}
		if !strings.HasPrefix(r.URL.Path, "/api/") || strings.Contains(r.URL.Path, "/webhooks/") {
			rw.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprintf(rw, `{"ok":false,"error":%q,"message":%[1]q}`, disguise[mode](asked))
	}))
	defer srv.Close()
	w.set("SLACK_WEBHOOK_URL="+srv.URL+"/services/T0/B0/"+part+"1", "DISCORD_WEBHOOK_URL="+srv.URL+"/api/webhooks/123456789012/"+part+"2",
		"TEAMS_WEBHOOK_URL="+srv.URL+"/workflows/abc/triggers?sig="+part+"3", "HOOK_URL="+srv.URL+"/"+part+"4?k="+part+"5",
		"SLACK_API_URL="+srv.URL+"/api/", "SLACK_BOT_TOKEN=xoxb-1-"+part+"6", "NTFY_URL=generic://"+strings.TrimPrefix(srv.URL, "http://")+"/"+part+"7?disabletls=yes")
	for mode = range len(disguise) + 1 {
		r := w.code(exitDelivery, "-v", "--log-format", "json", "run")
		w.noSecret(fmt.Sprintf("the output of mode %d", mode), []byte(r.stdout+r.stderr), part)
	}
	mode = 0
	r := w.run("doctor", "--notify", "chat")
	w.noSecret("the doctor's report", []byte(r.stdout+r.stderr), part)
	err := filepath.WalkDir(w.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		w.noSecret(p, data, part)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, i := range w.issues() {
		w.noSecret("an issue", []byte(i.Body), part)
	}
}
