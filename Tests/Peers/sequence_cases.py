# SPDX-License-Identifier: Apache-2.0
"""Chains of operators on sequences and optionals, and random numbers, run by onnxruntime."""

import itertools

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def sequence_cases(run):
    f32 = lambda *shape: np.zeros(shape, np.float32)
    stored = {
        "a": f32(2, 3),
        "b": f32(4, 3),
        "c": f32(2, 3),
        "first": np.array(0, np.int64),
        "last": np.array(-1, np.int64),
    }

    def chain(name, nodes, results, opset=17):
        names = {operand for node in nodes for operand in node.input}
        tensors = [numpy_helper.from_array(v, n) for n, v in stored.items() if n in names]
        outputs = [helper.make_empty_tensor_value_info(result) for result in results]
        graph = helper.make_graph(nodes, "g", [], outputs, tensors)
        opsets = [helper.make_opsetid("", opset)]
        run.add(name, helper.make_model(graph, opset_imports=opsets, ir_version=8))

    node = helper.make_node
    for opset in (11, 17):
        nodes = [
            node("SequenceConstruct", ["a", "b"], ["s"]),
            node("SequenceInsert", ["s", "c"], ["t"]),
            node("SequenceInsert", ["t", "b", "first"], ["u"]),
            node("SequenceErase", ["u", "last"], ["v"]),
            node("SequenceErase", ["v"], ["w"]),
            node("SequenceAt", ["u", "last"], ["x"]),
            node("SequenceAt", ["u", "first"], ["y"]),
            node("SequenceLength", ["u"], ["n"]),
            node("ConcatFromSequence", ["u"], ["j"], axis=0),
        ]
        chain(f"sequence-{opset}", nodes, ["s", "t", "u", "v", "w", "x", "y", "n", "j"], opset)
    for axis, is_new in itertools.product((0, 1, -1), (0, 1)):
        nodes = [
            node("SequenceEmpty", [], ["e"], dtype=TensorProto.FLOAT),
            node("SequenceInsert", ["e", "a"], ["s"]),
            node("SequenceInsert", ["s", "c"], ["t"]),
            node("ConcatFromSequence", ["t"], ["j"], axis=axis, new_axis=is_new),
        ]
        chain(f"joined{axis}{is_new}", nodes, ["j"])
    nodes = [
        node("Optional", ["a"], ["o"]),
        node("OptionalHasElement", ["o"], ["h"]),
        node("OptionalGetElement", ["o"], ["g"]),
    ]
    chain("optional", nodes, ["h", "g"])

    for kind in ("RandomNormal", "RandomUniform"):
        for dtype in (TensorProto.FLOAT, TensorProto.DOUBLE, None):
            attributes = dict(shape=[2, 3]) if dtype is None else dict(shape=[2, 3], dtype=dtype)
            run(f"{dtype}", 17, kind, [], attributes)
            del attributes["shape"]
            run(f"{dtype}", 17, kind + "Like", [f32(2, 5)], attributes)
    run("plain", 17, "Multinomial", [f32(2, 5)], dict(sample_size=7))
    run("long", 17, "Multinomial", [f32(2, 5)], dict(sample_size=3, dtype=TensorProto.INT64))
    image = f32(1, 2, 8, 9)
    run("plain", 17, "GlobalLpPool", [image], {})
    regions = np.array([[0, 0, 0, 4, 4], [0, 1, 1, 6, 7]], np.float32)
    run("plain", 17, "MaxRoiPool", [image, regions], dict(pooled_shape=[3, 2]))
    for axis in (-1, 1):
        inputs = [f32(2, 3, 4), f32(*(2, 3, 4)[axis:])]
        run(f"{axis}", 17, "SimplifiedLayerNormalization", inputs, dict(axis=axis))
