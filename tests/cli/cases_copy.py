# SPDX-License-Identifier: MIT
"""copy: other chunks, codecs and keys; hierarchies; resume, check, dry runs; what is refused; interruption."""
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time

import support
from support import count, dims, int32s


class Copy(support.Case):

    def tree(self, name):
        """Every file below a folder and its bytes."""
        root = self.folder / name
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}

    def chunks(self, name):
        return {key for key in self.tree(name) if not key.endswith("zarr.json")}


class Arrays(Copy):

    def test_other_chunks(self):
        random.seed(11)
        for i in range(30):
            rank = i % 5
            shape = [random.randrange(1, 12) for _ in range(rank)]
            chunks, others = ([random.randrange(1, n + 3) for n in shape] for _ in range(2))
            data = int32s(count(shape), 1)
            self.array("a", "int32", shape, chunks, data, "--overwrite", "--fill-value", "5")
            arguments = ["-c", dims(others), "--overwrite", "-q"] + (["--memory", "1M"] if i % 2 else []) + (
                ["-T", str(i % 3 + 1)]) + (["--check"] if i % 4 else [])
            if i % 3 == 0:
                arguments += [
                    "--codecs",
                    random.choice([
                        "zstd(1)", "gzip(1),crc32c", "bytes(big)",
                        f"transpose({dims(reversed(range(rank)))})" if rank else "blosc"
                    ])
                ]
            self.zarrc("copy", "a", "b", *arguments)
            self.assertEqual(self.raw("b"), data, (shape, chunks, others))
            info = self.json("info", "b")
            self.assertEqual((info["chunks"]["shape"], info["fill_value"]), (others, 5))

    def test_large_regions_and_small_memory(self):
        """Chunks that lie across: a little memory makes many small regions, the result is the same."""
        shape = (60, 100, 50)
        data = int32s(count(shape))
        self.array("a", shape=shape, chunks=(1, 100, 50), values=data)
        for memory, check in (("1M", False), ("2M", True), ("1G", False)):
            self.zarrc("copy", "a", "b", "-c", "60,5,5", "--memory", memory, "--overwrite", "-q",
                       *(["--check"] if check else []))
            self.assertEqual(self.raw("b"), data)
        self.assertEqual(len(self.chunks("b")), 200)

    def test_everything_else_is_kept(self):
        self.array("a", "float32", (4, 4), (2, 2), struct.pack("<16f", *range(16)), "--fill-value", '"0x7fc00001"',
                   "--dimension-names", "y,x", "--attributes", '{"b":1.50,"a":  [1 ,2]}', "--key-encoding", "v2",
                   "--codecs", "gzip(3)")
        self.zarrc("copy", "a", "b", "-q")
        self.assertEqual(json.loads((self.folder / "a/zarr.json").read_text()),
                         json.loads((self.folder / "b/zarr.json").read_text()))
        self.assertIn("1.50", (self.folder / "b/zarr.json").read_text())
        self.assertEqual(self.chunks("a"), self.chunks("b"))
        self.zarrc("copy", "a", "c", "-q", "--key-encoding", "default", "--separator", ".", "-c", "4,2", "--codecs",
                   "zstd")
        document = json.loads((self.folder / "c/zarr.json").read_text())
        self.assertEqual(document["chunk_key_encoding"], {"name": "default", "configuration": {"separator": "."}})
        self.assertEqual((document["fill_value"], document["dimension_names"]), ("0x7fc00001", ["y", "x"]))
        self.assertEqual(self.chunks("c"), {"c.0.0", "c.0.1"})

    def test_unknown_members_are_kept(self):
        self.array("a", values=int32s(20))
        path = self.folder / "a/zarr.json"
        document = {**json.loads(path.read_text()), "extra": {"must_understand": False, "x": [1]}}
        path.write_text(json.dumps(document))
        self.zarrc("copy", "a", "b", "-q", "-c", "4,5")
        self.assertEqual(json.loads((self.folder / "b/zarr.json").read_text())["extra"], document["extra"])

    def test_fill_value_chunks_are_left_out(self):
        self.array("a", shape=(8, ), chunks=(2, ), values=struct.pack("<8i", 0, 0, 1, 0, 0, 0, 0, 2))
        self.zarrc("copy", "a", "b", "-q")
        self.assertEqual(self.chunks("b"), {"c/1", "c/3"})
        self.zarrc("copy", "a", "d", "-q", "--write-empty-chunks")
        self.assertEqual(len(self.chunks("d")), 4)
        self.assertEqual(self.raw("d"), self.raw("a"))

    def test_check_knows_what_fill_value_chunks_lose(self):
        """A NaN with another payload, and a complex zero with a sign, count as fill value and come back as that."""
        nan = struct.pack("<I", 0x7fc12345)
        self.array("a", "float32", (4, ), (2, ), nan * 2 + struct.pack("<2f", 1, 2), "--fill-value", "NaN")
        (self.folder / "a/c").mkdir(exist_ok=True)
        self.zarrc("copy", "a", "b", "-q", "--check", "-c", "1")
        self.array("z", "complex64", (2, ), (1, ), struct.pack("<4f", -0.0, -0.0, 1, 2))
        self.zarrc("copy", "z", "y", "-q", "--check", "-c", "2")

    @support.needs_library("libzstd")
    def test_shards(self):
        done = self.run_command("create", "a", "--shape", "16,16", "--dtype", "int32", "-c", "2,2", "-s", "8,8")
        if done.returncode == 5:
            self.skipTest("no sharding_indexed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.zarrc("put", "a", "--format", "raw", "-i", "-", stdin=int32s(256))
        info = self.json("info", "a", "--stored")
        self.assertEqual(
            (info["shards"]["shape"], info["chunks"]["shape"], info["chunks_per_shard"], info["stored"]["objects"]),
            ([8, 8], [2, 2], 16, 4))
        self.assertIn("16 chunks in each", self.text("info", "a"))
        self.assertIn("2,2 in 8,8", self.text("ls", "a", "-l"))
        for arguments, shards, chunks, names in (([], [8, 8], [2, 2], ["bytes", "zstd"]), (["-c", "4,4"], [8, 8],
                                                                                           [4, 4], ["bytes", "zstd"]),
                                                 (["-s", "16,4"], [16, 4], [2, 2],
                                                  ["bytes", "zstd"]), (["-s", "none"], None, [2, 2], ["bytes", "zstd"]),
                                                 (["-s", "none", "-c", "5,5"], None, [5, 5], ["bytes", "zstd"]),
                                                 (["--codecs", "gzip(1)"], [8, 8], [2, 2],
                                                  ["bytes", "gzip"]), (["-s", "8,16", "-c", "8,8", "--codecs",
                                                                        "bytes"], [8, 16], [8, 8], ["bytes"])):
            self.zarrc("copy", "a", "b", "--overwrite", "-q", "--check", *arguments)
            info = self.json("info", "b")
            self.assertEqual((info["shards"] and info["shards"]["shape"], info["chunks"]["shape"]), (shards, chunks),
                             arguments)
            codecs = info["codecs"][0]["configuration"]["codecs"] if shards else info["codecs"]
            self.assertEqual([c["name"] for c in codecs], names, arguments)
            self.assertEqual(self.raw("b"), int32s(256))
        self.refused("copy", "a", "c", "-s", "8,8", "-c", "3,3", code=2, says=["axis 0", "8", "3"])
        self.array("plain", shape=(16, 16), chunks=(4, 4), values=int32s(256))
        self.zarrc("copy", "plain", "d", "-s", "8,8", "-q")
        info = self.json("info", "d")
        self.assertEqual((info["shards"]["shape"], info["chunks"]["shape"]), ([8, 8], [4, 4]))
        self.assertEqual(self.raw("d"), int32s(256))

    def test_rank_0_and_no_elements(self):
        self.array("a", shape=(), chunks=(), values=int32s(1, 7))
        self.zarrc("copy", "a", "b", "-q", "--check")
        self.assertEqual(self.raw("b"), int32s(1, 7))
        self.array("z", shape=(0, 5), chunks=(1, 2))
        self.zarrc("copy", "z", "y", "-q", "-c", "3,3")
        self.assertEqual(self.json("info", "y")["chunks"]["shape"], [3, 3])


class Hierarchies(Copy):

    def hierarchy(self):
        self.zarrc("create", "g.zarr", "--group", "--attributes", '{"title":"x"}')
        self.zarrc("create", "g.zarr/sub", "--group", "--attributes", '{"n": 1.0}')
        self.array("g.zarr/sub/two", shape=(6, 6), chunks=(2, 2), values=int32s(36))
        self.array("g.zarr/one", shape=(9, ), chunks=(4, ), values=int32s(9))

    def test_whole(self):
        self.hierarchy()
        self.zarrc("copy", "g.zarr", "h.zarr", "-q")
        self.assertEqual(self.chunks("g.zarr"), self.chunks("h.zarr"))
        self.assertEqual(self.text("ls", "g.zarr", "-l"), self.text("ls", "h.zarr", "-l"))
        self.assertEqual(self.json("info", "h.zarr/sub", "-a")["attributes"], {"n": 1.0})

    def test_part_into_another(self):
        self.hierarchy()
        self.zarrc("create", "k.zarr", "--group")
        self.zarrc("copy", "g.zarr/sub", "k.zarr/a/b", "-q")
        self.assertEqual([n["path"] for n in self.json("ls", "k.zarr")["nodes"]], ["", "a", "a/b", "a/b/two"])
        self.assertEqual(self.raw("k.zarr/a/b/two"), int32s(36))
        self.zarrc("copy", "g.zarr/one", "g.zarr/sub/three", "-q", "-c", "9")
        self.assertEqual(self.raw("g.zarr/sub/three"), int32s(9))

    def test_what_is_no_zarr(self):
        """Other files are told, and copied when asked for; members of a group's document are kept, but consolidated
        metadata."""
        self.hierarchy()
        path = self.folder / "g.zarr/sub/zarr.json"
        document = {**json.loads(path.read_text()), "ext": {"must_understand": False, "x": 1}}
        path.write_text(json.dumps(document))
        self.zarrc("consolidate", "g.zarr/sub")
        (self.folder / "g.zarr/sub/points").mkdir()
        (self.folder / "g.zarr/sub/points/x.parquet").write_bytes(b"points" * 1000)
        (self.folder / "g.zarr/sub/two/readme.txt").write_bytes(b"")
        text = self.text("copy", "g.zarr", "h.zarr")
        self.assertIn("2 files that are not Zarr were not copied (--other-files): sub/points/x.parquet, "
                      "sub/two/readme.txt\n", text)
        self.assertIn("consolidated metadata of 1 group were left out\n", text)
        self.assertEqual(json.loads((self.folder / "h.zarr/sub/zarr.json").read_text()), document)
        self.assertFalse((self.folder / "h.zarr/sub/points").exists())
        self.assertIn("others    2 files", self.text("copy", "g.zarr", "h.zarr", "-n", "--overwrite"))
        text = self.text("copy", "g.zarr", "k.zarr", "--other-files")
        self.assertIn("2 files that are not Zarr were copied too", text)
        self.assertEqual((self.folder / "k.zarr/sub/points/x.parquet").read_bytes(), b"points" * 1000)
        self.assertEqual(self.tree("g.zarr").keys(), self.tree("k.zarr").keys())

    def test_numbers_that_fit_nothing(self):
        self.hierarchy()
        self.refused("copy", "g.zarr", "h.zarr", "-c", "3,3,3,3", code=2, says=["--chunks", "no array", "4 dimensions"])
        self.refused("copy", "g.zarr", "h.zarr", "-c", "3,3", "-s", "9,9,9", code=2, says=["--shards", "3 dimensions"])
        self.assertFalse((self.folder / "h.zarr").exists())

    def test_numbers_apply_where_they_fit(self):
        self.hierarchy()
        self.assertIn("--chunks applied to sub/two\n--chunks did not fit one\n",
                      self.text("copy", "g.zarr", "h.zarr", "-c", "3,6"))
        self.assertEqual(self.json("info", "h.zarr/sub/two")["chunks"]["shape"], [3, 6])
        self.assertEqual(self.json("info", "h.zarr/one")["chunks"]["shape"], [4])
        self.refused("copy", "g.zarr/one", "x.zarr", "-c", "3,6", code=2, says="--chunks")

    def test_nothing_is_made_when_one_array_cannot_be(self):
        self.hierarchy()
        self.refused("copy", "g.zarr", "h.zarr", "--codecs", "transpose(0)", code=2, says=["h.zarr", "transpose"])
        self.assertFalse((self.folder / "h.zarr").exists())

    def test_json(self):
        self.hierarchy()
        d = self.json("copy", "g.zarr", "h.zarr", "-n")
        self.assertTrue(d["dry_run"])
        self.assertEqual(([a["path"] for a in d["arrays"]], d["groups"], d["objects"], d["nbytes"]),
                         (["one", "sub/two"], 2, 12, 180))
        self.assertFalse((self.folder / "h.zarr").exists())
        d = self.json("copy", "g.zarr", "h.zarr", "--check")
        self.assertEqual((d["written"]["objects"], d["checked"], d["skipped_objects"]), (12, True, 0))
        self.assertEqual(d["written"]["nbytes"],
                         sum((self.folder / "h.zarr" / key).stat().st_size for key in self.chunks("h.zarr")))


class Refusals(Copy):

    def test_existing_destination(self):
        self.array("a", values=int32s(20))
        self.array("b", values=int32s(20, 100))
        before = self.tree("b")
        self.refused("copy", "a", "b", code=10, says=["b", "--overwrite", "--resume"])
        self.refused("copy", "a", "b", "-n", code=10, says="b")
        self.refused("copy", "a", "b", "--overwrite", "--resume", code=2, says="--resume")
        self.assertEqual(self.tree("b"), before)
        self.zarrc("copy", "a", "b", "--overwrite", "-q")
        self.assertEqual(self.raw("b"), int32s(20))

    def test_a_group_in_the_way(self):
        """The hint says where an array would go, and what --overwrite would remove."""
        self.array("series.zarr", values=int32s(20))
        self.zarrc("create", "climate.zarr", "--group")
        self.array("climate.zarr/one", values=int32s(20))
        self.array("climate.zarr/two", values=int32s(20))
        before = self.tree("climate.zarr")
        for target in ("climate.zarr", "climate.zarr/"):
            self.refused("copy",
                         "series.zarr",
                         target,
                         code=10,
                         says=["there is a group", "climate.zarr/series", "--overwrite to remove its 2 nodes"])
        self.assertEqual(self.tree("climate.zarr"), before)
        text = self.text("copy", "series.zarr", "climate.zarr", "--overwrite", "-n")
        self.assertIn("replaces  3 nodes, 8 chunks, 0 other files\n", text)
        self.assertEqual(
            self.json("copy", "series.zarr", "climate.zarr", "--overwrite", "-n")["replaces"], {
                "nodes": 3,
                "chunks": 8,
                "other_files": 0
            })
        self.zarrc("copy", "series.zarr", "climate.zarr/series", "-q")
        self.assertEqual(self.raw("climate.zarr/series"), int32s(20))

    def test_files_that_are_no_zarr(self):
        """A folder of something else is never emptied; in a node such files go only with --force."""
        self.array("a", values=int32s(20))
        (self.folder / "docs").mkdir()
        (self.folder / "docs/thesis.txt").write_text("years")
        self.array("b", values=int32s(20))
        (self.folder / "b/points").mkdir()
        (self.folder / "b/points/x.parquet").write_text("x")
        (self.folder / "b/notes.txt").write_text("y")
        before = self.tree(".")
        verbs = (["copy", "a"], ["create", "--group"], ["create", "--shape", "3", "--dtype", "int8"])
        for verb in verbs:
            where = verb + ["docs"] if verb[0] == "copy" else verb[:1] + ["docs"] + verb[1:]
            for extra in (["--overwrite"], ["--overwrite", "--force"]):
                said = self.refused(*where, *extra, code=10, says=["not Zarr", "thesis.txt", "1 file"])
                self.assertNotIn("--force", said)
            there = ["b" if word == "docs" else word for word in where]
            self.refused(*there, "--overwrite", code=10, says=["2 files", "not Zarr", "notes.txt", "--overwrite --force"])
        self.refused("copy", "a", "docs", code=10, says="thesis.txt")
        done = subprocess.run([support.COMMAND, "create", ".", "--group", "--overwrite"],
                              cwd=self.folder,
                              capture_output=True,
                              check=False)
        self.assertEqual(done.returncode, 10)
        self.assertEqual(self.tree("."), before)
        self.assertIn("2 other files", self.text("copy", "a", "b", "--overwrite", "--force", "-n"))
        self.zarrc("copy", "a", "b", "--overwrite", "--force", "-q")
        self.assertEqual(self.tree("b"), self.tree("a"))

    def test_a_node_of_format_2_is_replaced(self):
        self.array("a", values=int32s(20))
        (self.folder / "b/x").mkdir(parents=True)
        (self.folder / "b/.zgroup").write_text('{"zarr_format": 2}')
        (self.folder / "b/x/.zarray").write_text("{}")
        (self.folder / "b/x/0.0").write_text("1")
        self.zarrc("copy", "a", "b", "--overwrite", "-q")
        self.assertEqual(self.tree("b"), self.tree("a"))

    def test_into_memory(self):
        self.array("a", values=int32s(20))
        self.refused("copy", "a", "memory:", code=2, says="memory")

    def test_damaged_destination(self):
        self.array("a", values=int32s(20))
        (self.folder / "b").mkdir()
        (self.folder / "b/zarr.json").write_text("{")
        done = self.run_command("copy", "a", "b")
        self.assertIn(done.returncode, (4, 10))
        self.zarrc("copy", "a", "b", "--overwrite", "-q")
        self.assertEqual(self.raw("b"), int32s(20))

    def test_onto_itself(self):
        self.array("a", values=int32s(20))
        (self.folder / "link").symlink_to("a")
        before = self.tree("a")
        for target in ("a", "./a", "a/", "a/.", f"file:{self.path('a')}", f"file://{self.path('a')}", self.path("a"),
                       "link", "a/zarr.json"):
            for extra in ([], ["--overwrite"], ["--resume"]):
                self.refused("copy", "a", target, *extra, code=2, says="onto itself")
        self.refused("copy", "a", "a/b", code=2, says="into itself")
        self.zarrc("create", "g.zarr", "--group")
        self.array("g.zarr/x", values=int32s(20))
        self.refused("copy", "g.zarr/x", "g.zarr", "--overwrite", code=2, says="destination")
        self.refused("copy", "g.zarr", "g.zarr/y/z", code=2, says="into itself")
        self.assertEqual(self.tree("a"), before)
        self.assertEqual(self.raw("g.zarr/x"), int32s(20))

    def test_onto_itself_by_a_mount(self):
        self.zarrc("create", "g", "--group")
        self.array("g/a", values=int32s(20))
        (self.folder / "m").mkdir()
        before = self.tree("g")
        script = 'mount --bind g m || exit 77; for pair in "g m" "g/a m/a" "m g" "g m/x" "m g/x/y" "g/a m" "m/a g"; do ' \
            'for mode in "" --overwrite --resume; do "$0" copy $pair $mode; echo $?; done; done'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, support.COMMAND],
                              cwd=self.folder,
                              capture_output=True,
                              check=False)
        if done.returncode == 77 or b"unshare" in done.stderr:
            self.skipTest(f"nothing can be mounted: {done.stderr.decode().strip()}")
        self.assertEqual(done.stdout, b"2\n" * 21, done.stderr)
        said = done.stderr.decode()
        self.assertEqual([said.count(word) for word in ("onto itself", "into itself", "lies in the destination")], [9, 6, 6])
        self.assertEqual(self.tree("g"), before)

    def test_damaged_source(self):
        self.array("a", "int32", (4, 5), (2, 3), int32s(20), "--codecs", "zstd,crc32c")
        path = self.folder / "a/c/1/0"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        said = self.refused("copy", "a", "b", "-T", "1", code=6, says=["a/c/1/0", "crc32c"])
        if "--resume" in said:
            self.assertIn("once the source is mended", said)
        self.assertFalse((self.folder / "b").exists())
        self.no_temporaries()
        error = json.loads(self.run_command("copy", "a", "d", "--json").stderr)["error"]
        self.assertEqual((error["code"], error["key"]), ("CHECKSUM", "c/1/0"))

    def test_limits(self):
        self.zarrc("create", "a", "--shape", "1000,1000,1000", "--dtype", "float64", "-c", "10,10,10")
        said = self.refused("copy",
                            "a",
                            "b",
                            "-c",
                            "1000,1000,1000",
                            "--memory",
                            "64M",
                            code=7,
                            says=["GiB", "--memory"])
        self.assertIn("try:", said)
        self.assertFalse((self.folder / "b").exists())

    def test_unwritable_destination(self):
        self.array("a", values=int32s(20))
        if os.getuid() == 0:
            (self.folder / "file").write_text("no folder")
            self.refused("copy", "a", "file/b", code=9, says="file")
            return
        (self.folder / "r").mkdir(mode=0o500)
        self.refused("copy", "a", "r/b", code=9, says="r/b")


