# SPDX-License-Identifier: MIT
"""create, info, ls and tree."""
import json
import os
import re
import struct
import subprocess

import support
from support import int32s

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}


def codec(name, **configuration):
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


class Create(support.Case):

    def test_columns_of_attributes(self):
        for attributes, place in (('{"a": 1, b}', "line 1, column 10"), ('{"a": 1,\n "b": tru}', "line 2, column 7")):
            array = ["create", "a", "--shape", "4", "--dtype", "int32", "--attributes", attributes]
            self.refused(*array, code=2, says=f"attributes: {place}: ")
            self.refused("create", "g", "--group", "--attributes", attributes, code=2, says=f"attributes: {place}: ")

    def test_metadata(self):
        self.zarrc("create", "a", "--shape", "100, 200", "--dtype", "float32", "-c", "10,20", "--codecs", "zstd(1)",
                   "--fill-value", "NaN", "--dimension-names", "y,", "--attributes", '{"z": 1.50, "a": [1e3, "é"]}',
                   "--key-encoding", "v2", "--separator", "/")
        text = (self.folder / "a/zarr.json").read_text()
        document = json.loads(text)
        self.assertEqual(document["shape"], [100, 200])
        self.assertEqual(document["data_type"], "float32")
        self.assertEqual(document["chunk_grid"], codec("regular", chunk_shape=[10, 20]))
        self.assertEqual(document["chunk_key_encoding"], codec("v2", separator="/"))
        self.assertEqual(document["fill_value"], "NaN")
        self.assertEqual(document["dimension_names"], ["y", None])
        self.assertIn("1.50", text)
        self.assertIn("1e3", text)
        self.assertEqual(json.loads(text)["attributes"], {"z": 1.5, "a": [1000, "é"]})

    def test_fill_values(self):
        for dtype, fill, want in (("int32", "5", 5), ("int8", "-5", -5), ("float64", "1e3", 1000.0),
                                  ("float32", "-Infinity",
                                   "-Infinity"), ("bool", "true", True), ("complex64", '[1.0, "NaN"]', [1.0, "NaN"]),
                                  ("float32", '"NaN"', "NaN"), ("float32", "0x7fc00001", "0x7fc00001"),
                                  ('{"name": "fixed_length_utf32", "configuration": {"length_bytes": 12}}', "ab",
                                   "ab")):
            self.zarrc("create", "a", "--shape", "3", "--dtype", dtype, "--fill-value", fill, "--overwrite")
            self.assertEqual(self.json("info", "a")["fill_value"], want)
        for dtype, fill in (("int8", "300"), ("int32", "1.5"), ("bool", "maybe"), ("complex64", "1")):
            self.refused("create", "b", "--shape", "3", "--dtype", dtype, "--fill-value", fill, code=2, says="fill")

    def test_conflicts(self):
        self.array("a", values=int32s(20))
        self.refused("create", "a", "--shape", "4", "--dtype", "int8", code=10, says=["a", "try: --overwrite"])
        self.refused("create", "a", "--group", code=10, says="--overwrite")
        self.assertEqual(self.raw("a"), int32s(20))
        self.zarrc("create", "a", "--shape", "3", "--dtype", "int8", "--overwrite")
        self.assertEqual(self.raw("a"), bytes(3))
        self.assertEqual(sorted(p.name for p in (self.folder / "a").iterdir()), ["zarr.json"])

    def test_bad_metadata_overwrites_nothing(self):
        self.array("a", values=int32s(20))
        self.refused("create",
                     "a",
                     "--shape",
                     "3",
                     "--dtype",
                     "int8",
                     "--codecs",
                     "gzip(77)",
                     "--overwrite",
                     code=2,
                     says="level")
        self.assertEqual(self.raw("a"), int32s(20))

    def test_numpy_dtypes(self):
        """Format 3 has other names, which are hinted at; format 2 has NumPy's."""
        for dtype, hint in ((">i2", "--dtype int16 --codecs 'bytes(big)'"), ("<f4", "--dtype float32"), ("f4", "--dtype float32"), ("?", "--dtype bool"),
                            ("|S5", "--zarr-format 2"), ('[["a", "<i4"], ["b", ">f4"]]', "--zarr-format 2")):
            self.refused("create", "a", "--shape", "4", "--dtype", dtype, code=2, says=["unknown data type", f"try: {hint}"])
            self.assertFalse((self.folder / "a").exists())
            self.zarrc("create", "b", "--shape", "4", "--dtype", dtype, "--zarr-format", "2", "--overwrite")
            expected = {"f4": "<f4", "?": "|b1"}.get(dtype, dtype)
            made = json.loads((self.folder / "b/.zarray").read_text())["dtype"]
            self.assertEqual(made, json.loads(expected) if expected[0] == "[" else expected)
        self.assertNotIn("try:", self.refused("create", "a", "--shape", "4", "--dtype", "i3", code=2, says="unknown data type"))

    def test_refused(self):
        for arguments, words in ((["--dtype", "int8"], "--shape"), (["--shape", "3"], "--dtype"),
                                       (["--shape", "3", "--dtype",
                                         "int7"], "int7"), (["--shape", "x", "--dtype", "int8"],
                                                               "'x'"), (["--shape", "-1", "--dtype", "int8"], "-1"),
                                       (["--shape", "3", "--dtype", "int8", "-c",
                                         "0"], "--chunks"), (["--shape", "3", "--dtype", "int8", "-c",
                                                                 "1,1"], "--chunks"),
                                       (["--shape", "3,3", "--dtype", "int8", "--dimension-names",
                                         "x"], "--dimension-names"), (["--shape", "1,,1", "--dtype",
                                                                          "int8"], "--shape"),
                                       (["--shape", "3", "--dtype", "int8", "--attributes", "[1]"],
                                        "attributes"), (["--shape", "3", "--dtype", "int8", "--attributes",
                                                         "{"], ""),
                                       (["--shape", "99999999999999999999", "--dtype",
                                         "int8"], "999"), (["--shape", ",".join(["1"] * 33), "--dtype",
                                                               "int8"], "32")):
            with self.subTest(arguments):
                done = self.run_command("create", "b", *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr.decode())
        self.assertFalse((self.folder / "b/zarr.json").exists())

    def test_groups_and_what_lies_in_them(self):
        self.zarrc("create", "g.zarr", "--group", "--attributes", '{"a": 1}')
        self.zarrc("create", "g.zarr/x/y", "--shape", "3", "--dtype", "int8")
        self.assertEqual([n["path"] for n in self.json("ls", "g.zarr")["nodes"]], ["", "x", "x/y"])
        self.assertEqual(self.json("info", "g.zarr", "-a")["attributes"], {"a": 1})
        done = self.run_command("create", "g.zarr/x/y/z", "--shape", "3", "--dtype", "int8")
        self.assertEqual(done.returncode, 10)

    def test_chunks_that_blosc_cannot_encode(self):
        """A frame of blosc holds 2147483631 bytes: what could never be written is not made."""
        self.refused("create", "a", "--shape", 2**31, "--dtype", "uint8", "-c", 2**31, "--codecs",
                     "blosc(lz4,1,noshuffle,1,0)", code=7, says=["2147483648", "blosc encodes 2147483631 at most"])
        self.refused("create", "a", "--shape", 2**32, "--dtype", "uint8", "-s", 2**32, "-c", 2**31, "--codecs",
                     "blosc(lz4,1,noshuffle,1,0)", code=7, says=["inner chunks", "2147483631"])
        self.assertFalse((self.folder / "a").exists())
        self.zarrc("create", "a", "--shape", 2**31, "--dtype", "uint8", "-c", 2**31 - 17, "--codecs",
                   "blosc(lz4,1,noshuffle,1,0)")

    def test_chunks_that_are_too_large(self):
        """Elements are limited to 8 GiB at once: what could never be written is not made. A shard may be larger."""
        new = ["create", "a", "--shape", "10", "--dtype", "uint8", "--codecs", "bytes"]
        says = ["9000000000 bytes", "8589934592", "smaller chunks"]
        self.refused(*new, "-c", "9000000000", code=7, says=says)
        self.refused(*new, "-c", "9000000000", "-s", "18000000000", code=7, says=["inner chunks", *says])
        self.refused(*new, "-c", "9000000000", "--zarr-format", "2", code=7, says=says)
        self.assertFalse((self.folder / "a").exists())
        self.zarrc(*new, "-c", "1000000000", "-s", "18000000000")
        self.zarrc("put", "a", "--format", "json", "-i", "-", stdin=b"[0,1,2,3,4,5,6,7,8,9]")
        self.assertEqual(self.raw("a"), bytes(range(10)))
        self.zarrc("create", "b", "--shape", "10", "--dtype", "uint8", "-c", 1 << 33)

    def test_below_plain_folders_of_a_group(self):
        """Folders without a node do not hide the group above a new node."""
        for name, other in (("old/.zgroup", '{"zarr_format": 2}'), ("new/zarr.json", '{"zarr_format": 3, "node_type": "group"}')):
            (self.folder / name).parent.joinpath("a/b").mkdir(parents=True)
            (self.folder / name).write_text(other)
        self.refused("create", "old/a/b/x", "--shape", "4", "--dtype", "int8", code=10, says=[".zgroup", "can lie below it"])
        self.refused("create", "old/a/b/x", "--group", code=10, says=[".zgroup", "can lie below it"])
        self.assertEqual(list((self.folder / "old/a/b").iterdir()), [])
        self.zarrc("create", "old/a/b/x", "--shape", "4", "--dtype", "int8", "--zarr-format", "2")
        self.zarrc("create", "new/a/b/x", "--shape", "4", "--dtype", "int8")
        for name in ("old", "new"):
            self.assertEqual([each["path"] for each in self.json("ls", name)["nodes"]], ["", "a", "a/b", "a/b/x"])
        (self.folder / "plain/a").mkdir(parents=True)
        self.zarrc("create", "plain/a/x", "--shape", "4", "--dtype", "int8")
        self.assertEqual([p.name for p in (self.folder / "plain").iterdir()], ["a"])

    def test_below_a_group_of_format_2(self):
        for name in ("old/.zgroup", "array/.zarray"):
            (self.folder / name).parent.mkdir()
            (self.folder / name).write_text('{"zarr_format": 2}')
            for extra in ([], ["--overwrite"]):
                for below in ("new", "deep/new"):
                    self.refused("create", f"{name[:-8]}/{below}", "--shape", "4", "--dtype", "int8", *extra, code=10,
                                 says=[name[-7:], "can lie below it",
                                       "an array" if name == "array/.zarray" else "a group of Zarr format 2"])
            self.assertEqual([p.name for p in (self.folder / name).parent.iterdir()], [name[-7:]])

    def test_names_of_documents(self):
        """A node called like a document would take the place of that of the group above it."""
        self.zarrc("create", "g", "--group", "--zarr-format", "2")
        for name in (".zattrs", ".zarray", ".zgroup/a", "b/.zmetadata", "zarr.json/foo"):
            self.refused("create", f"g/{name}", "--group", "--zarr-format", "2", code=2, says="as documents are")
        self.zarrc("create", "h", "--group")
        self.refused("create", "h/zarr.json/a", "--shape", "4", "--dtype", "int8", code=2, says="as documents are")
        self.zarrc("create", "h/.zattrs", "--group")
        self.assertEqual([p.name for p in (self.folder / "g").iterdir()], [".zgroup"])

    def test_notes(self):
        """Chains that others cannot open: said when the array is made, and by info."""
        shard = codec("sharding_indexed", chunk_shape=[3, 2], codecs=[LITTLE], index_codecs=[LITTLE])
        chain = json.dumps([codec("transpose", order=[1, 0]), shard])
        arguments = ["--shape", "4,6", "--dtype", "int32", "-c", "4,6", "--codecs", chain]
        self.zarrc("create", "a", *arguments)
        self.assertRegex(self.said, r"\Azarrc: note: [^\n]*zarr-python[^\n]*\n\Z")
        self.assertIn("note:", self.text("info", "a"))
        self.assertIn("zarr-python", self.json("info", "a")["notes"][0])
        self.array("c")
        self.assertEqual(self.json("info", "c")["notes"], [])
        self.assertNotIn("note:", self.text("info", "c"))

    def test_bent_rules(self):
        """What violates the specification is read and told once, on standard error; --strict refuses it."""
        self.zarrc("create", "g", "--group")
        for name in "ab":
            self.array(f"g/{name}", values=int32s(20))
            path = self.folder / "g" / name / "zarr.json"
            document = json.loads(path.read_text())
            document["codecs"][0] = "bytes"
            path.write_text(json.dumps(document))
        self.assertEqual(self.raw("g/a"), int32s(20))
        self.assertRegex(self.said, r"\Azarrc: note: g/a: /codecs: bytes: [^\n]* little-endian\n\Z")
        self.raw("g/a", "-q")
        self.assertEqual(self.said, "")
        self.assertIn("little-endian", self.json("info", "g/a")["notes"][0])
        self.assertEqual(self.said, "")
        self.assertEqual(self.text("info", "g/a").count("little-endian\n"), 1)
        self.zarrc("tree", "g")
        self.assertEqual(self.said.count("note: "), 2)
        self.assertIn("note: other arrays have the same\n", self.said)
        self.refused("get", "g/a", "--strict", code=4, says="configuration.endian")
        (self.folder / "g/a/zarr.json").write_bytes(b"\xef\xbb\xbf" + (self.folder / "g/b/zarr.json").read_bytes().replace(
            b'"bytes"', b'{"name": "bytes", "configuration": {"endian": "little"}}'))
        self.refused("copy", "g/a", "c", "--strict", code=4, says=["byte order mark", "RFC 8259"])
        self.zarrc("copy", "g", "c", "-q")
        self.zarrc("get", "c/a", "--strict")
        # a mistake in what is given is no old document
        self.refused("create", "d", "--shape", "4", "--dtype", "int32", "--codecs", '["bytes"]', code=2, says="endian")

    def test_no_notes_about_what_was_filled_in(self):
        """Notes are about what is stored: the chain that was given may leave out what the document has."""
        for i, chain in enumerate(["blosc(zstd,5,shuffle),crc32c", json.dumps([LITTLE, {"name": "gzip"}])]):
            self.zarrc("create", f"a{i}", "--shape", "4,6", "--dtype", "int32", "-c", "2,3", "--codecs", chain)
            self.assertEqual(self.said, "")
            self.assertEqual(self.json("info", f"a{i}")["notes"], [])

    def test_json(self):
        document = self.json("create", "a", "--shape", "3", "--dtype", "int8")
        self.assertEqual((document["node_type"], document["metadata"]["shape"]), ("array", [3]))
        (self.folder / "attributes.json").write_text('{"from": "a file"}')
        document = self.json("create", "g", "--group", "--attributes", "@attributes.json")
        self.assertEqual((document["node_type"], document["metadata"]["attributes"]), ("group", {"from": "a file"}))


