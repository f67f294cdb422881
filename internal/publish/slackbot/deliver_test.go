package slackbot_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/slacktest"
)

func TestAMessageWithItsThread(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	began := f.Now()
	f.mustDeliver()
	f.checkOnce("a")
	want := []string{"chat.postMessage", "chat.getPermalink", "chat.postMessage", "chat.postMessage"}
	if diff := cmp.Diff(want, f.methods(0)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if took := f.Now().Sub(began); took != 2*time.Second {
		t.Errorf("three messages took %s, want a second between two", took)
	}
	first := f.saved[0]
	if want := "https://example.slack.com/archives/" + channelID + "/p" + strings.ReplaceAll(ts(first.ResultID), ".", ""); first.ResultURL != want {
		t.Errorf("page %q, want %q", first.ResultURL, want)
	}
	form := f.slack.Calls()[0].Form
	for key, want := range map[string]string{"unfurl_links": "false", "unfurl_media": "false", "text": "a part 1", "thread_ts": "", "reply_broadcast": ""} {
		if got := form.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	var sent, frozen any
	var b struct{ Blocks json.RawMessage }
	_ = json.Unmarshal([]byte(first.Body), &b)
	_ = json.Unmarshal(b.Blocks, &frozen)
	_ = json.Unmarshal([]byte(form.Get("blocks")), &sent)
	if diff := cmp.Diff(frozen, sent); diff != "" {
		t.Errorf("the blocks are not sent as they were frozen (-want +got):\n%s", diff)
	}
	if want := `{"event_type":"upstream_digest","event_payload":{"nonce":"nonce-a-1","of":3,"part":1,"queued":"2026-03-02T07:17:00Z"}}`; form.Get("metadata") != want {
		t.Errorf("metadata %s, want %s", form.Get("metadata"), want)
	}
	n := len(f.slack.Calls())
	f.mustDeliver()
	if got := f.methods(n); got != nil {
		t.Errorf("what is filed was asked about again: %v", got)
	}
}

func TestEditsInsteadOfRepeating(t *testing.T) {
	f := newFixture(t)
	before := f.standing("a")
	f.queue("b", before)
	f.mustDeliver()
	f.checkOnce("b")
	if f.saved[0].ResultID != before {
		t.Errorf("filed as %d, want the message before, %d", f.saved[0].ResultID, before)
	}
	all := f.slack.Messages(channelID)
	if len(all) != 5 { // one message, two old details, two new
		t.Fatalf("%d messages, want 5", len(all))
	}
	if all[0].Text != "b part 1" || all[0].Edits != 1 {
		t.Errorf("the message is %q, edited %d times", all[0].Text, all[0].Edits)
	}
	if !all[3].Broadcast || all[4].Broadcast {
		t.Error("what is new should be broadcast, and the details not")
	}
}

func TestWhatCannotBeEditedIsPostedAnew(t *testing.T) {
	for name, harm := range map[string]func(f *fixture, before int64){
		"deleted": func(f *fixture, before int64) { f.slack.Delete(channelID, ts(before)) },
		"window": func(f *fixture, _ int64) {
			f.slack.Fail(slacktest.Fault{Method: "chat.update", Error: "edit_window_closed"})
		},
		"vanished": func(f *fixture, _ int64) {
			f.slack.Fail(slacktest.Fault{Method: "chat.update", Error: "message_not_found"})
		},
		"not ours": func(f *fixture, _ int64) {
			f.slack.Fail(slacktest.Fault{Method: "chat.update", Error: "cant_update_message"})
		},
		"never ours": func(f *fixture, _ int64) {
			f.saved[0].Standing = idOf(f.slack.Post(slacktest.Message{Channel: channelID, User: "U1", Text: "hi"}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			before := f.standing("a")
			f.queue("b", before)
			harm(f, before)
			f.mustDeliver()
			f.checkOnce("b")
			if f.saved[0].ResultID == before {
				t.Error("recorded as the message before")
			}
		})
	}
}

func idOf(ts string) int64 {
	var n int64
	for _, r := range ts {
		if r != '.' {
			n = n*10 + int64(r-'0')
		}
	}
	return n
}

// An old digest that was tried again must not hide the one after it.
func TestADigestDoesNotTakeThePlaceOfALaterOne(t *testing.T) {
	f := newFixture(t)
	before := f.standing("a")
	f.queue("old", before)
	old := f.saved
	f.Sleep(t.Context(), time.Hour)
	f.queue("new", before)
	f.mustDeliver()
	f.Sleep(t.Context(), time.Hour)
	f.saved = old
	f.mustDeliver()
	f.checkOnce("old")
	first := f.slack.Messages(channelID)[0]
	if first.Text != "new part 1" {
		t.Errorf("the message says %q, want the later digest", first.Text)
	}
	if f.saved[0].ResultID != before {
		t.Errorf("the old digest is known as %d, want its thread's message %d", f.saved[0].ResultID, before)
	}
}

// Each way in which an answer is lost after the message was posted ends with one message, in the same run.
func TestLostAnswers(t *testing.T) {
	for name, fault := range lost {
		for _, method := range []string{"chat.postMessage", "chat.update"} {
			t.Run(method+" "+name, func(t *testing.T) {
				f := newFixture(t)
				var before int64
				if method == "chat.update" {
					before = f.standing("a")
				}
				f.queue("b", before)
				fault.Method, fault.After = method, true
				f.slack.Fail(fault)
				f.mustDeliver()
				f.checkOnce("b")
			})
		}
	}
}

var lost = map[string]slacktest.Fault{
	"cut":                 {Cut: true},
	"500":                 {Status: 500},
	"502":                 {Status: 502},
	"503":                 {Status: 503, RetryAfter: 1},
	"408":                 {Status: 408},
	"html":                {Body: "<html>hello</html>"},
	"nothing":             {Body: "{}"},
	"no ts":               {Body: `{"ok":true,"channel":"C0123ABCD"}`},
	"odd ts":              {Body: `{"ok":true,"channel":"C0123ABCD","ts":17}`},
	"internal_error":      {Error: "internal_error"},
	"fatal_error":         {Error: "fatal_error"},
	"service_unavailable": {Error: "service_unavailable"},
	"request_timeout":     {Error: "request_timeout"},
	"a new word":          {Error: "something_new"},
	"odd word":            {Error: "<!channel> xoxb-1"},
}

// Where nothing was posted, the run looks for all of Settle and sends nothing; the next one looks too, and sends.
func TestLostRequests(t *testing.T) {
	for name, fault := range lost {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.queue("a", 0)
			fault.Method = "chat.postMessage"
			f.slack.Fail(fault)
			err := f.deliver(t.Context())
			if !errors.Is(err, publish.ErrUnclear) {
				t.Fatalf("got %v, want ErrUnclear", err)
			}
			if strings.Contains(err.Error(), "<!channel>") || strings.Contains(err.Error(), "xoxb") {
				t.Errorf("an odd answer stands in the error: %v", err)
			}
			if f.slept < 30*time.Second {
				t.Errorf("looked for %s, want 30 s", f.slept)
			}
			if f.saved[0].Status != publish.Unclear || len(f.slack.Messages(channelID)) != 0 {
				t.Fatal("sent again in the same run, or not kept as unclear")
			}
			f.mustDeliver()
			f.checkOnce("a")
		})
	}
}

// Slack's listings may lag behind what was posted.
func TestALateListing(t *testing.T) {
	for late := range 4 {
		f := newFixture(t)
		f.queue("a", 0)
		f.slack.Late(late)
		f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true})
		f.mustDeliver()
		f.checkOnce("a")
	}
	// Later than Settle: not known, and nothing is sent. The next run finds it.
	f := newFixture(t)
	f.queue("a", 0)
	f.slack.Late(5)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true})
	if err := f.deliver(t.Context()); !errors.Is(err, publish.ErrUnclear) {
		t.Fatalf("got %v, want ErrUnclear", err)
	}
	f.slack.Late(0)
	f.mustDeliver()
	f.checkOnce("a")
}

