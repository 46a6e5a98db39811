# SPDX-License-Identifier: MIT
"""shard ls and extract. The shards are made by hand: inner chunks, index and checksum."""
import gzip
import json
import re
import struct

import support
from support import int32s

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
CRC = {"name": "crc32c"}
MISSING = (2**64 - 1, 2**64 - 1)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def index(entries, order="<", checksum=True):
    data = b"".join(struct.pack(f"{order}QQ", *entry) for entry in entries)
    return data + (crc32c(data) if checksum else b"")


def sharding(inner, codecs=(LITTLE, ), index_codecs=(LITTLE, CRC), location="end"):
    return {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": list(inner),
            "codecs": list(codecs),
            "index_codecs": list(index_codecs),
            "index_location": location
        }
    }


class Shards(support.Case):
    """Shards of 4 x 4 int32 with 2 x 2 inner chunks, in an array of 8 x 8."""

    def make(self, *chain, name="a", shape=(8, 8), chunks=(4, 4), dtype="int32"):
        self.zarrc("create", name, "--shape", support.dims(shape), "--dtype", dtype, "-c", support.dims(chunks),
                   "--codecs", json.dumps(list(chain or [sharding((2, 2))])), "--overwrite")

    def store(self, data, key="c/0/1", name="a"):
        path = self.folder / name / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def one(self, *arguments, **options):
        shards = self.json("shard", "ls", *arguments, **options)["shards"]
        self.assertEqual(len(shards), 1)
        return shards[0]

    def sums(self, *arguments, **options):
        shard = self.one(*arguments, **options)
        return tuple(shard[name] for name in ("present", "missing", "corrupt_entries", "data_nbytes", "hole_nbytes",
                                              "overlap_nbytes"))


