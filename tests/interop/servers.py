# SPDX-License-Identifier: MIT
"""Servers on loopback that the tests start and stop: nginx, http.server, seaweedfs, moto, and the proxy bench/wan.py."""
import hashlib
import hmac
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ID, SECRET = "AKTEST", "SKTEST/secret+key"
# Nothing is asked but the server that a test means.
ALONE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_CONFIG_FILE": "/nonexistent"}


def find(program):
    beside = os.path.join(os.path.dirname(sys.executable), program)
    return beside if os.path.exists(beside) else shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def free_ports(n):
    """Ports that are free, and those 10,000 above them, which seaweedfs takes as well."""
    ports = []
    while len(ports) < n:
        port = random.randrange(20000, 30000)
        try:
            for number in (port, port + 10000):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        ports.append(port)
    return ports


class Server:
    """A program that runs until `stop`. What it prints goes to a file, and can be waited for."""

    def __init__(self, command, folder, **environment):
        self.log, self.changed, self.lines, self.has_ended = folder / "log", threading.Condition(), [], False
        self.child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, cwd=folder, env=os.environ | ALONE | environment)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        with open(self.log, "wb") as log:
            for line in self.child.stdout:
                log.write(line)
                log.flush()
                with self.changed:
                    self.lines.append(line.decode(errors="replace"))
                    del self.lines[:-100]
                    self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def wait(self, is_ready, seconds=120):
        """Asks is_ready(lines) whenever the server prints something, and now and then, until it returns something."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                lines = list(self.lines)
                found = is_ready(lines)
                if found:
                    return found
                assert not self.has_ended, f"the server has ended: {''.join(lines[-10:])}"
                assert time.monotonic() < end, f"the server does not get ready: {''.join(lines[-10:])}"
                self.changed.wait(0.2)

    def stop(self, kill=False):
        (self.child.kill if kill else self.child.terminate)()
        self.child.wait(60)
        self.thread.join(60)


def word_after(text):
    """Returns what waits for a line with a text in it, and gets the word after that."""
    return lambda lines: next((line.split(text, 1)[1].split()[0] for line in lines if text in line), None)


# ---------------------------------------------------------------------------------------------------------- nginx

CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type application/octet-stream; keepalive_requests 100000; root root;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  limit_req_zone $request_uri zone=often:1m rate=5r/s; limit_req_status 429;
  server {{
    listen 127.0.0.1:{plain} backlog=1024; autoindex on; autoindex_format json;
    location /r301/ {{ rewrite ^/r301/(.*)$ /$1 permanent; }}
    location /r302/ {{ rewrite ^/r302/(.*)$ /$1 redirect; }}
    location ~ ^/r307/(.*)$ {{ return 307 /$1; }}
    location ~ ^/r308/(.*)$ {{ return 308 /$1; }}
    location /rloop/ {{ return 302 $request_uri; }}
    location /rfile/ {{ return 302 file:///etc/hostname; }}
    location ~ ^/rhost/(.*)$ {{ return 302 http://127.0.0.1:{secret}/$1; }}
    location /e401/ {{ return 401; }} location /e403/ {{ return 403; }} location /e404/ {{ return 404; }}
    location /e410/ {{ return 410; }} location /e429/ {{ return 429; }} location /e500/ {{ return 500; }}
    location /e501/ {{ return 501; }} location /e502/ {{ return 502; }} location /e503/ {{ return 503; }}
    location /e504/ {{ return 504; }} location /e505/ {{ return 505; }} location /e507/ {{ return 507; }}
  }}
  server {{ listen 127.0.0.1:{no_ranges}; max_ranges 0; }}
  server {{ listen 127.0.0.1:{gzip}; gzip on; gzip_min_length 1; gzip_types *; }}
  server {{ listen 127.0.0.1:{secret}; auth_basic x; auth_basic_user_file users; }}
  server {{ listen 127.0.0.1:{tls} ssl http2; ssl_certificate tls/server.pem; ssl_certificate_key tls/server.key; }}
  server {{ listen 127.0.0.1:{encoded}; add_header Content-Encoding gzip; }}
  server {{ listen 127.0.0.1:{one_range}; max_ranges 1; etag off; if_modified_since off; }}
  server {{ listen 127.0.0.1:{html}; autoindex on; }}
  server {{ listen 127.0.0.1:{unlisted}; }}
  server {{ listen 127.0.0.1:{h2c} http2; }}
  server {{ listen 127.0.0.1:{limited}; limit_req zone=often; add_header Retry-After 1 always; }}
  server {{ listen 127.0.0.1:{query}; if ($arg_sig != "a+b/c") {{ return 403; }} }}
  server {{ listen 127.0.0.1:{header}; if ($http_x_token != "geheim") {{ return 403; }} }}
}}
"""
KINDS = ("plain no_ranges gzip secret tls encoded one_range html unlisted h2c limited query header").split()


