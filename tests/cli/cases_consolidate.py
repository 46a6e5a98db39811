# SPDX-License-Identifier: MIT
"""consolidate, and the verbs that read consolidated metadata."""
import json

import support


class Consolidate(support.Case):

    def hierarchy(self):
        self.zarrc("create", "g.zarr", "--group")
        self.zarrc("create", "g.zarr/a/x", "--shape", "3", "--dtype", "int32", "--fill-value", "7")
        self.zarrc("create", "g.zarr/y", "--shape", "2,2", "--dtype", "float32")

    def paths(self, *options):
        return [node["path"] for node in self.json("ls", "g.zarr", *options)["nodes"]]

    def remove_documents(self):
        for path in ("a/x", "a", "y"):
            (self.folder / "g.zarr" / path / "zarr.json").unlink()

    def test_written_and_read(self):
        self.hierarchy()
        self.assertEqual(self.text("consolidate", "g.zarr"), "g.zarr: zarr.json has the metadata of 3 nodes now\n")
        self.assertEqual(self.json("consolidate", "g.zarr")["nodes"], 3)
        self.assertEqual(self.text("consolidate", "g.zarr", "--check"), "")
        self.assertEqual(self.json("consolidate", "g.zarr", "--check")["differences"], [])
        self.remove_documents()
        self.assertEqual(self.paths(), ["", "a", "a/x", "y"])
        self.assertEqual(self.paths("--no-consolidated"), [""])
        self.assertEqual([child["name"] for child in self.json("info", "g.zarr")["children"]], ["a", "y"])
        self.assertEqual(self.json("info", "g.zarr", "--no-consolidated")["children"], [])
        self.assertEqual(self.json("info", "g.zarr/a/x")["shape"], [3])
        self.assertEqual(json.loads(self.text("get", "g.zarr/a/x")), [7, 7, 7])
        self.refused("get", "g.zarr/a/x", "--no-consolidated", code=3)
        self.refused("info", "g.zarr/a/z", code=3)
        self.assertIn("x", self.text("tree", "g.zarr"))

    def test_copied(self):
        """A copy of nodes without documents has them, and an array can be written to."""
        self.hierarchy()
        self.zarrc("consolidate", "g.zarr")
        self.remove_documents()
        self.zarrc("put", "g.zarr/a/x", "--format", "json", "-i", "-", stdin=b"[1, 2, 3]")
        text = self.text("copy", "g.zarr", "h.zarr", "--other-files")  # its chunks are no other files
        self.assertNotIn("not Zarr", text)
        self.assertIn("consolidated metadata of 1 group were left out", text)
        self.assertEqual(json.loads(self.text("get", "h.zarr/a/x", "--no-consolidated")), [1, 2, 3])
        self.zarrc("copy", "g.zarr", "k.zarr", "--no-consolidated")
        self.assertEqual([node["path"] for node in self.json("ls", "k.zarr")["nodes"]], [""])

    def test_what_is_not_told(self):
        """A copy says what it leaves out because the consolidated metadata do not tell of it."""
        self.hierarchy()
        self.zarrc("consolidate", "g.zarr")
        (self.folder / "g.zarr/new").mkdir()
        (self.folder / "g.zarr/new/zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}')
        self.text("copy", "g.zarr", "h.zarr")
        self.assertIn("note: 1 array or group is not copied, new: consolidated metadata do not tell of it (--no-consolidated), or a folder",
                      self.said)
        done = self.json("copy", "g.zarr", "i.zarr")
        self.assertEqual((done["unlisted"], done["first_unlisted"]), (1, "new"))
        self.assertEqual(self.json("copy", "g.zarr", "j.zarr", "--no-consolidated")["unlisted"], 0)
        self.assertTrue((self.folder / "j.zarr/new/zarr.json").exists())

    def change_attributes(self, node, attributes):
        """Changes the documents of a node, as a program does that knows nothing of consolidated metadata."""
        if (node / "zarr.json").exists():
            document = json.loads((node / "zarr.json").read_text())
            (node / "zarr.json").write_text(json.dumps(document | {"attributes": attributes}))
        else:
            (node / ".zattrs").write_text(json.dumps(attributes))

    def test_what_is_left_out(self):
        """consolidate says what is not in its document, which ls no longer shows then."""
        self.zarrc("create", "g.zarr", "--group", "--zarr-format", "2")
        self.zarrc("create", "g.zarr/x", "--shape", "3", "--dtype", "int32", "--zarr-format", "2")
        self.zarrc("create", "k.zarr", "--shape", "3", "--dtype", "int32")
        (self.folder / "k.zarr").rename(self.folder / "g.zarr/y")
        self.assertEqual(self.paths(), ["", "x", "y"])
        self.assertEqual(self.text("consolidate", "g.zarr"), "g.zarr: .zmetadata has the metadata of 1 node now\n")
        self.assertIn("note: 1 array or group is not in it, y: of another format, or a folder", self.said)
        self.assertEqual(self.paths(), ["", "x"])
        report = self.json("consolidate", "g.zarr")
        self.assertEqual((report["nodes"], report["unlisted"], report["first_unlisted"]), (1, 1, "y"))

    def test_stale(self):
        """A copy says that documents were changed since the metadata were consolidated, in both formats."""
        for options in ((), ("--zarr-format", "2")):
            name = f"g{len(options)}.zarr"
            self.zarrc("create", name, "--group", *options)
            self.zarrc("create", f"{name}/a", "--shape", "3", "--dtype", "int32", *options)
            self.zarrc("create", f"{name}/b", "--shape", "3", "--dtype", "int32", *options)
            self.zarrc("create", f"{name}/h", "--group", *options)
            self.zarrc("consolidate", name)
            self.text("copy", name, f"same-{name}")
            self.assertNotIn("stale", self.said)
            path = self.folder / name / "b" / (".zarray" if options else "zarr.json")
            document = json.loads(path.read_text())
            path.write_text(json.dumps(document | {"shape": [5]}))
            self.text("copy", name, f"copy-{name}")
            self.assertIn("note: consolidated metadata are stale: 1 array or group, b, was copied as they describe it, not as its own "
                          "documents do (--no-consolidated)", self.said)
            report = self.json("copy", name, f"json-{name}")
            self.assertEqual((report["stale"], report["first_stale"]), (1, "b"))
            for node in ("a", "h"):  # attributes of an array, and of a group
                self.change_attributes(self.folder / name / node, {"new": 1})
            self.text("copy", name, f"again-{name}")
            self.assertIn("stale: 3 arrays or groups, such as a, were copied as they describe them", self.said)
            self.assertEqual(self.json("consolidate", name, "--check", code=6)["differences"],
                             [{"path": path, "difference": "other_document"} for path in ("a", "b", "h")])
            (self.folder / name / "h" / (".zgroup" if options else "zarr.json")).unlink()
            self.assertEqual(self.json("copy", name, f"less-{name}")["stale"], 2)
            self.assertEqual(self.json("copy", name, f"no-{name}", "--no-consolidated")["stale"], 0)

    def test_unreadable(self):
        """What only consolidated metadata could tell of is not said to be absent if they cannot be read."""
        self.hierarchy()
        self.zarrc("consolidate", "g.zarr")
        root = self.folder / "g.zarr/zarr.json"
        root.write_text(root.read_text().replace('"a/x": {', '"/x": {'))
        self.assertEqual(json.loads(self.text("get", "g.zarr/a/x")), [7, 7, 7])
        (self.folder / "g.zarr/a/x/zarr.json").unlink()
        for verb in ("get", "info"):
            self.refused(verb, "g.zarr/a/x", code=4, says=["g.zarr/zarr.json: ", "not the path of a node", "--no-consolidated"])
            self.refused(verb, "g.zarr/a/x", "--no-consolidated", code=3)

    def test_differences(self):
        self.hierarchy()
        self.refused("consolidate", "g.zarr", "--check", code=3, says=["no consolidated metadata"])
        self.zarrc("consolidate", "g.zarr")
        x = self.folder / "g.zarr/a/x/zarr.json"
        x.write_text(x.read_text().replace("7", "8"))
        (self.folder / "g.zarr/y/zarr.json").unlink()
        (self.folder / "g.zarr/new").mkdir()
        (self.folder / "g.zarr/new/zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}')
        text = self.text("consolidate", "g.zarr", "--check", code=6)
        self.assertIn("3 nodes are not as the consolidated metadata say", self.said)
        self.assertEqual(text, "y: only in the consolidated metadata\na/x: another document\n"
                         "new: not in the consolidated metadata\n")
        self.zarrc("consolidate", "g.zarr", "--force")
        self.assertEqual(self.text("consolidate", "g.zarr", "--check"), "")

    def test_kept_up_to_date(self):
        """What creates, replaces and copies below a consolidated group."""
        self.hierarchy()
        self.zarrc("consolidate", "g.zarr")
        self.zarrc("create", "g.zarr/b/c/d", "--shape", "3", "--dtype", "int8")
        self.zarrc("copy", "g.zarr/a", "g.zarr/e/a")
        self.zarrc("create", "g.zarr/a", "--group", "--overwrite")
        self.assertEqual(self.paths(), ["", "a", "b", "b/c", "b/c/d", "e", "e/a", "e/a/x", "y"])
        self.assertEqual(self.paths(), self.paths("--no-consolidated"))
        self.assertEqual(self.text("consolidate", "g.zarr", "--check"), "")
        self.zarrc("copy", "g.zarr/y", "g.zarr/e", "--overwrite")
        self.assertEqual(self.paths(), ["", "a", "b", "b/c", "b/c/d", "e", "y"])
        self.assertEqual(self.text("consolidate", "g.zarr", "--check"), "")

    def test_only_described(self):
        """Arrays and groups that have no document of their own any more are neither replaced nor dropped unasked."""
        self.hierarchy()
        self.zarrc("consolidate", "g.zarr")
        self.remove_documents()
        before = (self.folder / "g.zarr/zarr.json").read_text()
        new = ("--shape", "4", "--dtype", "int8")
        self.refused("create", "g.zarr/y", *new, code=10,
                     says=["there is an array or a group already, in the consolidated metadata of the root group"])
        self.refused("create", "g.zarr/a", "--group", code=10, says=["already"])
        self.refused("create", "g.zarr/a/new", *new, code=10, says=["a: has no document of its own"])
        self.array("z")
        self.refused("copy", "z", "g.zarr/y", code=10, says=["already"])
        self.refused("copy", "z", "g.zarr/a/new/z", code=10, says=["a: has no document of its own"])
        self.refused("consolidate", "g.zarr", code=10, says=["3 arrays or groups", "the first is a", "--force"])
        self.assertEqual((self.folder / "g.zarr/zarr.json").read_text(), before)
        self.zarrc("copy", "z", "g.zarr/y", "--overwrite")
        self.zarrc("create", "g.zarr/y", "--overwrite", *new)
        self.assertEqual(self.text("consolidate", "g.zarr", "--force"), "g.zarr: zarr.json has the metadata of 1 node now\n")
        self.assertEqual(self.paths(), ["", "y"])

    def test_refused(self):
        self.hierarchy()
        self.refused("consolidate", "g.zarr/y", code=2, says=["a group is wanted"])
        self.refused("consolidate", "none.zarr", code=3)
        self.assertFalse((self.folder / "none.zarr").exists())
        (self.folder / "g.zarr/y/zarr.json").write_text("{")
        before = (self.folder / "g.zarr/zarr.json").read_text()
        self.refused("consolidate", "g.zarr", code=4, says=["y/zarr.json"])
        self.assertEqual((self.folder / "g.zarr/zarr.json").read_text(), before)
