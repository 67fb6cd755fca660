#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Orders every model of a zoo, and of the families that the zoo lacks, and judges the bars.

Usage: ordering_table.py GRAPHOPT ZOO [CAPTURED] > Benchmarks/ordering.md

CAPTURED is a folder that capture_training.py has written; without it the section on ROAM's
published figures is left out. Of every training step with Adam in place two variants are made, see
training_variants.py, and networks of cells by make_cells.py. Needs onnx.
"""
import dataclasses
import datetime
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from math import prod

import make_cells
import onnx
import training_variants
from time_plans import processor
from zoo_table import runs

INDUCTOR = ("lpmf", "breadth-first", "depth-first")

# What the artifact of ROAM (arXiv 2310.19295) lists for one stream, MiB with the parameters: the
# order of PyTorch, LESCEA's order, and ROAM.
PUBLISHED = {
    "alexnet-b1": (744.81, 665.08, 665.08),
    "alexnet-b32": (744.81, 665.08, 665.08),
    "vgg11-b1": (1762.6, 1682.83, 1682.83),
    "vgg11-b32": (2509.37, 2242.22, 2044.71),
    "mnasnet0_5-b1": (38.31, 40.37, 34.37),
    "mnasnet0_5-b32": (795.6, 802.1, 790.91),
    "efficientnet_b0-b1": (114.54, 137.13, 108.47),
}


@dataclasses.dataclass
class Row:
    """One model at one binding: the best order's figures, and every other order's peak."""

    name: str
    binding: str
    family: str
    operators: int
    peak: int
    bound: int
    gap: float
    proven: bool
    winner: str
    seconds: float
    peaks: dict
    roam_seconds: float | None = None

    @property
    def inductor(self):
        return min(self.peaks[name] for name in INDUCTOR)

    @property
    def verdict(self):
        return "yes" if self.proven else "≤ 0.05 %" if self.gap <= 0.0005 else "no"

    def ratio(self, peak):
        """How many times the best order's peak a peak is."""
        return 1 if peak == self.peak else peak / max(self.peak, 1)


class Orderer:
    """Runs `graphopt order`."""

    def __init__(self, graphopt):
        self.graphopt = graphopt
        text = subprocess.run([graphopt, "order", "--help"], capture_output=True, text=True).stdout
        self.has_roam = re.search(r"\broam\b", text) is not None
        self.refused = []

    def run(self, path, options):
        """The report on a model, or why it was refused, and the processor seconds it took."""
        with tempfile.TemporaryDirectory() as folder:
            output, errors = os.path.join(folder, "order.json"), os.path.join(folder, "errors")
            arguments = [self.graphopt, "order", path, "-o", output, *options]
            writing = os.O_WRONLY | os.O_CREAT
            child = os.posix_spawn(
                self.graphopt, arguments, os.environ, file_actions=[
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, errors, writing, 0o600),
                ])  # fmt: skip
            _, status, usage = os.wait4(child, 0)
            if os.waitstatus_to_exitcode(status):
                with open(errors) as file:
                    return file.read().strip().split(": ", 3)[-1], usage.ru_utime
            with open(output) as file:
                return json.load(file), usage.ru_utime

    def row(self, name, path, family, binding={}, options=()):
        text = ", ".join(f"{key}={value}" for key, value in binding.items())
        options = [*options, *(f"--dim={key}={value}" for key, value in binding.items())]
        report, seconds = self.run(path, options)
        if isinstance(report, str):
            self.refused.append(f"{name} {text}: {report}")
            return None
        peaks = {entry["name"]: entry["peakBytes"] for entry in report["candidates"]}
        slow = None
        if self.has_roam:
            # On its own, so that it neither helps the search nor counts in its time.
            own, _ = self.run(
                path, [*options, "--order", "roam", "--effort", "candidates", "--timings"])
            if not isinstance(own, str):
                peaks["roam"] = own["chosen"]["peakBytes"]
                slow = next(c["seconds"] for c in own["candidates"] if c["name"] == "roam")
        best = report["best"]
        return Row(
            name, text, family, report["model"]["nodes"], best["peakBytes"],
            report["bound"]["bytes"], best["gap"], best["provenOptimal"], best["name"], seconds,
            peaks, slow)


def graphs(zoo, captured, work):
    """Every graph: name, path, family, binding."""
    adam = {}
    for name, path, binding in runs(zoo):
        is_training = f"{os.sep}train{os.sep}" in path
        yield name, path, "training" if is_training else "inference", binding
        if is_training and name.endswith("-adam"):
            adam[name] = path
    for name, path in captures(captured):
        # What the zoo has as well counts once.
        if name not in adam:
            adam[name] = path
            yield name, path, "captured", {}
    for variant in training_variants.VARIANTS:
        for name, path in adam.items():
            target = os.path.join(work, f"{name}-{variant}.onnx")
            training_variants.main(variant, path, target)
            yield f"{name}-{variant}", target, variant, {}
    folder = os.path.join(work, "cells")
    make_cells.main(folder)
    for file in sorted(os.listdir(folder)):
        yield file.removesuffix(".onnx"), os.path.join(folder, file), "cells", {}


