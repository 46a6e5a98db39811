# SPDX-License-Identifier: MIT
"""Each peer: write(path, combo) makes the array of a combo, read(path) gives all its values."""
import numpy
import tensorstore
import zarr
import zarrs  # registers its pipeline
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

del zarrs
PIPELINES = {"zarr-python": "zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrs": "zarrs.ZarrsCodecPipeline"}
CLASSES = {"blosc": BloscCodec, "bytes": BytesCodec, "crc32c": Crc32cCodec, "gzip": GzipCodec,
           "transpose": TransposeCodec, "zstd": ZstdCodec}


class ZarrPython:
    def __init__(self, name):
        self.pipeline = {"codec_pipeline.path": PIPELINES[name]}

    def write(self, path, combo):
        codecs = [CLASSES[c["name"]].from_dict(c) for c in combo.codecs]
        at = [c["name"] for c in combo.codecs].index("bytes")
        with zarr.config.set(self.pipeline):
            array = zarr.create_array(
                str(path), shape=combo.shape, dtype=combo.numpy, chunks=combo.chunks, filters=codecs[:at],
                serializer=codecs[at], compressors=codecs[at + 1:], fill_value=combo.fill_element()[()],
                chunk_key_encoding={"name": combo.encoding, "separator": combo.separator})
            array[combo.written or ...] = combo.values()

    def read(self, path):
        with zarr.config.set(self.pipeline):
            array = zarr.open_array(str(path), mode="r")
            return numpy.asarray(array[...], array.dtype)  # an array without dimensions gives a scalar


class TensorStore:
    @staticmethod
    def spec(path):
        return {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}

    def write(self, path, combo):
        metadata = {
            "shape": combo.shape, "data_type": combo.dtype, "fill_value": combo.fill, "codecs": combo.codecs,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": combo.chunks}},
            "chunk_key_encoding": {"name": combo.encoding, "configuration": {"separator": combo.separator}}}
        array = tensorstore.open(self.spec(path) | {"metadata": metadata}, create=True).result()
        array[combo.written or ...].write(combo.values()).result()

    def read(self, path):
        return tensorstore.open(self.spec(path)).result().read().result()


PEERS = {"zarr-python": ZarrPython("zarr-python"), "zarrs": ZarrPython("zarrs"), "tensorstore": TensorStore()}
