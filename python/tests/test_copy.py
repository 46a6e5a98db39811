# SPDX-License-Identifier: MIT
"""zarrc.copy: the engine of the command, from Python."""

import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pytest
import zarr
import zarrc
import zarrc.codecs


@pytest.fixture
def hierarchy(tmp_path):
    """A group with two arrays; its path."""
    path = tmp_path / "source.zarr"
    root = zarr.create_group(path)
    root.attrs["title"] = "x"
    plain = root.create_array("plain", shape=(40, 30), chunks=(7, 30), dtype="i4")
    plain[:] = np.arange(1, 1201).reshape(40, 30)
    sharded = root.create_array("deep/sharded", shape=(64,), chunks=(4,), shards=(16,), dtype="f8")
    sharded[:] = np.linspace(1, 2, 64)
    return path


def same(a, b):
    np.testing.assert_array_equal(zarr.open_array(a, mode="r")[:], zarr.open_array(b, mode="r")[:])


def test_hierarchy(hierarchy, tmp_path):
    target = tmp_path / "copy.zarr"
    report = zarrc.copy(hierarchy, target, codecs="zstd(1)", check=True, threads=2)
    for name in ("plain", "deep/sharded"):
        same(hierarchy / name, target / name)
    assert zarr.open_group(target, mode="r").attrs["title"] == "x"
    assert (report["groups"], len(report["arrays"]), report["dry_run"], report["checked"]) == (2, 2, False, True)
    assert report["written"]["objects"] == report["objects"] == 6 + 4
    assert report["nbytes"] == 40 * 30 * 4 + 64 * 8
    assert report["arrays"][1]["path"] == "plain"
    assert [codec["name"] for codec in report["arrays"][1]["codecs"]] == ["bytes", "zstd"]
    assert report["source"] == str(hierarchy)
    json.dumps(report)


def test_options(hierarchy, tmp_path):
    source = hierarchy / "deep/sharded"
    numbers = itertools.count()

    def made(**options):
        target = tmp_path / f"copy-{next(numbers)}"
        zarrc.copy(source, str(target), **options)
        same(source, target)
        return zarr.open_array(target, mode="r"), target

    assert made(chunks=(8,))[0].shards == (16,)
    assert made(chunks=8, shards=[32])[0].shards == (32,)
    assert made(shards="none")[0].shards is None
    codecs = [zarrc.codecs.BytesCodec(), zarrc.codecs.GzipCodec(level=1)]
    assert "gzip" in str(made(shards="none", codecs=codecs)[0].metadata.codecs).lower()
    dictionaries = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
    assert "crc32c" in str(made(shards="none", codecs=dictionaries)[0].metadata.codecs).lower()
    assert (made(shards="none", key_encoding="v2")[1] / "0").exists()
    assert (made(separator=".")[1] / "c.0").exists()
    zeros = zarr.create_array(tmp_path / "zeros", shape=(4,), chunks=(2,), dtype="i4", fill_value=0)
    zeros[:] = 0
    assert zarrc.copy(tmp_path / "zeros", tmp_path / "sparse")["written"]["objects"] == 0
    assert zarrc.copy(tmp_path / "zeros", tmp_path / "full", write_empty_chunks=True)["written"]["objects"] == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to others")
