# SPDX-License-Identifier: MIT
"""Zip archives that zarr-python and zipfile made, read by zarrc, and the other way round."""
import shutil
import subprocess
import zipfile

import numpy
import pytest
import zarr
import zarr.storage

ARRAYS = {
    "plain": {"shape": (30, 41), "chunks": (8, 9), "dtype": "int32"},
    "sharded": {"shape": (64, 64), "chunks": (8, 8), "shards": (32, 32), "dtype": "float64"},
    "in/a/group": {"shape": (1000,), "chunks": (100,), "dtype": "uint8"},
}


def fill(store, zarr_format):
    """Makes the arrays in a store; {path: values}."""
    root = zarr.create_group(store, zarr_format=zarr_format, attributes={"made": "by zarr-python"})
    made = {}
    for path, about in ARRAYS.items():
        if zarr_format == 2 and "shards" in about:
            continue
        values = numpy.arange(numpy.prod(about["shape"])).astype(about["dtype"]).reshape(about["shape"])
        root.create_array(path, **about)[:] = values
        made[path] = values
    return made


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("how", ["ZipStore", "deflated"])
def test_read(zarrc, tmp_path, zarr_format, how):
    archive = tmp_path / "data.zip"
    if how == "ZipStore":
        with zarr.storage.ZipStore(archive, mode="w") as store:
            made = fill(store, zarr_format)
    else:
        made = fill(zarr.storage.LocalStore(tmp_path / "folder"), zarr_format)
        shutil.make_archive(archive.with_suffix(""), "zip", tmp_path / "folder")
    for path, values in made.items():
        numpy.testing.assert_array_equal(zarrc.get(f"{archive}/{path}", tmp_path), values)
        whole = zarrc.get(f"{archive}/{path}", tmp_path, "-s", "3:9")
        numpy.testing.assert_array_equal(whole, values[3:9])
    zarrc("copy", archive, tmp_path / "copy.zarr", "--quiet")
    for path, values in made.items():
        numpy.testing.assert_array_equal(zarr.open_array(str(tmp_path / "copy.zarr"), path=path, mode="r")[:], values)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_write(zarrc, tmp_path, zarr_format):
    """What zarrc has written is read by zarr-python's ZipStore, zipfile, tensorstore, and unzip where it is installed."""
    made = fill(zarr.storage.LocalStore(tmp_path / "folder"), zarr_format)
    archive = tmp_path / "data.zarr.zip"
    zarrc("copy", tmp_path / "folder", archive, "--zarr-format", str(zarr_format), "--quiet", "--check")
    with zarr.storage.ZipStore(archive, mode="r") as store:
        root = zarr.open_group(store, mode="r")
        assert root.attrs["made"] == "by zarr-python"
        for path, values in made.items():
            numpy.testing.assert_array_equal(root[path][:], values)
    with zipfile.ZipFile(archive) as members:
        assert members.testzip() is None
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tqq", archive], check=True)
        subprocess.run(["unzip", "-qq", archive, "-d", tmp_path / "unzipped"], check=True)
        for path, values in made.items():
            numpy.testing.assert_array_equal(zarr.open_array(str(tmp_path / "unzipped"), path=path, mode="r")[:], values)
    tensorstore = pytest.importorskip("tensorstore")
    for path, values in made.items():
        base = {"driver": "file", "path": str(archive)}
        spec = {"driver": "zarr3" if zarr_format == 3 else "zarr",
                "kvstore": {"driver": "zip", "base": base, "path": path + "/"}}
        numpy.testing.assert_array_equal(tensorstore.open(spec, read=True).result().read().result(), values)
