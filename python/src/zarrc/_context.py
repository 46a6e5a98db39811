# SPDX-License-Identifier: MIT
"""What a process has once: the library's context with its threads, settings, and counters."""

from __future__ import annotations

import logging
import threading
import warnings
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from zarrc import _core, _threads

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("zarrc")

# The codecs that a library does, which a build may lack.
_NEEDS_LIBRARY = {"blosc": "libblosc", "gzip": "zlib or libdeflate", "zstd": "libzstd"}

_lock = threading.Lock()
_counters: dict[str, int] = {}


# ----------------------------------------------------------------------------------------------------- settings


_config_of_zarr: Any = None


def _get(section: str, name: str) -> Any:
    """A value of zarr's configuration, without the detours of its own look-up; None where there is none."""
    global _config_of_zarr
    if _config_of_zarr is None:
        try:
            from zarr import config
        except ModuleNotFoundError as error:
            if error.name != "zarr":
                return None
            _config_of_zarr = SimpleNamespace(config={})  # to look for zarr-python takes as long as to open an array
        except ImportError:
            return None
        else:
            _config_of_zarr = config
    found = _config_of_zarr.config.get(section)
    if type(found) is not dict:
        return None
    value = found.get(name)
    return found.get(name.replace("_", "-")) if value is None else value


def setting(name: str, default: Any = None) -> Any:
    """A value of zarr's configuration ("section.name"), or default where zarr or the value is not there."""
    value = _get(*name.split(".", 1))
    return default if value is None else value


def max_workers() -> int:
    """Threads that work at once: codec_pipeline.max_workers, else threading.max_workers, else 0 (all)."""
    value = _get("codec_pipeline", "max_workers")
    if value is None:
        value = _get("threading", "max_workers")
        if value is None:
            return 0
    if type(value) is int and value >= 0:
        return value
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        logger.warning("max_workers is %r, which is not a number: all processors are used", value)
        return 0


# ------------------------------------------------------------------------------------- the context and its threads


class Holder(Protocol):
    """Something that was made for a context and can be made again for another."""

    def forget(self) -> None: ...


_Wanted = tuple[int, bool]  # workers, and whether gzip is to be fast

_current: tuple[_Wanted, _core.Context] | None = None
_holders: weakref.WeakSet[Any] = weakref.WeakSet()
_executor: _threads.Threads | None = None


def hold(holder: Holder) -> None:
    """Has a holder's `forget` called when there is another context."""
    with _lock:
        _holders.add(holder)


def context() -> _core.Context:
    """The context of this process. When a setting was changed, it is another one: the old one and its threads go when
    the calls that use it have ended."""
    wanted = (max_workers(), bool(_get("codec_pipeline", "fast_gzip")))
    current = _current
    if current is not None and current[0] == wanted:
        return current[1]
    return _switch(wanted)


def _switch(wanted: _Wanted) -> _core.Context:
    global _current, _executor
    with _lock:
        if _current is None or _current[0] != wanted:
            _current = (wanted, _core.Context(threads=wanted[0], fast_gzip=wanted[1]))
        result = _current[1]
        old, _executor = _executor, None
        holders = list(_holders)
    if old is not None:
        old.shutdown()
    for each in holders:
        each.forget()
    return result


def submit(fn: Callable[..., Any], *args: Any) -> _threads.Job:
    """Has a thread call the library in place of an event loop. There are as many of them as the context has; nothing
    that waits for anything else runs there."""
    global _executor
    threads = context().threads
    with _lock:
        if _executor is None:
            _executor = _threads.Threads(threads)
        return _executor.submit(fn, *args)


# ----------------------------------------------------------------------------------------------------- counters


def count(name: str, chunks: int = 0) -> None:
    """Counts a call, and chunks."""
    with _lock:
        _counters[name] = _counters.get(name, 0) + 1
        if chunks:
            _counters["chunks"] = _counters.get("chunks", 0) + chunks


def counters(reset: bool = False) -> dict[str, int]:
    """Calls served so far, by kind.

    Parameters
    ----------
    reset : bool
        Begin again at zero.

    Returns
    -------
    dict of str to int
        ``read``, ``write``, ``decode`` and ``encode``: batches served by the library; ``chunks``: chunks in them;
        ``codec``: calls of the classes of ``zarrc.codecs``. ``fallback_read`` and so on: batches that went to
        zarr-python's own pipeline, and ``fallback_codec``: calls of a codec that went to zarr-python's own class;
        ``fallback_read: REASON``: how many of them for which reason. What is not there is zero.
    """
    with _lock:
        result = dict(_counters)
        if reset:
            _counters.clear()
    return result


_has_warned = False


def _warn_of_missing() -> None:
    global _has_warned
    if _has_warned:
        return
    _has_warned = True
    names = [name for name, needed in _NEEDS_LIBRARY.items() if not context().has_codec(name)]
    if names:
        lacking = ", ".join(f"{name} ({_NEEDS_LIBRARY[name]})" for name in names)
        warnings.warn(
            f"zarrc was built without the libraries of some codecs, and leaves them to zarr-python: {lacking}. "
            "Install the libraries' headers and build the package again; zarrc.info() tells what is there",
            RuntimeWarning,
            stacklevel=4,
        )


def count_fallback(call: str, reason: object) -> None:
    """Notes that zarr-python's own code serves a call; the first time warns of what the build lacks."""
    _warn_of_missing()
    count(f"fallback_{call}")
    count(f"fallback_{call}: {reason}")


def _after_fork() -> None:
    global _lock, _executor
    _lock = threading.Lock()
    _executor = None
    _threads.after_fork()


try:
    from os import register_at_fork
except ImportError:
    pass
else:
    register_at_fork(after_in_child=_after_fork)
