# SPDX-License-Identifier: MIT
"""get -s and put -s with lists of indices."""
import itertools
import json
import random
import struct

import support
from support import count, int32s, npy, select, to_fortran


def packed(numbers):
    return struct.pack(f"<{len(numbers)}i", *numbers)


class Lists(support.Case):
    SHAPE = (5, 6, 7)
    TEXTS = [
        "[1]", "[3,1,1,-1]", "[0,4],:,[6,0]", "[4,0],[1,3,5],[2,2]", "...,[5,1]", "2,[0,-1],::3", "1:4,...,[3]", "[],:",
        " [ 1 , 2 ] , 0 ", "0,0,[0,1,2,3,4,5,6]", "[2,1,0],1:1", "[-5,-1],-1,-1"
    ]

    def test_get(self):
        data = int32s(count(self.SHAPE))
        for codecs in ("bytes", "zstd", "sharded"):
            shards = ["-s", "4,6,4", "--codecs", "zstd"] if codecs == "sharded" else ["--codecs", codecs]
            self.array("a", "int32", self.SHAPE, (2, 3, 4), data, "--overwrite", *shards)
            for text in self.TEXTS:
                shape, positions = select(text, self.SHAPE)
                self.assertEqual(self.raw("a", "-s", text), packed(positions), text)
                document = self.json("get", "a", "-s", text)
                self.assertEqual(document["shape"], shape, text)

    def test_put(self):
        for text, fortran in itertools.product(self.TEXTS, (False, True)):
            shape, positions = select(text, self.SHAPE)
            self.array("a", "int32", self.SHAPE, (2, 3, 4), int32s(count(self.SHAPE)), "--overwrite")
            values = list(range(1000, 1000 + len(positions)))
            data = packed(values)
            self.zarrc("put",
                       "a",
                       "-s",
                       text,
                       "-i",
                       "-",
                       stdin=npy("<i4", shape,
                                 to_fortran(data, shape, 4) if fortran else data, fortran))
            want = list(range(count(self.SHAPE)))
            for position, value in zip(positions, values):
                want[position] = value
            got = struct.unpack(f"<{len(want)}i", self.raw("a"))
            twice = {p for p in positions if positions.count(p) > 1}
            for position, pair in enumerate(zip(got, want)):
                if position in twice and fortran:  # which one is last depends on the order of the file
                    self.assertIn(pair[0], [v for p, v in zip(positions, values) if p == position])
                else:
                    self.assertEqual(*pair, (text, position))

    def test_text(self):
        self.array("a", shape=self.SHAPE, chunks=(2, 3, 4))
        self.zarrc("put", "a", "-s", "[4,0],1,[2,5]", "--format", "json", "-i", "-", stdin=b"[[1, 2], [3, 4]]")
        self.assertEqual(json.loads(self.text("get", "a", "-s", "[0,4],1,[2,5]")), [[3, 4], [1, 2]])
        self.zarrc("create", "s", "--shape", "5", "--dtype", "string", "-c", "2")
        self.zarrc("put", "s", "-s", "[3,0]", "--format", "lines", "-i", "-", stdin=b"three\nzero\n")
        self.zarrc("put", "s", "-s", "[4]", "--format", "raw", "-i", "-", stdin=struct.pack("<I", 4) + b"four")
        self.assertEqual(json.loads(self.text("get", "s", "-s", "[4,3,2,1,0,0]")),
                         ["four", "three", "", "", "zero", "zero"])

    def test_slabs_of_every_size(self):
        """A list is cut where memory ends, on whatever axis."""
        shape = (40, 90, 101)
        self.array("a", shape=shape, chunks=(7, 40, 101), values=int32s(count(shape)))
        random.seed(5)
        rows, columns = [random.randrange(40) for _ in range(60)], [random.randrange(90) for _ in range(100)]
        for text in (f"{rows},{columns},1:", f":,{columns},:", f"{rows},::2,[100,0]"):
            _, positions = select(text, shape)
            for memory in ("1M", "1G"):
                self.assertEqual(self.raw("a", "-s", text, "--memory", memory), packed(positions), text)
        order = random.sample(range(40), 40)
        _, positions = select(f"{order}", shape)
        self.array("b", "int32", shape, (3, 50, 50), None, "--codecs", "bytes")
        self.zarrc("put",
                   "b",
                   "-s",
                   f"{order}",
                   "--memory",
                   "1M",
                   "--format",
                   "raw",
                   "-i",
                   "-",
                   stdin=packed(positions))
        self.assertEqual(self.raw("b"), int32s(count(shape)))

    def test_refused(self):
        self.array("a", shape=self.SHAPE, chunks=(2, 3, 4))
        for text, words in (("[5]", ["axis 0", "5"]), (":,[0,-7]", ["axis 1",
                                                                    "-7"]), ("[1,x]", "'x'"), ("[1,,2]", "nothing"),
                            ("[1,2,]", None), ("[1", "'[1'"), ("1]", "'1]'"), ("[[1]]", "[1]"), ("[1:2]", "'1:2'"),
                            ("[1],[1],[1],[1]", "more parts"), ("[1.5]", "1.5"), ("[...]", "'...'"), ("[1]2", "[1]2"),
                            ("[99999999999999999999]", "999"), ("[,]", "nothing"), ("[", "'['"), ("]", "']'")):
            if words is None:
                self.zarrc("get", "a", "-s", text)  # as Python has it
            else:
                self.refused("get", "a", "-s", text, code=2, says=words)
