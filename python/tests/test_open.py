# SPDX-License-Identifier: MIT
"""zarrc.open: lists, points, masks and texts, against numpy."""

from __future__ import annotations

import errno
import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

import zarrc

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (10, 12)
KINDS: dict[str, dict[str, Any]] = {
    "chunked": {"chunks": (4, 5)},
    "sharded": {"chunks": (2, 3), "shards": (4, 6)},
    "big": {"chunks": (4, 5), "dtype": ">f8", "compressors": None},
    "struct": {"chunks": (4, 5), "dtype": [("a", "<i2"), ("b", "<f4")]},
    "time": {"chunks": (4, 5), "dtype": "M8[s]"},
    "texts": {"chunks": (4, 5), "dtype": str},
    "sharded texts": {"chunks": (2, 3), "shards": (4, 6), "dtype": str},
}
MASK = np.arange(120).reshape(SHAPE) % 7 == 1
PLAIN: list[Any] = [
    np.s_[2:9:3, ::-2],
    np.s_[-1, None, ...],
    ([3, 1, 1], slice(2, 9)),
    (slice(1, None, 4), np.array([-1, 0])),
    ([3, 1, -1], [0, 11, 5]),
    (np.array([[1], [8]]), np.array([[0, 2, 3]])),
    (5, [1, 2]),
    ([], slice(None)),
    MASK,
    (np.arange(10) % 3 == 0, slice(None)),
    (np.arange(10) % 3 == 0,),
]
CROSSED: list[Any] = [
    ([3, 1, 9], [0, 11, -5]),
    (np.arange(10) % 3 == 0, [4, 2]),
    (slice(None, None, -3), [4, 2]),
    (2, [4, 2]),
    ([7, 7, 0],),
    (Ellipsis, [1]),
    ([], []),
]
PAIRED: list[Any] = [
    ([3, 1, 9], [0, 11, -5]),
    ([[3], [1]], [[0, 1]]),
    ([2, 2], 5),
    MASK,
    ([], []),
]


