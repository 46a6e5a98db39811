# SPDX-License-Identifier: MIT
"""What the command does when the system refuses: memory, descriptors that are closed, the limit of file sizes."""
import json
import os
import resource
import shutil
import subprocess
import unittest

import support
from support import int32s

FAULTALLOC = os.environ.get("ZARRC_FAULTALLOC", "")


@unittest.skipUnless(os.path.exists(FAULTALLOC), "needs the preloaded library of a build without sanitizers")
class Memory(support.Case):
    """Each allocation of a run fails once: the run ends with 8, or has done all of its work."""

    def setUp(self):
        super().setUp()
        self.zarrc("create", "g", "--group", "--attributes", '{"a": [1, 2]}')
        self.array("g/a", values=int32s(20))
        self.array("g/s", "uint8", (4, 4), (2, 2), bytes(range(16)), "--shards", "4,4")
        self.array("g/t", "string", (3, ), (2, ))
        self.zarrc("put", "g/t", "-i", "-", "--format", "lines", stdin=b"x\ny\nz\n")
        self.zarrc("create", "v", "--shape", "3", "--dtype", '{"name": "struct", "configuration": {"fields": '
                   '[["p", "int8"], ["q", "float64"]]}}')
        (self.folder / "values.npy").write_bytes(self.zarrc("get", "g/a", "-o", "-"))
        (self.folder / "wrong.npy").write_bytes(self.zarrc("get", "g/s", "-o", "-"))
        (self.folder / "lines.txt").write_bytes(b"u\nv\nw\n")
        (self.folder / "chunk.raw").write_bytes(int32s(6))
        shutil.copytree(self.folder, self.folder.with_suffix(".kept"))
        self.addCleanup(shutil.rmtree, self.folder.with_suffix(".kept"))

    def reset(self):
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.folder.with_suffix(".kept"), self.folder, dirs_exist_ok=True)

    def files(self):
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def run_failing(self, arguments, at, stdin):
        counts, write = os.pipe()
        done = self.run_command(*arguments,
                                stdin=stdin,
                                env={
                                    "LD_PRELOAD": FAULTALLOC,
                                    "ZARRC_FAIL_AT": str(at),
                                    "ZARRC_COUNT_TO": str(write)
                                },
                                pass_fds=[write])
        os.close(write)
        with os.fdopen(counts) as pipe:
            return done, int(pipe.read())

    def each(self, *arguments, stdin=b"", code=0, writes=False):
        self.reset()
        whole, calls = self.run_failing(arguments, 0, stdin)
        self.assertEqual(whole.returncode, code, whole.stderr)
        self.assertGreater(calls, 0)
        files = self.files()
        failed = 0
        for at in range(1, calls + 1):
            if writes:
                self.reset()
            done, _ = self.run_failing(arguments, at, stdin)
            what = (arguments, at, done.returncode, done.stderr)
            self.assertIn(done.returncode, (code, 8), what)
            if done.returncode == code:
                self.assertEqual(done.stdout, whole.stdout, what)
                self.assertEqual(self.files(), files, what)
                continue
            failed += 1
            if "--json" in arguments:
                self.assertEqual(done.stdout, b"", what)
                self.assertEqual(json.loads(done.stderr)["error"]["code"], "NO_MEMORY", what)
            else:
                self.assertTrue(whole.stdout.startswith(done.stdout), what)
                self.assertRegex(done.stderr.decode(), r"\Azarrc: [^\n]*memory[^\n]*\n\Z")
            self.no_temporaries()
        self.assertGreater(failed, 0)

    def test_looking(self):
        self.each("info", "-a", "g/a")
        self.each("info", "--stored", "g/a", "--json")
        self.each("get", "g/a", "--json")
        self.each("shard", "ls", "g/s", "--json")
        self.each("info", "g", "-a", "--json")
        self.each("tree", "-l", "g")
        self.each("ls", "-l", "g", "--json")
        self.each("info", "v", "--json")
        self.each("completion", "zsh")
        self.each("completion", "zsh", "--json")

    def test_values(self):
        self.each("get", "g/t", "--format", "csv")
        self.each("get", "g/a", "-s", "[0,2],1:3")
        for arguments in (["get", "g/a", "-o", "x.npy"], ["get", "g/a", "-o", "x.csv", "--json"]):
            self.each(*arguments, writes=True)
        self.each("put", "g/a", "-i", "values.npy", writes=True)
        self.each("put", "g/a", "-i", "-", stdin=(self.folder / "values.npy").read_bytes(), writes=True)
        self.each("put", "g/t", "-i", "lines.txt", "--json", writes=True)
        self.each("put", "g/a", "-i", "wrong.npy", code=2)

    def test_making(self):
        self.each("create", "n", "--shape", "4", "--dtype", "float64", "--codecs", "zstd(3),crc32c", "--fill-value",
                  "NaN", "--dimension-names", "x", "--json", writes=True)
        self.each("create", "n", "--group", writes=True)

    def test_copying(self):
        self.each("copy", "g/a", "h", "-T", "1", "-q", "-c", "4,1", "--check", writes=True)

    def test_copies_into_the_source(self):
        """That the destination lies in the source is found out, or memory has run out."""
        self.each("copy", "g", "g/x/y", "-q", code=2, writes=True)
        self.each("copy", "g/a", "g/a", "-q", "--overwrite", code=2, writes=True)

    def test_coding(self):
        self.each("encode", "--metadata", "g/a/zarr.json", "-i", "chunk.raw", "-o", "x", writes=True)
        self.each("decode", "--metadata", "g/a/zarr.json", "-i", "g/a/c/0/0", "-v")
        self.each("shard", "extract", "g/s", "--chunk", "0,0", "--inner", "0,1", "--decode")