class Listing(Shards):

    def test_every_place_of_the_index(self):
        data = [int32s(4, 10 * i) for i in range(3)]
        for codecs, order, checksum in (([LITTLE, CRC], "<", True), ([BIG, CRC], ">", True), ([LITTLE], "<", False)):
            for location in ("start", "end"):
                with self.subTest((order, checksum, location)):
                    self.make(sharding((2, 2), index_codecs=codecs, location=location))
                    size = 68 if checksum else 64
                    at = size if location == "start" else 0
                    table = index([(at, 16), MISSING, (at + 32, 16), (at + 16, 16)], order, checksum)
                    parts = [table, *data] if location == "start" else [*data, table]
                    self.store(b"".join(parts))
                    shard = self.one("a")
                    self.assertEqual(shard["key"], "c/0/1")
                    self.assertEqual((shard["chunk"], shard["nbytes"], shard["shape"], shard["inner_shape"],
                                      shard["inner_grid"], shard["further_codecs"]),
                                     ([0, 1], 48 + size, [4, 4], [2, 2], [2, 2], False))
                    self.assertEqual(shard["index"], {
                        "location": location,
                        "nbytes": size,
                        "checksum": "ok" if checksum else None
                    })
                    self.assertEqual(shard["inner_chunks"], [{
                        "inner_chunk": [0, 0],
                        "state": "ok",
                        "offset": at,
                        "nbytes": 16
                    }, {
                        "inner_chunk": [0, 1],
                        "state": "missing"
                    }, {
                        "inner_chunk": [1, 0],
                        "state": "ok",
                        "offset": at + 32,
                        "nbytes": 16
                    }, {
                        "inner_chunk": [1, 1],
                        "state": "ok",
                        "offset": at + 16,
                        "nbytes": 16
                    }])
                    self.assertEqual(self.sums("a", "--deep"), (3, 1, 0, 48, 0, 0))
                    text = self.text("shard", "ls", "a")
                    for words in (f"index of {size} bytes at the {location}, {'crc32c ok' if checksum else 'no'}",
                                  "c/0/1: shard 0,1 of 4 x 4", "2 x 2 inner chunks of 2 x 2", "missing",
                                  "3 present, 1 missing; 48 bytes of data, 0 in holes, 0 overlapping"):
                        self.assertIn(words, text)
                    for inner, number in (("0,0", 0), ("1,1", 1), ("1,0", 2)):
                        self.assertEqual(
                            self.zarrc("shard", "extract", "a", "--chunk", "0,1", "--inner", inner, "-o", "-"),
                            data[number])

    def test_a_shard_of_nothing_is_no_file(self):
        self.make()
        metadata = self.folder / "a" / "zarr.json"
        self.zarrc("encode", "--metadata", metadata, "-i", "-", "-o", "shard", stdin=bytes(64))
        self.assertIn("none is to be stored", self.said)
        self.assertFalse((self.folder / "shard").exists())
        self.zarrc("encode", "--metadata", metadata, "-i", "-", "-o", "shard", stdin=bytes(63) + b"x")
        self.assertEqual(len((self.folder / "shard").read_bytes()), 4 * 4 + 4 * 16 + 4)

    def test_holes_and_overlaps(self):
        self.make()
        for entries, nbytes, want in (
            ([(4, 16), (30, 16), (60, 16), (80, 16)], 100, (4, 0, 0, 64, 36, 0)),
            ([(0, 16), (8, 16), (8, 16), MISSING], 24, (3, 1, 0, 48, 0, 24)),
            ([(0, 16), MISSING, MISSING, MISSING], 0, (1, 3, 0, 16, 0, 16)),
            ([(0, 40), (8, 16), (40, 0), (40, 16)], 56, (4, 0, 0, 72, 0, 16)),
            ([MISSING] * 4, 0, (0, 4, 0, 0, 0, 0)),
            ([MISSING] * 4, 9, (0, 4, 0, 0, 9, 0)),
        ):
            self.store(bytes(nbytes) + index(entries))
            self.assertEqual(self.sums("a"), want, entries)
        self.make(sharding((2, 2), location="start"))
        self.store(index([(60, 16), (80, 16), MISSING, MISSING]) + bytes(40))
        self.assertEqual(self.sums("a"), (2, 2, 0, 32, 4 + 12, 8))

    def test_all_shards_that_are_stored(self):
        self.make()
        self.assertEqual(self.text("shard", "ls", "a"), "no shard is stored\n")
        self.assertEqual(self.json("shard", "ls", "a")["shards"], [])
        for key in ("c/1/1", "c/0/0", "c/1/0"):
            self.store(index([MISSING] * 4), key)
        self.store(b"?", "c/9/9")
        self.store(b"?", "notes.txt")
        self.assertEqual([s["chunk"] for s in self.json("shard", "ls", "a")["shards"]], [[0, 0], [1, 0], [1, 1]])
        self.assertEqual(self.one("a", "--chunk", "1,0")["key"], "c/1/0")
        self.refused("shard", "ls", "a", "--chunk", "0,1", code=3, says="c/0/1")
        self.refused("shard", "ls", "a", "--chunk", "0,2", code=2)
        self.refused("shard", "ls", "a", "--chunk", "0", code=2, says="2 axes")

    def test_files(self):
        self.make()
        self.zarrc("create", "g", "--group")
        self.make(name="g/b")
        table = index([(0, 16), MISSING, MISSING, MISSING])
        for name in ("a", "g/b"):
            self.store(int32s(4) + table, name=name)
        want = {**self.one("a"), "key": None}
        for path, key in (("a/c/0/1", "c/0/1"), ("./a//c/0/./1", "c/0/1"), (self.path("a/c/0/1"), "c/0/1"),
                          ("g/b/c/0/1", "b/c/0/1"), ("g/../a/c/0/1", "c/0/1")):
            shard = self.one(path)
            self.assertEqual({**shard, "key": None}, want)
            self.assertTrue(shard["key"].endswith(key), shard["key"])
        (self.folder / "apart").write_bytes(int32s(4) + table)
        (self.folder / "link").symlink_to("apart")
        self.refused("shard", "ls", "apart", code=3, says=["zarr.json", "try: --metadata"])
        for path in ("apart", "link", "./apart"):
            self.assertEqual(self.one(path, "--metadata", "a/zarr.json"), {
                **want, "key": path[-5:].strip("/"),
                "chunk": None
            })
        self.assertEqual(self.one("apart", "--metadata", "a/zarr.json", "--chunk", "1,1")["chunk"], [1, 1])
        self.assertEqual(
            self.zarrc("shard", "extract", "apart", "--metadata", "a/zarr.json", "--inner", "0,0", "--decode"),
            int32s(4))
        self.refused("shard", "ls", "nix", "--metadata", "a/zarr.json", code=3, says="nix")
        self.refused("shard", "ls", "a", "--metadata", "a/zarr.json", code=3, says="no such file")
        self.refused("shard", "ls", "apart", "--metadata", "nix", code=3, says="nix")
        self.refused("shard", "ls", "a/c/0/1", "--chunk", "0,1", code=2, says="--chunk")
        self.store(b"x", "c/stray")
        self.refused("shard", "ls", "a/c/stray", code=2, says="stray")
        self.refused("shard", "ls", "nix", code=3, says="nix")
        self.refused("shard", "ls", "g", code=2, says="group")

    def test_links_lead_to_other_folders(self):
        self.make()
        self.store(int32s(4) + index([(0, 16), MISSING, MISSING, MISSING]))
        (self.folder / "a/c").rename(self.folder / "moved")
        (self.folder / "a/c").symlink_to("../moved")
        self.refused("shard", "ls", "a/c/0/1", code=13, says="link")
        self.assertEqual(self.one("a/c/0/1", "--follow-links")["key"], "c/0/1")

    def test_arrays_without_shards(self):
        self.array("a", values=int32s(20))
        for arguments in (["ls", "a"], ["ls", "a/c/0/0"], ["extract", "a", "--inner",
                                                           "0,0"], ["ls", "a/c/0/0", "--metadata", "a/zarr.json"]):
            self.refused("shard", *arguments, code=2, says="no shards")

    def test_usage(self):
        self.make()
        for arguments, words in ((["lst", "a"], "lst"), (["ls"], "URL"), (["ls", "a", "--inner", "0,0"], "--inner"),
                                 (["ls", "a", "--decode"], "--decode"), (["ls", "a", "-o", "x"], "--output"),
                                 (["extract", "a", "--deep", "--inner",
                                   "0,0"], "--deep"), (["extract",
                                                        "a"], "--inner"), (["extract", "a", "--inner",
                                                                            "0,0"], "try: --chunk")):
            self.refused("shard", *arguments, code=2, says=words)


