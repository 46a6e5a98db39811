# SPDX-License-Identifier: MIT
"""Arrays and groups of Zarr format 2 that zarr-python wrote, read, listed, changed and copied by zarrc; also those of zarr-python 2, if
ZARRC_ZARR_2 names a Python that has it."""
import itertools
import json
import os
import pathlib
import subprocess

import numcodecs
import numpy
import pytest
import zarr

COMPRESSORS = {
    "none": None,
    "zstd": numcodecs.Zstd(3),
    "gzip": numcodecs.GZip(1),
    "lz4": numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE),
    "auto": numcodecs.Blosc("zstd", 3, numcodecs.Blosc.AUTOSHUFFLE),
    "bit": numcodecs.Blosc("blosclz", 9, numcodecs.Blosc.BITSHUFFLE),
}
DTYPES = ["|b1", "|i1", "<i4", ">i4", ">f8", "<f2", "<c16", ">c8", "|S5", "<U3", ">U3", "<M8[ns]", ">m8[h]", "|V4"]
STRUCT = numpy.dtype([("a", ">u2"), ("b", "|i1"), ("s", "|S3")])
# fields of both byte orders, which format 3 has no words for
MIXED = numpy.dtype([("t", ">i2"), ("p", [("x", "<f8"), ("y", ">f8"), ("z", "|u1")]), ("s", "|S3"), ("u", ">U2"), ("c", "<c8")])


def values(dtype, shape):
    dtype = numpy.dtype(dtype)
    n = int(numpy.prod(shape))
    random = numpy.random.default_rng(7)
    if dtype.kind == "b":
        flat = random.integers(0, 2, n).astype(bool)
    elif dtype.kind in "iumM":
        flat = random.integers(-100, 100, n).astype("<i8").astype(dtype)
    elif dtype.kind in "fc":
        flat = random.integers(-100, 100, n).astype(dtype)
    elif dtype.kind in "SU":
        flat = numpy.array([str(i % 99) for i in range(n)], dtype)
    else:
        flat = numpy.frombuffer(random.integers(1, 100, n * dtype.itemsize, numpy.uint8).tobytes(), dtype)
    return flat.reshape(shape)


def equal(a, b):
    a, b = numpy.asarray(a), numpy.asarray(b)
    return a.shape == b.shape and a.astype(b.dtype.newbyteorder("=")).tobytes() == b.astype(b.dtype.newbyteorder("=")).tobytes()


def make(folder, dtype, shape, chunks, order="C", separator=".", compressor=None, fill=None, filters=None):
    array = zarr.create_array(str(folder), shape=shape, chunks=chunks, dtype=numpy.dtype(dtype), order=order, zarr_format=2,
                              compressors=compressor, filters=filters, fill_value=fill,
                              chunk_key_encoding={"name": "v2", "separator": separator})
    return array


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays(zarrc, tmp_path, dtype):
    n = 0
    layouts = [((7, 5), (3, 2), "C", "."), ((7, 5), (3, 2), "F", "/"), ((3, 4, 5), (2, 4, 3), "F", "."), ((), (), "C", "."),
               ((6,), (6,), "F", "/")]
    for (shape, chunks, order, separator), name in itertools.product(layouts, COMPRESSORS):
        folder = tmp_path / f"{n}.zarr"
        expected = values(dtype, shape)
        array = make(folder, dtype, shape, chunks, order, separator, COMPRESSORS[name])
        array[...] = expected
        assert equal(zarrc.get(folder, tmp_path), expected)
        # zarrc writes a part, zarr-python reads the whole
        if shape:
            changed = expected.copy()
            changed[1:3] = expected[:2]
            zarrc.put(folder, tmp_path, changed[1:3].astype(changed.dtype.newbyteorder("<")), "-s", "1:3")
            assert equal(zarr.open_array(str(folder), mode="r")[...], changed)
        n += 1
    assert n == 30


def test_structs(zarrc, tmp_path):
    array = make(tmp_path / "s.zarr", STRUCT, (9,), (4,), compressor=COMPRESSORS["lz4"])
    array[...] = values(STRUCT, (9,))
    zarrc("copy", tmp_path / "s.zarr", tmp_path / "t.zarr", "-q")
    raw = zarrc("get", tmp_path / "t.zarr", "--format", "raw", "-o", "-")
    assert raw == values(STRUCT, (9,)).astype(STRUCT.newbyteorder("<")).tobytes()


