# SPDX-License-Identifier: MIT
"""Re-encoding on a cluster of processes, of which one dies, and of which the client dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

pytest.importorskip("distributed")
from distributed import Client, LocalCluster

import zarrc.dask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUES = np.arange(200 * 120, dtype="i4").reshape(200, 120)
CODECS = [{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "gzip", "configuration": {"level": 1}}]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as one,
    ):
        yield one


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = str(tmp_path / "src")
    zarr.create_array(path, shape=VALUES.shape, chunks=(30, 30), dtype="i4", attributes={"a": 1})[...] = VALUES
    return path


def check(path: str) -> None:
    array = zarr.open_array(path)
    assert array.shards == (20, 20) and array.chunks == (10, 10) and dict(array.attrs) == {"a": 1}
    np.testing.assert_array_equal(array[...], VALUES)


@pytest.mark.filterwarnings("ignore")
def test_a_worker_dies(client: Any, source: str, tmp_path: Path) -> None:
    killed: list[int] = []

    def progress(done: int, of: int) -> None:
        if done >= of // 2 and not killed:
            pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    result = zarrc.dask.reencode(
        source, str(tmp_path / "dst"), (10, 10), (20, 20), CODECS, client=client, max_in_flight=4, progress=progress
    )
    assert killed and result == {"shards": 60, "written": 60, "checked": 60}
    check(str(tmp_path / "dst"))


@pytest.mark.filterwarnings("ignore")
def test_the_client_dies_and_another_goes_on(client: Any, source: str, tmp_path: Path) -> None:
    journal, destination = tmp_path / "journal", str(tmp_path / "dst")
    code = """
import os, signal, sys
import zarrc.dask
from distributed import Client
def progress(done, of):
    if done == 20: os.kill(os.getpid(), signal.SIGKILL)
with Client(sys.argv[1]) as client:
    zarrc.dask.reencode(sys.argv[2], sys.argv[3], (10, 10), (20, 20), None, client=client, journal=sys.argv[4],
                        progress=progress, max_in_flight=2)
"""
    address = client.scheduler.address
    done = subprocess.run([sys.executable, "-c", code, address, source, destination, str(journal)], check=False)
    assert done.returncode == -signal.SIGKILL
    with journal.open("a") as file:
        file.write("[[0, 2")  # as if the last line had been cut
    command = ["reencode", source, destination, "--scheduler", address, "--chunks", "10,10", "--shards", "20,20"]
    command += ["--journal", str(journal), "--resume"]
    out = subprocess.run(
        [sys.executable, "-m", "zarrc.dask", *command], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(out) == {"shards": 60, "written": 40, "checked": 60}
    check(destination)


@pytest.mark.filterwarnings("ignore")
def test_no_more_tasks_than_asked_for(client: Any, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[Any] = []
    most = [0]
    submit = client.submit

    def counted(*args: Any, **kwargs: Any) -> Any:
        under_way.append(submit(*args, **kwargs))
        most[0] = max(most[0], sum(not each.done() for each in under_way))
        return under_way[-1]

    monkeypatch.setattr(client, "submit", counted)
    zarrc.dask.reencode(source, str(tmp_path / "dst"), (10, 10), (20, 20), CODECS, client=client, max_in_flight=3)
    assert len(under_way) == 120 and 1 <= most[0] <= 3
    check(str(tmp_path / "dst"))


@pytest.mark.filterwarnings("ignore")
def test_a_shard_written_again_is_the_same(client: Any, source: str, tmp_path: Path) -> None:
    """A journal that lost its end: what it does not name is done again over what is there."""
    journal, destination = tmp_path / "journal", str(tmp_path / "dst")
    options: dict[str, Any] = {"client": client, "journal": str(journal)}
    zarrc.dask.reencode(source, destination, (10, 10), (20, 20), CODECS, **options)
    before = {path: path.read_bytes() for path in (tmp_path / "dst" / "c").rglob("*") if path.is_file()}
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:11]))
    result = zarrc.dask.reencode(source, destination, (10, 10), (20, 20), CODECS, resume=True, **options)
    assert result == {"shards": 60, "written": 50, "checked": 60}
    assert before == {path: path.read_bytes() for path in (tmp_path / "dst" / "c").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="another run"):
        zarrc.dask.reencode(source, destination, (10, 10), (40, 20), CODECS, resume=True, **options)


@pytest.mark.filterwarnings("ignore")
def test_the_check_finds_what_differs(client: Any, source: str, tmp_path: Path) -> None:
    destination = str(tmp_path / "dst")

    def spoil(done: int, of: int) -> None:
        if done == of:
            zarr.open_array(destination, mode="r+")[33, 44] = -1

    with pytest.raises(RuntimeError, match=r"differs from .* in \(\(20, 40\), \(40, 60\)\)"):
        zarrc.dask.reencode(source, destination, (10, 10), (20, 20), None, client=client, progress=spoil)


def test_to_zarr_is_aligned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task writes whole shards: those of the array's edges end where it does."""
    dask_array = pytest.importorskip("dask.array")
    written: list[tuple[slice, ...]] = []
    put = zarr.Array.__setitem__

    def noted(self: Any, selection: Any, value: Any) -> None:
        written.append(selection)
        put(self, selection, value)

    monkeypatch.setattr(zarr.Array, "__setitem__", noted)
    array = dask_array.from_array(VALUES, chunks=(33, 17))
    with pytest.importorskip("dask").config.set(scheduler="synchronous"):
        target = zarrc.dask.to_zarr(array, str(tmp_path / "a"), (10, 10), (30, 20))
    assert target.shards == (30, 20)
    np.testing.assert_array_equal(target[...], VALUES)
    assert len(written) == 7 * 6
    for selection in written:
        for at, edge, n in zip(selection, (30, 20), VALUES.shape, strict=True):
            assert at.start % edge == 0 and at.stop == min(at.start + edge, n)
