# SPDX-License-Identifier: MIT
"""The classes of zarrc.codecs beside those of zarr.codecs."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gzip
import inspect
import pickle
import zlib
from typing import Any

import numpy as np
import pytest
import zarr
import zarr.codecs
import zarr.core.dtype
from zarr.core.buffer import cpu, default_buffer_prototype
from zarr.registry import get_pipeline_class
from zarr.storage import MemoryStore

import zarrc
import zarrc.codecs

MADE: dict[str, dict[str, Any]] = {
    "BloscCodec": {"cname": "lz4", "clevel": 3, "shuffle": "shuffle", "typesize": 4},
    "BytesCodec": {"endian": "big"},
    "Crc32cCodec": {},
    "GzipCodec": {"level": 2},
    "ShardingCodec": {"chunk_shape": (2,)},
    "TransposeCodec": {"order": (0,)},
    "VLenBytesCodec": {},
    "VLenUTF8Codec": {},
    "ZstdCodec": {"level": 3, "checksum": True},
}


def spec(dtype: str = "i4", shape: tuple[int, ...] = (4,)) -> Any:
    from zarr.core.array_spec import ArrayConfig, ArraySpec
    from zarr.core.dtype import get_data_type_from_native_dtype

    kind = get_data_type_from_native_dtype(np.dtype(dtype))
    return ArraySpec(shape, kind, kind.default_scalar(), ArrayConfig.from_dict({}), default_buffer_prototype())


@pytest.mark.parametrize("name", MADE)
def test_same_face(name: str) -> None:
    ours, theirs = getattr(zarrc.codecs, name), getattr(zarr.codecs, name)
    assert inspect.signature(ours) == inspect.signature(theirs)
    a, b = ours(**MADE[name]), theirs(**MADE[name])
    assert a == b and b == a and a.to_dict() == b.to_dict()
    assert ours.from_dict(b.to_dict()) == a
    assert pickle.loads(pickle.dumps(a)) == a
    assert getattr(a, "is_fixed_size", None) == getattr(b, "is_fixed_size", None)


@pytest.mark.parametrize("name", ["BloscCodec", "Crc32cCodec", "GzipCodec", "ZstdCodec"])
def test_bytes_to_bytes_both_ways(name: str) -> None:
    ours, theirs = getattr(zarrc.codecs, name)(**MADE[name]), getattr(zarr.codecs, name)(**MADE[name])
    plain = cpu.Buffer.from_bytes(b"abcdefgh" * 100)
    for one, other in ((ours, theirs), (theirs, ours)):
        encoded = list(asyncio.run(one.encode([(plain, spec()), (None, spec())])))
        assert encoded[1] is None
        decoded = list(asyncio.run(other.decode([(encoded[0], spec()), (None, spec())])))
        assert decoded[1] is None
        assert decoded[0].to_bytes() == plain.to_bytes()


def test_big_endian_bytes() -> None:
    codec = zarrc.codecs.BytesCodec(endian="big")
    array = cpu.NDBuffer.from_numpy_array(np.arange(4, dtype="i4"))
    data = list(asyncio.run(codec.encode([(array, spec())])))[0]
    assert data.to_bytes() == np.arange(4, dtype=">i4").tobytes()
    back = list(asyncio.run(codec.decode([(data, spec())])))[0]
    assert back.as_numpy_array().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("pipeline", ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrc.CodecPipeline"])
def test_in_arrays(pipeline: str) -> None:
    expected = np.arange(200, dtype="i4").reshape(10, 20)
    codec = zarrc.codecs.ShardingCodec(
        chunk_shape=(2, 5), codecs=[zarrc.codecs.BytesCodec(), zarrc.codecs.ZstdCodec(level=1)]
    )
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        store = MemoryStore()
        array = zarr.create_array(store, shape=(10, 20), chunks=(4, 10), dtype="i4", serializer=codec, compressors=None)
        array[...] = expected
        array[1:5, 3:9] = 1
        expected[1:5, 3:9] = 1
        np.testing.assert_array_equal(array[::3, 4], expected[::3, 4])
        np.testing.assert_array_equal(array.oindex[[9, 1], [3, 19]], expected[np.ix_([9, 1], [3, 19])])
    assert zarrc.counters().get("codec" if "Batched" in pipeline else "read", 0) > 0
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        np.testing.assert_array_equal(zarr.open_array(store)[...], expected)


@pytest.mark.parametrize("pipeline", ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrc.CodecPipeline"])
@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
def test_shards_of_strings_that_numpy_knows_no_byte_order_of(pipeline: str) -> None:
    expected = np.array(["aa", "bbbb", "c", "dddddd", "ee", "f"], np.dtypes.StringDType())
    codec = zarrc.codecs.ShardingCodec(chunk_shape=(2,), codecs=[zarrc.codecs.VLenUTF8Codec()])
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        array = zarr.create_array(
            MemoryStore(), shape=(6,), chunks=(6,), dtype=expected.dtype, serializer=codec, compressors=None, fill_value=""
        )
        array[...] = expected
        array[1:3] = expected[1:3]
        np.testing.assert_array_equal(array[...], expected)
        np.testing.assert_array_equal(array.vindex[[5, 4, 0]], expected[[5, 4, 0]])


def test_strings_for_a_shard_of_numbers_are_left_to_numpy() -> None:
    """One of zarr-python's chunks, whose elements are of a type without a byte order, is of no harm."""
    value = cpu.NDBuffer.from_numpy_array(np.array(["1", "2", "3", "4"], np.dtypes.StringDType()))
    results = []
    for module in (zarr.codecs, zarrc.codecs):
        codec = module.ShardingCodec(chunk_shape=(2,), codecs=[module.BytesCodec()])
        try:
            results.append([each.to_bytes() for each in asyncio.run(codec.encode([(value, spec())]))])
        except Exception as error:
            results.append(type(error))
    assert results[0] == results[1]


