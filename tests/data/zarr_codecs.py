#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes zarr_codecs.json with zarr-python 3.4.2 (Python 3.12 or later, a little-endian machine):
    names   every public name of zarr.codecs, and of CodecPipeline: classes with their methods, properties and parameters
    enums   the values of the enums, in order; `from_int` what BloscShuffle makes of numbers, null where it raises
    defaults, refused, equal
            codecs made without arguments, arguments that raise, and pairs of codecs with what == says of them
    rows    a codec and a kind of chunk, what each method of the codec makes of them, one chunk decoded and encoded, and for
            shards parts read and written. Elements are packed, little-endian, in base64; text is a list of base64."""
import asyncio
import base64
import dataclasses
import inspect
import json
import sys
import typing
import warnings

import numpy
import zarr
import zarr.codecs
from zarr.abc.codec import CodecPipeline
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.metadata.v3 import RegularChunkGridMetadata
from zarr.dtype import parse_dtype
from zarr.registry import get_codec_class
from zarr.storage import MemoryStore, StorePath

assert zarr.__version__ == "3.4.2" and sys.byteorder == "little"
warnings.simplefilter("ignore")
PROTOTYPE = default_buffer_prototype()


def members(thing):
    """Names behind a dot: methods, properties, parameters of the constructor; of an enum its values."""
    if typing.get_origin(thing) is typing.Literal:
        return list(typing.get_args(thing))
    found = {name for name in dir(thing) if not name.startswith("_")} | set(getattr(thing, "_members", {}))
    if dataclasses.is_dataclass(thing):
        found |= {field.name for field in dataclasses.fields(thing)} | set(inspect.signature(thing).parameters)
    return sorted(name for name in found if not name.startswith("_"))


def codec(name, **configuration):
    return {"name": name, "configuration": configuration}


def attributes(one):
    """The class of a codec and what can be read from it."""
    found = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
    if "_tunable_attrs" in found:
        found["tunable"] = sorted(found.pop("_tunable_attrs"))
    for name in ("codecs", "index_codecs"):
        if name in found:
            found[name] = [attributes(inner) for inner in found[name]]
    return {"class": type(one).__name__, "attributes": found}


def defaults():
    classes = (getattr(zarr.codecs, name) for name in zarr.codecs.__all__ if name.endswith("Codec"))
    needed = {"ShardingCodec": {"chunk_shape": (2,)}, "TransposeCodec": {"order": (0,)}}
    return [attributes(one(**needed.get(one.__name__, {}))) for one in classes]


REFUSED = [
    ("BloscCodec", {"typesize": 0}), ("BloscCodec", {"typesize": -4}), ("BloscCodec", {"cname": "lz5"}),
    ("BloscCodec", {"shuffle": "byteshuffle"}), ("BytesCodec", {"endian": "Big"}), ("GzipCodec", {"level": 10}),
    ("GzipCodec", {"level": -1}), ("ZstdCodec", {"level": 23}), ("ShardingCodec", {"chunk_shape": [0]}),
    ("ShardingCodec", {"chunk_shape": [2, -1]}), ("ShardingCodec", {"chunk_shape": [2], "index_location": "middle"}),
    ("ShardingCodec", {"chunk_shape": [2], "subchunk_write_order": "random"}),
    ("ShardingCodec", {"chunk_shape": [2], "index_codecs": [
        {"class": "BytesCodec", "attributes": {"endian": "little"}}, {"class": "GzipCodec", "attributes": {"level": 1}}]}),
]


def made(document):
    """The other way round: attributes(made(x)) == x, but for tunable ones, which are left out."""
    arguments = {name: value for name, value in document["attributes"].items()
                 if name != "tunable" and name not in document["attributes"].get("tunable", ())}
    for name in ("codecs", "index_codecs"):
        if name in arguments:
            arguments[name] = [made(inner) for inner in arguments[name]]
    return getattr(zarr.codecs, document["class"])(**arguments)


def refused():
    rows = []
    for name, arguments in REFUSED:
        row = {"class": name, "attributes": arguments}
        try:
            made(row)
            raise AssertionError(row)
        except (TypeError, ValueError) as error:
            rows.append(row | {"raises": type(error).__name__})
    return rows


def spec_of(dtype, shape):
    zdtype = parse_dtype(dtype, zarr_format=3)
    return ArraySpec(shape=tuple(shape), dtype=zdtype, fill_value=zdtype.default_scalar(), prototype=PROTOTYPE,
                     config=ArrayConfig("C", False))


def equal():
    """Codecs in groups of one class, as made and evolved for a chunk, and which of them are equal."""
    c = zarr.codecs
    groups = [
        [c.BloscCodec(), c.BloscCodec(typesize=1), c.BloscCodec(shuffle="bitshuffle"),
         c.BloscCodec(typesize=1, shuffle="bitshuffle"), c.BloscCodec(typesize=2, shuffle="shuffle"),
         c.BloscCodec().evolve_from_array_spec(spec_of("int16", [4])), c.BloscCodec().evolve_from_array_spec(spec_of("int8", [4])),
         c.BloscCodec(cname="lz4"), c.BloscCodec(clevel=6), c.BloscCodec(blocksize=256)],
        [c.BytesCodec(), c.BytesCodec(endian="big"), c.BytesCodec(endian="little"), c.BytesCodec(endian=None),
         c.BytesCodec().evolve_from_array_spec(spec_of("int8", [4])), c.BytesCodec().evolve_from_array_spec(spec_of("int16", [4]))],
        [c.Crc32cCodec(), c.Crc32cCodec(), c.VLenBytesCodec(), c.VLenUTF8Codec(), c.VLenUTF8Codec()],
        [c.GzipCodec(), c.GzipCodec(level=5), c.GzipCodec(level=1), c.ZstdCodec(), c.ZstdCodec(level=5), c.ZstdCodec(checksum=True)],
        [c.TransposeCodec(order=(0, 1)), c.TransposeCodec(order=[0, 1]), c.TransposeCodec(order=(1, 0)),
         c.TransposeCodec(order=(0, 1, 2)), c.TransposeCodec(order=())],
        [c.ShardingCodec(chunk_shape=(2,)), c.ShardingCodec(chunk_shape=2), c.ShardingCodec(chunk_shape=(3,)),
         c.ShardingCodec(chunk_shape=(2, 2)), c.ShardingCodec(chunk_shape=(2,), codecs=[c.BytesCodec(endian=None)]),
         c.ShardingCodec(chunk_shape=(2,)).evolve_from_array_spec(spec_of("int8", [4])),
         c.ShardingCodec(chunk_shape=(2,)).evolve_from_array_spec(spec_of("int16", [4])),
         c.ShardingCodec(chunk_shape=(2,), codecs=[c.BytesCodec(endian="little"), c.BloscCodec()]),
         c.ShardingCodec(chunk_shape=(2,), codecs=[c.BytesCodec(endian="little"), c.BloscCodec(typesize=1)]),
         c.ShardingCodec(chunk_shape=(2,), index_codecs=[c.BytesCodec(endian="little")]),
         c.ShardingCodec(chunk_shape=(2,), index_location="start"),
         c.ShardingCodec(chunk_shape=(2,), subchunk_write_order="lexicographic")],
    ]
    return [{"codecs": [attributes(one) for one in group], "equal": [[one == other for other in group] for one in group]}
            for group in groups]


LITTLE, BIG = codec("bytes", endian="little"), codec("bytes", endian="big")
CRC = {"name": "crc32c"}
# codec, data type, shape of the chunk
ROWS = [
    (LITTLE, "int16", [2, 3]), (BIG, "float64", [3]), (LITTLE, "uint8", [4]), ({"name": "bytes"}, "bool", [2, 2]),
    (BIG, "complex64", [2]), (LITTLE, "int32", []), ({"name": "bytes"}, "int32", [2]),
    (codec("transpose", order=[1, 0]), "int16", [2, 3]), (codec("transpose", order=[2, 0, 1]), "uint8", [2, 3, 4]),
    (codec("transpose", order=[]), "int32", []), (codec("transpose", order=[1, 0]), "int16", [2, 3, 4]),
    (codec("transpose", order=[0, 0]), "int16", [2, 3]),
    *((codec("blosc", typesize=4, cname=cname, clevel=5, shuffle=shuffle, blocksize=0), "int32", [100])
      for cname in ("lz4", "lz4hc", "blosclz", "zlib", "zstd") for shuffle in ("noshuffle", "shuffle", "bitshuffle")),
    (codec("blosc", cname="zstd", clevel=1), "float64", [50]), (codec("blosc", clevel=0), "uint8", [300]),
    (codec("blosc", clevel=9, shuffle="noshuffle", blocksize=256), "int16", [400]),
    (codec("crc32c"), "uint16", [5]),
    *((codec("gzip", level=level), "int32", [200]) for level in (0, 1, 5, 9)),
    *((codec("zstd", level=level, checksum=checksum), "int32", [200]) for level in (-5, 0, 22) for checksum in (False, True)),
    (codec("vlen-utf8"), "string", [2, 3]), (codec("vlen-utf8"), "string", []),
    (codec("vlen-bytes"), "variable_length_bytes", [5]),
    (codec("sharding_indexed", chunk_shape=[2, 2]), "uint16", [4, 6]),
    (codec("sharding_indexed", chunk_shape=3), "uint8", [9]),
    (codec("sharding_indexed", chunk_shape=[2, 3], codecs=[BIG, CRC], index_codecs=[BIG], index_location="start"),
     "int32", [4, 6]),
    (codec("sharding_indexed", chunk_shape=[4], codecs=[LITTLE, codec("zstd", level=1, checksum=False)],
           index_codecs=[LITTLE, CRC, CRC]), "float32", [16]),
    (codec("sharding_indexed", chunk_shape=[4, 4], codecs=[
        codec("transpose", order=[1, 0]), codec("sharding_indexed", chunk_shape=[2, 4], codecs=[LITTLE], index_location="start")]),
     "int16", [8, 4]),
    (codec("sharding_indexed", chunk_shape=[2], codecs=[{"name": "vlen-utf8"}]), "string", [6]),
    (codec("sharding_indexed", chunk_shape=[3]), "uint8", [8]),
    (codec("sharding_indexed", chunk_shape=[3]), "uint8", [3, 3]),
]
EXACT = {"bytes", "transpose", "crc32c", "vlen-utf8", "vlen-bytes"}


def is_exact(document):
    inner = document.get("configuration", {}).get("codecs", [])
    return document["name"] in EXACT | {"sharding_indexed"} and all(map(is_exact, inner))


def values_of(dtype, shape):
    count = int(numpy.prod(shape))
    if dtype in ("string", "variable_length_bytes"):
        texts = ["a", "", "é漢😀", "x" * 40, "", "\0"]
        values = numpy.empty(count, "O")
        values[:] = [texts[i % 6] if dtype == "string" else texts[i % 6].encode() for i in range(count)]
    elif dtype == "bool":
        values = numpy.arange(count) % 2 == 1
    else:
        values = (numpy.arange(count) % 50).astype(dtype)
        if dtype == "complex64":
            values += 2j
    return values.reshape(shape)


def pack(values):
    if values.dtype.kind in "OT":
        texts = [text if isinstance(text, bytes) else text.encode() for text in values.reshape(-1)]
        return [base64.b64encode(text).decode() for text in texts]
    return base64.b64encode(numpy.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).decode()


def unpacked(buffer):
    return pack(buffer.as_ndarray_like()) if hasattr(buffer, "as_ndarray_like") else base64.b64encode(buffer.to_bytes()).decode()


async def parts_of(evolved, spec, values, encoded):
    """What decode_partial gives for a box with steps, and what encode_partial makes of the shard."""
    box = tuple(slice(n // 3, n - n // 4, 1 + i % 2) for i, n in enumerate(spec.shape))
    store = StorePath(await MemoryStore.open(), "shard")
    await store.set(encoded)
    read = list(await evolved.decode_partial([(store, box, spec)]))[0]
    new = numpy.ascontiguousarray(values[box][::-1])
    await evolved.encode_partial([(store, PROTOTYPE.nd_buffer.from_numpy_array(new), box, spec)])
    written = await store.get(PROTOTYPE)
    return {"start": [s.start for s in box], "count": list(values[box].shape), "step": [s.step for s in box],
            "read": pack(numpy.asarray(read.as_ndarray_like())), "write": pack(new), "written": unpacked(written)}


def row_of(document, dtype, shape):
    spec = spec_of(dtype, shape)
    one = get_codec_class(document["name"]).from_dict(document)
    row = {"codec": document, "data_type": dtype, "shape": shape, **attributes(one), "to_dict": one.to_dict(),
           "is_fixed_size": one.is_fixed_size}
    try:
        evolved = one.evolve_from_array_spec(spec)
        row["evolved"] = evolved.to_dict()
        row["evolved_attributes"] = attributes(evolved)["attributes"]
        evolved.validate(shape=tuple(shape), dtype=spec.dtype, chunk_grid=RegularChunkGridMetadata(chunk_shape=tuple(shape)))
    except ValueError as error:
        return row | {"refused": str(error)}
    resolved = evolved.resolve_metadata(spec)
    row["resolved"] = list(resolved.shape)
    values = values_of(dtype, shape)
    size = values.size * (values.dtype.itemsize if values.dtype.kind != "O" else 8)
    try:
        row["encoded_size"] = [size, evolved.compute_encoded_size(size, spec)]
    except NotImplementedError:
        row["encoded_size"] = None

    async def work():
        given = PROTOTYPE.nd_buffer.from_numpy_array(values)
        if type(one).__mro__[1].__name__ == "BytesBytesCodec":
            given = PROTOTYPE.buffer.from_bytes(values.tobytes())
        encoded = list(await evolved.encode([(given, spec)]))[0]
        back = list(await evolved.decode([(encoded, resolved)]))[0] if document["name"] != "transpose" else given
        assert unpacked(back) == unpacked(given)
        if document["name"] == "gzip":  # without the time
            encoded = PROTOTYPE.buffer.from_bytes(encoded.to_bytes()[:4] + bytes(4) + encoded.to_bytes()[8:])
        row.update(decoded=unpacked(given), encoded=unpacked(encoded), exact=is_exact(document))
        if hasattr(evolved, "decode_partial"):
            row["part"] = await parts_of(evolved, spec, values, encoded)
    asyncio.run(work())
    return row


def main():
    things = {name: getattr(zarr.codecs, name) for name in zarr.codecs.__all__} | {"CodecPipeline": CodecPipeline}
    enums = {name: members(thing) for name, thing in things.items()
             if typing.get_origin(thing) is typing.Literal or hasattr(thing, "_members")}
    def from_int(number):
        try:
            return zarr.codecs.BloscShuffle.from_int(number)
        except ValueError:
            return None

    out = {"zarr": zarr.__version__, "names": {name: members(thing) for name, thing in things.items()},
           "enums": {name: [value for value in names if value != "from_int"] for name, names in enums.items()},
           "from_int": [[number, from_int(number)] for number in (-1, 0, 1, 2, 3, 2**40)],
           "defaults": defaults(), "refused": refused(), "equal": equal(),
           "rows": [row_of(*row) for row in ROWS]}
    with open(sys.argv[1] if len(sys.argv) > 1 else "zarr_codecs.json", "w", encoding="ascii") as file:
        lists = ("defaults", "refused", "equal", "rows")
        heads = {key: value for key, value in out.items() if key not in lists}
        file.write(json.dumps(heads, indent=1)[:-2])
        for name in lists:
            file.write(f',\n "{name}": [\n' + ",\n".join("  " + json.dumps(row) for row in out[name]) + "\n ]")
        file.write("\n}\n")


if __name__ == "__main__":
    main()
