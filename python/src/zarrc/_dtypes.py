# SPDX-License-Identifier: MIT
"""Data types of Zarr format 3 and of numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    return np.dtype(name)


def to_zarr(dtype: np.dtype[Any]) -> Any:
    """The data_type for a numpy type."""
    if dtype.names is not None:
        fields = [{"name": name, "data_type": to_zarr(dtype[name])} for name in dtype.names]
        return {"name": "struct", "configuration": {"fields": fields}}
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
    return array if array.dtype.kind in "iufcb" else array.view(f"V{array.dtype.itemsize}")


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
