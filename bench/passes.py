# SPDX-License-Identifier: MIT
"""The measuring: every tool does the same thing, one after the other, and again, so that all see the same machine."""
import mmap
import os
import shutil
import time
from dataclasses import dataclass

WHOLE = ("read_all", "write", "reencode")
OPS = ("read_all", "read_chunks", "read_inner", "elems", "boxes", "write", "partial", "reencode")
CALLS = {"elems": 100, "boxes": 40, "read_inner": 200, "partial": 4}
QUICK_CALLS = {"elems": 40, "boxes": 10, "read_inner": 40, "partial": 2}
BOX, PARTIAL_BOX = 40, 20
COPY_MEMORY = 32 << 20  # what zarrc may plan with
COPIES = {"bloscz": "sh_zstd", "sh_zstd": "bloscz"}  # re-encoding: from one workload to the layout of another


def warm_pages(nbytes):
    """Has the kernel hold so many free pages that a host, if there is one, has already given: else the first use of
    memory costs now much and now little, whichever tool comes to it."""
    if hasattr(mmap, "MAP_POPULATE"):
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
        mmap.mmap(-1, nbytes, flags=flags).close()


def files_below(path):
    for folder, _, names in os.walk(path):
        for name in names:
            yield os.path.join(folder, name)


def forget_files(path):
    """Takes files out of the page cache."""
    os.sync()
    for name in files_below(path):
        fd = os.open(name, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


@dataclass(frozen=True)
class Plan:
    """What a pass measures, and where. cold: files are taken out of the page cache first. fresh: Python peers start
    anew for each command, so that memory they kept does not hide what they need. preload: a library for ours and the
    bare loop."""
    name: str
    label: str
    folder: str
    threads: int
    workloads: list
    ops: tuple
    cold: bool = False
    fresh: bool = False
    preload: str = None


class Pass:
    """One series of measurements with the same tools."""

    def __init__(self, plan, tools, quick, say):
        self.label, self.folder, self.threads = plan.label, plan.folder, plan.threads
        self.cold, self.fresh = plan.cold, plan.fresh
        self.tools, self.say = tools, say
        self.calls = QUICK_CALLS if quick else CALLS
        self.samples, self.sums = [], {}
        os.makedirs(plan.folder, exist_ok=True)

    def store_of(self, workload):
        """The array that is read: made once, by zarrc-bench, and looked at by the bare loop."""
        store = f"{self.folder}/{workload.name}.zarr"
        if workload.name not in self.sums:
            if not workload.is_at(store):
                shutil.rmtree(store, ignore_errors=True)
                shutil.rmtree(f"{store}.part", ignore_errors=True)
                workload.create(f"{store}.part")
                self.must({"op": "write", "store": f"{store}.part", "src": workload.data.path, "workload": workload}, 0)
                os.rename(f"{store}.part", store)
            command = {"op": "read_all", "store": store, "workload": workload}
            sums = {self.must(command, i)["sum"] for i, tool in enumerate(self.tools) if i == 0 or tool.name == "ideal"}
            if len(sums) != 1:
                raise RuntimeError(f"{workload.name}: what was written is not what is read")
            self.sums[workload.name] = sums.pop()
        return store

    def must(self, command, tool):
        result = self.tools[tool].run(command)
        if result is None or "error" in result:
            raise RuntimeError(f"{command['store']}: {(result or {}).get('error', 'not done')}")
        return result

    def applies(self, op, workload):
        smallest = min(workload.data.shape)
        return not (op in ("read_inner", "partial") and not workload.inner or op == "boxes" and smallest < BOX
                    or op == "partial" and smallest < PARTIAL_BOX or op == "reencode" and workload.name not in COPIES)

    def command(self, op, workload, rep):
        return {"op": op, "store": self.store_of(workload), "src": workload.data.path, "seed": 7 + rep,
                "fresh": self.fresh, "n": self.calls.get(op, 1), "box": PARTIAL_BOX if op == "partial" else BOX,
                "workload": workload, "shape": list(workload.data.shape), "chunk": list(workload.chunk),
                "inner": list(workload.inner or workload.chunk)}

    def prepare(self, command, by_name, tool):
        """Gives a command the arrays that it writes to. Returns what is to be checked afterwards, and against what."""
        op, workload, scratch = command["op"], command["workload"], f"{self.folder}/out-{tool.name}.zarr"
        shutil.rmtree(scratch, ignore_errors=True)
        if op == "write":
            workload.create(scratch)
            command["store"] = scratch
        elif op == "partial":
            shutil.copytree(command["store"], scratch)
            command["store"] = scratch
        elif op == "reencode":
            target = by_name[COPIES[workload.name]]
            target.create(scratch)
            step = [max(a, b) for a, b in zip(workload.chunk, target.chunk)]
            command.update(out=scratch, target=target, memory=COPY_MEMORY, step=step)
        return scratch if op in ("write", "partial", "reencode") else None

    def measure(self, tool, command, by_name, rep):
        op, workload = command["op"], command["workload"]
        scratch = self.prepare(command, by_name, tool)
        if self.cold:
            forget_files(command["store"])
        if op in WHOLE:
            warm_pages(4 * workload.data.nbytes)
        result = tool.run(command)
        if result is None:
            return
        if scratch and "error" not in result:
            result["file_bytes"] = sum(os.path.getsize(name) for name in files_below(scratch))
            if rep == 0:
                there = self.must({"op": "read_all", "store": scratch, "workload": workload}, 0)["sum"]
                if there != self.sums[workload.name]:
                    result["error"] = "what it wrote is not right"
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
        self.note(tool, command, result, rep)

    def note(self, tool, command, result, rep):
        op, name = command["op"], command["workload"].name
        if "error" not in result and op in ("read_all", "elems", "boxes") and "sum" in result:
            first = self.sums.setdefault((name, op, rep), self.sums[name] if op == "read_all" else result["sum"])
            if result["sum"] != first:
                result["error"] = f"read other elements ({result['sum']}, not {first})"
        if "error" in result:
            self.say(f"{name} {op} {tool.name}: {result['error']}")
        sample = {"pass": self.label, "threads": self.threads, "workload": name, "op": op, "tool": tool.name,
                  "rep": rep}
        sample.update({key: value for key, value in result.items() if key not in ("op", "threads")})
        if op in self.calls:
            sample["calls"] = self.calls[op]
        self.samples.append(sample)

    def one_round(self, workload, by_name, ops, rep):
        try:
            self.store_of(workload)
        except RuntimeError as error:
            self.say(f"{workload.name} is left out: {error}")
            return
        at = rep % len(self.tools)
        for op in ops:
            if self.applies(op, workload):
                for tool in self.tools[at:] + self.tools[:at]:
                    self.measure(tool, self.command(op, workload, rep), by_name, rep)

    def run(self, workloads, by_name, ops, reps, until):
        """reps rounds over all workloads; none is begun after `until`. In each round another tool is first."""
        for rep in range(reps):
            begin = time.monotonic()
            if rep > 0 and begin > until:
                self.say(f"{self.label}: time is up after {rep} of {reps} rounds")
                break
            for workload in workloads:
                self.one_round(workload, by_name, ops, rep)
            self.say(f"{self.label}: round {rep + 1} of {reps}, {time.monotonic() - begin:.0f} s")
        return self.samples
