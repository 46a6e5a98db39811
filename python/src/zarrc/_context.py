# SPDX-License-Identifier: MIT
"""Contexts of the library: one pool of threads a process, capped by zarr's configuration."""

from __future__ import annotations

import logging
import threading
from typing import Any

from zarrc import _core

logger = logging.getLogger("zarrc")

_contexts: dict[int, _core.Context] = {}
_lock = threading.Lock()
_counters: dict[str, int] = {}


def context(threads: int | None = None) -> _core.Context:
    """The context with so many threads; None asks zarr's configuration, 0 means all that there are."""
    n = max_workers() if threads is None else threads
    found = _contexts.get(n)
    if found is None:
        with _lock:
            found = _contexts.setdefault(n, _core.Context(threads=n))
    return found


def setting(name: str, default: Any = None) -> Any:
    """A value of zarr's configuration, or default where zarr or the value is not there."""
    try:
        from zarr import config
    except ImportError:
        return default
    value = config.get(name, default)
    return default if value is None else value


def max_workers() -> int:
    """Threads that work at once: codec_pipeline.max_workers, else threading.max_workers, else 0 (all)."""
    value = setting("codec_pipeline.max_workers", setting("threading.max_workers", 0))
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        logger.warning("max_workers is %r, which is not a number: all processors are used", value)
        return 0


def count(name: str, n: int = 1) -> None:
    """Adds to a counter."""
    with _lock:
        _counters[name] = _counters.get(name, 0) + n


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
        the same names with ``fallback_`` in front: batches that went to zarr-python's own pipeline.
    """
    with _lock:
        result = dict(_counters)
        if reset:
            _counters.clear()
    return result


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


try:
    from os import register_at_fork
except ImportError:
    pass
else:
    register_at_fork(after_in_child=_after_fork)
