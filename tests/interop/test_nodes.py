# SPDX-License-Identifier: MIT
"""Groups, attributes, dimension names, structs, and snappy: what the combos do not have."""
import json

import numpy
import peers
import pytest
import tensorstore
import zarr

ATTRIBUTES = {"units": "K", "z": [1, 2.5, None, True], "a": {"é": "漢😀", "big": 2**64 - 1}, "empty": {}}


def test_group_of_zarrc(zarrc, tmp_path):
    url = tmp_path / "g.zarr"
    zarrc("create", url, "--group", "--attributes", json.dumps(ATTRIBUTES))
    zarrc("create", url / "inner", "--group")
    zarrc("create", url / "inner" / "x", "--shape", "3,4", "--dtype", "int16", "--chunks", "2,2",
          "--dimension-names", "y,", "--attributes", json.dumps(ATTRIBUTES))
    group = zarr.open_group(str(url), mode="r", zarr_format=3)
    assert dict(group.attrs) == ATTRIBUTES and list(group.attrs) == list(ATTRIBUTES)
    array = group["inner/x"]
    assert array.metadata.dimension_names == ("y", None)
    assert dict(array.attrs) == ATTRIBUTES
    assert array.shape == (3, 4) and not array[...].any()


def test_hierarchy_of_zarr_python(zarrc, tmp_path):
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=3, attributes=ATTRIBUTES)
    x = group.create_array("deep/er/x", shape=(10, 10), chunks=(4, 4), dtype="f4", dimension_names=["y", "x"],
                           attributes=ATTRIBUTES, fill_value=float("nan"))
    x[2:5] = 1.5
    group.create_array("y", shape=(), dtype="u1")[...] = 7
    zarrc("copy", tmp_path / "g.zarr", tmp_path / "h.zarr", "--codecs", "gzip(1)", "-q")
    copy = zarr.open_group(str(tmp_path / "h.zarr"), mode="r")
    assert dict(copy.attrs) == ATTRIBUTES and list(copy.attrs) == list(ATTRIBUTES)
    assert dict(copy["deep/er/x"].attrs) == ATTRIBUTES
    assert copy["deep/er/x"].metadata.dimension_names == ("y", "x")
    assert sorted(name for name, _ in copy.members(max_depth=None)) == ["deep", "deep/er", "deep/er/x", "y"]
    numpy.testing.assert_array_equal(copy["deep/er/x"][...], x[...])
    assert copy["y"][...] == 7


def test_zarrc_prints_the_tree(zarrc, tmp_path):
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=3)
    group.create_array("b/x", shape=(10, 10), chunks=(4, 4), dtype="f4")
    text = zarrc("ls", tmp_path / "g.zarr").decode()
    assert "b/x" in text and "float32" in text
    assert "schema" in json.loads(zarrc("info", tmp_path / "g.zarr/b/x", "--json"))


def test_struct(zarrc, tmp_path):
    """Only zarr-python has structs; older versions know them as "structured" and read no "struct"."""
    dtype = numpy.dtype([("a", "<i2"), ("b", "<f8"), ("c", "S3")])
    values = numpy.array([(i, i / 3, b"xyz"[:i % 4]) for i in range(12)], dtype)
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=(12,), chunks=(5,), dtype=dtype)
    array[...] = values
    assert zarrc.get(tmp_path / "a.zarr", tmp_path).tobytes() == values.tobytes()
    name = json.loads((tmp_path / "a.zarr/zarr.json").read_bytes())["data_type"]["name"]
    if name != "struct":
        pytest.skip(f"zarr {zarr.__version__} writes {name}, and reads no struct")
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "b.zarr", "-c", "4", "--codecs", "bytes(big),zstd(1)", "-q")
    assert zarr.open_array(str(tmp_path / "b.zarr"))[...].tobytes() == values.tobytes()


SHARDED = [("start", [1, 0], "zstd"), ("end", [0, 1], "gzip"), ("end", [1, 0], "blosc")]


@pytest.mark.parametrize("location, order, compressor", SHARDED)
def test_sharded(zarrc, tmp_path, location, order, compressor):
    """A sharded array with holes, written in parts by each, read by the others."""
    values = numpy.arange(50 * 40, dtype="u2").reshape(50, 40)
    values[8:16, 16:] = 0
    inner = {"zstd": {"level": 1, "checksum": False}, "gzip": {"level": 5},
             "blosc": {"typesize": 2, "cname": "lz4", "clevel": 5, "shuffle": "bitshuffle", "blocksize": 0}}
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    shard = {"name": "sharding_indexed", "configuration": {
        "chunk_shape": [8, 8], "index_location": location, "index_codecs": [little, {"name": "crc32c"}],
        "codecs": [{"name": "transpose", "configuration": {"order": order}}, little,
                   {"name": compressor, "configuration": inner[compressor]}]}}
    zarrc("create", tmp_path / "a.zarr", "--shape", "50,40", "--dtype", "uint16", "--chunks", "32,24", "--codecs", json.dumps([shard]))
    zarrc.put(tmp_path / "a.zarr", tmp_path, values[5:], "-s", "5:,:")
    zarrc.put(tmp_path / "a.zarr", tmp_path, values[:5], "-s", ":5,:")
    for peer in peers.PEERS.values():
        numpy.testing.assert_array_equal(peer.read(tmp_path / "a.zarr"), values)
    metadata = json.loads((tmp_path / "a.zarr/zarr.json").read_bytes())
    spec = peers.TensorStore.spec(tmp_path / "b.zarr") | {"metadata": {
        key: metadata[key] for key in ("shape", "data_type", "chunk_grid", "codecs", "fill_value")}}
    tensorstore.open(spec, create=True).result().write(values).result()
    numpy.testing.assert_array_equal(zarrc.get(tmp_path / "b.zarr", tmp_path), values)
    array = zarr.create_array(str(tmp_path / "c.zarr"), shape=(50, 40), dtype="u2", chunks=(8, 8), shards=(32, 24))
    array[...] = values
    numpy.testing.assert_array_equal(zarrc.get(tmp_path / "c.zarr", tmp_path, "-s", "3:45:7,5:30"), values[3:45:7, 5:30])


def test_strings_of_any_length(zarrc, tmp_path):
    values = ["", "a", "é漢😀", "x" * 1000, "zero\0inside"]
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=(7,), dtype="string", chunks=(3,), fill_value="fill")
    array[:5] = numpy.array(values, numpy.dtypes.StringDType())
    assert json.loads(zarrc("get", tmp_path / "a.zarr", "--format", "json")) == values + ["fill", "fill"]
    zarrc("copy", tmp_path / "a.zarr", tmp_path / "b.zarr", "-c", "4", "--codecs", "vlen-utf8,zstd(3)", "-q")
    assert list(zarr.open_array(str(tmp_path / "b.zarr"))[...]) == values + ["fill", "fill"]


def test_snappy_of_tensorstore(zarrc, tmp_path):
    """numcodecs is built without snappy, tensorstore is not."""
    values = numpy.arange(1000, dtype="i4") // 3
    metadata = {"shape": [1000], "data_type": "int32", "codecs": [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": {"cname": "snappy", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}}]}
    tensorstore.open(peers.TensorStore.spec(tmp_path / "a.zarr") | {"metadata": metadata}, create=True).result().write(values).result()
    info = zarrc("info", tmp_path / "a.zarr", "--json").decode()
    assert "snappy" in info
    numpy.testing.assert_array_equal(zarrc.get(tmp_path / "a.zarr", tmp_path), values)