class Parts(Copy):
    """Shards that do not fit the memory: read and encoded in parts."""
    PARTS = ("-c", "16,16,16", "-s", "256,128,128", "--memory", "18M", "-T", "2")
    WHOLE = ("-c", "16,16,16", "-s", "256,128,128", "--memory", "1G", "-T", "2")

    def source(self, *arguments):
        self.values = int32s(300 * 150 * 200)
        self.array("a", "int32", (300, 150, 200), (32, 32, 32), self.values, *arguments)

    def test_same_bytes(self):
        self.source("--codecs", "zstd")
        plans = [self.json("copy", "a", "n", "-n", *how)["arrays"][0] for how in (self.PARTS, self.WHOLE)]
        self.assertEqual([plan["in_parts"] for plan in plans], [True, False])
        self.assertIn("in parts of up to 8.0 MiB", self.text("copy", "a", "n", "-n", *self.PARTS))
        for name, how in (("b", self.PARTS), ("c", self.WHOLE)):
            self.zarrc("copy", "a", name, "-q", "--codecs", "zstd,crc32c", *how)
        self.assertEqual(self.tree("b"), self.tree("c"))
        self.assertEqual(self.raw("b"), self.values)
        for name, codecs in (("d", "gzip"), ("e", "bytes")):  # out of a sharded array
            self.zarrc("copy", "c", name, "-q", "--codecs", codecs, *self.PARTS)
            self.assertEqual(self.raw(name), self.values)

    def test_little_memory_is_used(self):
        self.source()
        self.zarrc("copy", "a", "b", "-v", *self.PARTS)
        used = re.search(r"planned .*, ([\d.]+) MiB of it in the library", self.said)
        self.assertLess(float(used.group(1)), 18)

    def test_resume(self):
        self.source()
        self.zarrc("copy", "a", "b", "-q", *self.PARTS)
        before = self.tree("b")
        (self.folder / "b/c/1/0/1").unlink()
        self.zarrc("copy", "a", "b", "--resume", "-v", *self.PARTS)
        self.assertRegex(self.said, r"wrote .* in 1 request\n")
        self.assertEqual(self.tree("b"), before)

    def test_damaged_source(self):
        self.source("--codecs", "zstd,crc32c")
        path = self.folder / "a/c/4/3/5"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        said = self.refused("copy", "a", "b", *self.PARTS, code=6, says=["a/c/4/3/5", "crc32c"])
        self.assertNotIn("b c/", said)
        self.no_temporaries()
        self.assertFalse((self.folder / "b/c/0/0/1").exists())

    def test_check_needs_whole_regions(self):
        self.source()
        self.refused("copy", "a", "b", "--check", *self.PARTS, code=7, says=["MiB", "--memory"])


