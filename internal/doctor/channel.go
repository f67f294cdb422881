package doctor

import (
	"fmt"
	"strings"

	"github.com/upstream-digest/bot/internal/config"
)

// onceWords say what a channel promises when a run dies in between.
func onceWords(ch config.Channel) string {
	if ch.Type == config.ChannelSlack && ch.TokenEnv != "" {
		return "once, for what stands there can be looked at"
	}
	return "at least once, for nobody can ask there what arrived"
}

// sending looks at a channel whose address is a secret, without sending anything.
func (x *examination) sending(digest string, ch config.Channel) {
	subject := digest + "/" + ch.Name
	if missing := ch.Missing(); len(missing) > 0 {
		x.fail(areaDigests, "channel", subject, HarmUsage, fmt.Sprintf("%s: %s is not set", line(subject), strings.Join(missing, " and ")),
			"set it to what the service gave you, or name a file that holds it in "+missing[0]+"_FILE")
		return
	}
	if x.Channel != nil {
		if err := x.Channel(ch); err != nil {
			x.fail(areaDigests, "channel", subject, HarmUsage, line(subject+": "+err.Error()), "correct it")
			return
		}
	}
	with := strings.Join(ch.Variables(), " and ")
	if with == "" {
		with = ch.Server
	}
	x.ok(areaDigests, "channel", subject, fmt.Sprintf("%s: set up (%s); it is told %s; bot doctor --notify %s tries it", line(subject), line(with), onceWords(ch), line(subject)))
}
