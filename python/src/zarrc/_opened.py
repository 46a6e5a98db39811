# SPDX-License-Identifier: MIT
"""Which of zarr-python's stores the library reads itself, apart from directories.

That a store means the same to the library has to be proved: by its exact type and that of what is behind it, from a list
of settings that are understood, for keys that every library spells the same in a URL. All else is None: the store's own
methods are called. Only reading is meant; what is written goes through the store.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from zarrc import _core, _remote
from zarrc._bases import FsspecStore, ObjectStore, StorePath, ZipStore
from zarrc._context import context, hold

# A URL and settings, or a file with what tells it from another one.
Place = tuple[str, Any]

_SEGMENT = r"(?!\.{1,2}(?:/|$|\n))[A-Za-z0-9_.-]+"
_KEYS = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*(?:\n{_SEGMENT}(?:/{_SEGMENT})*)*")
_HTTP_URL = re.compile(rf"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/{_SEGMENT})*/?")
_S3_PATH = re.compile(rf"[a-z0-9][a-z0-9.-]+(?:/{_SEGMENT})*/?")
_ARCHIVE = re.compile(r"\.(?:zip|ozx)(?:/|$)|/zarr\.json$", re.IGNORECASE)  # a URL that zarrc takes for something else
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")

# Settings of file systems of fsspec that change nothing of what is read.
_IDLE = frozenset(
    ("asynchronous", "loop", "skip_instance_cache", "use_listings_cache", "listings_expiry_time", "max_paths")
)
_IDLE_HTTP = _IDLE | {"block_size", "cache_type", "cache_options", "simple_links", "same_scheme", "size_policy"}
_IDLE_S3 = _IDLE | {
    *("default_block_size", "default_fill_cache", "default_cache_type", "max_concurrency", "fixed_upload_size"),
    *("cache_regions", "local_expiry_check"),
}
_MEANT_S3 = frozenset(
    ("anon", "key", "secret", "token", "profile", "endpoint_url", "requester_pays", "client_kwargs", "config_kwargs")
)
_MEANT_OBSTORE = frozenset(
    ("bucket", "access_key_id", "secret_access_key", "token", "session_token", "region", "endpoint", "skip_signature")
    + ("request_payer", "virtual_hosted_style_request")
)
# Variables that one of two libraries reads.
_OF_OBSTORE = ("AWS_ENDPOINT", "AWS_SKIP_SIGNATURE", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_S3_EXPRESS")
_OF_ZARRC = ("AWS_NO_SIGN_REQUEST", "AWS_REQUEST_PAYER")
# What a profile has whose credentials are not in it.
_ELSEWHERE = ("role_arn", "web_identity_token_file", "credential_process", "sso_session", "sso_start_url")


def _any_set(names: tuple[str, ...]) -> bool:
    return any(os.environ.get(name) for name in names)


def _is_of(value: Any, module: str, name: str) -> bool:
    """Whether a value is exactly of a class of a module, which is not imported for that."""
    found = getattr(sys.modules.get(module), name, None)
    return found is not None and type(value) is found


def _given(options: Mapping[str, Any], idle: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in idle and value not in (None, {})}


def _http_place(url: str, options: Mapping[str, Any]) -> Place | None:
    if not _HTTP_URL.fullmatch(url) or _ARCHIVE.search(url):
        return None
    return url, _remote.translated("http", options)


def _s3_place(path: str, options: Mapping[str, Any]) -> Place | None:
    if not _S3_PATH.fullmatch(path) or _ARCHIVE.search(path):
        return None
    return f"s3://{path}", _remote.translated("s3", options)


# ------------------------------------------------------------------------------------------------------------ fsspec


def _of_fsspec(store: Any) -> Place | None:
    usual = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
    fs = store.fs
    if store.allowed_exceptions != usual or getattr(fs, "storage_args", ()):
        return None
    if _is_of(fs, "fsspec.implementations.http", "HTTPFileSystem"):
        usual_client = sys.modules["fsspec.implementations.http"].get_client
        if fs.encoded or fs.get_client is not usual_client:
            return None
        return _http_place(store.path, {"client_kwargs": fs.client_kwargs, **_given(fs.kwargs, _IDLE_HTTP)})
    if _is_of(fs, "s3fs.core", "S3FileSystem"):
        options = _given(fs.storage_options, _IDLE_S3)
        if options.pop("version_aware", False) or options.pop("use_ssl", True) is not True or not options.keys() <= _MEANT_S3:
            return None
        place = _s3_place(store.path, options)
        return place if place and _is_account_of_boto(place[1]) else None
    return None


def _is_account_of_boto(settings: _remote.Settings) -> bool:
    """Whether botocore finds the same credentials as the library, without asking anybody."""
    if settings.get("anonymous") or "secret_access_key" in settings:
        return not _any_set(("AWS_REQUEST_PAYER",)) or settings.get("requester_pays", False)
    if _any_set(_OF_ZARRC):
        return False
    if "profile" not in settings and os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"):
        return True
    if _any_set(("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")):
        return False
    try:
        sessions: Any = importlib.import_module("botocore.session")
        profile = sessions.Session(profile=settings.get("profile")).get_scoped_config()
    except Exception:
        return False
    return "aws_secret_access_key" in profile and not any(name in profile for name in _ELSEWHERE)


# ----------------------------------------------------------------------------------------------------------- obstore


def _plain(value: Any) -> Any:
    """A setting as obstore gives it back, as its user has given it."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _of_obstore(store: Any) -> Place | None:
    inner = store.store
    options = _plain(inner.client_options or {}) if hasattr(inner, "client_options") else {}
    client = {"client_options": options} if options else {}
    if getattr(inner, "retry_config", None) is not None:
        return None
    if _is_of(inner, "obstore.store", "HTTPStore"):
        return _http_place(inner.url, client)
    if _is_of(inner, "obstore.store", "S3Store"):
        config = _plain(inner.config)
        if inner.credential_provider is not None or _any_set(_OF_OBSTORE) or not config.keys() <= _MEANT_OBSTORE:
            return None
        settings = _account_of_obstore(config)
        bucket = config.pop("bucket")
        path = f"{bucket}/{inner.prefix}" if inner.prefix else bucket
        return None if settings is None else _s3_place(path.rstrip("/"), {**config, **settings, **client})
    return None


