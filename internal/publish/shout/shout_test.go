package shout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/upstream-digest/bot/internal/golden"
	"github.com/upstream-digest/bot/internal/publish"
)

const env = "SHOUT_URL"

func channel(t *testing.T, address string) *Channel {
	t.Helper()
	c, err := New(Options{URL: address, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var digest = publish.Delivery{Part: publish.Part{Title: "Upstream digest — 2 to act on", Body: "WidgetX was removed.", Number: 1, Of: 1}}

// deliver gives what was recorded, and the error, which shows nothing of the address.
func deliver(ctx context.Context, t *testing.T, c *Channel) (filed int, err error) {
	t.Helper()
	err = c.Deliver(ctx, []publish.Delivery{digest, {Part: digest.Part, Status: publish.Filed}}, func(d publish.Delivery) error {
		if d.Status == publish.Filed {
			filed++
		}
		return nil
	})
	if err != nil && strings.Contains(strings.ToLower(fmt.Sprintf("%v %+v", err, err)), "s3cret") {
		t.Errorf("the error shows the address: %v", err)
	}
	return filed, err
}

// TestDelivers: with a title where the service shows one, and above the text elsewhere.
func TestDelivers(t *testing.T) {
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var small bytes.Buffer
		if json.Compact(&small, body) == nil {
			body = small.Bytes()
		}
		got = fmt.Sprintf("%s|%s|%s", r.URL.Path, r.Header.Get("Title"), body)
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "http://")
	for address, want := range map[string]string{
		"ntfy://me:s3cret@" + host + "/news?scheme=http":                "/news|Upstream digest — 2 to act on|WidgetX was removed.",
		"generic://" + host + "/s3cret?disabletls=yes":                  "/s3cret||Upstream digest — 2 to act on\n\nWidgetX was removed.",
		"generic+http://" + host + "/s3cret":                            "/s3cret||Upstream digest — 2 to act on\n\nWidgetX was removed.",
		" generic://" + host + "/s3cret?disabletls=yes&template=json\n": `/s3cret||{"message":"WidgetX was removed.","title":"Upstream digest — 2 to act on"}`,
		"mattermost://" + host + "/s3cret?disabletls=yes":               `/hooks/s3cret||{"text":"Upstream digest — 2 to act on\n\nWidgetX was removed."}`,
		"gotify://" + host + "/As3cretTokenAA1?disabletls=yes":          `/message||{"message":"WidgetX was removed.","title":"Upstream digest — 2 to act on","priority":0,"extras":null}`,
	} {
		got = ""
		if filed, err := deliver(t.Context(), t, channel(t, address)); err != nil || filed != 1 {
			t.Errorf("%s: %d, %v", address, filed, err)
		}
		if got != want {
			t.Errorf("%s sent %s\nwant %s", address, got, want)
		}
	}
	if where, err := channel(t, "ntfy://"+host+"/news?scheme=http").Test(t.Context(), publish.Message{Title: "A test", Text: "of the bot"}); err != nil || where != "ntfy took it, says shoutrrr" {
		t.Error(where, err)
	}
}

// TestFaults: what is told of each, without any piece of the address, which the library prints. One try each.
func TestFaults(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		if user, _, ok := r.BasicAuth(); ok {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":40301,"http":403,"error":"forbidden for `+user+` at `+r.URL.Path+`"}`)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(srv.Close)
	dead := httptest.NewServer(nil)
	dead.Close()
	host, gone := strings.TrimPrefix(srv.URL, "http://"), strings.TrimPrefix(dead.URL, "http://")
	var out bytes.Buffer
	for _, address := range []string{
		"ntfy://s3cretUser:s3cretPass@HOST/s3cretTopic?scheme=http",
		"generic://HOST/s3cretPath?disabletls=yes&@X-Token=s3cretHeader",
		"gotify://HOST/As3cretTokenAA1?disabletls=yes",
		"mattermost://HOST/s3cretToken?disabletls=yes",
		"ntfy://s3cretUser:s3cretPass@DEAD/s3cretTopic?scheme=http",
		"generic://DEAD/s3cretPath?disabletls=yes",
		"gotify://DEAD/As3cretTokenAA1?disabletls=yes",
		"mattermost://DEAD/s3cretToken?disabletls=yes",
		"smtp://s3cretUser:s3cretPass@DEAD/?from=s3cretFrom@example.com&to=s3cretTo@example.com",
	} {
		n = 0
		filed, err := deliver(t.Context(), t, channel(t, strings.NewReplacer("HOST", host, "DEAD", gone).Replace(address)))
		if filed != 0 || err == nil || n != strings.Count(address, "HOST") {
			t.Errorf("%s: %d filed, %d requests, %v", address, filed, n, err)
		}
		fmt.Fprintf(&out, "%s\n    %v\n", address, err)
	}
	golden.Check(t, "testdata/faults.golden", out.Bytes())
}

// TestHangs: a service that does not answer is left alone after a limit; while it hangs nothing more is sent; when it came
// back it goes on.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := channel(t, "generic://127.0.0.1:1/s3cret")
		release := make(chan struct{})
		var sent atomic.Int64
		c.send = func(string, string) error { sent.Add(1); <-release; return nil }
		started := time.Now()
		_, err := deliver(t.Context(), t, c)
		if err == nil || err.Error() != "generic (the address in SHOUT_URL): no answer in 1m0s; it may have arrived all the same; the next run sends it again" || time.Since(started) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(started))
		}
		if _, err := deliver(t.Context(), t, c); err == nil || !strings.Contains(err.Error(), "has not come back yet") || sent.Load() != 1 {
			t.Errorf("%v, sent %d times", err, sent.Load())
		}
		close(release)
		synctest.Wait()
		if filed, err := deliver(t.Context(), t, c); err != nil || filed != 1 {
			t.Errorf("%d, %v", filed, err)
		}
	})
}

