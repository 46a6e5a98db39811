# SPDX-License-Identifier: MIT
"""zarr_2_writer.py FOLDER, run by a Python that has zarr-python 2: writes arrays, and beside each what is in it, packed and
little-endian. Prints a JSON list of [name, dtype]."""
import itertools
import json
import pathlib
import sys

import numcodecs
import numpy
import zarr

DTYPES = ["|b1", "|i1", "<i4", ">i4", "<u8", ">f8", "<f2", "<f4", "<c16", ">c8", "|S5", "<U3", ">U3", "<M8[ns]", ">m8[h]", "|V4",
          [("a", ">u2"), ("b", "|i1"), ("s", "|S3")]]
COMPRESSORS = [None, numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE), numcodecs.Blosc("zstd", 3, numcodecs.Blosc.AUTOSHUFFLE), numcodecs.Zlib(1),
               numcodecs.GZip(1), numcodecs.Zstd(1), numcodecs.LZ4(), numcodecs.BZ2(1), numcodecs.LZMA()]
LAYOUTS = [((7, 5), (3, 2), "C", "."), ((7, 5), (3, 2), "F", "/"), ((3, 4, 5), (2, 4, 3), "F", "."), ((), (), "C", "."), ((6,), (4,), "F", "/")]
FILLS = [None, "default", "value"]


def values(dtype, n):
    random = numpy.random.default_rng(5)
    if dtype.names:
        out = numpy.zeros(n, dtype)
        for name in dtype.names:
            out[name] = values(dtype[name], n)
        return out
    if dtype.kind == "b":
        return random.integers(0, 2, n).astype(bool)
    if dtype.kind in "SU":
        return numpy.array([str(i % 99) for i in range(n)], dtype)
    if dtype.kind == "V":
        return numpy.frombuffer(random.integers(1, 100, n * dtype.itemsize, numpy.uint8).tobytes(), dtype)
    return random.integers(0 if dtype.kind == "u" else -100, 100, n).astype("<i8").astype(dtype)


def filters(dtype, which):
    if which == 0 or dtype.names:
        return None
    if dtype.kind == "b":
        return [numcodecs.PackBits()]
    if dtype.kind in "iu":
        return [numcodecs.Delta(dtype=dtype.str)]
    if dtype.kind == "f" and dtype.itemsize > 2:
        return [numcodecs.FixedScaleOffset(offset=0, scale=1, dtype=dtype.str, astype="<i2"), numcodecs.Shuffle(2)]
    return [numcodecs.Shuffle(dtype.itemsize)]


folder = pathlib.Path(sys.argv[1])
made = []
numbers = itertools.count()
for spelled, compressor in itertools.product(DTYPES, COMPRESSORS):
    n = next(numbers)
    dtype, (shape, chunks, order, separator) = numpy.dtype(spelled), LAYOUTS[n % len(LAYOUTS)]
    fill = {None: None, "default": numpy.zeros((), dtype)[()], "value": values(dtype, 3)[2]}[FILLS[n % 3]]
    for which in range(2):
        name = f"{n}.{which}"
        array = zarr.open_array(str(folder / name), mode="w", shape=shape, chunks=chunks or True, dtype=dtype, order=order, dimension_separator=separator,
                                compressor=compressor, filters=filters(dtype, which), fill_value=fill)
        data = values(dtype, int(numpy.prod(shape))).reshape(shape)
        if fill is None or not shape:
            array[...] = data
        else:
            array[:chunks[0]] = data[:chunks[0]]
        read = numpy.asarray(array[...], dtype)
        (folder / f"{name}.raw").write_bytes(read.astype(dtype.newbyteorder("<")).tobytes())
        made.append([name, dtype.str if not dtype.names else "struct"])
print(json.dumps(made))
