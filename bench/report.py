# SPDX-License-Identifier: MIT
"""From samples to the table: the quickest of the rounds of each tool, ratios, targets, memory."""
import math

from passes import COPIES, OPS
from tools import BEFORE, OURS, OURS_ALONE, OURS_PYTHON, PEERS, PYTHON_PEERS

CALLED = {"elems", "boxes", "read_inner", "partial"}
THREE_QUARTERS = {("raw", "read_all"), ("raw_be", "read_all"), ("crc", "read_all"), ("tr_zstd", "read_all"),
                  ("gzip", "read_all"), ("sh_gzcrc", "read_all"), ("gzip", "write"), ("sh_raw", "write")}
ELEMENT = {"raw": 1, "sh_raw": 1, "blosclz4": 0.1, "bloscz": 0.1, "zstd": 0.6, "gzip": 0.6, "sh_bloscz": 0.5,
           "sh_zstd": 0.5}
GEOMETRIC_MEAN = 0.67
NEWER = "newer zstd"


def targets(label, workload, op):
    """The targets of our C library: pairs of whom it is compared with and how much of their time it may take."""
    if label == "disk":
        return [("best", 1)]
    if op in ("read_all", "write"):
        return [("ideal", 1.10), ("best", 0.75 if (workload, op) in THREE_QUARTERS else 1)]
    if op == "elems":
        return [("zarrs-rs", ELEMENT[workload])] if workload in ELEMENT else [("best", 1)]
    return [{"read_chunks": ("best", 1), "boxes": ("best", 0.6), "read_inner": ("zarrs-rs", 0.9),
             "partial": ("tensorstore", 0.5), "reencode": ("tensorstore", 0.75)}[op]]


def python_targets(label, workload, op):
    """Those of what is called from Python, among the peers that are."""
    if label == "disk":
        return [("best", 1)]
    if op in ("read_all", "write"):
        return [("best", 0.75 if (workload, op) in THREE_QUARTERS else 1)]
    return [{"read_chunks": ("tensorstore", 0.5), "elems": ("zarrs-py", 0.25), "boxes": ("best", 0.6),
             "read_inner": ("best", 0.9), "partial": ("tensorstore", 0.5), "reencode": ("tensorstore", 0.75)}[op]]


FROM = {OURS: "C", OURS_PYTHON: "Python", OURS_ALONE: OURS_ALONE}


class Row:
    """One workload and operation in one pass, for the C library, the pipeline in zarr-python, or zarrc.open."""

    def __init__(self, label, workload, op, times, tool, elsewhere):
        self.label, self.workload, self.op, self.times, self.tool = label, workload, op, times, tool
        self.elsewhere = elsewhere  # peers have a newer library here: another pass has the row with it
        self.ours = times[tool]
        self.rivals = PEERS if tool == OURS else PYTHON_PEERS
        peers = {name: times[name] for name in self.rivals if name in times}
        self.best = min(peers, key=peers.get, default=None)
        self.against_best = self.ours / peers[self.best] if self.best else None
        self.against_ideal = self.ours / times["ideal"] if tool == OURS and "ideal" in times else None
        self.wanted, self.met = self.judge(peers)

    def judge(self, peers):
        """The targets in words, and whether they are met; a target against a peer that is not there is one against
        the best that is."""
        words, met = [], None
        for against, most in (targets if self.tool == OURS else python_targets)(self.label, self.workload, self.op):
            if self.elsewhere and against != "ideal":
                words.append(f"{most:g} {against} with {NEWER}")
                continue
            base = self.times.get("ideal") if against == "ideal" else peers.get(against) or peers.get(self.best)
            if base is None:
                continue
            name = against if against in ("ideal", "best") or against in peers else "best"
            words.append(f"{most:g} {name}")
            met = met is not False and self.ours / base <= most
        return ", ".join(words), met


def is_good(sample):
    return "error" not in sample and "wall" in sample


def time_of(sample, clock):
    """Milliseconds of the whole, or microseconds of a call; None where the tool does not tell."""
    if not sample.get(clock):
        return None
    return sample[clock] / sample["calls"] * 1e6 if "calls" in sample else sample[clock] * 1e3


