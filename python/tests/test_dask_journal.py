# SPDX-License-Identifier: MIT
"""The journal of a re-encoding: it names what is on the disk, and what it names is looked at before it is believed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

pytest.importorskip("distributed")
from distributed import Client

import zarrc.dask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VALUES = np.arange(60 * 40, dtype="i4").reshape(60, 40)
VALUES[20:40, 20:40] = 0  # nothing is stored of this shard
NSHARDS = 6


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster within this process, so that what tasks do can be seen."""
    with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as one:
        yield one


@pytest.fixture
def run(client: Any, tmp_path: Path) -> Callable[..., dict[str, int]]:
    source = tmp_path / "src"
    zarr.create_array(source, shape=VALUES.shape, chunks=(30, 30), dtype="i4")[...] = VALUES

    def reencode(**options: Any) -> dict[str, int]:
        given = {"chunks": (10, 10), "shards": (20, 20), "journal": str(tmp_path / "journal"), "max_in_flight": 1}
        return zarrc.dask.reencode(str(source), str(tmp_path / "dst"), client=client, **{**given, **options})

    return reencode


class Stopped(Exception):
    pass


def stop_after(n: int) -> Callable[[int, int], None]:
    def progress(done: int, of: int) -> None:
        if done == n:
            raise Stopped

    return progress


def check(path: Path) -> None:
    np.testing.assert_array_equal(zarr.open_array(path)[...], VALUES)