def values(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    numbers = np.arange(120).reshape(SHAPE)
    if dtype == object:
        return np.array([f"é{n}" for n in range(120)], object).reshape(SHAPE)
    if dtype.names:
        result = np.zeros(SHAPE, dtype)
        result["a"], result["b"] = numbers, -numbers
        return result
    return numbers.astype(dtype)


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    kind = {"dtype": "i4", **KINDS[request.param]}
    made = zarr.create_array(tmp_path / "a", shape=SHAPE, **kind)
    array = zarrc.open(str(tmp_path / "a"), "r+")
    expected = values(array.dtype)
    made[...] = expected
    return array, expected


def in_numpy(selection: Any) -> tuple[Any, Any]:
    """What `oindex` takes as numpy has it, all axes kept, and what drops those with an integer."""
    entries = [slice(None) if each is Ellipsis else each for each in selection]
    entries += [slice(None)] * (len(SHAPE) - len(entries))
    axes = [
        np.arange(n)[np.asarray(entry, int) if isinstance(entry, list) else entry]
        for entry, n in zip(entries, SHAPE, strict=True)
    ]
    dropped = tuple(0 if np.ndim(axis) == 0 else slice(None) for axis in axes)
    return np.ix_(*[np.atleast_1d(axis) for axis in axes]), dropped


def with_empty_lists(selection: Any) -> Any:
    """For numpy an empty list is one of floating-point numbers."""
    if not isinstance(selection, tuple):
        return selection
    return tuple(np.asarray(each, int) if isinstance(each, list) else each for each in selection)


@pytest.mark.filterwarnings("ignore")
def test_numpy_style(pair: Any) -> None:
    array, expected = pair
    for selection in PLAIN:
        at = with_empty_lists(selection)
        np.testing.assert_array_equal(array[selection], expected[at], err_msg=str(selection))
        new = np.roll(expected, 5)[at]
        array[selection] = new
        expected[at] = new
        np.testing.assert_array_equal(array[...], expected, err_msg=str(selection))
    array[...] = expected[0, 0]
    assert (np.asarray(array) == expected[0, 0]).all()


@pytest.mark.filterwarnings("ignore")
def test_values_of_any_layout(pair: Any) -> None:
    """Broadcast, strided, turned, read-only, with axes of length 1 in front, of another type."""
    array, expected = pair
    for selection in PLAIN:
        if zarrc._array._has_lists(selection):  # type: ignore[attr-defined]
            continue
        shape = expected[selection].shape
        whole = np.roll(expected, 7)[selection]
        fixed = np.array(whole)
        fixed.flags.writeable = False
        tries = [expected[0, 0], np.asfortranarray(whole), fixed, np.broadcast_to(whole, (1, 1, *shape))]
        if shape:
            tries += [np.array(whole[..., ::-1])[..., ::-1], whole[:1], whole[..., :1]]
        if expected.dtype.kind in "iuf":
            tries += [whole.astype("f8"), whole.astype(whole.dtype.newbyteorder()), whole.tolist(), 3]
        for value in tries:
            array[selection] = value
            expected[selection] = value
            np.testing.assert_array_equal(array[...], expected, err_msg=str(selection))
        if shape and shape[-1] > 1:
            with pytest.raises(ValueError, match="broadcast"):
                array[selection] = np.zeros((*shape[:-1], shape[-1] + 1), expected.dtype)


@pytest.mark.filterwarnings("ignore")
def test_orthogonal(pair: Any) -> None:
    array, expected = pair
    for selection in CROSSED:
        at, dropped = in_numpy(selection)
        np.testing.assert_array_equal(array.oindex[selection], expected[at][dropped], err_msg=str(selection))
        new = np.roll(expected, 5)[at]
        array.oindex[selection] = new[dropped]
        expected[at] = new
        np.testing.assert_array_equal(array[...], expected, err_msg=str(selection))


@pytest.mark.filterwarnings("ignore")
def test_points(pair: Any) -> None:
    array, expected = pair
    for selection in PAIRED:
        at = with_empty_lists(selection)
        np.testing.assert_array_equal(array.vindex[selection], expected[at], err_msg=str(selection))
        new = np.roll(expected, 5)[at]
        array.vindex[selection] = new
        expected[at] = new
        np.testing.assert_array_equal(array[...], expected, err_msg=str(selection))
    array.vindex[MASK] = expected[0, 0]
    assert (array[MASK] == expected[0, 0]).all()


def test_zarr_python_reads_the_texts(tmp_path: Path) -> None:
    made = zarr.create_array(tmp_path / "a", shape=(6,), chunks=(4,), dtype=str, fill_value="none")
    array = zarrc.open(str(tmp_path / "a"), "r+")
    array[1:5] = np.array(["", "ü", "long" * 99, "x"], object)
    assert made[:].tolist() == ["none", "", "ü", "long" * 99, "x", "none"] == array[:].tolist()
    array[:] = "none"
    assert not (tmp_path / "a/c").exists() or not [p for p in (tmp_path / "a/c").iterdir() if p.is_file()]
    with pytest.raises(TypeError, match="unicode"):
        array[0] = 5
    with pytest.raises(zarrc.InvalidError, match="read-only"):
        zarrc.open(str(tmp_path / "a"))[0] = "x"


def test_what_cannot_be_selected(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(4, 5), dtype="i4")
    array = zarrc.open(str(tmp_path / "a"))
    bad: list[tuple[Any, Any]] = [
        (array, ([1, 2], [1, 2], 3)), (array, ([1], [12])), (array, ([0.5], [1])), (array, (slice(None, None, -1), [1])),
        (array.oindex, ([10], 0)), (array.oindex, (0, 0, 0)), (array.oindex, ([[1]], 0)), (array.oindex, (np.ones(3, bool), 0)),
        (array.vindex, ([1, 2],)), (array.vindex, ([1], [-13])), (array.vindex, np.ones((3, 3), bool)), (array.vindex, 3),
    ]  # fmt: skip
    for accessor, selection in bad:
        with pytest.raises(IndexError):
            accessor[selection]
    with pytest.raises(ValueError):
        array.vindex[[1, 2], [1, 2, 3]]


def test_single_elements(tmp_path: Path) -> None:
    values = np.arange(SHAPE[0] * SHAPE[1], dtype="i4").reshape(SHAPE)
    zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(4, 5), dtype="i4")[...] = values
    zarr.create_array(tmp_path / "t", shape=(2, 2), dtype=str)[...] = "text"
    zarr.create_array(tmp_path / "s", shape=(), dtype="f4")[...] = 3
    array, texts = zarrc.open(str(tmp_path / "a")), zarrc.open(str(tmp_path / "t"))
    for i in range(-SHAPE[0], SHAPE[0]):
        for j in (-SHAPE[1], -1, 0, 7, SHAPE[1] - 1):
            assert array[i, j] == values[i, j]
            assert type(array[i, j]) is np.int32
    for outside in ((SHAPE[0], 0), (0, -SHAPE[1] - 1), (0, 0, 0), (2**80, 0)):
        with pytest.raises(IndexError):
            array[outside]
    assert array[(3,)].tolist() == values[3].tolist()
    assert array[1, np.int64(2)] == values[1, 2]
    assert texts[1, -1] == "text"
    assert zarrc.open(str(tmp_path / "s"))[()] == 3