class Chains(Shards):

    def test_codecs_behind_the_shard(self):
        self.make(sharding((2, 2)), {"name": "gzip", "configuration": {"level": 1}}, CRC)
        shard = int32s(4) + index([MISSING, (0, 16), MISSING, MISSING])
        packed = gzip.compress(shard)
        self.store(packed + crc32c(packed))
        found = self.one("a", "--deep")
        self.assertEqual((found["further_codecs"], found["nbytes"], found["present"]), (True, 84, 1))
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,1"), int32s(4))
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,1", "--decode"), int32s(4))
        self.store(packed + b"abcd")
        self.refused("shard", "ls", "a/c/0/1", code=6, says=["c/0/1", "crc32c"])

    def test_transpose_in_front(self):
        """A shard of 4 x 6 becomes one of 6 x 4."""
        self.make({
            "name": "transpose",
            "configuration": {
                "order": [1, 0]
            }
        },
                  sharding((3, 2)),
                  chunks=(4, 6),
                  shape=(4, 6))
        self.store(int32s(24) + index([(24 * i, 24) for i in range(4)]), "c/0/0")
        shard = self.one("a", "--deep")
        self.assertEqual((shard["shape"], shard["inner_shape"], shard["inner_grid"]), ([6, 4], [3, 2], [2, 2]))
        self.assertEqual(self.zarrc("shard", "extract", "a", "--inner", "1,0", "--decode"), int32s(6, 12))
        self.assertEqual(json.loads(self.text("get", "a", "-s", ":2,3:")), [[12, 14, 16], [13, 15, 17]])

    def test_nested(self):
        self.make(sharding((4, 4), [sharding((2, 2))]), chunks=(8, 8))
        inner = int32s(4, 7) + index([MISSING, MISSING, (0, 16), MISSING])
        self.store(inner + index([MISSING, MISSING, MISSING, (0, len(inner))]), "c/0/0")
        shard = self.one("a", "--deep")
        self.assertEqual((shard["inner_shape"], shard["present"], shard["data_nbytes"]), ([4, 4], 1, len(inner)))
        self.assertEqual(self.zarrc("shard", "extract", "a", "--inner", "1,1"), inner)
        self.assertEqual(self.zarrc("shard", "extract", "a", "--inner", "1,1", "--decode"),
                         bytes(32) + struct.pack("<8i", 7, 8, 0, 0, 9, 10, 0, 0))
        broken = bytearray(inner)
        broken[-1] ^= 1
        self.store(bytes(broken) + index([MISSING, MISSING, MISSING, (0, len(inner))]), "c/0/0")
        self.text("shard", "ls", "a")
        self.zarrc("shard", "ls", "a", "--deep", code=6)
        self.assertIn("inner chunk 1,1", self.said)

    def test_no_axes(self):
        self.make(sharding(()), shape=(), chunks=())
        self.store(int32s(1, 5) + index([(0, 4)]), "c")
        self.assertEqual(
            self.one("a", "--deep")["inner_chunks"], [{
                "inner_chunk": [],
                "state": "ok",
                "offset": 0,
                "nbytes": 4
            }])
        self.assertIn("()", self.text("shard", "ls", "a"))
        self.assertEqual(self.zarrc("shard", "extract", "a", "--inner", "()"), int32s(1, 5))

    def test_elements_are_little_endian(self):
        self.make(sharding((2, 2), [BIG]))
        self.store(support.swap(int32s(4), 4) + index([(0, 16), MISSING, MISSING, MISSING]))
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,0"), support.swap(int32s(4), 4))
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,0", "--decode"), int32s(4))

    def test_variable_length(self):
        texts = [b"", "é".encode(), b"a\nb", b"z" * 300]
        raw = b"".join(struct.pack("<I", len(t)) + t for t in texts)
        stored = struct.pack("<I", 4) + raw
        self.make(sharding((2, 2), [{"name": "vlen-utf8"}]), dtype="string")
        self.store(stored + index([MISSING, (0, len(stored)), MISSING, MISSING]))
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,1"), stored)
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,1", "--decode"), raw)
        self.one("a", "--deep")


