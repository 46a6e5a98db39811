# SPDX-License-Identifier: MIT
"""Writes filters.txt: what numcodecs makes of chunks with its filters, for tests/support/filters.c. Needs zarr and numcodecs:

    python tests/data/filters.py [CASES [SEED]] > tests/data/filters.txt

A line is, with tabs between: the direction (e: encode, d: decode), the codec as zarr-python prints it once evolved, the
codec as given (=: the same), the data type of the chunk, its shape, the bytes that go in, and those that come out (!: refused). Bytes are
hexadecimal, in the byte order of the arrays of numcodecs.
"""
import json
import sys
import warnings

import numpy as np
import zarr.codecs.numcodecs as codecs
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.buffer import default_buffer_prototype
from zarr.dtype import parse_dtype

warnings.simplefilter("ignore")
NCASES = int(sys.argv[1]) if len(sys.argv) > 1 else 400
rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
INTS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f2", "f4", "f8"]
REALS = ["b1", *INTS, *FLOATS]


def pick(items):
    return items[int(rng.integers(len(items)))]


def spelled(letter, native=False):
    order = "|" if np.dtype(letter).itemsize == 1 else "<" if native else pick("<<<>")
    return pick([order + letter] * 4 + [np.dtype(letter).name])


def numbers(letter, n, tame):
    """Elements of a type: whatever there is, or what fits into a few bits."""
    kind, dtype = letter[0], np.dtype(letter)
    if kind == "b":
        return rng.integers(0, 2, n).astype(dtype)
    if kind in "iu":
        if tame:
            return rng.integers(0 if kind == "u" else -60, 60, n).astype(dtype)
        return np.frombuffer(rng.bytes(n * dtype.itemsize), dtype)
    parts = 2 * n if kind == "c" else n
    real = (rng.normal(size=parts) * 10.0 ** pick([-3, 0, 1] if tame else [-8, -2, 0, 2, 4, 9])).astype(np.float64)
    if pick([0, 1]):
        real = np.round(2 * real) / 2
    if not tame:
        for i in range(parts):
            if rng.random() < 0.12:
                real[i] = pick([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-310, 5e-8, 65504.0, 65520.0, 2.0**31, -(2.0**63), 3e38])
    return real.astype({2: "f2", 4: "f4", 8: "f8"}[dtype.itemsize // (2 if kind == "c" else 1)]).view(dtype)


def case_of(name):
    """A configuration, the type of the chunk, and that of the encoded chunk."""
    if name == "PackBits":
        return {}, "b1", "u1"
    if name == "BitRound":
        letter = pick(FLOATS)
        return {"keepbits": int(rng.integers(0, {"f2": 11, "f4": 24, "f8": 53}[letter]))}, letter, letter
    if name == "Quantize":
        letter, other = pick(FLOATS), pick(FLOATS)
        config = {"digits": int(pick([*range(-4, 9), 20, 40, -40])), "dtype": spelled(letter)}
    elif name == "AsType":
        letter, other = pick([*REALS, "c8", "c16"]), pick([*REALS, "c8", "c16"])
        config = {"encode_dtype": spelled(other), "decode_dtype": spelled(letter)}
        if pick([0, 0, 1]):
            del config["decode_dtype"]
        return config, letter, other
    elif name == "Delta":
        letter = pick([*REALS, *INTS, "c8"])
        other = pick([letter, pick(REALS) if letter != "c8" else "c16"])
        config = {"dtype": spelled(letter)}
    else:
        letter, other = pick(REALS), pick(REALS)
        config = {
            "offset": pick([0, 1, 3, -5, 10, 0.5, -1000, 273.15, 0.0, 2**40]),
            "scale": pick([1, 2, 10, 100, 0.5, 0.25, 0.1, 1000.0, 3, -2, 70000, 0]),
            "dtype": spelled(letter),
        }
    if pick([0, 1]):
        config["astype"] = spelled(other)
    else:
        other = letter
    if name in ("Quantize", "FixedScaleOffset") and pick([0, 0, 1]):
        del config["dtype"]
        if other == letter:
            config.pop("astype", None)
    return config, letter, other


def outcome(function, given):
    """Bytes in hexadecimal, or ! for a refusal."""
    try:
        return np.asarray(function(given)).tobytes().hex()
    except (OverflowError, ValueError):
        return "!"


def lines():
    for k in range(NCASES):
        name = pick(["Delta", "Delta", "FixedScaleOffset", "FixedScaleOffset", "Quantize", "AsType", "AsType", "BitRound", "PackBits"])
        config, letter, other = case_of(name)
        shape = pick([(), (1,), (7,), (2, 3), (3, 1, 2), (8,), (3, 5), (4,)]) if k % 70 else (1030,)
        n = int(np.prod(shape))
        # NumPy's loops differ among each other in what becomes of floats that are out of range for uint32 and uint64
        tame = {letter, other} & {"u4", "u8"} and (name == "FixedScaleOffset" or {letter[0], other[0]} & {"f", "c"})
        if tame and (">" in str(config) or config.get("offset") == 2**40 or config.get("scale") in (0, 70000)):
            continue
        chunk = numbers(letter, n, tame or pick([0, 1])).reshape(shape)
        spec = ArraySpec(shape, parse_dtype(np.dtype(letter), zarr_format=3), 0, ArrayConfig("C", False), default_buffer_prototype())
        given = getattr(codecs, name)(**config)
        codec = given.evolve_from_array_spec(spec)
        evolved = json.dumps(codec.to_dict())
        words = [evolved, "=" if given == codec else json.dumps(given.to_dict()), np.dtype(letter).name, ",".join(map(str, shape))]
        out = outcome(codec._codec.encode, np.ascontiguousarray(chunk))
        yield ["e", *words, chunk.tobytes().hex(), out]
        if name == "PackBits":
            encoded = np.frombuffer(bytes([-n % 8]) + rng.bytes((n + 7) // 8), "u1")
        else:
            encoded = numbers(other, n, tame or pick([0, 1]))
        out = outcome(codec._codec.decode, encoded)
        yield ["d", *words, encoded.tobytes().hex(), out]


for line in lines():
    print("\t".join(line))
