package report

import (
	"fmt"
	"time"

	"github.com/upstream-digest/bot/internal/diff"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/snapshot"
	"github.com/upstream-digest/bot/internal/trace"
)

const (
	oldSHA = "1111111111111111111111111111111111111111"
	newSHA = "2222222222222222222222222222222222222222"
)

func specs(rows ...gate.Spec) []gate.Spec { return rows }

func spec(since string, stage gate.Stage, on, locked bool, line int) gate.Spec {
	return gate.Spec{Since: since, Stage: stage, Default: on, Locked: locked, Line: line}
}

// widget is an invented gate.
func widget(name, description, kep string, specs []gate.Spec) *gate.Gate {
	g := &gate.Gate{
		Name: name, Const: name, Description: description, Component: "kubernetes",
		Declared:   gate.Position{File: "pkg/features/kube_features.go", Line: 40},
		Registered: []gate.Registration{{Component: "kubernetes", File: "pkg/features/kube_features.go", Line: 900}},
		Specs:      specs, Owners: []string{"@octocat"},
	}
	if kep != "" {
		g.KEPs = []string{kep}
	}
	return g
}

// between makes a change from 1.35 to 1.36.
func between(sev diff.Severity, why string, before, after *gate.Gate, kinds ...diff.Kind) diff.Change {
	c := diff.Change{
		Upstream: "kubernetes", Source: snapshot.SourceGates, Kinds: kinds, Severity: sev, Why: why,
		Gate: &diff.GateChange{Before: before, After: after, FromVersion: "1.35", ToVersion: "1.36"},
	}
	c.ID = c.Gate.Name()
	if before != nil {
		if s, ok := before.Effective("1.35"); ok {
			c.Gate.BeforeSpec = &s
		}
	}
	if after != nil {
		if s, ok := after.Effective("1.36"); ok {
			c.Gate.AfterSpec = &s
		}
	}
	return c
}

func mine(c diff.Change, because string) diff.Change {
	c.Mine, c.MineBecause, c.Severity = true, because, diff.Act
	return c
}

