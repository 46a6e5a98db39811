# SPDX-License-Identifier: MIT
"""Stores that note what is fetched from them, and arrays and selections that are drawn, for test_fetching.py."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
import zarr.codecs
import zarr.registry
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, VLenUTF8Codec, ZstdCodec
from zarr.storage import MemoryStore

import zarrc.codecs

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCHED = "zarr.core.codec_pipeline.BatchedCodecPipeline"
FUSED = "zarr.core.codec_pipeline.FusedCodecPipeline"
OURS = "zarrc.CodecPipeline"


@dataclasses.dataclass
class Fetched:
    """What was fetched of one value."""

    ranges: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    waves: int = 0  # requests of which each began when the one before had been answered

    @property
    def nbytes(self) -> int:
        return sum(stop - start for start, stop in self.ranges)

    @property
    def is_twice(self) -> bool:
        """Whether a byte was fetched more than once."""
        places = sorted(each for each in self.ranges if each[0] < each[1])
        return any(one[1] > other[0] for one, other in zip(places, places[1:], strict=False))


class Noting(MemoryStore):
    """Far away, for all that a pipeline knows: notes what is fetched of each key that is no metadata."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noted: dict[str, Fetched] = {}

    def _note(self, key: str, byte_range: Any) -> Fetched:
        """Counts a request as one more of its key."""
        note = self.noted.setdefault(key, Fetched())
        nbytes = len(self._store_dict[key]) if key in self._store_dict else 0
        start, stop = 0, nbytes
        if isinstance(byte_range, RangeByteRequest):
            start, stop = min(byte_range.start, nbytes), min(byte_range.end, nbytes)
        elif isinstance(byte_range, OffsetByteRequest):
            start = min(byte_range.offset, nbytes)
        elif isinstance(byte_range, SuffixByteRequest):
            start = max(0, nbytes - byte_range.suffix)
        note.ranges.append((start, stop))
        return note

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        if key.endswith(("zarr.json", ".zarray", ".zattrs", ".zgroup")):
            return await super().get(key, prototype, byte_range)
        note = self._note(key, byte_range)
        wave = note.waves + 1
        await asyncio.sleep(0)  # what is asked for at once has begun when the first of it is answered
        note.waves = max(note.waves, wave)
        return await super().get(key, prototype, byte_range)

    def get_sync(self, key: str, *, prototype: Any = None, byte_range: Any = None) -> Any:
        self._note(key, byte_range).waves += 1
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    def take(self) -> dict[str, Fetched]:
        """What was noted since the last time."""
        noted, self.noted = self.noted, {}
        return noted

    def copy(self) -> Noting:
        """Another store with the same values."""
        return type(self)(dict(self._store_dict))

    def holding(self) -> Holding:
        """Another store with the same values, which counts what of them is held."""
        return Holding(dict(self._store_dict))


class Holding(Noting):
    """Every answer is memory of its own: counts the bytes of them that somebody holds."""

    held = most_held = 0

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        value = await super().get(key, prototype, byte_range)
        if value is None or key.endswith("zarr.json"):
            return value
        memory = value.as_numpy_array().copy()
        weakref.finalize(memory, self._let_go, memory.nbytes)
        self.held += memory.nbytes
        self.most_held = max(self.most_held, self.held)
        return prototype.buffer.from_array_like(memory)

    def _let_go(self, nbytes: int) -> None:
        self.held -= nbytes


def nbytes_of(fetched: dict[str, Fetched]) -> int:
    return sum(value.nbytes for value in fetched.values())


def waves_of(fetched: dict[str, Fetched]) -> int:
    return max((value.waves for value in fetched.values()), default=0)


@contextlib.contextmanager
def ways(pipeline: str, codecs: bool = False) -> Iterator[None]:
    """Arrays that are opened have a pipeline and, with `codecs`, zarrc's sharding codec in it."""
    settings = {"codec_pipeline.path": pipeline}
    if codecs:
        zarr.registry.register_codec("sharding_indexed", zarrc.codecs.ShardingCodec)
        settings["codecs.sharding_indexed"] = "zarrc.codecs.ShardingCodec"
    with zarr.config.set(settings):
        yield


@dataclasses.dataclass
class World:
    """An array in a store that notes, and what it holds."""

    words: str
    store: Noting
    array: Any
    data: np.ndarray[Any, Any]
    levels: int  # of shards


def _inner_codecs(random: np.random.Generator) -> list[Any]:
    some: list[list[Any]] = [
        [BytesCodec()],
        [BytesCodec(endian="big")],
        [BytesCodec(), ZstdCodec(level=1)],
        [BytesCodec(), GzipCodec(level=1)],
        [BytesCodec(), BloscCodec(cname="lz4", typesize=4, blocksize=int(random.choice([0, 256])))],
        [BytesCodec(), Crc32cCodec()],
        [BytesCodec(), ZstdCodec(level=1), Crc32cCodec()],
    ]
    return some[random.integers(len(some))]


