# SPDX-License-Identifier: MIT
"""The pipeline against numpy, on every kind of store, natively."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from zarr.storage import LocalStore, MemoryStore, ZipStore

import zarrc

if TYPE_CHECKING:
    from pathlib import Path

KINDS: dict[str, dict[str, Any]] = {
    "plain": {"chunks": (4, 5)},
    "uncompressed": {"chunks": (3, 7), "compressors": None},
    "big-endian": {"chunks": (4, 5), "dtype": ">f8"},
    "sharded": {"chunks": (2, 5), "shards": (4, 10)},
    "transposed": {"chunks": (4, 6), "filters": [TransposeCodec(order=(1, 0))]},
    "blosc": {"chunks": (5, 5), "compressors": BloscCodec(cname="lz4")},
    "gzip-crc": {"chunks": (5, 5), "compressors": [GzipCodec(level=1), Crc32cCodec()]},
    "float16": {"chunks": (4, 4), "dtype": "f2"},
    "datetime": {"chunks": (4, 4), "dtype": "M8[ms]"},
    "bytes": {"chunks": (4, 4), "dtype": "S3"},
    "text": {"chunks": (4, 4), "dtype": "U4"},
    "struct": {"chunks": (4, 4), "dtype": [("a", "<i2"), ("b", "<f4")]},
    "v2": {"chunks": (4, 4), "zarr_format": 2},
    "v2-F": {"chunks": (4, 4), "zarr_format": 2, "order": "F"},
    "v2-big": {"chunks": (4, 4), "zarr_format": 2, "dtype": ">i4"},
}
SELECTIONS: list[tuple[str, Any]] = [
    ("basic", (3,)),
    ("basic", (slice(None), 4)),
    ("basic", (3, 4)),
    ("basic", (slice(1, 9, 3), slice(None, None, 2))),
    ("basic", (slice(0, 0), slice(None))),
    ("oindex", ([1, 7, 3], [2, 5, 19])),
    ("oindex", ([1, 7, 3], 4)),
    ("oindex", (2, [19, 0, 4])),
    ("oindex", ([0, 4, 8], slice(1, 20, 6))),
    ("oindex", (np.arange(10) % 3 == 0, slice(3, 17))),
    ("vindex", ([1, 7, 3, 1], [2, 5, 19, 0])),
]


def values(kind: dict[str, Any], shape: tuple[int, int] = (10, 20)) -> np.ndarray[Any, Any]:
    dtype = np.dtype(kind.get("dtype", "i4"))
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    if dtype.names:
        result = np.empty(shape, dtype)
        for name in dtype.names:
            result[name] = numbers
        return result
    return numbers.astype(dtype)


def in_numpy(array: np.ndarray[Any, Any], how: str, selection: Any) -> Any:
    """The selection as numpy takes it, and for oindex the axes to squeeze."""
    if how != "oindex":
        return selection
    axes = [
        np.atleast_1d(np.arange(n)[entry]) for entry, n in zip(selection, array.shape, strict=True)
    ]
    crossed = list(np.ix_(*axes))
    return tuple(
        each[tuple(0 if isinstance(selection[i], int) else slice(None) for i in range(2))] for each in crossed
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_reads_and_writes_as_numpy_does(name: str, tmp_path: Path) -> None:
    kind = dict(KINDS[name])
    kind.setdefault("dtype", "i4")
    for store in (LocalStore(tmp_path / "a"), MemoryStore()):
        expected = values(kind)
        array = zarr.create_array(store, shape=expected.shape, **kind)
        array[...] = expected
        for how, selection in SELECTIONS:
            accessor = array if how == "basic" else getattr(array, how)
            at = in_numpy(expected, how, selection)
            np.testing.assert_array_equal(accessor[selection], expected[at], err_msg=f"{how} {selection}")
            new = np.roll(expected, 3)[at]
            accessor[selection] = new
            expected[at] = new
            np.testing.assert_array_equal(array[...], expected, err_msg=f"{how} {selection}")
    served = zarrc.counters()
    assert served["read"] > 0 and served["write"] > 0
    assert not any(key.startswith("fallback") for key in served)


def test_every_store(store: Any) -> None:
    expected = values({})
    array = zarr.create_array(store, shape=(10, 20), chunks=(2, 5), shards=(4, 10), dtype="i4")
    array[...] = expected
    if not isinstance(store, ZipStore):
        array[1:7, 3:11] = 5
        expected[1:7, 3:11] = 5
    np.testing.assert_array_equal(array[2:3, ::3], expected[2:3, ::3])
    np.testing.assert_array_equal(array[...], expected)


def test_wrapper_stores_are_not_unwrapped(tmp_path: Path) -> None:
    from zarr.storage import WrapperStore

    calls: list[str] = []

    class Counting(WrapperStore[LocalStore]):
        async def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
            calls.append(key)
            return await super().get(key, *args, **kwargs)

    array = zarr.create_array(Counting(LocalStore(tmp_path)), shape=(4,), chunks=(2,), dtype="i4")
    array[:] = 1
    calls.clear()
    assert array[:].tolist() == [1, 1, 1, 1]
    assert sorted(calls) == ["c/0", "c/1"]


def test_strings() -> None:
    expected = np.array(["", "a", "ü", "long " * 50, "e"], object)
    array = zarr.create_array(MemoryStore(), shape=(5,), chunks=(2,), dtype=str, compressors=ZstdCodec())
    array[:] = expected
    array[1:3] = np.array(["x", "y"], object)
    expected[1:3] = ["x", "y"]
    assert array[:].tolist() == expected.tolist()
    assert array.oindex[[4, 0]].tolist() == ["e", ""]


def test_array_order_and_strided_out(tmp_path: Path) -> None:
    expected = values({})
    array = zarr.create_array(tmp_path, shape=(10, 20), chunks=(3, 6), dtype="i4", config={"order": "F"})
    array[...] = np.asfortranarray(expected)
    assert array[...].flags.f_contiguous
    np.testing.assert_array_equal(array[...], expected)
    from zarr.core.buffer import cpu

    wide = np.zeros((20, 60), ">i4")
    out = wide[::-2, ::3]
    array.get_basic_selection((slice(None), slice(None)), out=cpu.NDBuffer.from_numpy_array(out))
    np.testing.assert_array_equal(out, expected)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [">M8", ">m8", "<M8", ">M8[s]", ">m8[10us]"])
@pytest.mark.parametrize("selection", [slice(0, 0), slice(1, 3), slice(0, 7, 2), [1, 5], slice(None)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_format_2_keeps_the_byte_order_of_times(dtype: str, selection: Any, order: str, tmp_path: Path) -> None:
    """numpy makes arrays of dates without a unit in native order, whatever order was asked for."""

    def numbers(times: Any) -> list[int]:
        return np.asarray(times).view(np.asarray(times).dtype.str[0] + "i8").tolist()  # type: ignore[no-any-return]

    expected = np.full(8, np.iinfo("i8").min)  # NaT
    given = np.arange(8, dtype=f"{order}i8").view(order + dtype[1:])
    store = MemoryStore()
    array = zarr.create_array(store, shape=(8,), chunks=(4,), dtype=dtype, zarr_format=2, compressors=None)
    array.oindex[(selection,)] = given[selection]
    expected[selection] = np.arange(8)[selection]
    assert [numbers(array[at]) for at in (slice(None), slice(2, 6))] == [expected.tolist(), expected[2:6].tolist()]
    assert numbers(array.oindex[([7, 0, 2],)]) == expected[[7, 0, 2]].tolist()
    for key, part in (("0", expected[:4]), ("1", expected[4:])):
        if key in store._store_dict:
            assert store._store_dict[key].to_bytes() == part.astype(f"{dtype[0]}i8").tobytes()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(("dtype", "element"), [(">f4", 5), (">i2", 5), (">M8[s]", 5), ("<U3", "a"), ("S3", b"a")])
def test_one_element_in_a_list_for_one_place(zarr_format: Any, dtype: str, element: Any) -> None:
    """The element of an array that is taken out of it is one of numpy's scalars, in native order and as short as can
    be; the bytes of the array are what is stored."""
    for shape, place in (((), ()), ((4,), 2), ((4, 4), (1, 2))):
        array = zarr.create_array({}, shape=shape, chunks=(2,) * len(shape), dtype=dtype, zarr_format=zarr_format)
        given = np.array([element]).astype(dtype)
        array[place] = given
        assert array[place] == given[0]


@pytest.mark.parametrize("write_empty", [False, True])
def test_write_empty_chunks(write_empty: bool, tmp_path: Path) -> None:
    array = zarr.create_array(
        tmp_path, shape=(4,), chunks=(2,), dtype="f4", fill_value=np.nan, config={"write_empty_chunks": write_empty}
    )
    array[:2] = np.nan
    assert (tmp_path / "c/0").exists() is write_empty
    array[:2] = 1
    array[:2] = np.nan
    assert (tmp_path / "c/0").exists() is write_empty
    assert np.isnan(array[:]).all()


def test_read_only_store_refuses(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i4")
    array[:] = 3
    before = (tmp_path / "c/0").read_bytes()
    with pytest.raises(ValueError, match="read-only"):
        zarr.open_array(tmp_path, mode="r")[:] = 4
    assert (tmp_path / "c/0").read_bytes() == before


def test_damage_is_named(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i4", compressors=[ZstdCodec(), Crc32cCodec()])
    array[:] = 3
    data = bytearray((tmp_path / "c/1").read_bytes())
    data[4] ^= 1
    (tmp_path / "c/1").write_bytes(data)
    with pytest.raises(ValueError, match="c/1.*crc32c") as caught:
        array[:]
    assert isinstance(caught.value, zarrc.CorruptError)
    store = MemoryStore()
    array = zarr.create_array(store, shape=(4,), chunks=(2,), dtype="i4")
    array[:] = 3
    asyncio.run(store.set("c/1", zarr.core.buffer.cpu.Buffer.from_bytes(b"nonsense")))
    with pytest.raises(RuntimeError, match="c/1"):
        array[:]


def test_strict_and_fallback(caplog: pytest.LogCaptureFixture) -> None:
    numcodecs = pytest.importorskip("numcodecs")

    class OwnLZ4(numcodecs.LZ4):  # type: ignore[misc]
        """A codec that the library does not know: a subclass may do something else."""

    make = {"shape": (4,), "chunks": (2,), "dtype": "i4", "zarr_format": 2, "compressors": OwnLZ4()}
    with pytest.raises(NotImplementedError, match="OwnLZ4"):
        zarr.create_array(MemoryStore(), **make)[:] = 1
    with zarr.config.set({"codec_pipeline.strict": False}), caplog.at_level("INFO", "zarrc"):
        array = zarr.create_array(MemoryStore(), **make)
        array[:] = 1
        assert array[:].tolist() == [1, 1, 1, 1]
    assert len([each for each in caplog.records if "OwnLZ4" in each.getMessage()]) == 1
    assert zarrc.counters()["fallback_read"] == 1


def test_pickle_and_equality(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i4")
    array[:] = [1, 2, 3, 4]
    again = pickle.loads(pickle.dumps(array))
    assert again == array
    assert again[:].tolist() == [1, 2, 3, 4]
    assert pickle.dumps(array) == pickle.dumps(array)


def test_has_what_zarrs_pipelines_have(tmp_path: Path) -> None:
    codecs = [TransposeCodec(order=(1, 0)), zarr.codecs.BytesCodec(), ZstdCodec(), Crc32cCodec()]
    ours = zarrc.CodecPipeline.from_codecs(codecs, batch_size=3)
    stock = zarr.core.codec_pipeline.BatchedCodecPipeline.from_codecs(codecs, batch_size=3)
    for name in ("array_array_codecs", "array_bytes_codec", "bytes_bytes_codecs", "batch_size"):
        assert getattr(ours, name) == getattr(stock, name)


@pytest.mark.parametrize("inline", [0, 1 << 20])
@pytest.mark.parametrize("where", ["local", "memory"])
def test_every_call_lets_the_event_loop_go_on(where: str, inline: int, tmp_path: Path) -> None:
    """Of several calls none ends before all have begun, also where they are answered at once."""
    store = LocalStore(tmp_path) if where == "local" else MemoryStore()
    array = zarr.create_array(store, shape=(8,), chunks=(2,), dtype="i4", fill_value=0)._async_array
    under_way, most = 0, 0

    async def call(at: int, write: bool) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if write:
            await array.setitem(slice(2 * at, 2 * at + 2), np.array([at, at], "i4"))
        else:
            assert np.asarray(await array.getitem(slice(2 * at, 2 * at + 2))).tolist() == [at, at]
        under_way -= 1

    async def calls(write: bool) -> int:
        nonlocal most
        most = 0
        await asyncio.gather(*(call(at, write) for at in range(4)))
        return most

    with zarr.config.set({"codec_pipeline.inline_bytes": inline}):
        assert asyncio.run(calls(True)) == 4
        assert asyncio.run(calls(False)) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_child_reads_after_fork(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(64, 64), chunks=(8, 8), dtype="i4")
    array[...] = 7
    assert (array[...] == 7).all()
    child = os.fork()
    if child == 0:
        os._exit(0 if (array[...] == 7).all() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("where", ["local", "memory"])
def test_threads_write_parts_of_one_shard(where: str, tmp_path: Path) -> None:
    store = LocalStore(tmp_path) if where == "local" else MemoryStore()
    array = zarr.create_array(store, shape=(64, 32), chunks=(2, 8), shards=(64, 32), dtype="i4")
    array[...] = -1
    stop = threading.Event()

    def read(_: int) -> bool:
        ok = True
        while not stop.is_set():
            rows = array[...]
            ok = ok and all(len(set(row)) == 1 and row[0] in (-1, i) for i, row in enumerate(rows.tolist()))
        return ok

    def write(i: int) -> None:
        for row in range(i, 64, 16):
            array[row, :] = row

    with ThreadPoolExecutor(32) as pool:
        readers = [pool.submit(read, i) for i in range(4)]
        list(pool.map(write, range(16)))
        stop.set()
        assert all(reader.result() for reader in readers)
    assert (array[...] == np.arange(64)[:, None]).all()


def test_one_worker_makes_no_thread(tmp_path: Path) -> None:
    code = """