class Info(support.Case):

    def test_array(self):
        self.array("a", "int16", (10, 7), (4, 3), bytes(range(140)), "--dimension-names", "y,x", "--attributes",
                   '{"unit": "K"}', "--codecs", "bytes")
        text = self.text("info", "a", "--stored", "-a")
        for word in ("a: array", "y=10 x x=7", "int16", "140 B", "4 x 3", "3 x 3", "9", "24 B", "bytes(little)",
                     "216 B", "9 of 9 objects", '{"unit": "K"}'):
            self.assertIn(word, text)
        d = self.json("info", "a", "--stored", "-a")
        self.assertEqual((d["shape"], d["data_type"], d["fill_value"], d["dimension_names"], d["nitems"], d["nbytes"]),
                         ([10, 7], "int16", 0, ["y", "x"], 70, 140))
        self.assertEqual(d["chunks"], {"shape": [4, 3], "grid": [3, 3], "count": 9, "nbytes": 24})
        self.assertIsNone(d["shards"])
        self.assertEqual((d["stored"]["objects"], d["stored"]["objects_possible"], d["stored"]["nbytes"]), (9, 9, 216))
        self.assertEqual(d["attributes"], {"unit": "K"})
        self.assertEqual(d["codecs"], [LITTLE])

    def test_data_types(self):
        time = {"unit": "s", "scale_factor": 10}
        fields = [{"name": "a", "data_type": "int16"}, {"name": "b", "data_type": codec("fixed_length_utf32", length_bytes=8)}]
        for dtype, want in (("bool", "bool"), ("r24", "raw_bytes[3]"), (codec("numpy.datetime64", **time), "numpy.datetime64[10s]"),
                            (codec("numpy.timedelta64", unit="ns", scale_factor=1), "numpy.timedelta64[ns]"),
                            (codec("null_terminated_bytes", length_bytes=5), "null_terminated_bytes[5]"),
                            (codec("fixed_length_utf32", length_bytes=12), "fixed_length_utf32[3]"), ("string", "string"),
                            (codec("struct", fields=fields), "struct{a: int16, b: fixed_length_utf32[2]}")):
            dtype = dtype if isinstance(dtype, str) else json.dumps(dtype)
            self.zarrc("create", "a", "--shape", "4", "-c", "2", "--dtype", dtype, "--overwrite")
            self.assertRegex(self.text("info", "a"), rf"data type +{re.escape(want)}(,|\n)")
            self.assertEqual(self.text("ls", "a"), f".  4  {want}\n")

    def test_objects_are_chunks_of_the_grid(self):
        for encoding, separator in (("default", "/"), ("default", "."), ("v2", "."), ("v2", "/")):
            self.array("a", "int8", (4, 4), (2, 2), bytes([1] * 16), "--codecs", "bytes", "--key-encoding", encoding,
                       "--separator", separator, "--overwrite", "--force")
            for stray in ("c.9.9", "notes.txt", "c.0", "00.0", "0.0.0"):
                (self.folder / "a" / stray).write_bytes(b"12345")
            stored = self.json("info", "a", "--stored")["stored"]
            self.assertEqual((stored["objects"], stored["nbytes"], stored["other_keys"]), (4, 16, 5),
                             (encoding, separator))

    def test_what_killed_writers_left_is_counted(self):
        self.array("a", "int8", (4, 4), (2, 2), bytes([1] * 16), "--codecs", "bytes")
        process = subprocess.Popen(["true"])
        process.wait()
        left = self.folder / f"a/c/0/.0.{process.pid}.0123456789abcdef.tmp"
        self.assertNotIn("temporary", self.text("info", "a", "--stored"))
        left.write_bytes(bytes(3_000_000))
        (self.folder / f"a/.zarr.json.{os.getpid()}.0123456789abcdef.tmp").write_bytes(bytes(5))  # being written
        self.assertRegex(self.text("info", "a", "--stored"), "temporary +(3.0 MB|2.9 MiB) in 1 file of writers that were killed\n")
        self.assertNotIn("temporary", self.text("info", "a"))
        stored = self.json("info", "a", "--stored")["stored"]
        self.assertEqual([stored[k] for k in ("objects", "other_keys", "temporary_files", "temporary_nbytes")], [4, 0, 1, 3_000_000])
        node = self.json("ls", "a", "-l")["nodes"][0]
        self.assertEqual((node["stored_objects"], node["temporary_files"], node["temporary_nbytes"]), (4, 1, 3_000_000))
        self.assertIn(b"writers that were killed have left 1 temporary file, ", self.run_command("ls", "a", "-l").stderr)
        self.assertTrue(left.exists())

    def test_rank_0_and_no_elements(self):
        self.array("a", "float64", (), (), bytes(8))
        d = self.json("info", "a")
        self.assertEqual((d["shape"], d["chunks"]["count"], d["nitems"]), ([], 1, 1))
        self.text("info", "a", "--stored", "-a")
        self.array("b", "float64", (0, 3), (1, 3))
        d = self.json("info", "b", "--stored")
        self.assertEqual((d["chunks"]["count"], d["nbytes"], d["stored"]["objects"]), (0, 0, 0))

    def test_very_large(self):
        self.zarrc("create", "a", "--shape", ",".join(["9000000000000000000"] * 4), "--dtype", "int8", "-c", "1,1,1,1")
        self.assertIn("very many", self.text("info", "a", "--stored"))
        d = self.json("info", "a", "--stored")
        for count in (d["nitems"], d["nbytes"], d["objects"], d["chunks"]["count"], d["stored"]["objects_possible"]):
            self.assertIsNone(count)
        self.assertIn("9000000000000000000", self.text("ls", "a", "-l"))

    def test_very_large_ones_together(self):
        self.zarrc("create", "g", "--group")
        for name in ("g/a", "g/b"):
            self.zarrc("create", name, "--shape", ",".join(["9000000000000000000"] * 4), "--dtype", "int8", "-c",
                       "1,1,1,1")
        self.assertIn("objects   very many", self.text("copy", "g", "h", "-n"))
        d = self.json("copy", "g", "h", "-n")
        self.assertEqual((d["objects"], d["nbytes"], d["arrays"][1]["regions"]), (None, None, None))

    def test_documents_keep_values_and_drop_blanks(self):
        attributes = '{"a b" : [1 , "x, \\"y\\" :  z\\\\" ,\n{ }] }'
        self.zarrc("create", "a", "--shape", "1", "--dtype", "int8", "--attributes", attributes)
        text = self.text("info", "a", "-a", "--json")
        self.assertEqual(json.loads(text)["attributes"], json.loads(attributes))
        self.assertIn('"attributes": {"a b": [1, "x, \\"y\\" :  z\\\\", {}]}', text)
        self.assertIn('"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}', text)

    def test_what_does_not_go_together(self):
        self.refused("create", "g", "--group", "--shape", "3", code=2, says="--group and --shape")
        self.refused("create", "g", "--group", "--codecs", "gzip", code=2, says="--group and --codecs")
        self.array("a")
        self.assertNotIn("--overwrite", self.refused("create", "a/g", "--group", code=10, says="a/zarr.json: an array"))
        self.refused("get", "a", "-T", "9999", code=2, says="--threads: '9999'")
        self.refused("get", "a", "--memory", "1Q", code=2, says="--memory: '1Q'")

    def test_stored_of_a_group(self):
        self.zarrc("create", "g", "--group")
        self.refused("info", "g", "--stored", code=2, says=["a group", "try: zarrc ls -l g"])
        self.refused("info", "g", "--stored", "-a", code=2, says="a group")

    def test_format_2(self):
        folder = self.folder / "a"
        folder.mkdir()
        (folder / ".zarray").write_text("{}")
        self.refused("info", "a", code=4, says="a/.zarray: /zarr_format: is missing")
        document = {"zarr_format": 2, "shape": [4, 3], "chunks": [2, 3], "dtype": ">i2", "order": "F", "fill_value": None,
                    "filters": None, "compressor": None, "_NCZARR_ARRAY": {"x": 1}}
        (folder / ".zarray").write_text(json.dumps(document))
        (folder / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["y", "x"]}')
        (folder / "0.0").write_bytes(bytes([0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]))
        self.assertIn("a: array, Zarr format 2", self.text("info", "a"))
        info = self.json("info", "a", "-a")
        self.assertEqual([info[key] for key in ("zarr_format", "data_type", "fill_value", "dimension_names", "attributes")],
                         [2, "int16", 0, ["y", "x"], {"_ARRAY_DIMENSIONS": ["y", "x"]}])
        self.assertEqual(info["chunk_key_encoding"], {"name": "v2", "configuration": {"separator": "."}})
        self.assertEqual(self.json("info", "a", "--stored")["stored"]["other_keys"], 0)
        self.assertEqual(self.text("get", "a", "--format", "csv").split(), ["1,2,3", "4,5,6", "0,0,0", "0,0,0"])
        self.assertEqual(self.zarrc("decode", "--metadata", "a/.zarray", "-i", "a/0.0", "-o", "-"),
                         struct.pack("<6h", 1, 2, 3, 4, 5, 6))
        self.zarrc("copy", "a", "b", "-q")
        copied = json.loads((self.folder / "b/zarr.json").read_text())
        self.assertEqual((copied["zarr_format"], copied["dimension_names"], copied["attributes"]),
                         (3, ["y", "x"], {"_ARRAY_DIMENSIONS": ["y", "x"]}))
        self.assertEqual((self.folder / "b/0.0").read_bytes(), (folder / "0.0").read_bytes())
        self.refused("create", "a", "--group", code=10, says=["a/.zarray: there is", "try: --overwrite"])

    def test_new_of_format_2(self):
        self.zarrc("create", "g.zarr/a", "--shape", "4,6", "--dtype", "float32", "-c", "2,6", "--codecs", "gzip(3)", "--order", "F",
                   "--zarr-format", "2", "--dimension-names", "y,x", "--attributes", '{"a": 1}', "--fill-value", "null")
        self.assertEqual(sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob(".z*")),
                         ["g.zarr/.zgroup", "g.zarr/a/.zarray", "g.zarr/a/.zattrs"])
        self.assertEqual(
            json.loads((self.folder / "g.zarr/a/.zarray").read_text()), {
                "zarr_format": 2, "shape": [4, 6], "chunks": [2, 6], "dtype": "<f4", "order": "F", "fill_value": None, "filters": None,
                "compressor": {"id": "gzip", "level": 3}, "dimension_separator": "."
            })
        self.assertEqual(json.loads((self.folder / "g.zarr/a/.zattrs").read_text()), {"a": 1, "_ARRAY_DIMENSIONS": ["y", "x"]})
        values = struct.pack("<24f", *range(24))
        self.zarrc("put", "g.zarr/a", "--format", "raw", "-i", "-", stdin=values)
        self.assertTrue((self.folder / "g.zarr/a/1.0").exists())
        self.assertEqual(self.raw("g.zarr/a"), values)
        self.zarrc("create", "g.zarr/b", "--group", "--zarr-format", "2")
        self.assertEqual(self.json("info", "g.zarr")["zarr_format"], 2)
        self.refused("create", "g.zarr/c", "--group", code=10, says="a group of Zarr format 2: no node of format 3 can lie below it")
        array = ["create", "h.zarr", "--shape", "4", "--dtype", "int32", "--zarr-format", "2"]
        self.refused(*array, "-s", "4", code=2, says="no codec sharding_indexed, and so no shards")
        self.refused(*array, "--key-encoding", "default", code=2, says="chunk keys")
        self.refused(*array, "--dimension-names", "x", "--attributes", '{"_ARRAY_DIMENSIONS": ["y"]}', code=2, says="dimension names")
        self.refused("create", "h.zarr", "--group", "--order", "F", code=2, says="--group and --order")
        self.assertFalse((self.folder / "h.zarr").exists())

    def test_order(self):
        values = struct.pack("<6h", *range(6))
        self.zarrc("create", "a", "--shape", "2,3", "--dtype", "int16", "--order", "F", "--codecs", "bytes(big)")
        self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=values)
        self.assertEqual((self.folder / "a/c/0/0").read_bytes(), struct.pack(">6h", 0, 3, 1, 4, 2, 5))
        self.assertEqual(self.raw("a"), values)
        self.zarrc("create", "s", "--shape", "2,3", "--dtype", "int16", "--order", "F", "-s", "2,3", "-c", "2,3")
        self.zarrc("put", "s", "--format", "raw", "-i", "-", stdin=values)
        self.assertEqual(self.raw("s"), values)

    def test_group(self):
        self.zarrc("create", "g", "--group")
        self.zarrc("create", "g/b", "--group")
        self.array("g/a")
        text = self.text("info", "g")
        self.assertIn("g: group", text)
        self.assertLess(text.index("a\n"), text.index("b/\n"))
        d = self.json("info", "g")
        self.assertEqual(d["children"], [{"name": "a", "node_type": "array"}, {"name": "b", "node_type": "group"}])

    def test_attributes_keep_their_text(self):
        attributes = '{"b":1.000, "a" : [ ], "big": 123456789012345678901234567890, "nan": NaN}'
        self.zarrc("create", "a", "--shape", "1", "--dtype", "int8", "--attributes", attributes)
        for word in ("1.000", "123456789012345678901234567890", "NaN"):
            self.assertIn(word, self.text("info", "a", "-a"))
        self.zarrc("copy", "a", "b", "-q")
        for word in ("1.000", "123456789012345678901234567890", "NaN"):
            self.assertIn(word, self.text("info", "b", "-a"))


