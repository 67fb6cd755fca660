#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a model in one arena, every tensor where its plan has it, and compares with a plain run.

Usage: peer_slices.py PLAN.json MODEL

Each node runs by itself in onnx's reference evaluator, on copies of what lies in the arena; its
results are written there. A Concat writes only operands that are not in their place already, a Split
nothing that is, and a view nothing at all. Every byte of the arena is junk at first. The graph's
outputs must equal those of the whole model, bit by bit.
"""
import json
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from outcome import report


class Arena:
    def __init__(self, plan):
        self.bytes = np.full(plan["summary"]["arenaBytes"], 0xEE, np.uint8)
        self.entry = {tensor["name"]: tensor for tensor in plan["tensors"]}
        self.outside, self.types = {}, {}

    def span(self, name):
        offset = self.entry[name]["offset"]
        return slice(offset, offset + self.entry[name]["bytes"])

    def write(self, name, value, start=0, count=None):
        """Writes a value, or `count` of its bytes from `start` on."""
        self.types[name] = value.dtype, value.shape
        if self.entry[name]["offset"] is None:
            self.outside[name] = value
            return
        data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        stop = len(data) if count is None else start + count
        self.bytes[self.span(name)][start:stop] = data[start:stop]

    def read(self, name):
        if name in self.outside:
            return self.outside[name]
        dtype, shape = self.types[name]
        return np.frombuffer(self.bytes[self.span(name)].tobytes(), dtype).reshape(shape)

    def distance(self, part, whole):
        places = self.entry[part]["offset"], self.entry[whole]["offset"]
        return None if None in places else places[0] - places[1]

    def place(self, node, name, value):
        """Writes a result of a node, but for what is there already."""
        self.types[name] = value.dtype, value.shape
        if self.entry[name]["aliasOf"]:
            return
        if node.op_type == "Concat":
            start = 0
            for part in node.input:
                count = self.read(part).nbytes
                if self.distance(part, name) != start or not self.entry[part]["sliceOf"]:
                    self.write(name, value, start, count)
                start += count
        elif node.op_type != "Split" or self.entry[name]["sliceOf"] != node.input[0]:
            self.write(name, value)


def main():
    plan_path, model_path = sys.argv[1:]
    with open(plan_path, encoding="utf-8") as file:
        plan = json.load(file)
    model = onnx.load(model_path)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    generator = np.random.RandomState(1)
    feeds = {
        value.name: generator.randint(
            -64, 65, [d.dim_value for d in value.type.tensor_type.shape.dim]
        ).astype(np.float32) / 64
        for value in model.graph.input if value.name not in stored
    }
    outputs = [value.name for value in model.graph.output]
    expected = dict(zip(outputs, ReferenceEvaluator(model).run(None, feeds)))
    arena = Arena(plan)
    for name, value in (stored | feeds).items():
        arena.write(name, value)
    nodes = {tuple(node.output): node for node in model.graph.node}
    empty = lambda names: [helper.make_empty_tensor_value_info(name) for name in names]
    for step in plan["steps"]:
        node = nodes[tuple(step["outputs"])]
        graph = helper.make_graph([node], "step", empty(node.input), empty(node.output))
        one = helper.make_model(graph, opset_imports=model.opset_import)
        results = ReferenceEvaluator(one).run(None, {name: arena.read(name) for name in node.input})
        for name, value in zip(node.output, results):
            arena.place(node, name, np.asarray(value))
    wrong = [name for name in outputs if arena.read(name).tobytes() != expected[name].tobytes()]
    for name in wrong:
        print(f"{plan_path}: output '{name}' differs", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    report(main)
