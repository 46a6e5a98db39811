# SPDX-License-Identifier: MIT
"""Stores of other libraries (zarr-python, obstore, fsspec), for `zarrc.open` and `zarrc.copy`.

What the library finds by itself at the same place it opens itself; for all else it calls a `Foreign`, whose functions
wait for coroutines that run in zarr-python's event loop, many at once.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import numpy as np

from zarrc import _core, _opened
from zarrc._bases import (
    HAS_ZARR,
    FsspecStore,
    LocalStore,
    ObjectStore,
    Store,
    StorePath,
    WrapperStore,
    ZipStore,
    concurrent_map,
    cpu,
    event_loop,
)
from zarrc._context import setting
from zarrc._core import CONFLICT, MISSING
from zarrc._locks import Locks, Watch
from zarrc._stored import byte_request, lock_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

T = TypeVar("T")
Range = tuple[int, int, bool]  # offset (negative: from the end), nbytes, and whether it goes to the end
Entry = tuple[str, bool, int]  # key, whether it is a prefix, and nbytes or -1

# So often is looked whether a call is to end that waits for a store.
LOOK_SECONDS = 0.1
# So many entries of a listing are handed over at once.
ENTRIES = 4096

# Threads that wait for the interpreter at its end never come back.
atexit.register(_core.end_calls)


# ----------------------------------------------------------------------------------------------------------- values


def _asked(key: str, wanted: Range) -> tuple[str, Any]:
    """The key and the request for a range; None: for all of the value."""
    offset, nbytes, to_end = wanted
    if offset < 0:
        nbytes = -offset
    return key, None if to_end and offset == 0 else byte_request(offset, nbytes, to_end)


def _total(wanted: Range, n: int) -> int | None:
    """The length of a value of which n bytes came for a range; -1: unknown, None: somebody has to ask for it."""
    offset, nbytes, to_end = wanted
    if offset < 0:
        return -1 if n == -offset else n
    if n > 0 and (to_end or n < nbytes):
        return offset + n
    return -1 if n == nbytes else 0 if offset == 0 else None


async def _look(store: Any, key: str, wanted: Range) -> tuple[Any, int] | None:
    """What a store has of a range, and the length of the value or -1; None: there is no value."""
    offset, nbytes, to_end = wanted
    try:
        if nbytes == 0 and not to_end:
            return (b"", -1) if await store.exists(key) else None
        name, request = _asked(key, wanted)
        value = await store.get(name, cpu.buffer_prototype, request)
        if value is None:
            return None
        data = np.ascontiguousarray(value.as_numpy_array())
        most = -offset if offset < 0 else nbytes
        if len(data) > most and not to_end:
            raise ValueError(f"{key}: the store has answered a request for {most} bytes with {len(data)}")
        total = _total(wanted, len(data))
        return data, await store.getsize(key) if total is None else total
    except (FileNotFoundError, KeyError):
        return None


async def _answered(store: Any, key: str, wanted: Range) -> Any:
    """`_look`, or the exception that it raises."""
    try:
        return await _look(store, key, wanted)
    except Exception as error:
        return error


# ---------------------------------------------------------------------------------------------------------- listings


async def _from_first(entries: AsyncIterator[T]) -> AsyncIterator[T]:
    """What is listed; nothing where there is no such folder."""
    try:
        first = await anext(entries)
    except (StopAsyncIteration, FileNotFoundError, NotADirectoryError):
        return
    yield first
    async for entry in entries:
        yield entry


async def _list_fsspec(store: Any, prefix: str, deep: bool) -> AsyncIterator[Entry]:
    root = store.path.rstrip("/")
    place = f"{root}/{prefix}".rstrip("/") if root else prefix
    if deep:
        found = list((await store.fs._find(place, withdirs=False, detail=True)).values())
    else:
        found = await store.fs._ls(place, detail=True)
    base = place.strip("/")
    for entry in found:
        name = entry["name"].strip("/")
        below = name.removeprefix(f"{base}/") if base else name
        if name == base or (base and below == name):
            continue  # the folder itself, or what is not in it
        size = entry.get("size")
        key = f"{prefix}/{below}" if prefix else below
        yield key, entry["type"] == "directory", size if isinstance(size, int) else -1


async def _list_obstore(store: Any, prefix: str, deep: bool) -> AsyncIterator[Entry]:
    if deep:
        async for entry in store._list(prefix or None):
            yield entry["path"], False, entry["size"]
        return
    found = await sys.modules["obstore"].list_with_delimiter_async(store.store, prefix=prefix or None)
    for name in found["common_prefixes"]:
        yield name.strip("/"), True, -1
    for entry in found["objects"]:
        if entry["path"] != prefix:
            yield entry["path"], False, entry["size"]


async def _list_any(store: Any, prefix: str, deep: bool) -> AsyncIterator[Entry]:
    if deep:
        async for key in store.list_prefix(f"{prefix}/" if prefix else ""):
            yield key, False, -1
        return
    keys = [f"{prefix}/{name.strip('/')}" if prefix else name.strip("/") async for name in store.list_dir(prefix)]
    are_there = await concurrent_map([(key,) for key in keys], store.exists, setting("async.concurrency", 10))
    for key, is_there in zip(keys, are_there, strict=True):
        yield key, not is_there, -1


_LISTS: dict[Any, Any] = {FsspecStore: _list_fsspec, ObjectStore: _list_obstore}


async def _some(entries: AsyncIterator[Entry]) -> list[Entry]:
    result: list[Entry] = []
    async for entry in entries:
        result.append(entry)
        if len(result) == ENTRIES:
            break
    return result


# ------------------------------------------------------------------------------------------------------------ stores


class _Outcome(Generic[T]):
    """What a coroutine returns, or raises; asyncio makes other exceptions of some."""

    result: T
    error: Exception | None = None

    async def of(self, coroutine: Coroutine[Any, Any, T]) -> None:
        try:
            self.result = await coroutine
        except Exception as error:
            self.error = error


class Foreign:
    """A store of another library as libzarrc calls it, from any thread, and the path of a node in it.

    `fetch` and `put` get the `Watch` of a value that was read, so that nobody's changes of this process are undone.
    """

    def __init__(self, store: Any, path: str) -> None:
        self.store, self.path = store, path
        self.name = _core.url_shown(_name_of(store))
        self.lists = bool(store.supports_listing)
        self._listed = _LISTS.get(type(store), _list_any)
        self._lock_name = lock_name(StorePath(store, ""))
        if not store._is_open:
            self._run(None, store._open())

    @property
    def is_writable(self) -> bool:
        return self.store.supports_writes and not self.store.read_only

    @staticmethod
    def may_know_better(error: _core.ZarrcError) -> bool:
        """Whether the store's own methods may find what the library does not."""
        return _opened.is_of_store(error)

    def check_thread(self) -> None:
        """Refuses to wait in the event loop for what runs there."""
        if asyncio._get_running_loop() is event_loop():
            raise RuntimeError(
                f"{self.name}: called in zarr-python's event loop, where the store has to work meanwhile; "
                "call it in a thread of your own (asyncio.to_thread uses threads that the store may need)"
            )

    def _run(self, context: _core.Context | None, coroutine: Coroutine[Any, Any, T]) -> T:
        """Waits for a coroutine; not longer than somebody waits for this."""
        outcome = _Outcome[T]()
        try:
            self.check_thread()
            loop = event_loop()
            future = asyncio.run_coroutine_threadsafe(outcome.of(coroutine), loop)
        except BaseException:
            coroutine.close()
            raise
        try:
            while not wait([future], LOOK_SECONDS).done:
                if context is not None and context.is_stopped():
                    raise _core.ZarrcError("canceled")
                if not loop.is_running():
                    raise RuntimeError(f"{self.name}: zarr-python's event loop has ended")
        except BaseException:
            future.cancel()
            raise
        future.result()
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    def fetch(self, context: _core.Context, requests: list[tuple[str, Watch | None, list[Range]]]) -> list[Any]:
        """For each request its watch, and: MISSING, CONFLICT, an exception, or what `_look` returns of each range."""
        return self._run(context, self._fetch(requests))

    async def _fetch(self, requests: list[tuple[str, Watch | None, list[Range]]]) -> list[Any]:
        watches = [watch or Watch(f"{self._lock_name}{key}") for key, watch, _ in requests]
        todo = [(self.store, key, each) for key, _, ranges in requests for each in ranges]
        values = iter(await concurrent_map(todo, _answered, setting("async.concurrency", 10)))
        answers: list[Any] = []
        for (_, known, ranges), watch in zip(requests, watches, strict=True):
            found = [next(values) for _ in ranges]
            outcome: Any = next((each for each in found if isinstance(each, BaseException)), found)
            if outcome is found and (known is not None or len(ranges) > 1) and watch.is_stale:
                outcome = CONFLICT
            elif outcome is found and any(each is None for each in found):
                outcome = MISSING
            answers.append((watch, outcome))
        return answers

    def put(self, context: _core.Context, key: str, value: bytes | None, watch: Watch | None) -> bool:
        """Stores a value, or erases it. False: it was changed since it was read."""
        return self._run(context, self._put(key, value, watch))

    async def _put(self, key: str, value: bytes | None, watch: Watch | None) -> bool:
        locks = Locks([f"{self._lock_name}{key}"])
        async with locks:
            locks.changed = watch is None or not watch.is_stale
            if not locks.changed:
                return False
            if value is not None:
                await self.store.set(key, cpu.Buffer.from_bytes(value))
                return True
            try:
                await self.store.delete(key)
            except (FileNotFoundError, KeyError):
                pass
            return True

    def list(self, context: _core.Context, prefix: str, deep: bool) -> Iterator[list[Entry]]:
        """The keys below a prefix or, unless `deep`, the keys and prefixes directly below it."""
        entries = _from_first(self._listed(self.store, prefix, deep))
        while some := self._run(context, _some(entries)):
            yield some

    # ------------------------------------------------------------------------------------------------ the same place

    def is_same(self, other: Foreign) -> bool:
        """Whether one of two nodes is the other, or in it."""
        stores = [_behind(each.store) for each in (self, other)]
        same = stores[0] is stores[1] or (type(stores[0]) in _LISTS and stores[0] == stores[1])
        paths = [f"{each.path}/".lstrip("/") for each in (self, other)]
        return same and (paths[0].startswith(paths[1]) or paths[1].startswith(paths[0]))

    def place(self, read_only: bool, keys_are_plain: bool) -> _opened.Place | None:
        """Where the library finds the node by itself: a URL and settings; None: it may mean something else there.

        keys_are_plain: all keys but the path are those of one array.
        """
        store = self.store
        if type(store) is LocalStore:
            path = os.path.join(os.path.abspath(store.root), *self.path.split("/"))
            return None if _has_archive(path) else (f"file://{quote(path)}", None)
        if not read_only or type(store) not in (FsspecStore, ObjectStore, ZipStore):
            return None
        found = _opened.place_of(store)
        if found is None or not keys_are_plain or (self.path and not _opened.are_plain([self.path])):
            return None
        url, settings = found
        if type(store) is not ZipStore:
            return f"{url.rstrip('/')}/{self.path}".rstrip("/"), settings
        return None if self.path and not _has_archive(url) else (f"{url}/{self.path}".rstrip("/"), None)


