# SPDX-License-Identifier: MIT
"""What zarr-python gives to the classes of ``zarrc.codecs``, over numpy alone, for where zarr-python is not installed:
array specs, buffers, byte requests, and the nine codecs without their arithmetic on bytes.

Names, parameters and behaviour are those of zarr-python 3.4. `zarrc._bases` chooses.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Literal, NoReturn, Self, get_args

import numpy as np

from zarrc._buffers import Buffer, NDBuffer
from zarrc._core import InvalidError
from zarrc._names import BY_NAME
from zarrc._spec import ArraySpec

# ----------------------------------------------------------------------------------------------------------- stores


@dataclass(frozen=True)
class RangeByteRequest:
    """Bytes from start up to end."""

    start: int
    end: int


@dataclass(frozen=True)
class OffsetByteRequest:
    """Bytes from offset to the end."""

    offset: int


@dataclass(frozen=True)
class SuffixByteRequest:
    """The last bytes."""

    suffix: int


class Store:
    """There are no stores, thus none of these."""


class StorePath(Store):
    pass


class LocalStore(StorePath):
    pass


class MemoryStore(StorePath):
    pass


class WrapperStore(StorePath):
    pass


class FsspecStore(StorePath):
    pass


class ObjectStore(StorePath):
    pass


class ZipStore(StorePath):
    pass


class V2Codec:
    """There is no format 2."""


async def concurrent_map(items: list[Any], work: Callable[..., Awaitable[Any]], limit: int | None = None) -> list[Any]:
    gate = asyncio.Semaphore(limit or len(items) or 1)

    async def one(item: Any) -> Any:
        async with gate:
            return await work(*item)

    return list(await asyncio.gather(*(one(item) for item in items)))


def event_loop() -> asyncio.AbstractEventLoop:
    raise TypeError("zarr-python is needed")


# ------------------------------------------------------------------------------------------------------- parameters


def _integer(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, not an integer")
    return value


def _name_of(value: Any, name: str, codec: str) -> Any:
    """The value of a member of somebody's enum; anything else as it is."""
    if not isinstance(value, Enum):
        return value
    warnings.warn(
        f"{codec}({name}=...): members of enums are deprecated, give the text instead.", DeprecationWarning, stacklevel=3
    )
    return value.value


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {list(choices)}, not {value!r}")
    return value


def _shape(value: Any, least: int) -> tuple[int, ...]:
    if isinstance(value, (int, np.integer)):
        value = (value,)
    try:
        shape = tuple(value)
    except TypeError:
        raise TypeError(f"an integer or integers are wanted, not {value!r}") from None
    if not all(isinstance(n, (int, np.integer)) for n in shape):
        raise TypeError(f"integers are wanted, not {value!r}")
    if any(n < least for n in shape):
        raise ValueError(f"integers of at least {least} are wanted, not {value!r}")
    return tuple(int(n) for n in shape)


def _configuration(data: Any, name: str, required: bool = True) -> dict[str, Any]:
    """The configuration of a codec in a metadata document."""
    if not isinstance(data, dict):
        raise TypeError(f"a dictionary is wanted, not {type(data).__name__}")
    if "name" not in data:
        raise ValueError(f"a codec without a name: {data}")
    if not isinstance(data["name"], str):
        raise TypeError(f"name is {data['name']!r}, not a string")
    if data["name"] != name:
        raise ValueError(f"the codec's name is {data['name']!r}, not {name!r}")
    if "configuration" not in data:
        if required:
            raise ValueError(f"{name}: a configuration is missing")
        return {}
    if not isinstance(data["configuration"], dict):
        raise TypeError(f"{name}: the configuration is {data['configuration']!r}, not a dictionary")
    return dict(data["configuration"])


# ------------------------------------------------------------------------------------------------------------ enums


class _Names(type):
    """Makes a class of names whose attributes are texts. They are deprecated, as a text is as good."""

    _members: dict[str, str]

    def __getattr__(cls, name: str) -> str:
        members: dict[str, str] = type.__getattribute__(cls, "_members")
        if name not in members:
            raise AttributeError(name)
        warnings.warn(
            f"{cls.__name__}.{name} is deprecated, give {members[name]!r} instead.", DeprecationWarning, stacklevel=2
        )
        return members[name]


class BloscShuffle(metaclass=_Names):
    """Deprecated names of how Blosc reorders bytes."""

    _members: ClassVar[dict[str, str]] = {"noshuffle": "noshuffle", "shuffle": "shuffle", "bitshuffle": "bitshuffle"}

    @staticmethod
    def from_int(num: int) -> str:
        names = {0: "noshuffle", 1: "shuffle", 2: "bitshuffle"}
        if num not in names:
            raise ValueError(f"a shuffle is 0, 1 or 2, not {num}")
        return names[num]


