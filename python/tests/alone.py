# SPDX-License-Identifier: MIT
"""alone.py CALLS OUTCOMES: makes the calls of one pickle in a process that cannot import zarr-python or numcodecs."""

from __future__ import annotations

import pickle
import sys
from importlib.abc import MetaPathFinder
from typing import Any


class Refuses(MetaPathFinder):
    """Lets zarr-python not be imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.split(".")[0] in ("zarr", "numcodecs"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    sys.meta_path.insert(0, Refuses())
    import parity_outcomes
    import parity_worlds

    with open(sys.argv[1], "rb") as file:
        calls = pickle.load(file)
    world = parity_worlds.Alone()
    outcomes = [parity_outcomes.run(world, call) for call in calls]
    assert "zarr" not in sys.modules and "numcodecs" not in sys.modules
    with open(sys.argv[2], "wb") as file:
        pickle.dump(outcomes, file)


if __name__ == "__main__":
    main()
