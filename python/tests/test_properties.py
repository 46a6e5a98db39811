# SPDX-License-Identifier: MIT
"""Arrays, shards and selections of zarr-python's own strategies: the pipeline does what zarr-python's does.

ZARRC_DRAWS sets the number of examples of each test; they are drawn anew each time then, else always the same.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

pytest.importorskip("hypothesis")

import hypothesis.extra.numpy as npst
import hypothesis.strategies as st
import zarr.testing.strategies as zst
from hypothesis import HealthCheck, given, settings
from zarr.core.buffer import cpu, default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import LocalStore, MemoryStore

import zarrc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.filterwarnings("ignore")
DRAWS = int(os.environ.get("ZARRC_DRAWS", "0"))
PYTHONS = "zarr.core.codec_pipeline.BatchedCodecPipeline"
SHAPES = npst.array_shapes(max_dims=4, min_side=1, max_side=8)
drawn = settings(
    max_examples=DRAWS or 50,
    derandomize=not DRAWS,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
DTYPES = (
    npst.integer_dtypes(endianness="?")
    | npst.floating_dtypes(endianness="?")
    | npst.complex_number_dtypes(endianness="?")
    | npst.boolean_dtypes()
)


@pytest.fixture(autouse=True)
def _natively(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is left to zarr-python's pipeline, or it would be compared with itself."""
    with zarr.config.set({"array.rectilinear_chunks": True}):
        yield
    served = zarrc.counters()
    least = DRAWS if hasattr(request.function, "hypothesis") else 0
    assert served["read"] > least and served["write"] > 0
    assert not any(name.startswith("fallback") for name in served)


@st.composite
def arrays(draw: st.DrawFn, shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES) -> Any:
    """An array in memory that zarr-python's pipeline wrote: plain, sharded, nested, rectilinear, of either format."""
    kinds = [
        zst.simple_arrays(shapes=shapes),
        zst.arrays(shapes=shapes, arrays=DTYPES.flatmap(lambda dtype: zst.numpy_arrays(shapes=shapes, dtype=dtype))),
    ]
    kinds += [getattr(zst, name)(shapes=SHAPES) for name in ("sharded_arrays", "rectilinear_arrays") if hasattr(zst, name)]
    with zarr.config.set({"codec_pipeline.path": PYTHONS}):
        array = draw(st.one_of(kinds))
        assert not isinstance(array._async_array.codec_pipeline, zarrc.CodecPipeline)
        return array


class Both:
    """Two copies of an array: one that zarr-python's pipeline works on, and one that zarrc's does."""

    def __init__(self, array: Any, local: bool) -> None:
        self.path = array.path
        self.folder = tempfile.mkdtemp() if local else None
        stored = values_of(array.store)
        self.stores = (MemoryStore(), LocalStore(self.folder) if self.folder else MemoryStore())
        for store in self.stores:
            for key, value in stored.items():
                sync(store.set(key, cpu.Buffer.from_bytes(value)))
        self.theirs, self.ours = self.open(PYTHONS, 0), self.open("zarrc.CodecPipeline", 1)
        assert isinstance(self.ours._async_array.codec_pipeline, zarrc.CodecPipeline)

    def open(self, pipeline: str, which: int) -> Any:
        with zarr.config.set({"codec_pipeline.path": pipeline}):
            return zarr.open_array(self.stores[which], path=self.path, mode="r+")

    def outcomes(self, call: Callable[[Any], Any]) -> tuple[Any, Any]:
        """What a call does with either array. zarr-python's shards decode their inner chunks by the pipeline that is set."""
        with zarr.config.set({"codec_pipeline.path": PYTHONS}):
            theirs = outcome(call, self.theirs)
        return theirs, outcome(call, self.ours)

    def reads(self, how: str, selection: Any) -> np.ndarray[Any, Any] | None:
        """What both read, which is the same; None where zarr-python refuses the selection."""
        theirs, ours = self.outcomes(lambda array: accessor(array, how)[selection])
        if isinstance(theirs, Exception) or isinstance(ours, Exception):
            assert type(ours) is type(theirs), f"{how}[{selection}]: {ours!r}, not {theirs!r}"
            return None
        same(ours, theirs)
        return np.asarray(theirs)

    def writes(self, how: str, selection: Any, value: Any) -> None:
        """Both write; each reads what the other wrote, and there are values for the same chunks."""
        before, _ = self.outcomes(np.asarray)
        theirs, ours = self.outcomes(lambda array: accessor(array, how).__setitem__(selection, value))
        if how == "oindex" and self.is_mended_later(theirs):
            expected = with_product(before, selection, value)
            assert ours is None
            np.testing.assert_array_equal(self.ours[...], expected)  # not to the last bit: -0.0 may be a fill value 0.0
            same(self.open(PYTHONS, 1)[...], self.ours[...])
            return
        if isinstance(theirs, Exception) or isinstance(ours, Exception):
            assert type(ours) is type(theirs), f"{how}[{selection}] = ...: {ours!r}, not {theirs!r}"
        expected, mine = self.outcomes(np.asarray)
        same(mine, expected)
        same(self.open(PYTHONS, 1)[...], expected)
        same(self.open("zarrc.CodecPipeline", 0)[...], expected)
        assert sorted(values_of(self.stores[0])) == sorted(values_of(self.stores[1]))

    def is_mended_later(self, theirs: Any) -> bool:
        """Whether this is zarr-python 3.1, which cannot write what a list and a slice, or two lists, select of a shard;
        later ones write there what numpy does."""
        words = ("could not be broadcast to indexing result", "is out of bounds for axis")
        refused = isinstance(theirs, (ValueError, IndexError)) and any(each in str(theirs) for each in words)
        return refused and zarr.__version__.startswith("3.1") and self.theirs.shards is not None