class BloscCname(metaclass=_Names):
    """Deprecated names of the compressors in Blosc."""

    _members: ClassVar[dict[str, str]] = {
        "lz4": "lz4",
        "lz4hc": "lz4hc",
        "blosclz": "blosclz",
        "snappy": "snappy",
        "zstd": "zstd",
        "zlib": "zlib",
    }


class Endian(metaclass=_Names):
    """Deprecated names of byte orders."""

    _members: ClassVar[dict[str, str]] = {"little": "little", "big": "big"}


class ShardingCodecIndexLocation(metaclass=_Names):
    """Deprecated names of where a shard has its index."""

    _members: ClassVar[dict[str, str]] = {"start": "start", "end": "end"}


SubchunkWriteOrder = Literal["morton", "unordered", "lexicographic", "colexicographic"]

# ----------------------------------------------------------------------------------------------------------- codecs


@dataclass(frozen=True)
class BaseCodec:
    """A codec: its settings, its JSON, and batches of what a subclass does with one chunk."""

    is_fixed_size: ClassVar[bool] = False
    _name: ClassVar[str] = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls(**_configuration(data, cls._name))

    def to_dict(self) -> dict[str, Any]:
        configuration = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {"name": self._name, "configuration": configuration}

    def _set(self, **settings: Any) -> None:
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        return self

    def resolve_metadata(self, chunk_spec: Any) -> Any:
        return chunk_spec

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        pass

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        raise NotImplementedError(f"{self._name}: how long the encoded form is depends on the data")

    async def encode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        return await concurrent_map([(self._encode_single, *each) for each in chunks_and_specs], _unless_none, 10)

    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        return await concurrent_map([(self._decode_single, *each) for each in chunks_and_specs], _unless_none, 10)

    # One chunk that the library cannot do: there is nobody else to ask.

    def _encode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        self._refuse()

    def _decode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        self._refuse()

    async def _encode_single(self, chunk: Any, chunk_spec: Any) -> Any:
        return self._encode_sync(chunk, chunk_spec)

    async def _decode_single(self, chunk: Any, chunk_spec: Any) -> Any:
        return self._decode_sync(chunk, chunk_spec)

    def _refuse(self) -> NoReturn:
        reason = sys.exception()
        raise InvalidError(f"{self._name}: {reason or 'nothing can be done with this chunk'}") from reason


async def _unless_none(work: Callable[[Any, Any], Awaitable[Any]], chunk: Any, spec: Any) -> Any:
    return None if chunk is None else await work(chunk, spec)


@dataclass(frozen=True)
class BloscCodec(BaseCodec):
    """Blosc."""

    _name = "blosc"
    _tunable_attrs: set[str] = dataclasses.field(init=False)
    typesize: int
    cname: str
    clevel: int
    shuffle: str
    blocksize: int

    def __init__(
        self,
        *,
        typesize: int | None = None,
        cname: str = "zstd",
        clevel: int = 5,
        shuffle: str | None = None,
        blocksize: int = 0,
    ) -> None:
        cname = _name_of(cname, "cname", "BloscCodec")
        shuffle = _name_of(shuffle, "shuffle", "BloscCodec")
        tunable = {name for name, value in (("typesize", typesize), ("shuffle", shuffle)) if value is None}
        size = 1 if typesize is None else _integer(typesize, "typesize")
        if size < 1:
            raise ValueError(f"typesize is {size}, not at least 1")
        self._set(
            _tunable_attrs=tunable,
            typesize=size,
            cname=_choice(cname, "cname", ("lz4", "lz4hc", "blosclz", "snappy", "zlib", "zstd")),
            clevel=_integer(clevel, "clevel"),
            shuffle=_choice(
                "bitshuffle" if shuffle is None else shuffle, "shuffle", ("noshuffle", "shuffle", "bitshuffle")
            ),
            blocksize=_integer(blocksize, "blocksize"),
        )

    def to_dict(self) -> dict[str, Any]:
        names = ("typesize", "cname", "clevel", "shuffle", "blocksize")
        return {"name": "blosc", "configuration": {name: getattr(self, name) for name in names}}

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        size = array_spec.dtype.item_size or 1
        codec = self
        if "typesize" in self._tunable_attrs:
            codec = replace(codec, typesize=size)
        if "shuffle" in self._tunable_attrs:
            codec = replace(codec, shuffle="bitshuffle" if size == 1 else "shuffle")
        return codec


