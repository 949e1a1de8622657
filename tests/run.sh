#!/usr/bin/env bash
# What `make test` runs. Brings chromium where it may (root on Debian); without it the browser tests say so and are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -q >/dev/null 2>&1 && apt-get install -y -q --no-install-recommends chromium >/dev/null 2>&1 || true
fi
exec .venv/bin/python -m pytest "$@"
