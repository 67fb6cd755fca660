#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every inference model of a zoo in ONNX Runtime, as exported and as planned; prints a table.

Usage: runtime_table.py GRAPHOPT ZOO > Benchmarks/runtime.md

Each run gets a process of its own, so that models do not weigh on each other.
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


def optimize(original, optimized, dims):
    """Writes what onnxruntime makes of a model before it runs it; what a process of its own does.

    Without the blocked layouts of one processor's convolutions, which files should not depend on.
    """
    import onnxruntime as ort
    from session import bindings, load

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = optimized
    options.log_severity_level = 4
    for name, size in bindings(dims).items():
        if ":" not in name:
            options.add_free_dimension_override_by_name(name, size)
    model = load(original, MOST_INVENTED).SerializeToString()
    ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


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


def apart(action, *arguments):
    """Runs one of the functions above in a process of its own."""
    return subprocess.run(
        [sys.executable, __file__, action, *arguments], capture_output=True, text=True)


def plan(graphopt, path, planned, dims):
    command = [graphopt, "plan", path, "--inplace=ort", "--io=external", "--alignment=1"]
    command += [f"--emit=onnx={planned}", "--time-limit=20s"]
    return subprocess.run(
        command + [f"--dim={dim}" for dim in dims], capture_output=True, text=True)


def planned_after_optimizing(graphopt, path, folder, dims):
    """The peak of the planned file of what onnxruntime makes of a model, or why there is none."""
    optimized = os.path.join(folder, "optimized.onnx")
    planned = os.path.join(folder, "planned-optimized.onnx")
    done = apart("--optimize", path, optimized, *dims)
    # Its named dimensions have their sizes now.
    rest = [dim for dim in dims if ":" in dim.rpartition("=")[0]]
    if done.returncode == 0:
        done = plan(graphopt, optimized, planned, rest)
    if done.returncode == 0:
        done = apart("--measure", optimized, planned, *dims)
    if done.returncode:
        return done.stderr.strip().split("\n")[-1].replace(optimized, "the file").split(": ", 2)[-1]
    row = json.loads(done.stdout)
    return row if row["equal"] else "the results differ"


def rows(graphopt, zoo):
    with open(os.path.join(zoo, "MANIFEST.json")) as file:
        manifest = json.load(file)
    for model in manifest["models"]:
        if model["kind"] != "infer":
            continue
        path = os.path.join(zoo, sorted(model["files"], key=lambda f: f.endswith(".strip.onnx"))[0])
        binding = (model["bind"] or [{}])[0]
        dims = [f"{key}={value}" for key, value in binding.items()]
        name = model["name"] + ("*" if path.endswith(".strip.onnx") else "")
        text = ", ".join(dims)
        with tempfile.TemporaryDirectory() as folder:
            planned = os.path.join(folder, "planned.onnx")
            done = plan(graphopt, path, planned, dims)
            if done.returncode == 0:
                done = apart("--measure", path, planned, *dims)
            if done.returncode == 0:
                optimized = planned_after_optimizing(graphopt, path, folder, dims)
        reason = done.stderr.strip().split("\n")[-1].replace(path, "the file").split(": ", 2)[-1]
        print(f"{model['name']}: {done.stdout.strip()[:200] or reason}", file=sys.stderr, flush=True)
        if done.returncode:
            yield name, text, reason
        else:
            yield name, text, {**json.loads(done.stdout), "optimized": optimized}


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
    print("settings that a session starts with: all optimizations, plans of its own; *optimized* what")
    print("the recipe for keeping ONNX Runtime's own optimizations comes to: of the planned file of what")
    print("it makes of the model (saved at ORT_ENABLE_EXTENDED). File and factory as multiples of")
    print("measured, the last column as multiples of optimized. Factory settings rewrite the graph:")
    print("where they fuse nodes or fold constants (the light_ models make their weights by nodes) they")
    print("may need less than any order of the exported nodes, and the optimized file is what to")
    print("compare with. Results of each planned file are equal to the bit to those of the file that was")
    print("planned, settings alike. A * marks models that come without weights and were given random")
    print("ones.\n")
    print("`RuntimeProofTests` demands this of every zoo model that comes with its weights, at every")
    print("binding: order as planned, prediction and measurement equal (the constant is 0 bytes), results")
    print("equal to the bit; and executes each node by node in one poisoned arena with guards at the")
    print("planned offsets, in place as --inplace safe and ort have it. Plans broken on purpose are")
    print("caught.\n")
    print("| model | binding | predicted | measured | ratio | file | factory | optimized | factory over optimized |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    measured, refused, after = [], [], []
    for name, text, row in rows(graphopt, zoo):
        if isinstance(row, str) or not row["equal"]:
            refused.append((name, text, row if isinstance(row, str) else "the results differ"))
            continue
        base = max(row["planned"], 1)
        measured.append((row, row["exported"] / base, row["factory"] / base))
        best, ratio = "", ""
        if isinstance(row["optimized"], str):
            refused.append((f"{name}, optimized,", text, row["optimized"]))
        else:
            found = row["optimized"]
            after.append((found, row["factory"] / max(found["planned"], 1)))
            best, ratio = f"{found['planned']:,}", f"{after[-1][1]:.3f}"
        print(
            f"| {name} | {text} | {row['predicted']:,} | {row['planned']:,} "
            f"| {row['planned'] / max(row['predicted'], 1):.4f} | {measured[-1][1]:.3f} "
            f"| {measured[-1][2]:.3f} | {best} | {ratio} |", flush=True)
    mean = lambda values: math.exp(sum(map(math.log, values)) / len(values))
    print(
        f"\n{len(measured)} models: the prediction equals the measurement to the byte on "
        f"{sum(r[0]['planned'] == r[0]['predicted'] for r in measured)}; geometric means: the file "
        f"as exported {mean([r[1] for r in measured]):.3f}, factory settings "
        f"{mean([r[2] for r in measured]):.3f} times the planned file.")
    print(
        f"\n{len(after)} optimized files: the prediction equals the measurement to the byte on "
        f"{sum(r[0]['planned'] == r[0]['predicted'] for r in after)}; geometric mean: factory "
        f"settings {mean([r[1] for r in after]):.3f} times the planned one.")
    for name, text, reason in refused:
        print(f"\nNot measured: {name} {text}: {reason}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1:2] == ["--optimize"]:
        optimize(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif len(sys.argv) == 3:
        main(sys.argv[1], sys.argv[2])
    else:
        sys.exit(__doc__)
