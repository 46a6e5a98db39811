# SPDX-License-Identifier: MIT
"""Dask as the engine beyond one machine: re-encoding of arrays, and storing of dask arrays, in whole shards."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import itertools
import json
import math
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import zarr
from zarr.core.common import concurrent_map
from zarr.core.metadata.v3 import ArrayV3Metadata
from zarr.core.sync import sync as wait_for
from zarr.errors import ContainsArrayError, ContainsGroupError
from zarr.storage import LocalStore

import zarrc
from zarrc import _remote
from zarrc._journal import Journal, Region, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["reencode", "to_zarr"]


class _Place(NamedTuple):
    """What a task is told of an array: nothing secret, unless the user wants that."""

    url: str
    options: dict[str, Any] | None = None


def _place(url: str, options: Mapping[str, Any] | None, secrets: bool) -> _Place:
    if not options:
        return _Place(url)
    hidden = [] if secrets else _remote.secrets(url, _remote.settings(url, options))
    if hidden:
        raise ValueError(
            f"storage_options: secrets ({', '.join(hidden)}) would go into every task: have the workers find them in "
            "their environment or their files, or say pickle_secrets=True"
        )
    return _Place(url, dict(options))


def _unit(array: zarr.Array[Any]) -> tuple[int, ...]:
    """What is written at once: a shard, or a chunk where there are none."""
    return array.shards or array.chunks


def _regions(shape: Sequence[int], unit: Sequence[int]) -> Iterator[Region]:
    axes = [[(i, min(i + edge, n)) for i in range(0, n, edge)] for n, edge in zip(shape, unit, strict=True)]
    return itertools.product(*axes)


def _open(place: _Place, mode: Any) -> zarr.Array[Any]:
    zarrc.install()
    return zarr.open_array(place.url, mode=mode, storage_options=place.options)


def _copy(source: _Place, destination: _Place, sync: bool, region: Region) -> tuple[Region, int | None]:
    """One task: a whole shard of the destination, and how many bytes are stored of it. Running it again does no harm.
    sync: they are on the disk then, where the destination is a directory."""
    at = tuple(slice(*each) for each in region)
    target = _open(destination, "r+")
    target[at] = _open(source, "r")[at]
    if sync:
        _settle(target, _key(target, region))
    return region, _stored_nbytes(target, [region])[0]


def _key(array: zarr.Array[Any], region: Region) -> str:
    """What a region is stored under, below the array."""
    at = tuple(start // edge for (start, _), edge in zip(region, _unit(array), strict=True))
    return str(array.metadata.encode_chunk_key(at))


def _stored_nbytes(array: zarr.Array[Any], regions: Sequence[Region]) -> list[int | None]:
    """How many bytes are stored of regions; None: nothing is."""

    async def one(place: Any) -> int | None:
        try:
            return int(await place.store.getsize(place.path))
        except FileNotFoundError:
            return None

    async def every() -> list[int | None]:
        places = [(array.store_path / _key(array, region),) for region in regions]
        return list(await concurrent_map(places, one, zarr.config.get("async.concurrency")))

    return wait_for(every())


def _settle(array: zarr.Array[Any], key: str = "") -> None:
    """Puts what is stored under a key, or without one the array's metadata, on the disk, and the directories that lead
    there. Stores that are no directories have done so."""
    if not isinstance(array.store, LocalStore):
        return
    root = Path(array.store.root).absolute() / array.store_path.path
    if key:
        paths = [root / key]
        paths += [parent for parent in paths[0].parents if parent.is_relative_to(root)]
    else:
        paths = [each for each in root.iterdir() if each.is_file()]
        paths += [root, *root.parents]
    for path in paths:
        try:
            settle(path)
        except FileNotFoundError:  # nothing is stored: it is all fill value
            continue
        except PermissionError:
            if path in root.parents:  # was there before
                continue
            raise


def _check(source: _Place, destination: _Place, region: Region) -> tuple[Region, bool]:
    at = tuple(slice(*each) for each in region)
    digests = {
        hashlib.sha256(_bytes(_open(place, "r")[at])).hexdigest() for place in (source, destination)
    }
    return region, len(digests) == 1


def _bytes(values: Any) -> bytes:
    if values.dtype.kind in "OT":
        return repr(values.tolist()).encode()
    data: bytes = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return data


def _create(
    source: zarr.Array[Any], destination: _Place, chunks: Any, shards: Any, codecs: Any, overwrite: bool
) -> zarr.Array[Any]:
    metadata = source.metadata
    serializer: Any = "auto"
    filters: Any = "auto" if codecs is None and not isinstance(metadata, ArrayV3Metadata) else ()
    compressors: Any = "auto"
    if codecs is not None:
        chain = [zarr.registry.get_codec_class(_name(each)).from_dict(_whole(each)) for each in codecs]
        filters = [each for each in chain if isinstance(each, zarr.abc.codec.ArrayArrayCodec)]
        serializer = next(each for each in chain if isinstance(each, zarr.abc.codec.ArrayBytesCodec))
        compressors = [each for each in chain if isinstance(each, zarr.abc.codec.BytesBytesCodec)]
    try:
        return zarr.create_array(
            destination.url,
            storage_options=destination.options,
            shape=source.shape,
            dtype=source.metadata.dtype,
            chunks=tuple(chunks) if chunks is not None else source.chunks,
            shards=tuple(shards) if shards is not None else None,
            filters=filters,
            serializer=serializer,
            compressors=compressors,
            fill_value=source.fill_value,
            attributes=dict(source.attrs),
            dimension_names=getattr(metadata, "dimension_names", None),
            overwrite=overwrite,
        )
    except (ContainsArrayError, ContainsGroupError) as error:
        raise FileExistsError(
            f"{destination.url}: is there already: overwrite removes it, and resume goes on where its journal ends"
        ) from error


def _go_on(source: zarr.Array[Any], destination: _Place, journal: str, chunks: Any, shards: Any) -> zarr.Array[Any]:
    """The destination of an earlier run."""
    try:
        target = _open(destination, "r+")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{destination.url}: is not there, though {journal} is its journal: without resume all is written anew"
        ) from error
    wanted = (source.shape, tuple(chunks or target.chunks), tuple(shards) if shards else None)
    if (target.shape, target.chunks, target.shards) != wanted:
        raise ValueError(f"{destination.url}: is another array than the one that {journal} is the journal of")
    return target


def _name(codec: Any) -> str:
    return codec if isinstance(codec, str) else str(codec["name"])


def _whole(codec: Any) -> dict[str, Any]:
    return {"name": codec} if isinstance(codec, str) else dict(codec)


def _run(client: Any, fn: Callable[..., Any], regions: list[Region], args: tuple[Any, ...], most: int) -> Iterator[Any]:
    """Results as they come, with no more than `most` tasks under way."""
    distributed: Any = importlib.import_module("distributed")
    waiting = iter(regions)

    def submit(region: Region) -> Any:
        return client.submit(fn, *args, region, retries=3, pure=False)

    running = distributed.as_completed([submit(region) for region in itertools.islice(waiting, most)])
    for future in running:
        yield future.result()
        region = next(waiting, None)
        if region is not None:
            running.add(submit(region))


def reencode(
    src: str,
    dst: str,
    chunks: Sequence[int] | None = None,
    shards: Sequence[int] | None = None,
    codecs: Sequence[Any] | None = None,
    *,
    client: Any = None,
    journal: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    sync: bool | None = None,
    max_in_flight: int | None = None,
    check: bool = True,
    progress: Callable[[int, int], None] | None = None,
    src_storage_options: Mapping[str, Any] | None = None,
    dst_storage_options: Mapping[str, Any] | None = None,
    pickle_secrets: bool = False,
) -> dict[str, int]:
    """Writes an array anew with other chunks, shards or codecs, on the workers of a dask cluster.

    Each task writes one whole shard of the destination (a chunk where there are no shards), so that no two tasks
    ever touch the same file, and a task that runs twice does no harm. Tasks carry URLs and numbers only.

    Parameters
    ----------
    src, dst : str
        URLs or paths that every worker can open with zarr-python.
    chunks, shards : sequence of int, optional
        Of the destination, in elements; the source's chunks, and no shards, by default.
    codecs : sequence, optional
        The destination's (inner) chain as in ``zarr.json``; zarr-python's defaults otherwise.
    client : distributed.Client, optional
        The cluster; a local one with processes otherwise.
    journal : str, optional
        A file in which is noted what is done.
    resume : bool
        Go on where the journal ends; without one begin. Shards of which another number of bytes is stored than the
        journal says are written again, and so is what a damaged end of the journal said, with a warning.
    overwrite : bool
        Remove what is at the destination.
    sync : bool, optional
        Have each shard on the disk before it counts as done, where the destination is a directory, so that a power
        cut loses nothing that the journal names. By default with a journal.
    max_in_flight : int, optional
        The most tasks under way; four for each thread of the cluster by default.
    check : bool
        Compare source and destination in the end.
    progress : callable, optional
        Called with the number of shards done and of all.
    src_storage_options, dst_storage_options : dict, optional
        For zarr-python's stores on servers, as those of ``s3:`` URLs. The tasks carry them.
    pickle_secrets : bool
        Have the tasks carry secrets, too, if there are any in the options. Otherwise they are refused, and every worker
        finds credentials in its own environment or files.

    Returns
    -------
    dict of str to int
        ``shards`` (all), ``written`` (by this call), ``checked``.

    Raises
    ------
    FileExistsError
        There is something at the destination.
    FileNotFoundError
        There is a journal to go on with, but no destination.
    ValueError
        The journal is that of another run, or no journal, or there are secrets in the options.
    RuntimeError
        The final check found a difference.
    """
    distributed: Any = importlib.import_module("distributed")
    origin = _place(src, src_storage_options, pickle_secrets)
    destination = _place(dst, dst_storage_options, pickle_secrets)
    source = _open(origin, "r")
    head = {"src": src, "dst": dst, "chunks": _listed(chunks), "shards": _listed(shards), "codecs": codecs}
    notes = None if journal is None else Journal(journal, head)
    sync = notes is not None if sync is None else sync
    if resume and notes is None:
        raise ValueError("to resume needs a journal")
    if notes is not None and resume and notes.can_go_on():
        target = _go_on(source, destination, notes.path, chunks, shards)
        regions = list(_regions(target.shape, _unit(target)))
        todo = _not_done(target, dst, notes, regions)
    else:
        target = _create(source, destination, chunks, shards, codecs, overwrite)
        todo = regions = list(_regions(target.shape, _unit(target)))
    if sync:
        _settle(target)
    own = client is None
    client = distributed.Client() if own else client
    most = max_in_flight or 4 * max(1, sum(client.nthreads().values()))
    checked, done = 0, len(regions) - len(todo)
    try:
        if notes is not None:
            notes.begin()
        for region, nbytes in _run(client, _copy, todo, (origin, destination, sync), most):
            if notes is not None:
                notes.add(region, nbytes)
            done += 1
            if progress is not None:
                progress(done, len(regions))
        if check:
            for region, same in _run(client, _check, regions, (origin, destination), most):
                if not same:
                    raise RuntimeError(f"{dst}: differs from {src} in {region}")
                checked += 1
    finally:
        if notes is not None:
            notes.close()
        if own:
            client.close()
    return {"shards": len(regions), "written": len(todo), "checked": checked}


def _not_done(target: zarr.Array[Any], destination: str, notes: Journal, regions: list[Region]) -> list[Region]:
    """The regions that a journal does not name, or of which something else is stored than it says."""
    noted = notes.read(set(regions))
    stored = dict(zip(noted, _stored_nbytes(target, list(noted)), strict=True))
    lost = sum(stored[region] != nbytes for region, nbytes in noted.items())
    if lost:
        warnings.warn(
            f"{destination}: {lost} shards are not there as {notes.path} says; they are written again",
            RuntimeWarning,
            stacklevel=3,
        )
    return [region for region in regions if region not in noted or stored[region] != noted[region]]


def _listed(shape: Sequence[int] | None) -> list[int] | None:
    return None if shape is None else [int(n) for n in shape]


def to_zarr(
    array: Any,
    url: str,
    chunks: Sequence[int] | None = None,
    shards: Sequence[int] | None = None,
    *,
    compute: bool = True,
    storage_options: Mapping[str, Any] | None = None,
    pickle_secrets: bool = False,
    **create: Any,
) -> Any:
    """Stores a dask array so that no two tasks write the same shard.

    Parameters
    ----------
    array : dask.array.Array
        What is stored; it is rechunked to whole shards.
    url : str
        Where to.
    chunks, shards : sequence of int, optional
        Of the stored array, in elements. Without `chunks` those of the dask array's first block.
    compute : bool
        Store now; else return what stores when it is computed.
    storage_options : dict, optional
        For zarr-python's stores on servers, as those of ``s3:`` URLs. They are in the graph.
    pickle_secrets : bool
        Let secrets be in the graph, too. Otherwise they are refused, and every worker finds credentials in its own
        environment or files.
    **create
        For ``zarr.create_array``.

    Returns
    -------
    zarr.Array or dask object
    """
    arrays: Any = importlib.import_module("dask.array")
    zarrc.install()
    inner = tuple(chunks) if chunks is not None else tuple(axis[0] for axis in array.chunks)
    place = _place(url, storage_options, pickle_secrets)
    target = zarr.create_array(
        place.url,
        storage_options=place.options,
        shape=array.shape,
        dtype=array.dtype,
        chunks=inner,
        shards=tuple(shards) if shards else None,
        **create,
    )
    unit = _unit(target)
    aligned = array.rechunk(tuple(min(edge, max(n, 1)) for edge, n in zip(unit, array.shape, strict=True)))
    stored = arrays.store(aligned, target, lock=False, compute=compute)
    return target if compute else stored


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``python -m zarrc.dask``."""
    parser = argparse.ArgumentParser(prog="python -m zarrc.dask")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("reencode", help="write an array anew with other chunks, shards or codecs")
    verb.add_argument("src")
    verb.add_argument("dst")
    verb.add_argument("--scheduler", help="address of a dask scheduler; a local cluster otherwise")
    verb.add_argument("--chunks", type=_shape, help="1024,1024")
    verb.add_argument("--shards", type=_shape)
    verb.add_argument("--codecs", type=json.loads, help="JSON list")
    verb.add_argument("--journal")
    verb.add_argument("--resume", action="store_true")
    verb.add_argument("--overwrite", action="store_true")
    verb.add_argument("--no-sync", dest="sync", action="store_false", help="do not wait for the disk")
    verb.add_argument("--max-in-flight", type=int)
    verb.add_argument("--no-check", dest="check", action="store_false")
    given = parser.parse_args(arguments)
    distributed: Any = importlib.import_module("distributed")

    def progress(done: int, of: int) -> None:
        print(f"\r{done}/{of} shards", end="", file=sys.stderr, flush=True)

    try:
        with distributed.Client(*([given.scheduler] if given.scheduler else [])) as client:
            result = reencode(
                given.src,
                given.dst,
                given.chunks,
                given.shards,
                given.codecs,
                client=client,
                journal=given.journal,
                resume=given.resume,
                overwrite=given.overwrite,
                sync=None if given.sync else False,
                max_in_flight=given.max_in_flight,
                check=given.check,
                progress=progress,
            )
    except (OSError, ValueError, RuntimeError) as error:
        parser.exit(1, f"\n{parser.prog}: {error}\n")
    print(file=sys.stderr)
    print(json.dumps(result))
    return 0


def _shape(text: str) -> tuple[int, ...]:
    shape = tuple(int(n) for n in text.split(","))
    if math.prod(shape) < 1 or min(shape) < 1:
        raise argparse.ArgumentTypeError("lengths must be positive")
    return shape


if __name__ == "__main__":
    sys.exit(main())
