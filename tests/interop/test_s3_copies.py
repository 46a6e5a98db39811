# SPDX-License-Identifier: MIT
"""Copies to and from S3 (seaweedfs) over networks with faults, whose server or client is killed: nothing is wrong, nothing is
missing in silence, and --resume completes them. More memory than allowed is not taken."""
import os

import numpy
import pytest

import servers
from conftest import Zarrc

FAULTS = ["503:20", "reset:20", "cut:20", "stall:250"]
MIB = int(os.environ.get("ZARRC_COPIED_MIB", 256))


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    if not servers.find("weed"):
        pytest.skip("weed is not installed")
    server = servers.S3("seaweedfs", tmp_path_factory.mktemp("seaweedfs"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def source(guard, tmp_path_factory):
    """A group with an array of 256 chunks, and one of 16 shards, with checksums."""
    folder = tmp_path_factory.mktemp("source")
    values, run = numpy.random.default_rng(3).integers(0, 2**16, (256, 2048), dtype="u2"), Zarrc(guard)
    run("create", folder / "s.zarr", "--group")
    for name, more in {"plain": ["--chunks", "1,2048"], "shards": ["--chunks", "16,64", "--shards", "64,512"]}.items():
        run("create", folder / f"s.zarr/{name}", "--shape", "256,2048", "--dtype", "uint16", "--codecs", "bytes,crc32c", *more)
        run.put(folder / f"s.zarr/{name}", folder, values)
    return folder / "s.zarr", values


def compare(zarrc, url, values, folder):
    for name in ("plain", "shards"):
        assert (zarrc.get(f"{url}/{name}", folder) == values).all()


def has_asked(network, n, method):
    return lambda lines: sum(r[2] == method for r in network.asked()) >= n


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(s3, wan, zarrc, source, tmp_path, fault):
    network = wan(s3.port, "--rtt", 1, "--fault", fault)
    url, far, near = f"s3://bucket/{fault.split(':')[0]}.zarr", zarrc.on(**s3.environment(network.port)), zarrc.on(**s3.environment())
    far("copy", source[0], url)
    compare(near, url, source[1], tmp_path)
    far("copy", url, tmp_path / "back.zarr")
    compare(near, tmp_path / "back.zarr", source[1], tmp_path)
    assert sum(r[5] != "-" for r in network.asked()) > 1


@pytest.mark.parametrize("n", [3, 100])
def test_client_is_killed(s3, wan, zarrc, source, tmp_path, n):
    """... while it copies to S3, and then while it copies from there."""
    network = wan(s3.port, "--rtt", 20)
    url, far, near = f"s3://bucket/client{n}.zarr", zarrc.on(**s3.environment(network.port)), zarrc.on(**s3.environment())
    client = far.start("copy", source[0], url)
    network.server.wait(has_asked(network, n, "PUT"))
    client.kill()
    client.wait(60)
    near("copy", "--resume", source[0], url)
    compare(near, url, source[1], tmp_path)
    client = far.start("copy", url, tmp_path / "back.zarr")
    network.server.wait(has_asked(network, n, "GET"))
    client.kill()
    client.wait(60)
    near("copy", "--resume", url, tmp_path / "back.zarr")
    compare(near, tmp_path / "back.zarr", source[1], tmp_path)


def test_server_is_killed(s3, wan, zarrc, source, tmp_path):
    """The copy fails, and says so; a server that has lost nothing but its process completes it."""
    network = wan(s3.port, "--rtt", 20)
    url, far, near = "s3://bucket/server.zarr", zarrc.on(**s3.environment(network.port)), zarrc.on(**s3.environment())
    client = far.start("copy", source[0], url)
    network.server.wait(has_asked(network, 60, "PUT"))
    s3.kill()
    assert client.wait(300) == 11
    s3.start()
    near("copy", "--resume", source[0], url)
    compare(near, url, source[1], tmp_path)


def test_memory(s3, nginx, guard, tmp_path):
    """From HTTP to S3, of more than there may be in memory."""
    peak, name = tmp_path / "peak", nginx.root / "large.zarr"
    run = Zarrc(guard, **s3.environment(), ZARRC_PEAK=str(peak))
    run("create", name, "--shape", MIB << 20, "--dtype", "uint8", "--chunks", 8 << 20, "--codecs", "bytes,crc32c")
    run.put(name, tmp_path, numpy.random.default_rng(4).integers(0, 256, 8 << 20, dtype="u1"), "--select", f"0:{8 << 20}")
    for i in range(1, MIB // 8):
        os.link(name / "c/0", name / f"c/{i}")
    run("copy", nginx.url(path="large.zarr"), "s3://bucket/large.zarr", "--memory", "128M")
    assert 16 << 10 < int(peak.read_text()) < (128 << 10) + (24 << 10)  # with the program itself, and its libraries
    run("copy", "--resume", "--check", nginx.url(path="large.zarr"), "s3://bucket/large.zarr")
