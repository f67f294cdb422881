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

func history(tb testing.TB) *insight.History {
	tb.Helper()
	t, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return insight.FromTable(t)
}

// ask reads "kubelet NodeSwap=true 1.33>1.36": a component ("-" for none known), a setting, and from and to.
func ask(tb testing.TB, line string) insight.Query {
	tb.Helper()
	f := strings.Fields(line)
	if len(f) != 3 {
		tb.Fatalf("%q: want component, setting, versions", line)
	}
	name, value, _ := strings.Cut(f[1], "=")
	from, to, ok := strings.Cut(f[2], ">")
	if !ok {
		from, to = "", f[2]
	}
	return insight.Query{Component: strings.TrimPrefix(f[0], "-"), Gate: name, Value: value, From: from, To: to}
}

// TestJudge holds cases whose answer a person has read from the table.
func TestJudge(t *testing.T) {
	h := history(t)
	for _, c := range []struct {
		ask        string
		verdict    insight.Verdict
		since      string
		suggestion string
		says       string // in the evidence or the advice
	}{
		// Gone.
		{"kubelet PodSecurity=true 1.27>1.28", insight.Removed, "1.28", "", "Remove PodSecurity from the configuration of kubelet before you upgrade to 1.28."},
		{"kubelet PodSecurity=true 1.33>1.36", insight.Removed, "1.28", "", "now: it is refused since 1.28"},
		{"kube-apiserver AppArmor=true 1.32>1.36", insight.Removed, "1.33", "", "Last registered by kubernetes in 1.32, gone in 1.33 (table)."},
		{"kube-scheduler ComponentSLIs=true 1.33>1.35", insight.Removed, "1.35", "", ""},
		{"kubelet DynamicKubeletConfig=false 1.25>1.26", insight.Removed, "1.26", "", ""},
		{"kubeadm ControlPlaneKubeletLocalMode=true 1.33>1.36", insight.Removed, "1.36", "", "kubeadm"},
		{"kubelet csiMigrationRBD=true 1.23>1.24", insight.Removed, "1.24", "", ""}, // renamed: users type the string
		{"kubelet IPv6DualStack=true 1.25", insight.Removed, "1.25", "", "only these take it: kube-controller-manager and cloud-controller-manager"},
		{"- CPUManager=true 1.30>1.36", insight.Removed, "1.33", "", "does not tell which component"},
		// Never there.
		{"kubelet Imagevolume=true 1.36", insight.Unknown, "", "ImageVolume", "Did you mean ImageVolume?"},
		{"kubelet GangScheduling=true 1.33>1.34", insight.Unknown, "", "", "only from 1.35 on"},
		{"kubelet NodeLocalCRISocket=true 1.36", insight.Unknown, "", "kubeadm", "set it for kubeadm"},
		{"kubelet ControllerManagerReleaseLeaderElectionLockOnExit=true 1.36", insight.Unknown, "", "kube-controller-manager and cloud-controller-manager", ""},
		{"kubeadm ImageVolume=true 1.36", insight.Unknown, "", "kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kube-proxy", ""},
		{"kubeadm AllAlpha=true 1.36", insight.Unknown, "", "", "no gate of kubeadm, which has a list of its own"},
		{"cloud-controller-manager ImageVolume=true 1.36", insight.Unknown, "", "kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kube-proxy", ""},
		// Locked.
		{"kubelet ImageVolume=false 1.33>1.36", insight.Locked, "1.36", "", "before you upgrade to 1.36"},
		{"kubelet TopologyManagerPolicyOptions=true 1.36", insight.RemovalPlanned, "1.36", "", "locked, since this release (table)"},
		{"kubelet TopologyManagerPolicyOptions=true 1.35", insight.Redundant, "1.28", "", "stable, on by default, and has been since 1.32 (table)"},
		{"kube-apiserver AllowServiceExternalIPs=true 1.36", insight.Redundant, "1.0", "", "as ever"},
		{"kube-proxy ImageVolume=0 1.36", insight.Locked, "1.36", "", ""},                   // taken by all five, used or not
		{"kubelet TopologyManagerPolicyOptions=false 1.36", insight.Locked, "1.36", "", ""}, // its spec says 1.32, but at 1.35 it was free
		{"kube-apiserver SeparateCacheWatchRPC=true 1.36", insight.Locked, "1.36", "", ""},
		{"kubelet PodSecurity=false 1.25>1.27", insight.Locked, "1.25", "", ""}, // no versions in these years: from history
		{"kubelet BlockVolume=false 1.20", insight.Locked, "", "", ""},          // locked when the table begins
		{"kube-controller-manager IPv6DualStack=false 1.25", insight.Locked, "1.23", "", ""},
		// Neither true nor false.
		{"kubelet NodeSwap=yes 1.36", insight.InvalidValue, "", "", "true or false"},
		{"kubelet NodeSwap= 1.36", insight.InvalidValue, "", "", ""},
		{"kubelet AllBeta=on 1.36", insight.InvalidValue, "", "", ""},
		// Defaults that flip.
		{"kubelet WatchListClient=true 1.33>1.36", insight.DefaultChanged, "1.35", "", "can be left out"},
		{"kube-apiserver MutatingAdmissionPolicy=false 1.33>1.36", insight.DefaultChanged, "1.36", "", "keeps it off against the new default"},
		{"kubelet ImageVolume=true 1.33>1.36", insight.DefaultChanged, "1.35", "", "Likely to be removed in 1.39"},
		{"kubelet WatchList=true 1.33>1.36", insight.DefaultChanged, "1.34", "", ""}, // on in 1.32, off in 1.33, on again
		// The rest.
		{"kube-apiserver KMSv1=true 1.33>1.36", insight.Deprecated, "1.28", "", ""},
		{"kubeadm NodeLocalCRISocket=false 1.35>1.36", insight.RemovalPlanned, "1.36", "", "does not look at locks"},
		{"kubeadm NodeLocalCRISocket=true 1.35>1.36", insight.RemovalPlanned, "1.36", "", "May be removed from 1.37 on"}, // it was
		{"kubeadm WaitForAllControlPlaneComponents=true 1.33>1.34", insight.RemovalPlanned, "1.34", "", "Removed in 1.35"},
		{"kubeadm PublicKeysECDSA=true 1.33>1.36", insight.Deprecated, "", "", ""},
		{"kubelet SidecarContainers=true 1.36", insight.RemovalPlanned, "1.33", "", "due since 1.36"},
		{"kube-apiserver APIServerTracing=true 1.36", insight.RemovalPlanned, "1.34", "", "before you upgrade to 1.37"},
		{"kubelet SidecarContainers=true 1.34", insight.RemovalPlanned, "1.33", "", "a comment in the source plans it"},
		{"kubelet AppArmor=true 1.32", insight.RemovalPlanned, "1.31", "", "Removed in 1.33: it is gone there"},
		{"kubelet RotateKubeletServerCertificate=true 1.33>1.36", insight.Redundant, "1.12", "", ""},
		{"kubelet GangScheduling=false 1.36", insight.Redundant, "1.35", "", ""},
		{"kube-scheduler GangScheduling=true 1.36", insight.AlphaInUse, "1.35", "", ""},
		{"kubelet AllAlpha=true 1.36", insight.AlphaInUse, "", "", "switches on 48 alpha gates"},
		{"kubelet AllBeta=false 1.36", insight.Fine, "", "", "switches off"},
		{"kubelet RotateKubeletServerCertificate=false 1.33>1.36", insight.Fine, "", "", "Nothing to do"},
		{"cloud-controller-manager StorageVersionAPI=true 1.36", insight.AlphaInUse, "1.20", "", ""},
		{"cloud-controller-manager ContextualLogging=false 1.36", insight.Fine, "", "", ""},
		// client-go reads variables, and breaks on none.
		{"client-go WatchListClient=false 1.36", insight.Fine, "", "", "kubelet and kube-proxy do not"},
		{"client-go WatchListClint=false 1.36", insight.Redundant, "", "WatchListClient", "nothing breaks"},
		{"client-go WatchListClient=perhaps 1.36", insight.Redundant, "", "", "neither true nor false"},
		{"client-go AllAlpha=true 1.36", insight.Redundant, "", "", ""},
		// Nobody can say.
		{"kubelet NodeSwap=true 1.36>1.37", insight.NoData, "", "", "from 1.20 to 1.36"},
		{"kubelet NodeSwap=true 1.36>next", insight.NoData, "", "", "no Kubernetes version"},
		{"kubeadm PublicKeysECDSA=true 1.32", insight.NoData, "", "", "kubeadm at 1.32"},
		// In a file that does not tell whose it is: another project's, or a slip of the hand.
		{"- nodeRepair=false 1.33>1.36", insight.NoData, "", "", "Nothing shows that this is a gate of Kubernetes"},
		{"- AdditionalCertificateOutputFormats=true 1.36", insight.NoData, "", "", "Look it up in the documentation of the project"},
		{"- NetworkPolicyStats=true 1.36", insight.NoData, "", "NetworkPolicyStatus", "did you mean NetworkPolicyStatus?"}, // Antrea's
		{"- consumableCapacity=true 1.36", insight.NoData, "", "DRAConsumableCapacity", "did you mean"},
		{"- InPlacePodVerticalScalling=true 1.36", insight.Unknown, "", "InPlacePodVerticalScaling", "Did you mean InPlacePodVerticalScaling?"},
		{"- nodeswap=true 1.36", insight.Unknown, "", "NodeSwap", "Did you mean NodeSwap?"},
		{"- GangScheduling=true 1.33>1.34", insight.Unknown, "", "", "only from 1.35 on"},
		{"- PublicKeysECDSA=true 1.32", insight.NoData, "", "", "kubeadm at 1.32"},
		{"kube-controller-manager Banana=true 1.27", insight.NoData, "", "", "controller-manager at 1.27"},
		{"kube-controller-manager NodeSwap=true 1.27", insight.AlphaInUse, "1.22", "", ""}, // found where it is covered
		{"cloud-controller-manager WatchListClient=true 1.36", insight.NoData, "", "", "how it was built"},
		{"cloud-controller-manager ComponentFlagz=true 1.36", insight.NoData, "", "", ""},
		{"kube-proxy ContextualLogging=true 1.26", insight.NoData, "", "", "component-base at 1.26 is not known"},
		{"kube-proxy ContextualLogging=true 1.27", insight.AlphaInUse, "1.24", "", ""},
		{"cloud-controller-manager LoggingBetaOptions=true 1.26", insight.NoData, "", "", "component-base at 1.26 is not known"}, // its framework registers logs since 1.27
		{"cloud-controller-manager LoggingBetaOptions=false 1.27", insight.Fine, "", "", ""},
		{"etcd NodeSwap=true 1.36", insight.NoData, "", "", "etcd"},
		{"kubelet NodeSwap={{.swap}} 1.33", insight.NoData, "", "", "filled in elsewhere"},
	} {
		t.Run(c.ask, func(t *testing.T) {
			j := insight.Judge(h, ask(t, c.ask))
			if j.Verdict != c.verdict || j.Since != c.since || j.Suggestion != c.suggestion {
				t.Errorf("%s since %q, suggests %q; want %s since %q, %q\n%s", j.Verdict, j.Since, j.Suggestion,
					c.verdict, c.since, c.suggestion, strings.Join(j.Evidence, "\n"))
			}
			if first := j.Evidence[0]; strings.HasPrefix(first, "The file does not tell") || strings.HasPrefix(first, "Programs built") {
				t.Errorf("begins with how it was judged, which is all that a short report shows: %s", first)
			}
			if all := strings.Join(append(j.Evidence, j.Advice), "\n"); !strings.Contains(all, c.says) {
				t.Errorf("does not say %q:\n%s", c.says, all)
			}
		})
	}
}

