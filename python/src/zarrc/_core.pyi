# SPDX-License-Identifier: MIT
import zlib
from collections.abc import Callable, Sequence
from gzip import BadGzipFile
from typing import Any, TypeVar, final

T = TypeVar("T")

version: str
libraries: dict[str, str | None]

# What a read found of a chunk: no value (fill value was read), one, that ranges of it have to be fetched first, or that
# the selections are no boxes; of a store of another library, that the value was changed since.
MISSING: int
FOUND: int
PENDING: int
NO_BOX: int
CONFLICT: int

# What a write makes of a chunk that has no key, where that is no new value: nothing was changed.
UNCHANGED: object

def url_shown(url: str, /) -> str: ...
def end_calls() -> None: ...

class ZarrcError(Exception):
    status: str | None
    codec: str | None
    chunk: str | None
    inner_chunk: str | None
    key: str | None
    offset: int | None

class CorruptError(ZarrcError, ValueError, RuntimeError): ...
class InvalidError(ZarrcError, ValueError): ...
class LimitError(InvalidError, RuntimeError, MemoryError): ...
class SettingError(InvalidError, RuntimeError, OverflowError): ...
class CorruptGzipError(CorruptError, EOFError, BadGzipFile, zlib.error): ...
class CorruptTextError(CorruptError, UnicodeDecodeError): ...
class UnsupportedError(ZarrcError, NotImplementedError): ...
class StoreError(ZarrcError, OSError): ...
class AccessError(StoreError, PermissionError): ...

@final
class Context:
    def __new__(
        cls, threads: int = 0, max_chunk_bytes: int = 0, fast_gzip: bool = False, max_memory: int = 0
    ) -> Context: ...
    @property
    def threads(self) -> int: ...
    @property
    def memory(self) -> tuple[int, int]: ...
    @property
    def codec_names(self) -> list[str]: ...
    def has_codec(self, name: str, /) -> bool: ...
    def is_stopped(self) -> bool: ...

@final
class Copier:
    def __new__(
        cls,
        context: Context,
        source: Any,
        target: Any,
        mode: int = 0,
        chunks: Sequence[int] | None = None,
        shards: Sequence[int] | None = None,
        no_shards: bool = False,
        codecs: str | None = None,
        key_encoding: str | None = None,
        separator: str | None = None,
        write_empty_chunks: bool = False,
        other_files: bool = False,
        check: bool = False,
        memory: int = 0,
        follow_links: bool = False,
        direct_io: bool = False,
        sync: bool = False,
        zarr_format: int = 0,
        use_consolidated: bool = True,
        source_settings: dict[str, Any] | None = None,
        target_settings: dict[str, Any] | None = None,
    ) -> Copier: ...
    @property
    def progress(self) -> tuple[int, int]: ...
    @property
    def left(self) -> str | None: ...
    def plan(self) -> None: ...
    def run(self) -> None: ...
    def report(self) -> dict[str, Any]: ...

@final
class Codec:
    def __new__(cls, context: Context, json: str) -> Codec: ...
    def encode(self, data: Any, /) -> bytes: ...
    def decode(self, data: Any, /) -> bytes: ...

@final
class Stop:
    def __new__(cls, is_due: Callable[[], bool] | None = None) -> Stop: ...
    def set(self) -> None: ...
    def run(self, function: Callable[..., T], /, *args: Any) -> T: ...

@final
class Store:
    def __new__(cls, context: Context, url: str, settings: dict[str, Any] | None = None) -> Store: ...

@final
class Ranges:
    def __new__(cls, context: Context, /) -> Ranges: ...
    def wanted(self, gap: int, max: int, /) -> list[tuple[int, int, bool]]: ...
    def add(self, values: list[Any] | None, /) -> None: ...

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
        root: str | Store | None,
        limit: int,
        /,
    ) -> list[int] | None: ...
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
        self, items: list[tuple[Any, ...]], big: bool, root: str | Store | None, limit: int, /
    ) -> list[Any] | None: ...
    def write_picks(
        self, items: list[tuple[Any, ...]], big: bool, root: str | None, encode: bool, /
    ) -> list[Any]: ...

@final
class Array:
    def __new__(
        cls,
        context: Context,
        place: Any,
        read_only: bool = True,
        follow_links: bool = False,
        sync: bool = False,
        use_consolidated: bool = True,
        strict: bool = False,
        settings: dict[str, Any] | None = None,
    ) -> Array: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def inner_chunks(self) -> tuple[int, ...] | None: ...
    @property
    def fill(self) -> bytes | str: ...
    @property
    def data_type(self) -> str: ...
    @property
    def metadata(self) -> str: ...
    @property
    def attributes(self) -> str: ...
    @property
    def document(self) -> str: ...
    @property
    def notices(self) -> tuple[str, ...]: ...
    def read(self, entries: tuple[Any, ...], points: bool, memory: Any, big: bool, /) -> None: ...
    def write(self, entries: tuple[Any, ...], points: bool, memory: Any, big: bool, /) -> None: ...
    def read_items(self, entries: tuple[Any, ...], points: bool, /) -> list[Any]: ...
    def write_items(self, entries: tuple[Any, ...], points: bool, items: list[Any], /) -> None: ...

_Texts = tuple[str, str, str | None, str | None, str | None, str | None, str, str]

def verify(
    context: Context, store: Store, deep: bool = ..., digest: bytes | None = ..., after: str | None = ...
) -> tuple[list[_Texts], dict[str, int]]: ...
def digest(context: Context, store: Store, values: bool = ...) -> tuple[bytes, dict[str, Any]]: ...
