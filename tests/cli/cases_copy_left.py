# SPDX-License-Identifier: MIT
"""What is left by copies and creates that came to no end, and what the next one makes of it."""
import os
import shutil

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
