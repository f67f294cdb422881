package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/upstream-digest/bot/internal/ghtest"
	"github.com/upstream-digest/bot/internal/store"
)

const (
	kubernetes   = "kubernetes/kubernetes"
	enhancements = "kubernetes/enhancements"
	sigRelease   = "kubernetes/sig-release"
	changelog35  = "CHANGELOG/CHANGELOG-1.35.md"
)

// proposalFile is a kep.yaml.
func proposalFile(number int, stage, target string) []byte {
	return fmt.Appendf(nil, "title: Widget number %d\nkep-number: %d\nauthors: [\"@amy\"]\nowning-sig: sig-node\nstatus: implementable\nstage: %s\nlatest-milestone: \"v%s\"\n", number, number, stage, target)
}

func widget(number int) string { return fmt.Sprintf("keps/sig-node/%d-widget/kep.yaml", number) }

// file is a file of a repository as it stands.
func (w *fullWorld) file(repository, path string) []byte {
	w.t.Helper()
	i := slices.IndexFunc(w.repositories, func(h *history) bool { return h.name == repository })
	for _, s := range slices.Backward(w.repositories[i].steps[:w.repositories[i].made]) {
		if data, ok := s.Files[path]; ok {
			return data
		}
	}
	w.t.Fatalf("%s has no %s", repository, path)
	return nil
}

// release publishes a release of kubernetes on a day.
func (w *fullWorld) release(tag, day string) {
	w.t.Helper()
	when := date(w.t, day)
	w.gh.AddRelease(kubernetes, ghtest.Release{Tag: tag, Prerelease: strings.Contains(tag, "-"), Created: when, Published: when})
}

// addGate adds a gate, so that there is something of gates to tell.
func (w *fullWorld) addGate() {
	w.t.Helper()
	w.push(kubernetes, map[string][]byte{"pkg/features/widget.go": []byte(`package features

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/component-base/featuregate"
)

// owner: @amy
//
// WidgetGate makes widgets.
const WidgetGate featuregate.Feature = "WidgetGate"

var widgets = map[featuregate.Feature]featuregate.VersionedSpecs{
	WidgetGate: {{Version: version.MustParse("1.35"), Default: false, PreRelease: featuregate.Alpha}},
}
`)})
}

// changes are what a dry run would tell, an id and its kinds each.
func (w *fullWorld) changes(args ...string) string {
	w.t.Helper()
	r := w.run(append([]string{"run", "--dry-run", "--format", "json"}, args...)...)
	return changesIn(w.t, r.stdout)
}

func changesIn(tb testing.TB, out string) string {
	tb.Helper()
	var got []string
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		type upstream struct {
			Changes []struct {
				ID    string
				Kinds []string
			}
		}
		var d struct {
			Upstreams []upstream
			upstream
		}
		if err := dec.Decode(&d); err != nil {
			tb.Fatalf("%v\n%s", err, out)
		}
		for _, u := range append(d.Upstreams, d.upstream) {
			for _, c := range u.Changes {
				got = append(got, c.ID+" "+strings.Join(c.Kinds, "+"))
			}
		}
	}
	slices.Sort(got)
	return strings.Join(got, "\n")
}

// tells fails unless a dry run tells just these.
func (w *fullWorld) tells(what, want string, args ...string) {
	w.t.Helper()
	if got := w.changes(args...); got != want {
		w.t.Errorf("%s: it tells\n%s\nwant\n%s", what, got, want)
	}
}

// fails runs, and wants a source that failed, with these words.
func (w *fullWorld) fails(words string) result {
	w.t.Helper()
	r := w.run("run")
	if r.code != exitSource || !strings.Contains(r.stderr, words) {
		w.t.Fatalf("exit code %d, want %d and %q:\n%s", r.code, exitSource, words, r.stderr)
	}
	return r
}

func (w *fullWorld) newest() string {
	w.t.Helper()
	all := w.issues()
	return all[len(all)-1].Body
}

