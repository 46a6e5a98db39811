# SPDX-License-Identifier: MIT
"""Those who write different parts of one chunk or shard at once lose nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.storage import LocalStore, LoggingStore, MemoryStore

import zarrc
from zarrc import _locks
from zarrc._locks import Locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITERS = 8
SHAPE = (32, 24)


class Subclassed(LocalStore):
    """Its own methods have to be called."""


STORES = ["local", "memory", "subclass", "wrapper"]


def make(where: str, path: Path) -> Any:
    if where == "local":
        return LocalStore(path)
    if where == "memory":
        return MemoryStore()
    return Subclassed(path) if where == "subclass" else LoggingStore(MemoryStore(), log_level="ERROR")


def rows_of(i: int) -> np.ndarray[Any, Any]:
    """The rows of one writer: no progression."""
    rows = np.arange(SHAPE[0])
    return np.roll(rows[rows % WRITERS == i], 1)


def by_lists(array: Any, i: int) -> None:
    for _ in range(3):
        array.oindex[rows_of(i), [0, 1, 3, 7, 15, 20, 23]] = i


def by_points(array: Any, i: int) -> None:
    rows, columns = np.meshgrid(rows_of(i), [0, 1, 3, 7, 15, 20, 23])
    for _ in range(3):
        array.vindex[rows.ravel(), columns.ravel()] = i


def by_mask(array: Any, i: int) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[np.ix_(rows_of(i), [0, 1, 3, 7, 15, 20, 23])] = True
    for _ in range(3):
        array.set_mask_selection(mask, i)


def by_steps(array: Any, i: int) -> None:
    for column in (0, 1, 3, 7, 15, 20, 23):
        array[i::WRITERS, column] = i


def expected() -> np.ndarray[Any, Any]:
    result = np.full(SHAPE, -1)
    for i in range(WRITERS):
        result[np.ix_(rows_of(i), [0, 1, 3, 7, 15, 20, 23])] = i
    return result


@pytest.mark.parametrize("how", [by_lists, by_points, by_mask, by_steps])
@pytest.mark.parametrize("where", STORES)
def test_threads(where: str, how: Any, tmp_path: Path) -> None:
    for kind in ({"chunks": (4, 6), "shards": SHAPE}, {"chunks": SHAPE}):
        array = zarr.create_array(make(where, tmp_path / "a"), shape=SHAPE, dtype="i4", overwrite=True, **kind)
        array[...] = -1
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda i, array=array: how(array, i), range(WRITERS)))
        np.testing.assert_array_equal(array[...], expected())
    assert _locks.held() == 0


@pytest.mark.parametrize("where", STORES)
def test_threads_with_texts(where: str, tmp_path: Path) -> None:
    array = zarr.create_array(make(where, tmp_path / "a"), shape=(64,), chunks=(64,), dtype=str)

    def write(i: int) -> None:
        for k in range(i, 64, WRITERS):
            array.vindex[[k]] = f"text {k}"

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert array[:].tolist() == [f"text {k}" for k in range(64)]


@pytest.mark.parametrize("where", STORES)
def test_an_event_loop_for_each_thread(where: str, tmp_path: Path) -> None:
    store = make(where, tmp_path / "a")
    array = zarr.create_array(store, shape=SHAPE, chunks=(4, 6), shards=SHAPE, dtype="i4")
    array[...] = -1
    inner = array._async_array

    async def write(i: int) -> None:
        await asyncio.gather(*(inner.setitem((int(row), slice(None)), i) for row in rows_of(i)))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda i: asyncio.run(write(i)), range(WRITERS)))
    np.testing.assert_array_equal(array[:, 0], np.arange(SHAPE[0]) % WRITERS)
    assert _locks.held() == 0


def test_processes(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(4, 6), shards=SHAPE, dtype="i4")
    array[...] = -1
    code = """
