# SPDX-License-Identifier: MIT
"""Calls whose outcomes differed when they were drawn. They are made in each run."""

from __future__ import annotations

from typing import Any

import numpy as np


def _call(codec: str, what: str, made: dict[str, Any], shape: tuple[int, ...], dtype: Any, **more: Any) -> dict[str, Any]:
    spec = {"shape": shape, "dtype": dtype, "fill": None, "order": "C", "write_empty_chunks": more.pop("empty", False)}
    ways: dict[str, Any] = {"encode": {"sync": False, "evolve": True}, "decode": {"sync": False, "evolve": True}}
    partial = {"sync": False, "store": "memory", "stored": None}
    return {"codec": codec, "what": what, "made": made, "spec": spec, **ways.get(what, partial), **more}


def _bytes(codec: str, what: str, made: dict[str, Any], chunk: Any) -> dict[str, Any]:
    return _call(codec, what, made, (4,), "|u1", chunks=[chunk])


_PAIRS = np.array([(258, 3), (-2, 4)], [("a", "<i2"), ("b", "u1")])
_TEXTS = np.array([["a", ""], ["bü", "a"]], "<U2")
_LITTLE = [("BytesCodec", {"endian": "little"})]
_CHECKED = [("BytesCodec", {"endian": "little"}), ("Crc32cCodec", {})]
_NOTHING = ("nothing",)

