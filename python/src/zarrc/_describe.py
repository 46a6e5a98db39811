# SPDX-License-Identifier: MIT
"""What zarr-python's codecs and array specs are in the words of libzarrc."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zarrc import _bases
from zarrc._bases import ShardingCodec, V2Codec
from zarrc._dtypes import empty, of_spec, to_zarr
from zarrc._spec import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr.abc.codec import Codec
    from zarr.core.array_spec import ArraySpec


_NAMES = (
    "BloscCodec",
    "BytesCodec",
    "Crc32cCodec",
    "GzipCodec",
    "ShardingCodec",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "ZstdCodec",
)
# Exactly these classes: a subclass of somebody else's may do something else.
_known: set[type] = {getattr(_bases, name) for name in _NAMES}
# numcodecs' own classes from bytes to bytes.
_BYTES_OF_NUMCODECS = {
    "numcodecs.base64.Base64",
    "numcodecs.blosc.Blosc",
    "numcodecs.bz2.BZ2",
    "numcodecs.checksum32.Adler32",
    "numcodecs.checksum32.CRC32",
    "numcodecs.checksum32.CRC32C",
    "numcodecs.checksum32.JenkinsLookup3",
    "numcodecs.fletcher32.Fletcher32",
    "numcodecs.gzip.GZip",
    "numcodecs.lz4.LZ4",
    "numcodecs.lzma.LZMA",
    "numcodecs.shuffle.Shuffle",
    "numcodecs.zlib.Zlib",
    "numcodecs.zstd.Zstd",
}
_default_coalescing = (1 << 20, 16 << 20)


def know(*classes: type) -> None:
    """Makes codec classes known that are the same as zarr's."""
    _known.update(classes)


@dataclass(frozen=True, slots=True)
class Description:
    """A chain bound to one kind of chunk."""

    codecs: list[Any]
    dtype: Any
    fill: bytes | str | None
    variable: bool
    raw: bool  # elements are bytes to the library, as numpy has them in memory
    subchunk_order: str
    coalesce_gap: int
    coalesce_max: int


def describe(codecs: Sequence[Codec], spec: ArraySpec) -> Description:
    """Describes a chain; raises Unsupported for what the library does not know."""
    order, gap, most = "morton", 0, 0
    if any(isinstance(codec, V2Codec) for codec in codecs):
        if len(codecs) != 1 or type(codecs[0]) is not V2Codec:
            raise Unsupported("a chain of codecs around a format 2 chunk")
        chain, dtype, variable, raw = _describe_v2(codecs[0], spec)
    else:
        chain = [_describe_codec(codec) for codec in codecs]
        dtype = of_spec(spec.dtype)
        native = spec.dtype.to_native_dtype()
        variable = native.kind in "OT"
        raw = False
        if _is_big(native) and any(map(_is_of_numcodecs, codecs)):
            # they see the bytes as they are in memory, which to the library are in the other order
            raise Unsupported("codecs of numcodecs around big-endian elements")
        for codec in codecs:
            order = str(getattr(codec, "subchunk_write_order", order))
    config = spec.config
    gap = getattr(config, "sharding_coalesce_max_gap_bytes", _default_coalescing[0])
    most = getattr(config, "sharding_coalesce_max_bytes", _default_coalescing[1])
    if (gap, most) == _default_coalescing:
        gap = most = 0
    return Description(
        chain, dtype, _fill(spec, variable, raw), variable, raw, order, max(gap, 1) if most else 0, most
    )


def joining(codecs: Sequence[Codec], spec: ArraySpec) -> tuple[int, int]:
    """How ranges of a value that is fetched are joined: over how many bytes, and to how many. Those of shards as
    zarr-python joins them, which releases before 3.2 do not; of what is no shard zarr-python fetches all."""
    gap, most = _default_coalescing
    if any(isinstance(codec, ShardingCodec) for codec in codecs):
        gap = getattr(spec.config, "sharding_coalesce_max_gap_bytes", 0)
        most = getattr(spec.config, "sharding_coalesce_max_bytes", most)
    return gap, most


def _is_later(codec: Codec) -> bool:
    """Whether a codec is exactly one of those that zarr-python has since 3.4."""
    name, module = type(codec).__qualname__, type(codec).__module__
    known = {"CastValue": "zarr.codecs.cast_value", "ScaleOffset": "zarr.codecs.scale_offset"}
    return known.get(name) == module and getattr(sys.modules[module], name, None) is type(codec)


def _is_of_numcodecs(codec: Codec) -> bool:
    """Whether a codec is exactly one of zarr-python's around those of numcodecs."""
    module = "zarr.codecs.numcodecs._codecs"
    return type(codec).__module__ == module and getattr(sys.modules[module], type(codec).__name__, None) is type(codec)


def _describe_codec(codec: Codec) -> dict[str, Any]:
    if type(codec) not in _known and not _is_of_numcodecs(codec) and not _is_later(codec):
        raise Unsupported(f"codec {type(codec).__module__}.{type(codec).__qualname__}")
    for inner in (*getattr(codec, "codecs", ()), *getattr(codec, "index_codecs", ())):
        _describe_codec(inner)
    result: dict[str, Any] = plain(codec.to_dict())
    return result


