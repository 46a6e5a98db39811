# SPDX-License-Identifier: MIT
"""Whole or not there: copy, copy --overwrite and create --overwrite, ended or failing at any call that changes files.

ZARRC_DRAWS: how many moments of each (every one, if there are fewer); ZARRC_SEED: which.
"""
import errno
import os
import random
import shutil
import signal
import subprocess

import support
from support import int32s

LIBRARY = os.environ.get("ZARRC_FAULTCALLS")
DRAWS = int(os.environ.get("ZARRC_DRAWS", "40"))
OLD, NEW = int32s(48), int32s(48, 1000)


class Whole(support.Case):

    def setUp(self):
        super().setUp()
        if LIBRARY is None:
            self.skipTest("ZARRC_FAULTCALLS names no library")
        self.array("a", shape=(48, ), chunks=(48, ), values=NEW)

    def run_faulty(self, *arguments, **faults):
        env = {f"ZARRC_FAULT_{name.upper()}": str(value) for name, value in faults.items()}
        env.update(LD_PRELOAD=LIBRARY, ASAN_OPTIONS="verify_asan_link_order=0", **self.extra)
        return self.run_command(*arguments, env=env)

    extra = {}

    def old_target(self):
        shutil.rmtree(self.folder / "b", ignore_errors=True)
        shutil.rmtree(self.folder / ".b.zarrc-partial", ignore_errors=True)
        self.array("b", shape=(48, ), chunks=(5, ), values=OLD)

    def no_target(self):
        shutil.rmtree(self.folder / "b", ignore_errors=True)
        shutil.rmtree(self.folder / ".b.zarrc-partial", ignore_errors=True)

    def count_calls(self, prepare, arguments):
        prepare()
        done = self.run_faulty(*arguments, count=self.path("count"))
        self.assertEqual(done.returncode, 0, done.stderr)
        n = int((self.folder / "count").read_text())
        (self.folder / "count").unlink()
        self.assertGreater(n, 5)
        return n

    def moments(self, n):
        every = range(1, n + 1)
        if n <= DRAWS:
            return every
        return sorted(random.Random(int(os.environ.get("ZARRC_SEED", "1"))).sample(every, DRAWS))

    def value(self):
        """Elements of the target and its chunk shape; None: it is not there."""
        done = self.run_command("get", "b", "--format", "raw", "-o", "-")
        if done.returncode == 3:
            return None
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, self.json("info", "b")["chunks"]["shape"][0]

    def nothing_left(self):
        self.assertEqual([p for p in os.listdir(self.folder) if p not in ("a", "b")], [])
        self.no_temporaries()


