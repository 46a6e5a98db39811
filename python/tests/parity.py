# SPDX-License-Identifier: MIT
"""How outcomes of the same call in two worlds are compared, and where they may differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from parity_calls import TEXTS
from parity_outcomes import is_exact, plain

if TYPE_CHECKING:
    from parity_worlds import Zarr

# Where outcomes may differ: by what zarrc says, what zarr-python does, in which calls and releases, and why.
LISTED = (
    (
        r"blosc: .*(are no Blosc header|bytes long, and|impossible sizes)",
        "",
        "",
        "zarr-python's Blosc believes a frame's header and reads behind the end of shorter data",
    ),
    (
        "",
        r"error during blosc decompression: 0|Zstd decompression error: invalid input data",
        "",
        "zarr-python does not decode the frames that it makes of no bytes; they are valid, and no bytes here",
    ),
    (
        r"gzip: .*reserved flags are set",
        "",
        "",
        "RFC 1952 (2.3.1.2) wants reserved flags refused; Python's gzip looks over them",
    ),
    (
        r"does not lie in the shard's",
        "",
        "",
        "an index that points out of its shard is damage of the shard; zarr-python decodes what is left of the chunk, "
        "and stores it again",
    ),
    (
        r"vlen-(bytes|utf8): .* elements where the chunk has",
        "MemoryError",
        "",
        "a count of elements is compared with the chunk; zarr-python makes an array for it first",
    ),
    (
        "",
        "unhashable type: 'writeable void-scalar'",
        "3.1",
        "zarr-python 3.1 cannot shard structured elements: their fill value has no hash",
    ),
    (
        "",
        "encode_partial: IndexError: too many indices for array",
        "3.1",
        "zarr-python 3.1 cannot write what an integer selects of a shard",
    ),
    (
        "",
        "encode_partial: ValueError: (When changing to a larger dtype|Stored and computed checksum)",
        "3.1",
        "zarr-python 3.1 decodes the inner chunks that a write replaces whole",
    ),
    (
        r"VLen\w+.encode in Fortran order: $",
        "",
        "3.1",
        "zarr-python 3.1 stores texts in the order of memory",
    ),
    (
        "too short to hold its index: .* of a value of 0 bytes",
        "",
        "3.1",
        "zarr-python 3.1 takes a shard of no bytes for one that is not there",
    ),
)


# What is refused with numpy alone, where zarr-python would go on with what does not fit.
REFUSED_ALONE = (
    r"no whole number of inner chunks|elements of .* for a chunk of|a chunk of shape|a value of shape|nothing is selected|"
    r"the elements must be of type"
)


def is_listed(release: str, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether a difference is one of the list."""
    chunks = [each for each in call.get("chunks", ()) if isinstance(each, np.ndarray)]
    order = " in Fortran order" if any(not each.flags.c_contiguous for each in chunks) else ""
    mine, other = (f"{call['codec']}.{call['what']}{order}: {each.get('message', '')}" for each in (ours, theirs))
    for said, done, which, _ in LISTED:
        if release.startswith(which) and re.search(said, mine) and re.search(done, other):
            return True
    return False


def unsafe(call: dict[str, Any]) -> dict[str, Any] | None:
    """The part of a call by which zarr-python would read behind the end of its memory, or fill the machine's; None:
    it does not."""
    for data in call.get("ready", ()) if call["what"] == "decode" else ():
        if type(data) is not bytes:
            continue
        cut = call["codec"] == "BloscCodec" and (len(data) < 16 or int.from_bytes(data[12:16], "little") > len(data))
        if cut or (call["codec"] in TEXTS and int.from_bytes(data[:4], "little") > 1 << 20):
            spec = {**call["spec"], "shape": (2,), "dtype": "bytes" if call["codec"] == "VLenBytesCodec" else "string"}
            return {**call, "made": {}, "chunks": [(b"", ())], "ready": [data], "spec": spec}
    return None


def differs(stock: Zarr, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """How two outcomes differ; None: they do not."""
    if "error" in theirs or "error" in ours:
        if "error" not in theirs:
            return f"raises {ours['message']}"
        if "error" not in ours:
            return f"does not raise {theirs['message']}"
        if theirs["error"][0] not in ours["error"]:
            return f"raises {ours['message']}, which is no {theirs['message']}"
        return None
    if theirs["warnings"] != ours["warnings"]:
        return f"warnings {ours['warnings']}, not {theirs['warnings']}"
    if "encoded" not in theirs:
        return None if theirs["result"] == ours["result"] else f"{ours['result']}, not {theirs['result']}"
    mine, other = [plain(each) for each in ours["encoded"]], [plain(each) for each in theirs["encoded"]]
    if mine != other and not is_exact(call):
        for each in (ours, theirs):
            each["decoded"] = [None if data is None else stock.decode(call, data) for data in each["encoded"]]
        mine, other = ours["decoded"], theirs["decoded"]
    return None if mine == other else f"encodes to {mine}, not {other}"
