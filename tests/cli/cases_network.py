# SPDX-License-Identifier: MIT
"""Arrays over HTTP, on a server of the test's own: what is asked for, and what is kept for the next run."""
import hashlib
import http.server
import json
import os
import re
import stat
import threading

import support
from support import int32s


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files with ETags and by ranges, and keeps a list of what was asked for."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.server.folder / self.path.partition("?")[0].lstrip("/")
        body = path.read_bytes() if path.is_file() else None
        status, extra = 200, {}
        if self.server.lists and path.is_dir() and self.path.endswith("/"):  # as nginx lists folders
            entries = [{"name": e.name, "type": "directory" if e.is_dir() else "file", "size": e.stat().st_size} for e in path.iterdir()]
            body, extra["Content-Type"] = json.dumps(entries).encode(), "application/json"
        if body is None:
            status, body = 404, b""
        else:
            extra["ETag"] = f'"{hashlib.md5(body).hexdigest()}"'
            expected = self.headers.get("If-Match")
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if expected not in (None, extra["ETag"]):
                status, body = 412, b""
            elif asked and body:
                first, last = asked.groups()
                start = int(first) if first else max(len(body) - int(last), 0)
                end = min(int(last) + 1, len(body)) if first and last else len(body)
                status, extra["Content-Range"] = 206, f"bytes {start}-{end - 1}/{len(body)}"
                body = body[start:end]
        self.server.asked.append((self.path, status, len(body), self.headers))
        self.send_response(status)
        for name, value in {**extra, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Network(support.Case):

    def setUp(self):
        super().setUp()
        if "curl (not built in)" in self.text("--version"):
            self.skipTest("built without curl")
        self.array("a.zarr", "int32", (40, 30), (20, 30), int32s(1200))
        self.array("s.zarr", "int32", (40, 30), (4, 5), int32s(1200, 7), "--shards", "20,30")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.folder, self.server.asked, self.server.lists = self.folder, [], True
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def asked(self):
        """The requests since the last call: how many, and how many bytes were sent."""
        requests, self.server.asked = self.server.asked, []
        return len(requests), sum(nbytes for _, _, nbytes, _ in requests)


class Copies(Network):

    def test_from_a_server_that_lists_nothing(self):
        """It says so by 404, as of folders that are not there: that no chunk is listed does not mean that there is none."""
        self.server.lists = False
        for name, values in (("a.zarr", int32s(1200)), ("s.zarr", int32s(1200, 7))):
            self.zarrc("copy", f"{self.url}/{name}", f"copy-{name}", "-q", "--check")
            self.assertEqual(self.raw(f"copy-{name}"), values)


class Caches(Network):

    def test_the_next_run(self):
        """What one run has read the next one asks for by one byte; the values are the same."""
        for name, values in (("a.zarr", int32s(1200)), ("s.zarr", int32s(1200, 7))):
            cached = (f"{self.url}/{name}", "--cache-dir", "kept")
            self.assertEqual(self.raw(*cached), values)
            first, nbytes = self.asked()
            self.assertGreater(nbytes, 2 * first)
            self.assertEqual(self.raw(*cached), values)
            again, nbytes = self.asked()
            self.assertEqual((again, nbytes), (first, first))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("kept")).st_mode), 0o700)
        self.zarrc("put", "a.zarr", "-s", "0,0", "-i", "-", "--format", "json", stdin=b"77")
        self.assertEqual(self.raw(f"{self.url}/a.zarr", "--cache-dir", "kept", "-s", "0,0"), int32s(1, 77))

    def test_copies(self):
        """A copy with other chunks reads each chunk of the source once, if it is kept."""
        self.zarrc("copy", f"{self.url}/a.zarr", "b.zarr", "-q", "-c", "20,3", "--cache", "16M", "--check")
        self.assertEqual(self.raw("b.zarr"), int32s(1200))
        bytes_cached = self.asked()[1]
        self.zarrc("copy", f"{self.url}/a.zarr", "c.zarr", "-q", "-c", "20,3", "--memory", "1M", "--check")
        self.assertLess(bytes_cached, self.asked()[1])

    def test_a_query_tells_stores_apart_and_is_not_shown(self):
        self.raw(f"{self.url}/a.zarr?token=secret", "--cache-dir", "kept")
        first, nbytes = self.asked()
        self.raw(f"{self.url}/a.zarr?token=other", "--cache-dir", "kept")
        self.assertEqual(self.asked(), (first, nbytes))
        for path in self.folder.joinpath("kept").rglob("*"):
            self.assertNotIn(b"secret", path.name.encode() + (path.read_bytes() if path.is_file() else b""))

    def test_what_cannot_be(self):
        self.zarrc("get", f"{self.url}/a.zarr", "--cache-dir-size", "1M", code=2)
        self.zarrc("get", f"{self.url}/a.zarr", "--cache", "many", code=2)
        self.folder.joinpath("file").write_text("")
        self.zarrc("get", f"{self.url}/a.zarr", "--cache-dir", "file", code=9)
        self.zarrc("get", f"{self.url}/a.zarr", "--cache-dir", "none/such", code=9)


