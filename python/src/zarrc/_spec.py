# SPDX-License-Identifier: MIT
"""What a chunk is, for those who have numpy alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zarrc._buffers import default_buffer_prototype
from zarrc._dtypes import to_numpy, to_zarr


class Unsupported(Exception):
    """The library cannot do this; zarr-python's own code has to."""


@dataclass(frozen=True)
class DataType:
    """The type of elements: a numpy type, or ``"string"`` or ``"bytes"`` for elements of any length."""

    name: str | None
    native: np.dtype[Any]

    @classmethod
    def of(cls, given: Any) -> DataType:
        if isinstance(given, DataType):
            return given
        if isinstance(given, str) and given in ("string", "bytes"):
            return cls(given, np.dtype(object))
        if isinstance(given, dict):
            return cls(None, to_numpy(given))
        dtype = np.dtype(given)
        return cls("string", np.dtype(object)) if dtype.kind in "OT" else cls(None, dtype)

    @property
    def item_size(self) -> int:
        return 1 if self.name else self.native.itemsize

    @property
    def has_byte_order(self) -> bool:
        """Whether elements have bytes that could stand in another order."""
        return self.native != self.native.newbyteorder("S")

    def to_native_dtype(self) -> np.dtype[Any]:
        return self.native

    def default_scalar(self) -> Any:
        if self.name:
            return "" if self.name == "string" else b""
        if self.native.kind in "mM":
            return np.array("NaT", self.native)[()]
        return np.zeros((), self.native)[()]

    def to_json(self, zarr_format: int = 3) -> Any:
        return self.name or to_zarr(self.native)

    def __str__(self) -> str:
        return self.name or str(self.native)


@dataclass(frozen=True)
class ChunkConfig:
    """How a chunk is held in memory and stored."""

    order: str = "C"
    write_empty_chunks: bool = False


@dataclass(frozen=True, eq=False)
class ArraySpec:
    """What a chunk is: the counterpart of zarr-python's ``ArraySpec`` for ``zarrc.codecs`` over numpy alone.

    With it the codecs take and return numpy arrays and bytes, whether zarr-python is installed or not.

    Parameters
    ----------
    shape : tuple of int
        Of the chunk.
    dtype : numpy.dtype, str or dict
        Of its elements: what numpy takes for a type; ``"string"`` or ``"bytes"`` for elements of any length; or the
        ``data_type`` of a ``zarr.json`` that is an object.
    fill_value : scalar, optional
        What missing inner chunks of a shard are; zero by default.
    order : {"C", "F"}
        The layout of decoded arrays.
    write_empty_chunks : bool
        Store inner chunks that are all fill value.
    """

    shape: tuple[int, ...]
    dtype: Any
    fill_value: Any = None
    order: str = "C"
    write_empty_chunks: bool = False
    config: ChunkConfig = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind = DataType.of(self.dtype)
        fill = kind.default_scalar() if self.fill_value is None else self.fill_value
        if self.order not in ("C", "F"):
            raise ValueError(f"order is {self.order!r}, neither C nor F")
        shape = (self.shape,) if isinstance(self.shape, int) else tuple(int(n) for n in self.shape)
        if any(n < 0 for n in shape):
            raise ValueError(f"a chunk of shape {shape}")
        if kind.name is None:
            fill = np.array(fill, kind.native)[()]
        for name, value in (
            ("shape", shape),
            ("dtype", kind),
            ("fill_value", fill),
            ("config", ChunkConfig(self.order, self.write_empty_chunks)),
        ):
            object.__setattr__(self, name, value)

    def _key(self) -> tuple[Any, ...]:
        fill = self.fill_value
        return (self.shape, self.dtype, fill.tobytes() if isinstance(fill, np.generic) else fill, self.config)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, ArraySpec) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def prototype(self) -> Any:
        return default_buffer_prototype()
