package report

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/upstream-digest/bot/internal/hooktest"
)

// TestReceiversTakeWhatIsRendered: receivers that enforce the services' limits take every digest, however large or
// hostile, and none of them calls anybody.
func TestReceiversTakeWhatIsRendered(t *testing.T) {
	for kind, k := range map[string]struct {
		receiver func(hooktest.Options) *hooktest.Receiver
		render   func(Digest, SlackOptions) ([]byte, error)
	}{
		"slack": {hooktest.Slack, Slack}, "discord": {hooktest.Discord, Discord}, "teams": {hooktest.Teams, Teams},
	} {
		r := k.receiver(hooktest.Options{})
		t.Cleanup(r.Close)
		for name, d := range map[string]Digest{
			"empty": {}, "every kind": digestOf(everyKind()), "two upstreams": two(), "failed": failed(), "hostile": hostile(), "huge": huge(1000),
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				body, err := k.render(d, SlackOptions{URL: "https://github.com/acme/platform/issues/7"})
				if err != nil {
					t.Fatal(err)
				}
				resp, err := http.Post(r.URL(), "application/json", bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				said, _ := io.ReadAll(resp.Body)
				took := r.Took()
				if resp.StatusCode/100 != 2 || len(took) == 0 {
					t.Fatalf("%d %s, of %d bytes", resp.StatusCode, said, len(body))
				}
				last := took[len(took)-1]
				if len(last.Pings) != 0 || last.Failed != "" || !bytes.Contains([]byte(last.Text), []byte("pstream digest")) {
					t.Errorf("calls %q, fails %q, text %.200q", last.Pings, last.Failed, last.Text)
				}
			})
		}
	}
}
