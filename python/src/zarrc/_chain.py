# SPDX-License-Identifier: MIT
"""A chain of codecs as libzarrc runs it: the description for the library, and batches of chunks in memory or files."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from zarrc import _core
from zarrc._bases import ShardingCodec, cpu
from zarrc._context import context, hold
from zarrc._core import NO_BOX, PENDING, UNCHANGED
from zarrc._describe import describe, joining
from zarrc._dtypes import converted, empty, exportable, in_native_order
from zarrc._selection import Picks, is_plain, picks, shape_of
from zarrc._spec import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zarr.abc.codec import Codec
    from zarr.core.array_spec import ArraySpec

NATIVE_IS_BIG = sys.byteorder == "big"
# Memory of its own, for what is not read straight into the array that it is for, is held so many bytes at a time.
SCRATCH_NBYTES = 256 << 20

Array = np.ndarray[Any, Any]
Item = tuple[Any, Any, Any, Any, bool]  # byte getter, spec, chunk selection, array selection, complete
Source = Any  # None, bytes-like, _core.Ranges, or a key (str) below root
Outcome = Any  # of a write: bytes; None: to be erased, or stored already; UNCHANGED


def big_endian(dtype: np.dtype[Any]) -> bool | None:
    """Whether elements are big-endian; None where fields differ."""
    if dtype.names is None:
        return dtype.byteorder == ">" or (dtype.byteorder == "=" and NATIVE_IS_BIG)
    orders = set()
    for name in dtype.names:
        field = dtype[name]
        if field.itemsize > 1 and (field.names is not None or field.byteorder != "|"):
            orders.add(big_endian(field))
    if len(orders) > 1:
        return None
    return orders.pop() if orders else NATIVE_IS_BIG


def exported(array: Array | None) -> Array | None:
    """`exportable` of what may be None."""
    return None if array is None else exportable(array)


class Bound:
    """A chain bound to one kind of chunk."""

    __slots__ = ("_fitted", "context", "dtype", "joining", "native", "pipeline", "raw", "shape", "spec", "variable")

    def __init__(self, codecs: Sequence[Codec], spec: ArraySpec, threads: _core.Context) -> None:
        what = describe(codecs, spec)
        self._fitted: tuple[Any, bool | None] = (None, None)
        self.context = threads
        self.spec = spec
        self.shape = spec.shape
        self.dtype: np.dtype[Any] = spec.dtype.to_native_dtype()
        self.variable = what.variable
        self.raw = what.raw
        self.joining = joining(codecs, spec)
        # of elements in memory of our own, which the library may see
        self.native = self.dtype if what.raw or what.variable else in_native_order(self.dtype)
        try:
            self.pipeline = _core.Pipeline(
                threads,
                json.dumps(what.codecs),
                json.dumps(what.dtype),
                tuple(spec.shape),
                what.fill,
                bool(spec.config.write_empty_chunks),
                what.subchunk_order,
                what.coalesce_gap,
                what.coalesce_max,
            )
        except (_core.ZarrcError, ValueError, TypeError) as error:
            raise Unsupported(str(error)) from error
        if not self.variable and self.pipeline.item_size != self.dtype.itemsize:
            raise Unsupported(f"elements of {self.dtype} have {self.pipeline.item_size} bytes in the library")

    def fits(self, dtype: np.dtype[Any]) -> bool | None:
        """The byte order (big?) in which the library may see elements of this type; None: it may not."""
        seen, result = self._fitted
        if seen is not dtype:
            result = self._fits(dtype)
            self._fitted = (dtype, result)
        return result

    def _fits(self, dtype: np.dtype[Any]) -> bool | None:
        if self.variable:
            return None
        if dtype == self.dtype:
            return NATIVE_IS_BIG if self.raw else big_endian(dtype)
        if self.raw or in_native_order(dtype) != in_native_order(self.dtype):
            return None
        return big_endian(dtype)


class Chain:
    """The native side of a list of codecs. Raises Unsupported where the library lacks something."""

    def __init__(self, codecs: Iterable[Codec]) -> None:
        self.codecs = tuple(codecs)
        # What a shard holds beyond the array's edge is kept when all within the edge is written, as zarr-python does.
        self.is_sharded = len(self.codecs) == 1 and isinstance(self.codecs[0], ShardingCodec)
        self.inner_shape: tuple[int, ...] | None = getattr(self.codecs[0], "chunk_shape", None) if self.is_sharded else None
        self._bound: dict[Any, Bound] = {}
        self._last: tuple[ArraySpec, _core.Context, Bound] | None = None
        hold(self)

    def forget(self) -> None:
        """Gives up what was made for a context."""
        self._last = None
        self._bound = {}

    def bind(self, spec: ArraySpec) -> Bound:
        """The chain for one kind of chunk."""
        threads = context()
        last = self._last
        if last is not None and last[1] is threads and (last[0] is spec or _same(last[0], spec)):
            return last[2]
        fill = spec.fill_value
        key = (spec.shape, spec.dtype, fill.tobytes() if isinstance(fill, np.generic) else fill, spec.config)
        made = self._bound
        bound = made.get(key)
        if bound is None or bound.context is not threads:
            if spec.prototype.buffer is not cpu.Buffer or spec.prototype.nd_buffer is not cpu.NDBuffer:
                raise Unsupported("a buffer prototype of its own")
            if len(made) >= 1024:
                made.clear()
            bound = made[key] = Bound(self.codecs, spec, threads)
        if context() is threads:
            self._last = (spec, threads, bound)
        return bound

    # ------------------------------------------------------------------------------------------------- reading

    def read(
        self,
        bound: Bound,
        items: list[Item],
        sources: list[Source] | None,
        out: Array,
        drop_axes: tuple[int, ...] = (),
        root: str | _core.Store | None = None,
        limit: int = 0,
    ) -> list[int] | None:
        """Decodes parts of chunks into an array: FOUND, MISSING or PENDING a chunk.

        sources None: the items' keys below root. With a limit the result is None, and nothing is promised to be done, if
        more bytes than that would be decoded.
        """
        big = bound.fits(out.dtype)
        if big is None:
            results: list[int] | None = [NO_BOX] * len(items)
        else:
            results = bound.pipeline.read(items, sources, exportable(out), big, root, limit)
        if results is None:
            return None
        other = [i for i, found in enumerate(results) if found == NO_BOX]
        if other and not self._read_picks(bound, other, items, sources, out, drop_axes, root, limit, results):
            return None
        return results

    def _read_picks(
        self,
        bound: Bound,
        which: list[int],
        items: list[Item],
        sources: list[Source] | None,
        out: Array,
        drop_axes: tuple[int, ...],
        root: str | _core.Store | None,
        limit: int,
        results: list[int],
    ) -> bool:
        """Reads what is no box of a chunk, or goes to no box of the array. False: the limit does not allow it."""
        fits = bound.fits(out.dtype)
        big = NATIVE_IS_BIG if fits is None else fits
        dtype = bound.native if fits is None else out.dtype
        for part in self._portions(bound, which, items):
            todo: list[tuple[Any, ...]] = []
            memories: list[Array | None] = []
            for i, pick in part:
                memory = None if fits is None else _place(out, items[i][3], pick, drop_axes)
                own = memory is None and not bound.variable
                if own:
                    memory = empty((math.prod(pick.shape),) if pick.points else pick.shape, dtype)
                memories.append(memory if own else None)
                todo.append((*_source(items, sources, i), pick.points, pick.entries, exported(memory)))
            read = self._picked(bound, todo, big, root, limit)
            if read is None:
                return False
            for (i, pick), found, memory in zip(part, read, memories, strict=True):
                elements: Array | None = memory
                if bound.variable:
                    texts, found = found
                    elements = None if found == PENDING else object_array(texts, pick.shape)
                results[i] = found
                if elements is None or found == PENDING:
                    continue
                elements = elements.reshape(pick.shape)
                if elements.dtype.kind in "mM" and elements.dtype != out.dtype:
                    elements = converted(elements, out.dtype)  # numpy does not turn them where lists of indices assign
                elements = elements.squeeze(axis=drop_axes) if drop_axes else elements
                # one object is put in as such, not as an array around it
                out[items[i][3]] = elements if elements.ndim or not bound.variable else elements.item()
        return True

    def _picked(
        self, bound: Bound, todo: list[tuple[Any, ...]], big: bool, root: str | _core.Store | None, limit: int
    ) -> list[Any] | None:
        return bound.pipeline.read_picks(todo, big, root, limit)

    def _portions(
        self, bound: Bound, which: list[int], items: list[Item]
    ) -> Iterator[list[tuple[int, Picks]]]:
        """What is selected of chunks, so much at a time as may be held in memory."""
        part: list[tuple[int, Picks]] = []
        nbytes = 0
        for i in which:
            pick = picks(items[i][2], bound.shape)
            size = math.prod(pick.shape) * bound.dtype.itemsize
            if part and nbytes + size > SCRATCH_NBYTES:
                yield part
                part, nbytes = [], 0
            part.append((i, pick))
            nbytes += size
        if part:
            yield part

    # ------------------------------------------------------------------------------------------------- writing

    def write(
        self,
        bound: Bound,
        items: list[Item],
        sources: list[Source] | None,
        value: Array,
        drop_axes: tuple[int, ...] = (),
        root: str | None = None,
        limit: int = 0,
    ) -> list[Outcome] | None:
        """Encodes parts of chunks from an array, which may be one element for all.

        With keys they are stored, else the new values come back. limit as in `read`; then nothing has been done.
        """
        complete: list[bool] | None = None
        if self.is_sharded:
            complete = [is_whole(item[2], bound.shape) for item in items]
        if bound.variable:
            results: list[Outcome] | None = None if limit else [UNCHANGED] * len(items)
        else:
            if bound.fits(value.dtype) is None:
                value = converted(value, bound.native)
            results = bound.pipeline.write(
                items, sources, exportable(value), bool(bound.fits(value.dtype)), complete, root, False, limit
            )
        if results is None:
            return None
        other = [i for i, outcome in enumerate(results) if outcome is UNCHANGED]
        for part in self._portions(bound, other, items):
            todo: list[tuple[Any, ...]] = []
            for i, pick in part:
                selected = value if value.shape == () else self._selected(value, items[i][3], pick, drop_axes)
                memory = self._texts(selected) if bound.variable else exported(selected)
                whole = items[i][4] if complete is None else complete[i]
                todo.append((*_source(items, sources, i), pick.points, pick.entries, memory, whole))
            for (i, _), state in zip(part, self._write_picks(bound, todo, value, root), strict=True):
                results[i] = state
        return results

    def _write_picks(
        self, bound: Bound, todo: list[tuple[Any, ...]], value: Array, root: str | None
    ) -> list[Outcome]:
        big = NATIVE_IS_BIG if bound.variable else bool(bound.fits(value.dtype))
        return bound.pipeline.write_picks(todo, big, root, False)

    @staticmethod
    def _selected(value: Array, selection: Any, pick: Picks, drop_axes: tuple[int, ...]) -> Array:
        """The part of the value that a chunk gets, in the shape that the library expects."""
        selected: Array = np.asarray(value[selection], value.dtype)  # numpy's scalars have a type of their own
        if drop_axes:
            selected = np.expand_dims(selected, drop_axes)
        if selected.shape != pick.shape:
            while selected.ndim > len(pick.shape) and selected.shape[0] == 1:
                selected = selected.reshape(selected.shape[1:])
            try:
                selected = np.broadcast_to(selected, pick.shape)
            except ValueError:
                raise ValueError(
                    f"shape mismatch: a value of shape {selected.shape} for a selection of shape {pick.shape}"
                ) from None
        return selected.reshape(-1) if pick.points else selected

    @staticmethod
    def _texts(selected: Array) -> Any:
        """A list of elements, or one for all."""
        return selected.item() if selected.shape == () else selected.ravel().tolist()

    # -------------------------------------------------------------------------------------------- whole chunks

    def decode(self, bound: Bound, data: Any, order: str = "C") -> Array:
        """A whole chunk."""
        dtype = np.dtype(object) if bound.variable and bound.dtype.kind != "T" else bound.dtype
        out = empty(bound.shape, dtype, "F" if order == "F" else "C")
        whole = tuple(slice(0, n) for n in bound.shape)
        self.read(bound, [(None, None, whole, whole, True)], [data], out)
        return out if bound.dtype.kind in "OT" or not bound.variable else out.astype(bound.dtype)

    def encode(self, bound: Bound, value: Array, elide: bool) -> bytes | None:
        """A whole chunk. elide: a chunk that is all fill value becomes None."""
        whole = tuple(slice(0, n) for n in bound.shape)
        value = value.reshape(bound.shape) if value.shape != bound.shape else value
        if bound.variable:
            texts = value.ravel().tolist() if value.shape else value.item()
            item = (None, None, False, whole, texts, True)
            result: bytes | None = bound.pipeline.write_picks([item], NATIVE_IS_BIG, None, not elide)[0]
            return result
        if bound.fits(value.dtype) is None:
            value = converted(value, bound.native)
        items = [(None, None, whole, whole, True)]
        big = bool(bound.fits(value.dtype))
        found = bound.pipeline.write(items, [None], exportable(value), big, None, None, not elide, 0)
        assert found is not None
        encoded: bytes | None = found[0]
        return encoded


def _same(a: ArraySpec, b: ArraySpec) -> bool:
    """Whether two specs say the same, so far as that is seen at once."""
    return (
        a.dtype is b.dtype
        and a.fill_value is b.fill_value
        and a.shape == b.shape
        and (a.config is b.config or a.config == b.config)
        and a.prototype == b.prototype
    )


def _source(items: list[Item], sources: list[Source] | None, i: int) -> tuple[Source, str | None]:
    """Where a chunk's value is, and the chunk's name for messages."""
    name: str | None = getattr(items[i][0], "path", None)
    return (name if sources is None else sources[i]), name


def _place(out: Array, selection: Any, pick: Picks, drop_axes: tuple[int, ...]) -> Array | None:
    """The part of an array that a selection goes to, in the shape that the library gives it; None: it is no box."""
    if pick.points and len(pick.shape) != 1 or not is_plain(selection):
        return None
    place: Array = out[(*selection, Ellipsis) if type(selection) is tuple else (selection, Ellipsis)]
    if drop_axes:
        if place.ndim + len(drop_axes) != len(pick.shape):
            return None
        place = np.expand_dims(place, drop_axes)
    return place if place.shape == pick.shape else None


def is_whole(selection: Any, shape: tuple[int, ...]) -> bool:
    """Whether slices, and indices on axes of length 1, select all of a shape."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    return len(entries) == len(shape) and all(
        entry.indices(n) == (0, n, 1) if isinstance(entry, slice) else n == 1 and isinstance(entry, (int, np.integer))
        for entry, n in zip(entries, shape, strict=True)
    )


def object_array(items: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """An array of Python objects."""
    array: Array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)


__all__ = ["Bound", "Chain", "Item", "Outcome", "Source", "Unsupported", "is_whole", "shape_of"]
