# SPDX-License-Identifier: MIT
"""Work that is stopped: Ctrl-C, cancelled tasks, the end of the process. Far fewer chunks are written than were to be,
none by half, and none afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
import zarr.core.sync
from zarr.codecs import ZstdCodec
from zarr.storage import MemoryStore

import zarrc.codecs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NCHUNKS = 400
EDGE = 1 << 17


def create(path: Path, shards: int | None = None) -> zarr.Array:
    """Chunks that take long to write."""
    return zarr.create_array(
        path, shape=(NCHUNKS * EDGE,), chunks=(EDGE,), dtype="u2", compressors=ZstdCodec(level=19), shards=shards
    )


def values() -> np.ndarray:
    one = np.random.default_rng(1).integers(1, 50, EDGE, dtype="u2")
    return np.broadcast_to(one, (NCHUNKS, EDGE)).reshape(-1)


def stored(path: Path) -> list[str]:
    return [each.name for each in path.glob("c/*")]


PROGRAM = """
import sys, signal
sys.path.insert(0, sys.argv[3])
import test_cancel, zarr, zarrc
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv[2] == "open":
    array = zarrc.open(sys.argv[1], "r+")
else:
    zarrc.install()
    array = zarr.open_array(sys.argv[1], mode="r+")
data = test_cancel.values()
print("begins", flush=True)
try:
    array[:] = data
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("how", ["open", "pipeline"])
def test_ctrl_c(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    create(path)
    program = [sys.executable, "-c", PROGRAM, str(path), how, str(Path(__file__).parent)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begins\n"
        while not stored(path) and child.poll() is None:
            time.sleep(0)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "interrupted\n"
    assert child.returncode == 0
    names = stored(path)
    assert len(names) < NCHUNKS / 2
    assert all(name.isdigit() for name in names), "temporary files are left"


@pytest.mark.parametrize("shards", [None, NCHUNKS * EDGE])
def test_a_cancelled_task(shards: int | None, tmp_path: Path) -> None:
    array = create(tmp_path / "a", shards)._async_array
    data = values()

    async def cancelled() -> None:
        task = asyncio.ensure_future(array.setitem(slice(None), data))
        while not threads_are_busy():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not threads_are_busy()

    asyncio.run(cancelled())
    names = stored(tmp_path / "a")
    assert len(names) < (NCHUNKS / 2 if shards is None else 1)
    assert all(name.isdigit() for name in names)
    with zarr.config.set({"codec_pipeline.inline_bytes": 0}):  # others are not stopped
        small = zarr.create_array(tmp_path / "b", shape=(8,), chunks=(2,), dtype="i4")
        small[:] = 3
        assert small[:].tolist() == [3] * 8


def threads_are_busy() -> bool:
    from zarrc import _threads

    return any(job.running() for threads in _threads._all for job in list(threads._running))


def test_others_go_on(tmp_path: Path) -> None:
    """Of two batches at once only the cancelled one stops."""
    one, other = (create(tmp_path / name)._async_array for name in "ab")
    data = values()

    async def both() -> None:
        first = asyncio.ensure_future(one.setitem(slice(None), data))
        second = asyncio.ensure_future(other.setitem(slice(0, 6 * EDGE), data[: 6 * EDGE]))
        while not stored(tmp_path / "b"):
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second

    asyncio.run(both())
    assert len(stored(tmp_path / "b")) == 6
    assert len(stored(tmp_path / "a")) < NCHUNKS / 2


@contextmanager
def interrupted(when: Callable[[], bool]) -> Iterator[list[asyncio.Task[Any]]]:
    """Sends Ctrl-C as soon as a condition holds; the tasks of zarr-python's event loop at that moment."""
    over = threading.Event()
    tasks: list[asyncio.Task[Any]] = []

    def send() -> None:
        while not when():
            if over.is_set():
                return
            time.sleep(0)
        tasks.extend(asyncio.all_tasks(zarr.core.sync._get_loop()))
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield tasks
    finally:
        over.set()
        sender.join()
        signal.signal(signal.SIGINT, before)


def are_stopped(tasks: list[asyncio.Task[Any]]) -> bool:
    """Waits for tasks; whether none of them came to its end."""

    async def ends() -> list[Any]:
        return await asyncio.gather(*tasks, return_exceptions=True)

    return bool(tasks) and all(
        isinstance(each, asyncio.CancelledError) or str(each) == "canceled"
        for each in zarr.core.sync.sync(ends())
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_a_write_of_the_synchronous_interface(workers: int, tmp_path: Path) -> None:
    """The process goes on, the write does not."""
    data = values()
    with zarr.config.set({"codec_pipeline.max_workers": workers}):
        array = create(tmp_path / "a")
        with interrupted(lambda: bool(stored(tmp_path / "a"))) as tasks:
            array[:] = data
        assert are_stopped(tasks)
    names = stored(tmp_path / "a")
    assert len(names) < NCHUNKS / 2
    assert all(name.isdigit() for name in names), "temporary files are left"


def test_ctrl_c_stops_a_read_of_the_synchronous_interface(tmp_path: Path) -> None:
    n, edge = 16000, 1 << 22  # some seconds
    array = zarr.create_array(
        tmp_path / "a", shape=(n * edge,), chunks=(edge,), dtype="u1", compressors=zarr.codecs.GzipCodec()
    )
    array[:edge] = 1
    for i in range(1, n):
        os.link(tmp_path / "a" / "c" / "0", tmp_path / "a" / "c" / str(i))
    with interrupted(threads_are_busy) as tasks:
        array[edge - 1 :: edge]
    assert are_stopped(tasks)


class Silent(MemoryStore):
    """Does not answer when it is asked for a chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.cancelled = threading.Event(), threading.Event()

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        if not key.startswith("c/"):
            return await super().get(key, *args, **kwargs)
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


@pytest.mark.parametrize("nchunks", [1, 5])
def test_ctrl_c_stops_the_requests_to_a_store(nchunks: int) -> None:
    store = Silent()
    array = zarr.create_array(store, shape=(nchunks,), chunks=(1,), dtype="u1")
    with interrupted(store.asked.is_set) as tasks:
        array[:]
    assert store.cancelled.wait(60)  # it would wait for ever
    assert are_stopped(tasks)


def test_threads_that_still_wait_are_served(tmp_path: Path) -> None:
    """Who was interrupted is told apart: another thread waits for its write, and it gets done."""
    one, other = (create(tmp_path / name) for name in "ab")
    data = values()
    writer = threading.Thread(target=other.__setitem__, args=(slice(0, 12 * EDGE), data[: 12 * EDGE]))
    writer.start()
    with interrupted(lambda: bool(stored(tmp_path / "a") and stored(tmp_path / "b"))) as tasks:
        one[:] = data
    writer.join()
    assert len(stored(tmp_path / "b")) == 12
    assert not are_stopped(tasks)  # but one of them
    assert len(stored(tmp_path / "a")) < NCHUNKS / 2


def test_a_handler_that_returns_stops_nothing(tmp_path: Path) -> None:
    array = create(tmp_path / "a")
    data = values()[: 6 * EDGE]
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(len(stored(tmp_path / "a"))))

    def send() -> None:
        while not stored(tmp_path / "a"):
            time.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        array[: 6 * EDGE] = data
        sender.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert came
    assert len(stored(tmp_path / "a")) == 6


@pytest.mark.parametrize(
    "codec",
    [zarrc.codecs.ZstdCodec(level=19), zarrc.codecs.BloscCodec(typesize=2, cname="zstd", clevel=9, shuffle="noshuffle")],
    ids=["zstd", "blosc"],
)
def test_ctrl_c_stops_the_call_of_a_codec(codec: Any) -> None:
    """The handler runs while the call is under way: memory that the call looks at cannot get another size."""
    data = bytearray(np.random.default_rng(1).integers(1, 50, 1 << 22, dtype="u2").tobytes())
    native = zarrc.codecs._codec(codec)
    during: list[bool] = []
    over = threading.Event()

    def handle(number: int, frame: Any) -> None:
        try:
            data.append(0)
            data.pop()
        except BufferError:
            during.append(True)
            raise KeyboardInterrupt from None

    def send() -> None:
        while not over.is_set() and not during:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0)

    before = signal.signal(signal.SIGINT, handle)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            native.encode(data)
    finally:
        over.set()
        sender.join()
        signal.signal(signal.SIGINT, before)
    assert during