def _has_archive(path: str) -> bool:
    """Whether the library may take a part of a path for the name of a zip archive."""
    return any(name.lower().endswith((".zip", ".ozx")) for name in path.split("/"))


def _name_of(store: Any) -> str:
    """What a store is called in messages."""
    if type(store) is FsspecStore:
        return str(store.fs.unstrip_protocol(store.path))
    return str(store)


def _behind(store: Any) -> Any:
    while isinstance(store, WrapperStore):
        store = store._store
    return store


def _is_of(place: Any, module: str, *names: str) -> bool:
    """Whether an object is of one of the classes of a module, which is not imported for that."""
    found = sys.modules.get(module)
    return any(isinstance(place, getattr(found, name, ())) for name in names)


def _store_of(place: Any, path: str) -> tuple[Any, str]:
    """zarr-python's store for an object, and the path in it."""
    if isinstance(place, StorePath):
        return place.store, f"{place.path}/{path}".strip("/")
    if isinstance(place, Store):
        return place, path
    if _is_of(place, "fsspec.mapping", "FSMap"):
        return FsspecStore.from_mapper(place), path
    if _is_of(place, "fsspec.spec", "AbstractFileSystem"):
        if not path:
            raise ValueError("a file system of fsspec needs the path of the array in it: path=")
        mapper = sys.modules["fsspec.mapping"].FSMap(path, place)
        return FsspecStore.from_mapper(mapper), ""
    return ObjectStore(place), path


def foreign(place: Any, path: str = "") -> Foreign:
    """The store of another library that an object is. TypeError: it is none."""
    is_obstore = type(place).__module__.split(".")[0] in ("obstore", "_obstore")
    known = isinstance(place, Store | StorePath) or is_obstore or _is_of(place, "fsspec.mapping", "FSMap")
    if not (known or _is_of(place, "fsspec.spec", "AbstractFileSystem")):
        raise TypeError(
            "a path, a URL, a store of zarr-python or obstore, or a file system or mapper of fsspec is needed, "
            f"not {type(place).__name__}"
        )
    if not HAS_ZARR:
        raise TypeError(f"zarr-python is needed to open a {type(place).__name__}: pip install zarr")
    store, inside = _store_of(place, path.strip("/"))
    return Foreign(store, inside)
