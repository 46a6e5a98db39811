# SPDX-License-Identifier: MIT
"""No result and no exception of a class of zarrc.codecs differs from that of the installed zarr-python's, but for a list
(`parity.LISTED`): thousands of calls, good and bad, of every method, with damaged chunks among them."""

from __future__ import annotations

import itertools
import os
import pickle
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import parity
import parity_calls
import parity_outcomes
import parity_worlds
import pytest
import zarr
import zarr.codecs

import zarrc.codecs
from parity_found import FOUND

DRAWS = int(os.environ.get("ZARRC_DRAWS", "100")) * 3
SEED = int(os.environ.get("ZARRC_SEED", "0"))


def calls(name: str, stock: parity_worlds.Zarr) -> Any:
    """Calls of a class, and the seeds they came from, or "found"."""
    found = [("found", call) for call in FOUND if call["codec"] == name]
    seeds = range(SEED, SEED + DRAWS)
    drawn = ((i, parity_calls.Draw(zlib.crc32(f"{name} {i}".encode())).call(name)) for i in seeds)
    for i, call in itertools.chain(found, drawn):
        if call.get("sync") and not hasattr(getattr(zarr.codecs, name), f"_{call['what']}_sync"):
            call["sync"] = False  # this zarr-python has no such method
        yield i, stock.prepare(call)


@pytest.mark.parametrize("name", parity_calls.NAMES)
def test_as_zarr_python(name: str) -> None:
    stock, ours = parity_worlds.Zarr(zarr.codecs), parity_worlds.Zarr(zarrc.codecs)
    wrong, refused, listed = [], 0, 0
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        for i, call in calls(name, stock):
            unsafe = parity.unsafe(call)
            if unsafe is not None:
                refusal = parity_outcomes.run(ours, unsafe)["error"]
                assert "zarrc._core.CorruptError" in refusal and "builtins.RuntimeError" in refusal
                continue
            mine, theirs = parity_outcomes.run(ours, call), parity_outcomes.run(stock, call)
            refused += "error" in theirs
            difference = parity.differs(stock, call, theirs, mine)
            if difference is None:
                continue
            if parity.is_listed(zarr.__version__, call, theirs, mine):
                listed += 1
            else:
                wrong.append(f"ZARRC_SEED={i}: {call['what']}: {difference}\n    {call}"[:2000])
    assert not wrong, f"{len(wrong)} of {DRAWS} calls differ:\n" + "\n".join(wrong[:20])
    assert refused > DRAWS // 10 and listed < DRAWS // 20


NOT_ALONE = ("attributes", "encode_partial", "copies")


@pytest.mark.skipif(zarr.__version__.startswith("3.1"), reason="what stands in for zarr-python is as its 3.4")
@pytest.mark.parametrize("name", parity_calls.NAMES)
def test_without_zarr_python(name: str, tmp_path: Path) -> None:
    """With numpy alone the results are the same, and so is what is refused."""
    stock = parity_worlds.Zarr(zarr.codecs)
    drawn = [(i, call) for i, call in calls(name, stock) if parity.unsafe(call) is None]
    drawn = [(i, call) for i, call in drawn if call["what"] not in NOT_ALONE and not any_raw(call)]
    made = [call for _, call in drawn]
    (tmp_path / "calls").write_bytes(pickle.dumps(made))
    command = [sys.executable, "alone.py", str(tmp_path / "calls"), str(tmp_path / "outcomes")]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)
    outcomes = pickle.loads((tmp_path / "outcomes").read_bytes())
    wrong = []
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        for (i, call), mine in zip(drawn, outcomes, strict=True):
            theirs = parity_outcomes.run(stock, call)
            if "error" in mine and ("error" in theirs or re.search(parity.REFUSED_ALONE, mine["message"])):
                continue
            if call["what"] == "decode_partial" and "result" in mine and selects_nothing(call):
                continue  # the index is not looked at
            theirs["warnings"] = mine["warnings"] = []
            difference = parity.differs(stock, call, theirs, mine)
            if difference is not None and not parity.is_listed(zarr.__version__, call, theirs, mine):
                wrong.append(f"ZARRC_SEED={i}: {call['what']}: {difference}\n    {call}"[:2000])
    assert not wrong, f"{len(wrong)} of {len(made)} calls differ:\n" + "\n".join(wrong[:20])


def selects_nothing(call: dict[str, Any]) -> bool:
    return np.empty(call["spec"]["shape"], "u1")[call["selection"]].size == 0


def any_raw(call: dict[str, Any]) -> bool:
    return any(isinstance(each, tuple) and isinstance(each[0], str) for each in call.get("chunks", ()))
