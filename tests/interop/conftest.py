# SPDX-License-Identifier: MIT
"""Runs the command that ZARRC names; build/zarrc unless told."""
import os
import pathlib
import re
import subprocess

import numpy
import pytest

import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("ZARRC", str(ROOT / "build" / "zarrc"))
PROGRAMS = pathlib.Path(COMMAND).parent / "interop"
# Variables that say where data and certificates are.
FOREIGN = re.compile(r"^(AWS|SSL|CURL)_|_proxy$|_PROXY$")


class Guard:
    """Watches programs: none of them may connect to another machine, or look a name up."""

    def __init__(self, folder):
        self.leaving = folder / "leaving"

    def environment(self):
        guard = {"LD_PRELOAD": str(PROGRAMS / "interop-loopback.so"), "ZARRC_LEAVING": str(self.leaving)}
        clean = {name: value for name, value in os.environ.items() if not FOREIGN.search(name)}
        return clean | servers.ALONE | (guard if (PROGRAMS / "interop-loopback.so").exists() else {})

    def taken(self):
        """What programs have wanted since the last call, that is not on this machine."""
        found = self.leaving.read_text().split() if self.leaving.exists() else []
        self.leaving.unlink(missing_ok=True)
        return found


class Zarrc:
    def __init__(self, guard, **environment):
        self.guard, self.environment, self.stderr = guard, environment, ""

    def on(self, **environment):
        """The same command with more variables."""
        return Zarrc(self.guard, **self.environment | environment)

    def start(self, *arguments):
        return subprocess.Popen([COMMAND, *map(str, arguments)], env=self.guard.environment() | self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __call__(self, *arguments, stdin=None, code=0):
        """Runs the command, insists on its exit code, and returns what it printed."""
        done = subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=300,
                              env=self.guard.environment() | self.environment)
        self.stderr = done.stderr.decode()
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}: {self.stderr}"
        assert not self.guard.taken()
        return done.stdout

    def get(self, url, folder, *arguments):
        self("get", url, "-o", folder / "get.npy", *arguments)
        return numpy.load(folder / "get.npy")

    def put(self, url, folder, values, *arguments):
        numpy.save(folder / "put.npy", values)
        self("put", url, "-i", folder / "put.npy", *arguments)


class Refused(Exception):
    """A status that is not OK, and the message."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Store:
    """A store of the library, by the program that store.c describes."""

    def __init__(self, guard, url, environment, *options):
        self.guard = guard
        self.child = subprocess.Popen([PROGRAMS / "interop-store", url, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env=guard.environment() | environment, text=True)
        try:
            self.answer()
        except Refused:
            self.close()
            raise

    def answer(self):
        found, status, message = self.child.stdout.readline().rstrip("\n").split("\t")
        if status != "OK":
            raise Refused(status, message)
        return found

    def ask(self, *fields):
        self.child.stdin.write("\t".join(map(str, fields)) + "\n")
        self.child.stdin.flush()
        return self.answer()

    def fetch(self, key, *ranges):
        """What there is of each (offset, nbytes), and the length of the value."""
        found = [one.split(",") for one in self.ask("fetch", key, *(f"{o},{n}" for o, n in ranges)).split(" ")]
        return [(bytes.fromhex(text), int(total)) for total, text in found]

    def get(self, key):
        return bytes.fromhex(self.ask("get", key))

    def set(self, key, value):
        self.ask("set", key, value.hex())

    def keys(self, prefix="", deep=True):
        return set(self.ask("list", prefix, *(["deep"] if deep else [])).split())

    def counts(self):
        return dict(zip(("requests", "retries", "connections", "nbytes"), map(int, self.ask("counts").split())))

    def close(self):
        self.child.stdin.close()
        assert self.child.wait(60) == 0
        self.child.stdout.close()
        assert not self.guard.taken()


@pytest.fixture(scope="session")
def guard(tmp_path_factory):
    return Guard(tmp_path_factory.mktemp("guard"))


@pytest.fixture
def zarrc(guard):
    return Zarrc(guard)


@pytest.fixture
def open_store(guard):
    """Opens stores, and closes them after the test."""
    stores = []

    def open_one(url, *options, **environment):
        if not (PROGRAMS / "interop-store").exists():
            pytest.skip("the programs of these tests are not built (target interop-programs)")
        stores.append(Store(guard, url, environment, *options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def wan(tmp_path):
    """Puts networks in front of ports, and takes them away after the test."""
    networks = []

    def put(port, *options):
        networks.append(servers.Wan(port, tmp_path / f"wan{len(networks)}", *map(str, options)))
        return networks[-1]

    yield put
    for network in networks:
        network.stop()


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    if not servers.find("nginx"):
        pytest.skip("nginx is not installed")
    server = servers.Nginx(tmp_path_factory.mktemp("nginx"))
    yield server
    server.stop()


@pytest.fixture(scope="session", params=["seaweedfs", "moto"])
def s3(request, tmp_path_factory):
    program = {"seaweedfs": "weed", "moto": "moto_server"}[request.param]
    if not servers.find(program):
        pytest.skip(f"{program} is not installed")
    server = servers.S3(request.param, tmp_path_factory.mktemp(request.param))
    yield server
    server.stop()


def pytest_report_header():
    import tensorstore
    import zarr
    import zarrs
    del tensorstore, zarrs
    from importlib.metadata import version
    return f"zarr {zarr.__version__}, tensorstore {version('tensorstore')}, zarrs {version('zarrs')}, numpy {numpy.__version__}"
