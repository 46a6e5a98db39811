# SPDX-License-Identifier: MIT
"""Arrays and groups of Zarr format 2 that zarrc made, read by zarr-python 3, zarrs and tensorstore; and by zarr-python 2, if ZARRC_ZARR_2
names a Python that has it."""
import itertools
import json
import os
import subprocess

import numpy
import pytest
import tensorstore
import zarr
from peers import PIPELINES

LAYOUTS = [((7, 5), (3, 2), "C", "."), ((7, 5), (3, 2), "F", "/"), ((3, 4, 5), (2, 4, 3), "F", "."), ((), (), "C", "."),
           ((6,), (6,), "F", "/")]


def named(name, length):
    return json.dumps({"name": name, "configuration": {"length_bytes": length}})


def time(name, unit):
    return json.dumps({"name": f"numpy.{name}", "configuration": {"unit": unit, "scale_factor": 1}})


STRUCT = numpy.dtype([("a", ">u2"), ("b", "|i1"), ("s", "|S3")])
FIELDS = json.dumps({"name": "struct", "configuration": {"fields": [
    {"name": "a", "data_type": "uint16"}, {"name": "b", "data_type": "int8"},
    {"name": "s", "data_type": json.loads(named("null_terminated_bytes", 3))}]}})

# NumPy's dtype; that of zarrc; a fill value, as an element and as JSON
TYPES = [
    (numpy.dtype("|b1"), "bool", True, "true"),
    (numpy.dtype("|i1"), "int8", -7, "-7"),
    (numpy.dtype("<i4"), "int32", 2**31 - 1, "2147483647"),
    (numpy.dtype(">i4"), "int32", -1, "-1"),
    (numpy.dtype("<u8"), "uint64", 2**64 - 1, "18446744073709551615"),
    (numpy.dtype(">f8"), "float64", numpy.nan, '"NaN"'),
    (numpy.dtype("<f2"), "float16", -numpy.inf, '"-Infinity"'),
    (numpy.dtype("<f4"), "float32", 0.1, "0.1"),
    (numpy.dtype("<c16"), "complex128", 1.5 - 2j, "[1.5, -2.0]"),
    (numpy.dtype(">c8"), "complex64", 0.25 + 3j, "[0.25, 3.0]"),
    (numpy.dtype("|S5"), named("null_terminated_bytes", 5), b"ab", '"YWI="'),
    (numpy.dtype("<U3"), named("fixed_length_utf32", 12), "\u00e9x", '"\u00e9x"'),
    (numpy.dtype(">U3"), named("fixed_length_utf32", 12), "\U0001f30d", '"\U0001f30d"'),
    (numpy.dtype("<M8[ns]"), time("datetime64", "ns"), numpy.datetime64("NaT"), '"NaT"'),
    (numpy.dtype(">m8[h]"), time("timedelta64", "h"), numpy.timedelta64(-3, "h"), "-3"),
    (numpy.dtype("|V4"), named("raw_bytes", 4), b"\1\2\3\4", '"AQIDBA=="'),
    (STRUCT, FIELDS, (258, -1, b"xyz"), '{"a": 258, "b": -1, "s": "eHl6"}'),
]


def codec(name, **settings):
    return {"name": name, "configuration": settings}


def filters(dtype):
    """Chains of filters that lose none of the values here."""
    name = dtype.newbyteorder("<").str
    if dtype.kind == "b":
        return {"packbits": [codec("numcodecs.packbits")]}
    if dtype.kind == "i":
        return {"delta": [codec("numcodecs.delta", dtype=name)],
                "two": [codec("numcodecs.fixedscaleoffset", dtype=name, astype="<i2", offset=-200, scale=1), codec("numcodecs.delta", dtype="<i2")]}
    if dtype.kind == "f" and dtype.itemsize > 2:
        return {"scale": [codec("numcodecs.fixedscaleoffset", dtype=name, astype="<i2", offset=0, scale=1)],
                "round": [codec("numcodecs.bitround", keepbits=10)]}
    return {}


def chains(dtype):
    """Names and lists of codecs, as zarrc create takes them."""
    order = {">": "big", "<": "little"}.get((STRUCT["a"] if dtype == STRUCT else dtype).str[0])
    packed = codec("bytes", endian=order) if order else codec("bytes")
    behind = {
        "none": [],
        "zstd": [codec("zstd", level=3, checksum=False)],
        "gzip": [codec("gzip", level=1)],
        "lz4": [codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=min(dtype.itemsize, 255), blocksize=0)],
        "bit": [codec("blosc", cname="zstd", clevel=1, shuffle="bitshuffle", typesize=min(dtype.itemsize, 255), blocksize=0)],
        "zlib": [codec("numcodecs.zlib", level=4)],
        "bz2": [codec("numcodecs.bz2", level=1)],
        "shuffle": [codec("numcodecs.shuffle", elementsize=dtype.itemsize), codec("numcodecs.zlib", level=1)],
        "sum": [codec("numcodecs.crc32"), codec("zstd", level=1, checksum=False)],
    }
    for name, codecs in behind.items():
        yield name, [packed, *codecs]
    for name, codecs in filters(dtype).items():
        last = codec("bytes") if name == "packbits" else codec("bytes", endian=order) if order or name == "two" and dtype.itemsize > 1 else packed
        if name == "two" and dtype.itemsize == 1:
            continue
        yield name, [*codecs, last, codec("zstd", level=1, checksum=False)]


