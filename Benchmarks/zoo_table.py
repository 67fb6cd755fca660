#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans every model of a zoo at every binding of its manifest, checks each plan, prints a table.

Usage: zoo_table.py GRAPHOPT ZOO > Benchmarks/zoo.md
"""
import datetime
import json
import math
import os
import resource
import subprocess
import sys
import tempfile

from time_plans import processor


def runs(zoo):
    with open(os.path.join(zoo, "MANIFEST.json")) as file:
        manifest = json.load(file)
    for model in manifest["models"]:
        # The structure-only file where there is one: the same graph, fewer bytes.
        files = sorted(model["files"], key=lambda name: not name.endswith(".strip.onnx"))
        for binding in model["bind"] or [{}]:
            yield model["name"], os.path.join(zoo, files[0]), binding


def buffers(plan):
    """The plan's storages and workspaces as a problem for the layout command: CSV lines."""
    alignment = plan["options"]["alignment"]
    storages = {}
    for tensor in plan["tensors"]:
        if tensor["space"] != "arena":
            continue
        size = -(-tensor["bytes"] // alignment) * alignment
        # Members of one storage are views of its largest or overwrite it.
        first, last, most = storages.get(
            tensor["storage"], (tensor["firstStep"], tensor["lastStep"], size))
        storages[tensor["storage"]] = (
            min(first, tensor["firstStep"]), max(last, tensor["lastStep"]), max(most, size))
    lines = ["id,lower,upper,size,alignment"]
    for storage, (first, last, size) in sorted(storages.items()):
        lines.append(f"s{storage},{first},{last + 1},{size},{alignment}")
    for step in plan["steps"]:
        if step["workspaceBytes"]:
            lines.append(
                f"w{step['index']},{step['index']},{step['index'] + 1},{step['workspaceBytes']},"
                f"{alignment}")
    return lines


def timed(command, check=False):
    """The finished process, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=check)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def layout(graphopt, plan, folder):
    """The CPU milliseconds of the layout command on a plan's buffers, the least of three runs."""
    path = os.path.join(folder, "buffers.csv")
    with open(path, "w") as file:
        file.write("\n".join(buffers(plan)) + "\n")
    command = [graphopt, "layout", path]
    return min(timed(command, check=True)[1] for _ in range(3)) * 1000


def main(graphopt, zoo):
    print("# The zoo, planned\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, release build, one run.")
    print("`Benchmarks/zoo_table.py GRAPHOPT ZOO` prints it again. Arena of the plan, and of file")
    print("order and ONNX Runtime's default order as multiples of it; the peak over the lower bound,")
    print("the arena over the peak (fragmentation); CPU seconds of the whole command; who placed it,")
    print("and CPU milliseconds of `graphopt layout` on the same buffers, the least of three, process start")
    print("and reading included.\n")
    print("| model | binding | arena, bytes | file | ORT | over bound | over peak | s | layout by "
          "| ms | order by |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---|---:|---|")
    rows, refused = [], []
    for name, path, binding in runs(zoo):
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "plan.json")
            command = [graphopt, "plan", path, "-o", output]
            command += [f"--dim={key}={value}" for key, value in binding.items()]
            done, seconds = timed(command)
            text = ", ".join(f"{key}={value}" for key, value in binding.items())
            if done.returncode:
                refused.append((name, text, done.stderr.strip().split(": ", 3)[-1]))
                continue
            subprocess.run([graphopt, "check", output], check=True, capture_output=True)
            with open(output) as file:
                plan = json.load(file)
            milliseconds = layout(graphopt, plan, folder)
        summary = plan["summary"]
        arena = summary["arenaBytes"]
        file_order, ort = (
            summary["baselines"][key]["arenaBytes"] / arena
            for key in ("fileOrder", "ortDefaultOrder"))
        order, placed = (
            next(p["outcome"] for p in plan["passes"] if p["name"] == name)
            for name in ("order", "layout"))
        rows.append((file_order, ort, summary["orderGap"], summary["fragmentation"], seconds,
                     milliseconds))
        print(
            f"| {name} | {text} | {arena:,} | {file_order:.3f} | {ort:.3f} "
            f"| {summary['orderGap']:.2%} | {summary['fragmentation']:.2%} | {seconds:.2f} "
            f"| {placed} | {milliseconds:.0f} | {order} |", flush=True)
    mean = lambda values: math.exp(sum(map(math.log, values)) / len(values))
    print(
        f"\n{len(rows)} plans, all checked: {sum(r[2] <= 0.0005 for r in rows)} within 0.05 % of "
        f"the bound, {sum(r[2] <= 0.01 for r in rows)} within 1 %; "
        f"{sum(r[3] == 0 for r in rows)} with the arena at the peak. Geometric means: file order "
        f"{mean([r[0] for r in rows]):.3f}, ORT's default {mean([r[1] for r in rows]):.3f} times "
        f"the plan. Median {sorted(r[4] for r in rows)[len(rows) // 2]:.2f} s, most "
        f"{max(r[4] for r in rows):.2f} s.")
    print(
        f"\nLayout: {sum(r[3] == 0 for r in rows) / len(rows):.1%} of the plans at the load, the "
        f"worst {max(r[3] for r in rows) + 1:.4f} times it; median "
        f"{sorted(r[5] for r in rows)[len(rows) // 2]:.1f} ms, most "
        f"{max(r[5] for r in rows):.0f} ms of CPU.")
    for name, text, reason in refused:
        print(f"\nNot planned: {name} {text}: {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
