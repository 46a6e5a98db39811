# SPDX-License-Identifier: MIT
"""Elements as text: put from JSON and lines, strings and bytes of variable length in every format."""
import base64
import json
import struct

import support
from cases_values import STRUCT, TYPES, named, some
from support import int32s


def framed(elements):
    return b"".join(struct.pack("<I", len(e)) + e for e in elements)


class FromText(support.Case):

    def flat(self, nested, depth):
        return nested if depth < 2 else [item for part in self.flat(nested, depth - 1) for item in part]

    def test_what_get_writes_put_reads(self):
        types = [(dtype, some(item, 12, descr[0])) for dtype, descr, item, _ in TYPES]
        types.append((STRUCT, b"".join(struct.pack("<hd3s", i, i / 3, b"xyz"[:i % 4]) for i in range(12))))
        for i, (dtype, data) in enumerate(types):
            with self.subTest(dtype):
                self.array(f"a{i}", dtype, (2, 2, 3), (1, 2, 2), data)
                self.array("b", dtype, (2, 2, 3), (2, 1, 3), None, "--overwrite")
                text = self.zarrc("get", f"a{i}")
                flat = json.dumps(self.flat(json.loads(text), 3))
                spaced = json.dumps(json.loads(text), indent=3)
                lines = self.zarrc("get", f"a{i}", "--format", "lines")
                for form, document in (("json", text), ("json", flat), ("json", spaced), ("lines", lines),
                                       ("lines", lines[:-1])):
                    self.zarrc("put", "b", "--format", "raw", "-i", "-", stdin=bytes(len(data)))
                    self.zarrc("put",
                               "b",
                               "--format",
                               form,
                               "-i",
                               "-",
                               stdin=document if isinstance(document, bytes) else document.encode())
                    self.assertEqual(self.raw("b"), data)

    def test_files_and_selections(self):
        self.array("a", values=bytes(80))
        (self.folder / "x.json").write_text("[[1, 2], [3, 4]]")
        (self.folder / "x.txt").write_text("5\n6\n")
        self.zarrc("put", "a", "-s", "1:3,::3", "-i", "x.json")
        self.zarrc("put", "a", "-s", "0,:2", "-i", "x.txt")
        self.zarrc("put", "a", "-s", "3,4", "-i", "-", "--format", "json", stdin=b" 7 ")
        self.zarrc("put", "a", "-s", "3,:0", "-i", "-", "--format", "json", stdin=b"[]")
        self.assertEqual(json.loads(self.text("get", "a")),
                         [[5, 6, 0, 0, 0], [1, 0, 0, 2, 0], [3, 0, 0, 4, 0], [0, 0, 0, 0, 7]])

    def test_shapes(self):
        for shape, document in (((), "5"), ((1, ), "[5]"), ((0, ), "[]"), ((0, 3), "[]"), ((3, 0), "[[], [], []]"),
                                ((2, 0, 2), "[[], []]"), ((1, 1, 1), "[[[5]]]"), ((1, 1, 1), "[5]")):
            self.zarrc("create", "a", "--shape", support.dims(shape), "--dtype", "int32", "--overwrite")
            self.zarrc("put", "a", "--format", "json", "-i", "-", stdin=document.encode())
            self.assertEqual(self.raw("a"), int32s(support.count(shape), 5), shape)

    def test_refused_json(self):
        self.array("a", shape=(2, 3), values=int32s(6))
        for text, words in (("", "short"), ("[1, 2, 3, 4, 5]", "fewer than 6"), ("[1, 2, 3, 4, 5, 6, 7]",
                                                                                 "more than 6"),
                            ("[[1, 2, 3]]", "fewer than 2"), ("[[1, 2, 3], [4, 5]]", ["level 1", "fewer than 3"]),
                            ("[[1, 2, 3], [4, 5, 6, 7]]", "more than 3"), ("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]",
                                                                           "more than 2"),
                            ("[[1, 2, 3], 4, 5, 6]", "'[' expected"), ("[[[1, 2, 3], [4, 5, 6]]]", "element 0,0"),
                            ("[1, 2, 3, 4, 5, 6.5]", ["element 1,2", "6.5"]), ("[1, 2, 3, 4, \"x\", 6]", "element 1,1"),
                            ("[1, 2, 3, 4, 5, 9999999999]", "element 1,2"), ("[1, 2, 3, 4, 5 6]", "',' expected"),
                            ("[1, 2, 3, 4, 5, 6", "']' expected"), ("[1, 2, 3, 4, 5, 6]]", "end expected"),
                            ("[1, 2, 3, 4, 5, 6] x", "end expected"), ("[1, 2, 3, 4, 5,, 6]",
                                                                       "value expected"), ("[1, 2, 3, 4, 5, ]", None),
                            ("{\"data\": 1}", "'[' expected"), ("1,2,3,4,5,6", "'[' expected"), ("[1, 2, 3, 4, 5, 6]\0",
                                                                                                 "end expected"),
                            ("[1, 2, 3, 4, 5, tru]", "element 1,2"), ("[1, 2, 3, 4, 5, \"",
                                                                      "value expected"), ("[[[[[[[[[[", None)):
            with self.subTest(text):
                self.refused("put", "a", "--format", "json", "-i", "-", stdin=text.encode(), code=2, says=words or [])
        self.assertEqual(self.raw("a"), int32s(6))

    def test_every_cut_of_a_document(self):
        self.array("a", "complex64", (2, 2), (2, 2))
        text = b'[[[1.5, "NaN"], [0, 1]], [[2, 3], [4, "0x7fc00001"]]]'
        self.zarrc("put", "a", "--format", "json", "-i", "-", stdin=text)
        for n in range(len(text)):
            self.refused("put", "a", "--format", "json", "-i", "-", stdin=text[:n], code=2)

    def test_refused_lines(self):
        self.array("a", shape=(2, 3), values=int32s(6))
        for text, words in (("1\n2\n3\n4\n5\n", "5 lines"), ("1\n2\n3\n4\n5\n6\n7\n", "more lines"),
                            ("1\n" * 5 + "x", "element 1,2"), ("1\n\n3\n4\n5\n6\n",
                                                               "element 0,1"), ("1 2\n3\n4\n5\n6\n7", "element 0,0")):
            self.refused("put", "a", "--format", "lines", "-i", "-", stdin=text.encode(), code=2, says=words)
        self.assertEqual(self.raw("a"), int32s(6))

    def test_memory_is_bounded(self):
        self.array("a", named("fixed_length_utf32", length_bytes=400000), (9, ), (1, ))
        self.refused("put",
                     "a",
                     "--format",
                     "lines",
                     "-i",
                     "-",
                     "--memory",
                     "1M",
                     stdin=b"\n" * 9,
                     code=7,
                     says="--memory")
        self.array("b", shape=(3, ), chunks=(3, ))
        self.refused("put",
                     "b",
                     "--format",
                     "json",
                     "-i",
                     "-",
                     "--memory",
                     "1M",
                     stdin=b"[1,2," + b" " * (1 << 20) + b"3]",
                     code=7)