class ClosedStreams(support.Case):

    def closed(self, which, *arguments):
        """Runs the command with these of the descriptors 0, 1, 2 closed."""
        shell = 'exec "$0" "$@"' + "".join({0: " <&-", 1: " >&-", 2: " 2>&-"}[fd] for fd in which)
        return subprocess.run(["sh", "-c", shell, support.COMMAND, *arguments],
                              cwd=self.folder,
                              env=support.ENVIRONMENT,
                              stdin=subprocess.DEVNULL,
                              capture_output=True,
                              timeout=120,
                              check=False)

    def test_files_are_written(self):
        self.array("a", values=int32s(20), chunks=(4, 5))
        self.array("s", "uint8", (4, 4), (2, 2), bytes(range(16)), "--shards", "4,4")
        (self.folder / "raw").write_bytes(int32s(20))
        shutil.copy(self.folder / "a/c/0/0", self.folder / "stored")
        verbs = (["get", "a", "--format", "raw"], ["encode", "--metadata", "a/zarr.json", "-i", "raw"],
                 ["decode", "--metadata", "a/zarr.json", "-i", "stored"],
                 ["shard", "extract", "s", "--chunk", "0,0", "--inner", "0,1"])
        for which in ([0], [1], [2], [0, 1], [0, 2], [0, 1, 2]):
            for verb in verbs:
                whole = self.zarrc(*verb)
                done = self.closed(which, *verb, "-o", "out")
                self.assertEqual(done.returncode, 0, (verb, which, done.stderr))
                self.assertEqual((self.folder / "out").read_bytes(), whole, (verb, which))
                (self.folder / "out").unlink()
                self.no_temporaries()

    def test_nothing_is_printed_into_a_file(self):
        """The first file that is opened must not become standard output or error."""
        self.array("a", values=int32s(20), chunks=(4, 5))
        before = {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}
        for which in ([1], [0, 1], [1, 2]):
            for verb in (["info", "a"], ["get", "a"], ["ls", "a", "--json"], ["help"],
                         ["get", "a", "--format", "raw", "-o", "-"]):
                done = self.closed(which, *verb)
                self.assertEqual(done.returncode, 9, (verb, which, done.stderr))
                if 2 not in which:
                    self.assertIn(b"cannot write standard output: Bad file descriptor", done.stderr)
        self.assertEqual(self.closed([2], "info", "nix").returncode, 3)
        self.assertEqual({str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}, before)

    def test_reading_a_closed_input(self):
        self.array("a")
        done = self.closed([0], "put", "a", "-i", "-", "--format", "raw")
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"cannot read standard input: Bad file descriptor", done.stderr)


class FileSizes(support.Case):

    def limited(self, *arguments):
        return self.run_command(*arguments,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))

    def test_limit_of_file_sizes(self):
        """SIGXFSZ does not kill; the error names the file that is too large, and nothing is left of it."""
        self.array("a", shape=(100, 100), chunks=(100, 100), values=os.urandom(40000))
        self.array("b", shape=(100, 100), chunks=(100, 100))
        (self.folder / "x.raw").write_bytes(self.raw("a"))
        for arguments in (["get", "a", "-o", "y.npy"], ["put", "b", "-i", "x.raw"],
                          ["encode", "--metadata", "a/zarr.json", "-i", "x.raw", "-o", "y"],
                          ["copy", "a", "c", "--codecs", "bytes"]):
            done = self.limited(*arguments)
            self.assertEqual(done.returncode, 9, (arguments, done.stderr))
            self.assertIn(b"File too large", done.stderr)
            self.no_temporaries()
        self.assertFalse((self.folder / "y.npy").exists() or (self.folder / "b/c/0/0").exists())
