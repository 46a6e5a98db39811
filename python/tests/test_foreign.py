# SPDX-License-Identifier: MIT
"""`zarrc.open` and `zarrc.copy` on stores of zarr-python, obstore and fsspec. ZARRC_DRAWS sets how many arrays are drawn."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
import zarr.core.sync
from fetching_worlds import BATCHED, Noting, draw, indexed, nbytes_of, picked, selections, ways
from zarr.storage import FsspecStore, LocalStore, LoggingStore, MemoryStore, ObjectStore, StorePath, WrapperStore, ZipStore

import zarrc
from zarrc import _core, _foreign, _locks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DRAWS = int(os.environ.get("ZARRC_DRAWS", "12"))
JOINS = hasattr(Noting, "get_ranges")  # zarr-python joins the ranges of a shard, so that they are fewer requests
HERE = os.path.dirname(__file__)


def make(kind: str, path: Path) -> Any:
    if kind == "local":
        return LocalStore(path / "a b%20.zarr")
    if kind == "memory":
        return MemoryStore()
    if kind == "wrapper":
        return LoggingStore(MemoryStore(), log_level="ERROR")
    if kind == "fsspec":
        fsspec = pytest.importorskip("fsspec")
        return FsspecStore.from_mapper(fsspec.get_mapper(f"memory://{uuid.uuid4()}/x"))
    obstore = pytest.importorskip("obstore")
    return ObjectStore(obstore.store.MemoryStore())


KINDS = ["local", "memory", "wrapper", "fsspec", "obstore"]


@pytest.fixture(params=KINDS)
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return make(request.param, tmp_path)


def filled(store: Any, name: str = "a", shards: tuple[int, ...] | None = (50,), **how: Any) -> Any:
    array = zarr.create_array(store, name=name, shape=(200,), chunks=(10,), shards=shards, dtype="i4", fill_value=-1, **how)
    array[:150] = np.arange(150)
    return array


# ------------------------------------------------------------------------------------------------ reading and writing


@pytest.mark.parametrize("shards", [None, (50,)])
def test_reads_and_writes(any_store: Any, shards: tuple[int, ...] | None) -> None:
    theirs = filled(any_store, "g/a", shards, attributes={"unit": "m"})
    ours = zarrc.open(any_store, "r+", path="g/a")
    for selection in (np.s_[:], np.s_[3:170:7], np.s_[149], np.s_[::-3], [1, 190, 77]):
        np.testing.assert_array_equal(ours[selection], theirs[:][selection])
    assert ours.attrs == {"unit": "m"}
    assert ours.shards == shards
    ours[7:123] = np.arange(116) + 1000
    ours[199] = 5
    ours[:20] = -1  # chunks that become fill value are erased
    np.testing.assert_array_equal(ours[:], theirs[:])
    np.testing.assert_array_equal(zarrc.open(StorePath(any_store, "g/a"))[:], theirs[:])
    np.testing.assert_array_equal(zarrc.open(StorePath(any_store, "g"), path="a")[:], theirs[:])
    with pytest.raises(FileNotFoundError):
        zarrc.open(any_store, path="g/b")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_texts_in_both_formats(any_store: Any, zarr_format: int) -> None:
    texts = np.array([f"text {i}" for i in range(30)], object)
    array = zarr.create_array(any_store, shape=(30,), chunks=(7,), dtype=str, zarr_format=zarr_format)
    array[:] = texts
    ours = zarrc.open(any_store, "r+")
    assert ours[:].tolist() == texts.tolist()
    ours[3:9] = "new"
    assert array[2:10].tolist() == ["text 2", *["new"] * 6, "text 9"]


def test_mappers_file_systems_and_obstores() -> None:
    fsspec, obstore = pytest.importorskip("fsspec"), pytest.importorskip("obstore")
    name = f"{uuid.uuid4()}/x"
    mapper = fsspec.get_mapper(f"memory://{name}")
    theirs = filled(FsspecStore.from_mapper(mapper))
    np.testing.assert_array_equal(zarrc.open(mapper, path="a")[:], theirs[:])
    np.testing.assert_array_equal(zarrc.open(fsspec.filesystem("memory"), path=f"{name}/a")[:], theirs[:])
    with pytest.raises(ValueError, match="path="):
        zarrc.open(fsspec.filesystem("memory"))
    inner = obstore.store.MemoryStore()
    theirs = filled(ObjectStore(inner))
    np.testing.assert_array_equal(zarrc.open(inner, path="a")[:], theirs[:])
    other = fsspec.get_mapper(f"memory://{uuid.uuid4()}/x")
    assert zarrc.copy(inner, other, other_files=True, dry_run=True)["objects"] > 0
    with pytest.raises(zarrc.UnsupportedError, match="remove it first"):
        zarrc.copy(inner, mapper, other_files=True, overwrite=True, force=True, dry_run=True)


def test_what_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    filled(store)
    with pytest.raises(TypeError, match="not dict"):
        zarrc.open({})
    with pytest.raises(ValueError, match="storage_options"):
        zarrc.open(store, path="a", storage_options={"anon": True})
    with pytest.raises(ValueError, match="path is for store objects"):
        zarrc.open(str(tmp_path), path="a")
    with pytest.raises(ValueError, match="reading only"):
        zarrc.open(store.with_read_only(True), "r+", path="a")
    array = zarrc.open(store.with_read_only(True), path="a")
    assert array[1] == 1
    with pytest.raises(zarrc.InvalidError):
        array[1] = 2


def test_is_opened_by_the_library_where_that_means_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = ZipStore(tmp_path / "a.zip", mode="w")
    filled(archive)
    archive.close()
    local = LocalStore(tmp_path / "a")
    filled(local)
    stores = [local, ZipStore(tmp_path / "a.zip", mode="r")]

    def never(*_: Any) -> Any:
        raise AssertionError("a store's own method was called")

    for kind in (LocalStore, ZipStore):
        monkeypatch.setattr(kind, "get", never)
    for store in stores:
        assert zarrc.open(store, path="a")[140:152].tolist() == [*range(140, 150), -1, -1]


def test_an_array_is_pickled(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    filled(store)
    array = zarrc.open(StorePath(LoggingStore(store, log_level="ERROR"), ""), path="a")
    assert array._array is not None
    assert zarrc.open(pickle.loads(pickle.dumps(StorePath(store, "a"))))[149] == 149
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(zarrc.open(store, path="a")))[:], array[:])


# --------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize("largest", [8, 300, 6000])
def test_fetches_no_more_than_zarr_python(largest: int) -> None:
    """Nor in more requests or rounds, nor anything twice."""
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, largest, 3])
        world = draw(random, largest)
        with ways(BATCHED):
            theirs = zarr.open_array(world.store, mode="r+")
        ours = zarrc.open(world.store)
        for how, selection in selections(random, world.data.shape, 4):
            words = f"{world.words}, {how} {selection}"
            expected = picked(world.data, how, selection)
            world.store.take()
            with ways(BATCHED):
                np.testing.assert_array_equal(indexed(theirs, how)[selection], expected, err_msg=words)
            most = world.store.take()
            np.testing.assert_array_equal(indexed(ours, how)[selection], expected, err_msg=words)
            fetched = world.store.take()
            assert not JOINS or nbytes_of(fetched) <= nbytes_of(most), words
            is_box = how == "basic" and all(not isinstance(each, slice) or each.step in (None, 1) for each in selection)
            for key, value in fetched.items():
                assert not value.is_twice, words
                if world.levels > 1 and not is_box:
                    continue  # the index first, as inner shards may be much larger than what is selected of them
                assert len(value.ranges) <= len(most[key].ranges), words
                assert value.waves <= most[key].waves, words


def test_writes_fetch_no_more_bytes_than_zarr_python() -> None:
    for seed in range(DRAWS):
        random = np.random.default_rng([seed, 4])
        world = draw(random, 300, text=False)
        for how, selection in selections(random, world.data.shape, 2):
            words = f"{world.words}, {how} {selection}"
            stores = [world.store.copy() for _ in range(2)]
            with ways(BATCHED):
                theirs = zarr.open_array(stores[0], mode="r+")
            ours = zarrc.open(stores[1], "r+")
            for store in stores:
                store.take()
            try:
                with ways(BATCHED):
                    indexed(theirs, how)[selection] = 7
            except KeyError:  # zarr-python cannot erase a missing inner shard
                continue
            indexed(ours, how)[selection] = 7
            most, fetched = (store.take() for store in stores)
            np.testing.assert_array_equal(ours[...], theirs[...], err_msg=words)
            assert nbytes_of(fetched) <= nbytes_of(most), words
            assert not any(value.is_twice for value in fetched.values()), words


class Together(MemoryStore):
    """Counts requests that are under way at once."""

    now = most = 0

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        type(self).now += 1
        type(self).most = max(self.most, self.now)
        for _ in range(3):
            await asyncio.sleep(0)
        type(self).now -= 1
        return await super().get(key, prototype, byte_range)


def test_many_values_are_asked_for_at_once() -> None:
    store = Together()
    filled(store, shards=None)
    array = zarrc.open(store, path="a")
    with zarr.config.set({"async.concurrency": 7}):
        np.testing.assert_array_equal(array[:150], np.arange(150))
    assert Together.most == 7


def test_what_was_fetched_is_lent_and_let_go() -> None:
    """A value is decoded from the memory that the store has given, and nobody keeps that."""
    store = Noting()
    data = np.random.default_rng(1).integers(0, 1 << 30, (64, 4096), dtype="i4")
    array = zarr.create_array(store, shape=data.shape, chunks=(1, 4096), dtype="i4", compressors=None)
    array[...] = data
    held = store.holding()
    np.testing.assert_array_equal(zarrc.open(held)[:], data)
    gc.collect()
    assert held.held == 0
    assert data.nbytes // 64 <= held.most_held <= data.nbytes


# ------------------------------------------------------------------------------------------------------- exceptions


class Failing(MemoryStore):
    """Raises an exception where a method is called with a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fails: dict[tuple[str, str], Callable[[], BaseException]] = {}

    def _fail(self, method: str, key: str) -> None:
        made = self.fails.get((method, key))
        if made is not None:
            raise made()

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        await asyncio.sleep(0)
        self._fail("get", key)
        return await super().get(key, prototype, byte_range)

    async def set(self, key: str, value: Any, byte_range: Any = None) -> None:
        self._fail("set", key)
        await super().set(key, value, byte_range)

    async def delete(self, key: str) -> None:
        self._fail("delete", key)
        await super().delete(key)

    async def list_dir(self, prefix: str) -> Any:
        self._fail("list", prefix)
        async for name in super().list_dir(prefix):
            yield name


