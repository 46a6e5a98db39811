# SPDX-License-Identifier: MIT
"""zarrc.codecs.ShardingCodec under zarr-python's synchronous pipeline: through the library, whatever the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
import zarr.core.codec_pipeline
import zarr.registry
from zarr.storage import LocalStore, LoggingStore, MemoryStore

import zarrc
import zarrc.codecs
from zarrc import _locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not hasattr(zarr.core.codec_pipeline, "FusedCodecPipeline"), reason="this zarr-python has no synchronous pipeline"
)


class Subclassed(LocalStore):
    """Its own methods have to be called."""


@pytest.fixture(autouse=True)
def _fused(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The synchronous pipeline; what zarr-python would do in Python fails."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("zarr-python's own code was called")

    for name in ("_get_inner_chunk_transform", "_load_partial_shard_maybe_sync", "_encode_shard_dict_sync"):
        monkeypatch.setattr(zarr.codecs.ShardingCodec, name, refuse)
    zarr.registry.register_codec("sharding_indexed", zarrc.codecs.ShardingCodec)
    settings = {
        "codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline",
        "codecs.sharding_indexed": "zarrc.codecs.ShardingCodec",
    }
    with zarr.config.set(settings):
        zarrc.counters(reset=True)
        yield
    assert not [name for name in zarrc.counters() if name.startswith("fallback")]


STORES = ["local", "memory", "subclass", "wrapper"]


def make(where: str, path: Path) -> Any:
    if where == "memory":
        return MemoryStore()
    if where == "wrapper":
        return LoggingStore(MemoryStore(), log_level="ERROR")
    return LocalStore(path) if where == "local" else Subclassed(path)


def sharded(store: Any, inner: Any = None) -> Any:
    codec = inner or zarrc.codecs.ShardingCodec(
        chunk_shape=(2, 5), codecs=[zarrc.codecs.BytesCodec(), zarrc.codecs.ZstdCodec(level=1)]
    )
    return zarr.create_array(
        store, shape=(20, 30), chunks=(8, 10), dtype="i4", serializer=codec, compressors=None, fill_value=0
    )


@pytest.mark.parametrize("where", STORES)
def test_reads_and_writes(where: str, tmp_path: Path) -> None:
    array = sharded(make(where, tmp_path))
    assert (array[3:5, 2] == 0).all()
    expected = np.arange(600, dtype="i4").reshape(20, 30)
    array[...] = expected
    for at in (np.s_[1:7, 3:22], np.s_[5, :], np.s_[::3, 4], np.s_[19, 29]):
        np.testing.assert_array_equal(array[at], expected[at])
        array[at] = -expected[at]
        expected[at] *= -1
    np.testing.assert_array_equal(array.oindex[[19, 2, 3], [0, 29, 7]], expected[np.ix_([19, 2, 3], [0, 29, 7])])
    np.testing.assert_array_equal(array.vindex[[19, 2, 3], [0, 29, 7]], expected[[19, 2, 3], [0, 29, 7]])
    array.oindex[[19, 2, 3], [0, 29, 7]] = 1
    expected[np.ix_([19, 2, 3], [0, 29, 7])] = 1
    mask = expected % 7 == 0
    array.set_mask_selection(mask, 2)
    expected[mask] = 2
    np.testing.assert_array_equal(array[...], expected)
    array[0:8, 0:10] = 0  # a shard of nothing but fill value
    expected[0:8, 0:10] = 0
    np.testing.assert_array_equal(array[...], expected)
    if where == "local":
        assert not (tmp_path / "c/0/0").exists()
    assert zarrc.counters()["codec"] > 0


def test_shards_in_shards() -> None:
    inner = zarrc.codecs.ShardingCodec(chunk_shape=(1, 5), codecs=[zarrc.codecs.BytesCodec()])
    array = sharded(MemoryStore(), zarrc.codecs.ShardingCodec(chunk_shape=(4, 5), codecs=[inner]))
    expected = np.arange(600, dtype="i4").reshape(20, 30)
    array[...] = expected
    array[3:9, 4:12] = 5
    expected[3:9, 4:12] = 5
    np.testing.assert_array_equal(array[2:11, 1:20], expected[2:11, 1:20])


def test_reads_only_ranges() -> None:
    ranges: list[Any] = []

    class Noting(MemoryStore):
        def get_sync(self, key: str, *, prototype: Any = None, byte_range: Any = None) -> Any:
            if key.startswith("c/"):
                ranges.append(byte_range)
            return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    array = sharded(Noting())
    array[...] = 7
    ranges.clear()
    assert array[3, 3] == 7
    assert ranges and None not in ranges


@pytest.mark.parametrize("where", STORES)
def test_threads_write_parts_of_one_shard(where: str, tmp_path: Path) -> None:
    array = sharded(make(where, tmp_path))

    def write(i: int) -> None:
        for row in range(i, 20, 5):
            array[row, :] = row
            array.vindex[[row, row], [0, 29]] = row

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(write, range(5)))
    assert (array[...] == np.arange(20)[:, None]).all()
    assert _locks.held() == 0


def test_read_only_store_refuses(tmp_path: Path) -> None:
    sharded(LocalStore(tmp_path))[...] = 3
    with pytest.raises(ValueError, match="read-only"):
        zarr.open_array(LocalStore(tmp_path, read_only=True), mode="r")[0] = 4
    with zarr.config.set({"codec_pipeline.guard_unaligned_writes": True}):
        with pytest.raises(zarrc.UnalignedWriteError, match="c/0/0"):
            zarr.open_array(tmp_path)[0] = 4
    assert (zarr.open_array(tmp_path, mode="r")[...] == 3).all()
