package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
)

const (
	// soonExpired is how long before its end a token is worth a warning: two weekly runs.
	soonExpired = 14 * 24 * time.Hour
	// skewAllowed is how far the clocks may differ. Schedules and ages are told by ours.
	skewAllowed = 2 * time.Minute
	// runCost is what a run may need of one hourly limit: reading for the first time, tracing, publishing.
	// docs/design.md has the numbers.
	runCost = 40
)

// github looks at the way to GitHub, the token and the limits, and asks for the targets.
func (x *examination) github(ctx context.Context) {
	if !x.needsGitHub() {
		x.why = "nothing that is configured needs GitHub"
		x.skip(areaGitHub, "network", x.APIHost, x.why, "")
		return
	}
	probe, err := x.GitHub.Probe(ctx)
	_, isAuth := errors.AsType[*github.AuthError](err)
	limit, isLimit := errors.AsType[*github.LimitError](err)
	via := x.APIHost
	if x.Proxy != "" {
		via += " through the proxy " + x.Proxy
	}
	if err != nil && !isAuth && !isLimit {
		x.why = x.APIHost + " could not be asked"
		x.network(err, via)
		return
	}
	x.ok(areaGitHub, "network", x.APIHost, via+" answers")
	if isLimit {
		x.why = "GitHub wants to hear nothing before " + clockTime(limit.Until)
		x.warn(areaGitHub, "limit", string(limit.Kind), line(limit.Error()), "wait until then; a run started now would wait for github.max_wait and then give up")
		return
	}
	x.probe, x.reached = probe, err == nil
	x.clock()
	if isAuth {
		x.why = "the token is not accepted"
		x.fail(areaGitHub, "token", x.Config.GitHub.TokenFrom, x.sourceOrDelivery(),
			fmt.Sprintf("GitHub does not accept the token in %s: it is wrong, expired or revoked", x.Config.GitHub.TokenFrom),
			"make a new one ("+needed(x.Config)+") and hand it in as "+x.Config.GitHub.TokenFrom)
		x.tokenFile()
		return
	}
	x.targets(ctx)
	x.token()
	x.tokenFile()
	if x.reached {
		x.limits()
	}
}

func (x *examination) network(err error, via string) {
	advice := "look for a firewall or a missing proxy (HTTPS_PROXY), and whether github.api_url is right; a mirror (mirrors:) is read without a network, and bot demo needs none"
	finding := line(err.Error())
	if e, ok := errors.AsType[*github.NetworkError](err); ok {
		finding = line(e.Error()) // without what it was wanted for
	}
	switch {
	case isServerError(err):
		advice = "look at https://www.githubstatus.com and run again later"
	case isDecodeError(err):
		advice = "something answers in GitHub's place: a captive portal, a proxy, or a wrong github.api_url"
	}
	if x.Proxy != "" {
		finding += " (asked through the proxy " + x.Proxy + ")"
	}
	x.fail(areaGitHub, "network", x.APIHost, HarmSource, finding, advice)
}

func isServerError(err error) bool { _, ok := errors.AsType[*github.ServerError](err); return ok }
func isDecodeError(err error) bool { _, ok := errors.AsType[*github.DecodeError](err); return ok }

// clock compares this machine's with GitHub's.
func (x *examination) clock() {
	skew := x.probe.Skew
	if !x.reached || !x.probe.SkewTold {
		return
	}
	// A second is what the answer's date is good for, and what its way takes.
	how := "agrees with GitHub's"
	switch {
	case skew > time.Second:
		how = span(skew) + " behind GitHub's"
	case skew < -time.Second:
		how = span(-skew) + " ahead of GitHub's"
	}
	if skew.Abs() <= skewAllowed {
		if skew.Abs() > time.Second {
			how = fmt.Sprintf("within %s of GitHub's", skew.Abs().Round(time.Second))
		}
		x.ok(areaGitHub, "clock", "", "this machine's clock "+how)
		return
	}
	x.warn(areaGitHub, "clock", "", "this machine's clock is "+how, "set it (NTP): schedules and the lock's expiry are told by it; what GitHub is asked for is told by GitHub's own")
}

// needed says what a new token must be able to do.
func needed(c config.Config) string {
	for _, d := range c.Digests {
		for _, ch := range d.Channels {
			if config.IsIssue(ch.Type) && ch.Repository != "" {
				return Permissions()[0].FineGrained + " on " + ch.Repository
			}
		}
	}
	return "no permission is needed for public upstreams"
}

