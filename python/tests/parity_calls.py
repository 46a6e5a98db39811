# SPDX-License-Identifier: MIT
"""Calls of codec classes as plain data, drawn from a seed. A call is a dictionary of what can be pickled, so that each world
(`parity_worlds`) makes the same one."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

NAMES = (
    "BloscCodec",
    "BytesCodec",
    "Crc32cCodec",
    "GzipCodec",
    "ShardingCodec",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "ZstdCodec",
)
JSON_NAMES = {
    "BloscCodec": "blosc",
    "BytesCodec": "bytes",
    "Crc32cCodec": "crc32c",
    "GzipCodec": "gzip",
    "ShardingCodec": "sharding_indexed",
    "TransposeCodec": "transpose",
    "VLenBytesCodec": "vlen-bytes",
    "VLenUTF8Codec": "vlen-utf8",
    "ZstdCodec": "zstd",
}
COMPRESSORS = ("BloscCodec", "GzipCodec", "ZstdCodec")
BYTES_TO_BYTES = ("BloscCodec", "Crc32cCodec", "GzipCodec", "ZstdCodec")
TEXTS = ("VLenBytesCodec", "VLenUTF8Codec")
DTYPES = (
    "|b1 |i1 |u1 <i2 >u2 <i4 >i4 <u8 >i8 <f2 <f4 >f8 <c8 >c16 |S3 <U2 >U2 |V5 <M8[s] >M8[ns] <m8[us]".split()
)
STRUCTS: tuple[Any, ...] = ([("a", "<i2"), ("b", "|u1")], [("a", "|u1"), ("b", "|i1")], [("x", "<f4"), ("y", "<f8")])
JUNK: tuple[Any, ...] = (
    None, -1, 0, 1, 3, 5, 9, 10, 22, 23, 255, 256, 2**31 - 1, 2**31, 2**40, 2**64, -(2**31), -(2**40), True, False, 1.5, 2.0,
    "x", "", "zstd", "shuffle", "little", "1", b"x", (), [], {}, (1,), [0], (1, 2), {"level": 1}, {1}, float("nan"), 1j,
    np.int64(3), np.int32(-1), np.uint8(1), np.float64(2.0), np.bool_(True), np.array([1, 2]), np.array(3),
)  # fmt: skip


class Draw:
    """Draws calls from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, values: Any) -> Any:
        return self.random.choice(values)

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def junk(self) -> Any:
        return self.one(JUNK)

    def order(self, ndim: int) -> tuple[int, ...]:
        result = list(range(ndim))
        self.random.shuffle(result)
        return tuple(result)

    def good(self, name: str, ndim: int) -> dict[str, Any]:
        """Arguments that a constructor takes; some of them left out."""
        every: dict[str, Any] = {}
        if name == "BloscCodec":
            every = {
                "typesize": self.one([None, 1, 2, 4, 8, 16, 255]),
                "cname": self.one(["lz4", "lz4hc", "blosclz", "zlib", "zstd"]),
                "clevel": self.random.randrange(10),
                "shuffle": self.one([None, "noshuffle", "shuffle", "bitshuffle"]),
                "blocksize": self.one([0, 0, 64, 256, 1000]),
            }
        elif name == "BytesCodec":
            every = {"endian": self.one([None, "little", "big", "big"])}
        elif name == "GzipCodec":
            every = {"level": self.random.randrange(10)}
        elif name == "ZstdCodec":
            every = {"level": self.random.randrange(-5, 6), "checksum": self.chance(0.5)}
        elif name == "TransposeCodec":
            return {"order": self.one([tuple, list])(self.order(ndim))}
        elif name == "ShardingCodec":
            every = {
                "codecs": self.chain(ndim),
                "index_codecs": self.one(
                    [
                        [("BytesCodec", {"endian": "little"}), ("Crc32cCodec", {})],
                        [("BytesCodec", {"endian": "little"})],
                        [("BytesCodec", {"endian": "big"}), ("Crc32cCodec", {})],
                    ]
                ),
                "index_location": self.one(["start", "end"]),
                "subchunk_write_order": self.one(["morton", "lexicographic", "colexicographic"]),
            }
            kept = {key: value for key, value in every.items() if self.chance(0.6)}
            return {"chunk_shape": tuple(self.one([1, 2, 2, 3]) for _ in range(ndim)), **kept}
        return {key: value for key, value in every.items() if self.chance(0.7)}

    def chain(self, ndim: int) -> list[Any]:
        """Codecs of inner chunks."""
        result: list[Any] = []
        if self.chance(0.2):
            result.append(("TransposeCodec", {"order": self.order(ndim)}))
        result.append(("BytesCodec", {"endian": self.one(["little", "big"])}))
        for name in self.one([(), (), ("Crc32cCodec",), ("ZstdCodec",), ("GzipCodec",), ("BloscCodec",)]):
            result.append((name, self.good(name, ndim)))
        return result

    def bad(self, name: str, ndim: int) -> dict[str, Any]:
        """Arguments of which some are wrong in value, in type, or in name."""
        result = self.good(name, ndim)
        keys = list(result) or ["level"]
        way = self.random.random()
        if way < 0.7:
            result[self.one(keys)] = self.junk()
        elif way < 0.8:
            result[self.one(["level", "endian", "order", "configuration", "cname"])] = self.junk()
        elif way < 0.9:
            result.pop(keys[0], None)
        else:
            for key in keys:
                result[key] = self.junk()
        return result

    def made(self, name: str, ndim: int, bad: float) -> dict[str, Any]:
        return self.bad(name, ndim) if self.chance(bad) else self.good(name, ndim)

    def shape(self, ndim: int | None = None) -> tuple[int, ...]:
        ndim = self.one([0, 1, 1, 2, 2, 3]) if ndim is None else ndim
        return tuple(self.one([1, 2, 4, 4, 6, 0]) if self.chance(0.1) else self.one([2, 4, 6]) for _ in range(ndim))

    def spec(self, name: str, ndim: int | None = None) -> dict[str, Any]:
        dtype: Any = self.one(DTYPES)
        if name in TEXTS and self.chance(0.9):
            dtype = "bytes" if name == "VLenBytesCodec" else "string"
        elif self.chance(0.1):
            dtype = self.one((*STRUCTS, "bytes", "string"))
        return {
            "shape": self.shape(ndim),
            "dtype": dtype,
            "fill": self.one([None, None, 0, 1]),
            "order": self.one("CCF"),
            "write_empty_chunks": self.chance(0.3),
        }

    def array(self, spec: dict[str, Any], bad: float) -> Any:
        """A chunk for a spec, or one that does not fit."""
        shape, dtype = spec["shape"], spec["dtype"]
        if self.chance(bad):
            way = self.random.randrange(5)
            if way == 0:
                shape = self.shape()
            elif way == 1:
                dtype = self.one(DTYPES)
            elif way == 2:
                return elements(self.random, dtype, self.shape()).ravel()
            elif way == 3:
                shape, dtype = self.shape(), self.one(DTYPES)
            else:
                dtype = self.one(["string", "bytes"])
        array = elements(self.random, dtype, shape)
        if self.chance(0.1):  # all of it the fill value
            if array.dtype.kind == "O":
                array[...] = "" if dtype == "string" else b""
            elif array.dtype.kind != "V":
                array[...] = spec["fill"] or 0 if array.dtype.kind not in "SU" else ""
        way = self.random.random()
        if way < 0.2:
            array = np.asfortranarray(array)
        elif way < 0.3 and array.ndim:
            array = array[::-1]
        return array

    def data(self) -> bytes:
        n = self.one([0, 1, 3, 4, 5, 16, 100, 1000, 4096])
        if self.chance(0.3):
            return self.random.randbytes(n)
        return (self.random.randbytes(4) * n)[:n]

    def damage(self) -> tuple[Any, ...]:
        """What happens to a stored value."""
        way = self.random.random()
        if way < 0.25:
            return ("nothing",)
        if way < 0.4:
            return ("cut", self.random.random())
        if way < 0.5:
            return ("cut_bytes", self.random.randrange(1, 24))
        if way < 0.75:
            return ("flip", self.random.random(), self.random.randrange(8))
        if way < 0.85:
            return ("flip_byte", self.random.randrange(24), self.random.randrange(256))
        if way < 0.92:
            return ("more", self.random.randbytes(self.random.randrange(1, 9)))
        return self.one([("empty",), ("random", self.data()), ("zeros", self.random.randrange(64)), ("twice",)])

    def chunk(self, name: str, what: str, spec: dict[str, Any], sync: bool, bad: bool) -> Any:
        """A chunk to encode, or one with what happens to it before it is decoded. bad: it may not fit its spec; of
        several chunks only one does not, as it depends on threads which exception comes first."""
        if not sync and self.chance(0.1):
            return None
        if bad and self.chance(0.03):  # no buffer at all
            return ("raw", self.junk())
        misfit = (0.15 if what == "encode" else 0.02) if bad else 0.0
        chunk = self.data() if name in BYTES_TO_BYTES else self.array(spec, misfit)
        return chunk if what == "encode" else (chunk, self.damage() if bad else ("nothing",))

    def selection(self, shape: tuple[int, ...]) -> Any:
        entries: list[Any] = []
        for n in shape:
            way = self.random.random()
            a, b = sorted((self.random.randrange(n + 1), self.random.randrange(n + 1)))
            if way < 0.2:
                entries.append(slice(0, n, 1))
            elif way < 0.8 or not n:
                entries.append(slice(a, b, self.one([1, 1, 1, 2, 3])))
            else:
                entries.append(self.random.randrange(n))
        return tuple(entries)

    def call(self, name: str) -> dict[str, Any]:
        what = self.one(CALLS)
        if what in ("decode_partial", "encode_partial") and name != "ShardingCodec":
            what = self.one(("decode", "encode"))
        ndim = self.one([0, 1, 2, 2, 3])
        bad = 0.5 if what in ("construct", "from_dict", "replace") else 0.08
        spec = self.spec(name, ndim if self.chance(0.9) else None)
        call: dict[str, Any] = {"codec": name, "what": what, "made": self.made(name, ndim, bad), "spec": spec}
        if what == "from_dict":
            call["name"] = JSON_NAMES[name] if self.chance(0.8) else self.one(("x", None, 1, "bytes", "zstd"))
            call["form"] = self.one(("whole", "whole", "whole", "no configuration", "null", "text", "list", "no name"))
            call["extra"] = self.chance(0.1)
        elif what == "replace":
            call["changes"] = {} if self.chance(0.2) else self.made(name, ndim, 0.5)
        elif what == "validate":
            call["grid"] = tuple(self.one([1, 2, 4, 6, 7, 12]) for _ in range(ndim))
        elif what == "size":
            call["nbytes"] = self.one([0, 1, 100, 2**40]) if self.chance(0.8) else self.junk()
        elif what in ("encode", "decode"):
            call["sync"] = self.chance(0.4)
            call["evolve"] = self.chance(0.8)
            n = 1 if call["sync"] or self.chance(0.7) else self.random.randrange(4)
            call["chunks"] = [self.chunk(name, what, spec, call["sync"], k == 0) for k in range(n)]
        elif what in ("decode_partial", "encode_partial"):
            call["sync"] = self.chance(0.4)
            call["store"] = self.one(("memory", "memory", "local"))
            if self.chance(0.7):  # chunks that divide the shard
                edges = call["made"].get("chunk_shape")
                if isinstance(edges, tuple) and all(type(edge) is int and edge > 0 for edge in edges):
                    spec["shape"] = tuple(edge * self.one([1, 2, 3]) for edge in edges)
            call["stored"] = (self.array(spec, 0), self.damage()) if self.chance(0.8) else None
            call["selection"] = self.selection(spec["shape"])
            if what == "encode_partial":
                shape = np.empty(spec["shape"], "u1")[call["selection"]].shape
                wrong = self.chance(0.1)
                call["value"] = self.array({**spec, "shape": () if self.chance(0.2) else shape}, 1.0 if wrong else 0.0)
        elif what == "attributes":
            call["attribute"] = self.one(("x", "level", "endian", "order", "chunk_shape", "_cache", "is_fixed_size"))
            call["value"] = self.junk()
        elif what == "equal":
            call["other"] = self.one(NAMES) if self.chance(0.3) else name
            call["other_made"] = call["made"] if self.chance(0.5) else self.made(call["other"], ndim, 0.0)
            call["junk"] = self.junk()
        return call