// TestFaultsOfSources: a source that can't be read is no empty one. The others are told, the exit code says so, and
// all that was missed is told when it can be read again.
func TestFaultsOfSources(t *testing.T) {
	t.Parallel()
	const gate, news, proposal = "WidgetGate gate.added", "v1.35.2 release.published", "4999 proposal.added"
	tests := []struct {
		name   string
		breaks func(w *fullWorld)
		mends  func(w *fullWorld)
		says   string
		first  string // told while it is broken
		then   string // and when it is mended
	}{
		{"tree cut", func(w *fullWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated, Times: -1})
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: "/repos/kubernetes/enhancements/**", Times: -1})
		}, nil, "proposals could not be read", gate + "\n" + news, proposal},
		{"blobs cut", func(w *fullWorld) {
			w.gh.AddFault(ghtest.Fault{Kind: ghtest.BlobTruncated, Contains: "enhancements", Times: -1})
			for _, p := range []string{"/repos/kubernetes/enhancements/**", "/raw/kubernetes/enhancements/**"} {
				w.gh.AddFault(ghtest.Fault{Kind: ghtest.ServerError, Path: p, Times: -1})
			}
		}, nil, "proposals could not be read", gate + "\n" + news, proposal},
		{"list of releases fails", func(w *fullWorld) { w.gh.AddFault(ghtest.Fault{Kind: ghtest.FieldError, Times: -1}) },
			nil, "releases could not be read: read the releases of kubernetes/kubernetes", proposal + "\n" + gate, news},
		{"no release is listed any more", func(w *fullWorld) {
			for _, r := range strings.Fields("v1.34.0 v1.34.1 v1.34.2 v1.34.3 v1.34.4 v1.35.0 v1.35.1 v1.35.2 v1.35.0-alpha.1 v1.35.0-alpha.2 v1.35.0-beta.0 v1.35.0-rc.0 v1.36.0-alpha.1") {
				w.gh.DeleteRelease(kubernetes, r)
			}
		}, func(w *fullWorld) {
			for tag, day := range map[string]string{"v1.34.0": "2025-08-27", "v1.35.0": "2025-12-17", "v1.35.1": "2026-01-13", "v1.35.2": "2026-02-10"} {
				w.release(tag, day)
			}
		}, "the repository has no release", proposal + "\n" + gate, news},
		{"notes are gone", func(w *fullWorld) {
			text := w.file(kubernetes, changelog35)
			w.push(kubernetes, map[string][]byte{changelog35: nil, "docs/CHANGELOG-1.35.md": text})
		}, func(w *fullWorld) {
			w.push(kubernetes, map[string][]byte{changelog35: w.file(kubernetes, "docs/CHANGELOG-1.35.md")})
		}, "CHANGELOG/CHANGELOG-1.35.md is gone", proposal + "\n" + gate, news},
		{"notes are no notes", func(w *fullWorld) {
			w.push(kubernetes, map[string][]byte{"old.md": w.file(kubernetes, changelog35)})
			w.push(kubernetes, map[string][]byte{changelog35: []byte("moved to docs\n")})
		}, func(w *fullWorld) {
			w.push(kubernetes, map[string][]byte{changelog35: w.file(kubernetes, "old.md")})
		}, "parse release notes", proposal + "\n" + gate, news},
		{"data is no JSON", func(w *fullWorld) {
			w.push(sigRelease, map[string][]byte{"releases/release-1.36/release-notes/release-notes-draft.json": []byte("{\"1\": ")})
		}, func(w *fullWorld) {
			w.push(sigRelease, map[string][]byte{"releases/release-1.36/release-notes/release-notes-draft.json": []byte("{}")})
		}, "note-data could not be read", proposal + "\n" + gate + "\n" + news, ""},
		{"the folder of proposals is gone", func(w *fullWorld) {
			gone := map[string][]byte{"README.md": []byte("moved\n")}
			for _, s := range w.repositories[1].steps[:w.repositories[1].made] {
				for path := range s.Files {
					if strings.HasPrefix(path, "keps/") {
						gone[path] = nil
					}
				}
			}
			w.push(enhancements, gone)
		}, func(w *fullWorld) {
			back := map[string][]byte{}
			for _, s := range w.repositories[1].steps[:w.repositories[1].made-1] {
				for path, data := range s.Files {
					back[path] = data
				}
			}
			w.push(enhancements, back)
		}, "has no folder keps", gate + "\n" + news, proposal},
	}
	for i, tt := range tests {
		if !sampled(i, 4) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := at(t, "2026-02-05", 0)
			w.ok("run")
			w.addGate()
			w.release("v1.35.2", "2026-02-10")
			w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
			tt.breaks(w)
			w.tells("broken", tt.first)
			w.fails(tt.says)
			w.wantIssues(2)
			w.fails(tt.says)
			w.wantIssues(2)
			w.gh.ClearFaults()
			if tt.mends != nil {
				tt.mends(w)
			}
			w.tells("mended", tt.then)
			w.ok("run")
			if r := w.ok("run"); r.api != 1 || len(w.changes()) > 0 {
				t.Errorf("not quiet again: %d requests, %s", r.api, w.changes())
			}
		})
	}
}

