#!/usr/bin/env bash
# Builds the program from the action's own checkout.
set -euo pipefail
cd "$GITHUB_ACTION_PATH"
mkdir -p "$DIGEST_ACTION_FOLDER"
# The checkout of an action has no history to take a version from, and go.mod names the one Go that it is tested with.
GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -o "$DIGEST_ACTION_FOLDER/bot" ./cmd/bot
