package main

import (
	"context"
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/feedtest"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/sample"
)

// beside brings what stands beside the code to a moment: milestones, issues, pull requests and feeds. Dates of releases are
// upstream's; titles, people and vulnerabilities are made up.
func (d *demoWorld) beside(ctx context.Context, t time.Time) error {
	pulls, err := sample.DemoPulls(ctx, d.repository(demoUpstream))
	if err != nil {
		return err
	}
	for _, p := range pulls {
		if at := p.At; !d.pulled[p.Number] {
			d.pulled[p.Number] = true
			d.gh.AddPullRequest(demoUpstream, ghtest.PullRequest{Number: p.Number, Title: p.Title, MergeOID: p.Commit, Commits: []string{p.Commit}, Created: at, Merged: &at})
		}
	}
	d.milestones(t)
	d.tickets(t)
	d.feeds(t)
	return nil
}

func dayOf(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func (d *demoWorld) milestones(t time.Time) {
	due36, due37, shipped := dayOf(2026, time.April, 22), dayOf(2026, time.August, 26), dayOf(2026, time.April, 23)
	next := ghtest.Milestone{Number: 68, Title: "v1.36", Due: &due36, OpenIssues: 312, ClosedIssues: 41, Created: dayOf(2025, time.November, 3), Updated: t}
	if !t.Before(shipped) {
		next.State, next.ClosedAt, next.OpenIssues, next.ClosedIssues = "closed", &shipped, 0, 1127
		d.gh.AddMilestone(demoUpstream, ghtest.Milestone{Number: 69, Title: "v1.37", Due: &due37, OpenIssues: 287, ClosedIssues: 34, Created: shipped, Updated: t})
	}
	d.gh.AddMilestone(demoUpstream, next)
}

// demoTicket is an issue of the demo. One that is closed before the first look is no news.
type demoTicket struct {
	number         int
	title, reason  string
	urgent         bool
	opened, closed time.Time
}

func demoTickets() []demoTicket {
	return []demoTicket{
		{940101, "kubelet forgets a volume that is mounted twice", "completed", false, dayOf(2025, time.December, 10), dayOf(2026, time.January, 9)},
		{940102, "kube-proxy drops connections while rules are renewed", "", true, dayOf(2026, time.May, 11), time.Time{}},
		{940103, "scheduler is slow where many claims wait", "", false, dayOf(2026, time.May, 14), time.Time{}},
	}
}

func (d *demoWorld) tickets(t time.Time) {
	for _, x := range demoTickets() {
		if x.opened.After(t) {
			continue
		}
		priority := "priority/important-soon"
		if x.urgent {
			priority = "priority/critical-urgent"
		}
		is := ghtest.Issue{
			Number: x.number, Title: x.title, Author: "sample-reporter", Labels: []string{"kind/regression", priority, "sig/node"}, Created: x.opened, Updated: x.opened,
		}
		closed := !x.closed.IsZero() && !x.closed.After(t)
		if closed {
			is.State, is.Reason, is.Closed, is.Updated = "closed", x.reason, &x.closed, x.closed
		}
		if !d.opened[x.number] {
			d.opened[x.number] = true
			d.gh.AddIssue(demoUpstream, is)
		} else if closed {
			d.gh.UpdateIssue(demoUpstream, x.number, func(old *ghtest.Issue) {
				old.State, old.Reason, old.Closed, old.Updated = is.State, is.Reason, is.Closed, is.Updated
			})
		}
	}
}

// feeds writes the three feeds that the preset reads.
func (d *demoWorld) feeds(t time.Time) {
	var posts []feedtest.Post
	for _, p := range []feedtest.Post{
		{Title: "Kubernetes 1.35 is here", URL: "https://kubernetes.io/blog/sample/1-35/", Body: "<p>A sample of a post: what is new in 1.35.</p>", At: dayOf(2025, time.December, 17)},
		{Title: "Kubernetes 1.36 is here", URL: "https://kubernetes.io/blog/sample/1-36/", Body: "<p>A sample of a post: what is new in 1.36.</p>", At: dayOf(2026, time.April, 22)},
		{Title: "How image volumes became stable", URL: "https://kubernetes.io/blog/sample/image-volumes/", Body: "<p>A sample of a post: a volume that is an image.</p>", At: dayOf(2026, time.May, 4)},
	} {
		if !p.At.After(t) {
			posts = append([]feedtest.Post{p}, posts...)
		}
	}
	holes := []feedtest.Vulnerability{{ID: "CVE-2025-9900009", Summary: "Sample: a node may read another's leases", Issue: 940090, Status: "open", At: dayOf(2025, time.November, 20)}}
	if t.After(dayOf(2026, time.January, 13)) {
		holes[0].Status = "fixed"
		holes = append([]feedtest.Vulnerability{{ID: "CVE-2026-9900001", Summary: "Sample: a crafted volume path leads out of the pod's folder", Issue: 940091, Status: "fixed", At: dayOf(2026, time.January, 13)}}, holes...)
	}
	minikube := []feedtest.Release{{Tag: "v1.37.0", At: dayOf(2025, time.September, 9)}}
	if t.After(dayOf(2026, time.May, 1)) {
		minikube = append([]feedtest.Release{{Tag: "v1.39.0", At: dayOf(2026, time.April, 30)}}, minikube...)
	}
	d.feedPaths = map[string]string{
		"blog":     d.gh.SetPage("feed.xml", "application/rss+xml", feedtest.Blog("Kubernetes Blog", posts...)),
		"cve":      d.gh.SetPage("cve.json", "application/feed+json", feedtest.Vulnerabilities(holes...)),
		"minikube": d.gh.SetPage("minikube.atom", "application/atom+xml", feedtest.Releases("kubernetes/minikube", minikube...)),
	}
}

// settings is the configuration of the demo: the preset, with feeds that stand on this machine.
func (d *demoWorld) settings() string {
	text := "upstreams:\n  - preset: kubernetes\n    sources:\n      feeds:\n"
	for _, f := range []struct{ name, title string }{{"blog", "Kubernetes blog"}, {"cve", "Kubernetes vulnerabilities"}, {"minikube", "minikube releases"}} {
		text += fmt.Sprintf("        - {name: %s, title: %s, url: \"%s%s\"}\n", f.name, f.title, d.gh.URL(), d.feedPaths[f.name])
	}
	return text + "network:\n  allow_private: [\"" + d.host() + "\"]\n"
}
