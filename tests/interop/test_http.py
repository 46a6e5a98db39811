# SPDX-License-Identifier: MIT
"""Stores over HTTP on servers that we did not write: nginx with many configurations, and Python's http.server, which knows
no ranges. What each of them answers is not what is tested: what comes of it is."""
import http.client
import random
import time
from urllib.parse import urlsplit

import numpy
import pytest

import servers
from conftest import Refused, Zarrc

TOTAL = 1000
BYTES = random.Random(1).randbytes(TOTAL)
KEYS = ["a b", "a+b", "a=b", "a@b", "a:b", "a(b)", "ä", "a%2Fb", "a%b", "a?b", "a#b", "a'b", "a!b*c", "[a]", "a&b", "a;b,c", "a$b", 'a"b',
        "a\\b", "日本"]
RANGES = {"first": (0, 10), "to_the_end": (0, 5000), "past_the_end": (990, 1010), "last": (-10, 10), "more_than_all": (-2000, 2000),
          "at_the_end": (1000, 1), "behind_the_end": (2000, 5), "nothing": (7, 0), "huge": (3, 2**62)}
EVERY = ["plain", "no_ranges", "gzip", "one_range", "http.server"]


def part_of(value, offset, nbytes):
    start = max(0, len(value) + offset) if offset < 0 else offset
    return value[start:start + nbytes]


@pytest.fixture(scope="module")
def root(nginx):
    """What is served."""
    for name, value in {"f": BYTES, "empty": b"", "long": BYTES * 10000}.items():
        (nginx.root / name).write_bytes(value)
    (nginx.root / "d").mkdir()
    for key in KEYS:
        (nginx.root / "d" / key).write_bytes(key.encode())
    return nginx.root


@pytest.fixture(scope="module")
def plain_server(root):
    server, port = servers.start_plain_server(root)
    yield f"http://127.0.0.1:{port}/"
    server.stop()


@pytest.fixture
def url_of(nginx, root, plain_server):
    return lambda kind: plain_server if kind == "http.server" else nginx.url(kind)


# ---------------------------------------------------------------------------------------------------------- ranges

@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("name", RANGES)
def test_range(url_of, open_store, kind, name):
    store = open_store(url_of(kind))
    assert store.fetch("f", RANGES[name]) == [(part_of(BYTES, *RANGES[name]), TOTAL)]


@pytest.mark.parametrize("kind", EVERY)
def test_all_ranges_of_a_value_at_once(url_of, open_store, kind):
    """Whatever the server does with ranges: a value is not fetched as a whole more than once."""
    store = open_store(url_of(kind))
    assert store.fetch("f", *RANGES.values()) == [(part_of(BYTES, *r), TOTAL) for r in RANGES.values()]
    wanted = sum(len(part_of(BYTES, *r)) for r in RANGES.values())
    assert store.counts()["nbytes"] <= (TOTAL if kind in ("no_ranges", "http.server") else wanted + 1)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("bounds", [(0, 10), (-8, 8), (5, 1)])
def test_range_of_nothing(url_of, open_store, kind, bounds):
    assert open_store(url_of(kind)).fetch("empty", bounds) == [(b"", 0)]


def test_several_ranges_are_requests_of_their_own(nginx, root, open_store, wan):
    network = wan(nginx.port["plain"], "--rtt", 0)
    store = open_store(f"http://127.0.0.1:{network.port}/")
    assert [got for got, _ in store.fetch("f", (0, 2), (5, 2))] == [BYTES[:2], BYTES[5:7]]
    assert sorted(r[4] for r in network.asked()) == ["bytes=0-1", "bytes=5-6"]
    assert store.counts()["requests"] == 2


@pytest.mark.parametrize("kind", ["no_ranges", "http.server"])
def test_long_value_without_ranges(url_of, open_store, kind):
    """Of 10 MB that are sent for 10 bytes little is read; the server is not asked again in pieces."""
    store = open_store(url_of(kind))
    with pytest.raises(Refused, match="ignores Range") as refused:
        store.fetch("long", (5, 10))
    assert refused.value.status == "NETWORK"
    assert store.counts()["nbytes"] == 0
    assert store.fetch("f", (1, 2), (3, 4)) == [(BYTES[1:3], TOTAL), (BYTES[3:7], TOTAL)]
    assert store.counts()["requests"] == 2


def test_part_of_a_long_value(nginx, root, open_store):
    store = open_store(nginx.url())
    assert store.fetch("long", (9999990, 100), (-5, 5)) == [(BYTES[-10:], 10000 * TOTAL), (BYTES[-5:], 10000 * TOTAL)]
    assert store.counts()["nbytes"] == 15


