# SPDX-License-Identifier: MIT
"""The nine codecs of ``zarr.codecs``, with the arithmetic in libzarrc.

Names, parameters, defaults, attributes, methods and exceptions are those of the installed zarr-python: the classes
derive from zarr-python's and compare equal to them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import json
import math
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from zarrc import _core, _stored
from zarrc._bases import HAS_ZARR, BaseCodec, cpu, full_spec

# zarr-python's classes, whatever stands in their place there later; or those that stand in for them
from zarrc._bases import BloscCodec as _BloscCodec
from zarrc._bases import BytesCodec as _BytesCodec
from zarrc._bases import Crc32cCodec as _Crc32cCodec
from zarrc._bases import GzipCodec as _GzipCodec
from zarrc._bases import ShardingCodec as _ShardingCodec
from zarrc._bases import TransposeCodec as _TransposeCodec
from zarrc._bases import VLenBytesCodec as _VLenBytesCodec
from zarrc._bases import VLenUTF8Codec as _VLenUTF8Codec
from zarrc._bases import ZstdCodec as _ZstdCodec
from zarrc._chain import Bound, Chain, Item, Unsupported, is_whole, shape_of
from zarrc._context import context, count, count_fallback, hold
from zarrc._describe import know, plain
from zarrc._dtypes import in_native_order
from zarrc._names import BY_NAME
from zarrc._plain import Plain, Value, unwrapped, wrapped
from zarrc._selection import is_plain
from zarrc._spec import ArraySpec as PlainSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

__all__ = [
    "BloscCname",
    "BloscCodec",
    "BloscShuffle",
    "BytesCodec",
    "Crc32cCodec",
    "Endian",
    "GzipCodec",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SubchunkWriteOrder",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "ZstdCodec",
]


if TYPE_CHECKING or HAS_ZARR:
    from zarr.codecs import BloscCname, BloscShuffle, Endian, ShardingCodecIndexLocation

    try:
        from zarr.codecs import SubchunkWriteOrder  # type: ignore[attr-defined,unused-ignore]
    except ImportError:  # before 3.4
        __all__ = [name for name in __all__ if name != "SubchunkWriteOrder"]
else:
    from zarrc._alone import BloscCname, BloscShuffle, Endian, ShardingCodecIndexLocation, SubchunkWriteOrder

_C = TypeVar("_C")
_F = TypeVar("_F", bound="Callable[..., Any]")


def _equal(self: Any, other: object) -> Any:
    """Equal to a codec of the same class and to zarr-python's, if all fields are."""
    if type(other) not in type(self).__mro__ or not isinstance(other, BaseCodec):
        return NotImplemented
    same: bool = all(bool(getattr(self, each.name) == getattr(other, each.name)) for each in dataclasses.fields(self))
    return same


class _Natives:
    """The library's codecs, by their JSON."""

    def __init__(self) -> None:
        self._made: dict[str, _core.Codec] = {}
        hold(self)

    def forget(self) -> None:
        self._made = {}

    def get(self, text: str) -> _core.Codec:
        threads = context()
        made = self._made
        found = made.get(text)
        if found is None:
            if len(made) >= 256:
                made.clear()
            found = made[text] = _core.Codec(threads, text)
        return found


_natives = _Natives()


def _codec(codec: Any, way: str = "encode") -> _core.Codec:
    """The library's codec; to decode, one without settings: they are the encoder's, and bytes say themselves how."""
    given = codec.to_dict()
    return _natives.get(json.dumps(plain(given) if way == "encode" else {"name": given["name"]}))


def _contiguous(data: Buffer) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(data.as_numpy_array())


def _final(cls: type[_C]) -> type[_C]:
    """A class whose objects do not change, and which are equal to zarr-python's where all fields are."""
    hashed = cls.__hash__
    cls.__eq__ = _equal  # type: ignore[method-assign]
    cls.__hash__ = hashed  # type: ignore[method-assign]
    return dataclasses.dataclass(frozen=True, eq=False, repr=False, init=False)(cls)


