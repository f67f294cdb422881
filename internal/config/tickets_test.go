package config_test

import (
	"slices"
	"testing"
)

// TestTicketRules: SIGs are written in any form, labels stand as they are, and the preset's rules are there to be
// switched on.
func TestTicketRules(t *testing.T) {
	cfg := mustLoad(t, `upstreams:
  - preset: kubernetes
    sources: {tickets: {enabled: true}}
  - name: widgets
    repository: acme/widgets
    sources:
      tickets:
        rules: [{name: mine, sigs: [SIG-Node, sig-storage], labels: ["a,b", "🎉 Party"], milestone: v1.37}]
`)
	if r := cfg.Upstreams[0].Sources.Tickets.Rules; len(r) == 0 || !slices.Contains(r[0].Labels, "kind/regression") {
		t.Errorf("the preset's rules are %+v", r)
	}
	r := cfg.Upstreams[1].Sources.Tickets.Rules[0]
	if !slices.Equal(r.SIGs, []string{"node", "storage"}) || !slices.Equal(r.Labels, []string{"a,b", "🎉 Party"}) || r.Milestone != "v1.37" {
		t.Errorf("%+v", r)
	}
	if cfg.Upstreams[0].Sources.Gates == nil || cfg.Upstreams[1].Sources.Gates != nil {
		t.Error("switching tickets on switches other sources")
	}
}
