# SPDX-License-Identifier: MIT
"""Bytes and arrays as the codecs pass them on where zarr-python is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import numpy as np


class _Memory:
    """Memory that an array of numpy holds."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def as_numpy_array(self) -> Any:
        return self._array

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape  # type: ignore[no-any-return]


class Buffer(_Memory):
    """Bytes."""

    @classmethod
    def from_bytes(cls, data: Any) -> Self:
        return cls(np.frombuffer(data, "u1"))


class NDBuffer(_Memory):
    """An array."""

    @classmethod
    def from_numpy_array(cls, array: Any) -> Self:
        return cls(array)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype  # type: ignore[no-any-return]

    def transpose(self, order: tuple[int, ...]) -> Self:
        return type(self)(self._array.transpose(order))

    def astype(self, dtype: np.dtype[Any]) -> Self:
        return type(self)(self._array.astype(dtype, copy=False))


cpu = SimpleNamespace(Buffer=Buffer, NDBuffer=NDBuffer)
_prototype = SimpleNamespace(buffer=Buffer, nd_buffer=NDBuffer)


def default_buffer_prototype() -> Any:
    return _prototype
