#!/bin/sh
# SPDX-License-Identifier: MIT
# wheel.sh BUILD: what is distributed. The wheel of the tree, and the one that the source distribution gives in a
# directory of its own, serve every Python of scripts/pythons, whichever built them, and hold what they should.
set -u
mkdir -p "$1"
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$build/python-dist
passed=0
failed=0
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ]; then
  echo "wheel: 0 passed, 0 failed, 1 skipped"
  exit 0
fi
sh "$here/run.sh" "$build" install || exit 1
rm -rf "$work"
mkdir -p "$work/away"

try() { # what command...
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    echo "ok: $what"
    passed=$((passed + 1))
  else
    echo "FAILED: $what: $*"
    sed 's/^/    /' "$work/log"
    failed=$((failed + 1))
  fi
}

matches() { # pattern file
  case $2 in
    $1) ;;
    *) echo "$2 does not match $1" && return 1 ;;
  esac
}
lists() { # archive pattern...
  archive=$1
  shift
  "$python" -c 'import sys, tarfile, zipfile
name = sys.argv[1]
print(*(zipfile.ZipFile(name).namelist() if name.endswith(".whl") else tarfile.open(name).getnames()), sep="\n")' "$archive" >"$work/names"
  for pattern; do
    grep -qE "$pattern" "$work/names" || { echo "nothing like $pattern" && cat "$work/names" && return 1; }
  done
}
lists_no() { lists "$1" && ! grep -E "$2" "$work/names"; }
from_away() { (cd "$work/away" && PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 "$@"); }
system_cmake() { grep "^CMAKE_COMMAND:INTERNAL=$(command -v cmake)\$" "$build/python-core/CMakeCache.txt"; }
only_init() { # shared object: the one name that it gives to others
  names=$(nm -D --defined-only "$1" | awk '{print $3}')
  [ "$names" = PyInit__core ] || { echo "$names" && return 1; }
}
no_run_path() { readelf -d "$1" >"$work/dynamic" && ! grep -E 'R(UN)?PATH' "$work/dynamic"; }
one_chunk='
import sys, numpy, zarr, zarrc
assert zarrc.__file__.startswith(sys.argv[1]), zarrc.__file__
zarrc.install()
store = zarr.storage.MemoryStore()
array = zarr.create_array(store, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="i4")
array[...] = numpy.arange(64).reshape(8, 8)
assert (zarr.open_array(store)[1::3, 2:] == numpy.arange(64).reshape(8, 8)[1::3, 2:]).all()
assert zarrc.counters()["read"] == 1 and set(zarrc.info()["codecs"]) >= set(zarrc._CODECS)
'
runs() { # name wheel
  at=$work/site-$1
  rm -rf "$at"
  from_away "$build/python-$1/bin/python" -m pip install -q --no-deps --target "$at" "$2" &&
    from_away env PYTHONPATH="$at" "$build/python-$1/bin/python" -c "$one_chunk" "$at"
}

lacking() { # builds without three libraries, and looks for the word at the end
  set --
  for library in BLOSC ZSTD ZLIB LIBDEFLATE; do set -- "$@" "--config-settings=cmake.define.ZARRC_WITH_$library=OFF"; done
  "$python" -m pip wheel -v --disable-pip-version-check --no-deps --no-build-isolation -w "$work/lacking" \
    --config-settings=build-dir="$work/lacking-core" "$@" "$here/.." >"$work/lacking.log" 2>&1 || { cat "$work/lacking.log" && return 1; }
  tr -s ' \n' ' ' <"$work/lacking.log" | grep -F "without these codecs, as the headers of their libraries were not found: \
blosc (c-blosc), gzip (zlib or libdeflate), zstd (libzstd)."
}
lacking_runs() {
  "$python" -m pip install -q --no-deps --no-index --target "$work/site-lacking" "$work"/lacking/zarrc-*.whl &&
    (cd "$here" && export PYTHONPATH="$work/site-lacking" &&
      "$python" -c 'import zarrc; assert zarrc.info()["missing"][:3] == ["blosc", "gzip", "zstd"]' &&
      "$python" -m pytest -q -rs -p no:cacheprovider -p no:asyncio --basetemp="$work/lacking-tests" test_lacking.py)
}

names=$(cd "$build" && ls -d python-*/ready | sed 's/^python-\(.*\)\/ready$/\1/')
for name in $names; do
  last=$name # the first one built the wheel of the tree; another builds the source distribution, where there is one
  [ "$name" = system ] || break
done
python=$build/python-$last/bin/python
wheel=$(echo "$build"/python-wheel/*.whl)
try "the wheel's name" matches "*/zarrc-*-cp311-abi3-linux_*.whl" "$wheel"
try "built with the system's cmake" system_cmake
try "wheel: what is in it" lists "$wheel" '^zarrc/_core\.abi3\.so$' '^zarrc/_core\.pyi$' '^zarrc/py\.typed$' '^zarrc/dask\.py$' \
  '^zarrc-[0-9.]+\.dist-info/entry_points\.txt$'
try "wheel: no sources of C in it" lists_no "$wheel" '\.[ch]$|libzarrc|include'

try "source distribution" sh "$here/../make_sdist.sh" "$python" "$work/sdist"
sdist=$(echo "$work"/sdist/zarrc-*.tar.gz)
try "source distribution: what is in it" lists "$sdist" '/library/src/codec/gzip\.c$' '/library/LICENSE$' '/src/zarrc/_core\.c$' '/PKG-INFO$'
try "source distribution: nothing that was built" lists_no "$sdist" '\.(so|o|a|pyc)$|/build/'
try "source distribution: names no folder of this machine" sh -c "! tar -xOzf '$sdist' | grep -aF '$build'"
try "a wheel of it" from_away "$python" -m pip wheel -q --no-deps --no-build-isolation -w "$work" "$sdist"
built=$(echo "$work"/zarrc-*.whl)
try "its name" matches "*/$(basename "$wheel")" "$built"
for name in $names; do
  try "wheel of the tree, $name Python" runs "$name" "$wheel"
  try "no name but the module's, $name Python" only_init "$work/site-$name/zarrc/_core.abi3.so"
  try "no run path, $name Python" no_run_path "$work/site-$name/zarrc/_core.abi3.so"
  try "wheel of the source distribution, $name Python" runs "$name" "$built"
done
try "a build without libraries says which codecs it lacks" lacking
try "it leaves them to zarr-python with a warning" lacking_runs
rm -rf "$work/away" "$work"/site-* "$work"/lacking*
echo "wheel: $passed passed, $failed failed"
[ $failed = 0 ]