import threading, zarr, zarrc, sys
zarrc.install()
array = zarr.create_array(sys.argv[1], shape=(64, 64), chunks=(8, 8), dtype="i4", overwrite=True)
array[...] = 7
before = set(threading.enumerate())
tasks = len(__import__("os").listdir("/proc/self/task"))
assert (array[...] == 7).all()
assert len(__import__("os").listdir("/proc/self/task")) == tasks
"""
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("no /proc")
    env = dict(os.environ, ZARR_CODEC_PIPELINE__MAX_WORKERS="1")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], check=True, env=env)


def test_fast_gzip(tmp_path: Path) -> None:
    """ISA-L's stream is another one than libdeflate's, and anybody reads it."""
    data = np.random.default_rng(1).integers(0, 50, 40000, dtype="i4")
    sizes = []
    for fast in (False, True):
        with zarr.config.set({"codec_pipeline.path": "zarrc.CodecPipeline", "codec_pipeline.fast_gzip": fast}):
            store = tmp_path / str(fast)
            array = zarr.create_array(store, data=data, chunks=data.shape, compressors=GzipCodec(level=5))
            np.testing.assert_array_equal(array[:], data)
            sizes.append((store / "c" / "0").stat().st_size)
        with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
            np.testing.assert_array_equal(zarr.open_array(store, mode="r")[:], data)
    assert sizes[0] != sizes[1]


def test_environment_chooses_the_pipeline(tmp_path: Path) -> None:
    code = "import zarr; print(type(zarr.create_array({}, shape=1, dtype='i4')._async_array.codec_pipeline))"
    env = dict(os.environ, ZARR_CODEC_PIPELINE__PATH="zarrc.CodecPipeline")
    done = subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True, text=True)
    assert "zarrc.CodecPipeline" in done.stdout
