# SPDX-License-Identifier: MIT
"""Writes floats.txt: small floating-point numbers and integers as ml_dtypes has them, for base/test_floats.c.

    python tests/data/floats.py > tests/data/floats.txt

A line is a type, "=" and bits with the double that they mean, or "<" and a double with the bits that it is rounded to.
Doubles are 64 bits in hexadecimal; "nan" is any NaN.
"""
import struct

import ml_dtypes
import numpy as np

TYPES = ["bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
         "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"]
rng = np.random.default_rng(5)


def text(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


for name in TYPES:
    dtype = np.dtype(getattr(ml_dtypes, name))
    nbits = 16 if name == "bfloat16" else int(name[5])
    unsigned = np.dtype("u2" if nbits == 16 else "u1")
    every = np.arange(1 << nbits, dtype=np.uint32)
    if nbits == 16:
        every = np.unique(np.concatenate([every[::97], [0, 1, 0x7F, 0x80, 0x7F7F, 0x7F80, 0x7F81, 0x8000, 0xFF80]]))
    values = every.astype(unsigned).view(dtype).astype("f8")
    for bits, value in zip(every, values):
        print(name, "=", f"{bits:x}", text(value))
    finite = np.sort(values[np.isfinite(values)])
    between = np.concatenate([(finite[:-1] + finite[1:]) / 2, finite[:-1] + (finite[1:] - finite[:-1]) * rng.random(len(finite) - 1)])
    if nbits == 16:
        between = between[:: max(1, len(between) // 300)]
    for value, rounded in zip(between, between.astype(dtype).view(unsigned)):
        print(name, "<", text(value), f"{rounded:x}")
