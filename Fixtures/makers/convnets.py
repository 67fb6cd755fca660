# SPDX-License-Identifier: Apache-2.0
"""Convolutional networks: ResNet-50 as it is, and small branchy ones that run."""

import numpy as np

from .builder import FLOAT, INT64, GraphBuilder


def resnet50():
    """The 122 operators of ResNet-50 with batch norms folded; weights.bin does not exist."""
    graph = GraphBuilder("resnet50", opset=17, ir_version=8)
    x = graph.input("image", FLOAT, ["batch", 3, 224, 224])

    def conv(name, x, channels, features, kernel, stride=1):
        weight = graph.external_weight(f"{name}.weight", features, channels, kernel, kernel)
        bias = graph.external_weight(f"{name}.bias", features)
        pad = kernel // 2
        return graph.op(
            "Conv",
            [x, weight, bias],
            f"{name}.out",
            dilations=[1, 1],
            group=1,
            kernel_shape=[kernel, kernel],
            pads=[pad] * 4,
            strides=[stride, stride],
        )

    def relu(name, x):
        return graph.op("Relu", x, f"{name}.out")

    x = relu("relu", conv("conv1", x, 3, 64, 7, stride=2))
    x = graph.op("MaxPool", x, "maxpool.out", kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])
    channels = 64
    for layer, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            stride = 2 if block == 0 and layer > 1 else 1
            y = relu(f"{name}.relu1", conv(f"{name}.conv1", x, channels, width, 1))
            y = relu(f"{name}.relu2", conv(f"{name}.conv2", y, width, width, 3, stride))
            y = conv(f"{name}.conv3", y, width, 4 * width, 1)
            if block == 0:
                x = conv(f"{name}.downsample", x, channels, 4 * width, 1, stride)
            x = relu(f"{name}.relu3", graph.op("Add", [y, x], f"{name}.add.out"))
            channels = 4 * width
    x = graph.op("GlobalAveragePool", x, "avgpool.out")
    x = graph.op("Flatten", x, "flatten.out", axis=1)
    weight = graph.external_weight("fc.weight", 1000, 2048)
    bias = graph.external_weight("fc.bias", 1000)
    graph.op("Gemm", [x, weight, bias], "logits", name="fc", transB=1)
    graph.output("logits", FLOAT, ["batch", 1000])
    return graph


def squeezenet_like():
    """Fire modules, an inception module and a residual on 32x32 images, 1x1 to 5x5 kernels."""
    graph = GraphBuilder("squeezenet_like", opset=13, ir_version=7)
    x = graph.input("image", FLOAT, ["batch", 3, 32, 32])

    def conv(name, x, channels, features, kernel, group=1):
        weight = graph.weight(f"{name}.weight", features, channels // group, kernel, kernel)
        bias = graph.weight(f"{name}.bias", features)
        y = graph.op(
            "Conv",
            [x, weight, bias],
            f"{name}.out",
            group=group,
            kernel_shape=[kernel, kernel],
            pads=[kernel // 2] * 4,
        )
        return graph.op("Relu", y, f"{name}.relu.out")

    def pool(name, x, kind="MaxPool", stride=2, pad=0):
        return graph.op(
            kind, x, f"{name}.out", kernel_shape=[3, 3], pads=[pad] * 4, strides=[stride, stride]
        )

    def fire(name, x, channels, squeeze, expand):
        squeezed = conv(f"{name}.squeeze", x, channels, squeeze, 1)
        one = conv(f"{name}.expand1x1", squeezed, squeeze, expand, 1)
        three = conv(f"{name}.expand3x3", squeezed, squeeze, expand, 3)
        return graph.op("Concat", [one, three], f"{name}.concat.out", axis=1)

    def inception(name, x, channels):
        branches = [
            conv(f"{name}.one", x, channels, 8, 1),
            conv(f"{name}.three", conv(f"{name}.three_reduce", x, channels, 4, 1), 4, 8, 3),
            conv(f"{name}.five", conv(f"{name}.five_reduce", x, channels, 2, 1), 2, 4, 5),
            conv(f"{name}.pooled", pool(f"{name}.pool", x, stride=1, pad=1), channels, 4, 1),
        ]
        return graph.op("Concat", branches, f"{name}.concat.out", axis=1)

    x = pool("pool1", conv("conv1", x, 3, 16, 3))
    x = fire("fire2", x, 16, 4, 8)
    y = fire("fire3", x, 16, 4, 8)
    x = graph.op("Add", [x, y], "residual.out")
    x = pool("pool3", x)
    x = inception("inception4", x, 16)
    x = conv("depthwise5", x, 24, 24, 3, group=24)
    x = pool("pool5", x, kind="AveragePool")
    x = conv("classifier", x, 24, 10, 1)
    x = graph.op("ReduceMean", x, "mean.out", axes=[2, 3], keepdims=0)
    graph.op("Softmax", x, "probabilities", axis=1)
    graph.output("probabilities", FLOAT, ["batch", 10])
    # The best class besides, as int64: two results of different sizes.
    graph.op("ArgMax", x, "class", axis=1, keepdims=0)
    graph.output("class", INT64, ["batch"])
    return graph


def dense_block():
    """Three convolutions, each over all features so far, one behind the other, and a Split."""
    graph = GraphBuilder("dense_block", opset=13, ir_version=7)
    features = [graph.input("image", FLOAT, [1, 16, 8, 8])]

    def conv(name, x, channels, features):
        weight = graph.weight(f"{name}.weight", features, channels, 3, 3)
        y = graph.op(
            "Conv", [x, weight], f"{name}.out", kernel_shape=[3, 3], pads=[1, 1, 1, 1]
        )
        return graph.op("Relu", y, f"{name}.relu.out")

    joined = features[0]
    for layer in range(1, 4):
        features.append(conv(f"layer{layer}", joined, 16 * layer, 16))
        joined = graph.op("Concat", features, f"layer{layer}.concat.out", axis=1)
    parts = graph.constant("parts", np.array([4, 12], dtype=np.int64))
    halves = graph.op("Split", [conv("last", joined, 64, 16), parts], ["few", "many"], axis=1)
    graph.op("ReduceMean", halves[0], "mean", axes=[2, 3], keepdims=0)
    graph.op("ReduceMax", halves[1], "most", axes=[2, 3], keepdims=0)
    graph.output("mean", FLOAT, [1, 4])
    graph.output("most", FLOAT, [1, 12])
    return graph