def test_threads_write_parts_of_one_shard(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=SHAPE, chunks=(2, 3), shards=SHAPE[:1] + (12,), dtype="i4")

    def write(i: int) -> None:
        array = zarrc.open(str(tmp_path / "a"), "r+")
        for column in range(12):
            array.vindex[[i, i + 5], [column, column]] = column

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, range(5)))
    assert (zarrc.open(str(tmp_path / "a"))[...] == np.arange(12)).all()


def test_what_may_not_be_read(tmp_path: Path) -> None:
    z = zarr.create_array(tmp_path / "a", shape=4, chunks=2, dtype="i4")
    z[:] = 7
    (tmp_path / "a/c/1").rename(tmp_path / "elsewhere")
    (tmp_path / "a/c/1").symlink_to("../../elsewhere")
    with pytest.raises(PermissionError) as caught:
        zarrc.open(tmp_path / "a")[:]
    assert isinstance(caught.value, zarrc.AccessError)
    assert isinstance(caught.value, zarrc.StoreError)
    assert caught.value.errno == errno.EXDEV
    assert caught.value.filename == str(tmp_path / "a/c/1")
    assert caught.value.status == "ACCESS"
    assert caught.value.key == "c/1"


@pytest.mark.parametrize("way", ["removed", "renamed", "overwritten", "parent"])
def test_store_replaced_behind_a_reader(tmp_path: Path, way: str) -> None:
    old, new = np.arange(1, 9, dtype="i4"), np.arange(1, 9, dtype="i4") * 10
    for name, data in (("x/data", old), ("y/data", new)):
        zarr.create_array(tmp_path / name, data=data, chunks=2)
    path = tmp_path / "x/data"
    z = zarrc.open(path)
    np.testing.assert_array_equal(z[:], old)
    if way == "removed":
        shutil.rmtree(path)
        shutil.copytree(tmp_path / "y/data", path)
    elif way == "renamed":
        path.rename(tmp_path / "before")
        (tmp_path / "y/data").rename(path)
    elif way == "overwritten":
        zarr.create_array(path, data=new, chunks=2, overwrite=True)
    else:
        (tmp_path / "x").rename(tmp_path / "z")
        (tmp_path / "y").rename(tmp_path / "x")
    np.testing.assert_array_equal(z[:], new)
    shutil.rmtree(path)
    with pytest.raises(zarrc.StoreError, match="removed, or moved"):
        z[:]


