#!/usr/bin/env bash
# Runs the program. Inputs come by the environment and go on as "--flag=value", so none is ever read as code or as
# another flag. What the program has to say to the job (outputs, summary) it writes itself.
set -euo pipefail
args=(run)
if [[ -n "$DIGEST_ACTION_CONFIG" ]]; then args+=("--config=$DIGEST_ACTION_CONFIG"); fi
if [[ -n "$DIGEST_ACTION_DIGEST" ]]; then args+=("--digest=$DIGEST_ACTION_DIGEST"); fi
if [[ -n "$DIGEST_ACTION_DRY_RUN" ]]; then args+=("--dry-run=$DIGEST_ACTION_DRY_RUN"); fi
if [[ -n "$DIGEST_ACTION_STORE" ]]; then export BOT_STORE_DRIVER="$DIGEST_ACTION_STORE"; fi
exec "$DIGEST_ACTION_FOLDER/bot" "${args[@]}"
