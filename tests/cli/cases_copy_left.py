# SPDX-License-Identifier: MIT
"""What is left by copies and creates that came to no end, and what the next one makes of it."""
import json
import os
import shutil
import subprocess

import support
from support import int32s


class Unfinished(support.Case):
    """A hierarchy in which one chunk is damaged: the copy fails, and what was done until then is kept."""
    COPY = ("copy", "g", "o", "-q")

    def setUp(self):
        super().setUp()
        self.zarrc("create", "g", "--group", "--attributes", '{"x": 1}')
        for i in range(1, 4):
            self.array(f"g/a{i}", shape=(20, ), chunks=(5, ), values=int32s(20, i))
        self.zarrc("create", "g/s", "--group")
        self.array("g/s/b", shape=(6, ), chunks=(2, ), values=int32s(6, 9))
        self.array("g/z", "int32", (4, ), (4, ), int32s(4), "--codecs", "bytes,crc32c")
        self.whole = (self.folder / "g/z/c/0").read_bytes()
        (self.folder / "g/z/c/0").write_bytes(self.whole[:-1] + b"?")
        self.stage = self.folder / ".o.zarrc-partial/new"

    def begin(self, *arguments):
        self.refused(*self.COPY, *arguments, code=6, says=["crc32c", "--resume once the source is mended"])
        self.assertTrue((self.stage / "a3/c/3").exists())
        (self.folder / "g/z/c/0").write_bytes(self.whole)

    def tree(self, name):
        return {str(p.relative_to(self.folder / name)): p.read_bytes()
                for p in (self.folder / name).rglob("*") if p.is_file()}

    def finish(self, *arguments):
        """The copy that is gone on with is the one that would have been made at once."""
        self.zarrc(*self.COPY, "--resume", *arguments)
        self.zarrc("copy", "g", "once", "-q", *arguments)
        self.assertEqual(self.tree("o"), self.tree("once"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["g", "o", "once"])

    def test_nodes_that_have_gone(self):
        self.begin()
        shutil.rmtree(self.folder / "g/a1")
        shutil.rmtree(self.folder / "g/s/b")
        self.finish()
        self.assertEqual(self.json("copy", "o", "p")["groups"], 2)
        self.assertFalse((self.folder / "o/a1").exists())

    def test_a_group_that_has_gone(self):
        self.begin()
        shutil.rmtree(self.folder / "g/s")
        self.finish()
        self.assertFalse((self.folder / "o/s").exists())

    def test_chunks_that_have_gone(self):
        self.begin()
        (self.folder / "g/a2/c/1").unlink()
        shutil.rmtree(self.folder / "g/s/b/c")
        self.finish()

    def test_other_files_that_have_gone(self):
        (self.folder / "g/notes.txt").write_text("one")
        (self.folder / "g/a1/old.txt").write_text("two")
        self.begin("--other-files")
        (self.folder / "g/a1/old.txt").unlink()
        self.finish("--other-files")
        self.assertEqual((self.folder / "o/notes.txt").read_text(), "one")

    def test_a_shorter_array_is_refused(self):
        self.begin()
        shutil.rmtree(self.folder / "g/a1")
        self.array("g/a1", shape=(10, ), chunks=(5, ), values=int32s(10, 1))
        self.refused(*self.COPY, "--resume", code=10, says=["a1: what is there is not what", "--overwrite"])
        self.assertFalse((self.folder / "o").exists())
        self.zarrc(*self.COPY, "--overwrite")

    def test_a_link_to_nothing(self):
        """Trying again does not help; taking it away does, and leaving out what is not Zarr."""
        (self.folder / "g/z/c/0").write_bytes(self.whole)
        (self.folder / "g/nowhere").symlink_to("gone")
        for arguments in ((), ("--resume", )):
            self.refused(*self.COPY, "--other-files", *arguments, code=9, says=["nowhere", "link to nothing", "once the source"])
        (self.folder / "g/nowhere").unlink()
        self.finish("--other-files")

    def test_nothing_goes_from_a_copy_that_is_there(self):
        """It may have got more since."""
        (self.folder / "g/z/c/0").write_bytes(self.whole)
        self.zarrc(*self.COPY)
        shutil.rmtree(self.folder / "g/a1")
        self.zarrc(*self.COPY, "--resume")
        self.assertTrue((self.folder / "o/a1/c/0").exists())

    def test_documents_that_cannot_be_read(self):
        """As a power cut leaves them."""
        for name in ("", "s", "a1", "s/b"):
            for text in ("", '{"zarr_format": 3', "\0" * 200, '{"zarr_format": 2}'):
                with self.subTest(name=name, text=text):
                    (self.folder / "g/z/c/0").write_bytes(self.whole[:-1] + b"?")
                    self.begin()
                    (self.stage / name / "zarr.json").write_text(text)
                    self.finish()
                    shutil.rmtree(self.folder / "o")
                    shutil.rmtree(self.folder / "once")


class Old(support.Case):
    """What was replaced and cannot be removed: it is told, and is in nobody's way."""
    COPY = ("copy", "a", "b", "--overwrite", "-q")
    CREATE = ("create", "b", "--overwrite", "--force", "--shape", "4", "--dtype", "int8")

    def setUp(self):
        super().setUp()
        self.array("a", shape=(20, ), chunks=(20, ), values=int32s(20, 1))
        self.zarrc("create", "b", "--group")
        self.array("b/x", shape=(20, ), chunks=(20, ), values=int32s(20, 7))
        self.array("b/y", shape=(20, ), chunks=(20, ), values=int32s(20, 7))

    def left(self):
        return sorted(os.listdir(self.folder / ".b.zarrc-partial"))

    def as_other(self, *arguments):
        """Runs the command as a user who is not root, and owns all but what is in b/x."""
        if os.geteuid() != 0:
            self.skipTest("only root can give files to others")
        command = self.folder / "zarrc"
        if not command.exists():
            shutil.copy(support.COMMAND, command)
            self.folder.chmod(0o755)
            for path in [self.folder, *self.folder.rglob("*")]:
                if self.folder / "b/x" not in (path, *path.parents):
                    os.chown(path, 65534, -1)
        done = subprocess.run([command, *arguments], cwd=self.folder, user=65534, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_what_another_user_owns(self):
        where = str((self.folder / ".b.zarrc-partial").resolve())
        says = f"zarrc: note: b: what could not be removed of the old version is left in {where}; " \
            "the next --overwrite tries again\n"
        done = self.as_other(*self.COPY)
        self.assertEqual(done.stderr.decode(), says)
        self.assertEqual(self.raw("b"), int32s(20, 1))
        self.assertEqual(self.left(), ["left.1"])
        for arguments in (self.COPY, (*self.COPY, "-c", "5"), self.CREATE):
            done = self.as_other(*arguments, "--json")
            self.assertEqual((done.stderr.decode(), json.loads(done.stdout)["left"]), (says, where))
            self.assertEqual(self.left(), ["left.1"])
        self.zarrc(*self.COPY)  # as somebody who may remove it
        self.assertEqual(self.said, "")
        self.assertFalse((self.folder / ".b.zarrc-partial").exists())

    def test_created(self):
        done = self.as_other(*self.CREATE)
        self.assertIn("is left in", done.stderr.decode())
        self.assertEqual(self.left(), ["left.1"])
        self.assertNotIn("left", self.json(*self.CREATE))
        self.assertFalse((self.folder / ".b.zarrc-partial").exists())

    def test_a_mount_in_it(self):
        """It stays mounted until nobody sees it any more; what is below it has been removed."""
        (self.folder / "d").mkdir()
        script = (f'mount --bind d b/x || exit 77; for i in 1 2 3; do "$0" {" ".join(self.COPY)} -c $i || exit 1; '
                  'ls -A .b.zarrc-partial; done')
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, support.COMMAND],
                              cwd=self.folder,
                              capture_output=True,
                              check=False)
        if done.returncode == 77 or b"unshare" in done.stderr:
            self.skipTest(f"nothing can be mounted: {done.stderr.decode().strip()}")
        self.assertEqual((done.returncode, done.stdout), (0, b"left.1\n" * 3), done.stderr)
        self.assertEqual(done.stderr.count(b"is left in"), 3)
        self.assertEqual(self.raw("b"), int32s(20, 1))
        self.zarrc(*self.COPY)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "b", "d"])