class Resume(Copy):

    def test_goes_on(self):
        self.array("a", shape=(20, 20), chunks=(5, 5), values=int32s(400, 1))
        self.zarrc("copy", "a", "b", "-q", "-c", "4,4", "--resume")
        want = self.tree("b")
        for keep in (0.0, 0.3, 0.9, 1.0):
            random.seed(int(keep * 10))
            for key in sorted(self.chunks("b")):
                if random.random() >= keep:
                    (self.folder / "b" / key).unlink()
            left = len(self.chunks("b"))
            d = self.json("copy", "a", "b", "-c", "4,4", "--resume", "--check")
            self.assertLessEqual(d["skipped_objects"], left)
            self.assertEqual(self.tree("b"), want)
        self.assertEqual((d["skipped_objects"], d["written"]["objects"]), (25, 0))
        self.assertIn("25 were there", self.text("copy", "a", "b", "-c", "4,4", "--resume"))

    def test_hierarchy(self):
        self.zarrc("create", "g.zarr", "--group", "--attributes", '{"x": 1}')
        for name in ("a", "b", "c"):
            self.array(f"g.zarr/{name}", values=int32s(20))
        self.zarrc("copy", "g.zarr", "h.zarr", "-q")
        want = self.tree("h.zarr")
        for key in ("c/zarr.json", "c/c/0/0", "c/c/0/1", "c/c/1/0", "c/c/1/1", "b/c/1/1"):
            (self.folder / "h.zarr" / key).unlink()
        self.zarrc("copy", "g.zarr", "h.zarr", "-q", "--resume")
        self.assertEqual(self.tree("h.zarr"), want)
        (self.folder / "h.zarr/zarr.json").write_text(
            (self.folder / "h.zarr/zarr.json").read_text().replace('"x": 1', '"x": 2'))
        self.refused("copy", "g.zarr", "h.zarr", "--resume", code=10, says="h.zarr")

    @support.needs_library("libzstd")
    def test_other_metadata(self):
        self.array("a", values=int32s(20))
        self.zarrc("copy", "a", "b", "-q")
        before = self.tree("b")
        for arguments in (["-c", "1,1"], ["--codecs", "bytes"], ["--separator", "."]):
            self.refused("copy", "a", "b", "--resume", *arguments, code=10, says=["b", "--overwrite"])
        self.assertEqual(self.tree("b"), before)

    def test_a_wrong_chunk_is_found_by_check(self):
        self.array("a", values=int32s(20), shape=(4, 5), chunks=(2, 5))
        self.zarrc("copy", "a", "b", "-q", "--codecs", "bytes")
        path = self.folder / "b/c/1/0"
        path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
        self.zarrc("copy", "a", "b", "-q", "--codecs", "bytes", "--resume")
        text = self.text("copy", "a", "b", "--codecs", "bytes", "--resume", "--check")
        self.assertIn("1 were there, 1 were damaged and made anew, checked", text)
        self.assertEqual(self.raw("b"), int32s(20))

    def test_chunks_that_cannot_be_whole(self):
        """Empty files and sizes that cannot be are missing; what cannot be decoded is made anew with --check."""
        self.array("a", values=int32s(32), shape=(4, 8), chunks=(2, 4))
        for codecs, cut in (("bytes", 7), ("bytes,crc32c", 35), ("zstd", 0)):
            self.zarrc("copy", "a", "b", "-q", "--codecs", codecs, "--overwrite")
            want = self.tree("b")
            for key, size in (("c/0/1", 0), ("c/1/0", cut)):
                (self.folder / "b" / key).write_bytes(want[key][:size])
            plan = self.json("copy", "a", "b", "-n", "--codecs", codecs, "--resume")
            self.assertEqual((plan["arrays"][0]["objects_there"], plan["arrays"][0]["reads"]), (2, 2))
            self.assertIn("2 that cannot be whole", self.text("copy", "a", "b", "-n", "--codecs", codecs, "--resume"))
            d = self.json("copy", "a", "b", "--codecs", codecs, "--resume")
            self.assertEqual((d["skipped_objects"], d["written"]["objects"], d["read"]["objects"]), (2, 2, 2))
            self.assertEqual(self.tree("b"), want)
        (self.folder / "b/c/1/1").write_bytes(want["c/1/1"][:-3])
        self.zarrc("copy", "a", "b", "-q", "--codecs", "zstd", "--resume")
        self.assertNotEqual(self.tree("b"), want)
        d = self.json("copy", "a", "b", "--codecs", "zstd", "--resume", "--check")
        self.assertEqual((d["skipped_objects"], d["mended_objects"]), (3, 1))
        self.assertEqual(self.tree("b"), want)


    def test_impossible_files(self):
        """A shard shorter than its index, or longer than its parts; a link to nothing: written again."""
        self.array("a", values=int32s(32), shape=(32, ), chunks=(4, ))
        self.zarrc("copy", "a", "b", "-q", "--codecs", "bytes", "--shards", "16")
        want = self.tree("b")
        (self.folder / "b/c/0").write_bytes(want["c/0"][:20])
        (self.folder / "b/c/1").write_bytes(want["c/1"] + bytes(500))
        for check in ([], ["--check"]):
            d = self.json("copy", "a", "b", "--codecs", "bytes", "--shards", "16", "--resume", *check)
            self.assertEqual((d["skipped_objects"], d["written"]["objects"]), (2, 0) if check else (0, 2))
            self.assertEqual(self.tree("b"), want)
        for check in ([], ["--check"]):
            (self.folder / "b/c/1").unlink()
            (self.folder / "b/c/1").symlink_to("nowhere")
            d = self.json("copy", "a", "b", "--codecs", "bytes", "--shards", "16", "--resume", *check)
            self.assertEqual((d["skipped_objects"], d["written"]["objects"]), (1, 1))
            self.assertEqual(self.tree("b"), want)


