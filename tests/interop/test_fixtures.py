# SPDX-License-Identifier: MIT
"""Arrays that other implementations stored: read, and compared with the SHA-256 that zarr-python gives.

The stores are in fixtures.tar.gz in a folder shared/ beside the checkout; without it these tests are skipped. What zarr-python refuses is
read too, but has no SHA-256. What zarrc does not have must be refused as unsupported (exit code 5), or damaged (6) if its chunks do not fit its shape. Some stores are in zip
archives, with files that are stored or deflated, at the top or in a folder.
"""
import collections
import hashlib
import pathlib
import shutil
import subprocess
import tarfile

import conftest
import pytest

ARCHIVE = conftest.ROOT.parent / "shared" / "fixtures.tar.gz"


def rows(zarr_format, refused=False):
    """(path of the array, SHA-256) of each array of a format that zarr-python reads, or refuses."""
    if not ARCHIVE.exists():
        return []
    with tarfile.open(ARCHIVE) as tar:
        lines = tar.extractfile("fixtures/EXPECTED.tsv").read().decode().splitlines()
    table = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0].replace("!", "/"), row[4]) for row in table
            if row[1] == str(zarr_format) and (row[5] != "ok") == refused]


def without_links(folder):
    """Puts copies where symbolic links are: some fixtures share their chunks, and zarrc follows no link out of a store."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            target = path.resolve(strict=True)
            path.unlink()
            (shutil.copytree if target.is_dir() else shutil.copy)(target, path)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixtures")
    wanted = tuple({f"fixtures/{path.split('/')[0]}/" for path, _ in rows(3) + rows(2)})
    with tarfile.open(ARCHIVE) as tar:
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(folder, members=[member for member in tar if member.name.startswith(wanted)], **safe)
    without_links(folder)
    return folder / "fixtures"


def decode(path):
    done = subprocess.run([conftest.COMMAND, "get", path, "--format", "raw", "-o", "-"], capture_output=True, timeout=120)
    return done.returncode, hashlib.sha256(done.stdout).hexdigest(), done.stderr.decode()


@pytest.mark.skipif(not ARCHIVE.exists(), reason="no shared/fixtures.tar.gz beside the checkout")
@pytest.mark.parametrize("zarr_format, least_equal, least_recovered", [(3, 277, 3), (2, 316, 17)])
def test_fixtures(stores, capsys, zarr_format, least_equal, least_recovered):
    equal, recovered, wrong, refused = 0, 0, [], collections.Counter()
    for path, sha256 in rows(zarr_format) + rows(zarr_format, refused=True):
        code, got, message = decode(stores / pathlib.PurePosixPath(path))
        if code in (5, 6) and not sha256:
            refused[message.strip().rsplit("/", 1)[-1]] += 1
        elif code != 0 or (sha256 and got != sha256):
            wrong.append(f"{path}: exit code {code}, {'other values' if code == 0 else message.strip()}")
        else:
            equal, recovered = equal + bool(sha256), recovered + (not sha256)
    with capsys.disabled():
        print(f"\nfixtures of format {zarr_format}: {equal} equal, {recovered} recovered, {sum(refused.values())} refused, "
              f"{len(wrong)} different; refused:", dict(refused))
    assert not wrong, "\n".join(wrong)
    assert equal >= least_equal and recovered >= least_recovered
