# SPDX-License-Identifier: MIT
"""Arrays at a URL, without zarr-python."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np

from zarrc import _core
from zarrc._context import context
from zarrc._dtypes import exportable, to_numpy


class Array:
    """An array in a store, sliced as numpy slices.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
        ``object`` for strings and bytes of variable length.
    metadata : dict
        The array's ``zarr.json``.
    attrs : dict
        Its attributes.
    """

    def __init__(self, array: _core.Array) -> None:
        self._array = array
        self.metadata: dict[str, Any] = json.loads(array.metadata)
        self.dtype: np.dtype[Any] = to_numpy(self.metadata["data_type"])

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def attrs(self) -> dict[str, Any]:
        return dict(self.metadata.get("attributes", {}))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<zarrc.Array {self.shape} {self.dtype}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an array in a store can only be copied into memory")
        return np.asarray(self[...], dtype)

    def __getitem__(self, selection: Any) -> Any:
        """Reads integers, slices (any step), an ellipsis and None; returns an array, or a scalar.

        Raises
        ------
        IndexError
            An index lies outside, or the selection is of another kind.
        CorruptError
            A chunk cannot be decoded.
        """
        slices, after = self._plan(selection)
        counts = tuple(len(range(*each.indices(n))) for each, n in zip(slices, self.shape, strict=True))
        if self.dtype == object:
            out: np.ndarray[Any, Any] = np.empty(math.prod(counts), object)
            out[:] = self._array.read_items(slices, False)
            out = out.reshape(counts)
        else:
            out = np.empty(counts, self.dtype)
            self._array.read(slices, False, exportable(out), sys.byteorder == "big")
        result = out[after]
        return result

    def __setitem__(self, selection: Any, value: Any) -> None:
        """Writes to what `__getitem__` reads, with numpy's rules of broadcasting."""
        if self.dtype == object:
            raise _core.UnsupportedError("elements of variable length are not written here; use zarr-python")
        slices, after = self._plan(selection)
        counts = tuple(len(range(*each.indices(n))) for each, n in zip(slices, self.shape, strict=True))
        memory: np.ndarray[Any, Any] = np.empty(counts, self.dtype)
        memory[after] = value
        self._array.write(slices, False, exportable(memory), sys.byteorder == "big")

    def _plan(self, selection: Any) -> tuple[tuple[slice, ...], tuple[Any, ...]]:
        """Slices with positive steps, and what remains to be done with what they select."""
        entries = list(selection) if isinstance(selection, tuple) else [selection]
        named = sum(1 for entry in entries if entry is not None and entry is not Ellipsis)
        if named > self.ndim:
            raise IndexError(f"{named} indices for an array with {self.ndim} axes")
        if not any(entry is Ellipsis for entry in entries):
            entries.append(Ellipsis)
        at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        entries[at : at + 1] = [slice(None)] * (self.ndim - named)
        slices: list[slice] = []
        after: list[Any] = []
        for entry in entries:
            if entry is None:
                after.append(None)
                continue
            length = self.shape[len(slices)]
            if isinstance(entry, slice):
                indices = range(*entry.indices(length))
                if indices.step < 0:
                    indices = indices[::-1]
                    after.append(slice(None, None, -1))
                else:
                    after.append(slice(None))
                slices.append(slice(indices.start, indices.stop, indices.step) if indices else slice(0, 0, 1))
            elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
                index = int(entry) + (length if entry < 0 else 0)
                if not 0 <= index < length:
                    raise IndexError(f"index {entry} is out of bounds for an axis of length {length}")
                slices.append(slice(index, index + 1, 1))
                after.append(0)
            else:
                raise IndexError("only integers, slices, an ellipsis and None select")
        return tuple(slices), tuple(after)


def open(url: str, mode: str = "r") -> Array:
    """Opens the array at a path or URL (``file:``), without zarr-python.

    Parameters
    ----------
    url : str
        Of the array's directory.
    mode : {"r", "r+"}
        Read only, or read and write.

    Returns
    -------
    Array

    Raises
    ------
    FileNotFoundError
        There is no array.
    InvalidError
        Its metadata are not right.
    """
    if mode not in ("r", "r+"):
        raise ValueError(f"mode must be 'r' or 'r+', not {mode!r}")
    return Array(_core.Array(context(), str(url), mode == "r"))
