# SPDX-License-Identifier: MIT
"""The arrays that peers and zarrc exchange: one Combo a test. Generated from a fixed seed, so that a failure repeats.

What each peer is asked for:
    zarr-python   everything
    zarrs         everything but the numpy.* times, the fixed-length texts, raw bytes and structs (its zarr-python plug-in
                  hands those back to zarr-python, so nothing new would be tested), and complex numbers in big-endian
                  order, of which zarrs 0.2.3 takes the imaginary part for the real one
    tensorstore   bool, integers, floats and complex numbers: it has no other data type that zarrc writes
"""
import dataclasses
import itertools
import json
import random

import numpy


@dataclasses.dataclass
class Combo:
    name: str
    dtype: object       # data_type of zarr.json
    numpy: numpy.dtype
    shape: tuple
    chunks: tuple
    codecs: list        # canonical JSON
    fill: object        # JSON
    encoding: str = "default"
    separator: str = "/"
    written: tuple = None  # slices that are written; the rest stays without chunks or is fill value. None: all
    peers: tuple = ("zarr-python", "zarrs", "tensorstore")

    def values(self):
        """Values of the written part: bits that exercise every byte, small integers where a compressor should gain."""
        shape = numpy.empty(self.shape, "?")[self.written or ...].shape
        rng = numpy.random.default_rng(len(self.name) + 7 * len(self.shape))
        count = int(numpy.prod(shape, dtype="i8"))
        kind = self.numpy.kind
        if kind == "b":
            values = rng.integers(0, 2, count).astype("?")
        elif kind == "f":
            values = rng.standard_normal(count).astype(self.numpy)
            values[::7] = numpy.array([0.0, -0.0, numpy.nan, numpy.inf, -numpy.inf], self.numpy)[
                numpy.arange(len(values[::7])) % 5]
        elif kind == "c":
            values = (rng.standard_normal(count) + 1j * rng.standard_normal(count)).astype(self.numpy)
        elif kind == "U":
            values = numpy.array(["", "a", "é漢", "x😀z"], self.numpy)[rng.integers(0, 4, count)]
        elif kind in "mM":
            values = rng.integers(-2**40, 2**40, count).astype(self.numpy)
            values[::5] = "NaT"
        elif kind == "S":
            values = numpy.array([b"", b"a", b"bcde"], self.numpy)[(rng.integers(0, 3, count) + (count == 1)) % 3]
        else:  # integers, raw bytes, structs
            values = numpy.frombuffer(rng.bytes(count * self.numpy.itemsize), self.numpy).copy()
            if kind in "iu":
                values[count // 3:] = (numpy.arange(count - count // 3) + 5) % 100
        return values.reshape(shape)

    def fill_element(self):
        """The fill value as one element."""
        if self.numpy.kind in "biuf":
            if isinstance(self.fill, str) and self.fill.startswith("0x"):
                return numpy.array(int(self.fill, 16), f"u{self.numpy.itemsize}").view(self.numpy)
            return numpy.array(float(self.fill) if self.numpy.kind == "f" else self.fill, self.numpy)
        if self.numpy.kind == "c":
            return numpy.array(complex(*map(float, self.fill)), self.numpy)
        return numpy.zeros((), self.numpy)

    def expected(self):
        whole = numpy.empty(self.shape, self.numpy)
        whole[...] = self.fill_element()
        whole[self.written or ...] = self.values()
        return whole

    def selection(self):
        """The written part as the command wants it."""
        return ",".join(f"{s.start}:{s.stop}" for s in self.written)

    def create_arguments(self):
        lengths = ",".join(map(str, self.shape)) or "()"
        chunks = ",".join(map(str, self.chunks)) or "()"
        dtype = self.dtype if isinstance(self.dtype, str) else json.dumps(self.dtype)
        arguments = ["--shape", lengths, "--dtype", dtype, "--chunks", chunks, "--codecs", json.dumps(self.codecs),
                     "--key-encoding", self.encoding, "--separator", self.separator]
        return arguments if self.fill is None else arguments + ["--fill-value", json.dumps(self.fill)]


def codec(name, **configuration):
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


def blosc(cname, shuffle, itemsize, clevel=5, blocksize=0):
    return codec("blosc", typesize=itemsize, cname=cname, clevel=clevel, shuffle=shuffle, blocksize=blocksize)


CNAMES = ("lz4", "lz4hc", "blosclz", "zlib", "zstd")
SHUFFLES = ("noshuffle", "shuffle", "bitshuffle")


class Chains:
    """Chains, each kind in turn; blosc's compressors and shuffles, and gzip's levels, in turn too."""

    def __init__(self, rng):
        self.rng = rng
        self.turn = itertools.count()
        self.blosc_kinds = itertools.cycle(itertools.product(SHUFFLES, CNAMES))
        self.levels = itertools.cycle(range(10))

    def next(self, ndim, itemsize, wide):
        def serializer(endian):
            return codec("bytes", endian=endian) if wide else codec("bytes")

        def transpose():
            return codec("transpose", order=self.rng.sample(range(ndim), ndim))

        def gzip():
            return codec("gzip", level=next(self.levels))

        def packed(**more):
            cname_of = next(self.blosc_kinds)
            return blosc(cname_of[1], cname_of[0], itemsize, **more)
        little, big, crc32c = serializer("little"), serializer("big"), codec("crc32c")
        kinds = [
            lambda: [little],
            lambda: [big],
            lambda: [transpose(), little],
            lambda: [little, gzip()],
            lambda: [big, codec("zstd", level=self.rng.choice([-5, 0, 1, 3, 9, 19]), checksum=self.rng.random() < 0.5)],
            lambda: [little, packed()],
            lambda: [little, crc32c],
            lambda: [transpose(), big, packed(clevel=self.rng.randrange(10)), crc32c],
            lambda: [transpose(), transpose(), little, gzip(), crc32c, codec("zstd", level=1, checksum=True)],
            lambda: [little, codec("zstd", level=3, checksum=False), crc32c],
            lambda: [transpose(), little, codec("zstd", level=7, checksum=True)],
            lambda: [little, packed(blocksize=512)],
            lambda: [transpose(), big, packed(), gzip()],
        ]
        return kinds[next(self.turn) % len(kinds)]()


BASIC = {
    "bool": [True, False], "int8": [-128, 0], "int16": [0, -3], "int32": [7, 0], "int64": [-2**63, 0],
    "uint8": [255, 0], "uint16": [65535, 0], "uint32": [1, 0], "uint64": [2**64 - 1, 0],
    "float16": [0.5, "NaN"], "float32": ["NaN", -0.0, "0x7fc00000"], "float64": ["-Infinity", 1.5, "NaN"],
    "complex64": [[0.0, 0.0], [1.5, -2.0]], "complex128": [["NaN", "Infinity"], [0.0, -0.0]],
}
SHAPES = {  # rank: shapes with their chunks; edge chunks, whole chunks, one chunk, chunks larger than the array
    0: [((), ())],
    1: [((100,), (30,)), ((64,), (64,)), ((5,), (8,)), ((0,), (4,))],
    2: [((20, 30), (7, 11)), ((16, 16), (4, 16)), ((3, 5), (1, 1))],
    3: [((9, 10, 11), (4, 5, 6)), ((6, 1, 8), (2, 1, 8))],
    4: [((4, 5, 6, 7), (2, 3, 4, 7)), ((3, 3, 3, 3), (2, 2, 2, 2))],
    5: [((3, 4, 2, 5, 3), (2, 2, 2, 3, 3)), ((2, 2, 2, 2, 2), (1, 2, 1, 2, 2))],
}
SPECIAL = [  # for peers that know them
    ({"name": "numpy.datetime64", "configuration": {"unit": "ns", "scale_factor": 1}}, "<M8[ns]", 0),
    ({"name": "numpy.timedelta64", "configuration": {"unit": "us", "scale_factor": 10}}, "<m8[10us]", 0),
    ({"name": "fixed_length_utf32", "configuration": {"length_bytes": 16}}, "<U4", ""),
    ({"name": "null_terminated_bytes", "configuration": {"length_bytes": 5}}, "S5", ""),
    ({"name": "raw_bytes", "configuration": {"length_bytes": 3}}, "V3", "AAAA"),
]


def big_endian(codecs):
    return any(item.get("configuration", {}).get("endian") == "big" for item in codecs)


def generate():
    rng = random.Random(20240607)
    chains, shape_of = Chains(rng), {rank: itertools.cycle(shapes) for rank, shapes in SHAPES.items()}
    number, ranks = itertools.count(), itertools.cycle([1, 2, 3, 4, 5, 0, 2, 3])

    def combo(dtype, numpy_dtype, fill, peers=Combo.peers):
        rank, numpy_dtype = next(ranks), numpy.dtype(numpy_dtype)
        shape, chunks = next(shape_of[rank])
        wide = numpy_dtype.kind in "fcmMU" or numpy_dtype.kind in "iu" and numpy_dtype.itemsize > 1
        encoding, separator = rng.choice([("default", "/"), ("default", "."), ("v2", "."), ("v2", "/")])
        i, codecs = next(number), chains.next(rank, numpy_dtype.itemsize, wide)
        if numpy_dtype.kind == "c" and big_endian(codecs):
            peers = tuple(peer for peer in peers if peer != "zarrs")
        written = None
        if i % 3 == 2 and rank and min(shape) > 1:
            written = tuple(slice(0 if axis else 1, max(2, length // 2)) for axis, length in enumerate(shape))
        title = dtype if isinstance(dtype, str) else dtype["name"].split(".")[-1]
        text = "+".join(c["name"] for c in codecs)
        return Combo(f"{i:02d}-{title}-{rank}d-{text}", dtype, numpy_dtype, shape, chunks, codecs, fill, encoding, separator,
                     written, peers)

    combos = []
    for turn in range(4):
        for dtype, fills in BASIC.items():
            combos.append(combo(dtype, dtype, fills[turn % len(fills)]))
    for turn in range(3):
        for dtype, numpy_dtype, fill in SPECIAL:
            combos.append(combo(dtype, numpy_dtype, fill, ("zarr-python",)))
    return combos


COMBOS = generate()


def same(got, expected):
    """Equal to the bit, but for what a NaN or NaT carries."""
    assert got.dtype == expected.dtype and got.shape == expected.shape, (got.dtype, got.shape)
    if expected.dtype.kind in "fcmM":
        numpy.testing.assert_array_equal(got, expected)
        if expected.dtype.kind in "fc":
            flat = [numpy.ascontiguousarray(a).reshape(-1).view(f"f{a.dtype.itemsize // (2 if a.dtype.kind == 'c' else 1)}")
                    for a in (got, expected)]
            numpy.testing.assert_array_equal(numpy.signbit(flat[0])[~numpy.isnan(flat[1])],
                                             numpy.signbit(flat[1])[~numpy.isnan(flat[1])])
    else:
        assert numpy.ascontiguousarray(got).tobytes() == numpy.ascontiguousarray(expected).tobytes()
