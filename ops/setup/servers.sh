#!/bin/sh
# The servers and programs that the tests start or call, installed where they are missing.
set -eu
. "$(dirname "$0")/apt.sh"
missing=""
has() { command -v "$1" >/dev/null || missing="$missing $2"; }
has redis-server redis-server
has curl curl
has jq jq
has gzip gzip
has chromium chromium
has node nodejs
has npm npm
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] || install_packages $missing