def captures(folder):
    """The training steps of a folder, by name."""
    files = sorted(os.listdir(folder)) if folder else []
    return [
        (file.removesuffix(".onnx"), os.path.join(folder, file)) for file in files
        if file.endswith("-adam.onnx")
    ]


def mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def table(title, rows, has_roam):
    if not rows:
        return
    print(f"\n## {title}\n")
    roam = " roam | roam, s |" if has_roam else ""
    print(
        "| model | operators | best, bytes | file | LESCEA | LPMF | inductor | ORT | XLA |"
        f"{roam} gap | proven | s | found by |")
    print(f"|---|---:|---:|---:|---:|---:|---:|---:|---:|{'---:|' * 2 * has_roam}---:|---|---:|---|")
    others = ["file", "lescea", "lpmf", None, "ort-default", "xla-list"]
    others += ["roam"] if has_roam else []
    def peak(row, order):
        return row.inductor if order is None else row.peaks.get(order)

    for row in rows:
        cells = [
            "–" if peak(row, order) is None else f"{row.ratio(peak(row, order)):.3f}"
            for order in others
        ]
        if has_roam:
            slow = row.roam_seconds
            cells.append("–" if slow is None else f"{slow:.2f}")
        binding = f" {row.binding}" if row.binding else ""
        print(
            f"| {row.name}{binding} | {row.operators:,} | {row.peak:,} | {' | '.join(cells)} "
            f"| {row.gap:.2%} | {row.verdict} | {row.seconds:.2f} | {row.winner} |")
    means = [
        mean(row.ratio(peak(row, order)) for row in rows if peak(row, order)) for order in others
    ]
    print(
        f"| **geometric mean** | | | {' | '.join(f'**{value:.3f}**' for value in means)} |"
        f"{' |' * has_roam} | {sum(row.proven for row in rows)} of {len(rows)} | | |")


def share(rows, holds):
    return sum(map(holds, rows)) / max(len(rows), 1)


def bars(default, without):
    """Every bar with what is measured, in the two modes."""
    def family(rows, *names):
        return [row for row in rows if row.family in names]

    def cells(rows):
        named = re.compile("darts|randwire|nasnet")
        return [row for row in rows if named.search(row.name)
                and row.family in ("cells", "inference", "training")]

    def adam(rows):
        return [row for row in family(rows, "training", "captured") if row.name.endswith("-adam")]

    def against(rows, peak):
        return mean(1 / row.ratio(peak(row)) for row in rows if row.peak)

    def steps(rows):
        return [row for row in rows if row.name.startswith("gpt2_xl-train")
                and row.family == "training"]

    yield (
        "orders that some other order beats", "0", lambda rows: sum(
            row.peak > min(row.peaks.values()) for row in rows), 0, "{:.0f}")
    yield (
        "within 1 % of the bound", "≥ 95 %",
        lambda rows: -share(rows, lambda row: row.gap <= 0.01), -0.95, "{:.1%}")
    yield (
        "within 5 % of the bound", "≥ 98 %",
        lambda rows: -share(rows, lambda row: row.gap <= 0.05), -0.98, "{:.1%}")
    yield (
        "within 0.05 % of the bound", "≥ 90 %",
        lambda rows: -share(rows, lambda row: row.gap <= 0.0005), -0.90, "{:.1%}")
    yield (
        "Adam in place, against file order", "≤ 0.85",
        lambda rows: against(adam(rows), lambda row: row.peaks["file"]), 0.85, "{:.3f}")
    yield (
        "Adam kept, against LESCEA", "≤ 0.90",
        lambda rows: against(family(rows, "kept"), lambda row: row.peaks["lescea"]), 0.90,
        "{:.3f}")
    yield (
        "first step as ROAM has it, against LESCEA", "≤ 0.80",
        lambda rows: against(family(rows, "first-step"), lambda row: row.peaks["lescea"]), 0.80,
        "{:.3f}")
    yield (
        "Adam kept, against inductor's best", "≤ 0.98",
        lambda rows: against(family(rows, "kept"), lambda row: row.inductor), 0.98, "{:.3f}")
    yield (
        "first step as ROAM has it, against inductor's best", "≤ 0.92",
        lambda rows: against(family(rows, "first-step"), lambda row: row.inductor), 0.92,
        "{:.3f}")
    yield (
        "cells, against inductor's best", "≤ 0.91",
        lambda rows: against(cells(rows), lambda row: row.inductor), 0.91, "{:.3f}")
    yield (
        "cells, against LESCEA", "≤ 0.91",
        lambda rows: against(cells(rows), lambda row: row.peaks["lescea"]), 0.91, "{:.3f}")
    yield (
        "GPT2-XL's step, proven, seconds", "≤ 2",
        lambda rows: max((row.seconds if row.gap <= 0.0005 else math.inf for row in steps(rows)),
                         default=math.nan), 2, "{:.2f}")