// TestIsInterrupted: the run ends at once, and nothing is recorded.
func TestIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := channel(t, "generic://127.0.0.1:1/s3cret")
		release := make(chan struct{})
		defer close(release)
		c.send = func(string, string) error { <-release; return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 2 { // the second is not even sent
			if filed, err := deliver(ctx, t, c); !errors.Is(err, context.DeadlineExceeded) || filed != 0 || strings.Contains(err.Error(), "next run") {
				t.Errorf("%d, %v", filed, err)
			}
		}
	})
}

// TestPanics: a service that breaks down is an error.
func TestPanics(t *testing.T) {
	c := channel(t, "generic://127.0.0.1:1/s3cret")
	c.send = func(string, string) error { panic("index out of range at s3cret") }
	for range 2 {
		if filed, err := deliver(t.Context(), t, c); filed != 0 || err == nil || !strings.Contains(err.Error(), "shoutrrr broke down: index out of range") {
			t.Errorf("%d, %v", filed, err)
		}
	}
}

// TestNewSaysWhatIsWrong: it names the variable, and shows nothing of what stands in it.
func TestNewSaysWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	for _, address := range []string{
		"ntfy://ntfy.sh/s3cretTopic", "telegram://123456789:s3cretToken_s3cretToken_s3cretTokenABC@telegram?chats=@news", "pushover://shoutrrr:s3cretToken@s3cretUser/?devices=a",
		"bark://:s3cretKey@bark.example.com", "slack://hook:T00000000-B00000000-s3cretS3cretS3cretS3cretA@webhook", "matrix://me:s3cretPass@matrix.example.com?rooms=!s3cret:example.com",
		"discord://s3cretToken@1234567890", "opsgenie://api.opsgenie.com/s3cret00-0000-0000-0000-000000000000", "smtp://me:s3cretPass@mail.example.com:587/?from=a@example.com&to=b@example.com",
		"", "s3cret", "ntfy:/s3cret\x7f", "https://hooks.slack.com/services/s3cret", "mailto:s3cret@example.com", "nfty://ntfy.sh/s3cret", "pushbulet://s3cret", "tele://s3cret", "pigeon://s3cret", "logger://",
		"ntfy+https://ntfy.sh/s3cret", "telegram://s3cret@telegram", "pushover://s3cretUser", "gotify://gotify.example.com/s3cret", "slack://s3cret", "discord://s3cretToken",
		"opsgenie://s3cret", "ntfy://ntfy.sh/s3cret?priority=s3cretPriority", "ntfy://ntfy.sh/s3cret?s3cretField=yes", "join://s3cret@join", "ifttt://s3cret", "zulip://s3cret", "teams://s3cret@s3cret/s3cret/s3cret", "generic+://s3cret", "lark://s3cret", "googlechat://s3cret", "rocketchat://s3cret", "signal://s3cret", "wecom://s3cret", "pagerduty://s3cret", "notifiarr://s3cret", "smtp://s3cret", "pushbullet://s3cret",
	} {
		_, err := New(Options{URL: address, Env: env})
		told := "taken"
		if err != nil {
			told = err.Error()
		}
		if strings.Contains(strings.ToLower(told), "s3cret") {
			t.Errorf("%s is shown: %s", address, told)
		}
		fmt.Fprintf(&out, "%q\n    %s\n", address, told)
	}
	golden.Check(t, "testdata/addresses.golden", out.Bytes())
}

// TestLimit is that of the service, and a careful one where none is known.
func TestLimit(t *testing.T) {
	for address, want := range map[string]int{"pushover://a:b@c": 1000, "ntfy://ntfy.sh/x": 3500, "generic+https://example.com": 3500, "%": 3500, " zulip://x": 9000} {
		if got := Limit(address); got != want {
			t.Errorf("%s: %d, want %d", address, got, want)
		}
	}
}
