package config_test

import (
	"strings"
	"testing"
)

func TestDocsSource(t *testing.T) {
	d := mustLoad(t, "upstreams: [{preset: kubernetes, sources: {docs: {enabled: true}}}]\n").Upstreams[0].Sources.Docs
	if d == nil || !d.Enabled || d.Repository != "kubernetes/website" || !strings.HasSuffix(d.URL, "/feature-gates/#{gate}") || !strings.HasSuffix(d.RemovedURL, "/feature-gates-removed/#{gate}") {
		t.Errorf("the preset gives %+v", d)
	}
	for name, tt := range map[string]struct{ docs, want string }{
		"no repository":         {"{path: gates}", "sources.docs.repository"},
		"no path":               {"{repository: acme/site}", "sources.docs.path"},
		"a path that leads out": {"{repository: acme/site, path: ../gates}", "sources.docs.path"},
		"no address":            {"{repository: acme/site, path: gates, url: gates}", "sources.docs.url"},
		"another scheme":        {"{repository: acme/site, path: gates, removed_url: \"javascript:alert(1)//{gate}\"}", "sources.docs.removed_url"},
		"a list":                {"[]", "sources.docs"},
		"an unknown key":        {"{repository: acme/site, path: gates, colour: x}", "colour"},
	} {
		text := "upstreams: [{name: acme, repository: acme/acme, sources: {docs: " + tt.docs + "}}]\n"
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