def test_left_of_the_old_version():
    """What another user owns cannot be removed: the result and a warning tell where it is."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        zarr.create_array(folder / "a", shape=(4,), chunks=(4,), dtype="i4")[:] = 1
        root = zarr.create_group(folder / "b")
        root.create_array("x", shape=(4,), chunks=(4,), dtype="i4")[:] = 2
        for path in [folder, *folder.rglob("*")]:
            if folder / "b/x" not in (path, *path.parents):
                os.chown(path, 65534, -1)
        where = str((folder / ".b.zarrc-partial").resolve())
        os.seteuid(65534)
        try:
            for _ in range(2):
                with pytest.warns(RuntimeWarning, match=re.escape(f"is left in {where}; the next copy")):
                    report = zarrc.copy(folder / "a", folder / "b", overwrite=True)
                assert report["left"] == where
                same(folder / "a", folder / "b")
        finally:
            os.seteuid(0)
        assert "left" not in zarrc.copy(folder / "a", folder / "b", overwrite=True)
        assert not pathlib.Path(where).exists()


def test_dry_run(hierarchy, tmp_path):
    plan = zarrc.copy(hierarchy, tmp_path / "copy", chunks=(40, 3), dry_run=True, memory="64M", threads=1)
    assert not (tmp_path / "copy").exists()
    assert plan["dry_run"] and plan["objects"] == 10 + 4 and plan["threads"] == 1 and plan["memory"] <= 64 << 20
    assert "written" not in plan
    assert [array["rechunked"] for array in plan["arrays"]] == [False, True]


def test_format_2(hierarchy, tmp_path):
    target = tmp_path / "old.zarr"
    with pytest.raises(zarrc.UnsupportedError, match="no codec sharding_indexed"):
        zarrc.copy(hierarchy, target, zarr_format=2)
    with pytest.raises(ValueError, match="neither 2 nor 3"):
        zarrc.copy(hierarchy, target, zarr_format=1)
    report = zarrc.copy(hierarchy, target, zarr_format=2, shards="none")
    assert report["zarr_format"] == 2
    assert not list(target.rglob("zarr.json"))
    for name in ("plain", "deep/sharded"):
        same(hierarchy / name, target / name)
    assert zarr.open_group(target, mode="r", zarr_format=2).attrs["title"] == "x"


def test_onto_a_group(hierarchy, tmp_path):
    """As the command: where the copy may have been meant to go, and what replacing the group would remove."""
    zarrc.copy(hierarchy, tmp_path / "series")
    with pytest.raises(zarrc.ZarrcError) as caught:
        zarrc.copy(hierarchy / "plain", tmp_path / "series")
    said = str(caught.value)
    assert f"{tmp_path / 'series'}/plain as the target copies into the group" in said, said
    assert "overwrite=True removes its 3 nodes, resume=True" in said, said
    zarrc.copy(hierarchy / "plain", tmp_path / "series/again")
    zarrc.copy(tmp_path / "series/again", tmp_path / "empty/a")
    with pytest.raises(zarrc.ZarrcError, match="there is an array already; overwrite=True replaces it, resume=True"):
        zarrc.copy(hierarchy / "plain", tmp_path / "empty/a")


def test_what_is_there(hierarchy, tmp_path):
    target = tmp_path / "copy"
    zarrc.copy(hierarchy, target)
    with pytest.raises(zarrc.ZarrcError, match=f"{target}: there is a group already.*overwrite=True") as caught:
        zarrc.copy(hierarchy, target)
    assert caught.value.status == "CONFLICT"
    assert zarrc.copy(hierarchy, target, overwrite=True)["replaces"] == {"nodes": 4, "chunks": 10, "other_files": 0}
    (target / "notes.txt").write_text("mine")
    with pytest.raises(zarrc.ZarrcError, match="not Zarr.*force=True"):
        zarrc.copy(hierarchy, target, overwrite=True)
    zarrc.copy(hierarchy, target, overwrite=True, force=True)
    assert not (target / "notes.txt").exists()
    (target / "plain/c/2/0").unlink()
    report = zarrc.copy(hierarchy, target, resume=True)
    assert (report["skipped_objects"], report["written"]["objects"]) == (9, 1)
    damaged = target / "plain/c/3/0"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert zarrc.copy(hierarchy, target, resume=True, check=True)["mended_objects"] == 1
    same(hierarchy / "plain", target / "plain")


def test_other_files(hierarchy, tmp_path):
    (hierarchy / "README").write_text("hello")
    assert zarrc.copy(hierarchy, tmp_path / "a")["other_files"] == 1
    assert not (tmp_path / "a/README").exists()
    zarrc.copy(hierarchy, tmp_path / "b", other_files=True)
    assert (tmp_path / "b/README").read_text() == "hello"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"overwrite": True, "resume": True}, ValueError, "exclude each other"),
        ({"shards": "all"}, ValueError, "neither numbers nor 'none'"),
        ({"chunks": (0, 3)}, ValueError, "chunks: .* below 1"),
        ({"chunks": (3, 3, 3)}, zarrc.InvalidError, "chunks: no array has 3 dimensions"),
        ({"shards": (9, 9)}, zarrc.InvalidError, "shards of 9 cannot hold chunks of 7"),
        ({"codecs": "gzip(1"}, zarrc.InvalidError, "codecs: a closing bracket is missing"),
        ({"codecs": "nonesuch"}, zarrc.UnsupportedError, "codecs: unknown codec nonesuch"),
        ({"codecs": "gzip(77)"}, zarrc.InvalidError, "level"),
        ({"key_encoding": "v3"}, zarrc.InvalidError, "chunk_key_encoding"),
        ({"memory": "much"}, ValueError, "not a size"),
        ({"memory": 1000}, ValueError, "at least 1M"),
        ({"chunks": 3.5}, TypeError, None),
    ],
)
def test_refused(hierarchy, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        zarrc.copy(hierarchy, tmp_path / "copy", **options)
    assert not (tmp_path / "copy").exists()


def test_places(hierarchy, tmp_path):
    with pytest.raises(zarrc.InvalidError, match="onto itself"):
        zarrc.copy(hierarchy, hierarchy, overwrite=True)
    with pytest.raises(zarrc.InvalidError, match="into itself"):
        zarrc.copy(hierarchy, hierarchy / "copy")
    with pytest.raises(zarrc.InvalidError, match="in memory"):
        zarrc.copy(hierarchy, "memory:")
    with pytest.raises(FileNotFoundError, match="none.zarr"):
        zarrc.copy(tmp_path / "none.zarr", tmp_path / "copy")


def test_memory(tmp_path):
    zarr.create_array(tmp_path / "a", shape=(1000, 1000, 1000), chunks=(10, 10, 10), dtype="f8")
    with pytest.raises(zarrc.InvalidError, match="GiB of memory.*more memory"):
        zarrc.copy(tmp_path / "a", tmp_path / "b", chunks=(1000, 1000, 1000), memory="64M")


def test_damaged_source(hierarchy, tmp_path):
    chunk = hierarchy / "plain/c/2/0"
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.raises(zarrc.CorruptError, match="source.zarr/plain/c/2/0: chunk 2,0: ") as caught:
        zarrc.copy(hierarchy, tmp_path / "copy")
    assert caught.value.key == "plain/c/2/0"
    assert not (tmp_path / "copy").exists()


def test_progress(hierarchy, tmp_path):
    heard = []
    zarrc.copy(hierarchy, tmp_path / "copy", progress=lambda done, total: heard.append((done, total, threading.get_ident())))
    assert heard[-1] == (10, 10, threading.get_ident())
    assert heard == sorted(heard)


def large(path):
    """An array whose chunks are slow to encode with the codecs that are returned: seconds in all."""
    array = zarr.create_array(path, shape=(200, 5000), chunks=(1, 5000), dtype="i4", compressors=None)
    array[:] = np.random.default_rng(3).integers(0, 1000, array.shape)
    return "zstd(19)"


def test_progress_ends_the_copy(tmp_path):
    """What progress raises ends the copy, which resume goes on with."""
    codecs = large(tmp_path / "a")

    class Enough(Exception):
        pass

    def progress(done, total):
        if 0 < done < total:
            raise Enough
        if done == total:
            pytest.skip("the copy was over before anything was told")

    with pytest.raises(Enough):
        zarrc.copy(tmp_path / "a", tmp_path / "b", codecs=codecs, threads=1, progress=progress)
    assert not (tmp_path / "b").exists()
    with pytest.raises(zarrc.ZarrcError, match="unfinished copy.*resume=True"):
        zarrc.copy(tmp_path / "a", tmp_path / "b", codecs=codecs)
    assert zarrc.copy(tmp_path / "a", tmp_path / "b", codecs=codecs, resume=True)["skipped_objects"] > 0
    same(tmp_path / "a", tmp_path / "b")


INTERRUPTED = """
import os, signal, sys, zarrc
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored, as in a shell's background jobs
def progress(done, total):
    if done > 0:
        os.kill(os.getpid(), signal.SIGINT)
