#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs zarr-python's own tests with zarrc in place of zarr-python's pipeline or codecs, and counts.

    run_zarr_tests.py --tests DIR [--mode pipeline|codecs|stock] [--quick] [pytest arguments]

DIR is the directory `tests` of the source distribution of the zarr-python that is installed. Needs what
requirements.txt names, and zarrc installed. See zarrc_counting.py for what is counted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import pathlib
import subprocess
import sys

# Without --quick: all of them. What a test needs that is not installed, the test skips itself.
QUICK = ["test_codec_pipeline_suite.py", "test_codecs", "test_indexing.py", "test_v2.py", "test_resize.py"]

# Tests that cannot pass with any other implementation of the codecs, the versions of zarr-python in which they stand (""
# for all), and why. Names are what pytest -v prints, or begin it.
EXCLUDED: dict[str, tuple[str, str]] = {
    "tests/test_codecs/test_sharding.py::test_sharding_partial_shard_read__index_chunk_slice_fails": (
        "", "replaces the private method zarr.codecs.sharding._ShardIndex.get_chunk_slice"
    ),
    "tests/test_array.py::test_create_array_with_data_num_gets": (
        "3.1.", "counts a read of each shard that zarr's sharding codec makes before it writes the whole shard, "
        "'we don't actually need one' says the test itself"
    ),
    "tests/test_codecs/test_sharding_unit.py::test_bulk_decode_engagement_and_correctness[full-slice": (
        "", "asserts that the private method ShardingCodec._decode_full_shard_bulk_if_uncompressed is called"
    ),
    "tests/test_codecs/test_sharding_unit.py::test_bulk_decode_engagement_and_correctness[ellipsis": (
        "", "asserts that the private method ShardingCodec._decode_full_shard_bulk_if_uncompressed is called"
    ),
}  # fmt: skip

CODECS = {
    "blosc": "BloscCodec", "bytes": "BytesCodec", "crc32c": "Crc32cCodec", "gzip": "GzipCodec",
    "sharding_indexed": "ShardingCodec", "transpose": "TransposeCodec", "vlen-bytes": "VLenBytesCodec",
    "vlen-utf8": "VLenUTF8Codec", "zstd": "ZstdCodec",
}  # fmt: skip


def environment(mode: str) -> dict[str, str]:
    env = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).resolve().parent), ZARRC_MODE=mode)
    if mode == "pipeline":
        env["ZARR_CODEC_PIPELINE__PATH"] = "zarrc.CodecPipeline"
    elif mode == "codecs":
        for name, class_name in CODECS.items():
            env[f"ZARR_CODECS__{name.upper()}"] = f"zarrc.codecs.{class_name}"
    return env


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", required=True, type=pathlib.Path)
    parser.add_argument("--mode", choices=("pipeline", "codecs", "stock"), default="pipeline")
    parser.add_argument("--quick", action="store_true")
    known, rest = parser.parse_known_args()
    root = known.tests.resolve()
    files = [f"tests/{name}" for name in QUICK if (root / name).exists()] if known.quick else ["tests"]
    if any(each.startswith("tests/") for each in rest):
        files = []
    version = importlib.metadata.version("zarr")
    excluded = {name: why for name, (versions, why) in EXCLUDED.items() if version.startswith(versions)}
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:accept", "-p", "no:cacheprovider", "-p", "zarrc_counting",
        "-o", "addopts=", *(["--benchmark-disable"] if has("pytest_benchmark") else []),
        *[f"--deselect={name}" for name in excluded], *files, *rest,
    ]  # fmt: skip
    print(f"zarr-python's tests, {known.mode}: {len(excluded)} excluded")
    for name, reason in excluded.items():
        print(f"  excluded: {name}: {reason}")
    sys.stdout.flush()
    return subprocess.call(command, cwd=root.parent, env=environment(known.mode))


def has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    sys.exit(main())
