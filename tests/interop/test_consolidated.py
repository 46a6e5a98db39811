# SPDX-License-Identifier: MIT
"""Consolidated metadata of both formats, exchanged with zarr-python."""
import json

import pytest
import zarr

pytestmark = pytest.mark.filterwarnings("ignore")
DOCUMENTS = {"zarr.json", ".zarray", ".zgroup", ".zattrs"}
PATHS = ["a", "a-b", "a-b/q", "a/b", "a/b/x", "a/y"]


def make(url, zarr_format):
    group = zarr.open_group(str(url), mode="w", zarr_format=zarr_format, attributes={"r": 1})
    group.create_group("a", attributes={"é": [1, None, 1e300]}).create_group("b")
    group.create_group("a-b").create_array("q", shape=(3,), dtype="f4", chunks=(2,), fill_value=float("nan"))
    group.create_array("a/b/x", shape=(4,), dtype="i4", chunks=(2,), attributes={"n": float("nan")})[...] = [1, 2, 3, 4]
    group.create_array("a/y", shape=(4,), dtype="i4", chunks=(2,), fill_value=5)


def listed(zarrc, url, *options):
    return sorted(node["path"] for node in json.loads(zarrc("ls", "--json", url, *options))["nodes"] if node["path"])


def members(url):
    return sorted(name for name, _ in zarr.open_group(str(url), mode="r", use_consolidated=True).members(max_depth=None))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_of_zarr_python(zarrc, tmp_path, zarr_format):
    """What it says, with documents beside it and without any."""
    url = tmp_path / "g.zarr"
    make(url, zarr_format)
    zarr.consolidate_metadata(str(url), zarr_format=zarr_format)
    assert zarrc("consolidate", url, "--check") == b""
    for path in list(url.rglob("*")):
        if path.parent != url and path.name in DOCUMENTS:
            path.unlink()
    assert listed(zarrc, url) == PATHS
    assert listed(zarrc, url, "--no-consolidated") == []
    assert json.loads(zarrc("get", url / "a/b/x")) == [1, 2, 3, 4]
    assert json.loads(zarrc("get", url / "a/y")) == [5] * 4
    zarrc("copy", url, tmp_path / "h.zarr", "-q")
    assert zarr.open_array(str(tmp_path / "h.zarr/a/b/x"))[...].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_of_zarrc(zarrc, tmp_path, zarr_format):
    url = tmp_path / "g.zarr"
    make(url, zarr_format)
    zarrc("consolidate", url)
    assert members(url) == PATHS
    group = zarr.open_group(str(url), mode="r", use_consolidated=True)
    assert group["a/b/x"][...].tolist() == [1, 2, 3, 4] and group["a"]["b"]["x"].shape == (4,)
    assert dict(group["a"].attrs) == {"é": [1, None, 1e300]}
    for path in list(url.rglob("*")):
        if path.parent != url and path.name in DOCUMENTS:
            path.unlink()
    assert members(url) == PATHS


def test_kept_up_to_date(zarrc, tmp_path):
    """zarr-python finds everything that zarrc adds later, in whatever order."""
    url = tmp_path / "g.zarr"
    make(url, 3)
    zarr.consolidate_metadata(str(url), zarr_format=3)
    for name in ("a/new/z", "0", "a/a", "zz/zz/zz"):
        zarrc("create", url / name, "--shape", "7", "--dtype", "int16")
    zarrc("create", url / "a-b/0", "--group")
    zarrc("copy", url / "a/b", url / "0", "--overwrite", "-q")
    assert members(url) == sorted([*PATHS, "a/new", "a/new/z", "0", "0/x", "a/a", "zz", "zz/zz", "zz/zz/zz", "a-b/0"])
    assert zarr.open_group(str(url), mode="r", use_consolidated=True)["0/x"][...].tolist() == [1, 2, 3, 4]
    assert zarrc("consolidate", url, "--check") == b""
    zarr.consolidate_metadata(str(url), zarr_format=3)
    assert zarrc("consolidate", url, "--check") == b""
