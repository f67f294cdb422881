package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

var screenshots = flag.String("screenshots", "", "keep the browser test's screenshots in this `folder`")

// TestPagesInABrowser looks at the service's pages in Chromium: in light, in dark and 400 pixels wide. Nothing may be
// fetched from elsewhere, nothing may be wider than the window, and axe-core must find nothing serious.
func TestPagesInABrowser(t *testing.T) {
	whole(t)
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if _, err := os.Stat("../../test/browser/node_modules/.installed"); err != nil || browser == "" {
		t.Skip("needs Chromium and make browser-deps")
	}
	folder := *screenshots
	if folder == "" {
		folder = t.TempDir()
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	w := released(t).config(servedConfig + "watch: {gates: [ImageVolume]}\n")
	s := w.serve(t)
	s.until(`msg="the run is done"`, "told=[weekly]")
	cmd := exec.CommandContext(t.Context(), "node", "look.mjs", browser, folder, s.url+"/", s.url+"/digests/weekly/1", s.url+"/nowhere")
	cmd.Dir = "../../test/browser"
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	looks := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); looks++ {
		var page struct {
			URL, Look                string
			Status                   int
			Problems, Serious, Other []string
		}
		if err := json.Unmarshal(lines.Bytes(), &page); err != nil {
			t.Fatalf("%v\n%s", err, lines.Bytes())
		}
		if page.Status == http.StatusNotFound {
			page.Problems = page.Problems[1:] // the browser reports the status itself
		}
		if len(page.Problems)+len(page.Serious) > 0 {
			t.Errorf("%s, %s: %v %v", page.URL, page.Look, page.Problems, page.Serious)
		}
		t.Logf("%s, %s: status %d, not serious: %v", page.URL, page.Look, page.Status, page.Other)
	}
	if looks != 9 {
		t.Errorf("%d looks, want 9", looks)
	}
	s.signal(syscall.SIGTERM)
	s.wait()
}
