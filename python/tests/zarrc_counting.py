# SPDX-License-Identifier: MIT
"""A pytest plugin: counts the calls that the library served, and those that were left to zarr-python, with the reasons.

The run fails if the library left anything to zarr-python that is made of zarr-python's nine codecs, its own data types
and its own buffers, or if it served nothing at all. ZARRC_RESULTS names a file: a run with zarr-python's own code
writes into it how each test ended, any other run compares with that, and fails where a test that did not pass ended in
another way there.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import json
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
import zarr
import zarr.codecs
from zarr.codecs._v2 import V2Codec
from zarr.core.codec_pipeline import BatchedCodecPipeline

import zarrc
import zarrc.codecs
from zarrc._chain import Chain, Unsupported
from zarrc._describe import _BYTES_OF_NUMCODECS, _name_of
from zarrc.pipeline import CodecPipeline

MODE = os.environ.get("ZARRC_MODE", "stock")
BUILT_IN = {getattr(module, name) for module in (zarr.codecs, zarrc.codecs) for name in zarrc._CODECS.values()}
V2_BUILT_IN = {*_BYTES_OF_NUMCODECS, "numcodecs.vlen.VLenUTF8", "numcodecs.vlen.VLenBytes", "builtins.NoneType"}

RESULTS = os.environ.get("ZARRC_RESULTS")

# Tests that run with zarr-python's own configuration, and why. Classes stand in for others there too.
OWN_CONFIGURATION = {
    "tests/test_config.py::test_config_codec_implementation": "begins by asserting that nothing has been configured",
    "tests/test_config.py::test_config_codec_pipeline_class": "in 3.1 it sets a name that nothing reads, and expects zarr's",
    "tests/test_examples.py::test_scripts_can_run": "its scripts run in environments of their own, without zarrc",
}

outcomes: dict[str, str] = {}
fallbacks: collections.Counter[str] = collections.Counter()
built_in: collections.Counter[str] = collections.Counter()
zarrs_own: collections.Counter[str] = collections.Counter()


def is_built_in(codec: Any) -> bool:
    if type(codec) is V2Codec:
        return all(_name_of(each) in V2_BUILT_IN for each in (*(codec.filters or ()), codec.compressor))
    inner = (*getattr(codec, "codecs", ()), *getattr(codec, "index_codecs", ()))
    return type(codec) in BUILT_IN and all(map(is_built_in, inner))


def watch() -> None:
    """Puts itself in front of what says that the library lacks something."""
    bind, to_python = Chain.bind, CodecPipeline._python_because

    @functools.wraps(bind)
    def counted_bind(self: Chain, spec: Any) -> Any:
        try:
            return bind(self, spec)
        except Unsupported as reason:
            fallbacks[str(reason)] += 1
            prototype = spec.prototype
            if (
                all(map(is_built_in, self.codecs))
                and type(spec.dtype).__module__.startswith("zarr.")
                and {prototype.buffer.__module__, prototype.nd_buffer.__module__} == {"zarr.core.buffer.cpu"}
            ):
                built_in[f"{reason} ({list(self.codecs)}, {spec.dtype})"] += 1
            reason.counted = True  # type: ignore[attr-defined]
            raise

    @functools.wraps(to_python)
    def counted_to_python(self: CodecPipeline, call: str, reason: Unsupported) -> Any:
        if not hasattr(reason, "counted"):
            fallbacks[str(reason)] += 1
            if "buffer of class" not in str(reason):
                built_in[str(reason)] += 1
        return to_python(self, call, reason)

    Chain.bind = counted_bind  # type: ignore[method-assign]
    CodecPipeline._python_because = counted_to_python  # type: ignore[method-assign]
    for name in ("read", "write"):
        watch_zarrs_own(name)


def watch_zarrs_own(name: str) -> None:
    """Counts the calls that reach zarr-python's own pipeline, most of them in tests that name it."""
    method = getattr(BatchedCodecPipeline, name)

    @functools.wraps(method)
    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        zarrs_own[name] += 1
        return await method(self, *args, **kwargs)

    setattr(BatchedCodecPipeline, name, counted)


def put_codecs_in_place() -> None:
    """Every name in zarr-python's modules that means one of its nine codecs means zarrc's from now on."""
    ours = {getattr(zarr.codecs, name): getattr(zarrc.codecs, name) for name in zarrc._CODECS.values()}
    for name, module in list(sys.modules.items()):
        if name == "zarr" or name.startswith("zarr."):
            for attribute, value in list(vars(module).items()):
                if isinstance(value, type) and value in ours:
                    setattr(module, attribute, ours[value])


watch()
if MODE == "codecs":
    put_codecs_in_place()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if item.nodeid.partition("[")[0] in OWN_CONFIGURATION:
            stack.callback(zarr.config.reset)
            stack.enter_context(mock.patch.dict(os.environ))
            for name in [name for name in os.environ if name.startswith("ZARR_")]:
                del os.environ[name]
        return (yield)


def pytest_runtest_logreport(report: Any) -> None:
    """What became of a test: "passed", "failed", "skipped", "xfailed" or "xpassed"."""
    outcome = report.outcome
    if hasattr(report, "wasxfail"):
        outcome = {"skipped": "xfailed", "passed": "xpassed"}.get(outcome, outcome)
    if report.when == "call" or outcome != "passed":
        outcomes[report.nodeid] = outcome


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        outcomes[report.nodeid] = "failed"


@functools.cache
def stock() -> dict[str, str]:
    """How tests ended with zarr-python's own code, so far as that is known."""
    found = pathlib.Path(RESULTS or "")
    return json.loads(found.read_text()) if RESULTS and MODE != "stock" else {}


def differing() -> list[str]:
    """Tests that did not pass, and ended otherwise with zarr-python's own code (where nothing is known: passed)."""
    ours = {name: outcome for name, outcome in outcomes.items() if outcome == "failed" or name in stock()}
    return [name for name, outcome in ours.items() if outcome not in ("passed", stock().get(name, "passed"))]


def served() -> int:
    counters = zarrc.counters()
    return sum(counters.get(name, 0) for name in (("codec",) if MODE == "codecs" else ("read", "write", "encode", "decode")))


def pytest_sessionfinish(session: Any) -> None:
    if RESULTS and MODE == "stock":
        pathlib.Path(RESULTS).write_text(json.dumps(outcomes, indent=0))
    if MODE != "stock" and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        session.exitstatus = int(bool(built_in or not served() or differing()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    say = terminalreporter.write_line
    if MODE == "stock":
        return
    what = "codec calls" if MODE == "codecs" else "pipeline calls"
    counts = ", ".join(f"{name} {n}" for name, n in sorted(zarrc.counters().items()) if ":" not in name)
    say(f"{what} served by zarrc: {served()} ({counts})")
    say(f"left to zarr-python: {fallbacks.total()}, of these with built-in codecs: {built_in.total()}")
    for reason, n in fallbacks.most_common():
        say(f"  {n}: {reason}")
    for reason, n in built_in.most_common():
        say(f"  FAILED: {n} with built-in codecs: {reason}")
    if stock():
        for name in differing():
            say(f"  FAILED: {name} {outcomes[name]}, with zarr-python's own code {stock().get(name)}")
        same = sum(stock().get(name) == outcome for name, outcome in outcomes.items())
        say(f"tests that end as with zarr-python's own code: {same} of {len(outcomes)}")
    others = zarrs_own["read"] + zarrs_own["write"]
    if MODE == "pipeline":
        say(f"calls of zarr-python's own pipeline, by tests that name it and by what was left to it: {others}")
