#!/bin/sh
# Makes a virtual environment: venv.sh PYTHON FOLDER. Debian keeps a part of `venv` in a package of its own.
set -eu
. "$(dirname "$0")/apt.sh"
if ! "$1" -c 'import ensurepip' 2>/dev/null; then
    install_packages "$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi
"$1" -m venv "$2" || { rm -rf "$2"; exit 1; } # half an environment would pass for a whole one