try:
    zarrc.copy(sys.argv[1], sys.argv[2], codecs=sys.argv[3], threads=2, progress=progress)
except KeyboardInterrupt:
    sys.exit(77)
"""


def test_ctrl_c(tmp_path):
    codecs = large(tmp_path / "a")
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, tmp_path / "a", tmp_path / "b", codecs], timeout=300)
    assert done.returncode == 77
    if not (tmp_path / "b").exists():
        zarrc.copy(tmp_path / "a", tmp_path / "b", codecs=codecs, resume=True)
    same(tmp_path / "a", tmp_path / "b")
    assert [name for name in os.listdir(tmp_path) if "partial" in name] == []


def test_other_threads_run(hierarchy, tmp_path):
    """The interpreter lock is given away: a thread that is started by progress's first call gets its turn."""
    codecs = large(tmp_path / "a")
    ran = threading.Event()
    counted = threading.Thread(target=ran.set)

    def progress(done, total):
        if not counted.ident:
            counted.start()

    zarrc.copy(tmp_path / "a", tmp_path / "b", codecs=codecs, threads=1, progress=progress)
    counted.join()
    assert ran.is_set()


@pytest.mark.filterwarnings("ignore:.*not copied:RuntimeWarning", "ignore:.*unknown:UserWarning")
def test_same_as_the_command(hierarchy, tmp_path):
    """The report has the members of ``zarrc copy --json``; of a hierarchy in which each of them says something."""
    make_unlisted(hierarchy)
    bits = zarr.create_array(hierarchy / "bits", shape=(8,), chunks=(8,), dtype="float32", compressors=None)
    bits[:] = np.arange(8) / 3
    document = json.loads((hierarchy / "bits" / "zarr.json").read_text())
    document["codecs"].insert(0, {"name": "numcodecs.bitround", "configuration": {"keepbits": 8}})
    document["codecs"][1]["configuration"]["unknown"] = 1
    (hierarchy / "bits" / "zarr.json").write_text(json.dumps(document))
    command = os.environ.get("ZARRC_COMMAND")
    if not command:
        pytest.skip("ZARRC_COMMAND names no command")
    done = subprocess.run(
        [command, "copy", hierarchy, tmp_path / "a", "-c", "40,3", "--json", "-T", "2"], stdout=subprocess.PIPE, check=True
    )
    told = json.loads(done.stdout)
    report = json.loads(json.dumps(zarrc.copy(hierarchy, tmp_path / "b", chunks=(40, 3), threads=2)))
    for each in (told, report):
        del each["destination"], each["seconds"]
        each.pop("schema", None)
        each.pop("replaces", None)
    assert report == told
    assert report["unlisted"] > 0 and report["first_unlisted"] == "folder/array"
    assert [array["as_stored"] for array in report["arrays"]] == [array["path"] == "bits" for array in report["arrays"]]
    assert any(array["notes"] for array in report["arrays"])


