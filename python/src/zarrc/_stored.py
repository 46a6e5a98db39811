# SPDX-License-Identifier: MIT
"""Batches of chunks in zarr-python's stores: local files, and what `_opened` finds, through the library, all else through
the store's own API.

What has to be done is written once, as generators: they yield work for the library and lists of requests to a store,
and get the answers. `_drive` runs them for an event loop, `_drive_sync` for a thread.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from zarrc import _core, _inline, _opened, _waiting
from zarrc._bases import (
    LocalStore,
    MemoryStore,
    OffsetByteRequest,
    RangeByteRequest,
    StorePath,
    SuffixByteRequest,
    WrapperStore,
    concurrent_map,
    default_buffer_prototype,
)
from zarrc._chain import Bound, Chain, Item, Outcome, is_whole
from zarrc._context import max_workers, setting, submit
from zarrc._core import FOUND, MISSING, PENDING, UNCHANGED
from zarrc._locks import Locks
from zarrc._selection import touches_all_cells

if TYPE_CHECKING:
    import numpy as np

Request = Callable[[], Any]
# Stored values are fetched for chunks that decode to so many bytes, before these are decoded and the next are fetched.
HELD_NBYTES = 64 << 20


class _Get:
    """A whole value of a store, as something that has bytes; None: there is none."""

    def __init__(self, item: Item) -> None:
        self.getter, self.prototype = item[0], item[1].prototype

    async def run(self) -> Any:
        value = await self.getter.get(prototype=self.prototype)
        return None if value is None else value.as_numpy_array()

    def run_sync(self) -> Any:
        value = self.getter.get_sync(prototype=self.prototype)
        return None if value is None else value.as_numpy_array()


class _GetRanges:
    """Ranges of a value: a list of what has bytes. None: there is no value (any more).

    joining: ranges have been joined over so many bytes, to so many. A store may have a way of its own to fetch several of
    them, and is told these numbers, as zarr-python tells them. None: each range is a request.
    """

    def __init__(
        self, item: Item, wanted: list[tuple[int, int, bool]], joining: tuple[int, int] | None
    ) -> None:
        self.getter, self.prototype = item[0], item[1].prototype
        self.requests = [byte_request(*each) for each in wanted]
        self.joining = joining

    def _ranges(self, name: str) -> Any:
        """What a method of the store for several ranges yields; None: it has none, or need not be asked."""
        if self.joining is None or not hasattr(self.getter.store, name):
            return None
        gap, most = self.joining
        return getattr(self.getter.store, name)(
            self.getter.path,
            self.requests,
            prototype=self.prototype,
            max_gap_bytes=gap,
            max_coalesced_bytes=most,
        )

    async def run(self) -> Any:
        values: list[Any] = [None] * len(self.requests)
        ranges = self._ranges("get_ranges")
        if ranges is None:
            some = [(self.prototype, request) for request in self.requests]
            values = list(await concurrent_map(some, self.getter.get, setting("async.concurrency", 10)))
        else:
            try:
                async for group in ranges:
                    for index, value in group:
                        values[index] = value
            except BaseExceptionGroup as failures:
                return _unless_missing(failures)
        return _bytes_of(values)

    def run_sync(self) -> Any:
        values: list[Any] = [None] * len(self.requests)
        try:
            ranges = self._ranges("get_ranges_sync")
            if ranges is None:
                get = self.getter.get_sync
                values = [get(prototype=self.prototype, byte_range=request) for request in self.requests]
            for index, value in ranges or ():
                values[index] = value
        except BaseExceptionGroup as failures:
            return _unless_missing(failures)
        return _bytes_of(values)


class _Put:
    """Stores a new value, or erases it."""

    def __init__(self, item: Item, outcome: Outcome) -> None:
        self.getter = item[0]
        self.value = None if outcome is None else default_buffer_prototype().buffer.from_bytes(outcome)

    async def run(self) -> Any:
        value, self.value = self.value, None  # it goes when it is stored
        await (self.getter.delete() if value is None else self.getter.set(value))

    def run_sync(self) -> Any:
        value, self.value = self.value, None
        if value is None:
            self.getter.delete_sync()
        else:
            self.getter.set_sync(value)


def _bytes_of(values: list[Any]) -> list[Any] | None:
    return None if any(value is None for value in values) else [value.as_numpy_array() for value in values]


def _unless_missing(failures: BaseExceptionGroup[BaseException]) -> None:
    """Nothing where only values were not there."""
    _, others = failures.split(FileNotFoundError)
    if others is not None:
        raise others from None


def byte_request(offset: int, nbytes: int, to_end: bool) -> Any:
    """A range as zarr-python's stores take it."""
    if offset < 0:
        return SuffixByteRequest(-offset)
    if to_end:
        return OffsetByteRequest(offset)
    return RangeByteRequest(offset, offset + nbytes)


