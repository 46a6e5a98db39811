# SPDX-License-Identifier: MIT
"""Selections as numpy takes them, in the words of the library."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

Entry = Any
Selection = tuple[Entry, ...]


class Picks(NamedTuple):
    """What is selected of an array: a combination of what is taken of each axis, or single points."""

    points: bool
    entries: Selection  # integers, slices with positive steps, packed lists of int64; of points only lists
    shape: tuple[int, ...]  # of what numpy makes of array[selection]


def as_tuple(selection: Any, ndim: int) -> Selection:
    """A selection with one entry an axis, without an ellipsis; masks of several axes have become lists."""
    entries = list(selection) if isinstance(selection, tuple) else [selection]
    expanded: list[Entry] = []
    for entry in entries:
        if isinstance(entry, list):
            entry = _array_of(entry)
        if isinstance(entry, np.ndarray) and entry.dtype == bool:
            expanded.extend(np.nonzero(entry))
        else:
            expanded.append(entry)
    missing = (slice(None),) * (ndim - sum(entry is not Ellipsis for entry in expanded))
    for at, entry in enumerate(expanded):
        if entry is Ellipsis:
            return (*expanded[:at], *missing, *expanded[at + 1 :])
    return (*expanded, *missing)


def is_plain(selection: Any) -> bool:
    """Whether a selection consists of slices and integers."""
    if type(selection) is tuple:
        for entry in selection:
            if type(entry) is not slice and (type(entry) is bool or not isinstance(entry, (int, np.integer))):
                return False
        return True
    return type(selection) is slice


def length_of(entry: slice, length: int) -> int:
    """How many elements a slice selects of an axis."""
    return len(range(*entry.indices(length)))


def _array_of(entry: Any) -> np.ndarray[Any, Any]:
    """An array of indices; numpy takes an empty list for one of floating-point numbers."""
    return np.asarray(entry, np.intp if isinstance(entry, list) and not entry else None)


def _list_of(entry: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if entry.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return np.ascontiguousarray(entry.ravel(), np.int64)


def _lists_at_once(selection: Selection, shape: tuple[int, ...]) -> Picks | None:
    """Arrays as zarr-python makes them of points and of lists for all axes: the usual case, seen at once."""
    first = selection[0]
    if type(first) is not np.ndarray:
        return None
    ndim = first.ndim
    if ndim != 1 and ndim != len(shape):
        return None
    for axis, entry in enumerate(selection):
        if type(entry) is not np.ndarray or entry.ndim != ndim or entry.dtype != np.int64:
            return None
        if entry.size != (first.size if ndim == 1 else entry.shape[axis]) or not entry.flags.c_contiguous:
            return None
    if ndim == 1:
        return Picks(True, selection, first.shape)
    return Picks(False, tuple([entry.reshape(-1) for entry in selection]), tuple([entry.size for entry in selection]))


def picks(selection: Any, shape: tuple[int, ...], small: bool = True) -> Picks:
    """A selection of an array of some shape, with integers, slices, and arrays of indices or masks.

    small: where nothing else helps, every element of the array may be numbered; else that is an IndexError.
    """
    if type(selection) is tuple and shape and len(selection) == len(shape):
        found = _lists_at_once(selection, shape)
        if found is not None:
            return found
    entries = as_tuple(selection, len(shape))
    if len(entries) != len(shape):
        raise IndexError(f"{len(entries)} indices for {len(shape)} axes")
    arrays = [entry for entry in entries if isinstance(entry, np.ndarray) and entry.ndim > 0]
    slices = [entry for entry in entries if isinstance(entry, slice)]
    if any((entry.step or 1) < 1 for entry in slices):
        return _by_number(entries, shape, small)
    if not arrays or (len(arrays) == 1 and arrays[0].ndim == 1 and len(slices) == len(entries) - 1):
        return _along_axes(entries, shape)
    if slices:
        return _by_number(entries, shape, small)
    if len(arrays) == len(shape) and all(
        entry.ndim == len(shape) and entry.size == entry.shape[axis] for axis, entry in enumerate(arrays)
    ):
        return Picks(False, tuple(map(_list_of, arrays)), tuple(entry.size for entry in arrays))
    crossed = np.broadcast_arrays(*entries)
    return Picks(True, tuple(map(_list_of, crossed)), crossed[0].shape)


def beside_list(selection: Any, shape: tuple[int, ...]) -> tuple[Picks, int]:
    """A selection with lists of indices, and the axis of the result that numpy puts first, where a slice stands between
    a list and integers; else 0, which stays where it is."""
    entries = as_tuple(selection, len(shape))
    arrays = [at for at, entry in enumerate(entries) if isinstance(entry, np.ndarray) and entry.ndim > 0]
    slices = [at for at, entry in enumerate(entries) if isinstance(entry, slice)]
    if (
        len(entries) != len(shape)
        or len(arrays) != 1
        or entries[arrays[0]].ndim != 1
        or not slices
        or len(slices) == len(entries) - 1
        or any((entries[at].step or 1) < 1 for at in slices)
    ):
        return picks(selection, shape, small=False), 0
    indices = [at for at in range(len(entries)) if at not in slices]
    divided = any(indices[0] < at < indices[-1] for at in slices)
    return _along_axes(entries, shape), sum(at < arrays[0] for at in slices) if divided else 0


def _along_axes(entries: Selection, shape: tuple[int, ...]) -> Picks:
    taken: list[Entry] = []
    counts: list[int] = []
    for entry, length in zip(entries, shape, strict=True):
        if isinstance(entry, slice):
            taken.append(entry)
            counts.append(length_of(entry, length))
        elif isinstance(entry, np.ndarray) and entry.ndim:
            taken.append(_list_of(entry))
            counts.append(entry.size)
        else:
            taken.append(int(entry))
    return Picks(False, tuple(taken), tuple(counts))


def _by_number(entries: Selection, shape: tuple[int, ...], small: bool) -> Picks:
    """Any selection: numpy selects the elements' numbers."""
    if not small:
        raise IndexError("arrays of indices of several axes beside slices: use oindex or vindex")
    numbers = np.asarray(np.arange(math.prod(shape)).reshape(shape)[entries])
    return Picks(True, tuple(map(_list_of, np.unravel_index(numbers.ravel(), shape))), numbers.shape)


