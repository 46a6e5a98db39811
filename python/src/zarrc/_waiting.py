# SPDX-License-Identifier: MIT
"""Stops what nobody waits for any more. zarr-python's synchronous interface (``array[:] = …``) has a thread wait for a
task of zarr-python's event loop, and does not tell the task when that thread is interrupted (Ctrl-C): the stack of the
thread tells."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from zarrc._bases import HAS_ZARR

if TYPE_CHECKING:
    from types import CodeType, FrameType

# The code of zarr-python's function that waits, and of the coroutine that its task runs; both call what is awaited so.
_CODE: tuple[CodeType, CodeType] | None = None
_AWAITED = "coro"
if HAS_ZARR:
    try:
        from zarr.core import sync as _module

        _CODE = (_module.sync.__code__, _module._runner.__code__)
    except (ImportError, AttributeError):  # another release
        pass

# So often is looked whether a thread still waits.
LOOK_SECONDS = 0.1
# A thread that waits has no more frames than this above zarr-python's, but for handlers of signals: where to look first.
MOST_FRAMES = 16
# Has _CODE once a thread that waits was found by it.
_found: set[Any] = set()
# The thread of a waiter that had left before it was looked for.
NOBODY = 0


class Waiter:
    """The thread that waits for a task in zarr-python's synchronous interface."""

    def __init__(self, thread: int, frame: FrameType) -> None:
        self.thread, self.frame = thread, frame

    def has_left(self) -> bool:
        """Whether the thread does not wait any more."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is None


def waiter() -> Waiter | None:
    """The thread that waits for the current task; None: it is no task of zarr-python's synchronous interface."""
    task = asyncio.current_task()
    coroutine: Any = None if task is None else task.get_coro()
    outer: FrameType | None = getattr(coroutine, "cr_frame", None)
    if _CODE is None or outer is None or outer.f_code is not _CODE[1]:
        return None
    awaited = outer.f_locals.get(_AWAITED)
    if awaited is None:
        return None
    for most in (MOST_FRAMES, sys.maxsize):
        for thread, top in sys._current_frames().items():
            frame: FrameType | None = top
            left = most
            while frame is not None and left > 0:
                if frame.f_code is _CODE[0] and frame.f_locals.get(_AWAITED) is awaited:
                    _found.add(_CODE)
                    return Waiter(thread, frame)
                frame = frame.f_back
                left -= 1
    # Interrupted already; but where none was ever found, stacks do not tell here (another release, green threads).
    return Waiter(NOBODY, outer) if _CODE in _found else None


class Watched:
    """Cancels the current task when the thread that waits for it does not any more. A context manager, for what the
    task awaits."""

    def __enter__(self) -> None:
        self._waiter = waiter()
        if self._waiter is not None:
            self._task = asyncio.current_task()
            self._loop = asyncio.get_running_loop()
            soon = 0 if self._waiter.thread == NOBODY else LOOK_SECONDS
            self._timer = self._loop.call_later(soon, self._look)

    def _look(self) -> None:
        if self._waiter is None or self._task is None:
            return
        if self._waiter.has_left():
            self._task.cancel()
        else:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def __exit__(self, *error: object) -> None:
        if self._waiter is not None:
            self._timer.cancel()
            self._waiter = None