class Strings(support.Case):
    TEXTS = ["a", "é漢😀", "", 'x,"y"\\n\t\r', "\0", "z" * 1000]

    def make(self, name, texts, *arguments):
        self.zarrc("create", name, "--shape", "2,3", "--dtype", "string", "-c", "1,2", "--overwrite", *arguments)
        self.zarrc("put", name, "--format", "raw", "-i", "-", stdin=framed([t.encode() for t in texts]))

    def test_lines_are_the_text_itself(self):
        self.make("a", self.TEXTS)
        lines = self.zarrc("get", "a", "--format", "lines")
        self.assertEqual(lines.decode(), "".join(t + "\n" for t in self.TEXTS))
        self.make("b", [""] * 6)
        self.zarrc("put", "b", "--format", "lines", "-i", "-", stdin=lines)
        self.assertEqual(self.raw("b"), self.raw("a"))
        self.assertEqual([json.loads(line) for line in self.text("--array_path=a").splitlines()], self.TEXTS)
        fixed = named("fixed_length_utf32", length_bytes=12)
        self.array("c", fixed, (3, ), (2, ))
        self.zarrc("put", "c", "--format", "lines", "-i", "-", stdin="ab\n\né漢😀\n".encode())
        self.assertEqual(json.loads(self.text("get", "c")), ["ab", "", "é漢😀"])
        self.assertEqual(self.text("get", "c", "--format", "lines"), "ab\n\né漢😀\n")

    def test_line_ends_do_not_fit_lines(self):
        self.make("a", ["p", "q\nr", "s", "t", "u", "v"])
        self.zarrc("get", "a", "--format", "lines", "-o", "x.txt", code=5)
        for words in ("line end", "q", "try: --format json"):
            self.assertIn(words, self.said)
        self.assertFalse((self.folder / "x.txt").exists())
        self.no_temporaries()
        self.assertEqual(self.text("get", "a", "-s", "1", "--format", "lines"), "t\nu\nv\n")
        self.assertEqual(json.loads(self.text("get", "a"))[0], ["p", "q\nr", "s"])
        self.assertEqual(json.loads(self.text("--array_path=a").splitlines()[1]), "q\nr")

    def test_json(self):
        self.make("a", ["-"] * 6)
        for document in ([self.TEXTS[:3], self.TEXTS[3:]], self.TEXTS):
            for ascii_only in (True, False):
                self.make("a", ["-"] * 6)
                self.zarrc("put",
                           "a",
                           "--format",
                           "json",
                           "-i",
                           "-",
                           stdin=json.dumps(document, ensure_ascii=ascii_only).encode())
                self.assertEqual(self.raw("a"), framed([t.encode() for t in self.TEXTS]))
        self.zarrc("put", "a", "-s", "1,1:", "--format", "json", "-i", "-", stdin=b'["p", "q\\nr"]')
        self.assertEqual(json.loads(self.text("get", "a", "-s", "1")), [self.TEXTS[3], "p", "q\nr"])

    def test_refused(self):
        self.make("a", self.TEXTS)
        before = self.raw("a")
        for form, text, words in (("json", b'["a", "b", 3, "d", "e", "f"]',
                                   "element 0,2"), ("json", b'["a", "b", "\xff", "d", "e", "f"]', "element 0,2"),
                                  ("json", b'["a", "b", "\\ud800", "d", "e", "f"]',
                                   "element 0,2"), ("lines", b"a\nb\n\xc3\nd\ne\nf\n", ["element 0,2", "UTF-8"]),
                                  ("lines", b"a\nb\n\xed\xa0\x80\nd\ne\nf\n", "UTF-8")):
            self.refused("put", "a", "--format", form, "-i", "-", stdin=text, code=2, says=words)
        self.assertEqual(self.raw("a"), before)

    def test_in_shards(self):
        self.make("a", self.TEXTS, "-s", "2,4")
        self.assertEqual(json.loads(self.text("get", "a")), [self.TEXTS[:3], self.TEXTS[3:]])
        self.zarrc("put", "a", "-s", ":,1", "--format", "lines", "-i", "-", stdin=b"one\ntwo\n")
        self.assertEqual(json.loads(self.text("get", "a", "-s", ":,1")), ["one", "two"])
        self.assertEqual(json.loads(self.text("get", "a", "-s", ":,::2")), [["a", ""], [self.TEXTS[3], self.TEXTS[5]]])
        stored = (self.folder / "a/c/0/0").read_bytes()
        raw = self.zarrc("decode", "--metadata", "a/zarr.json", stdin=stored)
        elements = framed(t.encode() for t in ["a", "one", "", "", self.TEXTS[3], "two", self.TEXTS[5], ""])
        self.assertEqual(raw, elements)
        self.assertEqual(self.zarrc("encode", "--metadata", "a/zarr.json", stdin=raw), stored)


