# SPDX-License-Identifier: MIT
"""Work that is stopped: Ctrl-C, cancelled tasks, the end of the process. Far fewer chunks are written than were to be,
none by half, and none afterwards."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.codecs import ZstdCodec


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
