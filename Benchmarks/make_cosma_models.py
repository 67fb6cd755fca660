#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes three of the networks of COSMA's evaluation as 8-bit ONNX models, structure only: those in
which the peak of an order is above what the largest operator needs.

Usage: make_cosma_models.py FOLDER

resnext50-int8     ResNeXt-50 32x4d, 224 x 224
densenet121-int8   DenseNet-121, 224 x 224
r2plus1d-int8      R(2+1)D-18, 16 frames of 224 x 224

Activations are unsigned bytes, batch 1. Batch normalization and ReLU are an operator of their own, a
convolution of each channel by itself, as in the graphs that frameworks have; only in DenseNet-121 the
one between the two convolutions of a layer is part of the first. Written from the published
architectures; weights are external and missing. Needs onnx.
"""
import os
import sys

import onnx
from onnx import TensorProto, helper


class Network:
    """A graph of quantized operators in the making."""

    def __init__(self, name, shape):
        self.name = name
        self.shape = shape
        self.nodes = []
        self.weights = {}
        self.count = 0
        self.channels = {"x": shape[1]}
        self.extents = {"x": shape[2:]}

    def weight(self, name, kind, dims):
        if name not in self.weights:
            # External and missing: nobody reads them.
            tensor = TensorProto(
                name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
            tensor.external_data.add(key="location", value="weights.bin")
            self.weights[name] = tensor
        return name

    def scale(self):
        return self.weight("scale", TensorProto.FLOAT, [])

    def zero(self):
        return self.weight("zero", TensorProto.UINT8, [])

    def op(self, kind, inputs, channels, extents, domain="", **attributes):
        self.count += 1
        output = f"{kind.lower()}_{self.count}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        self.channels[output] = channels
        self.extents[output] = extents
        return output

    def conv(self, value, channels, kernel, stride=1, pad=None, groups=1):
        own, extents = self.channels[value], self.extents[value]
        kernel = kernel if isinstance(kernel, tuple) else (kernel,) * len(extents)
        stride = stride if isinstance(stride, tuple) else (stride,) * len(extents)
        pad = tuple(size // 2 for size in kernel) if pad is None else pad
        name = f"conv_{self.count + 1}"
        weights = self.weight(
            f"{name}.weight", TensorProto.INT8, [channels, own // groups, *kernel])
        bias = self.weight(f"{name}.bias", TensorProto.INT32, [channels])
        point = self.weight("weight_zero", TensorProto.INT8, [])
        made = [(e + 2 * p - k) // s + 1 for e, p, k, s in zip(extents, pad, kernel, stride)]
        inputs = [value, self.scale(), self.zero(), weights, self.scale(), point, self.scale(),
                  self.zero(), bias]  # fmt: skip
        return self.op(
            "QLinearConv", inputs, channels, made, kernel_shape=list(kernel),
            strides=list(stride), pads=[*pad, *pad], group=groups)

    def normalize(self, value):
        return self.conv(value, self.channels[value], 1, groups=self.channels[value])

    def add(self, a, b):
        inputs = [a, self.scale(), self.zero(), b, self.scale(), self.zero(), self.scale(),
                  self.zero()]  # fmt: skip
        return self.op(
            "QLinearAdd", inputs, self.channels[a], self.extents[a], "com.microsoft")

    def concat(self, values):
        channels = sum(self.channels[value] for value in values)
        return self.op("Concat", values, channels, self.extents[values[0]], axis=1)

    def pool(self, value, kernel, stride, pad):
        extents = [(e + 2 * pad - kernel) // stride + 1 for e in self.extents[value]]
        dims = len(extents)
        return self.op(
            "MaxPool", [value], self.channels[value], extents, kernel_shape=[kernel] * dims,
            strides=[stride] * dims, pads=[pad] * 2 * dims)

    def average(self, value):
        """The mean of each 2 x 2 square, as a convolution of each channel by itself."""
        channels = self.channels[value]
        return self.conv(value, channels, 2, 2, (0, 0), groups=channels)

    def classify(self, value, classes):
        channels = self.channels[value]
        inputs = [value, self.scale(), self.zero(), self.scale(), self.zero()]
        ones = [1] * len(self.extents[value])
        mean = self.op("QLinearGlobalAveragePool", inputs, channels, ones, "com.microsoft")
        flat = self.op("Flatten", [mean], channels, [])
        weights = self.weight("classifier.weight", TensorProto.UINT8, [channels, classes])
        inputs = [flat, self.scale(), self.zero(), weights, self.scale(), self.zero(),
                  self.scale(), self.zero()]  # fmt: skip
        return self.op("QLinearMatMul", inputs, classes, [])

    def model(self, result, classes):
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("x", TensorProto.UINT8, self.shape)],
            [helper.make_tensor_value_info(result, TensorProto.UINT8, [1, classes])],
            list(self.weights.values()))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(
            graph, ir_version=9, opset_imports=opsets, producer_name="graphopt-cosma")


def resnext50():
    net = Network("resnext50-int8", [1, 3, 224, 224])
    value = net.pool(net.normalize(net.conv("x", 64, 7, 2)), 3, 2, 1)
    for stage, count in enumerate([3, 4, 6, 3]):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            width, result = 128 << stage, 256 << stage
            inner = net.normalize(net.conv(value, width, 1))
            inner = net.normalize(net.conv(inner, width, 3, stride, groups=32))
            inner = net.normalize(net.conv(inner, result, 1))
            passed = value
            if block == 0:
                passed = net.normalize(net.conv(value, result, 1, stride))
            value = net.add(inner, passed)
    return net.model(net.classify(value, 1000), 1000)


def densenet121(growth=32):
    net = Network("densenet121-int8", [1, 3, 224, 224])
    value = net.pool(net.conv("x", 64, 7, 2), 3, 2, 1)
    counts = [6, 12, 24, 16]
    for stage, count in enumerate(counts):
        made = [value]
        for _ in range(count):
            joined = net.concat(made) if len(made) > 1 else value
            inner = net.conv(net.normalize(joined), 4 * growth, 1)
            made.append(net.conv(inner, growth, 3))
        value = net.normalize(net.concat(made))
        if stage + 1 < len(counts):
            value = net.average(net.conv(value, net.channels[value] // 2, 1))
    return net.model(net.classify(value, 1000), 1000)


def r2plus1d():
    net = Network("r2plus1d-int8", [1, 3, 16, 224, 224])

    def factored(value, channels, stride=1):
        own = net.channels[value]
        # As many weights as a full 3 x 3 x 3 convolution has.
        middle = own * channels * 27 // (own * 9 + 3 * channels)
        inner = net.normalize(net.conv(value, middle, (1, 3, 3), (1, stride, stride)))
        return net.normalize(net.conv(inner, channels, (3, 1, 1), (stride, 1, 1)))

    value = net.normalize(net.conv("x", 45, (1, 7, 7), (1, 2, 2)))
    value = net.normalize(net.conv(value, 64, (3, 1, 1)))
    for stage in range(4):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            channels = 64 << stage
            inner = factored(factored(value, channels, stride), channels)
            passed = value
            if stride > 1:
                passed = net.normalize(net.conv(value, channels, 1, stride))
            value = net.add(inner, passed)
    return net.model(net.classify(value, 400), 400)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for model in [resnext50(), densenet121(), r2plus1d()]:
        onnx.save(model, os.path.join(folder, f"{model.graph.name}.onnx"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
