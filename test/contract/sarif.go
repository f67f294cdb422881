package contract

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// SARIFSchema reads the JSON Schema of SARIF 2.1.0 (draft 4) from the node_modules folder in dir.
func SARIFSchema(dir string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, "node_modules", "@microsoft", "jest-sarif", "lib", "schemas", "sarif-2.1.0-rtm.5.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotInstalled
	}
	return b, err
}
