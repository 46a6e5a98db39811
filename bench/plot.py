# SPDX-License-Identifier: MIT
"""plot.py RESULTS.json FOLDER: draws the growth that bench/run.py measured, time over count, both logarithmic."""
import json
import sys

try:
    import matplotlib
except ImportError:
    sys.exit("no plots without matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

NAMES = {"inner chunks per shard": "growth-shard.png", "chunks per array": "growth-array.png"}
LABELS = {"write": "write", "read_all": "read whole", "read_chunks": "read chunk by chunk",
          "read_inner": "read 1,000 inner chunks at random"}


def draw(what, lines, path):
    figure, axes = pyplot.subplots(figsize=(7, 5), dpi=120)
    for line in lines:
        ours = line["tool"] == "zarrc"
        xs, ys, _ = zip(*line["points"])
        label = f"{line['tool']}: {LABELS[line['op']]}, slope {line['slope']:.2f}, of processor time {line['cpu_slope']:.2f}"
        axes.loglog(xs, ys, "o-" if ours else "x--", linewidth=2 if ours else 0.8, label=label)
    axes.set_xlabel(what)
    axes.set_ylabel("milliseconds")
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        scaling = json.load(file)["scaling"]
    for what in dict.fromkeys(line["what"] for line in scaling):
        draw(what, [line for line in scaling if line["what"] == what], f"{sys.argv[2]}/{NAMES[what]}")
    print("plots:", ", ".join(f"{sys.argv[2]}/{name}" for name in NAMES.values()))


main()
