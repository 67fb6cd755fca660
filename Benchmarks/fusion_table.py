#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fused against unfused models in ONNX Runtime, and how fast and in what memory graphopt fuses.

Usage: fusion_table.py GRAPHOPT [--only time|large] [--fused 2,3,4,5,6,7,8] [--widths 256,512] \\
           > Benchmarks/fusion.md

Makes runs of pre-norm feed-forward blocks (LayerNormalization, MatMul, Relu, MatMul, residual) of
several widths and lengths with random weights, fuses all but the last block of each run, and times both
files side by side: one run of each in turn, so that what else the machine does weighs on both alike.
Peaks are those that `graphopt plan --inplace ort --io external` predicts and those that onnxruntime's
profile measures. `--fused 2,3,4,5,6,7,8` makes every length. `large` makes a structure-only decoder of
7B parameters and a 2 GB model with weights.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests/Peers"))

WIDTHS = [256, 512, 1024, 2048, 4096]
FUSED = [2, 4, 8]
ROWS = [1, 32]


def tensor(name, shape, generator, store):
    """A float32 initializer with random elements, in a file of its own if there is one."""
    made = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
    count = int(np.prod(shape))
    if store is None:
        made.raw_data = (generator.standard_normal(count, np.float32) / shape[0] ** 0.5).tobytes()
        return made
    made.data_location = TensorProto.EXTERNAL
    offset = store["size"]
    if store["file"]:
        for start in range(0, count, 1 << 22):
            part = generator.standard_normal(min(1 << 22, count - start), np.float32)
            store["file"].write((part / shape[0] ** 0.5).tobytes())
    store["size"] += 4 * count
    for key, value in [("location", store["name"]), ("offset", offset), ("length", 4 * count)]:
        made.external_data.add(key=key, value=str(value))
    return made