@pytest.mark.parametrize("kind", ["plain", "no_ranges", "one_range"])
def test_value_that_changes(nginx, root, open_store, kind):
    """With an ETag, or without one by its time: what is read of two versions is no value."""
    (root / f"c{kind}").write_bytes(b"a" * 100)
    store = open_store(nginx.url(kind))
    store.ask("open", f"c{kind}")
    assert bytes.fromhex(store.ask("read", 0, 10)) == b"a" * 10
    (root / f"c{kind}").write_bytes(b"b" * 101)
    with pytest.raises(Refused) as refused:
        store.ask("read", 10, 10)
    assert refused.value.status == "CONFLICT"
    assert store.get(f"c{kind}") == b"b" * 101


@pytest.mark.parametrize("kind", ["plain", "one_range", "http.server"])
def test_value_that_stays(url_of, open_store, kind):
    """A server without ETag gets no If-Match, which it would refuse."""
    store = open_store(url_of(kind))
    store.ask("open", "f")
    assert [bytes.fromhex(store.ask("read", i, 10)) for i in (0, 10)] == [BYTES[:10], BYTES[10:20]]


def test_nothing_is_encoded_unasked(nginx, root, open_store):
    """nginx with gzip on would send the whole value, encoded, to whoever takes that."""
    store = open_store(nginx.url("gzip"))
    assert store.get("f") == BYTES
    assert store.fetch("f", (10, 20)) == [(BYTES[10:30], TOTAL)]


def test_declared_encoding(nginx, root, open_store):
    store = open_store(nginx.url("encoded"))
    for ask in (lambda: store.get("f"), lambda: store.fetch("f", (0, 10))):
        with pytest.raises(Refused, match="Content-Encoding: gzip") as refused:
            ask()
        assert refused.value.status == "UNSUPPORTED"


# ------------------------------------------------------------------------------------------------ statuses, redirects

@pytest.mark.parametrize("kind", EVERY)
def test_missing(url_of, open_store, kind):
    for ask in (lambda s: s.get("none"), lambda s: s.fetch("none", (0, 10)), lambda s: s.fetch("none", (-8, 8)), lambda s: s.get("d")):
        with pytest.raises(Refused) as refused:
            ask(open_store(url_of(kind)))
        assert refused.value.status == "NOT_FOUND"


@pytest.mark.parametrize("code,status,requests", [
    (401, "ACCESS", 1), (403, "ACCESS", 1), (404, "NOT_FOUND", 1), (410, "NOT_FOUND", 1), (429, "NETWORK", 2), (500, "NETWORK", 2),
    (501, "NETWORK", 1), (502, "NETWORK", 2), (503, "NETWORK", 2), (504, "NETWORK", 2), (505, "NETWORK", 1), (507, "NETWORK", 1)])
def test_status(nginx, root, open_store, code, status, requests):
    """Only 404 and 410 mean that there is no value. What may pass is tried again."""
    store = open_store(nginx.url(), "tries=2")
    with pytest.raises(Refused) as refused:
        store.get(f"e{code}/c/0")
    assert refused.value.status == status
    assert str(code) in refused.value.message or status == "NOT_FOUND"
    assert store.counts()["requests"] == requests


def test_403_of_a_chunk(nginx, root, open_store):
    store = open_store(nginx.url(), "missing_403=1")
    for key, status in (("e403/c/0", "NOT_FOUND"), ("e403/zarr.json", "ACCESS")):
        with pytest.raises(Refused) as refused:
            store.get(key)
        assert refused.value.status == status


def test_retry_after(nginx, root, open_store):
    """A server that takes five requests a second, and asks for a second's rest."""
    store = open_store(nginx.url("limited"))
    begin = time.monotonic()
    assert [store.get("f") for _ in range(3)] == [BYTES] * 3
    assert store.counts()["retries"] > 0
    assert time.monotonic() - begin >= 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirect(nginx, root, open_store, code):
    """Ranges are kept."""
    store = open_store(nginx.url(path=f"r{code}"))
    assert store.fetch("f", (3, 5)) == [(BYTES[3:8], TOTAL)]
    assert store.get("d/a b") == b"a b"
    store.fetch("f", (3, 5))
    assert store.counts()["requests"] == (4 if code in (301, 308) else 6)


@pytest.mark.parametrize("path,words", [("rloop", "redirect"), ("rfile", "not http or https")])
def test_redirect_to_nowhere(nginx, root, open_store, path, words):
    with pytest.raises(Refused, match=words) as refused:
        open_store(nginx.url(path=path)).get("f")
    assert refused.value.status == "NETWORK"