Step = Request | list[Any]  # work, or requests to a store
Steps = Generator[Step, Any, Any]


async def off_loop(fn: Callable[..., Any], *args: Any) -> Any:
    """Runs work away from the event loop; with one worker it stays where it is, so that no thread is made. Where the
    caller is cancelled, or nobody waits for it any more, the work is stopped, and has ended when this returns: memory
    and locks are free then."""
    if max_workers() == 1:
        waiting = _waiting.waiter()
        return fn(*args) if waiting is None else _core.Stop(waiting.has_left).run(fn, *args)
    try:
        with _waiting.Watched():  # who waits is looked for before there is something to interrupt
            job = submit(fn, *args)
            return await asyncio.wrap_future(job)
    except asyncio.CancelledError:
        job.stop()
        while not job.done():
            try:
                done, _ = await asyncio.wait([asyncio.wrap_future(job)])
                [each.cancelled() or each.exception() for each in done]  # nobody else asks for it
            except asyncio.CancelledError:
                continue
        raise


def _is_near(getter: Any) -> bool:
    """Whether values are in memory, so that nothing is won by asking for several at once."""
    if type(getter) is StorePath:
        return type(getter.store) is MemoryStore
    return type(getter).__module__ == "zarr.codecs.sharding"  # inner chunks of a shard that was read


async def _run(request: Any) -> Any:
    return await request.run()


async def _all(requests: list[Any]) -> list[Any]:
    if len(requests) == 1:
        return [await requests[0].run()]
    limit = setting("async.concurrency", 10)
    return list(await concurrent_map([(each,) for each in requests], _run, limit))


async def _drive(steps: Steps) -> Any:
    answer: Any = None
    try:
        while True:
            step, answer = steps.send(answer), None
            _inline.look_around()
            if not isinstance(step, list):
                answer = await off_loop(step)
            elif _is_near(step[0].getter):
                answer = [await each.run() for each in step]
            else:
                with _waiting.Watched():
                    answer = await _all(step)
    except StopIteration as end:
        return end.value


def _drive_sync(steps: Steps) -> Any:
    answer: Any = None
    try:
        while True:
            step, answer = steps.send(answer), None
            answer = [each.run_sync() for each in step] if isinstance(step, list) else step()
    except StopIteration as end:
        return end.value


# -------------------------------------------------------------------------------------------------------- batches


def local_root(byte_getter: Any) -> str | None:
    """The directory of a plain LocalStore; None for every other store, wrappers and subclasses included."""
    if type(byte_getter) is StorePath and type(byte_getter.store) is LocalStore:
        return str(byte_getter.store.root)
    return None


def _parts(batch: list[Item], chain: Chain) -> list[tuple[Bound, list[Item], list[int] | None]]:
    """Chunks of one kind together, and which of the batch they are; None: all. The specs of regular grids are one
    object. Raises Unsupported."""
    if not batch:
        return []
    spec = batch[0][1]
    for item in batch:
        if item[1] is not spec:
            break
    else:
        return [(chain.bind(spec), batch, None)]
    groups: dict[int, tuple[Bound, list[int]]] = {}
    for i, item in enumerate(batch):
        bound = chain.bind(item[1])
        groups.setdefault(id(bound), (bound, []))[1].append(i)
    return [(bound, [batch[i] for i in which], which) for bound, which in groups.values()]


