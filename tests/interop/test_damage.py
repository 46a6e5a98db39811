# SPDX-License-Identifier: MIT
"""Stores that damage.py has damaged, with the truth of what it did: verify must find it, and say where.

damage.py is in a folder shared/damage beside the checkout, and needs zarr-python 3.4; without either these tests are skipped. DAMAGE_COUNT stores are made
for each of the seeds in DAMAGE_SEEDS (60, and 1); 200 and 1,2,3 are what docs/testing.md tells of. The table is printed with -s.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys

import conftest
import pytest

SCRIPT = conftest.ROOT.parent / "shared" / "damage" / "damage.py"
COUNT = os.environ.get("DAMAGE_COUNT", "60")
SEEDS = os.environ.get("DAMAGE_SEEDS", "1").split(",")


def everything(folder):
    """All files and folders with their bytes and times."""
    return {str(p): (p.read_bytes() if p.is_file() else None, os.lstat(p).st_mtime_ns, os.lstat(p).st_ctime_ns)
            for p in sorted(pathlib.Path(folder).rglob("*"))}


def verify(store):
    """(exit code, findings)"""
    done = subprocess.run([conftest.COMMAND, "verify", "--deep", "--json", store], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def names(finding, place):
    return finding["key"] == place["key"] and all(place[part] in (None, finding[part]) for part in ("chunk", "inner"))


@pytest.fixture(scope="module", params=SEEDS)
def damaged(request, tmp_path_factory):
    """The folders of damaged stores."""
    if not SCRIPT.exists():
        pytest.skip("shared/damage/damage.py is not there")
    zarr = pytest.importorskip("zarr", minversion="3.4")
    out = tmp_path_factory.mktemp("damaged")
    subprocess.run([sys.executable, SCRIPT, out, "--count", COUNT, "--seed", request.param], check=True, capture_output=True)
    assert zarr
    return sorted(out.iterdir())


def test_all_is_found(damaged):
    """All damage that chunks and indices tell of is found, everything that is damaged is named, and nothing is changed."""
    table = collections.defaultdict(lambda: [0, 0, 0])
    missed = []

    def look(folder):
        before = everything(folder)
        code, found = verify(folder / "store.zarr")
        assert everything(folder) == before
        return folder, json.loads((folder / "truth.json").read_text()), code, found

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for folder, truth, code, found in pool.map(look, damaged):
            faults = [f for f in found if f["severity"] == "fault"]
            assert (code == 1) == bool(faults)
            is_found = bool(faults) if truth["detect"] is True else bool(found) and not faults if truth["detect"] == "note" else False
            is_placed = is_found and all(any(names(f, place) for f in found) for place in truth["where"])
            row = table[truth["kind"], truth["detect"]]
            row[0] += 1
            row[1] += is_found
            row[2] += is_placed
            if truth["detect"] != "digest" and not is_placed:
                missed.append((folder.name, truth["where"], found))
    print()
    print("| damage | stores | found | placed |\n|---|---|---|---|")
    for (kind, detect), row in sorted(table.items(), key=str):
        print(f"| {kind}{'' if detect is True else ' (' + detect + ')'} | {row[0]} | {row[1]} | {row[2]} |")
    assert not missed


def test_undamaged_stores_are_clean(damaged, tmp_path):
    """The same stores before they were damaged, and as zarrc copies them."""
    import numpy
    import zarr
    kinds = {json.loads((folder / "truth.json").read_text())["layout"]: folder for folder in damaged}
    namespace = {"__name__": "damage"}
    source = SCRIPT.read_text().rsplit("\nmain()", 1)[0]
    exec(compile(source, str(SCRIPT), "exec"), namespace)
    for layout in kinds:
        namespace["make"](tmp_path / f"{layout}.zarr", layout, random.Random(1))
        assert verify(tmp_path / f"{layout}.zarr") == (0, [])
        subprocess.run([conftest.COMMAND, "copy", "-q", tmp_path / f"{layout}.zarr", tmp_path / f"{layout}.copy.zarr"], check=True)
        assert verify(tmp_path / f"{layout}.copy.zarr") == (0, [])
        assert numpy.array_equal(zarr.open_array(tmp_path / f"{layout}.copy.zarr", mode="r")[...],
                                 zarr.open_array(tmp_path / f"{layout}.zarr", mode="r")[...])
