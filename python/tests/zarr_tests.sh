#!/bin/sh
# SPDX-License-Identifier: MIT
# zarr_tests.sh PYTHON DIRECTORY [--stock] [--quick] [PYTEST ARGUMENTS]: fetches the source distribution of the
# zarr-python that is installed and runs its tests twice, with zarrc's pipeline and with zarrc's codecs in place of its
# own (--stock: once, with its own). Fails if either run does. Where there is no network, says so and counts as skipped.
set -eu
python=$1
dir=$2
shift 2
modes="pipeline codecs"
if [ "${1:-}" = --stock ]; then
  modes=stock
  shift
fi
here=$(cd "$(dirname "$0")" && pwd)
version=$("$python" -c 'from importlib.metadata import version; print(version("zarr"))')
mkdir -p "$dir"
if [ ! -d "$dir/zarr-$version/tests" ]; then
  if ! "$python" -m pip download -q --disable-pip-version-check --no-binary zarr --no-deps -d "$dir" "zarr==$version" >"$dir/$version.log" 2>&1; then
    sed 's/^/  /' "$dir/$version.log"
    echo "zarr-python's tests: the source distribution of $version could not be fetched"
    echo "zarr: 0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  tar -xzf "$dir/zarr-$version.tar.gz" -C "$dir"
fi
failed=0
for mode in $modes; do
  "$python" "$here/run_zarr_tests.py" --tests "$dir/zarr-$version/tests" --mode "$mode" "$@" || failed=1
done
exit $failed
