# SPDX-License-Identifier: MIT
"""How outcomes of the same call in two worlds are compared, and where they may differ."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from parity_calls import TEXTS
from parity_outcomes import is_exact, plain, run

import zarrc

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
        r"do not lie in the shard's",
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
        "encode_partial.*: IndexError: too many indices for array",
        "3.1",
        "zarr-python 3.1 cannot write what an integer selects of a shard",
    ),
    (
        "encode_partial.* of whole inner chunks: $",
        "encode_partial.* of whole inner chunks: .*(When changing to a larger dtype|Stored and computed checksum|"
        "cannot reshape|too short to hold its index|decompress|CRC check|Error -?[0-9]|end-of-stream|gzipped)",
        "",
        "zarr-python decodes inner chunks that a write replaces whole, 3.1 all of them, later ones where an integer or a "
        "slice with a step selects them; what is damaged in them is lost all the same",
    ),
    (
        r"encode_partial.* with zeros.*: $",
        r"encode_partial.* with zeros.*: $",
        "",
        "an index may be damaged to say that an inner chunk has no bytes: a write keeps that, so that it can still be seen; "
        "zarr-python leaves the inner chunk out, which makes fill values of it",
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

if tuple(map(int, zarrc.info()["libraries"]["libzstd"].split("."))) < (1, 5, 6):
    LISTED += (
        (
            r" with Zstandard.*: $",
            r" with Zstandard.*: .*(Zstd decompression error: b'Data corruption detected'|blosc decompression: -)",
            "",
            "libzstd before 1.5.6 does not look at the reserved bits of a block; zarr-python has one of its own",
        ),
    )


# What is refused with numpy alone, where zarr-python would go on with what does not fit.
REFUSED_ALONE = (
    r"no whole number of inner chunks|elements of .* for a chunk of|a chunk of shape|a value of shape|nothing is selected|"
    r"the elements must be of type|chunk_shape\[\d+\] is not an integer from|elements of variable length need vlen-"
)


def is_listed(release: str, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether a difference is one of the list."""
    chunks = [each for each in call.get("chunks", ()) if isinstance(each, np.ndarray)]
    order = " in Fortran order" if any(not each.flags.c_contiguous for each in chunks) else ""
    stored = call.get("ready") or b""
    zstd = any(b"\x28\xb5\x2f\xfd" in each for each in (stored if isinstance(stored, list) else [stored]) if type(each) is bytes)
    order += " with Zstandard" if zstd else ""
    if call["what"] == "encode_partial" and call["stored"] and call["stored"][1][0] == "zeros":
        order += " with zeros"
    whole = " of whole inner chunks" if call["what"] == "encode_partial" and replaces_whole(call) else ""
    mine, other = (f"{call['codec']}.{call['what']}{order}{whole}: {each.get('message', '')}" for each in (ours, theirs))
    for said, done, which, _ in LISTED:
        if release.startswith(which) and re.search(said, mine) and re.search(done, other):
            return True
    return False


def replaces_whole(call: dict[str, Any]) -> bool:
    """Whether what is selected of a shard are whole inner chunks."""
    shape, edges = call["spec"]["shape"], np.atleast_1d(call["made"]["chunk_shape"]).tolist()
    selected = np.zeros(shape, bool)
    selected[call["selection"]] = True
    if len(edges) != len(shape) or any(n % edge for n, edge in zip(shape, edges, strict=True)):
        return False
    inner = itertools.product(*(range(0, n, edge) for n, edge in zip(shape, edges, strict=True)))
    parts = [selected[tuple(slice(a, a + edge) for a, edge in zip(at, edges, strict=True))] for at in inner]
    return all(part.all() or not part.any() for part in parts)


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


def errors_of_each(stock: Zarr, call: dict[str, Any]) -> list[str]:
    """The exceptions of the chunks of a call one by one: which of them comes first depends on threads."""
    each = ({**call, **{key: [call[key][k]] for key in ("chunks", "ready") if key in call}} for k in range(count_of(call)))
    return [outcome["error"][0] for outcome in (run(stock, one) for one in each) if "error" in outcome]


def count_of(call: dict[str, Any]) -> int:
    """How many chunks a call has; 0: it is not about several."""
    chunks = call.get("chunks", ())
    return len(chunks) if len(chunks) > 1 else 0


def differs(stock: Zarr, call: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """How two outcomes differ; None: they do not."""
    if "error" in theirs or "error" in ours:
        if "error" not in theirs:
            return f"raises {ours['message']}"
        if "error" not in ours:
            return f"does not raise {theirs['message']}"
        if theirs["error"][0] in ours["error"] or any(error in ours["error"] for error in errors_of_each(stock, call)):
            return None
        return f"raises {ours['message']}, which is no {theirs['message']}"
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
