# SPDX-License-Identifier: MIT
"""Arrays and groups of Zarr format 2 that zarrc made, read by netCDF-C's NCZarr (ncdump) and by GDAL (gdalmdiminfo), where these programs
are installed: netcdf-bin and gdal-bin of Debian."""
import itertools
import json
import re
import shutil
import subprocess

import numpy
import pytest

needs_ncdump = pytest.mark.skipif(not shutil.which("ncdump"), reason="there is no ncdump (netcdf-bin)")
needs_gdal = pytest.mark.skipif(not shutil.which("gdalmdiminfo"), reason="there is no gdalmdiminfo (gdal-bin)")

TYPES = {"int8": "|i1", "uint8": "|u1", "int16": "<i2", "uint16": ">u2", "int32": "<i4", "uint32": "<u4", "int64": ">i8", "uint64": "<u8",
         "float32": "<f4", "float64": ">f8"}
SHAPE, CHUNKS = (5, 6), (2, 3)


def codec(name, **settings):
    return {"name": name, "configuration": settings}


COMPRESSORS = {
    "none": [], "zlib": [codec("numcodecs.zlib", level=1)], "gzip": [codec("gzip", level=1)], "zstd": [codec("zstd", level=3, checksum=False)],
    "lz4": [codec("numcodecs.lz4", acceleration=1)], "lzma": [codec("numcodecs.lzma")],
    "blosc": [codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=4, blocksize=0)]}


def values(dtype):
    flat = numpy.arange(30) * 3 - (0 if dtype.kind == "u" else 40)
    return (flat / (4 if dtype.kind == "f" else 1)).astype(dtype).reshape(SHAPE)


def make(zarrc, folder, path, name, *, codecs=(), order="C", separator=".", fill="7", little=False):
    """Makes an array whose last chunks are missing; returns what is in it."""
    dtype = numpy.dtype(TYPES[name].replace(">", "<") if little else TYPES[name])
    packed = codec("bytes") if dtype.itemsize == 1 else codec("bytes", endian="big" if dtype.str[0] == ">" else "little")
    zarrc("create", path, "--zarr-format", "2", "--shape", "5,6", "--chunks", "2,3", "--dtype", name, "--codecs",
          json.dumps([packed, *codecs]), "--order", order, "--separator", separator, "--fill-value", fill, "--dimension-names", "y,x",
          "--attributes", json.dumps({"units": "m", "scale": 0.5, "range": [1, 2, 3]}))
    given = values(dtype).astype(dtype.newbyteorder("<"))
    zarrc.put(path, folder, given[:4], "-s", "0:4")
    given[4] = 7
    return given


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120)


def gdal(path, *arguments):
    done = run("gdalmdiminfo", *arguments, f'ZARR:"{path}"')
    assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@needs_gdal
@pytest.mark.parametrize("name", TYPES)
def test_gdal_arrays(zarrc, tmp_path, name):
    """Each compressor, in one of the layouts."""
    root = tmp_path / "g.zarr"
    zarrc("create", root, "--group", "--zarr-format", "2")
    layouts = itertools.cycle(itertools.product("CF", "./"))
    expected = {chain: make(zarrc, tmp_path, root / chain, name, codecs=codecs, order=order, separator=separator)
                for (chain, codecs), (order, separator) in zip(COMPRESSORS.items(), layouts)}
    got = gdal(root, "-detailed")["arrays"]
    assert {chain: got[chain]["values"] for chain in COMPRESSORS} == {chain: array.tolist() for chain, array in expected.items()}


@needs_gdal
def test_gdal_filters(zarrc, tmp_path):
    path = tmp_path / "delta.zarr"
    expected = make(zarrc, tmp_path, path, "int32", codecs=COMPRESSORS["zlib"])
    document = json.loads((path / ".zarray").read_text())
    zarrc("copy", path, tmp_path / "d.zarr", "--zarr-format", "2", "--codecs",
          json.dumps([codec("numcodecs.delta", dtype="<i4"), codec("bytes", endian="little"), *COMPRESSORS["zlib"]]))
    assert json.loads((tmp_path / "d.zarr" / ".zarray").read_text())["filters"] != document["filters"]
    assert gdal(tmp_path / "d.zarr", "-array", "d", "-detailed")["values"] == expected.tolist()


def hierarchy(zarrc, tmp_path):
    root = tmp_path / "g.zarr"
    zarrc("create", root, "--group", "--zarr-format", "2", "--attributes", '{"title": "all", "n": 300}')
    zarrc("create", root / "in", "--group", "--zarr-format", "2", "--attributes", '{"deep": true}')
    return root, {"a": make(zarrc, tmp_path, root / "a", "int16"), "in/b": make(zarrc, tmp_path, root / "in" / "b", "float64", little=True)}


@needs_gdal
@pytest.mark.parametrize("consolidated", [False, True])
def test_gdal_hierarchy(zarrc, tmp_path, consolidated):
    root, arrays = hierarchy(zarrc, tmp_path)
    if consolidated:
        zarrc("consolidate", root)
    group = gdal(root)
    assert group["attributes"]["title"] == "all"
    assert list(group["arrays"]) == ["a"] and list(group["groups"]) == ["in"] and list(group["groups"]["in"]["arrays"]) == ["b"]
    assert group["arrays"]["a"]["attributes"]["range"] == [1, 2, 3] and group["arrays"]["a"]["unit"] == "m"
    assert gdal(root, "-array", "a", "-detailed")["values"] == arrays["a"].tolist()
    raster = run("gdalinfo", "-json", f'ZARR:"{root}":/in/b')
    assert raster.returncode == 0 and json.loads(raster.stdout)["size"] == [6, 5], raster.stderr


def ncdump(path, *arguments):
    done = run("ncdump", *arguments, f"file://{path}#mode=zarr,file")
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(cdl, name):
    """The data of a variable in what ncdump prints."""
    text = re.search(rf"\n *{name} =(.*?);", cdl[cdl.index("data:"):], re.S).group(1)
    return [numpy.nan if word == "_" else float(word) for word in re.split(r"[,\s]+", text.strip())]


@needs_ncdump
@pytest.mark.parametrize("name", TYPES)
def test_ncdump_arrays(zarrc, tmp_path, name):
    """libnetcdf 4.9.0 of Debian takes compressed bytes for elements, those of the other byte order for native ones, and order F for C."""
    for n, separator in enumerate("./"):
        root = tmp_path / f"{n}.zarr"
        zarrc("create", root, "--group", "--zarr-format", "2")
        expected = make(zarrc, tmp_path, root / "a", name, separator=separator, little=True).astype("f8")
        got = numpy.array(numbers(ncdump(root, "-p", "9,17"), "a"))
        got[numpy.isnan(got)] = 7
        assert (got == expected.ravel()).all(), separator


@needs_ncdump
@pytest.mark.parametrize("consolidated", [False, True])
def test_ncdump_hierarchy(zarrc, tmp_path, consolidated):
    root, arrays = hierarchy(zarrc, tmp_path)
    if consolidated:
        zarrc("consolidate", root)
    cdl = ncdump(root)
    for text in (':title = "all"', "group: in {", "short a(y, x)", "double b(", 'a:units = "m"', "a:scale = 0.5", "y = 5", "x = 6"):
        assert text in cdl, cdl
    assert numbers(cdl, "b")[:6] == arrays["in/b"][0].tolist()
