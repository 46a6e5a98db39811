#!/bin/sh
# SPDX-License-Identifier: MIT
# xarray_tests.sh BUILD [PYTEST ARGUMENTS]: runs the tests of xarray's Zarr backend, which xarray's wheel brings, with
# zarr-python's pipeline and with zarrc's, in an environment BUILD/python-xarray with the wheel in BUILD/python-wheel.
# Fails if a test fails with zarrc's that passes with zarr-python's. Where there is no network, says so and counts as
# skipped.
set -eu
build=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
venv=$build/python-xarray
export PYTHONDONTWRITEBYTECODE=1

skip() {
  echo "xarray: $1"
  echo "xarray: 0 passed, 0 failed, 1 skipped"
  exit 0
}

[ "${ZARRC_SKIP_INTEROP:-}" != 1 ] || skip "ZARRC_SKIP_INTEROP is set"
python=$(sh "$here/../../scripts/pythons" | sed -n 's/^newer //p')
[ -n "$python" ] || skip "needs Python 3.13"
if ! cmp -s "$here/requirements-xarray.txt" "$venv/ready"; then
  rm -rf "$venv"
  if ! "$python" -m venv "$venv" ||
    ! "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/requirements-xarray.txt"; then
    skip "the Python packages could not be installed"
  fi
  cp "$here/requirements-xarray.txt" "$venv/ready"
fi
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-index --force-reinstall \
  "$build"/python-wheel/zarrc-*.whl

# run NAME PIPELINE [PYTEST ARGUMENTS]: which tests passed is in NAME.passed.
run() {
  name=$1
  export ZARR_CODEC_PIPELINE__PATH="$2"
  shift 2
  (cd "$venv" && bin/python -m pytest -q -rpfE --tb=short -p no:cacheprovider -p no:warnings -k Zarr --pyargs xarray.tests.test_backends "$@") \
    >"$venv/$name.log" 2>&1 || true
  sed -n 's/^PASSED //p' "$venv/$name.log" | sort >"$venv/$name.passed"
  echo "xarray's tests with the pipeline of $name: $(tail -1 "$venv/$name.log")"
}

echo "xarray $("$venv/bin/python" -c 'import xarray, zarr; print(xarray.__version__ + ", zarr " + zarr.__version__)')"
run zarr zarr.core.codec_pipeline.BatchedCodecPipeline "$@"
run zarrc zarrc.CodecPipeline "$@"
lost=$(comm -23 "$venv/zarr.passed" "$venv/zarrc.passed")
[ -z "$lost" ] || printf 'passes with zarr-python only: %s\n' "$lost"
failed=$(printf '%s' "$lost" | grep -c . || true)
passed=$(grep -c . "$venv/zarrc.passed" || true)
echo "xarray: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
