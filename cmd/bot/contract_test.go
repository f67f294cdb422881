package main

import (
	"errors"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/test/contract"
)

// TestEveryCallFitsGitHubsDescription plays the bot's life with a checker between program and stand-in:
// what we send and what the stand-in answers must be what GitHub's own descriptions say.
func TestEveryCallFitsGitHubsDescription(t *testing.T) {
	v, err := contract.Open("../../test/contract")
	if errors.Is(err, contract.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := released(t)
	var mu sync.Mutex
	var faults []error
	srv := httptest.NewServer(v.Handler(w.gh, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, err)
	}))
	defer srv.Close()
	w.set("GITHUB_API_URL="+srv.URL, "GITHUB_GRAPHQL_URL="+srv.URL+"/graphql", "BOT_GITHUB_RAW_URL="+srv.URL+"/raw")
	w.ok("run")
	w.ok("run")
	w.commit("v1.36", promote("ImageVolumeWithDigest", gate.Spec{Since: "1.36", Stage: gate.Beta, Default: true}))
	w.ok("run")
	w.loseState()
	w.ok("run")
	w.ok("diff", "v1.35.0", "HEAD")
	w.ok("doctor", "--notify")
	w.set("GITHUB_TOKEN=")
	w.ok("run", "--dry-run")
	w.run("doctor")
	w.set("BOT_GITHUB_RAW_URL=")
	w.ok("gates", "--at", "v1.35.0")
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Path: "/repos/*/*/git/trees/*", Times: 1})
	w.ok("gates", "--at", "v1.35.0")
	mu.Lock()
	defer mu.Unlock()
	for _, err := range faults {
		t.Error(err)
	}
	t.Logf("%d requests were checked", len(w.gh.Requests()))
}
