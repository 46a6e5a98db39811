# SPDX-License-Identifier: MIT
"""get, put and --array_path: types, .npy files, selections, formats."""
import csv
import io
import itertools
import json
import random
import struct

import support
from support import count, int32s, npy, read_npy, select, swap, to_fortran


def named(name, **configuration):
    return json.dumps({"name": name, "configuration": configuration})


# Zarr's data type, NumPy's descr without byte order, bytes an element, bytes of what byte order turns round
TYPES = [
    ("bool", "b1", 1, 1),
    ("int8", "i1", 1, 1),
    ("uint8", "u1", 1, 1),
    ("int16", "i2", 2, 2),
    ("uint16", "u2", 2, 2),
    ("int32", "i4", 4, 4),
    ("uint32", "u4", 4, 4),
    ("int64", "i8", 8, 8),
    ("uint64", "u8", 8, 8),
    ("float16", "f2", 2, 2),
    ("float32", "f4", 4, 4),
    ("float64", "f8", 8, 8),
    ("complex64", "c8", 8, 4),
    ("complex128", "c16", 16, 8),
    (named("raw_bytes", length_bytes=3), "V3", 3, 1),
    ("r24", "V3", 3, 1),
    (named("null_terminated_bytes", length_bytes=5), "S5", 5, 1),
    (named("fixed_length_utf32", length_bytes=12), "U3", 12, 4),
    (named("numpy.datetime64", unit="ns", scale_factor=1), "M8[ns]", 8, 8),
    (named("numpy.datetime64", unit="s", scale_factor=25), "M8[25s]", 8, 8),
    (named("numpy.timedelta64", unit="D", scale_factor=1), "m8[D]", 8, 8),
    (named("numpy.timedelta64", unit="generic", scale_factor=1), "m8", 8, 8),
]
STRUCT = named("struct",
               fields=[{"name": "a", "data_type": "int16"}, {"name": "é", "data_type": "float64"},
                       {"name": "c", "data_type": json.loads(named("null_terminated_bytes", length_bytes=3))}])