class Mine(Exception):
    """Nothing that the library knows."""


@pytest.mark.parametrize("kind", [Mine, OSError, PermissionError, TimeoutError, MemoryError, ValueError, NotImplementedError])
def test_what_a_store_raises_comes_out(kind: type[Exception]) -> None:
    store = Failing()
    filled(store, shards=None)
    array = zarrc.open(store, "r+", path="a")
    for method, key in (("get", "a/c/3"), ("set", "a/c/3"), ("delete", "a/c/4")):
        store.fails = {(method, key): lambda: kind("of mine")}
        with pytest.raises(kind) as caught:
            if method == "get":
                array[:100]
            elif method == "set":
                array[30:40] = 9
            else:
                array[40:50] = -1
        assert type(caught.value) is kind
        assert caught.value.args == ("of mine",)
        assert any(key in note for note in caught.value.__notes__)
        assert any(frame.name == "_fail" for frame in caught.traceback)
    store.fails = {("get", "a/zarr.json"): lambda: kind("of mine")}
    with pytest.raises(kind, match="^of mine"):
        zarrc.open(store, path="a")
    store.fails = {}
    np.testing.assert_array_equal(array[:60], np.arange(60))


def test_of_many_failures_one_comes_out() -> None:
    store = Failing()
    filled(store, shards=None)
    array = zarrc.open(store, path="a")
    store.fails = {("get", f"a/c/{i}"): lambda i=i: Mine(f"chunk {i}") for i in range(3, 15)}
    for _ in range(5):
        with pytest.raises(Mine, match="chunk 3"):
            array[:]