// sourcesConfig is a configuration whose proposals, or notes, stand elsewhere.
func sourcesConfig(block string) string {
	return "upstreams:\n  - preset: kubernetes\n    sources:\n" + block
}

func TestFaultsThatPass(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.TreeTruncated})
	w.gh.AddFault(ghtest.Fault{Kind: ghtest.BlobTruncated})
	w.tells("cut once", "4999 proposal.added")
	w.gh.ClearFaults()
	w.ok("run")
}

// TestProposalThatCannotBeRead is kept as it was, and named.
func TestProposalThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.push(enhancements, map[string][]byte{widget(4998): proposalFile(4998, "alpha", "1.36"), widget(4997): proposalFile(4997, "alpha", "1.36")})
	w.ok("run")
	broken := []byte("title: [\n")
	w.push(enhancements, map[string][]byte{
		widget(4998): broken, widget(4997): nil, "keps/sig-apps/4997-widget/kep.yaml": broken, widget(4996): broken,
		widget(4999): proposalFile(4999, "alpha", "1.37"),
	})
	w.tells("one is new", "4999 proposal.added")
	w.ok("run")
	w.wantIssues(2)
	for _, n := range []string{"keps/sig-node/4998-widget/kep.yaml", "keps/sig-apps/4997-widget/kep.yaml", "keps/sig-node/4996-widget/kep.yaml"} {
		if !strings.Contains(w.newest(), n) {
			t.Errorf("the digest does not name %s:\n%s", n, w.newest())
		}
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests", r.api)
	}
	w.push(enhancements, map[string][]byte{
		widget(4998): proposalFile(4998, "beta", "1.37"), "keps/sig-apps/4997-widget/kep.yaml": proposalFile(4997, "alpha", "1.36"),
		widget(4996): proposalFile(4996, "alpha", "1.36"),
	})
	w.tells("readable again", "4997 proposal.moved\n4998 proposal.stage+proposal.retargeted")
}

func TestReleasesOneByOne(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	section := func(tag string, notes ...string) {
		w.t.Helper()
		v := strings.TrimPrefix(tag, "v")
		text := "# " + tag + "\n\n## Changelog since the last\n\n## Changes by Kind\n\n### Feature\n\n"
		for _, n := range notes {
			text += "- " + n + "\n"
		}
		path := "CHANGELOG/CHANGELOG-" + v[:4] + ".md"
		w.push(kubernetes, map[string][]byte{path: append([]byte(text+"\n"), w.file(kubernetes, path)...)})
	}
	note := func(text string, pr int) string {
		return fmt.Sprintf("%s ([#%d](https://github.com/kubernetes/kubernetes/pull/%d), [@amy](https://github.com/amy)) [SIG Node]", text, pr, pr)
	}
	w.gh.AddRelease(kubernetes, ghtest.Release{Tag: "v1.35.9", Draft: true, Created: date(t, "2026-02-06")})
	w.tells("a draft", "")
	w.release("v1.35.2", "2026-02-10")
	w.tells("without notes", "v1.35.2 release.published")
	w.ok("run")
	if !strings.Contains(w.newest(), "not written yet") {
		t.Errorf("nothing says that the notes are yet to come:\n%s", w.newest())
	}
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("waiting for notes costs %d requests", r.api)
	}
	section("v1.35.2", note("Widgets are blue now.", 990001))
	w.tells("notes a day later", "v1.35.2 release.notes")
	w.ok("run")
	if !strings.Contains(w.newest(), "Widgets are blue now") {
		t.Errorf("they are not told:\n%s", w.newest())
	}
	w.tells("told once", "")
	w.gh.DeleteRelease(kubernetes, "v1.35.2")
	w.tells("deleted", "")
	w.ok("run")
	w.release("v1.35.2", "2026-02-10")
	w.tells("back again", "")
	w.ok("run")
	w.gh.DeleteRelease(kubernetes, "v1.35.2")
	w.release("v1.35.2", "2026-02-12")
	w.tells("published anew", "")
}

