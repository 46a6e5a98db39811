# SPDX-License-Identifier: MIT
"""Writes zfp.txt: what zfpy and numcodecs make of chunks, for tests/codec/test_zfp.c. Needs zfpy and numcodecs:

    python tests/data/zfp.py > tests/data/zfp.txt

A line is, with tabs between: "=" (zarrc writes the same bytes), the codecs as a zarr.json has them, the data type, the
shape, the encoded chunk, its elements, and those that it was made of, if they are others. Elements are packed and
little-endian, bytes hexadecimal. Integers of less than 32 bits are promoted here, as the registered codec says.
"""
import json

import numpy as np
import zfpy
from numcodecs.zfpy import ZFPY

rng = np.random.default_rng(11)
MODES = [{"mode": "reversible"}, {"mode": "fixed_rate", "rate": 10.5}, {"mode": "fixed_precision", "precision": 19},
         {"mode": "fixed_accuracy", "tolerance": 0.05}, {"mode": "fixed_rate", "rate": 3}]
ZTYPES = {"int32": zfpy.type_int32, "int64": zfpy.type_int64, "float32": zfpy.type_float, "float64": zfpy.type_double}


def smooth(dtype, shape):
    where = np.indices(shape).sum(axis=0) if shape else np.zeros(())
    values = 90 * np.sin(where / 3) + rng.normal(size=shape)
    if np.dtype(dtype).kind == "u":
        values = np.abs(values)
    return np.ascontiguousarray(values.astype(dtype))


def promoted(chunk):
    if chunk.dtype.itemsize > 2:
        return chunk.view({"uint32": "int32", "uint64": "int64"}.get(chunk.dtype.name, chunk.dtype))
    bits = 8 * chunk.dtype.itemsize
    numbers = chunk.astype("int32") - (1 << bits - 1 if chunk.dtype.kind == "u" else 0)
    return numbers << 31 - bits


def demoted(numbers, dtype):
    bits, half = 8 * dtype.itemsize, 1 << 8 * dtype.itemsize - 1
    if dtype.itemsize > 2:
        return (np.maximum(numbers, 0) if dtype.kind == "u" else numbers).astype(dtype)
    return (np.clip(numbers >> 31 - bits, -half, half - 1) + (half if dtype.kind == "u" else 0)).astype(dtype)


def row(codec, chunk, encoded, decoded):
    little = [x.astype(x.dtype.newbyteorder("<")).tobytes().hex() for x in (decoded, chunk)]
    print("=", json.dumps([codec]), chunk.dtype.name, ",".join(map(str, chunk.shape)), encoded.hex(), little[0],
          *([] if little[0] == little[1] else [little[1]]), sep="\t")


def registered(dtype, shape, mode):
    chunk = smooth(dtype, shape)
    numbers = promoted(chunk)
    settings = {k: v for k, v in mode.items() if k != "mode"}
    encoded = zfpy.compress_numpy(numbers, write_header=False, **settings)
    decoded = zfpy._decompress(encoded, ZTYPES[numbers.dtype.name], numbers.shape, **settings)
    row({"name": "zfp", "configuration": mode}, chunk, encoded, demoted(decoded, chunk.dtype))


def of_numcodecs(dtype, shape, **settings):
    codec = ZFPY(**settings)
    chunk = smooth(dtype, shape)
    encoded = codec.encode(chunk)
    configuration = codec.get_config()
    configuration.pop("id")
    row({"name": "numcodecs.zfpy", "configuration": configuration}, chunk, encoded, codec.decode(encoded).reshape(shape))


for dtype in ("int32", "int64", "float32", "float64", "uint32", "uint64", "int8", "int16", "uint8", "uint16"):
    for mode in MODES:
        registered(dtype, (6, 5), mode)
for dtype in ("float32", "int64"):
    for shape in [(1,), (7,), (8,), (4, 4), (1, 9), (5, 3, 6), (4, 4, 4), (2, 3, 4, 5), (4, 1, 1, 4)]:
        for mode in MODES[:2]:
            registered(dtype, shape, mode)
for dtype in ZTYPES:
    of_numcodecs(dtype, (5, 6), mode=zfpy.mode_fixed_accuracy, tolerance=0.01)
    of_numcodecs(dtype, (3, 4, 5), mode=zfpy.mode_fixed_rate, rate=8)
    of_numcodecs(dtype, (11,), mode=zfpy.mode_fixed_precision, precision=12)
    of_numcodecs(dtype, (2, 3, 4, 3), mode=zfpy.mode_fixed_accuracy)  # without a tolerance: reversible