def judge(rows):
    print("\n## Bars\n")
    print("Ratios are geometric means of our peak over the other's. `safe` and `none` are the")
    print("modes of `--inplace`; the bars were set on a model without takeovers, which is `none`.\n")
    print("| what | bar | safe | | none | |")
    print("|---|---|---:|---|---:|---|")
    for what, bar, measure, limit, form in bars(rows["safe"], rows["none"]):
        cells = []
        for mode in ("safe", "none"):
            value = measure(rows[mode])
            if math.isnan(value):
                verdict = "not measured"
            elif value <= limit:
                verdict = "met"
            else:
                verdict = f"missed by {form.format(abs(value - limit))}"
            cells += [form.format(abs(value)), verdict]
        print(f"| {what} | {bar} | {' | '.join(cells)} |")
    kept, first = (
        mean(1 / row.ratio(min(row.inductor, row.peaks["file"])) for row in rows["none"]
             if row.family == family) for family in ("kept", "first-step"))
    print(
        f"\ninductor also keeps the order it is given when that is better than its own; then "
        f"{kept:.3f} (kept) and {first:.3f} (first step) in `none`.")


def parameter_bytes(path):
    model = onnx.load(path)
    roles = json.loads(training_variants.metadata(model)["graphopt.roles"])
    return sum(
        width(info) * prod(dim.dim_value for dim in info.type.tensor_type.shape.dim)
        for info in model.graph.input if roles[info.name] == "param")


def width(info):
    return onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type).itemsize


def published(orderer, captured, work):
    paths = dict(captures(captured))
    print("\n## ROAM's published figures\n")
    print("Its accounting: the moments are made inside the first step and dropped, gradients get")
    print("weight decay, parameters are constant and added, batch statistics are not counted, no")
    print("operator but PyTorch's own in-place ones writes over its operand. The loss is a sum.")
    print("MiB, sizes not rounded (`--alignment 1 --inplace none` on the first-step variants of")
    print("what `Benchmarks/capture_training.py` writes); published | here.\n")
    print("| graph | PyTorch's order | LESCEA | ROAM, best here | our bound | proven | |"
          f"{' our roam |' * orderer.has_roam}")
    print(f"|---|---:|---:|---:|---:|---|---|{'---:|' * orderer.has_roam}")
    for name, figures in PUBLISHED.items():
        network, _, batch = name.rpartition("-b")
        source = paths.get(f"{network}-train-b{batch}-adam")
        if source is None:
            print(f"| {name} | not captured | | | | | |")
            continue
        path = os.path.join(work, f"published-{name}.onnx")
        training_variants.main("first-step", source, path)
        row = orderer.row(name, path, "published", options=["--alignment=1", "--inplace=none"])
        if row is None:
            continue
        constant = parameter_bytes(path)
        ours = [
            (peak + constant) / 2**20
            for peak in (row.peaks["file"], row.peaks["lescea"], row.peak, row.bound)
        ]
        cells = [f"{theirs:,.2f} \\| {our:,.2f}" for theirs, our in zip(figures, ours)]
        own = ""
        if orderer.has_roam:
            peak = row.peaks.get("roam")
            own = " – |" if peak is None else f" {(peak + constant) / 2**20:,.2f} |"
        # Published with two digits.
        verdict = (
            "the same" if f"{ours[2]:.2f}" == f"{figures[2]:.2f}"
            else f"{ours[2] / figures[2] - 1:+.2%}")
        print(
            f"| {name} | {' | '.join(cells)} | {ours[3]:,.2f} "
            f"| {'yes' if row.proven else f'gap {row.gap:.2%}'} | {verdict} |{own}", flush=True)


TITLES = {
    "inference": "Inference", "training": "Training, as the zoo has it",
    "captured": "Training with Adam in place, captured here",
    "kept": "Training with Adam, every old value kept (SSA)",
    "first-step": "Training, the first step as ROAM has it",
    "cells": "Searched and randomly wired cells, made here",
}  # fmt: skip


def main(graphopt, zoo, captured=None):
    orderer = Orderer(os.path.abspath(graphopt))
    rows = {"safe": [], "none": []}
    with tempfile.TemporaryDirectory() as work:
        for name, path, family, binding in graphs(zoo, captured, work):
            for mode in rows:
                row = orderer.row(name, path, family, binding, [f"--inplace={mode}"])
                if row is not None:
                    rows[mode].append(row)
                    print(f"{name} {mode}: {row.gap:.2%}, {row.seconds:.2f} s", file=sys.stderr)
        print("# Orders\n")
        print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, release build, one")
        print("run, one thread. `Benchmarks/ordering_table.py GRAPHOPT ZOO CAPTURED` prints it")
        print("again. Peak of the best order found in bytes; those of other orders as multiples of")
        print("it; `inductor` is the best of LPMF, breadth first and depth first; gap of the best to")
        print("the lower bound, proven if both are equal; processor seconds of the whole command.")
        print("Tables are with the default options. A step that the zoo and CAPTURED both have counts")
        print("once, as the zoo has it.")
        for family, title in TITLES.items():
            table(title, [row for row in rows["safe"] if row.family == family], orderer.has_roam)
        judge(rows)
        if captured:
            published(orderer, captured, work)
    for line in dict.fromkeys(orderer.refused):
        print(f"\nNot ordered: {line}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
