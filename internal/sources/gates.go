package sources

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/internal/gate"
	"github.com/upstream-digest/bot/internal/repo"
	"github.com/upstream-digest/bot/internal/snapshot"
)

// Gates collects the feature gates of one upstream.
type Gates struct {
	Packages []gate.Package
	// VersionFile declares DefaultKubeBinaryVersion ("staging/src/k8s.io/component-base/version/base.go");
	// "" where the upstream has no such file.
	VersionFile string
}

// Name is the section's name.
func (Gates) Name() string { return snapshot.SourceGates }

// Parser is the number of the parser behind the items.
func (Gates) Parser() int { return gate.ParserVersion }

// Setup is a fingerprint of packages and version file: with others the same files give other gates.
func (g Gates) Setup() string {
	h := sha256.New()
	for _, p := range g.Packages {
		fmt.Fprintf(h, "%q %q %q\n", p.Dir, p.Component, p.ImportPath)
	}
	fmt.Fprintf(h, "%q\n", g.VersionFile)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Watch asks for the folders with registrations, and the file that tells the version.
func (g Gates) Watch(string) Watch { return Watch{Paths: g.Watches()} }

// Watches lists the paths whose object ids decide whether anything must be read.
func (g Gates) Watches() []string {
	var out []string
	for _, p := range g.Packages {
		out = append(out, p.Dir)
	}
	if g.VersionFile != "" {
		out = append(out, g.VersionFile)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Collect reads the gates at a commit. The section it returns is complete; everything else is an error.
func (g Gates) Collect(ctx context.Context, r repo.Reader, at Commit) (snapshot.Section, error) {
	sec := snapshot.Section{Source: g.Name(), Status: snapshot.Complete, Parser: g.Parser(), Ref: at.Ref, SHA: at.SHA}
	objects, err := g.files(ctx, r, at)
	if err != nil {
		return snapshot.Section{}, err
	}
	sec.Inputs = objects
	return g.read(ctx, r, sec)
}

// Reread parses the recorded inputs of a section once more with today's parser.
func (g Gates) Reread(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	sec.Parser = g.Parser()
	return g.read(ctx, r, sec)
}

func (g Gates) read(ctx context.Context, r repo.Reader, sec snapshot.Section) (snapshot.Section, error) {
	blobs, err := blobsOf(ctx, r, sec.SHA, sec.Inputs)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("read gate files: %w", err)
	}
	var files []gate.File
	var versionSrc []byte
	for _, b := range blobs {
		if b.Path == g.VersionFile {
			versionSrc = b.Data
		}
		files = append(files, gate.File{Path: b.Path, Src: b.Data})
	}
	res, err := gate.Parse(g.Packages, files)
	if err != nil {
		return snapshot.Section{}, fmt.Errorf("parse gates: %w", err)
	}
	if res.Incomplete {
		return snapshot.Section{}, fmt.Errorf("parse gates: a registration could not be read and its gate is not known, so nothing can be compared: %s", firstLost(res.Diagnostics))
	}
	if len(res.Gates) == 0 && len(res.Unread) > 0 {
		return snapshot.Section{}, fmt.Errorf("parse gates: none of %d registrations could be read: %s", len(res.Unread), firstLost(res.Diagnostics))
	}
	if len(res.Gates) == 0 {
		return snapshot.Section{}, &AbsentError{fmt.Sprintf("no feature gate found in %s; check sources.gates.packages of this upstream", strings.Join(g.Watches(), ", "))}
	}
	sec.Version = versionOf(sec.Ref, versionSrc, res.Gates)
	sec.Items.Gates = &snapshot.GateSet{Version: sec.Version, Gates: res.Gates, Diagnostics: res.Diagnostics, Unread: res.Unread}
	return sec, nil
}

func firstLost(ds []gate.Diagnostic) string {
	for _, d := range ds {
		if d.Lost {
			return fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	return "no place known"
}

// files lists the Go files of the packages that exist at the commit, and the version file.
func (g Gates) files(ctx context.Context, r repo.Reader, at Commit) ([]snapshot.Object, error) {
	var out []snapshot.Object
	var folders []string
	for _, p := range g.Packages {
		switch oid := at.OIDs[p.Dir]; {
		case oid == "": // this upstream, or this era of it, does not have the package
		case strings.HasSuffix(p.Dir, ".go"):
			out = append(out, snapshot.Object{Path: p.Dir, OID: oid})
		default:
			folders = append(folders, p.Dir)
		}
	}
	if len(folders)+len(out) == 0 {
		return nil, &AbsentError{fmt.Sprintf("none of the gate packages exists at %s (%s): %s; check sources.gates.packages of this upstream",
			at.Ref, short(at.SHA), strings.Join(g.Watches(), ", "))}
	}
	if oid := at.OIDs[g.VersionFile]; oid != "" {
		out = append(out, snapshot.Object{Path: g.VersionFile, OID: oid})
	}
	if len(folders) > 0 {
		listed, err := r.Entries(ctx, at.SHA, folders)
		if err != nil {
			return nil, fmt.Errorf("list gate packages: %w", err)
		}
		for _, f := range folders {
			for _, e := range listed[f] {
				if e.Type == "blob" && isSource(e.Name) {
					out = append(out, snapshot.Object{Path: path.Join(f, e.Name), OID: e.OID})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b snapshot.Object) int { return strings.Compare(a.Path, b.Path) })
	return slices.Compact(out), nil
}

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "zz_generated")
}

var releaseTag = regexp.MustCompile(`^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// versionOf tells which version a commit stands for: a tag's own; else what upstream's version file
// declares; else the highest version in any spec; "" where nothing tells.
func versionOf(ref string, versionSrc []byte, gates []gate.Gate) string {
	if releaseTag.MatchString(ref) {
		return strings.TrimPrefix(ref, "v")
	}
	if v, ok := repo.DefaultKubeBinaryVersion(versionSrc); ok {
		return v
	}
	highest := ""
	for _, g := range gates {
		for _, s := range g.Specs {
			if s.Since != "" && gate.CompareVersions(s.Since, highest) > 0 {
				highest = s.Since
			}
		}
	}
	return highest
}

func short(sha string) string {
	if len(sha) > 10 {
		return sha[:10]
	}
	return sha
}
