# SPDX-License-Identifier: MIT
"""One Python peer in a process of its own: `worker.py KIND`, commands and results as lines of JSON.

Does what zarrc-bench does, with the same positions, so that rows compare. KIND is tensorstore, zarrc.open, or the name
of a codec pipeline of zarr-python.
"""
import ctypes
import gc
import itertools
import json
import os
import resource
import sys
import time


class Positions:
    """A linear congruential generator, as in bench/measure.c."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        return (self.state >> 33) % n

    def box(self, shape, edge):
        return tuple(slice(start, start + edge) for start in [self.below(n - edge + 1) for n in shape])


class TensorStore:
    def __init__(self):
        import tensorstore
        self.ts = tensorstore
        self.context = tensorstore.Context({"cache_pool": {"total_bytes_limit": 0}, "file_io_sync": False})
        self.versions = {"tensorstore": version_of("tensorstore")}

    def open(self, path, write):
        driver = "zarr3" if os.path.exists(f"{path}/zarr.json") else "zarr"
        spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"}}
        return self.ts.open(spec, context=self.context, open=True, read=True, write=write).result()

    def get(self, array, selection):
        return array[selection].read().result()

    def put(self, array, selection, values):
        array[selection].write(values).result()

    def copy(self, source, target, step):
        target.write(source).result()


class ZarrPython:
    def __init__(self, pipeline):
        import zarr
        if pipeline.startswith("zarrs."):
            import zarrs  # noqa: F401 (makes its pipeline known)
        module, _, name = pipeline.rpartition(".")
        getattr(__import__(module, fromlist=[name]), name)
        zarr.config.set({"codec_pipeline.path": pipeline, "array.write_empty_chunks": True})
        self.zarr = zarr
        self.versions = {"zarr": zarr.__version__, module.split(".")[0]: version_of(module.split(".")[0])}

    def open(self, path, write):
        return self.zarr.open_array(path, mode="r+" if write else "r")

    def get(self, array, selection):
        return array[selection]

    def put(self, array, selection, values):
        array[selection] = values

    def copy(self, source, target, step):
        for start in itertools.product(*[range(0, n, edge) for n, edge in zip(source.shape, step)]):
            region = tuple(slice(a, a + edge) for a, edge in zip(start, step))
            self.put(target, region, self.get(source, region))


class ZarrcOpen(ZarrPython):
    def __init__(self):
        import zarrc
        self.zarrc = zarrc
        self.versions = {"zarrc": version_of("zarrc")}

    def open(self, path, write):
        return self.zarrc.open(path, "r+" if write else "r")


def version_of(package):
    from importlib.metadata import version
    return version(package)


def peer_of(kind):
    if kind == "tensorstore":
        return TensorStore()
    return ZarrcOpen() if kind == "zarrc.open" else ZarrPython(kind)


def status_kb(name):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def sum_of(values):
    import numpy
    return int(numpy.ascontiguousarray(values).reshape(-1).view(numpy.uint8).sum(dtype=numpy.uint64))


class Run:
    """One command."""

    def __init__(self, peer, command):
        import numpy
        self.peer, self.command = peer, command
        self.positions = Positions(command["seed"])
        self.bytes = self.sum = 0
        self.values = None
        self.source = numpy.load(command["src"]) if command["op"] in ("write", "partial") else None
        self.array = peer.open(command["store"], command["op"] in ("write", "partial"))
        self.copy = peer.open(command["out"], True) if command["op"] == "reencode" else None
        self.shape = command["shape"]

    def read_all(self):
        self.values = self.peer.get(self.array, ...)
        self.bytes = self.values.nbytes

    def write(self):
        self.peer.put(self.array, ..., self.source)
        self.bytes = self.source.nbytes

    def read_chunks(self):
        edges = self.command["chunk"]
        for start in itertools.product(*[range(0, n, edge) for n, edge in zip(self.shape, edges)]):
            box = tuple(slice(a, min(a + edge, n)) for a, edge, n in zip(start, edges, self.shape))
            self.bytes += self.peer.get(self.array, box).nbytes

    def read_inner(self):
        edges = self.command["inner"]
        for _ in range(self.command["n"]):
            cell = [self.positions.below(-(-n // edge)) for n, edge in zip(self.shape, edges)]
            box = tuple(slice(c * edge, min(c * edge + edge, n)) for c, edge, n in zip(cell, edges, self.shape))
            self.bytes += self.peer.get(self.array, box).nbytes

    def elems(self):
        import numpy
        for _ in range(self.command["n"]):
            point = tuple(each.start for each in self.positions.box(self.shape, 1))
            value = numpy.asarray(self.peer.get(self.array, point))
            self.bytes += value.nbytes
            self.sum += sum_of(value)

    def boxes(self):
        for _ in range(self.command["n"]):
            values = self.peer.get(self.array, self.positions.box(self.shape, self.command["box"]))
            self.bytes += values.nbytes
            self.sum += sum_of(values)

    def partial(self):
        for _ in range(self.command["n"]):
            box = self.positions.box(self.shape, self.command["box"])
            self.peer.put(self.array, box, self.source[box])
            self.bytes += self.source[box].nbytes

    def reencode(self):
        self.peer.copy(self.array, self.copy, self.command["step"])

    def measure(self):
        operation = getattr(self, self.command["op"])
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        before = status_kb("VmRSS")
        used = resource.getrusage(resource.RUSAGE_SELF)
        begin = time.perf_counter()
        operation()
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_SELF)
        peak = status_kb("VmHWM")
        if self.values is not None:
            self.sum = sum_of(self.values)
        return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, "hwm_kb": peak,
                "drss_kb": peak - before, "bytes": self.bytes, "sum": self.sum}


def main():
    try:
        peer = peer_of(sys.argv[1])
        print(json.dumps({"versions": peer.versions}), flush=True)
    except Exception as error:  # pylint: disable=broad-except
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        return
    for line in sys.stdin:
        try:
            result = Run(peer, json.loads(line)).measure()
        except Exception as error:  # pylint: disable=broad-except
            result = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(result), flush=True)


main()
