#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes doubles.txt: the bits of a double and what repr makes of it, a pair a line."""
import random
import struct
import sys

values = [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 1.5, 3.0, 100.0, 123456.789, 1e5, 1e15, 1e16, 1e17, 1e21, 1e22, 1e23,
          9999999999999998.0, 99999999999999990.0, 1e-1, 1e-3, 1e-4, 1e-5, 9.999e-5, 0.00012345, 1.25e-7, 5e-324, 1e-323,
          2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308, 1e100, 1e-100, 1e308, 1e-308,
          0.10000000149011612, 0.0999755859375, 3.4028234663852886e38, 1.401298464324817e-45, 65504.0,
          5.960464477539063e-08, 3.141592653589793, 2.718281828459045, 1 / 3, 2 / 3, 9007199254740991.0,
          9007199254740992.0, 9007199254740994.0, 4503599627370495.5, 4503599627370497.5, 1500000000000000.25,
          1500000000000000.75, 2251799813685248.125, 9.5e-3, 1e-10, 123456789012345680.0, 1.2345678901234568e29, -2.5e-8,
          8.41e21, 2.0919495182368195e19, 5e-5, 4.35, 0.5, 1e9]
values += [2.0**k for k in range(-1074, 1024, 16)]


def ndigits(text):
    return len(text.split("e")[0].replace(".", "").strip("0"))


# Doubles below a power of two lie closer than above it, so the nearest decimal of n digits may read back as another
# one while a decimal of n digits farther up does not.
for v in (2.0**k for k in range(-1074, 1024)):
    nearest = next(text for text in ("%.*e" % (n, v) for n in range(17)) if float(text) == v)
    if ndigits(repr(v)) < ndigits(nearest):
        values.append(v)
rng = random.Random(3)
while len(values) < 600:
    v = struct.unpack("<d", rng.randbytes(8))[0]
    if v == v and abs(v) != float("inf"):
        values.append(v)
values += [round(rng.uniform(-1000, 1000), rng.randrange(8)) for _ in range(200)]
with open(sys.argv[1] if len(sys.argv) > 1 else "doubles.txt", "w") as f:
    for v in dict.fromkeys(struct.pack(">d", v).hex() for v in values):
        print(v, repr(struct.unpack(">d", bytes.fromhex(v))[0]), file=f)
