# SPDX-License-Identifier: MIT
"""zarr-python's stores of what is on a server or in an archive: which the library reads itself, and that it sees the same."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import servers
import zarr
from test_remote import KEYS, _no_account, bucket, files, make, moto, upload  # noqa: F401
from zarr.storage import FsspecStore, LocalStore, ObjectStore, StorePath, WrapperStore, ZipStore

import zarrc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
pytest.importorskip("s3fs")
pytest.importorskip("obstore")


def fsspec_http(server: servers.Server, path: str, **options: Any) -> Any:
    return FsspecStore.from_url(f"{server.url}/{path}", storage_options={"skip_instance_cache": True, **options})


def obstore_http(server: servers.Server, path: str, **options: Any) -> Any:
    from obstore.store import HTTPStore

    options = {"client_options": {"allow_http": True}, **options}
    return ObjectStore(HTTPStore.from_url(f"{server.url}/{path}", **options))


def fsspec_s3(server: servers.Server, path: str, **options: Any) -> Any:
    given = {"skip_instance_cache": True, "client_kwargs": {"endpoint_url": server.url}, **KEYS, **options}
    return FsspecStore.from_url(f"s3://bucket/{path}", storage_options=given)


def obstore_s3(server: servers.Server, path: str, **options: Any) -> Any:
    from obstore.store import S3Store

    given = {
        "endpoint": server.url,
        "region": "us-east-1",
        "access_key_id": KEYS["key"],
        "secret_access_key": KEYS["secret"],
        "client_options": {"allow_http": True},
        **options,
    }
    return ObjectStore(S3Store("bucket", prefix=path, **given))


HTTP = [fsspec_http, obstore_http]
S3 = [fsspec_s3, obstore_s3]


def by_library(seen: list[servers.Seen]) -> set[bool]:
    return {each.headers.get("user-agent", "").startswith("zarrc/") for each in seen}


# -------------------------------------------------------------------------------------------------- requests, values


@pytest.mark.parametrize("store", HTTP)
def test_http_requests(store: Callable[..., Any], files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr", chunks=(2, 2))
    array = zarr.open_array(store(files, "a.zarr"), mode="r")
    files.take()
    assert np.array_equal(array[...], data)
    seen = files.take()
    assert len(seen) == len({each.path for each in seen}) == 1024
    assert by_library(seen) == {True}
    rows = [3, 1, 60, 1]
    assert np.array_equal(array.oindex[rows, ::7], data[rows, ::7])
    assert np.array_equal(array.vindex[rows, rows], data[rows, rows])
    assert by_library(files.take()) == {True}


@pytest.mark.parametrize("store", HTTP)
def test_http_shards(store: Callable[..., Any], files: servers.Server) -> None:
    assert files.root
    name = store.__name__  # where memory is used again for a store, the index of the same key may be known
    data = make(files.root / "g.zarr" / name, shards=(32, 32))
    array = zarr.open_array(store(files, "g.zarr"), path=name, mode="r")
    files.take()
    assert array[3, 5] == data[3, 5]
    assert len(files.take()) == 2  # the index, and the inner chunk
    assert array[20, 20] == data[20, 20]
    assert len(files.take()) == 1
    assert np.array_equal(array[...], data)
    seen = files.take()
    assert len(seen) == 4
    assert by_library(seen) == {True}


@pytest.mark.parametrize("store", S3)
def test_s3_requests(store: Callable[..., Any], bucket: servers.Server, tmp_path: Path) -> None:
    data = make(tmp_path / "a", shards=(32, 32))
    name = store.__name__
    upload(bucket, tmp_path / "a", f"requests.zarr/{name}")
    array = zarr.open_array(store(bucket, "requests.zarr"), path=name, mode="r")
    bucket.take()
    assert array[3, 5] == data[3, 5]
    assert len(bucket.take()) == 2
    assert np.array_equal(array[...], data)
    seen = bucket.take()
    assert len(seen) == 4
    assert by_library(seen) == {True}
    assert all(f"Credential={KEYS['key']}/" in each.headers["authorization"] for each in seen)


def test_headers_go_along(files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    for given in (
        fsspec_http(files, "a.zarr", headers={"X-Who": "me"}),
        fsspec_http(files, "a.zarr", client_kwargs={"headers": {"X-Who": "me"}}),
        obstore_http(files, "a.zarr", client_options={"allow_http": True, "default_headers": {"X-Who": "me"}}),
    ):
        array = zarr.open_array(given, mode="r")
        files.take()
        assert np.array_equal(array[...], data)
        seen = files.take()
        assert by_library(seen) == {True}
        assert {each.headers.get("x-who") for each in seen} == {"me"}


def test_a_header_that_is_changed_later(files: servers.Server) -> None:
    assert files.root
    make(files.root / "a.zarr")
    store = fsspec_http(files, "a.zarr", headers={"Authorization": "old"})
    array = zarr.open_array(store, mode="r")
    array[0, 0]
    files.take()
    store.fs.kwargs["headers"]["Authorization"] = "new"
    array[0, 0]
    assert {each.headers["authorization"] for each in files.take()} == {"new"}


def test_strings(files: servers.Server) -> None:
    assert files.root
    words = np.array([f"word {i}" for i in range(100)], dtype=object)
    zarr.create_array(files.root / "a.zarr", shape=(100,), chunks=(7,), dtype=str)[:] = words
    array = zarr.open_array(fsspec_http(files, "a.zarr"), mode="r")
    files.take()
    assert list(array[:]) == list(words)
    assert list(array.oindex[[5, 99]]) == ["word 5", "word 99"]
    assert by_library(files.take()) == {True}


# ------------------------------------------------------------------------------------------------------------ writes


@pytest.mark.parametrize("store", S3)
@pytest.mark.parametrize("shards", [None, (32, 32)], ids=["chunks", "shards"])
def test_writes_through_the_store_are_seen(store: Callable[..., Any], shards: Any, bucket: servers.Server) -> None:
    name = f"writes-{store.__name__}-{'shards' if shards else 'chunks'}"
    array = zarr.create_array(
        store(bucket, name), shape=(64, 64), chunks=(8, 8), shards=shards, dtype="i4", fill_value=-1
    )
    data = np.full((64, 64), -1, "i4")
    assert array[0, 0] == -1
    for i, at in enumerate([np.s_[0:8, 0:8], np.s_[8:16, 0:8], np.s_[0, 0], np.s_[30:40, 30:40], np.s_[8:16, 0:8]]):
        array[at] = data[at] = i if i < 4 else -1
        bucket.take()
        assert np.array_equal(array[at], data[at])
        assert by_library(bucket.take()) == {True}
        assert np.array_equal(array[...], data)
        assert array[20, 20] == -1
    array[...] = data[...] = -1
    assert np.array_equal(array[...], data)
    other = zarr.open_array(store(bucket, name))
    other[3, 3] = data[3, 3] = 99
    assert np.array_equal(array[...], data)
    with pytest.raises(ValueError, match="read-only"):
        zarr.open_array(store(bucket, name).with_read_only(True))[0, 0] = 1


@pytest.mark.parametrize("store", HTTP)
def test_what_others_write_is_seen(store: Callable[..., Any], files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr", shards=(32, 32))
    array = zarr.open_array(store(files, "a.zarr"), mode="r")
    local = zarr.open_array(files.root / "a.zarr")
    assert np.array_equal(array[...], data)
    assert array[3, 5] == data[3, 5]
    local[3, 5] = 5
    local[8:16, 8:16] = 0  # an inner chunk that goes
    assert array[3, 5] == 5
    assert array[9, 9] == 0
    local[8:16, 8:16] = 8  # and comes back
    assert array[9, 9] == 8
    (files.root / "a.zarr/c/0/0").unlink()
    assert array[3, 5] == 0


# ---------------------------------------------------------------------------------------------------------- failures


def outcome(array: Any) -> Any:
    try:
        return array[0, 0]
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
@pytest.mark.parametrize("shards", [None, (32, 32)], ids=["chunks", "shards"])
@pytest.mark.parametrize("store", HTTP)
def test_failures_over_http(store: Callable[..., Any], shards: Any, status: int, files: servers.Server) -> None:
    assert files.root
    make(files.root / "a.zarr", shards=shards)
    array = zarr.open_array(store(files, "a.zarr"), mode="r")
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        stock = zarr.open_array(store(files, "a.zarr"), mode="r")
    files.refusals["c/0/0"] = status
    files.take()
    found = outcome(array)
    assert True in by_library(files.take())
    assert found == outcome(stock)
    assert found == 0 if status == 404 else isinstance(found, type)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("store", S3)
def test_failures_of_s3(store: Callable[..., Any], status: int, bucket: servers.Server, tmp_path: Path) -> None:
    make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "fails")
    array = zarr.open_array(store(bucket, "fails"), mode="r")
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        stock = zarr.open_array(store(bucket, "fails"), mode="r")
    bucket.refusals["c/0/0"] = status
    bucket.take()
    found = outcome(array)
    assert True in by_library(bucket.take())
    assert found == outcome(stock)
    assert found == 0 if status == 404 else isinstance(found, type)


def test_damage_is_named(files: servers.Server) -> None:
    assert files.root
    make(files.root / "a.zarr")
    (files.root / "a.zarr/c/0/0").write_bytes(b"nonsense")
    array = zarr.open_array(fsspec_http(files, "a.zarr"), mode="r")
    with pytest.raises(zarrc.CorruptError, match=r"c/0/0"):
        array[...]


def test_the_event_loop_goes_on(files: servers.Server) -> None:
    """The server answers when a task of the same loop has run."""
    assert files.root
    data = make(files.root / "a.zarr")
    array = zarr.open_array(fsspec_http(files, "a.zarr"), mode="r")
    asked, may = threading.Event(), threading.Event()
    seen = files.seen

    class Waiting(list[servers.Seen]):
        def append(self, each: servers.Seen) -> None:
            super().append(each)
            asked.set()
            assert may.wait(60)

    async def allow() -> None:
        while not asked.is_set():
            await asyncio.sleep(0)
        may.set()

    from zarr.core.sync import _get_loop

    files.seen = Waiting(seen)
    allowed = asyncio.run_coroutine_threadsafe(allow(), _get_loop())
    assert np.array_equal(array[...], data)
    allowed.result(60)
    assert by_library([each for each in files.seen if "/c/" in each.path]) == {True}


# --------------------------------------------------------------------------------------------- what is not understood


class OwnStore(FsspecStore):
    pass


def strange_http(server: servers.Server) -> dict[str, Any]:
    import aiohttp
    from fsspec.implementations.http import HTTPFileSystem

    class OwnSystem(HTTPFileSystem):
        pass

    async def own_client(**more: Any) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(**more)

    url = f"{server.url}/a.zarr"
    plain = fsspec_http(server, "a.zarr")
    return {
        "a subclass": OwnStore(plain.fs, path=url),
        "a file system of one's own": FsspecStore(OwnSystem(asynchronous=True, skip_instance_cache=True), path=url),
        "a client of one's own": fsspec_http(server, "a.zarr", get_client=own_client),
        "encoded": fsspec_http(server, "a.zarr", encoded=True),
        "a cookie": fsspec_http(server, "a.zarr", cookies={"a": "b"}),
        "trust_env": fsspec_http(server, "a.zarr", client_kwargs={"trust_env": True}),
        "other exceptions": FsspecStore(plain.fs, path=url, allowed_exceptions=(OSError,)),
        "a wrapper": WrapperStore(plain),
        "a timeout": obstore_http(server, "a.zarr", client_options={"allow_http": True, "timeout": "9s"}),
        "retries": obstore_http(server, "a.zarr", retry_config={"max_retries": 1}),
    }


STRANGE = (
    "a subclass",
    "a file system of one's own",
    "a client of one's own",
    "encoded",
    "a cookie",
    "trust_env",
    "other exceptions",
    "a wrapper",
    "a timeout",
    "retries",
)


@pytest.mark.parametrize("name", STRANGE)
def test_others_are_asked_by_their_own_methods(name: str, files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    store = strange_http(files)[name]
    array = zarr.open_array(store, mode="r")
    files.take()
    assert np.array_equal(array[...], data)
    seen = files.take()
    assert seen
    assert by_library(seen) == {False}


def test_proxies(files: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    array = zarr.open_array(fsspec_http(files, "a.zarr"), mode="r")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert np.array_equal(array[...], data)


def test_strange_keys(files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "g.zarr/a b+c")
    array = zarr.open_array(fsspec_http(files, "g.zarr"), path="a b+c", mode="r")
    files.take()
    assert np.array_equal(array[...], data)
    assert by_library(files.take()) == {False}


@pytest.mark.parametrize(
    "options",
    [
        {"version_aware": True},
        {"use_ssl": False},
        {"s3_additional_kwargs": {"RequestPayer": "requester"}},
        {"config_kwargs": {"signature_version": "s3v4"}},
    ],
    ids=str,
)
def test_strange_options_of_s3fs(options: dict[str, Any], bucket: servers.Server, tmp_path: Path) -> None:
    data = make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "strange")
    array = zarr.open_array(fsspec_s3(bucket, "strange", **options), mode="r")
    bucket.take()
    assert np.array_equal(array[...], data)
    assert by_library(bucket.take()) == {False}


def test_accounts(bucket: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is the same for the library as for botocore, or the library does not ask."""
    data = make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "accounts")
    empty = {"key": None, "secret": None}

    def asked(**options: Any) -> tuple[set[bool], set[str]]:
        array = zarr.open_array(fsspec_s3(bucket, "accounts", **empty, **options), mode="r")
        bucket.take()
        assert np.array_equal(array[...], data)
        seen = bucket.take()
        return by_library(seen), {each.headers["authorization"].partition("=")[2].partition("/")[0] for each in seen}

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert asked() == ({True}, {"AKIAENV"})
    keys = "aws_access_key_id = {}\naws_secret_access_key = x\n"
    (tmp_path / "credentials").write_text(
        f"[default]\n{keys.format('AKIADEFAULT')}[mine]\n{keys.format('AKIAMINE')}"
        f"[role]\n{keys.format('AKIAROLE')}credential_process = echo\n"
    )
    assert asked(profile="mine") == ({True}, {"AKIAMINE"})
    assert asked(profile="role")[0] == {False}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert asked() == ({True}, {"AKIADEFAULT"})
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert asked() == ({True}, {"AKIAMINE"})
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    assert asked() == ({False}, {"AKIAMINE"})