class Disk:
    """What would be there after a power cut: of files what they held, and of directories the names that they held, when
    they were last synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data: dict[int, int] = {}
        self.names: dict[int, set[str]] = {}
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            found = os.fstat(descriptor)
            if stat.S_ISDIR(found.st_mode):
                self.names[found.st_ino] = set(os.listdir(descriptor))
            else:
                self.data[found.st_ino] = found.st_size

        monkeypatch.setattr(os, "fsync", noted)

    def cut(self, path: Path) -> None:
        """Leaves of a file or directory what would be there."""
        if path.name not in self.names.get(path.parent.stat().st_ino, ()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif path.is_dir():
            for each in list(path.iterdir()):
                self.cut(each)
        else:
            os.truncate(path, self.data.get(path.stat().st_ino, 0))


def test_what_is_noted_survives_a_power_cut(
    run: Callable[..., dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    with pytest.raises(Stopped):
        run(progress=stop_after(5))
    for name in ("dst", "journal"):
        disk.cut(tmp_path / name)
    assert run(resume=True) == {"shards": NSHARDS, "written": 1, "checked": NSHARDS}
    check(tmp_path / "dst")


@pytest.mark.parametrize(("sync", "journal"), [(False, True), (None, False)])
def test_nobody_waits_for_the_disk_unasked(
    sync: bool | None, journal: bool, run: Callable[..., dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    run(sync=sync, **({} if journal else {"journal": None}))
    assert set(disk.data) == ({(tmp_path / "journal").stat().st_ino} if journal else set())


def test_without_a_journal_sync_can_be_asked_for(
    run: Callable[..., dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    run(sync=True, journal=None)
    disk.cut(tmp_path / "dst")
    check(tmp_path / "dst")


def test_shards_are_looked_at_before_they_are_believed(run: Callable[..., dict[str, int]], tmp_path: Path) -> None:
    """One was cut off, one is gone, and where nothing was stored there is something."""
    with pytest.raises(Stopped):
        run(progress=stop_after(5))
    chunks = tmp_path / "dst" / "c"
    assert not (chunks / "1" / "1").exists()
    os.truncate(chunks / "0" / "0", 0)
    (chunks / "1" / "1").write_bytes((chunks / "0" / "1").read_bytes())
    (chunks / "0" / "1").unlink()
    with pytest.warns(RuntimeWarning, match="dst: 3 shards are not there as .*journal says"):
        assert run(resume=True, check=False) == {"shards": NSHARDS, "written": 4, "checked": 0}
    check(tmp_path / "dst")


def test_nothing_is_done_twice(run: Callable[..., dict[str, int]], tmp_path: Path) -> None:
    run()
    seen: list[tuple[int, int]] = []
    assert run(resume=True, progress=lambda *numbers: seen.append(numbers))["written"] == 0
    assert seen == []


LINE = b'{"region": [[0, 20], [0, 20]], "nbytes": 3}\n'


@pytest.mark.parametrize(
    "tail",
    [
        b'{"region": [[0, 2',
        b"\0" * 300,
        b"\xff\xfe\n",
        b"[[0, 20], [0, 20]]\n" + LINE,
        b'{"region": [[0, 20]], "nbytes": 3}\n',
        b'{"region": [[0, 21], [0, 20]], "nbytes": 3}\n',
        b'{"region": [[0, 20], [0, 20]], "nbytes": "many"}\n' + LINE + LINE,
        b'{"region": [[0, 20], [0, 20]]}\n\n',
    ],
)
def test_a_damaged_end_is_dropped(tail: bytes, run: Callable[..., dict[str, int]], tmp_path: Path) -> None:
    run()
    journal = tmp_path / "journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + tail)
    with pytest.warns(RuntimeWarning, match="journal is damaged or cut off in line 4"):
        assert run(resume=True)["written"] == NSHARDS - 2
    assert len(journal.read_bytes().splitlines()) == 1 + NSHARDS
    assert run(resume=True)["written"] == 0
    check(tmp_path / "dst")


@pytest.mark.parametrize("left", [b"", b'{"chunks": [10', b"\0\0\0\0"])
def test_a_journal_that_was_just_begun(left: bytes, run: Callable[..., dict[str, int]], tmp_path: Path) -> None:
    run()
    (tmp_path / "journal").write_bytes(left)
    if left:
        with pytest.warns(RuntimeWarning, match="in line 1"):
            assert run(resume=True)["written"] == NSHARDS
    else:
        assert run(resume=True)["written"] == NSHARDS
    assert run(resume=True)["written"] == 0


def test_refusals(run: Callable[..., dict[str, int]], tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with pytest.raises(ValueError, match="to resume needs a journal"):
        run(resume=True, journal=None)
    assert run(resume=True)["written"] == NSHARDS  # nothing is there: it begins
    before = journal.read_bytes()
    with pytest.raises(ValueError, match="journal is of another run"):
        run(resume=True, shards=(40, 20))
    with pytest.raises(FileExistsError, match="dst: is there already"):
        run()
    journal.rename(tmp_path / "away")
    with pytest.raises(FileExistsError, match="dst: is there already"):
        run(resume=True)
    (tmp_path / "away").rename(journal)
    shutil.move(tmp_path / "dst", tmp_path / "other")
    with pytest.raises(FileNotFoundError, match="dst: is not there, though .*journal is its journal"):
        run(resume=True)
    zarr.create_array(tmp_path / "dst", shape=(60, 40), chunks=(20, 20), dtype="i4")
    with pytest.raises(ValueError, match="dst: is another array than"):
        run(resume=True)
    assert journal.read_bytes() == before
    assert run(overwrite=True)["written"] == NSHARDS


@pytest.mark.parametrize("content", [b"Dear diary,\n", b"no line", b"[1]\n", b'{"a": 1}\n'])
@pytest.mark.parametrize("resume", [False, True])
def test_other_files_are_no_journals(
    content: bytes, resume: bool, run: Callable[..., dict[str, int]], tmp_path: Path
) -> None:
    (tmp_path / "journal").write_bytes(content)
    with pytest.raises(ValueError, match="journal: the file is no journal"):
        run(resume=resume)
    assert (tmp_path / "journal").read_bytes() == content
    assert not (tmp_path / "dst").exists()


def test_the_command_says_what_is_wrong(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = client.scheduler.address
    with pytest.raises(SystemExit) as end:
        zarrc.dask.main(["reencode", str(tmp_path / "no"), str(tmp_path / "dst"), "--scheduler", address])
    assert end.value.code == 1
    assert "python -m zarrc.dask: " in capsys.readouterr().err
    zarr.create_array(tmp_path / "src", shape=(4,), chunks=(2,), dtype="i4")[...] = 1
    journal = tmp_path / "journal"
    command = ["reencode", str(tmp_path / "src"), str(tmp_path / "dst"), "--scheduler", address]
    assert zarrc.dask.main([*command, "--journal", str(journal), "--no-sync"]) == 0
    assert json.loads(capsys.readouterr().out) == {"shards": 2, "written": 2, "checked": 2}
    with pytest.raises(SystemExit):
        zarrc.dask.main([*command, "--journal", str(journal)])
    assert "is there already" in capsys.readouterr().err