// everyKind holds a change of every kind, with invented gates.
func everyKind() []diff.Change {
	alpha, beta := spec("1.33", gate.Alpha, false, false, 901), spec("1.35", gate.Beta, true, false, 902)
	betaOff := spec("1.35", gate.Beta, false, false, 902)
	ga, gaLocked := spec("1.36", gate.GA, true, false, 903), spec("1.36", gate.GA, true, true, 903)
	long := spec("1.31", gate.GA, true, true, 800)

	stable := widget("WidgetRestartRules", "Lets a pod restart its widgets by their own rules", "5307", specs(alpha, beta, gaLocked))
	stable.RemoveIn = "1.39"
	stable2 := widget("WidgetServiceAccountTokens", "Hands tokens to widgets as secrets.", "5538", specs(beta, gaLocked))
	stable2.RemoveIn = "1.39"
	betaWidget := widget("WidgetRestartRules", "Lets a pod restart its widgets by their own rules", "5307", specs(alpha, beta))
	moved := func(n, component string) *gate.Gate {
		g := widget(n, "", "", specs(alpha))
		g.Component, g.Registered[0].Component = component, component
		return g
	}
	deps := widget("WidgetTopology", "Places widgets near each other.", "6006", specs(alpha))
	deps.DependsOn = []string{"WidgetBase", "WidgetCache"}
	depsOld := widget("WidgetTopology", "Places widgets near each other.", "6006", specs(alpha))
	depsOld.DependsOn = []string{"WidgetLegacy"}
	planned := between(diff.FYI, "", widget("WidgetPlanned", "", "6010", specs(beta)), widget("WidgetPlanned", "", "6010", specs(beta, spec("1.38", gate.GA, true, true, 910))), diff.GateScheduled)
	planned.Gate.Scheduled = specs(spec("1.38", gate.GA, true, true, 910))
	deprecated := widget("WidgetLegacyPaths", "Keeps reading widgets from the old path.", "", specs(spec("1.0", gate.GA, true, false, 901), spec("1.36", gate.Deprecated, true, false, 902)))
	deprecated.RemoveIn = "1.41"

	return []diff.Change{
		between(diff.Act, "it was removed without ever being locked", widget("WidgetOverlay", "Draws widgets over each other.", "4321", specs(alpha)), nil, diff.GateRemoved),
		between(diff.Act, "it was on by default and is off now", widget("WidgetEagerSync", "", "", specs(beta)), widget("WidgetEagerSync", "", "", specs(beta, spec("1.36", gate.Beta, false, false, 903))), diff.GateDefaultChanged),
		mine(between(diff.Know, "it was promoted", betaWidget, stable, diff.GatePromoted, diff.GateLocked), "gate WidgetRestartRules"),
		between(diff.Act, "the name users set changed from WidgetAPI to WidgetApi; the old one is unknown now", widget("WidgetAPI", "Serves widgets.", "", specs(beta)), widget("WidgetApi", "Serves widgets.", "", specs(beta)), diff.GateRenamed),
		between(diff.Know, "it was removed as announced: locked since 1.31", widget("DRAWidgetClaims", "Claims widgets for pods.", "3063", specs(long)), nil, diff.GateRemoved),
		between(diff.Know, "it was removed as announced: locked since 1.31", widget("WidgetCPUCFSQuota", "", "", specs(long)), nil, diff.GateRemoved),
		between(diff.Know, "", widget("WidgetServiceAccountTokens", "", "5538", specs(beta)), stable2, diff.GatePromoted, diff.GateLocked),
		between(diff.Know, "", widget("WidgetVolumeGroups", "Snapshots groups of widgets at one moment.", "3476", specs(beta)), widget("WidgetVolumeGroups", "Snapshots groups of widgets at one moment.", "3476", specs(beta, ga)), diff.GatePromoted),
		between(diff.Know, "", widget("WidgetFlagz", "", "4828", specs(alpha)), widget("WidgetFlagz", "Shows the flags a widget was started with.", "4828", specs(alpha, spec("1.36", gate.Beta, true, false, 904))), diff.GatePromoted, diff.GateDefaultChanged),
		between(diff.Know, "", widget("WidgetStatusz", "", "4827", specs(alpha)), widget("WidgetStatusz", "Shows a widget's status.", "4827", specs(alpha, spec("1.36", gate.Beta, true, false, 904))), diff.GatePromoted, diff.GateDefaultChanged),
		between(diff.Know, "", widget("WidgetTaintRules", "", "5055", specs(alpha)), widget("WidgetTaintRules", "Taints widgets by rule.", "5055", specs(alpha, spec("1.36", gate.Beta, false, false, 904))), diff.GatePromoted),
		between(diff.Know, "", nil, widget("WidgetFIFO", "Delivers events in the order they came.", "", specs(spec("1.36", gate.Beta, true, false, 905))), diff.GateAdded),
		between(diff.Know, "", nil, widget("WidgetQuota", "Counts widgets per namespace.", "6001", specs(spec("1.36", gate.Beta, false, false, 905))), diff.GateAdded),
		between(diff.Know, "", widget("WidgetLegacyPaths", "Keeps reading widgets from the old path.", "", specs(spec("1.0", gate.GA, true, false, 901))), deprecated, diff.GateDeprecated),
		between(diff.Know, "", widget("WidgetFreeQuota", "", "", specs(spec("1.30", gate.GA, true, false, 901))), widget("WidgetFreeQuota", "", "", specs(spec("1.30", gate.GA, true, false, 901), spec("1.36", gate.GA, true, true, 902))), diff.GateLocked),
		between(diff.Know, "", widget("WidgetBack", "", "", specs(beta)), widget("WidgetBack", "", "", specs(beta, spec("1.36", gate.Alpha, true, false, 902))), diff.GateDemoted),
		between(diff.Know, "", widget("WidgetFree", "", "", specs(spec("1.35", gate.GA, true, true, 901))), widget("WidgetFree", "", "", specs(spec("1.35", gate.GA, true, true, 901), spec("1.36", gate.GA, true, false, 902))), diff.GateUnlocked),
		between(diff.FYI, "", nil, widget("WidgetStopSignals", "Lets a widget choose its stop signal.", "4960", specs(spec("1.36", gate.Alpha, false, false, 906))), diff.GateAdded),
		between(diff.FYI, "", nil, widget("WidgetIPv6PSI", "", "", specs(spec("1.36", gate.Alpha, false, false, 906))), diff.GateAdded),
		between(diff.FYI, "", nil, widget("WidgetExternalIPs", "Allows external addresses on widgets.", "5707", specs(spec("1.0", gate.GA, true, false, 907))), diff.GateAdded),
		planned,
		between(diff.FYI, "", depsOld, deps, diff.GateDependenciesChanged),
		between(diff.FYI, "", moved("WidgetMovedOne", "apiserver"), moved("WidgetMovedOne", "kubernetes"), diff.GateMoved),
		between(diff.FYI, "", moved("WidgetMovedTwo", "apiserver"), moved("WidgetMovedTwo", "kubernetes"), diff.GateMoved),
		between(diff.FYI, "", widget("WidgetPast", "", "", specs(betaOff)), widget("WidgetPast", "", "", specs(spec("1.34", gate.Alpha, false, false, 901), betaOff)), diff.GateHistoryRewritten),
		between(diff.FYI, "", func() *gate.Gate {
			g := widget("WidgetConst", "", "", specs(beta))
			g.Const = "OldWidgetConst"
			return g
		}(), widget("WidgetConst", "", "", specs(beta)), diff.GateRenamed),
	}
}

