# SPDX-License-Identifier: MIT
"""Calls of codec classes as plain data: drawn from a seed, made in one of several worlds, and their outcomes compared.

A world is zarr-python's classes, zarrc's, or zarrc's in a process without zarr-python. A call is a dictionary of what
can be pickled, so that each world makes the same one; an outcome is plain data as well.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import pickle
import random
import re
import warnings
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


# ---------------------------------------------------------------------------------------------------------- drawing


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


# --------------------------------------------------------------------------------------------------------- outcomes


def plain(value: Any) -> Any:
    """A result as plain data that can be compared with another world's."""
    if isinstance(value, (dict, tuple, list, set)):
        if isinstance(value, dict):
            return ("dict", [(plain(key), plain(each)) for key, each in value.items()])
        items = sorted(value, key=repr) if isinstance(value, set) else value
        return (type(value).__name__, [plain(each) for each in items])
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            value = value.copy()
            value.flat = [plain(each) if isinstance(each, np.ndarray) else each for each in value.flat]
        items = value.tolist() if value.dtype.kind in "OT" else value.tobytes()
        return ("array", "text" if value.dtype.kind in "OT" else value.dtype.str, value.shape, items, str(value.dtype.names))
    if isinstance(value, np.generic):
        return ("scalar", value.dtype.str, value.tobytes())
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    if type(value).__name__ in NAMES:
        return (
            type(value).__name__,
            re.sub(r"_tunable_attrs=(set\(\)|\{.*?\})", "", repr(value)),
            plain(value.to_dict()),
            value.is_fixed_size,
            plain({each.name: getattr(value, each.name) for each in dataclasses.fields(value)}),
        )
    if hasattr(value, "as_ndarray_like"):
        return plain(value.as_numpy_array())
    if hasattr(value, "to_bytes"):
        return plain(value.to_bytes())
    if hasattr(value, "fill_value"):
        return ("spec", value.shape, str(value.dtype.to_native_dtype()).replace("StringDType()", "object"), plain(value.fill_value), value.config.order)
    return (type(value).__name__, str(value))


class Encoded(list[Any]):
    """Encoded chunks."""


