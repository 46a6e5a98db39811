#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD: the interop tests with the system's Python, and with Python 3.13 or later too where there is one (newer
# releases of zarr-python need it). Packages go into BUILD/venv-*. ZARRC_SKIP_INTEROP=1 leaves all this out. If ZARRC_ZARR_2
# names a Python that has zarr-python 2, it reads arrays of format 2, too.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ]; then
  echo "interop: 0 passed, 0 failed, 1 skipped"
  exit 0
fi

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

failed=0
pythons=$(sh "$here/../../scripts/pythons")
while read -r name python; do
  run "$name" "$python" </dev/null || failed=1
done <<END
$pythons
END
exit $failed
