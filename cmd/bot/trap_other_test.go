//go:build !linux

package main

import "github.com/upstream-digest/bot/internal/pipeline"

// trapped: the tests that stop and kill the program between two writes run on Linux.
func trapped() func(*pipeline.Runner) { return nil }