@dataclass(frozen=True)
class GzipCodec(BaseCodec):
    """gzip."""

    _name = "gzip"
    level: int = 5

    def __init__(self, *, level: int = 5) -> None:
        if _integer(level, "level") not in range(10):
            raise ValueError(f"level is {level}, outside 0 to 9")
        self._set(level=level)


@dataclass(frozen=True)
class ZstdCodec(BaseCodec):
    """Zstandard."""

    _name = "zstd"
    level: int = 0
    checksum: bool = False

    def __init__(self, *, level: int = 0, checksum: bool = False) -> None:
        if _integer(level, "level") > 22:
            raise ValueError(f"level is {level}, more than 22")
        if not isinstance(checksum, bool):
            raise TypeError(f"checksum is {checksum!r}, neither True nor False")
        self._set(level=level, checksum=checksum)


@dataclass(frozen=True)
class Crc32cCodec(BaseCodec):
    """A CRC-32C behind the bytes."""

    _name = "crc32c"
    is_fixed_size = True

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        _configuration(data, cls._name, False)
        return cls()

    def to_dict(self) -> dict[str, Any]:
        return {"name": "crc32c"}

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        return input_byte_length + 4


@dataclass(frozen=True)
class TransposeCodec(BaseCodec):
    """Another order of the axes."""

    _name = "transpose"
    is_fixed_size = True
    order: tuple[int, ...]

    def __init__(self, *, order: Iterable[int]) -> None:
        if not isinstance(order, Iterable) or not all(isinstance(n, int) for n in order):
            raise TypeError(f"integers are wanted, not {order!r}")
        self._set(order=tuple(order))

    def _check(self, ndim: int) -> None:
        if sorted(self.order) != list(range(ndim)):
            raise ValueError(f"order {self.order} is no order of {ndim} axes")

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        self._check(len(shape))

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        self._check(len(array_spec.shape))
        return self

    def resolve_metadata(self, chunk_spec: Any) -> Any:
        return replace(chunk_spec, shape=tuple(chunk_spec.shape[self.order[i]] for i in range(len(chunk_spec.shape))))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        return input_byte_length

    def _encode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        return chunk.transpose(self.order)

    def _decode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        return chunk.transpose(tuple(int(i) for i in np.argsort(self.order)))


@dataclass(frozen=True)
class BytesCodec(BaseCodec):
    """Elements one behind the other."""

    _name = "bytes"
    is_fixed_size = True
    endian: str | None

    def __init__(self, *, endian: str | None = sys.byteorder) -> None:
        endian = _name_of(endian, "endian", "BytesCodec")
        self._set(endian=None if endian is None else _choice(endian, "endian", ("little", "big")))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls(**{"endian": None, **_configuration(data, cls._name, False)})

    def to_dict(self) -> dict[str, Any]:
        return {"name": "bytes"} if self.endian is None else super().to_dict()

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        if not array_spec.dtype.has_byte_order:
            return self if self.endian is None else replace(self, endian=None)
        if self.endian is not None:
            return self
        if array_spec.dtype.to_native_dtype().names is None:
            raise ValueError("endian has to be given for elements of several bytes")
        warnings.warn("endian is not given for fields of several bytes: little is taken", UserWarning, stacklevel=2)
        return replace(self, endian="little")

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        return input_byte_length

    def _encode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        if self.endian is not None:
            chunk = chunk.astype(chunk.dtype.newbyteorder(self.endian))
        return Buffer(chunk.as_numpy_array().ravel().view("u1"))

    def _decode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        dtype = chunk_spec.dtype.to_native_dtype()
        stored = dtype if self.endian is None else dtype.newbyteorder(self.endian)
        return NDBuffer(chunk.as_numpy_array().view(stored).astype(dtype, copy=False).reshape(chunk_spec.shape))


@dataclass(frozen=True)
class _VLenCodec(BaseCodec):
    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls(**_configuration(data, cls._name, False))

    def _encode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        return Buffer.from_bytes(bytes(4)) if 0 in chunk.shape else self._refuse()

    def _decode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        if 0 not in chunk_spec.shape or chunk.as_numpy_array().tobytes() != bytes(4):
            self._refuse()
        dtype = chunk_spec.dtype.to_native_dtype() if self._name == "vlen-utf8" else object
        return NDBuffer(np.empty(chunk_spec.shape, dtype))


@dataclass(frozen=True)
class VLenUTF8Codec(_VLenCodec):
    """Strings of any length."""

    _name = "vlen-utf8"