// TestVersionsAsPeopleWriteThem: they mean the same minor, with or without v and patch.
func TestVersionsAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"1.36": "1.36", "v1.36": "1.36", "1.36.2": "1.36", "v1.36.2": "1.36", " 1.36 ": "1.36", "v1.37.0-alpha.2": "1.37",
		"": "", "1": "", "v": "", "latest": "", "1.x": "", "1.36.": "",
	} {
		if got := insight.Minor(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestANewerRelease: what is read from an upstream counts beyond the table, for the components that were read.
func TestANewerRelease(t *testing.T) {
	reg := func(cs ...string) (out []gate.Registration) {
		for _, c := range cs {
			out = append(out, gate.Registration{Component: c})
		}
		return out
	}
	main := []string{"kubernetes", "apiserver", "apiextensions-apiserver", "client-go", "component-base"}
	h := history(t)
	next := h.With("v1.37.0-alpha.2", "mirror", main, []gate.Gate{
		{Name: "ImageVolume", Registered: reg("kubernetes"), Specs: []gate.Spec{{Since: "1.31", Stage: gate.Alpha}, {Since: "1.36", Stage: gate.GA, Default: true, Locked: true}}},
		{Name: "BrandNew", Registered: reg("kubernetes"), Specs: []gate.Spec{{Since: "1.37", Stage: gate.Alpha}}, KEPs: []string{"9999"}},
		{Name: "NotYet", Registered: reg("kubernetes"), Specs: []gate.Spec{{Since: "1.38", Stage: gate.Alpha}}},
	})
	for line, want := range map[string]insight.Verdict{
		"kubelet ImageVolume=false 1.36>1.37":                 insight.Locked,
		"kubelet ImageVolume=true 1.36>1.37":                  insight.RemovalPlanned,
		"kubelet BrandNew=true 1.36>1.37":                     insight.AlphaInUse,
		"kubelet BrandNew=true 1.36":                          insight.Unknown,
		"kubelet NotYet=true 1.37":                            insight.Unknown,
		"kubelet NodeSwap=true 1.36>1.37":                     insight.Removed,
		"kube-controller-manager NodeSwap=true 1.36>1.37":     insight.NoData, // controller-manager was not read
		"kube-controller-manager ImageVolume=false 1.36>1.37": insight.Locked,
		"kubeadm NodeLocalCRISocket=true 1.36>1.37":           insight.NoData,
		"- NodeLocalCRISocket=true 1.36>1.37":                 insight.NoData,
	} {
		if j := insight.Judge(next, ask(t, line)); j.Verdict != want {
			t.Errorf("%s: %s, want %s: %v", line, j.Verdict, want, j.Evidence)
		}
	}
	if j := insight.Judge(next, ask(t, "kubelet NodeSwap=true 1.36>1.37")); !strings.Contains(j.Evidence[0], "mirror") {
		t.Errorf("the evidence does not say where it was read: %v", j.Evidence)
	}
	if j := insight.Judge(next, ask(t, "kubelet NodeSwap=true 1.36")); j.Removal == nil || *j.Removal != (insight.Removal{Release: "1.37", Rule: "it is gone there (mirror)", Confidence: insight.Certain}) {
		t.Errorf("at 1.36 the removal is %v", j.Removal)
	}
	if j := insight.Judge(h, ask(t, "kubelet NodeSwap=true 1.37")); j.Verdict != insight.NoData {
		t.Errorf("the older history has learned something: %v", j)
	}
	if h.With("soon", "mirror", main, nil) != h {
		t.Error("a version that is none has changed the history")
	}
}

// TestNothingPanics: whatever is asked has an answer, with a reason and something to do.
func TestNothingPanics(t *testing.T) {
	h := history(t)
	odd := []string{"", " ", "1.36", "1.20", "0.0", "9.99", "latest", "\x00", "v1.36.0-rc.1", strings.Repeat("x", 5000)}
	for _, hist := range []*insight.History{h, h.Until("0.1"), h.Until("")} {
		for _, component := range []string{"", "kubelet", "kubeadm", "client-go", "cloud-controller-manager", "etcd", "\x00"} {
			for _, name := range append(odd, "NodeSwap", "AllAlpha", "AllBeta", "nodeswap") {
				for _, value := range []string{"true", "0", "", "maybe", "{{ .x }}"} {
					for _, from := range odd {
						for _, to := range odd {
							j := insight.Judge(hist, insight.Query{Component: component, Gate: name, Value: value, From: from, To: to})
							if j.Verdict == "" || len(j.Evidence) == 0 || j.Advice == "" {
								t.Fatalf("%q %q %q %q %q: %+v", component, name, value, from, to, j)
							}
						}
					}
				}
			}
		}
	}
}

// TestSuggestions: a slip of the hand is seen as one, and a word of its own is not.
func TestSuggestions(t *testing.T) {
	h := history(t)
	for name, want := range map[string]string{
		"NodeSwapp": "NodeSwap", "nodeswap": "NodeSwap", "NdoeSwap": "NodeSwap", "Imagevolume": "ImageVolume",
		"InPlacePodVerticalScalling": "InPlacePodVerticalScaling", "DynamicResourceAlocation": "DynamicResourceAllocation",
		"CPUManger": "CPUManager", "PodSecurty": "PodSecurity", "Banana": "", "MyOwnGate": "", "X": "", "": "",
	} {
		j := insight.Judge(h, insight.Query{Component: "kubelet", Gate: name, Value: "true", To: "1.36"})
		if j.Verdict != insight.Unknown || j.Suggestion != want {
			t.Errorf("%q: %s, suggests %q, want %q", name, j.Verdict, j.Suggestion, want)
		}
	}
	// Each gate with a letter dropped leads back to itself, or to one as near.
	lost := 0
	for _, row := range rows(t, "v1.36") {
		if len(row.Gate) < 6 || !slices.Contains(row.RegisteredIn, "kubernetes") {
			continue
		}
		typo := row.Gate[:3] + row.Gate[4:]
		if j := insight.Judge(h, insight.Query{Component: "kubelet", Gate: typo, Value: "true", To: "1.36"}); j.Suggestion != row.Gate && j.Verdict == insight.Unknown {
			lost++
			t.Logf("%s: suggests %q", typo, j.Suggestion)
		}
	}
	if lost > 2 {
		t.Errorf("%d typos do not lead back", lost)
	}
}

func rows(tb testing.TB, release string) []facts.Row {
	tb.Helper()
	t, err := facts.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return t.Rows(release)
}

func ExampleJudge() {
	table, err := facts.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	h := insight.FromTable(table)
	j := insight.Judge(h, insight.Query{Component: "kubelet", Gate: "ImageVolume", Value: "false", From: "1.33", To: "1.36"})
	fmt.Println(j.Verdict, j.Verdict.Breaks(), j.Since, j.KEPs)
	fmt.Println(j.Advice)
	// Output:
	// locked true 1.36 [4639]
	// Remove ImageVolume from the configuration of kubelet before you upgrade to 1.36.
}

func ExampleHistory_Removal() {
	table, err := facts.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	h := insight.FromTable(table)
	r, _ := h.Removal("kubelet", "NodeSwap", "1.36")
	fmt.Printf("%s, %s: %s\n", r.Release, r.Confidence, r.Rule)
	// Output:
	// 1.37, likely: a comment in the source plans it, and it was locked in 1.34
}

func BenchmarkJudge(b *testing.B) {
	h := history(b)
	var queries []insight.Query
	for _, line := range []string{
		"kubelet ImageVolume=false 1.33>1.36", "kubelet NodeSwap=true 1.33>1.36", "kubelet PodSecurity=true 1.33>1.36",
		"kube-apiserver WatchList=true 1.33>1.36", "kubeadm PublicKeysECDSA=true 1.33>1.36", "- AllAlpha=true 1.36",
		"kubelet NdoeSwap=true 1.33>1.36", "cloud-controller-manager WatchListClient=true 1.33>1.36",
	} {
		queries = append(queries, ask(b, line))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, q := range queries {
			insight.Judge(h, q)
		}
	}
}

func BenchmarkFromTable(b *testing.B) {
	t, err := facts.Load()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		insight.FromTable(t)
	}
}

// TestForecastOfAGate: the rules, one by one.
func TestForecastOfAGate(t *testing.T) {
	g := func(component, removeIn string, specs ...gate.Spec) gate.Gate {
		return gate.Gate{Name: "G", Component: component, RemoveIn: removeIn, Specs: specs}
	}
	lock := func(since string) gate.Spec {
		return gate.Spec{Since: since, Stage: gate.GA, Default: true, Locked: true}
	}
	free := gate.Spec{Since: "1.33", Stage: gate.GA, Default: true}
	for _, c := range []struct {
		name, version string
		gate          gate.Gate
		want          string // release and confidence
	}{
		{"three minors", "1.36", g("kubernetes", "", lock("1.34")), "1.37 possible"},
		{"two minors, before locks had three", "1.31", g("kubernetes", "", lock("1.30")), "1.32 possible"},
		{"a comment that agrees", "1.36", g("kubernetes", "1.37", lock("1.34")), "1.37 likely"},
		{"a comment that wants later", "1.36", g("kubernetes", "1.39", lock("1.34")), "1.39 likely"},
		{"a comment that wants earlier than the rule allows", "v1.36.1", g("kubernetes", "1.37", lock("1.36")), "1.39 possible"},
		{"due already", "1.37", g("kubernetes", "1.36", lock("1.33")), "1.38 possible"},
		{"locked nobody knows when", "1.29", g("kubernetes", "1.30", lock("")), "1.30 likely"},
		{"a comment without a lock", "1.36", g("kubernetes", "1.38", free), "1.38 possible"},
		{"a comment without a lock, long ago", "1.36", g("kubernetes", "1.34", free), "none"},
		{"nothing", "1.36", g("kubernetes", "", free), "none"},
		{"only planned to be locked", "1.35", g("kubernetes", "", free, lock("1.36")), "none"},
		{"locked and freed again", "1.36", g("kubernetes", "", lock("1.33"), gate.Spec{Since: "1.34", Stage: gate.GA}), "none"},
		{"not there yet", "1.32", g("kubernetes", "1.38", lock("1.33")), "none"},
		{"another project's rule is not known", "0.18", g("kueue", "", lock("0.17")), "none"},
		{"another project's comment", "0.18", g("kueue", "0.20", lock("0.17")), "0.20 possible"},
		{"kubeadm does not wait", "1.36", g("kubeadm", "", lock("1.36")), "1.37 possible"},
		{"kubeadm's specs have no versions", "1.36", g("kubeadm", "", lock("")), "1.37 possible"},
		{"kubeadm, overdue", "1.36", g("kubeadm", "", lock("1.33")), "1.37 possible"},
		{"kubeadm, not locked", "1.36", g("kubeadm", "", free), "none"},
		{"no version", "", g("kubernetes", "1.37", lock("1.34")), "1.37 likely"},
	} {
		got := "none"
		if r, ok := insight.Forecast(c.gate, c.version); ok {
			got = r.Release + " " + r.Confidence
			if r.Rule == "" {
				t.Errorf("%s: no rule", c.name)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
