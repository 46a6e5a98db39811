# SPDX-License-Identifier: MIT
"""copy into zip archives: there and back, what is replaced, what is refused, and what an interruption leaves."""
import errno
import json
import os
import shutil
import signal
import zipfile

import cases_copy
import cases_overwrite_kill
import support
from support import int32s

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}


class Archives(cases_copy.Copy):

    def setUp(self):
        super().setUp()
        self.zarrc("create", "a.zarr", "--group", "--attributes", '{"x": 1}')
        self.array("a.zarr/v", values=int32s(20), chunks=(2, 3))
        self.array("a.zarr/g/w", "int32", (40, 30), (20, 30), int32s(1200), "--codecs", "zstd(3)", "--dimension-names", "y,x")
        self.array("a.zarr/g/s", "int32", (40, 30), (4, 5), int32s(1200, 7), "--shards", "20,30")

    def members(self, archive):
        """What zipfile finds in an archive, which it checks."""
        with zipfile.ZipFile(self.path(archive)) as made:
            self.assertIsNone(made.testzip())
            self.assertEqual(len(made.namelist()), len(set(made.namelist())))
            return {name: made.read(name) for name in made.namelist()}

    def test_there_and_back(self):
        """The members are the files that a directory would have, and are read by the same paths."""
        self.zarrc("copy", "a.zarr", "b.zarr", "-q")
        for zarr_format in ("3", "2"):
            shards = ["--shards", "none"] if zarr_format == "2" else []
            self.zarrc("copy", "a.zarr", "b.zarr", "--zarr-format", zarr_format, "--overwrite", "-q", *shards)
            self.zarrc("copy", "a.zarr", "a.zarr.zip", "--zarr-format", zarr_format, "--overwrite", "-q", "--check", *shards)
            self.assertEqual(self.members("a.zarr.zip"), self.tree("b.zarr"))
            self.assertEqual(self.raw("a.zarr.zip/g/s"), int32s(1200, 7))
            self.assertEqual(self.raw("a.zarr.zip/v", "-s", "1:3,2"), self.raw("a.zarr/v", "-s", "1:3,2"))
            self.zarrc("copy", "a.zarr.zip", "c.zarr", "--zarr-format", zarr_format, "--overwrite", "-q", "--check")
            self.assertEqual(self.tree("c.zarr"), self.tree("b.zarr"))
            self.zarrc("copy", "a.zarr.zip", "d.zip", "--zarr-format", zarr_format, "--overwrite", "-q")
            self.assertEqual(self.members("d.zip"), self.tree("b.zarr"))
        self.no_temporaries()

    def test_one_array_and_a_part_of_an_archive(self):
        self.zarrc("copy", "a.zarr/g/w", "w.zip", "-q", "-c", "7,7")
        self.assertEqual(self.raw("w.zip"), int32s(1200))
        self.zarrc("copy", "a.zarr", "a.zip", "-q")
        self.zarrc("copy", "a.zip/g", "g.zip", "-q")
        self.assertEqual(self.raw("g.zip/s"), int32s(1200, 7))

    def test_urls(self):
        names = {"x.zip": "x.zip", "y.OZX": "y.OZX", "zip:plain": "plain", "zip::other": "other", "zip://::n/m/o": "n/m/o",
                 "zip::file://" + self.path("last%20one"): "last one", "new/folder/z.zip": "new/folder/z.zip"}
        for url, name in names.items():
            self.zarrc("copy", "a.zarr", url, "-q")
            self.assertEqual(self.members(name)["v/c/0/0"], self.tree("a.zarr")["v/c/0/0"], url)
            self.refused("copy", "a.zarr", url, code=10, says=["there is a group already", "--overwrite or --resume"])

    def test_the_same_bytes(self):
        for name in ("one", "two"):
            self.zarrc("copy", "a.zarr", f"{name}.zip", "-q", "-T", "1")
        one, two = ((self.folder / f"{name}.zip").read_bytes() for name in ("one", "two"))
        self.assertEqual(one, two)
        with zipfile.ZipFile(self.path("one.zip")) as made:
            self.assertEqual({i.date_time for i in made.infolist()}, {(1980, 1, 1, 0, 0, 0)})
            self.assertEqual({i.compress_type for i in made.infolist()}, {zipfile.ZIP_STORED})
            self.assertEqual({i.flag_bits for i in made.infolist()}, {1 << 11})
            self.assertEqual(made.namelist(), sorted(made.namelist()))

    def test_chunks_as_they_are(self):
        """Chunks of a codec that nobody knows, and files that are not Zarr."""
        path = self.folder / "a.zarr/v/zarr.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "codecs": [LITTLE, {"name": "nix", "configuration": {}}]}))
        (self.folder / "a.zarr/v/c/0/0").write_bytes(os.urandom(5_000_000))
        (self.folder / "a.zarr/notes\u00e4").write_bytes(os.urandom(3_000_000))
        self.zarrc("copy", "a.zarr", "a.zip", "-q", "--check", "--other-files", "--memory", "4M", "-T", "3")
        made, tree = self.members("a.zip"), self.tree("a.zarr")
        self.assertEqual(made.keys(), tree.keys())
        for key in ("notes\u00e4", "v/c/0/0", "v/c/1/1"):
            self.assertTrue(made[key] == tree[key], key)  # no diff of megabytes

    def test_dry_run(self):
        self.json("copy", "a.zarr", "b.zip", "-n")
        self.assertEqual(os.listdir(self.folder), ["a.zarr"])

    def test_overwrite(self):
        """An archive is replaced as a whole, with its permissions, also behind a link."""
        (self.folder / "real").mkdir()
        self.zarrc("copy", "a.zarr/v", "real/b.zip", "-q")
        (self.folder / "b.zip").symlink_to("real/b.zip")
        (self.folder / "real/b.zip").chmod(0o600)
        self.refused("copy", "a.zarr", "b.zip", code=10, says=["there is an array already", "--overwrite"])
        d = self.json("copy", "a.zarr", "b.zip", "--overwrite")
        self.assertTrue(d["replaces"])
        self.assertTrue((self.folder / "b.zip").is_symlink())
        self.assertEqual((self.folder / "real/b.zip").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.members("b.zip").keys(), self.tree("a.zarr").keys())
        with zipfile.ZipFile(self.path("b.zip"), "a") as made:
            made.writestr("notes", "x")
        self.refused("copy", "a.zarr", "b.zip", "--overwrite", code=10, says=["1 file that is not Zarr", "--force"])
        self.zarrc("copy", "a.zarr", "b.zip", "--overwrite", "--force", "-q")
        self.assertNotIn("notes", self.members("b.zip"))
        with zipfile.ZipFile(self.path("empty.zip"), "w"):
            pass
        self.zarrc("copy", "a.zarr", "empty.zip", "-q")
        self.assertEqual(self.members("empty.zip").keys(), self.tree("a.zarr").keys())
        (self.folder / "bad.zip").write_bytes(b"PK")
        self.refused("copy", "a.zarr", "bad.zip", "--overwrite", code=6, says=["bad.zip: no valid zip archive"])
        self.assertEqual(os.listdir(self.folder / "real"), ["b.zip"])

    def test_resume(self):
        """An archive is made anew where there is none. One that is there is not completed."""
        self.zarrc("copy", "a.zarr", "b.zip", "--resume", "-q")
        self.assertEqual(self.members("b.zip").keys(), self.tree("a.zarr").keys())
        d = self.json("copy", "a.zarr", "b.zip", "--resume", "--check")
        self.assertEqual(d["written"]["objects"], 0)
        before = (self.folder / "b.zip").read_bytes()
        with zipfile.ZipFile(self.path("c.zip"), "w") as made:
            for key, value in self.tree("a.zarr").items():
                if key != "g/w/c/1/0":
                    made.writestr(key, value)
        self.refused("copy", "a.zarr", "c.zip", "--resume", code=5, says=["cannot be changed, only replaced", "--overwrite"])
        self.assertEqual((self.folder / "b.zip").read_bytes(), before)
        self.assertNotIn("g/w/c/1/0", self.members("c.zip"))

    def test_refusals(self):
        self.zarrc("copy", "a.zarr", "a.zip", "-q")
        before = (self.folder / "a.zip").read_bytes()
        whole = "a zip archive can only be written as a whole, by a copy"
        for arguments in (("create", "new.zip", "--group"), ("create", "a.zip", "--group", "--overwrite"),
                          ("create", "a.zip/n", "--group"), ("resize", "a.zip/v", "9,9"), ("consolidate", "a.zip"),
                          ("put", "a.zip/v", "-i", "-", "--format", "raw"), ("attrs", "a.zip", "--set", "x=2")):
            done = self.run_command(*arguments, stdin=int32s(20))
            if b"no verb" in done.stderr or done.returncode == 2:
                continue
            self.assertEqual(done.returncode, 5, (arguments, done.stderr))
            self.assertIn(whole, done.stderr.decode(), arguments)
        for target in ("a.zip/n", "new.zip/n"):
            self.refused("copy", "a.zarr/v", target, code=5, says=[f"{target}: only a whole zip archive can be written"])
        self.refused("copy", "a.zip/g", "a.zip", "--overwrite", code=2, says=["lies in the destination"])
        self.assertEqual((self.folder / "a.zip").read_bytes(), before)
        self.assertFalse((self.folder / "new.zip").exists())

    def test_damaged_source(self):
        """Nothing is made, and nothing is replaced."""
        (self.folder / "a.zarr/g/w/c/1/0").write_bytes(b"nonsense")
        self.refused("copy", "a.zarr", "b.zip", code=6, says=["g/w/c/1/0"])
        self.assertNotIn("--resume", self.said)
        self.assertEqual(os.listdir(self.folder), ["a.zarr"])

    def test_many_members(self):
        """More than fit into an archive without zip64."""
        self.array("model", "uint8", (66000, ), (1, ), None, "--codecs", "bytes")
        with zipfile.ZipFile(self.path("many.zip"), "w") as many:
            many.write(self.folder / "model/zarr.json", "zarr.json")
            for i in range(66000):
                many.writestr(f"c/{i}", bytes([1 + i % 255]))
        self.zarrc("copy", "many.zip", "made.zip", "-q")
        with zipfile.ZipFile(self.path("made.zip")) as made:
            self.assertEqual(len(made.namelist()), 66001)
            self.assertEqual(made.read("c/65999"), bytes([1 + 65999 % 255]))
        self.assertEqual(self.raw("made.zip"), self.raw("many.zip"))


