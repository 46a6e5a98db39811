# SPDX-License-Identifier: MIT
"""Kerchunk references to the chunks of an HDF5 file that h5py wrote: the bytes under each key beside those of fsspec's reference file
system, and the elements beside h5py's and, through fsspec, zarr-python's."""
import base64
import json

import numpy
import pytest

fsspec = pytest.importorskip("fsspec")
h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")

SHAPE, CHUNKS = (40, 30), (15, 10)


def describe(dataset, url, refs):
    """Adds the references to a dataset, as kerchunk writes them."""
    name, chunks = dataset.name.lstrip("/"), dataset.chunks or dataset.shape
    filters = [{"id": "shuffle", "elementsize": dataset.dtype.itemsize}] if dataset.shuffle else None
    compressor = {"id": "zlib", "level": 4} if dataset.compression else None
    refs[f"{name}/.zarray"] = json.dumps({
        "zarr_format": 2, "shape": dataset.shape, "chunks": chunks, "dtype": dataset.dtype.str, "compressor": compressor, "filters": filters,
        "fill_value": dataset.fillvalue.item(), "order": "C"})
    refs[f"{name}/.zattrs"] = json.dumps({"_ARRAY_DIMENSIONS": ["x", "y"]})
    if not dataset.chunks:
        refs[f"{name}/0.0"] = [url, dataset.id.get_offset(), dataset.id.get_storage_size()]
        return
    for i in range(dataset.id.get_num_chunks()):
        chunk = dataset.id.get_chunk_info(i)
        key = ".".join(str(start // edge) for start, edge in zip(chunk.chunk_offset, chunks))
        refs[f"{name}/{key}"] = [url, chunk.byte_offset, chunk.size]


def write(folder):
    """Writes an HDF5 file; returns its arrays."""
    values = numpy.arange(numpy.prod(SHAPE), dtype="<i4").reshape(SHAPE)
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("plain", data=values, chunks=CHUNKS)
        file.create_dataset("packed", data=values / 3, chunks=CHUNKS, compression="gzip", shuffle=True)
        file.create_dataset("whole", data=values.astype(">u2"))
        file.create_dataset("sparse", shape=SHAPE, dtype="<f4", chunks=CHUNKS, fillvalue=7)[20:25, 5:8] = 1
    with h5py.File(folder / "data.h5") as file:
        return {name: dataset[...] for name, dataset in file.items()}


def references(folder, url):
    refs = {".zgroup": json.dumps({"zarr_format": 2}), "note": "base64:" + base64.b64encode(bytes(range(256))).decode(), "file": [url]}
    with h5py.File(folder / "data.h5") as file:
        for dataset in file.values():
            describe(dataset, url, refs)
    return refs


DOCUMENTS = {
    "version-0": lambda refs: refs,
    "version-1": lambda refs: {"version": 1, "templates": {}, "gen": [], "refs": refs},
    "templates": lambda refs: {"version": 1, "templates": {"u": next(v[0] for v in refs.values() if isinstance(v, list))},
                               "refs": {k: ["{{u}}", *v[1:]] if isinstance(v, list) else v for k, v in refs.items()}},
}


def compare(zarrc, open_store, url, oracle, arrays, folder):
    store = open_store(f"references:{url}")
    keys = sorted(oracle.find(""))
    assert store.keys() == set(keys)
    for key in keys:
        assert store.get(key) == oracle.cat(key), key
    for name, values in arrays.items():
        assert numpy.array_equal(zarrc.get(f"references:{url}/{name}", folder), values), name
        assert numpy.array_equal(zarrc.get(f"references://{name}::{url}", folder, "-s", "3:33,5:25"), values[3:33, 5:25]), name
    copied = zarr.open_group(zarr.storage.MemoryStore({
        key: zarr.core.buffer.default_buffer_prototype().buffer.from_bytes(oracle.cat(key)) for key in keys if key.endswith((".zgroup", ".zarray", ".zattrs"))
        or key.rsplit("/", 1)[-1][0].isdigit()}), mode="r", zarr_format=2)
    for name, values in arrays.items():
        assert numpy.array_equal(copied[name][...], values), name


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_files(zarrc, open_store, tmp_path, kind):
    arrays = write(tmp_path)
    document = tmp_path / "refs.json"
    document.write_text(json.dumps(DOCUMENTS[kind](references(tmp_path, str(tmp_path / "data.h5")))))
    oracle = fsspec.filesystem("reference", fo=str(document), simple_templates=True, skip_instance_cache=True)
    compare(zarrc, open_store, document, oracle, arrays, tmp_path)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_http(zarrc, open_store, nginx, tmp_path, kind):
    """The document lies beside the file on a server, and names it by a URL, or by its name alone."""
    pytest.importorskip("aiohttp")
    folder = nginx.root / f"references-{kind}"
    folder.mkdir()
    arrays = write(folder)
    url = nginx.url(path=f"references-{kind}")
    (folder / "refs.json").write_text(json.dumps(DOCUMENTS[kind](references(folder, f"{url}/data.h5"))))
    oracle = fsspec.filesystem("reference", fo=f"{url}/refs.json", remote_protocol="http", simple_templates=True, skip_instance_cache=True)
    compare(zarrc, open_store, f"{url}/refs.json", oracle, arrays, tmp_path)
    (folder / "relative.json").write_text(json.dumps(DOCUMENTS[kind](references(folder, "data.h5"))))
    for name, values in arrays.items():
        assert numpy.array_equal(zarrc.get(f"references:{url}/relative.json/{name}", tmp_path), values), name


def test_local_files_of_a_remote_document(zarrc, nginx, tmp_path):
    folder = nginx.root / "references-evil"
    folder.mkdir()
    write(tmp_path)
    (folder / "refs.json").write_text(json.dumps(references(tmp_path, f"file://{tmp_path}/data.h5")))
    zarrc("get", f"references:{nginx.url(path='references-evil')}/refs.json/plain", code=13)
    assert "may not refer to files of this machine" in zarrc.stderr and "plain/0.0" in zarrc.stderr


def test_missing_file(zarrc, tmp_path):
    """What a reference refers to must be there: no chunk of fill values."""
    write(tmp_path)
    document = tmp_path / "refs.json"
    document.write_text(json.dumps(references(tmp_path, "data.h5")))
    (tmp_path / "data.h5").rename(tmp_path / "other.h5")
    zarrc("get", f"references:{document}/plain", code=9)
    assert "refers to data.h5" in zarrc.stderr
    with open(tmp_path / "data.h5", "wb") as file:
        file.write((tmp_path / "other.h5").read_bytes()[:2100])
    zarrc("get", f"references:{document}/plain", code=6)