@pytest.mark.parametrize("by", ["chunks", "parent", "another process", "nothing"])
def test_array_replaced_behind_its_handle(tmp_path: Path, by: str) -> None:
    path = tmp_path / "g/a"
    data = np.arange(1, 1001, dtype="i4")
    zarr.create_group(tmp_path / "g")
    zarr.create_array(path, data=data, chunks=10)
    z = zarrc.open(path, "r+")
    np.testing.assert_array_equal(z[990:1000], data[990:])
    create = "import sys, zarr; zarr.create_array(sys.argv[1], shape=1000, dtype='i4', chunks=500, overwrite=True)[:] = 7"
    if by == "chunks":
        zarr.create_array(path, data=data, chunks=500, overwrite=True)
    elif by == "parent":
        zarr.create_group(tmp_path / "g", overwrite=True)
    elif by == "another process":
        subprocess.run([sys.executable, "-c", create, str(path)], check=True)
    else:
        shutil.rmtree(path)
    replaced = by in ("chunks", "another process")
    what = pytest.raises(zarrc.ZarrcError if replaced else FileNotFoundError,
                         match="open it again" if replaced else "has been removed")
    for at in (np.s_[990:1000], [995, 600], np.s_[:]):
        with what:
            z[at]
        with what:
            z[at] = 0
    if replaced:
        expected = data if by == "chunks" else np.full(1000, 7)
        np.testing.assert_array_equal(zarrc.open(path)[:], expected)


def test_a_number_beside_a_list(tmp_path: Path) -> None:
    expected = np.arange(6 * 7 * 8, dtype="i4").reshape(6, 7, 8)
    zarr.create_array(tmp_path / "a", data=expected, chunks=(2, 3, 4))
    array = zarrc.open(tmp_path / "a", "r+")
    mask = np.arange(6) % 2 == 1
    for at in (
        np.s_[5, [0, 1]],
        np.s_[[0, 1], 5],
        np.s_[[4, 0], 5, 1:3],
        np.s_[5, :, [0, 1]],
        np.s_[[0, 1], ::2, -1],
        np.s_[1:3, 5, [0, 7]],
        np.s_[1:3, [1, 1, 0], 5],
        np.s_[mask, 2],
        np.s_[mask, :, 2],
        np.s_[..., 3, [1, 2]],
    ):
        got = array[at]
        assert got.shape == expected[at].shape
        np.testing.assert_array_equal(got, expected[at], err_msg=repr(at))
        new = np.arange(expected[at].size).reshape(expected[at].shape) + 1000
        array[at] = new
        expected[at] = new
        np.testing.assert_array_equal(array[...], expected, err_msg=repr(at))
        array[at] = 7
        expected[at] = 7
        np.testing.assert_array_equal(array[...], expected, err_msg=repr(at))


@pytest.mark.parametrize("kind", KINDS)
def test_has_what_zarrs_arrays_have(kind: str, tmp_path: Path) -> None:
    theirs = zarr.create_array(tmp_path / "a", shape=SHAPE, **{"dtype": "f4", **KINDS[kind]}, attributes={"a": [1]})
    ours = zarrc.open(tmp_path / "a")
    for name in ("shape", "ndim", "size", "chunks", "shards", "nchunks", "cdata_shape", "attrs"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.read_only and not zarrc.open(tmp_path / "a", "r+").read_only
    assert ours.path == str(tmp_path / "a")
    assert len(ours) == 10
    np.testing.assert_array_equal(np.asarray(ours.fill_value), np.asarray(theirs.fill_value))
    if ours.dtype != object:
        assert (ours.dtype.itemsize, ours.nbytes) == (theirs.dtype.itemsize, theirs.nbytes)
    assert [row.tolist() for row in ours] == ours[...].tolist()


def _sum_of(array: zarrc.Array) -> int:
    return int(array[...].sum())


def test_arrays_for_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing
    import pickle

    monkeypatch.chdir(tmp_path)
    zarr.create_array("a", data=np.arange(8), chunks=(2,), shards=(4,))
    array = zarrc.open("a", "r+")
    assert pickle.dumps(array) == pickle.dumps(zarrc.open("a", "r+"))
    again = pickle.loads(pickle.dumps(array))
    again[0] = 5
    assert array[:2].tolist() == [5, 1]
    with pytest.raises(zarrc.InvalidError):
        pickle.loads(pickle.dumps(zarrc.open("a")))[0] = 1
    (tmp_path / "elsewhere").mkdir()
    text = pickle.dumps(array)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert _sum_of(pickle.loads(text)) == 33
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_sum_of, [array]) == [33]


