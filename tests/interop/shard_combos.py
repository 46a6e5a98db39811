# SPDX-License-Identifier: MIT
"""The arrays of test_shards.py: every option of sharding_indexed, of variable-length data and of rectilinear grids, one
SCombo each. Nothing is drawn: the same list in every run. What a combo has that a peer may not know is said by its tags."""
import base64
import dataclasses
import itertools
import math
import struct

import combos
import numpy
from combos import blosc, codec

CRC = codec("crc32c")
LITTLE, BIG, NO_ORDER = codec("bytes", endian="little"), codec("bytes", endian="big"), codec("bytes")
TEXT = {"string": ["", "a", "é漢😀", "x" * 300, "zero\0inside", "fill", "\n\"\\"],
        "bytes": [b"", b"\0", b"abc", bytes(range(256)), b"\xff\xfe", b"zz"]}
SERIALIZERS = {"string": codec("vlen-utf8"), "bytes": codec("vlen-bytes")}
SPECIAL = {
    "datetime": ({"name": "numpy.datetime64", "configuration": {"unit": "ns", "scale_factor": 1}}, "<M8[ns]", -2**63),
    "timedelta": ({"name": "numpy.timedelta64", "configuration": {"unit": "s", "scale_factor": 10}}, "<m8[10s]", 5),
    "utf32": ({"name": "fixed_length_utf32", "configuration": {"length_bytes": 16}}, "<U4", "é"),
    "null-terminated": ({"name": "null_terminated_bytes", "configuration": {"length_bytes": 5}}, "S5", "YQ=="),
    "raw": ({"name": "raw_bytes", "configuration": {"length_bytes": 3}}, "V3", "AAEC"),
    "struct": ({"name": "struct", "configuration": {"fields": [
        {"name": "a", "data_type": "uint16"}, {"name": "b", "data_type": "int8"}, {"name": "c", "data_type": "float64"}]}},
        [("a", "<u2"), ("b", "i1"), ("c", "<f8")], {"a": 1, "b": -1, "c": 0.5}),
}