def test_secrets_do_not_follow(nginx, root, open_store):
    """Another server is not sent what the first one may know."""
    url = nginx.url(path="rhost").replace("//", "//user:secret@")
    with pytest.raises(Refused) as refused:
        open_store(url).get("f")
    assert refused.value.status == "ACCESS" and "401" in refused.value.message
    assert "secret" not in refused.value.message


def test_password(nginx, root, open_store):
    assert open_store(nginx.url("secret").replace("//", "//user:secret@")).get("f") == BYTES
    for user in ("", "user:wrong@"):
        with pytest.raises(Refused) as refused:
            open_store(nginx.url("secret").replace("//", f"//{user}")).get("f")
        assert refused.value.status == "ACCESS" and "wrong" not in refused.value.message


def test_query(nginx, root, open_store):
    """What signs a URL goes with every key, and is shown nowhere."""
    store = open_store(nginx.url("query") + "?sig=a+b/c")
    assert store.get("d/a?b") == b"a?b"
    with pytest.raises(Refused) as refused:
        open_store(nginx.url("query") + "?sig=other").get("f")
    assert refused.value.status == "ACCESS" and "other" not in refused.value.message


def test_header(nginx, root, open_store, zarrc):
    assert open_store(nginx.url("header"), "header=X-Token: geheim").get("f") == BYTES
    with pytest.raises(Refused) as refused:
        open_store(nginx.url("header"), "header=X-Token: falsch").get("f")
    assert refused.value.status == "ACCESS" and "falsch" not in refused.value.message


# --------------------------------------------------------------------------------------------------- keys, listing

@pytest.mark.parametrize("key", KEYS)
def test_key(nginx, root, open_store, plain_server, key):
    for url in (nginx.url(), plain_server):
        assert open_store(url).get(f"d/{key}") == key.encode()


@pytest.mark.parametrize("key", [".", "..", "d/../f", "d//f", "/f", "f/", "a\x01b"])
def test_key_that_is_none(nginx, root, open_store, key):
    store = open_store(nginx.url())
    with pytest.raises(Refused) as refused:
        store.get(key)
    assert refused.value.status == "INVALID_ARGUMENT"
    assert store.counts()["requests"] == 0


def test_listing(nginx, root, open_store):
    store = open_store(nginx.url())
    assert store.ask("list", "d").count("d/") == len(KEYS)
    assert {"f", "empty", "d/"} <= store.keys(deep=False)
    assert "d/ä" in store.keys()
    assert store.keys("nothing") == set()


@pytest.mark.parametrize("kind", ["html", "unlisted", "http.server"])
def test_no_listing(url_of, open_store, kind):
    with pytest.raises(Refused, match="consolidated") as refused:
        open_store(url_of(kind)).keys()
    assert refused.value.status == "UNSUPPORTED"


# --------------------------------------------------------------------------------------------------- TLS, HTTP/2

