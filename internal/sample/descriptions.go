package sample

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed descriptions.tsv
var descriptions string

// Descriptions are our sentences on what gates do, by gate: one sentence each, such as "Lets a pod
// restart all its containers when one of them exits with a chosen code." They cover every gate of
// v1.34 to v1.36. An error means that the program was built with a damaged file.
func Descriptions() (map[string]string, error) {
	return parseDescriptions("descriptions.tsv", descriptions)
}

// parseDescriptions reads lines of gate, tab, sentence.
func parseDescriptions(file, text string) (map[string]string, error) {
	out := map[string]string{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		gate, sentence, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case !ok || gate == "" || strings.ContainsAny(sentence, "\t\r"):
			return nil, fmt.Errorf("%s:%d: want a gate, one tab and a sentence", file, number)
		case !strings.HasSuffix(sentence, ".") || strings.Contains(sentence, ". "):
			return nil, fmt.Errorf("%s:%d: %s: want one sentence that ends with a period", file, number, gate)
		case out[gate] != "":
			return nil, fmt.Errorf("%s:%d: %s: stands twice", file, number, gate)
		}
		out[gate] = sentence
	}
	return out, nil
}