def keyed(samples, value, choose=min):
    """{(pass, workload, op): {tool: the value chosen of all rounds}}, in the order of the samples."""
    out = {}
    for sample in samples:
        if is_good(sample) and value(sample) is not None:
            tools = out.setdefault((sample["pass"], sample["workload"], sample["op"]), {})
            tools.setdefault(sample["tool"], []).append(value(sample))
    return {key: {tool: choose(values) for tool, values in tools.items()} for key, tools in out.items()}


def rows_of(samples, clock):
    rows, timed = [], [s for s in samples if s["pass"] != "memory"]
    newer = {(s["workload"], s["op"]) for s in timed if s["pass"] == NEWER}
    for (label, workload, op), times in keyed(timed, lambda s: time_of(s, clock)).items():
        for tool in FROM:
            if tool in times:
                rows.append(Row(label, workload, op, times, tool, label != NEWER and (workload, op) in newer))
    return rows


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def number(value, places=2):
    if value is None:
        return ""
    return f"{value:.{places}f}" if value < 10 else f"{value:.0f}"


def table(head, lines):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return out + ["| " + " | ".join(line) + " |" for line in lines]


def main_table(rows):
    """One line a row; of each tool its time, then the ratios."""
    used = {name for row in rows for name in row.times}
    names = [name for name in (*FROM, "ideal", *PEERS) if name in used]
    names += sorted(used - set(names))
    lines = []
    for row in rows:
        hidden = {*FROM, *PEERS, "ideal"} - {row.tool, *row.rivals} - ({"ideal"} if row.tool == OURS else set())
        verdict = "" if row.met is None else "met" if row.met else "**missed**"
        lines.append([row.label, row.workload, row.op + ("" if row.tool == OURS else f" ({FROM[row.tool]})"),
                      "µs" if row.op in CALLED else "ms",
                      *["" if name in hidden else number(row.times.get(name)) for name in names],
                      number(row.against_ideal), number(row.against_best), row.best or "", row.wanted, verdict])
    head = ["pass", "workload", "operation", "unit", *names, "/ ideal", "/ best", "best peer", "target", ""]
    return table(head, lines)


def beside_table(samples, clock):
    """Ours divided by the same of another version, a line a workload: each the quickest of its rounds."""
    found = {}
    timed = [s for s in samples if s["pass"] != "memory"]
    for (label, workload, op), times in keyed(timed, lambda s: time_of(s, clock)).items():
        for name, ours in BEFORE.items():
            if ours in times and name in times:
                found.setdefault((label, FROM[ours], workload), {})[op] = times[ours] / times[name]
    ops = [op for op in OPS if any(op in ratios for ratios in found.values())]
    lines = [[label, source, workload, *[number(ratios.get(op)) for op in ops]]
             for (label, source, workload), ratios in sorted(found.items(), key=lambda item: item[0][:2])]
    return table(["pass", "from", "workload", *ops], lines)


def means_table(rows):
    lines = []
    for label in dict.fromkeys(row.label for row in rows):
        for tool, name in FROM.items():
            these = [row for row in rows if row.label == label and row.tool == tool]
            peers, ideal = [[r for r in ratios if r] for ratios in ([row.against_best for row in these],
                                                                   [row.against_ideal for row in these])]
            if not peers and not ideal:
                continue
            to_peers = mean(peers)
            judged = [row.met for row in these if row.met is not None]
            verdict = "" if to_peers is None else "met" if to_peers <= GEOMETRIC_MEAN else "**missed**"
            lines.append([label, name, str(len(these)), number(mean(ideal)), number(to_peers),
                          f"{GEOMETRIC_MEAN}", verdict, f"{sum(judged)} of {len(judged)}"])
    return table(["pass", "from", "rows", "mean / ideal", "mean / best peer", "target", "", "row targets met"], lines)


# ------------------------------------------------------------------------------------------------------- memory

def above_destination(sample, workload):
    """MiB that memory rose above what the caller has to have for the elements."""
    if sample["op"] not in ("read_all", "read_chunks", "write", "partial", "reencode") or "drss_kb" not in sample:
        return None
    nbytes = {"read_all": workload["nbytes"], "read_chunks": workload["chunk_bytes"]}.get(sample["op"], 0)
    return max(0.0, (sample["drss_kb"] * 1024 - sample.get("destination", nbytes)) / 2**20)


