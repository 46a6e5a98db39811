# SPDX-License-Identifier: MIT
"""Chunks that grow without measure when they are decoded: --memory holds whatever the bytes say."""
import gzip
import json
import os
import struct
import subprocess

import support

LIMIT = 64 << 20
LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
GZIP = {"name": "gzip", "configuration": {"level": 1}}
CRC = {"name": "crc32c"}


def shard(inner, codecs):
    return {
        "name": "sharding_indexed",
        "configuration": {"chunk_shape": inner, "codecs": codecs, "index_codecs": [LITTLE, CRC]}
    }


def bomb(nbytes):
    """Zeros in gzip, a member at a time: a thousandth of their length."""
    member = gzip.compress(bytes(16 << 20), 9)
    return member * (nbytes // (16 << 20))


class Memory(support.Case):

    def store(self, shape, dtype, chunk, codecs, fill, value):
        path = self.folder / "bomb"
        (path / "c").mkdir(parents=True)
        (path / "zarr.json").write_text(
            json.dumps({
                "zarr_format": 3,
                "node_type": "array",
                "shape": shape,
                "data_type": dtype,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
                "chunk_key_encoding": {"name": "default"},
                "fill_value": fill,
                "codecs": codecs
            }))
        if value is not None:
            (path / "c/0").write_bytes(value)
        return path

    def peak(self, *arguments):
        """Exit code and the most resident memory, in bytes, of one run of the command."""
        process = subprocess.Popen([support.COMMAND, *map(str, arguments)],
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE,
                                   cwd=self.folder,
                                   env=support.ENVIRONMENT)
        self.said = process.stderr.read().decode()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_maxrss * 1024

    def holds(self, *arguments):
        _, rest = self.peak("--version")
        code, most = self.peak(*arguments)
        self.assertIn(code, (6, 7), self.said)
        if not support.is_sanitized():
            self.assertLess(most, rest + LIMIT)

    def every_way(self):
        self.holds("get", "bomb", "--memory", "64M", "--format", "raw", "-o", "out", "-T", "1")
        self.holds("copy", "bomb", "out", "--memory", "64M", "--codecs", "bytes", "-T", "1")

    @support.needs_library("zlib")
    def test_shard_in_gzip(self):
        self.store([1024], "uint8", [1024], [shard([16], [{"name": "bytes"}]), GZIP], 0, bomb(2 << 30))
        self.every_way()

    @support.needs_library("zlib")
    def test_text_in_gzip(self):
        chunk = struct.pack("<II", 1, (3 << 30) - 1)
        self.store([1], "string", [1], [{"name": "vlen-utf8"}, GZIP], "", gzip.compress(chunk, 1) + bomb(3 << 30))
        self.holds("get", "bomb", "--memory", "64M", "--format", "json", "-o", "out", "-T", "1")
        self.holds("copy", "bomb", "out", "--memory", "64M", "-T", "1")

    def test_sparse_shard_index(self):
        """An index of two thousand million bytes, of which the file has none."""
        n = 1 << 27
        path = self.store([n], "uint8", [n], [shard([1], [{"name": "bytes"}])], 0, b"")
        with open(path / "c/0", "wb") as file:
            file.truncate(16 * n + 4)
        self.holds("get", "bomb", "-s", "0:10", "--memory", "64M", "-T", "1")

    def test_a_large_document(self):
        """info, ls and tree hold no more of a zarr.json, or of a hundred, than --memory says."""
        path = self.store([4], "uint8", [4], [{"name": "bytes"}], 0, bytes(4))
        document = json.loads((path / "zarr.json").read_text())
        document["attributes"] = {str(i): [i] * 20 for i in range(200_000)}
        (path / "zarr.json").write_text(json.dumps(document))
        _, rest = self.peak("--version")
        for verb in (("info", "-a"), ("info", "--stored"), ("ls", "-l"), ("tree", )):
            code, most = self.peak(*verb, "bomb", "--memory", "8M")
            self.assertEqual(code, 7, self.said)
            self.assertIn("--memory", self.said)
            if not support.is_sanitized():
                self.assertLess(most, rest + (8 << 20) + (8 << 20))
            self.assertEqual(self.peak(*verb, "bomb", "--memory", "1G")[0], 0, self.said)

    def test_info_of_a_sparse_shard(self):
        n = 1 << 27
        path = self.store([n], "uint8", [n], [shard([1], [{"name": "bytes"}])], 0, b"")
        with open(path / "c/0", "wb") as file:
            file.truncate(16 * n + 4)
        _, rest = self.peak("--version")
        code, most = self.peak("info", "bomb", "--stored", "--memory", "16M")
        self.assertEqual(code, 0, self.said)
        if not support.is_sanitized():
            self.assertLess(most, rest + (16 << 20))

    def test_a_chunk_larger_than_memory(self):
        n = 64 << 20
        path = self.store([n], "uint8", [n], [{"name": "bytes"}, CRC], 0, None)
        self.zarrc("put", path, "--format", "raw", "-i", "-", stdin=os.urandom(n))
        _, rest = self.peak("--version")
        code, most = self.peak("get", "bomb", "--memory", "16M", "--format", "raw", "-o", "out")
        self.assertIn(code, (0, 7), self.said)
        if not support.is_sanitized():
            self.assertLess(most, rest + (16 << 20) + (8 << 20))
