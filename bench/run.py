# SPDX-License-Identifier: MIT
"""Measures zarrc beside the bare loop and the peers that are installed; prints one report and writes it as JSON.

    make bench                                  what CONTRIBUTING.md calls the whole run
    make bench BENCH=quick                      a quarter of the data, one round, the main pass only
    make bench BENCH="--workloads zstd,sh_zstd --ops read_all,write --reps 5 --passes tmpfs"
    python3 bench/run.py --show RESULTS.json    the report of an earlier run
    python3 bench/run.py --document RESULTS.json FILE.md    puts it between two marker lines of a document
"""
import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import time

import passes
import report
import scaling
import tools
import workloads

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
FEW = ("raw", "bloscz", "sh_zstd")
SINGLE = ("raw", "bloscz", "zstd", "tr_zstd", "gzip", "sh_raw", "sh_zstd")
LEAN = ("raw", "bloscz", "gzip", "sh_raw", "sh_zstd")
QUICK = ("raw", "bloscz", "zstd", "gzip", "sh_raw", "sh_bloscz", "sh_zstd", "v2_blosclz4", "v2_zlib", "v2_F_zstd")
WITH_ZSTD = ("zstd", "tr_zstd", "bloscz", "sh_zstd", "sh_bloscz", "cl_bloscz", "air_bloscz", "mri_zstd")


def say(line):
    print(line, file=sys.stderr, flush=True)


def names(text):
    return text.split(",")


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("size", nargs="?", choices=("quick", "whole"), default="whole")
    p.add_argument("--build", default=f"{ROOT}/build", help="where zarrc-bench and bench/ are built")
    p.add_argument("--work", help="where a folder for data and arrays is made (default: /dev/shm, else the build)")
    p.add_argument("--disk", help="the same on a disk (default: the build)")
    p.add_argument("--out", help="results (default: bench.json in the build)")
    p.add_argument("--python", default=os.environ.get("BENCH_PYTHON"),
                   help="the Python with zarrc, zarr, zarrs, tensorstore, matplotlib, or some of them (default: of "
                        "`make python`, else this one)")
    p.add_argument("--zarrs-bench", default=os.environ.get("ZARRS_BENCH"), help="a program of zarrc-bench's protocol")
    p.add_argument("--zarrs-tools", default=os.environ.get("ZARRS_TOOLS"), help="the folder of zarrs_reencode")
    p.add_argument("--tool", action="append", default=[], metavar="NAME=PROGRAM", help="another one of that protocol")
    p.add_argument("--before", metavar="BUILD", help="the build of another version of zarrc: its zarrc-bench as `before`, "
                                                     "and, where `make python` was run there, before-py and before.open")
    p.add_argument("--zstd", default=os.environ.get("BENCH_ZSTD"), metavar="LIBZSTD.SO",
                   help="a newer libzstd: one more pass with it under zarrc and the bare loop")
    p.add_argument("--nilearn", default=os.environ.get("BENCH_NILEARN"), metavar="WHEEL",
                   help="a wheel of nilearn, for the brain in it")
    p.add_argument("--tools", type=names, help="only these")
    p.add_argument("--workloads", type=names)
    p.add_argument("--ops", type=names, default=list(passes.OPS))
    p.add_argument("--passes", type=names, help="of tmpfs, single, disk, memory, zstd, codecs, kernels, open, growth")
    p.add_argument("--reps", type=int)
    p.add_argument("--minutes", type=float, default=1e6, help="begin no further round after so many")
    p.add_argument("--plots", help="a folder for the plots of growth")
    p.add_argument("--keep", action="store_true", help="leave data and arrays where they are")
    p.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="what the report is about")
    p.add_argument("--show", metavar="RESULTS.json")
    p.add_argument("--document", nargs=2, metavar=("RESULTS.json", "FILE.md"))
    o = p.parse_args(argv)
    o.quick = o.size == "quick"
    o.reps = o.reps or (1 if o.quick else 3)
    o.passes = o.passes or (["tmpfs", "memory", "codecs"] if o.quick else
                            ["tmpfs", "single", "disk", "memory", "zstd", "codecs", "kernels", "open", "growth"])
    o.work = f"{o.work or ('/dev/shm' if os.path.isdir('/dev/shm') else o.build)}/zarrc-bench"
    o.disk = f"{o.disk or o.build}/zarrc-bench-disk"
    o.python = o.python or tools.python_of(o.build)
    o.out = o.out or f"{o.build}/bench.json"
    return o


# ----------------------------------------------------------------------------------------------------- the machine

def first_line(path, name):
    with open(path, encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(name)), "unknown")