@pytest.mark.parametrize("kind", [FileNotFoundError, KeyError])
def test_not_found_means_missing(kind: type[Exception]) -> None:
    store = Failing()
    filled(store, shards=None)
    store.fails = {("get", "a/c/3"): lambda: kind("a/c/3")}
    array = zarrc.open(store, "r+", path="a")
    assert array[28:42].tolist() == [28, 29, *[-1] * 10, 40, 41]
    store.fails = {("delete", "a/c/3"): lambda: kind("a/c/3")}
    array[30:40] = -1


class Cutting(MemoryStore):
    """Answers with other bytes than were asked for."""

    n = 0

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        value = await super().get(key, prototype, byte_range)
        if value is None or key.endswith("zarr.json"):
            return value
        data = value.to_bytes()
        return prototype.buffer.from_bytes(data[: self.n] if self.n <= 0 else data + bytes(self.n))


@pytest.mark.parametrize("n", [-1, -7, 3])
@pytest.mark.parametrize("shards", [None, (50,)])
def test_answers_that_lie(n: int, shards: tuple[int, ...] | None) -> None:
    store = Cutting()
    filled(store, shards=shards, compressors=None)
    array = zarrc.open(store, path="a")
    Cutting.n = n
    try:
        with pytest.raises(ValueError):  # noqa: PT011 - a CorruptError, or that there is more than was asked for
            array[:30]
    finally:
        Cutting.n = 0