def _transposed(random: np.random.Generator, ndim: int) -> list[Any]:
    return [TransposeCodec(order=tuple(random.permutation(ndim).tolist()))] if random.random() < 0.2 else []


def draw(random: np.random.Generator, largest: int = 4096, levels: int | None = None, text: bool | None = None) -> World:
    """An array of 1 to 3 axes, plain or in shards of up to two levels, with about `largest` elements a chunk."""
    ndim = int(random.integers(1, 4))
    levels = int(random.integers(0, 3)) if levels is None else levels
    edge = max(1, round(random.integers(1, largest) ** (1 / ndim)) >> int(random.integers(0, 2 * levels + 1)))
    chunk = [int(random.integers(1, edge + 1)) for _ in range(ndim)]
    text = bool(random.random() < 0.15) if text is None else text
    compressed = [ZstdCodec(level=1)] if random.random() < 0.5 else []
    chain: list[Any] = [VLenUTF8Codec(), *compressed] if text else _inner_codecs(random)
    chain = [*_transposed(random, ndim), *chain]
    for _ in range(levels):
        where = "start" if random.random() < 0.3 else "end"
        chain = [ShardingCodec(chunk_shape=tuple(chunk), codecs=chain, index_location=where)]
        chunk = [n * int(random.integers(1, 5)) for n in chunk]
    if levels and random.random() < 0.1:
        chain = [*chain, Crc32cCodec()]
    shape = tuple(int(random.integers(1, 3 * n + 1)) for n in chunk)
    dtype = "str" if text else ["i4", "u1", "f8", ">i2", "bool"][random.integers(5)]
    fill: Any = "" if text else 0
    data: np.ndarray[Any, Any] = random.integers(1, 200, shape).astype("O" if text else dtype)
    if text:
        data = np.vectorize(lambda n: "x" * (n % 40), otypes="O")(data) if data.size else data
    for _ in range(int(random.integers(0, 3))):  # some chunks are missing, of shards inner ones
        data[tuple(slice(a, b) for a, b in _box(random, shape))] = fill
    words = f"shape {shape}, chunks {tuple(chunk)}, {dtype}, {chain}"
    store = Noting()
    with ways(OURS):
        filters = [each for each in chain if isinstance(each, TransposeCodec)]
        rest = chain[len(filters) :]
        array = zarr.create_array(
            store,
            shape=shape,
            chunks=tuple(chunk),
            dtype=str if text else dtype,
            filters=filters,
            serializer=rest[0],
            compressors=rest[1:],
            fill_value=fill,
        )
        array[...] = data
        if random.random() < 0.3:  # of shards written in parts nobody knows the order
            box = tuple(slice(a, b) for a, b in _box(random, shape))
            data[box] = "y" if text else 7
            array[box] = data[box]
    store.take()
    return World(words, store, array, data, levels)


def _box(random: np.random.Generator, shape: tuple[int, ...]) -> list[list[int]]:
    return [sorted(random.integers(0, n + 1, 2).tolist()) for n in shape]


def _entry(random: np.random.Generator, n: int, lists: bool) -> Any:
    """What selects along one axis."""
    kind = int(random.integers(0, 6 if lists else 4))
    a, b = sorted(random.integers(0, n + 1, 2).tolist())
    if kind == 0:
        return slice(None)
    if kind == 1:
        return slice(a, b)
    if kind == 2:
        return slice(a, b, int(random.integers(1, 2 + n)))
    if kind == 3:
        return int(random.integers(n))
    if kind == 4:
        return np.sort(random.integers(0, n, random.integers(1, 6)))
    mask = random.random(n) < random.choice([0.1, 0.5, 1])
    return mask


def selections(random: np.random.Generator, shape: tuple[int, ...], n: int) -> Iterator[tuple[str, Any]]:
    """How an array is indexed, and with what."""
    yield "basic", tuple(slice(None) for _ in shape)
    for _ in range(n):
        kind = int(random.integers(0, 6))
        if kind < 2:
            yield "basic", tuple(_entry(random, each, False) for each in shape)
        elif kind < 4:
            yield "oindex", tuple(_entry(random, each, True) for each in shape)
        elif kind == 4:
            npoints = int(random.integers(1, 12))
            yield "vindex", tuple(random.integers(0, each, npoints) for each in shape)
        else:
            yield "vindex", random.random(shape) < random.choice([0.01, 0.3])


def picked(data: np.ndarray[Any, Any], how: str, selection: Any) -> np.ndarray[Any, Any]:
    """What numpy selects."""
    if how != "oindex":
        return data[selection]
    result, axis = data, 0
    for entry in selection:
        result = result[(slice(None),) * axis + (entry,)]
        axis += not isinstance(entry, int)
    return result


def indexed(array: Any, how: str) -> Any:
    return array if how == "basic" else getattr(array, how)