class Killed(cases_overwrite_kill.Whole):
    """Ended, or failing, at any call that changes files."""
    COPY = ("copy", "a", "b.zip", "-c", "7", "-q", "-T", "1", "--overwrite")

    def old_target(self):
        for path in self.folder.glob("*b.zip*"):
            path.unlink()
        shutil.copyfile(self.folder / "old", self.folder / "b.zip")

    def no_target(self):
        for path in self.folder.glob("*b.zip*"):
            path.unlink()

    def setUp(self):
        super().setUp()
        self.array("o", shape=(48, ), chunks=(5, ), values=cases_overwrite_kill.OLD)
        self.zarrc("copy", "o", "zip:old", "-q")

    def value(self):
        return self.raw("b.zip") if (self.folder / "b.zip").exists() else None

    def test_killed(self):
        for prepare, before in ((self.old_target, cases_overwrite_kill.OLD), (self.no_target, None)):
            n = self.count_calls(prepare, self.COPY)
            for at in self.moments(n):
                prepare()
                done = self.run_faulty(*self.COPY, at=at)
                self.assertEqual(done.returncode, -signal.SIGKILL, at)
                self.assertIn(self.value(), (before, cases_overwrite_kill.NEW), at)
                self.zarrc(*self.COPY)
                self.assertEqual(self.value(), cases_overwrite_kill.NEW)
                self.no_temporaries()

    def test_failing(self):
        n = self.count_calls(self.old_target, self.COPY)
        for number, on in ((errno.ENOSPC, 0), (errno.EIO, 1)):
            for at in self.moments(n):
                self.old_target()
                done = self.run_faulty(*self.COPY, at=at, errno=number, on=on)
                self.assertNotIn(b"--resume", done.stderr)
                want = cases_overwrite_kill.NEW if done.returncode == 0 else cases_overwrite_kill.OLD
                self.assertEqual(self.value(), want, (at, done.stderr))
