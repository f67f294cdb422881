package mail_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/publish/mail"
)

// TestAnAnswerWithoutAnEnd: a server that never stops talking, on one line or on many, does not fill the memory.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	for _, piece := range []string{"220-" + strings.Repeat("x", 1<<16), "220-still here\r\n"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		const most = 64 << 20 // an end all the same, for this test
		go func() {
			conn, err := l.Accept()
			for n := 0; err == nil && n < most; n += len(piece) * (1<<16/len(piece) + 1) {
				_, err = conn.Write([]byte(strings.Repeat(piece, 1<<16/len(piece)+1)))
			}
			if conn != nil {
				_ = conn.Close()
			}
		}()
		c, err := mail.New(mail.Options{
			Server: l.Addr().String(), Security: mail.None, From: "digests@acme.example", To: "a@acme.example", MaxWait: -1, Now: time.Now,
			Sleep: func(context.Context, time.Duration) error { return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		_, err = c.Test(t.Context(), publish.Message{Title: "A test"})
		if runtime.ReadMemStats(&m1); m1.TotalAlloc-m0.TotalAlloc > 32<<20 {
			t.Errorf("it took %d MB", (m1.TotalAlloc-m0.TotalAlloc)>>20)
		}
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%.1000v", err)
		}
		t.Log(err)
		_ = l.Close()
	}
}
