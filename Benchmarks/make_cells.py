#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes networks of irregular cells as ONNX models, structure only: what searched and randomly
wired architectures look like to a planner.

Usage: make_cells.py FOLDER

darts-S     cells of two inputs and four blocks, each the sum of two operations on earlier states
nasnet-S    the same with five blocks, of which only those that no other reads are joined
randwire-S  stages of a small-world graph, every node a sum, a relu and a separable convolution

S is the seed of the wiring. Needs onnx and numpy.
"""
import os
import random
import sys

import onnx
from onnx import TensorProto, helper


class Network:
    """A graph of convolutions in the making; shapes are the importer's to find."""

    def __init__(self, name, channels, extent):
        self.name = name
        self.nodes = []
        self.weights = []
        self.count = 0
        self.value = "x"
        self.extent = extent
        self.channels = {"x": channels}

    def op(self, kind, inputs, channels, weights=(), **attributes):
        self.count += 1
        output = f"{kind.lower()}_{self.count}"
        names = list(inputs)
        for index, dims in enumerate(weights):
            # External and missing: nobody reads them.
            tensor = TensorProto(
                name=f"{output}.w{index}", data_type=TensorProto.FLOAT, dims=dims,
                data_location=TensorProto.EXTERNAL)
            tensor.external_data.add(key="location", value="weights.bin")
            self.weights.append(tensor)
            names.append(tensor.name)
        self.nodes.append(helper.make_node(kind, names, [output], name=output, **attributes))
        self.channels[output] = channels
        return output

    def relu(self, value):
        return self.op("Relu", [value], self.channels[value])

    def add(self, a, b):
        return self.op("Add", [a, b], self.channels[a])

    def concat(self, values):
        channels = sum(self.channels[value] for value in values)
        return self.op("Concat", values, channels, axis=1)

    def conv(self, value, channels, size=1, stride=1, depthwise=False):
        own = self.channels[value]
        kept = own if depthwise else channels
        return self.op(
            "Conv", [value], kept, [(kept, 1 if depthwise else own, size, size), (kept,)],
            kernel_shape=[size, size], strides=[stride, stride], pads=[size // 2] * 4,
            group=own if depthwise else 1)

    def separable(self, value, channels, size=3, stride=1):
        return self.conv(self.conv(value, 0, size, stride, depthwise=True), channels)

    def pool(self, value, kind):
        return self.op(
            kind, [value], self.channels[value], kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)

    def model(self, result):
        shape = [1, self.channels["x"], self.extent, self.extent]
        output = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [output],
            self.weights)
        return helper.make_model(
            graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)],
            producer_name="graphopt-cells")


def operation(net, value, choice, width):
    if choice < 2:
        half = net.separable(net.relu(value), width, 3 + 2 * choice)
        return net.separable(net.relu(half), width, 3 + 2 * choice)
    if choice == 2:
        return net.pool(value, "MaxPool")
    return value


def cells(name, seed, blocks, joins_all, width=32, depth=5):
    net = Network(name, 3 * width, 56)
    choose = random.Random(seed)
    before = last = "x"
    for _ in range(depth):
        states = [net.conv(net.relu(value), width) for value in (before, last)]
        is_read = [True, True]
        for _ in range(blocks):
            parts = []
            for _ in range(2):
                source = choose.randrange(len(states))
                is_read[source] = True
                parts.append(operation(net, states[source], choose.randrange(4), width))
            states.append(net.add(*parts))
            is_read.append(False)
        made = [state for index, state in enumerate(states[2:], 2)
                if joins_all or not is_read[index]]
        before, last = last, net.concat(made) if len(made) > 1 else made[0]
    return net.model(last)


def ring(count, degree, chance, choose):
    """The edges of a small-world graph: a ring whose edges are moved with some chance."""
    edges = set()
    for node in range(count):
        for step in range(1, degree // 2 + 1):
            other = (node + step) % count
            if choose.random() < chance:
                others = [o for o in range(count) if o != node and (min(o, node), max(o, node))
                          not in edges]
                other = choose.choice(others)
            edges.add((min(node, other), max(node, other)))
    return edges


def randwire(name, seed, count=32, degree=4, chance=0.75, width=24, stages=2):
    net = Network(name, width, 56)
    choose = random.Random(seed)
    value = "x"
    for stage in range(stages):
        edges = ring(count, degree, chance, choose)
        needs = [sorted(a for a, b in edges if b == node) for node in range(count)]
        ends = [node for node in range(count) if all(a != node for a, _ in edges)]
        made = []
        for node in range(count):
            inputs = [made[source] for source in needs[node]] or [value]
            total = inputs[0]
            for other in inputs[1:]:
                total = net.add(total, other)
            stride = 1 if needs[node] else 2
            made.append(net.separable(net.relu(total), width << stage, 3, stride))
        value = made[ends[0]]
        for end in ends[1:]:
            value = net.add(value, made[end])
    return net.model(value)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for seed in range(1, 4):
        models = [
            cells(f"darts-{seed}", seed, 4, True), cells(f"nasnet-{seed}", seed, 5, False),
            randwire(f"randwire-{seed}", seed),
        ]  # fmt: skip
        for model in models:
            onnx.save(model, os.path.join(folder, f"{model.graph.name}.onnx"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
