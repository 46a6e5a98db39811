# SPDX-License-Identifier: MIT
"""Writes objects.txt: what numcodecs makes of chunks of strings and arrays, for tests/support/objects.c. Needs numcodecs
and msgpack:

    python tests/data/objects.py > tests/data/objects.txt

A line is, with tabs between: "=" if zarrc writes the same bytes, the codecs as a zarr.json has them, the data type, the
shape, the encoded chunk, and the elements: packed, or a u32le length and bytes for each. Bytes are hexadecimal.
"""
import json
import struct

import numpy as np
from numcodecs import JSON, Categorize, MsgPack, VLenArray

rng = np.random.default_rng(3)
WORDS = ["", "a", "bü", "日本", "\U0001f600", 'q"\\\n\x01', "x" * 31, "y" * 32, "z" * 255, "w" * 256, "v" * 300]


def pick(words, shape):
    return np.array([words[int(i)] for i in rng.integers(len(words), size=int(np.prod(shape)))], dtype=object).reshape(shape)


def vlen(items):
    return b"".join(struct.pack("<I", len(item)) + item for item in items)


def row(exact, codecs, dtype, shape, encoded, decoded):
    print("=" if exact else "~", json.dumps(codecs, ensure_ascii=True), json.dumps(dtype) if isinstance(dtype, dict) else dtype,
          ",".join(map(str, shape)), bytes(encoded).hex(), decoded.hex(), sep="\t")


def described(codec):
    config = codec.get_config()
    return {"name": "numcodecs." + config.pop("id"), "configuration": config}


def lists():
    long = pick(WORDS[:5], (300,))
    chunks = [pick(WORDS, shape) for shape in [(1,), (7,), (15,), (16,), (2, 3), (3, 1, 4), (2, 2, 2, 2), (1, 1), (17, 2)]]
    for chunk in [*chunks, long]:
        for codec in (JSON(), JSON(ensure_ascii=False, indent=2), MsgPack(), MsgPack(use_bin_type=False, use_single_float=True)):
            exact = codec == JSON() or isinstance(codec, MsgPack)
            row(exact, [described(codec)], "string", chunk.shape, codec.encode(chunk), vlen(x.encode() for x in chunk.flat))
    row(True, [described(JSON())], "string", (), JSON().encode(np.array("ab", dtype=object)), vlen([b"ab"]))
    for codec in (JSON(), MsgPack()):  # what nobody wrote
        chunk = np.array(["a", 0, None, "b"], dtype=object)
        row(False, [described(codec)], "string", (4,), codec.encode(chunk), vlen([b"a", b"", b"", b"b"]))
        chunk = np.array([["a", "b"]])  # of strings of one length
        row(False, [described(codec)], "string", (1, 2), codec.encode(chunk), vlen([b"a", b"b"]))


def arrays():
    for dtype in ("|u1", "<i2", ">i4", "<f8", "|b1", "<c16"):
        for n in (1, 9):
            chunk = np.empty(n, dtype=object)
            for i in range(n):
                chunk[i] = rng.integers(0, 100, size=int(rng.integers(6))).astype(dtype)
            codec = VLenArray(dtype)
            row(True, [described(codec)], "bytes", (n,), codec.encode(chunk), vlen(x.tobytes() for x in chunk))


def categories():
    labels = ["male", "", "female", "日本", "male"]
    for shape in ((9,), (2, 3), ()):
        for astype in ("|u1", "|i1", "<i2", "<u4", ">i4", "<i8", "<u8"):
            native = np.dtype(astype).newbyteorder("<").str
            chunk = pick(["male", "female", "日本", ""], shape)
            bytes_codec = {"name": "bytes", "configuration": {"endian": "little"}} if np.dtype(astype).itemsize > 1 else {"name": "bytes"}
            codec = Categorize(labels, dtype=object, astype=native)
            encoded = codec.encode(chunk).tobytes()
            row(True, [described(codec), bytes_codec], "string", shape, encoded, vlen(x.encode() for x in chunk.flat))
            fixed = chunk.astype("<U7")
            codec = Categorize(labels, dtype="<U7", astype=native)
            dtype = {"name": "fixed_length_utf32", "configuration": {"length_bytes": 28}}
            row(True, [described(codec), bytes_codec], dtype, shape, codec.encode(fixed).tobytes(), fixed.tobytes())
    codec = Categorize(labels, dtype=object)
    row(False, [described(codec), {"name": "bytes"}], "string", (4,), bytes([1, 2, 0, 3]), vlen([b"male", b"", b"", b"female"]))


lists()
arrays()
categories()
