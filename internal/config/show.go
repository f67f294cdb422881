package config

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Resolved returns the configuration that counts as YAML, presets expanded and defaults filled in, with a
// comment at each value that says where it comes from. It loads again and gives the same. It never holds
// a secret: of the token it says only whether there is one and where it comes from.
func Resolved(c Config) ([]byte, error) {
	var root yaml.Node
	if err := root.Encode(c); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	annotate(&root, "", origins(c.Origins))
	secret := "token: none (GITHUB_TOKEN is not set)"
	if !c.GitHub.Token.IsZero() {
		secret = "token: " + redacted + " (" + c.GitHub.TokenFrom + ")"
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "github" {
			root.Content[i].HeadComment = secret
		}
	}
	var out bytes.Buffer
	file := c.File
	if file == "" {
		file = "none; the defaults count"
	}
	fmt.Fprintf(&out, "# Configuration file: %s\n", file)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return out.Bytes(), nil
}

// annotate writes origins behind scalars and lists of scalars, and above lists of entries.
func annotate(n *yaml.Node, path string, at origins) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			here := join(path, key.Value)
			switch {
			case value.Kind == yaml.SequenceNode && !flat(value):
				key.HeadComment = at.find(here).String()
				annotate(value, here, at)
			case value.Kind == yaml.MappingNode:
				annotate(value, here, at)
			default:
				if value.Kind == yaml.SequenceNode {
					value.Style = yaml.FlowStyle
				} else if d, err := time.ParseDuration(value.Value); err == nil && value.ShortTag() == "!!str" && strings.ContainsAny(value.Value, "hms") {
					value.Value = durationText(d)
				}
				value.LineComment = at.find(here).String()
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			annotate(item, fmt.Sprintf("%s[%d]", path, i), at)
		}
	default:
	}
}

// flat reports whether a list holds scalars only.
func flat(n *yaml.Node) bool {
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return false
		}
	}
	return true
}
