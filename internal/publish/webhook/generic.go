package webhook

import (
	"encoding/json"
	"fmt"

	"github.com/upstream-digest/bot/internal/egress"
	"github.com/upstream-digest/bot/internal/publish"
	"github.com/upstream-digest/bot/internal/report"
)

// genericTaken goes by the status alone: 2xx was taken.
func genericTaken(c *Channel, a egress.Answer, sent int) (int64, *Error) {
	if a.Taken() {
		return 0, nil
	}
	said := c.quoted(genericSaid(a))
	switch {
	case a.Status == 410:
		return 0, c.refused(a, fmt.Sprintf("the receiver wants no more, %s: take the channel out of the configuration, or write another address into %s", a.Said(), c.o.Env), said)
	case (a.Status == 401 || a.Status == 403) && len(c.keys) > 0:
		return 0, c.refused(a, fmt.Sprintf("the receiver refuses it, %s: look whether it knows the secret in %s, and whether its clock and this machine's are right", a.Said(), c.o.SecretEnv), said)
	case a.Status == 401 || a.Status == 403:
		return 0, c.refused(a, fmt.Sprintf("the receiver refuses it, %s: nothing is signed, for %s is not set", a.Said(), c.o.SecretEnv), said)
	case a.Status == 404:
		return 0, c.refused(a, fmt.Sprintf("nothing takes webhooks at this address, %s: look whether the address in %s is whole", a.Said(), c.o.Env), said)
	}
	return 0, c.byStatus(a, sent, said)
}

// genericSaid is what a receiver says: a short text, or a usual field of JSON.
func genericSaid(a egress.Answer) string {
	if a.IsPage() {
		return ""
	}
	var j map[string]any
	if json.Unmarshal(a.Body, &j) != nil {
		return string(a.Body[:min(len(a.Body), 1000)])
	}
	for _, key := range []string{"error", "message", "detail", "title"} {
		if s, ok := j[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func genericTest(id string, m publish.Message) ([]byte, error) {
	return report.PayloadOfTest(id, m.Title, m.Text)
}
