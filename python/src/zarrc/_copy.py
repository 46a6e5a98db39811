# SPDX-License-Identifier: MIT
"""Copies of arrays and hierarchies, with other chunks or codecs: the engine of ``zarrc copy``."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zarrc import _core, _remote
from zarrc._context import max_workers
from zarrc._core import UnsupportedError

_NEW, _OVERWRITE, _OVERWRITE_ALL, _RESUME = range(4)  # zarrc_copy_mode

Progress = Callable[[int, int], Any]


def _mode(overwrite: bool, resume: bool, force: bool) -> int:
    if overwrite and resume:
        raise ValueError("overwrite and resume exclude each other")
    if resume:
        return _RESUME
    if not overwrite:
        return _NEW
    return _OVERWRITE_ALL if force else _OVERWRITE


def _bytes(memory: int | str | None) -> int:
    """A number of bytes, or a size such as 512M; 0: none is given."""
    if memory is None:
        return 0
    try:
        nbytes = _remote.size(memory)
    except ValueError:
        raise ValueError(f"memory: {memory!r} is not a size such as 512M or 1G") from None
    if nbytes < 1 << 20:
        raise ValueError("memory: at least 1M is needed")
    return nbytes


def _shape(name: str, numbers: Iterable[int] | int | None) -> tuple[int, ...] | None:
    if numbers is None:
        return None
    shape = (numbers,) if isinstance(numbers, int) else tuple(int(n) for n in numbers)
    if any(n < 1 for n in shape):
        raise ValueError(f"{name}: {shape} has a number below 1")
    return shape


def _codecs(codecs: Any) -> str | None:
    """A chain in the short form or as JSON; codecs of zarrc or zarr-python, or their dictionaries, become JSON."""
    if codecs is None or isinstance(codecs, str):
        return codecs
    if isinstance(codecs, dict) or not isinstance(codecs, Iterable):
        codecs = [codecs]
    return json.dumps([codec.to_dict() if hasattr(codec, "to_dict") else codec for codec in codecs])


def _format(zarr_format: int) -> int:
    if zarr_format not in (2, 3):
        raise ValueError(f"zarr_format: {zarr_format!r} is neither 2 nor 3")
    return zarr_format


def _run(copier: _core.Copier, progress: Progress) -> None:
    """Runs it, and calls progress from this thread several times a second, and at the end."""
    failure: BaseException | None = None
    told: tuple[int, int] | None = None

    def tell() -> bool:
        nonlocal failure, told
        try:
            now = copier.progress
            if now != told and now[1] > 0:
                told = now
                progress(*now)
        except BaseException as error:
            failure = error
        return failure is not None

    try:
        _core.Stop(tell).run(copier.run)
    except _core.ZarrcError:
        if failure is None:
            raise
    if failure is None:
        tell()
    if failure is not None:
        raise failure


def _warn_of_notes(src: str, arrays: list[dict[str, Any]]) -> None:
    """Warns of each rule that the metadata of the source bend, once."""
    told: set[str] = set()
    for array in arrays:
        for sentence in array["notes"]:
            if sentence not in told:
                place = f"{src}/{array['path']}" if array["path"] else src
                warnings.warn(f"{place}: {sentence}", UserWarning, stacklevel=3)
            told.add(sentence)


def _warn_of_unlisted(src: str, report: dict[str, Any]) -> None:
    n = report["unlisted"]
    if n:
        such = f", such as {report['first_unlisted']!r}," if "first_unlisted" in report else ""
        warnings.warn(
            f"{src}: {n} array{'s' if n > 1 else ''} or group{'s' if n > 1 else ''}{such} {'are' if n > 1 else 'is'} not copied: "
            "consolidated metadata do not tell of them (use_consolidated=False), or a folder above is no group",
            RuntimeWarning,
            stacklevel=3,
        )


def _warn_of_stale(src: str, report: dict[str, Any]) -> None:
    n = report["stale"]
    if n:
        such = f"{report['first_stale']!r}" if n == 1 else f"{n} arrays or groups, such as {report['first_stale']!r},"
        warnings.warn(
            f"{src}: consolidated metadata are stale: {such} {'was' if n == 1 else 'were'} copied as they describe "
            f"{'it, not as its own documents do' if n == 1 else 'them, not as their own documents do'} (use_consolidated=False)",
            RuntimeWarning,
            stacklevel=3,
        )


def _place(place: Any, options: Mapping[str, Any] | None, read_only: bool) -> tuple[Any, _remote.Settings | None, str]:
    """Where to copy from or to, as the library takes it, with settings, and what that is called in messages."""
    if isinstance(place, (str, os.PathLike)):
        url = os.fspath(place)
        return url, _remote.settings(url, options), _core.url_shown(url)
    if options:
        raise ValueError("storage_options are for URLs; a store object has its own")
    from zarrc._foreign import foreign  # needs zarr-python, which takes a while to look for

    found = foreign(place)
    found.check_thread()
    if not read_only and not found.is_writable:
        raise ValueError(f"{found.name}: the store was opened for reading only")
    known = found.place(read_only, False)
    name = f"{found.name}/{found.path}".rstrip("/")
    return (found, None, name) if known is None else (*known, name)


def _check_apart(source: Any, target: Any) -> None:
    """Refuses a copy to where it comes from; of URLs the library finds out itself."""
    if not isinstance(source, str) and not isinstance(target, str) and source.is_same(target):
        raise ValueError(f"{target.name}: source and target are in one store, and one contains the other")


def copy(
    src: Any,
    dst: Any,
    *,
    chunks: Iterable[int] | int | None = None,
    shards: Iterable[int] | int | str | None = None,
    codecs: Any = None,
    key_encoding: str | None = None,
    separator: str | None = None,
    zarr_format: int = 3,
    overwrite: bool = False,
    force: bool = False,
    resume: bool = False,
    check: bool = False,
    other_files: bool = False,
    write_empty_chunks: bool = False,
    memory: int | str | None = None,
    threads: int | None = None,
    fast_gzip: bool = False,
    follow_links: bool = False,
    direct_io: bool = False,
    sync: bool = False,
    use_consolidated: bool = True,
    dry_run: bool = False,
    progress: Progress | None = None,
    src_storage_options: Mapping[str, Any] | None = None,
    dst_storage_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Copies an array, or a group and all below it, from a path or URL to another, as ``zarrc copy`` does.

    The copy is made aside and takes the place of ``dst`` as a whole when it is complete. What an interrupted copy has
    done is kept, and ``resume`` goes on with it. Other threads run meanwhile; Ctrl-C ends it in order.

    Parameters
    ----------
    src, dst : str or store
        Of a directory, a zip archive (``data.zip``, or ``zip:`` and a path), or a store on S3; of ``src`` also a URL of http. ``src``
        is only read. An archive is written as a whole, and ``resume`` does not go on with it. On S3 nothing is made aside: what
        is copied is below ``dst`` at once. Or stores of zarr-python (a `StorePath` for what is in one), obstore or fsspec, as
        for `zarrc.open`; in those nothing is made aside either, unless they are a `LocalStore`.
    chunks : sequence of int
        Shape of the chunks (inside shards, where there are shards). In a group: of the arrays with so many dimensions.
    shards : sequence of int or "none"
        Shape of the shards; "none" takes shards away.
    codecs : str or list
        Of the chunks: "bytes,zstd(5)", JSON, or a list of codecs of ``zarrc.codecs`` or of their dictionaries.
    key_encoding : {"default", "v2"}
    separator : {"/", "."}
        Spelling of chunk keys.
    zarr_format : {3, 2}
        Of the copy, whatever the source has. What format 2 has no words for, such as shards, is refused.
    overwrite : bool
        Replace the array or group that is there; with ``force`` also where files that are not Zarr lie in it.
        Not in a store object, where a copy cannot be made aside: what is there would be gone before the copy is there.
    resume : bool
        Go on with an unfinished copy, or add what is missing in the one that is there.
    check : bool
        Read back what was written and compare; with ``resume`` also what was there.
    other_files : bool
        Copy files that are not Zarr, too.
    write_empty_chunks : bool
        Store chunks in which all is fill value, too.
    memory : int or str
        The most memory for the copy: bytes, or "512M", "1G" (the default, which the codecs may exceed).
    threads : int
        That work at once; unless told, as many as zarrc uses.
    fast_gzip : bool
        Encode gzip with ISA-L: several times as fast, a little larger.
    follow_links : bool
        Follow symbolic links that lead out of a store.
    direct_io : bool
        Read and write past the page cache, where the file system allows that.
    sync : bool
        What was written is on the disk when the copy ends.
    use_consolidated : bool
        Copy what the consolidated metadata of ``src`` tell of, if it has any; else what has metadata of its own.
    dry_run : bool
        Only plan.
    progress : callable
        Called as ``progress(done, total)``, in objects (chunks or shards) of the copy, several times a second by the
        thread that called ``copy``. What it raises ends the copy, and is raised.
    src_storage_options, dst_storage_options : dict
        How the servers of ``src`` and ``dst`` are asked, as in `zarrc.open`.

    Returns
    -------
    dict
        The plan and what was done, with the names of ``zarrc copy --json``: ``arrays`` (a list with ``path``, ``shape``,
        ``chunk_shape``, ``codecs``, ``reads``, ...), ``groups``, ``objects``, ``nbytes``, ``memory``, ``threads``,
        ``replaces``, ``other_files``, ``unlisted``, ``stale``, ``zarr_format``; and unless it is a dry run ``written``, ``read``,
        ``skipped_objects``, ``mended_objects``, ``seconds``. A `RuntimeWarning` tells of arrays and groups that are not
        copied, and of arrays and groups that stale consolidated metadata describe otherwise than their own documents, a `UserWarning` of each rule that the metadata of the source bend. ``left`` is there only where something of the old version could not be removed, as
        what another user owns: the path where it is left, of which a ``RuntimeWarning`` tells, too.

    Raises
    ------
    FileNotFoundError
        There is no array and no group.
    ZarrcError
        Something is at ``dst`` already (``status`` is "CONFLICT").
    InvalidError
        Options that fit no array, or too little memory.
    UnsupportedError
        A codec or data type that cannot be read is to become another one, or format 2 has no words for something.
    CorruptError
        The source is damaged, or ``check`` found a difference.
    """
    mode = _mode(overwrite, resume, force)
    limit = _bytes(memory)
    no_shards = isinstance(shards, str)
    if isinstance(shards, str) and shards != "none":
        raise ValueError(f"shards: {shards!r} is neither numbers nor 'none'")
    context = _core.Context(
        threads=max_workers() if threads is None else threads, fast_gzip=fast_gzip, max_memory=limit
    )
    source, source_settings, shown = _place(src, src_storage_options, True)
    target, target_settings, target_shown = _place(dst, dst_storage_options, False)
    _check_apart(source, target)
    copier = _core.Copier(
        context,
        source,
        target,
        mode=mode,
        chunks=_shape("chunks", chunks),
        shards=None if isinstance(shards, str) else _shape("shards", shards),
        no_shards=no_shards,
        codecs=_codecs(codecs),
        key_encoding=key_encoding,
        separator=separator,
        write_empty_chunks=write_empty_chunks,
        other_files=other_files,
        check=check,
        memory=limit,
        follow_links=follow_links,
        direct_io=direct_io,
        sync=sync,
        zarr_format=_format(zarr_format),
        use_consolidated=use_consolidated,
        source_settings=source_settings,
        target_settings=target_settings,
    )
    copier.plan()
    planned = copier.report()
    if planned["replaces"] and not isinstance(target, str):
        raise UnsupportedError(
            f"{target_shown}: what is there is not replaced in a store object, where a copy cannot be made aside: it would be "
            "gone before the copy is there, and it may be what is copied; remove it first"
        )
    _warn_of_notes(shown, planned["arrays"])
    _warn_of_unlisted(shown, planned)
    started = time.monotonic()
    if not dry_run and progress is None:
        copier.run()
    elif not dry_run and progress is not None:
        _run(copier, progress)
    report = {
        "source": shown,
        "destination": target_shown,
        "dry_run": dry_run,
        "zarr_format": zarr_format,
        **copier.report(),
    }
    for array in report["arrays"]:
        array["codecs"] = json.loads(array["codecs"])
    if dry_run:
        for name in ("written", "read", "skipped_objects", "mended_objects"):
            del report[name]
    else:
        _warn_of_stale(shown, report)
        report |= {"checked": check, "seconds": time.monotonic() - started}
        if copier.left is not None:
            report["left"] = copier.left
            warnings.warn(
                f"{target_shown}: what could not be removed of the old version is left in {copier.left}; "
                "the next copy with overwrite=True tries again",
                RuntimeWarning,
                stacklevel=2,
            )
    return report
