#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every inference model of a zoo in ONNX Runtime, as exported and as planned; prints a table.

Usage: runtime_table.py GRAPHOPT ZOO > Benchmarks/runtime.md

Each pair of runs gets a process of its own, so that models do not weigh on each other.
"""
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile

from time_plans import processor

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../Tests/Peers"))

# Bytes of weights that are made up for files without them; protobuf ends at 2 GB.
MOST_INVENTED = 1 << 30


def measure(original, planned, dims):
    """Peaks in bytes, as one line of JSON; what the process of its own does."""
    from measuring import FACTORY, PLANNED, measured
    from session import bindings, equal, load

    bound = bindings(dims)
    exported = load(original, MOST_INVENTED)
    factory = measured(exported, bound, **FACTORY).peak
    as_exported = measured(exported, bound, **PLANNED)
    del exported
    model = load(planned, MOST_INVENTED)
    as_planned = measured(model, bound, **PLANNED)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    print(json.dumps({
        "factory": factory,
        "exported": as_exported.peak,
        "planned": as_planned.peak,
        "predicted": int(metadata["graphopt.plan.onnxruntime_peak_bytes"]),
        "equal": equal(as_exported.results, as_planned.results),
    }))


def rows(graphopt, zoo):
    with open(os.path.join(zoo, "MANIFEST.json")) as file:
        manifest = json.load(file)
    for model in manifest["models"]:
        if model["kind"] != "infer":
            continue
        path = os.path.join(zoo, sorted(model["files"], key=lambda f: f.endswith(".strip.onnx"))[0])
        binding = (model["bind"] or [{}])[0]
        dims = [f"--dim={key}={value}" for key, value in binding.items()]
        name = model["name"] + ("*" if path.endswith(".strip.onnx") else "")
        text = ", ".join(f"{key}={value}" for key, value in binding.items())
        with tempfile.TemporaryDirectory() as folder:
            planned = os.path.join(folder, "planned.onnx")
            command = [graphopt, "plan", path, "--inplace=ort", "--io=external", "--alignment=1"]
            command += [f"--emit=onnx={planned}", "--time-limit=20s"]
            done = subprocess.run(command + dims, capture_output=True, text=True)
            if done.returncode == 0:
                done = subprocess.run(
                    [sys.executable, __file__, "--measure", path, planned]
                    + [dim.removeprefix("--dim=") for dim in dims],
                    capture_output=True, text=True)
        reason = done.stderr.strip().split("\n")[-1].replace(path, "the file").split(": ", 2)[-1]
        print(f"{model['name']}: {done.stdout.strip()[:200] or reason}", file=sys.stderr, flush=True)
        yield name, text, json.loads(done.stdout) if done.returncode == 0 else reason


def main(graphopt, zoo):
    print("# Plans in ONNX Runtime\n")
    print(f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}, release build, one run,")
    print(f"onnxruntime {__import__('onnxruntime').__version__}, CPU, one thread.")
    print("`Benchmarks/runtime_table.py GRAPHOPT ZOO` prints it again.\n")
    print("Bytes that the values between inputs and outputs take at once. *Predicted* is what")
    print("`graphopt plan --inplace ort --io external --alignment 1 --emit onnx=PATH` says;")
    print("*measured* the most that ONNX Runtime's profile has in use after any node of that file,")
    print("less what it had in use before the first one ever ran, by the recipe that the command")
    print("prints; *file* the same of the file as it was exported; *factory* of that file with the")
    print("settings that a session starts with: all optimizations, plans of its own. Both as")
    print("multiples of measured. Factory settings rewrite the graph: where they fuse nodes or fold")
    print("constants (the light_ models make their weights by nodes) they may need less than any")
    print("order of the exported nodes. Results of the planned file are equal to the bit to those of")
    print("the exported one, settings alike. A * marks models that come without weights and were")
    print("given random ones.\n")
    print("| model | binding | predicted | measured | ratio | file | factory |")
    print("|---|---|---:|---:|---:|---:|---:|")
    measured, refused = [], []
    for name, text, row in rows(graphopt, zoo):
        if isinstance(row, str) or not row["equal"]:
            refused.append((name, text, row if isinstance(row, str) else "the results differ"))
            continue
        base = max(row["planned"], 1)
        measured.append((row, row["exported"] / base, row["factory"] / base))
        print(
            f"| {name} | {text} | {row['predicted']:,} | {row['planned']:,} "
            f"| {row['planned'] / max(row['predicted'], 1):.4f} | {measured[-1][1]:.3f} "
            f"| {measured[-1][2]:.3f} |", flush=True)
    mean = lambda values: math.exp(sum(map(math.log, values)) / len(values))
    print(
        f"\n{len(measured)} models: the prediction equals the measurement to the byte on "
        f"{sum(r[0]['planned'] == r[0]['predicted'] for r in measured)}; geometric means: the file "
        f"as exported {mean([r[1] for r in measured]):.3f}, factory settings "
        f"{mean([r[2] for r in measured]):.3f} times the planned file.")
    for name, text, reason in refused:
        print(f"\nNot measured: {name} {text}: {reason}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif len(sys.argv) == 3:
        main(sys.argv[1], sys.argv[2])
    else:
        sys.exit(__doc__)
