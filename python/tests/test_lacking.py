# SPDX-License-Identifier: MIT
"""A build that lacks the libraries of codecs leaves them to zarr-python, and says so once, as a warning of its first
fallback. Where the build is whole, it is made to look like one that is not; `make test-wheel` makes one that is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
import zarr.codecs

import zarrc.codecs
from zarrc import _context, _core
from zarrc._chain import Chain, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"blosc": "BloscCodec", "gzip": "GzipCodec", "zstd": "ZstdCodec"}
MISSING = zarrc.info()["missing"]
VALUES = np.arange(10, dtype="i4")


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A build without the three libraries, that has not warned yet."""
    monkeypatch.setattr(_context, "_has_warned", False)
    with zarr.config.set({"codec_pipeline.strict": False}):
        if MISSING:
            yield
            return

        def without(*args: Any) -> Any:
            raise _core.UnsupportedError("zarrc was built without the library")

        bind = Chain.bind

        def bound(self: Chain, spec: Any) -> Any:
            if any(name in repr(self.codecs) for name in NAMES.values()):
                raise Unsupported("zarrc was built without the library")
            return bind(self, spec)

        monkeypatch.setattr(zarrc.codecs, "_codec", without)
        monkeypatch.setattr(Chain, "bind", bound)
        monkeypatch.setattr(_context, "_NEEDS_LIBRARY", {f"no-{name}": f"lib{name}" for name in NAMES})
        yield


def warned(said: list[warnings.WarningMessage]) -> int:
    """How often the three codecs were named."""
    texts = [str(each.message) for each in said if issubclass(each.category, RuntimeWarning)]
    assert all(name in text for text in texts for name in NAMES)
    return len(texts)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shards", [None, (10,)])
def test_the_pipeline(name: str, shards: Any, tmp_path: Path) -> None:
    codec = getattr(zarr.codecs, NAMES[name])()
    array = zarr.create_array(tmp_path, shape=(10,), chunks=(5,), shards=shards, dtype="i4", compressors=codec)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        array[:] = VALUES
        assert warned(said) == 1
        np.testing.assert_array_equal(array[:], VALUES)
        assert warned(said) == 1
    assert zarrc.counters()["fallback_write"] >= 1 and zarrc.counters()["fallback_read"] >= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sync", [False, True])
def test_codec_classes(name: str, sync: bool) -> None:
    codec = getattr(zarrc.codecs, NAMES[name])()
    if sync and not hasattr(getattr(zarr.codecs, NAMES[name]), "_encode_sync"):
        pytest.skip("this zarr-python has no such method")
    spec = zarrc.ArraySpec((100,), "u1")
    data = bytes(range(100))

    def run(way: str, chunk: Any) -> bytes:
        if sync:
            return bytes(getattr(codec, f"{way}_sync")(chunk, spec))
        return bytes(next(iter(asyncio.run(getattr(codec, way)([(chunk, spec)])))))

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        stored = run("encode", data)
        assert warned(said) == 1
        assert run("decode", stored) == data
        assert warned(said) == 1
    assert zarrc.counters()["fallback_codec"] == 2


def test_what_the_build_has_is_used_without_a_word(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(10,), chunks=(5,), dtype="i4", compressors=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array[:] = VALUES
        np.testing.assert_array_equal(array[:], VALUES)
    assert "fallback_read" not in zarrc.counters()


def test_strict(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(10,), chunks=(5,), dtype="i4", compressors=zarr.codecs.ZstdCodec())
    with (
        zarr.config.set({"codec_pipeline.strict": True}),
        pytest.raises(NotImplementedError, match="zarrc was built without"),
    ):
        array[:] = VALUES


@pytest.mark.skipif(not MISSING, reason="the build has every codec")
def test_a_build_without_the_libraries() -> None:
    info = zarrc.info()
    assert info["missing"][: len(NAMES)] == list(NAMES) and not set(NAMES) & set(info["codecs"])
    for name in ("libblosc", "libzstd", "libdeflate", "zlib"):
        assert info["libraries"][name] is None
    said = subprocess.run([sys.executable, "-m", "zarrc"], capture_output=True, text=True, check=True).stdout
    assert "missing" in said and "blosc, gzip, zstd" in said and "libzstd not built in" in said
    alone = (
        "import sys, alone; sys.meta_path.insert(0, alone.Refuses()); import zarrc, zarrc.codecs\n"
        "try: zarrc.codecs.ZstdCodec().encode_sync(b'x', zarrc.ArraySpec((1,), 'u1'))\n"
        "except zarrc.UnsupportedError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True).stdout
    assert "zarrc was built without libzstd" in said
