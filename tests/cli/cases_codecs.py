# SPDX-License-Identifier: MIT
"""How codec chains are written on the command line."""
import json

import support

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}


def codec(name, **configuration):
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


class Codecs(support.Case):

    def chain(self, spec, dtype="int32", ndim=3):
        shape = support.dims([4] * ndim)
        self.zarrc("create", "a", "--shape", shape, "--dtype", dtype, "-c", shape, "--codecs", spec, "--overwrite")
        return self.json("info", "a")["codecs"]

    def test_short_forms(self):
        zstd3 = codec("zstd", level=3, checksum=False)
        for spec, want in [
            ("bytes", [LITTLE]),
            ("bytes(big)", [codec("bytes", endian="big")]),
            ("bytes(endian=big)", [codec("bytes", endian="big")]),
            ("gzip", [LITTLE, codec("gzip", level=5)]),
            ("gzip(9)", [LITTLE, codec("gzip", level=9)]),
            ("gzip(level=1)", [LITTLE, codec("gzip", level=1)]),
            ("zstd", [LITTLE, zstd3]),
            ("zstd(3,checksum)", [LITTLE, codec("zstd", level=3, checksum=True)]),
            ("zstd(checksum)", [LITTLE, codec("zstd", level=3, checksum=True)]),
            ("zstd(-5,true)", [LITTLE, codec("zstd", level=-5, checksum=True)]),
            ("zstd(checksum=false)", [LITTLE, zstd3]),
            ("crc32c", [LITTLE, codec("crc32c")]),
            ("crc32c()", [LITTLE, codec("crc32c")]),
            ("bytes,crc32c,zstd", [LITTLE, codec("crc32c"), zstd3]),
            (" bytes , zstd ( 3 ) ", [LITTLE, zstd3]),
            ("transpose(2,1,0)", [codec("transpose", order=[2, 1, 0]), LITTLE]),
            ("transpose( 1, 0 ,2 ),zstd", [codec("transpose", order=[1, 0, 2]), LITTLE, zstd3]),
            ("transpose(order=[2,1,0]),bytes(big)", [codec("transpose", order=[2, 1, 0]),
                                                     codec("bytes", endian="big")]),
            ("transpose(0,2,1),transpose(2,1,0),bytes",
             [codec("transpose", order=[0, 2, 1]),
              codec("transpose", order=[2, 1, 0]), LITTLE]),
            ("blosc", [LITTLE,
                       codec("blosc", typesize=4, cname="zstd", clevel=5, shuffle="shuffle", blocksize=0)]),
            ("blosc(zstd,5,bitshuffle)",
             [LITTLE, codec("blosc", typesize=4, cname="zstd", clevel=5, shuffle="bitshuffle", blocksize=0)]),
            ("blosc(lz4,1,noshuffle,8,4096)",
             [LITTLE, codec("blosc", typesize=8, cname="lz4", clevel=1, shuffle="noshuffle", blocksize=4096)]),
            ("blosc(clevel=9,cname=lz4hc)",
             [LITTLE, codec("blosc", typesize=4, cname="lz4hc", clevel=9, shuffle="shuffle", blocksize=0)]),
            (json.dumps([LITTLE, codec("gzip", level=2)]), [LITTLE, codec("gzip", level=2)]),
            (json.dumps(LITTLE), [LITTLE]),
        ]:
            with self.subTest(spec):
                self.assertEqual(self.chain(spec), want)

    def test_one_byte_types_need_no_order(self):
        self.assertEqual(self.chain("zstd(1)", "uint8"), [codec("bytes"), codec("zstd", level=1, checksum=False)])

    def test_from_a_file(self):
        (self.folder / "c.json").write_text(json.dumps([LITTLE, codec("gzip", level=2)], indent=2) + "\n")
        (self.folder / "c.txt").write_text("gzip(2)\n")
        self.assertEqual(self.chain("@c.json"), self.chain("@c.txt"))
        self.refused("create", "b", "--shape", "4", "--dtype", "int8", "--codecs", "@nix", code=3, says="nix")

    def test_short_form_is_printed(self):
        for spec in ("bytes(little)", "bytes(big),gzip(9)", "transpose(2,1,0),bytes(little),zstd(3,checksum),crc32c"):
            self.chain(spec)
            self.assertIn(spec, self.text("info", "a"))
        self.chain("blosc(lz4,5,shuffle)")
        self.assertIn("bytes(little),blosc(lz4,5,shuffle,4,0)", self.text("info", "a"))

    def test_refused(self):
        for spec, words in [("gzip(", "bracket"), ("gzip(1", "bracket is missing at the end"), ("gzip)", "comma"),
                                  ("gzip(1)(2)", "comma"), ("gzip(1,2)", "arguments"),
                                  ("gzip(level=1,level=2)", "twice"), ("gzip(1,)", "missing"),
                                  ("gzip(,1)", "missing"), (",gzip", "name"), ("gzip,,zstd", "name"),
                                  ("", "name"), ("(1)", "name"), ("crc32c(1)", "arguments"),
                                  ("zstd(3;4)", "level"), ("gzip(11)", "level"), ("gzip(fast)", "level"),
                                  ("blosc(lzma)", "cname"), ("bytes(middle)", "endian"),
                                  ("transpose(0,0,1)", "transpose"), ("transpose(0,1)", "transpose"),
                                  ("nix", "unknown codec nix"), ("nix(1)", "unknown codec nix"), ("nix(a=1)", "nix"),
                                  ("zstd(99)", "level is 99, above 22"), ("sharding_indexed(1)", "names"),
                                  ("gzip,bytes", ""), ("bytes,bytes", ""), ("[1]", ""), ("[", "")]:
            with self.subTest(spec):
                done = self.run_command("create", "b", "--shape", "4,4,4", "--dtype", "int32", "--codecs", spec)
                said = done.stderr.decode()
                self.assertEqual(done.returncode, 2, said)
                self.assertIn(words, said)
                self.assertEqual(said.count("\n"), 1)
                self.assertFalse((self.folder / "b" / "zarr.json").exists())
