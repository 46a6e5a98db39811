# SPDX-License-Identifier: MIT
from collections.abc import Sequence
from typing import Any, final

version: str

class ZarrcError(Exception):
    status: str | None
    codec: str | None
    chunk: str | None
    key: str | None

class CorruptError(ZarrcError, ValueError, RuntimeError): ...
class InvalidError(ZarrcError, ValueError): ...
class UnsupportedError(ZarrcError, NotImplementedError): ...
class StoreError(ZarrcError, OSError): ...

@final
class Context:
    def __new__(cls, threads: int = 0, max_chunk_bytes: int = 0, fast_gzip: bool = False) -> Context: ...
    @property
    def threads(self) -> int: ...
    @property
    def memory(self) -> tuple[int, int]: ...
    def has_codec(self, name: str, /) -> bool: ...

@final
class Codec:
    def __new__(cls, context: Context, json: str) -> Codec: ...
    def encode(self, data: Any, /) -> bytes: ...
    def decode(self, data: Any, /) -> bytes: ...

@final
class Ranges:
    def __new__(cls) -> Ranges: ...
    def add(self, offset: int, nbytes: int, to_end: bool, data: Any, /) -> None: ...
    def take_wanted(self) -> list[tuple[int, int, bool]]: ...

@final
class Pipeline:
    def __new__(
        cls,
        context: Context,
        codecs: str,
        dtype: str,
        shape: tuple[int, ...],
        fill: bytes | str | None = None,
        write_empty_chunks: bool = False,
        subchunk_order: str = "morton",
        coalesce_gap: int = 0,
        coalesce_max: int = 0,
    ) -> Pipeline: ...
    @property
    def supports_partial_decode(self) -> bool: ...
    @property
    def item_size(self) -> int: ...
    def to_json(self) -> str: ...
    def read(
        self,
        items: list[tuple[Any, Any, Any, Any, bool]],
        sources: list[Any] | None,
        out: Any,
        big: bool,
        root: str | None,
        limit: int,
        /,
    ) -> list[Any] | None: ...
    def write(
        self,
        items: list[tuple[Any, Any, Any, Any, bool]],
        sources: list[Any] | None,
        value: Any,
        big: bool,
        fresh: list[bool] | None,
        root: str | None,
        encode: bool,
        limit: int,
        /,
    ) -> list[Any] | None: ...
    def read_picks(
        self, items: list[tuple[Any, ...]], big: bool, root: str | None, limit: int, /
    ) -> list[Any] | None: ...
    def write_picks(
        self, items: list[tuple[Any, ...]], big: bool, root: str | None, encode: bool, /
    ) -> list[Any]: ...

@final
class Array:
    def __new__(cls, context: Context, url: str, read_only: bool = True) -> Array: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def metadata(self) -> str: ...
    def read(self, entries: tuple[Any, ...], points: bool, memory: Any, big: bool, /) -> None: ...
    def write(self, entries: tuple[Any, ...], points: bool, memory: Any, big: bool, /) -> None: ...
    def read_items(self, entries: tuple[Any, ...], points: bool, /) -> list[Any]: ...
    def write_items(self, entries: tuple[Any, ...], points: bool, items: list[Any], /) -> None: ...
