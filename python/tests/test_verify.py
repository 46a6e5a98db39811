# SPDX-License-Identifier: MIT
"""Verification and digests from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

import zarrc
from zarrc._core import ZarrcError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    group = zarr.create_group(tmp_path / "g.zarr")
    plain = group.create_array("a", shape=(6, 8), chunks=(3, 4), dtype="i4", compressors=None)
    plain[:] = np.arange(1, 49).reshape(6, 8)
    shards = group.create_array("s", shape=(8,), chunks=(2,), shards=(4,), dtype="u2", compressors=zarr.codecs.Crc32cCodec())
    shards[:] = np.arange(1, 9)
    return tmp_path / "g.zarr"


def test_undamaged(store: Path) -> None:
    found = zarrc.verify(store, deep=True)
    assert found == []
    assert found.ok
    assert found.counts == {
        "nodes": 3,
        "keys": 9,
        "nbytes": sum(p.stat().st_size for p in store.rglob("*") if p.is_file()),
        "chunks": 6,
        "inner_chunks": 4,
        "faults": 0,
        "notes": 0,
    }


def test_damaged(store: Path) -> None:
    (store / "a/c/1/1").write_bytes(b"short")
    shard = bytearray((store / "s/c/1").read_bytes())
    shard[9] ^= 1
    (store / "s/c/1").write_bytes(shard)
    (store / "notes.txt").write_text("hello")
    assert [f.key for f in zarrc.verify(store)] == ["a/c/1/1", "notes.txt"]
    found = zarrc.verify(store, deep=True, threads=1)
    assert not found.ok
    assert [(f.severity, f.key, f.chunk, f.inner, f.byte, f.codec) for f in found] == [
        ("fault", "a/c/1/1", (1, 1), None, None, None),
        ("note", "notes.txt", None, None, None, None),
        ("fault", "s/c/1", (1,), (1,), 8, "crc32c"),
    ]
    assert "48" in found[0].what
    assert "source" in found[0].fix
    assert [f.key for f in zarrc.verify(store, deep=True, after="notes.txt")] == ["s/c/1"]
    assert [f.key for f in zarrc.verify(store / "s", deep=True)] == ["c/1"]


def test_what_a_digest_tells(store: Path, tmp_path: Path) -> None:
    try:
        lines, told = zarrc.digest(store)
    except zarrc.UnsupportedError as error:
        pytest.skip(str(error))
    assert lines.startswith(b"# zarrc digest 1")
    assert (told["keys"], told["inner_chunks"], told["values"]) == (9, 4, None)
    assert told["root"].encode() in lines
    assert zarrc.verify(store, digest=lines) == []
    (store / "a/c/0/0").unlink()
    zarr.open_array(store / "s")[4] = 77
    (tmp_path / "digest").write_bytes(lines)
    for digest in (lines, tmp_path / "digest"):
        found = zarrc.verify(store, digest=digest)
        assert [(f.key, f.chunk, f.inner) for f in found] == [("a/c/0/0", (0, 0), None), ("s/c/1", (1,), (0,))]
    with pytest.raises(zarrc.InvalidError, match="digest"):
        zarrc.verify(store, digest=lines[:-1])


def test_values(store: Path, tmp_path: Path) -> None:
    try:
        root = zarrc.digest(store, values=True)[1]["values"]
    except zarrc.UnsupportedError as error:
        pytest.skip(str(error))
    zarrc.copy(store, tmp_path / "h.zarr", chunks=(2, 8), codecs="gzip(1)")
    assert zarrc.digest(tmp_path / "h.zarr", values=True, threads=2)[1]["values"] == root


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for call in (zarrc.verify, zarrc.digest):
        with pytest.raises(FileNotFoundError):
            call(tmp_path / "empty")
        with pytest.raises((FileNotFoundError, ZarrcError)):
            call(tmp_path / "absent")
    with pytest.raises(ValueError, match="memory"):
        zarrc.verify(tmp_path, memory="much")
