# SPDX-License-Identifier: MIT
"""Zarr in C: codecs and a codec pipeline for zarr-python, and arrays without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarrc import _core
from zarrc._array import Array, open
from zarrc._chunk import decode_chunk, encode_chunk
from zarrc._context import context, counters
from zarrc._copy import copy
from zarrc._core import AccessError, CorruptError, InvalidError, StoreError, UnsupportedError, ZarrcError
from zarrc._spec import ArraySpec
from zarrc._verify import Finding, Verification, digest, verify
from zarrc._version import __version__

if TYPE_CHECKING:
    from zarrc._stored import UnalignedWriteError
    from zarrc.pipeline import CodecPipeline

__all__ = [
    "AccessError",
    "Array",
    "ArraySpec",
    "CodecPipeline",
    "CorruptError",
    "Finding",
    "InvalidError",
    "StoreError",
    "UnalignedWriteError",
    "UnsupportedError",
    "Verification",
    "ZarrcError",
    "__version__",
    "copy",
    "counters",
    "decode_chunk",
    "digest",
    "encode_chunk",
    "info",
    "install",
    "open",
    "verify",
]

_CODECS = {
    "blosc": "BloscCodec",
    "bytes": "BytesCodec",
    "crc32c": "Crc32cCodec",
    "gzip": "GzipCodec",
    "sharding_indexed": "ShardingCodec",
    "transpose": "TransposeCodec",
    "vlen-bytes": "VLenBytesCodec",
    "vlen-utf8": "VLenUTF8Codec",
    "zstd": "ZstdCodec",
}


def __getattr__(name: str) -> Any:
    if name == "CodecPipeline":
        from zarrc.pipeline import CodecPipeline

        return CodecPipeline
    if name == "UnalignedWriteError":
        from zarrc._stored import UnalignedWriteError

        return UnalignedWriteError
    raise AttributeError(f"module 'zarrc' has no attribute {name!r}")


def install(*, pipeline: bool = True, codecs: bool = False) -> None:
    """Makes zarr-python use zarrc in this process.

    Parameters
    ----------
    pipeline : bool
        Use ``zarrc.CodecPipeline`` for arrays that are opened from now on.
    codecs : bool
        Use the classes of ``zarrc.codecs`` for the codecs that metadata names.
    """
    import zarr
    from zarr.registry import register_codec, register_pipeline

    settings: dict[str, str] = {}
    if pipeline:
        from zarrc.pipeline import CodecPipeline

        register_pipeline(CodecPipeline)
        settings["codec_pipeline.path"] = "zarrc.CodecPipeline"
    if codecs:
        import zarrc.codecs

        for name, class_name in _CODECS.items():
            register_codec(name, getattr(zarrc.codecs, class_name))
            settings[f"codecs.{name}"] = f"zarrc.codecs.{class_name}"
    zarr.config.set(settings)


def info() -> dict[str, Any]:
    """Versions, codecs and threads.

    Returns
    -------
    dict
        ``zarrc`` and ``libzarrc`` (versions), ``zarr`` (version or None), ``codecs`` (names of those that were built
        in, the ``numcodecs.*`` last), ``missing`` (names of the others), ``libraries`` (versions by name, None: built without it), ``threads`` (that work at once), ``memory`` (bytes held by the library now, and at most), ``counters``.
    """
    try:
        import zarr

        zarr_version: str | None = zarr.__version__
    except ImportError:
        zarr_version = None
    threads = context()
    names = sorted(threads.codec_names, key=lambda name: (name.startswith("numcodecs."), name))
    return {
        "zarrc": __version__,
        "libzarrc": _core.version,
        "zarr": zarr_version,
        "codecs": [name for name in names if threads.has_codec(name)],
        "missing": [name for name in names if not threads.has_codec(name)],
        "libraries": dict(_core.libraries),
        "threads": threads.threads,
        "memory": threads.memory,
        "counters": counters(),
    }