// TestConfigurationOfSourcesInventsNothing: another place to read from is no news, and a source that is switched on
// again begins anew.
func TestConfigurationOfSourcesInventsNothing(t *testing.T) {
	t.Parallel()
	for i, tt := range []struct {
		name, block string
		says        string
		news        string // told beside a new proposal and a new release
	}{
		{"notes elsewhere", "      releases: {notes: \"docs/CHANGELOG-{minor}.md\"}\n", "", "4999 proposal.added\nv1.35.2 release.published"},
		{"no notes", "      releases: {notes: \"\"}\n", "", "4999 proposal.added\nv1.35.2 release.published"},
		{"a part of the proposals", "      proposals: {path: keps/sig-node}\n", "", "4999 proposal.added\nv1.35.2 release.published"},
		{"proposals of another repository", "      proposals: {repository: kubernetes/sig-release, path: keps}\n", "", "v1.35.2 release.published"},
	} {
		if !sampled(i, 4) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := at(t, "2026-02-05", 0)
			moved := map[string][]byte{}
			for _, minor := range []string{"1.34", "1.35", "1.36"} {
				moved["docs/CHANGELOG-"+minor+".md"] = w.file(kubernetes, "CHANGELOG/CHANGELOG-"+minor+".md")
			}
			w.push(kubernetes, moved)
			w.push(sigRelease, map[string][]byte{widget(1): proposalFile(1, "alpha", "1.36")})
			w.ok("run")
			w.threeSources(sourcesConfig(tt.block))
			w.tells("another configuration", "")
			r := w.ok("run")
			w.wantIssues(1)
			if !strings.Contains(r.stdout+r.stderr, tt.says) {
				t.Errorf("it does not say %q:\n%s%s", tt.says, r.stdout, r.stderr)
			}
			w.release("v1.35.2", "2026-02-10")
			w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
			w.tells("and news", tt.news)
			w.ok("run")
			w.threeSources(sourcesConfig("      proposals: {enabled: false}\n"))
			w.tells("proposals off", "")
			w.ok("run")
			w.push(enhancements, map[string][]byte{widget(4990): proposalFile(4990, "alpha", "1.37")})
			w.threeSources("upstreams:\n  - preset: kubernetes\n")
			w.tells("back to where it was", "")
			w.ok("run")
			w.push(enhancements, map[string][]byte{widget(4991): proposalFile(4991, "alpha", "1.37")})
			w.tells("news again", "4991 proposal.added")
		})
	}
}

