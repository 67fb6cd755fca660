#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes random layered graphs of the sizes that MOCCASIN (arXiv 2304.14463) reports: G1 to G4.

    make_layered.py FOLDER

Nodes are in layers of about ten; each reads one node of the layer before and others up to eight layers
back, until the graph has as many edges as the published one. Sizes are from 10 to 1000 units of 64 kB,
costs of nodes from 1 to 100 million operations, in FOLDER/NAME.json for --costs. Sizes and costs are our
own: the paper gives the numbers of nodes and edges.
"""

import json
import random
import sys

import onnx
from onnx import TensorProto, helper

SIZES = {"G1": (100, 236), "G2": (250, 944), "G3": (500, 2461), "G4": (1000, 5875)}
LAYER = 10
REACH = 8


def graph(name, count, edges):
    rng = random.Random(name)
    size = [64_000 * rng.randint(10, 1000) for _ in range(count)]
    reads = [set() for _ in range(count)]
    for node in range(LAYER, count):
        start = (node // LAYER - 1) * LAYER
        reads[node].add(rng.randrange(start, start + LAYER))
    missing = edges - sum(map(len, reads))
    while missing > 0:
        node = rng.randrange(LAYER, count)
        first = max(0, node // LAYER - REACH) * LAYER
        source = rng.randrange(first, node // LAYER * LAYER)
        if source not in reads[node]:
            reads[node].add(source)
            missing -= 1
    info = [
        helper.make_tensor_value_info(f"t{i}", TensorProto.UINT8, [size[i]]) for i in range(count)
    ]
    nodes = [
        helper.make_node(
            "cat",
            [f"t{j}" for j in sorted(reads[i])] or ["x"],
            [f"t{i}"],
            name=f"n{i}",
            domain="pkg.aten",
        )
        for i in range(count)
    ]
    used = set().union(*reads)
    outputs = [info[i] for i in range(count) if i not in used]
    value = helper.make_tensor_value_info("x", TensorProto.UINT8, [64])
    inner = [info[i] for i in range(count) if i in used]
    made = helper.make_graph(nodes, name, [value], outputs, value_info=inner)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("pkg.aten", 1)]
    costs = {"nodes": {f"n{i}": 1_000_000 * rng.randint(1, 100) for i in range(count)}}
    return helper.make_model(made, opset_imports=opsets, ir_version=8), costs


def main():
    folder = sys.argv[1]
    for name, (count, edges) in SIZES.items():
        model, costs = graph(name, count, edges)
        onnx.save(model, f"{folder}/{name}.onnx")
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump(costs, file)


if __name__ == "__main__":
    main()
