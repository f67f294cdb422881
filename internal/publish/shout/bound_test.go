package shout

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// TestNothingIsLeftOfWhatHangs: the library sends through the process's default client, which knows no limits: a service that
// runs makes a channel anew for each run, so what hangs would pile up, and an answer without an end would fill the memory.
func TestNothingIsLeftOfWhatHangs(t *testing.T) {
	before := *http.DefaultClient
	t.Cleanup(func() { *http.DefaultClient = before })
	egress.BoundDefault(100 * time.Millisecond)
	endless := strings.Repeat("x", 1<<16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees that the client went away
		for r.URL.Path == "/endless" {
			if _, err := w.Write([]byte(endless)); err != nil {
				return
			}
		}
		<-r.Context().Done()
	}))
	defer srv.Close()
	for path, want := range map[string]string{"/hangs": "generic", "/endless": ""} {
		c := channel(t, "generic://"+strings.TrimPrefix(srv.URL, "http://")+path+"?disabletls=yes")
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		done := make(chan error, 1)
		go func() { done <- c.send("title", "text") }()
		select {
		case err := <-done:
			if want == "" && err != nil || want != "" && err == nil {
				t.Errorf("%s: %v", path, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: it hangs for ever", path)
		}
		if runtime.ReadMemStats(&m1); m1.TotalAlloc-m0.TotalAlloc > 8<<20 {
			t.Errorf("%s: it took %d MB", path, (m1.TotalAlloc-m0.TotalAlloc)>>20)
		}
	}
}
