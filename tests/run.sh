#!/usr/bin/env bash
# What `make test` runs. Brings chromium, wkhtmltopdf, Inter and a Postgres server where it may (root on Debian); without
# them the tests that need them say so and are skipped. The tests start a private Postgres on loopback as another account
# than root.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
command -v wkhtmltopdf >/dev/null 2>&1 || missing+=(wkhtmltopdf)
command -v pdftotext >/dev/null 2>&1 || missing+=(poppler-utils)
[ -d /usr/share/fonts/opentype/inter ] || missing+=(fonts-inter)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >/dev/null 2>&1 || true
    # The binaries are wanted, not the server that the package would otherwise set up and start.
    settings=/etc/postgresql-common/createcluster.conf
    [ -e "$settings" ] || { mkdir -p "${settings%/*}" && echo "create_main_cluster = false" >"$settings"; }
    for package in "${missing[@]}"; do
        apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "$package" >/dev/null 2>&1 || echo "$package cannot be installed here"
    done
fi
if [ $# -gt 0 ]; then
    exec .venv/bin/python -m pytest "$@"
fi
# What only computes, or has a store of its own; what is seen in a browser; what starts processes and mostly waits for them,
# a file to a worker (three workers on two processors are slower than two); Ray, of which there is one at a time.
failed=0
.venv/bin/python -m pytest -n auto -m "not starts_processes" || failed=1
.venv/bin/python -m pytest -n 2 --dist loadfile -m browser || failed=1
.venv/bin/python -m pytest -n 2 --dist loadfile -m "starts_processes and not browser" --ignore=tests/ray || failed=1
.venv/bin/python -m pytest tests/ray || failed=1
exit $failed
