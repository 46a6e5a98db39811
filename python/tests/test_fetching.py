# SPDX-License-Identifier: MIT
"""What is fetched from stores that are not local: never more bytes than zarr-python fetches for the same selection, in no
more rounds, and nothing twice. ZARRC_DRAWS sets how many arrays are drawn for each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
import zarr.core.codec_pipeline
from fetching_worlds import (
    BATCHED,
    FUSED,
    OURS,
    Noting,
    World,
    draw,
    indexed,
    nbytes_of,
    picked,
    selections,
    waves_of,
    ways,
)
from zarr.codecs import BytesCodec, ShardingCodec, ZstdCodec

from zarrc import _stored

if TYPE_CHECKING:
    from collections.abc import Generator

DRAWS = int(os.environ.get("ZARRC_DRAWS", "12"))
HAS_FUSED = hasattr(zarr.core.codec_pipeline, "FusedCodecPipeline")
JOINS = hasattr(Noting, "get_ranges")  # zarr-python joins the ranges of a shard


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Requests to a store that were made at once, for each time that requests were made."""
    noted: list[int] = []
    steps = _stored._read_fetched

    def watched(*args: Any) -> Generator[Any, Any, Any]:
        generator = steps(*args)
        answer: Any = None
        try:
            while True:
                step = generator.send(answer)
                if isinstance(step, list):
                    noted.append(len(step))
                answer = yield step
        except StopIteration as end:
            return end.value

    monkeypatch.setattr(_stored, "_read_fetched", watched)
    return noted


class Opened:
    """An array as one of the pipelines has it. zarr-python asks which pipeline it is once more for what is in shards."""

    def __init__(self, store: Noting, pipeline: str, codecs: bool = False) -> None:
        self.how = (pipeline, codecs)
        with ways(*self.how):
            self.array = zarr.open_array(store, mode="r+")  # "r" makes another store of it, which notes for itself

    def read(self, how: str, selection: Any) -> Any:
        with ways(*self.how):
            return indexed(self.array, how)[selection]

    def write(self, how: str, selection: Any, value: Any) -> None:
        with ways(*self.how):
            indexed(self.array, how)[selection] = value


def check(world: World, how: str, selection: Any, theirs: Opened, ours: Opened, in_rounds: bool = True) -> None:
    """Both read the same, and the second fetches no more."""
    words = f"{world.words}, {how} {selection}"
    expected = picked(world.data, how, selection)
    np.testing.assert_array_equal(theirs.read(how, selection), expected, err_msg=words)
    most = world.store.take()
    np.testing.assert_array_equal(ours.read(how, selection), expected, err_msg=words)
    fetched = world.store.take()
    assert nbytes_of(fetched) <= nbytes_of(most), words
    for key, value in fetched.items():
        assert not value.is_twice, words
        assert value.nbytes <= most[key].nbytes, words
        assert len(value.ranges) <= len(most[key].ranges), words
        if in_rounds:
            assert value.waves <= most[key].waves, words


@pytest.mark.parametrize("largest", [8, 300, 6000])
@pytest.mark.parametrize("gap", [None, 0])
def test_fetches_no_more_than_zarr_python(largest: int, gap: int | None, rounds: list[int]) -> None:
    config = {} if gap is None or not JOINS else {"array.sharding_coalesce_max_gap_bytes": gap}
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, largest])
        world = draw(random, largest)
        with zarr.config.set(config):
            theirs, ours = Opened(world.store, BATCHED), Opened(world.store, OURS)
            for how, selection in selections(random, world.data.shape, 4):
                rounds.clear()
                check(world, how, selection, theirs, ours)
                assert len(rounds) <= 2, f"{world.words}, {how} {selection}"


@pytest.mark.parametrize("pipeline", [BATCHED, FUSED])
def test_the_codec_fetches_no_more_than_zarr_pythons(pipeline: str) -> None:
    """zarrc's sharding codec in zarr-python's pipelines."""
    if pipeline == FUSED and not HAS_FUSED:
        pytest.skip("this zarr-python has no synchronous pipeline")
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, 1])
        world = draw(random, 300, levels=1 + seed % 2)
        theirs, ours = Opened(world.store, pipeline), Opened(world.store, pipeline, True)
        for how, selection in selections(random, world.data.shape, 4):
            check(world, how, selection, theirs, ours, pipeline == BATCHED)


