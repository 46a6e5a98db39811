# SPDX-License-Identifier: MIT
"""Stores that damage.py has damaged, with the truth of what it did: verify must find it, and say where, also what only a digest tells that was taken
before.

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


def verify(store, *options):
    """(exit code, findings)"""
    done = subprocess.run([conftest.COMMAND, "verify", "--deep", "--json", store, *options], capture_output=True, text=True, timeout=120)
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


def functions():
    """The functions of damage.py."""
    if not SCRIPT.exists():
        pytest.skip("shared/damage/damage.py is not there")
    pytest.importorskip("zarr", minversion="3.4")
    namespace = {"__name__": "damage"}
    exec(compile(SCRIPT.read_text().rsplit("\nmain()", 1)[0], str(SCRIPT), "exec"), namespace)
    return namespace


@pytest.mark.parametrize("seed", SEEDS)
def test_a_digest_finds_everything(seed, tmp_path):
    """Also what no checksum tells: chunks that were lost, exchanged or changed."""
    script, draw = functions(), random.Random(int(seed))
    table = collections.defaultdict(lambda: [0, 0])
    missed = []
    for number in range(int(COUNT)):
        kind, layout = draw.choice(script["KINDS"]), draw.choice(list(script["LAYOUTS"]))
        store, digest = tmp_path / f"{number}.zarr", tmp_path / f"{number}.digest"
        script["make"](store, layout, draw)
        done = subprocess.run([conftest.COMMAND, "digest", "-q", store, "-o", digest], capture_output=True, text=True, check=False)
        if "libcrypto" in done.stderr:
            pytest.skip("no libcrypto")
        assert done.returncode == 0, done.stderr
        assert verify(store, "--digest", digest) == (0, [])
        damage = script["damage"](store, layout, kind, draw)
        if damage is None:
            continue
        detect, where, _ = damage
        code, found = verify(store, "--digest", digest)
        row = table[kind, detect]
        row[0] += 1
        is_placed = bool(found) and (code == 1 or detect == "note") and all(any(names(f, place) for f in found) for place in where)
        row[1] += is_placed
        if not is_placed:
            missed.append((kind, layout, where, found))
    print()
    print("| damage, with a digest | stores | found and placed |\n|---|---|---|")
    for (kind, _), row in sorted(table.items(), key=str):
        print(f"| {kind} | {row[0]} | {row[1]} |")
    assert not missed


def test_undamaged_stores_are_clean(damaged, tmp_path):
    """The same stores before they were damaged, and as zarrc copies them."""
    import numpy
    import zarr
    kinds = {json.loads((folder / "truth.json").read_text())["layout"]: folder for folder in damaged}
    script = functions()
    for layout in kinds:
        script["make"](tmp_path / f"{layout}.zarr", layout, random.Random(1))
        assert verify(tmp_path / f"{layout}.zarr") == (0, [])
        subprocess.run([conftest.COMMAND, "copy", "-q", tmp_path / f"{layout}.zarr", tmp_path / f"{layout}.copy.zarr"], check=True)
        assert verify(tmp_path / f"{layout}.copy.zarr") == (0, [])
        assert numpy.array_equal(zarr.open_array(tmp_path / f"{layout}.copy.zarr", mode="r")[...],
                                 zarr.open_array(tmp_path / f"{layout}.zarr", mode="r")[...])
