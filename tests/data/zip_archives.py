#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zip_archives.py: makes tests/data/zip, small zip archives of one array, good ones and odd ones.

The array has one chunk of 16 bytes, 1 to 16. `expected.txt` has a line for each archive: its name, and what reading the
member "c/0" gives, of which at most 1 MiB is read: "right", "second" (another chunk), or the name of a status, with
"open:" before it if the archive itself cannot be opened.
"""
import pathlib
import struct
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent / "zip"
CHUNK = bytes(range(1, 17))
SECOND = bytes(range(101, 117))
METADATA = (b'{"zarr_format": 3, "node_type": "array", "shape": [16], "data_type": "uint8", "chunk_grid": {"name": "regular", '
            b'"configuration": {"chunk_shape": [16]}}, "chunk_key_encoding": {"name": "default"}, "fill_value": 0, '
            b'"codecs": [{"name": "bytes"}]}')
MISSING = 0xFFFFFFFF


def deflate(body):
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return made.compress(body) + made.flush()


class Member:
    """A member. `local` and `central` replace fields of its two headers; what they lack is right."""

    def __init__(self, name, body, local=(), central=(), both=()):
        self.name, self.body = name, body
        self.local = dict(both) | dict(local)
        self.central = dict(both) | dict(central)

    def fields(self, own, **more):
        n = len(self.body)
        fields = dict(version=20, flags=0, method=0, crc=zlib.crc32(self.body), stored=n, nbytes=n, extra=b"", disk=0, mode=0)
        return fields | more | own

    def header(self):
        f = self.fields(self.local)
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, f["version"], f["flags"], f["method"], 0, 0x21, f["crc"], f["stored"],
                           f["nbytes"], len(self.name), len(f["extra"])) + self.name + f["extra"]

    def entry(self, at):
        f = self.fields(self.central, at=at)
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0x0314, f["version"], f["flags"], f["method"], 0, 0x21, f["crc"],
                           f["stored"], f["nbytes"], len(self.name), len(f["extra"]), 0, f["disk"], 0, f["mode"],
                           f["at"]) + self.name + f["extra"]


def end(count, nbytes, at, comment=b"", ncomment=None, disk=0):
    return struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, count, count, nbytes, at,
                       len(comment) if ncomment is None else ncomment) + comment


def archive(*members, before=b"", behind=b"", comment=b"", **wrong):
    """An archive; wrong: what its last record says wrongly."""
    out, entries = bytearray(before), b""
    for m in members:
        entries += m.entry(len(out) - len(before))
        out += m.header() + m.body
    at = len(out) - len(before)
    record = dict(count=len(members), nbytes=len(entries), at=at, comment=comment) | wrong
    return bytes(out) + entries + end(**record) + behind


def archive_64(count=2, more=0, at=None, locator=None):
    out, entries = b"", b""
    for name, body in ((b"zarr.json", METADATA), (b"c/0", CHUNK)):
        sizes = struct.pack("<QQ", len(body), len(body))
        m = Member(name, body, both=dict(stored=MISSING, nbytes=MISSING),
                   local=dict(extra=struct.pack("<HH", 1, 16) + sizes),
                   central=dict(at=MISSING, version=45, extra=struct.pack("<HH", 1, 24) + sizes + struct.pack("<Q", len(out))))
        entries += m.entry(0)
        out += m.header() + m.body
    start = len(out) if at is None else at
    out += entries
    record = len(out) if locator is None else locator
    out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(entries) + more, start)
    return out + struct.pack("<IIQI", 0x07064B50, 0, record, 1) + end(0xFFFF, MISSING, MISSING)


def metadata():
    return Member(b"zarr.json", METADATA)


def chunk(body=CHUNK, name=b"c/0", **fields):
    return Member(name, body, **fields)


def with_chunk(body=CHUNK, name=b"c/0", **fields):
    return archive(metadata(), chunk(body, name, **fields))


def deflated(body, **says):
    return with_chunk(deflate(body), both=dict(method=8, crc=zlib.crc32(body), nbytes=len(body)) | says)


def archives():
    good, flipped = with_chunk(), bytes([0]) + CHUNK[1:]
    bomb = bytes(1 << 22)
    header = len(metadata().header()) + len(METADATA)
    yield "good", "right", good
    yield "deflated", "right", deflated(CHUNK)
    yield "descriptor", "right", with_chunk(local=dict(crc=0, stored=0, nbytes=0), both=dict(flags=8))
    yield "zip64", "right", archive_64()
    yield "zip64-behind-something", "right", b"#!/bin/sh\n" * 9 + archive_64()
    yield "behind-something", "right", archive(metadata(), chunk(), before=b"#!/bin/sh\nexit\n" * 10)
    yield "before-something", "right", archive(metadata(), chunk(), behind=b"j" * 100)
    yield "comment", "right", archive(metadata(), chunk(), comment=b"k" * 300)
    yield "comment-with-end-record", "right", archive(metadata(), chunk(), comment=end(0, 0, 0) + b"zz")
    yield "longer-local-extra", "right", with_chunk(local=dict(extra=struct.pack("<HH", 0x9999, 96) + b"e" * 96))
    yield "nested", "right", archive(metadata(), chunk(), chunk(good, b"inner.zip"))
    yield "twice", "second", archive(metadata(), chunk(), chunk(SECOND))
    yield "another-case", "right", archive(metadata(), chunk(), chunk(SECOND, b"C/0"))
    yield "directory-of-the-name", "right", archive(metadata(), chunk(), chunk(b"", b"c/0/"))
    yield "name-dotdot", "right", archive(metadata(), chunk(), chunk(b"x", b"../../evil"))
    yield "name-absolute", "right", archive(metadata(), chunk(), chunk(b"x", b"/etc/evil"))
    yield "name-not-utf8", "right", archive(metadata(), chunk(), chunk(b"x", b"\xff\xfe", both=dict(flags=0x800)))
    yield "laid-over", "right", archive(metadata(), chunk(), chunk(b"", b"c/1", central=dict(at=header, stored=16, nbytes=16)))
    yield "name-backslash", "NOT_FOUND", with_chunk(name=b"c\\0")
    yield "name-with-nul", "NOT_FOUND", with_chunk(name=b"c/0\0x")
    yield "name-dot-slash", "NOT_FOUND", with_chunk(name=b"./c/0")
    yield "symbolic-link", "NOT_FOUND", with_chunk(central=dict(mode=0xA1FF0000))
    yield "crc-wrong", "CHECKSUM", with_chunk(both=dict(crc=1))
    yield "crc-wrong-in-directory", "CHECKSUM", with_chunk(central=dict(crc=1))
    yield "body-flipped", "CHECKSUM", with_chunk(flipped, both=dict(crc=zlib.crc32(CHUNK)))
    yield "deflated-crc-wrong", "CHECKSUM", deflated(CHUNK, crc=1)
    yield "encrypted", "UNSUPPORTED", with_chunk(both=dict(flags=1))
    yield "encrypted-strongly", "UNSUPPORTED", with_chunk(both=dict(flags=0x41))
    yield "method-99", "UNSUPPORTED", with_chunk(both=dict(method=99))
    yield "another-disk", "UNSUPPORTED", with_chunk(central=dict(disk=3))
    yield "deflate-bomb", "LIMIT", deflated(bomb)
    yield "deflate-bomb-says-16", "SIZE_MISMATCH", deflated(bomb, nbytes=16)
    yield "deflate-says-17", "SIZE_MISMATCH", deflated(CHUNK, nbytes=17)
    yield "deflate-says-much", "CORRUPT", deflated(CHUNK, nbytes=1 << 20)
    yield "deflate-damaged", "CORRUPT", with_chunk(b"\xff" * 20, both=dict(method=8, nbytes=16))
    yield "deflate-cut-off", "TRUNCATED", with_chunk(deflate(CHUNK)[:9], both=dict(method=8, nbytes=16, crc=zlib.crc32(CHUNK)))
    yield "longer-than-archive", "CORRUPT", with_chunk(both=dict(stored=10**6, nbytes=10**6))
    yield "stored-4-gib", "CORRUPT", with_chunk(central=dict(stored=MISSING - 1, nbytes=MISSING - 1))
    yield "stored-sizes-differ", "CORRUPT", with_chunk(both=dict(nbytes=32))
    yield "outside", "CORRUPT", with_chunk(central=dict(at=10**8))
    yield "inside-another", "CORRUPT", with_chunk(central=dict(at=0))
    yield "local-name-differs", "CORRUPT", good.replace(b"c/0", b"c/9", 1)
    yield "zip64-field-missing", "CORRUPT", with_chunk(central=dict(stored=MISSING, nbytes=MISSING))
    yield "directory-elsewhere", "CORRUPT", archive(metadata(), chunk(), at=7)
    yield "comment-cut-off", "open:CORRUPT", archive(metadata(), chunk(), ncomment=500)
    yield "count-too-big", "open:CORRUPT", archive(metadata(), chunk(), count=50)
    yield "count-too-small", "open:CORRUPT", archive(metadata(), chunk(), count=1)
    yield "directory-too-long", "open:CORRUPT", archive(metadata(), chunk(), nbytes=10**6)
    yield "directory-too-short", "open:CORRUPT", archive(metadata(), chunk(), nbytes=60)
    yield "divided", "open:UNSUPPORTED", archive(metadata(), chunk(), disk=3)
    yield "no-end", "open:CORRUPT", good[:-22]
    yield "end-cut-off", "open:CORRUPT", good[:-3]
    yield "empty-file", "open:CORRUPT", b""
    yield "empty", "NOT_FOUND", archive()
    yield "zip64-count-2-63", "open:CORRUPT", archive_64(count=1 << 63)
    yield "zip64-locator-outside", "open:CORRUPT", archive_64(locator=10**15)
    yield "zip64-directory-outside", "open:CORRUPT", archive_64(at=(1 << 64) - 1)
    yield "zip64-directory-too-long", "open:CORRUPT", archive_64(more=1 << 40)


def main():
    FOLDER.mkdir(exist_ok=True)
    lines = []
    for name, expected, made in archives():
        (FOLDER / f"{name}.zip").write_bytes(made)
        lines.append(f"{name} {expected}\n")
    (FOLDER / "expected.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
