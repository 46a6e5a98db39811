#!/bin/sh
# SPDX-License-Identifier: MIT
# zarrc-bench and the bare loop do what they say that they measure: what they write is what the command reads.
set -eu
here=$(dirname "$ZARRC")
case $("$ZARRC" --version) in
  *"libzstd (not built in)"*)
    echo "test_bench: skipped: zarrc was built without libzstd"
    exit 0
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "test_bench: $*" >&2
  exit 1
}

bench() { "$here/zarrc-bench" "$@"; }
field() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"; }
same() { # ARRAY: has the elements of the source
  "$ZARRC" get "$1" --format raw -o got.raw -q
  cmp got.raw source.raw || fail "$1 has other elements"
}
expect() { # FIELD VALUE COMMAND...
  name=$1 value=$2
  shift 2
  found=$(bench "$@" | field "$name")
  [ "$found" = "$value" ] || fail "$1: $name is '$found', not $value"
}

"$here/bench/make_data" micro source.npy 32,48,64
tail -c $((2 * 32 * 48 * 64)) source.npy >source.raw
sum=$(od -An -v -tu1 source.raw | awk '{ for (i = 1; i <= NF; i++) sum += $i } END { printf "%.0f", sum }')

head='{"zarr_format": 3, "node_type": "array", "shape": [32, 48, 64], "data_type": "uint16", "fill_value": 0,
  "chunk_key_encoding": {"name": "default"}, "attributes": {}, "chunk_grid": {"name": "regular", "configuration":'
bytes='{"name": "bytes", "configuration": {"endian": "little"}}' crc='{"name": "crc32c"}'
zstd='{"name": "zstd", "configuration": {"level": 3, "checksum": false}}'
turn='{"name": "transpose", "configuration": {"order": [2, 1, 0]}}'
shards="{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [8, 8, 16], \"index_location\": \"end\",
  \"codecs\": [$bytes, $zstd], \"index_codecs\": [$bytes, $crc]}}"
array() { # PATH CHUNKS CODECS
  mkdir -p "$1"
  echo "$head {\"chunk_shape\": [$2]}}, \"codecs\": [$3]}" >"$1/zarr.json"
}

array turned 16,16,16 "$turn, $bytes, $zstd, $crc"
expect bytes 196608 write turned --src source.npy
same turned
expect sum "$sum" read_all turned --threads 1
expect sum "$sum" read_all turned --threads 2 --memory 100000000
expect bytes 196608 read_chunks turned
expect bytes 20 elems turned --n 10
expect bytes 54000 boxes turned --n 1 --box 30
expect bytes 81920 read_inner turned --n 10

array sharded 16,48,32 "$shards"
expect bytes 196608 reencode turned --out sharded
same sharded
expect bytes 3072 partial sharded --src source.npy --n 3 --box 8
same sharded
expect bytes 20480 read_inner sharded --n 10
array back 16,16,16 "$turn, $bytes, $zstd, $crc"
expect bytes 196608 reencode sharded --out back --memory 10000000
same back

for bad in "nothing turned" "boxes turned --box 33" "write turned" "write turned --src source.raw" "read_all nowhere"; do
  # shellcheck disable=SC2086
  if bench $bad >out 2>err; then fail "$bad was done"; fi
  [ -s err ] && [ ! -s out ] || fail "$bad: no message, or a result"
done

[ -x "$here/bench/ideal" ] || exit 0
loop() { "$here/bench/ideal" "$@" --shape 32,48,64 --item 2 --src source.npy; }
loop read_all turned --chunk 16,16,16 --codec zstd --turn 1 --crc 1 >out
[ "$(field sum <out)" = "$sum" ] || fail "the bare loop reads something else"
loop read_all sharded --chunk 16,48,32 --inner 8,8,16 --codec zstd >out
array turned2 16,16,16 "$turn, $bytes, $zstd, $crc"
loop write turned2 --chunk 16,16,16 --codec zstd --level 3 --turn 1 --crc 1 >out
same turned2
array sharded2 16,48,32 "$shards"
loop write sharded2 --chunk 16,48,32 --inner 8,8,16 --codec zstd --level 3 --threads 1 >out
same sharded2
if loop read_all sharded --chunk 16,16,16 --codec zstd >out 2>err; then fail "the bare loop takes any layout"; fi
