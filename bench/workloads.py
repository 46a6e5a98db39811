# SPDX-License-Identifier: MIT
"""What is measured: data, and the arrays that it is stored in. Metadata is plain zarr.json or .zarray, so that every
tool opens the same files."""
import glob
import gzip
import json
import os
import struct
import subprocess
import zipfile
from dataclasses import dataclass, field

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
BIG = {"name": "bytes", "configuration": {"endian": "big"}}
CRC = {"name": "crc32c"}
ZSTD = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
GZIP = {"name": "gzip", "configuration": {"level": 5}}
TURN = {"name": "transpose", "configuration": {"order": [2, 1, 0]}}
ITEM_SIZE = {"uint8": 1, "uint16": 2, "float32": 4}
NUMPY_TYPE = {"uint8": "|u1", "uint16": "<u2", "float32": "<f4"}


def blosc(cname, shuffle, typesize):
    return {"name": "blosc", "configuration": {"cname": cname, "clevel": 5, "shuffle": shuffle, "typesize": typesize,
                                               "blocksize": 0}}


def sharded(inner, codecs):
    return [{"name": "sharding_indexed", "configuration": {
        "chunk_shape": list(inner), "codecs": codecs, "index_codecs": [LITTLE, CRC], "index_location": "end"}}]


@dataclass(frozen=True)
class Data:
    """A .npy file."""
    path: str
    dtype: str
    shape: tuple

    @property
    def nbytes(self):
        n = ITEM_SIZE[self.dtype]
        for edge in self.shape:
            n *= edge
        return n


@dataclass(frozen=True)
class Workload:
    """An array to be written and read. inner: shape of inner chunks, codecs are then theirs. ideal: options of the bare
    loop that does the same. v2: members of the .zarray of an array of format 2, which has no codecs."""
    name: str
    data: Data
    chunk: tuple
    codecs: list
    inner: tuple = None
    fill: int = 0
    ideal: dict = field(default_factory=dict)
    v2: dict = None

    def metadata(self):
        if self.v2:
            return {"zarr_format": 2, "shape": list(self.data.shape), "chunks": list(self.chunk),
                    "dtype": NUMPY_TYPE[self.data.dtype], "fill_value": self.fill, "order": "C", "filters": None,
                    "compressor": None, "dimension_separator": "/", **self.v2}
        codecs = sharded(self.inner, self.codecs) if self.inner else self.codecs
        return {"zarr_format": 3, "node_type": "array", "shape": list(self.data.shape), "data_type": self.data.dtype,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(self.chunk)}},
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                "fill_value": self.fill, "codecs": codecs, "attributes": {}}

    @property
    def document(self):
        return ".zarray" if self.v2 else "zarr.json"

    def create(self, path):
        """An array without chunks."""
        os.makedirs(path, exist_ok=True)
        with open(f"{path}/{self.document}", "w", encoding="utf-8") as file:
            json.dump(self.metadata(), file)

    def is_at(self, path):
        try:
            with open(f"{path}/{self.document}", encoding="utf-8") as file:
                return json.load(file) == self.metadata()
        except FileNotFoundError:
            return False

    @property
    def chunk_bytes(self):
        n = ITEM_SIZE[self.data.dtype]
        for edge in self.chunk:
            n *= edge
        return n

    def ideal_options(self):
        def dims(shape):
            return ",".join(map(str, shape))
        options = {"v2": int(bool(self.v2)), "shape": dims(self.data.shape), "chunk": dims(self.chunk), "item": ITEM_SIZE[self.data.dtype],
                   **self.ideal}
        if self.inner:
            options["inner"] = dims(self.inner)
        return [word for key, value in options.items() for word in (f"--{key}", str(value))]


# ---------------------------------------------------------------------------------------------------------- data

def generated(programs, folder, kind, shape):
    path = f"{folder}/{kind}-{'x'.join(map(str, shape))}.npy"
    if not os.path.exists(path):
        subprocess.run([f"{programs}/make_data", kind, path, ",".join(map(str, shape))], check=True)
    return Data(path, {"micro": "uint16", "climate": "float32"}[kind], shape)


