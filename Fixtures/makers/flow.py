# SPDX-License-Identifier: Apache-2.0
"""A graph whose nodes run graphs of their own."""

import numpy as np
from onnx import helper

from .builder import BOOL, FLOAT, INT64, GraphBuilder

WIDTH = 64


def value(name, *dims, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, list(dims))


def graph_of(name, nodes, inputs, outputs):
    return helper.make_graph(nodes, name, inputs, outputs)


def branches():
    """Two branches with results of one shape; the first needs four times that meanwhile."""
    node = helper.make_node
    wide = graph_of(
        "wide",
        [
            node("Concat", ["h", "h", "h", "h"], ["wide.parts"], axis=0),
            node("Exp", ["wide.parts"], ["wide.exp"]),
            node("ReduceMean", ["wide.exp"], ["wide.mean"], axes=[0], keepdims=1),
            node("Add", ["wide.mean", "h"], ["wide.out"]),
        ],
        [],
        [value("wide.out", 8, WIDTH)],
    )
    plain = graph_of("plain", [node("Neg", ["h"], ["plain.out"])], [], [value("plain.out", 8, WIDTH)])
    return wide, plain


def turns():
    """A turn of a loop: a state that an If changes as long as the turn is small, and a slice."""
    node = helper.make_node
    small = graph_of(
        "small",
        [node("Sin", ["state"], ["small.sin"]), node("Mul", ["small.sin", "h"], ["small.out"])],
        [],
        [value("small.out", 8, WIDTH)],
    )
    large = graph_of(
        "large", [node("Abs", ["state"], ["large.out"])], [], [value("large.out", 8, WIDTH)]
    )
    return graph_of(
        "turn",
        [
            node("Identity", ["goes"], ["on"]),
            node("Less", ["turn", "two"], ["early"]),
            node("If", ["early"], ["next"], then_branch=small, else_branch=large),
            node("ReduceMax", ["next"], ["slice"], axes=[0], keepdims=0),
        ],
        [value("turn", kind=INT64), value("goes", kind=BOOL), value("state", 8, WIDTH)],
        [value("on", kind=BOOL), value("next", 8, WIDTH), value("slice", WIDTH)],
    )


def rows():
    """A row of a scan, four times as wide while it is summed."""
    node = helper.make_node
    return graph_of(
        "row",
        [
            node("Add", ["sum", "part"], ["sum.next"]),
            node("Concat", ["sum.next"] * 40, ["row.parts"], axis=0),
            node("Exp", ["row.parts"], ["row.exp"]),
            node("Identity", ["row.exp"], ["row.out"]),
        ],
        [value("sum", WIDTH), value("part", WIDTH)],
        [value("sum.next", WIDTH), value("row.out", 40 * WIDTH)],
    )


def nested_flow():
    """An If whose condition the caller gives, a Loop with an If in it, and a Scan."""
    graph = GraphBuilder("nested_flow", opset=17, ir_version=8)
    graph.input("x", FLOAT, [8, WIDTH])
    graph.input("mask_wide", BOOL, [])
    graph.constant("count", np.int64(5))
    graph.constant("two", np.int64(2))
    graph.weight("first", WIDTH)
    graph.op("Tanh", ["x"], "h")
    wide, plain = branches()
    graph.op("If", ["mask_wide"], "chosen", then_branch=wide, else_branch=plain)
    graph.op("Loop", ["count", "", "chosen"], ["state.last", "slices"], body=turns())
    graph.op("Scan", ["first", "state.last"], ["sum.last", "table"], body=rows(), num_scan_inputs=1)
    graph.op("MatMul", ["slices", "sum.last"], "score")
    graph.op("ReduceMean", ["table"], "mean", axes=[1], keepdims=0)
    graph.output("score", FLOAT, [5])
    graph.output("mean", FLOAT, [8])
    return graph
