package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// document is what this program needs of `bot diff --format json`.
type document struct {
	Changes []json.RawMessage `json:"changes"`
}

type change struct {
	Kinds    []string `json:"kinds"`
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
}

// diff compares the last two releases through the API and from the local repository.
func (p *play) diff(ctx context.Context) error {
	n := len(p.history.commits) - 1
	from, to := p.history.commits[n-1], p.history.commits[n]
	fmt.Printf("\n=== bot diff %s %s, through the API and from the local repository\n", from.tag, to.tag)
	if err := p.history.tag(ctx, n); err != nil {
		return err
	}
	local := filepath.Join(p.work, "local.yaml")
	config := fmt.Sprintf("mirrors:\n  - repository: %s\n    path: %s\nupstreams:\n  - preset: kubernetes\n", upstreamRepo, p.history.dir)
	if err := os.WriteFile(local, []byte(config), 0o600); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	if err := p.gh.clear(ctx); err != nil {
		return err
	}
	remote, err := p.changes(ctx, "diff", from.tag, to.tag, "--format", "json")
	if err != nil {
		return err
	}
	requests, err := p.gh.requests(ctx)
	if err != nil {
		return err
	}
	p.showRequests(requests)
	if err := p.gh.clear(ctx); err != nil {
		return err
	}
	mirror, err := p.changes(ctx, "--config", local, "diff", from.tag, to.tag, "--format", "json")
	if err != nil {
		return err
	}
	if requests, err = p.gh.requests(ctx); err != nil {
		return err
	}
	p.expect(len(requests) == 0, "bot diff on the local repository made %d requests, want none", len(requests))
	p.expect(slices.EqualFunc(remote, mirror, bytes.Equal), "bot diff through the API and from the local repository differ:\n%s\n%s",
		bytes.Join(remote, []byte("\n")), bytes.Join(mirror, []byte("\n")))
	return p.judge(remote, from, to)
}

// changes runs a diff and returns its changes as canonical JSON, one each.
func (p *play) changes(ctx context.Context, args ...string) ([][]byte, error) {
	out, err := p.start(ctx, args...)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("read what bot diff printed: %w", err)
	}
	list := make([][]byte, 0, len(doc.Changes))
	for _, c := range doc.Changes {
		var value any
		if err := json.Unmarshal(c, &value); err != nil {
			return nil, fmt.Errorf("read a change: %w", err)
		}
		canonical, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write a change: %w", err)
		}
		list = append(list, canonical)
	}
	return list, nil
}

// judge counts the changes by kind and severity and holds additions and removals to the line scan.
func (p *play) judge(changes [][]byte, from, to commit) error {
	kinds, severities := map[string]int{}, map[string]int{}
	came, went := map[string]bool{}, map[string]bool{}
	for _, data := range changes {
		var c change
		if err := json.Unmarshal(data, &c); err != nil {
			return fmt.Errorf("read a change: %w", err)
		}
		severities[c.Severity]++
		for _, k := range c.Kinds {
			kinds[k]++
		}
		switch {
		case slices.Contains(c.Kinds, "gate.added"):
			came[c.ID] = true
		case slices.Contains(c.Kinds, "gate.removed"):
			went[c.ID] = true
		}
	}
	fmt.Printf("  %d changes; kinds %v; severities %v\n", len(changes), kinds, severities)
	for _, w := range []struct {
		what      string
		told      map[string]bool
		scan, not map[string]bool
	}{
		{"added", came, to.gate, from.gate},
		{"removed", went, from.gate, to.gate},
	} {
		want, got := without(w.scan, w.not), without(w.told, nil)
		p.expect(slices.Equal(want, got), "bot diff says %s: %v; the line scan says: %v", w.what, got, want)
		fmt.Printf("  %s: %v\n", w.what, got)
	}
	return nil
}
