# SPDX-License-Identifier: Apache-2.0
"""Files that are broken or incomplete in one way each."""

import numpy as np
from onnx import TensorProto, helper

from .builder import FLOAT, INT64, GraphBuilder
from .convnets import squeezenet_like


def small(name):
    return GraphBuilder(name, opset=17, ir_version=8)


def text():
    return b"# Not a model\n\nThe download saved the page that links to the file.\n"


def empty():
    return b""


def truncated():
    whole = squeezenet_like().bytes()
    return whole[: len(whole) // 2]


def no_graph():
    """A model message that ends before its graph."""
    model = small("no_graph").model()
    model.ClearField("graph")
    return model.SerializeToString(deterministic=True)


def cyclic():
    """Three nodes in a ring, between two that are not in it."""
    graph = small("cyclic")
    graph.input("x", FLOAT, [4])
    graph.op("Relu", "x", "start")
    graph.op("Add", ["start", "third"], "first")
    graph.op("Sigmoid", "first", "second")
    graph.op("Tanh", "second", "third")
    graph.op("Relu", "third", "y")
    graph.output("y", FLOAT, [4])
    return graph.bytes()


def unsorted():
    """A valid graph with its nodes listed backwards."""
    graph = small("unsorted")
    graph.input("x", FLOAT, [4, 4])
    graph.op("Relu", "x", "a")
    graph.op("MatMul", ["a", graph.weight("w", 4, 4)], "b")
    graph.op("Sigmoid", "a", "c")
    graph.op("Add", ["b", "c"], "y")
    graph.output("y", FLOAT, [4, 4])
    graph.nodes.reverse()
    return graph.bytes()


def unbound():
    """Dimensions with a name, with a question mark, with -1 and with nothing at all."""
    graph = small("unbound")
    graph.input("tokens", FLOAT, ["batch", "seq", 8])
    graph.input("image", FLOAT, ["batch", 3, None, "?"])
    graph.input("mask", FLOAT, [-1, "seq"])
    graph.op("Relu", "tokens", "y")
    graph.op("Relu", "image", "z")
    graph.op("Relu", "mask", "m")
    graph.output("y", FLOAT, ["batch", "seq", 8])
    graph.output("z", FLOAT, ["batch", 3, None, None])
    graph.output("m", FLOAT, [None, "seq"])
    return graph.bytes()


def unknown_op():
    """Unknown operators in two domains, of which only the last result has a declared shape."""
    graph = GraphBuilder("unknown_op", 17, 8, domains=[("com.example", 3), ("org.example.lab", 1)])
    graph.input("x", FLOAT, [4, 4])
    graph.op("Blur", "x", "blurred", domain="com.example")
    graph.op("Blur", "blurred", "blurred twice", domain="com.example")
    graph.op("Fold", "blurred twice", "folded", domain="org.example.lab")
    graph.op("Unfold", ["folded", "x"], "y", domain="org.example.lab")
    graph.op("Frobnicate", "y", "z")
    graph.value_info("y", FLOAT, [4, 4])
    graph.output("z", FLOAT, [4, 4])
    return graph.bytes()


def undefined_input():
    graph = small("undefined_input")
    graph.input("x", FLOAT, [4])
    graph.op("Add", ["x", "bias"], "y", name="sum")
    graph.output("y", FLOAT, [4])
    return graph.bytes()


def undefined_output():
    graph = small("undefined_output")
    graph.input("x", FLOAT, [4])
    graph.op("Relu", "x", "y")
    graph.output("z", FLOAT, [4])
    return graph.bytes()


def duplicate_output():
    graph = small("duplicate_output")
    graph.input("x", FLOAT, [4])
    graph.op("Relu", "x", "y", name="one")
    graph.op("Sigmoid", "x", "y", name="two")
    graph.output("y", FLOAT, [4])
    return graph.bytes()


def duplicate_initializer():
    graph = small("duplicate_initializer")
    graph.input("x", FLOAT, [4])
    graph.weight("w", 4)
    graph.weight("w", 4)
    graph.op("Add", ["x", "w"], "y")
    graph.output("y", FLOAT, [4])
    return graph.bytes()


def huge_dims():
    """A product of extents that does not fit 64 bits."""
    graph = small("huge_dims")
    extent = 2**62
    graph.input("x", FLOAT, [extent, 1])
    graph.input("y", FLOAT, [1, extent])
    graph.op("Mul", ["x", "y"], "z", name="outer")
    graph.output("z", FLOAT, [extent, extent])
    return graph.bytes()


def huge_sum():
    """Sizes that fit one by one and overflow in the sum."""
    graph = small("huge_sum")
    extents = [2**30, 2**28]
    graph.input("x", FLOAT, extents)
    for index in range(20):
        graph.op("Relu", "x", f"y{index}")
        graph.output(f"y{index}", FLOAT, extents)
    return graph.bytes()


def negative_dim():
    """An initializer with a negative extent."""
    graph = small("negative_dim")
    graph.input("x", FLOAT, [4])
    graph.tensor(TensorProto(name="w", data_type=FLOAT, dims=[-4]))
    graph.op("Add", ["x", "w"], "y")
    graph.output("y", FLOAT, [4])
    return graph.bytes()


def bad_reshape():
    """20 elements that cannot be shaped into rows of 7."""
    graph = small("bad_reshape")
    graph.input("x", FLOAT, [4, 5])
    graph.op("Reshape", ["x", graph.ints("rows of seven", -1, 7)], "y", name="reshape")
    graph.output("y", FLOAT, [None, 7])
    return graph.bytes()


def mismatched_matmul():
    graph = small("mismatched_matmul")
    graph.input("x", FLOAT, [4, 5])
    graph.op("MatMul", ["x", graph.weight("w", 6, 3)], "y", name="product")
    graph.output("y", FLOAT, [4, 3])
    return graph.bytes()


def short_payload():
    """An initializer with fewer bytes than its shape needs."""
    graph = small("short_payload")
    graph.input("x", FLOAT, [8])
    graph.tensor(TensorProto(name="w", data_type=FLOAT, dims=[8], raw_data=bytes(20)))
    graph.op("Add", ["x", "w"], "y")
    graph.output("y", FLOAT, [8])
    return graph.bytes()


def outside_data():
    """External data that lies outside the model's folder."""
    graph = small("outside_data")
    graph.input("x", FLOAT, [1024])
    graph.external_weight("w", 1024)
    graph.initializers[0].external_data[0].value = "../../secret.bin"
    graph.op("Add", ["x", "w"], "y")
    graph.output("y", FLOAT, [1024])
    return graph.bytes()


def deep_nesting():
    """An If inside an If, hundreds deep: what walks it may not recurse without a limit.

    Put together from bytes, since protobuf's own library stops at a depth of 100.
    """

    def field(number, data):
        length, head = len(data), bytearray([number << 3 | 2])
        while length > 127:
            head.append(length & 127 | 128)
            length >>= 7
        return bytes(head) + bytes([length]) + data

    value = helper.make_tensor_value_info("y", FLOAT, [4]).SerializeToString(deterministic=True)
    node = helper.make_node("Relu", ["x"], ["y"]).SerializeToString(deterministic=True)
    for _ in range(400):
        branch = field(1, node) + field(2, b"level") + field(12, value)
        # AttributeProto: name, g, type; NodeProto: input, output, op_type, attribute.
        attribute = field(1, b"then_branch") + field(6, branch) + bytes([0xA0, 0x01, 5])
        node = field(1, b"flag") + field(2, b"y") + field(4, b"If") + field(5, attribute)
    graph = small("deep_nesting")
    graph.input("x", FLOAT, [4])
    graph.constant("flag", np.array(True))
    graph.output("y", FLOAT, [4])
    model = graph.model()
    body = model.graph.SerializeToString(deterministic=True) + field(1, node)
    model.ClearField("graph")
    return model.SerializeToString(deterministic=True) + field(7, body)


def data_dependent():
    """A shape that hangs on an input's values, which no binding of dimensions gives."""
    graph = small("data_dependent")
    graph.input("x", FLOAT, [4, 6])
    graph.input("target", INT64, [2])
    graph.op("Reshape", ["x", "target"], "y", name="reshape")
    graph.op("Relu", "y", "z")
    graph.output("z", FLOAT, [None, None])
    return graph.bytes()


def bad_names():
    """Two values whose names are no UTF-8, and the same once that is repaired."""
    graph = small("bad_names")
    graph.input("x", FLOAT, [4])
    graph.op("Relu", "x", "<1>")
    graph.op("Sigmoid", "<1>", "<2>")
    graph.op("Relu", "<2>", "y")
    graph.output("y", FLOAT, [4])
    return graph.bytes().replace(b"<1>", b"\xff--").replace(b"<2>", b"\xfe--")