def _account_of_obstore(config: dict[str, Any]) -> dict[str, Any] | None:
    """What obstore finds that is not among its settings, so that the library need not look for it."""
    found: dict[str, Any] = {}
    if "endpoint" in config:
        if config.get("virtual_hosted_style_request"):
            return None  # the bucket is in the endpoint
    elif "region" not in config or _any_set(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")):
        return None
    else:
        found["endpoint"] = f"https://s3.{config['region']}.amazonaws.com"
        found.setdefault("virtual_hosted_style_request", config.get("virtual_hosted_style_request", False))
    if config.get("skip_signature"):
        return None if "secret_access_key" in config else found
    if "access_key_id" in config and "secret_access_key" in config:
        return found
    names = {"access_key_id": "AWS_ACCESS_KEY_ID", "secret_access_key": "AWS_SECRET_ACCESS_KEY"}
    if config.keys() & names.keys() or not all(os.environ.get(name) for name in names.values()):
        return None
    found |= {name: os.environ[variable] for name, variable in names.items()}
    token = os.environ.get("AWS_SESSION_TOKEN")
    return found | ({"session_token": token} if token else {})


# --------------------------------------------------------------------------------------------------------------- zip


def _of_zip(store: Any) -> Place | None:
    """An archive that is open for reading, and is still the file at its path."""
    if store._zmode != "r" or not store._is_open or getattr(store, "path", None) is None:
        return None
    path = os.path.abspath(store.path)
    try:
        there, opened = os.stat(path), os.fstat(store._zf.fp.fileno())
    except (OSError, AttributeError, ValueError):
        return None
    seen = (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns)
    if seen != (opened.st_dev, opened.st_ino, opened.st_size, opened.st_mtime_ns) or path.startswith("//"):
        return None
    return f"zip:{path}", seen


# ------------------------------------------------------------------------------------------------------------ stores

_FINDERS: dict[Any, Callable[[Any], Place | None]] = {
    FsspecStore: _of_fsspec,
    ObjectStore: _of_obstore,
    ZipStore: _of_zip,
}


def may_be(getter: Any) -> bool:
    """Whether it is one of the kinds of stores that are looked at."""
    return type(getter) is StorePath and type(getter.store) in _FINDERS


def place_of(store: Any) -> Place | None:
    """Where the library finds what a store of these kinds has; None: it may mean something else there."""
    find = _FINDERS[type(store)]
    if find is not _of_zip and _any_set(_PROXIES):
        return None
    try:
        return find(store)
    except (AttributeError, TypeError, ValueError, KeyError):
        return None


def are_plain(keys: list[str]) -> bool:
    """Whether all libraries spell these keys the same in a URL."""
    return _KEYS.fullmatch("\n".join(keys)) is not None


class _Stores:
    """What was opened for zarr-python's stores, as long as they are there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[int, tuple[Any, Place, _core.Context, _core.Store | None]] = {}
        hold(self)

    def forget(self) -> None:
        self._made = {}

    def find(self, store: Any, place: Place) -> tuple[bool, _core.Store | None]:
        """Whether it was tried to open a place for a store, and what is open."""
        made = self._made.get(id(store))
        if made is None or made[0]() is not store or made[1] != place or made[2] is not context():
            return False, None
        return True, made[3]

    def open(self, store: Any, place: Place) -> _core.Store | None:
        """Opens a place for a store; None: it cannot be opened."""
        threads = context()
        url, settings = place
        try:
            opened = _core.Store(threads, url, None if url.startswith("zip:") else settings)
        except (_core.ZarrcError, FileNotFoundError):
            opened = None
        name = id(store)
        with self._lock:
            self._made[name] = (weakref.ref(store, lambda _: self._made.pop(name, None)), place, threads, opened)
        return opened


stores = _Stores()


def is_of_store(error: _core.ZarrcError) -> bool:
    """Whether an error may be one that the store's own methods do not have, or have as something else."""
    return error.status in ("IO", "NETWORK", "ACCESS", "CONFLICT", "UNSUPPORTED", "INVALID_ARGUMENT")
