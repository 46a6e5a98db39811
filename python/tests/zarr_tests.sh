#!/bin/sh
# SPDX-License-Identifier: MIT
# zarr_tests.sh PYTHON DIRECTORY [--stock] [--quick] [PYTEST ARGUMENTS]: fetches the source distribution of the
# zarr-python that is installed and runs its tests with its own code, with zarrc's pipeline, and with zarrc's codecs in
# place of its own (--stock: the first of these, --quick: the others). Fails if a test does not pass that ends in another
# way with zarr-python's own code (--quick: if one fails). Where there is no network, says so and counts as skipped.
set -eu
python=$1
dir=$2
shift 2
modes="stock pipeline codecs"
if [ "${1:-}" = --stock ]; then
  modes=stock
  shift
fi
case " $* " in
  *" --quick "*) modes=${modes#stock } ;;
esac
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
if [ "$modes" = "stock pipeline codecs" ]; then
  ZARRC_RESULTS=$(mktemp)
  export ZARRC_RESULTS
  trap 'rm -f "$ZARRC_RESULTS"' EXIT
fi
for mode in $modes; do
  code=0
  "$python" "$here/run_zarr_tests.py" --tests "$dir/zarr-$version/tests" --mode "$mode" "$@" || code=$?
  [ $code = 0 ] || [ "$mode $code ${ZARRC_RESULTS:+compared}" = "stock 1 compared" ] || failed=1
done
exit $failed
