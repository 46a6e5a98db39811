# SPDX-License-Identifier: MIT
"""verify: finds what is wrong, and changes nothing."""
import json
import os

import support


def everything(folder):
    """All files and folders with their bytes and times."""
    return {str(p): (p.read_bytes() if p.is_file() else None, os.lstat(p).st_mtime_ns, os.lstat(p).st_ctime_ns, os.lstat(p).st_ino)
            for p in sorted(folder.rglob("*"))}


class Verify(support.Case):

    def findings(self, *arguments, code):
        lines = self.text("verify", "--json", *arguments, code=code).splitlines()
        found = [json.loads(line) for line in lines]
        for each in found:
            self.assertEqual(list(each), ["severity", "key", "chunk", "inner", "byte", "codec", "what", "fix"])
        return found

    def places(self, *arguments, code):
        return [(f["severity"], f["key"], f["chunk"], f["inner"]) for f in self.findings(*arguments, code=code)]

    def sharded(self, name):
        self.array(name, "int32", (4, 6), (2, 2), support.int32s(24, 1), "--shards", "4,6", "--codecs", "crc32c")

    def test_undamaged(self):
        self.array("g.zarr/a", values=support.int32s(20))
        self.sharded("g.zarr/s")
        before = everything(self.folder)
        self.assertRegex(self.text("verify", "g.zarr", "--deep"),
                         r"\Ag.zarr: 3 nodes, 5 chunks decoded, 6 entries of shard indices, [0-9.]+ (Ki)?B: 0 faults, 0 notes\n\Z")
        self.assertEqual(self.text("verify", "g.zarr/a", "-q"), "")
        self.assertEqual(self.findings("g.zarr", code=0), [])
        self.assertEqual(everything(self.folder), before)

    def test_faults(self):
        self.array("a.zarr", "int32", (4, 5), (2, 3), support.int32s(20), "--codecs", "bytes")
        self.sharded("g.zarr/s")
        self.zarrc("create", "g.zarr/b", "--shape", "3", "--dtype", "int8")
        (self.folder / "a.zarr/c/0/0").write_bytes(b"short")
        (self.folder / "a.zarr/notes.txt").write_text("what is this?")
        (self.folder / "a.zarr/c/0/.1.4242.0123456789abcdef.tmp").write_bytes(b"")
        (self.folder / "a.zarr/c/1/1").unlink()
        (self.folder / "a.zarr/c/1/1").mkdir()
        before = everything(self.folder)
        self.assertEqual(self.places("a.zarr", code=1),
                         [("note", "c/0/.1.4242.0123456789abcdef.tmp", None, None), ("fault", "c/0/0", [0, 0], None),
                          ("fault", "c/1/1", [1, 1], None), ("fault", "notes.txt", None, None)])
        text = self.text("verify", "a.zarr", code=1)
        self.assertIn("fault: c/0/0: chunk 0,0: it has 5 bytes, and must have 24; write the chunk again", text)
        self.assertTrue(text.endswith(": 3 faults, 1 note\n"), text)
        shard = bytearray((self.folder / "g.zarr/s/c/0/0").read_bytes())
        shard[25] ^= 1  # the second in the order of Morton
        (self.folder / "g.zarr/s/c/0/0").write_bytes(shard)
        self.assertEqual(self.places("g.zarr", code=0), [])
        [fault] = self.findings("g.zarr", "--deep", code=1)
        self.assertEqual((fault["key"], fault["chunk"], fault["inner"], fault["byte"], fault["codec"]),
                         ("s/c/0/0", [0, 0], [1, 0], 20, "crc32c"))
        (self.folder / "g.zarr/b/zarr.json").write_text("{")
        self.assertEqual([p[:2] for p in self.places("g.zarr", code=1)], [("fault", "b/zarr.json")])
        (self.folder / "g.zarr/b/zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))
        self.assertEqual({k: v for k, v in everything(self.folder).items() if "a.zarr" in k}, {k: v for k, v in before.items() if "a.zarr" in k})

    def test_format_2(self):
        self.array("a.zarr", "int32", (4, 5), (2, 3), support.int32s(20), "--zarr-format", "2", "--codecs", "numcodecs.zlib(level=1)")
        self.assertEqual(self.places("a.zarr", "--deep", code=0), [])
        (self.folder / "a.zarr/0.1").write_bytes(b"no stream of zlib")
        (self.folder / "a.zarr/7.0").write_bytes(b"off the grid")
        self.assertEqual(self.places("a.zarr", "--deep", code=1),
                         [("fault", "0.1", [0, 1], None), ("fault", "7.0", None, None)])

    def test_going_on(self):
        self.array("a.zarr", values=support.int32s(20))
        for key in ("0/0", "0/1", "1/0"):
            (self.folder / "a.zarr/c" / key).write_bytes(b"x")
        self.assertEqual([p[1] for p in self.places("a.zarr", "--after", "c/0/0", "-j", "1", code=1)], ["c/0/1", "c/1/0"])
        self.assertEqual(self.places("a.zarr", "--after", "c/1/1", code=0), [])

    def test_refused(self):
        self.refused("verify", "nothing.zarr", code=3)
        (self.folder / "empty").mkdir()
        self.refused("verify", "empty", code=3)
        self.refused("verify", "empty", "--jobs", "x", code=2)

    def test_memory(self):
        """A chunk that does not fit is no fault, and nothing is left out in silence."""
        self.zarrc("create", "a.zarr", "--shape", "4000000", "--dtype", "int64", "--chunks", "4000000", "--codecs", "gzip(1)")
        self.zarrc("put", "a.zarr", "--format", "raw", "-i", "-", stdin=b"\1" * 32000000)
        self.refused("verify", "a.zarr", "--deep", "--memory", "8M", code=7, says="--memory")
        self.assertEqual(self.places("a.zarr", "--deep", "--memory", "100M", code=0), [])
