#!/bin/sh
# SPDX-License-Identifier: MIT
# remote.sh BUILD ARGUMENTS...: bench/remote.py in an environment with the peers, of the newest Python of scripts/pythons.
set -eu
build=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
venv=$build/venv-remote
if ! cmp -s "$here/remote.txt" "$venv/ready"; then
  rm -rf "$venv"
  python=$(sh "$here/../scripts/pythons" | tail -n 1 | cut -d ' ' -f 2-)
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/remote.txt"
  cp "$here/remote.txt" "$venv/ready"
fi
exec "$venv/bin/python" "$here/remote.py" --build "$build" "$@"
