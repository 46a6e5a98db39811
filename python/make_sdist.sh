#!/bin/sh
# SPDX-License-Identifier: MIT
# make_sdist.sh PYTHON DIRECTORY: a source distribution that has the library's sources in it.
set -eu
python=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/pyproject.toml" "$here/README.md" "$here/CMakeLists.txt" "$here/src" "$work"
mkdir "$work/library"
cd "$here/.."
cp -r CMakeLists.txt LICENSE cmake include src "$work/library"
find "$work" \( -name __pycache__ -o -name .mypy_cache -o -name "*.so" \) -prune -exec rm -r {} +
cd "$work"
"$python" -c "from scikit_build_core.build import build_sdist; print(build_sdist('$out'))"
