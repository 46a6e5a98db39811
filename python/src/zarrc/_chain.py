# SPDX-License-Identifier: MIT
"""A chain of codecs as libzarrc runs it: the description for the library, and batches of chunks in memory or files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.codecs import ShardingCodec
from zarr.core.buffer import cpu

from zarrc import _core
from zarrc._context import context, count
from zarrc._describe import Unsupported, describe
from zarrc._selection import box, shape_of, simplify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zarr.abc.codec import Codec
    from zarr.core.array_spec import ArraySpec

NATIVE_IS_BIG = sys.byteorder == "big"
# Boxes that selections with index arrays are decoded to are held so many bytes at a time.
SCRATCH_NBYTES = 256 << 20

Array = np.ndarray[Any, Any]
Source = Any  # None, bytes-like, _core.Ranges, or a key (str) below root


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


def exportable(array: Array) -> Array:
    """The same memory as a type that numpy lets others see."""
    return array if array.dtype.kind in "iufcb" else array.view(f"V{array.dtype.itemsize}")


def in_zarrs_words(error: _core.CorruptError) -> _core.CorruptError:
    """Messages that users of zarr-python look for."""
    if error.args and "shorter than its index" in str(error.args[0]):
        words = "the stored shard is too short to hold its index"
        error.args = (str(error.args[0]).replace("the shard is shorter than its index", words), *error.args[1:])
    return error


class Bound:
    """A chain bound to one kind of chunk."""

    __slots__ = ("dtype", "pipeline", "raw", "shape", "spec", "variable")

    def __init__(self, codecs: Sequence[Codec], spec: ArraySpec, threads: _core.Context) -> None:
        what = describe(codecs, spec)
        self.spec = spec
        self.shape = spec.shape
        self.dtype: np.dtype[Any] = spec.dtype.to_native_dtype()
        self.variable = what.variable
        self.raw = what.raw
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
        if self.variable:
            return None
        if dtype == self.dtype:
            return NATIVE_IS_BIG if self.raw else big_endian(dtype)
        if self.raw or dtype.newbyteorder("=") != self.dtype.newbyteorder("="):
            return None
        return big_endian(dtype)

    def scratch(self, shape: tuple[int, ...]) -> Array:
        """Memory for decoded elements that the library may see."""
        dtype = self.dtype if self.raw else self.dtype.newbyteorder("=")
        return np.empty(shape, dtype)


class Chain:
    """The native side of a list of codecs. Raises Unsupported where the library lacks something."""

    def __init__(self, codecs: Iterable[Codec]) -> None:
        self.codecs = tuple(codecs)
        # What a shard holds beyond the array's edge is kept when all within the edge is written, as zarr-python does.
        self.keeps_beyond_edge = len(self.codecs) == 1 and isinstance(self.codecs[0], ShardingCodec)
        self._bound: dict[Any, Bound] = {}
        self._last: tuple[ArraySpec, _core.Context, Bound] | None = None

    def bind(self, spec: ArraySpec) -> Bound:
        """The chain for one kind of chunk."""
        threads = context()
        last = self._last
        if last is not None and last[0] is spec and last[1] is threads:
            return last[2]
        fill = spec.fill_value
        key = (
            id(threads),
            spec.shape,
            spec.dtype,
            fill.tobytes() if isinstance(fill, np.generic) else fill,
            spec.config,
        )
        bound = self._bound.get(key)
        if bound is None:
            if spec.prototype.buffer is not cpu.Buffer or spec.prototype.nd_buffer is not cpu.NDBuffer:
                raise Unsupported("a buffer prototype of its own")
            if len(self._bound) >= 1024:
                self._bound.clear()
            bound = self._bound[key] = Bound(self.codecs, spec, threads)
        self._last = (spec, threads, bound)
        return bound

    # ------------------------------------------------------------------------------------------------- reading

    def read(
        self,
        bound: Bound,
        sources: list[Source],
        chunk_selections: list[Any],
        out_selections: list[Any],
        out: Array,
        drop_axes: tuple[int, ...] = (),
        root: str | None = None,
        names: Sequence[str] | None = None,
    ) -> list[bool | None]:
        """Decodes parts of chunks into an array. True, False (no value), or None (ranges are wanted) a chunk."""
        results: list[bool | None] = [None] * len(sources)
        big = bound.fits(out.dtype)
        plain: list[int] = []
        other: list[int] = []
        plain_chunk: list[Any] = []
        plain_out: list[Any] = []
        for i in range(len(sources)):
            pair = simplify(chunk_selections[i], out_selections[i], drop_axes) if big is not None else None
            if pair is None:
                other.append(i)
            else:
                plain.append(i)
                plain_chunk.append(pair[0])
                plain_out.append(pair[1])
        if plain:
            assert big is not None
            try:
                found = bound.pipeline.read(
                    [sources[i] for i in plain],
                    plain_chunk,
                    plain_out,
                    exportable(out),
                    big,
                    root,
                    [names[i] for i in plain] if names else None,
                )
                for i, result in zip(plain, found, strict=True):
                    results[i] = result
            except _core.Mismatch:
                other = list(range(len(sources)))
            except _core.CorruptError as error:
                raise in_zarrs_words(error) from None
        self._read_boxes(bound, other, sources, chunk_selections, out_selections, out, drop_axes, root, names, results)
        count("chunks", len(sources))
        return results

    def _read_boxes(
        self,
        bound: Bound,
        which: list[int],
        sources: list[Source],
        chunk_selections: list[Any],
        out_selections: list[Any],
        out: Array,
        drop_axes: tuple[int, ...],
        root: str | None,
        names: Sequence[str] | None,
        results: list[bool | None],
    ) -> None:
        for part in self._portions(bound, which, chunk_selections):
            boxes, inner, decoded, found = self._decode_boxes(bound, part, sources, chunk_selections, root, names)
            del boxes
            for k, i in enumerate(part):
                results[i] = found[k]
                if found[k] is None:
                    continue
                selected = decoded[k][inner[k]]
                if drop_axes:
                    selected = selected.squeeze(axis=drop_axes)
                out[out_selections[i]] = selected

    def _portions(self, bound: Bound, which: list[int], chunk_selections: list[Any]) -> Iterable[list[int]]:
        """Lists of chunks whose boxes may be held at once."""
        part: list[int] = []
        nbytes = 0
        for i in which:
            boxes, _ = box(chunk_selections[i], bound.shape)
            size = bound.dtype.itemsize
            for axis in boxes:
                size *= axis.stop - axis.start
            if part and nbytes + size > SCRATCH_NBYTES:
                yield part
                part, nbytes = [], 0
            part.append(i)
            nbytes += size
        if part:
            yield part

    def _decode_boxes(
        self,
        bound: Bound,
        part: list[int],
        sources: list[Source],
        chunk_selections: list[Any],
        root: str | None,
        names: Sequence[str] | None,
    ) -> tuple[list[tuple[slice, ...]], list[Any], list[Array], list[bool | None]]:
        """For each chunk: the box, the selection inside it, the box's elements, and whether there was a value."""
        boxes, inner = map(list, zip(*(box(chunk_selections[i], bound.shape) for i in part), strict=True))
        shapes = [tuple(axis.stop - axis.start for axis in each) for each in boxes]
        some = [sources[i] for i in part]
        labels = [names[i] for i in part] if names else None
        decoded: list[Array] = []
        if bound.variable:
            found: list[bool | None] = []
            for (items, state), shape in zip(
                bound.pipeline.read_items(some, boxes, root, labels), shapes, strict=True
            ):
                decoded.append(object_array(items or (), shape) if state is not None else np.empty(0, object))
                found.append(state)
            return boxes, inner, decoded, found
        if bound.shape == ():
            scratch = bound.scratch((len(part),))
            found = []
            for k, source in enumerate(some):
                cell = scratch[k : k + 1].reshape(())
                found += bound.pipeline.read(
                    [source], [()], [()], exportable(cell), NATIVE_IS_BIG, root, labels and labels[k : k + 1]
                )
                decoded.append(cell)
            return boxes, inner, decoded, found
        widest = [max(shape[axis] for shape in shapes) for axis in range(len(bound.shape))]
        scratch = bound.scratch((widest[0] * len(part), *widest[1:]))
        places = [
            (slice(k * widest[0], k * widest[0] + shape[0]), *(slice(0, n) for n in shape[1:]))
            for k, shape in enumerate(shapes)
        ]
        found = bound.pipeline.read(some, boxes, places, exportable(scratch), NATIVE_IS_BIG, root, labels)
        return boxes, inner, [scratch[place] for place in places], found

    # ------------------------------------------------------------------------------------------------- writing

    def write(
        self,
        bound: Bound,
        sources: list[Source],
        chunk_selections: list[Any],
        value_selections: list[Any],
        value: Array,
        complete: list[bool],
        drop_axes: tuple[int, ...] = (),
        root: str | None = None,
        names: Sequence[str] | None = None,
    ) -> list[bytes | None]:
        """Encodes parts of chunks. With keys they are stored (and None comes back), else the new values come back;
        None: to be erased."""
        results: list[bytes | None] = [None] * len(sources)
        if not bound.variable and bound.fits(value.dtype) is None:
            value = value.astype(bound.scratch((0,)).dtype)
        plain: list[int] = []
        other: list[int] = []
        plain_chunk: list[Any] = []
        plain_value: list[Any] = []
        scalar = value.shape == ()
        for i in range(len(sources)):
            at = () if scalar else value_selections[i]
            pair = None if bound.variable else simplify(chunk_selections[i], at, drop_axes)
            if pair is None:
                other.append(i)
            else:
                plain.append(i)
                plain_chunk.append(pair[0])
                plain_value.append(pair[1])
        if plain:
            big = bound.fits(value.dtype)
            try:
                encoded = bound.pipeline.write(
                    [sources[i] for i in plain],
                    plain_chunk,
                    None if scalar else plain_value,
                    exportable(value),
                    NATIVE_IS_BIG if big is None else big,
                    [complete[i] for i in plain],
                    root,
                    [names[i] for i in plain] if names else None,
                    False,
                )
                for i, result in zip(plain, encoded, strict=True):
                    results[i] = result
            except _core.Mismatch:
                other = list(range(len(sources)))
            except _core.CorruptError as error:
                raise in_zarrs_words(error) from None
        for part in self._portions(bound, other, chunk_selections):
            self._write_boxes(
                bound, part, sources, chunk_selections, value_selections, value, complete, drop_axes, root, names, results
            )
        count("chunks", len(sources))
        return results

    def _write_boxes(
        self,
        bound: Bound,
        part: list[int],
        sources: list[Source],
        chunk_selections: list[Any],
        value_selections: list[Any],
        value: Array,
        complete: list[bool],
        drop_axes: tuple[int, ...],
        root: str | None,
        names: Sequence[str] | None,
        results: list[bytes | None],
    ) -> None:
        """Selections with index arrays: the box is decoded, changed, and written back."""
        kept = [None if whole else source for source, whole in zip(sources, complete, strict=True)]
        boxes, inner, decoded, _ = self._decode_boxes(bound, part, kept, chunk_selections, root, names)
        for k, i in enumerate(part):
            selected = value if value.shape == () else value[value_selections[i]]
            if drop_axes and value.shape != ():
                selected = selected[tuple(None if a in drop_axes else slice(None) for a in range(len(bound.shape)))]
            if decoded[k].dtype == object and selected.shape == ():
                selected = selected.item() if isinstance(selected, np.ndarray) else selected
            if bound.raw and not bound.variable and selected.dtype != decoded[k].dtype:
                selected = selected.astype(decoded[k].dtype)
            decoded[k][inner[k]] = selected
            labels = [names[i]] if names else None
            if bound.variable:
                items = decoded[k].ravel().tolist()
                results[i] = bound.pipeline.write_items(
                    [sources[i]], [boxes[k]], [items], [complete[i]], root, labels, False
                )[0]
            else:
                results[i] = bound.pipeline.write(
                    [sources[i]], [boxes[k]], [()], exportable(decoded[k]), NATIVE_IS_BIG, [complete[i]], root, labels, False
                )[0]

    # -------------------------------------------------------------------------------------------- whole chunks

    def decode(self, bound: Bound, data: Any, order: str = "C") -> Array:
        """A whole chunk."""
        dtype = np.dtype(object) if bound.variable and bound.dtype.kind != "T" else bound.dtype
        out: Array = np.empty(bound.shape, dtype, order="F" if order == "F" else "C")
        whole = tuple(slice(0, n) for n in bound.shape)
        self.read(bound, [data], [whole], [whole], out)
        return out if bound.dtype.kind in "OT" or not bound.variable else out.astype(bound.dtype)

    def encode(self, bound: Bound, value: Array, elide: bool) -> bytes | None:
        """A whole chunk. elide: a chunk that is all fill value becomes None."""
        whole = tuple(slice(0, n) for n in bound.shape)
        value = value.reshape(bound.shape) if value.shape != bound.shape else value
        if bound.variable:
            return bound.pipeline.write_items(
                [None], [whole], [value.ravel().tolist()], [True], None, None, not elide
            )[0]
        if bound.fits(value.dtype) is None:
            value = value.astype(bound.scratch((0,)).dtype)
        big = bound.fits(value.dtype)
        return bound.pipeline.write(
            [None], [whole], [whole], exportable(value), NATIVE_IS_BIG if big is None else big, [True], None, None, not elide
        )[0]


def object_array(items: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """An array of Python objects."""
    array: Array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)


__all__ = ["Bound", "Chain", "Unsupported", "shape_of"]