// A channel so busy that its history can't be read back to the digest proves nothing.
func TestACutListing(t *testing.T) {
	f := newFixtureWith(t, slacktest.Options{PageSize: 15})
	f.queue("a", 0)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Cut: true})
	if err := f.deliver(t.Context()); !errors.Is(err, publish.ErrUnclear) {
		t.Fatalf("got %v, want ErrUnclear", err)
	}
	for range 20*15 + 1 {
		f.slack.Post(slacktest.Message{Channel: channelID, User: "U1", Text: "chatter"})
	}
	err := f.deliver(t.Context())
	if !errors.Is(err, publish.ErrUnclear) || !strings.Contains(err.Error(), "more messages") {
		t.Fatalf("got %v, want ErrUnclear for a listing that was cut", err)
	}
	if f.nonces()["nonce-a-1"] != 0 {
		t.Error("it was sent all the same")
	}
	// What is found before the listing is cut is there.
	g := newFixture(t)
	g.queue("a", 0)
	g.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true, Do: func() { g.dead.Store(true) }})
	_ = g.deliver(t.Context())
	g.dead.Store(false)
	for range 150 {
		g.slack.Post(slacktest.Message{Channel: channelID, User: "U1", Text: "chatter"})
	}
	g.mustDeliver()
	g.checkOnce("a")
}

