#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes seeds of the fuzz targets, made from tests/data, into fuzz/corpus/<target>/.

Files that are there already and have other names (what a fuzzer found) stay. The seeds of gzip, zstd, blosc and crc32c
are chunks of tests/data/vectors behind one byte, and are not made here.
"""
import base64
import bz2
import hashlib
import json
import lzma
import pathlib
import random
import struct
import zlib

FUZZ = pathlib.Path(__file__).resolve().parent
DATA = FUZZ.parent / "tests" / "data"
MAX_NBYTES = 1500


def put(target, name, data):
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= MAX_NBYTES:
        (folder / name).write_bytes(data)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def table(name):
    return json.loads((DATA / "metadata" / name).read_text())


def cases(prefix):
    for folder in sorted((DATA / "vectors" / "cases").glob(prefix + "*")):
        encoded = folder / "encoded.bin"
        if encoded.exists():
            yield folder.name, json.loads((folder / "case.json").read_text()), encoded.read_bytes()


def stores():
    return sorted((DATA / "stores").glob("*/store.zarr/**/zarr.json"))


def make_json():
    put("json", "escapes", b'\0["\\u00e9\\ud83d\\ude00\\n\\"\\/", "", "\xc3\xa9", "a\\u0000b"]')
    put("json", "numbers", b"\0[0, -0, -0.0, 1e400, 1E-400, 5e-324, 1.0, 18446744073709551615, -9223372036854775808, 9" +
        b"9" * 20 + b"]")
    put("json", "opaque", b'\1{"attributes": {"a": NaN, "a": [-Infinity, "\\ud800"]}, "b": [1, {}], "c": {"b": []}}')
    put("json", "empty", b'\2{"": [], "a": {}, "\\u0000": null, "b": [[], [true, false]]}')
    put("json", "twice", b'\0{"a": 1, "\\u0061": 2}')
    put("json", "deep", b"\2" + b"[" * 256 + b"]" * 256)
    put("json", "too-deep", b"\0" + b"[" * 257 + b"]" * 257)
    put("json", "bom", b"\0\xef\xbb\xbf{}")
    for i, path in enumerate(stores()[:6]):
        put("json", "store-%d" % i, bytes([i % 4]) + path.read_bytes())


def make_array_metadata():
    for row in table("array_json.json"):
        put("array_metadata", row["label"].replace("/", "-").replace(" ", "-"),
            bytes([len(row["label"]) & 1]) + compact(row["document"]))
    for path in stores():
        document = json.loads(path.read_text())
        if document["node_type"] == "array":
            put("array_metadata", "-".join(path.parts[-4:-1]).replace("store.zarr", ""), b"\0" + compact(document))


def make_zip():
    for path in sorted((DATA / "zip").glob("*.zip")):
        put("zip", path.stem, path.read_bytes())


def make_format2():
    """One .zarray for each set of dtype, filters, compressor and order."""
    seen = set()
    for folder in sorted((DATA / "vectors-format2").glob("v2-*")):
        document = json.loads((folder / "case.json").read_text())["metadata"]
        kind = tuple(str((document[key] or {}).get("id") if key == "compressor" else
                         [each["id"] for each in document[key] or ()] if key == "filters" else document[key])
                     for key in ("dtype", "filters", "compressor", "order"))
        if kind not in seen:
            seen.add(kind)
            put("format2", folder.name, bytes([len(seen) & 3]) + compact(document))
    plain = {"shape": [2, 3], "chunks": [2, 3], "dtype": "<i4", "fill_value": 0, "order": "C", "filters": None,
             "compressor": None, "zarr_format": 2}
    put("format2", "names", b"\0" + compact(plain) + b'\0{"_ARRAY_DIMENSIONS": ["y", "x"], "n": NaN}')
    put("format2", "attributes-list", b"\0" + compact(plain) + b"\0[]")
    put("format2", "mark", b"\0\xef\xbb\xbf" + compact(plain) + b"\0\xef\xbb\xbf{}")
    for name, changed in (("empty", {"shape": [0, 3], "chunks": [0, 3]}), ("slash", {"dimension_separator": "/"}),
                          ("zero-for-text", {"dtype": "|S3"}), ("pickle", {"dtype": "|O", "filters": [{"id": "pickle"}]}),
                          ("sub-array", {"dtype": [["a", "<i4", [2]]], "fill_value": None}),
                          ("big-struct", {"dtype": [["a", ">u2"], ["b", "|i1"]], "fill_value": "AQID"}),
                          ("nczarr", {"_NCZARR_ARRAY": {"dimrefs": ["/x"]}})):
        put("format2", name, b"\2" + compact({**plain, **changed}))


def make_array():
    seen = set()
    for name, case, encoded in cases(""):
        kind = (case["data_type"] if isinstance(case["data_type"], str) else case["data_type"]["name"],
                str([codec["name"] for codec in case["codecs"]]), case["kind"], name.split("-")[0])
        if kind in seen or len(encoded) > 600:
            continue
        seen.add(kind)
        document = {"zarr_format": 3, "node_type": "array", "shape": case["chunk_shape"],
                    "data_type": case["data_type"],
                    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": case["chunk_shape"]}},
                    "chunk_key_encoding": {"name": "default"}, "fill_value": case["fill_value"],
                    "codecs": case["codecs"]}
        put("array", name, bytes([0, 7 * len(seen) % 256]) + compact(document) + b"\0" + encoded)


def make_group_metadata():
    base = {"zarr_format": 3, "node_type": "group"}
    inner = {"kind": "inline", "must_understand": False, "metadata": {"a": dict(base, attributes={})}}
    put("group_metadata", "least", compact(base))
    put("group_metadata", "attributes", compact(dict(base, attributes={"a": [1, "é", None]})))
    put("group_metadata", "nan", b'{"attributes": {"a": NaN, "a": 1}, "zarr_format": 3, "node_type": "group"}')
    put("group_metadata", "consolidated", compact(dict(base, attributes={}, consolidated_metadata=inner)))
    put("group_metadata", "null", compact(dict(base, attributes=None, consolidated_metadata=None)))
    put("group_metadata", "extra", compact(dict(base, x={"must_understand": False, "y": [1]}, z=True)))
    put("group_metadata", "version-2", b'{"zarr_format": 2}')
    put("group_metadata", "array", compact(table("array_json.json")[0]["document"]))
    for i, path in enumerate(p for p in stores() if b'"group"' in p.read_bytes()):
        put("group_metadata", "store-%d" % i, path.read_bytes())


def make_consolidated():
    array = {"zarr_format": 3, "node_type": "array", "shape": [2], "data_type": "int8", "chunk_grid": {"name": "regular",
             "configuration": {"chunk_shape": [1]}}, "chunk_key_encoding": "default", "fill_value": 0, "codecs": ["bytes"]}
    group = {"zarr_format": 3, "node_type": "group"}
    inline = {"kind": "inline", "must_understand": False}
    nodes = {"a": group, "a/b": dict(group, consolidated_metadata=dict(inline, metadata={})), "a/b/c": array, "x": array}
    put("consolidated", "nested", b"3" + compact(dict(inline, metadata=nodes)))
    put("consolidated", "empty", b"3" + compact(dict(inline, metadata={})))
    put("consolidated", "null", b"3null")
    put("consolidated", "below-array", b"3" + compact(dict(inline, metadata={"x": array, "x/y": group, "new": group})))
    put("consolidated", "orphan", b"3" + compact(dict(inline, metadata={"a/b/c": array, "": group})))
    put("consolidated", "paths", b"3" + compact(dict(inline, metadata={"/a": group, "a//b": group, "..": group})))
    put("consolidated", "twice", b'3{"kind":"inline","metadata":{"a":{},"\\u0061":{}}}')
    zarray = {"zarr_format": 2, "shape": [2], "chunks": [1], "dtype": "|i1", "order": "C", "fill_value": 0, "filters": None,
              "compressor": None}
    keys = {".zgroup": {"zarr_format": 2}, ".zattrs": {"a": 1}, "x/.zarray": zarray, "x/.zattrs": {"b": [None]},
            "g/.zgroup": {"zarr_format": 2}, "g/y/.zarray": zarray, "g/y/other": {}, "bad/.zarray": []}
    put("consolidated", "zmetadata", b"2" + compact({"zarr_consolidated_format": 1, "metadata": keys}))
    put("consolidated", "no-metadata", b'2{"zarr_consolidated_format":1}')
    put("consolidated", "both", b"2" + compact({"metadata": {"x/.zgroup": {"zarr_format": 2}, "x/.zarray": zarray}}))


def make_fill_value():
    seen = set()
    for i, row in enumerate(table("fill_value.json")):
        kind = compact(row["data_type"])
        key = (kind, type(row["fill_value"]).__name__, row["zarr_python"]["ok"])
        if key not in seen:
            seen.add(key)
            put("fill_value", "row-%03d" % i, bytes([i & 1]) + kind + b"\n" + compact(row["fill_value"]))


def make_vlen():
    for pattern in ("vlen-", "bad-vlen-", "odd-vlen-"):
        for name, case, encoded in cases(pattern):
            codecs = [codec["name"] for codec in case["codecs"]]
            if len(codecs) == 1 and len(case["chunk_shape"]) < 3:
                shape = (case["chunk_shape"] + [1, 1])[:2]
                rank = {0: 4, 1: 0, 2: 2}[len(case["chunk_shape"])]
                put("vlen", name, bytes([rank + (codecs[0] == "vlen-utf8"), (shape[0] - 1) % 8, (shape[1] - 1) % 8]) +
                    (b"\0\1\2" * 2)[:3 * len(case["chunk_shape"])] + encoded)
    for how in (1, 8, 27):
        put("vlen", "long-%d" % how, bytes([how | 8, 5, 7, 3, 0, 2, 70]) + bytes(range(0, 240, 20)))


def make_objects():
    numbers = {"json2": 0, "msgpack2": 1, "vlen-array": 2, "categorize": 3}
    for i, line in enumerate((DATA / "objects.txt").read_text().splitlines()):
        _, codecs, dtype, shape, encoded, _ = line.split("\t")
        name = json.loads(codecs)[0]["name"].split(".")[1]
        shape = [int(n) for n in shape.split(",")] if shape else []
        if len(shape) not in (1, 2) or max(shape) > 8 or dtype not in ("string", "bytes") or len(encoded) > 800:
            continue
        how = numbers[name] + (4 if len(shape) == 2 else 0)
        shape = (shape + [1])[:2]
        put("objects", "%s-%d" % (name, i), bytes([how, shape[0] - 1 + 8 * (shape[1] - 1)]) +
            (b"\0\1\2" * 2)[:3 * (1 + how // 4)] + bytes.fromhex(encoded))
    put("objects", "json2-other", b"\0\2\0\1\2" + b'["a",1,{"b":[null]},"|O",[3]]')
    put("objects", "msgpack2-long", b"\1\0\0\1\2" + b"\xdd\0\0\0\3\xdb\xff\xff\xff\xff")


def make_numbers():
    rng = random.Random(9)
    for codec in range(7):
        for kind in range(8):
            put("numbers", "codec-%d-%d" % (codec, kind), bytes([codec, kind, 2, 2]) + b"\0\1\2\1\1\1" + rng.randbytes(9 << kind % 4))
    for codec, kind, item in ((7, 4, 8), (8, 1, 1), (9, 5, 2), (10, 5, 4), (11, 4, 4), (12, 3, 2), (12, 5, 4), (12, 4, 8)):
        put("numbers", "filter-%d-%d" % (codec, kind), bytes([codec, kind, 2, 2]) + b"\0\1\2\1\1\1" + rng.randbytes(9 * item))
    put("numbers", "filter-13-8", bytes([13, 8, 2, 2]) + b"\0\1\2\1\1\1" + bytes([7, 0xa5, 0x80]))


def make_n5_default():
    """Of chunks of int8, uint16 and float64 with two axes, by what compresses them."""
    compressors, types = {"gzip": 1, "zstd": 2, "blosc": 4}, {"int8": 0, "uint16": 1, "int16": 1, "float64": 2}
    for i, line in enumerate((DATA / "n5.txt").read_text().splitlines()):
        _, codecs, dtype, shape, block, _ = line.split("\t")
        inner = [codec["name"] for codec in json.loads(codecs)[0]["configuration"]["codecs"]][2:]
        shape = [int(n) for n in shape.split(",")]
        if len(shape) == 2 and dtype in types and (not inner or inner[0] in compressors):
            how = bytes([compressors[inner[0]] if inner else 0, types[dtype], *(n - 1 for n in shape)])
            put("n5_default", "block-%d" % i, how + b"\0\0\2\1\1\1" + bytes.fromhex(block))


def make_zfp():
    """Of chunks of the types that the target has, by their settings."""
    settings = {"reversible": 1, "fixed_rate": 2, "fixed_precision": 3, "fixed_accuracy": 4}
    types = {name: i for i, name in enumerate(("int32", "int64", "float32", "float64", "int4", "uint8", "int16", "uint64"))}
    for i, line in enumerate((DATA / "zfp.txt").read_text().splitlines()):
        _, codecs, dtype, shape, encoded = line.split("\t")[:5]
        codec = json.loads(codecs)[0]
        shape = [int(n) for n in shape.split(",")]
        which = settings[codec["configuration"]["mode"]] if codec["name"] == "zfp" else 0
        if max(shape) <= 6 and dtype in types and i % 3 == 0:
            head = bytes([which, types[dtype], len(shape), *(n - 1 for n in shape)]) + b"\0\0\1" * len(shape)
            put("zfp", "chunk-%d" % i, head + bytes.fromhex(encoded))


def index(entries, order):
    return struct.pack(order + "%dQ" % (2 * len(entries)), *(number for entry in entries for number in entry))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def make_shard():
    missing = (2**64 - 1,) * 2

    def put_shard(which, name, shard):
        for how, choices in enumerate((b"\0\0\1\1\0\2", b"\1\0\1\2\1\3\3", bytes(range(1, 17)))):
            put("shard", "%s-%d" % (name, how), (bytes([which, 21 * how]) + choices * 4)[:20] + shard)

    data, ends = bytes(range(1, 17)), index([(0, 4), (8, 4), missing, (4, 4)], "<")
    put_shard(0, "plain", data + ends + crc32c(ends))
    put_shard(0, "overlapping", data[:4] + index([(0, 4)] * 4, "<") + crc32c(index([(0, 4)] * 4, "<")))
    put_shard(1, "start", index([(64, 12), missing, (76, 12), (64, 12)], ">") + bytes(range(24)))
    put_shard(2, "bad-zstd", b"\x28\xb5\x2f\xfd" + index([(0, 4), missing, missing, (0, 4)], "<"))
    inner = index([(64, 12), (76, 12), missing, (64, 12)], "<")
    inner += (data[:8] + crc32c(data[:8])) * 2
    put_shard(3, "nested", inner + index([(0, 88), missing, missing, (0, 88)], "<"))
    put_shard(8, "rank-0", b"\5" + index([(0, 1)], "<") + crc32c(index([(0, 1)], "<")))
    put_shard(9, "many", index([(640 + 8 * (39 - i), 8) for i in range(40)], "<") + bytes(320))
    put_shard(9, "outside", index([(2**63 - 1, 8), (648, 2**64 - 2), (640, 9), missing] * 10, "<") + bytes(16))
    text = struct.pack("<3I1sI2s", 2, 0, 1, b"a", 2, b"bc")[:-6]
    row = struct.pack("<III2s", 2, 0, 2, b"bc")
    rows = index([(0, len(row)), (0, len(row))], "<")
    rows = row + rows + crc32c(rows)
    both = index([(0, len(rows)), missing], "<")
    put_shard(11, "vlen", rows + both + crc32c(both))
    put_shard(5, "vlen-bad", text + index([(0, len(text)), missing, missing], "<"))
    for which, name, prefix in ((2, "zstd", "shard-end-zstd"), (10, "blosc", "shard-end-blosc"),
                                (3, "nested", "shard-end-nested")):
        for case, _, encoded in list(cases(prefix))[:3]:
            put_shard(which, name + "-" + case, encoded)


def make_codec_chain():
    choose = random.Random(3)
    for i in range(40):
        put("codec_chain", "random-%02d" % i,
            bytes([i % 10]) + bytes(choose.randrange(256) for _ in range(choose.choice((8, 40, 120)))))


def make_key():
    put("key", "default", b"\0\2c/0/1\nc/0\nc/00/1\nc/9223372036854775807/0\nc/9223372036854775808/0")
    put("key", "dots", b"\2\2c.0.1\nc.0\nc.0.1.2\nc")
    put("key", "v2", b"\3\2" + b"0.1\n0\n0.1.\n.0.1\n1.0")
    put("key", "rank-0", b"\0\0c\n0\nc/0\na/c")
    put("key", "v2-rank-0", b"\1\0c\n0\nc/0\na/c")
    put("key", "tree", b"\0\1a\na/b\na/b/c\nab\na!\na/zarr.json\nb/zarr.json\nzarr.json\na0/x")
    put("key", "bad", b"\0\1/a\na/\na//b\n.\n..\na/../b\n./a\na\0b\n\xff\n\xc3\xa9\na\\b\n...")


def make_copy():
    choose = random.Random(5)
    shapes = {"row": (1, 200), "matrix": (2, 70, 90), "flat": (2, 3, 250), "cube": (3, 20, 9, 31), "deep": (6, 2, 3, 2, 3, 2, 3),
              "empty": (2, 0, 5), "one": (0,)}
    for name, shape in shapes.items():
        for kind in (0, 1, 2, 3, 7, 9, 10):
            size = bytes([choose.randrange(70)]) if kind > 8 else b""
            order = bytes(choose.choice((0, 1, 0x20, 0x31, 8, 6)) for _ in range(40))
            put("copy", "%s-%d" % (name, kind), bytes([kind, choose.randrange(4)]) + size + bytes(shape) + order)


def make_numcodecs():
    """The decoders of bytes behind a first byte: 12 decodes all, up to 4000 bytes."""
    plain = bytes((i * 7 + i // 251) % 256 for i in range(600))
    ramp = b"".join(struct.pack("<i", i // 3) for i in range(500))
    for name, data in (("empty", b""), ("ramp", ramp), ("noise", random.Random(3).randbytes(300)), ("zeros", bytes(3000))):
        put("zlib", name, b"\x0c" + zlib.compress(data, 6))
    put("zlib", "stored", b"\x0c" + zlib.compress(plain, 0))
    put("zlib", "junk", b"\x0c" + zlib.compress(plain, 9) + b"junk")
    put("zlib", "dictionary", b"\x0c" + zlib.compressobj(6, zdict=b"abc").compress(b"abcabc") + b"\0\0\0")
    put("zlib", "bomb", b"\x07" + zlib.compress(bytes(100000), 9))
    for name, data in (("empty", b""), ("ramp", ramp), ("zeros", bytes(3000))):
        put("bz2", name, b"\x0c" + bz2.compress(data, 1))
        put("lzma", "xz-" + name, b"\0\x0c" + lzma.compress(data, preset=0))
        put("lzma", "alone-" + name, b"\1\x0c" + lzma.compress(data, lzma.FORMAT_ALONE, preset=0))
        raw = [{"id": lzma.FILTER_LZMA2, "preset": 0}]
        put("lzma", "raw-" + name, b"\2\x0c" + lzma.compress(data, lzma.FORMAT_RAW, filters=raw))
        raw = [{"id": lzma.FILTER_DELTA}, {"id": lzma.FILTER_LZMA1, "preset": 0}]
        put("lzma", "delta-" + name, b"\3\x0c" + lzma.compress(data, lzma.FORMAT_RAW, filters=raw))
    put("bz2", "two", b"\x0c" + bz2.compress(b"abc", 1) * 2)
    put("bz2", "junk", b"\x0c" + bz2.compress(b"abc", 1) + b"junk")
    put("lzma", "dictionary", b"\0\x0c" + lzma.compress(b"abc", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]))
    put("lzma", "sha256", b"\0\x0c" + lzma.compress(b"abc", check=lzma.CHECK_SHA256))
    put("lz4", "empty", b"\x0c" + bytes(5))
    put("lz4", "repeats", b"\x0c" + bytes.fromhex("210000003f616263030006506263616263"))
    put("lz4", "claims", b"\x07" + bytes.fromhex("ffffff7d1061"))
    put("shuffle", "ramp", b"\x0c" + ramp[:400])
    put("shuffle", "odd", b"\x0c" + ramp[:399])
    put("base64", "plain", b"\x0c" + base64.b64encode(plain))
    put("base64", "one-pad", b"\x0cZm8=")
    put("base64", "two-pads", b"\x0cZg==")
    put("base64", "break", b"\x0cZm9v\nZm9v")
    crc, adler = struct.pack("<I", zlib.crc32(plain)), struct.pack("<I", zlib.adler32(plain))
    put("numcodecs_sums", "crc32", b"\0\x0c" + crc + plain)
    put("numcodecs_sums", "crc32c", b"\1\x0c" + crc32c(plain) + plain)
    put("numcodecs_sums", "adler32", b"\2\x0c" + plain + adler)
    put("numcodecs_sums", "fletcher32", b"\3\x0c" + b"\0\1" + struct.pack("<I", 0x10001))
    put("numcodecs_sums", "jenkins", b"\4\x0c" + b"\0" + struct.pack("<I", 0x8BA9414B))
    put("numcodecs_sums", "short", b"\4\x0c\0\0\0")


def make_verify():
    """Values to put: the number of a key in the table of verify.c, the length, the bytes."""
    def value(key, data):
        return bytes([key]) + struct.pack("<H", len(data)) + data

    entries = lambda *numbers: struct.pack("<4Q", *numbers)  # noqa: E731
    put("verify", "whole", b"")
    put("verify", "chunks", value(2, b"\1\0\2\0" + crc32c(b"\1\0\2\0")) + value(3, b"\1\0\2\0abcd") + value(10, b"x"))
    put("verify", "shared", value(6, b"abcd" + entries(0, 4, 2, 4)) + value(5, b"abcd" + entries(2**64 - 1, 4, 0, 99)))
    put("verify", "holes", value(6, b"abcdefghijkl" + entries(8, 4, 0, 4)) + value(7, b"off the grid"))
    put("verify", "lost", value(13, b"x") + value(14, b"x") + value(1, b"{") + value(0, b"") + value(8, b"[]"))
    put("verify", "stale", value(12, compact({"metadata": {"b/.zarray": {}, "gone/.zgroup": {"zarr_format": 2}}})) + value(11, b"{}"))
    line = b"0" * 64 + b"  x"
    root = hashlib.sha256(b"\0" + line).hexdigest().encode()
    put("verify", "digest", value(15, b"# zarrc digest 1: SHA-256\n" + line + b"\n# " + b"1" * 64 + b"  0,1\n# root " + root + b"\n"))
    put("verify", "no-digest", value(15, b"# zarrc digest 1: SHA-256\n"))


def make_references():
    put("references", "version-0", b'{"a/.zarray": "{}", "a/0": ["u", 1, 2], "a/1": ["/v"], "a/0": ["s3://b/k", 0, 0]}')
    put("references", "version-1", b'{"version": 1, "templates": {"u": "http://h/?q"}, "gen": [], "refs": {"a": ["{{ u }}x", 5, 6], '
        b'"b": "base64:AQID", "c": {"zarr_format": 2}, "../d": "", "e": "\\u00e9"}}')
    put("references", "gen", b'{"version": 1, "refs": {}, "gen": [{"key": "{{i}}"}]}')
    put("references", "arguments", b'{"version": 1, "templates": {"f": "{{c}}"}, "refs": {"a": ["{{f(c=1)}}"]}}')
    put("references", "cut", b'{"version": 1, "templates": {"f": "x"}, "refs": {"a": ["{{f", 1, 2')


def main():
    for make in (make_json, make_array, make_array_metadata, make_format2, make_group_metadata, make_consolidated,
                 make_fill_value, make_zip, make_vlen, make_numbers, make_n5_default, make_zfp, make_objects, make_shard, make_codec_chain, make_key, make_copy, make_numcodecs, make_verify, make_references):
        make()


if __name__ == "__main__":
    main()