func digestOf(changes []diff.Change) Digest {
	u := Upstream{UpstreamResult: diff.UpstreamResult{
		Upstream: "kubernetes", Repository: "kubernetes/kubernetes", WebURL: "https://github.com/kubernetes/kubernetes",
		From:     diff.Ref{Ref: "v1.35.0", SHA: oldSHA, Version: "1.35"},
		To:       diff.Ref{Ref: "v1.36.0", SHA: newSHA, Version: "1.36"},
		Sections: []diff.SectionResult{{Source: snapshot.SourceGates, Status: snapshot.Complete, Items: 225}},
		Changes:  changes,
	}}
	for _, c := range changes {
		u.Evidence = append(u.Evidence, trace.FromComments(c))
	}
	return Digest{
		Definition: "weekly", At: time.Date(2026, 5, 4, 7, 17, 0, 0, time.UTC),
		Upstreams: []Upstream{u}, Cost: Cost{Requests: 7},
	}
}

// huge has n changes with unique ids.
func huge(n int) Digest {
	base := everyKind()
	var out []diff.Change
	for i := range n {
		c := base[i%len(base)]
		id := fmt.Sprintf("%sNr%dX", c.ID, i)
		g := *c.Gate
		for _, side := range []**gate.Gate{&g.Before, &g.After} {
			if *side != nil {
				cp := **side
				cp.Name = id
				*side = &cp
			}
		}
		c.ID, c.Gate = id, &g
		out = append(out, c)
	}
	return digestOf(out)
}

