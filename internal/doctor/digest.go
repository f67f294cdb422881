package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/github"
	"github.com/upstream-digest/bot/internal/store"
)

// digests looks at schedules and channels. A target that several digests share is told once.
func (x *examination) digests() {
	for _, d := range x.Config.Digests {
		x.schedule(d)
	}
	targets, nowhere := x.issueTargets()
	for _, name := range nowhere {
		x.fail(areaDigests, "target", name, HarmUsage, "the digest "+name+" goes to an issue, and no repository is named",
			"set target.repository in the configuration, or GITHUB_REPOSITORY; bot run --dry-run works without")
	}
	for _, t := range targets {
		x.target(t)
	}
	seen := map[string]bool{}
	for _, d := range x.Config.Digests {
		for _, ch := range d.Channels {
			switch {
			case ch.Type == config.ChannelFile && !seen[ch.Path]:
				seen[ch.Path] = true
				x.file(ch.Path)
			case ch.Type == config.ChannelStdout:
				x.ok(areaDigests, "channel", d.Name, d.Name+" is printed to standard output; a run that dies may print it twice")
			case config.IsSent(ch.Type):
				x.sending(d.Name, ch)
			}
		}
	}
}

// manyPeriods bounds the counting of periods without a run.
const manyPeriods = 1000

// schedule tells when a digest is due, and whether runs have stopped coming.
func (x *examination) schedule(d config.Digest) {
	var told time.Time
	if i := slices.IndexFunc(x.cursors, func(c store.Cursor) bool { return c.Definition == d.Name }); i >= 0 {
		told = x.cursors[i].ToldAt
	}
	last := "it has told nothing yet"
	switch {
	case !x.opened:
		last = "what it told is not known, for the state can't be read"
	case !told.IsZero():
		last = "last told or found current " + age(x.now.Sub(told))
	}
	if d.Schedule == "" {
		x.ok(areaDigests, "schedule", d.Name, d.Name+": due at every run; "+last)
		return
	}
	schedule, err := config.Schedule(d.Schedule, d.Timezone)
	if err != nil {
		x.fail(areaDigests, "schedule", d.Name, HarmUsage, line(err.Error()), "correct it")
		return
	}
	location, err := time.LoadLocation(d.Timezone)
	if err != nil {
		location = time.UTC
	}
	next := schedule.Next(x.now).In(location).Format("Mon 2006-01-02 15:04 MST")
	finding := fmt.Sprintf("%s: next due %s; %s", d.Name, next, last)
	missed := 0
	if !told.IsZero() {
		for at := schedule.Next(told); !at.IsZero() && !at.After(x.now) && missed < manyPeriods; at = schedule.Next(at) {
			missed++
		}
	}
	switch missed {
	case 0:
		x.ok(areaDigests, "schedule", d.Name, finding)
	case 1:
		x.ok(areaDigests, "schedule", d.Name, fmt.Sprintf("%s: due now; %s", d.Name, last))
	default:
		x.warn(areaDigests, "schedule", d.Name, fmt.Sprintf("%s: %d times due and no run came; %s", d.Name, missed, last),
			"look at the job that calls bot run: Actions switches schedules off after 60 days without a commit, and may drop those at the full hour. The next run tells all of it")
	}
}

// target looks at one repository that issues go to.
func (x *examination) target(t github.StandingRequest) {
	s, known := x.standings[strings.ToLower(t.Repository)]
	if !known {
		x.skip(areaDigests, "target", t.Repository, t.Repository+": "+x.why, "")
		return
	}
	_, forbidden := errors.AsType[*github.PermissionError](s.Err)
	switch {
	case s.Err != nil && x.GitHub.Anonymous() && !forbidden:
		x.warn(areaDigests, "target", t.Repository, t.Repository+" is not there for everybody: private, or misspelt", "without a token nobody can tell which; set one and look again")
		return
	case forbidden:
		x.fail(areaDigests, "target", t.Repository, HarmDelivery, line(s.Err.Error()), "give the token "+Permissions()[0].FineGrained+" there; an organisation may have to approve it")
		return
	case s.Err != nil:
		x.fail(areaDigests, "target", t.Repository, HarmDelivery, t.Repository+" does not exist, or the token may not see it",
			"correct its name; if it is private, choose it among the token's repositories ("+Permissions()[0].FineGrained+")")
		return
	case s.Archived:
		x.fail(areaDigests, "target", t.Repository, HarmDelivery, s.Repository+" is archived and takes no issues", "unarchive it, or choose another repository")
		return
	case !s.HasIssues:
		x.fail(areaDigests, "target", t.Repository, HarmDelivery, "issues are switched off in "+s.Repository, "switch them on (Settings, General, Features), or choose another repository")
		return
	}
	kind := "public"
	if s.Private {
		kind = "private"
	}
	x.ok(areaDigests, "target", t.Repository, fmt.Sprintf("%s is there (%s), and its issues are on", s.Repository, kind))
	if x.GitHub.Anonymous() {
		x.skip(areaDigests, "permission", t.Repository, "without a token nothing is filed", "")
		return
	}
	if x.permission(t, s) && len(t.Labels) > 0 {
		x.labels(t, s)
	}
}

