# SPDX-License-Identifier: MIT
"""Codecs of numcodecs and of the Zarr extensions in format 3, and data types of the extensions, both ways with whoever has them."""
import dataclasses
import json
import shutil

import numpy
import pytest
import tensorstore
import zarr
from peers import PIPELINES
from zarr.abc.codec import ArrayArrayCodec, ArrayBytesCodec
from zarr.registry import register_codec


def codec(name, **settings):
    return {"name": name, "configuration": settings}


LITTLE = codec("bytes", endian="little")

# Data type; chain of codecs, which keeps the values below
CHAINS = {
    "zlib": ("int32", [LITTLE, codec("numcodecs.zlib", level=1)]),
    "bz2": ("int32", [LITTLE, codec("numcodecs.bz2", level=1)]),
    "lz4": ("int32", [LITTLE, codec("numcodecs.lz4", acceleration=1)]),
    "lzma": ("int32", [LITTLE, codec("numcodecs.lzma", preset=1)]),
    "gzip": ("int32", [LITTLE, codec("numcodecs.gzip", level=1)]),
    "zstd": ("int32", [LITTLE, codec("numcodecs.zstd", level=1)]),
    "blosc": ("int32", [LITTLE, codec("numcodecs.blosc", cname="lz4", clevel=5, shuffle=1, blocksize=0)]),
    "shuffle": ("int32", [LITTLE, codec("numcodecs.shuffle", elementsize=4), codec("numcodecs.zlib", level=1)]),
    "shuffle-16": ("int32", [LITTLE, codec("numcodecs.shuffle", elementsize=16)]),
    "crc32": ("int32", [LITTLE, codec("numcodecs.crc32")]),
    "crc32c": ("int32", [LITTLE, codec("numcodecs.crc32c")]),
    "adler32": ("int32", [LITTLE, codec("numcodecs.adler32")]),
    "fletcher32": ("int32", [LITTLE, codec("numcodecs.fletcher32")]),
    "jenkins": ("int32", [LITTLE, codec("numcodecs.jenkins_lookup3")]),
    "delta": ("int32", [codec("numcodecs.delta", dtype="<i4"), LITTLE]),
    "delta-float": ("float64", [codec("numcodecs.delta", dtype="<f8"), LITTLE]),
    "scaled": ("float32", [codec("numcodecs.fixedscaleoffset", dtype="<f4", astype="<i2", offset=10, scale=4), LITTLE]),
    "quantize": ("float32", [codec("numcodecs.quantize", dtype="<f4", digits=2), LITTLE]),
    "numcodecs-bitround": ("float32", [codec("numcodecs.bitround", keepbits=12), LITTLE]),
    "astype": ("float32", [codec("numcodecs.astype", encode_dtype="<i2", decode_dtype="<f4"), LITTLE]),
    "numcodecs-packbits": ("bool", [codec("numcodecs.packbits"), codec("bytes")]),
    "zfpy": ("float32", [codec("numcodecs.zfpy", mode=4, tolerance=0.001)]),
    "bitround": ("float32", [codec("bitround", keepbits=12), LITTLE]),
    "packbits": ("bool", [codec("packbits")]),
    "packbits-first": ("int32", [codec("packbits", padding_encoding="first_byte", first_bit=0, last_bit=9)]),
    "packbits-last": ("uint8", [codec("packbits", padding_encoding="last_byte", first_bit=0, last_bit=6)]),
    "reshape": ("int32", [codec("reshape", shape=[[0, 1]]), LITTLE]),
    "scale_offset": ("float32", [codec("scale_offset", scale=4.0, offset=1.0), LITTLE]),
    "cast_value": ("float64", [codec("cast_value", data_type="float32"), LITTLE]),
    "zfp": ("float32", [codec("zfp", mode="reversible")]),
    "zfp-rate": ("float64", [codec("zfp", mode="fixed_rate", rate=48)]),
}


def register(name, base):
    """Makes zarr-python pass a codec on to zarrs that it does not have itself."""

    @dataclasses.dataclass(frozen=True)
    class Foreign(base):
        document: str
        is_fixed_size = False

        @classmethod
        def from_dict(cls, document):
            return cls(json.dumps(document))

        def to_dict(self):
            return json.loads(self.document)

        def compute_encoded_size(self, nbytes, spec):
            return nbytes

        async def _decode_single(self, *arguments):
            raise NotImplementedError

        async def _encode_single(self, *arguments):
            raise NotImplementedError

    register_codec(name, Foreign)


@pytest.fixture(scope="module")
def foreign():
    for name in ("bitround", "scale_offset", "cast_value", "reshape"):
        register(name, ArrayArrayCodec)
    for name in ("packbits", "zfp", "numcodecs.zfpy"):
        register(name, ArrayBytesCodec)


