# SPDX-License-Identifier: MIT
"""The classes of ``zarrc.codecs`` by the names that codecs have in metadata."""

from __future__ import annotations

from typing import Any

BY_NAME: dict[str, Any] = {}  # filled by zarrc.codecs