func TestRateLimits(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 7, Times: 2})
	f.mustDeliver()
	f.checkOnce("a")
	if f.slept < 14*time.Second {
		t.Errorf("waited %s, want what Slack asked for", f.slept)
	}
	for name, fault := range map[string]slacktest.Fault{
		"too long":   {Status: 429, RetryAfter: 61},
		"too often":  {Status: 429, RetryAfter: 20, Times: -1},
		"not said":   {Status: 429, Times: -1},
		"as an ok":   {Error: "ratelimited", Times: -1},
		"odd number": {Status: 429, RetryAfter: -5, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.queue("a", 0)
			fault.Method = "chat.postMessage"
			f.slack.Fail(fault)
			err := f.deliver(t.Context())
			if err == nil || errors.Is(err, publish.ErrUnclear) || !strings.Contains(err.Error(), "asks to wait") {
				t.Fatalf("got %v", err)
			}
			if f.saved[0].Status != publish.Owed {
				t.Error("a message that Slack did not take is not owed")
			}
			if f.slept > 61*time.Second+5*time.Second {
				t.Errorf("waited %s in all", f.slept)
			}
			f.slack.Heal()
			f.mustDeliver()
			f.checkOnce("a")
		})
	}
}

// Who posts in the channel beside us, in another process, costs a wait and no message.
func TestAnotherPosts(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	first := f.channel()
	parts := f.load()
	other := f.load()
	for i := range other {
		other[i].Nonce = "other-" + other[i].Nonce
	}
	if err := f.channel().Deliver(t.Context(), other, func(publish.Delivery) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := first.Deliver(t.Context(), parts, f.record); err != nil {
		t.Fatal(err)
	}
	f.checkOnce("a")
}

// A run that slept until another one took its lock sends nothing.
func TestARunWithoutItsLockSendsNothing(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	errFenced := errors.New("the lock is another's")
	ctx := github.SendOnlyWhile(t.Context(), func() error { return errFenced })
	err := f.deliver(ctx)
	if !errors.Is(err, errFenced) {
		t.Fatalf("got %v", err)
	}
	if f.saved[0].Status != publish.Owed || len(f.slack.Messages(channelID)) != 0 {
		t.Error("something was sent")
	}
	f.mustDeliver()
	f.checkOnce("a")
}

// A part is looked for in what our own bot wrote.
func TestOthersAreNotBelieved(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Cut: true})
	if err := f.deliver(t.Context()); !errors.Is(err, publish.ErrUnclear) {
		t.Fatalf("got %v, want ErrUnclear", err)
	}
	f.slack.Post(slacktest.Message{
		Channel: channelID, User: "UEVIL", Bot: "BEVIL", Text: "forged",
		Metadata: json.RawMessage(`{"event_type":"upstream_digest","event_payload":{"nonce":"nonce-a-1","part":1,"of":3}}`),
	})
	f.mustDeliver()
	var ours int
	for _, m := range f.slack.Messages(channelID) {
		if m.Bot == slacktest.BotID && nonceOf(m) == "nonce-a-1" {
			ours++
		}
	}
	if ours != 1 {
		t.Errorf("%d messages of ours, want 1", ours)
	}
}