class Stats(Network):

    def stats(self, *arguments, code=0):
        """What --stats tells, as numbers, and what was really asked for."""
        self.asked()
        done = self.run_command(*arguments, "--stats", "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        document = json.loads(done.stderr.decode().splitlines()[0])
        self.assertEqual(document["schema"], "zarrc.stats/1")
        return document["stores"], self.asked()

    def test_numbers_are_those_of_the_server(self):
        stores, (requests, _) = self.stats("info", f"{self.url}/a.zarr")
        self.assertEqual(len(stores), 1)
        self.assertEqual((stores[0]["url"], stores[0]["requests"], stores[0]["retries"]), (f"{self.url}/a.zarr", requests, 0))
        self.assertNotIn("cache", stores[0])
        for run in range(2):
            stores, (requests, nbytes) = self.stats("copy", f"{self.url}/a.zarr", "b.zarr", "-q", "--overwrite", "--cache-dir", "kept", "-c", "5,30")
            self.assertEqual(stores[0]["requests"], requests)
            self.assertGreater(stores[0]["rounds"], 0)
            self.assertGreater(stores[0]["cache"]["misses" if run == 0 else "disk_hits"], 0)
            self.assertLessEqual(stores[0]["bytes"], nbytes)

    def test_text(self):
        done = self.run_command("get", f"{self.url}/a.zarr?token=secret", "-s", "0,0", "--cache", "1M", "--stats")
        self.assertEqual((done.returncode, done.stdout), (0, b"0\n"))
        self.assertRegex(
            done.stderr.decode(),
            rf"^zarrc: stats: {re.escape(self.url)}/a.zarr: \d+ requests \(0 retries\) in \d+ rounds over \d+ connections?, \d+ bytes of values "
            r"received; cache: \d+ hits? \(\d+ bytes?\), \d+ miss(es)?, \d+ checks?, 0 pieces from the disk\n$")
        done = self.run_command("get", "a.zarr", "-s", "0,0", "--stats")
        self.assertEqual(done.stderr, b"zarrc: stats: nothing was asked of a store over a network\n")
        done = self.run_command("get", f"{self.url}/none.zarr", "--stats")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr.decode(), r"^zarrc: stats: .*none.zarr: [1-9]")

    def test_several_headers(self):
        """All are sent, none is shown."""
        done = self.run_command("info", f"{self.url}/none.zarr", "--header", "X-One: sesame", "--header=X-Two: open", "--stats")
        self.assertEqual(done.returncode, 3)
        self.assertNotIn(b"sesame", done.stderr + done.stdout)
        for *_, headers in self.server.asked:
            self.assertEqual((headers["X-One"], headers["X-Two"]), ("sesame", "open"))
        self.assertGreater(len(self.server.asked), 0)
        self.zarrc("info", f"{self.url}/a.zarr", *["--header", "X: y"] * 33, code=2)
