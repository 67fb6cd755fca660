#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans every model of a zoo at every binding of its manifest, checks each plan, prints a table.

Usage: zoo_table.py GRAPHOPT ZOO > Benchmarks/zoo.md
"""
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile
import time

from time_plans import processor


def runs(zoo):
    with open(os.path.join(zoo, "MANIFEST.json")) as file:
        manifest = json.load(file)
    for model in manifest["models"]:
        # The structure-only file where there is one: the same graph, fewer bytes.
        files = sorted(model["files"], key=lambda name: not name.endswith(".strip.onnx"))
        for binding in model["bind"] or [{}]:
            yield model["name"], os.path.join(zoo, files[0]), binding


def main(graphopt, zoo):
    print("# The zoo, planned\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, release build, one run.")
    print("`Benchmarks/zoo_table.py GRAPHOPT ZOO` prints it again. Arena of the plan, and of file")
    print("order and ONNX Runtime's default order as multiples of it; the peak over the lower bound,")
    print("the arena over the peak; seconds of the whole command.\n")
    print("| model | binding | arena, bytes | file | ORT | over bound | over peak | s | order by |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---|")
    rows, refused = [], []
    for name, path, binding in runs(zoo):
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "plan.json")
            command = [graphopt, "plan", path, "-o", output]
            command += [f"--dim={key}={value}" for key, value in binding.items()]
            start = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True)
            seconds = time.monotonic() - start
            text = ", ".join(f"{key}={value}" for key, value in binding.items())
            if done.returncode:
                refused.append((name, text, done.stderr.strip().split(": ", 3)[-1]))
                continue
            subprocess.run([graphopt, "check", output], check=True, capture_output=True)
            with open(output) as file:
                plan = json.load(file)
        summary = plan["summary"]
        arena = summary["arenaBytes"]
        file_order, ort = (
            summary["baselines"][key]["arenaBytes"] / arena
            for key in ("fileOrder", "ortDefaultOrder"))
        order = next(p["outcome"] for p in plan["passes"] if p["name"] == "order")
        rows.append((file_order, ort, summary["orderGap"], summary["fragmentation"], seconds))
        print(
            f"| {name} | {text} | {arena:,} | {file_order:.3f} | {ort:.3f} "
            f"| {summary['orderGap']:.2%} | {summary['fragmentation']:.2%} | {seconds:.2f} "
            f"| {order} |", flush=True)
    mean = lambda values: math.exp(sum(map(math.log, values)) / len(values))
    print(
        f"\n{len(rows)} plans, all checked: {sum(r[2] <= 0.0005 for r in rows)} within 0.05 % of "
        f"the bound, {sum(r[2] <= 0.01 for r in rows)} within 1 %; "
        f"{sum(r[3] == 0 for r in rows)} with the arena at the peak. Geometric means: file order "
        f"{mean([r[0] for r in rows]):.3f}, ORT's default {mean([r[1] for r in rows]):.3f} times "
        f"the plan. Median {sorted(r[4] for r in rows)[len(rows) // 2]:.2f} s, most "
        f"{max(r[4] for r in rows):.2f} s.")
    for name, text, reason in refused:
        print(f"\nNot planned: {name} {text}: {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
