# SPDX-License-Identifier: MIT
"""Files, pipes and terminals: whole files or none, quiet ends of pipes, no binary on a terminal, colours."""
import errno
import gzip
import json
import math
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import zipfile

import support
from support import int32s


class Terminal(support.Case):

    def on_terminal(self, *arguments, stdout=True, stderr=True, **env):
        """Runs the command with a terminal; (exit code, all that appeared there)."""
        try:
            control, terminal = pty.openpty()
        except OSError as e:
            self.skipTest(f"no terminal can be made here: {e}")
        process = subprocess.Popen([support.COMMAND, *arguments],
                                   cwd=self.folder,
                                   stdin=subprocess.DEVNULL,
                                   env={**support.ENVIRONMENT, **env},
                                   stdout=terminal if stdout else subprocess.DEVNULL,
                                   stderr=terminal if stderr else subprocess.DEVNULL)
        os.close(terminal)
        out = b""
        while select.select([control], [], [], 60)[0]:
            try:
                piece = os.read(control, 65536)
            except OSError as e:  # what Linux says when the last writer is gone
                self.assertEqual(e.errno, errno.EIO)
                break
            if not piece:
                break
            out += piece
        os.close(control)
        return process.wait(60), out.replace(b"\r\n", b"\n")

    def test_binary_is_refused(self):
        self.array("a", values=int32s(20), chunks=(4, 5))
        chunk = self.path("a/c/0/0")
        for arguments in (["get", "a", "-o", "-"], ["get", "a", "--format",
                                                    "raw"], ["decode", "--metadata", "a/zarr.json", "-i", chunk]):
            code, out = self.on_terminal(*arguments, stderr=True)
            self.assertEqual(code, 2, out)
            self.assertRegex(out.decode(), r"\Azarrc: [^\n]*terminal[^\n]*try: -f[^\n]*\n\Z")
        code, out = self.on_terminal("get", "a", "--format", "raw", "-f", "-s", "0,1:3")
        self.assertEqual((code, out), (0, int32s(2, 1)))
        code, out = self.on_terminal("get", "a", "-s", "0")
        self.assertEqual((code, out), (0, b"[0, 1, 2, 3, 4]\n"))

    def test_colours(self):
        self.array("a")
        self.assertIn(b"\033[1m", self.on_terminal("info", "a", TERM="xterm")[1])
        for env in ({"TERM": "dumb"}, {}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "xterm", "NO_COLOR": "0"}):
            self.assertNotIn(b"\033", self.on_terminal("info", "a", **env)[1])
        self.assertIn(b"\033[1m", self.on_terminal("info", "a", TERM="xterm", NO_COLOR="")[1])
        self.assertIn(b"\033[31mzarrc:\033[0m", self.on_terminal("info", "nix", TERM="xterm")[1])

    def test_progress_bar(self):
        self.array("a", shape=(100, ), chunks=(1, ), values=int32s(100, 1))
        code, out = self.on_terminal("copy", "a", "b", "-q", "--progress=always", TERM="xterm", COLUMNS="80")
        self.assertEqual(code, 0)
        self.assertTrue(out.endswith(b"\r\033[K"), out)
        for drawn in out.split(b"\r")[1:-1]:
            text = re.sub(rb"\033\[K", b"", drawn).decode()
            self.assertRegex(text, r"\Acopy \[=*>? *\] \d+/100 chunks")
            self.assertLess(len(text), 80)
        code, out = self.on_terminal("copy", "a", "c", "-q", TERM="xterm")
        self.assertEqual((code, out), (0, b""))
        code, out = self.on_terminal("copy", "a", "d", "-q", "--progress=always", "-T", "1", TERM="dumb")
        self.assertNotIn(b"\033", out)
        self.assertEqual(len(out.splitlines()), 10)

    def test_ls_on_a_terminal_prints_no_foreign_escapes(self):
        self.zarrc("create", "g.zarr", "--group")
        self.array("g.zarr/a\033[2Jb")
        _, out = self.on_terminal("ls", "g.zarr", TERM="dumb")
        self.assertNotIn(b"\033", out)


    def test_data_on_a_terminal_has_no_foreign_escapes(self):
        """What a terminal might obey is escaped there, and raw everywhere else."""
        bad = ["\033[2Jx", "a\033]0;t\007,\"b\"", "r\u202ea", "c\u009b1", "d\u2066e\x7f", "tab\tx", "pl\u00e4in \u20ac"]
        seen = [json.dumps(s, ensure_ascii=False)[1:-1] for s in bad]
        for raw, shown in (("\u202e", "\\u202e"), ("\u009b", "\\u009b"), ("\u2066", "\\u2066"), ("\x7f", "\\u007f")):
            seen = [s.replace(raw, shown) for s in seen]
        self.zarrc("create", "t", "--shape", len(bad), "--dtype", "string")
        (self.folder / "in.json").write_text(json.dumps(bad))
        self.zarrc("put", "t", "-i", "in.json")
        for format in ("json", "csv", "lines"):
            arguments = ["get", "t", "--format", format]
            raw = self.zarrc(*arguments)
            if format != "json":
                self.assertIn(b"\033[2J", raw)
                self.assertIn("r\u202ea".encode(), raw)
            code, out = self.on_terminal(*arguments)
            self.assertEqual(code, 0)
            self.shows_nothing_foreign(out)
            for text in seen[:1] + seen[2:5]:
                self.assertIn(text, out.decode())
            self.assertIn("pl\u00e4in \u20ac" if format != "json" else "pl\\u00e4in", out.decode())
        self.assertEqual(json.loads(self.on_terminal("get", "t")[1]), bad)
        self.shows_nothing_foreign(self.on_terminal("--array_path=t")[1])

    def shows_nothing_foreign(self, out):
        self.assertNotRegex(out.decode(), "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

    def test_names_and_attributes_have_no_foreign_escapes(self):
        name = "a\033[2J\u202eb\u009bc"
        self.zarrc("create", "g", "--group", "--attributes", json.dumps({name: name}, ensure_ascii=False))
        self.zarrc("create", "g/" + name, "--shape", 2, "--dtype", "string", "--fill-value", json.dumps(name),
                   "--attributes", json.dumps({name: name}, ensure_ascii=False), "--dimension-names", name)
        for arguments in (["info", "g", "-a"], ["info", "g/" + name, "-a"], ["ls", "g"], ["tree", "g", "-l"],
                          ["info", "nix" + name], ["copy", "g", "h" + name, "-n"], ["get", "g", "--" + name], [name]):
            for ending in ([], ["--json"]):
                code, out = self.on_terminal(*arguments, *ending)
                self.shows_nothing_foreign(out)
                done = self.run_command(*arguments, *ending) # and not in pipes either
                self.shows_nothing_foreign(done.stdout + done.stderr)
        self.assertEqual(self.json("info", "g", "-a")["attributes"], {name: name})


class Documents(support.Case):

    def test_every_document_is_strict_json(self):
        """No bare NaN, which attributes may have, wherever a document shows what is stored."""
        attributes = '{"a": NaN, "b": [Infinity, -Infinity, "NaN", "\\"NaN"], "c": {"NaN": -1e5}}'
        strict = {"a": "NaN", "b": ["Infinity", "-Infinity", "NaN", '"NaN'], "c": {"NaN": -1e5}}
        self.zarrc("create", "g", "--group")
        self.array("g/a", "float64", (4, 4), (2, 2), None, "--shards", "4,4", "--fill-value", "NaN", "--codecs",
                   "zstd,crc32c")
        for node in ("g", "g/a"):
            path = self.folder / node / "zarr.json"
            document = json.loads(path.read_text())
            document["attributes"] = "here"
            path.write_text(json.dumps(document).replace('"here"', attributes))
        values = struct.pack("<16d", *([math.nan, math.inf, -math.inf] + list(range(13))))
        self.zarrc("put", "g/a", "-i", "-", "--format", "raw", stdin=values)
        (self.folder / "raw").write_bytes(values)
        shard = str(self.folder / "g/a/c/0/0")
        for arguments in (["info", "g", "-a"], ["info", "g/a", "-a", "--stored"], ["ls", "g", "-l"], ["tree", "g"],
                          ["get", "g/a"], ["get", "g/a", "-o", "x.npy"], ["put", "g/a", "-i", "raw", "--format", "raw"],
                          ["create", "g/b", "--shape", "2", "--dtype", "float32", "--fill-value", "-Infinity",
                           "--attributes", attributes], ["create", "g/c", "--group", "--attributes", attributes],
                          ["copy", "g", "h", "-n"], ["copy", "g", "h"], ["shard", "ls", "g/a", "--deep"],
                          ["shard", "extract", "g/a", "--chunk", "0,0", "--inner", "0,0", "-o", "x"],
                          ["encode", "--metadata", "g/a/zarr.json", "-i", "raw", "-o", "x"],
                          ["decode", "--metadata", "g/a/zarr.json", "-i", shard, "-o", "x"], ["completion", "zsh"],
                          ["help"], ["help", "get"], ["info", "nix"], ["nix"], ["--version"]):
            done = self.run_command(*arguments, "--json")
            for text in filter(None, (done.stdout, done.stderr)):
                document = json.loads(text.decode(), parse_constant=lambda word: self.fail(f"{arguments}: {word}"))
            if "-a" in arguments:
                self.assertEqual(document["attributes"], strict)
            if "--attributes" in arguments:
                self.assertEqual(document["metadata"]["attributes"], strict)
        self.assertEqual(self.json("get", "g/a")["data"][0][:3], ["NaN", "Infinity", "-Infinity"])


class Output(support.Case):

    @support.needs_library("libzstd")
    def test_file_is_whole_or_not_there(self):
        self.array("a", values=int32s(20), chunks=(2, 5))
        chunk = self.folder / "a/c/1/0"
        chunk.write_bytes(chunk.read_bytes()[:-1])
        (self.folder / "old.npy").write_bytes(b"old")
        for name in ("old.npy", "new.npy"):
            self.refused("get", "a", "-o", name, code=6, says=["a/c/1/0", "zstd"])
            self.refused("decode", "--metadata", "a/zarr.json", "-i", str(chunk), "-o", name, code=6, says="zstd")
        self.assertEqual((self.folder / "old.npy").read_bytes(), b"old")
        self.assertFalse((self.folder / "new.npy").exists())
        self.no_temporaries()

    def test_existing_file_is_replaced(self):
        self.array("a", values=int32s(20))
        (self.folder / "x.raw").write_bytes(b"x" * 1000)
        os.chmod(self.folder / "x.raw", 0o640)
        (self.folder / "link.raw").symlink_to("x.raw")
        self.zarrc("get", "a", "-o", "link.raw")
        self.assertTrue((self.folder / "link.raw").is_symlink())
        self.assertEqual((self.folder / "x.raw").read_bytes(), int32s(20))
        self.assertEqual((self.folder / "x.raw").stat().st_mode & 0o777, 0o640)
        self.no_temporaries()

    def test_places_that_cannot_be_written(self):
        self.array("a", values=int32s(20))
        self.refused("get", "a", "-o", "no/such/x.raw", code=9, says="no/such/x.raw")
        (self.folder / "dir.raw").mkdir()
        self.refused("get", "a", "-o", "dir.raw", code=9, says="dir.raw")
        self.refused("get", "a", "-o", "a/zarr.json/x.raw", code=9, says="x.raw")

    def test_full_devices(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        self.array("a", values=int32s(20))
        for arguments in (["get", "a"], ["get", "a", "--format",
                                         "raw"], ["info", "a"], ["help"], ["--array_path=a"], ["info", "a",
                                                                                               "--json"], ["ls", "a"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([support.COMMAND, *arguments],
                                      cwd=self.folder,
                                      stdout=full,
                                      stderr=subprocess.PIPE,
                                      env=support.ENVIRONMENT,
                                      check=False)
            self.assertEqual(done.returncode, 9, arguments)
            self.assertIn(b"standard output", done.stderr)
        self.refused("get", "a", "--format", "raw", "-o", "/dev/full", code=9, says="/dev/full")

    def test_devices_are_written_not_replaced(self):
        self.array("a", values=int32s(20))
        self.zarrc("get", "a", "--format", "npy", "-o", "/dev/null")
        self.assertFalse(os.path.isfile("/dev/null"))


class Urls(support.Case):

    def test_files(self):
        self.array("a b", values=int32s(20))
        for url in (self.path("a b"), "file:a b", "file:" + self.path("a b"), "file://" + self.path("a%20b"), "a b/",
                    "./a b", "a b/zarr.json"):
            self.assertEqual(self.raw(url), int32s(20), url)

    def test_others(self):
        self.refused("info", "memory:", code=3)
        self.refused("info", "zip:x.zip", code=3, says=["no such zip archive"])
        self.refused("info", "ftp://x", code=5, says="ftp")
        self.refused("info", "s3:x", code=2, says="s3://bucket/path")
        self.refused("info", "", code=2)
        said = self.refused("info", "a\n\x1b[31m", code=3)
        self.assertEqual(said, "zarrc: a??[31m: there is no such directory\n")

    def test_zip_archives(self):
        """Hierarchies in zip archives, stored and deflated, at the top or in a folder, are read like others."""
        self.zarrc("create", "a/g", "--group", "--attributes", '{"x": 1}')
        self.array("a/g/v", values=int32s(20), chunks=(4, 5))
        for archive, method, folder in (("s.zip", zipfile.ZIP_STORED, ""), ("d.ozx", zipfile.ZIP_DEFLATED, "top/in/"),
                                        ("other", zipfile.ZIP_DEFLATED, "")):
            with zipfile.ZipFile(self.path(archive), "w", method) as made:
                for path in sorted((self.folder / "a").rglob("*")):
                    if path.is_file():
                        made.write(path, folder + str(path.relative_to(self.folder / "a")))
            url = f"{'' if '.' in archive else 'zip:'}{archive}/{folder}g"
            self.assertEqual(self.raw(f"{url}/v"), int32s(20), url)
            self.assertEqual(self.raw(f"{url}/v", "-s", "1:3,2"), self.raw("a/g/v", "-s", "1:3,2"), url)
            self.assertIn("v", self.text("ls", url))
            self.assertIn('"x": 1', self.text("info", url, "--attributes"))
            self.zarrc("copy", url, archive + ".out", "--quiet")
            self.assertEqual(self.raw(archive + ".out/v"), int32s(20), url)
        self.assertEqual(self.raw("zip://g/v::s.zip"), int32s(20))
        (self.folder / "bad.zip").write_bytes(b"PK")
        self.refused("info", "bad.zip", code=6, says=["zarrc: bad.zip: no valid zip archive"])

    def test_links_out_of_the_store(self):
        self.array("a", values=int32s(20), chunks=(4, 5))
        (self.folder / "a/c/0/0").rename(self.folder / "elsewhere")
        (self.folder / "a/c/0/0").symlink_to(self.folder / "elsewhere")
        self.refused("get", "a", code=13, says=["a/c/0/0", "link", "try: --follow-links"])
        self.assertEqual(self.raw("a", "--follow-links"), int32s(20))

    def test_past_the_page_cache(self):
        values = int32s(20000)
        self.array("a", values=values, shape=(100, 200), chunks=(40, 50))
        self.zarrc("copy", "a", "b", "--direct-io", "--shards", "80,100", "--chunks", "20,25", "--quiet")
        self.assertEqual(self.raw("b", "--direct-io"), values)
        self.zarrc("put", "b", "--direct-io", "--format", "raw", "-i", "-", stdin=values[::-1], code=0)
        self.assertEqual(self.raw("b"), values[::-1])
        self.no_temporaries()

    def test_what_is_no_file_is_no_chunk(self):
        self.array("a", values=int32s(20), chunks=(4, 5))
        (self.folder / "a/c/0/0").unlink()
        os.mkfifo(self.folder / "a/c/0/0")
        self.refused("get", "a", code=9, says="a/c/0/0")
        (self.folder / "a/c/0/0").unlink()
        (self.folder / "a/c/0/0").mkdir()
        self.refused("get", "a", code=9, says="a/c/0/0")


class Pipes(support.Case):

    def test_reader_that_leaves_is_no_error(self):
        """The pipe's reading end is closed before the command writes: it ends by SIGPIPE and says nothing."""
        self.array("a", shape=(100, 100), chunks=(50, 50), values=int32s(10000))
        self.zarrc("create", "g.zarr", "--group")
        for arguments in (["get", "a"], ["get", "a", "-o", "-"], ["get", "a", "--format", "csv"], ["--array_path=a"],
                          ["info", "a"], ["tree", "g.zarr"], ["help"], ["help",
                                                                        "--man"], ["completion",
                                                                                   "bash"], ["info", "a", "--json"]):
            read, write = os.pipe()
            os.close(read)
            process = subprocess.Popen([support.COMMAND, *arguments],
                                       cwd=self.folder,
                                       stdout=write,
                                       stderr=subprocess.PIPE,
                                       env=support.ENVIRONMENT)
            os.close(write)
            _, said = process.communicate(timeout=60)
            self.assertEqual((process.returncode, said), (-13, b""), arguments)

    def test_from_one_to_the_other(self):
        self.array("a", shape=(100, 100), chunks=(30, 30), values=int32s(10000))
        self.array("b", shape=(100, 100), chunks=(7, 100))
        get = subprocess.Popen([support.COMMAND, "get", "a", "-o", "-"], cwd=self.folder, stdout=subprocess.PIPE)
        put = subprocess.run([support.COMMAND, "put", "b", "-i", "-"], cwd=self.folder, stdin=get.stdout, check=False)
        get.stdout.close()
        self.assertEqual((get.wait(60), put.returncode), (0, 0))
        self.assertEqual(self.raw("b"), int32s(10000))


class Replaced(support.Case):
    """Another array is put in the place of one that is being read: no fill values, but an error."""

    def get_and(self, replace):
        """Replaces the array once the first elements have come: the pipe holds back most. (exit code, message)"""
        n = 4_000_000
        self.zarrc("create", "g", "--group")
        self.zarrc("create", "g/a", "--shape", n, "--dtype", "int32", "-c", 1000, "--fill-value", 5)
        get = subprocess.Popen([support.COMMAND, "get", "g/a", "--format", "raw", "-o", "-", "--memory", "1M"],
                               cwd=self.folder,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               env=support.ENVIRONMENT)
        first = get.stdout.read(4000)
        self.assertEqual(first, struct.pack("<i", 5) * 1000)
        replace()
        rest, said = get.communicate(timeout=60)
        self.assertLess(len(rest), 4 * n - 4000)
        self.assertEqual(len(rest.replace(struct.pack("<i", 5), b"")), 0)
        return get.returncode, support.without_progress(said.decode())

    def test_by_other_chunks(self):
        code, said = self.get_and(lambda: self.zarrc("create", "g/a", "--shape", 4_000_000, "--dtype", "int32", "-c", 5000,
                                                     "--overwrite"))
        self.assertEqual(code, 10, said)
        self.assertIn("zarr.json: another array has been put in the place of the array that is open", said)

    def test_by_nothing(self):
        code, said = self.get_and(lambda: shutil.rmtree(self.path("g/a")))
        self.assertEqual(code, 3, said)
        self.assertIn("zarr.json: the array that is open has been removed", said)


class Coding(support.Case):

    def metadata(self, codecs, dtype="int32", chunks=(2, 3), fill="0"):
        self.zarrc("create", "m", "--shape", "4,6", "--dtype", dtype, "-c", support.dims(chunks), "--codecs", codecs,
                   "--fill-value", fill, "--overwrite")
        return ["--metadata", "m/zarr.json"]

    def test_both_ways(self):
        for codecs in ("bytes", "bytes(big)", "gzip(6)", "zstd(3,checksum)", "blosc(lz4,5,shuffle)", "crc32c",
                       "transpose(1,0),zstd,crc32c"):
            m = self.metadata(codecs)
            stored = self.zarrc("encode", *m, stdin=int32s(6))
            self.assertEqual(self.zarrc("decode", *m, stdin=stored), int32s(6), codecs)
            (self.folder / "chunk").write_bytes(stored)
            self.zarrc("decode", *m, "-i", "chunk", "-o", "raw")
            self.assertEqual((self.folder / "raw").read_bytes(), int32s(6))
            self.zarrc("encode", *m, "-i", "raw", "-o", "again")
            self.assertEqual(self.zarrc("decode", *m, "-i", "again", "-o", "-"), int32s(6))

    def test_known_bytes(self):
        self.assertEqual(self.zarrc("encode", *self.metadata("bytes(big)"), stdin=int32s(6)),
                         support.swap(int32s(6), 4))
        self.assertEqual(self.zarrc("encode", *self.metadata("transpose(1,0),bytes"), stdin=int32s(6)),
                         support.to_fortran(int32s(6), (2, 3), 4))
        m = self.metadata("crc32c", "uint8", (1, 9))
        self.assertEqual(self.zarrc("encode", *m, stdin=b"123456789"), b"123456789" + bytes.fromhex("839206e3"))

    def test_all_fill_value_is_encoded_too(self):
        self.assertEqual(self.zarrc("encode", *self.metadata("bytes"), stdin=bytes(24)), bytes(24))

    def test_shard_of_fill_value(self):
        """It has no bytes: nothing is written, no file is made, and standard error says so."""
        self.zarrc("create", "s", "--shape", "4", "--dtype", "int32", "-c", "2", "--shards", "4", "--fill-value", "7")
        m = ["--metadata", "s/zarr.json"]
        sevens = struct.pack("<4i", 7, 7, 7, 7)
        self.assertEqual(self.zarrc("encode", *m, stdin=sevens), b"")
        self.assertRegex(self.said, r"\A[^\n]*nothing but fill value[^\n]*\n\Z")
        self.zarrc("encode", *m, "-o", "out", stdin=sevens)
        self.assertFalse((self.folder / "out").exists())
        document = self.json("encode", *m, "-o", "out", stdin=sevens)
        self.assertEqual((document["output"], document["output_nbytes"]), (None, 0))
        self.no_temporaries()
        self.assertGreater(len(self.zarrc("encode", *m, stdin=int32s(4))), 0)

    def test_wrong_sizes(self):
        m = self.metadata("bytes")
        for n in (0, 23, 25, 48):
            self.refused("encode", *m, stdin=bytes(n), code=2, says=[str(n), "24"])
            self.refused("decode", *m, stdin=bytes(n), code=6, says="bytes")

    def test_damaged_chunks(self):
        for codecs, name in (("gzip(6)", "gzip"), ("zstd(3,checksum)", "zstd"), ("blosc(lz4,5,shuffle)", "blosc"),
                             ("crc32c", "crc32c")):
            m = self.metadata(codecs)
            stored = self.zarrc("encode", *m, stdin=int32s(6, 1000))
            for bad in [stored[:n] for n in range(0, len(stored), 7)
                        ] + [stored[:-1] + bytes([stored[-1] ^ 1]), b"", b"\xff" * len(stored)]:
                done = self.run_command("decode", *m, stdin=bad)
                if done.returncode == 0:  # blosc has no checksum
                    self.assertEqual((codecs[:5], len(done.stdout)), ("blosc", 24))
                    continue
                self.assertEqual((done.returncode, done.stdout), (6, b""), (codecs, bad, done.stderr))
                self.assertRegex(done.stderr.decode(), r"\Azarrc: [^\n]+\n\Z")
                self.assertTrue(name in done.stderr.decode() or not bad, done.stderr)

    def test_sizes_are_told(self):
        m = self.metadata("transpose(1,0),zstd,crc32c")
        stored = self.zarrc("encode", *m, "-v", stdin=int32s(6))
        lines = [line.split() for line in self.said.splitlines()]
        self.assertEqual([line[0] for line in lines], ["transpose", "bytes", "zstd", "crc32c"])
        self.assertEqual([(int(line[1]), int(line[3])) for line in lines], [(24, 24), (24, 24), (24, len(stored) - 4),
                                                                            (len(stored) - 4, len(stored))])
        self.zarrc("decode", *m, "-v", stdin=stored)
        lines = [line.split() for line in self.said.splitlines()]
        self.assertEqual([line[0] for line in lines], ["crc32c", "zstd", "bytes", "transpose"])
        self.assertEqual((int(lines[0][1]), int(lines[1][3])), (len(stored), 24))

    def test_ratios_are_those_of_info(self):
        m = self.metadata("gzip(9)", chunks=(40, 60))
        stored = self.zarrc("encode", *m, "-v", stdin=int32s(2400))
        told = [self.said.splitlines()[1].split()[-2:]]
        self.zarrc("decode", *m, "-v", stdin=stored)
        told.append(self.said.splitlines()[0].split()[-2:])
        self.assertEqual(told, [["ratio", f"{9600 / len(stored):.2f}"]] * 2)

    def test_fast_gzip(self):
        values = b"".join(i.to_bytes(4, "little") for i in range(5000))
        m = self.metadata("gzip(9)", chunks=(50, 100))
        usual, fast = self.zarrc("encode", *m, stdin=values), self.zarrc("encode", *m, "--fast-gzip", stdin=values)
        self.assertNotEqual(fast, usual)
        self.assertEqual(gzip.decompress(fast), values)
        m = self.metadata("gzip(0)", chunks=(50, 100))
        self.assertEqual(self.zarrc("encode", *m, stdin=values), self.zarrc("encode", *m, "--fast-gzip", stdin=values))
        self.array("a", "int32", (50, 100), (50, 100), None, "--codecs", "gzip(9)")
        self.zarrc("put", "a", "--format", "raw", "-i", "-", "--fast-gzip", stdin=values)
        self.assertEqual((self.folder / "a/c/0/0").read_bytes(), fast)
        self.zarrc("copy", "a", "b")
        self.assertEqual((self.folder / "b/c/0/0").read_bytes(), usual)
        self.zarrc("copy", "b", "c", "--fast-gzip", "--check")
        self.assertEqual((self.folder / "c/c/0/0").read_bytes(), fast)
        self.assertEqual(self.raw("c"), values)

    def test_reports(self):
        m = self.metadata("bytes")
        d = self.json("encode", *m, "-o", "x", stdin=int32s(6))
        self.assertEqual((d["output"], d["input_nbytes"], d["output_nbytes"]), ("x", 24, 24))
        self.zarrc("encode", *m, "--json", stdin=int32s(6), code=2)

    def test_refused(self):
        self.refused("encode", code=2, says="--metadata")
        self.refused("decode", "--metadata", "nix", code=3, says="nix")
        self.zarrc("create", "g", "--group")
        self.refused("decode", "--metadata", "g/zarr.json", code=2, says=["g/zarr.json", "group"])
        (self.folder / "m.json").write_text("{}")
        self.refused("decode", "--metadata", "m.json", code=4, says="m.json")
        self.refused("decode", *self.metadata("bytes"), "-i", "nix", code=3, says="nix")

    @support.needs_library("libzstd")
    def test_huge_chunks(self):
        """What metadata claims takes no memory: a chunk beyond the limit is refused, one below it fails on its bytes."""
        for length, code in ((1 << 40, 7), (1 << 29, 6), (1 << 59, 7)):
            self.zarrc("create", "h", "--shape", 4, "--dtype", "float64", "-c", 4, "--overwrite")
            document = json.loads((self.folder / "h/zarr.json").read_text())
            document["shape"] = document["chunk_grid"]["configuration"]["chunk_shape"] = [length]
            (self.folder / "h/zarr.json").write_text(json.dumps(document))
            self.assertEqual(self.text("get", "h", "-s", "1:3"), "[0.0, 0.0]\n")
            self.refused("decode", "--metadata", "h/zarr.json", stdin=b"123", code=code)
            (self.folder / "h/c").mkdir()
            (self.folder / "h/c/0").write_bytes(b"123")
            self.refused("get", "h", "-s", "1:3", code=6, says="zstd")

    def test_golden_chunks(self):
        """Chunks of zarr-python for every way of framing and a few of each chain."""
        folder = support.DATA / "vectors" / "cases"
        cases = sorted(folder.glob("*/case.json"))
        self.assertGreater(len(cases), 0)
        done = 0
        for path in cases[::4]:
            case = json.loads(path.read_text())
            if case.get("encoded", 0) is None:
                continue
            shape = case["chunk_shape"]
            document = {
                "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": case["data_type"], "fill_value":
                case["fill_value"], "chunk_grid":
                {"name": "regular", "configuration":
                 {"chunk_shape":
                  [max(1, n) for n in shape]}}, "codecs": case["codecs"], "chunk_key_encoding": {"name": "default"}
            }
            if 0 in shape:
                continue
            (self.folder / "z.json").write_text(json.dumps(document))
            stored = (path.parent / "encoded.bin").read_bytes()
            result = self.run_command("decode", "--metadata", "z.json", stdin=stored)
            if result.returncode == 5:
                continue
            done += 1
            if case["kind"] == "decode_error":
                self.assertEqual(result.returncode, 6, (case["id"], result.stderr))
                continue
            raw = (path.parent / "decoded.bin").read_bytes()
            self.assertEqual((result.returncode, result.stdout == raw), (0, True), (case["id"], result.stderr))
            runtime = case.get("subchunk_write_order", "morton") != "morton" or case.get("write_empty_chunks")
            if case.get("byte_exact") == "required" and not runtime:
                self.assertEqual(self.zarrc("encode", "--metadata", "z.json", stdin=raw) == stored, True, case["id"])
        self.assertGreater(done, 40)