class Listing(support.Case):

    def hierarchy(self):
        self.zarrc("create", "g.zarr", "--group")
        self.zarrc("create", "g.zarr/b/c", "--group")
        self.array("g.zarr/b/c/x", values=int32s(20))
        self.array("g.zarr/a", "float64", (100, ), (10, ))
        self.zarrc("create", "g.zarr/z", "--group")

    def test_ls(self):
        self.hierarchy()
        lines = self.text("ls", "g.zarr").splitlines()
        self.assertEqual([line.split()[0] for line in lines], [".", "a", "b/", "b/c/", "b/c/x", "z/"])
        self.assertIn("4 x 5  int32", lines[4])
        self.assertEqual([line.split()[0] for line in self.text("ls", "g.zarr", "-d", "1").splitlines()],
                         [".", "a", "b/", "z/"])
        self.assertEqual(self.text("ls", "g.zarr", "-d", "0"), ".\n")
        self.assertEqual([line.split()[0] for line in self.text("ls", "g.zarr/b").splitlines()], [".", "c/", "c/x"])
        longer = self.text("ls", "g.zarr", "-l")
        self.assertIn("2,3", longer)
        self.assertIn("#", longer)
        self.assertIn("4 x 5", self.text("ls", "g.zarr/b/c/x"))

    def test_tree(self):
        self.hierarchy()
        want = ["g.zarr", "|-- a", "|-- b/", "|   `-- c/", "|       `-- x", "`-- z/"]
        lines = self.text("tree", "g.zarr").splitlines()
        for line, start in zip(lines, want):
            self.assertTrue(line.startswith(start), line)
        self.assertEqual(len(lines), len(want))
        self.assertIn("\u2514\u2500\u2500 z/", self.text("tree", "g.zarr", env={"LANG": "C.UTF-8"}))
        self.assertNotIn("\u2514", self.text("tree", "g.zarr", env={"LANG": "C.UTF-8", "LC_ALL": "C"}))

    def test_json(self):
        self.hierarchy()
        nodes = self.json("ls", "g.zarr", "-l")["nodes"]
        self.assertEqual([n["path"] for n in nodes], ["", "a", "b", "b/c", "b/c/x", "z"])
        self.assertEqual(
            (nodes[4]["shape"], nodes[4]["data_type"], nodes[4]["chunk_shape"], nodes[4]["stored_objects"]),
            ([4, 5], "int32", [2, 3], 4))
        self.assertEqual(self.json("tree", "g.zarr", "-l")["nodes"], nodes)

    def test_a_damaged_array_does_not_hide_the_others(self):
        self.hierarchy()
        path = self.folder / "g.zarr/a/zarr.json"
        path.write_text(path.read_text().replace('"float64"', '65'))
        text = self.text("ls", "g.zarr", code=4)
        self.assertIn("data_type", text)
        self.assertIn("b/c/x", text)
        self.assertRegex(self.said, r"\Azarrc: g.zarr/a/zarr.json: [^\n]*data_type[^\n]*\n\Z")
        nodes = self.json("ls", "g.zarr", code=4)["nodes"]
        self.assertEqual(nodes[1]["error"]["code"], "INVALID_METADATA")
        self.assertEqual(json.loads(self.said)["error"]["key"], "a/zarr.json")

    def test_unknown_types_and_codecs(self):
        """What is not known keeps elements from being read, not the array from being shown."""
        self.hierarchy()
        a, x = self.folder / "g.zarr/a/zarr.json", self.folder / "g.zarr/b/c/x/zarr.json"
        a.write_text(a.read_text().replace('"float64"', '"float65"'))
        document = {**json.loads(x.read_text()), "codecs": [LITTLE, codec("nix", level=1)], "attributes": {"b": 1}}
        x.write_text(json.dumps(document))
        self.assertIn("float65", self.text("ls", "g.zarr"))
        self.assertIn("float65", self.text("tree", "g.zarr", "-l"))
        nodes = self.json("ls", "g.zarr")["nodes"]
        self.assertEqual([n["node_type"] for n in nodes], ["group", "array", "group", "group", "array", "group"])
        self.assertEqual((nodes[1]["data_type"], nodes[4]["error"]["code"]), ("float65", "UNSUPPORTED"))
        text = self.text("info", "g.zarr/b/c/x", "-a", "--stored")
        for words in ("4 x 5", "2 x 3", "int32", "nix", '"b"', "cannot be read: ", "4 of 4 objects"):
            self.assertIn(words, text)
        info = self.json("info", "g.zarr/a")
        self.assertEqual((info["data_type"], info["nbytes"], info["error"]["code"]), ("float65", None, "UNSUPPORTED"))
        self.assertIn("float65", self.text("info", "g.zarr/a"))
        self.refused("get", "g.zarr/a", code=5, says="float65")

    def test_unreadable_children_do_not_hide_the_others(self):
        self.hierarchy()
        for key, text in (("b/bad/zarr.json", "{"), ("b/old/.zgroup", "{}"), ("b/v2/.zgroup", '{"zarr_format": 2}'),
                          ("z/zarr.json", '{"zarr_format": 3, "node_type": "group", "attributes": []}')):
            (self.folder / "g.zarr" / key).parent.mkdir(exist_ok=True)
            (self.folder / "g.zarr" / key).write_text(text)
        for verb in ("ls", "tree"):
            lines = self.text(verb, "g.zarr", "-l", code=4).splitlines()
            self.assertEqual([line.split()[0 if verb == "ls" else -1] for line in lines if "unreadable" not in line][:1],
                             ["." if verb == "ls" else "g.zarr"])
            self.assertEqual(len(lines), 9, lines)
            self.assertEqual([line.split()[0] for line in lines if "unreadable: " in line],
                             ["b/bad", "b/old"] if verb == "ls" else ["|", "|"])
            self.assertEqual(len([line for line in lines if "4 x 5" in line]), 1)
            self.assertEqual(len([line for line in lines if "z/" in line and "/attributes" in line]), 1)
            self.assertRegex(self.said, r"\Azarrc: g.zarr/b/bad/zarr.json: [^\n]*\(2 others cannot be read either\)\n\Z")
        nodes = {node["path"]: node for node in self.json("ls", "g.zarr", code=4)["nodes"]}
        self.assertEqual(json.loads(self.said)["error"]["code"], "INVALID_METADATA")
        self.assertEqual([(p, n["node_type"], n["error"]["code"]) for p, n in nodes.items() if "error" in n],
                         [("b/bad", "unreadable", "INVALID_METADATA"), ("b/old", "unreadable", "INVALID_METADATA"),
                          ("z", "group", "INVALID_METADATA")])
        self.assertEqual(nodes["b/c/x"]["shape"], [4, 5])
        self.assertEqual(len(self.text("ls", "g.zarr", "-d", "1").splitlines()), 4)  # not looked at: not complained of
        self.refused("copy", "g.zarr", "h.zarr", code=4, says="b/bad/zarr.json")
        self.assertFalse((self.folder / "h.zarr").exists())
        (self.folder / "g.zarr/b/bad/zarr.json").unlink()
        self.refused("copy", "g.zarr", "h.zarr", code=4, says="b/old/.zgroup: /zarr_format")
        self.text("ls", "g.zarr/z", code=4)
        self.refused("ls", "g.zarr/b/old", code=4, says="zarr_format")

    def test_info_of_a_group_with_unreadable_children(self):
        self.hierarchy()
        (self.folder / "g.zarr/old").mkdir()
        (self.folder / "g.zarr/old/.zarray").write_text("{}")
        text = self.text("info", "g.zarr", "-a", code=4)
        for words in ("  a\n", "  b/\n", "  old  unreadable: ", "  z/\n", "attributes"):
            self.assertIn(words, text)
        self.assertRegex(self.said, r"\Azarrc: g.zarr/old/.zarray: /zarr_format[^\n]*\n\Z")
        children = self.json("info", "g.zarr", code=4)["children"]
        self.assertEqual([(c["name"], c["node_type"]) for c in children],
                         [("a", "array"), ("b", "group"), ("old", "unreadable"), ("z", "group")])
        self.assertEqual(children[2]["error"]["code"], "INVALID_METADATA")

    def test_links_in_a_circle(self):
        self.zarrc("create", "g.zarr", "--group")
        self.array("g.zarr/a", values=int32s(20))
        for name in ("one", "two"):
            (self.folder / "g.zarr" / name).symlink_to(".")
        for verb in ("ls", "tree"):
            text = self.text(verb, "g.zarr", code=13)
            self.assertEqual(len(text.splitlines()), 4)
            self.assertIn("link to a group above it", text)
        self.assertEqual(self.text("ls", "g.zarr/a", code=0).count("\n"), 1)

    def test_a_link_out_of_the_store(self):
        self.zarrc("create", "g.zarr", "--group")
        self.array("a", values=int32s(20))
        (self.folder / "g.zarr/y").symlink_to(self.folder / "a")
        for verb in ("ls", "tree", "info"):
            text = self.text(verb, "g.zarr", code=13)
            self.assertIn("link leads out of the store", text)
            self.assertIn("try: --follow-links", self.said)
            self.assertNotIn("link leads", self.text(verb, "g.zarr", "--follow-links"))
        self.refused("copy", "g.zarr", "b.zarr", code=13, says=["link", "--follow-links"])
        self.assertEqual(self.raw("g.zarr/y"), int32s(20))  # the URL itself may lead through links

    def test_stored_follows_links(self):
        self.array("a", values=int32s(20), chunks=(4, 5))
        whole = self.json("info", "a", "--stored")
        (self.folder / "a/c").rename(self.folder / "a/elsewhere")
        (self.folder / "a/c").symlink_to("elsewhere")
        (self.folder / "a/elsewhere").rename(self.folder / "objects")
        (self.folder / "a/c").unlink()
        (self.folder / "a/c").symlink_to("../objects")
        self.assertEqual(self.json("info", "a", "--stored", "--follow-links")["stored"], whole["stored"])
        self.refused("info", "a", "--stored", code=13, says=["link", "--follow-links"])

    def test_a_folder_without_permission(self):
        self.hierarchy()
        folder = self.folder / "g.zarr/b/c"
        folder.chmod(0)
        self.addCleanup(folder.chmod, 0o755)
        if os.access(folder, os.R_OK):
            self.skipTest("root may read everything")
        text = self.text("ls", "g.zarr", code=13)
        self.assertEqual([line.split()[0] for line in text.splitlines()], [".", "a", "b/", "b/c", "z/"])
        self.assertIn("unreadable: ", text)
