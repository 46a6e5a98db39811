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
from typing import TYPE_CHECKING, Any

import zarr
from zarr.core.metadata.v3 import ArrayV3Metadata

import zarrc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["reencode", "to_zarr"]

Region = tuple[tuple[int, int], ...]


def _unit(array: zarr.Array[Any]) -> tuple[int, ...]:
    """What is written at once: a shard, or a chunk where there are none."""
    return array.shards or array.chunks


def _regions(shape: Sequence[int], unit: Sequence[int]) -> Iterator[Region]:
    axes = [[(i, min(i + edge, n)) for i in range(0, n, edge)] for n, edge in zip(shape, unit, strict=True)]
    return itertools.product(*axes)


def _open(url: str, mode: Any) -> zarr.Array[Any]:
    zarrc.install()
    return zarr.open_array(url, mode=mode)


def _copy(source: str, destination: str, region: Region) -> Region:
    """One task: a whole shard of the destination. Running it again does no harm."""
    at = tuple(slice(*each) for each in region)
    _open(destination, "r+")[at] = _open(source, "r")[at]
    return region


def _check(source: str, destination: str, region: Region) -> tuple[Region, bool]:
    at = tuple(slice(*each) for each in region)
    digests = {
        hashlib.sha256(_bytes(_open(url, "r")[at])).hexdigest() for url in (source, destination)
    }
    return region, len(digests) == 1


def _bytes(values: Any) -> bytes:
    if values.dtype.kind in "OT":
        return repr(values.tolist()).encode()
    data: bytes = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return data


class _Journal:
    """The regions that are done: one JSON line each behind a first line that says of what."""

    def __init__(self, path: str | None, head: dict[str, Any], resume: bool) -> None:
        self.done: set[Region] = set()
        self._file = None
        if path is None:
            if resume:
                raise ValueError("to resume needs a journal")
            return
        text = json.dumps(head, sort_keys=True)
        whole = 0
        if resume and os.path.exists(path):
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")[:-1]  # the last may have been cut off
            if lines and lines[0].decode() != text:
                raise ValueError(f"{path} is the journal of another run")
            self.done = {tuple(tuple(each) for each in json.loads(line)) for line in lines[1:]}
            whole = sum(len(line) + 1 for line in lines)
        self._file = open(path, "r+b" if whole else "wb")
        self._file.truncate(whole)
        self._file.seek(whole)
        if not whole:
            self._write(text)

    def add(self, region: Region) -> None:
        self.done.add(region)
        if self._file is not None:
            self._write(json.dumps(region))

    def _write(self, line: str) -> None:
        assert self._file is not None
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _create(
    source: zarr.Array[Any], destination: str, chunks: Any, shards: Any, codecs: Any, overwrite: bool
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
    return zarr.create_array(
        destination,
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


def _name(codec: Any) -> str:
    return codec if isinstance(codec, str) else str(codec["name"])


def _whole(codec: Any) -> dict[str, Any]:
    return {"name": codec} if isinstance(codec, str) else dict(codec)


def _run(client: Any, fn: Callable[..., Any], regions: list[Region], args: tuple[str, str], most: int) -> Iterator[Any]:
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
    max_in_flight: int | None = None,
    check: bool = True,
    progress: Callable[[int, int], None] | None = None,
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
        A file in which what is done is noted.
    resume : bool
        Go on where the journal ends; the destination must be there then.
    overwrite : bool
        Remove what is at the destination.
    max_in_flight : int, optional
        The most tasks under way; four for each thread of the cluster by default.
    check : bool
        Compare source and destination in the end.
    progress : callable, optional
        Called with the number of shards done and of all.

    Returns
    -------
    dict of str to int
        ``shards`` (all), ``written`` (by this call), ``checked``.

    Raises
    ------
    RuntimeError
        The final check found a difference.
    """
    distributed: Any = importlib.import_module("distributed")
    source = _open(src, "r")
    head = {"src": src, "dst": dst, "chunks": _listed(chunks), "shards": _listed(shards), "codecs": codecs}
    going_on = resume and journal is not None and os.path.exists(journal)
    target = _open(dst, "r+") if going_on else _create(source, dst, chunks, shards, codecs, overwrite)
    notes = _Journal(journal, head, resume)
    regions = list(_regions(target.shape, _unit(target)))
    todo = [region for region in regions if region not in notes.done]
    own = client is None
    client = distributed.Client() if own else client
    most = max_in_flight or 4 * max(1, sum(client.nthreads().values()))
    checked = 0
    try:
        for region in _run(client, _copy, todo, (src, dst), most):
            notes.add(region)
            if progress is not None:
                progress(len(notes.done), len(regions))
        if check:
            for region, same in _run(client, _check, regions, (src, dst), most):
                if not same:
                    raise RuntimeError(f"{dst}: differs from {src} in {region}")
                checked += 1
    finally:
        notes.close()
        if own:
            client.close()
    return {"shards": len(regions), "written": len(todo), "checked": checked}


def _listed(shape: Sequence[int] | None) -> list[int] | None:
    return None if shape is None else [int(n) for n in shape]


def to_zarr(
    array: Any,
    url: str,
    chunks: Sequence[int] | None = None,
    shards: Sequence[int] | None = None,
    *,
    compute: bool = True,
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
    **create
        For ``zarr.create_array``.

    Returns
    -------
    zarr.Array or dask object
    """
    arrays: Any = importlib.import_module("dask.array")
    zarrc.install()
    inner = tuple(chunks) if chunks is not None else tuple(axis[0] for axis in array.chunks)
    target = zarr.create_array(
        url, shape=array.shape, dtype=array.dtype, chunks=inner, shards=tuple(shards) if shards else None, **create
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
    verb.add_argument("--max-in-flight", type=int)
    verb.add_argument("--no-check", dest="check", action="store_false")
    given = parser.parse_args(arguments)
    distributed: Any = importlib.import_module("distributed")

    def progress(done: int, of: int) -> None:
        print(f"\r{done}/{of} shards", end="", file=sys.stderr, flush=True)

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
            max_in_flight=given.max_in_flight,
            check=given.check,
            progress=progress,
        )
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
