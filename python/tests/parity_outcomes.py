# SPDX-License-Identifier: MIT
"""Calls that `parity_calls` draws, made in a world of `parity_worlds`: what came of them, as plain data."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import pickle
import re
import warnings
from typing import Any

import numpy as np
from parity_calls import COMPRESSORS, NAMES


def plain(value: Any) -> Any:
    """A result as plain data that can be compared with another world's."""
    if isinstance(value, (dict, tuple, list, set)):
        if isinstance(value, dict):
            return ("dict", [(plain(key), plain(each)) for key, each in value.items()])
        items = sorted(value, key=repr) if isinstance(value, set) else value
        return (type(value).__name__, [plain(each) for each in items])
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            value = value.copy()
            value.flat = [plain(each) if isinstance(each, np.ndarray) else each for each in value.flat]
        if value.dtype.kind == "b":  # damage makes bytes other than 0 and 1; the library takes them for 1
            value = value.view("u1") != 0
        items = value.tolist() if value.dtype.kind in "OT" else value.tobytes()
        return ("array", "text" if value.dtype.kind in "OT" else value.dtype.str, value.shape, items, str(value.dtype.names))
    if isinstance(value, np.generic):
        return ("scalar", value.dtype.str, value.tobytes())
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    if type(value).__name__ in NAMES:
        return (
            type(value).__name__,
            re.sub(r"_tunable_attrs=(set\(\)|\{.*?\})", "", repr(value)),
            plain(value.to_dict()),
            value.is_fixed_size,
            plain({each.name: getattr(value, each.name) for each in dataclasses.fields(value)}),
        )
    if hasattr(value, "as_ndarray_like"):
        return plain(value.as_numpy_array())
    if hasattr(value, "to_bytes"):
        return plain(value.to_bytes())
    if hasattr(value, "fill_value"):
        return ("spec", value.shape, str(value.dtype.to_native_dtype()).replace("StringDType()", "object"), plain(value.fill_value), value.config.order)
    return (type(value).__name__, str(value))


class Encoded(list[Any]):
    """Encoded chunks."""


