#!/bin/sh
# SPDX-License-Identifier: MIT
# zarr_tests.sh PYTHON DIRECTORY [--quick]: fetches the tests of the zarr-python that is installed and runs them twice,
# with zarrc's pipeline and with zarrc's codecs. Fails if either run does.
set -eu
python=$1
dir=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
version=$("$python" -c 'from importlib.metadata import version; print(version("zarr"))')
if [ ! -d "$dir/zarr-$version" ]; then
  mkdir -p "$dir"
  "$python" -m pip download -q --no-binary :all: --no-deps -d "$dir" "zarr==$version"
  tar -xzf "$dir/zarr-$version.tar.gz" -C "$dir"
fi
failed=0
for mode in pipeline codecs; do
  "$python" "$here/run_zarr_tests.py" --tests "$dir/zarr-$version/tests" --mode "$mode" "$@" || failed=1
done
exit $failed
