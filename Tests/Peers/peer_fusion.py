#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges fused models with onnxruntime and, for runs, with numpy.

    peer_fusion.py JOBS

JOBS is a JSON list of objects: `original` and `fused`, two files that are run on the same random
inputs; where runs were fused also `report`, what `graphopt fuse --format json` says of the original,
and `runs`, pairs of block numbers. What the fused model must be equal to is then computed, too: from
the stream that goes into a run, each of its blocks but the last is evaluated alone, by numpy (onnx's
reference evaluator), all of them on that same stream; their results are added to it, and the rest of
the original model runs on the sum. A fused file must pass onnx.checker where the file that it was made
of does, `source` if that is not the original but an optimized form of it.

Prints a JSON list with an object for each job: `distance`, the largest difference between the results
of both files over the largest result, and `error`, the same between the fused file and what it must be
equal to.
"""

import json
import sys

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

SIZES = {"batch": 2, "rows": 5, "seq": 6, "sequence": 6}


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model if isinstance(model, str) else model.SerializeToString(), options,
        providers=["CPUExecutionProvider"])


def feeds(model, seed=1):
    made, generator = {}, np.random.default_rng(seed)
    stored = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name in stored:
            continue
        kind = value.type.tensor_type
        shape = [d.dim_value or SIZES.get(d.dim_param, 4) for d in kind.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        if np.dtype(dtype).kind in "iu":
            made[value.name] = generator.integers(0, 40, shape).astype(dtype)
        else:
            made[value.name] = generator.standard_normal(shape).astype(dtype)
    return made


def run(model, fed):
    if any(value.dtype == ml_dtypes.bfloat16 for value in fed.values()):
        # onnxruntime has no kernels for it.
        return [np.asarray(value, np.float64) for value in numpy_run(model, fed)]
    return [np.asarray(value, np.float64) for value in session(model).run(None, fed)]


def numpy_run(model, fed):
    return ReferenceEvaluator(model).run(None, fed)


def error(reference, value):
    worst = 0.0
    for a, b in zip(reference, value, strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if a.shape != b.shape or not np.isfinite(b).all():
            return float("inf")
        worst = max(worst, float(np.abs(a - b).max(initial=0) / max(np.abs(a).max(initial=0), 1e-30)))
    return worst


def part(model, inputs, outputs):
    """The part of a model between tensors, whatever the shapes."""
    graph = model.graph
    producer = {o: n for n in graph.node for o in n.output}
    stored = {t.name: t for t in graph.initializer}
    nodes, seen, open_ = [], set(), list(outputs)
    used = set()
    while open_:
        name = open_.pop()
        if name in inputs or name in seen or not name:
            continue
        seen.add(name)
        if name in stored:
            used.add(name)
        elif name in producer:
            node = producer[name]
            if id(node) not in {id(n) for n in nodes}:
                nodes.append(node)
            open_.extend(node.input)
    position = {id(n): i for i, n in enumerate(graph.node)}
    nodes.sort(key=lambda n: position[id(n)])
    kind = {v.name: v for v in [*graph.input, *graph.output, *graph.value_info]}
    elem = next((v.type.tensor_type.elem_type for v in graph.output), onnx.TensorProto.FLOAT)
    free = [v for v in graph.input if v.name in seen and v.name not in stored]

    def info(name):
        known = kind.get(name)
        return onnx.helper.make_tensor_value_info(
            name, known.type.tensor_type.elem_type if known else elem, None)

    made = onnx.helper.make_graph(
        nodes, "part", [info(name) for name in inputs] + free, [info(name) for name in outputs],
        [stored[name] for name in sorted(used)])
    return onnx.helper.make_model(
        made, opset_imports=model.opset_import, ir_version=model.ir_version)


def with_outputs(model, names):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    there = {o.name for o in copy.graph.output}
    for name in names:
        if name not in there:
            copy.graph.output.append(onnx.ValueInfoProto(name=name))
    return copy


def parallel_form(model, report, runs, fed):
    """The outputs of a model whose runs, but for their last blocks, are in the parallel form."""
    blocks = report["blocks"]
    for first, last in runs:
        members = blocks[first:last]
        start, end = members[0]["input"], members[-1]["output"]
        stream = fed.get(start)
        if stream is None:
            stream = session(with_outputs(model, [start])).run([start], fed)[0]
        total = stream.astype(np.float64)
        for block in members:
            piece = part(model, [block["input"]], [block["contribution"]])
            extra = {i.name: fed[i.name] for i in piece.graph.input if i.name != block["input"]}
            total = total + numpy_run(piece, {block["input"]: stream, **extra})[0].astype(np.float64)
        # What follows reads the sum instead of what the run made.
        outputs = [o.name for o in model.graph.output]
        if end in outputs:
            return [total]
        rest = part(model, [end], outputs)
        fed = {**fed, end: total.astype(stream.dtype)}
        model = rest
        fed = {i.name: fed[i.name] for i in model.graph.input}
    return run(model, fed)


def is_valid(path):
    """Whether onnx knows all operators of a file; it does not know all that onnxruntime writes."""
    try:
        onnx.checker.check_model(path, full_check=False)
    except onnx.checker.ValidationError:
        return False
    return True


def judged(job):
    if is_valid(job.get("source", job["original"])):
        onnx.checker.check_model(job["fused"], full_check=False)
    model = onnx.load(job["original"])
    fed = feeds(model)
    made = run(job["fused"], fed)
    distance = error(run(job["original"], fed), made)
    if not job.get("runs"):
        return {"distance": distance, "error": distance}
    with open(job["report"], encoding="utf-8") as file:
        report = json.load(file)
    expected = parallel_form(model, report, job["runs"], fed)
    return {"distance": distance, "error": error(expected, made)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps([judged(job) for job in json.load(file)]))


if __name__ == "__main__":
    main()