def about(o, threads, versions):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude", "*"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "cpu": first_line("/proc/cpuinfo", "model name"),
            "processors": len(os.sched_getaffinity(0)), "kernel": platform.release(), "commit": commit or "unknown",
            "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30, "size": o.size,
            "reps": o.reps, "python": platform.python_version(), "threads": threads, "versions": versions}


# ---------------------------------------------------------------------------------------------------------- passes

def plans(o, every):
    """The passes over arrays that are wanted."""
    two = min(2, len(os.sched_getaffinity(0)))

    def some(chosen):
        wanted = o.workloads or chosen
        return [w for w in every if wanted is None or w.name in wanted]

    whole = ("read_all", "write")
    out = [passes.Plan("tmpfs", f"{two} threads", o.work, two, some(QUICK if o.quick else None), passes.OPS),
           passes.Plan("single", "1 thread", o.work, 1, some(SINGLE), whole),
           passes.Plan("disk", "disk", o.disk, two, some(FEW), (*whole, "elems", "boxes"), cold=True),
           passes.Plan("memory", "memory", o.work, two, some(LEAN), ("read_all", "read_chunks", "write", "partial",
                                                                     "reencode"), fresh=True)]
    if o.zstd:
        out.append(passes.Plan("zstd", report.NEWER, o.work, two, some(WITH_ZSTD), ("write", "reencode"),
                               preload=o.zstd))
    return [each for each in out if each.name in o.passes]


def measure_arrays(o, every):
    """Samples of all passes, threads by label, and the tools' versions."""
    samples, threads, versions = [], {}, {}
    by_name, until = {w.name: w for w in every}, time.monotonic() + 60 * o.minutes
    for i, plan in enumerate(plans(o, every)):
        found = tools.find(o, tools.Where(plan.threads, plan.preload), say if i == 0 else lambda line: None)
        say(f"{plan.label}: {', '.join(w.name for w in plan.workloads)} with {', '.join(t.name for t in found)}")
        one = passes.Pass(plan, found, o.quick, say)
        reps = 1 if plan.fresh else o.reps
        samples += one.run(plan.workloads, by_name, [op for op in plan.ops if op in o.ops], reps, until)
        threads[plan.label] = plan.threads
        for tool in found:
            versions.update(tool.versions)
            tool.close()
    return samples, threads, versions


def lines_of(argv):
    say(" ".join(os.path.basename(word) for word in argv))
    out = subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in out.splitlines()]


def openings(o):
    """What opening.py found, or nothing where the Python at hand lacks a package."""
    folder = f"{o.work}/open"
    os.makedirs(folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        return lines_of([o.python, f"{here}/opening.py", folder, str(max(20, 20 * o.reps)), "2"])
    except subprocess.CalledProcessError:
        say("opening.py did not run: it needs zarrc and tensorstore")
        return []


def measure(o):
    programs = f"{o.build}/bench"
    every = workloads.make(programs, f"{o.build}/zarrc", ROOT, f"{o.work}/data", o.quick, o.nilearn)
    samples, threads, versions = measure_arrays(o, every)
    result = {"meta": about(o, threads, versions), "samples": samples, "codecs": [], "kernels": [],
              "open": [], "scaling": [],
              "workloads": {w.name: {"nbytes": w.data.nbytes, "chunk_bytes": w.chunk_bytes} for w in every}}
    if "codecs" in o.passes and os.path.exists(f"{programs}/codecs"):
        result["codecs"] = lines_of([f"{programs}/codecs", every[0].data.path, "2"])
    if "kernels" in o.passes:
        result["kernels"] = lines_of([f"{programs}/kernels"])
    if "open" in o.passes:
        result["open"] = openings(o)
    if "growth" in o.passes:
        result["scaling"] = scaling.run(tools.programs(o, tools.Where(2)), programs, f"{o.work}/growth", o.quick, say)
    return result


# ---------------------------------------------------------------------------------------------------------- report

def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def document(result_path, path, clock):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{path} has no lines {BEGIN} and {END}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{report.render(load(result_path), clock)}\n{END}{after}")


def main():
    o = arguments(sys.argv[1:])
    if o.show:
        print(report.render(load(o.show), o.clock), flush=True)
        return
    if o.document:
        document(*o.document, o.clock)
        return
    try:
        result = measure(o)
    finally:
        for folder in () if o.keep else (o.work, o.disk):
            shutil.rmtree(folder, ignore_errors=True)
    with open(o.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    if o.plots and result["scaling"]:
        scaling.plot(o.python, o.out, o.plots, say)
    print(report.render(result, o.clock))
    say(f"written: {o.out}")


main()
