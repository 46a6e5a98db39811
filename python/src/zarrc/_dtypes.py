# SPDX-License-Identifier: MIT
"""Data types of Zarr format 3 and of numpy."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


# The types of numbers that numpy does not have, and their bytes. Most are in ml_dtypes.
_SMALL_FLOATS = (
    *("float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
    *("float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"),
)
_NOT_OF_NUMPY = {
    "bfloat16": 2,
    **dict.fromkeys(("int2", "int4", "uint2", "uint4", *_SMALL_FLOATS), 1),
    "complex_float16": 4,
    "complex_bfloat16": 4,
    **dict.fromkeys((f"complex_{name}" for name in _SMALL_FLOATS), 2),
}
_OTHER_NAMES = {"complex_float32": "complex64", "complex_float64": "complex128"}


def _not_of_numpy(name: str) -> np.dtype[Any]:
    """The type of ml_dtypes with this name; bytes, and a warning, where there is none."""
    ml_dtypes: Any = None
    with contextlib.suppress(ImportError):
        ml_dtypes = importlib.import_module("ml_dtypes")
    if hasattr(ml_dtypes, name):
        made: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return made
    why = "ml_dtypes has no such type" if ml_dtypes else "ml_dtypes is not installed"
    warnings.warn(f"elements of type {name} are read and written as bytes: {why}", RuntimeWarning, stacklevel=2)
    return np.dtype(f"V{_NOT_OF_NUMPY[name]}")


def to_numpy(data_type: Any) -> np.dtype[Any]:
    """The numpy type for the data_type of a zarr.json; ``object`` for elements of variable length."""
    name = data_type if isinstance(data_type, str) else data_type["name"]
    configuration = {} if isinstance(data_type, str) else data_type.get("configuration", {})
    if name in ("string", "bytes", "variable_length_bytes", "variable_length_utf8"):
        return np.dtype(object)
    if name[:1] == "r" and name[1:].isdigit():
        return np.dtype(f"V{int(name[1:]) // 8}")
    if name == "raw_bytes":
        return np.dtype(f"V{configuration['length_bytes']}")
    if name == "fixed_length_utf32":
        return np.dtype(f"U{configuration['length_bytes'] // 4}")
    if name == "null_terminated_bytes":
        return np.dtype(f"S{configuration['length_bytes']}")
    if name in ("numpy.datetime64", "numpy.timedelta64"):
        unit, scale = configuration["unit"], configuration.get("scale_factor", 1)
        letter = "M8" if name == "numpy.datetime64" else "m8"
        return np.dtype(letter if unit == "generic" else f"{letter}[{scale}{unit}]")
    if name in ("struct", "structured"):
        fields = [
            (each["name"], each["data_type"]) if isinstance(each, dict) else tuple(each)
            for each in configuration["fields"]
        ]
        return np.dtype([(field, to_numpy(data)) for field, data in fields])
    if name in _NOT_OF_NUMPY:
        return _not_of_numpy(name)
    return np.dtype(_OTHER_NAMES.get(name, name))


def to_zarr(dtype: np.dtype[Any]) -> Any:
    """The data_type for a numpy type."""
    if dtype.names is not None:
        fields = [{"name": name, "data_type": to_zarr(dtype[name])} for name in dtype.names]
        return {"name": "struct", "configuration": {"fields": fields}}
    if dtype.name in _NOT_OF_NUMPY:
        return dtype.name
    if dtype.kind == "V":
        return f"r{8 * dtype.itemsize}"
    if dtype.kind == "U":
        return {"name": "fixed_length_utf32", "configuration": {"length_bytes": dtype.itemsize}}
    if dtype.kind == "S":
        return {"name": "null_terminated_bytes", "configuration": {"length_bytes": dtype.itemsize}}
    if dtype.kind in "mM":
        unit, scale = np.datetime_data(dtype)
        name = "numpy.datetime64" if dtype.kind == "M" else "numpy.timedelta64"
        return {"name": name, "configuration": {"unit": unit, "scale_factor": scale}}
    if dtype.kind in "OT":
        return "string"
    return dtype.newbyteorder("=").name


def in_native_order(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type with the byte order of this machine; the type itself where numpy knows of no order (StringDType)."""
    try:
        return dtype.newbyteorder("=")
    except TypeError:
        return dtype


def of_spec(kind: Any) -> Any:
    """The data_type for the data type of an array spec. What zarr-python warns of is not warned of again."""
    native = kind.to_native_dtype()
    if native.kind in "OT":
        return "bytes" if isinstance(kind.default_scalar(), bytes) else "string"
    return to_zarr(native)


def exportable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same memory as a type that numpy lets others see."""
    dtype = array.dtype
    known = dtype.kind in "iufcb" and dtype.type.__module__ == "numpy"
    return array if known else array.view(f"V{dtype.itemsize}")


def empty(
    shape: Sequence[int], dtype: np.dtype[Any], order: Literal["C", "F"] = "C"
) -> np.ndarray[Any, Any]:
    """An array of exactly this type: numpy makes one in native order of dates and durations without a unit."""
    made: np.ndarray[Any, Any] = np.empty(tuple(shape), dtype, order)
    return made if made.dtype == dtype else made.view(dtype)


def converted(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A copy of a value, of exactly this type."""
    source = np.asarray(value)
    made = empty(source.shape, dtype, "F" if source.flags.fnc else "C")
    made[...] = source
    return made
