# SPDX-License-Identifier: MIT
"""``python -m zarrc``: prints `zarrc.info`."""

from __future__ import annotations

import zarrc


def main() -> None:
    found = zarrc.info()
    width = max(map(len, found)) + 2
    for name, value in found.items():
        if name == "memory":
            value = f"{value[0]} bytes now, {value[1]} at most"
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {each or 'not built in'}" for key, each in value.items()) or "none"
        elif isinstance(value, list):
            value = ", ".join(value) or "none"
        print(f"{name:{width}}{'not installed' if value is None else value}")


if __name__ == "__main__":
    main()
