#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans models with and without slices, in the modes safe and ort, checks the plans, prints a table.

Usage: slices_table.py GRAPHOPT ZOO > Benchmarks/slices.md

The models are those of make_concat_models.py and those of the zoo for inference that have at least
three Concat or Split nodes, at batch 1: behind a larger extent parts are no runs of bytes.
"""
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile

import onnx

import make_concat_models
from time_plans import processor
from zoo_table import runs


def planned(graphopt, path, binding, mode, folder):
    """The plan with slices, None where the model is refused."""
    output = os.path.join(folder, "plan.json")
    command = [graphopt, "plan", path, "--slices", "--inplace", mode, "-o", output]
    command += [f"--dim={key}={value}" for key, value in binding.items()]
    if subprocess.run(command, capture_output=True).returncode:
        return None
    subprocess.run([graphopt, "check", output], check=True, capture_output=True)
    with open(output) as file:
        return json.load(file)


def row(graphopt, name, path, binding, folder):
    cells = []
    for mode in ("safe", "ort"):
        plan = planned(graphopt, path, binding, mode, folder)
        if plan is None:
            return None
        entry = next(p for p in plan["passes"] if p["name"] == "slices")
        sliced, plain = map(int, re.findall(r"of (\d+) bytes instead of (\d+)", entry["outcome"])[0])
        parts = sum(t["sliceOf"] is not None for t in plan["tensors"])
        cells += [f"{plain:,}", f"{sliced:,}", f"{sliced / plain - 1:+.1%}", str(parts)]
    text = ", ".join(f"{key}={value}" for key, value in binding.items())
    return f"| {name} | {text} | " + " | ".join(cells) + " |"


def main(graphopt, zoo):
    print("# Concat and Split in place\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}.")
    print("`Benchmarks/slices_table.py GRAPHOPT ZOO` prints it again. Arena in bytes without slices")
    print("and with them, and how many tensors are parts of others in the plan: none where that")
    print("would not make the arena smaller, and the plan without slices is taken. All plans are")
    print("checked.\n")
    print("| model | binding | safe, without | with | change | parts | ort, without | with | change "
          "| parts |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name in make_concat_models.MODELS:
            path = os.path.join(folder, f"{name}.onnx")
            with open(path, "wb") as file:
                file.write(make_concat_models.model(name).SerializeToString(deterministic=True))
            print(row(graphopt, name, path, {}, folder), flush=True)
        for name, path, binding in runs(zoo):
            if "/infer/" not in path or any(value not in (1, "1") for key, value in binding.items()
                                            if "batch" in key or key.endswith("@0")):
                continue
            model = onnx.load(path, load_external_data=False)
            if sum(node.op_type in ("Concat", "Split") for node in model.graph.node) < 3:
                continue
            line = row(graphopt, name, path, binding, folder)
            if line:
                print(line, flush=True)
    print("""
What a Concat in place saves is its copy. It shows where the Concat, or what reads it, is the peak:
dense blocks of convolutions alone, U-Nets, recurrent cells. DenseNet-121 normalises the result of
every Concat. In mode safe the normalisation takes over the copy, so the features and one copy of
them are live with or without slices; with slices it is the normalisation that makes the copy. In
mode ort it cannot take over, and slices save one of the two. GoogLeNet, SqueezeNet and ShuffleNet
have their peak in the first layers. Parts bind what they are made from to one place, and the arena
can stay above the peak: the trunk of ESRGAN has a peak of 25,165,824 bytes with slices, and the
inception modules cannot use them.""")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
