# SPDX-License-Identifier: MIT
"""Opens arrays again and again with zarrc.open and with tensorstore, a few times each in turn, in one process:
`opening.py FOLDER ROUNDS [PROCESSORS]`. Prints a line of JSON for each number of levels of shards, with microseconds:
the median and the least of all rounds."""
import json
import os
import statistics
import sys
import time

import tensorstore
import workloads
import zarrc

CALLS = 20  # opens of one tool before it is the other's turn
SHAPES = ((256,) * 3, (64,) * 3, (16,) * 3)


def create(folder, levels):
    """An array of uint16 without chunks, as zarr-python writes its document."""
    codecs = [workloads.LITTLE, workloads.blosc("zstd", "bitshuffle", 2), workloads.CRC]
    for inner in reversed(SHAPES[1:levels + 1]):
        codecs = workloads.sharded(inner, codecs)
    metadata = {"shape": [256, 512, 512], "data_type": "uint16",
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(SHAPES[0])}},
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "fill_value": 0,
                "codecs": codecs, "attributes": {}, "dimension_names": ["z", "y", "x"], "zarr_format": 3,
                "node_type": "array", "storage_transformers": []}
    path = f"{folder}/levels-{levels}.zarr"
    os.makedirs(path, exist_ok=True)
    with open(f"{path}/zarr.json", "w", encoding="utf-8") as file:
        json.dump(metadata, file, indent=2)
    return path


def with_tensorstore():
    context = tensorstore.Context({"cache_pool": {"total_bytes_limit": 0}, "file_io_sync": False})

    def open_array(path):
        return tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{path}/"}}, context=context,
                                open=True, read=True, write=False).result()
    return open_array


def microseconds(open_array, path):
    begin = time.perf_counter()
    for _ in range(CALLS):
        open_array(path)
    return (time.perf_counter() - begin) / CALLS * 1e6


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2])
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[3])])
    tools = {"zarrc": zarrc.open, "tensorstore": with_tensorstore()}
    for levels in range(len(SHAPES)):
        path = create(folder, levels)
        times = {name: [] for name in tools}
        for _ in range(rounds):
            for name, open_array in tools.items():
                times[name].append(microseconds(open_array, path))
        middle = {name: statistics.median(each) for name, each in times.items()}
        print(json.dumps({"levels": levels, **middle, "zarrc_least": min(times["zarrc"]),
                          "tensorstore_least": min(times["tensorstore"]),
                          "ratio": middle["zarrc"] / middle["tensorstore"]}), flush=True)


main()
