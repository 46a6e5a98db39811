# SPDX-License-Identifier: MIT
"""``storage_options``: what users of fsspec, s3fs, obstore and pandas call the settings of servers, for the library.

The one place where names are translated. No message has a value of a setting in it, as that may be a secret.
"""

from __future__ import annotations

import difflib
import operator
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from zarrc import _core

Settings = dict[str, Any]  # by the names of _core_remote.c

_STYLES = {"auto": 0, "path": 1, "virtual": 2}  # zarrc_s3_style
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_SECRET = ("headers", "secret_access_key", "session_token")


# ------------------------------------------------------------------------------------------------------------ values


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("a text")
    return value


def _path(value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError("a path")
    return os.fspath(value)


def _verify(value: Any) -> str | None:
    """The file of authorities; True: those that are trusted anyway."""
    if value is False:
        raise ValueError("True or a file, as certificates are always verified")
    return None if value is True else _path(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("True or False")
    return value


def _only_true(value: Any) -> None:
    if value is not True:
        raise ValueError("True, as the URL of the endpoint alone decides that")


def _count(value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError("a whole number") from None
    if isinstance(value, bool) or not 1 <= number < 1 << 31:
        raise ValueError("a whole number of at least 1")
    return number


def size(value: int | str) -> int:
    """A number of bytes, or a size such as 512M."""
    if not isinstance(value, str):
        return operator.index(value)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", value.strip(), re.IGNORECASE)
    if not found:
        raise ValueError("a size such as 512M or 1G")
    return int(float(found[1]) * (1 << _UNITS[found[2].upper()]))


def _nbytes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("a number of bytes, or a size such as 512M")
    nbytes = size(value)
    if not 1 <= nbytes < 1 << 63:
        raise ValueError("a size such as 512M or 1G")
    return nbytes


def _milliseconds(value: Any) -> int:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("a number of seconds")
    if not 0.001 <= value <= 4_000_000:
        raise ValueError("a number of seconds above 0")
    return round(value * 1000)


def _headers(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        raise TypeError("a dictionary of texts")
    lines = [f"{_text(name)}: {_text(text)}" for name, text in value.items()]
    if any("\r" in line or "\n" in line or line[0] == ":" for line in lines):
        raise ValueError("headers of one line, with names")
    return lines


def _style(value: Any) -> int:
    if value not in _STYLES:
        raise ValueError(f"one of {', '.join(_STYLES)}")
    return _STYLES[value]


def _virtual(value: Any) -> int:
    return _STYLES["virtual" if _flag(value) else "path"]


# ------------------------------------------------------------------------------------------------------------- names

Known = dict[str, tuple[str | None, Callable[[Any], Any]]]  # by the user's name: the library's, and its value

# The first name of those that mean the same is zarrc's own.
_HTTP: Known = {
    "headers": ("headers", _headers),
    "ca_file": ("ca_file", _path),
    "max_requests": ("max_requests", _count),
    "connect_timeout": ("connect_timeout_ms", _milliseconds),
    "stall_timeout": ("stall_timeout_ms", _milliseconds),
    "retry_timeout": ("retry_timeout_ms", _milliseconds),
    "tries": ("tries", _count),
    "gap": ("gap", _count),
    "http2": ("http2", _flag),
    "missing_403": ("missing_403", _flag),
    "cache": ("cache", _nbytes),
    "cache_dir": ("cache_dir", _path),
    "cache_dir_size": ("cache_dir_size", _nbytes),
}
_S3: Known = {
    "anonymous": ("anonymous", _flag),
    "anon": ("anonymous", _flag),
    "skip_signature": ("anonymous", _flag),
    "key": ("access_key_id", _text),
    "access_key_id": ("access_key_id", _text),
    "aws_access_key_id": ("access_key_id", _text),
    "secret": ("secret_access_key", _text),
    "secret_access_key": ("secret_access_key", _text),
    "aws_secret_access_key": ("secret_access_key", _text),
    "token": ("session_token", _text),
    "session_token": ("session_token", _text),
    "aws_session_token": ("session_token", _text),
    "profile": ("profile", _text),
    "profile_name": ("profile", _text),
    "endpoint_url": ("endpoint", _text),
    "endpoint": ("endpoint", _text),
    "aws_endpoint": ("endpoint", _text),
    "aws_endpoint_url": ("endpoint", _text),
    "region": ("region", _text),
    "region_name": ("region", _text),
    "aws_region": ("region", _text),
    "requester_pays": ("requester_pays", _flag),
    "request_payer": ("requester_pays", _flag),
    "addressing_style": ("style", _style),
    "virtual_hosted_style_request": ("style", _virtual),
}
# What stands in a dictionary of its own: of aiohttp, of botocore (below s3fs), of reqwest (below obstore).
_NESTED_HTTP: dict[str, Known] = {
    "client_kwargs": {"headers": _HTTP["headers"]},
    "client_options": {
        "default_headers": _HTTP["headers"],
        "connect_timeout": _HTTP["connect_timeout"],
        "allow_http": (None, _only_true),
    },
}
_NESTED_S3: dict[str, Known] = {
    "client_kwargs": {
        **{name: _S3[name] for name in ("endpoint_url", "region_name")},
        **{name: _S3[name] for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")},
        "verify": ("ca_file", _verify),
    },
    "config_kwargs": {
        "region_name": _S3["region_name"],
        "connect_timeout": _HTTP["connect_timeout"],
        "read_timeout": _HTTP["stall_timeout"],
        "max_pool_connections": _HTTP["max_requests"],
    },
    "config_kwargs.s3": {"addressing_style": _S3["addressing_style"]},
    "client_options": _NESTED_HTTP["client_options"],
}
_NAMES: dict[str, tuple[Known, dict[str, Known]]] = {
    "http": (_HTTP, _NESTED_HTTP),
    "s3": (_S3 | _HTTP, _NESTED_S3),
}


def _unknown(scheme: str, name: Any, known: list[str]) -> TypeError:
    near = difflib.get_close_matches(str(name), known, 1)
    hint = f", but {near[0]!r} is" if near else ""
    if scheme == "http" and name in _S3:
        hint = ", only for those of s3"
    return TypeError(f"storage_options: {name!r} is not known for URLs of {scheme}{hint}. Known are {', '.join(known)}")


def _flat(scheme: str, options: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings one by one, with the names of what they stand in before theirs. Unknown ones are a TypeError."""
    own, nested = _NAMES[scheme]
    known = nested[prefix[:-1]] if prefix else own
    for name, value in options.items():
        if value is None:
            continue
        inside = f"{prefix}{name}"
        if inside in nested:
            if not isinstance(value, Mapping):
                raise TypeError(f"storage_options: {inside!r} has to be a dictionary")
            yield from _flat(scheme, value, f"{inside}.")
        elif name in known:
            yield inside, value
        else:
            names = [each for each in nested if each.startswith(prefix) and "." not in each[len(prefix) :]]
            raise _unknown(scheme, inside, [f"{prefix}{each}" for each in known] + names)


def translated(scheme: str, options: Mapping[str, Any]) -> Settings:
    """What the library calls the settings of a user, for URLs of "http" or "s3"."""
    own, nested = _NAMES[scheme]
    result: Settings = {}
    given: dict[str, str] = {}
    for name, value in _flat(scheme, options):
        group, _, last = name.rpartition(".")
        target, convert = (nested[group] if group else own)[last]
        try:
            converted = convert(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"storage_options: {name!r} has to be {error}") from None
        if target is None or converted is None:
            continue
        if result.get(target, converted) != converted:
            raise ValueError(f"storage_options: {name!r} and {given[target]!r} say different things of the same")
        result[target], given[target] = converted, name
    if "cache_dir_size" in result and "cache_dir" not in result:
        raise ValueError("storage_options: 'cache_dir_size' needs 'cache_dir'")
    return result


def settings(url: str, options: Mapping[str, Any] | None) -> Settings | None:
    """What the library calls the ``storage_options`` for a URL; None: there are none."""
    if not options:
        return None
    if not isinstance(options, Mapping):
        raise TypeError("storage_options has to be a dictionary")
    place = url.rsplit("::", 1)[-1]
    scheme = place.removeprefix("zip:").partition(":")[0].lower() if ":" in place else ""
    scheme = {"https": "http"}.get(scheme, scheme)
    if scheme not in _NAMES:
        raise ValueError(f"{_core.url_shown(url)}: storage_options are for what is on a server (http, https, s3)")
    return translated(scheme, options)


def secrets(url: str, made: Settings | None) -> list[str]:
    """What of a URL and its settings is secret, in words."""
    result = ["the URL"] if _core.url_shown(url) != url else []
    return result + [name for name in _SECRET if name in (made or {})]