class _Native:
    """A method of which the library does what it can. What it lacks, which it raises as `lacks`, is left to the method
    of that name of the next class: zarr-python's own, or without zarr-python one that refuses it."""

    def __init__(self, method: Callable[..., Any], lacks: type[Exception]) -> None:
        self._method, self._lacks = method, lacks

    def __set_name__(self, owner: type, name: str) -> None:
        method, lacks = self._method, self._lacks

        def stock(codec: Any, reason: Exception) -> Any:
            # zarr-python 3.1 has the asynchronous methods only
            found = getattr(super(owner, codec), name, None)
            if found is None or not (HAS_ZARR or lacks is Unsupported):
                raise reason
            count_fallback("codec", reason)
            return found

        def call(self: Any, *args: Any) -> Any:
            try:
                return method(self, *args)
            except lacks as reason:
                return stock(self, reason)(*args)

        async def call_async(self: Any, *args: Any) -> Any:
            try:
                return await method(self, *args)
            except lacks as reason:
                return await stock(self, reason)(*args)

        made = call_async if inspect.iscoroutinefunction(method) else call
        setattr(owner, name, functools.wraps(method)(made))


def _native(lacks: type[Exception]) -> Callable[[_F], _F]:
    def make(method: _F) -> _F:
        return cast("_F", _Native(method, lacks))

    return make


