# SPDX-License-Identifier: MIT
"""copy: what the plan says, and that it is what happens."""
import json
import os
import random
import re
import struct

import cases_copy
import support
from support import dims, int32s


class Plans(cases_copy.Copy):
    CHAINS = ("bytes,crc32c", "gzip(1)", "bytes", "gzip(1),crc32c")

    def test_dry_run(self):
        self.array("a", shape=(100, 100), chunks=(10, 100), values=int32s(10000))
        text = self.text("copy", "a", "b", "-n", "-c", "100,10", "--codecs", "gzip(1)")
        for word in ("100 x 100", "10,100", "100,10", "gzip(1)", "objects   10", "39.1 KiB", "memory",
                     "reads 10 of 10 stored objects", "writes    11 at most"):
            self.assertIn(word, text)
        self.assertFalse((self.folder / "b").exists())

    def test_one_of_each(self):
        self.array("a", shape=(4, ), chunks=(4, ), values=int32s(4))
        self.assertIn("writes    2 at most", self.text("copy", "a", "b", "-n"))
        self.zarrc("create", "g", "--group")
        self.assertIn("reads     0 objects, 0 B of the source\nwrites    1 at most", self.text("copy", "g", "h", "-n"))
        self.zarrc("copy", "a", "b", "-v")
        self.assertRegex(self.said, r"wrote .* in 1 request\n")

    def test_memory_shapes_the_plan(self):
        self.zarrc("create", "a", "--shape", "1000,1000,100", "--dtype", "float32", "-c", "1,1000,100")
        (self.folder / "a/c").mkdir()
        for i in range(1000):
            (self.folder / "a/c" / str(i) / "0").mkdir(parents=True)
            (self.folder / "a/c" / str(i) / "0" / "0").write_bytes(b"zzzz")
        plans = [
            self.json("copy", "a", "b", "-n", "-c", "1000,10,10", "-T", "2", "--memory", memory)
            for memory in ("4M", "64M", "256M", "2G")
        ]
        reads = [plan["arrays"][0]["reads"] for plan in plans]
        self.assertEqual(reads, sorted(reads, reverse=True))
        self.assertEqual(reads[-1], 1000)
        for plan, memory in zip(plans, (4, 64, 256, 2048)):
            self.assertLessEqual(plan["memory"], memory << 20)

    @support.needs_library("zlib")
    def test_plans_are_exact(self):
        """Objects that are opened are those of the plan, whatever the grids and the memory; so are the bytes that are read,
        where the plan says so: if no part of a chunk can be read."""
        random.seed(5)
        exact = 0
        for i in range(12):
            shape = [random.randrange(40, 120) for _ in range(2)] + [40]
            chunks = [random.randrange(5, 60) for _ in range(2)] + [40]
            others = [random.randrange(5, 60) for _ in range(2)] + [random.randrange(10, 40)]
            self.zarrc("create", "a", "--overwrite", "--shape", dims(shape), "--dtype", "float64", "-c", dims(chunks),
                       "--codecs", self.CHAINS[i % len(self.CHAINS)])
            for _ in range(5):
                start = [random.randrange(n) for n in shape]
                select = ",".join(f"{s}:{s + 1}" for s in start)
                self.zarrc("put", "a", "-s", select, "--format", "raw", "-i", "-", stdin=struct.pack("<d", 1.5))
            arguments = ["-c", dims(others), "--memory", random.choice(["1M", "2M", "8M"]), "-T", "1", "--codecs", "bytes"]
            done = self.run_command("copy", "a", "b", "--overwrite", "-n", "--json", *arguments)
            if done.returncode == 7:
                continue
            plan = json.loads(done.stdout)["arrays"][0]
            did = self.json("copy", "a", "b", "--overwrite", *arguments)
            self.assertTrue(plan["reads_exact"])
            self.assertEqual(plan["reads"], did["read"]["objects"], (shape, chunks, others, arguments))
            self.assertGreaterEqual(plan["read_nbytes"], did["read"]["nbytes"])
            self.assertEqual(plan["read_nbytes_exact"], "gzip" in self.CHAINS[i % len(self.CHAINS)])
            if plan["read_nbytes_exact"]:
                exact += plan["reads"] > plan["source_objects"]
                self.assertEqual(plan["read_nbytes"], did["read"]["nbytes"])
            self.assertGreaterEqual(plan["reads"], plan["source_objects"])
            self.assertEqual(self.raw("a"), self.raw("b"))
        self.assertGreater(exact, 0)

    @support.needs_library("zlib")
    def test_bytes_that_are_the_most(self):
        """Of plain chunks only the wanted parts are read: the plan says that its bytes are the most."""
        self.array("a", "int16", (40, 50, 50), (1, 50, 50), os.urandom(2 * 40 * 50 * 50), "--codecs", "bytes")
        few = ["-c", "40,5,5", "-T", "1", "--memory", "1M", "-n"]
        self.assertRegex(self.text("copy", "a", "b", *few), r"stored objects, at most .* of 195\.3 KiB\n[^$]*objects, at most .* of the source")
        self.zarrc("copy", "a", "z", "-q", "--codecs", "gzip(1)")
        self.assertNotIn("at most", re.search(r"reads .*", self.text("copy", "z", "b", *few)).group(0))

    def test_reads_of_more_than_once(self):
        """The plan says so, and what memory spares it; a copy that reads more than twice its source says it too."""
        data = os.urandom(8 * 200 * 200 * 4)
        self.array("a", "int32", (8, 200, 200), (1, 200, 200), data)
        few = ["-c", "8,10,10", "-T", "1", "--memory", "1M"]
        text = self.text("copy", "a", "b", "-n", *few)
        self.assertRegex(text, r"reads \d+ of 8 stored objects, .* of 1\.2 MiB\n +more than once.*; --memory \d+M reads each")
        memory = re.search(r"--memory (\d+M)", text).group(1)
        self.zarrc("copy", "a", "b", *few)
        self.assertRegex(self.said, r"\Azarrc: note: up to .* are read of a source of 1\.2 MiB, .*try: --memory \d+M\n")
        plan = self.json("copy", "a", "c", "-n", *few[:4], "--memory", memory)["arrays"][0]
        self.assertEqual((plan["reads"], plan["source_objects"]), (8, 8))
        self.zarrc("copy", "a", "c", *few[:4], "--memory", memory)
        self.assertEqual(self.said, "")

    def test_costs_go_by_what_is_stored(self):
        """10^8 chunks of which two are there."""
        self.zarrc("create", "a", "--shape", "100000000,100", "--dtype", "int32", "-c", "100,1", "--fill-value", "3")
        for start in (12345, 99999999):
            self.zarrc("put", "a", "-s", f"{start}:{start + 1},7", "--format", "raw", "-i", "-", stdin=int32s(1, 5))
        for arguments in ([], ["-c", "50,10"], ["-c", "1000,7", "--check"]):
            plan = self.json("copy", "a", "b", "-n", "--overwrite", *arguments)
            self.assertLess(plan["arrays"][0]["regions"], 100)
            d = self.json("copy", "a", "b", "--overwrite", *arguments)
            self.assertEqual((d["read"]["objects"], plan["arrays"][0]["reads"]), (2, 2))
            for start in (12345, 99999999):
                self.assertEqual(self.raw("b", "-s", f"{start},7"), int32s(1, 5))
                self.assertEqual(self.raw("b", "-s", f"{start},8"), int32s(1, 3))

    def test_chunks_behind_links(self):
        """A folder of chunks may be a link: it is copied as it is read; one that leads out is no missing chunk."""
        self.zarrc("create", "g.zarr", "--group")
        self.array("g.zarr/real", shape=(4, 4), chunks=(1, 1), values=int32s(16, 1))
        (self.folder / "g.zarr/real/c/2").rename(self.folder / "g.zarr/two")
        (self.folder / "g.zarr/real/c/2").symlink_to("../../two")
        self.zarrc("copy", "g.zarr/real", "b", "-q", "-c", "2,2")
        self.assertEqual(self.raw("b"), int32s(16, 1))
        (self.folder / "g.zarr/two").rename(self.folder / "outside")
        (self.folder / "g.zarr/real/c/2").unlink()
        (self.folder / "g.zarr/real/c/2").symlink_to("../../../outside")
        self.refused("copy", "g.zarr/real", "d", "-q", "-c", "2,2", code=13, says=["link", "--follow-links"])
        self.zarrc("copy", "g.zarr/real", "d", "-q", "-c", "2,2", "--follow-links", "--overwrite")
        self.assertEqual(self.raw("d"), int32s(16, 1))

    def test_children_behind_links(self):
        """A child that is a link out of the store is no missing child."""
        self.zarrc("create", "g.zarr", "--group")
        self.array("elsewhere", values=int32s(20))
        (self.folder / "g.zarr/x").symlink_to("../elsewhere")
        self.refused("copy", "g.zarr", "h.zarr", code=13, says=["x", "link", "--follow-links"])
        self.assertFalse((self.folder / "h.zarr").exists())
        self.zarrc("copy", "g.zarr", "h.zarr", "-q", "--follow-links")
        self.assertEqual(self.raw("h.zarr/x"), int32s(20))

    def test_shards_are_encoded_in_batches(self):
        """A region of one shard is held, and what is encoded of it at once: not the whole shard once more."""
        self.zarrc("create", "a", "--shape", "512,512,256", "--dtype", "uint16", "-c", "64,64,64")
        plan = self.json("copy", "a", "b", "-n", "-c", "32,32,32", "-s", "256,256,256", "-T", "2", "--memory", "48M")
        self.assertLessEqual(plan["memory"], 48 << 20)
        self.assertGreater(plan["memory"], 32 << 20)
        self.refused("copy", "a", "b", "-n", "-c", "256,256,256", "-s", "none", "-T", "2", "--memory", "48M", code=7,
                     says=["MiB", "--memory"])

    def test_progress_lines(self):
        self.array("a", shape=(100, ), chunks=(1, ), values=int32s(100, 1))
        self.zarrc("copy", "a", "b", "-q", "-T", "1")
        self.assertEqual(self.said, "")
        self.zarrc("copy", "a", "c", "--progress=always", "-T", "1")
        lines = self.said.splitlines()
        self.assertEqual([re.match(r"copy: (\d+)% \d+/100 chunks", line).group(1) for line in lines],
                         [str(i) for i in range(10, 101, 10)])
        self.zarrc("copy", "a", "d", "--progress=never")
        self.assertEqual(self.said, "")

    def test_summary(self):
        self.array("a", values=int32s(20))
        self.assertRegex(self.text("copy", "a", "b"),
                         r"\A1 array, 0 groups: 80 B -> \d+ B \(\S+x\) in 4 objects, \d+\.\d\d s, .*\n\Z")
        self.assertEqual(self.text("copy", "a", "c", "-q"), "")
        self.text("copy", "a", "d", "-v")
        self.assertRegex(self.said, r"\Aread .* in \d+ requests\nwrote .* in 4 requests\nmemory .*\n\Z")
