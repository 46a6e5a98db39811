# SPDX-License-Identifier: MIT
"""What makes, writes and reads the arrays of shard_combos, each through the same four calls: zarrc and its peers. And the
table of what a peer cannot do: whatever is not in it must work."""
import contextlib
import copy
import dataclasses
import importlib.metadata
import json

import numpy
import tensorstore
import zarr
from peers import PIPELINES
from zarr.core.buffer import default_buffer_prototype
from zarr.core.metadata.v3 import ArrayV3Metadata


def version(name):
    return tuple(int(part) for part in importlib.metadata.version(name).split(".")[:2])


ZARR = version("zarr")


class Zarrc:
    """The command. A zarr.json with a grid that `create` has no option for is written as it is."""

    def __init__(self, command):
        self.command = command

    def create(self, path, combo):
        metadata = combo.metadata()
        if metadata["chunk_grid"]["name"] != "regular":
            path.mkdir()
            (path / "zarr.json").write_text(json.dumps(metadata))
            return
        self.command("create", path, "--shape", ",".join(map(str, combo.shape)) or "()", "--dtype", json.dumps(combo.data_type),
                     "--chunks", ",".join(map(str, combo.chunks)) or "()", "--codecs", json.dumps(combo.codecs),
                     "--fill-value", json.dumps(combo.fill))

    @staticmethod
    def select(region):
        return ["-s", ",".join(f"{s.start}:{s.stop}:{s.step or 1}" for s in region)] if region else []

    def write(self, path, combo, region, values):
        more = ["--write-empty-chunks"] if combo.write_empty else []
        self.command("put", path, "--format", "raw", "-i", "-", *self.select(region), *more, stdin=combo.pack(values))

    def read(self, path, combo, region=()):
        raw = self.command("get", path, "--format", "raw", "-o", "-", *self.select(region))
        return combo.unpack(raw, numpy.empty(combo.shape, "?")[region or ...].shape)


class ZarrPython:
    """zarr-python, with its own pipeline or with that of zarrs, which must not hand anything back to zarr-python."""

    def __init__(self, name):
        self.config = {"codec_pipeline.path": PIPELINES[name], "codec_pipeline.strict": True}
        if ZARR >= (3, 2):
            self.config["array.rectilinear_chunks"] = True

    @contextlib.contextmanager
    def open(self, path, combo, mode="r"):
        with zarr.config.set(self.config | {"array.write_empty_chunks": combo.write_empty}):
            yield zarr.open_array(str(path), mode=mode)

    def create(self, path, combo):
        with zarr.config.set(self.config):
            metadata = ArrayV3Metadata.from_dict(copy.deepcopy(combo.metadata()))
            document = metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"].to_bytes()
        path.mkdir()
        (path / "zarr.json").write_bytes(document)

    def write(self, path, combo, region, values):
        with self.open(path, combo, "r+") as array:
            array[region or ...] = values

    def read(self, path, combo, region=()):
        with self.open(path, combo) as array:
            values = array[region or ...]
        if combo.variable:
            texts = numpy.empty(numpy.shape(values), "O")
            texts[...] = values
            return texts
        return numpy.asarray(values, array.dtype)


class TensorStore:
    """A struct is opened one field at a time."""

    @staticmethod
    def open(path, combo, **more):
        return tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)},
                                 "store_data_equal_to_fill_value": combo.write_empty} | more).result()

    def create(self, path, combo):
        members = ("shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs")
        field = {"field": combo.numpy.names[0]} if combo.kind == "struct" else {}
        self.open(path, combo, create=True, metadata={key: combo.metadata()[key] for key in members}, **field)

    def write(self, path, combo, region, values):
        if combo.kind != "struct":
            self.open(path, combo)[region or ...].write(values).result()
        else:
            for field in combo.numpy.names:
                self.open(path, combo, field=field)[region or ...].write(values[field]).result()

    def read(self, path, combo, region=()):
        if combo.kind != "struct":
            return self.open(path, combo)[region or ...].read().result()
        values = numpy.empty(numpy.empty(combo.shape, "?")[region or ...].shape, combo.numpy)
        for field in combo.numpy.names:
            values[field] = self.open(path, combo, field=field)[region or ...].read().result()
        return values


PEERS = {"zarr-python": ZarrPython("zarr-python"), "zarrs": ZarrPython("zarrs"), "tensorstore": TensorStore()}
NOT_ASKED = None


@dataclasses.dataclass
class Lack:
    """What a peer cannot do. It shows by an exception whose text has `shows` in it; NOT_ASKED: by wrong values,
    or worse."""
    peers: tuple
    tags: tuple
    why: str
    shows: str
    directions: tuple = ("read", "write")
    applies: bool = True


OLD = ZARR < (3, 2)
TYPES = ("datetime", "timedelta", "utf32", "null-terminated", "variable")
LACKS = [
    Lack(("zarr-python", "zarrs"), ("shards fit only when transposed",),
         "zarr-python compares inner chunks with the shape that the shard has before it is transposed", "divisible"),
    Lack(("zarr-python", "zarrs"), ("rectilinear",), "zarr-python before 3.2 has no rectilinear grid", "rectilinear",
         applies=OLD),
    Lack(("zarr-python", "zarrs"), ("struct",), "zarr-python before 3.2 has no struct", "struct", applies=OLD),
    Lack(("zarr-python",), ("raw",), "zarr-python before 3.2 shards no raw bytes", "unhashable", applies=OLD),
    Lack(("zarr-python",), ("0-d shard",), "zarr-python before 3.2 writes no shard without dimensions", "too many indices",
         ("write",), applies=OLD),
    Lack(("zarr-python",), ("transposed text",),
         "zarr-python before 3.2 writes transposed text in the order of memory, and reads back other values itself",
         NOT_ASKED, ("write",), applies=OLD),
    Lack(("zarrs",), (*TYPES, "raw", "struct"),
         "the Python package of zarrs hands these types back to zarr-python", "Unsupported"),
    Lack(("zarrs",), ("big-endian complex",),
         "zarrs 0.2.3 swaps the real and the imaginary part where it decodes part of a chunk", NOT_ASKED, ("read",)),
    Lack(("tensorstore",), ("raw",), "tensorstore 0.1.86 aborts the process, or gives elements of no bytes", NOT_ASKED),
    Lack(("tensorstore",), TYPES, "tensorstore has no such data type", "data type"),
    Lack(("tensorstore",), ("rectilinear",), "tensorstore has no rectilinear grid", "regular"),
    Lack(("tensorstore",), ("after shard",), "tensorstore allows no codec behind sharding_indexed", "Sharding codec"),
]


def lack(peer, combo, direction):
    """The row of the table that says that the peer cannot read or write the combo, or None: then it must."""
    for row in LACKS:
        if row.applies and peer in row.peers and direction in row.directions and combo.tags & set(row.tags):
            return row
    return None


def chunk_files(path):
    """Key and bytes of each chunk."""
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*"))
            if file.is_file() and file.name != "zarr.json"}