def make_unlisted(hierarchy):
    """Makes an array below a folder that is no group."""
    zarr.create_array(hierarchy / "folder" / "array", shape=(1,), chunks=(1,), dtype="i4")


def test_stale(tmp_path):
    """Consolidated metadata that say something else than the documents of an array or a group are told."""
    group = zarr.create_group(tmp_path / "g")
    group.create_group("h")
    group.create_array("a", shape=(4,), chunks=(2,), dtype="i4")
    zarr.consolidate_metadata(tmp_path / "g")
    zarrc.copy(tmp_path / "g", tmp_path / "same")
    document = json.loads((tmp_path / "g/a/zarr.json").read_text())
    (tmp_path / "g/a/zarr.json").write_text(json.dumps(document | {"shape": [6]}))
    with pytest.warns(RuntimeWarning, match="stale: 'a' was copied as they describe it"):
        report = zarrc.copy(tmp_path / "g", tmp_path / "copy")
    assert (report["stale"], report["first_stale"]) == (1, "a")
    zarr.open_group(tmp_path / "g/h", use_consolidated=False).attrs["new"] = 1
    with pytest.warns(RuntimeWarning, match="stale: 2 arrays or groups, such as 'a', were copied as they describe them"):
        assert zarrc.copy(tmp_path / "g", tmp_path / "copies")["stale"] == 2
    assert zarrc.copy(tmp_path / "g", tmp_path / "new", use_consolidated=False)["stale"] == 0


def test_warnings(hierarchy, tmp_path):
    """What is not copied, and each rule that is bent, is told."""
    make_unlisted(hierarchy)
    with pytest.warns(RuntimeWarning, match="1 array or group, such as 'folder/array', is not copied"):
        zarrc.copy(hierarchy, tmp_path / "copy")
    for name in ("zarr.json", "deep/zarr.json"):
        assert (tmp_path / "copy" / name).exists()
    assert not (tmp_path / "copy" / "folder").exists()


def test_to_zip(tmp_path):
    """An archive is made as a whole, replaced as a whole, and never changed."""
    values = np.arange(600).reshape(20, 30)
    root = zarr.create_group(tmp_path / "a.zarr")
    root.create_array("g/x", shape=values.shape, dtype=values.dtype, chunks=(7, 7))[...] = values
    report = zarrc.copy(tmp_path / "a.zarr", tmp_path / "a.zarr.zip", check=True)
    assert report["written"]["objects"] == 15
    np.testing.assert_array_equal(zarrc.open(tmp_path / "a.zarr.zip/g/x")[...], values)
    with zarr.storage.ZipStore(tmp_path / "a.zarr.zip", mode="r") as store:
        np.testing.assert_array_equal(zarr.open_array(store, path="g/x", mode="r")[...], values)
    with pytest.raises(zarrc.ZarrcError, match="there is a group already"):
        zarrc.copy(tmp_path / "a.zarr", tmp_path / "a.zarr.zip")
    with pytest.raises(zarrc.UnsupportedError, match="only a whole zip archive can be written"):
        zarrc.copy(tmp_path / "a.zarr", tmp_path / "a.zarr.zip/more")
    zarrc.copy(tmp_path / "a.zarr/g/x", tmp_path / "a.zarr.zip", overwrite=True, chunks=(20, 30), shards="none")
    np.testing.assert_array_equal(zarrc.open(tmp_path / "a.zarr.zip")[...], values)
    zarrc.copy(tmp_path / "a.zarr.zip", tmp_path / "back.zarr")
    np.testing.assert_array_equal(zarrc.open(tmp_path / "back.zarr")[...], values)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "a.zarr.zip", "back.zarr"]
