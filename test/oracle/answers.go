package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Answers is what one version's modules registered at run time; a file under answers/.
type Answers struct {
	// Version is the row of the matrix, "v0.36".
	Version string `json:"version"`
	// Modules are the exact sources that answered.
	Modules []Module `json:"modules"`
	// Cells holds one answer for each cell of [Cells], in its order.
	Cells []Answer `json:"cells"`
}

// Module is one module at one version.
type Module struct {
	Path    string `json:"path"`    // "k8s.io/apiserver"
	Version string `json:"version"` // "v0.36.6"
	// Sum is the checksum of the module's zip as go.sum has it, "h1:…".
	Sum string `json:"sum"`
}

// Answer is what one package registered.
type Answer struct {
	Module  string `json:"module"`  // "k8s.io/apiserver"
	Package string `json:"package"` // "pkg/features", from the module's root
	// None says why nothing could be asked ("the module has no such package"), else "".
	None string `json:"none,omitempty"`
	// Gates are sorted by name.
	Gates []Gate `json:"gates"`
}

// Gate is one registered gate.
type Gate struct {
	Name string `json:"name"`
	// Specs ascend by version.
	Specs []Spec `json:"specs"`
}

// Spec is one registered spec, in the words of internal/gate.
type Spec struct {
	Since   string `json:"since"` // "1.33"; "" where it was registered without a version
	Stage   string `json:"stage"` // alpha, beta, ga, deprecated, pre-alpha
	Default bool   `json:"default"`
	Locked  bool   `json:"locked"`
}

// FileName is where the answers of a version are kept under dir.
func FileName(dir, version string) string {
	return filepath.Join(dir, version+".json")
}

// Load reads the answers of a version from dir. It is strict: an unknown field is an error.
func Load(dir, version string) (Answers, error) {
	name := FileName(dir, version)
	data, err := os.ReadFile(name)
	if err != nil {
		return Answers{}, fmt.Errorf("read answers (make update-oracle writes them): %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var a Answers
	if err := dec.Decode(&a); err != nil {
		return Answers{}, fmt.Errorf("decode %s: %w", name, err)
	}
	if a.Version != version {
		return Answers{}, fmt.Errorf("%s answers for %q, not for %q", name, a.Version, version)
	}
	return a, nil
}

// Save writes a under dir, in the form Load reads.
func Save(dir string, a Answers) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(a); err != nil {
		return fmt.Errorf("encode answers of %s: %w", a.Version, err)
	}
	if err := os.WriteFile(FileName(dir, a.Version), buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write answers of %s: %w", a.Version, err)
	}
	return nil
}