@pytest.mark.parametrize("largest", [8, 200])
def test_writes_fetch_no_more_than_zarr_python(largest: int) -> None:
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, largest, 2])
        world = draw(random, largest, text=None if JOINS else False)  # zarr-python 3.1 crashes where lists select texts
        fill = world.data.reshape(-1)[:1]
        for how, selection in selections(random, world.data.shape, 2):
            stores = [world.store.copy() for _ in range(2)]
            fetched = []
            expected = world.data.copy()
            where = picked(np.arange(expected.size).reshape(expected.shape), how, selection)
            expected.reshape(-1)[where] = fill[0]
            for store, pipeline in zip(stores, (BATCHED, OURS), strict=True):
                array = Opened(store, pipeline)
                try:
                    array.write(how, selection, fill[0])
                except KeyError:  # zarr-python cannot erase a missing inner shard
                    assert pipeline == BATCHED and world.levels == 2
                    break
                fetched.append(store.take())
                np.testing.assert_array_equal(array.read("basic", ...), expected)
            words = f"{world.words}, {how} {selection}"
            if len(fetched) == 2:
                assert nbytes_of(fetched[1]) <= nbytes_of(fetched[0]), words
                assert waves_of(fetched[1]) <= waves_of(fetched[0]), words
                assert not any(value.is_twice for value in fetched[1].values()), words


@pytest.mark.parametrize("selection", [np.s_[0:2, 0, :], np.s_[1, 1, 1], np.s_[:, :1, 0]])
def test_whole_shards_selected_with_indices_are_not_fetched(selection: Any) -> None:
    store = Noting()
    serializer = ShardingCodec(chunk_shape=(1, 1, 1), codecs=[BytesCodec()])
    array = zarr.create_array(store, shape=(2, 2, 2), chunks=(2, 1, 1), dtype="u1", serializer=serializer, compressors=None)
    expected = np.arange(1, 9, dtype="u1").reshape(2, 2, 2)
    array[...] = expected
    store.take()
    Opened(store, OURS).write("basic", selection, np.uint8(9))
    expected[selection] = 9
    is_half_a_shard = isinstance(selection[0], int)
    assert bool(nbytes_of(store.take())) == is_half_a_shard
    np.testing.assert_array_equal(array[...], expected)


def large(shape: tuple[int, ...], inner: tuple[int, ...], codecs: list[Any]) -> World:
    """One shard of random numbers."""
    store = Noting()
    data = np.random.default_rng(1).integers(0, 1 << 30, shape, dtype="i4")
    serializer = ShardingCodec(chunk_shape=inner, codecs=codecs)
    array = zarr.create_array(store, shape=shape, chunks=shape, dtype="i4", serializer=serializer, compressors=None)
    array[...] = data
    return World(str(serializer), store, array, data, 1)


@pytest.mark.parametrize("codecs", [[BytesCodec()], [BytesCodec(), ZstdCodec(level=1)]], ids=["plain", "zstd"])
def test_many_windows_of_a_large_shard(codecs: list[Any], rounds: list[int]) -> None:
    """More inner chunks, and more bytes, than one vectored read of the library takes."""
    world = large((1024, 4096), (8, 512), codecs)
    with zarr.config.set({"array.sharding_coalesce_max_gap_bytes": 0}):
        theirs, ours = Opened(world.store, BATCHED), Opened(world.store, OURS)
        for selection in (np.s_[:, :2048], np.s_[::2, 1000:3000], np.s_[:513]):
            rounds.clear()
            check(world, "basic", selection, theirs, ours)
            assert len(rounds) == 2


