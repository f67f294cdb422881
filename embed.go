// Package bot holds what lies at the root of the repository and goes into the program: the default
// configuration. The program itself is cmd/bot.
package bot

import (
	_ "embed"
	"slices"
)

//go:embed config.yaml
var configYAML []byte

// DefaultConfig returns config.yaml, the configuration that counts where there is no file. It holds every
// key with its explanation. The caller owns the bytes.
func DefaultConfig() []byte { return slices.Clone(configYAML) }
