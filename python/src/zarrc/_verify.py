# SPDX-License-Identifier: MIT
"""Finds what is wrong with stored data, and what has changed: the engines of ``zarrc verify`` and ``zarrc digest``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zarrc import _core, _remote
from zarrc._context import max_workers
from zarrc._copy import _bytes


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with what is stored, or odd about it.

    Attributes
    ----------
    severity : {"fault", "note"}
        A note is worth a remark, but everything can be read.
    key : str
        Below what was verified.
    chunk, inner : tuple of int or None
        Coordinates in the grid of chunks, and of the (outermost) inner chunk in its shard; None: it is about none.
    byte : int or None
        In the stored value.
    codec : str or None
    what, fix : str
        What is wrong, and what can be done about it.
    """

    severity: str
    key: str
    chunk: tuple[int, ...] | None
    inner: tuple[int, ...] | None
    byte: int | None
    codec: str | None
    what: str
    fix: str


def _coordinates(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    return tuple(int(n) for n in text.split("/")[0].split(",")) if text else ()


class Verification(list[Finding]):
    """All findings, in the order of their keys.

    Attributes
    ----------
    counts : dict of str to int
        What was looked at: ``nodes``, ``keys``, ``nbytes``, ``chunks``, ``inner_chunks``, ``faults``, ``notes``.
    """

    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether there is no fault; there may be notes."""
        return self.counts["faults"] == 0


def _store(
    url: str | os.PathLike[str], threads: int | None, memory: int | str | None, options: Mapping[str, Any] | None
) -> tuple[_core.Context, _core.Store]:
    context = _core.Context(threads=max_workers() if threads is None else threads, max_memory=_bytes(memory))
    name = os.fspath(url)
    return context, _core.Store(context, name, _remote.settings(name, options))


def verify(
    url: str | os.PathLike[str],
    *,
    deep: bool = False,
    digest: bytes | str | os.PathLike[str] | None = None,
    after: str | None = None,
    threads: int | None = None,
    memory: int | str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Verification:
    """Looks at an array, or a group and all below it, and finds what is wrong. Nothing is written.

    It looks at documents, consolidated metadata that say something else, keys that belong to no chunk, sizes that cannot
    be, the indices of shards, and what killed writers have left.

    Parameters
    ----------
    url : str
        A path or URL, as in `zarrc.open`.
    deep : bool
        Decode all chunks, too.
    digest : bytes, str or path
        What `zarrc.digest` has returned for the same data, or the path of a file with it: what was lost, exchanged or
        changed since is found, too.
    after : str
        Leave out keys up to this one, to go on after an interruption.
    threads : int
        That work at once; unless told, as many as zarrc uses.
    memory : int or str
        The most memory for documents and chunks: bytes, or "512M", "1G".
    storage_options : dict
        How a server is asked, as in `zarrc.open`.

    Returns
    -------
    Verification
        A list of findings, with ``ok`` and ``counts``.

    Raises
    ------
    FileNotFoundError
        Nothing is stored there.
    InvalidError
        The digest is damaged.
    UnsupportedError
        The store cannot list its keys.
    """
    if digest is not None and not isinstance(digest, bytes):
        with open(digest, "rb") as file:
            digest = file.read()
    context, store = _store(url, threads, memory, storage_options)
    found, counts = _core.verify(context, store, deep=deep, digest=digest, after=after)
    result = Verification(
        Finding(
            severity,
            key,
            _coordinates(chunk),
            _coordinates(inner),
            None if byte is None else int(byte),
            codec,
            what,
            fix,
        )
        for severity, key, chunk, inner, byte, codec, what, fix in found
    )
    result.counts = counts
    return result


def digest(
    url: str | os.PathLike[str],
    *,
    values: bool = False,
    threads: int | None = None,
    memory: int | str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """Hashes (SHA-256) each stored key of an array, or of a group and all below it, and each inner chunk of shards.

    Parameters
    ----------
    url : str
        A path or URL, as in `zarrc.open`.
    values : bool
        Also hash the elements and the metadata: the same for all copies, whatever their chunks, codecs and Zarr format.
    threads, memory, storage_options
        As in `zarrc.verify`.

    Returns
    -------
    bytes, dict
        The digest as ``zarrc digest`` writes it, for `zarrc.verify`, and its ``root`` and ``values`` (in hexadecimal, or
        None), with the number of ``keys``, their ``nbytes``, and ``inner_chunks``.

    Raises
    ------
    FileNotFoundError
        Nothing is stored there.
    UnsupportedError
        The store cannot list its keys, or zarrc was built without libcrypto.
    """
    context, store = _store(url, threads, memory, storage_options)
    return _core.digest(context, store, values=values)
