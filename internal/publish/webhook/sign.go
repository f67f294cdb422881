package webhook

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// minSecret is how many bytes a secret has at least, by Standard Webhooks.
const minSecret = 24

// keysOf reads the secrets, separated by blanks.
func keysOf(secrets, env string) ([][]byte, error) {
	var out [][]byte
	for _, s := range strings.Fields(secrets) {
		key := []byte(s)
		if text, ok := strings.CutPrefix(s, "whsec_"); ok {
			var err error
			if key, err = base64.StdEncoding.DecodeString(text); err != nil {
				return nil, fmt.Errorf("%s holds a secret that begins with whsec_ and does not go on with base64: copy it anew", env)
			}
		}
		if len(key) < minSecret {
			return nil, fmt.Errorf("%s holds a secret of %d bytes: it should have %d or more; make one with: echo whsec_$(openssl rand -base64 32)", env, len(key), minSecret)
		}
		out = append(out, key)
	}
	return out, nil
}

// headers are those of Standard Webhooks: which delivery it is, the same in each try; when it is sent; and the
// signatures over both and the body, one for each secret.
func (c *Channel) headers(id string, body []byte) map[string]string {
	now := c.o.Now()
	out := map[string]string{
		standardwebhooks.HeaderWebhookID:        id,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10),
	}
	var signatures []string
	for _, key := range c.keys {
		w, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			continue // it never is
		}
		if s, err := w.Sign(id, now, body); err == nil {
			signatures = append(signatures, s)
		}
	}
	if len(signatures) > 0 {
		out[standardwebhooks.HeaderWebhookSignature] = strings.Join(signatures, " ")
	}
	return out
}
