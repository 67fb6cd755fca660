# SPDX-License-Identifier: Apache-2.0
"""Writes computation graphs as ONNX models, and the gradients and updates of what was written.

A tape records every operator with the shape of its result. `gradients` walks it backwards and adds
an operator for each gradient, kept inputs and all; `update` adds Adam's operators. Operators
that ONNX has are written as such; the others are of the domain "synthetic" and do nothing but have
a size. Weights are initializers without data, as external tensors.
"""
from onnx import TensorProto, helper

ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Relu", "Sigmoid", "Tanh", "Sqrt", "Neg"}
STANDARD = ELEMENTWISE | {"MatMul", "Softmax", "Concat", "Transpose", "ReduceMean"}
# Operators whose gradient reads the result instead of the inputs.
KEEPS_RESULT = {"Relu", "Sigmoid", "Tanh", "Softmax"}


class Tape:
    def __init__(self, name):
        self.name = name
        self.nodes, self.records, self.weights, self.inputs, self.outputs = [], [], [], [], []
        self.shapes, self.offset = {}, 0

    def input(self, name, shape):
        self.inputs.append(name)
        self.shapes[name] = list(shape)
        return name

    def output(self, name):
        self.outputs.append(name)

    def weight(self, shape):
        name = f"w{len(self.weights)}"
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        length = 4
        for extent in shape:
            length *= extent
        for key, value in ("location", "weights.bin"), ("offset", self.offset), ("length", length):
            tensor.external_data.add(key=key, value=str(value))
        self.offset += (length + 4095) // 4096 * 4096
        self.weights.append(tensor)
        self.shapes[name] = list(shape)
        return name

    def emit(self, kind, inputs, shape=None, **attributes):
        """An operator that `gradients` does not see; without a shape, the reader has to infer it."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        domain = "" if kind in STANDARD else "synthetic"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes))
        if shape:
            self.shapes[name] = list(shape)
        return name

    def op(self, kind, inputs, shape=None, **attributes):
        """An operator that `gradients` differentiates; like its first input unless told."""
        name = self.emit(kind, inputs, shape or self.shapes[inputs[0]], **attributes)
        self.records.append((kind, list(inputs), name))
        return name

    def gradients(self, loss):
        """Adds the backward walk from a tensor; returns the gradient of each weight, in order."""
        slopes = {loss: self.emit("LossGradient", [loss], self.shapes[loss])}
        fixed = set(self.inputs)
        for kind, inputs, result in reversed(self.records):
            if result not in slopes:
                continue
            slope = slopes.pop(result)
            for position, operand in enumerate(inputs):
                if operand in fixed:
                    continue
                shape = self.shapes[operand]
                if kind in ("Add", "Sub") and shape == self.shapes[result]:
                    part = slope
                else:
                    kept = [result] if kind in KEEPS_RESULT else [
                        other for index, other in enumerate(inputs)
                        if index != position or kind not in ("MatMul", "Mul", "Conv")]
                    if kind == "Concat":
                        kept = []
                    part = self.emit(f"{kind}Gradient", [slope, *kept], shape)
                if operand in slopes:
                    part = self.emit("Add", [slopes[operand], part], shape)
                slopes[operand] = part
        return [(w.name, slopes[w.name]) for w in self.weights if w.name in slopes]

    def update(self, weight, slope):
        """Adds Adam's update of a weight; the moments come in and go out with it."""
        shape = self.shapes[weight]
        mean, square = (self.input(f"{weight}_{m}", shape) for m in ("mean", "square"))
        mean = self.emit("MomentDecay", [mean, slope], shape)
        square = self.emit("MomentDecay", [square, self.emit("Mul", [slope, slope], shape)], shape)
        root = self.emit("Sqrt", [square], shape)
        step = self.emit("Div", [mean, root], shape)
        for result in mean, square, self.emit("Sub", [weight, step], shape):
            self.output(result)

    def model(self):
        def info(name):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shapes.get(name))

        ends = set(self.outputs)
        made = [n.output[0] for n in self.nodes]
        made = [name for name in made if name not in ends and name in self.shapes]
        graph = helper.make_graph(
            self.nodes, self.name, [info(n) for n in self.inputs], [info(n) for n in self.outputs],
            self.weights, value_info=[info(n) for n in made])
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("synthetic", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def save(model, path):
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    print(f"{path}: {len(model.graph.node)} operators")
