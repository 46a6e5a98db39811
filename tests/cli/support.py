# SPDX-License-Identifier: MIT
"""What all tests of the command use: running it, .npy files by hand, arrays as nested lists."""
import ast
import functools
import itertools
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT / "tests" / "data"
COMMAND = str(ROOT / "build" / "zarrc")

# The test's own surroundings must not show in what the command prints.
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "TERM", "LANG", "LC_ALL", "LC_CTYPE")
}


def needs_library(name):
    """Skips a test that takes for granted what the command is built with, as --version tells it."""

    def decorate(test):

        @functools.wraps(test)
        def run(self):
            version = self.text("--version")
            if f"{name} (not built in)" in version:
                self.skipTest(f"built without {name}")
            test(self)

        return run

    return decorate


def is_sanitized():
    """Whether the command was built with a sanitizer, whose own memory is many times that of the command."""
    program = pathlib.Path(COMMAND).read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def without_progress(text):
    """What the command said, without the lines about progress."""
    return re.sub(r"^[a-z]+: \d+% [^\n]*/s[^\n]*\n", "", text, flags=re.MULTILINE)


class Case(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zarrc-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return str(self.folder / name)

    def run_command(self, *arguments, stdin=b"", env=None, **options):
        return subprocess.run([COMMAND, *map(str, arguments)],
                              input=stdin,
                              capture_output=True,
                              timeout=120,
                              env={**ENVIRONMENT, **(env or {})},
                              cwd=self.folder,
                              check=False,
                              **options)

    def zarrc(self, *arguments, stdin=b"", code=0, env=None):
        """Runs the command, insists on the exit code, keeps what it said and returns what it printed.

        What it said is without the progress that it tells after a second, unless that is asked for: on a busy machine every command may
        take so long."""
        done = self.run_command(*arguments, stdin=stdin, env=env)
        self.said = done.stderr.decode()
        if not {"-v", "--progress=always"} & {*map(str, arguments)}:
            self.said = without_progress(self.said)
        if code != done.returncode == 5 and "zarrc was built without" in self.said:
            self.skipTest(self.said.strip())
        self.assertEqual(done.returncode, code, f"zarrc {' '.join(map(str, arguments))}\n{self.said}")
        return done.stdout

    def text(self, *arguments, **options):
        return self.zarrc(*arguments, **options).decode()

    def json(self, *arguments, **options):
        document = json.loads(self.zarrc(*arguments, "--json", **options))
        self.assertRegex(document["schema"], r"^zarrc\.[a-z]+/1$")
        return document

    def refused(self, *arguments, code, says=(), stdin=b"", env=None):
        """A failure: nothing on standard output, one line on standard error that has all these words in it."""
        out = self.zarrc(*arguments, code=code, stdin=stdin, env=env)
        self.assertEqual(out, b"")
        self.assertRegex(self.said, r"\Azarrc: [^\n]+\n\Z")
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, self.said)
        return self.said

    def array(self, name, dtype="int32", shape=(4, 5), chunks=(2, 3), values=None, *arguments):
        """A new array; values: packed bytes to put into it."""
        self.zarrc("create", name, "--shape", dims(shape), "--dtype", dtype, "--chunks", dims(chunks), *arguments)
        if values is not None:
            self.zarrc("put", name, "--format", "raw", "-i", "-", stdin=values)

    def raw(self, name, *arguments):
        return self.zarrc("get", name, "--format", "raw", "-o", "-", *arguments)

    def no_temporaries(self, where=None):
        left = [str(p) for p in pathlib.Path(where or self.folder).rglob("*") if p.name.endswith(".tmp")]
        self.assertEqual(left, [])


def dims(numbers):
    return ",".join(map(str, numbers)) or "()"


def count(shape):
    product = 1
    for n in shape:
        product *= n
    return product


def int32s(n, start=0):
    return struct.pack(f"<{n}i", *range(start, start + n))


def npy(descr, shape, data, fortran=False, version=1):
    """A .npy file; descr: a string or a list as NumPy writes it."""
    header = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(shape)})
    encoded = header.encode("utf8" if version == 3 else "latin1")
    size = 10 if version == 1 else 12
    encoded += b" " * (-(size + len(encoded) + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(encoded))
    return b"\x93NUMPY" + bytes([version, 0]) + length + encoded + data


def read_npy(data):
    """(descr, fortran_order, shape, packed elements) of a .npy file."""
    assert data[:6] == b"\x93NUMPY" and data[7] == 0
    size, start = (struct.unpack_from("<H", data, 8)[0], 10) if data[6] == 1 else (struct.unpack_from("<I", data, 8)[0],
                                                                                   12)
    assert (start + size) % 64 == 0 and data[start + size - 1:start + size] == b"\n"
    header = ast.literal_eval(data[start:start + size].decode("utf8" if data[6] == 3 else "latin1"))
    assert sorted(header) == ["descr", "fortran_order", "shape"]
    return header["descr"], header["fortran_order"], header["shape"], data[start + size:]


def to_fortran(data, shape, item):
    """Packed elements in C order, in Fortran order."""
    out = []
    for index in itertools.product(*(range(n) for n in reversed(shape))):
        at = 0
        for n, i in zip(shape, reversed(index)):
            at = at * n + i
        out.append(data[at * item:(at + 1) * item])
    return b"".join(out)


def swap(data, unit):
    return b"".join(data[i:i + unit][::-1] for i in range(0, len(data), unit))


class _Subscript:

    def __getitem__(self, key):
        return key if isinstance(key, tuple) else (key, )


def chosen(indices, key):
    if isinstance(key, list):
        return [indices[i] for i in key]
    return indices[key] if isinstance(key, int) else list(indices[key])


def select(text, shape):
    """What Python itself makes of a selection: (shape of the result, C-order positions of its elements)."""
    key = list(eval(f"s[{text}]", {"s": _Subscript()})) if text.strip() else []  # the tests' own text
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    key[at:at + 1] = [slice(None)] * (len(shape) - len([k for k in key if k is not Ellipsis]))
    axes = [chosen(range(n), k) for n, k in zip(shape, key)]
    positions = [0]
    for n, axis in zip(shape, axes):
        positions = [p * n + i for p in positions for i in ([axis] if isinstance(axis, int) else axis)]
    return [len(axis) for axis in axes if not isinstance(axis, int)], positions
