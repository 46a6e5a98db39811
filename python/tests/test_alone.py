# SPDX-License-Identifier: MIT
"""Chunks and arrays without zarr-python's machinery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

import zarrc

if TYPE_CHECKING:
    from pathlib import Path

CHAIN: list[Any] = [
    {"name": "transpose", "configuration": {"order": [1, 0]}},
    {"name": "bytes", "configuration": {"endian": "big"}},
    {"name": "zstd", "configuration": {"level": 3, "checksum": False}},
    "crc32c",
]


def test_one_chunk() -> None:
    array = np.arange(60, dtype="<i4").reshape(6, 10)[::-1, ::2]
    data = zarrc.encode_chunk(array, CHAIN)
    np.testing.assert_array_equal(zarrc.decode_chunk(data, CHAIN, (6, 5), "int32"), array)
    wide = np.zeros((12, 5), "i4")
    assert zarrc.decode_chunk(data, CHAIN, (6, 5), "int32", out=wide[::2]) is not None
    np.testing.assert_array_equal(wide[::2], array)
    with pytest.raises(zarrc.CorruptError, match="crc32c") as caught:
        zarrc.decode_chunk(data[:-1] + bytes([data[-1] ^ 1]), CHAIN, (6, 5), "int32")
    assert caught.value.status == "CHECKSUM"
    assert zarrc.decode_chunk(None, CHAIN, (2, 2), "int32", fill_value=9).tolist() == [[9, 9], [9, 9]]


@pytest.mark.parametrize("dtype", ["?", "u1", ">f8", "c8", "M8[us]", "S4", "U3", "V5", [("a", "i2"), ("b", "f4")]])
def test_every_type(dtype: Any) -> None:
    array = np.frombuffer(bytes(range(1, 25)) * 20, "u1")
    array = array[: np.dtype(dtype).itemsize * 4] % 2 if dtype in ("?", "U3") else array[: np.dtype(dtype).itemsize * 4]
    if dtype == "U3":
        chunk = np.array(["a", "bc", "", "üöä"])
    else:
        chunk = np.frombuffer(array.tobytes(), dtype)
    chain: list[Any] = ["bytes" if chunk.dtype.kind in "bSV" and not chunk.dtype.names or chunk.dtype == "u1" else CHAIN[1], CHAIN[2]]
    back = zarrc.decode_chunk(zarrc.encode_chunk(chunk, chain), chain, (4,), chunk.dtype)
    assert back.tobytes() == chunk.astype(chunk.dtype.newbyteorder("=")).tobytes()


def test_texts() -> None:
    chunk = np.array(["a", "", "üü"], object)
    chain = ["vlen-utf8", CHAIN[2]]
    assert zarrc.decode_chunk(zarrc.encode_chunk(chunk, chain), chain, (3,), "string").tolist() == chunk.tolist()
    with pytest.raises(TypeError):
        zarrc.encode_chunk(np.array([1], object), chain)


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(zarrc.UnsupportedError, match="nothing"):
        zarrc.encode_chunk(np.zeros(3), ["bytes", "nothing"])
    with pytest.raises(ValueError):
        zarrc.encode_chunk(np.zeros(3), [CHAIN[0], CHAIN[1]])


def test_open(tmp_path: Path) -> None:
    expected = np.arange(60, dtype="i4").reshape(6, 10)
    zarr.create_array(tmp_path / "a", shape=(6, 10), chunks=(4, 4), dtype="i4", attributes={"k": 1})[...] = expected
    array = zarrc.open(str(tmp_path / "a"), "r+")
    assert array.shape == (6, 10) and array.dtype == "i4" and array.attrs == {"k": 1} and len(array) == 6
    for selection in ((slice(None, None, -2), slice(1, 9, 3)), (-1, -1), (Ellipsis, None, 2), (), 3, (slice(5, 2),)):
        np.testing.assert_array_equal(array[selection], expected[selection])
    array[1:3, ::-1] = np.arange(10)
    expected[1:3, ::-1] = np.arange(10)
    np.testing.assert_array_equal(np.asarray(array), expected)
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a")[...], expected)
    for bad in (99, "x", (0, 0, 0), [1, 99], 1.5, True):
        with pytest.raises(IndexError):
            array[bad]
    with pytest.raises(FileNotFoundError):
        zarrc.open(str(tmp_path / "b"))


def test_info() -> None:
    info = zarrc.info()
    assert info["libzarrc"] == info["zarrc"] and {"bytes", "transpose", "numcodecs.crc32"} <= set(info["codecs"]) and info["threads"] >= 1