# Settings that zarr-python does not look at when it reads.
ODD = [({"id": "zlib", "level": 1}, "level", (None, "1", 100)), ({"id": "gzip", "level": 1}, "level", (None, "1", 100, 1.5)),
       ({"id": "bz2", "level": 1}, "level", (None, 0, 100)), ({"id": "zstd", "level": 1}, "level", (None, "1")),
       ({"id": "lz4", "acceleration": 1}, "acceleration", (None, "1")), ({"id": "lzma", "format": 1}, "preset", ("1", 100, -5)),
       ({"id": "lzma", "format": 2}, "check", ("1", 99)), ({"id": "blosc", "clevel": 1}, "cname", ("nope", None)),
       ({"id": "blosc", "clevel": 1}, "clevel", (None, "5")), ({"id": "blosc", "clevel": 1}, "shuffle", (None, 3, "1")),
       ({"id": "quantize", "digits": 9, "dtype": "<f8"}, "digits", (None, "3")), ({"id": "bitround", "keepbits": 52}, "keepbits", (100,))]


@pytest.mark.parametrize("good,name,values", ODD, ids=[f"{good['id']}-{name}" for good, name, _ in ODD])
def test_settings_for_encoding_only(zarrc, tmp_path, good, name, values):
    """Of a wrong one both read the array; nobody writes it."""
    data, path = numpy.arange(30, dtype="<f8").reshape(6, 5), tmp_path / "a.zarr"
    is_filter = good["id"] in ("quantize", "bitround")
    codec = numcodecs.get_codec(dict(good))
    make(path, "<f8", (6, 5), (3, 5), filters=[codec] if is_filter else None, compressor=None if is_filter else codec)[...] = data
    for value in values:
        document = json.loads((path / ".zarray").read_text())
        bad = {**good, name: value}
        document.update({"filters": [bad]} if is_filter else {"compressor": bad})
        (path / ".zarray").write_text(json.dumps(document))
        assert equal(zarr.open_array(str(path), mode="r")[...], data)
        assert zarrc("get", path, "--format", "raw", "-o", "-") == data.tobytes()
        assert any(name in note and "not written" in note for note in json.loads(zarrc("info", "--json", path))["notes"])
        with pytest.raises(Exception):
            zarr.open_array(str(path), mode="r+")[...] = data + 1
        numpy.save(tmp_path / "new.npy", data + 1)
        for command in (("put", path, "-i", tmp_path / "new.npy"), ("get", "--strict", path), ("copy", path, tmp_path / "b.zarr"), ("migrate", path)):
            zarrc(*command, code=4)
            assert name in zarrc.stderr
        assert zarrc("get", path, "--format", "raw", "-o", "-") == data.tobytes()


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("compressor", COMPRESSORS)
def test_fields_of_both_byte_orders(zarrc, tmp_path, order, compressor):
    newer = zarr.__version__ >= "3.2"  # older ones cannot open such an array again, and have another name for structs in format 3
    data = numpy.zeros((7, 5), MIXED)
    for name, kind in (("t", "<i2"), ("c", "<c8"), ("u", "<U2"), ("s", "|S3")):
        data[name] = values(kind, (7, 5))
    data["p"]["x"], data["p"]["y"], data["p"]["z"] = values("<f8", (7, 5)), -values("<f8", (7, 5)), values("|u1", (7, 5))
    little = data.astype(MIXED.newbyteorder("<"))
    array = make(tmp_path / "a.zarr", MIXED, (7, 5), (3, 2), order, compressor=COMPRESSORS[compressor], fill=data[1, 1])
    array[:4] = data[:4]  # so that one row of chunks has its fill value
    data[4:] = data[1, 1]
    little[4:] = little[1, 1]

    def raw(name, *more):
        return zarrc("get", tmp_path / name, "--format", "raw", "-o", "-", *more)

    assert raw("a.zarr") == little.tobytes()
    assert raw("a.zarr", "-s", "1:6:2,3") == little[1:6:2, 3].tobytes()
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "as-it-is.zarr", "--zarr-format", "2", "-q")
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "cut.zarr", "--zarr-format", "2", "-c", "4,5", "-q")
    own = json.loads((tmp_path / "a.zarr/.zarray").read_text())
    for name in ("as-it-is", "cut"):
        made = json.loads((tmp_path / f"{name}.zarr/.zarray").read_text())
        assert {key: made[key] for key in ("dtype", "fill_value", "order")} == {key: own[key] for key in ("dtype", "fill_value", "order")}
        if newer:
            assert equal(zarr.open_array(str(tmp_path / f"{name}.zarr"), mode="r")[...], data)
        assert raw(f"{name}.zarr") == little.tobytes()
    (tmp_path / "part").write_bytes(little[3:6, :3].tobytes())
    zarrc("put", tmp_path / "cut.zarr", "-s", "1:4,2:5", "--format", "raw", "-i", tmp_path / "part")
    changed = data.copy()
    changed[1:4, 2:5] = data[3:6, :3]
    if newer:
        assert equal(zarr.open_array(str(tmp_path / "cut.zarr"), mode="r")[...], changed)
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "three.zarr", "--check", "-q")
    assert "field_order" not in (tmp_path / "three.zarr/zarr.json").read_text()
    assert raw("three.zarr") == little.tobytes()
    if newer:
        assert equal(zarr.open_array(str(tmp_path / "three.zarr"), mode="r")[...], data)


