#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Captures training steps of torchvision's networks as ONNX files in the pkg.aten convention.

Usage: capture_training.py FOLDER [NETWORK-bBATCH]...

One step is forward, loss, backward and Adam, in the order in which PyTorch runs them eagerly, traced
over fake tensors without decompositions. The loss is the sum of all outputs, as in ROAM's artifact.
Without names the graphs behind ROAM's published figures are written, NAME-train-bBATCH-adam.onnx;
training_variants.py makes other optimizers' graphs of them. Needs onnx and
Tests/Peers/requirements-torch.txt.
"""
import json
import operator
import os
import sys
import types
from unittest import mock

import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import get_proxy_mode, make_fx

try:
    import torchvision
except RuntimeError:
    # Its compiled operators do not fit this build of torch; the networks use none of them.
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("unused")
    import torchvision

# Those of ROAM's rows whose graphs are the same or nearly so.
NETWORKS = [
    "alexnet-b1", "alexnet-b32", "vgg11-b1", "vgg11-b32", "mnasnet0_5-b1", "mnasnet0_5-b32",
    "efficientnet_b0-b1",
]  # fmt: skip

ELEMENT_TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.float64: TensorProto.DOUBLE,
    torch.float16: TensorProto.FLOAT16,
    torch.bfloat16: TensorProto.BFLOAT16,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.uint8: TensorProto.UINT8,
    torch.bool: TensorProto.BOOL,
}


class Unsupported(Exception):
    """Something in a graph that the convention has no words for."""


def trace(model, image):
    """The graph of one step, the names of its inputs, and after which nodes each phase ends."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        def fake(tensor, **options):
            return torch.empty_strided(
                tensor.size(), tensor.stride(), dtype=tensor.dtype, device="cpu", **options)

        params = {name: fake(p, requires_grad=True) for name, p in model.named_parameters()}
        buffers = {name: fake(b) for name, b in model.named_buffers()}
        means = {name: fake(p) for name, p in model.named_parameters()}
        squares = {name: fake(p) for name, p in model.named_parameters()}
        pixels = torch.empty(image)
    phases = {}

    def enter(phase):
        phases[phase] = {node.name for node in get_proxy_mode().tracer.graph.nodes}

    def step(params, buffers, means, squares, pixels):
        loss = functional_call(model, {**params, **buffers}, (pixels,)).sum()
        enter("backward")
        gradients = torch.autograd.grad(loss, list(params.values()))
        enter("optimizer")
        with torch.no_grad():
            for name, gradient in zip(params, gradients):
                # torch.optim.Adam, one tensor at a time, at step 10.
                means[name].lerp_(gradient, 0.1)
                squares[name].mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                share = squares[name].sqrt().div(0.09977534413337708).add_(1e-8)
                params[name].addcdiv_(means[name], share, value=-0.001535339979454875)
        return [loss.detach()]

    # As on a GPU: one operator that also makes the mask.
    def dropout(value, p=0.5, training=True, inplace=False):
        return torch.ops.aten.native_dropout(value, p, training)[0] if training else value

    with mock.patch.object(F, "dropout", dropout):
        graph = make_fx(step, tracing_mode="fake")(
            params, buffers, means, squares, pixels).graph
    names = [
        *(f"param::{name}" for name in params), *(f"buffer::{name}" for name in buffers),
        *(f"adam_m::{name}" for name in means), *(f"adam_v::{name}" for name in squares),
        "input::x",
    ]  # fmt: skip
    return graph, names, phases


