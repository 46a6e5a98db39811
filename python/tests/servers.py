# SPDX-License-Identifier: MIT
"""Servers on loopback that note what they are asked: of files over HTTP, and of S3."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Seen:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """What runs at a URL, and what it was asked so far."""

    url: str
    root: Path | None = None  # of the files that it has
    seen: list[Seen] = field(default_factory=list)
    etag: str = ""  # a form of ETags with the length of the value; "": a hash of it
    refusals: dict[str, int] = field(default_factory=dict)  # statuses in place of answers, by the end of the path

    def take(self) -> list[Seen]:
        """The requests since the last call."""
        taken, self.seen[:] = list(self.seen), []
        return taken


class _Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server: Server = self.server.zarrc  # type: ignore[attr-defined]
        server.seen.append(Seen("GET", self.path, {k.lower(): v for k, v in self.headers.items()}))
        path = unquote(self.path.partition("?")[0]).lstrip("/")
        for end, status in server.refusals.items():
            if path.endswith(end):
                return self._answer(status, b"", {})
        assert server.root is not None
        try:
            data = (server.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return self._answer(404, b"", {})
        known = server.etag.format(len(data)) or hashlib.sha256(data).hexdigest()[:32]
        headers = {"ETag": f'"{known}"', "Accept-Ranges": "bytes"}
        wanted = self.headers.get("If-Match")
        if wanted and wanted != headers["ETag"]:
            return self._answer(412, b"", headers)
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not found or not (found[1] or found[2]):
            return self._answer(200, data, headers)
        start = int(found[1]) if found[1] else max(0, len(data) - int(found[2]))
        stop = min(int(found[2]) + 1, len(data)) if found[1] and found[2] else len(data)
        if start >= stop:
            return self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
        return self._answer(206, data[start:stop], headers)

    def do_HEAD(self) -> None:
        server: Server = self.server.zarrc  # type: ignore[attr-defined]
        server.seen.append(Seen("HEAD", self.path, {k.lower(): v for k, v in self.headers.items()}))
        assert server.root is not None
        file = server.root / unquote(self.path.partition("?")[0]).lstrip("/")
        self.send_response(200 if file.is_file() else 404)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(file.stat().st_size if file.is_file() else 0))
        self.end_headers()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def http(root: Path) -> Iterator[Server]:
    """A server of the files below a directory, which knows ranges and If-Match."""
    with _Threads(("127.0.0.1", 0), _Files) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_address[1]}", root)
        listening.zarrc = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


@contextmanager
def s3(*buckets: str) -> Iterator[Server]:
    """moto's S3, with empty buckets. It believes every signature."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    whole = DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start: Any) -> Any:
        headers = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k.startswith("HTTP_")}
        server.seen.append(Seen(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers))
        for end, status in server.refusals.items():
            if environ["PATH_INFO"].endswith(end):
                start(f"{status} Refused", [("Content-Length", "0")])
                return [b""]
        return whole(environ, start)

    listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    server = Server(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=server.url,
            aws_access_key_id="maker",
            aws_secret_access_key="maker",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="warm-up")
        for bucket in client.list_buckets()["Buckets"]:  # moto's are those of the process: others may be left there
            name = bucket["Name"]
            for key in client.list_objects_v2(Bucket=name).get("Contents", ()):
                client.delete_object(Bucket=name, Key=key["Key"])
            client.delete_bucket(Bucket=name)
        for name in buckets:
            client.create_bucket(Bucket=name)
        server.take()
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
