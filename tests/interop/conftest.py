# SPDX-License-Identifier: MIT
"""Runs the command that ZARRC names; build/zarrc unless told."""
import os
import pathlib
import subprocess

import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = os.environ.get("ZARRC", str(ROOT / "build" / "zarrc"))


class Zarrc:
    def __call__(self, *arguments, stdin=None, code=0):
        """Runs the command, insists on its exit code, and returns what it printed."""
        done = subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=120)
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}: {done.stderr.decode()}"
        self.stderr = done.stderr.decode()
        return done.stdout

    def get(self, url, folder, *arguments):
        self("get", url, "-o", folder / "get.npy", *arguments)
        return numpy.load(folder / "get.npy")

    def put(self, url, folder, values, *arguments):
        numpy.save(folder / "put.npy", values)
        self("put", url, "-i", folder / "put.npy", *arguments)


@pytest.fixture
def zarrc():
    return Zarrc()


def pytest_report_header():
    import tensorstore
    import zarr
    import zarrs
    del tensorstore, zarrs
    from importlib.metadata import version
    return f"zarr {zarr.__version__}, tensorstore {version('tensorstore')}, zarrs {version('zarrs')}, numpy {numpy.__version__}"