def save_npy(path, descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    header += b" " * (118 - len(header) - 1) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


def repeated(rows, times):
    """The bytes of rows[z][y], repeated on each axis."""
    planes = [b"".join(row * times for row in plane) * times for plane in rows]
    return b"".join(planes) * times


def brain(folder, wheel, times):
    """A real volume, the ICBM 152 template that ships with nilearn; None without its wheel."""
    path = f"{folder}/brain-{times}.npy"
    shape = (192 * times, 224 * times, 192 * times)
    if os.path.exists(path):
        return Data(path, "uint8", shape)
    wheels = glob.glob(wheel) if wheel else []
    if not wheels:
        return None
    with zipfile.ZipFile(wheels[0]) as archive:
        names = [name for name in archive.namelist() if "icbm152_t1" in name and name.endswith(".nii.gz")]
        if not names:
            return None
        raw = gzip.decompress(archive.read(names[0]))
    nx, ny, nz = struct.unpack_from("<3h", raw, 42)
    kind, = struct.unpack_from("<h", raw, 70)
    begin = int(struct.unpack_from("<f", raw, 108)[0])
    if kind != 2:  # uint8
        return None
    rows = []
    for z in range(192):
        plane = []
        for y in range(224):
            inside = z < nz and y < ny
            at = begin + (z * ny + y) * nx
            plane.append((raw[at:at + nx] if inside else b"")[:192].ljust(192, b"\0"))
        rows.append(plane)
    save_npy(path, "|u1", shape, repeated(rows, times))
    return Data(path, "uint8", shape)


def air(command, root, folder, times):
    """Real temperatures, those of the demonstration, one century after the other."""
    path = f"{folder}/air-{times}.npy"
    shape = (240 * times, 37, 49)
    if not os.path.exists(path):
        source = f"{root}/examples/data/climate.zarr/air_temperature"
        values = subprocess.run([command, "get", source, "--format", "raw", "-o", "-"], check=True,
                                stdout=subprocess.PIPE).stdout
        save_npy(path, "<f4", shape, values * times)
    return Data(path, "float32", shape)


# ----------------------------------------------------------------------------------------------------- workloads

def make(programs, command, root, folder, quick, wheel):
    """All workloads, and their data. quick: a quarter of the size, or less."""
    os.makedirs(folder, exist_ok=True)
    micro = generated(programs, folder, "micro", (128, 256, 512) if quick else (256, 512, 512))
    half = generated(programs, folder, "micro", (128, 256, 256) if quick else (256, 256, 512))
    climate = generated(programs, folder, "climate", (16, 360, 720) if quick else (64, 720, 1440))
    mri = brain(folder, wheel, 2)
    weather = air(command, root, folder, 4 if quick else 32)
    chunk, shard, inner = (64,) * 3, (128,) * 3 if quick else (256,) * 3, (32,) * 3
    none, zstd, deflate = {"codec": "none"}, {"codec": "zstd", "level": 3}, {"codec": "gzip", "level": 5}
    lz4 = {"codec": "blosc", "cname": "lz4", "shuffle": 1, "level": 5}
    bitshuffled = {"codec": "blosc", "cname": "zstd", "shuffle": 2, "level": 5}
    shuffled = {"codec": "blosc", "cname": "zstd", "shuffle": 1, "level": 5}
    every = [
        Workload("raw", micro, chunk, [LITTLE], ideal=none),
        Workload("raw_be", micro, chunk, [BIG], ideal={**none, "swap": 1}),
        Workload("crc", micro, chunk, [LITTLE, CRC], ideal={**none, "crc": 1}),
        Workload("blosclz4", micro, chunk, [LITTLE, blosc("lz4", "shuffle", 2)], ideal=lz4),
        Workload("bloscz", micro, chunk, [LITTLE, blosc("zstd", "bitshuffle", 2)], ideal=bitshuffled),
        Workload("zstd", micro, chunk, [LITTLE, ZSTD], ideal=zstd),
        Workload("tr_zstd", micro, chunk, [TURN, LITTLE, ZSTD], ideal={**zstd, "turn": 1}),
        Workload("gzip", half, chunk, [LITTLE, GZIP], ideal=deflate),
        Workload("sh_raw", micro, shard, [LITTLE], inner, ideal=none),
        Workload("sh_bloscz", micro, shard, [LITTLE, blosc("zstd", "bitshuffle", 2)], inner, ideal=bitshuffled),
        Workload("sh_zstd", micro, shard, [LITTLE, ZSTD], inner, ideal=zstd),
        Workload("sh_gzcrc", half, shard, [LITTLE, GZIP, CRC], inner, ideal={**deflate, "crc": 1}),
        Workload("cl_bloscz", climate, (8, 90, 180), [LITTLE, blosc("zstd", "shuffle", 4)], ideal=shuffled),
        Workload("air_bloscz", weather, (240, 37, 49), [LITTLE, blosc("zstd", "shuffle", 4)], ideal=shuffled),
        Workload("v2_blosclz4", micro, chunk, [], ideal=lz4, v2={"compressor": {
            "id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}}),
        Workload("v2_zlib", half, chunk, [], ideal={"codec": "stream", "level": 1},
                 v2={"compressor": {"id": "zlib", "level": 1}}),
        Workload("v2_F_zstd", micro, chunk, [], ideal={**zstd, "turn": 1},
                 v2={"compressor": {"id": "zstd", "level": 3}, "order": "F"}),
    ]
    if mri:  # the fill value that it has not: all chunks are stored
        every.append(Workload("mri_zstd", mri, chunk, [{"name": "bytes"}, ZSTD], fill=255, ideal=zstd))
    return every
