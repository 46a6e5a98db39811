# SPDX-License-Identifier: MIT
"""Dask on S3, with workers in processes of their own that find credentials themselves."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import servers
import zarr
from test_remote import KEYS, SECRET, _no_account, bucket, make, moto, options_of, upload  # noqa: F401

pytest.importorskip("s3fs")
pytest.importorskip("distributed")
arrays: Any = pytest.importorskip("dask.array")
from distributed import Client, LocalCluster

import zarrc.dask

if TYPE_CHECKING:
    from pathlib import Path


def test_workers_find_their_credentials(
    bucket: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "dask-in")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    place = {"endpoint_url": bucket.url}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        carried: list[bytes] = []
        submit = client.submit

        def watched(*args: Any, **kwargs: Any) -> Any:
            carried.append(pickle.dumps((args, kwargs)))
            return submit(*args, **kwargs)

        monkeypatch.setattr(client, "submit", watched)
        done = zarrc.dask.reencode(
            "s3://bucket/dask-in",
            "s3://bucket/dask-out",
            chunks=(16, 16),
            shards=(32, 32),
            client=client,
            src_storage_options=place,
            dst_storage_options=place,
        )
        assert done == {"shards": 4, "written": 4, "checked": 4}
        assert len(carried) == 8
        assert not any(SECRET.encode() in each for each in carried)
        array = zarrc.open("s3://bucket/dask-out", storage_options=place)
        assert array.shards == (32, 32)
        lazy = arrays.from_array(array, chunks=(32, 32), name=False)
        assert SECRET.encode() not in pickle.dumps(dict(lazy.__dask_graph__()))
        assert np.array_equal(client.compute(lazy).result(), data)
        stored = zarrc.dask.to_zarr(lazy + 1, "s3://bucket/dask-sum", compute=False, storage_options=place)
        assert SECRET.encode() not in pickle.dumps(stored.__dask_graph__())
        client.compute(stored).result()
    assert np.array_equal(zarrc.open("s3://bucket/dask-sum", storage_options=place)[...], data + 1)
    signed = [each.headers["authorization"] for each in bucket.take() if "authorization" in each.headers]
    assert signed and all("Credential=AKIAENV/" in each for each in signed)


def test_secrets_are_refused(bucket: servers.Server, tmp_path: Path) -> None:
    data = make(tmp_path / "a")
    upload(bucket, tmp_path / "a", "dask-secret")
    options = options_of(bucket)
    url = "s3://bucket/dask-secret"
    for given in ({"src_storage_options": options}, {"dst_storage_options": options}):
        with pytest.raises(ValueError, match=r"secrets \(secret_access_key\) would go into every task") as raised:
            zarrc.dask.reencode(url, "s3://bucket/dask-never", client=object(), **given)
        assert SECRET not in str(raised.value)
    lazy = arrays.from_array(data, chunks=(32, 32))
    with pytest.raises(ValueError, match="would go into every task"):
        zarrc.dask.to_zarr(lazy, "s3://bucket/dask-never", storage_options=options)
    with pytest.raises(TypeError, match="is not pickled"):
        pickle.dumps(dict(arrays.from_array(zarrc.open(url, storage_options=options), name=False).__dask_graph__()))
    assert not any("dask-never" in each.path for each in bucket.take())
    zarrc.dask.to_zarr(lazy, "s3://bucket/dask-told", storage_options=options, pickle_secrets=True)
    assert np.array_equal(zarrc.open("s3://bucket/dask-told", storage_options=options)[...], data)
    assert KEYS["secret"] == SECRET