def values(dtype):
    numbers = numpy.arange(48).reshape(8, 6) * 3 % 97
    return numbers % 2 == 1 if dtype == "bool" else numbers.astype(dtype)


def exchange(zarrc, tmp_path, chain, read, write):
    """read and write: functions of a path; and of values. Both use an array that zarrc has created."""
    dtype, codecs = CHAINS[chain]
    for path in (tmp_path / "a.zarr", tmp_path / "b.zarr"):
        zarrc("create", path, "--shape", "8,6", "--chunks", "4,3", "--dtype", dtype, "--codecs", json.dumps(codecs))
    zarrc.put(tmp_path / "a.zarr", tmp_path, values(dtype))
    ours = zarrc.get(tmp_path / "a.zarr", tmp_path)
    assert numpy.allclose(ours, values(dtype), atol=0.02)
    assert numpy.array_equal(read(tmp_path / "a.zarr"), ours)
    write(tmp_path / "b.zarr", values(dtype))
    assert numpy.array_equal(zarrc.get(tmp_path / "b.zarr", tmp_path), ours)


def write_zarr(path, given):
    zarr.open_array(str(path), mode="r+")[...] = given


def read_zarr(path):
    return zarr.open_array(str(path), mode="r")[...]


@pytest.mark.parametrize("chain", CHAINS)
def test_zarr_python(zarrc, tmp_path, chain):
    """What zarr-python has by itself, with numcodecs."""
    try:
        exchange(zarrc, tmp_path, chain, read_zarr, write_zarr)
    except Exception as error:
        if type(error).__name__ != "UnknownCodecError" and not isinstance(error, ImportError):
            raise
        pytest.skip(f"zarr-python lacks {chain}")


@pytest.mark.parametrize("chain", CHAINS)
def test_zarrs(zarrc, tmp_path, foreign, chain):
    with zarr.config.set({"codec_pipeline.path": PIPELINES["zarrs"], "codec_pipeline.strict": True}):
        try:
            exchange(zarrc, tmp_path, chain, read_zarr, write_zarr)
        except Exception as error:
            if type(error).__name__ != "UnsupportedMetadataError":
                raise
            pytest.skip(f"zarrs lacks {chain}")


@pytest.mark.parametrize("chain", CHAINS)
def test_tensorstore(zarrc, tmp_path, chain):
    def open_array(path):
        return tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}).result()

    try:
        exchange(zarrc, tmp_path, chain, lambda path: open_array(path).read().result(), lambda path, given: open_array(path).write(given).result())
    except ValueError as error:
        if "FAILED_PRECONDITION" not in str(error):
            raise
        pytest.skip(f"tensorstore lacks {chain}")


@pytest.mark.parametrize("dtype", ["bfloat16", "int4", "int2", "uint4", "float8_e3m4", "float8_e4m3", "float8_e4m3fnuz", "float8_e5m2",
                                   "float8_e5m2fnuz", "float8_e4m3b11fnuz", "float4_e2m1fn", "complex64"])
def test_types_of_tensorstore(zarrc, tmp_path, dtype):
    """Elements that tensorstore stores are read by zarrc as numbers, and those of zarrc by tensorstore."""
    numbers = [0.0, 1.0, -2.0, 1.5, -1.0] if "float" in dtype else [0, 1, -2, 1, -1] if dtype.startswith("int") else [0, 1, 2, 3, 1]
    try:
        array = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(tmp_path / "t.zarr")}, "metadata": {
            "shape": [5], "data_type": dtype, "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [3]}}}}, create=True).result()
    except ValueError as error:
        pytest.skip(f"tensorstore lacks {dtype}: {str(error)[:60]}")
    array.write(numpy.array(numbers).astype(array.dtype.numpy_dtype)).result()
    document = json.loads((tmp_path / "t.zarr/zarr.json").read_text())
    told = json.loads(zarrc("get", tmp_path / "t.zarr", "--format", "json"))
    assert [number[0] if isinstance(number, list) else number for number in told] == numbers
    shutil.copytree(tmp_path / "t.zarr", tmp_path / "z.zarr")
    shutil.rmtree(tmp_path / "z.zarr/c")
    zarrc("put", tmp_path / "z.zarr", "--format", "json", "-i", "-", stdin=json.dumps(told).encode())
    assert json.loads((tmp_path / "z.zarr/zarr.json").read_text()) == document
    back = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": str(tmp_path / "z.zarr")}}).result().read().result()
    assert back.tobytes() == array.read().result().tobytes()
