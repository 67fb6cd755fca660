#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the gate on a zoo, breaks models of it on purpose, and prints a page.

Usage: gate_table.py GRAPHOPT ZOO > Benchmarks/gate.md

Needs onnx. Nothing is written into the zoo.
"""
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

import onnx

import zoo_manifest
from time_plans import processor

# How many models are broken.
REGRESSIONS = 12


def gated(command):
    """Exit status, output, wall seconds, CPU seconds and peak megabytes of the largest process."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = os.posix_spawn(
            command[0], command, os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                          (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(child, 0)
        output.seek(0)
        return (os.waitstatus_to_exitcode(status), output.read(), time.monotonic() - start,
                usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def manifest(zoo, folder):
    path = os.path.join(folder, "zoo.json")
    with open(path, "w") as file:
        file.write(zoo_manifest.text(zoo))
    return path


def records(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def regressed(model, record):
    """Makes the largest tensor that is not live at the peak an output, so that it is; its name.

    What somebody does who wants to look at a feature map, and forgets it there.
    """
    live = {entry["name"] for entry in record["plan"]["peakTensors"]["listed"]}
    ends = {value.name for value in [*model.graph.input, *model.graph.output]}
    shapes = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.value_info
    sizes = {}
    for value in shapes:
        dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if value.name in live or value.name in ends or not all(dims) or not dims:
            continue
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            size = 4
            for dim in dims:
                size *= dim
            sizes[value.name] = size
    made = {node.output[0] for node in model.graph.node if node.op_type in ("Conv", "MatMul", "Gemm")}
    candidates = {name: size for name, size in sizes.items() if name in made}
    if not candidates:
        return None
    name = max(candidates, key=lambda name: (candidates[name], name))
    model.graph.output.append(next(value for value in shapes if value.name == name))
    return name


def main(graphopt, zoo):
    print("# The gate\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, release build, one run.")
    print("`Benchmarks/gate_table.py GRAPHOPT ZOO` prints it again.\n")
    print("`graphopt zoo` over the whole zoo: every model at every binding, each in a process of its")
    print("own. CPU is of all processes together, memory of the largest.\n")
    print("| run | models | wall, s | CPU, s | memory, MB | exit |\n|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        path = manifest(zoo, folder)
        baseline, output = (os.path.join(folder, name) for name in ("baseline.json", "out.jsonl"))
        command = [graphopt, "zoo", zoo, "--manifest", path, "--baseline", baseline]
        command += ["--output", output]
        contents = set()
        for name, options in (
            ("first, --update-baseline", ["--jobs", "1", "--update-baseline"]),
            ("--jobs 1", ["--jobs", "1"]), ("--jobs 2", ["--jobs", "2"]),
            ("--jobs 2 --resume, nothing changed", ["--jobs", "2", "--resume"]),
        ):
            status, _, wall, cpu, memory = gated(command + options)
            found = records(output)
            with open(output, "rb") as file:
                if "--update-baseline" not in options:
                    contents.add(file.read())
            print(f"| {name} | {len(found)} | {wall:.1f} | {cpu:.1f} | {memory:.0f} | {status} |",
                  flush=True)
        planned = [record for record in found if record["plan"]]
        print(f"\n{len(planned)} planned; the records of the last three runs are "
              f"{'the same bytes' if len(contents) == 1 else 'NOT the same bytes'}; the baseline "
              f"has {os.path.getsize(baseline):,} bytes.")
        for record in found:
            if record["failure"]:
                print(f"\nNot planned: {record['run']['name']}: {record['failure']['sentence']}")
        print("\n## Broken on purpose\n")
        print("In each of these models the largest result of a convolution or product that is not live")
        print("at the peak was made an output, as somebody does who wants to look at it. *Named* is the")
        print("tensor that the gate says has grown.\n")
        print("| model | grown, bytes | made an output | named | right |\n|---|---:|---|---|---|")
        right = wrong = 0
        for record in planned:
            if right + wrong == REGRESSIONS or not record["run"]["model"].startswith("infer/"):
                continue
            if record["plan"]["nodes"] > 1500:
                continue
            model = onnx.load(os.path.join(zoo, record["run"]["model"]), load_external_data=False)
            name = regressed(model, record)
            if name is None:
                continue
            copy = os.path.join(folder, "zoo")
            os.makedirs(copy, exist_ok=True)
            onnx.save(model, os.path.join(copy, "model.onnx"))
            with open(os.path.join(copy, "graphopt-zoo.json"), "w") as file:
                json.dump({"format": "graphopt-zoo", "version": 1, "models": [{
                    "model": "model.onnx", "name": record["run"]["name"],
                    "dims": record["run"]["dims"]}]}, file)
            status, text, *_ = gated(
                [graphopt, "zoo", copy, "--baseline", baseline, "--format", "json"])
            changed = json.loads(text)
            growth = next(iter(changed["growth"]), None)
            if growth is None and status == 0:
                continue  # it is not more: another order makes room
            named = growth["culprit"]["name"] if growth and growth["culprit"] else ""
            right, wrong = right + (named == name), wrong + (named != name)
            more = growth["after"] - growth["before"] if growth else 0
            print(f"| {record['run']['name']} | {more:,} | {name} | {named} "
                  f"| {'yes' if named == name else 'no'} |", flush=True)
        print(f"\n{right} of {right + wrong} named right.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
