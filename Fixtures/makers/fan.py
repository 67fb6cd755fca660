# SPDX-License-Identifier: Apache-2.0
"""A graph on which the order decides nearly everything."""

from .builder import FLOAT, GraphBuilder


def fan(width=8, extent=512):
    """Outer products of 1 MiB each, all listed before the sums that shrink them.

    The file's order holds them all at once; making and reducing one at a time holds one.
    """
    graph = GraphBuilder("fan", opset=17, ir_version=8)
    graph.input("column", FLOAT, [extent, 1])
    for index in range(width):
        row = graph.weight(f"row.{index}", 1, extent)
        graph.op("MatMul", ["column", row], f"wide.{index}")
    for index in range(width):
        axes = graph.ints(f"axes.{index}", 0, 1)
        graph.op("ReduceSum", [f"wide.{index}", axes], f"narrow.{index}", keepdims=0)
    graph.op("Sum", [f"narrow.{index}" for index in range(width)], "total")
    graph.output("total", FLOAT, [])
    return graph
