#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ResNeXt-50, DenseNet-121 and R2Plus1D-18 as 8-bit inference graphs, structure only.

    make_cosma_models.py FOLDER

These are the models of COSMA's evaluation (arXiv 2311.18246) in which spilling can happen between its
bounds: in the others the largest operator alone needs what the whole order does. As runtimes for 8-bit
models have them: normalisation and activation are part of the convolution or addition before them, and
one operator of their own behind a concatenation or pool; no weights, one byte an element, one image of
224 x 224, or 16 frames of 112 x 112.
"""

import sys

import onnx
from onnx import TensorProto, helper


class Builder:
    """A network as it grows: every layer takes and gives the name of a tensor."""

    def __init__(self, *shape):
        self.shapes = {"input": list(shape)}
        self.nodes = []

    def add(self, kind, reads, shape):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, reads, [name], name=name, domain="pkg.aten"))
        self.shapes[name] = shape
        return name

    def conv(self, x, channels, kernel, stride=1):
        """A convolution that keeps the extents but for its stride; kernel and stride per axis."""
        shape = self.shapes[x]
        strides = [stride] * (len(shape) - 2) if isinstance(stride, int) else stride
        extents = [-(-extent // step) for extent, step in zip(shape[2:], strides)]
        return self.add("convolution", [x], [shape[0], channels, *extents])

    def pool(self, x, stride=2):
        shape = self.shapes[x]
        return self.add("max_pool2d", [x], shape[:2] + [-(-e // stride) for e in shape[2:]])

    def sum(self, a, b):
        return self.add("add", [a, b], self.shapes[a])

    def norm(self, x):
        return self.add("batch_norm_relu", [x], self.shapes[x])

    def concat(self, parts):
        shape = list(self.shapes[parts[0]])
        shape[1] = sum(self.shapes[part][1] for part in parts)
        return self.add("cat", parts, shape)

    def head(self, x, classes):
        mean = self.add("mean", [x], self.shapes[x][:2])
        return self.add("addmm", [mean], [self.shapes[x][0], classes])

    def model(self, name, result):
        def info(tensor):
            return helper.make_tensor_value_info(tensor, TensorProto.UINT8, self.shapes[tensor])

        inner = [info(t) for t in self.shapes if t not in ("input", result)]
        graph = helper.make_graph(
            self.nodes, name, [info("input")], [info(result)], value_info=inner
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("pkg.aten", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def resnext50():
    net = Builder(1, 3, 224, 224)
    x = net.pool(net.conv("input", 64, 7, 2))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width, channels = 128 << stage, 256 << stage
        for block in range(blocks):
            stride = 2 if block == 0 and stage else 1
            y = net.conv(net.conv(x, width, 1), width, 3, stride)
            y = net.conv(y, channels, 1)
            x = net.sum(y, net.conv(x, channels, 1, stride) if block == 0 else x)
    return net.model("resnext50", net.head(x, 1000))


def densenet121():
    net = Builder(1, 3, 224, 224)
    x = net.pool(net.conv("input", 64, 7, 2))
    for stage, layers in enumerate((6, 12, 24, 16)):
        features = [x]
        for _ in range(layers):
            y = net.concat(features) if len(features) > 1 else features[0]
            features.append(net.conv(net.conv(net.norm(y), 128, 1), 32, 3))
        x = net.norm(net.concat(features))
        if stage < 3:
            x = net.pool(net.conv(x, net.shapes[x][1] // 2, 1))
    return net.model("densenet121", net.head(x, 1000))


def r2plus1d():
    net = Builder(1, 3, 16, 112, 112)

    def factored(x, channels, stride):
        """A spatial convolution and one over time, as wide between as the whole one would be."""
        source = net.shapes[x][1]
        between = source * channels * 27 // (source * 9 + 3 * channels)
        y = net.conv(x, between, (1, 3, 3), (1, stride, stride))
        return net.conv(y, channels, (3, 1, 1), (stride, 1, 1))

    x = net.conv(net.conv("input", 45, (1, 7, 7), (1, 2, 2)), 64, (3, 1, 1))
    for stage in range(4):
        channels = 64 << stage
        for block in range(2):
            stride = 2 if block == 0 and stage else 1
            y = factored(factored(x, channels, stride), channels, 1)
            x = net.sum(y, net.conv(x, channels, 1, stride) if stride == 2 else x)
    return net.model("r2plus1d", net.head(x, 400))


def main():
    for build in (resnext50, densenet121, r2plus1d):
        onnx.save(build(), f"{sys.argv[1]}/{build.__name__}.onnx")


if __name__ == "__main__":
    main()