def run(world: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Makes a call; its outcome: a result, or an exception as the names of its classes, and warnings' classes."""
    call = pickle.loads(pickle.dumps(call))
    outcome: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = _made(world, call)
            if isinstance(result, Encoded):
                outcome["encoded"] = list(result)
            else:
                outcome["result"] = plain(result)
        except Exception as error:
            outcome["error"] = [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__]
            outcome["message"] = f"{type(error).__name__}: {error}"
    outcome["warnings"] = sorted({each.category.__name__ for each in said} - {"ResourceWarning"})
    return outcome


def build(world: Any, name: str, made: dict[str, Any]) -> Any:
    arguments = dict(made)
    for key in ("codecs", "index_codecs"):
        if isinstance(arguments.get(key), list):
            arguments[key] = [
                build(world, *each) if isinstance(each, tuple) and len(each) == 2 and each[0] in NAMES else each
                for each in arguments[key]
            ]
    return getattr(world.codecs, name)(**arguments)


def _json(world: Any, call: dict[str, Any]) -> Any:
    arguments = dict(call["made"])
    for key in ("codecs", "index_codecs"):
        if isinstance(arguments.get(key), list):
            arguments[key] = [build(world, *each).to_dict() for each in arguments[key]]
    arguments.pop("subchunk_write_order", None)
    form = call["form"]
    result: Any = {"name": call["name"], "configuration": arguments}
    if call["extra"]:
        result["must_understand"] = False
    if form == "no configuration":
        del result["configuration"]
    elif form == "null":
        result["configuration"] = None
    elif form == "text":
        return call["name"]
    elif form == "list":
        result["configuration"] = [1]
    elif form == "no name":
        del result["name"]
    return result


def _made(world: Any, call: dict[str, Any]) -> Any:
    name, what = call["codec"], call["what"]
    if what == "from_dict":
        given = _json(world, call)
        return getattr(world.codecs, name).from_dict(given)
    codec = build(world, name, call["made"])
    if what == "construct":
        return codec
    if what == "replace":
        changes = dict(call["changes"])
        for key in ("codecs", "index_codecs"):
            if isinstance(changes.get(key), list):
                changes[key] = tuple(build(world, *each) for each in changes[key])
        return dataclasses.replace(codec, **changes)
    if what == "attributes":
        return _attributes(codec, call)
    if what == "equal":
        return _equal(world, codec, call)
    if what == "copies":
        return _copies(codec)
    spec = world.spec(call["spec"])
    if what == "evolve":
        return codec.evolve_from_array_spec(spec)
    if what == "validate":
        grid = world.grid(call["grid"])
        return codec.validate(shape=spec.shape, dtype=spec.dtype, chunk_grid=grid)
    if what == "resolve":
        return codec.resolve_metadata(spec)
    if what == "size":
        return codec.compute_encoded_size(call["nbytes"], spec)
    if what in ("encode", "decode"):
        if call["evolve"]:
            codec = codec.evolve_from_array_spec(spec)
        return (_encoded if what == "encode" else _decoded)(world, codec, spec, call)
    return asyncio.run(_part(world, codec, spec, call))


def _attributes(codec: Any, call: dict[str, Any]) -> Any:
    name, value = call["attribute"], call["value"]
    outcomes = []
    for change in (lambda: setattr(codec, name, value), lambda: delattr(codec, name)):
        try:
            change()
            outcomes.append("done")
        except Exception as error:
            outcomes.append(type(error).__name__)
    return (*outcomes, hasattr(codec, "__dict__"), codec)


def _equal(world: Any, codec: Any, call: dict[str, Any]) -> Any:
    other = build(world, call["other"], call["other_made"])
    result: list[Any] = [codec == other, codec != other, codec == codec, codec == 1, codec is None, codec in (1, other)]
    for each in (codec, other):
        try:
            hash(each)
            result.append("hash")
        except Exception as error:
            result.append(type(error).__name__)
    if result[-1] == result[-2] == "hash":
        result.append(len({codec, other}))
    return result


def _copies(codec: Any) -> Any:
    every = [pickle.loads(pickle.dumps(codec, protocol)) for protocol in (2, 4, 5)]
    every += [copy.copy(codec), copy.deepcopy(codec), dataclasses.replace(codec)]
    names = [each.name for each in dataclasses.fields(codec)]
    return [each == codec and type(each) is type(codec) for each in every], names, every


def _run_batch(world: Any, codec: Any, way: str, pairs: list[Any], sync: bool) -> list[Any]:
    if sync:
        return [world.sync(codec, way, *pair) for pair in pairs]
    return list(asyncio.run(getattr(codec, way)(pairs)))


def wrapped(world: Any, chunk: Any) -> Any:
    if chunk is None:
        return None
    if isinstance(chunk, tuple):
        return chunk[1]
    return world.buffer(chunk) if isinstance(chunk, bytes) else world.array(chunk)


def _encoded(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    pairs = [(wrapped(world, chunk), spec) for chunk in call["chunks"]]
    return Encoded([unwrapped(each) for each in _run_batch(world, codec, "encode", pairs, call["sync"])])


def is_exact(call: dict[str, Any]) -> bool:
    """Whether there is but one right encoded form. Of compressed bytes, and booleans (damage makes bytes other than 0 and 1
    of them), only what they stand for is compared."""
    return call["spec"]["dtype"] != "|b1" and not any(name in repr(call["made"]) or call["codec"] == name for name in COMPRESSORS)


def unwrapped(chunk: Any) -> Any:
    if chunk is None or isinstance(chunk, (bytes, np.ndarray)):
        return chunk
    return chunk.as_numpy_array() if hasattr(chunk, "as_ndarray_like") else chunk.to_bytes()


def _decoded(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    pairs = []
    for k, chunk in enumerate(call["chunks"]):
        if chunk is None:
            pairs.append((None, spec))
        else:
            pairs.append((wrapped(world, call["ready"][k]), spec))
    return [unwrapped(each) for each in _run_batch(world, codec, "decode", pairs, call["sync"])]


async def _part(world: Any, codec: Any, spec: Any, call: dict[str, Any]) -> Any:
    codec = codec.evolve_from_array_spec(spec)
    place = await world.place(call["store"], call.get("ready"))
    selection = call["selection"]
    if call["what"] == "decode_partial":
        if call["sync"]:
            return [unwrapped(await asyncio.to_thread(world.sync, codec, "decode_partial", place, selection, spec))]
        return [unwrapped(each) for each in await codec.decode_partial([(place, selection, spec)])]
    value = world.array(call["value"])
    if call["sync"]:
        await asyncio.to_thread(world.sync, codec, "encode_partial", place, value, selection, spec)
    else:
        await codec.encode_partial([(place, value, selection, spec)])
    return Encoded([await world.stored(place)])