class Extract(Shards):

    def setUp(self):
        super().setUp()
        self.make()
        self.store(int32s(4) + index([(0, 16), MISSING, MISSING, MISSING]))

    def test_missing(self):
        for more in ([], ["--decode"]):
            self.refused("shard",
                         "extract",
                         "a/c/0/1",
                         "--inner",
                         "1,1",
                         *more,
                         code=3,
                         says=["c/0/1", "1,1", "missing"])
            self.refused("shard", "extract", "a", "--chunk", "1,1", "--inner", "0,0", *more, code=3, says="c/1/1")
        self.refused("shard", "extract", "a/c/0/1", "--inner", "1,1", "-o", "x", code=3)
        self.assertFalse((self.folder / "x").exists())
        self.no_temporaries()

    def test_coordinates(self):
        for inner in ("2,0", "0", "0,0,0", "-1,0", "x", ""):
            self.refused("shard", "extract", "a/c/0/1", "--inner", inner, code=2, says="--inner")

    def test_report(self):
        document = self.json("shard", "extract", "a/c/0/1", "--inner", "0,0", "-o", "x.raw", "--decode")
        self.assertEqual(
            {k: document[k]
             for k in ("action", "key", "inner_chunk", "offset", "nbytes", "output", "output_nbytes")}, {
                 "action": "extract",
                 "key": "c/0/1",
                 "inner_chunk": [0, 0],
                 "offset": 0,
                 "nbytes": 16,
                 "output": "x.raw",
                 "output_nbytes": 16
             })
        self.assertEqual((self.folder / "x.raw").read_bytes(), int32s(4))
        self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,0", "--json", code=2)