@dataclasses.dataclass
class SCombo:
    name: str
    kind: str            # "int32", ..., a key of SPECIAL, "string" or "bytes"
    shape: tuple
    chunks: tuple        # of the regular grid; or, with a list in it, chunk_shapes of a rectilinear one
    codecs: list         # canonical JSON
    fill: object         # JSON
    tags: frozenset
    written: tuple = None   # slices that are written; None: all
    holes: bool = False     # most of what is written is the fill value
    write_empty: bool = False

    @property
    def variable(self):
        return self.kind in TEXT

    @property
    def data_type(self):
        return SPECIAL[self.kind][0] if self.kind in SPECIAL else {"bytes": "variable_length_bytes"}.get(self.kind, self.kind)

    @property
    def numpy(self):
        return numpy.dtype("O" if self.variable else SPECIAL[self.kind][1] if self.kind in SPECIAL else self.kind)

    def metadata(self):
        rectilinear = any(isinstance(axis, list) for axis in self.chunks)
        grid = codec("rectilinear", kind="inline", chunk_shapes=list(self.chunks)) if rectilinear else {
            "name": "regular", "configuration": {"chunk_shape": list(self.chunks)}}
        return {"zarr_format": 3, "node_type": "array", "shape": list(self.shape), "data_type": self.data_type,
                "chunk_grid": grid, "chunk_key_encoding": codec("default", separator="/"), "fill_value": self.fill,
                "codecs": self.codecs, "attributes": {}}

    def fill_element(self):
        if self.kind == "string":
            return self.fill
        if self.kind in ("bytes", "null-terminated"):
            return base64.b64decode(self.fill)
        if self.kind == "raw":
            return numpy.frombuffer(base64.b64decode(self.fill), "V3")[0]
        if self.kind == "struct":
            return numpy.array(tuple(self.fill.values()), self.numpy)[()]
        if self.numpy.kind in "mM":
            return numpy.array(self.fill, "i8").view(self.numpy)[()]
        if self.numpy.kind == "c":
            return self.numpy.type(complex(*map(float, self.fill)))
        return self.numpy.type(float(self.fill) if self.numpy.kind == "f" else self.fill)

    def values(self, shape, turn=0):
        """Elements for a region of that shape; another turn, others."""
        count, rng = math.prod(shape), numpy.random.default_rng([turn, *map(ord, self.name)])
        if self.variable:
            values = numpy.empty(count, "O")
            values[:] = [TEXT[self.kind][i] for i in rng.integers(0, len(TEXT[self.kind]), count)]
        elif self.kind == "struct":
            values = numpy.zeros(count, self.numpy)
            values["a"], values["b"], values["c"] = (rng.integers(0, 100, count) for _ in range(3))
        elif self.numpy.kind in "mM":
            values = rng.integers(-2**40, 2**40, count).astype(self.numpy)
            values[::5] = "NaT"
        elif self.numpy.kind == "U":
            values = numpy.array(["", "a", "é漢", "x😀z"], self.numpy)[rng.integers(0, 4, count)]
        elif self.numpy.kind == "S":
            values = numpy.array([b"", b"a", b"bcde"], self.numpy)[rng.integers(0, 3, count)]
        elif self.numpy.kind == "f":
            values = rng.standard_normal(count).astype(self.numpy)
            values[::7] = numpy.array([0.0, -0.0, numpy.nan, numpy.inf, -numpy.inf], self.numpy)[
                numpy.arange(len(values[::7])) % 5]
        elif self.numpy.kind == "c":
            values = (rng.standard_normal(count) + 1j * rng.standard_normal(count)).astype(self.numpy)
        elif self.numpy.kind == "b":
            values = rng.integers(0, 2, count).astype("?")
        else:
            values = numpy.frombuffer(rng.bytes(count * self.numpy.itemsize), self.numpy).copy()
            if self.numpy.kind in "iu":
                values[count // 3:] = (numpy.arange(count - count // 3) + 5) % 100
        if self.holes:
            sparse = numpy.empty(count, self.numpy)
            sparse[:] = [self.fill_element()] * count
            kept = slice(count // 3, count // 3 + max(1, count // 9))
            sparse[kept] = values[kept]
            values = sparse
        return values.reshape(shape)

    def region(self):
        return self.written or tuple(slice(0, n) for n in self.shape)

    def empty(self):
        whole = numpy.empty(math.prod(self.shape), self.numpy)
        whole[:] = [self.fill_element()] * whole.size
        return whole.reshape(self.shape)

    def expected(self):
        whole = self.empty()
        whole[self.region() or ...] = self.values(whole[self.region() or ...].shape)
        return whole

    def pack(self, values):
        """Elements as the command reads and writes them raw."""
        if not self.variable:
            return numpy.ascontiguousarray(values, self.numpy).tobytes()
        texts = [text.encode() if isinstance(text, str) else text for text in values.reshape(-1)]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)

    def unpack(self, raw, shape):
        if not self.variable:
            return numpy.frombuffer(raw, self.numpy).reshape(shape)
        texts, at = [], 0
        while at < len(raw):
            n, at = struct.unpack_from("<I", raw, at)[0], at + 4
            texts.append(raw[at:at + n].decode() if self.kind == "string" else raw[at:at + n])
            at += n
        values = numpy.empty(len(texts), "O")
        values[:] = texts
        return values.reshape(shape)

    def same(self, got, expected):
        if self.variable:
            assert got.shape == expected.shape and got.tolist() == expected.tolist()
        else:
            combos.same(got, expected)


def shard(inner, codecs, location="end", index=(LITTLE, CRC)):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": list(inner), "codecs": list(codecs), "index_codecs": list(index), "index_location": location}}


def flat(codecs):
    """All codecs of a chain, those inside shards too."""
    for item in codecs:
        yield item
        if item["name"] == "sharding_indexed":
            yield from flat(item["configuration"]["codecs"])


def transpose(*order):
    return codec("transpose", order=list(order))


# shape of the array, of a shard, of an inner chunk, of a chunk inside that, and one more level down
SHAPES = {1: ((100,), (40,), (20,), (10,), (5,)), 2: ((33, 21), (16, 16), (8, 4), (4, 4), (2, 4)),
          3: ((9, 10, 7), (8, 4, 8), (4, 4, 4), (2, 4, 2), (2, 2, 1)),
          4: ((5, 4, 6, 3), (4, 4, 4, 2), (2, 2, 4, 2), (2, 1, 2, 2), (1, 1, 2, 1))}
FILLS = {"bool": True, "float16": 0.5, "float32": "NaN", "float64": "-Infinity", "complex64": [1.5, -2.0],
         "complex128": [0.0, "NaN"], "int8": -128, "int64": -2**63, "uint64": 2**64 - 1}
WIDE = ("int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64", "complex64", "complex128")


def fill_of(kind):
    return SPECIAL[kind][2] if kind in SPECIAL else {"string": "", "bytes": ""}.get(kind, FILLS.get(kind, 0))


class Builder:
    def __init__(self):
        self.items, self.ranks, self.kinds = [], itertools.cycle([2, 1, 3, 4, 2, 3, 1]), itertools.cycle(WIDE)
        self.locations, self.parts = itertools.cycle(["end", "start"]), itertools.count()

    def add(self, title, kind, shape, chunks, codecs, *tags, fill=None, **more):
        fill = fill_of(kind) if fill is None else fill
        if "complex" in kind and BIG in flat(codecs):
            tags += ("big-endian complex",)
        if kind in TEXT and "transpose" in {item["name"] for item in flat(codecs)}:
            tags += ("transposed text",)
        if kind in SPECIAL:
            tags += (kind,)
        if kind in TEXT:
            tags += ("variable",)
        name = f"{len(self.items):03d}-{title}-{kind}-{len(shape)}d"
        if not more and shape and min(shape) > 1 and next(self.parts) % 4 == 3:
            more = {"written": tuple(slice(1, max(2, n - n // 3)) for n in shape)}
        self.items.append(SCombo(name, kind, tuple(shape), tuple(chunks), codecs, fill, frozenset(tags), **more))

    def sharded(self, title, inner, *tags, kind=None, rank=None, index=None, before=(), after=(), **more):
        """One shard around an inner chain; what depends on the rank or the type is given as a function of it."""
        rank, kind = rank or next(self.ranks), kind or next(self.kinds)
        shape, outer, chunk = SHAPES[rank][:3]

        def call(item):
            return item(rank) if callable(item) else item
        index, chain = list(map(call, index or (LITTLE, CRC))), list(map(call, inner))
        itemsize = 4 if kind in TEXT else numpy.dtype(SPECIAL[kind][1] if kind in SPECIAL else kind).itemsize
        chain = [item | {"configuration": item["configuration"] | {"typesize": itemsize}} if item["name"] == "blosc" else item
                 for item in chain]
        codecs = [*map(call, before), shard(chunk, chain, next(self.locations), index), *map(call, after)]
        self.add(title, kind, shape, outer, codecs, *tags, **more)


def backwards(rank):
    return transpose(*reversed(range(rank)))


def rolled(rank):
    return transpose(*range(1, rank), 0)


def index_rolled(rank):
    return transpose(rank, *range(rank))


def inner_chains(b):
    for chain in ([LITTLE], [BIG], [backwards, LITTLE], [rolled, backwards, BIG], [LITTLE, CRC], [BIG, CRC, CRC],
                  [LITTLE, codec("gzip", level=0)], [BIG, codec("gzip", level=5)], [rolled, LITTLE, codec("gzip", level=9)],
                  [LITTLE, codec("zstd", level=-3, checksum=False)], [LITTLE, codec("zstd", level=0, checksum=True)],
                  [rolled, BIG, codec("zstd", level=12, checksum=True), CRC],
                  [LITTLE, codec("gzip", level=1), codec("zstd", level=1, checksum=False), CRC]):
        b.sharded("inner-" + "+".join("transpose" if callable(c) else c["name"] for c in chain), chain)
    for turn, (shuffle, cname) in enumerate(itertools.product(combos.SHUFFLES, combos.CNAMES)):
        chain = [blosc(cname, shuffle, 1, clevel=turn % 10, blocksize=(0, 256)[turn % 2])]
        chain = ([backwards] if turn % 3 == 0 else []) + [(LITTLE, BIG)[turn % 2]] + chain + ([CRC] if turn % 4 == 0 else [])
        b.sharded(f"inner-blosc-{cname}-{shuffle}", chain)


def indices(b):
    for order, checksums, location in itertools.product((LITTLE, BIG), (0, 1, 2), ("start", "end")):
        b.locations = itertools.cycle([location])
        endian = order["configuration"]["endian"]
        b.sharded(f"index-{endian}-{checksums}crc-{location}", [LITTLE], index=[order] + [CRC] * checksums)
    for order, location in itertools.product((LITTLE, BIG), ("start", "end")):
        b.locations = itertools.cycle([location])
        b.sharded(f"index-transpose-{order['configuration']['endian']}-{location}", [LITTLE, codec("gzip", level=1)],
                  "index transpose", index=[index_rolled, order, CRC])
    b.locations = itertools.cycle(["end", "start"])


def nested(b):
    zstd = codec("zstd", level=1, checksum=False)
    for rank, locations in zip((1, 2, 3, 4, 2, 3), (("end", "end"), ("start", "end"), ("end", "start"), ("start", "start")) * 2):
        shape, outer, chunk, small, _ = SHAPES[rank]
        inside = shard(small, [backwards(rank), BIG, zstd] if rank % 2 else [LITTLE], locations[1],
                       [BIG] if rank == 4 else [LITTLE, CRC])
        b.add("nested2-" + "-".join(locations), next(b.kinds), shape, outer, [shard(chunk, [inside], locations[0])])
    for rank in (1, 2, 3, 4):
        shape, outer, chunk, small, tiny = SHAPES[rank]
        third = shard(tiny, [LITTLE, codec("crc32c")], "end", [LITTLE])
        second = shard(small, [third], "start", [BIG, CRC])
        b.add("nested3", next(b.kinds), shape, outer, [shard(chunk, [second], "end")])
    shape, outer, chunk, small, _ = SHAPES[2]
    b.add("nested2-transpose-before-inner", "uint16", shape, outer, [shard(chunk, [transpose(1, 0), shard((4, 4), [LITTLE])])])
    b.add("nested2-codecs-after-inner", "int32", shape, outer, [shard(chunk, [shard(small, [LITTLE]), zstd, CRC])], "after shard")
    b.add("nested2-holes", "int16", shape, outer, [shard(chunk, [shard(small, [LITTLE])])], holes=True)


def outside(b):
    zstd, gzip = codec("zstd", level=1, checksum=True), codec("gzip", level=1)
    square = dict(kind="int32", rank=2)
    shape, outer, _, small, _ = SHAPES[2]
    b.add("outer-transpose", "int32", shape, outer, [transpose(1, 0), shard(small, [LITTLE])], "before shard")
    b.add("outer-transpose-start", "float64", shape, outer, [transpose(1, 0), shard(small, [BIG, gzip], "start", [BIG])],
          "before shard")
    b.add("outer-2-transposes", "uint16", (9, 10, 7), (4, 4, 4),
          [transpose(1, 2, 0), transpose(2, 0, 1), shard((2, 2, 2), [LITTLE, CRC])], "before shard")
    b.add("outer-transpose-changes-shape", "int16", (9, 14), (4, 6), [transpose(1, 0), shard((3, 2), [LITTLE])], "before shard",
          "shards fit only when transposed")
    b.sharded("outer-crc32c", [LITTLE], "after shard", after=[CRC], **square)
    b.sharded("outer-zstd", [LITTLE], "after shard", after=[zstd], **square)
    b.sharded("outer-gzip-crc32c", [BIG, gzip], "after shard", after=[gzip, CRC], kind="uint16", rank=3)
    b.add("outer-transpose-and-zstd", "float32", shape, outer, [transpose(1, 0), shard(small, [LITTLE]), zstd, CRC],
          "before shard", "after shard")


def scalars(b):
    zstd = codec("zstd", level=1, checksum=False)
    b.add("0d-end", "float64", (), (), [shard((), [LITTLE])], "0-d shard")
    b.add("0d-start", "uint16", (), (), [shard((), [BIG, zstd], "start", [BIG])], "0-d shard")
    b.add("0d-nested", "int32", (), (), [shard((), [shard((), [LITTLE, CRC], "start")])], "0-d shard")
    b.add("0d-string", "string", (), (), [shard((), [SERIALIZERS["string"]])], "0-d shard")


def fills(b):
    for kind, fill in (("int32", 7), ("float32", "NaN"), ("float64", -0.0), ("bool", True), ("complex64", [0.0, 0.0])):
        for empty in (False, True):
            b.sharded("write-empty" if empty else "elided", [LITTLE if kind != "bool" else NO_ORDER], kind=kind, fill=fill,
                      holes=True, write_empty=empty, *(("write empty",) if empty else ()))
    b.add("all-fill", "int16", (8, 8), (4, 4), [shard((2, 2), [LITTLE])], written=(slice(0, 0), slice(0, 0)))


def edges(b):
    b.add("edge-shard-larger", "int32", (3, 5), (8, 8), [shard((2, 4), [LITTLE])])
    b.add("edge-one-row", "uint8", (7, 1), (4, 4), [shard((2, 2), [NO_ORDER])])
    b.add("edge-1-inner", "int64", (10, 9), (4, 4), [shard((4, 4), [LITTLE], "start")])
    b.add("edge-single-elements", "int16", (5, 7), (2, 4), [shard((1, 1), [LITTLE])])
    b.add("edge-zero-size", "int32", (0, 5), (4, 4), [shard((2, 2), [LITTLE])])
    b.add("edge-not-powers-of-2", "uint16", (20, 22), (9, 15), [shard((3, 3), [LITTLE])])


def types(b):
    for kind in (*combos.BASIC, *SPECIAL):
        wide = kind in SPECIAL and kind not in ("null-terminated", "raw") or kind in WIDE
        b.sharded("type", [LITTLE if wide else NO_ORDER, codec("zstd", level=1, checksum=False)], kind=kind)
    for kind in SPECIAL:
        if kind not in ("null-terminated", "raw"):
            b.sharded("type-big", [backwards, BIG, CRC], kind=kind)


def texts(b):
    zstd = codec("zstd", level=3, checksum=False)
    for kind in ("string", "bytes"):
        serializer, fill = SERIALIZERS[kind], {"string": "fill", "bytes": "enp6"}[kind]
        b.add("plain", kind, (17,), (5,), [serializer])
        b.add("plain-zstd-holes", kind, (17, 6), (5, 4), [serializer, zstd], fill=fill, holes=True)
        b.add("plain-transpose-crc32c", kind, (9, 7), (4, 4), [transpose(1, 0), serializer, codec("gzip", level=5), CRC])
        b.add("plain-blosc", kind, (3, 4, 5), (2, 2, 2), [serializer, blosc("lz4", "noshuffle", 1)])
        b.sharded("sharded", [serializer], kind=kind)
        b.sharded("sharded-zstd", [backwards, serializer, zstd], kind=kind, fill=fill, index=[BIG])
        b.sharded("sharded-holes", [serializer, CRC], kind=kind, rank=2, fill=fill, holes=True)
        b.add("nested2", kind, (33, 21), (16, 16), [shard((8, 4), [shard((4, 4), [serializer, zstd], "start")])])


def rectilinear(b):
    b.add("rectilinear", "int32", (10,), ([3, 5, 2],), [LITTLE], "rectilinear")
    b.add("rectilinear-runs", "float64", (11, 8), ([[3, 2], 5], [1, [2, 3], 4]), [LITTLE, CRC], "rectilinear")
    b.add("rectilinear-mixed", "uint16", (6, 5, 7), ([1, 2, 3], 2, [[3, 3]]), [transpose(2, 1, 0), BIG, codec("gzip", level=1)],
          "rectilinear")
    b.add("rectilinear-sharded", "int16", (10, 12), ([4, 6], [[4, 3]]), [shard((2, 2), [LITTLE])], "rectilinear")
    b.add("rectilinear-sharded-edge", "uint32", (9, 10), ([[4, 2], 2], 4), [shard((2, 2), [LITTLE, CRC], "start")], "rectilinear")
    b.add("rectilinear-string", "string", (7,), ([4, 2, 6],), [SERIALIZERS["string"]], "rectilinear")


def generate():
    b = Builder()
    for family in (inner_chains, indices, nested, outside, scalars, fills, edges, types, texts, rectilinear):
        family(b)
    return b.items


COMBOS = generate()
COMPRESSORS = {"gzip", "zstd", "blosc"}


def exact(combo):
    """Whether every implementation must store the same bytes."""
    return not COMPRESSORS & {item["name"] for item in flat(combo.codecs)}
