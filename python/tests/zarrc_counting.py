# SPDX-License-Identifier: MIT
"""A pytest plugin: prints how many calls the library served, and why others were left to zarr-python."""

from __future__ import annotations

import collections
import logging
import os
import sys
from typing import Any

import zarrc
from zarrc._context import logger

reasons: collections.Counter[str] = collections.Counter()


class _Count(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        reasons[record.getMessage()] += 1


logger.addHandler(_Count())
logger.setLevel(logging.INFO)
logger.propagate = False


def put_codecs_in_place() -> None:
    """Every name in zarr-python's modules that means one of its nine codecs means zarrc's from now on."""
    import zarr
    import zarr.codecs

    import zarrc.codecs

    ours = {getattr(zarr.codecs, name): getattr(zarrc.codecs, name) for name in zarrc._CODECS.values()}
    for name, module in list(sys.modules.items()):
        if name == "zarr" or name.startswith("zarr."):
            for attribute, value in list(vars(module).items()):
                if isinstance(value, type) and value in ours:
                    setattr(module, attribute, ours[value])


if os.environ.get("ZARRC_CODECS_IN_PLACE"):
    put_codecs_in_place()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"zarrc served: {zarrc.counters()}")
    for reason, n in reasons.most_common(12):
        terminalreporter.write_line(f"  {n} arrays {reason}")
