package egress_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/egress"
)

// A request that may not be sent any more does not arrive, though the connection is there.
func TestAskedBeforeABodyIsSent(t *testing.T) {
	var taken atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			taken.Add(1)
		}
	}))
	t.Cleanup(srv.Close)
	u, _ := url.Parse(srv.URL)
	held := errors.New("the lock is another's")
	ok := true
	var asked []string
	d := client(t, egress.Options{Hosts: []string{u.Host}, Private: []string{u.Host}, LoopbackHTTP: true}, egress.ClientOptions{}).With(egress.Around{
		Before: func(_ context.Context, name string) error {
			asked = append(asked, name)
			if ok {
				return nil
			}
			return held
		},
	})
	post := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/chat.postMessage", strings.NewReader("a body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := d.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	if err := post(); err != nil || len(asked) == 0 || asked[0] != "chat.postMessage" {
		t.Fatalf("got %v, asked %v", err, asked)
	}
	ok = false
	if err := post(); !errors.Is(err, held) {
		t.Errorf("got %v, want what Before said", err)
	}
	if n := taken.Load(); n != 1 {
		t.Errorf("%d requests arrived whole, want 1", n)
	}
}

func TestWhetherAnythingWasSent(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(srv.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	a, _ := url.Parse(srv.URL)
	b, _ := url.Parse(gone.URL)
	c := client(t, egress.Options{Hosts: []string{a.Host, b.Host}, Private: []string{a.Host, b.Host}, LoopbackHTTP: true}, egress.ClientOptions{})
	for address, want := range map[string]bool{srv.URL: false, gone.URL: true, "https://elsewhere.example": true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		e, ok := errors.AsType[*egress.Error](err)
		if !ok || e.NotSent != want {
			t.Errorf("%s: got %v, NotSent should be %v", address, err, want)
		}
	}
}

func TestAnswersAreReread(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, "long")
	}))
	t.Cleanup(srv.Close)
	u, _ := url.Parse(srv.URL)
	d := client(t, egress.Options{Hosts: []string{u.Host}, Private: []string{u.Host}, LoopbackHTTP: true}, egress.ClientOptions{}).With(egress.Around{
		Reread: func(name string, _ io.Reader) ([]byte, error) {
			if name == "bad" {
				return nil, io.ErrUnexpectedEOF
			}
			return []byte(name), nil
		},
	})
	for path, want := range map[string]string{"/a": "a", "/no": "long", "/bad": "unexpected EOF"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := d.Do(req)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			b, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			got = string(b)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// TestAnswersThatAreRereadAreClosed: what the library is shown takes the answer's place, and the answer is closed all the
// same: its connection and its timer would stay.
func TestAnswersThatAreRereadAreClosed(t *testing.T) {
	gone := make(chan bool, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			gone <- true
		case <-time.After(5 * time.Second):
			gone <- false
		}
	}))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	d := client(t, egress.Options{Hosts: []string{u.Host}, Private: []string{u.Host}, LoopbackHTTP: true}, egress.ClientOptions{}).With(egress.Around{
		Reread: func(string, io.Reader) ([]byte, error) { return []byte("enough"), nil },
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if !<-gone {
		t.Error("the answer stays open")
	}
}