FOUND = (
    # a stored frame, of a compressor that nobody knows and nobody needs
    _bytes("BloscCodec", "decode", {}, (b"a", ("random", b"\2\1\xd6\1\1\0\0\0\1\0\0\0\x11\0\0\0\xe7"))),
    *(_bytes("BloscCodec", "encode", {"blocksize": n}, b"abcd") for n in (-(2**40), -(2**31) - 1, -(2**31), 2**31)),
    # settings that nothing can be encoded with, where they do not matter
    *(_bytes("BloscCodec", "decode", {name: 2**64}, (b"abcd", _NOTHING)) for name in ("typesize", "clevel", "blocksize")),
    *(_bytes("BloscCodec", what, {"typesize": 2**64}, ("raw", [])) for what in ("decode", "encode")),
    _bytes("BloscCodec", "encode", {"typesize": 2**64}, b"abcd"),
    *(_bytes("ZstdCodec", "encode", {"level": n}, b"abcd") for n in (-(2**40), -(2**31) - 1, -(2**31))),
    _bytes("ZstdCodec", "decode", {"level": -(2**40)}, (b"abcd", _NOTHING)),
    # reserved bits of Zstandard blocks
    _bytes("ZstdCodec", "decode", {}, (b"", ("random", b"(\xb5/\xfd dU\0\0 q8e7\1\1\xfd\xe4\x88"))),
    # a boolean that is neither 0 nor 1
    _call("ShardingCodec", "decode", {"chunk_shape": (2,), "codecs": _LITTLE}, (2,), "|b1", empty=True,
          chunks=[(np.array([True, False]), ("flip_byte", 0, 0x9e))]),
    # booleans, which are integers to zarr-python 3.1
    *(_bytes("GzipCodec", what, {"level": False}, chunk) for what, chunk in (("encode", b"ab"), ("decode", (b"ab", _NOTHING)))),
    *(_bytes("BloscCodec", "encode", {name: True}, b"abcd") for name in ("typesize", "clevel", "blocksize")),
    _bytes("ZstdCodec", "encode", {"level": True, "checksum": True}, b"abcd"),
    _call("ShardingCodec", "encode", {"chunk_shape": True}, (2,), "|u1", chunks=[np.arange(2, dtype="u1")]),
    # texts that are missing
    *(
        _call(codec, "encode", {}, (2,), dtype, chunks=[np.zeros(2, kind)])
        for codec, dtype in (("VLenBytesCodec", "bytes"), ("VLenUTF8Codec", "string"))
        for kind in ("i2", ">u8", "?", "c8", "f4", "M8[ns]", "m8[us]")
    ),
    _call("VLenUTF8Codec", "encode", {}, (), "string", chunks=[np.array(0j)]),
    _call("VLenUTF8Codec", "encode", {}, (4,), "string", chunks=[np.array(["a", None, 0, False], object)]),
    _call("VLenUTF8Codec", "encode", {}, (2,), "string", chunks=[np.array(["a", 1], object)]),
    *(
        _call(codec, "decode", {}, (0,), dtype, chunks=[(np.zeros(0, object), _NOTHING)])
        for codec in ("VLenBytesCodec", "VLenUTF8Codec")
        for dtype in ("<m8[us]", ">i8", "string" if codec == "VLenUTF8Codec" else "bytes")
    ),
    # a structure without a byte order
    _call("BytesCodec", "encode", {"endian": None}, (2,), _PAIRS.dtype.descr, chunks=[_PAIRS]),
    _call("BytesCodec", "decode", {"endian": None}, (2,), _PAIRS.dtype.descr, chunks=[(_PAIRS, _NOTHING)]),
    _call("BytesCodec", "evolve", {"endian": None}, (2,), _PAIRS.dtype.descr),
    _call("BytesCodec", "evolve", {"endian": "big"}, (2,), [("a", "|u1"), ("b", "|i1")]),
    # bytes where an array is due
    _call("TransposeCodec", "decode", {"order": (0,)}, (2, 6), "|u1", evolve=False, chunks=[(np.zeros((2, 6), "u1"), _NOTHING)]),
    _call("TransposeCodec", "encode", {"order": (0,)}, (4,), "|u1", chunks=[b"abcd"]),
    _call("BytesCodec", "encode", {"endian": "little"}, (4,), "<u2", chunks=[b"abcdefgh"]),
    # two chunks that cannot be decoded, each in its own way
    _call("ShardingCodec", "decode", {"chunk_shape": (3,)}, (4,), "<c8", chunks=[("raw", 10), (np.zeros(4, "c8"), _NOTHING)]),
    # inner chunks that are damaged, and replaced
    *(
        _call(
            "ShardingCodec", "encode_partial", {"chunk_shape": edges, "codecs": _CHECKED, "index_codecs": _LITTLE}, shape, "|u1",
            empty=True, stored=(np.full(shape, 7, "u1"), ("flip_byte", 0, 255)), selection=selection, value=value,
        )
        for edges, shape, selection, value in (
            ((1, 1), (2, 1), (0, slice(0, 1, 3)), np.array([9], "u1")),
            ((1, 3), (1, 6), (slice(0, 1, 2), slice(0, 6)), np.arange(6, dtype="u1").reshape(1, 6)),
            ((2,), (4,), (slice(0, 2),), np.array([8, 9], "u1")),
            ((2,), (4,), (slice(0, 1),), np.array([8], "u1")),
        )
    ),
    _call(
        "ShardingCodec", "encode_partial", {"chunk_shape": (1,), "codecs": _LITTLE, "index_codecs": _LITTLE, "index_location": "start"},
        (2,), "|u1", stored=(np.array([1, 2], "u1"), ("zeros", 9)), selection=(slice(0, 1),), value=np.array([8], "u1"),
    ),
    *(
        _call(
            "ShardingCodec", "encode_partial", {"chunk_shape": (2,), "codecs": _LITTLE}, (4,), "|u1",
            stored=(np.arange(4, dtype="u1"), damage), selection=(slice(0, 4, step),), value=np.arange(5, 9 if step == 1 else 7, dtype="u1"),
        )
        for damage in (("cut", 0.1), ("cut_bytes", 3))
        for step in (1, 2)
    ),
    # shards that do not fit what they hold
    _call("ShardingCodec", "decode_partial", {"chunk_shape": (2, 2), "codecs": _LITTLE}, (2, 2), "string", selection=(0, 1)),
    _call("ShardingCodec", "decode_partial", {"chunk_shape": (3, 2)}, (6,), "|u1", selection=(slice(0, 6),)),
    _call("ShardingCodec", "encode", {"chunk_shape": (1, 2)}, (2, 2), "string", chunks=[_TEXTS]),
    _call("ShardingCodec", "encode", {"chunk_shape": 2**64}, (6,), "|u1", chunks=[np.arange(6, dtype="u1")]),
)  # fmt: skip
