# SPDX-License-Identifier: MIT
"""migrate: to Zarr format 3 and back, in place."""
import json
import struct
import subprocess

import support


class Migrate(support.Case):

    def setUp(self):
        super().setUp()
        self.values = struct.pack("<60i", *range(60))
        self.zarrc("create", "h.zarr", "--group", "--zarr-format", "2", "--attributes", '{"r": 1}')
        self.zarrc("create", "h.zarr/g/a", "--shape", "6,10", "--dtype", "int32", "-c", "4,5", "--codecs", "gzip(1)", "--order", "F",
                   "--zarr-format", "2", "--dimension-names", "y,x", "--fill-value", "null")
        self.zarrc("put", "h.zarr/g/a", "--format", "raw", "-i", "-", stdin=self.values)

    def tree(self):
        root = self.folder / "h.zarr"
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    def test_there_and_back(self):
        before = self.tree()
        text = self.text("migrate", "h.zarr", "-n")
        self.assertEqual(text.splitlines(), ["write   g/a/zarr.json", "write   g/zarr.json", "write   zarr.json",
                                             "1 array, 2 groups: 3 documents would be written, 0 removed"])
        self.assertEqual(self.tree(), before)
        text = self.text("migrate", "h.zarr")
        self.assertIn("1 array, 2 groups: 3 documents written, 0 removed\n", text)
        self.assertIn("stay until --remove-v2-metadata", text)
        after = self.tree()
        self.assertEqual({k: v for k, v in after.items() if not k.endswith("zarr.json")}, before)
        info = self.json("info", "h.zarr/g/a")
        self.assertEqual((info["zarr_format"], info["dimension_names"]), (3, ["y", "x"]))
        self.assertEqual(self.raw("h.zarr/g/a"), self.values)
        done = self.json("migrate", "h.zarr", "--zarr-format", "2")
        self.assertEqual([done[k] for k in ("zarr_format", "arrays", "groups", "migrated", "written", "removed", "dry_run")],
                         [2, 1, 2, 3, 0, 3, False])
        self.assertEqual(self.tree(), before)
        self.assertEqual(self.text("migrate", "h.zarr", "--remove-v2-metadata", "-q"), "")
        self.assertEqual({k for k in self.tree() if "." in k.split("/")[-1][:1] or k.endswith("json")},
                         {"zarr.json", "g/zarr.json", "g/a/zarr.json"})
        self.assertEqual(self.raw("h.zarr/g/a"), self.values)

    def test_changed(self):
        self.zarrc("migrate", "h.zarr", "-q")
        (self.folder / "h.zarr/.zattrs").write_text('{"r": 2}')
        self.refused("migrate", "h.zarr", "--remove-v2-metadata", code=10, says=["no longer say the same", "--force"])
        before = self.tree()
        self.refused("migrate", "h.zarr", "--zarr-format", "2", code=10, says=["no longer say the same", "--force to replace"])
        self.assertEqual(self.tree(), before)
        self.zarrc("migrate", "h.zarr", "--zarr-format", "2", "-q", "--force")
        self.assertEqual(json.loads((self.folder / "h.zarr/.zattrs").read_text()), {"r": 1})

    def test_fields_of_both_byte_orders(self):
        """Format 3 has one byte order for all fields of a struct: nothing is written, not even of other arrays."""
        (self.folder / "h.zarr/z").mkdir()
        (self.folder / "h.zarr/z/.zarray").write_text(json.dumps({
            "zarr_format": 2, "shape": [2], "chunks": [2], "dtype": [["a", "<i2"], ["b", ">i2"]], "order": "C", "filters": None,
            "compressor": None, "fill_value": None}))
        (self.folder / "h.zarr/z/0").write_bytes(struct.pack("<h", 1) + struct.pack(">h", 2) + struct.pack("<h", 3) + struct.pack(">h", -4))
        before = self.tree()
        for more in ([], ["-n"], ["--remove-v2-metadata"]):
            self.refused("migrate", "h.zarr", *more, code=5, says=["h.zarr/z: ", "the fields have both byte orders"])
            self.assertEqual(self.tree(), before)
        self.assertEqual(self.raw("h.zarr/z"), struct.pack("<4h", 1, 2, 3, -4))
        self.zarrc("copy", "h.zarr", "three.zarr", "-q")
        self.assertEqual(self.raw("three.zarr/z"), struct.pack("<4h", 1, 2, 3, -4))
        self.assertNotIn("field_order", (self.folder / "three.zarr/z/zarr.json").read_text())

    def test_consolidated(self):
        """Consolidated metadata go there and back, and what does not is told."""
        self.zarrc("consolidate", "h.zarr")
        before = self.tree()
        end = "1 array, 2 groups: 3 documents would be written, 0 removed; 1 group has consolidated metadata"
        self.assertEqual(self.text("migrate", "h.zarr", "-n").splitlines()[-1], end)
        self.assertEqual(self.tree(), before)
        done = self.json("migrate", "h.zarr", "--remove-v2-metadata")
        self.assertEqual([done[k] for k in ("consolidated", "dropped")], [1, 0])
        self.assertEqual(set(json.loads(self.tree()["zarr.json"])["consolidated_metadata"]["metadata"]), {"g", "g/a"})
        self.zarrc("consolidate", "h.zarr", "--check")
        self.assertIn("write   .zmetadata\n", self.text("migrate", "h.zarr", "-n", "--zarr-format", "2"))
        self.zarrc("migrate", "h.zarr", "--zarr-format", "2", "-q")
        self.zarrc("consolidate", "h.zarr", "--check")
        self.assertEqual(set(json.loads(self.tree()[".zmetadata"])["metadata"]), {".zgroup", ".zattrs", "g/.zgroup", "g/a/.zarray", "g/a/.zattrs"})
        # format 3 has none any more, and says something else: the old .zmetadata goes
        self.zarrc("migrate", "h.zarr", "-q")
        document = json.loads(self.tree()["zarr.json"])
        (self.folder / "h.zarr/zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"r": 5}}))
        self.assertIn("consolidated_metadata", document)
        self.zarrc("migrate", "h.zarr", "--zarr-format", "2", "--force")
        self.assertIn("note: consolidated metadata of 1 group were of format 2 only, and are removed", self.said)
        self.assertNotIn(".zmetadata", self.tree())

    def test_members(self):
        """What format 3 has no place for is not removed unasked."""
        document = self.folder / "h.zarr/g/a/.zarray"
        document.write_text(json.dumps({**json.loads(document.read_text()), "_NCZARR_ARRAY": {}, "Attr1": 1}))
        for way in ((), ("-n", )):
            self.refused("migrate", "h.zarr", "--remove-v2-metadata", *way, code=10,
                         says=["h.zarr/g/a: its .zarray says what format 3 has no place for: _NCZARR_ARRAY, Attr1", "--force to remove"])
        self.zarrc("migrate", "h.zarr", "-q")
        self.refused("migrate", "h.zarr", "--remove-v2-metadata", code=10, says="_NCZARR_ARRAY, Attr1")
        self.zarrc("migrate", "h.zarr", "--remove-v2-metadata", "--force", "-q")
        self.assertFalse(document.exists())

    def test_part_by_link(self):
        """A part of a hierarchy stays one by another path."""
        before = self.tree()
        (self.folder / "link").symlink_to("h.zarr/g")
        (self.folder / "deep").symlink_to("h.zarr/g/a")
        for url in ("link", "deep", "link/", "h.zarr/g/a/../../g"):
            self.refused("migrate", url, code=10, says="a group of Zarr format 2")
        (self.folder / "whole").symlink_to("h.zarr")
        self.assertEqual(self.tree(), before)
        self.zarrc("migrate", "whole", "-q")
        self.assertIn("g/a/zarr.json", self.tree())

    def test_plain_folder(self):
        """What lies below a folder that is no group is left as it is, and said."""
        (self.folder / "h.zarr/plain/er").mkdir(parents=True)
        (self.folder / "h.zarr/g").rename(self.folder / "h.zarr/plain/er/g")
        before = self.tree()
        done = self.json("migrate", "h.zarr", "-n")
        self.assertEqual((done["written"], done["unlisted"], done["first_unlisted"]), (1, 2, "plain/er/g"))
        self.zarrc("migrate", "h.zarr")
        self.assertIn("note: 2 arrays or groups are not migrated, such as plain/er/g: a folder above is no group\n", self.said)
        self.assertEqual(set(self.tree()) - set(before), {"zarr.json"})
        self.zarrc("copy", "h.zarr", "copy.zarr")
        self.assertIn("note: 2 arrays or groups are not copied, such as plain/er/g: consolidated", self.said)
        self.zarrc("migrate", "h.zarr/plain/er/g", "-q")
        self.assertEqual(self.json("copy", "h.zarr", "again.zarr")["unlisted"], 2)

    def test_both_ways_at_once(self):
        """One of two migrations that meet is refused: else each removes the documents that the other has found."""
        self.zarrc("migrate", "h.zarr", "-q")
        for _ in range(20):
            both = [subprocess.Popen([support.COMMAND, "migrate", "h.zarr", "-q", *way], cwd=self.folder, stderr=subprocess.DEVNULL)
                    for way in (["--remove-v2-metadata"], ["--zarr-format", "2"])]
            self.assertTrue({process.wait(60) for process in both} <= {0, 10})
            self.assertEqual(self.raw("h.zarr/g/a"), self.values)
            self.zarrc("migrate", "h.zarr", "-q")
            self.assertEqual([p.name for p in self.folder.iterdir()], ["h.zarr"])

    def test_refused(self):
        before = self.tree()
        self.refused("migrate", "h.zarr/g", code=10, says="h.zarr: a group of Zarr format 2")
        self.refused("migrate", "none.zarr", code=3, says="no such directory")
        self.assertFalse((self.folder / "none.zarr").exists())
        self.refused("migrate", "h.zarr", "--zarr-format", "2", "--remove-v2-metadata", code=2, says="made and removed")
        (self.folder / "h.zarr/z").mkdir()
        (self.folder / "h.zarr/z/.zarray").write_text(
            json.dumps({**json.loads(before["g/a/.zarray"]), "dtype": "|O", "filters": [{"id": "pickle"}]}))
        self.refused("migrate", "h.zarr", code=5, says=["h.zarr/z/.zarray", "pickle"])
        (self.folder / "h.zarr/z/.zarray").unlink()
        self.assertEqual(self.tree(), before)
        self.array("new.zarr", "int32", (4, ), (2, ))
        self.refused("migrate", "new.zarr", "--zarr-format", "2", code=5, says="chunk keys begin with c/")
