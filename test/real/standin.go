package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What the stand-in serves, and the token the bot gets. The token is known nowhere else.
const (
	upstreamRepo = "kubernetes/kubernetes"
	targetRepo   = "acme/platform"
	botToken     = "real-test-token"
	botLogin     = "digest-bot"
)

// standIn is a running ghserve.
type standIn struct {
	url  string
	cmd  *exec.Cmd
	done chan error
}

// startStandIn starts ghserve over the git directory and waits until it says where it listens.
func startStandIn(ctx context.Context, program, work, gitDir string) (*standIn, error) {
	portFile := filepath.Join(work, "port")
	logFile, err := os.Create(filepath.Join(work, "ghserve.log"))
	if err != nil {
		return nil, fmt.Errorf("make the stand-in's log: %w", err)
	}
	defer func() { _ = logFile.Close() }()
	cmd := exec.CommandContext(ctx, program, "--addr", "127.0.0.1:0", "--repo", upstreamRepo+"="+gitDir,
		"--issues", targetRepo, "--token", botToken+"="+botLogin+":write", "--port-file", portFile)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the stand-in: %w", err)
	}
	s := &standIn{cmd: cmd, done: make(chan error, 1)}
	go func() { s.done <- cmd.Wait() }()

	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		select {
		case err := <-s.done:
			text, _ := os.ReadFile(logFile.Name())
			return nil, fmt.Errorf("the stand-in ended: %w\n%s", err, text)
		case <-limit.C:
			return nil, errors.Join(fmt.Errorf("the stand-in wrote no %s within 30 s", portFile), s.stop())
		case <-tick.C:
			data, err := os.ReadFile(portFile)
			if at := strings.TrimSpace(string(data)); err == nil && at != "" {
				s.url = address(at)
				return s, nil
			}
		}
	}
}

// address makes a base URL of what the port file holds: a port, host:port or a URL.
func address(at string) string {
	switch {
	case strings.Contains(at, "://"):
		return strings.TrimSuffix(at, "/")
	case strings.Contains(at, ":"):
		return "http://" + at
	}
	return "http://127.0.0.1:" + at
}

func (s *standIn) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the stand-in: %w", err)
	}
	<-s.done // its exit code after a signal says nothing
	return nil
}

// issue is one issue of the target, with its comments.
type issue struct {
	Number   int      `json:"number"`
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	State    string   `json:"state"`
	Labels   []string `json:"labels"`
	Comments []struct {
		Body string `json:"body"`
	} `json:"comments"`
}

// text is everything the reader of the issue sees.
func (i issue) text() string {
	var b strings.Builder
	b.WriteString(i.Title + "\n" + i.Body)
	for _, c := range i.Comments {
		b.WriteString("\n" + c.Body)
	}
	return b.String()
}

type request struct {
	Kind   string `json:"kind"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// issues returns the target's issues. One anywhere else is an error: nothing may ever be filed
// upstream.
func (s *standIn) issues(ctx context.Context) ([]issue, error) {
	var out map[string][]issue
	if err := s.control(ctx, http.MethodGet, "issues", &out); err != nil {
		return nil, err
	}
	for repository, list := range out {
		if repository != targetRepo && len(list) > 0 {
			return nil, fmt.Errorf("an issue was filed in %s: %q", repository, list[0].Title)
		}
	}
	return out[targetRepo], nil
}

func (s *standIn) requests(ctx context.Context) ([]request, error) {
	var out []request
	err := s.control(ctx, http.MethodGet, "requests", &out)
	return out, err
}

func (s *standIn) clear(ctx context.Context) error {
	return s.control(ctx, http.MethodDelete, "requests", nil)
}

func (s *standIn) control(ctx context.Context, method, what string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/__ghtest/"+what, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask the stand-in for %s: %w", what, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the stand-in for %s: %w", what, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("ask the stand-in for %s: %w", what, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("ask the stand-in for %s: %s: %s", what, resp.Status, data)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read the stand-in's %s: %w", what, err)
	}
	return nil
}
