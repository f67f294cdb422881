package insight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/insight"
)

// oracle says the package comment's list in another form: what a program surely takes, and what it may.
type oracle struct {
	table *facts.Table
	rows  map[string]map[string]facts.Row // release, gate
}

var everyProgram = []string{
	"", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
	"cloud-controller-manager", "kubeadm", "client-go",
}

func (o oracle) components(program string) []string {
	switch program {
	case "kubeadm", "client-go":
		return []string{program}
	case "cloud-controller-manager":
		return []string{"apiserver", "client-go", "component-base", "controller-manager"}
	case "kube-controller-manager", "":
		return []string{"kubernetes", "apiserver", "apiextensions-apiserver", "client-go", "component-base", "controller-manager"}
	}
	return []string{"kubernetes", "apiserver", "apiextensions-apiserver", "client-go", "component-base"}
}

// has reports whether the gate is in a component of the program at a release, and whether the program
// surely takes it.
func (o oracle) has(program, name, release string) (listed, surely bool) {
	row, ok := o.rows[release][name]
	if !ok {
		return false, false
	}
	in := func(c string) bool { return slices.Contains(row.RegisteredIn, c) }
	listed = slices.ContainsFunc(o.components(program), in) || program == "" && in("kubeadm")
	surely = listed
	switch {
	case program == "cloud-controller-manager":
		surely = in("apiserver") || in("controller-manager") || in("component-base") && !in("kubernetes") && gate.CompareVersions(release, "v1.27") >= 0
	case program == "kube-proxy" && gate.CompareVersions(release, "v1.27") < 0:
		surely = in("kubernetes") || in("apiserver") || in("apiextensions-apiserver") || in("client-go")
	}
	return listed, surely
}

// covered reports whether the gate's absence at a release means something for the program.
func (o oracle) covered(program, name, release string) bool {
	for _, c := range o.components(program) {
		if !o.table.Covered(c, release) {
			return false
		}
	}
	return program != "" || !kubeadmHad[name] || o.table.Covered("kubeadm", release)
}

var kubeadmHad = map[string]bool{
	"ControlPlaneKubeletLocalMode": true, "NodeLocalCRISocket": true, "PublicKeysECDSA": true,
	"RootlessControlPlane": true, "WaitForAllControlPlaneComponents": true,
}

// TestVerdictsAgreeWithTheTable asks about every gate of the table, at every pair of releases, for every
// program and both values, and holds each verdict to what the table says.
func TestVerdictsAgreeWithTheTable(t *testing.T) {
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	o := oracle{table: table, rows: map[string]map[string]facts.Row{}}
	names := map[string]bool{}
	releases := table.Releases()
	for _, r := range releases {
		o.rows[r] = map[string]facts.Row{}
		for _, row := range table.Rows(r) {
			o.rows[r][row.Gate] = row
			names[row.Gate] = true
		}
	}
	h := insight.FromTable(table)
	counts := map[insight.Verdict]int{}
	asked, faults := 0, 0
	fault := func(q insight.Query, j insight.Judgement, format string, args ...any) {
		if faults++; faults <= 20 {
			t.Errorf("%+v is %s since %q: %s", q, j.Verdict, j.Since, fmt.Sprintf(format, args...))
		}
	}
	for name := range names {
		if (testing.Short() || raceDetector) && len(name)%4 > 0 {
			continue
		}
		for i, to := range releases {
			for _, from := range releases[:i+1] {
				for _, program := range everyProgram {
					for _, value := range []string{"true", "false"} {
						q := insight.Query{Component: program, Gate: name, Value: value, From: from, To: to}
						j := insight.Judge(h, q)
						asked++
						counts[j.Verdict]++
						o.check(q, j, releases, func(format string, args ...any) { fault(q, j, format, args...) })
					}
				}
			}
		}
	}
	if faults > 20 {
		t.Errorf("%d faults in all", faults)
	}
	var lines []string
	for v, n := range counts {
		lines = append(lines, fmt.Sprintf("%-16s %8d", v, n))
	}
	slices.Sort(lines)
	t.Logf("%d questions: %d gates, %d pairs of releases, %d programs, both values\n%s",
		asked, len(names), len(releases)*(len(releases)+1)/2, len(everyProgram), strings.Join(lines, "\n"))
	for _, v := range []insight.Verdict{
		insight.Removed, insight.Unknown, insight.Locked, insight.DefaultChanged, insight.Deprecated,
		insight.RemovalPlanned, insight.Redundant, insight.AlphaInUse, insight.Fine, insight.NoData,
	} {
		if counts[v] == 0 {
			t.Errorf("no question ends in %s", v)
		}
	}
}

