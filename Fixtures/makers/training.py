# SPDX-License-Identifier: Apache-2.0
"""A training step of a two-layer perceptron, written down by the pkg.aten convention.

Forward, loss and backward in the order of eager PyTorch's autograd engine, then Adam for one
parameter after another. Every value is typed, views and in-place updates are marked, and static
single assignment holds: what reads after an update names its new version.
"""

import json
from math import prod

from .builder import FLOAT, INT64, GraphBuilder

BATCH, FEATURES, HIDDEN, CLASSES = 16, 24, 32, 10


class StepBuilder(GraphBuilder):
    """Adds aten nodes with the effects that the convention wants written down."""

    def __init__(self, name):
        super().__init__(name, opset=18, ir_version=9, domains=[("pkg.aten", 1)])
        self.dims = {}
        self.counts = {}
        self.phase = "forward"

    def argument(self, name, dims, element_type=FLOAT):
        self.dims[name] = dims
        return self.input(name, element_type, dims)

    def aten(self, op_type, values, arguments, dims, overload="default", **attributes):
        """Adds a node with fresh outputs; returns the one, or the list if `dims` is one.

        `values` are the inputs and `arguments` their names in the operator's schema, apart by
        spaces; the extents of an output that is not made are None.
        """
        name = self.next_name(op_type)
        if not isinstance(dims, list):
            self.add(op_type, name, values, arguments, [name], [dims], overload, attributes)
            return name
        outputs = ["" if d is None else f"{name}.{index}" for index, d in enumerate(dims)]
        self.add(op_type, name, values, arguments, outputs, dims, overload, attributes)
        return outputs

    def view(self, op_type, value, dims, turned=False, **attributes):
        """Adds a node whose output shares its input's storage; `turned`: with strides swapped."""
        attributes["_view_of"] = [0]
        if turned:
            attributes |= {"_contiguous": [0], "_strides_0": [1, dims[0]]}
        name = self.next_name(op_type)
        self.add(op_type, name, [value], "self", [name], [dims], "default", attributes)
        return name

    def turned(self, value):
        """The transpose of a matrix, as a view."""
        rows, columns = self.dims[value]
        return self.view("t", value, (columns, rows), turned=True)

    def update(self, op_type, values, arguments, overload="default", **attributes):
        """Adds a node that overwrites its first input and gives it a new name."""
        attributes["_inplace"] = [0]
        name = self.next_name(op_type)
        dims = [self.dims[values[0]]]
        self.add(op_type, name, values, arguments, [name], dims, overload, attributes)
        return name

    def next_name(self, op_type):
        """A node's name: the operator's, numbered from the second one on."""
        count = self.counts.get(op_type, 0)
        self.counts[op_type] = count + 1
        return op_type if count == 0 else f"{op_type}_{count}"

    def add(self, op_type, name, values, arguments, outputs, dims, overload, attributes):
        shared = [
            max(pair)
            for pair in zip(
                attributes.get("_view_of", [-1] * len(outputs)),
                attributes.get("_inplace", [-1] * len(outputs)),
            )
        ]
        attributes |= {
            "_inputs": arguments.split(),
            "_overload": overload,
            "_phase": self.phase,
            "_storage_bytes": [
                4 * prod(extents) if output and source < 0 else 0
                for output, extents, source in zip(outputs, dims, shared)
            ],
        }
        for output, extents in zip(outputs, dims):
            if output:
                self.dims[output] = extents
        self.op(op_type, values, outputs, name=name, domain="pkg.aten", **attributes)


