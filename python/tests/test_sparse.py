# SPDX-License-Identifier: MIT
"""Selections of a few elements read and decode only the inner chunks that hold some of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec, TransposeCodec, ZstdCodec
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.dtype import get_data_type_from_native_dtype
from zarr.storage import LocalStore, MemoryStore, WrapperStore

import zarrc
from zarrc import _core
from zarrc._chain import Chain
from zarrc._selection import picks

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (64, 64)
INNER = (8, 8)
INNER_NBYTES = 8 * 8 * 4 + 4

# What is selected, and how many of the 64 inner chunks hold some of it.
GAPS_CAN_BE_SET = zarr.config.get("array.sharding_coalesce_max_gap_bytes", None) is not None  # not in zarr-python 3.1
SPARSE: list[tuple[str, Any, int]] = [
    ("vindex", ([0, 63], [63, 0]), 2),
    ("vindex", ([0, 1, 40, 41, 0], [0, 1, 50, 51, 3]), 2),
    ("vindex", ([5], [5]), 1),
    ("oindex", ([0, 63, 30], [1, 62]), 6),
    ("oindex", ([63, 0], 9), 2),
    ("oindex", (3, [0, 1, 60]), 2),
    ("oindex", ([0, 17, 40], slice(8, 16)), 3),
]


class Counting(WrapperStore[Any]):
    """Counts what is asked for of chunks."""

    nbytes = 0

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        value = await super().get(key, *args, **kwargs)
        if "c/" in key and value is not None:
            type(self).nbytes += len(value)
        return value

    if hasattr(WrapperStore, "get_ranges"):  # not in zarr-python 3.1

        async def get_ranges(self, key: str, byte_ranges: Any, **kwargs: Any) -> Any:
            async for group in super().get_ranges(key, byte_ranges, **kwargs):
                for _, value in group:
                    type(self).nbytes += len(value)
                yield group


def sharded(store: Any, **more: Any) -> Any:
    return zarr.create_array(
        store, shape=SHAPE, chunks=INNER, shards=SHAPE, dtype="i4", compressors=Crc32cCodec(), fill_value=0, **more
    )


def selected(array: Any, how: str, selection: Any) -> Any:
    return getattr(array, how)[selection]


@pytest.mark.parametrize(("how", "selection", "ninner"), SPARSE)
def test_fetches_only_what_is_touched(how: str, selection: Any, ninner: int) -> None:
    expected = np.arange(64 * 64, dtype="i4").reshape(SHAPE) + 1
    inner = MemoryStore()
    sharded(inner)[...] = expected
    array = zarr.open_array(Counting(inner))
    Counting.nbytes = 0
    index_nbytes = 64 * 16 + 4
    with zarr.config.set({"array.sharding_coalesce_max_gap_bytes": 0}):
        array = zarr.open_array(Counting(inner))
        Counting.nbytes = 0
        result = selected(array, how, selection)
    plain = zarr.open_array(inner)
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        np.testing.assert_array_equal(result, selected(zarr.open_array(inner), how, selection))
    np.testing.assert_array_equal(result, selected(plain, how, selection))
    if GAPS_CAN_BE_SET:
        assert Counting.nbytes == index_nbytes + ninner * INNER_NBYTES


@pytest.mark.parametrize(("how", "selection", "ninner"), SPARSE)
def test_decodes_only_what_is_touched(how: str, selection: Any, ninner: int, tmp_path: Path) -> None:
    """Every inner chunk that holds nothing of the selection is damaged; to decode one is an error."""
    array = sharded(LocalStore(tmp_path))
    expected = np.arange(64 * 64, dtype="i4").reshape(SHAPE) + 1
    array[...] = expected
    touched = np.zeros(SHAPE, bool)
    if how == "vindex":
        touched[tuple(np.asarray(each) for each in selection)] = True
    else:
        axes = [np.atleast_1d(np.arange(64)[entry]) for entry in selection]
        touched[np.ix_(*axes)] = True
    file = tmp_path / "c/0/0"
    data = bytearray(file.read_bytes())
    index = np.frombuffer(data[-(64 * 16 + 4) : -4], "<u8").reshape(8, 8, 2)
    wanted = touched.reshape(8, 8, 8, 8).any(axis=(1, 3))
    assert int(wanted.sum()) == ninner
    for at in np.argwhere(~wanted):
        data[int(index[tuple(at)][0])] ^= 0xFF
    file.write_bytes(data)
    result = selected(zarr.open_array(tmp_path), how, selection)
    at = tuple(np.ix_(*[np.atleast_1d(np.arange(64)[entry]) for entry in selection])) if how == "oindex" else selection
    np.testing.assert_array_equal(np.ravel(result), np.ravel(expected[at]))
    with pytest.raises(zarrc.CorruptError, match="c/0/0: inner chunk"):
        zarr.open_array(tmp_path)[...]
    # a write of the same elements decodes no others either, and keeps their bytes
    accessor = getattr(zarr.open_array(tmp_path, mode="r+"), how)
    accessor[selection] = 7
    assert (np.asarray(selected(zarr.open_array(tmp_path), how, selection)) == 7).all()
    with pytest.raises(zarrc.CorruptError):
        zarr.open_array(tmp_path)[...]


def test_points_of_a_missing_shard(tmp_path: Path) -> None:
    for store in (LocalStore(tmp_path), MemoryStore(), Counting(MemoryStore())):
        array = sharded(store)
        assert array.vindex[[1, 50], [2, 60]].tolist() == [0, 0]
        array.vindex[[1, 50], [2, 60]] = [5, 6]
        assert array.vindex[[50, 1, 2], [60, 2, 2]].tolist() == [6, 5, 0]
        with zarr.config.set({"array.read_missing_chunks": False}):
            assert zarr.open_array(store).vindex[[1], [2]].tolist() == [5]


# ------------------------------------------------------------------------------------ anything that numpy selects

SELECTIONS: list[Any] = [
    (slice(None), slice(2, 5)),
    (3, slice(None, None, 2)),
    (slice(None, None, -1), slice(None)),
    (np.array([2, 0, 5]), slice(1, 4)),
    (slice(1, 4), np.array([-1, 0])),
    (np.array([2, 0, 5]), np.array([1, 1, 3])),
    (np.array([[0], [5]]), np.array([[1, 2, 3]])),
    (np.array([[0, 1], [2, 3]]), np.array([[3, 2], [1, 0]])),
    (2, np.array([1, 3])),
    (np.array([True, False, True, False, True, False]), slice(None)),
    (np.array([True, False, True, False, True, False]), 2),
    np.arange(42).reshape(6, 7) % 5 == 0,
    (Ellipsis, 3),
    (np.array([], int), slice(None)),
    (np.array([], int), np.array([], int)),
    np.array([4, 4, 1]),
    (),
]
CHAINS: list[list[Any]] = [
    [BytesCodec(), ZstdCodec()],
    [TransposeCodec(order=(1, 0)), BytesCodec(endian="big")],
    [ShardingCodec(chunk_shape=(2, 7), codecs=[BytesCodec(), ZstdCodec()])],
    [ShardingCodec(chunk_shape=(3, 1), codecs=[BytesCodec()]), Crc32cCodec()],
]


def spec_of(shape: tuple[int, ...], dtype: str) -> ArraySpec:
    kind = get_data_type_from_native_dtype(np.dtype(dtype))
    return ArraySpec(shape, kind, kind.default_scalar(), ArrayConfig.from_dict({}), default_buffer_prototype())


@pytest.mark.parametrize("number", range(len(SELECTIONS)))
@pytest.mark.parametrize("chain", range(len(CHAINS)))
def test_selects_as_numpy_does(number: int, chain: int) -> None:
    selection = SELECTIONS[number]
    chunk = np.arange(42, dtype="i4").reshape(6, 7) + 1
    expected = chunk[selection]
    assert picks(selection, chunk.shape).shape == expected.shape
    native = Chain(CHAINS[chain])
    bound = native.bind(spec_of(chunk.shape, "i4"))
    data = native.encode(bound, chunk, False)
    everywhere = tuple(slice(0, n) for n in expected.shape)
    for order, wide in (("C", 1), ("F", 1), ("C", 3)):
        whole = np.zeros(tuple(n * wide for n in expected.shape), "i4", order=order)
        out = whole[tuple(slice(0, None, wide) for _ in expected.shape)]
        assert native.read(bound, [(None, None, selection, everywhere, False)], [data], out) == [True]
        np.testing.assert_array_equal(out, expected)
    value = np.asarray(-expected)
    new = native.write(bound, [(None, None, selection, everywhere, False)], [data], value)
    assert new is not None
    chunk[selection] = value
    if new[0] is _core.UNCHANGED:
        assert expected.size == 0
    else:
        np.testing.assert_array_equal(native.decode(bound, new[0]), chunk)


@pytest.mark.parametrize("selection", [(6, 0), (np.array([0, 6]), 0), (np.array([-7]), slice(None)), (0, 0, 0), ([0.5], 0)])
def test_outside_is_an_index_error(selection: Any) -> None:
    native = Chain(CHAINS[0])
    bound = native.bind(spec_of((6, 7), "i4"))
    for source in (None, native.encode(bound, np.ones((6, 7), "i4"), False)):
        with pytest.raises(IndexError):
            native.read(bound, [(None, None, selection, (), False)] * 2, [source] * 2, np.zeros((), "i4"))


def test_metadata_of_every_type_can_be_stacked() -> None:
    """Lists and points go to the library as selections of an array, whose metadata are made from the chain."""
    for dtype in ("?", "u1", "f2", "c16", "M8[s]", "m8[10us]", "S3", "U2", "V5", [("a", "<i2"), ("b", ">f4")]):
        kind = np.dtype(dtype)
        chunk = np.frombuffer(bytes(range(40 * kind.itemsize % 97)) * 200, "u1")[: 40 * kind.itemsize]
        chunk = (np.arange(40) % 2 == 0 if dtype == "?" else chunk.view(kind)).reshape(8, 5)
        if dtype == "U2":
            chunk = np.full((8, 5), "üa")
        array = zarr.create_array(MemoryStore(), shape=(8, 5), chunks=(8, 5), dtype=kind)
        array[...] = chunk
        assert np.asarray(array.vindex[[7, 0], [0, 3]]).tobytes() == chunk[[7, 0], [0, 3]].tobytes(), dtype
        assert np.asarray(array.oindex[[7, 0], [0, 3]]).tobytes() == chunk[np.ix_([7, 0], [0, 3])].tobytes(), dtype
    assert json.dumps(zarrc.counters()).find("fallback") < 0
