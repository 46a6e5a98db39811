# SPDX-License-Identifier: MIT
"""What lists and single points select of chunks: errors, values in memory, and several chunks without axes at once."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from zarr.codecs import Crc32cCodec
from zarr.storage import LocalStore

import zarrc
from zarrc import _core

if TYPE_CHECKING:
    from pathlib import Path

BIG = sys.byteorder == "big"
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
SELECTIONS: list[tuple[str, Any]] = [
    ("vindex", ([0, 3], [1, 2])),
    ("oindex", ([0, 3], [1, 2])),
    ("oindex", ([3], slice(0, 4, 2))),
    ("vindex", np.eye(4, dtype=bool)),
]


def damaged(tmp_path: Path, **more: Any) -> zarr.Array[Any]:
    """Four chunks, the last of which has another last byte."""
    array = zarr.create_array(tmp_path, shape=(4, 4), dtype="i4", fill_value=0, compressors=Crc32cCodec(), **more)
    array[...] = np.arange(1, 17).reshape(4, 4)
    file = tmp_path / "c/1/1"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    return array


@pytest.mark.parametrize(("how", "selection"), SELECTIONS)
@pytest.mark.parametrize("local", [True, False])
def test_key_and_chunk_are_named(tmp_path: Path, how: str, selection: Any, local: bool) -> None:
    array = damaged(tmp_path, chunks=(2, 2))
    if not local:
        array = zarr.open_array(type("Other", (LocalStore,), {})(tmp_path))
    for work in (
        lambda: getattr(array, how)[selection],
        lambda: getattr(array, how).__setitem__(selection, 1),
    ):
        with pytest.raises(zarrc.CorruptError) as caught:
            work()
        place = f"{tmp_path}/c/1/1" if local else "c/1/1"
        assert str(caught.value).startswith(f"{place}: codec crc32c: ")
        assert (caught.value.key, caught.value.chunk, caught.value.codec) == ("c/1/1", None, "crc32c")


@pytest.mark.parametrize(("how", "selection"), SELECTIONS)
def test_inner_chunks_are_named(tmp_path: Path, how: str, selection: Any) -> None:
    array = zarr.create_array(
        tmp_path, shape=(4, 4), chunks=(1, 2), shards=(2, 4), dtype="i4", fill_value=0, compressors=Crc32cCodec()
    )
    array[...] = np.arange(1, 17).reshape(4, 4)
    file = tmp_path / "c/1/0"
    data = file.read_bytes()
    inner = 4 * 12  # four inner chunks, each of two elements and a checksum
    file.write_bytes(bytes(each ^ 1 for each in data[:inner]) + data[inner:])
    with pytest.raises(zarrc.CorruptError, match=r"c/1/0: inner chunk [01],[01], byte \d+: codec crc32c: ") as caught:
        getattr(array, how)[selection]
    said = caught.value
    assert (said.key, said.codec, said.status) == ("c/1/0", "crc32c", "CHECKSUM")
    assert str(said).startswith(
        f"{tmp_path}/c/1/0: inner chunk {said.inner_chunk}, byte {said.offset}: codec {said.codec}: "
    )


def test_what_a_store_says_names_the_key_once(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path, shape=(4,), chunks=(2,), dtype="i4", fill_value=0, compressors=None)
    array[...] = 1
    (tmp_path / "c/1").unlink()
    (tmp_path / "c/1").mkdir()
    for work in (lambda: array.vindex[[0, 3]], lambda: array[...], lambda: array.vindex.__setitem__([3], 2)):
        with pytest.raises(OSError, match="c/1") as caught:
            work()
        assert str(caught.value).count(f"{tmp_path}/c/1") == 1 == str(caught.value).count("c/1")
        assert (caught.value.filename, caught.value.key) == (f"{tmp_path}/c/1", "c/1")


def pipeline(shape: tuple[int, ...], dtype: str = "int32", **more: Any) -> _core.Pipeline:
    codecs = [BYTES] if dtype == "int32" else [{"name": "vlen-utf8"}]
    fill: Any = b"\0\0\0\0" if dtype == "int32" else ""
    return _core.Pipeline(_core.Context(1), json.dumps(codecs), json.dumps(dtype), shape, fill, **more)


def lists(*entries: list[int]) -> tuple[Any, ...]:
    return tuple(np.array(each, np.int64) for each in entries)


def test_values_in_memory() -> None:
    made = pipeline((4,))
    old = np.array([1, 2, 3, 4], "<i4").tobytes()

    def write(source: bytes | None, entries: Any, value: Any, fresh: bool = False) -> Any:
        memory = np.array(value, "i4")
        return made.write_picks([(source, "k", True, entries, memory, fresh)], BIG, None, False)[0]

    assert write(old, lists([3, 0]), [8, 9]) == np.array([9, 2, 3, 8], "<i4").tobytes()
    assert write(old, lists([-1]), [8], fresh=True) == np.array([0, 0, 0, 8], "<i4").tobytes()
    assert write(None, lists([1]), 7) == np.array([0, 7, 0, 0], "<i4").tobytes()
    assert write(old, lists([0, 1, 2, 3]), [0, 0, 0, 0]) is None  # all fill value: to be erased
    assert write(None, lists([1]), 0, fresh=True) is None
    assert write(old, lists([]), np.zeros(0, "i4")) is _core.UNCHANGED  # nothing was changed
    assert write(None, lists([]), np.zeros(0, "i4")) is _core.UNCHANGED
    with pytest.raises(IndexError, match="index -5 is out of bounds for axis 0 with size 4"):
        write(old, lists([-5]), [1])


def test_several_chunks_without_axes() -> None:
    made = pipeline(())
    values = [np.array(n, "i4") for n in (1, 2, 3)]
    encoded = made.write_picks([(None, None, False, (), value, True) for value in values], BIG, None, False)
    assert encoded == [value.astype("<i4").tobytes() for value in values]
    out = [np.zeros((), "i4") for _ in values]
    found = made.read_picks([(each, None, False, (), to) for each, to in zip(encoded, out, strict=True)], BIG, None, 0)
    assert found == [_core.FOUND] * 3
    assert out == values
    texts = pipeline((), "string")
    encoded = texts.write_picks([(None, None, False, (), text, True) for text in "ab"], BIG, None, True)
    found = texts.read_picks([(each, None, False, (), None) for each in (*encoded, None)], BIG, None, 0)
    assert found == [(["a"], _core.FOUND), (["b"], _core.FOUND), ([""], _core.MISSING)]


def test_orders_of_inner_chunks_have_names() -> None:
    pipeline((4,), subchunk_order="colexicographic")
    with pytest.raises(zarrc.InvalidError, match="the order of inner chunks.*hilbert"):
        pipeline((4,), subchunk_order="hilbert")