@contextlib.contextmanager
def both(data: st.DataObject, shapes: st.SearchStrategy[tuple[int, ...]] = SHAPES) -> Iterator[Both]:
    array = data.draw(arrays(shapes))
    pair = Both(array, data.draw(st.booleans(), label="in files"))
    try:
        yield pair
    finally:
        if pair.folder:
            shutil.rmtree(pair.folder)


def values_of(store: Any) -> dict[str, bytes]:
    async def collect() -> dict[str, bytes]:
        prototype = default_buffer_prototype()
        return {key: (await store.get(key, prototype)).to_bytes() async for key in store.list()}

    return sync(collect())


def accessor(array: Any, how: str) -> Any:
    return array if how == "basic" else getattr(array, how)


def outcome(call: Callable[[Any], Any], array: Any) -> Any:
    try:
        return call(array)
    except Exception as error:
        return error


def with_product(array: Any, selection: Any, value: Any) -> Any:
    """An array after numpy wrote a value where every axis has an entry of a selection of its own."""
    changed, value = array.copy(order="K"), np.asarray(value)
    axes = [np.atleast_1d(np.arange(n)[entry]) for entry, n in zip(selection, array.shape, strict=True)]
    part = changed[np.ix_(*axes)]
    changed[np.ix_(*axes)] = value.reshape(part.shape) if value.ndim else value
    return changed


def same(ours: Any, theirs: Any) -> None:
    """Equal to the last bit, in type, shape and order too."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert ours.flags.f_contiguous == theirs.flags.f_contiguous
    assert ours.tobytes() == theirs.tobytes() if theirs.dtype.kind != "O" else ours.tolist() == theirs.tolist()


def new_values(data: st.DataObject, shape: tuple[int, ...], dtype: Any) -> Any:
    """What is written: an array, or one element for all."""
    value = data.draw(zst.numpy_arrays(shapes=st.just(shape), dtype=dtype), label="new values")
    if value.size and value.dtype.kind != "V" and data.draw(st.booleans(), label="one for all"):
        return value.ravel()[0]
    return value


def has_twice(selection: Any, shape: tuple[int, ...]) -> bool:
    """Whether an axis names an index twice; which value stays is then nobody's promise."""
    pairs = zip(selection, shape, strict=False)
    return any(isinstance(at, np.ndarray) and len(np.unique(at % n)) != at.size for at, n in pairs)


@drawn
@given(data=st.data())
def test_basic(data: st.DataObject) -> None:
    with both(data, zst.array_shapes) as pair:
        same(pair.ours[...], pair.theirs[...])
        selection = data.draw(zst.basic_indices(shape=pair.theirs.shape), label="selection")
        selected = pair.reads("basic", selection)
        if selected is not None:
            pair.writes("basic", selection, new_values(data, selected.shape, selected.dtype))


