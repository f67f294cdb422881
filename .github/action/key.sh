#!/usr/bin/env bash
# Names the folder for the built program, and a key that changes with anything it is built from.
set -euo pipefail
cd "$GITHUB_ACTION_PATH"
list="$(find go.mod go.sum config.yaml embed.go cmd internal -type f | LC_ALL=C sort)"
sum="$({ printf '%s\n' "$list"; printf '%s\n' "$list" | git hash-object --no-filters --stdin-paths; } | git hash-object --stdin)"
{
  echo "folder=$RUNNER_TEMP/upstream-digest"
  echo "key=upstream-digest-${RUNNER_OS:-any}-${RUNNER_ARCH:-any}-$sum"
} >>"$GITHUB_OUTPUT"
