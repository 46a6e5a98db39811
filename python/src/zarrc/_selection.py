# SPDX-License-Identifier: MIT
"""Selections of a chunk: as integers and slices where they are that, else as a box and what to take out of it."""

from __future__ import annotations

from typing import Any

import numpy as np

Entry = Any
Selection = tuple[Entry, ...]


def as_tuple(selection: Any, ndim: int) -> Selection:
    """A selection with one entry an axis, without an ellipsis."""
    entries: Selection = selection if isinstance(selection, tuple) else (selection,)
    if any(entry is Ellipsis for entry in entries):
        at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        missing = (slice(None),) * (ndim - len(entries) + 1)
        entries = entries[:at] + missing + entries[at + 1 :]
    return entries + (slice(None),) * (ndim - len(entries))


def is_plain(selection: Any) -> bool:
    """Whether a selection consists of slices and integers."""
    if type(selection) is tuple:
        for entry in selection:
            if type(entry) is not slice and (type(entry) is bool or not isinstance(entry, (int, np.integer))):
                return False
        return True
    return type(selection) is slice


def _progression(array: np.ndarray[Any, Any]) -> slice | None:
    """The slice that selects what an array of indices selects, if its steps are equal and positive."""
    flat = array.ravel()
    if flat.size == 1:
        return slice(int(flat[0]), int(flat[0]) + 1, 1)
    if flat.size == 0:
        return slice(0, 0, 1)
    step = int(flat[1]) - int(flat[0])
    if step < 1 or int(flat[0]) < 0 or not bool((np.diff(flat) == step).all()):
        return None
    return slice(int(flat[0]), int(flat[-1]) + 1, step)


def _straighten(selection: Selection, drop_axes: tuple[int, ...]) -> Selection | None:
    """The selection without index arrays, where each array stands for one axis alone; else None."""
    arrays = [entry for entry in selection if isinstance(entry, np.ndarray)]
    crossed = len(arrays) > 1
    result: list[Entry] = []
    for axis, entry in enumerate(selection):
        if isinstance(entry, np.ndarray):
            if entry.dtype == bool:
                if entry.ndim != 1 or crossed:
                    return None
                entry = np.flatnonzero(entry)
            if crossed and (entry.ndim != len(selection) or entry.shape[axis] != entry.size):
                return None
            if not crossed and entry.ndim != 1 and entry.size != max(entry.shape, default=1):
                return None
            if axis in drop_axes and entry.size == 1:
                result.append(int(entry.ravel()[0]))
                continue
            straight = _progression(entry)
            if straight is None:
                return None
            result.append(straight)
        else:
            result.append(entry)
    return tuple(result)


def simplify(chunk: Any, out: Any, drop_axes: tuple[int, ...]) -> tuple[Selection, Selection] | None:
    """Both selections of a chunk as slices and integers, or None where they need index arrays."""
    if is_plain(chunk) and is_plain(out):
        return chunk, out
    plain_chunk = _straighten(chunk if isinstance(chunk, tuple) else (chunk,), drop_axes)
    plain_out = _straighten(out if isinstance(out, tuple) else (out,), ())
    if plain_chunk is None or plain_out is None or not is_plain(plain_chunk) or not is_plain(plain_out):
        return None
    return plain_chunk, plain_out


def box(selection: Any, shape: tuple[int, ...]) -> tuple[tuple[slice, ...], Selection]:
    """The smallest box of a chunk that holds a selection, and the selection inside that box.

    Slices keep their steps inside the box. Index arrays may be broadcast against each other.
    """
    boxes: list[slice] = []
    inner: list[Entry] = []
    for entry, length in zip(as_tuple(selection, len(shape)), shape, strict=True):
        if isinstance(entry, slice):
            indices = range(*entry.indices(length))
            low, high = (min(indices), max(indices) + 1) if indices else (0, 0)
            start = indices.start - low
            stop: int | None = start + len(indices) * indices.step
            inner.append(slice(start, stop if stop is not None and stop >= 0 else None, indices.step))
        elif isinstance(entry, np.ndarray):
            if entry.dtype == bool:
                entry = np.flatnonzero(entry)
            low, high = (int(entry.min()), int(entry.max()) + 1) if entry.size else (0, 0)
            if low < 0:
                entry = np.where(entry < 0, entry + length, entry)
                low, high = int(entry.min()), int(entry.max()) + 1
            inner.append(entry - low)
        else:
            low = int(entry) + (length if entry < 0 else 0)
            high = low + 1
            inner.append(0)
        if low < 0 or high > length:
            raise IndexError(f"index out of bounds for an axis of length {length}")
        boxes.append(slice(low, high, 1))
    return tuple(boxes), tuple(inner)


def shape_of(selection: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what numpy makes of array[selection]."""
    empty: np.ndarray[Any, Any] = np.broadcast_to(np.zeros((), "u1"), shape)
    selected: np.ndarray[Any, Any] = np.asarray(empty[selection])
    result: tuple[int, ...] = selected.shape
    return result
