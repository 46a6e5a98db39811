# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import zarr
from zarr.storage import LocalStore, MemoryStore, ZipStore

import zarrc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _pipeline() -> Iterator[None]:
    with zarr.config.set({"codec_pipeline.path": "zarrc.CodecPipeline", "codec_pipeline.strict": True}):
        zarrc.counters(reset=True)
        yield


class SubclassedStore(LocalStore):
    """Not exactly a LocalStore: its own methods have to be called."""


@pytest.fixture(params=["local", "memory", "zip", "subclass", "wrapper", "fsspec", "obstore"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "local":
        return LocalStore(tmp_path / "local")
    if request.param == "memory":
        return MemoryStore()
    if request.param == "zip":
        return ZipStore(tmp_path / "a.zip", mode="w")
    if request.param == "subclass":
        return SubclassedStore(tmp_path / "sub")
    if request.param == "fsspec":
        pytest.importorskip("fsspec")
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(f"file://{tmp_path}/fsspec", storage_options={"auto_mkdir": True})
    if request.param == "obstore":
        pytest.importorskip("obstore")
        from obstore.store import MemoryStore as ObstoreMemory
        from zarr.storage import ObjectStore

        return ObjectStore(ObstoreMemory())
    from zarr.storage import LoggingStore

    return LoggingStore(MemoryStore(), log_level="ERROR")
