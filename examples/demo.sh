#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh ZARRC: shows the main job on real data. A float32 array that is stored as maps is copied to other chunks and
# codec chains; every copy is read back and compared with the original, byte by byte.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $1 in /*) zarrc=$1 ;; *) zarrc=$(pwd)/$1 ;; esac
source=$here/data/climate.zarr/air_temperature
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

show() {
  printf '$ zarrc'
  for word; do
    case $word in *[\(]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done | sed "s|$here/||g; s|$work/||g"
  echo
  "$zarrc" "$@" >"$work/shown"
  sed "s|$here/||g; s|$work/||g" "$work/shown"
  echo
}

now() { date +%s%N; }

# row NAME ARRAY MILLISECONDS: one line of the table. A column of the array is one place in all 240 years.
row() {
  stored=$(find "$2" -type f ! -name zarr.json -exec cat {} + | wc -c)
  objects=$(find "$2" -type f ! -name zarr.json | wc -l)
  begin=$(now)
  "$zarrc" get "$2" -s ':,18,24' --format raw -o "$work/column.raw" -q
  column=$((($(now) - begin) / 10000))
  same=-
  if [ "$2" != "$source" ]; then
    "$zarrc" get "$2" --format raw -o "$work/copy.raw" -q
    cmp "$work/source.raw" "$work/copy.raw"
    same=equal
  fi
  echo "$1 $objects $stored $raw $3 $column $same" |
    awk '{ printf "%-42s %7d %9d %6.2f %9s %9.2f  %s\n", $1, $2, $3, $4 / $3, $5, $6 / 100, $7 }'
}

copy() { # NAME CHUNKS CODECS
  begin=$(now)
  "$zarrc" copy "$source" "$work/$1" --chunks "$2" --codecs "$3" -q
  row "$3" "$work/$1" "$((($(now) - begin) / 1000000))"
}

show tree "$here/data/climate.zarr"
show info "$source" --attributes --stored
show copy "$source" "$work/series" --chunks 240,13,10 --codecs 'blosc(zstd,5,shuffle),crc32c'
show info "$work/series" --stored

"$zarrc" get "$source" --format raw -o "$work/source.raw" -q
raw=$(wc -c <"$work/source.raw")
echo "$raw bytes of values; chunks of 12 maps in the original, of 240 years at 13 x 10 places in the copies"
printf '%-42s %7s %9s %6s %9s %9s  %s\n' codecs objects bytes ratio 'copy ms' 'column ms' values
row original "$source" -
copy a 240,13,10 'bytes'
copy b 240,13,10 'gzip(6)'
copy c 240,13,10 'zstd(3)'
copy d 240,13,10 'blosc(lz4,5,shuffle)'
copy e 240,13,10 'blosc(zstd,5,shuffle),crc32c'
copy f 240,13,10 'transpose(1,2,0),blosc(zstd,5,shuffle)'
copy g 240,13,10 'transpose(1,2,0),blosc(zstd,5,bitshuffle)'
copy h 240,13,10 'transpose(2,1,0),bytes(big),zstd(9,true)'
echo
echo "demo: every copy has the values of the original"