class Damage(Shards):

    def error(self, *arguments):
        out = self.zarrc(*arguments, "--json", code=6)
        return out, json.loads(self.said)["error"]

    def test_index(self):
        good = int32s(4) + index([(0, 16), MISSING, MISSING, MISSING])
        self.make()
        for bad, word in ((good[:-1] + bytes([good[-1] ^ 1]), "crc32c"), (good[:20] + b"\xff" + good[21:], "crc32c"),
                          (good[-67:], "too short"), (b"", "too short")):
            self.store(bad)
            for operands in (["a", "--chunk", "0,1"], ["a/c/0/1"]):
                self.refused("shard", "ls", *operands, code=6, says=["c/0/1", "index", word])
                self.refused("shard", "extract", *operands, "--inner", "0,0", code=6, says=["c/0/1", "index", word])
            out, error = self.error("shard", "ls", "a/c/0/1")
            self.assertEqual((out, error["key"]), (b"", "c/0/1"))
            self.assertIn(error["code"], ("CHECKSUM", "TRUNCATED"))

    def test_a_damaged_index_does_not_hide_the_other_shards(self):
        self.make()
        good = index([MISSING] * 4)
        for key, data in (("c/0/0", good), ("c/0/1", good[1:] + b"x"), ("c/1/0", good[:9]), ("c/1/1", good)):
            self.store(data, key)
        self.refused("get", "a", code=6, says=["c/0/1", "index", "try: zarrc shard ls a --deep"])
        text = self.text("shard", "ls", "a", code=6)
        self.assertIn("zarrc: a/c/0/1: chunk 0,1: shard index: codec crc32c: ", self.said)
        for words in ("c/0/0: shard", "c/0/1: shard 0,1\n  shard index: codec crc32c", "c/1/1: shard"):
            self.assertIn(words, text)
        out, error = self.error("shard", "ls", "a")
        shards = json.loads(out)["shards"]
        self.assertEqual([s["key"] for s in shards], ["c/0/0", "c/0/1", "c/1/0", "c/1/1"])
        self.assertEqual(["error" in s for s in shards], [False, True, True, False])
        self.assertEqual(error["key"], "c/0/1")

    def test_what_an_error_says_finds_the_bytes(self):
        """The file, the coordinates and the byte in the text are what shard extract and dd take."""
        good = int32s(4) + crc32c(int32s(4))
        bad = good[:-1] + b"?"
        nested = bad + index([(0, 20)])
        for chain, shard, inner in ((sharding((2, 2), [LITTLE, CRC]), good + bad + index([(0, 20), MISSING, (20, 20), MISSING]),
                                     bad), (sharding((2, 2), [sharding((2, 2), [LITTLE, CRC])]),
                                            good + nested + index([MISSING, MISSING, (20, len(nested)), MISSING]), nested)):
            self.make(chain, name="b c/a")
            self.store(shard, "c/1/0", "b c/a")
            self.refused("get", "b c/a", code=6, says="codec crc32c: ")
            found = re.match(r"zarrc: (.*): chunk ([0-9,]+), inner chunk ([0-9,]+)[0-9,/]*, byte ([0-9]+): ", self.said)
            path, chunk, which, byte = found.groups()
            self.assertEqual((chunk, which, byte), ("1,0", "1,0", "20"))
            data = (self.folder / path).read_bytes()[int(byte):]
            self.assertEqual(data[:len(inner)], inner)
            self.assertEqual(self.zarrc("shard", "extract", path, "--inner", which), inner)
            self.assertEqual(self.zarrc("shard", "extract", "b c/a", "--chunk", chunk, "--inner", which), inner)

    def test_entries(self):
        self.make()
        for bad in ((2**64 - 1, 16), (0, 2**64 - 1), (80, 16), (2**63, 16), (16, 2**63), (2**64 - 2, 8)):
            self.store(int32s(4) + index([(0, 16), bad, MISSING, MISSING]))
            out, error = self.error("shard", "ls", "a")
            shard = json.loads(out)["shards"][0]
            self.assertEqual([c["state"] for c in shard["inner_chunks"]], ["ok", "corrupt entry", "missing", "missing"])
            self.assertEqual((shard["present"], shard["missing"], shard["corrupt_entries"], shard["hole_nbytes"]),
                             (1, 2, 1, 0))
            self.assertEqual((error["code"], error["key"], error["chunk"], error["inner_chunk"]),
                             ("CORRUPT", "c/0/1", "0,1", "0,1"))
            self.assertIn("corrupt entry: ", self.text("shard", "ls", "a", code=6))
            self.refused("shard", "extract", "a/c/0/1", "--inner", "0,1", code=6, says=["c/0/1", "inner chunk 0,1"])
            self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "0,0"), int32s(4))

    def test_inner_chunks(self):
        self.make(sharding((2, 2), [LITTLE, CRC]))
        good = int32s(4) + crc32c(int32s(4))
        self.store(good + good[:-1] + b"?" + good[:19] + index([(0, 20), (20, 20), MISSING, (40, 19)]))
        self.assertEqual(self.sums("a"), (3, 1, 0, 59, 0, 0))
        out, error = self.error("shard", "ls", "a", "--deep")
        states = [(c["state"], c.get("error", "")) for c in json.loads(out)["shards"][0]["inner_chunks"]]
        self.assertEqual([s for s, _ in states], ["ok", "damaged", "missing", "damaged"])
        self.assertRegex(states[1][1], r"\Acodec crc32c: ")
        self.assertEqual((error["code"], error["codec"], error["chunk"], error["inner_chunk"], error["offset"]),
                         ("CHECKSUM", "crc32c", "0,1", "0,1", 20))
        self.assertIn("2 faults", error["message"])
        self.text("shard", "ls", "a", "--deep", code=6)
        self.assertIn("zarrc: a/c/0/1: chunk 0,1, inner chunk 0,1, byte 20: codec crc32c: ", self.said)
        self.refused("shard",
                     "extract",
                     "a/c/0/1",
                     "--inner",
                     "0,1",
                     "--decode",
                     "-o",
                     "x",
                     code=6,
                     says="a/c/0/1: chunk 0,1, inner chunk 0,1, byte 20: codec crc32c")
        self.assertFalse((self.folder / "x").exists())
        self.assertEqual(self.zarrc("shard", "extract", "a/c/0/1", "--inner", "1,1"), good[:19])

    def test_every_cut_and_many_changes(self):
        """Without a checksum anything may stand in the index: all of it is told or refused."""
        self.make(sharding((2, 2), [LITTLE, {"name": "gzip", "configuration": {"level": 1}}], [LITTLE]))
        inner = gzip.compress(int32s(4), mtime=0)
        good = inner + index([(0, len(inner)), MISSING, (0, len(inner)), MISSING], checksum=False)
        for at in range(0, len(good), 3):
            for bad in (good[:at], good[:at] + bytes([good[at] ^ 0x81]) + good[at + 1:]):
                self.store(bad)
                done = self.run_command("shard", "ls", "a", "--deep", "--json")
                self.assertIn(done.returncode, (0, 6), (at, done.stderr))
                if done.stdout:
                    shard = json.loads(done.stdout)["shards"][0]
                    states = [c["state"] for c in shard.get("inner_chunks", [])]
                    self.assertEqual(done.returncode == 6, "error" in shard
                                     or not {"damaged", "corrupt entry"}.isdisjoint(states))