def run(world: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Makes a call; its outcome: a result, or an exception as the names of its classes, and warnings' classes."""
    call = pickle.loads(pickle.dumps(call))
    outcome: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = _made(world, call)
            if isinstance(result, Encoded):
                outcome["encoded"] = list(result)
            else:
                outcome["result"] = plain(result)
        except Exception as error:
            outcome["error"] = [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__]
            outcome["message"] = f"{type(error).__name__}: {error}"
    outcome["warnings"] = sorted({each.category.__name__ for each in said} - {"ResourceWarning"})
    return outcome


def build(world: Any, name: str, made: dict[str, Any]) -> Any:
    arguments = dict(made)
    for key in ("codecs", "index_codecs"):
        if isinstance(arguments.get(key), list):
            arguments[key] = [
                build(world, *each) if isinstance(each, tuple) and len(each) == 2 and each[0] in NAMES else each
                for each in arguments[key]
            ]
    return getattr(world.codecs, name)(**arguments)


def _json(world: Any, call: dict[str, Any]) -> Any:
    arguments = dict(call["made"])
    for key in ("codecs", "index_codecs"):
        if isinstance(arguments.get(key), list):
            arguments[key] = [build(world, *each).to_dict() for each in arguments[key]]
    arguments.pop("subchunk_write_order", None)
    form = call["form"]
    result: Any = {"name": call["name"], "configuration": arguments}
    if call["extra"]:
        result["must_understand"] = False
    if form == "no configuration":
        del result["configuration"]
    elif form == "null":
        result["configuration"] = None
    elif form == "text":
        return call["name"]
    elif form == "list":
        result["configuration"] = [1]
    elif form == "no name":
        del result["name"]
    return result


def _made(world: Any, call: dict[str, Any]) -> Any:
    name, what = call["codec"], call["what"]
    if what == "from_dict":
        given = _json(world, call)
        return getattr(world.codecs, name).from_dict(given)
    codec = build(world, name, call["made"])
    if what == "construct":
        return codec
    if what == "replace":
        changes = dict(call["changes"])
        for key in ("codecs", "index_codecs"):
            if isinstance(changes.get(key), list):
                changes[key] = tuple(build(world, *each) for each in changes[key])
        return dataclasses.replace(codec, **changes)
    if what == "attributes":
        return _attributes(codec, call)
    if what == "equal":
        return _equal(world, codec, call)
    if what == "copies":
        return _copies(codec)
    spec = world.spec(call["spec"])
    if what == "evolve":
        return codec.evolve_from_array_spec(spec)
    if what == "validate":
        grid = world.grid(call["grid"])
        return codec.validate(shape=spec.shape, dtype=spec.dtype, chunk_grid=grid)
    if what == "resolve":
        return codec.resolve_metadata(spec)
    if what == "size":
        return codec.compute_encoded_size(call["nbytes"], spec)
    if what in ("encode", "decode"):
        if call["evolve"]:
            codec = codec.evolve_from_array_spec(spec)
        return (_encoded if what == "encode" else _decoded)(world, codec, spec, call)
    return asyncio.run(_part(world, codec, spec, call))


def _attributes(codec: Any, call: dict[str, Any]) -> Any:
    name, value = call["attribute"], call["value"]
    outcomes = []
    for change in (lambda: setattr(codec, name, value), lambda: delattr(codec, name)):
        try:
            change()
            outcomes.append("done")
        except Exception as error:
            outcomes.append(type(error).__name__)
    return (*outcomes, hasattr(codec, "__dict__"), codec)


def _equal(world: Any, codec: Any, call: dict[str, Any]) -> Any:
    other = build(world, call["other"], call["other_made"])
    result: list[Any] = [codec == other, codec != other, codec == codec, codec == 1, codec is None, codec in (1, other)]
    for each in (codec, other):
        try:
            hash(each)
            result.append("hash")
        except Exception as error:
            result.append(type(error).__name__)
    if result[-1] == result[-2] == "hash":
        result.append(len({codec, other}))
    return result


def _copies(codec: Any) -> Any:
    every = [pickle.loads(pickle.dumps(codec, protocol)) for protocol in (2, 4, 5)]
    every += [copy.copy(codec), copy.deepcopy(codec), dataclasses.replace(codec)]
    names = [each.name for each in dataclasses.fields(codec)]
    return [each == codec and type(each) is type(codec) for each in every], names, every


def _run_batch(world: Any, codec: Any, way: str, pairs: list[Any], sync: bool) -> list[Any]:
    if sync:
        return [world.sync(codec, way, *pair) for pair in pairs]
    return list(asyncio.run(getattr(codec, way)(pairs)))


def _wrapped(world: Any, chunk: Any) -> Any:
    if chunk is None:
        return None
    if isinstance(chunk, tuple):
        return chunk[1]
    return world.buffer(chunk) if isinstance(chunk, bytes) else world.array(chunk)


def _encoded(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    pairs = [(_wrapped(world, chunk), spec) for chunk in call["chunks"]]
    return Encoded([unwrapped(each) for each in _run_batch(world, codec, "encode", pairs, call["sync"])])


def is_exact(call: dict[str, Any]) -> bool:
    """Whether there is but one right encoded form. Of compressed bytes only what they stand for is compared."""
    return not any(name in repr(call["made"]) or call["codec"] == name for name in COMPRESSORS)


def unwrapped(chunk: Any) -> Any:
    if chunk is None or isinstance(chunk, (bytes, np.ndarray)):
        return chunk
    return chunk.as_numpy_array() if hasattr(chunk, "as_ndarray_like") else chunk.to_bytes()


def _decoded(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    pairs = []
    for k, chunk in enumerate(call["chunks"]):
        if chunk is None:
            pairs.append((None, spec))
        else:
            pairs.append((_wrapped(world, call["ready"][k]), spec))
    return [unwrapped(each) for each in _run_batch(world, codec, "decode", pairs, call["sync"])]


async def _part(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    codec = codec.evolve_from_array_spec(spec)
    place = await world.place(call["store"], call.get("ready"))
    selection = call["selection"]
    if call["what"] == "decode_partial":
        if call["sync"]:
            return [unwrapped(await asyncio.to_thread(world.sync, codec, "decode_partial", place, selection, spec))]
        return [unwrapped(each) for each in await codec.decode_partial([(place, selection, spec)])]
    value = world.array(call["value"])
    if call["sync"]:
        await asyncio.to_thread(world.sync, codec, "encode_partial", place, value, selection, spec)
    else:
        await codec.encode_partial([(place, value, selection, spec)])
    return Encoded([await world.stored(place)])


# ----------------------------------------------------------------------------------------------------------- worlds


class Alone:
    """zarrc's classes with numpy alone."""

    def __init__(self) -> None:
        import zarrc
        import zarrc.codecs

        self.codecs, self._spec = zarrc.codecs, zarrc.ArraySpec

    def buffer(self, data: bytes) -> bytes:
        return data

    def array(self, data: Any) -> Any:
        return data

    def spec(self, given: dict[str, Any]) -> Any:
        settings = {"order": given["order"], "write_empty_chunks": given["write_empty_chunks"]}
        dtype = given["dtype"] if isinstance(given["dtype"], str) else np.dtype(given["dtype"])
        number = not isinstance(dtype, str) or dtype not in ("string", "bytes")
        fill = given["fill"] if number and np.dtype(dtype).kind in "biufc" else None
        return self._spec(given["shape"], dtype, fill, **settings)

    def grid(self, edges: tuple[int, ...]) -> Any:
        return edges

    def sync(self, codec: Any, way: str, *arguments: Any) -> Any:
        return getattr(codec, f"{way}_sync")(*arguments)

    async def place(self, kind: str, value: bytes | None) -> Any:
        return value


class Zarr:
    """Classes beside zarr-python: its own, or zarrc's."""

    def __init__(self, codecs: Any) -> None:
        from zarr.core.buffer import cpu, default_buffer_prototype

        self.codecs = codecs
        self.prototype = default_buffer_prototype()
        self.buffer, self.array = cpu.Buffer.from_bytes, cpu.NDBuffer.from_numpy_array

    def spec(self, given: dict[str, Any]) -> Any:
        from zarr.core.array_spec import ArrayConfig, ArraySpec
        from zarr.core.dtype import VariableLengthBytes, VariableLengthUTF8, get_data_type_from_native_dtype

        if given["dtype"] in ("string", "bytes"):
            kind: Any = VariableLengthUTF8() if given["dtype"] == "string" else VariableLengthBytes()
        else:
            kind = get_data_type_from_native_dtype(np.dtype(given["dtype"]))
        fill = kind.default_scalar()
        if given["fill"] is not None and np.dtype(kind.to_native_dtype()).kind in "biufc":
            fill = np.array(given["fill"], kind.to_native_dtype())[()]
        config = ArrayConfig(order=given["order"], write_empty_chunks=given["write_empty_chunks"])
        return ArraySpec(given["shape"], kind, fill, config, self.prototype)

    def grid(self, edges: tuple[int, ...]) -> Any:
        try:
            from zarr.core.metadata.v3 import RegularChunkGridMetadata as Regular
        except ImportError:
            from zarr.core.chunk_grids import RegularChunkGrid as Regular  # type: ignore[no-redef]
        return Regular(chunk_shape=edges)

    def sync(self, codec: Any, way: str, *arguments: Any) -> Any:
        return getattr(codec, f"_{way}_sync")(*arguments)

    async def place(self, kind: str, value: bytes | None) -> Any:
        from zarr.storage import LocalStore, MemoryStore
        from zarr.storage._common import StorePath

        store = MemoryStore() if kind == "memory" else LocalStore(self.folder())
        place = StorePath(store, "c/0")
        if value is not None:
            await place.set(self.buffer(value))
        elif await place.get() is not None:
            await place.delete()
        return place

    def folder(self) -> str:
        import tempfile

        if not hasattr(self, "_folder"):
            self._folder = tempfile.TemporaryDirectory()
        return self._folder.name

    async def stored(self, place: Any) -> bytes | None:
        value = await place.get()
        return None if value is None else value.to_bytes()

    def decode(self, call: dict[str, Any], data: Any) -> Any:
        """What stock makes of an encoded chunk, to compare encoded forms by."""
        spec = self.spec(call["spec"])
        codec = build(self, call["codec"], call["made"]).evolve_from_array_spec(spec)
        try:
            return plain(next(iter(asyncio.run(codec.decode([(_wrapped(self, data), spec)])))))
        except Exception as error:  # a chunk that was damaged, and kept
            return type(error).__name__

    def prepare(self, call: dict[str, Any]) -> dict[str, Any]:
        """A call with what this world makes of the chunks that it decodes."""
        stored = call.get("stored")
        chunks = call["chunks"] if call["what"] == "decode" else [stored] if stored is not None else []
        ready: list[bytes | None] = []
        for chunk in chunks:
            if chunk is None or isinstance(chunk[0], str):
                ready.append(chunk)
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    spec = self.spec(call["spec"])
                    codec = build(self, call["codec"], call["made"]).evolve_from_array_spec(spec)
                    data = next(iter(asyncio.run(codec.encode([(_wrapped(self, chunk[0]), spec)]))))
                    data = b"" if data is None else unwrapped(data)
                except Exception:
                    data = b"\x01\0\0\0\x02\0\0\0ab"
            ready.append(data if isinstance(data, np.ndarray) else damaged(data, chunk[1]))
        if call["what"] == "decode":
            return {**call, "ready": ready}
        return {**call, "ready": ready[0] if ready else None} if "partial" in call["what"] else call


# Where outcomes may differ: by what zarrc says, what zarr-python does, in which calls and releases, and why.
LISTED = (
    (
        r"blosc: .*(are no Blosc header|bytes long, and|impossible sizes)",
        "",
        "",
        "zarr-python's Blosc believes a frame's header and reads behind the end of shorter data",
    ),
    (
        "",
        r"error during blosc decompression: 0|Zstd decompression error: invalid input data",
        "",
        "zarr-python does not decode the frames that it makes of no bytes; they are valid, and no bytes here",
    ),
    (
        r"gzip: .*reserved flags are set",
        "",
        "",
        "RFC 1952 (2.3.1.2) wants reserved flags refused; Python's gzip looks over them",
    ),
    (
        r"does not lie in the shard's",
        "",
        "",
        "an index that points out of its shard is damage of the shard; zarr-python decodes what is left of the chunk, "
        "and stores it again",
    ),
    (
        r"vlen-(bytes|utf8): .* elements where the chunk has",
        "MemoryError",
        "",
        "a count of elements is compared with the chunk; zarr-python makes an array for it first",
    ),
    (
        "",
        "unhashable type: 'writeable void-scalar'",
        "3.1",
        "zarr-python 3.1 cannot shard structured elements: their fill value has no hash",
    ),
    (
        "",
        "encode_partial: IndexError: too many indices for array",
        "3.1",
        "zarr-python 3.1 cannot write what an integer selects of a shard",
    ),
    (
        "",
        "encode_partial: ValueError: (When changing to a larger dtype|Stored and computed checksum)",
        "3.1",
        "zarr-python 3.1 decodes the inner chunks that a write replaces whole",
    ),
    (
        r"VLen\w+.encode in Fortran order: $",
        "",
        "3.1",
        "zarr-python 3.1 stores texts in the order of memory",
    ),
    (
        "too short to hold its index: .* of a value of 0 bytes",
        "",
        "3.1",
        "zarr-python 3.1 takes a shard of no bytes for one that is not there",
    ),
)


# What is refused with numpy alone, where zarr-python would go on with what does not fit.
REFUSED_ALONE = (
    r"no whole number of inner chunks|elements of .* for a chunk of|a chunk of shape|a value of shape|nothing is selected|"
    r"the elements must be of type"
)


def is_listed(release: str, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether a difference is one of the list."""
    chunks = [each for each in call.get("chunks", ()) if isinstance(each, np.ndarray)]
    order = " in Fortran order" if any(not each.flags.c_contiguous for each in chunks) else ""
    mine, other = (f"{call['codec']}.{call['what']}{order}: {each.get('message', '')}" for each in (ours, theirs))
    for said, done, which, _ in LISTED:
        if release.startswith(which) and re.search(said, mine) and re.search(done, other):
            return True
    return False


def unsafe(call: dict[str, Any]) -> dict[str, Any] | None:
    """The part of a call by which zarr-python would read behind the end of its memory, or fill the machine's; None:
    it does not."""
    for data in call.get("ready", ()) if call["what"] == "decode" else ():
        if type(data) is not bytes:
            continue
        cut = call["codec"] == "BloscCodec" and (len(data) < 16 or int.from_bytes(data[12:16], "little") > len(data))
        if cut or (call["codec"] in TEXTS and int.from_bytes(data[:4], "little") > 1 << 20):
            spec = {**call["spec"], "shape": (2,), "dtype": "bytes" if call["codec"] == "VLenBytesCodec" else "string"}
            return {**call, "made": {}, "chunks": [(b"", ())], "ready": [data], "spec": spec}
    return None


def differs(stock: Zarr, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """How two outcomes differ; None: they do not."""
    if "error" in theirs or "error" in ours:
        if "error" not in theirs:
            return f"raises {ours['message']}"
        if "error" not in ours:
            return f"does not raise {theirs['message']}"
        if theirs["error"][0] not in ours["error"]:
            return f"raises {ours['message']}, which is no {theirs['message']}"
        return None
    if theirs["warnings"] != ours["warnings"]:
        return f"warnings {ours['warnings']}, not {theirs['warnings']}"
    if "encoded" not in theirs:
        return None if theirs["result"] == ours["result"] else f"{ours['result']}, not {theirs['result']}"
    mine, other = [plain(each) for each in ours["encoded"]], [plain(each) for each in theirs["encoded"]]
    if mine != other and not is_exact(call):
        for each in (ours, theirs):
            each["decoded"] = [None if data is None else stock.decode(call, data) for data in each["encoded"]]
        mine, other = ours["decoded"], theirs["decoded"]
    return None if mine == other else f"encodes to {mine}, not {other}"