class Bytes(support.Case):
    ELEMENTS = [b"", b"\0\xff", b"abc", b"\n", bytes(range(256)), b"x"]

    def test_every_format(self):
        for spelling in ("bytes", "variable_length_bytes"):
            self.zarrc("create", "a", "--shape", "2,3", "--dtype", spelling, "-c", "2,2", "--overwrite")
            self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=framed(self.ELEMENTS))
            self.assertEqual(self.raw("a"), framed(self.ELEMENTS))
            encoded = [base64.b64encode(e).decode() for e in self.ELEMENTS]
            self.assertEqual(json.loads(self.text("get", "a")), [encoded[:3], encoded[3:]])
            lines = self.text("get", "a", "--format", "lines")
            self.assertEqual([json.loads(line) for line in lines.splitlines()], encoded)
            self.assertEqual(lines, self.text("--array_path=a"))
            for form, text in (("json", json.dumps([encoded[:3],
                                                    encoded[3:]])), ("json", json.dumps(encoded)), ("lines", lines)):
                self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=framed([b"-"] * 6))
                self.zarrc("put", "a", "--format", form, "-i", "-", stdin=text.encode())
                self.assertEqual(self.raw("a"), framed(self.ELEMENTS))
            self.refused("put",
                         "a",
                         "--format",
                         "json",
                         "-i",
                         "-",
                         stdin=b'["", "", "!", "", "", ""]',
                         code=2,
                         says="element 0,2")
            self.refused("get", "a", "-o", "x.npy", code=5, says="--format json")

    def test_single_chunks(self):
        self.zarrc("create", "a", "--shape", "2,3", "--dtype", "bytes", "-c", "2,3")
        raw = framed(self.ELEMENTS)
        self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=raw)
        stored = (self.folder / "a/c/0/0").read_bytes()
        self.assertEqual(self.zarrc("decode", "--metadata", "a/zarr.json", stdin=stored), raw)
        self.assertEqual(self.zarrc("encode", "--metadata", "a/zarr.json", stdin=raw), stored)
