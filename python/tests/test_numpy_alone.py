# SPDX-License-Identifier: MIT
"""zarrc.codecs and zarrc itself over numpy alone: in a process that cannot import zarr-python, and in this one."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import zarrc
import zarrc.codecs

HERE = Path(__file__).parent
MADE: list[tuple[str, dict[str, Any]]] = [
    ("BloscCodec", {"cname": "lz4", "clevel": 5}),
    ("GzipCodec", {"level": 2}),
    ("ZstdCodec", {"level": 3, "checksum": True}),
    ("Crc32cCodec", {}),
]


@pytest.mark.parametrize(("name", "made"), MADE)
def test_bytes(name: str, made: dict[str, Any]) -> None:
    codec = getattr(zarrc.codecs, name)(**made)
    spec = zarrc.ArraySpec((100,), "i4")
    data = np.arange(100, dtype="<i4").tobytes()
    assert codec.decode_sync(codec.encode_sync(data, spec), spec) == data
    encoded = asyncio.run(codec.encode([(data, spec), (None, spec)]))
    assert asyncio.run(codec.decode(list(zip(encoded, (spec, spec), strict=True)))) == [data, None]
    assert type(codec).from_dict(codec.to_dict()).to_dict() == codec.to_dict()


def test_arrays() -> None:
    spec = zarrc.ArraySpec((2, 3), "<f4")
    array = np.arange(6, dtype="f4").reshape(2, 3)
    swapped = zarrc.codecs.BytesCodec(endian="big")
    assert swapped.encode_sync(array, spec) == array.astype(">f4").tobytes()
    np.testing.assert_array_equal(swapped.decode_sync(array.astype(">f4").tobytes(), spec), array)
    turned = zarrc.codecs.TransposeCodec(order=(1, 0))
    assert turned.resolve_metadata(spec) == zarrc.ArraySpec((3, 2), "<f4")
    np.testing.assert_array_equal(turned.encode_sync(array, spec), array.T)
    assert zarrc.codecs.BloscCodec().evolve_from_array_spec(spec).typesize == 4
    assert zarrc.codecs.Crc32cCodec().compute_encoded_size(24, spec) == 28
    texts = zarrc.ArraySpec((2,), "string")
    words = np.array(["a", "üb"], object)
    text = zarrc.codecs.VLenUTF8Codec()
    assert text.decode_sync(text.encode_sync(words, texts), texts).tolist() == words.tolist()


def test_shards() -> None:
    spec = zarrc.ArraySpec((4, 6), "u2", 7)
    array = np.arange(24, dtype="u2").reshape(4, 6)
    codec = zarrc.codecs.ShardingCodec(
        chunk_shape=(2, 3), codecs=[{"name": "bytes", "configuration": {"endian": "little"}}, zarrc.codecs.GzipCodec()]
    )
    assert type(codec.codecs[1]) is zarrc.codecs.GzipCodec
    shard = codec.encode_sync(array, spec)
    np.testing.assert_array_equal(codec.decode_sync(shard, spec), array)
    part = (slice(1, 4, 2), slice(2, 5))
    np.testing.assert_array_equal(codec.decode_partial_sync(shard, part, spec), array[part])
    assert codec.decode_partial_sync(None, part, spec) is None
    changed = codec.encode_partial_sync(shard, np.full((2, 3), 9, "u2"), part, spec)
    array[part] = 9
    np.testing.assert_array_equal(codec.decode_sync(changed, spec), array)
    fresh = codec.encode_partial_sync(None, np.full((2, 3), 9, "u2"), part, spec)
    assert int((codec.decode_sync(fresh, spec) == 7).sum()) == 18
    assert codec.encode_sync(np.full((4, 6), 7, "u2"), spec) is None
    with pytest.raises(ValueError):
        codec.validate(shape=(5, 6), dtype=spec.dtype, chunk_grid=RegularGrid((5, 6)))


ENUMS: list[tuple[str, list[str]]] = [
    ("BloscShuffle", ["noshuffle", "shuffle", "bitshuffle"]),
    ("BloscCname", ["lz4", "lz4hc", "blosclz", "snappy", "zstd", "zlib"]),
    ("Endian", ["little", "big"]),
    ("ShardingCodecIndexLocation", ["start", "end"]),
]


def made_of(name: str, value: Any) -> Any:
    """A codec with one setting of one of the enums, and that setting."""
    if name == "BloscShuffle":
        return zarrc.codecs.BloscCodec(shuffle=value, typesize=4), "shuffle"
    if name == "BloscCname":
        return zarrc.codecs.BloscCodec(cname=value, typesize=4, shuffle="shuffle"), "cname"
    if name == "Endian":
        return zarrc.codecs.BytesCodec(endian=value), "endian"
    return zarrc.codecs.ShardingCodec(chunk_shape=(2,), index_location=value), "index_location"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "members"), ENUMS)
def test_enums(name: str, members: list[str]) -> None:
    names = getattr(zarrc.codecs, name)
    for member in members:
        codec, setting = made_of(name, getattr(names, member))
        assert codec == made_of(name, member)[0]
        stored = codec.to_dict()["configuration"][setting]
        assert stored == member and json.loads(json.dumps(stored)) == member
        assert type(codec).from_dict(codec.to_dict()) == codec
    with pytest.raises(AttributeError):
        names.nothing
    if name == "BloscShuffle":
        assert [getattr(names.from_int(i), "value", names.from_int(i)) for i in range(3)] == members
        with pytest.raises(ValueError, match="3"):
            names.from_int(3)


@pytest.mark.parametrize(("name", "members"), ENUMS)
def test_enums_are_zarrs(name: str, members: list[str]) -> None:
    """Where zarr-python is, they are its own; without it they are deprecated as there."""
    if zarrc._bases.HAS_ZARR:
        import zarr.codecs

        assert getattr(zarrc.codecs, name) is getattr(zarr.codecs, name)
        wanted = getattr(zarr.codecs, "SubchunkWriteOrder", None)
        assert getattr(zarrc.codecs, "SubchunkWriteOrder", None) is wanted
        return
    with pytest.warns(DeprecationWarning, match=f"{name}.{members[0]} is deprecated") as said:
        assert getattr(getattr(zarrc.codecs, name), members[0]) == members[0]
    assert said[0].filename == __file__
    theirs = enum.Enum("theirs", {each: each for each in members}, type=str)
    with pytest.warns(DeprecationWarning, match="enum"):
        codec, setting = made_of(name, theirs[members[0]])
    assert type(codec.to_dict()["configuration"][setting]) is str
    order = zarrc.codecs.SubchunkWriteOrder
    assert get_args(order) == ("morton", "unordered", "lexicographic", "colexicographic")
    assert set(zarrc.codecs.__all__) >= {"SubchunkWriteOrder", name}


class RegularGrid:
    """A grid as zarr-python's has it."""

    def __new__(cls, chunk_shape: tuple[int, ...]) -> Any:
        if not zarrc._bases.HAS_ZARR:
            return chunk_shape
        try:
            from zarr.core.metadata.v3 import RegularChunkGridMetadata as Grid
        except ImportError:
            from zarr.core.chunk_grids import RegularChunkGrid as Grid
        return Grid(chunk_shape=chunk_shape)


