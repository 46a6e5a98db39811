# SPDX-License-Identifier: MIT
"""The version of the package; that of the library is zarrc.info()["libzarrc"]."""

__version__ = "0.1.0"