// TestNamesThatNoReleaseHas: such a gate is unknown to a program that is known, and keeps it from starting. Of a file
// that does not tell whose it is, and a name like none, nobody can say that; a slip of the hand is told as one.
func TestNamesThatNoReleaseHas(t *testing.T) {
	table, err := facts.Load()
	if err != nil {
		t.Fatal(err)
	}
	h := insight.FromTable(table)
	o := oracle{table: table}
	others := []string{"nodeRepair", "spotToSpotConsolidation", "reservedCapacity", "LiteralCertificateSubject", "ValidateCAA", "LiveMigration", "FlowExporter", "X"}
	for _, to := range table.Releases() {
		for _, name := range others {
			for _, program := range everyProgram {
				want := insight.Unknown
				switch {
				case program == "" || !o.covered(program, name, to):
					want = insight.NoData
				case program == "client-go":
					want = insight.Redundant
				}
				if j := insight.Judge(h, insight.Query{Component: program, Gate: name, Value: "true", To: to}); j.Verdict != want {
					t.Errorf("%s of %q at %s: %s, want %s: %v", name, program, to, j.Verdict, want, j.Evidence)
				}
			}
		}
		if !o.covered("", "", to) {
			continue
		}
		slips := 0
		for _, row := range table.Rows(to) {
			slip := row.Gate[:len(row.Gate)-1] // its last letter dropped
			if len(slip) < 8 {
				continue
			}
			slips++
			if j := insight.Judge(h, insight.Query{Gate: slip, Value: "true", To: to}); !slices.Contains(row.RegisteredIn, "kubeadm") && j.Verdict == insight.NoData {
				t.Errorf("%s at %s: %v, %s", slip, to, j.Evidence, j.Advice)
			}
		}
		if slips < 50 {
			t.Errorf("%d slips at %s", slips, to)
		}
	}
}

func (o oracle) check(q insight.Query, j insight.Judgement, releases []string, fault func(string, ...any)) {
	listed, surely := o.has(q.Component, q.Gate, q.To)
	covered := o.covered(q.Component, q.Gate, q.To)
	row := o.rows[q.To][q.Gate]
	ever, earlier := false, false
	for _, r := range releases {
		l, _ := o.has(q.Component, q.Gate, r)
		ever = ever || l
		earlier = earlier || l && gate.CompareVersions(r, q.To) < 0
	}
	if len(j.Evidence) == 0 || j.Advice == "" {
		fault("without evidence or advice")
	}
	if want := !surely && (!covered || listed); (j.Verdict == insight.NoData) != want {
		fault("no_data should be %v", want)
	}
	switch {
	case j.Verdict == insight.NoData:
	case !listed && q.Component == "client-go":
		if j.Verdict != insight.Redundant {
			fault("client-go ignores what it does not know")
		}
	case !listed && earlier:
		if j.Verdict != insight.Removed {
			fault("the program had it, and has it no more")
		}
	case !listed:
		if j.Verdict != insight.Unknown {
			fault("the program never had it up to then")
		}
		if !ever && j.Suggestion == "" {
			fault("does not say whose gate it is")
		}
	case j.Verdict == insight.Removed || j.Verdict == insight.Unknown || j.Verdict == insight.InvalidValue:
		fault("the program has it: %+v", row)
	}
	against := listed && row.Locked && q.Value != fmt.Sprint(row.Default)
	refuses := q.Component != "client-go" && (q.Component != "kubeadm") && (q.Component != "" || !slices.Equal(row.RegisteredIn, []string{"kubeadm"}))
	if want := against && surely && refuses; (j.Verdict == insight.Locked) != want {
		fault("locked should be %v: %+v", want, row)
	}
	switch j.Verdict {
	case insight.Removed:
		// Since: a release that does not have it, after one that has, and so on up to To.
		for _, r := range releases {
			if gate.CompareVersions(r, "v"+j.Since) >= 0 && gate.CompareVersions(r, q.To) <= 0 {
				if l, _ := o.has(q.Component, q.Gate, r); l {
					fault("but %s has it", r)
				}
			}
		}
		if j.Since == "" || gate.CompareVersions("v"+j.Since, q.To) > 0 {
			fault("since when?")
		}
	case insight.Locked:
		// Nothing known between Since and To may be free.
		for _, r := range releases {
			if j.Since != "" && gate.CompareVersions(r, "v"+j.Since) >= 0 && gate.CompareVersions(r, q.To) <= 0 {
				if l, _ := o.has(q.Component, q.Gate, r); l && !o.rows[r][q.Gate].Locked {
					fault("but it is free at %s", r)
				}
			}
		}
	case insight.DefaultChanged:
		if l, _ := o.has(q.Component, q.Gate, q.From); !l || o.rows[q.From][q.Gate].Default == row.Default {
			fault("the default is the same at %s", q.From)
		}
	case insight.Deprecated:
		if row.Stage != gate.Deprecated {
			fault("it is %s", row.Stage)
		}
	case insight.RemovalPlanned:
		if j.Removal == nil || gate.CompareVersions("v"+j.Removal.Release, q.To) <= 0 {
			fault("removal is %v", j.Removal)
		}
	case insight.AlphaInUse:
		if row.Stage != gate.Alpha || q.Value != "true" || row.Default {
			fault("%+v", row)
		}
	case insight.Fine:
		if j.Removal != nil || q.Value == fmt.Sprint(row.Default) {
			fault("there is more to say: %+v", row)
		}
	}
	if r := j.Removal; r != nil && r.Confidence == insight.Certain {
		if l, _ := o.has(q.Component, q.Gate, "v"+r.Release); l {
			fault("not gone in %s", r.Release)
		}
	}
}