def test_the_rest_of_the_package(tmp_path: Path) -> None:
    info = zarrc.info()
    assert info["zarrc"] and info["codecs"]
    known = info["codecs"] + info["missing"]
    assert set(known) >= {*zarrc.codecs.BY_NAME, "numcodecs.zlib", "numcodecs.delta"} and len(set(known)) == len(known)
    assert "numcodecs.delta" in info["codecs"]
    assert info["libraries"]
    said = subprocess.run([sys.executable, "-m", "zarrc"], capture_output=True, text=True, check=True).stdout
    assert info["libzarrc"] in said and ", ".join(info["codecs"]) in said
    with pytest.raises(FileNotFoundError):
        zarrc.open(str(tmp_path / "a"))


def has(name: str, codecs: Any, pipeline: Any) -> bool:
    """Whether a class, an enum, or a member of one is there: ``"GzipCodec"``, ``"GzipCodec.level"``."""
    owner, _, member = name.partition(".")
    found = pipeline if owner == "CodecPipeline" else getattr(codecs, owner, None)
    fields = {each.name for each in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else set()
    fields |= set(get_args(found))  # of a Literal
    return found is not None and (not member or member in fields or hasattr(found, member))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_docs_tell_what_is_there() -> None:
    table = (HERE.parent.parent / "docs" / "codecs.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \|[^|]*\| (\w+|–) \|", table, re.M)
    assert len(rows) > 125
    wrong = []
    for name, where in rows:
        expected = where == "numpy"
        if zarrc._bases.HAS_ZARR:  # releases before 3.4 have fewer names
            import zarr.codecs
            from zarr.abc.codec import CodecPipeline

            expected = where != "–" and has(name, zarr.codecs, CodecPipeline)
        if has(name, zarrc.codecs, zarrc.CodecPipeline if zarrc._bases.HAS_ZARR else None) != expected:
            wrong.append((name, where))
    assert wrong == []


def test_what_a_build_lacks_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from zarrc import _context

    class Lacking:
        def has_codec(self, name: str) -> bool:
            return name != "zstd"

    monkeypatch.setattr(_context, "_has_warned", False)
    monkeypatch.setattr(_context, "context", Lacking)
    with pytest.warns(RuntimeWarning, match=r"zstd \(libzstd\)") as said:
        _context.count_fallback("codec", "a reason")
        _context.count_fallback("codec", "a reason")
    assert len(said) == 1 and "blosc" not in str(said[0].message)


def test_without_zarr_python(tmp_path: Path) -> None:
    code = (
        "import sys, alone; sys.meta_path.insert(0, alone.Refuses()); import pytest; "
        "code = pytest.main(['-q', '-x', '-p', 'no:cacheprovider', '--noconftest', '-k', 'not without_zarr', "
        f"'--basetemp', {str(tmp_path / 'base')!r}, 'test_numpy_alone.py']); "
        "assert 'zarr' not in sys.modules and 'numcodecs' not in sys.modules; sys.exit(code)"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout


WITHOUT_ZARR = """
import sys

class Finder:
    looked = 0

    def find_spec(self, name, path=None, target=None):
        if name == "zarr":
            Finder.looked += 1
            raise ModuleNotFoundError("No module named 'zarr'", name="zarr")

sys.meta_path.insert(0, Finder())
import zarrc
zarrc.info()
before = Finder.looked
for _ in range(9):
    zarrc._context.context()
print(Finder.looked - before)
"""


def test_zarr_is_looked_for_once() -> None:
    """To find that a package is not there takes longer than to open an array."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_ZARR], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"]