class Writer:
    """Writes a traced graph down node by node, values in SSA form."""

    def __init__(self, name, phases):
        self.name = name
        self.phases = phases
        self.nodes = []
        self.inputs = []
        self.results = []
        # By name: the type, the tensor (which also keeps its storage from being freed and its key
        # from being used again), and the position of the node that made it.
        self.types = {}
        self.tensors = {}
        self.stamps = {}
        # By node of the traced graph: the name and tensor that it stands for, or a list of them.
        self.values = {}
        # By storage: its newest version, and the value that it began as.
        self.versions = {}
        self.roots = {}

    @staticmethod
    def storage(tensor):
        return tensor.untyped_storage()._cdata

    def typed(self, name, tensor):
        self.types[name] = helper.make_tensor_value_info(
            name, ELEMENT_TYPES[tensor.dtype], list(tensor.shape))
        self.tensors[name] = tensor
        self.stamps[name] = len(self.nodes) if name not in self.inputs else -1
        return name

    def argument(self, node, name):
        tensor = node.meta["val"]
        self.inputs.append(name)
        self.typed(name, tensor)
        self.values[node] = (name, tensor)
        self.adopt(name, tensor)
        self.roots[self.storage(tensor)] = name

    def adopt(self, name, tensor):
        """Makes a value the newest version of its storage."""
        self.versions[self.storage(tensor)] = (name, tensor)

    def current(self, node):
        """The name by which a node reads a value, after all updates in place before it."""
        name, tensor = self.values[node]
        newest, whole = self.versions[self.storage(tensor)]
        if self.stamps[name] >= self.stamps[newest]:
            return name
        same = (whole.shape, whole.stride(), whole.storage_offset())
        if same != (tensor.shape, tensor.stride(), tensor.storage_offset()):
            raise Unsupported(f"'{name}' is a view that is read after its bytes are updated")
        return newest

    def run(self, graph, names):
        placeholders = [node for node in graph.nodes if node.op == "placeholder"]
        if len(placeholders) != len(names):
            raise Unsupported("the step has other inputs than it was given")
        for node, name in zip(placeholders, names):
            self.argument(node, name)
        for node in graph.nodes:
            if node.op == "call_function" and node.target is operator.getitem:
                self.values[node] = self.values[node.args[0]][node.args[1]]
            elif node.op == "call_function":
                self.operation(node)
            elif node.op == "output":
                self.results = [self.values[value][0] for value in node.args[0]]
            elif node.op != "placeholder":
                raise Unsupported(f"{node.op} '{node.name}'")

    def phase(self, node):
        if node.name in self.phases["backward"]:
            return "forward"
        return "backward" if node.name in self.phases["optimizer"] else "optimizer"

    def operation(self, node):
        overload = node.target
        arguments = overload._schema.arguments
        given = dict(zip((argument.name for argument in arguments), node.args)) | node.kwargs
        inputs, labels, written, attributes = [], [], {}, {}
        for argument in arguments:
            value = given.get(argument.name)
            listed = value if isinstance(value, (tuple, list)) else [value]
            if any(isinstance(entry, torch.fx.Node) for entry in listed):
                for entry in listed:
                    if argument.alias_info is not None and argument.alias_info.is_write:
                        written[self.storage(self.values[entry][1])] = len(inputs)
                    inputs.append("" if entry is None else self.current(entry))
                    labels.append(argument.name)
            elif argument.name in given and value is None and "Tensor" in str(argument.type):
                inputs.append("")
                labels.append(argument.name)
            elif argument.name in given and value is not None:
                attributes[argument.name] = self.attribute(value)
        hidden = []
        if overload is torch.ops.aten.native_batch_norm.default and given["training"]:
            hidden = [labels.index("running_mean"), labels.index("running_var")]
        self.write(node, inputs, labels, written, hidden, attributes)

    @staticmethod
    def attribute(value):
        if isinstance(value, (bool, int)):
            return int(value)
        if isinstance(value, float):
            return value
        if isinstance(value, (list, tuple)) and all(isinstance(v, (bool, int)) for v in value):
            return [int(entry) for entry in value]
        return str(value)

    def write(self, node, inputs, labels, written, hidden, attributes):
        values = node.meta["val"]
        single = isinstance(values, torch.Tensor)
        tensors = [values] if single else list(values)
        read = {}
        for index, name in enumerate(inputs):
            if name:
                read.setdefault(self.storage(self.tensors[name]), index)
        names, sizes, views, updates, made = [], [], [], [], []
        for index, tensor in enumerate(tensors):
            if tensor is None:
                names.append("")
                made.append(None)
                for row, value in ((sizes, 0), (views, -1), (updates, -1)):
                    row.append(value)
                continue
            name = self.typed(node.name if single else f"{node.name}.{index}", tensor)
            key = self.storage(tensor)
            names.append(name)
            made.append((name, tensor))
            updates.append(written.get(key, -1))
            views.append(read.get(key, -1) if key not in written else -1)
            is_fresh = key not in written and key not in read
            sizes.append(tensor.untyped_storage().nbytes() if is_fresh else 0)
            if is_fresh or key in written:
                self.adopt(name, tensor)
                self.roots.setdefault(key, name)
        for index in hidden:
            old = self.tensors[inputs[index]]
            name = self.typed(f"{inputs[index]}@{node.name}", old)
            names.append(name)
            sizes.append(0)
            views.append(-1)
            updates.append(index)
            made.append((name, old))
            self.adopt(name, old)
        self.values[node] = made[0] if single else made
        attributes |= {
            "_inputs": labels, "_overload": node.target._overloadname or "default",
            "_phase": self.phase(node), "_storage_bytes": sizes,
        }  # fmt: skip
        if max(views, default=-1) >= 0:
            attributes["_view_of"] = views
        if max(updates, default=-1) >= 0:
            attributes["_inplace"] = updates
        plain = [tensor is None or tensor.is_contiguous() for tensor in tensors]
        if not all(plain):
            attributes["_contiguous"] = [int(value) for value in plain] + [1] * len(hidden)
            for index, tensor in enumerate(tensors):
                if not plain[index]:
                    attributes[f"_strides_{index}"] = list(tensor.stride())
        offsets = [0 if tensor is None else tensor.storage_offset() for tensor in tensors]
        if any(offsets):
            attributes["_storage_offset"] = offsets + [0] * len(hidden)
        kind = node.target._schema.name.removeprefix("aten::")
        self.nodes.append(self.made(kind, inputs, names, node.name, attributes))

    @staticmethod
    def made(kind, inputs, outputs, name, attributes):
        node = onnx.NodeProto(
            op_type=kind, domain="pkg.aten", name=name, input=inputs, output=outputs)
        for key, value in sorted(attributes.items()):
            is_empty = isinstance(value, list) and not value
            kind = onnx.AttributeProto.STRINGS if key == "_inputs" else onnx.AttributeProto.INTS
            node.attribute.append(
                helper.make_attribute(key, value, attr_type=kind if is_empty else None))
        return node

    def model(self, batch):
        newest = {
            root: self.versions[key][0] for key, root in self.roots.items() if root in self.inputs
        }
        updates = {root: name for root, name in newest.items() if name != root}
        outputs = self.results + list(updates.values())
        graph = helper.make_graph(
            self.nodes, self.name, [self.types[name] for name in self.inputs],
            [self.types[name] for name in outputs],
            value_info=[
                info for name, info in self.types.items()
                if name not in set(self.inputs) | set(outputs)
            ])  # fmt: skip
        model = helper.make_model(
            graph, ir_version=9, producer_name="graphopt-capture",
            opset_imports=[helper.make_opsetid("pkg.aten", 1), helper.make_opsetid("", 18)])
        kinds = {
            "param": "param", "buffer": "buffer", "adam_m": "optimizer_state",
            "adam_v": "optimizer_state", "input": "input",
        }  # fmt: skip
        metadata = {
            "graphopt.kind": "training-step", "graphopt.batch": str(batch),
            "graphopt.optimizer": "adam", "graphopt.order": "program",
            "graphopt.convention": "1", "graphopt.loss": self.results[0],
            "graphopt.roles": json.dumps(
                {name: kinds[name.partition("::")[0]] for name in self.inputs}),
            "graphopt.updates": json.dumps(updates),
        }  # fmt: skip
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=value)
        return model


def capture(network, batch):
    """The model of one step of a network of torchvision."""
    with torch.device("meta"):
        module = getattr(torchvision.models, network)()
    module.train()
    graph, names, phases = trace(module, (batch, 3, 224, 224))
    writer = Writer(f"{network}-train-b{batch}-adam", phases)
    writer.run(graph, names)
    return writer.model(batch)


def main(folder, names):
    os.makedirs(folder, exist_ok=True)
    for name in names or NETWORKS:
        network, _, batch = name.rpartition("-b")
        model = capture(network, int(batch))
        path = os.path.join(folder, f"{model.graph.name}.onnx")
        onnx.save(model, path)
        print(f"{path}: {len(model.graph.node)} nodes", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