def values(dtype, shape):
    n = int(numpy.prod(shape))
    random = numpy.random.default_rng(11)
    if dtype.kind == "b":
        flat = random.integers(0, 2, n).astype(bool)
    elif dtype.kind in "SU":
        flat = numpy.array([str(i % 99) for i in range(n)], dtype)
    elif dtype.kind == "V":
        flat = numpy.frombuffer(random.integers(1, 100, n * dtype.itemsize, numpy.uint8).tobytes(), dtype)
    else:
        flat = random.integers(0 if dtype.kind == "u" else -100, 100, n).astype("<i8").astype(dtype)
    return flat.reshape(shape)


def plain(array):
    """The bytes of the elements in one byte order."""
    array = numpy.asarray(array)
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def made(zarrc, folder, row):
    """Makes an array of each layout and chain, of which the last chunks are missing; yields its path, what is in it, and the chain's name."""
    dtype, name, element, fill = row
    n = 0
    for (shape, chunks, order, separator), (chain, codecs) in itertools.product(LAYOUTS, chains(dtype)):
        path = folder / f"{n}.zarr"
        json_fill = [fill, None, "null"][n % 3]
        zarrc("create", path, "--zarr-format", "2", "--shape", ",".join(map(str, shape)) or "()", "--dtype", name,
              *(["--chunks", ",".join(map(str, chunks))] if chunks else []), "--codecs", json.dumps(codecs), "--order", order,
              "--separator", separator, *(["--fill-value", json_fill] if json_fill else []))
        expected = numpy.zeros(shape, dtype)
        if json_fill == fill:
            expected[...] = numpy.array(element, dtype)
        elif dtype.kind in "mM":
            expected[...] = numpy.array("NaT", dtype)
        given = values(dtype, shape)
        if n % 2 and shape and json_fill != "null":
            part = slice(0, chunks[0])
            expected[part] = given[part]
            zarrc.put(path, folder, given[part].astype(dtype.newbyteorder("<")), "-s", f"0:{chunks[0]}")
        else:
            expected = given
            zarrc.put(path, folder, given.astype(dtype.newbyteorder("<")))
        n += 1
        yield path, expected, chain


def read_tensorstore(path):
    return tensorstore.open({"driver": "zarr", "kvstore": {"driver": "file", "path": str(path)}}).result().read().result()


def zarrs_can(dtype, document, chain):
    """zarrs writes into memory in C order and native byte order only, and takes the fill value for one that filters have changed."""
    return document["order"] == "C" and ">" not in json.dumps(document["dtype"]) and chain not in filters(dtype)


@pytest.mark.parametrize("row", TYPES, ids=[row[0].str if row[0] != STRUCT else "struct" for row in TYPES])
def test_arrays(zarrc, tmp_path, row):
    dtype = row[0]
    counts = {"zarr-python": 0, "zarrs": 0, "tensorstore": 0}
    for path, expected, chain in made(zarrc, tmp_path, row):
        document = json.loads((path / ".zarray").read_text())
        for name, pipeline in PIPELINES.items():
            if name == "zarrs" and not zarrs_can(dtype, document, chain):
                continue
            counts[name] += 1
            with zarr.config.set({"codec_pipeline.path": pipeline}):
                array = zarr.open_array(str(path), mode="r", zarr_format=2)
                assert array.dtype == dtype
                got = numpy.asarray(array[...], array.dtype)
                assert plain(got) == plain(expected), (path.name, chain, pipeline, (path / ".zarray").read_text())
        if dtype.kind in "biufc" and document["filters"] is None and document["fill_value"] is not None:
            assert plain(read_tensorstore(path)) == plain(expected), (path.name, chain)
            counts["tensorstore"] += 1
    assert counts["zarr-python"] >= 45
    print(counts)