def test_links_out_of_the_directory(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", data=np.arange(4, dtype="u1"), chunks=(4,), compressors=None)
    (tmp_path / "a/c/0").rename(tmp_path / "object")
    (tmp_path / "a/c/0").symlink_to(tmp_path / "object")
    with pytest.raises(PermissionError):
        zarrc.open(tmp_path / "a")[:]
    array = zarrc.open(tmp_path / "a", follow_links=True)
    assert array[:].tolist() == [0, 1, 2, 3]
    import pickle

    assert pickle.loads(pickle.dumps(array))[:].tolist() == [0, 1, 2, 3]


def test_synced_writes(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=(4,), chunks=(2,), dtype="u1")
    zarrc.open(tmp_path / "a", "r+", sync=True)[:] = [1, 2, 3, 4]
    assert zarrc.open(tmp_path / "a")[:].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("order", ["C", "F"])
def test_format_2(tmp_path: Path, order: Any) -> None:
    path = str(tmp_path / "a")
    array = zarr.create_array(
        path, shape=(7, 5), chunks=(3, 2), dtype=">i4", order=order, zarr_format=2, fill_value=3, attributes={"a": 1}
    )
    array[...] = np.arange(35).reshape(7, 5)
    opened = zarrc.open(path, "r+")
    assert (opened.shape, opened.chunks, opened.shards, opened.cdata_shape) == ((7, 5), (3, 2), None, (3, 3))
    assert (opened.attrs, opened.fill_value, opened.metadata["zarr_format"]) == ({"a": 1}, 3, 2)
    assert np.array_equal(opened[...], array[...]) and len(list(opened)) == 7
    opened[2:4] = np.full((2, 5), 9, "i4")
    assert (zarr.open_array(path)[2:4] == 9).all()


def test_fields_of_both_byte_orders(tmp_path: Path) -> None:
    path, dtype = str(tmp_path / "a"), np.dtype([("a", "<i4"), ("p", [("b", ">f4"), ("c", "|u1")])])
    data = np.array([(1, (1.5, 2)), (-3, (-0.5, 4)), (5, (2.25, 6))], dtype)
    try:
        array = zarr.create_array(path, shape=(3,), chunks=(2,), dtype=dtype, zarr_format=2, fill_value=data[1])
        assert zarr.open_array(path).dtype == dtype
    except ValueError as error:
        pytest.skip(f"zarr-python {zarr.__version__}: {error}")
    array[:2] = data[:2]
    opened = zarrc.open(path, "r+")
    assert opened.dtype.names == ("a", "p") and opened.chunks == (2,)
    assert opened[:].tolist() == [*data[:2].tolist(), data[1].tolist()]
    opened[1:] = data[1:].astype(opened.dtype)
    assert zarr.open_array(path)[...].tolist() == data.tolist()
    assert zarr.open_array(path).dtype == dtype


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3", "float8_e5m2", "float6_e3m2fn", "float4_e2m1fn", "int4", "uint2"])
def test_numbers_that_numpy_does_not_have(name: str, tmp_path: Path) -> None:
    dtypes = pytest.importorskip("ml_dtypes")
    create(tmp_path / "a", name)
    array = zarrc.open(tmp_path / "a", "r+")
    assert array.dtype == np.dtype(getattr(dtypes, name)) and array.fill_value == 0
    array[1:3] = [1, 3]
    assert array[:].dtype == array.dtype
    assert array[:].astype(float).tolist() == zarrc.open(tmp_path / "a")[...].astype(float).tolist() == [0, 1, 3, 0]


def test_numbers_without_ml_dtypes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    create(tmp_path / "a", "bfloat16")
    create(tmp_path / "b", "complex_float32")
    with pytest.warns(RuntimeWarning, match="bfloat16 are read and written as bytes: ml_dtypes is not installed"):
        array = zarrc.open(tmp_path / "a", "r+")
    array[0] = np.void(b"\x80\x3f")
    assert array[0].tobytes() == b"\x80\x3f" and array.dtype == np.dtype("V2")
    assert zarrc.open(tmp_path / "b").dtype == np.dtype("c8")


def create(path: Path, name: str) -> None:
    """An array of four elements, which zarr-python could not create."""
    path.mkdir()
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4],
        "data_type": name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [3]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": [0, 0] if name.startswith("complex") else 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    }
    (path / "zarr.json").write_text(json.dumps(document))


