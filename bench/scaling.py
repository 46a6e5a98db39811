# SPDX-License-Identifier: MIT
"""How time grows with the number of inner chunks in a shard, and of chunks in an array."""
import math
import os
import shutil
import subprocess
import time

from passes import warm_pages
from workloads import LITTLE, ZSTD, Workload, generated

EDGE = 8  # of the small chunks: 1 KiB of uint16
SHARD_GRIDS = {1024: (8, 8, 16), 4096: (16, 16, 16), 16384: (16, 32, 32), 65536: (32, 32, 64)}
ARRAY_GRIDS = {100: (4, 5, 5), 1000: (10, 10, 10), 10000: (20, 20, 25), 100000: (40, 50, 50)}
SERIES = [("inner chunks per shard", SHARD_GRIDS, True, ("write", "read_all", "read_inner")),
          ("chunks per array", ARRAY_GRIDS, False, ("write", "read_all", "read_chunks"))]
QUICK = 2  # so many of the sizes
SETTLED = 4  # seconds after which zarrc trusts that a file changes its time stamp when it changes, and keeps its index


def slope(points):
    """Of the line through the logarithms: 1 is linear."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def least(before, result):
    """Milliseconds on the wall and of processors."""
    if result is None or "error" in result:
        return before
    wall, cpu = before or (math.inf, math.inf)
    return min(wall, result["wall"] * 1e3), min(cpu, result["cpu"] * 1e3)


def measure(tool, workload, ops, folder, reps):
    """{op: milliseconds on the wall and of processors}, the least of some rounds; read_inner: of 1,000 calls."""
    best, store = {}, f"{folder}/scaling.zarr"
    command = {"store": store, "src": workload.data.path, "n": 1000, "seed": 7, "workload": workload}
    for op in ops:
        if op == "read_inner":
            time.sleep(SETTLED)
        for _ in range(reps):
            if op == "write":
                shutil.rmtree(store, ignore_errors=True)
                workload.create(store)
            warm_pages(2 * workload.data.nbytes)
            best[op] = least(best.get(op), tool.run({**command, "op": op}))
    shutil.rmtree(store, ignore_errors=True)
    return {op: times for op, times in best.items() if times}


def run(tools, programs, folder, quick, say):
    """A dictionary for each line: what grows, operation, tool, points (count, ms), slope, that of processor time."""
    lines = {}
    os.makedirs(folder, exist_ok=True)
    for what, grids, in_shard, ops in SERIES:
        for count, grid in list(grids.items())[:QUICK if quick else None]:
            shape = tuple(EDGE * n for n in grid)
            data = generated(programs, folder, "micro", shape)
            edge = (EDGE,) * 3
            chunk, inner = (shape, edge) if in_shard else (edge, None)
            workload = Workload(f"{count} {what}", data, chunk, [LITTLE, ZSTD], inner)
            for tool in tools:
                reps = 9 if count < 5000 else 5 if count < 50000 else 3
                for op, (wall, cpu) in measure(tool, workload, ops, folder, reps).items():
                    lines.setdefault((what, op, tool.name), []).append((count, wall, cpu))
            os.remove(data.path)
            say(f"growth: {count:,} {what}")
    return [{"what": what, "op": op, "tool": tool, "points": points, "slope": slope([p[:2] for p in points]),
             "cpu_slope": slope([p[::2] for p in points])}
            for (what, op, tool), points in lines.items() if len(points) > 1]


def plot(python, result_path, folder, say):
    """A PNG for each kind of growth, where that Python has matplotlib."""
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([python, f"{here}/plot.py", result_path, folder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    say(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no plots")
