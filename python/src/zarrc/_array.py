# SPDX-License-Identifier: MIT
"""Arrays at a URL, without zarr-python, or in a store of another library."""

from __future__ import annotations

import functools
import json
import math
import operator
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from zarrc import _core, _remote
from zarrc._context import context, hold
from zarrc._dtypes import exportable, to_numpy
from zarrc._selection import Picks, beside_list, crossed, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrc._foreign import Foreign

BIG = sys.byteorder == "big"
_INT = {int}


class _Indexer:
    """`array.oindex` and `array.vindex`: arrays of indices in one way or the other."""

    def __init__(self, array: Array, parse: Callable[[Any, tuple[int, ...]], Picks]) -> None:
        self._array = array
        self._parse = parse

    def __getitem__(self, selection: Any) -> Any:
        return self._array._read(self._parse(selection, self._array.shape))[()]

    def __setitem__(self, selection: Any, value: Any) -> None:
        pick = self._parse(selection, self._array.shape)
        self._array._write(pick, self._array._values(value, pick.shape))


class Array:
    """An array in a store, sliced as numpy slices.

    ``array[...]`` takes integers, slices with any step, an ellipsis, None, and, as numpy has them, one list of indices
    or mask beside slices and integers, lists for all axes (points), or a mask of the array's shape. ``array.oindex[...]`` takes
    every combination of what integers, slices, lists and masks select of each axis, ``array.vindex[...]`` single
    points, or a mask. Only chunks, and of shards only inner chunks, that hold something of the selection are read.
    All of them can be written to; a chunk that others write other elements of at the same time loses nothing.
    `zarrc.open` makes arrays.

    Parameters
    ----------
    url : str or store
        Of the array's directory; or a store object, see `zarrc.open`.
    read_only : bool
        Refuse to write.
    follow_links : bool
        Follow symbolic links that lead out of the array's directory.
    sync : bool
        A write ends when what it stored is on the disk.
    use_consolidated, strict, pickle_secrets : bool
        See `zarrc.open`.
    inside : str
        Path of the array in a store object.
    settings : dict, optional
        Of the server; `zarrc.open` makes them of ``storage_options``.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
        ``object`` for strings and bytes of variable length.
    chunks, shards : tuple of int
        As zarr-python has them: `chunks` are the inner chunks where there are shards, else `shards` is None.
    fill_value
        What is read where nothing was written.
    ndim, size, itemsize, nbytes, nchunks, cdata_shape, path, read_only
        As zarr-python has them; `path` is the path or URL that the array was opened with.
    metadata : dict
        The array's ``zarr.json``, or the ``.zarray`` of Zarr format 2.
    attrs : dict
        Its attributes.
    notices : tuple of str
        A sentence for each rule of the specification that the stored metadata bend.
    oindex, vindex
        Orthogonal and vectorised selection.
    """

    def __init__(
        self,
        url: Any,
        read_only: bool,
        follow_links: bool = False,
        sync: bool = False,
        use_consolidated: bool = True,
        strict: bool = False,
        settings: _remote.Settings | None = None,
        pickle_secrets: bool = False,
        inside: str = "",
    ) -> None:
        self._foreign: Foreign | None = None
        self._place: Any = url
        if not isinstance(url, str):
            self._foreign = _foreign_of(url, inside, read_only)
            self._url = f"{self._foreign.name}/{self._foreign.path}".rstrip("/")
        else:
            self._url = url
            if url[:1] != "/" and ":" not in url.split("/")[0]:
                self._place = os.path.abspath(url)
        self._inside = inside
        self._settings = settings
        self._pickle_secrets = pickle_secrets
        self._options = (read_only, follow_links, sync, use_consolidated, strict)
        self._opened: _core.Array | None = None
        self.dtype: np.dtype[Any] = to_numpy(json.loads(self._array.data_type))
        hold(self)

    @functools.cached_property
    def metadata(self) -> dict[str, Any]:
        return json.loads(self._array.metadata)  # type: ignore[no-any-return]

    @functools.cached_property
    def _chunk_grid(self) -> dict[str, Any]:
        return json.loads(self._array.document)["chunk_grid"]  # type: ignore[no-any-return]

    @property
    def _array(self) -> _core.Array:
        threads = context()
        if self._foreign is not None:
            self._foreign.check_thread()
        opened = self._opened
        if opened is None:
            opened = self._opened = self._open(threads)
        return opened

    def _open(self, threads: _core.Context) -> _core.Array:
        if self._foreign is None:
            return _core.Array(threads, self._url, *self._options, self._settings)
        read_only, _, sync, use_consolidated, strict = self._options
        place = self._foreign.place(read_only, True)
        try:
            if place is not None:
                return _core.Array(threads, place[0], read_only, True, sync, use_consolidated, strict, place[1])
        except FileNotFoundError:
            if place is None or place[0].startswith("file:"):
                raise
        except _core.ZarrcError as error:
            if not self._foreign.may_know_better(error):
                raise
        return _core.Array(threads, self._foreign, *self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._foreign is not None:
            return Array, (self._place, *self._options, None, False, self._inside)
        secrets = [] if self._pickle_secrets else _remote.secrets(self._url, self._settings)
        if secrets:
            raise TypeError(
                f"an array that was opened with secrets ({', '.join(secrets)}) is not pickled: have each process find "
                "them in its environment or its files, or open it with pickle_secrets=True"
            )
        return Array, (self._place, *self._options, self._settings, self._pickle_secrets)

    def forget(self) -> None:
        """Gives up what belongs to a context that is no longer used; internal."""
        self._opened = None

    @property
    def notices(self) -> tuple[str, ...]:
        return self._array.notices

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def path(self) -> str:
        return self._url

    @property
    def read_only(self) -> bool:
        return self._options[0]

    @property
    def chunks(self) -> tuple[int, ...]:
        inner = self._array.inner_chunks
        return self._grid() if inner is None else inner

    @property
    def shards(self) -> tuple[int, ...] | None:
        return None if self._array.inner_chunks is None else self._grid()

    def _grid(self) -> tuple[int, ...]:
        grid = self._chunk_grid
        if grid["name"] != "regular":
            raise NotImplementedError(f"chunks of a {grid['name']} grid have no common shape")
        return tuple(grid["configuration"]["chunk_shape"])

    @property
    def cdata_shape(self) -> tuple[int, ...]:
        return tuple(-(-n // edge) for n, edge in zip(self.shape, self.chunks, strict=True))

    @property
    def nchunks(self) -> int:
        return math.prod(self.cdata_shape)

    @property
    def fill_value(self) -> Any:
        fill: Any = self._array.fill
        return fill if self.dtype == object else np.frombuffer(fill, self.dtype)[0]

    @property
    def attrs(self) -> dict[str, Any]:
        return dict(json.loads(self._array.attributes))

    @property
    def oindex(self) -> _Indexer:
        return _Indexer(self, crossed)

    @property
    def vindex(self) -> _Indexer:
        return _Indexer(self, paired)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over an array without axes")
        step = max(1, self._grid()[0] if self._chunk_grid["name"] == "regular" else 1)
        for start in range(0, len(self), step):
            yield from self[start : start + step]

    def __repr__(self) -> str:
        return f"<zarrc.Array {self.shape} {self.dtype}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("an array in a store can only be copied into memory")
        return np.asarray(self[...], dtype)

    def __getitem__(self, selection: Any) -> Any:
        """Reads a selection.

        Parameters
        ----------
        selection : int, slice, list, numpy.ndarray, Ellipsis, None, or a tuple of these
            As numpy takes them; see the class.

        Returns
        -------
        numpy.ndarray or scalar
            A copy, of the shape that numpy would give.

        Raises
        ------
        IndexError
            An index lies outside, or the selection is of another kind.
        CorruptError
            A chunk cannot be decoded.
        """
        if type(selection) is tuple and set(map(type, selection)) == _INT:
            element = _element(selection, self.shape)
            if element is not None:  # found in half the time that the other ways take
                return self._read(element)[()]
        if _has_lists(selection):
            pick, axis = beside_list(selection, self.shape)
            return np.moveaxis(self._read(pick), axis, 0)
        pick, after = self._plan(selection)
        return self._read(pick)[after]

    def __setitem__(self, selection: Any, value: Any) -> None:
        """Writes to what `__getitem__` reads.

        Parameters
        ----------
        selection : int, slice, list, numpy.ndarray, Ellipsis, None, or a tuple of these
            As numpy takes them; see the class. Of an element that is selected twice the last value stays.
        value : array_like
            Of the selection's shape, or broadcast to it; converted to the array's type.

        Raises
        ------
        InvalidError
            The array was opened for reading only.
        TypeError
            An element of an array of strings is no str, or of one of bytes no bytes.
        """
        if _has_lists(selection):
            pick, axis = beside_list(selection, self.shape)
            turned_shape = (pick.shape[axis], *pick.shape[:axis], *pick.shape[axis + 1 :])
            self._write(pick, np.moveaxis(self._values(value, turned_shape), 0, axis))
            return
        pick, after = self._plan(selection)
        shape = [1 if entry is None else n for entry, n in _axes(after, pick.shape) if entry != 0]
        turned = [0 if entry is None else None if entry == 0 else entry for entry in after]
        self._write(pick, self._values(value, tuple(shape))[(*turned, Ellipsis)])

    def _values(self, value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """A value in the array's type, for a selection of this shape; what fits is not copied."""
        if type(value) is np.ndarray and value.dtype == self.dtype and self.dtype != object:
            while value.ndim > len(shape) and value.shape[0] == 1:
                value = value[0]
            return np.broadcast_to(value, shape)
        memory: np.ndarray[Any, Any] = np.empty(shape, self.dtype)
        memory[...] = value
        return memory

    def _read(self, pick: Picks) -> np.ndarray[Any, Any]:
        n = math.prod(pick.shape)
        if self.dtype == object:
            texts: np.ndarray[Any, Any] = np.empty(n, object)
            texts[:] = self._array.read_items(pick.entries, pick.points)
            return texts.reshape(pick.shape)
        out = np.empty(n if pick.points else pick.shape, self.dtype)
        self._array.read(pick.entries, pick.points, exportable(out), BIG)
        return out.reshape(pick.shape)

    def _write(self, pick: Picks, memory: np.ndarray[Any, Any]) -> None:
        if pick.points:
            memory = memory.reshape(-1)
        if self.dtype == object:
            self._array.write_items(pick.entries, pick.points, memory.ravel().tolist())
        else:
            self._array.write(pick.entries, pick.points, exportable(memory), BIG)

    def _plan(self, selection: Any) -> tuple[Picks, tuple[Any, ...]]:
        """Slices with positive steps, and what remains to be done with what they select."""
        shape = self.shape
        entries = list(selection) if isinstance(selection, tuple) else [selection]
        named = sum(1 for entry in entries if entry is not None and entry is not Ellipsis)
        if named > len(shape):
            raise IndexError(f"{named} indices for an array with {len(shape)} axes")
        if not any(entry is Ellipsis for entry in entries):
            entries.append(Ellipsis)
        at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        entries[at : at + 1] = [slice(None)] * (len(shape) - named)
        slices: list[slice] = []
        counts: list[int] = []
        after: list[Any] = []
        for entry in entries:
            if entry is None:
                after.append(None)
                continue
            length = shape[len(slices)]
            if isinstance(entry, slice):
                indices = range(*entry.indices(length))
                backwards = indices.step < 0
                if backwards:
                    indices = indices[::-1]
                after.append(slice(None, None, -1) if backwards else slice(None))
                slices.append(slice(indices.start, indices.stop, indices.step) if indices else slice(0, 0, 1))
                counts.append(len(indices))
            elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
                index = int(entry) + (length if entry < 0 else 0)
                if not 0 <= index < length:
                    raise IndexError(f"index {entry} is out of bounds for an axis of length {length}")
                slices.append(slice(index, index + 1, 1))
                counts.append(1)
                after.append(0)
            else:
                raise IndexError("only integers, slices, an ellipsis, None and arrays of indices or bool select")
        return Picks(False, tuple(slices), tuple(counts)), tuple(after)


def _axes(after: tuple[Any, ...], shape: tuple[int, ...]) -> list[tuple[Any, int]]:
    """What remains to be done, with the length of the axis that it is done to."""
    lengths = iter(shape)
    return [(entry, 1 if entry is None else next(lengths)) for entry in after]


def _element(selection: tuple[int, ...], shape: tuple[int, ...]) -> Picks | None:
    """One element; None: an index lies outside, or some are missing."""
    if len(selection) != len(shape):
        return None
    index = tuple([i + n if i < 0 else i for i, n in zip(selection, shape, strict=True)])
    return Picks(False, index, ()) if all(map(operator.lt, index, shape)) and min(index) >= 0 else None


def _foreign_of(store: Any, inside: str, read_only: bool) -> Foreign:
    """A store of another library."""
    from zarrc._foreign import foreign  # needs zarr-python, which takes a while to look for

    found = foreign(store, inside)
    if not read_only and not found.is_writable:
        raise ValueError(f"{found.name}: the store was opened for reading only")
    return found


def _has_lists(selection: Any) -> bool:
    entries = selection if isinstance(selection, tuple) else (selection,)
    return any(isinstance(entry, list) or (isinstance(entry, np.ndarray) and entry.ndim > 0) for entry in entries)


def open(
    url: Any,
    mode: str = "r",
    *,
    path: str = "",
    follow_links: bool = False,
    sync: bool = False,
    use_consolidated: bool = True,
    strict: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    pickle_secrets: bool = False,
) -> Array:
    """Opens the array at a path or URL (``file:``, ``zip:``, ``http:``, ``https:``, ``s3:``), without zarr-python; or in
    a store of zarr-python, obstore or fsspec, with zarr-python.

    A zip archive is opened as a directory is: ``data.zip/group/array``. Archives and what is at a URL of http can only
    be read.

    Parameters
    ----------
    url : str or store
        Of the array's directory; or a store object of zarr-python (also a `StorePath`), a store of obstore, or a mapper or file
        system of fsspec. The library opens the place of a store by itself where that means the same; else it calls the
        store's methods, in zarr-python's event loop, for many chunks at once.
    mode : {"r", "r+"}
        Read only, or read and write.
    path : str
        Of the array in a store object.
    follow_links : bool
        Follow symbolic links that lead out of the array's directory, as those of git-annex, DataLad and DVC do. Links
        that stay inside are followed in any case; without this, others are a `PermissionError`.
    sync : bool
        A write ends when what it stored is on the disk, so that a power cut cannot take it away.
    use_consolidated : bool
        An array without metadata of its own is looked for in the consolidated metadata of the groups above.
    strict : bool
        Refuse stored metadata that bend a rule of the specification, as an `InvalidError`. Otherwise those that can be
        understood are read, with a `UserWarning` for each; see `Array.notices`.
    storage_options : dict
        How a server is asked, by the names that fsspec, s3fs and obstore have. For http, https and s3: ``headers`` (a
        dictionary; sent to no other server), ``ca_file``, ``max_requests`` (at the same time, 64), ``connect_timeout``,
        ``stall_timeout``, ``retry_timeout`` (seconds), ``tries``, ``gap`` (bytes between ranges that are read in one
        request), ``http2``, ``missing_403`` (a chunk for which the server answers 403 is not there), ``cache`` and
        ``cache_dir`` (what is read is kept in so much memory, a size such as "256M", and in a folder; the server is
        asked each time whether it has changed), ``cache_dir_size`` ("1G"). For s3:
        ``anonymous`` or ``anon``, ``key``, ``secret`` and ``token``, ``profile``, ``endpoint_url``, ``region``,
        ``requester_pays``, ``addressing_style`` ("auto", "path" or "virtual"); longer names such as
        ``aws_access_key_id`` are known, and what stands in ``client_kwargs``, ``config_kwargs`` and
        ``client_options`` where it means the same. What is not given comes from the environment and the files of AWS
        tools.
    pickle_secrets : bool
        Put secrets (``secret``, ``token``, ``headers``, and a password or a query in the URL) into pickles, as those
        that dask sends to its workers. Otherwise an array that was opened with any cannot be pickled. Secrets from the
        environment and from files are never pickled: each process finds its own.

    Returns
    -------
    Array
        With numpy's way of selecting, ``oindex`` and ``vindex``. It can be pickled, for other processes.

    Raises
    ------
    FileNotFoundError
        There is no array.
    PermissionError
        The system does not permit it, or a link leads out of the directory.
    InvalidError
        Its metadata are not right.
    StoreError
        A server cannot be reached, or fails; it is an `OSError`.
    TypeError
        There is no such name in `storage_options`; or an object is no store.
    ValueError
        A value in `storage_options` means nothing, or there are some for a path; or a store can only be read.
    Exception
        What a store's methods raise is raised as it is, with a note that names the chunk. A `FileNotFoundError` or
        `KeyError` of theirs means that a chunk is missing.
    """
    if mode not in ("r", "r+"):
        raise ValueError(f"mode must be 'r' or 'r+', not {mode!r}")
    is_place = isinstance(url, (str, os.PathLike))
    place = os.fspath(url) if is_place else url
    if is_place and path:
        raise ValueError("path is for store objects; a URL has the path in it")
    if storage_options and not is_place:
        raise ValueError("storage_options are for URLs; a store object has its own")
    settings = _remote.settings(place, storage_options) if is_place else None
    array = Array(place, mode == "r", follow_links, sync, use_consolidated, strict, settings, pickle_secrets, path)
    for sentence in array.notices:
        warnings.warn(f"{_core.url_shown(array.path)}: {sentence}", UserWarning, stacklevel=2)
    return array