def some(item, n, kind):
    """Bytes of n elements that every type takes and no reader changes."""
    random.seed(item * 1000 + n)
    if kind == "b":
        return bytes(random.randrange(2) for _ in range(n))
    if kind == "U":
        return struct.pack(f"<{n * item // 4}I", *(random.randrange(1, 0x3000) for _ in range(n * item // 4)))
    return bytes(random.randrange(1, 120) for _ in range(n * item))


class Npy(support.Case):

    def test_every_type(self):
        for i, (dtype, descr, item, unit) in enumerate(TYPES):
            with self.subTest(dtype):
                data, shape = some(item, 20, descr[0]), (4, 5)
                self.array(f"a{i}", dtype)
                big = swap(data, unit)
                order = "|" if unit == 1 else "<"
                for file in (npy(order + descr, shape, data), npy((">" if unit > 1 else "|") + descr, shape, big),
                             npy(order + descr, shape, to_fortran(data, shape, item),
                                 fortran=True), npy(order + descr, shape, data,
                                                    version=2), npy(order + descr, shape, data, version=3)):
                    self.zarrc("put", f"a{i}", "-i", "-", stdin=npy(order + descr, shape, bytes(len(data))))
                    self.zarrc("put", f"a{i}", "-i", "-", stdin=file)
                    self.assertEqual(read_npy(self.zarrc("get", f"a{i}", "-o", "-")),
                                     (order + descr, False, shape, data))
                self.assertEqual(self.raw(f"a{i}"), data)

    def test_struct(self):
        data = b"".join(struct.pack("<hd3s", i, i / 3, b"xyz"[:i % 4]) for i in range(6))
        fields = [("a", "<i2"), ("é", "<f8"), ("c", "|S3")]
        self.array("a", STRUCT, (6, ), (4, ))
        self.zarrc("put", "a", "-i", "-", stdin=npy(fields, (6, ), data, version=3))
        self.assertEqual(self.raw("a"), data)
        out = self.zarrc("get", "a", "-o", "-")
        self.assertEqual(out[6], 3)
        self.assertEqual(read_npy(out), (fields, False, (6, ), data))
        self.assertEqual([json.loads(line) for line in self.text("get", "a", "--format", "lines").splitlines()][5],
                         {"a": 5, "é": 5 / 3, "c": json.loads(self.text("get", "a", "-s", "5"))["c"]})

    def test_refused_files(self):
        self.array("a")
        good = npy("<i4", (4, 5), int32s(20))
        bad = [(b"", "npy"), (b"\x93NUMPX" + good[6:], "npy"), (good[:6] + b"\x04" + good[7:], "npy"),
               (good[:20], "early"), (npy("<i8", (4, 5), bytes(160)), ["int64", "int32"]),
               (npy("<i4", (5, 4), int32s(20)), ["5,4", "4,5"]), (npy("<i4", (20, ), int32s(20)), "20"),
               (npy("<i4", (4, 5), int32s(19)), "early"), (npy("<i4", (4, 5), int32s(21)), "longer"),
               (good.replace(b"descr", b"desc2"), "key"), (good.replace(b"False", b"Maybe"), "True"),
               (good.replace(b"(4, 5)", b"(4,-5)"), "number"), (good.replace(b"{", b"["), "dictionary"),
               (good.replace(b"shape", b"descr"), "key")]
        for file, words in bad:
            self.refused("put", "a", "-i", "-", stdin=file, code=2, says=words)
        for descr, words in (("|O", "pickled"), ("<f16", "<f16"), ("<c32", "<c32"), ("<U0", "<U0"),
                             ("<M8[fortnight]", "fortnight"), ([("a", "<i2"), ("b", ">i4")], "byte order"), ([
                                 ("a", "<i2"), ("", "|V2"), ("b", "<i4")
                             ], "padding"), ([("a", "<i2", (2, ))], "array")):
            self.refused("put", "a", "-i", "-", stdin=npy(descr, (4, 5), bytes(80)), code=5, says=words)
        self.assertEqual(self.raw("a", "-s", "0"), bytes(20))

    def test_no_crash_on_cut_or_changed_headers(self):
        self.array("a")
        good = npy([("a", "<i2"), ("b", "<f8")], (4, 5), b"")[:-20].rstrip()
        random.seed(7)
        for i in range(60):
            at = random.randrange(8, len(good))
            bad = good[:at] if i % 2 else good[:at] + bytes([random.randrange(256)]) + good[at + 1:]
            done = self.run_command("put", "a", "-i", "-", stdin=bad)
            self.assertIn(done.returncode, (2, 4, 5, 7), (bad, done.stderr))

    def test_files_of_wrong_length_change_nothing(self):
        self.array("a", values=int32s(20))
        for n in (79, 81, 0):
            (self.folder / "x.raw").write_bytes(bytes(n))
            self.refused("put", "a", "-i", "x.raw", code=2, says=["x.raw", str(n), "80"])
        self.assertEqual(self.raw("a"), int32s(20))

    def test_put_wants_input(self):
        self.array("a")
        self.refused("put", "a", code=2, says="--input")
        self.refused("put", "a", "-i", "nix.npy", code=3, says="nix.npy")
        self.refused("put", "a", "-i", "x.csv", code=2, says="x.csv")
        self.refused("put", "a", "-i", ".", "--format", "raw", code=9, says="directory")

    def test_suffixes(self):
        self.array("a", values=int32s(20))
        for suffix in ("npy", "raw", "bin", "csv", "json", "txt"):
            self.assertEqual(self.zarrc("get", "a", "-o", f"x.{suffix}"), b"")
        self.assertEqual(read_npy((self.folder / "x.npy").read_bytes())[3], int32s(20))
        self.assertEqual((self.folder / "x.raw").read_bytes(), int32s(20))
        self.assertEqual((self.folder / "x.bin").read_bytes(), int32s(20))
        self.assertEqual((self.folder / "x.csv").read_text(),
                         "".join(f"{','.join(map(str, range(i, i + 5)))}\n" for i in range(0, 20, 5)))
        self.assertEqual(json.loads((self.folder / "x.json").read_text()),
                         [list(range(i, i + 5)) for i in range(0, 20, 5)])
        self.assertEqual((self.folder / "x.txt").read_text(), "".join(f"{i}\n" for i in range(20)))
        self.refused("get", "a", "-o", "x.jpeg", code=2, says=["x.jpeg", "--format"])
        self.refused("get", "a", "-o", "x", code=2, says="x")
        self.zarrc("put", "a", "-i", "x.npy")
        self.zarrc("put", "a", "-i", "x.bin")


class Selections(support.Case):
    SHAPE = (5, 6, 7)
    TEXTS = [
        "", "...", ":", "0", "-1", "4", "1:3", ":,2", "::2,1::3,::4", "-2:,-3:-1", "...,0", "0,...", "0,0,0",
        "-5,-6,-7", "1:1", "3:1", "9:", ":-9", "-99:99", "2:99:50", ":,:,6:7:99", "...,1:5:3", " 1 , 2:4 , : ",
        "1,...,2", ":,...", "::1,::6,::7", "1:,", "...,::9223372036854775807", "-9223372036854775808:",
        ":9223372036854775807"
    ]

    def test_as_python_does(self):
        data = int32s(count(self.SHAPE))
        self.array("a", shape=self.SHAPE, chunks=(2, 3, 4), values=data)
        for text in self.TEXTS:
            with self.subTest(text):
                shape, positions = select(text.rstrip(", ") if text.strip() != "1:," else "1:", self.SHAPE)
                got = read_npy(self.zarrc("get", "a", "-s", text, "-o", "-"))
                self.assertEqual(list(got[2]), shape)
                self.assertEqual(got[3], b"".join(data[4 * p:4 * p + 4] for p in positions))

    def test_put_into_a_part(self):
        random.seed(3)
        for i, text in enumerate(["1:4,::2,::3", "2", "-1,-1,-1", "...,3", ":,1:1", "::2,2:5,1:"]):
            data = int32s(count(self.SHAPE))
            shape, positions = select(text, self.SHAPE)
            new = [random.randrange(1 << 20) for _ in positions]
            want = list(range(count(self.SHAPE)))
            for p, value in zip(positions, new):
                want[p] = value
            packed = struct.pack(f"<{len(new)}i", *new)
            for fortran in (False, True):
                self.array("a", "int32", self.SHAPE, (2, 3, 4), data, "--overwrite")
                file = npy("<i4", shape, to_fortran(packed, shape, 4) if fortran else packed, fortran)
                self.zarrc("put", "a", "-s", text, "-i", "-", stdin=file)
                self.assertEqual(self.raw("a"), struct.pack(f"<{len(want)}i", *want), (text, i, fortran))

    def test_refused(self):
        self.array("a", shape=self.SHAPE, chunks=(2, 3, 4))
        for text, words in (("5", ["axis 0", "5"]), ("-6", "axis 0"), ("0,0,0,0", "more parts"), ("::0", "step"),
                            ("::-1", "step"), ("x", "'x'"), ("1.5", "1.5"), ("1:2:3:4", "colons"), ("...,...", "..."),
                            (",", "nothing"), ("0,,0", "nothing"), (":,:,7", "axis 2"), ("99999999999999999999", "999"),
                            ("None", "None"), ("1:b", "1:b"), ("0 1", "0 1"), ("0x1", "0x1"), ("1_000", "1_000")):
            self.refused("get", "a", "-s", text, code=2, says=words)
        self.refused("put", "a", "-s", "9", "-i", "-", code=2, says="axis 0")

    def test_slabs_of_every_size(self):
        """Small budgets make many slabs; the result is the same, whichever axis they cut."""
        shape = (5, 300, 301)
        data = int32s(count(shape))
        self.array("a", shape=shape, chunks=(2, 70, 301), values=data)
        for text, memory in itertools.product((":", "::2,1:299:3,...", "3,5:,::7"), ("1M", "2M", "1G")):
            _, positions = select(text, shape)
            want = b"".join(data[4 * p:4 * p + 4] for p in positions)
            self.assertEqual(self.raw("a", "-s", text, "--memory", memory), want, (text, memory))
        self.zarrc("create", "b", "--shape", "5,300,301", "--dtype", "int32", "-c", "3,100,50", "--codecs", "bytes")
        for fortran in (False, True):
            file = npy("<i4", shape, to_fortran(data, shape, 4) if fortran else data, fortran)
            self.zarrc("put", "b", "-i", "-", "--memory", "1M", stdin=file)
            self.assertEqual(self.raw("b"), data)


class Formats(support.Case):

    def test_shapes(self):
        for shape in ((), (1, ), (0, ), (3, ), (2, 3), (0, 3), (3, 0), (2, 0, 2), (2, 2, 2), (1, 1, 1, 1)):
            chunks = tuple(max(1, n) for n in shape)
            self.array("a", "int32", shape, chunks, int32s(count(shape)), "--overwrite")

            def nested(axes, start):
                return [nested(axes[1:], start + i * count(axes[1:])) for i in range(axes[0])] if axes else start

            self.assertEqual(json.loads(self.text("get", "a")), nested(shape, 0), shape)
            document = self.json("get", "a")
            self.assertEqual((document["data"], document["shape"], document["data_type"]),
                             (nested(shape, 0), list(shape), "int32"))
            self.assertEqual(self.text("get", "a", "--format", "lines"), "".join(f"{i}\n" for i in range(count(shape))))
            self.assertEqual(self.text("--array_path=a"), self.text("get", "a", "--format", "lines"))
            self.assertEqual(self.text("get", "a", "-s", "()"), self.text("get", "a"))
            rows = [row for row in csv.reader(io.StringIO(self.text("get", "a", "--format", "csv")))]
            width = shape[-1] if shape else 1
            self.assertEqual(rows, [list(map(str, range(i, i + width)))
                                    for i in range(0, count(shape), width)] if count(shape) else [])
            self.assertEqual(read_npy(self.zarrc("get", "a", "-o", "-"))[2:], (shape, int32s(count(shape))))

    def test_json_rows_are_lines(self):
        self.array("a", shape=(2, 2, 3), chunks=(2, 2, 3), values=int32s(12))
        self.assertEqual(self.text("get", "a"), "[[[0, 1, 2],\n  [3, 4, 5]],\n [[6, 7, 8],\n  [9, 10, 11]]]\n")

    def test_floats(self):
        values = [0.1, -0.0, 1e300, 5e-324, float("inf"), float("-inf"), float("nan"), 1.0]
        self.array("a", "float64", (8, ), (8, ), struct.pack("<8d", *values))
        lines = self.text("--array_path=a").split()
        self.assertEqual(lines, ["0.1", "-0.0", "1e+300", "5e-324", '"Infinity"', '"-Infinity"', '"NaN"', "1.0"])
        self.assertEqual(
            self.text("get", "a", "--format", "csv").strip(), "0.1,-0.0,1e+300,5e-324,Infinity,-Infinity,NaN,1.0")
        self.assertEqual([json.loads(line) for line in lines][:4], values[:4])

    def test_cells_of_csv(self):
        texts = ["a", "b,c", 'd"e', "", "é漢😀", "f\ng"]
        self.array("a", named("fixed_length_utf32", length_bytes=12), (2, 3), (1, 3),
                   b"".join(t.encode("utf-32-le").ljust(12, b"\0") for t in texts))
        text = self.text("get", "a", "--format", "csv")
        self.assertEqual(list(csv.reader(io.StringIO(text, newline=""))), [texts[:3], texts[3:]])
        self.array("c", "complex64", (2, ), (2, ), struct.pack("<4f", 1, 2, 3, -4))
        self.assertEqual(list(csv.reader(io.StringIO(self.text("get", "c", "--format", "csv")))),
                         [["[1.0, 2.0]", "[3.0, -4.0]"]])
        self.assertEqual(json.loads(self.text("get", "c")), [[1.0, 2.0], [3.0, -4.0]])

    def test_what_is_no_character_is_damage(self):
        self.array("a", named("fixed_length_utf32", length_bytes=8), (2, ), (2, ), struct.pack("<4I", 97, 0, 97, 0xd800))
        for name in ("json", "csv", "lines"):
            self.refused("get", "a", "--format", name, code=6, says="0x0000d800 at 1 is not a character")

    def test_json_reports(self):
        self.array("a", values=int32s(20))
        document = self.json("get", "a", "-o", "x.raw", "-s", "1")
        self.assertEqual((document["output"], document["format"], document["nbytes"], document["shape"]),
                         ("x.raw", "raw", 20, [5]))
        document = self.json("put", "a", "-i", "x.raw", "-s", "2")
        self.assertEqual((document["nitems"], document["shape"]), (5, [5]))
        self.zarrc("get", "a", "--json", "--format", "raw", code=2)
        self.zarrc("get", "a", "--json", "-o", "-", "--format", "npy", code=2)
        self.assertEqual(json.loads(self.text("get", "a", "--json", "-o", "-"))["data"][2], list(range(5, 10)))

    def test_array_path(self):
        self.array("a", "bool", (3, ), (2, ), b"\1\0\1")
        self.assertEqual(self.text("--array_path=a"), "true\nfalse\ntrue\n")
        self.assertEqual(self.text("--array_path", "a"), "true\nfalse\ntrue\n")
        self.refused("--array_path=nix", code=3, says="nix")
        self.refused("--array_path", code=2, says="--array_path")

    def test_missing_chunks_are_fill_value(self):
        self.array("a", "int32", (4, 5), (2, 3), int32s(20), "--fill-value", "-7")
        (self.folder / "a/c/0/1").unlink()
        got = json.loads(self.text("get", "a"))
        self.assertEqual(got[0], [0, 1, 2, -7, -7])
        self.assertEqual(got[2], [10, 11, 12, 13, 14])


class VariableLength(support.Case):
    TEXTS = ["a", "é漢😀", "", 'x,"y"\n', "z" * 1000, "\0"]

    def framed(self, texts):
        encoded = [t.encode() for t in texts]
        return b"".join(struct.pack("<I", len(t)) + t for t in encoded)

    def setUp(self):
        super().setUp()
        done = self.run_command("create", "a", "--shape", "2,3", "--dtype", "string", "-c", "1,2", "--fill-value",
                                "fill", "--codecs", "zstd")
        if done.returncode == 5:
            self.skipTest("no strings")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=self.framed(self.TEXTS))

    def test_formats(self):
        self.assertEqual(self.raw("a"), self.framed(self.TEXTS))
        self.assertEqual(json.loads(self.text("get", "a")), [self.TEXTS[:3], self.TEXTS[3:]])
        self.assertEqual([json.loads(line) for line in self.text("--array_path=a").splitlines()], self.TEXTS)
        self.assertEqual(
            list(csv.reader(io.StringIO(self.text("get", "a", "--format", "csv").replace("\0", ""), newline=""))),
            [self.TEXTS[:3], [*self.TEXTS[3:5], ""]])
        self.refused("get", "a", "-o", "x.npy", code=5, says=["variable", "--format json"])
        self.assertEqual([c["name"] for c in self.json("info", "a")["codecs"]], ["vlen-utf8", "zstd"])

    def test_parts_and_copies(self):
        self.zarrc("put", "a", "-s", "1,:2", "--format", "raw", "-i", "-", stdin=self.framed(["p", "q"]))
        want = [self.TEXTS[:3], ["p", "q", self.TEXTS[5]]]
        self.assertEqual(json.loads(self.text("get", "a")), want)
        self.zarrc("copy", "a", "b", "-c", "2,3", "--check", "-q")
        self.assertEqual(json.loads(self.text("get", "b")), want)
        (self.folder / "a/c/1/0").unlink()
        self.assertEqual(json.loads(self.text("get", "a", "-s", "1")), ["fill", "fill", self.TEXTS[5]])

    def test_refused_input(self):
        good = self.framed(self.TEXTS)
        for bad in (good[:-1], good + b"\0", good[:3], b"", struct.pack("<I", 1 << 31) + good[4:],
                    struct.pack("<I", 0xffffffff) * 6):
            self.refused("put", "a", "--format", "raw", "-i", "-", stdin=bad, code=2)
        self.assertEqual(self.raw("a"), good)

    def test_single_chunks(self):
        raw = self.framed(["ab", "é"])
        stored = self.zarrc("encode", "--metadata", "a/zarr.json", stdin=raw)
        self.assertEqual(self.zarrc("decode", "--metadata", "a/zarr.json", stdin=stored), raw)
        self.zarrc("encode", "--metadata", "a/zarr.json", "-v", stdin=raw)
        self.assertRegex(self.said, r"\Avlen-utf8 +12 -> +16 bytes.*\nzstd +16 -> +\d+ bytes")
        self.refused("encode", "--metadata", "a/zarr.json", stdin=raw[:-1], code=2)
        self.refused("decode", "--metadata", "a/zarr.json", stdin=stored[:-1], code=6, says="zstd")
