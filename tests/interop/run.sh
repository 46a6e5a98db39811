#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD: the interop tests with the system's Python, and side by side with Python 3.13 or later where there is one
# (newer releases of zarr-python need it). Packages go into BUILD/venv-*. The tests with servers (test_http.py,
# test_s3*.py, test_references.py), which are of the command alone, run with the first Python; servers that cannot be had are left out.
# ZARRC_SKIP_INTEROP=1 leaves all this out. If ZARRC_ZARR_2 names a Python that has zarr-python 2, it reads arrays of
# format 2, too.
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ]; then
  echo "interop: 0 passed, 0 failed, 1 skipped"
  exit 0
fi

environment() { # name python with-servers
  venv=$build/venv-$1
  if ! cmp -s "$here/requirements.txt" "$venv/ready"; then
    rm -rf "$venv"
    if ! "$2" -m venv "$venv" || ! "$venv/bin/python" -m pip install -q -r "$here/requirements.txt"; then
      echo "interop: the Python packages could not be installed; ZARRC_SKIP_INTEROP=1 leaves this part of the tests out" >&2
      return 1
    fi
    cp "$here/requirements.txt" "$venv/ready"
  fi
  if [ "$3" = yes ] && ! cmp -s "$here/servers.txt" "$venv/servers"; then
    if "$venv/bin/python" -m pip install -q -r "$here/servers.txt"; then
      cp "$here/servers.txt" "$venv/servers"
    else
      echo "interop: the servers could not be installed; the tests with them are skipped" >&2
    fi
  fi
}

run() { # name python with-servers
  environment "$1" "$2" "$3" || return 1
  without="--ignore-glob=*/test_http* --ignore-glob=*/test_s3* --ignore-glob=*/test_references*"
  [ "$3" = no ] || without=
  PYTHONDONTWRITEBYTECODE=1 ZARRC="$build/zarrc" "$build/venv-$1/bin/python" -m pytest -q -rs "$here" \
    --basetemp="$build/interop-$1" $without || return 1
  rm -rf "$build/interop-$1"
}

names=
servers=yes
pythons=$(sh "$here/../../scripts/pythons")
while read -r name python; do
  (
    run "$name" "$python" $servers && echo 0 >"$build/interop-$name.code" || echo 1 >"$build/interop-$name.code"
  ) </dev/null >"$build/interop-$name.log" 2>&1 &
  names="$names $name"
  servers=no
done <<END
$pythons
END
wait
failed=0
for name in $names; do
  cat "$build/interop-$name.log"
  [ "$(cat "$build/interop-$name.code")" = 0 ] || failed=1
done
exit $failed
