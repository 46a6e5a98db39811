# SPDX-License-Identifier: MIT
"""Threads, children and other processes on one sharded array.

ZARRC_ROUNDS sets how often each thread writes.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.storage import LocalStore, MemoryStore

import zarrc

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("ZARRC_ROUNDS", "4"))
THREADS = 16
EDGE, GRID = 4, 16  # inner chunks of 4 x 4, 16 x 16 of them
SIDE = EDGE * GRID
# Inner chunk (r, c) belongs to thread (r + c) % 16, so that what a thread writes lies between what all others write.
OWNER = np.add.outer(np.arange(GRID), np.arange(GRID)) % THREADS
OWNER_OF_ELEMENT = np.kron(OWNER, np.ones((EDGE, EDGE), "i8"))


def write_slices(array: Any, i: int, value: int) -> None:
    for r, c in zip(*np.nonzero(OWNER == i), strict=True):
        array[r * EDGE : (r + 1) * EDGE, c * EDGE : (c + 1) * EDGE] = value


def write_axes(array: Any, i: int, value: int) -> None:
    shuffled = np.array([2, 0, 3, 1])
    for r, c in zip(*np.nonzero(OWNER == i), strict=True):
        array.oindex[r * EDGE + shuffled, c * EDGE + shuffled[::-1]] = value


def write_points(array: Any, i: int, value: int) -> None:
    array.vindex[np.nonzero(OWNER_OF_ELEMENT == i)] = value


def write_mask(array: Any, i: int, value: int) -> None:
    array.vindex[OWNER_OF_ELEMENT == i] = value


WRITERS = (write_slices, write_axes, write_points, write_mask)  # each writes an inner chunk in one go


def rounds_of(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The round in which each element was written; asserts that its owner wrote it."""
    assert ((values % 100 == OWNER_OF_ELEMENT) | (values < 0)).all()
    rounds: np.ndarray[Any, Any] = values // 100
    return rounds


def read_whole(array: Any) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = array[...]
    return values


def read_rows(array: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([array[r : r + 1] for r in range(SIDE)])


def read_axes(array: Any) -> np.ndarray[Any, Any]:
    shuffled = np.roll(np.arange(SIDE), 5)
    return np.roll(array.oindex[shuffled, np.arange(SIDE)], -5, axis=0)


def read_points(array: Any) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = array.vindex[tuple(np.indices((SIDE, SIDE)))]
    return values


READERS = (read_whole, read_axes, read_points, read_rows)


@pytest.mark.parametrize("dtype", ["i4", str])
@pytest.mark.parametrize("shard", [SIDE, SIDE // 2])
@pytest.mark.parametrize("where", ["local", "memory"])
def test_readers_and_writers(where: str, shard: int, dtype: Any, tmp_path: Path) -> None:
    """No write is lost, no inner chunk is seen half written, and what was seen stays."""
    store: Any = LocalStore(tmp_path) if where == "local" else MemoryStore()
    array = zarr.create_array(store, shape=(SIDE, SIDE), chunks=(EDGE, EDGE), shards=(shard, shard), dtype=dtype)
    text = dtype is str
    array[...] = np.full((SIDE, SIDE), "-1", object) if text else -1
    stop = threading.Event()
    start = threading.Barrier(2 * THREADS)

    def numbers(values: Any) -> np.ndarray[Any, Any]:
        return np.asarray(values).astype("i8")

    def write(i: int) -> None:
        start.wait()
        for k in range(ROUNDS):
            writers = WRITERS if not text else WRITERS[2:]
            value: Any = k * 100 + i
            writers[(i + k) % len(writers)](array, i, str(value) if text else value)
            mine = numbers(read_whole(array))[OWNER_OF_ELEMENT == i]
            assert (mine == value).all()

    def read(i: int) -> int:
        start.wait()
        seen = np.full((SIDE, SIDE), -1)
        turns = 0
        while not stop.is_set() or not turns:
            which = READERS[(i + turns) % 3] if turns % 4 or text else READERS[3]
            rounds = rounds_of(numbers(which(array)))
            assert (rounds >= seen).all()
            blocks = rounds.reshape(GRID, EDGE, GRID, EDGE)
            if which is not read_rows:
                assert (blocks == blocks[:, :1, :, :1]).all()
            seen = rounds
            turns += 1
        return turns

    with ThreadPoolExecutor(2 * THREADS) as pool:
        readers = [pool.submit(read, i) for i in range(THREADS)]
        writers = [pool.submit(write, i) for i in range(THREADS)]
        try:
            for writer in writers:
                writer.result()
        finally:
            stop.set()
        assert all(reader.result() for reader in readers)
    np.testing.assert_array_equal(numbers(array[...]), (ROUNDS - 1) * 100 + OWNER_OF_ELEMENT)
    assert not any(name.startswith("fallback") for name in zarrc.counters())


def test_parts_of_inner_chunks(tmp_path: Path) -> None:
    """Threads that each write their own rows of the same inner chunks."""
    array = zarr.create_array(tmp_path, shape=(SIDE, SIDE), chunks=(SIDE, EDGE), shards=(SIDE, SIDE), dtype="i4")
    array[...] = -1

    def write(i: int) -> None:
        for k in range(ROUNDS):
            rows = np.arange(i, SIDE, THREADS)
            if (i + k) % 2:
                array.oindex[rows[[1, 0, 3, 2]], :] = k
            else:
                array[i::THREADS] = k

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    assert (array[...] == ROUNDS - 1).all()


def sum_of(array: Any, at: Any) -> tuple[int, bool, int]:
    """What a process sees: a sum, whether the pipeline is zarrc's, and the batches it served."""
    total = int(array[at].sum())
    return total, isinstance(array._async_array.codec_pipeline, zarrc.CodecPipeline), zarrc.counters()["read"]


@pytest.fixture
def filled(tmp_path: Path) -> Any:
    array = zarr.create_array(tmp_path / "a", shape=(64, 64), chunks=(4, 4), shards=(32, 32), dtype="i4")
    array[...] = np.arange(64 * 64).reshape(64, 64)
    return array


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_pickled_array_in_another_process(method: str, filled: Any) -> None:
    parts = [(slice(i, i + 16), slice(None)) for i in range(0, 64, 16)]
    expected = [int(filled[part].sum()) for part in parts]
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        results = list(pool.map(sum_of, [filled] * len(parts), parts))
    assert [total for total, _, _ in results] == expected
    assert all(ours and served for _, ours, served in results)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore")
def test_forked_children_read_and_write(filled: Any) -> None:
    """Children made while threads of the parent read: each has its own pool."""
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            assert int(filled[...].sum()) >= 0

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        children = []
        for i in range(4):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    one = zarr.open_array(filled.store, mode="r+")
                    ok = (one[...] == np.arange(64 * 64).reshape(64, 64)).all()
                    one[16 * i : 16 * i + 16 : 2, ::3] = one[16 * i : 16 * i + 16 : 2, ::3]
                    code = 0 if ok else 2
                finally:
                    os._exit(code)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        stop.set()
        for reader in readers:
            reader.result()
    assert codes == [0] * 4
    np.testing.assert_array_equal(filled[...], np.arange(64 * 64).reshape(64, 64))
