#!/bin/sh
# SPDX-License-Identifier: MIT
# test_install.sh BUILD: installs a build, with a prefix and below a DESTDIR, and compiles a program against it by
# pkg-config and by CMake, with the shared and the static library, as C11 and as C++17; then uses the sources as a part
# of another project.
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
soname() { readelf -d "$1" | grep -q 'SONAME.*\[libzarrc\.so\.0\.1\]'; }
has_all() { for file; do [ -e "$file" ] || { echo "no $file"; return 1; }; done; }
needs_shared() { readelf -d "$1" | grep 'NEEDED.*libzarrc\.so\.0\.1'; }
needs_no_shared() { ! needs_shared "$1"; }
binds_now() { readelf -dW "$1" | grep -q BIND_NOW && readelf -lW "$1" | grep -q GNU_RELRO; }
is_pie() { readelf -dW "$1" | grep -q 'FLAGS_1.*PIE'; }
calls() { readelf -sW "$1" | grep -qE "UND $2"; }
installs_nothing_of_ours() { [ "$(cd "$1" && find . -type f)" = ./bin/program ] || { find "$1" -type f; return 1; }; }
built() { [ "$(find "$1" -name 'libzarrc*' -o -name zarrc -type f | wc -l)" = 1 ] || { find "$1" -name '*zarrc*'; return 1; }; }

# Two trees: one by prefix, one that was staged in a DESTDIR and is used where it lies (nothing in it names its place).
try "install with a prefix" make -C "$here/../.." --no-print-directory install PREFIX="$work/prefix"
try "install below DESTDIR" make -C "$here/../.." --no-print-directory install PREFIX=/opt/zarrc DESTDIR="$work/stage"

for tree in "$work/prefix" "$work/stage/opt/zarrc"; do
  what=$(basename "$(dirname "$tree")")/$(basename "$tree")
  try "$what: all files" has_all "$tree/bin/zarrc" "$tree/lib/libzarrc.a" "$tree/lib/libzarrc.so" \
    "$tree/lib/libzarrc.so.0.1" "$tree/lib/pkgconfig/zarrc-static.pc" "$tree/include/zarrc/zarrc.h" "$tree/lib/pkgconfig/zarrc.pc" \
    "$tree/lib/cmake/zarrc/zarrcConfig.cmake" "$tree/share/man/man1/zarrc.1"
  try "$what: no file names the prefix" sh -c "! grep -rIl '$work' '$tree'"
  try "$what: the command runs" "$tree/bin/zarrc" --version
  try "$what: the command has no run path" no_run_path "$tree/bin/zarrc"
  try "$what: SONAME" soname "$tree/lib/libzarrc.so"
  for file in bin/zarrc lib/libzarrc.so; do
    try "$what: $file is bound at the start and read-only then" binds_now "$tree/$file"
    try "$what: $file has a stack protector" calls "$tree/$file" __stack_chk_fail
    try "$what: $file has checked functions" calls "$tree/$file" '__[a-z]*_chk@'
  done
  try "$what: the command has no fixed address" is_pie "$tree/bin/zarrc"

  PKG_CONFIG_PATH=$tree/lib/pkgconfig
  export PKG_CONFIG_PATH
  version=$(sed -n 's/^#define ZARRC_VERSION_[MP][A-Z]* *//p' "$tree/include/zarrc/base.h" | tr '\n' . | sed 's/\.$//')
  try "$what: version of the module" same "$(pkg-config --modversion zarrc)" "$version"
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
    try "$what: $language, pkg-config, static" sh -c \
      "$compile $warn -o $work/with_static $(pkg-config --cflags --libs zarrc-static)"
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

# Another project takes the sources in and links the static library: nothing else of ours is built, nothing installed.
try "subproject: configured" cmake -G Ninja -S "$here/subproject" -B "$work/sub" -DZARRC_SOURCE="$here/../.."
try "subproject: builds" cmake --build "$work/sub"
try "subproject: runs" "$work/sub/program"
try "subproject: builds the library it links and nothing else" built "$work/sub"
try "subproject: installs" cmake --install "$work/sub" --prefix "$work/sub-prefix"
try "subproject: installs only its own program" installs_nothing_of_ours "$work/sub-prefix"
try "subproject: keeps its kind of build" grep -q 'CMAKE_BUILD_TYPE:STRING=$' "$work/sub/CMakeCache.txt"

echo "install: $passed passed, $failed failed"
[ $failed = 0 ]