def crossed(selection: Any, shape: tuple[int, ...]) -> Picks:
    """Every combination of what integers, slices, lists of indices and masks take of each axis."""
    entries = list(selection) if isinstance(selection, tuple) else [selection]
    if not any(entry is Ellipsis for entry in entries):
        entries.append(Ellipsis)
    at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
    entries[at : at + 1] = [slice(None)] * (len(shape) - len(entries) + 1)
    if len(entries) != len(shape):
        raise IndexError(f"{len(entries)} indices for an array with {len(shape)} axes")
    for axis, (entry, length) in enumerate(zip(entries, shape, strict=True)):
        if isinstance(entry, slice):
            if (entry.step or 1) < 1:
                entries[axis] = np.arange(*entry.indices(length))
            continue
        taken = _array_of(entry)
        if taken.dtype == bool:
            if taken.shape != (length,):
                raise IndexError(f"axis {axis}: a mask of shape {taken.shape} for a length of {length}")
            taken = np.flatnonzero(taken)
        if taken.ndim > 1 or taken.dtype.kind not in "iu":
            raise IndexError(f"axis {axis}: an integer, a slice, a list of indices or a mask selects")
        entries[axis] = taken if taken.ndim else int(taken)
    return _along_axes(tuple(entries), shape)


def paired(selection: Any, shape: tuple[int, ...]) -> Picks:
    """Single points: arrays of indices for all axes, broadcast against each other, or a mask of the shape."""
    entries = selection if isinstance(selection, tuple) else (selection,)
    if len(entries) == 1 and len(shape) != 1 or np.asarray(entries[0]).dtype == bool:
        mask = np.asarray(entries[0])
        if len(entries) != 1 or mask.dtype != bool or mask.shape != shape:
            raise IndexError(f"vindex takes indices for all {len(shape)} axes, or a mask of shape {shape}")
        entries = np.nonzero(mask)
    if len(entries) != len(shape):
        raise IndexError(f"vindex takes indices for all {len(shape)} axes, not for {len(entries)}")
    points = np.broadcast_arrays(*[_array_of(entry) for entry in entries])
    return Picks(True, tuple(map(_list_of, points)), points[0].shape)


def touches_all_cells(selection: Any, shape: tuple[int, ...], cell: tuple[int, ...]) -> bool:
    """Whether something is selected of every cell of a grid that begins at 0."""
    ncells = tuple([-(-n // edge) for n, edge in zip(shape, cell, strict=True)])
    taken = picks(selection, shape)
    if not taken.points:
        return all(map(_touches_all, taken.entries, shape, cell, ncells))
    if taken.entries[0].size < math.prod(ncells):
        return False
    at = [(entry % n) // edge for entry, n, edge in zip(taken.entries, shape, cell, strict=True)]
    return np.unique(np.ravel_multi_index(at, ncells)).size == math.prod(ncells)


def _touches_all(entry: Entry, length: int, edge: int, ncells: int) -> bool:
    """The same along one axis."""
    if isinstance(entry, slice):
        taken = range(*entry.indices(length))
        if not taken or taken.step > edge:
            return len(taken) == ncells  # no two of them in one cell
        return taken[0] < edge and taken[-1] // edge == ncells - 1
    if isinstance(entry, int):
        return ncells == 1
    return entry.size >= ncells and np.unique((entry % length) // edge).size == ncells


def shape_of(selection: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what numpy makes of array[selection]."""
    empty: np.ndarray[Any, Any] = np.broadcast_to(np.zeros((), "u1"), shape)
    selected: np.ndarray[Any, Any] = np.asarray(empty[selection])
    result: tuple[int, ...] = selected.shape
    return result
