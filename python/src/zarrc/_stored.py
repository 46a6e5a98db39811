# SPDX-License-Identifier: MIT
"""Batches of chunks in zarr-python's stores: local files through the library, all else through the store's own API."""

from __future__ import annotations

import asyncio
import threading
import weakref
from typing import TYPE_CHECKING, Any

from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype
from zarr.core.common import concurrent_map
from zarr.storage import LocalStore, MemoryStore
from zarr.storage._common import StorePath

from zarrc import _core
from zarrc._chain import Bound, Chain
from zarrc._context import max_workers, setting

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

Item = tuple[Any, Any, Any, Any, bool]  # byte getter, spec, chunk selection, array selection, complete
# Rounds of fetching ranges before a whole value is fetched: an index, the chunks, and once more for nested shards.
MAX_ROUNDS = 4


async def off_loop(fn: Callable[..., Any], *args: Any) -> Any:
    """Runs work away from the event loop; with one worker it stays where it is, so that no thread is made."""
    if max_workers() == 1:
        return fn(*args)
    return await asyncio.to_thread(fn, *args)


def local_root(byte_getter: Any) -> str | None:
    """The directory of a plain LocalStore; None for every other store, wrappers and subclasses included."""
    if type(byte_getter) is StorePath and type(byte_getter.store) is LocalStore:
        return str(byte_getter.store.root)
    return None


def by_spec(batch: list[Item], chain: Chain) -> list[tuple[Bound, list[int]]]:
    """Chunks of one kind together. The specs of regular grids are one object."""
    groups: dict[int, tuple[Bound, list[int]]] = {}
    for i, item in enumerate(batch):
        bound = chain.bind(item[1])
        groups.setdefault(id(bound), (bound, []))[1].append(i)
    return list(groups.values())


def _is_whole(selection: Any, shape: tuple[int, ...]) -> bool:
    entries = selection if isinstance(selection, tuple) else (selection,)
    return len(entries) == len(shape) and all(
        isinstance(entry, slice) and entry.indices(n) == (0, n, 1) for entry, n in zip(entries, shape, strict=True)
    )


# ------------------------------------------------------------------------------------------------------- reading


async def read(
    chain: Chain, batch: list[Item], out: np.ndarray[Any, Any], drop_axes: tuple[int, ...] = ()
) -> list[bool]:
    """Reads a batch into an array; True a chunk that had a value, False where it had none."""
    result = [False] * len(batch)
    for bound, which in by_spec(batch, chain):
        items = [batch[i] for i in which]
        root = local_root(items[0][0])
        sources: list[Any]
        names = [str(getattr(item[0], "path", "")) for item in items]
        if root is not None:
            await _make_ready(items[0][0].store)
            sources = [item[0].path for item in items]
        else:
            sources = await _fetch(bound, items)
        todo = list(range(len(items)))
        for attempt in range(MAX_ROUNDS + 1):
            found = await off_loop(
                chain.read,
                bound,
                [sources[k] for k in todo],
                [items[k][2] for k in todo],
                [items[k][3] for k in todo],
                out,
                drop_axes,
                root,
                [names[k] for k in todo],
            )
            for k, state in zip(todo, found, strict=True):
                result[which[k]] = bool(state)
            todo = [k for k, state in zip(todo, found, strict=True) if state is None]
            if not todo:
                break
            await _fetch_more(items, sources, todo, attempt == 0, attempt + 2 > MAX_ROUNDS)
    return result


async def _make_ready(store: Any) -> None:
    if not store._is_open:
        await store._open()


def _wants_ranges(bound: Bound, item: Item) -> bool:
    """Whether part of a value may do: parts of a shard in a store that is not memory."""
    return (
        bound.pipeline.supports_partial_decode
        and isinstance(item[0], StorePath)
        and type(item[0].store) is not MemoryStore
        and not _is_whole(item[2], bound.shape)
    )


async def _fetch(bound: Bound, items: list[Item]) -> list[Any]:
    """The stored values, or for parts of shards the means to get ranges of them."""

    async def fetch(k: int) -> Any:
        if _wants_ranges(bound, items[k]):
            return _core.Ranges()
        value = await items[k][0].get(prototype=items[k][1].prototype)
        return None if value is None else value.as_numpy_array()

    return list(await concurrent_map([(k,) for k in range(len(items))], fetch, setting("async.concurrency", 10)))


