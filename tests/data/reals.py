# SPDX-License-Identifier: MIT
"""Writes reals.txt: what zarr-python makes of numbers with cast_value and scale_offset, for codec/test_reals.c and
codec/test_scale_offset.c. Needs zarr 3.4 and cast-value-rs:

    python tests/data/reals.py > tests/data/reals.txt

Left out is what is above the largest float and rounded down to it: cast-value-rs refuses it, though rounding comes first.

A line is "cast", two types, rounding, out of range, and pairs of bits before and after; or "encode" or "decode", a type,
offset and scale in bits, and such pairs. "!" after: refused. Bits are hexadecimal; "nan" is any NaN.
"""
import numpy as np
from cast_value_rs import cast_array
from zarr.codecs.scale_offset import _decode, _encode

INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
MODES = ["nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"]
rng = np.random.default_rng(7)


def some(name, n):
    dtype = np.dtype(name)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        edges = [info.min, info.max, info.max - 1, 0, 1]
        small = rng.integers(max(info.min, -300), min(info.max, 300), n, dtype=dtype)
        return np.concatenate([np.array(edges, dtype), small, np.frombuffer(rng.bytes(n * dtype.itemsize), dtype)])
    edges = [0.0, -0.0, 0.5, 1.5, -2.5, 127.5, 128, -128.5, 255.5, 65504, np.inf, -np.inf, np.nan]
    if dtype.itemsize > 2:
        edges += [2147483647.5, -2147483648.5, 1e10, 9.3e18, 1.9e19, 1e30, 1e-30]
    if dtype.itemsize > 4:
        edges += [1e39, 1e-45, 7e-46, 1e300]
    return np.concatenate([np.array(edges, dtype), (rng.standard_normal(n) * 300).astype(dtype)])


def bits(value):
    value = np.asarray(value)
    return "nan" if value != value else f"{int(value.view('u%d' % value.itemsize)):x}"


def strictly(name, offset, scale):
    """Encoding where integers must not be out of range on the way; zarr-python looks at the result only."""
    def encode(one):
        if name in INTS and not np.iinfo(name).min <= int(one[0]) - int(offset) <= np.iinfo(name).max:
            raise ValueError
        return _encode(one, offset, scale)
    return encode


def pairs(values, compute):
    texts = []
    for i in range(len(values)):
        one = values[i : i + 1]
        try:
            texts.append(f"{bits(one[0])}:{bits(compute(one)[0])}")
        except Exception:
            texts.append(f"{bits(one[0])}:!")
    return " ".join(texts)


np.seterr(all="ignore")
for source in INTS + FLOATS:
    for target in INTS + FLOATS:
        for mode in MODES if source in FLOATS or target in FLOATS else MODES[:1]:
            for outside in (None, "clamp", "wrap"):
                if (outside == "wrap" and target in FLOATS) or (outside != "clamp" and mode not in MODES[:2]):
                    continue
                values = some(source, 4)
                print("cast", source, target, mode, outside or "error",
                      pairs(values, lambda one: cast_array(one, target_dtype=np.dtype(target), rounding_mode=mode, out_of_range_mode=outside)))
for name in INTS + FLOATS:
    for offset, scale in ((0, 1), (1, 1), (5, 2), (100, 3), (0, 10), (1, 0.1), (-3, -1), (2.5, 0.3)):
        try:
            a, b = np.dtype(name).type(offset), np.dtype(name).type(scale)
        except OverflowError:
            continue
        if name in INTS and (a != offset or b != scale):
            continue
        for function, call in (("encode", strictly(name, a, b)), ("decode", lambda one: _decode(one, a, b, scale_repr=b))):
            # zarr-python computes in 64 bits, and there what is out of range wraps
            values = some(name, 6) if name != "int64" else rng.integers(-(10**6), 10**6, 20)
            print(function, name, bits(a), bits(b), pairs(values, call))
