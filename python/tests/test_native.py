# SPDX-License-Identifier: MIT
"""What is served by the library (everything with the nine codecs, in both formats), and how the rest is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from zarr.core.dtype import VariableLengthBytes
from zarr.storage import MemoryStore

import zarrc

numcodecs = pytest.importorskip("numcodecs")

SHAPE = (7, 5)
STOCK = "zarr.core.codec_pipeline.BatchedCodecPipeline"
TYPES: list[Any] = [
    "?", "i1", "<i2", ">i2", "<u4", ">u8", "<f2", ">f2", ">f4", "<f8", "<c8", ">c16", "S1", "S5", "<U3", ">U3", "<M8[ns]",
    ">M8[D]", "<m8[10s]", "V7", [("a", "<i2"), ("b", ">f4")], "text", "StringDType", "variable bytes",
]  # fmt: skip
V2_COMPRESSORS: dict[str, Any] = {
    "none": None,
    "blosc": numcodecs.Blosc("lz4", 5, -1),
    "blosc bitshuffle": numcodecs.Blosc("zstd", 3, 2),
    "gzip": numcodecs.GZip(1),
    "zstd": numcodecs.Zstd(3),
    "auto": "auto",
    "gzip -1": numcodecs.GZip(-1),
    "zlib": numcodecs.Zlib(1),
    "bz2": numcodecs.BZ2(1),
    "lz4": numcodecs.LZ4(1),
    "lzma": numcodecs.LZMA(preset=0),
    "lzma alone": numcodecs.LZMA(format=2, preset=0),
    "lzma raw": numcodecs.LZMA(format=3, filters=[{"id": 3, "dist": 4}, {"id": 33, "preset": 0}]),
}
V2_FILTERS: dict[str, list[Any]] = {
    "shuffle": [numcodecs.Shuffle(4)],
    "checksums": [numcodecs.CRC32(), numcodecs.Adler32(), numcodecs.Fletcher32()],
    "base64": [numcodecs.Base64()],
    "delta, shuffle": [numcodecs.Delta("<i4"), numcodecs.Shuffle(4), numcodecs.CRC32()],
}
V3_CODECS: dict[str, dict[str, Any]] = {
    "none": {"compressors": None},
    "blosc": {"compressors": BloscCodec(cname="lz4")},
    "gzip, crc32c": {"compressors": [GzipCodec(level=1), Crc32cCodec()]},
    "zstd, transposed": {"compressors": ZstdCodec(), "filters": [TransposeCodec(order=(1, 0))]},
    "sharded": {"shards": (6, 4)},
}


def type_and_values(name: Any) -> tuple[Any, np.ndarray[Any, Any]]:
    n = SHAPE[0] * SHAPE[1]
    if name in ("text", "StringDType"):
        dtype = str if name == "text" else np.dtypes.StringDType()
        return dtype, np.array(["é" * i for i in range(n)], object if name == "text" else dtype).reshape(SHAPE)
    if name == "variable bytes":
        return VariableLengthBytes(), np.array([b"x" * i for i in range(n)], object).reshape(SHAPE)
    dtype = np.dtype(name)
    if dtype.kind == "U":
        return dtype, np.array([chr(65 + i) * (i % 4) for i in range(n)], dtype).reshape(SHAPE)
    numbers = bytes(i % 97 for i in range(n * dtype.itemsize)) if dtype.kind != "b" else bytes(i % 2 for i in range(n))
    return dtype, np.frombuffer(numbers, "u1").view(dtype).reshape(SHAPE)


def check(name: Any, **more: Any) -> None:
    dtype, expected = type_and_values(name)
    expected = expected.copy()
    store = MemoryStore()
    if name == "variable bytes":
        more["fill_value"] = b""
    array = zarr.create_array(store, shape=SHAPE, chunks=(3, 4) if "shards" not in more else (3, 2), dtype=dtype, **more)
    array[...] = expected
    array[1:3, 2:5] = expected[0:2, 0:3]
    expected[1:3, 2:5] = expected[0:2, 0:3].copy()
    assert np.asarray(array[...]).tolist() == expected.tolist()
    assert np.asarray(array.vindex[[0, 6], [1, 4]]).tolist() == expected[[0, 6], [1, 4]].tolist()
    assert np.asarray(array.oindex[[5, 1], [0, 2]]).tolist() == expected[np.ix_([5, 1], [0, 2])].tolist()
    served = zarrc.counters()
    assert served["read"] == 3 and served["write"] == 2 and not any("fallback" in each for each in served)
    if "shards" in more and np.dtype(expected.dtype).kind == "V" and zarr.__version__.startswith("3.1."):
        return  # zarr-python's own pipeline cannot: it asks for the hash of the fill value
    with zarr.config.set({"codec_pipeline.path": STOCK}):
        assert np.asarray(zarr.open_array(store)[...]).tolist() == expected.tolist()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compressor", V2_COMPRESSORS)
@pytest.mark.parametrize("name", TYPES, ids=str)
def test_format_2(name: Any, compressor: str, order: Any) -> None:
    check(name, zarr_format=2, compressors=V2_COMPRESSORS[compressor], order=order)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("filters", V2_FILTERS)
def test_filters_of_bytes_in_format_2(filters: str, order: Any) -> None:
    check("<i4", zarr_format=2, filters=V2_FILTERS[filters], compressors=numcodecs.Zlib(1), order=order)


# What zarr-python writes as "numcodecs.NAME".
OF_NUMCODECS: dict[str, dict[str, Any]] = {
    "Zlib": {"level": 1}, "GZip": {"level": -1}, "Zstd": {"level": 1}, "BZ2": {"level": 1}, "LZ4": {"acceleration": 1},
    "LZMA": {"preset": 0}, "Blosc": {"cname": "lz4", "clevel": 5, "shuffle": -1}, "Shuffle": {}, "CRC32": {}, "CRC32C": {},
    "Adler32": {}, "Fletcher32": {}, "JenkinsLookup3": {"initval": 7},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("name", OF_NUMCODECS)
def test_codecs_of_numcodecs(name: str, sharded: bool) -> None:
    module = pytest.importorskip("zarr.codecs.numcodecs", reason="zarr-python without numcodecs' codecs")
    codec = getattr(module, name)(**OF_NUMCODECS[name])
    check("<i4", compressors=[codec], **({"shards": (6, 4)} if sharded else {}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("codecs", V3_CODECS)
@pytest.mark.parametrize("name", TYPES, ids=str)
def test_format_3(name: Any, codecs: str) -> None:
    check(name, **V3_CODECS[codecs])


# id, data type, configuration
FILTERS: list[tuple[str, str, dict[str, Any]]] = [
    ("Delta", "<i4", {"dtype": "<i4"}),
    ("Delta", "<i4", {"dtype": "<i4", "astype": "<i2"}),
    ("Delta", "<f8", {"dtype": "<f8", "astype": "<f4"}),
    ("FixedScaleOffset", "<f4", {"offset": 1, "scale": 4, "dtype": "<f4", "astype": "<i2"}),
    ("FixedScaleOffset", "<i2", {"offset": 3, "scale": 2, "dtype": "<i2", "astype": "<i4"}),
    ("Quantize", "<f8", {"digits": 3, "dtype": "<f8"}),
    ("AsType", "<i2", {"encode_dtype": "<f8", "decode_dtype": "<i2"}),
    ("BitRound", "<f4", {"keepbits": 9}),
    ("PackBits", "?", {}),
]
BIG_FILTERS: list[tuple[str, str, dict[str, Any]]] = [
    ("Delta", ">i4", {"dtype": ">i4"}),
    ("Delta", "<i4", {"dtype": "<i4", "astype": ">i8"}),
    ("Delta", "<i4", {"dtype": ">i4"}),  # reads the bytes in the wrong order, and writes them back so
    ("FixedScaleOffset", ">f4", {"offset": 0, "scale": 4, "dtype": ">f4", "astype": ">u2"}),
    ("Quantize", ">f8", {"digits": 3, "dtype": ">f8", "astype": "<f4"}),
    ("AsType", ">i2", {"encode_dtype": ">f8", "decode_dtype": ">i2"}),
]

@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sharded", [False, True])
def test_codecs_that_zarr_python_has_since_3_4(sharded: bool) -> None:
    pytest.importorskip("zarr.codecs.cast_value", reason="older releases do not have them")
    pytest.importorskip("cast_value_rs", reason="which zarr-python needs for them")
    from zarr.codecs import CastValue, ScaleOffset

    chain = [ScaleOffset(offset=-10, scale=2), CastValue(data_type="uint16", rounding="towards-zero", out_of_range="clamp")]
    values = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) * 0.75
    for path in (STOCK, "zarrc.CodecPipeline"):
        store = MemoryStore()
        with zarr.config.set({"codec_pipeline.path": path}):
            array = zarr.create_array(
                store, shape=SHAPE, chunks=(3, 2), dtype="f4", filters=chain, **({"shards": (6, 4)} if sharded else {})
            )
            array[...] = values
        read = zarr.open_array(store)
        assert np.asarray(read[...]).tolist() == (np.trunc((values + 10) * 2) / 2 - 10).tolist()
        assert np.asarray(read[2:5, 1:4]).tolist() == np.asarray(read[...])[2:5, 1:4].tolist()
    assert not any("fallback" in each for each in zarrc.counters())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["<i4", "<i8", "<f4", "<f8"])
@pytest.mark.parametrize("settings", [{"mode": 4, "tolerance": 1e-9}, {"mode": 3, "precision": 64}, {"mode": 2, "rate": 64}], ids=str)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zfpy(zarr_format: int, settings: dict[str, Any], dtype: str) -> None:
    pytest.importorskip("zfpy", reason="which numcodecs needs for ZFPY")
    if not zarrc.info()["libraries"].get("libzfp"):
        pytest.skip("zarrc was built without libzfp")
    from numcodecs.zfpy import ZFPY

    if zarr_format == 2:
        check_filtered(dtype, exact=False, zarr_format=2, compressors=ZFPY(**settings), filters=None)
    else:
        zarr_numcodecs = pytest.importorskip("zarr.codecs.numcodecs", reason="older releases do not have it")
        check_filtered(dtype, exact=False, serializer=zarr_numcodecs.ZFPY(**settings))


LABELS = [str(i) for i in range(17)]
CATEGORIES: list[tuple[str, str, dict[str, Any]]] = [
    ("Categorize", "<U3", {"labels": LABELS, "dtype": "<U3"}),
    ("Categorize", ">U3", {"labels": LABELS, "dtype": ">U3", "astype": ">i2"}),
]


def filtered(dtype: str) -> np.ndarray[Any, Any]:
    numbers = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    return (numbers % 3 == 1) if dtype == "?" else (numbers * 5 % 17).astype(dtype)


def check_filtered(dtype: str, exact: bool = True, **more: Any) -> None:
    """The library reads what zarr-python wrote, zarr-python what the library wrote, and both wrote the same bytes. exact: no element changes."""
    values = filtered(dtype)
    stores = MemoryStore(), MemoryStore()
    for store, path in zip(stores, (STOCK, "zarrc.CodecPipeline"), strict=True):
        with zarr.config.set({"codec_pipeline.path": path}):
            array = zarr.create_array(store, shape=SHAPE, chunks=(3, 4), dtype=dtype, **{"compressors": None, **more})
            array[...] = values
    served = zarrc.counters()
    assert served["write"] == 1 and not any("fallback" in each for each in served), served
    first, second = ({key: each.to_bytes() for key, each in store._store_dict.items()} for store in stores)
    assert first == second
    for store in stores:
        read = zarr.open_array(store)
        with zarr.config.set({"codec_pipeline.path": STOCK}):
            expected = np.asarray(zarr.open_array(store)[...])
        assert np.asarray(read[...]).tolist() == expected.tolist()
        assert not exact or expected.tolist() == values.tolist()
        assert np.asarray(read[2:5, 1:4]).tolist() == expected[2:5, 1:4].tolist()
        assert np.asarray(read.vindex[[0, 6], [1, 4]]).tolist() == expected[[0, 6], [1, 4]].tolist()
    assert not any("fallback" in each for each in zarrc.counters())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("name", "dtype", "config"), FILTERS + BIG_FILTERS + CATEGORIES, ids=str)
def test_filters_of_format_2(name: str, dtype: str, config: dict[str, Any], order: Any) -> None:
    if (name, order) == ("BitRound", "F"):
        pytest.skip("numcodecs stores it in order C, and zarr-python reads it in order F")
    check_filtered(dtype, zarr_format=2, filters=[getattr(numcodecs, name)(**config)], order=order)


@pytest.mark.filterwarnings("ignore")
def test_chains_of_filters_of_format_2() -> None:
    chain = [
        numcodecs.AsType("<i4", ">i2"),
        numcodecs.Delta("<i4", ">i4"),
        numcodecs.FixedScaleOffset(0, 2, ">i4", "<i8"),
    ]
    check_filtered(">i2", zarr_format=2, filters=chain)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "dtype", "config"), FILTERS, ids=str)
def test_filters_of_format_3(name: str, dtype: str, config: dict[str, Any]) -> None:
    others = pytest.importorskip("zarr.codecs.numcodecs", reason="older releases have them elsewhere")
    if zarr.__version__.startswith("3.1."):
        pytest.skip("numcodecs of that time does otherwise")
    check_filtered(dtype, filters=[getattr(others, name)(**config)])


class OwnZlib(numcodecs.Zlib):  # type: ignore[misc]
    """A codec that the library does not know: a subclass may do something else."""


class OwnLZ4(numcodecs.LZ4):  # type: ignore[misc]
    """Another."""


def test_the_rest_is_counted_with_its_reason_and_said_once_an_array(caplog: pytest.LogCaptureFixture) -> None:
    with zarr.config.set({"codec_pipeline.strict": False}), caplog.at_level("INFO", "zarrc"):
        for compressor in (OwnZlib(), OwnZlib(), OwnLZ4()):
            array = zarr.create_array(
                MemoryStore(), shape=(4,), chunks=(2,), dtype="i4", zarr_format=2, compressors=compressor
            )
            array[:] = 1
            array[1:3] = 2
            assert array[:].tolist() == [1, 2, 2, 1]
    zlib, lz4 = f"compressor {__name__}.OwnZlib", f"compressor {__name__}.OwnLZ4"
    assert zarrc.counters() == {
        "fallback_read": 3, f"fallback_read: {zlib}": 2, f"fallback_read: {lz4}": 1,
        "fallback_write": 6, f"fallback_write: {zlib}": 4, f"fallback_write: {lz4}": 2,
    }  # fmt: skip
    said = [record.getMessage() for record in caplog.records if record.name == "zarrc"]
    assert [zlib in each for each in said] == [True, True, False] and lz4 in said[2]


@pytest.mark.filterwarnings("ignore")
def test_codecs_count_what_they_leave_to_zarr_python() -> None:
    from zarrc.codecs import BytesCodec, ShardingCodec

    others = pytest.importorskip("zarr.codecs.numcodecs", reason="no codec that zarrc does not know")

    class Mine(others.CRC32, codec_name="crc32"):  # type: ignore[misc, call-arg, name-defined]
        """A class of somebody else's, which may do something else."""

    with zarr.config.set({"codec_pipeline.path": STOCK}):
        array = zarr.create_array(
            MemoryStore(), shape=(4,), chunks=(4,), dtype="i4", compressors=None,
            serializer=ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec(), Mine()]),
        )  # fmt: skip
        array[:] = [1, 2, 3, 4]
        assert array[1:3].tolist() == [2, 3]
    served = zarrc.counters()
    assert served["fallback_codec"] > 0
    assert served["fallback_codec"] == sum(n for name, n in served.items() if name.startswith("fallback_codec: codec "))