// permission says whether the token may open issues, as far as GitHub tells. False: surely not.
func (x *examination) permission(t github.StandingRequest, s github.Standing) bool {
	may := Permissions()[0]
	role := ""
	if s.Permission != "" {
		role = ", role " + strings.ToLower(s.Permission)
	}
	if x.Token.HasScopes() && x.probe.ScopesTold {
		needs := []string{"repo", "public_repo"}
		if s.Private {
			needs = needs[:1]
		}
		if !x.probe.HasScope(needs...) {
			x.fail(areaDigests, "permission", t.Repository, HarmDelivery,
				fmt.Sprintf("the token may read %s, but not file issues: it has %s", s.Repository, scopes(x.probe.Scopes)),
				fmt.Sprintf("give it the scope %s, or better, make a fine-grained token with %s on %s alone", needs[len(needs)-1], may.FineGrained, s.Repository))
			return false
		}
		x.ok(areaDigests, "permission", t.Repository, "the token may file issues there ("+scopes(x.probe.Scopes)+role+")")
		return true
	}
	tries := fmt.Sprintf("it needs %s on %s; bot doctor --notify tries it", may.FineGrained, s.Repository)
	if why, ok := x.refused[strings.ToLower(t.Repository)]; ok {
		x.warn(areaDigests, "permission", t.Repository, fmt.Sprintf("GitHub does not tell whether %s may file issues there%s, and the last try failed: %s", x.kind(), role, line(why)), tries)
		return true
	}
	if f, ok := x.filed[strings.ToLower(t.Repository)]; ok {
		x.ok(areaDigests, "permission", t.Repository, fmt.Sprintf("a digest was filed there %s%s; GitHub itself does not tell the rights of %s", age(x.now.Sub(f.at)), role, x.kind()))
		return true
	}
	x.skip(areaDigests, "permission", t.Repository, fmt.Sprintf("GitHub does not tell whether %s may file issues there%s", x.kind(), role), tries)
	return true
}

// labels looks whether they exist or can be made. GitHub drops them in silence where the token's owner
// lacks the role.
func (x *examination) labels(t github.StandingRequest, s github.Standing) {
	var gone []string
	for _, l := range t.Labels {
		if !containsFold(s.Labels, l) {
			gone = append(gone, l)
		}
	}
	all, missing := line(strings.Join(t.Labels, ", ")), line(strings.Join(gone, ", "))
	const advice = "give the token's owner the role triage (to make labels: write), make them yourself, or set target.labels: []"
	switch {
	case s.Permission == "READ":
		x.warn(areaDigests, "labels", t.Repository, fmt.Sprintf("%s would be dropped in silence: the role read is too little for labels", all), advice)
	case len(gone) == 0:
		x.ok(areaDigests, "labels", t.Repository, all+": there")
	case s.Permission == "TRIAGE":
		x.warn(areaDigests, "labels", t.Repository, missing+": missing, and the role triage may not make labels", advice)
	default:
		x.ok(areaDigests, "labels", t.Repository, missing+": not there yet; the first issue makes it")
	}
}

// file looks whether a file can be written where it should go.
func (x *examination) file(path string) {
	dir := filepath.Dir(path)
	if i := strings.Index(dir, "{"); i >= 0 { // {date} and the like: the folder is made then
		dir = filepath.Dir(dir[:i] + "x")
	}
	if problem := canWriteIn(dir); problem != "" {
		x.fail(areaDigests, "channel", path, HarmDelivery, fmt.Sprintf("%s can't be written: %s", line(path), problem), "give this user permission, or choose another place")
		return
	}
	x.ok(areaDigests, "channel", path, line(path)+" can be written")
}

// canWriteIn asks whether files can be made in a folder, or in the folder that it would be made in. "" is yes.
func canWriteIn(dir string) string {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return line(dir) + " is no folder"
		case err == nil:
			if err := writable(dir); err != nil {
				return fmt.Sprintf("the folder %s: %s", line(dir), line(err.Error()))
			}
			return ""
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
			return line(err.Error())
		}
		dir = filepath.Dir(dir)
	}
}