// token says whose token it is, of what sort, and for how long.
func (x *examination) token() {
	c := x.Config.GitHub
	if x.GitHub.Anonymous() {
		targets, nowhere := x.issueTargets()
		if len(targets)+len(nowhere) == 0 {
			x.ok(areaGitHub, "token", "", "none is set; reading works without, with 60 requests an hour")
			return
		}
		x.fail(areaGitHub, "token", "", HarmUsage, "none is set, and issues can't be filed without one",
			"set GITHUB_TOKEN to one with "+needed(x.Config)+"; until then bot run --dry-run works")
		return
	}
	finding := fmt.Sprintf("%s holds %s", c.TokenFrom, x.kind())
	if x.login != "" {
		finding += " of " + line(x.login)
	}
	if x.probe.ScopesTold {
		finding += ", with " + scopes(x.probe.Scopes)
	}
	end := x.probe.Expires
	switch {
	case end.IsZero():
		x.ok(areaGitHub, "token", c.TokenFrom, finding)
	case end.Sub(x.now) <= soonExpired:
		x.warn(areaGitHub, "token", c.TokenFrom, fmt.Sprintf("%s; it expires in %s, %s", finding, span(end.Sub(x.now)), clockTime(end)),
			"make a new one ("+needed(x.Config)+") before then, and hand it in as "+c.TokenFrom)
	default:
		x.ok(areaGitHub, "token", c.TokenFrom, finding+"; good until "+clockTime(end))
	}
}

func (x *examination) kind() string {
	switch x.Token {
	case github.InstallationToken:
		if x.InActions {
			return "the token of this Actions job"
		}
		return "the token of an app"
	case github.OAuthToken:
		return "an OAuth app's token"
	case github.UserToServerToken:
		return "an app's token for a user"
	case github.UnknownToken, github.NoToken:
		return "a token"
	}
	return "a " + string(x.Token) + " token"
}

func scopes(list []string) string {
	switch len(list) {
	case 0:
		return "no scope"
	case 1:
		return "the scope " + list[0]
	}
	return "the scopes " + strings.Join(list, ", ")
}

// tokenFile warns of a file that others may read.
func (x *examination) tokenFile() {
	if x.TokenFile == "" {
		return
	}
	info, err := os.Stat(x.TokenFile)
	if err != nil || !othersMayRead(info) {
		return
	}
	x.warn(areaGitHub, "token file", x.TokenFile, fmt.Sprintf("%s may be read by others on this machine (%s)", line(x.TokenFile), info.Mode().Perm()),
		"chmod 600 "+line(x.TokenFile))
}

func othersMayRead(info fs.FileInfo) bool {
	return permissionsCount && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// limits tells what is left of this hour.
func (x *examination) limits() {
	if len(x.probe.Limits) == 0 {
		x.skip(areaGitHub, "limit", "", "this server names no limits", "")
		return
	}
	for _, resource := range []string{"core", "graphql", "search"} {
		r, ok := x.probe.Limits[resource]
		if !ok || r.Limit == 0 {
			continue
		}
		finding := fmt.Sprintf("%s: %d of %d left", resource, r.Remaining, r.Limit)
		if r.Remaining < r.Limit {
			finding += ", all again at " + r.Reset.UTC().Format("15:04 UTC")
		}
		if resource != "search" && r.Remaining < min(runCost, r.Limit) {
			x.warn(areaGitHub, "limit", resource, finding, fmt.Sprintf("a run may need %d: run after %s, or use a token that nobody else uses", min(runCost, r.Limit), clockTime(r.Reset)))
			continue
		}
		x.ok(areaGitHub, "limit", resource, finding)
	}
}

// targets asks for the repositories that issues go to, and for the token's owner.
func (x *examination) targets(ctx context.Context) {
	requests, _ := x.issueTargets()
	if len(requests) == 0 && x.GitHub.Anonymous() {
		return
	}
	login, got, err := x.GitHub.Standings(ctx, requests)
	if err != nil {
		x.why = line(err.Error())
		return
	}
	x.login = login
	x.standings = map[string]github.Standing{}
	for i, s := range got {
		x.standings[strings.ToLower(requests[i].Repository)] = s
	}
}