def plain(value: Any) -> Any:
    """A codec's JSON as the library takes it: enums become their values, tuples lists, and True and False numbers, which
    they are to zarr-python 3.1 everywhere but in `checksum`."""
    if isinstance(value, dict):
        return {key: each if key == "checksum" else plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return int(value) if isinstance(value, bool) else getattr(value, "value", value)


def _fill(spec: ArraySpec, variable: bool, raw: bool) -> bytes | str | None:
    fill = spec.fill_value
    if fill is None:
        fill = spec.dtype.default_scalar()
    if variable:
        if not isinstance(fill, (str, bytes)):
            raise Unsupported(f"fill value {fill!r} of elements of variable length")
        return fill
    dtype = spec.dtype.to_native_dtype()
    element = empty((), dtype if raw else dtype.newbyteorder("="))
    element[...] = fill
    return element.tobytes()


# -------------------------------------------------------------------------------------------------------- format 2


# Filters on elements: the class, and the members that say which type elements have before and after; None: they keep it
_filters: dict[str, tuple[str, str | None, str | None]] = {
    "delta": ("numcodecs.delta.Delta", "dtype", "astype"),
    "fixedscaleoffset": ("numcodecs.fixedscaleoffset.FixedScaleOffset", "dtype", "astype"),
    "quantize": ("numcodecs.quantize.Quantize", "dtype", "astype"),
    "astype": ("numcodecs.astype.AsType", "decode_dtype", "encode_dtype"),
    "bitround": ("numcodecs.bitround.BitRound", None, None),
    "packbits": ("numcodecs.packbits.PackBits", None, None),
    "categorize": ("numcodecs.categorize.Categorize", "dtype", "astype"),
}


def _is_big(dtype: np.dtype[Any]) -> bool:
    return dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big")


def _describe_filter(codec: Any, before: np.dtype[Any]) -> tuple[dict[str, Any], np.dtype[Any]]:
    """A filter, and the type of what it makes. The library has elements in native order wherever numcodecs has the order
    that the type before says, so that is what types are compared with."""
    name, decoded, encoded = _filters.get(getattr(codec, "codec_id", ""), ("", None, None))
    if _name_of(codec) != name:
        raise Unsupported(f"filter {getattr(codec, 'codec_id', codec)}")
    config = dict(codec.get_config())
    described = {"name": f"numcodecs.{config.pop('id')}", "configuration": config}
    after = np.dtype("u1") if codec.codec_id == "packbits" else before
    if decoded and encoded:
        seen, after = np.dtype(config[decoded]), np.dtype(config[encoded])
        turned = _is_big(seen) != _is_big(before) and seen.itemsize > 1
        config[decoded] = seen.newbyteorder("=").newbyteorder("S" if turned else "=").str
        config[encoded] = after.newbyteorder("=").str
    return described, after


def _describe_v2(codec: V2Codec, spec: ArraySpec) -> tuple[list[Any], Any, bool, bool]:
    """Codecs, data type, variable, raw."""
    native = spec.dtype.to_native_dtype()
    filters = tuple(codec.filters or ())
    on_elements = tuple(itertools.takewhile(lambda each: _name_of(each) not in _BYTES_OF_NUMCODECS, filters))
    chain: list[Any] = []
    ndim = len(spec.shape)
    if spec.config.order == "F" and ndim > 1:
        chain.append({"name": "transpose", "configuration": {"order": list(range(ndim))[::-1]}})
    dtype: Any
    variable = raw = False
    if native.kind in "OT":
        ids = [getattr(each, "codec_id", None) for each in on_elements]
        if ids not in (["vlen-utf8"], ["vlen-bytes"]):
            raise Unsupported(f"filters {ids} of a format 2 array of objects")
        chain.append({"name": ids[0]})
        dtype = "string" if ids[0] == "vlen-utf8" else "bytes"
        variable = True
    elif native.kind in "biufc" or (native.kind == "U" and on_elements):
        dtype = to_zarr(native)
        for each in on_elements:
            described, native = _describe_filter(each, native)
            chain.append(described)
        if _is_zfpy(codec.compressor) and not filters and not chain and native.str in ("<i4", "<i8", "<f4", "<f8"):
            # it takes the elements of the chunk as they are, and in order C only
            return [_described_as(codec.compressor)], dtype, variable, raw
        chain.append(
            {"name": "bytes", "configuration": {"endian": "big" if _is_big(native) else "little"}}
            if native.itemsize > 1
            else {"name": "bytes"}
        )
    elif on_elements:
        raise Unsupported(f"filters {[getattr(each, 'codec_id', each) for each in on_elements]} of elements of {native}")
    else:
        dtype = f"r{8 * native.itemsize}"
        chain.append({"name": "bytes"})
        raw = True
    chain += [_describe_numcodec("filter", each) for each in filters[len(on_elements) :]]
    if codec.compressor is not None:
        chain.append(_describe_numcodec("compressor", codec.compressor))
    return chain, dtype, variable, raw


def _name_of(codec: Any) -> str:
    """The class of a codec, with its module."""
    return f"{type(codec).__module__}.{type(codec).__qualname__}"


def _describe_numcodec(what: str, codec: Any) -> dict[str, Any]:
    """A codec of numcodecs from bytes to bytes."""
    if _name_of(codec) not in _BYTES_OF_NUMCODECS:
        raise Unsupported(f"{what} {_name_of(codec)}")
    return _described_as(codec)


def _is_zfpy(codec: Any) -> bool:
    """Whether a compressor is that of numcodecs that takes elements."""
    return _name_of(codec) == "numcodecs.zfpy.ZFPY"


def _described_as(codec: Any) -> dict[str, Any]:
    """What the library calls a codec of numcodecs."""
    configuration = dict(codec.get_config())
    return {"name": f"numcodecs.{configuration.pop('id')}", "configuration": plain(configuration)}
