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


def test_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that are answered at once take turns, however short a time ago the last one was."""
    monkeypatch.setattr(_inline, "TURN_SECONDS", 1e9)
    seen: list[str] = []

    async def calls(name: str) -> None:
        for _ in range(3):
            await _inline.let_others_run()
            seen.append(name)

    async def both() -> None:
        await asyncio.gather(calls("a"), calls("b"))

    asyncio.run(both())
    assert seen == ["a", "b"] * 3


def turns(ncalls: int) -> int:
    """How many turns of a loop on which nothing is ready some calls take."""
    taken = 0

    async def alone() -> int:
        nonlocal taken
        loop = asyncio.get_running_loop()
        run_once = loop._run_once  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal taken
            taken += 1
            run_once()

        loop._run_once = counted  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        taken = 0
        for _ in range(ncalls):
            await _inline.let_others_run()
        return taken

    return asyncio.run(alone())


@pytest.mark.parametrize(("seconds", "most"), [(1e9, 1), (0.0, 100)])
def test_turns_of_a_loop_that_nobody_waits_for(monkeypatch: pytest.MonkeyPatch, seconds: float, most: int) -> None:
    """Sockets and timers are looked at now and then, not for each call."""
    monkeypatch.setattr(_inline, "TURN_SECONDS", seconds)
    assert turns(100) == most


def test_two_loops_have_turns_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_inline, "TURN_SECONDS", 1e9)
    assert [turns(10), turns(10)] == [1, 1]