def test_strings(zarrc, tmp_path):
    words = ["", "a", "\u00e9t\u00e9", "long " * 50, "\U0001f30d"]
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=2)
    array = group.create_array("s", shape=(5,), chunks=(2,), dtype="str", compressors=COMPRESSORS["zstd"])
    array[...] = numpy.array(words, object)
    assert json.loads(zarrc("get", tmp_path / "g.zarr/s", "--format", "json")) == words
    assert json.loads(zarrc("info", "--json", tmp_path / "g.zarr/s"))["data_type"] == "string"


@pytest.mark.parametrize("fill", [None, 0, 7])
def test_missing_chunks(zarrc, tmp_path, fill):
    array = make(tmp_path / "a.zarr", "<i4", (8,), (4,), fill=fill)
    array[:4] = [1, 2, 3, 4]
    assert zarrc.get(tmp_path / "a.zarr", tmp_path).tolist() == [1, 2, 3, 4] + [fill or 0] * 4


def test_hierarchy(zarrc, tmp_path):
    root = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=2)
    root.attrs["a"] = 1
    root.create_array("x", shape=(4, 6), chunks=(2, 6), dtype="<i4", order="F", compressors=COMPRESSORS["zstd"],
                      attributes={"_ARRAY_DIMENSIONS": ["y", "x"]})[...] = numpy.arange(24).reshape(4, 6)
    root.create_group("sub/deep").attrs["b"] = [2]
    listed = json.loads(zarrc("ls", "--json", tmp_path / "g.zarr"))["nodes"]
    assert {node["path"]: node["node_type"] for node in listed} == {"": "group", "x": "array", "sub": "group",
                                                                    "sub/deep": "group"}
    zarrc("copy", tmp_path / "g.zarr", tmp_path / "h.zarr", "-q", "--check")
    copied = zarr.open_group(str(tmp_path / "h.zarr"), mode="r", zarr_format=3)
    assert copied.attrs["a"] == 1 and copied["sub/deep"].attrs["b"] == [2]
    assert copied["x"].metadata.dimension_names == ("y", "x") and copied["x"].attrs["_ARRAY_DIMENSIONS"] == ["y", "x"]
    assert numpy.array_equal(copied["x"][...], numpy.arange(24).reshape(4, 6))


def test_of_zarr_python_2(zarrc, tmp_path):
    python = os.environ.get("ZARRC_ZARR_2")
    if not python:
        pytest.skip("ZARRC_ZARR_2 names no Python with zarr-python 2")
    writer = pathlib.Path(__file__).with_name("zarr_2_writer.py")
    made = json.loads(subprocess.run([python, writer, tmp_path], check=True, capture_output=True).stdout)
    assert len(made) >= 300
    for name, dtype in made:
        got = zarrc("get", tmp_path / name, "--format", "raw", "-o", "-")
        assert got == (tmp_path / f"{name}.raw").read_bytes(), (name, dtype, (tmp_path / name / ".zarray").read_text())
