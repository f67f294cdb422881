package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServe starts the command as scripts do: the port file tells where, the flags who may write.
func TestServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	portFile := filepath.Join(t.TempDir(), "url.txt")
	pipe, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--issues", "acme/platform", "--token", "t=bot:write", "--token", "r=eve:read", "--port-file", portFile}, out, io.Discard)
	}()
	line := make([]byte, 100)
	n, err := pipe.Read(line) // comes once it listens
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(line[:n]))
	if file, err := os.ReadFile(portFile); err != nil || string(file) != url+"\n" {
		t.Errorf("port file %q %v, want %s", file, err, url)
	}
	do := func(method, path, token, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	const issues = "/repos/acme/platform/issues"
	if status, body := do("POST", issues, "r", `{"title": "x"}`); status != http.StatusForbidden {
		t.Errorf("read token wrote: %d %s", status, body)
	}
	if status, body := do("POST", issues, "t", `{"title": "x"}`); status != http.StatusCreated {
		t.Errorf("%d %s", status, body)
	}
	var got map[string][]struct{ Title string }
	_, body := do("GET", "/__ghtest/issues", "", "")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got["acme/platform"]) != 1 {
		t.Errorf("%v %s", err, body)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

// TestBadFlags names the flag, and never a token.
func TestBadFlags(t *testing.T) {
	for _, one := range []struct{ args, want string }{
		{"--repo up/stream", "--repo up/stream: want owner/name=dir"},
		{"--repo up/stream=/no/such/dir", "no such file"},
		{"--issues platform", "--issues platform: want owner/name"},
		{"--token s3cret", "--token number 1"},
		{"--token a=b:write --token s3cret=bot:admin", "--token number 2"},
		{"stray", `unexpected argument "stray"`},
	} {
		var errOut bytes.Buffer
		err := run(t.Context(), strings.Fields(one.args), io.Discard, &errOut)
		if err == nil || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", one.args, err)
		}
	}
}
