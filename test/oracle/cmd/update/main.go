// Command update asks the registries of released k8s.io modules what they hold, and writes the
// answers as facts (`make update-oracle`). It builds Kubernetes code, so it needs the module proxy
// and a few minutes; the test that uses the answers needs neither.
//
//	go run ./test/oracle/cmd/update [-dir test/oracle/answers] [-only v0.36,v0.37] [-keep]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/upstream-digest/bot/test/oracle"
)

func main() {
	dir := flag.String("dir", "test/oracle/answers", "where the answers are kept")
	only := flag.String("only", "", "versions to renew, comma-separated (default: all)")
	keep := flag.Bool("keep", false, "keep the generated modules and say where they are")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *only, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "update-oracle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, only string, keep bool) error {
	versions, err := choose(only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	work, err := os.MkdirTemp("", "oracle-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	if keep {
		fmt.Fprintln(os.Stderr, "generated modules:", work)
	} else {
		defer func() { _ = os.RemoveAll(work) }()
	}
	for _, v := range versions {
		answers, err := ask(ctx, filepath.Join(work, v.Name), v)
		if err != nil {
			return fmt.Errorf("ask %s: %w", v.Name, err)
		}
		if err := oracle.Save(dir, answers); err != nil {
			return err
		}
		for _, c := range answers.Cells {
			fmt.Printf("%s %-45s %3d gates %s\n", v.Name, c.Module+"/"+c.Package, len(c.Gates), c.None)
		}
	}
	return nil
}

func choose(only string) ([]oracle.Version, error) {
	all := oracle.Versions()
	if only == "" {
		return all, nil
	}
	var out []oracle.Version
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(v oracle.Version) bool { return v.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: no version %q in the matrix", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}