def _portions(bound: Bound, items: list[Item]) -> Iterator[list[Item]]:
    """Chunks of which the stored values are held at once: as many as zarr-python has in hand, or as have so many bytes
    when they are decoded. What is in memory anyway is no more for being taken at once."""
    most = len(items)
    if not _is_near(items[0][0]):
        nbytes = max(1, math.prod(bound.shape) * bound.dtype.itemsize)
        most = max(1, setting("async.concurrency", 10), HELD_NBYTES // nbytes)
    for at in range(0, len(items), most):
        yield items[at : at + most] if most < len(items) else items


def _of_one_store(items: list[Item]) -> bool:
    store = items[0][0].store
    for item in items:
        if type(item[0]) is not StorePath or item[0].store is not store:
            return False
    return True


# -------------------------------------------------------------------------------------------------------- reading


def _wants_ranges(chain: Chain, bound: Bound, item: Item) -> bool:
    """Whether part of a value may do: in a store that is not memory, of a chunk without compression, or of a shard in
    which not every inner chunk is touched. Else all of it comes at once, without a look at the index."""
    return (
        bound.pipeline.supports_partial_decode
        and isinstance(item[0], StorePath)
        and type(item[0].store) is not MemoryStore
        and not is_whole(item[2], bound.shape)
        and not (chain.inner_shape and touches_all_cells(item[2], bound.shape, chain.inner_shape))
    )


def _read_fetched(
    chain: Chain, bound: Bound, items: list[Item], out: np.ndarray[Any, Any], drop_axes: tuple[int, ...]
) -> Steps:
    """Values come from the store: whole, or of shards the ranges that turn out to be needed. A round of requests asks
    for all that is known to be wanted."""
    sources: list[Any] = [
        _core.Ranges(bound.context) if _wants_ranges(chain, bound, item) else None for item in items
    ]
    whole = [k for k, source in enumerate(sources) if source is None]
    todo = [k for k, source in enumerate(sources) if source is not None]
    found = [PENDING] * len(items)
    joining: tuple[int, int] | None = None
    limit = _inline.nbytes(items)
    while whole or todo:
        if todo:
            some = ([items[k] for k in todo], [sources[k] for k in todo])
            read = chain.read(bound, *some, out, drop_axes, None, limit) if limit else None
            if read is None:
                read = yield partial(chain.read, bound, *some, out, drop_axes)
            for k, each in zip(todo, read, strict=True):
                found[k] = each
                if each != PENDING:
                    sources[k] = None  # what was fetched of it may go
            todo = [k for k in todo if found[k] == PENDING]
        requests: list[Any] = [_Get(items[k]) for k in whole]
        requests += [_GetRanges(items[k], sources[k].wanted(*bound.joining), joining) for k in todo]
        if not requests:
            break
        answers = yield requests
        for k, values in zip(todo, answers[len(whole) :], strict=True):
            sources[k].add(values)
        for k, value in zip(whole, answers, strict=False):
            sources[k] = value
        todo, whole = sorted(whole + todo), []
        # After the index. Later a store could join ranges over what has been fetched.
        joining = bound.joining if joining is None else (0, bound.joining[1])
    return found


async def _read_opened(
    chain: Chain, bound: Bound, items: list[Item], out: np.ndarray[Any, Any], drop_axes: tuple[int, ...]
) -> list[int] | None:
    """Reads from a store that the library opens itself, all in a few rounds. None: the store's own methods have to: it is
    another one, or something failed, of which these say what it is."""
    getter = items[0][0]
    if not _opened.may_be(getter) or not _of_one_store(items):
        return None
    store = getter.store
    if not store._is_open:
        await store._open()
    place = _opened.place_of(store)
    if place is None or not _opened.are_plain([item[0].path for item in items]):
        return None
    known, opened = _opened.stores.find(store, place)
    try:
        if not known:
            opened = await off_loop(_opened.stores.open, store, place)
        if opened is None:
            return None
        found: list[int] | None = await off_loop(chain.read, bound, items, None, out, drop_axes, opened)
    except _core.ZarrcError as error:
        if not _opened.is_of_store(error):
            raise
        return None
    return found


async def read(
    chain: Chain, batch: list[Item], out: np.ndarray[Any, Any], drop_axes: tuple[int, ...] = ()
) -> list[int]:
    """Reads a batch into an array: FOUND or MISSING a chunk. Raises Unsupported before anything is done."""
    result = [MISSING] * len(batch)
    for bound, items, which in _parts(batch, chain):
        root = local_root(items[0][0])
        if root is not None and _of_one_store(items):
            store = items[0][0].store
            if not store._is_open:
                await store._open()
            limit = _inline.nbytes(items)
            found = chain.read(bound, items, None, out, drop_axes, root, limit) if limit else None
            if found is not None:
                _inline.look_around()
            else:
                found = await off_loop(chain.read, bound, items, None, out, drop_axes, root)
        else:
            found = await _read_opened(chain, bound, items, out, drop_axes)
        if found is None:
            found = []
            for some in _portions(bound, items):
                found += await _drive(_read_fetched(chain, bound, some, out, drop_axes))
        if which is None:
            return found
        for i, each in zip(which, found, strict=True):
            result[i] = each
    return result


def read_sync(chain: Chain, item: Item, out: np.ndarray[Any, Any]) -> bool:
    """Reads part of one chunk in a thread, from a store that has methods for that."""
    bound = chain.bind(item[1])
    root = local_root(item[0])
    if root is None:
        found = _drive_sync(_read_fetched(chain, bound, [item], out, ()))
    else:
        item[0].store._ensure_open_sync()
        found = chain.read(bound, [item], None, out, (), root)
    return bool(found[0] == FOUND)


# -------------------------------------------------------------------------------------------------------- writing


class UnalignedWriteError(ValueError):
    """A write of a part of a shard, which ``codec_pipeline.guard_unaligned_writes`` does not allow."""


def _guard(item: Item) -> None:
    """Refuses what is not all of a shard."""
    if item[4]:
        return
    raise UnalignedWriteError(
        f"{getattr(item[0], 'path', 'a shard')}: {_words(item[2])} is only a part of the shard of shape "
        f"{tuple(item[1].shape)}: writers in several processes would undo each other's work. Write whole shards, or "
        "set codec_pipeline.guard_unaligned_writes to False"
    )


def _words(selection: Any) -> str:
    entries = selection if isinstance(selection, tuple) else (selection,)
    words = [
        ":".join(str(each) for each in (entry.start, entry.stop, entry.step)[: 2 + (entry.step not in (None, 1))])
        if isinstance(entry, slice)
        else str(entry)
        if isinstance(entry, int)
        else f"<{getattr(entry, 'size', 1)} indices>"
        for entry in entries
    ]
    return f"[{', '.join(words)}]"


def lock_name(setter: Any) -> str:
    """What those who change parts of one value agree on. Stores that wrap another one change the same values."""
    if not isinstance(setter, StorePath):
        return f"object {id(setter)}"
    store = setter.store
    while isinstance(store, WrapperStore):
        store = store._store
    return f"{store}/{setter.path}"


def _lock_names(chain: Chain, bound: Bound, items: list[Item]) -> list[str]:
    return [
        lock_name(item[0]) for item in items if not (is_whole(item[2], bound.shape) if chain.is_sharded else item[4])
    ]


def _write_fetched(
    chain: Chain, bound: Bound, items: list[Item], value: np.ndarray[Any, Any], drop_axes: tuple[int, ...]
) -> Steps:
    sources: list[Any] = [None] * len(items)
    old = [
        k for k, item in enumerate(items) if not (is_whole(item[2], bound.shape) if chain.is_sharded else item[4])
    ]
    if old:
        for k, found in zip(old, (yield [_Get(items[k]) for k in old]), strict=True):
            sources[k] = found
    limit = _inline.nbytes(items, write=True)
    outcomes = chain.write(bound, items, sources, value, drop_axes, None, limit) if limit else None
    if outcomes is None:
        outcomes = yield partial(chain.write, bound, items, sources, value, drop_axes)
    sources.clear()
    puts = [
        _Put(item, outcome)
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome is not UNCHANGED
    ]
    del outcomes
    if puts:
        yield puts


async def write(
    chain: Chain, batch: list[Item], value: np.ndarray[Any, Any], drop_axes: tuple[int, ...] = ()
) -> None:
    """Writes a batch from an array. Raises Unsupported before anything is done."""
    if chain.is_sharded and setting("codec_pipeline.guard_unaligned_writes", False):
        for item in batch:
            _guard(item)
    for bound, items, _ in _parts(batch, chain):
        root = local_root(items[0][0])
        if root is not None and _of_one_store(items):
            store = items[0][0].store
            if not store._is_open:
                await store._open()
            store._check_writable()
            limit = _inline.nbytes(items, write=True)
            if not limit or chain.write(bound, items, None, value, drop_axes, root, limit) is None:
                await off_loop(chain.write, bound, items, None, value, drop_axes, root)
            continue
        for some in _portions(bound, items):
            async with Locks(_lock_names(chain, bound, some)):
                await _drive(_write_fetched(chain, bound, some, value, drop_axes))


def write_sync(chain: Chain, item: Item, value: np.ndarray[Any, Any]) -> None:
    """Writes part of one chunk in a thread, to a store that has methods for that."""
    if setting("codec_pipeline.guard_unaligned_writes", False):
        _guard(item)
    bound = chain.bind(item[1])
    root = local_root(item[0])
    if root is not None:
        item[0].store._ensure_open_sync()
        item[0].store._check_writable()
        chain.write(bound, [item], None, value, (), root)
        return
    with Locks(_lock_names(chain, bound, [item])):
        _drive_sync(_write_fetched(chain, bound, [item], value, ()))
