# SPDX-License-Identifier: Apache-2.0
"""A graph that calls local functions, as torch's dynamo exporter and onnxscript write them."""

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from .builder import BOOL, FLOAT, GraphBuilder
from .flow import graph_of, value

WIDTH, ROWS = 64, 16
DOMAIN = "fixture.functions"


def function(name, inputs, outputs, nodes, opset=17, attributes=(), defaults=()):
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_function(
        DOMAIN, name, inputs, outputs, nodes, opsets, attributes=list(attributes),
        attribute_protos=list(defaults),
    )


def refers(node, attribute, kind, parameter):
    """The node with an attribute that is the call's of that name."""
    node.attribute.add(name=attribute, type=kind, ref_attr_name=parameter)
    return node


def spread():
    """Four times as wide along an axis, 0 unless the call says another."""
    node = helper.make_node
    ints = helper.make_attribute("along", 0)
    return function(
        "Spread",
        ["x"],
        ["y"],
        [
            refers(node("Concat", ["x", "x", "x", "x"], ["t"]), "axis", ints.type, "along"),
            node("Exp", ["t"], ["y"]),
        ],
        # Concat and Exp are the same in this version.
        opset=18,
        defaults=[ints],
    )


def summed():
    """Three wide values, each summed to a narrow one; the file makes all wide ones first."""
    node = helper.make_node
    nodes = [
        node("Constant", [], ["rows"], value=numpy_helper.from_array(np.array([0], np.int64))),
        node("Spread", ["x"], ["a"], domain=DOMAIN),
        node("Spread", ["x"], ["b"], domain=DOMAIN),
        refers(node("Spread", ["x"], ["c"], domain=DOMAIN), "along", 2, "axis"),
    ]
    for name in "abc":
        nodes.append(node("ReduceSum", [name, "rows"], [f"{name}.sum"], keepdims=1))
    nodes += [
        node("Slice", ["c.sum", "from", "to", "axes"], ["c.part"]),
        node("Add", ["a.sum", "b.sum"], ["ab"]),
        node("Add", ["ab", "c.part"], ["y"]),
        node("Identity", ["x"], ["same"]),
    ]
    return function(
        "Summed", ["x", "from", "to", "axes"], ["y", "same"], nodes, attributes=["axis"]
    )


def chosen():
    """An If in a function: names of its own in both branches, an initializer, calls."""
    node = helper.make_node
    wide = graph_of(
        "wide",
        [
            node("Spread", ["v"], ["s"], domain=DOMAIN),
            node("Spread", ["v"], ["t"], domain=DOMAIN),
            node("ReduceMax", ["s"], ["s.max"], axes=[0], keepdims=1),
            node("ReduceMax", ["t"], ["t.max"], axes=[0], keepdims=1),
            node("Sub", ["s.max", "t.max"], ["d"]),
            node("Add", ["d", "bias"], ["r"]),
        ],
        [],
        [value("r", 1, WIDTH)],
    )
    wide.initializer.append(
        numpy_helper.from_array(np.arange(WIDTH, dtype=np.float32).reshape(1, WIDTH), "bias")
    )
    wide.value_info.append(value("s.max", 1, WIDTH))
    plain = graph_of(
        "plain",
        [node("ReduceMin", ["v"], ["r"], axes=[0], keepdims=1)],
        [],
        [value("r", 1, WIDTH)],
    )
    return function(
        "Chosen",
        ["c", "v"],
        ["r"],
        [node("If", ["c"], ["r"], then_branch=wide, else_branch=plain)],
    )


class WithFunctions(GraphBuilder):
    """A builder of a model with local functions."""

    functions = ()

    def model(self) -> ModelProto:
        model = super().model()
        model.functions.extend(self.functions)
        return model


def local_functions():
    """Functions that call each other, in a main graph and in a body of it."""
    graph = WithFunctions("local_functions", opset=17, ir_version=8, domains=[(DOMAIN, 1)])
    graph.functions = [spread(), summed(), chosen()]
    graph.input("x", FLOAT, [ROWS, WIDTH])
    graph.input("mask_wide", BOOL, [])
    graph.ints("begin", 0)
    graph.ints("end", WIDTH)
    graph.ints("one", 1)
    # Takes the name that a value inside the first call would have.
    graph.op("Tanh", ["x"], "sum/ab")
    graph.op(
        "Summed", ["sum/ab", "begin", "end", "one"], ["sum.y", "same"], name="sum", domain=DOMAIN, axis=1
    )
    node = helper.make_node
    then = graph_of(
        "then",
        [
            node("Spread", ["same"], ["left"], domain=DOMAIN),
            node("Spread", ["sum/ab"], ["right"], domain=DOMAIN),
            node("ReduceMean", ["left"], ["left.mean"], axes=[0], keepdims=1),
            node("ReduceMean", ["right"], ["right.mean"], axes=[0], keepdims=1),
            node("Mul", ["left.mean", "right.mean"], ["then.out"]),
        ],
        [],
        [value("then.out", 1, WIDTH)],
    )
    other = graph_of(
        "other", [node("Neg", ["sum.y"], ["other.out"])], [], [value("other.out", 1, WIDTH)]
    )
    graph.op("If", ["mask_wide"], "picked", then_branch=then, else_branch=other)
    graph.op("Chosen", ["mask_wide", "same"], "held", name="", domain=DOMAIN)
    graph.op("Add", ["picked", "held"], "total")
    graph.op("Mul", ["total", "sum.y"], "y")
    graph.output("y", FLOAT, [1, WIDTH])
    return graph
