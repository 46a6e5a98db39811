# SPDX-License-Identifier: MIT
"""Arrays on servers: ``storage_options``, and where secrets may be seen."""

from __future__ import annotations

import errno
import pickle
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import servers
import zarr

import zarrc
from zarrc import _remote

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "3wJalrXUtnFEMI"
KEYS = {"key": "AKIATEST", "secret": SECRET}


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the user has."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ENDPOINT_URL", "ENDPOINT_URL_S3"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[servers.Server]:
    (tmp_path / "files").mkdir()
    with servers.http(tmp_path / "files") as server:
        yield server


@pytest.fixture(scope="module")
def moto() -> Iterator[servers.Server]:
    pytest.importorskip("moto.server")
    with servers.s3("bucket") as server:
        yield server


@pytest.fixture
def bucket(moto: servers.Server) -> Iterator[servers.Server]:
    moto.take()
    yield moto
    moto.refusals.clear()


def make(path: Any, **more: Any) -> np.ndarray[Any, Any]:
    data = np.arange(64 * 64, dtype="i4").reshape(64, 64)
    zarr.create_array(path, shape=data.shape, dtype="i4", **{"chunks": (8, 8)} | more)[:] = data
    return data


# ------------------------------------------------------------------------------------------------------------- names

S3_SAID = {
    "access_key_id": "AKIATEST",
    "secret_access_key": SECRET,
    "session_token": "tk",
    "endpoint": "http://here:1",
    "region": "eu-north-1",
}


@pytest.mark.parametrize(
    "options",
    [
        {**KEYS, "token": "tk", "endpoint_url": "http://here:1", "region": "eu-north-1"},
        {**KEYS, "token": "tk", "client_kwargs": {"endpoint_url": "http://here:1", "region_name": "eu-north-1"}},
        {
            "access_key_id": "AKIATEST",
            "secret_access_key": SECRET,
            "session_token": "tk",
            "endpoint": "http://here:1",
            "region": "eu-north-1",
            "client_options": {"allow_http": True},
        },
        {
            **{"aws_" + name: S3_SAID[name] for name in ("access_key_id", "secret_access_key", "session_token")},
            "aws_endpoint": "http://here:1",
            "aws_region": "eu-north-1",
            "region": "eu-north-1",
            "profile": None,
        },
    ],
    ids=["s3fs", "s3fs, client_kwargs", "obstore", "long names"],
)
def test_names_of_other_libraries(options: dict[str, Any]) -> None:
    assert _remote.settings("s3://bucket/a", options) == S3_SAID
    assert _remote.settings("zip::s3://bucket/a.zip", options) == S3_SAID


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({"anon": True}, {"anonymous": True}),
        ({"skip_signature": True}, {"anonymous": True}),
        ({"requester_pays": True}, {"requester_pays": True}),
        ({"config_kwargs": {"s3": {"addressing_style": "path"}}}, {"style": 1}),
        ({"virtual_hosted_style_request": True}, {"style": 2}),
        ({"config_kwargs": {"max_pool_connections": 7, "read_timeout": 2}}, {"max_requests": 7, "stall_timeout_ms": 2000}),
        ({"client_kwargs": {"verify": "/ca.pem"}}, {"ca_file": "/ca.pem"}),
        ({"client_kwargs": {"verify": True}}, {}),
        ({"headers": {"a": "b"}}, {"headers": ["a: b"]}),
        ({"client_options": {"connect_timeout": timedelta(seconds=1.5)}}, {"connect_timeout_ms": 1500}),
        ({"cache": "1.5M", "cache_dir": Path("kept")}, {"cache": 3 << 19, "cache_dir": "kept"}),
        ({"cache_dir": "kept", "cache_dir_size": 1 << 30}, {"cache_dir": "kept", "cache_dir_size": 1 << 30}),
        ({"tries": np.int64(2), "gap": 1, "missing_403": True}, {"tries": 2, "gap": 1, "missing_403": True}),
    ],
)
def test_settings(options: dict[str, Any], made: dict[str, Any]) -> None:
    assert _remote.settings("s3://bucket/a", options) == made


@pytest.mark.parametrize("url", ["s3://bucket/a", "http://127.0.0.1:9/a", "zip::https://127.0.0.1:9/a.zip"])
def test_unknown_names(url: str) -> None:
    with pytest.raises(TypeError, match=r"'heders' is not known .*but 'headers' is\. Known are headers, ca_file|'headers' is\. Known are anonymous"):
        zarrc.open(url, storage_options={"heders": {"Authorization": SECRET}})
    with pytest.raises(TypeError, match=r"'client_kwargs\.no_such' is not known"):
        zarrc.open(url, storage_options={"client_kwargs": {"no_such": SECRET}})


