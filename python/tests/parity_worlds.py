# SPDX-License-Identifier: MIT
"""Worlds in which calls of codec classes are made: zarr-python's classes, zarrc's beside it, or zarrc's in a process
without it."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import numpy as np
from parity_calls import damaged
from parity_outcomes import build, plain, unwrapped, wrapped


class Alone:
    """zarrc's classes with numpy alone."""

    def __init__(self) -> None:
        import zarrc
        import zarrc.codecs

        self.codecs, self._spec = zarrc.codecs, zarrc.ArraySpec

    def buffer(self, data: bytes) -> bytes:
        return data

    def array(self, data: Any) -> Any:
        return data

    def spec(self, given: dict[str, Any]) -> Any:
        settings = {"order": given["order"], "write_empty_chunks": given["write_empty_chunks"]}
        dtype = given["dtype"] if isinstance(given["dtype"], str) else np.dtype(given["dtype"])
        number = not isinstance(dtype, str) or dtype not in ("string", "bytes")
        fill = given["fill"] if number and np.dtype(dtype).kind in "biufc" else None
        return self._spec(given["shape"], dtype, fill, **settings)

    def grid(self, edges: tuple[int, ...]) -> Any:
        return edges

    def sync(self, codec: Any, way: str, *arguments: Any) -> Any:
        return getattr(codec, f"{way}_sync")(*arguments)

    async def place(self, kind: str, value: bytes | None) -> Any:
        return value


class Zarr:
    """Classes beside zarr-python: its own, or zarrc's."""

    def __init__(self, codecs: Any) -> None:
        from zarr.core.buffer import cpu, default_buffer_prototype

        self.codecs = codecs
        self.prototype = default_buffer_prototype()
        self.buffer, self.array = cpu.Buffer.from_bytes, cpu.NDBuffer.from_numpy_array

    def spec(self, given: dict[str, Any]) -> Any:
        from zarr.core.array_spec import ArrayConfig, ArraySpec
        from zarr.core.dtype import VariableLengthBytes, VariableLengthUTF8, get_data_type_from_native_dtype

        if given["dtype"] in ("string", "bytes"):
            kind: Any = VariableLengthUTF8() if given["dtype"] == "string" else VariableLengthBytes()
        else:
            kind = get_data_type_from_native_dtype(np.dtype(given["dtype"]))
        fill = kind.default_scalar()
        if given["fill"] is not None and np.dtype(kind.to_native_dtype()).kind in "biufc":
            fill = np.array(given["fill"], kind.to_native_dtype())[()]
        config = ArrayConfig(order=given["order"], write_empty_chunks=given["write_empty_chunks"])
        return ArraySpec(given["shape"], kind, fill, config, self.prototype)

    def grid(self, edges: tuple[int, ...]) -> Any:
        try:
            from zarr.core.metadata.v3 import RegularChunkGridMetadata as Regular
        except ImportError:
            from zarr.core.chunk_grids import RegularChunkGrid as Regular  # type: ignore[no-redef]
        return Regular(chunk_shape=edges)

    def sync(self, codec: Any, way: str, *arguments: Any) -> Any:
        return getattr(codec, f"_{way}_sync")(*arguments)

    async def place(self, kind: str, value: bytes | None) -> Any:
        from zarr.storage import LocalStore, MemoryStore
        from zarr.storage._common import StorePath

        store = MemoryStore() if kind == "memory" else LocalStore(self.folder())
        place = StorePath(store, "c/0")
        if value is not None:
            await place.set(self.buffer(value))
        elif await place.get() is not None:
            await place.delete()
        return place

    def folder(self) -> str:
        import tempfile

        if not hasattr(self, "_folder"):
            self._folder = tempfile.TemporaryDirectory()
        return self._folder.name

    async def stored(self, place: Any) -> bytes | None:
        value = await place.get()
        return None if value is None else value.to_bytes()

    def decode(self, call: dict[str, Any], data: Any) -> Any:
        """What stock makes of an encoded chunk, to compare encoded forms by."""
        spec = self.spec(call["spec"])
        codec = build(self, call["codec"], call["made"]).evolve_from_array_spec(spec)
        try:
            return plain(next(iter(asyncio.run(codec.decode([(wrapped(self, data), spec)])))))
        except Exception as error:  # a chunk that was damaged, and kept
            return type(error).__name__

    def prepare(self, call: dict[str, Any]) -> dict[str, Any]:
        """A call with what this world makes of the chunks that it decodes."""
        stored = call.get("stored")
        chunks = call["chunks"] if call["what"] == "decode" else [stored] if stored is not None else []
        ready: list[bytes | None] = []
        for chunk in chunks:
            if chunk is None or isinstance(chunk[0], str):
                ready.append(chunk)
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    spec = self.spec(call["spec"])
                    codec = build(self, call["codec"], call["made"]).evolve_from_array_spec(spec)
                    data = next(iter(asyncio.run(codec.encode([(wrapped(self, chunk[0]), spec)]))))
                    data = b"" if data is None else unwrapped(data)
                except Exception:
                    data = b"\x01\0\0\0\x02\0\0\0ab"
            ready.append(data if isinstance(data, np.ndarray) else damaged(data, chunk[1]))
        if call["what"] == "decode":
            return {**call, "ready": ready}
        return {**call, "ready": ready[0] if ready else None} if "partial" in call["what"] else call