def make_certificates(folder):
    """An authority of the tests' own, and a certificate of localhost that it has signed."""
    folder.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", 2, "-subj", "/CN=test")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 2, "-extfile",
            "names", "-out", "server.pem")


class Nginx:
    """Serves `root` in many ways: port[KIND]."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "root"
        for name in ("root", "tmp"):
            (folder / name).mkdir()
        make_certificates(folder / "tls")
        self.ca = folder / "tls/ca.pem"
        (folder / "users").write_text("user:{PLAIN}secret\n")
        ports = [socket.create_server(("127.0.0.1", 0)) for _ in KINDS]
        self.port = {kind: s.getsockname()[1] for kind, s in zip(KINDS, ports)}
        for s in ports:
            s.close()
        (folder / "nginx.conf").write_text(CONFIGURATION.format(**self.port))
        self.server = Server([find("nginx"), "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"], folder)
        self.server.wait(lambda lines: any("using the" in line for line in lines) and self.answers())

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port["header"])).close()
        except OSError:
            return False
        return True

    def url(self, kind="plain", path=""):
        scheme, host = ("https", "localhost") if kind == "tls" else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port[kind]}/{path}"

    def stop(self):
        self.server.stop()


def start_plain_server(root):
    """Python's http.server, which knows no ranges. Returns it and its port."""
    server = Server([sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", root, "0"], root.parent)
    return server, int(server.wait(word_after(" port ")))


# -------------------------------------------------------------------------------------------------------------- S3

def signed(port, method, path, body=b"", query="", headers={}):
    """Makes a request that is signed with version 4; returns status, headers and body."""
    host, now = f"127.0.0.1:{port}", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope, digest = f"{now[:8]}/us-east-1/s3/aws4_request", hashlib.sha256(body).hexdigest()
    signing = dict(sorted({"host": host, "x-amz-content-sha256": digest, "x-amz-date": now, **headers}.items()))
    names = ";".join(signing)
    text = "\n".join([method, path, query, *(f"{k}:{v}" for k, v in signing.items()), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(text.encode()).hexdigest()])
    key = b"AWS4" + SECRET.encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    signing["Authorization"] = f"AWS4-HMAC-SHA256 Credential={ID}/{scope},SignedHeaders={names},Signature={key.hex()}"
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    request = urllib.request.Request(url, method=method, data=body, headers=signing)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


class S3:
    """seaweedfs or moto, with a bucket "bucket"; seaweedfs checks signatures, and lets everybody read the bucket "open"."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.ports = free_ports(4)
        self.port = self.ports[0]
        self.start()

    def start(self):
        command = [find("moto_server"), "-H", "127.0.0.1", "-p", self.port] if self.name == "moto" else self.seaweedfs()
        self.server = Server(command, self.folder)
        self.server.wait(lambda lines: self.make_bucket("bucket") and self.make_bucket("open"))

    def seaweedfs(self):
        (self.folder / "s3.json").write_text(
            '{"identities": [{"name": "test", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin", '
            '"Read", "Write", "List"]}, {"name": "anonymous", "actions": ["Read:open"]}]}' % (ID, SECRET))
        s3, master, volume, filer = self.ports
        flags = {"dir": self.folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "volume.max": 30, "master.volumeSizeLimitMB": 256,
                 "s3.port": s3, "master.port": master, "volume.port": volume, "filer.port": filer, "s3.config": "s3.json",
                 "s3.port.iceberg": 0, "s3.port.lance": 0, "master.telemetry": "false"}
        return [find("weed"), "server", "-s3", *(f"-{key}={value}" for key, value in flags.items())]

    def make_bucket(self, name):
        """Returns whether the bucket is there, and values can be stored in it."""
        try:
            made = signed(self.port, "PUT", f"/{name}")[0]
            return made in (200, 409) and signed(self.port, "PUT", f"/{name}/.ready", b"x")[0] == 200
        except OSError:
            return False

    def environment(self, port=None):
        return {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}"}

    def kill(self):
        self.server.stop(kill=True)

    def stop(self):
        self.server.stop(kill=True)  # what it has stored is not needed any more, and its own end takes long


# ----------------------------------------------------------------------------------------------------------- the proxy

class Wan:
    """bench/wan.py in front of a port of this machine."""

    def __init__(self, port, folder, *options):
        folder.mkdir()
        self.requests = folder / "requests"
        self.server = Server([sys.executable, "-u", ROOT / "bench/wan.py", port, "--log", self.requests, *options], folder)
        self.port = int(self.server.wait(lambda lines: lines[0].strip() if lines else None))

    def asked(self):
        """The requests so far: time, connection, method, target, range and fault of each."""
        return [line.split() for line in self.requests.read_text().splitlines()]

    def stop(self):
        self.server.stop()