class _BytesBytes(Plain):
    """Encode and decode of bytes, one value at a time, in either way that zarr-python calls them."""

    def _run(self, way: str, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = _contiguous(chunk_bytes)
        count("codec")
        return chunk_spec.prototype.buffer.from_bytes(getattr(_codec(self, way), way)(data))

    @_native(_core.UnsupportedError)
    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return self._run("decode", chunk_bytes, chunk_spec)

    @_native(_core.UnsupportedError)
    def _encode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer | None:
        return self._run("encode", chunk_bytes, chunk_spec)

    @_native(_core.UnsupportedError)
    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return await _stored.off_loop(self._decode_sync, chunk_bytes, chunk_spec)  # type: ignore[no-any-return]

    @_native(_core.UnsupportedError)
    async def _encode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer | None:
        return await _stored.off_loop(self._encode_sync, chunk_bytes, chunk_spec)  # type: ignore[no-any-return]


@_final
class BloscCodec(_BytesBytes, _BloscCodec):
    """Blosc: see ``zarr.codecs.BloscCodec``."""


@_final
class GzipCodec(_BytesBytes, _GzipCodec):
    """gzip: see ``zarr.codecs.GzipCodec``."""


@_final
class ZstdCodec(_BytesBytes, _ZstdCodec):
    """Zstandard: see ``zarr.codecs.ZstdCodec``."""


@_final
class Crc32cCodec(_BytesBytes, _Crc32cCodec):
    """A CRC-32C behind the bytes: see ``zarr.codecs.Crc32cCodec``."""


@_final
class TransposeCodec(Plain, _TransposeCodec):
    """Another order of the axes: see ``zarr.codecs.TransposeCodec``. No element moves: strides are exchanged."""


@_final
class BytesCodec(Plain, _BytesCodec):
    """Elements one behind the other: see ``zarr.codecs.BytesCodec``. numpy looks at bytes as elements, and turns
    foreign ones round faster than a call of the library could."""


class _ArrayBytes(Plain):
    """A chunk as a whole, through a chain of this one codec. What the library lacks is left to the next class."""

    def _chain(self) -> Chain:
        chain: Chain | None = self.__dict__.get("_zarrc_chain")
        if chain is None:
            chain = Chain((self,))  # type: ignore[arg-type]
            object.__setattr__(self, "_zarrc_chain", chain)
        return chain

    def _decode_native(self, chunk_bytes: Buffer, spec: ArraySpec) -> NDBuffer:
        _check_buffer(chunk_bytes)
        chain = self._chain()
        bound = chain.bind(spec)
        _not_empty(spec.shape)
        count("codec")
        return spec.prototype.nd_buffer.from_numpy_array(
            chain.decode(bound, _contiguous(chunk_bytes), spec.config.order)
        )

    def _encode_native(self, chunk_array: NDBuffer, spec: ArraySpec) -> Buffer | None:
        raise NotImplementedError

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs work where that is best."""
        return work(*args)

    @_native(Unsupported)
    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return self._decode_native(chunk_bytes, chunk_spec)

    @_native(Unsupported)
    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return self._encode_native(chunk_array, chunk_spec)

    @_native(Unsupported)
    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await self._run(self._decode_native, chunk_bytes, chunk_spec)  # type: ignore[no-any-return]

    @_native(Unsupported)
    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return await self._run(self._encode_native, chunk_array, chunk_spec)  # type: ignore[no-any-return]

    def __getstate__(self) -> Any:
        return {key: value for key, value in self.__dict__.items() if key != "_zarrc_chain"}


class _Text(_ArrayBytes):
    def _encode_native(self, chunk_array: NDBuffer, spec: ArraySpec) -> Buffer | None:
        """The elements of an array, whatever its shape."""
        _check_buffer(chunk_array)
        _not_empty(chunk_array.shape)
        flat = dataclasses.replace(spec, shape=(math.prod(chunk_array.shape),))
        chain, value = self._chain(), chunk_array.as_numpy_array()
        bound = chain.bind(flat)
        try:
            data = chain.encode(bound, value, False)
        except TypeError:  # not all are texts
            try:
                data = chain.encode(bound, _without_missing(value, spec.dtype.default_scalar()), False)
            except TypeError as error:
                raise Unsupported(str(error)) from error
        count("codec")
        return None if data is None else spec.prototype.buffer.from_bytes(data)


@_final
class VLenUTF8Codec(_Text, _VLenUTF8Codec):
    """Strings of any length: see ``zarr.codecs.VLenUTF8Codec``."""


@_final
class VLenBytesCodec(_Text, _VLenBytesCodec):
    """Byte strings of any length: see ``zarr.codecs.VLenBytesCodec``."""


@_final
class ShardingCodec(_ArrayBytes, _ShardingCodec):
    """Chunks inside a chunk, with an index: see ``zarr.codecs.ShardingCodec``.

    Inner codecs that the library does not know are left to zarr-python's implementation.
    """

    def __getstate__(self) -> Any:
        return _ShardingCodec.__getstate__(self)

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        return await _stored.off_loop(work, *args)

    def _encode_native(self, chunk_array: NDBuffer, spec: ArraySpec) -> Buffer | None:
        _check_buffer(chunk_array)
        chain = self._chain()
        bound = chain.bind(spec)
        value = chunk_array.as_numpy_array()
        _not_empty(spec.shape)
        _check_elements(value, bound)
        if value.shape != bound.shape:
            raise Unsupported(f"a chunk of shape {value.shape} where one of {bound.shape} is due")
        count("codec")
        data = chain.encode(bound, value, True)
        return None if data is None else spec.prototype.buffer.from_bytes(data)

    @_native(Unsupported)
    async def _decode_partial_single(self, byte_getter: Any, selection: Any, shard_spec: ArraySpec) -> NDBuffer | None:
        out = self._out(selection, shard_spec)
        item = _item(byte_getter, selection, shard_spec, out)
        found = await _stored.read(self._chain(), [item], out)
        return self._result(out, shard_spec) if found[0] == _core.FOUND else None

    @_native(Unsupported)
    def _decode_partial_sync(self, byte_getter: Any, selection: Any, shard_spec: ArraySpec) -> NDBuffer | None:
        out = self._out(selection, shard_spec)
        item = _item(byte_getter, selection, shard_spec, out)
        return self._result(out, shard_spec) if _stored.read_sync(self._chain(), item, out) else None

    def decode_partial_sync(self, shard: Any, selection: Any, shard_spec: PlainSpec) -> Any:
        """Decodes what is selected of a shard, given as bytes; None: there is none, and None comes back."""
        return unwrapped(asyncio.run(self._decode_partial_single(Value(shard), selection, full_spec(shard_spec))))

    def encode_partial_sync(self, shard: Any, value: Any, selection: Any, shard_spec: PlainSpec) -> bytes | None:
        """The bytes of a shard in which what is selected has a new value. None: there is no shard, or none any more."""
        held = Value(shard)
        spec = full_spec(shard_spec)
        asyncio.run(self._encode_partial_single(held, wrapped(np.asarray(value)), selection, spec))
        return None if held.value is None else bytes(held.value.as_numpy_array())

    async def decode_partial(self, batch_info: Iterable[tuple[Any, Any, Any]]) -> Iterable[Any]:
        """Decodes what is selected of shards. With a `zarrc.ArraySpec` a shard is given as bytes, or None."""
        batch = list(batch_info)
        if not any(type(each[-1]) is PlainSpec for each in batch):
            return await super().decode_partial(batch)
        given = [(Value(shard), selection, full_spec(spec)) for shard, selection, spec in batch]
        return [unwrapped(each) for each in await super().decode_partial(given)]

    def _out(self, selection: Any, spec: ArraySpec) -> np.ndarray[Any, Any]:
        """Memory for what is selected of a shard."""
        bound = self._chain().bind(spec)
        shape = shape_of(selection, spec.shape)
        _not_empty(shape)
        count("codec")
        dtype = np.dtype(object) if bound.variable else bound.dtype
        return np.empty(shape, dtype, order=spec.config.order)

    def _result(self, out: np.ndarray[Any, Any], spec: ArraySpec) -> NDBuffer:
        dtype = self._chain().bind(spec).dtype
        return cpu.NDBuffer.from_numpy_array(out if out.dtype == dtype else out.astype(dtype))

    @_native(Unsupported)
    async def _encode_partial_single(
        self, byte_setter: Any, shard_array: NDBuffer, selection: Any, shard_spec: ArraySpec
    ) -> None:
        value = self._fitted(shard_array.as_numpy_array(), selection, shard_spec)
        count("codec")
        await _stored.write(self._chain(), [_item(byte_setter, selection, shard_spec, value)], value)

    @_native(Unsupported)
    def _encode_partial_sync(self, byte_setter: Any, value: NDBuffer, selection: Any, shard_spec: ArraySpec) -> None:
        fitted = self._fitted(value.as_numpy_array(), selection, shard_spec)
        count("codec")
        _stored.write_sync(self._chain(), _item(byte_setter, selection, shard_spec, fitted), fitted)

    def _fitted(self, value: np.ndarray[Any, Any], selection: Any, spec: ArraySpec) -> np.ndarray[Any, Any]:
        """The value in the shape of the selection. Where lists select, the caller may have dropped axes of length 1."""
        bound = self._chain().bind(spec)
        shape = shape_of(selection, spec.shape)
        _not_empty(shape)
        _check_elements(value, bound)
        if value.shape in ((), shape):
            return value
        if is_plain(selection) or not _lacks_unit_axes(value.shape, shape):
            raise Unsupported(f"a value of shape {value.shape} for a selection of shape {shape}")
        return value.reshape(shape)


def _without_missing(value: np.ndarray[Any, Any], empty: Any) -> np.ndarray[Any, Any]:
    """The elements, with an empty text for what zarr-python takes for a missing one: None, and what is equal to 0."""
    made = value.astype(object, order="C").ravel()
    for i, each in enumerate(made):
        if each is None or each == 0:
            made[i] = empty
    return made


def _check_buffer(chunk: Any) -> None:
    if not hasattr(chunk, "as_numpy_array"):
        raise Unsupported(f"a {type(chunk).__name__} is no buffer")


def _not_empty(shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise Unsupported("nothing is selected, or the chunk has no elements")


def _check_elements(value: np.ndarray[Any, Any], bound: Bound) -> None:
    """Leaves to numpy what is of another type than the chunk."""
    if not bound.variable and in_native_order(value.dtype) != in_native_order(bound.dtype):
        raise Unsupported(f"elements of {value.dtype} for a chunk of {bound.dtype}")


def _item(getter: Any, selection: Any, spec: ArraySpec, array: np.ndarray[Any, Any]) -> Item:
    """Part of a shard, and all of an array."""
    everywhere = tuple(slice(0, n) for n in array.shape)
    return getter, spec, selection, everywhere, is_whole(selection, spec.shape)


def _lacks_unit_axes(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether a shape is another one without some of its axes of length 1."""
    remaining = list(full)
    for n in shape:
        while remaining and remaining[0] != n:
            if remaining.pop(0) != 1:
                return False
        if not remaining:
            return False
        remaining.pop(0)
    return all(n == 1 for n in remaining)


BY_NAME |= {
    "blosc": BloscCodec,
    "bytes": BytesCodec,
    "crc32c": Crc32cCodec,
    "gzip": GzipCodec,
    "sharding_indexed": ShardingCodec,
    "transpose": TransposeCodec,
    "vlen-bytes": VLenBytesCodec,
    "vlen-utf8": VLenUTF8Codec,
    "zstd": ZstdCodec,
}
know(*BY_NAME.values())
