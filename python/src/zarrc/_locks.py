# SPDX-License-Identifier: MIT
"""Locks with names, of the whole process: for coroutines of any event loop and for threads without one.

A lock exists while somebody holds it. Those who wait get it in the order in which they came. A child of a fork begins
with none held. Who reads a value, and will only store a new one if it is still the same, watches the lock of its name.
"""

from __future__ import annotations

import asyncio
import collections
import threading
import weakref
from concurrent.futures import Future, TimeoutError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A thread that waits may stand in the way of the coroutine that it waits for, in the executor of an event loop. It gives
# up when the lock was not passed on for so long.
PATIENCE_SECONDS = 600.0


class _Changes:
    """How often those who watch have seen a lock released."""

    __slots__ = ("__weakref__", "number")

    def __init__(self) -> None:
        self.number = 0


_mutex = threading.Lock()
_waiting: dict[str, collections.deque[Future[None]]] = {}  # by name, of the locks that are held
_freed: collections.deque[str] = collections.deque()  # locks that are to be passed on
_watched: weakref.WeakValueDictionary[str, _Changes] = weakref.WeakValueDictionary()
_process = 0  # counts forks: a lock that was taken before one is not released after it


def _take(name: str) -> Future[None] | None:
    """Takes the lock, or returns what is done when it has been passed on."""
    turn: Future[None] | None = None
    with _mutex:
        waiting = _waiting.get(name)
        if waiting is None:
            _waiting[name] = collections.deque()
        else:
            turn = Future()
            waiting.append(turn)
    _settle()
    return turn


def _pass_on(name: str) -> None:
    """Gives a lock to who has waited longest. This may be called anywhere: the garbage collector ends coroutines that
    nobody will go on with. So it waits for nothing; who holds the mutex does what is left to do."""
    _freed.append(name)
    _settle()


def _settle() -> None:
    while _freed and _mutex.acquire(blocking=False):
        turns: list[Future[None]] = []
        try:
            while _freed:
                name = _freed.popleft()
                waiting = _waiting.get(name)
                while waiting:
                    turn = waiting.popleft()
                    if turn.set_running_or_notify_cancel():
                        turns.append(turn)
                        break
                else:
                    _waiting.pop(name, None)
        finally:
            _mutex.release()
        for turn in turns:
            turn.set_result(None)


def _give_up(name: str, turn: Future[None]) -> None:
    if not turn.cancel():  # it was passed on meanwhile
        _pass_on(name)


class Watch:
    """Tells whether the lock of a name was released since, so that what it guards may have been changed."""

    __slots__ = ("_changes", "_number")

    def __init__(self, name: str) -> None:
        with _mutex:
            changes = _watched.get(name)
            if changes is None:
                changes = _watched[name] = _Changes()
        self._changes, self._number = changes, changes.number
        _settle()

    @property
    def is_stale(self) -> bool:
        return self._changes.number != self._number


class Locks:
    """Locks of these names, taken in one order by everybody, so that nobody waits in a circle."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))
        self._held: list[str] = []
        self._process = _process
        self.changed = True  # those who watch are told so at the end

    async def __aenter__(self) -> None:
        try:
            for name in self._names:
                turn = _take(name)
                if turn is not None:
                    try:
                        await asyncio.wrap_future(turn)
                    except BaseException:
                        _give_up(name, turn)
                        raise
                self._held.append(name)
        except BaseException:
            self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def __enter__(self) -> None:
        try:
            for name in self._names:
                turn = _take(name)
                if turn is not None:
                    try:
                        turn.result(PATIENCE_SECONDS)
                    except TimeoutError:
                        _give_up(name, turn)
                        raise TimeoutError(
                            f"{name}: another writer of this process has not finished for {PATIENCE_SECONDS:.0f} s"
                        ) from None
                    except BaseException:
                        _give_up(name, turn)
                        raise
                self._held.append(name)
        except BaseException:
            self._release()
            raise

    def __exit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        if self._process == _process:
            for name in reversed(self._held):
                changes = _watched.get(name)
                if changes is not None and self.changed:
                    changes.number += 1  # nobody else holds the lock
                _pass_on(name)
        self._held.clear()


def held() -> int:
    """How many locks there are now."""
    with _mutex:
        n = len(_waiting)
    _settle()
    return n


def _after_fork() -> None:
    global _mutex, _process
    _mutex = threading.Lock()
    _waiting.clear()
    _freed.clear()
    _process += 1


try:
    from os import register_at_fork
except ImportError:
    pass
else:
    register_at_fork(after_in_child=_after_fork)
