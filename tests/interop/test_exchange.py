# SPDX-License-Identifier: MIT
"""Whole arrays, written by one and read by the other."""
import json

import combos
import numpy
import peers
import pytest

CASES = [pytest.param(combo, peer, id=f"{peer}-{combo.name}") for combo in combos.COMBOS for peer in combo.peers]


@pytest.mark.parametrize("combo, peer", CASES)
def test_peer_reads_zarrc(zarrc, tmp_path, combo, peer):
    url = tmp_path / "a.zarr"
    zarrc("create", url, *combo.create_arguments())
    zarrc.put(url, tmp_path, combo.values(), *(["-s", combo.selection()] if combo.written else []))
    combos.same(peers.PEERS[peer].read(url), combo.expected())


@pytest.mark.parametrize("combo, peer", CASES)
def test_zarrc_reads_peer(zarrc, tmp_path, combo, peer):
    url = tmp_path / "a.zarr"
    peers.PEERS[peer].write(url, combo)
    combos.same(zarrc.get(url, tmp_path), combo.expected())


def test_enough_combos():
    ranks = {len(combo.shape) for combo in combos.COMBOS}
    used = {codec["name"] for combo in combos.COMBOS for codec in combo.codecs}
    assert len(combos.COMBOS) >= 40 and ranks == {0, 1, 2, 3, 4, 5}
    assert used == {"blosc", "bytes", "crc32c", "gzip", "transpose", "zstd"}
    assert sum(combo.written is not None for combo in combos.COMBOS) >= 10


CHUNKED = [pytest.param(combo, id=combo.name) for combo in combos.COMBOS if combo.written is None and 0 not in combo.shape]


def first_chunk(combo):
    """Values of chunk 0, ..., 0 with fill values beyond the edge of the array, packed little-endian; and its key."""
    whole = numpy.empty(combo.chunks, combo.numpy)
    whole[...] = combo.fill_element()
    inside = tuple(slice(0, min(c, n)) for c, n in zip(combo.chunks, combo.shape))
    whole[inside] = combo.values()[inside]
    zeros = ["0"] * len(combo.shape)
    if combo.encoding == "default":
        return whole.tobytes(), combo.separator.join(["c", *zeros])
    return whole.tobytes(), combo.separator.join(zeros) or "0"


@pytest.mark.parametrize("combo", CHUNKED)
def test_single_chunks(zarrc, tmp_path, combo):
    """decode of a chunk that zarr-python stored; encode of a chunk that zarr-python then reads."""
    url = tmp_path / "a.zarr"
    peers.PEERS["zarr-python"].write(url, combo)
    raw, key = first_chunk(combo)
    metadata = ["--metadata", url / "zarr.json"]
    assert zarrc("decode", *metadata, "-i", url / key, "-o", "-") == raw
    (url / key).write_bytes(zarrc("encode", *metadata, stdin=raw))
    combos.same(peers.PEERS["zarr-python"].read(url), combo.expected())


COPIES = [pytest.param(combo, id=combo.name) for combo in combos.COMBOS[::3] if "tensorstore" in combo.peers and combo.shape]


@pytest.mark.parametrize("combo", COPIES)
def test_copy(zarrc, tmp_path, combo):
    """An array of zarr-python, copied to other chunks and codecs, read by tensorstore and zarr-python."""
    peers.PEERS["zarr-python"].write(tmp_path / "a.zarr", combo)
    chunks = ",".join(str(max(1, (n + 1) // 2)) for n in combo.shape)
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "b.zarr", "-c", chunks, "--codecs", "bytes,blosc(lz4,5,shuffle),crc32c", "-q")
    combos.same(peers.PEERS["tensorstore"].read(tmp_path / "b.zarr"), combo.expected())
    combos.same(peers.PEERS["zarr-python"].read(tmp_path / "b.zarr"), combo.expected())
    metadata = json.loads((tmp_path / "b.zarr/zarr.json").read_bytes())
    assert [codec["name"] for codec in metadata["codecs"]] == ["bytes", "blosc", "crc32c"]