class Copies(Whole):
    COPY = ("copy", "a", "b", "-c", "7", "-q", "-T", "1")
    states = {"old": (OLD, 5), "new": (NEW, 7), "none": None}

    def each(self, prepare, arguments, allowed, again):
        n = self.count_calls(prepare, arguments)
        seen = set()
        for at in self.moments(n):
            prepare()
            done = self.run_faulty(*arguments, at=at)
            self.assertEqual(done.returncode, -signal.SIGKILL, at)
            value = self.value()
            self.assertIn(value, allowed, at)
            seen.add(str(value))
            again_done = self.run_command(*again)
            self.assertEqual(again_done.returncode, 0, (at, again_done.stderr))
            self.assertEqual(self.value(), self.states["new"], at)
            self.nothing_left()
        return seen

    def test_copy_resumed(self):
        s = self.states
        self.each(self.no_target, self.COPY, [s["none"], s["new"]], (*self.COPY, "--resume"))

    def test_copy_begun_anew(self):
        s = self.states
        self.each(self.no_target, self.COPY, [s["none"], s["new"]], (*self.COPY, "--overwrite"))

    def test_overwrite(self):
        s = self.states
        seen = self.each(self.old_target, (*self.COPY, "--overwrite"), [s["old"], s["new"]], (*self.COPY, "--overwrite"))
        self.assertEqual(len(seen), 2)

    def test_overwrite_without_exchange(self):
        """Where two directories cannot change places: for a moment nothing is there; what comes next goes on."""
        s = self.states
        self.extra = {"ZARRC_FAULT_NO_EXCHANGE": "1"}
        self.each(self.old_target, (*self.COPY, "--overwrite"), [s["old"], s["new"], s["none"]],
                  (*self.COPY, "--overwrite"))

    def test_resume_of_an_overwrite(self):
        """The old target stays until the resumed copy is complete. Killed so early that nothing was kept, --resume
        finds the old target alone, and refuses it."""
        arguments = (*self.COPY, "--overwrite")
        n = self.count_calls(self.old_target, arguments)
        resumed = 0
        for at in self.moments(n):
            self.old_target()
            self.run_faulty(*arguments, at=at)
            before = self.value()
            done = self.run_command(*self.COPY, "--resume")
            self.assertIn(done.returncode, (0, 10), done.stderr)
            self.assertEqual(self.value(), self.states["new"] if done.returncode == 0 else before)
            resumed += done.returncode == 0 and before == self.states["old"]
        self.assertGreater(resumed, 5)

    def test_faults(self):
        """A call that fails, or all from then on: the old target is whole, or the new one."""
        s = self.states
        arguments = (*self.COPY, "--overwrite")
        n = self.count_calls(self.old_target, arguments)
        for number, on in ((errno.ENOSPC, 0), (errno.EIO, 1)):
            for at in self.moments(n):
                self.old_target()
                done = self.run_faulty(*arguments, at=at, errno=number, on=on)
                self.assertEqual(self.value(), s["new"] if done.returncode == 0 else s["old"], (at, done.stderr))
        self.zarrc(*self.COPY, "--overwrite")
        self.nothing_left()

    def test_unreadable_source(self):
        self.array("a2", "int32", (48, ), (12, ), NEW, "--codecs", "bytes,crc32c")
        path = self.folder / "a2/c/3"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        self.old_target()
        self.refused("copy", "a2", "b", "-c", "7", "--overwrite", code=6, says=["a2/c/3", "crc32c"])
        self.assertEqual(self.value(), self.states["old"])
        shutil.rmtree(self.folder / "a2")
        self.nothing_left()

    def test_resumed_from_another_source(self):
        """What was copied of one source is not taken for another's, but with --check, which compares."""
        self.array("a2", shape=(48, ), chunks=(48, ), values=int32s(48, 2000))
        n = self.count_calls(self.no_target, self.COPY)
        self.no_target()
        self.run_faulty(*self.COPY, at=n * 3 // 4)
        self.assertIn("0", os.listdir(self.folder / ".b.zarrc-partial/new/c"))
        other = ("copy", "a2", *self.COPY[2:])
        self.refused(*other, "--resume", code=10, says=["another source", "copy of a)", "--resume --check"])
        self.assertIsNone(self.value())
        self.zarrc(*other, "--resume", "--check")
        self.assertEqual(self.value(), (int32s(48, 2000), 7))
        shutil.rmtree(self.folder / "a2")
        self.nothing_left()

    def test_unfinished_is_told(self):
        arguments = (*self.COPY, "--overwrite")
        self.old_target()
        for at in range(self.count_calls(self.old_target, arguments), 0, -1): # the last one before the swap
            self.old_target()
            self.run_faulty(*arguments, at=at)
            if self.value() == self.states["old"]:
                break
        self.text("info", "b")
        self.assertIn("b: an unfinished replacing copy of a is there too", self.said)
        shutil.rmtree(self.folder / "b")
        for verb in ("info", "ls", "tree"):
            self.refused(verb, "b", code=3, says="--resume, as an unfinished replacing copy of a is there")
        self.refused(*self.COPY, code=10, says=["unfinished", "--resume", "--overwrite"])
        self.zarrc(*self.COPY, "--resume")
        self.assertEqual(self.value(), self.states["new"])
        self.nothing_left()

    def test_in_the_working_directory(self):
        """It cannot be renamed: what is in it is moved out, and the new one in, the document last."""
        self.no_target()
        self.old_target()
        done = subprocess.run([support.COMMAND, "copy", "../a", ".", "-c", "7", "-q", "--overwrite"],
                              cwd=self.folder / "b",
                              capture_output=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.value(), self.states["new"])
        self.assertEqual(sorted(os.listdir(self.folder / "b")), ["c", "zarr.json"])

    def test_permissions_are_taken_over(self):
        self.old_target()
        (self.folder / "b").chmod(0o710)
        self.zarrc(*self.COPY, "--overwrite")
        self.assertEqual((self.folder / "b").stat().st_mode & 0o7777, 0o710)
        self.zarrc(*Creates.CREATE)
        self.assertEqual((self.folder / "b").stat().st_mode & 0o7777, 0o710)

    def test_in_a_directory_that_may_not_be_written(self):
        """What may be written is replaced from inside."""
        user = 65534 if os.geteuid() == 0 else None  # who is root may write everywhere
        command = shutil.copy(support.COMMAND, self.folder)
        self.old_target()
        for path in [self.folder / "b", *(self.folder / "b").rglob("*")]:
            os.chown(path, user or -1, -1)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        for arguments, value in (((*self.COPY, "--overwrite"), self.states["new"]), (Creates.CREATE, (bytes(192), 9))):
            done = subprocess.run([command, *arguments], cwd=self.folder, user=user, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.value(), value)
            self.assertNotIn(".zarrc-partial", os.listdir(self.folder / "b"))

    def test_mounted_from_the_same_file_system(self):
        self.no_target()
        (self.folder / "b").mkdir()
        (self.folder / "d").mkdir()
        script = ("mount --bind d b && touch d/mounted || exit 77; rm d/mounted;"
                  f'"$0" create b --shape 3 --dtype int8 -c 3; "$0" {" ".join(self.COPY)} --overwrite')
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, support.COMMAND],
                              cwd=self.folder,
                              capture_output=True,
                              check=False)
        if done.returncode == 77 or b"unshare" in done.stderr:
            self.skipTest("nothing can be mounted")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.zarrc("get", "d", "--format", "raw", "-o", "-"), NEW)
        self.assertEqual(sorted(os.listdir(self.folder / "d")), ["c", "zarr.json"])