@dataclass(frozen=True)
class VLenBytesCodec(_VLenCodec):
    """Byte strings of any length."""

    _name = "vlen-bytes"


def _codecs(values: Iterable[Any]) -> tuple[Any, ...]:
    """Codecs of which some may be JSON, in an order that makes a chain."""
    if not isinstance(values, Iterable):
        raise TypeError(f"codecs are wanted, not {values!r}")
    made = []
    for each in values:
        if isinstance(each, BaseCodec):
            made.append(each)
            continue
        name = each if isinstance(each, str) else each.get("name") if isinstance(each, dict) else None
        found = BY_NAME.get(str(name))
        if found is None:
            raise ValueError(f"{each!r} is none of the codecs {sorted(BY_NAME)}")
        made.append(found.from_dict({"name": name} if isinstance(each, str) else each))
    return tuple(made)


@dataclass(frozen=True)
class ShardingCodec(BaseCodec):
    """Chunks inside a chunk, with an index."""

    _name = "sharding_indexed"
    chunk_shape: tuple[int, ...]
    codecs: tuple[Any, ...]
    index_codecs: tuple[Any, ...]
    index_location: str = "end"
    subchunk_write_order: str = "morton"

    def __init__(
        self,
        *,
        chunk_shape: Any,
        codecs: Iterable[Any] = ({"name": "bytes", "configuration": {"endian": "little"}},),
        index_codecs: Iterable[Any] = (
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "crc32c"},
        ),
        index_location: str = "end",
        subchunk_write_order: str = "morton",
    ) -> None:
        index = _codecs(index_codecs)
        index_location = _name_of(index_location, "index_location", "ShardingCodec")
        self._set(
            chunk_shape=_shape(chunk_shape, 1),
            codecs=_codecs(codecs),
            index_codecs=index,
            index_location=_choice(index_location, "index_location", ("start", "end")),
            subchunk_write_order=_choice(subchunk_write_order, "subchunk_write_order", get_args(SubchunkWriteOrder)),
        )
        if not all(each.is_fixed_size for each in index):
            raise ValueError(f"index_codecs {index} do not make an index of a fixed size")

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": self.chunk_shape,
                "codecs": tuple(each.to_dict() for each in self.codecs),
                "index_codecs": tuple(each.to_dict() for each in self.index_codecs),
                "index_location": self.index_location,
            },
        }

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        spec = replace(array_spec, shape=self.chunk_shape)
        evolved = []
        for each in self.codecs:
            codec = each.evolve_from_array_spec(spec)
            spec = codec.resolve_metadata(spec)
            evolved.append(codec)
        return self if tuple(evolved) == self.codecs else replace(self, codecs=tuple(evolved))

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        edges = getattr(chunk_grid, "chunk_shape", chunk_grid)
        if len(self.chunk_shape) != len(shape):
            raise ValueError(f"inner chunks of shape {self.chunk_shape} in an array of {len(shape)} axes")
        for axis, (edge, inner) in enumerate(zip(edges, self.chunk_shape, strict=False)):
            if edge % inner:
                raise ValueError(f"axis {axis}: inner chunks of {inner} do not divide the shard's {edge}")
        for each in self.codecs:
            each.validate(shape=self.chunk_shape, dtype=dtype, chunk_grid=self.chunk_shape)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        size = 16
        for edge, inner in zip(chunk_spec.shape, self.chunk_shape, strict=False):
            size *= edge // inner
        for each in self.index_codecs:
            size = each.compute_encoded_size(size, chunk_spec)
        return input_byte_length + size

    async def decode_partial(self, batch_info: Iterable[tuple[Any, Any, Any]]) -> Iterable[Any]:
        return await concurrent_map(list(batch_info), self._decode_partial_single, 10)

    async def encode_partial(self, batch_info: Iterable[tuple[Any, Any, Any, Any]]) -> None:
        await concurrent_map(list(batch_info), self._encode_partial_single, 10)

    async def _decode_partial_single(self, byte_getter: Any, selection: Any, chunk_spec: Any) -> Any:
        dtype = chunk_spec.dtype.to_native_dtype()
        selected = np.asarray(np.broadcast_to(np.zeros((), dtype), chunk_spec.shape)[selection])
        if len(self.chunk_shape) != len(chunk_spec.shape):
            self._refuse()
        if await byte_getter.get() is None:
            return None
        if selected.size:
            self._refuse()
        return NDBuffer(selected.copy())

    async def _encode_partial_single(self, byte_setter: Any, value: Any, selection: Any, chunk_spec: Any) -> None:
        self._refuse()

