#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD WHAT [ARGUMENTS]: tests the package with every Python of scripts/pythons, side by side. WHAT is
#   install   the environments BUILD/python-NAME, with the wheel that is built here in them
#   package   that, and the package's own tests and mypy --strict
#   zarr      that, and zarr-python's own tests with zarrc in its place (see zarr_tests.sh, which gets ARGUMENTS)
# ZARRC_PYTHON names one of the Pythons, to use it alone. ZARRC_SKIP_INTEROP=1 leaves all this out.
set -eu
mkdir -p "$1"
build=$(cd "$1" && pwd)
what=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ]; then
  echo "python: 0 passed, 0 failed, 1 skipped"
  exit 0
fi
export PYTHONDONTWRITEBYTECODE=1
[ ! -x "$build/zarrc" ] || export ZARRC_COMMAND="$build/zarrc" # test_copy.py compares with it

environment() { # name python
  venv=$build/python-$1
  if ! cmp -s "$here/requirements.txt" "$venv/ready"; then
    rm -rf "$venv"
    if ! "$2" -m venv "$venv" || ! "$venv/bin/python" -m pip install -q -r "$here/requirements.txt"; then
      echo "python: the Python packages could not be installed; ZARRC_SKIP_INTEROP=1 leaves this part of the tests out" >&2
      return 1
    fi
    cp "$here/requirements.txt" "$venv/ready"
  fi
}

wheel() { # python
  rm -rf "$build/python-wheel"
  if ! "$1" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$build/python-wheel" \
    --config-settings=build-dir="$build/python-core" "$here/.." >"$build/python-wheel.log" 2>&1; then
    cat "$build/python-wheel.log" >&2
    return 1
  fi
}

one() { # name arguments...
  python=$build/python-$1/bin/python
  name=$1
  shift
  "$python" -m pip install -q --disable-pip-version-check --no-deps --no-index --force-reinstall \
    "$build"/python-wheel/zarrc-*.whl || return 1
  echo "$name: Python $("$python" -c 'import platform, zarr; print(platform.python_version() + ", zarr " + zarr.__version__)')"
  case $what in
    package)
      failed=0
      (cd "$here" && "$python" -m pytest -q -rs -p no:cacheprovider -p no:asyncio --basetemp="$build/python-tests-$name" "$@" .) || failed=1
      [ $failed = 1 ] || rm -rf "$build/python-tests-$name"
      if "$build/python-$name/bin/mypy" --strict --cache-dir "$build/python-$name/mypy" -p zarrc; then
        echo "mypy: 1 passed, 0 failed"
      else
        echo "mypy: 0 passed, 1 failed"
        failed=1
      fi
      return $failed
      ;;
    zarr) sh "$here/zarr_tests.sh" "$python" "$build/zarr-tests" "$@" ;;
  esac
}

names=
pythons=$(sh "$here/../../scripts/pythons")
while read -r name python; do
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "python: $python is older than 3.11, which the package needs"
  elif [ "${ZARRC_PYTHON:-$name}" = "$name" ]; then
    environment "$name" "$python" </dev/null
    [ -n "$names" ] || wheel "$build/python-$name/bin/python" </dev/null
    names="$names $name"
  fi
done <<END
$pythons
END
if [ -z "$names" ]; then
  echo "python: 0 passed, 0 failed, 1 skipped"
  exit 0
fi

for name in $names; do
  (
    one "$name" "$@" && echo 0 >"$build/python-$name.code" || echo 1 >"$build/python-$name.code"
  ) </dev/null >"$build/python-$name.log" 2>&1 &
done
wait
failed=0
for name in $names; do
  cat "$build/python-$name.log"
  [ "$(cat "$build/python-$name.code")" = 0 ] || failed=1
done
exit $failed
