#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a synthetic training graph of N operators: residual MLP blocks, their gradients, updates.

Usage: make_synthetic.py N OUT.onnx

A block is a normalisation, two matrix products, an activation and a residual, 8 operators; its
backward part, 13 operators, reads what the forward part kept, which is what makes training graphs
hard: N/25 blocks keep their activations until the backward walk comes back. Four more operators
update the block's two weights. Weights are initializers without data, as external tensors.
"""
import sys

from onnx import TensorProto, helper

BATCH, WIDTH, HIDDEN = 32, 256, 1024


class Builder:
    def __init__(self):
        self.nodes, self.weights, self.offset = [], [], 0

    def op(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def weight(self, name, *shape):
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        length = 4
        for extent in shape:
            length *= extent
        for key, value in ("location", "weights.bin"), ("offset", self.offset), ("length", length):
            tensor.external_data.add(key=key, value=str(value))
        self.offset += (length + 4095) // 4096 * 4096
        self.weights.append(tensor)
        return name


def build(count):
    b = Builder()
    blocks = max(1, count // 25)
    b.weight("rate", 1)
    kept, x = [], "x"
    for block in range(blocks):
        up = b.weight(f"up_{block}", WIDTH, HIDDEN)
        down = b.weight(f"down_{block}", HIDDEN, WIDTH)
        mean = b.op("ReduceMean", x, axes=[1], keepdims=1)
        centred = b.op("Sub", x, mean)
        hidden = b.op("MatMul", centred, up)
        gate = b.op("Sigmoid", hidden)
        active = b.op("Mul", hidden, gate)
        projected = b.op("MatMul", active, down)
        scaled = b.op("Tanh", projected)
        kept.append((up, down, centred, hidden, gate, active, scaled))
        x = b.op("Add", x, scaled)
    gradient = b.op("Neg", x)
    outputs = []
    for block in reversed(range(blocks)):
        up, down, centred, hidden, gate, active, scaled = kept[block]
        squared = b.op("Mul", scaled, scaled)
        through = b.op("Sub", gradient, squared)
        down_t = b.op("Transpose", down, perm=[1, 0])
        d_active = b.op("MatMul", through, down_t)
        active_t = b.op("Transpose", active, perm=[1, 0])
        d_down = b.op("MatMul", active_t, through)
        d_gate = b.op("Mul", d_active, hidden)
        d_hidden = b.op("Mul", d_active, gate)
        d_sum = b.op("Add", d_hidden, d_gate)
        up_t = b.op("Transpose", up, perm=[1, 0])
        d_centred = b.op("MatMul", d_sum, up_t)
        centred_t = b.op("Transpose", centred, perm=[1, 0])
        d_up = b.op("MatMul", centred_t, d_sum)
        for weight, slope in (down, d_down), (up, d_up):
            step = b.op("Mul", slope, "rate")
            outputs.append(b.op("Sub", weight, step))
        gradient = b.op("Add", gradient, d_centred)
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        b.nodes, f"synthetic{len(b.nodes)}",
        [info("x", TensorProto.FLOAT, [BATCH, WIDTH])],
        [info(gradient, TensorProto.FLOAT, [BATCH, WIDTH])]
        + [info(o, TensorProto.FLOAT, None) for o in outputs],
        b.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    model = build(int(sys.argv[1]))
    with open(sys.argv[2], "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    print(f"{sys.argv[2]}: {len(model.graph.node)} operators")