def blocks(path, width, hidden, count, *, norm=True, bias=False, store=None):
    """A run of feed-forward blocks."""
    generator = np.random.default_rng(0)
    nodes, stored, stream = [], [], "x"
    for index in range(count):
        read = stream
        if norm:
            # Scales that differ, so that they are folded.
            scale = helper.make_tensor(
                f"s{index}", TensorProto.FLOAT, [width], generator.random(width) + 0.5)
            stored.append(scale)
            nodes.append(helper.make_node(
                "LayerNormalization", [stream, f"s{index}"], [f"n{index}"], axis=-1))
            read = f"n{index}"
        stored.append(tensor(f"a{index}", [width, hidden], generator, store))
        stored.append(tensor(f"b{index}", [hidden, width], generator, store))
        nodes += [
            helper.make_node("MatMul", [read, f"a{index}"], [f"h{index}"]),
            helper.make_node("Relu", [f"h{index}"], [f"r{index}"]),
            helper.make_node("MatMul", [f"r{index}", f"b{index}"], [f"f{index}"]),
            helper.make_node("Add", [stream, f"f{index}"], [f"y{index}"]),
        ]
        stream = f"y{index}"
    kind = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
    graph = helper.make_graph(nodes, "blocks", [kind("x")], [kind(stream)], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def decoder(path, layers=32, width=4096, hidden=11008, vocabulary=32000):
    """Llama-2-7B's shape without its weights."""
    store = {"file": None, "size": 0, "name": "weights.bin"}
    nodes, stored = [], []

    def weight(name, *shape):
        stored.append(tensor(name, list(shape), None, store))
        return name

    def constant(name, value, kind=TensorProto.FLOAT):
        stored.append(helper.make_tensor(name, kind, np.shape(value), np.ravel(value)))
        return name

    def add(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    two, epsilon, one = constant("two", 2.0), constant("epsilon", 1e-5), constant("one", 1.0)
    split, join = constant("split", [1, -1, 32, 128], TensorProto.INT64), constant(
        "join", [1, -1, width], TensorProto.INT64)
    root = constant("root", 128**0.5)

    def norm(x, name):
        square = add("Pow", [x, two], f"{name}.p")
        mean = add("ReduceMean", [square], f"{name}.m", axes=[-1], keepdims=1)
        deviation = add("Sqrt", [add("Add", [mean, epsilon], f"{name}.e")], f"{name}.r")
        scaled = add("Mul", [x, add("Div", [one, deviation], f"{name}.i")], f"{name}.n")
        return add("Mul", [weight(f"{name}.w", width), scaled], name)

    x = add("Gather", [weight("embedding", vocabulary, width), "ids"], "x")
    for index in range(layers):
        n = norm(x, f"{index}.an")
        heads = []
        for part in "qkv":
            made = add("MatMul", [n, weight(f"{index}.{part}.w", width, width)], f"{index}.{part}")
            made = add("Reshape", [made, split], f"{index}.{part}.s")
            perm = [0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]
            heads.append(add("Transpose", [made], f"{index}.{part}.t", perm=perm))
        scores = add("Div", [add("MatMul", heads[:2], f"{index}.qk"), root], f"{index}.d")
        weighed = add(
            "MatMul", [add("Softmax", [scores], f"{index}.sm"), heads[2]], f"{index}.wv")
        back = add("Transpose", [weighed], f"{index}.b", perm=[0, 2, 1, 3])
        out = add("MatMul", [add("Reshape", [back, join], f"{index}.j"),
                             weight(f"{index}.o.w", width, width)], f"{index}.o")
        x = add("Add", [x, out], f"{index}.x")
        n = norm(x, f"{index}.fn")
        gate = add("MatMul", [n, weight(f"{index}.g.w", width, hidden)], f"{index}.g")
        silu = add("Mul", [gate, add("Sigmoid", [gate], f"{index}.sg")], f"{index}.si")
        up = add("MatMul", [n, weight(f"{index}.u.w", width, hidden)], f"{index}.u")
        down = add("MatMul", [add("Mul", [silu, up], f"{index}.h"),
                              weight(f"{index}.dn.w", hidden, width)], f"{index}.dn")
        x = add("Add", [x, down], f"{index}.y")
    add("MatMul", [norm(x, "last"), weight("head", width, vocabulary)], "logits")
    graph = helper.make_graph(
        nodes, "decoder", [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "seq"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)], stored)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return sum(int(np.prod(t.dims)) for t in stored), len(nodes)


def command(*arguments):
    """Runs a command; wall seconds, CPU seconds and the most memory resident at once."""
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, arguments))}: status {status}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def compare(first, second, feed, seconds=1.5, least=15):
    """The times of two sessions in turn, and how their results differ."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    sessions = [
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for path in (first, second)]
    for session in sessions:
        session.run(None, feed)
    times, end = ([], []), time.monotonic() + seconds
    while time.monotonic() < end or len(times[0]) < least:
        for session, taken in zip(sessions, times, strict=True):
            start = time.perf_counter()
            session.run(None, feed)
            taken.append(time.perf_counter() - start)
    ratios = sorted(a / b for a, b in zip(*times, strict=True))
    cut = lambda share: ratios[min(int(share * len(ratios)), len(ratios) - 1)]
    return statistics.median(times[0]), statistics.median(times[1]), cut(0.1), cut(0.5), cut(0.9)


def peaks(graphopt, path, rows, folder):
    """The peak that a plan predicts, and the one that onnxruntime measures when it runs the plan."""
    from measuring import PLANNED, measured
    from session import load

    planned = Path(folder) / "planned.onnx"
    subprocess.run(
        [graphopt, "plan", path, "--dim", f"rows={rows}", "--inplace", "ort", "--io", "external",
         "--alignment", "1", "--emit", f"onnx={planned}"], check=True, stdout=subprocess.DEVNULL)
    model = load(str(planned))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    predicted = int(metadata["graphopt.plan.onnxruntime_peak_bytes"])
    made = measured(model, {"rows": rows}, **PLANNED).peak
    return predicted, made


def time_table(graphopt, widths, lengths):
    print("| width | fused | rows | one by one | wide | ratio | 10 % … 90 % | peak predicted, "
          "measured: one by one | wide |")
    print("|---|---|---|---|---|---|---|---|---|")
    for width in widths:
        with tempfile.TemporaryDirectory() as folder:
            plain, fused = Path(folder) / "plain.onnx", Path(folder) / "fused.onnx"
            # Shorter runs are the first blocks of the longest one, and share its weights.
            if width >= 2048:
                with open(Path(folder) / "w.bin", "wb") as file:
                    store = {"file": file, "size": 0, "name": "w.bin"}
                    blocks(plain, width, width, max(lengths) + 1, store=store)
            for count in lengths:
                outside = {"file": None, "size": 0, "name": "w.bin"}
                blocks(plain, width, width, count + 1, store=outside if width >= 2048 else None)
                subprocess.run(
                    [graphopt, "fuse", plain, "--mode", "sequential", "--run", f"0-{count}", "-o",
                     fused], check=True, stdout=subprocess.DEVNULL)
                for rows in ROWS:
                    feed = {"x": np.random.default_rng(1).standard_normal((rows, width), np.float32)}
                    one, wide, low, middle, high = compare(plain, fused, feed)
                    memory = [
                        "{:,}, {:,}".format(*peaks(graphopt, str(path), rows, folder))
                        for path in (plain, fused)]
                    print(f"| {width} | {count} | {rows} | {one * 1e3:.3f} ms | {wide * 1e3:.3f} ms "
                          f"| {middle:.3f} | {low:.3f} … {high:.3f} | {memory[0]} | {memory[1]} |",
                          flush=True)


def large_table(graphopt):
    print("| what | figure |")
    print("|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decoder.onnx"
        parameters, nodes = decoder(path)
        wall, cpu, memory = command(graphopt, "fuse", path, "--merge", "gate-up,qkv")
        found = json.loads(subprocess.run(
            [graphopt, "fuse", path, "--format", "json"], check=True, capture_output=True).stdout)
        wall_found, cpu_found, _ = command(graphopt, "fuse", path)
        print(f"| a decoder of {parameters / 1e9:.2f}·10⁹ parameters, {nodes:,} nodes, no weights: "
              f"{len(found['blocks'])} blocks, {len(found['attention'])} attention layers, "
              f"{len(found['merges'])} merges found | {cpu_found:.2f} s of CPU, {wall_found:.2f} s |")
        print(f"| the same with all {len(found['merges'])} merges made in the graph | {cpu:.2f} s of "
              f"CPU, {memory / 1e6:.0f} MB |")
    with tempfile.TemporaryDirectory() as folder:
        path, width, count = Path(folder) / "large.onnx", 4096, 15
        store = {"file": open(Path(folder) / "w.bin", "wb"), "size": 0, "name": "w.bin"}
        blocks(path, width, width, count, store=store)
        store["file"].close()
        fused = Path(folder) / "fused.onnx"
        wall, cpu, memory = command(
            graphopt, "fuse", path, "--mode", "sequential", "--run", f"0-{count - 1}", "-o", fused)
        matrix = 4 * width * width
        print(f"| a run of {count} blocks, {store['size'] / 1e9:.2f} GB of weights, fused and written "
              f"| {wall:.1f} s, {cpu:.1f} s of CPU |")
        print(f"| the most memory resident meanwhile, mapped pages included | {memory / 1e6:.0f} MB, "
              f"{memory / matrix:.2f} times the largest stored matrix ({matrix / 1e6:.0f} MB) |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphopt")
    parser.add_argument("--only", choices=["time", "large"])
    numbers = lambda text: [int(part) for part in text.split(",")]
    parser.add_argument("--fused", type=numbers, default=FUSED, help="how many blocks become one")
    parser.add_argument("--widths", type=numbers, default=WIDTHS)
    options = parser.parse_args()
    from time_plans import processor

    print("# Fusion\n")
    print(f"`Benchmarks/fusion_table.py GRAPHOPT`, on {processor()}, {os.cpu_count()} cores, "
          f"{datetime.date.today()}.\n")
    if options.only != "time":
        large_table(options.graphopt)
        print()
    if options.only != "large":
        print("Runs of pre-norm blocks (LayerNormalization, MatMul, Relu, MatMul, residual; as many "
              "hidden units as a row is long), all but the last fused, in ONNX Runtime on two threads. "
              "Ratios are of pairs of runs, one by one over wide: above 1 the wide block is faster. "
              "Peaks are bytes between inputs and outputs.\n")
        time_table(options.graphopt, options.widths, options.fused)


if __name__ == "__main__":
    main()