import sys, test_writers, zarr, zarrc
zarrc.install()
array = zarr.open_array(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for how in (test_writers.by_lists, test_writers.by_points, test_writers.by_mask):
    how(array, int(sys.argv[2]))
"""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([os.path.dirname(__file__), *sys.path]))
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "a"), str(i)],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for i in range(3)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    for child in children:
        child.communicate("go\n")
        assert child.returncode == 0
    done = expected()
    done[done > 2] = -1
    np.testing.assert_array_equal(array[...], done)


# ------------------------------------------------------------------------------------------------------- the locks


def test_locks_of_threads_and_coroutines_exclude_each_other() -> None:
    inside = 0
    most = 0
    runs = 0

    def enter() -> None:
        nonlocal inside, most, runs
        inside += 1
        most = max(most, inside)
        runs += 1
        inside -= 1

    def thread(names: list[str]) -> None:
        for _ in range(50):
            with Locks(names):
                enter()

    async def coroutine(names: list[str]) -> None:
        for _ in range(50):
            async with Locks(names):
                await asyncio.sleep(0)
                enter()

    async def coroutines() -> None:
        await asyncio.gather(*(coroutine(names) for names in (["a", "b"], ["b", "a"], ["a"])))

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(thread, names) for names in (["a", "b"], ["b", "a"], ["a", "c"])]
        jobs += [pool.submit(asyncio.run, coroutines()) for _ in range(2)]
        for job in jobs:
            job.result()
    assert most == 1 and runs == 9 * 50 and _locks.held() == 0


def test_who_is_cancelled_while_waiting_leaves_no_lock() -> None:
    async def main() -> None:
        async with Locks(["x"]):
            waiting = asyncio.create_task(Locks(["w", "x"]).__aenter__())
            while _locks.held() < 2:
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert _locks.held() == 0

    asyncio.run(main())


def test_a_coroutine_that_nobody_goes_on_with_gives_its_lock_back() -> None:
    @types.coroutine
    def pause() -> Iterator[None]:
        yield

    async def hold() -> None:
        async with Locks(["x"]):
            await pause()

    held = hold()
    held.send(None)
    assert _locks.held() == 1
    with _locks._mutex:
        del held  # as the garbage collector may, while this thread has the mutex
        gc.collect()
    with Locks(["y"]):
        pass
    assert _locks.held() == 0


def test_a_waiting_thread_gives_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_locks, "PATIENCE_SECONDS", 0.01)
    with Locks(["x"]):
        with ThreadPoolExecutor(1) as pool, pytest.raises(TimeoutError, match="x: another writer"):
            pool.submit(Locks(["x"]).__enter__).result()
    assert _locks.held() == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_inherits_no_lock() -> None:
    mine = Locks(["x"])
    with mine:
        child = os.fork()
        if child == 0:
            ok = _locks.held() == 0
            with Locks(["x"]):
                mine._release()  # of the parent
                ok = ok and _locks.held() == 1
            os._exit(0 if ok and _locks.held() == 0 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert _locks.held() == 1


def test_threads_meet_in_one_lock_whatever_wraps_the_store(tmp_path: Path) -> None:
    inner = MemoryStore()
    zarr.create_array(inner, shape=(8, 64), chunks=(1, 64), shards=(8, 64), dtype="i4")[...] = -1
    arrays = [zarr.open_array(inner), zarr.open_array(LoggingStore(inner, log_level="ERROR"))]
    ready = threading.Barrier(2)

    def write(i: int) -> None:
        ready.wait()
        for k in range(i, 64, 2):
            arrays[i][:, k] = k

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    assert (arrays[0][...] == np.arange(64)).all()


# ------------------------------------------------------------------------------------------------------- the guard


@pytest.mark.parametrize("where", ["local", "memory"])
def test_guard_refuses_parts_of_shards(where: str, tmp_path: Path) -> None:
    array = zarr.create_array(make(where, tmp_path), shape=(10, 8), chunks=(2, 2), shards=(4, 8), dtype="i4")
    plain = zarr.create_array(MemoryStore(), shape=(10, 8), chunks=(4, 8), dtype="i4")
    array[...] = 1
    with zarr.config.set({"codec_pipeline.guard_unaligned_writes": True}):
        array[0:8] = 2  # whole shards
        array[8:10] = 3  # all of one that lies in the array
        plain[1] = 4  # not a shard
        with pytest.raises(zarrc.UnalignedWriteError, match=r"c/0/0: \[1:3, 0:8\].*\(4, 8\).*guard_unaligned"):
            array[1:3] = 5
        with pytest.raises(zarrc.UnalignedWriteError, match=r"c/1/0: \[<2 indices>, <2 indices>\]"):
            array.vindex[[5, 5], [1, 2]] = 5
    np.testing.assert_array_equal(array[:, 0], [2] * 8 + [3] * 2)
    array[1:3] = 5
    assert array[1, 1] == 5
