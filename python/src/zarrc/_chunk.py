# SPDX-License-Identifier: MIT
"""One chunk, synchronously, without zarr-python and without an event loop."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from zarrc import _core
from zarrc._context import context
from zarrc._dtypes import exportable, to_numpy, to_zarr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def _pipeline(codecs: Sequence[Any], data_type: Any, shape: tuple[int, ...], fill_value: Any) -> _core.Pipeline:
    chain = [codec.to_dict() if hasattr(codec, "to_dict") else codec for codec in codecs]
    dtype = to_numpy(data_type)
    fill: bytes | str | None = None
    if fill_value is not None:
        fill = fill_value if dtype == object else np.array(fill_value, dtype).tobytes()
    text = json.dumps(chain, default=lambda value: getattr(value, "value", value))
    return _core.Pipeline(context(), text, json.dumps(data_type), shape, fill)


def encode_chunk(
    array: ArrayLike, codecs: Sequence[Any], *, data_type: Any = None, fill_value: Any = None
) -> bytes:
    """Encodes a whole chunk.

    Parameters
    ----------
    array : array_like
        The chunk, of any strides and byte order.
    codecs : sequence
        The chain: members of the ``codecs`` list of a ``zarr.json``, or codec objects with ``to_dict``.
    data_type : str or dict, optional
        As in ``zarr.json``; that of the array by default (``string`` for arrays of objects).
    fill_value : scalar, optional
        What inner chunks of a shard are compared with.

    Returns
    -------
    bytes
        The stored form.

    Raises
    ------
    InvalidError
        The codecs do not fit the chunk.
    UnsupportedError
        A codec or data type is not known.
    """
    value = np.asarray(array)
    kind = to_zarr(value.dtype) if data_type is None else data_type
    dtype = to_numpy(kind)
    pipeline = _pipeline(codecs, kind, value.shape, fill_value)
    whole = tuple(slice(0, n) for n in value.shape)
    if dtype == object:
        texts = value.ravel().tolist() if value.shape else value.item()
        found = pipeline.write_picks([(None, None, False, whole, texts, True)], False, None, True)
    else:
        value = value.astype(dtype, copy=False)
        items = [(None, None, whole, whole, True)]
        found = pipeline.write(items, [None], exportable(value), sys.byteorder == "big", None, None, True, 0) or []
    result: bytes | None = found[0]
    return b"" if result is None else result


def decode_chunk(
    data: Any,
    codecs: Sequence[Any],
    shape: tuple[int, ...],
    data_type: Any,
    *,
    fill_value: Any = None,
    out: np.ndarray[Any, Any] | None = None,
) -> np.ndarray[Any, Any]:
    """Decodes a whole chunk.

    Parameters
    ----------
    data : buffer
        The stored form, or None: then the chunk is all fill value.
    codecs : sequence
        The chain, as for `encode_chunk`.
    shape : tuple of int
        Of the chunk.
    data_type : str, dict or numpy.dtype
        Of its elements, as in ``zarr.json`` or as numpy says it.
    fill_value : scalar, optional
        For what is not stored; zero by default.
    out : numpy.ndarray, optional
        Where to decode to: an array of this shape and type (not of objects), with any strides.

    Returns
    -------
    numpy.ndarray
        `out`, or a new array.

    Raises
    ------
    CorruptError
        The data cannot be decoded.
    """
    kind = to_zarr(data_type) if isinstance(data_type, np.dtype) else data_type
    dtype = to_numpy(kind)
    pipeline = _pipeline(codecs, kind, tuple(shape), fill_value)
    whole = tuple(slice(0, n) for n in shape)
    if dtype == object:
        found = pipeline.read_picks([(data, None, False, whole, None)], False, None, 0) or []
        texts: list[Any] = found[0][0]
        result: np.ndarray[Any, Any] = np.empty(len(texts), object)
        result[:] = texts
        return result.reshape(shape)
    result = np.empty(shape, dtype) if out is None else out
    if result.dtype != dtype or result.shape != tuple(shape):
        raise ValueError(f"out is {result.dtype} {result.shape}, the chunk {dtype} {tuple(shape)}")
    pipeline.read([(None, None, whole, whole, True)], [data], exportable(result), sys.byteorder == "big", None, 0)
    return result
