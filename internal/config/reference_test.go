package config_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/upstream-digest/bot/internal/config"
	"github.com/upstream-digest/bot/internal/golden"
)

const rootFile = "../../config.yaml"

func TestFilesAreMadeFromTheCode(t *testing.T) {
	golden.Check(t, rootFile, config.Reference())
	golden.Check(t, "../../docs/configuration.md", config.Markdown())
}

func TestRootFileGivesTheDefaults(t *testing.T) {
	data, err := os.ReadFile(rootFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(mustLoad(t, ""), mustLoad(t, string(data)), values()); d != "" {
		t.Errorf("config.yaml gives something else than no file at all (-none +config.yaml):\n%s", d)
	}
}

// TestRootFileExplainsEveryKey takes the comment signs away and looks for every key of the manual.
func TestRootFileExplainsEveryKey(t *testing.T) {
	data, err := os.ReadFile(rootFile)
	if err != nil {
		t.Fatal(err)
	}
	full := regexp.MustCompile(`(?m)^( *)#(\S|  )`).ReplaceAll(data, []byte("$1$2"))
	var root yaml.Node
	if err := yaml.Unmarshal(full, &root); err != nil {
		t.Fatalf("without comment signs config.yaml is not YAML: %v\n%s", err, full)
	}
	lines := strings.Split(string(full), "\n")
	there := map[string]bool{}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		for i, child := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode:
				walk(child, path+"[]")
			case n.Kind != yaml.MappingNode:
				walk(child, path)
			case i%2 == 0:
				here := strings.TrimPrefix(path+"."+child.Value, ".")
				there[here] = true
				if above := strings.TrimSpace(lines[child.Line-2]); !strings.HasPrefix(above, "# ") {
					t.Errorf("%s has no explanation above it, but %q", here, above)
				}
				walk(n.Content[i+1], here)
			}
		}
	}
	walk(&root, "")
	keys := regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\| (boolean|number|duration|string|list)").FindAllSubmatch(config.Markdown(), -1)
	if len(keys) < 40 {
		t.Fatalf("the manual has only %d keys", len(keys))
	}
	for _, k := range keys {
		if !there[string(k[1])] {
			t.Errorf("config.yaml does not show %s", k[1])
		}
	}
}

// TestStructAndTreeAgree: every field of the structs is a key of the manual. The other direction is
// checked whenever a file is decoded.
func TestStructAndTreeAgree(t *testing.T) {
	c := mustLoad(t, "target: {repository: a/b}\nmirrors: [{repository: a/b, path: c}]\ndigests: [{name: a, schedule: '1 1 * * *', channels: [{type: file, path: x}, {type: github-issue}]}]\n")
	text, err := config.Resolved(c)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	manual := string(config.Markdown())
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		for i, child := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode:
				walk(child, path+"[]")
			case n.Kind != yaml.MappingNode:
				walk(child, path)
			case i%2 == 0:
				here := strings.TrimPrefix(path+"."+child.Value, ".")
				if !strings.Contains(manual, "`"+here) {
					t.Errorf("the manual does not name %s", here)
				}
				walk(n.Content[i+1], here)
			}
		}
	}
	walk(&root, "")
}

func TestStarter(t *testing.T) {
	c := mustLoad(t, string(config.Init()))
	if err := c.Deliverable(); err == nil || strings.Contains(err.Error(), "repository") {
		t.Errorf("the starter file should lack the token only: %v", err)
	}
	if n := bytes.Count(config.Init(), []byte("\n")); n < 20 || n > 32 {
		t.Errorf("the starter file has %d lines", n)
	}
}