# ------------------------------------------------------------------------------------------- threads, loops, the end


class Slow(WrapperStore[Any]):
    """Lets others work between reading and storing."""

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        value = await self._store.get(key, prototype, byte_range)
        await asyncio.sleep(0)
        return value

    async def set(self, key: str, value: Any) -> None:
        await asyncio.sleep(0)
        await self._store.set(key, value)


@pytest.mark.parametrize("shards", [None, (64,)])
def test_writers_of_one_chunk_lose_nothing(shards: tuple[int, ...] | None) -> None:
    """Threads with arrays of their own, of zarrc and of zarr-python with zarrc's pipeline."""
    store = Slow(MemoryStore())
    zarr.create_array(store, shape=(64,), chunks=(8,) if shards else (64,), shards=shards, dtype="i4", fill_value=-1)
    arrays = [zarrc.open(store, "r+") if i % 2 else zarr.open_array(store, mode="r+") for i in range(8)]

    def write(i: int) -> None:
        for j in range(i, 64, 8):
            arrays[i][j] = j

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert zarrc.open(store)[:].tolist() == list(range(64))
    del arrays
    gc.collect()
    assert not _locks._watched


def test_a_reader_sees_one_version_of_a_shard() -> None:
    """Its index and its inner chunks, while a thread stores it again and again."""
    store = Slow(MemoryStore())
    array = zarr.create_array(store, shape=(64,), chunks=(8,), shards=(64,), dtype="i4")
    array[:] = 1
    ends = threading.Event()

    def change() -> None:
        writer = zarrc.open(store, "r+")
        n = 1
        while not ends.is_set():
            n += 1
            writer[: 8 * (1 + n % 8)] = n
            writer[:] = n

    thread = threading.Thread(target=change)
    thread.start()
    try:
        reader = zarrc.open(store)
        for _ in range(100):
            assert reader[3] > 0
    finally:
        ends.set()
        thread.join()