@pytest.mark.filterwarnings("ignore")
def test_consolidated(tmp_path: Path) -> None:
    """Arrays without metadata of their own are found in the consolidated metadata above."""
    for zarr_format in (2, 3):
        url = tmp_path / f"{zarr_format}.zarr"
        group = zarr.open_group(str(url), mode="w", zarr_format=zarr_format)
        group.create_array("a/x", shape=(4,), chunks=(2,), dtype="i4")[...] = [1, 2, 3, 4]
        zarr.consolidate_metadata(str(url), zarr_format=zarr_format)
        for path in (url / "a").rglob("*"):
            if path.name in ("zarr.json", ".zarray", ".zattrs"):
                path.unlink()
        array = zarrc.open(url / "a/x", "r+")
        assert array[...].tolist() == [1, 2, 3, 4]
        array[1] = 7
        assert zarrc.open(url / "a/x")[...].tolist() == [1, 7, 3, 4]
        with pytest.raises(FileNotFoundError):
            zarrc.open(url / "a/x", use_consolidated=False)
        with pytest.raises(FileNotFoundError):
            zarrc.open(url / "a/y")
        zarrc.copy(url, tmp_path / f"{zarr_format}.copy")
        assert zarrc.open(tmp_path / f"{zarr_format}.copy/a/x", use_consolidated=False)[...].tolist() == [1, 7, 3, 4]
        told = zarrc.copy(url, tmp_path / f"{zarr_format}.none", use_consolidated=False)
        assert told["arrays"] == []


def test_bent_rules(tmp_path: Path) -> None:
    """Metadata that bend a rule are read with a warning; strict refuses them."""
    create(tmp_path / "a", "int32")
    document = json.loads((tmp_path / "a/zarr.json").read_text())
    document["codecs"][0]["configuration"]["unknown"] = 1
    (tmp_path / "a/zarr.json").write_text(json.dumps(document))
    with pytest.warns(UserWarning, match="a: .*unknown"):
        array = zarrc.open(tmp_path / "a")
    assert len(array.notices) == 1 and "unknown" in array.notices[0]
    assert array[...].tolist() == [0, 0, 0, 0]
    with pytest.raises(zarrc.InvalidError, match="unknown"):
        zarrc.open(tmp_path / "a", strict=True)
    create(tmp_path / "b", "int32")
    assert zarrc.open(tmp_path / "b", strict=True).notices == ()


def test_zip(tmp_path: Path) -> None:
    """Arrays in zip archives are read, sliced and pickled as others; nothing in one can be changed."""
    values = np.arange(120).reshape(SHAPE)
    with zarr.storage.ZipStore(tmp_path / "a.zip", mode="w") as store:
        zarr.create_group(store).create_array("g/x", shape=SHAPE, dtype=values.dtype, **KINDS["sharded"])[...] = values
    array = zarrc.open(tmp_path / "a.zip/g/x")
    np.testing.assert_array_equal(array[...], values)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array))[3:7, ::-2], values[3:7, ::-2])
    with pytest.raises(zarrc.ZarrcError, match="read-only"):
        zarrc.open(tmp_path / "a.zip/g/x", "r+")[0] = 1
    zarrc.copy(tmp_path / "a.zip", tmp_path / "copy")
    np.testing.assert_array_equal(zarrc.open(tmp_path / "copy/g/x")[...], values)
    with pytest.raises(FileNotFoundError):
        zarrc.open(tmp_path / "a.zip/g/y")