@pytest.mark.parametrize("how", ["option", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE"])
def test_authority(nginx, root, open_store, how):
    """The certificate's authority is one that the user names."""
    if how == "option":
        store = open_store(nginx.url("tls"), f"ca_file={nginx.ca}")
    else:
        store = open_store(nginx.url("tls"), **{how: str(nginx.ca)})
    assert store.get("f") == BYTES


def test_http2(nginx, root, open_store):
    store = open_store(nginx.url("tls"), f"ca_file={nginx.ca}", "http2=1")
    assert store.fetch("f", *RANGES.values()) == [(part_of(BYTES, *r), TOTAL) for r in RANGES.values()]


def speaks_http_1(url):
    """Whether a server answers a request of HTTP/1.1 as one."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.parametrize("case", ["unknown", "other_name", "plain_on_tls", "tls_on_plain", "h2c"])
def test_no_way(nginx, root, open_store, case):
    """Certificates that are not trusted are not tried again; nothing else is spoken than what the URL says."""
    url, options = nginx.url("tls"), [f"ca_file={nginx.ca}"]
    if case == "unknown":
        options = []
    elif case == "other_name":
        url = url.replace("localhost", "127.0.0.1")
    elif case == "plain_on_tls":
        url = url.replace("https", "http")
    else:
        url = nginx.url("plain").replace("http", "https") if case == "tls_on_plain" else nginx.url("h2c")
    if case == "h2c" and speaks_http_1(url):
        pytest.skip("nginx, from 1.25.1 on, speaks HTTP/1.1 there too")
    store = open_store(url, *options, "tries=2")
    with pytest.raises(Refused) as refused:
        store.get("f")
    assert refused.value.status == "NETWORK"
    if case in ("unknown", "other_name"):
        assert store.counts()["requests"] == 1
        assert "certificate" in refused.value.message.lower()


def test_nobody_there(open_store):
    [port] = servers.free_ports(1)
    with pytest.raises(Refused) as refused:
        open_store(f"http://127.0.0.1:{port}/").get("f")
    assert refused.value.status == "NETWORK"


def test_nothing_leaves_this_machine(zarrc, guard):
    """The guard of all these tests sees who leaves: addresses, and names that are looked up."""
    for url, what in (("http://198.51.100.1/a", "198.51.100.1"), ("http://nowhere.invalid/a", "nowhere.invalid")):
        assert zarrc.start("info", url).wait(60) == 11
        assert set(guard.taken()) == {what}


# ---------------------------------------------------------------------------------------------------------- arrays

@pytest.fixture(scope="module")
def arrays(root, guard, tmp_path_factory):
    """Arrays of 1,024 chunks of 2 KiB, plain and with checksums, and one of 16 shards; and a group."""
    run, folder = Zarrc(guard), tmp_path_factory.mktemp("arrays")
    values = numpy.random.default_rng(2).integers(0, 2**16, (1024, 1024), dtype="u2")
    for name, more in {"plain": ["--codecs", "bytes"], "sums": ["--codecs", "bytes,crc32c"],
                       "shards": ["--shards", "256,256", "--codecs", "bytes,crc32c"]}.items():
        chunks = "16,16" if name == "shards" else "1,1024"
        run("create", root / f"g.zarr/{name}", "--shape", "1024,1024", "--dtype", "uint16", "--chunks", chunks, *more)
        run.put(root / f"g.zarr/{name}", folder, values)
    return values


@pytest.mark.parametrize("kind", ["plain", "no_ranges", "one_range", "gzip", "http.server"])
@pytest.mark.parametrize("name", ["plain", "shards"])
def test_array(url_of, zarrc, arrays, tmp_path, kind, name):
    url = f"{url_of(kind)}g.zarr/{name}"
    if kind != "http.server":  # which has room for five clients only that wait for a connection
        assert (zarrc.get(url, tmp_path) == arrays).all()
    assert (zarrc.get(url, tmp_path, "--select", "250:260,10:400") == arrays[250:260, 10:400]).all()


@pytest.mark.parametrize("name,fault", [("plain", "503:40"), ("plain", "reset:40"), ("plain", "cut:40"), ("plain", "stall:400"),
                                        ("shards", "503:5"), ("shards", "reset:5"), ("shards", "cut:5"), ("shards", "stall:12")])
def test_fault(nginx, wan, zarrc, arrays, tmp_path, name, fault):
    """What a network spoils is right in the end."""
    network = wan(nginx.port["plain"], "--rtt", 1, "--fault", fault)
    assert (zarrc.get(f"http://127.0.0.1:{network.port}/g.zarr/{name}", tmp_path) == arrays).all()
    assert any(r[5] != "-" for r in network.asked())


@pytest.mark.parametrize("name", ["sums", "shards"])
def test_bytes_that_were_changed_once(nginx, wan, zarrc, arrays, tmp_path, name):
    """A checksum finds them, and they are fetched once more."""
    network = wan(nginx.port["plain"], "--rtt", 0, "--fault", "garble:40" if name == "sums" else "garble:10")
    assert (zarrc.get(f"http://127.0.0.1:{network.port}/g.zarr/{name}", tmp_path) == arrays).all()
    assert any(r[5] != "-" for r in network.asked())


def test_bytes_that_are_changed(nginx, wan, zarrc, arrays, tmp_path):
    """For good: each is found, and named."""
    for i in range(100):
        chunk = bytearray((nginx.root / f"g.zarr/sums/c/{i}/0").read_bytes())
        chunk[i * 20] ^= 1
        (nginx.root / f"g.zarr/bad/c/{i}").mkdir(parents=True)
        (nginx.root / f"g.zarr/bad/c/{i}/0").write_bytes(chunk)
    (nginx.root / "g.zarr/bad/zarr.json").write_bytes((nginx.root / "g.zarr/sums/zarr.json").read_bytes())
    for i in range(100):
        zarrc("get", nginx.url(path="g.zarr/bad"), "-o", tmp_path / "x.npy", "--select", f"{i}:{i + 1}", code=6)
        assert f"c/{i}/0" in zarrc.stderr


def test_requests_are_counted_right(nginx, wan, open_store, arrays):
    """By the store as by the network."""
    network = wan(nginx.port["plain"], "--rtt", 0)
    store = open_store(f"http://127.0.0.1:{network.port}/")
    store.fetch("f", *RANGES.values())
    store.get("g.zarr/plain/c/0/0")
    counts, asked = store.counts(), network.asked()
    assert counts["requests"] == len(asked)
    assert counts["connections"] == len({r[1] for r in asked})
