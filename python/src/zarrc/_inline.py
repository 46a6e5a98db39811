# SPDX-License-Identifier: MIT
"""Whether chunks are decoded and encoded where the call is made, on the event loop, or by another thread.

To hand work to a thread and to be woken by it takes about 100 µs, and while the loop decodes, nobody else gets on. So
what the loop does itself may take a while only as long as nobody waits for it.
"""

from __future__ import annotations

import asyncio
import time
import types
from typing import TYPE_CHECKING, Any

from zarrc._context import setting

if TYPE_CHECKING:
    from collections.abc import Generator

# Together they decode to no more than so many bytes, or what is encoded has no more: while nobody waits for the loop,
# else, and of a write. codec_pipeline.inline_bytes sets another number of bytes for all three.
ALONE_NBYTES = 1 << 20
CROWDED_NBYTES = 64 << 10
WRITE_NBYTES = 256 << 10
MAX_CHUNKS = 64
# Seconds for which the loop is taken for crowded after somebody had to wait for it.
CROWDED_SECONDS = 0.1

_crowded_until = 0.0


def nbytes(items: list[Any], write: bool = False) -> int:
    """Bytes up to which a batch is handled where the call is made; 0: it is not."""
    if len(items) > MAX_CHUNKS:
        return 0
    value = setting("codec_pipeline.inline_bytes")
    if type(value) is int:
        return max(0, value)
    if write:
        return WRITE_NBYTES
    return CROWDED_NBYTES if time.monotonic() < _crowded_until else ALONE_NBYTES


def look_around() -> None:
    """Notes whether others wait for the event loop that the caller runs on. A loop that does not tell is crowded."""
    global _crowded_until
    waiting = getattr(asyncio.get_running_loop(), "_ready", None)
    if waiting is None or len(waiting) > 0:
        _crowded_until = time.monotonic() + CROWDED_SECONDS


# Seconds after which a loop has a turn even if nothing is ready: only a turn finds out what sockets and timers want. As
# often as threads take turns in CPython.
TURN_SECONDS = 0.005

_turned: tuple[object, float] = (None, 0.0)


@types.coroutine
def let_others_run() -> Generator[None, None, None]:
    """Lets the event loop run what is ready, once: calls that are answered at once do not keep others from starting. A
    turn takes about as long as half a read of one element, so it is left out where nothing is ready, and there was one
    not long ago."""
    global _turned
    loop = asyncio.get_running_loop()
    ready = getattr(loop, "_ready", True)
    now = time.monotonic()
    if ready or _turned[0] is not loop or now - _turned[1] >= TURN_SECONDS:
        _turned = (loop, now)
        yield
