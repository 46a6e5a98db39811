# SPDX-License-Identifier: MIT
"""The codecs' methods for those who have arrays of numpy and bytes, and a `zarrc.ArraySpec`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from zarrc._bases import cpu, full_spec
from zarrc._spec import ArraySpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


def wrapped(chunk: Any) -> Any:
    """A chunk as the codecs take it: of an array of numpy, or of bytes."""
    if chunk is None:
        return None
    is_array = isinstance(chunk, (np.ndarray, np.generic))
    return cpu.NDBuffer.from_numpy_array(np.asarray(chunk)) if is_array else cpu.Buffer.from_bytes(chunk)


def unwrapped(chunk: Any) -> Any:
    """What a codec made, as an array of numpy or as bytes."""
    if chunk is None:
        return None
    array = chunk.as_numpy_array()
    return array if isinstance(chunk, cpu.NDBuffer) else array.tobytes()


def full(spec: Any) -> Any:
    """The spec that a codec works with."""
    return full_spec(spec) if type(spec) is ArraySpec else spec


async def _batch(work: Callable[[Any], Awaitable[Any]], chunks_and_specs: Iterable[tuple[Any, Any]]) -> Any:
    pairs = list(chunks_and_specs)
    if not any(type(pair[-1]) is ArraySpec for pair in pairs):
        return await work(pairs)
    return [unwrapped(each) for each in await work([(wrapped(chunk), full(spec)) for chunk, spec in pairs])]


class Plain:
    """What zarr-python's methods do, for a `zarrc.ArraySpec` too: then chunks are arrays of numpy, and bytes."""

    def encode_sync(self, chunk: Any, chunk_spec: ArraySpec) -> Any:
        """Encodes one chunk: an array of numpy, or bytes."""
        return unwrapped(self._encode_sync(wrapped(chunk), full(chunk_spec)))  # type: ignore[attr-defined]

    def decode_sync(self, chunk: Any, chunk_spec: ArraySpec) -> Any:
        """Decodes one chunk; the inverse of `encode_sync`."""
        return unwrapped(self._decode_sync(wrapped(chunk), full(chunk_spec)))  # type: ignore[attr-defined]

    async def encode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        """Encodes a batch of chunks; None stays None."""
        return await _batch(super().encode, chunks_and_specs)  # type: ignore[misc,no-any-return]

    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        """Decodes a batch of chunks; None stays None."""
        return await _batch(super().decode, chunks_and_specs)  # type: ignore[misc,no-any-return]

    def evolve_from_array_spec(self, array_spec: Any) -> Any:
        """The codec with the settings that the data type decides."""
        return super().evolve_from_array_spec(full(array_spec))  # type: ignore[misc]

    def resolve_metadata(self, chunk_spec: Any) -> Any:
        """What the codec makes of a chunk."""
        resolved = super().resolve_metadata(full(chunk_spec))  # type: ignore[misc]
        return dataclasses.replace(chunk_spec, shape=resolved.shape) if type(chunk_spec) is ArraySpec else resolved

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        """The length of the encoded form; NotImplementedError where that depends on the data."""
        return super().compute_encoded_size(input_byte_length, full(chunk_spec))  # type: ignore[misc,no-any-return]


class Value:
    """A shard in memory, as zarr-python gets and sets a value of a store."""

    path = "shard"

    def __init__(self, data: Any) -> None:
        self.value = wrapped(data)

    async def get(self, prototype: Any = None, byte_range: Any = None) -> Any:
        return self.value

    async def set(self, value: Any) -> None:
        self.value = value

    async def delete(self) -> None:
        self.value = None
