# SPDX-License-Identifier: MIT
"""The codec pipeline for zarr-python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zarr.abc.codec
from zarr.codecs import ShardingCodec
from zarr.core.buffer import cpu
from zarr.core.codec_pipeline import BatchedCodecPipeline

from zarrc import _inline, _stored
from zarrc._chain import Chain, Unsupported
from zarrc._context import count, count_fallback, logger, setting
from zarrc._core import FOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from zarr.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer


class CodecPipeline(zarr.abc.codec.CodecPipeline):
    """Reads and writes chunks through libzarrc.

    Choose it with ``zarr.config.set({"codec_pipeline.path": "zarrc.CodecPipeline"})``, with the environment variable
    ``ZARR_CODEC_PIPELINE__PATH=zarrc.CodecPipeline``, or with ``zarrc.install()``.

    Chunks of a plain ``LocalStore`` are read and written by the library. It also reads those of an ``FsspecStore`` over
    http or s3fs, of an ``ObjectStore`` over obstore's ``HTTPStore`` or ``S3Store``, and of a ``ZipStore``, where their
    settings show that they mean the same to it. All others come and go through the store's own methods, and the
    library decodes and encodes. Codecs, data types and buffer prototypes
    that the library lacks are left to zarr-python, with one line in the log ``zarrc`` for each array; with
    ``codec_pipeline.strict`` that is a ``NotImplementedError``.

    Threads and, in a ``LocalStore``, processes that write different elements of one chunk or shard lose nothing;
    in other stores that holds for the threads of one process. Settings, all below ``codec_pipeline``:
    ``max_workers`` (threads that work at once, 1: none are made), ``strict``, ``guard_unaligned_writes`` (writes
    of parts of shards are refused with `zarrc.UnalignedWriteError`), ``inline_bytes`` (chunks that together
    decode to no more are read and written without handing the work to another thread; 0: none), ``fast_gzip``
    (gzip of levels 1 to 9 is written by ISA-L: several times as fast, a little larger).

    Parameters
    ----------
    python : zarr.core.codec_pipeline.BatchedCodecPipeline
        zarr-python's own pipeline of the same codecs.
    """

    def __init__(self, python: BatchedCodecPipeline) -> None:
        self._python = python
        self._chain = Chain(tuple(python))
        self._said = False

    @classmethod
    def from_codecs(cls, codecs: Iterable[Codec], *, batch_size: int | None = None) -> Self:
        return cls(BatchedCodecPipeline.from_codecs(codecs, batch_size=batch_size))

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        return type(self)(self._python.evolve_from_array_spec(array_spec))

    # What the codecs say of themselves is zarr-python's business.

    @property
    def codecs(self) -> tuple[Codec, ...]:
        """The codecs in order."""
        return self._chain.codecs

    @property
    def array_array_codecs(self) -> tuple[ArrayArrayCodec, ...]:
        """The codecs from arrays to arrays."""
        return self._python.array_array_codecs

    @property
    def array_bytes_codec(self) -> ArrayBytesCodec:
        """The codec from arrays to bytes."""
        return self._python.array_bytes_codec

    @property
    def bytes_bytes_codecs(self) -> tuple[BytesBytesCodec, ...]:
        """The codecs from bytes to bytes."""
        return self._python.bytes_bytes_codecs

    @property
    def batch_size(self) -> int:
        """Chunks that zarr-python's own pipeline handles at once; the library takes all of a call."""
        return self._python.batch_size

    def __iter__(self) -> Iterator[Codec]:
        return iter(self._python)

    def __eq__(self, other: object) -> bool:
        return self.codecs == other.codecs if isinstance(other, CodecPipeline) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(type(codec) for codec in self.codecs))

    def __repr__(self) -> str:
        return f"zarrc.CodecPipeline({list(self.codecs)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._python,)

    @property
    def supports_partial_decode(self) -> bool:
        return self._python.supports_partial_decode

    @property
    def supports_partial_encode(self) -> bool:
        return self._python.supports_partial_encode

    def validate(self, **kwargs: Any) -> None:
        self._python.validate(**kwargs)

    def compute_encoded_size(self, byte_length: int, array_spec: ArraySpec) -> int:
        return self._python.compute_encoded_size(byte_length, array_spec)

    # Data.

    def _python_because(self, call: str, reason: Unsupported) -> BatchedCodecPipeline:
        """Notes that zarr-python's own pipeline serves a call."""
        if setting("codec_pipeline.strict", False):
            raise NotImplementedError(f"zarrc cannot do this natively: {reason}") from reason
        if not self._said:
            self._said = True
            logger.info("left to zarr-python's own pipeline: %s", reason)
        count_fallback(call, reason)
        return self._python

    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ArraySpec]]
    ) -> Iterable[NDBuffer | None]:
        batch = list(chunk_bytes_and_specs)
        await _inline.let_others_run()
        try:
            bound = [self._chain.bind(spec) for _, spec in batch]
        except Unsupported as reason:
            return await self._python_because("decode", reason).decode(batch)
        count("decode", len(batch))

        def work() -> list[NDBuffer | None]:
            return [
                None
                if data is None
                else cpu.NDBuffer.from_numpy_array(
                    self._chain.decode(each, data.as_numpy_array(), spec.config.order)
                )
                for each, (data, spec) in zip(bound, batch, strict=True)
            ]

        result: list[NDBuffer | None] = await _stored.off_loop(work)
        return result

    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ArraySpec]]
    ) -> Iterable[Buffer | None]:
        batch = list(chunk_arrays_and_specs)
        await _inline.let_others_run()
        try:
            bound = [self._chain.bind(spec) for _, spec in batch]
        except Unsupported as reason:
            return await self._python_because("encode", reason).encode(batch)
        count("encode", len(batch))
        sharded = any(isinstance(codec, ShardingCodec) for codec in self.codecs)

        def work() -> list[bytes | None]:
            return [
                None if array is None else self._chain.encode(each, array.as_numpy_array(), elide=sharded)
                for each, (array, _) in zip(bound, batch, strict=True)
            ]

        return [
            None if data is None else spec.prototype.buffer.from_bytes(data)
            for data, (_, spec) in zip(await _stored.off_loop(work), batch, strict=True)
        ]

    async def read(
        self,
        batch_info: Iterable[tuple[Any, ArraySpec, Any, Any, bool]],
        out: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> Any:
        batch = list(batch_info)
        await _inline.let_others_run()
        try:
            if type(out) is not cpu.NDBuffer:
                raise _strange(out)
            found = await _stored.read(self._chain, batch, out.as_numpy_array(), drop_axes)
        except Unsupported as reason:
            return await self._python_because("read", reason).read(batch, out, drop_axes)
        count("read", len(batch))
        return tuple([{"status": "present" if each == FOUND else "missing"} for each in found])

    async def write(
        self,
        batch_info: Iterable[tuple[Any, ArraySpec, Any, Any, bool]],
        value: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> None:
        batch = list(batch_info)
        await _inline.let_others_run()
        try:
            if type(value) is not cpu.NDBuffer:
                raise _strange(value)
            await _stored.write(self._chain, batch, value.as_numpy_array(), drop_axes)
        except Unsupported as reason:
            await self._python_because("write", reason).write(batch, value, drop_axes)
            return
        count("write", len(batch))


def _strange(array: NDBuffer) -> Unsupported:
    return Unsupported(f"an array buffer of class {type(array).__qualname__}")


def _rebuild(python: BatchedCodecPipeline) -> CodecPipeline:
    return CodecPipeline(python)


CodecPipeline.__module__ = "zarrc"