class Interruption(Copy):

    def start(self, *arguments):
        return subprocess.Popen([support.COMMAND, *arguments],
                                cwd=self.folder,
                                env=support.ENVIRONMENT,
                                stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def wait_for(self, process, condition):
        end = time.monotonic() + 60
        while not condition() and process.poll() is None and time.monotonic() < end:
            os.sched_yield()

    @support.needs_library("zlib")
    def test_copy(self):
        data = int32s(100 * 100, 1)
        self.array("a", shape=(100, 100), chunks=(100, 100), values=data)
        before = self.tree("a")
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            shutil.rmtree(self.folder / ".b.zarrc-partial", ignore_errors=True)
            process = self.start("copy", "a", "b", "-c", "1,4", "-T", "1", "--memory", "2M", "--codecs", "gzip(9)",
                                 "--overwrite")
            self.wait_for(process, lambda: (self.folder / ".b.zarrc-partial/new/c/5").exists())
            process.send_signal(number)
            out, said = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (code, b""), said)
            self.assertRegex(said.decode(), r"\Azarrc: [^\n]*try: [^\n]*--resume\n\Z")
            self.no_temporaries()
            self.assertFalse((self.folder / "b").exists())
            self.assertGreater(len(self.chunks(".b.zarrc-partial/new")), 0)
            self.assertLess(len(self.chunks(".b.zarrc-partial/new")), 2500)
        self.assertEqual(self.tree("a"), before)
        self.zarrc("copy", "a", "b", "-c", "1,4", "--codecs", "gzip(9)", "--resume", "-q")
        self.assertEqual(self.raw("b"), data)

    def test_put_from_a_pipe(self):
        """The pipe is open on both sides once the command reads, and stays open: only the signal ends the wait."""
        self.array("a", shape=(1000, 100), chunks=(100, 100))
        os.mkfifo(self.folder / "pipe")
        process = self.start("put", "a", "--format", "raw", "-i", "pipe")
        with open(self.folder / "pipe", "wb", buffering=0) as pipe:
            pipe.write(int32s(1000))
            process.send_signal(signal.SIGINT)
            try:
                while process.poll() is None:
                    pipe.write(b"1")
            except BrokenPipeError:
                pass
            _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)
        self.assertRegex(said.decode(), r"\Azarrc: [^\n]+\n\Z")
        self.assertEqual(self.chunks("a"), set())

    def test_get_into_a_file(self):
        self.zarrc("create", "a", "--shape", "1000000,1000", "--dtype", "int32", "-c", "1000,1000")
        (self.folder / "x.txt").write_text("before")
        process = self.start("get", "a", "-o", "x.txt", "-T", "1")
        self.wait_for(process, lambda: any(p.name.endswith(".tmp") and p.stat().st_size for p in self.folder.iterdir()))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)
        self.no_temporaries()
        self.assertEqual((self.folder / "x.txt").read_text(), "before")