@pytest.mark.parametrize("inner", [(16, 32768), (16, 64)], ids=["2 MiB", "4 KiB"])
def test_half_of_a_large_shard(inner: tuple[int, ...]) -> None:
    """22 MiB of a shard of 44 MiB; with ZARRC_DRAWS of 100 or more, as in `make nightly`, 220 MiB of 440 MiB."""
    times = 10 if DRAWS >= 100 else 1
    world = large((176, 65536 * times), inner, [BytesCodec()])
    half = np.s_[:, : world.data.shape[1] // 2]
    ours = Opened(world.store, OURS)
    np.testing.assert_array_equal(ours.read("basic", half), world.data[half])
    assert nbytes_of(world.store.take()) <= 1.02 * world.data.nbytes / 2


def test_texts(rounds: list[int]) -> None:
    """In shards, and in chunks of which only all can be fetched: lengths stand between the texts."""
    for chunks, shards in (((4,), (200,)), ((20_000,), None)):
        n = 2 * (shards or chunks)[0]
        texts = np.array([f"text {i}" * 10 for i in range(n)], object)
        store = Noting()
        zarr.create_array(store, shape=(n,), chunks=chunks, shards=shards, dtype=str, compressors=None)[:] = texts
        world = World(f"{chunks} {shards}", store, None, texts, shards is not None)
        theirs, ours = Opened(store, BATCHED), Opened(store, OURS)
        for how, selection in (("basic", np.s_[3:300]), ("oindex", ([n - 1, 0, 7],)), ("vindex", ([5, 250],))):
            rounds.clear()
            check(world, how, selection, theirs, ours)
            assert len(rounds) == 1 + world.levels


def test_plain_chunks_are_fetched_in_one_round(rounds: list[int]) -> None:
    """However many rows of a chunk are wanted: joined, as nobody else decides that for what is no shard."""
    data = np.arange(3 << 20, dtype="i4").reshape(1024, 3072)
    store = Noting()
    array = zarr.create_array(store, shape=data.shape, chunks=data.shape, dtype="i4", compressors=None)
    array[...] = data
    world = World("plain", store, array, data, 0)
    with zarr.config.set({"array.sharding_coalesce_max_gap_bytes": 0} if JOINS else {}):
        theirs, ours = Opened(store, BATCHED), Opened(store, OURS)
        for how, selection in (
            ("basic", np.s_[:, 5]),
            ("vindex", (np.arange(0, 1024, 3), np.arange(342))),
            ("basic", np.s_[100:200, ::7]),
        ):
            rounds.clear()
            check(world, how, selection, theirs, ours)
            assert len(rounds) == 1
    ours.read("basic", np.s_[5:7, ::100])
    assert nbytes_of(store.take()) < 2 * 4 * 3072


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("write", [False, True])
def test_what_was_fetched_is_let_go(sharded: bool, write: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many chunks no more are held at once than zarr-python holds."""
    monkeypatch.setattr(_stored, "HELD_NBYTES", 1)
    store = Noting()
    data = np.random.default_rng(1).integers(0, 1 << 30, (64, 4096), dtype="i4")
    array = zarr.create_array(
        store, shape=data.shape, chunks=(1, 512), shards=(1, 4096) if sharded else None, dtype="i4", compressors=None
    )
    array[...] = data
    peaks = []
    for pipeline in (BATCHED, OURS):
        held = store.holding()
        array = Opened(held, pipeline)
        if write:
            array.write("basic", np.s_[:, 1:4095], 3)
        else:
            np.testing.assert_array_equal(array.read("basic", np.s_[:, 1:3000]), data[:, 1:3000])
        peaks.append(held.most_held)
    assert 0 < peaks[1] <= peaks[0]
    assert peaks[1] < data.nbytes // 4


@pytest.mark.skipif(not JOINS, reason="this zarr-python's stores fetch range by range")
def test_a_stores_own_way_to_fetch_ranges_is_used() -> None:
    """It is told what zarr-python tells it: how ranges may be joined."""
    told: list[dict[str, Any]] = []

    class Ranging(Noting):
        async def get_ranges(self, key: str, byte_ranges: Any, **how: Any) -> Any:
            told.append(how)
            async for group in super().get_ranges(key, byte_ranges, **how):
                yield group

    store = Ranging()
    data = np.arange(1, 65, dtype="i4")
    with zarr.config.set({"array.sharding_coalesce_max_gap_bytes": 42, "array.sharding_coalesce_max_bytes": 4242}):
        array = zarr.create_array(store, shape=(64,), chunks=(4,), shards=(32,), dtype="i4", compressors=None)
    array[...] = data
    np.testing.assert_array_equal(array[2:40], data[2:40])
    assert [(how["max_gap_bytes"], how["max_coalesced_bytes"]) for how in told] == [(42, 4242)]