@pytest.mark.parametrize("codecs", [[], ["--codecs", "gzip(1)"]], ids=["default", "gzip"])
@pytest.mark.parametrize("order", "CF")
def test_numpy_dtypes(zarrc, tmp_path, order, codecs):
    """A dtype as NumPy writes it is that of the array."""
    mixed = numpy.dtype([("a", "<i4"), ("p", [("b", ">f4"), ("c", "|u1")])])
    nested = [mixed] if zarr.__version__ >= "3.2" else []  # older ones cannot open an array of structs in structs
    for n, dtype in enumerate([row[0] for row in TYPES] + [*nested, numpy.dtype("int16"), numpy.dtype("?")]):
        texts = [json.dumps(dtype.descr)] if dtype.names else [dtype.str, json.dumps(dtype.str)] + [dtype.str[1:]] * (dtype.str[0] != ">")
        for k, text in enumerate(texts):
            path = tmp_path / f"{n}-{k}.zarr"
            zarrc("create", path, "--shape", "4,3", "-c", "2,2", "--zarr-format", "2", "--dtype", text, "--order", order, *codecs)
            array = zarr.open_array(str(path), mode="r+", zarr_format=2)
            assert array.dtype == dtype and array.order == order, (text, array.metadata)
            data = numpy.frombuffer(bytes(12 * [1]) * dtype.itemsize, "|b1" if dtype.kind == "b" else dtype)[:12].reshape(4, 3)
            if dtype.kind in "MU" or dtype.kind == "V" and dtype.names is None:
                continue
            array[...] = data
            stored = zarrc("get", path, "--format", "raw", "-o", "-")
            assert stored == data.astype(dtype.newbyteorder("<")).tobytes(), text


@pytest.mark.parametrize("row", TYPES, ids=[row[0].str if row[0] != STRUCT else "struct" for row in TYPES])
def test_zarr_python_2(zarrc, tmp_path, row):
    python = os.environ.get("ZARRC_ZARR_2")
    if not python:
        pytest.skip("ZARRC_ZARR_2 names no Python with zarr-python 2")
    script = "import sys, numpy, zarr\nfor p in sys.argv[1:]: numpy.save(p + '.npy', zarr.open_array(p, mode='r')[...])"
    arrays = list(made(zarrc, tmp_path, row))
    subprocess.run([python, "-c", script, *(str(path) for path, _, _ in arrays)], check=True)
    for path, expected, chain in arrays:
        assert plain(numpy.load(f"{path}.npy")) == plain(expected), (path.name, chain, (path / ".zarray").read_text())


@pytest.mark.parametrize("compressor", ["", "zstd(1)", "gzip(1),crc32c"])
def test_objects(zarrc, tmp_path, compressor):
    words = ["", "a", "\u00e9t\u00e9", "long " * 50, "\U0001f30d"]
    for n, (name, fill) in enumerate((("string", '"x\u00e9"'), ("string", "null"), ("bytes", '"YWI="'))):
        path = tmp_path / f"{n}.zarr"
        serializer = "vlen-utf8" if name == "string" else "vlen-bytes"
        zarrc("create", path, "--zarr-format", "2", "--shape", "7", "--chunks", "2", "--dtype", name, "--fill-value", fill,
              "--codecs", ",".join(filter(None, [serializer, compressor])))
        data = json.dumps(words if name == "string" else ["", "YQ==", "", "", "AAE="]).encode()
        zarrc("put", path, "-s", "0:5", "--format", "json", "-i", "-", stdin=data)
        got = zarr.open_array(str(path), mode="r", zarr_format=2)[...].tolist()
        expected = words if name == "string" else [b"", b"a", b"", b"", b"\0\1"]
        if fill != "null":
            expected = expected + (["x\u00e9"] if name == "string" else [b"ab"]) * 2
        else:
            got = got[:5]
        assert got == expected


def test_hierarchy(zarrc, tmp_path):
    """Groups, attributes and dimension names: made one by one, and copied from format 3."""
    root = tmp_path / "g.zarr"
    zarrc("create", root, "--group", "--zarr-format", "2", "--attributes", '{"a": 1}')
    zarrc("create", root / "x/y", "--shape", "4,6", "--dtype", "int16", "--zarr-format", "2", "--dimension-names", "v,u")
    zarrc.put(root / "x/y", tmp_path, numpy.arange(24, dtype="<i2").reshape(4, 6))
    group = zarr.open_group(str(root), mode="r", zarr_format=2)
    assert dict(group.attrs) == {"a": 1} and group["x/y"].attrs["_ARRAY_DIMENSIONS"] == ["v", "u"]
    assert numpy.array_equal(group["x/y"][...], numpy.arange(24).reshape(4, 6))
    three = zarr.create_group(str(tmp_path / "three.zarr"))
    three.attrs["b"] = [2]
    three.create_array("s/z", shape=(8, 8), chunks=(2, 2), shards=(4, 8), dtype="<f4", dimension_names=("p", "q"))[...] = 3
    zarrc("copy", tmp_path / "three.zarr", tmp_path / "two.zarr", "--zarr-format", "2", "-s", "none", "-q", "--check")
    copied = zarr.open_group(str(tmp_path / "two.zarr"), mode="r", zarr_format=2)
    assert copied.attrs["b"] == [2] and copied["s/z"].attrs["_ARRAY_DIMENSIONS"] == ["p", "q"]
    assert (copied["s/z"][...] == 3).all() and copied["s/z"].chunks == (2, 2)
