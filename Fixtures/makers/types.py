# SPDX-License-Identifier: Apache-2.0
"""Element types, shapes and names that most models do not have."""

import numpy as np
from onnx import TensorProto

from .builder import BOOL, FLOAT, FLOAT16, INT64, GraphBuilder, weights


def mixed_types():
    """Half floats, 4-bit integers, bools, scalars, empty tensors, absent inputs, odd names."""
    graph = GraphBuilder("mixed types", opset=21, ir_version=10)
    x = graph.input("x", FLOAT, ["batch", 6])
    graph.input("flag", BOOL, [])

    # Half precision, there and back.
    half = graph.op("Cast", x, "half", to=FLOAT16)
    scale = graph.constant("half scale", np.full(6, 0.5, np.float16))
    half = graph.op("Mul", [half, scale], "halved")
    back = graph.op("Cast", half, "half back", to=FLOAT)

    # Names that differ in bytes and look alike (one composed, one of two scalars), and one that
    # needs every escape.
    back = graph.op("Neg", back, "caf\u00e9")
    back = graph.op("Neg", back, "cafe\u0301")
    back = graph.op("Abs", back, 'tab\t, "quote", \\, line\nbreak and \u0001')

    # A 4-bit weight: 15 elements in 8 bytes; and values that are quantized on the way.
    packed = TensorProto(name="packed weight", data_type=TensorProto.INT4, dims=[5, 3])
    packed.raw_data = bytes([0x21, 0x43, 0x65, 0x87, 0xA9, 0xCB, 0xED, 0x0F])
    scale = graph.constant("scale", np.float32(0.125))
    weight = graph.op("DequantizeLinear", [graph.tensor(packed), scale], "unpacked weight")
    first, fifth, columns = graph.ints("first", 0), graph.ints("fifth", 5), graph.ints("columns", 1)
    five = graph.op("Slice", [x, first, fifth, columns], "five columns")
    product = graph.op("MatMul", [five, weight], "произведение", name="умножение ✕")
    zero = graph.constant("zero point", np.uint8(128))
    bytes_ = graph.op("QuantizeLinear", [product, scale, zero], "bytes")
    product = graph.op("DequantizeLinear", [bytes_, scale, zero], "dequantized bytes")
    seven = graph.tensor(TensorProto(name="seven", data_type=TensorProto.UINT4, raw_data=b"\x07"))
    nibbles = graph.op("QuantizeLinear", [product, scale, seven], "nibbles")
    product = graph.op("DequantizeLinear", [nibbles, scale, seven], "dequantized nibbles")

    # Bools and int64 scalars.
    positive = graph.op("Greater", [back, graph.constant("nought", np.float32(0))], "positive")
    chosen = graph.op("And", [positive, "flag"], "chosen")
    picked = graph.op("Where", [chosen, back, x], "picked", name="")
    size = graph.op("Size", x, "number of elements")
    size = graph.op("Mul", [size, graph.constant("two", np.int64(2))], "twice as many")

    # Nothing: zero rows, joined with what is there, and zero columns at the end.
    starts, ends, rows = graph.ints("starts", 2), graph.ints("ends", 2), graph.ints("rows", 0)
    nothing = graph.op("Slice", [picked, starts, ends, rows], "no rows")
    nothing = graph.op("Relu", nothing, "still no rows")
    joined = graph.op("Concat", [picked, nothing], "joined", axis=0)
    void = graph.constant("void", np.zeros((3, 0), np.float32))
    graph.op("MatMul", [product, void], "no columns")

    # Optional operands that are left out: Clip without a minimum, Dropout without its mask.
    clipped = graph.op("Clip", [joined, "", graph.constant("most", np.float32(2))], "clipped")
    graph.op("Dropout", clipped, "a result/with slashes:0", name="no  mask")
    graph.output("a result/with slashes:0", FLOAT, ["batch", 6])
    graph.output("произведение", FLOAT, ["batch", 3])
    graph.output("dequantized nibbles", FLOAT, ["batch", 3])
    graph.output("no columns", FLOAT, ["batch", 0])
    graph.output("twice as many", INT64, [])
    return graph


def old_style():
    """IR version 3, opset 9: every initializer is an input too, axes and bounds are attributes."""
    graph = GraphBuilder("old_style", opset=9, ir_version=3)
    graph.input("image", FLOAT, [1, 3, 16, 16])

    def weight(name, *shape):
        graph.weight(name, *shape)
        return graph.input(name, FLOAT, shape)

    def positive(name, *shape):
        graph.constant(name, np.abs(weights(name, *shape)) + np.float32(0.5))
        return graph.input(name, FLOAT, shape)

    kernel = weight("conv.weight", 8, 3, 3, 3)
    conv = graph.op("Conv", ["image", kernel], "conv", kernel_shape=[3, 3], auto_pad="SAME_UPPER")
    scale, bias = positive("norm.scale", 8), weight("norm.bias", 8)
    mean, variance = weight("norm.mean", 8), positive("norm.var", 8)
    norms = [conv, scale, bias, mean, variance]
    norm = graph.op("BatchNormalization", norms, "norm", epsilon=1e-5, momentum=0.9)
    clip = graph.op("Clip", norm, "clip", min=0.0, max=6.0)
    pool = graph.op("MaxPool", clip, "pool", kernel_shape=[2, 2], strides=[2, 2])
    scales = graph.constant("scales", np.array([1, 1, 2, 2], np.float32))
    graph.input("scales", FLOAT, [4])
    wide = graph.op("Upsample", [pool, scales], "wide", mode="nearest")
    both = graph.op("Sum", [wide, clip], "both")
    window = graph.op("Slice", both, "window", axes=[2, 3], starts=[1, 1], ends=[-1, -1])
    mean = graph.op("ReduceMean", window, "mean", axes=[2, 3], keepdims=1)
    flat = graph.op("Squeeze", mean, "flat", axes=[2, 3])
    dropped = graph.op("Dropout", flat, "dropped", ratio=0.5)
    tall = graph.op("Unsqueeze", dropped, "tall", axes=[2])
    shape = graph.ints("shape", 1, -1)
    graph.input("shape", INT64, [2])
    vector = graph.op("Reshape", [tall, shape], "vector")
    operands = [vector, weight("fc.weight", 8, 10), weight("fc.bias", 10)]
    scores = graph.op("Gemm", operands, "scores", alpha=1.0, beta=1.0)
    graph.op("Softmax", scores, "probabilities", axis=1)
    graph.output("probabilities", FLOAT, [1, 10])
    return graph


def passthrough():
    """No nodes at all: an input and an initializer are the outputs."""
    graph = GraphBuilder("passthrough", opset=17, ir_version=8)
    graph.input("x", FLOAT, [3, 5])
    graph.output("x", FLOAT, [3, 5])
    graph.weight("w", 4)
    graph.output("w", FLOAT, [4])
    return graph