def test_is_refused_in_the_loop_that_it_waits_for() -> None:
    store = MemoryStore()
    filled(store)
    array = zarrc.open(store, path="a")

    async def inside() -> Any:
        with pytest.raises(RuntimeError, match="event loop"):
            array[:]
        with pytest.raises(RuntimeError, match="event loop"):
            zarrc.open(store, path="a")
        with pytest.raises(RuntimeError, match="event loop"):
            zarrc.copy(store, MemoryStore())
        return await asyncio.to_thread(lambda: array[149])

    assert zarr.core.sync.sync(inside()) == 149

    async def elsewhere() -> Any:
        return array[148]

    assert asyncio.run(elsewhere()) == 148


def test_a_store_that_was_closed() -> None:
    """zarr-python's stores open themselves again; those that do not raise what they raise."""
    store = MemoryStore()
    filled(store)
    array = zarrc.open(store, path="a")
    store.close()
    assert array[5] == 5


class Hanging(MemoryStore):
    """Does not answer where a key is read (`get`) or stored (`set`) that `hangs` names."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = ("", "")
        self.asked, self.cancelled = threading.Event(), threading.Event()

    async def _hang(self, *what: str) -> None:
        if what != self.hangs:
            return
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        await self._hang("get", key)
        return await super().get(key, prototype, byte_range)

    async def set(self, key: str, value: Any, byte_range: Any = None) -> None:
        await self._hang("set", key)
        await super().set(key, value, byte_range)


@pytest.mark.parametrize("what", ["get", "set"])
def test_ctrl_c(what: str) -> None:
    store = Hanging()
    filled(store, shards=None)
    array = zarrc.open(store, "r+", path="a")
    store.hangs = (what, "a/c/3")

    def interrupt() -> None:
        store.asked.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            if what == "set":
                array[:100] = 1
            else:
                array[:]
    finally:
        signal.signal(signal.SIGINT, before)
        thread.join()
    store.cancelled.wait()
    store.hangs = ("", "")
    array[:] = 7  # and goes on afterwards, with no lock left behind
    assert (array[:] == 7).all()


def test_a_stop_ends_it() -> None:
    store = Hanging()
    filled(store, shards=None)
    array = zarrc.open(store, path="a")
    store.hangs = ("get", "a/c/3")
    stop = _core.Stop(store.asked.is_set)
    with pytest.raises(zarrc.ZarrcError) as caught:
        stop.run(lambda: array[:])
    assert caught.value.status == "CANCELED"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_fork_reads() -> None:
    store = MemoryStore()
    filled(store)
    array = zarrc.open(store, path="a")
    assert array[149] == 149
    child = os.fork()
    if child == 0:
        os._exit(0 if array[:].tolist() == [*range(150), *[-1] * 50] else 1)
    assert os.waitpid(child, 0)[1] == 0


PROGRAM = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import test_foreign, zarrc
store = test_foreign.Hanging()
test_foreign.filled(store, shards=None)
array = zarrc.open(store, path="a")
store.hangs = ("get", "a/c/3")
threading.Thread(target=lambda: array[:], daemon=True).start()
store.asked.wait()
print("ends", flush=True)
"""


def test_the_interpreter_ends_while_a_thread_waits() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, HERE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ends\n"), done.stderr


def test_an_array_lets_its_store_go() -> None:
    class Gone(MemoryStore):
        pass

    store = Gone()
    filled(store)
    array = zarrc.open(store, path="a")
    assert array[1] == 1
    seen = weakref.ref(store)
    del store, array
    gc.collect()
    assert seen() is None


