# SPDX-License-Identifier: MIT
"""Measures zarrc over HTTP and S3 beside the peers that are installed, through a proxy that adds latency; prints a report in
Markdown and writes all samples as JSON.

    make bench-remote                                      everything, about an hour and a half
    make bench-remote BENCH="--rtt 40 --reps 3 --kinds http --operations whole,boxes"
    python3 bench/remote.py --show RESULTS.json            the report of an earlier run
    python3 bench/remote.py --document RESULTS.json FILE   puts it between two marker lines of a document

The servers are nginx and seaweedfs, on loopback. Each measurement is a process of its own, and counts from opening the
store on; requests and connections are those that the proxy has seen.
"""
import argparse
import asyncio
import collections
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/interop"))
import servers  # noqa: E402

BEGIN, END = "<!-- bench-remote: begin -->", "<!-- bench-remote: end -->"
PEERS = ("zarrc", "tensorstore", "obstore", "fsspec", "zarrs", "curl")
MIB_A_SECOND, AT_ONCE = 60, 64
Operation = collections.namedtuple("Operation", "name what path title rounds mib kinds peers")
# rounds: of requests of which each is there before the next is made, and how many requests in each, at least
EVERY, READERS = PEERS[:5], PEERS[:5]
OPERATIONS = [
    Operation("plain", "whole", "plain", "1,024 chunks of 32 KiB", [1, 1024], 32, "http s3", PEERS),
    Operation("shards", "whole", "shard", "16 shards of 2 MiB, whole", [1, 16], 32, "http s3", EVERY),
    Operation("boxes", "boxes", "shard", "20 boxes of 20 x 60 x 60, one by one", [1] + 30 * [1], 5.4, "http", EVERY),
    Operation("elements", "elements", "shard", "100 elements, one by one", [1] + 116 * [1], 0.4, "http", EVERY),
    Operation("points", "points", "shard", "100 elements in one call", [1, 16, 100], 0.4, "http", ("zarrc", "tensorstore", "obstore", "fsspec")),
    Operation("one", "one", "shard", "open an array, one element", [1, 1, 1], 0, "http s3", EVERY),
    Operation("consolidated", "group", "g100c", "a group of 100, consolidated", [1], 0, "http", ("zarrc", "tensorstore", "obstore", "fsspec")),
    Operation("group", "group", "g100", "a group of 100", [1, 100], 0, "s3", ("zarrc", "tensorstore", "obstore", "fsspec")),
    Operation("write", "write", "new", "write of 256 chunks of 32 KiB", [1, 256], 8, "s3", ("zarrc", "tensorstore", "obstore", "fsspec")),
    Operation("list", "list", "many", "10,000 keys", 10 * [1], 0, "s3", ("zarrc", "tensorstore", "obstore", "fsspec")),
]
FAULTS = ("none:0", "503:40", "reset:40", "cut:40", "stall:400")


def say(line):
    print(line, file=sys.stderr, flush=True)


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    p.add_argument("--out", type=pathlib.Path, help="results (default: bench-remote.json in the build)")
    p.add_argument("--rtt", default="2,40,150", help="milliseconds")
    p.add_argument("--reps", type=int, default=5)
    p.add_argument("--kinds", default="http,s3,faults")
    p.add_argument("--operations", help="only these: " + ",".join(o.name for o in OPERATIONS))
    p.add_argument("--peers", default=",".join(PEERS))
    p.add_argument("--longest", type=float, default=20, help="what takes longer than so many seconds is not repeated")
    p.add_argument("--limit", type=float, default=100, help="what takes longer than so many seconds is given up")
    p.add_argument("--show", metavar="RESULTS.json")
    p.add_argument("--document", nargs=2, metavar=("RESULTS.json", "FILE.md"))
    o = p.parse_args(argv)
    o.out = o.out or o.build / "bench-remote.json"
    o.rtt, o.kinds, o.peers = [int(n) for n in o.rtt.split(",")], o.kinds.split(","), o.peers.split(",")
    o.operations = o.operations.split(",") if o.operations else [each.name for each in OPERATIONS]
    return o


# -------------------------------------------------------------------------------------------------------------- data

def make_data(folder):
    import numpy
    import zarr
    draw = numpy.random.default_rng(1)
    for name, shape, more in (("plain", (1024, 16384), {"chunks": (1, 16384)}),
                              ("shard", (64, 512, 512), {"chunks": (8, 16, 16), "shards": (64, 128, 128)})):
        array = zarr.create_array(f"{folder}/{name}", shape=shape, dtype="uint16", compressors=None, filters=None, fill_value=0, **more)
        array[:] = draw.integers(0, 65536, shape, dtype="uint16")
    for name in ("g100", "g100c"):
        group = zarr.create_group(f"{folder}/{name}")
        for i in range(100):
            group.create_array(f"v{i:03d}", shape=(10,), chunks=(10,), dtype="float32", attributes={"units": "K", "n": i})
    zarr.consolidate_metadata(f"{folder}/g100c")