class Creates(Whole):
    CREATE = ("create", "b", "--shape", "48", "--dtype", "int32", "-c", "9", "--overwrite")

    def test_create(self):
        n = self.count_calls(self.old_target, self.CREATE)
        empty = (bytes(48 * 4), 9)
        for at in self.moments(n):
            self.old_target()
            self.run_faulty(*self.CREATE, at=at)
            self.assertIn(self.value(), [(OLD, 5), empty], at)
            self.zarrc(*self.CREATE)
            self.assertEqual(self.value(), empty)
            self.nothing_left()

    def test_faults(self):
        n = self.count_calls(self.old_target, self.CREATE)
        for at in self.moments(n):
            self.old_target()
            done = self.run_faulty(*self.CREATE, at=at, errno=errno.EIO, on=at % 2)
            self.assertEqual(self.value(), (bytes(48 * 4), 9) if done.returncode == 0 else (OLD, 5), at)


    def test_nothing_is_left(self):
        """A create that fails leaves no directory that it made, and those that were there."""
        for above in ("new/deep", "there"):
            (self.folder / "there").mkdir(exist_ok=True)
            arguments = ("create", f"{above}/n", *self.CREATE[2:-1])
            failed = 0
            for at in range(1, 12):
                for name in ("new", f"{above}/n"):
                    shutil.rmtree(self.folder / name, ignore_errors=True)
                done = self.run_faulty(*arguments, at=at, errno=errno.ENOSPC, on=0)
                failed += done.returncode != 0
                if done.returncode:
                    self.assertEqual(sorted(os.listdir(self.folder)), ["a", "there"], (at, done.stderr))
                    self.assertEqual(os.listdir(self.folder / "there"), [], (at, done.stderr))
            self.assertGreater(failed, 2)


class Races(support.Case):

    def test_two_copies_with_other_chunks(self):
        """Who succeeds leaves its own array, whole; who does not says that another one was at work."""
        self.array("a", shape=(200, ), chunks=(200, ), values=int32s(200, 1))
        for i in range(50):
            both = [
                subprocess.Popen([support.COMMAND, "copy", "a", "b", "-c", edge, "--overwrite", "-q"],
                                 cwd=self.folder,
                                 stderr=subprocess.PIPE) for edge in ("7", "11")
            ]
            said = [process.communicate(timeout=60)[1] for process in both]
            codes = [process.returncode for process in both]
            self.assertTrue(set(codes) <= {0, 10} and 0 in codes, (codes, said))
            self.assertEqual(self.raw("b"), int32s(200, 1))
            info = self.json("info", "b", "--stored")
            edge = info["chunks"]["shape"][0]
            self.assertIn(edge, [e for e, code in zip((7, 11), codes) if code == 0])
            self.assertEqual((info["stored"]["objects"], info["stored"]["other_keys"]), (-(-200 // edge), 0))
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "b"])

    def test_creates_wait_for_each_other(self):
        self.array("b", shape=(200, ), chunks=(7, ), values=int32s(200, 1))
        many = [
            subprocess.Popen([support.COMMAND, "create", "b", "--overwrite", "--shape", str(n), "--dtype", "int8"],
                             cwd=self.folder,
                             stderr=subprocess.PIPE) for n in range(1, 9)
        ]
        for process in many:
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 0, said)
        self.assertEqual(sorted(os.listdir(self.folder / "b")), ["zarr.json"])
        self.assertEqual(os.listdir(self.folder), ["b"])


class Targets(support.Case):

    def test_a_link_stays(self):
        self.array("a", shape=(6, ), chunks=(2, ), values=int32s(6, 1))
        self.array("real/b", shape=(6, ), chunks=(3, ), values=int32s(6))
        (self.folder / "b").symlink_to("real/b")
        self.zarrc("copy", "a", "b", "--overwrite", "-q")
        self.assertTrue((self.folder / "b").is_symlink())
        self.assertEqual(self.raw("real/b"), int32s(6, 1))
        self.assertEqual(sorted(os.listdir(self.folder / "real")), ["b"])

    def test_an_empty_directory(self):
        self.array("a", shape=(6, ), chunks=(2, ), values=int32s(6, 1))
        (self.folder / "b").mkdir()
        self.zarrc("copy", "a", "b", "-q")
        self.assertEqual(self.raw("b"), int32s(6, 1))

    def test_long_names(self):
        self.array("a", shape=(6, ), chunks=(2, ), values=int32s(6, 1))
        name = "\u00e4" * 120
        self.zarrc("copy", "a", name, "-q")
        self.zarrc("copy", "a", name, "-q", "--overwrite", "-c", "3")
        self.assertEqual(self.raw(name), int32s(6, 1))
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", name])