# ---------------------------------------------------------------------------------------------------------- copying


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("target", KINDS)
def test_copies(any_store: Any, target: str, zarr_format: int, tmp_path: Path) -> None:
    group = zarr.create_group(any_store, path="g", zarr_format=zarr_format, attributes={"x": 1})
    deep = group.create_array("h/a", shape=(90,), chunks=(10,), dtype="i4")
    deep[:50] = np.arange(1, 51)
    group.create_array("b", shape=(4, 4), chunks=(2, 2), dtype="f8")[:] = 3
    store = make(target, tmp_path / "target")
    source, into = StorePath(any_store, "g"), StorePath(store, "out/g")
    report = zarrc.copy(source, into, check=True, zarr_format=zarr_format)
    assert report["written"]["objects"] == 5 + 4
    copied = zarr.open_group(store, path="out/g", mode="r")
    assert dict(copied.attrs) == {"x": 1}
    assert sorted(name for name, _ in copied.members(max_depth=None)) == ["b", "h", "h/a"]
    np.testing.assert_array_equal(copied["h/a"][:], deep[:])
    assert zarrc.copy(source, into, resume=True, check=True, zarr_format=zarr_format)["written"]["objects"] == 0
    with pytest.raises(zarrc.ZarrcError) as caught:
        zarrc.copy(source, into, zarr_format=zarr_format)
    assert caught.value.status == "CONFLICT"
    if isinstance(store, LocalStore):  # the library's own, where a copy is made aside
        zarrc.copy(source, into, overwrite=True, chunks=(2, 2), zarr_format=zarr_format)
    else:
        with pytest.raises(zarrc.UnsupportedError, match="remove it first"):
            zarrc.copy(source, into, overwrite=True, chunks=(2, 2), zarr_format=zarr_format)
    assert (zarr.open_array(store, path="out/g/b", mode="r")[:] == 3).all()


def test_nothing_is_lost_where_source_and_target_are_one_place(tmp_path: Path) -> None:
    """Under names that do not tell."""
    source = tmp_path / "a.zarr"
    filled(LocalStore(source), "g/a")
    before = {p: p.read_bytes() for p in source.rglob("*") if p.is_file()}
    pairs: list[tuple[Any, Any]] = [(str(source), LoggingStore(LocalStore(source))), (LoggingStore(LocalStore(source)), LoggingStore(LocalStore(source))),
                                    (str(source / "g"), StorePath(LoggingStore(LocalStore(source)), "g"))]
    for module, make_other in (("fsspec", lambda m: m.get_mapper(source.as_uri())), ("obstore.store", lambda m: m.LocalStore(str(source)))):
        try:
            pairs.append((str(source), make_other(importlib.import_module(module))))
        except ImportError:
            continue
    for src, dst in pairs:
        for options in ({"overwrite": True}, {"overwrite": True, "force": True, "chunks": (7,)}, {}):
            with pytest.raises((zarrc.ZarrcError, ValueError)):
                zarrc.copy(src, dst, **options)
            assert {p: p.read_bytes() for p in source.rglob("*") if p.is_file()} == before


def test_a_copy_into_itself_is_refused(any_store: Any) -> None:
    filled(any_store, "g/a")
    with pytest.raises(ValueError, match="contains|into itself"):
        zarrc.copy(StorePath(any_store, "g"), StorePath(any_store, "g/a/b"))


def test_what_a_store_raises_ends_a_copy(tmp_path: Path) -> None:
    store = Failing()
    filled(store, shards=None)
    for method, key in (("get", "a/c/3"), ("list", ""), ("get", "a/zarr.json")):
        store.fails = {(method, key): lambda: Mine("of mine")}
        with pytest.raises(Mine, match="of mine"):
            zarrc.copy(store, tmp_path / "b", overwrite=True, force=True)
    target = Failing()
    store.fails = {}
    target.fails = {("set", "a/c/3"): lambda: Mine("of mine")}
    with pytest.raises(Mine, match="of mine"):
        zarrc.copy(StorePath(store, "a"), StorePath(target, "a"), chunks=(10,))


def test_listings_of_many_entries(monkeypatch: pytest.MonkeyPatch, any_store: Any) -> None:
    monkeypatch.setattr(_foreign, "ENTRIES", 3)
    group = zarr.create_group(any_store)
    for i in range(8):
        group.create_array(f"a{i}", shape=(4,), chunks=(1,), dtype="u1")[:] = i + 1
    target = MemoryStore()
    assert len(zarrc.copy(any_store, target)["arrays"]) == 8
    copied = zarr.open_group(target, mode="r")
    assert [copied[f"a{i}"][3] for i in range(8)] == list(range(1, 9))
