# SPDX-License-Identifier: MIT
"""Writes n5.txt: blocks of N5 and the chunks that they are, for tests/codec/test_n5_default.c. Needs tensorstore:

    python tests/data/n5.py > tests/data/n5.txt

tensorstore writes the blocks, those at the edge at full size; blocks as Java's N5 writes them, cut off where the array
ends, are made of these here, and tensorstore reads them. A line is, with tabs between: "=" if zarrc writes the same
bytes, the codecs as a zarr.json has them, the data type, the shape of the chunk, the block, and the elements of the chunk,
packed, in C order and little-endian, with zeros beyond the array. Bytes are hexadecimal.
"""
import gzip
import json
import pathlib
import struct
import tempfile

import numpy as np
import tensorstore

rng = np.random.default_rng(5)
COMPRESSIONS = {
    "raw": ({"type": "raw"}, None),
    "gzip": ({"type": "gzip", "level": 5}, {"name": "gzip", "configuration": {"level": 5}}),
    "zstd": ({"type": "zstd", "level": 1}, {"name": "zstd", "configuration": {"level": 1, "checksum": False}}),
    "blosc": ({"type": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1},
              {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}}),
    "bzip2": ({"type": "bzip2", "blockSize": 1}, {"name": "numcodecs.bz2", "configuration": {"level": 1}}),
}


def opened(folder, dtype, shape, block, compression):
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{folder}/"}, "create": True, "open": True,
            "metadata": {"dimensions": shape, "blockSize": block, "dataType": dtype, "compression": compression}}
    return tensorstore.open(spec).result()


def row(exact, codecs, dtype, block, value, chunk):
    codec = {"name": "n5_default", "configuration": {"codecs": codecs}}
    print("=" if exact else "~", json.dumps([codec]), dtype, ",".join(map(str, block)), value.hex(),
          chunk.astype(chunk.dtype.newbyteorder("<")).tobytes().hex(), sep="\t")


def codecs_of(ndim, codec):
    order = {"name": "transpose", "configuration": {"order": list(range(ndim))[::-1]}}
    return [order, {"name": "bytes", "configuration": {"endian": "big"}}, *([codec] if codec else [])]


def blocks(dtype, shape, block, name, cut):
    compression, codec = COMPRESSIONS[name]
    array = rng.integers(0, 100, size=shape).astype(dtype)
    if dtype.startswith("float"):
        array += rng.random(shape).astype(dtype)
    with tempfile.TemporaryDirectory() as folder:
        opened(folder, dtype, shape, block, compression)[...] = array
        for at in np.ndindex(*[-(-s // b) for s, b in zip(shape, block)]):
            file = pathlib.Path(folder, *map(str, at))
            part = array[tuple(slice(i * b, i * b + b) for i, b in zip(at, block))]
            chunk = np.zeros(block, dtype)
            chunk[tuple(map(slice, part.shape))] = part
            value = file.read_bytes()
            if cut:
                data = part.astype(part.dtype.newbyteorder(">")).tobytes(order="F")
                value = struct.pack(f">HH{len(block)}I", 0, len(block), *part.shape)
                value += gzip.compress(data, mtime=0) if name == "gzip" else data
                file.write_bytes(value)
            exact = name == "raw" and (not cut or part.shape == tuple(block))
            row(exact, codecs_of(len(block), codec), dtype, block, value, chunk)
        assert (opened(folder, dtype, shape, block, compression)[...].read().result() == array).all()


for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"):
    blocks(dtype, [3, 5], [2, 4], "raw", False)
for name in COMPRESSIONS:
    blocks("int16", [4, 3], [4, 3], name, False)
blocks("uint16", [5], [3], "raw", True)
blocks("float64", [3, 4, 5], [2, 3, 4], "raw", True)
blocks("int32", [4, 5], [3, 3], "gzip", True)
