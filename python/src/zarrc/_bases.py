# SPDX-License-Identifier: MIT
"""What the package derives from and works with: zarr-python's classes where it is installed, else those of `_alone`.

The one place where that is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    import zarr as _zarr
except ImportError:
    HAS_ZARR = False
else:
    HAS_ZARR = bool(_zarr.__version__)

if TYPE_CHECKING or HAS_ZARR:
    from zarr.abc.codec import BaseCodec
    from zarr.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
    from zarr.codecs import (
        BloscCodec,
        BytesCodec,
        Crc32cCodec,
        GzipCodec,
        ShardingCodec,
        TransposeCodec,
        VLenBytesCodec,
        VLenUTF8Codec,
        ZstdCodec,
    )
    from zarr.codecs._v2 import V2Codec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import cpu, default_buffer_prototype
    from zarr.core.common import concurrent_map
    from zarr.core.sync import _get_loop as event_loop
    from zarr.storage import FsspecStore, LocalStore, MemoryStore, ObjectStore, WrapperStore, ZipStore
    from zarr.storage._common import StorePath
else:
    from zarrc._alone import (
        ArraySpec,
        BaseCodec,
        BloscCodec,
        BytesCodec,
        Crc32cCodec,
        FsspecStore,
        GzipCodec,
        LocalStore,
        MemoryStore,
        ObjectStore,
        OffsetByteRequest,
        RangeByteRequest,
        ShardingCodec,
        Store,
        StorePath,
        SuffixByteRequest,
        TransposeCodec,
        V2Codec,
        VLenBytesCodec,
        VLenUTF8Codec,
        WrapperStore,
        ZipStore,
        ZstdCodec,
        concurrent_map,
        event_loop,
    )
    from zarrc._buffers import cpu, default_buffer_prototype


def full_spec(spec: Any) -> Any:
    """The spec that codecs work with for a `zarrc.ArraySpec`."""
    if not HAS_ZARR:
        return spec
    from zarr.core.array_spec import ArrayConfig
    from zarr.core.dtype import VariableLengthBytes, VariableLengthUTF8, get_data_type_from_native_dtype

    named: dict[Any, Any] = {"string": VariableLengthUTF8, "bytes": VariableLengthBytes}
    kind = named[spec.dtype.name]() if spec.dtype.name else get_data_type_from_native_dtype(spec.dtype.native)
    config = ArrayConfig(order=spec.order, write_empty_chunks=spec.write_empty_chunks)
    return ArraySpec(spec.shape, kind, spec.fill_value, config, default_buffer_prototype())


__all__ = [
    "HAS_ZARR",
    "ArraySpec",
    "BaseCodec",
    "BloscCodec",
    "BytesCodec",
    "Crc32cCodec",
    "FsspecStore",
    "GzipCodec",
    "LocalStore",
    "MemoryStore",
    "ObjectStore",
    "OffsetByteRequest",
    "RangeByteRequest",
    "ShardingCodec",
    "Store",
    "StorePath",
    "SuffixByteRequest",
    "TransposeCodec",
    "V2Codec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "WrapperStore",
    "ZipStore",
    "ZstdCodec",
    "concurrent_map",
    "cpu",
    "default_buffer_prototype",
    "event_loop",
    "full_spec",
]