def test_names_of_s3_on_http() -> None:
    with pytest.raises(TypeError, match=r"'anon' is not known for URLs of http, only for those of s3"):
        zarrc.open("https://127.0.0.1:9/a", storage_options={"anon": True})


@pytest.mark.parametrize("url", ["a.zarr", "file:a.zarr", "memory:", "zip:a.zip", "/a::b"])
def test_nothing_is_on_a_server(url: str) -> None:
    with pytest.raises(ValueError, match="storage_options are for what is on a server"):
        zarrc.open(url, storage_options={"anon": True})
    with pytest.raises(ValueError, match="storage_options are for what is on a server"):
        zarrc.copy(url, "b.zarr", src_storage_options={"anon": True})
    with pytest.raises(ValueError, match="storage_options are for what is on a server"):
        zarrc.copy("b.zarr", url, dst_storage_options={"anon": True})


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"secret": SECRET.encode()}, TypeError, "'secret' has to be a text"),
        ({"token": SECRET + "\0"}, TypeError, "'token' has to be a text"),
        ({"headers": [SECRET]}, TypeError, "'headers' has to be a dictionary of texts"),
        ({"headers": {"Authorization": f"{SECRET}\r\nx: y"}}, ValueError, "headers of one line"),
        ({"anon": "yes"}, TypeError, "'anon' has to be True or False"),
        ({"max_requests": 0}, ValueError, "'max_requests' has to be a whole number"),
        ({"max_requests": 1.5}, TypeError, "'max_requests' has to be a whole number"),
        ({"connect_timeout": 0}, ValueError, "a number of seconds above 0"),
        ({"addressing_style": "url"}, ValueError, "one of auto, path, virtual"),
        ({"client_kwargs": {"verify": False}}, ValueError, "certificates are always verified"),
        ({"cache": True}, TypeError, "'cache' has to be a number of bytes, or a size such as 512M"),
        ({"cache": "much"}, ValueError, "'cache' has to be a size such as 512M or 1G"),
        ({"cache": 0}, ValueError, "'cache' has to be a size"),
        ({"cache_dir": 5}, TypeError, "'cache_dir' has to be a path"),
        ({"cache_dir_size": "1G"}, ValueError, "'cache_dir_size' needs 'cache_dir'"),
        ({"client_kwargs": 5}, TypeError, "'client_kwargs' has to be a dictionary"),
        ({"secret": SECRET, "secret_access_key": "x"}, ValueError, "'secret_access_key' and 'secret' say different"),
    ],
)
def test_wrong_values(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as raised:
        zarrc.open("s3://bucket/a", storage_options=options)
    assert SECRET not in str(raised.value)


# -------------------------------------------------------------------------------------------------------------- http


def test_headers_are_sent_and_never_shown(files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    options = {"headers": {"Authorization": SECRET, "X-Who": "me"}}
    array = zarrc.open(f"{files.url}/a.zarr", storage_options=options)
    assert np.array_equal(array[...], data)
    seen = files.take()
    assert len(seen) == 1 + 64  # a request for the metadata, and one a chunk
    assert all(each.headers["authorization"] == SECRET and each.headers["x-who"] == "me" for each in seen)
    assert SECRET not in repr(array)
    files.refusals["c/0/0"] = 403
    with pytest.raises(PermissionError) as raised:
        array[0, 0]
    assert SECRET not in str(raised.value) + repr(raised.value)
    with pytest.raises(PermissionError) as raised:
        zarrc.open(f"{files.url}/a.zarr", storage_options=options)[...]
    assert SECRET not in str(raised.value) + repr(raised.value)
    assert zarrc.open(f"{files.url}/a.zarr", storage_options={"missing_403": True})[0, 0] == 0


def test_pickles_have_no_secrets(files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    url = f"{files.url}/a.zarr"
    assert np.array_equal(pickle.loads(pickle.dumps(zarrc.open(url, storage_options={"tries": 2})))[...], data)
    options = {"headers": {"Authorization": SECRET}}
    with pytest.raises(TypeError, match=r"opened with secrets \(headers\) is not pickled") as raised:
        pickle.dumps(zarrc.open(url, storage_options=options))
    assert SECRET not in str(raised.value)
    with pytest.raises(TypeError, match=r"opened with secrets \(the URL\) is not pickled"):
        pickle.dumps(zarrc.open(f"{url}?sig={SECRET}"))
    files.take()
    again = pickle.loads(pickle.dumps(zarrc.open(url, storage_options=options, pickle_secrets=True)))
    assert np.array_equal(again[...], data)
    assert {each.headers.get("authorization") for each in files.take()} == {SECRET}
    pickle.dumps(again)


def test_etags_that_other_shards_have(files: servers.Server) -> None:
    """nginx makes them of the second of the last change and the length."""
    assert files.root
    files.etag = "6565f0a1-{:x}"
    for name, at in (("a", (0, 24)), ("b", (8, 16))):
        array = zarr.create_array(
            files.root / name, shape=(32,), chunks=(8,), shards=(16,), dtype="i4", compressors=None, fill_value=-1
        )
        for i in at:
            array[i : i + 8] = i
    for _ in range(3):
        for name in ("a", "b"):
            stored = zarr.open_array(files.root / name)[:]
            array = zarrc.open(f"{files.url}/{name}")
            assert [int(array[i]) for i in range(0, 32, 8)] == list(stored[::8])
            assert np.array_equal(array[...], stored)
            assert [int(array[i]) for i in range(0, 32, 8)] == list(stored[::8])


def test_strange_names_are_no_secrets(tmp_path: Path) -> None:
    data = make(tmp_path / "a?b=c@d#e.zarr")
    again = pickle.loads(pickle.dumps(zarrc.open(tmp_path / "a?b=c@d#e.zarr")))
    assert np.array_equal(again[...], data)


def test_fewer_at_once(files: servers.Server) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    assert np.array_equal(zarrc.open(f"{files.url}/a.zarr", storage_options={"max_requests": 1})[...], data)
    with pytest.raises(ValueError, match="max_requests is 4096, and not 1 to 512"):
        zarrc.open(f"{files.url}/a.zarr", storage_options={"max_requests": 4096})


def ranges(server: servers.Server, name: str) -> list[str]:
    return [seen.headers.get("range", "whole") for seen in server.take() if name in seen.path]


def test_what_was_read_is_kept(files: servers.Server, tmp_path: Path) -> None:
    """In memory by one array, in a folder by all: then a byte is asked for, and what has changed is seen."""
    assert files.root
    data = make(files.root / "a.zarr")
    folder = tmp_path / "kept"
    for options, again in (({"cache": "16M"}, False), ({"cache_dir": folder, "cache_dir_size": "16M"}, True)):
        files.take()
        for opens in range(2):
            array = zarrc.open(f"{files.url}/a.zarr", storage_options=options)
            for reads in range(2):
                assert np.array_equal(array[...], data)
                warm = reads == 1 or (opens == 1 and again)
                assert set(ranges(files, "/c/")) <= ({"bytes=0-0"} if warm else {"whole", "bytes=0-"}), (options, opens)
    assert folder.stat().st_mode & 0o777 == 0o700
    zarr.open_array(files.root / "a.zarr", mode="r+")[0, 0] = 77
    assert array[0, 0] == 77
    with pytest.raises(zarrc.StoreError, match=r"cannot make the folder .*none/such"):
        zarrc.open(f"{files.url}/a.zarr", storage_options={"cache_dir": tmp_path / "none" / "such"})


def test_copies_through_a_cache(files: servers.Server, tmp_path: Path) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    for at in range(2):
        zarrc.copy(f"{files.url}/a.zarr", tmp_path / f"{at}.zarr", src_storage_options={"cache_dir": tmp_path / "kept"})
        assert np.array_equal(zarrc.open(tmp_path / f"{at}.zarr")[...], data)
    assert set(ranges(files, "/c/")[-64:]) == {"bytes=0-0"}


# ---------------------------------------------------------------------------------------------------------------- s3


def options_of(server: servers.Server, **more: Any) -> dict[str, Any]:
    return {"client_kwargs": {"endpoint_url": server.url}, **KEYS, **more}


def upload(server: servers.Server, folder: Path, prefix: str, access: str = "private") -> None:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=server.url, aws_access_key_id="m", aws_secret_access_key="m", region_name="us-east-1"
    )
    for file in folder.rglob("*"):
        if file.is_file():
            client.put_object(Bucket="bucket", Key=f"{prefix}/{file.relative_to(folder)}", Body=file.read_bytes(), ACL=access)
    server.take()


def test_s3_is_read_and_written(bucket: servers.Server, tmp_path: Path) -> None:
    data = make(tmp_path / "a", shards=(32, 32))
    upload(bucket, tmp_path / "a", "rw.zarr/a")
    array = zarrc.open("s3://bucket/rw.zarr/a", "r+", storage_options=options_of(bucket))
    assert np.array_equal(array[...], data)
    seen = bucket.take()
    assert len(seen) == 1 + 4
    assert all("Credential=AKIATEST/" in each.headers["authorization"] for each in seen)
    array[3, 5] = data[3, 5] = -1
    array[40:50, 20:40] = data[40:50, 20:40] = 7
    assert np.array_equal(array[...], data)
    assert np.array_equal(zarrc.open("s3://bucket/rw.zarr/a", storage_options=options_of(bucket))[...], data)
    assert not any(SECRET in str(each) for each in bucket.take())
    with pytest.raises(ValueError, match="read"):
        zarrc.open("s3://bucket/rw.zarr/a", storage_options=options_of(bucket))[0, 0] = 1


def test_who_asks(bucket: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "who", "public-read")

    def seen_of(**options: Any) -> str:
        array = zarrc.open("s3://bucket/who", storage_options={"endpoint_url": bucket.url, **options})
        assert np.array_equal(array[...], data)
        seen = bucket.take()
        assert len(seen) == 1 + 64
        said = {each.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0] for each in seen}
        assert len(said) == 1
        return said.pop()

    with pytest.raises(PermissionError, match="there are no credentials for S3") as raised:
        seen_of()
    assert raised.value.errno is None
    assert seen_of(anon=True) == ""
    assert seen_of(**KEYS) == "AKIATEST"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert seen_of() == "AKIAENV"
    assert seen_of(anon=True) == ""
    (tmp_path / "credentials").write_text(f"[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = {SECRET}\n")
    assert seen_of(profile="mine") == "AKIAMINE"
    array = zarrc.open("s3://bucket/who", storage_options={"endpoint_url": bucket.url, "profile": "mine"})
    bucket.take()
    pickled = pickle.dumps(array)
    assert SECRET.encode() not in pickled
    assert np.array_equal(pickle.loads(pickled)[...], data)
    assert all("Credential=AKIAMINE/" in each.headers["authorization"] for each in bucket.take())


def test_s3_refuses(bucket: servers.Server, tmp_path: Path) -> None:
    make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "refused")
    bucket.refusals["c/0/0"] = 403
    for mode in ("r", "r+"):
        with pytest.raises(PermissionError) as raised:
            zarrc.open("s3://bucket/refused", mode, storage_options=options_of(bucket))[0, 0]
        assert raised.value.errno == errno.EACCES
        assert "refused" in str(raised.value)
        assert SECRET not in str(raised.value) + repr(raised.value)
    with pytest.raises(FileNotFoundError):
        zarrc.open("s3://bucket/nothing", storage_options=options_of(bucket))
    with pytest.raises(TypeError, match=r"secrets \(secret_access_key\)"):
        pickle.dumps(zarrc.open("s3://bucket/refused", storage_options=options_of(bucket)))


