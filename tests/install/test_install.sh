#!/bin/sh
# SPDX-License-Identifier: MIT
# test_install.sh BUILD: installs a build, with a prefix and below a DESTDIR, and compiles a program against it by
# pkg-config and by CMake, with the shared and the static library, as C11 and as C++17.
set -u
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$build/install-test
passed=0
failed=0
rm -rf "$work"
mkdir -p "$work"

try() { # name command...
  name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    echo "ok: $name"
    passed=$((passed + 1))
  else
    echo "FAILED: $name: $*"
    sed 's/^/    /' "$work/log"
    failed=$((failed + 1))
  fi
}

same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
no_run_path() { ! readelf -d "$1" | grep -E 'R(UN)?PATH'; }
soname() { readelf -d "$1" | grep -q 'SONAME.*\[libzarrc\.so\.0\]'; }
has_all() { for file; do [ -e "$file" ] || { echo "no $file"; return 1; }; done; }
needs_shared() { readelf -d "$1" | grep 'NEEDED.*libzarrc\.so\.0'; }
needs_no_shared() { ! needs_shared "$1"; }

# Two trees: one by prefix, one that was staged in a DESTDIR and is used where it lies (nothing in it names its place).
try "install with a prefix" make -C "$here/../.." --no-print-directory install PREFIX="$work/prefix"
try "install below DESTDIR" make -C "$here/../.." --no-print-directory install PREFIX=/opt/zarrc DESTDIR="$work/stage"

for tree in "$work/prefix" "$work/stage/opt/zarrc"; do
  what=$(basename "$(dirname "$tree")")/$(basename "$tree")
  try "$what: all files" has_all "$tree/bin/zarrc" "$tree/lib/libzarrc.a" "$tree/lib/libzarrc.so" \
    "$tree/lib/libzarrc.so.0" "$tree/include/zarrc/zarrc.h" "$tree/lib/pkgconfig/zarrc.pc" \
    "$tree/lib/cmake/zarrc/zarrcConfig.cmake" "$tree/share/man/man1/zarrc.1"
  try "$what: no file names the prefix" sh -c "! grep -rIl '$work' '$tree'"
  try "$what: the command runs" "$tree/bin/zarrc" --version
  try "$what: the command has no run path" no_run_path "$tree/bin/zarrc"
  try "$what: SONAME" soname "$tree/lib/libzarrc.so"

  PKG_CONFIG_PATH=$tree/lib/pkgconfig
  export PKG_CONFIG_PATH
  version=$(sed -n 's/^#define ZARRC_VERSION_[MP][A-Z]* *//p' "$tree/include/zarrc/base.h" | tr '\n' . | sed 's/\.$//')
  try "$what: version of the module" same "$(pkg-config --modversion zarrc)" "$version"
  static=$work/static
  rm -rf "$static"
  mkdir -p "$static"
  cp "$tree/lib/libzarrc.a" "$static" # a folder without the shared library, in front: -lzarrc takes this one
  cp "$here/program.c" "$work/program.cpp"
  for language in c11 c++17; do
    case $language in
      c11) compile="cc -std=c11 $here/program.c" ;;
      *) compile="c++ -std=c++17 $work/program.cpp" ;;
    esac
    warn="-Wall -Wextra -Wpedantic -Werror"
    try "$what: $language, pkg-config, shared" sh -c \
      "$compile $warn -o $work/shared $(pkg-config --cflags --libs zarrc)"
    try "$what: $language, it is the shared library" needs_shared "$work/shared"
    try "$what: $language, shared, runs" env LD_LIBRARY_PATH="$tree/lib" "$work/shared"
    try "$what: $language, pkg-config --static" sh -c \
      "$compile $warn -o $work/with_static -L$static $(pkg-config --static --cflags --libs zarrc)"
    try "$what: $language, it is the static library" needs_no_shared "$work/with_static"
    try "$what: $language, static, runs" "$work/with_static"
  done

  try "$what: CMake finds the package" cmake -G Ninja -S "$here" -B "$work/cmake" --fresh -DCMAKE_PREFIX_PATH="$tree"
  try "$what: CMake builds" cmake --build "$work/cmake"
  for program in c_zarrc c_zarrc_static cpp_zarrc cpp_zarrc_static; do
    try "$what: CMake, $program runs" "$work/cmake/$program"
  done
  try "$what: CMake, the static one is static" needs_no_shared "$work/cmake/c_zarrc_static"
done

echo "install: $passed passed, $failed failed"
[ $failed = 0 ]
