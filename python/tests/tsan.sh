#!/bin/sh
# SPDX-License-Identifier: MIT
# tsan.sh BUILD [PYTEST ARGUMENTS]: the threads' tests with library and extension built for the thread sanitizer. Python
# itself and numpy are not: what the sanitizer sees of them are their locks and system calls, which is enough, as they
# take the GIL with those. ZARRC_PYTHON names the Python of scripts/pythons; the system's otherwise.
set -eu
mkdir -p "$1"
build=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
runtime=$(gcc -print-file-name=libtsan.so)
if [ "${ZARRC_SKIP_INTEROP:-}" = 1 ] || [ ! -e "$runtime" ]; then
  [ -e "$runtime" ] || echo "tsan: gcc has no thread sanitizer here"
  echo "tsan: 0 passed, 0 failed, 1 skipped"
  exit 0
fi
name=${ZARRC_PYTHON:-system}
ZARRC_PYTHON=$name sh "$here/run.sh" "$build" install
python=$build/python-$name/bin/python

folder=$build/python-tsan
mkdir -p "$folder/package/zarrc"
if ! cmake -S "$here/.." -B "$folder" --fresh -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=gcc \
  -DCMAKE_C_FLAGS="-fsanitize=thread -fno-omit-frame-pointer" -DCMAKE_C_FLAGS_DEBUG="-g -O1" \
  -DPython_EXECUTABLE="$python" >"$folder.log" 2>&1 || ! cmake --build "$folder" >>"$folder.log" 2>&1; then
  cat "$folder.log"
  exit 1
fi
cp "$here"/../src/zarrc/*.py "$folder/_core.abi3.so" "$folder/package/zarrc"

# Reports go to files, as pytest keeps what tests print. Children of the fork test make threads too.
rm -f "$folder"/report.*
failed=0
(cd "$here" && PYTHONPATH=$folder/package PYTHONDONTWRITEBYTECODE=1 PYTHONMALLOC=malloc LD_PRELOAD=$runtime \
  TSAN_OPTIONS="exitcode=66:die_after_fork=0:log_path=$folder/report" \
  "$python" -m pytest -q -rs -p no:cacheprovider -p no:asyncio test_threads.py test_writers.py "$@") || failed=1
for report in "$folder"/report.*; do
  [ -e "$report" ] || continue
  cat "$report"
  failed=1
done
exit $failed