def mlp_train():
    """Linear, batch norm, relu, linear, cross entropy; backward; Adam."""
    graph = StepBuilder("mlp_train")
    parameters = {
        "fc1.weight": (HIDDEN, FEATURES),
        "fc1.bias": (HIDDEN,),
        "norm.weight": (HIDDEN,),
        "norm.bias": (HIDDEN,),
        "fc2.weight": (CLASSES, HIDDEN),
        "fc2.bias": (CLASSES,),
    }
    buffers = {"norm.running_mean": (HIDDEN,), "norm.running_var": (HIDDEN,)}
    roles = {}

    def arguments(kind, role, sizes):
        for name, dims in sizes.items():
            roles[graph.argument(f"{kind}::{name}", dims)] = role

    arguments("param", "param", parameters)
    arguments("buffer", "buffer", buffers)
    arguments("adam_m", "optimizer_state", parameters)
    arguments("adam_v", "optimizer_state", parameters)
    roles[graph.argument("input::x", (BATCH, FEATURES))] = "input"
    roles[graph.argument("input::y", (BATCH,), INT64)] = "target"

    turned1 = graph.turned("param::fc1.weight")
    linear1 = graph.aten(
        "addmm", ["param::fc1.bias", "input::x", turned1], "self mat1 mat2", (BATCH, HIDDEN)
    )
    normal, means, deviations, *_ = batch_norm(graph, linear1)
    hidden = graph.update("relu_", [normal], "self")
    seen = graph.view("detach", hidden, (BATCH, HIDDEN))
    turned2 = graph.turned("param::fc2.weight")
    scores = graph.aten(
        "addmm", ["param::fc2.bias", hidden, turned2], "self mat1 mat2", (BATCH, CLASSES)
    )
    chances = graph.aten("_log_softmax", [scores], "self", (BATCH, CLASSES), dim=1, half_to_float=0)
    kept = graph.view("detach", chances, (BATCH, CLASSES))
    loss, weight = graph.aten(
        "nll_loss_forward",
        [chances, "input::y"],
        "self target",
        [(), ()],
        reduction=1,
        ignore_index=-100,
    )

    graph.phase = "backward"
    one = graph.aten("ones_like", [loss], "self", (), pin_memory=0)
    by_chances = graph.aten(
        "nll_loss_backward",
        [one, chances, "input::y", "", weight],
        "grad_output self target weight total_weight",
        (BATCH, CLASSES),
        reduction=1,
        ignore_index=-100,
    )
    by_scores = graph.aten(
        "_log_softmax_backward_data",
        [by_chances, kept],
        "grad_output output",
        (BATCH, CLASSES),
        dim=1,
        input_dtype="torch.float32",
    )
    by_hidden, weight2, bias2 = linear_backward(graph, by_scores, hidden, turned2)
    by_normal = graph.aten(
        "threshold_backward", [by_hidden, seen], "grad_output self", (BATCH, HIDDEN), threshold=0
    )
    by_linear1, scale, shift = graph.aten(
        "native_batch_norm_backward",
        [by_normal, linear1, "param::norm.weight", *updated_buffers(), means, deviations],
        "grad_out input weight running_mean running_var save_mean save_invstd",
        [(BATCH, HIDDEN), (HIDDEN,), (HIDDEN,)],
        train=1,
        eps=1e-5,
        output_mask=[1, 1, 1],
    )
    _, weight1, bias1 = linear_backward(graph, by_linear1, "input::x", None)

    gradients = dict(zip(parameters, [weight1, bias1, scale, shift, weight2, bias2]))
    graph.phase = "forward"
    result = graph.view("detach", loss, ())
    graph.phase = "optimizer"
    updates = adam(graph, gradients)
    updates |= {f"buffer::{name}": new for name, new in zip(buffers, updated_buffers())}

    graph.output(result, FLOAT, ())
    for value in updates.values():
        graph.output(value, FLOAT, graph.dims[value])
    outside = {value.name for value in [*graph.inputs, *graph.outputs]}
    for value, dims in graph.dims.items():
        if value not in outside:
            graph.value_info(value, FLOAT, dims)
    graph.metadata = {
        "graphopt.kind": "training-step",
        "graphopt.batch": str(BATCH),
        "graphopt.optimizer": "adam",
        "graphopt.order": "program",
        "graphopt.convention": "1",
        "graphopt.roles": json.dumps(roles),
        "graphopt.updates": json.dumps(updates),
        "graphopt.loss": result,
    }
    return graph


def updated_buffers():
    """The names of the running statistics after the forward pass."""
    return [f"buffer::norm.running_{which}@native_batch_norm" for which in ("mean", "var")]


def batch_norm(graph, value):
    """native_batch_norm in training: three results, and two buffers that it overwrites unseen."""
    name = graph.next_name("native_batch_norm")
    values = [
        value, "param::norm.weight", "param::norm.bias",
        "buffer::norm.running_mean", "buffer::norm.running_var",
    ]  # fmt: skip
    outputs = [f"{name}.{index}" for index in range(3)] + updated_buffers()
    attributes = {"training": 1, "momentum": 0.1, "eps": 1e-5, "_inplace": [-1, -1, -1, 3, 4]}
    graph.add(
        "native_batch_norm",
        name,
        values,
        "input weight bias running_mean running_var",
        outputs,
        [(BATCH, HIDDEN)] + [(HIDDEN,)] * 4,
        "default",
        attributes,
    )
    return outputs


def linear_backward(graph, gradient, value, turned):
    """The gradients of value (None without `turned`, its weight's view), weight and bias."""
    rows, columns = graph.dims[gradient]
    width = graph.dims[value][1]
    by_value = None
    if turned:
        back = graph.turned(turned)
        by_value = graph.aten("mm", [gradient, back], "self mat2", (rows, width))
    across = graph.turned(gradient)
    product = graph.aten("mm", [across, value], "self mat2", (columns, width))
    there = graph.turned(product)
    total = graph.aten(
        "sum", [gradient], "self", (1, columns), overload="dim_IntList", dim=[0], keepdim=1
    )
    bias = graph.view("view", total, (columns,), size=[columns])
    return by_value, graph.turned(there), bias


def adam(graph, gradients):
    """One step of torch.optim.Adam's single-tensor form; returns what replaces what."""
    updates = {}
    for parameter, gradient in gradients.items():
        dims = graph.dims[gradient]
        mean = graph.update(
            "lerp_", [f"adam_m::{parameter}", gradient], "self end", "Scalar", weight=0.1
        )
        square = graph.update("mul_", [f"adam_v::{parameter}"], "self", "Tensor", other=0.999)
        square = graph.update(
            "addcmul_", [square, gradient, gradient], "self tensor1 tensor2", value=0.001
        )
        root = graph.aten("sqrt", [square], "self", dims)
        share = graph.aten("div", [root], "self", dims, overload="Tensor", other=0.1)
        share = graph.update("add_", [share], "self", "Tensor", other=1e-8)
        value = graph.update(
            "addcdiv_",
            [f"param::{parameter}", mean, share],
            "self tensor1 tensor2",
            value=-0.0015,
        )
        updates |= {
            f"param::{parameter}": value,
            f"adam_m::{parameter}": mean,
            f"adam_v::{parameter}": square,
        }
    return updates
