#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD: the interop tests with the system's Python, and with Python 3.13 or later too where there is one (newer
# releases of zarr-python need it). Packages go into BUILD/venv-*. ZARRC_SKIP_INTEROP=1 leaves all this out.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ]; then
  echo "interop: 0 passed, 0 failed, 1 skipped"
  exit 0
fi

newer_python() {
  for python in python3.15 python3.14 python3.13; do
    if command -v $python >/dev/null && $python -c 'import venv, ensurepip' 2>/dev/null; then
      command -v $python
      return
    fi
  done
  for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python; do
    [ -x "$python" ] && echo "$python" && return
  done
  return 0
}

run() { # name python
  venv=$build/venv-$1
  if ! cmp -s "$here/requirements.txt" "$venv/ready"; then
    rm -rf "$venv"
    if ! "$2" -m venv "$venv" || ! "$venv/bin/python" -m pip install -q -r "$here/requirements.txt"; then
      echo "interop: the Python packages could not be installed; ZARRC_SKIP_INTEROP=1 leaves this part of the tests out" >&2
      return 1
    fi
    cp "$here/requirements.txt" "$venv/ready"
  fi
  PYTHONDONTWRITEBYTECODE=1 ZARRC="$build/zarrc" "$venv/bin/python" -m pytest -q -rs "$here" --basetemp="$build/interop-$1" ||
    return 1
  rm -rf "$build/interop-$1"
}

system=/usr/bin/python3
[ -x $system ] || system=python3
newer=$(newer_python)
failed=0
run system $system || failed=1
if [ -n "$newer" ]; then
  run newer "$newer" || failed=1
fi
exit $failed
