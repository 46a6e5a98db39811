# SPDX-License-Identifier: MIT
"""verify and digest: find what is wrong, and change nothing."""
import hashlib
import json
import os
import shutil
import subprocess

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
        self.refused("verify", "empty", "--jobs", "x", code=2, says="--jobs: 'x'")

    def test_memory(self):
        """A chunk that does not fit is no fault, and nothing is left out in silence."""
        self.zarrc("create", "a.zarr", "--shape", "4000000", "--dtype", "int64", "--chunks", "4000000", "--codecs", "gzip(1)")
        self.zarrc("put", "a.zarr", "--format", "raw", "-i", "-", stdin=b"\1" * 32000000)
        self.refused("verify", "a.zarr", "--deep", "--memory", "8M", code=7, says="--memory")
        self.assertEqual(self.places("a.zarr", "--deep", "--memory", "100M", code=0), [])


class Digest(support.Case):

    def setUp(self):
        super().setUp()
        self.array("g.zarr/a", values=support.int32s(20))
        if b"libcrypto" in self.run_command("digest", "g.zarr").stderr:
            self.skipTest("no libcrypto")
        self.array("g.zarr/s", "int32", (4, 6), (2, 2), support.int32s(24, 1), "--shards", "4,6", "--codecs", "crc32c")

    def digest(self, url, *arguments):
        return self.json("digest", url, "-o", "file", *arguments)

    def findings(self, code):
        return [json.loads(line) for line in
                self.text("verify", "g.zarr", "--digest", "file", "--json", code=code).splitlines()]

    def test_the_same_bytes(self):
        first = self.digest("g.zarr")
        self.assertEqual((first["keys"], first["inner_chunks"], first["values"]), (8, 6, None))
        lines = self.text("digest", "g.zarr")
        self.assertEqual(lines, (self.folder / "file").read_text())
        self.zarrc("copy", "-q", "g.zarr", "h.zarr")
        self.assertEqual(self.digest("h.zarr")["root"], first["root"])
        self.assertEqual(self.digest("g.zarr/a")["keys"], 5)
        self.assertIn("root", self.text("digest", "g.zarr", "-o", "other"))

    def test_other_tools_read_it(self):
        self.digest("g.zarr")
        if not shutil.which("sha256sum"):
            self.skipTest("no sha256sum")
        done = subprocess.run(["sha256sum", "--check", "--quiet", "../file"], cwd=self.folder / "g.zarr", capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        for line in (self.folder / "file").read_text().splitlines():
            if not line.startswith("#"):
                value, key = line.split("  ", 1)
                self.assertEqual(hashlib.sha256((self.folder / "g.zarr" / key).read_bytes()).hexdigest(), value)

    def test_the_root(self):
        """As RFC 6962 says, over the lines."""
        root = self.digest("g.zarr")["root"]
        lines = [line.encode() for line in (self.folder / "file").read_text().splitlines() if not line.startswith("#")]

        def tree(leaves):
            if len(leaves) == 1:
                return hashlib.sha256(b"\0" + leaves[0]).digest()
            k = 1 << (len(leaves) - 1).bit_length() - 1
            return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()

        self.assertEqual(tree(lines).hex(), root)

    def test_changes_are_found(self):
        self.digest("g.zarr")
        self.assertEqual(self.findings(0), [])
        a = self.folder / "g.zarr/a/c"
        one, two = (a / "0/0").read_bytes(), (a / "0/1").read_bytes()
        (a / "0/0").write_bytes(two)
        (a / "0/1").write_bytes(one)
        (a / "1/1").unlink()
        self.zarrc("put", "g.zarr/s", "-s", "0:2,0:2", "--format", "raw", "-i", "-", stdin=support.int32s(4, 99))
        found = self.findings(1)
        self.assertEqual([(f["key"], f["chunk"], f["inner"]) for f in found],
                         [("a/c/0/0", [0, 0], None), ("a/c/0/1", [0, 1], None), ("a/c/1/1", [1, 1], None), ("s/c/0/0", [0, 0], [0, 0])])
        self.assertIn("not there any more", found[2]["what"])

    def test_values(self):
        first = self.digest("g.zarr", "--values")["values"]
        self.zarrc("copy", "-q", "g.zarr", "h.zarr", "-c", "3,2", "-s", "none", "--codecs", "gzip(1)")
        self.assertEqual(self.digest("h.zarr", "--values")["values"], first)
        self.zarrc("copy", "-q", "h.zarr", "k.zarr", "--zarr-format", "2")
        self.assertEqual(self.digest("k.zarr", "--values")["values"], first)
        self.zarrc("put", "k.zarr/a", "-s", "0,0", "--format", "raw", "-i", "-", stdin=support.int32s(1, 7))
        self.assertNotEqual(self.digest("k.zarr", "--values")["values"], first)

    def test_refused(self):
        self.refused("digest", "nothing.zarr", code=3)
        self.zarrc("digest", "g.zarr", "--json", code=2)
        self.assertIn("-o FILE", self.said)
        (self.folder / "file").write_text("no digest\n")
        self.refused("verify", "g.zarr", "--digest", "file", code=4, says="no digest")
        self.refused("verify", "g.zarr", "--digest", "absent", code=3)
