# SPDX-License-Identifier: MIT
"""copy: from Zarr format 3 to 2, and from 2 to 2."""
import json

import cases_copy
from support import int32s


class Format2(cases_copy.Copy):

    def test_to_and_from(self):
        values = int32s(60)
        self.array("g.zarr/a", "int32", (6, 10), (4, 5), values, "--dimension-names", "y,x", "--codecs", "zstd(1)")
        self.zarrc("create", "g.zarr/h", "--group", "--attributes", '{"h": 1}')
        self.assertIn("format    Zarr 2\n", self.text("copy", "g.zarr", "two.zarr", "-n", "--zarr-format", "2"))
        self.assertFalse((self.folder / "two.zarr").exists())
        done = self.json("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "--check")
        self.assertEqual(done["zarr_format"], 2)
        self.assertEqual(set(self.tree("two.zarr")), {".zgroup", "h/.zgroup", "h/.zattrs", "a/.zarray", "a/.zattrs",
                                                 *(f"a/{y}.{x}" for y in range(2) for x in range(2))})
        self.assertEqual(self.raw("two.zarr/a"), values)
        self.zarrc("copy", "two.zarr", "again.zarr", "--zarr-format", "2", "-q")
        self.assertEqual(self.tree("two.zarr"), self.tree("again.zarr"))
        self.zarrc("copy", "two.zarr", "three.zarr", "-q")
        self.assertEqual(self.raw("three.zarr/a"), values)
        self.assertEqual(self.json("info", "three.zarr/h", "-a")["attributes"], {"h": 1})
        # into a group of format 2, and not into one of format 3
        self.zarrc("copy", "g.zarr/a", "two.zarr/b", "--zarr-format", "2", "--separator", "/", "-q")
        self.assertTrue((self.folder / "two.zarr/b/1/1").exists())
        self.refused("copy", "g.zarr/a", "two.zarr/c", code=10, says="a group of Zarr format 2")
        self.refused("copy", "g.zarr/a", "three.zarr/c", "--zarr-format", "2", code=10, says="a group of Zarr format 3")

    def test_shards(self):
        self.array("g.zarr/a", "int32", (8, ), (2, ), int32s(8), "-s", "4")
        self.refused("copy", "g.zarr", "two.zarr", "--zarr-format", "2", code=5, says=["two.zarr/a: ", "no codec sharding_indexed, and so no shards"])
        self.zarrc("create", "h.zarr", "--group", "--zarr-format", "2")
        self.refused("copy", "g.zarr", "h.zarr/x/y", "--zarr-format", "2", code=5, says="h.zarr/x/y/a: ")
        self.assertEqual({p.name for p in self.folder.iterdir()}, {"g.zarr", "h.zarr"})
        self.zarrc("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "-s", "none", "-q")
        self.assertEqual(self.raw("two.zarr/a"), int32s(8))

    def test_as_it_is(self):
        """What zarrc does not know stays, from format 2 to format 2; so do arrays that nobody can read."""
        document = {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "|u1", "order": "C", "fill_value": None, "filters": None,
                    "compressor": None, "_NCZARR_ARRAY": {"x": 1}}
        for name, more in (("known", {}), ("pickled", {"dtype": "|O", "filters": [{"id": "pickle"}]})):
            (self.folder / "g.zarr" / name).mkdir(parents=True)
            (self.folder / "g.zarr" / name / ".zarray").write_text(json.dumps({**document, **more}))
            (self.folder / "g.zarr" / name / ".zattrs").write_text('{"a": NaN}')
            (self.folder / "g.zarr" / name / "0").write_bytes(b"ab")
        (self.folder / "g.zarr/.zgroup").write_text('{"zarr_format": 2}')
        self.refused("copy", "g.zarr", "three.zarr", code=5, says=["g.zarr/pickled: ", "pickle"])
        self.zarrc("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "-q")
        self.assertEqual({k: json.loads(v) if k.endswith(".zarray") else v for k, v in self.tree("two.zarr").items()},
                         {**{k: json.loads(v) if k.endswith(".zarray") else v for k, v in self.tree("g.zarr").items()},
                          ".zgroup": b'{\n  "zarr_format": 2\n}'})
        self.refused("copy", "g.zarr/pickled", "x", "--zarr-format", "2", "--separator", "/", code=5, says="pickle")

    def test_objects(self):
        """Python values that are no strings: nothing here reads them, but format 2 keeps them."""
        (self.folder / "a.zarr").mkdir()
        document = {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "|O", "order": "C", "fill_value": "", "compressor": None}
        for name, chunk in (("json2", b'["a",7,"|O",[2]]'), ("msgpack2", bytes.fromhex("94a16107a27c4f9102"))):
            (self.folder / "a.zarr/.zarray").write_text(json.dumps({**document, "filters": [{"id": name}]}))
            (self.folder / "a.zarr/1").write_bytes(chunk)
            self.zarrc("copy", "a.zarr", "two.zarr", "--zarr-format", "2", "--overwrite", "--check", "-q")
            self.assertEqual(self.tree("two.zarr")["1"], chunk)
            self.refused("copy", "a.zarr", "three.zarr", code=5, says="element 1 is an integer, and only strings are read")
            (self.folder / "a.zarr/1").write_bytes(b"[" if name == "json2" else chunk[:2])
            self.refused("copy", "a.zarr", f"other-{name}.zarr", "--zarr-format", "2", code=6, says="a.zarr/1")

    def test_null(self):
        """A fill value of null is no value: chunks of zeros stay. In format 3 it becomes 0, and they need not be stored."""
        (self.folder / "a.zarr").mkdir()
        document = {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<f4", "order": "C", "fill_value": None, "compressor": None,
                    "filters": [{"id": "quantize", "digits": 1, "dtype": "<f4"}]}
        for filters in (None, document["filters"]):
            (self.folder / "a.zarr/.zarray").write_text(json.dumps({**document, "filters": filters}))
            (self.folder / "a.zarr/0").write_bytes(bytes(8))
            self.zarrc("copy", "a.zarr", "two.zarr", "--zarr-format", "2", "--overwrite", "-q")
            self.assertEqual(set(self.tree("two.zarr")), {".zarray", "0"})
            self.assertIsNone(json.loads(self.tree("two.zarr")[".zarray"])["fill_value"])
            self.zarrc("copy", "a.zarr", "three.zarr", "--overwrite", "-q")
            self.assertEqual(json.loads(self.tree("three.zarr")["zarr.json"])["fill_value"], 0)
            self.assertEqual(self.raw("three.zarr"), bytes(16))
            self.assertEqual("0" in self.tree("three.zarr"), filters is not None)

    def test_resumed(self):
        values = int32s(60)
        self.array("g.zarr/a", "int32", (6, 10), (4, 5), values, "--attributes", '{"a": 1}')
        self.zarrc("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "-q")
        (self.folder / "two.zarr/a/1.1").unlink()
        self.zarrc("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "--resume", "-q")
        self.assertEqual(self.raw("two.zarr/a"), values)
        (self.folder / "two.zarr/a/.zattrs").write_text('{"a": 2}')
        self.refused("copy", "g.zarr", "two.zarr", "--zarr-format", "2", "--resume", code=10, says="not what this copy would make")
        self.refused("copy", "g.zarr", "two.zarr", "--resume", code=10, says="")
        self.zarrc("copy", "g.zarr", "two.zarr", "--overwrite", "-q")
        self.assertEqual({p.name for p in (self.folder / "two.zarr").iterdir()}, {"zarr.json", "a"})