def upload(folder, port):
    import obstore
    from obstore.store import S3Store
    store = S3Store("bucket", endpoint=f"http://127.0.0.1:{port}", region="us-east-1", access_key_id=servers.ID,
                    secret_access_key=servers.SECRET, client_options={"allow_http": True}, virtual_hosted_style_request=False)

    async def run():
        at_once = asyncio.Semaphore(32)

        async def put(key, value):
            async with at_once:
                await obstore.put_async(store, key, value)

        files = [path for path in folder.rglob("*") if path.is_file()]
        await asyncio.gather(*(put(str(path.relative_to(folder)), path.read_bytes()) for path in files),
                             *(put(f"many/c/{i // 100}/{i % 100}", b"x") for i in range(10000)))
    asyncio.run(run())


# -------------------------------------------------------------------------------------------------------- measuring

class Bench:
    def __init__(self, o, folder):
        self.o, self.folder, self.samples, self.nwritten = o, folder, [], 0

    def command_of(self, peer, operation, kind, port, path):
        if peer == "zarrc":
            url = f"http://127.0.0.1:{port}/{path}" if kind != "s3" else f"s3://bucket/{path}"
            return [self.o.build / "bench/remote", operation.what, url]
        if peer == "curl":
            urls = self.folder / "urls"
            urls.write_text("".join(f'url = "http://127.0.0.1:{port}/{path}/c/{i}/0"\noutput = "/dev/null"\n' for i in range(1024)))
            return ["curl", "-sf", "-Z", "--parallel-max", str(AT_ONCE), "--parallel-immediate", "-K", urls]
        return [sys.executable, ROOT / "bench/remote_peer.py", peer, operation.what, "s3" if kind == "s3" else "http", str(port), path]

    def once(self, network, peer, operation, kind):
        """One sample; None: the peer has failed."""
        path, environment = operation.path, os.environ | servers.ALONE
        if operation.name == "write":
            self.nwritten += 1
            path = f"new{self.nwritten}"
        if kind == "s3":
            environment |= servers.S3.environment(None, network.port)
        before, begin = len(network.asked()), time.monotonic()
        command = [str(word) for word in self.command_of(peer, operation, kind, network.port, path)]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=self.o.limit)
        except subprocess.TimeoutExpired:
            return {"s": None, "why": f"more than {self.o.limit:.0f} s"}
        asked = network.asked()[before:]
        counts = {"requests": len(asked), "connections": len({r[1] for r in asked}), "methods": collections.Counter(r[2] for r in asked)}
        if peer == "curl":
            return {"s": time.monotonic() - begin, "mib": None, "sum": None, "counts": counts}
        if done.returncode or not done.stdout.strip():
            return {"s": None, "why": (done.stderr.strip().splitlines() or ["nothing"])[-1][:200]}
        return json.loads(done.stdout) | {"counts": counts}

    def row(self, network, rtt, kind, operation, fault, reps):
        """All peers, one after the other in each round."""
        given_up, sums = set(), {}
        for rep in range(reps):
            for peer in operation.peers:
                if peer not in self.o.peers or peer in given_up or (kind == "s3" and peer in ("zarrs", "curl")):
                    continue
                sample = self.once(network, peer, operation, kind)
                if sample["s"] is None or sample["s"] > self.o.longest:
                    given_up.add(peer)
                if sample.get("sum") is not None and operation.what in ("whole", "elements", "points", "boxes", "one"):
                    sums[peer] = sample["sum"]
                self.samples.append({"rtt": rtt, "kind": kind, "operation": operation.name, "fault": fault, "peer": peer} | sample)
        if len(set(sums.values())) > 1:
            say(f"the results differ: {sums}")
        say(f"{kind} {operation.name} {fault} at {rtt} ms: " + ", ".join(
            f"{peer} {seconds}" for peer, seconds in ((p, median(self.samples, rtt, kind, operation.name, fault, p)) for p in PEERS) if seconds))

    def run(self, ports):
        for rtt in self.o.rtt:
            for kind in ("http", "s3"):
                if kind not in self.o.kinds:
                    continue
                network = servers.Wan(ports[kind], self.folder / f"wan-{kind}-{rtt}", "--rtt", str(rtt))
                for operation in OPERATIONS:
                    if kind in operation.kinds.split() and operation.name in self.o.operations:
                        self.row(network, rtt, kind, operation, "none:0", self.o.reps)
                network.stop()
        for fault in FAULTS if "faults" in self.o.kinds else ():
            network = servers.Wan(ports["http"], self.folder / f"wan-{fault}", "--rtt", "2", "--fault", fault)
            plain = OPERATIONS[0]._replace(peers=("zarrc", "tensorstore", "obstore", "fsspec"))
            self.row(network, 2, "faults", plain, fault, self.o.reps)
            network.stop()


# ----------------------------------------------------------------------------------------------------------- the report

