# SPDX-License-Identifier: MIT
"""Hierarchies of Zarr format 2 that zarr-python made, migrated in place by zarrc, and back."""
import itertools

import numpy
import zarr
from test_format2 import COMPRESSORS, DTYPES, STRUCT, equal, make, values


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_there_and_back(zarrc, tmp_path):
    root = tmp_path / "g.zarr"
    group = zarr.open_group(str(root), mode="w", zarr_format=2)
    group.attrs["a"] = 1
    expected = {}
    structs = [] if zarr.__version__ < "3.2" else [STRUCT]  # older ones have another name for them in format 3
    for n, (dtype, name) in enumerate(itertools.product([*DTYPES, *structs], COMPRESSORS)):
        order, separator = "CF"[n % 2], "./"[n // 2 % 2]
        if dtype is STRUCT and name == "auto":
            continue
        expected[f"{n}"] = values(dtype, (7, 5))
        array = make(root / f"{n}", dtype, (7, 5), (3, 2), order, separator, COMPRESSORS[name])
        array[...] = expected[f"{n}"]
        array.attrs["_ARRAY_DIMENSIONS"] = ["y", "x"]
    before = tree(root)
    zarrc("migrate", root, "-q")
    migrated = zarr.open_group(str(root), mode="r", zarr_format=3)
    assert migrated.attrs["a"] == 1
    for name, data in expected.items():
        array = migrated[name]
        assert array.metadata.dimension_names == ("y", "x")
        assert equal(numpy.asarray(array[...], array.dtype), data), (name, array.metadata)
    zarrc("migrate", root, "-q", "--zarr-format", "2")
    assert tree(root) == before
    zarrc("migrate", root, "-q", "--remove-v2-metadata")
    assert not list(root.rglob(".z*"))
    zarrc("migrate", root, "-q", "--zarr-format", "2")
    back = zarr.open_group(str(root), mode="r", zarr_format=2)
    for name, data in expected.items():
        assert equal(numpy.asarray(back[name][...], back[name].dtype), data), (name, back[name].metadata)
    print(f"{len(expected)} arrays")


def test_consolidated(zarrc, tmp_path):
    """zarr-python opens what is consolidated in either format, and finds in it what the documents say."""
    root = tmp_path / "g.zarr"
    group = zarr.open_group(str(root), mode="w", zarr_format=2)
    group.attrs["a"] = 1
    inner = group.create_group("b/c")
    array = make(root / "b/c/x", "<i4", (7, 5), (3, 2), "F", "/", COMPRESSORS["zstd"])
    array[...] = values("<i4", (7, 5))
    array.attrs["_ARRAY_DIMENSIONS"] = ["y", "x"]
    inner.attrs["n"] = [1, None]
    zarr.consolidate_metadata(str(root), zarr_format=2)
    for zarr_format, more in ((3, ["--remove-v2-metadata"]), (2, []), (3, [])):
        zarrc("migrate", root, "-q", "--zarr-format", zarr_format, *more)
        opened = zarr.open_consolidated(str(root), zarr_format=zarr_format)
        own = zarr.open_group(str(root), mode="r", zarr_format=zarr_format, use_consolidated=False)
        assert opened.metadata.consolidated_metadata is not None
        found = dict(opened.members(max_depth=None))
        assert sorted(found) == ["b", "b/c", "b/c/x"]
        for name, node in found.items():
            assert node.attrs.asdict() == own[name].attrs.asdict()
        assert found["b/c/x"].metadata == own["b/c/x"].metadata
        assert equal(opened["b/c/x"][...], values("<i4", (7, 5)))
        zarrc("consolidate", root, "--check")
