package hooktest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// GenericPath is the path of its address.
const GenericPath = "/hooks/s3cret-path-s3cret"

// tolerance is how old a signature may be, and how far in the future.
const tolerance = 5 * time.Minute

// Generic is a receiver of Standard Webhooks: it believes what one of its secrets signed a moment ago, and drops what it
// has by the header webhook-id, which is [Posted.Key].
func Generic(o Options) *Receiver { return start(o, generic{}, GenericPath) }

type generic struct{}

func (generic) judge(r *Receiver, req *http.Request, body []byte) (Posted, answer) {
	say := func(status int, text string) (Posted, answer) {
		return Posted{}, answer{status, map[string]string{"Content-Type": "text/plain"}, text}
	}
	id := req.Header.Get(standardwebhooks.HeaderWebhookID)
	switch {
	case req.URL.Path != GenericPath:
		return say(404, "not found")
	case id == "":
		return say(400, "webhook-id is missing")
	case !json.Valid(body) || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json"):
		return say(400, "no JSON")
	case !r.signed(req, body):
		return say(401, "no signature that is known")
	}
	return Posted{Key: id}, answer{status: 204}
}

// signed reports whether one of the secrets signed it, and when.
func (r *Receiver) signed(req *http.Request, body []byte) bool {
	if r.o.Now != nil {
		at, err := strconv.ParseInt(req.Header.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
		if age := r.o.Now().Sub(time.Unix(at, 0)); err != nil || age > tolerance || age < -tolerance {
			return false
		}
	}
	for _, s := range r.o.Secrets {
		w, err := standardwebhooks.NewWebhookRaw([]byte(s))
		if strings.HasPrefix(s, "whsec_") {
			w, err = standardwebhooks.NewWebhook(s)
		}
		if err == nil && w.VerifyIgnoringTimestamp(body, req.Header) == nil {
			return true
		}
	}
	return len(r.o.Secrets) == 0
}
