#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans synthetic graphs of 10,000, 30,000 and 100,000 operators and shows how each stage grows.

Usage: scaling_table.py STAGE_BENCHMARK SVG > Benchmarks/scaling.md

Builds nothing: STAGE_BENCHMARK is what `swift build -c release --package-path
Benchmarks/StageBenchmark` makes. Writes the plot to SVG. Needs onnx.
"""
import datetime
import math
import os
import subprocess
import sys
import tempfile

KINDS = ("residual", "transformer", "layered", "wide")
SIZES = (10_000, 30_000, 100_000)
STAGES = ("import", "order", "layout", "check")
COLOURS = {"import": "#8d5a97", "order": "#1b6ca8", "layout": "#3a7d44", "check": "#d1495b"}
# Below this a stage's time says more about the clock than about its growth.
LEAST_SECONDS = 0.02


def measured(binary, model):
    """What a run prints: processor seconds and megabytes by stage, and its outcome."""
    text = subprocess.run([binary, model], check=True, capture_output=True, text=True).stdout
    stages, facts = {}, {}
    for line in text.splitlines():
        name, *values = line.split("\t")
        if len(values) == 3:
            stages[name] = (float(values[0]), int(values[2]))
        else:
            facts[name] = values[0]
    # Passes before ordering take next to nothing.
    seconds = {name: stages.get(name, (0, 0))[0] for name in STAGES}
    return seconds, max(megabytes for _, megabytes in stages.values()), facts


def exponent(runs, stage):
    """The power of the operators with which a stage grows from the first size to the last."""
    (few, first), (many, last) = [(run["operators"], run["seconds"][stage]) for run in (runs[0], runs[-1])]
    if last < LEAST_SECONDS:
        return None
    return math.log(last / max(first, LEAST_SECONDS / 10)) / math.log(many / few)


def panel(kind, runs, left):
    """One plot: seconds of each stage over operators, both logarithmic."""
    width, height, margin, low, high = 200, 200, 40, 1e-3, 1e2
    def at(operators, seconds):
        x = left + margin + width * (math.log10(operators) - 4)
        y = margin + height * (1 - math.log10(max(seconds, low) / low) / math.log10(high / low))
        return f"{x:.1f},{y:.1f}"
    parts = [
        f'<text x="{left + margin + width / 2}" y="20" text-anchor="middle">{kind}</text>',
        f'<rect x="{left + margin}" y="{margin}" width="{width}" height="{height}" fill="none" stroke="#999"/>',
    ]
    for power in range(-3, 3):
        y = at(1e4, 10.0**power).split(",")[1]
        parts.append(f'<text x="{left + margin - 4}" y="{y}" text-anchor="end">{10.0**power:g}</text>')
    for operators in SIZES:
        x = at(operators, 1).split(",")[0]
        parts.append(f'<text x="{x}" y="{margin + height + 14}" text-anchor="middle">{operators // 1000}k</text>')
    for stage in STAGES:
        points = " ".join(at(run["operators"], run["seconds"][stage]) for run in runs)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[stage]}" stroke-width="2"/>')
    return "\n".join(parts)


def plot(table):
    legend = "\n".join(
        f'<text x="{60 + 90 * index}" y="276" fill="{COLOURS[stage]}">{stage}</text>'
        for index, stage in enumerate(STAGES))
    panels = "\n".join(panel(kind, runs, 260 * index) for index, (kind, runs) in enumerate(table.items()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{260 * len(table) + 20}" height="290" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'{panels}\n{legend}\n<text x="420" y="276">processor seconds over operators</text>\n</svg>\n')


def main():
    binary, svg = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            for size in SIZES:
                model = os.path.join(folder, "graph.onnx")
                maker = os.path.join(here, "make_synthetic.py")
                subprocess.run(
                    [sys.executable, maker, str(size), model, kind], check=True, stdout=sys.stderr)
                seconds, megabytes, facts = measured(binary, model)
                print(kind, size, seconds, file=sys.stderr)
                table.setdefault(kind, []).append(
                    {"operators": int(facts["operators"]), "seconds": seconds,
                     "megabytes": megabytes, "gap": float(facts["gap"])})
    with open(svg, "w") as file:
        file.write(plot(table))

    print(f"""# Growth

AMD EPYC, 2 cores, {datetime.date.today()}, release build, one run, one thread, standard effort.
Synthetic graphs of `Benchmarks/make_synthetic.py`: training steps of residual blocks and of
transformer blocks, layers of random operators, and random operators over a front of a fiftieth of
all. Processor seconds by stage, the most resident memory, the gap of the order to its bound.

    swift build -c release --package-path Benchmarks/StageBenchmark
    Benchmarks/scaling_table.py Benchmarks/StageBenchmark/.build/release/StageBenchmark \\
      Benchmarks/scaling.svg > Benchmarks/scaling.md

![seconds over operators](scaling.svg)

| graph | operators | {" | ".join(f"{stage}, s" for stage in STAGES)} | together, s | MB | gap |
|---|{"---:|" * 8}""")
    for kind, runs in table.items():
        for run in runs:
            seconds = run["seconds"]
            print(
                f'| {kind} | {run["operators"]:,} | '
                + " | ".join(f"{seconds[stage]:.2f}" for stage in STAGES)
                + f' | {sum(seconds.values()):.2f} | {run["megabytes"]} | {run["gap"]:.2%} |')
    print(f"""
The power of the number of operators with which each stage grows, from the first size to the last;
no figure where the last takes less than {LEAST_SECONDS} s.

| graph | {" | ".join(STAGES)} |
|---|{"---:|" * len(STAGES)}""")
    for kind, runs in table.items():
        powers = [exponent(runs, stage) for stage in STAGES]
        print(f"| {kind} | " + " | ".join("" if p is None else f"{p:.2f}" for p in powers) + " |")


if __name__ == "__main__":
    main()
