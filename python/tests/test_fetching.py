# SPDX-License-Identifier: MIT
"""What is fetched from stores that are not local: never more bytes than zarr-python fetches, in as few rounds as there
are levels of shards, and one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec, ZstdCodec
from zarr.storage import MemoryStore

from zarrc import _stored

if TYPE_CHECKING:
    from collections.abc import Generator

STOCK = "zarr.core.codec_pipeline.BatchedCodecPipeline"
DRAWS = int(os.environ.get("ZARRC_DRAWS", "12"))


class Counting(MemoryStore):
    """Far away, for all that a pipeline knows."""

    fetched = 0

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        value = await super().get(key, prototype, byte_range)
        self.fetched += 0 if value is None else len(value)
        return value

    def get_sync(self, *args: Any, **kwargs: Any) -> Any:
        value = super().get_sync(*args, **kwargs)
        self.fetched += 0 if value is None else len(value)
        return value


def fetched(store: Counting, pipeline: str, how: str, selection: Any) -> tuple[int, Any]:
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        array = zarr.open_array(store, mode="r")
        store.fetched = 0
        values = (array if how == "basic" else getattr(array, how))[selection]
        return store.fetched, values


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


def selections(random: np.random.Generator, shape: tuple[int, ...]) -> Generator[tuple[str, Any]]:
    yield "basic", tuple(slice(None) for _ in shape)
    for _ in range(6):
        box = [sorted(random.integers(0, n + 1, 2).tolist()) for n in shape]
        yield "basic", tuple(slice(a, b) for a, b in box)
        yield "basic", tuple(slice(a, b, int(random.integers(1, 5))) for a, b in box)
        yield "oindex", tuple(random.integers(0, n, random.integers(1, 5)) for n in shape)
        yield "vindex", tuple(random.integers(0, n, 7) for n in shape)
        yield "basic", tuple(int(random.integers(n)) for n in shape)


CHAINS: dict[str, tuple[int, Any]] = {
    "plain": (1, lambda shard, inner: ShardingCodec(chunk_shape=inner, codecs=[BytesCodec()])),
    "zstd": (1, lambda shard, inner: ShardingCodec(chunk_shape=inner, codecs=[BytesCodec(), ZstdCodec(level=1)])),
    "index first": (
        1,
        lambda shard, inner: ShardingCodec(chunk_shape=inner, codecs=[BytesCodec()], index_location="start"),
    ),
    "nested": (
        2,
        lambda shard, inner: ShardingCodec(
            chunk_shape=tuple(2 * n for n in inner),
            codecs=[ShardingCodec(chunk_shape=inner, codecs=[BytesCodec(), Crc32cCodec()])],
        ),
    ),
}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("edge", [1, 5, 40])
@pytest.mark.parametrize("joined", [False, True])
def test_fetches_no_more_than_zarr_python(chain: str, edge: int, joined: bool, rounds: list[int]) -> None:
    levels, make = CHAINS[chain]
    for seed in range(max(1, DRAWS // 12)):
        random = np.random.default_rng(seed)
        inner = (edge, 3)
        shard = (4 * edge, 6 * 4)
        shape = (int(random.integers(1, 9 * edge)) + 1, int(random.integers(10, 60)))
        store = Counting()
        data = random.integers(1, 200, shape, dtype="i4")
        data[: shape[0] // 3] = 0  # some inner chunks are missing
        config: dict[str, Any] = {} if joined else {"array.sharding_coalesce_max_gap_bytes": 0}
        with zarr.config.set(config):
            array = zarr.create_array(
                store, shape=shape, chunks=shard, dtype="i4", serializer=make(shard, inner), compressors=None, fill_value=0
            )
            array[...] = data
            for how, selection in selections(random, shape):
                theirs, _ = fetched(store, STOCK, how, selection)
                rounds.clear()
                ours, values = fetched(store, "zarrc.CodecPipeline", how, selection)
                at = np.ix_(*selection) if how == "oindex" else selection
                np.testing.assert_array_equal(values, data[at], err_msg=f"{how} {selection}")
                assert ours <= theirs, f"{how} {selection}"
                assert len(rounds) <= levels + 1, f"{how} {selection}"


@pytest.mark.parametrize("compressed", [False, True])
def test_many_windows_of_a_large_shard(compressed: bool, rounds: list[int]) -> None:
    """More inner chunks, and more bytes, than one vectored read of the library takes."""
    store = Counting()
    data = np.random.default_rng(1).integers(0, 1 << 30, (1024, 4096), dtype="i4")
    codecs: list[Any] = [BytesCodec(), ZstdCodec(level=1)] if compressed else [BytesCodec()]
    serializer = ShardingCodec(chunk_shape=(8, 512), codecs=codecs)
    array = zarr.create_array(
        store, shape=data.shape, chunks=data.shape, dtype="i4", serializer=serializer, compressors=None
    )
    array[...] = data
    with zarr.config.set({"array.sharding_coalesce_max_gap_bytes": 0}):
        for selection in (np.s_[:, :2048], np.s_[::2, 1000:3000], np.s_[:513]):
            theirs, _ = fetched(store, STOCK, "basic", selection)
            rounds.clear()
            ours, values = fetched(store, "zarrc.CodecPipeline", "basic", selection)
            np.testing.assert_array_equal(values, data[selection])
            assert ours <= theirs
            assert len(rounds) == 2


def test_texts_in_shards(rounds: list[int]) -> None:
    store = Counting()
    array = zarr.create_array(store, shape=(400,), chunks=(4,), shards=(200,), dtype=str)
    texts = np.array([f"text {i}" for i in range(400)], object)
    array[:] = texts
    for how, selection in (("basic", np.s_[3:300]), ("oindex", ([399, 0, 7],)), ("vindex", ([5, 250],))):
        theirs, _ = fetched(store, STOCK, how, selection)
        rounds.clear()
        ours, values = fetched(store, "zarrc.CodecPipeline", how, selection)
        assert list(values) == list(texts[selection[0] if isinstance(selection, tuple) else selection])
        assert ours <= theirs
        assert len(rounds) <= 2