// slack-go fails over a whole page of history where one message has a field of another type (slack-go/slack#1292).
func TestOddMessagesDoNotBlind(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	f.slack.Post(slacktest.Message{Channel: channelID, User: "U1", Text: "odd", Blocks: json.RawMessage(`[{"type":["x"],"text":7}]`), Metadata: json.RawMessage(`[1]`)})
	f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true})
	f.mustDeliver()
	f.checkOnce("a")
}

// Slack posts a reply into the channel when the thread was deleted. That is told, and no reason to post again.
func TestADeletedThread(t *testing.T) {
	for _, cut := range []bool{false, true} {
		f := newFixture(t)
		f.queue("a", 0)
		f.onRecord = func(d publish.Delivery, saved bool) error {
			if saved && d.Number == 1 && d.Status == publish.Filed {
				f.slack.Delete(channelID, ts(d.ResultID))
				if cut {
					f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true})
				}
			}
			return nil
		}
		err := f.deliver(t.Context())
		if _, ok := errors.AsType[*publish.PartialError](err); !ok || !strings.Contains(err.Error(), "was deleted") {
			t.Fatalf("got %v", err)
		}
		if got := f.nonces(); got["nonce-a-2"] != 1 || got["nonce-a-3"] != 1 || f.saved[2].Status != publish.Filed || f.saved[2].Problem == "" {
			t.Errorf("parts: %v, %+v", got, f.saved[2])
		}
	}
}

func TestThePageOfAMessageCostsNothing(t *testing.T) {
	for _, fault := range []slacktest.Fault{{Cut: true}, {Status: 429, RetryAfter: 30}, {Error: "message_not_found"}, {Body: `{"ok":true,"permalink":"javascript:alert(1)"}`}} {
		f := newFixture(t)
		f.queue("a", 0)
		fault.Method, fault.Times = "chat.getPermalink", -1
		f.slack.Fail(fault)
		f.mustDeliver()
		f.checkOnce("a")
		if f.saved[0].ResultURL != "" {
			t.Errorf("page %q", f.saved[0].ResultURL)
		}
	}
}

func TestWithoutTheRightToLook(t *testing.T) {
	for name, c := range map[string]struct {
		channel slacktest.Channel
		scopes  []string
		want    string
	}{
		"public":     {slacktest.Channel{ID: channelID}, []string{"chat:write"}, "give the Slack app the scope channels:history"},
		"private":    {slacktest.Channel{ID: channelID, Private: true}, []string{"chat:write"}, "give the Slack app the scope groups:history"},
		"not inside": {slacktest.Channel{ID: channelID, Absent: true}, []string{"chat:write", "chat:write.public", "channels:history"}, "/invite @"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.slack.AddChannel(c.channel)
			f.slack.SetScopes(c.scopes...)
			f.queue("a", 0)
			f.mustDeliver() // nothing is lost, so nothing is looked for
			f.checkOnce("a")

			before := f.saved[0].ResultID
			f.Sleep(t.Context(), time.Hour)
			f.queue("b", before)
			err := f.deliver(t.Context())
			if _, ok := errors.AsType[*publish.PartialError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("where nothing can be edited: got %v", err)
			}
			f.checkOnce("b")

			f.queue("c", 0)
			f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true})
			for range 2 {
				err := f.deliver(t.Context())
				if !errors.Is(err, publish.ErrUnclear) || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("where an answer was lost: got %v, want ErrUnclear and %q", err, c.want)
				}
			}
			c.channel.Absent = false
			f.slack.AddChannel(c.channel)
			f.slack.SetScopes("chat:write", "channels:history", "groups:history")
			f.mustDeliver()
			f.checkOnce("c")
		})
	}
}

