# SPDX-License-Identifier: MIT
"""How many threads there are: none with one worker, and none left behind by another number of workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no /proc")

BEGIN = """
import os, sys, time
import numpy as np, zarr, zarrc
zarrc.install()

def tasks():
    return len(os.listdir("/proc/self/task"))

def settle(most):
    # one that was told to end may be listed for a while more
    start = time.monotonic()
    while tasks() > most:
        assert time.monotonic() < start + 60, (tasks(), most)
        os.sched_yield()

def busy(store, path):
    array = zarr.create_array(store, name=path, shape=(256, 256), chunks=(16, 16), shards=(128, 128), dtype="i4", overwrite=True)
    array[...] = 7
    assert (array[...] == 7).all()
    array[3:99, 5:77] = 8
    array.oindex[[1, 7, 100], [3, 9, 200]] = 9
    assert (array.oindex[[1, 7, 100], [3, 9, 200]] == 9).all()
    assert array.vindex[[1, 7], [3, 9]].tolist() == [9, 9]
    texts = zarr.create_array(store, name=path + "t", shape=(50,), chunks=(5,), dtype=str, overwrite=True)
    texts[:] = "text"
    assert texts[3] == "text"
    return array

# zarr's own thread is there before we count
zarr.create_array(zarr.storage.MemoryStore(), shape=1, dtype="i4")
local = zarr.storage.LocalStore(sys.argv[1])
memory = zarr.storage.MemoryStore()
"""


def run(code: str, path: Path, **env: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code, str(path)], env=dict(os.environ, **env), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["ZARR_CODEC_PIPELINE__MAX_WORKERS", "ZARR_THREADING__MAX_WORKERS"])
def test_one_worker_makes_no_thread(name: str, tmp_path: Path) -> None:
    code = """
store = zarr.storage.MemoryStore()  # its methods make no threads either
before = tasks()
busy(store, "a")
assert tasks() == before, (tasks(), before)
array = zarr.create_array(local, name="x", shape=(256, 256), chunks=(16, 16), dtype="i4")  # metadata come by zarr's threads
before = tasks()
array[...] = 7
assert (array[...] == 7).all()
array.oindex[[1, 7, 100], [3, 9, 200]] = 9
assert array.vindex[[1, 7], [3, 9]].tolist() == [9, 9]
assert tasks() == before, (tasks(), before)
assert zarrc.info()["threads"] == 1
"""
    run(code, tmp_path, **{name: "1"})


def test_one_worker_makes_no_thread_for_single_codecs(tmp_path: Path) -> None:
    code = """
import zarrc.codecs as zc
zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"})
before = tasks()
array = zarr.create_array(memory, name="x", shape=(64, 64), chunks=(16, 16), dtype="i4", compressors=[zc.ZstdCodec(), zc.Crc32cCodec()])
array[...] = 7
assert (array[...] == 7).all() and zarrc.counters()["codec"] > 0
assert tasks() == before, (tasks(), before)
"""
    run(code, tmp_path, ZARR_CODEC_PIPELINE__MAX_WORKERS="1")


def test_codec_pipeline_goes_before_threading(tmp_path: Path) -> None:
    code = "assert zarrc.info()['threads'] == 3"
    run(code, tmp_path, ZARR_CODEC_PIPELINE__MAX_WORKERS="3", ZARR_THREADING__MAX_WORKERS="5")
    run("assert zarrc.info()['threads'] == 5", tmp_path, ZARR_THREADING__MAX_WORKERS="5")


def test_another_number_of_workers_leaves_no_threads_behind(tmp_path: Path) -> None:
    code = """
arrays = []
zarr.config.set({"codec_pipeline.max_workers": 1})
arrays.append(busy(memory, "a"))
before = tasks()
for n in (4, 2, 6, 3):
    zarr.config.set({"codec_pipeline.max_workers": n})
    arrays.append(busy(memory, f"a{n}"))
    assert all((array[5:9, 5:9] == 8).all() for array in arrays)
    settle(before + n + n - 1)
zarr.config.set({"codec_pipeline.max_workers": 1})
assert all((array[5:9, 5:9] == 8).all() for array in arrays)
settle(before)
"""
    run(code, tmp_path)


def test_all_arrays_share_the_threads(tmp_path: Path) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
before = tasks()
arrays = [busy(memory, f"a{i}") for i in range(8)]
with ThreadPoolExecutor(8) as pool:
    parts = list(pool.map(lambda array: array[...], arrays))
    assert tasks() <= before + 8 + 3 + 2, (tasks(), before)  # the pool, executor, the library's helpers
"""
    run(code, tmp_path, ZARR_CODEC_PIPELINE__MAX_WORKERS="3")


def test_an_open_array_goes_on_with_another_number_of_workers(tmp_path: Path) -> None:
    code = """
busy(local, "a")
array = zarrc.open(sys.argv[1] + "/a")
for n in (2, 1, 3):
    zarr.config.set({"codec_pipeline.max_workers": n})
    assert (array[5:9, 5:9] == 8).all()
"""
    run(code, tmp_path)


def test_the_number_changes_while_others_work(tmp_path: Path) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
arrays = [busy(local, f"a{i}") for i in range(4)]
zarr.config.set({"codec_pipeline.inline_bytes": 0})

def work(i):
    for k in range(40):
        if i == 0:
            zarr.config.set({"codec_pipeline.max_workers": 1 + k % 4})
        arrays[i][:, i] = k
        assert (arrays[i][:, i] == k).all()

with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
"""
    run(code, tmp_path)
