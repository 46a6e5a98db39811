# SPDX-License-Identifier: MIT
"""A peer's part of bench/remote.py: `remote_peer.py PEER OPERATION KIND PORT PATH` does once what bench/remote.c does, and prints a
line of JSON. KIND: http or s3."""
import json
import os
import sys
import time
import warnings

import numpy

warnings.simplefilter("ignore")
PEER, OPERATION, KIND, PORT, PATH = sys.argv[1:]
URL, AT_ONCE = f"http://127.0.0.1:{PORT}", 64


class Draw:
    """The positions that every tool reads."""

    def __init__(self):
        self.state = 7

    def box(self, shape, edge):
        out = []
        for n, m in zip(shape, edge):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
            at = (self.state >> 33) % (n - m + 1)
            out.append(slice(at, at + m))
        return tuple(out)


def kb(name):
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


VALUES = numpy.arange(256 * 16384, dtype="uint16").reshape(256, -1)


class Tensorstore:
    def __init__(self):
        import tensorstore
        self.ts = tensorstore
        limit = {"limit": AT_ONCE}
        self.context = tensorstore.Context({"http_request_concurrency": limit, "s3_request_concurrency": limit})

    def store(self, path):
        if KIND == "http":
            return {"driver": "http", "base_url": f"{URL}/{path}/"}
        return {"driver": "s3", "bucket": "bucket", "path": f"{path}/", "endpoint": URL, "aws_region": "us-east-1",
                "aws_credentials": {"type": "environment"}}

    def open_later(self, path, **more):
        return self.ts.open({"driver": "zarr3", "kvstore": self.store(path)} | more, context=self.context)

    def open(self, path):
        return self.open_later(path, open=True).result()

    def read(self, array, where=...):
        return array[where].read().result()

    def write(self, path):
        metadata = {"shape": VALUES.shape, "data_type": "uint16", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 16384]}}}
        self.open_later(path, create=True, metadata=metadata).result().write(VALUES).result()

    def keys(self, path):
        return self.ts.KvStore.open(self.store(path), context=self.context).result().list().result()

    def list(self, path):
        return len(self.keys(path))

    def group(self, path):
        names = [f"v{i:03d}" for i in range(100)]
        if KIND == "s3":
            names = sorted({key.decode().split("/")[0] for key in self.keys(path) if b"/" in key})
        return len([later.result() for later in [self.open_later(f"{path}/{name}", open=True) for name in names]])


class Zarr:
    """zarr-python over obstore ("obstore"), or fsspec ("fsspec"); with the pipeline of zarrs ("zarrs")."""

    def __init__(self):
        import zarr
        import zarr.storage
        self.zarr = zarr
        zarr.config.set({"async.concurrency": AT_ONCE})
        if PEER == "zarrs":
            import zarrs
            del zarrs
            zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "threading.max_workers": AT_ONCE,
                             "codec_pipeline.chunk_concurrent_maximum": AT_ONCE})
        elif hasattr(zarr.core.codec_pipeline, "FusedCodecPipeline"):
            zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"})

    def obstore(self, path):
        from obstore.store import HTTPStore, S3Store
        options = {"allow_http": True}
        if KIND == "http":
            return HTTPStore.from_url(f"{URL}/{path}", client_options=options)
        return S3Store("bucket", prefix=path, endpoint=URL, region="us-east-1", client_options=options, virtual_hosted_style_request=False)

    def store(self, path, read_only=True):
        if PEER != "fsspec":
            return self.zarr.storage.ObjectStore(self.obstore(path), read_only=read_only)
        if KIND == "http":
            return self.zarr.storage.FsspecStore.from_url(f"{URL}/{path}", read_only=read_only)
        options = {"client_kwargs": {"endpoint_url": URL}, "asynchronous": True, "config_kwargs": {"max_pool_connections": AT_ONCE}}
        return self.zarr.storage.FsspecStore.from_url(f"s3://bucket/{path}", storage_options=options, read_only=read_only)

    def open(self, path):
        return self.zarr.open_array(self.store(path), mode="r", zarr_format=3)

    def read(self, array, where=...):
        return array[where]

    def write(self, path):
        array = self.zarr.create_array(self.store(path, False), shape=VALUES.shape, chunks=(1, 16384), dtype="uint16", compressors=None,
                                       filters=None, fill_value=0)
        array[:] = VALUES

    def list(self, path):
        if PEER != "fsspec":
            import obstore
            return sum(len(some) for some in obstore.list(self.obstore(path)))
        import s3fs
        return len(s3fs.S3FileSystem(client_kwargs={"endpoint_url": URL}).find(f"bucket/{path}"))

    def group(self, path):
        return len(self.zarr.open_group(self.store(path), mode="r", zarr_format=3).members())


def run(peer):
    if OPERATION in ("write", "list", "group"):
        return getattr(peer, OPERATION)(PATH), 0
    array, draw = peer.open(PATH), Draw()
    if OPERATION == "open":
        return 0, 0
    if OPERATION == "whole":
        values = peer.read(array)
        return int(numpy.frombuffer(values, "u1").sum(dtype="u8")), values.nbytes
    if OPERATION == "points":
        at = [draw.box(array.shape, (1, 1, 1)) for _ in range(100)]
        index = tuple(numpy.array([box[axis].start for box in at]) for axis in range(3))
        values = array.vindex[index]
        values = values.read().result() if PEER == "tensorstore" else values
        return int(numpy.frombuffer(numpy.ascontiguousarray(values), "u1").sum(dtype="u8")), 0
    n, edge = {"elements": (100, (1, 1, 1)), "one": (1, (1, 1, 1)), "boxes": (20, (20, 60, 60))}[OPERATION]
    total = 0
    for _ in range(n):
        values = numpy.ascontiguousarray(peer.read(array, draw.box(array.shape, edge)))
        total += int(values.view("u1").sum(dtype="u8"))
    return total, 0


def main():
    peer = Tensorstore() if PEER == "tensorstore" else Zarr()
    if PEER == "fsspec":
        __import__("s3fs" if KIND == "s3" else "fsspec.implementations.http")
    elif PEER != "tensorstore":
        import obstore.store
        del obstore
    before, begin = kb("VmRSS"), time.perf_counter()
    found, nbytes = run(peer)
    seconds = time.perf_counter() - begin
    print(json.dumps({"s": round(seconds, 4), "mib": round((kb("VmHWM") - before - nbytes / 1024) / 1024, 1), "sum": found}), flush=True)
    os._exit(0)  # some peers wait at their end


main()
