#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes selections.json: selections of arrays, and what numpy reads and writes through them, or at which axis they fail.

Needs numpy. Where zarr (zarr-python 3) is there too, every case that it takes is compared with it. An array holds 1, 2,
3, ... in C order; "write" gives the elements that are others after 1001, 1002, ... (or, with "scalar", 1001) were
written, as pairs of their number and their value.
"""
import itertools
import json
import random
import sys

import numpy as np

try:
    import zarr
except ImportError:
    zarr = None

ARRAYS = [
    {"shape": [], "chunks": []},
    {"shape": [17], "chunks": [5]},
    {"shape": [17], "chunks": [5], "shards": [10]},
    {"shape": [8], "chunks": [4]},
    {"shape": [7, 9], "chunks": [3, 4]},
    {"shape": [7, 9], "chunks": [2, 3], "shards": [4, 6]},
    {"shape": [4, 5, 6], "chunks": [2, 2, 3]},
    {"shape": [4, 5, 6], "chunks": [1, 2, 3], "shards": [4, 4, 6]},
    {"shape": [0], "chunks": [3]},
    {"shape": [3, 0, 2], "chunks": [2, 2, 2]},
    {"shape": [10, 6], "chunks": [[1, 4, 3, 4], [6]]},
    {"shape": [1, 1, 1, 1], "chunks": [1, 1, 1, 1]},
]
rng = random.Random(20261122)


class Refused(Exception):
    """What zarr refuses: an axis, and the number that the message names (or None)."""


def s(start=None, stop=None, step=None):
    return {"slice": [start, stop, step]}


def i(index):
    return {"index": index}


def li(*indices):
    return {"list": list(indices)}


def m(*flags):
    return {"mask": [int(x) for x in flags]}


ALL = None


# ------------------------------------------------------------------------------------------------- what numpy makes


def take_axis(pick, axis, length):
    """Indices that a pick takes, in order."""
    everything = np.arange(length)
    if pick is ALL:
        return everything
    if "slice" in pick:
        if pick["slice"][2] is not None and pick["slice"][2] < 1:
            raise Refused(axis, pick["slice"][2])  # zarr: only slices with step >= 1
        return everything[slice(*pick["slice"])]
    if "mask" in pick:
        if len(pick["mask"]) != length:
            raise Refused(axis, None)
        return everything[np.array(pick["mask"], dtype=bool)]
    indices = [pick["index"]] if "index" in pick else pick["list"]
    for x in indices:
        if not -length <= x < length:
            raise Refused(axis, x)
    return everything[np.array(indices, dtype=np.int64)]


def edges(array, axis):
    chunks, length = array.get("shards", array["chunks"])[axis], array["shape"][axis]
    if isinstance(chunks, int):
        chunks = [chunks] * -(-length // chunks)
    ends = list(itertools.accumulate(chunks))
    return [(end - n, min(end, length)) for n, end in zip(chunks, ends) if end - n < length]


def take_blocks(pick, axis, array):
    blocks = edges(array, axis)
    if pick is not ALL and "index" in pick:
        try:
            first, last = blocks[pick["index"]]
        except IndexError:
            raise Refused(axis, pick["index"]) from None
        return np.arange(first, last)
    if pick is not ALL and ("slice" not in pick or pick["slice"][2] not in (None, 1)):
        raise Refused(axis, None)  # zarr: expected integer or slice with step=1
    start, stop = pick["slice"][:2] if pick is not ALL else (None, None)
    return np.array([x for first, last in blocks[start:stop] for x in range(first, last)], dtype=np.int64)


def numpy_index(array, case):
    """What to index a numpy array with, and the shape of the result."""
    shape = array["shape"]
    if case["kind"] == "points":
        lists = case["points"]
        if len(lists) != len(shape):
            raise Refused(min(len(lists), len(shape)), None)
        for axis, indices in enumerate(lists):
            for x in indices:
                if not -shape[axis] <= x < shape[axis]:
                    raise Refused(axis, x)
        n = len(lists[0]) if lists else case["npoints"]
        return tuple(np.array(x, dtype=np.int64) for x in lists) if lists else (np.zeros(n, dtype=np.int64),), [n]
    if case["kind"] == "mask":
        mask = np.array(case["mask"], dtype=bool).reshape(case["mask_shape"])
        for axis, (a, b) in enumerate(zip(mask.shape, shape)):
            if a != b:
                raise Refused(axis, None)
        if mask.ndim != len(shape):
            raise Refused(None, None)
        return mask, [int(mask.sum())]
    picks = case["picks"]
    if len(picks) > len(shape):
        raise Refused(len(shape), None)
    picks = picks + [ALL] * (len(shape) - len(picks))
    if case["kind"] == "blocks":
        taken = [take_blocks(p, axis, array) for axis, p in enumerate(picks)]
        return np.ix_(*taken), [len(t) for t in taken]
    taken = [take_axis(p, axis, shape[axis]) for axis, p in enumerate(picks)]
    return np.ix_(*taken), [len(t) for t, p in zip(taken, picks) if not (p and "index" in p)]


def solve(array, case):
    shape = array["shape"]
    a = np.arange(1, 1 + int(np.prod(shape, dtype=np.int64)), dtype=np.int32).reshape(shape)
    flat = a if shape or case["kind"] != "points" else a.reshape(1)
    try:
        index, result = numpy_index(array, case)
    except Refused as refused:
        case["axis"], case["number"] = refused.args
        return
    read = flat[index]
    case["shape"] = result
    case["read"] = [int(x) for x in read.reshape(-1)]
    b = flat.copy()
    if case.get("scalar"):
        b[index] = 1001
    else:
        b[index] = np.arange(1001, 1001 + read.size, dtype=np.int32).reshape(read.shape)
    changed = np.flatnonzero(a.reshape(-1) != b.reshape(-1))
    case["write"] = [[int(k), int(b.reshape(-1)[k])] for k in changed]


# ----------------------------------------------------------------------------------------- the same with zarr-python


def zarr_pick(pick):
    if pick is ALL:
        return slice(None)
    if "slice" in pick:
        return slice(*pick["slice"])
    if "index" in pick:
        return pick["index"]
    return np.array(pick["list"], dtype=np.int64) if "list" in pick else np.array(pick["mask"], dtype=bool)


def compare(array, case):
    """Asserts that zarr-python does the same. Returns whether it can be asked."""
    if zarr is None or any(isinstance(c, list) for c in array["chunks"]) or 0 in array["shape"] or not array["shape"]:
        return False
    a = np.arange(1, 1 + int(np.prod(array["shape"])), dtype=np.int32).reshape(array["shape"])
    z = zarr.create_array(zarr.storage.MemoryStore(), data=a, chunks=tuple(array["chunks"]),
                          shards=tuple(array["shards"]) if "shards" in array else None)
    if case["kind"] == "mask":
        index, view = np.array(case["mask"], dtype=bool).reshape(case["mask_shape"]), z.vindex
    elif case["kind"] == "points":
        index, view = tuple(np.array(x, dtype=np.int64) for x in case["points"]), z.vindex
    elif case["kind"] == "blocks":
        index, view = tuple(zarr_pick(p) for p in case["picks"]), z.blocks
        starts = [(p["slice"][0] or 0, len(edges(array, k))) for k, p in enumerate(case["picks"]) if p and "slice" in p]
        if any(not 0 <= start < n for start, n in starts):
            return False  # refused by zarr-python where numpy cuts off
    else:
        index, view = tuple(zarr_pick(p) for p in case["picks"]), z.oindex
        if not index:
            return False
    try:
        read = view[index]
    except (IndexError, ValueError):
        assert "read" not in case, case
        return True
    assert "read" in case and list(np.asarray(read).reshape(-1)) == case["read"], case
    assert list(np.shape(read)) == case["shape"], case
    if len(set(case["read"])) < len(case["read"]):
        return True  # zarr-python sorts by chunk, and not stably: any value of an element that is there twice may stay
    view[index] = 1001 if case.get("scalar") else np.arange(1001, 1001 + np.size(read)).reshape(np.shape(read))
    b = np.asarray(z[...])
    changed = np.flatnonzero(a.reshape(-1) != b.reshape(-1))
    assert [[int(k), int(b.reshape(-1)[k])] for k in changed] == case["write"], case
    return True


# ---------------------------------------------------------------------------------------------------------- cases


def axes(*picks, **more):
    return {"kind": "axes", "picks": list(picks), **more}


def blocks(*picks):
    return {"kind": "blocks", "picks": list(picks)}


def points(*lists, **more):
    return {"kind": "points", "points": [list(x) for x in lists], **more}


def mask(shape, flags):
    return {"kind": "mask", "mask_shape": list(shape), "mask": [int(x) for x in flags]}


def written():
    yield 0, axes()
    yield 0, axes(scalar=True)
    yield 0, axes(i(0))
    yield 0, points(npoints=3)
    yield 0, points(npoints=0)
    yield 0, points([0])
    yield 0, mask([], [1])
    yield 0, mask([], [0])
    yield 0, mask([1], [1])
    yield 0, blocks()
    for a in (1, 2):
        for start in (None, 0, 4, 5, -1, -17, -18, 16, 17, 99):
            yield a, axes(s(start, None, 1))
        for stop in (0, 5, 6, -1, -17, -99, 17, 99):
            yield a, axes(s(None, stop, None))
        for step in (2, 5, 6, 16, 17, 99, 2**62):
            yield a, axes(s(1, None, step))
        yield a, axes(s(9, 3, 2))
        for step in (0, -1, -2**63):
            yield a, axes(s(None, None, step))
        for index in (0, 4, 5, 16, -1, -17, 17, -18, 2**63 - 1, -2**63):
            yield a, axes(i(index))
        yield a, axes(s(2**63 - 1, 2**63 - 1, 1))
        yield a, axes(s(-2**63, 2**63 - 1, 2**63 - 1))
        yield a, axes(s(2**63 - 1, -2**63, 1))
        yield a, axes(li())
        yield a, axes(li(3))
        yield a, axes(li(4, 5))
        yield a, axes(li(16, 0, 5, 4))
        yield a, axes(li(3, 3, 3))
        yield a, axes(li(-1, 0, 16, -17))
        yield a, axes(li(0, 3, 6, 9), scalar=True)
        yield a, axes(li(12, 9, 6, 3))
        yield a, axes(li(0, 17))
        yield a, axes(li(0, 1, -18, 2))
        yield a, axes(m(*[k % 3 == 0 for k in range(17)]))
        yield a, axes(m(*[k in (1, 4, 5, 15) for k in range(17)]))
        yield a, axes(m(*[0] * 17))
        yield a, axes(m(*[1] * 17))
        yield a, axes(m(*[1] * 16))
        yield a, axes(m())
        yield a, axes(s(), s())
        yield a, points([0, 16, 5, 4, 4, 16])
        yield a, points([-1, -17, 16], scalar=True)
        yield a, points([])
        yield a, points([3, 17])
        yield a, points([3, -18])
        yield a, points([3], [3])
        yield a, mask([17], [k in (0, 4, 5, 16) for k in range(17)])
        yield a, mask([16], [1] * 16)
        yield a, mask([17, 1], [1] * 17)
        for pick in (ALL, i(0), i(1), i(-1), i(3), i(4), i(-5), s(1, None), s(0, 99), s(-1, None), s(-99, 1), s(2, 1),
                     s(0, 2, 1), s(0, 2, 2), li(0), m(1)):
            yield a, blocks(pick)
        yield a, blocks(ALL, i(0))
    yield 3, blocks(i(1))
    yield 3, blocks(i(2))
    yield 3, axes(li(3, 4, 7, 0))
    yield 3, axes(s(4, None, None))
    for a in (4, 5):
        yield a, axes()
        yield a, axes(i(6), i(-1))
        yield a, axes(i(6))
        yield a, axes(ALL, i(3))
        yield a, axes(ALL, i(9))
        yield a, axes(s(1, -1, 2), s(None, None, 3))
        yield a, axes(li(5, 0, 5), s(2, 8, 1))
        yield a, axes(li(5, 0, 5), li(8, 8, 1))
        yield a, axes(li(0, 6), m(1, 0, 0, 0, 1, 1, 0, 0, 0), scalar=True)
        yield a, axes(m(0, 1, 1, 0, 0, 0, 1), i(4))
        yield a, axes(i(2), li(3, 2, 4, 4))
        yield a, axes(li(), li(1))
        yield a, axes(li(1), li(9))
        yield a, axes(li(1, -8), li(9))
        yield a, axes(ALL, m(1, 0))
        yield a, points([0, 6, 3, 3, 0], [8, 0, 4, 4, 8])
        yield a, points([0, 6], [8, 9])
        yield a, points([0, 7], [8, 9])
        yield a, points([0])
        yield a, mask([7, 9], [(r * 5 + c) % 4 == 0 for r in range(7) for c in range(9)])
        yield a, mask([7, 9], [1] * 63)
        yield a, mask([7, 9], [0] * 63)
        yield a, mask([7, 8], [1] * 56)
        yield a, blocks(i(1), i(-1))
        yield a, blocks(s(1, None), s(0, 1))
    for a in (6, 7):
        yield a, axes(i(1), ALL, i(-1))
        yield a, axes(li(3, 0), ALL, li(5, 1, 1))
        yield a, axes(li(3, 0), i(2), li(5, 1, 1))
        yield a, axes(i(1), li(4, 0, 3), s(None, None, 2))
        yield a, axes(ALL, li(4, 0, 3), ALL)
        yield a, axes(m(1, 0, 0, 1), m(0, 1, 1, 0, 1), m(1, 1, 0, 0, 0, 1))
        yield a, axes(i(1), i(1), i(6))
        yield a, axes(ALL, ALL, ALL, i(0))
        yield a, points([3, 0, 1, 3], [4, 0, 2, 4], [5, 0, 3, 5])
        yield a, blocks(i(-1), ALL, i(0))
    yield 8, axes()
    yield 8, axes(i(0))
    yield 8, axes(li())
    yield 8, axes(li(0))
    yield 8, axes(m())
    yield 8, axes(s(0, 5, 1))
    yield 8, points([])
    yield 8, points([0])
    yield 8, mask([0], [])
    yield 8, blocks(ALL)
    yield 8, blocks(i(0))
    yield 9, axes(i(1), ALL, li(1, 0, 1))
    yield 9, axes(ALL, i(0))
    yield 9, axes(i(3))
    yield 9, points([], [], [])
    yield 9, mask([3, 0, 2], [])
    yield 9, blocks(i(0), ALL, i(0))
    for k in range(4):
        yield 10, blocks(i(k))
    yield 10, blocks(s(1, 3), i(0))
    yield 10, blocks(i(4))
    yield 10, axes(li(0, 1, 4, 5, 8, 9), s(None, None, 5))
    yield 10, axes(li(9, 0), li(5, 0, 5))
    yield 11, axes(i(0), i(-1), i(0), i(0))
    yield 11, axes(li(0, 0), ALL, s(0, 9, 3), m(1))
    yield 11, mask([1, 1, 1, 1], [1])


def random_pick(length):
    kind = rng.randrange(5)
    if kind == 0:
        return ALL
    if kind == 1:
        return s(rng.randrange(-length, length), rng.randrange(-length, length + 2), rng.randrange(1, 4))
    if kind == 2:
        return i(rng.randrange(-length, length))
    if kind == 3:
        return li(*(rng.randrange(-length, length) for _ in range(rng.randrange(5))))
    return m(*(rng.randrange(2) for _ in range(length)))


def drawn():
    for _ in range(60):
        a = rng.choice([1, 2, 4, 5, 6, 7, 10])
        shape = ARRAYS[a]["shape"]
        if rng.random() < 0.7:
            yield a, axes(*(random_pick(n) for n in shape))
        else:
            n = rng.randrange(8)
            yield a, points(*([rng.randrange(-k, k) for _ in range(n)] for k in shape))


cases, ncompared = [], 0
for number, made in itertools.chain(written(), drawn()):
    made = {"array": number, **made}
    solve(ARRAYS[number], made)
    ncompared += compare(ARRAYS[number], made)
    cases.append(made)
with open(sys.argv[1] if len(sys.argv) > 1 else "selections.json", "w", encoding="ascii") as f:
    f.write('{"arrays": [\n')
    f.write(",\n".join(json.dumps(x, separators=(",", ":")) for x in ARRAYS))
    f.write('],\n"cases": [\n')
    f.write(",\n".join(json.dumps(x, separators=(",", ":")) for x in cases))
    f.write("]}\n")
print(f"{len(cases)} cases, {ncompared} of them compared with zarr-python", file=sys.stderr)
