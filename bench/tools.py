# SPDX-License-Identifier: MIT
"""The programs and Python packages that are measured. Each tool answers run(command): a dictionary with wall (seconds)
and what else it knows, one with error, or None where it cannot do that operation."""
import json
import os
import shutil
import subprocess
import sys

OURS = "zarrc"
OURS_PYTHON = "zarrc-py"  # zarrc.CodecPipeline in zarr-python
OURS_ALONE = "zarrc.open"  # without zarr-python
PYTHON_KINDS = {
    "zarr": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "zarr-fused": "zarr.core.codec_pipeline.FusedCodecPipeline",
    "zarrs-py": "zarrs.ZarrsCodecPipeline",
    "tensorstore": "tensorstore",
    OURS_PYTHON: "zarrc.CodecPipeline",
    OURS_ALONE: "zarrc.open",
}
BEFORE = {"before": OURS, "before-py": OURS_PYTHON, "before.open": OURS_ALONE}  # the same of another version of zarrc
PEERS = ("zarr", "zarr-fused", "zarrs-py", "tensorstore", "zarrs-rs", "zarrs-tools")
PYTHON_PEERS = ("zarr", "zarr-fused", "zarrs-py", "tensorstore")


class Where:
    """On which processors a tool runs, and with which library in front of its own ones."""

    def __init__(self, threads, preload=None):
        self.threads = threads
        self.processors = sorted(os.sched_getaffinity(0))[:threads]
        self.preload = preload

    def popen(self, argv, preload=False, **options):
        env = dict(os.environ)
        if preload and self.preload:
            env["LD_PRELOAD"] = self.preload
        return subprocess.Popen(argv, text=True, env=env, preexec_fn=lambda: os.sched_setaffinity(0, self.processors),
                                **options)

    def finish(self, argv, preload=False):
        """Runs a program to its end; returns its output, or None and what it complained about."""
        process = self.popen(argv, preload, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, complaint = process.communicate()
        if process.returncode != 0:
            return None, (complaint or out).strip()[-300:]
        return out, ""


class Program:
    """A program that speaks the protocol of zarrc-bench."""

    def __init__(self, name, path, where, ours=False):
        self.name, self.path, self.where, self.ours = name, path, where, ours
        self.versions = {}

    def run(self, command):
        argv = [self.path, command["op"], command["store"]]
        for key in ("src", "n", "seed", "box", "out"):
            if key in command:
                argv += [f"--{key}", str(command[key])]
        if self.ours and "memory" in command:
            argv += ["--memory", str(command["memory"])]
        out, complaint = self.where.finish(argv, preload=self.ours)
        return {"error": complaint} if out is None else json.loads(out.splitlines()[-1])

    def close(self):
        pass


class ZarrsRs(Program):
    """The library zarrs through a program of that protocol; it has no reencode."""

    def run(self, command):
        return None if command["op"] == "reencode" else super().run(command)


class Ideal:
    """The bare loop: whole arrays only."""

    name = "ideal"
    versions = {}

    def __init__(self, path, where):
        self.path, self.where = path, where

    def run(self, command):
        workload = command["workload"]
        if command["op"] not in ("read_all", "write") or not workload.ideal:
            return None
        argv = [self.path, command["op"], command["store"], "--threads", str(self.where.threads), "--src",
                workload.data.path, *workload.ideal_options()]
        out, complaint = self.where.finish(argv, preload=True)
        return {"error": complaint} if out is None else json.loads(out)

    def close(self):
        pass


class ZarrsTools:
    """zarrs_benchmark_read_sync, which tells its own time, and zarrs_reencode, whose whole time counts."""

    name = "zarrs-tools"

    def __init__(self, folder, where):
        self.folder, self.where = folder, where
        out, _ = where.finish([f"{folder}/zarrs_reencode", "--version"])
        self.versions = {"zarrs_tools": out.split()[1]} if out else {}

    def run(self, command):
        import time
        if command["op"] in ("read_all", "read_chunks"):
            flags = ["--read-all"] if command["op"] == "read_all" else []
            out, complaint = self.where.finish([f"{self.folder}/zarrs_benchmark_read_sync", *flags, command["store"]])
            if out is None:
                return {"error": complaint}
            return {"wall": float(out.rsplit(" in ", 1)[-1].split("ms")[0]) / 1e3}
        if command["op"] == "reencode":
            target = command["target"]
            shutil.rmtree(command["out"])
            argv = [f"{self.folder}/zarrs_reencode", "--chunk-shape", ",".join(map(str, target.inner or target.chunk))]
            if target.inner:
                argv += ["--shard-shape", ",".join(map(str, target.chunk))]
            argv += ["--bytes-to-bytes-codecs", json.dumps(target.codecs[1:]), command["store"], command["out"]]
            begin = time.perf_counter()
            out, complaint = self.where.finish(argv)
            return {"error": complaint} if out is None else {"wall": time.perf_counter() - begin}
        return None

    def close(self):
        pass


class PythonPeer:
    """A worker.py that keeps running."""

    def __init__(self, name, python, where, kind=None):
        self.name, self.python, self.where, self.kind = name, python, where, kind or name
        self.start()

    def start(self):
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = self.where.popen([self.python, f"{here}/worker.py", PYTHON_KINDS[self.kind]],
                                        preload=self.kind in (OURS_PYTHON, OURS_ALONE), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        hello = json.loads(self.process.stdout.readline() or '{"error": "did not start"}')
        self.missing = hello.get("error")
        self.versions = hello.get("versions", {})

    def run(self, command):
        if command["op"] == "reencode" and self.kind == OURS_ALONE:
            return None
        if command.get("fresh"):
            self.close()
            self.start()
        plain = {key: value for key, value in command.items() if key not in ("workload", "target")}
        try:
            self.process.stdin.write(json.dumps(plain) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.close()
        self.start()
        return {"error": "the worker ended"}

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()


def python_of(build):
    """The Python in which `make python` has put the package: the newest zarr's if there are two; else this one."""
    found = [f"{build}/python-{name}/bin/python" for name in ("newer", "system")]
    return next((path for path in found if os.path.exists(path)), sys.executable)


def programs(options, where):
    """Ours, and others that speak its protocol."""
    out = [Program(OURS, f"{options.build}/zarrc-bench", where, ours=True)]
    if options.zarrs_bench and os.path.exists(options.zarrs_bench):
        out.append(ZarrsRs("zarrs-rs", options.zarrs_bench, where))
    out += [Program(*each.split("=", 1), where) for each in options.tool]
    return out


def find(options, where, say):
    """The tools that are there, ours first. say(line) tells which are missing."""
    tools = programs(options, where)
    if not any(tool.name == "zarrs-rs" for tool in tools):
        say("without zarrs-rs (--zarrs-bench, or ZARRS_BENCH, names its program)")
    if os.path.exists(f"{options.build}/bench/ideal"):
        tools.append(Ideal(f"{options.build}/bench/ideal", where))
    kinds = [(name, name, options.python) for name in PYTHON_KINDS]
    if options.before:
        tools.append(Program("before", f"{options.before}/zarrc-bench", where))
        kinds += [(name, kind, python_of(options.before)) for name, kind in BEFORE.items() if kind in PYTHON_KINDS]
    for name, kind, python in kinds:
        if options.tools and name not in options.tools:
            continue
        peer = PythonPeer(name, python, where, kind)
        if peer.missing:
            say(f"without {name} ({peer.missing})")
            peer.close()
        else:
            tools.append(peer)
    reader = shutil.which("zarrs_benchmark_read_sync", path=options.zarrs_tools or None)
    if reader:
        tools.append(ZarrsTools(os.path.dirname(reader), where))
    else:
        say("without zarrs-tools (--zarrs-tools, or ZARRS_TOOLS, names their folder)")
    return [tool for tool in tools if not options.tools or tool.name in options.tools or tool.name == OURS]