def decoded(codec: Any, data: bytes, shape: tuple[int, ...] = (4,), kind: Any = None) -> Any:
    chunk = spec(shape=shape)
    if kind is not None:
        chunk = dataclasses.replace(chunk, dtype=kind, fill_value=kind.default_scalar())
    return list(asyncio.run(codec.decode([(cpu.Buffer.from_bytes(data), chunk)])))[0]


def test_damage_is_what_zarr_python_raises_for_it_too() -> None:
    good = list(asyncio.run(zarr.codecs.GzipCodec().encode([(cpu.Buffer.from_bytes(b"abc" * 99), spec())])))[0]
    data = good.to_bytes()
    for bad in (data[:-9], data[:-8] + bytes(8), b"x" + data[1:], data[:11] + b"\xff\xff" + data[13:]):
        with pytest.raises(zarrc.CorruptError, match="gzip") as caught:
            decoded(zarrc.codecs.GzipCodec(), bad)
        for each in (EOFError, gzip.BadGzipFile, OSError, zlib.error, ValueError, RuntimeError):
            assert isinstance(caught.value, each)
        again = pickle.loads(pickle.dumps(caught.value))
        assert type(again) is type(caught.value) and str(again) == str(caught.value)
    with pytest.raises(zarrc.CorruptError, match="vlen-utf8") as text:
        decoded(zarrc.codecs.VLenUTF8Codec(), b"\x01\0\0\0\x01\0\0\0\xff", (1,), zarr.core.dtype.VariableLengthUTF8())
    assert isinstance(text.value, UnicodeDecodeError) and str(text.value) == text.value.reason


@pytest.mark.parametrize("made", [{"clevel": 10}, {"clevel": -1}, {"blocksize": 2**40}])
def test_settings_that_cannot_be_encoded_with(made: dict[str, int]) -> None:
    codec = zarrc.codecs.BloscCodec(**made)
    with pytest.raises(zarrc.InvalidError) as caught:
        asyncio.run(codec.encode([(cpu.Buffer.from_bytes(b"abc"), spec())]))
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, OverflowError)


def test_a_window_too_large() -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\0\0"  # a window of 2 TiB
    with pytest.raises(zarrc.ZarrcError) as caught:
        decoded(zarrc.codecs.ZstdCodec(), frame)
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, ValueError)


def test_one_element_is_no_array() -> None:
    data = b"\x01\0\0\0\x02\0\0\0ab"
    result = decoded(zarrc.codecs.VLenBytesCodec(), data, (), zarr.core.dtype.VariableLengthBytes())
    assert result.as_numpy_array().item() == b"ab"


@pytest.mark.parametrize("pipeline", ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrc.CodecPipeline"])
def test_pipelines_are_pickled(pipeline: str) -> None:
    codecs = [getattr(zarrc.codecs, name)(**MADE[name]) for name in ("TransposeCodec", "ShardingCodec", "GzipCodec")]
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        made = get_pipeline_class().from_codecs(codecs)
    array = cpu.NDBuffer.from_numpy_array(np.arange(4, dtype="i4"))
    asyncio.run(made.encode([(array, spec())]))  # after use, too
    again = pickle.loads(pickle.dumps(made))
    assert again == made and list(again) == codecs
    assert [type(each) for each in again] == [type(each) for each in codecs]
    assert copy.deepcopy(made) == made


def test_configured_by_name() -> None:
    with zarr.config.set({}):
        zarrc.install(pipeline=False, codecs=True)
        array = zarr.create_array(MemoryStore(), shape=(4,), chunks=(2,), dtype="i4", compressors={"name": "gzip", "configuration": {"level": 1}})
        assert isinstance(array.metadata.codecs[-1], zarrc.codecs.GzipCodec)
        zarr.config.reset()
