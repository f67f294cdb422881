package webhook

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/upstream-digest/bot/internal/egress"
)

// like is what an address of a kind looks like.
func like(k Kind) string {
	switch k {
	case Slack:
		return "https://hooks.slack.com/services/…"
	case Discord:
		return "https://discord.com/api/webhooks/…"
	case Teams:
		return "https://….logic.azure.com/workflows/… or https://….api.powerplatform.com/…"
	}
	return "https://example.com/hooks/…"
}

// addressOf checks an address. Any host is taken, for many programs and proxies speak Slack's form or Discord's; refused
// is what is plainly another kind's, and what can't be read or is not encrypted.
func addressOf(k Kind, address, env string) (string, error) {
	address = strings.TrimSpace(address) // files that hold secrets end with a line end
	if address == "" {
		return "", fmt.Errorf("%s is empty: write the webhook's address into it; it is like %s", env, like(k))
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%s holds no address: it should be like %s", env, like(k))
	}
	if _, err := egress.ForAddress(address, egress.Options{}); err != nil {
		return "", fmt.Errorf("%s holds an address that can't be used: %w", env, err)
	}
	host, path := strings.ToLower(u.Hostname()), strings.TrimSuffix(u.Path, "/")
	switch owner := ownerOf(host); {
	case owner == Discord && strings.HasSuffix(path, "/slack"):
		if k != Slack {
			return "", fmt.Errorf("%s holds an address of Discord's that ends in /slack, where Discord takes Slack's form: leave that off", env)
		}
	case owner != "" && owner != k && (owner != Teams || k != Generic): // a flow may be anything
		return "", fmt.Errorf("%s holds an address of a webhook of type %s, and the channel's type is %s: change the type, or write an address like %s", env, owner, k, like(k))
	case owner == Discord && strings.HasSuffix(path, "/github"):
		return "", fmt.Errorf("%s holds an address of Discord's that ends in /github, where Discord takes GitHub's form: leave that off", env)
	case owner == Slack && !strings.HasPrefix(path, "/services/"):
		return "", fmt.Errorf("%s holds an address of Slack's that is no incoming webhook's: it should be like %s; those of Slack's workflows (/triggers/, /workflows/) take no messages", env, like(k))
	}
	if k == Discord {
		// Without it Discord says neither whether it kept the message nor under which id.
		q := u.Query()
		q.Set("wait", "true")
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

// ownerOf is whose webhooks a host serves, "" for others.
func ownerOf(host string) Kind {
	for _, h := range []struct {
		name string
		kind Kind
	}{
		{"hooks.slack.com", Slack},
		{"hooks.slack-gov.com", Slack},
		{"discord.com", Discord},
		{"discordapp.com", Discord},
		{"webhook.office.com", Teams},
		{"logic.azure.com", Teams},
		{"api.powerplatform.com", Teams},
	} {
		if host == h.name || strings.HasSuffix(host, "."+h.name) {
			return h.kind
		}
	}
	return ""
}