// Where nobody answers, nothing was sent: the parts are owed, and no run has to look for them.
func TestNobodyAnswers(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	f.slack.Close()
	err := f.deliver(t.Context())
	if err == nil || errors.Is(err, publish.ErrUnclear) || f.saved[0].Status != publish.Owed {
		t.Fatalf("got %v and status %v", err, f.saved[0].Status)
	}
	if !strings.Contains(err.Error(), "could not be connected to") {
		t.Errorf("got %v", err)
	}
}

func TestAnInterruption(t *testing.T) {
	for _, after := range []bool{false, true} {
		f := newFixture(t)
		f.queue("a", 0)
		ctx, cancel := context.WithCancel(t.Context())
		f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", Skip: 1, After: after, Cut: true, Do: cancel})
		if err := f.deliver(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		f.mustDeliver()
		f.checkOnce("a")
	}
}

func TestWhatTheStoreLost(t *testing.T) {
	f := newFixture(t)
	f.queue("a", 0)
	f.saved[0].Status = publish.Filed
	if err := f.deliver(t.Context()); err == nil || !strings.Contains(err.Error(), "first part is missing from the store") {
		t.Errorf("got %v", err)
	}
	f.queue("a", 0)
	f.saved[2].Body = "# a digest for another channel"
	if err := f.deliver(t.Context()); err == nil || !strings.Contains(err.Error(), "part 3 of 3 is no message for Slack") {
		t.Errorf("got %v", err)
	}
	if n := len(f.slack.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
	f.queue("a", 0)
	if err := f.channel().Deliver(t.Context(), slices.Clone(f.load()[1:]), f.record); err == nil {
		t.Error("a digest without its first part was sent")
	}
}

// To be in no list proves something only where the list is one, each time. An answer without a list is none, though slack-go
// takes it for an empty one.
func TestAListThatIsNone(t *testing.T) {
	for name, fault := range map[string]slacktest.Fault{
		"nothing":          {Body: `{}`, Times: -1},
		"only ok":          {Body: `{"ok":true}`, Times: -1},
		"null":             {Body: `{"ok":true,"messages":null}`, Times: -1},
		"no object":        {Body: `[]`, Times: -1},
		"three that broke": {Cut: true, Times: 3}, // and one that is too early
		"500":              {Status: 500, Times: 3},
		"more, no cursor":  {Body: `{"ok":true,"messages":[],"has_more":true}`, Times: -1},
		"the same cursor":  {Body: `{"ok":true,"messages":[],"has_more":true,"response_metadata":{"next_cursor":"x"}}`, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.queue("a", 0)
			f.slack.Late(1)
			ctx, die := context.WithCancel(t.Context())
			f.slack.Fail(slacktest.Fault{Method: "chat.postMessage", After: true, Cut: true, Do: die})
			_ = f.deliver(ctx)
			fault.Method = "conversations.history"
			f.slack.Fail(fault)
			if err := f.deliver(t.Context()); !errors.Is(err, publish.ErrUnclear) {
				t.Errorf("got %v, want ErrUnclear", err)
			}
			f.slack.Heal()
			f.mustDeliver()
			f.checkOnce("a")
		})
	}
}
