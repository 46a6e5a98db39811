# SPDX-License-Identifier: MIT
"""Shards, text of any length and rectilinear grids: what one writes, or both write in turn, the other reads equal."""
import collections

import numpy
import pytest
import shard_combos
import zarr
from shard_combos import COMBOS, LITTLE
from shard_peers import LACKS, NOT_ASKED, PEERS, ZARR, Zarrc, chunk_files, lack


def cases(direction, refused):
    """(combo, peer): those that must work, or those that the table of shard_peers says are refused."""
    for combo in COMBOS:
        for peer in PEERS:
            row = lack(peer, combo, direction)
            if (row is not None and row.shows is not NOT_ASKED) if refused else row is None:
                yield pytest.param(combo, peer, id=f"{peer}-{combo.name}")


@pytest.fixture
def mine(zarrc):
    return Zarrc(zarrc)


def make(maker, path, combo):
    maker.create(path, combo)
    maker.write(path, combo, combo.written or (), combo.values(combo.empty()[combo.written or ...].shape))


def exchange(maker, reader, path, combo):
    make(maker, path, combo)
    combo.same(reader.read(path, combo), combo.expected())


@pytest.mark.parametrize("combo, peer", list(cases("read", refused=False)))
def test_peer_reads_zarrc(mine, tmp_path, combo, peer):
    exchange(mine, PEERS[peer], tmp_path / "a.zarr", combo)


@pytest.mark.parametrize("combo, peer", list(cases("write", refused=False)))
def test_zarrc_reads_peer(mine, tmp_path, combo, peer):
    exchange(PEERS[peer], mine, tmp_path / "a.zarr", combo)


@pytest.mark.parametrize("direction, combo, peer", [
    pytest.param(direction, *case.values, id=f"{direction}-{case.id}")
    for direction in ("read", "write") for case in cases(direction, refused=True)])
def test_peer_refuses(mine, tmp_path, direction, combo, peer):
    """What the table says a peer cannot do it refuses; a version that has learnt it must do it right."""
    makes, reads = (mine, PEERS[peer]) if direction == "read" else (PEERS[peer], mine)
    try:
        exchange(makes, reads, tmp_path / "a.zarr", combo)
    except AssertionError:
        raise
    except Exception as error:
        assert lack(peer, combo, direction).shows in f"{type(error).__name__}: {error}"


def regions(combo):
    """Overlapping parts of the array that share no edge with the chunks: what is updated, in turn."""
    yield tuple(slice(0, max(1, n - n // 3)) for n in combo.shape)
    yield tuple(slice(n // 4, n) for n in combo.shape)
    yield tuple(slice(axis % 2, n, 2 if axis == len(combo.shape) - 1 else 1) for axis, n in enumerate(combo.shape))
    yield tuple(slice(n // 2, n // 2 + 1) for n in combo.shape)
    yield tuple(slice(n // 3, n - n // 5) for n in combo.shape)


def update_cases():
    """Each combo with one peer, in turn, of those that read and write it."""
    for i, combo in enumerate(COMBOS):
        able = [peer for peer in PEERS if not lack(peer, combo, "read") and not lack(peer, combo, "write")]
        if able and combo.shape and 0 not in combo.shape:
            peer = able[i % len(able)]
            yield pytest.param(combo, peer, i % 2, id=f"{peer}-{combo.name}")


UPDATES = list(update_cases())


@pytest.mark.parametrize("combo, peer, first", UPDATES)
def test_updates_in_turn(mine, tmp_path, combo, peer, first):
    """Parts written by the two in turn, each compared by both; in the end fill values everywhere, which leave no chunk."""
    url, model, both = tmp_path / "a.zarr", combo.empty(), (mine, PEERS[peer])
    both[first].create(url, combo)
    for turn, region in enumerate(regions(combo)):
        writer = both[(first + turn) % 2]
        if peer != "zarr-python" and writer is not mine:  # the others have no steps
            region = tuple(slice(s.start, s.stop) for s in region)
        values = combo.values(model[region].shape, turn)
        writer.write(url, combo, region, values)
        model[region] = values
        combo.same(both[0].read(url, combo), model)
        combo.same(both[1].read(url, combo), model)
        combo.same(both[0].read(url, combo, region), model[region])
        if peer == "zarr-python" or all(s.step in (None, 1) for s in region):
            combo.same(both[1].read(url, combo, region), model[region])
    both[first].write(url, combo, (), combo.empty())
    combo.same(both[1 - first].read(url, combo), combo.empty())
    assert bool(chunk_files(url)) == combo.write_empty


SAME = [pytest.param(combo, id=combo.name) for combo in COMBOS
        if not lack("zarr-python", combo, "read") and not lack("zarr-python", combo, "write")]


@pytest.mark.parametrize("combo", SAME)
def test_same_files_as_zarr_python(mine, tmp_path, combo):
    """The same chunks are left out, and without a compressor the bytes of the others are the same."""
    make(mine, tmp_path / "a.zarr", combo)
    make(PEERS["zarr-python"], tmp_path / "b.zarr", combo)
    a, b = chunk_files(tmp_path / "a.zarr"), chunk_files(tmp_path / "b.zarr")
    assert list(a) == list(b)
    if shard_combos.exact(combo):
        assert a == b


# zarr-python before 3.2 writes inner chunks in one order only
ORDERS = [{"subchunk_write_order": order} for order in ("morton", "lexicographic", "colexicographic", "unordered")]


@pytest.mark.parametrize("order", [{}] if ZARR < (3, 2) else ORDERS, ids=str)
def test_order_of_inner_chunks(zarrc, tmp_path, order):
    values = numpy.arange(20 * 30, dtype="u2").reshape(20, 30)
    codec = zarr.codecs.ShardingCodec(chunk_shape=(2, 5), codecs=[LITTLE], **order)
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=(20, 30), dtype="u2", chunks=(8, 20), filters=(), compressors=(),
                              serializer=codec)
    array[...] = values
    numpy.testing.assert_array_equal(zarrc.get(tmp_path / "a.zarr", tmp_path), values)
    values[3:9, 4:21] = 7
    zarrc.put(tmp_path / "a.zarr", tmp_path, values[3:9, 4:21], "-s", "3:9,4:21")
    numpy.testing.assert_array_equal(array[...], values)
    values[1:7, 14:] = 9
    array[1:7, 14:] = 9
    numpy.testing.assert_array_equal(zarrc.get(tmp_path / "a.zarr", tmp_path), values)


def test_enough_combos(capsys):
    """80 combos each way with each peer; every row of the table is about something; nothing is left out."""
    counts = collections.Counter()
    for direction in ("read", "write"):
        for combo in COMBOS:
            for peer in PEERS:
                row = lack(peer, combo, direction)
                counts[peer, direction, "equal" if row is None else "not asked" if row.shows is NOT_ASKED else "refused"] += 1
    with capsys.disabled():
        print(f"\n{len(COMBOS)} combos, {len(UPDATES)} of them updated in turn")
        for (peer, direction, what), count in sorted(counts.items()):
            print(f"  {peer} {direction}s: {count} {what}")
    for peer in PEERS:
        for direction in ("read", "write"):
            assert counts[peer, direction, "equal"] >= 80
    assert len(UPDATES) >= 80
    for row in LACKS:
        assert any(combo.tags & set(row.tags) for combo in COMBOS), row
