#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs operators in onnxruntime with a result in the very bytes of an operand.

The argument is JSON: a list of [domain, operator, input, number of inputs]. Prints a list of
outcomes: `same` (the result is that of running with bytes apart), `differs`, or `not run: ...`.
"""

import json
import sys

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

COUNT = 50_000  # enough for kernels to work in blocks and threads
NUMBERS = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.bool_): TensorProto.BOOL,
}

random = np.random.default_rng(1)


def real(*shape):
    return random.uniform(0.1, 0.9, shape or (COUNT,)).astype(np.float32)


def truth():
    return random.integers(0, 2, COUNT).astype(bool)


def whole(kind=np.int32):
    return random.integers(1, 100, COUNT).astype(kind)


SCALE, ZERO = np.float32(0.1) * np.ones((), np.float32), np.array(3, np.uint8)
MATRIX = (250, 200)

# The operands, attributes, and operator set where those of real numbers will not do.
SPECIAL = {
    "And": ([truth, truth], {}),
    "Or": ([truth, truth], {}),
    "Xor": ([truth, truth], {}),
    "Not": ([truth], {}),
    "Equal": ([truth, truth], {}),
    "BitShift": ([lambda: whole(np.uint8)] * 2, dict(direction="LEFT")),
    "BitwiseAnd": ([whole, whole], {}),
    "BitwiseOr": ([whole, whole], {}),
    "BitwiseXor": ([whole, whole], {}),
    "BitwiseNot": ([whole], {}),
    "Mod": ([real, real], dict(fmod=1)),
    "Where": ([truth, real, real], {}),
    "Acosh": ([lambda: real() + 1], {}),
    "Clip": ([real, lambda: np.float32(0.3) * np.ones((), np.float32)], {}),
    "PRelu": ([real, real], {}),
    "Trilu": ([lambda: real(*MATRIX)], {}),
    "BatchNormalization": (
        [lambda: real(50, 10, 100)] + [lambda: real(10)] * 4,
        {},
    ),
    "Scatter": ([real, lambda: np.arange(99, -1, -1), lambda: real(100)], {}),
    "ScatterElements": ([real, lambda: np.arange(99, -1, -1), lambda: real(100)], {}),
    "ScatterND": (
        [real, lambda: np.arange(99, -1, -1).reshape(100, 1), lambda: real(100)],
        {},
    ),
    "TensorScatter": (
        [lambda: real(2, 100, 250), lambda: real(2, 10, 250), lambda: np.array([3, 70])],
        dict(axis=1),
    ),
    "QLinearAdd": ([lambda: whole(np.uint8), SCALE, ZERO] * 2 + [SCALE, ZERO], {}),
    "QLinearMul": ([lambda: whole(np.uint8), SCALE, ZERO] * 2 + [SCALE, ZERO], {}),
    "QLinearWhere": (
        [truth] + [lambda: whole(np.uint8), SCALE, ZERO] * 2 + [SCALE, ZERO],
        {},
    ),
    "QLinearSigmoid": ([lambda: whole(np.uint8), SCALE, ZERO, SCALE, ZERO], {}),
    "QLinearLeakyRelu": ([lambda: whole(np.uint8), SCALE, ZERO, SCALE, ZERO], {}),
    "BiasGelu": ([lambda: real(COUNT), lambda: real(COUNT)], {}),
    "GatedAdd": ([lambda: real(*MATRIX), lambda: real(*MATRIX), lambda: real(250, 1)], {}),
    "Bernoulli": ([real], dict(seed=7.0)),
    "Cast": ([real], dict(to=TensorProto.FLOAT)),
    "CastLike": ([real, real], {}),
    "ImageScaler": ([lambda: real(1, 2, 100, 250)], dict(scale=2.0, bias=[1.0, 2.0])),
    "Scale": ([real], dict(scale=2.0)),
    "Affine": ([real], dict(alpha=2.0, beta=1.0)),
    "ParametricSoftplus": ([real], dict(alpha=2.0, beta=1.0)),
    "ScaledTanh": ([real], dict(alpha=2.0, beta=1.0)),
}
# The operator set for those that came late or are gone from later ones; 21 for all others.
OPSETS = dict.fromkeys(["Affine", "ImageScaler", "ParametricSoftplus", "Scale", "ScaledTanh"], 9)
OPSETS.update(Scatter=10, TensorScatter=24, Swish=24)


def outcome(domain, kind, index, count):
    makers, attributes = SPECIAL.get(kind, ([real] * count, {}))
    inputs = [np.array(m() if callable(m) else m, order="C") for m in makers]
    if index >= len(inputs):
        return "not run: it has no such operand"
    names = [f"i{k}" for k in range(len(inputs))]
    node = helper.make_node(kind, names, ["o"], domain=domain, **attributes)
    infos = [
        helper.make_tensor_value_info(n, NUMBERS[v.dtype], v.shape) for n, v in zip(names, inputs)
    ]
    graph = helper.make_graph([node], "g", infos, [helper.make_empty_tensor_value_info("o")])
    opsets = [helper.make_opsetid("", OPSETS.get(kind, 21))]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        expected = session.run(None, dict(zip(names, inputs)))[0]
    except Exception as error:  # onnxruntime's own exceptions have no common base class
        return f"not run: {str(error).splitlines()[0][:160]}"
    if expected.dtype != inputs[index].dtype or expected.shape != inputs[index].shape:
        return "not run: the result has another form"
    binding = session.io_binding()
    values = [ort.OrtValue.ortvalue_from_numpy(v.copy()) for v in inputs]
    for name, value in zip(names, values):
        binding.bind_ortvalue_input(name, value)
    binding.bind_ortvalue_output("o", values[index])
    session.run_with_iobinding(binding)
    result = values[index].numpy()
    return "same" if np.array_equal(result, expected, equal_nan=True) else "differs"


def main():
    ort.set_default_logger_severity(4)
    print(json.dumps([outcome(*use) for use in json.loads(sys.argv[1])], indent=0))


if __name__ == "__main__":
    main()
