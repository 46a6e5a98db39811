# SPDX-License-Identifier: MIT
"""Where a batch is worked on: on the event loop, or by another thread."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
import zarr

import zarrc
from zarrc import _inline


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_inline, "_crowded_until", 0.0)


def test_a_loop_that_nobody_waits_for() -> None:
    async def alone() -> None:
        _inline.look_around()

    asyncio.run(alone())
    assert _inline.nbytes([None]) == _inline.ALONE_NBYTES
    assert _inline.nbytes([None], write=True) == _inline.WRITE_NBYTES
    assert _inline.nbytes([None] * (_inline.MAX_CHUNKS + 1)) == 0


def test_a_loop_that_others_wait_for() -> None:
    async def crowded() -> None:
        asyncio.get_running_loop().call_soon(print)
        _inline.look_around()

    asyncio.run(crowded())
    assert _inline.nbytes([None]) == _inline.CROWDED_NBYTES


def test_a_loop_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "get_running_loop", object)
    _inline.look_around()
    assert _inline.nbytes([None]) == _inline.CROWDED_NBYTES


@pytest.mark.parametrize("nbytes", [0, 5, 1 << 30])
def test_the_setting(nbytes: int) -> None:
    with zarr.config.set({"codec_pipeline.inline_bytes": nbytes}):
        assert _inline.nbytes([None]) == nbytes
        assert _inline.nbytes([None], write=True) == nbytes


@pytest.mark.parametrize(("inline", "same"), [(None, True), (0, False), (1 << 16, False)])
def test_the_thread_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inline: int | None, same: bool
) -> None:
    """A chunk of 256 KiB."""
    with zarr.config.set({"codec_pipeline.path": "zarrc.CodecPipeline"}):
        array = zarr.create_array(tmp_path / "a", shape=(1 << 18,), chunks=(1 << 17,), dtype="u2")
    array[:] = np.arange(1 << 18, dtype="u2")
    readers: list[str] = []
    read = zarrc._chain.Chain.read  # type: ignore[attr-defined]

    def noted(*args: object) -> object:
        found = read(*args)
        if found is not None:
            readers.append(threading.current_thread().name)
        return found

    monkeypatch.setattr("zarrc._chain.Chain.read", noted)
    changes = {} if inline is None else {"codec_pipeline.inline_bytes": inline}
    with zarr.config.set(changes):
        assert array[1 << 17 :][5] == 5
    assert len(readers) == 1
    assert (readers[0] == "zarr_io") is same