class Info(Shards):

    def test_one_level(self):
        self.make(sharding((2, 2), [LITTLE, CRC], location="start"), shape=(7, 8))
        d = self.json("info", "a")
        self.assertEqual(d["shards"], {"shape": [4, 4], "grid": [2, 2], "count": 4, "nbytes": 64})
        self.assertEqual(d["chunks"], {"shape": [2, 2], "grid": [4, 4], "count": 16, "nbytes": 16})
        self.assertEqual((d["chunks_per_shard"], d["inner_shards"], d["objects"]), (4, [], 4))
        self.assertEqual(d["shard_indexes"], [{"location": "start", "codecs": [LITTLE, CRC]}])
        text = self.text("info", "a")
        for words in ("4 chunks in each", "4 at most, one for each shard",
                      "at the start of each shard, bytes(little),crc32c", "bytes(little),crc32c in shards"):
            self.assertIn(words, text)

    def test_levels_and_transposes(self):
        """A transpose on the way down turns the axes of all that lies below it."""
        swap = {"name": "transpose", "configuration": {"order": [2, 0, 1]}}
        inner = sharding((1, 2, 3), [swap, sharding((3, 1, 1))], index_codecs=[LITTLE], location="start")
        for chain, shards, chunks in (([inner], [1, 2, 3], [1, 1, 3]), ([swap, inner], [2, 3, 1], [1, 3, 1])):
            self.make(*chain, shape=(12, 12, 12), chunks=(6, 6, 6))
            d = self.json("info", "a")
            self.assertEqual(d["shards"]["shape"], [6, 6, 6])
            self.assertEqual([s["shape"] for s in d["inner_shards"]], [shards])
            self.assertEqual(d["inner_shards"][0]["count"], 2 * 144)
            self.assertEqual(d["chunks"]["shape"], chunks)
            self.assertEqual((d["chunks"]["count"], d["chunks_per_shard"], d["objects"]), (4 * 144, 72, 8))
            self.assertEqual([i["location"] for i in d["shard_indexes"]], ["start", "end"])
            text = self.text("info", "a")
            for words in ("inner shards", "72 chunks in each", "at the end of each inner shard"):
                self.assertIn(words, text)
            # what lies in one chunk is stored as one: more in it changes no size, more beside it does

            def stored(index):
                self.zarrc("put", "a", "-s", support.dims(index), "--format", "raw", "-i", "-", stdin=int32s(1, 7))
                return self.json("info", "a", "--stored")["stored"]["nbytes"]

            once = stored([0, 0, 0])
            self.assertEqual(stored([n - 1 for n in chunks]), once)
            for axis in range(3):
                more = stored([n if i == axis else 0 for i, n in enumerate(chunks)])
                self.assertGreater(more, once)
                once = more

    def test_codecs_beside_the_shards(self):
        self.make(sharding((2, 2)), CRC)
        d = self.json("info", "a")
        self.assertEqual((d["shards"]["shape"], d["chunks"]["shape"], d["chunks_per_shard"]), ([4, 4], [2, 2], 4))
        self.assertIn("sharding_indexed", self.text("info", "a"))

    def test_no_shards(self):
        self.array("a")
        d = self.json("info", "a")
        self.assertEqual((d["shards"], d["inner_shards"], d["shard_indexes"], d["objects"]), (None, [], [], 4))
        self.assertIn("one for each chunk", self.text("info", "a"))
        self.assertNotIn("index", self.text("info", "a"))