// TestNewParserOfSourcesInventsNothing: what an older bot read is read again.
func TestNewParserOfSourcesInventsNothing(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	older := func() {
		w.t.Helper()
		path := filepath.Join(w.dir, "state.json")
		w.ok("state", "export", path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		state, err := store.DecodeExport(path, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range state.Snapshots {
			for i := range s.Upstreams {
				for j := range s.Upstreams[i].Sections {
					s.Upstreams[i].Sections[j].Parser += 100
				}
			}
		}
		if data, err = state.Encode(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		w.loseState()
		w.ok("state", "import", path)
	}
	older()
	w.tells("read by another parser", "")
	w.ok("run")
	w.wantIssues(1)
	older()
	w.release("v1.35.2", "2026-02-10")
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	w.tells("and news", "4999 proposal.added\nv1.35.2 release.published")
	// Notes that are gone just then are no notes that are yet to come.
	text := w.file(kubernetes, changelog35)
	w.push(kubernetes, map[string][]byte{changelog35: nil})
	w.tells("without the notes", "4999 proposal.added")
	w.run("run")
	w.push(kubernetes, map[string][]byte{changelog35: text})
	w.tells("and with them again", "v1.35.2 release.published")
}

// TestVersionMovesOn: which files with notes are watched follows from the version; that is no news.
func TestVersionMovesOn(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-01-28", 0)
	w.ok("run")
	for _, day := range []string{"2026-02-05", "2026-03-20", "2026-04-25", "2026-05-20"} {
		w.advance(day)
		w.ok("run")
		w.tells("told on "+day, "")
		w.ok("run")
		if r := w.ok("run"); r.api != 1 {
			t.Errorf("quiet on %s: %d requests", day, r.api)
		}
	}
}

// TestLongPause: the version is two minors old when the bot runs again, and no note is lost.
func TestLongPause(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2025-10-01", 0)
	w.ok("run")
	w.push(kubernetes, map[string][]byte{"CHANGELOG/CHANGELOG-1.37.md": []byte("# v1.37.0-alpha.1\n\n## Changes by Kind\n\n### Feature\n\n- Widgets of another time. ([#990003](https://github.com/kubernetes/kubernetes/pull/990003), [@amy](https://github.com/amy))\n")})
	w.release("v1.37.0-alpha.1", "2026-05-28")
	if got := w.dry(); !strings.Contains(got, "Widgets of another time") {
		t.Errorf("the notes of v1.37.0-alpha.1 are not told:\n%s", got)
	}
}

// TestMoreReleasesThanAreListed: what can't be told is said not to be.
func TestMoreReleasesThanAreListed(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	for i := range 29 {
		w.release(fmt.Sprintf("v1.35.%d", i+2), "2026-02-10")
	}
	if got := w.dry(); strings.Contains(got, "are not told") {
		t.Errorf("none is missing:\n%s", got)
	}
	for i := range 2 {
		w.release(fmt.Sprintf("v1.35.%d", i+50), "2026-02-11")
	}
	if got := w.dry(); !strings.Contains(got, "those before v1.35.") || !strings.Contains(got, "are not told") {
		t.Errorf("it does not say that some are missing:\n%s", got)
	}
}

func (w *fullWorld) dry(args ...string) string {
	w.t.Helper()
	r := w.run(append([]string{"run", "--dry-run", "--format", "markdown"}, args...)...)
	return r.stdout + r.stderr
}

func TestSinceAndOnly(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-04-25", 0)
	r := w.ok("run", "--dry-run", "--since", "v1.35.0", "--format", "markdown")
	if strings.Contains(r.stdout, "were not read") {
		t.Errorf("without a state, notes are not read:\n%s", r.stdout)
	}
	for _, tag := range []string{"v1.35.1", "v1.35.2", "v1.36.0-alpha.1", "v1.36.0"} {
		if !strings.Contains(r.stdout, tag) {
			t.Errorf("no word of %s:\n%s", tag, r.stdout)
		}
	}
	w.gh.DeleteRelease(kubernetes, "v1.34.0")
	if r := w.run("run", "--dry-run", "--since", "v1.34.0"); r.code != 0 {
		t.Errorf("--since a release before all that are listed: %s%s", r.stdout, r.stderr)
	}
	only := w.ok("run", "--dry-run", "--only", "releases", "--format", "json").stdout
	if got := changesIn(t, only); strings.Contains(got, "gate.") || strings.Contains(got, "proposal.") || !strings.Contains(got, "release.") {
		t.Errorf("--only releases tells:\n%s", got)
	}
}

func TestProposalsAreGoneAtOnce(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	gone := map[string][]byte{}
	for _, s := range w.repositories[1].steps[:w.repositories[1].made] {
		for path := range s.Files {
			if strings.HasPrefix(path, "keps/sig-node/") || strings.HasPrefix(path, "keps/sig-api") || strings.HasPrefix(path, "keps/sig-s") || strings.HasPrefix(path, "keps/sig-a") {
				gone[path] = nil
			}
		}
	}
	w.push(enhancements, gone)
	w.tells("gone", "")
	w.fails("looks like a change of layout")
	if got := w.changes("--accept-removals", "proposals"); !strings.Contains(got, "proposal.removed") {
		t.Errorf("accepted: %s", got)
	}
	w.ok("run", "--accept-removals", "proposals")
	w.wantIssues(2)
	if r := w.ok("run"); r.api != 1 {
		t.Errorf("quiet again, for %d requests", r.api)
	}
}

func TestLostStoreOfAllSources(t *testing.T) {
	t.Parallel()
	w := at(t, "2026-01-28", 0)
	w.ok("run")
	w.advance("2026-02-10")
	w.ok("run")
	w.loseState()
	w.ok("run")
	w.wantIssues(2)
	w.release("v1.35.7", "2026-02-12")
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	w.tells("and news", "4999 proposal.added\nv1.35.7 release.published")
}

func TestRepositoryOfProposalsIsGone(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.threeSources(sourcesConfig("      proposals: {repository: kubernetes/gone}\n"))
	w.fails("proposals could not be read")
	w.wantIssues(1)
	if !strings.Contains(w.newest(), "kubernetes/gone") {
		t.Errorf("the digest does not say what is wrong:\n%s", w.newest())
	}
	w.addGate()
	w.fails("proposals could not be read")
	w.wantIssues(2)
	w.threeSources("upstreams:\n  - preset: kubernetes\n")
	w.tells("mended", "")
	w.ok("run")
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	w.tells("and news", "4999 proposal.added")
}

func TestAnonymousAndOffline(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.ok("run")
	w.release("v1.35.2", "2026-02-10")
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	want := "4999 proposal.added\nv1.35.2 release.published"
	w.tells("with a token", want)
	token := w.env
	w.set("GITHUB_TOKEN=")
	w.tells("without one", want)
	w.env = token
	w.threeSources("offline: true\nmirrors: [{repository: kubernetes/kubernetes, path: \"" + w.git + "\"}]\n" + "upstreams:\n  - preset: kubernetes\n")
	r := w.run("run", "--dry-run", "--format", "json")
	if r.code != 0 || strings.Contains(changesIn(t, r.stdout), "proposal") {
		t.Errorf("offline, with one mirror: exit code %d, %s%s", r.code, r.stdout, r.stderr)
	}
	if !strings.Contains(r.stderr, "proposals is left out") {
		t.Errorf("it does not say what it leaves out: %s", r.stderr)
	}
}

func TestDiffOfAllSources(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	if got := changesIn(t, w.ok("diff", "v1.35.0", "HEAD", "--format", "json").stdout); !strings.Contains(got, "proposal.added") {
		t.Errorf("no proposal is told between the tag and the head:\n%s", got)
	}
	if got := changesIn(t, w.ok("diff", "HEAD", "HEAD", "--format", "json").stdout); got != "" {
		t.Errorf("the head differs from itself:\n%s", got)
	}
}

func TestTwoDefinitionsOfAllSources(t *testing.T) {
	whole(t)
	t.Parallel()
	w := at(t, "2026-02-05", 0)
	w.threeSources("upstreams:\n  - preset: kubernetes\ndigests:\n  - {name: one, channels: [{type: github-issue}]}\n  - {name: two, channels: [{type: github-issue}]}\n")
	w.ok("run")
	w.wantIssues(2)
	w.release("v1.36.0-alpha.2", "2026-02-25")
	w.ok("run", "--digest", "one")
	w.wantIssues(3)
	w.push(enhancements, map[string][]byte{widget(4999): proposalFile(4999, "alpha", "1.37")})
	w.tells("one", "4999 proposal.added", "--digest", "one")
	w.tells("two", "4999 proposal.added\nv1.36.0-alpha.2 release.published", "--digest", "two")
}
