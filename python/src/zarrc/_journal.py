# SPDX-License-Identifier: MIT
"""A journal of regions of an array that are done: one JSON line each, with the number of bytes that are stored of it,
behind a first line that says of which run. A line is on the disk when `add` returns."""

from __future__ import annotations

import errno
import json
import os
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

Region = tuple[tuple[int, int], ...]


class Journal:
    """A journal at a path, which holds nothing, the journal of this run or that of another. ValueError: it is none.

    head: what is run, as JSON can say it."""

    def __init__(self, path: str, head: dict[str, Any]) -> None:
        self.path = path
        self._head = json.dumps({"journal": 2, **head}, sort_keys=True).encode()
        self._whole = 0  # bytes to keep
        self._file: Any = None
        try:
            with open(path, "rb") as file:
                self._lines: list[bytes] | None = file.read().split(b"\n")
        except FileNotFoundError:
            self._lines = None
        if self._lines is not None and not self._is_journal(self._lines):
            raise ValueError(f"{path}: the file is no journal, and is left as it is")

    def _is_journal(self, lines: list[bytes]) -> bool:
        if len(lines) == 1:  # the first line may have been cut off
            return self._head.startswith(lines[0].rstrip(b"\0"))
        try:
            head = json.loads(lines[0])
        except ValueError:
            return False
        return isinstance(head, dict) and {"src", "dst"} <= head.keys()

    def can_go_on(self) -> bool:
        """Whether there is a journal of this run. ValueError: it is that of another one."""
        lines = self._lines
        if lines is not None and len(lines) > 1 and lines[0] != self._head:
            raise ValueError(f"{self.path}: the journal is of another run; without resume another one is begun")
        return lines is not None

    def read(self, regions: Collection[Region]) -> dict[Region, int | None]:
        """The regions that are done and the bytes stored of each, None: nothing was to be stored. What follows the first
        damaged line is dropped with a warning: a power cut leaves it so.

        regions: those of which lines may speak."""
        lines = self._lines or [b""]
        done: dict[Region, int | None] = {}
        nlines = min(1, len(lines) - 1)  # that are whole
        for line in lines[nlines:-1]:
            entry = _entry(line)
            if entry is None or entry[0] not in regions:
                break
            done[entry[0]] = entry[1]
            nlines += 1
        self._whole = sum(len(line) + 1 for line in lines[:nlines])
        if nlines + 1 < len(lines) or lines[-1]:
            warnings.warn(
                f"{self.path}: the journal is damaged or cut off in line {nlines + 1}; what stood there, and behind it, "
                "is done again",
                RuntimeWarning,
                stacklevel=3,
            )
        return done

    def begin(self) -> None:
        """Lets lines be added, behind what was read or to an empty journal."""
        self._file = open(self.path, "r+b" if self._whole else "wb")
        self._file.truncate(self._whole)
        self._file.seek(self._whole)
        if self._whole:
            self._settle()
        else:
            self._write(self._head)
            settle(os.path.dirname(os.path.abspath(self.path)))

    def add(self, region: Region, nbytes: int | None) -> None:
        """Notes that a region is done."""
        self._write(json.dumps({"region": region, "nbytes": nbytes}).encode())

    def _write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._settle()

    def _settle(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _entry(line: bytes) -> tuple[Region, int | None] | None:
    """What a line says; None: it is damaged."""
    try:
        entry = json.loads(line)
        region = tuple((int(start), int(stop)) for start, stop in entry["region"])
        return region, None if entry["nbytes"] is None else int(entry["nbytes"])
    except (ValueError, TypeError, KeyError):
        return None


def settle(path: str | os.PathLike[str]) -> None:
    """Puts a file, or the names in a directory, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system without that
            raise
    finally:
        os.close(descriptor)
