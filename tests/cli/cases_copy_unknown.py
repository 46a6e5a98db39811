# SPDX-License-Identifier: MIT
"""copy: arrays with unknown codecs, and what lies behind links."""
import json
import os
import shutil

import cases_copy
from support import int32s

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}


class Unknown(cases_copy.Copy):

    def unknown(self, name, chunks, size):
        """An array with an unknown codec, and so many stored chunks of random bytes."""
        self.zarrc("create", name, "--shape", f"{2 * chunks}", "-c", "2", "--dtype", "int32", "--overwrite")
        path = self.folder / name / "zarr.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "codecs": [LITTLE, {"name": "nix", "configuration": {}}]}))
        (self.folder / name / "c").mkdir()
        for i in range(chunks):
            (self.folder / name / f"c/{i}").write_bytes(os.urandom(size))

    def test_unknown_codecs_and_resume(self):
        """Chunks that are there, as long as in the source, are not copied again; with --check, others are made anew."""
        self.unknown("a", 12, 1000)
        self.zarrc("copy", "a", "b", "-q")
        want = self.tree("b")
        (self.folder / "b/c/3").unlink()
        (self.folder / "b/c/4").write_bytes(want["c/4"][:-1])
        (self.folder / "b/c/5").write_bytes(want["c/5"][:-1] + b"?!"[want["c/5"][-1] == ord("?"):][:1])
        plan = self.json("copy", "a", "b", "-n", "--resume")
        self.assertEqual((plan["arrays"][0]["objects_there"], plan["arrays"][0]["reads"]), (10, 2))
        d = self.json("copy", "a", "b", "--resume")
        self.assertEqual((d["skipped_objects"], d["written"]["objects"], d["read"]["objects"]), (10, 2, 2))
        d = self.json("copy", "a", "b", "--resume", "--check")
        self.assertEqual((d["skipped_objects"], d["mended_objects"], d["written"]["objects"]), (11, 1, 1))
        self.assertEqual(self.tree("b"), want)
        self.assertEqual({key: self.tree("a")[key] for key in self.chunks("a")}, {key: want[key] for key in self.chunks("b")})

    def test_unknown_codecs_and_memory(self):
        """Chunks larger than --memory are moved in pieces, several at once; files that are not Zarr as well."""
        self.unknown("a", 3, 5_000_000)
        (self.folder / "a/notes").write_bytes(os.urandom(3_000_000))
        plan = self.json("copy", "a", "b", "-n", "--memory", "1M", "-T", "3")
        self.assertEqual((plan["arrays"][0]["regions_at_once"], plan["arrays"][0]["reads"]), (3, 3))
        self.assertIn("up to 85.3 KiB, 3 at once", self.text("copy", "a", "b", "-n", "--memory", "1M", "-T", "3"))
        self.zarrc("copy", "a", "b", "--memory", "1M", "-T", "3", "--check", "--other-files", "-q")
        a, b = self.tree("a"), self.tree("b")
        self.assertEqual(a.keys(), b.keys())
        for key in a.keys() - {"zarr.json"}:
            self.assertTrue(a[key] == b[key], key)  # no diff of megabytes
        (self.folder / "a/c/1").chmod(0)
        if os.geteuid() != 0:
            self.refused("copy", "a", "d", code=13, says=["a ", "c/1"])
        (self.folder / "a/c/1").unlink()
        os.mkfifo(self.folder / "a/c/1")
        self.assertEqual(self.json("copy", "a", "e")["written"]["objects"], 2)

    def test_unknown_codecs_are_copied_as_they_are(self):
        self.zarrc("create", "g", "--group")
        self.array("g/a", values=int32s(20))
        self.array("g/known", shape=(6, ), chunks=(2, ), values=int32s(6, 1))
        path = self.folder / "g/a/zarr.json"
        codecs = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "nix", "configuration": {"x": 1}}]
        path.write_text(json.dumps({**json.loads(path.read_text()), "codecs": codecs}))
        for extra in ([], ["--check"], ["-n"], ["-c", "3"]):
            self.zarrc("copy", "g", "h", "--overwrite", *extra)
            if extra == ["-n"]:
                continue
            self.assertEqual(json.loads((self.folder / "h/a/zarr.json").read_text())["codecs"], codecs)
            there = {name: data for name, data in self.tree("h/a").items() if name != "zarr.json"}
            self.assertEqual(there, {name: data for name, data in self.tree("g/a").items() if name != "zarr.json"})
            self.assertEqual((len(there), self.raw("h/known")), (4, int32s(6, 1)))
        self.assertEqual(self.json("info", "h/known")["chunks"]["shape"], [3])
        for extra in (["-c", "4,5"], ["--codecs", "gzip"]):
            self.refused("copy", "g", "i", *extra, code=5, says=["a: can only be copied with", "nix"])
            self.assertFalse((self.folder / "i").exists())


class Links(cases_copy.Copy):

    def test_overwriting_what_holds_links_out_of_the_store(self):
        """A link is not Zarr, but with --follow-links what it leads to; with either option it goes, its target stays."""
        self.array("s", values=int32s(20))
        for verb in (["copy", "s", "g"], ["create", "g", "--shape", "4", "--dtype", "int8", "-c", "2"]):
            shutil.rmtree(self.folder / "g", ignore_errors=True)
            self.array("out/x/o", "int32", (4, 5), (2, 3), int32s(20, 7), "--overwrite")
            self.zarrc("create", "g", "--group")
            self.array("g/a", values=int32s(20))
            os.symlink("../out/x/o", self.folder / "g/linked")
            kept, before = self.tree("out"), self.tree("g")
            os.symlink("../out/x/o/c", self.folder / "g/c")
            shutil.rmtree(self.folder / "kept", ignore_errors=True)
            shutil.copytree(self.folder / "g", self.folder / "kept", symlinks=True)
            for option in ("--force", "--follow-links"):
                self.refused(*verb, "--overwrite", code=10, says=["2 files", "not Zarr", "--overwrite --force"])
                self.assertEqual(self.tree("g"), before)
                self.assertTrue((self.folder / "g/linked").is_symlink())
                self.zarrc(*verb, "--overwrite", option)
                self.assertEqual(self.json("info", "g")["node_type"], "array")
                self.assertFalse((self.folder / "g/linked").exists())
                self.assertEqual(self.tree("out"), kept)
                shutil.rmtree(self.folder / "g")
                shutil.copytree(self.folder / "kept", self.folder / "g", symlinks=True)
