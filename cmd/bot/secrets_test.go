package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
)

// wiretap stands between program and stand-in and keeps all that is sent, but for the header that the
// token belongs into.
type wiretap struct {
	mu   sync.Mutex
	sent bytes.Buffer
	auth int // requests with the token in its header
}

func (w *wiretap) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.mu.Lock()
		if r.Header.Get("Authorization") == "Bearer "+secret {
			w.auth++
		}
		header := r.Header.Clone()
		header.Del("Authorization")
		fmt.Fprintf(&w.sent, "%s %s %s\n%v\n%v\n%s\n", r.Method, r.Host, r.RequestURI, header, r.Trailer, body)
		w.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(rw, r)
	})
}

// disguises are the forms in which a secret may leave: as it is, in base64 at any offset, in hex, escaped.
func disguises(s string) []string {
	out := []string{s, hex.EncodeToString([]byte(s)), url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte("x-access-token:" + s))}
	for skip := range 3 {
		// What stands before it shifts the digits; the first and last ones depend on neighbours.
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString([]byte(strings.Repeat("x", skip) + s))
			out = append(out, text[4:len(text)-4])
		}
	}
	return out
}

func (w *testWorld) noSecret(where string, data []byte, secrets ...string) {
	w.t.Helper()
	for _, s := range secrets {
		for _, form := range disguises(s) {
			if i := bytes.Index(data, []byte(form)); i >= 0 {
				w.t.Errorf("%s holds a secret: …%q…", where, data[max(0, i-60):min(len(data), i+len(form)+20)])
			}
		}
	}
}

// TestTheTokenStaysInItsHeader plays the program's life, good and bad, as loud as it can be, and looks for
// the token in everything that leaves it: both outputs, every request, every file.
func TestTheTokenStaysInItsHeader(t *testing.T) {
	const proxyPassword = "hunter2proxypassword"
	w := released(t)
	var tap wiretap
	srv := httptest.NewServer(tap.handler(w.gh))
	defer srv.Close()
	w.set("GITHUB_API_URL="+srv.URL, "GITHUB_GRAPHQL_URL="+srv.URL+"/graphql", "BOT_GITHUB_RAW_URL="+srv.URL+"/raw",
		"BOT_GITHUB_MAX_WAIT=10ms", "BOT_GITHUB_SETTLE_TIMEOUT=0s",
		// Never used towards this machine, but part of the set-up that commands show.
		"HTTPS_PROXY=http://user:"+proxyPassword+"@proxy.example.com:3128")
	// Channels of every type, so that bodies go everywhere.
	w.config("target: {repository: acme/platform}\ndigests:\n  - name: digest\n    channels:\n      - type: github-issue\n      - {type: file, path: \"" + w.dir + "/out/{seq}.md\"}\n      - type: stdout\n")
	n := 0
	play := func(args ...string) {
		t.Helper()
		for _, loud := range [][]string{{"-v"}, {"-v", "--log-format", "json"}} {
			r := w.run(append(loud, args...)...)
			w.noSecret(fmt.Sprintf("the output of bot %v", args), []byte(r.stdout+r.stderr), secret, proxyPassword)
			n++
		}
	}
	play("version")
	play("config", "show")
	play("config", "validate")
	play("doctor")
	play("run", "--dry-run", "--format", "json")
	play("run")
	play("run")
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	play("run")
	play("diff", "v1.35.0", "HEAD")
	play("gates", "--format", "csv", "--at", "v1.35.0")
	play("doctor", "--notify")
	play("doctor", "--format", "json", "-o", filepath.Join(w.dir, "report.json"))

	// A server that throws the token back, as debugging proxies do, in every way there is.
	for i, f := range []ghtest.Fault{
		{Kind: ghtest.HTML}, {Kind: ghtest.Truncated}, {Kind: ghtest.BadGateway}, {Kind: ghtest.Reset}, {Kind: ghtest.GraphQLErrors},
		{Kind: ghtest.SecondaryLimit, RetryAfter: "3600"}, {Kind: ghtest.Redirect, Location: "http://x:" + secret + "@evil.example/" + secret},
		{Kind: ghtest.ServerError, Status: http.StatusForbidden}, {Kind: ghtest.Empty},
	} {
		if !sampled(i, 4) {
			continue
		}
		f.Path, f.Times = "/**", -1
		w.gh.ClearFaults()
		w.gh.AddFault(f)
		w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: n%4 == 0}))
		play("run")
		play("doctor")
	}
	w.gh.ClearFaults()
	echo := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(rw, `{"message": "you sent %s to http://user:%s@here/"}`, r.Header.Get("Authorization"), secret)
	}))
	defer echo.Close()
	before := w.env
	w.set("GITHUB_API_URL="+echo.URL, "GITHUB_GRAPHQL_URL="+echo.URL+"/graphql", "BOT_GITHUB_RAW_URL="+echo.URL+"/raw")
	play("run")
	play("doctor")
	play("gates")
	w.env = before

	// Mistakes with secrets in them.
	w.gh.RevokeToken(secret)
	play("run")
	play("doctor")
	file := filepath.Join(w.dir, "token")
	if err := os.WriteFile(file, []byte(secret+"\nand something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.set("GITHUB_TOKEN=", "GITHUB_TOKEN_FILE="+file)
	play("run")
	play("doctor")
	w.set("GITHUB_TOKEN="+secret+" "+secret, "GITHUB_TOKEN_FILE=")
	play("config", "show")
	w.set("GITHUB_TOKEN="+secret, "HTTPS_PROXY=http://user:"+proxyPassword+"@:bad")
	play("doctor")
	w.set("HTTPS_PROXY=")
	for _, text := range []string{
		"github: {token: " + secret + "}\n",
		"github: {api_url: \"https://" + secret + "@api.github.com\"}\n",
		"target: {repository: \"https://" + secret + "@github.com/acme/platform\"}\n",
		"mirrors: [{repository: kubernetes/kubernetes, path: \"https://x:" + secret + "@github.com/kubernetes/kubernetes\"}]\n",
		"store: {path: " + secret + "}\n",
		"digests: [{name: " + secret + "}]\n",
		secret + ": 1\n",
		"watch: {gates: [" + secret + "]}\n",
		"upstreams: [{preset: " + secret + "}]\n",
		": " + secret + "\n\t" + secret + "\n",
	} {
		w.config(text)
		for _, args := range [][]string{{"config", "show"}, {"config", "validate"}, {"doctor"}, {"run", "--dry-run"}} {
			r := w.run(args...)
			w.noSecret(fmt.Sprintf("the output of bot %v on %q", args, text), []byte(r.stdout+r.stderr), secret)
			if r.code != exitUsage {
				t.Errorf("bot %v takes %q: exit code %d", args, text, r.code)
			}
			n++
		}
	}

	tap.mu.Lock()
	defer tap.mu.Unlock()
	w.noSecret("what was sent, without its header,", tap.sent.Bytes(), secret, proxyPassword)
	if tap.auth == 0 {
		t.Error("the token was never sent: this test proves nothing")
	}
	files, size := 0, 0
	err := filepath.WalkDir(w.dir, func(p string, d os.DirEntry, err error) error {
		// The configuration and the token file are what this test wrote itself.
		if err != nil || d.IsDir() || p == file || p == filepath.Join(w.dir, "config.yaml") {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		files, size = files+1, size+len(data)
		w.noSecret(p, data, secret, proxyPassword)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d command lines, %d requests with the token, %d bytes sent, %d files of %d bytes", n, tap.auth, tap.sent.Len(), files, size)
}