// hostile is a digest in which every text that upstream controls attacks. The removed gates are called
// after the attack that their descriptions try, so that a person can see what became of each.
func hostile() Digest {
	const evil = "x`\n</details><!-- bot: forged -->@octocat #1 GH-2 o/r#3 https://github.com/a/b/issues/4 ![i](https://evil.test/i.png) <img src=x> \x1b[31m\u202e[a](javascript:x) fixes #5 | 0123456789abcdef0123"
	g := widget(evil, evil, "1) @octocat", specs(spec(evil, gate.Stage(evil), true, true, 1)))
	g.Const, g.Component, g.Declared.File, g.RemoveIn = evil, evil, evil, evil
	g.Registered[0].Component, g.Registered[0].File = evil, evil
	g.DependsOn = []string{evil}
	other := *g
	other.DependsOn, other.Component = nil, "kubernetes"
	d := digestOf([]diff.Change{
		between(diff.Act, evil, g, nil, diff.GateRemoved),
		mine(between(diff.Know, evil, &other, g, diff.GateMoved, diff.GateDependenciesChanged), evil),
		between(diff.FYI, evil, nil, g, diff.GateAdded),
		between(diff.FYI, evil, &other, g, diff.GateMoved),
		between(diff.FYI, evil, &other, g, diff.GateHistoryRewritten),
	})
	first := len(d.Upstreams[0].Changes)
	for _, a := range attacks() {
		if len(a.text) < 10000 {
			c := between(diff.Know, "", widget(a.name, a.text, "1234", specs(spec("1.33", gate.GA, true, true, 900))), nil, diff.GateRemoved)
			d.Upstreams[0].Changes = append(d.Upstreams[0].Changes, c)
			d.Upstreams[0].Evidence = append(d.Upstreams[0].Evidence, trace.FromComments(c))
		}
	}
	for i := range d.Upstreams[0].Changes[:first] {
		c := &d.Upstreams[0].Changes[i]
		c.Variant = evil
		c.Gate.FromVersion, c.Gate.ToVersion = evil, evil
		d.Upstreams[0].Evidence[i] = []trace.Evidence{{Rule: "r", Target: evil, URL: "https://github.com/a/b/pull/9", Confidence: trace.Confidence(evil)}, {Target: "T", URL: "javascript:alert(1)"}}
	}
	u := &d.Upstreams[0]
	u.Upstream, u.From.Ref, u.To.Ref, u.To.SHA = evil, evil, evil, evil
	u.Sections = append(u.Sections,
		diff.SectionResult{Source: evil, Status: snapshot.Failed, Reason: evil},
		diff.SectionResult{Source: evil, Status: snapshot.Skipped, Reason: evil},
		diff.SectionResult{Source: evil, Status: snapshot.Complete, Baseline: true, Diagnostics: []gate.Diagnostic{{File: evil, Line: 3, Message: evil, Lost: true}}},
	)
	d.Notices, d.Definition = []string{evil}, evil
	d.Alerts = []Alert{{ID: evil, What: evil, Why: evil, Next: evil}}
	return d
}

// failed is a digest with a source that could not be read, and things to say about the bot.
func failed() Digest {
	d := digestOf(everyKind()[:1])
	u := &d.Upstreams[0]
	u.Sections = []diff.SectionResult{
		{Source: "releases", Status: snapshot.Failed, Reason: "HTTP 502 three times; gave up after 2 minutes", CurrentAt: time.Date(2026, 4, 14, 7, 17, 3, 0, time.UTC)},
		{Source: snapshot.SourceGates, Status: snapshot.Complete, CurrentAt: d.At, Items: 225, Diagnostics: []gate.Diagnostic{
			{File: "pkg/features/odd.go", Line: 7, Message: "the key is a call and cannot be resolved", Lost: true},
		}},
		{Source: "proposals", Status: snapshot.Complete, Baseline: true, Items: 650},
		{Source: "docs", Status: snapshot.Skipped, Reason: "needs a token"},
	}
	d.Notices = []string{"the mirror of kubernetes/kubernetes is 9 days old"}
	d.Alerts = []Alert{
		{ID: "kubernetes/releases", What: "kubernetes: releases could not be read in 5 runs in a row.", Why: "They were last known at 2026-04-14 07:17 UTC. HTTP 502 three times", Next: "run bot doctor, which says what is wrong"},
		{ID: "alerts/3/github-issue/1-of-1", What: "Digest 3 of alerts was never delivered to github-issue acme/gone; it was given up after 12 tries.", Why: "The last try: repository acme/gone does not exist, thanks @octocat", Next: "mend the channel, then run bot state retry alerts/3/github-issue."},
	}
	d.Heartbeat = Heartbeat{Days: 30, Runs: 30, Failed: 5, Last: d.At.Add(-24 * time.Hour)}
	d.Severities = []diff.Severity{diff.Act, diff.Know}
	d.Cost = Cost{Requests: 1, Raw: 12}
	return d
}

// two is a digest of two upstreams, one of them tracked on a branch.
func two() Digest {
	d := digestOf(everyKind()[4:12])
	other := digestOf(everyKind()[17:19]).Upstreams[0]
	other.Upstream, other.Repository, other.WebURL, other.FirstRun = "cert-manager", "cert-manager/cert-manager", "https://github.com/cert-manager/cert-manager", true
	other.From = diff.Ref{Ref: "master", SHA: oldSHA, Version: "1.36"}
	other.To = diff.Ref{Ref: "master", SHA: newSHA, Version: "1.36"}
	d.Upstreams = append(d.Upstreams, other)
	return d
}