async def _fetch_more(items: list[Item], sources: list[Any], todo: list[int], first: bool, whole: bool) -> None:
    """Fetches what reads asked for: the ranges of one value at once, the values side by side."""

    async def fetch(k: int) -> None:
        getter, spec = items[k][0], items[k][1]
        wanted = list(dict.fromkeys(sources[k].take_wanted()))
        if whole:
            value = await getter.get(prototype=spec.prototype)
            sources[k] = None if value is None else value.as_numpy_array()
            return
        values = await _get_ranges(getter, spec, wanted, first)
        if values is None:
            sources[k] = None
            return
        for each, value in zip(wanted, values, strict=True):
            sources[k].add(*each, value.as_numpy_array())

    await concurrent_map([(k,) for k in todo], fetch, setting("async.concurrency", 10))


async def _get_ranges(getter: Any, spec: Any, wanted: list[tuple[int, int, bool]], first: bool) -> list[Any] | None:
    """The bytes of ranges, through the store's vectored call where it has one; None: there is no value (any more)."""
    requests = [_request(*each) for each in wanted]
    values: list[Any] = [None] * len(requests)
    if first or not hasattr(getter.store, "get_ranges"):
        values = await asyncio.gather(*(getter.get(spec.prototype, request) for request in requests))
    else:
        try:
            async for group in getter.store.get_ranges(
                getter.path,
                requests,
                prototype=spec.prototype,
                max_gap_bytes=spec.config.sharding_coalesce_max_gap_bytes,
                max_coalesced_bytes=spec.config.sharding_coalesce_max_bytes,
            ):
                for index, value in group:
                    values[index] = value
        except BaseExceptionGroup as failures:
            _, others = failures.split(FileNotFoundError)
            if others is not None:
                raise others from None
            return None
    return None if any(value is None for value in values) else values


def _request(offset: int, nbytes: int, to_end: bool) -> Any:
    if offset < 0:
        return SuffixByteRequest(-offset)
    if to_end:
        return OffsetByteRequest(offset)
    return RangeByteRequest(offset, offset + nbytes)


# ------------------------------------------------------------------------------------------------------- writing

_locks: weakref.WeakKeyDictionary[Any, weakref.WeakValueDictionary[str, asyncio.Lock]] = weakref.WeakKeyDictionary()
_locks_lock = threading.Lock()


def _lock_of(byte_setter: Any) -> asyncio.Lock:
    """One lock a key: those who change parts of one value take turns."""
    loop = asyncio.get_running_loop()
    with _locks_lock:
        of_loop = _locks.setdefault(loop, weakref.WeakValueDictionary())
        key = str(byte_setter) if isinstance(byte_setter, StorePath) else f"object {id(byte_setter)}"
        lock = of_loop.get(key)
        if lock is None:
            lock = of_loop[key] = asyncio.Lock()
        return lock


async def write(
    chain: Chain, batch: list[Item], value: np.ndarray[Any, Any], drop_axes: tuple[int, ...] = ()
) -> None:
    """Writes a batch from an array."""
    for bound, which in by_spec(batch, chain):
        items = [batch[i] for i in which]
        if chain.keeps_beyond_edge:
            items = [(*item[:4], _is_whole(item[2], bound.shape)) for item in items]
        root = local_root(items[0][0])
        if root is not None:
            await _make_ready(items[0][0].store)
            items[0][0].store._check_writable()
        partial = sorted((str(item[0]), k) for k, item in enumerate(items) if not item[4])
        held: list[asyncio.Lock] = []
        try:
            for _, k in partial:
                lock = _lock_of(items[k][0])
                await lock.acquire()
                held.append(lock)
            await _write_group(chain, bound, items, value, drop_axes, root)
        finally:
            for lock in held:
                lock.release()


async def _write_group(
    chain: Chain, bound: Bound, items: list[Item], value: np.ndarray[Any, Any], drop_axes: tuple[int, ...], root: str | None
) -> None:
    concurrency = setting("async.concurrency", 10)

    async def old(k: int) -> Any:
        if items[k][4]:
            return None
        found = await items[k][0].get(prototype=items[k][1].prototype)
        return None if found is None else found.as_numpy_array()

    if root is None:
        sources = list(await concurrent_map([(k,) for k in range(len(items))], old, concurrency))
    else:
        sources = [item[0].path for item in items]
    encoded = await off_loop(
        chain.write,
        bound,
        sources,
        [item[2] for item in items],
        [item[3] for item in items],
        value,
        [item[4] for item in items],
        drop_axes,
        root,
        [str(getattr(item[0], "path", "")) for item in items],
    )
    if root is not None:
        return

    async def store(k: int) -> None:
        if encoded[k] is None:
            await items[k][0].delete()
        else:
            await items[k][0].set(default_buffer_prototype().buffer.from_bytes(encoded[k]))

    await concurrent_map([(k,) for k in range(len(items))], store, concurrency)


def _after_fork() -> None:
    global _locks_lock
    _locks_lock = threading.Lock()


try:
    from os import register_at_fork
except ImportError:
    pass
else:
    register_at_fork(after_in_child=_after_fork)