# -------------------------------------------------------------------------------------------------------------- copy


def test_copies(files: servers.Server, bucket: servers.Server, tmp_path: Path) -> None:
    assert files.root
    data = make(files.root / "a.zarr")
    url = f"{files.url}/a.zarr?sig={SECRET}"
    headers = {"headers": {"X-Who": SECRET}}
    report = zarrc.copy(
        url,
        "s3://bucket/copy.zarr",
        src_storage_options=headers,
        dst_storage_options=options_of(bucket),
        shards=(32, 32),
    )
    assert SECRET not in str(report)
    assert report["source"] == f"{files.url}/a.zarr"
    assert all(each.headers["x-who"] == SECRET for each in files.take())
    assert not any("x-who" in each.headers or SECRET in str(each) for each in bucket.take())
    array = zarrc.open("s3://bucket/copy.zarr", storage_options=options_of(bucket))
    assert array.shards == (32, 32)
    assert np.array_equal(array[...], data)
    zarrc.copy("s3://bucket/copy.zarr", tmp_path / "back.zarr", src_storage_options=options_of(bucket))
    assert np.array_equal(zarr.open_array(tmp_path / "back.zarr")[...], data)


def test_a_copy_that_fails_shows_no_secret(files: servers.Server, tmp_path: Path) -> None:
    assert files.root
    make(files.root / "a.zarr")
    files.refusals["c/3/3"] = 403
    with pytest.raises(PermissionError) as raised:
        zarrc.copy(f"{files.url}/a.zarr?sig={SECRET}", tmp_path / "b.zarr", src_storage_options={"tries": 1})
    assert SECRET not in str(raised.value) + repr(raised.value)
    with pytest.raises(zarrc.ZarrcError, match="resume=True") as failed:
        zarrc.copy(f"{files.url}/a.zarr?sig={SECRET}", tmp_path / "b.zarr")
    assert SECRET not in str(failed.value)
    found = [file for file in tmp_path.rglob("*") if file.is_file() and file.is_relative_to(files.root) is False]
    assert found
    assert not any(SECRET.encode() in file.read_bytes() or SECRET in str(file) for file in found)