@drawn
@given(data=st.data())
def test_orthogonal(data: st.DataObject) -> None:
    with both(data) as pair:
        selection, _ = data.draw(zst.orthogonal_indices(shape=pair.theirs.shape), label="selection")
        selected = pair.reads("oindex", selection)
        if selected is not None and not has_twice(selection, pair.theirs.shape):
            pair.writes("oindex", selection, new_values(data, selected.shape, selected.dtype))


@drawn
@given(data=st.data())
def test_orthogonal_masks(data: st.DataObject) -> None:
    with both(data) as pair:
        selection = tuple(
            data.draw(npst.arrays(bool, (n,)) | zst.basic_indices(shape=(n,), min_dims=1, allow_ellipsis=False), label="axis")
            for n in pair.theirs.shape
        )
        selection = tuple(each[0] if isinstance(each, tuple) and each else each for each in selection)
        selected = pair.reads("oindex", selection)
        if selected is not None:
            pair.writes("oindex", selection, new_values(data, selected.shape, selected.dtype))


@pytest.mark.parametrize(
    ("shape", "chunks", "selection"),
    [
        ((1, 1, 2), (1, 1, 1), (np.array([0]), np.array([0]), slice(0, None))),
        ((2, 3, 1), (2, 3, 1), (np.array([True, True]), slice(1, 2), np.array([True]))),
        ((4, 4), (2, 2), (np.array([3, 0]), slice(1, 3))),
        ((4, 4), (2, 2), (np.array([0, 3]), np.array([2, 1, 0]))),
        ((4, 4, 4), (2, 2, 2), (1, np.array([0, 3]), slice(None, None, 3))),
        ((1, 1, 4), (1, 1, 1), (np.array([0]), np.array([0]), np.array([1, 0, -2]))),
    ],
)
def test_orthogonal_found(shape: tuple[int, ...], chunks: tuple[int, ...], selection: Any) -> None:
    """Selections of shards that zarr-python 3.1 cannot write, among them three that were drawn."""
    with zarr.config.set({"codec_pipeline.path": PYTHONS}):
        array = zarr.create_array(MemoryStore(), shape=shape, chunks=chunks, shards=shape, dtype="i4")
    pair = Both(array, local=False)
    selected = pair.reads("oindex", selection)
    assert selected is not None
    pair.writes("oindex", selection, np.arange(1, 1 + selected.size, dtype="i4").reshape(selected.shape))


@drawn
@given(data=st.data())
def test_points(data: st.DataObject) -> None:
    with both(data) as pair:
        shape = pair.theirs.shape
        indices = npst.integer_array_indices(shape=shape, result_shape=npst.array_shapes(min_side=1, max_dims=3))
        selection = data.draw(indices, label="selection")
        selected = pair.reads("vindex", selection)
        places = np.stack([(at % n).ravel() for at, n in zip(np.broadcast_arrays(*selection), shape, strict=True)])
        if selected is not None and len(np.unique(places, axis=1).T) == places.shape[1]:
            pair.writes("vindex", selection, new_values(data, selected.shape, selected.dtype))


@drawn
@given(data=st.data())
def test_mask(data: st.DataObject) -> None:
    with both(data) as pair:
        mask = data.draw(npst.arrays(bool, pair.theirs.shape), label="mask")
        selected = pair.reads("vindex", mask)
        if selected is not None:
            pair.writes("vindex", mask, new_values(data, selected.shape, selected.dtype))


@drawn
@given(data=st.data())
def test_blocks(data: st.DataObject) -> None:
    with both(data) as pair:
        array = pair.theirs
        if hasattr(zst, "block_indices"):
            selection, _ = data.draw(zst.block_indices(chunk_sizes=array.write_chunk_sizes), label="selection")
        else:
            grid = [math.ceil(n / edge) for n, edge in zip(array.shape, array.shards or array.chunks, strict=True)]
            selection = tuple(
                data.draw(st.integers(0, n - 1) | st.integers(0, n - 1).map(lambda i: slice(i, None)), label="axis")
                for n in grid
            )
        selected = pair.reads("blocks", selection)
        if selected is not None:
            pair.writes("blocks", selection, new_values(data, selected.shape, selected.dtype))
