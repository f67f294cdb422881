package config

import (
	"fmt"
	"slices"
	"strings"
)

// Deliverable checks that the named digests (all without names) have what their channels need beside the configuration: a
// repository and a token for issues, and what is secret of the others. Dry runs and the start of `bot serve` do without,
// so Load does not ask for it. The error is an *Error.
func (c Config) Deliverable(digests ...string) error {
	found := &faults{at: c.Origins}
	for _, d := range c.Digests {
		if len(digests) > 0 && !slices.Contains(digests, d.Name) {
			continue
		}
		for _, ch := range d.Channels {
			switch missing := ch.Missing(); {
			case IsIssue(ch.Type) && ch.Repository == "":
				found.addAt("", Origin{}, "digest "+d.Name+" has nowhere to go",
					"set target.repository in the configuration (or GITHUB_REPOSITORY), or look first with bot run --dry-run")
			case IsIssue(ch.Type) && c.GitHub.Token.IsZero():
				found.addAt("", Origin{}, fmt.Sprintf("filing an issue in %s needs a token with the permission issues: write", ch.Repository),
					"set "+envToken+", or look first with bot run --dry-run")
			case len(missing) > 0:
				found.addAt("", Origin{}, fmt.Sprintf("digest %s: the channel %s needs %s, and it is not set", d.Name, ch.Name, strings.Join(missing, " and ")),
					"set it to what the service gave you, or look first with bot run --dry-run")
			}
		}
	}
	return found.err()
}