def chosen(samples, rtt, kind, operation, fault, peer):
    return [s for s in samples if (s["rtt"], s["kind"], s["operation"], s["fault"], s["peer"]) == (rtt, kind, operation, fault, peer)]


def median(samples, *key):
    times = [s["s"] for s in chosen(samples, *key) if s["s"] is not None]
    return round(statistics.median(times), 3) if times else None


def ideal(operation, rtt):
    """Seconds: each round takes as long as its requests, 64 at once; a connection takes one more; the rest is bytes."""
    rounds = 1 + sum(-(-n // AT_ONCE) for n in operation.rounds)
    return rounds * rtt / 1000 + operation.mib / MIB_A_SECOND


def cell(samples, key):
    mine = chosen(samples, *key)
    seconds = median(samples, *key)
    if not mine:
        return "–"
    if seconds is None:
        return "failed" if "more than" not in mine[-1].get("why", "") else mine[-1]["why"].replace("more than ", "> ")
    counts = mine[-1]["counts"]
    memory = [s["mib"] for s in mine if s.get("mib") is not None]
    return f"{seconds:.2f} ({counts['requests']}, {counts['connections']}{f', {statistics.median(memory):.0f}' if memory else ''})"


def report(results):
    about, samples = results["about"], results["samples"]
    lines = [f"{about['date']}, {about['cpu']}, {about['processors']} processors; {', '.join(about['versions'])}; medians of "
             f"{about['reps']}, of what takes more than {about['longest']:.0f} s one run. Seconds (requests, connections, MiB above the result).", ""]
    for kind, title in (("http", "HTTP (nginx)"), ("s3", "S3 (seaweedfs)")):
        mine = [s for s in samples if s["kind"] == kind]
        peers = [p for p in PEERS if any(s["peer"] == p for s in mine)]
        if not mine:
            continue
        lines += [f"**{title}**", "", "| | RTT, ms | ideal | " + " | ".join(peers) + " | / ideal | / best |", "|---" * (len(peers) + 5) + "|"]
        for operation in OPERATIONS:
            for rtt in sorted({s["rtt"] for s in mine if s["operation"] == operation.name}):
                keys = {p: (rtt, kind, operation.name, "none:0", p) for p in peers}
                times = {p: median(samples, *key) for p, key in keys.items()}
                others = [t for p, t in times.items() if t and p not in ("zarrc", "curl")]
                own, best = times.get("zarrc"), min(others, default=None)
                ratios = [f"{own / ideal(operation, rtt):.2f}" if own else "", f"{own / best:.2f}" if own and best else ""]
                lines.append(f"| {operation.title} | {rtt} | {ideal(operation, rtt):.2f} | " +
                             " | ".join(cell(samples, keys[p]) for p in peers) + " | " + " | ".join(ratios) + " |")
        lines.append("")
    faulty = [s for s in samples if s["kind"] == "faults"]
    if faulty:
        peers = [p for p in PEERS if any(s["peer"] == p for s in faulty)]
        lines += ["**1,024 chunks over HTTP with faults, RTT 2 ms:** seconds, × without faults", "",
                  "| | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
        for fault in FAULTS:
            cells = []
            for peer in peers:
                seconds, without = (median(samples, 2, "faults", "plain", f, peer) for f in (fault, "none:0"))
                cells.append(f"{seconds:.2f} ({seconds / without:.1f} ×)" if seconds and without else "failed")
            lines.append(f"| {fault} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def about(o):
    from importlib.metadata import version
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    names = ("tensorstore", "zarr", "obstore", "fsspec", "s3fs", "zarrs")
    return {"date": time.strftime("%Y-%m-%d"), "cpu": cpu, "processors": len(os.sched_getaffinity(0)), "reps": o.reps, "longest": o.longest,
            "versions": [f"{name} {version(name)}" for name in names]}


def document(results, path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    pathlib.Path(path).write_text(f"{before}{BEGIN}\n\n{report(results)}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def measure(o):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-remote.", dir=o.build))
    started = []
    try:
        for name in ("nginx", "seaweedfs"):
            (folder / name).mkdir()
        nginx = servers.Nginx(folder / "nginx")
        started.append(nginx)
        make_data(nginx.root)
        ports = {"http": nginx.port["plain"]}
        if "s3" in o.kinds:
            s3 = servers.S3("seaweedfs", folder / "seaweedfs")
            started.append(s3)
            upload(nginx.root, s3.port)
            ports["s3"] = s3.port
        bench = Bench(o, folder)
        try:
            bench.run(ports)
        finally:
            results = {"about": about(o), "samples": bench.samples}
            o.out.write_text(json.dumps(results))
        return results
    finally:
        for server in started:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    o = arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that the servers end, too
    if o.document:
        document(json.loads(pathlib.Path(o.document[0]).read_text()), o.document[1])
    else:
        print(report(json.loads(pathlib.Path(o.show).read_text()) if o.show else measure(o)))


if __name__ == "__main__":
    main()