def memory_limit(workloads, name, op, threads):
    """MiB: a chunk encoded and decoded for each thread, and 8 MiB; re-encoding: the largest shard and 64 MiB."""
    chunk_bytes = workloads[name]["chunk_bytes"]
    if op == "reencode":
        return max(chunk_bytes, workloads[COPIES[name]]["chunk_bytes"]) / 2**20 + 64
    return threads * 2 * chunk_bytes / 2**20 + 8


def memory_table(samples, workloads, threads):
    peaks = keyed([s for s in samples if s["pass"] == "memory"],
                  lambda s: above_destination(s, workloads[s["workload"]]))
    lines = []
    for (_, workload, op), tools in peaks.items():
        if OURS not in tools:
            continue
        peers = {name: tools[name] for name in PEERS if name in tools}
        leanest = min(peers, key=peers.get, default=None)
        most = memory_limit(workloads, workload, op, threads["memory"])
        good = tools[OURS] <= most and (leanest is None or tools[OURS] <= peers[leanest] + 1)
        lines.append([workload, op, number(tools[OURS], 1), number(tools.get(OURS_PYTHON), 1),
                      f"{leanest} {number(peers[leanest], 1)}" if leanest else "", f"{most:.0f}",
                      "met" if good else "**missed**"])
    return table(["workload", "operation", OURS, OURS_PYTHON, "leanest peer", "limit", ""], lines)


# ------------------------------------------------------------------------------------------------------ the rest

def codec_table(codecs):
    return table(["codec", "library", "chunk", "encode GB/s", "library", "ratio", "decode GB/s", "library", "ratio"],
                 [[c["codec"], c["library"], f"{c['chunk_bytes'] >> 10} KiB", number(c["encode_gbs"], 3),
                   number(c["library_encode_gbs"], 3), number(c["encode_ratio"]), number(c["decode_gbs"]),
                   number(c["library_decode_gbs"]), number(c["decode_ratio"])] for c in codecs])


def kernel_table(kernels):
    return table(["kernel", "GB/s", "memcpy", "ratio"],
                 [[k["kernel"], number(k["gbs"]), number(k["memcpy_gbs"]), number(k["ratio"])] for k in kernels])


def open_table(openings):
    """Microseconds to open an array from Python: medians; half of tensorstore's time is what is aimed at."""
    return table(["levels of shards", "zarrc.open", "tensorstore", "ratio", "target 0.5", "quickest of each"],
                 [[str(o["levels"]), number(o["zarrc"]), number(o["tensorstore"]), number(o["ratio"]),
                   "met" if o["ratio"] <= 0.5 else "**missed**",
                   f"{number(o['zarrc_least'])}, {number(o['tensorstore_least'])}"] for o in openings])


def scaling_table(scaling):
    return table(["what", "operation", "tool", "milliseconds", "slope", "of processor time"],
                 [[s["what"], s["op"], s["tool"], ", ".join(f"{n:,}: {number(wall)}" for n, wall, _ in s["points"]),
                   f"{s['slope']:.2f}", f"{s['cpu_slope']:.2f}"] for s in scaling])


def render(result, clock="wall"):
    """The whole report, as Markdown. clock "cpu": seconds of processors, which other work on the machine disturbs less,
    in place of those on the wall."""
    meta = result["meta"]
    rows = rows_of(result["samples"], clock)
    versions = "".join(f", {name} {version}" for name, version in sorted(meta["versions"].items()))
    out = [f"{meta['date']}, {meta['cpu']}, {meta['processors']} processors, {meta['memory_gib']} GiB, "
           f"Linux {meta['kernel']}; zarrc at {meta['commit']}{versions}; {meta['reps']} rounds, "
           f"size {meta['size']}.", ""]
    memory = memory_table(result["samples"], result["workloads"], meta["threads"])
    parts = [("Time" if clock == "wall" else "Processor time, of all threads together", main_table(rows)),
             ("Beside the version before, now / before", beside_table(result["samples"], clock)),
             ("All rows together", means_table(rows)),
             ("Memory above the destination, MiB", memory),
             ("Codecs against their libraries, one thread", codec_table(result["codecs"])),
             ("Kernels against memcpy, one thread", kernel_table(result["kernels"])),
             ("Opening an array from Python, µs", open_table(result.get("open", []))),
             ("Growth", scaling_table(result["scaling"]))]
    for title, lines in parts:
        if len(lines) > 2:
            out += [f"### {title}", "", *lines, ""]
    return "\n".join(out)
