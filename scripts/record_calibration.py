#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what graphopt needs to choose which blocks to fuse and which attention layers to drop.

    graphopt fuse model.onnx --format json > report.json
    record_calibration.py model.onnx report.json FOLDER [--inputs a.npz b.npz ...] [--dim name=size]
    graphopt fuse model.onnx --mode sequential --calibration FOLDER -o fused.onnx

Runs the model with onnxruntime on each input (an .npz with an array for each graph input; without
--inputs, --samples random ones) and again with each feed-forward block of a run taken out, and writes
one uncompressed .npz a sample: `ffn.J.contribution`, `ffn.J.without.I`, `attention.K.input`,
`attention.K.output`, each as rows of float32. --rows bounds how many rows of a sample are kept.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


KINDS = {
    "float16": "FLOAT16", "bfloat16": "BFLOAT16", "float32": "FLOAT", "float64": "DOUBLE"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("report", type=Path, help="what graphopt fuse --format json prints")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", nargs="*", type=Path, default=[])
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--rows", type=int, default=256)
    return parser.parse_args()


def gated(model, report):
    """The model with a factor for each block's contribution, and all that is recorded as outputs."""
    graph = model.graph
    blocks = report["blocks"]
    members = sorted({index for run in report["runs"] for index in run})
    for index in members:
        name = blocks[index]["contribution"]
        node = next(node for node in graph.node if name in node.output)
        kind = getattr(onnx.TensorProto, KINDS[blocks[index]["elementType"]])
        node.output[list(node.output).index(name)] = f"{name}.kept"
        position = list(graph.node).index(node)
        graph.input.append(onnx.helper.make_tensor_value_info(f"gate.{index}", kind, []))
        graph.node.insert(
            position + 1,
            onnx.helper.make_node("Mul", [f"{name}.kept", f"gate.{index}"], [name]))
    wanted = [f"{blocks[index]['contribution']}.kept" for index in members]
    for layer in report["attention"]:
        if layer["output"]:
            wanted += [layer["input"], layer["output"]]
    fed = {value.name for value in graph.input}
    there = {value.name for value in graph.output} | fed
    for name in wanted:
        if name not in there:
            there.add(name)
            graph.output.append(onnx.ValueInfoProto(name=name))
    return members, fed


def random_feed(session, sizes, stored, generator):
    feed = {}
    for value in session.get_inputs():
        if value.name.startswith("gate.") or value.name in stored:
            continue
        shape = []
        for axis, size in enumerate(value.shape):
            if not isinstance(size, int):
                key = size if size in sizes else f"{value.name}:{axis}"
                if key not in sizes:
                    sys.exit(f"dimension '{size or key}' is open: say --dim {size or key}=...")
                size = sizes[key]
            shape.append(size)
        if "int" in value.type:
            made = generator.integers(0, 50, shape)
            # A mask of ones, as in the recordings of other tools.
            made = np.ones(shape, made.dtype) if "mask" in value.name else made
            feed[value.name] = made.astype(np.int64 if "64" in value.type else np.int32)
        else:
            kind = {"float16": np.float16, "double": np.float64}.get(value.type[7:-1], np.float32)
            feed[value.name] = generator.standard_normal(shape).astype(kind)
    return feed


def main():
    options = arguments()
    report = json.loads(options.report.read_text())
    model = onnx.load(options.model)
    stored = {tensor.name for tensor in model.graph.initializer}
    members, fed = gated(model, report)
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "gated.onnx"
        onnx.save(model, path, save_as_external_data=model.ByteSize() > 1 << 30)
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        sizes = {k: int(v) for k, v in (text.rsplit("=", 1) for text in options.dim)}
        generator = np.random.default_rng(0)
        if options.inputs:
            feeds = [dict(np.load(name)) for name in options.inputs]
        else:
            feeds = [
                random_feed(session, sizes, stored, generator) for _ in range(options.samples)]
        kinds = {value.name: value.type for value in session.get_inputs()}
        options.folder.mkdir(parents=True, exist_ok=True)
        for number, feed in enumerate(feeds):
            record(session, feed, report, members, fed, kinds, options, number)


def record(session, feed, report, members, fed, kinds, options, number):
    blocks = report["blocks"]

    def run(names, removed=None):
        gates = {}
        for index in members:
            kind = {"float16": np.float16, "double": np.float64}.get(
                kinds[f"gate.{index}"][7:-1], np.float32)
            gates[f"gate.{index}"] = np.array(0 if index == removed else 1, kind)
        wanted = [name for name in dict.fromkeys(names) if name not in fed]
        made = dict(zip(wanted, session.run(wanted, {**feed, **gates}), strict=True))
        return {name: made.get(name, feed.get(name)) for name in names}

    rows = {}

    def kept(array):
        flat = np.asarray(array, np.float32).reshape(-1, array.shape[-1])
        if len(flat) > options.rows:
            if len(flat) not in rows:
                rows[len(flat)] = np.sort(
                    np.random.default_rng(number).permutation(len(flat))[: options.rows])
            flat = flat[rows[len(flat)]]
        return flat

    arrays = {}
    names = {index: f"{blocks[index]['contribution']}.kept" for index in members}
    layers = [layer for layer in report["attention"] if layer["output"]]
    wanted = list(names.values()) + [l[k] for l in layers for k in ("input", "output")]
    plain = run(wanted)
    for index, name in names.items():
        arrays[f"ffn.{index}.contribution"] = kept(plain[name])
    for layer in layers:
        arrays[f"attention.{layer['index']}.input"] = kept(plain[layer["input"]])
        arrays[f"attention.{layer['index']}.output"] = kept(plain[layer["output"]])
    for removed_run in report["runs"]:
        for removed in removed_run[:-1]:
            later = [index for index in removed_run if index > removed]
            made = run([names[index] for index in later], removed)
            for index in later:
                arrays[f"ffn.{index}.without.{removed}"] = kept(made[names[index]])
    np.savez(options.folder / f"sample{number:04}.npz", **arrays)


if __name__ == "__main__":
    main()
