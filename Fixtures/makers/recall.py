# SPDX-License-Identifier: Apache-2.0
"""What a first half leaves for a second one, as forward and backward passes do."""

from .builder import FLOAT, GraphBuilder


def recall(depth=4, extent=256):
    """Outer products of 256 KiB, each made of a small column, read at once and again at the end.

    No order does without holding them all; making them again, or moving them away, does.
    """
    graph = GraphBuilder("recall", opset=17, ir_version=8)
    graph.input("column", FLOAT, [extent, 1])
    last = "column"
    for index in range(depth):
        row = graph.weight(f"row.{index}", 1, extent)
        graph.op("MatMul", [last, row], f"wide.{index}")
        graph.op("ReduceMean", [f"wide.{index}"], f"mean.{index}", axes=[1], keepdims=1)
        graph.op("Tanh", [f"mean.{index}"], f"turn.{index}")
        last = f"turn.{index}"
    for index in reversed(range(depth)):
        row = graph.weight(f"back.{index}", 1, extent)
        graph.op("MatMul", [last, row], f"spread.{index}")
        graph.op("Mul", [f"spread.{index}", f"wide.{index}"], f"both.{index}")
        graph.op("ReduceMean", [f"both.{index}"], f"narrow.{index}", axes=[1], keepdims=1)
        last = f"narrow.{index}"
    graph.output(last, FLOAT, [extent, 1])
    return graph
