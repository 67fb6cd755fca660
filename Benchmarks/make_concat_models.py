#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes convolutional networks that put tensors behind one another, at batch 1.

Usage: make_concat_models.py FOLDER

densenet121        every layer's Concat lists all features of its block, as PyTorch's exporter has it
densenet121_chain  every layer's Concat takes the one before and the new features
dense_relu         DenseNet-121's blocks of convolutions and Relu alone, without normalisation
esrgan_trunk       four residual-in-residual dense blocks at 128 x 128
inception          nine inception modules at 28 x 28
unet               four levels from 256 x 256, each skip connection a Concat

Weights are external and missing, as a planner may find them.
"""
import os
import sys

from onnx import TensorProto, helper

from make_synthetic import Builder


class Network(Builder):
    def conv(self, x, inputs, outputs, size, stride=1):
        w = self.weight(f"w{len(self.weights)}", outputs, inputs, size, size)
        bias = self.weight(f"b{len(self.weights)}", outputs)
        return self.op("Conv", x, w, bias, kernel_shape=[size, size], strides=[stride, stride],
                       pads=[size // 2] * 4)

    def norm(self, x, channels):
        names = [self.weight(f"n{len(self.weights)}", channels) for _ in range(4)]
        return self.op("BatchNormalization", x, *names)

    def concat(self, *parts):
        return self.op("Concat", *parts, axis=1)

    def pool(self, kind, x, size=2, stride=2, pad=0):
        return self.op(kind, x, kernel_shape=[size, size], strides=[stride, stride],
                       pads=[pad] * 4)


def densenet(is_chain=False, is_normalised=True, growth=32):
    b = Network()
    before = (lambda x, c: b.op("Relu", b.norm(x, c))) if is_normalised else lambda x, c: x
    x = b.pool("MaxPool", b.op("Relu", b.conv("x", 3, 64, 7, 2)), 3, 2, 1)
    channels = 64
    for block, layers in enumerate((6, 12, 24, 16)):
        features, first, joined = [x], channels, x
        for layer in range(layers):
            channels = first + layer * growth
            y = b.op("Relu", b.conv(before(joined, channels), channels, 4 * growth, 1))
            y = b.conv(y, 4 * growth, growth, 3)
            if not is_normalised:
                y = b.op("Relu", y)
            features.append(y)
            joined = b.concat(joined, y) if is_chain else b.concat(*features)
        channels = first + layers * growth
        x = before(joined, channels)
        if block < 3:
            channels //= 2
            x = b.pool("AveragePool", b.conv(x, 2 * channels, channels, 1))
    x = b.op("Flatten", b.op("GlobalAveragePool", x))
    w = b.weight("w_last", channels, 1000)
    return b, b.op("MatMul", x, w), [1, 3, 224, 224]


def esrgan_trunk(blocks=4, features=64, growth=32):
    b = Network()
    x = start = b.conv("x", 3, features, 3)
    for _ in range(blocks):
        inner = x
        for _ in range(3):
            parts = [inner]
            for layer in range(4):
                whole = b.concat(*parts) if layer else inner
                y = b.conv(whole, features + layer * growth, growth, 3)
                parts.append(b.op("LeakyRelu", y, alpha=0.2))
            y = b.conv(b.concat(*parts), features + 4 * growth, features, 3)
            inner = b.op("Add", b.op("Mul", y, "fifth"), inner)
        x = b.op("Add", b.op("Mul", inner, "fifth"), x)
    b.weight("fifth", 1)
    return b, b.op("Add", b.conv(x, features, features, 3), start), [1, 3, 128, 128]


def inception():
    b = Network()
    x, channels = b.op("Relu", b.conv("x", 192, 192, 3)), 192
    for _ in range(9):
        relu = lambda *arguments: b.op("Relu", b.conv(*arguments))
        parts = [
            relu(x, channels, 64, 1),
            relu(relu(x, channels, 96, 1), 96, 128, 3),
            relu(relu(x, channels, 16, 1), 16, 32, 5),
            relu(b.pool("MaxPool", x, 3, 1, 1), channels, 32, 1),
        ]
        x, channels = b.concat(*parts), 256
    return b, x, [1, 192, 28, 28]


def unet(width=64):
    b = Network()

    def double(x, inputs, outputs):
        x = b.op("Relu", b.conv(x, inputs, outputs, 3))
        return b.op("Relu", b.conv(x, outputs, outputs, 3))

    x, skips = double("x", 3, width), []
    for _ in range(4):
        skips.append((x, width))
        x = double(b.pool("MaxPool", x), width, 2 * width)
        width *= 2
    for skip, channels in reversed(skips):
        w = b.weight(f"u{channels}", width, channels, 2, 2)
        up = b.op("ConvTranspose", x, w, kernel_shape=[2, 2], strides=[2, 2])
        x = double(b.concat(skip, up), 2 * channels, channels)
        width = channels
    return b, b.conv(x, width, 2, 1), [1, 3, 256, 256]


MODELS = {
    "densenet121": densenet,
    "densenet121_chain": lambda: densenet(is_chain=True),
    "dense_relu": lambda: densenet(is_normalised=False),
    "esrgan_trunk": esrgan_trunk,
    "inception": inception,
    "unet": unet,
}


def model(name):
    builder, output, shape = MODELS[name]()
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        builder.nodes, name, [info("x", TensorProto.FLOAT, shape)],
        [info(output, TensorProto.FLOAT, None)], builder.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in MODELS:
        path = os.path.join(sys.argv[1], f"{name}.onnx")
        with open(path, "wb") as file:
            file.write(model(name).SerializeToString(deterministic=True))
        print(path)