CALLS = (
    "construct",
    "construct",
    "from_dict",
    "replace",
    "evolve",
    "validate",
    "resolve",
    "size",
    "encode",
    "encode",
    "encode",
    "decode",
    "decode",
    "decode",
    "decode",
    "decode_partial",
    "decode_partial",
    "encode_partial",
    "encode_partial",
    "attributes",
    "equal",
    "copies",
)


def elements(source: random.Random, dtype: Any, shape: tuple[int, ...]) -> Any:
    """An array of a type, of elements that are valid in it."""
    n = int(np.prod(shape, dtype=int))
    if dtype in ("string", "bytes"):
        texts: list[Any] = [source.choice(["", "a", "bc", "üö", "𝄞x", "\0z"]) for _ in range(n)]
        array = np.empty(n, object)
        array[:] = texts if dtype == "string" else [text.encode() for text in texts]
        return array.reshape(shape)
    kind = np.dtype(dtype)
    if kind.kind == "U":
        return np.array([source.choice(["", "a", "bü"]) for _ in range(n)], kind).reshape(shape)
    if kind.kind == "b":
        return np.array([source.random() < 0.5 for _ in range(n)], kind).reshape(shape)
    if kind.kind in "fc":
        return np.array([source.choice([0.0, 1.5, -2.0, 7.0]) for _ in range(n)], kind).reshape(shape)
    return np.frombuffer(source.randbytes(n * kind.itemsize), kind).reshape(shape).copy()


def damaged(data: bytes, how: tuple[Any, ...]) -> bytes:
    """A stored value after something happened to it."""
    what, rest = how[0], how[1:]
    if what == "cut":
        return data[: int(len(data) * rest[0])]
    if what == "cut_bytes":
        return data[: -rest[0]]
    if what in ("flip", "flip_byte") and data:
        changed = bytearray(data)
        at = int(len(data) * rest[0]) if what == "flip" else rest[0] % len(data)
        changed[at] ^= 1 << rest[1] if what == "flip" else rest[1]
        return bytes(changed)
    if what == "more":
        return data + bytes(rest[0])
    if what == "empty":
        return b""
    if what == "random":
        return bytes(rest[0])
    if what == "zeros":
        return data[: -rest[0] or None] + bytes(rest[0])
    return data * 2 if what == "twice" else data