# --------------------------------------------------------------------------------------------------------------- zip


def make_zip(path: Path, seed: int, **more: Any) -> np.ndarray[Any, Any]:
    data = np.arange(64 * 64, dtype="i4").reshape(64, 64) + seed
    with ZipStore(path, mode="w") as store:
        zarr.create_array(store, name="a", shape=data.shape, dtype="i4", **{"chunks": (8, 8)} | more)[:] = data
    return data


class Counted:
    """Counts what a store is asked for by its own methods."""

    def __init__(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n = 0
        get = store._get

        def counting(*args: Any, **kwargs: Any) -> Any:
            self.n += 1
            return get(*args, **kwargs)

        monkeypatch.setattr(store, "_get", counting)


@pytest.mark.parametrize("shards", [None, (32, 32)], ids=["chunks", "shards"])
def test_archives(shards: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_zip(tmp_path / "a.data", 0, shards=shards)
    store = ZipStore(tmp_path / "a.data")
    array = zarr.open_array(store, path="a", mode="r")
    counted = Counted(store, monkeypatch)
    assert np.array_equal(array[...], data)
    assert np.array_equal(array.oindex[[1, 40], ::9], data[[1, 40], ::9])
    assert counted.n == 0


def test_an_archive_that_was_replaced(tmp_path: Path) -> None:
    old = make_zip(tmp_path / "a.zip", 0)
    array = zarr.open_array(ZipStore(tmp_path / "a.zip"), path="a", mode="r")
    assert np.array_equal(array[...], old)
    make_zip(tmp_path / "b.zip", 7)
    os.replace(tmp_path / "b.zip", tmp_path / "a.zip")
    assert np.array_equal(array[...], old)  # zarr-python's store has the old one open


def test_an_archive_that_is_written(tmp_path: Path) -> None:
    store = ZipStore(tmp_path / "a.zip", mode="w")
    array = zarr.create_array(store, shape=(16,), chunks=(4,), dtype="i4")
    array[:4] = 1
    assert list(array[:8]) == [1] * 4 + [0] * 4
    array[4:8] = 2
    assert list(array[:8]) == [1] * 4 + [2] * 4


def test_directories_are_as_before(tmp_path: Path) -> None:
    data = make(LocalStore(tmp_path / "a"))
    assert np.array_equal(zarr.open_array(tmp_path / "a")[...], data)


# ------------------------------------------------------------------------------------------------------- zarrc.open


@pytest.mark.parametrize("store", HTTP)
def test_open_over_http(store: Callable[..., Any], files: servers.Server) -> None:
    """By the library; where it cannot open the place, by the store's own methods."""
    assert files.root
    name = store.__name__
    data = make(files.root / "o.zarr" / name, shards=(32, 32))
    files.take()
    array = zarrc.open(store(files, "o.zarr"), path=name)
    assert np.array_equal(array[...], data)
    seen = files.take()
    assert by_library(seen) == {True}
    assert len([each for each in seen if "/c/" in each.path]) == 4
    array = zarrc.open(WrapperStore(store(files, "o.zarr")), path=name)
    files.take()
    assert array[3, 5] == data[3, 5]
    seen = files.take()
    assert len(seen) == 2  # the index, and the inner chunk
    assert by_library(seen) == {False}
    with pytest.raises(FileNotFoundError):
        zarrc.open(store(files, "o.zarr"), path="none")


@pytest.mark.parametrize("store", S3)
def test_open_on_s3(store: Callable[..., Any], bucket: servers.Server, tmp_path: Path) -> None:
    name = store.__name__
    data = make(tmp_path / "a", shards=(32, 32))
    upload(bucket, tmp_path / "a", f"opened.zarr/{name}")
    array = zarrc.open(store(bucket, "opened.zarr"), "r+", path=name)
    bucket.take()
    array[:, 5] = data[:, 5] = 7
    array[0:32] = data[0:32] = 3
    assert np.array_equal(zarrc.open(store(bucket, "opened.zarr"), path=name)[...], data)
    copied = StorePath(store(bucket, "opened.zarr"), f"{name}.copy")
    zarrc.copy(StorePath(store(bucket, "opened.zarr"), name), copied, shards="none", check=True)
    assert np.array_equal(zarr.open_array(store(bucket, "opened.zarr"), path=f"{name}.copy", mode="r")[...], data)
    report = zarrc.copy(copied, tmp_path / "back")
    assert np.array_equal(zarrc.open(tmp_path / "back")[...], data)
    assert report["arrays"][0]["source_nbytes"] > 0  # listings tell sizes


def test_a_mapper_and_an_obstore_on_s3(bucket: servers.Server, tmp_path: Path) -> None:
    import fsspec

    data = make(tmp_path / "a", chunks=(32, 32))
    upload(bucket, tmp_path / "a", "mapped.zarr")
    mapper = fsspec.get_mapper("s3://bucket/mapped.zarr", client_kwargs={"endpoint_url": bucket.url}, **KEYS)
    assert np.array_equal(zarrc.open(mapper)[...], data)
    assert np.array_equal(zarrc.open(mapper.fs, path="bucket/mapped.zarr")[...], data)
    assert np.array_equal(zarrc.open(obstore_s3(bucket, "").store, path="mapped.zarr")[...], data)


@pytest.mark.parametrize("store", S3)
def test_open_raises_what_the_store_raises(store: Callable[..., Any], bucket: servers.Server, tmp_path: Path) -> None:
    data = make(tmp_path / "a", chunks=(32, 32))
    upload(bucket, tmp_path / "a", f"raising.zarr/{store.__name__}")
    array = zarrc.open(WrapperStore(store(bucket, "raising.zarr")), "r+", path=store.__name__)
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        stock = zarr.open_array(WrapperStore(store(bucket, "raising.zarr")), mode="r", path=store.__name__)
    bucket.refusals["c/0/0"] = 403
    assert issubclass(outcome(stock), Exception)
    assert outcome(array) is outcome(stock)
    del bucket.refusals["c/0/0"]
    assert np.array_equal(array[...], data)
